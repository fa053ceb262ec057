"""Roles: who grants them, who is told, and the last of those that nobody else could give back."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import services
from app.accounts.models import User, UserRole
from app.accounts.queries import holders_of, load_actor
from app.audit.models import AuditEntry
from app.errors import Conflict, Invalid, NotAllowed
from app.orm import write_transaction
from app.outbox.models import OutboxMessage
from app.policy import Role
from tests.cast import NOON, Cast
from tests.databases import Database


def grant(session: Session, cast: Cast, login: str, *roles: Role, by: str | None = "root") -> None:
    with write_transaction(session):
        services.set_roles(session, cast.people[login], roles, by=cast(by) if by else None, now=NOON)


def nobody_waits(session: Session, user_id: int, **_: object) -> None:
    """A handover that has nothing to hand over."""


def test_roles_add_up_and_are_in_force_at_once(session: Session, cast: Cast) -> None:
    grant(session, cast, "chen", Role.ENGINEER, Role.EXPERT)
    actor = load_actor(session, cast.people["chen"].id, NOON)
    assert actor is not None
    assert actor.roles == {Role.ENGINEER, Role.EXPERT}


def test_a_trainee_holds_no_other_role(session: Session, cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        grant(session, cast, "xiao", Role.TRAINEE, Role.AGENT)
    assert "roles" in refused.value.fields


def test_nobody_changes_their_own_roles(session: Session, cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        grant(session, cast, "root", Role.SYSADMIN, Role.HEAD)


@pytest.mark.parametrize("login", ["lin", "wang", "zhou", "he"])
def test_only_an_administrator_grants(session: Session, cast: Cast, login: str) -> None:
    with pytest.raises(NotAllowed):
        grant(session, cast, "mei", Role.HEAD, by=login)


@pytest.mark.parametrize(
    ("role", "told"),
    [(Role.HEAD, True), (Role.SUPERVISOR, True), (Role.SERVICE_ADMIN, True), (Role.QUALITY, False)],
)
def test_granting_power_tells_the_heads(session: Session, cast: Cast, role: Role, told: bool) -> None:
    grant(session, cast, "mei", Role.AGENT, role)
    messages = list(session.scalars(select(OutboxMessage).where(OutboxMessage.topic == "account.role_granted")))
    assert [message.data["roles"] for message in messages] == ([[role.value]] if told else [])


def test_a_change_of_roles_is_audited_with_what_changed(session: Session, cast: Cast) -> None:
    grant(session, cast, "mei", Role.ENGINEER)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "user.roles")).one()
    assert entry.data == {"added": ["engineer"], "removed": ["agent"]}
    assert entry.actor_id == cast.people["root"].id


@pytest.mark.parametrize(("login", "role"), [("root", Role.SYSADMIN), ("zhou", Role.HEAD)])
def test_the_last_one_can_not_be_removed(session: Session, cast: Cast, login: str, role: Role) -> None:
    with pytest.raises(Conflict):
        grant(session, cast, login, Role.MEMBER, by=None)
    with pytest.raises(Conflict), write_transaction(session):
        services.disable(session, cast.people[login], handover=nobody_waits, by=None, now=NOON)
    assert holders_of(session, role) == [cast.people[login].id]


def test_a_disabled_administrator_is_none(session: Session, cast: Cast) -> None:
    grant(session, cast, "mei", Role.SYSADMIN)
    with write_transaction(session):
        services.disable(session, cast.people["mei"], handover=nobody_waits, by=cast("root"), now=NOON)
    with pytest.raises(Conflict):
        grant(session, cast, "root", Role.MEMBER, by=None)


def test_two_administrators_who_remove_each_other_leave_one(database: Database, session: Session, cast: Cast) -> None:
    grant(session, cast, "mei", Role.SYSADMIN)

    def remove(login: str) -> bool:
        with database.session() as own:
            try:
                with write_transaction(own):
                    user = own.scalars(select(User).where(User.login == login)).one()
                    services.set_roles(own, user, [Role.MEMBER], by=None, now=NOON)
            except Conflict:
                return False
        return True

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(remove, ["root", "mei"]))
    assert sorted(results) == [False, True]
    left = select(UserRole.user_id).where(UserRole.role == Role.SYSADMIN)
    assert len(list(session.scalars(left))) == 1


def test_disabling_hands_over_first_and_ends_everything(session: Session, cast: Cast) -> None:
    lin, before = cast.people["lin"], cast("lin").epoch
    seen: list[bool] = []

    def handover(own: Session, user_id: int, **_: object) -> None:
        seen.append(own.scalars(select(User.active).where(User.id == user_id)).one())

    with write_transaction(session):
        services.disable(session, lin, handover=handover, by=cast("root"), now=NOON)
    assert seen == [True]
    assert load_actor(session, lin.id, NOON) is None
    assert lin.epoch > before


def test_a_failed_handover_leaves_the_account_open(session: Session, cast: Cast) -> None:
    def handover(own: Session, user_id: int, **_: object) -> None:
        raise Conflict(services.say("还有工单没有交出去。"))

    with pytest.raises(Conflict), write_transaction(session):
        services.disable(session, cast.people["lin"], handover=handover, by=cast("root"), now=NOON)
    session.expire_all()
    assert cast.people["lin"].active


def test_nobody_disables_themselves(session: Session, cast: Cast) -> None:
    grant(session, cast, "mei", Role.SYSADMIN)
    with pytest.raises(NotAllowed), write_transaction(session):
        services.disable(session, cast.people["root"], handover=nobody_waits, by=cast("root"), now=NOON)


def test_an_account_that_comes_back_needs_a_new_password(session: Session, cast: Cast) -> None:
    lin = cast.people["lin"]
    with write_transaction(session):
        services.disable(session, lin, handover=nobody_waits, by=cast("root"), now=NOON)
        services.enable(session, lin, by=cast("root"), now=NOON)
    assert lin.active
    assert lin.password_hash is None


def test_an_administrator_chooses_no_password(session: Session, cast: Cast) -> None:
    root = cast("root")
    with pytest.raises(NotAllowed), write_transaction(session):
        services.change_password(session, cast.people["lin"], "hash", by=root, now=NOON)
    with pytest.raises(NotAllowed), write_transaction(session):
        services.create_user(
            session,
            login="new",
            name="新同事",
            email=None,
            department_id=None,
            roles=[Role.AGENT],
            password_hash="hash",
            by=root,
            now=NOON,
        )


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("login", {"login": "有空 格"}),
        ("login", {"login": "LIN"}),  # taken, in other letters
        ("name", {"name": "  "}),
        ("email", {"email": "nothing"}),
        ("email", {"email": "WANG@desk.example"}),
        ("department_id", {"department_id": 999_999}),
        ("roles", {"roles": []}),
    ],
)
def test_a_new_account_with_a_fault_names_the_field(
    session: Session, cast: Cast, field: str, changed: dict[str, object]
) -> None:
    given = {"login": "new", "name": "新同事", "email": None, "department_id": None, "roles": [Role.AGENT]} | changed
    with pytest.raises(Invalid) as refused, write_transaction(session):
        services.create_user(session, by=cast("root"), now=NOON, **given)
    assert field in refused.value.fields


def test_a_stale_edit_is_a_conflict(session: Session, cast: Cast) -> None:
    lin = cast.people["lin"]
    first = {"name": "林小晓", "email": None, "department_id": lin.department_id, "version": lin.version}
    with write_transaction(session):
        services.edit_user(session, lin, **first, by=cast("root"), now=NOON)
    with pytest.raises(Conflict), write_transaction(session):
        services.edit_user(session, lin, **first | {"name": "林大晓"}, by=cast("root"), now=NOON)
    session.expire_all()
    assert lin.name == "林小晓"
