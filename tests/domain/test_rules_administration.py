"""The rules themselves are edited: what is refused, what is written down, what two editors at once get."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts import services as accounts
from app.accounts.models import User
from app.audit.models import AuditEntry
from app.errors import Conflict, Invalid, NotAllowed, NotFound
from app.policy import Actor
from app.sla.clock import Unit
from app.tickets import administration as admin
from app.tickets.administration import CategoryGiven, PolicyGiven, RuleGiven
from app.tickets.clocks import Target
from app.tickets.codes import FollowUpState, Priority, Status
from app.tickets.models import Event, FollowUp, Ticket
from app.tickets.priority import LEVELS, Axes, shipped_cells
from app.tickets.rules import Category, SlaTarget
from app.words import Sentence
from tests.cast import NOON
from tests.domain.desk import Desk

ANYWAY = CategoryGiven("预约安装", 1, 2, 1)
HOUR = Target(1, Unit.HOUR)


@pytest.fixture
def he(desk: Desk) -> Actor:
    return desk.cast("he")


def written(session: Session, action: str) -> list[AuditEntry]:
    session.commit()
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


def fields_of(refused: pytest.ExceptionInfo[Invalid]) -> dict[str, str]:
    return {name: str(sentences[0]) for name, sentences in refused.value.fields.items()}


# --- categories -------------------------------------------------------------------------------------------------------


def test_a_child_is_named_after_its_parent_and_follows_it_in_being_a_complaint(session: Session, he: Actor) -> None:
    parent = admin.category_of(session, "complaint")
    made = admin.add_category(session, ANYWAY, code="Price", parent=parent, by=he, now=NOON)
    assert (made.code, made.parent_id, made.complaint) == ("complaint.price", parent.id, True)
    assert [entry.subject_id for entry in written(session, "category.added")] == [made.id]


def test_a_change_of_complaint_reaches_the_children(session: Session, he: Actor) -> None:
    top = admin.category_of(session, "experience")
    given = CategoryGiven(top.name, top.impact, top.urgency, top.severity, complaint=True)
    admin.edit_category(session, top, given, version=top.version, by=he, now=NOON)
    assert admin.category_of(session, "experience.attitude").complaint
    assert written(session, "category.edited")[0].data == {"fields": ["complaint", "form5"]}


def test_saving_what_is_stored_changes_nothing(session: Session, he: Actor) -> None:
    top = admin.category_of(session, "fault")
    given = CategoryGiven(top.name, top.impact, top.urgency, top.severity)
    admin.edit_category(session, top, given, version=top.version, by=he, now=NOON)
    assert top.version == 1
    assert not written(session, "category.edited")


@pytest.mark.parametrize(
    ("code", "changes", "field"),
    [
        ("", {}, "code"),
        ("9lives", {}, "code"),
        ("安装", {}, "code"),
        ("x" * 21, {}, "code"),
        ("hardware", {}, "code"),
        ("fit", {"name": "   "}, "name"),
        ("fit", {"name": "硬件损坏"}, "name"),
        ("fit", {"name": "长" * 81}, "name"),
        ("fit", {"impact": 4}, "impact"),
        ("fit", {"severity": 0}, "severity"),
        ("fit", {"other_person": "never"}, "other_person"),
        ("fit", {"form5": "保修"}, "form5"),
    ],
)
def test_a_category_that_makes_no_sense_is_refused_beside_its_field(
    session: Session, he: Actor, code: str, changes: dict[str, object], field: str
) -> None:
    parent = admin.category_of(session, "fault")
    with pytest.raises(Invalid) as refused:
        admin.add_category(session, replace(ANYWAY, **changes), code=code, parent=parent, by=he, now=NOON)  # type: ignore[arg-type]
    assert set(fields_of(refused)) == {field}


def test_there_is_no_third_level(session: Session, he: Actor) -> None:
    child = admin.category_of(session, "fault.batch")
    with pytest.raises(Invalid) as refused:
        admin.add_category(session, ANYWAY, code="deep", parent=child, by=he, now=NOON)
    assert "parent" in fields_of(refused)


def test_a_used_category_is_retired_and_keeps_its_tickets(desk: Desk, session: Session, he: Actor) -> None:
    ticket = desk.assigned()
    category = admin.category_of(session, "fault.function")
    admin.retire_category(session, category, version=category.version, by=he, now=NOON)
    assert ticket.category_id == category.id
    (top,) = [one for one in admin.category_tree(session) if one.category.code == "fault"]
    assert top.total == 1
    admin.restore_category(session, category, version=category.version, by=he, now=NOON)
    assert category.retired_at is None


def test_a_top_category_goes_after_its_children_and_comes_back_before_them(session: Session, he: Actor) -> None:
    top, usage, order = (admin.category_of(session, code) for code in ("enquiry", "enquiry.usage", "enquiry.order"))
    with pytest.raises(Conflict, match="使用咨询"):
        admin.retire_category(session, top, version=top.version, by=he, now=NOON)
    for one in (usage, order, top):
        admin.retire_category(session, one, version=one.version, by=he, now=NOON)
    with pytest.raises(Conflict, match="上级"):
        admin.restore_category(session, usage, version=usage.version, by=he, now=NOON)


def test_the_last_top_category_stays(session: Session, he: Actor) -> None:
    for top in admin.category_tree(session):
        for one in (*top.children, top.category):
            if one.code == "other":
                continue
            admin.retire_category(session, one, version=one.version, by=he, now=NOON)
    other = admin.category_of(session, "other")
    with pytest.raises(Conflict, match="最后一个"):
        admin.retire_category(session, other, version=other.version, by=he, now=NOON)


def test_the_second_editor_is_told(session: Session, he: Actor) -> None:
    category = admin.category_of(session, "fault")
    admin.edit_category(session, category, replace(ANYWAY, name="故障"), version=1, by=he, now=NOON)
    with pytest.raises(Conflict) as refused:
        admin.edit_category(session, category, replace(ANYWAY, name="毛病"), version=1, by=he, now=NOON)
    assert refused.value.extra == {"version": 2}
    assert category.name == "故障"


@pytest.mark.parametrize("login", ["lin", "wang", "zhou", "chen", "xiao", "gao"])
def test_only_the_administrators_change_rules(desk: Desk, session: Session, login: str) -> None:
    who = desk.cast(login)
    category = admin.category_of(session, "fault")
    policy = admin.policy_of(session, "live")
    with pytest.raises(NotAllowed):
        admin.add_category(session, ANYWAY, code="fit", parent=None, by=who, now=NOON)
    with pytest.raises(NotAllowed):
        admin.retire_category(session, category, version=1, by=who, now=NOON)
    with pytest.raises(NotAllowed):
        admin.set_matrix(session, {}, version=27, by=who, now=NOON)
    with pytest.raises(NotAllowed):
        admin.edit_policy(session, policy.policy, PolicyGiven("x"), policy.targets, version=1, by=who, now=NOON)
    with pytest.raises(NotAllowed):
        admin.add_rule(session, RuleGiven(1), by=who, now=NOON)


# --- the matrix -------------------------------------------------------------------------------------------------------


def test_a_cell_is_changed_and_the_change_is_written_down(session: Session, he: Actor) -> None:
    version = admin.matrix_version(session)
    changed = admin.set_matrix(session, {Axes(2, 1, 1): "P2"}, version=version, by=he, now=NOON)
    assert changed == 1
    assert admin.matrix_version(session) == version + 1
    assert written(session, "priority_matrix.edited")[0].data == {"cells": {"S1I2U1": ["P3", "P2"]}}


def test_a_higher_axis_never_lowers_the_priority_and_the_sentence_names_both_cells(session: Session, he: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        admin.set_matrix(session, {Axes(1, 1, 1): "P1"}, version=27, by=he, now=NOON)
    said = str(refused.value.sentence)
    assert "严重性 1、影响 1、紧急 1 是 P1" in said
    assert "却是 P" in said
    assert {"S1I1U1", "S1I2U1", "S1I1U2"} <= set(refused.value.fields)
    session.rollback()
    assert {cell.axes: cell.priority for cell in admin.matrix(session)} == shipped_cells()


def test_a_matrix_that_somebody_else_changed_is_not_overwritten(session: Session, he: Actor) -> None:
    admin.set_matrix(session, {Axes(2, 1, 1): "P2"}, version=27, by=he, now=NOON)
    with pytest.raises(Conflict):
        admin.set_matrix(session, {Axes(3, 1, 1): "P1"}, version=27, by=he, now=NOON)


def test_an_unknown_priority_is_refused(session: Session, he: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        admin.set_matrix(session, {Axes(1, 1, 1): "P9"}, version=27, by=he, now=NOON)
    assert set(refused.value.fields) == {"S1I1U1"}


EVERY = [Axes(i, u, s) for s, i, u in product(LEVELS, repeat=3)]


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(list(Priority)), min_size=27, max_size=27))
def test_slips_are_found_exactly_where_neighbours_fall(priorities: list[Priority]) -> None:
    cells = dict(zip(EVERY, priorities, strict=True))
    rises = all(
        cells[high] <= cells[low]  # P0 < P1 as text
        for low, high in product(EVERY, EVERY)
        if high.impact >= low.impact and high.urgency >= low.urgency and high.severity >= low.severity
    )
    assert rises == (not list(admin.slips(cells)))


def test_the_shipped_matrix_rises() -> None:
    assert not list(admin.slips(shipped_cells()))


# --- promises ---------------------------------------------------------------------------------------------------------


def test_a_target_is_changed_added_and_taken_away(session: Session, he: Actor) -> None:
    live = admin.policy_of(session, "live")
    given = PolicyGiven(live.policy.name, channels=tuple(live.policy.channels), promise_counts=True)
    targets = dict(live.targets) | {("response", "P0"): Target(3, Unit.MINUTE)}
    del targets[("solution", "P3")]
    admin.edit_policy(session, live.policy, given, targets, version=1, by=he, now=NOON)
    data = written(session, "sla_policy.edited")[0].data
    assert data == {"targets": {"response P0": "3 minute"}, "removed": ["solution P3"]}
    assert dict(admin.policy_of(session, "live").targets) == targets


def test_no_row_is_no_clock(session: Session, he: Actor) -> None:
    made = admin.add_policy(
        session, PolicyGiven("贵宾", tiers=("vip",)), {("response", "P0"): HOUR}, code="vip", by=he, now=NOON
    )
    rows = session.scalars(select(SlaTarget).where(SlaTarget.policy_id == made.id)).all()
    assert [(row.kind, row.priority) for row in rows] == [("response", "P0")]


@pytest.mark.parametrize(
    ("given", "targets", "field"),
    [
        (PolicyGiven(""), {("response", "P0"): HOUR}, "name"),
        (PolicyGiven("x", channels=("pigeon",)), {("response", "P0"): HOUR}, "channels"),
        (PolicyGiven("x", tiers=("gold",)), {("response", "P0"): HOUR}, "tiers"),
        (PolicyGiven("x", categories=("nothing",)), {("response", "P0"): HOUR}, "categories"),
        (PolicyGiven("x"), {}, "targets"),
        (PolicyGiven("x"), {("response", "P0"): Target(0, Unit.HOUR)}, "response-P0"),
        (PolicyGiven("x"), {("response", "P0"): Target(10**9, Unit.MINUTE)}, "response-P0"),
        (PolicyGiven("x"), {("coffee", "P0"): HOUR}, "coffee-P0"),
        (PolicyGiven("x"), {("response", "P7"): HOUR}, "response-P7"),
    ],
)
def test_a_promise_that_makes_no_sense_is_refused_beside_its_field(
    session: Session, he: Actor, given: PolicyGiven, targets: dict[tuple[str, str], Target], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        admin.add_policy(session, given, targets, code="odd", by=he, now=NOON)
    assert set(fields_of(refused)) == {field}


def test_no_ticket_is_left_without_follow_up_or_planned_completion(session: Session, he: Actor) -> None:
    for code in ("follow_up", "standard"):
        policy = admin.policy_of(session, code).policy
        with pytest.raises(Conflict, match="至少要有一个适用于全部工单的政策"):
            admin.retire_policy(session, policy, version=policy.version, by=he, now=NOON)
        session.rollback()
    follow_up = admin.policy_of(session, "follow_up")
    targets = {key: target for key, target in follow_up.targets.items() if key[1] != "P3"}
    with pytest.raises(Conflict, match="没人回访"):
        admin.edit_policy(session, follow_up.policy, PolicyGiven("回访"), targets, version=1, by=he, now=NOON)


def test_a_policy_comes_and_goes(session: Session, he: Actor) -> None:
    live = admin.policy_of(session, "live").policy
    admin.retire_policy(session, live, version=1, by=he, now=NOON)
    assert admin.policies(session)[-1].policy is live
    with pytest.raises(Conflict):
        admin.retire_policy(session, live, version=2, by=he, now=NOON)
    admin.restore_policy(session, live, version=2, by=he, now=NOON)
    with pytest.raises(Conflict):
        admin.restore_policy(session, live, version=3, by=he, now=NOON)
    with pytest.raises(NotFound):
        admin.policy_of(session, "nothing")


# --- routing ----------------------------------------------------------------------------------------------------------


def department(desk: Desk, code: str) -> int:
    return desk.cast.departments[code].id


def order(session: Session) -> list[str | None]:
    return [shown.rule.category for shown in admin.rules(session)]


SHIPPED = ["fault.batch", "fault", "experience", "request", "complaint", None]


def test_a_new_rule_stands_before_the_rule_for_the_rest(desk: Desk, session: Session, he: Actor) -> None:
    admin.add_rule(session, RuleGiven(department(desk, "legal"), category="process_gap"), by=he, now=NOON)
    assert order(session) == [*SHIPPED[:-1], "process_gap", None]
    assert [shown.rule.position for shown in admin.rules(session)] == list(range(1, 8))


def test_rules_move_up_and_down_and_stop_at_the_ends(session: Session, he: Actor) -> None:
    first, second, *_ = (shown.rule for shown in admin.rules(session))
    admin.move_rule(session, second, up=True, by=he, now=NOON)
    assert order(session)[:2] == ["fault", "fault.batch"]
    admin.move_rule(session, second, up=True, by=he, now=NOON)
    admin.move_rule(session, first, up=True, by=he, now=NOON)
    assert order(session) == SHIPPED
    last = admin.rules(session)[-1].rule
    admin.move_rule(session, last, up=False, by=he, now=NOON)
    assert order(session) == SHIPPED
    assert [entry.data for entry in written(session, "routing_rule.moved")] == [
        {"position": 1, "position_was": 2},
        {"position": 1, "position_was": 2},
    ]


def test_a_rule_that_can_never_match_is_marked(desk: Desk, session: Session, he: Actor) -> None:
    admin.add_rule(session, RuleGiven(department(desk, "rnd"), category="fault.batch", priority="P0"), by=he, now=NOON)
    marked = {shown.place: shown.hidden_by for shown in admin.rules(session) if shown.hidden_by}
    assert marked == {6: 1}
    assert admin.rules(session)[-1].for_the_rest


def test_a_rule_is_edited_and_deleted(desk: Desk, session: Session, he: Actor) -> None:
    rule = admin.rules(session)[3].rule
    given = RuleGiven(department(desk, "product"), category="request", to_lead=True, assisting=("rnd",), channel="web")
    admin.edit_rule(session, rule, given, version=1, by=he, now=NOON)
    assert (rule.role, rule.assisting, rule.channel) == ("supervisor", ["rnd"], "web")
    with pytest.raises(Conflict):
        admin.delete_rule(session, rule, version=1, by=he, now=NOON)
    admin.delete_rule(session, rule, version=2, by=he, now=NOON)
    assert order(session) == ["fault.batch", "fault", "experience", "complaint", None]
    assert written(session, "routing_rule.deleted")[0].data["category"] == "request"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"department_id": 0}, "department_id"),
        ({"assisting": ("nowhere",)}, "assisting"),
        ({"assisting": ("legal",)}, "assisting"),
        ({"category": "nothing"}, "category"),
        ({"product_id": 999}, "product_id"),
        ({"priority": "P5"}, "priority"),
        ({"tier": "gold"}, "tier"),
        ({"channel": "pigeon"}, "channel"),
    ],
)
def test_a_rule_that_names_nothing_is_refused_beside_its_field(
    desk: Desk, session: Session, he: Actor, changes: dict[str, object], field: str
) -> None:
    given = replace(RuleGiven(department(desk, "legal")), **changes)  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        admin.add_rule(session, given, by=he, now=NOON)
    assert set(fields_of(refused)) == {field}


def test_the_new_order_decides_where_the_next_ticket_goes(desk: Desk, session: Session, he: Actor) -> None:
    given = RuleGiven(department(desk, "quality"), category="fault")
    rule = admin.add_rule(session, given, by=he, now=NOON)
    assert desk.assigned().department_id == department(desk, "support")
    for _ in range(5):
        admin.move_rule(session, rule, up=True, by=he, now=NOON)
    assert desk.assigned().department_id == department(desk, "quality")


# --- leaving ----------------------------------------------------------------------------------------------------------


def leave(desk: Desk, session: Session, login: str, to: str | None) -> None:
    def handover(session: Session, user_id: int, **context: object) -> None:
        admin.hand_over(session, user_id, to=desk.cast.people[to] if to else None, **context)  # type: ignore[arg-type]

    root = desk.cast("root")
    accounts.disable(session, desk.cast.people[login], handover=handover, by=root, now=NOON + timedelta(hours=1))


def test_tickets_of_somebody_who_leaves_go_to_the_one_named(desk: Desk, session: Session) -> None:
    ticket = desk.started()
    heir = accounts.create_user(
        session,
        login="heir",
        name="接手人",
        email=None,
        department_id=department(desk, "support"),
        roles=desk.cast("chen").roles,
        by=desk.cast("root"),
        now=NOON,
    )
    desk.cast.people["heir"] = heir
    assert admin.held_by(session, desk.cast.people["chen"].id) == admin.Held(1, 0)
    leave(desk, session, "chen", "heir")
    assert ticket.assignee_id == heir.id
    last = session.scalars(select(Event).where(Event.ticket_id == ticket.id).order_by(Event.id.desc())).first()
    assert last is not None
    assert (last.kind, last.data["assignee"]) == ("assigned", heir.id)
    entry = written(session, "user.handed_over")[0]
    assert entry.data == {"tickets": 1, "follow_ups": 0, "to": heir.id}


@pytest.mark.parametrize("to", [None, "lin", "luo"])
def test_what_the_heir_may_not_handle_goes_back_to_the_queue(desk: Desk, session: Session, to: str | None) -> None:
    ticket = desk.started()
    leave(desk, session, "chen", to)
    assert ticket.assignee_id is None
    assert ticket.status == Status.IN_PROGRESS
    assert not admin.held_by(session, desk.cast.people["chen"].id)


def test_follow_ups_go_to_another_agent_of_the_home_department(desk: Desk, session: Session) -> None:
    ticket, follow_up = desk.resolved()
    assert follow_up.holder_id == desk.cast.people["lin"].id
    leave(desk, session, "lin", "luo")
    assert follow_up.holder_id == ticket.follow_up_holder_id == desk.cast.people["mei"].id
    assert not follow_up.same_person
    nobody = select(func.count()).where(FollowUp.state == FollowUpState.OPEN, FollowUp.holder_id.is_(None))
    assert session.scalar(nobody) == 0


def test_nothing_of_a_disabled_account_waits_for_it(desk: Desk, session: Session) -> None:
    desk.started()
    desk.resolved(product="X20")
    for login in ("chen", "lin"):
        leave(desk, session, login, None)
    gone = select(User.id).where(~User.active)
    assert not session.scalars(select(Ticket.id).where(Ticket.assignee_id.in_(gone), Ticket.status != "closed")).all()
    assert not session.scalars(select(FollowUp.id).where(FollowUp.holder_id.in_(gone))).all()


def test_sentences_are_sentences(session: Session, he: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        admin.add_category(session, replace(ANYWAY, name=""), code="", parent=None, by=he, now=NOON)
    assert isinstance(refused.value.sentence, Sentence)
    assert session.scalar(select(func.count()).select_from(Category)) == 25
