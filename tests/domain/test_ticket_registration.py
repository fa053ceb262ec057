"""Step 1: every channel ends in the same registration."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.customers import written
from app.customers.given import GivenCustomer
from app.customers.models import Customer
from app.errors import Conflict, Invalid, NotAllowed
from app.numbering import ReferenceCounter
from app.tickets import queries, services
from app.tickets.models import Cycle, Message, SlaClock, Ticket
from tests.domain.desk import Desk


def clock(desk: Desk, ticket: Ticket, kind: str = "response") -> SlaClock | None:
    query = select(SlaClock).where(
        SlaClock.ticket_id == ticket.id, SlaClock.kind == kind, SlaClock.replaced_at.is_(None)
    )
    return desk.session.scalars(query.order_by(SlaClock.id.desc())).first()


def test_numbers_run_by_the_companys_day(desk: Desk) -> None:
    assert [desk.registered().no for _ in range(2)] == ["CS20240305001", "CS20240305002"]
    desk.later(hours=11, minutes=59)  # 23:59 in Shanghai
    assert desk.registered().no == "CS20240305003"
    desk.later(minutes=1)
    assert desk.registered().no == "CS20240306001"


def test_the_thousandth_number_has_four_digits(desk: Desk) -> None:
    desk.session.add(ReferenceCounter(kind="ticket", period="20240305", last=999))
    desk.session.flush()
    assert desk.registered().no == "CS20240305" + "1000"


def test_a_rolled_back_registration_leaves_no_gap(desk: Desk) -> None:
    desk.registered()
    desk.session.rollback()
    assert desk.registered().no == "CS20240305001"


def test_the_same_form_sent_twice_is_one_ticket(desk: Desk) -> None:
    one, two = desk.registered(once="k1"), desk.registered(once="k1", description="另一段文字")
    assert one is two
    assert desk.registered(once="k2") is not one
    with pytest.raises(Conflict):
        desk.registered("mei", once="k1")


def test_a_known_phone_is_the_same_customer_and_becomes_a_returning_one(desk: Desk) -> None:
    first = desk.registered()
    customer = desk.session.get_one(Customer, first.customer_id)
    assert customer.tier == "new"
    second = desk.registered(customer=GivenCustomer(name="张无忌", phone="138 1234 5678"))
    assert second.customer_id == first.customer_id
    assert customer.tier == "returning"
    page = queries.whole(desk.session, second, viewer=desk.who("lin"), now=desk.now)
    assert page.reported_name == "张无忌"
    assert queries.whole(desk.session, second, viewer=desk.who("mei"), now=desk.now).reported_name is None


def test_a_name_given_this_time_is_redacted_in_whatever_the_same_act_writes(desk: Desk) -> None:
    desk.registered()
    other = GivenCustomer(name="李大锤", phone="13812345678")
    ticket = desk.registered(customer=other, description="李大锤问入口", answered="李大锤您好，入口在右上角")
    desk.at_once(ticket, root_cause="李大锤不了解入口", solution="告知李大锤入口")
    cycle = desk.session.scalars(select(Cycle).where(Cycle.ticket_id == ticket.id)).one()
    answer = desk.session.scalars(select(Message).where(Message.ticket_id == ticket.id)).one()
    copies = (ticket.story_redacted, answer.body_redacted, cycle.root_cause_redacted, cycle.solution_redacted)
    assert [copy for copy in copies if "李大锤" in copy] == []


def test_facts_are_kept_sealed_and_redacted(desk: Desk) -> None:
    ticket = desk.registered(
        scene="张三丰家里", expectation="换新", tried="重启", occurred_at="昨天", purchased_on=date(2024, 1, 2)
    )
    full = written.read_json(desk.session, ticket, "facts", full=True).data
    assert full == {
        "scene": "张三丰家里",
        "expectation": "换新",
        "tried": "重启",
        "occurred_at": "昨天",
        "purchased_on": "2024-01-02",
    }
    assert "张三丰" not in ticket.facts_redacted["scene"]
    assert ticket.facts_sealed is not None
    assert "换新".encode() not in ticket.facts_sealed


def test_answered_on_the_call_writes_the_reply(desk: Desk) -> None:
    ticket = desk.registered(channel="phone", answered="在我的积分里可以看到")
    [message] = desk.session.scalars(select(Message).where(Message.ticket_id == ticket.id))
    assert (message.kind, message.state, message.author_id) == ("reply", "sent", desk.who("lin").id)
    answered = clock(desk, ticket)
    assert answered is not None
    assert answered.met is True
    assert desk.session.scalars(select(Cycle.first_answer_at).where(Cycle.ticket_id == ticket.id)).one() == desk.now


def test_until_triage_the_response_clock_runs_on_the_middle_row(desk: Desk) -> None:
    received = desk.now - timedelta(minutes=10)
    phone = clock(desk, desk.registered(channel="phone", received_at=received))
    mail = clock(desk, desk.registered(channel="email", received_at=received))
    assert phone is not None
    assert mail is not None
    assert phone.due_at == received + timedelta(minutes=30)
    assert mail.due_at == received + timedelta(hours=72)


def test_a_process_gap_is_reported_by_anyone_and_belongs_to_customer_service(desk: Desk) -> None:
    ticket = desk.registered("luo", channel="internal", customer=None)
    customer = desk.session.get_one(Customer, ticket.customer_id)
    assert (customer.kind, customer.staff_id) == ("staff", desk.who("luo").id)
    assert ticket.home_department_id == desk.cast.departments["service"].id
    named = desk.registered("luo", channel="internal")
    assert named.customer_id == ticket.customer_id, "who may not register finds no customer by a phone number"
    with pytest.raises(NotAllowed):
        desk.registered("luo", channel="phone")
    with pytest.raises(NotAllowed):
        desk.registered("xiao", channel="internal", customer=None)


def test_a_caller_without_data_is_an_unknown_customer(desk: Desk) -> None:
    ticket = desk.registered(customer=None)
    assert desk.session.get_one(Customer, ticket.customer_id).kind == "unknown"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"description": " \n "}, "description"),
        ({"description": "字" * 10_001}, "description"),
        ({"channel": "鸽子"}, "channel"),
        ({"product": "x" * 201}, "product"),
        ({"scene": "字" * 10_001}, "scene"),
        ({"customer": GivenCustomer(name="张三丰", phone="12")}, "phone"),
    ],
)
def test_odd_input_is_said_at_its_field(desk: Desk, given: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        desk.registered(**given)
    assert field in refused.value.fields
    assert not desk.session.scalars(select(Ticket)).all()


def test_nothing_is_received_tomorrow(desk: Desk) -> None:
    with pytest.raises(Invalid) as refused:
        desk.registered(received_at=desk.now + timedelta(hours=1))
    assert "received_at" in refused.value.fields
    a_little_fast = desk.registered(received_at=desk.now + timedelta(minutes=1))
    assert a_little_fast.received_at == desk.now


def test_text_of_every_kind_is_kept_as_it_was(desk: Desk) -> None:
    odd = "「𠮷野家」👨‍👩‍👧 <script>alert(1)</script> %(no)s ‮abc' OR 1=1 --"
    ticket = desk.registered(description=f"  {odd}\x00 ")
    assert written.read(desk.session, ticket, "story", full=True).text == odd


def test_verifying_records_what_was_unclear(desk: Desk) -> None:
    ticket = desk.registered()
    services.verify(desk.session, ticket, note="型号以发票为准", by=desk.who("mei"), now=desk.now)
    assert (ticket.status, ticket.verified_at) == ("triage", desk.now)
    page = queries.whole(desk.session, ticket, viewer=desk.who("lin"), now=desk.now)
    assert page.events[-1].why.text == "型号以发票为准"
    with pytest.raises(Conflict, match="不能核实"):
        services.verify(desk.session, ticket, by=desk.who("lin"), now=desk.now)
