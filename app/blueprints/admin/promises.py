"""Promises on time: policies and their targets."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for

from app.blueprints.admin import choosing
from app.blueprints.admin.forms import EVERY_TARGET, NewPolicyForm, PolicyForm
from app.blueprints.admin.routes import bp
from app.blueprints.admin.saving import press, save
from app.blueprints.admin.wording import UNIT_LABELS
from app.extensions import db
from app.policy import Action
from app.sla.clock import Unit
from app.tickets import administration as rules
from app.tickets.administration import PolicyShown
from app.tickets.clocks import Target
from app.tickets.codes import ClockKind, Priority
from app.tickets.rules import SlaPolicy
from app.web.access import requires, the_actor
from app.web.forms import options
from app.web.transaction import Answer, show, transactional
from app.words import say

FIELDS = ("name", "channels", "categories", "tiers", "pauses_in_waiting", "promise_counts")
PAGE: dict[str, Any] = {"kinds": list(ClockKind), "priorities": list(Priority), "units": UNIT_LABELS}


@bp.get("/sla")
@requires(Action.CATEGORIES_ADMIN)
def sla() -> Answer:
    session = db.session()
    names = dict(choosing.categories(rules.category_tree(session)))
    return show("admin/sla.html", policies=rules.policies(session), category_names=names, **PAGE)


def _with_choices(form: PolicyForm, kept: list[str]) -> PolicyForm:
    form.categories.choices = options(*choosing.categories(rules.category_tree(db.session()), kept=kept))
    return form


def _values(shown: PolicyShown) -> dict[str, Any]:
    values = {name: getattr(shown.policy, name) for name in FIELDS}
    for kind, priority in EVERY_TARGET:
        target = shown.targets.get((kind, priority))
        values[f"{kind}-{priority}"] = target.amount if target else None
        values[f"{kind}-{priority}-unit"] = str(target.unit) if target else str(Unit.HOUR)
    return values


def _given(form: PolicyForm) -> tuple[rules.PolicyGiven, dict[tuple[str, str], Target]]:
    given = rules.PolicyGiven(
        name=form.name.data or "",
        channels=tuple(form.channels.data or ()),
        categories=tuple(form.categories.data or ()),
        tiers=tuple(form.tiers.data or ()),
        pauses_in_waiting=bool(form.pauses_in_waiting.data),
        promise_counts=bool(form.promise_counts.data),
    )
    targets: dict[tuple[str, str], Target] = {}
    for kind, priority in EVERY_TARGET:
        amount, unit = form[f"{kind}-{priority}"].data, Unit(form[f"{kind}-{priority}-unit"].data)
        if amount is not None:
            targets[(str(kind), str(priority))] = Target(1 if unit is Unit.NEXT_CYCLE else amount, unit)
    return given, targets


@bp.get("/sla/new")
@requires(Action.CATEGORIES_ADMIN)
def new_policy() -> Answer:
    return show("admin/policy.html", form=_with_choices(NewPolicyForm(), []), policy=None, **PAGE)


@bp.post("/sla/new")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def add_policy() -> Answer:
    form = _with_choices(NewPolicyForm(), [])

    def act() -> None:
        given, targets = _given(form)
        code = form["code"].data or ""
        rules.add_policy(db.session(), given, targets, code=code, by=the_actor(), now=g.now)

    return save(
        form,
        act,
        "admin/policy.html",
        said=say("时限政策已新增，从现在起登记和分级的工单按它计时。"),
        otherwise=url_for("admin.sla"),
        policy=None,
        **PAGE,
    )


@bp.get("/sla/<code>")
@requires(Action.CATEGORIES_ADMIN)
def policy(code: str) -> Answer:
    shown = rules.policy_of(db.session(), code)
    form = PolicyForm(data=_values(shown) | {"version": str(shown.policy.version)})
    return show("admin/policy.html", form=_with_choices(form, shown.policy.categories), policy=shown.policy, **PAGE)


@bp.post("/sla/<code>")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def edit_policy(code: str) -> Answer:
    session = db.session()
    found = rules.policy_of(session, code).policy
    form = _with_choices(PolicyForm(), found.categories)

    def act() -> None:
        given, targets = _given(form)
        rules.edit_policy(session, found, given, targets, version=form.seen, by=the_actor(), now=g.now)

    return save(
        form,
        act,
        "admin/policy.html",
        said=say("时限政策已保存。正在走的时限不变，新的按新规定。"),
        otherwise=url_for("admin.sla"),
        theirs=lambda: (found.version, _values(rules.policy_of(session, code))),
        policy=lambda: rules.policy_of(session, code).policy,
        **PAGE,
    )


@bp.post("/sla/<code>/retirement")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def retire_policy(code: str) -> Answer:
    found = _policy(code)
    return press(
        lambda: rules.retire_policy(db.session(), found, version=_seen(), by=the_actor(), now=g.now),
        said=say("时限政策已停用，正在走的时限不变。"),
        otherwise=url_for("admin.sla"),
    )


@bp.post("/sla/<code>/restoration")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def restore_policy(code: str) -> Answer:
    found = _policy(code)
    return press(
        lambda: rules.restore_policy(db.session(), found, version=_seen(), by=the_actor(), now=g.now),
        said=say("时限政策已恢复。"),
        otherwise=url_for("admin.sla"),
    )


def _policy(code: str) -> SlaPolicy:
    return rules.policy_of(db.session(), code).policy


def _seen() -> int:
    return request.form.get("version", 0, type=int)
