"""One request, one transaction; what is drawn is drawn after it; what must stay stays."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Department
from tests.cast import Cast
from tests.databases import Database
from tests.web.probes import probe_app
from tests.web.visits import send, sign_in


@pytest.fixture
def lin(database: Database, cast: Cast) -> FlaskClient:
    client = probe_app(database).test_client()
    sign_in(client, "lin")
    return client


def codes(session: Session) -> set[str]:
    session.rollback()
    return set(session.scalars(select(Department.code)))


def test_a_view_that_answers_well_is_committed(lin: FlaskClient, session: Session) -> None:
    assert send(lin, "/probe", {"title": "legal2"}, form="/probe").status_code == 303
    assert "legal2" in codes(session)


def test_a_view_that_answers_422_is_not(lin: FlaskClient, session: Session) -> None:
    answer = send(lin, "/probe", {"body": "typed text"}, form="/probe")
    assert answer.status_code == 422
    assert "typed text" in answer.text
    assert "never" not in codes(session)


@pytest.mark.parametrize("kind", ["conflict", "invalid", "not_allowed", "not_found", "too_many", "locked", "bug"])
def test_a_view_that_fails_is_not_and_what_it_left_behind_stays(lin: FlaskClient, session: Session, kind: str) -> None:
    assert send(lin, f"/probe/fail/{kind}", form="/probe").status_code >= 400
    assert "never" not in codes(session)
    assert "after" in codes(session)


def test_a_write_that_no_transaction_was_begun_for_fails(lin: FlaskClient, session: Session) -> None:
    assert lin.get("/probe/careless").status_code == 500
    assert "never" not in codes(session)


def test_what_is_drawn_is_read_after_the_commit(lin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.extensions import db
    from app.orm import is_writing
    from tests.web import probes

    seen: list[bool] = []
    count = probes.departments

    def watching() -> int:
        seen.append(is_writing(db.session()))
        return count()

    monkeypatch.setattr(probes, "departments", watching)
    before = len(seen)
    answer = send(lin, "/probe", {"title": "legal2"}, form="/probe", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert seen[before:] == [False]


def test_htmx_gets_the_fragment_and_the_note(lin: FlaskClient) -> None:
    answer = send(lin, "/probe", {"title": "legal2"}, form="/probe", headers={"HX-Request": "true"})
    assert '<p id="done">' in answer.text
    assert 'hx-swap-oob="beforeend"' in answer.text
    assert "已保存。" in answer.text


def test_a_page_gets_the_note_with_the_next_page(lin: FlaskClient) -> None:
    send(lin, "/probe", {"title": "legal2"}, form="/probe")
    assert "已保存。" in lin.get("/probe").text
    assert "已保存。" not in lin.get("/probe").text


def test_a_boosted_link_gets_a_whole_page(lin: FlaskClient) -> None:
    headers = {"HX-Request": "true", "HX-Boosted": "true"}
    assert send(lin, "/probe", {"title": "legal2"}, form="/probe", headers=headers).status_code == 303
