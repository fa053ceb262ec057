"""One-time links and API tokens: random, single use or revocable, kept as digests."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import resets, services, tokens, totp
from app.accounts.models import ApiToken, PasswordReset, User
from app.errors import Conflict, Invalid, NotAllowed
from app.orm import write_transaction
from app.outbox.models import OutboxMessage
from app.policy import Role
from tests.cast import NOON, Cast
from tests.databases import Database


def test_asking_looks_the_same_for_everybody(session: Session, cast: Cast) -> None:
    with write_transaction(session):
        for who in ("lin", "LIN@desk.example", "nobody", ""):
            resets.want_reset(session, who, now=NOON)
    wanted = [message.data["user_id"] for message in session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))]
    assert wanted == [cast.people["lin"].id, cast.people["lin"].id, None, None]


def test_a_link_works_once(database: Database, session: Session, cast: Cast) -> None:
    with write_transaction(session):
        token = resets.issue(session, cast.people["lin"], now=NOON)

    def use(number: int) -> bool:
        with database.session() as own:
            try:
                with write_transaction(own):
                    resets.use_reset(own, token, f"hash{number}", now=NOON)
            except Conflict:
                return False
        return True

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(use, range(5))) == 1


def test_a_link_lasts_a_quarter_of_an_hour(session: Session, cast: Cast) -> None:
    with write_transaction(session):
        token = resets.issue(session, cast.people["lin"], now=NOON)
    assert resets.holder(session, token, now=NOON + timedelta(minutes=14)) is not None
    assert resets.holder(session, token, now=NOON + timedelta(minutes=15)) is None


def test_a_newer_link_ends_the_older_one(session: Session, cast: Cast) -> None:
    with write_transaction(session):
        old = resets.issue(session, cast.people["lin"], now=NOON)
        new = resets.issue(session, cast.people["lin"], now=NOON)
    assert resets.holder(session, old, now=NOON) is None
    assert resets.holder(session, new, now=NOON) is not None


def test_a_link_changes_the_password_and_leaves_the_second_factor(session: Session, cast: Cast) -> None:
    lin, before = cast.people["lin"], cast.people["lin"].epoch
    with write_transaction(session):
        totp.begin(session, lin, now=NOON)
        lin.totp_confirmed_at = NOON
        token = resets.issue(session, lin, now=NOON)
    with write_transaction(session):
        resets.use_reset(session, token, "new hash", now=NOON)
    assert lin.password_hash == "new hash"
    assert lin.totp_confirmed_at == NOON
    assert lin.epoch == before + 1


def test_only_a_digest_of_the_link_is_stored(session: Session, cast: Cast) -> None:
    with write_transaction(session):
        token = resets.issue(session, cast.people["lin"], now=NOON)
    assert token not in session.scalars(select(PasswordReset.digest)).one()


def test_an_administrator_invites_and_nobody_else(session: Session, cast: Cast) -> None:
    root, wang = cast("root"), cast("wang")
    with write_transaction(session):
        token = resets.invite(session, cast.people["lin"], by=root, now=NOON)
    assert resets.holder(session, token, now=NOON + timedelta(hours=23)) is not None
    for by, user in ((wang, "lin"), (root, "root")):
        with pytest.raises(NotAllowed), write_transaction(session):
            resets.invite(session, cast.people[user], by=by, now=NOON)


def test_a_token_acts_as_its_owner_until_it_is_revoked(session: Session, cast: Cast) -> None:
    lin, actor = cast.people["lin"], cast("lin")
    with write_transaction(session):
        token, secret = tokens.create(session, lin, "订单同步", by=actor, now=NOON)
    assert tokens.holder(session, secret, NOON) == lin.id
    assert tokens.holder(session, secret + "x", NOON) is None
    with write_transaction(session):
        tokens.revoke(session, token, by=actor, now=NOON)
    assert tokens.holder(session, secret, NOON) is None


def test_a_token_runs_out(session: Session, cast: Cast) -> None:
    until = NOON + timedelta(days=30)
    with write_transaction(session):
        _, secret = tokens.create(session, cast.people["lin"], "x", by=cast("lin"), now=NOON, expires_at=until)
    assert tokens.holder(session, secret, until - timedelta(seconds=1)) is not None
    assert tokens.holder(session, secret, until) is None


def test_a_token_of_a_disabled_account_is_dead_for_good(session: Session, cast: Cast) -> None:
    lin, root = cast.people["lin"], cast("root")
    with write_transaction(session):
        _, secret = tokens.create(session, lin, "x", by=cast("lin"), now=NOON)
        services.disable(session, lin, handover=lambda *_, **__: None, by=root, now=NOON)
        services.enable(session, lin, by=root, now=NOON)
    assert tokens.holder(session, secret, NOON) is None


def test_nobody_makes_or_revokes_tokens_of_others(session: Session, cast: Cast) -> None:
    lin, wang, root = cast.people["lin"], cast("wang"), cast("root")
    with write_transaction(session):
        token, _ = tokens.create(session, lin, "x", by=cast("lin"), now=NOON)
    for by in (wang, root):
        with pytest.raises((NotAllowed, Conflict)), write_transaction(session):
            tokens.create(session, cast.people["lin"], "x", by=by, now=NOON)
    with pytest.raises(NotAllowed), write_transaction(session):
        tokens.revoke(session, token, by=wang, now=NOON)
    with write_transaction(session):
        tokens.revoke(session, token, by=root, now=NOON)  # a lost notebook
    assert token.revoked_at == NOON


def test_a_token_needs_a_name_and_there_are_twenty_at_most(session: Session, cast: Cast) -> None:
    lin, actor = cast.people["lin"], cast("lin")
    with pytest.raises(Invalid), write_transaction(session):
        tokens.create(session, lin, "  ", by=actor, now=NOON)
    with write_transaction(session):
        for number in range(20):
            tokens.create(session, lin, str(number), by=actor, now=NOON)
    with pytest.raises(Conflict), write_transaction(session):
        tokens.create(session, lin, "one too many", by=actor, now=NOON)


def test_the_secret_is_stored_as_a_digest(session: Session, cast: Cast) -> None:
    with write_transaction(session):
        _, secret = tokens.create(session, cast.people["lin"], "x", by=cast("lin"), now=NOON)
    assert secret.startswith("bh_")
    assert secret not in session.scalars(select(ApiToken.digest)).one()


def test_an_invited_colleague_has_no_password_before(session: Session, cast: Cast) -> None:
    root = cast("root")
    with write_transaction(session):
        user = services.create_user(
            session,
            login="New.One",
            name="新同事",
            email=None,
            department_id=None,
            roles=[Role.AGENT],
            by=root,
            now=NOON,
        )
        token = resets.invite(session, user, by=root, now=NOON)
    assert (user.login, user.password_hash) == ("new.one", None)
    with write_transaction(session):
        resets.use_reset(session, token, "hash", now=NOON)
    assert session.scalars(select(User.must_change_password).where(User.login == "new.one")).one() is False


def test_a_reset_password_ends_the_tokens_of_the_account(session: Session, cast: Cast) -> None:
    lin = cast.people["lin"]
    with write_transaction(session):
        _, secret = tokens.create(session, lin, "report", by=cast("lin"), now=NOON)
        link = resets.issue(session, lin, now=NOON)
        resets.use_reset(session, link, "new hash", now=NOON)
    assert tokens.holder(session, secret, NOON) is None
