"""htmx comes from the CDN, or from the copy beside the pages when the CDN fails, hangs or lies, and never from both."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from app.web import assets
from tests.architecture.project import STATIC

pytestmark = pytest.mark.browser

DESK = "http://desk.test/"
CDN = "https://cdn.example.test/htmx.js"
HTMX = (STATIC / assets.VENDORED_HTMX).read_text("utf-8")
SCRIPT = {"content-type": "text/javascript", "access-control-allow-origin": "*", "cache-control": "max-age=3600"}
POLICY = "default-src 'self'; script-src 'self' https://cdn.example.test; base-uri 'none'; form-action 'self'"


def page_text(mode: str) -> str:
    return f"""<!doctype html><html lang="zh-CN"><head><title>x</title>
<meta name="htmx-config" content='{{"allowEval":false,"includeIndicatorStyles":false,"defaultSwapStyle":"outerHTML",
"historyCacheSize":0}}'>
<meta name="htmx-loader" content="{mode}" data-cdn="{CDN}" data-local="/htmx.js" data-integrity="{assets.htmx_sri()}">
<script defer src="/loader.js"></script></head>
<body><p id="box">old</p><button hx-get="/part" hx-target="#box">go</button></body></html>"""


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """The run's one browser: a second driver in the same process would not start."""
    return chromium


class Desk:
    """A site of four addresses, served from here; `cdn` says how the CDN behaves."""

    def __init__(self, browser: Browser, cdn: str, mode: str = "cdn") -> None:
        self.asked: list[str] = []
        self.cdn = cdn
        self.mode = mode
        self.page: Page = browser.new_context().new_page()
        self.page.route("**/*", self.answer)

    def answer(self, route: Route) -> None:
        url = route.request.url
        if url == CDN:
            self.asked.append("cdn")
            self.answer_as_cdn(route)
        elif url == DESK:
            route.fulfill(
                body=page_text(self.mode), headers={"content-type": "text/html", "content-security-policy": POLICY}
            )
        elif url == DESK + "loader.js":
            route.fulfill(path=Path(STATIC / "js/loader.js"), headers=SCRIPT)
        elif url == DESK + "htmx.js":
            self.asked.append("local")
            route.fulfill(body=HTMX, headers=SCRIPT)
        elif url == DESK + "part":
            route.fulfill(body='<p id="box">new</p>', headers={"content-type": "text/html"})
        else:
            route.fulfill(status=404, body="")

    def answer_as_cdn(self, route: Route) -> None:
        match self.cdn:
            case "answers":
                route.fulfill(body=HTMX, headers=SCRIPT)
            case "is down":
                route.fulfill(status=503, body="")
            case "is cut off":
                route.abort()
            case "lies":
                route.fulfill(body="window.lied = true", headers=SCRIPT)
            case "hangs":
                pass

    def visit(self) -> None:
        self.asked.clear()
        self.page.goto(DESK, wait_until="domcontentloaded")
        self.page.wait_for_selector("html[data-htmx=ready]", state="attached", timeout=10_000)

    def works(self) -> bool:
        self.page.click("button")
        self.page.wait_for_selector("#box:has-text('new')", timeout=5_000)
        return bool(
            self.page.evaluate("htmx.config.allowEval === false && htmx.config.defaultSwapStyle === 'outerHTML'")
        )


def test_the_cdn_is_used_when_it_answers(browser: Browser) -> None:
    desk = Desk(browser, "answers")
    desk.visit()
    assert desk.works()
    assert "local" not in desk.asked


@pytest.mark.parametrize("cdn", ["is down", "is cut off", "hangs", "lies"])
def test_the_copy_beside_the_pages_steps_in_when_the_cdn(cdn: str, browser: Browser) -> None:
    desk = Desk(browser, cdn)
    desk.visit()
    assert desk.works()
    assert desk.asked.count("local") == 1
    assert desk.page.evaluate("window.lied") is None


def test_a_failure_is_remembered_for_the_visit(browser: Browser) -> None:
    desk = Desk(browser, "is cut off")
    desk.visit()
    desk.visit()
    assert desk.works()
    assert desk.asked == ["local"]


def test_an_intranet_never_asks_the_cdn(browser: Browser) -> None:
    desk = Desk(browser, "answers", mode="local")
    desk.visit()
    assert desk.works()
    assert desk.asked == ["local"]


def test_htmx_leaves_no_snapshot_of_a_page_behind(browser: Browser) -> None:
    """Pages hold personal data: what lies in the storage of the visit is an address and the mark of a failed CDN."""
    desk = Desk(browser, "is cut off")
    desk.visit()
    desk.works()
    kept = set(desk.page.evaluate("Object.keys(sessionStorage)"))
    assert kept <= {"htmx-cdn-failed", "htmx-current-path-for-history"}
