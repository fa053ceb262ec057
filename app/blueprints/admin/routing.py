"""Routing rules: an ordered list, the first match wins."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for

from app.accounts import queries as accounts
from app.blueprints.admin import choosing
from app.blueprints.admin.forms import RuleForm
from app.blueprints.admin.routes import bp
from app.blueprints.admin.saving import press, save
from app.customers.queries import products as catalogue
from app.extensions import db
from app.policy import Action
from app.tickets import administration as rules
from app.tickets.rules import RoutingRule
from app.web.access import requires, the_actor
from app.web.forms import options
from app.web.transaction import Answer, done, show, transactional
from app.words import say

CONDITIONS = ("category", "priority", "tier", "channel")


@bp.get("/routing")
@requires(Action.CATEGORIES_ADMIN)
def routing() -> Answer:
    session = db.session()
    tree = rules.category_tree(session)
    every_code = [one.code for top in tree for one in (top.category, *top.children)]
    return show(
        "admin/routing.html",
        rules=rules.rules(session),
        departments={row.id: row for row in accounts.departments(session, retired=True)},
        by_code={row.code: row for row in accounts.departments(session, retired=True)},
        category_names=dict(choosing.categories(tree, kept=every_code)),
        products={row.id: row for row in catalogue(session, retired=True)},
    )


def _form(rule: RoutingRule | None) -> RuleForm:
    session = db.session()
    form = RuleForm(data=_values(rule) | {"version": str(rule.version)} if rule else {})
    kept = [rule.category] if rule and rule.category else []
    form.category.choices = choosing.any_of(choosing.categories(rules.category_tree(session), kept=kept))
    form.product_id.choices = choosing.any_of(choosing.products(catalogue(session, retired=bool(rule))))
    departments = accounts.departments(session)
    form.department_id.choices = options(*choosing.departments(departments))
    form.assisting.choices = options(*choosing.departments(departments, by_code=True))
    return form


def _values(rule: RoutingRule) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(rule, name) or "" for name in CONDITIONS}
    return values | {
        "product_id": str(rule.product_id or ""),
        "department_id": str(rule.department_id),
        "to_lead": rule.role is not None,
        "assisting": list(rule.assisting),
        "escalate": rule.escalate,
    }


def _given(form: RuleForm) -> rules.RuleGiven:
    return rules.RuleGiven(
        department_id=int(form.department_id.data),
        product_id=int(form.product_id.data) if form.product_id.data else None,
        to_lead=bool(form.to_lead.data),
        assisting=tuple(form.assisting.data or ()),
        escalate=bool(form.escalate.data),
        **{name: form[name].data or None for name in CONDITIONS},
    )


@bp.get("/routing/new")
@requires(Action.CATEGORIES_ADMIN)
def new_rule() -> Answer:
    return show("admin/rule.html", form=_form(None), rule=None)


@bp.post("/routing/new")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def add_rule() -> Answer:
    form = _form(None)
    return save(
        form,
        lambda: rules.add_rule(db.session(), _given(form), by=the_actor(), now=g.now),
        "admin/rule.html",
        said=say("派单规则已新增，排在兜底规则之前。需要时再调整顺序。"),
        otherwise=url_for("admin.routing"),
        rule=None,
    )


@bp.get("/routing/<int:rule_id>")
@requires(Action.CATEGORIES_ADMIN)
def rule(rule_id: int) -> Answer:
    found = rules.rule_of(db.session(), rule_id)
    return show("admin/rule.html", form=_form(found), rule=found)


@bp.post("/routing/<int:rule_id>")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def edit_rule(rule_id: int) -> Answer:
    session = db.session()
    found = rules.rule_of(session, rule_id)
    form = _form(found)
    return save(
        form,
        lambda: rules.edit_rule(session, found, _given(form), version=form.seen, by=the_actor(), now=g.now),
        "admin/rule.html",
        said=say("派单规则已保存。已经派出的工单不变。"),
        otherwise=url_for("admin.routing"),
        theirs=lambda: (found.version, _values(found)),
        rule=lambda: rules.rule_of(session, rule_id),
    )


@bp.post("/routing/<int:rule_id>/place")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def move_rule(rule_id: int) -> Answer:
    session = db.session()
    up = request.form.get("to") == "up"
    rules.move_rule(session, rules.rule_of(session, rule_id), up=up, by=the_actor(), now=g.now)
    return done(None, otherwise=f"{url_for('admin.routing')}#rule-{rule_id}")


@bp.post("/routing/<int:rule_id>/deletion")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def delete_rule(rule_id: int) -> Answer:
    session = db.session()
    found = rules.rule_of(session, rule_id)
    version = request.form.get("version", 0, type=int)
    return press(
        lambda: rules.delete_rule(session, found, version=version, by=the_actor(), now=g.now),
        said=say("派单规则已删除。已经派出的工单不变。"),
        otherwise=url_for("admin.routing"),
    )
