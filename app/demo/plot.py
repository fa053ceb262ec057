"""Writing scripts: from a scenario family and an ending to who does what, when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from app.customers.models import CustomerKind
from app.demo import names, phrases
from app.demo.crowd import Bought, Client
from app.demo.family import INBOUND, REPLY, Family
from app.demo.script import Do, Registered, Step
from app.demo.telling import Teller, Text
from app.demo.world import Member, World
from app.tickets.codes import LIVE_CHANNELS, Channel, Priority
from app.tickets.priority import Axes, judge
from app.tickets.routing import Case

HOLDER = -1  # stands for whoever holds the follow-up when the step is performed

SPOKEN = frozenset({Channel.PHONE.value, Channel.HOTLINE.value, Channel.VIDEO.value})
LIVE = frozenset(channel.value for channel in LIVE_CHANNELS)
CHANNELS = ("phone", "hotline", "chat", "wechat", "wecom", "email", "web", "social", "video", "paper", "onsite")
CHANNEL_WEIGHTS = (26, 16, 20, 12, 5, 7, 6, 3, 2, 1, 2)

# hours of work from start to solution, by priority: where people answer at once, and elsewhere
WORK_LIVE = {"P0": (0.5, 3), "P1": (2, 22), "P2": (4, 60), "P3": (1, 56)}
WORK_ELSEWHERE = {"P0": (3, 20), "P1": (16, 100), "P2": (24, 200), "P3": (30, 300)}
# where else a ticket may belong after all
TRANSFERS = {"support": ("quality", "rnd", "product"), "quality": ("support",), "product": ("service",)}
TRANSFER_REASON = {"quality": 0, "rnd": 1, "product": 2, "service": 3, "support": 1}


def office(at: datetime, world: World, random: Random) -> datetime:
    """The same moment, or the next morning if people are at home."""
    local = at.astimezone(world.zone)
    if 8 <= local.hour < 21:
        return at
    morning = local.replace(hour=8, minute=random.randint(5, 50)) + timedelta(days=local.hour >= 21)
    return morning.astimezone(at.tzinfo)


class Plot:
    """One ticket's script in the making; `at` is the moment of the last step."""

    def __init__(
        self, world: World, random: Random, family: Family, client: Client, *, channel: str, at: datetime
    ) -> None:
        self.world, self.random, self.family, self.client = world, random, family, client
        self.channel, self.at = channel, at
        self.registrar = self._registrar()
        self.clerk = self.registrar if self.registrar.agent else world.people["wang"]  # who sees a staff report through
        self.bought = self._bought()
        self.tell = self._teller()
        self.steps: list[Step] = []
        self.category = family.category
        self.axes = Axes(*family.axes) if family.axes else world.categories[family.category].axes
        self.department = world.departments["service"]
        self.worker = self.registrar
        self.priority = Priority.P2

    # --- who and what -------------------------------------------------------------------------------------------------

    def one(self, texts: Sequence[str]) -> Text:
        return self.tell(texts[int(self.random.random() * len(texts))])

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def _registrar(self) -> Member:
        if self.client.kind == CustomerKind.STAFF:
            return next(p for p in self.world.people.values() if p.id == self.client.owner.staff_id)
        agents = self.world.agents
        return agents[min(int(self.random.random() ** 1.3 * len(agents)), len(agents) - 1)]

    def _bought(self) -> Bought | None:
        fitting = [b for b in self.client.bought if b.product in self.family.products]
        return fitting[0] if fitting else None

    @property
    def product(self) -> str | None:
        """Always the same for one plot."""
        if self.bought:
            return self.bought.product
        if not self.family.products:
            return None
        return self.family.products[self.client.owner.id % len(self.family.products)]

    def _teller(self) -> Teller:
        random, world = self.random, self.world
        ware = world.products[self.product] if self.product else None
        batch = self.bought.batch if self.bought else (random.choice(tuple(ware.batches)) if ware else "")
        until = office(self.at + timedelta(hours=random.randint(20, 60)), world, random).astimezone(world.zone)
        plain = {
            "product": ware.name if ware else "",
            "batch": batch,
            "order": self.bought.order_no if self.bought else f"LY{self.at:%y%m%d}{random.randrange(1_000_000):06d}",
            "days": str(random.randint(2, 5)),
            "weeks": str(random.randint(2, 6)),
            "months": str(random.randint(2, 11)),
            "n": str(random.randint(3, 8)),
            "hour": random.choice(names.HOURS),
            "eta": random.choice(names.ETAS),
            "city": self.client.city or random.choice(names.PLACES)[0],
            "room": random.choice(names.ROOMS),
            "shop": random.choice(names.SHOPS),
            "courier": random.choice(names.COURIERS),
            "promise": f" {until.month} 月 {until.day} 日 {until.hour} 点",
        }
        personal = {**self.client.personal}
        personal["phone"] = personal["phone"] or "154" + f"{random.randrange(100_000_000):08d}"
        return Teller(plain, personal)

    # --- time and steps -----------------------------------------------------------------------------------------------

    def later(self, least: float, most: float) -> datetime:
        """Some minutes later, when people are at work."""
        seconds = int(self.random.uniform(least, most) * 60 + self.random.uniform(1, 40))
        self.at = office(self.at + timedelta(seconds=seconds), self.world, self.random)
        return self.at

    def step(self, do: Do, by: Member | int, /, **given: Any) -> None:
        self.steps.append(Step(self.at, by if isinstance(by, int) else by.id, do, given))

    def say(self, kind: str, by: Member, body: Text, **given: Any) -> None:
        self.step(Do.SAY, by, kind=kind, body=body, **given)

    def story(self) -> Text:
        """What the customer said, with a word before and after it where a stranger tells of trouble."""
        random = self.random
        told = random.choice(self.family.story)
        if self.client.kind != CustomerKind.STAFF and self.category.startswith(("fault", "aftersales", "experience")):
            told = random.choice(phrases.OPENERS) + told + random.choice(phrases.CLOSERS)
        return self.tell(told)

    def verified(self) -> Text:
        return self.one(phrases.VERIFIED if self.product else phrases.VERIFIED_PLAIN)

    # --- acts ---------------------------------------------------------------------------------------------------------

    def registered(self, story: Text | None = None) -> Registered:
        random, family, at = self.random, self.family, self.at
        ago = {"email": 50, "web": 60, "social": 90, "paper": 300, "onsite": 120}.get(self.channel, 5)
        answered = self.channel in SPOKEN and (family.at_once or self.maybe(0.9))
        if answered and family.at_once:
            answer = self.tell(family.talk[0][1])
        else:
            answer = self.one(phrases.ON_THE_CALL) if answered else Text("", "")
        occurred = at - timedelta(hours=random.randint(2, 90))
        return Registered(
            at=at,
            by=self.registrar.id,
            channel=self.channel,
            story=story or self.story(),
            product=self.product,
            received_at=at - timedelta(seconds=random.randint(60, ago * 60)),
            scene=self.one(family.scene),
            expectation=self.one(family.wish),
            tried=self.one(family.tried),
            occurred_at=self.tell(f"{occurred.astimezone(self.world.zone):%Y-%m-%d %H:%M}")
            if self.maybe(0.6)
            else Text("", ""),
            purchased_on=self.bought.on if self.bought else None,
            remark=self.one(phrases.REMARKS) if self.maybe(0.08) else Text("", ""),
            answered=answer,
        )

    @property
    def case(self) -> Case:
        product = self.world.products[self.product].id if self.product else None
        return Case(self.category, self.priority, product, self.client.owner.tier, self.channel)

    def judge(self, axes: Axes, marks: tuple[str, ...] = ()) -> None:
        """What priority and department the rules will give, to choose people and times by."""
        verdict = judge(self.world.cells, axes, key_customer=self.client.owner.key, marks=marks)
        self.priority = verdict.priority
        route = self.world.route(self.case)
        self.department = route.rule.department_id if route else self.registrar.department_id

    def triage(self, by: Member | None = None, axes: Axes | None = None) -> None:
        axes = axes or self.axes
        self.judge(axes, self.family.marks)
        notes = tuple(self.tell(note) for note in self.family.notes)
        self.step(Do.TRIAGE, by or self.clerk, category=self.category, axes=axes, notes=notes, marks=self.family.marks)

    def choose_worker(self) -> None:
        """Somebody of the acting department who may handle tickets."""
        code = self.world.codes[self.department]
        if code == "service":
            lead = self.world.people["wang"]
            led = self.category.startswith(("complaint", "experience"))
            self.worker = lead if led else self.random.choice(self.world.agents)
            if not led and self.registrar in self.world.agents and self.maybe(0.5):
                self.worker = self.registrar
        else:
            able = self.world.handlers(self.department)
            self.worker = self.random.choice(able)

    def lead(self) -> Member:
        """Who gives out the work of the acting department."""
        return self.world.by_id[self.world.leads[self.department]]

    def begin(self) -> None:
        """Assigned by the lead or claimed, and started."""
        if self.maybe(0.6) and not self.category.startswith(("complaint", "experience")):
            self.later(4, 70)
            given: dict[str, Any] = {"assignee": self.worker.id}
            if self.channel not in LIVE and self.maybe(0.3):
                given["planned_for"] = (
                    (self.at + timedelta(days=self.random.randint(3, 9))).astimezone(self.world.zone).date()
                )
            self.step(Do.ASSIGN, self.lead(), **given)
        self.later(3, 60)
        self.step(Do.START, self.worker)

    def first_words(self) -> None:
        """Who did not hear an answer on the phone gets one now; urgent matters get a promise with it."""
        opening = next((text for kind, text in self.family.talk if kind == REPLY), phrases.PROGRESS[0])
        if self.channel in SPOKEN:
            return
        if self.channel in LIVE:
            self.later(0.5, 6 if self.maybe(0.85) else 35)
        else:
            self.later(10, 700)
        self.say(REPLY, self.clerk, self.tell(opening))

    def promise(self) -> None:
        if self.priority in (Priority.P0, Priority.P1) and self.maybe(0.55):
            self.later(1, 25)
            until = office(self.at + timedelta(hours=self.random.randint(5, 30)), self.world, self.random)
            until = until.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            local = until.astimezone(self.world.zone)
            body = self.random.choice(phrases.PROMISES).replace(
                "{promise}", f" {local.month} 月 {local.day} 日 {local.hour} 点"
            )
            self.say(REPLY, self.clerk, self.tell(body), promised_for=until)

    def work(self, *, whole: bool = True) -> None:
        """The rest of the dialogue over the time that the work takes; `whole=False` stops in the middle."""
        turns = list(self.family.talk)
        if self.channel not in SPOKEN and turns and turns[0][0] == REPLY:
            turns = turns[1:]
        if not whole:
            turns = turns[: self.random.randint(0, max(0, len(turns) - 1))]
        low, high = (WORK_LIVE if self.channel in LIVE else WORK_ELSEWHERE)[self.priority]
        hours = self.random.uniform(low, high) * (1.6 if self.maybe(0.08) else 1)
        pace = hours * 60 / (len(turns) + 1)
        for kind, text in turns:
            self.later(pace * 0.6, pace)
            self.say(kind, self.clerk if kind == INBOUND else self.worker, self.tell(text))
        if whole:
            self.later(pace * 0.5, pace)

    def resolve(self) -> None:
        family = self.family
        self.step(Do.ANALYSE, self.worker, cause_kind=family.cause, root_cause=self.one(family.root))
        self.later(2, 30)
        given: dict[str, Any] = {"solution": self.one(family.fix), "overdue": self.one(phrases.LATE)}
        if family.better and self.maybe(0.5):
            given["improvement"] = self.one(family.better)
        self.step(Do.RESOLVE, self.worker, **given)

    def at_once(self) -> None:
        family = self.family
        self.judge(self.axes, family.marks)
        self.later(1, 9)
        self.worker = self.registrar
        self.step(
            Do.AT_ONCE,
            self.registrar,
            category=self.category,
            axes=self.axes,
            notes=tuple(self.tell(note) for note in family.notes),
            marks=family.marks,
            answer=self.tell(family.talk[0][1]),
            cause_kind=family.cause,
            root_cause=self.one(family.root),
            solution=self.one(family.fix),
            overdue=self.one(phrases.LATE),
        )

    # --- follow-up ----------------------------------------------------------------------------------------------------

    @property
    def quick(self) -> bool:
        """Can the registrar answer it during the contact, without another department?"""
        self.judge(self.axes, self.family.marks)
        return self.family.at_once and self.registrar.agent and self.department == self.registrar.department_id

    @property
    def method(self) -> str:
        return "online" if self.channel in ("chat", "wechat", "wecom", "email", "web", "social") else "phone"

    def satisfied(self, score: int | None = None, method: str = "") -> None:
        """The customer is content, and the ticket is closed."""
        random, family = self.random, self.family
        score = score or random.choices((5, 4, 3), (62, 30, 8))[0]
        comments = family.praise if family.praise and self.maybe(0.7) and score > 3 else phrases.SATISFIED[score]
        wishes = family.ideas if family.ideas and self.maybe(0.4) else phrases.WISHES
        self.step(
            Do.ATTEMPT,
            HOLDER,
            method=method or self.method,
            reached=True,
            solved=True,
            score=None if self.maybe(0.03) else score,
            nps=random.randint(2 * score - 2, min(10, 2 * score + 1)) if self.maybe(0.5) else None,
            solved_note=self.one(
                phrases.CALLED_BACK if self.category.startswith("fault") else phrases.CALLED_BACK_PLAIN
            ),
            comment=self.one(comments),
            suggestions=self.one(wishes),
        )
        self.at += timedelta(seconds=random.randint(5, 240))
        self.step(Do.CLOSE, HOLDER)

    def dissatisfied(self) -> None:
        solved = self.maybe(0.25)
        self.step(
            Do.ATTEMPT,
            HOLDER,
            method=self.method,
            reached=True,
            solved=solved,
            score=self.random.randint(1, 2),
            nps=self.random.randint(0, 4) if self.maybe(0.5) else None,
            solved_note=self.one(self.family.again),
        )

    def not_reached(self, method: str) -> None:
        self.step(Do.ATTEMPT, HOLDER, method=method, reached=False, comment=self.one(phrases.NOT_REACHED))

    def squeeze(self, start: datetime, now: datetime) -> None:
        """A history that would end after now happens faster."""
        last = max((step.at for step in self.steps), default=start)
        limit = now - timedelta(seconds=self.random.randint(20, 300))
        if last <= limit:
            return
        factor = max(0.0, (limit - start).total_seconds()) / max(1.0, (last - start).total_seconds())
        self.steps = [
            s._replace(at=start + timedelta(microseconds=int((s.at - start).total_seconds() * factor * 1e6)))
            for s in self.steps
        ]
