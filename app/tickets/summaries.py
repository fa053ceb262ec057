"""Tickets as programs see them: one or many at once, with a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from app.accounts.models import Department, User
from app.customers import queries as customers
from app.customers import written
from app.customers.queries import ShownCustomer
from app.policy import Action, Actor, may
from app.tickets import queries
from app.tickets.models import Cycle, FollowUp, SlaClock, Ticket
from app.tickets.rules import Category


@dataclass(frozen=True)
class Summary:
    """One ticket with everything the API's `ticket` names; `full` tells whether personal data is shown."""

    ticket: Ticket
    full: bool
    customer: ShownCustomer
    category: str | None
    department: str
    home_department: str
    assignee: str | None
    merged_into: str | None
    story: str
    remark: str
    due: Mapping[str, datetime]
    follow_ups: Sequence[tuple[FollowUp, int]]  # with the number of its cycle


def summaries(session: Session, ids: Sequence[int], *, viewer: Actor, now: datetime) -> list[Summary]:
    """The tickets of these ids, in this order. The caller has checked that the viewer may see them."""
    if not ids:
        return []
    rows = session.scalars(select(Ticket).where(Ticket.id.in_(ids))).all()
    tickets = {row.id: row for row in rows}
    facts = queries.facts_of_many(session, list(tickets.values()), now)
    full = {id for id, known in facts.items() if may(viewer, Action.PERSONAL_SEE, known)}
    written.preload(session, [ticket for ticket in tickets.values() if ticket.id in full])
    people = customers.by_ids(session, {ticket.customer_id for ticket in tickets.values()})
    masked = customers.shown_customers(session, list(people.values()), full=False)
    in_full = {tickets[id].customer_id for id in full}
    clear = customers.shown_customers(session, [people[id] for id in in_full], full=True) if in_full else {}
    names = _Names.load(session, tickets.values(), queries.visible(viewer, now=now))
    due, asked = _dues(session, tickets), _follow_ups(session, tickets)
    return [
        Summary(
            ticket=ticket,
            full=ticket.id in full,
            customer=(clear if ticket.id in full else masked)[ticket.customer_id],
            category=names.categories.get(ticket.category_id or 0),
            department=names.departments[ticket.department_id],
            home_department=names.departments[ticket.home_department_id],
            assignee=names.logins.get(ticket.assignee_id or 0),
            merged_into=names.tickets.get(ticket.merged_into_id or 0),
            story=written.read(session, ticket, "story", full=ticket.id in full).text,
            remark=written.read(session, ticket, "remark", full=ticket.id in full).text,
            due=due.get(ticket.id, {}),
            follow_ups=asked.get(ticket.id, []),
        )
        for ticket in (tickets[id] for id in ids if id in tickets)
    ]


@dataclass(frozen=True)
class _Names:
    categories: Mapping[int, str]
    departments: Mapping[int, str]
    logins: Mapping[int, str]
    tickets: Mapping[int, str]

    @classmethod
    def load(cls, session: Session, tickets: Iterable[Ticket], known: ColumnElement[bool]) -> _Names:
        rows = list(tickets)
        merged = {row.merged_into_id for row in rows if row.merged_into_id}
        people = {row.assignee_id for row in rows if row.assignee_id}
        return cls(
            categories=_pairs(session, select(Category.id, Category.code)),
            departments=_pairs(session, select(Department.id, Department.code)),
            logins=_pairs(session, select(User.id, User.login).where(User.id.in_(people))),
            tickets=_pairs(session, select(Ticket.id, Ticket.no).where(Ticket.id.in_(merged), known)),
        )


def _pairs(session: Session, statement: Select[int, str]) -> dict[int, str]:
    return {key: name for key, name in session.execute(statement)}  # noqa: C416 - rows are no pairs to a type checker


def _dues(session: Session, tickets: Mapping[int, Ticket]) -> dict[int, dict[str, datetime]]:
    found: dict[int, dict[str, datetime]] = {}
    statement = (
        select(SlaClock.ticket_id, SlaClock.kind, SlaClock.due_at)
        .join(Cycle, Cycle.id == SlaClock.cycle_id)
        .join(Ticket, Ticket.id == SlaClock.ticket_id)
        .where(SlaClock.ticket_id.in_(tickets), SlaClock.replaced_at.is_(None), Cycle.n == Ticket.cycle)
    )
    for ticket_id, kind, due_at in session.execute(statement):
        found.setdefault(ticket_id, {})[kind] = due_at
    return found


def _follow_ups(session: Session, tickets: Mapping[int, Ticket]) -> dict[int, list[tuple[FollowUp, int]]]:
    found: dict[int, list[tuple[FollowUp, int]]] = {}
    statement = (
        select(FollowUp, Cycle.n)
        .join(Cycle, Cycle.id == FollowUp.cycle_id)
        .where(FollowUp.ticket_id.in_(tickets))
        .order_by(FollowUp.id)
    )
    for follow_up, n in session.execute(statement):
        found.setdefault(follow_up.ticket_id, []).append((follow_up, n))
    return found
