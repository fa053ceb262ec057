"""The ground that every door stands on: one desk seeded once, requests that leave nothing behind, people and things.

All sessions of the application work on one connection with a savepoint around each request, so that thousands of
requests meet the same rows in any order.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Connection, event, select
from sqlalchemy.engine import NestedTransaction
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import clock
from app.accounts import drafts, sessions
from app.accounts.models import ApiToken, Department, Deputyship, User, UserRole
from app.customers.given import GivenCustomer, GivenPurchase
from app.customers.models import Contact, Customer, Product, Purchase
from app.customers.services import add_purchase, keep_match, lookup
from app.extensions import db
from app.notifications.models import Notification
from app.orm import new_uid, write_transaction
from app.outbox.models import OutboxMessage
from app.policy import Action, Actor, Role, TicketFacts, may
from app.tickets import services
from app.tickets.codes import Part
from app.tickets.models import FollowUp, Message, Participation, Ticket
from app.tickets.rules import RoutingRule
from app.tickets.seeds import seed_rules
from tests.cast import actor_of, cheap_hash, engage
from tests.databases import Database
from tests.domain.desk import Desk

CSRF = "c" * 40
NOBODY, GONE, MANAGER, DEPUTY = "nobody", "gone", "dong", "dai"
STRANGERS = (NOBODY, GONE)

# What a ticket holds of a person. Distinctive, so that one found in an answer was taken from there.
PLANTED = {
    "support": GivenCustomer(
        name="欧阳丹青",
        phone="13700010001",
        email="danqing@planted.example",
        company="丹青彩绘有限公司",
        address="浙江省杭州市西湖区文三路 90 号 5 幢 201 室",
    ),
    "sales": GivenCustomer(
        name="司徒浩南",
        phone="13700020002",
        email="haonan@planted.example",
        company="浩南航运有限公司",
        address="广东省深圳市南山区科技园路 8 号 3 栋 1204 室",
    ),
    "expert": GivenCustomer(
        name="上官云飞",
        phone="13700030003",
        email="yunfei@planted.example",
        company="云飞风筝有限公司",
        address="四川省成都市武侯区天府大道 77 号 2 单元 903 室",
    ),
}
SERIALS = {"support": "SN7700110011", "sales": "SN7700220022", "expert": "SN7700330033"}


@dataclass(frozen=True)
class Thing:
    """A ticket with what hangs on it. Numbers of things that don't exist are here too (`THING_OF_NOBODY`)."""

    name: str
    ticket_no: str
    facts: TicketFacts | None = None  # None: it doesn't exist
    follow_up_no: str = "HV20990101001-01"
    message_id: int = 2_000_000_001
    customer: str = ""  # the key in PLANTED
    customer_no: str = "C209901001"
    contact_id: int = 2_000_000_001
    purchase_id: int = 2_000_000_001
    status: str = ""
    version: int = 1

    @property
    def exists(self) -> bool:
        return self.facts is not None


THING_OF_NOBODY = Thing("nothing", "CS20990101001")


@dataclass(frozen=True)
class Belongings:
    """Rows that are one person's own: nobody else may know of them."""

    session_id: int
    token_id: int
    deputy_id: int
    draft_uid: str
    match_uid: str
    notification_id: int


@dataclass
class World:
    """The desk, its people, and the one connection."""

    app: Flask
    database: Database
    connection: Connection
    actors: dict[str, Actor | None]
    ids: dict[str, int]
    things: dict[str, Thing]
    customers: dict[str, list[TicketFacts]]  # key of PLANTED → the facts of this customer's tickets
    cookies: dict[str, str]
    bearers: dict[str, str]
    belongings: dict[str, Belongings]
    departments: dict[str, int]
    more: dict[str, Any] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)  # tables that the last request wrote to
    _savepoint: NestedTransaction | None = None

    def __post_init__(self) -> None:
        self.form_token = URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token").dumps(CSRF)

    # --- requests ---

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens in here is taken back."""
        savepoint = self.connection.begin_nested()
        try:
            yield
        finally:
            savepoint.rollback()

    def ask(
        self,
        person: str,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        form: dict[str, Any] | None = None,
        json: Any = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        """One request as the person, by token under /api/ and by cookie elsewhere. Its writes stay until `undone`."""
        sent = dict(headers or {})
        if path.startswith("/api/"):
            if person in self.bearers:
                sent.setdefault("Authorization", f"Bearer {self.bearers[person]}")
        else:
            sent.setdefault("Cookie", self.cookies[person])
        if form is not None:
            options["data"] = {"csrf_token": self.form_token} | form
        if json is not None:
            options["json"] = json
        self.written.clear()
        client = self.app.test_client(use_cookies=False)
        return client.open(path, method=method, query_string=query, headers=sent, **options)

    def once(self, person: str, method: str, path: str, **options: Any) -> TestResponse:
        """A request that leaves nothing behind."""
        with self.undone():
            return self.ask(person, method, path, **options)

    def rows(self) -> Session:
        """A session on the one connection, to look at what a request did. Close it before going on."""
        return Session(self.connection, join_transaction_mode="create_savepoint", info=self._info())

    def _info(self) -> dict[str, Any]:
        return self.database.session().info


TABLE = re.compile(r'^\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+"?(\w+)"?', re.IGNORECASE)


@contextmanager
def world_of(app: Flask, database: Database) -> Iterator[World]:
    """The desk on one connection; everything is gone afterwards."""
    people = _People(app, database)
    people.settle()
    with app.app_context():
        engines = db.engines
    engine = engines[None]
    connection = engine.connect()
    outer = connection.begin()
    engines[None] = connection  # type: ignore[assignment]  # a session takes a connection where it takes an engine
    propagates, app.config["PROPAGATE_EXCEPTIONS"] = app.config["PROPAGATE_EXCEPTIONS"], False  # a fault is a 500
    connection.begin_nested()  # from here on sessions answer a commit by releasing a savepoint
    try:
        world = people.world(connection)

        @event.listens_for(connection, "before_cursor_execute")
        def watch(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if found := TABLE.match(statement):
                world.written.append(found[1].lower())

        yield world
    finally:
        app.config["PROPAGATE_EXCEPTIONS"] = propagates
        engines[None] = engine
        outer.rollback()
        connection.close()
        database.empty()


def cookie(app: Flask, data: dict[str, Any]) -> str:
    """A browser's session cookie as the application signs it."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps(data | {'csrf_token': CSRF})}"


def signed_in(app: Flask, token: str) -> str:
    return cookie(app, {"_user_id": token, "_fresh": True})


class _People:
    """Seeds the desk: people, tickets of three kinds of distance, and what belongs to each person alone."""

    def __init__(self, app: Flask, database: Database) -> None:
        self.app, self.database = app, database
        self.now = clock.now()
        self.session = database.session()

    def settle(self) -> None:
        with write_transaction(self.session):
            self.cast = engage(self.session)
            seed_rules(self.session)
            self._extra_people()
            self.desk = Desk(self.session, self.cast, now=self.now - timedelta(hours=3))
            self.tickets = self._tickets()
            self.cookies, self.bearers, self.session_ids, self.token_ids = {}, {}, {}, {}
            for login, user in self.users.items():
                self._let_in(login, user)
            self.users[GONE].active = False
            self.users[GONE].disabled_at = self.now
            self.more = self._rows_of_rules()
            self.belongings = {login: self._belongings(login) for login in self.users if login != GONE}
        self.session.close()

    def world(self, connection: Connection) -> World:
        actors: dict[str, Actor | None] = {login: self._actor(login) for login in self.users}
        actors |= {NOBODY: None, GONE: None}
        by_customer: dict[str, list[TicketFacts]] = {}
        for thing in self.tickets.values():
            if thing.facts:
                by_customer.setdefault(thing.customer, []).append(thing.facts)
        return World(
            app=self.app,
            database=self.database,
            connection=connection,
            actors=actors,
            ids={login: user.id for login, user in self.users.items()},
            things=self.tickets,
            customers=by_customer,
            cookies=self.cookies | {NOBODY: cookie(self.app, {})},
            bearers=self.bearers,
            belongings=self.belongings,
            departments={code: row.id for code, row in self.cast.departments.items()},
            more=self.more,
        )

    # --- people ---

    def _extra_people(self) -> None:
        departments = self.cast.departments
        self.users = dict(self.cast.people)
        for login, name, department, role in (
            (MANAGER, "董立", "support", Role.MEMBER),
            (DEPUTY, "戴维", "quality", Role.ENGINEER),
            (GONE, "郭去", "service", Role.HEAD),
        ):
            self.users[login] = User(
                login=login,
                name=name,
                email=f"{login}@desk.example",
                password_hash=cheap_hash(),
                department_id=departments[department].id,
                created_at=self.now,
                roles=[UserRole(role=role, granted_at=self.now)],
            )
            self.session.add(self.users[login])
        self.session.flush()
        self.session.get_one(Department, departments["support"].id).manager_id = self.users[MANAGER].id
        self._deputyship("chen", DEPUTY)

    def _deputyship(self, absent: str, deputy: str) -> Deputyship:
        row = Deputyship(
            user_id=self.users[absent].id,
            deputy_id=self.users[deputy].id,
            starts_at=self.now - timedelta(days=1),
            ends_at=self.now + timedelta(days=1),
        )
        self.session.add(row)
        self.session.flush()
        return row

    def _actor(self, login: str) -> Actor:
        manages = {self.cast.departments["support"].id} if login == MANAGER else set()
        stands_in = {self.users["chen"].id} if login == DEPUTY else set()
        return actor_of(self.users[login], manages=frozenset(manages), standing_for=frozenset(stands_in))

    def _let_in(self, login: str, user: User) -> None:
        opened = sessions.open_session(
            self.session, user, now=clock.now(), address="127.0.0.1", agent="tests", pending=False
        )
        self.cookies[login] = signed_in(self.app, opened.token)
        secret = secrets.token_urlsafe(32)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        token = ApiToken(user_id=user.id, name="doors", digest=digest, created_at=self.now, last_used_at=clock.now())
        self.session.add(token)
        self.session.flush()
        self.bearers[login] = secret

    def _belongings(self, login: str) -> Belongings:
        """A second session and token (the first ones carry the requests), and a row of each other kind."""
        session, user = self.session, self.users[login]
        opened = sessions.open_session(
            session, user, now=clock.now(), address="127.0.0.1", agent="another", pending=False
        )
        token = ApiToken(user_id=user.id, name="second", digest=secrets.token_hex(32), created_at=self.now)
        row = Deputyship(
            user_id=user.id,
            deputy_id=self.users["lin" if login != "lin" else "mei"].id,
            starts_at=self.now + timedelta(days=100),
            ends_at=self.now + timedelta(days=101),
        )
        facts = self.tickets["lin"].facts
        sees = may(self._actor(login), Action.TICKET_SEE, facts)
        note = Notification(
            user_id=user.id,
            kind="ticket.assigned" if sees else "account.rights_changed",
            ticket_id=self.ids["lin"] if sees else None,
            once=f"seed-{login}",
            created_at=self.now,
        )
        session.add_all([token, row, note])
        uid = new_uid()
        drafts.keep(
            session, user.id, uid=uid, slot="me.save_profile:", path="/me", fields={"email": ["草"]}, now=self.now
        )
        found = lookup(session, PLANTED["support"].phone, by=self.cast("wang"), now=self.now)
        match = keep_match(session, found, by=actor_of(user), now=clock.now()).uid
        session.flush()
        return Belongings(opened.id, token.id, row.id, uid, match, note.id)

    def _rows_of_rules(self) -> dict[str, int]:
        """One of each that the administration names by an id."""
        product = Product(code="X20", name="X20 手机", line="手机")
        job = OutboxMessage(
            topic="ticket.registered", created_at=self.now, due_at=self.now, attempts=9, dead_at=self.now
        )
        self.session.add_all([product, job])
        self.session.flush()
        rule = self.session.scalars(select(RoutingRule.id).order_by(RoutingRule.position)).first() or 0
        return {"product": product.id, "job": job.id, "rule": rule}

    # --- tickets ---

    def _tickets(self) -> dict[str, Thing]:
        """`lin`: lin's and chen's, being worked on · `asked`: how far lin's customer is content is still open ·
        `mei`: lin's and chen's departments', of nobody yet · `tang`: another department's, resolved ·
        `expert`: where qian was asked and zhao samples."""
        desk, self.ids = self.desk, {}
        made: dict[str, tuple[Ticket, str, FollowUp | None, Message | None]] = {}
        working = self._registered("lin", "support")
        desk.triage(working)
        desk.assign(working, assignee="chen")
        desk.start(working)
        desk.analyse(working)
        message = desk.say(working, by="lin", body=self._story("support"), undo=True)
        made["lin"] = working, "support", None, message
        asked = self._registered("lin", "support")
        desk.triage(asked)
        desk.assign(asked, assignee="chen")
        desk.start(asked)
        desk.analyse(asked)
        made["asked"] = asked, "support", desk.resolve(asked), None
        free = self._registered("mei", "support")
        desk.triage(free)
        made["mei"] = free, "support", None, None
        other = self._registered("tang", "sales")
        desk.triage(other, department="product")
        desk.assign(other, assignee="sun")
        desk.start(other, by="sun")
        desk.analyse(other, by="sun")
        reply = desk.say(other, by="tang", body=self._story("sales"), undo=True)
        made["tang"] = other, "sales", desk.resolve(other, by="sun"), reply
        expert = self._registered("tang", "expert")
        for login, part in (("qian", Part.ASKED), ("zhao", Part.SAMPLE)):
            who = self.users[login].id
            self.session.add(Participation(ticket_id=expert.id, user_id=who, part=part, since=self.now))
        made["expert"] = expert, "expert", None, None
        self.session.flush()
        self.ids = {name: row[0].id for name, row in made.items()}
        things = {name: self._thing(name, *row) for name, row in made.items()}
        return things | {"nothing": THING_OF_NOBODY}

    def _story(self, key: str) -> str:
        who = PLANTED[key]
        return f"{who.name}来电，电话 {who.phone}，邮箱 {who.email}，住在{who.address}，手机充不进电。"

    def _registered(self, by: str, key: str) -> Ticket:
        ticket = self.desk.registered(
            by, channel="email", customer=PLANTED[key], description=self._story(key), remark=self._story(key)
        )
        return services.verify(self.session, ticket, by=self.cast(by), now=self.desk.now)

    def _thing(self, name: str, ticket: Ticket, key: str, follow_up: FollowUp | None, message: Message | None) -> Thing:
        session = self.session
        customer = session.get_one(Customer, ticket.customer_id)
        purchase = session.scalar(select(Purchase.id).where(Purchase.customer_id == customer.id))
        if purchase is None:
            given = GivenPurchase(product_text="充电器", serial=SERIALS[key])
            purchase = add_purchase(session, customer, given, by=self.cast("lin"), now=self.now).id
        contact = session.scalars(select(Contact.id).where(Contact.customer_id == customer.id)).first()
        asked = {self.users["qian"].id} if name == "expert" else set()
        sampled = {self.users["zhao"].id} if name == "expert" else set()
        facts = TicketFacts(
            home_department_id=ticket.home_department_id,
            department_id=ticket.department_id,
            assignee_id=ticket.assignee_id,
            registrar_id=ticket.registrar_id,
            follow_up_holder_id=ticket.follow_up_holder_id,
            asked=frozenset(asked),
            sampled=frozenset(sampled),
        )
        thing = Thing(name, ticket.no, facts, customer=key, customer_no=customer.no, status=ticket.status)
        return replace(
            thing,
            version=ticket.version,
            contact_id=contact or 0,
            purchase_id=purchase,
            follow_up_no=follow_up.no if follow_up else THING_OF_NOBODY.follow_up_no,
            message_id=message.id if message else THING_OF_NOBODY.message_id,
        )
