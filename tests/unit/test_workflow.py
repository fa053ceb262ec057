"""The table of moves, and the sentence that refuses what is not in it."""

import pytest

from app.tickets.codes import OPEN, Status
from app.tickets.workflow import MOVES, Move, allowed, refusal, target_of

# Written down a second time on purpose: from, to, by which move.
EXPECTED = {
    Move.VERIFY: {"new": "triage"},
    Move.TRIAGE: {"triage": "assigned"},
    Move.RECLASSIFY: {s: s for s in ("assigned", "in_progress", "waiting")},
    Move.ASSIGN: {s: s for s in ("assigned", "in_progress", "waiting")},
    Move.TRANSFER: dict.fromkeys(("assigned", "in_progress", "waiting"), "assigned"),
    Move.START: {"assigned": "in_progress"},
    Move.RESUME: {"waiting": "in_progress"},
    Move.WAIT: {"in_progress": "waiting"},
    Move.HAND_BACK: dict.fromkeys(("assigned", "in_progress", "waiting"), "triage"),
    Move.RESOLVE: {"in_progress": "resolved"},
    Move.REOPEN: {"resolved": "triage"},
    Move.CLOSE: {"resolved": "closed"},
    Move.MERGE: dict.fromkeys(("new", "triage", "assigned", "in_progress", "waiting"), "merged"),
    Move.CLOSE_WITH_TARGET: {"merged": "closed"},
    Move.INVALIDATE: dict.fromkeys(("new", "triage"), "invalid"),
    Move.RESTORE: {"invalid": "triage"},
}


@pytest.mark.parametrize("move", EXPECTED, ids=str)
def test_a_move_leads_where_the_rules_say(move: Move) -> None:
    found = {str(status): str(target_of(move, status)) for status in Status if allowed(move, status)}
    assert found == EXPECTED[move]


def test_nothing_leads_out_of_closed() -> None:
    moving = [move for move in Move if MOVES[move].target not in (None, Status.CLOSED)]
    assert not [move for move in moving if allowed(move, Status.CLOSED)]


def test_only_two_moves_lead_into_closed() -> None:
    assert {move for move in Move if MOVES[move].target is Status.CLOSED} == {Move.CLOSE, Move.CLOSE_WITH_TARGET}
    assert MOVES[Move.CLOSE].sources == {Status.RESOLVED}


@pytest.mark.parametrize("move", Move, ids=str)
@pytest.mark.parametrize("status", Status, ids=str)
def test_a_refusal_names_the_rule_and_the_next_step(move: Move, status: Status) -> None:
    sentence = refusal(move, status)
    if allowed(move, status):
        assert sentence is None
        return
    text = str(sentence)
    assert "这一步只能从「" in text
    assert text.endswith("。")
    assert "%(" not in text


def test_every_open_status_leads_on() -> None:
    for status in OPEN:
        assert any(allowed(move, status) for move in Move if MOVES[move].target not in (None, status))
