"""Show one personal value in full to somebody who is not on the customer's tickets: with a reason, counted, audited."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.audit.trail import record
from app.crypto import Opened, State, vault
from app.customers import given as shapes
from app.customers.models import Contact, Customer, Purchase, Reveal
from app.customers.written import Shown, label_of, redacted
from app.errors import Conflict, NotAllowed, NotFound, TooMany
from app.numbering import company_day, company_zone
from app.policy import Action, Actor, Reach, TicketFacts, may, reaches
from app.words import say

A_DAY = 30
VALUES = ("name", "company", "address")


def reveal(
    session: Session,
    customer: Customer,
    field: str,
    *,
    reason: str,
    by: Actor,
    now: datetime,
    facts: Iterable[TicketFacts] = (),
) -> Shown:
    """The value in clear, after the row and the audit entry are written; commit before anything of it is sent.

    `field`: name, company, address, contact-<id>, purchase-<id>. `facts`: the customer's tickets, for those who may
    only reveal by way of one. Raises TooMany after 30 in one day of the company.
    """
    _authorize(by, facts)
    reason = shapes.reason(reason)
    if customer.erased_at:
        raise Conflict(say("该客户的个人信息已按要求删除，没有可以显示的内容。"))
    opened, kind = _open(session, customer, field)
    _count(session, by, now)
    session.add(
        Reveal(
            user_id=by.id,
            customer_id=customer.id,
            field=field,
            reason=redacted(session, reason, customer=customer),
            at=now,
        )
    )
    record(session, by, "customer.revealed", customer, at=now, data={"field": kind})
    session.flush()
    damaged = opened.state is State.DAMAGED
    return Shown(opened.text or "", damaged=damaged, state=opened.state, label=label_of(opened.state))


def _authorize(by: Actor, facts: Iterable[TicketFacts]) -> None:
    if Reach.ALL in reaches(by, Action.REVEAL):
        return
    if not any(may(by, Action.REVEAL, one) for one in facts):
        raise NotAllowed


def _open(session: Session, customer: Customer, field: str) -> tuple[Opened, str]:
    """The value, and the name of its kind for the audit. Raises NotFound for a field that this customer hasn't got."""
    safe = vault(session)
    if field in VALUES:
        return safe.open(customer, field), field
    kind, _, number = field.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise NotFound
    if kind == "contact":
        contact = session.get(Contact, int(number))
        if contact and contact.customer_id == customer.id:
            return safe.open(contact, "value"), contact.kind
    if kind == "purchase":
        purchase = session.get(Purchase, int(number))
        if purchase and purchase.customer_id == customer.id:
            return _order_of(session, purchase), "order"
    raise NotFound


def _order_of(session: Session, purchase: Purchase) -> Opened:
    """Order and serial number: what identifies the purchase to others."""
    opened = vault(session).open_json(purchase, "facts")
    if not isinstance(opened.data, dict):
        return Opened(None, opened.state)
    numbers = (str(opened.data.get(name) or "") for name in ("order_no", "serial"))
    return Opened(" / ".join(filter(None, numbers)), opened.state)


def _count(session: Session, by: Actor, now: datetime) -> None:
    """The person's row is locked, or two windows at once would get a thirty-first."""
    session.execute(select(User.id).where(User.id == by.id).with_for_update(key_share=True))
    if revealed_today(session, by, now) >= A_DAY:
        midnight = day_start(session, now) + timedelta(days=1)
        raise TooMany(
            say("今天已显示 %(n)s 项个人信息，达到每日上限，这次没有显示。确有需要请联系主管，或明天再试。", n=A_DAY),
            retry_after=max(1, int((midnight - now).total_seconds())),
        )


def revealed_today(session: Session, by: Actor, now: datetime) -> int:
    """How many values the person has revealed since the company's midnight."""
    query = select(func.count()).where(Reveal.user_id == by.id, Reveal.at >= day_start(session, now))
    return session.scalar(query) or 0


def day_start(session: Session, now: datetime) -> datetime:
    """The company's last midnight, in UTC."""
    return datetime.combine(company_day(session, now), time.min, company_zone(session)).astimezone(UTC)
