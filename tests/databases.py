"""A database of its own for each test run, made once and emptied after each test that used it."""

import atexit
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event, make_url, text
from sqlalchemy.orm import Session

from app.audit import schema
from app.crypto import Rings, throwaway_rings
from app.extensions import engine_options, session_info
from app.orm import NAMING, Base, prepare_engine

NO_POSTGRES = "no PostgreSQL answers (TEST_POSTGRES_URL, else port 5432 of this machine), so its half is not run"
USUAL_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Database:
    """One of the two databases, with a schema and without rows."""

    kind: str
    url: str
    engine: Engine
    rings: Rings
    folder: Path

    def session(self) -> Session:
        """A session as the program makes them, outside Flask."""
        return Session(self.engine, expire_on_commit=False, info=session_info(self.rings, ZONE))

    def empty(self) -> None:
        """Delete every row. The audit trail refuses that, as it should, so its triggers are put aside."""
        tables = [table.name for table in reversed(Base.metadata.sorted_tables)]
        with self.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            if self.kind == "sqlite":
                drops = "".join(f"DROP TRIGGER IF EXISTS {name};" for name in schema.SQLITE_TRIGGERS)
                deletes = "".join(f'DELETE FROM "{name}";' for name in tables)
                creates = "".join(f"{statement};" for statement in schema.SQLITE_TRIGGERS.values())
                connection.rollback()
                work = f"BEGIN IMMEDIATE; {drops}{deletes}{creates} COMMIT;"
                raw.executescript(f"PRAGMA foreign_keys=OFF; {work} PRAGMA foreign_keys=ON;")
            else:
                deletes = "".join(f'DELETE FROM "{name}";' for name in tables)
                connection.exec_driver_sql(f"SET LOCAL session_replication_role = replica; {deletes}")
                connection.commit()


def make_engine(url: str) -> Engine:
    engine = prepare_engine(create_engine(url, **engine_options(url)))
    return hasten(engine)


def hasten(engine: Engine) -> Engine:
    """Nothing in a test's database has to survive a power cut."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _entry: raw.execute("PRAGMA synchronous=OFF").close())
    return engine


def make_schema(engine: Engine) -> None:
    """From a copy of the tables: on PostgreSQL, create_all marks circular keys as made apart, for good, and a schema
    made on SQLite afterwards would lack them."""
    tables = MetaData(naming_convention=NAMING)
    for table in Base.metadata.tables.values():
        table.to_metadata(tables)
    with engine.begin() as connection:
        tables.create_all(connection)
        schema.create_triggers(connection)


def postgres_server() -> str | None:
    """The server to make databases on; None when there is none."""
    url = os.environ.get("TEST_POSTGRES_URL", USUAL_POSTGRES)
    engine = create_engine(url, connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except OSError:
        return None
    except Exception as error:
        if type(error).__name__ != "OperationalError":
            raise
        return None
    finally:
        engine.dispose()
    return url


_unused: list[str] = []  # databases that were emptied and wait for the next test: making one takes seconds


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """The address of an empty database with a random name, dropped when the run ends."""
    name = _unused.pop() if _unused else _create_database(server)
    url = make_url(server).set(database=name)
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        _empty_database(url)
        _unused.append(name)


@contextmanager
def _autocommit(url: str | URL) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _create_database(server: str) -> str:
    name = f"bihuan_test_{secrets.token_hex(6)}"
    with _autocommit(server) as connection:
        connection.execute(text(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'"))
        connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    atexit.register(_drop_database, server, name)
    return name


def _empty_database(url: URL) -> None:
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with _autocommit(url) as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


def _drop_database(server: str, name: str) -> None:
    with _autocommit(server) as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@contextmanager
def empty_database(kind: str) -> Iterator[str]:
    """The address of a database of this kind without any table; skips where there is no such server."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="bihuan-test-", ignore_cleanup_errors=True) as folder:
            yield f"sqlite:///{folder}/bihuan.db"
        return
    server = postgres_server()
    if server is None:
        pytest.skip(NO_POSTGRES)
    with postgres_database(server) as url:
        yield url


@contextmanager
def database(kind: str) -> Iterator[Database]:
    """A database with the whole schema."""
    with empty_database(kind) as url, tempfile.TemporaryDirectory(prefix="bihuan-data-") as folder:
        engine = make_engine(url)
        make_schema(engine)
        try:
            yield Database(kind, url, engine, throwaway_rings(), Path(folder))
        finally:
            engine.dispose()
