"""Sealing in bulk: the vault's envelope without a session around it.

A data key is made and wrapped once for each customer; every value is bound to its place exactly as the vault binds it,
so that the vault opens what was sealed here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.crypto import OWNER_CUSTOMER, envelope
from app.crypto.envelope import Place
from app.crypto.keyring import Key, Rings


@dataclass(frozen=True)
class Keys:
    """The newest key of each ring: what wraps data keys, and what contacts are found by."""

    field: Key
    index: Key

    @classmethod
    def of(cls, rings: Rings) -> Keys:
        return cls(rings.field.newest, rings.index.newest)


class Sealer:
    """One customer's data key at work."""

    def __init__(self, uid: str, kek: Key) -> None:
        self.uid = uid
        secret = envelope.new_secret()
        self._cipher = AESGCM(secret)
        self.wrapped = envelope.wrap(secret, uid, kek.id, kek.secret)
        self.kek_id = kek.id

    def seal(self, table: str, column: str, row_uid: str, text: str) -> bytes | None:
        """None for an empty text: there is nothing to keep."""
        if not text:
            return None
        return envelope.seal(Place(table, column, row_uid), text.encode(), self.uid, self._cipher)

    def seal_json(self, table: str, column: str, row_uid: str, data: Mapping[str, Any]) -> bytes | None:
        if not data:
            return None
        return self.seal(table, column, row_uid, json.dumps(data, ensure_ascii=False, separators=(",", ":")))

    def row(self, id: int, owner_id: int, at: datetime) -> dict[str, Any]:
        """The row of the data key itself."""
        return {
            "id": id,
            "uid": self.uid,
            "owner_kind": OWNER_CUSTOMER,
            "owner_id": owner_id,
            "wrapped": self.wrapped,
            "kek_id": self.kek_id,
            "created_at": at,
            "destroyed_at": None,
        }
