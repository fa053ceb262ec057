"""`flask audit verify`: walk the audit trail and name the first broken link."""

from __future__ import annotations

import re

import click

from app.audit import verify as walk
from app.audit.schema import missing_triggers
from app.cli.talking import FAULTS_FOUND, group, need_schema, print_json, speaks, tell
from app.extensions import db
from app.words import N_, say

NOTED = re.compile(r"(\d+):([0-9a-f]{64})")

audit = group("audit", N_("审计记录"))


def _noted(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, str] | None:
    if value is None:
        return None
    found = NOTED.fullmatch(value)
    if found is None:
        raise click.BadParameter("ID:SHA256")
    return int(found[1]), found[2]


@audit.command("verify", help=N_("核对整条审计链，指出第一处断点。退出码：0 完好，3 有断点。"))
@click.option("--noted", callback=_noted, metavar="ID:SHA256", help=N_("以前记下的链尾，用来发现整体改写"))
@click.option("--json", "as_json", is_flag=True, help=N_("输出 JSON"))
@speaks
def verify(noted: tuple[int, str] | None, as_json: bool) -> None:
    need_schema()
    session = db.session()
    found = walk(session, noted=noted)
    missing = missing_triggers(session.connection())
    ok = found.ok and not missing
    if as_json:
        broken = {"id": found.broken.entry_id, "what": str(found.broken.sentence)} if found.broken else None
        head = f"{found.head_id}:{found.head_digest}"
        print_json({"ok": ok, "entries": found.entries, "head": head, "broken": broken, "missing_triggers": missing})
    else:
        tell(say("已核对 %(n)s 条审计记录。", n=found.entries))
        if found.broken:
            tell(found.broken.sentence, error=True)
        if missing:
            tell(say("审计表缺少保护：%(names)s。", names=", ".join(missing)), error=True)
        if ok:
            tell(say("审计链完好。链尾：%(id)s:%(digest)s", id=found.head_id, digest=found.head_digest))
    if not ok:
        raise click.exceptions.Exit(FAULTS_FOUND)
