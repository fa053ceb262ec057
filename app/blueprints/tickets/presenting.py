"""From a ticket's summary to the JSON that the API promises. Codes and ISO times, no words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g

from app.extensions import db
from app.tickets.models import FollowUp, Ticket
from app.tickets.numbers import feedback_no
from app.tickets.summaries import Summary, summaries
from app.web.languages import translate


def moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def follow_up_json(row: FollowUp, cycle: int) -> dict[str, Any]:
    return {
        "no": row.no,
        "state": row.state,
        "outcome": row.outcome,
        "due_at": moment(row.due_at),
        "completed_at": moment(row.completed_at),
        "solved": row.solved,
        "score": row.score,
        "cycle": cycle,
    }


def ticket_json(known: Summary) -> dict[str, Any]:
    ticket, customer = known.ticket, known.customer
    return {
        "ticket_no": ticket.no,
        "feedback_no": feedback_no(ticket.no),
        "status": ticket.status,
        "priority": ticket.priority,
        "priority_rule": ticket.priority_rule,
        "category": known.category,
        "department": known.department,
        "home_department": known.home_department,
        "assignee": known.assignee,
        "customer": {
            "customer_no": customer.no,
            "name": customer.name or str(translate(customer.title)),
            "phone": customer.phone or None,
            "tier": customer.tier,
        },
        "channel": ticket.channel,
        "received_at": moment(ticket.received_at),
        "description": known.story,
        "product": ticket.product_text,
        "due_at": {
            "response": moment(known.due.get("response")),
            "resolution": moment(known.due.get("solution")),
            "planned": moment(ticket.planned_for),
        },
        "remark": known.remark,
        "cycle": ticket.cycle,
        "closed_as": ticket.closed_as,
        "merged_into": known.merged_into,
        "version": ticket.version,
        "follow_ups": [follow_up_json(row, n) for row, n in known.follow_ups],
    }


def tickets_json(ids: list[int]) -> list[dict[str, Any]]:
    """The tickets of these ids for the actor of this request."""
    return [ticket_json(known) for known in summaries(db.session(), ids, viewer=g.actor, now=g.now)]


def one(ticket: Ticket) -> dict[str, Any]:
    db.session().flush()
    return tickets_json([ticket.id])[0]
