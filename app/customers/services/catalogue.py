"""Products and their batches. A used product is retired, never deleted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import record
from app.customers.models import Product, ProductBatch
from app.customers.normalise import clean
from app.errors import Conflict, Invalid
from app.policy import Action, Actor, authorize
from app.words import Sentence, say

LONGEST_CODE, LONGEST_NAME, LONGEST_LINE = 64, 120, 80


def add_product(session: Session, *, code: str, name: str, line: str = "", by: Actor, now: datetime) -> Product:
    """Raises Invalid for a missing or too long value and Conflict for a code that exists (in any case of letters)."""
    authorize(by, Action.CATEGORIES_ADMIN)
    code, name, line = _checked(code, name, line)
    if session.scalar(select(Product.id).where(func.lower(Product.code) == code.lower())):
        raise Conflict(say("产品编码 %(code)s 已存在，没有新建。", code=code))
    product = Product(code=code, name=name, line=line)
    session.add(product)
    session.flush()
    record(session, by, "product.added", product, at=now)
    return product


def edit_product(
    session: Session, product: Product, *, name: str, line: str, version: int, by: Actor, now: datetime
) -> None:
    """The code stays: tickets and orders elsewhere name it."""
    authorize(by, Action.CATEGORIES_ADMIN)
    _same_version(session, product, version)
    _, product.name, product.line = _checked(product.code, name, line)
    product.version += 1
    record(session, by, "product.edited", product, at=now)


def retire_product(session: Session, product: Product, *, version: int, by: Actor, now: datetime) -> None:
    """No longer offered for new tickets; what names it keeps it."""
    authorize(by, Action.CATEGORIES_ADMIN)
    _same_version(session, product, version)
    product.retired_at = now
    product.version += 1
    record(session, by, "product.retired", product, at=now)


def restore_product(session: Session, product: Product, *, version: int, by: Actor, now: datetime) -> None:
    """Offer a retired product again."""
    authorize(by, Action.CATEGORIES_ADMIN)
    _same_version(session, product, version)
    product.retired_at = None
    product.version += 1
    record(session, by, "product.restored", product, at=now)


def add_batch(session: Session, product: Product, code: str, *, by: Actor, now: datetime) -> ProductBatch:
    authorize(by, Action.CATEGORIES_ADMIN)
    code, _, _ = _checked(code, product.name, "")
    if session.scalar(select(ProductBatch.id).where(ProductBatch.product_id == product.id, ProductBatch.code == code)):
        raise Conflict(say("批次 %(code)s 已存在，没有新建。", code=code))
    batch = ProductBatch(product_id=product.id, code=code)
    session.add(batch)
    session.flush()
    record(session, by, "product.batch_added", product, at=now, data={"batch": batch.id})
    return batch


def _checked(code: str, name: str, line: str) -> tuple[str, str, str]:
    given = {"code": clean(code), "name": clean(name), "line": clean(line)}
    problems: dict[str, list[Sentence]] = {}
    for field, most in {"code": LONGEST_CODE, "name": LONGEST_NAME, "line": LONGEST_LINE}.items():
        if len(given[field]) > most:
            problems[field] = [say("太长了，最多 %(n)s 个字。", n=most)]
        elif not given[field] and field != "line":
            problems[field] = [say("请填写这一项。")]
    if problems:
        raise Invalid(say("产品资料有几处需要修改，还没有保存。"), fields=problems)
    return given["code"], given["name"], given["line"]


def _same_version(session: Session, product: Product, version: int) -> None:
    current = session.scalar(select(Product.version).where(Product.id == product.id).with_for_update())
    if current != version:
        raise Conflict(say("这个产品刚被别人修改过，您的修改没有保存。请刷新后再改。"), extra={"version": current})
