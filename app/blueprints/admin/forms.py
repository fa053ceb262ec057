"""The shapes of what the administration pages send."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NoneOf, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.blueprints.admin.wording import OTHER_PERSON_LABELS, UNIT_LABELS
from app.customers.labels import TIER_LABELS
from app.policy import ROLE_LABELS
from app.sla.clock import Unit
from app.tickets.administration import FORM5_KINDS
from app.tickets.codes import CHANNEL_LABELS, CLOCK_LABELS, LEVEL_LABELS, PRIORITY_LABELS, ClockKind, Priority
from app.tickets.priority import LEVELS, Axes
from app.web.forms import Form, options
from app.web.languages import translate
from app.words import N_, say

Choices = Sequence[tuple[str, str]]
LANGUAGES: Choices = (("zh-CN", N_("简体中文")), ("zh-TW", N_("繁體中文")), ("en", N_("英文")))
LEVELS_CHOICES: Choices = tuple((str(level), LEVEL_LABELS[level]) for level in LEVELS)
ANY = ("", N_("不限"))
# Both are pages of their own beside the things that are named by a code.
NOT_NEW = NoneOf(["new"], message=N_("这个词留作页面地址，请换一个。"))


def ticks(label: str, choices: Iterable[tuple[Any, str]] = (), **more: Any) -> SelectMultipleField:
    """Any number of choices, each with a box of its own."""
    return SelectMultipleField(
        label,
        choices=options(*choices),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        **more,
    )


class EditForm(Form):
    """Something that others may edit at the same time: `version` is what was seen."""

    version = HiddenField()

    @property
    def seen(self) -> int:
        """The version that was seen; 0 for junk, which is never current."""
        text = self.version.data or ""
        return int(text) if text.isdecimal() and len(text) < 10 else 0


# --- people -----------------------------------------------------------------------------------------------------------


class PersonForm(EditForm):
    answers = "admin.edit_person"
    name = StringField(N_("姓名"), [InputRequired(), Length(max=80)])
    email = StringField(N_("邮箱"), [Optional(), Length(max=254)])
    department_id = SelectField(N_("部门"), choices=[])


class NewPersonForm(Form):
    answers = "admin.add_person"
    name = StringField(N_("姓名"), [InputRequired(), Length(max=80)])
    login = StringField(
        N_("账号"),
        [InputRequired(), Length(max=64), NOT_NEW],
        description=N_("登录用，以后不能改：小写字母、数字和 . _ @ -。"),
    )
    email = StringField(N_("邮箱"), [Optional(), Length(max=254)])
    department_id = SelectField(N_("部门"), choices=[])
    locale = SelectField(N_("界面语言"), choices=options(*LANGUAGES))
    roles = ticks(N_("角色"), ROLE_LABELS.items())


class RolesForm(Form):
    answers = "admin.set_person_roles"
    roles = ticks(N_("角色"), ROLE_LABELS.items())


class SkillsForm(Form):
    answers = "admin.set_person_skills"
    skills = TextAreaField(
        N_("技能"),
        [Length(max=3000)],
        description=N_("产品线、故障种类、语言、渠道等，用顿号、逗号或换行分开。派单时按技能找人。"),
    )

    @property
    def given(self) -> list[str]:
        text = self.skills.data or ""
        for separator in ("、", "，", ",", "；", ";"):
            text = text.replace(separator, "\n")
        return text.split("\n")


class LeavingForm(Form):
    answers = "admin.disable_person"
    heir = SelectField(
        N_("把名下的工作交给"),
        choices=[],
        description=N_("接手人权限或部门不符的工单回到部门待认领；回访由登记部门的同事接着做。"),
    )


class DeputyForm(Form):
    answers = "admin.appoint_person_deputy"
    deputy = SelectField(N_("代理人"), [InputRequired()], choices=[])
    starts_on = DateField(N_("从"), [InputRequired()])
    ends_on = DateField(N_("到（含当天）"), [InputRequired()])


class DepartmentForm(EditForm):
    answers = "admin.edit_department"
    name = StringField(N_("部门名称"), [InputRequired(), Length(max=80)])
    manager_id = SelectField(N_("负责人"), choices=[], description=N_("在本部门的工单上有客服主管的权限。"))
    contact_id = SelectField(N_("接口人"), choices=[])


class NewDepartmentForm(Form):
    answers = "admin.add_department"
    name = StringField(N_("部门名称"), [InputRequired(), Length(max=80)])
    code = StringField(
        N_("代码"),
        [InputRequired(), Length(max=32), NOT_NEW],
        description=N_("接口和导入导出用，以后不能改：小写字母开头，可含数字和下划线。"),
    )


# --- rules ------------------------------------------------------------------------------------------------------------


class CategoryForm(EditForm):
    answers = "admin.edit_category"
    name = StringField(N_("名称"), [InputRequired(), Length(max=80)])
    impact = RadioField(N_("默认影响范围"), [InputRequired()], choices=options(*LEVELS_CHOICES), default="1")
    urgency = RadioField(N_("默认紧急程度"), [InputRequired()], choices=options(*LEVELS_CHOICES), default="1")
    severity = RadioField(N_("默认严重性"), [InputRequired()], choices=options(*LEVELS_CHOICES), default="1")
    complaint = BooleanField(N_("属于投诉"), description=N_("一级分类定，下级跟随。投诉的回访必须换人。"))
    other_person = RadioField(
        N_("回访换人"),
        choices=options(*OTHER_PERSON_LABELS.items()),
        default="prefer",
        description=N_("解决工单的人和回访客户的人，要不要是两个人。"),
    )
    form5 = SelectField(
        N_("需求类型"),
        choices=options(*((kind, kind) for kind in FORM5_KINDS)),
        description=N_("《客户需求登记与跟踪表》里的归类。"),
        default="售后",
    )


class NewCategoryForm(CategoryForm):
    answers = "admin.add_category"
    parent = SelectField(N_("上级"), choices=[])
    code = StringField(
        N_("代码"),
        [InputRequired(), Length(max=20), NOT_NEW],
        description=N_("接口和导入导出用，以后不能改：小写字母开头，可含数字和下划线。"),
    )


class MatrixForm(EditForm):
    """27 selects, named by their axes: S2I1U3."""

    answers = "admin.edit_priority"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for axes in EVERY_CELL:
            self[axes.code()].label.text = translate(
                say("严重性 %(s)s、影响 %(i)s、紧急 %(u)s", s=axes.severity, i=axes.impact, u=axes.urgency)
            )


EVERY_CELL = tuple(Axes(i, u, s) for s, i, u in product(LEVELS, repeat=3))
for _axes in EVERY_CELL:
    setattr(MatrixForm, _axes.code(), SelectField(choices=options(*((p, str(p)) for p in Priority))))


class PolicyForm(EditForm):
    """Name and conditions, and for each kind of clock and priority an amount with its unit; empty: no clock."""

    answers = "admin.edit_policy"
    name = StringField(N_("名称"), [InputRequired(), Length(max=80)])
    channels = ticks(N_("渠道"), CHANNEL_LABELS.items())
    categories = ticks(N_("分类"))
    tiers = ticks(N_("客户类型"), TIER_LABELS.items())
    pauses_in_waiting = BooleanField(N_("待客户时暂停计时"), default=True)
    promise_counts = BooleanField(
        N_("记录承诺即算给出解决"), description=N_("对客户说定时间并记录下来，解决时限就算达成。")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, priority in EVERY_TARGET:
            self[f"{kind}-{priority}"].label.text = f"{translate(CLOCK_LABELS[kind])} {priority}"


class NewPolicyForm(PolicyForm):
    answers = "admin.add_policy"
    code = StringField(
        N_("代码"),
        [InputRequired(), Length(max=20), NOT_NEW],
        description=N_("接口和导入导出用，以后不能改：小写字母开头，可含数字和下划线。"),
    )


EVERY_TARGET = tuple(product(ClockKind, Priority))
UNIT_CHOICES = options(*((unit, UNIT_LABELS[unit]) for unit in Unit))
for _kind, _priority in EVERY_TARGET:
    setattr(PolicyForm, f"{_kind}-{_priority}", IntegerField(validators=[Optional()]))
    setattr(PolicyForm, f"{_kind}-{_priority}-unit", SelectField(choices=UNIT_CHOICES, default=str(Unit.HOUR)))


class RuleForm(EditForm):
    category = SelectField(N_("分类"), choices=[])
    priority = SelectField(N_("优先级"), choices=options(ANY, *((code, str(code)) for code in PRIORITY_LABELS)))
    product_id = SelectField(N_("产品"), choices=[])
    tier = SelectField(N_("客户类型"), choices=options(ANY, *TIER_LABELS.items()))
    channel = SelectField(N_("渠道"), choices=options(ANY, *CHANNEL_LABELS.items()))
    department_id = SelectField(N_("处理部门"), [InputRequired()], choices=[])
    to_lead = BooleanField(N_("直接交给部门负责人或主管"))
    assisting = ticks(N_("协办部门"))
    escalate = BooleanField(N_("同时按投诉升级"))


class ProductForm(EditForm):
    answers = "admin.edit_product"
    name = StringField(N_("名称"), [InputRequired(), Length(max=120)])
    line = StringField(N_("产品线"), [Optional(), Length(max=80)])


class NewProductForm(ProductForm):
    answers = "admin.add_product"
    code = StringField(N_("产品编码"), [InputRequired(), Length(max=64)], description=N_("以后不能改。"))


class BatchForm(Form):
    answers = "admin.add_product_batch"
    code = StringField(N_("批次号"), [InputRequired(), Length(max=64)])
