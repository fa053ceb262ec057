"""The priority matrix: three squares, one for each severity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g, url_for

from app.blueprints.admin.forms import EVERY_CELL, MatrixForm
from app.blueprints.admin.routes import bp
from app.blueprints.admin.saving import save
from app.extensions import db
from app.policy import Action
from app.tickets import administration as rules
from app.tickets.priority import LEVELS, by_rule
from app.web.access import requires, the_actor
from app.web.transaction import Answer, show, transactional
from app.words import say

PAGE: Mapping[str, Any] = {"levels": LEVELS, "shipped": {axes.code(): str(by_rule(axes)) for axes in EVERY_CELL}}


def _stored() -> tuple[int, dict[str, str]]:
    session = db.session()
    return rules.matrix_version(session), {cell.axes.code(): str(cell.priority) for cell in rules.matrix(session)}


@bp.get("/priority")
@requires(Action.CATEGORIES_ADMIN)
def priority() -> Answer:
    version, cells = _stored()
    return show("admin/priority.html", form=MatrixForm(data=cells, version=str(version)), **PAGE)


@bp.post("/priority")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def edit_priority() -> Answer:
    form = MatrixForm()

    def act() -> None:
        wanted = {axes: form[axes.code()].data for axes in EVERY_CELL}
        rules.set_matrix(db.session(), wanted, version=form.seen, by=the_actor(), now=g.now)

    return save(
        form,
        act,
        "admin/priority.html",
        said=say("优先级矩阵已保存。已有工单的优先级不变，新的分级按新矩阵。"),
        otherwise=url_for("admin.priority"),
        theirs=_stored,
        **PAGE,
    )
