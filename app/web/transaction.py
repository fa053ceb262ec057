"""One request, one transaction, one commit; and pages that are drawn after it.

A page drawn under SQLite's write lock would cap the whole installation at a hundred writes a second, so `show` and
`done` only say what to draw. `requires` and `public` (web/access.py) draw it when view and transaction are over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from types import FunctionType
from typing import Any, ParamSpec

from flask import Flask, flash, g, has_request_context, make_response, redirect, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import event
from sqlalchemy.orm import Session, UOWTransaction
from werkzeug.wrappers import Response as BaseResponse

from app.extensions import db
from app.orm import is_writing, write_transaction
from app.web import htmx
from app.web.languages import translate
from app.words import Sentence

P = ParamSpec("P")


@dataclass
class Page:
    """What to draw once the transaction is over. Functions without arguments in the context are called then."""

    template: str | None
    status: int = 200
    context: dict[str, Any] = field(default_factory=dict)
    location: str | None = None

    def draw(self) -> BaseResponse:
        if self.location is not None:
            return htmx.redirect(self.location) if htmx.is_htmx() else redirect(self.location, 303)
        context = {name: value() if _is_late(value) else value for name, value in self.context.items()}
        body = render_template(self.template, **context) if self.template else ""
        if htmx.is_htmx() and (notes := g.pop("notes", None)):
            body += render_template("shared/_notes.hx.html", notes=notes)
        return make_response(body, self.status)


Answer = Page | ResponseReturnValue


def _is_late(value: object) -> bool:
    """A `lambda: …` stands for what is read when the page is drawn; other callables (a form's field) are values."""
    return isinstance(value, FunctionType) and value.__code__.co_argcount == 0


def show(template: str, fragment: str | None = None, status: int = 200, **context: Any) -> Page:
    """A page; htmx gets `fragment` of it, when there is one."""
    return Page(fragment if fragment and htmx.is_htmx() else template, status, context)


def done(fragment: str | None, *, otherwise: str, **context: Any) -> Page:
    """The answer to an act: htmx gets the fragment (or is sent on, when there is none), everybody else a 303."""
    if fragment is None or not htmx.is_htmx():
        for sentence, kind in g.pop("notes", []):
            flash(sentence, kind)
        return Page(None, location=otherwise)
    return Page(fragment, 200, context)


def tell(sentence: Sentence | str, kind: str = "good") -> None:
    """A short note to the person: on the next page, or floating in an htmx answer. Kinds: good, warn, bad, ""."""
    text = translate(sentence)
    if htmx.is_htmx():
        g.setdefault("notes", []).append((text, kind))
    else:
        flash(text, kind)


class _Refused(Exception):
    """Carries an answer of 400 and above past the commit."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


def transactional(view: Callable[P, Answer]) -> Callable[P, Answer]:
    """Run the view in one write transaction: committed when it answers below 400, else rolled back."""

    @wraps(view)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Answer:
        try:
            with write_transaction(db.session()):
                answer = view(*args, **kwargs)
                if status_of(answer) >= 400:
                    raise _Refused(answer)
        except _Refused as refused:
            return refused.answer
        for after in g.pop("after_commit", []):
            after()
        return answer

    return inside


def after_commit(deed: Callable[[], None]) -> None:
    """Run something in memory once the transaction is safe (a new cookie); not run when it was refused."""
    g.setdefault("after_commit", []).append(deed)


@contextmanager
def writing() -> Iterator[Session]:
    """A write transaction inside a view that needs several, or does slow work between them (hashing)."""
    session = db.session()
    with write_transaction(session):
        yield session


def status_of(answer: Answer) -> int:
    """The status of what a view returned, in any of the shapes that Flask takes."""
    if isinstance(answer, Page):
        return answer.status
    if isinstance(answer, tuple):
        return next((part for part in answer[1:] if isinstance(part, int)), 200)
    return answer.status_code if isinstance(answer, BaseResponse) else 200


def install(app: Flask) -> None:
    """A write without a write transaction is a bug: on SQLite it would be the deferred kind that fails under load."""
    with app.app_context():
        if not event.contains(db.session.session_factory, "before_flush", _guard):
            event.listen(db.session.session_factory, "before_flush", _guard)


def _guard(session: Session, _context: UOWTransaction, _instances: object) -> None:
    if has_request_context() and not is_writing(session) and (session.new or session.dirty or session.deleted):
        raise RuntimeError("a change outside a write transaction: the view lacks @transactional")
