"""Who is told what: the people whose turn it is, their deputies, once, and never oneself."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Department, Deputyship
from app.accounts.roles import replace_roles
from app.config import Environment, Settings
from app.errors import NotFound
from app.jobs.handlers import QUIET, handlers
from app.jobs.worker import drain
from app.notifications import queries, services
from app.notifications.kinds import TEXTS, Kind
from app.notifications.models import Notification
from app.notifications.recipients import RULES
from app.outbox.models import OutboxMessage
from app.policy import Role
from app.tickets import services as tickets
from tests.cast import NOON, Cast
from tests.databases import Database
from tests.domain.desk import Desk

Heard = Callable[[], list[tuple[str, str]]]


@pytest.fixture
def heard(session: Session, cast: Cast, database: Database, desk: Desk) -> Heard:
    """What has been told since the last time, as (login, kind), after the worker did its work."""
    logins = {user.id: login for login, user in cast.people.items()}
    table = handlers(Settings(env=Environment.TEST, data_dir=database.folder))
    seen: set[int] = set()

    def listen() -> list[tuple[str, str]]:
        session.commit()
        drain(session, table, lambda: desk.now)
        dead = session.scalars(select(OutboxMessage.last_error).where(OutboxMessage.last_error.is_not(None))).all()
        assert not dead
        rows = session.scalars(select(Notification).where(Notification.id.not_in(seen)).order_by(Notification.id)).all()
        seen.update(row.id for row in rows)
        return sorted((logins[row.user_id], row.kind) for row in rows)

    return listen


def test_a_routed_ticket_is_told_to_who_leads_the_department(desk: Desk, heard: Heard, session: Session) -> None:
    session.get_one(Department, desk.cast.departments["support"].id).manager_id = desk.cast("chen").id
    desk.assigned()
    assert heard() == [("chen", Kind.TICKET_ROUTED)]


def test_a_department_without_leads_falls_to_the_heads(desk: Desk, heard: Heard) -> None:
    desk.assigned()
    assert heard() == [("zhou", Kind.TICKET_ROUTED)]


def test_an_assigned_ticket_is_told_to_the_assignee(desk: Desk, heard: Heard) -> None:
    ticket = desk.assigned()
    heard()
    desk.assign(ticket, assignee="chen")
    assert heard() == [("chen", Kind.TICKET_ASSIGNED)]


def test_a_ticket_taken_off_somebody_is_told_to_who_leads_the_department(desk: Desk, heard: Heard) -> None:
    ticket = desk.started()
    heard()
    desk.assign(ticket, unassign=True)
    assert heard() == [("zhou", Kind.TICKET_ROUTED)]


def test_nobody_is_told_what_they_did_themselves(desk: Desk, heard: Heard) -> None:
    ticket = desk.assigned()
    desk.start(ticket)
    heard()
    desk.analyse(ticket)
    desk.assign(ticket, by="wang", assignee="chen")
    assert heard() == []


def test_the_follow_up_is_told_to_its_holder(desk: Desk, heard: Heard) -> None:
    desk.resolved()
    assert ("lin", Kind.FOLLOW_UP_CREATED) in heard()


def test_a_customer_who_writes_while_the_follow_up_waits(desk: Desk, heard: Heard) -> None:
    ticket, _ = desk.resolved()
    heard()
    desk.say(ticket, "inbound", by="mei", body="还是不行")
    assert heard() == [("lin", Kind.FOLLOW_UP_FLAGGED)]


def test_a_customer_who_writes_while_it_is_handled(desk: Desk, heard: Heard) -> None:
    ticket = desk.started()
    heard()
    desk.say(ticket, "inbound", body="还要多久")
    assert heard() == [("chen", Kind.MESSAGE_INBOUND)]


def test_a_reopened_ticket_is_told_to_who_resolved_it_and_to_the_supervisor(desk: Desk, heard: Heard) -> None:
    _, follow_up = desk.resolved()
    heard()
    desk.ask(follow_up, score=1)
    assert heard() == [("chen", Kind.TICKET_REOPENED), ("wang", Kind.TICKET_REOPENED)]


def test_a_complaint_rises_to_leads_and_heads(desk: Desk, heard: Heard) -> None:
    ticket = desk.started()
    heard()
    tickets.escalate(desk.session, ticket, kind="complaint", reason="要投诉", by=desk.who("lin"), now=desk.now)
    assert heard() == [("wang", Kind.TICKET_ESCALATED), ("zhou", Kind.TICKET_ESCALATED)]


def test_a_ticket_handed_back_is_told_to_its_registrar_and_leads(desk: Desk, heard: Heard) -> None:
    ticket = desk.started()
    heard()
    tickets.hand_back(desk.session, ticket, reason="不是硬件问题", by=desk.who("chen"), now=desk.now)
    assert heard() == [("lin", Kind.TICKET_HANDED_BACK), ("wang", Kind.TICKET_HANDED_BACK)]


def test_a_doubtful_ticket_waits_for_a_supervisor(desk: Desk, heard: Heard) -> None:
    ticket = desk.registered()
    heard()
    tickets.invalidate(desk.session, ticket, reason="广告", by=desk.who("lin"), now=desk.now)
    assert heard() == [("wang", Kind.INVALIDATION_ASKED)]


def test_all_heads_hear_of_new_powers(desk: Desk, heard: Heard, session: Session) -> None:
    mei = desk.cast.people["mei"]
    replace_roles(session, mei, frozenset({Role.AGENT, Role.SUPERVISOR}), by=desk.who("root"), now=NOON)
    assert heard() == [("zhou", Kind.RIGHTS_CHANGED)]
    (row,) = queries.page(session, viewer=desk.who("zhou")).items
    assert str(row.sentence) == "梅兰 被授予管理角色，请核对"


def test_a_deputy_is_told_in_the_place_of_the_absent(desk: Desk, heard: Heard, session: Session) -> None:
    lin, mei = desk.cast("lin"), desk.cast("mei")
    away = Deputyship(
        user_id=lin.id, deputy_id=mei.id, starts_at=NOON - timedelta(days=1), ends_at=NOON + timedelta(days=1)
    )
    session.add(away)
    desk.resolved()
    told = [one for one in heard() if one[1] == Kind.FOLLOW_UP_CREATED]
    assert told == [("lin", Kind.FOLLOW_UP_CREATED), ("mei", Kind.FOLLOW_UP_CREATED)]
    (shown,) = queries.page(session, viewer=mei).items
    assert shown.standing_for == "林晓"


def test_a_message_delivered_twice_tells_once(desk: Desk, heard: Heard, session: Session) -> None:
    desk.resolved()
    first = heard()
    for message in session.scalars(select(OutboxMessage)):
        message.done_at = None
    assert first
    assert heard() == []


def test_one_reads_ones_own_only(desk: Desk, heard: Heard, session: Session) -> None:
    desk.resolved()
    heard()
    lin, chen = desk.cast("lin"), desk.cast("chen")
    (shown,) = queries.page(session, viewer=lin).items
    assert (shown.href, shown.read) == ("/tickets/CS20240305001", False)
    assert str(shown.sentence) == "工单 CS20240305001 已解决，请按时回访"
    with pytest.raises(NotFound):
        services.mark_read(session, shown.id, by=chen, now=NOON)
    assert queries.unread_count(session, lin.id) == 1
    services.mark_read(session, shown.id, by=lin, now=NOON)
    session.commit()
    assert queries.unread_count(session, lin.id) == 0


def test_everything_is_read_at_once_and_paged(session: Session, cast: Cast) -> None:
    lin, chen = cast("lin"), cast("chen")
    for number in range(5):
        for person in (lin, chen):
            once, at = f"outbox:{number}", NOON + timedelta(minutes=number)
            session.add(Notification(user_id=person.id, kind="ticket.assigned", data={}, once=once, created_at=at))
    session.commit()
    first = queries.page(session, viewer=lin, limit=3)
    second = queries.page(session, viewer=lin, before=first.next, limit=3)
    assert [len(first.items), len(second.items), second.next] == [3, 2, None]
    assert services.mark_all_read(session, by=lin, now=NOON) == 5
    session.commit()
    assert (queries.unread_count(session, lin.id), queries.unread_count(session, chen.id)) == (0, 5)


def test_a_kind_of_a_newer_version_is_still_shown(session: Session, cast: Cast) -> None:
    session.add(Notification(user_id=cast("lin").id, kind="from.the.future", data={}, once="outbox:1", created_at=NOON))
    session.commit()
    assert str(queries.page(session, viewer=cast("lin")).items[0].sentence) == "有一条新通知"


def test_every_kind_has_words_and_every_topic_one_place() -> None:
    assert set(TEXTS) == set(Kind)
    assert not QUIET & set(RULES)


def test_nothing_personal_can_be_told(desk: Desk, heard: Heard, session: Session) -> None:
    ticket, _ = desk.resolved()
    desk.say(ticket, "inbound", by="mei", body="我是张三丰，电话 13812345678")
    heard()
    rows = session.scalars(select(Notification)).all()
    assert rows
    assert not [row for row in rows if "张三丰" in str(row.data) or "138" in str(row.data)]
