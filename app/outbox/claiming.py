"""Taking messages off the queue: at least once, by any number of workers, on one machine or many.

A claim is a lease. Whoever holds it too long loses it to another worker and finds that out when finishing, so the work
of the slow one is rolled back. A message that fails is tried again later and later, in the end it is dead: visible,
and retried only by hand.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.outbox.models import Heartbeat, OutboxMessage, PeriodicSlot
from app.outbox.publishing import insert_unless_there, publish, wake_workers
from app.words import say

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 8
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)
DONE_KEPT = timedelta(days=30)  # as long as a dedupe key is remembered
SLOTS_KEPT = timedelta(days=7)
ALIVE = timedelta(seconds=60)  # a worker not heard of for longer is taken for dead

_waiting = OutboxMessage.done_at.is_(None) & OutboxMessage.dead_at.is_(None)


@dataclass(frozen=True)
class Claim:
    """A message in the hands of one worker, until `until`."""

    id: int
    topic: str
    data: dict[str, Any]
    attempts: int  # this one included
    lease: str
    until: datetime


class LeaseLost(Exception):
    """Another worker has the message by now: whatever was done under the old lease must be rolled back."""


def claim(session: Session, *, now: datetime, limit: int = 10) -> list[Claim]:
    """Take due messages, oldest first. Runs in a write transaction of its own."""
    free = or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until < now)
    due = (
        select(OutboxMessage.id)
        .where(_waiting, OutboxMessage.due_at <= now, free)
        .order_by(OutboxMessage.due_at, OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")  # as a plain subquery PostgreSQL may run it again for every row, and take more than the limit
    )
    lease, until = secrets.token_hex(16), now + LEASE
    taken = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(select(due.c.id)))
        .values(lease=lease, leased_until=until, attempts=OutboxMessage.attempts + 1)
        .returning(OutboxMessage.id, OutboxMessage.topic, OutboxMessage.data, OutboxMessage.attempts)
        .execution_options(synchronize_session=False)
    )
    claims = [Claim(row.id, row.topic, row.data, row.attempts, lease, until) for row in taken]
    return sorted(claims, key=lambda one: one.id)


def renew(session: Session, one: Claim, *, now: datetime) -> None:
    """Begin the lease anew before work outside: in a batch behind slow ones it may be nearly over. Raises LeaseLost."""
    _settle(session, one, leased_until=now + LEASE)


def finish(session: Session, one: Claim, *, now: datetime) -> None:
    """Mark as done, in the transaction that does the work. Raises LeaseLost."""
    _settle(session, one, done_at=now, lease=None, leased_until=None, last_error=None)


def fail(session: Session, one: Claim, *, now: datetime, error: str) -> bool:
    """Put back for later, or among the dead; says whether it is dead. `error` names class and place, never values."""
    dead = one.attempts >= MOST_ATTEMPTS
    fate: dict[str, Any] = {"dead_at": now} if dead else {"due_at": now + wait_after(one.attempts)}
    _settle(session, one, lease=None, leased_until=None, last_error=error, **fate)
    return dead


def release(session: Session, one: Claim) -> None:
    """Give back what was claimed but not begun (the worker stops); the attempt doesn't count."""
    _settle(session, one, lease=None, leased_until=None, attempts=one.attempts - 1)


def _settle(session: Session, one: Claim, **values: Any) -> None:
    settled = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == one.id, OutboxMessage.lease == one.lease, _waiting)
        .values(**values)
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    )
    if settled.one_or_none() is None:
        raise LeaseLost


def wait_after(attempts: int) -> timedelta:
    """10 s, 20 s, 40 s … an hour at most."""
    doublings = min(max(attempts - 1, 0), 20)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def next_due(session: Session) -> datetime | None:
    """When the first waiting message can be taken."""
    ready = func.coalesce(OutboxMessage.leased_until, OutboxMessage.due_at)
    return session.scalar(select(func.min(ready)).where(_waiting))


# --- what people look at ----------------------------------------------------------------------------------------------


def dead_letters(limit: int = 100) -> Select[OutboxMessage]:
    return (
        select(OutboxMessage).where(OutboxMessage.dead_at.is_not(None)).order_by(OutboxMessage.id.desc()).limit(limit)
    )


def still_waiting(limit: int = 100) -> Select[OutboxMessage]:
    return select(OutboxMessage).where(_waiting).order_by(OutboxMessage.due_at, OutboxMessage.id).limit(limit)


def count_dead(session: Session) -> int:
    return session.scalar(select(func.count()).where(OutboxMessage.dead_at.is_not(None))) or 0


def oldest_overdue(session: Session, now: datetime) -> timedelta:
    """For how long the oldest due message has been waiting; zero when nothing waits."""
    oldest = session.scalar(select(func.min(OutboxMessage.due_at)).where(_waiting))
    return max(now - oldest, timedelta()) if oldest else timedelta()


def retry(session: Session, message_id: int, *, now: datetime) -> OutboxMessage:
    """Bring a dead message back. Who may, and the audit entry, are the caller's."""
    message = session.get(OutboxMessage, message_id, populate_existing=True, with_for_update=True)
    if message is None:
        raise NotFound(say("没有编号为 %(id)s 的后台任务。", id=message_id))
    if message.dead_at is None:
        raise Conflict(say("后台任务 %(id)s 没有失败，不需要重试。", id=message_id))
    message.dead_at, message.attempts, message.due_at = None, 0, now
    wake_workers(session)
    return message


# --- periodic work and signs of life ----------------------------------------------------------------------------------


def open_slot(session: Session, name: str, *, every: timedelta, now: datetime) -> bool:
    """Queue the periodic job `name` for the current slot, unless it is already; one slot is one run, ever."""
    seconds = int(every.total_seconds())
    slot = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
    if not insert_unless_there(session, PeriodicSlot, {"name": name, "slot": slot}):
        return False
    publish(session, f"periodic.{name}", now=now, dedupe_key=f"periodic:{name}:{int(slot.timestamp())}")
    return True


def beat(session: Session, worker: str, *, now: datetime) -> None:
    if not insert_unless_there(session, Heartbeat, {"worker": worker, "at": now}):
        session.execute(update(Heartbeat).where(Heartbeat.worker == worker).values(at=now))


def last_beat(session: Session) -> datetime | None:
    return session.scalar(select(func.max(Heartbeat.at)))


def prune(session: Session, *, now: datetime) -> None:
    """Forget what is long done; the dead stay until somebody looks."""
    session.execute(delete(OutboxMessage).where(OutboxMessage.done_at < now - DONE_KEPT))
    session.execute(delete(PeriodicSlot).where(PeriodicSlot.slot < now - SLOTS_KEPT))
    session.execute(delete(Heartbeat).where(Heartbeat.at < now - SLOTS_KEPT))
