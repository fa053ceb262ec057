"""Two tickets about one thing: merged into the one that is followed up, and apart again if that was a mistake."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.policy import Action, Actor, may
from app.tickets import timing
from app.tickets.codes import OPEN, STATUS_LABELS, FollowUpState, LinkKind, Status
from app.tickets.given import Seen
from app.tickets.models import Cycle, FollowUp, Invalidation, Merge, Ticket, TicketLink
from app.tickets.queries.scope import facts_of
from app.tickets.services.ground import Step, cycle_of, invalid, lock_ids, overtaken, text_of
from app.tickets.workflow import Move
from app.words import say


def merge(
    session: Session,
    ticket: Ticket,
    into: Ticket,
    *,
    reason: str = "",
    by: Actor,
    now: datetime,
    seen: Seen | None = None,
) -> Ticket:
    """Merge `ticket` into `into`, whose follow-up will close both. It keeps its own rows; its clocks stop.

    Raises Conflict for another customer, a target that is closed or was followed up already, itself, or a circle;
    NotFound for a target out of sight.
    """
    _lock_family(session, ticket, into)
    step = Step.begin(session, ticket, Action.TICKET_MERGE, by=by, now=now, seen=seen)
    if not may(by, Action.TICKET_SEE, facts_of(session, into, now)):
        raise NotFound
    _check_target(ticket, into)
    _check_still_to_be_asked(session, into)
    step.check(Move.MERGE)
    why = text_of("reason", reason)
    session.add(Merge(ticket_id=ticket.id, into_id=into.id, from_status=ticket.status, at=now, by_id=by.id))
    timing.cancel(session, ticket, step.cycle, now=now)
    _end_request(session, ticket, by, now)
    ticket.merged_into_id = into.id
    step.move(Move.MERGE, "merged", why=why, into=into.id)
    _move_children(step, into)
    _beside(step, into).note("child_merged", child=ticket.id)
    step.record("ticket.merged", into=into.id)
    step.publish("ticket.merged", into_id=into.id)
    return ticket


def _check_target(ticket: Ticket, into: Ticket) -> None:
    if into.id == ticket.id:
        raise Conflict(say("不能把工单并入它自己，请选择另一张工单。"))
    if into.customer_id != ticket.customer_id:
        raise Conflict(say("只有同一客户的工单可以合并；不同客户的同类问题请用关联。没有改动任何内容。"))
    if into.merged_into_id == ticket.id:
        raise Conflict(say("%(no)s 已经并入这张工单，不能反过来再合并。请先撤销那次合并。", no=into.no))
    if into.status not in OPEN:
        label = say(STATUS_LABELS[Status(into.status)])
        raise Conflict(
            say("目标工单 %(no)s 现在是「%(status)s」，不能并入：请选择未关闭的工单。", no=into.no, status=label)
        )


def _check_still_to_be_asked(session: Session, into: Ticket) -> None:
    """A follow-up that is over says nothing about what is merged afterwards: that would close without one."""
    query = select(FollowUp.id).join(Cycle, Cycle.id == FollowUp.cycle_id)
    over = query.where(Cycle.ticket_id == into.id, Cycle.n == into.cycle, FollowUp.state == FollowUpState.DONE)
    if session.scalar(over) is not None:
        raise Conflict(
            say(
                "目标工单 %(no)s 已经回访过客户，并入的工单不会再有人回访，不能并入："
                "请单独处理这张工单，或先重开目标工单。",
                no=into.no,
            )
        )


def undo_merge(session: Session, ticket: Ticket, *, reason: str = "", by: Actor, now: datetime) -> Ticket:
    """Take the ticket out again: it stands where it stood, and its promises hold with their old dates."""
    _lock_family(session, ticket)
    step = Step.begin(session, ticket, Action.TICKET_MERGE, by=by, now=now)
    step.check(Move.UNDO_MERGE)
    row = _current(session, ticket)
    into = session.get_one(Ticket, row.into_id)
    why = text_of("reason", reason)
    row.undone_at, row.undone_by = now, by.id
    ticket.merged_into_id = None
    back = Status(row.from_status)
    timing.revive(session, ticket, step.cycle, now=now, because="unmerged")
    step.move(Move.UNDO_MERGE, "merge_undone", why=why, to=back, into=into.id)
    if back is Status.WAITING:
        timing.pause(session, ticket, step.cycle, now=now)
    _children_back(step, into)
    _beside(step, into).note("child_split", child=ticket.id)
    step.record("ticket.merge_undone", into=into.id)
    step.publish("ticket.unmerged", into_id=into.id)
    return ticket


def link(session: Session, ticket: Ticket, other: Ticket, *, kind: str, by: Actor, now: datetime) -> TicketLink:
    """Point from one ticket to another; `parent`: the ticket is a part of the other."""
    lock_ids(session, {ticket.id, other.id})
    step = Step.begin(session, ticket, Action.TICKET_MERGE, by=by, now=now)
    if kind not in set(LinkKind):
        raise invalid("kind", say("没有这种关联，请重新选择。"))
    if not may(by, Action.TICKET_SEE, facts_of(session, other, now)):
        raise NotFound
    if other.id == ticket.id:
        raise Conflict(say("不能把工单关联到它自己，请选择另一张工单。"))
    known = select(TicketLink).where(
        TicketLink.from_id == ticket.id, TicketLink.to_id == other.id, TicketLink.kind == kind
    )
    if (row := session.scalar(known)) is not None:
        return row
    if kind == LinkKind.PARENT and ticket.id in _ancestors(session, other.id):
        raise Conflict(say("%(no)s 已经是这张工单的子工单，不能反过来关联。", no=other.no))
    if kind == LinkKind.PARENT and other.status not in OPEN - {Status.RESOLVED} and ticket.status in OPEN:
        raise Conflict(say("%(no)s 已经解决或结束，不能再加子工单。请登记新的反馈。", no=other.no))
    row = TicketLink(from_id=ticket.id, to_id=other.id, kind=kind, at=now, by_id=by.id)
    session.add(row)
    session.flush()
    step.note("linked", to=other.id, kind=kind)
    _beside(step, other).note("linked", origin=ticket.id, kind=kind)
    return row


# --- parts ------------------------------------------------------------------------------------------------------------


def _lock_family(session: Session, ticket: Ticket, *others: Ticket) -> None:
    """Lock the tickets and whatever a merge of the first one moves, lower ids first.

    Who belongs to it is read before the locks are held, so it is read again: if somebody has moved one in between, it
    is theirs, and going on without its lock could make two transactions wait for each other.
    """
    wanted = _family(session, ticket) | {other.id for other in others}
    lock_ids(session, wanted)
    if not _family(session, ticket) <= wanted:
        raise overtaken(session, ticket)


def _family(session: Session, ticket: Ticket) -> set[int]:
    """The ticket, what it lies in, what lies in it, and what went along when it was merged on."""
    below = session.scalars(select(Ticket.id).where(Ticket.merged_into_id == ticket.id))
    via = session.scalars(select(Merge.ticket_id).where(Merge.via_id == ticket.id, Merge.undone_at.is_(None)))
    return {ticket.id, *below, *via} | ({ticket.merged_into_id} if ticket.merged_into_id else set())


def _current(session: Session, ticket: Ticket) -> Merge:
    return session.scalars(select(Merge).where(Merge.ticket_id == ticket.id, Merge.undone_at.is_(None))).one()


def _beside(step: Step, other: Ticket) -> Step:
    """The same act as seen on the other ticket's timeline."""
    return Step(step.session, other, step.by, step.now, step.facts, cycle_of(step.session, other))


def _move_children(step: Step, into: Ticket) -> None:
    """Chains are flattened: what lay in this ticket lies in its target now, and remembers the way back."""
    session, ticket = step.session, step.ticket
    rows = select(Merge).where(Merge.into_id == ticket.id, Merge.undone_at.is_(None)).order_by(Merge.ticket_id)
    for row in session.scalars(rows).all():
        child = session.get_one(Ticket, row.ticket_id)
        _repoint(step, row, child, into, via=ticket.id)


def _children_back(step: Step, was_in: Ticket) -> None:
    rows = select(Merge).where(Merge.via_id == step.ticket.id, Merge.into_id == was_in.id, Merge.undone_at.is_(None))
    for row in step.session.scalars(rows.order_by(Merge.ticket_id)).all():
        _repoint(step, row, step.session.get_one(Ticket, row.ticket_id), step.ticket, via=None)


def _repoint(step: Step, row: Merge, child: Ticket, into: Ticket, *, via: int | None) -> None:
    """A merge that moves is a new row; the old one keeps where it pointed."""
    session = step.session
    row.undone_at, row.undone_by = step.now, step.by.id
    session.flush()
    session.add(
        Merge(
            ticket_id=child.id,
            into_id=into.id,
            via_id=via,
            from_status=row.from_status,
            at=step.now,
            by_id=step.by.id,
        )
    )
    child.merged_into_id = into.id
    _beside(step, child).note("merge_moved", into=into.id, via=via)


def _end_request(session: Session, ticket: Ticket, by: Actor, now: datetime) -> None:
    query = select(Invalidation).where(Invalidation.ticket_id == ticket.id, Invalidation.ended_at.is_(None))
    for row in session.scalars(query):
        row.ended_at, row.ended_by = now, by.id


def _ancestors(session: Session, ticket_id: int) -> set[int]:
    """The ticket and everything it is a part of, however many levels up."""
    found, frontier = {ticket_id}, {ticket_id}
    while frontier:
        query = select(TicketLink.to_id).where(TicketLink.from_id.in_(frontier), TicketLink.kind == LinkKind.PARENT)
        frontier = set(session.scalars(query)) - found
        found |= frontier
    return found
