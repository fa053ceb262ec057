"""Rules that the service administrator edits: categories, the priority matrix, promises on time, routing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, Utc


class Category(Base):
    """Two levels: a top one has no parent. A used category is retired, never deleted."""

    __tablename__ = "category"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)  # fault, fault.hardware …
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    impact: Mapped[int] = mapped_column(default=1)  # default axes
    urgency: Mapped[int] = mapped_column(default=1)
    severity: Mapped[int] = mapped_column(default=1)
    complaint: Mapped[bool] = mapped_column(default=False)
    form5: Mapped[str] = mapped_column(String(16), default="售后")  # 需求类型 of the official table 5
    other_person: Mapped[str] = mapped_column(String(16), default="prefer")  # asks another: off, prefer, require
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)


class PriorityCell(Base):
    __tablename__ = "priority_cell"
    severity: Mapped[int] = mapped_column(primary_key=True)
    impact: Mapped[int] = mapped_column(primary_key=True)
    urgency: Mapped[int] = mapped_column(primary_key=True)
    priority: Mapped[str] = mapped_column(String(2))
    version: Mapped[int] = mapped_column(default=1)


class SlaPolicy(Base):
    """Which tickets a set of promises is for; empty lists match all, the most specific policy wins."""

    __tablename__ = "sla_policy"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    channels: Mapped[list[str]] = mapped_column(JSON, default=list)
    categories: Mapped[list[str]] = mapped_column(JSON, default=list)  # codes; a top one covers its children
    tiers: Mapped[list[str]] = mapped_column(JSON, default=list)
    pauses_in_waiting: Mapped[bool] = mapped_column(default=True)
    promise_counts: Mapped[bool] = mapped_column(default=False)  # a recorded promise stops the solution clock
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None] = mapped_column(Utc)
    version: Mapped[int] = mapped_column(default=1)


class SlaTarget(Base):
    """How long one kind of clock runs at one priority. No row: no clock."""

    __tablename__ = "sla_target"
    policy_id: Mapped[int] = mapped_column(ForeignKey("sla_policy.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)  # ClockKind
    priority: Mapped[str] = mapped_column(String(2), primary_key=True)
    amount: Mapped[int]
    unit: Mapped[str] = mapped_column(String(16))  # app.sla.clock.Unit


class RoutingRule(Base):
    """Ordered; the first match gives the department. An empty field matches all."""

    __tablename__ = "routing_rule"
    id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int]
    category: Mapped[str | None] = mapped_column(String(40))  # code; a top one covers its children
    priority: Mapped[str | None] = mapped_column(String(2))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    tier: Mapped[str | None] = mapped_column(String(16))
    channel: Mapped[str | None] = mapped_column(String(16))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    role: Mapped[str | None] = mapped_column(String(32))  # supervisor: to the department's lead
    assisting: Mapped[list[Any]] = mapped_column(JSON, default=list)  # department codes
    escalate: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
