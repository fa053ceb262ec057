"""The one queue of the program."""

from app.outbox.publishing import publish

__all__ = ["publish"]
