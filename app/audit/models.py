"""The audit trail: append-only (triggers refuse UPDATE and DELETE on both databases) and hash-chained."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, Utc


class AuditEntry(Base):
    """Who did, saw or exported what, when. Ids, codes and field names only, never a personal value."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_actor_id_id", "actor_id", "id"),
        Index("ix_audit_entry_subject", "subject_kind", "subject_id", "id"),
        Index("ix_audit_entry_action_id", "action", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # the position in the chain, from 1
    at: Mapped[datetime] = mapped_column(Utc)
    actor_id: Mapped[int | None]  # no foreign key: the trail outlives everything
    standing_for: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str | None] = mapped_column(String(32))
    subject_id: Mapped[int | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    request_id: Mapped[str | None] = mapped_column(String(40))
    previous: Mapped[str] = mapped_column(String(64))  # hash of the entry before, hex
    digest: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256 over this entry and `previous`


class AuditHead(Base):
    """Where the chain ends: one row, moved with every append. Without it a cut-off tail would leave a sound chain."""

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # always 1
    last_id: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
