"""Reads of customers and products. No list sorts or filters by a sealed value: the database can't read them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.customers.models import Customer, CustomerKind, CustomerMatch, Product, ProductBatch
from app.customers.normalise import clean
from app.customers.showing import (
    ShownContact,
    ShownCustomer,
    ShownPurchase,
    recent_purchases,
    shown_customer,
    shown_customers,
)
from app.errors import NotFound
from app.policy import Action, Actor, authorize

__all__ = [
    "ShownContact",
    "ShownCustomer",
    "ShownPurchase",
    "by_ids",
    "find",
    "find_product",
    "matched",
    "page",
    "products",
    "recent_purchases",
    "shown_customer",
    "shown_customers",
]

Cursor = tuple[datetime, int]
CURSOR_TYPES = (datetime, int)


@dataclass(frozen=True)
class CustomerPage:
    """`next` and `previous` are keys of the neighbouring pages, None at the ends."""

    items: Sequence[Customer]
    next: Cursor | None = None
    previous: Cursor | None = None


@dataclass(frozen=True)
class Matched:
    """What a look-up found, as kept for its short-lived address."""

    kind: str
    customers: Sequence[Customer]
    more: bool


def find(session: Session, no: str, *, viewer: Actor) -> Customer:
    """By number, in any case of letters. Raises NotFound."""
    authorize(viewer, Action.CUSTOMER_FIND)
    wanted = clean(no).upper()  # what a database can't even be asked for is not there either
    customer = session.scalars(select(Customer).where(Customer.no == wanted)).one_or_none()
    if customer is None:
        raise NotFound
    return customer


def merged_into(session: Session, customer: Customer) -> Customer | None:
    """The customer that an unknown caller turned out to be."""
    return session.get(Customer, customer.merged_into_id) if customer.merged_into_id else None


def page(
    session: Session,
    *,
    viewer: Actor,
    tiers: Collection[str] = (),
    flagged: bool = False,
    cursor: Cursor | None = None,
    backwards: bool = False,
    limit: int = 50,
) -> CustomerPage:
    """Customers (no staff), the newest first, from a (created_at, id) on. Filters are facts that lie open anyway."""
    authorize(viewer, Action.CUSTOMER_FIND)
    query = select(Customer).where(Customer.kind != CustomerKind.STAFF, Customer.merged_into_id.is_(None))
    if tiers:
        query = query.where(Customer.tier.in_(tiers))
    if flagged:
        query = query.where(Customer.flagged)
    place, key = tuple_(Customer.created_at, Customer.id), (Customer.created_at, Customer.id)
    if cursor:
        query = query.where(place > cursor if backwards else place < cursor)
    order = (column.asc() if backwards else column.desc() for column in key)
    found = list(session.scalars(query.order_by(*order).limit(limit + 1)).all())
    more, items = len(found) > limit, found[:limit]
    if backwards:
        items.reverse()
    before, after = (more, True) if backwards else (cursor is not None, more)
    return CustomerPage(
        items,
        next=(items[-1].created_at, items[-1].id) if items and after else None,
        previous=(items[0].created_at, items[0].id) if items and before else None,
    )


def by_ids(session: Session, ids: Iterable[int]) -> dict[int, Customer]:
    rows = session.scalars(select(Customer).where(Customer.id.in_(set(ids))))
    return {row.id: row for row in rows}


def matched(session: Session, uid: str, *, viewer: Actor, now: datetime) -> Matched:
    """What this person's look-up found a moment ago. Raises NotFound for others and after a quarter of an hour."""
    authorize(viewer, Action.CUSTOMER_FIND)
    row = session.scalars(
        select(CustomerMatch).where(
            CustomerMatch.uid == clean(uid), CustomerMatch.user_id == viewer.id, CustomerMatch.expires_at > now
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    found = by_ids(session, row.customer_ids)
    living = [found[id_] for id_ in row.customer_ids if id_ in found and found[id_].erased_at is None]
    return Matched(row.kind, living, row.more)


def products(session: Session, *, retired: bool = False) -> Sequence[Product]:
    query = select(Product).order_by(Product.line, Product.name)
    return session.scalars(query if retired else query.where(Product.retired_at.is_(None))).all()


def batches(session: Session, product_id: int) -> Sequence[ProductBatch]:
    return session.scalars(
        select(ProductBatch).where(ProductBatch.product_id == product_id).order_by(ProductBatch.code)
    ).all()


def find_product(session: Session, text: str) -> Product | None:
    """The product with exactly this code (any case) or name that is still offered."""
    wanted = clean(text)
    if not wanted:
        return None
    query = select(Product).where(
        Product.retired_at.is_(None), or_(func.lower(Product.code) == wanted.lower(), Product.name == wanted)
    )
    return session.scalars(query.order_by(Product.id).limit(1)).first()
