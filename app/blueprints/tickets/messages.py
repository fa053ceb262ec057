"""Replies, internal notes, what the customer wrote, and taking a reply back while it still waits."""

from __future__ import annotations

from typing import Any

from flask import g, url_for

from app.blueprints.tickets.forms import FactForm, MessageForm
from app.blueprints.tickets.routes import bp, company_moment, found, page_of
from app.errors import Conflict, Invalid
from app.extensions import db
from app.policy import Action
from app.tickets import queries, services
from app.tickets.codes import FACT_LABELS, MessageKind
from app.tickets.given import MessageGiven
from app.tickets.models import Ticket
from app.tickets.queries import TicketPage
from app.web.access import requires, the_actor
from app.web.languages import translate
from app.web.transaction import Answer, done, show, tell, transactional
from app.words import N_, say

SAID = {
    MessageKind.REPLY: say("回复已登记。"),
    MessageKind.NOTE: say("内部备注已保存，客户看不到。"),
    MessageKind.INBOUND: say("客户来信已登记。"),
}


@bp.post("/tickets/<no>/messages")
@requires(Action.TICKET_REPLY, Action.NOTE_WRITE)
@transactional
def add_message(no: str) -> Answer:
    ticket, form, session = found(no), MessageForm(), db.session()
    if not form.validate_on_submit():
        if form.kind.data not in set(MessageKind):
            form.kind.data = str(MessageKind.NOTE)  # where it was meant to go is unknown: not into the customer's box
        return show("tickets/show.html", status=422, **page_of(ticket, form))
    given = MessageGiven(
        kind=form.kind.data,
        body=form.body.data,
        channel=form.channel.data or None,
        promised_for=company_moment(form.promised_for.data),
        undo=form.kind.data == MessageKind.REPLY,
    )
    try:
        message = services.add_message(session, ticket, given, by=the_actor(), now=g.now)
    except Invalid as wrong:
        form.take(wrong)
        session.rollback()
        return show("tickets/show.html", status=422, **page_of(found(no), form))
    session.flush()
    held_by = ticket if message.ticket_id == ticket.id else session.get_one(Ticket, message.ticket_id)
    tell(SAID[MessageKind(form.kind.data)])
    if held_by is not ticket:
        tell(say("这张工单已结束，内容记到了 %(no)s。", no=held_by.no))
    return done(None, otherwise=url_for("tickets.detail", no=held_by.no, _anchor=f"m{message.id}"))


@bp.post("/tickets/<no>/messages/<int:message_id>/withdrawal")
@requires(Action.TICKET_REPLY)
@transactional
def withdraw(no: str, message_id: int) -> Answer:
    ticket = found(no)
    message = queries.find_message(db.session(), ticket, message_id)
    services.withdraw_message(db.session(), message, by=the_actor(), now=g.now)
    tell(say("回复已撤回，客户不会收到。"))
    return done(None, otherwise=url_for("tickets.detail", no=no, _anchor=f"m{message_id}"))


@bp.get("/tickets/<no>/facts/<field>")
@requires(Action.TICKET_REGISTER, Action.GAP_REPORT)
def edit_fact_page(no: str, field: str) -> Answer:
    ticket = found(no)
    page = queries.whole(db.session(), ticket, viewer=the_actor(), now=g.now)
    form = FactForm(data={"text": queries.fact_text(page, field), "version": str(ticket.version)})
    return show("tickets/fact.html", **_fact_context(page, form, field))


def _fact_context(page: TicketPage, form: FactForm, field: str) -> dict[str, Any]:
    """The form of one fact. Typed over an older version, both texts stand side by side, and the next save decides."""
    stored, compare = queries.fact_text(page, field), None
    if form.version.data != str(page.ticket.version):
        if (form.text.data or "") != stored:
            label = translate(FACT_LABELS.get(field, N_("内容")))
            compare = [(label, form.text.data or "", stored)]
        form.version.data = str(page.ticket.version)
    return {"page": page, "ticket": page.ticket, "form": form, "field": field, "compare": compare}


@bp.post("/tickets/<no>/facts/<field>")
@requires(Action.TICKET_REGISTER, Action.GAP_REPORT)
@transactional
def edit_fact(no: str, field: str) -> Answer:
    ticket, form, session = found(no), FactForm(), db.session()
    seen = form.version.data or ""
    version, status = int(seen) if seen.isdecimal() and len(seen) < 10 else 0, 422
    try:
        if form.validate_on_submit():
            services.edit_fact(session, ticket, field, form.text.data or "", version=version, by=the_actor(), now=g.now)
            tell(say("已保存。"))
            return done(None, otherwise=url_for("tickets.detail", no=no))
    except Invalid as wrong:
        form.take(wrong)
        session.rollback()
    except Conflict as late:
        if "theirs" not in late.extra:
            raise
        tell(late.sentence, kind="warn")
        status = 409
        session.rollback()
    page = queries.whole(session, found(no), viewer=the_actor(), now=g.now)
    return show("tickets/fact.html", status=status, **_fact_context(page, form, field))
