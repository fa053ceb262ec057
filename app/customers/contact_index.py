"""The blind index over contacts: how a phone or mail finds its customer without the database knowing either.

Only the program holds the key, so an exact value is found and nothing can be listed, sorted or guessed from the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from sqlalchemy import and_, delete, func, select, text
from sqlalchemy.orm import Session, aliased

from app.crypto import Rings, vault
from app.crypto.blind import Digest, Kind, digest_with, digests
from app.customers import normalise
from app.customers.models import Contact, ContactIndex, ContactKind, Customer

INDEXED = (ContactKind.PHONE, ContactKind.EMAIL)


def rings_of(session: Session) -> Rings:
    """Raises Locked where the session has no key rings."""
    return vault(session).rings


def terms(kind: str, value: str) -> list[tuple[Kind, str]]:
    """What a contact is found by: a phone by its number and its last four digits, a mail by itself."""
    if kind == ContactKind.PHONE and (phone := normalise.parse_phone(value)):
        found = [(Kind.PHONE, phone.number)]
        if last4 := normalise.last4(phone.number):
            found.append((Kind.LAST4, last4))
        return found
    if kind == ContactKind.EMAIL and (mail := normalise.parse_email(value)):
        return [(Kind.EMAIL, mail)]
    return []


def reindex_customer(
    session: Session, customer: Customer, contacts: Iterable[tuple[str, str]], *, keep: bool = False
) -> None:
    """Replace all rows of a customer by those of these (kind, value) contacts, under the newest key.

    `keep`: one contact can't be opened; its rows are the last way to find the customer, so the old ones stay.
    """
    session.flush()
    if not keep:
        session.execute(delete(ContactIndex).where(ContactIndex.customer_id == customer.id))
    wanted = {term for kind, value in contacts for term in terms(kind, value)}
    _insert(session, customer.id, rings_of(session).index.newest.id, wanted)


def forget_customer(session: Session, customer: Customer) -> None:
    """Nothing finds this customer any more (erased, merged into another)."""
    session.execute(delete(ContactIndex).where(ContactIndex.customer_id == customer.id))


def _insert(session: Session, customer_id: int, key_id: str, wanted: Iterable[tuple[Kind, str]]) -> None:
    key = rings_of(session).index.get(key_id)
    if key is None:
        return
    there = {
        (row.kind, row.digest)
        for row in session.scalars(
            select(ContactIndex).where(ContactIndex.customer_id == customer_id, ContactIndex.key_id == key_id)
        )
    }
    for kind, value in wanted:
        digest = digest_with(key, kind, value).digest
        if (kind.value, digest) not in there:
            session.add(ContactIndex(customer_id=customer_id, kind=kind, key_id=key_id, digest=digest))
    session.flush()


def search(session: Session, kind: Kind, value: str) -> list[Digest]:
    """Every digest a normalised value may be stored under while the ring rotates."""
    return digests(rings_of(session).index, kind, value)


def customers_with(session: Session, kind: Kind, value: str) -> Sequence[int]:
    """Ids of living customers with this exact normalised value, the oldest first."""
    wanted = [found.digest for found in search(session, kind, value)]
    query = (
        select(Customer.id)
        .join(ContactIndex, ContactIndex.customer_id == Customer.id)
        .where(ContactIndex.kind == kind, ContactIndex.digest.in_(wanted))
        .where(Customer.erased_at.is_(None), Customer.merged_into_id.is_(None))
        .distinct()
        .order_by(Customer.id)
    )
    return session.scalars(query).all()


def hold(session: Session, wanted: Iterable[tuple[Kind, str]]) -> None:
    """Let nobody else search and create by these values until our commit, or two calls make two customers.

    SQLite's single writer needs nothing; PostgreSQL takes one advisory lock per digest, in one order for everybody.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    found = {
        int.from_bytes(digest.digest[:8], "big", signed=True)
        for kind, value in wanted
        for digest in search(session, kind, value)
    }
    for lock in sorted(found):
        session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": lock})


class ContactBlindTable:
    """The contact index as the key commands see it (`crypto.keys.BlindTable`)."""

    def used(self, session: Session) -> Mapping[str, int]:
        rows = session.execute(select(ContactIndex.key_id, func.count()).group_by(ContactIndex.key_id))
        return {row[0]: row[1] for row in rows}

    def refill(self, session: Session, key_id: str, *, after: int, limit: int) -> int | None:
        """Index the next customers' contacts under `key_id`; whoever can't be opened stays missing."""
        ids = self._next(session, after, limit)
        if not ids:
            return None
        contacts = session.scalars(
            select(Contact).where(Contact.customer_id.in_(ids)).order_by(Contact.customer_id, Contact.id)
        ).all()
        safe = vault(session)
        safe.preload(contacts)
        for customer_id, group in groupby(contacts, key=lambda contact: contact.customer_id):
            opened = [(contact.kind, str(safe.open(contact, "value"))) for contact in group]
            wanted = {term for kind, value in opened for term in terms(kind, value)}
            _insert(session, customer_id, key_id, wanted)
        return ids[-1]

    def _next(self, session: Session, after: int, limit: int) -> Sequence[int]:
        """Locked until the commit, so that an edit at the same moment doesn't leave a row of the old number behind."""
        query = select(Customer.id).where(Customer.id > after, Customer.erased_at.is_(None)).order_by(Customer.id)
        return session.scalars(query.limit(limit).with_for_update()).all()

    def missing(self, session: Session, key_id: str) -> int:
        """Compared by number for each customer and kind, so that one damaged contact among several is noticed."""
        rows = (
            select(ContactIndex.customer_id, ContactIndex.kind, ContactIndex.key_id, func.count().label("n"))
            .group_by(ContactIndex.customer_id, ContactIndex.kind, ContactIndex.key_id)
            .subquery()
        )
        other, same = aliased(rows), aliased(rows)
        here = func.coalesce(same.c.n, 0)
        paired = and_(same.c.customer_id == other.c.customer_id, same.c.kind == other.c.kind, same.c.key_id == key_id)
        query = (
            select(func.coalesce(func.sum(other.c.n - here), 0))
            .select_from(other)
            .outerjoin(same, paired)
            .where(other.c.key_id != key_id, other.c.n > here)
        )
        return int(session.scalar(query) or 0)

    def forget(self, session: Session, key_id: str) -> int:
        gone = delete(ContactIndex).where(ContactIndex.key_id == key_id).returning(ContactIndex.id)
        return len(session.scalars(gone).all())
