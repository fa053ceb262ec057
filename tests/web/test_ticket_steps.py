"""The forms of the steps: what stands in them when they are opened."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.tickets import services
from app.tickets.seeds import seed_rules
from tests.cast import Cast
from tests.domain.desk import Desk
from tests.web.visits import sign_in

CAUSE = "张三丰把充电器接反了"


@pytest.fixture
def desk(session: Session, cast: Cast) -> Desk:
    seed_rules(session)
    session.commit()
    return Desk(session, cast)


def test_the_copy_without_names_is_not_put_into_the_form_to_be_saved_over_the_original(
    client: FlaskClient, desk: Desk, session: Session
) -> None:
    """Nobody has the ticket just now, so everybody of the department may write the cause, but not everybody sees it."""
    ticket = desk.started()
    desk.cast.people["tang"].department_id = desk.who("chen").department_id
    cycle = services.record_analysis(
        session, ticket, cause_kind="misuse", root_cause=CAUSE, by=desk.who("chen"), now=desk.now
    )
    desk.assign(ticket, unassign=True)
    session.commit()
    assert "[姓名]" in cycle.root_cause_redacted
    sign_in(client, "tang")
    page = client.get(f"/tickets/{ticket.no}/analysis")
    assert page.status_code == 200
    assert "充电器接反" not in page.text.partition("<textarea")[2].partition("</textarea>")[0]


def test_who_sees_the_original_goes_on_writing_it(client: FlaskClient, desk: Desk, session: Session) -> None:
    ticket = desk.started()
    services.record_analysis(session, ticket, cause_kind="misuse", root_cause=CAUSE, by=desk.who("chen"), now=desk.now)
    session.commit()
    sign_in(client, "chen")
    page = client.get(f"/tickets/{ticket.no}/analysis")
    assert CAUSE in page.text.partition("<textarea")[2].partition("</textarea>")[0]
