"""The rules, in words of their own: this module imports no service, no gate and no workflow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from app.tickets.invariants.cases import Case, Targets
from app.tickets.models import FAR, Cycle, FollowUpAttempt, SlaClock

Fault = tuple[str, str]  # a code, and the detail in ids and codes

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


def faults_of(case: Case, zone: ZoneInfo, states: Targets) -> Iterator[Fault]:
    """Everything that is wrong with one ticket."""
    yield from _check_closing(case, zone, states)
    yield from _check_cycles(case)
    yield from _check_timeline(case)
    yield from _check_follow_ups(case)
    yield from _check_clocks(case)
    yield from _check_running(case)
    yield from _check_planned(case)
    yield from _check_standing(case, states)


# --- the rule above all others ----------------------------------------------------------------------------------------


def _check_closing(case: Case, zone: ZoneInfo, states: Targets) -> Iterator[Fault]:
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


def _attempts_of(case: Case, cycle: Cycle | None) -> list[FollowUpAttempt]:
    asked = {f.id for f in case.follow_ups if cycle is not None and f.cycle_id == cycle.id}
    return [attempt for attempt in case.attempts if attempt.follow_up_id in asked]


# --- rounds and the timeline ------------------------------------------------------------------------------------------


def _check_cycles(case: Case) -> Iterator[Fault]:
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


def _check_timeline(case: Case) -> Iterator[Fault]:
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


def _check_follow_ups(case: Case) -> Iterator[Fault]:
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
    yield from _check_answers(case)


def _check_answers(case: Case) -> Iterator[Fault]:
    for attempt in case.attempts:
        if attempt.reached == (attempt.solved is None) or (not attempt.reached and attempt.score is not None):
            yield "odd_attempt", str(attempt.id)
    for follow_up in case.follow_ups:
        if follow_up.state == "done" and not follow_up.outcome:
            yield "done_without_outcome", follow_up.no
        if follow_up.outcome == "dissatisfied" and case.now and follow_up.cycle_id == case.now.id:
            yield "dissatisfied_without_reopening", follow_up.no


def _check_clocks(case: Case) -> Iterator[Fault]:
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


def _check_running(case: Case) -> Iterator[Fault]:
    ticket = case.ticket
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


def _check_planned(case: Case) -> Iterator[Fault]:
    planned = [r.due_at for r in case.clocks if r.replaced_at is None and r.kind == "planned" and _of(case, r)]
    if planned and case.ticket.planned_for != planned[0]:
        yield "planned_for", str(case.ticket.planned_for)


def _of(case: Case, row: SlaClock) -> bool:
    return case.now is not None and row.cycle_id == case.now.id


# --- where it stands --------------------------------------------------------------------------------------------------


def _check_standing(case: Case, states: Targets) -> Iterator[Fault]:
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


def _unassigned(case: Case) -> bool:
    """A lead took the person off it again."""
    last = next((e for e in reversed(case.events) if e.kind in ("assigned", "started", "transferred")), None)
    return last is not None and last.kind == "assigned" and last.data.get("assignee") is None
