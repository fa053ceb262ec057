"""A key ring refuses what can't protect anybody, says why without showing a key, and notices a new key by itself."""

import base64
import threading
from pathlib import Path

import pytest

from app.crypto.keyring import (
    KEY_BYTES,
    KeyRing,
    KeyRingError,
    Source,
    create_missing,
    generate_key,
    load_rings,
    parse,
    throwaway_rings,
)


def encoded(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def ring_in(path: Path, *entries: str) -> KeyRing:
    path.write_text(",".join(entries or (generate_key().text,)))
    return KeyRing(Source("FIELD_KEYS", None, path))


def test_the_first_key_writes_and_the_others_still_open() -> None:
    new, old = generate_key(), generate_key()
    ring = KeyRing(Source("FIELD_KEYS", f"{new.text}, {old.text}", None))
    assert ring.newest == new
    assert ring.get(old.id) == old
    assert ring.get("k0") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " , ",
        "nothing",
        "k1:",
        "k1:????",
        "K1:" + encoded(bytes(range(7, 39))),
        "k1:" + encoded(generate_key().secret[:31]),
        "k1:" + encoded(generate_key().secret + b"1"),
    ],
    ids=["empty", "commas", "no id", "no key", "no base64", "capital id", "short", "long"],
)
def test_a_broken_ring_is_refused(text: str) -> None:
    with pytest.raises(KeyRingError) as caught:
        parse(text, "FIELD_KEYS")
    assert "FIELD_KEYS" in str(caught.value)


@pytest.mark.parametrize(
    "secret",
    [
        bytes(KEY_BYTES),
        b"k" * KEY_BYTES,
        bytes(range(KEY_BYTES)),
        bytes(range(200, 200 - KEY_BYTES, -1)),
        b"change-me-change-me-change-me-ok",
        bytes.fromhex("deadbeef" * 8),
        b"0123456789abcdef0123456789abcdef",
    ],
)
def test_a_sample_key_is_refused_without_being_quoted(secret: bytes) -> None:
    with pytest.raises(KeyRingError, match="示例值") as caught:
        parse(f"k1:{encoded(secret)}", "INDEX_KEY")
    assert encoded(secret) not in str(caught.value)


def test_no_random_key_is_taken_for_a_sample() -> None:
    for _ in range(2000):
        parse(generate_key().text, "FIELD_KEYS")


def test_a_doubled_id_or_key_is_refused() -> None:
    one, two = generate_key(), generate_key()
    for text in (f"{one.text},{one.id}:{encoded(two.secret)}", f"{one.text},{two.id}:{encoded(one.secret)}"):
        with pytest.raises(KeyRingError, match="重复"):
            parse(text, "FIELD_KEYS")


def test_a_secret_shows_in_no_repr() -> None:
    key = generate_key()
    ring = KeyRing(Source("FIELD_KEYS", key.text, None))
    assert encoded(key.secret) not in repr(key) + repr(ring) + repr(ring.source) + repr(ring.add())


def test_field_and_index_ring_may_not_share_a_key(tmp_path: Path) -> None:
    key = generate_key()
    with pytest.raises(KeyRingError, match="同一把"):
        load_rings({"FIELD_KEYS": key.text, "INDEX_KEY": f"other:{encoded(key.secret)}"}, tmp_path / "data")


def test_a_missing_ring_names_the_file_and_warns_against_a_new_one(tmp_path: Path) -> None:
    with pytest.raises(KeyRingError, match="不要新建") as caught:
        load_rings({}, tmp_path / "data")
    assert str(tmp_path / "data.keys" / "field_keys") in str(caught.value)


def test_key_files_are_made_beside_the_data_directory_for_their_owner_alone(tmp_path: Path) -> None:
    made = create_missing({}, tmp_path / "data")
    assert made == [tmp_path / "data.keys" / "field_keys", tmp_path / "data.keys" / "index_key"]
    assert [path.stat().st_mode & 0o777 for path in made] == [0o600, 0o600]
    assert made[0].parent.stat().st_mode & 0o777 == 0o700
    rings = load_rings({}, tmp_path / "data")
    assert rings.field.complaints() == []
    assert not list(made[0].parent.glob("*.tmp"))


def test_an_existing_key_file_is_never_overwritten(tmp_path: Path) -> None:
    create_missing({}, tmp_path / "data")
    before = load_rings({}, tmp_path / "data").field.newest
    assert create_missing({}, tmp_path / "data") == []
    assert load_rings({}, tmp_path / "data").field.newest == before


def test_keys_in_the_environment_make_no_files(tmp_path: Path) -> None:
    environ = {"FIELD_KEYS": generate_key().text, "INDEX_KEY": generate_key().text}
    assert create_missing(environ, tmp_path / "data") == []
    assert not (tmp_path / "data.keys").exists()


def test_a_file_variable_moves_the_file(tmp_path: Path) -> None:
    secret = tmp_path / "mounted"
    secret.write_text(generate_key().text + "\n")
    rings = load_rings({"FIELD_KEYS_FILE": str(secret), "INDEX_KEY": generate_key().text}, tmp_path / "data")
    assert rings.field.source.path == secret


def test_a_file_open_to_others_is_complained_about(tmp_path: Path) -> None:
    ring = ring_in(tmp_path / "field_keys")
    (tmp_path / "field_keys").chmod(0o644)
    tmp_path.chmod(0o755)
    file, folder = (str(complaint) for complaint in ring.complaints())
    assert "0600" in file
    assert "0700" in folder


def test_adding_to_a_file_puts_the_new_key_first_and_other_processes_notice(tmp_path: Path) -> None:
    ring = ring_in(tmp_path / "field_keys")
    old = ring.newest
    elsewhere = KeyRing(ring.source)
    added = ring.add()
    assert added.value is None
    assert ring.ids == (added.key_id, old.id)
    assert elsewhere.get(added.key_id) == ring.newest
    assert elsewhere.newest.id == added.key_id


def test_adding_to_the_environment_gives_the_text_to_set() -> None:
    ring = throwaway_rings().field
    added = ring.add()
    assert added.value is not None
    keys = parse(added.value, "FIELD_KEYS")
    assert [key.id for key in keys] == [added.key_id, ring.newest.id]


def test_an_unknown_id_reads_the_file_only_when_it_changed(tmp_path: Path) -> None:
    ring = ring_in(tmp_path / "field_keys")
    assert ring.get("gone") is None
    late = generate_key()
    (tmp_path / "field_keys").write_text(f"{late.text},{ring.keys[0].text}")
    assert ring.get(late.id) == late


def test_a_torn_file_leaves_the_ring_working(tmp_path: Path) -> None:
    ring = ring_in(tmp_path / "field_keys")
    key = ring.newest
    (tmp_path / "field_keys").write_text("k1:rubb")
    assert ring.newest == key
    assert len(ring.complaints()) == 1
    (tmp_path / "field_keys").unlink()
    assert ring.get("unknown") is None
    assert ring.newest == key


def test_two_administrators_at_once_lose_no_key(tmp_path: Path) -> None:
    first = ring_in(tmp_path / "field_keys")
    rings = [first, *(KeyRing(first.source) for _ in range(7))]
    threads = [threading.Thread(target=ring.add) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(KeyRing(first.source).ids) == 9


def test_a_dropped_key_is_gone(tmp_path: Path) -> None:
    ring = ring_in(tmp_path / "field_keys")
    old = ring.newest.id
    ring.add()
    ring.drop(old)
    assert KeyRing(ring.source).get(old) is None
