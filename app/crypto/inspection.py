"""Does everything sealed still open? What `doctor` asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, MetaData, Table, select
from sqlalchemy.orm import Session

from app.crypto.envelope import Place, key_uid_of
from app.crypto.registry import tables_with_seals
from app.crypto.vaults import State, Vault, vault
from app.orm import Base

NEWEST_ROWS = 200
BATCH = 500


class SealedFault(NamedTuple):
    """A sealed value that doesn't open (ids and names only)."""

    table: str
    column: str
    row_uid: str
    state: State


def check_sealed(session: Session, *, deep: bool = False, metadata: MetaData = Base.metadata) -> list[SealedFault]:
    """Open the newest rows of every table with sealed columns, or with `deep` all. Erased values are no fault."""
    strongbox = vault(session)
    faults: list[SealedFault] = []
    for table, columns in tables_with_seals(metadata):
        for rows in _batches(session, table, columns, deep):
            faults += _faults_in(strongbox, table, columns, rows)
    return faults


def _batches(session: Session, table: Table, columns: Sequence[Column[Any]], deep: bool) -> Iterator[Sequence[Any]]:
    """Newest first by primary key, in pages: a table may be far larger than memory."""
    (order,) = table.primary_key.columns
    query = select(order, table.c.uid, *columns).order_by(order.desc())
    rows = session.execute(query.limit(BATCH if deep else NEWEST_ROWS)).all()
    while rows:
        yield rows
        if not deep:
            return
        rows = session.execute(query.where(order < rows[-1][0]).limit(BATCH)).all()


def _faults_in(
    strongbox: Vault, table: Table, columns: Sequence[Column[Any]], rows: Sequence[Any]
) -> Iterator[SealedFault]:
    uids = (key_uid_of(value) for row in rows for value in row[2:] if value is not None)
    strongbox.preload_keys(uid for uid in uids if uid)
    for row in rows:
        for column, value in zip(columns, row[2:], strict=True):
            _, state = strongbox.open_bytes(Place(table.name, column.name, row[1]), value)
            if state in (State.DAMAGED, State.LOCKED):
                yield SealedFault(table.name, column.name, row[1], state)
