"""Which department acts: the first rule that matches. Pure: rules come in, the reasons go out with the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.words import Sentence, say


@dataclass(frozen=True)
class Rule:
    """An empty condition matches everything; a top category covers its children."""

    id: int
    department_id: int
    category: str | None = None
    priority: str | None = None
    product_id: int | None = None
    tier: str | None = None
    channel: str | None = None
    role: str | None = None
    assisting: tuple[str, ...] = ()
    escalate: bool = False


@dataclass(frozen=True)
class Case:
    """What the rules look at."""

    category: str
    priority: str
    product_id: int | None
    tier: str
    channel: str


@dataclass(frozen=True)
class Route:
    rule: Rule
    reasons: tuple[str, ...]  # the conditions that matched: category, priority …; empty: the rule for the rest


def covers(wanted: str, category: str) -> bool:
    """`fault` covers `fault.batch`; `fault.batch` covers itself only."""
    return category == wanted or category.startswith(f"{wanted}.")


def matches(rule: Rule, case: Case) -> bool:
    return (
        (rule.category is None or covers(rule.category, case.category))
        and rule.priority in (None, case.priority)
        and rule.product_id in (None, case.product_id)
        and rule.tier in (None, case.tier)
        and rule.channel in (None, case.channel)
    )


def route(rules: Sequence[Rule], case: Case) -> Route | None:
    """The first match in the order given; None when no rule is for the rest (the caller keeps the home department)."""
    for rule in rules:
        if matches(rule, case):
            named = ("category", "priority", "product_id", "tier", "channel")
            return Route(rule, tuple(name for name in named if getattr(rule, name) is not None))
    return None


def reason(route: Route | None) -> Sentence:
    """Why this department, for the page."""
    if route is None:
        return say("没有匹配的派单规则，留在登记部门。")
    if not route.reasons:
        return say("按兜底派单规则。")
    return say("按派单规则第 %(n)s 条。", n=route.rule.id)
