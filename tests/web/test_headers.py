"""What the browser is told, and which requests are refused before a view sees them."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.cast import PASSWORD, Cast
from tests.databases import Database
from tests.web.probes import probe_app
from tests.web.visits import send, sign_in, token_of, words_of


@pytest.fixture
def probe(database: Database) -> Flask:
    return probe_app(database)


@pytest.fixture
def lin(probe: Flask, cast: Cast) -> FlaskClient:
    client = probe.test_client()
    sign_in(client, "lin")
    return client


@pytest.mark.parametrize("path", ["/login", "/probe", "/nothing", "/api/v1/nothing", "/static/css/app.css"])
def test_every_answer_forbids_what_no_page_needs(lin: FlaskClient, path: str) -> None:
    with lin.get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "form-action 'self'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_scripts_come_from_here_and_the_one_cdn(database: Database) -> None:
    def script_sources(**settings: Any) -> str:
        policy = probe_app(database, **settings).test_client().get("/login").headers["Content-Security-Policy"]
        found = re.search(r"script-src ([^;]+)", policy)
        assert found
        return found[1]

    assert script_sources() == "'self' https://cdn.jsdelivr.net"
    assert script_sources(htmx_cdn_url="https://cdn.example:8443/htmx@VERSION.js") == "'self' https://cdn.example:8443"
    assert script_sources(assets="local") == "'self'"


def test_over_https_cookies_are_bound_to_the_host(database: Database, cast: Cast) -> None:
    client = probe_app(database, base_url="https://desk.example").test_client()
    answer = client.get("/login", base_url="https://desk.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-bihuan=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_over_http_nothing_is_promised_about_https(probe: Flask) -> None:
    answer = probe.test_client().get("/login")
    assert "Strict-Transport-Security" not in answer.headers
    assert "HttpOnly" in answer.headers["Set-Cookie"]


# --- caches -----------------------------------------------------------------------------------------------------------


def test_a_page_may_be_kept_but_is_asked_for_again(lin: FlaskClient) -> None:
    answer = lin.get("/probe/open")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert {"HX-Request", "Cookie", "Accept-Language"} <= set(answer.vary)
    again = lin.get("/probe/open", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_revealed_value_is_kept_nowhere(lin: FlaskClient) -> None:
    answer = lin.get("/probe/secret")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


def test_an_error_and_an_answer_to_a_post_are_kept_nowhere(lin: FlaskClient) -> None:
    assert lin.get("/nothing").headers["Cache-Control"] == "no-store"
    assert send(lin, "/probe", {"title": ""}, form="/probe").headers["Cache-Control"] == "no-store"


def test_a_static_file_with_its_hash_is_kept_for_ever(lin: FlaskClient) -> None:
    address = re.search(r'href="(/static/css/app\.css\?v=[^"]+)"', lin.get("/probe").text)
    assert address
    with lin.get(address[1]) as answer:
        assert "immutable" in answer.headers["Cache-Control"]


# --- other sites ------------------------------------------------------------------------------------------------------


def test_without_the_token_nothing_happens(lin: FlaskClient) -> None:
    answer = lin.post("/probe", data={"title": "legal2"})
    assert answer.status_code == 400
    assert "没有执行" in words_of(answer)


@pytest.mark.parametrize("token", ["", "x", "💥", "IjEi.x.y"])
def test_with_a_made_up_token_nothing_happens(lin: FlaskClient, token: str) -> None:
    assert lin.post("/probe", data={"title": "legal2", "csrf_token": token}).status_code == 400


def test_the_token_of_another_visitor_is_no_good(probe: Flask, lin: FlaskClient, cast: Cast) -> None:
    stranger = probe.test_client()
    foreign = token_of(stranger.get("/login"))
    assert lin.post("/probe", data={"title": "legal2", "csrf_token": foreign}).status_code == 400


def test_the_token_may_come_in_a_header(lin: FlaskClient) -> None:
    token = token_of(lin.get("/probe"))
    answer = lin.post("/probe", data={"title": "legal2"}, headers={"X-CSRFToken": token})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
    ],
)
def test_another_site_is_refused_even_with_a_token(lin: FlaskClient, headers: dict[str, str]) -> None:
    answer = send(lin, "/probe", {"title": "legal2"}, form="/probe", headers=headers)
    assert answer.status_code == 400
    assert "别的网站" in words_of(answer)


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}])
def test_this_site_is_not(lin: FlaskClient, headers: dict[str, str]) -> None:
    assert send(lin, "/probe", {"title": "legal2"}, form="/probe", headers=headers).status_code == 303


def test_the_login_form_is_protected_too(probe: Flask, cast: Cast) -> None:
    """Else another site signs people in as somebody else, and reads what they type."""
    answer = probe.test_client().post("/login", data={"login": "lin", "password": PASSWORD})
    assert answer.status_code == 400


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_no_method_goes_around_it(lin: FlaskClient, method: str) -> None:
    assert getattr(lin, method)("/probe").status_code in (400, 405)


# --- proxies ----------------------------------------------------------------------------------------------------------

FORWARDED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}


def test_nobody_may_forge_where_they_come_from(probe: Flask) -> None:
    assert probe.test_client().get("/probe/address", headers=FORWARDED).text == "127.0.0.1 http localhost"


def test_a_known_proxy_is_believed_and_only_its_own_word(database: Database) -> None:
    client = probe_app(database, trusted_proxies=1).test_client()
    forged = FORWARDED | {"X-Forwarded-For": "6.6.6.6, 203.0.113.9", "X-Forwarded-Host": "desk.example"}
    assert client.get("/probe/address", headers=forged).text == "203.0.113.9 https desk.example"
