"""Everything that is held on one customer, as data for that customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.trail import record
from app.crypto import vault
from app.customers import given as shapes
from app.customers.models import Contact, Customer, PrivacyRequest, Product, Purchase, Reveal
from app.customers.personal import NAME_COLUMNS
from app.customers.services.erasure import EXPORT
from app.customers.written import PAIRS, Pairs, redacted, rows_about
from app.errors import Conflict
from app.policy import Action, Actor, authorize
from app.words import say

FORMAT = "bihuan customer export 1"
UNREADABLE = {"unreadable": True}


def export(session: Session, customer: Customer, *, reason: str, by: Actor, now: datetime) -> dict[str, Any]:
    """All data held on the customer in clear; commit (the audit entry) before the first byte is sent.

    A value that can't be opened stands as {"unreadable": true}. Raises Conflict once the customer was erased.
    """
    authorize(by, Action.CUSTOMER_ERASE)
    reason = shapes.reason(reason)
    if customer.erased_at:
        raise Conflict(say("该客户的个人信息已按要求删除，没有可以导出的内容。"))
    reason = redacted(session, reason, customer=customer)
    session.add(PrivacyRequest(customer_id=customer.id, kind=EXPORT, reason=reason, by_id=by.id, at=now))
    record(session, by, "customer.exported", customer, at=now)
    session.flush()
    return {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "customer": _customer(session, customer),
        "contacts": _contacts(session, customer),
        "purchases": _purchases(session, customer),
        "other_names": _other_names(session, customer),
        **_written(session, customer),
        "shown_to_staff": _reveals(session, customer),
    }


def _text(session: Session, row: Any, column: str) -> Any:
    opened = vault(session).open(row, column)
    return opened.text if opened.ok else UNREADABLE


def _json(session: Session, row: Any, column: str) -> Any:
    opened = vault(session).open_json(row, column)
    return opened.data if opened.ok else UNREADABLE


def _customer(session: Session, customer: Customer) -> dict[str, Any]:
    sealed = {column: _text(session, customer, column) for column in ("name", "company", "address")}
    return {
        "customer_no": customer.no,
        "kind": customer.kind,
        "tier": customer.tier,
        "key_customer": customer.flagged,
        "created_at": customer.created_at.isoformat(),
        **sealed,
    }


def _contacts(session: Session, customer: Customer) -> list[dict[str, Any]]:
    rows: Sequence[Contact] = session.scalars(
        select(Contact).where(Contact.customer_id == customer.id).order_by(Contact.position, Contact.id)
    ).all()
    return [
        {"kind": row.kind, "value": _text(session, row, "value"), "created_at": row.created_at.isoformat()}
        for row in rows
    ]


def _purchases(session: Session, customer: Customer) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Purchase, Product.code, Product.name)
        .outerjoin(Product, Product.id == Purchase.product_id)
        .where(Purchase.customer_id == customer.id)
        .order_by(Purchase.id)
    ).all()
    return [
        {
            "product": name,
            "product_code": code,
            "facts": _json(session, row, "facts"),
            "created_at": row.created_at.isoformat(),
        }
        for row, code, name in rows
    ]


def _other_names(session: Session, customer: Customer) -> list[Any]:
    return [
        _text(session, row, source.column)
        for source in NAME_COLUMNS
        for row in session.scalars(
            select(source.model).where(source.rows_of(customer.id), getattr(source.model, source.column).is_not(None))
        )
    ]


def _written(session: Session, customer: Customer) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for pairs in (pairs for pairs in PAIRS if pairs.what):
        section = found.setdefault(pairs.what, [])
        for rows in rows_about(session, customer, pairs):
            section += [_row(session, row, pairs) for row in rows]
    return found


def _row(session: Session, row: Any, pairs: Pairs) -> dict[str, Any]:
    """Original texts, and the plain facts that the owner of the model named for the export."""
    values = {name: getattr(row, name) for name in (*pairs.facts, *pairs.plain)}
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
    texts = {name: _text(session, row, f"{name}_sealed") for name in pairs.texts}
    facts = {name: _json(session, row, f"{name}_sealed") for name in pairs.json}
    return plain | texts | facts


def _reveals(session: Session, customer: Customer) -> list[dict[str, Any]]:
    rows = session.scalars(select(Reveal).where(Reveal.customer_id == customer.id).order_by(Reveal.id)).all()
    return [{"field": row.field.partition("-")[0], "reason": row.reason, "at": row.at.isoformat()} for row in rows]
