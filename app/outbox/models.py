"""The one queue: rows written in the transaction that causes them, claimed by workers on one machine or many."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, Utc


class OutboxMessage(Base):
    __tablename__ = "outbox_message"
    __table_args__ = (
        Index(
            "ix_outbox_message_due",
            "due_at",
            "id",
            sqlite_where=text("done_at IS NULL AND dead_at IS NULL"),
            postgresql_where=text("done_at IS NULL AND dead_at IS NULL"),
        ),
        UniqueConstraint("dedupe_key"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # ids and codes only
    dedupe_key: Mapped[str | None] = mapped_column(String(160))
    created_at: Mapped[datetime] = mapped_column(Utc)
    due_at: Mapped[datetime] = mapped_column(Utc)
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None] = mapped_column(Utc)
    lease: Mapped[str | None] = mapped_column(String(32))  # who holds it; a late holder finds it changed
    last_error: Mapped[str | None] = mapped_column(Text)  # class and place, never values
    done_at: Mapped[datetime | None] = mapped_column(Utc)
    dead_at: Mapped[datetime | None] = mapped_column(Utc)


class PeriodicSlot(Base):
    """A run of a periodic job: unique per name and slot, so it runs once however many workers there are."""

    __tablename__ = "periodic_slot"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    slot: Mapped[datetime] = mapped_column(Utc, primary_key=True)


class Heartbeat(Base):
    """A worker says that it lives."""

    __tablename__ = "heartbeat"
    worker: Mapped[str] = mapped_column(String(80), primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc)
