"""Who is calling: one contact is one customer, however it is spelt and however many ask at once."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.crypto import vault
from app.customers.models import Customer, CustomerKind, Tier
from app.customers.queries import shown_customer
from app.customers.services import (
    CustomerChanges,
    GivenCustomer,
    edit,
    grow_returning,
    is_key_customer,
    recognise,
    staff_customer,
)
from app.errors import Invalid, Locked, NotAllowed
from app.orm import write_transaction
from tests.cast import NOON, Cast
from tests.databases import Database

PHONE, MAIL = "138 1234-5678", "Zhang.San@Example.cn"


def known(session: Session, cast: Cast, **given: str) -> Customer:
    found = recognise(session, GivenCustomer(**given), by=cast("lin"), now=NOON)
    return found.customer


def test_a_new_caller_gets_a_number_and_the_next_call_finds_them(session: Session, cast: Cast) -> None:
    first = recognise(session, GivenCustomer(name="张三丰", phone=PHONE), by=cast("lin"), now=NOON)
    again = recognise(session, GivenCustomer(name="张三丰", phone="+86 13812345678"), by=cast("lin"), now=NOON)
    assert (first.known, again.known, again.other_name) == (False, True, None)
    assert first.customer.no == "C202403001"
    assert first.customer.id == again.customer.id
    assert first.customer.kind == CustomerKind.PERSON


def test_numbers_count_up_within_the_month_of_the_company(session: Session, cast: Cast) -> None:
    numbers = [known(session, cast, name=f"顾客{n}号").no for n in range(3)]
    assert numbers == ["C202403001", "C202403002", "C202403003"]


@pytest.mark.parametrize("spelling", ["１３８１２３４５６７８", "0086-138-1234-5678", "138 1234 5678"])
def test_every_spelling_of_a_number_is_the_same_number(session: Session, cast: Cast, spelling: str) -> None:
    assert known(session, cast, phone=PHONE).id == known(session, cast, phone=spelling).id


def test_the_phone_decides_before_the_mail(session: Session, cast: Cast) -> None:
    by_phone = known(session, cast, name="张三丰", phone=PHONE)
    by_mail = known(session, cast, name="李四光", email=MAIL)
    assert known(session, cast, phone=PHONE, email=MAIL.upper()).id == by_phone.id
    assert known(session, cast, email=MAIL.upper()).id == by_mail.id


def test_another_name_for_a_known_number_is_handed_back_to_be_kept_with_the_ticket(
    session: Session, cast: Cast
) -> None:
    known(session, cast, name="张三丰", phone=PHONE)
    found = recognise(session, GivenCustomer(name="李四光", phone=PHONE), by=cast("lin"), now=NOON)
    assert found.known
    assert found.other_name == "李四光"
    assert shown_customer(session, found.customer, full=True).name == "张三丰"


def test_the_same_name_in_traditional_characters_is_no_other_name(session: Session, cast: Cast) -> None:
    known(session, cast, name="张三丰", phone=PHONE)
    found = recognise(session, GivenCustomer(name="張 三豐", phone=PHONE), by=cast("lin"), now=NOON)
    assert found.other_name is None


def test_in_a_family_with_one_phone_the_name_decides(session: Session, cast: Cast) -> None:
    first = known(session, cast, name="张三丰", phone=PHONE)
    second = known(session, cast, name="李四光", email=MAIL)
    share = CustomerChanges(add=[("phone", PHONE)])
    edit(session, second, share, by=cast("lin"), version=second.version, now=NOON)
    assert known(session, cast, name="李四光", phone=PHONE).id == second.id
    assert known(session, cast, name="张三丰", phone=PHONE).id == first.id
    assert known(session, cast, phone=PHONE).id == first.id


def test_what_was_missing_is_learnt_and_what_was_known_is_kept(session: Session, cast: Cast) -> None:
    known(session, cast, phone=PHONE)
    customer = known(session, cast, name="张三丰", phone=PHONE, email=MAIL)
    shown = shown_customer(session, customer, full=True)
    assert (shown.name, shown.phone, shown.email) == ("张三丰", "13812345678", "zhang.san@example.cn")
    assert known(session, cast, email=MAIL).id == customer.id


def test_a_caller_without_data_is_always_somebody_new_with_a_key_of_their_own(session: Session, cast: Cast) -> None:
    first, second = known(session, cast), known(session, cast)
    assert first.id != second.id
    assert first.kind == CustomerKind.UNKNOWN
    keys = [vault(session).owner_key("customer", customer.id) for customer in (first, second)]
    assert None not in keys
    assert keys[0] is not keys[1]


def test_a_member_of_staff_is_one_customer_of_kind_staff(session: Session, cast: Cast) -> None:
    first = staff_customer(session, by=cast("luo"), now=NOON)
    assert first.kind == CustomerKind.STAFF
    assert staff_customer(session, by=cast("luo"), now=NOON).id == first.id
    assert staff_customer(session, by=cast("lin"), now=NOON).id != first.id
    with pytest.raises(NotAllowed):
        staff_customer(session, by=cast("xiao"), now=NOON)


def test_each_wrong_field_gets_its_sentence_and_nothing_is_made(session: Session, cast: Cast) -> None:
    given = GivenCustomer(name="张三丰", phone="138", email="nobody", wechat="字", tier="gold")
    with pytest.raises(Invalid) as refused:
        recognise(session, given, by=cast("lin"), now=NOON)
    assert set(refused.value.fields) == {"phone", "email", "wechat", "tier"}
    assert session.scalar(select(func.count()).select_from(Customer)) == 0


def test_a_trainee_recognises_nobody(session: Session, cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        recognise(session, GivenCustomer(phone=PHONE), by=cast("xiao"), now=NOON)


def test_the_second_ticket_makes_a_returning_customer_and_vip_stays_vip(session: Session, cast: Cast) -> None:
    customer = known(session, cast, name="张三丰", phone=PHONE)
    assert not grow_returning(session, customer, tickets=1, by=cast("lin"), now=NOON)
    assert grow_returning(session, customer, tickets=2, by=cast("lin"), now=NOON)
    assert customer.tier == Tier.RETURNING
    vip = known(session, cast, name="李四光", email=MAIL, tier="vip")
    assert is_key_customer(vip)
    assert not grow_returning(session, vip, tickets=5, by=cast("lin"), now=NOON)


def test_two_calls_at_once_make_one_customer(database: Database, session: Session, cast: Cast) -> None:
    gate, ids, by = threading.Barrier(6), list[int](), cast("lin")

    def call() -> None:
        with database.session() as own:
            gate.wait(timeout=20)
            with write_transaction(own):
                found = recognise(own, GivenCustomer(name="张三丰", phone=PHONE, email=MAIL), by=by, now=NOON)
                ids.append(found.customer.id)

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(ids) == 6
    assert len(set(ids)) == 1
    assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_recognising_and_editing_at_once_never_wait_for_each_other(
    database: Database, session: Session, cast: Cast
) -> None:
    customer = known(session, cast, name="张三丰", phone=PHONE, email=MAIL)
    session.commit()
    gate, lin, mei, failed = threading.Barrier(4), cast("lin"), cast("mei"), list[BaseException]()

    def call(own: Session, n: int) -> None:
        recognise(own, GivenCustomer(name=f"张三{n}", phone=PHONE, email=MAIL), by=lin, now=NOON)

    def change(own: Session, n: int) -> None:
        contacts = [("phone", PHONE), ("email", MAIL), ("phone", f"1390000{n:04d}")]
        mine = own.get_one(Customer, customer.id)
        edit(own, mine, CustomerChanges(name="张三丰", add=contacts), by=mei, version=None, now=NOON)

    def work(step: Callable[[Session, int], None], start: int) -> None:
        try:
            with database.session() as own:
                gate.wait(timeout=20)
                for n in range(start, start + 5):
                    with write_transaction(own):
                        step(own, n)
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failed.append(error)

    threads = [threading.Thread(target=work, args=(step, start)) for step in (call, change) for start in (0, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)
    assert failed == []
    assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_without_keys_nothing_is_written_in_clear(database: Database, session: Session, cast: Cast) -> None:
    with database.session() as own:
        own.info.pop("rings")
        with pytest.raises(Locked), write_transaction(own):
            recognise(own, GivenCustomer(name="张三丰", phone=PHONE), by=cast("lin"), now=NOON)
    assert session.scalar(select(func.count()).select_from(Customer)) == 0
