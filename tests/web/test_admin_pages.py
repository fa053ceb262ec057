"""Who enters which page of the administration, and what each page says."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import UserSkill
from app.audit.models import AuditEntry
from app.blueprints.admin.wording import AUDIT_LABELS, SETTING_LABELS
from app.config import known_names
from app.customers.services import add_product
from app.policy import ACTION_LABELS, ROLE_LABELS
from tests.architecture.project import APP
from tests.cast import NOON, PEOPLE, Cast
from tests.web.visits import sign_in, words_of

Visit = Callable[[str], FlaskClient]

# Page → who may enter. Everybody else is told that they may not.
PAGES = {
    "/admin/": {"root", "he", "zhou"},
    "/admin/people": {"root"},
    "/admin/people/new": {"root"},
    "/admin/people/chen": {"root"},
    "/admin/departments": {"root"},
    "/admin/departments/new": {"root"},
    "/admin/departments/service": {"root"},
    "/admin/matrix": {"root", "zhou"},
    "/admin/lonely": {"root", "zhou"},
    "/admin/categories": {"root", "he"},
    "/admin/categories/new": {"root", "he"},
    "/admin/categories/fault.batch": {"root", "he"},
    "/admin/priority": {"root", "he"},
    "/admin/sla": {"root", "he"},
    "/admin/sla/new": {"root", "he"},
    "/admin/sla/live": {"root", "he"},
    "/admin/routing": {"root", "he"},
    "/admin/routing/new": {"root", "he"},
    "/admin/products": {"root", "he"},
    "/admin/products/new": {"root", "he"},
    "/admin/audit": {"root", "zhou"},
    "/admin/jobs": {"root"},
    "/admin/settings": {"root"},
    "/admin/styleguide": {"root"},
}


@pytest.fixture
def visit(app: Flask) -> Visit:
    """`visit("root")` is a browser that the system administrator has signed in with."""

    def as_(login: str) -> FlaskClient:
        client = app.test_client()
        sign_in(client, login)
        return client

    return as_


@pytest.mark.parametrize("login", PEOPLE)
def test_each_page_is_open_to_those_of_the_matrix_only(desk: Cast, visit: Visit, login: str) -> None:
    client = visit(login)
    found = {path: client.get(path).status_code for path in PAGES}
    assert found == {path: 200 if login in who else 403 for path, who in PAGES.items()}


def test_who_is_not_signed_in_is_sent_to_the_door(desk: Cast, client: FlaskClient) -> None:
    answers = [client.get(path) for path in PAGES]
    assert {answer.status_code for answer in answers} == {303}
    assert all("/login" in answer.headers["Location"] for answer in answers)


@pytest.mark.parametrize(
    "path",
    [
        "people/nobody",
        "departments/nothing",
        "categories/nothing",
        "categories/fault.",
        "sla/nothing",
        "routing/99999",
        "products/99999",
        "products/9999999999999999999",
    ],
)
def test_what_is_not_there_is_not_found(desk: Cast, visit: Visit, path: str) -> None:
    assert visit("root").get(f"/admin/{path}").status_code == 404


def test_the_overview_and_the_tabs_show_only_what_may_be_entered(desk: Cast, visit: Visit) -> None:
    page = visit("zhou").get("/admin/")
    assert set(re.findall(r'href="(/admin/\w+)"', page.text)) == {"/admin/matrix", "/admin/lonely", "/admin/audit"}
    tabs = visit("he").get("/admin/sla").text
    assert "/admin/categories" in tabs
    assert "/admin/people" not in tabs
    assert "/admin/audit" not in tabs


def test_a_refused_look_is_written_down(desk: Cast, session: Session, visit: Visit) -> None:
    visit("lin").get("/admin/people/chen")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "access.denied")).one()
    assert (entry.actor_id, entry.data) == (desk("lin").id, {"endpoint": "admin.person", "method": "GET"})


def test_the_permission_table_names_every_role_and_every_action(desk: Cast, visit: Visit) -> None:
    words = words_of(visit("zhou").get("/admin/matrix"))
    missing = [text for text in (*ROLE_LABELS.values(), *ACTION_LABELS.values()) if text not in words]
    assert not missing


def test_lone_posts_and_lone_skills_are_listed(desk: Cast, session: Session, visit: Visit) -> None:
    session.add_all(
        UserSkill(user_id=desk(login).id, skill=skill)
        for login, skill in (("chen", "电池"), ("chen", "英语"), ("lin", "英语"))
    )
    session.commit()
    words = words_of(visit("zhou").get("/admin/lonely"))
    assert "周敏" in words
    assert "电池" in words
    assert "英语" not in words
    assert "林晓" not in words


def test_settings_show_what_is_in_force_and_no_secret(desk: Cast, app: Flask, visit: Visit) -> None:
    page = visit("root").get("/admin/settings").text
    settings = app.extensions["bihuan"].settings
    assert settings.secret_key not in page
    assert "********" in page
    assert settings.base_url in page


def test_every_setting_has_a_name() -> None:
    assert set(known_names()) == set(SETTING_LABELS)


RECORDED = re.compile(r'\brecord\(\s*[\w.()]+,\s*[\w.]+(?:\([^()]*\))?,\s*"(?P<action>[a-z_.]+)"')


def test_every_recorded_act_has_a_name() -> None:
    sources = [path.read_text("utf-8") for path in APP.rglob("*.py")]
    found = {match["action"] for text in sources for match in RECORDED.finditer(text)}
    assert len(found) > 40
    assert not found - set(AUDIT_LABELS)


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/admin/styleguide"])
@pytest.mark.parametrize("locale", ["zh-TW", "en"])
def test_each_page_is_drawn_in_the_other_languages(
    desk: Cast, session: Session, visit: Visit, path: str, locale: str
) -> None:
    desk.people["root"].locale = locale
    session.commit()
    answer = visit("root").get(path)
    assert answer.status_code == 200
    assert f'<html lang="{locale}"' in answer.text


def test_empty_pages_say_what_belongs_there(cast: Cast, visit: Visit) -> None:
    """Before the rules are seeded."""
    client = visit("root")
    for path, said in {
        "categories": "还没有分类",
        "sla": "还没有时限政策",
        "routing": "还没有派单规则",
        "products": "还没有产品",
        "jobs": "队列是空的",
        "people?role=trainee&state=disabled": "没有符合条件的同事",
        "audit?action=customer.erased": "没有符合条件的记录",
    }.items():
        assert said in words_of(client.get(f"/admin/{path}")), path


def test_a_product_has_a_page_of_its_own(desk: Cast, session: Session, visit: Visit) -> None:
    made = add_product(session, code="X20", name="X20 手机", by=desk("he"), now=NOON)
    session.commit()
    assert "X20 手机" in visit("he").get(f"/admin/products/{made.id}").text
    assert visit("lin").get(f"/admin/products/{made.id}").status_code == 403
