"""What tests share: the two databases, the application on each of them, and the cast."""

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from sqlalchemy.orm import Session

from app import create_app
from app.accounts import passwords
from app.accounts.models import ApiToken
from app.config import Environment, Settings
from app.extensions import db
from tests import databases
from tests.cast import CHEAP_HASHER, NOON, Cast, engage
from tests.databases import Database

# A machine in another zone must see the same results.
os.environ["TZ"] = "America/New_York"
time.tzset()

# A property that takes long on a busy machine is not broken; each test has its timeout anyway.
hypothesis_settings.register_profile("desk", deadline=None)
hypothesis_settings.load_profile("desk")

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> None:
    """Hashing is slow by design; a thousand sign-ins in tests need not be."""
    passwords.use(CHEAP_HASHER)


@pytest.fixture(scope="session", params=KINDS)
def standing_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Made once per run and kind. Tests ask for `database`, which is emptied after them."""
    with databases.database(request.param) as made:
        yield made


@pytest.fixture(scope="session")
def standing_app(standing_database: Database) -> Iterator[Flask]:
    settings = Settings(
        env=Environment.TEST,
        data_dir=standing_database.folder,
        database_url=standing_database.url,
        secret_key="q7Hn2vXc9LpT4sWd8RbK3mZy6GfJ1aQe",
        base_url="http://localhost",
    )
    app = create_app(settings, rings=standing_database.rings)
    with app.app_context():
        databases.hasten(db.engine)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def database(standing_database: Database) -> Iterator[Database]:
    yield standing_database
    standing_database.empty()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session of the program's kind, outside Flask. Open a write with `app.orm.write_transaction(session)`, or just
    change and flush: what isn't committed is rolled back."""
    with database.session() as made:
        yield made
        made.rollback()


@pytest.fixture
def cast(session: Session) -> Cast:
    """The fixed cast, committed."""
    cast = engage(session)
    session.commit()
    return cast


@pytest.fixture
def app(database: Database, standing_app: Flask) -> Flask:
    return standing_app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript that nobody has signed in with yet."""
    return app.test_client()


@pytest.fixture
def api(app: Flask, session: Session, cast: Cast) -> Callable[[str], FlaskClient]:
    """`api("lin")` is a program that calls with Lin's token."""

    def calling_as(login: str) -> FlaskClient:
        token = secrets.token_urlsafe(32)
        digest = hashlib.sha256(token.encode()).hexdigest()
        session.add(ApiToken(user_id=cast(login).id, name="test", digest=digest, created_at=NOON))
        session.commit()
        caller = app.test_client()
        caller.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return caller

    return calling_as
