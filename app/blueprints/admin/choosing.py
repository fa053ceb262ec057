"""Choices of select fields that come from the database, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms.fields.choices import SelectChoice

from app.accounts.models import Department, User
from app.customers.models import Product
from app.tickets.administration import TopCategory
from app.web.forms import options
from app.web.languages import stored, translate
from app.words import say

Choices = list[tuple[str, str]]


def any_of(choices: Choices) -> list[SelectChoice]:
    """For a field, with "no condition" first."""
    return none_or(choices, translate(say("不限")))


def none_or(choices: Choices, label: str) -> list[SelectChoice]:
    """For a field, with an empty choice first."""
    return options(("", label), *choices)


def departments(rows: Iterable[Department], *, by_code: bool = False) -> Choices:
    return [(row.code if by_code else str(row.id), stored(row.name)) for row in rows]


def people(rows: Iterable[User], *, by_id: bool = False) -> Choices:
    return [(str(row.id) if by_id else row.login, f"{row.name}（{row.login}）") for row in rows]


def products(rows: Iterable[Product]) -> Choices:
    return [(str(row.id), f"{row.name}（{row.code}）") for row in rows]


def categories(tree: Iterable[TopCategory], *, kept: Iterable[str] = ()) -> Choices:
    """Both levels; retired ones only where they are chosen already (`kept`)."""
    found: Choices = []
    chosen = set(kept)
    for top in tree:
        if top.category.retired_at is None or top.category.code in chosen:
            found.append((top.category.code, stored(top.category.name)))
        for child in top.children:
            if child.retired_at is None or child.code in chosen:
                found.append((child.code, f"{stored(top.category.name)} / {stored(child.name)}"))
    return found
