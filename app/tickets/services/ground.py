"""What every step stands on: lock, may they, is it still as they saw it; then the timeline and the queue.

A step reads like this: `step = Step.begin(...)` locks the ticket and checks right and status, the step changes rows,
`step.move(...)` or `step.note(...)` writes the one timeline entry, `step.publish(...)` tells the workers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.audit import record
from app.customers import written
from app.customers.models import Customer
from app.errors import Conflict, Invalid, NotFound
from app.numbering import company_zone
from app.outbox import publish
from app.policy import Action, Actor, TicketFacts, authorize, may
from app.tickets.codes import STATUS_LABELS, Status
from app.tickets.given import Seen
from app.tickets.models import Cycle, Event, Ticket
from app.tickets.queries.scope import facts_of
from app.tickets.workflow import Move, refusal, target_of
from app.words import Sentence, say

LONGEST = 10_000
WITHOUT_VERSION = frozenset({"message", "message_withdrawn", "flagged", "linked", "child_merged", "child_split"})


def lock(session: Session, *tickets: Ticket) -> None:
    """Hold the tickets until the transaction ends, lower ids first, and read them again.

    Without the row lock a gate on PostgreSQL would be a race; on SQLite the writer is alone already.
    """
    session.flush()  # a refresh throws away what is not written yet
    for ticket in sorted({t.id: t for t in tickets}.values(), key=lambda t: t.id):
        session.refresh(ticket, with_for_update=True)


def lock_ids(session: Session, ids: Iterable[int]) -> list[Ticket]:
    """The same for tickets known by id only."""
    query = select(Ticket).where(Ticket.id.in_(set(ids))).order_by(Ticket.id)
    return list(session.scalars(query.with_for_update().execution_options(populate_existing=True)))


def allow(session: Session, ticket: Ticket, by: Actor, *actions: Action, now: datetime) -> TicketFacts:
    """Refuse who may not see it (as if it were not there), then who has none of the rights named."""
    facts = facts_of(session, ticket, now)
    if not may(by, Action.TICKET_SEE, facts):
        raise NotFound
    if not any(may(by, action, facts) for action in actions[1:]):
        authorize(by, actions[0], facts)
    return facts


def cycle_of(session: Session, ticket: Ticket) -> Cycle:
    """The current cycle."""
    return session.scalars(select(Cycle).where(Cycle.ticket_id == ticket.id, Cycle.n == ticket.cycle)).one()


def customer_of(session: Session, ticket: Ticket) -> Customer:
    return session.get_one(Customer, ticket.customer_id)


def standing_for(ticket: Ticket, by: Actor) -> int | None:
    """Whose deputy the actor is being on this ticket: the absent person they are on it for, if any."""
    on_it = (ticket.assignee_id, ticket.follow_up_holder_id, ticket.registrar_id)
    if by.id in on_it:
        return None
    return next((person for person in on_it if person in by.standing_for), None)


def moment(session: Session, at: datetime) -> str:
    """A moment inside a sentence, in the company's zone."""
    return f"{at.astimezone(company_zone(session)):%m-%d %H:%M}"


def who_moved(session: Session, ticket: Ticket) -> tuple[str, datetime] | None:
    """Name and time of the last act that made a new version."""
    query = (
        select(User.name, Event.at)
        .outerjoin(User, User.id == Event.actor_id)
        .where(Event.ticket_id == ticket.id, Event.kind.not_in(WITHOUT_VERSION))
        .order_by(Event.id.desc())
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    return (row[0] or "", row[1]) if row else None


def overtaken(session: Session, ticket: Ticket, *, why: Sentence | None = None) -> Conflict:
    """Somebody was faster: who, when, and how things stand now."""
    extra: dict[str, Any] = {"status": ticket.status, "version": ticket.version}
    sentence = say(
        "工单 %(no)s 在您打开之后有了变化，现在是「%(status)s」。", no=ticket.no, status=_label(ticket.status)
    )
    if moved := who_moved(session, ticket):
        name, at = moved
        extra |= {"moved_by": name, "moved_at": at.isoformat()}
        sentence = say(
            "工单 %(no)s 在您打开之后有了变化：%(name)s 于 %(when)s 操作，现在是「%(status)s」。",
            no=ticket.no,
            name=name,
            when=moment(session, at),
            status=_label(ticket.status),
        )
    sentence = say("%(what)s%(next)s", what=sentence, next=why or say("没有改动任何内容，请刷新后再决定。"))
    return Conflict(sentence, href=f"/tickets/{ticket.no}", extra=extra)


def check_seen(session: Session, ticket: Ticket, seen: Seen | None) -> None:
    if seen is None:
        return
    if seen.status not in (None, ticket.status) or seen.version not in (None, ticket.version):
        raise overtaken(session, ticket)


def check_move(session: Session, ticket: Ticket, move: Move) -> None:
    """Refuse a move that the table forbids, naming the rule, the next thing to do and who moved it last."""
    sentence = refusal(move, ticket.status)
    if sentence is None:
        return
    extra: dict[str, Any] = {"status": ticket.status, "version": ticket.version}
    if moved := who_moved(session, ticket):
        extra |= {"moved_by": moved[0], "moved_at": moved[1].isoformat()}
        sentence = say(
            "%(rule)s（%(name)s 于 %(when)s 改为这个状态。）",
            rule=sentence,
            name=moved[0],
            when=moment(session, moved[1]),
        )
    raise Conflict(sentence, href=f"/tickets/{ticket.no}", extra=extra)


def _label(status: str) -> Sentence:
    return say(STATUS_LABELS[Status(status)])


def text_of(field: str, text: str | None, *, required: Sentence | None = None) -> str:
    """A text as it will be kept: trimmed, not too long, and there if it must be. Raises Invalid for the field."""
    kept = (text or "").replace("\x00", "").strip()
    if not kept and required is not None:
        raise Invalid(required, fields={field: [required]})
    if len(kept) > LONGEST:
        sentence = say("这一项最多 %(n)s 个字，现在有 %(m)s 个。", n=LONGEST, m=len(kept))
        raise Invalid(sentence, fields={field: [sentence]})
    return kept


def invalid(field: str, sentence: Sentence) -> Invalid:
    return Invalid(sentence, fields={field: [sentence]})


@dataclass
class Step:
    """One step on one locked ticket."""

    session: Session
    ticket: Ticket
    by: Actor
    now: datetime
    facts: TicketFacts
    cycle: Cycle
    standing: int | None = field(init=False)

    def __post_init__(self) -> None:
        """Whose deputy the actor is being is decided before the step changes who is on the ticket."""
        self.standing = standing_for(self.ticket, self.by)

    @classmethod
    def begin(
        cls, session: Session, ticket: Ticket, *actions: Action, by: Actor, now: datetime, seen: Seen | None = None
    ) -> Step:
        """Lock the ticket, check right and what was seen. Raises NotFound, NotAllowed, Conflict."""
        lock(session, ticket)
        facts = allow(session, ticket, by, *actions, now=now)
        check_seen(session, ticket, seen)
        return cls(session, ticket, by, now, facts, cycle_of(session, ticket))

    @property
    def customer(self) -> Customer:
        return customer_of(self.session, self.ticket)

    def may(self, action: Action) -> bool:
        return may(self.by, action, self.facts)

    def check(self, move: Move) -> None:
        check_move(self.session, self.ticket, move)

    def move(self, move: Move, kind: str, /, *, why: str = "", to: Status | None = None, **data: Any) -> Event:
        """Change the status and write its timeline entry."""
        ticket = self.ticket
        was = Status(ticket.status)
        becomes = to or target_of(move, was)
        ticket.status = becomes
        changed = was != becomes
        self.touch()
        return self.note(kind, why=why, changed=(was, becomes) if changed else None, **data)

    def touch(self) -> None:
        """A new version: whoever still looks at the old one is told."""
        self.ticket.version += 1
        self.ticket.updated_at = self.now

    def note(
        self, kind: str, /, *, why: str = "", changed: tuple[Status | None, Status] | None = None, **data: Any
    ) -> Event:
        """Write one timeline entry."""
        event = Event(
            ticket_id=self.ticket.id,
            cycle_n=self.ticket.cycle,
            kind=kind,
            at=self.now,
            actor_id=self.by.id,
            standing_for=self.standing,
            from_status=changed[0] if changed else None,
            to_status=changed[1] if changed else None,
            data={key: value for key, value in data.items() if value is not None},
        )
        if why:
            written.write(self.session, event, "why", why, customer=self.customer)
        self.ticket.updated_at = self.now
        self.session.add(event)
        self.session.flush()
        return event

    def record(self, action: str, **data: Any) -> None:
        """Leave a decision in the audit trail, with both ids where a deputy made it."""
        record(self.session, self.by, action, self.ticket, at=self.now, data=data or None, standing_for=self.standing)

    def publish(self, topic: str, **data: Any) -> None:
        publish(self.session, topic, now=self.now, ticket_id=self.ticket.id, by=self.by.id, **data)
