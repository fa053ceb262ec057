"""How far a history has come: one function for each ending, all made of the acts of `plot`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from app.demo import phrases
from app.demo.crowd import Client
from app.demo.detours import beside_the_road, wait
from app.demo.family import INBOUND, Family
from app.demo.plot import Plot
from app.demo.schedule import PAIRS, UNASKED, UNDER_WAY, UNWORKED, Ending
from app.demo.script import Do, Unit
from app.demo.telling import Text
from app.demo.world import World
from app.tickets.codes import LinkKind
from app.tickets.priority import Axes

Second = datetime | None


def write(
    world: World,
    random: Random,
    family: Family,
    client: Client,
    *,
    channel: str,
    at: datetime,
    ending: Ending,
    now: datetime,
    second: Second = None,
) -> Unit:
    """The script of a ticket, or of a pair whose second ticket is registered at `second`."""
    plot = Plot(world, random, family, client, channel=channel, at=at)
    if ending in (Ending.INVALID, Ending.INVALID_ASKED):
        return _invalid(plot, ending, now)
    unit = Unit([plot.registered()])
    if ending in PAIRS:
        return _pair(plot, unit, ending, now, second or at + timedelta(hours=1))
    _ENDINGS.get(ending, _closed)(plot, ending)
    plot.squeeze(at, now)
    unit.steps = plot.steps
    return unit


# --- parts of a life --------------------------------------------------------------------------------------------------


def _opening(plot: Plot) -> None:
    """From registration to triage, in minutes; the first answer before or after it."""
    early = plot.channel in ("chat", "wechat", "wecom") or plot.maybe(0.3)
    if early:
        plot.first_words()
    plot.later(0.5, 6)
    plot.step(Do.VERIFY, plot.clerk, note=plot.verified())
    plot.later(0.3, 6)
    plot.triage()
    if not early:
        plot.first_words()
    plot.promise()
    plot.choose_worker()


def _solved(plot: Plot) -> None:
    if plot.quick:
        plot.at_once()
        return
    _opening(plot)
    plot.begin()
    beside_the_road(plot)
    waits = plot.maybe(0.17)
    if waits:
        wait(plot, back=True)
    plot.work()
    plot.resolve()


# --- endings ----------------------------------------------------------------------------------------------------------


def _unworked(plot: Plot, ending: Ending) -> None:
    if ending is Ending.NEW:
        return
    if ending is Ending.TRIAGE:
        plot.later(1, 9)
        plot.step(Do.VERIFY, plot.clerk, note=plot.verified())
        return
    _opening(plot)
    if plot.maybe(0.5) and plot.department != plot.world.departments["service"]:
        plot.later(5, 60)
        plot.step(Do.ASSIGN, plot.lead(), assignee=plot.worker.id)


def _under_way(plot: Plot, ending: Ending) -> None:
    _opening(plot)
    if ending in (Ending.LATE, Ending.DUE_SOON):
        plot.steps = [step for step in plot.steps if "promised_for" not in step.given]  # it would stop the clock
    plot.begin()
    if ending is Ending.IN_PROGRESS:
        beside_the_road(plot)
    if ending is Ending.MERGED_OPEN:
        return
    plot.work(whole=False)
    if ending is Ending.WAITING:
        wait(plot, back=False)
    elif plot.maybe(0.3):
        plot.later(5, 60)
        plot.step(Do.ANALYSE, plot.worker, cause_kind=plot.family.cause, root_cause=plot.one(plot.family.root))


def _unasked(plot: Plot, ending: Ending) -> None:
    _solved(plot)
    if ending is Ending.FLAGGED:
        plot.later(30, 400)
        plot.say(INBOUND, plot.clerk, plot.one(phrases.WROTE_AGAIN))
    elif ending is Ending.RESOLVED and plot.maybe(0.35):
        plot.later(120, 900)
        plot.not_reached(plot.method)


def _closed(plot: Plot, _ending: Ending) -> None:
    _solved(plot)
    if plot.maybe(0.12):
        plot.later(60, 600)
        plot.not_reached(plot.method)
    plot.later(90, 2200)
    plot.satisfied()


def _second_round(plot: Plot) -> None:
    plot.later(180, 1500)
    plot.dissatisfied()
    _again(plot)


def _again(plot: Plot) -> None:
    """The next round: judged anew with a higher urgency, done by the same people, another solution."""
    plot.later(5, 60)
    axes = Axes(plot.axes.impact, min(3, plot.axes.urgency + 1), plot.axes.severity)
    plot.axes = axes
    before = plot.department
    plot.triage(plot.world.people["wang"], axes)
    plot.later(5, 120)
    plot.say("reply", plot.world.people["wang"], plot.one(phrases.SORRY_AGAIN))
    if plot.department != before:
        plot.choose_worker()
    plot.begin()


def _reopened(plot: Plot, _ending: Ending) -> None:
    _solved(plot)
    plot.later(180, 1500)
    plot.dissatisfied()
    if plot.maybe(0.7):
        _again(plot)
        if plot.maybe(0.5):
            plot.later(30, 300)
            plot.say("note", plot.worker, plot.one(phrases.LOOKED_AGAIN))


def _closed_later(plot: Plot, _ending: Ending) -> None:
    _solved(plot)
    for _ in range(2 if plot.maybe(0.15) else 1):
        _second_round(plot)
        plot.later(120, 1800)
        plot.say("note", plot.worker, plot.one(phrases.LOOKED_AGAIN))
        plot.later(30, 600)
        plot.resolve()
    plot.later(90, 2000)
    plot.satisfied()


def _reopened_by_hand(plot: Plot, _ending: Ending) -> None:
    _solved(plot)
    plot.later(60, 900)
    plot.step(Do.REOPEN, plot.world.people["wang"], reason=plot.one(phrases.REOPENED_BY_HAND))
    _again(plot)
    plot.later(120, 1800)
    plot.resolve()
    plot.later(90, 2000)
    plot.satisfied()


def _unreachable(plot: Plot, _ending: Ending) -> None:
    """Three failed attempts on three days, by phone and online, then the supervisor."""
    _solved(plot)
    plot.later(120, 900)
    for method in ("phone", "online", "phone"):
        plot.not_reached(method)
        plot.at += timedelta(days=1)
        plot.later(10, 200)
    plot.step(Do.CLOSE, plot.world.people["wang"])


def _invalid(plot: Plot, ending: Ending, now: datetime) -> Unit:
    nothing = Text("", "")
    story = plot.one(phrases.NONSENSE)
    start = plot.at
    empty = dict.fromkeys(("scene", "expectation", "tried", "occurred_at", "remark", "answered"), nothing)
    unit = Unit([replace(plot.registered(story), product=None, purchased_on=None, **empty)])  # type: ignore[arg-type]
    plot.later(1, 20)
    if plot.maybe(0.4):
        plot.step(Do.VERIFY, plot.clerk, note=nothing)
        plot.later(1, 10)
    plot.step(Do.ASK_INVALID, plot.registrar, reason=plot.one(phrases.NONSENSE_WHY))
    if ending is Ending.INVALID:
        plot.later(10, 500)
        plot.step(Do.CONFIRM_INVALID, plot.world.people["wang"])
    plot.squeeze(start, now)
    unit.steps = plot.steps
    return unit


# --- pairs ------------------------------------------------------------------------------------------------------------


def _pair(plot: Plot, unit: Unit, ending: Ending, now: datetime, second: datetime) -> Unit:
    first = plot.at
    if ending is Ending.FOLLOWED:
        _closed(plot, ending)
        plot.squeeze(first, second - timedelta(minutes=10))
        later = Plot(plot.world, plot.random, plot.family, plot.client, channel=plot.channel, at=second)
        unit.registered.append(later.registered(later.one(plot.family.again)))
        later.later(1, 5)
        later.step(Do.LINK, later.registrar, to=0, kind=LinkKind.FOLLOWS.value)
        _closed(later, ending)
    else:
        _under_way(plot, Ending.MERGED_OPEN)
        plot.squeeze(first, second - timedelta(minutes=5))
        later = Plot(plot.world, plot.random, plot.family, plot.client, channel="phone", at=second)
        words = phrases.REPEATED if plot.product else phrases.REPEATED_PLAIN
        unit.registered.append(later.registered(later.one(words)))
        later.later(1, 10)
        later.step(Do.VERIFY, later.registrar, note=Text("", ""))
        later.later(1, 20)
        later.step(Do.MERGE, later.registrar, into=0, reason=later.one(phrases.MERGED))
        if ending is Ending.MERGED_CLOSED:
            whole = plot.steps
            plot.steps, plot.at = [], max(later.at, plot.at)
            plot.work()
            plot.resolve()
            plot.later(90, 1500)
            plot.satisfied()
            plot.squeeze(max(later.at, second), now)
            plot.steps = whole + plot.steps
    later.squeeze(second, now)
    unit.steps = sorted([*plot.steps, *(step._replace(of=1) for step in later.steps)], key=lambda step: step.at)
    return unit


_ENDINGS: Mapping[Ending, Callable[[Plot, Ending], None]] = {
    **dict.fromkeys(UNWORKED, _unworked),
    **dict.fromkeys(UNDER_WAY, _under_way),
    **dict.fromkeys(UNASKED, _unasked),
    Ending.CLOSED: _closed,
    Ending.REOPENED: _reopened,
    Ending.CLOSED_LATER: _closed_later,
    Ending.REOPENED_BY_HAND: _reopened_by_hand,
    Ending.UNREACHABLE: _unreachable,
}
