"""Who may do what: roles are granted and taken here, and never the last of those that nobody else could give back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.accounts.checks import authorize_admin, lock_user, wrong
from app.accounts.models import User, UserRole
from app.audit.trail import record
from app.errors import Conflict, NotAllowed
from app.outbox.publishing import publish
from app.policy import Actor, Role
from app.words import say

TOLD_TO_HEADS = frozenset({Role.HEAD, Role.SUPERVISOR, Role.SERVICE_ADMIN})
NEVER_WITHOUT = (Role.SYSADMIN, Role.HEAD)
_LAST_ONE_LOCK = 0x6C617374  # any number that nothing else in the database uses


def set_roles(session: Session, user: User, roles: Iterable[Role], *, by: Actor | None, now: datetime) -> None:
    """Replace a person's roles; in force with the person's next request."""
    authorize_admin(by)
    if by is not None and by.id == user.id:
        raise NotAllowed(say("不能改自己的角色。请由另一位管理员操作。"))
    user = lock_user(session, user)
    if not user.active:
        raise Conflict(say("这个账号已经停用，不能改角色。请先恢复账号。"))
    replace_roles(session, user, frozenset(roles), by=by, now=now)


def replace_roles(session: Session, user: User, roles: frozenset[Role], *, by: Actor | None, now: datetime) -> None:
    """The rules of `set_roles` without asking who may; the user's roles are loaded and the row is locked."""
    if not roles:
        raise wrong("roles", say("至少要有一个角色。"))
    if Role.TRAINEE in roles and len(roles) > 1:
        raise wrong("roles", say("“新人”不能和别的角色一起授予：它保证看不到客户信息。"))
    before = frozenset(Role(row.role) for row in user.roles)
    added, removed = roles - before, before - roles
    if not added and not removed:
        return
    keep_one_of_each(session, user, removed)
    user.roles = [row for row in user.roles if Role(row.role) in roles]
    granted_by = by.id if by else None
    user.roles.extend(UserRole(role=role, granted_at=now, granted_by=granted_by) for role in sorted(added))
    user.version += 1
    session.flush()
    data = {"added": sorted(added), "removed": sorted(removed)}
    record(session, by, "user.roles", user, at=now, data=data)
    if told := sorted(added & TOLD_TO_HEADS):
        publish(session, "account.role_granted", now=now, user_id=user.id, roles=told, by_id=granted_by)


def keep_one_of_each(session: Session, user: User, losing: Collection[Role]) -> None:
    """Raise Conflict if nobody else could do the work of a role that must never be without one.

    Two administrators who disable each other in the same second must not both succeed, so the check holds a lock.
    """
    critical = [role for role in NEVER_WITHOUT if role in losing]
    if not critical:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LAST_ONE_LOCK})
    for role in critical:
        another = session.scalar(
            select(UserRole.user_id)
            .join(User, User.id == UserRole.user_id)
            .where(UserRole.role == role, User.active, User.id != user.id)
            .limit(1)
        )
        if another is None:
            raise Conflict(
                say("这是最后一位系统管理员，不能取消或停用。请先授予另一位同事。")
                if role is Role.SYSADMIN
                else say("这是最后一位售后负责人，不能取消或停用。请先授予另一位同事。")
            )
