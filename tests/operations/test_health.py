"""What a monitor sees."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import clock
from app.installation import head_revision
from app.outbox import claiming, publish


def be_migrated(session: Session) -> None:
    session.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)"))
    session.execute(text("DELETE FROM alembic_version"))
    session.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": head_revision()})
    session.commit()


def test_the_process_lives(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"ok": True})


def test_not_ready_without_the_schema_or_a_worker(client: FlaskClient, session: Session) -> None:
    session.execute(text("DROP TABLE IF EXISTS alembic_version"))
    session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"]["migrations"]["ok"] is False
    be_migrated(session)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"]["worker"]["ok"] is False


def test_ready_with_a_living_worker_and_no_backlog(client: FlaskClient, session: Session) -> None:
    be_migrated(session)
    now = clock.now()
    claiming.beat(session, "desk:1", now=now)
    session.commit()
    assert client.get("/readyz").status_code == 200
    publish(session, "ticket.closed", now=now - timedelta(minutes=6))
    session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"]["oldest_due_job"]["seconds"] >= 360


def test_a_dead_worker_is_noticed(client: FlaskClient, session: Session) -> None:
    be_migrated(session)
    claiming.beat(session, "desk:1", now=clock.now() - timedelta(minutes=2))
    session.commit()
    assert client.get("/readyz").status_code == 503
