"""Personal numbers in a text that `han.fold` has folded: identity numbers, bank cards and phones, however grouped.

Solid digits are one number: eleven digits inside twenty are no phone. Groups may be joined by blanks, dashes, dots,
brackets and invisible characters; Chinese numerals count as digits for phones and identity numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from app.customers.tokens import BANK_CARD, ID_NUMBER, PHONE, Found

INVISIBLE = "\u00ad\u200b-\u200f\u2060-\u2064\ufe0e\ufe0f\ufeff\u20e3"
_GAP = rf"[\s{INVISIBLE}\-‐-―−·•._()（）]{{0,3}}"
_INVISIBLE = re.compile(rf"[{INVISIBLE}]")
_RUN = re.compile(rf"\+?{_GAP}\d(?:{_GAP}\d)*")
_TRAILING_X = re.compile(rf"{_GAP}x(?![a-z0-9])")
_FEWEST_DIGITS = 7
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"(?:0|00860?)(?:10\d{8}|2\d\d{8}|[3-9]\d\d{7,9})")
_CARD = re.compile(r"(?=\d{16,19}$)(?:4|5[1-5]|2[2-7]|35|6|81|9[4-9])\d*|3[47]\d{13}")
_NUMERALS = "〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖"
_TO_DIGITS = str.maketrans(_NUMERALS, "001234567891123456789")
_SPELLED = re.compile(rf"[{_NUMERALS}]{_GAP}[{_NUMERALS}\d]|\d{_GAP}[{_NUMERALS}]")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class _Digits:
    """The digits of one run, where each stands, and where groups begin: `138-1234 5678` has three groups."""

    def __init__(self, folded: str, start: int, end: int) -> None:
        self.at = [i for i in range(start, end) if "0" <= folded[i] <= "9"]
        self.text = "".join(folded[i] for i in self.at)
        self.start = start
        self.plus = folded[start] == "+" and not folded[max(0, start - 1) : start].isdigit()
        self.folded = folded

    def __len__(self) -> int:
        return len(self.text)

    def edge(self, index: int) -> bool:
        """Whether a number may begin or end before this digit: solid digits are one number, never part of one."""
        return index in (0, len(self)) or (index < len(self) and self.at[index] - self.at[index - 1] > 1)

    def take(self, pattern: re.Pattern[str], index: int, lengths: Iterable[int]) -> int:
        """The first of these lengths at which a whole number of this pattern stands; 0 for none."""
        return next(
            (
                length
                for length in lengths
                if index + length <= len(self)
                and self.edge(index + length)
                and pattern.fullmatch(self.text, index, index + length)
            ),
            0,
        )

    def span(self, index: int, length: int, token: str) -> Found:
        start = self.start if index == 0 and self.plus else self.at[index]
        end = self.at[index + length - 1] + 1
        while _INVISIBLE.match(self.folded, end):
            end += 1
        opened = start > 0 and self.folded[start - 1] == "(" and ")" in self.folded[start:end]
        return Found(start - 1 if opened else start, end, token)


def numbers(folded: str, own: Iterable[str] = ()) -> Iterator[Found]:
    """ID numbers, bank cards and phones, in groups or solid, also in Chinese numerals; `own` are known phone digits."""
    known = [digits for digits in own if len(digits) >= _FEWEST_DIGITS]
    for match in _RUN.finditer(folded):
        digits = _Digits(folded, *match.span())
        if len(digits) >= _FEWEST_DIGITS:
            yield from _numbers_in(digits)
            yield from _known_in(digits, known)
    if _SPELLED.search(folded):
        spelled = folded.translate(_TO_DIGITS)
        for match in _RUN.finditer(spelled):
            digits = _Digits(spelled, *match.span())
            if len(digits) >= 11:
                yield from _numbers_in(digits, spelled_out=True)


def _numbers_in(digits: _Digits, *, spelled_out: bool = False) -> Iterator[Found]:
    index = 0
    while index < len(digits):
        found = _number_at(digits, index, spelled_out) if digits.edge(index) else None
        if found is None:
            index += 1
            continue
        length, span = found
        yield span
        index += length


def _number_at(digits: _Digits, index: int, spelled_out: bool) -> tuple[int, Found] | None:
    if found := _id_at(digits, index):
        return found
    card = 0 if spelled_out else digits.take(_CARD, index, (19, 18, 17, 16, 15))
    if card and _passes_luhn(digits.text[index : index + card]):
        return card, digits.span(index, card, BANK_CARD)
    if length := _mobile_at(digits, index):
        return length, digits.span(index, length, PHONE)
    if not spelled_out and (
        length := digits.take(_LANDLINE, index, (16, 15, 14, 13, 12, 11, 10)) or _abroad_at(digits, index)
    ):
        return length, digits.span(index, length, PHONE)
    return None


def _mobile_at(digits: _Digits, index: int) -> int:
    for prefix in ("", "0", "86", "086", "0086"):
        if digits.text.startswith(prefix, index) and digits.take(_MOBILE, index + len(prefix), (11,)):
            return len(prefix) + 11
    return 0


def _abroad_at(digits: _Digits, index: int) -> int:
    """+country and 8 to 15 digits in all; another number may follow after a blank: the shortest usual one is taken."""
    if index or not digits.plus:
        return 0
    lengths = (*range(10, min(15, len(digits)) + 1), 9, 8)
    return next((length for length in lengths if length <= len(digits) and digits.edge(length)), 0)


def _id_at(digits: _Digits, index: int) -> tuple[int, Found] | None:
    if index + 18 <= len(digits) and digits.edge(index + 18) and _is_id(digits.text[index : index + 18]):
        return 18, digits.span(index, 18, ID_NUMBER)
    x = _TRAILING_X.match(digits.folded, digits.at[-1] + 1) if index + 17 == len(digits) else None
    if x and _is_id(digits.text[index:] + "x"):
        return 17, digits.span(index, 17, ID_NUMBER)._replace(end=x.end())
    old = digits.text[index : index + 15]
    solid = len(old) == 15 and digits.at[index + 14] - digits.at[index] == 14
    if solid and digits.edge(index + 15) and _is_date("19" + old[6:12]) and old[0] in "12345678":
        return 15, digits.span(index, 15, ID_NUMBER)
    return None


def _is_id(text: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, text[:17], strict=True))
    return "10x98765432"[total % 11] == text[17] and text[0] in "123456789" and _is_date(text[6:14])


def _is_date(text: str) -> bool:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).year >= 1800
    except ValueError:
        return False


def _passes_luhn(text: str) -> bool:
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(text)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _known_in(digits: _Digits, known: list[str]) -> Iterator[Found]:
    for number in known:
        if (index := digits.text.find(number)) >= 0:
            yield digits.span(index, len(number), PHONE)
