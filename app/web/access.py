"""The one door: who asks, and whether the route that answers is for them.

Every route declares its permission with `requires`, or that it is open to all with `public`. A route that declares
nothing answers nobody, so a forgotten line hides a page instead of opening it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlencode

from flask import Flask, current_app, g, redirect, request, url_for
from flask import session as cookie
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy import update
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from app import clock
from app.accounts import sessions
from app.accounts.models import ApiToken
from app.accounts.queries import SessionFacts, load_session, load_token
from app.audit.trail import record
from app.config import Settings, SettingsError
from app.errors import NeedsStepUp, NotAllowed, NotFound
from app.extensions import db, runtime
from app.policy import Action, Actor, Facts, Role, may
from app.web import afterwards, drafts, htmx
from app.web.headers import is_api
from app.web.transaction import Answer, Page, status_of
from app.words import say

P = ParamSpec("P")
V = TypeVar("V")

MARK = "__access__"
TOKEN_SEEN_EVERY = timedelta(minutes=1)
# What layouts ask for: does the menu have this entry?
MENU: dict[str, tuple[Action, ...]] = {
    "ticket.list": (Action.TICKET_SEE,),
    "follow_up.list": (Action.FOLLOW_UP,),
    "customer.list": (Action.CUSTOMER_FIND,),
    "admin.open": (
        Action.USERS_ADMIN,
        Action.CATEGORIES_ADMIN,
        Action.SETTINGS_ADMIN,
        Action.JOBS_ADMIN,
        Action.MATRIX_SEE,
        Action.AUDIT_SEE,
    ),
}


@dataclass(frozen=True)
class Access:
    """What a route says about itself. No action: open to all."""

    actions: tuple[Action, ...] = ()
    step_up: bool = False  # the password or a code within the last ten minutes
    polling: bool = False  # doesn't keep the session alive
    limited: bool = False  # also for somebody who must change the password or set up the second factor first


class SignedIn(UserMixin):
    """What Flask-Login holds: the session's token is the identity, so that ending the row ends the login."""

    def __init__(self, token: str, facts: SessionFacts | None = None) -> None:
        self.token = token
        self.facts = facts

    def get_id(self) -> str:
        return self.token


# --- declaring --------------------------------------------------------------------------------------------------------


def requires(
    *actions: Action, step_up: bool = False, polling: bool = False, limited: bool = False
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """This route is for people who may do one of the actions to something at all; the services ask about the object."""
    if not actions:
        raise ValueError("requires() needs an action; public marks what is open to all")
    return _declare(Access(actions, step_up, polling, limited))


def public(view: Callable[P, Any]) -> Callable[P, Any]:
    """This route is open to everybody, signed in or not."""
    return _declare(Access())(view)


def signed_in(view: Callable[P, Any]) -> Callable[P, Any]:
    """This route is for everybody who has an account."""
    return requires(Action.SIGN_IN)(view)


def _declare(access: Access) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(view)
        def drawn(*args: P.args, **kwargs: P.kwargs) -> Any:
            answer: Answer = view(*args, **kwargs)
            if request.method == "POST" and not is_api() and status_of(answer) < 400:
                drafts.forget_saved()
            return answer.draw() if isinstance(answer, Page) else answer

        setattr(drawn, MARK, access)
        return drawn

    return decorate


def declared(app: Flask, endpoint: str, method: str) -> Access | None:
    """What the route behind an endpoint declares, for functions and for methods of view classes."""
    view: Any = app.view_functions.get(endpoint)
    found: Access | None = getattr(view, MARK, None)
    if found is None and (view_class := getattr(view, "view_class", None)) is not None:
        name = "get" if method == "HEAD" else method.lower()
        found = getattr(getattr(view_class, name, None), MARK, getattr(view_class, MARK, None))
    return found


# --- asking -----------------------------------------------------------------------------------------------------------


def the_actor() -> Actor:
    """Who acts; behind `requires` there always is somebody."""
    actor: Actor | None = g.get("actor")
    if actor is None:
        raise NotAllowed
    return actor


def ensure_step_up() -> None:
    """Raise NeedsStepUp unless the password or a code was given within the last ten minutes."""
    facts: SessionFacts | None = g.get("session_facts")
    if facts is None or not sessions.stepped_up(facts, g.now):
        raise NeedsStepUp


def may_here(action: Action | str, facts: Facts | None = None) -> bool:
    """`may` for templates: an action, its value, or the name of a menu entry."""
    actor: Actor | None = g.get("actor")
    if isinstance(action, str) and action in MENU:
        return any(may(actor, one) for one in MENU[action])
    return may(actor, Action(action), facts)


# --- per request ------------------------------------------------------------------------------------------------------


def begin() -> None:
    """What every request has, also one that fails early."""
    g.now, g.actor, g.session_facts, g.pending, g.expired, g.token_id = clock.now(), None, None, None, None, None


def identify() -> None:
    """Load the actor: two statements, once, from a bearer token under /api/ and from the cookie elsewhere."""
    if request.endpoint == "static":
        return
    if is_api():
        _identify_program()
    elif current_user.is_authenticated:
        facts: SessionFacts = current_user.facts
        if facts.second_factor_pending:
            g.pending = facts
        else:
            g.actor, g.session_facts = facts.actor, facts


def _identify_program() -> None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not secret.strip():
        return
    found = load_token(db.session(), secret.strip(), g.now)
    if found is None:
        return
    g.actor, g.token_id = found.actor, found.id
    if found.last_used_at is None or g.now - found.last_used_at >= TOKEN_SEEN_EVERY:
        used = update(ApiToken).where(ApiToken.id == found.id).values(last_used_at=g.now)
        afterwards.leave(lambda session: session.execute(used))


def _load_user(token: object) -> SignedIn | None:
    facts = load_session(db.session(), token, g.now) if isinstance(token, str) else None
    if facts is None:
        return None
    if not sessions.stands(facts, g.now):
        g.expired = facts
        return None
    return SignedIn(str(token), facts)


def enforce() -> Response | None:
    """Let the request in, send it to the login, or refuse it."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    access = declared(current_app, request.endpoint, request.method)
    if access is None:
        raise NotFound
    if not access.actions:
        return None
    if g.actor is None:
        return _turn_away()
    if g.session_facts is not None and g.session_facts.must_change_password and not access.limited:
        return _send(url_for("me.password"))
    if _lacks_second_factor() and not access.limited:
        return _send(url_for("me.second_factor"))
    if not any(may(g.actor, action) for action in access.actions):
        raise NotAllowed
    if access.step_up:
        ensure_step_up()
    _keep_alive(access)
    drafts.restore()
    return None


def second_factor_is_demanded() -> bool:
    """Does a role of this person demand two-step sign-in?"""
    return not the_actor().roles.isdisjoint(runtime().settings.second_factor_roles)


def _lacks_second_factor() -> bool:
    """Does a role of this person demand it, and it isn't set up? Tokens are made behind it, so they are not asked."""
    facts: SessionFacts | None = g.session_facts
    return facts is not None and not facts.has_second_factor and second_factor_is_demanded()


def _keep_alive(access: Access) -> None:
    facts: SessionFacts | None = g.session_facts
    polls = access.polling or request.headers.get("X-Poll") == "1"
    if facts is not None and not polls and g.now - facts.seen_at >= sessions.SEEN_EVERY:
        session_id, now = facts.id, g.now
        afterwards.leave(lambda session: sessions.touch(session, session_id, now=now))


def _turn_away() -> Response:
    """To the login, and back afterwards. What was typed when the session ran out is kept for its author."""
    if is_api():
        raise Unauthorized
    back = None
    if request.method in ("GET", "HEAD") and not htmx.is_htmx():
        back = htmx.local_path(request.full_path.removesuffix("?"))
    elif _known_author() is not None:
        back = drafts.keep_request(g.expired.user_id)
    if back is None and (request.method not in ("GET", "HEAD") or htmx.is_htmx()):
        back = htmx.current_path()
    target = url_for("auth.login") + (f"?{urlencode({'next': back})}" if back and back != "/" else "")
    return _send(target, status=401)


def _known_author() -> int | None:
    """Whose session ran out. One that was signed out on purpose says nothing about who types now."""
    facts: SessionFacts | None = g.expired
    if facts is None or not facts.active or facts.ended_at is not None or facts.second_factor_pending:
        return None
    return facts.user_id


def _send(target: str, *, status: int = 200) -> Response:
    return htmx.redirect(target, status) if htmx.is_htmx() else redirect(target, 303)


def to_step_up() -> Response:
    """Answer to NeedsStepUp on a page: keep what was typed, ask for the password, come back."""
    back = drafts.keep_request(g.actor.id) if g.actor and request.method == "POST" else None
    if back is None:
        is_page = request.method in ("GET", "HEAD") and not htmx.is_htmx()
        back = htmx.local_path(request.full_path.removesuffix("?")) if is_page else htmx.current_path()
    query = urlencode({"next": back}) if back else ""
    return _send(url_for("auth.step_up") + (f"?{query}" if query else ""), status=401)


def carry(token: str) -> None:
    """Put a new session's token into the cookie; whatever an earlier visitor left in it goes, the CSRF secret too."""
    cookie.clear()
    g.pop("csrf_token", None)
    login_user(SignedIn(token))


def carry_on(token: str) -> None:
    """The same visit under a new token (step-up): forms that are open in other tabs stay good."""
    login_user(SignedIn(token))


def drop() -> None:
    """Sign the browser out."""
    logout_user()
    cookie.clear()
    g.pop("csrf_token", None)


def record_refusal() -> None:
    """Leave a denial in the audit trail: who, which route, never what was sent."""
    actor: Actor | None = g.get("actor")
    if actor is None:
        return
    data, at = {"endpoint": request.endpoint, "method": request.method}, g.now
    afterwards.leave(lambda session: record(session, actor, "access.denied", at=at, data=data))


def install(app: Flask, settings: Settings) -> None:
    """Identify and enforce before every request; `begin` and the other checks are wired in web/__init__.py."""
    if unknown := set(settings.second_factor_roles) - set(Role):
        raise SettingsError(say("SECOND_FACTOR_ROLES 里有不认识的角色：%(codes)s", codes=", ".join(sorted(unknown))))
    manager = LoginManager()
    manager.session_protection = None  # rows end sessions; a changed address alone must not
    manager.init_app(app)
    manager.user_loader(_load_user)
    app.jinja_env.globals["may"] = may_here

    @app.context_processor
    def for_layouts() -> dict[str, Any]:
        return {"actor": g.get("actor")}
