"""Steps of the work itself: who has it, start, wait, hand back, the cause; and beside the road: invalid, merged, linked."""

from __future__ import annotations

from datetime import UTC

from app.demo.history import History, Impossible
from app.demo.judging import hand
from app.demo.script import Do, Step
from app.demo.telling import NOTHING
from app.tickets.codes import Status
from app.tickets.workflow import Move


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
        hand(h, step)
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
        h.move(Move.ASSIGN, "planned", step, why, planned_for=planned)


def transfer(h: History, step: Step) -> None:
    t, given = h.ticket, step.given
    was = h.world.codes[t["department_id"]]
    h.resume_clocks(step.at)
    t["department_id"], t["assignee_id"] = given["department"], given.get("assignee")
    t["wrong_routings"] += 1
    hand(h, step, wrong_routing=True)
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
        hand(h, step)
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
    hand(h, step, wrong_routing=True)
    code = h.world.codes[t["department_id"]]
    h.move(Move.HAND_BACK, "handed_back", step, step.given["reason"], department=code)


def analyse(h: History, step: Step) -> None:
    h.cycle["cause_kind"] = step.given["cause_kind"]
    h.pair("cycle", h.cycle, "root_cause", step.given["root_cause"])
    h.move(Move.ANALYSE, "analysed", step, cause_kind=step.given["cause_kind"])


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
