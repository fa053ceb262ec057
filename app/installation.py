"""What the program knows about its own database: which schema it has, and whether it is a demo."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.errors import Conflict
from app.orm import Base, Utc
from app.words import say

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"


class Installation(Base):
    """One row. A database that isn't marked as a demo is never emptied by a command."""

    __tablename__ = "installation"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # always 1
    created_at: Mapped[datetime] = mapped_column(Utc)
    demo: Mapped[bool] = mapped_column(default=False)


@lru_cache(maxsize=1)
def head_revision() -> str | None:
    """The newest migration that this version brings along."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()


def current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def is_migrated(connection: Connection) -> bool:
    """Whether the schema is the one that this version works with."""
    return current_revision(connection) == head_revision()


def is_demo(session: Session) -> bool:
    if not inspect(session.connection()).has_table(Installation.__tablename__):
        return False
    return bool(session.scalar(select(Installation.demo)))


def mark(session: Session, *, demo: bool, now: datetime) -> None:
    """Say once what this database is; refuses to turn one kind into the other."""
    known = session.get(Installation, 1)
    if known is None:
        session.add(Installation(id=1, created_at=now, demo=demo))
    elif known.demo != demo:
        raise Conflict(say("这个数据库已经登记为另一种用途，没有改动任何内容。演示数据与正式数据请分开存放。"))
