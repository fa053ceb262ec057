"""Profile, password and sessions; the other pages are registered by being imported here."""

from __future__ import annotations

from flask import g, url_for

from app.accounts import lockout, passwords, queries, services, sessions, signing_in
from app.accounts.models import User, UserSession
from app.audit.trail import record
from app.blueprints.me import absence, bp, keys
from app.blueprints.me.agents import device
from app.blueprints.me.forms import PasswordForm, ProfileForm
from app.errors import Invalid, NotFound, TooMany
from app.extensions import db
from app.policy import ROLE_LABELS, Action
from app.web import access, afterwards, languages, limits
from app.web.access import requires, signed_in
from app.web.transaction import Answer, Page, done, show, tell, transactional, writing
from app.words import say

__all__ = ["absence", "bp", "keys"]


def _me() -> User:
    return db.session.get_one(User, g.actor.id)


def _profile_page(form: ProfileForm, status: int) -> Page:
    has_code = g.session_facts.has_second_factor
    return show(
        "me/profile.html", None, status, user=lambda: _in_full(), form=form, has_code=has_code, ROLE_LABELS=ROLE_LABELS
    )


@bp.get("")
@signed_in
def profile() -> Answer:
    return _profile_page(ProfileForm(obj=_in_full()), 200)


def _in_full() -> User:
    user = queries.person_in_full(db.session(), g.actor.id)
    if user is None:
        raise NotFound
    return user


@bp.post("")
@signed_in
@transactional
def save_profile() -> Answer:
    form, user = ProfileForm(), _me()
    if form.validate():
        if (form.email.data or "").strip().lower() != (user.email or ""):
            access.ensure_step_up()  # links for a new password go there
        try:
            services.edit_profile(
                db.session(), user, email=form.email.data, mail_wanted=form.mail_wanted.data, by=g.actor, now=g.now
            )
            tell(say("已保存。"))
            return done(None, otherwise=url_for("me.profile"))
        except Invalid as wrong:
            form.take(wrong)
    return _profile_page(form, 422)


# --- password ---


@bp.route("/password", methods=["GET", "POST"])
@requires(Action.SIGN_IN, limited=True)
def password() -> Answer:
    form = PasswordForm()
    if not form.validate_on_submit():
        return _password_page(form, 422 if form.is_submitted() else 200)
    place = limits.place()
    try:
        limits.count_try(g.actor.login, place)
        _check_both(form)
    except TooMany as wait:
        form.form_errors.append(languages.translate(wait.sentence))
        return _password_page(form, 429)
    except Invalid as wrong:
        form.take(wrong)
        return _password_page(form, 422)
    new_hash = passwords.hash_password(form.password.data)
    with writing() as write:
        user = write.get_one(User, g.actor.id)
        lockout.clear(write, user.login, place.network)
        services.change_password(write, user, new_hash, by=g.actor, now=g.now)
        opened = sessions.open_session(
            write, user, now=g.now, address=place.address, agent=place.agent, pending=False, stepped_up=True
        )
    access.carry(opened.token)
    tell(say("密码已修改，其他设备上的登录已全部退出。"))
    return done(None, otherwise=url_for("me.profile"))


def _check_both(form: PasswordForm) -> None:
    """Raise Invalid unless the old password is right and the new one is good and another."""
    user = _me()
    if not passwords.verify(user.password_hash, form.current.data):
        actor, now = g.actor, g.now
        afterwards.leave(lambda write: record(write, actor, "user.password_refused", kind="user", id=actor.id, at=now))
        raise Invalid(say("现在的密码不对。"), fields={"current": [say("现在的密码不对，请再试一次。")]})
    if form.password.data == form.current.data:
        raise Invalid(say("新密码和现在的一样。"), fields={"password": [say("新密码要和现在的不一样。")]})
    signing_in.check_new_password(user, form.password.data)


def _password_page(form: PasswordForm, status: int) -> Page:
    return show("me/password.html", None, status, form=form, must=g.session_facts.must_change_password)


# --- sessions ---


@bp.get("/sessions")
@signed_in
def session_list() -> Answer:
    rows = [(row, device(row.agent), row.id == g.session_facts.id) for row in _live_sessions()]
    return show("me/sessions.html", rows=rows)


def _live_sessions() -> list[UserSession]:
    return sessions.live_sessions(db.session(), _me(), g.now)


@bp.post("/sessions/<int:session_id>/end")
@signed_in
@transactional
def end_session(session_id: int) -> Answer:
    if session_id not in {row.id for row in _live_sessions()} or session_id == g.session_facts.id:
        raise NotFound
    sessions.end(db.session(), session_id, now=g.now)
    record(db.session(), g.actor, "session.ended", kind="session", id=session_id, at=g.now)
    tell(say("那台设备已退出登录。"))
    return done(None, otherwise=url_for("me.session_list"))


@bp.post("/sessions/end")
@signed_in
@transactional
def end_other_sessions() -> Answer:
    for row in _live_sessions():
        if row.id != g.session_facts.id:
            sessions.end(db.session(), row.id, now=g.now)
    record(db.session(), g.actor, "session.ended_others", kind="user", id=g.actor.id, at=g.now)
    tell(say("其他设备都已退出登录。"))
    return done(None, otherwise=url_for("me.session_list"))
