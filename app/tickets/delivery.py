"""A reply on its way to the customer: queued → sending → sent, each step a compare-and-swap against the undo.

A reply on a channel that this version does not send by itself (phone, a chat window, in person) is a record of what the
colleague said there: it goes from queued to sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.crypto import Opened, State, vault
from app.customers.models import Contact, ContactKind
from app.errors import Locked
from app.tickets.codes import Channel, MessageState
from app.tickets.models import Message, Ticket
from app.tickets.numbers import feedback_no


@dataclass(frozen=True)
class Outgoing:
    """What is to be mailed. Personal values stay out of `repr`."""

    message_id: int
    feedback_no: str
    address: str = field(repr=False)
    text: str = field(repr=False)


def take_for_mail(session: Session, message_id: int) -> Outgoing | None:
    """Take a reply into `sending` if it goes by mail; None when it doesn't, was withdrawn, or is gone already.

    Without an address, or with a text that can't be opened any more, it has failed: nobody must believe that it went
    out. Raises Locked while only a key is missing. One that is `sending` already is taken again: the process that took
    it died before it could say how it went.
    """
    message = session.get(Message, message_id, populate_existing=True, with_for_update=True)
    if message is None or message.channel != Channel.EMAIL or message.state not in _ON_ITS_WAY:
        return None
    ticket = session.get_one(Ticket, message.ticket_id)
    body = vault(session).open(message, "body_sealed")
    text, address = _unless_locked(body), _address(session, ticket.customer_id)
    if address is None or not text:
        message.state = MessageState.FAILED
        return None
    message.state = MessageState.SENDING
    return Outgoing(message.id, feedback_no(ticket.no), address, text)


_ON_ITS_WAY = (MessageState.QUEUED, MessageState.SENDING)


def _address(session: Session, customer_id: int) -> str | None:
    query = select(Contact).where(Contact.customer_id == customer_id, Contact.kind == ContactKind.EMAIL)
    rows = session.scalars(query.order_by(Contact.position, Contact.id)).all()
    return next((text for row in rows if (text := _unless_locked(vault(session).open(row, "value")))), None)


def _unless_locked(opened: Opened) -> str | None:
    if opened.state is State.LOCKED:
        raise Locked
    return opened.text


def note_sent(session: Session, message_id: int, *, now: datetime) -> None:
    """It is out; a second note changes nothing."""
    statement = update(Message).where(Message.id == message_id, Message.state.in_(_ON_ITS_WAY))
    session.execute(statement.values(state=MessageState.SENT, sent_at=now))


def note_failed(session: Session, message_id: int) -> None:
    """The server never took it: shown to the colleague, who reaches the customer in another way."""
    statement = update(Message).where(Message.id == message_id, Message.state.in_(_ON_ITS_WAY))
    session.execute(statement.values(state=MessageState.FAILED))
