"""My work: what is due, what waits for me, whom to call."""

from __future__ import annotations

from flask import Blueprint, g

from app.extensions import db
from app.policy import Action, may
from app.tickets import queries
from app.web.access import signed_in, the_actor
from app.web.transaction import Answer, show

bp = Blueprint("home", __name__)


@bp.get("/")
@signed_in
def index() -> Answer:
    actor = the_actor()
    work = queries.home(db.session(), viewer=actor, now=g.now) if may(actor, Action.TICKET_SEE) else None
    return show("home/index.html", work=work)
