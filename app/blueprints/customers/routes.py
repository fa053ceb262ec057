"""Customer pages: the list, finding one, one customer with contacts, purchases and tickets."""

from __future__ import annotations

import json

from flask import Blueprint, Response, g, request, url_for

from app.blueprints.customers import sight
from app.blueprints.customers.forms import (
    ErasureForm,
    FindForm,
    MergeForm,
    PurchaseForm,
    ReasonForm,
    RevealForm,
    StandingForm,
    edit_form,
)
from app.customers import queries, services
from app.customers.labels import CONTACT_LABELS
from app.customers.models import ContactKind, Customer
from app.errors import Invalid, NotAllowed, NotFound
from app.extensions import db
from app.policy import Action
from app.tickets import queries as tickets
from app.web.access import requires, the_actor
from app.web.forms import options
from app.web.headers import no_store
from app.web.transaction import Answer, done, show, tell, transactional
from app.words import N_, say

bp = Blueprint("customers", __name__)


@bp.get("/customers")
@requires(Action.CUSTOMER_FIND)
def index() -> Answer:
    if uid := request.args.get("match"):
        return show("customers/matches.html", **sight.matching(uid))
    return show("customers/index.html", **sight.listing(request.args))


@bp.post("/customers/matches")
@requires(Action.CUSTOMER_FIND)
@transactional
def look_up() -> Answer:
    """Find by number, phone or mail. Only a random id of what was found reaches the address."""
    form = FindForm()
    if not form.validate_on_submit():
        return _listed(form)
    try:
        customer = queries.find(db.session(), form.text.data, viewer=the_actor())
        return done(None, otherwise=url_for(".detail", no=customer.no))
    except NotFound:
        pass  # no customer number; perhaps a contact
    reach = tickets.customers_in_reach(the_actor())
    try:
        found = services.lookup(db.session(), form.text.data, by=the_actor(), now=g.now, reach=reach)
    except Invalid as wrong:
        form.take(wrong)
        return _listed(form)
    if len(found.customers) == 1 and not found.more:
        return done(None, otherwise=url_for(".detail", no=found.customers[0].no))
    match = services.keep_match(db.session(), found, by=the_actor(), now=g.now)
    return done(None, otherwise=url_for(".index", match=match.uid))


def _listed(form: FindForm) -> Answer:
    return show("customers/index.html", status=422, **(sight.listing({}) | {"find": form}))


@bp.get("/customers/<no>")
@requires(Action.CUSTOMER_FIND)
def detail(no: str) -> Answer:
    return show("customers/show.html", **sight.card(sight.found(no)))


@bp.post("/customers/<no>/standing")
@requires(Action.CUSTOMER_EDIT)
@transactional
def set_standing(no: str) -> Answer:
    """Tier and flag in one form."""
    customer, form = sight.found(no), StandingForm()
    if not form.validate_on_submit():
        return show("customers/show.html", status=422, **sight.card(customer, form))
    session, by = db.session(), the_actor()
    services.set_tier(session, customer, form.tier.data, by=by, version=_version(form.version.data), now=g.now)
    services.set_flag(session, customer, form.flagged.data, by=by, version=customer.version, now=g.now)
    tell(say("客户类型已保存。"))
    return done(None, otherwise=url_for(".detail", no=customer.no))


def _version(text: str | None) -> int:
    """The version a form was made of; junk is a version that never was."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else -1


# --- one value, with a reason -----------------------------------------------------------------------------------------

FIELD_LABELS = {"name": N_("姓名"), "company": N_("企业"), "address": N_("地址"), "purchase": N_("订单号与序列号")}


def _what(customer: Customer, field: str) -> str:
    """The name of the field that is to be shown. Raises NotFound for one that this customer hasn't got."""
    kind = field.partition("-")[0]
    if kind in FIELD_LABELS:
        return FIELD_LABELS[kind]
    shown = queries.shown_customer(db.session(), customer, full=False)
    for contact in shown.contacts:
        if field == f"contact-{contact.id}":
            return CONTACT_LABELS[ContactKind(contact.kind)]
    raise NotFound


def _revealable(no: str) -> Customer:
    """The customer, for somebody who may have single values shown. Raises NotFound, NotAllowed."""
    customer = sight.found(no)
    if not sight.may_reveal(customer):
        raise NotAllowed
    return customer


@bp.get("/customers/<no>/reveals/new")
@requires(Action.REVEAL)
def ask_to_reveal(no: str) -> Answer:
    """The form that asks for the reason."""
    customer, field = _revealable(no), request.args.get("field", "")
    form = RevealForm(data={"field": field})
    what = _what(customer, field)
    return show("customers/reveal.html", "customers/_reveal.html", customer=customer, form=form, what=what, value=None)


@bp.post("/customers/<no>/reveals")
@requires(Action.REVEAL)
@transactional
def reveal(no: str) -> Answer:
    """The value in clear, in this answer only: it can't survive a redirect without lying somewhere."""
    customer, form = _revealable(no), RevealForm()
    what = _what(customer, form.field.data or "")
    pages = ("customers/reveal.html", "customers/_reveal.html")
    if not form.validate_on_submit():
        return show(*pages, 422, customer=customer, form=form, what=what, value=None)
    facts = tickets.facts_of_customer(db.session(), customer.id, g.now)
    try:
        value = services.reveal(
            db.session(), customer, form.field.data, reason=form.reason.data, by=the_actor(), now=g.now, facts=facts
        )
    except Invalid as wrong:
        form.take(wrong)
        return show(*pages, 422, customer=customer, form=form, what=what, value=None)
    no_store()
    return show(*pages, customer=customer, form=form, what=what, value=value)


# --- changes ----------------------------------------------------------------------------------------------------------


@bp.get("/customers/<no>/edit")
@requires(Action.CUSTOMER_EDIT)
def edit_page(no: str) -> Answer:
    customer = sight.changeable(no)
    known = sight.shown(customer)
    return show("customers/edit.html", customer=customer, shown=known, form=edit_form(known, customer.version))


@bp.post("/customers/<no>/edit")
@requires(Action.CUSTOMER_EDIT)
@transactional
def edit(no: str) -> Answer:
    customer = sight.found(no)
    known = sight.shown(customer)
    form = edit_form(known, customer.version)
    if form.validate_on_submit():
        try:
            version = _version(form.version.data)
            services.edit(db.session(), customer, form.changes(known), by=the_actor(), version=version, now=g.now)
        except Invalid as wrong:
            form.take(wrong)
        else:
            tell(say("客户资料已保存，相关文字中的个人信息已重新遮盖。"))
            return done(None, otherwise=url_for(".detail", no=customer.no))
    return show("customers/edit.html", status=422, customer=customer, shown=known, form=form)


def _purchase_form() -> PurchaseForm:
    form = PurchaseForm()
    products = [(product.id, f"{product.name}（{product.code}）") for product in queries.products(db.session())]
    form.product.choices = options(("", "—"), *products)
    return form


@bp.get("/customers/<no>/purchases/new")
@requires(Action.CUSTOMER_EDIT)
def new_purchase(no: str) -> Answer:
    return show("customers/purchase.html", customer=sight.changeable(no), form=_purchase_form())


@bp.post("/customers/<no>/purchases")
@requires(Action.CUSTOMER_EDIT)
@transactional
def add_purchase(no: str) -> Answer:
    customer, form = sight.found(no), _purchase_form()
    if form.validate_on_submit():
        try:
            services.add_purchase(db.session(), customer, form.given(), by=the_actor(), now=g.now)
        except Invalid as wrong:
            form.take(wrong)
        else:
            tell(say("购买记录已保存。"))
            return done(None, otherwise=url_for(".detail", no=customer.no))
    return show("customers/purchase.html", status=422, customer=customer, form=form)


@bp.get("/customers/<no>/merge")
@requires(Action.CUSTOMER_EDIT)
def merge_page(no: str) -> Answer:
    return show("customers/merge.html", customer=sight.changeable(no), form=MergeForm())


@bp.post("/customers/<no>/merge")
@requires(Action.CUSTOMER_EDIT)
@transactional
def merge(no: str) -> Answer:
    """An unknown caller turned out to be somebody known."""
    customer, form = sight.found(no), MergeForm()
    if not form.validate_on_submit():
        return show("customers/merge.html", status=422, customer=customer, form=form)
    try:
        into = sight.found(form.into.data)
    except NotFound:
        form.blame("into", N_("没有这个编号的客户，请核对。"))
        return show("customers/merge.html", status=422, customer=customer, form=form)
    services.merge_unknown(db.session(), customer, into, by=the_actor(), now=g.now)
    tell(say("已并入客户 %(no)s，工单和联系方式一并转过来了。", no=into.no))
    return done(None, otherwise=url_for(".detail", no=into.no))


# --- the customer's rights --------------------------------------------------------------------------------------------


@bp.get("/customers/<no>/export")
@requires(Action.CUSTOMER_ERASE, step_up=True)
def export_page(no: str) -> Answer:
    return show("customers/export.html", customer=sight.found(no), form=ReasonForm())


@bp.post("/customers/<no>/export")
@requires(Action.CUSTOMER_ERASE, step_up=True)
@transactional
def export(no: str) -> Answer:
    """All data held on the customer, as a file. The audit entry is committed before the file leaves."""
    customer, form = sight.found(no), ReasonForm()
    if form.validate_on_submit():
        try:
            data = services.export(db.session(), customer, reason=form.reason.data, by=the_actor(), now=g.now)
        except Invalid as wrong:
            form.take(wrong)
        else:
            no_store()
            text = json.dumps(data, ensure_ascii=False, indent=2)
            headers = {"Content-Disposition": f'attachment; filename="{customer.no}.json"'}
            return Response(text, mimetype="application/json", headers=headers)
    return show("customers/export.html", status=422, customer=customer, form=form)


@bp.get("/customers/<no>/erasure")
@requires(Action.CUSTOMER_ERASE, step_up=True)
def erasure_page(no: str) -> Answer:
    customer = sight.found(no)
    held = services.erasure.obstacle(db.session(), customer)
    return show("customers/erasure.html", customer=customer, form=ErasureForm(), held=held)


@bp.post("/customers/<no>/erasure")
@requires(Action.CUSTOMER_ERASE, step_up=True)
@transactional
def erase(no: str) -> Answer:
    customer, form = sight.found(no), ErasureForm()
    if form.validate_on_submit():
        try:
            if (form.number.data or "").upper() != customer.no:
                raise Invalid(say("编号不一致。"), fields={"number": [say("与这位客户的编号不一致，没有删除。")]})
            services.erase(db.session(), customer, reason=form.reason.data, by=the_actor(), now=g.now)
        except Invalid as wrong:
            form.take(wrong)
        else:
            tell(say("客户 %(no)s 的个人信息已永久删除，统计数字保留。", no=customer.no))
            return done(None, otherwise=url_for(".detail", no=customer.no))
    return show("customers/erasure.html", status=422, customer=customer, form=form, held=None)
