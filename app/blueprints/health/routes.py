"""For load balancers and monitors: the process answers; the installation can work."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app import clock
from app.blueprints.health.checks import readiness
from app.extensions import db
from app.web.access import public

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def alive() -> Response:
    return jsonify(ok=True)


@bp.get("/readyz")
@public
def ready() -> tuple[Response, int]:
    checks = readiness(db.session(), clock.now())
    ok = all(check.ok for check in checks)
    shown = {check.name: {"ok": check.ok, "seconds": check.seconds} for check in checks}
    return jsonify(ok=ok, checks=shown), 200 if ok else 503
