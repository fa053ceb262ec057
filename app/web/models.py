"""What the web layer itself has to remember."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.registry import sealed_column
from app.orm import Base, HasUid, Utc


class StoredAnswer(HasUid, Base):
    """The answer to a POST that carried an Idempotency-Key, for 24 hours. Written before the act, in its transaction,
    so that only successes stay; the answer itself is sealed because it may hold a customer's name."""

    __tablename__ = "stored_answer"
    __table_args__ = (UniqueConstraint("scope", "key"), Index("ix_stored_answer_created_at", "created_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(String(160))  # token and route
    key: Mapped[str] = mapped_column(String(200))
    body_digest: Mapped[str] = mapped_column(String(64))  # keyed, so that a guessed body can't be confirmed
    status: Mapped[int]
    answer: Mapped[bytes | None] = sealed_column(nullable=True)
    created_at: Mapped[datetime] = mapped_column(Utc)
