"""What is installed is what was tested: declared, pinned and hashed, from wherever the machine gets its packages."""

import re
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.project import ROOT, imported_modules, pyproject, python_files, short

LOCKS = ("requirements.lock", "requirements-dev.lock")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names_in(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]) for requirement in requirements}


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text("utf-8")
    return {normal(name): version for name, version in re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^ ;\\]+)", text, re.M)}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    """Every place has its own mirror, and an address in a lock would overrule it."""
    text = (ROOT / lock).read_text("utf-8")
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links|--trusted-host|(^|\s)-[if]\s", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_is_pinned_and_hashed(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert lines
    assert not [line for line in lines if "==" not in line or "--hash=sha256:" not in line]


def test_tests_run_on_the_packages_that_are_served() -> None:
    runtime, everything = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: everything.get(name) for name in runtime} == runtime


def test_what_is_declared_is_locked() -> None:
    project = pyproject()["project"]
    assert names_in(project["dependencies"]) <= pins("requirements.lock").keys()
    assert names_in(project["optional-dependencies"]["scale"]) <= pins("requirements.lock").keys()
    assert names_in(project["optional-dependencies"]["dev"]) <= pins("requirements-dev.lock").keys()


def test_what_is_imported_is_declared() -> None:
    """Something that only comes along with another package goes away with it."""
    declared = names_in(pyproject()["project"]["dependencies"])
    distributions = packages_distributions()
    undeclared = {
        f"{short(path)}: {module}"
        for path in python_files()
        for module in {name.split(".")[0] for name in imported_modules(path)}
        if module not in sys.stdlib_module_names
        and module != "app"
        and not {normal(name) for name in distributions.get(module, [])} & declared
    }
    assert not undeclared
