"""No door closes a ticket without a follow-up: not a page, not the API, not a merge, not what is sent again."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, text
from sqlalchemy.engine import NestedTransaction
from werkzeug.test import TestResponse

from app import clock
from app.tickets.models import FollowUp, Ticket
from tests.doors import examples_admin
from tests.doors.examples import CASES, Case, Where
from tests.doors.followed_up import wrongly_closed
from tests.doors.ground import World

assert examples_admin  # adds its doors
V1 = "/api/v1"
PROOF = os.environ.get("BIHUAN_PROOF") == "1"
CONTENT = {"method": "phone", "reached": True, "solved": True, "score": 5}
FORGED = {
    "status": "closed",
    "closed_at": "2024-03-05T04:00:00+00:00",
    "closed_as": "satisfied",
    "outcome": "satisfied",
    "state": "done",
    "completed_at": "2024-03-05T04:00:00+00:00",
    "cycle": "9",
    "to": "closed",
    "close": "1",
    "merged_into_id": "1",
    "follow_up_id": "1",
}


@pytest.fixture
def desk(world: World) -> Iterator[World]:
    """The world, taken back after the test."""
    with world.undone():
        yield world


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`hours(24)`: a day passes."""
    passed = timedelta()
    really = clock.now

    def pass_by(count: float) -> None:
        nonlocal passed
        passed += timedelta(hours=count)

    monkeypatch.setattr(clock, "now", lambda: really() + passed)
    return pass_by


def post(world: World, person: str, path: str, status: int = 200, **body: Any) -> Any:
    answer = world.ask(person, "POST", f"{V1}{path}", json=body)
    assert answer.status_code == status, answer.text
    assert not wrongly_closed(world.connection)
    return answer.get_json()


def status_of(world: World, no: str) -> str:
    return str(world.connection.scalar(select(Ticket.status).where(Ticket.no == no)))


def solve(world: World, no: str) -> str:
    """From triage to resolved; the number of the follow-up."""
    post(world, "wang", f"/tickets/{no}/triage", category="fault.function", impact=1, urgency=2, severity=2)
    post(world, "wang", f"/tickets/{no}/assignment", assignee="chen")
    post(world, "chen", f"/tickets/{no}/start")
    post(world, "chen", f"/tickets/{no}/analysis", cause_kind="hardware", root_cause="电芯老化")
    return str(post(world, "chen", f"/tickets/{no}/resolution", solution="更换", overdue_explanation="缺件")["no"])


# --- one door after the other -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["zhou", "wang", "lin"])
def test_no_single_request_closes(world: World, person: str) -> None:
    """Every door that changes something, with everything in it that could pass for an end."""
    urls, faults, count = world.app.url_map.bind("localhost"), [], 0
    for (endpoint, method), cases in CASES.items():
        if method == "GET" or not endpoint.startswith(("tickets.", "follow_ups.", "api_tickets.", "api_follow_ups.")):
            continue
        for case in cases[:1] if person != "zhou" else cases:
            for subject in ("asked", "lin") if case.about in ("ticket", "follow_up") else ("",):
                where = Where(world, person, world.things.get(subject, world.things["nothing"]))
                with world.undone():
                    answer = _forge(
                        world, person, method, urls.build(endpoint, case.path_args(where), method), case, where
                    )
                    count += 1
                    closed = wrongly_closed(world.connection)
                if closed or answer.status_code >= 500:
                    faults.append(f"{method} {endpoint} {case.say} as {person}: {answer.status_code} {closed}")
    assert count > 20
    assert not faults, "\n".join(faults)


def _forge(world: World, person: str, method: str, path: str, case: Case, where: Where) -> TestResponse:
    if method == "DELETE":
        return world.ask(person, method, path, query=FORGED)
    if path.startswith("/api/"):
        return world.ask(person, method, path, query=FORGED, json=case.filled("json", where))
    without_close = {name: value for name, value in FORGED.items() if name != "close"}
    return world.ask(person, method, path, query=FORGED, form=without_close | case.filled("form", where))


@pytest.mark.parametrize("noun", ["closure", "resolution", "start", "verification", "triage", "reopening"])
def test_programs_may_not_say_how_it_ends(desk: World, noun: str) -> None:
    no = desk.things["asked"].ticket_no
    for name, value in FORGED.items():
        answer = desk.ask("zhou", "POST", f"{V1}/tickets/{no}/{noun}", json={name: value})
        assert answer.status_code == 422, (name, answer.text)
        assert name in {error["field"] for error in answer.get_json()["errors"]}
    assert status_of(desk, no) == "resolved"


@pytest.mark.parametrize("person", ["lin", "wang", "zhou"])
def test_closing_too_early_says_what_is_missing(desk: World, person: str) -> None:
    no = desk.things["asked"].ticket_no
    assert post(desk, person, f"/tickets/{no}/closure", 409)["missing"] == ["follow_up"]
    page = desk.ask(person, "POST", f"/tickets/{no}/closure", form={})
    assert page.status_code == 409
    assert desk.things["asked"].follow_up_no in page.text
    assert status_of(desk, no) == "resolved"


@pytest.mark.parametrize(
    "answer",
    [
        {"reached": True},
        {"reached": False, "solved": True},
        {"reached": False, "score": 5},
        {"reached": False, "nps": 10},
        {"reached": True, "solved": True, "score": 0},
        {"reached": True, "solved": True, "score": 6},
        {"reached": "true", "solved": True},
        {"reached": True, "solved": "yes"},
        {"reached": True, "solved": None},
        {"reached": True, "solved": True, "score": 4.5},
        {"reached": [True], "solved": True},
    ],
)
def test_contradictory_answers_are_no_follow_up(desk: World, answer: dict[str, Any]) -> None:
    thing = desk.things["asked"]
    assert post(desk, "lin", f"/follow-ups/{thing.follow_up_no}/attempts", 422, method="phone", **answer)["errors"]
    assert post(desk, "zhou", f"/tickets/{thing.ticket_no}/closure", 409)["missing"] == ["follow_up"]


@pytest.mark.parametrize(
    "answer",
    [
        {"reached": "yes"},
        {"reached": "no", "solved": "yes"},
        {"reached": "no", "score": "5"},
        {"reached": "yes", "solved": "yes", "score": "2"},
        {"reached": "yes", "solved": "no", "score": "5"},
        {"reached": ["no", "yes"], "solved": ["yes", "no"]},
        {"reached": ["yes", "no"], "solved": "no"},
        {"reached": "yes", "solved": "maybe"},
        {"solved": "yes", "score": "5"},
    ],
)
def test_save_and_close_needs_a_content_customer(desk: World, answer: dict[str, Any]) -> None:
    thing = desk.things["asked"]
    form = {"method": "phone", "close": "1"} | answer
    got = desk.ask("lin", "POST", f"/follow-ups/{thing.follow_up_no}/attempts", form=form)
    assert got.status_code in (303, 409, 422)
    assert not wrongly_closed(desk.connection)
    assert status_of(desk, thing.ticket_no) in ("resolved", "triage")


@pytest.mark.parametrize("answer", [{"solved": False}, {"solved": True, "score": 2}, {"solved": False, "score": 5}])
def test_a_discontented_customer_opens_it_again(desk: World, answer: dict[str, Any]) -> None:
    thing = desk.things["asked"]
    attempts = f"/follow-ups/{thing.follow_up_no}/attempts"
    assert post(desk, "lin", attempts, 201, method="phone", reached=True, **answer)["ticket_status"] == "triage"
    assert "resolution" in post(desk, "zhou", f"/tickets/{thing.ticket_no}/closure", 409)["missing"]
    post(desk, "lin", attempts, 409, **CONTENT)  # the older cycle is over
    second = solve(desk, thing.ticket_no)
    post(desk, "lin", attempts, 409, **CONTENT)
    assert post(desk, "zhou", f"/tickets/{thing.ticket_no}/closure", 409)["missing"] == ["follow_up"]
    post(desk, "lin", f"/follow-ups/{second}/attempts", 201, **CONTENT)
    assert post(desk, "lin", f"/tickets/{thing.ticket_no}/closure")["closed_as"] == "satisfied"


def test_an_answer_that_is_sent_again_counts_once(desk: World) -> None:
    """The stored answer of a call says what happened then; it makes nothing happen now."""
    thing, key = desk.things["asked"], {"Idempotency-Key": "attempt-1"}
    path = f"{V1}/follow-ups/{thing.follow_up_no}/attempts"
    first = desk.ask("lin", "POST", path, json=CONTENT, headers=key)
    assert first.status_code == 201
    post(desk, "wang", f"/tickets/{thing.ticket_no}/reopening", reason="客户又来电")
    again = desk.ask("lin", "POST", path, json=CONTENT, headers=key)
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert post(desk, "zhou", f"/tickets/{thing.ticket_no}/closure", 409)["missing"]
    solve(desk, thing.ticket_no)
    desk.ask("lin", "POST", path, json=CONTENT, headers=key)
    assert post(desk, "zhou", f"/tickets/{thing.ticket_no}/closure", 409)["missing"] == ["follow_up"]


def test_nobody_gives_up_before_the_third_day(desk: World, hours: Callable[[float], None]) -> None:
    thing = desk.things["asked"]
    attempts, closure = f"/follow-ups/{thing.follow_up_no}/attempts", f"/tickets/{thing.ticket_no}/closure"
    for method in ("phone", "online", "phone", "online"):
        post(desk, "lin", attempts, 201, method=method, reached=False)
        post(desk, "zhou", closure, 409)
    hours(24)
    post(desk, "lin", attempts, 201, method="phone", reached=False)
    post(desk, "zhou", closure, 409)
    hours(24)
    post(desk, "lin", attempts, 201, method="phone", reached=False)
    post(desk, "lin", closure, 403)
    assert status_of(desk, thing.ticket_no) == "resolved"
    assert post(desk, "wang", closure)["closed_as"] == "unreachable"


def test_one_way_of_asking_is_not_enough_to_give_up(desk: World, hours: Callable[[float], None]) -> None:
    thing = desk.things["asked"]
    for _ in range(4):
        post(desk, "lin", f"/follow-ups/{thing.follow_up_no}/attempts", 201, method="phone", reached=False)
        post(desk, "zhou", f"/tickets/{thing.ticket_no}/closure", 409)
        hours(24)


def test_a_merged_ticket_ends_with_its_target_only(desk: World) -> None:
    part, whole = desk.things["mei"].ticket_no, desk.things["asked"]
    post(desk, "wang", f"/tickets/{part}/merge", into=whole.ticket_no, reason="重复")
    post(desk, "zhou", f"/tickets/{part}/closure", 409)
    post(desk, "zhou", f"/tickets/{whole.ticket_no}/closure", 409)
    assert status_of(desk, part) == "merged"
    post(desk, "lin", f"/follow-ups/{whole.follow_up_no}/attempts", 201, **CONTENT)
    assert status_of(desk, part) == "merged"
    post(desk, "lin", f"/tickets/{whole.ticket_no}/closure")
    assert (status_of(desk, part), status_of(desk, whole.ticket_no)) == ("closed", "closed")
    assert desk.ask("zhou", "DELETE", f"{V1}/tickets/{part}/merge").status_code == 409


def test_a_merge_into_a_closed_ticket_is_no_way_out(desk: World) -> None:
    part, whole = desk.things["mei"].ticket_no, desk.things["asked"]
    post(desk, "lin", f"/follow-ups/{whole.follow_up_no}/attempts", 201, **CONTENT)
    post(desk, "lin", f"/tickets/{whole.ticket_no}/closure")
    post(desk, "zhou", f"/tickets/{part}/merge", 409, into=whole.ticket_no, reason="重复")
    assert status_of(desk, part) == "assigned"


def test_a_solved_ticket_cannot_be_called_invalid(desk: World) -> None:
    no = desk.things["asked"].ticket_no
    post(desk, "lin", f"/tickets/{no}/invalidation", 409, reason="垃圾信息")
    post(desk, "zhou", f"/tickets/{no}/invalidation/confirmation", 409)
    assert status_of(desk, no) == "resolved"


# --- at random --------------------------------------------------------------------------------------------------------

people = st.sampled_from(["lin", "wang", "chen", "zhou"])
index = st.integers(0, 7)
level = st.integers(1, 3)
reason = st.fixed_dictionaries({"reason": st.sampled_from(["客户要求", "重复", " "])})
bodies: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "verification": st.just({}),
    "triage": st.fixed_dictionaries(
        {
            "category": st.sampled_from(["fault.function", "complaint"]),
            "impact": level,
            "urgency": level,
            "severity": level,
        },
        optional={"department": st.sampled_from(["service", "support"])},
    ),
    "assignment": st.fixed_dictionaries({"assignee": st.sampled_from(["lin", "chen", "mei"])}),
    "start": st.just({}),
    "waiting": st.just({}),
    "handback": reason,
    "messages": st.fixed_dictionaries({"kind": st.sampled_from(["reply", "note", "inbound"]), "body": st.just("内容")}),
    "analysis": st.just({"cause_kind": "software", "root_cause": "缺陷"}),
    "resolution": st.just({"solution": "升级固件", "overdue_explanation": "等待测试"}),
    "reopening": reason,
    "closure": st.just({}),
    "invalidation": reason,
    "invalidation/confirmation": st.just({}),
    "escalation": st.fixed_dictionaries({"kind": st.sampled_from(["complaint", "head"]), "reason": st.just("投诉")}),
}
steps = st.sampled_from(sorted(bodies)).flatmap(lambda noun: st.tuples(st.just(noun), bodies[noun]))
answers = st.fixed_dictionaries(
    {"method": st.sampled_from(["phone", "online"]), "reached": st.booleans()},
    optional={"solved": st.booleans(), "score": st.integers(0, 6)},
)
keys = st.none() | st.sampled_from(["key-1", "key-2", "key-3"])
# Who makes the next step of the loop from here, and how.
FORWARD: dict[str, tuple[str, str, dict[str, Any]]] = {
    "new": ("lin", "verification", {}),
    "triage": ("wang", "triage", {"category": "fault.function", "impact": 1, "urgency": 2, "severity": 2}),
    "assigned": ("zhou", "start", {}),
    "waiting": ("zhou", "start", {}),
    "resolved": ("zhou", "closure", {}),
}


class Programs(RuleBasedStateMachine):
    """Four people's programs call whatever they like, again and in any order. Each example is taken back."""

    world: World  # set by the test
    ends: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.passed = timedelta()
        self.sent: list[tuple[str, str, str, dict[str, Any] | None, dict[str, str]]] = []
        self.ended: dict[str, tuple[datetime, str]] = {}
        self.savepoint: NestedTransaction = self.world.connection.begin_nested()
        self.really = clock.now
        clock.now = lambda: self.really() + self.passed

    def teardown(self) -> None:
        clock.now = self.really
        self.savepoint.rollback()

    def call(self, person: str, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]) -> None:
        self.sent.append((person, method, path, body, headers))
        answer = self.world.ask(person, method, f"{V1}{path}", json=body, headers=headers)
        assert answer.status_code < 500, (path, body, answer.text)
        assert answer.status_code < 400 or answer.get_json()["detail"]

    def number(self, n: int) -> tuple[str, str]:
        rows = self.world.connection.execute(select(Ticket.no, Ticket.status).order_by(Ticket.id)).all()
        row = rows[n % len(rows)]
        return row.no, row.status

    @initialize(more=st.integers(0, 2))
    def register(self, more: int) -> None:
        for n in range(more):
            customer = {"name": "欧阳丹青", "phone": "13700010001"}
            self.call(
                "lin", "POST", "/tickets", {"channel": "email", "description": f"第 {n} 件", "customer": customer}, {}
            )

    @rule(person=people, n=index, step=steps, key=keys)
    def step(self, person: str, n: int, step: tuple[str, dict[str, Any]], key: str | None) -> None:
        headers = {"Idempotency-Key": key} if key else {}
        self.call(person, "POST", f"/tickets/{self.number(n)[0]}/{step[0]}", step[1], headers)

    @rule(n=index)
    def go_on(self, n: int) -> None:
        """The step that is due, by somebody who may: or a walk at random would never get far."""
        no, status = self.number(n)
        if status in FORWARD:
            person, noun, body = FORWARD[status]
            self.call(person, "POST", f"/tickets/{no}/{noun}", body, {})
        elif status == "in_progress":
            self.call("zhou", "POST", f"/tickets/{no}/analysis", {"cause_kind": "other", "root_cause": "查明"}, {})
            self.call("zhou", "POST", f"/tickets/{no}/resolution", {"solution": "换", "overdue_explanation": "忙"}, {})

    @rule(person=people, n=index, answer=answers, key=keys)
    def ask(self, person: str, n: int, answer: dict[str, Any], key: str | None) -> None:
        self._ask(person, n, answer, {"Idempotency-Key": key} if key else {})

    @rule(n=index)
    def ask_a_content_customer(self, n: int) -> None:
        self._ask("lin", n, CONTENT, {})

    def _ask(self, person: str, n: int, answer: dict[str, Any], headers: dict[str, str]) -> None:
        numbers = list(self.world.connection.scalars(select(FollowUp.no).order_by(FollowUp.id.desc())))
        self.call(person, "POST", f"/follow-ups/{numbers[n % len(numbers)]}/attempts", answer, headers)

    @rule(person=people, n=index, into=index)
    def merge(self, person: str, n: int, into: int) -> None:
        self.call(
            person, "POST", f"/tickets/{self.number(n)[0]}/merge", {"into": self.number(into)[0], "reason": "重复"}, {}
        )

    @rule(person=people, n=index, noun=st.sampled_from(["merge", "invalidation"]))
    def take_back(self, person: str, n: int, noun: str) -> None:
        self.call(person, "DELETE", f"/tickets/{self.number(n)[0]}/{noun}", None, {})

    @rule(n=st.integers(0, 60))
    def send_again(self, n: int) -> None:
        if self.sent:
            self.call(*self.sent[n % len(self.sent)])

    @rule()
    def let_a_day_pass(self) -> None:
        self.passed += timedelta(days=1)

    @invariant()
    def whatever_is_closed_was_followed_up(self) -> None:
        assert wrongly_closed(self.world.connection) == []

    @invariant()
    def an_end_stays(self) -> None:
        query = select(Ticket.no, Ticket.closed_at, Ticket.closed_as).where(Ticket.status == "closed")
        now = {row.no: (row.closed_at, row.closed_as) for row in self.world.connection.execute(query)}
        assert self.ended.items() <= now.items()
        self.ends.update(ending for no, (_, ending) in now.items() if no not in self.ended)
        self.ended = now


@pytest.mark.timeout(1800 if PROOF else 240)
def test_programs_at_random_close_nothing_unasked(world: World) -> None:
    Programs.world, Programs.ends = world, Counter()
    run_state_machine_as_test(
        Programs,
        settings=settings(
            max_examples=400 if PROOF else 12,
            stateful_step_count=60 if PROOF else 30,
            derandomize=not PROOF,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Programs.ends["satisfied"], "nothing was ever closed: the walk proves nothing"


def test_the_opinion_of_its_own_sees_a_ticket_that_was_closed_behind_the_back(desk: World) -> None:
    no = desk.things["asked"].ticket_no
    desk.connection.execute(text("UPDATE ticket SET status = 'closed' WHERE no = :no"), {"no": no})
    assert wrongly_closed(desk.connection)
