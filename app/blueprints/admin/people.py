"""The list of people, and a new account."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import g, request, url_for

from app.accounts import posts, services
from app.accounts import queries as accounts
from app.accounts.models import Department, User
from app.blueprints.admin import choosing
from app.blueprints.admin.forms import NewPersonForm
from app.blueprints.admin.routes import bp
from app.blueprints.admin.saving import save
from app.extensions import db
from app.policy import ROLE_LABELS, Action, Role
from app.web.access import requires, the_actor
from app.web.languages import translate
from app.web.transaction import Answer, show, transactional
from app.words import N_, say

STATES = {"": N_("在岗"), "all": N_("全部"), "disabled": N_("已停用")}


@bp.get("/people")
@requires(Action.USERS_ADMIN)
def people() -> Answer:
    """Everybody by department; the number of statements doesn't grow with the company."""
    session = db.session()
    departments = accounts.departments(session, retired=True)
    wanted = _wanted(departments)
    found = accounts.people(
        session,
        department_id=wanted["department"].id if wanted["department"] else None,
        role=wanted["role"],
        active={"": True, "all": None, "disabled": False}[wanted["state"]],
    )
    deputies = posts.deputies_now(session, g.now)
    names = accounts.people_by_id(session, (row.deputy_id for rows in deputies.values() for row in rows))
    return show(
        "admin/people.html",
        groups=_by_department(found, departments),
        total=len(found),
        deputies=deputies,
        names=names,
        managers={row.manager_id for row in departments if row.manager_id},
        chips=_chips(departments, wanted),
        narrowed=bool(request.args),
    )


def _wanted(departments: list[Department]) -> dict[str, Any]:
    """The known filters of the address; junk is dropped."""
    role, state = request.args.get("role", ""), request.args.get("state", "")
    code = request.args.get("department", "")
    return {
        "department": next((row for row in departments if row.code == code), None),
        "role": Role(role) if role in set(Role) else None,
        "state": state if state in STATES else "",
    }


def _chips(departments: list[Department], wanted: dict[str, Any]) -> list[tuple[Any, ...]]:
    """(label, options, value, clear) for each filter."""
    now = {
        "department": wanted["department"].code if wanted["department"] else None,
        "role": wanted["role"],
        "state": wanted["state"] or None,
    }

    def address(**changed: Any) -> str:
        return url_for("admin.people", **{name: value for name, value in (now | changed).items() if value})

    choices = {
        "department": [(code, name) for code, name in choosing.departments(departments, by_code=True)],
        "role": [(str(role), translate(text)) for role, text in ROLE_LABELS.items()],
        "state": [(code, translate(text)) for code, text in STATES.items()],
    }
    labels = {"department": say("部门"), "role": say("角色"), "state": say("状态")}
    found = []
    for name, label in labels.items():
        options = [(text, address(**{name: code}), (now[name] or "") == code) for code, text in choices[name]]
        value = next((text for text, _, chosen in options if chosen and now[name]), None)
        found.append((label, options, value, address(**{name: None}) if now[name] else None))
    return found


def _by_department(found: list[User], departments: list[Department]) -> list[tuple[Department | None, list[User]]]:
    place = {row.id: number for number, row in enumerate(departments)}

    def order(user: User) -> tuple[int, bool, str]:
        return place.get(user.department_id or 0, len(place)), not user.active, user.login

    ordered = sorted(found, key=order)
    return [(group[0].department, group) for group in (list(g) for _, g in groupby(ordered, key=lambda u: order(u)[0]))]


def _form() -> NewPersonForm:
    form = NewPersonForm()
    rows = choosing.departments(accounts.departments(db.session()))
    form.department_id.choices = choosing.none_or(rows, translate(say("不属于任何部门")))
    return form


@bp.get("/people/new")
@requires(Action.USERS_ADMIN, step_up=True)
def new_person() -> Answer:
    return show("admin/person_new.html", form=_form())


@bp.post("/people/new")
@requires(Action.USERS_ADMIN, step_up=True)
@transactional
def add_person() -> Answer:
    form = _form()
    made: list[User] = []

    def act() -> None:
        made.append(
            services.create_user(
                db.session(),
                login=form.login.data or "",
                name=form.name.data or "",
                email=form.email.data,
                department_id=int(form.department_id.data) if form.department_id.data else None,
                roles=[Role(role) for role in form.roles.data or []],
                locale=form.locale.data,
                by=the_actor(),
                now=g.now,
            )
        )

    return save(
        form,
        act,
        "admin/person_new.html",
        said=say("账号已建好。下一步：生成一次性链接，交给本人设定密码。"),
        otherwise=lambda: url_for("admin.person", login=made[0].login),
    )
