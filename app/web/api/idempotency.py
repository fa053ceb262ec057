"""`Idempotency-Key`: the same key and body give the same answer, however often a client retries.

The row is written first in the transaction of the act, so a failed act leaves none and a killed process neither.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import current_app, g, request
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.crypto import OWNER_SYSTEM, vault
from app.errors import Conflict, Invalid
from app.extensions import db
from app.web.models import StoredAnswer
from app.web.transaction import writing
from app.words import say

KEPT = timedelta(hours=24)
KEY = re.compile(r"[\x21-\x7e]{1,200}")

_busy: set[str] = set()
_busy_guard = threading.Lock()

Answer = tuple[Any, int]


def idempotent(status: int) -> Callable[[Callable[..., Any]], Callable[..., Answer]]:
    """Run a view in one write transaction; its answer (JSON data) is remembered under the request's key, if any."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Answer]:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Answer:
            key = request.headers.get("Idempotency-Key")
            if key is None:
                with writing():
                    return view(*args, **kwargs), status
            if not KEY.fullmatch(key):
                raise Invalid(
                    say("Idempotency-Key 只能用 1 到 200 个可见的英文字符，请换一个后重试；没有保存任何内容。")
                )
            scope = f"{g.token_id}:{request.method}:{request.path}"[:160]
            with _alone(f"{scope}:{key}"), writing():
                return _once(db.session(), scope, key, status, lambda: view(*args, **kwargs))

        return wrapper

    return decorate


def _once(session: Session, scope: str, key: str, status: int, act: Callable[[], Any]) -> Answer:
    if session.get_bind().dialect.name == "postgresql":
        lock = int.from_bytes(hashlib.sha256(f"{scope}:{key}".encode()).digest()[:8], "big", signed=True)
        if not session.scalar(select(func.pg_try_advisory_xact_lock(lock))):
            raise _in_flight()
    session.execute(delete(StoredAnswer).where(StoredAnswer.created_at < g.now - KEPT))
    body = _body_digest()
    row = session.scalar(select(StoredAnswer).where(StoredAnswer.scope == scope, StoredAnswer.key == key))
    if row is not None:
        if not hmac.compare_digest(row.body_digest, body):
            raise Invalid(
                say("这个 Idempotency-Key 已经用于另一份内容。这次的内容没有保存；新的请求请换一个新的 Key。")
            )
        return vault(session).open_json(row, "answer").data, row.status
    row = StoredAnswer(scope=scope, key=key, body_digest=body, status=status, created_at=g.now)
    session.add(row)
    session.flush()
    answer = act()
    row.answer = vault(session).seal_json(row, "answer", answer, vault(session).ensure_key(OWNER_SYSTEM, 0, g.now))
    return answer, status


def _body_digest() -> str:
    secret = str(current_app.secret_key).encode()
    return hmac.new(secret, b"idempotency:" + request.get_data(cache=True), hashlib.sha256).hexdigest()


def _in_flight() -> Conflict:
    return Conflict(say("带同一个 Idempotency-Key 的请求还在处理。没有重复保存；请稍候用同样的内容重试。"))


@contextmanager
def _alone(name: str) -> Iterator[None]:
    with _busy_guard:
        if name in _busy:
            raise _in_flight()
        _busy.add(name)
    try:
        yield
    finally:
        with _busy_guard:
            _busy.discard(name)
