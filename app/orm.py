"""What every table is made of, and the one way a transaction begins.

SQLite and PostgreSQL are both real: times are aware UTC on either, writers on SQLite queue for one lock and begin
IMMEDIATE (a deferred transaction that reads first and writes later fails with "locked" under load), and PostgreSQL
relies on row locks taken by the services.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, MetaData, String, event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class Utc(TypeDecorator[datetime]):
    """An aware UTC moment. A naive datetime is a bug and is refused at the border."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime given to a Utc column")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_uid() -> str:
    """A row's random identity (32 hex digits), made by the program so that a sealed value can be bound to it."""
    return secrets.token_hex(16)


class HasUid:
    """Mixin for rows that carry sealed values: `uid` stands in their authenticated data."""

    uid: Mapped[str] = mapped_column(String(32), unique=True, default=new_uid)


# --- transactions ---------------------------------------------------------------------------------------------------

_writing: ContextVar[bool] = ContextVar("bihuan_writing", default=False)
_locks: dict[str, threading.Lock] = {}
_locks_guard = threading.Lock()


def prepare_engine(engine: Engine) -> Engine:
    """Give an engine the settings that both databases need; call it once for each engine."""
    if engine.dialect.name != "sqlite":
        return engine

    @event.listens_for(engine, "connect")
    def connected(dbapi: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        dbapi.isolation_level = None  # the driver's own late BEGIN would break SAVEPOINT and test isolation
        cursor = dbapi.cursor()
        for pragma in (
            "foreign_keys=ON",
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=15000",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")

    return engine


def _lock_of(session: Session) -> threading.Lock | None:
    bind: Any = session.get_bind()
    engine: Engine = bind.engine
    if engine.dialect.name != "sqlite":
        return None
    with _locks_guard:
        return _locks.setdefault(str(engine.url), threading.Lock())


def is_writing(session: Session) -> bool:
    return bool(session.info.get("writing"))


@contextmanager
def write_transaction(session: Session) -> Iterator[None]:
    """One write transaction: begun at entry, committed at the end, rolled back on any exception.

    A read transaction that is still open is ended first, so what was read before is read again. Rendering does not
    belong in here: the lock caps the writes of the whole process.
    """
    if is_writing(session):
        raise RuntimeError("a write transaction is open already; services never begin one")
    session.rollback()
    session.expire_all()  # a rollback forgets nothing where no transaction was open
    lock = _lock_of(session)
    if lock:
        lock.acquire()
    token = _writing.set(True)
    session.info["writing"] = True
    try:
        session.connection()
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop("writing", None)
        _writing.reset(token)
        if lock:
            lock.release()
