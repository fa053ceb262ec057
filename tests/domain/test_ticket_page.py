"""What a ticket's page shows, to whom, and how much it costs to read."""

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.tickets import queries, services
from app.tickets.models import Ticket
from app.tickets.queries import TicketPage
from tests.domain.desk import FAULT, Desk


def page_of(desk: Desk, ticket: Ticket, viewer: str = "lin") -> TicketPage:
    return queries.whole(desk.session, ticket, viewer=desk.who(viewer), now=desk.now)


def open_steps(desk: Desk, ticket: Ticket, viewer: str) -> list[str]:
    page = page_of(desk, ticket, viewer)
    return [str(step.move) for step in queries.steps(page, desk.who(viewer), desk.now) if step.allowed]


def statements(session: Session, read: object) -> int:
    seen: list[str] = []
    engine = session.get_bind().engine  # type: ignore[union-attr]

    def note(_c: object, _cur: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        read()  # type: ignore[operator]
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_the_people_on_it_see_the_original_the_others_the_copy(desk: Desk) -> None:
    ticket = desk.registered(description="我是张三丰，电话 13812345678，手机充不进电")
    mine, theirs = page_of(desk, ticket, "lin"), page_of(desk, ticket, "mei")
    assert mine.full
    assert "13812345678" in mine.story.text
    assert mine.shown.phone == "13812345678"
    assert not theirs.full
    assert "13812345678" not in theirs.story.text
    assert "张三丰" not in theirs.story.text
    assert theirs.shown.phone == "138****5678"


def test_a_whole_round_is_told_in_words(desk: Desk) -> None:
    ticket = desk.closed()
    page = page_of(desk, ticket)
    told = [str(one.sentence) for one in page.events]
    assert told[0] == "登记了反馈"
    assert told[2] == "分级：功能异常，P2，派到技术支持部"
    assert told[-1] == "关闭：满意"
    assert not [text for text in told if "%" in text or "更新了工单" in text]
    assert [one.who for one in page.timeline][-1] == "林晓"
    assert str(page.category_path) == "产品故障 / 功能异常"
    assert "严重性 2" in str(page.rule_sentence)
    assert page.follow_up is not None
    assert len(page.follow_up.attempts) == 1


def test_a_message_stands_in_the_timeline_once(desk: Desk) -> None:
    ticket = desk.started()
    message = desk.say(ticket)
    entries = [one for one in page_of(desk, ticket).timeline if one.message]
    assert [one.message.id for one in entries if one.message] == [message.id]


def test_what_nobody_said_is_listed_as_missing(desk: Desk) -> None:
    page = page_of(desk, desk.registered(product="不认识的机器", scene="办公室"))
    missing = "".join(map(str, page.missing))
    assert "产品目录" in missing
    assert "使用场景" not in missing
    assert page.ticket.product_text == "不认识的机器"


def test_the_way_forward_is_offered_to_who_may_take_it(desk: Desk) -> None:
    ticket = desk.registered()
    assert open_steps(desk, ticket, "lin")[0] == "verify"
    services.verify(desk.session, ticket, by=desk.who("lin"), now=desk.now)
    assert open_steps(desk, ticket, "lin")[0] == "triage"
    desk.triage(ticket)
    assert "start" not in open_steps(desk, ticket, "lin")
    assert open_steps(desk, ticket, "chen")[0] == "start"
    desk.start(ticket)
    assert open_steps(desk, ticket, "chen")[0] == "resolve"  # its form asks for the cause as well
    desk.analyse(ticket)
    assert open_steps(desk, ticket, "chen")[0] == "resolve"
    follow_up = desk.resolve(ticket)
    assert open_steps(desk, ticket, "lin")[:1] == ["follow_up"]
    refused = [s for s in queries.steps(page_of(desk, ticket), desk.who("lin"), desk.now) if not s.allowed]
    assert [s.href for s in refused if s.move == "close"] == [f"/follow-ups/{follow_up.no}"]
    desk.ask(follow_up)
    assert "close" in open_steps(desk, ticket, "lin")


def test_each_open_step_can_be_taken(desk: Desk) -> None:
    """A step that is offered works: the page asks the same rules as the services."""
    ticket = desk.started()
    desk.analyse(ticket)
    assert "hand_back" in open_steps(desk, ticket, "chen")
    services.hand_back(desk.session, ticket, reason="不是硬件问题", by=desk.who("chen"), now=desk.now)
    assert open_steps(desk, ticket, "wang")[0] == "triage"
    desk.triage(ticket, FAULT)


def test_a_long_history_costs_no_more_statements(desk: Desk) -> None:
    short, long = desk.started(), desk.started()
    for number in range(12):
        desk.say(long, "reply" if number % 2 else "inbound", body=f"第 {number} 句")
        desk.later(minutes=1)
    desk.session.commit()

    lin = desk.who("lin")

    def cost(no: str) -> int:
        desk.session.rollback()
        desk.session.expunge_all()
        found = queries.find(desk.session, no, viewer=lin, now=desk.now)
        return statements(desk.session, lambda: queries.whole(desk.session, found, viewer=lin, now=desk.now))

    assert cost(short.no) == cost(long.no) <= 18


@pytest.mark.parametrize("viewer", ["tang", "xiao", "luo", "gao", "root", "sun"])
def test_what_one_may_not_know_of_is_not_there(desk: Desk, viewer: str) -> None:
    ticket = desk.registered()
    with pytest.raises(NotFound):
        queries.find(desk.session, ticket.no, viewer=desk.who(viewer), now=desk.now)
    with pytest.raises(NotFound):
        services.verify(desk.session, ticket, by=desk.who(viewer), now=desk.now)


def test_a_ticket_is_found_by_both_its_numbers(desk: Desk) -> None:
    ticket = desk.registered()
    for no in (
        ticket.no,
        ticket.no.lower(),
        queries.whole(desk.session, ticket, viewer=desk.who("lin"), now=desk.now).feedback_no,
    ):
        assert queries.find(desk.session, no, viewer=desk.who("lin"), now=desk.now) is ticket
    for no in ("CS20240305999", "", "CS", "' or 1=1", "CS2024030500१"):
        with pytest.raises(NotFound):
            queries.find(desk.session, no, viewer=desk.who("lin"), now=desk.now)


def test_a_related_ticket_of_another_department_is_not_named(desk: Desk) -> None:
    """Whoever may not know of a ticket doesn't learn its number from one that is linked or merged with it."""
    mine, theirs = desk.registered("lin"), desk.registered("tang")
    services.link(desk.session, mine, theirs, kind="duplicate", by=desk.who("wang"), now=desk.now)
    seen_by_lin = queries.whole(desk.session, mine, viewer=desk.who("lin"), now=desk.now)
    seen_by_wang = queries.whole(desk.session, mine, viewer=desk.who("wang"), now=desk.now)
    assert [one.no for one in seen_by_wang.links] == [theirs.no]
    assert seen_by_lin.links == []
    told = " ".join(str(event.sentence) for event in seen_by_lin.events)
    assert theirs.no not in told
