"""Reference numbers: one counter row per kind and period, raised in the transaction that uses the number.

A rolled-back save gives its number back, so no gap and no repetition appears however many writers there are. The row
stays locked until the commit: take the number as the last step before the insert that carries it.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.orm import Base

DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")


class ReferenceCounter(Base):
    """The last number given per kind and period."""

    __tablename__ = "reference_counter"
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    period: Mapped[str] = mapped_column(String(8), primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


def next_number(session: Session, kind: str, period: str) -> int:
    """The next number of this kind and period, from 1 on; unique under concurrent writers on both databases."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(ReferenceCounter).values(kind=kind, period=period, last=1)
    raised = statement.on_conflict_do_update(
        index_elements=[ReferenceCounter.kind, ReferenceCounter.period],
        set_={"last": ReferenceCounter.last + 1},
    ).returning(ReferenceCounter.last)
    return int(session.connection().execute(raised).scalar_one())


def company_zone(session: Session) -> ZoneInfo:
    """The zone that days are counted in: `session.info["zone"]`, put there by whoever makes sessions."""
    zone = session.info.get("zone", DEFAULT_ZONE)
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo(str(zone))


def company_day(session: Session, at: datetime) -> date:
    """The calendar day of a moment in the company's zone."""
    return at.astimezone(company_zone(session)).date()
