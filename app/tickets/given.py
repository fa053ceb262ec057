"""What a person or a program hands in at each step. Forms and schemas check the shape, services the rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from app.customers.given import GivenCustomer


@dataclass(frozen=True)
class Seen:
    """What the person had before them when they decided: a status (moves) or a version (edits, `If-Match`)."""

    status: str | None = None
    version: int | None = None


@dataclass(frozen=True)
class Registration:
    """One piece of feedback. Without customer and customer_id: the reporter (channel internal) or an unknown caller.

    `answered` is what was answered on the call and becomes the reply; `once` is the form's own random key.
    """

    channel: str
    description: str
    customer: GivenCustomer | None = None
    customer_id: int | None = None
    received_at: datetime | None = None
    product: str = ""
    purchased_on: date | None = None
    occurred_at: str = ""
    scene: str = ""
    expectation: str = ""
    tried: str = ""
    remark: str = ""
    answered: str = ""
    source: str = "page"
    once: str | None = None


@dataclass(frozen=True)
class TriageGiven:
    category: str
    impact: int
    urgency: int
    severity: int
    impact_note: str = ""
    urgency_note: str = ""
    severity_note: str = ""
    marks: tuple[str, ...] = ()
    priority: str | None = None
    reason: str = ""
    department: str | None = None


@dataclass(frozen=True)
class AssignmentGiven:
    """`assignee` is a login, `department` a code; a bare date means 18:00 of that day in the company's zone."""

    assignee: str | None = None
    department: str | None = None
    planned_for: date | datetime | None = None
    reason: str = ""
    unassign: bool = False


@dataclass(frozen=True)
class MessageGiven:
    kind: str
    body: str
    channel: str | None = None
    promised_for: datetime | None = None
    undo: bool = False  # a reply from a page waits some seconds in which it can be taken back


@dataclass(frozen=True)
class ResolutionGiven:
    solution: str
    overdue_explanation: str = ""
    improvement: str = ""


@dataclass(frozen=True)
class AttemptGiven:
    method: str
    reached: bool
    solved: bool | None = None
    solved_note: str = ""
    score: int | None = None
    nps: int | None = None
    comment: str = ""
    suggestions: str = ""


@dataclass(frozen=True)
class AtOnceGiven:
    """Everything that an enquiry answered during the contact needs, on one form."""

    triage: TriageGiven
    cause_kind: str
    root_cause: str
    solution: str
    answer: str = ""
    overdue_explanation: str = ""
    improvement: str = ""
    note: str = ""
