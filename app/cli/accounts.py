"""`flask create-admin` and `flask token create`: accounts from the command line, which is allowed everything."""

from __future__ import annotations

import sys
from datetime import timedelta

import click
from sqlalchemy import select

from app import clock
from app.accounts import tokens
from app.accounts.models import Department
from app.accounts.passwords import hash_password, problems
from app.accounts.queries import person_by_login
from app.accounts.services import create_user
from app.cli.talking import group, need_keys, need_schema, print_json, refuse, speaks, tell, transaction
from app.errors import Invalid
from app.extensions import runtime
from app.policy import Role
from app.web.languages import translate
from app.words import N_, say


def password_from(stdin: bool, *, about: tuple[str, ...]) -> str:
    """Ask twice, or read one line; raises Invalid for a password that would be guessed."""
    if stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        prompt, again = translate(N_("密码")), translate(N_("再输入一次"))
        password = click.prompt(prompt, hide_input=True, confirmation_prompt=again)
    if found := problems(password, about=about):
        raise Invalid(found[0])
    return password


def add_administrator(login: str, name: str, email: str | None, password: str) -> None:
    """An account that is system administrator and head, so that a new installation lacks neither."""
    password_hash = hash_password(password)  # before the transaction: it takes longer than a lock may be held
    with transaction() as session:
        department = session.scalar(select(Department.id).where(Department.code == "service"))
        create_user(
            session,
            login=login,
            name=name,
            email=email,
            department_id=department,
            roles=[Role.SYSADMIN, Role.HEAD],
            by=None,
            now=clock.now(),
            locale=runtime().settings.default_locale,
            password_hash=password_hash,
            must_change=False,
        )


@click.command("create-admin", help=N_("创建一位系统管理员（同时是售后负责人）"))
@click.option("--login", prompt=True, help=N_("账号"))
@click.option("--name", prompt=True, help=N_("姓名"))
@click.option("--email", default=None, help=N_("邮箱"))
@click.option("--password-stdin", is_flag=True, help=N_("从标准输入读取密码，不提示"))
@speaks
def create_admin(login: str, name: str, email: str | None, password_stdin: bool) -> None:
    need_keys()
    need_schema()
    password = password_from(password_stdin, about=(login, name))
    add_administrator(login, name, email, password)
    tell(say("已创建管理员 %(login)s。", login=login))


token = group("token", N_("接口令牌"))


@token.command("create", help=N_("为一位用户创建接口令牌。令牌只显示这一次。"))
@click.argument("user")
@click.option("--name", default="cli", show_default=True, help=N_("令牌的名字"))
@click.option("--days", type=click.IntRange(1, 3650), default=None, help=N_("有效天数，不写则长期有效"))
@click.option("--json", "as_json", is_flag=True, help=N_("输出 JSON"))
@speaks
def create(user: str, name: str, days: int | None, as_json: bool) -> None:
    need_keys()
    need_schema()
    now = clock.now()
    with transaction() as session:
        person = person_by_login(session, user)
        if person is None:
            refuse(say("没有账号为 %(login)s 的用户。没有创建令牌。", login=user))
        expires_at = now + timedelta(days=days) if days else None
        _row, secret = tokens.create(session, person, name, by=None, now=now, expires_at=expires_at)
    if as_json:
        print_json({"token": secret})
    else:
        click.echo(secret)
