"""Chinese words (message ids) for the codes that only the administration shows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from app.sla.clock import Unit
from app.tickets.followups import OtherPerson
from app.words import N_

UNIT_LABELS: Mapping[Unit, str] = MappingProxyType(
    {
        Unit.MINUTE: N_("分钟"),
        Unit.HOUR: N_("小时"),
        Unit.WORKING_DAY: N_("工作日"),
        Unit.NEXT_CYCLE: N_("下个周期末"),
    }
)
OTHER_PERSON_LABELS: Mapping[OtherPerson, str] = MappingProxyType(
    {
        OtherPerson.OFF: N_("谁都可以"),
        OtherPerson.PREFER: N_("尽量换人"),
        OtherPerson.REQUIRE: N_("必须换人"),
    }
)
AUDIT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "access.denied": N_("被拒绝的访问"),
        "audit.verified": N_("核对审计链"),
        "category.added": N_("新增分类"),
        "category.edited": N_("修改分类"),
        "category.restored": N_("恢复分类"),
        "category.retired": N_("停用分类"),
        "customer.edited": N_("修改客户资料"),
        "customer.erased": N_("删除客户个人信息"),
        "customer.exported": N_("导出客户数据"),
        "customer.flagged": N_("标记重点客户"),
        "customer.looked_up": N_("查找客户"),
        "customer.merged": N_("合并客户"),
        "customer.purchase_added": N_("登记购买记录"),
        "customer.revealed": N_("显示个人信息"),
        "customer.tier_set": N_("调整客户类型"),
        "department.created": N_("新建部门"),
        "department.edited": N_("修改部门"),
        "department.retired": N_("停用部门"),
        "deputy.appointed": N_("指定代理人"),
        "deputy.taken_back": N_("收回代理"),
        "job.retried": N_("重试后台任务"),
        "login": N_("登录"),
        "login.failed": N_("登录失败"),
        "login.locked": N_("登录被锁定"),
        "login.step_up": N_("再次确认身份"),
        "login.step_up_failed": N_("确认身份失败"),
        "logout": N_("退出登录"),
        "priority_matrix.edited": N_("修改优先级矩阵"),
        "product.added": N_("新增产品"),
        "product.batch_added": N_("新增批次"),
        "product.edited": N_("修改产品"),
        "product.restored": N_("恢复产品"),
        "product.retired": N_("停用产品"),
        "routing_rule.added": N_("新增派单规则"),
        "routing_rule.deleted": N_("删除派单规则"),
        "routing_rule.edited": N_("修改派单规则"),
        "routing_rule.moved": N_("调整派单顺序"),
        "session.ended": N_("结束一处登录"),
        "session.ended_others": N_("结束其他登录"),
        "sla_policy.added": N_("新增时限政策"),
        "sla_policy.edited": N_("修改时限政策"),
        "sla_policy.restored": N_("恢复时限政策"),
        "sla_policy.retired": N_("停用时限政策"),
        "ticket.closed": N_("关闭工单"),
        "ticket.closed_unreachable": N_("按“无法联系”关闭工单"),
        "ticket.escalated": N_("升级工单"),
        "ticket.invalid_confirmed": N_("确认工单无效"),
        "ticket.merge_undone": N_("撤销合并"),
        "ticket.merged": N_("合并工单"),
        "ticket.priority_overridden": N_("手工调整优先级"),
        "ticket.reopened": N_("重开工单"),
        "ticket.restored": N_("恢复工单"),
        "token.created": N_("新建 API 令牌"),
        "token.revoked": N_("作废 API 令牌"),
        "user.created": N_("新建账号"),
        "user.disabled": N_("停用账号"),
        "user.edited": N_("修改账号资料"),
        "user.enabled": N_("恢复账号"),
        "user.handed_over": N_("交接工作"),
        "user.invited": N_("生成一次性链接"),
        "user.password_changed": N_("修改密码"),
        "user.password_reset": N_("通过链接设定密码"),
        "user.profile": N_("修改个人设置"),
        "user.recovery_codes": N_("生成恢复码"),
        "user.roles": N_("调整角色"),
        "user.second_factor_off": N_("关闭两步验证"),
        "user.second_factor_on": N_("开启两步验证"),
        "user.signed_out_everywhere": N_("退出所有登录"),
        "user.skills": N_("修改技能"),
    }
)
SUBJECT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "ticket": N_("工单"),
        "customer": N_("客户"),
        "user": N_("人员"),
        "department": N_("部门"),
        "category": N_("分类"),
        "priority_cell": N_("优先级矩阵"),
        "sla_policy": N_("时限政策"),
        "routing_rule": N_("派单规则"),
        "product": N_("产品"),
        "deputyship": N_("代理"),
        "api_token": N_("API 令牌"),
        "user_session": N_("登录会话"),
        "follow_up": N_("回访"),
        "purchase": N_("购买记录"),
        "outbox_message": N_("后台任务"),
        "audit_entry": N_("审计"),
    }
)
DATA_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "added": N_("增加"),
        "assignee": N_("责任人"),
        "batch": N_("批次编号"),
        "broken": N_("第一处断点"),
        "category": N_("分类"),
        "cells": N_("格子"),
        "code": N_("代码"),
        "customers": N_("涉及客户数"),
        "department": N_("部门"),
        "department_id": N_("部门"),
        "deputy_id": N_("代理人"),
        "endpoint": N_("页面"),
        "entries": N_("记录数"),
        "field": N_("项目"),
        "fields": N_("改动的项目"),
        "follow_ups": N_("回访"),
        "into": N_("并入"),
        "kind": N_("方式"),
        "login": N_("账号"),
        "manager_id": N_("负责人"),
        "method": N_("请求方式"),
        "outcome": N_("结果"),
        "position": N_("位置"),
        "position_was": N_("原位置"),
        "purchase": N_("购买记录编号"),
        "removed": N_("移除"),
        "replayed": N_("恢复后重做"),
        "targets": N_("时限"),
        "tickets": N_("工单"),
        "tier": N_("客户类型"),
        "to": N_("改为"),
        "topic": N_("任务"),
        "user_id": N_("人员"),
    }
)
# Values of audit data that are codes of this page's own making, and names of edited fields.
VALUE_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "address": N_("地址"),
        "assisting": N_("协办部门"),
        "categories": N_("分类"),
        "category": N_("分类"),
        "channel": N_("渠道"),
        "channels": N_("渠道"),
        "company": N_("公司"),
        "complaint": N_("投诉"),
        "department_id": N_("处理部门"),
        "email": N_("邮箱"),
        "escalate": N_("升级"),
        "form5": N_("需求类型"),
        "impact": N_("影响范围"),
        "last4": N_("手机后四位"),
        "merged": N_("随目标工单关闭"),
        "name": N_("名称"),
        "other_person": N_("回访换人"),
        "pauses_in_waiting": N_("待客户时暂停"),
        "phone": N_("电话"),
        "priority": N_("优先级"),
        "product_id": N_("产品"),
        "promise_counts": N_("承诺即达成"),
        "role": N_("交给负责人"),
        "satisfied": N_("满意"),
        "severity": N_("严重性"),
        "tier": N_("客户类型"),
        "tiers": N_("客户类型"),
        "unreachable": N_("无法联系"),
        "urgency": N_("紧急程度"),
        "wechat": N_("微信"),
    }
)
# What a job of the queue is about, by the part of its topic before the dot.
TOPIC_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "account": N_("登录账号"),
        "customer": N_("客户"),
        "follow_up": N_("回访"),
        "mail": N_("邮件"),
        "message": N_("消息"),
        "notification": N_("通知"),
        "periodic": N_("定时任务"),
        "ticket": N_("工单"),
    }
)
SETTING_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "BIHUAN_ENV": N_("运行环境"),
        "DATA_DIR": N_("数据目录"),
        "DATABASE_URL": N_("数据库"),
        "SECRET_KEY": N_("签名密钥"),
        "FIELD_KEYS": N_("字段加密密钥"),
        "INDEX_KEY": N_("索引密钥"),
        "BASE_URL": N_("访问地址"),
        "TIMEZONE": N_("公司时区"),
        "DEFAULT_LOCALE": N_("默认语言"),
        "SEARCH_BACKEND": N_("搜索引擎"),
        "ASSETS": N_("前端文件来源"),
        "HTMX_CDN_URL": N_("CDN 地址"),
        "SMTP_URL": N_("发信服务器"),
        "MAIL_FROM": N_("发件人"),
        "IMAP_URL": N_("收信服务器"),
        "REDIS_URL": N_("Redis"),
        "METRICS_TOKEN": N_("监控令牌"),
        "MAX_UPLOAD_MB": N_("上传上限（MB）"),
        "TRUSTED_PROXIES": N_("可信代理层数"),
        "LOG_FORMAT": N_("日志格式"),
    }
)
