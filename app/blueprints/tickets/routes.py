"""Ticket pages: the list, the registration form, one ticket."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, g, redirect, request, url_for

from app.blueprints.tickets import registering
from app.blueprints.tickets.filtering import filters_from, listing
from app.blueprints.tickets.forms import MessageForm
from app.blueprints.tickets.legs import legs_of
from app.customers import services as customers
from app.customers.normalise import parse_email, parse_phone
from app.customers.redaction import redact
from app.errors import NotFound
from app.extensions import db
from app.policy import Action
from app.tickets import queries
from app.tickets.models import Ticket
from app.web.access import requires, the_actor
from app.web.transaction import Answer, done, show, transactional

bp = Blueprint("tickets", __name__)


def found(no: str) -> Ticket:
    """The ticket of this number for the actor of this request. Raises NotFound."""
    return queries.find(db.session(), no, viewer=the_actor(), now=g.now)


def company_moment(value: datetime | None) -> datetime | None:
    """What a person typed into a date-and-time field, in the company's zone."""
    return value.replace(tzinfo=current_app.extensions["bihuan"].settings.timezone) if value else None


@bp.get("/tickets")
@requires(Action.TICKET_SEE)
def index() -> Answer:
    wanted = filters_from(request.args)
    return show("tickets/index.html", "tickets/_table.html", **listing(wanted))


@bp.route("/tickets/new", methods=["GET"])
@requires(Action.TICKET_REGISTER, Action.GAP_REPORT)
def new() -> Answer:
    return show("tickets/new.html", **registering.blank())


@bp.post("/tickets/new")
@requires(Action.TICKET_REGISTER, Action.GAP_REPORT)
@transactional
def register() -> Answer:
    return registering.receive()


@bp.get("/tickets/<no>")
@requires(Action.TICKET_SEE)
def detail(no: str) -> Answer:
    return show("tickets/show.html", **page_of(found(no)))


def page_of(ticket: Ticket, form: MessageForm | None = None) -> dict[str, Any]:
    """Everything that the ticket page draws."""
    page = queries.whole(db.session(), ticket, viewer=the_actor(), now=g.now)
    return {
        "page": page,
        "ticket": ticket,
        "steps": queries.steps(page, the_actor(), g.now),
        "legs": legs_of(page),
        "form": form or MessageForm(),
    }


@bp.post("/find")
@requires(Action.TICKET_SEE, Action.CUSTOMER_FIND)
@transactional
def find() -> Answer:
    """One box for numbers and contacts. It posts, because a phone number must never stand in an address."""
    text = (request.form.get("q") or "").strip()[:200]
    if not text:
        return done(None, otherwise=url_for("tickets.index"))
    if parse_phone(text) or parse_email(text) or (len(text) == 4 and text.isdigit()):
        match = _recall(text)
        return done(None, otherwise=url_for("customers.index", match=match))
    try:
        ticket = found(text.upper())
    except NotFound:
        return done(None, otherwise=url_for("tickets.index", q=redact(text)))  # a number beside other words
    return done(None, otherwise=url_for("tickets.detail", no=ticket.no))


def _recall(text: str) -> str:
    session, actor = db.session(), the_actor()
    reach = queries.customers_in_reach(actor)
    looked_up = customers.lookup(session, text, by=actor, now=g.now, reach=reach)
    return customers.keep_match(session, looked_up, by=actor, now=g.now).uid


@bp.get("/find")
@requires(Action.TICKET_SEE, Action.CUSTOMER_FIND)
def find_page() -> Answer:
    """Somebody reloaded the answer of a search: back to the list."""
    return redirect(url_for("tickets.index"), 303)


from app.blueprints.tickets import messages, steps  # noqa: E402, F401 - they add their routes to `bp`
