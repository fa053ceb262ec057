"""What every API route shares: the blueprint class, problem details, idempotent answers, and the OpenAPI document."""

from __future__ import annotations

import http
from typing import Any, NoReturn

from flask import Flask, Response, request
from flask_smorest import Api, Blueprint
from flask_smorest.spec import prepare_response
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser

from app.web.api.problems import MEDIA_TYPE, ProblemSchema, shape_problem

PREFIX = "/api/v1"
ABOUT = (
    "Bearer token; JSON; errors are problem details (RFC 9457). Every POST takes `Idempotency-Key` (1 to 200 visible "
    "ASCII characters, kept for 24 hours): the same key and body give the same answer, another body gives 422, a call "
    "still in flight 409. Lists answer `items` and `next`, the `cursor` of the following page. Codes may be given by "
    "name in Simplified Chinese, Traditional Chinese or English; answers carry codes."
)
IF_MATCH_HEADER = {
    "in": "header",
    "name": "If-Match",
    "required": False,
    "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
    "description": "The version that the client saw; another one answers 409 with both.",
}


class ShapeRefused(Exception):
    """The body or query has another shape than the document says."""

    def __init__(self, messages: Any, status: int = 422) -> None:
        super().__init__("shape")
        self.messages, self.status = messages, status


class Parser(FlaskParser):
    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}  # noqa: RUF012

    def handle_error(self, error: Any, req: Any, schema: Any, **kwargs: Any) -> NoReturn:
        raise ShapeRefused(error.messages)

    def _handle_invalid_json_error(self, error: Any, req: Any, *args: Any, **kwargs: Any) -> NoReturn:
        raise ShapeRefused({"json": ["Invalid JSON body."]}, 400)


class ApiBlueprint(Blueprint):
    """A smorest blueprint whose refusals are problem details."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, import_name: str, **kwargs: Any) -> None:
        super().__init__(name, import_name, url_prefix=PREFIX, **kwargs)


class DeskApi(Api):
    """The document says problem+json for errors, and error handling stays where the pages have theirs."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        self._app.register_error_handler(ShapeRefused, _refuse_shape)

    def _register_responses(self) -> None:
        for status in http.HTTPStatus:
            response: dict[str, Any] = {"description": status.phrase}
            if status >= 400:
                response["schema"] = self.ERROR_SCHEMA
                prepare_response(response, self.spec, MEDIA_TYPE)
            self.spec.components.response(status.name, response, lazy=True)
        response = {"description": "A problem (RFC 9457)", "schema": self.ERROR_SCHEMA}
        prepare_response(response, self.spec, MEDIA_TYPE)
        self.spec.components.response("DEFAULT_ERROR", response, lazy=True)


def install(app: Flask, blueprints: list[Blueprint]) -> DeskApi:
    """Register the API's blueprints on an application and keep its document generator in `app.extensions`."""
    app.config.setdefault("API_TITLE", "Bihuan")
    app.config.setdefault("API_VERSION", "v1")
    app.config.setdefault("OPENAPI_VERSION", "3.0.3")
    api = DeskApi()
    api.init_app(app)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    api.spec.options["info"] = {"description": ABOUT}
    api.spec.options["security"] = [{"bearer": []}]
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    app.extensions["bihuan_api"] = api
    return api


NO_VERSION = -1


def expected_version() -> int | None:
    """The number in `If-Match: "<version>"`; None without the header. What is no version matches no version."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    text = header.strip()
    digits = text.removeprefix("W/").strip('"')
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else NO_VERSION


def _refuse_shape(error: ShapeRefused) -> Response:
    return shape_problem(error.messages, error.status)
