"""The second step of signing in, and the pages that set it up."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta

import pyotp
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import totp
from app.accounts.models import User
from app.audit.models import AuditEntry
from app.config import SettingsError
from app.orm import write_transaction
from tests.cast import NOON, Cast
from tests.databases import Database
from tests.web.probes import probe_app
from tests.web.visits import send, sign_in, words_of


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def seed(session: Session, cast: Cast, clock: time_machine.Traveller) -> str:
    """Lin has set it up; a minute has passed."""
    lin, actor = cast.people["lin"], cast("lin")
    with write_transaction(session):
        seed = totp.begin(session, lin, now=NOON)
        totp.confirm(session, lin, pyotp.TOTP(seed).at(NOON), by=actor, now=NOON)
    clock.shift(timedelta(minutes=1))
    return seed


def code_of(seed: str) -> str:
    return pyotp.TOTP(seed).now()


def is_in(client: FlaskClient) -> bool:
    return client.get("/me").status_code == 200


def test_the_password_alone_is_not_enough(client: FlaskClient, seed: str) -> None:
    assert sign_in(client, "lin").location == "/login/code"
    assert not is_in(client)
    assert send(client, "/login/code", {"code": code_of(seed)}, form="/login/code").location == "/"
    assert is_in(client)


def test_a_wrong_code_is_not_let_in_and_is_audited(client: FlaskClient, session: Session, seed: str) -> None:
    sign_in(client, "lin")
    wrong = f"{(int(code_of(seed)) + 1) % 1_000_000:06d}"
    answer = send(client, "/login/code", {"code": wrong}, form="/login/code")
    assert answer.status_code == 422
    assert not is_in(client)
    session.rollback()
    assert session.scalars(select(AuditEntry).where(AuditEntry.action == "login.code_failed")).one()


def test_a_code_seen_over_the_shoulder_is_used_up(app: Flask, seed: str) -> None:
    lin, thief = app.test_client(), app.test_client()
    code = code_of(seed)
    for client in (lin, thief):
        sign_in(client, "lin")
        send(client, "/login/code", {"code": code}, form="/login/code")
    assert (is_in(lin), is_in(thief)) == (True, False)


def test_guessing_codes_is_slowed_down_across_passwords(app: Flask, seed: str) -> None:
    """Who knows the password can't start the count afresh by giving it again."""
    answers = []
    for _ in range(8):
        client = app.test_client()
        answers.append(sign_in(client, "lin").status_code)
        if answers[-1] == 303:
            answers.append(send(client, "/login/code", {"code": "000000"}, form="/login/code").status_code)
    assert answers.count(422) == 5
    assert 429 in answers


def test_the_step_between_lasts_ten_minutes(client: FlaskClient, seed: str, clock: time_machine.Traveller) -> None:
    sign_in(client, "lin")
    clock.shift(timedelta(minutes=10))
    assert client.get("/login/code").location == "/login"


def test_the_code_page_is_for_who_gave_a_password(client: FlaskClient, cast: Cast) -> None:
    assert client.get("/login/code").location == "/login"


def test_the_token_changes_with_the_second_step(client: FlaskClient, seed: str) -> None:
    sign_in(client, "lin")
    with client.session_transaction() as cookie:
        before = cookie["_user_id"]
    send(client, "/login/code", {"code": code_of(seed)}, form="/login/code")
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] != before


def test_it_leads_on_to_the_page_that_was_wanted(client: FlaskClient, seed: str) -> None:
    asked = sign_in(client, "lin", query_string={"next": "/me/tokens"})
    data = {"code": code_of(seed), "next": "/me/tokens"}
    assert asked.status_code == 303
    assert send(client, "/login/code", data, form="/login/code").location == "/me/tokens"


def test_lin_sets_it_up_and_uses_a_recovery_code(
    client: FlaskClient, cast: Cast, clock: time_machine.Traveller
) -> None:
    sign_in(client, "lin")
    send(client, "/me/second-factor/setup", form="/me")
    page = client.get("/me/second-factor")
    assert page.headers["Cache-Control"] == "no-store"
    picture = re.search(r'<img[^>]* src="(data:image/svg\+xml[^"]+)"', page.text)
    assert picture
    shown = re.search(r"<code>([A-Z2-7]{32})</code>", page.text)
    assert shown
    refused = send(client, "/me/second-factor/confirmation", {"code": "000000"}, form="/me/second-factor")
    assert refused.status_code == 422
    assert shown[1] in refused.text
    good = {"code": pyotp.TOTP(shown[1]).now()}
    done = send(client, "/me/second-factor/confirmation", good, form="/me/second-factor")
    codes = re.findall(r"<code>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</code>", html.unescape(done.text))
    assert len(codes) == 10
    assert done.headers["Cache-Control"] == "no-store"
    assert shown[1] not in client.get("/me/second-factor").text
    send(client, "/logout", form="/me")
    sign_in(client, "lin")
    assert send(client, "/login/code", {"code": codes[0]}, form="/login/code").location == "/"
    assert "9 个" in words_of(client.get("/me/second-factor"))


def test_a_code_steps_up_as_well_as_the_password(client: FlaskClient, seed: str, clock: time_machine.Traveller) -> None:
    sign_in(client, "lin")
    send(client, "/login/code", {"code": code_of(seed)}, form="/login/code")
    clock.shift(timedelta(minutes=30))
    assert send(client, "/me/second-factor/end", form="/me").location.startswith("/step-up")
    answer = send(client, "/step-up", {"code": code_of(seed), "next": "/me/second-factor"}, form="/step-up")
    assert answer.location == "/me/second-factor"
    assert send(client, "/me/second-factor/end", form="/me").location == "/me/second-factor"


def test_a_role_may_demand_it(database: Database, session: Session, cast: Cast, clock: time_machine.Traveller) -> None:
    app = probe_app(database, second_factor_roles=("head", "sysadmin"))
    lin, zhou = app.test_client(), app.test_client()
    sign_in(lin, "lin")
    assert is_in(lin)
    sign_in(zhou, "zhou")
    for path in ("/me", "/probe", "/me/tokens"):
        assert zhou.get(path).location == "/me/second-factor"
    send(zhou, "/me/second-factor/setup", form="/me/second-factor")
    shown = re.search(r"<code>([A-Z2-7]{32})</code>", zhou.get("/me/second-factor").text)
    assert shown
    code = {"code": pyotp.TOTP(shown[1]).now()}
    send(zhou, "/me/second-factor/confirmation", code, form="/me/second-factor")
    assert is_in(zhou)
    assert send(zhou, "/me/second-factor/end", form="/me/second-factor").status_code == 403


def test_a_role_that_there_is_not_stops_the_start(database: Database) -> None:
    with pytest.raises(SettingsError):
        probe_app(database, second_factor_roles=("chief",))


# --- forgotten passwords ----------------------------------------------------------------------------------------------

NEW = "一个全新的密码 42"


@pytest.fixture
def link(session: Session, cast: Cast, clock: time_machine.Traveller) -> str:
    from app.accounts import resets

    with write_transaction(session):
        return "/password/reset/" + resets.issue(session, cast.people["lin"], now=NOON)


def test_asking_for_a_link_tells_nothing(app: Flask, cast: Cast) -> None:
    answers = [send(app.test_client(), "/password/forgot", {"who": who}) for who in ("lin", "nobody")]
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, "/login")}


def test_a_link_sets_a_password_once_and_ends_all_sessions(app: Flask, link: str) -> None:
    elsewhere, client = app.test_client(), app.test_client()
    sign_in(elsewhere, "lin")
    clean = client.get(link)
    assert clean.location == "/password/reset"
    answer = send(client, "/password/reset", {"password": NEW, "again": NEW}, form="/password/reset")
    assert answer.location == "/login"
    assert not is_in(elsewhere)
    assert sign_in(client, "lin", NEW).status_code == 303
    again = app.test_client()
    again.get(link)
    assert again.get("/password/reset").status_code == 404


def test_a_mail_scanner_that_opens_the_link_does_not_use_it_up(app: Flask, link: str) -> None:
    for _ in range(3):
        app.test_client().get(link, follow_redirects=True)
        app.test_client().head(link)
    client = app.test_client()
    client.get(link)
    assert client.get("/password/reset").status_code == 200


def test_a_link_leaves_the_second_factor_in_place(app: Flask, session: Session, seed: str, link: str) -> None:
    client = app.test_client()
    client.get(link)
    send(client, "/password/reset", {"password": NEW, "again": NEW}, form="/password/reset")
    assert sign_in(client, "lin", NEW).location == "/login/code"
    session.rollback()
    assert session.scalars(select(User.totp_confirmed_at).where(User.login == "lin")).one() is not None


def test_a_weak_password_is_refused_and_the_link_still_works(app: Flask, link: str) -> None:
    client = app.test_client()
    client.get(link)
    refused = send(client, "/password/reset", {"password": "12345678", "again": "12345678"}, form="/password/reset")
    assert refused.status_code == 422
    assert "太常见" in words_of(refused)
    assert client.get("/password/reset").status_code == 200


@pytest.mark.parametrize("token", ["x", "x" * 3000, "%00", "💥"])
def test_a_made_up_link_is_dead(client: FlaskClient, cast: Cast, token: str) -> None:
    answer = client.get(f"/password/reset/{token}", follow_redirects=True)
    assert answer.status_code in (400, 404)
    assert "密码没有改变" in words_of(answer) or answer.status_code == 400
