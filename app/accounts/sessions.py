"""Signed-in browsers: rows that can be ended from here, unlike a cookie that vouches for itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.digests import digest_of, new_token
from app.accounts.models import User, UserSession
from app.accounts.queries import SessionFacts

IDLE = timedelta(minutes=60)
ABSOLUTE = timedelta(hours=12)
CODE_WAITS = timedelta(minutes=10)  # between the password and the code
STEP_UP_LASTS = timedelta(minutes=10)
SEEN_EVERY = timedelta(seconds=60)  # a write for each page view would be one too many


@dataclass(frozen=True)
class Opened:
    """A new session: the token goes into the cookie and is written down nowhere."""

    id: int
    token: str
    second_factor_pending: bool


def stands(facts: SessionFacts, now: datetime) -> bool:
    """May this session still act? Not after its end, a change of the account's epoch, an hour idle or twelve in all."""
    if not facts.active or facts.ended_at is not None or facts.epoch != facts.actor.epoch:
        return False
    if facts.second_factor_pending:
        return now - facts.created_at < CODE_WAITS
    return now - facts.seen_at < IDLE and now - facts.created_at < ABSOLUTE


def stepped_up(facts: SessionFacts, now: datetime) -> bool:
    """Was the password or a code given within the last ten minutes?"""
    return facts.step_up_at is not None and now - facts.step_up_at < STEP_UP_LASTS


def open_session(
    session: Session, user: User, *, now: datetime, address: str, agent: str, pending: bool, stepped_up: bool = True
) -> Opened:
    """Start a session. `pending`: the password was right, the second factor is still to come."""
    token = new_token()
    row = UserSession(
        token_digest=digest_of(token),
        user_id=user.id,
        epoch=user.epoch,
        created_at=now,
        seen_at=now,
        step_up_at=now if stepped_up and not pending else None,
        second_factor_pending=pending,
        address=address[:64],
        agent=agent[:200],
    )
    session.add(row)
    session.flush()
    return Opened(row.id, token, pending)


def rotate(session: Session, session_id: int, *, now: datetime) -> str:
    """Give a session a new token after a step-up, so that a copy of the old cookie did not get the new right."""
    token = new_token()
    session.execute(
        update(UserSession)
        .where(UserSession.id == session_id)
        .values(token_digest=digest_of(token), step_up_at=now, seen_at=now)
    )
    return token


def touch(session: Session, session_id: int, *, now: datetime) -> None:
    session.execute(
        update(UserSession).where(UserSession.id == session_id, UserSession.seen_at < now).values(seen_at=now)
    )


def end(session: Session, session_id: int, *, now: datetime) -> None:
    session.execute(
        update(UserSession).where(UserSession.id == session_id, UserSession.ended_at.is_(None)).values(ended_at=now)
    )


def live_sessions(session: Session, user: User, now: datetime) -> list[UserSession]:
    """What the person can sign out: sessions that may still act, the latest used first."""
    return list(
        session.scalars(
            select(UserSession)
            .where(
                UserSession.user_id == user.id,
                UserSession.epoch == user.epoch,
                UserSession.ended_at.is_(None),
                UserSession.second_factor_pending.is_(False),
                UserSession.seen_at > now - IDLE,
                UserSession.created_at > now - ABSOLUTE,
            )
            .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
        )
    )
