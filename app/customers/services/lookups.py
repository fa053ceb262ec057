"""Find a customer by what they say on the phone: a whole number, a mail, or four digits among one's own customers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from app.accounts.throttle import RECALL_FULL, RECALL_LAST4, take
from app.audit.trail import record
from app.crypto.blind import Kind
from app.customers import contact_index, normalise
from app.customers.han import fold
from app.customers.models import Customer, CustomerMatch
from app.errors import Invalid
from app.orm import new_uid
from app.policy import Action, Actor, authorize
from app.words import say

MOST = 20
MATCH_LASTS = timedelta(minutes=15)


@dataclass(frozen=True)
class Found:
    """At most 20 customers, the newest first; `more` says that there were others. Holds nothing of what was typed."""

    kind: Kind
    customers: tuple[Customer, ...]
    more: bool = False


def kind_of(text: str) -> tuple[Kind, str] | None:
    """What somebody typed into a search box, normalised, when it is personal data that must not go into an address."""
    if mail := normalise.parse_email(text):
        return Kind.EMAIL, mail
    if not normalise.last4_problem(text):
        return Kind.LAST4, fold(normalise.clean(text))
    if phone := normalise.parse_phone(text):
        return Kind.PHONE, phone.number
    return None


def lookup(session: Session, text: str, *, by: Actor, now: datetime, reach: Select[Any] | None = None) -> Found:
    """Customers with exactly this phone or mail, or with these last four digits.

    `reach` selects the ids of customers with a ticket that the viewer may see; four digits find only those. Each call
    is counted (120 and 30 an hour) and audited without the value.
    """
    authorize(by, Action.CUSTOMER_FIND)
    term = kind_of(text)
    if term is None:
        raise Invalid(
            say("没有看懂要查什么。请输入完整的电话、邮箱，或电话的最后四位数字。"),
            fields={"text": [say("请输入完整的电话、邮箱，或电话的最后四位数字。")]},
        )
    kind, value = term
    take(session, RECALL_LAST4 if kind is Kind.LAST4 else RECALL_FULL, by.id, now=now)
    found = _matching(session, kind, value, reach)
    result = Found(kind, tuple(found[:MOST]), more=len(found) > MOST)
    ids = [customer.id for customer in result.customers]
    record(session, by, "customer.looked_up", at=now, data={"kind": kind, "customers": ids})
    return result


def _matching(session: Session, kind: Kind, value: str, reach: Select[Any] | None) -> list[Customer]:
    """Reach is asked only about those who match: the customers of all tickets would be too many to list."""
    ids = contact_index.customers_with(session, kind, value)
    if kind is Kind.LAST4:
        if reach is None or not ids:
            return []
        ids = session.scalars(reach.where(reach.selected_columns[0].in_(ids))).all()
    query = select(Customer).where(Customer.id.in_(ids)).order_by(Customer.id.desc())
    return list(session.scalars(query.limit(MOST + 1)).all())


def keep_match(session: Session, found: Found, *, by: Actor, now: datetime) -> CustomerMatch:
    """Keep the ids for a quarter of an hour under a random id, which may stand in an address. Old ones go."""
    session.execute(delete(CustomerMatch).where(CustomerMatch.expires_at <= now))
    match = CustomerMatch(
        uid=new_uid(),
        user_id=by.id,
        kind=found.kind,
        customer_ids=[customer.id for customer in found.customers],
        more=found.more,
        expires_at=now + MATCH_LASTS,
    )
    session.add(match)
    session.flush()
    return match
