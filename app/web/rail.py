"""The numbers beside the menu: what of mine is overdue, whom I have to call, what I have not read.

Counted only when a layout draws them, so a fragment or an API answer pays nothing.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

from flask import Flask, g

from app.extensions import db
from app.notifications.queries import unread_count
from app.policy import Action, Actor, may
from app.tickets import queries


class RailCounts:
    """Each number is one statement that counts no further than 100, asked when it is first read."""

    def __init__(self, actor: Actor, now: datetime) -> None:
        self._actor = actor
        self._now = now

    @cached_property
    def tickets(self) -> int:
        if not may(self._actor, Action.TICKET_SEE):
            return 0
        mine = queries.Filters(overdue=True, mine=True)
        return queries.count(db.session(), mine, viewer=self._actor, now=self._now)

    @cached_property
    def follow_ups(self) -> int:
        if not may(self._actor, Action.FOLLOW_UP):
            return 0
        return queries.count_follow_ups(db.session(), viewer=self._actor, now=self._now, mine=True)

    @cached_property
    def bell(self) -> int:
        return unread_count(db.session(), self._actor.id)


def install(app: Flask) -> None:
    """Give layouts `rail_counts`."""

    @app.context_processor
    def for_layouts() -> dict[str, Any]:
        actor: Actor | None = g.get("actor")
        return {"rail_counts": RailCounts(actor, g.now) if actor else None}
