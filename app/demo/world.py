"""Everything the histories refer to, read once: departments, people, products, and the rules as they are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Department, User
from app.accounts.queries import leads_of, load_actor
from app.customers.models import Product, ProductBatch
from app.numbering import company_zone
from app.policy import Action, Actor, Role, may
from app.tickets import promises
from app.tickets.clocks import Deadline, Policy, choose, deadline
from app.tickets.codes import ClockKind, Priority
from app.tickets.priority import Axes
from app.tickets.routing import Case, Route, Rule, route
from app.tickets.rules import Category, PriorityCell
from app.tickets.services.handover import routing_rules


@dataclass(frozen=True)
class Member:
    """One of the staff, with the rights that a history depends on."""

    id: int
    login: str
    name: str
    department_id: int
    agent: bool
    registers: bool  # else customer service is the home of what they report
    follows_up: bool
    handles: bool

    @classmethod
    def of(cls, actor: Actor) -> Member:
        return cls(
            id=actor.id,
            login=actor.login,
            name=actor.name,
            department_id=actor.department_id or 0,
            agent=Role.AGENT in actor.roles,
            registers=may(actor, Action.TICKET_REGISTER),
            follows_up=may(actor, Action.FOLLOW_UP),
            handles=may(actor, Action.TICKET_HANDLE),
        )


@dataclass(frozen=True)
class Sort:
    """A category, as far as a history needs it."""

    id: int
    code: str
    axes: Axes
    complaint: bool
    other_person: str


@dataclass(frozen=True)
class Ware:
    id: int
    code: str
    name: str
    batches: Mapping[str, int]


@dataclass(frozen=True)
class World:
    zone: ZoneInfo
    departments: Mapping[str, int]
    people: Mapping[str, Member]
    leads: Mapping[int, int]  # department: the one whom a rule for its lead means
    products: Mapping[str, Ware]
    categories: Mapping[str, Sort]
    cells: Mapping[Axes, Priority]
    rules: Sequence[Rule]
    policies: Mapping[int, Policy]
    open_follow_ups: dict[int, int] = field(default_factory=dict)  # by holder, while histories are made
    _handlers: dict[int, tuple[Member, ...]] = field(default_factory=dict)
    _chosen: dict[tuple[str, str, str | None, str], Policy | None] = field(default_factory=dict)

    @cached_property
    def codes(self) -> dict[int, str]:
        """Department codes by id."""
        return {id: code for code, id in self.departments.items()}

    @cached_property
    def category_codes(self) -> dict[int, str]:
        return {category.id: category.code for category in self.categories.values()}

    @cached_property
    def by_id(self) -> dict[int, Member]:
        return {person.id: person for person in self.people.values()}

    @cached_property
    def agents(self) -> tuple[Member, ...]:
        service = self.departments["service"]
        return tuple(p for p in self.people.values() if p.department_id == service and p.agent)

    def handlers(self, department_id: int) -> tuple[Member, ...]:
        """Who of a department may handle tickets."""
        if department_id not in self._handlers:
            found = tuple(p for p in self.people.values() if p.department_id == department_id and p.handles)
            self._handlers[department_id] = found
        return self._handlers[department_id]

    def promise(
        self, kind: ClockKind, *, channel: str, category: str | None, tier: str, priority: str, start: datetime
    ) -> Deadline | None:
        """What the stored policies promise."""
        key = (kind.value, channel, category, tier)
        if key not in self._chosen:
            known = list(self.policies.values())
            self._chosen[key] = choose(known, kind, channel=channel, category=category, tier=tier)
        return deadline(self._chosen[key], kind, priority, start=start, zone=self.zone)

    def route(self, case: Case) -> Route | None:
        return route(self.rules, case)


def read(session: Session, now: datetime) -> World:
    """The world as it stands in the database."""
    departments = dict(session.execute(select(Department.code, Department.id)).all())
    actors = [load_actor(session, id, now) for id in session.scalars(select(User.id).order_by(User.id))]
    batches: dict[int, dict[str, int]] = {}
    for product_id, code, id in session.execute(select(ProductBatch.product_id, ProductBatch.code, ProductBatch.id)):
        batches.setdefault(product_id, {})[code] = id
    leads = {id: leads_of(session, id) for id in departments.values()}
    return World(
        zone=company_zone(session),
        departments=departments,
        people={actor.login: Member.of(actor) for actor in actors if actor},
        leads={id: found[0].id for id, found in leads.items() if found},
        products={
            row.code: Ware(row.id, row.code, row.name, batches.get(row.id, {}))
            for row in session.scalars(select(Product).order_by(Product.id))
        },
        categories={
            row.code: Sort(
                row.id, row.code, Axes(row.impact, row.urgency, row.severity), row.complaint, row.other_person
            )
            for row in session.scalars(select(Category))
        },
        cells={
            Axes(cell.impact, cell.urgency, cell.severity): Priority(cell.priority)
            for cell in session.scalars(select(PriorityCell))
        },
        rules=routing_rules(session),
        policies={policy.id: policy for policy in promises.policies(session)},
    )
