"""The OpenAPI document, with what this installation accepts today for categories and departments."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify

from app.accounts import queries as accounts
from app.extensions import db
from app.tickets import queries as tickets
from app.tickets.codes import MESSAGE_LABELS, MessageKind
from app.web.access import public
from app.web.api import PREFIX
from app.web.spellings import spellings

bp = Blueprint("api_document", __name__, url_prefix=PREFIX)


@bp.get("/openapi.json")
@public
def openapi() -> Response:
    """OpenAPI 3.0; open to all, because it holds names of calls and fields and no data of anybody."""
    document = current_app.extensions["bihuan_api"].spec.to_dict()
    session = db.session()
    schemas = document["components"]["schemas"]
    _offer(schemas, "category", {row.code: row.name for row in tickets.categories(session)})
    _offer(schemas, "department", {row.code: row.name for row in accounts.departments(session)})
    _say_what_validators_check(schemas)
    return jsonify(document)


def _offer(schemas: dict[str, Any], field: str, names: dict[str, str]) -> None:
    choices = list(dict.fromkeys([*names, *(word for name in names.values() for word in spellings(name))]))
    for name in ("TriageIn", "AssignmentIn"):
        found = schemas.get(name, {}).get("properties", {}).get(field)
        if found is not None and choices:
            found.clear()
            found.update({"type": "string", "enum": choices})


def _say_what_validators_check(schemas: dict[str, Any]) -> None:
    schemas["LookupIn"] |= {"minProperties": 1, "maxProperties": 1}
    attempt = schemas["AttemptIn"]
    answers = sorted(set(attempt["properties"]) - {"method", "reached"})
    reached = {"properties": {"reached": {"enum": [True]}}, "required": ["solved"]}
    not_reached = {
        "properties": {"reached": {"enum": [False]}},
        "not": {"anyOf": [{"required": [name]} for name in answers if name in {"solved", "score", "nps"}]},
    }
    attempt["oneOf"] = [reached, not_reached]
    reply = [MessageKind.REPLY, *spellings(MESSAGE_LABELS[MessageKind.REPLY])]
    promise = {"properties": {"kind": {"enum": reply}}}
    schemas["MessageIn"]["anyOf"] = [promise, {"not": {"required": ["promised_for"]}}]
