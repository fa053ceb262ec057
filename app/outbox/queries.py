"""What waits in the queue, what gave up, and who works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from app.outbox import claiming
from app.outbox.models import Heartbeat, OutboxMessage
from app.policy import Action, Actor, authorize

MOST_SHOWN = 100


@dataclass(frozen=True)
class Worker:
    name: str
    at: datetime
    alive: bool


@dataclass(frozen=True)
class QueueShown:
    """The state of the queue; lists are cut at a hundred, numbers are not."""

    due: int  # should have been taken by now
    later: int  # waits for its time
    retrying: int  # failed before, will be tried again
    dead: int
    oldest: timedelta  # for how long the oldest due one waits
    waiting: Sequence[OutboxMessage]
    dead_letters: Sequence[OutboxMessage]
    workers: Sequence[Worker]

    @property
    def alive(self) -> bool:
        return any(worker.alive for worker in self.workers)


def queue(session: Session, *, viewer: Actor, now: datetime) -> QueueShown:
    authorize(viewer, Action.JOBS_ADMIN)
    open_ones = OutboxMessage.done_at.is_(None) & OutboxMessage.dead_at.is_(None)

    def number(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    is_due = OutboxMessage.due_at <= now
    counted = session.execute(
        select(number(is_due), number(~is_due), number(OutboxMessage.attempts > 0)).where(open_ones)
    ).one()
    waiting = select(OutboxMessage).where(open_ones).order_by(OutboxMessage.due_at, OutboxMessage.id).limit(MOST_SHOWN)
    beats = session.scalars(select(Heartbeat).order_by(Heartbeat.at.desc()).limit(MOST_SHOWN))
    return QueueShown(
        due=int(counted[0]),
        later=int(counted[1]),
        retrying=int(counted[2]),
        dead=claiming.count_dead(session),
        oldest=claiming.oldest_overdue(session, now),
        waiting=session.scalars(waiting).all(),
        dead_letters=session.scalars(claiming.dead_letters(MOST_SHOWN)).all(),
        workers=[Worker(beat.worker, beat.at, now - beat.at <= claiming.ALIVE) for beat in beats],
    )
