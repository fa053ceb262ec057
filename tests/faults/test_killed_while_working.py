"""Workers that are killed, and workers that are asked to stop: every message is handled, its effect is there once."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.accounts.models import User
from app.notifications.models import Notification
from app.outbox import publish
from app.outbox.models import OutboxMessage
from tests.commands.test_demo import free_port
from tests.conftest import KINDS
from tests.faults.desk import Installation, installed, kill

FULL = os.environ.get("BIHUAN_PROOF") == "1"
KILLS = 20 if FULL else 3
MESSAGES = 2000 if FULL else 300
TOPIC = "account.role_granted"

pytestmark = [pytest.mark.serial, pytest.mark.proof, pytest.mark.timeout(1800)]


def fill(desk: Installation) -> None:
    """Each of these messages tells the one head once."""
    with desk.session() as session:
        user_id = session.scalars(select(User.id)).one()
        for _ in range(MESSAGES):
            publish(session, TOPIC, now=clock.now(), user_id=user_id, roles=["head"], by_id=None)
        session.commit()


def waiting(desk: Installation) -> int:
    with desk.session() as session:
        return session.scalar(select(func.count()).where(OutboxMessage.done_at.is_(None))) or 0


def end_leases(desk: Installation) -> None:
    """What a killed worker held would be free after a minute; the test does not wait for that."""
    with desk.session() as session:
        held = update(OutboxMessage).where(OutboxMessage.leased_until.is_not(None), OutboxMessage.done_at.is_(None))
        session.execute(held.values(leased_until=clock.now()))
        session.commit()


def wait_until(left: int, desk: Installation, within: float = 120) -> None:
    until = time.monotonic() + within
    while waiting(desk) > left:
        assert time.monotonic() < until, desk.log.read_text("utf-8")[-3000:]
        time.sleep(0.05)


def look(desk: Installation) -> None:
    with desk.session() as session:
        told = session.scalar(select(func.count()).select_from(Notification)) or 0
        handled = session.scalar(select(func.count()).where(OutboxMessage.topic == TOPIC)) or 0
        causes = session.scalar(select(func.count(Notification.once.distinct())))
        assert told == handled == causes
        assert not session.scalars(select(OutboxMessage.id).where(OutboxMessage.dead_at.is_not(None))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_killed_workers_lose_nothing_and_repeat_nothing(kind: str, tmp_path: Path) -> None:
    dice = random.Random(4711)
    with installed(kind, tmp_path) as desk:
        fill(desk)
        team = [desk.start("worker", "--threads", "2") for _ in range(2)]
        for kills in range(KILLS):
            wait_until(max(waiting(desk) - dice.randint(1, MESSAGES // KILLS), 0), desk)
            kill(team[kills % 2])
            end_leases(desk)
            team[kills % 2] = desk.start("worker", "--threads", "2")
        wait_until(0, desk)
        look(desk)


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_is_asked_to_stop_finishes_and_gives_back(kind: str, tmp_path: Path) -> None:
    with installed(kind, tmp_path) as desk:
        fill(desk)
        worker = desk.start("worker")
        wait_until(MESSAGES - 5, desk)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
        with desk.session() as session:
            held = select(OutboxMessage.id).where(OutboxMessage.lease.is_not(None), OutboxMessage.done_at.is_(None))
            assert session.scalars(held).all() == []
        desk.start("worker")
        wait_until(0, desk)
        look(desk)


def test_a_server_that_is_asked_to_stop_leaves_cleanly(tmp_path: Path) -> None:
    with installed("sqlite", tmp_path) as desk:
        server: subprocess.Popen[bytes] = desk.serve(free_port())
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
        assert '"ended": true' in desk.log.read_text("utf-8")
