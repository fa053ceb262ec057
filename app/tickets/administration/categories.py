"""The two-level tree of categories. What a ticket was once filed under is retired, never deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.audit.trail import record
from app.errors import Conflict, NotFound
from app.policy import Action, Actor, authorize
from app.tickets.administration.ground import Faults, checked_code, checked_name, hold
from app.tickets.followups import OtherPerson
from app.tickets.models import Ticket
from app.tickets.priority import LEVELS
from app.tickets.rules import Category
from app.words import N_, say

FORM5_KINDS: Sequence[str] = (N_("咨询"), N_("投诉"), N_("售后"), N_("建议"))  # 需求类型 of the official table 5
AXES = ("impact", "urgency", "severity")


@dataclass(frozen=True)
class CategoryGiven:
    """What can be edited. Whether it is a complaint is said of a first-level category and holds for those below it."""

    name: str
    impact: int
    urgency: int
    severity: int
    complaint: bool = False
    other_person: str = OtherPerson.PREFER
    form5: str = "售后"


@dataclass(frozen=True)
class TopCategory:
    """A first-level category with those below it, and how many tickets each was given to."""

    category: Category
    children: tuple[Category, ...]
    tickets: Mapping[int, int]

    @property
    def total(self) -> int:
        return sum(self.tickets.get(one.id, 0) for one in (self.category, *self.children))


def category_tree(session: Session) -> list[TopCategory]:
    """The whole tree with retired ones, in its order: three statements."""
    rows = session.scalars(select(Category).order_by(Category.position, Category.id)).all()
    counted = session.execute(
        select(Ticket.category_id, func.count()).where(Ticket.category_id.is_not(None)).group_by(Ticket.category_id)
    )
    tickets = {category_id: number for category_id, number in counted if category_id is not None}
    return [
        TopCategory(top, tuple(row for row in rows if row.parent_id == top.id), tickets)
        for top in rows
        if top.parent_id is None
    ]


def category_of(session: Session, code: str) -> Category:
    """The category of this code, retired or not. Raises NotFound."""
    category = session.scalar(select(Category).where(Category.code == code))
    if category is None:
        raise NotFound
    return category


def add_category(
    session: Session, given: CategoryGiven, *, code: str, parent: Category | None, by: Actor, now: datetime
) -> Category:
    """A new category at the end of its level. `code` is its own part; below a parent it becomes `<parent>.<code>`."""
    authorize(by, Action.CATEGORIES_ADMIN)
    faults = Faults()
    code = checked_code(faults, code)
    if parent is not None:
        if parent.parent_id is not None or parent.retired_at is not None:
            faults.blame("parent", say("上级只能是在用的一级分类。"))
        code = f"{parent.code}.{code}"
        if len(code) > 40:
            faults.blame("code", say("连同上级，代码最多 40 个字符。"))
    if session.scalar(select(Category.id).where(Category.code == code)):
        faults.blame("code", say("代码 %(code)s 已经用过，请换一个。停用的分类也占用代码。", code=code))
    parent_id = parent.id if parent else None
    given = _checked(session, faults, given, parent_id, own_id=None)
    last = session.scalar(select(func.max(Category.position)).where(_siblings(parent_id)))
    category = Category(code=code, parent_id=parent_id, position=(last or 0) + 1, **_values(given, parent))
    session.add(category)
    session.flush()
    record(session, by, "category.added", category, at=now)
    return category


def edit_category(
    session: Session, category: Category, given: CategoryGiven, *, version: int, by: Actor, now: datetime
) -> None:
    """Tickets keep what they were given; new ones get the new defaults."""
    authorize(by, Action.CATEGORIES_ADMIN)
    hold(session, category, version)
    faults = Faults()
    given = _checked(session, faults, given, category.parent_id, own_id=category.id)
    parent = session.get(Category, category.parent_id) if category.parent_id else None
    values = _values(given, parent)
    changed = sorted(name for name, value in values.items() if getattr(category, name) != value)
    if not changed:
        return
    for name in changed:
        setattr(category, name, values[name])
    category.version += 1
    if "complaint" in changed:
        _pass_down(session, category)
    record(session, by, "category.edited", category, at=now, data={"fields": changed})


def retire_category(session: Session, category: Category, *, version: int, by: Actor, now: datetime) -> None:
    """No longer offered; tickets that have it keep it."""
    authorize(by, Action.CATEGORIES_ADMIN)
    hold(session, category, version)
    if category.retired_at is not None:
        raise Conflict(say("分类「%(name)s」已经停用，不需要再停用一次。", name=category.name))
    below = select(Category.name).where(Category.parent_id == category.id, Category.retired_at.is_(None)).limit(1)
    if name := session.scalar(below):
        raise Conflict(
            say(
                "还不能停用「%(name)s」：它下面的「%(child)s」还在用。请先停用下级分类。",
                name=category.name,
                child=name,
            )
        )
    if category.parent_id is None and _tops_in_use(session) == 1:
        raise Conflict(
            say("还不能停用「%(name)s」：它是最后一个在用的一级分类，停用后工单就无法分类。", name=category.name)
        )
    category.retired_at = now
    category.version += 1
    record(session, by, "category.retired", category, at=now)


def restore_category(session: Session, category: Category, *, version: int, by: Actor, now: datetime) -> None:
    """Offer a retired category again."""
    authorize(by, Action.CATEGORIES_ADMIN)
    hold(session, category, version)
    if category.retired_at is None:
        raise Conflict(say("分类「%(name)s」本来就在用，不需要恢复。", name=category.name))
    parent = session.get(Category, category.parent_id) if category.parent_id else None
    if parent is not None and parent.retired_at is not None:
        raise Conflict(
            say(
                "还不能恢复「%(name)s」：上级「%(parent)s」已停用，请先恢复上级。",
                name=category.name,
                parent=parent.name,
            )
        )
    category.retired_at = None
    category.version += 1
    record(session, by, "category.restored", category, at=now)


# --- what is looked at ------------------------------------------------------------------------------------------------


def _checked(
    session: Session, faults: Faults, given: CategoryGiven, parent_id: int | None, own_id: int | None
) -> CategoryGiven:
    name = checked_name(faults, given.name)
    same = select(Category.id).where(_siblings(parent_id), Category.name == name, Category.id != (own_id or 0))
    if session.scalar(same):
        faults.blame("name", say("同一级已经有「%(name)s」这个分类。", name=name))
    for axis in AXES:
        if getattr(given, axis) not in LEVELS:
            faults.blame(axis, say("请在 1（低）、2（中）、3（高）中选择。"))
    if given.other_person not in set(OtherPerson):
        faults.blame("other_person", say("请从列出的选项里选一个。"))
    if given.form5 not in FORM5_KINDS:
        faults.blame("form5", say("请从列出的选项里选一个。"))
    faults.settle()
    return CategoryGiven(
        name, given.impact, given.urgency, given.severity, given.complaint, given.other_person, given.form5
    )


def _values(given: CategoryGiven, parent: Category | None) -> dict[str, object]:
    return {
        "name": given.name,
        "impact": given.impact,
        "urgency": given.urgency,
        "severity": given.severity,
        "complaint": parent.complaint if parent else given.complaint,
        "other_person": str(given.other_person),
        "form5": given.form5,
    }


def _pass_down(session: Session, top: Category) -> None:
    """A complaint is a first-level matter: what is below follows."""
    for child in session.scalars(select(Category).where(Category.parent_id == top.id).with_for_update()):
        child.complaint = top.complaint
        child.version += 1


def _siblings(parent_id: int | None) -> ColumnElement[bool]:
    return Category.parent_id.is_(None) if parent_id is None else Category.parent_id == parent_id


def _tops_in_use(session: Session) -> int:
    tops = select(Category.id).where(Category.parent_id.is_(None), Category.retired_at.is_(None)).with_for_update()
    return len(session.scalars(tops).all())
