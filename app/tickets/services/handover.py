"""Who gets the ticket: the routing rules applied, the lead or the person before, assisting departments, a transfer."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Department
from app.accounts.queries import department_by_code, leads_of
from app.customers.models import Customer
from app.tickets import timing
from app.tickets.codes import EscalationKind, Part, Priority
from app.tickets.models import Assignment, Escalation, Participation, Ticket
from app.tickets.routing import Case, Route, Rule, route
from app.tickets.rules import Category, RoutingRule
from app.tickets.services.ground import Step, invalid
from app.tickets.workflow import Move
from app.words import say


def department_of(session: Session, code: str) -> Department:
    """The department of this code. Raises Invalid."""
    department = department_by_code(session, code)
    if department is None or department.retired_at is not None:
        raise invalid("department", say("没有这个部门，请重新选择。"))
    return department


def routing_rules(session: Session) -> list[Rule]:
    """All rules in their order."""
    rows = session.scalars(select(RoutingRule).order_by(RoutingRule.position, RoutingRule.id))
    return [
        Rule(
            id=row.id,
            department_id=row.department_id,
            category=row.category,
            priority=row.priority,
            product_id=row.product_id,
            tier=row.tier,
            channel=row.channel,
            role=row.role,
            assisting=tuple(row.assisting),
            escalate=row.escalate,
        )
        for row in rows
    ]


def route_of(session: Session, ticket: Ticket, category: Category) -> Route | None:
    """Where the rules send this ticket as it is judged now."""
    customer = session.get_one(Customer, ticket.customer_id)
    case = Case(category.code, ticket.priority or Priority.P2, ticket.product_id, customer.tier, ticket.channel)
    return route(routing_rules(session), case)


def give(step: Step, department_id: int, target: Route | None, *, claim: bool) -> None:
    """A department always results, a person may: the lead where the rule says so, else whoever had it here before."""
    ticket = step.ticket
    stays = ticket.department_id == department_id and ticket.assignee_id is not None
    ticket.department_id = department_id
    ticket.first_department_id = ticket.first_department_id or department_id
    if claim:
        ticket.assignee_id = step.by.id
    elif target and target.rule.role:
        leads = leads_of(step.session, department_id)
        ticket.assignee_id = leads[0].id if leads else None
    elif not stays:
        ticket.assignee_id = None
    hand(step)


def follow_rule(step: Step, target: Route) -> None:
    """Departments that assist, and the escalation that a rule may ask for."""
    for code in target.rule.assisting:
        department = department_by_code(step.session, code)
        if department is not None:
            assist(step, department.id)
    kind = EscalationKind.COMPLAINT
    known = select(Escalation.id).where(Escalation.ticket_id == step.ticket.id, Escalation.kind == kind).limit(1)
    if target.rule.escalate and step.session.scalar(known) is None:
        escalation = Escalation(ticket_id=step.ticket.id, kind=kind, at=step.now, by_id=step.by.id)
        step.session.add(escalation)
        step.session.flush()
        step.ticket.escalated_at, step.ticket.complaint = step.now, True
        step.note("escalated", escalation=escalation.id, kind=kind, by_rule=target.rule.id)
        step.publish("ticket.escalated", kind=kind, escalation_id=escalation.id)


def assist(step: Step, department_id: int) -> None:
    """The department takes part from now on (once)."""
    query = select(Participation.id).where(
        Participation.ticket_id == step.ticket.id,
        Participation.department_id == department_id,
        Participation.part == Part.ASSIST,
        Participation.ended_at.is_(None),
    )
    if step.session.scalar(query.limit(1)) is None:
        step.session.add(
            Participation(ticket_id=step.ticket.id, department_id=department_id, part=Part.ASSIST, since=step.now)
        )


def transfer(step: Step, department: Department, assignee_id: int | None, *, why: str) -> None:
    """To another department: back to `assigned`, and counted as a wrong routing."""
    ticket = step.ticket
    step.check(Move.TRANSFER)
    was = step.session.get_one(Department, ticket.department_id)
    timing.resume(step.session, ticket, step.cycle, now=step.now)
    ticket.department_id, ticket.assignee_id = department.id, assignee_id
    ticket.wrong_routings += 1
    hand(step, wrong_routing=True)
    step.move(
        Move.TRANSFER,
        "transferred",
        why=why,
        department=department.code,
        department_was=was.code,
        assignee=assignee_id,
    )
    step.publish("ticket.transferred", department_id=department.id, assignee_id=assignee_id)


def hand(step: Step, *, wrong_routing: bool = False) -> None:
    """Record who has it from now on."""
    step.session.add(
        Assignment(
            ticket_id=step.ticket.id,
            department_id=step.ticket.department_id,
            assignee_id=step.ticket.assignee_id,
            at=step.now,
            by_id=step.by.id,
            wrong_routing=wrong_routing,
        )
    )
