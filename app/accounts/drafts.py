"""Typed text that could not be saved, kept sealed under its author's own key until the author is back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.models import Draft
from app.crypto import OWNER_USER, vault

KEPT = timedelta(days=7)
MOST = 20

Fields = Mapping[str, Sequence[str]]


def keep(session: Session, user_id: int, *, uid: str, slot: str, path: str, fields: Fields, now: datetime) -> Draft:
    """Keep what was typed. One draft for each form and object (`slot`), twenty for each person: the oldest go."""
    session.execute(delete(Draft).where(Draft.user_id == user_id, Draft.slot == slot))
    oldest = select(Draft.id).where(Draft.user_id == user_id).order_by(Draft.updated_at.desc(), Draft.id.desc())
    session.execute(delete(Draft).where(Draft.id.in_(list(session.scalars(oldest.offset(MOST - 1))))))
    safe = vault(session)
    draft = Draft(uid=uid, user_id=user_id, slot=slot, path=path, updated_at=now)
    draft.body = safe.seal_json(
        draft,
        "body",
        {name: list(values) for name, values in fields.items()},
        safe.ensure_key(OWNER_USER, user_id, now),
    )
    session.add(draft)
    session.flush()
    return draft


def find(session: Session, uid: str, *, user_id: int, now: datetime) -> Draft | None:
    """A person's own draft that has not run out."""
    return session.scalar(
        select(Draft).where(Draft.uid == uid, Draft.user_id == user_id, Draft.updated_at > now - KEPT)
    )


def of_person(session: Session, user_id: int, now: datetime) -> list[Draft]:
    return list(
        session.scalars(
            select(Draft)
            .where(Draft.user_id == user_id, Draft.updated_at > now - KEPT)
            .order_by(Draft.updated_at.desc())
        )
    )


def fields_of(session: Session, draft: Draft) -> dict[str, list[str]]:
    """What was typed; empty when it can't be opened any more."""
    data = vault(session).open_json(draft, "body").data
    if not isinstance(data, dict):
        return {}
    return {str(name): [str(value) for value in values] for name, values in data.items() if isinstance(values, list)}


def drop(session: Session, uid: str, *, user_id: int) -> None:
    session.execute(delete(Draft).where(Draft.uid == uid, Draft.user_id == user_id))


def sweep(session: Session, now: datetime) -> int:
    """Delete what is older than a week. How many went."""
    gone = list(session.scalars(select(Draft.id).where(Draft.updated_at <= now - KEPT)))
    session.execute(delete(Draft).where(Draft.id.in_(gone)))
    return len(gone)
