"""The staff of 岚屿智能电器: thirty people in the fourteen departments, twelve of them with the well-known accounts."""

from __future__ import annotations

from dataclasses import dataclass

COMPANY = "岚屿智能电器"


@dataclass(frozen=True)
class Person:
    login: str
    name: str
    department: str
    roles: tuple[str, ...]
    skills: tuple[str, ...] = ()


PEOPLE: tuple[Person, ...] = (
    Person("lin", "林晓雯", "service", ("agent",), ("手机", "在线客服", "安抚投诉")),
    Person("wang", "王思远", "service", ("supervisor",), ("投诉处理", "应急")),
    Person("chen", "陈立", "support", ("engineer",), ("手机", "电池", "拆检")),
    Person("sun", "孙悦", "product", ("product_manager",), ("清洁电器", "应用")),
    Person("zhou", "周启明", "service", ("head",), ("评审", "应急")),
    Person("he", "何佳", "service", ("service_admin",), ("数据整理",)),
    Person("zhao", "赵文静", "quality", ("quality",), ("质检",)),
    Person("qian", "钱伯均", "support", ("expert",), ("电池", "空调", "培训")),
    Person("xiao", "肖楠", "service", ("trainee",)),
    Person("luo", "罗小川", "sales", ("member",), ("企业客户",)),
    Person("gao", "高远", "operations", ("executive",)),
    Person("root", "韩磊", "it", ("sysadmin",)),
    Person("wu", "吴倩", "service", ("agent",), ("空调", "在线客服", "粤语")),
    Person("zheng", "郑凯", "service", ("agent",), ("大家电", "热线")),
    Person("feng", "冯雨桐", "service", ("agent",), ("小家电", "在线客服")),
    Person("xu", "许诺", "service", ("agent", "expert"), ("手机", "投诉处理", "话术编写")),
    Person("jiang", "蒋涛", "support", ("engineer",), ("空调", "大家电", "上门")),
    Person("tang", "唐一鸣", "support", ("engineer",), ("清洁电器", "固件", "可穿戴")),
    Person("zhu", "朱琳", "quality", ("engineer",), ("批次分析", "来料检验")),
    Person("wei", "魏东", "rnd", ("engineer",), ("系统软件", "固件")),
    Person("qin", "秦朗", "product", ("product_manager",), ("手机", "可穿戴")),
    Person("han", "韩雪", "sales", ("member",), ("渠道",)),
    Person("lv", "吕静", "marketing", ("member",), ("活动",)),
    Person("shi", "施然", "operations", ("member",), ("网点管理", "门店")),
    Person("zhang", "张薇", "hr", ("member",), ("培训",)),
    Person("kong", "孔令仪", "finance", ("member",), ("退款", "发票")),
    Person("cao", "曹睿", "legal", ("member",), ("三包规定",)),
    Person("yan", "严希", "pr", ("member",), ("媒体沟通",)),
    Person("you", "尤佳", "supply", ("member",), ("仓储", "承运商")),
    Person("jin", "金辰", "it", ("member",), ("网络",)),
)

# department: (manager, contact person)
LEADS: dict[str, tuple[str, str]] = {
    "service": ("wang", "lin"),
    "support": ("tang", "chen"),
    "product": ("sun", "qin"),
    "quality": ("zhu", "zhao"),
    "rnd": ("wei", "wei"),
    "sales": ("han", "luo"),
    "marketing": ("lv", "lv"),
    "operations": ("shi", "shi"),
    "hr": ("zhang", "zhang"),
    "finance": ("kong", "kong"),
    "legal": ("cao", "cao"),
    "pr": ("yan", "yan"),
    "supply": ("you", "you"),
    "it": ("jin", "root"),
}

# who, deputy, first and last day counted from today
DEPUTIES: tuple[tuple[str, str, int, int], ...] = (
    ("zhou", "wang", -2, 5),
    ("chen", "jiang", 12, 19),
)
