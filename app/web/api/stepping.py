"""One declaration for a step of a ticket: path, permission, body, idempotency, transaction, answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from marshmallow import Schema

from app.policy import Action
from app.web.access import requires
from app.web.api import IF_MATCH_HEADER, ApiBlueprint
from app.web.api.idempotency import idempotent

View = Callable[..., Any]


def step(
    bp: ApiBlueprint,
    noun: str,
    body: type[Schema] | None,
    *actions: Action,
    answer: type[Schema],
    status: int = 200,
    versioned: bool = True,
    method: str = "post",
    path: str = "/tickets/<no>/",
) -> Callable[[View], View]:
    """Register `view(no, body)` under `path + noun`. The view returns JSON data and runs in one write transaction.

    `versioned`: the view heeds `If-Match`.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def ordered(*args: Any, no: str) -> Any:
            return view(no, *args)

        inner: View = idempotent(status)(ordered)
        inner = bp.response(status, answer)(inner)
        if body is not None:
            inner = bp.arguments(body, required=any(field.required for field in body().fields.values()))(inner)
        if versioned:
            inner = bp.doc(parameters=[IF_MATCH_HEADER])(inner)
        inner = requires(*actions)(inner)
        getattr(bp, method)(path + noun)(inner)
        return view

    return decorate
