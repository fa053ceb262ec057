"""The worker as threads: woken at once, alive for monitors, stopped without leaving anything behind."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from app import clock
from app.jobs import worker as jobs
from app.jobs.running import Handlers
from app.jobs.timetable import TIMETABLE
from app.jobs.worker import Worker
from app.orm import write_transaction
from app.outbox import claiming, publish
from app.outbox.claiming import Claim
from app.outbox.models import OutboxMessage
from app.outbox.publishing import CHANNEL
from tests.databases import Database

PATIENCE = 30.0  # seconds; far less than the poll, so that what happens within it was not found by polling


@contextmanager
def working(app: Flask, handlers: Handlers, threads: int = 1) -> Iterator[Worker]:
    periodic: Handlers = {f"periodic.{name}": lambda _s, _o, _n: None for name in TIMETABLE}
    worker = Worker(app, {**periodic, **handlers}, threads=threads)
    worker.start()
    try:
        yield worker
    finally:
        assert worker.stop()


@pytest.fixture
def never_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "POLL", 600.0)


def until(condition: Callable[[], bool]) -> bool:
    """Look again and again, for a while."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if condition():
            return True
        pause.wait(0.02)
    return False


@pytest.mark.usefixtures("never_polling")
def test_a_commit_in_this_process_wakes_it(app: Flask, session: Session) -> None:
    heard = threading.Event()
    with working(app, {"hello": lambda _s, _o, _n: heard.set()}) as worker:
        assert until(lambda: claiming.last_beat(session) is not None or bool(session.rollback()))
        publish(session, "hello", now=clock.now())
        session.commit()
        assert heard.wait(PATIENCE)
        assert worker.alive


def test_a_commit_in_another_process_reaches_it(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By notification; SQLite has no messenger between processes, there it polls."""
    monkeypatch.setattr(jobs, "POLL", 600.0 if database.kind == "postgresql" else 0.1)
    heard = threading.Event()
    with working(app, {"hello": lambda _s, _o, _n: heard.set()}):
        now = clock.now()
        row = {"topic": "hello", "data": {}, "created_at": now, "due_at": now}

        def tell() -> bool:
            """As another process does, without this one's bell; repeated because listening may not have begun."""
            with database.engine.begin() as connection:
                connection.execute(insert(OutboxMessage).values(**row))
                if database.kind == "postgresql":
                    connection.execute(text(f"NOTIFY {CHANNEL}"))
            return heard.wait(1.0)

        assert until(tell)


def test_without_any_news_it_polls(app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "POLL", 0.1)
    heard = threading.Event()
    with working(app, {"hello": lambda _s, _o, _n: heard.set()}):
        now = clock.now()
        with database.engine.begin() as connection:
            connection.execute(
                insert(OutboxMessage).values(
                    topic="hello", data={}, created_at=now, due_at=now + timedelta(seconds=0.5)
                )
            )
        assert heard.wait(PATIENCE)


def test_it_beats_opens_slots_and_takes_its_leave(app: Flask, session: Session) -> None:
    with working(app, {}):
        assert until(lambda: not session.rollback() and claiming.last_beat(session) is not None)
        slots = select(OutboxMessage.topic).where(OutboxMessage.done_at.is_not(None))
        assert until(lambda: not session.rollback() and len(session.scalars(slots).all()) == len(TIMETABLE))


def test_stopping_gives_back_only_what_is_still_its_own(app: Flask, session: Session) -> None:
    for _ in range(2):
        publish(session, "slow", now=clock.now())
    session.commit()
    with write_transaction(session):
        lost, mine = claiming.claim(session, now=clock.now())
        session.execute(update(OutboxMessage).where(OutboxMessage.id == lost.id).values(lease="somebody else's"))
    Worker(app, {})._give_back(session, [lost, mine])
    left = dict(session.execute(select(OutboxMessage.id, OutboxMessage.lease)).all())
    assert left == {lost.id: "somebody else's", mine.id: None}


def test_stopping_gives_back_what_was_not_begun(app: Flask, session: Session) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_session: Session, _one: Claim, _now: datetime) -> None:
        begun.set()
        go_on.wait(PATIENCE)

    for _ in range(5):
        publish(session, "slow", now=clock.now())
    session.commit()
    worker = Worker(app, {"slow": slow} | {f"periodic.{name}": lambda _s, _o, _n: None for name in TIMETABLE})
    worker.start()
    assert begun.wait(PATIENCE)
    worker.request_stop()
    go_on.set()
    assert worker.stop()
    session.rollback()
    rows = session.scalars(select(OutboxMessage).where(OutboxMessage.topic == "slow")).all()
    assert [row.attempts for row in rows if row.done_at is None] == [0] * 4
    assert not [row for row in rows if row.lease is not None]
    assert len([row for row in rows if row.done_at is not None]) == 1
