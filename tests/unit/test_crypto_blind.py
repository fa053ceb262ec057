"""A blind index finds equal values, tells kinds apart, and is worth nothing without its key."""

from app.crypto.blind import DIGEST_BYTES, Kind, digest_with, digests
from app.crypto.keyring import KeyRing, Source, generate_key


def test_equal_values_meet_and_others_do_not() -> None:
    key = generate_key()
    assert digest_with(key, Kind.PHONE, "13812345678") == digest_with(key, Kind.PHONE, "13812345678")
    assert digest_with(key, Kind.PHONE, "13812345678") != digest_with(key, Kind.PHONE, "13812345679")
    assert len(digest_with(key, Kind.PHONE, "13812345678").digest) == DIGEST_BYTES


def test_each_kind_has_its_own_key() -> None:
    key = generate_key()
    assert len({digest_with(key, kind, "5678").digest for kind in Kind}) == len(Kind)


def test_another_key_gives_another_digest() -> None:
    assert (
        digest_with(generate_key(), Kind.LAST4, "5678").digest != digest_with(generate_key(), Kind.LAST4, "5678").digest
    )


def test_while_rotating_the_newest_digest_stands_first() -> None:
    new, old = generate_key(), generate_key()
    ring = KeyRing(Source("INDEX_KEY", f"{new.text},{old.text}", None))
    assert digests(ring, Kind.EMAIL, "a@x.cn") == [
        digest_with(new, Kind.EMAIL, "a@x.cn"),
        digest_with(old, Kind.EMAIL, "a@x.cn"),
    ]


def test_odd_values_have_a_digest() -> None:
    assert digest_with(generate_key(), Kind.NAME, "\ud800").digest
