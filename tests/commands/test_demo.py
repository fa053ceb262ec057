"""`bin/demo` on this machine: up, stopped, up again in less than three seconds with everything kept."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.architecture.project import ROOT

pytestmark = [pytest.mark.serial, pytest.mark.timeout(600)]

ACCOUNTS = ("lin", "chen", "sun", "wang", "zhou", "he", "zhao", "qian", "xiao", "luo", "gao", "root")
FIRST_START_SECONDS = 300  # includes loading the demo company, on a slow machine
PASSWORD = "Paper-boat-4711"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Demo:
    address: str
    seconds: float
    output: Path

    @property
    def printed(self) -> str:
        return self.output.read_text("utf-8")


@contextmanager
def demo(folder: Path, *arguments: str, within: float) -> Iterator[Demo]:
    """A running demo; stopped as by Ctrl+C afterwards, which must end it cleanly."""
    port = free_port()
    output = folder / f"output-{port}"
    address = f"http://127.0.0.1:{port}"
    environment = {"DATA_DIR": str(folder / "data"), "PORT": str(port), "DEMO_PASSWORD": PASSWORD}
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "PYTHON"}}
    began = time.monotonic()
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [ROOT / "bin" / "demo", *arguments],
            env={**kept, **environment},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        while not answers(f"{address}/healthz"):
            assert process.poll() is None, output.read_text("utf-8")
            assert time.monotonic() - began < within, f"not up after {within} s: {output.read_text('utf-8')}"
            time.sleep(0.02)
        yield Demo(address, time.monotonic() - began, output)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(30)
        finally:
            process.kill()
    assert code in {0, 130, -signal.SIGINT}, output.read_text("utf-8")


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


def test_the_demo_starts_says_who_is_there_and_comes_back_quickly(tmp_path: Path) -> None:
    with demo(tmp_path, within=FIRST_START_SECONDS) as first:
        with urlopen(f"{first.address}/login", timeout=10) as page:
            assert 'lang="zh' in page.read().decode()
        assert first.address in first.printed
        assert PASSWORD in first.printed
        for login in ACCOUNTS:
            assert re.search(rf"\b{login}\b", first.printed), login
    database = tmp_path / "data" / "bihuan.db"
    assert database.exists()
    assert (tmp_path / "data.keys").stat().st_mode & 0o077 == 0
    inode = database.stat().st_ino

    with demo(tmp_path, within=30) as second:
        assert second.address in second.printed
        assert "lin" in second.printed
    assert second.seconds < first.seconds, "nothing is made a second time"
    assert database.stat().st_ino == inode

    with demo(tmp_path, "--reset", within=FIRST_START_SECONDS) as third:
        assert "lin" in third.printed
