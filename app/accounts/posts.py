"""Where the company depends on one person: key posts without a deputy, skills that nobody else has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.accounts.models import Department, Deputyship, User, UserRole, UserSkill
from app.policy import Role

# Who is missed at once when away: approvals, dispatch, the rules and the system itself.
KEY_ROLES = (Role.HEAD, Role.SUPERVISOR, Role.SERVICE_ADMIN, Role.SYSADMIN)


@dataclass(frozen=True)
class Post:
    """A person in a key post: by role, as the manager of departments, or both."""

    person: User
    roles: tuple[Role, ...]
    manages: tuple[Department, ...]
    others: int  # how many other active people hold the scarcest of the roles; the managed departments count as none


@dataclass(frozen=True)
class LoneSkill:
    skill: str
    person: User


def deputies_now(session: Session, now: datetime) -> dict[int, list[Deputyship]]:
    """Present and coming deputyships by the person who is represented: one statement."""
    rows = session.scalars(
        select(Deputyship)
        .where(Deputyship.ends_at > now, Deputyship.ended_at.is_(None))
        .order_by(Deputyship.starts_at, Deputyship.id)
    )
    found: dict[int, list[Deputyship]] = {}
    for row in rows:
        found.setdefault(row.user_id, []).append(row)
    return found


def posts_without_deputy(session: Session, now: datetime) -> list[Post]:
    """Active people in key posts for whom nobody is named, now or later."""
    covered = select(Deputyship.user_id).where(Deputyship.ends_at > now, Deputyship.ended_at.is_(None))
    in_role = select(UserRole.user_id).where(UserRole.role.in_(KEY_ROLES))
    managers = select(Department.manager_id).where(Department.manager_id.is_not(None), Department.retired_at.is_(None))
    people = session.scalars(
        select(User)
        .where(User.active, User.id.not_in(covered), User.id.in_(in_role.union(managers)))
        .options(selectinload(User.roles), selectinload(User.department))
        .order_by(User.login)
    ).all()
    holders = dict(_holders(session))
    departments = session.scalars(select(Department).where(Department.retired_at.is_(None)).order_by(Department.id))
    managed: dict[int | None, list[Department]] = {}
    for department in departments:
        managed.setdefault(department.manager_id, []).append(department)
    found = []
    for person in people:
        roles = tuple(role for role in KEY_ROLES if role in {row.role for row in person.roles})
        own = tuple(managed.get(person.id, ()))
        others = 0 if own else min((holders.get(role, 1) - 1 for role in roles), default=0)
        found.append(Post(person, roles, own, others))
    return sorted(found, key=lambda post: (post.others, post.person.login))


def lone_skills(session: Session) -> list[LoneSkill]:
    """Skills that exactly one active person has."""
    alone = (
        select(UserSkill.skill, func.min(UserSkill.user_id).label("user_id"))
        .join(User, User.id == UserSkill.user_id)
        .where(User.active)
        .group_by(UserSkill.skill)
        .having(func.count() == 1)
        .subquery()
    )
    rows = session.execute(
        select(alone.c.skill, User)
        .join(User, User.id == alone.c.user_id)
        .options(selectinload(User.department))
        .order_by(alone.c.skill)
    )
    return [LoneSkill(skill, person) for skill, person in rows]


def _holders(session: Session) -> Sequence[tuple[str, int]]:
    counted = (
        select(UserRole.role, func.count())
        .join(User, User.id == UserRole.user_id)
        .where(User.active, UserRole.role.in_(KEY_ROLES))
        .group_by(UserRole.role)
    )
    return [(role, number) for role, number in session.execute(counted)]
