"""The shape of a scenario family: one kind of trouble, told from first words to the follow-up call.

The texts are data in Simplified Chinese, not interface: they are never translated. Places in braces are filled for each
ticket: {product} {batch} {order} {days} {weeks} {months} {hour} {eta} {city} {room} {n} {shop} {courier}, and the personal
ones {mr} (surname with title), {phone}, {address}, which appear as tokens in the redacted copy.
"""

from __future__ import annotations

from dataclasses import dataclass

REPLY, INBOUND, NOTE = "reply", "inbound", "note"
Turn = tuple[str, str]


@dataclass(frozen=True)
class Family:
    """Every tuple of texts holds alternatives; `talk` is a sequence."""

    key: str
    category: str
    products: tuple[str, ...]
    story: tuple[str, ...]
    scene: tuple[str, ...]
    wish: tuple[str, ...]
    tried: tuple[str, ...]
    talk: tuple[Turn, ...]
    cause: str
    root: tuple[str, ...]
    fix: tuple[str, ...]
    better: tuple[str, ...] = ()
    praise: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    ideas: tuple[str, ...] = ()
    axes: tuple[int, int, int] | None = None  # impact, urgency, severity; None: the category's defaults
    notes: tuple[str, str, str] = ("", "", "")  # why the axes are as they are
    marks: tuple[str, ...] = ()
    at_once: bool = False  # answered while the customer was on the line
    weight: int = 2
