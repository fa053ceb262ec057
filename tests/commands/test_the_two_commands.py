"""`bin/demo` and `bin/test` do what is missing and nothing else.

Each runs in a copy of the project's outline whose `.venv/bin/python` only writes down what it was asked to do.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.project import ROOT

RECORDER = """#!/bin/sh
for argument in "$@"; do printf '%s ' "$argument"; done >> "$RECORD"
printf '| %s ' "${BIHUAN_ENV:-}" "${HOST:-}" "${PORT:-}" "${DATA_DIR:-}" >> "$RECORD"
printf 'proof=%s\\n' "${BIHUAN_PROOF:-}" >> "$RECORD"
case "$*" in *"${FAILS:-nothing at all}"*) exit 1 ;; esac
"""


@dataclass
class Outline:
    """A folder with the two commands, the locks, one catalog, and a Python that records."""

    folder: Path

    def make(self) -> None:
        shutil.copytree(ROOT / "bin", self.folder / "bin")
        for lock in ("requirements.lock", "requirements-dev.lock"):
            (self.folder / lock).write_text(f"{lock} of today\n")
        python = self.folder / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(RECORDER)
        python.chmod(0o755)
        # Nobody in particular: a test must not install packages on the machine.
        nobody = self.folder / "path" / "id"
        nobody.parent.mkdir()
        nobody.write_text("#!/bin/sh\necho 1000\n")
        nobody.chmod(0o755)
        self.po.parent.mkdir(parents=True)
        self.po.touch()
        self.po.with_suffix(".mo").touch()
        os.utime(self.po, (0, 0))

    @property
    def po(self) -> Path:
        return self.folder / "app" / "translations" / "en" / "LC_MESSAGES" / "messages.po"

    def installed(self, lock: str) -> Path:
        return self.folder / ".venv" / f"installed-{lock}"

    def install_everything(self) -> None:
        for lock in ("requirements.lock", "requirements-dev.lock"):
            shutil.copy(self.folder / lock, self.installed(lock))

    def run(self, command: str, *arguments: str, cwd: Path | None = None, **environment: str) -> "Run":
        record = self.folder / "record"
        record.write_text("")
        path = f"{self.folder / 'path'}:{os.environ['PATH']}"
        done = subprocess.run(
            [str(self.folder / command), *arguments],
            cwd=cwd or self.folder,
            env={"PATH": path, "RECORD": str(record), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr, record.read_text().splitlines())


@dataclass
class Run:
    code: int
    printed: str
    asked: list[str]

    def asks(self, words: str) -> list[str]:
        return [line for line in self.asked if words in line]


@pytest.fixture
def outline(tmp_path: Path) -> Outline:
    made = Outline(tmp_path / "project")
    made.folder.mkdir()
    made.make()
    return made


def test_a_first_start_installs_then_serves(outline: Outline) -> None:
    run = outline.run("bin/demo")
    assert run.code == 0, run.printed
    assert [line.split(" | ")[0].strip() for line in run.asked if not line.startswith("-c")] == [
        "-m pip install -qq --disable-pip-version-check --no-input --require-hashes -r requirements.lock",
        "-m flask --app wsgi demo up --host 127.0.0.1 --port 8000",
    ]
    assert outline.installed("requirements.lock").read_text() == "requirements.lock of today\n"


def test_a_second_start_installs_nothing(outline: Outline) -> None:
    outline.run("bin/demo")
    assert not outline.run("bin/demo").asks("pip")


def test_a_changed_lock_is_installed(outline: Outline) -> None:
    outline.install_everything()
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (outline.folder / lock).write_text("of tomorrow\n")
    assert outline.run("bin/demo").asks("pip install")


def test_the_packages_of_a_developer_are_enough_for_the_demo(outline: Outline) -> None:
    shutil.copy(outline.folder / "requirements-dev.lock", outline.installed("requirements-dev.lock"))
    assert not outline.run("bin/demo").asks("pip")


def test_an_installation_that_failed_is_not_believed_later(outline: Outline) -> None:
    run = outline.run("bin/demo", FAILS="pip install")
    assert run.code == 1
    assert "could not be installed" in run.printed
    assert not run.asks("flask")
    assert outline.run("bin/demo").asks("pip install")


def test_the_demo_reads_host_port_and_folder(outline: Outline, tmp_path: Path) -> None:
    outline.install_everything()
    run = outline.run("bin/demo", cwd=tmp_path, HOST="127.0.0.2", PORT="8123", DATA_DIR="mine")
    assert run.asks("demo up --host 127.0.0.2 --port 8123")
    assert f"| demo | 127.0.0.2 | 8123 | {tmp_path}/mine proof=" in run.asked[-1]


def test_the_demo_keeps_its_data_in_the_project_by_default(outline: Outline) -> None:
    run = outline.run("bin/demo")
    assert f"{outline.folder}/data/demo" in run.asked[-1]


def test_a_reset_comes_before_the_start_and_may_refuse(outline: Outline) -> None:
    outline.install_everything()
    run = outline.run("bin/demo", "--reset")
    assert [line.split("demo ")[1].split(" ")[0] for line in run.asks("flask")] == ["reset", "up"]
    refused = outline.run("bin/demo", "--reset", FAILS="demo reset")
    assert refused.code == 1
    assert not refused.asks("demo up")


def test_what_the_demo_does_not_know_it_does_not_ignore(outline: Outline) -> None:
    run = outline.run("bin/demo", "--rest")
    assert run.code == 1
    assert "--rest" in run.printed
    assert not run.asked


def test_catalogs_are_compiled_when_they_changed(outline: Outline) -> None:
    outline.install_everything()
    assert not outline.run("bin/demo").asks("babel.messages.frontend")
    outline.po.with_suffix(".mo").unlink()
    assert outline.run("bin/demo").asks("babel.messages.frontend --quiet compile")


def test_the_tests_run_after_every_check(outline: Outline) -> None:
    outline.install_everything()
    run = outline.run("bin/test")
    assert run.code == 0, run.printed
    order = [
        "ruff format --check",
        "ruff check",
        "-m mypy",
        "importlinter",
        "djlint --lint",
        "pytest -p tests.plugins.no_skips -m serial",
        "pytest -p tests.plugins.no_skips -m not serial -n 2",
    ]
    places = [next(i for i, line in enumerate(run.asked) if words in line) for words in order]
    assert places == sorted(places)


def test_no_test_runs_when_a_check_failed_and_every_check_is_reported(outline: Outline) -> None:
    outline.install_everything()
    run = outline.run("bin/test", FAILS="ruff")
    assert run.code == 1
    assert not run.asks("pytest")
    assert "FAILED  formatting" in run.printed
    assert "FAILED  lint" in run.printed
    assert run.asks("mypy")


def test_a_failed_test_fails_the_command(outline: Outline) -> None:
    outline.install_everything()
    assert outline.run("bin/test", FAILS="-m serial").code == 1
    assert outline.run("bin/test", FAILS="-m not serial").code == 1


def test_arguments_go_to_pytest_alone(outline: Outline) -> None:
    outline.install_everything()
    run = outline.run("bin/test", "tests/unit", "-k", "two words")
    assert run.asked[-1].startswith("-m pytest -p tests.plugins.no_skips tests/unit -k two words")
    assert not run.asks("ruff")


def test_proof_asks_for_full_counts_of_everything(outline: Outline) -> None:
    outline.install_everything()
    run = outline.run("bin/test", "--proof")
    assert run.asks("ruff")
    assert all(line.endswith("proof=1") for line in run.asks("pytest"))
    assert all(line.endswith("proof=") for line in outline.run("bin/test").asks("pytest"))
