"""Writing the trail: entries are collected in the session and chained as the last act before commit.

Chaining late matters twice: a read-then-insert without the lock forks the chain, and a lock taken early is held while
the whole request works.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event, insert, select, text, update
from sqlalchemy.orm import Session, SessionTransaction

from app.audit.chain import ORIGIN, digest_of
from app.audit.models import AuditEntry, AuditHead
from app.policy import Actor

_PENDING = "audit_pending"
_ADVISORY_LOCK = 0x62696875  # any number that nothing else in the database uses


@dataclass(frozen=True)
class _Pending:
    entry: dict[str, Any]
    subject: object | None  # its id may not be known before the flush
    savepoints: tuple[SessionTransaction, ...]  # those open at the time; a rollback to one of them unsays the entry


def record(
    session: Session,
    by: Actor | None,
    action: str,
    subject: object | None = None,
    *,
    at: datetime,
    kind: str | None = None,
    id: int | None = None,
    data: dict[str, Any] | None = None,
    standing_for: int | None = None,
) -> None:
    """Note that `by` (None: the system itself) did `action` to `subject`, or to the row `kind`/`id`.

    `data` holds ids, codes and field names, never a personal value or free text. Nothing is written if the transaction
    is rolled back.
    """
    entry = {
        "at": at,
        "actor_id": by.id if by else None,
        "standing_for": standing_for,
        "action": action,
        "subject_kind": kind or getattr(subject, "__tablename__", None),
        "subject_id": id,
        "data": json.loads(json.dumps(data or {}, allow_nan=False)),
        "request_id": session.info.get("request_id"),
    }
    if not session.in_transaction():
        session.begin()  # an entry belongs to a transaction, or no rollback could take it along
    savepoints = []
    open_one = session.get_nested_transaction()
    while open_one is not None:
        savepoints.append(open_one)
        open_one = open_one.parent if open_one.parent and open_one.parent.nested else None
    session.info.setdefault(_PENDING, []).append(_Pending(entry, subject, tuple(savepoints)))


@event.listens_for(Session, "before_commit")
def _chain(session: Session) -> None:
    """Give the collected entries their place in the chain. A savepoint's release is no commit."""
    pending: list[_Pending] = session.info.get(_PENDING, [])
    if not pending or session.in_nested_transaction():
        return
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
    last_id, digest = _head(session)
    rows = []
    for item in pending:
        row = item.entry | {"id": last_id + 1, "previous": digest}
        if item.subject is not None and row["subject_id"] is None:
            row["subject_id"] = getattr(item.subject, "id", None)
        digest = row["digest"] = digest_of(row)
        last_id += 1
        rows.append(row)
    session.execute(insert(AuditEntry), rows)
    session.execute(update(AuditHead).values(last_id=last_id, digest=digest))
    session.info.pop(_PENDING)


def _head(session: Session) -> tuple[int, str]:
    found = session.execute(select(AuditHead.last_id, AuditHead.digest)).one_or_none()
    if found:
        return found.last_id, found.digest
    session.execute(insert(AuditHead).values(id=1, last_id=0, digest=ORIGIN))
    return 0, ORIGIN


@event.listens_for(Session, "after_soft_rollback")
def _unsay(session: Session, rolled_back: SessionTransaction) -> None:
    pending: list[_Pending] = session.info.get(_PENDING, [])
    pending[:] = [item for item in pending if rolled_back not in item.savepoints]


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, ended: SessionTransaction) -> None:
    """Whatever ended the transaction (commit, rollback, close), its entries don't reach the next one."""
    if ended.parent is None:
        session.info.pop(_PENDING, None)
