"""Arithmetic on promises: when something is due, standing still, being late. No database, no wall clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

END_OF_DAY = time(18, 0)  # what a bare date means: the end of the office day


class Unit(StrEnum):
    MINUTE = "minute"
    HOUR = "hour"
    WORKING_DAY = "working_day"  # 24 hours: there is no calendar of holidays yet
    NEXT_CYCLE = "next_cycle"  # the last working day of next month


@dataclass(frozen=True)
class Clock:
    """Runs from `started_at` towards `due_at`; stands still while `paused_at` is set; over once `stopped_at` is."""

    started_at: datetime
    due_at: datetime
    paused_at: datetime | None = None
    stopped_at: datetime | None = None

    def pause(self, at: datetime) -> Clock:
        return self if self.paused_at or self.stopped_at else replace(self, paused_at=at)

    def resume(self, at: datetime) -> Clock:
        """Move the deadline back by exactly as long as we stood still."""
        if self.paused_at is None:
            return self
        return replace(self, due_at=self.due_at + (at - self.paused_at), paused_at=None)

    def stop(self, at: datetime) -> Clock:
        """End the clock; one that stood still ends at the deadline it would have had."""
        return self if self.stopped_at else replace(self.resume(at), stopped_at=at)

    @property
    def met(self) -> bool | None:
        """Was the promise kept? None while it runs."""
        return None if self.stopped_at is None else self.stopped_at <= self.due_at

    def overdue(self, now: datetime) -> bool:
        """Late by now, or ended too late. A clock that stands still is as late as it was when it stopped."""
        return (self.stopped_at or self.paused_at or now) > self.due_at

    def elapsed(self, now: datetime) -> float:
        """How much of the time is used: 0.8 is the moment of the reminder, above 1 is late."""
        whole = (self.due_at - self.started_at).total_seconds()
        used = ((self.stopped_at or self.paused_at or now) - self.started_at).total_seconds()
        return used / whole if whole > 0 else 1.0


def due(start: datetime, amount: int, unit: Unit, zone: ZoneInfo) -> datetime:
    """The deadline of a promise of `amount` `unit`s made at `start`."""
    match unit:
        case Unit.MINUTE:
            return start + timedelta(minutes=amount)
        case Unit.HOUR:
            return start + timedelta(hours=amount)
        case Unit.WORKING_DAY:
            return start + timedelta(days=amount)
        case Unit.NEXT_CYCLE:
            return end_of_day(last_working_day_of_next_month(start.astimezone(zone).date()), zone)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """What is meant when only a day is named."""
    return datetime.combine(day, END_OF_DAY, tzinfo=zone)


def last_working_day_of_next_month(day: date) -> date:
    """Monday to Friday: holidays are unknown until there is a calendar."""
    first_after = date(day.year + (day.month + 1) // 12, (day.month + 1) % 12 + 1, 1)
    last = first_after - timedelta(days=1)
    return last - timedelta(days=max(0, last.weekday() - 4))
