"""`flask demo`: a believable company to try the program with. Only an empty or a demo database is ever touched."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click
import flask_migrate
from sqlalchemy import inspect, select

from app import clock
from app.accounts.passwords import hash_password, verify
from app.accounts.queries import people, person_by_login
from app.accounts.services import replace_password
from app.audit.models import AuditEntry
from app.cli.serving import run_server
from app.cli.setup import make_keys, upgrade
from app.cli.talking import group, print_json, refuse, speaks, tell, transaction
from app.crypto import keyfile
from app.customers import erased_log
from app.extensions import db, runtime
from app.installation import MIGRATIONS, Installation, is_demo
from app.web.languages import translate
from app.words import N_, say

# The accounts that people are told about.
NAMED = ("lin", "chen", "sun", "wang", "zhou", "he", "zhao", "qian", "xiao", "luo", "gao", "root")

# The company and its stories (`app.demo`) are read where they are needed: no server should carry them in memory.
demo = group("demo", N_("演示数据"))
seed_option = click.option(
    "--seed", type=int, default=1, show_default=True, help=N_("随机种子：同一种子得到同样的数据")
)
tickets_option = click.option(
    "--tickets", type=click.IntRange(0, 5_000_000), default=400, show_default=True, help=N_("工单数")
)


@demo.command("load", help=N_("在空数据库里载入演示数据"))
@tickets_option
@seed_option
@click.option("--json", "as_json", is_flag=True, help=N_("输出 JSON"))
@speaks
def load(tickets: int, seed: int, as_json: bool) -> None:
    from app.demo.loading import load as load_company

    make_keys()
    upgrade()
    began = clock.now()
    loaded = load_company(
        transaction,
        tickets=tickets,
        seed=seed,
        now=began,
        password=demo_password(),
        progress=None if as_json or tickets < 2000 else lambda done, of: click.echo(f"… {done}/{of}", err=True),
    )
    seconds = (clock.now() - began).total_seconds()
    if as_json:
        print_json(
            {"tickets": loaded.tickets, "customers": loaded.customers, "people": loaded.people, "seconds": seconds}
        )
    else:
        tell(
            say(
                "已载入 %(tickets)s 张工单、%(customers)s 位客户、%(people)s 位员工。",
                tickets=loaded.tickets,
                customers=loaded.customers,
                people=loaded.people,
            )
        )
        _introduce()


@demo.command("purge", help=N_("清空演示数据库；不是演示数据库则拒绝"))
@click.option("--yes", is_flag=True, help=N_("不再询问"))
@speaks
def purge(yes: bool) -> None:
    _refuse_unless_demo()
    if not yes:
        click.confirm(_question(), abort=True)
    empty()
    tell(say("演示数据已清空。"))


@demo.command("reset", help=N_("清空演示数据库，准备重新载入；还没有数据库时什么也不做"))
@speaks
def reset() -> None:
    if _has_tables():
        _refuse_unless_demo()
        empty()


@demo.command("up", help=N_("准备好演示公司并启动服务"))
@tickets_option
@seed_option
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, help=N_("监听地址"))
@click.option("--port", envvar="PORT", type=click.IntRange(0, 65535), default=8000, show_default=True, help=N_("端口"))
@speaks
def up(tickets: int, seed: int, host: str, port: int) -> None:
    make_keys()
    upgrade()
    if not _is_loaded():
        from app.demo.loading import load as load_company

        if _has_people():
            _refuse_unless_demo()
            empty()  # the last loading was interrupted
        tell(say("正在准备演示公司……"), error=True)
        load_company(transaction, tickets=tickets, seed=seed, now=clock.now(), password=demo_password())
    else:
        _refuse_unless_demo()
        _renew_passwords()
    tell(say("打开 %(address)s 登录。", address=f"http://{host}:{port}"))
    _introduce()
    run_server(host, port)


def demo_password() -> str:
    """From DEMO_PASSWORD, else made once and kept beside the keys, so that it can be printed at every start."""
    if given := os.environ.get("DEMO_PASSWORD", "").strip():
        return given
    path = runtime().settings.key_folder / "demo_password"
    keyfile.create(path, f"{secrets.token_urlsafe(9)}\n")
    return path.read_text("utf-8").strip()


def _renew_passwords() -> None:
    """A DEMO_PASSWORD that was changed since the last start counts from now on."""
    password = demo_password()
    with transaction() as session:
        person = person_by_login(session, NAMED[0])
        known = person is not None and verify(person.password_hash, password)
    if known:
        return
    hashed = hash_password(password)
    with transaction() as session:
        for user in people(session, active=None):
            replace_password(session, user, hashed)


def _introduce() -> None:
    tell(say("演示账号（密码都是 %(password)s）：", password=demo_password()))
    with transaction() as session:
        names = {person.login: person.name for person in people(session)}
    for login in NAMED:
        click.echo(f"  {login:<6} {names.get(login, '')}")


def _question() -> str:
    return translate(N_("演示数据库里的全部数据将被删除。继续吗？"))


def _has_tables() -> bool:
    url = db.engine.url
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        return False
    with db.engine.connect() as connection:
        return inspect(connection).has_table(Installation.__tablename__)


def _has_people() -> bool:
    with transaction() as session:
        return bool(people(session, active=None))


def _is_loaded() -> bool:
    """Whether a loading came to its end; one that was killed left no such entry."""
    with transaction() as session:
        return session.scalar(select(AuditEntry.id).where(AuditEntry.action == "demo.loaded").limit(1)) is not None


def _refuse_unless_demo() -> None:
    with transaction() as session:
        known = is_demo(session)
    if not known:
        refuse(say("这不是演示数据库，没有改动任何内容。演示请换一个 DATA_DIR 或 DATABASE_URL。"))


def empty() -> None:
    """Take the whole schema down and put it up again. Only for what is marked as a demo."""
    db.session.remove()
    flask_migrate.downgrade(directory=str(MIGRATIONS), revision="base")
    upgrade()
    (runtime().settings.data_dir / erased_log.NAME).unlink(missing_ok=True)
