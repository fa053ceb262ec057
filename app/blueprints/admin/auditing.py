"""The audit trail, narrowed by who, what, about whom and when; and the walk along the whole chain."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import g, request, url_for

from app.accounts import queries as accounts
from app.audit import queries as trail
from app.audit import record, verify
from app.audit.queries import AuditFilters
from app.blueprints.admin import choosing
from app.blueprints.admin.naming import Names, subject_id_of
from app.blueprints.admin.routes import bp
from app.blueprints.admin.wording import AUDIT_LABELS, SUBJECT_LABELS
from app.extensions import db
from app.policy import Action
from app.web import formats, paging
from app.web.access import requires, the_actor
from app.web.transaction import Answer, done, show, tell, writing
from app.words import say

PARAMETERS = ("actor", "action", "subject", "number", "since", "until")


@bp.get("/audit")
@requires(Action.AUDIT_SEE)
def audit() -> Answer:
    session = db.session()
    given = {name: (request.args.get(name) or "").strip()[:80] for name in PARAMETERS}
    filters, unknown = _filters(given)
    older, newer = (paging.decode(request.args.get(name), int) for name in ("older", "newer"))
    found = trail.page(
        session,
        filters,
        viewer=the_actor(),
        older_than=older[0] if older else None,
        newer_than=newer[0] if newer else None,
    )
    entries = [] if unknown else found.entries

    def address(**cursor: int) -> str:
        kept: dict[str, Any] = {name: value for name, value in given.items() if value}
        return url_for("admin.audit", **kept | {name: paging.encode(value) for name, value in cursor.items()})

    return show(
        "admin/audit.html",
        entries=entries,
        names=Names.of(session, entries),
        given=given,
        unknown=unknown,
        choices={
            "actor": choosing.people(accounts.people(session, active=None)),
            "action": AUDIT_LABELS,
            "subject": SUBJECT_LABELS,
        },
        length=trail.length(session),
        verified=trail.last_verification(session),
        newer_url=address(newer=found.newer_than) if found.newer_than and not unknown else None,
        older_url=address(older=found.older_than) if found.older_than and not unknown else None,
    )


def _filters(given: dict[str, str]) -> tuple[AuditFilters, bool]:
    """The filters, and whether one names somebody or something that isn't there: then nothing can be found."""
    session, unknown = db.session(), False
    actor_id = subject_id = None
    if given["actor"]:
        person = accounts.person_by_login(session, given["actor"])
        actor_id, unknown = (person.id, unknown) if person else (None, True)
    if given["number"]:
        subject_id = subject_id_of(session, given["subject"], given["number"])
        unknown = unknown or subject_id is None
    since, until = _day(given, "since"), _day(given, "until")
    filters = AuditFilters(
        actor_id=actor_id,
        action=given["action"] or None,
        subject_kind=given["subject"] or None,
        subject_id=subject_id,
        since=_midnight(since) if since else None,
        until=_midnight(until + timedelta(days=1)) if until else None,
    )
    return filters, unknown


def _day(given: dict[str, str], name: str) -> date | None:
    """The day of a date field; junk counts as not given, and is not shown again."""
    try:
        found = date.fromisoformat(given[name])
    except ValueError:
        given[name] = ""
        return None
    return found if 1990 <= found.year <= 2200 else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=formats.zone())


@bp.post("/audit/verification")
@requires(Action.AUDIT_SEE)
def verify_audit() -> Answer:
    """Walk the whole chain. Reading comes first: a long chain must not hold up the writers."""
    found = verify(db.session())
    data: dict[str, Any] = {"entries": found.entries} | ({"broken": found.broken.entry_id} if found.broken else {})
    with writing() as session:
        record(session, the_actor(), "audit.verified", at=g.now, data=data)
    if found.broken is None:
        tell(say("审计链完好：核对了 %(n)s 条。", n=found.entries))
    else:
        tell(say("审计链有断点：%(where)s请保留现场，联系系统管理员。", where=found.broken.sentence), kind="bad")
    return done(None, otherwise=url_for("admin.audit"))
