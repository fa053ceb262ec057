"""The clocks of one cycle in memory: the same moves as `app.tickets.timing`, on plain rows.

What is promised and when a clock is late comes from the same pure functions; only the keeping of rows is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from app.sla.clock import Clock
from app.tickets.clocks import Deadline
from app.tickets.codes import ClockKind
from app.tickets.models import FAR

Row = dict[str, Any]

PROMISES_TO_CUSTOMERS = (ClockKind.RESPONSE.value, ClockKind.SOLUTION.value, ClockKind.PLANNED.value)


def as_clock(row: Row) -> Clock:
    return Clock(row["started_at"], row["due_at"], row["paused_at"], row["stopped_at"])


class Promises:
    """Current clocks by kind, and every row there ever was, in the order in which they were made."""

    def __init__(self, ticket_id: int, cycle_id: int, next_id: Callable[[], int]) -> None:
        self._ticket_id, self._cycle_id, self._next_id = ticket_id, cycle_id, next_id
        self.rows: list[Row] = []
        self.now: dict[str, Row] = {}

    def set(self, kind: ClockKind, wanted: Deadline | None, *, at: datetime, because: str) -> None:
        """Make this the clock of its kind; one with another date is replaced and stays visible."""
        row = self.now.get(kind.value)
        if row and wanted and row["due_at"] == wanted.due_at and row["started_at"] == wanted.started_at:
            row["policy_id"] = wanted.policy_id
            return
        self._replace(kind.value, wanted, at=at, because=because)

    def _replace(self, kind: str, wanted: Deadline | None, *, at: datetime, because: str) -> Row | None:
        row = self.now.pop(kind, None)
        if row:
            row["replaced_at"], row["replaced_because"] = at, because
        if wanted is None:
            return None
        stopped_at = row["stopped_at"] if row else None
        made = {
            "id": self._next_id(),
            "ticket_id": self._ticket_id,
            "cycle_id": self._cycle_id,
            "kind": kind,
            "policy_id": wanted.policy_id,
            "started_at": wanted.started_at,
            "due_at": wanted.due_at,
            "paused_at": row["paused_at"] if row else None,
            "stopped_at": stopped_at,
            "met": None if stopped_at is None else stopped_at <= wanted.due_at,
            "replaced_at": None,
            "replaced_because": None,
        }
        self.rows.append(made)
        self.now[kind] = made
        return made

    def stop(self, kind: ClockKind, at: datetime) -> None:
        """The promise was answered at this moment, in time or not."""
        row = self.now.get(kind.value)
        if row is not None and row["stopped_at"] is None:
            ended = as_clock(row).stop(at)
            row["stopped_at"], row["met"] = ended.stopped_at, ended.met

    def end_at(self, kind: ClockKind, at: datetime | None) -> None:
        """Stop at this moment whatever stood there before; None lets the clock run again."""
        row = self.now.get(kind.value)
        if row is None or row["stopped_at"] == at or _cancelled(row):
            return
        row["stopped_at"], row["met"] = None, None
        if at is not None:
            self.stop(kind, at)

    def pause(self, at: datetime, *, pauses: Callable[[int | None], bool]) -> None:
        row = self.now.get(ClockKind.SOLUTION.value)
        if row and row["stopped_at"] is None and row["paused_at"] is None and pauses(row["policy_id"]):
            row["paused_at"] = at

    def resume(self, at: datetime) -> None:
        for kind, row in list(self.now.items()):
            if row["paused_at"] is None:
                continue
            moved = as_clock(row).resume(at)
            wanted = Deadline(ClockKind(kind), row["policy_id"], row["started_at"], moved.due_at)
            made = self._replace(kind, wanted, at=at, because="paused")
            if made:
                made["paused_at"] = None

    def cancel(self, at: datetime) -> None:
        """Merged or invalid: what still runs ends neither kept nor broken."""
        self.resume(at)
        for row in self.now.values():
            if row["stopped_at"] is None:
                row["stopped_at"] = at

    def stop_all(self, at: datetime) -> None:
        """Nothing runs on a closed ticket."""
        for kind in self.now:
            self.stop(ClockKind(kind), at)

    def late(self, at: datetime) -> bool:
        """Was a promise to the customer broken by this moment?"""
        promises = (row for kind, row in self.now.items() if kind in PROMISES_TO_CUSTOMERS and not _cancelled(row))
        return any(min(row["stopped_at"] or row["paused_at"] or at, at) > row["due_at"] for row in promises)


def _cancelled(row: Row) -> bool:
    return row["stopped_at"] is not None and row["met"] is None


def next_due(rows: Iterable[Row]) -> datetime:
    """The earliest deadline that is running; FAR when none is."""
    running = (r["due_at"] for r in rows if not (r["replaced_at"] or r["stopped_at"] or r["paused_at"]))
    return min(running, default=FAR)
