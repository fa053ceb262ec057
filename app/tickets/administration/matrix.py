"""The 27 cells of the priority matrix. Whatever is edited, a higher axis never gives a lower priority."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.trail import record
from app.errors import Conflict, Invalid
from app.policy import Action, Actor, authorize
from app.tickets.codes import Priority
from app.tickets.priority import LEVELS, Axes, Cells, rank
from app.tickets.rules import PriorityCell
from app.words import Sentence, say

AXES = ("severity", "impact", "urgency")


@dataclass(frozen=True)
class MatrixCell:
    """One cell as it is stored."""

    axes: Axes
    priority: Priority


@dataclass(frozen=True)
class Slip:
    """Two neighbours of which the one with the higher axis has the lower priority."""

    lower: MatrixCell
    higher: MatrixCell

    @property
    def sentence(self) -> Sentence:
        return say(
            "%(lower)s 是 %(p)s，%(higher)s 却是 %(q)s：提高任何一项，优先级都不能降低。",
            lower=_in_words(self.lower.axes),
            p=str(self.lower.priority),
            higher=_in_words(self.higher.axes),
            q=str(self.higher.priority),
        )


def matrix(session: Session) -> list[MatrixCell]:
    """All cells, by severity, impact, urgency."""
    return [MatrixCell(_axes(row), Priority(row.priority)) for row in _rows(session, lock=False)]


def matrix_version(session: Session) -> int:
    """Rises with every change of any cell: what an edit must have seen."""
    return sum(row.version for row in _rows(session, lock=False))


def set_matrix(session: Session, wanted: Mapping[Axes, str], *, version: int, by: Actor, now: datetime) -> int:
    """Set the cells that are named; returns how many changed. Tickets keep the priority they were given.

    Raises Conflict when somebody else changed the matrix since `version`, Invalid (fields `S1I1U1` …) for an unknown
    priority, and where a higher axis would lower the priority.
    """
    authorize(by, Action.CATEGORIES_ADMIN)
    rows = _rows(session, lock=True)
    if sum(row.version for row in rows) != version:
        raise Conflict(say("您打开页面之后，别人已经改过优先级矩阵。您的修改没有保存；请核对后再保存一次。"))
    if unknown := [axes for axes, priority in wanted.items() if priority not in set(Priority)]:
        sentence = say("优先级只能是 P0、P1、P2、P3。")
        raise Invalid(sentence, fields={axes.code(): [sentence] for axes in unknown})
    after = {_axes(row): Priority(wanted.get(_axes(row), row.priority)) for row in rows}
    _keep_rising(after)
    changed = {}
    for row in rows:
        priority = after[_axes(row)]
        if row.priority != priority:
            changed[_axes(row).code()] = [row.priority, str(priority)]
            row.priority = str(priority)
            row.version += 1
    if changed:
        record(session, by, "priority_matrix.edited", at=now, kind="priority_cell", data={"cells": changed})
    return len(changed)


def slips(cells: Cells) -> Iterator[Slip]:
    """Every pair of neighbours that breaks the rule."""
    for axes, priority in cells.items():
        for axis in AXES:
            level = getattr(axes, axis)
            if level == LEVELS[-1]:
                continue
            above = replace(axes, **{axis: level + 1})
            if above in cells and rank(cells[above]) > rank(priority):
                yield Slip(MatrixCell(axes, priority), MatrixCell(above, cells[above]))


def _keep_rising(cells: Cells) -> None:
    found = list(slips(cells))
    if not found:
        return
    fields: dict[str, list[Sentence]] = {}
    for slip in found:
        for cell in (slip.lower, slip.higher):
            fields.setdefault(cell.axes.code(), []).append(slip.sentence)
    raise Invalid(say("%(slip)s没有保存。", slip=found[0].sentence), fields=fields)


def _rows(session: Session, *, lock: bool) -> Sequence[PriorityCell]:
    query = select(PriorityCell).order_by(PriorityCell.severity, PriorityCell.impact, PriorityCell.urgency)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).all()


def _axes(row: PriorityCell) -> Axes:
    return Axes(row.impact, row.urgency, row.severity)


def _in_words(axes: Axes) -> Sentence:
    return say("严重性 %(s)s、影响 %(i)s、紧急 %(u)s", s=axes.severity, i=axes.impact, u=axes.urgency)
