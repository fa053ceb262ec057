"""The moves of a ticket: a table, not ifs. Pure; `services` asks it before anything else changes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from app.tickets.codes import OPEN, STATUS_LABELS, UNSOLVED, Status
from app.words import N_, Sentence, listed, say


class Move(StrEnum):
    VERIFY = "verify"
    TRIAGE = "triage"
    RECLASSIFY = "reclassify"
    ASSIGN = "assign"
    TRANSFER = "transfer"
    START = "start"
    RESUME = "resume"
    WAIT = "wait"
    HAND_BACK = "hand_back"
    ANALYSE = "analyse"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    CLOSE = "close"
    MERGE = "merge"
    UNDO_MERGE = "undo_merge"
    CLOSE_WITH_TARGET = "close_with_target"
    ASK_INVALID = "ask_invalid"
    INVALIDATE = "invalidate"
    RESTORE = "restore"
    FOLLOW_UP = "follow_up"
    ESCALATE = "escalate"
    LINK = "link"


class Path(NamedTuple):
    sources: frozenset[Status]
    target: Status | None  # None: the ticket stays where it is (or, undoing a merge, goes back to where it was)


_WORKED_ON = frozenset({Status.ASSIGNED, Status.IN_PROGRESS, Status.WAITING})

MOVES: Mapping[Move, Path] = MappingProxyType(
    {
        Move.VERIFY: Path(frozenset({Status.NEW}), Status.TRIAGE),
        Move.TRIAGE: Path(frozenset({Status.TRIAGE}), Status.ASSIGNED),
        Move.RECLASSIFY: Path(_WORKED_ON, None),
        Move.ASSIGN: Path(_WORKED_ON, None),
        Move.TRANSFER: Path(_WORKED_ON, Status.ASSIGNED),
        Move.START: Path(frozenset({Status.ASSIGNED}), Status.IN_PROGRESS),
        Move.RESUME: Path(frozenset({Status.WAITING}), Status.IN_PROGRESS),
        Move.WAIT: Path(frozenset({Status.IN_PROGRESS}), Status.WAITING),
        Move.HAND_BACK: Path(_WORKED_ON, Status.TRIAGE),
        Move.ANALYSE: Path(_WORKED_ON, None),
        Move.RESOLVE: Path(frozenset({Status.IN_PROGRESS}), Status.RESOLVED),
        Move.REOPEN: Path(frozenset({Status.RESOLVED}), Status.TRIAGE),
        Move.CLOSE: Path(frozenset({Status.RESOLVED}), Status.CLOSED),
        Move.MERGE: Path(UNSOLVED, Status.MERGED),
        Move.UNDO_MERGE: Path(frozenset({Status.MERGED}), None),
        Move.CLOSE_WITH_TARGET: Path(frozenset({Status.MERGED}), Status.CLOSED),
        Move.ASK_INVALID: Path(frozenset({Status.NEW, Status.TRIAGE}), None),
        Move.INVALIDATE: Path(frozenset({Status.NEW, Status.TRIAGE}), Status.INVALID),
        Move.RESTORE: Path(frozenset({Status.INVALID}), Status.TRIAGE),
        Move.FOLLOW_UP: Path(frozenset({Status.RESOLVED}), None),
        Move.ESCALATE: Path(OPEN, None),
        Move.LINK: Path(frozenset(Status), None),
    }
)

MOVE_LABELS: Mapping[Move, str] = MappingProxyType(
    {
        Move.VERIFY: N_("核实"),
        Move.TRIAGE: N_("分级派单"),
        Move.RECLASSIFY: N_("重新分级"),
        Move.ASSIGN: N_("指派"),
        Move.TRANSFER: N_("转部门"),
        Move.START: N_("开始处理"),
        Move.RESUME: N_("继续处理"),
        Move.WAIT: N_("等待客户"),
        Move.HAND_BACK: N_("退单"),
        Move.ANALYSE: N_("记录原因"),
        Move.RESOLVE: N_("提交解决"),
        Move.REOPEN: N_("重开"),
        Move.CLOSE: N_("关闭"),
        Move.MERGE: N_("合并"),
        Move.UNDO_MERGE: N_("撤销合并"),
        Move.CLOSE_WITH_TARGET: N_("随目标工单关闭"),
        Move.ASK_INVALID: N_("申请判为无效"),
        Move.INVALIDATE: N_("确认无效"),
        Move.RESTORE: N_("恢复"),
        Move.FOLLOW_UP: N_("回访"),
        Move.ESCALATE: N_("升级"),
        Move.LINK: N_("关联工单"),
    }
)

# What to do next where a ticket stands; closes every refusal, so that nobody is left in front of a wall.
_NEXT: Mapping[Status, str] = MappingProxyType(
    {
        Status.NEW: N_("请先与客户核实情况。"),
        Status.TRIAGE: N_("请先分类、定级并派到处理部门。"),
        Status.ASSIGNED: N_("请先开始处理。"),
        Status.IN_PROGRESS: N_("请继续处理，记录原因和解决方案后提交解决。"),
        Status.WAITING: N_("客户答复后请继续处理。"),
        Status.RESOLVED: N_("请完成回访；客户不满意时工单会自动重开。"),
        Status.CLOSED: N_("关闭是终点；客户再来反馈时会登记新的工单并关联到这一张。"),
        Status.MERGED: N_("请在合并到的工单上操作，或先撤销合并。"),
        Status.INVALID: N_("需要继续处理时，请主管先恢复工单。"),
    }
)


def allowed(move: Move, status: str) -> bool:
    return status in MOVES[move].sources


def target_of(move: Move, status: str) -> Status:
    """Where the move leads from here."""
    return MOVES[move].target or Status(status)


def refusal(move: Move, status: str) -> Sentence | None:
    """None if the move may be made from this status; else the sentence that names the rule and the next step."""
    if allowed(move, status):
        return None
    return say(
        "工单现在是「%(status)s」，不能%(move)s：这一步只能从「%(sources)s」开始。%(next)s",
        status=say(STATUS_LABELS[Status(status)]),
        move=say(MOVE_LABELS[move]),
        sources=listed([say(STATUS_LABELS[s]) for s in Status if s in MOVES[move].sources]),
        next=say(_NEXT[Status(status)]),
    )
