"""The reader's language: who decides, and that nothing comes out in another one."""

import ast
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import wtforms
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.web import formats, forms, languages
from app.words import say
from tests.cast import NOON, Cast
from tests.databases import Database
from tests.web.probes import probe_app
from tests.web.visits import send, sign_in

LANG = re.compile(r'<html lang="([^"]+)"')


def language_of(client: FlaskClient, **headers: str) -> str:
    found = LANG.search(client.get("/login", headers={k.replace("_", "-"): v for k, v in headers.items()}).text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", "zh-CN"),
        ("zh", "zh-CN"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh-Hans-HK", "zh-CN"),
        ("zh-TW", "zh-TW"),
        ("zh-HK,en;q=0.5", "zh-TW"),
        ("zh-Hant", "zh-TW"),
        ("en-GB,en;q=0.9", "en"),
        ("fr,de;q=0.9", "zh-CN"),
        ("fr,en;q=0.2", "en"),
        ("en;q=0", "zh-CN"),
        ("\u00ff;;q=x,,", "zh-CN"),
    ],
)
def test_a_stranger_gets_what_the_browser_asks_for(client: FlaskClient, asked: str, shown: str) -> None:
    assert language_of(client, Accept_Language=asked) == shown


@pytest.mark.parametrize(("given", "shown"), [("en", "en"), ("zh_Hant", "zh-TW"), ("zh-CN", "zh-CN")])
def test_the_buttons_of_the_sign_in_page_are_remembered(client: FlaskClient, given: str, shown: str) -> None:
    answer = send(client, "/language", {"locale": given, "next": "/login"})
    assert answer.location == "/login"
    assert language_of(client, Accept_Language="fr") == shown


def test_a_person_keeps_the_choice_on_every_device(app: Flask, session: Session, cast: Cast) -> None:
    here, there = app.test_client(), app.test_client()
    sign_in(here, "lin")
    send(here, "/language", {"locale": "en", "next": "/me"}, form="/me")
    assert session.scalars(select(User.locale).where(User.login == "lin")).one() == "en"
    sign_in(there, "lin")
    found = LANG.search(there.get("/me").text)
    assert found
    assert found[1] == "en"


@pytest.mark.parametrize("data", [{"locale": "tlh"}, {}, {"locale": ""}])
def test_a_language_that_there_is_not_is_refused(client: FlaskClient, data: dict[str, str]) -> None:
    assert send(client, "/language", data).status_code == 422


def test_the_buttons_lead_to_no_other_site(client: FlaskClient) -> None:
    assert send(client, "/language", {"locale": "en", "next": "//evil.example"}).location == "/"


# --- sentences --------------------------------------------------------------------------------------------------------


def test_a_sentence_is_filled_with_sentences_times_and_days(app: Flask) -> None:
    with app.test_request_context():
        g.now = NOON
        inner = say("工单 %(no)s", no="CS1")
        outer = say("%(what)s：%(when)s，%(day)s，100%%", what=inner, when=NOON, day=date(2024, 3, 5))
        assert languages.translate(outer) == "工单 CS1：今天 12:00，2024-03-05，100%"


def test_a_template_prints_a_sentence_escaped(app: Flask) -> None:
    with app.test_request_context():
        template = app.jinja_env.from_string("{{ sentence }}")
        assert template.render(sentence=say("<b>%(x)s", x="<i>")) == "&lt;b&gt;&lt;i&gt;"


def test_a_label_of_an_unknown_code_is_the_code(app: Flask) -> None:
    with app.test_request_context():
        assert languages.label({"a": "甲"}, "a") == "甲"
        assert languages.label({"a": "甲"}, "b") == "b"


# --- messages of the form library -------------------------------------------------------------------------------------


def wtforms_messages() -> set[str]:
    """Every message that WTForms hands to gettext."""
    found = set()
    for path in Path(wtforms.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and "gettext" in node.func.attr:
                words = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
                found.update(words)
    return found


def test_every_message_of_the_form_library_has_one_of_ours() -> None:
    assert wtforms_messages()
    assert wtforms_messages() <= set(forms.MESSAGES)
    assert all(not re.search("[A-Za-z]{4,}", re.sub(r"%\(\w+\)[sd]", "", ours)) for ours in forms.MESSAGES.values())


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW"])
def test_no_english_leaks_into_a_chinese_form(database: Database, session: Session, cast: Cast, locale: str) -> None:
    cast.people["lin"].locale = locale
    session.commit()
    client = probe_app(database).test_client()
    sign_in(client, "lin")
    answer = send(client, "/probe", {"title": "", "kind": "z", "axis": "9", "body": "x" * 10_001}, form="/probe")
    assert answer.status_code == 422
    errors = re.findall(r'class="error"[^>]*>.*?</svg>([^<]+)<', answer.text)
    assert len(errors) >= 3
    assert not [error for error in errors if re.search("[A-Za-z]{4,}", error)]


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "剩 0 秒"),
        (40, "剩 40 秒"),
        (220, "剩 3 分 40 秒"),
        (599, "剩 9 分 59 秒"),
        (600, "剩 10 分"),
        (18 * 60, "剩 18 分"),
        (72 * 60, "剩 1 小时 12 分"),
        (7200, "剩 2 小时 0 分"),
        (7201, "今天 14:00"),
        (6 * 3600, "今天 18:00"),
        (22 * 3600, "明天 10:00"),
        (5 * 86400, "03-10 12:00"),
        (400 * 86400, "2025-04-09 12:00"),
        (-30, "超时 30 秒"),
        (-22 * 60, "超时 22 分"),
        (-84 * 60, "超时 1 小时 24 分"),
        (-51 * 3600, "超时 2 天 3 小时"),
    ],
)
def test_a_deadline_in_words(app: Flask, seconds: int, words: str) -> None:
    with app.test_request_context():
        g.now = NOON
        assert formats.fmt_due(NOON + timedelta(seconds=seconds), NOON) == words


def test_days_and_moments_are_those_of_the_company(app: Flask) -> None:
    late = datetime(2024, 3, 4, 17, 30, tzinfo=UTC)  # 01:30 of the fifth in Shanghai
    with app.test_request_context():
        g.now = NOON
        assert formats.fmt_day(late) == "2024-03-05"
        assert formats.fmt_day(date(2024, 3, 4)) == "2024-03-04"
        assert formats.fmt_moment(late) == "今天 01:30"
        assert formats.fmt_moment(late - timedelta(hours=2)) == "昨天 23:30"
        assert formats.fmt_moment(None) == formats.fmt_day(None) == formats.fmt_due(None, NOON) == "—"
        assert formats.fmt_number(1234567) == "1,234,567"
