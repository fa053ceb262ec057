"""Reading one's own notifications. Nobody reads another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.queries import people_by_id
from app.errors import NotFound
from app.notifications.kinds import ICONS, sentence
from app.notifications.models import Notification
from app.policy import Actor
from app.tickets.models import Ticket
from app.words import Sentence

MOST_COUNTED = 100


@dataclass(frozen=True)
class Shown:
    """A notification ready for a page or a mail. `href` is a path below the site's root."""

    id: int
    kind: str
    sentence: Sentence
    href: str
    icon: str
    at: datetime
    read: bool
    standing_for: str | None  # the name of the absent person


@dataclass(frozen=True)
class ShownPage:
    items: list[Shown]
    next: int | None  # the id to go on before


def unread_count(session: Session, user_id: int) -> int:
    """For the bell; counts no further than 100."""
    unread = select(Notification.id).where(Notification.user_id == user_id, Notification.read_at.is_(None))
    return session.scalar(select(func.count()).select_from(unread.limit(MOST_COUNTED).subquery())) or 0


def find(session: Session, notification_id: int, *, viewer: Actor) -> Shown:
    """One of the viewer's own; raises NotFound."""
    row = session.get(Notification, notification_id)
    if row is None or row.user_id != viewer.id:
        raise NotFound
    return show(session, [row])[0]


def page(session: Session, *, viewer: Actor, before: int | None = None, limit: int = 50) -> ShownPage:
    """The newest first."""
    query = select(Notification).where(Notification.user_id == viewer.id)
    if before is not None:
        query = query.where(Notification.id < before)
    rows = session.scalars(query.order_by(Notification.id.desc()).limit(limit + 1)).all()
    items = show(session, rows[:limit])
    return ShownPage(items, items[-1].id if len(rows) > limit else None)


def show(session: Session, rows: Sequence[Notification]) -> list[Shown]:
    """Rows in words: three statements however many there are."""
    numbers = _numbers(session, rows)
    people = people_by_id(session, {id for row in rows for id in (row.standing_for, row.data.get("user_id"))})
    return [_shown(row, numbers, people) for row in rows]


def _numbers(session: Session, rows: Sequence[Notification]) -> dict[int, str]:
    ids = {row.ticket_id for row in rows if row.ticket_id is not None}
    if not ids:
        return {}
    return {row.id: row.no for row in session.execute(select(Ticket.id, Ticket.no).where(Ticket.id.in_(ids)))}


def _shown(row: Notification, numbers: dict[int, str], people: dict[int, User]) -> Shown:
    no = numbers.get(row.ticket_id) if row.ticket_id is not None else None
    about = people.get(row.data.get("user_id", 0))
    absent = people.get(row.standing_for) if row.standing_for is not None else None
    return Shown(
        id=row.id,
        kind=row.kind,
        sentence=sentence(row.kind, no=no, name=about.name if about else None),
        href=f"/tickets/{no}" if no else "/admin/audit" if about else "/",
        icon=ICONS.get(row.kind, "bell"),
        at=row.created_at,
        read=row.read_at is not None,
        standing_for=absent.name if absent else None,
    )
