"""Which columns of the loop hold what people wrote about a customer, for re-redaction, erasure and export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, select

from app.customers import written
from app.tickets.models import Cycle, Event, FollowUp, FollowUpAttempt, Message, Ticket

RowsOf = Callable[[int], ColumnElement[bool]]


def _through_ticket(column: Any) -> RowsOf:
    return lambda customer_id: column.in_(select(Ticket.id).where(Ticket.customer_id == customer_id))


def _through_follow_up(customer_id: int) -> ColumnElement[bool]:
    asked = select(FollowUp.id).join(Ticket, Ticket.id == FollowUp.ticket_id).where(Ticket.customer_id == customer_id)
    return FollowUpAttempt.follow_up_id.in_(asked)


def _own(customer_id: int) -> ColumnElement[bool]:
    return Ticket.customer_id == customer_id


written.register(
    Ticket, "story", "remark", json=("facts", "axis_notes"), plain=("product_text",), rows_of=_own, what="tickets"
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
