"""`demo load`: fill an empty database, and say what was made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Department, Deputyship, User, UserRole, UserSkill
from app.accounts.passwords import hash_password
from app.accounts.seeds import seed_departments
from app.audit import record
from app.crypto import vault
from app.customers.models import Customer, Product, ProductBatch
from app.demo import catalogue, people, world
from app.demo.batches import Order, Summary, in_batches
from app.demo.rows import go_on_after, insert
from app.demo.sealing import Keys
from app.errors import Conflict
from app.installation import mark
from app.numbering import ReferenceCounter, company_zone
from app.tickets.models import Ticket
from app.tickets.seeds import seed_rules
from app.words import say

NAMED = 12  # the well-known accounts come first
Begin = Callable[[], AbstractContextManager[Session]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Loaded:
    departments: int
    people: int
    products: int
    customers: int
    tickets: int
    logins: tuple[str, ...]


def load(
    begin: Begin,
    *,
    tickets: int = 400,
    seed: int = 1,
    now: datetime,
    password: str,
    progress: Progress | None = None,
) -> Loaded:
    """Make the company and its half year before `now`, and mark the database as a demo.

    `begin` gives one transaction each time; rows are written in batches, so that a large demo needs little memory.
    `progress(done, of)` hears of every batch. Raises Conflict for a database in which anybody works already.
    """
    if tickets < 0:
        raise ValueError("the number of tickets can't be negative")
    with begin() as session:
        _refuse_unless_empty(session)
        mark(session, demo=True, now=now)
        departments = make_company(session, now=now, password=password, seed=seed)
        keys, dialect = Keys.of(vault(session).rings), session.get_bind().dialect.name
        found = world.read(session, now)
    order = Order(found, keys, tickets=tickets, seed=seed, now=now, dialect=dialect)
    summary = Summary()
    for batch in in_batches(order):
        with begin() as session:
            insert(session, batch.rows)
        summary = batch.summary
        if progress:
            progress(summary.tickets, tickets)
    with begin() as session:
        go_on_after(session, summary.last_ids)
        _count(session, summary)
        record(session, None, "demo.loaded", at=now, data={"tickets": summary.tickets, "seed": seed})
    return Loaded(
        departments=departments,
        people=len(people.PEOPLE),
        products=len(catalogue.PRODUCTS),
        customers=sum(summary.months.values()),
        tickets=summary.tickets,
        logins=tuple(person.login for person in people.PEOPLE[:NAMED]),
    )


def _refuse_unless_empty(session: Session) -> None:
    for model in (User, Customer, Ticket):
        if session.scalar(select(model.id).limit(1)) is not None:
            raise Conflict(
                say("这个数据库里已经有数据，不能载入演示数据，没有改动任何内容。请使用空的数据库，或先清除演示数据。")
            )


def make_company(session: Session, *, now: datetime, password: str, seed: int) -> int:
    """Departments with their leads, people, deputies, products, and the shipped rules. The number of departments."""
    departments = {row.code: row for row in seed_departments(session)}
    seed_rules(session)
    users = _people(session, departments, Random(seed), now=now, password=password)
    for code, (manager, contact) in people.LEADS.items():
        departments[code].manager_id, departments[code].contact_id = users[manager].id, users[contact].id
    _deputies(session, users, now)
    for made in catalogue.PRODUCTS:
        product = Product(code=made.code, name=made.name, line=made.line)
        session.add(product)
        session.flush()
        session.add_all(ProductBatch(product_id=product.id, code=batch) for batch in made.batches)
    session.flush()
    return len(departments)


def _people(
    session: Session, departments: dict[str, Department], random: Random, *, now: datetime, password: str
) -> dict[str, User]:
    """All thirty share one password, hashed once: hashing is slow by design."""
    hashed = hash_password(password)
    hired = now - timedelta(days=400)
    users = {}
    for person in people.PEOPLE:
        user = User(
            uid=f"{random.getrandbits(128):032x}",
            login=person.login,
            name=person.name,
            email=f"{person.login}@example.com",
            password_hash=hashed,
            department_id=departments[person.department].id,
            created_at=hired,
        )
        user.roles = [UserRole(role=role, granted_at=hired) for role in person.roles]
        user.skills = [UserSkill(skill=skill) for skill in person.skills]
        session.add(user)
        session.flush()
        users[person.login] = user
    return users


def _deputies(session: Session, users: dict[str, User], now: datetime) -> None:
    zone = company_zone(session)
    today = now.astimezone(zone).date()
    for login, deputy, first, last in people.DEPUTIES:
        starts, ends = (
            datetime.combine(today + timedelta(days=days), time(0), tzinfo=zone) for days in (first, last + 1)
        )
        session.add(
            Deputyship(
                user_id=users[login].id,
                deputy_id=users[deputy].id,
                starts_at=starts,
                ends_at=ends,
                made_by=users[login].id,
            )
        )


def _count(session: Session, summary: Summary) -> None:
    """Leave the counters where the next registration goes on."""
    session.add_all(
        ReferenceCounter(kind="ticket", period=f"{day:%Y%m%d}", last=last) for day, last in summary.days.items()
    )
    session.add_all(
        ReferenceCounter(kind="customer", period=month, last=last) for month, last in summary.months.items()
    )
