"""How commands talk: sentences in the language of the settings, data as JSON, a refusal with its exit code."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn, ParamSpec, TypeVar

import click
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.crypto import Rings, load_rings
from app.errors import Conflict, DeskError, Invalid
from app.extensions import db, runtime
from app.installation import is_migrated
from app.orm import write_transaction
from app.web.languages import translate
from app.words import Sentence, say

P = ParamSpec("P")
R = TypeVar("R")

REFUSED, FAULTS_FOUND = 1, 3  # click itself ends with 2 for a wrong call
_done: set[int] = set()


def tell(sentence: Sentence | str, *, error: bool = False) -> None:
    click.echo(translate(sentence) if isinstance(sentence, Sentence) else sentence, err=error)


def print_json(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def refuse(sentence: Sentence) -> NoReturn:
    raise Conflict(sentence)


def speaks(command: Callable[P, R]) -> Callable[P, R]:
    """Run with the application, and turn a refusal into its sentence and exit code 1."""

    @functools.wraps(command)
    def spoken(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except DeskError as refused:
            tell(refused.sentence, error=True)
            for sentences in refused.fields.values() if isinstance(refused, Invalid) else ():
                for sentence in sentences:
                    tell(sentence, error=True)
            raise click.exceptions.Exit(REFUSED) from refused
        except OperationalError as fault:
            if _connected():
                raise
            tell(say("连不上数据库。请检查 DATABASE_URL 和数据库服务。"), error=True)
            raise click.exceptions.Exit(REFUSED) from fault

    return with_appcontext(spoken)


def _connected() -> bool:
    """SQLite calls a mistake in a statement an operational error too; that one must not be called an absence."""
    try:
        db.engine.connect().close()
    except OperationalError:
        return False
    return True


def group(name: str, help_text: str) -> AppGroup:
    """A group of commands whose members bring the application along themselves."""
    return AppGroup(name, help=help_text)


def translate_help(command: click.Command) -> None:
    """Put help texts, which are message ids, into the language of the settings, once."""
    if id(command) in _done:
        return
    _done.add(id(command))
    command.help = translate(command.help) if command.help else None
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = translate(parameter.help)
    if isinstance(command, click.Group):
        for member in command.commands.values():
            translate_help(member)


# --- what commands need before they begin -----------------------------------------------------------------------------


def need_keys() -> Rings:
    """The key rings; raises SettingsError or KeyRingError with the sentence that says what is missing."""
    here = runtime()
    here.settings.require_secret_key()
    if here.rings is None:
        here.rings = load_rings(here.settings.key_environ, here.settings.data_dir)
    return here.rings


def need_schema() -> None:
    """Raises Conflict when the database is not at the version that this program works with."""
    with db.engine.connect() as connection:
        if not is_migrated(connection):
            refuse(
                say("数据库还没有建好，或者版本与程序不一致。新安装请运行 flask init，升级请运行 flask db upgrade。")
            )


@contextmanager
def _transaction() -> Iterator[Session]:
    session = db.session()
    with write_transaction(session):
        yield session


def transaction() -> AbstractContextManager[Session]:
    """One write transaction on the command's session."""
    return _transaction()
