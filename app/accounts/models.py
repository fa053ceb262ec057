"""People, departments, roles, skills, deputies, and what lets a person in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.crypto.registry import sealed_column
from app.orm import Base, HasUid, Utc


class Department(Base):
    __tablename__ = "department"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", use_alter=True))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", use_alter=True))
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)


class User(HasUid, Base):
    """A member of staff. `epoch` rises with every change that must end the sessions of this account at once."""

    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(254))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    locale: Mapped[str] = mapped_column(String(16), default="zh-CN")
    active: Mapped[bool] = mapped_column(default=True)
    epoch: Mapped[int] = mapped_column(default=1)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    totp: Mapped[bytes | None] = sealed_column(nullable=True)  # the seed, sealed under a system key
    totp_confirmed_at: Mapped[datetime | None] = mapped_column(Utc)
    totp_last_step: Mapped[int | None]  # a code is good once
    mail_wanted: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Utc)
    disabled_at: Mapped[datetime | None] = mapped_column(Utc)
    last_login_at: Mapped[datetime | None] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)

    department: Mapped[Department | None] = relationship(foreign_keys=[department_id], lazy="raise")
    roles: Mapped[list[UserRole]] = relationship(lazy="raise", cascade="all, delete-orphan")
    skills: Mapped[list[UserSkill]] = relationship(lazy="raise", cascade="all, delete-orphan")


class UserRole(Base):
    __tablename__ = "user_role"
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)
    granted_at: Mapped[datetime] = mapped_column(Utc)
    granted_by: Mapped[int | None]


class UserSkill(Base):
    __tablename__ = "user_skill"
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    skill: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)


class Deputyship(Base):
    """From `starts_at` until `ends_at` the deputy is "on" whatever waits for the absent person."""

    __tablename__ = "deputyship"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    deputy_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column(Utc)
    ends_at: Mapped[datetime] = mapped_column(Utc)
    made_by: Mapped[int | None]
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # taken back early


class RecoveryCode(Base):
    __tablename__ = "recovery_code"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(Utc)


class UserSession(Base):
    """A signed-in browser. The cookie holds a random token; the row only its SHA-256."""

    __tablename__ = "user_session"
    id: Mapped[int] = mapped_column(primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    epoch: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Utc)
    seen_at: Mapped[datetime] = mapped_column(Utc)
    step_up_at: Mapped[datetime | None] = mapped_column(Utc)
    second_factor_pending: Mapped[bool] = mapped_column(default=False)
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    ended_at: Mapped[datetime | None] = mapped_column(Utc)


class ApiToken(Base):
    __tablename__ = "api_token"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime | None] = mapped_column(Utc)
    last_used_at: Mapped[datetime | None] = mapped_column(Utc)
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)


class PasswordReset(Base):
    __tablename__ = "password_reset"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(Utc)
    used_at: Mapped[datetime | None] = mapped_column(Utc)


class Throttle(Base):
    """Failures and token buckets, counted in the database because a process's memory forgets and multiplies."""

    __tablename__ = "throttle"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(160), unique=True)
    count: Mapped[int] = mapped_column(default=0)
    tokens: Mapped[float] = mapped_column(default=0.0)
    updated_at: Mapped[datetime] = mapped_column(Utc)
    blocked_until: Mapped[datetime | None] = mapped_column(Utc)


class Draft(HasUid, Base):
    """Typed text that was not saved yet (an expired session, later autosave), sealed under its author's own key."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("user_id", "slot"), Index("ix_draft_updated_at", "updated_at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    slot: Mapped[str] = mapped_column(String(200))  # which form: an endpoint and the number it is about
    path: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = sealed_column()  # JSON: field -> list of values
    updated_at: Mapped[datetime] = mapped_column(Utc)


__all__ = [
    "ApiToken",
    "Department",
    "Deputyship",
    "Draft",
    "PasswordReset",
    "RecoveryCode",
    "Throttle",
    "User",
    "UserRole",
    "UserSession",
    "UserSkill",
]
