"""The cast is there on both databases, and each test starts with an empty one."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.audit.schema import missing_triggers
from app.extensions import db
from tests.cast import PEOPLE, Cast


@pytest.mark.parametrize("time", [1, 2])
def test_each_test_starts_with_the_same_people(session: Session, cast: Cast, time: int) -> None:
    assert session.scalar(select(func.count()).select_from(User)) == len(PEOPLE)
    assert cast("lin").department_id == cast.departments["service"].id


def test_the_application_sees_the_same_database(app: Flask, session: Session, cast: Cast) -> None:
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(User)) == len(PEOPLE)
        assert db.session.info["rings"] is session.info["rings"]


def test_the_audit_trail_is_guarded_in_tests_too(session: Session) -> None:
    assert missing_triggers(session.connection()) == []
