"""A desk at work: one customer's feedback and the steps of the loop in short, so that a test says only what matters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.customers.given import GivenCustomer
from app.policy import Actor
from app.tickets import services
from app.tickets.given import (
    AssignmentGiven,
    AtOnceGiven,
    AttemptGiven,
    MessageGiven,
    Registration,
    ResolutionGiven,
    TriageGiven,
)
from app.tickets.models import FollowUp, FollowUpAttempt, Message, Ticket
from tests.cast import NOON, Cast

ZHANG = GivenCustomer(name="张三丰", phone="13812345678")
LI = GivenCustomer(name="李小龙", phone="13987654321")
FAULT = TriageGiven("fault.function", 1, 2, 2)
ENQUIRY = TriageGiven("enquiry.usage", 1, 1, 1)


@dataclass
class Desk:
    """`desk.now` is the frozen time; `desk.later(hours=1)` lets it pass."""

    session: Session
    cast: Cast
    now: datetime = NOON
    actors: dict[str, Actor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.actors = {login: self.cast(login) for login in self.cast.people}

    def later(self, **delta: float) -> datetime:
        self.now += timedelta(**delta)
        return self.now

    def who(self, who: str | Actor) -> Actor:
        return self.actors[who] if isinstance(who, str) else who

    def registered(self, by: str | Actor = "lin", **given: Any) -> Ticket:
        registration = Registration(channel="email", description="手机充电一小时只充到 20%", customer=ZHANG)
        return services.register(self.session, replace(registration, **given), by=self.who(by), now=self.now)

    def verified(self, by: str | Actor = "lin", **given: Any) -> Ticket:
        ticket = self.registered(by, **given)
        return services.verify(self.session, ticket, by=self.who(by), now=self.now)

    def triage(self, ticket: Ticket, given: TriageGiven = FAULT, by: str | Actor = "wang", **more: Any) -> Ticket:
        return services.triage(self.session, ticket, replace(given, **more), by=self.who(by), now=self.now)

    def assigned(self, given: TriageGiven = FAULT, by: str | Actor = "lin", **registration: Any) -> Ticket:
        return self.triage(self.verified(by, **registration), given)

    def assign(self, ticket: Ticket, by: str | Actor = "wang", **given: Any) -> Ticket:
        return services.assign(self.session, ticket, AssignmentGiven(**given), by=self.who(by), now=self.now)

    def start(self, ticket: Ticket, by: str | Actor = "chen") -> Ticket:
        return services.start(self.session, ticket, by=self.who(by), now=self.now)

    def started(self, **registration: Any) -> Ticket:
        return self.start(self.assigned(**registration))

    def say(self, ticket: Ticket, kind: str = "reply", by: str | Actor = "lin", **given: Any) -> Message:
        message = MessageGiven(kind, given.pop("body", "您好，我们正在处理。"), **given)
        return services.add_message(self.session, ticket, message, by=self.who(by), now=self.now)

    def analyse(self, ticket: Ticket, by: str | Actor = "chen") -> None:
        services.record_analysis(
            self.session, ticket, cause_kind="hardware", root_cause="电池批次内阻偏高", by=self.who(by), now=self.now
        )

    def resolve(self, ticket: Ticket, by: str | Actor = "chen", **given: Any) -> FollowUp:
        resolution = ResolutionGiven(given.pop("solution", "更换电池"), **given)
        return services.resolve(self.session, ticket, resolution, by=self.who(by), now=self.now)

    def resolved(self, **registration: Any) -> tuple[Ticket, FollowUp]:
        ticket = self.started(**registration)
        self.say(ticket)
        self.analyse(ticket)
        return ticket, self.resolve(ticket)

    def ask(self, follow_up: FollowUp, by: str | Actor = "lin", **given: Any) -> FollowUpAttempt:
        attempt = AttemptGiven(**({"method": "phone", "reached": True, "solved": True, "score": 5} | given))
        return services.record_attempt(self.session, follow_up, attempt, by=self.who(by), now=self.now)

    def miss(self, follow_up: FollowUp, method: str = "phone", by: str | Actor = "lin") -> FollowUpAttempt:
        return self.ask(follow_up, by, method=method, reached=False, solved=None, score=None)

    def close(self, ticket: Ticket, by: str | Actor = "lin") -> Ticket:
        return services.close(self.session, ticket, by=self.who(by), now=self.now)

    def closed(self, **registration: Any) -> Ticket:
        ticket, follow_up = self.resolved(**registration)
        self.ask(follow_up)
        return self.close(ticket)

    def at_once(self, ticket: Ticket, by: str | Actor = "lin", **given: Any) -> FollowUp:
        wanted = AtOnceGiven(
            **({"triage": ENQUIRY, "cause_kind": "other", "root_cause": "不了解入口", "solution": "告知入口"} | given)
        )
        return services.solve_at_once(self.session, ticket, wanted, by=self.who(by), now=self.now)
