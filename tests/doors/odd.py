"""Odd things that people paste and programs send."""

from __future__ import annotations

import base64
import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

# Typed or pasted text: nothing of it may be lost without a word, nothing may break anything.
TEXTS: tuple[str, ...] = (
    "👩‍👩‍👧‍👦 🔋 电池鼓包 🤯",
    "字" * 10_000,
    "字" * 10_001,
    "１３８１２３４５６７８ Ｘ２０",
    "充電器壞了，請儘快處理，謝謝",
    '<script>alert(1)</script><b onclick="x()">粗</b>',
    "铃\x07退\x08跳\x1b[31m删\x7f界",
    "\u202e倒着\u200f写\u2066字\ufeff",
    "-1",
    "9" * 30,
    "9" * 5000,
    "1e309",
    "NaN",
    "../../etc/passwd",
    "'; DROP TABLE ticket; --",
    "%s %(x)s {{ 7*7 }} ${x} {0}",
    " \u3000\t ",
    "\ufffe\ufdd0\U0010ffff",
    "行\r\nSet-Cookie: x=1",
    "٣٤٥",
    "2024-02-31",
    "99999-01-01T00:00",
)
# What a form may hold as bytes, percent-encoded.
BYTES: tuple[bytes, ...] = (b"%00", b"a%00b", b"%ff%fe", b"%ED%A0%80", b"\xff", b"%C0%AF", b"%")


def deep(levels: int) -> Any:
    value: Any = "底"
    for _ in range(levels):
        value = [value]
    return value


# What a program may send instead of the value that is expected.
VALUES: tuple[Any, ...] = (
    *TEXTS,
    None,
    True,
    1.5,
    10**30,
    -(10**30),
    float("nan"),
    float("inf"),
    "",
    [],
    ["x"],
    {},
    {"a": {"b": "c"}},
    "a\x00b",
    "\ud800",
    deep(30),
    deep(60),
    deep(900),
)


def _cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


JUNK_IN_ADDRESSES: tuple[str, ...] = (
    *(text for text in TEXTS if len(text) < 1000),
    "0",
    "4294967296",
    "a" * 3000,
    "!!!",
    "bnVsbA",
    base64.urlsafe_b64encode(deep(400).__repr__().replace("'", '"').encode()).decode(),
    _cursor(1),
    _cursor("2024-03-05T04:00:00+00:00", 1),
    _cursor("updated", 5, 1, False),
    _cursor("updated", "2024-03-05T04:00:00+00:00", 2**40, False),
    _cursor("updated", "2024-03-05T04:00:00+00:00", True, True),
    _cursor("updated", "9999-12-31T23:59:59-23:00", 1, False),
    _cursor("due", "2024-03-05T04:00:00", 1, False),
    _cursor("priority", "2024-03-05T04:00:00+00:00", 1, False),
    _cursor("priority", 2**31, 1, False),
    _cursor(2**70, 2**70),
    _cursor(None, None),
    _cursor([], {}),
    _cursor("x" * 100, -1, 1.5),
)


class _Fields(HTMLParser):
    """The fields of the form that posts to an address: name → kind."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.inside = path, False
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "form":
            self.inside = (given.get("action") or self.path).partition("?")[0] == self.path
        if self.inside and tag in ("input", "select", "textarea") and (name := given.get("name")):
            self.found.setdefault(name, given.get("type") or tag if tag == "input" else tag)


def fields_of(page: str, path: str) -> dict[str, str]:
    """Of the page's form that was or would be sent to this path."""
    parser = _Fields(path)
    parser.feed(page)
    parser.found.pop("csrf_token", None)
    return parser.found


def shows(page: str, text: str) -> bool:
    """Does the page hold the text, as a browser would read it?"""
    return _lines(text) in _lines(unescape(page))


def _lines(text: str) -> str:
    return re.sub(r"\r\n?", "\n", text).strip()


def has_a_sentence(page: str) -> bool:
    """Chinese words in the main part, or in the note that htmx shows."""
    return bool(re.search(r"[\u4e00-\u9fff]{4}", page.partition("<main")[2] or page))
