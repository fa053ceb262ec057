"""What opens the account besides the password: the second factor, and API tokens."""

from __future__ import annotations

from datetime import timedelta

from flask import g, url_for

from app.accounts import tokens, totp
from app.accounts.models import ApiToken, User
from app.blueprints.me import bp
from app.blueprints.me.forms import FirstCodeForm, TokenForm
from app.errors import Invalid, NotAllowed, NotFound
from app.extensions import db
from app.policy import Action
from app.web import headers
from app.web.access import requires, second_factor_is_demanded, signed_in
from app.web.transaction import Answer, Page, done, show, tell, transactional
from app.words import say


def _me() -> User:
    return db.session.get_one(User, g.actor.id)


@bp.get("/second-factor")
@requires(Action.SIGN_IN, limited=True)
def second_factor() -> Answer:
    return _second_factor_page(FirstCodeForm(), 200)


def _second_factor_page(form: FirstCodeForm, status: int) -> Page:
    headers.no_store()
    user = _me()
    seed = totp.seed_in_setup(db.session(), user)
    picture = totp.qr_code(seed, user.login) if seed else None
    left = totp.recovery_codes_left(db.session(), user)
    must = second_factor_is_demanded()
    context = {"on": user.totp_confirmed_at, "seed": seed, "picture": picture, "left": left, "must": must}
    return show("me/second_factor.html", None, status, form=form, **context)


@bp.post("/second-factor/setup")
@requires(Action.SIGN_IN, step_up=True, limited=True)
@transactional
def begin_second_factor() -> Answer:
    totp.begin(db.session(), _me(), now=g.now)
    return done(None, otherwise=url_for("me.second_factor"))


@bp.post("/second-factor/confirmation")
@requires(Action.SIGN_IN, step_up=True, limited=True)
@transactional
def confirm_second_factor() -> Answer:
    form = FirstCodeForm()
    if form.validate():
        try:
            codes = totp.confirm(db.session(), _me(), form.code.data, by=g.actor, now=g.now)
            return _codes_page(codes)
        except Invalid as wrong:
            form.take(wrong)
    return _second_factor_page(form, 422)


@bp.post("/second-factor/recovery-codes")
@requires(Action.SIGN_IN, step_up=True)
@transactional
def renew_recovery_codes() -> Answer:
    user = _me()
    if user.totp_confirmed_at is None:
        raise NotFound
    return _codes_page(totp.renew_recovery_codes(db.session(), user, by=g.actor, now=g.now))


def _codes_page(codes: list[str]) -> Page:
    headers.no_store()
    return show("me/recovery_codes.html", codes=codes)


@bp.post("/second-factor/end")
@requires(Action.SIGN_IN, step_up=True)
@transactional
def end_second_factor() -> Answer:
    if second_factor_is_demanded():
        raise NotAllowed(say("您的角色必须使用两步验证，不能关闭。要更换手机，请找系统管理员重置。"))
    totp.turn_off(db.session(), _me(), by=g.actor, now=g.now)
    tell(say("两步验证已关闭。"), "warn")
    return done(None, otherwise=url_for("me.second_factor"))


# --- tokens ---


@bp.get("/tokens")
@signed_in
def token_list() -> Answer:
    return _tokens_page(TokenForm(), 200)


def _tokens_page(form: TokenForm, status: int) -> Page:
    return show("me/tokens.html", None, status, form=form, tokens=tokens.tokens_of(db.session(), g.actor.id))


@bp.post("/tokens")
@requires(Action.SIGN_IN, step_up=True)
@transactional
def create_token() -> Answer:
    form = TokenForm()
    if not form.validate():
        return _tokens_page(form, 422)
    days = int(form.lasts.data)
    expires_at = g.now + timedelta(days=days) if days else None
    token, secret = tokens.create(db.session(), _me(), form.name.data, by=g.actor, now=g.now, expires_at=expires_at)
    headers.no_store()
    return show("me/token_created.html", token=token, secret=secret)


@bp.post("/tokens/<int:token_id>/revocation")
@signed_in
@transactional
def revoke_token(token_id: int) -> Answer:
    token = db.session.get(ApiToken, token_id)
    if token is None or token.user_id != g.actor.id:
        raise NotFound
    tokens.revoke(db.session(), token, by=g.actor, now=g.now)
    tell(say("令牌已撤销，立即失效。"))
    return done(None, otherwise=url_for("me.token_list"))
