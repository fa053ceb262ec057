"""Who is calling? An exact contact finds the customer; nobody found makes a new one, also when two ask at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.audit.trail import record
from app.crypto import OWNER_CUSTOMER, DataKey, vault
from app.crypto.blind import Kind
from app.customers import contact_index, personal
from app.customers.given import GivenCustomer, checked
from app.customers.models import Contact, Customer, CustomerKind, Tier
from app.customers.normalise import name_key
from app.customers.services.locking import locked
from app.customers.written import reredact
from app.errors import NotAllowed
from app.numbering import company_day, next_number
from app.orm import new_uid
from app.policy import Action, Actor, may

STAFF_LOCKS = 0x42480001  # the first of two advisory lock numbers; the second is the person's id


@dataclass(frozen=True)
class Recognised:
    """`other_name` is the name given when the contact belongs to somebody known by another one."""

    customer: Customer
    known: bool
    other_name: str | None = None


def recognise(session: Session, given: GivenCustomer, *, by: Actor, now: datetime) -> Recognised:
    """The customer with this phone, else with this mail, else a new one.

    Raises Invalid with a sentence per field of a wrong shape.
    """
    if not (may(by, Action.TICKET_REGISTER) or may(by, Action.CUSTOMER_EDIT)):
        raise NotAllowed
    given = checked(given)
    wanted = [term for kind, value in given.contacts for term in contact_index.terms(kind, value)]
    exact = [(kind, value) for kind, value in wanted if kind is not Kind.LAST4]
    contact_index.hold(session, exact)
    for kind, value in exact:
        if ids := contact_index.customers_with(session, kind, value):
            return _known(session, _choose(session, ids, given.name), given, by=by, now=now)
    return Recognised(create(session, given, by=by, now=now), known=False)


def _choose(session: Session, ids: Sequence[int], name: str) -> Customer:
    """A family shares a phone: the one with the name that was given, else the oldest."""
    customers = session.scalars(select(Customer).where(Customer.id.in_(ids)).order_by(Customer.id)).all()
    safe = vault(session)
    safe.preload(customers)
    wanted = name_key(name)
    same = (customer for customer in customers if wanted and name_key(str(safe.open(customer, "name"))) == wanted)
    return next(same, customers[0])


def _known(session: Session, customer: Customer, given: GivenCustomer, *, by: Actor, now: datetime) -> Recognised:
    customer = locked(session, customer)
    name = vault(session).open(customer, "name")
    other = bool(given.name and (name.text or not name.ok) and name_key(str(name)) != name_key(given.name))
    if given.tier == Tier.VIP and customer.tier != Tier.VIP:
        customer.tier = Tier.VIP
        record(session, by, "customer.tier_set", customer, at=now, data={"tier": Tier.VIP})
    if other:
        if not personal.personal_of(session, customer).knows_name(given.name):
            reredact(session, customer, now, also=(given.name,))
    elif _learn(session, customer, given, now):
        reredact(session, customer, now)
    session.flush()
    return Recognised(customer, known=True, other_name=given.name if other else None)


def _learn(session: Session, customer: Customer, given: GivenCustomer, now: datetime) -> bool:
    """Fill what was missing so far; never overwrite. Whether anything was."""
    safe, key = vault(session), personal.customer_key(session, customer)
    learnt = False
    for column in ("name", "company", "address"):
        if (value := getattr(given, column)) and getattr(customer, column) is None:
            setattr(customer, column, safe.seal(customer, column, value, key))
            learnt = True
    contacts = session.scalars(select(Contact).where(Contact.customer_id == customer.id)).all()
    there = {contact.kind for contact in contacts}
    new = [pair for pair in given.contacts if pair[0] not in there and not _somebodys(session, *pair)]
    if new:
        safe.preload(contacts)
        add_contacts(session, customer, key, new, now, start=len(contacts))
        known = [(contact.kind, str(safe.open(contact, "value"))) for contact in contacts]
        contact_index.reindex_customer(session, customer, [*known, *new])
    if learnt or new:
        customer.version += 1
        session.flush()
        personal.forget(session, customer.id)
    return learnt or bool(new)


def _somebodys(session: Session, kind: str, value: str) -> bool:
    """Is this already how to reach somebody? Then it is not for us to say whose it is."""
    exact = [term for term in contact_index.terms(kind, value) if term[0] is not Kind.LAST4]
    return any(contact_index.customers_with(session, *term) for term in exact)


def add_contacts(
    session: Session,
    customer: Customer,
    key: DataKey,
    contacts: Sequence[tuple[str, str]],
    now: datetime,
    *,
    start: int = 0,
) -> None:
    """Insert sealed contacts; the index is the caller's."""
    for position, (kind, value) in enumerate(contacts, start):
        row = Contact(uid=new_uid(), customer_id=customer.id, kind=kind, position=position, created_at=now)
        row.value = vault(session).seal(row, "value", value, key)
        session.add(row)
    session.flush()


def create(
    session: Session, given: GivenCustomer, *, by: Actor, now: datetime, staff_id: int | None = None
) -> Customer:
    """A new customer with a data key of their own. `given` is checked already."""
    safe = vault(session)
    key = safe.new_key(OWNER_CUSTOMER, None, now)
    customer = Customer(
        uid=new_uid(),
        kind=given.kind or CustomerKind.UNKNOWN,
        tier=given.tier or Tier.NEW,
        staff_id=staff_id,
        created_at=now,
        created_by=by.id,
    )
    for column in ("name", "company", "address"):
        if value := getattr(given, column):
            setattr(customer, column, safe.seal(customer, column, value, key))
    period = f"{company_day(session, now):%Y%m}"
    customer.no = f"C{period}{next_number(session, 'customer', period):03d}"
    session.add(customer)
    session.flush()
    key.owner_id = customer.id
    add_contacts(session, customer, key, given.contacts, now)
    contact_index.reindex_customer(session, customer, given.contacts)
    if customer.tier == Tier.VIP:
        record(session, by, "customer.tier_set", customer, at=now, data={"tier": Tier.VIP})
    return customer


def staff_customer(session: Session, *, by: Actor, now: datetime) -> Customer:
    """The one customer of kind staff that stands for this member of staff, made when first needed."""
    if not (may(by, Action.GAP_REPORT) or may(by, Action.TICKET_REGISTER)):
        raise NotAllowed
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(:a, :b)"), {"a": STAFF_LOCKS, "b": by.id})
    found = session.scalars(
        select(Customer).where(Customer.staff_id == by.id, Customer.erased_at.is_(None)).order_by(Customer.id).limit(1)
    ).first()
    if found:
        return found
    return create(session, GivenCustomer(name=by.name, kind=CustomerKind.STAFF), by=by, now=now, staff_id=by.id)
