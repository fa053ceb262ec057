"""Clocks as rows: started, paused, stopped, recomputed. A row that moves is replaced, so its old date stays visible.

What the clocks are and when they are due is `tickets.clocks` and `sla.clock`; only rows are kept here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.numbering import company_zone
from app.sla.clock import Clock, end_of_day
from app.tickets.clocks import BEFORE_TRIAGE, Deadline, Policy
from app.tickets.codes import ClockKind, MessageKind, MessageState
from app.tickets.models import FAR, Cycle, Message, Pause, SlaClock, Ticket
from app.tickets.promises import policies, promise
from app.tickets.rules import SlaPolicy

PROMISES_TO_CUSTOMERS = (ClockKind.RESPONSE, ClockKind.SOLUTION, ClockKind.PLANNED)


# --- rows -------------------------------------------------------------------------------------------------------------


def current(session: Session, cycle: Cycle) -> dict[str, SlaClock]:
    """The clocks of a cycle that hold now, by kind."""
    query = select(SlaClock).where(SlaClock.cycle_id == cycle.id, SlaClock.replaced_at.is_(None))
    return {row.kind: row for row in session.scalars(query)}


def as_clock(row: SlaClock) -> Clock:
    return Clock(row.started_at, row.due_at, row.paused_at, row.stopped_at)


def set_deadline(
    session: Session,
    cycle: Cycle,
    kind: ClockKind,
    wanted: Deadline | None,
    *,
    now: datetime,
    because: str,
) -> SlaClock | None:
    """Make this the clock of its kind; one with another date is replaced and stays visible. None: no promise now."""
    row = current(session, cycle).get(kind)
    if row and wanted and (row.started_at, row.due_at) == (wanted.started_at, wanted.due_at):
        row.policy_id = wanted.policy_id
        return row
    return _replace(session, cycle, kind, row, wanted, now=now, because=because)


def _replace(
    session: Session,
    cycle: Cycle,
    kind: ClockKind,
    row: SlaClock | None,
    wanted: Deadline | None,
    *,
    now: datetime,
    because: str,
) -> SlaClock | None:
    stopped_at, paused_at = None, None
    if row:
        stopped_at, paused_at = row.stopped_at, row.paused_at
        row.replaced_at, row.replaced_because = now, because
        session.flush()  # inserts go out before updates, and only one clock of a kind may be current
    if wanted is None:
        return None
    made = SlaClock(
        ticket_id=cycle.ticket_id,
        cycle_id=cycle.id,
        kind=kind,
        policy_id=wanted.policy_id,
        started_at=wanted.started_at,
        due_at=wanted.due_at,
        paused_at=paused_at,
        stopped_at=stopped_at,
        met=None if stopped_at is None else stopped_at <= wanted.due_at,
    )
    session.add(made)
    session.flush()
    return made


def stop(row: SlaClock | None, at: datetime) -> None:
    """The promise was answered at this moment, in time or not."""
    if row is not None and row.stopped_at is None:
        ended = as_clock(row).stop(at)
        row.stopped_at, row.met = ended.stopped_at, ended.met


def refresh_next_due(session: Session, ticket: Ticket) -> None:
    """Keep the column that lists sort by: the earliest deadline that is running."""
    query = select(SlaClock.due_at).where(
        SlaClock.ticket_id == ticket.id,
        SlaClock.replaced_at.is_(None),
        SlaClock.stopped_at.is_(None),
        SlaClock.paused_at.is_(None),
    )
    ticket.next_due_at = min(session.scalars(query), default=FAR)


# --- the life of the clocks -------------------------------------------------------------------------------------------


def start_of(ticket: Ticket, cycle: Cycle) -> datetime:
    """From when the customer waits: received, or in a later cycle, told us that it is not solved."""
    return ticket.received_at if cycle.n == 1 else cycle.opened_at


def open_cycle(session: Session, ticket: Ticket, cycle: Cycle, *, now: datetime) -> None:
    """Until somebody has judged the ticket, the response clock runs on the channel's middle row."""
    start = start_of(ticket, cycle)
    wanted = promise(session, policies(session), ticket, ClockKind.RESPONSE, priority=BEFORE_TRIAGE, start=start)
    set_deadline(session, cycle, ClockKind.RESPONSE, wanted, now=now, because="opened")
    refresh_next_due(session, ticket)


def judged(session: Session, ticket: Ticket, cycle: Cycle, *, now: datetime) -> None:
    """Triage or a correction of it: the promises are those of the priority, counted from when the customer began to
    wait; the planned completion follows until a person has set it."""
    known = policies(session)
    start = start_of(ticket, cycle)
    priority = ticket.priority or BEFORE_TRIAGE
    for kind in (ClockKind.RESPONSE, ClockKind.SOLUTION):
        wanted = promise(session, known, ticket, kind, priority=priority, start=start)
        if wanted and kind is ClockKind.SOLUTION:
            wanted = replace(wanted, due_at=wanted.due_at + _stood_still(session, cycle, wanted))
        set_deadline(session, cycle, kind, wanted, now=now, because="triage")
    answered(session, ticket, cycle, now=now, known=known)
    if ticket.planned_set_at is None:
        planned = _planned_by_default(session, known, ticket, cycle, priority)
        ticket.planned_for = planned.due_at if planned else None
        set_deadline(session, cycle, ClockKind.PLANNED, planned, now=now, because="triage")
    refresh_next_due(session, ticket)


def _stood_still(session: Session, cycle: Cycle, wanted: Deadline) -> timedelta:
    """For how long the customer was waited for in this round so far: a correction must not take that time back."""
    policy = session.get(SlaPolicy, wanted.policy_id) if wanted.policy_id else None
    if policy is not None and not policy.pauses_in_waiting:
        return timedelta()
    over = select(Pause).where(Pause.cycle_id == cycle.id, Pause.ended_at.is_not(None))
    return sum((row.ended_at - row.started_at for row in session.scalars(over) if row.ended_at), timedelta())


def _planned_by_default(
    session: Session, known: Sequence[Policy], ticket: Ticket, cycle: Cycle, priority: str
) -> Deadline | None:
    """The resolution target, else the working days of the priority from triage on."""
    start = start_of(ticket, cycle)
    solution = promise(session, known, ticket, ClockKind.SOLUTION, priority=priority, start=start)
    if solution:
        return Deadline(ClockKind.PLANNED, solution.policy_id, start, solution.due_at)
    return promise(session, known, ticket, ClockKind.PLANNED, priority=priority, start=cycle.triaged_at or start)


def moment_meant(session: Session, until: date | datetime) -> datetime:
    """A bare date means 18:00 of that day in the company's zone."""
    return until if isinstance(until, datetime) else end_of_day(until, company_zone(session))


def plan(session: Session, ticket: Ticket, cycle: Cycle, due_at: datetime, *, now: datetime, because: str) -> None:
    """A person sets the planned completion."""
    row = current(session, cycle).get(ClockKind.PLANNED)
    start = row.started_at if row else start_of(ticket, cycle)
    ticket.planned_for, ticket.planned_set_at = due_at, now
    wanted = Deadline(ClockKind.PLANNED, None, start, due_at)
    set_deadline(session, cycle, ClockKind.PLANNED, wanted, now=now, because=because)
    refresh_next_due(session, ticket)


def pause(session: Session, ticket: Ticket, cycle: Cycle, *, now: datetime) -> None:
    """Waiting for the customer: the solution clock stands still where its policy says so."""
    session.add(Pause(ticket_id=ticket.id, cycle_id=cycle.id, started_at=now))
    row = current(session, cycle).get(ClockKind.SOLUTION)
    if row and row.stopped_at is None and row.paused_at is None and _pauses(session, row):
        row.paused_at = now
    session.flush()
    refresh_next_due(session, ticket)


def _pauses(session: Session, row: SlaClock) -> bool:
    policy = session.get(SlaPolicy, row.policy_id) if row.policy_id else None
    return policy is None or policy.pauses_in_waiting


def resume(session: Session, ticket: Ticket, cycle: Cycle, *, now: datetime) -> None:
    """The wait is over, however it ended: a clock that stood still gets its time back as a new row."""
    query = select(Pause).where(Pause.ticket_id == ticket.id, Pause.ended_at.is_(None))
    for open_pause in session.scalars(query):
        open_pause.ended_at = now
    for row in current(session, cycle).values():
        if row.paused_at is None:
            continue
        moved = as_clock(row).resume(now)
        wanted = Deadline(ClockKind(row.kind), row.policy_id, row.started_at, moved.due_at)
        made = _replace(session, cycle, wanted.kind, row, wanted, now=now, because="paused")
        if made:
            made.paused_at = None
    session.flush()
    refresh_next_due(session, ticket)


def answered(
    session: Session, ticket: Ticket, cycle: Cycle, *, now: datetime, known: Sequence[Policy] | None = None
) -> None:
    """Work the answers of the cycle out anew: the first one a person wrote and that was not withdrawn ends the
    response clock; a recorded promise ends the solution clock where the policy lets it."""
    replies = (
        select(Message)
        .where(
            Message.cycle_id == cycle.id,
            Message.kind == MessageKind.REPLY,
            Message.automatic.is_(False),
            Message.state != MessageState.WITHDRAWN,
        )
        .order_by(Message.at, Message.id)
    )
    written = session.scalars(replies).all()
    cycle.first_answer_at = written[0].at if written else None
    clocks = current(session, cycle)
    _end_at(clocks.get(ClockKind.RESPONSE), cycle.first_answer_at)
    solution = clocks.get(ClockKind.SOLUTION)
    if solution:
        promised = next((m.at for m in written if m.promised_for), None) if _counts(session, solution) else None
        _end_at(solution, min((at for at in (promised, cycle.resolved_at) if at), default=None))
    refresh_next_due(session, ticket)


def _counts(session: Session, row: SlaClock) -> bool:
    policy = session.get(SlaPolicy, row.policy_id) if row.policy_id else None
    return policy is not None and policy.promise_counts


def _end_at(row: SlaClock | None, at: datetime | None) -> None:
    if row is None or row.stopped_at == at or _cancelled(row):
        return
    row.stopped_at, row.met = None, None
    if at is not None:
        stop(row, at)


def resolved(session: Session, ticket: Ticket, cycle: Cycle, *, priority: str, now: datetime) -> datetime | None:
    """The solution and planned clocks end, the follow-up clock starts; gives when the follow-up is due."""
    clocks = current(session, cycle)
    stop(clocks.get(ClockKind.PLANNED), now)
    answered(session, ticket, cycle, now=now)
    wanted = promise(session, policies(session), ticket, ClockKind.FOLLOW_UP, priority=priority, start=now)
    set_deadline(session, cycle, ClockKind.FOLLOW_UP, wanted, now=now, because="resolved")
    refresh_next_due(session, ticket)
    return wanted.due_at if wanted else None


def followed_up(session: Session, ticket: Ticket, cycle: Cycle, *, at: datetime) -> None:
    """The customer was asked (or three times not reached): the last clock of the cycle ends."""
    stop(current(session, cycle).get(ClockKind.FOLLOW_UP), at)
    session.flush()
    refresh_next_due(session, ticket)


def cancel(session: Session, ticket: Ticket, cycle: Cycle, *, now: datetime) -> None:
    """Merged or invalid: what still runs ends neither kept nor broken."""
    resume(session, ticket, cycle, now=now)
    for row in current(session, cycle).values():
        if row.stopped_at is None:
            row.stopped_at = now
    session.flush()
    refresh_next_due(session, ticket)


def revive(session: Session, ticket: Ticket, cycle: Cycle, *, now: datetime, because: str) -> None:
    """Undo of `cancel`: the promises hold again with their old dates, for the customer was told those."""
    for row in list(current(session, cycle).values()):
        if row.stopped_at is None or row.met is not None:
            continue
        wanted = Deadline(ClockKind(row.kind), row.policy_id, row.started_at, row.due_at)
        made = _replace(session, cycle, wanted.kind, row, wanted, now=now, because=because)
        if made:
            made.stopped_at = made.met = None
    answered(session, ticket, cycle, now=now)
    session.flush()
    refresh_next_due(session, ticket)


def asked(session: Session, ticket: Ticket, cycle: Cycle, *, at: datetime) -> None:
    """We spoke with the customer in the follow-up: at the latest, that was the first answer."""
    if cycle.first_answer_at is None:
        cycle.first_answer_at = at
        stop(current(session, cycle).get(ClockKind.RESPONSE), at)


def closed(session: Session, ticket: Ticket, cycle: Cycle, *, now: datetime) -> None:
    """Nothing runs on a closed ticket."""
    for row in current(session, cycle).values():
        stop(row, now)
    session.flush()
    refresh_next_due(session, ticket)


def late(rows: Iterable[SlaClock], at: datetime) -> bool:
    """Was a promise to the customer broken by this moment? Asked before a ticket is resolved, and of the moment it was
    resolved before it is closed."""
    promises = (r for r in rows if r.kind in PROMISES_TO_CUSTOMERS and r.replaced_at is None and not _cancelled(r))
    return any(min(row.stopped_at or row.paused_at or at, at) > row.due_at for row in promises)


def _cancelled(row: SlaClock) -> bool:
    return row.stopped_at is not None and row.met is None
