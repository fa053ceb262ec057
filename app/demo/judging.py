"""Steps that judge a ticket and give it away: verification, triage, correction; and who is called in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.demo.history import History
from app.demo.script import Step
from app.demo.telling import NOTHING, Text
from app.demo.world import Sort
from app.tickets.codes import EscalationKind, Part, Priority, Status
from app.tickets.priority import Axes, Verdict, judge, rank
from app.tickets.routing import Case, Route
from app.tickets.workflow import Move

COMPLAINTS = frozenset({EscalationKind.COMPLAINT.value, EscalationKind.REGULATOR.value})


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
    hand(h, step)


def _follow_rule(h: History, step: Step, route: Route) -> None:
    for code in route.rule.assisting:
        _take_part(h, step, Part.ASSIST, department_id=h.world.departments[code])
    kind = EscalationKind.COMPLAINT.value
    if route.rule.escalate and kind not in h.escalated:
        _escalate(h, step, kind, NOTHING, by_rule=route.rule.id)


def hand(h: History, step: Step, *, wrong_routing: bool = False) -> None:
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
