"""How often: buckets in the database, one for each person, exact under load."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts.throttle import RECALL_FULL, RECALL_LAST4, REVEAL, Bucket, take
from app.errors import TooMany
from app.orm import write_transaction
from app.web import limits, paging
from tests.cast import NOON, Cast
from tests.databases import Database
from tests.web.visits import send


def taken(session: Session, bucket: Bucket, who: int = 1, minutes: float = 0) -> bool:
    try:
        with write_transaction(session):
            take(session, bucket, who, now=NOON + timedelta(minutes=minutes))
    except TooMany:
        return False
    return True


@pytest.mark.parametrize(("bucket", "size"), [(RECALL_LAST4, 30), (RECALL_FULL, 120), (REVEAL, 30)])
def test_a_bucket_holds_what_the_rule_says(session: Session, bucket: Bucket, size: int) -> None:
    assert [taken(session, bucket) for _ in range(size + 2)] == [True] * size + [False] * 2


def test_it_fills_again_evenly(session: Session) -> None:
    while taken(session, RECALL_LAST4):
        pass
    assert not taken(session, RECALL_LAST4, minutes=1)
    assert taken(session, RECALL_LAST4, minutes=2.1)
    assert not taken(session, RECALL_LAST4, minutes=2.1)


def test_the_wait_is_told(session: Session) -> None:
    while taken(session, REVEAL):
        pass
    with pytest.raises(TooMany) as wait, write_transaction(session):
        take(session, REVEAL, 1, now=NOON)
    assert 0 < wait.value.retry_after <= 48 * 60


def test_everybody_has_their_own(session: Session) -> None:
    while taken(session, REVEAL, 1):
        pass
    assert taken(session, REVEAL, 2)


def test_what_was_rolled_back_was_not_taken(session: Session) -> None:
    for _ in range(40):
        with write_transaction(session):
            take(session, REVEAL, 1, now=NOON)
            session.rollback()
            break
    assert [taken(session, REVEAL) for _ in range(31)] == [True] * 30 + [False]


def test_fifty_at_once_get_exactly_what_is_left(database: Database) -> None:
    def one(_: int) -> bool:
        with database.session() as own:
            return taken(own, REVEAL)

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(one, range(50))) == 30


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_a_network_is_what_one_customer_has(app: Flask, address: str, network: str) -> None:
    with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert limits.network() == network


def test_asking_for_links_is_limited_alike_for_known_and_unknown(client: FlaskClient, cast: Cast) -> None:
    answers = [send(client, "/password/forgot", {"who": who}).status_code for who in ["lin", "nobody"] * 3]
    assert answers == [303] * 5 + [429]


# --- cursors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "types"),
    [((7,), (int,)), ((NOON, 7), (type(NOON), int)), (("P1", None, 1.5), (str, int, float)), (("汉字 &?=",), (str,))],
)
def test_a_cursor_comes_back_as_it_was(values: tuple[object, ...], types: tuple[type, ...]) -> None:
    text = paging.encode(*values)  # type: ignore[arg-type]
    assert text.isascii()
    assert paging.decode(text, *types) == values


@pytest.mark.parametrize(
    "junk",
    [
        "",
        None,
        "x",
        "💥",
        "====",
        "W10",  # []
        "e30",  # {}
        "W3RydWVd",  # [true] is no number
        "WzEuNV0",  # [1.5] neither
        "WyJ4Il0",  # ["x"]
        "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OV0",  # more than a column holds
        "A" * 5000,
        "W" * 399,
    ],
)
def test_junk_is_the_first_page(junk: str | None) -> None:
    assert paging.decode(junk, int) is None
