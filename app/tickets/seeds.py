"""The rules that the product ships with: categories, the 27 cells, promises on time, routing. Pages edit them later."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Department
from app.sla.clock import Unit
from app.tickets.codes import LIVE_CHANNELS, ClockKind, Priority
from app.tickets.followups import OtherPerson
from app.tickets.priority import shipped_cells
from app.tickets.routing import covers
from app.tickets.rules import Category, PriorityCell, RoutingRule, SlaPolicy, SlaTarget
from app.words import N_


class _Top(NamedTuple):
    name: str
    axes: tuple[int, int, int]  # impact, urgency, severity
    form5: str
    children: dict[str, str]
    complaint: bool = False


CATEGORIES: dict[str, _Top] = {
    "fault": _Top(
        N_("产品故障"),
        (1, 2, 2),
        N_("售后"),
        {
            "hardware": N_("硬件损坏"),
            "function": N_("功能异常"),
            "performance": N_("性能不达标"),
            "batch": N_("批次质量"),
        },
    ),
    "experience": _Top(
        N_("服务体验"),
        (1, 2, 1),
        N_("投诉"),
        {"attitude": N_("服务态度"), "speed": N_("响应速度"), "process": N_("流程便捷性")},
    ),
    "request": _Top(
        N_("需求建议"),
        (2, 1, 1),
        N_("建议"),
        {"improve": N_("功能优化"), "feature": N_("新增需求"), "service": N_("服务改进")},
    ),
    "complaint": _Top(N_("投诉"), (1, 2, 2), N_("投诉"), {}, complaint=True),
    "enquiry": _Top(N_("咨询"), (1, 1, 1), N_("咨询"), {"usage": N_("使用咨询"), "order": N_("订单查询")}),
    "aftersales": _Top(
        N_("售后"),
        (1, 2, 2),
        N_("售后"),
        {
            "exchange": N_("退换货"),
            "refund": N_("退款"),
            "repair": N_("维修"),
            "logistics": N_("物流异常"),
            "damaged": N_("商品破损"),
        },
    ),
    "process_gap": _Top(N_("流程问题"), (1, 1, 1), N_("建议"), {}),
    "other": _Top(N_("其他"), (1, 1, 1), N_("咨询"), {}),
}

Targets = dict[ClockKind, dict[Priority, tuple[int, Unit]]]


class _Policy(NamedTuple):
    name: str
    channels: tuple[str, ...]
    targets: Targets
    promise_counts: bool = False


_DAYS = {
    Priority.P0: (1, Unit.WORKING_DAY),
    Priority.P1: (5, Unit.WORKING_DAY),
    Priority.P2: (10, Unit.WORKING_DAY),
    Priority.P3: (1, Unit.NEXT_CYCLE),
}

POLICIES: dict[str, _Policy] = {
    "standard": _Policy(
        N_("标准时限"),
        (),
        {
            ClockKind.RESPONSE: {
                Priority.P0: (24, Unit.HOUR),
                Priority.P1: (48, Unit.HOUR),
                Priority.P2: (72, Unit.HOUR),
            },
            ClockKind.PLANNED: _DAYS,
        },
    ),
    "live": _Policy(
        N_("即时渠道时限"),
        tuple(sorted(LIVE_CHANNELS)),
        {
            ClockKind.RESPONSE: {
                Priority.P0: (5, Unit.MINUTE),
                Priority.P1: (10, Unit.MINUTE),
                Priority.P2: (30, Unit.MINUTE),
                Priority.P3: (30, Unit.MINUTE),
            },
            ClockKind.SOLUTION: {
                Priority.P0: (2, Unit.HOUR),
                Priority.P1: (24, Unit.HOUR),
                Priority.P2: (3, Unit.WORKING_DAY),
                Priority.P3: (3, Unit.WORKING_DAY),
            },
        },
        promise_counts=True,
    ),
    "follow_up": _Policy(
        N_("回访时限"),
        (),
        {
            ClockKind.FOLLOW_UP: {
                Priority.P0: (24, Unit.HOUR),
                Priority.P1: (24, Unit.HOUR),
                Priority.P2: (48, Unit.HOUR),
                Priority.P3: (72, Unit.HOUR),
            }
        },
    ),
}


class _Route(NamedTuple):
    category: str | None
    department: str
    role: str | None = None
    assisting: tuple[str, ...] = ()
    escalate: bool = False


ROUTES: tuple[_Route, ...] = (
    _Route("fault.batch", "quality", assisting=("support",)),
    _Route("fault", "support"),
    _Route("experience", "service", role="supervisor"),
    _Route("request", "product"),
    _Route("complaint", "service", role="supervisor", escalate=True),
    _Route(None, "service"),
)


def seed_rules(session: Session) -> None:
    """Write the shipped rules where there are none yet. The departments must be there. Does nothing a second time."""
    if session.scalar(select(Category.id).limit(1)) is not None:
        return
    _seed_categories(session)
    session.add_all(
        PriorityCell(severity=axes.severity, impact=axes.impact, urgency=axes.urgency, priority=priority)
        for axes, priority in shipped_cells().items()
    )
    _seed_policies(session)
    departments = {row.code: row.id for row in session.scalars(select(Department))}
    session.add_all(
        RoutingRule(
            position=position,
            category=rule.category,
            department_id=departments[rule.department],
            role=rule.role,
            assisting=list(rule.assisting),
            escalate=rule.escalate,
        )
        for position, rule in enumerate(ROUTES, start=1)
    )
    session.flush()


def _seed_categories(session: Session) -> None:
    for position, (code, top) in enumerate(CATEGORIES.items()):
        parent = _category(code, top, position)
        session.add(parent)
        session.flush()
        for below, (suffix, name) in enumerate(top.children.items()):
            child = _category(f"{code}.{suffix}", top._replace(name=name), below)
            child.parent_id = parent.id
            session.add(child)
    session.flush()


def _category(code: str, top: _Top, position: int) -> Category:
    impact, urgency, severity = top.axes
    return Category(
        code=code,
        name=top.name,
        impact=impact,
        urgency=urgency,
        severity=severity,
        complaint=top.complaint,
        form5=top.form5,
        other_person=OtherPerson.REQUIRE if covers("complaint", code) else OtherPerson.PREFER,
        position=position,
    )


def _seed_policies(session: Session) -> None:
    for position, (code, given) in enumerate(POLICIES.items()):
        policy = SlaPolicy(
            code=code,
            name=given.name,
            channels=list(given.channels),
            categories=[],
            tiers=[],
            promise_counts=given.promise_counts,
            position=position,
        )
        session.add(policy)
        session.flush()
        session.add_all(
            SlaTarget(policy_id=policy.id, kind=kind, priority=priority, amount=amount, unit=unit)
            for kind, row in given.targets.items()
            for priority, (amount, unit) in row.items()
        )
