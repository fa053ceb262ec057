"""What a rule says when it refuses. `web/errors.py` alone turns these into status codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.words import Sentence, say


class DeskError(Exception):
    """A refusal with a sentence for the person: what happened, what was kept, what to do.

    `href` may point to what is missing (a path below the site's root); `extra` is given to API clients as is.
    """

    def __init__(self, sentence: Sentence, *, href: str | None = None, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence
        self.href = href
        self.extra: dict[str, Any] = dict(extra or {})


class NotAllowed(DeskError):
    """The actor may know of the thing but may not do this (403)."""

    def __init__(self, sentence: Sentence | None = None, **kwargs: Any) -> None:
        super().__init__(sentence or say("您没有做这一步的权限。没有改动任何内容；需要时请联系主管。"), **kwargs)


class NotFound(DeskError):
    """There is no such thing, or the actor may not know of it; both read the same (404)."""

    def __init__(self, sentence: Sentence | None = None, **kwargs: Any) -> None:
        super().__init__(sentence or say("没有找到，或者您无权查看。请核对编号，或回到列表重新查找。"), **kwargs)


class Conflict(DeskError):
    """The state, or somebody else, stands in the way (409)."""


class Invalid(DeskError):
    """The input has the wrong shape (422). `fields` maps a field's name to its sentences."""

    def __init__(
        self, sentence: Sentence, *, fields: Mapping[str, Sequence[Sentence]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(sentence, **kwargs)
        self.fields: dict[str, list[Sentence]] = {k: list(v) for k, v in (fields or {}).items()}


class TooMany(DeskError):
    """A limit on how often is reached (429); `retry_after` is in seconds."""

    def __init__(self, sentence: Sentence, *, retry_after: int, **kwargs: Any) -> None:
        super().__init__(sentence, **kwargs)
        self.retry_after = retry_after


class NeedsStepUp(DeskError):
    """The act wants the password or a second factor once more before it goes on."""

    def __init__(self) -> None:
        super().__init__(say("这一步需要再次确认身份。请输入密码或动态验证码后继续，已填写的内容会保留。"))


class Locked(DeskError):
    """A key is missing or wrong: nothing is shown in clear and nothing is written in plain text (503)."""

    def __init__(self) -> None:
        super().__init__(say("加密密钥不可用，系统已锁定：没有写入任何内容。请联系系统管理员检查密钥。"))
