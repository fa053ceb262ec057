"""The database as Flask sees it, and what a session carries.

Importing this module imports every model, so that the metadata is complete wherever the database is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import flask_sqlalchemy.session
from flask import Flask, current_app, g, has_request_context
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

import app.accounts.models
import app.audit.models
import app.crypto.models
import app.customers.models
import app.installation
import app.notifications.models
import app.numbering
import app.outbox.models
import app.tickets.models
import app.tickets.rules  # noqa: F401
from app.config import Settings
from app.crypto import Rings
from app.orm import Base, prepare_engine


@dataclass
class Runtime:
    """What one application object works with. `rings` is None when the keys are missing and were not insisted on."""

    settings: Settings
    rings: Rings | None


def runtime() -> Runtime:
    """The runtime of the current application."""
    found: Runtime = current_app.extensions["bihuan"]
    return found


def session_info(rings: Rings | None, zone: ZoneInfo) -> dict[str, Any]:
    """What every session carries: the key rings, and the company's time zone (numbers and display only)."""
    return {"rings": rings, "zone": zone}


class DeskSession(flask_sqlalchemy.session.Session):
    """The session of a request, a job or a command."""

    def __init__(self, db: SQLAlchemy, **options: Any) -> None:
        super().__init__(db, **options)
        here = runtime()
        self.info.update(session_info(here.rings, here.settings.timezone))
        if has_request_context():
            self.info["request_id"] = g.get("request_id")


db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": DeskSession, "expire_on_commit": False})
migrate = Migrate(directory="migrations")


def engine_options(url: str) -> dict[str, Any]:
    """Values never appear in exceptions or logs; a PostgreSQL connection that died is replaced before it is used."""
    options: dict[str, Any] = {"hide_parameters": True}
    if url.startswith("postgresql"):
        options |= {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}
    return options


def install(app: Flask, settings: Settings) -> None:
    """Bind the database of the settings to the application."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings.database_url)
    db.init_app(app)
    migrate.init_app(app, db, render_as_batch=True)
    with app.app_context():
        prepare_engine(db.engine)
