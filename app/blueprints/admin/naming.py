"""Names for the ids in the audit trail: one statement for each kind of thing on the page. No personal value is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts.models import Department, User
from app.audit.models import AuditEntry
from app.blueprints.admin.wording import DATA_LABELS, SUBJECT_LABELS, VALUE_LABELS
from app.customers.models import Customer, Product
from app.policy import ROLE_LABELS, Action
from app.tickets.models import FollowUp, Ticket
from app.tickets.rules import Category, SlaPolicy
from app.web.access import may_here
from app.web.languages import label, stored, translate
from app.words import say

# What stands for a row, and how a person would name it in the filter.
NAMED: Mapping[str, tuple[InstrumentedAttribute[int], InstrumentedAttribute[str], InstrumentedAttribute[str]]] = {
    "user": (User.id, User.name, User.login),
    "department": (Department.id, Department.name, Department.code),
    "ticket": (Ticket.id, Ticket.no, Ticket.no),
    "follow_up": (FollowUp.id, FollowUp.no, FollowUp.no),
    "customer": (Customer.id, Customer.no, Customer.no),
    "category": (Category.id, Category.name, Category.code),
    "sla_policy": (SlaPolicy.id, SlaPolicy.name, SlaPolicy.code),
    "product": (Product.id, Product.name, Product.code),
}
# Which values of an entry's data are ids of what; numbers only, the same names sometimes hold codes.
DATA_KINDS = {
    "user_id": "user",
    "deputy_id": "user",
    "manager_id": "user",
    "by_id": "user",
    "assignee": "user",
    "to": "user",
    "department_id": "department",
    "department": "department",
}


@dataclass(frozen=True)
class Names:
    known: Mapping[tuple[str, int], str] = field(default_factory=dict)
    logins: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, entries: Iterable[AuditEntry]) -> Names:
        wanted: dict[str, set[int]] = {}
        for kind, id_ in (pair for entry in entries for pair in _mentioned(entry)):
            if kind in NAMED:
                wanted.setdefault(kind, set()).add(id_)
        known: dict[tuple[str, int], str] = {}
        logins: dict[int, str] = {}
        for kind, ids in wanted.items():
            id_column, name, code = NAMED[kind]
            for row in session.execute(select(id_column, name, code).where(id_column.in_(ids))):
                known[(kind, row[0])] = stored(row[1]) if kind in ("department", "category", "sla_policy") else row[1]
                if kind == "user":
                    logins[row[0]] = row[2]
        return cls(known, logins)

    def person(self, user_id: int | None) -> str:
        """Who it was; the system itself has no id."""
        if user_id is None:
            return translate(say("系统"))
        return self.known.get(("user", user_id)) or translate(say("已不存在的账号 %(id)s", id=user_id))

    def subject(self, entry: AuditEntry) -> str | None:
        """The thing that an entry is about, in words."""
        if entry.subject_kind is None:
            return None
        kind = label(SUBJECT_LABELS, entry.subject_kind)
        if entry.subject_id is None:
            return kind
        return f"{kind} {self.known.get((entry.subject_kind, entry.subject_id), f'#{entry.subject_id}')}"

    def link(self, entry: AuditEntry) -> str | None:
        """Where to look at it, when whoever asks may."""
        kind, id_ = entry.subject_kind or "", entry.subject_id or 0
        name = self.known.get((kind, id_))
        if kind == "user" and id_ in self.logins and may_here(Action.USERS_ADMIN):
            return url_for("admin.person", login=self.logins[id_])
        if kind == "ticket" and name and may_here(Action.TICKET_SEE):
            return f"/tickets/{name}"
        return None

    def details(self, entry: AuditEntry) -> list[tuple[str, str]]:
        """What else the entry says, as (word, value); what is empty says nothing."""
        return [(label(DATA_LABELS, key), self.value(key, value)) for key, value in entry.data.items() if value]

    def value(self, key: str, value: Any) -> str:
        """A value of an entry's data: an id as a name, a code as a word."""
        if isinstance(value, bool):
            return translate(say("是") if value else say("否"))
        if isinstance(value, int) and key in DATA_KINDS:
            return self.known.get((DATA_KINDS[key], value), f"#{value}")
        if isinstance(value, list):
            if key == "customers":
                return str(len(value))
            return translate(say("、")).join(self.value(key, one) for one in value) or "—"
        if isinstance(value, dict):
            return translate(say("；")).join(f"{name} {_arrow(one)}" for name, one in value.items())
        if value in set(ROLE_LABELS):
            return label(ROLE_LABELS, value)
        return label(VALUE_LABELS, value) if isinstance(value, str) else "—" if value is None else str(value)


def _arrow(value: Any) -> str:
    return " → ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _mentioned(entry: AuditEntry) -> Iterator[tuple[str, int]]:
    for user_id in (entry.actor_id, entry.standing_for):
        if user_id is not None:
            yield "user", user_id
    if entry.subject_kind is not None and entry.subject_id is not None:
        yield entry.subject_kind, entry.subject_id
    for key, value in (entry.data or {}).items():
        if key in DATA_KINDS and isinstance(value, int):
            yield DATA_KINDS[key], value


def subject_id_of(session: Session, kind: str, text: str) -> int | None:
    """The id behind what was typed as number: a ticket number, a login, a code, or the id itself."""
    if kind in NAMED:
        id_column, _, code = NAMED[kind]
        spelling = text.upper() if kind in ("ticket", "follow_up", "customer") else text
        found = session.scalar(select(id_column).where(code == spelling).limit(1))
        if found is not None:
            return found
    digits = text.removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
