"""Edits of what was registered. A version guards them: who is late sees both texts and decides."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.customers import queries as customers
from app.customers import written
from app.errors import Conflict, NotAllowed
from app.policy import Action, Actor
from app.tickets.codes import OPEN
from app.tickets.models import Ticket
from app.tickets.services.ground import Step, invalid, moment, text_of, who_moved
from app.words import say

FACTS = frozenset({"scene", "expectation", "tried", "occurred_at", "purchased_on"})
FIELDS = FACTS | {"description", "product", "remark"}
SHORT = frozenset({"product", "occurred_at", "purchased_on"})


def edit_fact(
    session: Session, ticket: Ticket, field: str, text: str, *, version: int | None, by: Actor, now: datetime
) -> Ticket:
    """Correct one fact. Only for those who see it in full: others would save the redacted copy over the original.

    Raises Conflict with `mine` and `theirs` when the ticket is not in the version that was edited (None: not asked).
    """
    step = Step.begin(session, ticket, Action.TICKET_VERIFY, by=by, now=now)
    if not step.may(Action.PERSONAL_SEE):
        raise NotAllowed(say("您看到的是隐去个人信息的内容，不能修改原文。没有改动任何内容。"))
    if field not in FIELDS:
        raise invalid("field", say("没有这一项，不能修改。"))
    required = say("请写下客户反馈的问题。") if field == "description" else None
    mine = text_of(field, text, required=required)
    if field in SHORT and len(mine) > 200:
        raise invalid(field, say("这一项最多 %(n)s 个字。", n=200))
    if field == "purchased_on" and mine:
        mine = _day(mine)
    if ticket.status not in OPEN:
        raise Conflict(say("工单已经结束，登记的内容不能再修改；需要补充时请写内部备注。"))
    theirs = value_of(session, ticket, field)
    if version is not None and version != ticket.version:
        raise _conflict(step, field, mine, theirs)
    if mine == theirs:
        return ticket
    _set(step, field, mine)
    step.touch()
    step.note("edited", field=field)
    step.publish("ticket.edited", field=field)
    return ticket


def value_of(session: Session, ticket: Ticket, field: str) -> str:
    """The fact as it stands, in full."""
    if field == "product":
        return ticket.product_text
    if field in FACTS:
        return str(written.read_json(session, ticket, "facts", full=True).data.get(field, ""))
    return written.read(session, ticket, "story" if field == "description" else field, full=True).text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise invalid("purchased_on", say("日期写成 2024-03-01 这样的格式。")) from None


def _conflict(step: Step, field: str, mine: str, theirs: str) -> Conflict:
    ticket = step.ticket
    extra: dict[str, Any] = {"version": ticket.version, "field": field, "mine": mine, "theirs": theirs}
    sentence = say("在您编辑期间，工单 %(no)s 已被修改。两份内容都保留着，请选择或合并后再保存。", no=ticket.no)
    if moved := who_moved(step.session, ticket):
        name, at = moved
        extra |= {"moved_by": name, "moved_at": at.isoformat()}
        sentence = say(
            "在您编辑期间，工单 %(no)s 已被修改（最近一次由 %(name)s 于 %(when)s 操作）。"
            "两份内容都保留着，请选择或合并后再保存。",
            no=ticket.no,
            name=name,
            when=moment(step.session, at),
        )
    return Conflict(sentence, href=f"/tickets/{ticket.no}", extra=extra)


def _set(step: Step, field: str, text: str) -> None:
    session, ticket, customer = step.session, step.ticket, step.customer
    if field == "product":
        product = customers.find_product(session, text) if text else None
        ticket.product_id = product.id if product else None
        ticket.product_text = product.name if product else written.redacted(session, text, customer=customer)[:200]
    elif field in FACTS:
        facts = dict(written.read_json(session, ticket, "facts", full=True).data)
        facts.pop(field, None)
        written.write_json(session, ticket, "facts", facts | ({field: text} if text else {}), customer=customer)
    else:
        written.write(session, ticket, "story" if field == "description" else field, text, customer=customer)
