"""The bell and what is behind it."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.notifications.models import Notification
from tests.cast import NOON, Cast
from tests.web.visits import send, sign_in, words_of


def tell(session: Session, cast: Cast, login: str, count: int = 1, kind: str = "account.rights_changed") -> list[int]:
    rows = [
        Notification(
            user_id=cast(login).id,
            kind=kind,
            data={"user_id": cast("mei").id},
            once=f"outbox:{number}",
            created_at=NOON + timedelta(minutes=number),
        )
        for number in range(count)
    ]
    session.add_all(rows)
    session.commit()
    return [row.id for row in rows]


def unread(session: Session, login_id: int) -> int:
    session.rollback()
    query = select(Notification.id).where(Notification.user_id == login_id, Notification.read_at.is_(None))
    return len(session.scalars(query).all())


def test_nothing_was_told_yet(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "lin")
    page = client.get("/notifications")
    assert page.status_code == 200
    assert "还没有通知" in words_of(page)


def test_the_bell_counts_and_the_list_speaks(client: FlaskClient, session: Session, cast: Cast) -> None:
    tell(session, cast, "zhou", 2)
    sign_in(client, "zhou")
    page = client.get("/notifications")
    assert "梅兰 被授予管理角色，请核对" in words_of(page)
    assert "通知，2 条未读" in page.text


def test_following_one_leads_there_and_notes_that_it_was_seen(
    client: FlaskClient, session: Session, cast: Cast
) -> None:
    (told,) = tell(session, cast, "zhou")
    sign_in(client, "zhou")
    answer = client.get(f"/notifications/{told}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/audit")
    assert unread(session, cast("zhou").id) == 0


def test_somebody_elses_does_not_exist(client: FlaskClient, session: Session, cast: Cast) -> None:
    (told,) = tell(session, cast, "zhou")
    sign_in(client, "lin")
    assert client.get(f"/notifications/{told}").status_code == 404
    assert client.get("/notifications/999999999").status_code == 404
    assert unread(session, cast("zhou").id) == 1


def test_all_are_read_at_once(client: FlaskClient, session: Session, cast: Cast) -> None:
    tell(session, cast, "zhou", 3)
    sign_in(client, "zhou")
    answer = send(client, "/notifications/read", form="/notifications")
    assert answer.status_code == 303
    assert unread(session, cast("zhou").id) == 0
    assert "3 条通知已标为已读" in client.get("/notifications").text


def test_a_long_list_is_paged(client: FlaskClient, session: Session, cast: Cast) -> None:
    tell(session, cast, "zhou", 51)
    sign_in(client, "zhou")
    first = client.get("/notifications")
    assert first.text.count('class="row"') == 50
    following = first.text.partition('rel="next" href="')[2].partition('"')[0]
    assert client.get(following).text.count('class="row"') == 1
    assert client.get("/notifications?cursor=junk").status_code == 200
