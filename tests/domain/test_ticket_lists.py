"""Lists: the reach of the viewer, filters, pages by key in both directions, counters with a cap."""

import pytest

from app.errors import Conflict
from app.tickets import queries, services
from app.tickets.queries import Filters
from tests.domain.desk import ENQUIRY, FAULT, LI, Desk


def numbers(desk: Desk, viewer: str = "wang", order: str = "updated", **filters: object) -> list[str]:
    found = queries.page(desk.session, Filters(**filters), viewer=desk.who(viewer), now=desk.now, order=order)  # type: ignore[arg-type]
    return [row.no for row in found.items]


def test_one_sees_what_ones_department_registered_handles_or_assists_in(desk: Desk) -> None:
    at_support, here = desk.assigned(FAULT), desk.assigned(ENQUIRY)
    assisted = desk.assigned(FAULT, by="lin")
    desk.triage(assisted, FAULT, department="quality")
    batch = desk.triage(desk.verified(), FAULT, category="fault.batch")
    assert set(numbers(desk, "lin")) == {at_support.no, here.no, assisted.no, batch.no}
    assert set(numbers(desk, "chen")) == {at_support.no, batch.no}
    assert numbers(desk, "sun") == []
    assert numbers(desk, "xiao") == []
    assert numbers(desk, "tang") == []


def test_an_expert_sees_what_they_are_asked_about(desk: Desk) -> None:
    ticket = desk.started()
    assert numbers(desk, "qian") == []
    services.ask_expert(desk.session, ticket, "qian", reason="电池参数", by=desk.who("chen"), now=desk.now)
    assert numbers(desk, "qian") == [ticket.no]


def test_filters_narrow_the_list(desk: Desk) -> None:
    new, fault, enquiry = desk.registered(channel="phone"), desk.started(customer=LI), desk.assigned(ENQUIRY)
    assert numbers(desk, status=("new",)) == [new.no]
    assert len(numbers(desk, status=("in_progress", "new"))) == 2
    assert numbers(desk, category=("fault",)) == [fault.no]
    assert numbers(desk, category=("enquiry.usage",)) == [enquiry.no]
    assert numbers(desk, category=("enquiry.order",)) == []
    assert numbers(desk, department=("support",)) == [fault.no]
    assert numbers(desk, assignee=("chen",)) == [fault.no]
    assert set(numbers(desk, assignee=("none",))) == {new.no, enquiry.no}
    assert numbers(desk, priority=("P3",)) == [enquiry.no]
    assert numbers(desk, channel=("phone",)) == [new.no]
    assert numbers(desk, q=fault.no) == [fault.no]
    assert numbers(desk, q="F" + fault.no[2:]) == [fault.no]
    assert numbers(desk, q="没有这个词") == []
    assert set(numbers(desk, "lin", mine=True)) == {new.no}
    assert set(numbers(desk, "chen", mine=True)) == {fault.no}
    customer = (
        queries.page(desk.session, Filters(q=fault.no), viewer=desk.who("wang"), now=desk.now).items[0].customer_no
    )
    assert numbers(desk, customer=customer) == [fault.no]


def test_overdue_means_a_running_deadline_has_passed(desk: Desk) -> None:
    late = desk.registered(channel="phone")
    desk.registered()
    assert numbers(desk, overdue=True) == []
    desk.later(minutes=31)
    assert numbers(desk, overdue=True) == [late.no]


def test_orders(desk: Desk) -> None:
    first = desk.assigned(ENQUIRY)
    desk.later(minutes=1)
    second = desk.assigned(FAULT, channel="phone")
    desk.later(minutes=1)
    desk.say(first)
    desk.session.flush()
    assert numbers(desk, order="updated") == [first.no, second.no]
    assert numbers(desk, order="received") == [second.no, first.no]
    assert numbers(desk, order="priority") == [second.no, first.no]
    assert numbers(desk, order="due") == [second.no, first.no]


@pytest.mark.parametrize("order", ["updated", "received", "due", "priority"])
@pytest.mark.parametrize("viewer", ["wang", "lin"])
def test_pages_show_every_ticket_once_and_lead_back(desk: Desk, order: str, viewer: str) -> None:
    for number in range(7):
        desk.registered(channel="phone" if number % 2 else "email")
        desk.later(minutes=number % 3)
    whole = numbers(desk, viewer, order)
    assert len(whole) == 7
    forward, cursor, ends = [], None, []
    while True:
        found = queries.page(
            desk.session, Filters(), viewer=desk.who(viewer), now=desk.now, order=order, cursor=cursor, limit=3
        )
        forward += [row.no for row in found.items]
        ends.append(found)
        if found.next is None:
            break
        cursor = found.next
    assert forward == whole
    assert [len(found.items) for found in ends] == [3, 3, 1]
    back = queries.page(
        desk.session, Filters(), viewer=desk.who(viewer), now=desk.now, order=order, cursor=ends[-1].previous, limit=3
    )
    assert [row.no for row in back.items] == whole[3:6]
    front = queries.page(
        desk.session, Filters(), viewer=desk.who(viewer), now=desk.now, order=order, cursor=back.previous, limit=3
    )
    assert [row.no for row in front.items] == whole[:3]
    assert front.previous is None
    assert ends[0].previous is None


@pytest.mark.parametrize(
    "cursor", ["x", "!!!", "W10", "eyJhIjoxfQ", "WyJ1cGRhdGVkIiwieCIsMSxmYWxzZV0", "é", "a" * 3000]
)
def test_a_broken_cursor_is_said_so(desk: Desk, cursor: str) -> None:
    with pytest.raises(Conflict):
        queries.page(desk.session, Filters(), viewer=desk.who("wang"), now=desk.now, cursor=cursor)


def test_a_counter_stops_at_its_cap(desk: Desk) -> None:
    for _ in range(4):
        desk.registered()
    assert queries.count(desk.session, Filters(), viewer=desk.who("lin"), now=desk.now) == 4
    assert queries.count(desk.session, Filters(), viewer=desk.who("wang"), now=desk.now, cap=3) == 3
    assert queries.count(desk.session, Filters(), viewer=desk.who("xiao"), now=desk.now) == 0


def test_names_in_lists_are_masked_for_everybody(desk: Desk) -> None:
    desk.registered()
    for viewer in ("lin", "zhou"):
        [row] = queries.page(desk.session, Filters(), viewer=desk.who(viewer), now=desk.now).items
        assert str(row.customer_name).startswith("张*")


def test_home_shows_my_work(desk: Desk) -> None:
    ticket, follow_up = desk.resolved()
    mine = desk.started()
    work = queries.home(desk.session, viewer=desk.who("chen"), now=desk.now)
    assert [row.no for row in work.waiting] == [mine.no]
    assert work.follow_ups == []
    calls = queries.home(desk.session, viewer=desk.who("lin"), now=desk.now)
    assert [row.no for row in calls.follow_ups] == [follow_up.no]
    assert calls.counts["follow_ups"] == 1
    watch = queries.home(desk.session, viewer=desk.who("wang"), now=desk.now)
    assert {row.no for row in watch.due} == {ticket.no, mine.no}


def test_the_queue_holds_whom_to_call(desk: Desk) -> None:
    ticket, follow_up = desk.resolved()
    found = queries.follow_up_page(desk.session, viewer=desk.who("lin"), now=desk.now, mine=True)
    [row] = found.items
    assert (row.no, row.ticket_no, row.holder_login, row.attempts) == (follow_up.no, ticket.no, "lin", 0)
    assert queries.follow_up_page(desk.session, viewer=desk.who("mei"), now=desk.now, mine=True).items == []
    assert queries.follow_up_page(desk.session, viewer=desk.who("tang"), now=desk.now).items == []
    desk.ask(follow_up)
    assert queries.follow_up_page(desk.session, viewer=desk.who("lin"), now=desk.now).items == []
    [done] = queries.follow_up_page(desk.session, viewer=desk.who("lin"), now=desk.now, state="done").items
    assert (done.outcome, done.score) == ("satisfied", 5)


def test_the_least_loaded_colleague_is_suggested(desk: Desk) -> None:
    ticket = desk.assigned(ENQUIRY)
    first = queries.assignable(desk.session, ticket, viewer=desk.who("wang"), now=desk.now)
    assert {one.login for one in first} == {"lin", "mei", "wang", "zhou"}
    desk.assign(ticket, assignee=first[0].login)
    other = desk.assigned(ENQUIRY)
    second = queries.assignable(desk.session, other, viewer=desk.who("wang"), now=desk.now)
    assert second[0].login != first[0].login
    assert second[0].suggested
