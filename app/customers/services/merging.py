"""A caller without data turns out to be somebody we know: everything of theirs goes to the known customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.audit.trail import record
from app.crypto import OWNER_CUSTOMER, vault
from app.customers import contact_index, personal
from app.customers.models import Contact, Customer, CustomerKind, Purchase, Reveal
from app.customers.services.contacts import contacts_of
from app.customers.services.locking import to_change
from app.customers.services.standing import grow_returning
from app.customers.written import reredact
from app.errors import Conflict
from app.policy import Action, Actor, authorize
from app.words import say


@dataclass(frozen=True)
class OwnerColumn:
    """A foreign key to a customer in a package above. `counts`: rows that make a customer a returning one."""

    model: type[Any]
    column: str
    counts: bool


OWNERS: list[OwnerColumn] = []


def register_owner(model: type[Any], column: str = "customer_id", *, counts: bool = True) -> None:
    """Say that a model belongs to a customer, so that merging customers takes its rows along."""
    OWNERS.append(OwnerColumn(model, column, counts))


def merge_unknown(session: Session, unknown: Customer, into: Customer, *, by: Actor, now: datetime) -> Customer:
    """Give tickets, contacts, purchases and data keys of an unknown caller to a known customer."""
    authorize(by, Action.CUSTOMER_EDIT)
    if unknown.id == into.id:
        raise Conflict(say("不能把客户并入自己。没有改动任何内容。"))
    first, second = sorted((unknown, into), key=lambda customer: customer.id)
    to_change(session, first)
    to_change(session, second)
    if unknown.kind != CustomerKind.UNKNOWN:
        raise Conflict(say("只有未知客户可以并入别的客户。没有改动任何内容。"))
    if into.kind not in (CustomerKind.PERSON, CustomerKind.COMPANY):
        raise Conflict(say("只能并入个人客户或企业客户。没有改动任何内容。"))
    tickets = _move(session, unknown, into)
    unknown.merged_into_id = into.id
    unknown.version += 1
    into.version += 1
    session.flush()
    personal.forget(session, into.id)
    personal.forget(session, unknown.id)
    rows = contacts_of(session, into)
    opened = [(row.kind, vault(session).open(row, "value")) for row in rows]
    damaged = any(not value.ok for _, value in opened)
    contact_index.forget_customer(session, unknown)
    contact_index.reindex_customer(session, into, [(kind, str(value)) for kind, value in opened], keep=damaged)
    grow_returning(session, into, tickets=tickets, by=by, now=now)
    reredact(session, into, now)
    record(session, by, "customer.merged", unknown, at=now, data={"into": into.id})
    return into


def _move(session: Session, unknown: Customer, into: Customer) -> int:
    """Repoint every row; how many tickets the known customer has now."""
    vault(session).repoint((OWNER_CUSTOMER, unknown.id), (OWNER_CUSTOMER, into.id))
    total = 0
    own = [OwnerColumn(model, "customer_id", False) for model in (Contact, Purchase, Reveal)]
    for owner in (*own, *OWNERS):
        column = getattr(owner.model, owner.column)
        statement = update(owner.model).where(column == unknown.id).values({owner.column: into.id})
        session.execute(statement, execution_options={"synchronize_session": "fetch"})
        if owner.counts:
            total += session.scalar(select(func.count()).select_from(owner.model).where(column == into.id)) or 0
    return total
