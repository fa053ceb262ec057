"""Whose turn it is: a person, another department, and the date that the customer is promised."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from app.accounts.models import Department, User
from app.accounts.queries import load_actor, person_by_login
from app.errors import Conflict
from app.policy import Action, Actor, may
from app.tickets import timing
from app.tickets.codes import ClockKind
from app.tickets.given import AssignmentGiven, Seen
from app.tickets.models import Ticket
from app.tickets.services.ground import Step, invalid, moment, text_of
from app.tickets.services.handover import department_of, hand, transfer
from app.tickets.workflow import Move
from app.words import say


def assign(
    session: Session, ticket: Ticket, given: AssignmentGiven, *, by: Actor, now: datetime, seen: Seen | None = None
) -> Ticket:
    """Give the ticket to a person, to another department (counts as a wrong routing), or set the planned completion.

    Saying what is so already changes nothing. Raises Invalid for people who can't take it, Conflict for a planned
    completion that is set already.
    """
    step = Step.begin(session, ticket, Action.TICKET_ROUTE, by=by, now=now, seen=seen)
    department = department_of(session, given.department) if given.department else None
    if department is not None and department.id == ticket.department_id:
        department = None
    step.check(Move.TRANSFER if department else Move.ASSIGN)
    acting = department.id if department else ticket.department_id
    person = _person(step, given.assignee, acting) if given.assignee else None
    why = text_of("reason", given.reason)
    if given.planned_for is not None:
        _plan(step, given.planned_for)
    if department:
        transfer(step, department, person.id if person else None, why=why)
    elif (given.unassign and ticket.assignee_id is not None) or (person and person.id != ticket.assignee_id):
        _hand_to(step, person, why=why)
    elif given.planned_for is not None:
        step.move(Move.ASSIGN, "planned", why=why, planned_for=_planned(ticket))
    return ticket


def _person(step: Step, login: str, department_id: int) -> User:
    """Somebody who can take the ticket. Raises Invalid with the reason why not."""
    person = person_by_login(step.session, login)
    if person is None or not person.active:
        raise invalid("assignee", say("没有这个人，或账号已停用。请重新选择责任人。"))
    department = step.session.get_one(Department, department_id)
    actor = load_actor(step.session, person.id, step.now)
    if actor is None or not may(actor, Action.TICKET_HANDLE):
        raise invalid("assignee", say("%(name)s 没有处理工单的权限，请选择其他责任人。", name=person.name))
    if person.department_id != department_id and department_id not in actor.manages:
        raise invalid(
            "assignee",
            say(
                "%(name)s 不在处理部门「%(department)s」，请同时转部门，或选择本部门的责任人。",
                name=person.name,
                department=department.name,
            ),
        )
    return person


def _hand_to(step: Step, person: User | None, *, why: str) -> None:
    ticket = step.ticket
    was, ticket.assignee_id = ticket.assignee_id, person.id if person else None
    hand(step)
    department = step.session.get_one(Department, ticket.department_id)
    step.move(
        Move.ASSIGN,
        "assigned",
        why=why,
        assignee=ticket.assignee_id,
        assignee_was=was,
        department=department.code,
        planned_for=_planned(ticket),
    )
    step.publish("ticket.assigned", assignee_id=ticket.assignee_id, department_id=ticket.department_id)


def _planned(ticket: Ticket) -> str | None:
    return ticket.planned_for.isoformat() if ticket.planned_for else None


def _plan(step: Step, until: date | datetime) -> None:
    """Set once by a person; from then on, and once it has passed, only an approved delay moves it."""
    ticket = step.ticket
    due_at = timing.moment_meant(step.session, until)
    if ticket.planned_set_at is not None:
        if due_at == ticket.planned_for:
            return
        raise Conflict(
            say(
                "计划完成时间已定为 %(when)s，是对客户的承诺，不能直接修改；需要更晚时请提交延期申请。",
                when=_shown(step, ticket.planned_for),
            )
        )
    row = timing.current(step.session, step.cycle).get(ClockKind.PLANNED)
    if row is not None and row.due_at < step.now:
        raise Conflict(
            say("计划完成时间 %(when)s 已经过了，不能再往后改；请提交延期申请。", when=_shown(step, row.due_at))
        )
    if due_at <= step.now:
        raise invalid("planned_for", say("计划完成时间要晚于现在。"))
    timing.plan(step.session, ticket, step.cycle, due_at, now=step.now, because="planned")


def _shown(step: Step, at: datetime | None) -> str:
    return moment(step.session, at) if at else ""
