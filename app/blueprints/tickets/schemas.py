"""Bodies and answers of the ticket calls. These names are promises to other programs."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.customers.labels import TIER_LABELS
from app.tickets.codes import (
    CAUSE_LABELS,
    CHANNEL_LABELS,
    ESCALATION_LABELS,
    MARK_LABELS,
    MESSAGE_LABELS,
    PRIORITY_LABELS,
    STATUS_LABELS,
)
from app.web.api.fields import SHORT, Code, Day, Email, Input, Level, Moment, Number, Phone, Text


class CustomerIn(Input):
    name = Text(most=SHORT, required=True)
    phone = Phone()
    email = Email()
    company = Text(most=SHORT)
    tier = Code(TIER_LABELS)


class TicketIn(Input):
    channel = Code(CHANNEL_LABELS, required=True)
    received_at = Moment()
    customer = fields.Nested(CustomerIn)
    product = Text(most=SHORT)
    purchased_on = Day()
    description = Text(required=True)
    occurred_at = Moment()
    scene = Text()
    expectation = Text()
    tried = Text()
    remark = Text()


class VerificationIn(Input):
    note = Text()


class TriageIn(Input):
    category = Text(most=SHORT, required=True)
    impact = Level(required=True)
    urgency = Level(required=True)
    severity = Level(required=True)
    impact_note = Text(most=500)
    urgency_note = Text(most=500)
    severity_note = Text(most=500)
    marks = fields.List(Code(MARK_LABELS), metadata={"maxItems": 4})
    priority = Code(PRIORITY_LABELS)
    reason = Text()
    department = Text(most=SHORT)


class AssignmentIn(Input):
    assignee = Text(most=64)
    department = Text(most=SHORT)
    planned_for = Moment()
    reason = Text()


class Empty(Input):
    """No fields. An empty body is fine too."""


class OptionalReasonIn(Input):
    reason = Text()


class ReasonIn(Input):
    reason = Text(required=True)


class EscalationIn(ReasonIn):
    kind = Code(ESCALATION_LABELS, required=True)


class MergeIn(ReasonIn):
    into = Text(most=24, required=True)


class MessageIn(Input):
    kind = Code(MESSAGE_LABELS, required=True)
    body = Text(required=True)
    channel = Code(CHANNEL_LABELS)
    promised_for = Moment()


class AnalysisIn(Input):
    cause_kind = Code(CAUSE_LABELS, required=True)
    root_cause = Text(required=True)


class ResolutionIn(Input):
    solution = Text(required=True)
    improvement = Text()
    overdue_explanation = Text()


class CustomerOut(Schema):
    customer_no = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    tier = fields.String(required=True)


class DueOut(Schema):
    response = fields.String(required=True, allow_none=True)
    resolution = fields.String(required=True, allow_none=True)
    planned = fields.String(required=True, allow_none=True)


class FollowUpBrief(Schema):
    no = fields.String(required=True)
    state = fields.String(required=True)
    outcome = fields.String(required=True, allow_none=True)
    due_at = fields.String(required=True)
    completed_at = fields.String(required=True, allow_none=True)
    solved = fields.Boolean(required=True, allow_none=True)
    score = fields.Integer(required=True, allow_none=True)
    cycle = fields.Integer(required=True)


class TicketOut(Schema):
    ticket_no = fields.String(required=True)
    feedback_no = fields.String(required=True)
    status = fields.String(required=True)
    priority = fields.String(required=True, allow_none=True)
    priority_rule = fields.String(required=True, allow_none=True)
    category = fields.String(required=True, allow_none=True)
    department = fields.String(required=True)
    home_department = fields.String(required=True)
    assignee = fields.String(required=True, allow_none=True)
    customer = fields.Nested(CustomerOut, required=True)
    channel = fields.String(required=True)
    received_at = fields.String(required=True)
    description = fields.String(required=True)
    product = fields.String(required=True)
    due_at = fields.Nested(DueOut, required=True)
    remark = fields.String(required=True)
    cycle = fields.Integer(required=True)
    closed_as = fields.String(required=True, allow_none=True)
    merged_into = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)
    follow_ups = fields.List(fields.Nested(FollowUpBrief), required=True)


class TicketsOut(Schema):
    items = fields.List(fields.Nested(TicketOut), required=True)
    next = fields.String(required=True, allow_none=True)


class ResolutionOut(Schema):
    no = fields.String(required=True, metadata={"description": "the number of the follow-up that this made"})
    due_at = fields.String(required=True)
    ticket_no = fields.String(required=True)
    status = fields.String(required=True)


class MessageOut(Schema):
    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    ticket_no = fields.String(required=True)
    at = fields.String(required=True)


class TicketFilters(Input):
    """The same names as the list page's query string; a repeated name means any of its values."""

    status = fields.List(Code(STATUS_LABELS))
    priority = fields.List(Code(PRIORITY_LABELS))
    category = fields.List(Text(most=40))
    department = fields.List(Text(most=40))
    assignee = fields.List(Text(most=64))
    channel = fields.List(Code(CHANNEL_LABELS))
    customer = Text(most=24)
    overdue = fields.Boolean()
    mine = fields.Boolean()
    q = Text(most=SHORT, blank=True)
    order = fields.String(validate=validate.OneOf(["updated", "due", "priority", "received"]))
    cursor = fields.String(metadata={"description": "`next` of the page before"})
    limit = Number(1, 200, strict=False)
