"""How often a person or a network may do what could be used to collect data or to guess."""

from __future__ import annotations

import ipaddress
import time

from flask import g, request

from app.accounts import lockout
from app.accounts.signing_in import Place
from app.accounts.throttle import PUBLIC, RECALL_FULL, RECALL_LAST4, RESET, REVEAL, Bucket, take
from app.extensions import db
from app.web.transaction import writing

__all__ = ["PUBLIC", "RECALL_FULL", "RECALL_LAST4", "RESET", "REVEAL", "count_try", "network", "place", "spend"]

PATIENCE = 1.0  # seconds


def spend(bucket: Bucket, who: str | int | None = None) -> None:
    """Take one from the person's bucket (or that of `who`), inside the view's transaction; raises TooMany."""
    actor = g.get("actor")
    take(db.session(), bucket, who if who is not None else (actor.id if actor else network()), now=g.now)


def count_try(login: str, where: Place) -> None:
    """Count a try of a password or code before it is looked at; raises TooMany while a wait lasts.

    Sixty people behind one address who sign in at nine o'clock are not guessing: when the counter is full of tries that
    are still being checked, this one waits a moment for their outcome before it is refused.
    """
    patience = time.monotonic() + PATIENCE
    while True:
        try:
            with writing() as write:
                lockout.count(write, login, where.network, now=g.now)
            return
        except lockout.StillJudged:
            if time.monotonic() > patience:
                raise
        time.sleep(0.05)


def place() -> Place:
    """Where the person who signs in sits."""
    agent = "".join(char for char in request.headers.get("User-Agent", "") if char.isprintable())
    return Place(network=network(), address=(request.remote_addr or "")[:64], agent=agent[:200])


def network() -> str:
    """Where the request comes from: the IPv4 address, or the /64 that one IPv6 customer has to himself."""
    text = (request.remote_addr or "").split("%")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
