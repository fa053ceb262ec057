"""Filling a template twice: as it was written, and as those see it who may not see personal data.

Making both from the template is a hundred times faster than running the redactor over each text; a test holds the
copies equal to what the redactor makes of the originals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

PERSONAL: Mapping[str, str] = {"mr": "[姓名]", "phone": "[电话]", "address": "[地址]"}
_MARKS = tuple(f"{{{slot}}}" for slot in PERSONAL)


class Text(NamedTuple):
    """What was written, and its redacted copy."""

    original: str
    redacted: str


NOTHING = Text("", "")


class Teller:
    """Fills the places of one ticket's texts."""

    def __init__(self, plain: Mapping[str, str], personal: Mapping[str, str]) -> None:
        self._clear = {**plain, **personal}
        self._hidden = {**plain, **{slot: PERSONAL[slot] if value else "" for slot, value in personal.items()}}

    def __call__(self, template: str) -> Text:
        if "{" not in template:
            return Text(template, template)
        clear = template.format_map(self._clear)
        if any(mark in template for mark in _MARKS):
            return Text(clear, template.format_map(self._hidden))
        return Text(clear, clear)
