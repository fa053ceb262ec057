"""What the style guide shows: a form with an error, and moments on every side of now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.web.forms import Form, options
from app.words import N_


class GuideForm(Form):
    """One field of each kind. It is only drawn, never sent."""

    contact = StringField(N_("联系方式"), [InputRequired(N_("请填写联系方式。"))], description=N_("输入时会认出老客户"))
    story = TextAreaField(N_("问题描述"), [Length(min=8, message=N_("至少写清现象和场景，例如“充 1 小时只到两成”。"))])
    category = SelectField(N_("分类"), choices=options(("fault", N_("产品故障")), ("complaint", N_("投诉"))))
    until = DateField(N_("计划完成时间"), [Optional()])
    password = PasswordField(N_("密码"))
    impact = RadioField(N_("影响范围"), choices=options(("1", N_("低")), ("2", N_("中")), ("3", N_("高"))), default="2")
    roles = SelectMultipleField(
        N_("角色"),
        choices=options(("agent", N_("客服专员")), ("engineer", N_("技术支持工程师")), ("supervisor", N_("客服主管"))),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    tell = BooleanField(N_("通知客户"))


@dataclass(frozen=True)
class GuideClock:
    """A clock as the facts column draws it."""

    due_at: datetime
    met_at: datetime | None = None
    paused_at: datetime | None = None


def guide_form() -> GuideForm:
    """The form after a failed try: what was typed is there, and so are the errors."""
    form = GuideForm(
        formdata=MultiDict({"story": "充电慢", "impact": "3", "roles": "engineer", "tell": "y"}), meta={"csrf": False}
    )
    form.validate()
    return form


def guide_clocks(now: datetime) -> dict[str, GuideClock]:
    """One clock for each look of the due chip."""
    return {
        "over": GuideClock(now - timedelta(hours=1, minutes=24)),
        "now": GuideClock(now + timedelta(minutes=3, seconds=40)),
        "soon": GuideClock(now + timedelta(hours=1, minutes=12)),
        "later": GuideClock(now + timedelta(days=3)),
        "paused": GuideClock(now + timedelta(hours=5), paused_at=now),
        "met": GuideClock(now, met_at=now - timedelta(minutes=8)),
        "late": GuideClock(now - timedelta(hours=2), met_at=now - timedelta(hours=1)),
    }
