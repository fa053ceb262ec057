"""What must hold for every ticket in the database, checked without using the code that is meant to keep it so.

`flask doctor --deep` runs it, and so do the tests that walk the loop at random.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.numbering import ReferenceCounter, company_zone
from app.tickets.invariants.cases import cases_of, targets_of
from app.tickets.invariants.rules import faults_of
from app.tickets.models import Ticket, TicketLink

BATCH = 500


class Broken(NamedTuple):
    """One rule that does not hold: which ticket, which rule (a code), and the detail in ids and codes."""

    ticket_no: str
    rule: str
    detail: str


def check(session: Session, *, ids: Sequence[int] | None = None) -> Iterator[Broken]:
    """Every rule that some ticket breaks; nothing in a sound database. `ids`: only these tickets."""
    zone = company_zone(session)
    after = 0
    while True:
        query = select(Ticket).where(Ticket.id > after).order_by(Ticket.id).limit(BATCH)
        tickets = session.scalars(query if ids is None else query.where(Ticket.id.in_(ids))).all()
        if not tickets:
            break
        after = tickets[-1].id
        states = targets_of(session, tickets)
        for case in cases_of(session, tickets):
            for rule, detail in faults_of(case, zone, states):
                yield Broken(case.ticket.no, rule, detail)
    if ids is None:
        yield from _check_numbers(session)
        yield from _check_parents(session)


def _check_numbers(session: Session) -> Iterator[Broken]:
    """No number beyond its counter, none twice, each in its one spelling."""
    counters = {
        c.period: c.last for c in session.scalars(select(ReferenceCounter).where(ReferenceCounter.kind == "ticket"))
    }
    days = select(Ticket.day, func.max(Ticket.seq), func.count(), func.count(Ticket.seq.distinct())).group_by(
        Ticket.day
    )
    for day, highest, number, distinct in session.execute(days):
        if highest > counters.get(f"{day:%Y%m%d}", 0):
            yield Broken(f"{day}", "number_beyond_counter", str(highest))
        if number != distinct:
            yield Broken(f"{day}", "number_twice", str(number - distinct))
    for no, day, seq in session.execute(select(Ticket.no, Ticket.day, Ticket.seq)):
        if no != f"CS{day:%Y%m%d}{seq:03d}":
            yield Broken(no, "number_misspelt", f"{day} {seq}")


def _check_parents(session: Session) -> Iterator[Broken]:
    """A part is never above itself."""
    above: dict[int, set[int]] = defaultdict(set)
    for child, parent in session.execute(
        select(TicketLink.from_id, TicketLink.to_id).where(TicketLink.kind == "parent")
    ):
        above[child].add(parent)
    for start in above:
        seen: set[int] = set()
        frontier = set(above[start])
        while frontier and start not in frontier:
            seen |= frontier
            frontier = {p for one in frontier for p in above.get(one, ())} - seen
        if start in frontier:
            yield Broken(str(start), "parents_in_a_circle", str(sorted(seen)))
