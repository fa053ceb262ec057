"""The way into the administration, and its pages that only show something."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request, url_for
from flask_babel import pgettext

from app.accounts import posts
from app.accounts import queries as accounts
from app.audit import queries as trail
from app.blueprints.admin import places
from app.blueprints.admin.permissions import legend, table
from app.blueprints.admin.wording import SETTING_LABELS
from app.extensions import db, runtime
from app.outbox import claiming
from app.policy import ROLE_LABELS, Action, Role
from app.web.access import may_here, requires
from app.web.guide import guide_clocks, guide_form
from app.web.transaction import Answer, show
from app.words import Sentence, say

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.context_processor
def for_every_page() -> dict[str, Any]:
    """The tabs over each page: only what whoever asks may enter."""
    tabs = []
    for _, entries in places.open_to_actor():
        for place in entries:
            href = url_for(f"admin.{place.endpoint}")
            is_here = request.path == href or request.path.startswith(f"{href}/")
            tabs.append((pgettext("nav", place.label), href, is_here, None, False))
    return {"places": tabs}


@bp.get("/")
@requires(*places.EVERY_ACTION)
def index() -> Answer:
    """What the actor may administer, and what asks for attention."""
    return show("admin/index.html", groups=places.open_to_actor(), notes=_notes())


def _notes() -> dict[str, tuple[Sentence, bool]]:
    """A word beside some places, and whether it is urgent."""
    session, found = db.session(), {}
    if may_here(Action.USERS_ADMIN):
        found["people"] = (say("%(n)s 人在岗", n=sum(accounts.headcounts(session).values())), False)
        found["departments"] = (say("%(n)s 个部门", n=len(accounts.departments(session))), False)
    if may_here(Action.USERS_ADMIN) or may_here(Action.MATRIX_SEE):
        alone = len(posts.posts_without_deputy(session, g.now)) + len(posts.lone_skills(session))
        found["lonely"] = (say("%(n)s 处", n=alone), False) if alone else (say("没有"), False)
    if may_here(Action.AUDIT_SEE):
        found["audit"] = (say("%(n)s 条记录", n=trail.length(session)), False)
    if may_here(Action.JOBS_ADMIN) and (dead := claiming.count_dead(session)):
        found["jobs"] = (say("%(n)s 个失败", n=dead), True)
    return found


@bp.get("/matrix")
@requires(Action.MATRIX_SEE)
def matrix() -> Answer:
    """The permission table, printed from the very data that decides."""
    return show(
        "admin/matrix.html", groups=table(), roles=[(role, ROLE_LABELS[role]) for role in Role], legend=legend()
    )


@bp.get("/lonely")
@requires(Action.USERS_ADMIN, Action.MATRIX_SEE)
def lonely() -> Answer:
    """Where the company depends on one person."""
    session = db.session()
    return show(
        "admin/lonely.html", posts=posts.posts_without_deputy(session, g.now), skills=posts.lone_skills(session)
    )


@bp.get("/settings")
@requires(Action.SETTINGS_ADMIN)
def settings() -> Answer:
    """The configuration in force. It is set from outside, so nothing can be changed here."""
    here = runtime()
    rows = [(name, SETTING_LABELS.get(name), value) for name, value in here.settings.shown().items()]
    return show("admin/settings.html", rows=rows, warnings=here.settings.warnings, rings=here.rings)


@bp.get("/styleguide")
@requires(Action.SETTINGS_ADMIN)
def styleguide() -> Answer:
    """Every component in every state, for whoever changes the look."""
    return show("admin/styleguide.html", form=guide_form(), clocks=guide_clocks(g.now))


from app.blueprints.admin import (  # noqa: E402, F401 - they add their routes to `bp`
    auditing,
    categories,
    departments,
    jobs,
    people,
    person,
    priority,
    products,
    promises,
    routing,
)
