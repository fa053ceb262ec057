"""Three axes, 27 cells, floors and marks."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tickets.codes import Mark, Priority
from app.tickets.priority import Axes, by_rule, effective, judge, one_step_up, rank, shipped_cells

CELLS = shipped_cells()
axes = st.builds(Axes, *(st.integers(1, 3) for _ in range(3)))


def test_there_are_27_cells() -> None:
    assert len(CELLS) == 27
    assert {Axes(i, u, s) for i, u, s in product((1, 2, 3), repeat=3)} == set(CELLS)


@pytest.mark.parametrize(
    ("impact", "urgency", "severity", "priority"),
    [
        (3, 3, 2, "P1"),  # the battery batch
        (1, 2, 1, "P2"),  # the installer
        (3, 1, 3, "P0"),
        (1, 3, 3, "P0"),
        (2, 2, 3, "P1"),
        (1, 1, 3, "P1"),
        (1, 3, 2, "P1"),
        (3, 2, 2, "P1"),
        (3, 1, 2, "P2"),
        (2, 2, 2, "P2"),
        (2, 1, 1, "P3"),
        (3, 1, 1, "P2"),
        (1, 3, 1, "P2"),
    ],
)
def test_the_shipped_rule(impact: int, urgency: int, severity: int, priority: str) -> None:
    assert by_rule(Axes(impact, urgency, severity)) == priority


@given(axes, axes)
def test_raising_an_axis_never_lowers_the_priority(one: Axes, other: Axes) -> None:
    higher = Axes(max(one.impact, other.impact), max(one.urgency, other.urgency), max(one.severity, other.severity))
    assert rank(by_rule(higher)) <= rank(by_rule(one))


def test_a_key_customer_floors_the_impact() -> None:
    verdict = judge(CELLS, Axes(1, 2, 2), key_customer=True)
    assert (verdict.priority, verdict.rule) == (Priority.P1, "S2I3U2+vip")
    assert (verdict.given.impact, verdict.effective.impact) == (1, 3)


def test_a_key_customer_with_high_impact_is_not_said_twice() -> None:
    assert judge(CELLS, Axes(3, 1, 1), key_customer=True).rule == "S1I3U1"


@pytest.mark.parametrize("mark", Mark, ids=str)
def test_a_mark_sets_urgency_and_severity(mark: Mark) -> None:
    verdict = judge(CELLS, Axes(1, 1, 1), key_customer=False, marks=(mark,))
    assert verdict.effective == Axes(1, 3, 3)
    assert (verdict.priority, verdict.rule) == (Priority.P0, f"mark:{mark}")


def test_an_override_keeps_the_axes() -> None:
    verdict = judge(CELLS, Axes(1, 1, 1), key_customer=False, override=Priority.P0)
    assert (verdict.priority, verdict.rule, verdict.effective) == (Priority.P0, "override", Axes(1, 1, 1))


@given(axes, st.booleans(), st.sets(st.sampled_from(sorted(Mark))))
def test_floors_and_marks_only_raise(one: Axes, key_customer: bool, marks: set[str]) -> None:
    raised = effective(one, key_customer=key_customer, marks=marks)
    assert rank(by_rule(raised)) <= rank(by_rule(one))


def test_urgency_goes_one_step_up_and_stops() -> None:
    assert [one_step_up(level) for level in (None, 1, 2, 3)] == [2, 2, 3, 3]
