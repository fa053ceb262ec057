"""Sessions: they end by themselves, by their owner's hand, and with the account."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import services
from app.accounts.models import UserSession
from app.orm import write_transaction
from tests.cast import NOON, PASSWORD, Cast
from tests.web.visits import send, sign_in, words_of

NEW = "一个全新的密码 42"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def is_in(client: FlaskClient, **headers: str) -> bool:
    return client.get("/me", headers=headers).status_code == 200


def test_an_hour_without_a_request_ends_it(client: FlaskClient, cast: Cast, clock: time_machine.Traveller) -> None:
    sign_in(client, "lin")
    clock.shift(timedelta(minutes=59))
    assert is_in(client)
    clock.shift(timedelta(minutes=59))
    assert is_in(client)
    clock.shift(timedelta(minutes=60))
    assert not is_in(client)


def test_twelve_hours_end_it_however_busy(client: FlaskClient, cast: Cast, clock: time_machine.Traveller) -> None:
    sign_in(client, "lin")
    for _ in range(23):
        clock.shift(timedelta(minutes=30))
        assert is_in(client)
    clock.shift(timedelta(minutes=30))
    assert not is_in(client)


def test_polling_does_not_keep_it_alive(client: FlaskClient, cast: Cast, clock: time_machine.Traveller) -> None:
    sign_in(client, "lin")
    for _ in range(5):
        clock.shift(timedelta(minutes=11))
        assert is_in(client, **{"X-Poll": "1"})
    clock.shift(timedelta(minutes=6))
    assert not is_in(client)


def test_a_page_view_writes_at_most_once_a_minute(
    client: FlaskClient, session: Session, cast: Cast, clock: time_machine.Traveller
) -> None:
    sign_in(client, "lin")
    seen = []
    for _ in range(4):
        clock.shift(timedelta(seconds=30))
        client.get("/me")
        session.rollback()
        seen.append(session.scalars(select(UserSession.seen_at)).one() - NOON)
    assert [moment.total_seconds() for moment in seen] == [0, 60, 60, 120]


def test_a_changed_password_ends_every_other_session(app: Flask, cast: Cast) -> None:
    here, there = app.test_client(), app.test_client()
    sign_in(here, "lin")
    sign_in(there, "lin")
    answer = send(here, "/me/password", {"current": PASSWORD, "password": NEW, "again": NEW}, form="/me/password")
    assert answer.status_code == 303, words_of(answer)
    assert is_in(here)
    assert not is_in(there)
    assert sign_in(there, "lin").status_code == 422
    assert sign_in(there, "lin", NEW).status_code == 303


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"current": "wrong wrong"}, "现在的密码不对"),
        ({"again": "something else"}, "两次输入的密码不一样"),
        ({"password": "12345678", "again": "12345678"}, "太常见"),
        ({"password": PASSWORD, "again": PASSWORD}, "要和现在的不一样"),
        ({"password": "short", "again": "short"}, "太短"),
    ],
)
def test_a_password_that_will_not_do_says_why(
    client: FlaskClient, cast: Cast, given: dict[str, str], field: str
) -> None:
    sign_in(client, "lin")
    data = {"current": PASSWORD, "password": NEW, "again": NEW} | given
    answer = send(client, "/me/password", data, form="/me/password")
    assert answer.status_code == 422
    assert field in words_of(answer)
    assert NEW not in answer.text


def test_guessing_the_password_of_an_open_session_is_slowed_down(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "lin")
    data = {"current": "wrong wrong", "password": NEW, "again": NEW}
    answers = [send(client, "/me/password", data, form="/me/password").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


def test_a_disabled_account_is_out_with_its_next_request(client: FlaskClient, session: Session, cast: Cast) -> None:
    sign_in(client, "lin")
    assert is_in(client)
    with write_transaction(session):
        services.disable(session, cast.people["lin"], handover=lambda *_, **__: None, by=None, now=NOON)
    assert not is_in(client)


def test_a_changed_role_is_in_force_with_the_next_request(client: FlaskClient, session: Session, cast: Cast) -> None:
    from app.policy import Role

    sign_in(client, "lin")
    assert "/tickets/new" in client.get("/me").text
    with write_transaction(session):
        services.set_roles(session, cast.people["lin"], [Role.TRAINEE], by=None, now=NOON)
    assert "/tickets/new" not in client.get("/me").text


def test_a_lost_device_is_signed_out_from_another(app: Flask, session: Session, cast: Cast) -> None:
    here, lost = app.test_client(), app.test_client()
    sign_in(lost, "lin", headers={"User-Agent": "Mozilla/5.0 (Linux; Android 14) Chrome/130"})
    sign_in(here, "lin")
    assert "Chrome · Android" in words_of(here.get("/me/sessions"))
    row = session.scalars(select(UserSession).order_by(UserSession.id)).first()
    assert row is not None
    assert send(here, f"/me/sessions/{row.id}/end", form="/me/sessions").status_code == 303
    assert is_in(here)
    assert not is_in(lost)


def test_nobody_ends_the_session_of_somebody_else(app: Flask, session: Session, cast: Cast) -> None:
    lin, wang = app.test_client(), app.test_client()
    sign_in(lin, "lin")
    sign_in(wang, "wang")
    row = session.scalars(select(UserSession).where(UserSession.user_id == cast.people["lin"].id)).one()
    assert send(wang, f"/me/sessions/{row.id}/end", form="/me/sessions").status_code == 404
    assert is_in(lin)


def test_all_other_devices_at_once(app: Flask, cast: Cast) -> None:
    clients = [app.test_client() for _ in range(3)]
    for client in clients:
        sign_in(client, "lin")
    send(clients[0], "/me/sessions/end", form="/me/sessions")
    assert [is_in(client) for client in clients] == [True, False, False]


def test_a_made_up_token_is_nobody(client: FlaskClient, cast: Cast) -> None:
    for junk in ("x", "", "\x00", "💥", 7, None, ["a"]):
        with client.session_transaction() as cookie:
            cookie["_user_id"] = junk
        assert client.get("/me").status_code == 303


def test_a_tampered_cookie_is_nobody(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "lin")
    kept = client.get_cookie("bihuan")
    assert kept is not None
    client.set_cookie("bihuan", kept.value[:-2] + "xx")
    assert not is_in(client)


def test_the_address_that_links_go_to_is_changed_after_a_step_up_only(
    client: FlaskClient, cast: Cast, session: Session, clock: time_machine.Traveller
) -> None:
    sign_in(client, "lin")
    clock.shift(timedelta(minutes=11))
    same = cast.people["lin"].email
    assert send(client, "/me", {"email": same, "mail_wanted": "y"}, form="/me").location == "/me"
    asked = send(client, "/me", {"email": "thief@else.example"}, form="/me")
    assert (asked.location or "").startswith("/step-up")
    session.refresh(cast.people["lin"])
    assert cast.people["lin"].email == same
    session.commit()
    send(client, "/step-up", {"password": PASSWORD}, form="/step-up")
    assert send(client, "/me", {"email": "lin@new.example"}, form="/me").location == "/me"


def test_step_up_is_asked_after_ten_minutes_and_rotates(
    client: FlaskClient, cast: Cast, clock: time_machine.Traveller
) -> None:
    sign_in(client, "lin")
    with client.session_transaction() as cookie:
        before = cookie["_user_id"]
    clock.shift(timedelta(minutes=11))
    asked = send(client, "/me/second-factor/setup", form="/me")
    assert asked.status_code == 303
    assert asked.location.startswith("/step-up")
    assert send(client, "/step-up", {"password": "wrong wrong"}, form="/step-up").status_code == 422
    answer = send(client, "/step-up", {"password": PASSWORD, "next": "/me/second-factor"}, form="/step-up")
    assert answer.location == "/me/second-factor"
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] != before
    assert send(client, "/me/second-factor/setup", form="/me").location == "/me/second-factor"
