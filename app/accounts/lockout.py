"""Guessing is slowed down, never stopped for good: whoever is locked out gets in again within a quarter of an hour.

Three counters, each in the database: this login from this network (five wrong tries), this network as a whole (one
password tried on many logins; an office shares an address, so it has more), this login from everywhere (many machines
trying one person; more again, or anybody could keep a colleague out). A try is counted before the password is looked
at, so that fifty tries at once are not all let through; a right one takes its count back.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.digests import digest_of
from app.accounts.models import Throttle
from app.accounts.queries import plain_login
from app.accounts.throttle import locked_row
from app.errors import TooMany
from app.words import say

HERE, NETWORK, EVERYWHERE = 5, 20, 40  # wrong tries before the first wait
WHOLE_NETWORK = "login.network:"
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
JUDGED_WITHIN = timedelta(seconds=3)


class StillJudged(TooMany):
    """The tries that fill the counter are so recent that they may yet turn out right: it is worth asking again."""


def count(session: Session, login: str, network: str, *, now: datetime) -> None:
    """Count a try that is about to be made; raises TooMany (and counts nothing) while a wait lasts.

    An unknown login is counted like a known one, so the answer tells nothing.
    """
    for key, most in _counters(login, network):
        row = locked_row(session, key, full=0.0, now=now)
        if row.blocked_until is not None and row.blocked_until > now:
            kind = StillJudged if now - row.updated_at < JUDGED_WITHIN else TooMany
            raise _wait(kind, (row.blocked_until - now).total_seconds())
        if now - row.updated_at > FORGOTTEN_AFTER:
            row.count = 0
        row.count += 1
        row.updated_at = now
        row.blocked_until = now + _backoff(row.count - most) if row.count >= most else None
    session.flush()


def clear(session: Session, login: str, network: str) -> None:
    """The person is in: forget the wrong tries of this login, and this try of the network."""
    for row in _locked(session, login, network):
        row.count = max(row.count - 1, 0) if row.key.startswith(WHOLE_NETWORK) else 0
        row.blocked_until = None
    session.flush()


def forgive(session: Session, login: str, network: str) -> None:
    """This one try was right, but the person is not in yet (a code is still to come): only its own count goes."""
    for row in _locked(session, login, network):
        row.count = max(row.count - 1, 0)
        row.blocked_until = None
    session.flush()


def _locked(session: Session, login: str, network: str) -> list[Throttle]:
    """The three counters, locked once and in the order of `count`. They are never deleted here: a second look for the
    rows to delete could meet one that somebody made in between, and two people who sign in would wait for each other.
    """
    keys = [key for key, _ in _counters(login, network)]
    wanted = select(Throttle).where(Throttle.key.in_(keys)).order_by(Throttle.key).with_for_update()
    return list(session.scalars(wanted, execution_options={"populate_existing": True}))


def _counters(login: str, network: str) -> tuple[tuple[str, int], ...]:
    """Keys in the order in which they are locked. Logins are hashed: some type their password there by mistake."""
    who = digest_of(plain_login(login))[:32]
    return (
        (f"login.here:{who}:{network}", HERE),
        (f"login.login:{who}", EVERYWHERE),
        (f"{WHOLE_NETWORK}{network}", NETWORK),
    )


def _backoff(beyond: int) -> timedelta:
    """30 s, doubled with each further wrong try, a quarter of an hour at most."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(beyond, 10)
    return min(doubled, LONGEST_WAIT)


def _wait(kind: type[TooMany], seconds: float) -> TooMany:
    left = max(math.ceil(seconds), 1)
    if left <= 60:
        return kind(say("连续输错太多次，请在 %(n)s 秒后再试。账号没有被停用。", n=left), retry_after=left)
    minutes = math.ceil(left / 60)
    return kind(say("连续输错太多次，请在 %(n)s 分钟后再试。账号没有被停用。", n=minutes), retry_after=left)
