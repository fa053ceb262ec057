"""What the tickets of a customer let somebody know about that customer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, and_, false, or_, select
from sqlalchemy.orm import Session

from app.policy import Action, Actor, TicketFacts, reaches
from app.tickets.models import Ticket
from app.tickets.queries.scope import facts_of_many, visible, within


def customers_in_reach(viewer: Actor, *, now: datetime) -> Select[int]:
    """Ids of customers with a ticket that the viewer may see: among them four digits may search."""
    return select(Ticket.customer_id).where(visible(viewer, now=now))


def customers_in_full(session: Session, customer_ids: Collection[int], *, viewer: Actor, now: datetime) -> set[int]:
    """Those of the customers whom the viewer sees without a mask by way of at least one ticket."""
    found = sorted(reaches(viewer, Action.PERSONAL_SEE))
    sight = or_(false(), *(within(viewer, reach, now=now) for reach in found))
    query = select(Ticket.customer_id).where(
        Ticket.customer_id.in_(list(customer_ids)), and_(visible(viewer, now=now), sight)
    )
    return set(session.scalars(query.distinct()))


def facts_of_customer(session: Session, customer_id: int, now: datetime) -> list[TicketFacts]:
    """What the matrix needs to know of each ticket of a customer."""
    tickets = session.scalars(select(Ticket).where(Ticket.customer_id == customer_id)).all()
    return list(facts_of_many(session, tickets, now).values())
