"""Departments: made, renamed, given a manager and a contact, and given up when nobody belongs to them any more."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import Department, User
from app.audit.trail import record
from app.errors import Conflict, Invalid
from app.policy import Action, Actor, authorize
from app.words import say

CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")
LONGEST_NAME = 80


def create_department(session: Session, *, code: str, name: str, by: Actor | None, now: datetime) -> Department:
    """A new department at the end of the list."""
    _authorize(by)
    code = code.strip().lower()
    if not CODE.fullmatch(code):
        sentence = say("代码用小写字母开头，只含小写字母、数字和下划线，最多 32 个字符。")
        raise Invalid(sentence, fields={"code": [sentence]})
    last = session.scalar(select(func.max(Department.position)))
    department = Department(code=code, name=_name(name), position=(last if last is not None else -1) + 1)
    session.add(department)
    session.flush()
    record(session, by, "department.created", department, at=now, data={"code": code})
    return department


def edit_department(
    session: Session,
    department: Department,
    *,
    name: str,
    manager_id: int | None,
    contact_id: int | None,
    version: int,
    by: Actor | None,
    now: datetime,
) -> None:
    """Name, manager (who has the supervisor's rights in it) and contact person. A stale `version` is a Conflict."""
    _authorize(by)
    session.refresh(department, with_for_update=True)
    if department.version != version:
        raise Conflict(say("部门资料刚刚被别人改过，您的修改没有保存。请刷新看过最新内容后再改。"))
    for field, person_id in (("manager_id", manager_id), ("contact_id", contact_id)):
        person = session.get(User, person_id) if person_id is not None else None
        if person_id is not None and (person is None or not person.active):
            raise Invalid(say("请选择一位在岗的同事。"), fields={field: [say("请选择一位在岗的同事。")]})
    if by is not None and manager_id == by.id and department.manager_id != by.id:
        raise Conflict(say("不能把自己设为部门负责人。请由另一位管理员操作。"))
    department.name = _name(name)
    department.manager_id, department.contact_id = manager_id, contact_id
    department.version += 1
    record(session, by, "department.edited", department, at=now, data={"manager_id": manager_id})
    session.flush()


def retire_department(session: Session, department: Department, *, by: Actor | None, now: datetime) -> None:
    """Give a department up; its past stays. People who still belong to it must be moved first."""
    _authorize(by)
    session.refresh(department, with_for_update=True)
    left = session.scalar(select(func.count()).where(User.department_id == department.id, User.active)) or 0
    if left:
        raise Conflict(say("部门里还有 %(n)s 位在岗同事，不能停用。请先把他们转到别的部门。", n=left))
    if department.retired_at is None:
        department.retired_at = now
        department.version += 1
        record(session, by, "department.retired", department, at=now)


def _authorize(by: Actor | None) -> None:
    if by is not None:
        authorize(by, Action.USERS_ADMIN)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME:
        sentence = say("请填写部门名称，最多 80 个字。")
        raise Invalid(sentence, fields={"name": [sentence]})
    return name
