"""The tables of names that templates look codes up in, with `label(TABLE, code)`."""

from __future__ import annotations

from flask import Flask

from app.customers import labels as customers
from app.policy import ACTION_LABELS, REACH_LABELS, ROLE_LABELS
from app.tickets import codes as tickets

TABLES = {
    "ACTION_LABELS": ACTION_LABELS,
    "REACH_LABELS": REACH_LABELS,
    "ROLE_LABELS": ROLE_LABELS,
    "CONTACT_LABELS": customers.CONTACT_LABELS,
    "KIND_LABELS": customers.KIND_LABELS,
    "TIER_LABELS": customers.TIER_LABELS,
    "CAUSE_LABELS": tickets.CAUSE_LABELS,
    "CHANNEL_LABELS": tickets.CHANNEL_LABELS,
    "CLOCK_LABELS": tickets.CLOCK_LABELS,
    "ESCALATION_LABELS": tickets.ESCALATION_LABELS,
    "FACT_LABELS": tickets.FACT_LABELS,
    "LEVEL_LABELS": tickets.LEVEL_LABELS,
    "OUTCOME_LABELS": tickets.OUTCOME_LABELS,
    "PRIORITY_LABELS": tickets.PRIORITY_LABELS,
    "STATUS_LABELS": tickets.STATUS_LABELS,
}


def install(app: Flask) -> None:
    app.jinja_env.globals.update(TABLES)
