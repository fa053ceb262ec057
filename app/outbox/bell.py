"""How the workers of this process hear at once that there is work; between processes PostgreSQL carries the news."""

from __future__ import annotations

import threading


class Bell:
    """Counts its rings, so that a ring between looking at the queue and going to sleep is not missed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rings = 0

    @property
    def rings(self) -> int:
        with self._changed:
            return self._rings

    def ring(self) -> None:
        with self._changed:
            self._rings += 1
            self._changed.notify_all()

    def wait(self, heard: int, timeout: float) -> None:
        """Sleep until it rings more often than `heard`, at most `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._rings != heard, timeout)


bell = Bell()
