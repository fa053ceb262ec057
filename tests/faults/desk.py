"""An installation of its own with real processes that can be killed."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy.orm import Session

from app.config import Settings
from app.crypto import load_rings
from app.extensions import session_info
from tests import databases
from tests.architecture.project import ROOT

UP_WITHIN = 60.0
PASSWORD = "正午的钟声 2024"


@dataclass
class Installation:
    """A data directory, a database, and the processes started on them."""

    environ: dict[str, str]
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def flask(self, *arguments: str, stdin: str = "") -> str:
        """Run a command to its end; what it printed."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environ, input=stdin, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command that stays; its log goes to a file."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def serve(self, port: int, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the web server and wait until it answers."""
        process = self.start("serve", "--port", str(port), *arguments)
        until = time.monotonic() + UP_WITHIN
        while not answers(f"http://127.0.0.1:{port}/healthz"):
            assert process.poll() is None, self.log.read_text("utf-8")[-3000:]
            assert time.monotonic() < until, "the server does not come up"
            time.sleep(0.05)
        return process

    @property
    def log(self) -> Path:
        return self.folder / "processes.log"

    @contextmanager
    def session(self) -> Iterator[Session]:
        settings = Settings.from_env(self.environ)
        rings = load_rings(settings.key_environ, settings.data_dir)
        engine = databases.make_engine(settings.database_url)
        with Session(engine, expire_on_commit=False, info=session_info(rings, settings.timezone)) as session:
            yield session
        engine.dispose()


def kill(process: subprocess.Popen[bytes]) -> None:
    """As the power does: nothing can be caught, nothing is tidied up."""
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


@contextmanager
def installed(kind: str, folder: Path) -> Iterator[Installation]:
    """`flask init` on an empty database; every process that is still there in the end is ended."""
    with databases.empty_database(kind) as url:
        kept = {name: value for name, value in os.environ.items() if re.fullmatch("PATH|HOME|LANG|TZ|PYTHON.*", name)}
        environ = kept | {"DATA_DIR": str(folder / "data"), "DATABASE_URL": url, "BIHUAN_ENV": "production"}
        desk = Installation(environ, folder)
        try:
            desk.flask("init", "--name", "管理员", "--password-stdin", stdin=f"{PASSWORD}\n")
            yield desk
        finally:
            for process in desk.processes:
                if process.poll() is None:
                    kill(process)
