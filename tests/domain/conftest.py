"""What the tests of the loop stand on: the cast at a desk with the shipped rules."""

import pytest
from sqlalchemy.orm import Session

from app.tickets.seeds import seed_rules
from tests.cast import Cast
from tests.domain.desk import Desk


@pytest.fixture
def desk(session: Session, cast: Cast) -> Desk:
    """Lin and the others at work, at noon, with the shipped rules; nothing is registered yet."""
    seed_rules(session)
    session.commit()
    return Desk(session, cast)
