"""How fast the demo data is made: `python -m bench.demo_load 100000 [DATABASE_URL]`.

Without an address a new SQLite file is used; on PostgreSQL a database of its own is made and dropped again.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from app import demo
from app.audit import schema
from app.crypto import throwaway_rings
from app.extensions import engine_options, session_info
from app.numbering import DEFAULT_ZONE
from app.orm import Base, prepare_engine, write_transaction


def measure(url: str, tickets: int) -> float:
    """Tickets per second, from the empty schema to the last commit."""
    engine = prepare_engine(create_engine(url, **engine_options(url)))
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        schema.create_triggers(connection)
    rings = throwaway_rings()

    @contextmanager
    def begin() -> Iterator[Session]:
        info = session_info(rings, DEFAULT_ZONE)
        with Session(engine, expire_on_commit=False, info=info) as session, write_transaction(session):
            yield session

    began = time.perf_counter()
    now = datetime(2026, 11, 20, 2, 42, tzinfo=UTC)
    demo.load(begin, tickets=tickets, seed=1, now=now, password=secrets.token_urlsafe(12))
    took = time.perf_counter() - began
    engine.dispose()
    return tickets / took


@contextmanager
def place(url: str | None) -> Iterator[str]:
    """The address of an empty database."""
    if url is None:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'demo.db'}"
        return
    name = f"bench_{secrets.token_hex(4)}"
    server = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"create database {name}"))
    try:
        yield server.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))


def main() -> None:
    tickets = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with place(sys.argv[2] if len(sys.argv) > 2 else None) as url:
        kind = make_url(url).get_backend_name()
        print(f"{kind}: {measure(url, tickets):,.0f} tickets/s ({tickets:,} tickets)")


if __name__ == "__main__":
    main()
