"""What can be told, in words. No personal data: a number, a place to look, and what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from app.words import N_, Sentence, say


class Kind(StrEnum):
    TICKET_ASSIGNED = "ticket.assigned"
    TICKET_ROUTED = "ticket.routed"
    TICKET_HANDED_BACK = "ticket.handed_back"
    TICKET_REOPENED = "ticket.reopened"
    TICKET_ESCALATED = "ticket.escalated"
    INVALIDATION_ASKED = "ticket.invalid_asked"
    EXPERT_ASKED = "ticket.expert_asked"
    FOLLOW_UP_CREATED = "follow_up.created"
    FOLLOW_UP_FLAGGED = "follow_up.flagged"
    FOLLOW_UP_UNREACHABLE = "follow_up.unreachable"
    MESSAGE_INBOUND = "message.inbound"
    RIGHTS_CHANGED = "account.rights_changed"


TEXTS: Mapping[str, str] = MappingProxyType(
    {
        Kind.TICKET_ASSIGNED: N_("工单 %(no)s 已派给您"),
        Kind.TICKET_ROUTED: N_("工单 %(no)s 已转到您的部门，等待安排处理人"),
        Kind.TICKET_HANDED_BACK: N_("工单 %(no)s 被退回，需要重新分类"),
        Kind.TICKET_REOPENED: N_("工单 %(no)s 已重开，请继续处理"),
        Kind.TICKET_ESCALATED: N_("工单 %(no)s 已升级，请尽快介入"),
        Kind.INVALIDATION_ASKED: N_("工单 %(no)s 申请判为无效，等待确认"),
        Kind.EXPERT_ASKED: N_("工单 %(no)s 请您会诊"),
        Kind.FOLLOW_UP_CREATED: N_("工单 %(no)s 已解决，请按时回访"),
        Kind.FOLLOW_UP_FLAGGED: N_("工单 %(no)s 等待回访时客户又来信了"),
        Kind.FOLLOW_UP_UNREACHABLE: N_("工单 %(no)s 三次回访未联系上，可以按“无法联系”关闭"),
        Kind.MESSAGE_INBOUND: N_("工单 %(no)s 有客户来信"),
        Kind.RIGHTS_CHANGED: N_("%(name)s 被授予管理角色，请核对"),
    }
)
ICONS: Mapping[str, str] = MappingProxyType(
    {
        Kind.TICKET_REOPENED: "refresh",
        Kind.TICKET_ESCALATED: "alert",
        Kind.FOLLOW_UP_CREATED: "phone",
        Kind.FOLLOW_UP_UNREACHABLE: "phone",
        Kind.FOLLOW_UP_FLAGGED: "mail",
        Kind.MESSAGE_INBOUND: "mail",
        Kind.RIGHTS_CHANGED: "shield",
    }
)
OTHER = N_("有一条新通知")


def sentence(kind: str, *, no: str | None, name: str | None) -> Sentence:
    """The notification in one sentence. A kind that a newer version wrote is still shown."""
    return say(TEXTS.get(kind, OTHER), no=no or "", name=name or "")
