"""The `flask` commands on a machine where nothing exists yet, on both databases."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, text

from app import create_app
from app.accounts.models import ApiToken, User
from app.accounts.queries import load_actor, load_token
from app.audit.models import AuditEntry
from app.audit.schema import SQLITE_TRIGGERS
from app.cli.talking import FAULTS_FOUND, REFUSED
from app.config import Settings
from app.crypto import DataKey
from app.extensions import db, runtime
from app.outbox import publish
from app.outbox.models import OutboxMessage
from app.policy import Role
from tests import databases
from tests.cast import NOON
from tests.conftest import KINDS

PASSWORD = "正午的钟声 2024"
running: list[Flask] = []
both = pytest.mark.parametrize("bare", KINDS, indirect=True)  # where the database makes a difference


@dataclass
class Machine:
    """A data directory, a database, and a shell."""

    environ: dict[str, str]
    app: Flask

    def run(self, *arguments: str, stdin: str = "") -> Result:
        return self.app.test_cli_runner().invoke(args=list(arguments), input=stdin)

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def init(self) -> Result:
        return self.run("init", "--name", "管理员", "--password-stdin", stdin=f"{PASSWORD}\n")

    def findings(self, *more: str) -> dict[str, str]:
        return {one["what"]: one["level"] for one in self.json("doctor", *more)["findings"]}

    @property
    def data(self) -> Path:
        return Path(self.environ["DATA_DIR"])

    def restarted(self) -> "Machine":
        switch_off()
        return boot(self.environ)


def boot(environ: dict[str, str]) -> Machine:
    app = create_app(Settings.from_env(environ), lenient=True)
    running.append(app)
    with app.app_context():
        databases.hasten(db.engine)
    return Machine(environ, app)


def switch_off() -> None:
    """Close every connection; a machine that is asked again opens new ones, so they all stay on the list."""
    for app in running:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    """Nothing is there but an empty database server."""
    environ = {"DATA_DIR": str(tmp_path / "desk"), "BASE_URL": "https://desk.shop.example"}
    if getattr(request, "param", "sqlite") == "sqlite":
        yield boot(environ)
        switch_off()
        running.clear()
        return
    with databases.empty_database("postgresql") as url:
        yield boot(environ | {"DATABASE_URL": url})
        switch_off()
        running.clear()


@pytest.fixture
def machine(bare: Machine) -> Machine:
    assert bare.init().exit_code == 0
    return bare


@both
def test_init_makes_everything_a_first_day_needs(bare: Machine) -> None:
    done = bare.init()
    assert done.exit_code == 0, done.output
    folder = bare.data.parent / "desk.keys"
    assert sorted(path.name for path in folder.iterdir() if path.name[0] != ".") == [
        "field_keys",
        "index_key",
        "secret_key",
    ]
    assert all(path.stat().st_mode & 0o077 == 0 for path in (bare.data, folder, *folder.glob("*_key*")))
    with bare.app.app_context():
        user = db.session.scalars(select(User)).one()
        actor = load_actor(db.session(), user.id, NOON)
    assert actor is not None
    assert (actor.login, actor.roles) == ("root", {Role.SYSADMIN, Role.HEAD})


def test_init_again_changes_nothing(machine: Machine) -> None:
    before = {path.name: path.read_bytes() for path in (machine.data.parent / "desk.keys").glob("*_key*")}
    again = machine.run("init")
    assert again.exit_code == 0
    assert "已经有用户" in again.output
    assert {path.name: path.read_bytes() for path in (machine.data.parent / "desk.keys").glob("*_key*")} == before


@both
def test_init_never_makes_new_keys_for_old_data(machine: Machine) -> None:
    """It would look like a repair, and lock every customer's data away for good."""
    with machine.app.app_context():
        db.session.add(DataKey(owner_kind="system", owner_id=0, wrapped=b"x", kek_id="k0", created_at=NOON))
        db.session.commit()
    lost = machine.data.parent / "desk.keys" / "field_keys"
    lost.unlink()
    again = machine.restarted().run("init")
    assert again.exit_code == REFUSED
    assert "field_keys" in again.output
    assert not lost.exists()


def test_a_password_that_would_be_guessed_is_refused(bare: Machine) -> None:
    done = bare.run("init", "--password-stdin", stdin="12345678\n")
    assert done.exit_code == REFUSED
    with bare.app.app_context():
        assert db.session.scalars(select(User)).all() == []


@pytest.mark.parametrize(
    "command",
    [
        ("serve",),
        ("worker",),
        ("token", "create", "root"),
        ("keys", "status"),
        ("create-admin", "--login=a", "--name=b"),
    ],
)
def test_nothing_starts_without_keys(bare: Machine, command: tuple[str, ...]) -> None:
    refused = bare.run(*command)
    assert refused.exit_code == REFUSED
    assert "flask init" in refused.output


@pytest.mark.parametrize("secret", ["short", "change-me-change-me-change-me-change-me"])
def test_production_refuses_a_bad_secret(machine: Machine, secret: str) -> None:
    refused = boot(machine.environ | {"SECRET_KEY": secret}).run("serve")
    assert refused.exit_code == REFUSED
    assert "SECRET_KEY" in refused.output
    assert secret not in refused.output


@pytest.mark.parametrize("value", ["k1:c2hvcnQ=", "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "nonsense"])
def test_production_refuses_a_bad_key(machine: Machine, value: str) -> None:
    refused = boot(machine.environ | {"FIELD_KEYS": value}).run("serve")
    assert refused.exit_code == REFUSED
    assert "FIELD_KEYS" in refused.output


@both
def test_nothing_starts_on_a_foreign_schema(machine: Machine) -> None:
    with machine.app.app_context():
        db.session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        db.session.commit()
    refused = machine.run("serve")
    assert refused.exit_code == REFUSED
    assert "flask db upgrade" in refused.output


def test_a_token_opens_the_api(machine: Machine) -> None:
    secret = machine.json("token", "create", "root", "--name", "till", "--days", "30")["token"]
    with machine.app.app_context():
        row = db.session.scalars(select(ApiToken)).one()
        assert row.expires_at is not None
        assert secret not in row.digest
        found = load_token(db.session(), secret, row.created_at)
        assert found is not None
        assert found.actor.login == "root"


def test_a_token_for_nobody_is_refused(machine: Machine) -> None:
    refused = machine.run("token", "create", "nobody")
    assert refused.exit_code == REFUSED
    assert "nobody" in refused.output


def test_another_administrator(machine: Machine) -> None:
    arguments = ("create-admin", "--login", "admin2", "--name", "第二位", "--password-stdin")
    assert machine.run(*arguments, stdin=f"{PASSWORD}\n").exit_code == 0
    assert machine.run(*arguments, stdin=f"{PASSWORD}\n").exit_code == REFUSED


def test_settings_are_shown_without_secrets(machine: Machine) -> None:
    started = boot(machine.environ | {"SMTP_URL": "smtp://desk:Hunter2@mail.example", "MAIL_FROM": "desk@shop.example"})
    shown = started.run("config", "show")
    assert "BASE_URL=https://desk.shop.example" in shown.output
    assert "MAIL_FROM=desk@shop.example" in shown.output
    assert "Hunter2" not in shown.output
    assert started.json("config", "show")["settings"]["SMTP_URL"] == "********"
    key = runtime_secret(started)
    assert key not in shown.output


def runtime_secret(machine: Machine) -> str:
    with machine.app.app_context():
        return runtime().settings.secret_key or ""


def test_a_mistyped_setting_is_reported(machine: Machine) -> None:
    shown = boot(machine.environ | {"TIMEZON": "Asia/Tokyo"}).run("config", "show")
    assert "TIMEZONE" in shown.stderr


def message(topic: str) -> OutboxMessage:
    return db.session.scalars(select(OutboxMessage).where(OutboxMessage.topic == topic)).one()


# --- doctor -----------------------------------------------------------------------------------------------------------


@both
def test_a_new_installation_is_sound(machine: Machine) -> None:
    done = machine.run("doctor", "--deep")
    assert done.exit_code == 0, done.output
    assert set(machine.findings("--deep").values()) <= {"warning"}


def test_doctor_names_what_is_missing_on_a_bare_machine(bare: Machine) -> None:
    done = bare.run("doctor")
    assert done.exit_code == FAULTS_FOUND
    assert "SECRET_KEY" in done.output
    assert "FIELD_KEYS" in done.output


@both
def test_doctor_notices_lost_triggers(machine: Machine) -> None:
    is_sqlite = "DATABASE_URL" not in machine.environ
    with machine.app.app_context():
        statements = [f"DROP TRIGGER {name}" for name in SQLITE_TRIGGERS]
        for statement in statements if is_sqlite else ["ALTER TABLE audit_entry DISABLE TRIGGER ALL"]:
            db.session.execute(text(statement))
        db.session.commit()
    done = machine.run("doctor")
    assert done.exit_code == FAULTS_FOUND
    assert "审计表缺少保护" in done.output
    assert machine.run("audit", "verify").exit_code == FAULTS_FOUND


@both
def test_doctor_names_dead_letters_and_a_backlog(machine: Machine) -> None:
    with machine.app.app_context():
        publish(db.session(), "ticket.closed", now=NOON)
        db.session.flush()
        dead = message("ticket.closed")
        dead.dead_at, dead.last_error = NOON, "ValueError at app/x.py:1"
        publish(db.session(), "ticket.closed", now=NOON)
        db.session.commit()
    found = " ".join(machine.findings())
    assert "1 个后台任务失败" in found
    assert "ValueError at app/x.py:1" in found
    assert "没有运行" in found


@both
def test_doctor_notices_a_damaged_value(machine: Machine) -> None:
    with machine.app.app_context():
        user = db.session.scalars(select(User)).one()
        user.totp = b"\x01\x01" + b"\x00" * 60
        db.session.commit()
        uid = user.uid
    done = machine.run("doctor")
    assert done.exit_code == FAULTS_FOUND
    assert "user.totp" in done.output
    assert uid in done.output


def test_doctor_notices_open_key_files_and_posts_without_deputies(machine: Machine) -> None:
    (machine.data.parent / "desk.keys" / "field_keys").chmod(0o644)
    found = " ".join(machine.findings())
    assert "field_keys" in found
    assert "没有代理人" in found
    assert "root 既是系统管理员又有业务角色" in found


def test_doctor_notices_a_post_that_nobody_holds(machine: Machine) -> None:
    with machine.app.app_context():
        db.session.scalars(select(User)).one().active = False
        db.session.commit()
    done = machine.run("doctor")
    assert done.exit_code == FAULTS_FOUND
    assert "没有一位在用的账号担任" in done.output


# --- audit, jobs, keys ------------------------------------------------------------------------------------------------


@both
def test_the_trail_is_verified_and_its_end_can_be_noted(machine: Machine) -> None:
    found = machine.json("audit", "verify")
    assert found["ok"]
    assert found["entries"] > 0
    assert machine.run("audit", "verify", "--noted", found["head"]).exit_code == 0
    other = f"{found['head'].split(':')[0]}:{'0' * 64}"
    assert machine.run("audit", "verify", "--noted", other).exit_code == FAULTS_FOUND
    assert machine.run("audit", "verify", "--noted", "junk").exit_code == 2


@both
def test_dead_jobs_are_listed_and_retried(machine: Machine) -> None:
    with machine.app.app_context():
        publish(db.session(), "ticket.closed", now=NOON, ticket_id=7)
        db.session.flush()
        message("ticket.closed").dead_at = NOON
        db.session.commit()
    (job,) = machine.json("jobs", "list")["items"]
    assert machine.run("jobs", "retry", str(job["id"])).exit_code == 0
    assert machine.json("jobs", "list")["items"] == []
    assert job["id"] in [one["id"] for one in machine.json("jobs", "list", "--waiting")["items"]]
    assert machine.run("jobs", "retry", str(job["id"])).exit_code == REFUSED
    assert machine.run("jobs", "retry").exit_code == REFUSED
    with machine.app.app_context():
        assert "job.retried" in db.session.scalars(select(AuditEntry.action)).all()


@both
def test_a_key_rotation_from_beginning_to_end(machine: Machine) -> None:
    old = machine.json("keys", "status")
    assert machine.run("keys", "add").exit_code == 0
    assert machine.run("keys", "add", "--ring", "index").exit_code == 0
    new = machine.restarted()
    status = new.json("keys", "status")
    assert status["field"]["newest"] != old["field"]["newest"]
    assert new.json("keys", "rewrap")["locked"] == []
    assert new.json("keys", "verify")["ok"]
    assert new.run("keys", "retire", status["field"]["newest"]).exit_code == REFUSED
    assert new.run("keys", "retire", old["field"]["newest"]).exit_code == 0
    assert new.run("keys", "retire", old["index"]["newest"], "--ring", "index").exit_code == 0
    last = new.restarted().json("keys", "status")
    assert [last["field"]["ids"], last["index"]["ids"]] == [[status["field"]["newest"]], [status["index"]["newest"]]]
    with new.app.app_context():
        actions = db.session.scalars(select(AuditEntry.action)).all()
    assert actions.count("key.added") == actions.count("key.retired") == 2


@both
def test_demo_data_never_touches_a_real_database(machine: Machine) -> None:
    for command in (("demo", "load"), ("demo", "purge", "--yes"), ("demo", "reset"), ("demo", "up", "--port", "0")):
        refused = machine.run(*command)
        assert refused.exit_code == REFUSED, command
    with machine.app.app_context():
        assert db.session.scalars(select(User.login)).all() == ["root"]


@both
def test_a_demo_is_loaded_purged_and_loaded_again(bare: Machine) -> None:
    loaded = bare.json("demo", "load", "--tickets", "20")
    assert loaded["tickets"] == 20
    assert bare.run("doctor", "--deep").exit_code == 0
    assert bare.run("demo", "load").exit_code == REFUSED
    assert bare.run("demo", "purge", "--yes").exit_code == 0
    assert bare.run("demo", "purge", "--yes").exit_code == REFUSED
    assert bare.json("demo", "load", "--tickets", "5")["tickets"] == 5


# --- every command ----------------------------------------------------------------------------------------------------


def walk(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from walk(command, (*path, name))


OURS = {"audit", "config", "create-admin", "demo", "doctor", "init", "jobs", "keys", "serve", "token", "worker"}


@pytest.mark.parametrize("check", ["help", "options"])
def test_every_command_explains_itself(bare: Machine, check: str) -> None:
    found = [(path, command) for path, command in walk(bare.app.cli) if path[0] in OURS]
    assert {path[0] for path, _ in found} == OURS
    for path, command in found:
        if check == "help":
            assert command.help, path
            assert bare.run(*path, "--help").exit_code == 0
        else:
            assert not [p.name for p in command.params if isinstance(p, click.Option) and not p.help], path
