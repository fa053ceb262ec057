"""What was typed is never lost: an expired session, a refusal, a stale page."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.accounts.models import Draft, UserSession
from app.web import drafts as drafting
from app.web.forms import Kept
from tests.cast import NOON, PASSWORD, Cast
from tests.databases import Database
from tests.web.probes import NoteForm, ReplyForm, probe_app
from tests.web.visits import send, sign_in, token_of, words_of

STORY = "充电一小时只到两成，客户很着急"
FORM = {"Referer": "http://localhost/probe"}


@pytest.fixture
def probe(database: Database) -> Flask:
    return probe_app(database)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def expired(probe: Flask, cast: Cast, clock: time_machine.Traveller) -> tuple[FlaskClient, str]:
    """Lin's browser with a filled form, an hour later; and the address that the POST was answered with."""
    client = probe.test_client()
    sign_in(client, "lin")
    token = token_of(client.get("/probe"))
    clock.shift(timedelta(hours=2))
    typed = {"csrf_token": token, "title": "", "body": STORY, "kind": "b", "urgent": "y", "password": "hunter22"}
    answer = client.post("/probe", data=typed, headers=FORM)
    assert answer.status_code == 303
    return client, str(answer.location)


def sign_in_at(client: FlaskClient, address: str, login: str) -> str:
    """Sign in on the page that an expired session led to; where that leads."""
    page = client.get(address)
    wanted = re.search(r'name="next"[^>]*value="([^"]*)"', page.text)
    assert wanted
    data = {"csrf_token": token_of(page), "login": login, "password": PASSWORD, "next": wanted[1].replace("&amp;", "&")}
    return str(client.post("/login", data=data).location)


def drafts(session: Session) -> list[Draft]:
    session.rollback()
    return list(session.scalars(select(Draft)))


def test_an_expired_post_comes_back_into_its_form(expired: tuple[FlaskClient, str]) -> None:
    client, address = expired
    back = sign_in_at(client, address, "lin")
    assert back.startswith("/probe?draft=")
    page = client.get(back)
    assert STORY in page.text
    assert '<option selected value="b">' in page.text
    assert "checked" in page.text
    assert "之前填写的内容已经恢复" in page.text


def test_no_password_is_kept(expired: tuple[FlaskClient, str], session: Session) -> None:
    client, address = expired
    assert "hunter22" not in client.get(sign_in_at(client, address, "lin")).text
    assert len(drafts(session)) == 1


def test_it_lies_sealed(expired: tuple[FlaskClient, str], session: Session) -> None:
    kept = drafts(session)[0]
    assert STORY.encode() not in kept.body


def test_somebody_else_at_the_same_desk_does_not_see_it(expired: tuple[FlaskClient, str]) -> None:
    client, address = expired
    back = sign_in_at(client, address, "wang")
    assert STORY not in client.get(back).text
    uid = back.rpartition("=")[2]
    assert client.get(f"/me/drafts/{uid}").status_code == 404


def test_it_is_on_the_own_page_too(expired: tuple[FlaskClient, str], session: Session) -> None:
    client, address = expired
    sign_in_at(client, address, "lin")
    uid = drafts(session)[0].uid
    assert uid in client.get("/me/drafts").text
    page = client.get(f"/me/drafts/{uid}")
    assert STORY in page.text
    assert f"/probe?draft={uid}" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    send(client, f"/me/drafts/{uid}/deletion", form="/me/drafts")
    assert drafts(session) == []


def test_it_is_gone_once_it_was_saved(expired: tuple[FlaskClient, str], session: Session) -> None:
    client, address = expired
    back = sign_in_at(client, address, "lin")
    page = client.get(back)
    client.post("/probe", data={"csrf_token": token_of(page), "title": "", "body": STORY}, headers=FORM)
    assert len(drafts(session)) == 1  # still refused, still kept
    client.post("/probe", data={"csrf_token": token_of(page), "title": "legal2", "body": STORY}, headers=FORM)
    assert drafts(session) == []


def test_it_is_gone_after_a_week(expired: tuple[FlaskClient, str], clock: time_machine.Traveller) -> None:
    client, address = expired
    clock.shift(timedelta(days=8))
    assert STORY not in client.get(sign_in_at(client, address, "lin")).text


def test_htmx_keeps_it_too(probe: Flask, cast: Cast, clock: time_machine.Traveller, session: Session) -> None:
    client = probe.test_client()
    sign_in(client, "lin")
    token = token_of(client.get("/probe"))
    clock.shift(timedelta(hours=2))
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/probe?tab=2"}
    answer = client.post("/probe", data={"csrf_token": token, "body": STORY}, headers=headers)
    assert answer.status_code == 401
    assert "tab%3D2%26draft%3D" in answer.headers["HX-Redirect"]
    assert len(drafts(session)) == 1


def test_who_signed_out_on_purpose_leaves_nothing(probe: Flask, cast: Cast, session: Session) -> None:
    client = probe.test_client()
    sign_in(client, "lin")
    token = token_of(client.get("/probe"))
    for row in session.scalars(select(UserSession)):
        row.ended_at = NOON
    session.commit()
    client.post("/probe", data={"csrf_token": token, "body": STORY}, headers=FORM)
    assert drafts(session) == []


def test_another_site_can_not_plant_a_draft(
    probe: Flask, cast: Cast, clock: time_machine.Traveller, session: Session
) -> None:
    client = probe.test_client()
    sign_in(client, "lin")
    clock.shift(timedelta(hours=2))
    client.post("/probe", data={"body": STORY, "csrf_token": "forged"}, headers=FORM)
    client.post("/probe", data={"body": STORY}, headers={"Sec-Fetch-Site": "cross-site"})
    assert drafts(session) == []


@pytest.mark.parametrize("kind", ["conflict", "invalid", "too_many", "not_allowed"])
def test_a_refused_page_leads_back_to_what_was_typed(probe: Flask, cast: Cast, kind: str) -> None:
    client = probe.test_client()
    sign_in(client, "lin")
    answer = send(client, f"/probe/fail/{kind}", {"body": STORY}, form="/probe", headers=FORM)
    assert "保留着" in words_of(answer)
    back = re.search(r'href="(/probe\?draft=[0-9a-f]{32})"', answer.text)
    assert back
    assert client.get(back[1]).status_code == 200


def test_a_page_from_before_another_login_loses_nothing(probe: Flask, cast: Cast) -> None:
    """The person signed in again in another tab, so the token of this tab is stale."""
    client = probe.test_client()
    sign_in(client, "lin")
    stale = token_of(client.get("/probe"))
    send(client, "/logout", form="/probe")
    sign_in(client, "lin")
    answer = client.post("/probe", data={"csrf_token": stale, "title": "x", "body": STORY}, headers=FORM)
    assert answer.status_code == 400
    back = re.search(r'href="(/probe\?draft=[0-9a-f]{32})"', answer.text)
    assert back
    assert STORY in client.get(back[1]).text


def test_step_up_brings_it_back(probe: Flask, cast: Cast, clock: time_machine.Traveller) -> None:
    client = probe.test_client()
    sign_in(client, "lin")
    clock.shift(timedelta(minutes=20))
    asked = send(client, "/probe/sensitive", {"body": STORY}, form="/probe", headers=FORM)
    assert asked.location.startswith("/step-up?next=%2Fprobe%3Fdraft%3D")


@pytest.mark.parametrize("uid", ["x", "0" * 32, "", "💥" * 32, "../../etc"])
def test_a_draft_that_there_is_not_harms_nothing(probe: Flask, cast: Cast, uid: str) -> None:
    client = probe.test_client()
    sign_in(client, "lin")
    assert client.get("/probe", query_string={"draft": uid}).status_code == 200
    assert client.get(f"/me/drafts/{uid}/").status_code == 404


def test_a_note_never_comes_back_in_the_box_for_the_customer(probe: Flask) -> None:
    with probe.test_request_context():
        note = Kept("tickets.add_note", MultiDict({"body": "internal"}))
        assert note.fits(NoteForm())
        assert not note.fits(ReplyForm())


@pytest.mark.parametrize("name", ["password", "again", "current", "csrf_token", "new_password", "signature"])
def test_a_secret_field_is_secret_whatever_its_form(app: Flask, name: str) -> None:
    with app.test_request_context("/", method="POST"):
        assert drafting.is_secret(name)


@pytest.mark.parametrize(("path", "secret"), [("/login/code", True), ("/admin/categories", False)])
def test_a_code_is_secret_where_it_opens_a_door(app: Flask, path: str, secret: bool) -> None:
    with app.test_request_context(path, method="POST"):
        assert drafting.is_secret("code") is secret
