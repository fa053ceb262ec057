"""API tokens: random, shown once, kept as a digest. They act as their owner, with the owner's roles of the moment."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.digests import digest_of, new_token
from app.accounts.models import ApiToken, User
from app.accounts.queries import load_token
from app.audit.trail import record
from app.errors import Conflict, Invalid
from app.policy import Action, Actor, SelfFacts, authorize, may
from app.words import say

PREFIX = "bh_"  # so that scanners for leaked secrets know one
MOST = 20
LONGEST_NAME = 80


def create(
    session: Session, user: User, name: str, *, by: Actor | None, now: datetime, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A token and its secret, which is shown once. People make their own; `by=None` is the command line."""
    if by is not None and by.id != user.id:
        authorize(by, Action.USERS_ADMIN, SelfFacts(by.id), say("只能为自己创建令牌。"))
        raise Conflict(say("令牌代表本人操作，只能由本人创建。"))
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(say("请给令牌起个名字，最多 80 个字。"), fields={"name": [say("请填写 1 到 80 个字。")]})
    if not user.active:
        raise Conflict(say("这个账号已经停用，不能创建令牌。"))
    if len(tokens_of(session, user.id)) >= MOST:
        raise Conflict(say("最多可以有 %(most)s 个令牌。请先撤销不用的。", most=MOST))
    secret = PREFIX + new_token()
    token = ApiToken(user_id=user.id, name=name, digest=digest_of(secret), created_at=now, expires_at=expires_at)
    session.add(token)
    record(session, by, "token.created", token, at=now, data={"user_id": user.id})
    session.flush()
    return token, secret


def tokens_of(session: Session, user_id: int) -> list[ApiToken]:
    """A person's tokens that were not revoked, the newest first."""
    wanted = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return list(session.scalars(wanted.order_by(ApiToken.id.desc())))


def revoke(session: Session, token: ApiToken, *, by: Actor, now: datetime) -> None:
    """End a token at once; its owner may, and an administrator. A second time changes nothing."""
    if not may(by, Action.USERS_ADMIN):
        authorize(by, Action.SIGN_IN if by.id == token.user_id else Action.USERS_ADMIN)
    if token.revoked_at is None:
        token.revoked_at = now
        record(session, by, "token.revoked", token, at=now, data={"user_id": token.user_id})


def revoke_all(session: Session, user_id: int, *, now: datetime) -> None:
    session.execute(
        update(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None)).values(revoked_at=now)
    )


def holder(session: Session, secret: str, now: datetime) -> int | None:
    """Whose token this is; None when it can't be used."""
    found = load_token(session, secret, now)
    return found.actor.id if found else None
