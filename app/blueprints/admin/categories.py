"""The tree of categories."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for

from app.blueprints.admin import choosing
from app.blueprints.admin.forms import CategoryForm, NewCategoryForm
from app.blueprints.admin.routes import bp
from app.blueprints.admin.saving import press, save
from app.blueprints.admin.wording import OTHER_PERSON_LABELS
from app.extensions import db
from app.policy import Action
from app.tickets import administration as rules
from app.tickets.rules import Category
from app.web.access import requires, the_actor
from app.web.languages import stored, translate
from app.web.transaction import Answer, show, transactional
from app.words import say

FIELDS = ("name", "impact", "urgency", "severity", "complaint", "other_person", "form5")


@bp.get("/categories")
@requires(Action.CATEGORIES_ADMIN)
def categories() -> Answer:
    tree = rules.category_tree(db.session())
    return show("admin/categories.html", tree=tree, other_person=OTHER_PERSON_LABELS)


def _given(form: CategoryForm) -> rules.CategoryGiven:
    return rules.CategoryGiven(
        name=form.name.data or "",
        impact=int(form.impact.data),
        urgency=int(form.urgency.data),
        severity=int(form.severity.data),
        complaint=bool(form.complaint.data),
        other_person=form.other_person.data,
        form5=form.form5.data,
    )


def _new_form() -> NewCategoryForm:
    form = NewCategoryForm(parent=request.args.get("parent", ""))
    tops = [top.category for top in rules.category_tree(db.session()) if top.category.retired_at is None]
    choices = [(top.code, stored(top.name)) for top in tops]
    form.parent.choices = choosing.none_or(choices, translate(say("没有上级：一级分类")))
    return form


@bp.get("/categories/new")
@requires(Action.CATEGORIES_ADMIN)
def new_category() -> Answer:
    return show("admin/category.html", form=_new_form(), category=None, top=None)


@bp.post("/categories/new")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def add_category() -> Answer:
    form = _new_form()

    def act() -> None:
        session = db.session()
        parent = rules.category_of(session, form.parent.data) if form.parent.data else None
        rules.add_category(session, _given(form), code=form.code.data or "", parent=parent, by=the_actor(), now=g.now)

    return save(
        form,
        act,
        "admin/category.html",
        said=say("分类已新增。"),
        otherwise=url_for("admin.categories"),
        category=None,
        top=None,
    )


def _values(category: Category) -> dict[str, Any]:
    values = {name: getattr(category, name) for name in FIELDS}
    return values | {axis: str(values[axis]) for axis in ("impact", "urgency", "severity")}


def _top_of(category: Category) -> Category | None:
    return db.session().get(Category, category.parent_id) if category.parent_id else None


@bp.get("/categories/<code>")
@requires(Action.CATEGORIES_ADMIN)
def category(code: str) -> Answer:
    found = rules.category_of(db.session(), code)
    form = CategoryForm(**_values(found), version=str(found.version))
    return show("admin/category.html", form=form, category=found, top=_top_of(found))


@bp.post("/categories/<code>")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def edit_category(code: str) -> Answer:
    session, form = db.session(), CategoryForm()
    found = rules.category_of(session, code)
    return save(
        form,
        lambda: rules.edit_category(session, found, _given(form), version=form.seen, by=the_actor(), now=g.now),
        "admin/category.html",
        said=say("分类已保存。已有工单不变，新工单按新的默认值。"),
        otherwise=url_for("admin.categories"),
        theirs=lambda: (found.version, _values(found)),
        category=lambda: rules.category_of(session, code),
        top=lambda: _top_of(rules.category_of(session, code)),
    )


@bp.post("/categories/<code>/retirement")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def retire_category(code: str) -> Answer:
    session = db.session()
    found = rules.category_of(session, code)
    return press(
        lambda: rules.retire_category(session, found, version=_seen(), by=the_actor(), now=g.now),
        said=say("分类「%(name)s」已停用：新工单不能再选，已有工单不变。", name=stored(found.name)),
        otherwise=url_for("admin.categories"),
    )


@bp.post("/categories/<code>/restoration")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def restore_category(code: str) -> Answer:
    session = db.session()
    found = rules.category_of(session, code)
    return press(
        lambda: rules.restore_category(session, found, version=_seen(), by=the_actor(), now=g.now),
        said=say("分类「%(name)s」已恢复。", name=stored(found.name)),
        otherwise=url_for("admin.categories"),
    )


def _seen() -> int:
    """The version that the page with the button was drawn from."""
    return request.form.get("version", 0, type=int)
