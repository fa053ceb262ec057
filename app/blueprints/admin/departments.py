"""Departments: who manages them, who is their contact."""

from __future__ import annotations

from typing import Any

from flask import g, url_for

from app.accounts import departments as services
from app.accounts import queries as accounts
from app.accounts.models import Department
from app.blueprints.admin import choosing
from app.blueprints.admin.forms import DepartmentForm, NewDepartmentForm
from app.blueprints.admin.routes import bp
from app.blueprints.admin.saving import press, save
from app.errors import NotFound
from app.extensions import db
from app.policy import Action
from app.web.access import requires, the_actor
from app.web.languages import translate
from app.web.transaction import Answer, show, transactional
from app.words import say


def _found(code: str) -> Department:
    department = accounts.department_by_code(db.session(), code)
    if department is None:
        raise NotFound
    return department


@bp.get("/departments")
@requires(Action.USERS_ADMIN)
def departments() -> Answer:
    session = db.session()
    rows = accounts.departments(session, retired=True)
    names = accounts.people_by_id(session, {id_ for row in rows for id_ in (row.manager_id, row.contact_id)})
    return show(
        "admin/departments.html",
        rows=sorted(rows, key=lambda row: row.retired_at is not None),
        names=names,
        counts=accounts.headcounts(session),
    )


@bp.get("/departments/new")
@requires(Action.USERS_ADMIN)
def new_department() -> Answer:
    return show("admin/department.html", form=NewDepartmentForm(), department=None)


@bp.post("/departments/new")
@requires(Action.USERS_ADMIN)
@transactional
def add_department() -> Answer:
    form = NewDepartmentForm()

    def act() -> None:
        given = {"code": form.code.data or "", "name": form.name.data or ""}
        services.create_department(db.session(), **given, by=the_actor(), now=g.now)

    return save(
        form,
        act,
        "admin/department.html",
        said=say("部门已新建。接着可以指定负责人和接口人。"),
        otherwise=lambda: url_for("admin.department", code=(form.code.data or "").lower()),
        department=None,
    )


def _form(department: Department) -> DepartmentForm:
    form = DepartmentForm(
        name=department.name,
        manager_id=str(department.manager_id or ""),
        contact_id=str(department.contact_id or ""),
        version=str(department.version),
    )
    rows = choosing.none_or(choosing.people(accounts.people(db.session()), by_id=True), translate(say("未指定")))
    form.manager_id.choices = form.contact_id.choices = rows
    return form


@bp.get("/departments/<code>")
@requires(Action.USERS_ADMIN)
def department(code: str) -> Answer:
    found = _found(code)
    members = accounts.people(db.session(), department_id=found.id)
    return show("admin/department.html", form=_form(found), department=found, members=members)


@bp.post("/departments/<code>")
@requires(Action.USERS_ADMIN)
@transactional
def edit_department(code: str) -> Answer:
    found = _found(code)
    form = _form(found)

    def act() -> None:
        services.edit_department(
            db.session(),
            found,
            name=form.name.data or "",
            manager_id=int(form.manager_id.data) if form.manager_id.data else None,
            contact_id=int(form.contact_id.data) if form.contact_id.data else None,
            version=form.seen,
            by=the_actor(),
            now=g.now,
        )

    def theirs() -> tuple[int, dict[str, Any]]:
        ids = {"manager_id": str(found.manager_id or ""), "contact_id": str(found.contact_id or "")}
        return found.version, {"name": found.name} | ids

    return save(
        form,
        act,
        "admin/department.html",
        said=say("部门资料已保存。"),
        otherwise=url_for("admin.departments"),
        theirs=theirs,
        department=lambda: _found(code),
        members=lambda: accounts.people(db.session(), department_id=_found(code).id),
    )


@bp.post("/departments/<code>/retirement")
@requires(Action.USERS_ADMIN)
@transactional
def retire_department(code: str) -> Answer:
    found = _found(code)
    return press(
        lambda: services.retire_department(db.session(), found, by=the_actor(), now=g.now),
        said=say("部门已停用，以往的记录不变。"),
        otherwise=url_for("admin.departments"),
    )
