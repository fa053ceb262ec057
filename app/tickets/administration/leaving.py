"""Before an account is shut, whatever waits for that person goes to somebody else: nothing may wait for nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import Department, User
from app.accounts.queries import load_actor, members_of
from app.audit.trail import record
from app.outbox.publishing import publish
from app.policy import Action, Actor, Role, may
from app.tickets.codes import OPEN, FollowUpState
from app.tickets.models import Assignment, Cycle, Event, FollowUp, Ticket


@dataclass(frozen=True)
class Held:
    """How much waits for one person."""

    tickets: int
    follow_ups: int

    def __bool__(self) -> bool:
        return bool(self.tickets or self.follow_ups)


def held_by(session: Session, user_id: int) -> Held:
    """Open tickets that the person is to handle, and open follow-ups that the person holds."""
    tickets = select(func.count()).where(Ticket.assignee_id == user_id, Ticket.status.in_(OPEN))
    follow_ups = select(func.count()).where(FollowUp.holder_id == user_id, FollowUp.state == FollowUpState.OPEN)
    return Held(session.scalar(tickets) or 0, session.scalar(follow_ups) or 0)


def hand_over(session: Session, user_id: int, *, to: User | None = None, by: Actor | None, now: datetime) -> Held:
    """Give everything to `to` as far as rights and department allow, the rest back to the departments' queues.

    Follow-ups that `to` can't take go to the agent of the contact's department who holds the fewest. The accounts'
    `disable` calls this (as its `handover`), so the right to do it is asked there.
    """
    heir = load_actor(session, to.id, now) if to is not None and to.id != user_id else None
    _lock(session, user_id)
    tickets = _tickets(session, user_id)
    for ticket in tickets:
        _pass_on(session, ticket, heir if _can_handle(heir, ticket) else None, by=by, now=now)
    follow_ups = _follow_ups(session, user_id)
    for follow_up in follow_ups:
        _pass_on_follow_up(session, follow_up, heir, leaving=user_id, now=now)
    held = Held(len(tickets), len(follow_ups))
    if held:
        data = {"tickets": held.tickets, "follow_ups": held.follow_ups, "to": heir.id if heir else None}
        record(session, by, "user.handed_over", at=now, kind="user", id=user_id, data=data)
    session.flush()
    return held


def _lock(session: Session, user_id: int) -> None:
    """Tickets by id before anything that hangs on them, as every step does it; else an attempt that is being recorded
    and the hand-over of its follow-up wait for each other."""
    asked = select(FollowUp.ticket_id).where(FollowUp.holder_id == user_id, FollowUp.state == FollowUpState.OPEN)
    handled = select(Ticket.id).where(Ticket.assignee_id == user_id, Ticket.status.in_(OPEN))
    ids = [*session.scalars(asked), *session.scalars(handled)]
    session.execute(select(Ticket.id).where(Ticket.id.in_(ids)).order_by(Ticket.id).with_for_update())


def _tickets(session: Session, user_id: int) -> list[Ticket]:
    wanted = select(Ticket).where(Ticket.assignee_id == user_id, Ticket.status.in_(OPEN)).order_by(Ticket.id)
    return list(session.scalars(wanted.with_for_update().execution_options(populate_existing=True)))


def _follow_ups(session: Session, user_id: int) -> list[FollowUp]:
    wanted = select(FollowUp).where(FollowUp.holder_id == user_id, FollowUp.state == FollowUpState.OPEN)
    return list(session.scalars(wanted.order_by(FollowUp.id).with_for_update()))


def _can_handle(heir: Actor | None, ticket: Ticket) -> bool:
    if heir is None or not may(heir, Action.TICKET_HANDLE):
        return False
    return ticket.department_id in {heir.department_id, *heir.manages}


def _pass_on(session: Session, ticket: Ticket, heir: Actor | None, *, by: Actor | None, now: datetime) -> None:
    was, ticket.assignee_id = ticket.assignee_id, heir.id if heir else None
    ticket.version += 1
    ticket.updated_at = now
    by_id = by.id if by else None
    session.add(
        Assignment(
            ticket_id=ticket.id, department_id=ticket.department_id, assignee_id=ticket.assignee_id, at=now, by_id=by_id
        )
    )
    department = session.get_one(Department, ticket.department_id)
    data = {"assignee": ticket.assignee_id, "assignee_was": was, "department": department.code}
    session.add(
        Event(
            ticket_id=ticket.id,
            cycle_n=ticket.cycle,
            kind="assigned",
            at=now,
            actor_id=by_id,
            data={key: value for key, value in data.items() if value is not None},
        )
    )
    publish(
        session,
        "ticket.assigned",
        now=now,
        ticket_id=ticket.id,
        by=by_id,
        assignee_id=ticket.assignee_id,
        department_id=ticket.department_id,
    )


def _pass_on_follow_up(
    session: Session, follow_up: FollowUp, heir: Actor | None, *, leaving: int, now: datetime
) -> None:
    cycle = session.get_one(Cycle, follow_up.cycle_id)
    if heir is None or not may(heir, Action.FOLLOW_UP) or heir.id == cycle.resolved_by:
        taker = _least_loaded(session, follow_up, leaving=leaving, resolver=cycle.resolved_by)
    else:
        taker = heir.id
    follow_up.holder_id = taker
    follow_up.same_person = taker is not None and taker == cycle.resolved_by
    ticket = session.get_one(Ticket, follow_up.ticket_id, with_for_update=True)
    ticket.follow_up_holder_id = taker
    session.flush()


def _least_loaded(session: Session, follow_up: FollowUp, *, leaving: int, resolver: int | None) -> int | None:
    """Who didn't solve it comes first, then who holds the fewest; None where the department has no agent left."""
    agents = [one.id for one in members_of(session, follow_up.department_id, roles={Role.AGENT}) if one.id != leaving]
    load = _load(session, agents)
    return min(agents, key=lambda one: (one == resolver, load.get(one, 0), one), default=None)


def _load(session: Session, people: Iterable[int]) -> Mapping[int, int]:
    counted = (
        select(FollowUp.holder_id, func.count())
        .where(FollowUp.state == FollowUpState.OPEN, FollowUp.holder_id.in_(list(people)))
        .group_by(FollowUp.holder_id)
    )
    return {holder: number for holder, number in session.execute(counted) if holder is not None}
