"""Steps from the solution to the end: resolve, ask the customer, go round again, close."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.demo.history import History, Impossible
from app.demo.judging import classify, verify
from app.demo.rows import Row
from app.demo.script import Step
from app.demo.telling import NOTHING, Text
from app.demo.working import analyse, start
from app.tickets.codes import ClockKind, FollowUpState, Outcome, Status
from app.tickets.followups import Attempt, Candidate, OtherPerson, choose_holder, completed, satisfied, unreachable
from app.tickets.numbers import follow_up_no
from app.tickets.priority import one_step_up
from app.tickets.workflow import Move

NEXT_TRY = timedelta(days=1)
FOLLOW_UP_IF_NOTHING_IS_PROMISED = timedelta(hours=72)


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
