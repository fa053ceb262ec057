"""The list of erased customers outside the database, so that restoring an older backup does not bring them back.

A line is a random id and a moment: nothing of it leads to a person.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

NAME = "erased.log"  # in the data directory


def append(path: Path, uid: str, at: datetime) -> bool:
    """Add a customer once, synced to the disk; False when the line was there already (a message delivered twice)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        if uid in {line.partition(" ")[0] for line in text.splitlines()}:
            return False
        # A line cut by a crash is ended first, or it would swallow the next one.
        file.write(("\n" if text and not text.endswith("\n") else "") + f"{uid} {at.isoformat()}\n")
        file.flush()
        os.fsync(file.fileno())
    return True


def read(path: Path) -> Iterator[tuple[str, datetime]]:
    """Every complete line; what a crash cut off is left out."""
    if not path.exists():
        return
    for line in path.read_text("ascii", errors="replace").splitlines():
        uid, _, moment = line.partition(" ")
        try:
            yield uid, datetime.fromisoformat(moment)
        except ValueError:
            continue
