"""Erase a customer for good: keys, contacts and index go, figures stay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.audit.trail import record
from app.crypto import OWNER_CUSTOMER, State, vault
from app.customers import contact_index, erased_log, personal
from app.customers import given as shapes
from app.customers.models import Contact, Customer, CustomerMatch, PrivacyRequest, Purchase
from app.customers.services.locking import locked
from app.customers.written import empty_where_named, redacted, reredact
from app.errors import Conflict, Locked
from app.outbox.publishing import publish
from app.policy import Action, Actor, authorize
from app.words import Sentence, say

ERASURE, EXPORT = "erasure", "export"

Hold = Callable[[Session, Customer], Sentence | None]
HOLDS: list[Hold] = []


def register_hold(hold: Hold) -> None:
    """Add a reason why a customer can't be erased now (open tickets, a legal hold): it returns the sentence to show."""
    HOLDS.append(hold)


def obstacle(session: Session, customer: Customer) -> Sentence | None:
    """Why this customer can't be erased now, or None."""
    if customer.erased_at:
        return say("该客户的个人信息已经删除。")
    return next((sentence for hold in HOLDS if (sentence := hold(session, customer))), None)


def erase(session: Session, customer: Customer, *, reason: str, by: Actor, now: datetime) -> None:
    """Destroy the customer's data keys after a last redaction. From the commit on nobody can read them again.

    Raises Conflict with what stands in the way, Locked while a missing key hides the names to be redacted.
    """
    authorize(by, Action.CUSTOMER_ERASE)
    reason = shapes.reason(reason)
    customer = locked(session, customer)
    if sentence := obstacle(session, customer):
        raise Conflict(sentence)
    reason = redacted(session, reason, customer=customer)
    _destroy(session, customer, now)
    session.add(PrivacyRequest(customer_id=customer.id, kind=ERASURE, reason=reason, by_id=by.id, at=now))
    record(session, by, "customer.erased", customer, at=now)
    publish(session, "customer.erased", now=now, customer_uid=customer.uid, at=now.isoformat())


def _destroy(session: Session, customer: Customer, now: datetime) -> None:
    safe = vault(session)
    if any(safe.open(customer, column).state is State.LOCKED for column in ("name", "company", "address")):
        raise Locked
    known = personal.personal_of(session, customer)
    reredact(session, customer, now)
    empty_where_named(session, customer, known)
    safe.destroy_keys(OWNER_CUSTOMER, customer.id, now)
    contact_index.forget_customer(session, customer)
    session.execute(delete(Contact).where(Contact.customer_id == customer.id))
    session.execute(update(Purchase).where(Purchase.customer_id == customer.id).values(facts=None))
    session.execute(delete(CustomerMatch))  # they live for minutes; any of them may name this customer
    customer.name = customer.company = customer.address = None
    customer.erased_at = now
    customer.version += 1
    session.flush()
    personal.forget(session, customer.id)


def replay(session: Session, path: Path, now: datetime) -> int:
    """After a restore: erase again whoever the log names and the backup brought back. How many there were."""
    done = 0
    for uid, _ in erased_log.read(path):
        customer = session.scalars(
            select(Customer).where(Customer.uid == uid, Customer.erased_at.is_(None))
        ).one_or_none()
        if customer is None:
            continue
        _destroy(session, locked(session, customer), now)
        session.add(PrivacyRequest(customer_id=customer.id, kind=ERASURE, reason="restored backup", by_id=None, at=now))
        record(session, None, "customer.erased", customer, at=now, data={"replayed": True})
        done += 1
    return done
