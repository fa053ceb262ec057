"""A browser's name in words, so that a person recognises their own devices in the list."""

from __future__ import annotations

BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("OPR", "Opera"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def device(agent: str) -> str | None:
    """Such as "Chrome · Windows"; None when nothing is known."""
    found = [next((name for mark, name in names if mark in agent), None) for names in (BROWSERS, SYSTEMS)]
    return " · ".join(name for name in found if name) or None
