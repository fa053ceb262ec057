"""The follow-up queue: whom to call, in the order of the deadlines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.accounts.models import Department, User
from app.customers import queries as customers
from app.policy import Actor
from app.tickets.codes import FollowUpState
from app.tickets.models import FollowUp, FollowUpAttempt, Ticket
from app.tickets.numbers import feedback_no
from app.tickets.queries.keyset import Order, cut, read_cursor, statement
from app.tickets.queries.listing import MOST, STORY_SHOWN, Page
from app.tickets.queries.scope import visible
from app.words import Sentence

BY_DUE = Order("follow_up_due", FollowUp.due_at, FollowUp.id, descending=False)
NEWEST = Order("follow_up_done", FollowUp.due_at, FollowUp.id, descending=True)


@dataclass(frozen=True)
class FollowUpRow:
    """One line of the queue; the customer's name is masked."""

    id: int
    no: str
    ticket_id: int
    ticket_no: str
    status: str
    priority: str | None
    customer_no: str
    customer_name: str | Sentence = field(repr=False)
    story: str = field(repr=False)  # the redacted copy, cut
    holder: str | None
    holder_login: str | None
    department: str
    department_name: str
    state: str
    outcome: str | None
    due_at: datetime
    next_attempt_at: datetime | None
    attempts: int
    same_person: bool
    flagged: bool
    completed_at: datetime | None
    score: int | None
    solved: bool | None

    @property
    def feedback_no(self) -> str:
        return feedback_no(self.ticket_no)


def follow_up_page(
    session: Session,
    *,
    viewer: Actor,
    now: datetime,
    mine: bool = False,
    state: str = "open",
    overdue: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Open follow-ups by deadline, or finished ones with the newest first. `mine`: mine and the absent persons'."""
    by = BY_DUE if state == FollowUpState.OPEN else NEWEST
    at = read_cursor(cursor, by)
    limit = max(1, min(limit, MOST))
    conditions = [FollowUp.state == state]
    if overdue:
        conditions.append(FollowUp.due_at < now)
    keys = session.execute(statement(_branches(viewer, now, mine=mine), by, at, conditions, limit + 1)).all()
    found = cut(keys, by, at, limit)
    return Page(_rows(session, found.ids), found.next, found.previous)


def count_follow_ups(
    session: Session, *, viewer: Actor, now: datetime, mine: bool = False, overdue: bool = False, cap: int = 100
) -> int:
    """Open ones, up to `cap`."""
    query = select(FollowUp.id).where(FollowUp.state == FollowUpState.OPEN, *_branches(viewer, now, mine=mine))
    if overdue:
        query = query.where(FollowUp.due_at < now)
    return session.scalar(select(func.count()).select_from(query.limit(cap).subquery())) or 0


def _branches(viewer: Actor, now: datetime, *, mine: bool) -> list[ColumnElement[bool]]:
    """The queue follows the ticket's reach; open follow-ups are few, so one branch is fast enough."""
    seen = FollowUp.ticket_id.in_(select(Ticket.id).where(visible(viewer, now=now)))
    return [seen & FollowUp.holder_id.in_(list(viewer.persons))] if mine else [seen]


def _rows(session: Session, ids: list[int]) -> list[FollowUpRow]:
    if not ids:
        return []
    tried = (
        select(func.count()).where(FollowUpAttempt.follow_up_id == FollowUp.id).correlate(FollowUp).scalar_subquery()
    )
    query = (
        select(
            FollowUp.id,
            FollowUp.no,
            FollowUp.ticket_id,
            Ticket.no.label("ticket_no"),
            Ticket.status,
            Ticket.priority,
            Ticket.customer_id,
            Ticket.flagged_at,
            func.substr(Ticket.story_redacted, 1, STORY_SHOWN).label("story"),
            User.name.label("holder"),
            User.login.label("holder_login"),
            Department.code.label("department"),
            Department.name.label("department_name"),
            FollowUp.state,
            FollowUp.outcome,
            FollowUp.due_at,
            FollowUp.next_attempt_at,
            tried.label("attempts"),
            FollowUp.same_person,
            FollowUp.completed_at,
            FollowUp.score,
            FollowUp.solved,
        )
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .join(Department, Department.id == FollowUp.department_id)
        .outerjoin(User, User.id == FollowUp.holder_id)
        .where(FollowUp.id.in_(ids))
    )
    found = {row.id: dict(row._mapping) for row in session.execute(query)}
    people = customers.by_ids(session, {row["customer_id"] for row in found.values()})
    shown = customers.shown_customers(session, list(people.values()), full=False)
    made = []
    for id_ in ids:
        row = found[id_]
        customer = people[row.pop("customer_id")]
        flagged = row.pop("flagged_at") is not None
        made.append(
            FollowUpRow(**row, customer_no=customer.no, customer_name=shown[customer.id].title, flagged=flagged)
        )
    return made
