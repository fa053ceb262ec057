"""What the style guide shows: a form with an error, and moments on every side of now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
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


class GuideForm(FlaskForm):
    """One field of each kind. It is only drawn, never sent."""

    contact = StringField(_("联系方式"), [InputRequired(_("请填写联系方式。"))], description=_("输入时会认出老客户"))
    story = TextAreaField(_("问题描述"), [Length(min=8, message=_("至少写清现象和场景，例如“充 1 小时只到两成”。"))])
    category = SelectField(_("分类"), choices=[("fault", _("产品故障")), ("complaint", _("投诉"))])
    until = DateField(_("计划完成时间"), [Optional()])
    password = PasswordField(_("密码"))
    impact = RadioField(_("影响范围"), choices=[("1", _("低")), ("2", _("中")), ("3", _("高"))], default="2")
    roles = SelectMultipleField(
        _("角色"),
        choices=[("agent", _("客服专员")), ("engineer", _("技术支持工程师")), ("supervisor", _("客服主管"))],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    tell = BooleanField(_("通知客户"))


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
