"""When a follow-up counts as done, when the customer counts as unreachable, and who should ask. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.tickets.codes import Method

ATTEMPTS_NEEDED = 3
LOWEST_CONTENT = 3  # a score below it sends the ticket round again


class OtherPerson(StrEnum):
    """Must somebody else ask than the one who solved it?"""

    OFF = "off"
    PREFER = "prefer"
    REQUIRE = "require"


@dataclass(frozen=True)
class Attempt:
    at: datetime
    method: str
    reached: bool
    solved: bool | None = None
    score: int | None = None


def satisfied(attempt: Attempt) -> bool:
    """Reached, solved, and the score absent or at least 3: the only answer that lets a ticket be closed."""
    return attempt.reached and attempt.solved is True and (attempt.score is None or attempt.score >= LOWEST_CONTENT)


def dissatisfied(attempt: Attempt) -> bool:
    """Reached, and not solved or a score of 2 and less: the ticket goes round again."""
    return attempt.reached and not satisfied(attempt)


def completed(attempts: Iterable[Attempt]) -> bool:
    return any(satisfied(attempt) for attempt in attempts)


def unreachable(attempts: Iterable[Attempt], zone: ZoneInfo) -> bool:
    """Three failed attempts on three different days of the company, over phone and online."""
    failed = [attempt for attempt in attempts if not attempt.reached]
    days = {attempt.at.astimezone(zone).date() for attempt in failed}
    return len(days) >= ATTEMPTS_NEEDED and {attempt.method for attempt in failed} >= set(Method)


@dataclass(frozen=True)
class Candidate:
    """One who may follow up in the home department, with the number of open follow-ups they hold."""

    id: int
    open_follow_ups: int


@dataclass(frozen=True)
class Holder:
    id: int | None
    same_person: bool


def choose_holder(
    registrar: Candidate | None, others: Sequence[Candidate], resolver: Candidate | None, *, rule: OtherPerson
) -> Holder:
    """Who asks the customer.

    The registrar if they did not resolve it; else another agent of the home department, the one with the fewest open
    follow-ups; else the resolver, shown as the same person. With `require` it waits for somebody of the department
    rather than go to the resolver; with `off` the registrar asks in any case. A `None` is one who can't ask (not
    active, no right to).
    """
    solved_by = resolver.id if resolver else None
    if registrar and (registrar.id != solved_by or rule is OtherPerson.OFF):
        return Holder(registrar.id, registrar.id == solved_by)
    free = sorted((c for c in others if c.id != solved_by), key=lambda c: (c.open_follow_ups, c.id))
    if free:
        return Holder(free[0].id, False)
    if rule is OtherPerson.REQUIRE or resolver is None:
        return Holder(None, False)
    return Holder(resolver.id, True)
