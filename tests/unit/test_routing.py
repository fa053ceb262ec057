"""The first rule that matches gives the department; the loads give the person."""

import pytest

from app.tickets.dispatch import Person, suggestions
from app.tickets.routing import Case, Rule, covers, route

RULES = [
    Rule(1, 10, category="fault.batch"),
    Rule(2, 20, category="fault", channel="onsite"),
    Rule(3, 30, category="fault"),
    Rule(4, 40, tier="vip", priority="P0"),
    Rule(5, 50),
]


def case(category: str = "other", priority: str = "P2", tier: str = "new", channel: str = "email") -> Case:
    return Case(category, priority, None, tier, channel)


@pytest.mark.parametrize(
    ("given", "department"),
    [
        (case("fault.batch", channel="onsite"), 10),
        (case("fault.hardware", channel="onsite"), 20),
        (case("fault.hardware"), 30),
        (case("fault"), 30),
        (case("faulty"), 50),
        (case(priority="P0", tier="vip"), 40),
        (case(priority="P0"), 50),
    ],
)
def test_the_first_match_wins(given: Case, department: int) -> None:
    found = route(RULES, given)
    assert found is not None
    assert found.rule.department_id == department


def test_the_reasons_are_the_conditions_that_matched() -> None:
    found = route(RULES, case("fault.hardware", channel="onsite"))
    assert found is not None
    assert found.reasons == ("category", "channel")


def test_no_rule_is_no_route() -> None:
    assert route(RULES[:1], case()) is None


def test_a_top_category_covers_its_children_only() -> None:
    assert covers("fault", "fault.batch")
    assert not covers("fault.batch", "fault")


def test_the_least_loaded_is_offered_first() -> None:
    people = [
        Person(1, "陈刚", ("P0",)),  # 8
        Person(2, "周岩", ("P2", "P2", "P3")),  # 5
        Person(3, "李昂", ("P1", "P3", "P3")),  # 6
    ]
    assert [one.person_id for one in suggestions(people)] == [2, 3, 1]


def test_skills_come_before_load() -> None:
    people = [Person(1, "陈刚", ("P0",), frozenset({"电池"})), Person(2, "周岩")]
    best = suggestions(people, skills=frozenset({"电池"}))[0]
    assert best.person_id == 1
    assert "电池" in "".join(map(str, best.reasons))


def test_the_deputy_is_offered_for_who_is_away() -> None:
    [best] = suggestions([Person(1, "陈刚", deputy_id=9, deputy_name="周岩")])
    assert (best.person_id, best.person_name) == (9, "周岩")
    assert "陈刚 不在岗" in str(best.reasons[-1])
