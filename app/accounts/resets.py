"""One-time links: a forgotten password, and the first password of a new colleague.

Whoever asks for a link only leaves a message in the outbox; the link itself is made by the worker that mails it, so
that the secret part stands nowhere but in the mail. A link never touches the second factor.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts import services
from app.accounts.digests import digest_of, new_token
from app.accounts.models import ApiToken, PasswordReset, User
from app.accounts.queries import plain_login
from app.audit.trail import record
from app.errors import Conflict, NotAllowed
from app.outbox.publishing import publish
from app.policy import Action, Actor, authorize
from app.words import say

RESET_LASTS = timedelta(minutes=15)
INVITE_LASTS = timedelta(hours=24)
UNUSABLE = say("这个链接已经用过或过期了，密码没有改变。请重新申请一个。")


def want_reset(session: Session, who: str, *, now: datetime) -> None:
    """Ask for a link by login or mail address. An unknown one does the same work and looks the same."""
    plain = plain_login(who)
    found = session.scalars(
        select(User.id)
        .where((User.login == plain) | (func.lower(User.email) == plain), User.active, User.email.is_not(None))
        .limit(2)
    ).all()
    publish(session, "account.reset_wanted", now=now, user_id=found[0] if len(found) == 1 else None)


def issue(session: Session, user: User, *, now: datetime, lasts: timedelta = RESET_LASTS) -> str:
    """A new link's secret part; links that were made before it stop working."""
    spent = update(PasswordReset).where(PasswordReset.user_id == user.id, PasswordReset.used_at.is_(None))
    session.execute(spent.values(used_at=now))
    token = new_token()
    session.add(PasswordReset(user_id=user.id, digest=digest_of(token), expires_at=now + lasts))
    session.flush()
    return token


def invite(session: Session, user: User, *, by: Actor | None, now: datetime) -> str:
    """The link an administrator hands over in person: nobody chooses a password for somebody else."""
    if by is not None:
        authorize(by, Action.USERS_ADMIN)
        if by.id == user.id:
            raise NotAllowed(say("不能给自己发邀请链接。要改自己的密码，请到“我的账号”。"))
    if not user.active:
        raise Conflict(say("这个账号已经停用，不能发邀请链接。请先恢复账号。"))
    record(session, by, "user.invited", user, at=now)
    return issue(session, user, now=now, lasts=INVITE_LASTS)


def holder(session: Session, token: str, *, now: datetime) -> User | None:
    """Whose link this is, while it can be used."""
    return session.scalar(
        select(User)
        .join(PasswordReset, PasswordReset.user_id == User.id)
        .where(
            PasswordReset.digest == digest_of(token),
            PasswordReset.used_at.is_(None),
            PasswordReset.expires_at > now,
            User.active,
        )
    )


def use_reset(session: Session, token: str, new_hash: str, *, now: datetime) -> User:
    """Set the password; link, sessions and API tokens of the account end. Raises Conflict for a dead link."""
    user = holder(session, token, now=now)
    spent = session.execute(
        update(PasswordReset)
        .where(PasswordReset.digest == digest_of(token), PasswordReset.used_at.is_(None))
        .values(used_at=now)
    )
    if user is None or spent.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(UNUSABLE)
    services.replace_password(session, user, new_hash)
    _revoke_tokens(session, user, now)
    record(session, None, "user.password_reset", user, at=now)
    return user


def _revoke_tokens(session: Session, user: User, now: datetime) -> None:
    """Whoever had to reset a password may have lost the account to somebody, who may have made a token for later."""
    living = update(ApiToken).where(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None))
    session.execute(living.values(revoked_at=now))
