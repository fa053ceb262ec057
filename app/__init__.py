"""Bihuan (闭环): an after-sales desk where every piece of feedback is received, handled, followed up and archived."""

from __future__ import annotations

import os
from importlib import import_module

from flask import Flask

import app.web.models  # noqa: F401 - its tables belong to the metadata
from app import cli as commands
from app import extensions, web
from app.config import Settings
from app.crypto import KeyRingError, Rings, load_rings
from app.web import api
from app.web import logging as request_log

# Each has a `routes` module with a blueprint `bp`. A feature that isn't listed here serves nobody.
BLUEPRINTS: tuple[str, ...] = (
    "health",
    "auth",
    "me",
    "home",
    "tickets",
    "follow_ups",
    "customers",
    "admin",
    "notifications",
    "api_document",
)

# Features with calls under /api/v1: each has an `api` module with a blueprint `bp`.
API_CALLS: tuple[str, ...] = ("tickets", "follow_ups", "customers")


def create_app(settings: Settings | None = None, *, rings: Rings | None = None, lenient: bool = False) -> Flask:
    """Build the application. Raises SettingsError or KeyRingError (each with a sentence) without usable secrets.

    `lenient` is for commands that must run before there are keys or because something is wrong with them.
    """
    settings = settings or Settings.from_env(os.environ)
    if not lenient:
        settings.require_secret_key()
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        TESTING=settings.env == "test",
        ASSETS=settings.assets,
        HTMX_CDN_URL=settings.htmx_cdn_url,
        BASE_URL=settings.base_url,
        TIMEZONE=settings.timezone.key,
        DEFAULT_LOCALE=settings.default_locale,
        TRUSTED_PROXIES=settings.trusted_proxies,
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1024 * 1024,
    )
    app.extensions["bihuan"] = extensions.Runtime(settings, rings or _rings(settings, lenient))
    extensions.install(app, settings)
    request_log.install(app)
    web.install(app, settings)
    api.install(app, [import_module(f"app.blueprints.{name}.api").bp for name in API_CALLS])
    for name in BLUEPRINTS:
        app.register_blueprint(import_module(f"app.blueprints.{name}.routes").bp)
    commands.install(app)
    return app


def _rings(settings: Settings, lenient: bool) -> Rings | None:
    try:
        return load_rings(settings.key_environ, settings.data_dir)
    except KeyRingError:
        if lenient:
            return None
        raise
