"""From a step of a script to the function that performs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.demo import asking, judging, working
from app.demo.history import History
from app.demo.script import Do, Step


def perform(h: History, step: Step, others: list[History]) -> None:
    """Do one step. `others` are the tickets of the same unit."""
    if step.do is Do.MERGE:
        working.merge(h, step, others[step.given["into"]])
    elif step.do is Do.LINK:
        working.link(h, step, others[step.given["to"]])
    else:
        _STEPS[step.do](h, step)


_STEPS: Mapping[Do, Callable[[History, Step], None]] = {
    Do.VERIFY: judging.verify,
    Do.TRIAGE: judging.triage,
    Do.ASSIGN: working.assign,
    Do.TRANSFER: working.transfer,
    Do.START: working.start,
    Do.WAIT: working.wait,
    Do.SAY: History.say,
    Do.WITHDRAW: History.withdraw,
    Do.HAND_BACK: working.hand_back,
    Do.ANALYSE: working.analyse,
    Do.RESOLVE: asking.resolve,
    Do.AT_ONCE: asking.at_once,
    Do.ATTEMPT: asking.attempt,
    Do.CLOSE: asking.close,
    Do.REOPEN: asking.reopen,
    Do.ESCALATE: judging.escalate,
    Do.ASK_EXPERT: judging.ask_expert,
    Do.ASK_INVALID: working.ask_invalid,
    Do.CONFIRM_INVALID: working.confirm_invalid,
}
