"""The one door to sealed values: `vault(session)` seals and opens the columns of rows.

Opening never raises, because a page must work when one value is damaged; sealing without a usable key always raises,
because nothing may ever be written in clear. A value names its data key itself, so a row needs no key column.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import inspect, select, update
from sqlalchemy.orm import Session, SessionTransaction

from app.crypto import envelope
from app.crypto.envelope import Place, Unopenable
from app.crypto.keyring import Rings
from app.crypto.models import OWNER_KINDS, DataKey
from app.crypto.registry import is_sealed
from app.errors import Conflict, Locked
from app.orm import new_uid
from app.words import N_, Sentence, say

log = logging.getLogger(__name__)

KEYS_PER_QUERY = 500


class State(StrEnum):
    OPEN = "open"
    EMPTY = "empty"
    DAMAGED = "damaged"
    LOCKED = "locked"
    ERASED = "erased"


LABELS = {
    State.OPEN: N_("可读"),
    State.EMPTY: N_("未填写"),
    State.DAMAGED: N_("数据已损坏，无法显示"),
    State.LOCKED: N_("密钥不可用，暂时无法显示"),
    State.ERASED: N_("已按要求清除"),
}


@dataclass(frozen=True)
class Opened:
    """A sealed text after opening: the text, or the state that tells why there is none. Its repr hides the text."""

    text: str | None = field(repr=False)
    state: State

    @property
    def ok(self) -> bool:
        """Whether this is what somebody wrote (nothing written counts)."""
        return self.state in (State.OPEN, State.EMPTY)

    @property
    def label(self) -> Sentence:
        return Sentence(LABELS[self.state])

    def __str__(self) -> str:
        return self.text or ""


@dataclass(frozen=True)
class OpenedJson:
    """The same for structured facts."""

    data: Any = field(repr=False)
    state: State

    @property
    def ok(self) -> bool:
        return self.state in (State.OPEN, State.EMPTY)

    @property
    def label(self) -> Sentence:
        return Sentence(LABELS[self.state])


class _Closed(Exception):
    """A data key that can't be used, and why."""

    def __init__(self, state: State) -> None:
        self.state = state


class Vault:
    """Seals and opens for one session. Unwrapped keys are kept for one transaction only, so that a key destroyed
    elsewhere does not live on in a long-lived session."""

    def __init__(self, session: Session, rings: Rings) -> None:
        self.session = session
        self.rings = rings
        self._ciphers: dict[str, AESGCM | State] = {}
        self._keks: dict[str, AESGCM] = {}
        self._transaction: SessionTransaction | None = None

    # --- keys -------------------------------------------------------------------------------------------------------

    def new_key(self, owner_kind: str, owner_id: int | None, now: datetime) -> DataKey:
        """A fresh data key, added to the session. The owner's id may follow after its flush; `system` owns with 0."""
        if owner_kind not in OWNER_KINDS:
            raise ValueError(f"unknown kind of owner: {owner_kind}")
        secret, uid, kek = envelope.new_secret(), new_uid(), self.rings.field.newest
        key = DataKey(
            uid=uid,
            owner_kind=owner_kind,
            owner_id=owner_id,
            wrapped=envelope.wrap(secret, uid, kek.id, kek.secret),
            kek_id=kek.id,
            created_at=now,
        )
        self.session.add(key)
        self._known()[uid] = AESGCM(secret)
        return key

    def owner_key(self, owner_kind: str, owner_id: int) -> DataKey | None:
        """The owner's newest key that still lives."""
        return self.session.scalars(
            select(DataKey)
            .where(DataKey.owner_kind == owner_kind, DataKey.owner_id == owner_id, DataKey.destroyed_at.is_(None))
            .order_by(DataKey.id.desc())
            .limit(1)
        ).first()

    def ensure_key(self, owner_kind: str, owner_id: int, now: datetime) -> DataKey:
        """Two sessions at once may make two keys; an owner may have several, so that harms nothing."""
        return self.owner_key(owner_kind, owner_id) or self.new_key(owner_kind, owner_id, now)

    def destroy_keys(self, owner_kind: str, owner_id: int, now: datetime) -> int:
        """Erase for good: everything sealed with the owner's keys is unreadable from the commit on."""
        self.session.flush()
        keys = self.session.scalars(
            select(DataKey)
            .where(DataKey.owner_kind == owner_kind, DataKey.owner_id == owner_id, DataKey.destroyed_at.is_(None))
            .with_for_update()
        ).all()
        for key in keys:
            key.wrapped, key.destroyed_at = b"", now
            self._known()[key.uid] = State.ERASED
        self.session.flush()
        return len(keys)

    def repoint(self, source: tuple[str, int], target: tuple[str, int]) -> list[int]:
        """Merge owners: the source's keys now belong to the target. The ids, so that a merge can be undone."""
        self.session.flush()
        ids = list(
            self.session.scalars(
                select(DataKey.id).where(DataKey.owner_kind == source[0], DataKey.owner_id == source[1])
            )
        )
        self.give(ids, target)
        return ids

    def give(self, key_ids: Iterable[int], target: tuple[str, int]) -> None:
        """Make the target the owner of exactly these keys (undoing a merge)."""
        self.session.execute(
            update(DataKey).where(DataKey.id.in_(list(key_ids))).values(owner_kind=target[0], owner_id=target[1])
        )

    def preload(self, rows: Iterable[object]) -> None:
        """Fetch the data keys of everything sealed on these rows in one query, before a list opens them one by one."""
        uids = set()
        for row in rows:
            state = inspect(row, raiseerr=True)
            for attribute in state.mapper.column_attrs:
                if is_sealed(attribute.columns[0]) and (value := state.dict.get(attribute.key)):
                    uids.add(envelope.key_uid_of(value))
        self.preload_keys(uid for uid in uids if uid)

    def preload_keys(self, uids: Iterable[str]) -> None:
        known = self._known()
        wanted = [uid for uid in set(uids) if uid not in known]
        for start in range(0, len(wanted), KEYS_PER_QUERY):
            part = wanted[start : start + KEYS_PER_QUERY]
            columns = (DataKey.uid, DataKey.wrapped, DataKey.kek_id, DataKey.destroyed_at)
            for uid, wrapped, kek_id, destroyed_at in self.session.execute(
                select(*columns).where(DataKey.uid.in_(part))
            ):
                self._known()[uid] = State.ERASED if destroyed_at else self._unwrap(uid, wrapped, kek_id)

    def _known(self) -> dict[str, AESGCM | State]:
        if (current := self.session.get_transaction()) is not self._transaction:
            self._ciphers, self._transaction = {}, current
        return self._ciphers

    def _unwrap(self, uid: str, wrapped: bytes, kek_id: str) -> AESGCM | State:
        if (kek := self._keks.get(kek_id)) is None:
            if (key := self.rings.field.get(kek_id)) is None:
                log.error("data key locked: its ring key is unknown", extra={"data_key": uid, "kek": kek_id})
                return State.LOCKED
            kek = self._keks[kek_id] = AESGCM(key.secret)
        try:
            return AESGCM(envelope.unwrap(wrapped, uid, kek_id, kek))
        except Unopenable:
            log.error("data key locked: its ring key does not open it", extra={"data_key": uid, "kek": kek_id})
            return State.LOCKED

    def _cipher(self, uid: str) -> AESGCM:
        """Raises _Closed: a value whose data key has no row at all is damaged, since rows are never deleted."""
        if uid not in self._known():
            self.preload_keys([uid])
        found = self._known().get(uid, State.DAMAGED)
        if isinstance(found, State):
            raise _Closed(found)
        return found

    # --- values -----------------------------------------------------------------------------------------------------

    def seal(self, row: object, column: str, text: str, key: DataKey) -> bytes:
        """The value to put into the row's sealed column. Gives the row its uid if it has none yet."""
        return self.seal_at(_place_of(row, column), text, key)

    def open(self, row: object, column: str) -> Opened:
        return self.open_at(_place_of(row, column), getattr(row, column))

    def seal_json(self, row: object, column: str, data: Any, key: DataKey) -> bytes:
        return self.seal(row, column, json.dumps(data, ensure_ascii=False, separators=(",", ":")), key)

    def open_json(self, row: object, column: str) -> OpenedJson:
        opened = self.open(row, column)
        if opened.text is None:
            return OpenedJson(None, opened.state)
        try:
            return OpenedJson(json.loads(opened.text), opened.state)
        except ValueError:
            return OpenedJson(None, self._damaged(_place_of(row, column), None))

    def seal_at(self, place: Place, text: str, key: DataKey) -> bytes:
        # Typed text may hold half a surrogate pair; it must neither fail here nor change on its way.
        return self.seal_bytes(place, text.encode("utf-8", "surrogatepass"), key)

    def open_at(self, place: Place, value: bytes | None) -> Opened:
        data, state = self.open_bytes(place, value)
        if data is None:
            return Opened(None, state)
        try:
            return Opened(data.decode("utf-8", "surrogatepass"), state)
        except UnicodeDecodeError:
            return Opened(None, self._damaged(place, None))

    def seal_bytes(self, place: Place, data: bytes, key: DataKey) -> bytes:
        """Raises Locked without a usable ring key and Conflict where the data key was destroyed; never clear."""
        try:
            return envelope.seal(place, data, key.uid, self._cipher(key.uid))
        except _Closed as closed:
            if closed.state is State.ERASED:
                raise Conflict(say("该对象的个人数据已按要求清除，不能再为其保存内容。没有写入任何内容。")) from None
            raise Locked from None

    def open_bytes(self, place: Place, value: bytes | None) -> tuple[bytes | None, State]:
        if value is None:
            return None, State.EMPTY
        if (uid := envelope.key_uid_of(value)) is None:
            return None, self._damaged(place, None)
        try:
            return envelope.open_(place, value, uid, self._cipher(uid)), State.OPEN
        except Unopenable:
            return None, self._damaged(place, uid)
        except _Closed as closed:
            return None, self._damaged(place, uid) if closed.state is State.DAMAGED else closed.state

    def _damaged(self, place: Place, key_uid: str | None) -> State:
        where = {"sealed_table": place.table, "sealed_column": place.column, "row": place.uid, "data_key": key_uid}
        log.error("sealed value damaged", extra=where)
        return State.DAMAGED


def _place_of(row: Any, column: str) -> Place:
    """Table, column and row of a mapped object's sealed attribute; a misspelt or unsealed one is a bug."""
    mapper = inspect(row).mapper
    mapped = mapper.column_attrs[column].columns[0]
    if not is_sealed(mapped):
        raise ValueError(f"{mapped} is not a sealed column")
    if row.uid is None:
        row.uid = new_uid()
    return Place(mapped.table.name, mapped.name, row.uid)


def vault(session: Session) -> Vault:
    """The session's vault; the session's maker put the key rings into `session.info["rings"]`."""
    found: Vault | None = session.info.get("vault")
    if found is None:
        rings: Rings | None = session.info.get("rings")
        if rings is None:
            raise Locked
        found = session.info["vault"] = Vault(session, rings)
    return found
