"""What must hold for every ticket in the database, checked without using the code that is meant to keep it so.

`flask doctor --deep` runs it, and so do the tests that walk the loop at random. It reads rows and repeats the rules in
its own words; it imports no service, no gate, no workflow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.numbering import ReferenceCounter, company_zone
from app.tickets.models import (
    FAR,
    Cycle,
    Event,
    FollowUp,
    FollowUpAttempt,
    Invalidation,
    Merge,
    Pause,
    SlaClock,
    Ticket,
    TicketLink,
)

BATCH = 500
STEPS = {
    ("new", "triage"),
    ("triage", "assigned"),
    ("assigned", "in_progress"),
    ("in_progress", "assigned"),
    ("in_progress", "waiting"),
    ("waiting", "in_progress"),
    ("waiting", "assigned"),
    ("assigned", "triage"),
    ("in_progress", "triage"),
    ("waiting", "triage"),
    ("in_progress", "resolved"),
    ("resolved", "triage"),
    ("resolved", "closed"),
    ("merged", "closed"),
    ("new", "invalid"),
    ("triage", "invalid"),
    ("invalid", "triage"),
    *((status, "merged") for status in ("new", "triage", "assigned", "in_progress", "waiting")),
    *(("merged", status) for status in ("new", "triage", "assigned", "in_progress", "waiting")),
}


class Broken(NamedTuple):
    """One rule that does not hold: which ticket, which rule (a code), and the detail in ids and codes."""

    ticket_no: str
    rule: str
    detail: str


@dataclass
class _Case:
    """A ticket with all its rows."""

    ticket: Ticket
    cycles: list[Cycle] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    follow_ups: list[FollowUp] = field(default_factory=list)
    attempts: list[FollowUpAttempt] = field(default_factory=list)
    clocks: list[SlaClock] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    invalidations: list[Invalidation] = field(default_factory=list)

    @property
    def now(self) -> Cycle | None:
        return next((cycle for cycle in self.cycles if cycle.n == self.ticket.cycle), None)


def check(session: Session, *, ids: Sequence[int] | None = None) -> Iterator[Broken]:
    """Every rule that some ticket breaks; nothing in a sound database. `ids`: only these tickets."""
    zone = company_zone(session)
    after = 0
    while True:
        query = select(Ticket).where(Ticket.id > after).order_by(Ticket.id).limit(BATCH)
        tickets = session.scalars(query if ids is None else query.where(Ticket.id.in_(ids))).all()
        if not tickets:
            break
        after = tickets[-1].id
        states = _states_of_targets(session, tickets)
        for case in _cases(session, tickets):
            yield from _check_one(case, zone, states)
    if ids is None:
        yield from _check_numbers(session)
        yield from _check_parents(session)


def _states_of_targets(session: Session, tickets: Iterable[Ticket]) -> dict[int, tuple[str, int, datetime | None]]:
    targets = {t.merged_into_id for t in tickets if t.merged_into_id}
    query = select(Ticket.id, Ticket.status, Ticket.customer_id, Ticket.closed_at).where(Ticket.id.in_(targets))
    return {id_: (status, customer, closed) for id_, status, customer, closed in session.execute(query)}


def _cases(session: Session, tickets: Sequence[Ticket]) -> list[_Case]:
    cases = {ticket.id: _Case(ticket) for ticket in tickets}
    owners: dict[str, Any] = {
        "cycles": Cycle,
        "events": Event,
        "follow_ups": FollowUp,
        "clocks": SlaClock,
        "pauses": Pause,
        "merges": Merge,
        "invalidations": Invalidation,
    }
    for name, model in owners.items():
        for row in session.scalars(select(model).where(model.ticket_id.in_(cases)).order_by(model.id)):
            getattr(cases[row.ticket_id], name).append(row)
    asked = {f.id: case for case in cases.values() for f in case.follow_ups}
    attempts = select(FollowUpAttempt).where(FollowUpAttempt.follow_up_id.in_(asked)).order_by(FollowUpAttempt.id)
    for attempt in session.scalars(attempts):
        asked[attempt.follow_up_id].attempts.append(attempt)
    return list(cases.values())


def _check_one(case: _Case, zone: ZoneInfo, states: dict[int, tuple[str, int, datetime | None]]) -> Iterator[Broken]:
    found = (
        *_check_closing(case, zone, states),
        *_check_cycles(case),
        *_check_timeline(case),
        *_check_follow_ups(case),
        *_check_clocks(case),
        *_check_standing(case, states),
    )
    for rule, detail in found:
        yield Broken(case.ticket.no, rule, detail)


Fault = tuple[str, str]


# --- the rule above all others ----------------------------------------------------------------------------------------


def _check_closing(case: _Case, zone: ZoneInfo, states: dict[int, tuple[str, int, datetime | None]]) -> Iterator[Fault]:
    """Closed means followed up in this cycle, or three times not reached, or closed with its target."""
    ticket, cycle = case.ticket, case.now
    if ticket.status != "closed":
        if ticket.closed_at or ticket.closed_as or ticket.closed_by:
            yield "closing_of_an_open_ticket", ticket.status
        return
    if not ticket.closed_at or not ticket.closed_as:
        yield "closed_without_how", ""
    if ticket.closed_as == "merged":
        target = states.get(ticket.merged_into_id or 0)
        if target is None or target[0] != "closed" or target[2] is None:
            yield "closed_with_an_open_target", str(ticket.merged_into_id)
        return
    attempts = _attempts_of(case, cycle)
    if ticket.closed_as == "satisfied":
        if not any(a.reached and a.solved and (a.score is None or a.score >= 3) for a in attempts):
            yield "closed_without_follow_up", f"cycle {ticket.cycle}"
    elif ticket.closed_as == "unreachable":
        failed = [a for a in attempts if not a.reached]
        days = {a.at.astimezone(zone).date() for a in failed}
        if len(failed) < 3 or len(days) < 3 or {a.method for a in failed} != {"phone", "online"}:
            yield "closed_without_three_attempts", f"{len(failed)} on {len(days)} days"
    else:
        yield "closed_somehow", str(ticket.closed_as)


def _attempts_of(case: _Case, cycle: Cycle | None) -> list[FollowUpAttempt]:
    asked = {f.id for f in case.follow_ups if cycle is not None and f.cycle_id == cycle.id}
    return [attempt for attempt in case.attempts if attempt.follow_up_id in asked]


# --- rounds and the timeline ------------------------------------------------------------------------------------------


def _check_cycles(case: _Case) -> Iterator[Fault]:
    ticket, cycle = case.ticket, case.now
    if [c.n for c in case.cycles] != list(range(1, ticket.cycle + 1)):
        yield "cycles_not_counted", f"{[c.n for c in case.cycles]} and {ticket.cycle}"
    if ticket.reopened != ticket.cycle - 1:
        yield "reopened_not_counted", f"{ticket.reopened} in cycle {ticket.cycle}"
    resolved = ticket.status == "resolved" or (ticket.status == "closed" and ticket.closed_as != "merged")
    if cycle is not None and resolved != (cycle.resolved_at is not None):
        yield "resolved_or_not", ticket.status
    for one in case.cycles:
        if one.n < ticket.cycle and one.resolved_at is None:
            yield "reopened_without_resolution", f"cycle {one.n}"
        if one.resolved_at and not (one.cause_kind and one.root_cause_sealed and one.solution_sealed):
            yield "resolved_without_cause_or_solution", f"cycle {one.n}"


def _check_timeline(case: _Case) -> Iterator[Fault]:
    """The entries are a chain from nothing to where the ticket stands, made of allowed steps only."""
    at: str | None = None
    when: datetime | None = None
    for entry in case.events:
        if when and entry.at < when:
            yield "timeline_runs_backwards", f"entry {entry.id}"
        when = entry.at
        if entry.to_status is None:
            continue
        if entry.from_status != at:
            yield "timeline_broken", f"entry {entry.id}: {entry.from_status} after {at}"
        elif at is not None and (at, entry.to_status) not in STEPS:
            yield "forbidden_step", f"entry {entry.id}: {at} to {entry.to_status}"
        at = entry.to_status
    if at != case.ticket.status:
        yield "timeline_ends_elsewhere", f"{at}, not {case.ticket.status}"


# --- asking, clocks ---------------------------------------------------------------------------------------------------


def _check_follow_ups(case: _Case) -> Iterator[Fault]:
    ticket = case.ticket
    open_ones = [f for f in case.follow_ups if f.state == "open"]
    if len(open_ones) > 1 or (open_ones and ticket.status != "resolved"):
        yield "open_follow_ups", f"{len(open_ones)} while {ticket.status}"
    if ticket.follow_up_holder_id != (open_ones[0].holder_id if open_ones else ticket.follow_up_holder_id):
        yield "holder_differs", str(ticket.follow_up_holder_id)
    if ticket.follow_up_holder_id is not None and ticket.status != "resolved":
        yield "holder_of_nothing", ticket.status
    asked = {f.cycle_id for f in case.follow_ups}
    for cycle in case.cycles:
        if (cycle.resolved_at is not None) != (cycle.id in asked):
            yield "follow_up_and_resolution", f"cycle {cycle.n}"
    for attempt in case.attempts:
        if attempt.reached == (attempt.solved is None) or (not attempt.reached and attempt.score is not None):
            yield "odd_attempt", str(attempt.id)
    for follow_up in case.follow_ups:
        if follow_up.state == "done" and not follow_up.outcome:
            yield "done_without_outcome", follow_up.no
        if follow_up.outcome == "dissatisfied" and case.now and follow_up.cycle_id == case.now.id:
            yield "dissatisfied_without_reopening", follow_up.no


def _check_clocks(case: _Case) -> Iterator[Fault]:
    ticket = case.ticket
    current: dict[tuple[int, str], int] = defaultdict(int)
    for row in case.clocks:
        if row.replaced_at is None:
            current[row.cycle_id, row.kind] += 1
        if row.met is not None and row.stopped_at is None:
            yield "met_while_running", str(row.id)
        if row.met is not None and row.stopped_at is not None and row.met != (row.stopped_at <= row.due_at):
            yield "met_wrongly", str(row.id)
    if doubled := [key for key, number in current.items() if number > 1]:
        yield "clock_twice", str(doubled)
    running = [r for r in case.clocks if r.replaced_at is None and r.stopped_at is None]
    if case.now and [r for r in running if r.cycle_id != case.now.id]:
        yield "old_clock_runs", f"cycle {ticket.cycle}"
    if running and ticket.status in ("closed", "merged", "invalid"):
        yield "clock_runs_on", ticket.status
    waits = ticket.status == "waiting"
    if [r for r in running if r.paused_at] and not waits:
        yield "clock_stands_still", ticket.status
    if sum(pause.ended_at is None for pause in case.pauses) != int(waits):
        yield "open_pauses", ticket.status
    earliest = min((r.due_at for r in running if r.paused_at is None), default=FAR)
    if ticket.next_due_at != earliest:
        yield "next_due_at", f"{ticket.next_due_at.isoformat()}, not {earliest.isoformat()}"
    planned = [r.due_at for r in case.clocks if r.replaced_at is None and r.kind == "planned" and _of(case, r)]
    if planned and ticket.planned_for != planned[0]:
        yield "planned_for", str(ticket.planned_for)


def _of(case: _Case, row: SlaClock) -> bool:
    return case.now is not None and row.cycle_id == case.now.id


# --- where it stands --------------------------------------------------------------------------------------------------


def _check_standing(case: _Case, states: dict[int, tuple[str, int, datetime | None]]) -> Iterator[Fault]:
    ticket = case.ticket
    if ticket.status not in ("new", "triage", "merged", "invalid", "closed") and not ticket.priority:
        yield "handled_without_triage", ticket.status
    expected = int(ticket.priority[1]) if ticket.priority else 9
    if ticket.priority_rank != expected:
        yield "priority_rank", f"{ticket.priority} and {ticket.priority_rank}"
    if ticket.status in ("in_progress", "waiting") and ticket.assignee_id is None and not _unassigned(case):
        yield "nobody_handles_it", ticket.status
    held = [merge for merge in case.merges if merge.undone_at is None]
    merged = ticket.status == "merged" or ticket.closed_as == "merged"
    if len(held) > 1 or bool(held) != merged or merged != (ticket.merged_into_id is not None):
        yield "merge_rows", f"{len(held)} while {ticket.status}"
    if held and held[0].into_id != ticket.merged_into_id:
        yield "merged_elsewhere", str(held[0].into_id)
    target = states.get(ticket.merged_into_id or 0)
    if merged and target is not None:
        if target[1] != ticket.customer_id:
            yield "merged_over_customers", str(ticket.merged_into_id)
        if target[0] in ("merged", "invalid") or (ticket.status == "merged") == (target[0] == "closed"):
            yield "merged_into_a_dead_end", target[0]
    confirmed = [row for row in case.invalidations if row.confirmed_at and row.ended_at is None]
    if bool(confirmed) != (ticket.status == "invalid"):
        yield "invalid_without_confirmation", ticket.status


def _unassigned(case: _Case) -> bool:
    """A lead took the person off it again."""
    last = next((e for e in reversed(case.events) if e.kind in ("assigned", "started", "transferred")), None)
    return last is not None and last.kind == "assigned" and last.data.get("assignee") is None


def _check_numbers(session: Session) -> Iterator[Broken]:
    """No number beyond its counter, none twice, each in its one spelling."""
    counters = {
        c.period: c.last for c in session.scalars(select(ReferenceCounter).where(ReferenceCounter.kind == "ticket"))
    }
    days = select(Ticket.day, func.max(Ticket.seq), func.count(), func.count(Ticket.seq.distinct())).group_by(
        Ticket.day
    )
    for day, highest, number, distinct in session.execute(days):
        if highest > counters.get(f"{day:%Y%m%d}", 0):
            yield Broken(f"{day}", "number_beyond_counter", str(highest))
        if number != distinct:
            yield Broken(f"{day}", "number_twice", str(number - distinct))
    for no, day, seq in session.execute(select(Ticket.no, Ticket.day, Ticket.seq)):
        if no != f"CS{day:%Y%m%d}{seq:03d}":
            yield Broken(no, "number_misspelt", f"{day} {seq}")


def _check_parents(session: Session) -> Iterator[Broken]:
    """A part is never above itself."""
    above: dict[int, set[int]] = defaultdict(set)
    for child, parent in session.execute(
        select(TicketLink.from_id, TicketLink.to_id).where(TicketLink.kind == "parent")
    ):
        above[child].add(parent)
    for start in above:
        seen: set[int] = set()
        frontier = set(above[start])
        while frontier and start not in frontier:
            seen |= frontier
            frontier = {p for one in frontier for p in above.get(one, ())} - seen
        if start in frontier:
            yield Broken(str(start), "parents_in_a_circle", str(sorted(seen)))
