"""Step 3 ends: cause, solution, and with them the task to ask the customer. Or all at once, during the contact."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.queries import load_actor, members_of
from app.customers import written
from app.errors import Conflict
from app.policy import Action, Actor, Role, may
from app.tickets import gate, timing
from app.tickets.codes import CauseKind, FollowUpState, MessageKind, Status
from app.tickets.followups import Candidate, Holder, OtherPerson, choose_holder
from app.tickets.given import AtOnceGiven, MessageGiven, ResolutionGiven, Seen
from app.tickets.models import Cycle, FollowUp, Ticket
from app.tickets.numbers import follow_up_no
from app.tickets.rules import Category
from app.tickets.services.ground import Step, check_move, invalid, text_of
from app.tickets.services.handling import begin_work
from app.tickets.services.messages import add_message
from app.tickets.services.registration import verify
from app.tickets.services.triage import classify
from app.tickets.workflow import Move
from app.words import listed, say

FOLLOW_UP_IF_NOTHING_IS_PROMISED = timedelta(hours=72)


def record_analysis(
    session: Session,
    ticket: Ticket,
    *,
    cause_kind: str,
    root_cause: str,
    by: Actor,
    now: datetime,
    seen: Seen | None = None,
) -> Cycle:
    """The cause of this round, resting on facts. May be written anew until the ticket is resolved."""
    step = Step.begin(session, ticket, Action.TICKET_HANDLE, by=by, now=now, seen=seen)
    step.check(Move.ANALYSE)
    if cause_kind not in set(CauseKind):
        raise invalid("cause_kind", say("请选择原因类别。"))
    text = text_of("root_cause", root_cause, required=say("请写明问题原因和依据。"))
    step.cycle.cause_kind = cause_kind
    written.write(session, step.cycle, "root_cause", text, customer=step.customer)
    step.move(Move.ANALYSE, "analysed", cause_kind=cause_kind)
    step.publish("ticket.analysed")
    return step.cycle


def resolve(
    session: Session, ticket: Ticket, given: ResolutionGiven, *, by: Actor, now: datetime, seen: Seen | None = None
) -> FollowUp:
    """The problem is solved as far as we know; whether it is, the customer will be asked.

    Raises Conflict with `missing` (resolution, overdue_explanation, open_child), Invalid without a solution.
    """
    step = Step.begin(session, ticket, Action.TICKET_HANDLE, by=by, now=now, seen=seen)
    step.check(Move.RESOLVE)
    solution = text_of("solution", given.solution, required=say("请写明解决方案。"))
    explanation = text_of("overdue_explanation", given.overdue_explanation)
    improvement = text_of("improvement", given.improvement)
    _check_ready(step, explanation)
    cycle, customer = step.cycle, step.customer
    written.write(session, cycle, "solution", solution, customer=customer)
    if explanation:
        written.write(session, cycle, "overdue", explanation, customer=customer)
    if improvement:
        written.write(session, cycle, "improvement", improvement, customer=customer)
    cycle.resolved_at, cycle.resolved_by = now, by.id
    priority = ticket.priority or "P2"
    due_at = timing.resolved(session, ticket, cycle, priority=priority, now=now)
    follow_up = _follow_up(step, due_at or now + FOLLOW_UP_IF_NOTHING_IS_PROMISED)
    step.move(
        Move.RESOLVE,
        "resolved",
        follow_up=follow_up.id,
        holder=follow_up.holder_id,
        at_once=True if cycle.at_once else None,
    )
    step.publish("ticket.resolved", follow_up_id=follow_up.id, holder_id=follow_up.holder_id)
    return follow_up


def _check_ready(step: Step, explanation: str) -> None:
    no, href = step.ticket.no, f"/tickets/{step.ticket.no}"
    if not step.cycle.cause_kind or step.cycle.root_cause_sealed is None:
        sentence = say("工单 %(no)s 还没有记录问题原因，不能提交解决：请先记录原因类别和原因分析。", no=no)
        raise Conflict(sentence, href=href, extra={"missing": [gate.RESOLUTION]})
    explained = bool(explanation) or step.cycle.overdue_sealed is not None
    if not explained and gate.was_late(step.session, step.cycle, step.now):
        sentence = say(
            "工单 %(no)s 已超过承诺的时限：请写明超时原因和对客户的说明，再提交解决。已填写的内容会保留。", no=no
        )
        raise Conflict(sentence, href=href, extra={"missing": [gate.OVERDUE_EXPLANATION]})
    if children := gate.open_children(step.session, step.ticket):
        sentence = say(
            "工单 %(no)s 下面还有未解决的子工单 %(child)s：请先处理完子工单，再提交解决。",
            no=no,
            child=listed(children),
        )
        raise Conflict(sentence, href=f"/tickets/{children[0]}", extra={"missing": [gate.OPEN_CHILD]})


# --- who will ask -----------------------------------------------------------------------------------------------------


def _follow_up(step: Step, due_at: datetime) -> FollowUp:
    session, ticket = step.session, step.ticket
    holder = _holder(step)
    how_many = session.scalar(select(func.count()).select_from(FollowUp).where(FollowUp.ticket_id == ticket.id)) or 0
    follow_up = FollowUp(
        no=follow_up_no(ticket.no, how_many + 1),
        ticket_id=ticket.id,
        cycle_id=step.cycle.id,
        holder_id=holder.id,
        department_id=ticket.home_department_id,
        same_person=holder.same_person,
        state=FollowUpState.OPEN,
        created_at=step.now,
        due_at=due_at,
    )
    session.add(follow_up)
    session.flush()
    ticket.follow_up_holder_id = holder.id
    return follow_up


def _holder(step: Step) -> Holder:
    """The registrar unless they solved it, else another agent of the home department, else the one who solved it."""
    session, ticket = step.session, step.ticket
    agents = [user.id for user in members_of(session, ticket.home_department_id, roles={Role.AGENT})]
    load = _open_follow_ups(session, {*agents, ticket.registrar_id, step.by.id})

    def candidate(user_id: int) -> Candidate | None:
        actor = step.by if user_id == step.by.id else load_actor(session, user_id, step.now)
        return Candidate(user_id, load.get(user_id, 0)) if may(actor, Action.FOLLOW_UP) else None

    others = [Candidate(user_id, load.get(user_id, 0)) for user_id in agents if user_id != ticket.registrar_id]
    return choose_holder(
        candidate(ticket.registrar_id), others, candidate(step.by.id), rule=other_person(session, ticket)
    )


def _open_follow_ups(session: Session, people: set[int]) -> dict[int, int]:
    query = (
        select(FollowUp.holder_id, func.count())
        .where(FollowUp.state == FollowUpState.OPEN, FollowUp.holder_id.in_(people))
        .group_by(FollowUp.holder_id)
    )
    return {holder: number for holder, number in session.execute(query) if holder is not None}


def other_person(session: Session, ticket: Ticket) -> OtherPerson:
    """The rule of the category; a complaint, also one that became one later, must be asked about by somebody else."""
    category = session.get(Category, ticket.category_id) if ticket.category_id else None
    rule = OtherPerson(category.other_person) if category else OtherPerson.PREFER
    return OtherPerson.REQUIRE if ticket.complaint and rule is OtherPerson.PREFER else rule


# --- solve at once ----------------------------------------------------------------------------------------------------


def solve_at_once(session: Session, ticket: Ticket, given: AtOnceGiven, *, by: Actor, now: datetime) -> FollowUp:
    """An enquiry answered during the contact: verify → triage → start → resolve in one act, every gate as always.

    Only where routing ends in the registrar's own department; else Conflict, and nothing of it has happened (the
    caller's transaction is rolled back).
    """
    step = Step.begin(session, ticket, Action.TICKET_CLASSIFY, by=by, now=now)
    if ticket.status == Status.NEW:
        verify(session, ticket, note=given.note, by=by, now=now)
    check_move(session, ticket, Move.TRIAGE)
    classify(step, given.triage, first=True, claim=True)
    if ticket.department_id != by.department_id:
        raise Conflict(
            say(
                "按派单规则，这个问题应由其他部门处理，不能当场解决，没有登记。请去掉“当场解决”重新登记，核实后再分级派单。"
            )
        )
    step.cycle.at_once = True
    step = Step.begin(session, ticket, Action.TICKET_HANDLE, by=by, now=now)
    step.check(Move.START)
    begin_work(step, at_once=True)
    if step.cycle.first_answer_at is None:
        answer = MessageGiven(MessageKind.REPLY, given.answer or given.solution)
        add_message(session, ticket, answer, by=by, now=now)
    record_analysis(session, ticket, cause_kind=given.cause_kind, root_cause=given.root_cause, by=by, now=now)
    resolution = ResolutionGiven(given.solution, given.overdue_explanation, given.improvement)
    return resolve(session, ticket, resolution, by=by, now=now)
