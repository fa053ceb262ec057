"""Reading the trail: page by page from the newest, narrowed by who, what, about whom and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry, AuditHead
from app.policy import Action, Actor, authorize


@dataclass(frozen=True)
class AuditFilters:
    """None matches all. `since` is included, `until` is not."""

    actor_id: int | None = None
    action: str | None = None
    subject_kind: str | None = None
    subject_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class AuditPage:
    """Newest first; the ids to go on from in either direction, None where nothing more is."""

    entries: Sequence[AuditEntry]
    older_than: int | None
    newer_than: int | None


def page(
    session: Session,
    filters: AuditFilters,
    *,
    viewer: Actor,
    older_than: int | None = None,
    newer_than: int | None = None,
    limit: int = 50,
) -> AuditPage:
    """Entries below the id `older_than`, or above `newer_than`; without either the newest."""
    authorize(viewer, Action.AUDIT_SEE)
    wanted = select(AuditEntry).limit(limit + 1)
    for column, value in (
        (AuditEntry.actor_id, filters.actor_id),
        (AuditEntry.action, filters.action),
        (AuditEntry.subject_kind, filters.subject_kind),
        (AuditEntry.subject_id, filters.subject_id),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if filters.since is not None:
        wanted = wanted.where(AuditEntry.at >= filters.since)
    if filters.until is not None:
        wanted = wanted.where(AuditEntry.at < filters.until)
    if newer_than is not None:
        rows = list(session.scalars(wanted.where(AuditEntry.id > newer_than).order_by(AuditEntry.id)))
        more, rows = len(rows) > limit, rows[:limit][::-1]
        return AuditPage(rows, rows[-1].id if rows else None, rows[0].id if rows and more else None)
    if older_than is not None:
        wanted = wanted.where(AuditEntry.id < older_than)
    rows = list(session.scalars(wanted.order_by(AuditEntry.id.desc())))
    more, rows = len(rows) > limit, rows[:limit]
    return AuditPage(rows, rows[-1].id if more else None, rows[0].id if rows and older_than is not None else None)


def length(session: Session) -> int:
    """How many entries the chain has: their ids are their places."""
    return session.scalar(select(AuditHead.last_id)) or 0


def last_verification(session: Session) -> AuditEntry | None:
    """When the whole chain was last walked from the page, and what was found."""
    wanted = select(AuditEntry).where(AuditEntry.action == "audit.verified")
    return session.scalar(wanted.order_by(AuditEntry.id.desc()).limit(1))
