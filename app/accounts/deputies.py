"""Deputies: who is "on" the work of an absent person, from when to when. Never transitive."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Deputyship, User, UserRole
from app.audit.trail import record
from app.errors import Conflict, Invalid, NotFound
from app.policy import Action, Actor, Role, authorize
from app.words import Sentence, say

LONGEST = timedelta(days=366)


def appoint(
    session: Session, user_id: int, deputy_id: int, starts_at: datetime, ends_at: datetime, *, by: Actor, now: datetime
) -> Deputyship:
    """Name a deputy for oneself, or (administrators) for somebody who is ill and can't."""
    authorize(by, Action.SIGN_IN if by.id == user_id else Action.USERS_ADMIN)
    _check_period(starts_at, ends_at, now)
    locked = {
        user.id: user
        for user in session.scalars(
            select(User).where(User.id.in_((user_id, deputy_id))).order_by(User.id).with_for_update()
        )
    }
    deputy = locked.get(deputy_id)
    if user_id not in locked:
        raise NotFound
    if deputy is None or not deputy.active or deputy_id == user_id:
        raise _invalid("deputy", say("请选择一位在岗的同事。"))
    if session.get(UserRole, (deputy_id, Role.TRAINEE)) is not None:
        raise _invalid("deputy", say("新人看不到客户信息，不能做代理人。请选择别的同事。"))
    _check_overlap(session, user_id, starts_at, ends_at)
    row = Deputyship(user_id=user_id, deputy_id=deputy_id, starts_at=starts_at, ends_at=ends_at, made_by=by.id)
    session.add(row)
    record(session, by, "deputy.appointed", row, at=now, data={"user_id": user_id, "deputy_id": deputy_id})
    session.flush()
    return row


def take_back(session: Session, row: Deputyship, *, by: Actor, now: datetime) -> None:
    """End a deputyship early; the absent person may, and an administrator. A second time changes nothing."""
    authorize(by, Action.SIGN_IN if by.id == row.user_id else Action.USERS_ADMIN)
    if row.ended_at is None:
        row.ended_at = now
        record(session, by, "deputy.taken_back", row, at=now, data={"user_id": row.user_id, "deputy_id": row.deputy_id})


def _check_period(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= starts_at:
        raise _invalid("ends_on", say("结束日期不能早于开始日期。"))
    if ends_at <= now:
        raise _invalid("ends_on", say("这段时间已经过去了。请选择今天或以后的日期。"))
    if ends_at - starts_at > LONGEST:
        raise _invalid("ends_on", say("代理时间最长一年。请缩短后再试。"))


def _check_overlap(session: Session, user_id: int, starts_at: datetime, ends_at: datetime) -> None:
    taken = session.scalar(
        select(Deputyship.id)
        .where(
            Deputyship.user_id == user_id,
            Deputyship.ended_at.is_(None),
            Deputyship.starts_at < ends_at,
            Deputyship.ends_at > starts_at,
        )
        .limit(1)
    )
    if taken is not None:
        raise Conflict(say("这段时间已经有代理人了。请先收回原来的安排，或改一下日期。"))


def _invalid(field: str, sentence: Sentence) -> Invalid:
    return Invalid(sentence, fields={field: [sentence]})
