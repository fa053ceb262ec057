"""Timeline entries in words. An entry keeps ids and codes; names and sentences are made when it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.tickets.codes import (
    CAUSE_LABELS,
    ESCALATION_LABELS,
    FACT_LABELS,
    LINK_LABELS,
    METHOD_LABELS,
    OUTCOME_LABELS,
    CauseKind,
    EscalationKind,
    LinkKind,
    Method,
    Outcome,
)
from app.tickets.models import Event
from app.words import Sentence, say


@dataclass(frozen=True)
class Names:
    """What ids and codes are called."""

    people: Mapping[int, str] = field(default_factory=dict)
    departments: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    tickets: Mapping[int, str] = field(default_factory=dict)
    follow_ups: Mapping[int, str] = field(default_factory=dict)

    def person(self, id_: Any) -> str | Sentence:
        return self.people.get(id_) or say("（未指定）")

    def department(self, code: Any) -> Sentence:
        return say(self.departments.get(code) or str(code or ""))

    def category(self, code: Any) -> Sentence:
        return say(self.categories.get(code) or str(code or ""))

    def ticket(self, id_: Any) -> str | Sentence:
        return self.tickets.get(id_) or say("另一张工单")


Teller = Callable[[dict[str, Any], Names], Sentence]


def sentence_of(event: Event, names: Names) -> Sentence:
    """What happened, without who and when."""
    teller = _TELLERS.get(event.kind)
    return teller(event.data or {}, names) if teller else say("更新了工单")


def _triaged(data: dict[str, Any], names: Names) -> Sentence:
    told = say(
        "分级：%(category)s，%(priority)s，派到%(department)s",
        category=names.category(data.get("category")),
        priority=data.get("priority", ""),
        department=names.department(data.get("department")),
    )
    return say("%(told)s（手工调整优先级）", told=told) if data.get("override") else told


def _reclassified(data: dict[str, Any], names: Names) -> Sentence:
    told = say(
        "重新分级：%(category)s，%(was)s 改为 %(priority)s",
        category=names.category(data.get("category")),
        was=data.get("priority_was") or "—",
        priority=data.get("priority", ""),
    )
    return say("%(told)s（手工调整优先级）", told=told) if data.get("override") else told


def _assigned(data: dict[str, Any], names: Names) -> Sentence:
    planned = data.get("planned_for")
    if data.get("assignee") is None:
        return say("取消指派，由部门认领")
    if planned:
        return say(
            "指派给%(name)s，计划 %(at)s 完成",
            name=names.person(data["assignee"]),
            at=datetime.fromisoformat(planned),
        )
    return say("指派给%(name)s", name=names.person(data["assignee"]))


def _planned(data: dict[str, Any], names: Names) -> Sentence:
    return say("计划完成时间定为 %(at)s", at=datetime.fromisoformat(data["planned_for"]))


def _transferred(data: dict[str, Any], names: Names) -> Sentence:
    return say(
        "从%(was)s转到%(department)s",
        was=names.department(data.get("department_was")),
        department=names.department(data.get("department")),
    )


def _started(data: dict[str, Any], names: Names) -> Sentence:
    return say("认领并着手处理") if data.get("claimed") else say("着手处理")


def _resumed(data: dict[str, Any], names: Names) -> Sentence:
    return say("收到客户来信，恢复处理") if data.get("by_message") else say("恢复处理")


def _analysed(data: dict[str, Any], names: Names) -> Sentence:
    return say("记录原因：%(kind)s", kind=say(CAUSE_LABELS[CauseKind(data["cause_kind"])]))


def _resolved(data: dict[str, Any], names: Names) -> Sentence:
    told = say("即时解决") if data.get("at_once") else say("提交了解决")
    if data.get("holder") is None:
        return say("%(told)s，等待回访", told=told)
    return say("%(told)s，由%(name)s回访", told=told, name=names.person(data["holder"]))


def _attempt(data: dict[str, Any], names: Names) -> Sentence:
    method = say(METHOD_LABELS[Method(data["method"])])
    if not data.get("reached"):
        return say("%(method)s回访，没有联系上", method=method)
    if not data.get("solved"):
        return say("%(method)s回访，客户说没有解决", method=method)
    if data.get("score") is None:
        return say("%(method)s回访，已解决", method=method)
    return say("%(method)s回访，已解决，%(score)s 分", method=method, score=data["score"])


def _reopened(data: dict[str, Any], names: Names) -> Sentence:
    return say("重开，第 %(n)s 轮处理", n=data.get("cycle", ""))


def _closed(data: dict[str, Any], names: Names) -> Sentence:
    return say("关闭：%(outcome)s", outcome=say(OUTCOME_LABELS[Outcome(data["outcome"])]))


def _escalated(data: dict[str, Any], names: Names) -> Sentence:
    return say(ESCALATION_LABELS[EscalationKind(data["kind"])])


def _linked(data: dict[str, Any], names: Names) -> Sentence:
    label = say(LINK_LABELS[LinkKind(data["kind"])])
    other = names.ticket(data.get("to") or data.get("origin"))
    return say("关联 %(no)s（%(kind)s）", no=other, kind=label)


def _ticket(msgid: Callable[[str | Sentence], Sentence], key: str) -> Teller:
    return lambda data, names: msgid(names.ticket(data.get(key)))


_TELLERS: Mapping[str, Teller] = {
    "registered": lambda d, n: say("登记了反馈，通话中已答复") if d.get("answered") else say("登记了反馈"),
    "verified": lambda d, n: say("与客户核实"),
    "triaged": _triaged,
    "reclassified": _reclassified,
    "assigned": _assigned,
    "planned": _planned,
    "transferred": _transferred,
    "started": _started,
    "resumed": _resumed,
    "waiting": lambda d, n: say("等待客户答复"),
    "handed_back": lambda d, n: say("%(department)s退单", department=n.department(d.get("department"))),
    "message": lambda d, n: say("记录了一条消息"),
    "message_withdrawn": lambda d, n: say("撤回了一条回复"),
    "analysed": _analysed,
    "resolved": _resolved,
    "attempt": _attempt,
    "reopened": _reopened,
    "closed": _closed,
    "merged": _ticket(lambda no: say("并入 %(no)s", no=no), "into"),
    "merge_undone": _ticket(lambda no: say("撤销并入 %(no)s", no=no), "into"),
    "merge_moved": _ticket(lambda no: say("随合并改为并入 %(no)s", no=no), "into"),
    "child_merged": _ticket(lambda no: say("%(no)s 并入这张工单", no=no), "child"),
    "child_split": _ticket(lambda no: say("%(no)s 不再并入这张工单", no=no), "child"),
    "closed_with_target": _ticket(lambda no: say("随 %(no)s 一起关闭", no=no), "target"),
    "invalid_asked": lambda d, n: say("提出无效申请"),
    "invalid_withdrawn": lambda d, n: say("撤回无效申请"),
    "invalid_confirmed": lambda d, n: say("判定为无效"),
    "restored": lambda d, n: say("恢复了工单"),
    "escalated": _escalated,
    "linked": _linked,
    "edited": lambda d, n: say("修改了%(field)s", field=say(FACT_LABELS[d["field"]])),
    "flagged": lambda d, n: say("回访前客户又来信，请先看来信"),
    "expert_asked": lambda d, n: say("请教专家%(name)s", name=n.person(d.get("user"))),
}
