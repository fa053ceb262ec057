"""Whatever is refused, is refused in the language of whoever reads it."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.accounts.models import User
from tests.cast import PEOPLE
from tests.doors.ground import World
from tests.doors.test_odd_input import doors

HAN = re.compile(r"[\u4e00-\u9fff]+")
# Written differently in the two scripts, and common in refusals.
SIMPLIFIED = re.compile(r"[没这单请内写号码时间后个说关闭户话务员处类级过发给认识别无码选项务与为会]")
ERRORS = re.compile(r'(?s)<div class="alert is-bad.*?</div>|<span class="error".*?</span>')
NAMES = re.compile("|".join(["简体", "繁體", *(name for name, _, _ in PEOPLE.values())]))
pytestmark = pytest.mark.timeout(300)


def _words(answer: TestResponse) -> str:
    """The sentences of a refusal, without what is data."""
    if "json" in answer.content_type:
        problem = answer.get_json()
        return NAMES.sub("", json.dumps([problem.get("detail"), problem.get("errors")], ensure_ascii=False))
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    form = "data-errors" in main or (answer.status_code == 422 and "<form" in main)
    if form:  # with its refusal; the rest of the page is about somebody's ticket
        main = " ".join(ERRORS.findall(main))
    return NAMES.sub("", unescape(re.sub(r"<[^>]+>", " ", main)))


def _refusals(world: World, locale: str, *, api: bool) -> list[tuple[str, str]]:
    """(address, words) of what each door says to nothing at all, and to junk."""
    said = []
    for writing in (True, False):
        for _, method, path, person, _, _ in doors(world, writing=writing, api=api):
            with world.undone():
                world.connection.execute(update(User).values(locale=locale))
                if not writing:
                    answers = [world.ask(person, "GET", f"{path}/nothing-here"), world.ask("xiao", "GET", path)]
                elif api:
                    answers = [world.ask(person, method, path, json=body) for body in ({}, {"colour": "red"})]
                else:
                    answers = [world.ask(person, method, path, form={}), world.ask("xiao", method, path, form={})]
            said += [(f"{method} {path}", _words(answer)) for answer in answers if answer.status_code >= 400]
    assert len(said) > 20
    return said


@pytest.mark.parametrize("api", [True, False], ids=["programs", "pages"])
def test_refusals_are_in_english_for_english_readers(world: World, api: bool) -> None:
    foreign = {
        path: HAN.findall(words)[:4] for path, words in _refusals(world, "en", api=api) if words and _not_english(words)
    }
    assert not foreign


def _not_english(words: str) -> bool:
    return bool(HAN.search(re.sub(r"[“「『][^”」』]*[”」』]", "", words))) or not re.search("[A-Za-z]{3}", words)


def test_refusals_are_in_the_traditional_script_where_that_is_read(world: World) -> None:
    foreign = {path: words for path, words in _refusals(world, "zh-TW", api=True) if SIMPLIFIED.search(words)}
    assert not foreign
