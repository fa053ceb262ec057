"""What an answer must leave behind: a refusal in the audit trail, a failed login, when somebody was last seen.

Collected while the request runs and written in one short transaction of its own after the answer is made, also when
the request's own transaction was rolled back. So a GET changes no record by itself, and no refusal is lost with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Flask, Response, g
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.errors import DeskError
from app.extensions import db
from app.orm import write_transaction

log = logging.getLogger(__name__)

Deed = Callable[[Session], object]


def leave(deed: Deed) -> None:
    """Have `deed(session)` run after the answer. It must not depend on objects of the request's own transaction."""
    if "afterwards" not in g:
        g.afterwards = []
    g.afterwards.append(deed)


def settle() -> None:
    """Run what was left so far."""
    deeds: list[Deed] = g.pop("afterwards", [])
    if not deeds:
        return
    session = db.session()
    try:
        with write_transaction(session):
            for deed in deeds:
                deed(session)
    except (SQLAlchemyError, DeskError) as fault:
        # The answer is made already; what could not be written is at least in the log.
        log.error("afterwards failed", extra={"fault": type(fault).__name__, "deeds": len(deeds)})


def install(app: Flask) -> None:
    """Settle after every request."""

    @app.after_request
    def afterwards(response: Response) -> Response:
        settle()
        return response
