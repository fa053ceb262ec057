"""Edit what is known of a customer: names, address, ways to reach them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.trail import record
from app.crypto import vault
from app.customers import contact_index, personal
from app.customers.given import CustomerChanges, Problems, contact, line, refuse
from app.customers.models import Contact, ContactKind, Customer, CustomerKind
from app.customers.services.locking import to_change
from app.customers.services.recognition import add_contacts
from app.customers.written import reredact
from app.errors import Conflict
from app.policy import Action, Actor, authorize
from app.words import say

MOST_CONTACTS = 20


def edit(
    session: Session,
    customer: Customer,
    changes: CustomerChanges,
    *,
    by: Actor,
    version: int | None,
    now: datetime,
) -> Customer:
    """Change values, contacts and the index together, and take the new ones out of what was written before.

    Raises Conflict where somebody else changed the customer since `version`, Invalid with sentences per field
    (`name`, `contact-<id>`, `add-<n>`).
    """
    authorize(by, Action.CUSTOMER_EDIT)
    changes = _checked(session, customer, changes)
    # The index locks come before the customer's, as in recognition, or the two could wait for each other.
    new = [*changes.add, *((ContactKind.PHONE, value) for value in changes.contacts.values())]
    new += [(ContactKind.EMAIL, value) for value in changes.contacts.values()]
    contact_index.hold(session, [term for kind, value in new for term in contact_index.terms(kind, value)])
    customer = to_change(session, customer, version)
    fields = _change_values(session, customer, changes)
    fields += _change_contacts(session, customer, changes, now)
    if not fields:
        return customer
    _settle_kind(customer)
    customer.version += 1
    session.flush()
    personal.forget(session, customer.id)
    reredact(session, customer, now)
    record(session, by, "customer.edited", customer, at=now, data={"fields": sorted(set(fields))})
    return customer


def contacts_of(session: Session, customer: Customer) -> Sequence[Contact]:
    query = select(Contact).where(Contact.customer_id == customer.id).order_by(Contact.position, Contact.id)
    rows = session.scalars(query).all()
    vault(session).preload(rows)
    return rows


def _checked(session: Session, customer: Customer, changes: CustomerChanges) -> CustomerChanges:
    problems: Problems = {}
    values = {
        name: None if (text := getattr(changes, name)) is None else line(text, name, problems)
        for name in ("name", "company", "address")
    }
    kinds = {row.id: row.kind for row in contacts_of(session, customer)}
    if set(changes.contacts) - set(kinds):
        raise Conflict(say("要修改的联系方式刚被删除，您的修改没有保存。请刷新后核对。"))
    contacts = {id_: contact(kinds[id_], text, f"contact-{id_}", problems) for id_, text in changes.contacts.items()}
    add = [(kind, contact(kind, text, f"add-{n}", problems)) for n, (kind, text) in enumerate(changes.add)]
    refuse(problems)
    return CustomerChanges(**values, contacts=contacts, add=[pair for pair in add if pair[1]])


def _change_values(session: Session, customer: Customer, changes: CustomerChanges) -> list[str]:
    safe, changed = vault(session), []
    for column in ("name", "company", "address"):
        text = getattr(changes, column)
        if text is None:
            continue
        opened = safe.open(customer, column)
        if opened.ok and str(opened) == text:
            continue
        key = personal.customer_key(session, customer)
        setattr(customer, column, safe.seal(customer, column, text, key) if text else None)
        changed.append(column)
    return changed


def _change_contacts(session: Session, customer: Customer, changes: CustomerChanges, now: datetime) -> list[str]:
    if not changes.contacts and not changes.add:
        return []
    safe, key = vault(session), personal.customer_key(session, customer)
    contacts = contacts_of(session, customer)
    changed, after, damaged = [], list[tuple[str, str]](), False
    for row in contacts:
        opened, wanted = safe.open(row, "value"), changes.contacts.get(row.id)
        if wanted is None or (opened.ok and str(opened) == wanted):
            after.append((row.kind, str(opened)))
            damaged = damaged or not opened.ok
            continue
        changed.append(row.kind)
        if wanted:
            row.value = safe.seal(row, "value", wanted, key)
            after.append((row.kind, wanted))
        else:
            session.delete(row)
    new = [pair for pair in changes.add if pair not in after]
    if len(after) + len(new) > MOST_CONTACTS:
        raise Conflict(say("一位客户最多保存 %(n)s 个联系方式，请先删除不用的。", n=MOST_CONTACTS))
    add_contacts(session, customer, key, new, now, start=len(contacts))
    contact_index.reindex_customer(session, customer, [*after, *new], keep=damaged)
    return [*changed, *(kind for kind, _ in new)]


def _settle_kind(customer: Customer) -> None:
    """A caller without data who got a name is no longer unknown."""
    if customer.kind == CustomerKind.UNKNOWN and (customer.name or customer.company):
        customer.kind = CustomerKind.COMPANY if customer.company else CustomerKind.PERSON
