"""Logs are JSON with the request's id, and say nothing about anybody."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.web import logging as log

NAME, PHONE = "张三丰", "13812345678"


class Lines:
    """What was logged, line by line."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root, own = logging.getLogger(), logging.getLogger("app")
    before = (root.handlers[:], root.level, own.level)
    stream = io.StringIO()
    log.configure("json", stream)
    yield Lines(stream)
    root.handlers, root.level = before[0], before[1]
    own.setLevel(before[2])


def test_a_request_is_one_line_with_its_id_and_route(client: FlaskClient, lines: Lines) -> None:
    answer = client.get(f"/healthz?q={PHONE}&name={NAME}")
    (line,) = lines.all
    assert (line["event"], line["route"], line["status"], line["method"]) == ("request", "/healthz", 200, "GET")
    assert line["request"] == answer.headers["X-Request-Id"]
    assert line["at"].endswith("Z")
    assert PHONE not in lines.text
    assert NAME not in lines.text


def test_an_unknown_path_is_not_repeated(client: FlaskClient, lines: Lines) -> None:
    client.get(f"/nothing/{PHONE}/{NAME}")
    assert lines.all[-1]["route"] is None
    assert PHONE not in lines.text


def test_a_strangers_request_id_is_not_believed(client: FlaskClient, lines: Lines) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": "chosen-by-a-stranger"})
    assert answer.headers["X-Request-Id"] != "chosen-by-a-stranger"


def test_a_fault_is_named_by_class_and_place_never_by_its_text(lines: Lines) -> None:
    try:
        try:
            int(PHONE + NAME)
        except ValueError as fault:
            raise RuntimeError(f"{NAME}的电话{PHONE}") from fault
    except RuntimeError:
        logging.getLogger("app.somewhere").exception("it.failed")
    (line,) = lines.all
    assert [one["class"] for one in line["fault"]] == ["builtins.RuntimeError", "builtins.ValueError"]
    assert "test_logs.py" in line["fault"][0]["at"][-1]
    assert PHONE not in lines.text
    assert NAME not in lines.text


def test_what_other_libraries_log_is_cut_to_its_template(lines: Lines) -> None:
    logging.getLogger("waitress").error("Exception while serving %s", f"/tickets/{PHONE}")
    (line,) = lines.all
    assert line["event"] == "Exception while serving %s"
    assert PHONE not in lines.text


def test_a_row_in_a_log_is_only_its_class(lines: Lines) -> None:
    class Row:
        def __repr__(self) -> str:
            return PHONE

    logging.getLogger("app.somewhere").info("odd", extra={"row": Row()})
    assert lines.all[0]["row"] == "<Row>"


def test_a_log_for_people(lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    log.configure("console", stream)
    logging.getLogger("app.somewhere").info("hello", extra={"n": 1})
    assert "hello" in stream.getvalue()
