"""Bytes that no browser sends and no database stores are answered with a sentence before anything reads them.

Werkzeug replaces bad UTF-8 silently, PostgreSQL refuses NUL, and half a surrogate pair breaks both drivers late.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.routing import IntegerConverter

from app.errors import Invalid
from app.words import say

MOST_DEPTH = 40
LARGEST_ID = 2**31 - 1


class BoundedInteger(IntegerConverter):
    """An id in a path: one that the column's type can't hold is simply not there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max", LARGEST_ID)
        super().__init__(*args, **kwargs)


def check() -> None:
    """Raise BadRequest or Invalid for text that can't be kept."""
    path = request.environ.get("PATH_INFO", "").encode("latin-1", "replace")
    if not (_is_text(path) and _is_text(unquote_to_bytes(request.query_string.replace(b"+", b" ")))):
        raise BadRequest
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    if request.mimetype == "application/x-www-form-urlencoded":
        if (request.content_length or 0) > (request.max_form_memory_size or 0):
            raise RequestEntityTooLarge
        if not _is_text(unquote_to_bytes(request.get_data(cache=True, parse_form_data=False).replace(b"+", b" "))):
            raise BadRequest
    elif request.mimetype == "multipart/form-data":
        names = (file.filename or "" for file in request.files.values())
        if not all(_fit(text) for pair in request.form.items(multi=True) for text in pair) or not all(map(_fit, names)):
            raise BadRequest
    elif request.is_json and not _sound(_parsed(), 0):
        raise Invalid(say("内容里有无法保存的字符（空字符或不完整的字符），没有保存。请去掉后重新提交。"))


def _parsed() -> Any:
    """The body, None where it is no JSON (the view says so). Raises BadRequest for what exhausts the parser."""
    try:
        return json.loads(request.get_data(cache=True))
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    except (RecursionError, ValueError) as fault:  # nested too deeply; a number with thousands of digits
        raise BadRequest from fault


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\x00" not in raw


def _fit(text: str) -> bool:
    return "\x00" not in text and not any(0xD800 <= ord(char) <= 0xDFFF for char in text)


def _sound(value: Any, depth: int) -> bool:
    if depth > MOST_DEPTH:
        return False
    if isinstance(value, str):
        return _fit(value)
    if isinstance(value, dict):
        return all(_fit(key) and _sound(below, depth + 1) for key, below in value.items())
    return all(_sound(below, depth + 1) for below in value) if isinstance(value, list) else True


def install(app: Flask) -> None:
    """Before anything that reads the request."""
    app.url_map.converters["int"] = BoundedInteger
    app.before_request(check)
