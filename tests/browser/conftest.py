"""A real browser in front of a real server."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route, sync_playwright
from sqlalchemy.orm import Session

from app.web import assets
from tests.architecture.project import STATIC
from tests.browser.person import Person
from tests.cast import Cast
from tests.servers import serving
from tests.web.conftest import desk

__all__ = ["desk"]

CHROMIUM = os.environ.get("TEST_CHROMIUM") or shutil.which("chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
HTMX = (STATIC / assets.VENDORED_HTMX).read_text("utf-8")
DESK_SCREEN, PHONE = (1366, 768), (390, 844)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture
def site(app: Flask, desk: Cast, session: Session) -> Iterator[str]:
    """The address of the desk, with its rules and cast."""
    with serving(app) as address:
        yield address


Meet = Callable[..., Person]


@pytest.fixture
def meet(chromium: Browser, site: str) -> Iterator[Meet]:
    """`meet("lin", javascript=False, size=PHONE)` is Lin in front of her own browser, signed in."""
    people: list[Person] = []

    def person(login: str, *, javascript: bool = True, size: tuple[int, int] = DESK_SCREEN) -> Person:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            java_script_enabled=javascript,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        context.route("https://**/*", _as_cdn)
        page: Page = context.new_page()
        page.set_default_timeout(10_000)
        made = Person(page, site)
        people.append(made)
        made.sign_in(login)
        return made

    yield person
    for one in people:
        one.page.context.close()
    complaints = [complaint for one in people for complaint in one.complaints]
    assert complaints == []


def _as_cdn(route: Route) -> None:
    """The CDN answers with the vendored file; nothing leaves the machine."""
    route.fulfill(
        body=HTMX,
        headers={"content-type": "text/javascript", "access-control-allow-origin": "*"},
    )
