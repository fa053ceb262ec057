"""The follow-up queue, and the page on which an attempt is recorded."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request, url_for

from app.blueprints.follow_ups.forms import AttemptForm
from app.errors import Conflict, Invalid, NotAllowed
from app.extensions import db
from app.policy import Action
from app.tickets import queries, services
from app.tickets.codes import Outcome
from app.tickets.models import FollowUp, Ticket
from app.web.access import requires, the_actor
from app.web.transaction import Answer, done, show, tell, transactional
from app.words import N_, say

bp = Blueprint("follow_ups", __name__)

VIEWS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("all", N_("全部待回访"), {}),
    ("mine", N_("我的"), {"mine": "1"}),
    ("overdue", N_("已超时"), {"overdue": "1"}),
)


def _found(no: str) -> FollowUp:
    return queries.find_follow_up(db.session(), no, viewer=the_actor(), now=g.now)


@bp.get("/follow-ups")
@requires(Action.FOLLOW_UP)
def index() -> Answer:
    wanted = {name: request.args.get(name) == "1" for name in ("mine", "overdue")}
    done_ones = request.args.get("state") == "done"
    page = queries.follow_up_page(
        db.session(),
        viewer=the_actor(),
        now=g.now,
        **wanted,
        state="done" if done_ones else "open",
        cursor=request.args.get("cursor"),
        limit=50,
    )
    kept: dict[str, Any] = {name: "1" for name, on in wanted.items() if on} | ({"state": "done"} if done_ones else {})
    views = [(say(label), url_for(".index", **args), kept == args, None, False) for _, label, args in VIEWS]
    views.append((say("已完成"), url_for(".index", state="done"), done_ones, None, False))
    return show(
        "follow_ups/index.html",
        rows=page.items,
        views=views,
        next_url=url_for(".index", **kept, cursor=page.next) if page.next else None,
        previous_url=url_for(".index", **kept, cursor=page.previous) if page.previous else None,
    )


def _context(follow_up: FollowUp, form: AttemptForm) -> dict[str, Any]:
    ticket = db.session().get_one(Ticket, follow_up.ticket_id)
    page = queries.whole(db.session(), ticket, viewer=the_actor(), now=g.now)
    shown = next(one for one in page.follow_ups if one.follow_up.id == follow_up.id)
    cycle = next(one for one in page.cycles if one.cycle.id == follow_up.cycle_id)
    return {"page": page, "ticket": ticket, "follow_up": follow_up, "cycle": cycle, "shown": shown, "form": form}


@bp.get("/follow-ups/<no>")
@requires(Action.FOLLOW_UP)
def detail(no: str) -> Answer:
    return show("follow_ups/show.html", **_context(_found(no), AttemptForm()))


@bp.post("/follow-ups/<no>/attempts")
@requires(Action.FOLLOW_UP)
@transactional
def record_attempt(no: str) -> Answer:
    session, follow_up, form = db.session(), _found(no), AttemptForm()
    if not form.validate_on_submit():
        return show("follow_ups/show.html", status=422, **_context(follow_up, form))
    try:
        services.record_attempt(session, follow_up, form.given(), by=the_actor(), now=g.now)
    except Invalid as wrong:
        form.take(wrong)
        session.rollback()
        return show("follow_ups/show.html", status=422, **_context(_found(no), form))
    ticket = session.get_one(Ticket, follow_up.ticket_id)
    if follow_up.outcome == Outcome.SATISFIED and "close" in request.form:
        _close(ticket)
    elif follow_up.outcome == Outcome.DISSATISFIED:
        tell(say("客户不满意，工单 %(no)s 已重开并通知主管。", no=ticket.no), kind="warn")
    else:
        tell(say("回访记录已保存。"))
    return done(None, otherwise=url_for("tickets.detail", no=ticket.no))


def _close(ticket: Ticket) -> None:
    """Save and close: the record stays even where something else still stands before the closing."""
    session = db.session()
    try:
        with session.begin_nested():
            services.close(session, ticket, by=the_actor(), now=g.now)
        tell(say("回访记录已保存，工单已关闭。"))
    except (Conflict, NotAllowed) as refused:
        tell(say("回访记录已保存，但工单还不能关闭。"))
        tell(refused.sentence, kind="warn")
