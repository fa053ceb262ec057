"""From three axes to a priority: the shipped rule, the cells made from it, floors and marks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from app.tickets.codes import Mark, Priority

LEVELS = (1, 2, 3)


@dataclass(frozen=True)
class Axes:
    """Each 1 low, 2 middle, 3 high."""

    impact: int
    urgency: int
    severity: int

    def code(self) -> str:
        return f"S{self.severity}I{self.impact}U{self.urgency}"


Cells = Mapping[Axes, Priority]


@dataclass(frozen=True)
class Verdict:
    priority: Priority
    rule: str  # S2I3U2, S1I3U1+vip, mark:safety, override
    given: Axes
    effective: Axes


def by_rule(axes: Axes) -> Priority:
    """The shipped matrix. Raising one axis never lowers the priority."""
    i, u = axes.impact, axes.urgency
    match axes.severity:
        case 3:
            return Priority.P0 if 3 in (i, u) else Priority.P1
        case 2:
            return Priority.P1 if u == 3 or (i == 3 and u == 2) else Priority.P2
        case _:
            return Priority.P3 if u == 1 and i < 3 else Priority.P2


def shipped_cells() -> dict[Axes, Priority]:
    """All 27 cells, as they are stored and then edited by the service administrator."""
    every = (Axes(i, u, s) for s, i, u in product(LEVELS, repeat=3))
    return {axes: by_rule(axes) for axes in every}


def effective(given: Axes, *, key_customer: bool, marks: Iterable[str]) -> Axes:
    """A key customer (VIP or flagged) floors the impact at 3; any mark sets urgency and severity to 3."""
    impact = 3 if key_customer else given.impact
    if any(True for _ in marks):
        return Axes(impact, 3, 3)
    return Axes(impact, given.urgency, given.severity)


def judge(
    cells: Cells, given: Axes, *, key_customer: bool, marks: Iterable[str] = (), override: Priority | None = None
) -> Verdict:
    """The priority and the rule that gave it, as the page shows it."""
    marked = sorted(Mark(m) for m in marks)
    axes = effective(given, key_customer=key_customer, marks=marked)
    if override is not None:
        return Verdict(override, "override", given, axes)
    raised = "+vip" if key_customer and given.impact < 3 else ""
    rule = f"mark:{marked[0]}" if marked else axes.code()
    return Verdict(cells[axes], rule + raised, given, axes)


def one_step_up(level: int | None) -> int:
    """What urgency is preset to when the customer was not satisfied."""
    return min(3, (level or 1) + 1)


def rank(priority: str | None) -> int:
    """0 to 3 for P0 to P3, 9 before triage: what lists sort by."""
    return 9 if priority is None else int(Priority(priority)[1])
