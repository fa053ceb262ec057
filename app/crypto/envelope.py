"""The sealed form of a value, and nothing about where keys come from.

    version (1) | suite (1) | data key uid (16) | nonce (12) | ciphertext + tag (16)

The suite is AES-256-GCM with a fresh random nonce. What is authenticated but not stored binds the value to its table,
column, row and data key: a value copied into another place does not open there.
"""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION, SUITE_AES_256_GCM = 1, 1
HEADER = bytes((VERSION, SUITE_AES_256_GCM))
UID_BYTES, NONCE_BYTES, TAG_BYTES, SECRET_BYTES = 16, 12, 16, 32
BODY_AT = len(HEADER) + UID_BYTES + NONCE_BYTES
OVERHEAD = BODY_AT + TAG_BYTES


class Place(NamedTuple):
    """Where a sealed value lives. `uid` is the row's random identity (32 hex digits)."""

    table: str
    column: str
    uid: str


class Unopenable(Exception):
    """The value was changed, cut, moved to another place, or sealed with another key."""


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def _bound_to(*parts: str) -> bytes:
    """Authenticated data; every part carries its length, so no two lists of parts read the same."""
    return b"".join(map(_part, ("bihuan", *parts)))


def _part(part: str) -> bytes:
    raw = part.encode()
    return len(raw).to_bytes(4, "big") + raw


@lru_cache(maxsize=1024)
def _column(table: str, column: str) -> bytes:
    """How the authenticated data of every value of a column begins; there are few columns and many values."""
    return _bound_to("value", HEADER.hex(), table, column)


def _bound_to_place(place: Place, key_uid: str) -> bytes:
    return _column(place.table, place.column) + _part(place.uid) + _part(key_uid)


def seal(place: Place, data: bytes, key_uid: str, cipher: AESGCM) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = cipher.encrypt(nonce, data, _bound_to_place(place, key_uid))
    return HEADER + bytes.fromhex(key_uid) + nonce + sealed


def key_uid_of(value: bytes) -> str | None:
    """The uid of the data key that sealed this value; None when it isn't a sealed value at all."""
    if len(value) < OVERHEAD or not value.startswith(HEADER):
        return None
    return value[len(HEADER) : len(HEADER) + UID_BYTES].hex()


def open_(place: Place, value: bytes, key_uid: str, cipher: AESGCM) -> bytes:
    """The clear bytes; raises Unopenable."""
    if key_uid_of(value) != key_uid:
        raise Unopenable
    nonce = value[BODY_AT - NONCE_BYTES : BODY_AT]
    try:
        return cipher.decrypt(nonce, value[BODY_AT:], _bound_to_place(place, key_uid))
    except InvalidTag:
        raise Unopenable from None


def wrap(secret: bytes, key_uid: str, kek_id: str, kek: bytes) -> bytes:
    """A data key sealed under a ring key; bound to its row and to the ring key's id."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return HEADER + nonce + AESGCM(kek).encrypt(nonce, secret, _bound_to("data key", HEADER.hex(), key_uid, kek_id))


def unwrap(wrapped: bytes, key_uid: str, kek_id: str, kek: AESGCM) -> bytes:
    """The data key; raises Unopenable for a wrong ring key as well as for a damaged row (they look the same)."""
    body_at = len(HEADER) + NONCE_BYTES
    if len(wrapped) != body_at + SECRET_BYTES + TAG_BYTES or not wrapped.startswith(HEADER):
        raise Unopenable
    bound = _bound_to("data key", HEADER.hex(), key_uid, kek_id)
    try:
        return kek.decrypt(wrapped[len(HEADER) : body_at], wrapped[body_at:], bound)
    except InvalidTag:
        raise Unopenable from None
