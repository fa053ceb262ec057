"""What can be done to a ticket: one file for each step of the loop. Each function: lock → authorize → change → record →
publish; none commits."""

from app.tickets.services.assignment import assign
from app.tickets.services.closing import close, record_attempt, reopen
from app.tickets.services.escalation import ask_expert, escalate
from app.tickets.services.facts import edit_fact
from app.tickets.services.handling import hand_back, start, wait
from app.tickets.services.invalidation import confirm_invalid, invalidate, restore
from app.tickets.services.merging import link, merge, undo_merge
from app.tickets.services.messages import TIME_TO_UNDO, add_message, deliver_message, withdraw_message
from app.tickets.services.registration import register, verify
from app.tickets.services.resolution import record_analysis, resolve, solve_at_once
from app.tickets.services.triage import Judged, preview_priority, triage

__all__ = [
    "TIME_TO_UNDO",
    "Judged",
    "add_message",
    "ask_expert",
    "assign",
    "close",
    "confirm_invalid",
    "deliver_message",
    "edit_fact",
    "escalate",
    "hand_back",
    "invalidate",
    "link",
    "merge",
    "preview_priority",
    "record_analysis",
    "record_attempt",
    "register",
    "reopen",
    "resolve",
    "restore",
    "solve_at_once",
    "start",
    "triage",
    "undo_merge",
    "verify",
    "wait",
    "withdraw_message",
]
