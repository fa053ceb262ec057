"""Rows batch by batch. A large demo is made in a second process, so that while one batch is written the next is told.

Both ways give the same rows: everything hangs on the seed.
"""

from __future__ import annotations

import gc
import multiprocessing
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from multiprocessing.connection import Connection

from app.demo.generator import Generator
from app.demo.rows import Packed, pack
from app.demo.sealing import Keys
from app.demo.world import World

BATCH = 2_000  # tickets
WORTH_A_PROCESS = 6_000  # a process needs a second before it can do anything


@dataclass(frozen=True)
class Order:
    """What is to be made."""

    world: World
    keys: Keys
    tickets: int
    seed: int
    now: datetime
    dialect: str


@dataclass(frozen=True)
class Summary:
    """How far it has come: what counters must know in the end."""

    tickets: int = 0
    days: dict[date, int] = field(default_factory=dict)
    months: dict[str, int] = field(default_factory=dict)
    last_ids: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    rows: dict[str, Packed]
    summary: Summary


def in_batches(order: Order) -> Iterator[Batch]:
    """All rows of the order."""
    return _from_a_process(order) if order.tickets >= WORTH_A_PROCESS else made(order)


def made(order: Order) -> Iterator[Batch]:
    """Make the rows here."""
    generator = Generator(order.world, order.keys, tickets=order.tickets, seed=order.seed, now=order.now)
    ready = 0
    for _, histories in generator.units():
        ready += len(histories)
        if ready >= BATCH:
            ready = 0
            yield _batch(generator, order.dialect)
    generator.bystanders()
    yield _batch(generator, order.dialect)


def _batch(generator: Generator, dialect: str) -> Batch:
    summary = Summary(generator.tickets, dict(generator.days), dict(generator.crowd.months), dict(generator.rows.last))
    return Batch(pack(generator.rows.take(), dialect), summary)


def _from_a_process(order: Order) -> Iterator[Batch]:
    """Raises RuntimeError if the other process fails; its own message went to the error output."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_send_all, args=(there, order), daemon=True)
    process.start()
    there.close()
    try:
        while (batch := _receive(here)) is not None:
            yield batch
        process.join()
    except EOFError:
        process.join()
        raise RuntimeError(f"the process that makes the rows ended with {process.exitcode}") from None
    finally:
        here.close()
        process.terminate()
        process.join()


def _receive(connection: Connection) -> Batch | None:
    found: Batch | None = pickle.loads(connection.recv_bytes())  # noqa: S301 from our own child
    return found


def _send_all(connection: Connection, order: Order) -> None:
    """In the other process: one message for each batch, None at the end."""
    gc.set_threshold(200_000, 50, 50)  # millions of rows without a cycle: looking for cycles is most of the work
    for batch in made(order):
        connection.send_bytes(pickle.dumps(batch, pickle.HIGHEST_PROTOCOL))
    connection.send_bytes(pickle.dumps(None))
    connection.close()
