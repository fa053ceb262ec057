"""More people on the case: a supervisor, the head, the regulator desk, or an expert who is asked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.queries import load_actor, person_by_login
from app.errors import Conflict
from app.policy import Action, Actor, Role
from app.tickets.codes import ESCALATION_LABELS, OPEN, STATUS_LABELS, EscalationKind, Part, Status
from app.tickets.models import Escalation, Participation, Ticket
from app.tickets.services.ground import Step, invalid, text_of
from app.words import say


def escalate(session: Session, ticket: Ticket, *, kind: str, reason: str, by: Actor, now: datetime) -> Escalation:
    """Raise the ticket; a complaint or a regulator makes it count as a complaint for good. The supervisor is told."""
    step = Step.begin(session, ticket, Action.TICKET_ESCALATE, by=by, now=now)
    if kind not in set(EscalationKind):
        raise invalid("kind", say("请选择升级的种类。"))
    _check_open(step)
    why = text_of("reason", reason, required=say("请写明升级的原因。"))
    known = select(Escalation.id).where(
        Escalation.ticket_id == ticket.id, Escalation.kind == kind, Escalation.taken_at.is_(None)
    )
    if session.scalar(known.limit(1)) is not None:
        label = say(ESCALATION_LABELS[EscalationKind(kind)])
        raise Conflict(say("这张工单已有「%(kind)s」，正在等待接手，没有重复提交。", kind=label))
    row = Escalation(ticket_id=ticket.id, kind=kind, at=now, by_id=by.id)
    session.add(row)
    session.flush()
    ticket.escalated_at = now
    if kind in (EscalationKind.COMPLAINT, EscalationKind.REGULATOR):
        ticket.complaint = True
    step.touch()
    step.note("escalated", why=why, escalation=row.id, kind=kind)
    step.record("ticket.escalated", kind=kind)
    step.publish("ticket.escalated", kind=kind, escalation_id=row.id)
    return row


def ask_expert(
    session: Session, ticket: Ticket, expert_login: str, *, reason: str, by: Actor, now: datetime
) -> Participation:
    """Ask an expert for help without losing the ticket: from now on the expert sees it in full."""
    step = Step.begin(session, ticket, Action.TICKET_HANDLE, Action.TICKET_REPLY, by=by, now=now)
    _check_open(step)
    why = text_of("reason", reason, required=say("请写明要请教的问题。"))
    person = person_by_login(session, expert_login)
    actor = load_actor(session, person.id, now) if person else None
    if person is None or actor is None or Role.EXPERT not in actor.roles:
        raise invalid("expert", say("没有这位专家，请重新选择。"))
    known = select(Participation).where(
        Participation.ticket_id == ticket.id,
        Participation.user_id == person.id,
        Participation.part == Part.ASKED,
        Participation.ended_at.is_(None),
    )
    if (row := session.scalar(known)) is not None:
        return row
    row = Participation(ticket_id=ticket.id, user_id=person.id, part=Part.ASKED, since=now)
    session.add(row)
    session.flush()
    step.note("expert_asked", why=why, user=person.id)
    step.publish("ticket.expert_asked", user_id=person.id)
    return row


def _check_open(step: Step) -> None:
    if step.ticket.status not in OPEN:
        label = say(STATUS_LABELS[Status(step.ticket.status)])
        raise Conflict(say("工单现在是「%(status)s」，没有要处理的事，不需要再请人介入。", status=label))
