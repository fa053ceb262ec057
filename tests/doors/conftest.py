"""One desk for each module and database."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.databases import Database
from tests.doors.ground import World, world_of


@pytest.fixture(scope="module")
def world(standing_app: Flask, standing_database: Database) -> Iterator[World]:
    with world_of(standing_app, standing_database) as made:
        yield made
