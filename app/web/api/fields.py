"""Input fields of the API. What they refuse is written into the OpenAPI document, so that the two never disagree."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from app.customers.normalise import parse_email, parse_phone
from app.web.spellings import spellings
from app.words import N_

LONG, SHORT = 10_000, 200
# What str.strip() leaves, in the words of every regular expression engine.
VISIBLE = r"[^\s\u0000\u001c-\u001f\u0085]"
ISO_MOMENT = r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})$"
MUST = N_("必填，请补充。")
EMPTY = N_("不能为空，请填写内容。")
UNKNOWN_CODE = N_("不认识这个取值，请使用文档里的代码或名称。")


class Input(Schema):
    """A request body: unknown fields are refused by name."""

    class Meta:
        unknown = RAISE


class Text(fields.String):
    """Text as written. NUL carries no meaning and PostgreSQL refuses it, so it goes; nothing else is touched."""

    def __init__(self, *, most: int = LONG, blank: bool = False, **kwargs: Any) -> None:
        metadata = {"maxLength": most} | ({} if blank else {"minLength": 1, "pattern": VISIBLE})
        super().__init__(metadata=metadata | kwargs.pop("metadata", {}), **kwargs)
        self.most, self.blank = most, blank

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).replace("\x00", "")
        if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
            raise ValidationError(N_("有无法保存的字符，请重新输入。"))
        if len(text) > self.most:
            raise ValidationError(N_("文字太长了，请缩短后再提交。"))
        if not self.blank and not text.strip():
            raise ValidationError(EMPTY)
        return text


class Code(fields.String):
    """One of a fixed list of codes; also its name in any of the three languages. Answers carry codes."""

    def __init__(self, labels: Mapping[Any, str], **kwargs: Any) -> None:
        self.known: dict[str, str] = {}
        names: list[str] = [str(code) for code in labels]
        for code, label in labels.items():
            for name in (str(code), *spellings(label)):
                self.known.setdefault(_plain(name), str(code))
                names.append(name)
        super().__init__(metadata={"enum": list(dict.fromkeys(names))} | kwargs.pop("metadata", {}), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if (code := self.known.get(_plain(text))) is None:
            raise ValidationError(UNKNOWN_CODE)
        return code


class Level(fields.Integer):
    """An axis: 1 low, 2 middle, 3 high."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(1, 3), **kwargs)


class Number(fields.Integer):
    """A whole number within bounds; `strict` refuses 1.0 and "1", which a query string can't avoid."""

    def __init__(self, least: int, most: int, *, strict: bool = True, **kwargs: Any) -> None:
        super().__init__(strict=strict, validate=validate.Range(least, most), **kwargs)


class Truth(fields.Boolean):
    """true or false, and nothing that only looks like it."""

    truthy = {True}  # noqa: RUF012
    falsy = {False}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(N_("只接受 true 或 false。"))
        return value


class Moment(fields.String):
    """ISO 8601 with an offset, between the years 2000 and 2100."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            metadata={
                "format": "date-time",
                "pattern": ISO_MOMENT,
            },
            **kwargs,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:  # type: ignore[override]
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValidationError(N_("不是有效的时间，请写成 2026-03-01T09:30:00+08:00 这样。")) from None
        if moment.tzinfo is None:
            raise ValidationError(N_("时间缺少时区，请写成 2026-03-01T09:30:00+08:00 这样。"))
        if not 2000 <= moment.year < 2100:
            raise ValidationError(N_("时间超出范围，请填写 2000 年到 2099 年之间的时间。"))
        return moment


class Day(fields.String):
    """A calendar day, or a moment where a form wants both."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"format": "date", "pattern": r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$"}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            raise ValidationError(N_("不是有效的日期，请写成 2026-03-01 这样。")) from None
        if not 2000 <= day.year < 2100:
            raise ValidationError(N_("日期超出范围，请填写 2000 年到 2099 年之间的日期。"))
        return day


class Phone(fields.String):
    """A number as people write it (spaces, dashes, +86, area codes); the document promises the plain mobile form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"maxLength": 40, "pattern": r"^(\+86)?1[3-9][0-9]{9}$"}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if parse_phone(text) is None:
            raise ValidationError(N_("不是有效的电话号码，请核对后再提交。"))
        return text


class Email(fields.String):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            metadata={"maxLength": 254, "pattern": r"^[A-Za-z0-9_+-]{1,40}@([a-z0-9]{1,20}\.){1,3}[a-z]{2,8}$"},
            **kwargs,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if parse_email(text) is None:
            raise ValidationError(N_("不是有效的邮箱地址，请核对后再提交。"))
        return text


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
