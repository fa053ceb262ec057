"""Letting a person in. The slow part (checking the password) lies between two short transactions, never inside one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import lockout, passwords, sessions, totp
from app.accounts.models import User
from app.accounts.queries import load_actor, plain_login
from app.accounts.sessions import Opened
from app.audit.trail import record
from app.errors import Conflict, Invalid
from app.policy import Actor
from app.words import say

WRONG = say("账号或密码不对。请检查大小写和输入法后再试。")


@dataclass(frozen=True)
class Place:
    """Where a person signs in from: the address and browser for the list of sessions, the network for the limits."""

    network: str
    address: str
    agent: str


def check_password(session: Session, login: str, password: str) -> int | None:
    """The id of the account when the password is right. Unknown, disabled and password-less accounts cost the same."""
    row = session.execute(
        select(User.id, User.password_hash, User.active).where(User.login == plain_login(login))
    ).one_or_none()
    usable = row.password_hash if row is not None and row.active else None
    return row.id if passwords.verify(usable, password) and row is not None else None


def enter(session: Session, user_id: int, place: Place, *, fresh_hash: str | None, now: datetime) -> Opened:
    """The password was right: open the session, or wait for the code where a second factor is on."""
    user = _usable(session, user_id)
    if fresh_hash is not None:
        user.password_hash = fresh_hash
    if user.totp_confirmed_at is not None:
        lockout.forgive(session, user.login, place.network)
        return sessions.open_session(session, user, now=now, address=place.address, agent=place.agent, pending=True)
    return _admit(session, user, place, now=now)


def enter_with_code(
    session: Session, session_id: int, user_id: int, code: str, place: Place, *, now: datetime
) -> Opened | None:
    """The second step: a session with a new token when the code is right, else None. The try is counted before."""
    user = _usable(session, user_id)
    if not totp.check(session, user, code, now=now):
        return None
    sessions.end(session, session_id, now=now)
    return _admit(session, user, place, now=now)


def _admit(session: Session, user: User, place: Place, *, now: datetime) -> Opened:
    lockout.clear(session, user.login, place.network)
    user.last_login_at = now
    opened = sessions.open_session(session, user, now=now, address=place.address, agent=place.agent, pending=False)
    record(session, load_actor(session, user.id, now), "login", user, at=now)
    return opened


def step_up(session: Session, actor: Actor, session_id: int, place: Place, *, now: datetime) -> str:
    """The person showed once more who they are: the session's new token."""
    lockout.clear(session, actor.login, place.network)
    record(session, actor, "login.step_up", kind="user", id=actor.id, at=now)
    return sessions.rotate(session, session_id, now=now)


def leave(session: Session, actor: Actor, session_id: int, *, now: datetime) -> None:
    """Sign out."""
    sessions.end(session, session_id, now=now)
    record(session, actor, "logout", kind="user", id=actor.id, at=now)


def _usable(session: Session, user_id: int) -> User:
    user = session.scalar(select(User).where(User.id == user_id, User.active).with_for_update())
    if user is None:
        raise Conflict(WRONG)
    return user


def check_new_password(user: User, password: str) -> None:
    """Raise Invalid when the password is refused."""
    if found := passwords.problems(password, about=(user.login, user.name, (user.email or "").split("@")[0])):
        raise Invalid(found[0], fields={"password": found})
