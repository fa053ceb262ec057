"""The ordered routing rules: the first that matches a ticket names the department."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Department
from app.audit.trail import record
from app.customers.models import Product, Tier
from app.errors import NotFound
from app.policy import Action, Actor, Role, authorize
from app.tickets.administration.ground import Faults, hold
from app.tickets.codes import Channel, Priority
from app.tickets.routing import covers
from app.tickets.rules import Category, RoutingRule
from app.words import say

CONDITIONS = ("category", "priority", "product_id", "tier", "channel")


@dataclass(frozen=True)
class RuleGiven:
    """None matches everything. `to_lead`: not only to the department, but to the one who leads it."""

    department_id: int
    category: str | None = None
    priority: str | None = None
    product_id: int | None = None
    tier: str | None = None
    channel: str | None = None
    to_lead: bool = False
    assisting: tuple[str, ...] = ()  # department codes
    escalate: bool = False


@dataclass(frozen=True)
class RuleShown:
    """A rule in its place. `hidden_by`: the place of an earlier rule that takes every ticket this one would match."""

    place: int
    rule: RoutingRule
    hidden_by: int | None

    @property
    def for_the_rest(self) -> bool:
        return _conditions(self.rule) == (None,) * len(CONDITIONS)


def rules(session: Session) -> list[RuleShown]:
    """In the order in which they are tried."""
    rows = _rows(session)
    return [RuleShown(place, row, _hidden_by(rows[: place - 1], row)) for place, row in enumerate(rows, 1)]


def rule_of(session: Session, rule_id: int) -> RoutingRule:
    """Raises NotFound."""
    rule = session.get(RoutingRule, rule_id)
    if rule is None:
        raise NotFound
    return rule


def add_rule(session: Session, given: RuleGiven, *, by: Actor, now: datetime) -> RoutingRule:
    """A new rule goes to the end, but before a last rule for the rest: behind it, it would never be reached."""
    authorize(by, Action.CATEGORIES_ADMIN)
    values = _checked(session, given)
    rows = list(_rows(session, lock=True))
    rule = RoutingRule(position=len(rows) + 1, **values)
    session.add(rule)
    has_rest = bool(rows) and _conditions(rows[-1]) == (None,) * len(CONDITIONS)
    rows.insert(len(rows) - 1 if has_rest and _conditions(rule) != _conditions(rows[-1]) else len(rows), rule)
    _number(rows)
    session.flush()
    record(session, by, "routing_rule.added", rule, at=now, data={"position": rule.position})
    return rule


def edit_rule(session: Session, rule: RoutingRule, given: RuleGiven, *, version: int, by: Actor, now: datetime) -> None:
    """Tickets stay where they were sent."""
    authorize(by, Action.CATEGORIES_ADMIN)
    hold(session, rule, version)
    values = _checked(session, given)
    changed = sorted(name for name, value in values.items() if getattr(rule, name) != value)
    if not changed:
        return
    for name in changed:
        setattr(rule, name, values[name])
    rule.version += 1
    record(session, by, "routing_rule.edited", rule, at=now, data={"fields": changed})


def move_rule(session: Session, rule: RoutingRule, *, up: bool, by: Actor, now: datetime) -> None:
    """One place up or down. At the end of the list it stays, which is what was wanted."""
    authorize(by, Action.CATEGORIES_ADMIN)
    rows = list(_rows(session, lock=True))
    here = rows.index(rule)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(rows):
        return
    rows[here], rows[there] = rows[there], rows[here]
    _number(rows)
    record(session, by, "routing_rule.moved", rule, at=now, data={"position": there + 1, "position_was": here + 1})


def delete_rule(session: Session, rule: RoutingRule, *, version: int, by: Actor, now: datetime) -> None:
    """Nothing hangs on a rule: the timeline of a ticket names the department it went to."""
    authorize(by, Action.CATEGORIES_ADMIN)
    rows = [row for row in _rows(session, lock=True) if row is not rule]
    hold(session, rule, version)
    record(
        session,
        by,
        "routing_rule.deleted",
        at=now,
        kind="routing_rule",
        id=rule.id,
        data={"position": rule.position, "department": rule.department_id, "category": rule.category},
    )
    session.delete(rule)
    _number(rows)


# --- what is looked at ------------------------------------------------------------------------------------------------


def _checked(session: Session, given: RuleGiven) -> dict[str, object]:
    faults = Faults()
    unknown = say("请从列出的选项里选一个。")
    departments = {
        row.id: row.code for row in session.scalars(select(Department).where(Department.retired_at.is_(None)))
    }
    if given.department_id not in departments:
        faults.blame("department_id", say("请选择一个在用的部门。"))
    if set(given.assisting) - set(departments.values()):
        faults.blame("assisting", unknown)
    if departments.get(given.department_id) in given.assisting:
        faults.blame("assisting", say("处理部门不能同时是协办部门。"))
    if given.category is not None and not session.scalar(select(Category.id).where(Category.code == given.category)):
        faults.blame("category", unknown)
    if given.product_id is not None and session.get(Product, given.product_id) is None:
        faults.blame("product_id", unknown)
    for field, known in (("priority", set(Priority)), ("tier", set(Tier)), ("channel", set(Channel))):
        if getattr(given, field) not in {None, *known}:
            faults.blame(field, unknown)
    faults.settle()
    return {name: getattr(given, name) for name in CONDITIONS} | {
        "department_id": given.department_id,
        "role": str(Role.SUPERVISOR) if given.to_lead else None,
        "assisting": sorted(given.assisting),
        "escalate": given.escalate,
    }


def _rows(session: Session, *, lock: bool = False) -> Sequence[RoutingRule]:
    query = select(RoutingRule).order_by(RoutingRule.position, RoutingRule.id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).all()


def _number(rows: Sequence[RoutingRule]) -> None:
    for place, row in enumerate(rows, 1):
        if row.position != place:
            row.position = place


def _conditions(rule: RoutingRule) -> tuple[object, ...]:
    return tuple(getattr(rule, name) for name in CONDITIONS)


def _hidden_by(earlier: Sequence[RoutingRule], rule: RoutingRule) -> int | None:
    return next((place for place, other in enumerate(earlier, 1) if _takes_all_of(other, rule)), None)


def _takes_all_of(other: RoutingRule, rule: RoutingRule) -> bool:
    """Does the other rule match whatever this one matches?"""
    if other.category is not None and (rule.category is None or not covers(other.category, rule.category)):
        return False
    return all(getattr(other, name) in (None, getattr(rule, name)) for name in CONDITIONS[1:])
