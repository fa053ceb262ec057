"""Bodies and answers of the follow-up calls."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.web.api.fields import Input, Number, Text, Truth


class AttemptIn(Input):
    """`reached` demands `solved`; not reached forbids an answer."""

    method = fields.String(required=True, validate=validate.OneOf(["phone", "online"]))
    reached = Truth(required=True)
    solved = Truth()
    solved_note = Text()
    score = Number(1, 5)
    nps = Number(0, 10)
    comment = Text()
    suggestions = Text()


class AttemptOut(Schema):
    follow_up_no = fields.String(required=True)
    state = fields.String(required=True)
    outcome = fields.String(required=True, allow_none=True)
    ticket_no = fields.String(required=True)
    ticket_status = fields.String(required=True)
    cycle = fields.Integer(required=True)


class FollowUpFilters(Input):
    mine = fields.Boolean()
    overdue = fields.Boolean()
    state = fields.String(validate=validate.OneOf(["open", "done", "cancelled"]))
    cursor = fields.String()
    limit = Number(1, 200, strict=False)


class FollowUpItem(Schema):
    no = fields.String(required=True)
    ticket_no = fields.String(required=True)
    feedback_no = fields.String(required=True)
    status = fields.String(required=True)
    priority = fields.String(required=True, allow_none=True)
    customer_no = fields.String(required=True)
    customer_name = fields.String(required=True)
    holder = fields.String(required=True, allow_none=True)
    department = fields.String(required=True)
    state = fields.String(required=True)
    outcome = fields.String(required=True, allow_none=True)
    due_at = fields.String(required=True)
    attempts = fields.Integer(required=True)
    score = fields.Integer(required=True, allow_none=True)
    solved = fields.Boolean(required=True, allow_none=True)


class FollowUpsOut(Schema):
    items = fields.List(fields.Nested(FollowUpItem), required=True)
    next = fields.String(required=True, allow_none=True)
