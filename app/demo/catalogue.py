"""What the company makes, with production batches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Made:
    code: str
    name: str
    line: str
    batches: tuple[str, ...]
    serial: str  # how its serial numbers begin


PRODUCTS: tuple[Made, ...] = (
    Made("x20", "X20 手机", "手机", ("B2603", "B2605", "B2608"), "XA"),
    Made("x20-pro", "X20 Pro 手机", "手机", ("B2604", "B2606", "B2608"), "XP"),
    Made("a9", "A9 挂式空调", "空调", ("K2602", "K2604", "K2605"), "KA"),
    Made("c7", "C7 柜式空调", "空调", ("K2601", "K2605"), "KC"),
    Made("r5", "R5 电饭煲", "厨房电器", ("R2512", "R2603", "R2607"), "RF"),
    Made("v8", "V8 扫地机器人", "清洁电器", ("V2601", "V2604", "V2608"), "VS"),
    Made("w10", "W10 滚筒洗衣机", "大家电", ("W2602", "W2606"), "WG"),
    Made("p2", "P2 空气净化器", "环境电器", ("P2511", "P2605"), "PJ"),
    Made("e3", "E3 无线耳机", "可穿戴", ("E2603", "E2607"), "ER"),
    Made("t5", "T5 智能手表", "可穿戴", ("T2602", "T2606"), "TB"),
)
