"""The plugin that turns a skip into a failure under CI=true does so, with one process and with several."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.project import ROOT

SUITE = """
import pytest

def test_that_runs() -> None:
    assert True

@pytest.mark.skip(reason="there is no moon on this machine")
def test_that_cannot_run() -> None:
    assert True
"""


def run(suite: Path, ci: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.plugins.no_skips", "-q", "-c", os.devnull, *options, str(suite)],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "test_suite.py"
    path.write_text(SUITE)
    return path


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["alone", "side by side"])
def test_ci_allows_no_skip(suite: Path, options: tuple[str, ...]) -> None:
    answer = run(suite, "true", *options)
    assert answer.returncode == 1
    assert "there is no moon on this machine" in answer.stdout


def test_elsewhere_a_skip_is_a_skip(suite: Path) -> None:
    assert run(suite, "").returncode == 0
