"""Blind indexes: find a customer by an exact phone or mail without the database knowing it.

A digest is HMAC-SHA256 under a key derived for its kind, cut to 128 bits. Each kind has its own key, so a list of the
10,000 digests of four digits says nothing about full numbers. While the ring rotates there are several digests of one
value: write the first, search with all.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.crypto.keyring import Key, KeyRing

DIGEST_BYTES = 16


class Kind(StrEnum):
    PHONE = "phone"
    EMAIL = "email"
    LAST4 = "last4"
    ORDER = "order"
    NAME = "name"


class Digest(NamedTuple):
    key_id: str
    digest: bytes


@lru_cache(maxsize=64)
def _derived(key: Key, kind: Kind) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"bihuan|contact_index|{kind}|1".encode()).derive(
        key.secret
    )


def digest_with(key: Key, kind: Kind, value: str) -> Digest:
    """The digest of an already normalised value under one key."""
    raw = value.encode("utf-8", "surrogatepass")
    return Digest(key.id, hmac.new(_derived(key, kind), raw, hashlib.sha256).digest()[:DIGEST_BYTES])


def digests(ring: KeyRing, kind: Kind, value: str) -> list[Digest]:
    """One digest for each key of the ring, the newest first."""
    newest = ring.newest
    return [digest_with(key, kind, value) for key in (newest, *(key for key in ring.keys if key.id != newest.id))]
