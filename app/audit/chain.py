"""The hash chain: each entry's digest covers its content and the digest of the entry before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry, AuditHead
from app.words import Sentence, say

ORIGIN = "0" * 64
VERSION = 1
ROWS_AT_A_TIME = 1000
WHO = ("actor_id", "standing_for")
WHAT = ("action", "subject_kind", "subject_id", "data", "request_id")
COVERED = ("id", "at", *WHO, *WHAT, "previous")


def digest_of(entry: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over everything that an entry says. `at` is an aware datetime."""
    at: datetime = entry["at"]
    content: list[Any] = [VERSION, *(entry[name] for name in COVERED)]
    content[1 + COVERED.index("at")] = at.astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Broken:
    """The first place where the chain doesn't hold."""

    entry_id: int
    sentence: Sentence


@dataclass(frozen=True)
class Verified:
    """How far the chain holds. `head_id` and `head_digest`, noted elsewhere, later prove that nothing was rewritten."""

    entries: int
    head_id: int
    head_digest: str
    broken: Broken | None = None

    @property
    def ok(self) -> bool:
        return self.broken is None


def verify(session: Session, *, noted: tuple[int, str] | None = None) -> Verified:
    """Walk the whole chain in one consistent read, without holding it in memory.

    `noted` is an id and digest written down earlier outside the database: whoever rewrote the whole chain since then,
    head included, is found by it.
    """
    last = (0, ORIGIN)
    count = 0
    found = session.execute(select(AuditHead.last_id, AuditHead.digest)).one_or_none()
    head = (found.last_id, found.digest) if found else last
    with session.execute(_entries(), execution_options={"yield_per": ROWS_AT_A_TIME}) as entries:
        for row in entries:
            fault = _fault(row, last, noted)
            if fault:
                return Verified(count, *last, fault)
            last = (row.id, row.digest)
            count += 1
            head = (row.head_id, row.head_digest)
    return Verified(count, *last, _fault_at_end(last, head, noted))


def _entries() -> Any:
    """The entries with the head beside them, so that both come from one moment."""
    columns = [getattr(AuditEntry, name) for name in (*COVERED, "digest")]
    head_id = select(AuditHead.last_id).scalar_subquery().label("head_id")
    head_digest = select(AuditHead.digest).scalar_subquery().label("head_digest")
    return select(*columns, head_id, head_digest).order_by(AuditEntry.id)


def _fault(row: Row[Any], last: tuple[int, str], noted: tuple[int, str] | None) -> Broken | None:
    expected = last[0] + 1
    if row.id > expected:
        return Broken(expected, say("第 %(id)s 条审计记录缺失。", id=expected))
    if row.id < expected:
        return Broken(row.id, say("第 %(id)s 条审计记录的编号不可能存在，是后来插入的。", id=row.id))
    if row.digest != digest_of(row._asdict()):
        return Broken(row.id, say("第 %(id)s 条审计记录的内容被改动过。", id=row.id))
    if row.previous != last[1]:
        return Broken(row.id, say("第 %(id)s 条审计记录与前一条接不上：其中一条被替换或插入。", id=row.id))
    if noted and noted[0] == row.id and noted[1] != row.digest:
        return Broken(row.id, say("第 %(id)s 条审计记录与当时记下的校验值不同：审计链被整体改写过。", id=row.id))
    return None


def _fault_at_end(last: tuple[int, str], head: tuple[int, str], noted: tuple[int, str] | None) -> Broken | None:
    if head[0] > last[0]:
        return Broken(last[0] + 1, say("第 %(id)s 条起的审计记录缺失：末尾被截掉。", id=last[0] + 1))
    if head != last:
        return Broken(last[0], say("第 %(id)s 条审计记录不是由系统写入的：它与链尾的登记不符。", id=last[0]))
    if noted and noted[0] > last[0]:
        return Broken(last[0] + 1, say("第 %(id)s 条起的审计记录缺失：末尾被截掉。", id=last[0] + 1))
    return None
