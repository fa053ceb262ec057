"""What the actor of this request sees of a customer: in full for those on one of their tickets, else masked."""

from __future__ import annotations

from typing import Any

from flask import g, url_for

from app.blueprints.customers.forms import FindForm, StandingForm
from app.customers import queries
from app.customers.labels import CONTACT_LABELS, KIND_LABELS, TIER_LABELS
from app.customers.models import Customer, CustomerKind, Tier
from app.customers.services.erasure import obstacle
from app.errors import Conflict
from app.extensions import db
from app.policy import Action, Reach, may, reaches
from app.tickets import queries as tickets
from app.web import paging
from app.web.access import the_actor
from app.words import say

TICKETS_BESIDE = 10
LABELS = {"CONTACT_LABELS": CONTACT_LABELS, "KIND_LABELS": KIND_LABELS, "TIER_LABELS": TIER_LABELS}


def found(no: str) -> Customer:
    """The customer of this number. Raises NotFound."""
    return queries.find(db.session(), no, viewer=the_actor())


def changeable(no: str) -> Customer:
    """The same, for a form that changes the customer. Raises Conflict where nothing can be changed any more."""
    customer = found(no)
    if customer.erased_at:
        raise Conflict(say("该客户的个人信息已按要求删除，不能再修改。"))
    if customer.merged_into_id:
        raise Conflict(say("该客户已并入另一位客户，请在那位客户的页面上修改。"))
    return customer


def in_full(customer: Customer) -> bool:
    """Does the actor see this customer without a mask?"""
    actor = the_actor()
    if Reach.ALL in reaches(actor, Action.PERSONAL_SEE):
        return True
    return customer.id in tickets.customers_in_full(db.session(), [customer.id], viewer=actor, now=g.now)


def shown(customer: Customer) -> queries.ShownCustomer:
    return queries.shown_customer(db.session(), customer, full=in_full(customer))


def may_reveal(customer: Customer) -> bool:
    """May the actor have single values shown? An expert only by way of a ticket they were asked about."""
    actor = the_actor()
    if Reach.ALL in reaches(actor, Action.REVEAL):
        return True
    if not may(actor, Action.REVEAL):
        return False
    facts = tickets.facts_of_customer(db.session(), customer.id, g.now)
    return any(may(actor, Action.REVEAL, one) for one in facts)


def card(customer: Customer, standing: StandingForm | None = None) -> dict[str, Any]:
    """Everything that the customer's page draws."""
    session, actor, full = db.session(), the_actor(), in_full(customer)
    known = queries.shown_customer(session, customer, full=full)
    form = standing or StandingForm(
        data={"tier": customer.tier, "flagged": customer.flagged, "version": str(customer.version)}
    )
    return {
        "customer": customer,
        "shown": known,
        "standing": form,
        "revealing": known.masked and not known.erased and may_reveal(customer),
        "changeable": not known.erased and customer.merged_into_id is None and customer.kind != CustomerKind.STAFF,
        "unknown": customer.kind == CustomerKind.UNKNOWN,
        "target": queries.merged_into(session, customer),
        "purchases": queries.recent_purchases(session, customer, full=full),
        "tickets": tickets.recent_of_customer(session, customer.id, viewer=actor, now=g.now, limit=TICKETS_BESIDE),
        "held": obstacle(session, customer) if may(actor, Action.CUSTOMER_ERASE) else None,
        **LABELS,
    }


def listing(args: Any) -> dict[str, Any]:
    """A page of the list, from the address: tier, flag, cursor and direction."""
    tier = args.get("tier", "") if args.get("tier", "") in set(Tier) else ""
    flagged = args.get("flagged") == "1"
    page = queries.page(
        db.session(),
        viewer=the_actor(),
        tiers=[tier] if tier else [],
        flagged=flagged,
        cursor=paging.decode(args.get("cursor"), *queries.CURSOR_TYPES),
        backwards=args.get("back") == "1",
    )
    kept: dict[str, Any] = {"tier": tier or None, "flagged": "1" if flagged else None}
    return {
        **_rows(page.items),
        "tiers": [
            (say(label), url_for("customers.index", **(kept | {"tier": code})), code == tier)
            for code, label in TIER_LABELS.items()
        ],
        "tier": tier,
        "flagged": flagged,
        "without_tier": url_for("customers.index", **(kept | {"tier": None})),
        "with_flag": url_for("customers.index", **(kept | {"flagged": None if flagged else "1"})),
        "previous_url": _at(page.previous, kept, back="1"),
        "next_url": _at(page.next, kept),
        "find": FindForm(formdata=None),
        "match": None,
        **LABELS,
    }


def _at(cursor: queries.Cursor | None, kept: dict[str, Any], *, back: str | None = None) -> str | None:
    return url_for("customers.index", cursor=paging.encode(*cursor), back=back, **kept) if cursor else None


def matching(uid: str) -> dict[str, Any]:
    """What this person's look-up found. Raises NotFound for others and after a quarter of an hour."""
    match = queries.matched(db.session(), uid, viewer=the_actor(), now=g.now)
    return {**_rows(match.customers), "match": match, "find": FindForm(formdata=None), **LABELS}


def _rows(customers: Any) -> dict[str, Any]:
    """Lists are masked for everybody: nobody reads fifty names at once by right of one ticket."""
    return {"rows": list(queries.shown_customers(db.session(), customers).values())}
