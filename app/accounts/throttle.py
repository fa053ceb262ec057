"""Token buckets in the database, because a process's memory forgets and multiplies.

A row is made when it is missing and locked before it is read, so that fifty calls at once get exactly what is left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.accounts.models import Throttle
from app.errors import TooMany
from app.words import Sentence, say


@dataclass(frozen=True)
class Bucket:
    """`size` acts at once; an empty bucket is full again after `per`."""

    name: str
    size: int
    per: timedelta
    sentence: Sentence


def locked_row(session: Session, key: str, *, full: float, now: datetime) -> Throttle:
    """The counter of this key, made if need be and locked until the transaction ends.

    One statement: between an insert that finds the row and a select that locks it, somebody could delete it.
    """
    values = {"key": key, "count": 0, "tokens": full, "updated_at": now}
    kind = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    insert = kind.insert(Throttle).values(values)
    upsert = insert.on_conflict_do_update(index_elements=["key"], set_={"key": insert.excluded.key})
    row: Throttle = session.scalars(upsert.returning(Throttle), execution_options={"populate_existing": True}).one()
    return row


def take(session: Session, bucket: Bucket, who: str | int, *, now: datetime) -> None:
    """Take one from the bucket of this person or network; raises TooMany when it is empty."""
    row = locked_row(session, f"{bucket.name}:{who}"[:160], full=float(bucket.size), now=now)
    elapsed = max((now - row.updated_at).total_seconds(), 0.0)
    filled = min(bucket.size, row.tokens + elapsed * bucket.size / bucket.per.total_seconds())
    if filled < 1:
        wait = math.ceil((1 - filled) * bucket.per.total_seconds() / bucket.size)
        raise TooMany(bucket.sentence, retry_after=max(wait, 1))
    row.tokens, row.updated_at = filled - 1, now
    session.flush()


RECALL_LAST4 = Bucket(
    "recall.last4", 30, timedelta(hours=1), say("按尾号查找已达到每小时 30 次。请稍后再试，或输入完整的号码查找。")
)
RECALL_FULL = Bucket(
    "recall.full", 120, timedelta(hours=1), say("查找客户已达到每小时 120 次。请稍后再试；登记反馈不受影响。")
)
REVEAL = Bucket(
    "reveal", 30, timedelta(days=1), say("今天显示个人信息已达到 30 次。请稍后再试，或请有权限的同事协助。")
)
PUBLIC = Bucket("public", 20, timedelta(hours=1), say("操作太频繁了，请过一会儿再试。已填写的内容还在页面上。"))
RESET = Bucket("reset", 5, timedelta(hours=1), say("找回密码的次数太多，请过一会儿再试，或联系系统管理员。"))
