"""Who may do what: the permission matrix as data, and the one function that reads it.

Pages, partials, API, commands and files all ask `may`. The module knows no model: a row describes itself as frozen
facts, and each package's queries give the SQL clause of the same reach (a parity test holds the two equal).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from app.errors import NotAllowed
from app.words import N_, Sentence


class Role(StrEnum):
    AGENT = "agent"
    ENGINEER = "engineer"
    PRODUCT_MANAGER = "product_manager"
    SUPERVISOR = "supervisor"
    HEAD = "head"
    SERVICE_ADMIN = "service_admin"
    QUALITY = "quality"
    EXPERT = "expert"
    TRAINEE = "trainee"
    MEMBER = "member"
    EXECUTIVE = "executive"
    SYSADMIN = "sysadmin"


ROLE_LABELS: Mapping[Role, str] = MappingProxyType(
    {
        Role.AGENT: N_("客服专员"),
        Role.ENGINEER: N_("技术支持工程师"),
        Role.PRODUCT_MANAGER: N_("产品经理"),
        Role.SUPERVISOR: N_("客服主管"),
        Role.HEAD: N_("售后负责人"),
        Role.SERVICE_ADMIN: N_("售后管理员"),
        Role.QUALITY: N_("质检员"),
        Role.EXPERT: N_("专家"),
        Role.TRAINEE: N_("新人"),
        Role.MEMBER: N_("协作人员"),
        Role.EXECUTIVE: N_("管理层"),
        Role.SYSADMIN: N_("系统管理员"),
    }
)


class Reach(StrEnum):
    """How far a right goes. The first five are about a ticket; SELF is about one's own account and records."""

    OWN = "own"  # assignee, registrar, holder of the open follow-up, each one's deputy while they are away
    ASSIGNEE = "assignee"  # the assignee or deputy; nobody assigned: a member of the acting department
    DEPT = "dept"  # registered by, handled by, or assisted by my department
    ASKED = "asked"  # an expert with an open request
    SAMPLED = "sampled"  # in a quality sample given to me
    MANAGED = "managed"  # DEPT, for the departments that I manage
    SELF = "self"
    ALL = "all"


REACH_LABELS: Mapping[Reach, str] = MappingProxyType(
    {
        Reach.OWN: N_("经手的"),
        Reach.ASSIGNEE: N_("负责的"),
        Reach.DEPT: N_("本部门"),
        Reach.ASKED: N_("受邀的"),
        Reach.SAMPLED: N_("抽检的"),
        Reach.MANAGED: N_("所辖部门"),
        Reach.SELF: N_("本人"),
        Reach.ALL: N_("全部"),
    }
)


class Action(StrEnum):
    SIGN_IN = "sign_in"  # anybody with an account: own profile, home, notifications
    TICKET_REGISTER = "ticket.register"
    GAP_REPORT = "ticket.report_gap"
    TICKET_SEE = "ticket.see"
    PERSONAL_SEE = "ticket.see_personal"
    TICKET_VERIFY = "ticket.verify"
    TICKET_REPLY = "ticket.reply"
    NOTE_WRITE = "ticket.note"
    TICKET_CLASSIFY = "ticket.classify"
    PRIORITY_OVERRIDE = "ticket.override_priority"
    TICKET_ROUTE = "ticket.route"
    TICKET_HANDLE = "ticket.handle"
    ANALYSIS_WRITE = "ticket.analysis"
    TICKET_ESCALATE = "ticket.escalate"
    FOLLOW_UP = "ticket.follow_up"
    TICKET_CLOSE = "ticket.close"
    CLOSE_UNREACHABLE = "ticket.close_unreachable"
    TICKET_REOPEN = "ticket.reopen"
    TICKET_MERGE = "ticket.merge"
    TICKET_INVALIDATE = "ticket.invalidate"
    INVALID_CONFIRM = "ticket.confirm_invalid"
    REVEAL = "customer.reveal"
    CUSTOMER_FIND = "customer.find"
    CUSTOMER_EDIT = "customer.edit"
    CUSTOMER_ERASE = "customer.erase"
    CATEGORIES_ADMIN = "admin.categories"
    USERS_ADMIN = "admin.users"
    SETTINGS_ADMIN = "admin.settings"
    JOBS_ADMIN = "admin.jobs"
    MATRIX_SEE = "admin.matrix"
    AUDIT_SEE = "audit.see"


ACTION_LABELS: Mapping[Action, str] = MappingProxyType(
    {
        Action.SIGN_IN: N_("登录，使用工作台"),
        Action.TICKET_REGISTER: N_("登记反馈"),
        Action.GAP_REPORT: N_("上报流程问题（内部工单）"),
        Action.TICKET_SEE: N_("查看工单"),
        Action.PERSONAL_SEE: N_("查看完整个人信息"),
        Action.TICKET_VERIFY: N_("核实工单"),
        Action.TICKET_REPLY: N_("回复客户"),
        Action.NOTE_WRITE: N_("写内部备注"),
        Action.TICKET_CLASSIFY: N_("分类、定三项指标"),
        Action.PRIORITY_OVERRIDE: N_("手工调整优先级"),
        Action.TICKET_ROUTE: N_("转部门、改派"),
        Action.TICKET_HANDLE: N_("处理：受理、待客户、记录原因与方案、解决"),
        Action.ANALYSIS_WRITE: N_("写问题分析"),
        Action.TICKET_ESCALATE: N_("升级"),
        Action.FOLLOW_UP: N_("回访"),
        Action.TICKET_CLOSE: N_("关闭工单（必须通过回访关口）"),
        Action.CLOSE_UNREACHABLE: N_("按“无法联系”关闭"),
        Action.TICKET_REOPEN: N_("手工重开"),
        Action.TICKET_MERGE: N_("合并、关联工单"),
        Action.TICKET_INVALIDATE: N_("申请判为无效"),
        Action.INVALID_CONFIRM: N_("确认无效、恢复"),
        Action.REVEAL: N_("显示一项个人信息（写原因，每天 30 次）"),
        Action.CUSTOMER_FIND: N_("查找客户"),
        Action.CUSTOMER_EDIT: N_("修改联系方式"),
        Action.CUSTOMER_ERASE: N_("导出或删除客户个人信息"),
        Action.CATEGORIES_ADMIN: N_("维护分类、优先级矩阵、时限与派单规则"),
        Action.USERS_ADMIN: N_("维护用户、角色、部门"),
        Action.SETTINGS_ADMIN: N_("维护系统设置与密钥"),
        Action.JOBS_ADMIN: N_("查看与重试后台任务"),
        Action.MATRIX_SEE: N_("查看权限表"),
        Action.AUDIT_SEE: N_("查看审计"),
    }
)

_A, _E, _P, _S, _H, _V = (
    Role.AGENT,
    Role.ENGINEER,
    Role.PRODUCT_MANAGER,
    Role.SUPERVISOR,
    Role.HEAD,
    Role.SERVICE_ADMIN,
)
_Q, _X, _R = Role.QUALITY, Role.EXPERT, Role.SYSADMIN
_OWN, _DEPT, _ALL = Reach.OWN, Reach.DEPT, Reach.ALL


def _all(*roles: Role) -> dict[Role, Reach]:
    return dict.fromkeys(roles, Reach.ALL)


RULES: Mapping[Action, Mapping[Role, Reach]] = MappingProxyType(
    {
        Action.SIGN_IN: _all(*Role),
        Action.TICKET_REGISTER: _all(_A, _E, _P, _S, _H, _V, _X),
        Action.GAP_REPORT: _all(_A, _E, _P, _S, _H, _V, _Q, _X, Role.MEMBER, _R),
        Action.TICKET_SEE: {_A: _DEPT, _E: _DEPT, _P: _DEPT, _Q: Reach.SAMPLED, _X: Reach.ASKED} | _all(_S, _H, _V),
        Action.PERSONAL_SEE: {_A: _OWN, _E: _OWN, _P: _OWN, _S: _DEPT, _H: _ALL, _X: Reach.ASKED},
        Action.TICKET_VERIFY: _all(_A, _E, _P, _S, _H, _V, _X),
        Action.TICKET_REPLY: {_A: _OWN, _E: _OWN, _P: _OWN, _S: _DEPT, _H: _ALL, _X: Reach.ASKED},
        Action.NOTE_WRITE: _all(_A, _E, _P, _S, _H, _V) | {_X: Reach.ASKED},
        Action.TICKET_CLASSIFY: {_A: _OWN, _E: _DEPT, _P: _DEPT} | _all(_S, _H, _V),
        Action.PRIORITY_OVERRIDE: _all(_P, _S, _H, _V),
        Action.TICKET_ROUTE: {_E: _DEPT, _P: _DEPT} | _all(_S, _H, _V),
        Action.TICKET_HANDLE: {_A: Reach.ASSIGNEE, _E: Reach.ASSIGNEE, _P: Reach.ASSIGNEE, _S: _DEPT, _H: _ALL},
        Action.ANALYSIS_WRITE: _all(_E, _P, _S, _H, _X),
        Action.TICKET_ESCALATE: {_A: _OWN, _E: _DEPT, _P: _DEPT} | _all(_S, _H, _V),
        Action.FOLLOW_UP: _all(_A, _S, _H),
        Action.TICKET_CLOSE: {_A: _OWN} | _all(_S, _H),
        Action.CLOSE_UNREACHABLE: _all(_S, _H),
        Action.TICKET_REOPEN: _all(_S, _H),
        Action.TICKET_MERGE: {_A: _OWN, _E: _DEPT, _P: _DEPT} | _all(_S, _H, _V),
        Action.TICKET_INVALIDATE: _all(_A, _E, _P, _S, _H, _V, _X),
        Action.INVALID_CONFIRM: _all(_S, _H),
        Action.REVEAL: _all(_A, _E, _P, _S, _H, _V) | {_X: Reach.ASKED},
        Action.CUSTOMER_FIND: _all(_A, _E, _P, _S, _H, _V, _X),
        Action.CUSTOMER_EDIT: _all(_A, _E, _P, _S, _H, _V, _X),
        Action.CUSTOMER_ERASE: _all(_H, _V),
        Action.CATEGORIES_ADMIN: _all(_V, _R),
        Action.USERS_ADMIN: _all(_R),
        Action.SETTINGS_ADMIN: _all(_R),
        Action.JOBS_ADMIN: _all(_R),
        Action.MATRIX_SEE: _all(_H, _R),
        Action.AUDIT_SEE: _all(_H, _R),
    }
)


@dataclass(frozen=True)
class Actor:
    """Who acts, frozen for one request or job. `standing_for`: people whose deputy the actor is right now."""

    id: int
    login: str
    name: str
    roles: frozenset[Role]
    department_id: int | None
    manages: frozenset[int] = frozenset()
    standing_for: frozenset[int] = frozenset()
    locale: str = "zh-CN"
    epoch: int = 0

    @property
    def persons(self) -> frozenset[int]:
        """The actor, and everybody the actor stands in for."""
        return self.standing_for | {self.id}


@dataclass(frozen=True)
class TicketFacts:
    """What the matrix needs to know of one ticket. Ids only."""

    home_department_id: int | None
    department_id: int | None
    assignee_id: int | None
    registrar_id: int | None
    follow_up_holder_id: int | None = None
    assisting: frozenset[int] = field(default_factory=frozenset)  # departments
    asked: frozenset[int] = field(default_factory=frozenset)  # experts with an open request
    sampled: frozenset[int] = field(default_factory=frozenset)  # reviewers
    own_ended: bool = False  # closed for more than 30 days: nobody is "on" it any more


@dataclass(frozen=True)
class SelfFacts:
    """Something that belongs to one person (a notification, a session, a token)."""

    user_id: int


Facts = TicketFacts | SelfFacts


def roles_in_force(roles: frozenset[Role]) -> frozenset[Role]:
    """A trainee is kept from customer data whatever else was granted: that role excludes every other."""
    return frozenset({Role.TRAINEE}) if Role.TRAINEE in roles else roles


def reaches(actor: Actor, action: Action) -> frozenset[Reach]:
    """Every reach that the actor's roles give for an action; a manager has the supervisor's column cut to `managed`."""
    rule = RULES[action]
    roles = roles_in_force(actor.roles)
    found: set[Reach] = {rule[role] for role in roles if role in rule}
    if actor.manages and Role.TRAINEE not in roles and Role.SUPERVISOR in rule and Reach.ALL not in found:
        found.add(Reach.MANAGED)
    if action is Action.TICKET_SEE and Reach.DEPT in found:
        found.add(Reach.OWN)  # who is on a ticket sees it, in whatever department it lies (a deputy, an assignee)
    return frozenset(found)


def within(actor: Actor, reach: Reach, facts: Facts) -> bool:
    """Is the thing within this reach of the actor? The SQL twin for tickets is `tickets.queries.within`."""
    if reach is Reach.ALL:
        return True
    if isinstance(facts, SelfFacts):
        return reach is Reach.SELF and facts.user_id == actor.id
    departments = {facts.home_department_id, facts.department_id, *facts.assisting} - {None}
    match reach:
        case Reach.OWN:
            on_it = {facts.assignee_id, facts.registrar_id, facts.follow_up_holder_id} - {None}
            return not facts.own_ended and bool(on_it & actor.persons)
        case Reach.ASSIGNEE:
            if facts.assignee_id is None:
                return actor.department_id is not None and facts.department_id == actor.department_id
            return facts.assignee_id in actor.persons
        case Reach.DEPT:
            return actor.department_id is not None and actor.department_id in departments
        case Reach.MANAGED:
            return bool(departments & actor.manages)
        case Reach.ASKED:
            return actor.id in facts.asked
        case Reach.SAMPLED:
            return actor.id in facts.sampled
        case _:
            return False


def may(actor: Actor | None, action: Action, facts: Facts | None = None) -> bool:
    """May the actor do this (to the thing that the facts describe)?

    Without facts: may the actor do it to anything at all (shows a menu entry, opens a form). With a ticket's facts the
    actor must also be one who sees the ticket.
    """
    if actor is None:
        return False
    found = reaches(actor, action)
    if facts is None:
        return bool(found)
    if isinstance(facts, TicketFacts) and action is not Action.TICKET_SEE and not may(actor, Action.TICKET_SEE, facts):
        return False
    return any(within(actor, reach, facts) for reach in found)


def authorize(
    actor: Actor | None, action: Action, facts: Facts | None = None, sentence: Sentence | None = None
) -> None:
    """Raise NotAllowed unless `may`."""
    if not may(actor, action, facts):
        raise NotAllowed(sentence)
