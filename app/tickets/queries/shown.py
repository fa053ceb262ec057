"""A ticket as somebody may see it: rows together with the texts and names that they are shown with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.accounts.models import Department, User
from app.customers.models import Customer, Product
from app.customers.queries import ShownCustomer
from app.customers.written import Shown
from app.policy import TicketFacts
from app.tickets import timing
from app.tickets.codes import MARK_LABELS, Mark
from app.tickets.gate import Obstacle
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
)
from app.tickets.numbers import feedback_no
from app.tickets.rules import Category
from app.words import Sentence, say

Name = str | Sentence


@dataclass(frozen=True)
class CycleShown:
    cycle: Cycle
    cause_kind: str | None
    root_cause: Shown
    solution: Shown
    improvement: Shown
    overdue: Shown


@dataclass(frozen=True)
class MessageShown:
    message: Message
    who: Name
    body: Shown

    @property
    def at(self) -> datetime:
        return self.message.at


@dataclass(frozen=True)
class EventShown:
    event: Event
    who: Name
    why: Shown
    sentence: Sentence

    message: None = None

    @property
    def at(self) -> datetime:
        return self.event.at


@dataclass(frozen=True)
class AttemptShown:
    attempt: FollowUpAttempt
    who: Name
    solved_note: Shown
    comment: Shown
    suggestions: Shown


@dataclass(frozen=True)
class FollowUpShown:
    follow_up: FollowUp
    holder: Name
    attempts: list[AttemptShown]


@dataclass(frozen=True)
class Related:
    """Another ticket. `kind`: a LinkKind, `merged` (lies in this one) or `target` (this one lies in it)."""

    id: int
    no: str
    status: str
    kind: str
    forward: bool
    label: Sentence | None = None
    known: bool = True  # may the viewer know of it?


@dataclass(frozen=True)
class TicketPage:
    """`full`: the viewer sees originals and unmasked values, else redacted copies."""

    ticket: Ticket
    customer: Customer = field(repr=False)
    shown: ShownCustomer = field(repr=False)
    full: bool
    facts: TicketFacts
    category: Category | None
    parent_category: Category | None
    department: Department
    home_department: Department
    product: Product | None
    people: Mapping[int, User]
    departments: Mapping[int, Department]
    story: Shown
    details: Mapping[str, Any] = field(repr=False)
    remark: Shown
    axis_notes: Mapping[str, Any] = field(repr=False)
    missing: Sequence[Sentence]
    reported_name: str | None = field(repr=False)
    cycles: Sequence[CycleShown]
    messages: Sequence[MessageShown]
    events: Sequence[EventShown]
    follow_ups: Sequence[FollowUpShown]
    follow_up: FollowUpShown | None  # of the current cycle
    clocks: Sequence[SlaClock]  # of the current cycle, in force
    old_clocks: Sequence[SlaClock]
    links: Sequence[Related]
    children: Sequence[Related]
    merged_into: Related | None
    invalidation: Invalidation | None  # waiting for confirmation
    escalations: Sequence[Escalation]
    obstacle: Obstacle | None

    @property
    def feedback_no(self) -> str:
        return feedback_no(self.ticket.no)

    @property
    def cycle(self) -> CycleShown:
        return self.cycles[-1]

    @property
    def due(self) -> dict[str, datetime]:
        return {row.kind: row.due_at for row in self.clocks}

    @property
    def timeline(self) -> list[MessageShown | EventShown]:
        """Messages and events in the order in which they happened; the note that a message was written is left out."""
        told = {one.message.id: one for one in self.messages}
        entries: list[MessageShown | EventShown] = []
        for event in self.events:
            if event.event.kind != "message":
                entries.append(event)
            elif (message := told.pop(event.event.data.get("message", 0), None)) is not None:
                entries.append(message)
        return sorted([*entries, *told.values()], key=lambda entry: entry.at)

    @property
    def category_path(self) -> Sentence | None:
        if self.category is None:
            return None
        if self.parent_category is None:
            return say(self.category.name)
        return say("%(first)s / %(second)s", first=say(self.parent_category.name), second=say(self.category.name))

    @property
    def rule_sentence(self) -> Sentence | None:
        return rule_sentence(self.ticket.priority_rule, self.ticket.priority)

    def overdue(self, now: datetime) -> bool:
        """Is a promise to the customer broken by now? Then resolving asks for an explanation."""
        return timing.late(self.clocks, now)


def rule_sentence(rule: str | None, priority: str | None) -> Sentence | None:
    """The rule that gave the priority, in words."""
    if not rule:
        return None
    if rule == "override":
        return say("手工调整为 %(priority)s，原因见经过。", priority=priority or "")
    code, _, raised = rule.partition("+")
    if code.startswith("mark:"):
        told = say("有%(mark)s标记，紧急程度和严重性按最高计。", mark=_mark(code.removeprefix("mark:")))
    else:
        told = say(
            "按优先级矩阵：严重性 %(severity)s、影响范围 %(impact)s、紧急程度 %(urgency)s，得出 %(priority)s。",
            severity=code[1:2],
            impact=code[3:4],
            urgency=code[5:6],
            priority=priority or "",
        )
    return say("%(told)s重要客户，影响范围按最高计。", told=told) if raised else told


def _mark(code: str) -> Sentence:
    return say("「%(name)s」", name=say(MARK_LABELS[Mark(code)]))


def fact_text(page: TicketPage, field: str) -> str:
    """The text of one editable fact as the viewer sees it."""
    match field:
        case "description":
            return page.story.text
        case "remark":
            return page.remark.text
        case "product":
            return page.ticket.product_text
        case _:
            return str(page.details.get(field, ""))
