"""The category tree as forms and lists offer it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.tickets.rules import Category


def categories(session: Session, *, retired: bool = False) -> list[Category]:
    """Every category in force, each top one followed by its children."""
    statement = select(Category).order_by(Category.position, Category.id)
    rows = session.scalars(statement if retired else statement.where(Category.retired_at.is_(None))).all()
    tops = [row for row in rows if row.parent_id is None]
    return [row for top in tops for row in (top, *(child for child in rows if child.parent_id == top.id))]
