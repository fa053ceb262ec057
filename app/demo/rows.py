"""Rows on their way into the database, in bulk: COPY on PostgreSQL, executemany on SQLite.

The ORM would spend more time on a ticket than the ticket has; values are brought into the form that the columns' own
types give them (a test compares). Ids are given here, because the database is empty and nobody else writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Date, Table, text
from sqlalchemy.orm import Session

from app.orm import Base, Utc

Row = dict[str, Any]
Convert = Callable[[Any], Any]

# A row is inserted after those it points to.
ORDER = (
    "data_key",
    "customer",
    "contact",
    "contact_index",
    "purchase",
    "ticket",
    "cycle",
    "message",
    "ticket_event",
    "follow_up",
    "follow_up_attempt",
    "sla_clock",
    "pause",
    "assignment",
    "participation",
    "ticket_merge",
    "invalidation",
    "escalation",
    "ticket_link",
)


def _as_json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _sqlite_moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:26]


def _sqlite_day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def conversions(table: Table, dialect: str) -> dict[str, Convert]:
    """How the values of a table's columns go to the driver; columns that are not named go as they are."""
    found: dict[str, Convert] = {}
    for column in table.columns:
        if isinstance(column.type, JSON):
            found[column.name] = _as_json
        elif dialect == "sqlite" and isinstance(column.type, Utc):
            found[column.name] = _sqlite_moment
        elif dialect == "sqlite" and isinstance(column.type, Date):
            found[column.name] = _sqlite_day
    return found


class Rows:
    """Collects rows by table, gives ids, and writes everything at once."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {name: [] for name in ORDER}
        self._last: dict[str, int] = dict.fromkeys(ORDER, 0)

    def id(self, table: str) -> int:
        """The next id of a table."""
        self._last[table] += 1
        return self._last[table]

    def add(self, table: str, row: Row) -> None:
        self._rows[table].append(row)

    def take(self) -> dict[str, list[Row]]:
        """What was collected by now, in the order of insertion; the next rows begin anew."""
        taken, self._rows = self._rows, {name: [] for name in ORDER}
        return taken

    @property
    def last(self) -> dict[str, int]:
        """The last id given, by table."""
        return dict(self._last)


@dataclass(frozen=True)
class Packed:
    """Rows of one table, column by column, in the form in which the driver takes them."""

    names: tuple[str, ...]
    columns: tuple[list[Any], ...]


def pack(collected: Mapping[str, list[Row]], dialect: str) -> dict[str, Packed]:
    """Bring collected rows into the driver's form. Rows of a table all name the same columns."""
    return {name: _packed(Base.metadata.tables[name], rows, dialect) for name, rows in collected.items() if rows}


def _packed(table: Table, rows: list[Row], dialect: str) -> Packed:
    names = tuple(rows[0])
    converting = conversions(table, dialect)
    columns: list[list[Any]] = []
    for name in names:
        values = [row[name] for row in rows]
        columns.append(list(map(converting[name], values)) if name in converting else values)
    return Packed(names, tuple(columns))


def insert(session: Session, packed: Mapping[str, Packed]) -> None:
    """Write packed rows, table by table, inside the session's transaction."""
    dialect = session.get_bind().dialect.name
    driver: Any = session.connection().connection.driver_connection
    for table, rows in packed.items():
        quoted = ", ".join(f'"{name}"' for name in rows.names)
        tuples = zip(*rows.columns, strict=True)
        if dialect == "postgresql":
            with driver.cursor() as cursor, cursor.copy(f'COPY "{table}" ({quoted}) FROM STDIN') as copy:
                for values in tuples:
                    copy.write_row(values)
        else:
            marks = ", ".join("?" * len(rows.names))
            driver.executemany(f'INSERT INTO "{table}" ({quoted}) VALUES ({marks})', tuples)  # noqa: S608 our own names


def write(session: Session, collected: Mapping[str, list[Row]]) -> None:
    """Pack and insert in one go."""
    insert(session, pack(collected, session.get_bind().dialect.name))


def go_on_after(session: Session, last: Mapping[str, int]) -> None:
    """PostgreSQL counts ids by itself: let it go on after ours. SQLite looks at the table."""
    if session.get_bind().dialect.name != "postgresql":
        return
    move = text("select setval(pg_get_serial_sequence(:table, 'id'), :last)")
    for name, id in last.items():
        if id:
            session.execute(move, {"table": name, "last": id})
