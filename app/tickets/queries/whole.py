"""Everything that a ticket's page shows, read with a fixed number of statements however long its history is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, literal, select, union_all
from sqlalchemy.orm import Session

from app.accounts.models import Department, User
from app.accounts.queries import people_by_id
from app.crypto import vault
from app.customers import written
from app.customers.models import Customer, Product
from app.customers.queries import shown_customer
from app.numbering import company_zone
from app.policy import Action, Actor, may
from app.tickets import gate, timing
from app.tickets.codes import LINK_LABELS, UNSOLVED, FollowUpState, LinkKind, Status
from app.tickets.followups import Attempt
from app.tickets.models import (
    Cycle,
    Escalation,
    Event,
    FollowUp,
    FollowUpAttempt,
    Invalidation,
    Message,
    SlaClock,
    Ticket,
    TicketLink,
)
from app.tickets.queries.scope import facts_of, visible
from app.tickets.queries.shown import (
    AttemptShown,
    CycleShown,
    EventShown,
    FollowUpShown,
    MessageShown,
    Related,
    TicketPage,
)
from app.tickets.queries.telling import Names, sentence_of
from app.tickets.rules import Category
from app.words import Sentence, say


def whole(session: Session, ticket: Ticket, *, viewer: Actor, now: datetime) -> TicketPage:
    """The page of a ticket that was found for this viewer: originals with full sight, else the redacted copies."""
    facts = facts_of(session, ticket, now)
    full = may(viewer, Action.PERSONAL_SEE, facts)
    known = visible(viewer, now=now)
    rows = _Rows.load(session, ticket, known)
    if full:
        written.preload(session, [ticket], rows.cycles, rows.messages, rows.events, [a for _, a in rows.asked if a])
    customer = session.get_one(Customer, ticket.customer_id)
    departments = {row.id: row for row in session.scalars(select(Department))}
    categories = {row.id: row for row in session.scalars(select(Category))}
    people = people_by_id(session, rows.people(ticket))
    names = _names(session, rows, known, people, departments, categories)
    show = _Shower(session, full, people)
    cycles = [show.cycle(row) for row in rows.cycles]
    current = cycles[-1]
    follow_ups = show.follow_ups(rows.asked)
    clocks = [row for row in rows.clocks if row.cycle_id == current.cycle.id and row.replaced_at is None]
    category = categories.get(ticket.category_id or 0)
    return TicketPage(
        ticket=ticket,
        customer=customer,
        shown=shown_customer(session, customer, full=full),
        full=full,
        facts=facts,
        category=category,
        parent_category=categories.get(category.parent_id or 0) if category else None,
        department=departments[ticket.department_id],
        home_department=departments[ticket.home_department_id],
        product=session.get(Product, ticket.product_id) if ticket.product_id else None,
        people=people,
        departments=departments,
        story=written.read(session, ticket, "story", full=full),
        details=written.read_json(session, ticket, "facts", full=full).data,
        remark=written.read(session, ticket, "remark", full=full),
        axis_notes=written.read_json(session, ticket, "axis_notes", full=full).data,
        missing=_missing(ticket, customer),
        reported_name=vault(session).open(ticket, "reported_name").text if full and ticket.reported_name else None,
        cycles=cycles,
        messages=[show.message(row) for row in rows.messages],
        events=[show.event(row, names) for row in rows.events],
        follow_ups=follow_ups,
        follow_up=next((f for f in follow_ups if f.follow_up.cycle_id == current.cycle.id), None),
        clocks=sorted(clocks, key=lambda row: row.due_at),
        old_clocks=[row for row in rows.clocks if row not in clocks],
        links=[one for one in rows.related if one.known and one.kind in set(LinkKind)],
        children=[one for one in rows.related if one.known and one.kind == "merged"],
        merged_into=next((one for one in rows.related if one.known and one.kind == "target"), None),
        invalidation=next((row for row in rows.invalidations if row.confirmed_at is None), None),
        escalations=rows.escalations,
        obstacle=_obstacle(session, ticket, current, follow_ups, clocks, rows.related),
    )


class _Rows(NamedTuple):
    """What hangs on a ticket, as it lies in the tables."""

    cycles: Sequence[Cycle]
    messages: Sequence[Message]
    events: Sequence[Event]
    asked: Sequence[tuple[FollowUp, FollowUpAttempt | None]]
    clocks: Sequence[SlaClock]
    related: Sequence[Related]
    escalations: Sequence[Escalation]
    invalidations: Sequence[Invalidation]

    @classmethod
    def load(cls, session: Session, ticket: Ticket, known: ColumnElement[bool]) -> _Rows:
        def of(model: Any) -> Sequence[Any]:
            return session.scalars(select(model).where(model.ticket_id == ticket.id).order_by(model.id)).all()

        asked = (
            select(FollowUp, FollowUpAttempt)
            .outerjoin(FollowUpAttempt, FollowUpAttempt.follow_up_id == FollowUp.id)
            .where(FollowUp.ticket_id == ticket.id)
            .order_by(FollowUp.id, FollowUpAttempt.id)
        )
        return cls(
            cycles=of(Cycle),
            messages=of(Message),
            events=of(Event),
            asked=session.execute(asked).all(),
            clocks=of(SlaClock),
            related=_related(session, ticket, known),
            escalations=of(Escalation),
            invalidations=[row for row in of(Invalidation) if row.ended_at is None],
        )

    def tickets(self) -> set[int]:
        """Other tickets that the timeline names."""
        keys = ("into", "child", "target", "to", "origin")
        return {row.data[key] for row in self.events for key in keys if isinstance(row.data.get(key), int)}

    def people(self, ticket: Ticket) -> set[int | None]:
        ids: set[int | None] = {ticket.registrar_id, ticket.assignee_id, ticket.closed_by, ticket.follow_up_holder_id}
        ids |= {row.author_id for row in self.messages}
        ids |= {row.actor_id for row in self.events} | {row.standing_for for row in self.events}
        ids |= {row.data.get(key) for row in self.events for key in ("assignee", "holder", "user")}
        ids |= {follow_up.holder_id for follow_up, _ in self.asked}
        ids |= {attempt.by_id for _, attempt in self.asked if attempt}
        return ids | {row.by_id for row in self.escalations} | {row.asked_by for row in self.invalidations}


def _related(session: Session, ticket: Ticket, known: ColumnElement[bool]) -> list[Related]:
    """Links both ways, what was merged into it, what it was merged into, in one statement; which the viewer may know.

    The gate needs them all; nothing else may name one that is not `known`.
    """

    def part(kind: Any, forward: bool, *where: Any) -> Any:
        columns = (Ticket.id, Ticket.no, Ticket.status, kind.label("kind"), literal(forward).label("forward"))
        return select(*columns, known.label("known")).where(*where)

    query = union_all(
        part(TicketLink.kind, True, TicketLink.from_id == ticket.id, Ticket.id == TicketLink.to_id),
        part(TicketLink.kind, False, TicketLink.to_id == ticket.id, Ticket.id == TicketLink.from_id),
        part(literal("merged"), False, Ticket.merged_into_id == ticket.id),
        part(literal("target"), True, Ticket.id == (ticket.merged_into_id or 0)),
    )
    return [
        Related(row.id, row.no, row.status, row.kind, row.forward, _label(row.kind, row.forward), bool(row.known))
        for row in session.execute(query)
    ]


def _label(kind: str, forward: bool) -> Sentence | None:
    if kind not in set(LinkKind):
        return None
    if forward or kind == LinkKind.DUPLICATE:
        return say("后续自") if kind == LinkKind.FOLLOWS else say(LINK_LABELS[LinkKind(kind)])
    return {
        LinkKind.FOLLOWS: say("后续工单"),
        LinkKind.PARENT: say("子工单"),
        LinkKind.CAUSED_BY: say("引起"),
    }[LinkKind(kind)]


def _names(
    session: Session,
    rows: _Rows,
    known: ColumnElement[bool],
    people: Mapping[int, User],
    departments: Mapping[int, Department],
    categories: Mapping[int, Category],
) -> Names:
    tickets = {one.id: one.no for one in rows.related if one.known}
    gone = rows.tickets() - {one.id for one in rows.related}  # was merged once and is no longer
    if gone:
        found = session.execute(select(Ticket.id, Ticket.no).where(Ticket.id.in_(gone), known))
        tickets |= {row.id: row.no for row in found}
    return Names(
        people={id_: user.name for id_, user in people.items()},
        departments={row.code: row.name for row in departments.values()},
        categories={row.code: row.name for row in categories.values()},
        tickets=tickets,
        follow_ups={follow_up.id: follow_up.no for follow_up, _ in rows.asked},
    )


def _missing(ticket: Ticket, customer: Customer) -> list[Sentence]:
    """Must-have facts that nobody has given: shown, not guessed."""
    known = set(ticket.facts_redacted or {})
    wanted = {
        "product": (ticket.product_id is not None, say("产品型号或服务项目（登记的文字不在产品目录里）")),
        "customer": (customer.kind != "unknown", say("客户姓名或企业")),
        "purchased_on": ("purchased_on" in known, say("购买或服务日期")),
        "occurred_at": ("occurred_at" in known, say("发生时间")),
        "scene": ("scene" in known, say("使用场景")),
        "expectation": ("expectation" in known, say("客户期望")),
        "tried": ("tried" in known, say("已尝试的处理方法")),
    }
    if not ticket.product_text:
        wanted["product"] = (False, say("产品型号或服务项目"))
    return [sentence for there, sentence in wanted.values() if not there]


class _Shower:
    """Rows as this viewer may see them."""

    def __init__(self, session: Session, full: bool, people: Mapping[int, User]) -> None:
        self.session, self.full, self.people = session, full, people

    def text(self, row: Any, field: str) -> written.Shown:
        return written.read(self.session, row, field, full=self.full)

    def who(self, user_id: int | None) -> str | Sentence:
        user = self.people.get(user_id or 0)
        return user.name if user else say("系统")

    def cycle(self, row: Cycle) -> CycleShown:
        fields = ("root_cause", "solution", "improvement", "overdue")
        return CycleShown(row, row.cause_kind, *(self.text(row, field) for field in fields))

    def message(self, row: Message) -> MessageShown:
        return MessageShown(row, self.who(row.author_id), self.text(row, "body"))

    def event(self, row: Event, names: Names) -> EventShown:
        who = self.who(row.actor_id)
        if row.standing_for:
            who = say("%(name)s（代%(absent)s）", name=who, absent=self.who(row.standing_for))
        return EventShown(row, who, self.text(row, "why"), sentence_of(row, names))

    def follow_ups(self, asked: Iterable[tuple[FollowUp, FollowUpAttempt | None]]) -> list[FollowUpShown]:
        found: dict[int, FollowUpShown] = {}
        for follow_up, attempt in asked:
            shown = found.setdefault(follow_up.id, FollowUpShown(follow_up, self.who(follow_up.holder_id), []))
            if attempt:
                fields = ("solved_note", "comment", "suggestions")
                texts = (self.text(attempt, field) for field in fields)
                shown.attempts.append(AttemptShown(attempt, self.who(attempt.by_id), *texts))
        return list(found.values())


def _obstacle(
    session: Session,
    ticket: Ticket,
    current: CycleShown,
    follow_ups: Sequence[FollowUpShown],
    clocks: Sequence[SlaClock],
    related: Sequence[Related],
) -> gate.Obstacle | None:
    """The gate's own rule on what is loaded already."""
    cycle = current.cycle
    asked = next((f for f in follow_ups if f.follow_up.cycle_id == cycle.id), None)
    rows = [one.attempt for one in asked.attempts] if asked else []
    parts = [r for r in related if r.kind == LinkKind.PARENT and not r.forward and r.status in UNSOLVED]
    if ticket.status in (Status.CLOSED, Status.MERGED, Status.INVALID):
        return None
    return gate.judge(
        gate.Situation(
            no=ticket.no,
            status=ticket.status,
            follow_up_no=asked.follow_up.no if asked and asked.follow_up.state != FollowUpState.CANCELLED else None,
            attempts=tuple(Attempt(a.at, a.method, a.reached, a.solved, a.score) for a in rows),
            late=cycle.resolved_at is not None and timing.late(clocks, cycle.resolved_at),
            explained=cycle.overdue_sealed is not None,
            open_children=tuple(one.no for one in parts),
            zone=company_zone(session),
        )
    )
