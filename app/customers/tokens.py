"""The words that stand for what was taken out of a text."""

from __future__ import annotations

from typing import NamedTuple

NAME, COMPANY, PHONE, EMAIL = "[姓名]", "[公司]", "[电话]", "[邮箱]"
ID_NUMBER, BANK_CARD, PLATE, ADDRESS, ACCOUNT = "[证件号]", "[银行卡]", "[车牌]", "[地址]", "[账号]"
TOKENS = (NAME, COMPANY, PHONE, EMAIL, ID_NUMBER, BANK_CARD, PLATE, ADDRESS, ACCOUNT)


class Found(NamedTuple):
    """A stretch of text that is personal, and the word that takes its place."""

    start: int
    end: int
    token: str
