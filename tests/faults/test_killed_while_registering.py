"""`kill -9` in the middle of registrations: what was acknowledged is there, once, and nothing is half there."""

import http.client
import json
import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.audit import verify
from app.tickets.invariants import check
from app.tickets.models import Event, Ticket
from tests.commands.test_demo import free_port
from tests.conftest import KINDS
from tests.faults.desk import Installation, installed, kill

FULL = os.environ.get("BIHUAN_PROOF") == "1"
KILLS = 20 if FULL else 3
ACKNOWLEDGED = 1000 if FULL else 60
CALLERS = 4

pytestmark = [pytest.mark.serial, pytest.mark.proof, pytest.mark.timeout(1800)]


@dataclass
class Traffic:
    """Callers that register without pause. Each call has a key of its own and is repeated until it is acknowledged."""

    port: int
    token: str
    acknowledged: dict[str, str] = field(default_factory=dict)  # key → ticket number
    begun: set[str] = field(default_factory=set)
    disagreements: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, caller: int) -> None:
        number = 0
        while not self.stopping.is_set():
            key = f"caller-{caller}-{number}"
            self.begun.add(key)
            while not (done := self.register(key)) and not self.stopping.is_set():
                time.sleep(0.05)
            number += bool(done)

    def register(self, key: str) -> bool:
        """One call; False when nobody knows whether it arrived."""
        body = {
            "channel": "phone",
            "description": f"充电慢，来电编号 {key}",
            "customer": {"name": "张小北", "phone": f"138{abs(hash(key)) % 10**8:08d}"},
        }
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", "/api/v1/tickets", json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        if answer.status != 201:
            if answer.status not in (409, 503):  # in flight, or the database is busy: try again
                self.disagreements.append(f"{key}: {answer.status} {text[:200]!r}")
            return False
        self.note(key, json.loads(text)["ticket_no"])
        return True

    def note(self, key: str, no: str) -> None:
        with self.lock:
            if self.acknowledged.setdefault(key, no) != no:
                self.disagreements.append(f"{key}: {self.acknowledged[key]}, then {no}")


def look(desk: Installation, traffic: Traffic) -> None:
    """What must hold of the rows, with everything acknowledged and the server gone."""
    with desk.session() as session:
        numbers = set(session.scalars(select(Ticket.no)))
        assert set(traffic.acknowledged.values()) <= numbers, "an acknowledged ticket is lost"
        assert len(numbers) == len(traffic.begun), "a ticket is there twice, or one that nobody asked for"
        assert len(set(traffic.acknowledged.values())) == len(traffic.acknowledged), "one number for two tickets"
        assert not list(check(session))
        registered = select(func.count()).where(Event.kind == "registered")
        assert session.scalar(registered) == len(numbers), "half a ticket"
        assert verify(session).ok


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(kind: str, tmp_path: Path) -> None:
    dice = random.Random(4711)
    with installed(kind, tmp_path) as desk:
        token = json.loads(desk.flask("token", "create", "root", "--json"))["token"]
        traffic = Traffic(free_port(), token)
        callers = [threading.Thread(target=traffic.run, args=(n,)) for n in range(CALLERS)]
        server = desk.serve(traffic.port)
        for caller in callers:
            caller.start()
        kills = 0
        while kills < KILLS or len(traffic.acknowledged) < ACKNOWLEDGED:
            before = len(traffic.acknowledged)
            wait_for_more(traffic, before + dice.randint(1, max(2, ACKNOWLEDGED // KILLS)))
            time.sleep(dice.random() * 0.1)
            if kills < KILLS:
                kill(server)
                kills += 1
                server = desk.serve(traffic.port)
        traffic.stopping.set()
        for caller in callers:
            caller.join(60)
        for key in sorted(traffic.begun - set(traffic.acknowledged)):
            assert traffic.register(key), key
        kill(server)
        assert not traffic.disagreements
        look(desk, traffic)


def wait_for_more(traffic: Traffic, wanted: int) -> None:
    until = time.monotonic() + 120
    while len(traffic.acknowledged) < wanted:
        assert time.monotonic() < until, f"no more registrations; {traffic.disagreements[:3]}"
        time.sleep(0.01)
