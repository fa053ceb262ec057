"""Settings: every value understood or refused with a sentence; nothing that looks like a mistake passes in silence."""

from pathlib import Path

import pytest

from app.config import Environment, Settings, SettingsError, distance, doubtful_names, known_names

GOOD_KEY = "q7Hn2vXc9LpT4sWd8RbK3mZy6GfJ1aQe"


def read(**environ: str) -> Settings:
    return Settings.from_env(environ)


def test_an_empty_environment_is_production_on_sqlite() -> None:
    settings = read(DATA_DIR="/srv/desk")
    assert settings.env is Environment.PRODUCTION
    assert settings.database_url == "sqlite:////srv/desk/bihuan.db"
    assert (settings.timezone.key, settings.default_locale, settings.secure) == ("Asia/Shanghai", "zh-CN", False)


def test_any_value_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://desk:秘@db/desk\n", "utf-8")
    settings = read(DATABASE_URL_FILE=str(tmp_path / "url"))
    assert settings.database_url == "postgresql://desk:秘@db/desk"


def test_a_value_and_its_file_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="只能设置一个"):
        read(SECRET_KEY=GOOD_KEY, SECRET_KEY_FILE=str(tmp_path / "x"))


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY_FILE"):
        read(SECRET_KEY_FILE=str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BIHUAN_ENV", "prod"),
        ("DATABASE_URL", "mysql://db/desk"),
        ("BASE_URL", "desk.example.com"),
        ("BASE_URL", "https://desk.example.com/?a=b"),
        ("TIMEZONE", "Asia/Atlantis"),
        ("TIMEZONE", "../../etc/passwd"),
        ("DEFAULT_LOCALE", "fr"),
        ("ASSETS", "remote"),
        ("MAX_UPLOAD_MB", "-1"),
        ("MAX_UPLOAD_MB", "many"),
        ("TRUSTED_PROXIES", "10.0.0.0/8"),
        ("LOG_FORMAT", "xml"),
        ("SMTP_URL", "mail.example.com:25"),
        ("HTMX_CDN_URL", "javascript:alert(1)"),
    ],
)
def test_a_value_of_the_wrong_shape_stops_the_start_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read(**{name: value})


def test_a_secret_is_never_quoted() -> None:
    with pytest.raises(SettingsError) as refused:
        read(DATABASE_URL="mysql://desk:Hunter2@db/desk")
    assert "Hunter2" not in str(refused.value)
    settings = read(DATABASE_URL="postgresql://desk:Hunter2@db/desk", SECRET_KEY=GOOD_KEY, FIELD_KEYS="k:abc")
    assert "Hunter2" not in repr(settings)
    assert GOOD_KEY not in repr(settings)
    shown = settings.shown()
    assert list(shown) == known_names()
    assert (shown["DATABASE_URL"], shown["SECRET_KEY"], shown["FIELD_KEYS"]) == ("********",) * 3
    assert shown["SMTP_URL"] is None
    assert read(DATA_DIR="/srv").shown()["DATABASE_URL"] == "sqlite:////srv/bihuan.db"


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("", "没有设置"),
        ("short", "太短"),
        ("a" * 64, "示例值"),
        ("please-change-me-please-change-me-1234", "示例值"),
        ("0123456789" * 4, "示例值"),
        (GOOD_KEY, ""),
    ],
)
def test_a_missing_short_or_sample_secret_is_refused(secret: str, words: str, tmp_path: Path) -> None:
    settings = read(SECRET_KEY=secret, DATA_DIR=str(tmp_path / "data"))
    if not words:
        settings.require_secret_key()
        return
    with pytest.raises(SettingsError, match=words):
        settings.require_secret_key()


def test_the_key_file_beside_the_data_is_found(tmp_path: Path) -> None:
    (tmp_path / "data.keys").mkdir()
    (tmp_path / "data.keys" / "secret_key").write_text(GOOD_KEY + "\n")
    assert read(DATA_DIR=str(tmp_path / "data")).secret_key == GOOD_KEY


def test_mail_needs_a_sender() -> None:
    with pytest.raises(SettingsError, match="MAIL_FROM"):
        read(SMTP_URL="smtp://mail.example.com")


def test_the_hosting_spelling_of_postgresql_is_understood() -> None:
    assert read(DATABASE_URL="postgres://db/desk").database_url == "postgresql://db/desk"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("DATABASE_URI", "DATABASE_URL"),
        ("SECRETKEY", "SECRET_KEY"),
        ("TIMEZON", "TIMEZONE"),
        ("SMTP_URL_FIL", "SMTP_URL_FILE"),
    ],
)
def test_a_typing_error_is_reported(name: str, near: str) -> None:
    (sentence,) = doubtful_names({name: "x"})
    assert near in str(sentence)


def test_a_known_family_is_reported_and_strangers_are_not() -> None:
    assert len(doubtful_names({"WECOM_BOT_URL": "x"})) == 1
    strangers = {
        "HOME": "/",
        "PATH": "/bin",
        "LANG": "C",
        "HOST": "::",
        "PORT": "80",
        "DEMO_PASSWORD": "x",
        "SHELL": "sh",
    }
    assert doubtful_names(strangers) == []


def test_known_names_are_not_doubtful() -> None:
    assert doubtful_names(dict.fromkeys(known_names(), "x")) == []


def test_distance() -> None:
    assert [distance("KEY", other) for other in ("KEY", "KEYS", "KAY", "YEK", "")] == [0, 1, 1, 2, 3]
