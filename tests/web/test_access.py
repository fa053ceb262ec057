"""The one door: what it lets in, what it says to the others, and that no route forgets to ask."""

import secrets
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.accounts.digests import digest_of
from app.accounts.models import ApiToken
from app.audit.models import AuditEntry
from app.policy import ACTION_LABELS, Action, Role, may
from app.web.access import MENU, declared
from tests.cast import NOON, Cast, actor_of
from tests.databases import Database
from tests.web.probes import probe_app
from tests.web.visits import send, sign_in

# What nobody has to sign in for. A new line here is a decision.
OPEN = {
    "api_document.openapi",
    "auth.code",
    "auth.forgot",
    "auth.language",
    "auth.login",
    "auth.logout",
    "auth.reset",
    "auth.reset_link",
    "health.alive",
    "health.ready",
}


@pytest.fixture
def probe(database: Database) -> Flask:
    return probe_app(database)


def test_every_route_declares_who_may_use_it(app: Flask) -> None:
    silent = set()
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            if rule.endpoint != "static" and declared(app, rule.endpoint, method) is None:
                silent.add(f"{method} {rule.rule} ({rule.endpoint})")
    assert not silent


def test_what_is_open_to_all_is_known(app: Flask) -> None:
    found = set()
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            access = declared(app, rule.endpoint, method)
            if access is not None and not access.actions:
                found.add(rule.endpoint)
    assert found <= OPEN


def test_a_route_that_declares_nothing_serves_nobody(probe: Flask, cast: Cast) -> None:
    client = probe.test_client()
    assert client.get("/probe/undeclared").status_code == 404
    sign_in(client, "root")
    answer = client.get("/probe/undeclared")
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_a_page_sends_a_stranger_to_the_login_and_back(probe: Flask, cast: Cast) -> None:
    answer = probe.test_client().get("/probe?x=1&y=%E4%BA%8C%26")
    assert answer.status_code == 303
    assert answer.location == "/login?next=%2Fprobe%3Fx%3D1%26y%3D%25E4%25BA%258C%2526"


def test_a_fragment_never_gets_a_login_page_swapped_in(probe: Flask, cast: Cast) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/tickets?q=1"}
    answer = probe.test_client().get("/probe", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login?next=%2Ftickets%3Fq%3D1"
    assert answer.data == b""


def test_another_site_is_not_led_back_to(probe: Flask, cast: Cast) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/tickets"}
    assert probe.test_client().get("/probe", headers=headers).headers["HX-Redirect"] == "/login"


def test_a_role_without_the_right_gets_403_and_an_audit_row(probe: Flask, session: Session, cast: Cast) -> None:
    client = probe.test_client()
    sign_in(client, "lin")
    assert client.get("/probe/admin").status_code == 403
    session.rollback()
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "access.denied")).one()
    assert (entry.actor_id, entry.data) == (cast.people["lin"].id, {"endpoint": "probe.admin", "method": "GET"})


def test_one_of_several_actions_is_enough(probe: Flask, cast: Cast) -> None:
    for login, status in (("lin", 200), ("root", 200), ("chen", 403)):
        client = probe.test_client()
        sign_in(client, login)
        assert client.get("/probe/either").status_code == status


def test_the_actor_costs_two_statements_for_each_request(probe: Flask, database: Database, cast: Cast) -> None:
    client = probe.test_client()
    sign_in(client, "lin")
    client.get("/probe/secret")
    seen: list[str] = []
    with probe.app_context():
        from app.extensions import db

        event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    client.get("/probe/secret")
    assert len([text for text in seen if text.startswith(("SELECT", "("))]) == 2


# --- programs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def program(probe: Flask, session: Session, cast: Cast) -> Callable[[str], FlaskClient]:
    def calling_as(login: str) -> FlaskClient:
        secret = secrets.token_urlsafe(32)
        session.add(ApiToken(user_id=cast.people[login].id, name="x", digest=digest_of(secret), created_at=NOON))
        session.commit()
        client = probe.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
        return client

    return calling_as


def test_a_program_needs_no_csrf_token(program: Callable[[str], FlaskClient]) -> None:
    answer = program("lin").post("/api/v1/probe/echo", json={"a": 1})
    assert answer.json == {"actor": "lin", "got": {"a": 1}}


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic bGluOng=", "bearer \u00ff"])
def test_without_a_good_token_the_api_says_401(probe: Flask, cast: Cast, header: str) -> None:
    answer = probe.test_client().post(
        "/api/v1/probe/echo", json={}, headers={"Authorization": header} if header else {}
    )
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_cookie_opens_no_api(probe: Flask, cast: Cast) -> None:
    """Else another site could borrow it, since the API asks for no CSRF token."""
    client = probe.test_client()
    sign_in(client, "lin")
    assert client.post("/api/v1/probe/echo", json={}).status_code == 401


def test_a_token_opens_no_page(program: Callable[[str], FlaskClient]) -> None:
    assert program("lin").get("/probe").status_code == 303


def test_methods_of_a_view_class_declare_one_by_one(program: Callable[[str], FlaskClient]) -> None:
    assert program("root").get("/api/v1/probe/things").status_code == 200
    assert program("lin").get("/api/v1/probe/things").status_code == 403
    assert program("root").post("/api/v1/probe/things", json={}).status_code == 404


def test_a_token_of_a_disabled_person_is_dead(
    program: Callable[[str], FlaskClient], session: Session, cast: Cast
) -> None:
    client = program("lin")
    cast.people["lin"].active = False
    session.commit()
    assert client.post("/api/v1/probe/echo", json={}).status_code == 401


def test_its_last_use_is_kept(program: Callable[[str], FlaskClient], session: Session) -> None:
    program("lin").post("/api/v1/probe/echo", json={})
    session.rollback()
    assert session.scalars(select(ApiToken.last_used_at)).one() is not None


# --- sensitive acts ---------------------------------------------------------------------------------------------------


def test_a_program_can_not_step_up(program: Callable[[str], FlaskClient]) -> None:
    answer = program("lin").get("/api/v1/probe/fail/step_up")
    assert (answer.status_code, answer.content_type) == (403, "application/problem+json")


def test_right_after_the_login_nothing_is_asked_again(probe: Flask, cast: Cast) -> None:
    client = probe.test_client()
    sign_in(client, "lin")
    assert send(client, "/probe/sensitive", form="/probe").status_code == 200


# --- templates --------------------------------------------------------------------------------------------------------


def test_templates_ask_by_action_value_or_menu_entry(probe: Flask, cast: Cast) -> None:
    from flask import g

    with probe.test_request_context():
        g.actor = actor_of(cast.people["lin"])
        ask = probe.jinja_env.globals["may"]
        assert ask("ticket.register")
        assert ask(Action.FOLLOW_UP)
        assert not ask("admin.open")
        with pytest.raises(ValueError, match="nonsense"):
            ask("nonsense")


def test_menu_entries_follow_the_matrix() -> None:
    assert set(ACTION_LABELS) == set(Action)
    assert all(any(may_hold(role, one) for role in Role) for actions in MENU.values() for one in actions)


def may_hold(role: Role, action: Action) -> bool:
    from app.policy import Actor

    return may(Actor(1, "x", "x", frozenset({role}), None), action)
