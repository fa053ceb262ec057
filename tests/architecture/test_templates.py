"""What the content security policy forbids is not in the templates, and nothing switches escaping off."""

import re
from pathlib import Path

import pytest

from tests.architecture.project import STATIC, TEMPLATES, short, templates

FORBIDDEN = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE),
    "an inline style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an event handler in an attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "logic in an htmx attribute": re.compile(r"\shx-on|\shx-vars|hx-vals\s*=\s*['\"]js:", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "unescaped output": re.compile(r"\|\s*safe\b|autoescape\s+false"),
    "a query": re.compile(r"\bdb\.session\b|\.query\b"),
}
# Data for scripts is not code: the browser never runs it.
DATA_BLOCK = re.compile(r"<script[^>]*type=[\"'](application/json|text/template)[\"'][^>]*>", re.IGNORECASE)
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)

APP_JS_BYTES = 8 * 1024


@pytest.mark.parametrize("path", templates(), ids=short)
@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_template_holds_no(path: Path, what: str) -> None:
    text = DATA_BLOCK.sub("", COMMENT.sub("", path.read_text("utf-8")))
    found = FORBIDDEN[what].search(text)
    assert not found, f"{short(path)} holds {what}: {found and found.group(0)[:80]}"


@pytest.mark.parametrize("path", [p for p in templates() if "mail" not in p.relative_to(TEMPLATES).parts], ids=short)
def test_a_form_that_writes_is_protected(path: Path) -> None:
    """Each form sends the token itself: without JavaScript there is nobody to add it."""
    text = COMMENT.sub("", path.read_text("utf-8"))
    for form in re.findall(r"<form\b.*?</form>", text, re.DOTALL | re.IGNORECASE):
        if re.search(r"method=[\"']post", form, re.IGNORECASE):
            assert re.search(r"csrf|hidden_tag", form), f"{short(path)}: {form[:100]}"


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.svg")), ids=short)
def test_a_picture_carries_no_code(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"<style\b|<script\b|\sstyle=|\son[a-z]+=", text, re.IGNORECASE)


def test_the_script_stays_small() -> None:
    script = STATIC / "app.js"
    assert not script.exists() or script.stat().st_size <= APP_JS_BYTES
