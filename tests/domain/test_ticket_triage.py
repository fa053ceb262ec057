"""Step 2: classify, judge, route, assign, promise a date."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.customers import written
from app.customers.models import Customer
from app.errors import Conflict, Invalid, NotAllowed
from app.tickets import queries, services
from app.tickets.given import AssignmentGiven, Seen
from app.tickets.models import Assignment, Escalation, Participation, SlaClock, Ticket
from tests.domain.desk import ENQUIRY, FAULT, Desk


def due(desk: Desk, ticket: Ticket) -> dict[str, datetime]:
    rows = desk.session.scalars(
        select(SlaClock).where(SlaClock.ticket_id == ticket.id, SlaClock.replaced_at.is_(None)).order_by(SlaClock.id)
    )
    return {row.kind: row.due_at for row in rows}


@pytest.mark.parametrize(
    ("category", "department", "assignee"),
    [
        ("fault.hardware", "support", None),
        ("fault.batch", "quality", None),
        ("experience.attitude", "service", "wang"),
        ("request.feature", "product", None),
        ("complaint", "service", "wang"),
        ("enquiry.order", "service", None),
        ("aftersales.refund", "service", None),
        ("process_gap", "service", None),
        ("other", "service", None),
    ],
)
def test_routing_ends_in_a_department(desk: Desk, category: str, department: str, assignee: str | None) -> None:
    ticket = desk.triage(desk.verified(), FAULT, category=category)
    assert ticket.department_id == desk.cast.departments[department].id
    assert ticket.first_department_id == ticket.department_id
    person = desk.session.get(User, ticket.assignee_id) if ticket.assignee_id else None
    assert (person.login if person else None) == assignee


def test_a_batch_brings_in_technical_support(desk: Desk) -> None:
    ticket = desk.triage(desk.verified(), FAULT, category="fault.batch")
    [part] = desk.session.scalars(select(Participation).where(Participation.ticket_id == ticket.id))
    assert (part.part, part.department_id) == ("assist", desk.cast.departments["support"].id)


def test_a_complaint_is_escalated_by_rule(desk: Desk) -> None:
    ticket = desk.triage(desk.verified(), FAULT, category="complaint")
    [row] = desk.session.scalars(select(Escalation).where(Escalation.ticket_id == ticket.id))
    assert (row.kind, ticket.complaint, ticket.escalated_at) == ("complaint", True, desk.now)


def test_a_vip_floors_the_impact(desk: Desk) -> None:
    ticket = desk.verified()
    desk.session.get_one(Customer, ticket.customer_id).tier = "vip"
    desk.triage(ticket, FAULT)
    assert (ticket.impact, ticket.impact_effective) == (1, 3)
    assert (ticket.priority, ticket.priority_rule, ticket.priority_rank) == ("P1", "S2I3U2+vip", 1)


def test_a_mark_makes_it_urgent(desk: Desk) -> None:
    ticket = desk.triage(desk.verified(), ENQUIRY, marks=("safety",))
    assert (ticket.priority, ticket.priority_rule, ticket.marks) == ("P0", "mark:safety", ["safety"])


def test_an_override_needs_the_right_and_a_reason_and_is_audited(desk: Desk) -> None:
    ticket = desk.verified()
    with pytest.raises(NotAllowed, match="优先级由三项指标得出"):
        desk.triage(ticket, FAULT, "lin", priority="P0", reason="急")
    with pytest.raises(Invalid) as refused:
        desk.triage(ticket, FAULT, "wang", priority="P0")
    assert "reason" in refused.value.fields
    desk.triage(ticket, FAULT, "wang", priority="P0", reason="媒体关注")
    assert (ticket.priority, ticket.priority_rule) == ("P0", "override")
    desk.session.commit()
    actions = desk.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert "ticket.priority_overridden" in actions


def test_an_agent_does_not_choose_the_department(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="不能指定处理部门"):
        desk.triage(desk.verified(), FAULT, "lin", department="service")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"category": "nothing"}, "category"),
        ({"impact": 0}, "impact"),
        ({"urgency": 4}, "urgency"),
        ({"marks": ("red",)}, "marks"),
        ({"department": "moon"}, "department"),
        ({"priority": "P9", "reason": "急"}, "priority"),
    ],
)
def test_odd_input_is_said_at_its_field(desk: Desk, given: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        desk.triage(desk.verified(), FAULT, **given)
    assert field in refused.value.fields


def test_a_ticket_is_verified_before_it_is_judged(desk: Desk) -> None:
    with pytest.raises(Conflict, match="请先与客户核实情况"):
        desk.triage(desk.registered())


def test_promises_follow_the_priority_from_the_time_received(desk: Desk) -> None:
    received = desk.now
    standard = desk.verified(channel="email")
    live = desk.verified(channel="phone")
    desk.later(minutes=8)
    desk.triage(standard, FAULT, urgency=3)  # P1
    desk.triage(live, FAULT, urgency=3)
    assert due(desk, standard) == {
        "response": received + timedelta(hours=48),
        "planned": desk.now + timedelta(days=5),
    }
    assert due(desk, live) == {
        "response": received + timedelta(minutes=10),
        "solution": received + timedelta(hours=24),
        "planned": received + timedelta(hours=24),
    }


def test_an_unhurried_ticket_is_promised_for_the_end_of_next_month(desk: Desk) -> None:
    ticket = desk.assigned(ENQUIRY)
    assert (ticket.priority, due(desk, ticket)) == ("P3", {"planned": datetime(2024, 4, 30, 10, 0, tzinfo=UTC)})


def test_a_correction_leaves_the_status_and_the_old_dates_visible(desk: Desk) -> None:
    ticket = desk.started()
    before = due(desk, ticket)
    desk.triage(ticket, FAULT, severity=3)
    assert (ticket.status, ticket.priority) == ("in_progress", "P1")
    assert due(desk, ticket) != before
    old = desk.session.scalars(
        select(SlaClock.due_at).where(SlaClock.ticket_id == ticket.id, SlaClock.replaced_because == "triage")
    ).all()
    assert before["response"] in old


def test_a_correction_keeps_the_notes_that_it_does_not_write_anew(desk: Desk) -> None:
    ticket = desk.triage(desk.verified(), impact_note="同批 500 台", urgency_note="客户明天要用")
    desk.triage(ticket, severity=3)
    desk.triage(ticket, urgency_note="客户已借到备机")
    notes = written.read_json(desk.session, ticket, "axis_notes", full=True).data
    assert notes == {"impact": "同批 500 台", "urgency": "客户已借到备机"}


def test_a_correction_with_another_department_is_a_transfer(desk: Desk) -> None:
    ticket = desk.started()
    desk.triage(ticket, FAULT, department="quality")
    assert (ticket.status, ticket.assignee_id, ticket.wrong_routings) == ("assigned", None, 1)
    assert ticket.first_department_id == desk.cast.departments["support"].id


def test_who_comes_too_late_is_told(desk: Desk) -> None:
    ticket = desk.assigned()
    desk.start(ticket)
    with pytest.raises(Conflict, match="陈刚 于 03-05 12:00 操作，现在是「处理中」") as refused:
        services.assign(
            desk.session,
            ticket,
            AssignmentGiven(assignee="chen"),
            by=desk.who("wang"),
            now=desk.now,
            seen=Seen(status="assigned"),
        )
    assert refused.value.extra["status"] == "in_progress"
    assert refused.value.extra["moved_by"] == "陈刚"


# --- assignment -------------------------------------------------------------------------------------------------------


def test_a_person_of_the_department_gets_it(desk: Desk) -> None:
    ticket = desk.assigned()
    desk.assign(ticket, assignee="chen", reason="熟悉电池")
    assert ticket.assignee_id == desk.who("chen").id
    desk.assign(ticket, unassign=True)
    assert ticket.assignee_id is None
    rows = desk.session.scalars(select(Assignment.assignee_id).where(Assignment.ticket_id == ticket.id)).all()
    assert rows == [None, desk.who("chen").id, None]


@pytest.mark.parametrize(
    ("login", "why"), [("lin", "不在处理部门"), ("nobody", "没有这个人"), ("xiao", "没有处理工单的权限")]
)
def test_somebody_who_cannot_take_it_is_refused(desk: Desk, login: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        desk.assign(desk.assigned(), assignee=login)


def test_a_transfer_goes_back_to_assigned_and_counts(desk: Desk) -> None:
    ticket = desk.started()
    services.wait(desk.session, ticket, by=desk.who("chen"), now=desk.now)
    desk.assign(ticket, department="service", assignee="lin", reason="其实是咨询")
    assert (ticket.status, ticket.wrong_routings) == ("assigned", 1)
    assert ticket.assignee_id == desk.who("lin").id


def test_saying_what_is_so_already_changes_nothing(desk: Desk) -> None:
    ticket = desk.assigned()
    before = ticket.version
    desk.assign(ticket, department="support", unassign=True)
    assert ticket.version == before
    desk.assign(ticket, assignee="chen")
    desk.assign(ticket, assignee="chen", department="support")
    assert ticket.version == before + 1


def test_a_date_alone_is_told_as_a_date(desk: Desk) -> None:
    ticket = desk.assigned()
    desk.assign(ticket, planned_for=date(2024, 3, 8))
    page = queries.whole(desk.session, ticket, viewer=desk.who("wang"), now=desk.now)
    assert str(page.events[-1].sentence).startswith("计划完成时间定为")


def test_agents_do_not_assign(desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        desk.assign(desk.assigned(ENQUIRY), "lin", assignee="lin")


def test_the_planned_date_is_set_once(desk: Desk) -> None:
    ticket = desk.assigned()
    desk.assign(ticket, planned_for=date(2024, 3, 8))
    assert ticket.planned_for == datetime(2024, 3, 8, 10, 0, tzinfo=UTC)  # 18:00 in Shanghai
    desk.assign(ticket, planned_for=date(2024, 3, 8))
    with pytest.raises(Conflict, match="延期申请"):
        desk.assign(ticket, planned_for=date(2024, 3, 9))
    desk.triage(ticket, FAULT, severity=3)
    assert ticket.planned_for == datetime(2024, 3, 8, 10, 0, tzinfo=UTC)


def test_a_date_that_has_passed_is_not_moved_away(desk: Desk) -> None:
    ticket = desk.assigned()
    with pytest.raises(Invalid):
        desk.assign(ticket, planned_for=date(2024, 3, 1))
    desk.later(days=11)
    with pytest.raises(Conflict, match="已经过了"):
        desk.assign(ticket, planned_for=date(2024, 4, 1))
