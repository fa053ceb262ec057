"""The list page's query string and what the list shows for it. Names are the API's."""

from __future__ import annotations

from typing import Any

from flask import g, url_for
from werkzeug.datastructures import MultiDict

from app.accounts import queries as accounts
from app.errors import Conflict
from app.extensions import db
from app.tickets import queries
from app.tickets.codes import CHANNEL_LABELS, PRIORITY_LABELS, STATUS_LABELS
from app.web.access import the_actor
from app.words import N_, say

ORDERS = {
    "updated": N_("最近更新"),
    "due": N_("最早到期"),
    "priority": N_("优先级"),
    "received": N_("最近接收"),
}
MANY = ("status", "priority", "category", "department", "channel", "assignee")
UNSOLVED = ("new", "triage", "assigned", "in_progress", "waiting", "resolved")
VIEWS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("open", N_("未关闭"), {"status": UNSOLVED}),
    ("mine", N_("我的"), {"mine": "1", "status": UNSOLVED}),
    ("overdue", N_("已超时"), {"overdue": "1"}),
    ("unassigned", N_("待认领"), {"assignee": "none", "status": ("triage", "assigned")}),
    ("waiting", N_("待客户"), {"status": ("waiting",)}),
    ("resolved", N_("待回访"), {"status": ("resolved",)}),
    ("all", N_("全部"), {}),
)


def filters_from(query: MultiDict[str, str]) -> dict[str, Any]:
    """The known filters of a query string; what is unknown or empty is dropped."""
    wanted: dict[str, Any] = {name: tuple(filter(None, query.getlist(name))) for name in MANY}
    wanted |= {name: query.get(name) in {"1", "true", "on"} for name in ("overdue", "mine")}
    wanted |= {name: (query.get(name) or "").strip()[:200] for name in ("q", "customer")}
    wanted["order"] = query.get("order") if query.get("order") in ORDERS else "updated"
    wanted["cursor"] = query.get("cursor") or None
    return wanted


def address(wanted: dict[str, Any], **changed: Any) -> str:
    """The list's address with some filters changed; without a cursor unless one is given."""
    merged = {k: v for k, v in (wanted | {"cursor": None} | changed).items() if v}
    if merged.get("order") == "updated":
        merged.pop("order")
    query: dict[str, Any] = {k: "1" if v is True else v for k, v in merged.items()}
    return url_for("tickets.index", **query)


def listing(wanted: dict[str, Any]) -> dict[str, Any]:
    """Everything that the list page draws."""
    chosen = {k: v for k, v in wanted.items() if k not in {"order", "cursor"}}
    filters = queries.Filters(**chosen)
    page = _page(filters, wanted)
    views = [
        (say(label), url_for("tickets.index", **kept), _same(chosen, kept), None, False) for _, label, kept in VIEWS
    ]
    ordered_by = ORDERS[wanted["order"]]
    return {
        "rows": page.items,
        "views": views,
        "menus": _menus(wanted),
        "wanted": wanted,
        "orders": [
            (say(label), address(wanted, order=code), code == wanted["order"]) for code, label in ORDERS.items()
        ],
        "order_label": say(ordered_by),
        "previous_url": address(wanted, cursor=page.previous) if page.previous else None,
        "next_url": address(wanted, cursor=page.next) if page.next else None,
        "without_q": address(wanted, q=""),
        "filtered": any(chosen.values()),
    }


def _page(filters: queries.Filters, wanted: dict[str, Any]) -> queries.Page:
    """The page at the cursor; an address with a cursor of another order or day begins at the first page."""
    more: dict[str, Any] = {"viewer": the_actor(), "now": g.now, "order": wanted["order"], "limit": 50}
    try:
        return queries.page(db.session(), filters, cursor=wanted["cursor"], **more)
    except Conflict:
        wanted["cursor"] = None
        return queries.page(db.session(), filters, **more)


def _same(chosen: dict[str, Any], kept: dict[str, Any]) -> bool:
    plain = {k: (tuple(v) if isinstance(v, tuple) else v) for k, v in chosen.items() if v}
    wanted = {k: (True if v == "1" else (v,) if k in MANY and isinstance(v, str) else v) for k, v in kept.items()}
    return plain == wanted


def _menus(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """One menu a filter: label, options [(text, address, selected)], what is chosen, the address without it."""
    session = db.session()
    tops = {row.id: row for row in queries.categories(session) if row.parent_id is None}
    tables: list[tuple[str, str, dict[str, str]]] = [
        ("status", N_("状态"), {str(k): v for k, v in STATUS_LABELS.items()}),
        ("priority", N_("优先级"), {str(k): f"{k}" for k in PRIORITY_LABELS}),
        ("category", N_("分类"), {row.code: row.name for row in tops.values()}),
        ("department", N_("部门"), {row.code: row.name for row in accounts.departments(session)}),
        ("channel", N_("渠道"), {str(k): v for k, v in CHANNEL_LABELS.items()}),
    ]
    return [_menu(wanted, name, label, options) for name, label, options in tables]


def _menu(wanted: dict[str, Any], name: str, label: str, options: dict[str, str]) -> dict[str, Any]:
    chosen = wanted[name]
    picked = [say(options[code]) for code in chosen if code in options]
    value = picked[0] if len(picked) == 1 else say("%(n)s 项", n=len(picked)) if picked else None
    return {
        "label": say(label),
        "value": value,
        "clear": address(wanted, **{name: ()}) if picked else None,
        "options": [
            (say(text), address(wanted, **{name: _toggled(chosen, code)}), code in chosen)
            for code, text in options.items()
        ],
    }


def _toggled(chosen: tuple[str, ...], code: str) -> tuple[str, ...]:
    return tuple(c for c in chosen if c != code) if code in chosen else (*chosen, code)
