"""The promises on time that are in force, and which of them hold for one ticket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.customers.models import Customer
from app.numbering import company_zone
from app.sla.clock import Unit
from app.tickets.clocks import Deadline, Policy, Target, choose, deadline
from app.tickets.codes import ClockKind
from app.tickets.models import Ticket
from app.tickets.rules import Category, SlaPolicy, SlaTarget


def policies(session: Session) -> list[Policy]:
    """All policies in force, with their targets."""
    rows = session.scalars(select(SlaPolicy).where(SlaPolicy.retired_at.is_(None)).order_by(SlaPolicy.position)).all()
    targets = session.scalars(select(SlaTarget).order_by(SlaTarget.policy_id)).all()
    by_policy = {
        policy_id: {(t.kind, t.priority): Target(t.amount, Unit(t.unit)) for t in group}
        for policy_id, group in groupby(targets, key=lambda t: t.policy_id)
    }
    return [
        Policy(
            id=row.id,
            channels=frozenset(row.channels),
            categories=tuple(row.categories),
            tiers=frozenset(row.tiers),
            pauses_in_waiting=row.pauses_in_waiting,
            promise_counts=row.promise_counts,
            position=row.position,
            targets=by_policy.get(row.id, {}),
        )
        for row in rows
    ]


def promise(
    session: Session,
    known: Sequence[Policy],
    ticket: Ticket,
    kind: ClockKind,
    *,
    priority: str,
    start: datetime,
) -> Deadline | None:
    """What is promised on this ticket for this kind of clock, or None."""
    category = session.get(Category, ticket.category_id) if ticket.category_id else None
    customer = session.get_one(Customer, ticket.customer_id)
    policy = choose(
        known, kind, channel=ticket.channel, category=category.code if category else None, tier=customer.tier
    )
    return deadline(policy, kind, priority, start=start, zone=company_zone(session))
