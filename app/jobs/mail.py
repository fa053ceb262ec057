"""Mail by SMTP: what letters look like, and the one place that talks to the server."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from urllib.parse import unquote, urlsplit

from flask_babel import force_locale

from app.web.languages import canonical, translate
from app.words import Sentence, say

SECONDS = 10  # for each step of the conversation; a claim lasts six times as long
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


@dataclass(frozen=True)
class Letter:
    """A mail that only waits to be sent. Its text stays out of `repr`, and so out of logs."""

    to: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    id: str  # the same for every attempt, so that a letter sent twice can be told by the receiving side


@dataclass(frozen=True)
class Mailer:
    """The server and the sender of the settings."""

    url: str = field(repr=False)
    sender: str
    base_url: str

    def send(self, letter: Letter) -> None:
        """Hand one letter over to the server; raises smtplib's or the socket's error when it isn't taken."""
        message = self._message(letter)
        parts = urlsplit(self.url)
        host, port = parts.hostname or "localhost", parts.port or PORTS[parts.scheme]
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=SECONDS)
        with server:
            if parts.scheme == "smtp+starttls":
                server.starttls(context=context)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)

    def _message(self, letter: Letter) -> EmailMessage:
        domain = parseaddr(self.sender)[1].rpartition("@")[2] or "localhost"
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = self.sender, letter.to, letter.subject
        message["Message-ID"] = f"<{letter.id}@{domain}>"
        message["Date"] = formatdate()
        message["Auto-Submitted"] = "auto-generated"  # no absence notice shall answer it
        message.set_content(letter.body)
        return message


def notice(sentence: Sentence, *, to: str, locale: str, link: str, letter_id: str) -> Letter:
    """A letter to a member of staff: what happened and where to look, in their language."""
    with force_locale(canonical(locale) or "zh_Hans"):
        text = translate(sentence)
        subject = translate(say("[闭环] %(what)s", what=text))
        foot = translate(say("这封邮件由系统自动发出，请不要直接回复。不想收到邮件，可以在“我的账号”里关闭。"))
    return Letter(to, subject, f"{text}\n\n{link}\n\n-- \n{foot}\n", letter_id)


def reset_letter(*, to: str, locale: str, link: str, letter_id: str) -> Letter:
    """The one-time link for a forgotten password."""
    with force_locale(canonical(locale) or "zh_Hans"):
        subject = translate(say("[闭环] 重设密码"))
        text = translate(
            say(
                "请在 15 分钟内打开下面的链接重设密码，链接只能用一次。如果不是您申请的，请忽略这封邮件，密码不会改变。"
            )
        )
    return Letter(to, subject, f"{text}\n\n{link}\n", letter_id)


def reply_letter(text: str, *, to: str, feedback_no: str, letter_id: str) -> Letter:
    """What a colleague wrote to a customer. The subject holds the feedback number alone."""
    subject = translate(say("关于您的反馈 %(no)s", no=feedback_no))
    return Letter(to, subject, f"{text}\n\n-- \n{feedback_no}\n", letter_id)
