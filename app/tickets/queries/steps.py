"""The next steps that the rules allow on a ticket, for one person, with the reason where one is not open yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.policy import Action, Actor, may
from app.tickets.codes import FollowUpState, Outcome, Status
from app.tickets.queries.shown import TicketPage
from app.tickets.workflow import MOVE_LABELS, Move
from app.words import N_, Sentence, say


@dataclass(frozen=True)
class Step:
    """`sentence` says why it is not open; `href` leads to the form, or to what is missing."""

    move: str
    allowed: bool
    sentence: Sentence | None
    label: str
    href: str


@dataclass(frozen=True)
class _Door:
    """A step by its noun in the address, and who may take it."""

    noun: str
    actions: tuple[Action, ...]
    label: str | None = None


_DOORS: Mapping[Move, _Door] = {
    Move.VERIFY: _Door("verification", (Action.TICKET_VERIFY,)),
    Move.TRIAGE: _Door("triage", (Action.TICKET_CLASSIFY,)),
    Move.RECLASSIFY: _Door("triage", (Action.TICKET_CLASSIFY,)),
    Move.ASSIGN: _Door("assignment", (Action.TICKET_ROUTE,), N_("指派与转部门")),
    Move.START: _Door("start", (Action.TICKET_HANDLE,)),
    Move.RESUME: _Door("start", (Action.TICKET_HANDLE,)),
    Move.WAIT: _Door("waiting", (Action.TICKET_HANDLE,)),
    Move.HAND_BACK: _Door("handback", (Action.TICKET_HANDLE,)),
    Move.ANALYSE: _Door("analysis", (Action.TICKET_HANDLE,)),
    Move.RESOLVE: _Door("resolution", (Action.TICKET_HANDLE,)),
    Move.FOLLOW_UP: _Door("", (Action.FOLLOW_UP,)),
    Move.CLOSE: _Door("closure", (Action.TICKET_CLOSE,)),
    Move.REOPEN: _Door("reopening", (Action.TICKET_REOPEN,)),
    Move.MERGE: _Door("merge", (Action.TICKET_MERGE,)),
    Move.UNDO_MERGE: _Door("merge/undo", (Action.TICKET_MERGE,)),
    Move.ASK_INVALID: _Door("invalidation", (Action.TICKET_INVALIDATE,)),
    Move.INVALIDATE: _Door("invalidation/confirmation", (Action.INVALID_CONFIRM,)),
    Move.RESTORE: _Door("restoration", (Action.INVALID_CONFIRM, Action.TICKET_INVALIDATE)),
    Move.ESCALATE: _Door("escalation", (Action.TICKET_ESCALATE,)),
    Move.LINK: _Door("links", (Action.TICKET_MERGE,)),
}

# In the order in which they are offered; the first one is the way forward.
_OFFERED: Mapping[Status, tuple[Move, ...]] = {
    Status.NEW: (
        Move.VERIFY,
        Move.MERGE,
        Move.ASK_INVALID,
        Move.INVALIDATE,
        Move.RESTORE,
        Move.ESCALATE,
        Move.LINK,
    ),
    Status.TRIAGE: (
        Move.TRIAGE,
        Move.MERGE,
        Move.ASK_INVALID,
        Move.INVALIDATE,
        Move.RESTORE,
        Move.ESCALATE,
        Move.LINK,
    ),
    Status.ASSIGNED: (
        Move.START,
        Move.ASSIGN,
        Move.RECLASSIFY,
        Move.HAND_BACK,
        Move.MERGE,
        Move.ESCALATE,
        Move.LINK,
    ),
    Status.IN_PROGRESS: (
        Move.RESOLVE,
        Move.ANALYSE,
        Move.WAIT,
        Move.ASSIGN,
        Move.RECLASSIFY,
        Move.HAND_BACK,
        Move.MERGE,
        Move.ESCALATE,
        Move.LINK,
    ),
    Status.WAITING: (
        Move.RESUME,
        Move.ANALYSE,
        Move.ASSIGN,
        Move.RECLASSIFY,
        Move.HAND_BACK,
        Move.MERGE,
        Move.ESCALATE,
        Move.LINK,
    ),
    Status.RESOLVED: (Move.FOLLOW_UP, Move.CLOSE, Move.REOPEN, Move.ESCALATE, Move.LINK),
    Status.CLOSED: (Move.LINK,),
    Status.MERGED: (Move.UNDO_MERGE,),
    Status.INVALID: (Move.RESTORE,),
}

_FORWARD: Mapping[Status, str] = {
    Status.NEW: N_("等登记部门与客户核实。"),
    Status.TRIAGE: N_("等登记人或主管分级派单。"),
    Status.ASSIGNED: N_("等处理部门的责任人开始处理。"),
    Status.IN_PROGRESS: N_("由责任人处理并提交解决。"),
    Status.WAITING: N_("等客户答复，由责任人继续处理。"),
    Status.RESOLVED: N_("等客服回访客户。"),
    Status.MERGED: N_("已并入其他工单，随那张工单一起回访和关闭。"),
    Status.INVALID: N_("已判为无效；需要时由主管恢复。"),
}


def steps(page: TicketPage, actor: Actor, now: datetime) -> list[Step]:
    """What this person can do next. A step that somebody else has to do is named only where it is the way forward."""
    status = Status(page.ticket.status)
    found = []
    for number, move in enumerate(_OFFERED[status]):
        door = _DOORS[move]
        if not _fits(move, page, actor):
            continue
        if any(may(actor, action, page.facts) for action in door.actions):
            found.append(_open(move, door, page, actor))
        elif number == 0 and status in _FORWARD:
            found.append(Step(move, False, say(_FORWARD[status]), _label(move, door), f"/tickets/{page.ticket.no}"))
    return found


def _fits(move: Move, page: TicketPage, actor: Actor) -> bool:
    """Steps that hang on more than the status."""
    pending = page.invalidation is not None
    asked = page.follow_up.follow_up if page.follow_up else None
    match move:
        case Move.ASK_INVALID:
            return not pending and not page.children
        case Move.INVALIDATE:
            return pending and not page.children
        case Move.RESTORE:
            mine = page.invalidation is not None and page.invalidation.asked_by == actor.id
            open_ = pending or page.ticket.status == Status.INVALID
            return open_ and (mine or may(actor, Action.INVALID_CONFIRM, page.facts))
        case Move.FOLLOW_UP:
            return asked is not None and asked.state == FollowUpState.OPEN
        case _:
            return True


def _open(move: Move, door: _Door, page: TicketPage, actor: Actor) -> Step:
    no = page.ticket.no
    href = f"/tickets/{no}/{door.noun}"
    if move is Move.FOLLOW_UP and page.follow_up:
        href = f"/follow-ups/{page.follow_up.follow_up.no}"
    check = _CHECKS.get(move)
    if check and (reason := check(page, actor)):
        sentence, target = reason
        return Step(move, False, sentence, _label(move, door), target or href)
    label = N_("撤回申请") if move is Move.RESTORE and page.invalidation else _label(move, door)
    return Step(move, True, None, label, href)


def _label(move: Move, door: _Door) -> str:
    return door.label or MOVE_LABELS[move]


Reason = tuple[Sentence, str | None] | None


def _not_resolvable(page: TicketPage, actor: Actor) -> Reason:
    parts = [one.no for one in page.links if one.kind == "parent" and not one.forward]
    if page.obstacle and "open_child" in page.obstacle.missing and parts:
        return say("还有未解决的子工单 %(no)s：请先处理完子工单。", no=parts[0]), f"/tickets/{parts[0]}"
    return None


def _not_closable(page: TicketPage, actor: Actor) -> Reason:
    if page.obstacle is not None:
        return page.obstacle.sentence, page.obstacle.href
    content = page.follow_up is not None and page.follow_up.follow_up.outcome == Outcome.SATISFIED
    if not content and not may(actor, Action.CLOSE_UNREACHABLE, page.facts):
        return say("三次联系不上：由客服主管或售后负责人按“无法联系”关闭。"), f"/tickets/{page.ticket.no}"
    return None


_CHECKS: Mapping[Move, Callable[[TicketPage, Actor], Reason]] = {
    Move.RESOLVE: _not_resolvable,
    Move.CLOSE: _not_closable,
}
