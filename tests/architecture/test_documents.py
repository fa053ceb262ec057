"""The documents agree with the program: no dead link, no setting that nobody explains."""

import re
from pathlib import Path

import pytest

from app.config import Settings, known_names, secret_fault
from tests.architecture.project import ROOT, short

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ADRS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
SETTING = re.compile(r"^#? ?([A-Z][A-Z0-9_]+)=", re.M)


@pytest.mark.parametrize("path", DOCUMENTS, ids=short)
def test_a_link_leads_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8"))
    dead = [t for t in targets if "://" not in t and not t.startswith("mailto:") and not (path.parent / t).exists()]
    assert not dead


@pytest.mark.parametrize("path", ADRS, ids=short)
def test_a_decision_says_why_and_what_else_there_was(path: Path) -> None:
    text = path.read_text("utf-8")
    for heading in ("## Context", "## Decision", "## Consequences", "## Alternatives"):
        assert heading in text, f"{short(path)} lacks {heading}"


def test_the_sample_lists_what_the_program_reads() -> None:
    assert sorted(SETTING.findall((ROOT / ".env.example").read_text("utf-8"))) == sorted(known_names())


def test_the_sample_can_be_loaded_as_it_is() -> None:
    """Somebody will copy the file and start: it must be understood, and the secret that it lacks must be asked for."""
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    settings = Settings.from_env(given)
    assert not settings.warnings
    assert secret_fault(settings.secret_key)


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_explains_every_setting(readme: str) -> None:
    settings = set(SETTING.findall((ROOT / ".env.example").read_text("utf-8")))
    assert settings
    text = (ROOT / readme).read_text("utf-8")
    assert not {name for name in settings if f"`{name}`" not in text}


def test_a_handbook_page_exists_in_both_languages() -> None:
    chinese = {p.name for p in (ROOT / "docs" / "handbook").glob("*.md")}
    english = {p.name for p in (ROOT / "docs" / "handbook" / "en").glob("*.md")}
    assert chinese == english
