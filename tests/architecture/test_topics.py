"""A message that nobody handles would end among the dead letters, so every published topic has its place."""

import ast

from app.config import Settings
from app.jobs.handlers import QUIET, handlers
from app.jobs.timetable import TIMETABLE
from app.notifications.recipients import RULES
from tests.architecture.project import APP, tree_of


def published() -> set[str]:
    """Every topic that stands as a text in a call of `publish`."""
    found = set()
    for path in APP.rglob("*.py"):
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            texts = [a.value for a in node.args[:2] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if name == "publish" and texts:
                found.add(texts[0])
    return found


def test_every_published_topic_is_handled() -> None:
    assert published() - set(handlers(Settings())) == set()


def test_every_handler_has_something_to_wait_for() -> None:
    assert (set(RULES) | QUIET) - published() == set()


def test_every_periodic_job_is_handled() -> None:
    assert {f"periodic.{name}" for name in TIMETABLE} <= set(handlers(Settings()))
