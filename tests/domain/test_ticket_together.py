"""Many people at the same moment: one result each, and the others are told."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.services import disable
from app.errors import Conflict, DeskError
from app.orm import write_transaction
from app.tickets import services
from app.tickets.administration import hand_over
from app.tickets.given import AttemptGiven, MessageGiven, Registration, ResolutionGiven, Seen
from app.tickets.invariants import check
from app.tickets.models import Event, FollowUp, FollowUpAttempt, Message, Ticket
from app.tickets.services.facts import value_of
from app.tickets.services.ground import lock
from tests.databases import Database
from tests.domain.desk import ENQUIRY, LI, ZHANG, Desk

THREADS = 50
Act = Callable[[Session, int], Any]

pytestmark = pytest.mark.serial


def together(database: Database, act: Act, threads: int = THREADS) -> tuple[list[Any], list[DeskError]]:
    """Run the act in as many transactions at once; what came out, and who was refused."""
    gate = Barrier(threads)

    def one(number: int) -> Any:
        with database.session() as session:
            gate.wait()
            try:
                with write_transaction(session):
                    return act(session, number)
            except DeskError as refused:
                return refused

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(one, range(threads)))
    refused = [answer for answer in answers if isinstance(answer, DeskError)]
    return [answer for answer in answers if not isinstance(answer, DeskError)], refused


def afresh(desk: Desk) -> None:
    """Forget what this session has read before the threads wrote."""
    desk.session.rollback()
    desk.session.expire_all()


def sound(desk: Desk) -> bool:
    afresh(desk)
    broken = list(check(desk.session))
    assert not broken, broken
    return True


def test_numbers_are_given_once_and_without_gaps(desk: Desk, database: Database) -> None:
    lin, now = desk.who("lin"), desk.now

    def act(session: Session, number: int) -> str:
        given = Registration("email", f"第 {number} 条", LI if number % 2 else ZHANG)
        return services.register(session, given, by=lin, now=now).no

    made, refused = together(database, act)
    assert not refused
    assert sorted(made) == [f"CS20240305{n:03d}" for n in range(1, THREADS + 1)]
    assert desk.session.scalar(select(func.count(Ticket.customer_id.distinct()))) == 2
    assert sound(desk)


def test_one_form_sent_by_many_clicks_is_one_ticket(desk: Desk, database: Database) -> None:
    lin, now = desk.who("lin"), desk.now
    given = Registration("email", "充不进电", ZHANG, once="the form")
    made, refused = together(database, lambda s, _: services.register(s, given, by=lin, now=now).no, 20)
    assert not refused
    assert set(made) == {"CS20240305001"}


def test_a_chosen_and_a_recognised_customer_do_not_wait_for_each_other(desk: Desk, database: Database) -> None:
    """Both registrations want the customer (returning from now on) and the counter; one order for everybody."""
    customer_id = desk.registered().customer_id
    desk.session.commit()
    lin, now = desk.who("lin"), desk.now
    made: list[str] = []

    def recognised() -> None:
        with database.session() as session, write_transaction(session):
            made.append(services.register(session, Registration("email", "又坏了", ZHANG), by=lin, now=now).no)

    other = Thread(target=recognised)
    with database.session() as session, write_transaction(session):
        chosen = Registration("email", "还是不行", customer_id=customer_id)
        made.append(services.register(session, chosen, by=lin, now=now).no)
        other.start()
        other.join(0.5)  # it waits for us by now; our commit writes what is left
    other.join()
    assert made == ["CS20240305002", "CS20240305003"]
    assert sound(desk)


def shut_out(database: Database, login: str, desk: Desk) -> Thread:
    """Somebody's account is shut and their work handed over, in another process."""
    root, now, id_ = desk.who("root"), desk.now, desk.who(login).id

    def act() -> None:
        with database.session() as session, write_transaction(session):
            disable(session, session.get_one(User, id_), handover=hand_over, by=root, now=now)

    return Thread(target=act)


def test_who_is_shut_out_in_the_middle_of_a_step_finishes_it(desk: Desk, database: Database) -> None:
    ticket = desk.started()
    desk.session.commit()
    other = shut_out(database, "chen", desk)
    with database.session() as session, write_transaction(session):
        found = session.get_one(Ticket, ticket.id)
        lock(session, found)
        other.start()
        other.join(0.5)  # the account is locked by now, and waits for the ticket
        services.wait(session, found, by=desk.who("chen"), now=desk.now)
    other.join()
    afresh(desk)
    found = desk.session.get_one(Ticket, ticket.id)
    assert (found.status, found.assignee_id) == ("waiting", None)
    assert not desk.session.get_one(User, desk.who("chen").id).active


def test_a_follow_up_is_handed_over_before_or_after_an_attempt(desk: Desk, database: Database) -> None:
    ticket, follow_up = desk.resolved()
    desk.session.commit()
    other = shut_out(database, "lin", desk)
    given = AttemptGiven("phone", False)
    with database.session() as session, write_transaction(session):
        lock(session, session.get_one(Ticket, ticket.id))
        other.start()
        other.join(0.5)
        services.record_attempt(
            session, session.get_one(FollowUp, follow_up.id), given, by=desk.who("mei"), now=desk.now
        )
    other.join()
    afresh(desk)
    assert desk.session.get_one(FollowUp, follow_up.id).holder_id == desk.who("mei").id
    assert sound(desk)


def test_one_edit_wins_and_the_others_see_both_texts(desk: Desk, database: Database) -> None:
    ticket = desk.registered()
    desk.session.commit()
    lin, now, id_ = desk.who("lin"), desk.now, ticket.id

    def act(session: Session, number: int) -> str:
        found = session.get_one(Ticket, id_)
        services.edit_fact(session, found, "description", f"文字 {number}", version=1, by=lin, now=now)
        return f"文字 {number}"

    won, refused = together(database, act)
    assert len(won) == 1
    afresh(desk)
    assert value_of(desk.session, desk.session.get_one(Ticket, id_), "description") == won[0]
    assert len(refused) == THREADS - 1
    for conflict in refused:
        assert isinstance(conflict, Conflict)
        assert conflict.extra["theirs"] == won[0]
        assert conflict.extra["mine"] != won[0]
        assert "林晓" in str(conflict.sentence)


def test_one_of_many_claims_the_ticket(desk: Desk, database: Database) -> None:
    ticket = desk.assigned(ENQUIRY)
    desk.session.commit()
    people, now, id_ = [desk.who("lin"), desk.who("mei")], desk.now, ticket.id

    def act(session: Session, number: int) -> int:
        found = session.get_one(Ticket, id_)
        services.start(session, found, by=people[number % 2], now=now, seen=Seen(status="assigned"))
        return people[number % 2].id

    won, refused = together(database, act)
    assert len(won) == 1
    afresh(desk)
    assert desk.session.get_one(Ticket, id_).assignee_id == won[0]
    assert sound(desk)
    winner = next(person.name for person in people if person.id == won[0])
    told = [conflict for conflict in refused if isinstance(conflict, Conflict)]
    assert told
    assert all(winner in str(conflict.sentence) and "处理中" in str(conflict.sentence) for conflict in told)


def test_one_answer_of_the_customer_counts(desk: Desk, database: Database) -> None:
    ticket, follow_up = desk.resolved()
    desk.session.commit()
    lin, now, id_ = desk.who("lin"), desk.now, follow_up.id

    def act(session: Session, number: int) -> int:
        given = AttemptGiven("phone", True, True, score=1 if number % 2 else 5)
        return services.record_attempt(session, session.get_one(FollowUp, id_), given, by=lin, now=now).id

    won, refused = together(database, act)
    assert len(won) == 1
    assert len(refused) == THREADS - 1
    assert desk.session.scalar(select(func.count()).select_from(FollowUpAttempt)) == 1
    afresh(desk)
    assert desk.session.get_one(Ticket, ticket.id).status in ("resolved", "triage")
    assert sound(desk)


def test_closing_by_many_is_one_closing(desk: Desk, database: Database) -> None:
    ticket, follow_up = desk.resolved()
    child = desk.registered()
    services.merge(desk.session, child, ticket, by=desk.who("wang"), now=desk.now)
    desk.ask(follow_up)
    desk.session.commit()
    lin, now, id_ = desk.who("lin"), desk.now, ticket.id

    def act(session: Session, number: int) -> str:
        return services.close(session, session.get_one(Ticket, id_), by=lin, now=now).status

    won, refused = together(database, act)
    assert not refused
    assert set(won) == {"closed"}
    kinds = Counter(desk.session.scalars(select(Event.kind).where(Event.kind.like("closed%"))))
    assert kinds == {"closed": 1, "closed_with_target": 1}
    assert sound(desk)


def test_a_reopening_and_a_closing_do_not_both_happen(desk: Desk, database: Database) -> None:
    ticket, follow_up = desk.resolved()
    desk.ask(follow_up)
    desk.session.commit()
    wang, now, id_ = desk.who("wang"), desk.now, ticket.id

    def act(session: Session, number: int) -> str:
        found = session.get_one(Ticket, id_)
        if number % 2:
            return str(services.close(session, found, by=wang, now=now).status)
        return str(services.reopen(session, found, reason="客户来电", by=wang, now=now).status)

    won, refused = together(database, act, 20)
    assert len(set(won)) == 1
    assert refused
    assert sound(desk)


def test_resolving_and_merging_crosswise_stay_sound(desk: Desk, database: Database) -> None:
    """Tickets are locked in one order, so that nobody waits for each other for ever."""
    tickets = [desk.started() for _ in range(4)]
    for ticket in tickets:
        desk.analyse(ticket)
    desk.session.commit()
    wang, chen, now, ids = desk.who("wang"), desk.who("chen"), desk.now, [ticket.id for ticket in tickets]

    def act(session: Session, number: int) -> None:
        one, other = (session.get_one(Ticket, ids[(number + step) % 4]) for step in (0, 1 + number % 3))
        match number % 5:
            case 0 | 1:
                services.merge(session, one, other, by=wang, now=now)
            case 2:
                services.undo_merge(session, one, by=wang, now=now)
            case 3:
                services.add_message(session, one, MessageGiven("inbound", "在吗"), by=wang, now=now)
            case _:
                services.resolve(session, one, ResolutionGiven("更换电池"), by=chen, now=now)

    together(database, act, 40)
    assert sound(desk)


def test_a_message_is_sent_or_withdrawn_never_both(desk: Desk, database: Database) -> None:
    message = desk.say(desk.registered(), undo=True)
    desk.session.commit()
    lin, now, id_ = desk.who("lin"), desk.now, message.id

    def act(session: Session, number: int) -> str | None:
        if number % 2:
            return "sent" if services.deliver_message(session, id_, now=now) else None
        return services.withdraw_message(session, session.get_one(Message, id_), by=lin, now=now).state

    won, _ = together(database, act, 20)
    results = [result for result in won if result]
    assert len(results) == 1
    afresh(desk)
    assert desk.session.get_one(Message, id_).state == results[0]
