"""Signing in: each step answers alike for known and unknown names, and hashes outside the transaction."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from app.accounts import passwords, resets, services, sessions, signing_in, throttle, totp
from app.accounts.models import User
from app.accounts.queries import person_by_login
from app.audit.trail import record
from app.blueprints.auth.forms import CodeForm, ForgotForm, LoginForm, NewPasswordForm, StepUpForm
from app.errors import Conflict, Invalid, TooMany
from app.extensions import db
from app.policy import Action
from app.web import access, afterwards, headers, languages, limits
from app.web.access import public, requires
from app.web.forms import Form
from app.web.htmx import local_path
from app.web.transaction import Answer, Page, done, show, tell, writing
from app.words import Sentence, say

bp = Blueprint("auth", __name__)

RESET_TOKEN = "reset_token"
ASKED = say("如果这个账号登记了邮箱，几分钟内会收到一封邮件。请按邮件里的链接设置新密码，链接 15 分钟内有效。")


def _next(form: Any = None) -> str:
    """Where to go on: a path of this site or home."""
    given = form.next.data if form is not None and request.method == "POST" else request.args.get("next")
    return local_path(given) or "/"


# --- the first step ---------------------------------------------------------------------------------------------------


@bp.route("/login", methods=["GET", "POST"])
@public
def login() -> Answer:
    if g.actor is not None:
        return redirect(_next(), 303)
    form = LoginForm()
    if not form.validate_on_submit():
        return _login_page(form, 422 if form.is_submitted() else 200)
    place = limits.place()
    try:
        limits.count_try(form.login.data, place)
    except TooMany as wait:
        return _refuse_login(form, wait.sentence, 429)
    user_id = signing_in.check_password(db.session(), form.login.data, form.password.data)
    if user_id is None:
        return _refuse_login(form, signing_in.WRONG, 422)
    fresh_hash = _rehashed(user_id, form.password.data)
    with writing() as write:
        opened = signing_in.enter(write, user_id, place, fresh_hash=fresh_hash, now=g.now)
    access.carry(opened.token)
    target = _next(form)
    if opened.second_factor_pending:
        return redirect(url_for("auth.code") + ("" if target == "/" else f"?{urlencode({'next': target})}"), 303)
    return redirect(target, 303)


def _login_page(form: LoginForm, status: int) -> Page:
    lapsed = kept = False
    if request.method == "GET":
        form.next.data = _next()
        lapsed = g.expired is not None and g.expired.ended_at is None
        kept = lapsed and "draft" in form.next.data
    return show("auth/login.html", None, status, form=form, lapsed=lapsed, kept=kept)


def _refuse_login(form: LoginForm, sentence: Sentence, status: int) -> Page:
    typed, now = form.login.data, g.now
    afterwards.leave(lambda write: _record_failure(write, typed, now))
    form.form_errors.append(languages.translate(sentence))
    return _login_page(form, status)


def _record_failure(write: Any, typed: str, now: Any) -> None:
    """Which account was tried; what was typed is not written down, because it may be a password."""
    user = person_by_login(write, typed)
    record(write, None, "login.failed", kind="user", id=user.id if user else None, at=now)


def _rehashed(user_id: int, password: str) -> str | None:
    user = db.session.get(User, user_id)
    stored = user.password_hash if user else None
    return passwords.hash_password(password) if stored and passwords.needs_rehash(stored) else None


# --- the second step --------------------------------------------------------------------------------------------------


@bp.route("/login/code", methods=["GET", "POST"])
@public
def code() -> Answer:
    if g.actor is not None:
        return redirect(_next(), 303)
    if g.pending is None:
        return redirect(url_for("auth.login"), 303)
    form = CodeForm()
    if not form.validate_on_submit():
        if request.method == "GET":
            form.next.data = _next()
        return show("auth/code.html", None, 422 if form.is_submitted() else 200, form=form)
    place, pending = limits.place(), g.pending
    try:
        limits.count_try(pending.actor.login, place)
        with writing() as write:
            opened = signing_in.enter_with_code(write, pending.id, pending.user_id, form.code.data, place, now=g.now)
    except TooMany as wait:
        form.form_errors.append(languages.translate(wait.sentence))
        return show("auth/code.html", None, 429, form=form)
    if opened is None:
        now = g.now
        afterwards.leave(
            lambda write: record(write, None, "login.code_failed", kind="user", id=pending.user_id, at=now)
        )
        form.blame("code", totp.WRONG)
        return show("auth/code.html", None, 422, form=form)
    access.carry(opened.token)
    return redirect(_next(form), 303)


# --- out, and once more -----------------------------------------------------------------------------------------------


@bp.post("/logout")
@public
def logout() -> Answer:
    """Ends the session row, not only the cookie. Twice is as good as once."""
    if g.actor is not None:
        with writing() as write:
            signing_in.leave(write, g.actor, g.session_facts.id, now=g.now)
    elif g.pending is not None:
        with writing() as write:
            sessions.end(write, g.pending.id, now=g.now)
    access.drop()
    tell(say("您已退出登录。"))
    answer = redirect(url_for("auth.login"), 303)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@bp.route("/step-up", methods=["GET", "POST"])
@requires(Action.SIGN_IN, limited=True)
def step_up() -> Answer:
    form = StepUpForm()
    if request.method != "POST":
        form.next.data = _next()
        return _step_up_page(form, 200)
    if not form.validate():
        return _step_up_page(form, 422)
    place = limits.place()
    try:
        limits.count_try(g.actor.login, place)
    except TooMany as wait:
        form.form_errors.append(languages.translate(wait.sentence))
        return _step_up_page(form, 429)
    if not _is_the_person(form):
        actor, now = g.actor, g.now
        afterwards.leave(lambda write: record(write, actor, "login.step_up_failed", kind="user", id=actor.id, at=now))
        form.form_errors.append(languages.translate(say("密码或验证码不对，请再试一次。")))
        return _step_up_page(form, 422)
    with writing() as write:
        token = signing_in.step_up(write, g.actor, g.session_facts.id, place, now=g.now)
    access.carry_on(token)
    return redirect(_next(form), 303)


def _is_the_person(form: StepUpForm) -> bool:
    if form.password.data:
        return bool(signing_in.check_password(db.session(), g.actor.login, form.password.data) == g.actor.id)
    if not form.code.data:
        return False
    with writing() as write:
        user = write.get_one(User, g.actor.id)
        return totp.check(write, user, form.code.data, now=g.now)


def _step_up_page(form: StepUpForm, status: int) -> Page:
    return show("auth/step_up.html", None, status, form=form, has_code=g.session_facts.has_second_factor)


# --- forgotten --------------------------------------------------------------------------------------------------------


@bp.route("/password/forgot", methods=["GET", "POST"])
@public
def forgot() -> Answer:
    """The answer is the same whether the account exists, has a mail address, or not."""
    form = ForgotForm()
    if not form.validate_on_submit():
        return show("auth/forgot.html", None, 422 if form.is_submitted() else 200, form=form)
    with writing() as write:
        limits.spend(throttle.RESET, f"network:{limits.network()}")
        resets.want_reset(write, form.who.data, now=g.now)
    tell(ASKED)
    return done(None, otherwise=url_for("auth.login"))


@bp.get("/password/reset/<token>")
@public
def reset_link(token: str) -> Answer:
    """Take the secret out of the address at once: it would stand in the history and in the next page's Referer."""
    session[RESET_TOKEN] = token[:100]
    return redirect(url_for("auth.reset"), 303)


@bp.route("/password/reset", methods=["GET", "POST"])
@public
def reset() -> Answer:
    headers.no_store()
    token: str = session.get(RESET_TOKEN, "")
    user = resets.holder(db.session(), token, now=g.now)
    if user is None:
        session.pop(RESET_TOKEN, None)
        return show("auth/reset_dead.html", None, 404)
    form = NewPasswordForm()
    if not form.validate_on_submit() or not _new_password_is_fine(form, user):
        return show("auth/reset.html", None, 422 if form.is_submitted() else 200, form=form, login=user.login)
    new_hash = passwords.hash_password(form.password.data)
    try:
        with writing() as write:
            resets.use_reset(write, token, new_hash, now=g.now)
    except Conflict:
        return show("auth/reset_dead.html", None, 409)
    access.drop()
    tell(say("新密码已生效，原来登录的设备都已退出。请用新密码登录。"))
    return redirect(url_for("auth.login"), 303)


def _new_password_is_fine(form: Form, user: User) -> bool:
    try:
        signing_in.check_new_password(user, form["password"].data)
    except Invalid as wrong:
        form.take(wrong)
        return False
    return True


# --- language ---------------------------------------------------------------------------------------------------------


@bp.post("/language")
@public
def language() -> Answer:
    """The three buttons. Signed in, it becomes the person's setting; the cookie is for the sign-in page."""
    chosen = languages.canonical(request.form.get("locale"))
    back = local_path(request.form.get("next")) or "/"
    if chosen is None:
        raise Invalid(say("没有这种语言。"))
    if g.actor is not None:
        with writing() as write:
            services.set_locale(write, g.actor.id, languages.STORED[chosen])
    answer: Response = redirect(back, 303)
    secure = headers.is_secure()
    answer.set_cookie(
        languages.COOKIE, chosen, max_age=languages.COOKIE_LASTS, httponly=True, secure=secure, samesite="Lax"
    )
    return answer
