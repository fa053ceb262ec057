"""Customers, how to reach them, what they bought. Personal values are sealed under data keys of their own."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.registry import plain_binary, sealed_column
from app.orm import Base, HasUid, Utc


class CustomerKind(StrEnum):
    PERSON = "person"
    COMPANY = "company"
    UNKNOWN = "unknown"  # a caller without data; merged later
    STAFF = "staff"  # the reporter of an internal ticket; kept out of customer figures


class Tier(StrEnum):
    VIP = "vip"
    RETURNING = "returning"
    NEW = "new"


class ContactKind(StrEnum):
    PHONE = "phone"
    EMAIL = "email"
    WECHAT = "wechat"
    WECOM = "wecom"


class Product(Base):
    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    line: Mapped[str] = mapped_column(String(80), default="")
    retired_at: Mapped[datetime | None] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)


class ProductBatch(Base):
    __tablename__ = "product_batch"
    __table_args__ = (UniqueConstraint("product_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    code: Mapped[str] = mapped_column(String(64))


class Customer(HasUid, Base):
    __tablename__ = "customer"
    __table_args__ = (Index("ix_customer_created_at_id", "created_at", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    no: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    tier: Mapped[str] = mapped_column(String(16), default=Tier.NEW)
    flagged: Mapped[bool] = mapped_column(default=False)  # a key customer without being VIP: floors impact at 3
    name: Mapped[bytes | None] = sealed_column(nullable=True)
    company: Mapped[bytes | None] = sealed_column(nullable=True)
    address: Mapped[bytes | None] = sealed_column(nullable=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)  # kind staff
    created_at: Mapped[datetime] = mapped_column(Utc)
    created_by: Mapped[int | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    erased_at: Mapped[datetime | None] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)


class Contact(HasUid, Base):
    __tablename__ = "contact"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    value: Mapped[bytes | None] = sealed_column(nullable=True)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Utc)


class ContactIndex(Base):
    """HMACs of normalised contacts under the index key ring: how a customer is found without a readable column.

    Digests repeat (a family shares a phone), so nothing here is unique on the value.
    """

    __tablename__ = "contact_index"
    __table_args__ = (
        UniqueConstraint("customer_id", "kind", "key_id", "digest"),
        Index("ix_contact_index_kind_digest", "kind", "digest"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # phone, last4, email
    key_id: Mapped[str] = mapped_column(String(32))
    digest: Mapped[bytes] = plain_binary("a keyed digest; nothing can be opened from it")


class Purchase(HasUid, Base):
    __tablename__ = "purchase"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("product_batch.id"))
    facts: Mapped[bytes | None] = sealed_column(nullable=True)  # JSON: product_text, bought_on, serial, order_no, note
    created_at: Mapped[datetime] = mapped_column(Utc)


class Reveal(Base):
    """One personal value shown in full to one person, with the reason. Counted for the daily limit."""

    __tablename__ = "reveal"
    __table_args__ = (Index("ix_reveal_user_id_at", "user_id", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    field: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)  # through the redactor
    at: Mapped[datetime] = mapped_column(Utc)


class CustomerMatch(HasUid, Base):
    """What one person's look-up found, for a few minutes: an address carries its uid instead of the number typed."""

    __tablename__ = "customer_match"
    __table_args__ = (Index("ix_customer_match_user_id_expires_at", "user_id", "expires_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[str] = mapped_column(String(16))  # phone, email, last4
    customer_ids: Mapped[list[int]] = mapped_column(JSON, default=list)
    more: Mapped[bool] = mapped_column(default=False)  # there were more than are kept
    expires_at: Mapped[datetime] = mapped_column(Utc)


class PrivacyRequest(Base):
    """An export or an erasure of one customer's data: who did it, when, why. Outlives what was erased."""

    __tablename__ = "privacy_request"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # export, erasure
    reason: Mapped[str] = mapped_column(Text)  # through the redactor
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))  # None: replayed after a restore
    at: Mapped[datetime] = mapped_column(Utc)
