"""Which passwords are taken, and how they are kept."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from app.accounts import passwords


@pytest.mark.parametrize(
    "refused",
    [
        "short",
        "12345678",
        "１２３４５６７８",  # the same, typed with full-width digits
        "password123",
        "Qwerty123",
        "aaaaaaaab",
        "23456789",
        "hgfedcba",
        "linlin12",  # the login, twice, and next to nothing else
        "bihuan2024",
        "x" * 129,
        "汉" * 400,
    ],
)
def test_a_weak_password_is_refused_with_a_sentence(refused: str) -> None:
    found = passwords.problems(refused, about=("lin", "林晓"))
    assert found
    assert refused not in str(found[0])


@pytest.mark.parametrize("good", ["正午的钟声 2024", "correct horse battery", "8个字符，也可以", "a B 3 d 5 f"])
def test_a_good_password_needs_no_special_characters(good: str) -> None:
    assert passwords.problems(good, about=("lin", "林晓", "lin@desk.example")) == []


@pytest.fixture
def full_cost() -> Iterator[None]:
    """What a real installation pays; other tests hash cheaply."""
    before = passwords._hasher
    passwords.use(passwords.FULL_COST)
    yield
    passwords.use(before)


@pytest.mark.usefixtures("full_cost")
def test_a_password_is_kept_as_argon2id_with_19_mib() -> None:
    assert passwords.hash_password("正午的钟声").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_another_input_method_types_the_same_password() -> None:
    stored = passwords.hash_password("ABC 正午 123")
    assert passwords.verify(stored, "ＡＢＣ 正午 １２３")
    assert not passwords.verify(stored, "abc 正午 123")


def test_nothing_that_is_typed_breaks_the_check() -> None:
    stored = passwords.hash_password("正午的钟声 2024")
    for typed in ("", "\x00", "\ud800", "x" * 1_000_000, "💥" * 300):
        assert not passwords.verify(stored, typed)
        assert not passwords.verify(None, typed)
    assert not passwords.verify("no hash at all", "正午的钟声 2024")


def test_without_a_stored_hash_the_same_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: one verification with the costs in force either way."""
    seen: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            seen.append(str(hash).split("$")[3])
            return super().verify(hash, password)

    before = passwords._hasher
    passwords.use(Counting(time_cost=1, memory_cost=8, parallelism=1))
    try:
        stored = passwords.hash_password("正午的钟声 2024")
        passwords.verify(stored, "something else")
        passwords.verify(None, "something else")
    finally:
        passwords.use(before)
    assert seen == ["m=8,t=1,p=1"] * 2


@pytest.mark.usefixtures("full_cost")
def test_raised_costs_show_at_the_next_login() -> None:
    assert passwords.needs_rehash(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))
    assert not passwords.needs_rehash(passwords.hash_password("x"))
