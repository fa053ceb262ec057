"""Changes of a customer: edits under a version, tier and flag, merging an unknown caller, erasure and export."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.crypto import DataKey, State, keys, throwaway_rings, vault
from app.crypto.keyring import KeyRing, Rings, Source
from app.customers import erased_log, services, written
from app.customers.contact_index import ContactBlindTable
from app.customers.models import Contact, ContactIndex, Customer, PrivacyRequest, Tier
from app.customers.queries import shown_customer
from app.customers.services import CustomerChanges, GivenCustomer, GivenPurchase, recognise
from app.errors import Conflict, Invalid, Locked, NotAllowed
from app.orm import write_transaction
from app.outbox.models import OutboxMessage
from app.tickets.models import Ticket
from tests.cast import NOON, Cast
from tests.databases import Database
from tests.domain.customer_scenes import MAIL, NAME, PHONE, a_customer, a_ticket

OTHER_PHONE = "13987654321"


@contextmanager
def writing(session: Session) -> Iterator[Session]:
    with write_transaction(session):
        yield session


def edited(session: Session, cast: Cast, customer: Customer, **changes: object) -> None:
    given = CustomerChanges(**changes)  # type: ignore[arg-type]
    services.edit(session, customer, given, by=cast("lin"), version=customer.version, now=NOON)


def found(session: Session, cast: Cast, text: str) -> list[int]:
    return [customer.id for customer in services.lookup(session, text, by=cast("lin"), now=NOON).customers]


def test_an_edited_contact_is_found_by_its_new_value_only(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    phone = session.scalars(select(Contact).where(Contact.kind == "phone")).one()
    edited(session, cast, customer, contacts={phone.id: "139-8765-4321"}, add=[("email", "new@example.cn")])
    assert found(session, cast, PHONE) == []
    assert found(session, cast, OTHER_PHONE) == found(session, cast, "new@example.cn") == [customer.id]
    mail = session.scalars(select(Contact).where(Contact.kind == "email").order_by(Contact.id)).first()
    assert mail is not None
    edited(session, cast, customer, contacts={mail.id: ""})
    assert found(session, cast, MAIL) == []
    session.commit()
    data = session.scalars(select(AuditEntry.data).where(AuditEntry.action == "customer.edited")).all()
    assert data == [{"fields": ["email", "phone"]}, {"fields": ["email"]}]


def test_an_edit_of_an_old_version_changes_nothing(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    seen = customer.version
    edited(session, cast, customer, name="慕容云舒")
    late = CustomerChanges(name="司马相如")
    with pytest.raises(Conflict) as refused:
        services.edit(session, customer, late, by=cast("mei"), version=seen, now=NOON)
    assert refused.value.extra["version"] == seen + 1
    assert shown_customer(session, customer, full=True).name == "慕容云舒"


def test_each_wrong_field_of_an_edit_gets_its_sentence(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    phone = session.scalars(select(Contact).where(Contact.kind == "phone")).one()
    with pytest.raises(Invalid) as refused:
        edited(session, cast, customer, name="长" * 61, contacts={phone.id: "12"}, add=[("email", "x"), ("fax", "1")])
    assert set(refused.value.fields) == {"name", f"contact-{phone.id}", "add-0", "add-1"}


def test_a_damaged_contact_keeps_its_way_to_be_found_when_another_is_added(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    phone = session.scalars(select(Contact).where(Contact.kind == "phone")).one()
    phone.value = b"damaged"
    edited(session, cast, customer, add=[("phone", OTHER_PHONE)])
    assert found(session, cast, PHONE) == found(session, cast, OTHER_PHONE) == [customer.id]


def test_a_contact_of_somebody_else_can_not_be_edited(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    other = a_customer(session, cast, name="慕容云舒", phone=OTHER_PHONE, email="")
    foreign = session.scalars(select(Contact).where(Contact.customer_id == other.id)).first()
    assert foreign is not None
    with pytest.raises(Conflict):
        edited(session, cast, customer, contacts={foreign.id: ""})


def test_tier_and_flag_are_set_by_hand_and_audited(session: Session, cast: Cast) -> None:
    customer, wang = a_customer(session, cast), cast("wang")
    services.set_tier(session, customer, "vip", by=wang, version=customer.version, now=NOON)
    services.set_flag(session, customer, True, by=wang, version=customer.version, now=NOON)
    assert (customer.tier, customer.flagged) == (Tier.VIP, True)
    with pytest.raises(Invalid):
        services.set_tier(session, customer, "gold", by=wang, version=None, now=NOON)
    with pytest.raises(NotAllowed):
        services.set_flag(session, customer, False, by=cast("zhao"), version=None, now=NOON)
    with pytest.raises(Conflict):
        services.set_flag(session, customer, False, by=wang, version=1, now=NOON)
    session.commit()
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["customer.tier_set", "customer.flagged"]


def test_an_unknown_caller_turns_out_to_be_known(session: Session, cast: Cast) -> None:
    if Ticket not in {owner.model for owner in services.merging.OWNERS}:
        services.register_owner(Ticket)
    known = a_customer(session, cast)
    unknown = recognise(session, GivenCustomer(), by=cast("lin"), now=NOON).customer
    ticket = a_ticket(session, cast, unknown, f"{NAME}的设备不响了")
    a_ticket(session, cast, known, "另一件事", seq=2)
    services.merge_unknown(session, unknown, known, by=cast("lin"), now=NOON)
    session.refresh(ticket)
    assert ticket.customer_id == known.id
    assert unknown.merged_into_id == known.id
    assert NAME not in ticket.story_redacted
    assert known.tier == Tier.RETURNING
    assert written.read(session, ticket, "story", full=True).text == f"{NAME}的设备不响了"
    assert set(session.scalars(select(DataKey.owner_id))) == {known.id}
    with pytest.raises(Conflict):
        services.merge_unknown(session, unknown, known, by=cast("lin"), now=NOON)
    with pytest.raises(Conflict):
        edited(session, cast, unknown, name="慕容云舒")


def test_only_an_unknown_caller_is_merged_and_only_into_a_person_or_company(session: Session, cast: Cast) -> None:
    known, lin = a_customer(session, cast), cast("lin")
    other = a_customer(session, cast, name="慕容云舒", phone=OTHER_PHONE, email="")
    unknown = recognise(session, GivenCustomer(), by=lin, now=NOON).customer
    staff = services.staff_customer(session, by=lin, now=NOON)
    for pair in ((other, known), (unknown, unknown), (unknown, staff)):
        with pytest.raises(Conflict):
            services.merge_unknown(session, *pair, by=lin, now=NOON)


def erased(session: Session, cast: Cast, customer: Customer) -> None:
    services.erase(session, customer, reason=f"{NAME}本人要求删除", by=cast("zhou"), now=NOON)


def test_erasing_destroys_what_is_personal_and_keeps_the_figures(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    ticket = a_ticket(session, cast, customer, f"{NAME}说无法充电")
    ticket.product_text, ticket.status = f"{NAME}的充电器", "closed"
    services.add_purchase(session, customer, GivenPurchase(product_text="灯"), by=cast("lin"), now=NOON)
    erased(session, cast, customer)
    session.commit()
    shown = shown_customer(session, customer, full=True)
    assert (str(shown.title), shown.name, shown.contacts, shown.erased) == ("已删除", "", (), True)
    assert session.scalar(select(func.count()).select_from(ContactIndex)) == 0
    assert session.scalar(select(func.count()).select_from(Contact)) == 0
    assert vault(session).open(ticket, "story_sealed").state is State.ERASED
    assert all(key.destroyed_at and not key.wrapped for key in session.scalars(select(DataKey)))
    assert written.read(session, ticket, "story", full=True).text == ticket.story_redacted
    assert NAME not in ticket.story_redacted + ticket.product_text
    assert "无法充电" in ticket.story_redacted
    assert (ticket.no, customer.no, customer.tier) == ("CS20240305001", "C202403001", Tier.NEW)
    request = session.scalars(select(PrivacyRequest)).one()
    assert (request.kind, NAME in request.reason) == ("erasure", False)
    message = session.scalars(select(OutboxMessage).where(OutboxMessage.topic == "customer.erased")).one()
    assert message.data == {"customer_uid": customer.uid, "at": NOON.isoformat()}


def test_nothing_more_can_be_written_about_an_erased_customer(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    ticket = a_ticket(session, cast, customer)
    ticket.status = "closed"
    erased(session, cast, customer)
    with pytest.raises(Conflict):
        written.write(session, ticket, "remark", "还想写", customer=customer)
    with pytest.raises(Conflict):
        edited(session, cast, customer, name="慕容云舒")
    with pytest.raises(Conflict):
        services.reveal(session, customer, "name", reason="看看", by=cast("zhou"), now=NOON)
    with pytest.raises(Conflict):
        erased(session, cast, customer)
    again = recognise(session, GivenCustomer(name=NAME, phone=PHONE), by=cast("lin"), now=NOON)
    assert not again.known
    assert again.customer.id != customer.id


def test_a_customer_with_an_open_ticket_is_not_erased(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    a_ticket(session, cast, customer)
    with pytest.raises(Conflict):
        erased(session, cast, customer)
    assert shown_customer(session, customer, full=True).name == NAME


def test_only_head_and_service_admin_erase_and_a_hold_stops_them(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = a_customer(session, cast)
    for login in ("lin", "wang", "root", "gao", "xiao"):
        with pytest.raises(NotAllowed):
            services.erase(session, customer, reason="客户要求", by=cast(login), now=NOON)
    with pytest.raises(Invalid):
        services.erase(session, customer, reason="", by=cast("zhou"), now=NOON)
    sentence = services.erasure.say("还有工单没有关闭。")
    monkeypatch.setattr(services.erasure, "HOLDS", [lambda _session, _customer: sentence])
    with pytest.raises(Conflict) as refused:
        erased(session, cast, customer)
    assert refused.value.sentence is sentence
    assert customer.erased_at is None


def test_a_missing_key_stops_the_erasure_before_names_get_lost(
    database: Database, session: Session, cast: Cast
) -> None:
    customer = a_customer(session, cast)
    session.commit()
    with database.session() as own:
        own.info["rings"] = Rings(throwaway_rings().field, database.rings.index)
        with pytest.raises(Locked), write_transaction(own):
            erased(own, cast, own.get_one(Customer, customer.id))
    session.refresh(customer)
    assert customer.erased_at is None


def test_the_log_of_erasures_is_written_once_and_replayed_after_a_restore(
    session: Session, cast: Cast, tmp_path: Path
) -> None:
    customer, path = a_customer(session, cast), tmp_path / "data" / erased_log.NAME
    assert erased_log.append(path, customer.uid, NOON)
    assert not erased_log.append(path, customer.uid, NOON + timedelta(hours=1))
    with path.open("a") as file:
        file.write("cut off by a cr")
    assert erased_log.append(path, "0" * 32, NOON)
    assert [uid for uid, _ in erased_log.read(path)] == [customer.uid, "0" * 32]
    assert services.replay(session, path, NOON) == 1
    assert customer.erased_at == NOON
    assert services.replay(session, path, NOON) == 0


def test_the_export_holds_everything_in_clear_and_is_audited(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    a_ticket(session, cast, customer, f"{NAME}说无法充电")
    services.add_purchase(session, customer, GivenPurchase(product_text="灯", order_no="DD1"), by=cast("he"), now=NOON)
    services.reveal(session, customer, "name", reason="核对身份", by=cast("lin"), now=NOON)
    data = services.export(session, customer, reason="客户要求", by=cast("he"), now=NOON)
    session.commit()
    text = json.dumps(data, ensure_ascii=False)
    for value in (NAME, PHONE, MAIL, "DD1", f"{NAME}说无法充电", "核对身份", customer.no):
        assert value in text
    with pytest.raises(NotAllowed):
        services.export(session, customer, reason="好奇", by=cast("wang"), now=NOON)
    assert "customer.exported" in session.scalars(select(AuditEntry.action)).all()
    assert session.scalars(select(PrivacyRequest.kind)).all() == ["export"]


def test_the_export_names_what_can_not_be_read(session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    customer.name = b"damaged"
    data = services.export(session, customer, reason="客户要求", by=cast("he"), now=NOON)
    assert data["customer"]["name"] == {"unreadable": True}


def test_the_index_moves_to_a_new_key_and_everybody_is_still_found(
    database: Database, session: Session, cast: Cast
) -> None:
    old = throwaway_rings().index
    session.info["rings"] = Rings(database.rings.field, old)
    customer = a_customer(session, cast)
    session.commit()
    both = KeyRing(Source("INDEX_KEY", f"{throwaway_rings().index.newest.text},{old.newest.text}", None))
    rings, table = Rings(database.rings.field, both), ContactBlindTable()
    with database.session() as own:
        own.info["rings"] = rings
        by = cast("lin")
        assert services.lookup(own, PHONE, by=by, now=NOON).customers[0].id == customer.id
        assert table.missing(own, both.newest.id) == 3  # phone, last four digits, mail
        own.rollback()

        assert keys.reindex(lambda: writing(own), table, rings) == 0
        assert table.used(own) == {old.newest.id: 3, both.newest.id: 3}
        assert table.forget(own, old.newest.id) == 3
        assert services.lookup(own, PHONE, by=by, now=NOON).customers[0].id == customer.id
        own.rollback()
