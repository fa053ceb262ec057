"""What happens to some tickets on their way: another department, back to triage, a correction, help, a reply taken back."""

from __future__ import annotations

from datetime import timedelta

from app.demo import phrases
from app.demo.family import INBOUND
from app.demo.plot import TRANSFER_REASON, TRANSFERS, Plot
from app.demo.script import Do
from app.tickets.codes import EscalationKind, Priority


def beside_the_road(plot: Plot) -> None:
    """What happens to some: another department, back to triage, a correction by the supervisor, an expert's help."""
    chance = plot.random.random()
    if chance < 0.035:
        _transfer(plot)
    elif chance < 0.06:
        _hand_back(plot)
    elif chance < 0.08:
        _override(plot)
    elif chance < 0.11:
        plot.later(20, 200)
        expert = plot.world.people["qian"]
        plot.step(Do.ASK_EXPERT, plot.worker, expert=expert.id, reason=plot.one(phrases.ASKED_EXPERT))
    elif chance < 0.14:
        plot.later(30, 300)
        plot.step(
            Do.ESCALATE,
            plot.clerk,
            kind=(EscalationKind.SUPERVISOR if plot.category == "complaint" else EscalationKind.COMPLAINT).value,
            reason=plot.one(phrases.ESCALATED),
        )
    elif chance < 0.17:
        _withdraw(plot)


def _transfer(plot: Plot) -> None:
    code = plot.world.codes[plot.department]
    if code not in TRANSFERS:
        return
    plot.later(30, 240)
    target = plot.random.choice(TRANSFERS[code])
    lead = plot.lead()
    plot.department = plot.world.departments[target]
    plot.worker = plot.random.choice(plot.world.handlers(plot.department) if target != "service" else plot.world.agents)
    plot.step(
        Do.TRANSFER,
        lead,
        department=plot.department,
        assignee=plot.worker.id,
        reason=plot.tell(phrases.TRANSFERRED[TRANSFER_REASON[target]]),
    )
    plot.later(10, 90)
    plot.step(Do.START, plot.worker)


def _hand_back(plot: Plot) -> None:
    if plot.worker is plot.registrar or plot.department == plot.world.departments["service"]:
        return
    plot.later(20, 200)
    plot.step(Do.HAND_BACK, plot.worker, reason=plot.one(phrases.HANDED_BACK))
    plot.later(10, 60)
    plot.category = "aftersales.repair"
    plot.triage(plot.world.people["wang"])
    plot.choose_worker()
    plot.begin()


def _override(plot: Plot) -> None:
    plot.later(10, 90)
    reason, priority = plot.random.choice(
        ((0, Priority.P1), (1, Priority.P1)) if plot.priority > Priority.P1 else ((2, Priority.P2),)
    )
    plot.priority = priority
    plot.step(
        Do.TRIAGE,
        plot.world.people["wang"],
        category=plot.category,
        axes=plot.axes,
        marks=plot.family.marks,
        notes=tuple(plot.tell(note) for note in plot.family.notes),
        priority=priority.value,
        reason=plot.tell(phrases.OVERRIDES[reason]),
    )


def _withdraw(plot: Plot) -> None:
    """A reply sent too fast and taken back within its seconds."""
    plot.later(10, 90)
    plot.say("reply", plot.worker, plot.one(phrases.WITHDRAWN), queued=True)
    plot.at += timedelta(seconds=plot.random.randint(4, 12))
    plot.step(Do.WITHDRAW, plot.worker)


def wait(plot: Plot, *, back: bool) -> None:
    plot.later(15, 120)
    pairs = phrases.WAITING if plot.category.startswith(("fault", "aftersales")) else phrases.WAITING[:1]
    reason, answer = plot.random.choice(pairs)
    plot.step(Do.WAIT, plot.worker, reason=plot.tell(reason))
    if not back:
        return
    plot.later(60, 1400)
    if plot.maybe(0.75):
        plot.say(INBOUND, plot.clerk, plot.tell(answer))
    else:
        plot.step(Do.START, plot.worker)
