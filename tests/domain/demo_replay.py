"""A generated script sent through the real services, and what came out of both in a form that can be compared."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.queries import load_actor
from app.demo.plot import HOLDER
from app.demo.rows import Row
from app.demo.script import Registered, Step, Unit
from app.demo.telling import NOTHING, Text
from app.demo.world import World
from app.orm import Base
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
from app.tickets.models import FollowUp, Message, Ticket

# ids of rows that both sides number for themselves
OWN_IDS = {"message", "follow_up", "attempt", "escalation", "by_message", "by_follow_up", "into", "child", "to", "from"}
OWN_IDS |= {"target", "origin"}
IDS_AND_SECRETS = {
    "id",
    "uid",
    "ticket_id",
    "cycle_id",
    "follow_up_id",
    "into_id",
    "from_id",
    "to_id",
    "merged_into_id",
}
CUSTOMERS = ("data_key", "customer", "contact", "contact_index", "purchase")


class Replay:
    """Performs steps as the people themselves would."""

    def __init__(self, session: Session, world: World, overdue: Collection[tuple[int, int]]) -> None:
        self.session, self.world, self.overdue = session, world, overdue
        self.tickets: list[Ticket] = []
        self.last_queued: Message | None = None

    def actor(self, user_id: int, at: datetime) -> Actor:
        found = load_actor(self.session, user_id, at)
        assert found is not None
        return found

    def unit(self, unit: Unit, customer_id: int) -> list[Ticket]:
        waiting = list(unit.registered)
        for step in unit.steps:
            while waiting and (waiting[0].at <= step.at or step.of >= len(self.tickets)):
                self.register(waiting.pop(0), customer_id)
            self.step(step)
        while waiting:
            self.register(waiting.pop(0), customer_id)
        self.session.flush()
        return self.tickets

    def register(self, given: Registered, customer_id: int) -> None:
        internal = given.channel == "internal"
        product = self.world.products[given.product].name if given.product else ""
        registration = Registration(
            channel=given.channel,
            description=given.story.original,
            customer_id=None if internal else customer_id,
            received_at=given.received_at,
            product=product,
            purchased_on=given.purchased_on,
            occurred_at=given.occurred_at.original,
            scene=given.scene.original,
            expectation=given.expectation.original,
            tried=given.tried.original,
            remark=given.remark.original,
            answered=given.answered.original,
        )
        ticket = services.register(self.session, registration, by=self.actor(given.by, given.at), now=given.at)
        self.tickets.append(ticket)

    def step(self, step: Step) -> None:
        ticket = self.tickets[step.of]
        by = step.by
        if by == HOLDER:
            by = ticket.follow_up_holder_id or self.world.people["wang"].id
        who: dict[str, Any] = {"by": self.actor(by, step.at), "now": step.at}
        getattr(self, step.do.value)(ticket, step.given, who)

    def is_late(self, ticket: Ticket) -> bool:
        """Did the generator find a broken promise in this round?"""
        return (self.tickets.index(ticket), ticket.cycle) in self.overdue

    # --- one method for each step ---------------------------------------------------------------------------------

    def verify(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.verify(self.session, ticket, note=text(given, "note"), **who)

    def triage(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.triage(self.session, ticket, triage_of(given), **who)

    def assign(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        login = self.world.by_id[given["assignee"]].login
        services.assign(
            self.session, ticket, AssignmentGiven(assignee=login, planned_for=given.get("planned_for")), **who
        )

    def transfer(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        login = self.world.by_id[given["assignee"]].login
        code = self.world.codes[given["department"]]
        services.assign(
            self.session, ticket, AssignmentGiven(assignee=login, department=code, reason=text(given, "reason")), **who
        )

    def start(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.start(self.session, ticket, **who)

    def wait(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.wait(self.session, ticket, reason=text(given, "reason"), **who)

    def say(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        message = MessageGiven(
            given["kind"],
            text(given, "body"),
            channel=given.get("channel"),
            promised_for=given.get("promised_for"),
            undo=bool(given.get("queued")),
        )
        written = services.add_message(self.session, ticket, message, **who)
        if given.get("queued"):
            self.last_queued = written
        elif written.state == "queued":  # mail: the worker sends it in the same minute
            services.deliver_message(self.session, written.id, now=who["now"])

    def withdraw(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        assert self.last_queued is not None
        services.withdraw_message(self.session, self.last_queued, **who)

    def hand_back(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.hand_back(self.session, ticket, reason=text(given, "reason"), **who)

    def analyse(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.record_analysis(
            self.session, ticket, cause_kind=given["cause_kind"], root_cause=text(given, "root_cause"), **who
        )

    def resolve(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        late = text(given, "overdue") if self.is_late(ticket) else ""
        resolution = ResolutionGiven(text(given, "solution"), late, text(given, "improvement"))
        services.resolve(self.session, ticket, resolution, **who)

    def at_once(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        wanted = AtOnceGiven(
            triage=triage_of(given),
            cause_kind=given["cause_kind"],
            root_cause=text(given, "root_cause"),
            solution=text(given, "solution"),
            answer=text(given, "answer"),
            overdue_explanation=text(given, "overdue") if self.is_late(ticket) else "",
        )
        services.solve_at_once(self.session, ticket, wanted, **who)

    def attempt(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        query = select(FollowUp).where(FollowUp.ticket_id == ticket.id).order_by(FollowUp.id.desc()).limit(1)
        attempt = AttemptGiven(
            given["method"],
            given["reached"],
            solved=given.get("solved"),
            score=given.get("score"),
            nps=given.get("nps"),
            **{field: text(given, field) for field in ("solved_note", "comment", "suggestions")},
        )
        services.record_attempt(self.session, self.session.scalars(query).one(), attempt, **who)

    def close(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.close(self.session, ticket, **who)

    def reopen(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.reopen(self.session, ticket, reason=text(given, "reason"), **who)

    def escalate(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.escalate(self.session, ticket, kind=given["kind"], reason=text(given, "reason"), **who)

    def ask_expert(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        login = self.world.by_id[given["expert"]].login
        services.ask_expert(self.session, ticket, login, reason=text(given, "reason"), **who)

    def ask_invalid(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.invalidate(self.session, ticket, reason=text(given, "reason"), **who)

    def confirm_invalid(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.confirm_invalid(self.session, ticket, **who)

    def merge(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.merge(self.session, ticket, self.tickets[given["into"]], reason=text(given, "reason"), **who)

    def link(self, ticket: Ticket, given: Mapping[str, Any], who: dict[str, Any]) -> None:
        services.link(self.session, ticket, self.tickets[given["to"]], kind=given["kind"], **who)


def text(given: Mapping[str, Any], name: str) -> str:
    found: Text = given.get(name, NOTHING)
    return found.original


def triage_of(given: Mapping[str, Any]) -> TriageGiven:
    axes = given["axes"]
    notes = [note.original for note in given.get("notes", ())] + [""] * 3
    return TriageGiven(
        given["category"],
        axes.impact,
        axes.urgency,
        axes.severity,
        impact_note=notes[0],
        urgency_note=notes[1],
        severity_note=notes[2],
        marks=tuple(given.get("marks", ())),
        priority=given.get("priority"),
        reason=text(given, "reason"),
    )


# --- comparing --------------------------------------------------------------------------------------------------------


def of_ticket(session: Session, table: str, ticket_id: int) -> list[Row]:
    """The stored rows of a ticket, with the columns that the generator writes."""
    found = Base.metadata.tables[table]
    if table == "ticket":
        where = found.c.id == ticket_id
    elif table == "follow_up_attempt":
        asked = select(FollowUp.id).where(FollowUp.ticket_id == ticket_id)
        where = found.c.follow_up_id.in_(asked)
    elif table == "ticket_link":
        where = found.c.from_id == ticket_id
    else:
        where = found.c.ticket_id == ticket_id
    return [dict(row) for row in session.execute(select(found).where(where).order_by(found.c.id)).mappings()]


def comparable(table: str, rows: Iterable[Row]) -> list[Row]:
    """Without what must differ: ids, uids, numbers of the day, sealed bytes (whether there are any remains)."""
    return [_row(table, row) for row in rows]


def _row(table: str, row: Row) -> Row:
    shown = {name: value for name, value in row.items() if name not in IDS_AND_SECRETS}
    shown = {name: value is not None if isinstance(value, bytes) else value for name, value in shown.items()}
    shown = {name: bool(value) if name.endswith("_sealed") else value for name, value in shown.items()}
    if table == "ticket_event":
        shown["data"] = {name: value for name, value in row["data"].items() if name not in OWN_IDS}
    if table in ("ticket", "follow_up"):
        for name in ("no", "seq", "day"):
            shown.pop(name, None)
    return shown
