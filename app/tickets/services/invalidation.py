"""Spam and tests: asked for by anyone who registers, confirmed by a supervisor, and restored when it was none."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.policy import Action, Actor
from app.tickets import timing
from app.tickets.codes import Status
from app.tickets.given import Seen
from app.tickets.models import Invalidation, Ticket
from app.tickets.services.ground import Step, text_of
from app.tickets.workflow import Move
from app.words import say


def invalidate(
    session: Session, ticket: Ticket, *, reason: str, by: Actor, now: datetime, seen: Seen | None = None
) -> Invalidation:
    """Ask that the ticket be called invalid. Nothing changes until a supervisor confirms."""
    step = Step.begin(session, ticket, Action.TICKET_INVALIDATE, by=by, now=now, seen=seen)
    step.check(Move.ASK_INVALID)
    why = text_of("reason", reason, required=say("请写明判为无效的原因。"))
    if pending_request(session, ticket) is not None:
        raise Conflict(say("这张工单已经申请判为无效，正在等待主管确认。"))
    _check_nothing_merged(session, ticket)
    row = Invalidation(ticket_id=ticket.id, asked_at=now, asked_by=by.id)
    session.add(row)
    session.flush()
    step.move(Move.ASK_INVALID, "invalid_asked", why=why)
    step.publish("ticket.invalid_asked")
    return row


def confirm_invalid(session: Session, ticket: Ticket, *, by: Actor, now: datetime) -> Ticket:
    """The supervisor agrees. Its own kind of end: no follow-up, counted apart."""
    step = Step.begin(session, ticket, Action.INVALID_CONFIRM, by=by, now=now)
    step.check(Move.INVALIDATE)
    row = pending_request(session, ticket)
    if row is None:
        raise Conflict(say("没有待确认的无效申请：请先写明原因提出申请。"))
    _check_nothing_merged(session, ticket)
    row.confirmed_at, row.confirmed_by = now, by.id
    timing.cancel(session, ticket, step.cycle, now=now)
    step.move(Move.INVALIDATE, "invalid_confirmed")
    step.record("ticket.invalid_confirmed")
    step.publish("ticket.invalid_confirmed")
    return ticket


def restore(session: Session, ticket: Ticket, *, reason: str = "", by: Actor, now: datetime) -> Ticket:
    """Take a request back (who asked, or a supervisor), or bring an invalid ticket back to triage (a supervisor)."""
    step = Step.begin(session, ticket, Action.TICKET_INVALIDATE, Action.INVALID_CONFIRM, by=by, now=now)
    why = text_of("reason", reason)
    row = pending_request(session, ticket)
    if row is None and ticket.status != Status.INVALID:
        raise Conflict(say("这张工单没有无效申请，也不是无效状态，不需要恢复。"))
    if row is not None and row.confirmed_at is None:
        _withdraw(step, row, why)
        return ticket
    step = Step.begin(session, ticket, Action.INVALID_CONFIRM, by=by, now=now)
    step.check(Move.RESTORE)
    if row is not None:
        row.ended_at, row.ended_by = now, by.id
    timing.revive(session, ticket, step.cycle, now=now, because="restored")
    step.move(Move.RESTORE, "restored", why=why)
    step.record("ticket.restored")
    step.publish("ticket.restored")
    return ticket


def pending_request(session: Session, ticket: Ticket) -> Invalidation | None:
    """The request that is not over: waiting for confirmation, or confirmed and not restored."""
    query = select(Invalidation).where(Invalidation.ticket_id == ticket.id, Invalidation.ended_at.is_(None))
    return session.scalars(query.order_by(Invalidation.id.desc())).first()


def _withdraw(step: Step, row: Invalidation, why: str) -> None:
    if row.asked_by != step.by.id and not step.may(Action.INVALID_CONFIRM):
        raise Conflict(say("只有提出申请的人或主管可以撤回无效申请。"))
    row.ended_at, row.ended_by = step.now, step.by.id
    step.touch()
    step.note("invalid_withdrawn", why=why)
    step.publish("ticket.invalid_withdrawn")


def _check_nothing_merged(session: Session, ticket: Ticket) -> None:
    """What was merged into it would end without a follow-up."""
    merged = session.scalar(select(Ticket.no).where(Ticket.merged_into_id == ticket.id).limit(1))
    if merged is not None:
        raise Conflict(say("工单 %(no)s 已并入这张工单，不能判为无效：请先撤销合并。", no=merged))
