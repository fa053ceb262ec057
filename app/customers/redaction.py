"""The redacted copy of a text: what a list, the search and everybody without the right may read.

It takes out what has a recognisable form (`numbers`, `detectors`) and what is known of the customer (the arguments).
It is best effort: the name of a third person without a title, or a nickname, can't be told from any other word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.customers import detectors, surnames
from app.customers.han import fold
from app.customers.normalise import parse_phone
from app.customers.numbers import INVISIBLE, numbers
from app.customers.places import PREFECTURES, PROVINCES, end_of_city, end_of_district
from app.customers.tokens import ACCOUNT, ADDRESS, COMPANY, EMAIL, NAME, TOKENS, Found

__all__ = ["Found", "find", "redact"]

_SHIELD = "\ue000"  # of the private use area: no letter, no digit, no blank to any detector
_TOKEN = re.compile("|".join(re.escape(fold(token)) for token in TOKENS))
# Numbers of this desk and dates with a running number: CS20240301001, F20240301001, YQ20240305001, PLAN20240301-02.
_OWN_NUMBER = re.compile(
    r"(?<![a-z0-9])[a-z]{1,4}-?20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])?\d{0,6}(?:-\d{1,3})?(?![a-z0-9])"
)
_BETWEEN = re.compile(rf"[\s{INVISIBLE}·•]+")
_PASSES = 4


def redact(
    text: str,
    *,
    names: Iterable[str] = (),
    companies: Iterable[str] = (),
    addresses: Iterable[str] = (),
    phones: Iterable[str] = (),
    emails: Iterable[str] = (),
    accounts: Iterable[str] = (),
    keep: Iterable[str] = (),
) -> str:
    """The text with [姓名], [电话] … in place of personal data. Redacting it again changes nothing.

    `keep` are words (products, models) in which nothing is replaced, unless something personal reaches beyond them.
    """
    known = _known(*map(tuple, (names, companies, addresses, phones, emails, accounts)))
    kept = tuple(keep)
    for _ in range(_PASSES):
        found = _find(text, known, kept)
        if not found:
            break
        text = _replace(text, found)
    return text


def find(
    text: str,
    *,
    names: Iterable[str] = (),
    companies: Iterable[str] = (),
    addresses: Iterable[str] = (),
    phones: Iterable[str] = (),
    emails: Iterable[str] = (),
    accounts: Iterable[str] = (),
    keep: Iterable[str] = (),
) -> list[Found]:
    """What `redact` would replace, from the start to the end; nothing overlaps. Empty: free of personal data."""
    return _find(text, _known(*map(tuple, (names, companies, addresses, phones, emails, accounts))), tuple(keep))


@dataclass(frozen=True, repr=False)
class _Known:
    """What is known of a customer, in the forms in which it turns up in texts: word → token."""

    words: Mapping[str, str]
    surnames: frozenset[str]
    phones: frozenset[str]


Values = tuple[str, ...]


@lru_cache(maxsize=32)  # the texts of one customer come together; more would only keep people in memory
def _known(
    names: Values, companies: Values, addresses: Values, phones: Values, emails: Values, accounts: Values
) -> _Known:
    words: dict[str, str] = {}
    for token, values, forms in (
        (NAME, names, _name_forms),
        (COMPANY, companies, _company_forms),
        (ADDRESS, addresses, _address_forms),
        (EMAIL, emails, _whole),
        (ACCOUNT, accounts, _whole),
    ):
        for form in (form for value in values for form in forms(value)):
            words.setdefault(form, token)
    return _Known(
        words,
        frozenset(surname for name in names if (surname := _surname_of(name))),
        frozenset(digits for phone in phones for digits in _phone_forms(phone)),
    )


def _find(text: str, known: _Known, keep: tuple[str, ...]) -> list[Found]:
    folded = _shielded(fold(text))
    spans = [
        *_words(folded, known.words),
        *numbers(folded, known.phones),
        *detectors.named_accounts(folded),
        *detectors.emails(folded),
        *detectors.plates(folded),
        *detectors.addresses(folded),
        *detectors.titled_names(folded, known.surnames),
    ]
    if not spans:
        return []
    kept = list(_kept(folded, keep))
    return _joined(span for span in spans if not any(start <= span.start and span.end <= end for start, end in kept))


def _shielded(folded: str) -> str:
    """Hide what is redacted already, and the desk's own numbers, from every detector."""
    hidden = _TOKEN.sub(lambda match: _SHIELD * len(match[0]), folded)
    return _OWN_NUMBER.sub(lambda match: _SHIELD * len(match[0]), hidden)


def _kept(folded: str, keep: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    for word in keep:
        needle = fold(word.strip())
        at = folded.find(needle) if needle else -1
        while at >= 0:
            yield at, at + len(needle)
            at = folded.find(needle, at + len(needle))


def _words(folded: str, words: Mapping[str, str]) -> Iterator[Found]:
    """Known words, also with blanks or invisible characters inside; Latin ones only as whole words."""
    if not words:
        return
    squeezed, places = _squeezed(folded)
    for word, token in words.items():
        at = squeezed.find(word)
        while at >= 0:
            start, end = places[at], places[at + len(word) - 1] + 1
            if _stands_alone(folded, start, end):
                yield Found(start, end, token)
            at = squeezed.find(word, at + 1)


def _squeezed(folded: str) -> tuple[str, range | list[int]]:
    if not _BETWEEN.search(folded):
        return folded, range(len(folded))
    places: list[int] = []
    at = 0
    for blank in _BETWEEN.finditer(folded):
        places.extend(range(at, blank.start()))
        at = blank.end()
    places.extend(range(at, len(folded)))
    return _BETWEEN.sub("", folded), places


def _stands_alone(folded: str, start: int, end: int) -> bool:
    before = folded[start - 1] if start else ""
    after = folded[end] if end < len(folded) else ""
    return not (_is_latin(folded[start]) and _is_latin(before)) and not (
        _is_latin(folded[end - 1]) and _is_latin(after)
    )


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _joined(spans: Iterable[Found]) -> list[Found]:
    """Overlapping finds become one, under the token of the longest; nothing found is left out."""
    joined: list[Found] = []
    widest = 0
    for span in sorted(spans, key=lambda found: (found.start, -found.end)):
        length = span.end - span.start
        if joined and span.start < joined[-1].end:
            last = joined[-1]
            token = span.token if length > widest else last.token
            joined[-1] = Found(last.start, max(last.end, span.end), token)
            widest = max(widest, length)
        else:
            joined.append(span)
            widest = length
    return joined


def _replace(text: str, found: list[Found]) -> str:
    parts, at = [], 0
    for start, end, token in found:
        parts += [text[at:start], token]
        at = end
    return "".join([*parts, text[at:]])


# --- the forms of what is known ---------------------------------------------------------------------------------------

_TITLES = re.compile(r"(?:先生|女士|小姐|太太|老师|师傅|经理|总|工)$")
_NO_NAMES = frozenset({"匿名", "未知", "客户", "用户", "先生", "女士", "小姐"})
_RARE_NAME = re.compile(r"(?![小老大阿])[\u3400-\u9fff]{2,3}")
_LEGAL = re.compile(r"(?:股份|集团|控股)?(?:有限)?(?:责任)?公司$|集团$|(?:,?(?:co|ltd|inc|llc|corp|limited)\.?)+$")
_TRADE = re.compile(
    r"(?:技术|科技|信息|电子|网络|实业|贸易|商贸|发展|服务|传媒|文化|软件|电器|工业|制造|建设|工程|投资|咨询|物流|智能|数码|通信|医疗|教育|汽车)$"
)
_BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
_COMMON = frozenset({*PROVINCES, *PREFECTURES, "中国", "中华", "国际", "全国", "公司", "集团", "客户", "用户", "产品"})
_PIECE = re.compile(
    r".{2,30}?(?:\d号|\d弄|小区|花园|公寓|大厦|广场|苑|新村|[\da-z]栋|[\da-z]幢|[\da-z]座|单元|\d室|\d楼)"
)
_ROAD = re.compile(r"^.{2,12}?(?:路|街|大道|巷|胡同)")


def _flat(value: str) -> str:
    return _BETWEEN.sub("", fold(value))


def _whole(value: str) -> Iterator[str]:
    if len(_flat(value)) >= 3:
        yield _flat(value)


def _name_forms(value: str) -> Iterator[str]:
    flat = _flat(value)
    if len(flat) < 2 or flat in _NO_NAMES:
        return
    yield flat
    yield from (part for part in re.split(r"[\s·•,]+", fold(value)) if len(part) >= 4 and part.isascii())


def _surname_of(name: str) -> str | None:
    flat = _TITLES.sub("", _flat(name)) or _flat(name)
    if flat[:2] in surnames.COMPOUND:
        return flat[:2]
    if flat[:1] in surnames.SINGLE and len(flat) <= 4:
        return flat[0]
    # A rare surname is in no list, but the first character of a customer's own name is one, unless it is a nickname.
    return flat[0] if _RARE_NAME.fullmatch(flat) else None


def _company_forms(value: str) -> Iterator[str]:
    flat = _flat(value)
    stem = _LEGAL.sub("", _BRACKETS.sub("", flat))
    brand = stem[end_of_district(stem) :]
    forms = [flat, stem, brand]
    while (shorter := _TRADE.sub("", forms[-1])) != forms[-1]:
        forms.append(shorter)
    for form in forms:
        if len(form) >= (3 if form.isascii() else 2) and form not in _COMMON:
            yield form


def _address_forms(value: str) -> Iterator[str]:
    flat = _flat(value)
    tail = flat[end_of_district(flat) :]
    road = _ROAD.match(tail)
    for form in (flat, flat[end_of_city(flat) :], tail, *_PIECE.findall(tail), road[0] if road else ""):
        if len(form) >= 4:
            yield form


def _phone_forms(value: str) -> Iterator[str]:
    found = parse_phone(value)
    digits = found.number.removeprefix("+") if found else "".join(c for c in fold(value) if c.isdigit() and c.isascii())
    yield digits
    if found and found.kind == "landline" and digits.startswith("0"):
        yield digits[3:] if digits[1] in "12" else digits[4:]
