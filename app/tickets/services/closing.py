"""Steps 5 and 6: ask the customer, and either go round again or close through the gate."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.customers import written
from app.errors import Conflict, Invalid, NotAllowed
from app.numbering import company_zone
from app.policy import Action, Actor
from app.tickets import gate, timing
from app.tickets.codes import FollowUpState, Method, Outcome, Status
from app.tickets.followups import Attempt, OtherPerson, dissatisfied, satisfied, unreachable
from app.tickets.given import AttemptGiven, Seen
from app.tickets.models import Cycle, FollowUp, FollowUpAttempt, Ticket
from app.tickets.priority import one_step_up
from app.tickets.services.ground import Step, cycle_of, lock_ids, overtaken, text_of
from app.tickets.services.resolution import other_person
from app.tickets.workflow import Move
from app.words import Sentence, say

NEXT_TRY = timedelta(days=1)


# --- asking -----------------------------------------------------------------------------------------------------------


def record_attempt(
    session: Session, follow_up: FollowUp, given: AttemptGiven, *, by: Actor, now: datetime
) -> FollowUpAttempt:
    """One try to ask the customer. A content customer completes the follow-up (closing is a step of its own), a
    discontented one sends the ticket round again.

    Raises Conflict for a follow-up of an older round or one that is over, Invalid for an odd answer.
    """
    ticket = session.get_one(Ticket, follow_up.ticket_id)
    step = Step.begin(session, ticket, Action.FOLLOW_UP, by=by, now=now)
    session.refresh(follow_up)
    _check_askable(step, follow_up)
    notes = _checked(given)
    attempt = FollowUpAttempt(
        follow_up_id=follow_up.id,
        at=now,
        by_id=by.id,
        method=given.method,
        reached=given.reached,
        solved=given.solved,
        score=given.score,
        nps=given.nps,
    )
    for field, text in notes.items():
        written.write(session, attempt, field, text, customer=step.customer)
    session.add(attempt)
    session.flush()
    step.touch()
    step.note(
        "attempt",
        follow_up=follow_up.id,
        attempt=attempt.id,
        method=given.method,
        reached=given.reached,
        solved=given.solved,
        score=given.score,
    )
    _conclude(step, follow_up, attempt, why=notes["solved_note"] or notes["comment"])
    return attempt


def _check_askable(step: Step, follow_up: FollowUp) -> None:
    ticket = step.ticket
    if follow_up.cycle_id != step.cycle.id:
        raise Conflict(
            say("回访 %(hv)s 属于上一轮处理，工单已经重开。请在最新一轮的回访里记录。", hv=follow_up.no),
            href=f"/tickets/{ticket.no}",
        )
    if ticket.status != Status.RESOLVED or follow_up.state != FollowUpState.OPEN:
        sentence = say("回访 %(hv)s 已经结束，没有再次记录。请刷新工单查看结果。", hv=follow_up.no)
        if follow_up.state == FollowUpState.DONE and ticket.status == Status.RESOLVED:
            sentence = say("回访 %(hv)s 已经完成，客户满意。请关闭工单。", hv=follow_up.no)
        raise Conflict(sentence, href=f"/tickets/{ticket.no}", extra={"state": follow_up.state})
    required = other_person(step.session, ticket) is OtherPerson.REQUIRE
    if required and step.cycle.resolved_by == step.by.id:
        raise NotAllowed(say("这类工单须由解决人以外的同事回访。没有改动任何内容，请转给其他同事回访。"))


def _checked(given: AttemptGiven) -> dict[str, str]:
    problems: dict[str, list[Sentence]] = {}
    if given.method not in set(Method):
        problems["method"] = [say("请选择回访方式：电话或线上。")]
    if given.reached and given.solved is None:
        problems["solved"] = [say("联系上客户后，请记录问题是否已解决。")]
    if not given.reached:
        for field in ("solved", "score", "nps"):
            if getattr(given, field) is not None:
                problems[field] = [say("没有联系上客户时，不能填写这一项。")]
    if given.score is not None and not 1 <= given.score <= 5:
        problems["score"] = [say("满意度评分是 1 到 5 分。")]
    if given.nps is not None and not 0 <= given.nps <= 10:
        problems["nps"] = [say("推荐意愿是 0 到 10 分。")]
    if problems:
        raise Invalid(next(iter(problems.values()))[0], fields=problems)
    return {field: text_of(field, getattr(given, field)) for field in ("solved_note", "comment", "suggestions")}


def _conclude(step: Step, follow_up: FollowUp, attempt: FollowUpAttempt, *, why: str) -> None:
    answer = Attempt(attempt.at, attempt.method, attempt.reached, attempt.solved, attempt.score)
    if attempt.reached:
        follow_up.solved, follow_up.score, follow_up.nps = attempt.solved, attempt.score, attempt.nps
        follow_up.next_attempt_at = None
        timing.asked(step.session, step.ticket, step.cycle, at=step.now)
    if satisfied(answer):
        _finish(step, follow_up, Outcome.SATISFIED)
        step.publish("follow_up.completed", follow_up_id=follow_up.id)
    elif dissatisfied(answer):
        _finish(step, follow_up, Outcome.DISSATISFIED)
        _go_round_again(step, why=why, follow_up=follow_up)
    else:
        follow_up.next_attempt_at = step.now + NEXT_TRY
        if unreachable(_attempts(step.session, follow_up), company_zone(step.session)):
            step.publish("follow_up.unreachable", follow_up_id=follow_up.id)


def _finish(step: Step, follow_up: FollowUp, outcome: Outcome) -> None:
    follow_up.state, follow_up.outcome, follow_up.completed_at = FollowUpState.DONE, outcome, step.now
    step.ticket.flagged_at = None
    timing.followed_up(step.session, step.ticket, step.cycle, at=step.now)


def _attempts(session: Session, follow_up: FollowUp) -> list[Attempt]:
    rows = session.scalars(select(FollowUpAttempt).where(FollowUpAttempt.follow_up_id == follow_up.id))
    return [Attempt(row.at, row.method, row.reached, row.solved, row.score) for row in rows]


# --- round again ------------------------------------------------------------------------------------------------------


def reopen(
    session: Session, ticket: Ticket, *, reason: str, by: Actor, now: datetime, seen: Seen | None = None
) -> Ticket:
    """A supervisor sends a resolved ticket round again before the customer is asked."""
    step = Step.begin(session, ticket, Action.TICKET_REOPEN, by=by, now=now, seen=seen)
    step.check(Move.REOPEN)
    why = text_of("reason", reason, required=say("请写明重开的原因。"))
    follow_up = _follow_up_of(session, step.cycle)
    if follow_up and follow_up.state == FollowUpState.OPEN:
        follow_up.state = FollowUpState.CANCELLED
        follow_up.next_attempt_at = None
    step.record("ticket.reopened")
    _go_round_again(step, why=why, follow_up=None)
    return ticket


def _go_round_again(step: Step, *, why: str, follow_up: FollowUp | None) -> None:
    """Back to triage in a new cycle: urgency preset one step higher, nothing promised yet, the owner kept in mind."""
    session, ticket = step.session, step.ticket
    timing.cancel(session, ticket, step.cycle, now=step.now)
    cycle = Cycle(ticket_id=ticket.id, n=step.cycle.n + 1, opened_at=step.now, reopened_by=step.by.id)
    session.add(cycle)
    session.flush()
    ticket.cycle, step.cycle = cycle.n, cycle
    ticket.reopened += 1
    ticket.urgency_preset = one_step_up(ticket.urgency)
    ticket.planned_for = ticket.planned_set_at = None
    ticket.follow_up_holder_id = ticket.flagged_at = None
    timing.open_cycle(session, ticket, cycle, now=step.now)
    step.move(
        Move.REOPEN,
        "reopened",
        why=why,
        cycle=cycle.n,
        urgency=ticket.urgency_preset,
        by_follow_up=follow_up.id if follow_up else None,
    )
    step.publish(
        "ticket.reopened",
        cycle=cycle.n,
        owner_id=ticket.assignee_id,
        follow_up_id=follow_up.id if follow_up else None,
    )


def _follow_up_of(session: Session, cycle: Cycle) -> FollowUp | None:
    return session.scalar(select(FollowUp).where(FollowUp.cycle_id == cycle.id))


# --- the end ----------------------------------------------------------------------------------------------------------


def close(session: Session, ticket: Ticket, *, by: Actor, now: datetime) -> Ticket:
    """Close through the gate; what was merged into the ticket closes with it. Closed already: the same answer again.

    Raises Conflict with `missing` where the gate is shut, NotAllowed when only a supervisor may (unreachable).
    """
    step, children = _begin(session, ticket, by, now)
    if ticket.status == Status.CLOSED:
        return ticket
    situation = gate.situation_of(session, ticket)
    if (found := gate.judge(situation)) is not None:
        raise Conflict(found.sentence, href=found.href, extra={"missing": list(found.missing)})
    outcome = gate.ending(situation) or Outcome.UNREACHABLE
    follow_up = _follow_up_of(session, step.cycle)
    if outcome is Outcome.UNREACHABLE:
        _end_unreachable(step, follow_up)
    _end(step, outcome, follow_up)
    step.record("ticket.closed", outcome=outcome)
    for child in children:
        _close_with(step, child)
    return ticket


def _begin(session: Session, ticket: Ticket, by: Actor, now: datetime) -> tuple[Step, list[Ticket]]:
    """Lock the ticket and what was merged into it, lower ids first; what came in meanwhile has to be looked at."""
    below = select(Ticket.id).where(Ticket.merged_into_id == ticket.id, Ticket.status == Status.MERGED)
    wanted = set(session.scalars(below))
    lock_ids(session, {ticket.id, *wanted})
    step = Step.begin(session, ticket, Action.TICKET_CLOSE, by=by, now=now)
    children = set(session.scalars(below))
    if not children <= wanted:
        raise overtaken(session, ticket)
    return step, [session.get_one(Ticket, id_) for id_ in sorted(children)]


def _end_unreachable(step: Step, follow_up: FollowUp | None) -> None:
    if not step.may(Action.CLOSE_UNREACHABLE):
        raise NotAllowed(
            say("已按要求尝试联系三次仍无法联系：只有客服主管或售后负责人可以按“无法联系”关闭。没有改动任何内容。")
        )
    if follow_up is not None:
        _finish(step, follow_up, Outcome.UNREACHABLE)
    step.record("ticket.closed_unreachable")


def _end(step: Step, outcome: Outcome, follow_up: FollowUp | None) -> None:
    ticket = step.ticket
    ticket.closed_at, ticket.closed_by, ticket.closed_as = step.now, step.by.id, outcome
    ticket.follow_up_holder_id = ticket.flagged_at = None
    timing.closed(step.session, ticket, step.cycle, now=step.now)
    step.move(Move.CLOSE, "closed", outcome=outcome, follow_up=follow_up.id if follow_up else None)
    step.publish("ticket.closed", outcome=outcome)


def _close_with(step: Step, child: Ticket) -> None:
    """A merged ticket ends with its target: that one was followed up."""
    there = Step(step.session, child, step.by, step.now, step.facts, cycle_of(step.session, child))
    there.check(Move.CLOSE_WITH_TARGET)
    child.closed_at, child.closed_by, child.closed_as = step.now, step.by.id, Outcome.MERGED
    there.move(Move.CLOSE_WITH_TARGET, "closed_with_target", target=step.ticket.id)
    there.publish("ticket.closed", outcome=Outcome.MERGED)
