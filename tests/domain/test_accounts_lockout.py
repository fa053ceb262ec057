"""Guessing is slowed down per login and network, and never stopped for good."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import lockout
from app.accounts.models import Throttle
from app.errors import TooMany
from app.orm import write_transaction
from tests.cast import NOON
from tests.databases import Database


def attempt(session: Session, login: str = "lin", network: str = "10.0.0.1", at: datetime = NOON) -> int | None:
    """One try; how long to wait when it was refused."""
    try:
        with write_transaction(session):
            lockout.count(session, login, network, now=at)
    except TooMany as wait:
        return wait.retry_after
    return None


def test_the_sixth_try_has_to_wait_thirty_seconds(session: Session) -> None:
    assert [attempt(session) for _ in range(6)] == [None] * 5 + [30]


def test_the_wait_doubles_up_to_a_quarter_of_an_hour(session: Session) -> None:
    at = NOON
    waits = []
    for _ in range(14):
        while (wait := attempt(session, at=at)) is None:
            pass
        waits.append(wait)
        at += timedelta(seconds=wait)
    assert waits[:6] == [30, 60, 120, 240, 480, 900]
    assert set(waits[5:]) == {900}


def test_nobody_is_locked_out_for_good(session: Session) -> None:
    for _ in range(30):
        attempt(session)
    assert attempt(session, at=NOON + timedelta(minutes=16)) is None


def test_an_hour_of_peace_forgives(session: Session) -> None:
    for _ in range(5):
        attempt(session)
    later = NOON + timedelta(hours=2)
    assert [attempt(session, at=later) for _ in range(6)] == [None] * 5 + [30]


def test_a_guesser_elsewhere_does_not_lock_the_person_out(session: Session) -> None:
    for _ in range(6):
        attempt(session, network="203.0.113.9")
    assert attempt(session, network="10.0.0.1") is None


def test_one_password_tried_on_many_logins_stops_the_network(session: Session) -> None:
    results = [attempt(session, login=f"person{number}") for number in range(25)]
    assert results[:20] == [None] * 20
    assert all(results[20:])


def test_many_machines_trying_one_login_are_stopped(session: Session) -> None:
    results = [attempt(session, network=f"10.0.{number}.1") for number in range(45)]
    assert results[:40] == [None] * 40
    assert all(results[40:])


def test_an_unknown_login_is_counted_alike(session: Session) -> None:
    known = [attempt(session, login="lin", network="a") for _ in range(7)]
    unknown = [attempt(session, login="nobody at all", network="b") for _ in range(7)]
    assert known == unknown


def test_a_right_password_takes_its_count_back(session: Session) -> None:
    for _ in range(20):
        assert attempt(session) is None
        with write_transaction(session):
            lockout.clear(session, "lin", "10.0.0.1")
    assert all(row.count == 0 for row in session.scalars(select(Throttle)))


def test_a_right_password_does_not_reset_the_guessing_of_codes(session: Session) -> None:
    """Whoever knows the password could otherwise sign in between every four codes."""
    refused = []
    for _ in range(6):
        refused.append(attempt(session))
        with write_transaction(session):
            lockout.forgive(session, "lin", "10.0.0.1")  # the password was right
        refused.append(attempt(session))  # the code was wrong
    assert any(refused)


def test_what_was_typed_as_login_is_not_written_down(session: Session) -> None:
    attempt(session, login="MyPassword typed too early")
    assert all("assword" not in row.key for row in session.scalars(select(Throttle)))


@pytest.mark.parametrize("threads", [20])
def test_many_tries_at_once_are_counted_one_by_one(database: Database, threads: int) -> None:
    def one(_: int) -> int | None:
        with database.session() as own:
            return attempt(own)

    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(one, range(threads)))
    assert results.count(None) == 5
