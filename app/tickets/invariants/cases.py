"""Tickets together with all their rows, in batches: what the rules are checked on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.tickets.models import (
    Cycle,
    Event,
    FollowUp,
    FollowUpAttempt,
    Invalidation,
    Merge,
    Pause,
    SlaClock,
    Ticket,
)

Targets = dict[int, tuple[str, int, datetime | None]]  # status, customer and closing of what tickets are merged into


@dataclass
class Case:
    """A ticket with all its rows."""

    ticket: Ticket
    cycles: list[Cycle] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    follow_ups: list[FollowUp] = field(default_factory=list)
    attempts: list[FollowUpAttempt] = field(default_factory=list)
    clocks: list[SlaClock] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    invalidations: list[Invalidation] = field(default_factory=list)

    @property
    def now(self) -> Cycle | None:
        return next((cycle for cycle in self.cycles if cycle.n == self.ticket.cycle), None)


def targets_of(session: Session, tickets: Iterable[Ticket]) -> Targets:
    targets = {t.merged_into_id for t in tickets if t.merged_into_id}
    query = select(Ticket.id, Ticket.status, Ticket.customer_id, Ticket.closed_at).where(Ticket.id.in_(targets))
    return {id_: (status, customer, closed) for id_, status, customer, closed in session.execute(query)}


def cases_of(session: Session, tickets: Sequence[Ticket]) -> list[Case]:
    cases = {ticket.id: Case(ticket) for ticket in tickets}
    owners: dict[str, Any] = {
        "cycles": Cycle,
        "events": Event,
        "follow_ups": FollowUp,
        "clocks": SlaClock,
        "pauses": Pause,
        "merges": Merge,
        "invalidations": Invalidation,
    }
    for name, model in owners.items():
        for row in session.scalars(select(model).where(model.ticket_id.in_(cases)).order_by(model.id)):
            getattr(cases[row.ticket_id], name).append(row)
    asked = {f.id: case for case in cases.values() for f in case.follow_ups}
    attempts = select(FollowUpAttempt).where(FollowUpAttempt.follow_up_id.in_(asked)).order_by(FollowUpAttempt.id)
    for attempt in session.scalars(attempts):
        asked[attempt.follow_up_id].attempts.append(attempt)
    return list(cases.values())
