"""Shapes of what is typed on the customer pages. Rules live in the services."""

from __future__ import annotations

from typing import Any, ClassVar

from wtforms import BooleanField, DateField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from app.customers.given import CustomerChanges, GivenPurchase
from app.customers.labels import CONTACT_LABELS, TIER_LABELS
from app.customers.models import ContactKind
from app.customers.showing import ShownCustomer
from app.web.forms import Form, options
from app.words import N_

NEW_CONTACTS = 2
VALUES = ("name", "company", "address")


class FindForm(Form):
    """Looks a customer up; posted, because a phone number must never stand in an address."""

    answers = "customers.look_up"
    text = StringField(N_("查找客户"), [DataRequired(), Length(max=254)])


class ReasonForm(Form):
    """Why somebody wants to export or to erase."""

    reason = TextAreaField(
        N_("原因"),
        [DataRequired(), Length(max=2000)],
        description=N_("写明依据，例如“客户本人 3 月 5 日来信要求”。原因会保存备查，请勿填写个人信息。"),
    )


class RevealForm(Form):
    answers = "customers.reveal"
    reason = TextAreaField(
        N_("原因"),
        [DataRequired(), Length(max=2000)],
        description=N_("写明用途，例如“客户要求回电确认地址”。原因会保存备查，请勿填写个人信息。"),
    )
    field = HiddenField(validators=[DataRequired(), Length(max=32)])


class ErasureForm(ReasonForm):
    answers = "customers.erase"
    number = StringField(
        N_("客户编号"), [DataRequired(), Length(max=20)], description=N_("请照样输入这位客户的编号，以免删错人。")
    )


class StandingForm(Form):
    """Tier and flag, by hand."""

    answers = "customers.set_standing"
    tier = RadioField(N_("客户类型"), choices=options(*TIER_LABELS.items()))
    flagged = BooleanField(N_("重点客户"), description=N_("重点客户和 VIP 的工单，影响范围按“高”计。"))
    version = HiddenField(validators=[DataRequired(), Length(max=12)])


class MergeForm(Form):
    answers = "customers.merge"
    into = StringField(N_("并入的客户编号"), [DataRequired(), Length(max=20)], description=N_("例如 C202403001。"))


class PurchaseForm(Form):
    answers = "customers.add_purchase"
    product = SelectField(N_("产品型号 / 服务项目"), validators=[Optional()])
    product_text = StringField(
        N_("其他产品"), [Optional(), Length(max=200)], description=N_("列表里没有时，在这里写下买了什么。")
    )
    bought_on = DateField(N_("购买日期"), [Optional()])
    order_no = StringField(N_("订单号"), [Optional(), Length(max=64)])
    serial = StringField(N_("序列号"), [Optional(), Length(max=64)])
    note = TextAreaField(N_("备注"), [Optional(), Length(max=2000)])

    def given(self) -> GivenPurchase:
        return GivenPurchase(
            product_id=int(self.product.data) if (self.product.data or "").isdigit() else None,
            product_text=self.product_text.data or "",
            bought_on=self.bought_on.data,
            serial=self.serial.data or "",
            order_no=self.order_no.data or "",
            note=self.note.data or "",
        )


class EditForm(Form):
    """Names, address and contacts. An empty box leaves a value as it is, since most people see it masked; taking it out
    is a tick of its own."""

    answers = "customers.edit"
    hints: ClassVar[dict[str, str]] = {}  # the masked value, in an empty box
    version = HiddenField(validators=[DataRequired(), Length(max=12)])

    def changes(self, shown: ShownCustomer) -> CustomerChanges:
        """What was typed, as the service wants it."""
        values = {name: self._value(name) for name in VALUES}
        contacts = {
            contact.id: value
            for contact in shown.contacts
            if (value := self._value(f"contact-{contact.id}")) is not None
        }
        new = [(self[f"kind-{n}"].data, self[f"add-{n}"].data or "") for n in range(NEW_CONTACTS)]
        return CustomerChanges(**values, contacts=contacts, add=new)

    def _value(self, name: str) -> str | None:
        if f"clear-{name}" in self and self[f"clear-{name}"].data:
            return ""
        return self[name].data or None

    def pairs(self) -> list[tuple[Any, Any]]:
        """Each box with its tick for taking the value out (None where there is nothing to take out)."""
        boxes = [field for field in self if f"clear-{field.name}" in self or field.name in VALUES]
        return [(box, self._fields.get(f"clear-{box.name}")) for box in boxes]

    def additions(self) -> list[tuple[Any, Any]]:
        return [(self[f"kind-{n}"], self[f"add-{n}"]) for n in range(NEW_CONTACTS)]


VALUE_LABELS = {"name": N_("姓名"), "company": N_("企业"), "address": N_("地址")}


def edit_form(shown: ShownCustomer, version: int) -> EditForm:
    """A form with one box per value of this customer; filled in for those who see the values in full."""

    class ThisCustomer(EditForm):
        hints: ClassVar[dict[str, str]] = {}

    data: dict[str, Any] = {"version": str(version)}

    def box(name: str, label: str, value: str, has_value: bool) -> None:
        setattr(ThisCustomer, name, StringField(label, [Optional(), Length(max=300)]))
        if has_value:
            setattr(ThisCustomer, f"clear-{name}", BooleanField(N_("删除这一项")))
        if shown.masked:
            ThisCustomer.hints[name] = value
        else:
            data[name] = value

    for name in VALUES:
        value = getattr(shown, name)
        box(name, VALUE_LABELS[name], value, bool(value) or name in shown.labels)
    for contact in shown.contacts:
        box(f"contact-{contact.id}", CONTACT_LABELS[ContactKind(contact.kind)], contact.value, True)
    kinds = options(*CONTACT_LABELS.items())
    for n in range(NEW_CONTACTS):
        setattr(ThisCustomer, f"kind-{n}", SelectField(N_("新的联系方式"), choices=kinds))
        setattr(ThisCustomer, f"add-{n}", StringField(N_("号码或账号"), [Optional(), Length(max=300)]))
    return ThisCustomer(data=data)
