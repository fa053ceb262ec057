"""The sample rows of the official forms, with exactly their facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from app.customers.models import CustomerKind, Tier
from app.demo.crowd import Wanted
from app.demo.family import REPLY, Family
from app.demo.plot import HOLDER, Plot
from app.demo.script import Do, Registered, Step, Unit
from app.demo.telling import NOTHING
from app.demo.world import World
from app.tickets.priority import Axes


@dataclass(frozen=True)
class Sample:
    """Who it was, where, and how many days ago and at what time it came in."""

    family: Family
    wanted: Wanted
    channel: str
    days_ago: int
    at: time


CHARGE = Family(
    key="sample-charge",
    category="fault.performance",
    products=("x20",),
    story=("X20 手机用了三个月，最近充电特别慢，充一个小时只能充到 20%。平时上班要用，很着急。",),
    scene=("白天在办公室用原装充电器充电，边上同事的手机都正常。",),
    wish=("希望尽快修好或换一块电池，不要再来回跑。",),
    tried=("重启过，也换了一个新的原装充电器，都一样。",),
    talk=(),
    cause="hardware",
    root=("电池批次 B2608 保护板误判电芯温度，把充电电流限制在 0.5 安；抽查同批次 20 台，7 台可以复现。",),
    fix=("该批次立即停售；为客户免费更换电池，并通知同批次约 500 位客户到店免费更换。",),
    better=("保护板来料增加温度校准抽检，批次投诉达到三例自动停售待检。",),
    axes=(3, 3, 2),
    notes=("同一电池批次，约 500 台", "影响日常使用", "充电功能明显下降"),
)
INSTALLER = Family(
    key="sample-installer",
    category="experience.attitude",
    products=("a9",),
    story=("A9 空调装好了，可是安装人员没有穿工装，装完就走，怎么用、怎么清洗一句都没有讲。",),
    scene=("师傅装了一个多小时，家里只有老人。",),
    wish=("希望重新派人讲解，并且规范上门人员。",),
    tried=("给安装网点打过电话，对方说工装洗了没干。",),
    talk=(),
    cause="process",
    root=("安装规范没有落实：网点未检查着装，完工单上的使用讲解一项没有客户确认。",),
    fix=("已安排穿工装的师傅重新上门讲解使用与清洗，并向客户道歉；安装规范已修订，网点安装人员完成培训。",),
    better=("完工单增加着装照片和客户对讲解的确认。",),
    axes=(1, 2, 1),
    notes=("单个客户", "影响使用体验", "服务规范问题"),
)
BROKEN = Family(
    key="sample-broken",
    category="aftersales.damaged",
    products=("r5",),
    story=("刚收到的 R5 电饭煲，外箱完好，打开内胆却有一道裂纹，要求换货。",),
    scene=("签收后当场开箱，拍了照片。",),
    wish=("希望尽快换一台新的，周末家里有客人要用。",),
    tried=("没有使用，原样放着。",),
    talk=(),
    cause="third_party",
    root=("运输途中跌落，内胆受力开裂，外箱缓冲不足。",),
    fix=("为客户更换全新一台，优先发货，次日送达；旧机由快递员取回。",),
    better=("内胆单独加护套后再装箱。",),
    axes=(1, 2, 2),
    notes=("贵宾客户", "无法使用", "商品破损"),
)
POINTS = Family(
    key="sample-points",
    category="enquiry.usage",
    products=(),
    story=("请问积分的历史记录在哪里看？在应用里找了一圈没找到。",),
    scene=("刚注册会员，第一次买东西得了积分。",),
    wish=("告诉我在哪里看就行。",),
    tried=("点过“我的”和“订单”，没有看到。",),
    talk=((REPLY, "{mr}您好，积分明细在“我的—会员—积分明细”里，可以按月份查看每一笔的来源和有效期。"),),
    cause="other",
    root=("积分明细入口在会员页面的第二屏，新客户不容易看到。",),
    fix=("指导客户在“我的—会员—积分明细”中查看，客户已经看到。",),
    better=("把积分明细放到会员页面第一屏。",),
    axes=(1, 1, 1),
    at_once=True,
)
MANNER = Family(
    key="sample-manner",
    category="complaint",
    products=(),
    story=("我上周打电话问维修进度，接电话的客服语气生硬，说“急也没用，等着吧”，就把电话挂了。我要求道歉。",),
    scene=("通话四分多钟，前面排队等了很久。",),
    wish=("希望当事人和公司道歉。",),
    tried=("当时又打了一次，没有人提起这件事。",),
    talk=(),
    cause="training",
    root=("录音核实：当事人连续接待十小时，情绪管理不到位，用了不当用语。",),
    fix=("主管致电并书面道歉；当事人接受沟通培训，当月质检加抽；维修进度已告知客户。",),
    better=("连续接待四小时强制休息，不当用语列入禁用语。",),
    axes=(1, 2, 1),
    notes=("单个客户", "客户情绪激动", "服务态度"),
)

PERSON = CustomerKind.PERSON.value
SAMPLES: tuple[Sample, ...] = (
    Sample(
        CHARGE,
        Wanted(PERSON, Tier.RETURNING.value, name="张建国", title="先生", products=("x20",), batch="B2608"),
        "phone",
        36,
        time(9, 42),
    ),
    Sample(
        INSTALLER,
        Wanted(PERSON, Tier.NEW.value, name="周丽娟", title="女士", products=("a9",)),
        "chat",
        31,
        time(14, 5),
    ),
    Sample(
        BROKEN,
        Wanted(PERSON, Tier.VIP.value, name="杨文博", title="先生", products=("r5",)),
        "chat",
        24,
        time(10, 20),
    ),
    Sample(POINTS, Wanted(PERSON, Tier.NEW.value, name="孙雨晴", title="女士"), "chat", 17, time(15, 31)),
    Sample(MANNER, Wanted(PERSON, Tier.RETURNING.value, name="赵志强", title="先生"), "email", 20, time(11, 12)),
)
REMARKS = {
    "sample-charge": "计划提前 1 天完成。",
    "sample-broken": "优先发货；补偿 50 元优惠券一张。",
}


def tell(world: World, plot: Plot, sample: Sample) -> Unit:
    """The script of a sample. Times count from when it was received."""
    writer = _Writer(world, plot, sample)
    return {
        "sample-charge": writer.charge,
        "sample-installer": writer.installer,
        "sample-broken": writer.broken,
        "sample-points": writer.points,
        "sample-manner": writer.manner,
    }[sample.family.key]()


class _Writer:
    def __init__(self, world: World, plot: Plot, sample: Sample) -> None:
        self.people, self.family, self.sample = world.people, sample.family, sample
        self.received, self.say = plot.at, plot.tell
        self.zone = world.zone
        self.product = sample.family.products[0] if sample.family.products else None
        self.bought_on = plot.bought.on if plot.bought else None
        self.steps: list[Step] = []

    def after(self, days: float = 0, *, hours: float = 0, minutes: float = 0) -> datetime:
        return self.received + timedelta(days=days, hours=hours, minutes=minutes)

    def unit(self, by: str, minutes: float, answered: str = "") -> Unit:
        f = self.family
        registered = Registered(
            at=self.after(minutes=minutes),
            by=self.people[by].id,
            channel=self.sample.channel,
            story=self.say(f.story[0]),
            product=self.product,
            received_at=self.received,
            scene=self.say(f.scene[0]),
            expectation=self.say(f.wish[0]),
            tried=self.say(f.tried[0]),
            purchased_on=self.bought_on,
            remark=self.say(REMARKS.get(f.key, "")),
            answered=self.say(answered),
        )
        return Unit([registered], self.steps)

    def do(self, at: datetime, by: str, what: Do, **given: object) -> None:
        self.steps.append(Step(at, self.people[by].id, what, given))

    def reply(self, at: datetime, by: str, text: str, *, kind: str = REPLY) -> None:
        self.do(at, by, Do.SAY, kind=kind, body=self.say(text))

    def judged(self, at: datetime, by: str) -> None:
        f, world_axes = self.family, self.family.axes
        self.do(at - timedelta(minutes=1), by, Do.VERIFY, note=self.say("与客户核对了型号与经过，一致。"))
        axes = None if world_axes is None else Axes(*world_axes)
        self.do(at, by, Do.TRIAGE, category=f.category, axes=axes, notes=tuple(self.say(n) for n in f.notes), marks=())

    def solved(self, at: datetime, by: str) -> None:
        f = self.family
        self.do(at - timedelta(minutes=10), by, Do.ANALYSE, cause_kind=f.cause, root_cause=self.say(f.root[0]))
        late = self.say("跨部门确认用时较长，期间每天向客户通报进展，客户知情。")
        self.do(at, by, Do.RESOLVE, solution=self.say(f.fix[0]), improvement=self.say(f.better[0]), overdue=late)

    def content(self, at: datetime, method: str, score: int, comment: str, wish: str = "") -> None:
        given = {
            "method": method,
            "reached": True,
            "solved": True,
            "score": score,
            "nps": 2 * score,
            "solved_note": self.say("是，客户确认已解决。"),
            "comment": self.say(comment),
            "suggestions": self.say(wish),
        }
        self.steps.append(Step(at, HOLDER, Do.ATTEMPT, given))
        self.steps.append(Step(at + timedelta(minutes=1), HOLDER, Do.CLOSE))

    def charge(self) -> Unit:
        unit = self.unit("lin", 4, "{mr}您好，情况已经登记，今天由工程师核对电池批次，先请您避免边充边用。")
        self.judged(self.after(minutes=9), "lin")
        due = (self.after(5)).astimezone(self.zone).date()
        self.do(self.after(minutes=20), "tang", Do.ASSIGN, assignee=self.people["chen"].id, planned_for=due)
        self.do(self.after(minutes=34), "chen", Do.START)
        self.reply(
            self.after(hours=3),
            "chen",
            "日志显示充电电流被限制在 0.5 安，保护板判定电芯温度异常。批次 B2608 本周第 4 例，约 500 台在外。",
            kind="note",
        )
        self.reply(
            self.after(hours=5),
            "lin",
            "{mr}您好，经核对您的手机属于电池批次 B2608，我们为您免费更换电池，全程约四十分钟，凭工单号优先办理。",
        )
        self.solved(self.after(4, hours=1), "chen")
        self.content(self.after(4, hours=6), "phone", 5, "换完电池一小时充到八成，处理得很负责。")
        return unit

    def installer(self) -> Unit:
        unit = self.unit("lin", 3)
        self.reply(
            self.after(minutes=9),
            "lin",
            "{mr}您好，安装人员没有着装、没有讲解，是我们没有管好，向您道歉。主管马上处理。",
        )
        self.judged(self.after(minutes=13), "lin")
        self.do(self.after(minutes=30), "wang", Do.START)
        self.reply(
            self.after(hours=2),
            "wang",
            "{mr}您好，已安排穿工装的师傅明天上午重新上门，当面讲解使用和清洗，请您留一个方便的时间。",
        )
        self.solved(self.after(2, hours=2), "wang")
        self.content(self.after(3), "online", 4, "师傅这次很规范，讲得也清楚。", "希望有一份纸质的使用说明。")
        return unit

    def broken(self) -> Unit:
        unit = self.unit("lin", 3)
        self.reply(
            self.after(minutes=8),
            "lin",
            "{mr}您好，到货破损实在抱歉。我们直接为您换一台全新的，优先发货，并送您一张 50 元优惠券表示歉意。",
        )
        self.judged(self.after(minutes=11), "lin")
        self.do(self.after(minutes=14), "lin", Do.START)
        self.reply(self.after(hours=3), "lin", "{mr}您好，新机已经发出，明天上午送到，旧机请交给同一位快递员。")
        self.solved(self.after(hours=23), "lin")
        self.content(self.after(1, hours=6), "online", 5, "换得很快，优惠券也收到了，满意。")
        return unit

    def points(self) -> Unit:
        unit = self.unit("lin", 2)
        self.reply(self.after(minutes=8), "lin", self.family.talk[0][1])
        f = self.family
        self.do(
            self.after(minutes=10),
            "lin",
            Do.AT_ONCE,
            category=f.category,
            axes=Axes(*(f.axes or (1, 1, 1))),
            notes=(),
            marks=(),
            answer=self.say(f.talk[0][1]),
            cause_kind=f.cause,
            root_cause=self.say(f.root[0]),
            solution=self.say(f.fix[0]),
            overdue=NOTHING,
        )
        self.content(self.after(1), "online", 5, "一问就答，很快。")
        return unit

    def manner(self) -> Unit:
        unit = self.unit("lin", 6)
        self.reply(
            self.after(minutes=15),
            "lin",
            "{mr}您好，来信收到了，让您有这样的感受，我们先向您道歉。主管已经接手，今天核实录音后给您答复。",
        )
        self.judged(self.after(minutes=18), "lin")
        self.do(self.after(minutes=40), "wang", Do.START)
        self.reply(
            self.after(hours=4),
            "wang",
            "{mr}您好，我是客服主管。录音已经核实，确实是我们的同事用语不当，书面道歉已发到您的邮箱，我再当面向您致歉。",
        )
        self.solved(self.after(1, hours=3), "wang")
        self.content(self.after(2), "phone", 4, "道歉收到了，主管亲自打电话，认可。")
        return unit
