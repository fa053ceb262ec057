"""The trail can't be changed, can't fork, and names the first place where somebody changed it anyway."""

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.accounts.models import Department
from app.audit import Broken, record, verify
from app.audit.chain import ORIGIN, digest_of
from app.audit.models import AuditEntry, AuditHead
from app.audit.schema import SQLITE_TRIGGERS, create_triggers, missing_triggers
from app.orm import write_transaction
from tests.architecture.project import ROOT
from tests.cast import NOON, Cast
from tests.databases import Database

COLUMNS = [column.name for column in AuditEntry.__table__.columns]


def write(session: Session, count: int = 5) -> None:
    for number in range(count):
        at = NOON + timedelta(seconds=number)
        record(session, None, "ticket.register", kind="ticket", id=number, at=at, data={"n": number})
    session.commit()


def broken_link(session: Session) -> Broken | None:
    session.rollback()  # a read transaction doesn't see what happened since it began
    return verify(session).broken


def tamper(database: Database, *statements: str) -> None:
    """What somebody with the database in his hands can do: put the triggers aside, change, put them back."""
    with database.engine.connect() as connection:
        disarm(database, connection)
        for statement in statements:
            connection.execute(text(statement))
        arm(database, connection)
        connection.commit()


def disarm(database: Database, connection: Connection) -> None:
    if database.kind == "postgresql":
        connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
    else:
        for name in SQLITE_TRIGGERS:
            connection.execute(text(f"DROP TRIGGER {name}"))


def arm(database: Database, connection: Connection) -> None:
    if database.kind == "postgresql":
        connection.execute(text("ALTER TABLE audit_entry ENABLE TRIGGER ALL"))
    else:
        create_triggers(connection)


def test_an_entry_says_who_did_what_to_what(session: Session, cast: Cast) -> None:
    fresh = Department(code="new", name="新部门")
    session.add(fresh)
    root, gao = cast("root"), cast("gao")
    record(session, root, "department.create", fresh, at=NOON, data={"code": "new"}, standing_for=gao.id)
    session.commit()
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.id, entry.actor_id, entry.standing_for) == (1, root.id, gao.id)
    assert (entry.subject_kind, entry.subject_id) == ("department", fresh.id)
    assert entry.previous == ORIGIN
    assert entry.digest == digest_of({name: getattr(entry, name) for name in COLUMNS})


def test_a_sound_chain_verifies(session: Session) -> None:
    assert verify(session).ok
    write(session)
    write(session)
    found = verify(session)
    assert (found.ok, found.entries, found.head_id) == (True, 10, 10)


def test_what_is_rolled_back_leaves_no_trace(session: Session) -> None:
    record(session, None, "a", at=NOON)
    session.rollback()
    record(session, None, "b", at=NOON)
    session.close()
    record(session, None, "c", at=NOON)
    session.commit()
    assert session.scalars(select(AuditEntry.action)).all() == ["c"]


def test_a_savepoint_takes_its_entries_along(session: Session) -> None:
    record(session, None, "before", at=NOON)
    with session.begin_nested():
        record(session, None, "kept", at=NOON)
    outer = session.begin_nested()
    with session.begin_nested():
        record(session, None, "inner", at=NOON)
    outer.rollback()
    record(session, None, "after", at=NOON)
    session.commit()
    assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all() == ["before", "kept", "after"]


def test_a_commit_within_an_open_savepoint_chains_once(session: Session) -> None:
    session.begin_nested()
    record(session, None, "inner", at=NOON)
    session.commit()
    assert verify(session).entries == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor_id = 7 WHERE id = 2",
        "DELETE FROM audit_entry WHERE id = 5",
        "DELETE FROM audit_entry",
    ],
)
def test_the_database_refuses_changes(session: Session, statement: str) -> None:
    write(session)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(statement))
    session.rollback()
    assert verify(session).entries == 5


def test_replacing_and_truncating_are_changes(database: Database, session: Session) -> None:
    write(session)
    columns = ", ".join(COLUMNS)
    others = columns.replace("action", "'ticket.close'")
    ways = {
        "sqlite": f"INSERT OR REPLACE INTO audit_entry ({columns}) SELECT {others} FROM audit_entry WHERE id = 3",
        "postgresql": "TRUNCATE audit_entry",
    }
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(ways[database.kind]))
    session.rollback()
    assert verify(session).entries == 5


@pytest.mark.parametrize(
    ("statements", "entry_id", "words"),
    [
        (["UPDATE audit_entry SET actor_id = 7 WHERE id = 3"], 3, "被改动过"),
        (["UPDATE audit_entry SET data = '{\"n\": 9}' WHERE id = 1"], 1, "被改动过"),
        (["DELETE FROM audit_entry WHERE id = 2"], 2, "缺失"),
        (["DELETE FROM audit_entry WHERE id >= 4"], 4, "末尾被截掉"),
        (["DELETE FROM audit_entry"], 1, "末尾被截掉"),
        (["UPDATE audit_entry SET id = 9 WHERE id = 3", "UPDATE audit_entry SET id = 3 WHERE id = 4"], 3, "被改动过"),
        (["UPDATE audit_entry SET id = -1 WHERE id = 1"], -1, "不可能存在"),
    ],
)
def test_tampering_is_found_at_its_place(
    database: Database, session: Session, statements: list[str], entry_id: int, words: str
) -> None:
    write(session)
    tamper(database, *statements)
    broken = broken_link(session)
    assert broken is not None
    assert broken.entry_id == entry_id
    assert words in str(broken.sentence)


def forge(session: Session, entry_id: int, previous: str) -> str:
    """A statement that inserts an entry that is sound by itself."""
    row = dict.fromkeys(COLUMNS) | {"id": entry_id, "at": NOON, "action": "forged", "data": {}, "previous": previous}
    at = "2024-03-05 04:00:00.000000" if session.get_bind().dialect.name == "sqlite" else "2024-03-05T04:00:00+00:00"
    return (
        "INSERT INTO audit_entry (id, at, action, data, previous, digest) "
        f"VALUES ({entry_id}, '{at}', 'forged', '{{}}', '{previous}', '{digest_of(row)}')"
    )


def test_an_appended_forgery_does_not_fit_the_head(database: Database, session: Session) -> None:
    write(session)
    tamper(database, forge(session, 6, verify(session).head_digest))
    broken = broken_link(session)
    assert broken is not None
    assert (broken.entry_id, "不符" in str(broken.sentence)) == (6, True)


def test_a_replaced_entry_breaks_the_link_behind_it(database: Database, session: Session) -> None:
    write(session)
    before = session.scalars(select(AuditEntry.previous).where(AuditEntry.id == 3)).one()
    tamper(database, "DELETE FROM audit_entry WHERE id = 3", forge(session, 3, before))
    broken = broken_link(session)
    assert broken is not None
    assert (broken.entry_id, "接不上" in str(broken.sentence)) == (4, True)


def test_a_noted_head_convicts_who_rewrote_everything(database: Database, session: Session) -> None:
    write(session, 1)
    noted = verify(session)
    forged = forge(session, 1, ORIGIN)
    digest = forged.rsplit("'", 2)[1]
    tamper(database, "DELETE FROM audit_entry", forged, f"UPDATE audit_head SET last_id = 1, digest = '{digest}'")
    assert broken_link(session) is None
    assert not verify(session, noted=(noted.head_id, noted.head_digest)).ok


def test_the_head_row_is_one(session: Session) -> None:
    write(session)
    write(session)
    assert [(head.id, head.last_id) for head in session.scalars(select(AuditHead))] == [(1, 10)]


def test_missing_triggers_are_named(database: Database, session: Session) -> None:
    connection = session.connection()
    disarm(database, connection)
    assert missing_triggers(connection)
    session.rollback()
    assert missing_triggers(session.connection()) == []


def in_threads(count: int, work: Callable[[int], None]) -> None:
    faults: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as fault:  # noqa: BLE001 - handed to the test below
            faults.append(fault)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults


def test_concurrent_writers_make_one_chain(database: Database) -> None:
    def work(number: int) -> None:
        with database.session() as mine:
            for turn in range(10):
                with write_transaction(mine):
                    record(mine, None, f"writer.{number}", at=NOON, data={"turn": turn})
                    record(mine, None, f"writer.{number}", at=NOON, data={"turn": turn, "second": True})

    in_threads(8, work)
    with database.session() as session:
        found = verify(session)
        assert (found.ok, found.entries) == (True, 160)


def test_several_processes_make_one_chain(database: Database) -> None:
    command = [sys.executable, "-m", "tests.audit_writer", database.url, "20"]
    writers = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    with database.session() as session:
        found = verify(session)
        assert (found.ok, found.entries) == (True, 60)
