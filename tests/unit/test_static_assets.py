"""What the browser is given: unchanged files, few bytes, and everything that the templates name."""

import base64
import gzip
import hashlib
import re
from pathlib import Path

import pytest
from flask import Flask

from app.web import assets
from tests.architecture.project import APP, STATIC, TEMPLATES, short, templates

VENDOR = STATIC / "vendor"
FIRST_VISIT_BYTES = 80 * 1024
PAGE_BYTES = 10 * 1024  # what a page itself may add to its files on a first visit
APP_JS_BYTES = 8 * 1024
FIRST_VISIT = [
    "css/tokens.css",
    "css/app.css",
    "css/screens.css",
    "js/app.js",
    "js/loader.js",
    assets.VENDORED_HTMX,
    "icons.svg",
    "favicon.svg",
]


def gzipped(path: str) -> int:
    return len(gzip.compress((STATIC / path).read_bytes(), mtime=0))


@pytest.fixture
def web() -> Flask:
    app = Flask("app", root_path=str(APP))
    assets.install(app)
    return app


def test_vendored_files_are_the_ones_that_were_published() -> None:
    lines = (VENDOR / "CHECKSUMS").read_text("ascii").split("\n")
    listed = {name: digest for digest, name in (line.split("  ") for line in lines if line)}
    found = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in VENDOR.iterdir() if p.name != "CHECKSUMS"}
    assert found == listed


def test_each_vendored_script_stands_beside_its_licence() -> None:
    assert "Zero-Clause BSD" in (VENDOR / "htmx-LICENSE.txt").read_text("utf-8")


def test_the_vendored_htmx_says_the_version_that_is_asked_of_the_cdn() -> None:
    assert f'version:"{assets.HTMX_VERSION}"' in (STATIC / assets.VENDORED_HTMX).read_text("utf-8")


def test_the_integrity_value_is_that_of_the_vendored_file(web: Flask) -> None:
    digest = hashlib.sha384((STATIC / assets.VENDORED_HTMX).read_bytes()).digest()
    with web.test_request_context("/"):
        meta = assets.htmx_meta()
    assert meta["integrity"] == assets.htmx_sri() == "sha384-" + base64.b64encode(digest).decode("ascii")


def test_the_cdn_is_asked_for_the_pinned_version(web: Flask) -> None:
    with web.test_request_context("/"):
        meta = assets.htmx_meta()
    assert meta["cdn"] == f"https://cdn.jsdelivr.net/npm/htmx.org@{assets.HTMX_VERSION}/dist/htmx.min.js"
    assert meta["mode"] == "cdn"


def test_another_cdn_can_be_named(web: Flask) -> None:
    web.config["HTMX_CDN_URL"] = "https://static.example.cn/htmx/VERSION.js"
    with web.test_request_context("/"):
        assert assets.htmx_meta()["cdn"] == f"https://static.example.cn/htmx/{assets.HTMX_VERSION}.js"


def test_an_intranet_asks_nobody_outside(web: Flask) -> None:
    web.config["ASSETS"] = "local"
    with web.test_request_context("/"):
        assert assets.htmx_meta()["mode"] == "local"


def test_an_address_changes_with_the_content(web: Flask) -> None:
    with web.test_request_context("/"):
        url = assets.asset("css/app.css")
    digest = hashlib.sha256((STATIC / "css/app.css").read_bytes()).hexdigest()
    assert url == f"/static/css/app.css?v={digest[:10]}"


def test_an_address_knows_the_prefix_of_the_site(web: Flask) -> None:
    with web.test_request_context("/", base_url="http://localhost/desk"):
        assert assets.asset("icons.svg").startswith("/desk/static/icons.svg?v=")


def test_the_script_stays_small() -> None:
    assert (STATIC / "js/app.js").stat().st_size <= APP_JS_BYTES


def test_a_first_visit_stays_light() -> None:
    assert sum(map(gzipped, FIRST_VISIT)) + PAGE_BYTES <= FIRST_VISIT_BYTES


def test_first_visit_counts_what_the_frame_of_every_page_loads() -> None:
    frame = (TEMPLATES / "layouts/base.html").read_text("utf-8")
    named = set(re.findall(r"asset\('([^']+)'\)", frame))
    assert named <= set(FIRST_VISIT)


@pytest.mark.parametrize("path", templates(), ids=short)
def test_every_static_file_that_a_template_names_exists(path: Path) -> None:
    for name in re.findall(r"asset\(['\"]([^'\"]+)['\"]\)", path.read_text("utf-8")):
        assert (STATIC / name).is_file(), name


@pytest.mark.parametrize("path", templates(), ids=short)
def test_every_symbol_that_a_template_draws_is_in_the_sprite(path: Path) -> None:
    symbols = set(re.findall(r'id="i-([a-z0-9-]+)"', (STATIC / "icons.svg").read_text("utf-8")))
    named = set(re.findall(r"\bicon\(['\"]([^'\"]+)['\"]\s*[,)]|\bicon=['\"]([^'\"]+)['\"]", path.read_text("utf-8")))
    assert {first or second for first, second in named} <= symbols


@pytest.mark.parametrize("path", templates(), ids=short)
def test_no_template_carries_style_or_script_of_its_own(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert not re.search(r"<style\b|<[^>]*\sstyle\s*=|<script(?![^>]*\bsrc=)", text, re.IGNORECASE)


def test_themes_define_the_same_tokens() -> None:
    """A colour that only one of the two dark blocks knows shows light ink on a dark ground to somebody."""
    text = (STATIC / "css/tokens.css").read_text("utf-8")
    system = re.search(r":root:not\(\[data-theme=light\]\) \{(.*?)\n\}", text, re.DOTALL)
    chosen = re.search(r":root\[data-theme=dark\] \{(.*?)\n\}", text, re.DOTALL)
    assert system is not None
    assert chosen is not None
    assert re.findall(r"(--[\w-]+): ([^;]+);", system.group(1)) == re.findall(r"(--[\w-]+): ([^;]+);", chosen.group(1))
