"""What a member of staff is told, in the application and by mail: kind and ids only, words are made when shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, Utc


class Notification(Base):
    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_user_id_id", "user_id", "id"),
        Index(
            "ix_notification_unread",
            "user_id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
        Index("uq_notification_once", "user_id", "once", unique=True),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[str] = mapped_column(String(40))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    once: Mapped[str] = mapped_column(String(80))  # the outbox message that caused it: at least once becomes once
    standing_for: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Utc)
    read_at: Mapped[datetime | None] = mapped_column(Utc)
    mailed_at: Mapped[datetime | None] = mapped_column(Utc)
