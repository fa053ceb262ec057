"""Who is told about what: one function a topic, from the message's ids to people.

The person who did it is not told. Whoever stands in for an absent recipient is told as well, marked as standing in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.queries import deputies_of, holders_of, leads_of
from app.notifications.kinds import Kind
from app.policy import Role
from app.tickets.codes import Status
from app.tickets.models import FollowUp, Ticket

Data = Mapping[str, Any]
People = Iterable[int | None]


@dataclass(frozen=True)
class Told:
    """One recipient. `standing_for`: the absent person in whose place they are told."""

    user_id: int
    standing_for: int | None = None


@dataclass(frozen=True)
class Rule:
    """What a topic tells, and whom."""

    kind: Kind
    people: Callable[[Session, Data], People]


def _leads(session: Session, department_id: int | None) -> list[int]:
    """Who leads the department; nobody there: the heads of after-sales."""
    leads = [user.id for user in leads_of(session, department_id)] if department_id else []
    return leads or holders_of(session, Role.HEAD)


def _ticket(session: Session, data: Data) -> Ticket | None:
    return session.get(Ticket, data["ticket_id"])


def _whose_turn(session: Session, data: Data) -> People:
    """The one it was given to, else who leads the department: nothing may wait for nobody."""
    return [data["assignee_id"]] if data.get("assignee_id") else _leads(session, data.get("department_id"))


def _unclaimed(session: Session, data: Data) -> People:
    """After triage nobody has it yet: the leads of the department see to it."""
    ticket = _ticket(session, data)
    if ticket is None or ticket.assignee_id is not None or ticket.status != Status.ASSIGNED:
        return []
    return _leads(session, ticket.department_id)


def _owner(session: Session, data: Data) -> People:
    ticket = _ticket(session, data)
    return {data.get("owner_id"), ticket.assignee_id if ticket else None}


def _owner_and_leads(session: Session, data: Data) -> People:
    """A customer who was not content is the supervisor's business too, and the ticket waits for triage again."""
    return {*_owner(session, data), *_home_leads(session, data)}


def _those_who_settle(session: Session, data: Data) -> People:
    """A complaint or a call for help goes to the leads of the acting department; higher kinds to the heads."""
    ticket = _ticket(session, data)
    if ticket is None:
        return []
    heads = holders_of(session, Role.HEAD)
    if data.get("kind") in ("head", "regulator"):
        return heads
    leads = {*_leads(session, ticket.department_id), *_leads(session, ticket.home_department_id)}
    return leads | set(heads) if data.get("kind") == "complaint" else leads


def _follow_up_holder(session: Session, data: Data) -> People:
    follow_up = session.get(FollowUp, data["follow_up_id"])
    if follow_up is None:
        return []
    return [follow_up.holder_id] if follow_up.holder_id else _leads(session, follow_up.department_id)


def _follow_up_leads(session: Session, data: Data) -> People:
    follow_up = session.get(FollowUp, data["follow_up_id"])
    return _leads(session, follow_up.department_id) if follow_up else []


def _who_waits_for_the_customer(session: Session, data: Data) -> People:
    ticket = _ticket(session, data)
    if ticket is None:
        return []
    if ticket.follow_up_holder_id and data.get("flagged"):
        return [ticket.follow_up_holder_id]
    return [ticket.assignee_id or ticket.registrar_id]


def _registrar_and_leads(session: Session, data: Data) -> People:
    ticket = _ticket(session, data)
    return [ticket.registrar_id, *_leads(session, ticket.home_department_id)] if ticket else []


def _home_leads(session: Session, data: Data) -> People:
    ticket = _ticket(session, data)
    return _leads(session, ticket.home_department_id) if ticket else []


def _expert(_session: Session, data: Data) -> People:
    return [data.get("user_id")]


def _heads(session: Session, _data: Data) -> People:
    return holders_of(session, Role.HEAD)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "ticket.assigned": Rule(Kind.TICKET_ASSIGNED, _whose_turn),
        "ticket.triaged": Rule(Kind.TICKET_ROUTED, _unclaimed),
        "ticket.transferred": Rule(Kind.TICKET_ROUTED, _whose_turn),
        "ticket.handed_back": Rule(Kind.TICKET_HANDED_BACK, _registrar_and_leads),
        "ticket.reopened": Rule(Kind.TICKET_REOPENED, _owner_and_leads),
        "ticket.escalated": Rule(Kind.TICKET_ESCALATED, _those_who_settle),
        "ticket.invalid_asked": Rule(Kind.INVALIDATION_ASKED, _home_leads),
        "ticket.expert_asked": Rule(Kind.EXPERT_ASKED, _expert),
        "ticket.resolved": Rule(Kind.FOLLOW_UP_CREATED, _follow_up_holder),
        "follow_up.unreachable": Rule(Kind.FOLLOW_UP_UNREACHABLE, _follow_up_leads),
        "message.inbound": Rule(Kind.MESSAGE_INBOUND, _who_waits_for_the_customer),
        "account.role_granted": Rule(Kind.RIGHTS_CHANGED, _heads),
    }
)


def kind_of(topic: str, data: Data) -> Kind:
    """What the recipients read. A customer who writes while the follow-up waits is a thing of its own; a ticket
    that was taken off somebody waits for its department."""
    if topic == "ticket.assigned" and data.get("assignee_id") is None:
        return Kind.TICKET_ROUTED
    if topic == "message.inbound" and data.get("flagged"):
        return Kind.FOLLOW_UP_FLAGGED
    return RULES[topic].kind


def told(session: Session, topic: str, data: Data, now: datetime) -> list[Told]:
    """Everybody who is told, once each, without the one who did it."""
    actor = data.get("by", data.get("by_id"))
    people = {person for person in RULES[topic].people(session, data) if person is not None}
    found = {person: Told(person) for person in people if person != actor}
    for person in sorted(people):
        for deputy in deputies_of(session, person, now):
            if deputy != actor:
                found.setdefault(deputy, Told(deputy, standing_for=person))
    return sorted(found.values(), key=lambda one: one.user_id)
