"""`flask init` and `flask config show`: from nothing to an installation, and what it was told."""

from __future__ import annotations

import logging
import secrets

import click
import flask_migrate
from sqlalchemy import func, inspect, select

from app import clock
from app.accounts.models import User
from app.accounts.seeds import seed_departments
from app.audit.schema import missing_triggers
from app.cli.accounts import add_administrator, password_from
from app.cli.talking import group, print_json, speaks, tell, transaction
from app.crypto import DataKey, KeyRingError, create_missing, keyfile, load_rings
from app.extensions import db, runtime
from app.installation import MIGRATIONS, is_migrated, mark
from app.tickets.seeds import seed_rules
from app.words import N_, say


@click.command(
    "init", help=N_("建立新安装：生成密钥、建库、写入默认规则、创建第一位管理员。可以重复运行，已有的不会改动。")
)
@click.option("--login", default="root", show_default=True, help=N_("第一位管理员的账号"))
@click.option("--name", default=None, help=N_("第一位管理员的姓名"))
@click.option("--email", default=None, help=N_("第一位管理员的邮箱"))
@click.option("--password-stdin", is_flag=True, help=N_("从标准输入读取密码，不提示"))
@speaks
def init(login: str, name: str | None, email: str | None, password_stdin: bool) -> None:
    make_keys()
    upgrade()
    with transaction() as session:
        mark(session, demo=False, now=clock.now())
        seed_departments(session)
        seed_rules(session)
        known = session.scalar(select(func.count()).select_from(User))
    if known:
        tell(say("已经有用户，没有再创建管理员。需要时请运行 flask create-admin。"))
        return
    password = password_from(password_stdin, about=(login, name or ""))
    add_administrator(login, name or login, email, password)
    tell(say("已创建管理员 %(login)s。接下来运行 flask serve。", login=login))


def make_keys() -> None:
    """Make the key files that don't exist. Refuses to make new ones for data that was sealed with lost ones."""
    here = runtime()
    settings = here.settings
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        load_rings(settings.key_environ, settings.data_dir)
    except KeyRingError:
        if _holds_sealed_data():
            raise
    made = create_missing(settings.key_environ, settings.data_dir)
    if settings.secret_key is None and keyfile.create(settings.key_file, secrets.token_urlsafe(48) + "\n"):
        made.append(settings.key_file)
    for path in made:
        words = say("已生成密钥文件 %(path)s。请立即另存一份到别处：没有它，客户资料无法读取。", path=str(path))
        tell(words, error=True)
    if settings.secret_key is None:
        object.__setattr__(settings, "secret_key", settings.key_file.read_text("utf-8").strip())
    settings.require_secret_key()
    here.rings = load_rings(settings.key_environ, settings.data_dir)


def _holds_sealed_data() -> bool:
    with db.engine.connect() as connection:
        if not inspect(connection).has_table(DataKey.__tablename__):
            return False
        return bool(connection.scalar(select(func.count()).select_from(DataKey)))


def upgrade() -> None:
    """Bring the database to this version's schema; quick and quiet when it is there already."""
    with db.engine.connect() as connection:
        if is_migrated(connection) and not missing_triggers(connection):
            return
    logging.getLogger("alembic").setLevel(logging.WARNING)
    flask_migrate.upgrade(directory=str(MIGRATIONS))


config = group("config", N_("查看配置"))


@config.command("show", help=N_("打印当前生效的配置，秘密只显示是否设置"))
@click.option("--json", "as_json", is_flag=True, help=N_("输出 JSON"))
@speaks
def show(as_json: bool) -> None:
    settings = runtime().settings
    shown = settings.shown()
    if as_json:
        print_json({"settings": shown, "warnings": [str(sentence) for sentence in settings.warnings]})
        return
    for name, value in shown.items():
        click.echo(f"{name}={'' if value is None else value}")
    for sentence in settings.warnings:
        tell(sentence, error=True)
