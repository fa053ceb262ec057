"""Texts about a customer: the original for those on the ticket, a copy without personal data for everybody else."""

from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from app.crypto import KeyRing, Rings, throwaway_rings
from app.customers import written
from app.customers.models import Product
from app.customers.services import CustomerChanges, GivenCustomer, edit, recognise
from app.errors import Locked
from app.orm import Base
from app.tickets.models import Ticket
from tests.cast import NOON, Cast
from tests.databases import Database
from tests.domain.customer_scenes import MAIL, NAME, PHONE, STORY, a_customer, a_ticket


def test_the_original_is_sealed_and_the_copy_names_nobody(session: Session, cast: Cast) -> None:
    ticket = a_ticket(session, cast, a_customer(session, cast))
    assert written.read(session, ticket, "story", full=True).text == STORY
    copy = written.read(session, ticket, "story", full=False)
    assert copy.redacted
    assert not any(value in copy.text for value in (NAME, PHONE, MAIL))
    assert "无法充电" in copy.text
    assert STORY.encode() not in (ticket.story_sealed or b"")


def test_facts_are_redacted_string_by_string(session: Session, cast: Cast) -> None:
    ticket = a_ticket(session, cast, a_customer(session, cast))
    assert written.read_json(session, ticket, "facts", full=True).data == {"scene": f"{NAME}在家中", "times": 3}
    copy = written.read_json(session, ticket, "facts", full=False).data
    assert NAME not in copy["scene"]
    assert copy["times"] == 3


@pytest.mark.parametrize("odd", ["\0坏了\0", "半个\ud800字", "👨‍👩‍👧 مرحبا \u202e", "\u2028行\u0085", "好" * 10_000])
def test_odd_characters_are_kept_in_the_original_and_fit_the_copy(session: Session, cast: Cast, odd: str) -> None:
    ticket = a_ticket(session, cast, a_customer(session, cast), odd)
    session.commit()
    session.refresh(ticket)
    assert written.read(session, ticket, "story", full=True).text == odd
    assert "\0" not in written.read(session, ticket, "story", full=False).text


def test_nothing_written_empties_both(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    ticket = a_ticket(session, cast, customer)
    written.write(session, ticket, "story", "", customer=customer)
    written.write_json(session, ticket, "facts", {}, customer=customer)
    assert (ticket.story_sealed, ticket.story_redacted, ticket.facts_sealed, ticket.facts_redacted) == (
        None,
        "",
        None,
        {},
    )
    assert not written.read(session, ticket, "story", full=True)


def test_a_product_that_is_called_like_the_customer_stays_readable(session: Session, cast: Cast) -> None:
    session.add(Product(code="ORCHID-2", name="欧阳若兰纪念款"))
    session.flush()
    customer = a_customer(session, cast)
    ticket = a_ticket(session, cast, customer, "欧阳若兰纪念款坏了")
    assert "欧阳若兰纪念款" in ticket.story_redacted


def test_a_name_learnt_later_is_taken_out_of_what_was_written_before(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast, name="", email="", company="", address="")
    ticket = a_ticket(session, cast, customer, "慕容云舒说屏幕花了")
    assert "慕容云舒" in ticket.story_redacted
    recognise(session, GivenCustomer(name="慕容云舒", phone=PHONE), by=cast("lin"), now=NOON)
    assert "慕容云舒" not in ticket.story_redacted
    assert "屏幕花了" in ticket.story_redacted
    assert written.read(session, ticket, "story", full=True).text == "慕容云舒说屏幕花了"


def test_another_name_of_a_known_caller_is_taken_out_as_well(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    ticket = a_ticket(session, cast, customer, "慕容云舒说屏幕花了")
    recognise(session, GivenCustomer(name="慕容云舒", phone=PHONE), by=cast("lin"), now=NOON)
    assert "慕容云舒" not in ticket.story_redacted


def test_an_edited_name_is_taken_out_too(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    ticket = a_ticket(session, cast, customer, "慕容云舒说屏幕花了")
    changes = CustomerChanges(name="慕容云舒")
    edit(session, customer, changes, by=cast("lin"), version=customer.version, now=NOON)
    assert "慕容云舒" not in ticket.story_redacted


def test_a_damaged_value_says_so_and_the_rest_can_be_read(session: Session, cast: Cast) -> None:
    ticket = a_ticket(session, cast, a_customer(session, cast))
    ticket.story_sealed = (ticket.story_sealed or b"")[:-1] + b"\0"
    shown = written.read(session, ticket, "story", full=True)
    assert (shown.text, shown.damaged, str(shown)) == ("", True, "数据已损坏")
    assert written.read_json(session, ticket, "facts", full=True).data["times"] == 3
    assert written.read(session, ticket, "story", full=False).text == ticket.story_redacted


def test_a_value_moved_to_another_row_or_column_counts_as_damaged(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    first, second = a_ticket(session, cast, customer), a_ticket(session, cast, customer, "另一件事", seq=2)
    second.story_sealed, second.remark_sealed = first.story_sealed, first.story_sealed
    assert written.read(session, second, "story", full=True).damaged
    assert written.read(session, second, "remark", full=True).damaged


def test_with_a_wrong_key_nothing_shows_and_nothing_is_written(
    database: Database, session: Session, cast: Cast
) -> None:
    customer = a_customer(session, cast)
    ticket = a_ticket(session, cast, customer)
    session.commit()
    with database.session() as own:
        wrong: KeyRing = throwaway_rings().field
        own.info["rings"] = Rings(wrong, database.rings.index)
        again = own.get_one(Ticket, ticket.id)
        shown = written.read(own, again, "story", full=True)
        assert shown.text == ""
        assert shown.label is not None
        assert not shown.damaged
        before = (again.story_sealed, again.story_redacted)
        with pytest.raises(Locked):
            written.write(own, again, "story", "换一段话", customer=own.get_one(type(customer), customer.id))
        assert (again.story_sealed, again.story_redacted) == before


def test_a_page_of_fifty_costs_one_query_for_its_keys(database: Database, session: Session, cast: Cast) -> None:
    for n in range(50):
        customer = a_customer(session, cast, name=f"顾客第{n}位", phone=f"139{n:08d}", email="", company="", address="")
        a_ticket(session, cast, customer, f"第 {n} 件事", seq=n + 1)
    session.commit()
    statements: list[str] = []

    def count(*executed: Any) -> None:
        statements.append(executed[2])

    with database.session() as own:
        tickets = own.scalars(select(Ticket).order_by(Ticket.id)).all()
        event.listen(database.engine, "before_cursor_execute", count)
        written.preload(own, tickets)
        texts = [written.read(own, ticket, "story", full=True).text for ticket in tickets]
        event.remove(database.engine, "before_cursor_execute", count)
    assert texts == [f"第 {n} 件事" for n in range(50)]
    assert len(statements) == 1


def test_a_text_that_can_not_be_opened_keeps_its_copy_and_loses_names_from_it(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    ticket = a_ticket(session, cast, customer, "慕容云舒说屏幕花了")
    session.execute(update(Ticket).where(Ticket.id == ticket.id).values(story_sealed=b"broken"))
    session.expire(ticket)
    edit(session, customer, CustomerChanges(name="慕容云舒"), by=cast("lin"), version=customer.version, now=NOON)
    assert "慕容云舒" not in ticket.story_redacted
    assert "屏幕花了" in ticket.story_redacted


def test_every_pair_of_columns_is_registered() -> None:
    registered = {(pairs.model.__tablename__, name) for pairs in written.PAIRS for name in (*pairs.texts, *pairs.json)}
    pairs = {
        (table.name, column.name.removesuffix("_redacted"))
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_redacted")
    }
    assert pairs == registered
