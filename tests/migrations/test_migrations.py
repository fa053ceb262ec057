"""Migrations run up and down on both databases, and end at exactly the schema that the models describe."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Connection, inspect
from sqlalchemy.engine import Inspector

from app import create_app
from app.audit.schema import SQLITE_TRIGGERS, missing_triggers
from app.config import Environment, Settings
from app.crypto import throwaway_rings
from app.extensions import db
from app.installation import MIGRATIONS, head_revision, is_migrated
from app.orm import Base, Utc
from tests import databases
from tests.architecture.project import ROOT
from tests.conftest import KINDS


@pytest.fixture(params=KINDS)
def empty_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An application in front of a database without tables."""
    with databases.empty_database(request.param) as url:
        settings = Settings(
            env=Environment.TEST, data_dir=tmp_path, database_url=url, secret_key="q7Hn2vXc9LpT4sWd8RbK3mZy6GfJ1aQe"
        )
        app = create_app(settings, rings=throwaway_rings())
        with app.app_context():
            yield app
            db.engine.dispose()


def upgrade() -> None:
    flask_migrate.upgrade(directory=str(MIGRATIONS))


def shape(connection: Connection) -> dict[str, dict[str, Any]]:
    """Everything that a schema consists of, in a form that can be compared."""
    inspector: Inspector = inspect(connection)
    found: dict[str, dict[str, Any]] = {}
    for table in inspector.get_table_names():
        if table == "alembic_version":
            continue
        found[table] = {
            "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(table)},
            "primary key": inspector.get_pk_constraint(table),
            "foreign keys": by_name(inspector.get_foreign_keys(table)),
            "unique": by_name(inspector.get_unique_constraints(table)),
            "checks": by_name(inspector.get_check_constraints(table)),
            "indexes": {one["name"]: indexed(one) for one in inspector.get_indexes(table)},
        }
    return found


def by_name(found: list[Any]) -> dict[Any, Any]:
    return {one["name"]: {key: value for key, value in one.items() if key != "comment"} for one in found}


def indexed(index: Any) -> tuple[Any, ...]:
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items() if name.endswith("where")}
    return index["column_names"], bool(index["unique"]), options


def test_the_migrations_make_what_the_models_describe(empty_app: Flask) -> None:
    upgrade()
    with db.engine.connect() as connection:
        migrated = shape(connection)
        assert is_migrated(connection)
        assert missing_triggers(connection) == []
        context = MigrationContext.configure(connection, opts={"compare_type": same_type})
        assert compare_metadata(context, Base.metadata) == []
    with databases.empty_database(db.engine.dialect.name) as url:
        engine = databases.make_engine(url)
        databases.make_schema(engine)
        with engine.connect() as connection:
            described = shape(connection)
        engine.dispose()
    assert set(migrated) == set(described)
    for table in described:
        assert migrated[table] == described[table], table


def same_type(_context: object, _inspected: object, _column: object, _found: object, wanted: object) -> bool | None:
    return False if isinstance(wanted, Utc) else None


def test_down_to_nothing_and_up_again(empty_app: Flask) -> None:
    upgrade()
    flask_migrate.downgrade(directory=str(MIGRATIONS), revision="base")
    with db.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
        assert not is_migrated(connection)
    upgrade()
    with db.engine.connect() as connection:
        assert is_migrated(connection)
        assert missing_triggers(connection) == []


def test_an_upgrade_that_is_not_needed_changes_nothing(empty_app: Flask) -> None:
    upgrade()
    with db.engine.connect() as connection:
        before = shape(connection)
    upgrade()
    with db.engine.connect() as connection:
        assert shape(connection) == before


def test_a_migration_that_loses_the_triggers_is_refused(empty_app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """A batch migration of the audit table would lose them without anybody noticing."""
    upgrade()
    if db.engine.dialect.name == "sqlite":
        statements = [f"DROP TRIGGER {name}" for name in SQLITE_TRIGGERS]
    else:
        statements = ["ALTER TABLE audit_entry DISABLE TRIGGER ALL"]
    with db.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    with pytest.raises(SystemExit):
        upgrade()
    assert "the audit trail lacks" in caplog.text


def test_there_is_one_line_of_migrations() -> None:
    assert head_revision() is not None


@pytest.mark.parametrize("path", sorted((MIGRATIONS / "versions").glob("*.py")), ids=lambda path: path.name)
def test_a_migration_never_imports_the_program(path: Path) -> None:
    """The program changes; what a migration did must not."""
    assert "app" not in {line.split()[1].split(".")[0] for line in path.read_text().splitlines() if "import " in line}


def test_importing_the_program_brings_every_table_along() -> None:
    """A model that only some module imports would be missing in the migration, and in half of the tests."""
    script = (
        "import importlib, pkgutil, app; from app.orm import Base; before = set(Base.metadata.tables);"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(app.__path__, 'app.')];"
        "print(sorted(set(Base.metadata.tables) - before))"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
