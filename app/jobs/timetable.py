"""What happens by itself, and how often. Each entry becomes the topic `periodic.<name>`, once per slot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

TIMETABLE: Mapping[str, timedelta] = MappingProxyType(
    {
        "housekeeping": timedelta(hours=1),
        "audit_head": timedelta(hours=24),
    }
)
