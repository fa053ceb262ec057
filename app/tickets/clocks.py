"""Which promise holds for which ticket, and the deadlines that follow. Pure; `timing` keeps the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from app.sla.clock import Unit, due
from app.tickets.codes import ClockKind, Priority
from app.tickets.routing import covers

BEFORE_TRIAGE = Priority.P2  # the row that the response clock runs on until somebody has judged the ticket


@dataclass(frozen=True)
class Target:
    amount: int
    unit: Unit


@dataclass(frozen=True)
class Policy:
    """Empty conditions match all. `targets` holds (kind, priority); a kind without a row for a priority: no clock."""

    id: int
    channels: frozenset[str] = frozenset()
    categories: tuple[str, ...] = ()
    tiers: frozenset[str] = frozenset()
    pauses_in_waiting: bool = True
    promise_counts: bool = False
    position: int = 0
    targets: Mapping[tuple[str, str], Target] = field(default_factory=dict)

    def has(self, kind: ClockKind) -> bool:
        return any(key[0] == kind for key in self.targets)

    @property
    def conditions(self) -> int:
        return sum(map(bool, (self.channels, self.categories, self.tiers)))


@dataclass(frozen=True)
class Deadline:
    """A promise made concrete: which policy, from when, until when."""

    kind: ClockKind
    policy_id: int | None
    started_at: datetime
    due_at: datetime


def matches(policy: Policy, *, channel: str, category: str | None, tier: str) -> bool:
    return (
        (not policy.channels or channel in policy.channels)
        and (not policy.tiers or tier in policy.tiers)
        and (not policy.categories or (category is not None and any(covers(c, category) for c in policy.categories)))
    )


def choose(
    policies: Sequence[Policy], kind: ClockKind, *, channel: str, category: str | None, tier: str
) -> Policy | None:
    """The most specific policy that says anything about this kind of clock; among equals the first by position."""
    fitting = [p for p in policies if p.has(kind) and matches(p, channel=channel, category=category, tier=tier)]
    return min(fitting, key=lambda p: (-p.conditions, p.position, p.id), default=None)


def deadline(
    policy: Policy | None, kind: ClockKind, priority: str, *, start: datetime, zone: ZoneInfo
) -> Deadline | None:
    """The deadline under this policy, or None where it promises nothing."""
    target = policy.targets.get((kind, priority)) if policy else None
    if policy is None or target is None:
        return None
    return Deadline(kind, policy.id, start, due(start, target.amount, target.unit, zone))
