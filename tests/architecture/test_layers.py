"""Rules sit below the web layer, so that a page, the API, a command and the worker can't disagree about them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.project import ROOT, files_below_the_web_layer, imported_modules, python_files, short, tree_of

WEB_LIBRARIES = {
    "flask",
    "flask_babel",
    "flask_limiter",
    "flask_login",
    "flask_migrate",
    "flask_smorest",
    "flask_wtf",
    "jinja2",
    "marshmallow",
    "werkzeug",
    "wtforms",
}
WALL_CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}


@pytest.mark.parametrize("path", files_below_the_web_layer(), ids=short)
def test_nothing_below_the_web_layer_knows_the_web(path: Path) -> None:
    used = {name for name in imported_modules(path) if name.split(".")[0] in WEB_LIBRARIES}
    assert not used, f"{short(path)} imports {', '.join(sorted(used))}"


@pytest.mark.parametrize("path", files_below_the_web_layer(), ids=short)
def test_a_rule_is_told_the_time(path: Path) -> None:
    """A rule that reads the wall clock can't be tested at a deadline, nor be replayed."""
    if short(path) == "app/clock.py":
        return
    read = [
        f"line {node.lineno}: {node.value.id}.{node.attr}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in WALL_CLOCKS
    ]
    assert not read, f"{short(path)} reads the clock itself: {'; '.join(read)}. Take `now` as an argument."


@pytest.mark.parametrize("path", [p for p in python_files() if "services" in (p.stem, p.parent.name)], ids=short)
def test_a_service_never_commits(path: Path) -> None:
    """One request is one transaction, ended in one place; a service that commits cuts it in two."""
    commits = [
        node.lineno
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"commit", "rollback"}
    ]
    assert not commits, f"{short(path)} ends the transaction in line {commits}"


@pytest.mark.parametrize("path", [p for p in python_files() if p.name == "workflow.py"], ids=short)
def test_a_workflow_is_pure(path: Path) -> None:
    assert not {name for name in imported_modules(path) if name.split(".")[0] == "sqlalchemy"}


def test_the_import_contracts_hold() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
