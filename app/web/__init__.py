"""What stands between HTTP and the rules: one call wires it into an application."""

from __future__ import annotations

from flask import Flask

from app.config import Settings


def install(app: Flask, settings: Settings) -> None:
    """Call it after the database is bound and after flask-smorest's own set-up, whose error handler it replaces."""
    from app.web import access, afterwards, assets, errors, headers, labels, languages, rail, sanity, transaction

    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.before_request(access.begin)
    sanity.install(app)
    languages.install(app, settings)
    access.install(app, settings)
    app.before_request(access.identify)
    headers.install(app, settings)
    app.before_request(access.enforce)
    assets.install(app)
    rail.install(app)
    labels.install(app)
    errors.install(app)
    afterwards.install(app)
    transaction.install(app)
