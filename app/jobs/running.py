"""Running one message: what is done, and what happens when it can't be done.

A job works inside one write transaction that also marks the message as done, so both happen or neither. An errand has
to talk to the outside (a mail server), which no transaction may wait for: prepare → perform outside → settle.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.errors import DeskError
from app.orm import write_transaction
from app.outbox import claiming
from app.outbox.claiming import Claim, LeaseLost

log = logging.getLogger(__name__)
HERE = str(Path(__file__).resolve().parents[2])

Job = Callable[[Session, Claim, datetime], None]


@dataclass(frozen=True)
class Errand:
    """Work with the outside. It happens at least once: a process killed between `perform` and `settle` repeats it."""

    prepare: Callable[[Session, Claim, datetime], Any]  # what to do outside; None: nothing (any more)
    perform: Callable[[Any], None]  # no session here, and a time limit of its own
    settle: Callable[[Session, Any, datetime], None]


Handlers = Mapping[str, Job | Errand]


class NobodyListens(Exception):
    """A message whose topic is unknown to this version."""


def run(session: Session, one: Claim, handlers: Handlers, clock: Callable[[], datetime]) -> bool:
    """Handle a claimed message; says whether it is done. Never raises because of what a handler does."""
    try:
        _handle(session, one, handlers, clock)
    except LeaseLost:
        log.warning("job.lease_lost", extra={"job": one.id, "topic": one.topic})
        return False
    except Exception as fault:  # noqa: BLE001 - whatever a handler raises must reach the row, not end the worker
        _put_back(session, one, fault, clock)
        return False
    log.info("job.done", extra={"job": one.id, "topic": one.topic, "attempts": one.attempts})
    return True


def _handle(session: Session, one: Claim, handlers: Handlers, clock: Callable[[], datetime]) -> None:
    job = handlers.get(one.topic)
    if job is None:
        raise NobodyListens(one.topic)
    payload = None
    if isinstance(job, Errand):
        with write_transaction(session):
            claiming.renew(session, one, now=clock())  # or another worker would send the same mail beside us
            payload = job.prepare(session, one, clock())
        if payload is not None:
            job.perform(payload)
    with write_transaction(session):
        if not isinstance(job, Errand):
            job(session, one, clock())
        elif payload is not None:
            job.settle(session, payload, clock())
        claiming.finish(session, one, now=clock())


def _put_back(session: Session, one: Claim, fault: Exception, clock: Callable[[], datetime]) -> None:
    error = describe(fault)
    try:
        with write_transaction(session):
            dead = claiming.fail(session, one, now=clock(), error=error)
    except (LeaseLost, SQLAlchemyError):
        # Somebody else has it, or the database is gone: the lease runs out and the message is taken again.
        log.warning("job.not_put_back", extra={"job": one.id, "topic": one.topic, "error": error})
        return
    level = logging.ERROR if dead else logging.WARNING
    log.log(level, "job.dead" if dead else "job.failed", extra={"job": one.id, "topic": one.topic, "error": error})


def describe(fault: BaseException) -> str:
    """Class and place of a fault, never its values: an exception's text may quote what a customer wrote."""
    own = [frame for frame in traceback.extract_tb(fault.__traceback__) if frame.filename.startswith(HERE)]
    place = f" at {Path(own[-1].filename).relative_to(HERE)}:{own[-1].lineno}" if own else ""
    cause = getattr(fault, "orig", None)
    name = type(fault).__name__ + (f"({type(cause).__name__})" if cause else "")
    # The message id of a refusal is a sentence of the program itself, without what fills its places.
    words = f": {fault.sentence.msgid}" if isinstance(fault, DeskError) else ""
    return f"{name}{words}{place}"
