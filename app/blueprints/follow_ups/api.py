"""`/api/v1/follow-ups`: what waits for a call to the customer, and the record of each attempt."""

from __future__ import annotations

from typing import Any

from flask import g

from app.blueprints.follow_ups import schemas
from app.blueprints.tickets.presenting import moment
from app.extensions import db
from app.policy import Action
from app.tickets import queries, services
from app.tickets.given import AttemptGiven
from app.tickets.models import Ticket
from app.web.access import requires
from app.web.api import ApiBlueprint
from app.web.api.stepping import step

bp = ApiBlueprint("api_follow_ups", __name__, description="Follow-ups: is it solved, how satisfied is the customer.")


@bp.get("/follow-ups")
@requires(Action.FOLLOW_UP)
@bp.arguments(schemas.FollowUpFilters, location="query")
@bp.response(200, schemas.FollowUpsOut)
def list_follow_ups(wanted: dict[str, Any]) -> dict[str, Any]:
    """Open follow-ups by due time; names are masked."""
    page = queries.follow_up_page(db.session(), viewer=g.actor, now=g.now, **wanted)
    items = [
        {
            "no": row.no,
            "ticket_no": row.ticket_no,
            "feedback_no": row.feedback_no,
            "status": row.status,
            "priority": row.priority,
            "customer_no": row.customer_no,
            "customer_name": str(row.customer_name),
            "holder": row.holder_login,
            "department": row.department,
            "state": row.state,
            "outcome": row.outcome,
            "due_at": moment(row.due_at),
            "attempts": row.attempts,
            "score": row.score,
            "solved": row.solved,
        }
        for row in page.items
    ]
    return {"items": items, "next": page.next}


@step(
    bp,
    "attempts",
    schemas.AttemptIn,
    Action.FOLLOW_UP,
    answer=schemas.AttemptOut,
    status=201,
    path="/follow-ups/<no>/",
    versioned=False,
)
def record_attempt(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """One attempt to reach the customer. Not solved, or a score of 2 and less, reopens the ticket."""
    session = db.session()
    follow_up = queries.find_follow_up(session, no, viewer=g.actor, now=g.now)
    services.record_attempt(session, follow_up, AttemptGiven(**body), by=g.actor, now=g.now)
    ticket = session.get_one(Ticket, follow_up.ticket_id)
    return {
        "follow_up_no": follow_up.no,
        "state": follow_up.state,
        "outcome": follow_up.outcome,
        "ticket_no": ticket.no,
        "ticket_status": ticket.status,
        "cycle": ticket.cycle,
    }
