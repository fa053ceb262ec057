"""Once round the loop, and round again until the customer is content."""

import pytest
from sqlalchemy import select

from app.errors import Conflict
from app.tickets import services
from app.tickets.models import Event
from tests.domain.desk import Desk


def test_a_ticket_goes_round_the_loop(desk: Desk) -> None:
    ticket = desk.registered()
    assert ticket.no == "CS20240305001"
    assert ticket.status == "new"
    services.verify(desk.session, ticket, note="与客户核对了型号", by=desk.who("lin"), now=desk.later(minutes=5))
    desk.triage(ticket)
    assert (ticket.status, ticket.priority, ticket.priority_rule) == ("assigned", "P2", "S2I1U2")
    assert ticket.department_id == desk.cast.departments["support"].id
    desk.start(ticket)
    assert ticket.assignee_id == desk.cast.people["chen"].id
    desk.say(ticket)
    desk.analyse(ticket)
    follow_up = desk.resolve(ticket)
    assert (ticket.status, follow_up.no) == ("resolved", "HV20240305001")
    assert follow_up.holder_id == desk.cast.people["lin"].id
    desk.ask(follow_up)
    assert ticket.status == "resolved"
    desk.close(ticket)
    assert (ticket.status, ticket.closed_as) == ("closed", "satisfied")


def test_a_discontented_customer_sends_it_round_again(desk: Desk) -> None:
    ticket, first = desk.resolved()
    desk.ask(first, score=2)
    assert (ticket.status, ticket.cycle, ticket.urgency_preset) == ("triage", 2, 3)
    desk.triage(ticket)
    desk.start(ticket)
    desk.analyse(ticket)
    second = desk.resolve(ticket)
    assert second.no == "HV20240305001-2"
    with pytest.raises(Conflict):
        desk.ask(first)
    desk.ask(second)
    assert desk.close(ticket).status == "closed"


def test_every_move_leaves_one_entry_in_the_timeline(desk: Desk) -> None:
    ticket = desk.closed()
    events = desk.session.scalars(select(Event).where(Event.ticket_id == ticket.id).order_by(Event.id)).all()
    chain = [(e.from_status, e.to_status) for e in events if e.to_status]
    assert chain == [
        (None, "new"),
        ("new", "triage"),
        ("triage", "assigned"),
        ("assigned", "in_progress"),
        ("in_progress", "resolved"),
        ("resolved", "closed"),
    ]
