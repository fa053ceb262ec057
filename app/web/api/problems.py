"""Errors of the API: RFC 9457 problem details with the same sentences as the pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, g, json
from flask_babel import gettext
from marshmallow import INCLUDE, Schema, fields
from werkzeug.http import HTTP_STATUS_CODES

from app.words import N_

MEDIA_TYPE = "application/problem+json"

SHAPE = N_("提交的内容有问题，没有保存。请按每个字段的提示改正后重新提交。")
UNKNOWN_FIELD = N_("没有这个字段，请按文档核对字段名。")
BY_LIBRARY_TEXT: Mapping[str, str] = {
    "Unknown field.": UNKNOWN_FIELD,
    "Missing data for required field.": N_("必填，请补充。"),
    "Field may not be null.": N_("不能为 null；没有值时请省略这个字段。"),
    "Not a valid string.": N_("需要文字（字符串）。"),
    "Not a valid integer.": N_("需要整数。"),
    "Not a valid boolean.": N_("只接受 true 或 false。"),
    "Not a valid list.": N_("需要列表。"),
    "Invalid input type.": N_("需要 JSON 对象。"),
    "Invalid JSON body.": N_("请求正文不是有效的 JSON。"),
}
OTHER_SHAPE = N_("取值不符合要求，请按文档核对。")


class ProblemSchema(Schema):
    """RFC 9457. `errors` names each refused field; `missing` what still stands before a closing; others may follow."""

    class Meta:
        unknown = INCLUDE

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    request_id = fields.String()
    errors = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))
    missing = fields.List(fields.String())


def problem(status: int, detail: str, extra: Mapping[str, Any] | None = None) -> Response:
    """A problem answer; `detail` is in the reader's language already."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "request_id": g.get("request_id", ""),
    }
    answer = Response(json.dumps(body | dict(extra or {})), status=status, content_type=MEDIA_TYPE)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def shape_problem(messages: Any, status: int = 422) -> Response:
    """What marshmallow found, as one sentence per field."""
    return problem(status, gettext(SHAPE), {"errors": list(_per_field(messages))})


def _per_field(messages: Any, path: str = "") -> Iterator[dict[str, str]]:
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            inner = path if name in {"json", "query", "_schema"} and not path else f"{path}.{name}".strip(".")
            yield from _per_field(below, inner)
    elif isinstance(messages, list):
        for text in messages:
            yield from _per_field(text, path)
    else:
        text = str(messages)
        known = BY_LIBRARY_TEXT.get(text, text if not text.isascii() else OTHER_SHAPE)
        yield {"field": path, "message": gettext(known)}
