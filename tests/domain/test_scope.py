"""Who may see and do what with a ticket: the Python rule and the SQL clause are one and the same reach."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import select

from app.policy import Action, Actor, Reach, Role, may, within
from app.tickets import queries, services
from app.tickets.models import Participation, Ticket
from tests.domain.desk import ENQUIRY, FAULT, Desk

REACHES = [
    Reach.OWN,
    Reach.ASSIGNEE,
    Reach.DEPT,
    Reach.MANAGED,
    Reach.ASKED,
    Reach.SAMPLED,
    Reach.ALL,
    Reach.SELF,
]


@pytest.fixture
def crowd(desk: Desk) -> Desk:
    """Tickets in every relation to the people: mine and not, assigned and not, asked, sampled, closed long ago."""
    desk.registered("lin")
    desk.registered("tang")
    desk.registered("chen")
    desk.assigned(FAULT)
    desk.assigned(ENQUIRY)
    desk.started()
    resolved, _ = desk.resolved()
    desk.closed()
    old = desk.closed()
    old.closed_at = desk.now - timedelta(days=31)
    just = desk.closed()
    just.closed_at = desk.now - timedelta(days=30)
    desk.triage(desk.verified(), FAULT, category="fault.batch")
    for part, who in (("asked", "qian"), ("sample", "zhao")):
        person = desk.cast.people[who].id
        desk.session.add(Participation(ticket_id=resolved.id, user_id=person, part=part, since=desk.now))
        ended = Participation(ticket_id=old.id, user_id=person, part=part, since=desk.now, ended_at=desk.now)
        desk.session.add(ended)
    desk.session.flush()
    return desk


def actors(desk: Desk) -> Iterator[Actor]:
    """Everybody, some as deputies of others, some as managers."""
    yield from desk.actors.values()
    ids = {login: user.id for login, user in desk.cast.people.items()}
    departments = desk.cast.departments
    yield replace(desk.who("mei"), standing_for=frozenset({ids["lin"], ids["chen"]}))
    yield replace(desk.who("chen"), manages=frozenset({departments["support"].id, departments["sales"].id}))
    yield replace(desk.who("sun"), department_id=None, manages=frozenset({departments["quality"].id}))
    yield replace(desk.who("tang"), roles=frozenset({Role.TRAINEE, Role.HEAD}))


def test_the_clause_and_the_rule_are_equal_for_every_reach(crowd: Desk) -> None:
    tickets = crowd.session.scalars(select(Ticket)).all()
    facts = queries.facts_of_many(crowd.session, tickets, crowd.now)
    everything = {ticket.id for ticket in tickets}
    used = set()
    for actor, reach in product(actors(crowd), REACHES):
        by_rule = {id_ for id_ in everything if within(actor, reach, facts[id_])}
        clause = queries.within(actor, reach, now=crowd.now)
        by_sql = set(crowd.session.scalars(select(Ticket.id).where(clause)))
        assert by_sql == by_rule, (actor.login, reach)
        if by_rule and by_rule != everything:
            used.add(reach)
    assert used >= {Reach.OWN, Reach.ASSIGNEE, Reach.DEPT, Reach.MANAGED, Reach.ASKED, Reach.SAMPLED}


def test_the_list_shows_exactly_what_may_be_seen(crowd: Desk) -> None:
    tickets = crowd.session.scalars(select(Ticket)).all()
    facts = queries.facts_of_many(crowd.session, tickets, crowd.now)
    for actor in actors(crowd):
        allowed = {ticket.id for ticket in tickets if may(actor, Action.TICKET_SEE, facts[ticket.id])}
        clause = queries.visible(actor, now=crowd.now)
        assert set(crowd.session.scalars(select(Ticket.id).where(clause))) == allowed, actor.login
        listed = queries.page(crowd.session, queries.Filters(), viewer=actor, now=crowd.now, limit=100).items
        assert {row.id for row in listed} == allowed, actor.login
        assert queries.count(crowd.session, queries.Filters(), viewer=actor, now=crowd.now) == len(allowed)


def test_being_on_it_ends_thirty_days_after_closing(crowd: Desk) -> None:
    old = crowd.session.scalars(select(Ticket).where(Ticket.closed_at < crowd.now - timedelta(days=30))).one()
    facts = queries.facts_of(crowd.session, old, crowd.now)
    assert facts.own_ended
    assert not may(crowd.who("lin"), Action.PERSONAL_SEE, facts)
    assert may(crowd.who("zhou"), Action.PERSONAL_SEE, facts)


def test_closing_ends_what_an_expert_was_asked(desk: Desk) -> None:
    ticket, follow_up = desk.resolved()
    expert = desk.who("qian")
    services.ask_expert(desk.session, ticket, "qian", reason="是否批次问题", by=desk.who("chen"), now=desk.now)
    assert may(expert, Action.PERSONAL_SEE, queries.facts_of(desk.session, ticket, desk.now))
    desk.ask(follow_up)
    desk.close(ticket)
    assert not may(expert, Action.TICKET_SEE, queries.facts_of(desk.session, ticket, desk.now))
    assert queries.count(desk.session, queries.Filters(), viewer=expert, now=desk.now) == 0


def test_a_deputy_is_on_the_absent_persons_tickets(desk: Desk) -> None:
    ticket = desk.registered("lin")
    facts = queries.facts_of(desk.session, ticket, desk.now)
    deputy = replace(desk.who("mei"), standing_for=frozenset({desk.who("lin").id}))
    assert not may(desk.who("mei"), Action.PERSONAL_SEE, facts)
    assert may(deputy, Action.PERSONAL_SEE, facts)


def test_customers_in_reach_are_those_of_visible_tickets(crowd: Desk) -> None:
    everyone = set(crowd.session.scalars(queries.customers_in_reach(crowd.who("wang"))))
    assert everyone == set(crowd.session.scalars(select(Ticket.customer_id)))
    assert not list(crowd.session.scalars(queries.customers_in_reach(crowd.who("luo"))))


def test_who_stands_in_from_another_department_sees_the_ticket(desk: Desk) -> None:
    ticket = desk.registered("lin")
    facts = queries.facts_of(desk.session, ticket, desk.now)
    tang = desk.who("tang")
    deputy = replace(tang, standing_for=frozenset({desk.cast.people["lin"].id}))
    assert not may(tang, Action.TICKET_SEE, facts)
    assert may(deputy, Action.TICKET_REPLY, facts)
    assert queries.find(desk.session, ticket.no, viewer=deputy, now=desk.now).id == ticket.id
