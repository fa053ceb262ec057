"""A sealed value opens in its own place with its own key, and nowhere else, and not after a single changed bit."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from app.crypto import envelope
from app.crypto.envelope import OVERHEAD, Place, Unopenable, key_uid_of, new_secret, open_, seal, unwrap, wrap
from app.orm import new_uid

KEY, SECRET = new_uid(), new_secret()
CIPHER = AESGCM(SECRET)
HOME = Place("ticket", "story", new_uid())
SEALED = seal(HOME, "张伟，电话 13812345678".encode(), KEY, CIPHER)


@given(st.binary())
def test_what_was_sealed_opens(data: bytes) -> None:
    value = seal(HOME, data, KEY, CIPHER)
    assert open_(HOME, value, KEY, CIPHER) == data
    assert key_uid_of(value) == KEY
    assert len(value) == len(data) + OVERHEAD


def test_the_same_text_never_looks_the_same() -> None:
    assert len({seal(HOME, b"same", KEY, CIPHER) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "place",
    [HOME._replace(table="message"), HOME._replace(column="note"), HOME._replace(uid=new_uid())],
    ids=["table", "column", "row"],
)
def test_a_value_does_not_open_in_another_place(place: Place) -> None:
    with pytest.raises(Unopenable):
        open_(place, SEALED, KEY, CIPHER)


def test_parts_of_a_place_do_not_run_into_each_other() -> None:
    value = seal(Place("ab", "c", "d"), b"x", KEY, CIPHER)
    with pytest.raises(Unopenable):
        open_(Place("a", "bc", "d"), value, KEY, CIPHER)


def test_a_value_does_not_open_with_another_key() -> None:
    with pytest.raises(Unopenable):
        open_(HOME, SEALED, KEY, AESGCM(new_secret()))
    with pytest.raises(Unopenable):
        open_(HOME, SEALED, new_uid(), CIPHER)


def test_a_value_given_another_key_id_does_not_open() -> None:
    other = new_uid()
    forged = SEALED[:2] + bytes.fromhex(other) + SEALED[18:]
    with pytest.raises(Unopenable):
        open_(HOME, forged, other, CIPHER)


def test_every_changed_bit_is_noticed() -> None:
    for position in range(len(SEALED)):
        flipped = bytearray(SEALED)
        flipped[position] ^= 1
        with pytest.raises(Unopenable):
            open_(HOME, bytes(flipped), KEY, CIPHER)


def test_every_cut_is_noticed() -> None:
    for length in range(len(SEALED)):
        with pytest.raises(Unopenable):
            open_(HOME, SEALED[:length], KEY, CIPHER)
    with pytest.raises(Unopenable):
        open_(HOME, SEALED + b"\0", KEY, CIPHER)


def test_a_wrapped_key_opens_only_for_its_row_under_its_ring_key() -> None:
    kek = new_secret()
    wrapped = wrap(SECRET, KEY, "k1", kek)
    assert unwrap(wrapped, KEY, "k1", AESGCM(kek)) == SECRET
    for uid, kek_id, cipher in (
        (new_uid(), "k1", AESGCM(kek)),
        (KEY, "k2", AESGCM(kek)),
        (KEY, "k1", AESGCM(new_secret())),
    ):
        with pytest.raises(Unopenable):
            unwrap(wrapped, uid, kek_id, cipher)


@given(st.binary(max_size=100))
def test_rubbish_is_no_key_and_no_value(rubbish: bytes) -> None:
    with pytest.raises(Unopenable):
        unwrap(rubbish, KEY, "k1", CIPHER)
    with pytest.raises(Unopenable):
        open_(HOME, rubbish, KEY, CIPHER)


def test_a_wrapped_key_is_no_value_and_a_value_no_wrapped_key() -> None:
    wrapped = wrap(SECRET, KEY, "k1", SECRET)
    assert envelope.key_uid_of(wrapped[:40]) is None
    with pytest.raises(Unopenable):
        open_(HOME, wrapped, key_uid_of(wrapped) or KEY, CIPHER)
