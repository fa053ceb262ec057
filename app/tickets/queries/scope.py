"""Who sees which ticket: the facts that the permission matrix reads, and the same reach as SQL.

`within` is the twin of `app.policy.within`; a parity test holds the two equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.policy import Action, Actor, Reach, TicketFacts, may, reaches
from app.tickets.codes import Part
from app.tickets.models import FollowUp, Participation, Ticket
from app.tickets.numbers import follow_up_no_of, ticket_no_of

OWN_ENDS = timedelta(days=30)  # after closing, nobody is "on" the ticket any more


def facts_of(session: Session, ticket: Ticket, now: datetime) -> TicketFacts:
    """What the matrix needs to know of one ticket."""
    return facts_of_many(session, [ticket], now)[ticket.id]


def facts_of_many(session: Session, tickets: Iterable[Ticket], now: datetime) -> dict[int, TicketFacts]:
    """The same for many, in one statement."""
    wanted = {ticket.id: ticket for ticket in tickets}
    parts: dict[tuple[int, str], set[int]] = defaultdict(set)
    query = select(
        Participation.ticket_id, Participation.part, Participation.department_id, Participation.user_id
    ).where(Participation.ticket_id.in_(wanted), Participation.ended_at.is_(None))
    for ticket_id, part, department_id, user_id in session.execute(query) if wanted else ():
        who = department_id if part == Part.ASSIST else user_id
        if who is not None:
            parts[ticket_id, part].add(who)
    return {
        ticket.id: TicketFacts(
            home_department_id=ticket.home_department_id,
            department_id=ticket.department_id,
            assignee_id=ticket.assignee_id,
            registrar_id=ticket.registrar_id,
            follow_up_holder_id=ticket.follow_up_holder_id,
            assisting=frozenset(parts[ticket.id, Part.ASSIST]),
            asked=frozenset(parts[ticket.id, Part.ASKED] if ticket.closed_at is None else ()),  # closing ends requests
            sampled=frozenset(parts[ticket.id, Part.SAMPLE]),
            own_ended=own_ended(ticket, now),
        )
        for ticket in wanted.values()
    }


def own_ended(ticket: Ticket, now: datetime) -> bool:
    return ticket.closed_at is not None and ticket.closed_at < now - OWN_ENDS


def taking_part(part: Part, *, user: int | None = None, departments: Iterable[int] = ()) -> Select[int]:
    """Ids of tickets in which a person or a department takes part now."""
    query = select(Participation.ticket_id).where(Participation.part == part, Participation.ended_at.is_(None))
    if user is not None:
        return query.where(Participation.user_id == user)
    return query.where(Participation.department_id.in_(list(departments)))


def branches(actor: Actor, reach: Reach, *, now: datetime) -> list[ColumnElement[bool]]:
    """The reach as conditions on one column each, so that each walks an index of its own; their union is the reach."""
    match reach:
        case Reach.ALL:
            return [true()]
        case Reach.OWN:
            alive = or_(Ticket.closed_at.is_(None), Ticket.closed_at >= now - OWN_ENDS)
            persons = list(actor.persons)
            columns = (Ticket.assignee_id, Ticket.registrar_id, Ticket.follow_up_holder_id)
            return [and_(column.in_(persons), alive) for column in columns]
        case Reach.ASSIGNEE:
            mine = Ticket.assignee_id.in_(list(actor.persons))
            free = and_(Ticket.assignee_id.is_(None), Ticket.department_id == actor.department_id)
            return [mine] if actor.department_id is None else [mine, free]
        case Reach.DEPT:
            return _of_departments([] if actor.department_id is None else [actor.department_id])
        case Reach.MANAGED:
            return _of_departments(sorted(actor.manages))
        case Reach.ASKED:
            return [and_(Ticket.id.in_(taking_part(Part.ASKED, user=actor.id)), Ticket.closed_at.is_(None))]
        case Reach.SAMPLED:
            return [Ticket.id.in_(taking_part(Part.SAMPLE, user=actor.id))]
        case _:
            return []


def _of_departments(ids: list[int]) -> list[ColumnElement[bool]]:
    """Equality for each, never a list: only then does an index give the order as well."""
    columns = (Ticket.department_id, Ticket.home_department_id)
    alone = [column == id_ for id_ in ids for column in columns]
    return [*alone, Ticket.id.in_(taking_part(Part.ASSIST, departments=ids))] if ids else []


def within(actor: Actor, reach: Reach, *, now: datetime) -> ColumnElement[bool]:
    """The reach as one clause over Ticket."""
    conditions = branches(actor, reach, now=now)
    return or_(*conditions) if conditions else false()


def visible_branches(actor: Actor, *, now: datetime) -> list[ColumnElement[bool]]:
    """What the actor may see, one condition for each branch; a single `true` where that is everything."""
    found = reaches(actor, Action.TICKET_SEE)
    if Reach.ALL in found:
        return [true()]
    return [condition for reach in sorted(found) for condition in branches(actor, reach, now=now)]


def visible(actor: Actor, *, now: datetime) -> ColumnElement[bool]:
    """What the actor may see, as one clause."""
    conditions = visible_branches(actor, now=now)
    return or_(*conditions) if conditions else false()


def find(session: Session, no: str, *, viewer: Actor, now: datetime) -> Ticket:
    """The ticket of this ticket or feedback number. NotFound where there is none or the viewer may not know of it."""
    number = ticket_no_of(no)
    ticket = session.scalar(select(Ticket).where(Ticket.no == number)) if number else None
    return _known(session, ticket, viewer, now)


def find_by_id(session: Session, ticket_id: int, *, viewer: Actor, now: datetime) -> Ticket:
    return _known(session, session.get(Ticket, ticket_id), viewer, now)


def find_follow_up(session: Session, no: str, *, viewer: Actor, now: datetime) -> FollowUp:
    """The follow-up of this number, if the viewer may see its ticket."""
    number = follow_up_no_of(no)
    follow_up = session.scalar(select(FollowUp).where(FollowUp.no == number)) if number else None
    if follow_up is None:
        raise NotFound
    _known(session, session.get(Ticket, follow_up.ticket_id), viewer, now)
    return follow_up


def _known(session: Session, ticket: Ticket | None, viewer: Actor, now: datetime) -> Ticket:
    if ticket is None or not may(viewer, Action.TICKET_SEE, facts_of(session, ticket, now)):
        raise NotFound
    return ticket
