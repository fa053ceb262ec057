"""A file name means one thing everywhere, so that a path can be guessed."""

from pathlib import Path

import pytest

from tests.architecture.project import APP, ROOT, STATIC, python_files, short, tree_of

# A drawer for everything: what is in it could not be named, or was not looked for.
DRAWERS = {"base", "common", "core", "helper", "helpers", "lib", "misc", "shared", "tools", "util", "utils"}


def test_no_file_is_a_drawer() -> None:
    names = {path: path.stem for path in python_files()}
    names |= {path.parent: path.parent.name for path in python_files()}
    assert not [short(path) for path, name in names.items() if name in DRAWERS]


def test_no_module_hides_the_database_object() -> None:
    """`app/db.py` would shadow the object `db` that everybody imports."""
    assert not (APP / "db.py").exists()


@pytest.mark.parametrize("path", python_files(), ids=short)
def test_a_file_says_what_it_is_for(path: Path) -> None:
    tree = tree_of(path)
    has_docstring = bool(tree.body) and tree.body[0].__class__.__name__ == "Expr"
    assert not tree.body or has_docstring, f"{short(path)} has no docstring"


def test_nothing_is_put_off() -> None:
    """What is not built is not announced in the code: the tracker is for that."""
    sources = [*python_files(), *(APP / "templates").rglob("*.html"), *STATIC.glob("*.js"), *STATIC.glob("*.css")]
    words = ("TODO", "FIXME", "XXX", "HACK")
    assert not [short(path) for path in sources if any(word in path.read_text("utf-8") for word in words)]


def test_the_commands_are_executable_and_sound() -> None:
    for name in ("bin/demo", "bin/test", ".ci/run"):
        path = ROOT / name
        assert path.stat().st_mode & 0o111, f"{name} is not executable"
        assert path.read_text("utf-8").startswith("#!/usr/bin/env bash\n")
        assert "set -euo pipefail" in path.read_text("utf-8")
