"""Where things lie, for tests that read the project as text."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
TEMPLATES = APP / "templates"
STATIC = APP / "static"

# What may know that there is a browser on the other side. Everything else must work without Flask.
WEB_SIDE = ("__init__", "blueprints", "cli", "demo", "extensions", "jobs", "web")


def python_files() -> list[Path]:
    return sorted(APP.rglob("*.py"))


def files_below_the_web_layer() -> list[Path]:
    return [path for path in python_files() if path.relative_to(APP).parts[0].removesuffix(".py") not in WEB_SIDE]


def templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def imported_modules(path: Path) -> Iterator[str]:
    """Full names of what a file imports, wherever in it the import stands."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
