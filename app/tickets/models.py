"""A ticket and everything that hangs on it.

What a person wrote is a pair: `<name>_sealed` (the original) and `<name>_redacted` (a copy without personal data that
feeds lists, search and everybody without the right). Follow-up, clocks and resolution hang on a cycle; reopening
starts a new one. A deadline is never overwritten: the row that replaces a clock names it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.registry import sealed_column
from app.orm import Base, HasUid, Utc

# Stands in `next_due_at` while no clock runs: with NULL, "order by due" would need a second index on each database.
FAR = datetime(9999, 12, 30, tzinfo=UTC)


class Ticket(HasUid, Base):
    __tablename__ = "ticket"
    __table_args__ = (
        UniqueConstraint("day", "seq"),
        CheckConstraint("priority_rank between 0 and 9", name="priority_rank"),
        # one keyset branch per column that a person's reach is made of; the order columns come last
        Index("ix_ticket_updated", "updated_at", "id"),
        Index("ix_ticket_received", "received_at", "id"),
        Index("ix_ticket_due", "next_due_at", "id"),
        Index("ix_ticket_priority", "priority_rank", "id"),
        Index("ix_ticket_status_updated", "status", "updated_at", "id"),
        Index("ix_ticket_department_status", "department_id", "status", "updated_at", "id"),
        Index("ix_ticket_department_updated", "department_id", "updated_at", "id"),
        Index("ix_ticket_department_due", "department_id", "next_due_at", "id"),
        Index("ix_ticket_department_priority", "department_id", "priority_rank", "id"),
        Index("ix_ticket_home_status", "home_department_id", "status", "updated_at", "id"),
        Index("ix_ticket_home_updated", "home_department_id", "updated_at", "id"),
        Index("ix_ticket_home_due", "home_department_id", "next_due_at", "id"),
        Index("ix_ticket_home_priority", "home_department_id", "priority_rank", "id"),
        Index("ix_ticket_assignee_updated", "assignee_id", "status", "updated_at", "id"),
        Index("ix_ticket_registrar_updated", "registrar_id", "updated_at", "id"),
        Index("ix_ticket_customer", "customer_id", "id"),
        Index("ix_ticket_category_updated", "category_id", "updated_at", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    no: Mapped[str] = mapped_column(String(24), unique=True)  # CS…; the feedback number is the same digits behind F
    day: Mapped[date]
    seq: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16), default="page")  # page, api, import …
    once: Mapped[str | None] = mapped_column(String(80), unique=True)  # the form's own key: sent twice, registered once

    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    reported_name: Mapped[bytes | None] = sealed_column(nullable=True)  # another name given for a known contact
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), index=True)
    product_text: Mapped[str] = mapped_column(String(200), default="")  # as given, redacted; unknown products stay text
    story_sealed: Mapped[bytes | None] = sealed_column(nullable=True)
    story_redacted: Mapped[str] = mapped_column(Text, default="")
    # JSON: scene, expectation, tried, occurred_at, purchased_on
    facts_sealed: Mapped[bytes | None] = sealed_column(nullable=True)
    facts_redacted: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    remark_sealed: Mapped[bytes | None] = sealed_column(nullable=True)
    remark_redacted: Mapped[str] = mapped_column(Text, default="")

    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    # axes as given, and as effective after VIP floor and marks
    impact: Mapped[int | None]
    urgency: Mapped[int | None]
    severity: Mapped[int | None]
    impact_effective: Mapped[int | None]
    urgency_effective: Mapped[int | None]
    severity_effective: Mapped[int | None]
    axis_notes_sealed: Mapped[bytes | None] = sealed_column(nullable=True)  # JSON: impact, urgency, severity
    axis_notes_redacted: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    marks: Mapped[list[str]] = mapped_column(JSON, default=list)
    priority: Mapped[str | None] = mapped_column(String(2))
    priority_rank: Mapped[int] = mapped_column(default=9)  # 0–3; 9 = not triaged yet
    priority_rule: Mapped[str | None] = mapped_column(String(40))
    urgency_preset: Mapped[int | None]  # after a reopening: one step up

    home_department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))  # the registrar's; owns the contact
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))  # acts now
    first_department_id: Mapped[int | None]  # where triage routed it first
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    registrar_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    follow_up_holder_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)  # of the open follow-up
    wrong_routings: Mapped[int] = mapped_column(default=0)

    received_at: Mapped[datetime] = mapped_column(Utc)
    registered_at: Mapped[datetime] = mapped_column(Utc)
    verified_at: Mapped[datetime | None] = mapped_column(Utc)
    updated_at: Mapped[datetime] = mapped_column(Utc)
    next_due_at: Mapped[datetime] = mapped_column(Utc, default=FAR)  # the earliest running clock
    planned_for: Mapped[datetime | None] = mapped_column(Utc)
    planned_set_at: Mapped[datetime | None] = mapped_column(Utc)  # a person gave the date: now only a delay moves it
    cycle: Mapped[int] = mapped_column(default=1)  # the number of the current cycle
    reopened: Mapped[int] = mapped_column(default=0)
    escalated_at: Mapped[datetime | None] = mapped_column(Utc)
    complaint: Mapped[bool] = mapped_column(default=False)  # category complaint, or ever escalated as one
    flagged_at: Mapped[datetime | None] = mapped_column(Utc)  # the customer wrote while the follow-up was waiting
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    closed_at: Mapped[datetime | None] = mapped_column(Utc)
    closed_by: Mapped[int | None]
    closed_as: Mapped[str | None] = mapped_column(String(16))  # Outcome


class Cycle(HasUid, Base):
    __tablename__ = "cycle"
    __table_args__ = (UniqueConstraint("ticket_id", "n"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    n: Mapped[int]
    opened_at: Mapped[datetime] = mapped_column(Utc)
    reopened_by: Mapped[int | None]
    triaged_at: Mapped[datetime | None] = mapped_column(Utc)
    first_answer_at: Mapped[datetime | None] = mapped_column(Utc)
    started_at: Mapped[datetime | None] = mapped_column(Utc)
    resolved_at: Mapped[datetime | None] = mapped_column(Utc)
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at_once: Mapped[bool] = mapped_column(default=False)
    cause_kind: Mapped[str | None] = mapped_column(String(16))
    root_cause_sealed: Mapped[bytes | None] = sealed_column(nullable=True)
    root_cause_redacted: Mapped[str] = mapped_column(Text, default="")
    solution_sealed: Mapped[bytes | None] = sealed_column(nullable=True)
    solution_redacted: Mapped[str] = mapped_column(Text, default="")
    improvement_sealed: Mapped[bytes | None] = sealed_column(nullable=True)
    improvement_redacted: Mapped[str] = mapped_column(Text, default="")
    overdue_sealed: Mapped[bytes | None] = sealed_column(nullable=True)
    overdue_redacted: Mapped[str] = mapped_column(Text, default="")


class Message(HasUid, Base):
    __tablename__ = "message"
    __table_args__ = (Index("ix_message_ticket_id_id", "ticket_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    kind: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))  # who wrote it down
    automatic: Mapped[bool] = mapped_column(default=False)  # an automatic receipt is no answer
    body_sealed: Mapped[bytes | None] = sealed_column(nullable=True)
    body_redacted: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16))
    promised_for: Mapped[datetime | None] = mapped_column(Utc)
    at: Mapped[datetime] = mapped_column(Utc)
    sent_at: Mapped[datetime | None] = mapped_column(Utc)


class Event(HasUid, Base):
    """One timeline entry. `data` holds ids and codes; what a person wrote as the reason is the pair `why_*`."""

    __tablename__ = "ticket_event"
    __table_args__ = (Index("ix_ticket_event_ticket_id_id", "ticket_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    cycle_n: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(Utc)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    standing_for: Mapped[int | None]
    from_status: Mapped[str | None] = mapped_column(String(16))
    to_status: Mapped[str | None] = mapped_column(String(16))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    why_sealed: Mapped[bytes | None] = sealed_column(nullable=True)
    why_redacted: Mapped[str] = mapped_column(Text, default="")


class FollowUp(HasUid, Base):
    __tablename__ = "follow_up"
    __table_args__ = (
        Index("ix_follow_up_holder", "state", "holder_id", "due_at", "id"),
        Index("ix_follow_up_department", "state", "department_id", "due_at", "id"),
        Index("ix_follow_up_due", "state", "due_at", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    no: Mapped[str] = mapped_column(String(28), unique=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"), unique=True)  # one per cycle
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    same_person: Mapped[bool] = mapped_column(default=False)  # asked by the one who solved it: shown
    state: Mapped[str] = mapped_column(String(16))  # open, done, cancelled
    outcome: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(Utc)
    due_at: Mapped[datetime] = mapped_column(Utc)
    next_attempt_at: Mapped[datetime | None] = mapped_column(Utc)
    completed_at: Mapped[datetime | None] = mapped_column(Utc)
    solved: Mapped[bool | None]
    score: Mapped[int | None]
    nps: Mapped[int | None]


class FollowUpAttempt(HasUid, Base):
    __tablename__ = "follow_up_attempt"
    id: Mapped[int] = mapped_column(primary_key=True)
    follow_up_id: Mapped[int] = mapped_column(ForeignKey("follow_up.id"), index=True)
    at: Mapped[datetime] = mapped_column(Utc)
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    method: Mapped[str] = mapped_column(String(16))  # phone, online
    reached: Mapped[bool]
    solved: Mapped[bool | None]
    score: Mapped[int | None]
    nps: Mapped[int | None]
    solved_note_sealed: Mapped[bytes | None] = sealed_column(nullable=True)
    solved_note_redacted: Mapped[str] = mapped_column(Text, default="")
    comment_sealed: Mapped[bytes | None] = sealed_column(nullable=True)
    comment_redacted: Mapped[str] = mapped_column(Text, default="")
    suggestions_sealed: Mapped[bytes | None] = sealed_column(nullable=True)
    suggestions_redacted: Mapped[str] = mapped_column(Text, default="")


class SlaClock(Base):
    """A promise on time. Moving it makes a new row; the old one keeps its date and names its replacement."""

    __tablename__ = "sla_clock"
    __table_args__ = (
        Index(
            "uq_sla_clock_current",
            "cycle_id",
            "kind",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index(
            "ix_sla_clock_running",
            "due_at",
            "id",
            sqlite_where=text("stopped_at IS NULL AND replaced_at IS NULL"),
            postgresql_where=text("stopped_at IS NULL AND replaced_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    kind: Mapped[str] = mapped_column(String(16))
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("sla_policy.id"))
    started_at: Mapped[datetime] = mapped_column(Utc)
    due_at: Mapped[datetime] = mapped_column(Utc)
    paused_at: Mapped[datetime | None] = mapped_column(Utc)
    stopped_at: Mapped[datetime | None] = mapped_column(Utc)
    met: Mapped[bool | None]  # None while running or when cancelled (merged, invalid)
    replaced_at: Mapped[datetime | None] = mapped_column(Utc)
    replaced_because: Mapped[str | None] = mapped_column(String(32))  # triage, paused, delay, reply_withdrawn …


class Pause(Base):
    """One stay in `waiting`."""

    __tablename__ = "pause"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    started_at: Mapped[datetime] = mapped_column(Utc)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)


class Assignment(Base):
    """Who had the ticket from when on; a changed department counts as a wrong routing."""

    __tablename__ = "assignment"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(Utc)
    by_id: Mapped[int | None]
    wrong_routing: Mapped[bool] = mapped_column(default=False)


class Participation(Base):
    """Who else takes part: an assisting department, an asked expert, a reviewer with a sample."""

    __tablename__ = "participation"
    __table_args__ = (
        Index("ix_participation_department", "department_id", "ticket_id"),
        Index("ix_participation_user", "user_id", "part", "ticket_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    part: Mapped[str] = mapped_column(String(16))  # assist, asked, sample
    since: Mapped[datetime] = mapped_column(Utc)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)


class Merge(Base):
    __tablename__ = "ticket_merge"
    __table_args__ = (
        Index(
            "uq_ticket_merge_current",
            "ticket_id",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    into_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    via_id: Mapped[int | None]  # came along when the ticket it lay in was merged on; goes back with it
    from_status: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(Utc)
    by_id: Mapped[int | None]
    undone_at: Mapped[datetime | None] = mapped_column(Utc)
    undone_by: Mapped[int | None]


class Invalidation(Base):
    __tablename__ = "invalidation"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    asked_at: Mapped[datetime] = mapped_column(Utc)
    asked_by: Mapped[int] = mapped_column(ForeignKey("user.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(Utc)
    confirmed_by: Mapped[int | None]
    ended_at: Mapped[datetime | None] = mapped_column(Utc)  # withdrawn, refused, or the ticket restored
    ended_by: Mapped[int | None]


class Escalation(Base):
    __tablename__ = "escalation"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # complaint, supervisor, head, regulator
    at: Mapped[datetime] = mapped_column(Utc)
    by_id: Mapped[int | None]
    taken_at: Mapped[datetime | None] = mapped_column(Utc)
    taken_by: Mapped[int | None]


class TicketLink(Base):
    __tablename__ = "ticket_link"
    __table_args__ = (UniqueConstraint("from_id", "to_id", "kind"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # follows, duplicate, parent (from = child), caused_by
    at: Mapped[datetime] = mapped_column(Utc)
    by_id: Mapped[int | None]
