"""The loop walked at random by many people, with requests replayed and out of order.

Whatever they do: no ticket is closed without its follow-up, and every invariant holds after every step.
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from app.errors import DeskError
from app.tickets import services
from app.tickets.codes import EscalationKind, LinkKind, MessageKind, Method, Priority, Status
from app.tickets.given import Registration, Seen, TriageGiven
from app.tickets.invariants import check
from app.tickets.models import FollowUp, Message, Ticket
from tests.domain.desk import LI, ZHANG, Desk

PROOF = os.environ.get("BIHUAN_PROOF") == "1"

anybody = st.sampled_from(["lin", "mei", "wang", "wang", "chen", "zhou", "zhou", "sun", "he", "tang"])
which = st.integers(0, 5)
level = st.integers(1, 3)
category = st.sampled_from(["enquiry.usage", "fault.function", "fault.batch", "complaint", "other", "request.feature"])
where = st.sampled_from([None, None, "service", "support"])
override = st.none() | st.sampled_from(sorted(Priority))
scores = st.none() | st.integers(0, 6)
maybe = st.booleans()
Act = Callable[[], object]


class Walk(RuleBasedStateMachine):
    """Every rule is one request. A refusal leaves nothing behind, as a rolled-back transaction would."""

    desk: Desk  # set by the test
    ends: Counter[str]
    refusals: set[str]

    def __init__(self) -> None:
        super().__init__()
        self.tickets: list[Ticket] = []
        self.requests: list[Act] = []
        self.now = self.desk.now
        self.session = self.desk.session

    def request(self, act: Act) -> None:
        self.requests.append(act)
        self.send(act)

    def send(self, act: Act) -> None:
        savepoint = self.session.begin_nested()
        try:
            act()
            savepoint.commit()
        except DeskError as refused:
            savepoint.rollback()
            self.refusals.add(str(refused.sentence))

    def ticket(self, n: int) -> Ticket:
        return self.tickets[n % len(self.tickets)]

    def by(self, who: str) -> dict[str, object]:
        return {"by": self.desk.who(who), "now": self.now}

    def teardown(self) -> None:
        self.ends.update(str(t.status) for t in self.tickets)
        self.session.rollback()
        self.session.expire_all()

    # --- the way forward, or a walk at random would hardly ever arrive -----------------------------------------------

    @rule(n=which, steps=st.integers(1, 7))
    def forward(self, n: int, steps: int) -> None:
        for _ in range(steps):
            step = self.next_step(n)
            if step is None:
                return
            self.at_desk(step)

    @rule(n=which)
    def forward_to_the_end(self, n: int) -> None:
        self.forward(n, 7)

    def next_step(self, n: int) -> Act | None:
        """What a diligent desk does next; the head may do everything, and Mei asks."""
        ticket, desk = self.ticket(n), self.desk
        match ticket.status:
            case Status.NEW:
                return lambda: services.verify(self.session, ticket, **self.by("zhou"))  # type: ignore[arg-type]
            case Status.TRIAGE:
                return lambda: desk.triage(ticket)
            case Status.ASSIGNED | Status.WAITING:
                return lambda: desk.start(ticket, "zhou")
            case Status.IN_PROGRESS:
                return lambda: (desk.analyse(ticket, "zhou"), desk.resolve(ticket, "zhou", overdue_explanation="缺货"))
            case Status.RESOLVED:
                query = select(FollowUp).where(FollowUp.ticket_id == ticket.id, FollowUp.state == "open")
                if follow_up := self.session.scalars(query).first():
                    return lambda: desk.ask(follow_up, "mei", score=4)
                return lambda: desk.close(ticket, "zhou")
            case _:
                return None

    # --- the requests -------------------------------------------------------------------------------------------------

    @initialize(channel=st.sampled_from(["phone", "email"]))
    def begin(self, channel: str) -> None:
        self.register("lin", channel, 0)
        self.register("lin", channel, 0)

    @rule(who=anybody, channel=st.sampled_from(["phone", "email", "internal"]), customer=st.integers(0, 3))
    def register(self, who: str, channel: str, customer: int) -> None:
        whose = None if channel == "internal" else LI if customer == 3 else ZHANG

        def act() -> None:
            given = Registration(channel, "充不进电", whose, answered="已答复" if customer == 1 else "")
            self.tickets.append(services.register(self.session, given, **self.by(who)))  # type: ignore[arg-type]

        self.request(act)

    @rule(hours=st.sampled_from([0.2, 3, 25, 25, 240]))
    def time_passes(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @rule(n=which, who=anybody, seen=st.none() | st.sampled_from(sorted(Status)))
    def verify(self, n: int, who: str, seen: str | None) -> None:
        before = Seen(status=seen) if seen else None
        self.request(lambda: services.verify(self.session, self.ticket(n), seen=before, **self.by(who)))  # type: ignore[arg-type]

    @rule(n=which, who=anybody, category=category, i=level, u=level, s=level, department=where, priority=override)
    def triage(
        self, n: int, who: str, category: str, i: int, u: int, s: int, department: str | None, priority: str | None
    ) -> None:
        given = TriageGiven(category, i, u, s, department=department, priority=priority, reason="按经验")
        self.request(lambda: services.triage(self.session, self.ticket(n), given, **self.by(who)))  # type: ignore[arg-type]

    @rule(n=which, who=anybody, whom=st.sampled_from([None, "chen", "lin", "wang"]), department=where)
    def assign(self, n: int, who: str, whom: str | None, department: str | None) -> None:
        self.at_desk(lambda: self.desk.assign(self.ticket(n), who, assignee=whom, department=department))

    @rule(n=which, who=anybody)
    def start(self, n: int, who: str) -> None:
        self.at_desk(lambda: self.desk.start(self.ticket(n), who))

    @rule(n=which, who=anybody)
    def wait(self, n: int, who: str) -> None:
        self.request(lambda: services.wait(self.session, self.ticket(n), **self.by(who)))  # type: ignore[arg-type]

    @rule(n=which, who=anybody)
    def hand_back(self, n: int, who: str) -> None:
        self.request(lambda: services.hand_back(self.session, self.ticket(n), reason="不归我", **self.by(who)))  # type: ignore[arg-type]

    @rule(n=which, who=anybody, kind=st.sampled_from(sorted(MessageKind)), undo=st.booleans(), promise=st.booleans())
    def message(self, n: int, who: str, kind: str, undo: bool, promise: bool) -> None:
        def act() -> None:
            promised = {"promised_for": self.now + timedelta(hours=1)} if promise else {}
            said = self.desk.say(self.ticket(n), kind, who, undo=undo, **promised)
            if said.ticket_id not in {t.id for t in self.tickets}:
                self.tickets.append(self.session.get_one(Ticket, said.ticket_id))

        self.at_desk(act)

    @rule(n=which, who=anybody)
    def withdraw(self, n: int, who: str) -> None:
        def act() -> None:
            last = select(Message).where(Message.ticket_id == self.ticket(n).id).order_by(Message.id.desc())
            if message := self.session.scalars(last).first():
                services.withdraw_message(self.session, message, **self.by(who))  # type: ignore[arg-type]

        self.request(act)

    @rule(n=which, who=anybody)
    def analyse(self, n: int, who: str) -> None:
        self.at_desk(lambda: self.desk.analyse(self.ticket(n), who))

    @rule(n=which, who=anybody, explained=st.booleans())
    def resolve(self, n: int, who: str, explained: bool) -> None:
        why = "配件缺货，已告知客户" if explained else ""
        self.at_desk(lambda: self.desk.resolve(self.ticket(n), who, overdue_explanation=why))

    @rule(n=which, who=anybody)
    def analyse_and_resolve(self, n: int, who: str) -> None:
        self.at_desk(lambda: self.desk.start(self.ticket(n), who))
        self.analyse(n, who)
        self.resolve(n, who, True)

    @rule(
        n=which,
        who=anybody,
        old=maybe,
        solved=maybe,
        score=scores,
        method=st.sampled_from(sorted(Method)),
        reached=maybe,
    )
    def ask(self, n: int, who: str, old: bool, solved: bool, score: int | None, method: str, reached: bool) -> None:
        def act() -> None:
            newest = FollowUp.id.asc() if old else FollowUp.id.desc()
            query = select(FollowUp).where(FollowUp.ticket_id == self.ticket(n).id).order_by(newest)
            if follow_up := self.session.scalars(query).first():
                answer = {"solved": solved, "score": score} if reached else {"solved": None, "score": None}
                self.desk.ask(follow_up, who, method=method, reached=reached, **answer)

        self.at_desk(act)

    @rule(n=which, who=anybody)
    def miss_three_times(self, n: int, who: str) -> None:
        for method in ("phone", "online", "phone"):
            self.ask(n, who, False, False, None, method, False)
            self.now += timedelta(days=1)

    @rule(n=which, who=anybody)
    def close(self, n: int, who: str) -> None:
        self.at_desk(lambda: self.desk.close(self.ticket(n), who))

    @rule(n=which, who=anybody)
    def content_and_close(self, n: int, who: str) -> None:
        self.ask(n, who, False, True, 4, "phone", True)
        self.close(n, who)

    @rule(n=which, who=anybody)
    def reopen(self, n: int, who: str) -> None:
        self.request(lambda: services.reopen(self.session, self.ticket(n), reason="还有问题", **self.by(who)))  # type: ignore[arg-type]

    @rule(n=which, into=which, who=anybody)
    def merge(self, n: int, into: int, who: str) -> None:
        self.request(lambda: services.merge(self.session, self.ticket(n), self.ticket(into), **self.by(who)))  # type: ignore[arg-type]

    @rule(n=which, who=anybody)
    def undo_merge(self, n: int, who: str) -> None:
        self.request(lambda: services.undo_merge(self.session, self.ticket(n), **self.by(who)))  # type: ignore[arg-type]

    @rule(n=which, to=which, who=anybody, kind=st.sampled_from(sorted(LinkKind)))
    def link(self, n: int, to: int, who: str, kind: str) -> None:
        self.request(lambda: services.link(self.session, self.ticket(n), self.ticket(to), kind=kind, **self.by(who)))  # type: ignore[arg-type]

    @rule(n=which, who=anybody)
    def invalidate(self, n: int, who: str) -> None:
        self.request(lambda: services.invalidate(self.session, self.ticket(n), reason="垃圾信息", **self.by(who)))  # type: ignore[arg-type]

    @rule(n=which, who=anybody)
    def confirm_invalid(self, n: int, who: str) -> None:
        self.request(lambda: services.confirm_invalid(self.session, self.ticket(n), **self.by(who)))  # type: ignore[arg-type]

    @rule(n=which, who=anybody)
    def restore(self, n: int, who: str) -> None:
        self.request(lambda: services.restore(self.session, self.ticket(n), **self.by(who)))  # type: ignore[arg-type]

    @rule(n=which, who=anybody, kind=st.sampled_from(sorted(EscalationKind)))
    def escalate(self, n: int, who: str, kind: str) -> None:
        self.request(lambda: services.escalate(self.session, self.ticket(n), kind=kind, reason="急", **self.by(who)))  # type: ignore[arg-type]

    @rule(n=which, who=anybody, category=category)
    def solve_at_once(self, n: int, who: str, category: str) -> None:
        given = TriageGiven(category, 1, 1, 1)
        self.at_desk(lambda: self.desk.at_once(self.ticket(n), who, triage=given))

    @precondition(lambda self: self.requests)
    @rule(n=st.integers(0, 1000))
    def replay(self, n: int) -> None:
        """An old request comes in once more, from a second tab or out of order."""
        if len(self.tickets) < 12:
            self.send(self.requests[n % len(self.requests)])

    def at_desk(self, act: Act) -> None:
        def timely() -> None:
            self.desk.now = self.now
            act()

        self.request(timely)

    # --- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_broken(self) -> None:
        self.session.flush()
        if self.tickets:
            broken = list(check(self.session, ids=[ticket.id for ticket in self.tickets]))
            assert not broken, broken


@pytest.mark.timeout(1800)
def test_no_walk_closes_a_ticket_without_its_follow_up(desk: Desk) -> None:
    ends: Counter[str] = Counter()
    refusals: set[str] = set()
    walk = type("Walk", (Walk,), {"desk": desk, "ends": ends, "refusals": refusals})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        walk,
        settings=settings(
            max_examples=300 if PROOF else 20,
            stateful_step_count=60 if PROOF else 30,
            deadline=None,
            derandomize=not PROOF,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    assert ends["closed"] > 10, "the walk is worth nothing if it never reaches the end"
    assert not [said for said in refusals if "%(" in said or not said.endswith(("。", "）"))]
