"""Shapes of what is typed on the ticket pages. Rules live in the services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.customers.labels import TIER_LABELS
from app.tickets.codes import (
    CAUSE_LABELS,
    CHANNEL_LABELS,
    ESCALATION_LABELS,
    LEVEL_LABELS,
    MARK_LABELS,
    PRIORITY_LABELS,
    Channel,
)
from app.tickets.given import Registration, Seen, TriageGiven
from app.web.forms import Form, options
from app.words import N_

LONG, SHORT = 10_000, 200
MOMENT = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]
LEVELS = options(*((str(n), LEVEL_LABELS[n]) for n in (1, 2, 3)))


def choices(labels: Mapping[Any, str], *, empty: str | None = None) -> list[SelectChoice]:
    """The codes of a label table, with a first empty choice where nothing may be chosen."""
    first = [("", empty)] if empty is not None else []
    return options(*first, *((str(code), label) for code, label in labels.items()))


def words(label: str, *, required: bool = False, most: int = LONG, **kwargs: Any) -> TextAreaField:
    first = DataRequired() if required else Optional(strip_whitespace=True)
    return TextAreaField(label, [first, Length(max=most)], **kwargs)


class StepForm(Form):
    """Every step carries the status that the person saw, so that a second click is told what happened meanwhile."""

    seen = HiddenField(validators=[Optional(), Length(max=16)])

    @property
    def seen_by_person(self) -> Seen | None:
        return Seen(status=self.seen.data) if self.seen.data else None


class VerificationForm(StepForm):
    note = words(N_("核实情况"), description=N_("写下与客户确认的产品型号、问题描述，以及还不清楚的地方。"))


def _level(text: str | None) -> int:
    """A level of an axis; 0, which is none, for junk."""
    return int(text) if text in ("1", "2", "3") else 0


class TriageFields(Form):
    category = SelectField(N_("问题类型"), [DataRequired()])
    impact = RadioField(N_("影响范围"), [InputRequired()], choices=LEVELS)
    impact_note = StringField(N_("影响说明"), [Optional(), Length(max=500)])
    urgency = RadioField(N_("紧急程度"), [InputRequired()], choices=LEVELS)
    urgency_note = StringField(N_("紧急说明"), [Optional(), Length(max=500)])
    severity = RadioField(N_("严重性"), [InputRequired()], choices=LEVELS)
    severity_note = StringField(N_("严重说明"), [Optional(), Length(max=500)])
    marks = SelectMultipleField(
        N_("特别标记"),
        choices=choices(MARK_LABELS),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        description=N_("有任何一项时，紧急程度和严重性都按“高”计算。"),
    )

    def triage(self, **more: Any) -> TriageGiven:
        return TriageGiven(
            category=self.category.data,
            impact=_level(self.impact.data),
            urgency=_level(self.urgency.data),
            severity=_level(self.severity.data),
            impact_note=self.impact_note.data or "",
            urgency_note=self.urgency_note.data or "",
            severity_note=self.severity_note.data or "",
            marks=tuple(self.marks.data or ()),
            **more,
        )


class TriageForm(TriageFields, StepForm):
    priority = SelectField(N_("手工调整优先级"), [Optional()], choices=choices(PRIORITY_LABELS, empty=N_("按规则")))
    reason = StringField(
        N_("调整原因"), [Optional(), Length(max=SHORT)], description=N_("手工调整必须写原因，会记入审计。")
    )
    department = SelectField(N_("处理部门"), [Optional()])


class AssignmentForm(StepForm):
    department = SelectField(N_("处理部门"), [DataRequired()])
    assignee = SelectField(N_("责任人"), [Optional()])
    planned_for = DateTimeLocalField(
        N_("计划完成时间"),
        [Optional()],
        format=MOMENT,
        description=N_("这是对客户的承诺。只能设定一次，以后须经延期审批。"),
    )
    reason = words(N_("原因"), most=SHORT)


class OptionalReasonForm(StepForm):
    reason = words(N_("说明"))


class WaitingForm(StepForm):
    reason = words(N_("说明"), description=N_("在等客户什么。等待期间解决时限暂停计时，客户来信后会自动继续。"))


class ReasonForm(StepForm):
    reason = words(N_("原因"), required=True)


class StartForm(StepForm):
    """Nothing to fill in."""


class AnalysisForm(StepForm):
    cause_kind = RadioField(N_("原因类别"), [InputRequired()], choices=choices(CAUSE_LABELS))
    root_cause = words(
        N_("问题根源分析"), required=True, description=N_("以事实为依据：日志、检测报告、录音、聊天记录。")
    )


class ResolutionForm(StepForm):
    solution = words(N_("解决方案"), required=True, description=N_("怎么解决的，客户得到了什么。"))
    improvement = words(N_("改进建议"))
    overdue_explanation = words(N_("超时说明"), description=N_("为什么超时，是否、何时告知过客户。"))


class FullResolutionForm(AnalysisForm, ResolutionForm):
    """Cause and solution together, while no cause is recorded yet."""


class MergeForm(StepForm):
    into = StringField(
        N_("并入的工单"), [DataRequired(), Length(max=24)], description=N_("同一客户的另一张未关闭工单的编号。")
    )
    reason = words(N_("原因"), required=True)


class EscalationForm(StepForm):
    kind = RadioField(N_("升级类型"), [InputRequired()], choices=choices(ESCALATION_LABELS))
    reason = words(N_("原因"), required=True)


class LinkForm(StepForm):
    other = StringField(N_("另一张工单"), [DataRequired(), Length(max=24)])
    kind = SelectField(
        N_("关系"),
        [AnyOf(["duplicate", "parent", "caused_by", "follows"])],
        choices=options(
            ("duplicate", N_("与它重复")),
            ("parent", N_("是它的子工单")),
            ("caused_by", N_("由它引起")),
            ("follows", N_("是它的后续")),
        ),
    )


class MessageForm(Form):
    answers = "tickets.add_message"

    kind = HiddenField(validators=[AnyOf(["reply", "note", "inbound"])], default="reply")
    body = words(N_("内容"), required=True)
    channel = SelectField(N_("渠道"), [Optional()], choices=choices(CHANNEL_LABELS, empty=N_("与登记相同")))
    promised_for = DateTimeLocalField(N_("承诺时间"), [Optional()], format=MOMENT)


class FactForm(Form):
    text = words(N_("内容"))
    version = HiddenField(validators=[DataRequired()])


# What came through the API says so itself; nobody types it in.
BY_HAND = {channel: label for channel, label in CHANNEL_LABELS.items() if channel is not Channel.API}


class RegistrationForm(Form):
    """The official registration form: minimum first, the rest can wait."""

    answers = "tickets.register"

    once = HiddenField(validators=[Optional(), Length(max=40)])
    channel = SelectField(N_("反馈渠道"), [DataRequired()], choices=choices(BY_HAND), default="phone")
    received_at = DateTimeLocalField(N_("接收时间"), [Optional()], format=MOMENT, description=N_("不填就是现在。"))
    phone = StringField(N_("联系电话"), [Optional(), Length(max=40)])
    name = StringField(N_("客户姓名"), [Optional(), Length(max=SHORT)])
    company = StringField(N_("企业"), [Optional(), Length(max=SHORT)])
    email = StringField(N_("邮箱"), [Optional(), Length(max=254)])
    tier = SelectField(N_("客户类型"), [Optional()], choices=choices(TIER_LABELS, empty=N_("自动判断")))
    product = StringField(N_("产品型号或服务项目"), [Optional(), Length(max=SHORT)])
    purchased_on = DateField(N_("购买或服务日期"), [Optional()])
    description = words(N_("问题描述"), required=True)
    occurred_at = StringField(N_("发生时间"), [Optional(), Length(max=SHORT)])
    scene = words(N_("使用场景"))
    expectation = words(N_("客户期望"))
    tried = words(N_("已尝试的处理方法"))
    remark = words(N_("备注"))
    answered = words(N_("当场答复"), description=N_("通话中已经答复客户的内容，会记为首次响应。"))
    at_once = BooleanField(N_("当场解决：客户的问题在这次联系中已经解决"))

    def registration(self, customer: Any, received_at: Any) -> Registration:
        text: dict[str, Any] = {name: self[name].data or "" for name in TEXTS}
        return Registration(
            channel=self.channel.data,
            customer=customer,
            received_at=received_at,
            purchased_on=self.purchased_on.data,
            once=self.once.data or None,
            **text,
        )


TEXTS = ("description", "product", "occurred_at", "scene", "expectation", "tried", "remark", "answered")


class AtOnceForm(RegistrationForm, TriageFields):
    """Registration of an enquiry that was answered and solved during the contact."""

    cause_kind = SelectField(N_("原因类别"), [DataRequired()], choices=choices(CAUSE_LABELS))
    root_cause = words(N_("问题根源分析"), required=True)
    solution = words(N_("解决方案"), required=True)
