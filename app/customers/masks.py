"""What everybody may see of a customer: enough to tell two apart, never enough to call or visit one.

A mask never fails and never shows a whole value, whatever was stored; an empty value stays empty.
"""

from __future__ import annotations

import re

from app.customers.han import fold
from app.customers.normalise import clean, parse_email, parse_phone
from app.customers.places import end_of_city
from app.customers.surnames import COMPOUND

_SHOWN_HOST = re.compile(r"[a-z0-9.-]{3,64}")
_AREA = re.compile(r"0(?:10|2\d|[3-9]\d{2})")


def _is_letter(character: str) -> bool:
    return character.isalnum()


def name(text: str) -> str:
    """张*, 欧阳*: the surname alone. The number of stars says nothing about the length of the name."""
    shown = clean(text)
    if not shown:
        return ""
    if len(shown) > 2 and fold(shown[:2]) in COMPOUND:
        return f"{shown[:2]}*"
    return f"{shown[0]}*" if len(shown) > 1 and _is_letter(shown[0]) else "*"


def company(text: str) -> str:
    """华为**: the first two characters of four and more, else the first."""
    shown = clean(text)
    if not shown:
        return ""
    head = shown[:2] if len(shown) >= 4 else shown[: len(shown) - 1][:1]
    return f"{head}**" if all(_is_letter(character) for character in head) else "**"


def phone(text: str) -> str:
    """138****5678, 010-****5678, and the last four digits of any other number."""
    if not clean(text):
        return ""
    found = parse_phone(text)
    if found is None:
        return "****"
    if found.kind == "mobile":
        return f"{found.number[:3]}****{found.number[-4:]}"
    area = _AREA.match(found.number) if found.kind == "landline" else None
    head = f"{area[0]}-" if area else "+" if found.kind == "foreign" else ""
    return f"{head}****{found.number[-4:]}"


def email(text: str) -> str:
    """a***@x.cn."""
    if not clean(text):
        return ""
    local, _, host = (parse_email(text) or "").rpartition("@")
    head = local[0] if len(local) > 1 and _is_letter(local[0]) else ""
    return f"{head}***@{host}" if _SHOWN_HOST.fullmatch(host) else "***"


def address(text: str) -> str:
    """Province and city as written; nothing at all of an address that begins otherwise."""
    shown = clean(text)
    if not shown:
        return ""
    end = end_of_city(shown)
    return shown[:end].replace(" ", "") if end else "***"


def wechat(text: str) -> str:
    """The first letter."""
    shown = clean(text)
    if not shown:
        return ""
    return f"{shown[0]}***" if len(shown) > 1 and _is_letter(shown[0]) else "***"


def order(text: str) -> str:
    """The last four characters of an order number."""
    shown = clean(text)
    if not shown:
        return ""
    return f"****{shown[-4:]}" if len(shown) >= 8 and shown[-4:].isalnum() else "****"
