"""Small reads that forms and other packages ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.accounts.models import Deputyship, User
from app.accounts.queries import leads_of, members_of, people_by_id
from app.errors import NotFound
from app.policy import Action, Actor, Role, TicketFacts, may
from app.tickets.codes import Status
from app.tickets.dispatch import Person, suggestions
from app.tickets.models import FAR, Assignment, Message, Ticket
from app.tickets.queries.listing import Row, rows
from app.tickets.queries.scope import facts_of_many, visible
from app.tickets.rules import Category
from app.words import Sentence, say

HANDLERS = frozenset({Role.AGENT, Role.ENGINEER, Role.PRODUCT_MANAGER, Role.SUPERVISOR, Role.HEAD})
BUSY_WITH = (Status.ASSIGNED, Status.IN_PROGRESS, Status.WAITING)


def categories(session: Session, *, retired: bool = False) -> list[Category]:
    """In the order of the tree: a top one, then its children."""
    query = select(Category) if retired else select(Category).where(Category.retired_at.is_(None))
    found = session.scalars(query.order_by(Category.position, Category.id)).all()
    below: dict[int, list[Category]] = defaultdict(list)
    for row in found:
        if row.parent_id is not None:
            below[row.parent_id].append(row)
    return [row for top in found if top.parent_id is None for row in (top, *below[top.id])]


def find_message(session: Session, ticket: Ticket, message_id: int) -> Message:
    """A message of this ticket, which the caller has found for its viewer."""
    message = session.scalar(select(Message).where(Message.id == message_id, Message.ticket_id == ticket.id))
    if message is None:
        raise NotFound
    return message


def recent_of_customer(
    session: Session, customer_id: int, *, viewer: Actor, now: datetime = FAR, limit: int = 5
) -> list[Row]:
    """The newest tickets of a customer that the viewer may see, beside the registration form."""
    return rows(session, list(session.scalars(_of_customer(customer_id, viewer, now).limit(limit))))


def tickets_of_customer(
    session: Session, customer_id: int, *, viewer: Actor, now: datetime = FAR, limit: int = 20
) -> list[Ticket]:
    ids = _of_customer(customer_id, viewer, now).limit(limit)
    return list(
        session.scalars(select(Ticket).where(Ticket.id.in_(ids.subquery().select())).order_by(Ticket.id.desc()))
    )


def _of_customer(customer_id: int, viewer: Actor, now: datetime) -> Select[int]:
    seen = (Ticket.customer_id == customer_id, visible(viewer, now=now))
    return select(Ticket.id).where(*seen).order_by(Ticket.id.desc())


def customers_in_reach(viewer: Actor, *, now: datetime = FAR) -> Select[int]:
    """Ids of customers with a ticket that the viewer may see."""
    return select(Ticket.customer_id).where(visible(viewer, now=now)).distinct()


def facts_of_customer(session: Session, customer_id: int, now: datetime) -> list[TicketFacts]:
    """The facts of every ticket of a customer: may somebody see them in full through one of these?"""
    tickets = session.scalars(select(Ticket).where(Ticket.customer_id == customer_id)).all()
    return list(facts_of_many(session, tickets, now).values())


def customers_in_full(session: Session, customer_ids: Collection[int], *, viewer: Actor, now: datetime) -> set[int]:
    """Of these customers, those whose personal data the viewer sees through a ticket."""
    if not customer_ids or not may(viewer, Action.PERSONAL_SEE):
        return set()
    tickets = session.scalars(select(Ticket).where(Ticket.customer_id.in_(customer_ids))).all()
    facts = facts_of_many(session, tickets, now)
    return {t.customer_id for t in tickets if may(viewer, Action.PERSONAL_SEE, facts[t.id])}


# --- who could take it ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """Somebody of the acting department; the first one is suggested."""

    id: int
    login: str
    name: str
    text: Sentence
    load: int
    reasons: tuple[Sentence, ...]
    suggested: bool


def assignable(session: Session, ticket: Ticket, *, viewer: Actor, now: datetime) -> list[Candidate]:
    """Who can take the ticket, best first, with the reasons: the lowest weighted load; the deputy of who is away."""
    people = {user.id: user for user in members_of(session, ticket.department_id, roles=HANDLERS)}
    people |= {user.id: user for user in leads_of(session, ticket.department_id)}
    deputies = _deputies(session, list(people), now)
    names = people | people_by_id(session, deputies.values())
    load = _load(session, list(people))
    before = set(session.scalars(select(Assignment.assignee_id).where(Assignment.ticket_id == ticket.id).distinct()))
    ordered = suggestions(
        Person(
            id=user.id,
            name=user.name,
            open_priorities=tuple(load.get(user.id, ())),
            deputy_id=deputies.get(user.id),
            deputy_name=names[deputies[user.id]].name if user.id in deputies else "",
            was_before=user.id in before,
        )
        for user in people.values()
    )
    made: dict[int, Candidate] = {}
    for one in ordered:
        user = names[one.person_id]
        text = say("%(name)s（%(why)s）", name=user.name, why=one.reasons[-1])
        made.setdefault(
            user.id,
            Candidate(user.id, user.login, user.name, text, one.load, one.reasons, suggested=not made),
        )
    return list(made.values())


def _deputies(session: Session, ids: Sequence[int], now: datetime) -> dict[int, int]:
    """Who stands in for the absent among these people."""
    query = (
        select(Deputyship.user_id, Deputyship.deputy_id)
        .join(User, User.id == Deputyship.deputy_id)
        .where(
            Deputyship.user_id.in_(ids),
            User.active,
            Deputyship.starts_at <= now,
            Deputyship.ends_at > now,
            or_(Deputyship.ended_at.is_(None), Deputyship.ended_at > now),
        )
        .order_by(Deputyship.id)
    )
    return dict(session.execute(query).all())


def _load(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    """The priorities of the tickets that each of them works on."""
    query = select(Ticket.assignee_id, Ticket.priority).where(
        Ticket.assignee_id.in_(ids), Ticket.status.in_(BUSY_WITH), Ticket.priority.is_not(None)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for assignee, priority in session.execute(query):
        if assignee is not None and priority is not None:
            found[assignee].append(priority)
    return found
