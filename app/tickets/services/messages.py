"""What is said to and by the customer, and among ourselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app.customers import written
from app.customers.services.locking import locked
from app.errors import Conflict, NotAllowed
from app.policy import Action, Actor
from app.tickets import timing
from app.tickets.codes import OPEN, Channel, LinkKind, MessageKind, MessageState, Status
from app.tickets.given import MessageGiven, Registration
from app.tickets.models import Cycle, Message, Ticket, TicketLink
from app.tickets.services.ground import Step, customer_of, cycle_of, invalid, lock_ids, overtaken, text_of
from app.tickets.services.handling import resume
from app.tickets.services.registration import register
from app.words import say

TIME_TO_UNDO = timedelta(seconds=15)

_RIGHTS = {
    MessageKind.REPLY: Action.TICKET_REPLY,
    MessageKind.NOTE: Action.NOTE_WRITE,
    MessageKind.INBOUND: Action.TICKET_VERIFY,
}


def add_message(session: Session, ticket: Ticket, given: MessageGiven, *, by: Actor, now: datetime) -> Message:
    """Record one message. What the customer says goes where it is dealt with: on a merged ticket to its target, after
    closing to a new ticket that `follows`; while waiting it resumes the work, while resolved it flags the follow-up."""
    if given.kind not in set(MessageKind):
        raise invalid("kind", say("消息种类不对，请重新选择。"))
    kind = MessageKind(given.kind)
    target = ticket.merged_into_id if kind is MessageKind.INBOUND else None
    if target is not None:
        lock_ids(session, {ticket.id, target})
    if kind is MessageKind.INBOUND and ticket.status == Status.CLOSED:
        locked(session, customer_of(session, ticket))  # a ticket will be registered: customers come before tickets
    step = Step.begin(session, ticket, _RIGHTS[kind], by=by, now=now)
    if kind is MessageKind.INBOUND and ticket.merged_into_id not in (None, target):
        raise overtaken(session, ticket)  # merged a moment ago: its target is not locked
    body = _checked(step, given)
    if kind is MessageKind.INBOUND:
        return _inbound(step, given, body)
    if kind is MessageKind.REPLY and ticket.status not in OPEN:
        _no_reply(step)
    message = _written(step, kind, given, body)
    if kind is MessageKind.REPLY:
        timing.answered(session, ticket, step.cycle, now=now)
        if message.state == MessageState.QUEUED:
            due_at = now + TIME_TO_UNDO if given.undo else now
            step.publish("message.send", due_at=due_at, message_id=message.id)
    return message


def withdraw_message(session: Session, message: Message, *, by: Actor, now: datetime) -> Message:
    """Take a reply back while it still waits to be sent. It stays visible as withdrawn, and is no answer any more."""
    ticket = session.get_one(Ticket, message.ticket_id)
    step = Step.begin(session, ticket, Action.NOTE_WRITE, Action.TICKET_REPLY, by=by, now=now)
    if message.author_id != by.id:
        raise NotAllowed(say("只有写这条回复的人可以撤回。没有改动任何内容。"))
    if not _swap(session, message.id, MessageState.QUEUED, MessageState.WITHDRAWN):
        raise Conflict(say("这条消息已经发出或已撤回，不能再撤回。需要更正时请再发一条。"))
    session.refresh(message)
    cycle = session.get_one(Cycle, message.cycle_id)
    timing.answered(session, ticket, cycle, now=now)
    if cycle.id != step.cycle.id or ticket.status not in OPEN:
        timing.closed(session, ticket, cycle, now=now)  # unanswered, but that round is over: nothing runs any more
    step.note("message_withdrawn", message=message.id)
    step.publish("message.withdrawn", message_id=message.id)
    return message


def deliver_message(session: Session, message_id: int, *, now: datetime) -> bool:
    """The time to undo is over: the reply goes out. False if it was withdrawn or went out before."""
    return _swap(session, message_id, MessageState.QUEUED, MessageState.SENT, sent_at=now)


def _swap(session: Session, message_id: int, was: MessageState, becomes: MessageState, **more: datetime) -> bool:
    """Compare and swap: of a sender and an undo at the same moment, one wins and the other is told."""
    statement = update(Message).where(Message.id == message_id, Message.state == was).values(state=becomes, **more)
    result = session.execute(statement.execution_options(synchronize_session="fetch"))
    return isinstance(result, CursorResult) and result.rowcount == 1


def _checked(step: Step, given: MessageGiven) -> str:
    body = text_of("body", given.body, required=say("请写下内容。"))
    if given.channel is not None and given.channel not in set(Channel):
        raise invalid("channel", say("没有这个反馈渠道，请重新选择。"))
    if given.promised_for is not None:
        if given.kind != MessageKind.REPLY:
            raise invalid("promised_for", say("只有回复客户时才能记录承诺时间。"))
        if given.promised_for <= step.now:
            raise invalid("promised_for", say("承诺时间要晚于现在。"))
    return body


def _no_reply(step: Step) -> None:
    ticket = step.ticket
    if ticket.status == Status.MERGED and ticket.merged_into_id:
        target = step.session.get_one(Ticket, ticket.merged_into_id)
        raise Conflict(say("工单已并入 %(no)s，请在那里回复客户。", no=target.no), href=f"/tickets/{target.no}")
    if ticket.status == Status.CLOSED:
        raise Conflict(say("工单已关闭，不能再回复。客户再来反馈时请登记客户来信，会生成关联的新工单。"))
    raise Conflict(say("工单已判为无效，不能回复客户。需要继续处理时，请主管先恢复工单。"))


def _written(step: Step, kind: MessageKind, given: MessageGiven, body: str) -> Message:
    channel = given.channel or step.ticket.channel
    # A mail has to be carried away in any case; elsewhere the reply was given as it was written.
    queued = kind is MessageKind.REPLY and (given.undo or channel == Channel.EMAIL)
    message = Message(
        ticket_id=step.ticket.id,
        cycle_id=step.cycle.id,
        kind=kind,
        channel=channel,
        author_id=step.by.id,
        state=MessageState.QUEUED if queued else MessageState.SENT,
        promised_for=given.promised_for,
        at=step.now,
        sent_at=None if queued else step.now,
    )
    written.write(step.session, message, "body", body, customer=step.customer)
    step.session.add(message)
    step.session.flush()
    promised = given.promised_for.isoformat() if given.promised_for else None
    step.note("message", message=message.id, kind=kind, promised_for=promised)
    step.publish("message.added", message_id=message.id, kind=kind)
    return message


def _inbound(step: Step, given: MessageGiven, body: str) -> Message:
    ticket = step.ticket
    if ticket.status == Status.MERGED and ticket.merged_into_id:
        return _on_target(step, given, body)
    if ticket.status == Status.CLOSED:
        return _on_new_ticket(step, given, body)
    message = _written(step, MessageKind.INBOUND, given, body)
    flagged = ticket.status == Status.RESOLVED
    if ticket.status == Status.WAITING:
        resume(step, by_message=message.id)
    if flagged:
        ticket.flagged_at = step.now
        step.note("flagged", message=message.id)
    step.publish("message.inbound", message_id=message.id, flagged=flagged)
    return message


def _on_target(step: Step, given: MessageGiven, body: str) -> Message:
    """The person who writes it down need not see the target: the customer's words must not get lost over that."""
    target = step.session.get_one(Ticket, step.ticket.merged_into_id)
    there = Step(step.session, target, step.by, step.now, step.facts, cycle_of(step.session, target))
    return _inbound(there, given, body)


def _on_new_ticket(step: Step, given: MessageGiven, body: str) -> Message:
    old = step.ticket
    registration = Registration(
        channel=given.channel or old.channel,
        description=body,
        customer_id=old.customer_id,
        product=old.product_text,
        source="inbound",
    )
    if registration.channel == Channel.INTERNAL:
        registration = replace(registration, channel=old.channel)
    new = register(step.session, registration, by=step.by, now=step.now)
    link = TicketLink(from_id=new.id, to_id=old.id, kind=LinkKind.FOLLOWS, at=step.now, by_id=step.by.id)
    step.session.add(link)
    there = Step(step.session, new, step.by, step.now, step.facts, cycle_of(step.session, new))
    there.note("linked", to=old.id, kind=LinkKind.FOLLOWS)
    step.note("linked", origin=new.id, kind=LinkKind.FOLLOWS)
    message = _written(there, MessageKind.INBOUND, given, body)
    there.publish("message.inbound", message_id=message.id, flagged=False)
    return message
