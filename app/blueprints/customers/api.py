"""`/api/v1/customers`: masked lists, creation, and recall by number. Every look-up is counted and audited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import g

from app.blueprints.customers import schemas
from app.customers import queries, services
from app.customers.models import Customer
from app.extensions import db
from app.policy import Action
from app.tickets import queries as tickets
from app.web import paging
from app.web.access import requires
from app.web.api import ApiBlueprint
from app.web.api.idempotency import idempotent
from app.web.languages import translate

bp = ApiBlueprint("api_customers", __name__, description="Customers; personal values are masked.")


def _items(customers: Sequence[Customer]) -> list[dict[str, Any]]:
    shown = queries.shown_customers(db.session(), customers, full=False)
    return [
        {
            "customer_no": one.no,
            "kind": one.kind,
            "tier": one.tier,
            "name": one.name or translate(one.title),
            "company": one.company,
            "phone": one.phone,
            "email": one.email,
        }
        for one in (shown[customer.id] for customer in customers)
    ]


@bp.get("/customers")
@requires(Action.CUSTOMER_FIND)
@bp.arguments(schemas.CustomerFilters, location="query")
@bp.response(200, schemas.CustomersOut)
def list_customers(wanted: dict[str, Any]) -> dict[str, Any]:
    """Newest first."""
    cursor = paging.decode(wanted.get("cursor"), datetime, int)
    page = queries.page(db.session(), viewer=g.actor, cursor=cursor, limit=wanted.get("limit", 50))
    return {"items": _items(page.items), "next": paging.encode(*page.next) if page.next else None}


@bp.post("/customers")
@requires(Action.CUSTOMER_EDIT)
@bp.arguments(schemas.CustomerNew)
@bp.response(201, schemas.CustomerItem)
@idempotent(201)
def create(body: dict[str, Any]) -> dict[str, Any]:
    """A customer; a known phone or mail address answers the known one."""
    known = services.recognise(db.session(), services.GivenCustomer(**body), by=g.actor, now=g.now)
    db.session().flush()
    return _items([known.customer])[0]


@bp.post("/customers/lookup")
@requires(Action.CUSTOMER_FIND)
@bp.arguments(schemas.LookupIn)
@bp.response(200, schemas.FoundOut)
@idempotent(200)
def look_up(body: dict[str, Any]) -> dict[str, Any]:
    """Recall by full phone, full mail address, or the last four digits (customers within the caller's reach only)."""
    (text,) = body.values()
    reach = tickets.customers_in_reach(g.actor) if "last4" in body else None
    found = services.lookup(db.session(), text, by=g.actor, now=g.now, reach=reach)
    return {"items": _items(found.customers), "more": bool(found.more)}
