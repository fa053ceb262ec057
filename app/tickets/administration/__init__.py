"""Changing the rules themselves: categories, the priority matrix, promises on time, routing.

Every change reads authorize → validate → change → record. A version guards it, so that two people who edit the same
thing at once don't overwrite each other unseen.
"""

from app.tickets.administration.categories import (
    FORM5_KINDS,
    CategoryGiven,
    TopCategory,
    add_category,
    category_of,
    category_tree,
    edit_category,
    restore_category,
    retire_category,
)
from app.tickets.administration.leaving import Held, hand_over, held_by
from app.tickets.administration.matrix import MatrixCell, Slip, matrix, matrix_version, set_matrix, slips
from app.tickets.administration.promises import (
    PolicyGiven,
    PolicyShown,
    add_policy,
    edit_policy,
    policies,
    policy_of,
    restore_policy,
    retire_policy,
)
from app.tickets.administration.routes import (
    RuleGiven,
    RuleShown,
    add_rule,
    delete_rule,
    edit_rule,
    move_rule,
    rule_of,
    rules,
)

__all__ = [
    "FORM5_KINDS",
    "CategoryGiven",
    "Held",
    "MatrixCell",
    "PolicyGiven",
    "PolicyShown",
    "RuleGiven",
    "RuleShown",
    "Slip",
    "TopCategory",
    "add_category",
    "add_policy",
    "add_rule",
    "category_of",
    "category_tree",
    "delete_rule",
    "edit_category",
    "edit_policy",
    "edit_rule",
    "hand_over",
    "held_by",
    "matrix",
    "matrix_version",
    "move_rule",
    "policies",
    "policy_of",
    "restore_category",
    "restore_policy",
    "retire_category",
    "retire_policy",
    "rule_of",
    "rules",
    "set_matrix",
    "slips",
]
