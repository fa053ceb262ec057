"""Whom a lead is offered first: the least loaded person who can act, or their deputy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from app.tickets.codes import Priority
from app.words import Sentence, listed, say

WEIGHTS: Mapping[str, int] = MappingProxyType({Priority.P0: 8, Priority.P1: 4, Priority.P2: 2, Priority.P3: 1})


@dataclass(frozen=True)
class Person:
    """One of the department who may handle tickets. `open_priorities`: of the tickets that they work on now."""

    id: int
    name: str
    open_priorities: tuple[str, ...] = ()
    skills: frozenset[str] = frozenset()
    deputy_id: int | None = None  # set while the person is away
    deputy_name: str = ""
    was_before: bool = False  # had this ticket before

    @property
    def load(self) -> int:
        return sum(WEIGHTS[p] for p in self.open_priorities)


@dataclass(frozen=True)
class Suggestion:
    person_id: int
    person_name: str
    load: int
    reasons: tuple[Sentence, ...] = field(default=())


def suggestions(people: Iterable[Person], *, skills: frozenset[str] = frozenset()) -> Sequence[Suggestion]:
    """Best first: those with the wanted skills, then the lowest weighted load, then the oldest account."""
    ordered = sorted(people, key=lambda p: (-len(p.skills & skills), p.load, p.id))
    return [_suggestion(person, skills) for person in ordered]


def _suggestion(person: Person, skills: frozenset[str]) -> Suggestion:
    reasons = [say("手上 %(n)s 张，加权负荷 %(load)s", n=len(person.open_priorities), load=person.load)]
    if known := sorted(person.skills & skills):
        reasons.append(say("技能匹配：%(skills)s", skills=listed(known)))
    if person.was_before:
        reasons.append(say("之前处理过这张工单"))
    if person.deputy_id is not None:
        reasons.append(say("%(name)s 不在岗，由代理人接手", name=person.name))
        return Suggestion(person.deputy_id, person.deputy_name, person.load, tuple(reasons))
    return Suggestion(person.id, person.name, person.load, tuple(reasons))
