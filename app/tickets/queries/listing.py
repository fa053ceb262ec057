"""Lists of tickets: filters, orders, pages by key, counters that stop at a cap. Columns, not entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true, union
from sqlalchemy.orm import Session

from app.accounts.models import Department, User
from app.customers import queries as customers
from app.customers.models import Customer
from app.errors import Invalid
from app.policy import Actor
from app.tickets.codes import OPEN, Status
from app.tickets.models import FAR, Cycle, FollowUp, SlaClock, Ticket
from app.tickets.numbers import feedback_no, follow_up_no_of, ticket_no_of
from app.tickets.queries.keyset import Order, cut, read_cursor, statement
from app.tickets.queries.scope import visible, visible_branches
from app.tickets.rules import Category
from app.words import Sentence, say

ORDERS: Mapping[str, Order] = {
    "updated": Order("updated", Ticket.updated_at, Ticket.id, descending=True),
    "received": Order("received", Ticket.received_at, Ticket.id, descending=True),
    "due": Order("due", Ticket.next_due_at, Ticket.id, descending=False),
    "priority": Order("priority", Ticket.priority_rank, Ticket.id, descending=False),
}
MOST = 200
STORY_SHOWN = 120
NOBODY = "none"


@dataclass(frozen=True)
class Filters:
    """Codes and logins; `assignee` also knows "none" and "me". `q`: a number; `customer`: a customer number."""

    status: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    department: tuple[str, ...] = ()
    assignee: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    overdue: bool = False
    mine: bool = False
    q: str = ""
    customer: str = ""


@dataclass(frozen=True)
class Row:
    """One line of a list. Names of customers are masked for everybody."""

    id: int
    no: str
    status: str
    priority: str | None
    category: str | None
    category_code: str | None
    department: str
    department_code: str
    assignee: str | None
    assignee_login: str | None
    assignee_id: int | None
    customer_id: int
    customer_no: str
    customer_tier: str
    customer_kind: str
    customer_flagged: bool
    customer_name: str | Sentence = field(repr=False)
    story: str = field(repr=False)
    product: str
    channel: str
    received_at: datetime
    updated_at: datetime
    next_due_at: datetime | None
    due_kind: str | None
    due: Mapping[str, datetime]
    planned_for: datetime | None
    version: int
    escalated: bool
    complaint: bool
    flagged: bool
    reopened: int

    @property
    def feedback_no(self) -> str:
        return feedback_no(self.no)


@dataclass(frozen=True)
class Page:
    """`next` and `previous` are cursors, None at the ends."""

    items: Sequence[Any]
    next: str | None
    previous: str | None


def page(
    session: Session,
    filters: Filters,
    *,
    viewer: Actor,
    now: datetime,
    order: str = "updated",
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """One page of what the viewer may see. Raises Invalid for an unknown order or a broken cursor."""
    if order not in ORDERS:
        sentence = say("没有这种排序，请重新选择。")
        raise Invalid(sentence, fields={"order": [sentence]})
    by = ORDERS[order]
    at = read_cursor(cursor, by)
    limit = max(1, min(limit, MOST))
    branches, conditions = _where(filters, viewer, now)
    if not branches:
        return Page([], None, None)
    keys = session.execute(statement(branches, by, at, conditions, limit + 1, few=_few(filters))).all()
    found = cut(keys, by, at, limit)
    return Page(rows(session, found.ids), found.next, found.previous)


def count(session: Session, filters: Filters, *, viewer: Actor, now: datetime, cap: int = 100) -> int:
    """How many, up to `cap` (shown as 99+): nobody waits for an exact million."""
    branches, conditions = _where(filters, viewer, now)
    if not branches:
        return 0
    parts = [select(select(Ticket.id).where(branch, *conditions).limit(cap).subquery()) for branch in branches]
    whole = parts[0].subquery() if len(parts) == 1 else union(*parts).subquery()
    return session.scalar(select(func.count()).select_from(select(whole).limit(cap).subquery())) or 0


def _few(filters: Filters) -> bool:
    """One person's, one customer's or one number's tickets."""
    return bool(filters.mine or filters.q or filters.customer or [who for who in filters.assignee if who != NOBODY])


# --- filters as clauses -----------------------------------------------------------------------------------------------


def _where(
    filters: Filters, viewer: Actor, now: datetime
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """The branches of the reach, and the conditions that hold in each."""
    conditions = list(_conditions(filters, viewer, now))
    if not filters.mine:
        return visible_branches(viewer, now=now), conditions
    seen = visible(viewer, now=now)
    persons = list(viewer.persons)
    registered = and_(Ticket.registrar_id.in_(persons), Ticket.status.in_([Status.NEW, Status.TRIAGE]))
    mine = [Ticket.assignee_id.in_(persons), Ticket.follow_up_holder_id.in_(persons), registered]
    return [and_(condition, seen) for condition in mine], conditions


def _conditions(filters: Filters, viewer: Actor, now: datetime) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for values, column in (
        (filters.status, Ticket.status),
        (filters.priority, Ticket.priority),
        (filters.channel, Ticket.channel),
    ):
        if values:
            found.append(column.in_(values))
    if filters.category:
        codes = or_(
            *(or_(Category.code == c, Category.code.startswith(f"{c}.", autoescape=True)) for c in filters.category)
        )
        found.append(Ticket.category_id.in_(select(Category.id).where(codes)))
    if filters.department:
        found.append(Ticket.department_id.in_(select(Department.id).where(Department.code.in_(filters.department))))
    if filters.assignee:
        found.append(_assigned_to(filters.assignee, viewer))
    if filters.overdue:
        found.append(and_(Ticket.next_due_at < now, Ticket.status.in_(OPEN)))
    if filters.customer.strip():
        found.append(_of_customer(filters.customer))
    if filters.q.strip():
        found.append(_matching(filters.q))
    return found


def _assigned_to(logins: Sequence[str], viewer: Actor) -> ColumnElement[bool]:
    named = [viewer.login if login == "me" else login for login in logins if login != NOBODY]
    parts: list[ColumnElement[bool]] = []
    if named:
        parts.append(Ticket.assignee_id.in_(select(User.id).where(User.login.in_(named))))
    if NOBODY in logins:
        parts.append(Ticket.assignee_id.is_(None))
    return or_(*parts) if parts else true()


def _of_customer(no: str) -> ColumnElement[bool]:
    return Ticket.customer_id.in_(select(Customer.id).where(Customer.no == no.strip().upper()))


def _matching(text: str) -> ColumnElement[bool]:
    """A ticket, feedback, follow-up or customer number; anything else matches nothing."""
    if number := ticket_no_of(text):
        return Ticket.no == number
    if number := follow_up_no_of(text):
        return Ticket.id.in_(select(FollowUp.ticket_id).where(FollowUp.no == number))
    if text.strip().isascii() and text.strip().isdecimal():
        return Ticket.no == f"CS{text.strip()}"
    return _of_customer(text) if text.strip()[:1].upper() == "C" else false()


# --- rows -------------------------------------------------------------------------------------------------------------


def rows(session: Session, ids: Sequence[int]) -> list[Row]:
    """The lines of these tickets, in this order, with a fixed number of statements."""
    if not ids:
        return []
    query = (
        select(
            Ticket.id,
            Ticket.no,
            Ticket.status,
            Ticket.priority,
            Category.name.label("category"),
            Category.code.label("category_code"),
            Department.name.label("department"),
            Department.code.label("department_code"),
            User.name.label("assignee"),
            User.login.label("assignee_login"),
            Ticket.assignee_id,
            Ticket.customer_id,
            func.substr(Ticket.story_redacted, 1, STORY_SHOWN).label("story"),
            Ticket.product_text.label("product"),
            Ticket.channel,
            Ticket.received_at,
            Ticket.updated_at,
            Ticket.next_due_at,
            Ticket.planned_for,
            Ticket.version,
            Ticket.escalated_at,
            Ticket.complaint,
            Ticket.flagged_at,
            Ticket.reopened,
        )
        .join(Department, Department.id == Ticket.department_id)
        .outerjoin(Category, Category.id == Ticket.category_id)
        .outerjoin(User, User.id == Ticket.assignee_id)
        .where(Ticket.id.in_(ids))
    )
    found = {row.id: dict(row._mapping) for row in session.execute(query)}
    people = customers.by_ids(session, {row["customer_id"] for row in found.values()})
    shown = customers.shown_customers(session, list(people.values()), full=False)
    due = current_due(session, ids)
    return [_row(found[id_], people, shown, due.get(id_, {})) for id_ in ids if id_ in found]


def _row(
    found: dict[str, Any], people: Mapping[int, Customer], shown: Mapping[int, Any], due: Mapping[str, datetime]
) -> Row:
    customer = people[found["customer_id"]]
    escalated, flagged, next_due = found.pop("escalated_at"), found.pop("flagged_at"), found.pop("next_due_at")
    return Row(
        **found,
        customer_no=customer.no,
        customer_tier=customer.tier,
        customer_kind=customer.kind,
        customer_flagged=customer.flagged,
        customer_name=shown[customer.id].title,
        next_due_at=None if next_due >= FAR else next_due,
        due_kind=next((kind for kind, at in due.items() if at == next_due), None),
        due=due,
        escalated=escalated is not None,
        flagged=flagged is not None,
    )


def current_due(session: Session, ids: Sequence[int]) -> dict[int, dict[str, datetime]]:
    """For each ticket the deadlines of its current cycle by kind, whether met or not."""
    query = (
        select(SlaClock.ticket_id, SlaClock.kind, SlaClock.due_at)
        .join(Cycle, Cycle.id == SlaClock.cycle_id)
        .join(Ticket, Ticket.id == SlaClock.ticket_id)
        .where(SlaClock.ticket_id.in_(ids), SlaClock.replaced_at.is_(None), Cycle.n == Ticket.cycle)
    )
    found: dict[int, dict[str, datetime]] = {}
    for ticket_id, kind, due_at in session.execute(query):
        found.setdefault(ticket_id, {})[kind] = due_at
    return found
