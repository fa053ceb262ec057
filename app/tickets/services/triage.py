"""Step 2: classify, judge by three axes, route to a department. The same again is a correction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Department
from app.customers import written
from app.customers.models import Customer
from app.customers.services import is_key_customer
from app.errors import NotAllowed
from app.policy import Action, Actor
from app.tickets import timing
from app.tickets.codes import EscalationKind, Mark, Priority, Status
from app.tickets.given import Seen, TriageGiven
from app.tickets.models import Escalation, Invalidation, Ticket
from app.tickets.priority import LEVELS, Axes, Verdict, judge, rank
from app.tickets.queries.shown import rule_sentence
from app.tickets.rules import Category, PriorityCell
from app.tickets.services.ground import Step, invalid, text_of
from app.tickets.services.handover import department_of, follow_rule, give, route_of, transfer
from app.tickets.workflow import Move
from app.words import Sentence, say

COMPLAINTS = frozenset({EscalationKind.COMPLAINT, EscalationKind.REGULATOR})


def triage(
    session: Session, ticket: Ticket, given: TriageGiven, *, by: Actor, now: datetime, seen: Seen | None = None
) -> Ticket:
    """Judge the ticket and give it to a department; on a ticket that is worked on, correct the judgement.

    Raises NotAllowed when `priority` or `department` is sent without the right to it, Invalid for odd input.
    """
    step = Step.begin(session, ticket, Action.TICKET_CLASSIFY, by=by, now=now, seen=seen)
    first = ticket.status not in (Status.ASSIGNED, Status.IN_PROGRESS, Status.WAITING)
    step.check(Move.TRIAGE if first else Move.RECLASSIFY)
    return classify(step, given, first=first, claim=False)


def classify(step: Step, given: TriageGiven, *, first: bool, claim: bool) -> Ticket:
    """The act itself, on a locked and checked ticket. `claim`: the registrar keeps it (solve at once)."""
    session, ticket = step.session, step.ticket
    category = _category(session, given.category)
    department = _wanted_department(step, given)
    why = text_of("reason", given.reason)
    verdict = _verdict(step, given, why)
    data: dict[str, Any] = _was(session, ticket) if not first else {}
    _set_judgement(step, given, category, verdict, first=first)
    target = route_of(session, ticket, category) if first and department is None else None
    if first:
        chosen = department.id if department else (target.rule.department_id if target else ticket.home_department_id)
        give(step, chosen, target, claim=claim)
    data |= _data(session, ticket, category, verdict)
    step.cycle.triaged_at = step.cycle.triaged_at or step.now
    timing.judged(session, ticket, step.cycle, now=step.now)
    if first:
        step.move(Move.TRIAGE, "triaged", why=why, **data)
        _end_pending_invalidation(step)
    else:
        step.move(Move.RECLASSIFY, "reclassified", why=why, **data)
    if verdict.rule == "override":
        step.record("ticket.priority_overridden", to=verdict.priority)
    if target:
        follow_rule(step, target)
    step.publish("ticket.triaged", priority=ticket.priority, department_id=ticket.department_id)
    if not first and department is not None and department.id != ticket.department_id:
        transfer(step, department, None, why=why)
    return ticket


@dataclass(frozen=True)
class Judged:
    """What the matrix would say, before anything is saved."""

    priority: Priority
    rule: str
    sentence: Sentence


def preview_priority(session: Session, ticket: Ticket, given: TriageGiven) -> Judged | None:
    """The priority that these axes would give; None while one of them is not chosen yet."""
    axes = Axes(given.impact, given.urgency, given.severity)
    if not {axes.impact, axes.urgency, axes.severity} <= set(LEVELS) or not set(given.marks) <= set(Mark):
        return None
    customer = session.get_one(Customer, ticket.customer_id)
    found = judge(_cells(session), axes, key_customer=is_key_customer(customer), marks=given.marks)
    sentence = rule_sentence(found.rule, found.priority)
    return Judged(found.priority, found.rule, sentence) if sentence else None


# --- the judgement ----------------------------------------------------------------------------------------------------


def _category(session: Session, code: str) -> Category:
    category = session.scalar(select(Category).where(Category.code == code))
    if category is None:
        raise invalid("category", say("没有这个分类，请重新选择。"))
    if category.retired_at is not None:
        raise invalid("category", say("分类「%(name)s」已停用，请选择其他分类。", name=category.name))
    return category


def _wanted_department(step: Step, given: TriageGiven) -> Department | None:
    if given.department is None:
        return None
    if not step.may(Action.TICKET_ROUTE):
        raise NotAllowed(say("您不能指定处理部门：部门由派单规则决定，需要改派请联系主管。没有改动任何内容。"))
    return department_of(step.session, given.department)


def _verdict(step: Step, given: TriageGiven, why: str) -> Verdict:
    for name in ("impact", "urgency", "severity"):
        if getattr(given, name) not in LEVELS:
            raise invalid(name, say("请在 1（低）、2（中）、3（高）中选择。"))
    if unknown := [mark for mark in given.marks if mark not in set(Mark)]:
        raise invalid("marks", say("没有「%(mark)s」这个标记，请重新选择。", mark=unknown[0][:40]))
    override = None
    if given.priority is not None:
        if not step.may(Action.PRIORITY_OVERRIDE):
            raise NotAllowed(say("您不能手工调整优先级：优先级由三项指标得出，需要调整请联系主管。没有改动任何内容。"))
        if given.priority not in set(Priority):
            raise invalid("priority", say("优先级只能是 P0、P1、P2、P3。"))
        if not why:
            raise invalid("reason", say("手工调整优先级要写明原因。"))
        override = Priority(given.priority)
    axes = Axes(given.impact, given.urgency, given.severity)
    return judge(
        _cells(step.session), axes, key_customer=is_key_customer(step.customer), marks=given.marks, override=override
    )


def _cells(session: Session) -> dict[Axes, Priority]:
    rows = session.scalars(select(PriorityCell))
    return {Axes(cell.impact, cell.urgency, cell.severity): Priority(cell.priority) for cell in rows}


def _set_judgement(step: Step, given: TriageGiven, category: Category, verdict: Verdict, *, first: bool) -> None:
    ticket = step.ticket
    ticket.category_id = category.id
    ticket.impact, ticket.urgency, ticket.severity = given.impact, given.urgency, given.severity
    ticket.impact_effective = verdict.effective.impact
    ticket.urgency_effective = verdict.effective.urgency
    ticket.severity_effective = verdict.effective.severity
    ticket.marks = sorted(set(given.marks))
    ticket.priority, ticket.priority_rank = verdict.priority, rank(verdict.priority)
    ticket.priority_rule = verdict.rule
    ticket.urgency_preset = None
    notes = {
        name: kept
        for name in ("impact", "urgency", "severity")
        if (kept := text_of(f"{name}_note", getattr(given, f"{name}_note")))
    }
    if first or notes:  # a correction that says nothing new about an axis leaves what was said
        known = {} if first else written.read_json(step.session, ticket, "axis_notes", full=True).data
        written.write_json(step.session, ticket, "axis_notes", known | notes, customer=step.customer)
    ticket.complaint = category.complaint or _escalated_as_complaint(step.session, ticket)


def _escalated_as_complaint(session: Session, ticket: Ticket) -> bool:
    query = select(Escalation.id).where(Escalation.ticket_id == ticket.id, Escalation.kind.in_(COMPLAINTS))
    return session.scalar(query.limit(1)) is not None


def _was(session: Session, ticket: Ticket) -> dict[str, Any]:
    category = session.get(Category, ticket.category_id) if ticket.category_id else None
    return {"priority_was": ticket.priority, "category_was": category.code if category else None}


def _data(session: Session, ticket: Ticket, category: Category, verdict: Verdict) -> dict[str, Any]:
    department = session.get_one(Department, ticket.department_id)
    return {
        "category": category.code,
        "priority": verdict.priority,
        "rule": verdict.rule,
        "impact": verdict.effective.impact,
        "urgency": verdict.effective.urgency,
        "severity": verdict.effective.severity,
        "marks": ticket.marks,
        "department": department.code,
        "override": True if verdict.rule == "override" else None,
    }


def _end_pending_invalidation(step: Step) -> None:
    """Somebody judged it a real ticket: the request to call it invalid is over."""
    query = select(Invalidation).where(Invalidation.ticket_id == step.ticket.id, Invalidation.ended_at.is_(None))
    pending = step.session.scalars(query).first()
    if pending is not None:
        pending.ended_at, pending.ended_by = step.now, step.by.id
        step.note("invalid_withdrawn")
