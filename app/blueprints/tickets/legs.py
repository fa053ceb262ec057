"""The four legs of the loop as the bar above the timeline shows them."""

from __future__ import annotations

from typing import NamedTuple

from app.tickets.codes import Status
from app.tickets.queries import TicketPage
from app.words import Sentence, say


class Leg(NamedTuple):
    label: Sentence
    text: Sentence | None
    state: str  # done, current, todo


_AT = {
    Status.NEW: 0,
    Status.TRIAGE: 0,
    Status.INVALID: 0,
    Status.ASSIGNED: 1,
    Status.IN_PROGRESS: 1,
    Status.WAITING: 1,
    Status.MERGED: 1,
    Status.RESOLVED: 2,
    Status.CLOSED: 4,
}


def legs_of(page: TicketPage) -> list[Leg]:
    """接收 处理 回访 归档, each with when it was done or what it waits for."""
    ticket, cycle = page.ticket, page.cycle.cycle
    here = _AT[Status(ticket.status)]
    texts = [
        say("%(at)s 接收", at=ticket.received_at),
        say("%(at)s 解决", at=cycle.resolved_at) if cycle.resolved_at else None,
        _followed_up(page),
        say("%(at)s 关闭", at=ticket.closed_at) if ticket.closed_at else None,
    ]
    labels = [say("接收"), say("处理"), say("回访"), say("归档")]
    return [
        Leg(label, text, "done" if n < here else "current" if n == here else "todo")
        for n, (label, text) in enumerate(zip(labels, texts, strict=True))
    ]


def _followed_up(page: TicketPage) -> Sentence | None:
    follow_up = page.follow_up.follow_up if page.follow_up else None
    if follow_up is None:
        return None
    if follow_up.completed_at:
        return say("%(at)s 完成", at=follow_up.completed_at)
    return say("%(at)s 前完成", at=follow_up.due_at)
