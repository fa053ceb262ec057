"""The services behind `flask keys`: put a new key into use, move everything to it, prove it, take the old one out.

Everything runs while the program serves and may be killed at any moment: what is done stands in the rows themselves, so
a second run goes on where the first stopped. Each batch is its own transaction, given by `begin`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ColumnElement, Table, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.crypto import envelope
from app.crypto.envelope import Unopenable
from app.crypto.keyring import Added, Key, KeyRing, Rings
from app.crypto.models import DataKey
from app.errors import Conflict, Locked
from app.words import listed, say

Begin = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class RingStatus:
    """What the field ring is used for: data keys per ring key, and ids that the ring does not have (locked data)."""

    newest: str
    ids: tuple[str, ...]
    data_keys: Mapping[str, int]
    destroyed: int

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.data_keys) - set(self.ids)))


@dataclass(frozen=True)
class Rewrapped:
    """How many data keys were moved, and the ids of those that no key of the ring opens."""

    done: int
    locked: tuple[int, ...]


@dataclass(frozen=True)
class Verified:
    """Data keys that are not under the newest key (ring key id → how many), and ids of those that don't unwrap."""

    stale: Mapping[str, int]
    broken: tuple[int, ...]

    @property
    def ok(self) -> bool:
        return not self.stale and not self.broken


def add(ring: KeyRing) -> Added:
    """A new key writes from now on. Where the ring comes from the environment, `value` is to be set there by hand."""
    return ring.add()


def _alive() -> ColumnElement[bool]:
    return DataKey.destroyed_at.is_(None)


def _data_keys_by_kek(session: Session) -> dict[str, int]:
    rows = session.execute(select(DataKey.kek_id, func.count()).where(_alive()).group_by(DataKey.kek_id))
    return {row[0]: row[1] for row in rows}


def status(session: Session, rings: Rings) -> RingStatus:
    destroyed = session.scalar(select(func.count()).where(DataKey.destroyed_at.is_not(None))) or 0
    newest = rings.field.newest.id
    return RingStatus(newest, rings.field.ids, _data_keys_by_kek(session), destroyed)


def rewrap(begin: Begin, rings: Rings, *, batch: int = 500, progress: Callable[[int], None] | None = None) -> Rewrapped:
    """Wrap every living data key with the newest ring key. Sealed values stay as they are.

    `progress` hears the running total after each committed batch.
    """
    newest = rings.field.newest
    done, after, locked = 0, 0, list[int]()
    while True:
        with begin() as session:
            rows = _next_stale(session, newest.id, after, batch)
            changes, failed = _wrapped_anew(rows, rings.field, newest)
            done += _swap(session, changes)
        if not rows:
            return Rewrapped(done, tuple(locked))
        locked += failed
        after = rows[-1].id
        if progress:
            progress(done)


def _next_stale(session: Session, newest_id: str, after: int, limit: int) -> Sequence[Any]:
    return session.execute(
        select(DataKey.id, DataKey.uid, DataKey.wrapped, DataKey.kek_id)
        .where(DataKey.kek_id != newest_id, DataKey.id > after, _alive())
        .order_by(DataKey.id)
        .limit(limit)
    ).all()


def _wrapped_anew(rows: Sequence[Any], ring: KeyRing, newest: Key) -> tuple[list[dict[str, object]], list[int]]:
    changes: list[dict[str, object]] = []
    locked: list[int] = []
    for id_, uid, wrapped, kek_id in rows:
        if (secret := _secret(uid, wrapped, kek_id, ring)) is None:
            locked.append(id_)
            continue
        again = envelope.wrap(secret, uid, newest.id, newest.secret)
        changes.append({"of": id_, "was": kek_id, "wrapped": again, "kek_id": newest.id})
    return changes, locked


def _secret(uid: str, wrapped: bytes, kek_id: str, ring: KeyRing) -> bytes | None:
    if (key := ring.get(kek_id)) is None:
        return None
    try:
        return envelope.unwrap(wrapped, uid, kek_id, AESGCM(key.secret))
    except Unopenable:
        return None


def _swap(session: Session, changes: list[dict[str, object]]) -> int:
    """Compare and swap: a key that was erased or moved meanwhile keeps what the other side wrote."""
    if not changes:
        return 0
    table = DataKey.__table__
    assert isinstance(table, Table)  # noqa: S101 — for the type checker
    columns = table.c
    result = session.connection().execute(
        update(table)
        .where(columns.id == bindparam("of"), columns.kek_id == bindparam("was"), columns.destroyed_at.is_(None))
        .values(wrapped=bindparam("wrapped"), kek_id=bindparam("kek_id")),
        changes,
    )
    return result.rowcount


def verify(session: Session, rings: Rings, *, batch: int = 1000) -> Verified:
    """Read every living data key: is it under the newest key, and does it unwrap?"""
    newest = rings.field.newest.id
    stale = {kek_id: number for kek_id, number in _data_keys_by_kek(session).items() if kek_id != newest}
    broken: list[int] = []
    query = select(DataKey.id, DataKey.uid, DataKey.wrapped, DataKey.kek_id).where(_alive()).order_by(DataKey.id)
    after = 0
    while rows := session.execute(query.where(DataKey.id > after).limit(batch)).all():
        broken += [id_ for id_, uid, wrapped, kek in rows if _secret(uid, wrapped, kek, rings.field) is None]
        after = rows[-1].id
    return Verified(stale, tuple(broken))


def retire(session: Session, rings: Rings, key_id: str) -> Added:
    """Take a key out of the field ring. Refused while a data key still hangs on it: that would lose data for good.

    Backups made before the rewrapping still need it; keep it with them.
    """
    _must_be_old(rings.field, key_id)
    if number := _data_keys_by_kek(session).get(key_id, 0):
        raise Conflict(
            say(
                "密钥 %(key)s 仍保护着 %(n)s 个数据密钥，没有移除。"
                "请先运行 flask keys rewrap，再用 flask keys verify 核对。",
                key=key_id,
                n=number,
            )
        )
    return rings.field.drop(key_id)


def _must_be_old(ring: KeyRing, key_id: str) -> None:
    if ring.newest.id == key_id:
        raise Conflict(say("密钥 %(key)s 正在用于写入，不能移除。请先运行 flask keys add 换上新密钥。", key=key_id))
    if key_id not in ring.ids:
        raise Conflict(
            say(
                "密钥环里没有编号为 %(key)s 的密钥，没有改动任何内容。现有：%(ids)s。",
                key=key_id,
                ids=listed(ring.ids),
            )
        )


# --- the index ring: its digests are made anew from the opened values, which only their own package can read ----------


class BlindTable(Protocol):
    """A table of blind indexes, given by the package that owns it."""

    def used(self, session: Session) -> Mapping[str, int]:
        """Rows per key id."""

    def refill(self, session: Session, key_id: str, *, after: int, limit: int) -> int | None:
        """Write the rows of `key_id` that the next owners after id `after` lack; the last id done, None at the end.

        Must be idempotent. An owner who can't be opened (locked, damaged) is passed over and stays `missing`.
        """

    def missing(self, session: Session, key_id: str) -> int:
        """How many contacts are indexed under other keys but not under this one."""

    def forget(self, session: Session, key_id: str) -> int:
        """Delete the rows of a retired key; how many there were."""


def reindex(begin: Begin, table: BlindTable, rings: Rings, *, batch: int = 200) -> int:
    """Fill the newest index key's rows; returns how many contacts are still missing afterwards."""
    newest = rings.index.newest.id
    after: int | None = 0
    while after is not None:
        with begin() as session:
            after = table.refill(session, newest, after=after, limit=batch)
    with begin() as session:
        return table.missing(session, newest)


def retire_index(session: Session, table: BlindTable, rings: Rings, key_id: str) -> Added:
    """Take a key out of the index ring and delete its rows. Refused while somebody could no longer be found."""
    _must_be_old(rings.index, key_id)
    newest = rings.index.newest.id
    if number := table.missing(session, newest):
        raise Conflict(
            say(
                "还有 %(n)s 条联系方式没有用新密钥 %(key)s 建立索引，没有移除旧密钥。请先运行 flask keys rewrap。",
                n=number,
                key=newest,
            )
        )
    table.forget(session, key_id)
    return rings.index.drop(key_id)


def ensure_unlocked(session: Session, rings: Rings) -> None:
    """At the start: every ring key that data keys name must be in the ring. Raises Locked otherwise."""
    if status(session, rings).unknown:
        raise Locked
