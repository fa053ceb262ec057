"""What I was told: the list behind the bell."""

from __future__ import annotations

from flask import Blueprint, g, redirect, request, url_for
from werkzeug.wrappers import Response

from app.extensions import db
from app.notifications import queries, services
from app.web import afterwards, paging
from app.web.access import signed_in, the_actor
from app.web.transaction import Answer, done, show, tell, transactional
from app.words import say

bp = Blueprint("notifications", __name__, url_prefix="/notifications")


@bp.get("")
@signed_in
def index() -> Answer:
    cursor = paging.decode(request.args.get("cursor"), int)
    page = queries.page(db.session(), viewer=the_actor(), before=cursor[0] if cursor else None)
    following = url_for(".index", cursor=paging.encode(page.next)) if page.next else None
    first = url_for(".index") if cursor else None
    return show("notifications/index.html", page=page, following=following, first=first)


@bp.get("/<int:notification_id>")
@signed_in
def follow(notification_id: int) -> Response:
    """To what it is about; that it was seen is noted after the answer."""
    actor, now = the_actor(), g.now
    one = queries.find(db.session(), notification_id, viewer=actor)
    afterwards.leave(lambda session: services.mark_read(session, notification_id, by=actor, now=now))
    return redirect(request.script_root + one.href, 303)


@bp.post("/read")
@signed_in
@transactional
def read_all() -> Answer:
    number = services.mark_all_read(db.session(), by=the_actor(), now=g.now)
    tell(say("%(n)s 条通知已标为已读。", n=number) if number else say("没有未读的通知。"))
    return done(None, otherwise=url_for(".index"))
