"""`/api/v1/tickets`: one noun per step of the loop, through the same services, gates and masks as the pages."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import g

from app.blueprints.tickets import schemas
from app.blueprints.tickets.presenting import moment, one, tickets_json
from app.customers.services import GivenCustomer
from app.errors import Conflict
from app.extensions import db
from app.policy import Action
from app.tickets import queries, services
from app.tickets.given import AssignmentGiven, MessageGiven, Registration, ResolutionGiven, Seen, TriageGiven
from app.tickets.models import Ticket
from app.tickets.services.registration import CLOCKS_DIFFER
from app.web.access import requires
from app.web.api import ApiBlueprint, expected_version
from app.web.api.idempotency import idempotent
from app.web.api.references import category_code, department_code
from app.web.api.stepping import step as api_step
from app.words import say

bp = ApiBlueprint("api_tickets", __name__, description="Tickets: from registration to closing.")


step = partial(api_step, answer=schemas.TicketOut)


def _found(no: str) -> Ticket:
    return queries.find(db.session(), no, viewer=g.actor, now=g.now)


def _seen() -> Seen | None:
    version = expected_version()
    return None if version is None else Seen(version=version)


@bp.get("/tickets")
@requires(Action.TICKET_SEE)
@bp.arguments(schemas.TicketFilters, location="query")
@bp.response(200, schemas.TicketsOut)
def list_tickets(wanted: dict[str, Any]) -> dict[str, Any]:
    """Tickets within the caller's reach, newest change first unless ordered otherwise."""
    order, cursor, limit = wanted.pop("order", "updated"), wanted.pop("cursor", None), wanted.pop("limit", 50)
    chosen: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in wanted.items()}
    filters = queries.Filters(**chosen)
    page = queries.page(db.session(), filters, viewer=g.actor, now=g.now, order=order, cursor=cursor, limit=limit)
    return {"items": tickets_json([row.id for row in page.items]), "next": page.next}


@bp.post("/tickets")
@requires(Action.TICKET_REGISTER, Action.GAP_REPORT)
@bp.arguments(schemas.TicketIn)
@bp.response(201, schemas.TicketOut)
@idempotent(201)
def register(body: dict[str, Any]) -> dict[str, Any]:
    """Register feedback: a ticket with its number; a known phone or mail address is recognised."""
    if (received := body.get("received_at")) and received > g.now + CLOCKS_DIFFER:
        raise Conflict(say("接收时间还没有到，没有登记。请核对时间和时区后重试。"))
    customer = body.pop("customer", None)
    given = Registration(
        customer=GivenCustomer(**customer) if customer else None,
        occurred_at=moment(body.pop("occurred_at", None)) or "",
        source="api",
        **body,
    )
    return one(services.register(db.session(), given, by=g.actor, now=g.now))


@bp.get("/tickets/<no>")
@requires(Action.TICKET_SEE)
@bp.response(200, schemas.TicketOut)
def show(no: str) -> dict[str, Any]:
    """One ticket; personal values are masked unless the caller is on it."""
    return one(_found(no))


@step(bp, "verification", schemas.VerificationIn, Action.TICKET_VERIFY)
def verify(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """The customer confirmed product and description."""
    return one(services.verify(db.session(), _found(no), **body, by=g.actor, now=g.now, seen=_seen()))


@step(bp, "triage", schemas.TriageIn, Action.TICKET_CLASSIFY)
def triage(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Classify, set the three axes, route. `priority` with `reason` overrides the matrix."""
    ticket = _found(no)
    body["category"] = category_code(body["category"])
    if "department" in body:
        body["department"] = department_code(body["department"])
    given = TriageGiven(**body | {"marks": tuple(body.get("marks", ()))})
    return one(services.triage(db.session(), ticket, given, by=g.actor, now=g.now, seen=_seen()))


@step(bp, "assignment", schemas.AssignmentIn, Action.TICKET_ROUTE)
def assign(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Give the ticket to a person, transfer it, or set the planned completion."""
    ticket = _found(no)
    if "department" in body:
        body["department"] = department_code(body["department"])
    return one(services.assign(db.session(), ticket, AssignmentGiven(**body), by=g.actor, now=g.now, seen=_seen()))


@step(bp, "start", schemas.Empty, Action.TICKET_HANDLE)
def start(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Start, claim, or resume after waiting."""
    return one(services.start(db.session(), _found(no), by=g.actor, now=g.now, seen=_seen()))


@step(bp, "waiting", schemas.OptionalReasonIn, Action.TICKET_HANDLE)
def wait(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Wait for the customer."""
    return one(services.wait(db.session(), _found(no), **body, by=g.actor, now=g.now, seen=_seen()))


@step(bp, "handback", schemas.ReasonIn, Action.TICKET_HANDLE)
def hand_back(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Back to triage: routed wrongly."""
    return one(services.hand_back(db.session(), _found(no), **body, by=g.actor, now=g.now, seen=_seen()))


@step(
    bp,
    "messages",
    schemas.MessageIn,
    Action.TICKET_REPLY,
    Action.NOTE_WRITE,
    status=201,
    answer=schemas.MessageOut,
    versioned=False,
)
def add_message(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """A reply, an internal note, or what the customer wrote."""
    if (promised := body.get("promised_for")) and promised <= g.now:
        raise Conflict(say("承诺时间已经过去，没有保存任何内容。请核对时间和时区后重试。"))
    message = services.add_message(db.session(), _found(no), MessageGiven(**body), by=g.actor, now=g.now)
    db.session().flush()
    held_by = db.session().get_one(Ticket, message.ticket_id)
    return {
        "id": message.id,
        "kind": message.kind,
        "state": message.state,
        "ticket_no": held_by.no,
        "at": moment(message.at),
    }


@step(bp, "analysis", schemas.AnalysisIn, Action.TICKET_HANDLE)
def analyse(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Record the cause."""
    ticket = _found(no)
    services.record_analysis(db.session(), ticket, **body, by=g.actor, now=g.now, seen=_seen())
    return one(ticket)


@step(bp, "resolution", schemas.ResolutionIn, Action.TICKET_HANDLE, answer=schemas.ResolutionOut)
def resolve(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Record the solution; answers the follow-up that this makes."""
    ticket = _found(no)
    follow_up = services.resolve(db.session(), ticket, ResolutionGiven(**body), by=g.actor, now=g.now, seen=_seen())
    return {"no": follow_up.no, "due_at": moment(follow_up.due_at), "ticket_no": ticket.no, "status": ticket.status}


@step(bp, "reopening", schemas.ReasonIn, Action.TICKET_REOPEN)
def reopen(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Reopen by hand: a new cycle."""
    return one(services.reopen(db.session(), _found(no), **body, by=g.actor, now=g.now, seen=_seen()))


@step(bp, "closure", schemas.Empty, Action.TICKET_CLOSE, Action.CLOSE_UNREACHABLE, versioned=False)
def close(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Close through the gate; 409 names what is `missing`. Repeated: the same answer."""
    return one(services.close(db.session(), _found(no), by=g.actor, now=g.now))


@step(bp, "merge", schemas.MergeIn, Action.TICKET_MERGE)
def merge(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Merge into another open ticket of the same customer."""
    ticket, into = _found(no), _found(body.pop("into"))
    return one(services.merge(db.session(), ticket, into, **body, by=g.actor, now=g.now, seen=_seen()))


@step(bp, "merge", None, Action.TICKET_MERGE, method="delete", versioned=False)
def undo_merge(no: str) -> dict[str, Any]:
    """Undo a merge while the target is open."""
    return one(services.undo_merge(db.session(), _found(no), by=g.actor, now=g.now))


@step(bp, "invalidation", schemas.ReasonIn, Action.TICKET_INVALIDATE)
def invalidate(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Ask that the ticket be declared invalid; a supervisor confirms."""
    ticket = _found(no)
    services.invalidate(db.session(), ticket, **body, by=g.actor, now=g.now, seen=_seen())
    return one(ticket)


@step(bp, "invalidation", None, Action.TICKET_INVALIDATE, Action.INVALID_CONFIRM, method="delete", versioned=False)
def restore(no: str) -> dict[str, Any]:
    """Take the request back, or bring an invalid ticket back to triage."""
    return one(services.restore(db.session(), _found(no), by=g.actor, now=g.now))


@step(bp, "invalidation/confirmation", schemas.Empty, Action.INVALID_CONFIRM, versioned=False)
def confirm_invalid(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Confirm a request to declare the ticket invalid."""
    return one(services.confirm_invalid(db.session(), _found(no), by=g.actor, now=g.now))


@step(bp, "escalation", schemas.EscalationIn, Action.TICKET_ESCALATE, versioned=False)
def escalate(no: str, body: dict[str, Any]) -> dict[str, Any]:
    """Bring in the supervisor, the head or the regulator desk."""
    ticket = _found(no)
    services.escalate(db.session(), ticket, **body, by=g.actor, now=g.now)
    return one(ticket)
