"""What every answer carries, whichever door it comes from, and methods that no door has."""

from __future__ import annotations

import pytest

from tests.doors.ground import World
from tests.doors.test_odd_input import Findings, doors

POLICY = (
    "default-src 'none'; script-src 'self'{cdn}; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'{cdn}; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
TELLING = ("Server", "X-Powered-By", "Via")
pytestmark = pytest.mark.timeout(300)


def test_every_answer_is_dressed_and_kept_by_nobody_else(world: World) -> None:
    findings = Findings()
    for writing in (False, True):
        for endpoint, method, path, person, case, where in doors(world, writing=writing):
            form = case.filled("form", where) if writing and not path.startswith("/api/") else None
            json = case.filled("json", where) if writing and path.startswith("/api/") and method == "POST" else None
            answer = world.once(person, method, path, query=case.filled("query", where), form=form, json=json)
            findings += [f"{endpoint}: {fault}" for fault in _undressed(answer.headers, writing)]
    assert not findings, "\n".join(findings[:40])


def _undressed(headers: dict[str, str], writing: bool) -> list[str]:
    wrong = [f"{name} is {headers.get(name)!r}" for name, value in ALWAYS.items() if headers.get(name) != value]
    policy = headers.get("Content-Security-Policy", "")
    cdn = policy.partition("script-src 'self'")[2].partition(";")[0]
    if policy != POLICY.format(cdn=cdn) or cdn.count(" ") > 1 or (cdn and not cdn.startswith(" https://")):
        wrong.append(f"policy is {policy!r}")
    kept = headers.get("Cache-Control")
    if kept not in (("no-store",) if writing else ("no-store", "private, no-cache")):
        wrong.append(f"may be kept: {kept!r}")
    wrong += [f"tells {name}" for name in TELLING if name in headers]
    cookies = [cookie.casefold() for cookie in headers.getlist("Set-Cookie")]  # type: ignore[attr-defined]
    return wrong + [c for c in cookies if "httponly" not in c or "samesite=lax" not in c or "path=/" not in c]


def test_a_head_is_a_get_without_a_body(world: World) -> None:
    findings = Findings()
    for endpoint, _, path, person, case, where in doors(world, writing=False):
        query = case.filled("query", where)
        got = world.once(person, "GET", path, query=query)
        head = world.once(person, "HEAD", path, query=query)
        if (head.status_code, head.get_data()) != (got.status_code, b""):
            findings.append(f"{endpoint}: {head.status_code} with {len(head.get_data())} bytes, GET {got.status_code}")
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "PATCH", "CONNECT", "PROPFIND"])
def test_methods_that_no_door_has_do_nothing(world: World, method: str) -> None:
    findings, asked = Findings(), set()
    for writing in (False, True):
        for _, _, path, person, _, _ in doors(world, writing=writing):
            if path in asked:
                continue
            asked.add(path)
            answer = world.once(person, method, path, headers={"X-CSRFToken": world.form_token, "X-Mark": "trace-mark"})
            allowed = (200, 204, 404, 405) if method == "OPTIONS" else (400, 404, 405)
            if answer.status_code not in allowed or set(world.written) - {"audit_entry", "audit_head", "user_session"}:
                findings.append(f"{method} {path}: {answer.status_code}, wrote to {world.written}")
            if b"trace-mark" in answer.get_data():
                findings.append(f"{method} {path} echoes")
    assert not findings, "\n".join(findings[:40])
