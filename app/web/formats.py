"""Times and numbers as people read them, in the company's time zone and ISO order: nobody has to guess a month."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from flask import g, has_request_context
from flask_babel import get_locale, gettext

from app import clock
from app.extensions import runtime

SOON = timedelta(hours=2)
MINUTE, HOUR, DAY = 60, 3600, 86400


def zone() -> ZoneInfo:
    """The company's time zone: for display and for days, never for arithmetic."""
    return runtime().settings.timezone


def here(moment: datetime) -> datetime:
    """The moment on the company's clock."""
    return moment.astimezone(zone())


def present() -> datetime:
    """The request's own `now`, so that one page shows one time; outside a request the wall clock."""
    if has_request_context() and "now" in g:
        moment: datetime = g.now
        return moment
    return clock.now()


def fmt_day(value: date | datetime | None) -> str:
    """2024-03-05. A moment is put on the company's calendar first. None is a dash."""
    if value is None:
        return "—"
    return (here(value) if isinstance(value, datetime) else value).strftime("%Y-%m-%d")


def fmt_moment(moment: datetime | None) -> str:
    """今天 17:30, 昨天 09:05, 11-23 10:00 in this year, else 2023-11-23 10:00. None is a dash."""
    if moment is None:
        return "—"
    there, today = here(moment), here(present()).date()
    days = (there.date() - today).days
    time = there.strftime("%H:%M")
    if days == 0:
        return str(gettext("今天 %(time)s", time=time))
    if days == -1:
        return str(gettext("昨天 %(time)s", time=time))
    if days == 1:
        return str(gettext("明天 %(time)s", time=time))
    return there.strftime("%m-%d %H:%M" if there.year == today.year else "%Y-%m-%d %H:%M")


def fmt_due(moment: datetime | None, now: datetime) -> str:
    """Counted down within two hours, the day and time before that, counted up when it is past.

    app.js goes on counting from the same words, so both must cut the time in the same way.
    """
    if moment is None:
        return "—"
    left = moment - now
    seconds = int(abs(left).total_seconds())
    if left < timedelta(0):
        return str(gettext("超时 %(time)s", time=_span(seconds)))
    if left <= SOON:
        return str(gettext("剩 %(time)s", time=_span_left(seconds)))
    return fmt_moment(moment)


def _span_left(seconds: int) -> str:
    minutes, rest = divmod(seconds, MINUTE)
    if MINUTE <= seconds < 10 * MINUTE:
        return f"{_minutes(minutes)} {_seconds(rest)}"
    return _span(seconds)


def _span(seconds: int) -> str:
    """The two largest units; a lone small one below an hour."""
    if seconds >= DAY:
        days, rest = divmod(seconds, DAY)
        return f"{gettext('%(n)s 天', n=days)} {_hours(rest // HOUR)}"
    if seconds >= HOUR:
        hours, rest = divmod(seconds, HOUR)
        return f"{_hours(hours)} {_minutes(rest // MINUTE)}"
    return _minutes(seconds // MINUTE) if seconds >= MINUTE else _seconds(seconds)


def _hours(number: int) -> str:
    return str(gettext("%(n)s 小时", n=number))


def _minutes(number: int) -> str:
    return str(gettext("%(n)s 分", n=number))


def _seconds(number: int) -> str:
    return str(gettext("%(n)s 秒", n=number))


def fmt_number(number: float | int | None) -> str:
    """With the separators of the reader's language; None is a dash."""
    return "—" if number is None else str(format_decimal(number, locale=get_locale()))
