"""Steps 5 and 6: asking, closing through the gate, going round again; merging and invalid tickets."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.errors import Conflict, Invalid, NotAllowed, NotFound
from app.tickets import gate, services
from app.tickets.invariants import check
from app.tickets.models import Cycle, Event, FollowUp, Invalidation, Merge, SlaClock, Ticket
from app.tickets.services.facts import value_of
from tests.domain.desk import ENQUIRY, FAULT, LI, Desk


def sound(desk: Desk) -> bool:
    desk.session.flush()
    broken = list(check(desk.session))
    assert not broken, broken
    return True


# --- the gate ---------------------------------------------------------------------------------------------------------


def test_nobody_closes_without_a_follow_up(desk: Desk) -> None:
    ticket, follow_up = desk.resolved()
    for who in ("lin", "wang", "zhou"):
        with pytest.raises(Conflict, match="还没有回访") as refused:
            desk.close(ticket, who)
        assert refused.value.extra["missing"] == ["follow_up"]
        assert refused.value.href == f"/follow-ups/{follow_up.no}"


@pytest.mark.parametrize("stage", ["registered", "verified", "assigned", "started"])
def test_nothing_is_closed_before_it_is_resolved(desk: Desk, stage: str) -> None:
    ticket = getattr(desk, stage)()
    with pytest.raises(Conflict) as refused:
        desk.close(ticket, "zhou")
    assert refused.value.extra["missing"] == ["resolution", "follow_up"]


@pytest.mark.parametrize("who", ["chen", "he", "mei"])
def test_who_may_not_close_is_told(desk: Desk, who: str) -> None:
    ticket, follow_up = desk.resolved()
    desk.ask(follow_up)
    with pytest.raises(NotAllowed):
        desk.close(ticket, who)


def test_closing_twice_gives_the_same_answer(desk: Desk) -> None:
    ticket = desk.closed()
    before = (ticket.version, ticket.closed_at)
    desk.later(hours=1)
    assert desk.close(ticket) is ticket
    assert (ticket.version, ticket.closed_at) == before
    assert sound(desk)


def test_an_open_part_holds_the_closing_back(desk: Desk) -> None:
    ticket, follow_up = desk.resolved()
    desk.ask(follow_up)
    part = desk.registered()
    services.link(desk.session, part, ticket, kind="duplicate", by=desk.who("wang"), now=desk.now)
    with pytest.raises(Conflict, match="不能再加子工单"):
        services.link(desk.session, part, ticket, kind="parent", by=desk.who("wang"), now=desk.now)
    assert gate.obstacle(desk.session, ticket) is None


def test_a_closing_is_audited(desk: Desk) -> None:
    desk.closed()
    desk.session.commit()
    entry = desk.session.scalars(select(AuditEntry).where(AuditEntry.action == "ticket.closed")).one()
    assert (entry.subject_kind, entry.data) == ("ticket", {"outcome": "satisfied"})


# --- asking -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"solved": None}, "solved"),
        ({"score": 0}, "score"),
        ({"score": 6}, "score"),
        ({"nps": 11}, "nps"),
        ({"nps": -1}, "nps"),
        ({"method": "pigeon"}, "method"),
        ({"reached": False, "solved": None}, "score"),
        ({"reached": False, "score": None}, "solved"),
        ({"comment": "字" * 10_001}, "comment"),
    ],
)
def test_an_odd_answer_is_refused_at_its_field(desk: Desk, given: dict[str, object], field: str) -> None:
    _, follow_up = desk.resolved()
    with pytest.raises(Invalid) as refused:
        desk.ask(follow_up, **given)
    assert field in refused.value.fields


def test_a_content_customer_does_not_close_by_himself(desk: Desk) -> None:
    ticket, follow_up = desk.resolved()
    desk.ask(follow_up, score=3, nps=9, suggestions="附一份说明书")
    assert (ticket.status, follow_up.state, follow_up.outcome) == ("resolved", "done", "satisfied")
    assert (follow_up.score, follow_up.nps, follow_up.completed_at) == (3, 9, desk.now)
    with pytest.raises(Conflict, match="请关闭工单"):
        desk.ask(follow_up)
    assert sound(desk)


@pytest.mark.parametrize("answer", [{"solved": False, "score": None}, {"score": 2}, {"solved": False, "score": 5}])
def test_a_discontented_customer_sends_it_round(desk: Desk, answer: dict[str, object]) -> None:
    ticket, follow_up = desk.resolved()
    desk.later(hours=3)
    desk.ask(follow_up, solved_note="第二天又坏了", **({"solved": True} | answer))
    assert (ticket.status, ticket.cycle, ticket.reopened) == ("triage", 2, 1)
    assert ticket.urgency_preset == 3
    assert ticket.assignee_id == desk.who("chen").id
    assert (follow_up.state, follow_up.outcome) == ("done", "dissatisfied")
    assert ticket.planned_for is None
    cycle = desk.session.scalars(select(Cycle).where(Cycle.ticket_id == ticket.id, Cycle.n == 2)).one()
    assert (cycle.opened_at, cycle.cause_kind) == (desk.now, None)
    assert sound(desk)


def test_the_second_round_starts_from_nothing(desk: Desk) -> None:
    """Cause, solution and follow-up of the first round do not count."""
    ticket, follow_up = desk.resolved()
    desk.ask(follow_up, score=1)
    desk.triage(ticket, FAULT)
    assert ticket.assignee_id == desk.who("chen").id
    desk.start(ticket)
    with pytest.raises(Conflict, match="还没有记录问题原因"):
        desk.resolve(ticket)
    desk.analyse(ticket)
    second = desk.resolve(ticket)
    assert second.no.endswith("-2")
    with pytest.raises(Conflict, match="上一轮"):
        desk.ask(follow_up)
    with pytest.raises(Conflict, match="还没有回访"):
        desk.close(ticket)
    desk.ask(second)
    desk.close(ticket)
    assert sound(desk)


def test_a_complaint_is_asked_about_by_somebody_else(desk: Desk) -> None:
    ticket = desk.triage(desk.verified("lin"), FAULT, category="complaint")
    desk.start(ticket, "wang")
    desk.say(ticket, by="wang")
    desk.analyse(ticket, "wang")
    follow_up = desk.resolve(ticket, "wang")
    with pytest.raises(NotAllowed, match="解决人以外"):
        desk.ask(follow_up, "wang")
    desk.ask(follow_up, "lin")


def test_engineers_do_not_follow_up(desk: Desk) -> None:
    _, follow_up = desk.resolved()
    with pytest.raises(NotAllowed):
        desk.ask(follow_up, "chen")


def test_three_tries_on_three_days_and_then_the_supervisor(desk: Desk) -> None:
    ticket, follow_up = desk.resolved()
    desk.miss(follow_up)
    assert follow_up.next_attempt_at == desk.now + timedelta(days=1)
    desk.miss(follow_up, "online")
    desk.miss(follow_up)
    with pytest.raises(Conflict, match="还没有联系上客户"):
        desk.close(ticket, "wang")
    desk.later(days=1)
    desk.miss(follow_up)
    desk.later(days=1)
    desk.miss(follow_up)
    with pytest.raises(NotAllowed, match="只有客服主管或售后负责人"):
        desk.close(ticket, "lin")
    desk.close(ticket, "wang")
    assert (ticket.status, ticket.closed_as, follow_up.outcome) == ("closed", "unreachable", "unreachable")
    assert sound(desk)


# --- reopening by hand ------------------------------------------------------------------------------------------------


def test_a_supervisor_reopens_with_a_reason(desk: Desk) -> None:
    ticket, follow_up = desk.resolved()
    with pytest.raises(NotAllowed):
        services.reopen(desk.session, ticket, reason="没解决", by=desk.who("lin"), now=desk.now)
    with pytest.raises(Invalid):
        services.reopen(desk.session, ticket, reason="", by=desk.who("wang"), now=desk.now)
    services.reopen(desk.session, ticket, reason="没解决", by=desk.who("wang"), now=desk.now)
    assert (ticket.status, follow_up.state, ticket.follow_up_holder_id) == ("triage", "cancelled", None)
    with pytest.raises(Conflict):
        desk.ask(follow_up)
    assert sound(desk)


def test_closed_is_final(desk: Desk) -> None:
    ticket = desk.closed()
    with pytest.raises(Conflict, match="关闭是终点"):
        services.reopen(desk.session, ticket, reason="又坏了", by=desk.who("zhou"), now=desk.now)


# --- merging ----------------------------------------------------------------------------------------------------------


def merge(desk: Desk, child: Ticket, target: Ticket, by: str = "wang") -> Ticket:
    return services.merge(desk.session, child, target, reason="同一件事", by=desk.who(by), now=desk.now)


def undo(desk: Desk, child: Ticket, by: str = "wang") -> Ticket:
    return services.undo_merge(desk.session, child, by=desk.who(by), now=desk.now)


def test_a_merged_ticket_closes_with_its_target(desk: Desk) -> None:
    target, follow_up = desk.resolved()
    child = desk.registered()
    merge(desk, child, target)
    assert (child.status, child.merged_into_id) == ("merged", target.id)
    running = select(SlaClock).where(SlaClock.ticket_id == child.id, SlaClock.stopped_at.is_(None))
    assert not desk.session.scalars(running).all()
    with pytest.raises(Conflict):
        desk.close(child, "zhou")
    desk.ask(follow_up)
    desk.close(target)
    assert (child.status, child.closed_as) == ("closed", "merged")
    with pytest.raises(Conflict):
        undo(desk, child)
    assert sound(desk)


@pytest.mark.parametrize("stage", ["registered", "verified", "assigned", "started"])
def test_a_merge_can_be_undone(desk: Desk, stage: str) -> None:
    target, child = desk.started(), getattr(desk, stage)()
    before, status = child.next_due_at, child.status
    merge(desk, child, target)
    desk.later(hours=5)
    undo(desk, child)
    assert (child.status, child.merged_into_id, child.next_due_at) == (status, None, before)
    assert sound(desk)


def test_a_waiting_ticket_goes_back_to_waiting(desk: Desk) -> None:
    target, child = desk.started(), desk.started(channel="phone")
    services.wait(desk.session, child, by=desk.who("chen"), now=desk.now)
    merge(desk, child, target)
    undo(desk, child)
    assert child.status == "waiting"
    assert sound(desk)


def test_chains_are_flattened_and_come_apart_again(desk: Desk) -> None:
    first, second, third = (desk.registered() for _ in range(3))
    merge(desk, first, second)
    merge(desk, second, third)
    assert (first.merged_into_id, second.merged_into_id) == (third.id, third.id)
    undo(desk, second)
    assert (first.merged_into_id, second.merged_into_id) == (second.id, None)
    assert desk.session.scalars(select(Merge).where(Merge.undone_at.is_(None))).one().into_id == second.id
    assert sound(desk)


def test_circles_and_selves_are_refused(desk: Desk) -> None:
    one, two = desk.registered(), desk.registered()
    with pytest.raises(Conflict, match="它自己"):
        merge(desk, one, one)
    merge(desk, one, two)
    with pytest.raises(Conflict, match="不能反过来"):
        merge(desk, two, one)


def test_only_one_customers_tickets_are_merged(desk: Desk) -> None:
    with pytest.raises(Conflict, match="同一客户"):
        merge(desk, desk.registered(), desk.registered(customer=LI))


def test_nothing_is_merged_into_what_is_over(desk: Desk) -> None:
    with pytest.raises(Conflict, match="已关闭"):
        merge(desk, desk.registered(), desk.closed())
    with pytest.raises(Conflict, match="不能合并"):
        merge(desk, desk.resolved()[0], desk.registered())


def test_nothing_is_merged_into_what_was_followed_up_already(desk: Desk) -> None:
    """Else an angry customer's ticket would close on the strength of a call that was about another one."""
    ticket, follow_up = desk.resolved()
    desk.ask(follow_up)
    angry = desk.started()
    with pytest.raises(Conflict, match="已经回访过客户"):
        services.merge(desk.session, angry, ticket, by=desk.who("wang"), now=desk.now)
    services.reopen(desk.session, ticket, reason="同一问题", by=desk.who("wang"), now=desk.now)
    services.merge(desk.session, angry, ticket, by=desk.who("wang"), now=desk.now)
    assert angry.status == "merged"
    assert sound(desk)


def test_a_target_out_of_sight_is_not_there(desk: Desk) -> None:
    mine, theirs = desk.registered("lin"), desk.registered("tang")
    with pytest.raises(NotFound):
        merge(desk, mine, theirs, "lin")


# --- invalid ----------------------------------------------------------------------------------------------------------


def test_invalid_is_asked_for_and_confirmed(desk: Desk) -> None:
    ticket = desk.registered()
    services.invalidate(desk.session, ticket, reason="广告", by=desk.who("lin"), now=desk.now)
    assert ticket.status == "new"
    with pytest.raises(Conflict, match="正在等待主管确认"):
        services.invalidate(desk.session, ticket, reason="广告", by=desk.who("mei"), now=desk.now)
    with pytest.raises(NotAllowed):
        services.confirm_invalid(desk.session, ticket, by=desk.who("lin"), now=desk.now)
    services.confirm_invalid(desk.session, ticket, by=desk.who("wang"), now=desk.now)
    assert ticket.status == "invalid"
    assert sound(desk)
    with pytest.raises(NotAllowed):
        services.restore(desk.session, ticket, by=desk.who("lin"), now=desk.now)
    services.restore(desk.session, ticket, reason="是真实客户", by=desk.who("wang"), now=desk.now)
    assert ticket.status == "triage"
    assert sound(desk)


def test_nothing_is_confirmed_that_nobody_asked_for(desk: Desk) -> None:
    with pytest.raises(Conflict, match="没有待确认"):
        services.confirm_invalid(desk.session, desk.registered(), by=desk.who("wang"), now=desk.now)


def test_a_request_is_taken_back_or_overtaken_by_triage(desk: Desk) -> None:
    ticket = desk.verified()
    services.invalidate(desk.session, ticket, reason="广告", by=desk.who("lin"), now=desk.now)
    with pytest.raises(Conflict, match="只有提出申请的人"):
        services.restore(desk.session, ticket, by=desk.who("mei"), now=desk.now)
    services.restore(desk.session, ticket, by=desk.who("lin"), now=desk.now)
    services.invalidate(desk.session, ticket, reason="广告", by=desk.who("lin"), now=desk.now)
    desk.triage(ticket)
    assert not desk.session.scalars(select(Invalidation).where(Invalidation.ended_at.is_(None))).all()
    with pytest.raises(Conflict):
        services.confirm_invalid(desk.session, ticket, by=desk.who("wang"), now=desk.now)


def test_a_ticket_with_others_in_it_is_not_invalid(desk: Desk) -> None:
    target = desk.registered()
    merge(desk, desk.registered(), target)
    with pytest.raises(Conflict, match="请先撤销合并"):
        services.invalidate(desk.session, target, reason="广告", by=desk.who("lin"), now=desk.now)


# --- escalation, edits ------------------------------------------------------------------------------------------------


def test_an_escalated_complaint_stays_a_complaint(desk: Desk) -> None:
    ticket = desk.started()
    services.escalate(desk.session, ticket, kind="complaint", reason="要投诉", by=desk.who("chen"), now=desk.now)
    assert ticket.complaint
    desk.triage(ticket, ENQUIRY)
    assert ticket.complaint
    with pytest.raises(Conflict, match="正在等待接手"):
        services.escalate(desk.session, ticket, kind="complaint", reason="催", by=desk.who("chen"), now=desk.now)
    with pytest.raises(Invalid):
        services.escalate(desk.session, ticket, kind="moon", reason="催", by=desk.who("chen"), now=desk.now)


def test_an_edit_shows_both_texts_when_somebody_was_faster(desk: Desk) -> None:
    ticket = desk.registered(description="充不进电")
    version = ticket.version
    services.edit_fact(
        desk.session, ticket, "description", "充电很慢", version=version, by=desk.who("lin"), now=desk.now
    )
    with pytest.raises(Conflict, match="两份内容都保留着") as refused:
        services.edit_fact(
            desk.session, ticket, "description", "完全充不进", version=version, by=desk.who("lin"), now=desk.now
        )
    assert (refused.value.extra["mine"], refused.value.extra["theirs"]) == ("完全充不进", "充电很慢")
    assert refused.value.extra["version"] == ticket.version


@pytest.mark.parametrize(
    ("field", "text"), [("scene", "办公室"), ("purchased_on", "2024-01-02"), ("product", "X1"), ("remark", "急")]
)
def test_each_fact_can_be_corrected(desk: Desk, field: str, text: str) -> None:
    ticket = desk.registered()
    services.edit_fact(desk.session, ticket, field, text, version=ticket.version, by=desk.who("lin"), now=desk.now)
    assert value_of(desk.session, ticket, field) == text


def test_who_sees_the_copy_does_not_overwrite_the_original(desk: Desk) -> None:
    ticket = desk.registered()
    with pytest.raises(NotAllowed, match="隐去个人信息"):
        services.edit_fact(desk.session, ticket, "remark", "x", version=1, by=desk.who("mei"), now=desk.now)
    with pytest.raises(Invalid):
        services.edit_fact(desk.session, ticket, "status", "x", version=1, by=desk.who("lin"), now=desk.now)
    with pytest.raises(Invalid):
        services.edit_fact(desk.session, ticket, "description", " ", version=1, by=desk.who("lin"), now=desk.now)


def test_a_deputys_act_names_both(desk: Desk) -> None:
    ticket = desk.started()
    deputy = replace(desk.who("tang"), roles=desk.who("chen").roles, department_id=desk.who("chen").department_id)
    deputy = replace(deputy, standing_for=frozenset({desk.who("chen").id}))
    services.wait(desk.session, ticket, by=deputy, now=desk.now)
    entry = desk.session.scalars(select(Event).where(Event.kind == "waiting")).one()
    assert (entry.actor_id, entry.standing_for) == (deputy.id, desk.who("chen").id)


def test_a_deputys_decision_names_both_though_it_ends_what_they_stood_for(desk: Desk) -> None:
    ticket, follow_up = desk.resolved()
    lin = desk.who("lin").id
    deputy = replace(desk.who("mei"), standing_for=frozenset({lin}))
    desk.ask(follow_up, deputy)
    desk.close(ticket, deputy)
    other = desk.started()
    chen = replace(desk.who("tang"), roles=desk.who("chen").roles, standing_for=frozenset({desk.who("chen").id}))
    services.hand_back(desk.session, other, reason="不归我们", by=chen, now=desk.now)
    desk.session.commit()
    audited = desk.session.scalars(select(AuditEntry).where(AuditEntry.action == "ticket.closed")).one()
    assert (audited.actor_id, audited.standing_for) == (deputy.id, lin)
    entry = desk.session.scalars(select(Event).where(Event.kind == "handed_back")).one()
    assert (entry.actor_id, entry.standing_for) == (chen.id, desk.who("chen").id)


def test_follow_ups_of_closed_tickets_are_over(desk: Desk) -> None:
    desk.closed()
    assert not desk.session.scalars(select(FollowUp).where(FollowUp.state == "open")).all()
    assert sound(desk)
