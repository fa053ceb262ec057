"""Odd input of every kind, at every door: a sentence, never a fault; and what was typed comes back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from sqlalchemy import text, update
from werkzeug.test import TestResponse

from app import clock
from app.accounts.models import UserSession
from app.policy import may
from app.web.access import declared
from tests.doors import examples_admin
from tests.doors.examples import CASES, Case, Where
from tests.doors.ground import World
from tests.doors.odd import BYTES, JUNK_IN_ADDRESSES, TEXTS, VALUES, fields_of, has_a_sentence, shows

assert examples_admin  # adds its doors
PROOF = os.environ.get("BIHUAN_PROOF") == "1"
A_FIELD = len(VALUES) if PROOF else 3  # odd values for each field; each value meets many fields anyway
WORKERS = ("zhou", "he", "root", "lin", "chen")
SECRETS = ("password", "current", "again", "code", "next", "username")  # never come back into a page
TYPED = "打了半天的字，不能丢"
pytestmark = pytest.mark.timeout(600)


def _person(world: World, endpoint: str, method: str) -> str:
    """Somebody who may use the door."""
    access = declared(world.app, endpoint, method)
    assert access is not None
    return next(p for p in WORKERS if not access.actions or any(may(world.actors[p], a) for a in access.actions))


def _sound(case: Case) -> bool:
    return not case.gone and case.about != "own"


def doors(world: World, *, writing: bool, api: bool | None = None) -> Iterator[tuple[str, str, str, str, Case, Where]]:
    """(endpoint, method, path, person, example, what it is filled from) for every door, its first sound example."""
    urls = world.app.url_map.bind("localhost")
    for (endpoint, method), cases in CASES.items():
        case = next(filter(_sound, cases), cases[0])
        person = _person(world, endpoint, method)
        thing = world.things["asked" if case.about == "follow_up" else "lin"]
        where = Where(world, person, thing, world.belongings[person])
        path = urls.build(endpoint, case.path_args(where), method)
        is_api = path.startswith("/api/")
        if (method != "GET") == writing and api in (None, is_api):
            yield endpoint, method, path, person, case, where


class Findings(list[str]):
    """What was wrong, with the address and the beginning of what was sent."""

    def look(self, what: str, answer: TestResponse) -> bool:
        """Is the answer no fault, and if a refusal, one with a sentence?"""
        status = answer.status_code
        if status < 400 or "/readyz" in what:  # that one says 503: no worker runs here
            return True
        if status >= 500:
            self.append(f"{what}: {status}")
            return False
        if "application/problem+json" in answer.content_type:
            told = has_a_sentence(str(answer.get_json().get("detail")))
        else:
            told = has_a_sentence(answer.text)
        if not told and answer.get_data():
            self.append(f"{what}: {status} without a sentence")
        return told


def _short(value: Any) -> str:
    return repr(value)[:40]


def _rotated(n: int, values: tuple[Any, ...]) -> Iterator[Any]:
    """Some of the values, others for each n."""
    for k in range(min(A_FIELD, len(values))):
        yield values[(n * A_FIELD + k) % len(values)]


# --- forms ------------------------------------------------------------------------------------------------------------


def test_forms_take_odd_text_or_give_it_back(world: World) -> None:
    findings, n = Findings(), 0
    for endpoint, method, path, person, case, where in doors(world, writing=True, api=False):
        form = case.filled("form", where)
        for name in {**form, **fields_of(world.once(person, method, path, form={}).text, path)}:
            for odd in _rotated(n, TEXTS):
                with world.undone():
                    answer = world.ask(person, method, path, form=form | {name: odd})
                    what = f"{endpoint} {name}={_short(odd)}"
                    if findings.look(what, answer):
                        _check_given_back(world, findings, what, answer, person, path, form | {name: odd})
            n += 1
    assert not findings, "\n".join([f"{len(findings)}:", *findings[:50]])


def _check_given_back(
    world: World, findings: Findings, what: str, answer: TestResponse, person: str, path: str, sent: dict[str, Any]
) -> None:
    """On the page itself after a refused form; on it or behind a link after a conflict."""
    if answer.status_code not in (409, 422):
        return
    kinds = fields_of(answer.text, path) or dict.fromkeys(sent, "text")
    typed = {n: sent[n] for n, kind in kinds.items() if kind in ("textarea", "text") and n in sent and n not in SECRETS}
    lost = [n for n, value in typed.items() if str(value).strip() and not shows(answer.text, str(value))]
    if lost and not _kept(world, answer, person, str(sent[lost[0]])):
        findings.append(f"{what}: {answer.status_code}, {lost} did not come back")


def _kept(world: World, answer: TestResponse, person: str, typed: str) -> bool:
    uid = answer.text.partition("/me/drafts/")[2][:32]
    return bool(uid) and shows(world.ask(person, "GET", f"/me/drafts/{uid}").text, typed)


def test_forms_with_odd_bytes_are_refused_with_a_sentence(world: World) -> None:
    findings = Findings()
    for n, (endpoint, method, path, person, case, where) in enumerate(doors(world, writing=True, api=False)):
        base = urlencode({"csrf_token": world.form_token} | case.filled("form", where), doseq=True).encode()
        for odd in (BYTES[n % len(BYTES)], BYTES[(n + 3) % len(BYTES)]):
            raw = base + b"&text=" + odd + b"&body=" + odd + b"&reason=" + odd
            answer = world.once(person, method, path, data=raw, content_type="application/x-www-form-urlencoded")
            findings.look(f"{endpoint} with {odd!r}", answer)
    assert not findings, "\n".join(findings)


def test_forms_sent_in_odd_ways_are_refused_with_a_sentence(world: World) -> None:
    findings = Findings()
    ways: tuple[dict[str, Any], ...] = (
        {"data": b"{}", "content_type": "application/json"},
        {"data": b"--x\r\nbroken", "content_type": "multipart/form-data; boundary=x"},
        {"data": b"text", "content_type": "text/plain"},
        {"data": b"", "content_type": "multipart/form-data"},
        {"data": b"a=" + b"b" * 1_000_000, "content_type": "application/x-www-form-urlencoded"},
    )
    for n, (endpoint, method, path, person, _, _) in enumerate(doors(world, writing=True, api=False)):
        for way in (ways[n % len(ways)], ways[(n + 2) % len(ways)]):
            answer = world.once(person, method, path, headers={"X-CSRFToken": world.form_token}, **way)
            findings.look(f"{endpoint} as {way['content_type']}", answer)
    assert not findings, "\n".join(findings)


def test_fields_sent_twice_and_unknown_ones_harm_nothing(world: World) -> None:
    findings = Findings()
    for endpoint, method, path, person, case, where in doors(world, writing=True, api=False):
        form = {name: [str(value), "另一个"] for name, value in case.filled("form", where).items()}
        extra = {"id": "1", "__class__": "x", "constructor": "y", "version": ["1", "2"], "字段": "值"}
        findings.look(endpoint, world.once(person, method, path, form=form | extra))
    assert not findings, "\n".join(findings)


def test_without_the_token_no_form_does_anything(world: World) -> None:
    findings = Findings()
    traces = {"audit_entry", "audit_head", "user_session", "draft", "data_key"}
    for endpoint, method, path, person, case, where in doors(world, writing=True, api=False):
        for headers in ({}, {"Origin": "https://elsewhere.example", "X-CSRFToken": world.form_token}):
            answer = world.once(person, method, path, data=case.filled("form", where), headers=headers)
            findings.look(endpoint, answer)
            pressed_twice = endpoint == "auth.login" and answer.status_code == 303  # is in already
            if not (pressed_twice or answer.status_code in (400, 403)) or set(world.written) - traces:
                findings.append(f"{endpoint}: {answer.status_code}, wrote to {world.written}")
    assert not findings, "\n".join(findings)


def test_what_was_typed_survives_the_end_of_a_session(world: World) -> None:
    """Sent an hour too late: after the login it is there again."""
    findings, count = Findings(), 0
    for endpoint, method, path, person, case, where in doors(world, writing=True, api=False):
        access = declared(world.app, endpoint, method)
        if access is None or not access.actions:
            continue
        with world.undone():
            _last_seen(world, person, hours=2)
            form = {n: v for n, v in case.filled("form", where).items() if n not in SECRETS} | {"extra": TYPED}
            answer = world.ask(person, method, path, form=form)
            _last_seen(world, person, hours=0)
            back = parse_qs(urlsplit(answer.headers.get("Location", "")).query).get("next", [""])[0]
            count += 1
            if not back or not shows(world.ask(person, "GET", back).text, TYPED):
                findings.append(f"{endpoint}: {answer.status_code}, {back!r} does not bring it back")
    assert count > 20
    assert not findings, "\n".join(findings)


def _last_seen(world: World, person: str, *, hours: float) -> None:
    at = clock.now() - timedelta(hours=hours)
    mine = update(UserSession).where(UserSession.user_id == world.ids[person])
    world.connection.execute(mine.values(seen_at=at, step_up_at=at))


# --- JSON -------------------------------------------------------------------------------------------------------------


def _properties(world: World, endpoint: str, method: str) -> list[str]:
    """The names of a call's body, from the document."""
    document = world.app.extensions["bihuan_api"].spec.to_dict()
    rule = next(r for r in world.app.url_map.iter_rules(endpoint) if method in (r.methods or ()))
    path = rule.rule.replace("<", "{").replace(">", "}")
    body = document["paths"][path][method.lower()].get("requestBody")
    if body is None:
        return []
    name = body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    return list(document["components"]["schemas"][name]["properties"])


def test_programs_that_send_odd_values_are_told(world: World) -> None:
    findings, n = Findings(), 0
    for endpoint, method, path, person, case, where in doors(world, writing=True, api=True):
        body = case.filled("json", where)
        for name in (*_properties(world, endpoint, method), "不存在的字段"):
            for odd in _rotated(n, VALUES):
                raw = json.dumps(body | {name: odd}).encode()
                answer = world.once(person, method, path, data=raw, content_type="application/json")
                findings.look(f"{endpoint} {name}={_short(odd)}", answer)
            n += 1
    assert not findings, "\n".join([f"{len(findings)}:", *findings[:50]])


def test_customers_with_odd_values_are_told(world: World) -> None:
    """Values one level down."""
    findings = Findings()
    for n, name in enumerate(("name", "phone", "email", "company", "tier")):
        for odd in VALUES if PROOF else _rotated(n, VALUES):
            customer = {"name": "钱多多", name: odd}
            body = {"channel": "phone", "description": "键盘失灵", "customer": customer}
            raw = json.dumps(body).encode()
            answer = world.once("lin", "POST", "/api/v1/tickets", data=raw, content_type="application/json")
            findings.look(f"{name}={_short(odd)}", answer)
    assert not findings, "\n".join(findings)


def test_bodies_that_are_no_json_objects_are_told(world: World) -> None:
    findings = Findings()
    bodies: tuple[tuple[bytes, str | None], ...] = (
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b'"text"', "application/json"),
        (b'{"reason": "\\ud800"}', "application/json"),
        (b'{"reason": "\\u0000"}', "application/json"),
        (b'{"reason": "a", "reason": "b"}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "application/json"),
        (b'{"reason": ' + b"9" * 10_000 + b"}", "application/json"),
        (b'{"reason": NaN}', "application/json"),
        (b'{"reason": "' + b"x" * 1_000_000 + b'"}', "application/json"),
        (b"reason=a", "application/x-www-form-urlencoded"),
        (b"<x/>", "application/xml"),
        (b"x", None),
        ('{"reason": "字"}'.encode("utf-16"), "application/json"),
        (b"\xef\xbb\xbf{}", "application/json"),
    )
    for n, (endpoint, method, path, person, _, _) in enumerate(doors(world, writing=True, api=True)):
        some = bodies if PROOF or n < 2 else [bodies[(n * 4 + k) % len(bodies)] for k in range(4)]
        for raw, kind in some:
            answer = world.once(person, method, path, data=raw, content_type=kind)
            findings.look(f"{method} {endpoint} {raw[:20]!r} as {kind}", answer)
    assert not findings, "\n".join(findings)


# --- addresses and headers --------------------------------------------------------------------------------------------

KEYS = (
    "cursor",
    "limit",
    "page",
    "order",
    "q",
    "status",
    "priority",
    "category",
    "department",
    "assignee",
    "customer",
    "channel",
    "overdue",
    "mine",
    "match",
    "tier",
    "flagged",
    "back",
    "state",
    "draft",
    "next",
    "field",
    "actor",
    "action",
    "subject",
    "number",
    "since",
    "until",
    "older",
    "newer",
    "role",
    "parent",
    "v",
    "locale",
)


def test_odd_queries_are_answered(world: World) -> None:
    findings = Findings()
    for n, (endpoint, _, path, person, _, _) in enumerate(doors(world, writing=False)):
        listing = endpoint.rsplit(".", 1)[1] in ("index", "list_tickets", "list_follow_ups", "list_customers", "audit")
        some = JUNK_IN_ADDRESSES if listing or PROOF else list(_rotated(n, JUNK_IN_ADDRESSES))
        for odd in some:
            together = world.once(person, "GET", path, query=dict.fromkeys(KEYS, odd))
            findings.look(f"{path} with {_short(odd)} everywhere", together)
            if listing:
                for order in ("updated", "due", "priority", "received") if "tickets" in endpoint else ("updated",):
                    answer = world.once(person, "GET", path, query={"cursor": odd, "order": order, "older": odd})
                    findings.look(f"{path} by {order} from {_short(odd)}", answer)
                findings.look(f"{path} limit {_short(odd)}", world.once(person, "GET", path, query={"limit": odd}))
    assert not findings, "\n".join([f"{len(findings)}:", *findings[:50]])


@pytest.mark.parametrize("raw", ["%00", "%ff", "a%00b", "%ED%A0%80", "q=%ff", "%ff=1", "cursor=%00"])
def test_queries_that_are_no_text_are_refused(world: World, raw: str) -> None:
    findings = Findings()
    for path in ("/tickets", "/customers", "/follow-ups", "/login", "/api/v1/tickets", "/api/v1/customers"):
        answer = world.once("zhou", "GET", f"{path}?{raw}")
        assert answer.status_code in (400, 422), path
        findings.look(path, answer)
    assert not findings


def test_odd_addresses_are_not_there(world: World) -> None:
    findings = Findings()
    odd_names = (
        "💥",
        "0",
        "-1",
        "1e9",
        "٣",
        "a" * 3000,
        "..",
        "%2e%2e%2fetc%2fpasswd",
        "ＣＳ２０２４０３０５",
        "'--",
        "new",
    )
    urls = world.app.url_map.bind("localhost")
    for n, ((endpoint, method), cases) in enumerate(CASES.items()):
        person = _person(world, endpoint, method)
        thing = world.things["lin"]
        args = cases[0].path_args(Where(world, person, thing, world.belongings[person]))
        for name, value in args.items():
            path = urls.build(endpoint, args, method)
            for odd in odd_names if PROOF else [odd_names[(n + k) % len(odd_names)] for k in range(3)]:
                shifted = path.replace(quote(str(value)), quote(odd, safe="%"), 1)
                form = {} if method == "POST" and not path.startswith("/api/") else None
                answer = world.once(person, method, shifted, form=form)
                findings.look(f"{method} {shifted[:80]} ({name})", answer)
    assert not findings, "\n".join([f"{len(findings)}:", *findings[:50]])


JUNK = ("", "\x01", "ÿ" * 300, "*", '"', '"99999999999999999999"', "W/", ";;q=9", "../..", "://", "x" * 5000)


@pytest.mark.parametrize(
    "name",
    [
        "Accept",
        "Accept-Language",
        "Authorization",
        "Cookie",
        "HX-Current-URL",
        "HX-Request",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "If-Modified-Since",
        "Origin",
        "Range",
        "Referer",
        "Sec-Fetch-Site",
        "User-Agent",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-HTTP-Method-Override",
        "X-Poll",
        "X-Request-Id",
        "Host",
    ],
)
def test_odd_headers_harm_nothing(world: World, name: str) -> None:
    findings, no = Findings(), world.things["lin"].ticket_no
    for odd in JUNK:
        for method, path, body in (
            ("GET", f"/tickets/{no}", {}),
            ("POST", f"/tickets/{no}/messages", {"form": {"kind": "note", "body": "备注"}}),
            ("GET", "/nothing/here", {}),
            ("GET", f"/api/v1/tickets/{no}", {}),
            ("POST", f"/api/v1/tickets/{no}/messages", {"json": {"kind": "note", "body": "备注"}}),
        ):
            answer = world.once("lin", method, path, headers={name: odd}, **body)
            findings.look(f"{method} {path} with {name}: {odd[:20]!r}", answer)
    assert not findings, "\n".join(findings)


def test_the_rows_are_as_they_were(world: World) -> None:
    """All of the above was taken back: the world of this module still stands."""
    assert world.connection.scalar(text("SELECT count(*) FROM ticket")) == 5
