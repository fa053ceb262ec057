"""The whole half year: who comes with what, told as scripts, performed into rows, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

from app.customers.models import CustomerKind, Tier
from app.demo.crowd import Client, Crowd, Wanted
from app.demo.endings import write
from app.demo.family import Family
from app.demo.history import History
from app.demo.moves import perform
from app.demo.plot import CHANNEL_WEIGHTS, CHANNELS, HOLDER, Plot
from app.demo.rows import Rows
from app.demo.samples import SAMPLES, tell
from app.demo.schedule import PAIRS, UNDER_WAY, Ending, Slot, schedule
from app.demo.script import Registered, Step, Unit
from app.demo.sealing import Keys
from app.demo.stories import FAMILIES
from app.demo.world import World
from app.tickets.numbers import TicketNumber
from app.tickets.priority import Axes, by_rule

CUSTOMERS_PER_TICKET = 0.75
REPORTERS = ("he", "luo", "zhao", "root", "wu", "xu", "feng")  # of internal tickets: customer service is their home
LONG = UNDER_WAY | {Ending.REOPENED, Ending.CLOSED_LATER, Ending.UNREACHABLE, Ending.REOPENED_BY_HAND, Ending.FOLLOWED}


@dataclass
class Part:
    """What is decided of one unit before it is told."""

    slot: Slot
    family: Family
    channel: str
    client: int  # its place among the wanted


class Generator:
    """Makes everything that hangs on customers and tickets. Rows come out in batches; ids and numbers run on."""

    def __init__(self, world: World, keys: Keys, *, tickets: int, seed: int, now: datetime) -> None:
        self.world, self.now = world, now
        self.rows = Rows()
        self.random = Random(seed)
        self.crowd = Crowd(world, self.rows, self.random, keys)
        self.days: dict[date, int] = {}
        self.tickets = 0
        samples = [
            Slot(self._received(sample.days_ago, sample.at), Ending.CLOSED, sample=i)
            for i, sample in enumerate(SAMPLES)
        ]
        self.customers = round(tickets * CUSTOMERS_PER_TICKET)
        slots = schedule(self.random, tickets, now, world.zone, samples)
        self.wanted: list[Wanted] = []
        self.counts: list[int] = []
        self.parts = self._cast(slots)
        self._clients: dict[int, Client] = {}
        self._numbers = self._number(self.parts)

    def _received(self, days_ago: int, at: time) -> datetime:
        day = self.now.astimezone(self.world.zone).date() - timedelta(days=days_ago)
        local = datetime.combine(day, at, tzinfo=self.world.zone)
        return local.astimezone(self.now.tzinfo)

    # --- casting ------------------------------------------------------------------------------------------------------

    def _cast(self, slots: list[Slot]) -> list[Part]:
        """Give every unit a story, a channel and a customer; about as many customers as wanted come out of it."""
        reusable: list[int] = []
        staff: dict[str, int] = {}
        parts = []
        for place, slot in enumerate(slots):
            if slot.sample is not None:
                self.wanted.append(SAMPLES[slot.sample].wanted)
                parts.append(
                    Part(slot, SAMPLES[slot.sample].family, SAMPLES[slot.sample].channel, len(self.wanted) - 1)
                )
                self.counts.append(1)
                continue
            family = self._family(slot.ending)
            internal = family.category == "process_gap"
            channel = "internal" if internal else self._channel(slot.ending, family)
            if internal:
                client = self._staff(staff)
            else:
                left, missing = len(slots) - place, self.customers - len(self.wanted)
                client = self._somebody(reusable, family, slot.ending, new=self.random.random() * left < missing)
            self.counts[client] += 2 if slot.ending in PAIRS else 1
            parts.append(Part(slot, family, channel, client))
        self.wanted = [self._grown(wanted, count) for wanted, count in zip(self.wanted, self.counts, strict=True)]
        return parts

    def _family(self, ending: Ending) -> Family:
        if ending in (Ending.DUE_SOON, Ending.LATE):
            return self.random.choice(_URGENT)
        if ending in LONG:
            return self.random.choices(_LONG, [f.weight for f in _LONG])[0]
        return self.random.choices(FAMILIES, [f.weight for f in FAMILIES])[0]

    def _channel(self, ending: Ending, family: Family) -> str:
        if ending in (Ending.DUE_SOON, Ending.OVERLOOKED):
            return self.random.choice(("phone", "hotline", "chat"))
        if family.at_once:
            return self.random.choice(("phone", "hotline", "chat", "wechat"))
        return self.random.choices(CHANNELS, CHANNEL_WEIGHTS)[0]

    def _staff(self, staff: dict[str, int]) -> int:
        login = self.random.choice(REPORTERS)
        if login not in staff:
            staff[login] = len(self.wanted)
            self.wanted.append(Wanted(CustomerKind.STAFF.value, staff=self.world.people[login]))
            self.counts.append(0)
        return staff[login]

    def _somebody(self, reusable: list[int], family: Family, ending: Ending, *, new: bool) -> int:
        """Somebody new, or one who was here before."""
        random = self.random
        if not new and reusable:
            return random.choice(reusable)
        chance = random.random()
        kind = CustomerKind.PERSON
        if family.key == "fault-company-hotel" or 0.03 < chance < 0.15:
            kind = CustomerKind.COMPANY
        elif chance < 0.03 and ending not in PAIRS:
            kind = CustomerKind.UNKNOWN
        tier = random.choices((Tier.VIP, Tier.RETURNING, Tier.NEW), (6, 24, 70))[0]
        known = kind is not CustomerKind.UNKNOWN
        products = (random.choice(family.products),) if family.products and known else ()
        wanted = Wanted(
            kind.value,
            (tier if known else Tier.NEW).value,
            flagged=known and tier is not Tier.VIP and random.random() < 0.015,
            products=products,
        )
        self.wanted.append(wanted)
        self.counts.append(0)
        if known:
            reusable.append(len(self.wanted) - 1)
        return len(self.wanted) - 1

    def _grown(self, wanted: Wanted, count: int) -> Wanted:
        """With the second ticket a new customer is a returning one."""
        counted = wanted.kind in (CustomerKind.PERSON, CustomerKind.COMPANY)
        if counted and count > 1 and wanted.tier == Tier.NEW:
            return replace(wanted, tier=Tier.RETURNING.value)
        return wanted

    # --- numbering ----------------------------------------------------------------------------------------------------

    def _number(self, parts: list[Part]) -> Iterator[tuple[int, TicketNumber]]:
        """Ids and numbers in the order of registration, given out unit by unit."""
        moments = []
        for place, part in enumerate(parts):
            moments.append((part.slot.at, place, 0))
            if part.slot.second:
                moments.append((part.slot.second, place, 1))
        given: dict[tuple[int, int], tuple[int, TicketNumber]] = {}
        for id, (at, place, which) in enumerate(sorted(moments), start=1):
            day = at.astimezone(self.world.zone).date()
            self.days[day] = self.days.get(day, 0) + 1
            given[place, which] = id, TicketNumber(day, self.days[day])
        for place, part in enumerate(parts):
            yield given[place, 0]
            if part.slot.second:
                yield given[place, 1]

    # --- telling ------------------------------------------------------------------------------------------------------

    def bystanders(self) -> None:
        """Customers who never had a reason to write, up to the number that belongs to so many tickets."""
        for _ in range(self.customers - len(self.wanted)):
            made = self.random.choice(tuple(self.world.products))
            self.crowd.add(Wanted(CustomerKind.PERSON.value, products=(made,)), self.now, self.world.agents[0].id)

    def units(self) -> Iterator[tuple[Unit, list[History]]]:
        """Each unit with its script and what came out of it."""
        for part in self.parts:
            unit, client = self._script(part)
            yield unit, self._perform(unit, client)

    def _script(self, part: Part) -> tuple[Unit, Client]:
        slot = part.slot
        client = self._clients.get(part.client)
        if client is None:
            maker = self.world.agents[0]
            wanted = self.wanted[part.client]
            client = self.crowd.add(wanted, slot.at, (wanted.staff or maker).id)
            if self.counts[part.client] > (2 if slot.second else 1):
                self._clients[part.client] = client
        if slot.sample is not None:
            sample = SAMPLES[slot.sample]
            plot = Plot(self.world, self.random, sample.family, client, channel=sample.channel, at=slot.at)
            return tell(self.world, plot, sample), client
        unit = write(
            self.world,
            self.random,
            part.family,
            client,
            channel=part.channel,
            at=slot.at,
            ending=slot.ending,
            now=self.now,
            second=slot.second,
        )
        return unit, client

    def _perform(self, unit: Unit, client: Client) -> list[History]:
        histories: list[History] = []
        waiting = list(unit.registered)
        for step in unit.steps:
            while waiting and (waiting[0].at <= step.at or step.of >= len(histories)):
                histories.append(self._register(waiting, client))
            h = histories[step.of]
            perform(h, self._by_holder(step, h), histories)
        while waiting:
            histories.append(self._register(waiting, client))
        for h in histories:
            h.finish()
        self.tickets += len(histories)
        return histories

    def _register(self, waiting: list[Registered], client: Client) -> History:
        given = waiting.pop(0)
        id, number = next(self._numbers)
        history = History(self.world, self.rows, self.random, client.owner)
        history.register(given, id, number)
        return history

    def _by_holder(self, step: Step, h: History) -> Step:
        """The follow-up is done by whoever holds it; the supervisor steps in where nobody does."""
        if step.by != HOLDER:
            return step
        holder = h.follow_up["holder_id"] if h.follow_up else None
        return step._replace(by=holder or self.world.people["wang"].id)


def _is_urgent(family: Family) -> bool:
    axes = Axes(*family.axes) if family.axes else None
    return bool(axes and by_rule(axes) == "P1" and not family.at_once and not family.marks)


_LONG = [f for f in FAMILIES if not f.at_once]
_URGENT = [f for f in _LONG if _is_urgent(f)]
