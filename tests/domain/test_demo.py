"""The demo company: believable, complete, the same for the same seed, and no secret among its readable columns."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app import demo
from app.accounts.models import Department, Deputyship, User, UserRole
from app.accounts.passwords import verify
from app.crypto import check_sealed, vault
from app.crypto.blind import Kind
from app.customers import written
from app.customers.contact_index import customers_with
from app.customers.models import Contact, Customer, Purchase
from app.demo.people import PEOPLE
from app.demo.rows import conversions
from app.demo.stories import FAMILIES
from app.errors import Conflict
from app.installation import is_demo
from app.orm import Base, write_transaction
from app.policy import Role
from app.tickets.codes import Channel, ClockKind, Outcome, Priority, Status
from app.tickets.invariants import check
from app.tickets.models import Cycle, Escalation, Event, FollowUp, FollowUpAttempt, Message, SlaClock, Ticket
from app.tickets.numbers import take
from app.tickets.rules import Category
from tests.databases import Database

NOW = datetime(2026, 11, 20, 2, 42, tzinfo=UTC)
PASSWORD = "a password for the demo"


def load(database: Database, tickets: int = 400, seed: int = 1) -> demo.Loaded:
    @contextmanager
    def begin() -> Iterator[Session]:
        with database.session() as session, write_transaction(session):
            yield session

    return demo.load(begin, tickets=tickets, seed=seed, now=NOW, password=PASSWORD)


@pytest.fixture
def company(database: Database) -> demo.Loaded:
    return load(database)


def count(session: Session, model: type[Any], *where: Any) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def test_sixty_families_and_more_are_told() -> None:
    assert len(FAMILIES) >= 60
    assert len({family.key for family in FAMILIES}) == len(FAMILIES)


def test_a_company_is_there_with_a_life_of_half_a_year(company: demo.Loaded, session: Session) -> None:
    assert (company.departments, company.people, company.customers, company.tickets) == (14, 30, 300, 400)
    assert (count(session, Department), count(session, User), count(session, Customer)) == (14, 30, 300)
    assert count(session, Ticket) == 400
    assert is_demo(session)
    first, last = session.execute(select(func.min(Ticket.received_at), func.max(Ticket.registered_at))).one()
    assert timedelta(days=150) < NOW - first < timedelta(days=184)
    assert NOW - last < timedelta(hours=8)
    every_moment = session.scalars(select(Event.at)).all()
    assert max(every_moment) <= NOW


def test_every_state_and_every_kind_of_history_is_there(company: demo.Loaded, session: Session) -> None:
    statuses = Counter(session.scalars(select(Ticket.status)))
    assert set(statuses) == set(Status)
    assert min(statuses.values()) >= 3
    assert set(session.scalars(select(Ticket.priority).where(Ticket.priority.is_not(None)))) == set(Priority)
    assert set(session.scalars(select(Ticket.channel))) >= set(Channel) - {Channel.API}
    assert set(session.scalars(select(Ticket.closed_as).where(Ticket.closed_as.is_not(None)))) == {
        Outcome.SATISFIED,
        Outcome.UNREACHABLE,
        Outcome.MERGED,
    }
    kinds = set(session.scalars(select(Event.kind)))
    assert kinds >= {
        "handed_back",
        "transferred",
        "reclassified",
        "reopened",
        "escalated",
        "flagged",
        "message_withdrawn",
        "child_merged",
        "linked",
        "invalid_asked",
        "invalid_confirmed",
        "expert_asked",
        "resumed",
    }
    assert count(session, Ticket, Ticket.cycle > 1, Ticket.status != Status.CLOSED) > 0
    assert count(session, Cycle, Cycle.overdue_sealed.is_not(None)) > 5
    assert count(session, Escalation) > 3
    assert count(session, FollowUp, FollowUp.state == "open", FollowUp.due_at < NOW) > 0
    running = (SlaClock.stopped_at.is_(None), SlaClock.replaced_at.is_(None), SlaClock.paused_at.is_(None))
    assert count(session, SlaClock, *running, SlaClock.due_at < NOW, SlaClock.kind == ClockKind.PLANNED) > 0
    assert count(session, SlaClock, *running, SlaClock.due_at.between(NOW, NOW + timedelta(hours=2))) > 0


def test_the_independent_checker_finds_nothing(company: demo.Loaded, session: Session) -> None:
    assert list(check(session)) == []
    assert check_sealed(session, deep=True) == []


def test_the_well_known_accounts_get_in_and_hold_their_roles(company: demo.Loaded, session: Session) -> None:
    roles = {
        "lin": Role.AGENT,
        "chen": Role.ENGINEER,
        "sun": Role.PRODUCT_MANAGER,
        "wang": Role.SUPERVISOR,
        "zhou": Role.HEAD,
        "he": Role.SERVICE_ADMIN,
        "zhao": Role.QUALITY,
        "qian": Role.EXPERT,
        "xiao": Role.TRAINEE,
        "luo": Role.MEMBER,
        "gao": Role.EXECUTIVE,
        "root": Role.SYSADMIN,
    }
    assert set(company.logins) == set(roles)
    for login, role in roles.items():
        user = session.scalars(select(User).where(User.login == login)).one()
        assert session.scalars(select(UserRole.role).where(UserRole.user_id == user.id)).all() == [role]
        assert verify(user.password_hash, PASSWORD)
    assert all(d.manager_id and d.contact_id for d in session.scalars(select(Department)))
    running = [d for d in session.scalars(select(Deputyship)) if d.starts_at <= NOW < d.ends_at]
    assert (len(running), count(session, Deputyship)) == (1, 2)
    assert len(PEOPLE) == 30


def test_numbers_follow_each_other_and_the_next_one_goes_on(company: demo.Loaded, session: Session) -> None:
    rows = session.execute(select(Ticket.day, Ticket.seq).order_by(Ticket.id)).all()
    for _, day in groupby(sorted(rows), key=lambda row: row[0]):
        sequence = [row[1] for row in day]
        assert sequence == list(range(1, len(sequence) + 1))
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    with write_transaction(session):
        today = [row[1] for row in rows if row[0] == NOW.date()]
        assert take(session, now=NOW).seq == max(today, default=0) + 1
        message = Message(
            ticket_id=1, cycle_id=1, kind="note", channel="phone", state="sent", at=NOW, sent_at=NOW, uid="f" * 32
        )
        session.add(message)
        session.flush()
        assert message.id == count(session, Message)


def test_what_is_readable_is_what_the_redactor_leaves(company: demo.Loaded, session: Session) -> None:
    """Every copy of every text, made from templates, is the one that the services would have kept."""
    assert sum(written.reredact(session, c, NOW) for c in session.scalars(select(Customer).order_by(Customer.id))) == 0


def test_no_name_and_no_phone_lies_open(company: demo.Loaded, session: Session) -> None:
    safe = vault(session)
    customers = session.scalars(select(Customer).where(Customer.kind.in_(("person", "company")))).all()
    safe.preload(customers)
    contacts = session.scalars(select(Contact)).all()
    safe.preload(contacts)
    secrets = [str(safe.open(c, "name")) for c in customers] + [str(safe.open(c, "value")) for c in contacts]
    assert all(secrets)
    readable = "\n".join(
        str(value)
        for table in Base.metadata.sorted_tables
        if table.name != "user"
        for row in session.execute(select(table))
        for value in row
        if isinstance(value, str | dict | list)
    )
    assert [secret for secret in secrets if secret in readable] == []


def test_a_customer_is_found_by_phone_and_last_digits(company: demo.Loaded, session: Session) -> None:
    contact = session.scalars(select(Contact).where(Contact.kind == "phone").order_by(Contact.id)).first()
    assert contact is not None
    number = str(vault(session).open(contact, "value"))
    assert number.startswith("154")
    assert customers_with(session, Kind.PHONE, number) == [contact.customer_id]
    assert contact.customer_id in customers_with(session, Kind.LAST4, number[-4:])
    purchase = session.scalars(select(Purchase).order_by(Purchase.id)).first()
    assert purchase is not None
    assert set(vault(session).open_json(purchase, "facts").data) == {"bought_on", "serial", "order_no"}


def sample(session: Session, begins: str) -> tuple[Ticket, Cycle, FollowUpAttempt, str]:
    ticket = session.scalars(select(Ticket).where(Ticket.story_redacted.startswith(begins))).one()
    cycle = session.scalars(select(Cycle).where(Cycle.ticket_id == ticket.id)).one()
    follow_up = session.scalars(select(FollowUp).where(FollowUp.cycle_id == cycle.id)).one()
    attempt = session.scalars(select(FollowUpAttempt).where(FollowUpAttempt.follow_up_id == follow_up.id)).one()
    category = session.get_one(Category, ticket.category_id).code
    return ticket, cycle, attempt, category


def minutes(start: datetime, end: datetime | None) -> float:
    assert end is not None
    return (end - start).total_seconds() / 60


def test_the_rows_of_the_official_forms_are_among_them(company: demo.Loaded, session: Session) -> None:
    departments = {row.id: row.code for row in session.scalars(select(Department))}
    ticket, cycle, attempt, _ = sample(session, "X20 手机用了三个月")
    assert (ticket.priority, departments[ticket.department_id], ticket.status) == ("P1", "support", "closed")
    assert "500 台" in ticket.axis_notes_redacted["impact"]
    assert "停售" in cycle.solution_redacted
    assert ticket.planned_for is not None
    assert cycle.resolved_at is not None
    assert (ticket.planned_for.date() - cycle.resolved_at.date()).days == 1
    assert (attempt.method, attempt.solved, attempt.score) == ("phone", True, 5)

    ticket, cycle, attempt, category = sample(session, "A9 空调装好了")
    assert (ticket.priority, category, departments[ticket.department_id]) == ("P2", "experience.attitude", "service")
    assert (ticket.impact, ticket.urgency, ticket.severity) == (1, 2, 1)
    assert (attempt.method, attempt.solved, attempt.score) == ("online", True, 4)
    assert "纸质" in attempt.suggestions_redacted

    ticket, cycle, attempt, category = sample(session, "刚收到的 R5 电饭煲")
    assert session.get_one(Customer, ticket.customer_id).tier == "vip"
    assert (ticket.priority_rule, category) == ("S2I3U2+vip", "aftersales.damaged")
    assert minutes(ticket.received_at, cycle.first_answer_at) == 8
    assert minutes(ticket.received_at, cycle.resolved_at) < 24 * 60
    assert "50 元优惠券" in ticket.remark_redacted
    assert attempt.score == 5

    ticket, cycle, attempt, category = sample(session, "请问积分的历史记录在哪里看")
    assert session.get_one(Customer, ticket.customer_id).tier == "new"
    assert minutes(ticket.received_at, cycle.first_answer_at) == 8
    assert minutes(ticket.received_at, cycle.resolved_at) == 10
    assert cycle.at_once

    ticket, cycle, attempt, category = sample(session, "我上周打电话问维修进度")
    assert session.get_one(Customer, ticket.customer_id).tier == "returning"
    assert (ticket.channel, category, ticket.complaint) == ("email", "complaint", True)
    assert minutes(ticket.received_at, cycle.first_answer_at) == 15


def snapshot(session: Session) -> list[tuple[Any, ...]]:
    """Everything but sealed bytes, wrapped keys and password hashes."""
    found = []
    for table in Base.metadata.sorted_tables:
        columns = [
            c for c in table.columns if c.type.python_type is not bytes and c.name not in ("password_hash", "digest")
        ]
        keys = list(table.primary_key.columns)
        found += [(table.name, *map(str, row)) for row in session.execute(select(*columns).order_by(*keys))]
    return found


def count_from_one(database: Database) -> None:
    """PostgreSQL goes on counting after rows were deleted; a new database doesn't."""
    if database.kind == "postgresql":
        with database.engine.begin() as connection:
            for name in connection.scalars(text("select sequencename from pg_sequences")).all():
                connection.execute(text(f'alter sequence "{name}" restart'))


def test_the_same_seed_makes_the_same_rows(database: Database) -> None:
    made = []
    for seed in (5, 5, 6):
        count_from_one(database)
        load(database, tickets=60, seed=seed)
        with database.session() as session:
            made.append([row for row in snapshot(session) if row[0] not in ("audit_entry", "data_key")])
        database.empty()
    assert made[0] == made[1]
    assert made[0] != made[2]


def test_only_an_empty_database_is_filled(database: Database) -> None:
    load(database, tickets=5)
    with pytest.raises(Conflict):
        load(database, tickets=5)


def test_values_take_the_form_that_the_columns_give_them(database: Database) -> None:
    """What goes past SQLAlchemy must not differ from what goes through it."""
    shanghai = NOW.astimezone(ZoneInfo("Asia/Shanghai"))
    samples: dict[str, list[Any]] = {
        "Utc": [NOW, shanghai, None],
        "Date": [NOW.date(), None],
        "JSON": [{"意思": [1, None]}],
    }
    dialect = database.engine.dialect
    checked = set()
    for table in Base.metadata.sorted_tables:
        for name, convert in conversions(table, dialect.name).items():
            kind = type(table.columns[name].type).__name__
            bind = table.columns[name].type.dialect_impl(dialect).bind_processor(dialect)
            assert bind is not None
            for value in samples[kind]:
                bound = getattr(bind(value), "obj", bind(value))  # psycopg wraps what becomes JSON
                assert convert(value) == bound or json.loads(convert(value)) == bound
            checked.add(kind)
    assert checked == ({"JSON"} if dialect.name == "postgresql" else {"Utc", "Date", "JSON"})
