"""What personal data other than numbers looks like in a text: mails, accounts, plates, addresses, names with a title.

Each detector takes a text that `han.fold` has folded and gives spans of it. All of them look at each position a bounded
number of times, so that no text, however it was made, takes more than linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from app.customers import surnames
from app.customers.places import PREFECTURES, PROVINCES
from app.customers.tokens import ACCOUNT, ADDRESS, EMAIL, NAME, PHONE, PLATE, Found

# --- what stands behind a word ----------------------------------------------------------------------------------------

_LOCAL_PHONE = re.compile(
    r"(?:电话|座机|固话|致电|拨打|传真|tel|phone)[^\d\ue000]{0,6}"
    r"(?!20[0-3]\d[01]\d[0-3]\d)([2-9]\d{2,3}[\- ]?\d{4})(?!\d)"
)
_ACCOUNT = re.compile(
    r"(?:(?:微信|wechat|weixin|vx|wx)(?:号|id)?\s{0,2}[:是为]|(?:微信|wechat)(?:号|id))"
    r"\s{0,2}([a-z0-9][a-z0-9_\-]{4,19})"
    r"|qq(?:号码?)?\s{0,2}[:是为]?\s{0,2}([1-9]\d{4,10})(?!\d)"
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼新使][a-hj-np-z]\s?[·•.\-]?\s?"
    r"(?:[a-hj-np-z0-9]{5,6}|[a-hj-np-z0-9]{4}[挂学警港澳领])(?![a-z0-9])"
)


def named_accounts(folded: str) -> Iterator[Found]:
    """WeChat and QQ accounts, and local phones without area code, where a word before says what they are."""
    for match in _LOCAL_PHONE.finditer(folded):
        yield Found(*match.span(1), PHONE)
    for match in _ACCOUNT.finditer(folded):
        yield Found(*match.span(1 if match[1] else 2), ACCOUNT)


def plates(folded: str) -> Iterator[Found]:
    """Licence plates, the longer ones of electric cars included; at least two digits, or 新iPhone would be one."""
    for match in _PLATE.finditer(folded):
        if sum(character.isdigit() for character in match[0]) >= 2:
            yield Found(*match.span(), PLATE)


_HOST = re.compile(
    r"\s{0,2}(?:[a-z0-9\-]{1,63}[.。]){1,6}[a-z]{2,24}"
    r"|\s{0,2}[\u4e00-\u9fff]{1,12}\.(?:[a-z]{2,10}|中国|公司)"
)
_LOCAL_MARKS = frozenset(".!#$%&'*+/=?^_`{|}~-")
_LONGEST_LOCAL = 64


def emails(folded: str) -> Iterator[Found]:
    """Mail addresses, found from the @ outwards; at most two blanks may stand beside it."""
    at = folded.find("@")
    while at >= 0:
        if host := _HOST.match(folded, at + 1):
            start = _start_of_local(folded, at)
            if start < at:
                yield Found(start, host.end(), EMAIL)
        at = folded.find("@", at + 1)


def _start_of_local(folded: str, at: int) -> int:
    end = at
    while end > 0 and at - end < 2 and folded[end - 1].isspace():
        end -= 1
    start = end
    while start > 0 and end - start < _LONGEST_LOCAL and _in_local(folded[start - 1]):
        start -= 1
    if start == end:
        while start > 0 and end - start < 4 and "\u4e00" <= folded[start - 1] <= "\u9fff":
            start -= 1
    return start if start < end else at


def _in_local(character: str) -> bool:
    return character in _LOCAL_MARKS or (character < "\u2e80" and character.isalnum())


# --- addresses --------------------------------------------------------------------------------------------------------

_UNIT = r"(?:号楼|号院|号|弄|栋|幢|座|单元|室|楼|层)"
_HOUSE = re.compile(rf"\d\s?{_UNIT}")
_STREET = re.compile(
    rf"[\u4e00-\u9fff]{{1,6}}(?:(?<![电线回管油水气通思铁公短开])路|街|大道|巷|胡同|弄|小区|花园|公寓|苑|大厦|新村)"
    rf"[东西南北中]?(?:[一二三四五六七八九十]?[段期区])?\s?\d{{1,5}}(?:-\d{{1,5}})?\s?{_UNIT}"
    rf"(?:[\u4e00-\u9fffa-z\- ]{{0,10}}?\d{{1,5}}\s?{_UNIT}){{0,4}}(?:\d{{2,5}}室?(?!\d))?"
)
_REGION = re.compile("|".join(sorted({*PROVINCES, *PREFECTURES}, key=len, reverse=True)))
_NOT_IN_STREET = re.compile(r".*[我你他她们住在到的是了送寄去从请至址为给:]")
_LONGEST_REGION = 24


def addresses(folded: str) -> Iterator[Found]:
    """A street or estate with a house number, with the city before it and the rooms behind it."""
    if not _HOUSE.search(folded):
        return
    for match in _STREET.finditer(folded):
        start, end = match.span()
        window = max(0, start - _LONGEST_REGION)
        if region := _REGION.search(folded, window, end):
            start = region.start()
        elif words := _NOT_IN_STREET.match(folded, start, start + 6):
            start = words.end()
        yield Found(start, end, ADDRESS)


# --- a surname with a title -------------------------------------------------------------------------------------------

_GENTLE = "先生|女士|小姐|太太|夫人|阿姨"
_OFFICE = (
    "叔叔|大姐|大哥|大叔|大爷|大妈|师傅|老师|医生|教授|律师|工程师|总经理|经理|总监|主任|主管|老板|董事长|"
    "店长|厂长|校长|院长|处长|科长|局长"
)
_SHORT = r"总(?![部结额数共是体之算量成会价计司务局站而有在说要能想还都爱])|工(?![作程具人厂资艺期单商业序地伤时会种])"
_TITLE = re.compile(rf"(?P<gentle>{_GENTLE})|(?P<office>{_OFFICE})|(?P<short>{_SHORT})")
_OWN_TITLE = "哥|姐|董|叔|婶|总|工|老师|师傅"
_NEVER = frozenset("和同从时但由还有对向干展信由但经连")
_IN_WORDS = frozenset("方高安常万路成白文任水明全平满通官居容门位计支相初况那")
_OFTEN = frozenset(
    "王李张刘陈杨赵吴徐孙朱胡郭罗郑梁宋唐韩冯邓曹彭肖董袁潘蒋蔡杜魏吕沈姚卢姜崔谭汪廖贾邹熊秦邱尹薛闫侯陶黎贺郝龚邵覃戴莫樊"
    "邢乔庞颜倪聂鲁翟殷詹耿俞黄林马"
)
_ABOUT = frozenset("关由对属位至基鉴处终")
_ENGLISH = re.compile(r"(?<![a-z])(?:(?:mr|mrs|dr)\.?\s{1,2}|(?:mr|mrs|ms|dr)\.\s?)[a-z][a-z'\-]{1,30}")


def titled_names(folded: str, own_surnames: Iterable[str] = ()) -> Iterator[Found]:
    """王先生, 李总, 陈工, 欧阳女士, 张伟先生, Mr Smith; for the customer's own surname also 小张, 老张, 张哥."""
    for match in _TITLE.finditer(folded):
        start = _start_of_name(folded, match.start(), str(match.lastgroup))
        if start < match.start():
            yield Found(start, match.end(), NAME)
    for match in _ENGLISH.finditer(folded):
        yield Found(*match.span(), NAME)
    for surname in filter(folded.__contains__, own_surnames):
        for match in _own_forms(surname).finditer(folded):
            yield Found(*match.span(), NAME)


def _own_forms(surname: str) -> re.Pattern[str]:
    escaped = re.escape(surname)
    return re.compile(
        rf"[老小阿]{escaped}(?![\u4e00-\u9fff]?(?:器|机|件))|{escaped}(?:{_GENTLE}|{_OFFICE}|{_OWN_TITLE})"
    )


def _start_of_name(folded: str, title_at: int, kind: str) -> int:
    """Where the name before a title begins; `title_at` itself when no name stands there."""
    if title_at >= 2 and folded[title_at - 2 : title_at] in surnames.COMPOUND:
        return title_at - 2
    if kind == "short":
        return title_at - 1 if title_at and folded[title_at - 1] in _OFTEN else title_at
    for length in (3, 2):  # 张小明先生 before 明先生
        if (
            title_at >= length
            and folded[title_at - length] in _OFTEN
            and _all_han(folded[title_at - length : title_at])
        ):
            return title_at - length
    before = folded[title_at - 1] if title_at else ""
    if before not in surnames.SINGLE or before in _NEVER or (kind == "office" and before in _IN_WORDS):
        return title_at
    if before == "于" and title_at >= 2 and folded[title_at - 2] in _ABOUT:
        return title_at
    return title_at - 1


def _all_han(text: str) -> bool:
    return all("\u4e00" <= character <= "\u9fff" for character in text)
