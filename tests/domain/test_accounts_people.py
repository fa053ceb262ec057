"""Actors, deputies, departments, drafts."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.accounts import departments, deputies, drafts, queries, seeds, services, sessions
from app.accounts.models import Department, Deputyship, Draft, User
from app.errors import Conflict, Invalid, NotAllowed
from app.orm import new_uid, write_transaction
from app.policy import Role
from tests.cast import NOON, Cast
from tests.databases import Database

WEEK = timedelta(days=7)


def statements(database: Database) -> list[str]:
    """What is sent to the database from now on."""
    seen: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    return seen


def appoint(
    session: Session,
    cast: Cast,
    user: str,
    deputy: str,
    start: datetime = NOON,
    end: datetime = NOON + WEEK,
    by: str = "",
) -> Deputyship:
    actor = queries.load_actor(session, cast.people[by or user].id, NOON)
    assert actor is not None
    ids = cast.people[user].id, cast.people[deputy].id
    with write_transaction(session):
        return deputies.appoint(session, *ids, start, end, by=actor, now=NOON)


def test_an_actor_takes_two_statements(database: Database, session: Session, cast: Cast) -> None:
    lin = cast.people["lin"].id
    with write_transaction(session):
        token = sessions.open_session(
            session, session.get_one(User, lin), now=NOON, address="", agent="", pending=False
        ).token
    seen = statements(database)
    session.rollback()
    actor = queries.load_actor(session, lin, NOON)
    assert actor is not None
    assert len([text for text in seen if text.startswith(("SELECT", "("))]) == 2
    seen.clear()
    facts = queries.load_session(session, token, NOON)
    assert facts is not None
    assert facts.actor == actor
    assert len([text for text in seen if text.startswith(("SELECT", "("))]) == 2


def test_an_actor_knows_roles_departments_and_absent_people(session: Session, cast: Cast) -> None:
    appoint(session, cast, "wang", "lin")
    with write_transaction(session):
        session.get_one(Department, cast.departments["sales"].id).manager_id = cast.people["lin"].id
    actor = queries.load_actor(session, cast.people["lin"].id, NOON)
    assert actor is not None
    assert actor.roles == {Role.AGENT}
    assert actor.manages == {cast.departments["sales"].id}
    assert actor.standing_for == {cast.people["wang"].id}


def test_a_deputy_is_one_from_the_first_to_the_last_moment_only(session: Session, cast: Cast) -> None:
    appoint(session, cast, "wang", "lin", NOON + timedelta(days=1), NOON + WEEK)
    lin = cast.people["lin"].id

    def stands(at: datetime) -> bool:
        actor = queries.load_actor(session, lin, at)
        return actor is not None and bool(actor.standing_for)

    day = timedelta(days=1)
    assert [stands(NOON), stands(NOON + day), stands(NOON + WEEK)] == [False, True, False]


def test_a_deputy_of_a_deputy_is_none(session: Session, cast: Cast) -> None:
    appoint(session, cast, "zhou", "wang")
    appoint(session, cast, "wang", "lin")
    actor = queries.load_actor(session, cast.people["lin"].id, NOON)
    assert actor is not None
    assert actor.standing_for == {cast.people["wang"].id}


def test_a_deputyship_is_taken_back_at_once(session: Session, cast: Cast) -> None:
    wang = cast("wang")
    row = appoint(session, cast, "wang", "lin")
    with write_transaction(session):
        deputies.take_back(session, row, by=wang, now=NOON)
    assert queries.deputies_of(session, cast.people["wang"].id, NOON) == []


@pytest.mark.parametrize(
    ("deputy", "start", "end", "field"),
    [
        ("wang", NOON, NOON + WEEK, "deputy"),  # oneself
        ("xiao", NOON, NOON + WEEK, "deputy"),  # a trainee sees no customer
        ("lin", NOON + WEEK, NOON, "ends_on"),
        ("lin", NOON - WEEK, NOON - timedelta(days=1), "ends_on"),
        ("lin", NOON, NOON + timedelta(days=400), "ends_on"),
    ],
)
def test_a_deputyship_that_makes_no_sense_is_refused(
    session: Session, cast: Cast, deputy: str, start: datetime, end: datetime, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        appoint(session, cast, "wang", deputy, start, end)
    assert field in refused.value.fields


def test_two_deputies_at_the_same_time_are_one_too_many(session: Session, cast: Cast) -> None:
    appoint(session, cast, "wang", "lin")
    with pytest.raises(Conflict):
        appoint(session, cast, "wang", "mei", NOON + timedelta(days=3), NOON + 2 * WEEK)
    appoint(session, cast, "wang", "mei", NOON + WEEK, NOON + 2 * WEEK)


def test_only_oneself_or_an_administrator_names_a_deputy(session: Session, cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        appoint(session, cast, "wang", "lin", by="lin")
    appoint(session, cast, "wang", "lin", by="root")


def test_the_leads_of_a_department_are_its_manager_and_its_supervisors(session: Session, cast: Cast) -> None:
    with write_transaction(session):
        session.get_one(Department, cast.departments["service"].id).manager_id = cast.people["gao"].id
    leads = queries.leads_of(session, cast.departments["service"].id)
    assert {user.login for user in leads} == {"wang", "gao"}


def test_members_can_be_asked_for_by_role(session: Session, cast: Cast) -> None:
    agents = queries.members_of(session, cast.departments["service"].id, roles=[Role.AGENT])
    assert {user.login for user in agents} == {"lin", "mei"}


def test_fourteen_departments_are_seeded_once(session: Session) -> None:
    with write_transaction(session):
        first = seeds.seed_departments(session)
        again = seeds.seed_departments(session)
    assert len(first) == 14
    assert [department.id for department in first] == [department.id for department in again]


def test_a_department_with_people_is_not_given_up(session: Session, cast: Cast) -> None:
    root = cast("root")
    with pytest.raises(Conflict), write_transaction(session):
        departments.retire_department(session, cast.departments["service"], by=root, now=NOON)
    with write_transaction(session):
        departments.retire_department(session, cast.departments["legal"], by=root, now=NOON)
    assert "legal" not in {department.code for department in queries.departments(session)}


def test_an_administrator_does_not_become_manager_by_themselves(session: Session, cast: Cast) -> None:
    service = cast.departments["service"]
    given = {"name": "客服部", "contact_id": None, "version": service.version, "now": NOON}
    with pytest.raises(Conflict), write_transaction(session):
        departments.edit_department(session, service, manager_id=cast.people["root"].id, by=cast("root"), **given)


def test_two_who_edit_a_department_are_told_apart(session: Session, cast: Cast) -> None:
    service, root = cast.departments["service"], cast("root")
    given = {"manager_id": None, "contact_id": None, "version": service.version, "by": root, "now": NOON}
    with write_transaction(session):
        departments.edit_department(session, service, name="客服一部", **given)
    with pytest.raises(Conflict), write_transaction(session):
        departments.edit_department(session, service, name="客服二部", **given)


def keep(session: Session, cast: Cast, slot: str, text: str, at: datetime = NOON, login: str = "lin") -> str:
    uid = new_uid()
    fields = {"description": [text]}
    with write_transaction(session):
        drafts.keep(session, cast.people[login].id, uid=uid, slot=slot, path="/x", fields=fields, now=at)
    return uid


def test_a_draft_lies_sealed_and_comes_back_to_its_author_only(session: Session, cast: Cast) -> None:
    uid = keep(session, cast, "tickets.new:", "客户电话 13812345678")
    stored = session.scalars(select(Draft.body)).one()
    assert b"13812345678" not in stored
    lin, wang = cast.people["lin"].id, cast.people["wang"].id
    found = drafts.find(session, uid, user_id=lin, now=NOON)
    assert found is not None
    assert drafts.fields_of(session, found) == {"description": ["客户电话 13812345678"]}
    assert drafts.find(session, uid, user_id=wang, now=NOON) is None


def test_the_newest_draft_of_a_form_replaces_the_older_one(session: Session, cast: Cast) -> None:
    keep(session, cast, "tickets.new:", "first")
    uid = keep(session, cast, "tickets.new:", "second")
    assert [draft.uid for draft in drafts.of_person(session, cast.people["lin"].id, NOON)] == [uid]


def test_twenty_drafts_are_kept_and_the_oldest_goes(session: Session, cast: Cast) -> None:
    for number in range(25):
        keep(session, cast, f"slot{number}", "x", NOON + timedelta(minutes=number))
    slots = {draft.slot for draft in drafts.of_person(session, cast.people["lin"].id, NOON)}
    assert slots == {f"slot{number}" for number in range(5, 25)}


def test_a_draft_is_gone_after_a_week(session: Session, cast: Cast) -> None:
    uid = keep(session, cast, "slot", "x")
    lin = cast.people["lin"].id
    assert drafts.find(session, uid, user_id=lin, now=NOON + WEEK) is None
    with write_transaction(session):
        assert drafts.sweep(session, NOON + WEEK) == 1
    assert session.scalars(select(Draft)).all() == []


def test_a_language_is_one_of_three(session: Session, cast: Cast) -> None:
    with write_transaction(session):
        services.set_locale(session, cast.people["lin"].id, "en")
    with pytest.raises(Invalid), write_transaction(session):
        services.set_locale(session, cast.people["lin"].id, "tlh")
