"""The OpenAPI document is what the API does: schemathesis finds no fault in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from tests.cast import Cast
from tests.databases import Database
from tests.servers import serving
from tests.web.calls import V1, Api, registered, resolved

pytestmark = pytest.mark.usefixtures("desk")

STEPS = [
    "verification",
    "triage",
    "assignment",
    "start",
    "waiting",
    "handback",
    "messages",
    "analysis",
    "resolution",
    "reopening",
    "closure",
]
NAMES = {
    "/tickets/{no}/escalation": {"post"},
    "/tickets": {"get", "post"},
    "/tickets/{no}": {"get"},
    "/follow-ups": {"get"},
    "/follow-ups/{no}/attempts": {"post"},
    "/customers": {"get", "post"},
    "/customers/lookup": {"post"},
    "/tickets/{no}/merge": {"post", "delete"},
    "/tickets/{no}/invalidation": {"post", "delete"},
    "/tickets/{no}/invalidation/confirmation": {"post"},
} | {f"/tickets/{{no}}/{noun}": {"post"} for noun in STEPS}


def test_every_promised_call_is_in_the_document(app: Flask) -> None:
    paths = app.test_client().get(f"{V1}/openapi.json").get_json()["paths"]
    found = {path.removeprefix(V1): set(methods) - {"parameters"} for path, methods in paths.items()}
    assert found == NAMES


@pytest.mark.timeout(600)
def test_schemathesis_finds_no_fault(app: Flask, api: Api, desk: Cast, database: Database) -> None:
    done, _ = resolved(api)
    assert done != registered(api)
    token = api("wang").environ_base["HTTP_AUTHORIZATION"]
    proof = bool(os.environ.get("BIHUAN_PROOF"))
    examples = "60" if proof else "5" if database.kind == "sqlite" else "1"
    # The rules of shape are the same on both databases, so the long phases run on one, unless everything is proved.
    phases = "examples,coverage,fuzzing,stateful" if proof or database.kind == "sqlite" else "fuzzing"
    program = Path(sys.executable).with_name("st")
    with serving(app) as address:
        command = [str(program), "run", f"{address}{V1}/openapi.json", "-H", f"Authorization: {token}"]
        command += [
            "--checks",
            "all",
            "-n",
            examples,
            "--seed",
            "1",
            "--no-color",
            "--continue-on-failure",
            "--phases",
            phases,
        ]
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=580)
    assert run.returncode == 0, run.stdout[-20_000:]
