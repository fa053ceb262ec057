"""The reader's language. Message ids are Simplified Chinese, so that language needs no catalog.

A signed-in person's own setting decides, then the cookie of the language buttons, then what the browser asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_babel import Babel, gettext

from app.config import Settings
from app.extensions import runtime
from app.web import formats
from app.words import Sentence

LOCALES = ("zh_Hans", "zh_Hant", "en")
COOKIE = "locale"
COOKIE_LASTS = 365 * 86400
STORED = {"zh_Hans": "zh-CN", "zh_Hant": "zh-TW", "en": "en"}  # as in User.locale and DEFAULT_LOCALE
_TRADITIONAL = {"hant", "tw", "hk", "mo"}

_babel = Babel()


def canonical(tag: str | None) -> str | None:
    """One of LOCALES for any spelling of a language tag (zh, zh-CN, zh_Hant_HK, en-US …); None for other languages."""
    parts = (tag or "").replace("_", "-").casefold().split("-")
    if parts[0] == "zh":
        return "zh_Hant" if _TRADITIONAL & set(parts[1:]) and "hans" not in parts else "zh_Hans"
    return "en" if parts[0] == "en" else None


def chosen() -> str:
    """The language of this request."""
    default = canonical(runtime().settings.default_locale) or LOCALES[0]
    if not has_request_context():
        return default
    actor = g.get("actor")
    if request.path.startswith("/api/"):
        return _asked_for() or (canonical(actor.locale) if actor else None) or default
    if actor is not None and (own := canonical(actor.locale)):
        return own
    return canonical(request.cookies.get(COOKIE)) or _asked_for() or default


def _asked_for() -> str | None:
    for tag, quality in request.accept_languages:
        if quality > 0 and (found := canonical(tag)):
            return found
    return None


def translate(sentence: Sentence | str) -> str:
    """A sentence (or message id) in the reader's language; what fills its places is put into words as well."""
    if isinstance(sentence, str):
        return gettext(sentence) if sentence else ""
    text: str = gettext(sentence.msgid)
    return text % {name: _in_words(value) for name, value in sentence.params.items()} if sentence.params else text


def _in_words(value: Any) -> Any:
    if isinstance(value, Sentence):
        return translate(value)
    if isinstance(value, datetime):
        return formats.fmt_moment(value)
    return formats.fmt_day(value) if isinstance(value, date) else value


def label(mapping: Mapping[Any, str], code: Any) -> str:
    """The word for a code in the reader's language; an unknown code stands for itself."""
    return translate(mapping[code]) if code in mapping else str(code)


def stored(name: str | None) -> str:
    """A stored name that came with the product (departments, categories) in the reader's language."""
    return translate(name) if name else ""


def install(app: Flask, settings: Settings) -> None:
    """Set up Flask-Babel and what templates need of it."""
    _babel.init_app(
        app,
        default_locale=canonical(settings.default_locale) or LOCALES[0],
        default_timezone=str(settings.timezone),
        locale_selector=chosen,
    )
    app.jinja_env.globals.update(
        translate=translate,
        label=label,
        stored=stored,
        fmt_day=formats.fmt_day,
        fmt_moment=formats.fmt_moment,
        fmt_due=formats.fmt_due,
        fmt_number=formats.fmt_number,
    )
    app.jinja_env.finalize = lambda value: translate(value) if isinstance(value, Sentence) else value

    @app.context_processor
    def for_layouts() -> dict[str, Any]:
        return {"locale": chosen(), "now": formats.present()}
