"""What every change to an account looks at first."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.accounts.models import Department, User
from app.errors import Invalid, NotFound
from app.policy import Action, Actor, authorize
from app.words import Sentence, say

EMAIL = re.compile(r"[^@\s<>\",;:]{1,64}@[^@\s<>\",;:]{1,180}\.[^@\s<>\",;:.]{2,63}")
LONGEST_NAME = 80


def authorize_admin(by: Actor | None) -> None:
    """Raise NotAllowed unless it is an administrator, or the command line (None)."""
    if by is not None:
        authorize(by, Action.USERS_ADMIN)


def lock_user(session: Session, user: User) -> User:
    """The row as it is now, locked, with roles and skills.

    `key_share`: a step of this very person may write their id meanwhile; without it the two could wait for each other.
    """
    found = session.scalar(
        select(User)
        .where(User.id == user.id)
        .options(selectinload(User.roles), selectinload(User.skills))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def name_of(text: str) -> str:
    """A person's name in one line; raises Invalid."""
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME:
        raise wrong("name", say("请填写姓名，最多 80 个字。"))
    return name


def email_of(session: Session, given: str | None, user_id: int | None) -> str | None:
    """The address in lower case, None for none; raises Invalid when it is none or somebody else's."""
    email = (given or "").strip().lower()
    if not email:
        return None
    if not EMAIL.fullmatch(email):
        raise wrong("email", say("请填写有效的邮箱地址。"))
    taken = select(User.id).where(User.email == email, User.active, User.id != (user_id or 0)).limit(1)
    if session.scalar(taken) is not None:
        raise wrong("email", say("这个邮箱已经登记在另一个账号上。"))
    return email


def department_of(session: Session, department_id: int | None) -> int | None:
    """The id of a department in use; raises Invalid."""
    if department_id is None:
        return None
    department = session.get(Department, department_id)
    if department is None or department.retired_at is not None:
        raise wrong("department_id", say("请选择一个在用的部门。"))
    return department.id


def wrong(field: str, sentence: Sentence) -> Invalid:
    """What is wrong with one field."""
    return Invalid(sentence, fields={field: [sentence]})
