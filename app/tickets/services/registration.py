"""Step 1: every channel ends in the same registration; then the registrar confirms with the customer what was meant."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.accounts.queries import department_by_code
from app.crypto import vault
from app.customers import personal, written
from app.customers import queries as customers
from app.customers import services as customer_services
from app.customers.models import Customer
from app.customers.services.locking import locked
from app.errors import Conflict, NotFound
from app.policy import Action, Actor, authorize, may
from app.tickets import numbers, timing
from app.tickets.codes import Channel, MessageKind, MessageState, Status
from app.tickets.given import Registration, Seen
from app.tickets.models import Cycle, Message, Ticket
from app.tickets.queries.scope import facts_of
from app.tickets.services.ground import Step, cycle_of, invalid, text_of
from app.tickets.workflow import Move
from app.words import say

CLOCKS_DIFFER = timedelta(minutes=5)  # how far ahead of ours a sender's clock may be
CUSTOMER_SERVICE = "service"


def register(session: Session, given: Registration, *, by: Actor, now: datetime) -> Ticket:
    """One piece of feedback becomes a ticket with its number.

    The same `once` gives the same ticket. Raises NotAllowed, Invalid (fields of the form), Conflict (customer erased).
    """
    internal = given.channel == Channel.INTERNAL
    authorize(by, Action.GAP_REPORT if internal else Action.TICKET_REGISTER)
    if given.once and (known := _registered(session, given.once, by)):
        return known
    texts = _checked(given, now)
    customer, other_name = _customer(session, given, by, now)
    ticket = _new_ticket(session, given, by, now)
    ticket.customer_id = customer.id
    _write(session, ticket, given, texts, customer, other_name)
    number = numbers.take(session, now=now)
    ticket.day, ticket.seq, ticket.no = number.day, number.seq, number.ticket
    session.add(ticket)
    session.flush()
    if other_name:
        personal.forget(session, customer.id)  # what the same act still writes must not show the name either
    cycle = Cycle(ticket_id=ticket.id, n=1, opened_at=now)
    session.add(cycle)
    session.flush()
    timing.open_cycle(session, ticket, cycle, now=now)
    step = Step(session, ticket, by, now, facts_of(session, ticket, now), cycle)
    step.note("registered", changed=(None, Status.NEW), channel=ticket.channel, answered=bool(texts["answered"]))
    if texts["answered"]:
        _answered_on_the_call(step, texts["answered"], customer)
    how_many = session.scalar(select(func.count()).select_from(Ticket).where(Ticket.customer_id == customer.id)) or 1
    customer_services.grow_returning(session, customer, tickets=how_many, by=by, now=now)
    step.publish("ticket.registered")
    return ticket


def verify(
    session: Session, ticket: Ticket, *, note: str = "", by: Actor, now: datetime, seen: Seen | None = None
) -> Ticket:
    """The registrar has confirmed product and description with the customer; `note` says what was unclear."""
    step = Step.begin(session, ticket, Action.TICKET_VERIFY, by=by, now=now, seen=seen)
    step.check(Move.VERIFY)
    why = text_of("note", note)
    ticket.verified_at = now
    step.move(Move.VERIFY, "verified", why=why)
    step.publish("ticket.verified")
    return ticket


# --- parts of registering ---------------------------------------------------------------------------------------------


def _registered(session: Session, once: str, by: Actor) -> Ticket | None:
    """The ticket that this very form has made already. Two sendings at the same moment queue up here."""
    if session.get_bind().dialect.name == "postgresql":
        lock = int.from_bytes(hashlib.sha256(once.encode()).digest()[:8], "big", signed=True)
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
    ticket = session.scalar(select(Ticket).where(Ticket.once == once))
    if ticket is not None and ticket.registrar_id != by.id:
        raise Conflict(say("这份登记表已经提交过了。请打开新的登记表再填写。"))
    return ticket


def _checked(given: Registration, now: datetime) -> dict[str, str]:
    """The texts as they will be kept. Raises Invalid."""
    if given.channel not in set(Channel):
        raise invalid("channel", say("没有这个反馈渠道，请重新选择。"))
    if given.received_at and given.received_at > now + CLOCKS_DIFFER:
        raise invalid("received_at", say("接收时间不能晚于现在，请核对日期和时间。"))
    missing = say("请写下客户反馈的问题。")
    texts = {"description": text_of("description", given.description, required=missing)}
    for name in ("product", "occurred_at", "scene", "expectation", "tried", "remark", "answered"):
        texts[name] = text_of(name, getattr(given, name))
    if len(texts["product"]) > 200:
        raise invalid("product", say("产品或服务名称最多 %(n)s 个字。", n=200))
    if len(texts["occurred_at"]) > 200:
        raise invalid("occurred_at", say("发生时间最多 %(n)s 个字。", n=200))
    return texts


def _customer(session: Session, given: Registration, by: Actor, now: datetime) -> tuple[Customer, str | None]:
    """Whose feedback it is, and the name given this time where it differs from the known one."""
    if given.customer_id is not None:
        authorize(by, Action.CUSTOMER_FIND)
        return _chosen(session, given.customer_id), None
    if given.channel == Channel.INTERNAL and (given.customer is None or not may(by, Action.TICKET_REGISTER)):
        return customer_services.staff_customer(session, by=by, now=now), None
    who = given.customer or customer_services.GivenCustomer()
    found = customer_services.recognise(session, who, by=by, now=now)
    return found.customer, found.other_name


def _chosen(session: Session, customer_id: int) -> Customer:
    """A known customer, locked as recognition locks one: before the counter, or two registrations could wait for each
    other, and before "returning" is decided, or it could undo a VIP that was set in the same moment."""
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise NotFound
    customer = locked(session, customer)
    if customer.merged_into_id is None:
        return customer
    return locked(session, session.get_one(Customer, customer.merged_into_id))


def _new_ticket(session: Session, given: Registration, by: Actor, now: datetime) -> Ticket:
    home = _home_department(session, by)
    return Ticket(
        status=Status.NEW,
        channel=given.channel,
        source=given.source,
        once=given.once,
        home_department_id=home,
        department_id=home,
        registrar_id=by.id,
        received_at=min(given.received_at or now, now),
        registered_at=now,
        updated_at=now,
        cycle=1,
    )


def _home_department(session: Session, by: Actor) -> int:
    """The registrar's department owns the contact, unless its people don't register: then customer service does."""
    if by.department_id is not None and may(by, Action.TICKET_REGISTER):
        return by.department_id
    service = department_by_code(session, CUSTOMER_SERVICE)
    if service is not None:
        return service.id
    if by.department_id is not None:
        return by.department_id
    raise Conflict(say("您还没有所属部门，不能登记。请联系系统管理员设置部门后再登记，已填写的内容会保留。"))


def _write(
    session: Session,
    ticket: Ticket,
    given: Registration,
    texts: dict[str, str],
    customer: Customer,
    other_name: str | None,
) -> None:
    also = (other_name,) if other_name else ()
    product = customers.find_product(session, texts["product"]) if texts["product"] else None
    if product:
        ticket.product_id, ticket.product_text = product.id, product.name
    else:
        ticket.product_text = written.redacted(session, texts["product"], customer=customer, also=also)[:200]
    facts: dict[str, Any] = {k: texts[k] for k in ("occurred_at", "scene", "expectation", "tried") if texts[k]}
    if given.purchased_on:
        facts["purchased_on"] = given.purchased_on.isoformat()
    written.write(session, ticket, "story", texts["description"], customer=customer, also=also)
    written.write_json(session, ticket, "facts", facts, customer=customer, also=also)
    written.write(session, ticket, "remark", texts["remark"], customer=customer, also=also)
    if other_name:
        key = customer_services.customer_key(session, customer)
        ticket.reported_name = vault(session).seal(ticket, "reported_name", other_name, key)


def _answered_on_the_call(step: Step, answer: str, customer: Customer) -> None:
    message = Message(
        ticket_id=step.ticket.id,
        cycle_id=step.cycle.id,
        kind=MessageKind.REPLY,
        channel=step.ticket.channel,
        author_id=step.by.id,
        state=MessageState.SENT,
        at=step.now,
        sent_at=step.now,
    )
    written.write(step.session, message, "body", answer, customer=customer)
    step.session.add(message)
    step.session.flush()
    step.note("message", message=message.id, kind=MessageKind.REPLY)
    timing.answered(step.session, step.ticket, cycle_of(step.session, step.ticket), now=step.now)
    step.publish("message.added", message_id=message.id, kind=MessageKind.REPLY)
