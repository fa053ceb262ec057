"""What is known of one customer in clear, for the length of one transaction: what the redactor must take out of texts,
and the key that seals what is written about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.crypto import OWNER_CUSTOMER, DataKey, vault
from app.customers import normalise, redaction
from app.customers.models import Contact, ContactKind, Customer, Product
from app.errors import Conflict
from app.words import say

RowsOf = Callable[[int], ColumnElement[bool]]


@dataclass(frozen=True)
class NameColumn:
    """A sealed column of another package that holds one more name of a customer."""

    model: type[Any]
    column: str
    rows_of: RowsOf


NAME_COLUMNS: list[NameColumn] = []


def register_name(model: type[Any], column: str, *, rows_of: RowsOf) -> None:
    """Say that a sealed column holds other names of a customer, so that they are redacted as well."""
    NAME_COLUMNS.append(NameColumn(model, column, rows_of))


@dataclass(frozen=True, repr=False)
class Personal:
    """The opened values. No repr: it would put a person into a traceback."""

    names: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()  # WeChat and WeCom ids

    def knows_name(self, name: str) -> bool:
        return normalise.name_key(name) in {normalise.name_key(known) for known in self.names}

    def and_names(self, names: Iterable[str]) -> Personal:
        more = tuple(name for name in names if name)
        return replace(self, names=self.names + more) if more else self

    def stands_in(self, text: str) -> bool:
        """Does a name or company still show in the text, in whatever spelling and spacing?"""
        flat = normalise.name_key(text)
        known = (normalise.name_key(value) for value in (*self.names, *self.companies))
        return any(len(value) > 1 and value in flat for value in known)

    def redact(self, text: str, keep: Iterable[str] = ()) -> str:
        """The text without personal data, as far as patterns and this customer's own values can tell."""
        return redaction.redact(
            text,
            names=self.names,
            companies=self.companies,
            addresses=self.addresses,
            phones=self.phones,
            emails=self.emails,
            accounts=self.accounts,
            keep=tuple(keep),
        )


@dataclass
class _Known:
    """The cache of one transaction."""

    transaction: Any
    people: dict[int, Personal] = field(default_factory=dict)
    keys: dict[int, DataKey] = field(default_factory=dict)
    products: tuple[str, ...] | None = None


def _known(session: Session) -> _Known:
    session.connection()  # a transaction begins with its first statement; before that there is none to bind to
    found = session.info.get("personal")
    current = session.get_transaction()
    if not isinstance(found, _Known) or found.transaction is not current:
        found = session.info["personal"] = _Known(current)
    return found


def forget(session: Session, customer_id: int) -> None:
    """After a change of the customer's own values: read them anew."""
    known = _known(session)
    known.people.pop(customer_id, None)
    known.keys.pop(customer_id, None)


def customer_key(session: Session, customer: Customer) -> DataKey:
    """The data key that seals what is written about this customer. Raises Conflict once the customer was erased."""
    keys = _known(session).keys
    if customer.id not in keys:
        with session.no_autoflush:
            key = vault(session).owner_key(OWNER_CUSTOMER, customer.id)
        if key is None:
            raise Conflict(say("该客户的个人信息已删除，不能再保存与其有关的文字。没有写入任何内容。"))
        keys[customer.id] = key
    return keys[customer.id]


def personal_of(session: Session, customer: Customer) -> Personal:
    """The customer's own values. What can't be opened (damaged, locked) is left out.

    Nothing is flushed for it: a row in the making (a ticket that has no number yet) may be waiting in the session.
    """
    people = _known(session).people
    if customer.id not in people:
        with session.no_autoflush:
            contacts = session.scalars(
                select(Contact).where(Contact.customer_id == customer.id).order_by(Contact.position, Contact.id)
            ).all()
            people[customer.id] = _open(session, customer, contacts)
    return people[customer.id]


def _open(session: Session, customer: Customer, contacts: Sequence[Contact]) -> Personal:
    safe = vault(session)
    safe.preload([customer, *contacts])

    def one(column: str) -> tuple[str, ...]:
        text = str(safe.open(customer, column))
        return (text,) if text else ()

    values: dict[str, list[str]] = {}
    for contact in contacts:
        if text := str(safe.open(contact, "value")):
            values.setdefault(contact.kind, []).append(text)
    return Personal(
        names=one("name") + tuple(_other_names(session, customer.id)),
        companies=one("company"),
        addresses=one("address"),
        phones=tuple(values.get(ContactKind.PHONE, ())),
        emails=tuple(values.get(ContactKind.EMAIL, ())),
        accounts=(*values.get(ContactKind.WECHAT, ()), *values.get(ContactKind.WECOM, ())),
    )


def _other_names(session: Session, customer_id: int) -> Iterator[str]:
    safe = vault(session)
    for source in NAME_COLUMNS:
        column = getattr(source.model, source.column)
        rows = session.scalars(select(source.model).where(source.rows_of(customer_id), column.is_not(None))).all()
        safe.preload(rows)
        for row in rows:
            if text := str(safe.open(row, source.column)):
                yield text


def kept_words(session: Session, text: str) -> tuple[str, ...]:
    """Names and codes of the catalogue that stand in the text: a product is no person."""
    known = _known(session)
    if known.products is None:
        with session.no_autoflush:
            rows = session.execute(select(Product.name, Product.code)).all()
        known.products = tuple({word for row in rows for word in row if word})
    return tuple(word for word in known.products if word in text)
