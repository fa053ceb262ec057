"""Step 3: start, wait, hand back, talk, record cause and solution; and solve at once."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.errors import Conflict, Invalid, NotAllowed
from app.outbox.models import OutboxMessage
from app.tickets import queries, services
from app.tickets.invariants import check
from app.tickets.models import Cycle, Message, Pause, SlaClock, Ticket, TicketLink
from tests.domain.desk import ENQUIRY, FAULT, Desk


def clock(desk: Desk, ticket: Ticket, kind: str) -> SlaClock:
    query = select(SlaClock).where(
        SlaClock.ticket_id == ticket.id, SlaClock.kind == kind, SlaClock.replaced_at.is_(None)
    )
    return desk.session.scalars(query.order_by(SlaClock.cycle_id.desc())).first()  # type: ignore[return-value]


def topics(desk: Desk) -> list[str]:
    return list(desk.session.scalars(select(OutboxMessage.topic).order_by(OutboxMessage.id)))


# --- start, wait, hand back -------------------------------------------------------------------------------------------


def test_who_starts_a_free_ticket_claims_it(desk: Desk) -> None:
    ticket = desk.assigned()
    desk.start(ticket)
    assert (ticket.status, ticket.assignee_id) == ("in_progress", desk.who("chen").id)
    with pytest.raises(Conflict, match="不能开始处理"):
        desk.start(ticket)


@pytest.mark.parametrize("who", ["lin", "mei", "sun"])
def test_another_department_does_not_start_it(desk: Desk, who: str) -> None:
    ticket = desk.assigned()
    with pytest.raises((NotAllowed, Exception)) as refused:
        desk.start(ticket, who)
    assert type(refused.value).__name__ in ("NotAllowed", "NotFound")
    assert ticket.status == "assigned"


def test_waiting_for_the_customer_stops_the_solution_clock_only(desk: Desk) -> None:
    ticket = desk.started(channel="phone")
    before = {kind: clock(desk, ticket, kind).due_at for kind in ("response", "solution", "planned")}
    services.wait(desk.session, ticket, reason="等客户寄回", by=desk.who("chen"), now=desk.now)
    assert ticket.status == "waiting"
    desk.later(hours=7)
    desk.start(ticket)
    after = {kind: clock(desk, ticket, kind).due_at for kind in before}
    assert after == before | {"solution": before["solution"] + timedelta(hours=7)}
    [pause] = desk.session.scalars(select(Pause).where(Pause.ticket_id == ticket.id))
    assert pause.ended_at == desk.now
    old = select(SlaClock.due_at).where(SlaClock.ticket_id == ticket.id, SlaClock.replaced_because == "paused")
    assert desk.session.scalars(old).all() == [before["solution"]]


def test_a_correction_does_not_take_back_the_time_that_was_waited(desk: Desk) -> None:
    ticket = desk.started(channel="phone")
    before = clock(desk, ticket, "solution").due_at
    for _ in range(2):
        services.wait(desk.session, ticket, by=desk.who("chen"), now=desk.now)
        desk.later(hours=3)
        desk.start(ticket)
    desk.triage(ticket)
    assert clock(desk, ticket, "solution").due_at == before + timedelta(hours=6)
    desk.triage(ticket, FAULT, urgency=3)
    assert clock(desk, ticket, "solution").due_at == ticket.received_at + timedelta(hours=24 + 6)  # P1


def test_handing_back_needs_a_reason_and_counts_as_wrong_routing(desk: Desk) -> None:
    ticket = desk.started()
    with pytest.raises(Invalid):
        services.hand_back(desk.session, ticket, reason="  ", by=desk.who("chen"), now=desk.now)
    services.hand_back(desk.session, ticket, reason="应归产品部", by=desk.who("chen"), now=desk.now)
    assert (ticket.status, ticket.assignee_id, ticket.wrong_routings) == ("triage", None, 1)


# --- talking ----------------------------------------------------------------------------------------------------------


def test_the_first_answer_ends_the_response_clock_and_taking_it_back_starts_it_again(desk: Desk) -> None:
    ticket = desk.registered(channel="phone")
    desk.later(minutes=8)
    message = desk.say(ticket, undo=True)
    assert message.state == "queued"
    assert clock(desk, ticket, "response").met is True
    services.withdraw_message(desk.session, message, by=desk.who("lin"), now=desk.now)
    assert message.state == "withdrawn"
    assert clock(desk, ticket, "response").stopped_at is None
    assert ticket.next_due_at == clock(desk, ticket, "response").due_at
    with pytest.raises(Conflict, match="已经发出或已撤回"):
        services.withdraw_message(desk.session, message, by=desk.who("lin"), now=desk.now)


def test_a_reply_taken_back_when_the_round_is_over_starts_no_clock(desk: Desk) -> None:
    ticket = desk.started(channel="phone")
    message = desk.say(ticket, undo=True)
    desk.analyse(ticket)
    desk.ask(desk.resolve(ticket))
    desk.close(ticket)
    services.withdraw_message(desk.session, message, by=desk.who("lin"), now=desk.now)
    desk.session.flush()
    assert clock(desk, ticket, "response").stopped_at == desk.now
    assert list(check(desk.session)) == []


def test_a_reply_from_a_page_waits_and_then_goes_out(desk: Desk) -> None:
    ticket = desk.registered()
    message = desk.say(ticket, undo=True)
    [sending] = desk.session.scalars(select(OutboxMessage).where(OutboxMessage.topic == "message.send"))
    assert sending.due_at == desk.now + timedelta(seconds=15)
    assert services.deliver_message(desk.session, message.id, now=desk.later(seconds=15))
    assert not services.deliver_message(desk.session, message.id, now=desk.now)
    desk.session.refresh(message)
    assert (message.state, message.sent_at) == ("sent", desk.now)
    with pytest.raises(Conflict):
        services.withdraw_message(desk.session, message, by=desk.who("lin"), now=desk.now)


def test_only_who_wrote_it_takes_it_back(desk: Desk) -> None:
    message = desk.say(desk.registered(), undo=True)
    with pytest.raises(NotAllowed):
        services.withdraw_message(desk.session, message, by=desk.who("wang"), now=desk.now)


def test_notes_and_what_the_customer_says_are_no_answer(desk: Desk) -> None:
    ticket = desk.registered(channel="phone")
    desk.say(ticket, "note")
    desk.say(ticket, "inbound")
    assert clock(desk, ticket, "response").stopped_at is None


def test_a_recorded_promise_answers_the_solution_clock_of_live_channels(desk: Desk) -> None:
    ticket = desk.started(channel="phone")
    desk.later(hours=1)
    desk.say(ticket, "reply", "chen", promised_for=desk.now + timedelta(days=2))
    assert clock(desk, ticket, "solution").met is True
    with pytest.raises(Invalid):
        desk.say(ticket, "reply", "chen", promised_for=desk.now)
    with pytest.raises(Invalid):
        desk.say(ticket, "note", "chen", promised_for=desk.later(hours=1))


def test_the_customers_answer_resumes_the_work(desk: Desk) -> None:
    ticket = desk.started()
    services.wait(desk.session, ticket, by=desk.who("chen"), now=desk.now)
    desk.say(ticket, "inbound", "lin", body="已寄回")
    assert ticket.status == "in_progress"


def test_a_message_before_the_follow_up_flags_it(desk: Desk) -> None:
    ticket, follow_up = desk.resolved()
    desk.say(ticket, "inbound")
    assert (ticket.status, ticket.flagged_at) == ("resolved", desk.now)
    desk.ask(follow_up)
    assert ticket.flagged_at is None


def test_a_message_after_closing_makes_a_new_ticket(desk: Desk) -> None:
    ticket = desk.closed()
    message = desk.say(ticket, "inbound", body="又坏了")
    new = desk.session.get_one(Ticket, message.ticket_id)
    assert new.no != ticket.no
    assert (new.status, new.customer_id) == ("new", ticket.customer_id)
    [link] = desk.session.scalars(select(TicketLink))
    assert (link.from_id, link.to_id, link.kind) == (new.id, ticket.id, "follows")
    with pytest.raises(Conflict, match="已关闭"):
        desk.say(ticket, "reply")
    desk.say(ticket, "note")


def test_a_message_on_a_merged_ticket_goes_to_its_target(desk: Desk) -> None:
    target, child = desk.started(), desk.registered()
    services.wait(desk.session, target, by=desk.who("chen"), now=desk.now)
    services.merge(desk.session, child, target, by=desk.who("lin"), now=desk.now)
    message = desk.say(child, "inbound", body="还没好吗")
    assert message.ticket_id == target.id
    assert target.status == "in_progress"
    with pytest.raises(Conflict, match="请在那里回复"):
        desk.say(child, "reply")


@pytest.mark.parametrize(
    "given",
    [{"body": " "}, {"body": "字" * 10_001}, {"channel": "鸽子"}, {"kind": "shout"}],
)
def test_odd_messages_are_refused(desk: Desk, given: dict[str, str]) -> None:
    ticket = desk.registered()
    with pytest.raises(Invalid):
        desk.say(ticket, **({"kind": "reply"} | given))
    assert not desk.session.scalars(select(Message)).all()


# --- cause, solution --------------------------------------------------------------------------------------------------


def test_resolving_needs_cause_and_solution(desk: Desk) -> None:
    ticket = desk.started()
    with pytest.raises(Conflict, match="还没有记录问题原因") as refused:
        desk.resolve(ticket)
    assert refused.value.extra["missing"] == ["resolution"]
    desk.analyse(ticket)
    with pytest.raises(Invalid) as empty:
        desk.resolve(ticket, solution=" ")
    assert "solution" in empty.value.fields
    desk.resolve(ticket, improvement="更换供应商")
    page = queries.whole(desk.session, ticket, viewer=desk.who("chen"), now=desk.now)
    assert (page.cycle.solution.text, page.cycle.improvement.text) == ("更换电池", "更换供应商")


def test_an_overdue_ticket_wants_an_explanation(desk: Desk) -> None:
    ticket = desk.started()
    desk.analyse(ticket)
    desk.later(hours=73)
    with pytest.raises(Conflict, match="超过承诺的时限") as refused:
        desk.resolve(ticket)
    assert refused.value.extra["missing"] == ["overdue_explanation"]
    desk.resolve(ticket, overdue_explanation="配件缺货，已致电说明")
    assert ticket.status == "resolved"


def test_a_promise_broken_earlier_wants_it_too(desk: Desk) -> None:
    """The answer came, but too late: that is not forgotten because the clock has stopped."""
    ticket = desk.started(channel="phone")
    desk.later(minutes=45)
    desk.say(ticket)
    desk.analyse(ticket)
    with pytest.raises(Conflict, match="超过承诺的时限"):
        desk.resolve(ticket)


def test_an_open_part_holds_its_parent_back(desk: Desk) -> None:
    parent, part = desk.started(), desk.registered()
    services.link(desk.session, part, parent, kind="parent", by=desk.who("lin"), now=desk.now)
    desk.analyse(parent)
    with pytest.raises(Conflict, match="子工单") as refused:
        desk.resolve(parent)
    assert refused.value.extra["missing"] == ["open_child"]
    assert refused.value.href == f"/tickets/{part.no}"
    with pytest.raises(Conflict, match="不能反过来"):
        services.link(desk.session, parent, part, kind="parent", by=desk.who("wang"), now=desk.now)


def test_the_cause_may_be_written_by_an_engineer_of_the_department(desk: Desk) -> None:
    ticket = desk.assigned(ENQUIRY)
    desk.assign(ticket, assignee="lin")
    with pytest.raises(NotAllowed):
        desk.analyse(ticket, "mei")
    desk.analyse(ticket, "wang")
    assert desk.session.scalars(select(Cycle.cause_kind).where(Cycle.ticket_id == ticket.id)).one() == "hardware"


@pytest.mark.parametrize(("kind", "text"), [("magic", "x"), ("hardware", " ")])
def test_an_odd_cause_is_refused(desk: Desk, kind: str, text: str) -> None:
    with pytest.raises(Invalid):
        services.record_analysis(
            desk.session, desk.started(), cause_kind=kind, root_cause=text, by=desk.who("chen"), now=desk.now
        )


# --- who will ask -----------------------------------------------------------------------------------------------------


def test_the_registrar_asks_unless_they_solved_it(desk: Desk) -> None:
    _, follow_up = desk.resolved()
    assert (follow_up.holder_id, follow_up.same_person) == (desk.who("lin").id, False)
    assert follow_up.due_at == desk.now + timedelta(hours=48)
    own = desk.at_once(desk.registered("lin"))
    assert (own.holder_id, own.same_person) == (desk.who("mei").id, False)


def test_who_is_alone_asks_and_it_shows(desk: Desk) -> None:
    desk.cast.people["mei"].active = False
    desk.session.flush()
    follow_up = desk.at_once(desk.registered("lin"))
    assert (follow_up.holder_id, follow_up.same_person) == (desk.who("lin").id, True)


# --- solve at once ----------------------------------------------------------------------------------------------------


def test_an_enquiry_is_solved_during_the_contact(desk: Desk) -> None:
    ticket = desk.registered(channel="phone")
    desk.later(minutes=2)
    follow_up = desk.at_once(ticket, solution="在「我的」页面可以看到积分")
    assert (ticket.status, ticket.assignee_id) == ("resolved", desk.who("lin").id)
    assert follow_up.state == "open"
    assert clock(desk, ticket, "response").met is True
    [reply] = desk.session.scalars(select(Message).where(Message.ticket_id == ticket.id))
    assert reply.kind == "reply"
    with pytest.raises(Conflict, match="还没有回访"):
        desk.close(ticket)


def test_what_belongs_elsewhere_is_not_solved_at_once(desk: Desk) -> None:
    ticket = desk.registered()
    savepoint = desk.session.begin_nested()
    with pytest.raises(Conflict, match="应由其他部门处理"):
        desk.at_once(ticket, triage=FAULT)
    savepoint.rollback()
    assert ticket.status == "new"


def test_every_gate_holds_at_once_too(desk: Desk) -> None:
    ticket = desk.registered(channel="phone")
    desk.later(hours=1)
    with pytest.raises(Conflict, match="超过承诺的时限"):
        desk.at_once(ticket)


# --- what the workers are told ----------------------------------------------------------------------------------------


def test_every_step_tells_the_workers(desk: Desk) -> None:
    ticket = desk.closed()
    expected = ["registered", "verified", "triaged", "started", "resolved", "closed"]
    assert [
        t.removeprefix("ticket.") for t in topics(desk) if t.startswith("ticket.") and "analysed" not in t
    ] == expected
    for row in desk.session.scalars(select(OutboxMessage)):
        assert row.data["ticket_id"] == ticket.id
        assert not [v for v in row.data.values() if isinstance(v, str) and not v.isascii()]


def test_times_are_aware(desk: Desk) -> None:
    ticket = desk.closed()
    desk.session.commit()
    desk.session.expire_all()
    assert isinstance(ticket.closed_at, datetime)
    assert ticket.closed_at.tzinfo is not None
