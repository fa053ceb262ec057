"""Signing in: who gets in, who doesn't, and that the answer tells nothing to who doesn't."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import passwords
from app.accounts.models import User, UserSession
from app.audit.models import AuditEntry
from tests.cast import NOON, PASSWORD, Cast
from tests.web.visits import send, sign_in, token_of, words_of

WRONG = "wrong password 123"


def without_tokens(text: str) -> str:
    """A page without what differs in every answer: the CSRF token, the time, the request's id."""
    text = re.sub(r'(csrf[-_]token" (?:value|content)=")[^"]+', r"\1", text)
    return re.sub(r'(server-now" content=")[^"]+', r"\1", text)


def audited(session: Session, action: str) -> list[AuditEntry]:
    session.rollback()
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_lin_signs_in(client: FlaskClient, cast: Cast, session: Session) -> None:
    answer = sign_in(client, "lin")
    assert (answer.status_code, answer.location) == (303, "/")
    assert "林晓" in words_of(client.get("/me"))
    assert [entry.subject_id for entry in audited(session, "login")] == [cast.people["lin"].id]


@pytest.mark.parametrize("typed", ["LIN", " lin ", "Lin"])
def test_the_login_may_be_typed_in_any_case(client: FlaskClient, cast: Cast, typed: str) -> None:
    assert sign_in(client, typed).status_code == 303


def test_unknown_wrong_and_disabled_answer_alike(app: Flask, session: Session, cast: Cast) -> None:
    """Same status, same bytes but for the login that was typed."""
    cast.people["wang"].active = False
    cast.people["chen"].password_hash = None
    session.commit()
    answers = {login: sign_in(app.test_client(), login, WRONG) for login in ("lin", "nobody", "wang", "chen")}
    assert {answer.status_code for answer in answers.values()} == {422}
    pages = {without_tokens(answer.text).replace(f'value="{login}"', 'value=""') for login, answer in answers.items()}
    assert len(pages) == 1
    headers = {tuple(sorted(set(dict(answer.headers)) - {"Set-Cookie"})) for answer in answers.values()}
    assert len(headers) == 1


def test_unknown_wrong_and_disabled_cost_alike(
    app: Flask, session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work is counted in calls of the hash, because seconds measure the machine."""
    cast.people["wang"].active = False
    session.commit()
    calls: list[int] = []
    verify = type(passwords._hasher).verify

    def counting(self: object, *args: object) -> bool:
        calls.append(1)
        return bool(verify(self, *args))  # type: ignore[arg-type]

    monkeypatch.setattr(type(passwords._hasher), "verify", counting)
    spent = []
    for login in ("lin", "nobody", "wang"):
        calls.clear()
        sign_in(app.test_client(), login, WRONG)
        spent.append(len(calls))
    assert spent == [1, 1, 1]


def test_the_right_password_of_a_disabled_account_answers_as_a_wrong_one(
    client: FlaskClient, session: Session, cast: Cast
) -> None:
    cast.people["lin"].active = False
    session.commit()
    answer = sign_in(client, "lin")
    assert answer.status_code == 422
    assert "账号或密码不对" in words_of(answer)


def test_a_failure_is_audited_without_what_was_typed(client: FlaskClient, session: Session, cast: Cast) -> None:
    sign_in(client, "lin", WRONG)
    sign_in(client, WRONG, "lin")  # typed into the wrong field
    entries = audited(session, "login.failed")
    assert [entry.subject_id for entry in entries] == [cast.people["lin"].id, None]
    assert all(WRONG not in str(entry.data) for entry in entries)


def test_after_five_failures_the_right_password_waits_too(client: FlaskClient, cast: Cast) -> None:
    answers = [sign_in(client, "lin", WRONG) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {422}
    locked = sign_in(client, "lin")
    assert locked.status_code == 429
    assert "30 秒" in words_of(locked)
    with time_machine.travel(NOON, tick=False) as clock:
        clock.shift(timedelta(days=3650))
        assert sign_in(client, "lin").status_code == 303


def test_an_unknown_login_is_locked_alike(app: Flask, cast: Cast) -> None:
    one, other = app.test_client(), app.test_client()
    known = [sign_in(one, "lin", WRONG).status_code for _ in range(7)]
    unknown = [sign_in(other, "nobody", WRONG).status_code for _ in range(7)]
    assert known == unknown == [422] * 5 + [429] * 2


def test_the_lockout_survives_a_new_process_and_a_new_cookie(app: Flask, cast: Cast) -> None:
    for _ in range(5):
        sign_in(app.test_client(), "lin", WRONG)
    assert sign_in(app.test_client(), "lin").status_code == 429


def test_many_who_sign_in_at_once_are_all_let_in(app: Flask, cast: Cast) -> None:
    """Tries are counted before they are checked; the right ones must not lock each other out."""
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: sign_in(app.test_client(), "lin").status_code, range(12)))
    assert answers == [303] * 12


def test_many_guesses_at_once_are_still_five(app: Flask, cast: Cast) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: sign_in(app.test_client(), "lin", WRONG).status_code, range(12)))
    assert sorted(answers) == [422] * 5 + [429] * 7


def test_what_was_typed_comes_back_but_never_the_password(client: FlaskClient, cast: Cast) -> None:
    page = sign_in(client, "lin", WRONG)
    assert 'value="lin"' in page.text
    assert WRONG not in page.text


@pytest.mark.parametrize(
    "there",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "///evil.example",
        "http:evil.example",
        " //evil.example",
        "/%0d%0aLocation: x\r\nX: y",
        "",
    ],
)
def test_a_login_leads_to_no_other_site(client: FlaskClient, cast: Cast, there: str) -> None:
    page = client.get("/login", query_string={"next": there})
    data = {"csrf_token": token_of(page), "login": "lin", "password": PASSWORD, "next": there}
    assert client.post("/login", data=data).location == "/"
    again = client.get("/login", query_string={"next": there})
    assert again.location == "/"


def test_a_login_leads_back_to_the_page_that_was_wanted(client: FlaskClient, cast: Cast) -> None:
    turned_away = client.get("/me/sessions?x=1")
    assert turned_away.status_code == 303
    page = client.get(turned_away.location)
    wanted = re.search(r'name="next"[^>]*value="([^"]*)"', page.text)
    assert wanted
    data = {"csrf_token": token_of(page), "login": "lin", "password": PASSWORD, "next": wanted[1]}
    assert client.post("/login", data=data).location == "/me/sessions?x=1"


def test_a_login_gives_a_new_session_and_a_new_secret(client: FlaskClient, cast: Cast, session: Session) -> None:
    """A cookie that somebody planted before must be worth nothing after."""
    client.get("/login")
    with client.session_transaction() as planted:
        before = planted["csrf_token"]
    sign_in(client, "lin")
    with client.session_transaction() as cookie:
        first, secret = cookie["_user_id"], cookie.get("csrf_token")
    assert secret != before
    client.post("/logout", data={"csrf_token": token_of(client.get("/me"))})
    sign_in(client, "lin")
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] != first
    assert first not in set(session.scalars(select(UserSession.token_digest)))


def test_a_button_pressed_twice_lets_in_once_and_harms_nothing(client: FlaskClient, cast: Cast) -> None:
    data = {"csrf_token": token_of(client.get("/login")), "login": "lin", "password": PASSWORD}
    assert client.post("/login", data=data).location == "/"
    assert client.post("/login", data=data).location == "/"
    assert client.get("/me").status_code == 200


def test_signing_out_ends_the_row_and_not_only_the_cookie(client: FlaskClient, app: Flask, cast: Cast) -> None:
    sign_in(client, "lin")
    stolen = client.get_cookie("bihuan")
    assert stolen is not None
    answer = send(client, "/logout", form="/me")
    assert answer.location == "/login"
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    thief = app.test_client()
    thief.set_cookie("bihuan", stolen.value)
    assert thief.get("/me").status_code == 303


def test_signing_out_twice_is_as_good_as_once(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "lin")
    assert send(client, "/logout", form="/me").location == "/login"
    assert send(client, "/logout", form="/login").location == "/login"


def test_a_password_given_by_somebody_else_must_be_changed_first(
    client: FlaskClient, session: Session, cast: Cast
) -> None:
    cast.people["lin"].must_change_password = True
    session.commit()
    sign_in(client, "lin")
    for path in ("/me", "/me/sessions", "/me/tokens"):
        assert client.get(path).location == "/me/password"
    new = "一个全新的密码 42"
    send(client, "/me/password", {"current": PASSWORD, "password": new, "again": new}, form="/me/password")
    assert client.get("/me").status_code == 200


def test_a_cheaper_hash_is_renewed_at_login(client: FlaskClient, session: Session, cast: Cast) -> None:
    before = passwords._hasher
    passwords.use(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    try:
        sign_in(client, "lin")
    finally:
        passwords.use(before)
    session.rollback()
    stored = session.scalars(select(User.password_hash).where(User.login == "lin")).one()
    assert stored is not None
    assert "m=16,t=2" in stored
    send(client, "/logout", form="/me")
    assert sign_in(client, "lin").status_code == 303


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"login": "lin"},
        {"login": "", "password": ""},
        {"login": "x" * 5000, "password": "y"},
        {"login": "lin", "password": "y" * 5000},
        {"login": "💥'\"<b>", "password": "💥"},
    ],
)
def test_odd_input_gets_a_sentence(client: FlaskClient, cast: Cast, data: dict[str, str]) -> None:
    answer = send(client, "/login", data, form="/login")
    assert answer.status_code == 422
    assert "'\"<b>" not in answer.text
