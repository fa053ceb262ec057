"""Chinese names (message ids) of a customer's codes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from app.customers.models import ContactKind, CustomerKind, Tier
from app.words import N_

TIER_LABELS: Mapping[Tier, str] = MappingProxyType(
    {Tier.VIP: N_("VIP"), Tier.RETURNING: N_("老客户"), Tier.NEW: N_("新客户")}
)
KIND_LABELS: Mapping[CustomerKind, str] = MappingProxyType(
    {
        CustomerKind.PERSON: N_("个人"),
        CustomerKind.COMPANY: N_("企业"),
        CustomerKind.UNKNOWN: N_("未知客户"),
        CustomerKind.STAFF: N_("内部人员"),
    }
)
CONTACT_LABELS: Mapping[ContactKind, str] = MappingProxyType(
    {
        ContactKind.PHONE: N_("电话"),
        ContactKind.EMAIL: N_("邮箱"),
        ContactKind.WECHAT: N_("微信"),
        ContactKind.WECOM: N_("企业微信"),
    }
)
