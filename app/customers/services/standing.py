"""What a customer is to the company: tier and flag by hand, "returning" by rule."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.audit.trail import record
from app.customers.models import Customer, CustomerKind, Tier
from app.customers.services.locking import to_change
from app.errors import Invalid
from app.policy import Action, Actor, authorize
from app.words import say

RETURNING_FROM = 2  # tickets


def is_key_customer(customer: Customer) -> bool:
    """Floors the impact of their tickets at 3."""
    return customer.tier == Tier.VIP or customer.flagged


def grow_returning(session: Session, customer: Customer, *, tickets: int, by: Actor, now: datetime) -> bool:
    """With the second ticket a new customer is a returning one. `tickets` counts the one being registered."""
    counted = customer.kind in (CustomerKind.PERSON, CustomerKind.COMPANY)
    if not counted or tickets < RETURNING_FROM or customer.tier != Tier.NEW:
        return False
    customer.tier = Tier.RETURNING
    return True


def set_tier(session: Session, customer: Customer, tier: str, *, by: Actor, version: int | None, now: datetime) -> None:
    """By hand, for instance VIP. Raises Invalid for an unknown tier, Conflict for a stale version."""
    authorize(by, Action.CUSTOMER_EDIT)
    if tier not in set(Tier):
        raise Invalid(say("没有这种客户类型，没有改动。"), fields={"tier": [say("请选择 VIP、老客户或新客户。")]})
    customer = to_change(session, customer, version)
    if customer.tier == tier:
        return
    customer.tier = tier
    customer.version += 1
    record(session, by, "customer.tier_set", customer, at=now, data={"tier": tier})


def set_flag(
    session: Session, customer: Customer, flagged: bool, *, by: Actor, version: int | None, now: datetime
) -> None:
    """Mark as a key customer, or not any more."""
    authorize(by, Action.CUSTOMER_EDIT)
    customer = to_change(session, customer, version)
    if customer.flagged == flagged:
        return
    customer.flagged = flagged
    customer.version += 1
    record(session, by, "customer.flagged" if flagged else "customer.unflagged", customer, at=now)
