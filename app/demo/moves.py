"""The steps of a script, one function each; what they have in common is in `history`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.demo.history import History, Impossible
from app.demo.rows import Row
from app.demo.script import Do, Step
from app.demo.telling import NOTHING, Text
from app.demo.world import Sort
from app.tickets.codes import ClockKind, EscalationKind, FollowUpState, Outcome, Part, Priority, Status
from app.tickets.followups import Attempt, Candidate, OtherPerson, choose_holder, completed, satisfied, unreachable
from app.tickets.numbers import follow_up_no
from app.tickets.priority import Axes, Verdict, judge, one_step_up, rank
from app.tickets.routing import Case, Route
from app.tickets.workflow import Move

NEXT_TRY = timedelta(days=1)
FOLLOW_UP_IF_NOTHING_IS_PROMISED = timedelta(hours=72)
COMPLAINTS = frozenset({EscalationKind.COMPLAINT.value, EscalationKind.REGULATOR.value})


def perform(h: History, step: Step, others: list[History]) -> None:
    """Do one step. `others` are the tickets of the same unit."""
    if step.do is Do.MERGE:
        merge(h, step, others[step.given["into"]])
    elif step.do is Do.LINK:
        link(h, step, others[step.given["to"]])
    else:
        _STEPS[step.do](h, step)


# --- triage -----------------------------------------------------------------------------------------------------------


def verify(h: History, step: Step) -> None:
    h.ticket["verified_at"] = step.at
    h.move(Move.VERIFY, "verified", step, step.given.get("note", NOTHING))


def triage(h: History, step: Step) -> None:
    classify(h, step, first=h.ticket["status"] == Status.TRIAGE.value, claim=False)


def classify(h: History, step: Step, *, first: bool, claim: bool) -> None:
    """Judge the ticket and, the first time, give it to a department."""
    t, given = h.ticket, step.given
    category = h.world.categories[given["category"]]
    axes: Axes = given.get("axes") or category.axes
    override = Priority(given["priority"]) if given.get("priority") else None
    verdict = judge(h.world.cells, axes, key_customer=h.owner.key, marks=given.get("marks", ()), override=override)
    was = {} if first else {"priority_was": t["priority"], "category_was": h.category_code}
    _set_judgement(h, given, category, verdict)
    route = None
    if first:
        department = given.get("department")
        if department is None:
            route = h.world.route(Case(category.code, t["priority"], t["product_id"], h.owner.tier, t["channel"]))
        chosen = department or (route.rule.department_id if route else t["home_department_id"])
        _give(h, step, chosen, route, claim=claim)
    h.cycle["triaged_at"] = h.cycle["triaged_at"] or step.at
    h.judged(step.at)
    data = was | _judgement(h, category, verdict)
    why = given.get("reason", NOTHING)
    if not first:
        h.move(Move.RECLASSIFY, "reclassified", step, why, **data)
        return
    h.move(Move.TRIAGE, "triaged", step, why, **data)
    if h.invalidation and h.invalidation["ended_at"] is None:
        h.invalidation["ended_at"], h.invalidation["ended_by"] = step.at, step.by
        h.note("invalid_withdrawn", step)
    if route:
        _follow_rule(h, step, route)


def _set_judgement(h: History, given: Mapping[str, Any], category: Sort, verdict: Verdict) -> None:
    h.ticket.update(
        category_id=category.id,
        impact=verdict.given.impact,
        urgency=verdict.given.urgency,
        severity=verdict.given.severity,
        impact_effective=verdict.effective.impact,
        urgency_effective=verdict.effective.urgency,
        severity_effective=verdict.effective.severity,
        marks=sorted(given.get("marks", ())),
        priority=verdict.priority.value,
        priority_rank=rank(verdict.priority),
        priority_rule=verdict.rule,
        urgency_preset=None,
        complaint=category.complaint or bool(h.escalated & COMPLAINTS),
    )
    notes: tuple[Text, ...] = given.get("notes", ())
    names = ("impact", "urgency", "severity")
    h.write_json("axis_notes", {name: text for name, text in zip(names, notes, strict=False) if text.original})


def _judgement(h: History, category: Sort, verdict: Verdict) -> dict[str, Any]:
    return {
        "category": category.code,
        "priority": verdict.priority.value,
        "rule": verdict.rule,
        "impact": verdict.effective.impact,
        "urgency": verdict.effective.urgency,
        "severity": verdict.effective.severity,
        "marks": h.ticket["marks"],
        "department": h.world.codes[h.ticket["department_id"]],
        "override": True if verdict.rule == "override" else None,
    }


def _give(h: History, step: Step, department_id: int, route: Route | None, *, claim: bool) -> None:
    t = h.ticket
    stays = t["department_id"] == department_id and t["assignee_id"] is not None
    t["department_id"] = department_id
    t["first_department_id"] = t["first_department_id"] or department_id
    if claim:
        t["assignee_id"] = step.by
    elif route and route.rule.role:
        t["assignee_id"] = h.world.leads.get(department_id)
    elif not stays:
        t["assignee_id"] = None
    _hand(h, step)


def _hand(h: History, step: Step, *, wrong_routing: bool = False) -> None:
    """Record who has it from now on."""
    row = {
        "id": h.rows.id("assignment"),
        "ticket_id": h.ticket["id"],
        "department_id": h.ticket["department_id"],
        "assignee_id": h.ticket["assignee_id"],
        "at": step.at,
        "by_id": step.by,
        "wrong_routing": wrong_routing,
    }
    h.rows.add("assignment", row)


def _follow_rule(h: History, step: Step, route: Route) -> None:
    for code in route.rule.assisting:
        _take_part(h, step, Part.ASSIST, department_id=h.world.departments[code])
    kind = EscalationKind.COMPLAINT.value
    if route.rule.escalate and kind not in h.escalated:
        _escalate(h, step, kind, NOTHING, by_rule=route.rule.id)


def _take_part(
    h: History, step: Step, part: Part, *, department_id: int | None = None, user_id: int | None = None
) -> None:
    if part is Part.ASSIST and department_id is not None:
        if department_id in h.assisting:
            return
        h.assisting.add(department_id)
    row = {
        "id": h.rows.id("participation"),
        "ticket_id": h.ticket["id"],
        "department_id": department_id,
        "user_id": user_id,
        "part": part.value,
        "since": step.at,
        "ended_at": None,
    }
    h.rows.add("participation", row)


# --- work -------------------------------------------------------------------------------------------------------------


def assign(h: History, step: Step) -> None:
    t, given = h.ticket, step.given
    if given.get("planned_for") is not None:
        h.plan(given["planned_for"], step.at)
    elif t["planned_for"]:
        t["planned_for"] = t["planned_for"].astimezone(UTC)  # as it comes back from the database
    planned = t["planned_for"].isoformat() if t["planned_for"] else None
    person = given.get("assignee")
    why = given.get("reason", NOTHING)
    if person and person != t["assignee_id"]:
        was, t["assignee_id"] = t["assignee_id"], person
        _hand(h, step)
        code = h.world.codes[t["department_id"]]
        h.move(
            Move.ASSIGN,
            "assigned",
            step,
            why,
            assignee=person,
            assignee_was=was,
            department=code,
            planned_for=planned,
        )
    elif given.get("planned_for") is not None:
        h.move(Move.ASSIGN, "assigned", step, why, assignee=t["assignee_id"], planned_for=planned)


def transfer(h: History, step: Step) -> None:
    t, given = h.ticket, step.given
    was = h.world.codes[t["department_id"]]
    h.resume_clocks(step.at)
    t["department_id"], t["assignee_id"] = given["department"], given.get("assignee")
    t["wrong_routings"] += 1
    _hand(h, step, wrong_routing=True)
    h.move(
        Move.TRANSFER,
        "transferred",
        step,
        given["reason"],
        department=h.world.codes[given["department"]],
        department_was=was,
        assignee=given.get("assignee"),
    )


def start(h: History, step: Step) -> None:
    if h.ticket["status"] == Status.WAITING.value:
        h.resume_clocks(step.at)
        h.move(Move.RESUME, "resumed", step)
        return
    claimed = h.ticket["assignee_id"] is None
    if claimed:
        h.ticket["assignee_id"] = step.by
        _hand(h, step)
    h.cycle["started_at"] = h.cycle["started_at"] or step.at
    at_once = True if step.do is Do.AT_ONCE else None
    h.move(Move.START, "started", step, claimed=True if claimed else None, at_once=at_once)


def wait(h: History, step: Step) -> None:
    h.pause_clocks(step.at)
    h.move(Move.WAIT, "waiting", step, step.given.get("reason", NOTHING))


def hand_back(h: History, step: Step) -> None:
    t = h.ticket
    h.resume_clocks(step.at)
    t["assignee_id"] = None
    t["wrong_routings"] += 1
    _hand(h, step, wrong_routing=True)
    code = h.world.codes[t["department_id"]]
    h.move(Move.HAND_BACK, "handed_back", step, step.given["reason"], department=code)


def analyse(h: History, step: Step) -> None:
    h.cycle["cause_kind"] = step.given["cause_kind"]
    h.pair("cycle", h.cycle, "root_cause", step.given["root_cause"])
    h.move(Move.ANALYSE, "analysed", step, cause_kind=step.given["cause_kind"])


def escalate(h: History, step: Step) -> None:
    _escalate(h, step, step.given["kind"], step.given["reason"])
    h.ticket["version"] += 1


def _escalate(h: History, step: Step, kind: str, why: Text, **data: Any) -> None:
    row = {
        "id": h.rows.id("escalation"),
        "ticket_id": h.ticket["id"],
        "kind": kind,
        "at": step.at,
        "by_id": step.by,
        "taken_at": None,
        "taken_by": None,
    }
    h.rows.add("escalation", row)
    h.escalated.add(kind)
    h.ticket["escalated_at"] = step.at
    if kind in COMPLAINTS:
        h.ticket["complaint"] = True
    h.note("escalated", step, why, escalation=row["id"], kind=kind, **data)


def ask_expert(h: History, step: Step) -> None:
    _take_part(h, step, Part.ASKED, user_id=step.given["expert"])
    h.note("expert_asked", step, step.given["reason"], user=step.given["expert"])


# --- resolving --------------------------------------------------------------------------------------------------------


def resolve(h: History, step: Step) -> None:
    _resolve(h, step)


def at_once(h: History, step: Step) -> None:
    """Verification, triage, claim, start, answer, analysis and resolution in one act."""
    if h.ticket["status"] == Status.NEW.value:
        verify(h, step)
    classify(h, step, first=True, claim=True)
    h.cycle["at_once"] = True
    start(h, step)
    if h.cycle["first_answer_at"] is None:
        h.write_message(step, "reply", step.given["answer"], state="sent")
        h.answered()
    analyse(h, step)
    _resolve(h, step)


def _resolve(h: History, step: Step) -> None:
    t, given = h.ticket, step.given
    if h.promises.late(step.at):
        h.pair("cycle", h.cycle, "overdue", given["overdue"])
    h.pair("cycle", h.cycle, "solution", given["solution"])
    if "improvement" in given:
        h.pair("cycle", h.cycle, "improvement", given["improvement"])
    h.cycle["resolved_at"], h.cycle["resolved_by"] = step.at, step.by
    h.promises.stop(ClockKind.PLANNED, step.at)
    h.answered()
    wanted = h.promise(ClockKind.FOLLOW_UP, t["priority"], step.at)
    h.promises.set(ClockKind.FOLLOW_UP, wanted, at=step.at, because="resolved")
    row = _follow_up(h, step, wanted.due_at if wanted else step.at + FOLLOW_UP_IF_NOTHING_IS_PROMISED)
    h.move(
        Move.RESOLVE, "resolved", step, follow_up=row["id"], holder=row["holder_id"], at_once=h.cycle["at_once"] or None
    )


def _follow_up(h: History, step: Step, due_at: datetime) -> Row:
    t = h.ticket
    registrar, resolver = h.world.by_id[t["registrar_id"]], h.world.by_id[step.by]
    home = t["home_department_id"]
    category = h.world.categories[h.category_code or "other"]
    others = [
        Candidate(p.id, h.world.open_follow_ups.get(p.id, 0))
        for p in h.world.people.values()
        if p.department_id == home and p.agent and p.id != registrar.id
    ]
    rule = OtherPerson(category.other_person)
    holder = choose_holder(
        Candidate(registrar.id, 0) if registrar.follows_up else None,
        others,
        Candidate(resolver.id, 0) if resolver.follows_up else None,
        rule=OtherPerson.REQUIRE if t["complaint"] and rule is OtherPerson.PREFER else rule,
    )
    h.follow_ups += 1
    row: Row = {
        "id": h.rows.id("follow_up"),
        "uid": h.uid(),
        "no": follow_up_no(t["no"], h.follow_ups),
        "ticket_id": t["id"],
        "cycle_id": h.cycle["id"],
        "holder_id": holder.id,
        "department_id": home,
        "same_person": holder.same_person,
        "state": FollowUpState.OPEN.value,
        "outcome": None,
        "created_at": step.at,
        "due_at": due_at,
        "next_attempt_at": None,
        "completed_at": None,
        "solved": None,
        "score": None,
        "nps": None,
    }
    h.rows.add("follow_up", row)
    h.follow_up = row
    t["follow_up_holder_id"] = holder.id
    if holder.id:
        h.world.open_follow_ups[holder.id] = h.world.open_follow_ups.get(holder.id, 0) + 1
    return row


# --- follow-up and the end --------------------------------------------------------------------------------------------


def attempt(h: History, step: Step) -> None:
    given, follow_up = step.given, h.follow_up
    if follow_up is None:
        raise Impossible("nothing to follow up")
    row: Row = {
        "id": h.rows.id("follow_up_attempt"),
        "uid": h.uid(),
        "follow_up_id": follow_up["id"],
        "at": step.at,
        "by_id": step.by,
        "method": given["method"],
        "reached": given["reached"],
        "solved": given.get("solved"),
        "score": given.get("score"),
        "nps": given.get("nps"),
    }
    for field in ("solved_note", "comment", "suggestions"):
        h.pair("follow_up_attempt", row, field, given.get(field, NOTHING))
    h.rows.add("follow_up_attempt", row)
    h.attempts.append(row)
    h.ticket["version"] += 1
    facts = {name: row[name] for name in ("method", "reached", "solved", "score")}
    h.note("attempt", step, follow_up=follow_up["id"], attempt=row["id"], **facts)
    if not row["reached"]:
        follow_up["next_attempt_at"] = step.at + NEXT_TRY
        return
    follow_up.update(solved=row["solved"], score=row["score"], nps=row["nps"], next_attempt_at=None)
    if h.cycle["first_answer_at"] is None:
        h.cycle["first_answer_at"] = step.at
        h.promises.stop(ClockKind.RESPONSE, step.at)
    content = satisfied(_as_attempt(row))
    _finish(h, step, Outcome.SATISFIED if content else Outcome.DISSATISFIED)
    if not content:
        note = given.get("solved_note", NOTHING)
        _go_round_again(h, step, note if note.original else given.get("comment", NOTHING), follow_up["id"])


def _as_attempt(row: Row) -> Attempt:
    return Attempt(row["at"], row["method"], row["reached"], row["solved"], row["score"])


def _finish(h: History, step: Step, outcome: Outcome) -> None:
    if h.follow_up is None:
        raise Impossible("nothing to follow up")
    _off_the_list(h)
    h.follow_up.update(state=FollowUpState.DONE.value, outcome=outcome.value, completed_at=step.at)
    h.ticket["flagged_at"] = None
    h.promises.stop(ClockKind.FOLLOW_UP, step.at)


def _off_the_list(h: History) -> None:
    if h.follow_up and h.follow_up["holder_id"]:
        h.world.open_follow_ups[h.follow_up["holder_id"]] -= 1


def _go_round_again(h: History, step: Step, why: Text, follow_up: int | None) -> None:
    """Back to triage in a new cycle; urgency is preset one step higher, the owner kept in mind."""
    t = h.ticket
    h.cancel_clocks(step.at)
    preset = one_step_up(t["urgency"])
    t["cycle"] += 1
    t["reopened"] += 1
    t["urgency_preset"] = preset
    t["planned_for"] = t["planned_set_at"] = None
    t["follow_up_holder_id"] = t["flagged_at"] = None
    h.open_cycle(t["cycle"], step.at, step.by)
    h.move(Move.REOPEN, "reopened", step, why, cycle=t["cycle"], urgency=preset, by_follow_up=follow_up)


def reopen(h: History, step: Step) -> None:
    if h.follow_up and h.follow_up["state"] == FollowUpState.OPEN.value:
        _off_the_list(h)
        h.follow_up.update(state=FollowUpState.CANCELLED.value, next_attempt_at=None)
    _go_round_again(h, step, step.given["reason"], None)


def close(h: History, step: Step) -> None:
    t, attempts = h.ticket, [_as_attempt(row) for row in h.attempts]
    if completed(attempts):
        outcome = Outcome.SATISFIED
    elif unreachable(attempts, h.world.zone):
        outcome = Outcome.UNREACHABLE
        _finish(h, step, outcome)
    else:
        raise Impossible(f"{t['no']} has not been followed up")
    t["closed_at"], t["closed_by"], t["closed_as"] = step.at, step.by, outcome.value
    t["follow_up_holder_id"] = t["flagged_at"] = None
    h.promises.stop_all(step.at)
    follow_up = h.follow_up["id"] if h.follow_up else None
    h.move(Move.CLOSE, "closed", step, outcome=outcome.value, follow_up=follow_up)
    for child in h.children:
        _close_with_target(child, step, t["id"])


def _close_with_target(h: History, step: Step, target: int) -> None:
    t = h.ticket
    t["closed_at"], t["closed_by"], t["closed_as"] = step.at, step.by, Outcome.MERGED.value
    h.move(Move.CLOSE_WITH_TARGET, "closed_with_target", step, target=target)


# --- beside the road --------------------------------------------------------------------------------------------------


def ask_invalid(h: History, step: Step) -> None:
    h.invalidation = {
        "id": h.rows.id("invalidation"),
        "ticket_id": h.ticket["id"],
        "asked_at": step.at,
        "asked_by": step.by,
        "confirmed_at": None,
        "confirmed_by": None,
        "ended_at": None,
        "ended_by": None,
    }
    h.rows.add("invalidation", h.invalidation)
    h.move(Move.ASK_INVALID, "invalid_asked", step, step.given["reason"])


def confirm_invalid(h: History, step: Step) -> None:
    if h.invalidation is None:
        raise Impossible("nobody asked")
    h.invalidation["confirmed_at"], h.invalidation["confirmed_by"] = step.at, step.by
    h.cancel_clocks(step.at)
    h.move(Move.INVALIDATE, "invalid_confirmed", step)


def merge(h: History, step: Step, into: History) -> None:
    t = h.ticket
    row = {
        "id": h.rows.id("ticket_merge"),
        "ticket_id": t["id"],
        "into_id": into.ticket["id"],
        "from_status": t["status"],
        "at": step.at,
        "by_id": step.by,
        "undone_at": None,
        "undone_by": None,
        "via_id": None,
    }
    h.rows.add("ticket_merge", row)
    h.cancel_clocks(step.at)
    if h.invalidation and h.invalidation["ended_at"] is None:
        h.invalidation["ended_at"], h.invalidation["ended_by"] = step.at, step.by
    t["merged_into_id"] = into.ticket["id"]
    h.move(Move.MERGE, "merged", step, step.given["reason"], into=into.ticket["id"])
    into.children.append(h)
    into.note("child_merged", step, child=t["id"])


def link(h: History, step: Step, other: History) -> None:
    kind = step.given["kind"]
    row = {
        "id": h.rows.id("ticket_link"),
        "from_id": h.ticket["id"],
        "to_id": other.ticket["id"],
        "kind": kind,
        "at": step.at,
        "by_id": step.by,
    }
    h.rows.add("ticket_link", row)
    h.note("linked", step, to=other.ticket["id"], kind=kind)
    other.note("linked", step, origin=h.ticket["id"], kind=kind)


_STEPS: Mapping[Do, Callable[[History, Step], None]] = {
    Do.VERIFY: verify,
    Do.TRIAGE: triage,
    Do.ASSIGN: assign,
    Do.TRANSFER: transfer,
    Do.START: start,
    Do.WAIT: wait,
    Do.SAY: History.say,
    Do.WITHDRAW: History.withdraw,
    Do.HAND_BACK: hand_back,
    Do.ANALYSE: analyse,
    Do.RESOLVE: resolve,
    Do.AT_ONCE: at_once,
    Do.ATTEMPT: attempt,
    Do.CLOSE: close,
    Do.REOPEN: reopen,
    Do.ESCALATE: escalate,
    Do.ASK_EXPERT: ask_expert,
    Do.ASK_INVALID: ask_invalid,
    Do.CONFIRM_INVALID: confirm_invalid,
}
