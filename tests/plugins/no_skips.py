"""With `CI=true` a skipped test is a failure: a machine that can't run a test must not report that all is well.

Loaded by `bin/test`. Elsewhere a skip stays a skip, and its sentence is printed at the end.
"""

import os

import pytest

_skipped: list[tuple[str, str]] = []


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"true", "1"}


def _sentence(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The reason alone; pytest gives (file, line, "Skipped: reason")."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # An expected failure is also reported as skipped; it did run.
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append((report.nodeid, _sentence(report)))


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _skipped.append((report.nodeid, _sentence(report)))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if _in_ci() and _skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _in_ci() and _skipped:
        terminalreporter.section("skipped, which CI does not allow", red=True)
        for nodeid, reason in sorted(set(_skipped)):
            terminalreporter.write_line(f"{nodeid}: {reason}")
