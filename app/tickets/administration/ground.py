"""What every change of a rule stands on: the version that was seen, and the shape of codes and names."""

from __future__ import annotations

import re
from typing import Protocol

from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid
from app.words import Sentence, say

CODE = re.compile(r"[a-z][a-z0-9_]{0,19}")  # what API clients and spreadsheets name a thing by, for good
LONGEST_NAME = 80


class Versioned(Protocol):
    """A row that several people may edit."""

    version: int


def hold(session: Session, row: Versioned, version: int) -> None:
    """Lock the row, read it again, and refuse when it is no longer the one that was seen."""
    session.flush()  # refreshing throws unsaved changes away
    session.refresh(row, with_for_update=True)
    if row.version != version:
        raise Conflict(
            say("您打开页面之后，别人已经改过这里。您的修改没有保存；请核对两边的内容后再保存一次。"),
            extra={"version": row.version},
        )


class Faults:
    """Sentences per field, collected so that one answer names them all."""

    def __init__(self) -> None:
        self.fields: dict[str, list[Sentence]] = {}

    def blame(self, field: str, sentence: Sentence) -> None:
        self.fields.setdefault(field, []).append(sentence)

    def settle(self) -> None:
        """Raise Invalid if there was any."""
        if self.fields:
            raise Invalid(say("有几处需要修改，还没有保存。"), fields=self.fields)


def checked_name(faults: Faults, name: str) -> str:
    """The name without surrounding spaces."""
    name = " ".join(name.split())
    if not name:
        faults.blame("name", say("请填写名称。"))
    elif len(name) > LONGEST_NAME:
        faults.blame("name", say("名称最多 %(n)s 个字。", n=LONGEST_NAME))
    return name


def checked_code(faults: Faults, code: str) -> str:
    """The code in lower case: a letter, then letters, digits and underscores, twenty at most."""
    code = code.strip().lower()
    if not CODE.fullmatch(code):
        faults.blame("code", say("代码要以字母开头，只用小写字母、数字和下划线，最多 20 个字符。"))
    return code
