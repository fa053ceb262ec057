"""What programs rely on: problem details, unknown fields by name, idempotency keys, versions, bearer tokens."""

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.tickets.models import Ticket
from tests.web.calls import STORY, V1, Api, call, registered

pytestmark = pytest.mark.usefixtures("desk")
PROBLEM = "application/problem+json"


def test_unknown_fields_are_refused_by_name(api: Api) -> None:
    answer = api("lin").post(f"{V1}/tickets", json=STORY | {"colour": "red"})
    assert (answer.status_code, answer.content_type) == (422, PROBLEM)
    assert answer.get_json()["errors"] == [{"field": "colour", "message": "没有这个字段，请按文档核对字段名。"}]


def test_every_missing_field_is_named(api: Api) -> None:
    answer = api("lin").post(f"{V1}/tickets", json={})
    assert {error["field"] for error in answer.get_json()["errors"]} == {"channel", "description"}


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[]", b"null", b'"text"', b'{"channel": NaN}', b"{}" * 3])
def test_what_is_no_object_gets_a_sentence(api: Api, body: bytes) -> None:
    answer = api("lin").post(f"{V1}/tickets", data=body, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer.content_type == PROBLEM
    assert answer.get_json()["detail"]


def test_without_a_token_nothing_is_told(app: Flask) -> None:
    answer = app.test_client().get(f"{V1}/tickets")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.content_type == PROBLEM


def test_unknown_tickets_and_forbidden_ones_read_the_same(api: Api) -> None:
    no = registered(api)
    unknown = api("tang").get(f"{V1}/tickets/CS20990101001").get_json()
    forbidden = api("tang").get(f"{V1}/tickets/{no}").get_json()
    unknown.pop("request_id")
    forbidden.pop("request_id")
    assert unknown == forbidden


def test_the_same_key_and_body_give_the_same_answer(api: Api, session: Session) -> None:
    lin, key = api("lin"), {"Idempotency-Key": "call-1"}
    first = lin.post(f"{V1}/tickets", json=STORY, headers=key)
    second = lin.post(f"{V1}/tickets", json=STORY, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    assert session.scalar(select(func.count(Ticket.id))) == 1


def test_the_same_key_with_another_body_is_refused(api: Api) -> None:
    lin, key = api("lin"), {"Idempotency-Key": "call-1"}
    lin.post(f"{V1}/tickets", json=STORY, headers=key)
    other = lin.post(f"{V1}/tickets", json=STORY | {"description": "另一件事"}, headers=key)
    assert (other.status_code, other.content_type) == (422, PROBLEM)


def test_a_refused_call_leaves_its_key_free(api: Api) -> None:
    no = registered(api)
    lin, key = api("lin"), {"Idempotency-Key": "call-2"}
    assert lin.post(f"{V1}/tickets/{no}/closure", json={}, headers=key).status_code == 409
    assert lin.post(f"{V1}/tickets/{no}/closure", json={}, headers=key).status_code == 409


def test_eight_clients_with_one_key_make_one_ticket(api: Api, app: Flask, session: Session) -> None:
    token = api("lin").environ_base["HTTP_AUTHORIZATION"]
    answers: list[int] = []

    def send() -> None:
        client = app.test_client()
        headers = {"Authorization": token, "Idempotency-Key": "same"}
        answers.append(client.post(f"{V1}/tickets", json=STORY, headers=headers).status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {201, 409}
    assert 201 in answers
    assert session.scalar(select(func.count(Ticket.id))) == 1


def test_a_stale_version_is_a_conflict(api: Api) -> None:
    no = registered(api)
    wrong: dict[str, Any] = {"If-Match": '"99"'}
    answer = api("lin").post(f"{V1}/tickets/{no}/verification", json={}, headers=wrong)
    assert answer.status_code == 409
    assert answer.get_json()["version"] == 1
    call(api("lin"), f"/tickets/{no}/verification")


@pytest.mark.parametrize(
    "text",
    [
        "😀" * 200,
        "a" * 10_000,
        "１３８１２３４５６７８",
        "<script>alert(1)</script>",
        "繁體中文客訴",
        "\u202ertl",
        "\x00",
    ],
)
def test_odd_text_is_kept_or_refused_with_a_sentence(api: Api, text: str) -> None:
    answer = api("lin").post(f"{V1}/tickets", json=STORY | {"description": text})
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        assert answer.get_json()["description"] == text


def test_text_that_is_too_long_is_refused(api: Api) -> None:
    answer = api("lin").post(f"{V1}/tickets", json=STORY | {"description": "长" * 10_001})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "description"


def test_recall_by_number_masks_and_counts(api: Api) -> None:
    registered(api)
    found = call(api("lin"), "/customers/lookup", phone="138 1234 5678")
    assert [item["name"] for item in found["items"]] == ["张*"]
    by_four = call(api("lin"), "/customers/lookup", last4="5678")
    assert [item["phone"] for item in by_four["items"]] == ["138****5678"]
    call(api("xiao"), "/customers/lookup", 403, phone="13812345678")
    assert call(api("lin"), "/customers/lookup", 422, phone="13812345678", last4="5678")["detail"]
