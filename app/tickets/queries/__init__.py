"""What can be read of tickets, always as somebody (`viewer=`)."""

from app.tickets.queries.catalogue import categories
from app.tickets.queries.lookups import customers_in_full, customers_in_reach, facts_of_customer, recent_of_customer
from app.tickets.queries.scope import (
    facts_of,
    facts_of_many,
    find,
    find_by_id,
    find_follow_up,
    visible,
    within,
)

__all__ = [
    "categories",
    "customers_in_full",
    "customers_in_reach",
    "facts_of",
    "facts_of_customer",
    "facts_of_many",
    "find",
    "find_by_id",
    "find_follow_up",
    "recent_of_customer",
    "visible",
    "within",
]
