"""Which columns hold sealed values, so that nothing sealed is forgotten by doctor, erasure, tests or a rotation.

A binary column is either `sealed_column()` or `plain_binary(why)`; `registry_faults` refuses any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Column, LargeBinary, MetaData, Table
from sqlalchemy.orm import MappedColumn, mapped_column


class SealedColumn(NamedTuple):
    """A sealed column. The data key of each value stands in the value's own header (`envelope.key_uid_of`)."""

    table: str
    column: str


def sealed_column(**options: Any) -> MappedColumn[Any]:
    """A column that only the vault writes and opens; its row needs a `uid` (`HasUid`)."""
    return mapped_column(LargeBinary, info={"sealed": True}, **options)


def plain_binary(why: str, **options: Any) -> MappedColumn[Any]:
    """A binary column that is no sealed value (a digest, a hash); says why it needs no sealing."""
    return mapped_column(LargeBinary, info={"plain": why}, **options)


def is_sealed(column: Column[Any]) -> bool:
    return bool(column.info.get("sealed"))


def tables_with_seals(metadata: MetaData) -> Iterator[tuple[Table, list[Column[Any]]]]:
    for table in metadata.sorted_tables:
        if columns := [column for column in table.columns if is_sealed(column)]:
            yield table, columns


def sealed_columns(metadata: MetaData) -> list[SealedColumn]:
    return [
        SealedColumn(table.name, column.name) for table, columns in tables_with_seals(metadata) for column in columns
    ]


def registry_faults(metadata: MetaData) -> list[str]:
    """What would escape the registry, as `table.column: reason`; an empty list in a sound program."""
    faults = [
        f"{table.name}.{column.name}: a binary column that is neither sealed nor explained"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and not (is_sealed(column) or column.info.get("plain"))
    ]
    for table, columns in tables_with_seals(metadata):
        uid: Column[Any] | None = table.columns.get("uid")
        if uid is None or uid.nullable or not _is_unique(table, uid):
            faults.append(f"{table.name}.{columns[0].name}: sealed, but the row has no unique uid to bind it to")
    return faults


def _is_unique(table: Table, column: Column[Any]) -> bool:
    if column.unique or column.primary_key:
        return True
    return any(index.unique and list(index.columns) == [column] for index in table.indexes)
