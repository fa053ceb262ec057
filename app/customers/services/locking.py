"""Take a customer for a change: locked, fresh, still there, and as the person saw it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.customers.models import Customer
from app.errors import Conflict
from app.words import say


def locked(session: Session, customer: Customer) -> Customer:
    """Lock the row until the commit and read it anew. Locks come in the order customers → tickets → counter → audit.

    `key_share`: a ticket that names this customer may be inserted meanwhile; without it the two could wait for each
    other.
    """
    session.flush()
    return session.scalars(
        select(Customer).where(Customer.id == customer.id).with_for_update(key_share=True),
        execution_options={"populate_existing": True},
    ).one()


def to_change(session: Session, customer: Customer, version: int | None = None) -> Customer:
    """`locked`, for a customer who may still change. Raises Conflict where erased, merged or changed meanwhile."""
    found = locked(session, customer)
    if found.erased_at:
        raise Conflict(say("该客户的个人信息已按要求删除，不能再修改。没有改动任何内容。"))
    if found.merged_into_id:
        raise Conflict(say("该客户已并入另一位客户，请在那位客户的页面上修改。没有改动任何内容。"))
    if version is not None and version != found.version:
        raise Conflict(
            say("这位客户的资料刚被别人修改过，您的修改没有保存。请刷新后核对，再改一次。"),
            extra={"version": found.version, "given_version": version},
        )
    return found
