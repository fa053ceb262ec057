"""Promises on time: when they are due, standing still, which policy holds, and who is unreachable."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sla.clock import Clock, Unit, due, end_of_day, last_working_day_of_next_month
from app.tickets.clocks import Policy, Target, choose, deadline
from app.tickets.codes import ClockKind, Method
from app.tickets.followups import (
    Attempt,
    Candidate,
    Holder,
    OtherPerson,
    choose_holder,
    completed,
    dissatisfied,
    satisfied,
    unreachable,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2024, 3, 5, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
spans = st.timedeltas(timedelta(0), timedelta(days=30))


@given(spans, spans, spans)
def test_standing_still_moves_the_deadline_by_exactly_as_long(
    until: timedelta, at: timedelta, still: timedelta
) -> None:
    clock = Clock(NOON, NOON + until).pause(NOON + at)
    assert clock.resume(NOON + at + still) == Clock(NOON, NOON + until + still)


def test_a_clock_that_stands_still_does_not_get_later() -> None:
    clock = Clock(NOON, NOON + HOUR).pause(NOON + HOUR / 2)
    assert not clock.overdue(NOON + 5 * HOUR)


def test_a_promise_is_kept_up_to_its_last_second() -> None:
    clock = Clock(NOON, NOON + HOUR)
    assert clock.met is None
    assert clock.stop(NOON + HOUR).met is True
    assert clock.stop(NOON + HOUR + timedelta(seconds=1)).met is False
    assert clock.overdue(NOON + HOUR + timedelta(seconds=1))


def test_what_has_stopped_stays_stopped() -> None:
    clock = Clock(NOON, NOON + HOUR).stop(NOON)
    assert clock.stop(NOON + 9 * HOUR) == clock
    assert clock.pause(NOON + 9 * HOUR) == clock


def test_eighty_percent_is_the_moment_of_the_reminder() -> None:
    assert Clock(NOON, NOON + HOUR).elapsed(NOON + timedelta(minutes=48)) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        (5, Unit.MINUTE, NOON + timedelta(minutes=5)),
        (24, Unit.HOUR, NOON + timedelta(days=1)),
        (3, Unit.WORKING_DAY, NOON + timedelta(days=3)),
        (1, Unit.NEXT_CYCLE, datetime(2024, 4, 30, 10, 0, tzinfo=UTC)),
    ],
)
def test_when_a_promise_is_due(amount: int, unit: Unit, expected: datetime) -> None:
    assert due(NOON, amount, unit, SHANGHAI) == expected


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2024, 3, 5), date(2024, 4, 30)),
        (date(2024, 2, 1), date(2024, 3, 29)),  # the 31st is a Sunday
        (date(2024, 10, 31), date(2024, 11, 29)),
        (date(2024, 11, 30), date(2024, 12, 31)),
        (date(2024, 12, 31), date(2025, 1, 31)),
    ],
)
def test_the_next_cycle_ends_on_a_working_day(day: date, last: date) -> None:
    assert last_working_day_of_next_month(day) == last


def test_a_bare_date_means_the_end_of_the_office_day() -> None:
    assert end_of_day(date(2024, 3, 8), SHANGHAI) == datetime(2024, 3, 8, 10, 0, tzinfo=UTC)


RESPOND = {(ClockKind.RESPONSE, "P1"): Target(48, Unit.HOUR)}
STANDARD = Policy(1, targets=RESPOND)
LIVE = Policy(2, channels=frozenset({"phone"}), targets={(ClockKind.RESPONSE, "P1"): Target(10, Unit.MINUTE)})
VIP = Policy(3, channels=frozenset({"phone"}), tiers=frozenset({"vip"}), targets=RESPOND)
FAULTS = Policy(4, categories=("fault",), targets=RESPOND, position=-1)


@pytest.mark.parametrize(
    ("channel", "category", "tier", "expected"),
    [
        ("email", None, "new", 1),
        ("phone", None, "new", 2),
        ("phone", None, "vip", 3),
        ("email", "fault.batch", "new", 4),
        ("phone", "fault", "new", 4),  # as specific as the other one, and earlier in the list
    ],
)
def test_the_most_specific_policy_wins(channel: str, category: str | None, tier: str, expected: int) -> None:
    found = choose([STANDARD, LIVE, VIP, FAULTS], ClockKind.RESPONSE, channel=channel, category=category, tier=tier)
    assert found is not None
    assert found.id == expected


def test_a_policy_without_a_row_promises_nothing() -> None:
    assert deadline(STANDARD, ClockKind.RESPONSE, "P3", start=NOON, zone=SHANGHAI) is None
    assert choose([STANDARD], ClockKind.FOLLOW_UP, channel="email", category=None, tier="new") is None


# --- asking the customer ----------------------------------------------------------------------------------------------


def tried(day: int, method: str = Method.PHONE, *, reached: bool = False, **answer: object) -> Attempt:
    return Attempt(NOON + timedelta(days=day), method, reached, **answer)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("solved", "score", "content"),
    [(True, None, True), (True, 5, True), (True, 3, True), (True, 2, False), (False, 5, False), (False, None, False)],
)
def test_who_is_content(solved: bool, score: int | None, content: bool) -> None:
    attempt = tried(0, reached=True, solved=solved, score=score)
    assert satisfied(attempt) is content
    assert dissatisfied(attempt) is not content
    assert completed([tried(0), attempt]) is content


def test_three_failed_attempts_on_three_days_over_both_ways() -> None:
    assert unreachable([tried(0), tried(1, Method.ONLINE), tried(2)], SHANGHAI)


@pytest.mark.parametrize(
    "attempts",
    [
        [tried(0), tried(1), tried(2)],  # phone only
        [tried(0), tried(0, Method.ONLINE), tried(1)],  # two days
        [tried(0), tried(1, Method.ONLINE)],
        [tried(0), tried(1, Method.ONLINE), tried(2, reached=True, solved=False)],
        [],
    ],
)
def test_less_than_that_is_not_unreachable(attempts: list[Attempt]) -> None:
    assert not unreachable(attempts, SHANGHAI)


def test_days_are_the_companys() -> None:
    """23:00 and 01:00 in Shanghai are two days, though one day in UTC."""
    late, early = datetime(2024, 3, 5, 15, 0, tzinfo=UTC), datetime(2024, 3, 5, 17, 0, tzinfo=UTC)
    third = datetime(2024, 3, 7, 4, 0, tzinfo=UTC)
    attempts = [
        Attempt(late, Method.PHONE, False),
        Attempt(early, Method.ONLINE, False),
        Attempt(third, Method.PHONE, False),
    ]
    assert unreachable(attempts, SHANGHAI)
    assert not unreachable(attempts, ZoneInfo("UTC"))


LIN, MEI, CHEN = Candidate(1, 4), Candidate(2, 0), Candidate(3, 0)


@pytest.mark.parametrize(
    ("registrar", "others", "resolver", "rule", "holder"),
    [
        (LIN, [MEI], CHEN, OtherPerson.PREFER, Holder(1, False)),
        (LIN, [MEI], LIN, OtherPerson.PREFER, Holder(2, False)),
        (LIN, [], LIN, OtherPerson.PREFER, Holder(1, True)),
        (LIN, [], LIN, OtherPerson.REQUIRE, Holder(None, False)),
        (LIN, [MEI], LIN, OtherPerson.OFF, Holder(1, True)),
        (None, [], None, OtherPerson.PREFER, Holder(None, False)),
        (None, [MEI, LIN], CHEN, OtherPerson.PREFER, Holder(2, False)),
    ],
)
def test_who_asks(
    registrar: Candidate | None,
    others: list[Candidate],
    resolver: Candidate | None,
    rule: OtherPerson,
    holder: Holder,
) -> None:
    assert choose_holder(registrar, others, resolver, rule=rule) == holder
