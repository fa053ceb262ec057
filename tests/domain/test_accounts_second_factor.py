"""The second factor: a code is good once, a recovery code is good once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import totp
from app.accounts.models import RecoveryCode, User
from app.crypto import key_uid_of
from app.errors import Conflict, Invalid
from app.orm import write_transaction
from tests.cast import NOON, Cast
from tests.databases import Database


def code_at(seed: str, moment: datetime) -> str:
    return pyotp.TOTP(seed).at(moment)


def turn_on(session: Session, cast: Cast, login: str = "lin") -> tuple[str, list[str]]:
    """Seed and recovery codes of somebody who has just set it up."""
    user = cast.people[login]
    actor = cast(login)
    with write_transaction(session):
        seed = totp.begin(session, user, now=NOON)
        codes = totp.confirm(session, user, code_at(seed, NOON), by=actor, now=NOON)
    return seed, codes


def accepts(session: Session, user: User, code: str, at: datetime) -> bool:
    with write_transaction(session):
        return totp.check(session, user, code, now=at)


def test_it_is_not_in_force_before_a_right_code(session: Session, cast: Cast) -> None:
    lin, actor = cast.people["lin"], cast("lin")
    with write_transaction(session):
        seed = totp.begin(session, lin, now=NOON)
    assert lin.totp_confirmed_at is None
    assert totp.seed_in_setup(session, lin) == seed
    with pytest.raises(Invalid) as refused, write_transaction(session):
        totp.confirm(session, lin, "000000", by=actor, now=NOON)
    assert "code" in refused.value.fields


def test_the_seed_lies_sealed(session: Session, cast: Cast) -> None:
    seed, _ = turn_on(session, cast)
    stored = session.scalars(select(User.totp).where(User.login == "lin")).one()
    assert stored is not None
    assert seed.encode() not in stored
    assert key_uid_of(stored)


def test_the_code_that_set_it_up_does_not_sign_in(session: Session, cast: Cast) -> None:
    seed, _ = turn_on(session, cast)
    assert not accepts(session, cast.people["lin"], code_at(seed, NOON), NOON)


@pytest.mark.parametrize(("seconds", "good"), [(-30, True), (0, True), (30, True), (-90, False), (90, False)])
def test_a_clock_may_be_half_a_minute_off(session: Session, cast: Cast, seconds: int, good: bool) -> None:
    seed, _ = turn_on(session, cast)
    later = NOON + timedelta(minutes=10)
    assert accepts(session, cast.people["lin"], code_at(seed, later + timedelta(seconds=seconds)), later) is good


def test_a_code_is_good_once(session: Session, cast: Cast) -> None:
    seed, _ = turn_on(session, cast)
    later = NOON + timedelta(minutes=10)
    code = code_at(seed, later)
    assert accepts(session, cast.people["lin"], code, later)
    assert not accepts(session, cast.people["lin"], code, later + timedelta(seconds=5))


def test_an_older_code_is_no_good_after_a_newer_one(session: Session, cast: Cast) -> None:
    seed, _ = turn_on(session, cast)
    later = NOON + timedelta(minutes=10)
    assert accepts(session, cast.people["lin"], code_at(seed, later), later)
    assert not accepts(session, cast.people["lin"], code_at(seed, later - timedelta(seconds=30)), later)


def test_ten_who_send_the_same_code_at_once_let_one_in(database: Database, session: Session, cast: Cast) -> None:
    seed, _ = turn_on(session, cast)
    later = NOON + timedelta(minutes=10)

    def one(_: int) -> bool:
        with database.session() as own:
            user = own.scalars(select(User).where(User.login == "lin")).one()
            return accepts(own, user, code_at(seed, later), later)

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(one, range(10))) == 1


def test_a_recovery_code_is_good_once_in_any_spelling(session: Session, cast: Cast) -> None:
    _, codes = turn_on(session, cast)
    lin = cast.people["lin"]
    assert len(set(codes)) == 10
    assert accepts(session, lin, " " + codes[0].upper().replace("-", " "), NOON)
    assert not accepts(session, lin, codes[0], NOON)
    assert totp.recovery_codes_left(session, lin) == 9


def test_recovery_codes_are_kept_as_digests(session: Session, cast: Cast) -> None:
    _, codes = turn_on(session, cast)
    kept = set(session.scalars(select(RecoveryCode.digest)))
    assert len(kept) == 10
    assert not kept & set(codes)


def test_new_recovery_codes_end_the_old_ones(session: Session, cast: Cast) -> None:
    _, old = turn_on(session, cast)
    with write_transaction(session):
        new = totp.renew_recovery_codes(session, cast.people["lin"], by=cast("lin"), now=NOON)
    assert not accepts(session, cast.people["lin"], old[0], NOON)
    assert accepts(session, cast.people["lin"], new[0], NOON)


@pytest.mark.parametrize("junk", ["", "12345", "1234567", "abcdef", "１２３４５６", "\x00" * 6, "\ud800", "9" * 5000])
def test_junk_is_no_code(session: Session, cast: Cast, junk: str) -> None:
    turn_on(session, cast)
    assert not accepts(session, cast.people["lin"], junk, NOON + timedelta(minutes=10))


def test_it_is_not_set_up_twice(session: Session, cast: Cast) -> None:
    turn_on(session, cast)
    with pytest.raises(Conflict), write_transaction(session):
        totp.begin(session, cast.people["lin"], now=NOON)


def test_turned_off_it_asks_for_nothing(session: Session, cast: Cast) -> None:
    seed, codes = turn_on(session, cast)
    lin, actor = cast.people["lin"], cast("lin")
    with write_transaction(session):
        totp.turn_off(session, lin, by=actor, now=NOON)
    later = NOON + timedelta(minutes=10)
    assert not accepts(session, lin, code_at(seed, later), later)
    assert not accepts(session, lin, codes[0], later)
