"""The customer pages: masked by default, one value with a reason, nothing personal in an address or a title."""

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_plus

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import create_app
from app.crypto import Rings, throwaway_rings
from app.customers.models import Contact, Customer, Reveal
from app.customers.queries import shown_customer
from app.customers.services import GivenCustomer, add_product, recognise
from app.extensions import db
from tests.cast import NOON, Cast
from tests.databases import Database
from tests.domain.customer_scenes import ADDRESS, COMPANY, MAIL, NAME, PHONE, STORY, a_customer, a_ticket
from tests.web.visits import send, sign_in, words_of

Visit = Callable[[str], FlaskClient]
PERSONAL = (NAME, PHONE, MAIL, COMPANY, ADDRESS, "文三路")
TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


@pytest.fixture
def customer(session: Session, cast: Cast) -> Customer:
    made = a_customer(session, cast)
    a_ticket(session, cast, made)
    session.commit()
    return made


@pytest.fixture
def locked_app(database: Database, app: Flask) -> Iterator[Flask]:
    """The program with another field key than the one that sealed the data."""
    settings = app.extensions["bihuan"].settings
    made = create_app(settings, rings=Rings(throwaway_rings().field, database.rings.index))
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def visit(app: Flask) -> Visit:
    """`visit("lin")` is a browser that Lin has signed in with."""

    def as_(login: str) -> FlaskClient:
        client = app.test_client()
        sign_in(client, login)
        return client

    return as_


def contact(session: Session, kind: str) -> Contact:
    found = session.scalars(select(Contact).where(Contact.kind == kind).order_by(Contact.id)).one()
    session.commit()  # an open snapshot would not see what the pages write
    return found


@pytest.mark.parametrize("login", ["lin", "wang", "zhou", "he", "chen", "sun", "qian", "tang"])
def test_the_list_is_masked_for_everybody(visit: Visit, customer: Customer, login: str) -> None:
    client = visit(login)
    page = client.get("/customers")
    assert page.status_code == 200
    assert customer.no in page.text
    assert "欧阳*" in page.text
    assert not [value for value in PERSONAL if value in page.text]


@pytest.mark.parametrize("login", ["zhao", "xiao", "luo", "gao", "root"])
def test_who_may_not_find_customers_sees_no_page_of_theirs(visit: Visit, customer: Customer, login: str) -> None:
    client = visit(login)
    for path in ("", f"/{customer.no}", f"/{customer.no}/edit", f"/{customer.no}/reveals/new?field=name"):
        answer = client.get(f"/customers{path}")
        assert answer.status_code == 403, path
        assert "欧阳" not in answer.text
    assert send(client, "/customers/matches", {"text": PHONE}, form="/me").status_code == 403


def test_a_phone_is_posted_and_never_reaches_an_address(
    visit: Visit, session: Session, cast: Cast, customer: Customer
) -> None:
    client = visit("tang")
    answer = send(client, "/customers/matches", {"text": PHONE}, form="/customers")
    assert (answer.status_code, answer.location) == (303, f"/customers/{customer.no}")
    answer = send(client, "/customers/matches", {"text": "13700000000"}, form="/customers")
    assert re.fullmatch(r"/customers\?match=[0-9a-f]{32}", answer.location or "")
    assert "没有找到这位客户" in client.get(answer.location or "").text
    client = visit("lin")
    assert client.get(answer.location or "").status_code == 404


@pytest.mark.parametrize("text", ["张三 13800001111", "zhang@home.example 没收到", "110101199003077758", "京A12345"])
def test_personal_data_beside_other_words_does_not_reach_an_address_either(
    visit: Visit, customer: Customer, text: str
) -> None:
    answer = send(visit("lin"), "/find", {"q": text}, form="/tickets")
    assert answer.status_code == 303
    assert not [part for part in text.split() if part[0] in "1z京" and part in unquote_plus(answer.location or "")]


def test_four_digits_find_customers_of_tickets_within_reach(visit: Visit, customer: Customer) -> None:
    client = visit("lin")
    answer = send(client, "/customers/matches", {"text": "5678"}, form="/customers")
    assert answer.location == f"/customers/{customer.no}"
    client = visit("tang")
    answer = send(client, "/customers/matches", {"text": "5678"}, form="/customers")
    assert "没有找到这位客户" in client.get(answer.location or "").text


def test_a_number_leads_to_its_customer_and_nonsense_gets_a_sentence(visit: Visit, customer: Customer) -> None:
    client = visit("lin")
    answer = send(client, "/customers/matches", {"text": customer.no.lower()}, form="/customers")
    assert answer.location == f"/customers/{customer.no}"
    refused = send(client, "/customers/matches", {"text": "天气"}, form="/customers")
    assert refused.status_code == 422
    assert "天气" in refused.text
    assert "请输入完整的电话" in words_of(refused)


def test_full_for_the_person_on_the_ticket_masked_for_others(visit: Visit, customer: Customer) -> None:
    client = visit("lin")
    full = client.get(f"/customers/{customer.no}")
    assert all(value in full.text for value in (NAME, PHONE, MAIL, COMPANY, ADDRESS))
    client = visit("tang")
    masked = client.get(f"/customers/{customer.no}")
    assert masked.status_code == 200
    assert not [value for value in PERSONAL if value in masked.text]
    assert "138****5678" in masked.text
    assert STORY not in masked.text


def test_no_title_and_no_address_on_the_page_holds_personal_data(visit: Visit, customer: Customer) -> None:
    client = visit("lin")
    page = client.get(f"/customers/{customer.no}")
    title = TITLE.search(page.text)
    assert title is not None
    addresses = re.findall(r'(?:href|action|hx-[a-z]+)="([^"]*)"', page.text)
    for value in PERSONAL:
        assert value not in title[1]
        assert not [address for address in addresses if value in address]


def test_one_value_is_shown_with_a_reason(visit: Visit, session: Session, customer: Customer) -> None:
    client = visit("tang")
    page = f"/customers/{customer.no}"
    field = f"contact-{contact(session, 'phone').id}"
    form = client.get(f"{page}/reveals/new?field={field}")
    assert form.status_code == 200
    assert PHONE not in form.text
    refused = send(client, f"{page}/reveals", {"field": field, "reason": ""}, form=page)
    assert refused.status_code == 422
    shown = send(client, f"{page}/reveals", {"field": field, "reason": "客户要求回电"}, form=page)
    assert shown.status_code == 200
    assert PHONE in shown.text
    assert NAME not in shown.text
    assert "no-store" in shown.headers["Cache-Control"]
    assert session.scalars(select(Reveal.field)).all() == [field]
    assert PHONE not in client.get(page).text


def test_a_reveal_swaps_just_its_cell(visit: Visit, session: Session, customer: Customer) -> None:
    client = visit("tang")
    page, field = f"/customers/{customer.no}", f"contact-{contact(session, 'phone').id}"
    headers = {"HX-Request": "true"}
    form = client.get(f"{page}/reveals/new?field={field}", headers=headers)
    assert form.text.strip().startswith("<dd")
    shown = send(client, f"{page}/reveals", {"field": field, "reason": "回电"}, form=page, headers=headers)
    assert shown.text.strip().startswith(f'<dd id="reveal-{field}"')
    assert PHONE in shown.text


def test_the_thirty_first_reveal_of_a_day_is_refused(
    visit: Visit, session: Session, cast: Cast, customer: Customer
) -> None:
    client = visit("tang")
    page, data = f"/customers/{customer.no}", {"field": "name", "reason": "回电"}
    answers = [send(client, f"{page}/reveals", data, form=page).status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]


def test_fields_of_others_are_not_found(visit: Visit, session: Session, cast: Cast, customer: Customer) -> None:
    other = recognise(session, GivenCustomer(name="慕容云舒", phone="13911112222"), by=cast("lin"), now=NOON).customer
    foreign = session.scalars(select(Contact.id).where(Contact.customer_id == other.id)).one()
    session.commit()
    client = visit("tang")
    page = f"/customers/{customer.no}"
    for field in (f"contact-{foreign}", "uid", "contact-1x", "", "<script>"):
        assert client.get(f"{page}/reveals/new", query_string={"field": field}).status_code == 404, field
        answer = send(client, f"{page}/reveals", {"field": field, "reason": "回电"}, form=page)
        assert answer.status_code == 404, field
    assert session.scalar(select(func.count()).select_from(Reveal)) == 0


def test_somebody_with_masked_sight_replaces_a_value_without_seeing_it(
    visit: Visit, session: Session, customer: Customer
) -> None:
    client = visit("tang")
    page, phone = f"/customers/{customer.no}", contact(session, "phone")
    form = client.get(f"{page}/edit")
    assert not [value for value in PERSONAL if value in form.text]
    data = {
        "version": str(customer.version),
        f"contact-{phone.id}": "13911112222",
        "kind-0": "phone",
        "kind-1": "phone",
    }
    assert send(client, f"{page}/edit", data, form=page).status_code == 303
    session.expire_all()
    shown = shown_customer(session, session.get_one(Customer, customer.id), full=True)
    assert (shown.phone, shown.name, shown.email) == ("13911112222", NAME, MAIL)


def test_a_wrong_number_comes_back_with_its_sentence_and_a_stale_form_is_told(
    visit: Visit, session: Session, customer: Customer
) -> None:
    client = visit("lin")
    page, phone = f"/customers/{customer.no}", contact(session, "phone")
    base = {"version": str(customer.version), "kind-0": "email", "kind-1": "phone"}
    wrong = send(client, f"{page}/edit", base | {f"contact-{phone.id}": "1391", "add-0": "x"}, form=page)
    assert wrong.status_code == 422
    assert 'value="1391"' in wrong.text
    assert "电话号码不完整" in words_of(wrong)
    assert send(client, f"{page}/edit", base | {"name": "慕容云舒"}, form=page).status_code == 303
    late = send(client, f"{page}/edit", base | {"name": "司马相如"}, form=page)
    assert late.status_code == 409
    assert "刚被别人修改过" in words_of(late)
    cleared = base | {"version": str(customer.version + 1), f"clear-contact-{phone.id}": "y"}
    assert send(client, f"{page}/edit", cleared, form=page).status_code == 303
    assert PHONE not in client.get(page).text


def test_tier_and_flag_by_hand(visit: Visit, session: Session, customer: Customer) -> None:
    client = visit("wang")
    page = f"/customers/{customer.no}"
    data = {"version": str(customer.version), "tier": "vip", "flagged": "y"}
    assert send(client, f"{page}/standing", data, form=page).status_code == 303
    session.expire_all()
    assert (customer.tier, customer.flagged) == ("vip", True)
    assert send(client, f"{page}/standing", data, form=page).status_code == 409
    assert send(client, f"{page}/standing", data | {"tier": "gold"}, form=page).status_code == 422


def test_a_purchase_is_added(visit: Visit, session: Session, cast: Cast, customer: Customer) -> None:
    product = add_product(session, code="X20", name="X20 手机", by=cast("he"), now=NOON)
    session.commit()
    client = visit("lin")
    page = f"/customers/{customer.no}"
    assert client.get(f"{page}/purchases/new").status_code == 200
    data = {"product": str(product.id), "bought_on": "2024-02-01", "order_no": "DD202402018899"}
    assert send(client, f"{page}/purchases", data, form=page).status_code == 303
    assert "X20 手机" in client.get(page).text
    empty = send(client, f"{page}/purchases", {"note": "忘了写"}, form=page)
    assert empty.status_code == 422
    assert "忘了写" in empty.text
    client = visit("tang")
    masked = client.get(page).text
    assert "DD202402018899" not in masked
    assert "****8899" in masked


def test_an_unknown_caller_is_merged_by_the_page(
    visit: Visit, session: Session, cast: Cast, customer: Customer
) -> None:
    unknown = recognise(session, GivenCustomer(), by=cast("lin"), now=NOON).customer
    session.commit()
    client = visit("lin")
    page = f"/customers/{unknown.no}"
    assert "并入已知客户" in client.get(page).text
    missing = send(client, f"{page}/merge", {"into": "C209912999"}, form=page)
    assert missing.status_code == 422
    answer = send(client, f"{page}/merge", {"into": customer.no}, form=page)
    assert answer.location == f"/customers/{customer.no}"
    assert f"已并入客户 {customer.no}" in words_of(client.get(page))


def test_only_head_and_service_admin_export_or_erase(visit: Visit, customer: Customer) -> None:
    page = f"/customers/{customer.no}"
    for login in ("lin", "wang", "chen", "qian"):
        client = visit(login)
        assert "客户的权利" not in client.get(page).text
        for path in ("export", "erasure"):
            assert client.get(f"{page}/{path}").status_code == 403
            assert send(client, f"{page}/{path}", {"reason": "试试"}, form=page).status_code == 403


def test_the_export_is_a_file_that_nothing_keeps(visit: Visit, customer: Customer) -> None:
    client = visit("he")
    page = f"/customers/{customer.no}"
    assert send(client, f"{page}/export", {"reason": ""}, form=page).status_code == 422
    answer = send(client, f"{page}/export", {"reason": "客户本人要求"}, form=page)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{customer.no}.json"'
    assert "no-store" in answer.headers["Cache-Control"]
    assert json.loads(answer.text)["customer"]["name"] == NAME


def test_an_erased_customer_reads_as_deleted(visit: Visit, session: Session, cast: Cast) -> None:
    customer = a_customer(session, cast)
    session.commit()
    client = visit("zhou")
    page = f"/customers/{customer.no}"
    data = {"reason": f"{NAME}本人要求", "number": "C209912999"}
    assert send(client, f"{page}/erasure", data, form=page).status_code == 422
    assert send(client, f"{page}/erasure", data | {"number": customer.no}, form=page).status_code == 303
    gone = client.get(page)
    assert gone.status_code == 200
    assert "已删除" in words_of(gone)
    assert not [value for value in PERSONAL if value in gone.text]
    assert "已删除" in words_of(client.get("/customers"))
    for path in ("edit", "purchases/new", "merge"):
        assert client.get(f"{page}/{path}").status_code == 409


def test_a_damaged_value_is_named_and_the_page_works(visit: Visit, session: Session, customer: Customer) -> None:
    customer.name = (customer.name or b"")[:-1] + b"\0"
    session.commit()
    client = visit("lin")
    for path in ("/customers", f"/customers/{customer.no}", f"/customers/{customer.no}/edit"):
        assert client.get(path).status_code == 200, path
    page = client.get(f"/customers/{customer.no}")
    assert "数据已损坏" in words_of(page)
    assert PHONE in page.text


def test_with_a_wrong_key_pages_are_locked_and_nothing_is_written(
    locked_app: Flask, session: Session, customer: Customer
) -> None:
    client = locked_app.test_client()
    sign_in(client, "lin")
    page = f"/customers/{customer.no}"
    shown = client.get(page)
    assert shown.status_code == 200
    assert "密钥不可用" in words_of(shown)
    assert not [value for value in PERSONAL if value in shown.text]
    before = customer.name
    data = {"version": str(customer.version), "name": "慕容云舒", "kind-0": "phone", "kind-1": "phone"}
    assert send(client, f"{page}/edit", data, form=page).status_code == 503
    session.expire_all()
    assert customer.name == before


def test_pages_of_the_list_and_its_filters(visit: Visit, session: Session, cast: Cast) -> None:
    client = visit("lin")
    assert "还没有客户" in client.get("/customers").text
    for n in range(55):
        given = GivenCustomer(name=f"顾客第{n}位", phone=f"139{n:08d}", tier="vip" if n == 3 else None)
        recognise(session, given, by=cast("lin"), now=NOON)
    session.commit()
    first = client.get("/customers")
    assert "C202403055" in first.text
    assert "C202403005" not in first.text
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following is not None
    second = client.get(following[1].replace("&amp;", "&"))
    assert "C202403005" in second.text
    assert 'rel="prev"' in second.text
    vip = client.get("/customers?tier=vip")
    assert "C202403004" in vip.text
    assert "C202403055" not in vip.text
    assert "没有符合条件的客户" in client.get("/customers?flagged=1").text
    for junk in ("cursor=%20", "cursor=abc&back=1", "tier=gold", "match=zzz"):
        assert client.get(f"/customers?{junk}").status_code in (200, 404), junk
