"""One declaration for a step on the pages: a form page to open, and the act when it is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, url_for

from app.blueprints.tickets.forms import StepForm
from app.errors import Conflict, Invalid, NotAllowed
from app.extensions import db
from app.policy import Action, may
from app.tickets import queries
from app.tickets.models import Ticket
from app.tickets.queries import TicketPage
from app.web.access import requires, the_actor
from app.web.transaction import Answer, done, show, tell, transactional
from app.words import say

Act = Callable[[Ticket, Any], None]
Prepare = Callable[[TicketPage], StepForm]


def step_page(
    bp: Blueprint,
    noun: str,
    form: type[StepForm] | Prepare,
    *actions: Action,
    title: str,
    said: str,
    send: str | None = None,
    template: str = "tickets/step.html",
    endpoint: str | None = None,
    prepare: Callable[[TicketPage, Any], dict[str, Any]] = lambda page, form: {},
) -> Callable[[Act], Act]:
    """Register GET (the form) and POST (the act) of `/tickets/<no>/<noun>`.

    `form` makes the form from what the ticket page knows; `prepare` adds what the template needs; `title`, `said`
    (what is said when it worked) and `send` (the button) are message ids. A refusal draws the form again with all
    that was typed, by shape as 422, by state as 409.
    """

    def decorate(act: Act) -> Act:
        name = endpoint or act.__name__

        def load(no: str) -> TicketPage:
            ticket = queries.find(db.session(), no, viewer=the_actor(), now=g.now)
            return queries.whole(db.session(), ticket, viewer=the_actor(), now=g.now)

        def draw(page: TicketPage, filled: StepForm, status: int = 200) -> Answer:
            more: dict[str, Any] = {
                "page": page,
                "ticket": page.ticket,
                "form": filled,
                "title": title,
                "send": send or title,
            }
            return show(template, status=status, **more, **prepare(page, filled))

        def open_page(no: str) -> Answer:
            page = load(no)
            _authorize(actions, page)
            filled = form() if isinstance(form, type) else form(page)
            filled.seen.data = page.ticket.status  # what stands on this page now, also over restored text
            return draw(page, filled)

        def receive(no: str) -> Answer:
            page = load(no)
            _authorize(actions, page)
            filled = form() if isinstance(form, type) else form(page)
            if not filled.validate_on_submit():
                return draw(page, filled, 422)
            try:
                act(page.ticket, filled)
            except Invalid as wrong:
                filled.take(wrong)
                db.session().rollback()
                return draw(load(no), filled, 422)
            except Conflict as refused:
                if "moved_by" in refused.extra:
                    raise  # somebody was quicker: the page of a conflict shows what the ticket is now
                filled.take(Invalid(refused.sentence))
                db.session().rollback()
                return draw(load(no), filled, 409)
            tell(say(said))
            return done(None, otherwise=url_for("tickets.detail", no=page.ticket.no))

        path = f"/tickets/<no>/{noun}"
        bp.add_url_rule(path, f"{name}_page", requires(*actions)(open_page), methods=["GET"])
        bp.add_url_rule(path, name, requires(*actions)(transactional(receive)), methods=["POST"])
        return act

    return decorate


def _authorize(actions: tuple[Action, ...], page: TicketPage) -> None:
    """One of the actions must be open to the actor on this very ticket; the service asks again for the exact one."""
    if not any(may(the_actor(), action, page.facts) for action in actions):
        raise NotAllowed
