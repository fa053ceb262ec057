"""Key rings: where keys come from, which one is used for writing, which ones still open what was written before.

A ring is the text `id:base64,id:base64…` of 32-byte keys; the first one writes. It comes from the environment or from a
file beside (not inside) the data directory, never from the database. There are two rings: `FIELD_KEYS` wraps data keys,
`INDEX_KEY` makes blind indexes; losing one must not open the other, so they may not share a key.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import stat
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from app.crypto import keyfile
from app.errors import DeskError
from app.words import Sentence, say

KEY_BYTES = 32
KEY_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
FIELD_VARIABLE, INDEX_VARIABLE = "FIELD_KEYS", "INDEX_KEY"
# A random key of 32 bytes has about 30 different values; fewer than 16 never happens by chance.
LEAST_DIFFERENT_BYTES = 16


class KeyRingError(DeskError):
    """A ring that must not be used: missing, unreadable, short, sample or doubled keys."""


@dataclass(frozen=True)
class Key:
    """One key with its id. The secret stays out of `repr`, and so out of logs and tracebacks."""

    id: str
    secret: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return f"{self.id}:{base64.b64encode(self.secret).decode()}"


@dataclass(frozen=True)
class Added:
    """A ring after a change. `value` is its new text where the ring comes from the environment, which only its owner
    can set; None where the file was written."""

    key_id: str
    value: str | None = field(repr=False)


def generate_key() -> Key:
    return Key("k" + secrets.token_hex(4), secrets.token_bytes(KEY_BYTES))


def is_sample(secret: bytes) -> bool:
    """Keys that people copy from manuals: readable text, counted-up or repeated bytes."""
    readable = all(0x20 <= byte < 0x7F for byte in secret)
    steps = {(b - a) % 256 for a, b in pairwise(secret)}
    return readable or len(set(secret)) < LEAST_DIFFERENT_BYTES or len(steps) == 1


def parse(text: str, variable: str) -> tuple[Key, ...]:
    """Read a ring's text; raises KeyRingError that names the variable and what is wrong, never the key."""
    keys: list[Key] = []
    for entry in filter(None, (part.strip() for part in re.split(r"[,\n]", text))):
        key_id, colon, encoded = entry.partition(":")
        key_id = key_id.strip()
        if not colon or not KEY_ID.fullmatch(key_id):
            raise KeyRingError(
                say(
                    "%(variable)s 的第 %(n)s 把密钥格式不对：应为“编号:base64”，多把以逗号分隔，"
                    "编号用小写字母、数字和连字符。",
                    variable=variable,
                    n=len(keys) + 1,
                )
            )
        keys.append(Key(key_id, _decode(encoded.strip(), key_id, variable)))
    if not keys:
        raise KeyRingError(say("%(variable)s 里没有密钥。运行 flask init 可生成一把。", variable=variable))
    if len({key.id for key in keys}) < len(keys) or len({key.secret for key in keys}) < len(keys):
        raise KeyRingError(say("%(variable)s 里有重复的编号或重复的密钥，请只保留一份。", variable=variable))
    return tuple(keys)


def _decode(encoded: str, key_id: str, variable: str) -> bytes:
    try:
        secret = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise KeyRingError(
            say("%(variable)s 里编号 %(key)s 的密钥不是有效的 base64。", variable=variable, key=key_id)
        ) from None
    if len(secret) != KEY_BYTES:
        raise KeyRingError(
            say(
                "%(variable)s 里编号 %(key)s 的密钥长度是 %(n)s 字节，必须正好是 32 字节。",
                variable=variable,
                key=key_id,
                n=len(secret),
            )
        )
    if is_sample(secret):
        raise KeyRingError(
            say(
                "%(variable)s 里编号 %(key)s 的密钥是示例值或有规律可循，不能使用。请用 flask keys add 生成随机密钥。",
                variable=variable,
                key=key_id,
            )
        )
    return secret


@dataclass(frozen=True)
class Source:
    """Where a ring's text comes from: the environment (`text`) or a file (`path`)."""

    variable: str
    text: str | None = field(repr=False)
    path: Path | None

    @classmethod
    def locate(cls, variable: str, environ: Mapping[str, str], default: Path) -> Source:
        if environ.get(variable, "").strip():
            return cls(variable, environ[variable], None)
        given = environ.get(f"{variable}_FILE", "").strip()
        return cls(variable, None, Path(given) if given else default)

    def read(self) -> str:
        if self.path is None:
            return self.text or ""
        try:
            return self.path.read_text("utf-8")
        except FileNotFoundError:
            raise KeyRingError(
                say(
                    "没有找到 %(variable)s：环境变量未设置，文件 %(path)s 也不存在。首次安装请运行 flask init；"
                    "若数据已经存在，请先从密钥备份中恢复该文件，不要新建。",
                    variable=self.variable,
                    path=str(self.path),
                )
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise KeyRingError(
                say(
                    "读不了 %(variable)s 的文件 %(path)s。请检查它的权限和内容。",
                    variable=self.variable,
                    path=str(self.path),
                )
            ) from error


class KeyRing:
    """The keys of one purpose. Threads share it; a reload swaps the whole tuple at once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._lock = threading.Lock()
        self._seen = keyfile.signature(source.path)
        self._keys = parse(source.read(), source.variable)

    @property
    def newest(self) -> Key:
        """The key that writes. Looks at the file's time stamp first: after `keys add` no process may go on wrapping
        under the old key, or `keys rewrap` would never come to an end."""
        self._reload_if_changed()
        return self._keys[0]

    @property
    def keys(self) -> tuple[Key, ...]:
        return self._keys

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(key.id for key in self._keys)

    def get(self, key_id: str) -> Key | None:
        """The key of this id; an unknown id makes the ring read its file again once before it says None."""
        return self._find(key_id) or (self._find(key_id) if self._reload_if_changed() else None)

    def _find(self, key_id: str) -> Key | None:
        return next((key for key in self._keys if key.id == key_id), None)

    def _reload_if_changed(self) -> bool:
        """A file that is missing or broken at this moment leaves the ring as it is; `complaints` tells."""
        seen = keyfile.signature(self.source.path)
        if seen is None or seen == self._seen:
            return False
        with self._lock:
            try:
                self._keys = parse(self.source.read(), self.source.variable)
            except KeyRingError:
                return False
            self._seen = seen
        return True

    def add(self) -> Added:
        """Put a new key first. The file is replaced in one step; other processes notice by themselves."""
        key = generate_key()
        return Added(key.id, self._store(lambda keys: (key, *keys)))

    def drop(self, key_id: str) -> Added:
        """Take a key out for good. Whoever calls has made sure that nothing needs it any more."""
        return Added(key_id, self._store(lambda keys: tuple(key for key in keys if key.id != key_id)))

    def _store(self, change: Callable[[tuple[Key, ...]], tuple[Key, ...]]) -> str | None:
        if self.source.path is None:
            return ",".join(key.text for key in change(self._keys))
        with keyfile.exclusive(self.source.path):
            keys = change(parse(self.source.read(), self.source.variable))
            keyfile.replace(self.source.path, ",".join(key.text for key in keys) + "\n")
        self._reload_if_changed()
        return None

    def complaints(self) -> list[Sentence]:
        """What `doctor` should say about the file: gone, broken, or open to other accounts of the machine."""
        path = self.source.path
        if path is None:
            return []
        try:
            parse(self.source.read(), self.source.variable)
        except KeyRingError as error:
            return [error.sentence]
        found = []
        for thing, allowed in ((path, "0600"), (path.parent, "0700")):
            if os.name == "posix" and stat.S_IMODE(thing.stat().st_mode) & 0o077:
                found.append(
                    say("%(path)s 可以被本机其他账号访问，请把权限改为 %(mode)s。", path=str(thing), mode=allowed)
                )
        return found


@dataclass(frozen=True)
class Rings:
    """What a session needs to seal, to open and to look up: `session.info["rings"]`."""

    field: KeyRing
    index: KeyRing


def load_rings(environ: Mapping[str, str], data_dir: Path) -> Rings:
    """Both rings, or a KeyRingError that says which variable or file is at fault."""
    sources = sources_of(environ, data_dir)
    rings = Rings(KeyRing(sources[0]), KeyRing(sources[1]))
    if {key.secret for key in rings.field.keys} & {key.secret for key in rings.index.keys}:
        raise KeyRingError(say("FIELD_KEYS 与 INDEX_KEY 用了同一把密钥，两者必须各自随机生成。"))
    return rings


def sources_of(environ: Mapping[str, str], data_dir: Path) -> tuple[Source, Source]:
    folder = data_dir.parent / (data_dir.name + ".keys")
    return (
        Source.locate(FIELD_VARIABLE, environ, folder / "field_keys"),
        Source.locate(INDEX_VARIABLE, environ, folder / "index_key"),
    )


def create_missing(environ: Mapping[str, str], data_dir: Path) -> list[Path]:
    """Make the key files of a new installation; what exists is never overwritten, also not by a second process."""
    paths = [source.path for source in sources_of(environ, data_dir) if source.path]
    return [path for path in paths if keyfile.create(path, generate_key().text + "\n")]


def throwaway_rings() -> Rings:
    """Random keys that live in memory only: tests and dry runs."""
    return Rings(
        KeyRing(Source(FIELD_VARIABLE, generate_key().text, None)),
        KeyRing(Source(INDEX_VARIABLE, generate_key().text, None)),
    )
