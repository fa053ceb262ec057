"""My work: what is due, what waits for me, whom to call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.policy import Action, Actor, Role, may
from app.tickets.codes import OPEN, Status
from app.tickets.models import Ticket
from app.tickets.queries.asking import FollowUpRow, count_follow_ups, follow_up_page
from app.tickets.queries.listing import NOBODY, Filters, Row, count, page
from app.tickets.queries.scope import visible

SOON = timedelta(hours=2)
SHOWN = 8
WATCHERS = frozenset({Role.SUPERVISOR, Role.HEAD, Role.SERVICE_ADMIN})
UNFINISHED = tuple(status for status in Status if status in OPEN)


@dataclass(frozen=True)
class Home:
    """Counts stop at 100, shown as 99+."""

    due: Sequence[Row]
    waiting: Sequence[Row]
    follow_ups: Sequence[FollowUpRow]
    counts: dict[str, int]


def home(session: Session, *, viewer: Actor, now: datetime) -> Home:
    """Those who watch see everybody's deadlines, the others their own."""
    open_ones = Filters(status=UNFINISHED, mine=not viewer.roles & WATCHERS)
    due = page(session, open_ones, viewer=viewer, now=now, order="due", limit=SHOWN).items
    to_do = Filters(mine=True, status=(Status.NEW, Status.TRIAGE, Status.ASSIGNED, Status.IN_PROGRESS))
    waiting = page(session, to_do, viewer=viewer, now=now, order="priority", limit=SHOWN).items
    asks = may(viewer, Action.FOLLOW_UP)
    calls = follow_up_page(session, viewer=viewer, now=now, mine=not viewer.roles & WATCHERS, limit=SHOWN)
    free = Filters(assignee=(NOBODY,), status=(Status.ASSIGNED,))
    return Home(
        due=[row for row in due if row.next_due_at],
        waiting=waiting,
        follow_ups=calls.items if asks else [],
        counts={
            "overdue": count(session, replace(open_ones, overdue=True), viewer=viewer, now=now),
            "soon": _soon(session, viewer, now),
            "mine": count(session, Filters(status=UNFINISHED, mine=True), viewer=viewer, now=now),
            "unassigned": count(session, free, viewer=viewer, now=now),
            "follow_ups": count_follow_ups(session, viewer=viewer, now=now) if asks else 0,
            "follow_ups_overdue": count_follow_ups(session, viewer=viewer, now=now, overdue=True) if asks else 0,
        },
    )


def _soon(session: Session, viewer: Actor, now: datetime, cap: int = 100) -> int:
    query = select(Ticket.id).where(
        Ticket.next_due_at.between(now, now + SOON), Ticket.status.in_(OPEN), visible(viewer, now=now)
    )
    return session.scalar(select(func.count()).select_from(query.limit(cap).subquery())) or 0
