"""How migrations run: on the application's own engine, in one transaction, with the audit triggers asserted at the end.

A migration that rebuilds a table on SQLite drops the table's triggers, and an audit trail without them is only a table.
"""

from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from app.audit.schema import missing_triggers
from app.extensions import db
from app.orm import Base, Utc


def render_item(kind: str, item: Any, _context: object) -> str | bool:
    """A migration never imports the application, which changes while migrations stay as they were."""
    if kind == "type" and isinstance(item, Utc):
        return "sa.DateTime(timezone=True)"
    return False


def same_type(_context: MigrationContext, _inspected: object, _column: object, _found: Any, wanted: Any) -> bool | None:
    return False if isinstance(wanted, Utc) else None


def drop_empty(_context: MigrationContext, _revision: object, directives: list[Any]) -> None:
    if directives and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def check_foreign_keys(connection: Connection, state: str) -> None:
    """On the driver's own connection: inside a transaction, which SQLAlchemy would begin, the pragma does nothing."""
    raw: Any = connection.connection.driver_connection
    raw.execute(f"PRAGMA foreign_keys={state}").close()


def migrate(connection: Connection) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        check_foreign_keys(connection, "OFF")  # a rebuilt table would take its children along
    context.configure(
        connection=connection,
        transactional_ddl=True,
        target_metadata=Base.metadata,
        render_as_batch=is_sqlite,
        compare_type=same_type,
        render_item=render_item,
        process_revision_directives=drop_empty,
    )
    with context.begin_transaction():
        context.run_migrations()
        if inspect(connection).has_table("audit_entry") and (missing := missing_triggers(connection)):
            raise RuntimeError(f"after the migration the audit trail lacks {', '.join(missing)}; nothing was changed")
    if is_sqlite:
        check_foreign_keys(connection, "ON")


if context.is_offline_mode():
    raise SystemExit("migrations look at the database they change; there is no offline mode")
with db.engine.connect() as one:
    migrate(one)
