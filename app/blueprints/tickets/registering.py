"""The registration form: recall by number, then a number for the feedback, or solved at once on the same form."""

from __future__ import annotations

import secrets
from typing import Any

from flask import current_app, g, request, url_for
from wtforms.fields.choices import SelectChoice

from app.blueprints.tickets import forms
from app.customers import queries as customers
from app.customers import services as people
from app.errors import Conflict, Invalid, TooMany
from app.extensions import db
from app.policy import Action, may
from app.tickets import queries, services
from app.tickets.codes import CHANNEL_LABELS, Channel
from app.tickets.given import AtOnceGiven
from app.web.access import the_actor
from app.web.languages import translate
from app.web.transaction import Answer, done, show, tell
from app.words import say


def blank() -> dict[str, Any]:
    form = forms.RegistrationForm()
    form.once.data = form.once.data or secrets.token_urlsafe(18)
    return _context(form)


def _context(form: forms.RegistrationForm, recalled: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the page draws: the form, the part for solving at once, and a recalled customer beside it."""
    from app.blueprints.tickets.steps import category_choices

    at_once = form if isinstance(form, forms.AtOnceForm) else forms.AtOnceForm()
    at_once.category.choices = category_choices()
    if not may(the_actor(), Action.TICKET_REGISTER):
        form.channel.choices = [SelectChoice(str(Channel.INTERNAL), translate(CHANNEL_LABELS[Channel.INTERNAL]))]
    return {
        "form": form,
        "at_once": at_once,
        "recalled": recalled,
        "products": customers.products(db.session()),
        "gap_only": not may(the_actor(), Action.TICKET_REGISTER),
    }


def receive() -> Answer:
    """The form was sent: look a customer up, or register (and solve)."""
    wants_at_once = bool(request.form.get("at_once"))
    form = forms.AtOnceForm() if wants_at_once else forms.RegistrationForm()
    context = _context(form)
    if "look" in request.form:
        return show("tickets/new.html", **(context | {"recalled": _recall(form)}))
    if not form.validate_on_submit():
        return show("tickets/new.html", status=422, **context)
    try:
        ticket = _save(form)
    except Invalid as wrong:
        form.take(wrong)
        db.session().rollback()
        return show("tickets/new.html", status=422, **_context(form))
    except Conflict as refused:
        if not wants_at_once:
            raise
        form.take(Invalid(refused.sentence))
        db.session().rollback()
        return show("tickets/new.html", status=409, **_context(form))
    tell(say("已登记，工单号 %(no)s。", no=ticket.no))
    if not may(the_actor(), Action.TICKET_SEE, queries.facts_of(db.session(), ticket, g.now)):
        tell(say("这张工单由相关部门处理，您无需再做什么。"))
        return done(None, otherwise=url_for("home.index"))
    return done(None, otherwise=url_for("tickets.detail", no=ticket.no))


def _save(form: forms.RegistrationForm) -> Any:
    session, by, now = db.session(), the_actor(), g.now
    received = form.received_at.data
    zone = current_app.extensions["bihuan"].settings.timezone
    ticket = services.register(
        session,
        form.registration(_customer(form), received.replace(tzinfo=zone) if received else None),
        by=by,
        now=now,
    )
    if isinstance(form, forms.AtOnceForm):
        given = AtOnceGiven(
            triage=form.triage(),
            cause_kind=form.cause_kind.data,
            root_cause=form.root_cause.data,
            solution=form.solution.data,
            answer="" if form.answered.data else form.solution.data,
        )
        services.solve_at_once(session, ticket, given, by=by, now=now)
    return ticket


def _customer(form: forms.RegistrationForm) -> people.GivenCustomer | None:
    fields = ("name", "phone", "email", "company")
    if not any(form[name].data for name in fields):
        return None
    return people.GivenCustomer(**{name: form[name].data or "" for name in fields}, tier=form.tier.data or None)


def _recall(form: forms.RegistrationForm) -> dict[str, Any]:
    """Who is known under the number or mail address on the form, their open tickets and last purchases."""
    session, actor, text = db.session(), the_actor(), form.phone.data or form.email.data or ""
    try:
        found = people.lookup(session, text, by=actor, now=g.now)
    except (Invalid, TooMany) as refused:
        return {"refused": refused.sentence}
    shown = customers.shown_customers(session, found.customers)
    return {
        "customers": [
            {
                "shown": shown[one.id],
                "tickets": queries.recent_of_customer(session, one.id, viewer=actor, limit=5),
                "purchases": customers.recent_purchases(session, one, full=False, limit=3),
            }
            for one in found.customers[:3]
        ]
    }
