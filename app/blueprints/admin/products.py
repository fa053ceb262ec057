"""Products and service items, with their batches."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for

from app.blueprints.admin.forms import BatchForm, NewProductForm, ProductForm
from app.blueprints.admin.routes import bp
from app.blueprints.admin.saving import press, save
from app.customers import services
from app.customers.models import Product
from app.customers.queries import batches
from app.customers.queries import products as catalogue
from app.errors import Conflict, NotFound
from app.extensions import db
from app.policy import Action
from app.web.access import requires, the_actor
from app.web.transaction import Answer, done, show, tell, transactional
from app.words import say


def _found(product_id: int) -> Product:
    found = db.session().get(Product, product_id)
    if found is None:
        raise NotFound
    return found


@bp.get("/products")
@requires(Action.CATEGORIES_ADMIN)
def products() -> Answer:
    rows = catalogue(db.session(), retired=True)
    return show("admin/products.html", rows=sorted(rows, key=lambda row: row.retired_at is not None))


@bp.get("/products/new")
@requires(Action.CATEGORIES_ADMIN)
def new_product() -> Answer:
    return show("admin/product.html", form=NewProductForm(), product=None)


@bp.post("/products/new")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def add_product() -> Answer:
    form = NewProductForm()
    made: list[Product] = []

    def act() -> None:
        given = {"code": form.code.data or "", "name": form.name.data or "", "line": form.line.data or ""}
        made.append(services.add_product(db.session(), **given, by=the_actor(), now=g.now))

    return save(
        form,
        act,
        "admin/product.html",
        said=say("产品已新增。"),
        otherwise=lambda: url_for("admin.product", product_id=made[0].id),
        product=None,
    )


def _drawn(product_id: int) -> dict[str, Any]:
    return {
        "product": lambda: _found(product_id),
        "batches": lambda: batches(db.session(), product_id),
    }


def _form(product: Product, **plain: Any) -> ProductForm:
    return ProductForm(**plain, name=product.name, line=product.line, version=str(product.version))


@bp.get("/products/<int:product_id>")
@requires(Action.CATEGORIES_ADMIN)
def product(product_id: int) -> Answer:
    found = _found(product_id)
    return show("admin/product.html", form=_form(found), batch_form=BatchForm(), **_drawn(product_id))


@bp.post("/products/<int:product_id>")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def edit_product(product_id: int) -> Answer:
    session, found = db.session(), _found(product_id)
    form = _form(found)

    def act() -> None:
        given = {"name": form.name.data or "", "line": form.line.data or ""}
        services.edit_product(session, found, **given, version=form.seen, by=the_actor(), now=g.now)

    def theirs() -> tuple[int, dict[str, Any]]:
        session.refresh(found)
        return found.version, {"name": found.name, "line": found.line}

    return save(
        form,
        act,
        "admin/product.html",
        said=say("产品已保存。"),
        otherwise=url_for("admin.products"),
        theirs=theirs,
        batch_form=BatchForm(formdata=None),
        **_drawn(product_id),
    )


@bp.post("/products/<int:product_id>/batches")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def add_product_batch(product_id: int) -> Answer:
    found, batch_form = _found(product_id), BatchForm()
    drawn = _drawn(product_id) | {"form": lambda: _form(_found(product_id), formdata=None), "batch_form": batch_form}
    if not batch_form.validate_on_submit():
        return show("admin/product.html", status=422, **drawn)
    try:
        services.add_batch(db.session(), found, batch_form.code.data or "", by=the_actor(), now=g.now)
    except Conflict as clash:
        batch_form.blame("code", clash.sentence)
        return show("admin/product.html", status=409, **drawn)
    tell(say("批次已新增。"))
    return done(None, otherwise=url_for("admin.product", product_id=product_id))


@bp.post("/products/<int:product_id>/retirement")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def retire_product(product_id: int) -> Answer:
    version = request.form.get("version", 0, type=int)
    found = _found(product_id)
    return press(
        lambda: services.retire_product(db.session(), found, version=version, by=the_actor(), now=g.now),
        said=say("产品已停用：新工单不再提供，已有记录不变。"),
        otherwise=url_for("admin.product", product_id=product_id),
    )


@bp.post("/products/<int:product_id>/restoration")
@requires(Action.CATEGORIES_ADMIN)
@transactional
def restore_product(product_id: int) -> Answer:
    version = request.form.get("version", 0, type=int)
    found = _found(product_id)
    return press(
        lambda: services.restore_product(db.session(), found, version=version, by=the_actor(), now=g.now),
        said=say("产品已恢复。"),
        otherwise=url_for("admin.product", product_id=product_id),
    )
