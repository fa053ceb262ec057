"""Names, phones, mails and addresses that were planted by every door are found nowhere but inside sealed values."""

import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
from flask import Flask, request, request_finished
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import clock
from app.customers.models import Customer
from app.customers.services import CustomerChanges, GivenCustomer, GivenPurchase, add_purchase, edit, lookup, reveal
from app.orm import write_transaction
from app.tickets import services as tickets
from app.tickets.given import MessageGiven, Registration
from app.tickets.models import Ticket
from app.tickets.seeds import seed_rules
from tests.cast import Cast
from tests.databases import Database
from tests.proofs.planted import (
    Person,
    found_in,
    found_in_cluster,
    found_in_files,
    found_in_tables,
    opened_cookie,
)
from tests.web.visits import send, sign_in

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

FULL = os.environ.get("BIHUAN_PROOF") == "1"
PEOPLE = [Person(n) for n in range(1000 if FULL else 60)]
BY_PAGE, BY_API = PEOPLE[::10], PEOPLE[1::10]
EVERY = 200 if FULL else 40  # who is looked up and revealed too; both are limited per person
BY_SERVICE = [person for person in PEOPLE if person.n % 10 > 1]

# On none of these tickets: they may know of some of them, but not who it is about.
STRANGERS = ("mei", "he", "chen", "sun", "tang", "qian", "zhao", "luo", "gao", "root", "xiao")
PAGES = (
    "/",
    "/tickets",
    "/tickets?q=%E5%85%85%E7%94%B5",
    "/follow-ups",
    "/customers",
    "/notifications",
    "/admin/",
    "/admin/audit",
)
API = ("/api/v1/tickets", "/api/v1/customers", "/api/v1/follow-ups")


@dataclass
class Wire:
    """Addresses, redirects and cookies of all requests, and what strangers were sent."""

    addresses: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)


@pytest.fixture
def wire(app: Flask) -> Iterator[Wire]:
    seen = Wire()

    def note(_sender: Any, response: Any, **_: Any) -> None:
        seen.addresses += [request.url, request.referrer or "", response.headers.get("Location", "")]
        seen.addresses += [response.headers.get("HX-Redirect", ""), response.headers.get("Content-Disposition", "")]
        seen.cookies += [
            cookie.partition("=")[2].partition(";")[0] for cookie in response.headers.getlist("Set-Cookie")
        ]

    with request_finished.connected_to(note, app):
        yield seen


def given(person: Person) -> GivenCustomer:
    return GivenCustomer(name=person.name, phone=person.phone, email=person.mail, address=person.address)


def planted_by_services(session: Session, cast: Cast, people: Sequence[Person]) -> None:
    """Register, write about, look up, reveal, edit: whatever the rules offer, with the values in every free text."""
    lin, wang = cast("lin"), cast("wang")
    for person in people:
        now = clock.now()
        with write_transaction(session):
            ticket = tickets.register(
                session,
                Registration(
                    channel="phone",
                    description=person.story,
                    customer=given(person),
                    product=f"{person.name}的充电器",
                    scene=f"在{person.address}",
                    expectation=f"请{person.name}本人签收",
                    remark=person.mail,
                ),
                by=lin,
                now=now,
            )
            for kind, body in (("inbound", person.story), ("note", person.phone), ("reply", f"{person.name}您好")):
                tickets.add_message(session, ticket, MessageGiven(kind, body), by=lin, now=now)
            tickets.verify(session, ticket, note=person.story, by=lin, now=now)
            customer = session.get_one(Customer, ticket.customer_id)
            add_purchase(
                session, customer, GivenPurchase(product_text=person.story, note=person.phone), by=lin, now=now
            )
            edit(session, customer, CustomerChanges(address=person.address + "东"), by=wang, version=None, now=now)
            if person.n % EVERY == 2:
                reveal(session, customer, "name", reason=person.story, by=wang, now=now)
                lookup(session, person.mail, by=lin, now=now)


def planted_by_pages(client: FlaskClient, people: Sequence[Person]) -> None:
    """Type everything into the forms, also where it is refused, looked up, or comes back."""
    for person in people:
        form = {
            "channel": "phone",
            "name": person.name,
            "phone": person.phone,
            "email": person.mail,
            "description": person.story,
            "tried": person.phone,
        }
        refused = send(client, "/tickets/new", form | {"description": ""}, form="/tickets/new")
        assert refused.status_code == 422, refused.text
        done = send(client, "/tickets/new", form, form="/tickets/new")
        assert done.status_code == 303, done.text
        ticket = done.location or ""
        note = {"kind": "note", "body": person.story, "channel": "", "promised_for": ""}
        assert send(client, f"{ticket}/messages", note, form=ticket).status_code == 303
        for box, path, name in (("/customers", "/customers/matches", "text"), ("/", "/find", "q")):
            for value in (person.phone, person.mail) if person.n % EVERY == 0 else ():
                assert send(client, path, {name: value}, form=box).status_code == 303


def planted_by_api(client: FlaskClient, people: Sequence[Person]) -> None:
    for person in people:
        customer = {"name": person.name, "phone": person.digits, "email": person.mail}
        body = {"channel": "phone", "customer": customer, "description": person.story, "tried": person.phone}
        headers = {"Idempotency-Key": f"planted-{person.n}"}
        for _ in range(2):
            assert client.post("/api/v1/tickets", json=body, headers=headers).status_code == 201
        wrong = client.post("/api/v1/tickets", json=body | {person.name: person.mail, "channel": person.phone})
        assert wrong.status_code == 422
        if person.n % EVERY == 1:
            assert client.post("/api/v1/customers/lookup", json={"phone": person.digits}).status_code == 200


def seen_by_strangers(
    app: Flask, api: Callable[[str], FlaskClient], numbers: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str, bytes]]:
    """What everybody who is on none of the tickets gets: who, where, body."""
    some = [path for ticket, customer in numbers for path in (f"/tickets/{ticket}", f"/customers/{customer}")]
    for login in STRANGERS:
        browser = app.test_client()
        sign_in(browser, login)
        for path in (*PAGES, *some):
            answer = browser.get(path)
            assert answer.status_code < 500, (login, path)
            yield login, path, answer.data + str(answer.headers).encode()
        program = api(login)
        for path in (*API, *(f"/api/v1/tickets/{ticket}" for ticket, _ in numbers)):
            answer = program.get(path)
            assert answer.status_code < 500, (login, path)
            yield login, path, answer.data


def test_planted_people_are_found_nowhere_outside_sealed_values(
    database: Database,
    app: Flask,
    session: Session,
    cast: Cast,
    api: Callable[[str], FlaskClient],
    wire: Wire,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    seed_rules(session)
    session.commit()
    with database.session() as own:
        planted_by_services(own, cast, BY_SERVICE)
    lin = app.test_client()
    sign_in(lin, "lin")
    planted_by_pages(lin, BY_PAGE)
    planted_by_api(api("lin"), BY_API)

    query = select(Ticket.no, Customer.no).join(Customer, Customer.id == Ticket.customer_id).order_by(Ticket.id)
    numbers = [(ticket, customer) for ticket, customer in session.execute(query)]
    session.commit()
    assert len(numbers) == len(PEOPLE)
    some = numbers[:: max(1, len(numbers) // 12)]

    leaks: dict[str, object] = {}
    # The search itself must be able to find: the person on the ticket is shown everything.
    own = lin.get(f"/tickets/{numbers[-1][0]}")
    assert {kind.split()[0] for kind in found_in(own.data, PEOPLE)} >= {"name", "phone", "mail"}

    for login, path, body in seen_by_strangers(app, api, some):
        if found := found_in(body, PEOPLE):
            leaks[f"{login} {path}"] = found
    leaks["addresses"] = found_in("\n".join(_unquoted(wire.addresses)).encode(), PEOPLE)
    leaks["cookies"] = found_in(b"\n".join(map(opened_cookie, wire.cookies)), PEOPLE)
    leaks["logs"] = found_in("\n".join(_printed(caplog.records)).encode(), PEOPLE)
    leaks["titles"] = found_in(b"\n".join(re.findall(rb"<title>(.*?)</title>", own.data, re.DOTALL)), PEOPLE)
    leaks["files"] = found_in_files(database.folder, PEOPLE)
    if database.kind == "sqlite":
        folder = Path(str(database.engine.url.database)).parent
        assert {path.suffix for path in folder.iterdir()} >= {".db", ".db-wal"}
        leaks["database"] = found_in_files(folder, PEOPLE)
    else:
        leaks["tables"] = found_in_tables(session, PEOPLE)
        session.rollback()
        session.execute(text("checkpoint"))
        leaks["cluster"] = found_in_cluster(session, PEOPLE)
    assert {where: found for where, found in leaks.items() if found} == {}


def _unquoted(addresses: Sequence[str]) -> Iterator[str]:
    for address in addresses:
        yield address
        yield unquote_plus(address)


def _printed(records: Sequence[logging.LogRecord]) -> Iterator[str]:
    """Message, arguments and everything else a formatter could write."""
    for record in records:
        yield record.getMessage()
        yield repr(record.__dict__)


def test_the_search_finds_what_lies_open() -> None:
    person = Person(7)
    for value in (person.name, person.phone, person.mail, person.address, person.story):
        assert found_in(b"\0\xff" + value.encode() + b"\0", PEOPLE), value
    assert found_in("燚 1999 p1@example.cn 张* 199****0001".encode(), PEOPLE) == set()


def test_every_planted_value_is_a_value_of_one_person() -> None:
    many = [Person(n) for n in range(1000)]
    for values in ([p.name for p in many], [p.digits for p in many], [p.mail for p in many]):
        assert len(set(values)) == 1000
