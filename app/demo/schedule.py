"""When tickets come in, whose they are, and how they end: decided for all of them before the first one is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo


class Ending(StrEnum):
    NEW = "new"
    TRIAGE = "triage"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    LATE = "late"  # worked on, and over its time
    DUE_SOON = "due_soon"
    WAITING = "waiting"
    RESOLVED = "resolved"
    OVERLOOKED = "overlooked"  # solved days ago, and nobody has asked the customer yet
    FLAGGED = "flagged"  # the customer wrote before the follow-up
    CLOSED = "closed"
    REOPENED = "reopened"  # in its second round now
    CLOSED_LATER = "closed_later"  # in the second or third round
    REOPENED_BY_HAND = "reopened_by_hand"
    UNREACHABLE = "unreachable"
    INVALID = "invalid"
    INVALID_ASKED = "invalid_asked"
    MERGED_OPEN = "merged_open"  # a pair
    MERGED_CLOSED = "merged_closed"  # a pair
    FOLLOWED = "followed"  # a pair: closed, and then a new ticket


UNWORKED = frozenset({Ending.NEW, Ending.TRIAGE, Ending.ASSIGNED})
UNDER_WAY = frozenset({Ending.IN_PROGRESS, Ending.LATE, Ending.DUE_SOON, Ending.WAITING, Ending.MERGED_OPEN})
UNASKED = frozenset({Ending.RESOLVED, Ending.OVERLOOKED, Ending.FLAGGED})

DAYS = 182

# How many of a hundred units end like this, and how many days ago such a one came in (least, most).
SHARES: dict[Ending, tuple[float, float, float]] = {
    Ending.CLOSED: (64.0, 4, DAYS),
    Ending.CLOSED_LATER: (5.0, 12, DAYS),
    Ending.REOPENED_BY_HAND: (0.8, 10, DAYS),
    Ending.UNREACHABLE: (2.0, 14, DAYS),
    Ending.MERGED_CLOSED: (1.8, 8, DAYS),
    Ending.FOLLOWED: (1.2, 20, DAYS),
    Ending.INVALID: (2.2, 1, DAYS),
    Ending.NEW: (1.5, 0.01, 0.2),
    Ending.TRIAGE: (1.5, 0.02, 0.3),
    Ending.INVALID_ASKED: (0.8, 0.05, 0.8),
    Ending.ASSIGNED: (3.0, 0.05, 0.7),
    Ending.IN_PROGRESS: (5.2, 0.2, 2.5),
    Ending.LATE: (1.2, 3.2, 6),
    Ending.DUE_SOON: (1.2, 0.96, 0.99),
    Ending.WAITING: (2.4, 0.4, 4),
    Ending.RESOLVED: (3.4, 0.6, 5),
    Ending.OVERLOOKED: (0.9, 9, 12),
    Ending.FLAGGED: (0.8, 1, 3),
    Ending.REOPENED: (1.2, 2.5, 7),
    Ending.MERGED_OPEN: (0.8, 0.3, 2),
}
PAIRS = frozenset({Ending.MERGED_CLOSED, Ending.MERGED_OPEN, Ending.FOLLOWED})


@dataclass(slots=True)
class Slot:
    """One unit: when its first ticket comes in, and its second if it is a pair."""

    at: datetime
    ending: Ending
    second: datetime | None = None
    sample: int | None = None  # one of the official samples


def schedule(random: Random, tickets: int, now: datetime, zone: ZoneInfo, samples: Sequence[Slot]) -> list[Slot]:
    """Slots that together make exactly this many tickets, in order of time."""
    slots = list(samples)[:tickets]
    left = tickets - len(slots)
    for ending in _endings(random, left):
        low, high = SHARES[ending][1:]
        at = _moment(random, now, low, high, zone)
        slots.append(Slot(at, ending, _second(random, ending, at, now, zone)))
    return sorted(slots, key=lambda slot: slot.at)


def _endings(random: Random, tickets: int) -> list[Ending]:
    """By their shares, largest remainders last, so that small numbers show every ending as well."""
    whole = sum(share * (2 if ending in PAIRS else 1) for ending, (share, _, _) in SHARES.items())
    found: list[Ending] = []
    left = tickets
    for ending, (share, _, _) in SHARES.items():
        if ending is Ending.CLOSED:
            continue
        weight = 2 if ending in PAIRS else 1
        number = max(1, round(share * tickets / whole))
        number = min(number, left // weight)
        found += [ending] * number
        left -= number * weight
    found += [Ending.CLOSED] * left
    random.shuffle(found)
    return found


def _second(random: Random, ending: Ending, at: datetime, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the second ticket of a pair comes in: well after the first."""
    if ending is Ending.FOLLOWED:
        later = min(at + timedelta(days=random.uniform(9, 30)), now - timedelta(days=5))
        return _awake(later, zone, random, now)
    if ending is Ending.MERGED_CLOSED:
        later = _awake(at + timedelta(days=random.uniform(0.3, 1.2)), zone, random, now)
        return max(later, at + timedelta(hours=random.uniform(2, 5))).replace(microsecond=0)
    return _between(random, at, now) if ending is Ending.MERGED_OPEN else None


def _moment(random: Random, now: datetime, low: float, high: float, zone: ZoneInfo) -> datetime:
    """A moment so many days ago, by day and on workdays rather than on weekends."""
    for _ in range(4):
        at = now - timedelta(days=random.uniform(low, high))
        if high <= 1 or (at.astimezone(zone).weekday() < 5 or random.random() < 0.45):
            break
    if high <= 1:
        return at.replace(microsecond=0)
    found = _awake(at, zone, random, now)
    return found if found is not None else at


def _awake(at: datetime, zone: ZoneInfo, random: Random, now: datetime) -> datetime:
    """Customers come in from eight to half past nine in the evening, most of them at ten and at three."""
    local = at.astimezone(zone)
    hour = random.choices(range(8, 22), (4, 8, 11, 9, 6, 6, 9, 11, 9, 7, 5, 6, 5, 2))[0]
    moved = datetime.combine(local.date(), time(hour, random.randrange(60), random.randrange(60)), tzinfo=zone)
    found = moved.astimezone(at.tzinfo)
    return found if found < now - timedelta(hours=4) else at.replace(microsecond=0)


def _between(random: Random, start: datetime, end: datetime) -> datetime:
    return (start + (end - start) * random.uniform(0.4, 0.8)).replace(microsecond=0)
