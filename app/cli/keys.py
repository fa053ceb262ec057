"""`flask keys`: put a new key into use, move everything to it, prove it, take the old one out, while the desk runs."""

from __future__ import annotations

from typing import Any

import click

from app import clock
from app.audit import record
from app.cli.talking import FAULTS_FOUND, group, need_keys, need_schema, print_json, speaks, tell, transaction
from app.crypto import keys as services
from app.crypto.keyring import Added, KeyRing, Rings
from app.customers.contact_index import ContactBlindTable
from app.words import N_, say

keys = group("keys", N_("密钥：更换、核对、停用"))
which_ring = click.option(
    "--ring",
    type=click.Choice(["field", "index"]),
    default="field",
    show_default=True,
    help=N_("field 保护客户资料，index 用于按号码查找"),
)
as_json_option = click.option("--json", "as_json", is_flag=True, help=N_("输出 JSON"))


def _ready() -> Rings:
    rings = need_keys()
    need_schema()
    return rings


def _ring(rings: Rings, name: str) -> KeyRing:
    return rings.field if name == "field" else rings.index


def _note(action: str, ring: str, **data: Any) -> None:
    with transaction() as session:
        record(session, None, action, kind="key_ring", at=clock.now(), data={"ring": ring} | data)


def _show_change(ring: KeyRing, change: Added) -> None:
    """Where keys come from the environment only their owner can set them, so the new value is printed, once."""
    if change.value is not None:
        tell(say("密钥来自环境变量，请把 %(variable)s 改为下面的值，再重启：", variable=ring.source.variable))
        click.echo(change.value)


@keys.command("status", help=N_("各密钥保护着多少数据"))
@as_json_option
@speaks
def status(as_json: bool) -> None:
    rings = _ready()
    with transaction() as session:
        field = services.status(session, rings)
        index = ContactBlindTable().used(session)
    found = {
        "field": {
            "newest": field.newest,
            "ids": field.ids,
            "data_keys": dict(field.data_keys),
            "unknown": field.unknown,
        },
        "index": {"newest": rings.index.newest.id, "ids": rings.index.ids, "rows": dict(index)},
    }
    if as_json:
        print_json(found)
        return
    for name, ring, used in (("field", rings.field, field.data_keys), ("index", rings.index, index)):
        for key_id in dict.fromkeys((*ring.ids, *used)):
            mark = "*" if key_id == ring.newest.id else " " if key_id in ring.ids else "!"
            click.echo(f"{mark} {name:<6} {key_id:<16} {used.get(key_id, 0):>8}")
    if field.unknown:
        tell(say("标 ! 的密钥不在密钥环里，它保护的数据现在打不开。请从密钥备份中恢复。"), error=True)
        raise click.exceptions.Exit(FAULTS_FOUND)


@keys.command("add", help=N_("加一把新密钥，从现在起用它写入"))
@which_ring
@speaks
def add(ring: str) -> None:
    rings = _ready()
    change = services.add(_ring(rings, ring))
    _note("key.added", ring, key=change.key_id)
    tell(say("已加入密钥 %(key)s。接下来运行 flask keys rewrap，并另存一份密钥文件。", key=change.key_id))
    _show_change(_ring(rings, ring), change)


@keys.command("rewrap", help=N_("把所有数据换到最新的密钥。可以随时中断，再运行会接着做。"))
@as_json_option
@speaks
def rewrap(as_json: bool) -> None:
    rings = _ready()
    done = services.rewrap(transaction, rings, progress=None if as_json else _count)
    missing = services.reindex(transaction, ContactBlindTable(), rings)
    _note("key.rewrapped", "field", count=done.done, locked=len(done.locked))
    if as_json:
        print_json({"rewrapped": done.done, "locked": list(done.locked), "index_missing": missing})
    else:
        tell(say("%(n)s 个数据密钥已换到最新的密钥。", n=done.done))
        if done.locked:
            tell(say("%(n)s 个数据密钥打不开，没有改动：它们的密钥不在密钥环里。", n=len(done.locked)), error=True)
        if missing:
            tell(say("%(n)s 条联系方式没有建立新的索引：它们打不开。", n=missing), error=True)
    if done.locked or missing:
        raise click.exceptions.Exit(FAULTS_FOUND)


def _count(total: int) -> None:
    click.echo(f"… {total}", err=True)


@keys.command("verify", help=N_("核对每个数据密钥都由最新的密钥保护，并且打得开"))
@as_json_option
@speaks
def verify(as_json: bool) -> None:
    rings = _ready()
    with transaction() as session:
        found = services.verify(session, rings)
    if as_json:
        print_json({"ok": found.ok, "stale": dict(found.stale), "broken": list(found.broken)})
    elif found.ok:
        tell(say("全部数据密钥都由最新的密钥保护，并且打得开。"))
    for key_id, number in () if as_json else found.stale.items():
        tell(
            say("密钥 %(key)s 仍保护着 %(n)s 个数据密钥。请运行 flask keys rewrap。", key=key_id, n=number), error=True
        )
    if found.broken and not as_json:
        ids = ", ".join(str(one) for one in found.broken[:20])
        tell(say("%(n)s 个数据密钥打不开：%(ids)s", n=len(found.broken), ids=ids), error=True)
    if not found.ok:
        raise click.exceptions.Exit(FAULTS_FOUND)


@keys.command("retire", help=N_("停用一把旧密钥。仍有数据靠它时会拒绝。"))
@click.argument("key_id")
@which_ring
@speaks
def retire(key_id: str, ring: str) -> None:
    rings = _ready()
    with transaction() as session:
        if ring == "field":
            change = services.retire(session, rings, key_id)
        else:
            change = services.retire_index(session, ContactBlindTable(), rings, key_id)
        record(session, None, "key.retired", kind="key_ring", at=clock.now(), data={"ring": ring, "key": key_id})
    tell(say("密钥 %(key)s 已停用。更换之前的备份仍需要它，请与那些备份一起保存。", key=key_id))
    _show_change(_ring(rings, ring), change)
