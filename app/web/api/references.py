"""Names in a body that stand for rows: a category or a department, by code or by its name in any language."""

from __future__ import annotations

import unicodedata

from app.accounts import queries as accounts
from app.errors import NotFound
from app.extensions import db
from app.tickets import queries as tickets
from app.web.spellings import spellings
from app.words import say


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def category_code(text: str) -> str:
    """The code of a category. Raises NotFound."""
    wanted = _plain(text)
    for category in tickets.categories(db.session()):
        if wanted in {category.code, *map(_plain, spellings(category.name))}:
            return category.code
    raise NotFound(say("没有“%(name)s”这个分类，没有保存任何内容。请从分类列表中选择后重试。", name=text[:40]))


def department_code(text: str) -> str:
    """The code of a department. Raises NotFound."""
    wanted = _plain(text)
    for department in accounts.departments(db.session()):
        if wanted in {department.code, *map(_plain, spellings(department.name))}:
            return department.code
    raise NotFound(say("没有“%(name)s”这个部门，没有保存任何内容。请从部门列表中选择后重试。", name=text[:40]))
