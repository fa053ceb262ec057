"""Every sealed column of the program is registered, opens in its own row, and refuses a neighbour's value."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Mapper, Session

import app.extensions  # noqa: F401 — brings every model in
from app.crypto import (
    OWNER_SYSTEM,
    DataKey,
    SealedColumn,
    State,
    registry_faults,
    sealed_columns,
    throwaway_rings,
    vault,
)
from app.orm import Base, prepare_engine

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
SEALED = sealed_columns(Base.metadata)


@pytest.fixture
def session() -> Iterator[Session]:
    engine = prepare_engine(create_engine("sqlite://"))
    with Session(engine, info={"rings": throwaway_rings()}, autoflush=False) as session:
        session.connection()
        DataKey.metadata.tables["data_key"].create(session.connection())
        yield session
    engine.dispose()


def mapper_of(table: str) -> Mapper[object]:
    return next(mapper for mapper in Base.registry.mappers if getattr(mapper.local_table, "name", None) == table)


def test_no_binary_column_escapes_the_registry() -> None:
    assert registry_faults(Base.metadata) == []
    assert SEALED


@pytest.mark.parametrize("sealed", SEALED, ids=lambda sealed: ".".join(sealed))
def test_a_sealed_column_opens_with_the_uid_of_its_row(session: Session, sealed: SealedColumn) -> None:
    mapper = mapper_of(sealed.table)
    attribute = mapper.get_property_by_column(mapper.local_table.c[sealed.column]).key
    mine, other = mapper.class_(), mapper.class_()
    key = vault(session).new_key(OWNER_SYSTEM, 0, NOON)
    for row in (mine, other):
        setattr(row, attribute, vault(session).seal(row, attribute, "张小明", key))
    assert vault(session).open(mine, attribute).text == "张小明"
    setattr(mine, attribute, getattr(other, attribute))
    assert vault(session).open(mine, attribute).state is State.DAMAGED
