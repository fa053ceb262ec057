"""The checks of `flask doctor`. Each yields findings: what is wrong, how bad it is, what to do."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.accounts.models import User, UserRole, UserSkill
from app.accounts.queries import deputies_of, holders_of
from app.audit import verify
from app.audit.models import AuditEntry
from app.audit.schema import missing_triggers
from app.blueprints.health.checks import LATEST_JOB
from app.config import Environment
from app.crypto import KeyRingError, load_rings, registry_faults
from app.crypto import keys as crypto_keys
from app.crypto.inspection import check_sealed
from app.errors import DeskError
from app.extensions import db, runtime
from app.installation import is_migrated
from app.orm import Base
from app.outbox import claiming
from app.outbox.models import OutboxMessage
from app.policy import ROLE_LABELS, Role
from app.tickets.invariants import check
from app.words import Sentence, listed, say

SERIOUS, WARNING = "error", "warning"
MOST_NAMED = 20
WRONG_CLOCK = timedelta(seconds=30)
# A post that decides: while its only holder is away, somebody must be able to stand in.
KEY_POSTS = (Role.HEAD, Role.SUPERVISOR, Role.SYSADMIN)


@dataclass(frozen=True)
class Finding:
    check: str
    level: str
    sentence: Sentence


Check = Callable[[Session, datetime, bool], Iterator[Finding]]


def examine(now: datetime, *, deep: bool) -> list[Finding]:
    """Run every check that can run: without keys or schema the others would only repeat the first fault."""
    found = list(_settings())
    found += _keys()
    try:
        with db.engine.connect() as connection:
            migrated = is_migrated(connection)
            missing = missing_triggers(connection) if migrated else []
    except SQLAlchemyError:
        return [*found, Finding("database", SERIOUS, say("连不上数据库。请检查 DATABASE_URL 和数据库服务。"))]
    if not migrated:
        sentence = say("数据库版本与程序不一致。新安装请运行 flask init，升级请运行 flask db upgrade。")
        return [*found, Finding("migrations", SERIOUS, sentence)]
    if missing:
        sentence = say("审计表缺少保护：%(names)s。", names=", ".join(missing))
        found.append(Finding("audit", SERIOUS, sentence))
    session = db.session()
    for one in CHECKS:
        found += one(session, now, deep)
        session.rollback()
    return found


def _settings() -> Iterator[Finding]:
    settings = runtime().settings
    for sentence in settings.warnings:
        yield Finding("settings", WARNING, sentence)
    try:
        settings.require_secret_key()
    except DeskError as fault:
        yield Finding("keys", SERIOUS, fault.sentence)
    if settings.env is Environment.PRODUCTION and not settings.secure:
        sentence = say("BASE_URL 不是 https：登录信息会在网络上明文传输。本机试用可以忽略。")
        yield Finding("settings", WARNING, sentence)
    if settings.data_dir.exists() and stat.S_IMODE(settings.data_dir.stat().st_mode) & 0o077:
        sentence = say(
            "%(path)s 可以被本机其他账号访问，请把权限改为 %(mode)s。", path=str(settings.data_dir), mode="0700"
        )
        yield Finding("modes", WARNING, sentence)


def _keys() -> Iterator[Finding]:
    here = runtime()
    try:
        rings = here.rings or load_rings(here.settings.key_environ, here.settings.data_dir)
    except KeyRingError as fault:
        yield Finding("keys", SERIOUS, fault.sentence)
        return
    here.rings = rings
    for ring in (rings.field, rings.index):
        for sentence in ring.complaints():
            yield Finding("modes", WARNING, sentence)


def _sealed(session: Session, _now: datetime, deep: bool) -> Iterator[Finding]:
    for fault in registry_faults(Base.metadata):
        yield Finding("sealed", SERIOUS, say("加密字段登记有误：%(what)s", what=fault))
    rings = runtime().rings
    if rings is None:
        return
    if unknown := crypto_keys.status(session, rings).unknown:
        sentence = say("数据用到的密钥不在密钥环里：%(ids)s。请从密钥备份中恢复。", ids=", ".join(unknown))
        yield Finding("keys", SERIOUS, sentence)
    faults = check_sealed(session, deep=deep)
    for one in faults[:MOST_NAMED]:
        sentence = say(
            "%(table)s.%(column)s 的一个值打不开，行 %(row)s。", table=one.table, column=one.column, row=one.row_uid
        )
        yield Finding("sealed", SERIOUS, sentence)
    if len(faults) > MOST_NAMED:
        yield Finding("sealed", SERIOUS, say("另有 %(n)s 个值打不开。", n=len(faults) - MOST_NAMED))


def _audit(session: Session, _now: datetime, _deep: bool) -> Iterator[Finding]:
    if broken := verify(session).broken:
        yield Finding("audit", SERIOUS, broken.sentence)


def _posts(session: Session, now: datetime, _deep: bool) -> Iterator[Finding]:
    for role in (Role.SYSADMIN, Role.HEAD):
        if not holders_of(session, role):
            sentence = say("没有一位在用的账号担任「%(role)s」。请运行 flask create-admin。", role=_label(role))
            yield Finding("people", SERIOUS, sentence)
    for role in KEY_POSTS:
        holders = holders_of(session, role)
        if len(holders) == 1 and not deputies_of(session, holders[0], now):
            sentence = say("「%(role)s」只有一人且没有代理人：此人不在时无人可以代为决定。", role=_label(role))
            yield Finding("people", WARNING, sentence)


def _label(role: Role) -> Sentence:
    return say(ROLE_LABELS[role])


def _mixed_roles(session: Session, _now: datetime, _deep: bool) -> Iterator[Finding]:
    query = select(User.login, UserRole.role).join(UserRole, UserRole.user_id == User.id).where(User.active)
    roles: dict[str, set[str]] = {}
    for login, role in session.execute(query.order_by(User.login)):
        roles.setdefault(login, set()).add(role)
    for login, held in roles.items():
        if Role.SYSADMIN in held and len(held) > 1:
            sentence = say("%(login)s 既是系统管理员又有业务角色。小团队可以这样，人手够时请分开。", login=login)
            yield Finding("people", WARNING, sentence)


def _skills(session: Session, _now: datetime, _deep: bool) -> Iterator[Finding]:
    query = select(UserSkill.skill).join(User, User.id == UserSkill.user_id).where(User.active)
    rare = sorted(skill for skill, holders in Counter(session.scalars(query)).items() if holders == 1)
    if rare:
        named = listed(rare[:MOST_NAMED])
        yield Finding("people", WARNING, say("%(n)s 项技能只有一人掌握：%(skills)s。", n=len(rare), skills=named))


def _jobs(session: Session, now: datetime, _deep: bool) -> Iterator[Finding]:
    if dead := claiming.count_dead(session):
        last = session.scalars(claiming.dead_letters(1)).one()
        sentence = say(
            "%(n)s 个后台任务失败，最近一个是 %(topic)s：%(error)s。见 flask jobs list。",
            n=dead,
            topic=last.topic,
            error=last.last_error or "",
        )
        yield Finding("jobs", SERIOUS, sentence)
    waits = claiming.oldest_overdue(session, now)
    if waits > LATEST_JOB:
        minutes = int(waits.total_seconds() // 60)
        yield Finding(
            "jobs", SERIOUS, say("最早的后台任务已等了 %(n)s 分钟：后台任务没有运行，或者卡住了。", n=minutes)
        )


def _clock(session: Session, now: datetime, _deep: bool) -> Iterator[Finding]:
    """Deadlines and the audit trail stand on the clock."""
    latest = [session.scalar(select(func.max(column))) for column in (AuditEntry.at, OutboxMessage.created_at)]
    ahead = max((at - now for at in latest if at is not None), default=timedelta())
    if ahead > WRONG_CLOCK:
        yield Finding(
            "clock", SERIOUS, say("数据库里有未来的时间，本机的时钟可能慢了 %(n)s 秒。", n=int(ahead.total_seconds()))
        )
    if session.get_bind().dialect.name == "postgresql":
        there: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
        if abs(there - now) > WRONG_CLOCK:
            yield Finding(
                "clock",
                WARNING,
                say("本机与数据库服务器的时钟相差 %(n)s 秒。", n=int(abs(there - now).total_seconds())),
            )


def _rules(session: Session, _now: datetime, deep: bool) -> Iterator[Finding]:
    """What must hold of every ticket, looked at without the code that makes it so."""
    if not deep:
        return
    faults = list(check(session))
    for one in faults[:MOST_NAMED]:
        sentence = say("工单 %(no)s 不合规则 %(rule)s：%(detail)s", no=one.ticket_no, rule=one.rule, detail=one.detail)
        yield Finding("tickets", SERIOUS, sentence)
    if len(faults) > MOST_NAMED:
        yield Finding("tickets", SERIOUS, say("另有 %(n)s 处不合规则。", n=len(faults) - MOST_NAMED))


# The clock first: while the long ones run, others write, and their moments lie behind `now`.
CHECKS: tuple[Check, ...] = (_clock, _sealed, _audit, _posts, _mixed_roles, _skills, _jobs, _rules)
