"""A page needs a fixed handful of SQL statements, however long its list or its history is."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from app import clock
from app.extensions import db
from app.policy import Actor
from app.tickets import services
from app.tickets.given import Registration
from tests.cast import Cast
from tests.web.calls import V1, Api, call, registered, resolved
from tests.web.visits import sign_in

MOST = {
    "/": 22,
    "/tickets": 13,
    "/tickets?status=new&department=service": 13,
    "/follow-ups": 11,
    "/tickets/{no}": 22,
    "/tickets/new": 9,
}


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that run inside the block."""
    said: list[str] = []

    def heard(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            said.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", heard)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", heard)


@pytest.fixture
def lin(client: FlaskClient, desk: Cast) -> FlaskClient:
    sign_in(client, "lin")
    return client


def many(session: Session, by: Actor, n: int) -> None:
    for i in range(n):
        services.register(session, Registration(channel="phone", description=f"第 {i} 件"), by=by, now=clock.now())
    session.commit()


@pytest.mark.parametrize("path", MOST)
def test_pages_need_few_statements(app: Flask, lin: FlaskClient, api: Api, path: str) -> None:
    no, _ = resolved(api)
    path = path.replace("{no}", no)
    lin.get(path)
    with counted(app) as said:
        assert lin.get(path).status_code == 200
    assert len(said) <= MOST[path.replace(no, "{no}")], "\n".join(said)


@pytest.mark.parametrize("path", ["/", "/tickets", "/follow-ups", f"{V1}/tickets"])
def test_a_longer_list_needs_no_more(
    app: Flask, lin: FlaskClient, api: Api, session: Session, desk: Cast, path: str
) -> None:
    visitor = api("lin") if path.startswith(V1) else lin
    many(session, desk("lin"), 3)
    visitor.get(path)
    with counted(app) as few:
        visitor.get(path)
    many(session, desk("lin"), 30)
    with counted(app) as more:
        visitor.get(path)
    assert len(more) <= len(few), "\n".join(more)


def test_a_longer_history_needs_no_more(app: Flask, lin: FlaskClient, api: Api) -> None:
    no = registered(api)
    with counted(app) as short:
        lin.get(f"/tickets/{no}")
    for n in range(12):
        call(api("lin"), f"/tickets/{no}/messages", 201, kind="note", body=f"备注 {n}")
    with counted(app) as long:
        lin.get(f"/tickets/{no}")
    assert len(long) <= len(short), "\n".join(long)
