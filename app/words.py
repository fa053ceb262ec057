"""Sentences for people, made below the web layer and put into their language above it.

A message id is the Simplified Chinese sentence itself; the web layer looks the other languages up. `say` and `N_` are
what the message extractor looks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sentence:
    """A message id and what fills its `%(name)s` places. A place may hold another Sentence."""

    msgid: str
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """In Simplified Chinese, for logs of the command line and tests; pages translate."""
        return self.msgid % {k: str(v) for k, v in self.params.items()} if self.params else self.msgid

    def __hash__(self) -> int:
        return hash(self.msgid)


def say(msgid: str, **params: Any) -> Sentence:
    return Sentence(msgid, params)


def listed(names: Sequence[Sentence | str]) -> Sentence | str:
    """Names side by side, in the punctuation of the reader's language; nothing for none."""
    whole: Sentence | str = names[0] if names else ""
    for name in names[1:]:
        whole = say("%(some)s、%(one)s", some=whole, one=name)
    return whole


def NC_(context: str, msgid: str) -> str:
    """Mark a message id that other languages need another word for here, to be looked up with the context."""
    return msgid


def N_(msgid: str) -> str:  # the name that gettext tools know
    """Mark a message id without translating it (labels of codes)."""
    return msgid
