"""A customer as somebody may see them: masked by default, in full for the people on their tickets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.crypto import Opened, State, vault
from app.customers import masks
from app.customers.models import Contact, ContactKind, Customer, CustomerKind, Product, ProductBatch, Purchase
from app.customers.personal import Personal, personal_of
from app.customers.written import label_of
from app.words import Sentence, say

Mask = Callable[[str], str]
MASKS: Mapping[str, Mask] = {
    "name": masks.name,
    "company": masks.company,
    "address": masks.address,
    ContactKind.PHONE: masks.phone,
    ContactKind.EMAIL: masks.email,
    ContactKind.WECHAT: masks.wechat,
    ContactKind.WECOM: masks.wechat,
}


@dataclass(frozen=True)
class ShownContact:
    """`value` is masked unless seen in full; `label` stands in its place where it can't be opened."""

    id: int
    kind: str
    value: str = field(repr=False)
    label: Sentence | None = None


@dataclass(frozen=True)
class ShownCustomer:
    """Texts are empty where there is nothing; `labels` says for which field why nothing can be shown."""

    id: int
    no: str
    kind: str
    tier: str
    flagged: bool
    name: str = field(repr=False)
    company: str = field(repr=False)
    address: str = field(repr=False)
    contacts: tuple[ShownContact, ...] = field(repr=False)
    masked: bool
    erased: bool
    labels: Mapping[str, Sentence] = field(default_factory=dict)

    def _first(self, kind: ContactKind) -> str:
        return next((contact.value for contact in self.contacts if contact.kind == kind and contact.value), "")

    @property
    def phone(self) -> str:
        return self._first(ContactKind.PHONE)

    @property
    def email(self) -> str:
        return self._first(ContactKind.EMAIL)

    @property
    def wechat(self) -> str:
        return self._first(ContactKind.WECHAT)

    @property
    def label(self) -> Sentence | None:
        """Why not even a name can be shown."""
        if self.erased:
            return label_of(State.ERASED)
        return None if self.name or self.company else self.labels.get("name") or self.labels.get("company")

    @property
    def title(self) -> Sentence | str:
        """What to call the customer in a list or heading (never in an address or a page's title)."""
        if self.label:
            return self.label
        if self.company and self.name:
            return f"{self.company} · {self.name}"
        return self.company or self.name or self.phone or self.email or self._nameless

    @property
    def _nameless(self) -> Sentence:
        return say("未知客户") if self.kind == CustomerKind.UNKNOWN else say("未留姓名")


@dataclass(frozen=True)
class ShownPurchase:
    """Order and serial number are masked unless seen in full."""

    id: int
    product: str
    batch: str
    bought_on: date | None
    order_no: str = field(repr=False)
    serial: str = field(repr=False)
    note: str = field(repr=False)
    label: Sentence | None = None


def shown_customer(session: Session, customer: Customer, *, full: bool) -> ShownCustomer:
    return shown_customers(session, [customer], full=full)[customer.id]


def shown_customers(
    session: Session, customers: Iterable[Customer], *, full: bool | Collection[int] = False
) -> dict[int, ShownCustomer]:
    """By id, for any number of customers, with two queries. `full`: all, none, or the ids seen in full."""
    customers = list(customers)
    contacts: dict[int, list[Contact]] = {customer.id: [] for customer in customers}
    rows = session.scalars(
        select(Contact).where(Contact.customer_id.in_(contacts)).order_by(Contact.position, Contact.id)
    ).all()
    for row in rows:
        contacts[row.customer_id].append(row)
    vault(session).preload([*customers, *rows])
    return {
        customer.id: _shown(
            session, customer, contacts[customer.id], full if isinstance(full, bool) else customer.id in full
        )
        for customer in customers
    }


def _shown(session: Session, customer: Customer, contacts: Sequence[Contact], full: bool) -> ShownCustomer:
    safe = vault(session)
    labels: dict[str, Sentence] = {}
    values: dict[str, str] = {}
    for column in ("name", "company", "address"):
        values[column], label = _seen(safe.open(customer, column), MASKS[column], full)
        if label:
            labels[column] = label
    return ShownCustomer(
        id=customer.id,
        no=customer.no,
        kind=customer.kind,
        tier=customer.tier,
        flagged=customer.flagged,
        contacts=tuple(
            ShownContact(row.id, row.kind, *_seen(safe.open(row, "value"), MASKS[row.kind], full)) for row in contacts
        ),
        masked=not full,
        erased=customer.erased_at is not None,
        labels=labels,
        **values,
    )


def _seen(opened: Opened, mask: Mask, full: bool) -> tuple[str, Sentence | None]:
    text = opened.text or ""
    return (text if full else mask(text)), label_of(opened.state)


def recent_purchases(session: Session, customer: Customer, *, full: bool, limit: int = 50) -> list[ShownPurchase]:
    """What the customer bought, the newest entry first."""
    rows = session.execute(
        select(Purchase, Product.name, ProductBatch.code)
        .outerjoin(Product, Product.id == Purchase.product_id)
        .outerjoin(ProductBatch, ProductBatch.id == Purchase.batch_id)
        .where(Purchase.customer_id == customer.id)
        .order_by(Purchase.id.desc())
        .limit(limit)
    ).all()
    vault(session).preload(row[0] for row in rows)
    hide = None if full else personal_of(session, customer)
    return [_shown_purchase(session, purchase, name, batch, hide) for purchase, name, batch in rows]


def _shown_purchase(
    session: Session, purchase: Purchase, product: str | None, batch: str | None, hide: Personal | None
) -> ShownPurchase:
    """`hide`: the customer's own values, to be taken out of what was typed as the product; None shows everything."""
    full = hide is None
    opened = vault(session).open_json(purchase, "facts")
    facts = opened.data if isinstance(opened.data, dict) else {}
    text = str(facts.get("product_text") or "")
    order_no, serial = str(facts.get("order_no") or ""), str(facts.get("serial") or "")
    return ShownPurchase(
        id=purchase.id,
        product=product or (text if hide is None else hide.redact(text)),
        batch=batch or "",
        bought_on=date.fromisoformat(facts["bought_on"]) if facts.get("bought_on") else None,
        order_no=order_no if full else masks.order(order_no),
        serial=serial if full else masks.order(serial),
        note=str(facts.get("note") or "") if full else "",
        label=label_of(opened.state),
    )
