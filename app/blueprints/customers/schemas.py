"""Bodies and answers of the customer calls."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validates_schema

from app.customers.labels import TIER_LABELS
from app.web.api.fields import SHORT, Code, Email, Input, Number, Phone, Text
from app.words import N_


class CustomerNew(Input):
    name = Text(most=SHORT, required=True)
    phone = Phone()
    email = Email()
    company = Text(most=SHORT)
    tier = Code(TIER_LABELS)


class LookupIn(Input):
    """Exactly one of the three."""

    phone = Phone()
    email = Email()
    last4 = fields.String(metadata={"pattern": "^[0-9]{4}$"}, validate=lambda text: _four(text))

    @validates_schema
    def one_only(self, data: dict[str, str], **kwargs: object) -> None:
        if len(data) != 1:
            raise ValidationError(N_("请只填 phone、email、last4 中的一项。"))


class CustomerItem(Schema):
    customer_no = fields.String(required=True)
    kind = fields.String(required=True)
    tier = fields.String(required=True)
    name = fields.String(required=True)
    company = fields.String(required=True)
    phone = fields.String(required=True)
    email = fields.String(required=True)


class CustomersOut(Schema):
    items = fields.List(fields.Nested(CustomerItem), required=True)
    next = fields.String(required=True, allow_none=True)


class FoundOut(Schema):
    items = fields.List(fields.Nested(CustomerItem), required=True)
    more = fields.Boolean(required=True)


class CustomerFilters(Input):
    cursor = fields.String()
    limit = Number(1, 200, strict=False)


def _four(text: str) -> None:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise ValidationError(N_("请填写号码的后四位数字。"))
