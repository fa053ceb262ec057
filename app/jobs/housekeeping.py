"""What is forgotten every hour: drafts, spent links, old sessions, answers kept for repeats, finished jobs."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from app.accounts import drafts
from app.accounts.models import PasswordReset, Throttle, UserSession
from app.customers.models import CustomerMatch
from app.outbox import claiming
from app.outbox.claiming import Claim
from app.web.models import StoredAnswer

ANSWERS_KEPT = timedelta(hours=24)
SESSIONS_KEPT = timedelta(days=90)  # ended ones stay for a while: "your last sign-ins"
LINKS_KEPT = timedelta(days=7)
COUNTS_KEPT = timedelta(days=2)


def keep_house(session: Session, _one: Claim, now: datetime) -> None:
    """Delete what has had its time. Nothing here is a record of work; retention of those is a rule of its own."""
    claiming.prune(session, now=now)
    drafts.sweep(session, now)
    session.execute(delete(StoredAnswer).where(StoredAnswer.created_at < now - ANSWERS_KEPT))
    session.execute(delete(UserSession).where(UserSession.seen_at < now - SESSIONS_KEPT))
    session.execute(delete(PasswordReset).where(PasswordReset.expires_at < now - LINKS_KEPT))
    session.execute(delete(CustomerMatch).where(CustomerMatch.expires_at < now))
    blocked = or_(Throttle.blocked_until.is_(None), Throttle.blocked_until < now)
    session.execute(delete(Throttle).where(Throttle.updated_at < now - COUNTS_KEPT, blocked))
