"""What is seen of a customer: masked by default, one field at a time with a reason, found by an exact contact."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.customers import queries
from app.customers.models import ContactKind, Customer, Reveal
from app.customers.queries import shown_customer
from app.customers.services import GivenPurchase, add_purchase, keep_match, lookup, reveal
from app.customers.services.reveals import A_DAY
from app.errors import Invalid, NotAllowed, NotFound, TooMany
from app.orm import write_transaction
from app.policy import TicketFacts
from tests.cast import NOON, Cast
from tests.databases import Database
from tests.domain.customer_scenes import ADDRESS, COMPANY, MAIL, NAME, PHONE, a_customer, a_ticket


def contact_field(session: Session, customer: Customer, kind: str) -> str:
    shown = shown_customer(session, customer, full=False)
    return next(f"contact-{contact.id}" for contact in shown.contacts if contact.kind == kind)


def test_masked_unless_seen_in_full(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast, wechat="ruolan_oy")
    masked, full = (shown_customer(session, customer, full=sight) for sight in (False, True))
    assert (masked.name, masked.phone, masked.email) == ("欧阳*", "138****5678", "r***@example.cn")
    assert (masked.company, masked.address, masked.wechat) == ("青藤**", "浙江省杭州市", "r***")
    assert (full.name, full.phone, full.email, full.company, full.address) == (NAME, PHONE, MAIL, COMPANY, ADDRESS)
    assert masked.masked
    assert not full.masked
    assert NAME not in repr(full)
    assert PHONE not in repr(full)


def test_a_damaged_name_says_so_and_the_others_stay_readable(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast, company="")
    customer.name = b"x" + (customer.name or b"")[1:]
    shown = shown_customer(session, customer, full=True)
    assert str(shown.title) == "数据已损坏"
    assert shown.phone == PHONE
    assert set(shown.labels) == {"name"}


def test_a_name_swapped_with_another_customers_is_refused(session: Session, cast: Cast) -> None:
    first = a_customer(session, cast, company="")
    second = a_customer(session, cast, name="慕容云舒", phone="13912345678", email="", company="")
    first.name, second.name = second.name, first.name
    shown = queries.shown_customers(session, [first, second], full=True)
    assert {str(one.title) for one in shown.values()} == {"数据已损坏"}


def test_a_reveal_is_counted_and_audited_without_the_value(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    field = contact_field(session, customer, ContactKind.PHONE)
    shown = reveal(session, customer, field, reason=f"{NAME}要求回电 {PHONE}", by=cast("lin"), now=NOON)
    session.commit()
    assert shown.text == PHONE
    row = session.scalars(select(Reveal)).one()
    assert (row.user_id, row.customer_id, row.field) == (cast("lin").id, customer.id, field)
    assert NAME not in row.reason
    assert PHONE not in row.reason
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "customer.revealed")).one()
    assert (entry.subject_kind, entry.subject_id, entry.data) == ("customer", customer.id, {"field": "phone"})


def test_a_reveal_wants_a_reason_a_right_and_a_field_of_this_customer(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    other = a_customer(session, cast, name="慕容云舒", phone="13912345678", email="")
    foreign = contact_field(session, other, ContactKind.PHONE)
    with pytest.raises(Invalid):
        reveal(session, customer, "name", reason=" ", by=cast("lin"), now=NOON)
    for login in ("xiao", "luo", "gao", "root", "zhao"):
        with pytest.raises(NotAllowed):
            reveal(session, customer, "name", reason="客户要求", by=cast(login), now=NOON)
    for field in (foreign, "contact-999999", "contact-x", "uid", "contact-99999999999999999999", "purchase-1"):
        with pytest.raises(NotFound):
            reveal(session, customer, field, reason="客户要求", by=cast("lin"), now=NOON)
    assert session.scalar(select(func.count()).select_from(Reveal)) == 0


def test_an_expert_reveals_only_by_way_of_a_ticket_they_were_asked_about(session: Session, cast: Cast) -> None:
    customer, qian = a_customer(session, cast), cast("qian")
    service = cast.departments["service"].id
    asked = TicketFacts(service, service, None, None, asked=frozenset({qian.id}))
    with pytest.raises(NotAllowed):
        reveal(session, customer, "name", reason="需要核对", by=qian, now=NOON)
    assert reveal(session, customer, "name", reason="需要核对", by=qian, now=NOON, facts=[asked]).text == NAME


def test_thirty_reveals_a_day_and_a_new_day_begins_at_the_companys_midnight(session: Session, cast: Cast) -> None:
    customer, lin = a_customer(session, cast), cast("lin")
    for _ in range(A_DAY):
        reveal(session, customer, "name", reason="客户要求", by=lin, now=NOON)
    with pytest.raises(TooMany) as refused:
        reveal(session, customer, "name", reason="客户要求", by=lin, now=NOON)
    assert refused.value.retry_after == 12 * 3600
    assert reveal(session, customer, "name", reason="客户要求", by=cast("mei"), now=NOON).text == NAME
    assert reveal(session, customer, "name", reason="客户要求", by=lin, now=NOON + timedelta(hours=12)).text == NAME


def test_two_windows_at_once_do_not_get_a_thirty_first(database: Database, session: Session, cast: Cast) -> None:
    customer, lin = a_customer(session, cast), cast("lin")
    for _ in range(A_DAY - 1):
        reveal(session, customer, "name", reason="客户要求", by=lin, now=NOON)
    session.commit()
    gate, answers = threading.Barrier(4), list[str]()

    def ask() -> None:
        with database.session() as own:
            gate.wait(timeout=20)
            try:
                with write_transaction(own):
                    mine = own.get_one(Customer, customer.id)
                    answers.append(reveal(own, mine, "name", reason="客户要求", by=lin, now=NOON).text)
            except TooMany:
                answers.append("too many")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(answers) == sorted([NAME, "too many", "too many", "too many"])


def test_a_whole_number_or_mail_finds_its_customer_in_any_spelling(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    for text in ("138-1234-5678", "+86 138 1234 5678", " RuoLan@Example.CN "):
        assert lookup(session, text, by=cast("lin"), now=NOON).customers == (customer,)
    assert lookup(session, "13800000000", by=cast("lin"), now=NOON).customers == ()
    session.commit()
    data = session.scalars(select(AuditEntry.data).where(AuditEntry.action == "customer.looked_up")).all()
    assert [entry["kind"] for entry in data] == ["phone", "phone", "email", "phone"]
    assert PHONE not in str(data)


def test_four_digits_find_only_customers_within_reach(session: Session, cast: Cast) -> None:
    near = a_customer(session, cast)
    a_customer(session, cast, name="慕容云舒", phone="13912345678", email="")
    reach = select(Customer.id).where(Customer.id == near.id)
    assert lookup(session, "５６７８", by=cast("lin"), now=NOON, reach=reach).customers == (near,)
    assert lookup(session, "5678", by=cast("lin"), now=NOON).customers == ()


def test_at_most_twenty_are_shown(session: Session, cast: Cast) -> None:
    for n in range(22):
        a_customer(session, cast, name=f"顾客第{n}位", phone=f"139000{n:02d}888", email="")
        a_customer(session, cast, name=f"另一位{n}", phone=f"1371{n:02d}05678", email="")
    found = lookup(session, "5678", by=cast("lin"), now=NOON, reach=select(Customer.id))
    assert len(found.customers) == 20
    assert found.more


def test_what_is_no_contact_is_refused_with_a_sentence(session: Session, cast: Cast) -> None:
    for text in ("", "张三", "12", "1" * 30, "a@", "CS20240305001", "\0", "\ud800", "①②③④⑤", "١٢٣"):
        with pytest.raises(Invalid):
            lookup(session, text, by=cast("lin"), now=NOON)
    with pytest.raises(NotAllowed):
        lookup(session, PHONE, by=cast("xiao"), now=NOON)


def test_a_number_that_can_not_be_is_not_found(session: Session, cast: Cast) -> None:
    for no in ("", "C1", "C202403\0001", "\ud800", "x" * 5000, "C202403001'--"):
        with pytest.raises(NotFound):
            queries.find(session, no, viewer=cast("lin"))
        with pytest.raises(NotFound):
            queries.matched(session, no, viewer=cast("lin"), now=NOON)
        assert queries.find_product(session, no) is None


def test_look_ups_are_limited_per_person_and_hour(session: Session, cast: Cast) -> None:
    reach = select(Customer.id)
    for _ in range(30):
        lookup(session, "5678", by=cast("lin"), now=NOON, reach=reach)
    with pytest.raises(TooMany):
        lookup(session, "5678", by=cast("lin"), now=NOON, reach=reach)
    for _ in range(120):
        lookup(session, PHONE, by=cast("lin"), now=NOON)
    with pytest.raises(TooMany):
        lookup(session, PHONE, by=cast("lin"), now=NOON)
    lookup(session, PHONE, by=cast("mei"), now=NOON)
    lookup(session, PHONE, by=cast("lin"), now=NOON + timedelta(hours=1))


def test_a_match_is_for_the_person_who_asked_and_for_a_quarter_of_an_hour(session: Session, cast: Cast) -> None:
    customer, lin = a_customer(session, cast), cast("lin")
    uid = keep_match(session, lookup(session, PHONE, by=lin, now=NOON), by=lin, now=NOON).uid
    assert queries.matched(session, uid, viewer=lin, now=NOON + timedelta(minutes=14)).customers == [customer]
    for viewer, moment in ((cast("mei"), NOON), (lin, NOON + timedelta(minutes=15))):
        with pytest.raises(NotFound):
            queries.matched(session, uid, viewer=viewer, now=moment)


def test_purchases_show_the_end_of_their_numbers(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    given = GivenPurchase(product_text="取暖器", order_no="DD2024030588", serial="SN1234567890", bought_on=NOON.date())
    purchase = add_purchase(session, customer, given, by=cast("lin"), now=NOON)
    (masked,) = queries.recent_purchases(session, customer, full=False)
    assert (masked.order_no, masked.serial, masked.product) == ("****0588", "****7890", "取暖器")
    (full,) = queries.recent_purchases(session, customer, full=True)
    assert (full.order_no, full.serial, full.product, full.bought_on) == (
        "DD2024030588",
        "SN1234567890",
        "取暖器",
        NOON.date(),
    )
    shown = reveal(session, customer, f"purchase-{purchase.id}", reason="核对订单", by=cast("lin"), now=NOON)
    assert shown.text == "DD2024030588 / SN1234567890"


def test_the_list_is_read_page_by_page_in_both_directions(session: Session, cast: Cast) -> None:
    made = [a_customer(session, cast, name=f"顾客第{n}位", phone=f"139{n:08d}", email="") for n in range(5)]
    wanted, lin = [customer.id for customer in reversed(made)], cast("lin")
    first = queries.page(session, viewer=lin, limit=2)
    second = queries.page(session, viewer=lin, limit=2, cursor=first.next)
    third = queries.page(session, viewer=lin, limit=2, cursor=second.next)
    assert [row.id for part in (first, second, third) for row in part.items] == wanted
    assert (first.previous, third.next) == (None, None)
    back = queries.page(session, viewer=lin, limit=2, cursor=third.previous, backwards=True)
    assert [row.id for row in back.items] == wanted[2:4]
    assert back.next == second.next


def test_a_ticket_can_be_written_while_the_customer_is_shown(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    a_ticket(session, cast, customer)
    assert shown_customer(session, customer, full=False).title == "青藤** · 欧阳*"
