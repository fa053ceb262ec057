"""`flask jobs`: what waits, what died, and another try for it."""

from __future__ import annotations

import click
from sqlalchemy import select

from app import clock
from app.audit import record
from app.cli.talking import group, need_schema, print_json, refuse, speaks, tell, transaction
from app.extensions import db
from app.outbox import claiming
from app.outbox.models import OutboxMessage
from app.words import N_, say

jobs = group("jobs", N_("后台任务"))


@jobs.command("list", help=N_("列出失败的后台任务；--waiting 列出还没完成的"))
@click.option("--waiting", is_flag=True, help=N_("列出还没完成的，而不是失败的"))
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help=N_("最多几条"))
@click.option("--json", "as_json", is_flag=True, help=N_("输出 JSON"))
@speaks
def show(waiting: bool, limit: int, as_json: bool) -> None:
    need_schema()
    query = claiming.still_waiting(limit) if waiting else claiming.dead_letters(limit)
    rows = [_described(row) for row in db.session.scalars(query)]
    if as_json:
        print_json({"items": rows})
        return
    for row in rows:
        click.echo(f"{row['id']:>8}  {row['topic']:<28} {row['attempts']}×  {row['due_at']}  {row['last_error'] or ''}")
    if not rows:
        tell(say("没有等待的后台任务。") if waiting else say("没有失败的后台任务。"))


def _described(row: OutboxMessage) -> dict[str, object]:
    return {
        "id": row.id,
        "topic": row.topic,
        "attempts": row.attempts,
        "due_at": row.due_at.isoformat(timespec="seconds"),
        "dead_at": row.dead_at.isoformat(timespec="seconds") if row.dead_at else None,
        "last_error": row.last_error,
    }


@jobs.command("retry", help=N_("让失败的后台任务再试一次"))
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help=N_("所有失败的"))
@speaks
def retry(ids: tuple[int, ...], every: bool) -> None:
    need_schema()
    if bool(ids) == every:
        refuse(say("请写明任务编号，或者用 --all。"))
    now = clock.now()
    with transaction() as session:
        wanted = list(ids) or list(session.scalars(select(OutboxMessage.id).where(OutboxMessage.dead_at.is_not(None))))
        for message_id in wanted:
            message = claiming.retry(session, message_id, now=now)
            record(session, None, "job.retried", message, at=now, data={"topic": message.topic})
    tell(say("%(n)s 个后台任务将再次执行。", n=len(wanted)))
