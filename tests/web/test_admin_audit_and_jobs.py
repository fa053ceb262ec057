"""The audit trail and the queue as the administration shows them."""

import html
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.audit import record
from app.audit.models import AuditEntry, AuditHead
from app.outbox.models import Heartbeat, OutboxMessage
from tests.cast import NOON, Cast
from tests.domain.customer_scenes import NAME, PHONE, a_customer, a_ticket
from tests.web.visits import send, sign_in, words_of


@pytest.fixture
def zhou(app: Flask, desk: Cast) -> FlaskClient:
    client = app.test_client()
    sign_in(client, "zhou")
    return client


@pytest.fixture
def root(app: Flask, desk: Cast) -> FlaskClient:
    client = app.test_client()
    sign_in(client, "root")
    return client


def hundred_entries(session: Session, desk: Cast) -> None:
    for n in range(120):
        at = NOON + timedelta(minutes=n)
        record(
            session,
            desk("wang" if n % 2 else "lin"),
            "customer.revealed",
            at=at,
            kind="customer",
            id=n,
            data={"field": "phone"},
        )
    session.commit()


def ids_on(page: str) -> list[int]:
    return [int(n) for n in re.findall(r'id="entry-(\d+)"', page)]


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return html.unescape(found[1]) if found else None


def test_the_trail_is_turned_page_by_page(zhou: FlaskClient, desk: Cast, session: Session) -> None:
    hundred_entries(session, desk)
    pages = []
    path: str | None = "/admin/audit?action=customer.revealed"
    while path:
        page = zhou.get(path).text
        pages.append(ids_on(page))
        path = link(page, "next")
    assert [len(page) for page in pages] == [50, 50, 20]
    seen = [n for page in pages for n in page]
    assert seen == sorted(set(seen), reverse=True)
    back = link(page, "prev")
    assert back
    assert ids_on(zhou.get(back).text) == pages[1]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("actor=lin&action=customer.revealed&since=2024-03-05&until=2024-03-05", 50),
        ("actor=wang&subject=customer&number=7", 1),
        ("actor=lin&subject=customer&number=7", 0),
        ("action=customer.revealed&since=2024-03-06", 0),
        ("action=customer.revealed&until=2024-03-04", 0),
        ("actor=nobody", 0),
        ("subject=ticket&number=CS20990101001", 0),
        ("older=junk&newer=!!&since=junk&actor=&action=customer.revealed", 50),
    ],
)
def test_the_trail_is_narrowed(zhou: FlaskClient, desk: Cast, session: Session, query: str, number: int) -> None:
    hundred_entries(session, desk)
    answer = zhou.get(f"/admin/audit?{query}")
    assert answer.status_code == 200
    assert len(ids_on(answer.text)) == number


def test_ids_are_named_and_nothing_personal_is_shown(zhou: FlaskClient, desk: Cast, session: Session) -> None:
    customer = a_customer(session, desk)
    ticket = a_ticket(session, desk, customer)
    record(
        session,
        desk("lin"),
        "ticket.closed",
        ticket,
        at=NOON,
        data={"outcome": "satisfied"},
        standing_for=desk("mei").id,
    )
    record(session, desk("lin"), "customer.revealed", customer, at=NOON, data={"field": "name"})
    record(session, desk("root"), "user.roles", desk.people["mei"], at=NOON, data={"added": ["expert"], "removed": []})
    record(session, None, "customer.erased", at=NOON, kind="customer", id=999_999)
    session.commit()
    page = zhou.get("/admin/audit")
    words = words_of(page)
    for said in (
        f"工单 {ticket.no}",
        f"客户 {customer.no}",
        "代 梅兰",
        "人员 梅兰",
        "增加 专家",
        "满意",
        "系统",
        "客户 #999999",
    ):
        assert said in words, said
    assert NAME not in page.text
    assert PHONE not in page.text
    assert f"/tickets/{ticket.no}" in page.text


def test_the_chain_is_verified_and_the_result_stays_on_the_page(
    zhou: FlaskClient, desk: Cast, session: Session
) -> None:
    hundred_entries(session, desk)
    assert "还没有核对过" in words_of(zhou.get("/admin/audit"))
    assert send(zhou, "/admin/audit/verification").status_code == 303
    words = words_of(zhou.get("/admin/audit"))
    assert "审计链完好" in words
    assert "由 周敏 核对了" in words
    session.rollback()
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "audit.verified")).one()
    assert entry.actor_id == desk("zhou").id


def test_a_broken_chain_is_named(zhou: FlaskClient, desk: Cast, session: Session) -> None:
    hundred_entries(session, desk)
    session.execute(AuditHead.__table__.update().values(digest="0" * 64))  # type: ignore[attr-defined]
    session.commit()
    send(zhou, "/admin/audit/verification")
    assert "审计链有断点" in words_of(zhou.get("/admin/audit"))


# --- the queue --------------------------------------------------------------------------------------------------------


def queued(session: Session, **values: object) -> OutboxMessage:
    now = clock.now()
    row = OutboxMessage(**({"topic": "mail.send", "data": {}, "created_at": now, "due_at": now} | values))
    session.add(row)
    session.commit()
    return row


def test_a_silent_worker_is_said_aloud(root: FlaskClient, session: Session) -> None:
    assert "没有工作进程在运行" in words_of(root.get("/admin/jobs"))
    session.add(Heartbeat(worker="desk-1:4711", at=clock.now()))
    session.commit()
    words = words_of(root.get("/admin/jobs"))
    assert "没有工作进程在运行" not in words
    assert "desk-1:4711 在运行" in words


def test_a_queue_that_grows_is_said_aloud(root: FlaskClient, session: Session) -> None:
    session.add(Heartbeat(worker="desk-1:4711", at=clock.now()))
    queued(session, due_at=clock.now() - timedelta(minutes=30))
    assert "最早的任务已经等了 30 分钟" in words_of(root.get("/admin/jobs"))


def test_a_dead_letter_is_retried_once(root: FlaskClient, session: Session) -> None:
    dead = queued(session, attempts=8, dead_at=clock.now(), last_error="SMTPConnectError at app/jobs/mail.py:42")
    words = words_of(root.get("/admin/jobs"))
    assert "SMTPConnectError" in words
    assert "1 个失败" in words_of(root.get("/admin/"))
    assert send(root, f"/admin/jobs/{dead.id}/retry").status_code == 303
    session.rollback()
    session.refresh(dead)
    assert (dead.dead_at, dead.attempts) == (None, 0)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "job.retried")).one()
    assert (entry.subject_id, entry.data) == (dead.id, {"topic": "mail.send"})
    again = send(root, f"/admin/jobs/{dead.id}/retry", follow_redirects=True)
    assert "不需要重试" in words_of(again)
    assert send(root, "/admin/jobs/999999/retry").status_code == 404


def test_what_waits_is_listed_with_how_often_it_failed(root: FlaskClient, session: Session) -> None:
    queued(session, topic="ticket.triaged", attempts=2, due_at=clock.now() + timedelta(hours=1), last_error="OSError")
    words = words_of(root.get("/admin/jobs"))
    assert "工单 ticket.triaged" in words
    assert "2 次 OSError" in words
