"""Changing the key ring: everything moves to the new key while the program runs, also when it is killed half-way."""

import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, update
from sqlalchemy.orm import Session

from app.crypto import OWNER_CUSTOMER, DataKey, Place, Rings, State, create_missing, keys, load_rings, vault
from app.crypto.keyring import KeyRing
from app.errors import Conflict, Locked
from app.orm import write_transaction
from tests.databases import empty_database, make_engine

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)

KILLED_WHILE_REWRAPPING = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from app.crypto import keys, load_rings
from app.orm import prepare_engine, write_transaction

url, data_dir, batches, inside = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "inside"
engine = prepare_engine(create_engine(url))
begun = 0

@contextmanager
def begin():
    global begun
    begun += 1
    with Session(engine) as session, write_transaction(session):
        yield session
        if inside and begun > batches:
            os.kill(os.getpid(), signal.SIGKILL)
    if begun >= batches and not inside:
        os.kill(os.getpid(), signal.SIGKILL)

keys.rewrap(begin, load_rings({}, data_dir), batch=10)
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with empty_database(request.param) as url:
        engine = make_engine(url)
        DataKey.metadata.tables["data_key"].create(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def rings(tmp_path: Path) -> Rings:
    create_missing({}, tmp_path / "data")
    return load_rings({}, tmp_path / "data")


class Desk:
    """A database with fifty sealed values, each under a data key of its own."""

    def __init__(self, engine: Engine, rings: Rings) -> None:
        self.engine, self.rings = engine, rings
        self.values: dict[Place, bytes] = {}
        with self.begin() as session:
            for number in range(50):
                key = vault(session).new_key(OWNER_CUSTOMER, number + 1, NOON)
                place = Place("customer", "name", key.uid)
                self.values[place] = vault(session).seal_at(place, f"name {number}", key)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        with Session(self.engine, info={"rings": self.rings}) as session, write_transaction(session):
            yield session

    def states(self, rings: Rings) -> set[State]:
        with Session(self.engine, info={"rings": rings}) as session:
            return {vault(session).open_at(place, value).state for place, value in self.values.items()}

    def under(self, key_id: str) -> int:
        with Session(self.engine) as session:
            return session.scalar(select(func.count()).where(DataKey.kek_id == key_id)) or 0


@pytest.fixture
def desk(engine: Engine, rings: Rings) -> Desk:
    return Desk(engine, rings)


def test_the_whole_way_from_the_old_key_to_the_new(desk: Desk) -> None:
    old = desk.rings.field.newest.id
    new = keys.add(desk.rings.field).key_id
    with desk.begin() as session:
        status = keys.status(session, desk.rings)
        assert (status.newest, status.data_keys, status.unknown) == (new, {old: 50}, ())
        assert keys.verify(session, desk.rings).stale == {old: 50}
        with pytest.raises(Conflict, match="50"):
            keys.retire(session, desk.rings, old)
    heard: list[int] = []
    assert keys.rewrap(desk.begin, desk.rings, batch=20, progress=heard.append) == keys.Rewrapped(50, ())
    assert heard == [20, 40, 50]
    with desk.begin() as session:
        assert keys.verify(session, desk.rings).ok
        keys.retire(session, desk.rings, old)
    assert desk.rings.field.ids == (new,)
    assert desk.states(desk.rings) == {State.OPEN}


def test_a_second_run_has_nothing_to_do(desk: Desk) -> None:
    keys.add(desk.rings.field)
    keys.rewrap(desk.begin, desk.rings)
    before = desk.under(desk.rings.field.newest.id)
    assert keys.rewrap(desk.begin, desk.rings) == keys.Rewrapped(0, ())
    assert desk.under(desk.rings.field.newest.id) == before == 50


@pytest.mark.serial
@pytest.mark.parametrize("moment", ["between", "inside"])
@pytest.mark.parametrize("batches", [1, 3])
def test_kill_9_in_the_middle_loses_nothing_and_the_next_run_goes_on(
    desk: Desk, tmp_path: Path, moment: str, batches: int
) -> None:
    old = desk.rings.field.newest.id
    new = keys.add(desk.rings.field).key_id
    url = desk.engine.url.render_as_string(hide_password=False)
    arguments = [url, str(tmp_path / "data"), str(batches), moment]
    ended = subprocess.run([sys.executable, "-c", KILLED_WHILE_REWRAPPING, *arguments], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert (desk.under(new), desk.under(old)) == (batches * 10, 50 - batches * 10)
    assert desk.states(load_rings({}, tmp_path / "data")) == {State.OPEN}
    assert keys.rewrap(desk.begin, desk.rings).done == 50 - batches * 10
    with desk.begin() as session:
        assert keys.verify(session, desk.rings).ok


def test_a_process_that_started_before_reads_and_writes_on(desk: Desk, tmp_path: Path) -> None:
    """The server knows only the old key when an administrator adds one, rewraps and retires beside it."""
    elsewhere = load_rings({}, tmp_path / "data")
    old = elsewhere.field.newest.id
    keys.add(elsewhere.field)
    keys.rewrap(desk.begin, elsewhere)
    with desk.begin() as session:
        keys.retire(session, elsewhere, old)
    assert desk.states(desk.rings) == {State.OPEN}
    with desk.begin() as session:
        assert vault(session).new_key(OWNER_CUSTOMER, 99, NOON).kek_id == elsewhere.field.newest.id


def test_erasing_during_the_rewrapping_wins(desk: Desk) -> None:
    keys.add(desk.rings.field)
    begun = 0

    @contextmanager
    def begin() -> Iterator[Session]:
        nonlocal begun
        begun += 1
        if begun == 2:
            with desk.begin() as session:
                vault(session).destroy_keys(OWNER_CUSTOMER, 50, NOON)
        with desk.begin() as session:
            yield session

    assert keys.rewrap(begin, desk.rings, batch=10).done == 49
    with desk.begin() as session:
        erased = session.scalars(select(DataKey).where(DataKey.owner_id == 50)).one()
        assert erased.wrapped == b""
        assert keys.status(session, desk.rings).destroyed == 1
        assert keys.verify(session, desk.rings).ok


def test_the_swap_leaves_alone_what_somebody_else_changed(desk: Desk) -> None:
    newest = desk.rings.field.newest.id
    change: dict[str, object] = {"of": 1, "was": "k-other", "wrapped": b"new", "kek_id": "k-new"}
    with desk.begin() as session:
        assert keys._swap(session, [change, {**change, "of": 2, "was": newest}]) == 1
        assert session.scalars(select(DataKey.kek_id).where(DataKey.id.in_([1, 2])).order_by(DataKey.id)).all() == [
            newest,
            "k-new",
        ]
        session.rollback()


def test_a_data_key_that_nothing_opens_is_reported_and_left(desk: Desk) -> None:
    with desk.begin() as session:
        session.execute(update(DataKey).where(DataKey.id == 7).values(wrapped=bytes(62)))
        session.execute(update(DataKey).where(DataKey.id == 8).values(kek_id="k-gone"))
    old = desk.rings.field.newest.id
    keys.add(desk.rings.field)
    assert keys.rewrap(desk.begin, desk.rings, batch=10) == keys.Rewrapped(48, (7, 8))
    with desk.begin() as session:
        verified = keys.verify(session, desk.rings, batch=10)
        assert (verified.stale, verified.broken, verified.ok) == ({old: 1, "k-gone": 1}, (7, 8), False)
        assert keys.status(session, desk.rings).unknown == ("k-gone",)
        with pytest.raises(Locked):
            keys.ensure_unlocked(session, desk.rings)
        with pytest.raises(Conflict, match="1 个"):
            keys.retire(session, desk.rings, old)


def test_the_writing_key_and_an_unknown_one_are_not_retired(desk: Desk) -> None:
    with desk.begin() as session:
        for key_id in (desk.rings.field.newest.id, "k-unknown"):
            with pytest.raises(Conflict, match=key_id):
                keys.retire(session, desk.rings, key_id)
    assert len(KeyRing(desk.rings.field.source).ids) == 1


class Contacts:
    """A stand-in for the table of blind indexes: twenty owners, rows (owner, key id)."""

    def __init__(self, key_id: str, unreadable: frozenset[int] = frozenset()) -> None:
        self.rows = {(owner, key_id) for owner in range(1, 21)}
        self.unreadable = unreadable

    def used(self, session: Session) -> Mapping[str, int]:
        return {key: sum(1 for row in self.rows if row[1] == key) for key in {row[1] for row in self.rows}}

    def refill(self, session: Session, key_id: str, *, after: int, limit: int) -> int | None:
        owners = sorted({owner for owner, _ in self.rows if owner > after})[:limit]
        self.rows |= {(owner, key_id) for owner in owners if owner not in self.unreadable}
        return owners[-1] if owners else None

    def missing(self, session: Session, key_id: str) -> int:
        return len({owner for owner, _ in self.rows} - {owner for owner, key in self.rows if key == key_id})

    def forget(self, session: Session, key_id: str) -> int:
        old = {row for row in self.rows if row[1] == key_id}
        self.rows -= old
        return len(old)


def test_the_index_ring_changes_while_both_keys_find(desk: Desk) -> None:
    ring = desk.rings.index
    old = ring.newest.id
    table = Contacts(old)
    new = keys.add(ring).key_id
    with desk.begin() as session, pytest.raises(Conflict, match="20"):
        keys.retire_index(session, table, desk.rings, old)
    assert keys.reindex(desk.begin, table, desk.rings, batch=6) == 0
    with desk.begin() as session:
        assert table.used(session) == {old: 20, new: 20}
        keys.retire_index(session, table, desk.rings, old)
        assert table.used(session) == {new: 20}
    assert ring.ids == (new,)


def test_an_owner_who_cannot_be_read_keeps_the_old_index_key(desk: Desk) -> None:
    old = desk.rings.index.newest.id
    table = Contacts(old, unreadable=frozenset({5}))
    keys.add(desk.rings.index)
    assert keys.reindex(desk.begin, table, desk.rings) == 1
    with desk.begin() as session, pytest.raises(Conflict):
        keys.retire_index(session, table, desk.rings, old)


def test_a_long_ring_of_data_keys_is_read_in_pages(desk: Desk) -> None:
    with desk.begin() as session:
        key = session.scalars(select(DataKey).limit(1)).one()
        values = {"owner_kind": "user", "wrapped": key.wrapped, "kek_id": key.kek_id, "created_at": NOON}
        session.execute(insert(DataKey), [{**values, "uid": secrets.token_hex(16)} for _ in range(25)])
        assert len(keys.verify(session, desk.rings, batch=10).broken) == 25
