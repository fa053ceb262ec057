"""Every refusal has a sentence, in the shape that was asked for, and no fault shows a value."""

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import Department, Throttle
from app.orm import Base
from app.web.errors import CONSTRAINTS, constraint_name
from tests.cast import NOON, Cast
from tests.databases import Database
from tests.web.probes import probe_app
from tests.web.visits import send, sign_in, words_of

PHONE = "13812345678"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def probe(database: Database) -> Flask:
    return probe_app(database)


@pytest.fixture
def lin(probe: Flask, cast: Cast) -> FlaskClient:
    client = probe.test_client()
    sign_in(client, "lin")
    return client


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("not_allowed", 403, "没有做这一步的权限"),
        ("not_found", 404, "没有找到"),
        ("conflict", 409, "王芳刚刚改过"),
        ("invalid", 422, "还缺一项"),
        ("too_many", 429, "太频繁了"),
        ("locked", 503, "加密密钥不可用"),
        ("overflow", 422, "没有保存"),
    ],
)
def test_a_refusal_is_a_page_or_a_note(lin: FlaskClient, kind: str, status: int, words: str) -> None:
    page = lin.get(f"/probe/fail/{kind}")
    assert page.status_code == status
    assert words in words_of(page)
    note = lin.get(f"/probe/fail/{kind}", headers=HTMX)
    assert note.status_code == status
    assert words in note.text
    assert "<html" not in note.text
    assert note.headers["HX-Retarget"] == "#toasts"


def test_a_limit_says_when(lin: FlaskClient) -> None:
    assert lin.get("/probe/fail/too_many").headers["Retry-After"] == "90"


@pytest.fixture
def program(probe: Flask, api: Any) -> FlaskClient:
    """Lin's program, on the application with the probes."""
    token = api("lin").environ_base["HTTP_AUTHORIZATION"]
    client = probe.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = token
    return client


@pytest.mark.parametrize(("kind", "status"), [("not_allowed", 403), ("conflict", 409), ("invalid", 422), ("bug", 500)])
def test_a_program_gets_problem_details(program: FlaskClient, kind: str, status: int) -> None:
    answer = program.get(f"/api/v1/probe/fail/{kind}")
    assert answer.content_type == "application/problem+json"
    problem = json.loads(answer.data)
    assert problem["status"] == answer.status_code == status
    assert problem["detail"]
    assert problem["title"]


def test_details_never_shadow_the_members_of_a_problem(program: FlaskClient) -> None:
    problem = json.loads(program.get("/api/v1/probe/fail/conflict").data)
    assert (problem["status"], problem["current_status"]) == (409, "closed")
    assert re.match(r"\d{4}-\d\d-\d\dT", problem["moved_at"])


def test_refused_fields_are_named(program: FlaskClient) -> None:
    problem = json.loads(program.get("/api/v1/probe/fail/invalid").data)
    assert problem["errors"] == [{"field": "solution", "message": "请填写方案。"}]


def test_a_program_is_answered_in_its_language(program: FlaskClient) -> None:
    """Sentences without a translation stay as they are; the title is the standard's own."""
    problem = json.loads(program.get("/api/v1/probe/fail/not_found", headers={"Accept-Language": "en"}).data)
    assert problem["title"] == "Not Found"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_fault_shows_an_id_and_no_value(lin: FlaskClient, headers: dict[str, str]) -> None:
    answer = lin.get("/probe/fail/bug", headers=headers)
    assert answer.status_code == 500
    assert PHONE not in answer.text
    assert "RuntimeError" not in answer.text
    request_id = answer.headers.get("X-Request-Id")
    assert request_id
    assert request_id in answer.text


def test_a_fault_in_the_database_shows_no_parameter(lin: FlaskClient) -> None:
    answer = lin.get("/probe/sql")
    assert answer.status_code >= 500
    assert PHONE not in answer.text
    assert "SELECT" not in answer.text


@pytest.mark.parametrize(("path", "status"), [("/nothing/here", 404), ("/probe/open", 405), ("/api/v1/nothing", 404)])
def test_what_does_not_exist_has_a_sentence_too(lin: FlaskClient, path: str, status: int) -> None:
    answer = send(lin, path, form="/probe") if status == 405 else lin.get(path)
    assert answer.status_code == status
    assert re.search("[\u4e00-\u9fff]", answer.text)


def test_a_method_that_is_not_allowed_names_the_allowed(lin: FlaskClient) -> None:
    assert "GET" in send(lin, "/probe/open", form="/probe").headers["Allow"]


def test_too_large_a_body_has_a_sentence(lin: FlaskClient) -> None:
    answer = send(lin, "/probe", {"body": "汉" * 3_000_000}, form="/probe")
    assert answer.status_code == 413
    assert "太大" in words_of(answer)


# --- constraints ------------------------------------------------------------------------------------------------------


def test_a_constraint_has_the_same_name_on_both_databases(session: Session, cast: Cast) -> None:
    session.add(Department(code="service", name="another"))
    with pytest.raises(IntegrityError) as hit:
        session.flush()
    assert constraint_name(hit.value) == "uq_department_code"
    session.rollback()
    session.add_all([Throttle(key="k", updated_at=NOON), Throttle(key="k", updated_at=NOON)])
    with pytest.raises(IntegrityError) as hit:
        session.flush()
    assert constraint_name(hit.value) == "uq_throttle_key"


def test_every_sentence_belongs_to_a_constraint_that_exists() -> None:
    tables = Base.metadata.sorted_tables
    names = {str(made.name) for table in tables for made in (*table.constraints, *table.indexes)}
    assert set(CONSTRAINTS) <= names


def test_a_lost_race_is_a_409_with_its_own_sentence(lin: FlaskClient) -> None:
    answer = send(lin, "/probe", {"title": "service", "body": "another"}, form="/probe")
    assert answer.status_code == 409
    assert "这个部门代码已经使用" in words_of(answer)


# --- junk -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["code=%00", "code=%ff", "%ff=1", "code=a%00b", "code=%ED%A0%80"])
def test_junk_in_the_query_gets_a_sentence(probe: Flask, query: str) -> None:
    answer = probe.test_client().get(f"/probe/text?{query}")
    assert answer.status_code == 400
    assert "无法识别的字符" in words_of(answer)


@pytest.mark.parametrize("raw", ["/tickets/\xff\xfe", "/tickets/\x00", "/\xed\xa0\x80"])
def test_junk_in_the_path_gets_a_sentence(probe: Flask, raw: str) -> None:
    client = probe.test_client()
    answer = client.get("/x", environ_overrides={"PATH_INFO": raw})
    assert answer.status_code in (400, 404)
    assert re.search("[\u4e00-\u9fff]", answer.text)


@pytest.mark.parametrize("body", [b"title=%ff", b"title=%00", b"title=\xff", b"%00=x", b"title=%ED%A0%80"])
def test_junk_in_a_form_gets_a_sentence(lin: FlaskClient, body: bytes) -> None:
    from tests.web.visits import token_of

    token = token_of(lin.get("/probe"))
    answer = lin.post(
        "/probe",
        data=body + b"&csrf_token=" + token.encode(),
        headers={"X-CSRFToken": token},
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 400
    assert "无法识别的字符" in words_of(answer)


@pytest.mark.parametrize("text", ["a\x00b", "\x00"])
def test_junk_in_a_form_with_files_gets_a_sentence(lin: FlaskClient, text: str) -> None:
    answer = send(lin, "/probe", {"title": text}, form="/probe", content_type="multipart/form-data")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body",
    [r'{"a": "\u0000"}', r'{"a": "\ud800"}', r'{"\u0000": 1}', r'{"a": [{"b": "\udc00"}]}', "[" * 100 + "]" * 100],
)
def test_junk_in_json_gets_a_sentence(program: FlaskClient, body: str) -> None:
    answer = program.post("/api/v1/probe/echo", data=body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"nul", b'{"a":1} x', b"NaN"])
def test_what_is_no_json_gets_a_sentence(program: FlaskClient, body: bytes) -> None:
    answer = program.post("/api/v1/probe/echo", data=body, content_type="application/json")
    assert answer.status_code in (200, 400, 422)


@pytest.mark.parametrize("number", ["2147483648", "99999999999999999999999", "-1", "1e3"])
def test_a_number_that_no_column_holds_is_not_there(lin: FlaskClient, number: str) -> None:
    assert lin.get(f"/probe/{number}").status_code == 404


@pytest.mark.parametrize("agent", ["\x7f\x01", "\u00ff" * 500, "", "<script>alert(1)</script>"])
def test_an_odd_browser_signs_in_and_is_listed(probe: Flask, cast: Cast, agent: str) -> None:
    client = probe.test_client()
    client.environ_base["HTTP_USER_AGENT"] = agent
    assert sign_in(client, "lin").status_code == 303
    assert "<script>alert" not in client.get("/me/sessions").text
