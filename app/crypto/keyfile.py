"""A key file on disk: created once, replaced in one step, locked while it changes.

A torn key file would lock every customer's data away, so a change is written beside, synced and renamed.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Signature = tuple[int, int, int]


def signature(path: Path | None) -> Signature | None:
    """What changes when the file is replaced or edited; None while there is none."""
    try:
        state = path.stat() if path else None
    except OSError:
        return None
    return (state.st_ino, state.st_mtime_ns, state.st_size) if state else None


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """One writer at a time: two administrators who add a key at once must not lose one of the two."""
    with (path.parent / f".{path.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def create(path: Path, text: str) -> bool:
    """Make the file unless it exists; False when another process was faster."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _write_beside(path, text)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    _sync(path.parent)
    return True


def replace(path: Path, text: str) -> None:
    draft = _write_beside(path, text)
    draft.replace(path)
    _sync(path.parent)


def _write_beside(path: Path, text: str) -> Path:
    draft = path.parent / f".{path.name}.{secrets.token_hex(4)}.tmp"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    return draft


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
