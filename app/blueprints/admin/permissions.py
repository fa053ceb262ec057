"""The permission table as a page draws it: made from `policy.RULES`, never written by hand."""

from __future__ import annotations

from dataclasses import dataclass

from app.policy import ACTION_LABELS, REACH_LABELS, RULES, Action, Reach, Role
from app.words import N_, Sentence, say

GROUPS = (
    (N_("工单"), ("sign_in", "ticket.")),
    (N_("客户"), ("customer.",)),
    (N_("管理"), ("admin.", "audit.")),
)
EXPLAINED = {
    Reach.ALL: N_("不限范围。"),
    Reach.DEPT: N_("本部门登记、处理或协办的工单。"),
    Reach.OWN: N_("自己登记、负责或回访的工单，以及代理期间所代理同事的；关闭 30 天后不再算。"),
    Reach.ASSIGNEE: N_("自己负责的工单；还没有责任人时，处理部门的成员可以认领。"),
    Reach.MANAGED: N_("所管部门登记、处理或协办的工单。"),
    Reach.ASKED: N_("请自己协助、还没有结束的工单。"),
    Reach.SAMPLED: N_("抽到自己名下的质检样本。"),
}


@dataclass(frozen=True)
class Row:
    """One action: the reach of each role in their order, and what the manager of a department has."""

    action: Action
    label: str
    reaches: tuple[Reach | None, ...]
    manager: Reach | None


def table() -> list[tuple[str, list[Row]]]:
    return [
        (title, [_row(action) for action in Action if action.value.startswith(prefixes)]) for title, prefixes in GROUPS
    ]


def _row(action: Action) -> Row:
    rule = RULES[action]
    manager = Reach.MANAGED if Role.SUPERVISOR in rule else None
    if action is Action.SIGN_IN:
        manager = Reach.ALL
    return Row(action, ACTION_LABELS[action], tuple(rule.get(role) for role in Role), manager)


def legend() -> list[tuple[Reach, str, Sentence]]:
    """The reaches that occur, with what they mean."""
    used = {reach for rule in RULES.values() for reach in rule.values()} | {Reach.MANAGED}
    return [(reach, REACH_LABELS[reach], say(EXPLAINED[reach])) for reach in EXPLAINED if reach in used]
