"""The one place that looks at the wall clock. Everything below the web layer is handed `now`."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
