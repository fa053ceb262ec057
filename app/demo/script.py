"""A history before it is rows: who does what, when. The generator writes scripts; `history` performs them.

A test performs the same scripts through the real services and compares what comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from app.demo.telling import NOTHING, Text


class Do(StrEnum):
    VERIFY = "verify"  # note
    TRIAGE = "triage"  # category, axes, notes, marks, priority, reason
    ASSIGN = "assign"  # assignee (person id), planned_for
    TRANSFER = "transfer"  # department, assignee, reason
    START = "start"
    WAIT = "wait"  # reason
    SAY = "say"  # kind, body, promised_for, channel, queued
    WITHDRAW = "withdraw"  # takes the last queued reply back
    HAND_BACK = "hand_back"  # reason
    ANALYSE = "analyse"  # cause_kind, root_cause
    RESOLVE = "resolve"  # solution, improvement, overdue (kept where a promise was broken)
    AT_ONCE = "at_once"  # all of triage, analysis and resolution
    ATTEMPT = "attempt"  # method, reached, solved, score, nps, solved_note, comment, suggestions
    CLOSE = "close"
    REOPEN = "reopen"  # reason
    ESCALATE = "escalate"  # kind, reason
    ASK_EXPERT = "ask_expert"  # expert (person id), reason
    ASK_INVALID = "ask_invalid"  # reason
    CONFIRM_INVALID = "confirm_invalid"
    LINK = "link"  # to (the other's place in the unit), kind
    MERGE = "merge"  # into (the other's place in the unit), reason


class Step(NamedTuple):
    at: datetime
    by: int  # a person's id
    do: Do
    given: Mapping[str, Any] = MappingProxyType({})
    of: int = 0  # which ticket of the unit


@dataclass(frozen=True)
class Registered:
    """What is known when the number is given."""

    at: datetime
    by: int
    channel: str
    story: Text
    product: str | None = None  # code
    received_at: datetime | None = None
    scene: Text = NOTHING
    expectation: Text = NOTHING
    tried: Text = NOTHING
    occurred_at: Text = NOTHING
    purchased_on: date | None = None
    remark: Text = NOTHING
    answered: Text = NOTHING


@dataclass
class Unit:
    """Tickets whose histories touch (one, or a pair that is merged or linked), with their steps in order of time."""

    registered: list[Registered]
    steps: list[Step] = field(default_factory=list)
