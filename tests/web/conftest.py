"""The desk with its rules and its cast, ready for requests."""

import pytest
from sqlalchemy.orm import Session

from app.tickets.seeds import seed_rules
from tests.cast import Cast


@pytest.fixture
def desk(session: Session, cast: Cast) -> Cast:
    """The cast, with categories, matrix, promises and routing in place; committed."""
    seed_rules(session)
    session.commit()
    return cast
