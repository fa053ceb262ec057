"""Pages by key: a cursor names the last row seen, and every branch of a reach walks its own index from there."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Conflict
from app.orm import Utc
from app.words import say

ALL_OF_THEM = 2**31 - 1  # a limit that limits nothing: planners do not look through it


@dataclass(frozen=True)
class Order:
    """One column and the id; both rise or both fall."""

    name: str
    column: InstrumentedAttribute[Any]
    id: InstrumentedAttribute[int]
    descending: bool


@dataclass(frozen=True)
class Cursor:
    """Where the next page begins, or with `back`, where the page before ends."""

    order: str
    value: Any
    id: int
    back: bool = False

    def text(self) -> str:
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        raw = json.dumps([self.order, value, self.id, self.back], separators=(",", ":"))
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def read_cursor(text: str | None, order: Order) -> Cursor | None:
    """Raises Conflict for a cursor that is not one of this order."""
    if not text:
        return None
    try:
        padded = text + "=" * (-len(text) % 4)
        name, value, id_, back = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        if name != order.name or type(id_) is not int or not isinstance(back, bool) or not 0 < id_ < 2**62:
            raise ValueError
        if isinstance(order.column.type, Utc):
            value = datetime.fromisoformat(value)
            if value.tzinfo is None:
                raise ValueError
            value = value.astimezone(UTC)
        elif type(value) is not int or abs(value) > 2**31:
            raise ValueError
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise Conflict(say("翻页位置已失效，请从第一页重新开始。")) from None
    return Cursor(name, value, id_, back)


@dataclass(frozen=True)
class Slice:
    """Keys of one page in the order they are shown, with the cursors to its neighbours."""

    ids: list[int]
    next: str | None
    previous: str | None


def beyond(order: Order, cursor: Cursor) -> ColumnElement[bool]:
    """Rows after the cursor in reading direction."""
    falls = order.descending != cursor.back
    if falls:
        further = order.column < cursor.value
        same = and_(order.column == cursor.value, order.id < cursor.id)
    else:
        further = order.column > cursor.value
        same = and_(order.column == cursor.value, order.id > cursor.id)
    return or_(further, same)


def statement(
    branches: Sequence[ColumnElement[bool]],
    order: Order,
    cursor: Cursor | None,
    conditions: Sequence[ColumnElement[bool]],
    limit: int,
    *,
    few: bool = False,
) -> Select[Any]:
    """Ids and keys of the rows of a page: the branches, each cut to the page, united and cut again.

    `few`: the conditions leave few rows, so find those first and sort them; else a planner that knows no better walks
    a whole table in the wanted order until it has met enough of them.
    """
    falls = order.descending != (cursor.back if cursor else False)
    further = () if cursor is None else (beyond(order, cursor),)
    parts = []
    for branch in branches:
        found = select(order.id.label("id"), order.column.label("key")).where(branch, *conditions, *further)
        if few:
            fence = found.limit(ALL_OF_THEM).subquery()
            parts.append(_sorted(select(fence.c.id, fence.c.key), fence.c.key, fence.c.id, falls).limit(limit))
        else:
            parts.append(_sorted(found, order.column, order.id, falls).limit(limit))
    cut = [select(part.subquery()) for part in parts]
    whole = cut[0].subquery() if len(cut) == 1 else union(*cut).subquery()
    return _sorted(select(whole.c.id, whole.c.key), whole.c.key, whole.c.id, falls).limit(limit)


def _sorted(query: Select[Any], key: Any, id_: Any, falls: bool) -> Select[Any]:
    return query.order_by(key.desc(), id_.desc()) if falls else query.order_by(key, id_)


def cut(rows: Sequence[Any], order: Order, cursor: Cursor | None, limit: int) -> Slice:
    """From `limit + 1` rows to the page and its neighbours."""
    back = cursor is not None and cursor.back
    more = len(rows) > limit
    kept = list(rows[:limit])
    if back:
        kept.reverse()
    if not kept:
        return Slice([], None, None)
    first = Cursor(order.name, kept[0].key, kept[0].id, back=True).text()
    last = Cursor(order.name, kept[-1].key, kept[-1].id).text()
    has_next, has_previous = (True, more) if back else (more, cursor is not None)
    return Slice([row.id for row in kept], last if has_next else None, first if has_previous else None)
