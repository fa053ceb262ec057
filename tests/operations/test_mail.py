"""Mail through a real SMTP server: what it says, whom it reaches, and what happens when the server is away."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import resets
from app.customers.given import GivenCustomer
from app.extensions import runtime
from app.jobs.handlers import handlers
from app.jobs.mail import Letter, Mailer
from app.jobs.running import Handlers
from app.jobs.worker import drain
from app.notifications.models import Notification
from app.outbox.claiming import MOST_ATTEMPTS
from app.outbox.models import OutboxMessage
from app.tickets import services
from app.tickets.models import Message
from app.tickets.seeds import seed_rules
from tests.cast import NOON, Cast
from tests.domain.desk import Desk

WITH_MAIL = GivenCustomer(name="张三丰", phone="13812345678", email="zhang@home.example")


class PostOffice:
    """Keeps what it is given; refuses while `away`."""

    def __init__(self) -> None:
        self.away = False
        self.received: list[tuple[list[str], EmailMessage]] = []

    async def handle_DATA(self, _server: SMTP, _session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        if self.away:
            return "451 come back later"
        content = envelope.content
        assert isinstance(content, bytes)
        parsed = message_from_bytes(content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.received.append((list(envelope.rcpt_tos), parsed))
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [letter for recipients, letter in self.received if recipients == [address]]


@dataclass
class Post:
    office: PostOffice
    table: Handlers
    work: Callable[[], int]


@pytest.fixture
def desk(session: Session, cast: Cast) -> Desk:
    seed_rules(session)
    session.commit()
    return Desk(session, cast)


@contextmanager
def open_office(office: PostOffice) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.fixture
def post(app: Flask, session: Session, desk: Desk) -> Iterator[Post]:
    """The worker with a mail server; `post.work()` handles everything that is due at the desk's time."""
    office = PostOffice()
    with open_office(office) as port, app.app_context():
        settings = replace(
            runtime().settings,
            smtp_url=f"smtp://127.0.0.1:{port}",
            mail_from="闭环 <desk@shop.example>",
            base_url="https://desk.shop.example",
        )
        table = handlers(settings)

        def work() -> int:
            session.commit()
            return drain(session, table, lambda: desk.now)

        yield Post(office, table, work)


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    text: str = body.get_content()
    return text


def test_a_colleague_is_told_by_mail_without_personal_data(post: Post, desk: Desk, session: Session) -> None:
    desk.resolved(customer=WITH_MAIL, description="我是张三丰，电话 13812345678")
    post.work()
    (letter,) = post.office.to("lin@desk.example")
    assert letter["Subject"] == "[闭环] 工单 CS20240305001 已解决，请按时回访"
    assert "https://desk.shop.example/tickets/CS20240305001" in text_of(letter)
    everything = "".join(str(one) + text_of(one) for _, one in post.office.received)
    assert "张三丰" not in everything
    assert "138" not in everything
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["From"] == "闭环 <desk@shop.example>"
    lin = desk.cast("lin").id
    assert session.scalars(select(Notification.mailed_at).where(Notification.user_id == lin)).all() == [NOON]


def test_who_wants_no_mail_gets_none(post: Post, desk: Desk) -> None:
    desk.cast.people["lin"].mail_wanted = False
    desk.resolved()
    post.work()
    assert post.office.to("lin@desk.example") == []


def test_what_was_read_meanwhile_is_not_mailed(post: Post, desk: Desk, session: Session) -> None:
    post.office.away = True
    desk.resolved()
    post.work()
    for row in session.scalars(select(Notification)):
        row.read_at = NOON
    post.office.away = False
    desk.later(hours=1)
    post.work()
    assert post.office.received == []


def test_a_server_that_is_away_gets_the_letter_later_and_once(post: Post, desk: Desk) -> None:
    post.office.away = True
    desk.resolved()
    post.work()
    assert post.office.received == []
    post.office.away = False
    for _ in range(3):
        desk.later(minutes=5)
        post.work()
    assert len(post.office.to("lin@desk.example")) == 1


def test_each_reads_in_their_own_language(post: Post, desk: Desk) -> None:
    desk.cast.people["lin"].locale = "en"
    desk.resolved()
    post.work()
    (letter,) = post.office.to("lin@desk.example")
    assert "CS20240305001" in letter["Subject"]
    assert letter["Subject"].startswith("[")


def test_a_reply_by_mail_waits_for_the_undo_and_reaches_the_customer(post: Post, desk: Desk, session: Session) -> None:
    ticket = desk.started(customer=WITH_MAIL, channel="email")
    reply = desk.say(ticket, by="lin", body="张先生您好，备件周三寄到。", undo=True)
    post.work()
    assert (session.get_one(Message, reply.id).state, post.office.to("zhang@home.example")) == ("queued", [])
    desk.later(seconds=16)
    post.work()
    (letter,) = post.office.to("zhang@home.example")
    assert letter["Subject"] == "关于您的反馈 F20240305001"
    assert "备件周三寄到" in text_of(letter)
    session.refresh(reply)
    assert (reply.state, reply.sent_at) == ("sent", desk.now)


def test_an_undone_reply_never_leaves(post: Post, desk: Desk, session: Session) -> None:
    ticket = desk.started(customer=WITH_MAIL, channel="email")
    reply = desk.say(ticket, by="lin", undo=True)
    desk.later(seconds=5)
    services.withdraw_message(session, reply, by=desk.who("lin"), now=desk.now)
    desk.later(seconds=60)
    post.work()
    assert post.office.to("zhang@home.example") == []
    session.refresh(reply)
    assert reply.state == "withdrawn"


def test_a_reply_on_the_phone_is_recorded_not_mailed(post: Post, desk: Desk, session: Session) -> None:
    ticket = desk.started(customer=WITH_MAIL, channel="phone")
    reply = desk.say(ticket, by="lin", undo=True)
    desk.later(seconds=16)
    post.work()
    assert post.office.to("zhang@home.example") == []
    session.refresh(reply)
    assert reply.state == "sent"


def test_a_reply_that_no_server_takes_is_shown_as_failed(post: Post, desk: Desk, session: Session) -> None:
    ticket = desk.started(customer=WITH_MAIL, channel="email")
    reply = desk.say(ticket, by="lin", undo=True)
    post.office.away = True
    for _ in range(MOST_ATTEMPTS + 1):
        desk.later(hours=2)
        post.work()
    session.refresh(reply)
    assert reply.state == "failed"


def test_a_reply_to_a_customer_without_an_address_is_shown_as_failed(post: Post, desk: Desk, session: Session) -> None:
    ticket = desk.started(channel="email")
    reply = desk.say(ticket, by="lin", undo=True)
    desk.later(seconds=16)
    post.work()
    session.refresh(reply)
    assert (reply.state, reply.sent_at) == ("failed", None)


def test_a_process_killed_while_sending_sends_again(post: Post, desk: Desk, session: Session) -> None:
    ticket = desk.started(customer=WITH_MAIL, channel="email")
    reply = desk.say(ticket, by="lin", undo=True)
    reply.state = "sending"
    desk.later(seconds=16)
    post.work()
    assert len(post.office.to("zhang@home.example")) == 1


def test_a_forgotten_password_is_answered_by_mail(post: Post, desk: Desk, session: Session) -> None:
    resets.want_reset(session, "lin", now=NOON)
    resets.want_reset(session, "nobody at all", now=NOON)
    post.work()
    ((recipients, letter),) = post.office.received
    assert recipients == ["lin@desk.example"]
    link = next(
        line for line in text_of(letter).splitlines() if line.startswith("https://desk.shop.example/password/reset/")
    )
    user = resets.holder(session, link.rpartition("/")[2], now=NOON + timedelta(minutes=1))
    assert user is not None
    assert user.login == "lin"
    stored = "".join(str(one.data) for one in session.scalars(select(OutboxMessage)))
    assert link.rpartition("/")[2] not in stored


def test_without_a_server_nothing_waits_for_mail(app: Flask, desk: Desk, session: Session) -> None:
    ticket, _ = desk.resolved(customer=WITH_MAIL, channel="email")
    reply = desk.say(ticket, by="lin", undo=True)
    resets.want_reset(session, "lin", now=NOON)
    session.commit()
    desk.later(minutes=1)
    with app.app_context():
        drain(session, handlers(runtime().settings), lambda: desk.now)
    session.rollback()
    assert session.scalars(select(OutboxMessage).where(OutboxMessage.done_at.is_(None))).all() == []
    session.refresh(reply)
    assert reply.state == "sent"


def test_a_server_that_says_nothing_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.mail.SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        mailer = Mailer(f"smtp://127.0.0.1:{silent.getsockname()[1]}", "desk@shop.example", "http://localhost")
        began = time.monotonic()
        with pytest.raises(OSError, match="timed out"):
            mailer.send(Letter("lin@desk.example", "s", "b", "1"))
        assert time.monotonic() - began < 5


def test_no_header_can_be_smuggled_in() -> None:
    mailer = Mailer("smtp://127.0.0.1:1", "desk@shop.example", "http://localhost")
    with pytest.raises(ValueError, match="linefeed"):
        mailer.send(Letter("lin@desk.example\nBcc: all@desk.example", "s", "b", "1"))
