"""Cursors of keyset paging: the sort values of the last row, packed for an address.

A cursor is only ever compared with sort columns under the viewer's own scope, so it needs no signature; junk is the
first page, never an error.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

LONGEST = 400
MOST = 2**63 - 1

Value = str | int | float | datetime | None


def encode(*values: Value) -> str:
    """Pack sort values: numbers, texts, moments, None."""
    packed = [{"t": v.astimezone(UTC).isoformat()} if isinstance(v, datetime) else v for v in values]
    text = json.dumps(packed, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(text: str | None, *types: type) -> tuple[Any, ...] | None:
    """The values, when the text is a cursor of exactly these types; else None. None stands for a null in any place."""
    if not text or len(text) > LONGEST:
        return None
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        packed = json.loads(raw.decode("utf-8"))
    except (ValueError, binascii.Error, UnicodeError, RecursionError):
        return None
    if not isinstance(packed, list) or len(packed) != len(types):
        return None
    try:
        return tuple(_unpacked(value, type_) for value, type_ in zip(packed, types, strict=True))
    except (TypeError, ValueError, OverflowError):
        return None


def _unpacked(value: Any, type_: type[Any]) -> Any:
    if value is None:
        return None
    if type_ is datetime:
        if not isinstance(value, dict):
            raise TypeError
        moment = datetime.fromisoformat(value.get("t", ""))
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    if type_ is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type_ or (type_ is int and abs(value) > MOST):
        raise TypeError
    if type_ is str and ("\x00" in value or any(0xD800 <= ord(char) <= 0xDFFF for char in value)):
        raise ValueError
    return value
