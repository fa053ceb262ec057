"""The places of the administration: what each is for, and who finds it in the menu."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.policy import Action
from app.web.access import may_here
from app.words import N_, NC_


@dataclass(frozen=True)
class Place:
    endpoint: str
    label: str
    about: str
    icon: str
    actions: tuple[Action, ...]


PEOPLE: Sequence[Place] = (
    Place("people", NC_("nav", "人员"), N_("账号、角色、技能、代理人，停用与交接"), "people", (Action.USERS_ADMIN,)),
    Place("departments", NC_("nav", "部门"), N_("部门负责人与接口人"), "building", (Action.USERS_ADMIN,)),
    Place("matrix", NC_("nav", "权限表"), N_("每个角色能做什么、范围多大"), "grid", (Action.MATRIX_SEE,)),
    Place(
        "lonely",
        NC_("nav", "单点风险"),
        N_("没有代理人的关键岗位，只有一个人会的技能"),
        "alert",
        (Action.USERS_ADMIN, Action.MATRIX_SEE),
    ),
)
RULES: Sequence[Place] = (
    Place("categories", NC_("nav", "分类"), N_("两级分类与默认的三项指标"), "tag", (Action.CATEGORIES_ADMIN,)),
    Place(
        "priority", NC_("nav", "优先级"), N_("严重性、影响、紧急得出优先级的 27 格"), "rise", (Action.CATEGORIES_ADMIN,)
    ),
    Place("sla", NC_("nav", "时限"), N_("响应、解决、计划完成、回访的时限"), "clock", (Action.CATEGORIES_ADMIN,)),
    Place(
        "routing",
        NC_("nav", "派单规则"),
        N_("哪类工单归哪个部门，从上到下先匹配先用"),
        "split",
        (Action.CATEGORIES_ADMIN,),
    ),
    Place("products", NC_("nav", "产品"), N_("产品型号、服务项目与批次"), "grid", (Action.CATEGORIES_ADMIN,)),
)
SYSTEM: Sequence[Place] = (
    Place("audit", NC_("nav", "审计"), N_("谁在什么时候做了什么、看了什么"), "history", (Action.AUDIT_SEE,)),
    Place("jobs", NC_("nav", "后台任务"), N_("排队、失败和重试，工作进程是否在运行"), "inbox", (Action.JOBS_ADMIN,)),
    Place("settings", NC_("nav", "系统设置"), N_("正在生效的配置，密钥不显示"), "gear", (Action.SETTINGS_ADMIN,)),
)
GROUPS: Sequence[tuple[str, Sequence[Place]]] = (
    (N_("人员与权限"), PEOPLE),
    (N_("受理规则"), RULES),
    (N_("系统"), SYSTEM),
)
EVERY_ACTION = tuple(dict.fromkeys(action for _, places in GROUPS for place in places for action in place.actions))


def open_to_actor() -> list[tuple[str, list[Place]]]:
    """The groups with the places that whoever asks may enter; empty groups are left out."""
    found = [(title, [p for p in places if any(may_here(a) for a in p.actions)]) for title, places in GROUPS]
    return [(title, places) for title, places in found if places]
