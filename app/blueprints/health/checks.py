"""Is this installation able to work? Each check gives a measured fact; `/readyz` and `flask doctor` show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.installation import is_migrated
from app.outbox import claiming

LATEST_JOB = timedelta(minutes=5)


@dataclass(frozen=True)
class Check:
    """`seconds`: how old the last sign of life is, or how long the oldest job waits; None where nothing is measured."""

    name: str
    ok: bool
    seconds: float | None = None


def readiness(session: Session, now: datetime) -> list[Check]:
    """The database, its schema, a living worker, and work that doesn't pile up."""
    try:
        migrated = is_migrated(session.connection())
        if not migrated:
            return [Check("database", True), Check("migrations", False)]
        return [Check("database", True), Check("migrations", True), *_work(session, now)]
    except SQLAlchemyError:
        session.rollback()
        return [Check("database", False)]


def _work(session: Session, now: datetime) -> list[Check]:
    beat = claiming.last_beat(session)
    age = now - beat if beat else None
    waits = claiming.oldest_overdue(session, now)
    return [
        Check("worker", age is not None and age < claiming.ALIVE, age.total_seconds() if age is not None else None),
        Check("oldest_due_job", waits < LATEST_JOB, waits.total_seconds()),
    ]
