"""The worker: threads inside `flask serve`, or a process of its own, any number of them.

It sleeps until the bell rings (a commit in this process), PostgreSQL notifies (another process), something becomes
due, or two seconds have passed; the last is enough by itself.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import psycopg
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import clock
from app.extensions import db
from app.jobs import running
from app.jobs.timetable import TIMETABLE
from app.orm import write_transaction
from app.outbox import claiming
from app.outbox.bell import bell
from app.outbox.claiming import Claim, LeaseLost
from app.outbox.publishing import CHANNEL

log = logging.getLogger(__name__)

POLL = 2.0  # seconds: the longest that a message of another process waits on SQLite
HEARTBEAT = timedelta(seconds=10)
AFTER_A_FAULT = 5.0  # seconds before the database is tried again


class Worker:
    """Handles messages until stopped. `stop` lets the message in hand end and gives the others back."""

    def __init__(self, app: Flask, handlers: running.Handlers, *, threads: int = 1) -> None:
        self.app = app
        self.handlers = handlers
        self.name = f"{socket.gethostname()[:40]}:{os.getpid()}"
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, name=f"worker-{n}") for n in range(threads)]
        self._threads.append(threading.Thread(target=self._keep_time, name="worker-time"))
        with app.app_context():
            self._engine: Engine = db.engine
        if self._engine.dialect.name == "postgresql":
            self._threads.append(threading.Thread(target=self._listen, name="worker-listener"))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        log.info("worker.started", extra={"worker": self.name, "threads": len(self._threads)})

    def stop(self, timeout: float = 30.0) -> bool:
        """Ask all threads to end and wait for them; says whether they did."""
        self._stopping.set()
        bell.ring()
        for thread in self._threads:
            thread.join(timeout)
        ended = not any(thread.is_alive() for thread in self._threads)
        log.info("worker.stopped", extra={"worker": self.name, "ended": ended})
        return ended

    @property
    def alive(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    def wait(self) -> None:
        """Block until `stop` is called (from a signal handler, say)."""
        while not self._stopping.wait(1.0):
            pass

    def request_stop(self) -> None:
        """What a signal handler may do."""
        self._stopping.set()

    # --- the threads ----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._stopping.is_set():
            heard = bell.rings
            pause = self._guarded(self._take_and_run)
            if pause:
                bell.wait(heard, pause)

    def _guarded(self, work: Callable[[Session], float]) -> float:
        """One round with a session of its own; a database that is away for a while doesn't end the worker."""
        try:
            with self.app.app_context():
                return work(db.session())
        except SQLAlchemyError as fault:
            log.error("worker.database", extra={"worker": self.name, "error": running.describe(fault)})
            self._stopping.wait(AFTER_A_FAULT)
            return 0.0

    def _take_and_run(self, session: Session) -> float:
        """Claim and handle one batch; returns how many seconds to sleep."""
        with write_transaction(session):
            claims = claiming.claim(session, now=clock.now())
        for position, one in enumerate(claims):
            if self._stopping.is_set():
                self._give_back(session, claims[position:])
                return 0.0
            if one.until > clock.now():
                running.run(session, one, self.handlers, clock.now)
        if claims:
            return 0.0
        due = claiming.next_due(session)
        session.rollback()
        return min(max((due - clock.now()).total_seconds(), 0.05), POLL) if due else POLL

    def _give_back(self, session: Session, claims: list[Claim]) -> None:
        for one in claims:
            with suppress(LeaseLost), write_transaction(session):  # a lost one is somebody else's to give back
                claiming.release(session, one)

    def _keep_time(self) -> None:
        """Heartbeat and timetable, apart from the work so that a long job doesn't look like a dead worker."""
        while not self._stopping.is_set():
            self._guarded(self._tick)
            self._stopping.wait(HEARTBEAT.total_seconds())

    def _tick(self, session: Session) -> float:
        now = clock.now()
        with write_transaction(session):
            claiming.beat(session, self.name, now=now)
            for name, every in TIMETABLE.items():
                claiming.open_slot(session, name, every=every, now=now)
        return 0.0

    def _listen(self) -> None:
        """Pass PostgreSQL's notifications on to the bell. While this connection is down, polling goes on."""
        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        while not self._stopping.is_set():
            try:
                with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    while not self._stopping.is_set():
                        for _news in connection.notifies(timeout=1.0):
                            bell.ring()
            except psycopg.Error as fault:
                log.warning("worker.listener", extra={"worker": self.name, "error": type(fault).__name__})
                self._stopping.wait(AFTER_A_FAULT)


def drain(session: Session, handlers: running.Handlers, now: Callable[[], datetime]) -> int:
    """Handle everything that is due, here and now; returns how many messages. For tests and commands."""
    handled = 0
    while True:
        with write_transaction(session):
            claims = claiming.claim(session, now=now())
        if not claims:
            return handled
        for one in claims:
            running.run(session, one, handlers, now)
            handled += 1
