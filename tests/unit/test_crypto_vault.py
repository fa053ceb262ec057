"""The vault opens what it sealed, survives every kind of damage, and never writes in clear."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, create_engine, delete, event, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

from app.crypto import (
    OWNER_CUSTOMER,
    OWNER_SYSTEM,
    DataKey,
    Rings,
    State,
    Vault,
    check_sealed,
    registry_faults,
    sealed_column,
    sealed_columns,
    throwaway_rings,
    vault,
)
from app.crypto.keyring import KeyRing, Source, generate_key
from app.errors import Conflict, Locked
from app.orm import HasUid, prepare_engine

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


class Scratch(DeclarativeBase):
    """Tables of this test only: they must not turn up among the program's own."""


class Note(HasUid, Scratch):
    __tablename__ = "note"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None]
    body: Mapped[bytes] = sealed_column()
    facts: Mapped[bytes | None] = sealed_column()


def session_of(engine: Any, rings: Rings | None) -> Session:
    return Session(engine, info={"rings": rings} if rings else {})


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    engine = prepare_engine(create_engine("sqlite://", poolclass=StaticPool))
    DataKey.metadata.tables["data_key"].create(engine)
    Scratch.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def rings() -> Rings:
    return throwaway_rings()


@pytest.fixture
def session(engine: Any, rings: Rings) -> Iterator[Session]:
    with session_of(engine, rings) as session:
        yield session
        session.rollback()


def note_by(session: Session, body: str, owner: int = 1) -> Note:
    strongbox = vault(session)
    key = strongbox.new_key(OWNER_CUSTOMER, owner, NOON)
    note = Note()
    note.body = strongbox.seal(note, "body", body, key)
    session.add(note)
    session.flush()
    return note


@given(text=st.text(st.characters(exclude_categories=())))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back(session: Session, text: str) -> None:
    note = note_by(session, text)
    opened = vault(session).open(note, "body")
    assert (opened.text, opened.state, opened.ok) == (text, State.OPEN, True)


def test_structured_facts_come_back(session: Session) -> None:
    note = note_by(session, "x")
    key = vault(session).owner_key(OWNER_CUSTOMER, 1)
    assert key
    note.facts = vault(session).seal_json(note, "facts", {"expects": "退款", "tried": ["重启"]}, key)
    assert vault(session).open_json(note, "facts").data == {"expects": "退款", "tried": ["重启"]}


def test_nothing_written_is_no_damage(session: Session) -> None:
    note = note_by(session, "x")
    assert vault(session).open(note, "facts").state is State.EMPTY
    assert vault(session).open(note, "facts").ok
    assert vault(session).open_json(note, "facts").ok


def test_the_database_holds_no_clear_text(session: Session) -> None:
    note = note_by(session, "张伟 13812345678")
    assert b"13812345678" not in note.body
    assert "张伟".encode() not in note.body


def test_a_text_shows_in_no_repr(session: Session) -> None:
    opened = vault(session).open(note_by(session, "张伟"), "body")
    assert "张伟" not in repr(opened)
    assert str(opened) == "张伟"


def test_a_value_from_another_row_or_column_is_damaged(session: Session) -> None:
    mine, other = note_by(session, "mine"), note_by(session, "other")
    mine.body, other.facts = other.body, other.body
    assert vault(session).open(mine, "body").state is State.DAMAGED
    assert vault(session).open(other, "facts").state is State.DAMAGED


@pytest.mark.parametrize("value", [b"", b"x", "张伟".encode(), bytes(200), b"\x01\x01" + bytes(200)])
def test_rubbish_is_damaged_and_logged_by_ids_only(
    session: Session, value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    note = note_by(session, "mine")
    note.body = value
    with caplog.at_level(logging.ERROR):
        opened = vault(session).open(note, "body")
    assert (opened.text, opened.state, opened.ok) == (None, State.DAMAGED, False)
    assert str(opened.label) == "数据已损坏，无法显示"
    (record,) = caplog.records
    assert record.__dict__["row"] == note.uid
    assert "张伟" not in str(record.__dict__)


def test_sealed_text_that_is_no_json_is_damaged(session: Session) -> None:
    note = note_by(session, "x")
    key = vault(session).owner_key(OWNER_CUSTOMER, 1)
    assert key
    note.facts = vault(session).seal(note, "facts", "{", key)
    assert vault(session).open_json(note, "facts").state is State.DAMAGED


def test_a_missing_ring_key_locks(session: Session, engine: Any) -> None:
    note = note_by(session, "mine")
    key = vault(session).owner_key(OWNER_CUSTOMER, 1)
    assert key
    stranger = Vault(session, throwaway_rings())
    assert stranger.open(note, "body").state is State.LOCKED
    before = note.body
    with pytest.raises(Locked):
        note.body = stranger.seal(note, "body", "new", key)
    assert note.body == before


def test_a_wrong_key_under_the_right_id_locks(session: Session, rings: Rings) -> None:
    note = note_by(session, "mine")
    wrong = generate_key().text.partition(":")[2]
    ring = KeyRing(Source("FIELD_KEYS", f"{rings.field.newest.id}:{wrong}", None))
    assert Vault(session, Rings(ring, rings.index)).open(note, "body").state is State.LOCKED


def test_a_session_without_rings_locks(engine: Any) -> None:
    with session_of(engine, None) as bare, pytest.raises(Locked):
        vault(bare)


def test_a_key_added_to_the_file_elsewhere_opens_after_one_look(session: Session, tmp_path: Any) -> None:
    path = tmp_path / "field_keys"
    path.write_text(generate_key().text)
    here, there = (KeyRing(Source("FIELD_KEYS", None, path)) for _ in range(2))
    there.add()
    index = throwaway_rings().index
    writer, reader = Vault(session, Rings(there, index)), Vault(session, Rings(here, index))
    key = writer.new_key(OWNER_SYSTEM, 0, NOON)
    note = Note()
    note.body = writer.seal(note, "body", "late", key)
    session.add(note)
    session.flush()
    assert reader.open(note, "body").text == "late"


def test_erasing_destroys_the_keys_and_leaves_a_trace(session: Session) -> None:
    gone, kept = note_by(session, "mine", owner=7), note_by(session, "other", owner=8)
    key = vault(session).owner_key(OWNER_CUSTOMER, 7)
    assert key
    assert vault(session).destroy_keys(OWNER_CUSTOMER, 7, NOON) == 1
    for strongbox in (vault(session), Vault(session, vault(session).rings)):
        assert strongbox.open(gone, "body").state is State.ERASED
        assert strongbox.open(kept, "body").text == "other"
        with pytest.raises(Conflict):
            strongbox.seal(gone, "body", "again", key)
    assert (key.wrapped, key.destroyed_at) == (b"", NOON)
    assert vault(session).owner_key(OWNER_CUSTOMER, 7) is None


def test_a_key_without_a_row_is_damage_not_erasure(session: Session) -> None:
    note = note_by(session, "mine")
    session.commit()
    session.execute(delete(DataKey))
    assert vault(session).open(note, "body").state is State.DAMAGED


def test_a_damaged_data_key_locks_and_the_page_still_works(session: Session) -> None:
    note = note_by(session, "mine", owner=9)
    session.commit()
    session.execute(update(DataKey).where(DataKey.owner_id == 9).values(wrapped=bytes(62)))
    assert vault(session).open(note, "body").state is State.LOCKED


def test_a_key_destroyed_by_somebody_else_does_not_outlive_the_transaction(session: Session, engine: Any) -> None:
    note = note_by(session, "mine", owner=11)
    assert vault(session).open(note, "body").ok
    session.commit()
    with session_of(engine, vault(session).rings) as other:
        vault(other).destroy_keys(OWNER_CUSTOMER, 11, NOON)
        other.commit()
    assert vault(session).open(note, "body").state is State.ERASED


def test_merged_owners_keep_all_their_keys_and_can_be_parted_again(session: Session) -> None:
    note_by(session, "a", owner=21)
    note_by(session, "b", owner=22)
    moved = vault(session).repoint((OWNER_CUSTOMER, 21), (OWNER_CUSTOMER, 22))
    assert vault(session).owner_key(OWNER_CUSTOMER, 21) is None
    vault(session).give(moved, (OWNER_CUSTOMER, 21))
    assert vault(session).owner_key(OWNER_CUSTOMER, 21)


def test_an_owner_gets_one_key_that_lasts(session: Session) -> None:
    first = vault(session).ensure_key(OWNER_SYSTEM, 0, NOON)
    assert vault(session).ensure_key(OWNER_SYSTEM, 0, NOON) is first
    with pytest.raises(ValueError, match="owner"):
        vault(session).new_key("stranger", 1, NOON)


def test_a_list_of_fifty_costs_one_query(session: Session, engine: Any) -> None:
    for number in range(50):
        note_by(session, f"name {number}", owner=100 + number)
    session.commit()
    notes = session.scalars(select(Note).order_by(Note.id.desc()).limit(50)).all()
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    vault(session).preload(notes)
    assert all(vault(session).open(note, "body").ok for note in notes)
    assert len(statements) == 1


def test_a_misspelt_or_plain_column_is_a_bug(session: Session) -> None:
    note = note_by(session, "x")
    key = vault(session).owner_key(OWNER_CUSTOMER, 1)
    assert key
    with pytest.raises(ValueError, match="sealed"):
        vault(session).seal(note, "title", "x", key)
    with pytest.raises(KeyError):
        vault(session).seal(note, "boddy", "x", key)


def test_doctor_names_what_does_not_open(session: Session) -> None:
    session.execute(delete(Note))
    sound, broken = note_by(session, "sound"), note_by(session, "broken")
    broken.body = sound.body
    session.flush()
    for deep in (False, True):
        (fault,) = check_sealed(session, deep=deep, metadata=Scratch.metadata)
        assert fault == ("note", "body", broken.uid, State.DAMAGED)


def test_the_registry_knows_the_sealed_columns_and_refuses_unexplained_ones() -> None:
    assert sealed_columns(Scratch.metadata) == [("note", "body"), ("note", "facts")]
    assert registry_faults(Scratch.metadata) == []

    class Careless(DeclarativeBase):
        pass

    class Picture(Careless):
        __tablename__ = "picture"
        id: Mapped[int] = mapped_column(primary_key=True)
        raw: Mapped[bytes] = mapped_column(LargeBinary)
        note: Mapped[bytes] = sealed_column()

    assert [fault.partition(":")[0] for fault in registry_faults(Careless.metadata)] == ["picture.raw", "picture.note"]
