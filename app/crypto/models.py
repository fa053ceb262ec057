"""The table of data keys: one row seals the values of one owner, and dies with the right to read them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.registry import plain_binary
from app.orm import Base, HasUid, Utc

OWNER_CUSTOMER, OWNER_USER, OWNER_SYSTEM = "customer", "user", "system"
OWNER_KINDS = frozenset({OWNER_CUSTOMER, OWNER_USER, OWNER_SYSTEM})


class DataKey(HasUid, Base):
    """A data key, wrapped by the key ring's key `kek_id`.

    There is no foreign key to the owner: crypto lies below customers and accounts. Rows are never deleted; erasing
    empties `wrapped`, so that a value without a row is known to be damaged and one with an empty row to be erased.
    """

    __tablename__ = "data_key"
    __table_args__ = (Index(None, "owner_kind", "owner_id"), Index(None, "kek_id"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    owner_kind: Mapped[str] = mapped_column(String(16))
    owner_id: Mapped[int | None]
    wrapped: Mapped[bytes] = plain_binary("sealed by the key ring itself")
    kek_id: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(Utc)
    destroyed_at: Mapped[datetime | None] = mapped_column(Utc)
