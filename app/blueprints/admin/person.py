"""One person: profile, roles, skills, deputies, and the account itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from flask import g, request, url_for

from app.accounts import deputies, resets, services, sessions
from app.accounts import queries as accounts
from app.accounts.models import User
from app.blueprints.admin import choosing
from app.blueprints.admin.forms import DeputyForm, LeavingForm, PersonForm, RolesForm, SkillsForm
from app.blueprints.admin.routes import bp
from app.blueprints.admin.saving import press, save
from app.errors import NotFound
from app.extensions import db, runtime
from app.policy import Action, Role
from app.tickets import administration
from app.web import formats, headers
from app.web.access import ensure_step_up, requires, the_actor
from app.web.forms import Form
from app.web.languages import translate
from app.web.transaction import Answer, done, show, tell, transactional
from app.words import Sentence, say

PAGE = "admin/person.html"


def _found(login: str) -> User:
    """The person with roles, skills and department. Raises NotFound."""
    session = db.session()
    known = accounts.person_by_login(session, login)
    person = accounts.person_in_full(session, known.id) if known else None
    if person is None:
        raise NotFound
    return person


# --- the page ---------------------------------------------------------------------------------------------------------


def _drawn(login: str) -> dict[str, Any]:
    """What the page shows, read when it is drawn; `form` (the one that was sent) takes the place of its like."""
    return {"person": lambda: _found(login), "facts": lambda: _facts(login), "forms": lambda: _forms(login)}


def _facts(login: str) -> dict[str, Any]:
    session, person = db.session(), _found(login)
    rows = accounts.deputyships(session, person.id, g.now)
    return {
        "rows": rows,
        "names": accounts.people_by_id(session, {n for row in rows for n in (row.user_id, row.deputy_id)}),
        "blink": timedelta(microseconds=1),  # a row ends at midnight: its last day is the one before
        "held": administration.held_by(session, person.id),
        "sessions": len(sessions.live_sessions(session, person, g.now)),
        "is_me": person.id == the_actor().id,
        "manages": [row for row in accounts.departments(session) if row.manager_id == person.id],
    }


def _forms(login: str) -> dict[str, Form]:
    """All forms of the page as they are stored. After a POST none of them may swallow what was sent to another."""
    person = _found(login)
    plain: dict[str, Any] = {} if request.method == "GET" else {"formdata": None}
    return {
        "profile": _profile(person, **plain),
        "roles": RolesForm(**plain, roles=[row.role for row in person.roles]),
        "skills": SkillsForm(**plain, skills="、".join(sorted(row.skill for row in person.skills))),
        "leaving": _leaving(person, **plain),
        "deputy": _deputy(person, **plain),
    }


def _profile(person: User, **plain: Any) -> PersonForm:
    form = PersonForm(
        **plain,
        name=person.name,
        email=person.email,
        department_id=str(person.department_id or ""),
        version=str(person.version),
    )
    rows = accounts.departments(db.session())
    if person.department is not None and person.department not in rows:
        rows = [*rows, person.department]
    form.department_id.choices = choosing.none_or(choosing.departments(rows), translate(say("不属于任何部门")))
    return form


def _colleagues(person: User) -> list[User]:
    return [one for one in accounts.people(db.session()) if one.id != person.id]


def _leaving(person: User, **plain: Any) -> LeavingForm:
    form = LeavingForm(**plain)
    rows = choosing.people(_colleagues(person))
    form.heir.choices = choosing.none_or(rows, translate(say("不指定：回到各部门待认领")))
    return form


def _deputy(person: User, **plain: Any) -> DeputyForm:
    form = DeputyForm(**plain)
    others = [one for one in _colleagues(person) if Role.TRAINEE not in {row.role for row in one.roles}]
    form.deputy.choices = choosing.none_or(choosing.people(others), translate(say("请选择")))
    return form


@bp.get("/people/<login>")
@requires(Action.USERS_ADMIN)
def person(login: str) -> Answer:
    return show(PAGE, **_drawn(_found(login).login))


def _save(login: str, name: str, form: Form, act: Callable[[], object], said: Sentence, **more: Any) -> Answer:
    drawn = _drawn(login)
    drawn["forms"] = lambda: _forms(login) | {name: form}
    return save(form, act, PAGE, said=said, otherwise=url_for("admin.person", login=login), **drawn, **more)


# --- profile, roles, skills -------------------------------------------------------------------------------------------


@bp.post("/people/<login>")
@requires(Action.USERS_ADMIN)
@transactional
def edit_person(login: str) -> Answer:
    person = _found(login)
    form = _profile(person)

    def act() -> None:
        if (form.email.data or "").strip().lower() != (person.email or ""):
            ensure_step_up()  # links for a new password go there
        services.edit_user(
            db.session(),
            person,
            name=form.name.data or "",
            email=form.email.data,
            department_id=int(form.department_id.data) if form.department_id.data else None,
            version=form.seen,
            by=the_actor(),
            now=g.now,
        )

    def theirs() -> tuple[int, dict[str, Any]]:
        values = {"name": person.name, "email": person.email, "department_id": str(person.department_id or "")}
        return person.version, values

    return _save(person.login, "profile", form, act, say("资料已保存。"), theirs=theirs)


@bp.post("/people/<login>/roles")
@requires(Action.USERS_ADMIN, step_up=True)
@transactional
def set_person_roles(login: str) -> Answer:
    person, form = _found(login), RolesForm()

    def act() -> None:
        roles = [Role(role) for role in form.roles.data or []]
        services.set_roles(db.session(), person, roles, by=the_actor(), now=g.now)

    return _save(person.login, "roles", form, act, say("角色已保存，从这位同事的下一次操作起生效。"))


@bp.post("/people/<login>/skills")
@requires(Action.USERS_ADMIN)
@transactional
def set_person_skills(login: str) -> Answer:
    person, form = _found(login), SkillsForm()

    def act() -> None:
        services.set_skills(db.session(), person, form.given, by=the_actor(), now=g.now)

    return _save(person.login, "skills", form, act, say("技能已保存。"))


# --- the account ------------------------------------------------------------------------------------------------------


@bp.post("/people/<login>/disabling")
@requires(Action.USERS_ADMIN, step_up=True)
@transactional
def disable_person(login: str) -> Answer:
    person = _found(login)
    form = _leaving(person)

    def act() -> None:
        heir = accounts.person_by_login(db.session(), form.heir.data) if form.heir.data else None
        handover = partial(administration.hand_over, to=heir)
        services.disable(db.session(), person, handover=handover, by=the_actor(), now=g.now)

    return _save(person.login, "leaving", form, act, say("账号已停用，所有登录已退出，名下的工作已交接。"))


@bp.post("/people/<login>/enabling")
@requires(Action.USERS_ADMIN, step_up=True)
@transactional
def enable_person(login: str) -> Answer:
    person = _found(login)
    return press(
        lambda: services.enable(db.session(), person, by=the_actor(), now=g.now),
        said=say("账号已恢复。原来的密码不再有效：请生成一次性链接，交给本人设定新密码。"),
        otherwise=url_for("admin.person", login=person.login),
    )


@bp.post("/people/<login>/invitation")
@requires(Action.USERS_ADMIN, step_up=True)
@transactional
def invite_person(login: str) -> Answer:
    """The link is shown in this one answer and nowhere else; another one makes it useless."""
    person = _found(login)
    token = resets.invite(db.session(), person, by=the_actor(), now=g.now)
    headers.no_store()
    return show(
        "admin/invitation.html",
        person=person,
        link=f"{runtime().settings.base_url}/password/reset/{token}",
        until=g.now + resets.INVITE_LASTS,
    )


@bp.post("/people/<login>/sessions/end")
@requires(Action.USERS_ADMIN)
@transactional
def sign_out_person(login: str) -> Answer:
    person = _found(login)
    return press(
        lambda: services.sign_out_everywhere(db.session(), person, by=the_actor(), now=g.now),
        said=say("已退出这位同事的所有登录。"),
        otherwise=url_for("admin.person", login=person.login),
    )


@bp.post("/people/<login>/second-factor/end")
@requires(Action.USERS_ADMIN, step_up=True)
@transactional
def drop_person_second_factor(login: str) -> Answer:
    person = _found(login)
    return press(
        lambda: services.drop_second_factor(db.session(), person, by=the_actor(), now=g.now),
        said=say("已关闭这位同事的两步验证。请提醒本人登录后重新开启。"),
        otherwise=url_for("admin.person", login=person.login),
    )


# --- deputies ---------------------------------------------------------------------------------------------------------


@bp.post("/people/<login>/deputies")
@requires(Action.USERS_ADMIN)
@transactional
def appoint_person_deputy(login: str) -> Answer:
    person = _found(login)
    form = _deputy(person)

    def act() -> None:
        deputy = accounts.person_by_login(db.session(), form.deputy.data or "")
        starts_at = _midnight(form.starts_on.data)
        ends_at = _midnight(form.ends_on.data) + timedelta(days=1)
        deputies.appoint(
            db.session(), person.id, deputy.id if deputy else 0, starts_at, ends_at, by=the_actor(), now=g.now
        )

    return _save(person.login, "deputy", form, act, say("代理人已指定，届时自动生效。"))


@bp.post("/people/<login>/deputies/<int:row_id>/end")
@requires(Action.USERS_ADMIN)
@transactional
def end_person_deputy(login: str, row_id: int) -> Answer:
    person = _found(login)
    rows = accounts.deputyships(db.session(), person.id, g.now)
    row = next((one for one in rows if one.id == row_id and one.user_id == person.id), None)
    if row is None:
        raise NotFound
    deputies.take_back(db.session(), row, by=the_actor(), now=g.now)
    tell(say("代理已收回。"))
    return done(None, otherwise=url_for("admin.person", login=person.login))


def _midnight(day: date | None) -> datetime:
    """The beginning of a day on the company's calendar."""
    return datetime.combine(day or formats.here(g.now).date(), time.min, tzinfo=formats.zone())
