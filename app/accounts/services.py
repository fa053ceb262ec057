"""Accounts: who exists, how an account is edited, and how it ends.

`by=None` is the command line, run by whoever owns the machine; everybody else is asked for `users` in the matrix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.accounts import totp
from app.accounts.checks import authorize_admin, department_of, email_of, lock_user, name_of, wrong
from app.accounts.models import ApiToken, Department, Deputyship, PasswordReset, User, UserSkill
from app.accounts.queries import plain_login
from app.accounts.roles import keep_one_of_each, replace_roles, set_roles
from app.audit.trail import record
from app.errors import Conflict, Invalid, NotAllowed
from app.policy import Action, Actor, Role, authorize
from app.words import say

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
LONGEST_SKILL, MOST_SKILLS = 64, 40
LOCALES = ("zh-CN", "zh-TW", "en")

# Gives everything that waits for a person to somebody else: handover(session, user_id, by=…, now=…).
Handover = Callable[..., object]

__all__ = [
    "Handover",
    "change_password",
    "create_user",
    "disable",
    "drop_second_factor",
    "edit_profile",
    "edit_user",
    "enable",
    "replace_password",
    "set_locale",
    "set_roles",
    "set_skills",
    "sign_out_everywhere",
]


def create_user(
    session: Session,
    *,
    login: str,
    name: str,
    email: str | None,
    department_id: int | None,
    roles: Iterable[Role],
    by: Actor | None,
    now: datetime,
    locale: str = "zh-CN",
    password_hash: str | None = None,
    must_change: bool = True,
) -> User:
    """A new account. Without a password it waits for its owner to follow an invitation (`resets.invite`)."""
    authorize_admin(by)
    login = plain_login(login)
    if not LOGIN.fullmatch(login):
        raise wrong("login", say("账号用小写字母或数字开头，只能有小写字母、数字和 . _ @ -，最多 64 个字符。"))
    if by is not None and password_hash is not None:
        raise NotAllowed(say("管理员不能替别人设定密码。请把一次性链接交给本人。"))
    if session.scalar(select(User.id).where(User.login == login)) is not None:
        raise wrong("login", say("这个账号已经有人使用，请换一个。"))
    user = User(
        login=login,
        name=name_of(name),
        email=email_of(session, email, None),
        department_id=department_of(session, department_id),
        locale=locale if locale in LOCALES else LOCALES[0],
        password_hash=password_hash,
        must_change_password=must_change and password_hash is not None,
        created_at=now,
        roles=[],
        skills=[],
    )
    session.add(user)
    session.flush()
    record(session, by, "user.created", user, at=now, data={"login": login})
    replace_roles(session, user, frozenset(roles), by=by, now=now)
    return user


def edit_user(
    session: Session,
    user: User,
    *,
    name: str,
    email: str | None,
    department_id: int | None,
    version: int,
    by: Actor | None,
    now: datetime,
) -> None:
    """Name, mail and department. A stale `version` is a Conflict."""
    authorize_admin(by)
    user = lock_user(session, user)
    if user.version != version:
        raise Conflict(say("这个账号的资料刚刚被别人改过，您的修改没有保存。请刷新看过最新内容后再改。"))
    if by is not None and by.id == user.id and department_id != user.department_id:
        raise NotAllowed(say("不能改自己的部门。请由另一位管理员操作。"))
    user.name, user.email = name_of(name), email_of(session, email, user.id)
    user.department_id = department_of(session, department_id)
    user.version += 1
    record(session, by, "user.edited", user, at=now, data={"department_id": user.department_id})
    session.flush()


def set_skills(session: Session, user: User, skills: Iterable[str], *, by: Actor | None, now: datetime) -> None:
    """Replace the tags that dispatch matches on (product lines, fault kinds, languages, channels)."""
    authorize_admin(by)
    wanted = {" ".join(skill.split()) for skill in skills} - {""}
    if len(wanted) > MOST_SKILLS or any(len(skill) > LONGEST_SKILL for skill in wanted):
        raise wrong("skills", say("技能标签最多 40 个，每个最多 64 个字。"))
    user = lock_user(session, user)
    user.skills = [row for row in user.skills if row.skill in wanted]
    known = {row.skill for row in user.skills}
    user.skills.extend(UserSkill(skill=skill) for skill in sorted(wanted - known))
    record(session, by, "user.skills", user, at=now)
    session.flush()


# --- the end of an account, and what ends its sessions ----------------------------------------------------------------


def disable(session: Session, user: User, *, handover: Handover, by: Actor | None, now: datetime) -> None:
    """Hand everything over first, then shut the account; sessions, tokens and links end at once."""
    authorize_admin(by)
    if by is not None and by.id == user.id:
        raise NotAllowed(say("不能停用自己的账号。请由另一位管理员操作。"))
    user = lock_user(session, user)
    if not user.active:
        raise Conflict(say("这个账号已经停用了。"))
    keep_one_of_each(session, user, [Role(row.role) for row in user.roles])
    handover(session, user.id, by=by, now=now)
    for column in (Department.manager_id, Department.contact_id):
        session.execute(update(Department).where(column == user.id).values({column: None}))
    session.execute(
        update(Deputyship)
        .where(or_(Deputyship.user_id == user.id, Deputyship.deputy_id == user.id), Deputyship.ended_at.is_(None))
        .values(ended_at=now)
    )
    session.execute(
        update(ApiToken).where(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None)).values(revoked_at=now)
    )
    session.execute(
        update(PasswordReset)
        .where(PasswordReset.user_id == user.id, PasswordReset.used_at.is_(None))
        .values(used_at=now)
    )
    user.active, user.disabled_at = False, now
    user.epoch += 1
    user.version += 1
    record(session, by, "user.disabled", user, at=now)
    session.flush()


def enable(session: Session, user: User, *, by: Actor | None, now: datetime) -> None:
    """Open the account again, with its roles; the old password counts no more, an invitation lets its owner in."""
    authorize_admin(by)
    user = lock_user(session, user)
    if user.active:
        raise Conflict(say("这个账号没有停用。"))
    user.active, user.disabled_at, user.password_hash = True, None, None
    user.epoch += 1
    user.version += 1
    record(session, by, "user.enabled", user, at=now)
    session.flush()


def change_password(session: Session, user: User, new_hash: str, *, by: Actor | None, now: datetime) -> None:
    """A person's own new password (hashed before the transaction). Every session ends; the caller opens a new one."""
    if by is not None and by.id != user.id:
        raise NotAllowed(say("管理员不能替别人设定密码。请把一次性链接交给本人。"))
    replace_password(session, user, new_hash)
    record(session, by, "user.password_changed", user, at=now)


def replace_password(session: Session, user: User, new_hash: str) -> None:
    """The new hash and the end of all sessions. For `change_password` and one-time links only."""
    user.password_hash, user.must_change_password = new_hash, False
    user.epoch += 1
    session.flush()


def sign_out_everywhere(session: Session, user: User, *, by: Actor, now: datetime) -> None:
    """End every session of an account: one's own, or (administrators) anybody's."""
    authorize(by, Action.SIGN_IN if by.id == user.id else Action.USERS_ADMIN)
    user.epoch += 1
    record(session, by, "user.signed_out_everywhere", user, at=now)
    session.flush()


def drop_second_factor(session: Session, user: User, *, by: Actor | None, now: datetime) -> None:
    """For somebody who lost phone and recovery codes; an administrator has made sure that it is them."""
    authorize_admin(by)
    if by is not None and by.id == user.id:
        raise NotAllowed(say("要关闭自己的两步验证，请到“我的账号”。"))
    if user.totp_confirmed_at is None:
        raise Conflict(say("这个账号没有开启两步验证。"))
    totp.turn_off(session, user, by=by, now=now)
    user.epoch += 1
    session.flush()


def set_locale(session: Session, user_id: int, locale: str) -> None:
    """The language a person reads in: zh-CN, zh-TW or en."""
    if locale not in LOCALES:
        raise Invalid(say("没有这种语言。"))
    session.execute(update(User).where(User.id == user_id).values(locale=locale))


def edit_profile(
    session: Session, user: User, *, email: str | None, mail_wanted: bool, by: Actor, now: datetime
) -> None:
    """What people change about themselves: mail address, and whether they want mail."""
    if by.id != user.id:
        raise NotAllowed
    user.email, user.mail_wanted = email_of(session, email, user.id), mail_wanted
    record(session, by, "user.profile", user, at=now)
    session.flush()
