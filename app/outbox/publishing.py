"""Publishing: a row written in the transaction that causes it, so the two happen together or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, SessionTransaction

from app.orm import Base
from app.outbox.bell import bell
from app.outbox.models import OutboxMessage

CHANNEL = "bihuan_outbox"
_PUBLISHED = "outbox_published"


def publish(
    session: Session,
    topic: str,
    *,
    now: datetime,
    due_at: datetime | None = None,
    dedupe_key: str | None = None,
    **data: Any,
) -> None:
    """Queue a message; `data` holds ids and codes only. A second one with the same `dedupe_key` is dropped."""
    row = {"topic": topic, "data": data, "dedupe_key": dedupe_key, "created_at": now, "due_at": due_at or now}
    if dedupe_key is None:
        session.add(OutboxMessage(**row))
    else:
        insert_unless_there(session, OutboxMessage, row)
    wake_workers(session)


def wake_workers(session: Session) -> None:
    """Ring the bell when this transaction commits."""
    session.info[_PUBLISHED] = True


def insert_unless_there(session: Session, model: type[Base], row: dict[str, Any]) -> bool:
    """Insert the row unless one with the same unique key exists; says whether it was inserted."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if is_postgresql else sqlite.insert
    keys = model.__mapper__.primary_key
    return session.execute(insert(model).values(**row).on_conflict_do_nothing().returning(*keys)).first() is not None


@event.listens_for(Session, "before_commit")
def _tell_other_processes(session: Session) -> None:
    """PostgreSQL delivers the notification when, and only when, the transaction commits."""
    news = session.info.get(_PUBLISHED) and not session.in_nested_transaction()
    if news and session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))


@event.listens_for(Session, "after_commit")
def _tell_this_process(session: Session) -> None:
    if session.info.get(_PUBLISHED):
        bell.ring()


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:
        session.info.pop(_PUBLISHED, None)
