"""Keys that sign: made once, kept in a folder that only their owner may read, rotated without breaking what they signed.

    keys = Keyring.open()                    the learner's own, made at the first use
    keys.newest.did                          "did:key:z6Mk..."
    keys.rotate()                            a new key signs from now on; the old one stays listed

A key is an Ed25519 seed in a JSON file. Without a passphrase the file's mode is all that guards it, which is enough for what a
learner's own machine may claim (self-checked). With one the seed is encrypted by ChaCha20-Poly1305 (RFC 8439) under a key that
scrypt (RFC 7914, n = 2^17, r = 8, p = 1) makes of the passphrase.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from hornbook.errors import HornbookError, printable
from hornbook.files import write_secret

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""Base58, as Bitcoin and multibase `z` write it."""
ED25519 = b"\xed\x01"
"""What a multikey begins with that is an Ed25519 public key (Controlled Identifiers 1.0)."""
SEED_BYTES = 32

_SCRYPT = {"n": 1 << 17, "r": 8, "p": 1}
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def base58(data: bytes) -> str:
    """Return *data* in base58."""
    number = int.from_bytes(data)
    digits = ""
    while number:
        number, digit = divmod(number, 58)
        digits = ALPHABET[digit] + digits
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


def from_base58(text: str) -> bytes:
    """Return the bytes that *text* is in base58; raise ValueError if it is none, or longer than any key or signature."""
    if len(text) > 200:  # noqa: PLR2004 - twice a signature
        raise ValueError("it is too long")
    number = 0
    for char in text:
        number = number * 58 + ALPHABET.index(char)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


def multikey(public: bytes) -> str:
    """Return the multibase form of an Ed25519 *public* key: `z6Mk...`."""
    return "z" + base58(ED25519 + public)


def public_of(text: str) -> bytes:
    """Return the Ed25519 public key that a multikey says; raise ValueError if it says none."""
    data = from_base58(text[1:]) if text.startswith("z") else b""
    if not data.startswith(ED25519) or len(data) != len(ED25519) + SEED_BYTES:
        raise ValueError(f"{printable(text[:80])} is not an Ed25519 key")
    return data.removeprefix(ED25519)


@dataclass(frozen=True, slots=True)
class Key:
    """One Ed25519 key. `seed` is the secret; it is in no text that is made of a key."""

    seed: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - heavy

        public: bytes = self._private().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return public

    @property
    def multikey(self) -> str:
        """The public key in multibase."""
        return multikey(self.public)

    @property
    def did(self) -> str:
        """The identifier that is the key itself (did:key)."""
        return f"did:key:{self.multikey}"

    def sign(self, data: bytes) -> bytes:
        """Return the signature of *data*, 64 bytes (RFC 8032, deterministic)."""
        signature: bytes = self._private().sign(data)
        return signature

    def _private(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - heavy

        return Ed25519PrivateKey.from_private_bytes(self.seed)


def signed_by(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether *signature* of *data* was made with the key whose *public* part this is."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys in one folder, oldest first. The newest signs; what any of them signed stays theirs."""

    folder: Path
    keys: tuple[Key, ...]
    passphrase: str | None = field(default=None, repr=False)

    @classmethod
    def open(cls, folder: Path | None = None, *, passphrase: str | None = None) -> Self:
        """Return the keys in *folder*, by default Jupyter's data folder; where there is none, one is made.

        Raises `HornbookError` where somebody else could read them, the passphrase does not fit, or a file is none of ours.
        """
        folder = folder or default_folder()
        _private_folder(folder)
        if not _files(folder):
            _create(folder, 1, passphrase)
        return cls(folder, tuple(_read(path, passphrase) for path in _files(folder)), passphrase)

    @staticmethod
    def is_closed(folder: Path) -> bool:
        """Whether a passphrase opens the keys in *folder*."""
        return any(b'"kdf"' in path.read_bytes()[: 1 << 16] for path in _files(folder) if path.is_file())

    @property
    def newest(self) -> Key:
        """The key that signs."""
        return self.keys[-1]

    def rotate(self) -> Keyring:
        """Return the keyring with a new key that signs from now on."""
        number = 1 + max(int(path.stem.removeprefix("key-")) for path in _files(self.folder))
        _create(self.folder, number, self.passphrase)
        return Keyring.open(self.folder, passphrase=self.passphrase)

    def did_document(self, did: str) -> dict[str, Any]:
        """Return the did.json with which *did*, a did:web, says that all these keys are its own."""
        methods = [
            {"id": f"{did}#{key.multikey}", "type": "Multikey", "controller": did, "publicKeyMultibase": key.multikey}
            for key in reversed(self.keys)
        ]
        return {
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
            "id": did,
            "verificationMethod": methods,
            "assertionMethod": [method["id"] for method in methods],
        }


def default_folder() -> Path:
    """Return where a learner's own keys are kept: in Jupyter's data folder."""
    from jupyter_core.paths import jupyter_data_dir  # noqa: PLC0415 - heavy

    return Path(jupyter_data_dir()) / "hornbook" / "keys"


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("key-[0-9][0-9][0-9][0-9].json"))


def _private_folder(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        mode = folder.lstat().st_mode
    except OSError as error:
        raise HornbookError(f"{printable(folder)}: no key can be kept there ({error.strerror}).") from error
    if not stat.S_ISDIR(mode) or mode & _OTHERS:
        raise HornbookError(f"{printable(folder)}: others may look into the folder of your keys. `chmod 700` closes it.")


def _create(folder: Path, number: int, passphrase: str | None) -> None:
    """Write a new key as the *number*th of *folder*; whoever comes second uses the first one's."""
    key = Key(secrets.token_bytes(SEED_BYTES))
    content = {"format": 1, "publicKey": key.multikey, **_sealed(key.seed, passphrase)}
    path = folder / f"key-{number:04}.json"
    try:
        # A half-written key would be lost for ever.
        write_secret(path, json.dumps(content))
    except OSError as error:
        raise HornbookError(f"{printable(path)}: the key cannot be written ({error.strerror}).") from error


def _read(path: Path, passphrase: str | None) -> Key:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            _refuse_open_to_others(path, mode)
            content = json.loads(file.read(1 << 16))
        seed = _unsealed(content, passphrase, path)
        key = Key(seed)
        fits = content["format"] == 1 and content["publicKey"] == key.multikey
    except OSError as error:
        raise HornbookError(f"{printable(path)}: the key cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError) as error:
        raise HornbookError(f"{printable(path)}: this is not a key of hornbook's.") from error
    if not fits:
        raise HornbookError(f"{printable(path)}: the two parts of this key do not belong together.")
    return key


def _refuse_open_to_others(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode) or mode & _OTHERS:
        raise HornbookError(f"{printable(path)}: others may read this key. Make a new one in another folder, or close it with `chmod 600`.")


def _sealed(seed: bytes, passphrase: str | None) -> dict[str, Any]:
    if passphrase is None:
        return {"seed": base64.b64encode(seed).decode()}
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # noqa: PLC0415 - heavy

    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = ChaCha20Poly1305(_stretched(passphrase, salt)).encrypt(nonce, seed, b"hornbook key 1")
    parts = {"salt": salt, "nonce": nonce, "ciphertext": sealed}
    return {"kdf": "scrypt", **_SCRYPT, **{name: base64.b64encode(part).decode() for name, part in parts.items()}}


def _unsealed(content: Any, passphrase: str | None, path: Path) -> bytes:
    if not isinstance(content, dict) or not content.keys() & {"seed", "kdf"}:
        raise ValueError("it has no seed")
    if "seed" in content:
        seed = base64.b64decode(content["seed"], validate=True)
        if len(seed) != SEED_BYTES:
            raise ValueError("it has another length")
        return seed
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # noqa: PLC0415

    if passphrase is None:
        raise HornbookError(f"{printable(path)}: this key needs its passphrase, in the variable HORNBOOK_PASSPHRASE.")
    if content["kdf"] != "scrypt" or any(content[name] != value for name, value in _SCRYPT.items()):
        # Whoever could write other numbers here would make the passphrase cheap to guess, or fill the memory.
        raise ValueError("it was stretched in another way")
    salt, nonce, sealed = (base64.b64decode(content[name], validate=True) for name in ("salt", "nonce", "ciphertext"))
    try:
        return ChaCha20Poly1305(_stretched(passphrase, salt)).decrypt(nonce, sealed, b"hornbook key 1")
    except InvalidTag as error:
        raise HornbookError(f"{printable(path)}: the passphrase does not open this key.") from error


def _stretched(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415 - heavy

    key: bytes = Scrypt(salt=salt, length=32, **_SCRYPT).derive(passphrase.encode())
    return key
