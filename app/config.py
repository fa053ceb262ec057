"""Everything that can be set from outside, read once into one frozen object.

Each variable may also be given as `<NAME>_FILE`, a path to a file that holds the value. A value that can't be used
stops the start with a sentence; a name that looks like a typing error is reported, because a setting that silently
does nothing is believed to work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.errors import DeskError
from app.words import Sentence, say

LEAST_SECRET_LENGTH = 32
LEAST_DIFFERENT_CHARACTERS = 10
SAMPLE_WORDS = ("change", "secret", "example", "sample", "password", "insecure", "development", "your-", "替换", "示例")
# Settings of integrations come in families. A name of a family that this version doesn't read is reported.
FAMILIES = ("WECHAT_", "WECOM_", "DINGTALK_", "FEISHU_", "SMS_", "OIDC_")
SHOWN_INSTEAD_OF_A_SECRET = "********"


class SettingsError(DeskError):
    """The environment holds something that the program can't work with."""


class Environment(StrEnum):
    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


def _setting(name: str, read: Callable[[str], Any] = str, *, secret: bool = False, **options: Any) -> Any:
    return field(metadata={"name": name, "read": read, "secret": secret}, repr=not secret, **options)


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(" | ".join(allowed))
        return text

    return read


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"{low}–{high}")
        return int(text)

    return read


def _codes(text: str) -> tuple[str, ...]:
    codes = tuple(code.strip() for code in text.split(","))
    if not all(code.isidentifier() and code.isascii() for code in codes):
        raise ValueError("sysadmin,head")
    return codes


def _environment(text: str) -> Environment:
    return Environment(_one_of(*Environment)(text))


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("Asia/Shanghai") from None


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if urlsplit(text).scheme not in schemes:
            raise ValueError(" | ".join(f"{scheme}://…" for scheme in schemes))
        return text

    return read


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("https://desk.example.com")
    return text.rstrip("/")


def _database(text: str) -> str:
    scheme = urlsplit(text).scheme
    if scheme == "postgres":  # what hosting services write; the driver knows only the long name
        return "postgresql" + text.removeprefix("postgres")
    if scheme.partition("+")[0] not in {"sqlite", "postgresql"}:
        raise ValueError("sqlite:////… | postgresql://…")
    return text


@dataclass(frozen=True, kw_only=True)
class Settings:
    """See `.env.example` for what each variable means."""

    env: Environment = _setting("BIHUAN_ENV", _environment, default=Environment.PRODUCTION)
    data_dir: Path = _setting("DATA_DIR", _folder, default=Path("data").absolute())
    database_url: str = _setting("DATABASE_URL", _database, secret=True, default="")
    secret_key: str | None = _setting("SECRET_KEY", secret=True, default=None)
    field_keys: str | None = _setting("FIELD_KEYS", secret=True, default=None)
    index_key: str | None = _setting("INDEX_KEY", secret=True, default=None)
    base_url: str = _setting("BASE_URL", _web_address, default="http://127.0.0.1:8000")
    timezone: ZoneInfo = _setting("TIMEZONE", _zone, default=ZoneInfo("Asia/Shanghai"))
    default_locale: str = _setting("DEFAULT_LOCALE", _one_of("zh-CN", "zh-TW", "en"), default="zh-CN")
    search_backend: str = _setting("SEARCH_BACKEND", _one_of("whoosh", "postgres"), default="whoosh")
    assets: str = _setting("ASSETS", _one_of("cdn", "local"), default="cdn")
    htmx_cdn_url: str | None = _setting("HTMX_CDN_URL", _url("https", "http"), default=None)
    smtp_url: str | None = _setting("SMTP_URL", _url("smtp", "smtps", "smtp+starttls"), secret=True, default=None)
    mail_from: str | None = _setting("MAIL_FROM", default=None)
    imap_url: str | None = _setting("IMAP_URL", _url("imap", "imaps"), secret=True, default=None)
    redis_url: str | None = _setting("REDIS_URL", _url("redis", "rediss", "unix"), secret=True, default=None)
    metrics_token: str | None = _setting("METRICS_TOKEN", secret=True, default=None)
    max_upload_mb: int = _setting("MAX_UPLOAD_MB", _number(1, 1024), default=20)
    trusted_proxies: int = _setting("TRUSTED_PROXIES", _number(0, 10), default=0)
    second_factor_roles: tuple[str, ...] = _setting("SECOND_FACTOR_ROLES", _codes, default=())
    log_format: str = _setting("LOG_FORMAT", _one_of("json", "console"), default="json")
    key_files: Mapping[str, str] = field(default_factory=dict)  # FIELD_KEYS_FILE, INDEX_KEY_FILE: for the key rings
    warnings: tuple[Sentence, ...] = ()

    def __post_init__(self) -> None:
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.data_dir / 'bihuan.db'}")

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the environment; raises SettingsError for a value of the wrong shape."""
        given: dict[str, Any] = {}
        key_files: dict[str, str] = {}
        for setting in _variables():
            name = setting.metadata["name"]
            if setting.name in {"field_keys", "index_key"} and environ.get(f"{name}_FILE", "").strip():
                key_files[f"{name}_FILE"] = environ[f"{name}_FILE"].strip()
            elif text := _text_of(name, environ):
                given[setting.name] = _read(setting, name, text)
        settings = cls(**given, key_files=key_files, warnings=tuple(doubtful_names(environ)))
        if settings.secret_key is None and settings.key_file.is_file():
            object.__setattr__(settings, "secret_key", settings.key_file.read_text("utf-8").strip())
        if settings.smtp_url and not settings.mail_from:
            raise SettingsError(say("设置了 SMTP_URL 就必须设置 MAIL_FROM（发件人地址）。"))
        return settings

    @property
    def key_folder(self) -> Path:
        """Where `init` puts keys: beside the data, so that a copy of the data holds no key."""
        return self.data_dir.parent / f"{self.data_dir.name}.keys"

    @property
    def key_file(self) -> Path:
        return self.key_folder / "secret_key"

    @property
    def secure(self) -> bool:
        """Whether people reach the site by HTTPS: cookies are then marked accordingly."""
        return self.base_url.startswith("https://")

    @property
    def key_environ(self) -> dict[str, str]:
        """What the key rings look at."""
        inline = {"FIELD_KEYS": self.field_keys or "", "INDEX_KEY": self.index_key or ""}
        return {**inline, **self.key_files}

    def require_secret_key(self) -> None:
        """Raise SettingsError unless the secret key is long and random enough to sign cookies with."""
        if fault := secret_fault(self.secret_key):
            raise SettingsError(fault)

    def shown(self) -> dict[str, str | None]:
        """Every variable with its value in force; secrets are masked."""
        found: dict[str, str | None] = {}
        for setting in _variables():
            value = getattr(self, setting.name)
            if isinstance(value, tuple):
                value = ",".join(value) or None
            if value is not None and setting.metadata["secret"] and not _is_plain_sqlite(setting, value):
                value = SHOWN_INSTEAD_OF_A_SECRET
            found[setting.metadata["name"]] = None if value is None else str(value)
        return found


def _variables() -> list[Field[Any]]:
    return [setting for setting in fields(Settings) if "name" in setting.metadata]


def known_names() -> list[str]:
    """The variables without their `_FILE` form, in the order of the class."""
    return [setting.metadata["name"] for setting in _variables()]


def _is_plain_sqlite(setting: Field[Any], value: Any) -> bool:
    return setting.name == "database_url" and str(value).startswith("sqlite")


def _text_of(name: str, environ: Mapping[str, str]) -> str:
    text, path = environ.get(name, "").strip(), environ.get(f"{name}_FILE", "").strip()
    if text and path:
        raise SettingsError(say("%(name)s 与 %(name)s_FILE 只能设置一个。", name=name))
    if not path:
        return text
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(say("读不了 %(name)s_FILE 指向的文件 %(path)s。", name=name, path=path)) from None


def _read(setting: Field[Any], name: str, text: str) -> Any:
    try:
        return setting.metadata["read"](text)
    except ValueError as fault:
        raise SettingsError(say("%(name)s 的值不能用。应为：%(allowed)s", name=name, allowed=str(fault))) from None


def secret_fault(secret: str | None) -> Sentence | None:
    """What is wrong with a secret key; it is never quoted."""
    if not secret:
        return say("没有设置 SECRET_KEY。首次安装请运行 flask init；也可以在环境变量里设置至少 32 个字符的随机值。")
    if len(secret) < LEAST_SECRET_LENGTH:
        return say("SECRET_KEY 太短：至少需要 32 个随机字符。")
    lowered = secret.lower()
    repeats = secret in (secret + secret)[1:-1]
    if repeats or len(set(secret)) < LEAST_DIFFERENT_CHARACTERS or any(word in lowered for word in SAMPLE_WORDS):
        return say("SECRET_KEY 是示例值或有规律可循，不能使用。请改为随机值。")
    return None


# --- names that look like a mistake -----------------------------------------------------------------------------------


def distance(a: str, b: str) -> int:
    """Levenshtein distance."""
    previous = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        current = [i]
        for j, right in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (left != right)))
        previous = current
    return previous[-1]


def _nearest(name: str, known: set[str]) -> str | None:
    """The known name within two typing errors. Short names are near to everything (HOME, HOST), so they are let be."""
    alike = [other for other in sorted(known) if abs(len(other) - len(name)) <= 2] if len(name) > 5 else []
    near = min(alike, key=lambda other: distance(name, other), default=None)
    return near if near and distance(name, near) <= 2 else None


def doubtful_names(environ: Mapping[str, str]) -> list[Sentence]:
    """Sentences about variables that nothing reads but that look as if they were meant for this program."""
    known = {form for name in known_names() for form in (name, f"{name}_FILE")}
    found = []
    for name in sorted(set(environ) - known):
        if near := _nearest(name, known):
            found.append(say("环境变量 %(name)s 没有作用，是不是想写 %(near)s？", name=name, near=near))
        elif name.startswith(FAMILIES):
            found.append(say("环境变量 %(name)s 没有作用：这个版本不读取它。", name=name))
    return found
