"""Promises on time: for which tickets a policy is, and how long each kind of clock runs at each priority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import record
from app.customers.models import Tier
from app.errors import Conflict, NotFound
from app.policy import Action, Actor, authorize
from app.sla.clock import Unit
from app.tickets.administration.ground import Faults, checked_code, checked_name, hold
from app.tickets.clocks import Target
from app.tickets.codes import Channel, ClockKind, Priority
from app.tickets.rules import Category, SlaPolicy, SlaTarget
from app.words import Sentence, say

Targets = Mapping[tuple[str, str], Target]
MOST: Mapping[Unit, int] = {Unit.MINUTE: 10_080, Unit.HOUR: 2_160, Unit.WORKING_DAY: 365, Unit.NEXT_CYCLE: 1}
# Without these two a ticket would have no planned completion, or its customer would never have to be asked.
ALWAYS = (ClockKind.PLANNED, ClockKind.FOLLOW_UP)


@dataclass(frozen=True)
class PolicyGiven:
    """Empty lists match all tickets."""

    name: str
    channels: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()  # codes; a top one covers its children
    tiers: tuple[str, ...] = ()
    pauses_in_waiting: bool = True
    promise_counts: bool = False


@dataclass(frozen=True)
class PolicyShown:
    policy: SlaPolicy
    targets: Targets


def policies(session: Session) -> list[PolicyShown]:
    """All, retired ones last: two statements."""
    rows = session.scalars(select(SlaPolicy).order_by(SlaPolicy.position, SlaPolicy.id)).all()
    targets = _targets_of(session, [row.id for row in rows])
    shown = [PolicyShown(row, targets.get(row.id, {})) for row in rows]
    return sorted(shown, key=lambda one: one.policy.retired_at is not None)


def policy_of(session: Session, code: str) -> PolicyShown:
    """Raises NotFound."""
    row = session.scalar(select(SlaPolicy).where(SlaPolicy.code == code))
    if row is None:
        raise NotFound
    return PolicyShown(row, _targets_of(session, [row.id]).get(row.id, {}))


def add_policy(
    session: Session, given: PolicyGiven, targets: Targets, *, code: str, by: Actor, now: datetime
) -> SlaPolicy:
    """A new policy behind the others; among equally specific ones the first wins."""
    authorize(by, Action.CATEGORIES_ADMIN)
    faults = Faults()
    code = checked_code(faults, code)
    if session.scalar(select(SlaPolicy.id).where(SlaPolicy.code == code)):
        faults.blame("code", say("代码 %(code)s 已经用过，请换一个。", code=code))
    values = _checked(session, faults, given, targets)
    last = session.scalar(select(func.max(SlaPolicy.position)))
    policy = SlaPolicy(code=code, position=(last or 0) + 1, **values)
    session.add(policy)
    session.flush()
    _write_targets(session, policy, targets)
    record(session, by, "sla_policy.added", policy, at=now, data={"targets": _as_data(targets)})
    return policy


def edit_policy(
    session: Session,
    policy: SlaPolicy,
    given: PolicyGiven,
    targets: Targets,
    *,
    version: int,
    by: Actor,
    now: datetime,
) -> None:
    """Clocks that run keep their date; those that start or are computed anew follow the new numbers."""
    authorize(by, Action.CATEGORIES_ADMIN)
    hold(session, policy, version)
    values = _checked(session, Faults(), given, targets)
    before = _targets_of(session, [policy.id]).get(policy.id, {})
    changed = sorted(name for name, value in values.items() if getattr(policy, name) != value)
    if not changed and dict(before) == dict(targets):
        return
    for name in changed:
        setattr(policy, name, values[name])
    policy.version += 1
    _write_targets(session, policy, targets)
    _keep_the_loop(session)
    moved = {key: target for key, target in targets.items() if before.get(key) != target}
    gone = [f"{kind} {priority}" for kind, priority in sorted(set(before) - set(targets))]
    data = {"fields": changed, "targets": _as_data(moved), "removed": gone}
    record(session, by, "sla_policy.edited", policy, at=now, data={k: v for k, v in data.items() if v})


def retire_policy(session: Session, policy: SlaPolicy, *, version: int, by: Actor, now: datetime) -> None:
    """No new clock follows it; running ones keep their date."""
    authorize(by, Action.CATEGORIES_ADMIN)
    hold(session, policy, version)
    if policy.retired_at is not None:
        raise Conflict(say("时限政策「%(name)s」已经停用。", name=policy.name))
    policy.retired_at = now
    policy.version += 1
    _keep_the_loop(session)
    record(session, by, "sla_policy.retired", policy, at=now)


def restore_policy(session: Session, policy: SlaPolicy, *, version: int, by: Actor, now: datetime) -> None:
    authorize(by, Action.CATEGORIES_ADMIN)
    hold(session, policy, version)
    if policy.retired_at is None:
        raise Conflict(say("时限政策「%(name)s」本来就在用，不需要恢复。", name=policy.name))
    policy.retired_at = None
    policy.version += 1
    record(session, by, "sla_policy.restored", policy, at=now)


# --- what is looked at ------------------------------------------------------------------------------------------------


def _keep_the_loop(session: Session) -> None:
    """Somewhere a policy for all tickets must promise planned completion and follow-up at every priority."""
    session.flush()
    rows = session.scalars(select(SlaPolicy).where(SlaPolicy.retired_at.is_(None)).with_for_update()).all()
    for_all = [row for row in rows if not (row.channels or row.categories or row.tiers)]
    targets = _targets_of(session, [row.id for row in for_all])
    for kind in ALWAYS:
        complete = any(all((kind, priority) in targets.get(row.id, {}) for priority in Priority) for row in for_all)
        if not complete:
            raise Conflict(_LOOP_SENTENCES[kind])


_LOOP_SENTENCES: Mapping[ClockKind, Sentence] = {
    ClockKind.PLANNED: say(
        "没有保存：至少要有一个适用于全部工单的政策，为四个优先级都规定计划完成时间，否则工单会没有期限。"
    ),
    ClockKind.FOLLOW_UP: say(
        "没有保存：至少要有一个适用于全部工单的政策，为四个优先级都规定回访时限，否则会有客户没人回访。"
    ),
}


def _checked(session: Session, faults: Faults, given: PolicyGiven, targets: Targets) -> dict[str, object]:
    name = checked_name(faults, given.name)
    for field, known in (("channels", set(Channel)), ("tiers", set(Tier)), ("categories", _codes(session))):
        if set(getattr(given, field)) - {str(code) for code in known}:
            faults.blame(field, say("请从列出的选项里选择。"))
    for (kind, priority), target in targets.items():
        field = f"{kind}-{priority}"
        if kind not in set(ClockKind) or priority not in set(Priority) or target.unit not in set(Unit):
            faults.blame(field, say("请从列出的选项里选择。"))
        elif not 1 <= target.amount <= MOST[Unit(target.unit)]:
            faults.blame(field, say("请填写 %(low)s 到 %(high)s 之间的整数。", low=1, high=MOST[Unit(target.unit)]))
    if not targets:
        faults.blame("targets", say("至少填写一个时限；一个都没有的政策不起作用。"))
    faults.settle()
    return {
        "name": name,
        "channels": sorted(given.channels),
        "categories": sorted(given.categories),
        "tiers": sorted(given.tiers),
        "pauses_in_waiting": given.pauses_in_waiting,
        "promise_counts": given.promise_counts,
    }


def _codes(session: Session) -> set[str]:
    return set(session.scalars(select(Category.code)))


def _targets_of(session: Session, ids: Sequence[int]) -> dict[int, Targets]:
    query = select(SlaTarget).where(SlaTarget.policy_id.in_(ids)).order_by(SlaTarget.policy_id)
    rows = session.scalars(query).all()
    return {
        policy_id: {(row.kind, row.priority): Target(row.amount, Unit(row.unit)) for row in group}
        for policy_id, group in groupby(rows, key=lambda row: row.policy_id)
    }


def _write_targets(session: Session, policy: SlaPolicy, targets: Targets) -> None:
    rows = session.scalars(select(SlaTarget).where(SlaTarget.policy_id == policy.id).with_for_update())
    known = {(row.kind, row.priority): row for row in rows}
    for key in set(known) - set(targets):
        session.delete(known[key])
    for key, target in targets.items():
        row = known.get(key)
        if row is None:
            row = SlaTarget(policy_id=policy.id, kind=str(key[0]), priority=str(key[1]), amount=1, unit=target.unit)
            session.add(row)
        row.amount, row.unit = target.amount, str(target.unit)


def _as_data(targets: Targets) -> dict[str, str]:
    return {f"{kind} {priority}": f"{t.amount} {t.unit}" for (kind, priority), t in sorted(targets.items())}
