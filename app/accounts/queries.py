"""Reads about people. Names of colleagues are no secret inside the company, so these take no `viewer`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, cast, func, literal, null, or_, select, union_all
from sqlalchemy.orm import Session, selectinload

from app.accounts.digests import digest_of
from app.accounts.models import ApiToken, Department, Deputyship, User, UserRole, UserSession
from app.policy import Actor, Role

_ACTOR_COLUMNS = (
    User.id,
    User.login,
    User.name,
    User.department_id,
    User.locale,
    User.epoch,
    User.active,
    User.must_change_password,
    User.totp_confirmed_at,
)


@dataclass(frozen=True)
class SessionFacts:
    """A row of `user_session` with what its account says today."""

    id: int
    user_id: int
    epoch: int
    created_at: datetime
    seen_at: datetime
    step_up_at: datetime | None
    second_factor_pending: bool
    ended_at: datetime | None
    must_change_password: bool
    has_second_factor: bool
    active: bool
    actor: Actor


def load_actor(session: Session, user_id: int, now: datetime) -> Actor | None:
    """The person as actor, in two statements; None when there is no such account or it is disabled."""
    row = session.execute(select(*_ACTOR_COLUMNS).where(User.id == user_id)).one_or_none()
    return _actor(session, row, now) if row is not None and row.active else None


def load_session(session: Session, token: str, now: datetime) -> SessionFacts | None:
    """The session row that a cookie's token names, whether still valid or not, with its person: two statements."""
    columns = (
        UserSession.id.label("session_id"),
        UserSession.epoch.label("session_epoch"),
        UserSession.created_at,
        UserSession.seen_at,
        UserSession.step_up_at,
        UserSession.second_factor_pending,
        UserSession.ended_at,
    )
    row = session.execute(
        select(*columns, *_ACTOR_COLUMNS)
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.token_digest == digest_of(token))
    ).one_or_none()
    if row is None:
        return None
    return SessionFacts(
        id=row.session_id,
        user_id=row.id,
        epoch=row.session_epoch,
        created_at=row.created_at,
        seen_at=row.seen_at,
        step_up_at=row.step_up_at,
        second_factor_pending=row.second_factor_pending,
        ended_at=row.ended_at,
        must_change_password=row.must_change_password,
        has_second_factor=row.totp_confirmed_at is not None,
        active=row.active,
        actor=_actor(session, row, now),
    )


@dataclass(frozen=True)
class TokenFacts:
    """A usable API token and whose it is."""

    id: int
    last_used_at: datetime | None
    actor: Actor


def load_token(session: Session, secret: str, now: datetime) -> TokenFacts | None:
    """Who calls with this API token; None when it is unknown, revoked, expired or its owner is disabled."""
    row = session.execute(
        select(ApiToken.id.label("token_id"), ApiToken.last_used_at, *_ACTOR_COLUMNS)
        .join(User, User.id == ApiToken.user_id)
        .where(
            ApiToken.digest == digest_of(secret),
            ApiToken.revoked_at.is_(None),
            or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
        )
    ).one_or_none()
    if row is None or not row.active:
        return None
    return TokenFacts(row.token_id, row.last_used_at, _actor(session, row, now))


def _actor(session: Session, row: Any, now: datetime) -> Actor:
    roles, manages, standing_for = set(), set(), set()
    for kind, word, number in session.execute(_grants(row.id, now)):
        match kind:
            case "role":
                roles.add(Role(word))
            case "manages":
                manages.add(number)
            case _:
                standing_for.add(number)
    return Actor(
        id=row.id,
        login=row.login,
        name=row.name,
        roles=frozenset(roles),
        department_id=row.department_id,
        manages=frozenset(manages),
        standing_for=frozenset(standing_for),
        locale=row.locale,
        epoch=row.epoch,
    )


def _grants(user_id: int, now: datetime) -> Any:
    """Roles, managed departments and absent people, in one statement."""
    return union_all(
        select(literal("role"), cast(UserRole.role, String), null()).where(UserRole.user_id == user_id),
        select(literal("manages"), null(), Department.id).where(
            Department.manager_id == user_id, Department.retired_at.is_(None)
        ),
        select(literal("deputy"), null(), Deputyship.user_id).where(Deputyship.deputy_id == user_id, *_in_force(now)),
    )


def _in_force(now: datetime) -> tuple[Any, ...]:
    return (Deputyship.starts_at <= now, Deputyship.ends_at > now, Deputyship.ended_at.is_(None))


# --- people -----------------------------------------------------------------------------------------------------------


def people_by_id(session: Session, ids: Iterable[int | None]) -> dict[int, User]:
    """Users by id in one statement; unknown ids and None are left out."""
    wanted = {id_ for id_ in ids if id_ is not None}
    if not wanted:
        return {}
    return {user.id: user for user in session.scalars(select(User).where(User.id.in_(wanted)))}


def person_by_login(session: Session, login: str) -> User | None:
    return session.scalar(select(User).where(User.login == plain_login(login)))


def plain_login(text: str) -> str:
    """How a login is stored and compared: without surrounding spaces, in lower case."""
    return text.strip().casefold()


def person_in_full(session: Session, user_id: int) -> User | None:
    """A user with roles, skills and department, ready for a page."""
    return session.scalar(_in_full(select(User).where(User.id == user_id)))


def people(
    session: Session, *, department_id: int | None = None, role: Role | None = None, active: bool | None = True
) -> list[User]:
    """People by name, with roles, skills and department. `active=None`: disabled accounts too."""
    wanted = select(User).order_by(User.active.desc(), User.login)
    if department_id is not None:
        wanted = wanted.where(User.department_id == department_id)
    if role is not None:
        wanted = wanted.where(User.id.in_(select(UserRole.user_id).where(UserRole.role == role)))
    if active is not None:
        wanted = wanted.where(User.active == active)
    return list(session.scalars(_in_full(wanted)))


def _in_full(wanted: Select[User]) -> Select[User]:
    return wanted.options(selectinload(User.roles), selectinload(User.skills), selectinload(User.department))


def members_of(session: Session, department_id: int, *, roles: Collection[Role] | None = None) -> list[User]:
    """Active people of a department; `roles`: only those who hold one of them."""
    wanted = select(User).where(User.department_id == department_id, User.active).order_by(User.id)
    if roles is not None:
        wanted = wanted.where(User.id.in_(select(UserRole.user_id).where(UserRole.role.in_(roles))))
    return list(session.scalars(wanted))


def leads_of(session: Session, department_id: int) -> list[User]:
    """Who leads a department: its manager, and the supervisors who belong to it."""
    supervisors = select(UserRole.user_id).where(UserRole.role == Role.SUPERVISOR)
    manager = select(Department.manager_id).where(Department.id == department_id, Department.manager_id.is_not(None))
    belongs = (User.department_id == department_id) & User.id.in_(supervisors)
    return list(session.scalars(select(User).where(User.active, or_(belongs, User.id.in_(manager))).order_by(User.id)))


def holders_of(session: Session, role: Role) -> list[int]:
    """Ids of the active people who hold a role."""
    return list(
        session.scalars(
            select(UserRole.user_id)
            .join(User, User.id == UserRole.user_id)
            .where(UserRole.role == role, User.active)
            .order_by(UserRole.user_id)
        )
    )


def deputies_of(session: Session, user_id: int, now: datetime) -> list[int]:
    """Who stands in for a person right now."""
    return list(
        session.scalars(
            select(Deputyship.deputy_id)
            .join(User, User.id == Deputyship.deputy_id)
            .where(Deputyship.user_id == user_id, User.active, *_in_force(now))
            .order_by(Deputyship.id)
        )
    )


def deputyships(session: Session, user_id: int, now: datetime) -> list[Deputyship]:
    """Present and future deputies of a person, and whom the person stands in for; earliest first."""
    return list(
        session.scalars(
            select(Deputyship)
            .where(
                or_(Deputyship.user_id == user_id, Deputyship.deputy_id == user_id),
                Deputyship.ends_at > now,
                Deputyship.ended_at.is_(None),
            )
            .order_by(Deputyship.starts_at, Deputyship.id)
        )
    )


# --- departments ------------------------------------------------------------------------------------------------------


def departments(session: Session, *, retired: bool = False) -> list[Department]:
    """In their order; `retired=True`: those given up as well."""
    wanted = select(Department).order_by(Department.position, Department.id)
    return list(session.scalars(wanted if retired else wanted.where(Department.retired_at.is_(None))))


def department_by_code(session: Session, code: str) -> Department | None:
    return session.scalar(select(Department).where(Department.code == code))


def headcounts(session: Session) -> dict[int, int]:
    """Active people for each department id."""
    counted = (
        select(User.department_id, func.count())
        .where(User.active, User.department_id.is_not(None))
        .group_by(User.department_id)
    )
    return {department_id: number for department_id, number in session.execute(counted) if department_id is not None}
