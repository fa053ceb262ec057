"""The generator tells the truth: its histories, sent through the real services, come out the same."""

import os
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from app.crypto import vault
from app.demo import loading, world
from app.demo.generator import Generator
from app.demo.rows import go_on_after, write
from app.demo.sealing import Keys
from app.orm import Base
from tests.databases import Database
from tests.domain.demo_replay import CUSTOMERS, Replay, comparable, of_ticket

NOW = datetime(2026, 11, 20, 2, 42, tzinfo=UTC)
HISTORIES = 200 if os.environ.get("BIHUAN_PROOF") == "1" else 40


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_the_services_make_the_same_of_a_script(session: Session, database: Database) -> None:
    loading.make_company(session, now=NOW, password="a demo password", seed=7)
    session.commit()
    found = world.read(session, NOW)
    generator = Generator(found, Keys.of(vault(session).rings), tickets=HISTORIES, seed=7, now=NOW)
    compared = 0
    for unit, histories in generator.units():
        rows = generator.rows.take()
        write(session, {name: rows.pop(name) for name in CUSTOMERS})
        go_on_after(session, {name: generator.rows.last[name] for name in CUSTOMERS})
        ids = [history.ticket["id"] for history in histories]
        overdue = {(ids.index(row["ticket_id"]), row["n"]) for row in rows["cycle"] if row["overdue_sealed"]}
        tickets = Replay(session, found, overdue).unit(unit, histories[0].owner.id)
        for history, ticket in zip(histories, tickets, strict=True):
            for table, made in rows.items():
                mine = [row for row in made if _belongs(table, row, history.ticket["id"], rows)]
                theirs = _sorted(comparable(table, of_ticket(session, table, ticket.id)))
                assert _differences(theirs, _sorted(comparable(table, mine))) == [], f"{table} of {ticket.no}"
            compared += 1
        session.commit()
    assert compared == HISTORIES


def _belongs(table: str, row: dict[str, object], ticket_id: int, rows: dict[str, list[dict[str, object]]]) -> bool:
    if table == "ticket":
        return row["id"] == ticket_id
    if table == "ticket_link":
        return row["from_id"] == ticket_id
    if table == "follow_up_attempt":
        return any(f["id"] == row["follow_up_id"] and f["ticket_id"] == ticket_id for f in rows["follow_up"])
    return row["ticket_id"] == ticket_id


def _differences(theirs: list[dict[str, object]], ours: list[dict[str, object]]) -> list[object]:
    """What the services made, and what the generator made instead."""
    if len(theirs) != len(ours):
        return [("number of rows", len(theirs), len(ours)), theirs, ours]
    return [
        (name, one.get(name), other.get(name))
        for one, other in zip(theirs, ours, strict=True)
        for name in one.keys() | other.keys()
        if one.get(name) != other.get(name)
    ]


def _sorted(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Clocks of one moment may be inserted in any order."""
    return sorted(rows, key=lambda row: sorted((name, str(value)) for name, value in row.items()))


def test_every_table_is_known_to_the_comparison() -> None:
    assert set(CUSTOMERS) <= set(Base.metadata.tables)
