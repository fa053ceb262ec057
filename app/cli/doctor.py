"""`flask doctor`: everything that can be wrong with an installation, in sentences or as JSON."""

from __future__ import annotations

import click

from app import clock
from app.cli.checkup import SERIOUS, Finding, examine
from app.cli.talking import FAULTS_FOUND, print_json, speaks, tell
from app.web.languages import translate
from app.words import N_, say

MARKS = {SERIOUS: "✗"}


@click.command(
    "doctor", help=N_("检查安装：密钥、数据库、审计、后台任务、人员配置。退出码：0 没有问题，3 有严重问题。")
)
@click.option("--deep", is_flag=True, help=N_("打开每一个加密值，逐张工单核对规则（较慢）"))
@click.option("--json", "as_json", is_flag=True, help=N_("输出 JSON"))
@speaks
def doctor(deep: bool, as_json: bool) -> None:
    found = examine(clock.now(), deep=deep)
    serious = [one for one in found if one.level == SERIOUS]
    if as_json:
        print_json({"ok": not serious, "findings": [_plain(one) for one in found]})
    else:
        for one in found:
            tell(f"{MARKS.get(one.level, '!')} [{one.check}] {translate(one.sentence)}")
        if not found:
            tell(say("一切正常。"))
    if serious:
        raise click.exceptions.Exit(FAULTS_FOUND)


def _plain(one: Finding) -> dict[str, str]:
    return {"check": one.check, "level": one.level, "what": translate(one.sentence)}
