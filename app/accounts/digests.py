"""Secrets that only have to be recognised again: the database holds their SHA-256, never the secret.

A plain hash is enough because every one of them is random and at least 80 bits long; passwords are not, and are hashed
by argon2 instead.
"""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """256 random bits, fit for a cookie, a header or an address."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """64 hex digits; half a surrogate pair in a made-up secret must not raise."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
