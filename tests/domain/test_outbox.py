"""The queue loses nothing, runs nothing under two leases, waits longer after each failure and shows its dead."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import Department
from app.errors import Conflict, NotFound
from app.jobs import running
from app.jobs.running import Errand
from app.jobs.worker import drain
from app.orm import write_transaction
from app.outbox import claiming, publish
from app.outbox.bell import Bell, bell
from app.outbox.claiming import LEASE, MOST_ATTEMPTS, Claim, LeaseLost
from app.outbox.models import OutboxMessage
from tests.cast import NOON
from tests.databases import Database


def put(session: Session, topic: str = "ticket.closed", **more: object) -> None:
    publish(session, topic, now=NOON, **more)  # type: ignore[arg-type]
    session.commit()


def take(session: Session, now: datetime = NOON, limit: int = 10) -> list[Claim]:
    with write_transaction(session):
        return claiming.claim(session, now=now, limit=limit)


def message(session: Session) -> OutboxMessage:
    session.rollback()
    session.expire_all()
    return session.scalars(select(OutboxMessage)).one()


def waiting(session: Session) -> int:
    return session.scalar(select(func.count()).where(OutboxMessage.done_at.is_(None))) or 0


def test_a_message_lives_and_dies_with_its_transaction(session: Session) -> None:
    heard = bell.rings
    publish(session, "ticket.closed", now=NOON, ticket_id=7)
    session.rollback()
    assert (take(session), bell.rings) == ([], heard)
    put(session, ticket_id=7)
    assert bell.rings == heard + 1
    (one,) = take(session)
    assert (one.topic, one.data, one.attempts) == ("ticket.closed", {"ticket_id": 7}, 1)


def test_oldest_first_and_never_before_its_time(session: Session) -> None:
    put(session, "late", due_at=NOON + timedelta(seconds=15))
    put(session, "early")
    assert [one.topic for one in take(session)] == ["early"]
    assert claiming.next_due(session) == NOON + timedelta(seconds=15)
    assert [one.topic for one in take(session, NOON + timedelta(seconds=15))] == ["late"]


def test_one_key_is_one_message(session: Session) -> None:
    for _ in range(3):
        put(session, dedupe_key="close:7")
    (one,) = take(session)
    with write_transaction(session):
        claiming.finish(session, one, now=NOON)
    put(session, dedupe_key="close:7")
    assert take(session, NOON + timedelta(days=1)) == []


def test_a_leased_message_is_nobody_elses_until_the_lease_ends(session: Session) -> None:
    put(session)
    (first,) = take(session)
    assert take(session) == []
    (second,) = take(session, NOON + LEASE + timedelta(seconds=1))
    assert second.attempts == 2

    def finish_too_late() -> None:
        with write_transaction(session):
            session.add(Department(code="slow", name="来不及的"))
            claiming.finish(session, first, now=NOON)

    with pytest.raises(LeaseLost):
        finish_too_late()
    assert session.scalar(select(func.count()).select_from(Department)) == 0
    with write_transaction(session):
        claiming.finish(session, second, now=NOON)
    assert waiting(session) == 0


def test_each_failure_waits_longer_and_the_last_one_is_dead(session: Session) -> None:
    def fails(_session: Session, _one: Claim, _now: datetime) -> None:
        raise ValueError("客户张三的电话 13812345678")

    put(session)
    now, waits = NOON, []
    for _ in range(MOST_ATTEMPTS - 1):
        drain(session, {"ticket.closed": fails}, lambda now=now: now)  # type: ignore[misc]
        due = message(session).due_at
        waits.append(due - now)
        now = due
    assert waits == [timedelta(seconds=10 * 2**n) for n in range(MOST_ATTEMPTS - 1)]
    drain(session, {"ticket.closed": fails}, lambda: now)
    dead = message(session)
    assert (dead.dead_at, dead.attempts) == (now, MOST_ATTEMPTS)
    assert dead.last_error is not None
    assert dead.last_error.startswith("ValueError at tests/domain/test_outbox.py:")
    assert "138" not in dead.last_error
    assert claiming.count_dead(session) == 1
    assert drain(session, {"ticket.closed": fails}, lambda: now + timedelta(days=30)) == 0


def test_waiting_has_a_limit() -> None:
    assert claiming.wait_after(1000) == timedelta(hours=1)


def test_the_dead_come_back_by_hand(session: Session) -> None:
    put(session)
    with pytest.raises(Conflict):
        claiming.retry(session, message(session).id, now=NOON)
    message(session).dead_at = NOON
    session.commit()
    claiming.retry(session, message(session).id, now=NOON)
    session.commit()
    heard: list[str] = []
    drain(session, {"ticket.closed": lambda _s, one, _n: heard.append(one.topic)}, lambda: NOON)
    assert heard == ["ticket.closed"]
    with pytest.raises(NotFound):
        claiming.retry(session, 999_999_999, now=NOON)


def test_a_topic_nobody_knows_is_not_lost(session: Session) -> None:
    put(session, "from.the.future")
    drain(session, {}, lambda: NOON)
    assert "NobodyListens" in (message(session).last_error or "")


def test_a_handler_that_fails_leaves_nothing_behind(session: Session) -> None:
    def half(session: Session, _one: Claim, _now: datetime) -> None:
        session.add(Department(code="half", name="半途"))
        session.flush()
        raise RuntimeError

    put(session)
    drain(session, {"ticket.closed": half}, lambda: NOON)
    assert session.scalar(select(func.count()).select_from(Department)) == 0
    assert message(session).attempts == 1


def test_an_errand_holds_no_transaction_while_it_is_out(database: Database, session: Session) -> None:
    settled: list[str] = []

    def perform(payload: str) -> None:
        with database.session() as other, write_transaction(other):  # would wait for ever under the write lock
            other.add(Department(code="meanwhile", name="与此同时"))

    errand = Errand(lambda _s, one, _n: one.topic, perform, lambda _s, payload, _n: settled.append(payload))
    put(session)
    assert drain(session, {"ticket.closed": errand}, lambda: NOON) == 1
    assert settled == ["ticket.closed"]
    assert waiting(session) == 0


def test_an_errand_that_comes_late_in_its_batch_is_not_done_by_two(database: Database, session: Session) -> None:
    """The ones before it took most of the lease: it has a whole one of its own while it is out."""
    taken: list[Claim] = []
    now = NOON + LEASE - timedelta(seconds=1)

    def perform(_payload: str) -> None:
        with database.session() as other:
            taken.extend(take(other, now + LEASE - timedelta(seconds=1)))

    put(session)
    (one,) = take(session)
    errand = Errand(lambda _s, one, _n: one.topic, perform, lambda _s, _p, _n: None)
    assert running.run(session, one, {"ticket.closed": errand}, lambda: now)
    assert taken == []


def test_an_errand_whose_lease_is_lost_does_not_leave(session: Session) -> None:
    put(session)
    (slow,) = take(session)
    take(session, NOON + LEASE + timedelta(seconds=1))
    errand = Errand(lambda _s, one, _n: one.topic, lambda _p: pytest.fail("performed"), lambda _s, _p, _n: None)
    assert not running.run(session, slow, {"ticket.closed": errand}, lambda: NOON)


def test_an_errand_with_nothing_to_do_is_done(session: Session) -> None:
    errand = Errand(
        lambda _s, _o, _n: None, lambda _p: pytest.fail("performed"), lambda _s, _p, _n: pytest.fail("settled")
    )
    put(session)
    drain(session, {"ticket.closed": errand}, lambda: NOON)
    assert waiting(session) == 0


def test_many_workers_share_the_work_without_doing_any_of_it_twice(database: Database, session: Session) -> None:
    for number in range(60):
        publish(session, "work", now=NOON, n=number)
    session.commit()
    done: list[int] = []

    def work() -> None:
        with database.session() as mine:
            drain(mine, {"work": lambda _s, one, _n: done.append(one.data["n"])}, lambda: NOON)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(60))
    session.rollback()
    assert waiting(session) == 0


def test_a_slot_runs_once_however_many_workers_open_it(session: Session) -> None:
    moments = [NOON, NOON + timedelta(minutes=59), NOON + timedelta(hours=1)]
    opened = [claiming.open_slot(session, "housekeeping", every=timedelta(hours=1), now=now) for now in moments]
    session.commit()
    assert opened == [True, False, True]
    assert [one.topic for one in take(session, NOON + timedelta(hours=2))] == ["periodic.housekeeping"] * 2


def test_what_was_not_begun_goes_back_unharmed(session: Session) -> None:
    put(session)
    (one,) = take(session)
    with write_transaction(session):
        claiming.release(session, one)
    (again,) = take(session)
    assert again.attempts == 1


def test_a_heartbeat_is_one_row_a_worker(session: Session) -> None:
    for second in range(3):
        claiming.beat(session, "desk:1", now=NOON + timedelta(seconds=second))
    claiming.beat(session, "desk:2", now=NOON)
    assert claiming.last_beat(session) == NOON + timedelta(seconds=2)


def test_old_rows_are_forgotten_and_the_dead_are_not(session: Session) -> None:
    put(session, "done")
    put(session, "dead")
    done, dead = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
    done.done_at, dead.dead_at = NOON, NOON
    session.commit()
    claiming.prune(session, now=NOON + timedelta(days=31))
    assert session.scalars(select(OutboxMessage.topic)).all() == ["dead"]


def test_a_ring_before_going_to_sleep_is_heard() -> None:
    quick_bell = Bell()
    heard = quick_bell.rings
    quick_bell.ring()
    quick_bell.wait(heard, timeout=60)  # would time the test out if the ring were lost


def test_what_an_error_says_holds_no_values() -> None:
    with pytest.raises(ValueError, match="138") as raised:
        int("13812345678x")
    assert running.describe(raised.value).startswith("ValueError at tests/domain/test_outbox.py:")
