"""Which columns of the loop hold what people wrote about a customer, for re-redaction, erasure and export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.customers import written
from app.customers.models import Customer
from app.customers.services import register_hold, register_owner
from app.tickets.codes import OPEN, Status
from app.tickets.models import Cycle, Event, FollowUp, FollowUpAttempt, Message, Ticket
from app.words import Sentence, say

RowsOf = Callable[[int], ColumnElement[bool]]


def _through_ticket(column: Any) -> RowsOf:
    return lambda customer_id: column.in_(select(Ticket.id).where(Ticket.customer_id == customer_id))


def _through_follow_up(customer_id: int) -> ColumnElement[bool]:
    asked = select(FollowUp.id).join(Ticket, Ticket.id == FollowUp.ticket_id).where(Ticket.customer_id == customer_id)
    return FollowUpAttempt.follow_up_id.in_(asked)


def _own(customer_id: int) -> ColumnElement[bool]:
    return Ticket.customer_id == customer_id


def _open_tickets(session: Session, customer: Customer) -> Sentence | None:
    """The desk can't go on with a ticket whose texts nobody can read or write any more."""
    query = select(func.count()).where(Ticket.customer_id == customer.id, Ticket.status.in_([*OPEN, Status.MERGED]))
    n = session.scalar(query) or 0
    return say("这位客户还有 %(n)s 张未关闭的工单，请先处理完再删除个人信息。", n=n) if n else None


register_owner(Ticket)
register_hold(_open_tickets)
written.register(
    Ticket,
    "story",
    "remark",
    json=("facts", "axis_notes"),
    plain=("product_text",),
    facts=("no", "channel", "status", "priority", "received_at", "closed_at"),
    rows_of=_own,
    what="tickets",
)
written.register(
    Cycle,
    "root_cause",
    "solution",
    "improvement",
    "overdue",
    rows_of=_through_ticket(Cycle.ticket_id),
    what="cycles",
)
written.register(Message, "body", rows_of=_through_ticket(Message.ticket_id), what="messages")
written.register(Event, "why", rows_of=_through_ticket(Event.ticket_id), what="timeline")
written.register(
    FollowUpAttempt, "solved_note", "comment", "suggestions", rows_of=_through_follow_up, what="follow_ups"
)
written.register_name(Ticket, "reported_name", rows_of=_own)
