"""Telling people, and what they do with what they were told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.notifications.models import Notification
from app.notifications.recipients import kind_of, told
from app.outbox.publishing import insert_unless_there
from app.policy import Action, Actor, SelfFacts, may

# What of a message's data a notification keeps: ids and codes that its sentence or link needs.
KEPT = ("follow_up_id", "message_id", "kind", "roles", "user_id")


def notify(session: Session, topic: str, data: Mapping[str, Any], *, once: str, now: datetime) -> list[int]:
    """Write a notification for everybody who is told about this; the ids of the new ones.

    `once` is the message that caused it: delivered a second time, it tells nobody a second time.
    """
    kept = {name: data[name] for name in KEPT if data.get(name) is not None}
    common = {"kind": kind_of(topic, data), "ticket_id": data.get("ticket_id"), "data": kept, "once": once}
    new = []
    for one in told(session, topic, data, now):
        row = common | {"user_id": one.user_id, "standing_for": one.standing_for, "created_at": now}
        if insert_unless_there(session, Notification, row):
            new.append(one.user_id)
    query = select(Notification.id).where(Notification.once == once, Notification.user_id.in_(new))
    return list(session.scalars(query.order_by(Notification.id)))


def mark_read(session: Session, notification_id: int, *, by: Actor, now: datetime) -> Notification:
    """Note that its owner has seen it; for anybody else it does not exist."""
    row = session.get(Notification, notification_id)
    if row is None or not may(by, Action.SIGN_IN, SelfFacts(row.user_id)) or row.user_id != by.id:
        raise NotFound
    row.read_at = row.read_at or now
    return row


def mark_all_read(session: Session, *, by: Actor, now: datetime) -> int:
    """The same for everything unread; how many there were."""
    unread = update(Notification).where(Notification.user_id == by.id, Notification.read_at.is_(None))
    return len(session.scalars(unread.values(read_at=now).returning(Notification.id)).all())


def note_mailed(session: Session, notification_id: int, *, now: datetime) -> None:
    session.execute(update(Notification).where(Notification.id == notification_id).values(mailed_at=now))
