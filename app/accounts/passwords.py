"""Passwords: how they are hashed, and which ones are refused.

Hashing takes longer than a write lock may be held: call it before the transaction begins.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.words import Sentence, say

SHORTEST, LONGEST, MOST_BYTES = 8, 128, 1024

# argon2id with 19 MiB and two passes: what OWASP recommends at least, and 20 ms on an office server.
FULL_COST = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_hasher = FULL_COST
_decoys: dict[PasswordHasher, str] = {}

# The ones that are tried first against every desk. Context words (login, name, product) come on top.
_COMMON = (
    "12345678 123456789 1234567890 0123456789 123123123 11111111 00000000 88888888 66666666 99999999 12341234 "
    "11223344 87654321 987654321 147258369 123456789a a123456789 a12345678 aa123456 abc12345 abcd1234 abc123456 "
    "123456abc password password1 password123 passw0rd p@ssw0rd p@ssword pass1234 qwertyui qwerty12 qwerty123 "
    "qwertyuiop 1qaz2wsx 1qaz2wsx3edc qazwsxedc asdfghjk asdfghjkl zxcvbnm1 zxcvbnm123 q1w2e3r4 q1w2e3r4t5 "
    "1q2w3e4r 1q2w3e4r5t admin123 admin1234 admin888 administrator root1234 rootroot letmein1 welcome1 "
    "welcome123 iloveyou woaini520 woaini1314 5201314a 52013145 13145200 football baseball sunshine princess "
    "superman trustno1 dragon123 monkey123 master123 kefu1234 kefu123456 shouhou123 bihuan123 bihuan888 changeme "
    "changeme1 default1 test1234 testtest guest123 user1234"
)
COMMON = frozenset(_COMMON.split())


def use(hasher: PasswordHasher) -> None:
    """Hash with other costs from now on (tests; a later raise of the costs)."""
    global _hasher
    _hasher = hasher


def normal(text: str) -> str:
    """The same password typed with another input method is the same password."""
    return unicodedata.normalize("NFKC", text)


def hash_password(text: str) -> str:
    return _hasher.hash(_bytes(text))


def verify(stored: str | None, text: str) -> bool:
    """Is this the password? Without a stored hash the same work is done for nothing, so that time tells no names."""
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        text = ""  # hashing is no place for a megabyte; no stored password is empty
    try:
        _hasher.verify(stored if stored else _decoy(), _bytes(text))
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


def needs_rehash(stored: str) -> bool:
    return _hasher.check_needs_rehash(stored)


def _decoy() -> str:
    if _hasher not in _decoys:
        _decoys[_hasher] = _hasher.hash(b"nobody has this password")
    return _decoys[_hasher]


def _bytes(text: str) -> bytes:
    return normal(text).encode("utf-8", "surrogatepass")


def problems(text: str, *, about: Iterable[str] = ()) -> list[Sentence]:
    """Why a new password is refused; empty when it is fine. `about`: what would be tried first (login, name)."""
    if len(text) > LONGEST or len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        return [say("密码太长：最多 %(most)s 个字符。", most=LONGEST)]
    plain = normal(text).casefold()
    if len(plain) < SHORTEST:
        return [say("密码太短：至少 %(least)s 个字符。可以用几个不相干的词连在一起。", least=SHORTEST)]
    if plain in COMMON or len(set(plain)) < 4 or _is_a_run(plain):
        return [say("这个密码太常见，很容易被猜中。请换一个，例如几个不相干的词连在一起。")]
    for word in (*about, "bihuan", "闭环"):
        word = normal(word).casefold().strip()
        rest = plain.replace(word, "") if len(word) >= 2 else plain
        if len(rest) < min(len(plain), 5):
            return [say("密码里除了账号、姓名或产品名几乎没有别的内容，很容易被猜中。请换一个。")]
    return []


def _is_a_run(text: str) -> bool:
    """12345678, abcdefgh, 87654321: each character follows the one before."""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return steps in ({1}, {-1})
