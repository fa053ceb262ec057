"""Which topic is handled by what. A topic that nobody handles is named in QUIET, so that a forgotten one is noticed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts import resets
from app.accounts.models import User
from app.audit import verify
from app.config import Settings
from app.customers import erased_log
from app.extensions import db
from app.jobs import mail
from app.jobs.housekeeping import keep_house
from app.jobs.mail import Letter, Mailer
from app.jobs.running import Errand, Handlers, Job
from app.notifications.models import Notification
from app.notifications.queries import show
from app.notifications.recipients import RULES
from app.notifications.services import note_mailed, notify
from app.outbox import publish
from app.outbox.claiming import MOST_ATTEMPTS, Claim
from app.tickets import delivery

log = logging.getLogger(__name__)

MAIL_NOTIFICATION = "mail.notification"

# Facts that are published for what comes later (alarms, webhooks, archives); nothing has to happen now.
QUIET = frozenset(
    {
        "follow_up.completed",
        "message.added",
        "message.withdrawn",
        "ticket.analysed",
        "ticket.closed",
        "ticket.edited",
        "ticket.invalid_confirmed",
        "ticket.invalid_withdrawn",
        "ticket.merged",
        "ticket.registered",
        "ticket.restored",
        "ticket.resumed",
        "ticket.started",
        "ticket.unmerged",
        "ticket.verified",
        "ticket.waiting",
    }
)


def handlers(settings: Settings) -> Handlers:
    """The table for these settings. Without SMTP_URL nothing is mailed and nothing waits for mail."""
    mailer = None
    if settings.smtp_url and settings.mail_from:
        mailer = Mailer(settings.smtp_url, settings.mail_from, settings.base_url)
    table: dict[str, Job | Errand] = dict.fromkeys(QUIET, _nothing)
    table |= dict.fromkeys(RULES, _telling(with_mail=mailer is not None))
    table["message.send"] = _sending_replies(mailer)
    table["customer.erased"] = _noting_erasures(settings)
    table["periodic.housekeeping"] = keep_house
    table["periodic.audit_head"] = Errand(lambda _session, one, _now: one.data, _log_audit_head, _no_trace)
    table[MAIL_NOTIFICATION] = _mailing_notifications(mailer) if mailer else _nothing
    table["account.reset_wanted"] = _mailing_resets(mailer) if mailer else _cannot_mail_resets
    return table


def _nothing(_session: Session, _one: Claim, _now: datetime) -> None:
    """The fact is enough."""


def _no_trace(_session: Session, _payload: Any, _now: datetime) -> None:
    """An errand that leaves nothing to write down."""


# --- notifications ----------------------------------------------------------------------------------------------------


def _telling(*, with_mail: bool) -> Job:
    def tell(session: Session, one: Claim, now: datetime) -> None:
        new = notify(session, one.topic, one.data, once=f"outbox:{one.id}", now=now)
        if not with_mail:
            return
        for notification_id in new:
            publish(session, MAIL_NOTIFICATION, now=now, dedupe_key=f"mail:{notification_id}", id=notification_id)

    return tell


@dataclass(frozen=True)
class _Notice:
    notification_id: int
    letter: Letter


def _mailing_notifications(mailer: Mailer) -> Errand:
    def prepare(session: Session, one: Claim, _now: datetime) -> _Notice | None:
        row = session.get(Notification, one.data["id"])
        user = session.get(User, row.user_id) if row else None
        if row is None or row.mailed_at or row.read_at or user is None or not user.active:
            return None
        if not user.mail_wanted or not user.email:
            return None
        (shown,) = show(session, [row])
        link = mailer.base_url + shown.href
        letter_id = f"notification-{row.id}-{int(row.created_at.timestamp())}"
        letter = mail.notice(shown.sentence, to=user.email, locale=user.locale, link=link, letter_id=letter_id)
        return _Notice(row.id, letter)

    def settle(session: Session, done: _Notice, now: datetime) -> None:
        note_mailed(session, done.notification_id, now=now)

    return Errand(prepare, lambda one: mailer.send(one.letter), settle)


def _mailing_resets(mailer: Mailer) -> Errand:
    def prepare(session: Session, one: Claim, now: datetime) -> Letter | None:
        user = session.get(User, one.data["user_id"]) if one.data.get("user_id") else None
        if user is None or not user.active or not user.email:
            return None
        link = f"{mailer.base_url}/password/reset/{resets.issue(session, user, now=now)}"
        return mail.reset_letter(
            to=user.email, locale=user.locale, link=link, letter_id=f"reset-{one.id}-{one.attempts}"
        )

    return Errand(prepare, mailer.send, _no_trace)


def _cannot_mail_resets(_session: Session, one: Claim, _now: datetime) -> None:
    if one.data.get("user_id"):
        log.warning("mail.not_configured", extra={"topic": one.topic, "job": one.id})


# --- replies to customers ---------------------------------------------------------------------------------------------


def _sending_replies(mailer: Mailer | None) -> Errand:
    """By mail where the reply is a mail and there is an address; else it was said elsewhere and is only recorded."""

    def prepare(session: Session, one: Claim, now: datetime) -> delivery.Outgoing | None:
        message_id = one.data["message_id"]
        if one.attempts >= MOST_ATTEMPTS:
            delivery.note_failed(session, message_id)
            return None
        outgoing = delivery.take_for_mail(session, message_id) if mailer else None
        if outgoing is None:
            delivery.note_sent(session, message_id, now=now)
        return outgoing

    def perform(outgoing: delivery.Outgoing) -> None:
        if mailer is not None:
            no, letter_id = outgoing.feedback_no, f"reply-{outgoing.message_id}"
            mailer.send(mail.reply_letter(outgoing.text, to=outgoing.address, feedback_no=no, letter_id=letter_id))

    def settle(session: Session, outgoing: delivery.Outgoing, now: datetime) -> None:
        delivery.note_sent(session, outgoing.message_id, now=now)

    return Errand(prepare, perform, settle)


# --- what belongs to the machine --------------------------------------------------------------------------------------


def _noting_erasures(settings: Settings) -> Errand:
    """Outside the database, so that a restored backup doesn't bring the customer back; then out of SQLite's log."""

    def perform(data: dict[str, Any]) -> None:
        at = datetime.fromisoformat(data["at"])
        erased_log.append(settings.data_dir / erased_log.NAME, data["customer_uid"], at)
        if db.engine.dialect.name == "sqlite":
            with db.engine.connect() as connection:
                raw: Any = connection.connection.driver_connection
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

    return Errand(lambda _session, one, _now: one.data, perform, _no_trace)


def _log_audit_head(_data: dict[str, Any]) -> None:
    """Leave the chain's end outside the database: with it `audit verify --noted` finds a trail rewritten as a whole.

    A long walk, so it is no part of a write transaction.
    """
    with Session(db.engine) as session:
        found = verify(session)
    level = logging.INFO if found.ok else logging.ERROR
    broken = found.broken.entry_id if found.broken else None
    log.log(level, "audit.head", extra={"head": found.head_id, "digest": found.head_digest, "broken": broken})
