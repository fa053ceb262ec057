"""The program's log: one JSON object a line, with the request's id, and without personal data by construction.

A request is named by its route's template, never by its path or query. A fault is named by its class and its places in
the code, never by its text, which may quote what a customer wrote. What other libraries log is cut to its template.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
import traceback
from typing import Any, TextIO

import structlog
from flask import Flask, Response, g, request
from structlog.typing import EventDict, ProcessorReturnValue, WrappedLogger

log = logging.getLogger(__name__)

HEADER = "X-Request-Id"
ACCEPTED_ID = re.compile(r"[A-Za-z0-9-]{8,40}")
MOST_FRAMES = 12


class NoForeignValues(logging.Filter):
    """Only this program's own loggers may say values; a server's "exception while serving %s" would say a path."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("app."):
            record.args = ()
            record.msg = str(record.msg)
        return True


def fault_without_values(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Replace the exception by class names and places, the innermost last; causes included."""
    info = event.pop("exc_info", None)
    fault = info[1] if isinstance(info, tuple) else info if isinstance(info, BaseException) else None
    if info is True:
        fault = sys.exc_info()[1]
    if fault is not None:
        event["fault"] = describe(fault)
    event.pop("stack_info", None)
    return event


def describe(fault: BaseException) -> list[dict[str, Any]]:
    """The chain of causes, the outermost first, each with its innermost frames."""
    found: list[dict[str, Any]] = []
    seen: BaseException | None = fault
    while seen is not None and len(found) < 5:
        frames = traceback.extract_tb(seen.__traceback__)[-MOST_FRAMES:]
        at = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        found.append({"class": f"{type(seen).__module__}.{type(seen).__qualname__}", "at": at})
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return found


def configure(log_format: str, stream: TextIO | None = None) -> None:
    """Send everything that is logged to `stream` (standard error); `log_format` is json or console."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        fault_without_values,
    ]
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=False, default=_name_only)
    if log_format == "console":
        last = structlog.dev.ConsoleRenderer(colors=False)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(NoForeignValues())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("app").setLevel(logging.INFO)


def _name_only(value: object) -> ProcessorReturnValue:
    """What isn't plain data is named by its class: a row's repr could hold anything."""
    return f"<{type(value).__name__}>"


def install(app: Flask) -> None:
    """Give every request an id and log it once. Call it before anything else that looks at requests."""
    believe_proxy = app.config.get("TRUSTED_PROXIES", 0) > 0

    @app.before_request
    def begin() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if believe_proxy and ACCEPTED_ID.fullmatch(given) else secrets.token_hex(8)
        g.request_began = time.monotonic()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        if request_id := g.get("request_id"):
            response.headers[HEADER] = request_id
        if request.endpoint != "static":
            _log_request(response)
        return response

    @app.teardown_request
    def forget(_fault: BaseException | None) -> None:
        structlog.contextvars.clear_contextvars()


def _log_request(response: Response) -> None:
    actor = g.get("actor")
    log.info(
        "request",
        extra={
            "method": request.method,
            "route": request.url_rule.rule if request.url_rule else None,
            "status": response.status_code,
            "ms": round((time.monotonic() - g.get("request_began", time.monotonic())) * 1000, 1),
            "user": actor.id if actor else None,
        },
    )
