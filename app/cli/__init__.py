"""The `flask` commands. Each has help, an exit code, and `--json` where its output is data."""

from __future__ import annotations

from flask import Flask

from app.cli.accounts import create_admin, token
from app.cli.audit import audit
from app.cli.demo import demo
from app.cli.doctor import doctor
from app.cli.jobs import jobs
from app.cli.keys import keys
from app.cli.serving import serve, worker
from app.cli.setup import config, init
from app.cli.talking import translate_help

COMMANDS = (audit, config, create_admin, demo, doctor, init, jobs, keys, serve, token, worker)


def install(app: Flask) -> None:
    """Add the commands; their help speaks the language of the settings."""
    with app.app_context():
        for command in COMMANDS:
            translate_help(command)
            app.cli.add_command(command)
