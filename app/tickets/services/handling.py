"""Step 3 in moves: start (or claim, or go on), wait for the customer, hand back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.models import Department
from app.policy import Action, Actor
from app.tickets import timing
from app.tickets.codes import Status
from app.tickets.given import Seen
from app.tickets.models import Ticket
from app.tickets.services.ground import Step, text_of
from app.tickets.services.handover import hand
from app.tickets.workflow import Move
from app.words import say


def start(session: Session, ticket: Ticket, *, by: Actor, now: datetime, seen: Seen | None = None) -> Ticket:
    """Begin, or go on after waiting. Who starts a ticket that is nobody's claims it."""
    step = Step.begin(session, ticket, Action.TICKET_HANDLE, by=by, now=now, seen=seen)
    if ticket.status == Status.WAITING:
        resume(step)
        return ticket
    step.check(Move.START)
    begin_work(step)
    return ticket


def begin_work(step: Step, *, at_once: bool | None = None) -> None:
    ticket = step.ticket
    claimed = ticket.assignee_id is None
    if claimed:
        ticket.assignee_id = step.by.id
        hand(step)
    step.cycle.started_at = step.cycle.started_at or step.now
    step.move(Move.START, "started", claimed=True if claimed else None, at_once=at_once)
    step.publish("ticket.started")


def resume(step: Step, *, by_message: int | None = None) -> None:
    """The customer has answered: the clocks that stood still run on."""
    step.check(Move.RESUME)
    timing.resume(step.session, step.ticket, step.cycle, now=step.now)
    step.move(Move.RESUME, "resumed", by_message=by_message)
    step.publish("ticket.resumed")


def wait(
    session: Session, ticket: Ticket, *, reason: str = "", by: Actor, now: datetime, seen: Seen | None = None
) -> Ticket:
    """Nothing can be done until the customer answers."""
    step = Step.begin(session, ticket, Action.TICKET_HANDLE, by=by, now=now, seen=seen)
    step.check(Move.WAIT)
    why = text_of("reason", reason)
    timing.pause(session, ticket, step.cycle, now=now)
    step.move(Move.WAIT, "waiting", why=why)
    step.publish("ticket.waiting")
    return ticket


def hand_back(
    session: Session, ticket: Ticket, *, reason: str, by: Actor, now: datetime, seen: Seen | None = None
) -> Ticket:
    """It does not belong here: back to triage, with the reason, counted as a wrong routing."""
    step = Step.begin(session, ticket, Action.TICKET_HANDLE, by=by, now=now, seen=seen)
    step.check(Move.HAND_BACK)
    why = text_of("reason", reason, required=say("请写明退单原因。"))
    timing.resume(session, ticket, step.cycle, now=now)
    ticket.assignee_id = None
    ticket.wrong_routings += 1
    hand(step, wrong_routing=True)
    department = session.get_one(Department, ticket.department_id)
    step.move(Move.HAND_BACK, "handed_back", why=why, department=department.code)
    step.publish("ticket.handed_back", department_id=ticket.department_id)
    return ticket
