"""One spelling for what people type in many: phones, mails, names. What doesn't fit gets a sentence, never an error."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from app.customers.han import fold
from app.words import Sentence, say

PhoneKind = Literal["mobile", "landline", "hotline", "foreign"]

LONGEST_NAME, LONGEST_EMAIL, LONGEST_PHONE = 60, 254, 40

_SPACING = re.compile(r"[\s\-‐-―−－·.()\[\]（）]+")
_EXTENSION = re.compile(r"\s*(?:[,;]\s*)?(?:转|分机号?|ext\.?|x|#)[\s:]*(?P<extension>\d{1,6})$")
_LAST_DASH = re.compile(r"[\s]*[-‐-―−－][\s]*(?P<extension>\d{1,6})$")
_MOBILE = re.compile(r"0?(1[3-9]\d{9})")
_HOTLINE = re.compile(r"[48]00\d{7}")
_LANDLINE = re.compile(r"0(?:10|2\d)\d{8}|0[3-9]\d{2}\d{7,8}")
_LANDLINE_WITHOUT_ZERO = re.compile(r"(?:10|2\d)\d{8}|[3-9]\d{2}\d{7,8}")
_LOCAL = re.compile(r"[2-9]\d{6,7}")
_FOREIGN = re.compile(r"[1-9]\d{6,14}")
_LOCAL_PART = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_WECHAT = re.compile(r"[A-Za-z0-9_-]{5,20}")


@dataclass(frozen=True)
class Phone:
    """A phone in its one spelling: digits with area code (01062345678), or +country for numbers abroad."""

    number: str
    extension: str
    kind: PhoneKind


def clean(text: str) -> str:
    """One line as a person means it: composed characters, no control or invisible ones, single spaces."""
    composed = unicodedata.normalize("NFC", text)
    visible = (" " if char.isspace() else char for char in composed)
    return " ".join("".join(char for char in visible if not unicodedata.category(char).startswith("C")).split())


def parse_phone(text: str) -> Phone | None:
    """The phone that somebody typed, or None: full-width digits, +86, 0086, spaces, dashes, brackets, extensions."""
    if len(text) > LONGEST_PHONE:
        return None
    typed = fold(clean(text))
    extension = _EXTENSION.search(typed)
    if extension:
        return _whole(typed[: extension.start()], extension["extension"])
    if found := _whole(typed, ""):
        return found
    dash = _LAST_DASH.search(typed)
    return _whole(typed[: dash.start()], dash["extension"]) if dash else None


def _whole(typed: str, extension: str) -> Phone | None:
    digits = _SPACING.sub("", typed)
    abroad = digits.startswith(("+", "00"))
    digits = digits.removeprefix("+") if digits.startswith("+") else digits.removeprefix("00")
    if not (digits.isascii() and digits.isdigit()):
        return None
    home = digits.removeprefix("86") if abroad else digits
    if not abroad and len(digits) == 13 and digits.startswith("861"):
        home = digits[2:]
    if abroad and home == digits:
        return Phone("+" + digits, extension, "foreign") if _FOREIGN.fullmatch(digits) else None
    return _at_home(home, extension, called_from_abroad=abroad)


def _at_home(digits: str, extension: str, *, called_from_abroad: bool) -> Phone | None:
    if mobile := _MOBILE.fullmatch(digits):
        return Phone(mobile[1], extension, "mobile")
    if _HOTLINE.fullmatch(digits):
        return Phone(digits, extension, "hotline")
    if called_from_abroad and _LANDLINE_WITHOUT_ZERO.fullmatch(digits):
        return Phone("0" + digits, extension, "landline")
    if _LANDLINE.fullmatch(digits) or (_LOCAL.fullmatch(digits) and not called_from_abroad):
        return Phone(digits, extension, "landline")
    return None


def last4(number: str) -> str | None:
    """The last four digits of a normalised phone, by which an agent may ask for a customer."""
    digits = number.removeprefix("+")
    return digits[-4:] if len(digits) >= 7 and digits.isascii() and digits.isdigit() else None


def parse_email(text: str) -> str | None:
    """The address in small letters, its domain in ASCII; None when it is none."""
    typed = unicodedata.normalize("NFKC", clean(text)).lower()
    local, at, host = typed.rpartition("@")
    try:
        host = host.replace("。", ".").encode("idna").decode("ascii")
    except UnicodeError:
        return None
    if not at or len(typed) > LONGEST_EMAIL or not _LOCAL_PART.fullmatch(local) or not _HOST.fullmatch(host):
        return None
    return f"{local}@{host}"


def name_key(text: str) -> str:
    """A name as the index of names and the matching see it: no spaces or dots, small letters, Simplified."""
    composed = unicodedata.normalize("NFKC", clean(text)).casefold()
    return "".join(char for char in fold(composed) if not char.isspace() and char not in "·•.・‧")


def phone_problem(text: str) -> Sentence | None:
    if not clean(text) or parse_phone(text):
        return None
    return say("电话号码不完整或格式不对。请填 11 位手机号，或带区号的座机号，例如 010-62345678 转 801。")


def email_problem(text: str) -> Sentence | None:
    if not clean(text) or parse_email(text):
        return None
    return say("邮箱地址格式不对。请检查 @ 前后，例如 name@example.com。")


def wechat_problem(text: str) -> Sentence | None:
    typed = unicodedata.normalize("NFKC", clean(text))
    if not typed or _WECHAT.fullmatch(typed):
        return None
    return say("微信号格式不对：应为 5 到 20 位字母、数字、下划线或减号。")


def name_problem(text: str) -> Sentence | None:
    if len(clean(text)) > LONGEST_NAME:
        return say("姓名太长，最多 %(n)s 个字。", n=LONGEST_NAME)
    if text and not clean(text):
        return say("姓名里没有可以显示的字符，请重新填写。")
    return None


def last4_problem(text: str) -> Sentence | None:
    if re.fullmatch(r"[0-9]{4}", fold(clean(text))):
        return None
    return say("请填电话号码的最后四位数字。")
