"""The numbers of a ticket, its feedback and its follow-ups: one date and sequence in three spellings."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.numbering import company_day, next_number

_NUMBER = re.compile(r"(?:CS|F)(\d{8})(\d{3,})", re.IGNORECASE)
_FOLLOW_UP = re.compile(r"HV(\d{11,})(?:-(\d+))?", re.IGNORECASE)


class TicketNumber(NamedTuple):
    day: date
    seq: int

    @property
    def digits(self) -> str:
        return f"{self.day:%Y%m%d}{self.seq:03d}"

    @property
    def ticket(self) -> str:
        return f"CS{self.digits}"


def take(session: Session, *, now: datetime) -> TicketNumber:
    """The next number of the day of registration. The counter row stays locked: call it last before the insert."""
    day = company_day(session, now)
    return TicketNumber(day, next_number(session, "ticket", f"{day:%Y%m%d}"))


def feedback_no(ticket_no: str) -> str:
    return "F" + ticket_no.removeprefix("CS")


def follow_up_no(ticket_no: str, n: int) -> str:
    """`n` counts the follow-ups of the ticket from 1; later ones add -2, -3 …"""
    return "HV" + ticket_no.removeprefix("CS") + (f"-{n}" if n > 1 else "")


def ticket_no_of(text: str) -> str | None:
    """CS… for a typed ticket or feedback number; None when it is neither."""
    found = _NUMBER.fullmatch(text.strip())
    return f"CS{found[1]}{found[2]}" if found else None


def follow_up_no_of(text: str) -> str | None:
    found = _FOLLOW_UP.fullmatch(text.strip())
    return text.strip().upper() if found else None
