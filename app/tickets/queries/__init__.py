"""What can be read of tickets, always as somebody (`viewer=`)."""

from app.tickets.queries.asking import FollowUpRow, count_follow_ups, follow_up_page
from app.tickets.queries.home import Home, home
from app.tickets.queries.listing import Filters, Page, Row, count, page
from app.tickets.queries.lookups import (
    Candidate,
    assignable,
    categories,
    customers_in_full,
    customers_in_reach,
    facts_of_customer,
    find_message,
    recent_of_customer,
    tickets_of_customer,
)
from app.tickets.queries.scope import (
    facts_of,
    facts_of_many,
    find,
    find_by_id,
    find_follow_up,
    visible,
    within,
)
from app.tickets.queries.shown import TicketPage, fact_text, rule_sentence
from app.tickets.queries.steps import Step, steps
from app.tickets.queries.whole import whole

__all__ = [
    "Candidate",
    "Filters",
    "FollowUpRow",
    "Home",
    "Page",
    "Row",
    "Step",
    "TicketPage",
    "assignable",
    "categories",
    "count",
    "count_follow_ups",
    "customers_in_full",
    "customers_in_reach",
    "fact_text",
    "facts_of",
    "facts_of_customer",
    "facts_of_many",
    "find",
    "find_by_id",
    "find_follow_up",
    "find_message",
    "follow_up_page",
    "home",
    "page",
    "recent_of_customer",
    "rule_sentence",
    "steps",
    "tickets_of_customer",
    "visible",
    "whole",
    "within",
]
