"""How a label is written in each language: lets people and programs give a name where a code is meant."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).parent.parent / "translations"


@cache
def _catalogs() -> tuple[NullTranslations, ...]:
    return tuple(Translations.load(str(FOLDER), [language]) for language in ("en", "zh_Hant"))


def spellings(msgid: str) -> list[str]:
    """The label in Simplified Chinese, English and Traditional Chinese, without repeats."""
    return list(dict.fromkeys([msgid, *(catalog.gettext(msgid) for catalog in _catalogs())]))
