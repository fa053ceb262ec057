"""How often a person or a network may do what could be used to collect data or to guess."""

from __future__ import annotations

import ipaddress

from flask import g, request

from app.accounts.signing_in import Place
from app.accounts.throttle import PUBLIC, RECALL_FULL, RECALL_LAST4, RESET, REVEAL, Bucket, take
from app.extensions import db

__all__ = ["PUBLIC", "RECALL_FULL", "RECALL_LAST4", "RESET", "REVEAL", "network", "place", "spend"]


def spend(bucket: Bucket, who: str | int | None = None) -> None:
    """Take one from the person's bucket (or that of `who`), inside the view's transaction; raises TooMany."""
    actor = g.get("actor")
    take(db.session(), bucket, who if who is not None else (actor.id if actor else network()), now=g.now)


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
