"""`hornbook.publish.keys`: keys that only their owner may read, and that go on holding for what they signed."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path

import pytest

from hornbook.errors import HornbookError
from hornbook.publish.keys import Key, Keyring, base58, default_folder, from_base58, public_of, signed_by


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"Hello World!", "2NEpo7TZRRrLZSi2U"), (b"\0\0\x28\x7f\xb4\xcd", "11233QC4"), (b"", ""), (b"\0", "1")],
)
def test_base58_is_that_of_the_draft(data: bytes, text: str) -> None:
    """The examples of the IETF's draft on base58, and the two smallest, go both ways."""
    assert base58(data) == text
    assert from_base58(text) == data


@pytest.mark.parametrize("text", ["0OIl", "z", "z6Mk", "u6Mk", "z" + "1" * 500, "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP", ""])
def test_what_is_no_ed25519_key_is_refused(text: str) -> None:
    """Another alphabet, another length and another kind of key are no key of ours."""
    with pytest.raises(ValueError, match=r"."):
        public_of(text)


def test_the_first_use_makes_a_key_for_its_owner_alone(tmp_path: Path) -> None:
    """The folder is 0700, the key 0600, nothing else is left in it, and the next use finds the same key."""
    folder = tmp_path / "data" / "keys"
    first = Keyring.open(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()] == [("key-0001.json", 0o600)]
    assert Keyring.open(folder) == first


def test_a_signature_is_the_keys_own() -> None:
    """RFC 8032's first test: the public key and the signature of the empty message, and no other fits."""
    key = Key(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    signature = key.sign(b"")

    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert signature.hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    assert signed_by(key.public, signature, b"")
    assert not signed_by(key.public, signature, b"x")
    assert not signed_by(key.public, signature[:-1], b"")
    assert not signed_by(Key(bytes(32)).public, signature, b"")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_key_that_others_may_read_is_not_used(tmp_path: Path, mode: int) -> None:
    """A key that somebody else may have read proves nothing any more."""
    Keyring.open(tmp_path / "keys")
    (tmp_path / "keys/key-0001.json").chmod(mode)

    with pytest.raises(HornbookError, match=r"others may read this key"):
        Keyring.open(tmp_path / "keys")


def test_a_folder_that_others_may_look_into_is_not_used(tmp_path: Path) -> None:
    """Whoever may write into the folder could put a key of theirs there."""
    Keyring.open(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o750)

    with pytest.raises(HornbookError, match=r"others may look into"):
        Keyring.open(tmp_path / "keys")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A key is a file of its own: a link may lead to what somebody else has put there."""
    Keyring.open(tmp_path / "other")
    Keyring.open(tmp_path / "keys")
    (tmp_path / "keys/key-0002.json").symlink_to(tmp_path / "other/key-0001.json")

    with pytest.raises(HornbookError, match=r"cannot be read"):
        Keyring.open(tmp_path / "keys")


def test_a_passphrase_closes_a_key(tmp_path: Path) -> None:
    """Without it, or with another, the key stays closed; the file does not hold the seed."""
    ring = Keyring.open(tmp_path / "keys", passphrase="horn and leaf")
    content = json.loads((tmp_path / "keys/key-0001.json").read_text("ascii"))

    assert Keyring.open(tmp_path / "keys", passphrase="horn and leaf").newest == ring.newest
    assert "seed" not in content
    assert (content["kdf"], content["n"]) == ("scrypt", 1 << 17)
    with pytest.raises(HornbookError, match=r"needs its passphrase"):
        Keyring.open(tmp_path / "keys")
    with pytest.raises(HornbookError, match=r"does not open"):
        Keyring.open(tmp_path / "keys", passphrase="horn")


@pytest.mark.parametrize(
    "change", [{"n": 2}, {"kdf": "none"}, {"salt": "?"}, {"format": 2}, {"publicKey": "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"}]
)
def test_a_key_that_was_tampered_with_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    """A cheaper derivation, another format and another public key are not what we wrote."""
    Keyring.open(tmp_path / "keys", passphrase="horn")
    path = tmp_path / "keys/key-0001.json"
    path.write_text(json.dumps(json.loads(path.read_text("ascii")) | change), "ascii")

    with pytest.raises(HornbookError, match=r"not a key of hornbook's|do not belong together"):
        Keyring.open(tmp_path / "keys", passphrase="horn")


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"format":1,"publicKey":"z","seed":"AA=="}'])
def test_what_is_no_key_is_said(tmp_path: Path, content: bytes) -> None:
    """A file that is none of ours is one clear sentence."""
    Keyring.open(tmp_path / "keys")
    (tmp_path / "keys/key-0001.json").write_bytes(content)

    with pytest.raises(HornbookError, match=r"not a key of hornbook's"):
        Keyring.open(tmp_path / "keys")


def test_a_place_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    """Where no folder can be made, the sentence names it."""
    (tmp_path / "file").write_text("")

    with pytest.raises(HornbookError, match=r"no key can be kept there"):
        Keyring.open(tmp_path / "file" / "keys")


def test_a_new_key_signs_and_the_old_one_stays_listed(tmp_path: Path) -> None:
    """After a rotation the newest signs; did.json lists it first, and the old ones behind it."""
    before = Keyring.open(tmp_path / "keys")
    after = before.rotate()
    document = after.did_document("did:web:school.example")

    assert after.keys == (*before.keys, after.newest)
    assert after.newest != before.newest
    assert document["assertionMethod"] == [f"did:web:school.example#{key.multikey}" for key in (after.newest, before.newest)]


def test_two_that_come_at_once_have_the_same_key(tmp_path: Path) -> None:
    """Of two first uses at the same time one makes the key, and both use it."""
    rings: list[Keyring] = []
    threads = [threading.Thread(target=lambda: rings.append(Keyring.open(tmp_path / "keys"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(rings) == 8
    assert len({ring.newest for ring in rings}) == 1


def test_no_text_of_a_key_holds_its_secret(tmp_path: Path) -> None:
    """What is logged or shown of a keyring gives neither the seed nor the passphrase away."""
    ring = Keyring.open(tmp_path / "keys", passphrase="horn and leaf")

    assert repr(ring.newest.seed) not in repr(ring)
    assert "horn and leaf" not in repr(ring)


def test_the_default_place_is_jupyters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A learner's own keys lie in Jupyter's data folder."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))

    assert default_folder() == tmp_path / "hornbook" / "keys"
