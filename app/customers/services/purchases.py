"""What a customer bought."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.audit.trail import record
from app.crypto import vault
from app.customers import normalise, personal
from app.customers.given import LONGEST_ID, LONGEST_NOTE, GivenPurchase
from app.customers.models import Customer, Product, ProductBatch, Purchase
from app.customers.services.locking import to_change
from app.errors import Invalid
from app.orm import new_uid
from app.policy import Action, Actor, authorize
from app.words import Sentence, say

LONGEST_PRODUCT = 200


def add_purchase(session: Session, customer: Customer, given: GivenPurchase, *, by: Actor, now: datetime) -> Purchase:
    """Seal what was bought under the customer's key; the product's id stays readable for figures."""
    authorize(by, Action.CUSTOMER_EDIT)
    given = _checked(session, given)
    customer = to_change(session, customer)
    purchase = Purchase(
        uid=new_uid(), customer_id=customer.id, product_id=given.product_id, batch_id=given.batch_id, created_at=now
    )
    facts = {
        "product_text": given.product_text,
        "bought_on": given.bought_on.isoformat() if given.bought_on else "",
        "serial": given.serial,
        "order_no": given.order_no,
        "note": given.note,
    }
    key = personal.customer_key(session, customer)
    purchase.facts = vault(session).seal_json(purchase, "facts", {k: v for k, v in facts.items() if v}, key)
    session.add(purchase)
    session.flush()
    record(session, by, "customer.purchase_added", customer, at=now, data={"purchase": purchase.id})
    return purchase


def _checked(session: Session, given: GivenPurchase) -> GivenPurchase:
    given = replace(
        given,
        product_text=normalise.clean(given.product_text),
        serial=normalise.clean(given.serial),
        order_no=normalise.clean(given.order_no),
        note=given.note.strip(),
    )
    problems: dict[str, list[Sentence]] = {}
    longest = {"product_text": LONGEST_PRODUCT, "serial": LONGEST_ID, "order_no": LONGEST_ID, "note": LONGEST_NOTE}
    for name, most in longest.items():
        if len(getattr(given, name)) > most:
            problems[name] = [say("太长了，最多 %(n)s 个字。", n=most)]
    if given.product_id is None and not given.product_text:
        problems["product_text"] = [say("请选择产品，或写下买了什么。")]
    if given.product_id is not None and session.get(Product, given.product_id) is None:
        problems["product_id"] = [say("没有这个产品，请重新选择。")]
    if given.batch_id is not None:
        batch = session.get(ProductBatch, given.batch_id)
        if batch is None or batch.product_id != given.product_id:
            problems["batch_id"] = [say("这个批次不属于所选产品，请重新选择。")]
    if problems:
        raise Invalid(say("购买记录有几处需要修改，还没有保存。"), fields=problems)
    return given
