"""The codes of a ticket's life and their Chinese names (message ids)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from app.words import N_


class Status(StrEnum):
    NEW = "new"
    TRIAGE = "triage"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"
    MERGED = "merged"
    INVALID = "invalid"


OPEN = frozenset({Status.NEW, Status.TRIAGE, Status.ASSIGNED, Status.IN_PROGRESS, Status.WAITING, Status.RESOLVED})
UNSOLVED = OPEN - {Status.RESOLVED}


class Channel(StrEnum):
    PHONE = "phone"
    HOTLINE = "hotline"
    VIDEO = "video"
    CHAT = "chat"
    EMAIL = "email"
    WECHAT = "wechat"
    WECOM = "wecom"
    WEB = "web"
    SOCIAL = "social"
    PAPER = "paper"
    ONSITE = "onsite"
    INTERNAL = "internal"
    API = "api"


LIVE_CHANNELS = frozenset({Channel.CHAT, Channel.PHONE, Channel.HOTLINE, Channel.WECOM, Channel.WECHAT})


class Priority(StrEnum):
    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class CauseKind(StrEnum):
    HARDWARE = "hardware"
    SOFTWARE = "software"
    MISUSE = "misuse"
    PROCESS = "process"
    TRAINING = "training"
    THIRD_PARTY = "third_party"
    OTHER = "other"


class Mark(StrEnum):
    SAFETY = "safety"
    DOWN = "down"
    OUTAGE = "outage"
    MAJOR_COMPLAINT = "major_complaint"


class MessageKind(StrEnum):
    REPLY = "reply"
    NOTE = "note"
    INBOUND = "inbound"


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class ClockKind(StrEnum):
    RESPONSE = "response"
    SOLUTION = "solution"
    PLANNED = "planned"
    FOLLOW_UP = "follow_up"


class Outcome(StrEnum):
    """How a follow-up, and with it a ticket, ended."""

    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    UNREACHABLE = "unreachable"
    MERGED = "merged"  # a ticket closed together with the one it was merged into


class FollowUpState(StrEnum):
    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"  # the ticket was reopened by hand before the customer was asked


class Method(StrEnum):
    PHONE = "phone"
    ONLINE = "online"


class EscalationKind(StrEnum):
    COMPLAINT = "complaint"
    SUPERVISOR = "supervisor"
    HEAD = "head"
    REGULATOR = "regulator"


class LinkKind(StrEnum):
    FOLLOWS = "follows"
    DUPLICATE = "duplicate"
    PARENT = "parent"  # from the child to the parent
    CAUSED_BY = "caused_by"


class Part(StrEnum):
    ASSIST = "assist"
    ASKED = "asked"
    SAMPLE = "sample"


STATUS_LABELS: Mapping[Status, str] = MappingProxyType(
    {
        Status.NEW: N_("待受理"),
        Status.TRIAGE: N_("待分级"),
        Status.ASSIGNED: N_("待处理"),
        Status.IN_PROGRESS: N_("处理中"),
        Status.WAITING: N_("待客户"),
        Status.RESOLVED: N_("待回访"),
        Status.CLOSED: N_("已关闭"),
        Status.MERGED: N_("已合并"),
        Status.INVALID: N_("无效"),
    }
)
CHANNEL_LABELS: Mapping[Channel, str] = MappingProxyType(
    {
        Channel.PHONE: N_("电话"),
        Channel.HOTLINE: N_("400 热线"),
        Channel.VIDEO: N_("视频"),
        Channel.CHAT: N_("在线客服"),
        Channel.EMAIL: N_("邮件"),
        Channel.WECHAT: N_("公众号"),
        Channel.WECOM: N_("企业微信"),
        Channel.WEB: N_("网页表单"),
        Channel.SOCIAL: N_("社交媒体"),
        Channel.PAPER: N_("纸质表"),
        Channel.ONSITE: N_("现场"),
        Channel.INTERNAL: N_("内部"),
        Channel.API: N_("接口"),
    }
)
PRIORITY_LABELS: Mapping[Priority, str] = MappingProxyType(
    {Priority.P0: N_("紧急"), Priority.P1: N_("高"), Priority.P2: N_("中"), Priority.P3: N_("低")}
)
LEVEL_LABELS: Mapping[int, str] = MappingProxyType({1: N_("低"), 2: N_("中"), 3: N_("高")})
CAUSE_LABELS: Mapping[CauseKind, str] = MappingProxyType(
    {
        CauseKind.HARDWARE: N_("硬件缺陷"),
        CauseKind.SOFTWARE: N_("软件缺陷"),
        CauseKind.MISUSE: N_("使用不当"),
        CauseKind.PROCESS: N_("流程缺口"),
        CauseKind.TRAINING: N_("培训不足"),
        CauseKind.THIRD_PARTY: N_("第三方"),
        CauseKind.OTHER: N_("其他"),
    }
)
MARK_LABELS: Mapping[Mark, str] = MappingProxyType(
    {
        Mark.SAFETY: N_("安全隐患"),
        Mark.DOWN: N_("设备停机"),
        Mark.OUTAGE: N_("服务中断"),
        Mark.MAJOR_COMPLAINT: N_("重大投诉"),
    }
)
MESSAGE_LABELS: Mapping[MessageKind, str] = MappingProxyType(
    {MessageKind.REPLY: N_("回复客户"), MessageKind.NOTE: N_("内部备注"), MessageKind.INBOUND: N_("客户来信")}
)
CLOCK_LABELS: Mapping[ClockKind, str] = MappingProxyType(
    {
        ClockKind.RESPONSE: N_("响应"),
        ClockKind.SOLUTION: N_("解决"),
        ClockKind.PLANNED: N_("计划完成"),
        ClockKind.FOLLOW_UP: N_("回访"),
    }
)
OUTCOME_LABELS: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.SATISFIED: N_("满意"),
        Outcome.DISSATISFIED: N_("不满意"),
        Outcome.UNREACHABLE: N_("无法联系"),
        Outcome.MERGED: N_("随目标工单关闭"),
    }
)
ESCALATION_LABELS: Mapping[EscalationKind, str] = MappingProxyType(
    {
        EscalationKind.COMPLAINT: N_("投诉升级"),
        EscalationKind.SUPERVISOR: N_("升级到主管"),
        EscalationKind.HEAD: N_("升级到售后负责人"),
        EscalationKind.REGULATOR: N_("监管部门介入"),
    }
)
FOLLOW_UP_LABELS: Mapping[FollowUpState, str] = MappingProxyType(
    {
        FollowUpState.OPEN: N_("待回访"),
        FollowUpState.DONE: N_("已回访"),
        FollowUpState.CANCELLED: N_("已取消"),
    }
)
METHOD_LABELS: Mapping[Method, str] = MappingProxyType({Method.PHONE: N_("电话"), Method.ONLINE: N_("线上")})
LINK_LABELS: Mapping[LinkKind, str] = MappingProxyType(
    {
        LinkKind.FOLLOWS: N_("后续工单"),
        LinkKind.DUPLICATE: N_("重复反馈"),
        LinkKind.PARENT: N_("上级工单"),
        LinkKind.CAUSED_BY: N_("起因"),
    }
)
FACT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "description": N_("问题描述"),
        "product": N_("产品或服务"),
        "purchased_on": N_("购买日期"),
        "occurred_at": N_("发生时间"),
        "scene": N_("使用场景"),
        "expectation": N_("客户期望"),
        "tried": N_("已尝试"),
        "remark": N_("备注"),
    }
)
