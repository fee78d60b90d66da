"""Taking a credential back: Bitstring Status List 1.0, a W3C Recommendation of 2025-05-15.

A list is one credential of the issuer's with a bit for each of 131,072 others, so that whoever asks for it does not tell the issuer
which one they look at. It says until when it may be believed: an old copy would otherwise bring back what was taken back since.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from hornbook.errors import HornbookError, printable
from hornbook.publish.credential import V2, Credential, timestamp

ENTRIES: Final = 131_072
"""How many credentials one list speaks of: the least that the Recommendation allows, so that it hides one among many."""
VALID_FOR: Final = timedelta(days=90)
PURPOSE: Final = "revocation"
_MAX_BYTES: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """Where a credential can be taken back: bit `position` of the list at the address `url`."""

    url: str
    position: int

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self | None:
        """Return the entry of the credential *document*, if it has one; raise `HornbookError` for one that cannot be read."""
        status = document.get("credentialStatus")
        if status is None:
            return None
        try:
            position = int(status["statusListIndex"])
            known = status["type"] == "BitstringStatusListEntry" and status["statusPurpose"] == PURPOSE
            url = str(status["statusListCredential"])
        except (TypeError, KeyError, ValueError) as error:
            raise HornbookError("The credential's status cannot be read.") from error
        if not known or position < 0:
            raise HornbookError("The credential's status is of a kind that cannot be looked up here.")
        return cls(url, position)

    def to_json(self) -> dict[str, Any]:
        """Return what a credential says about it."""
        return {
            "id": f"{self.url}#{self.position}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": PURPOSE,
            "statusListIndex": str(self.position),
            "statusListCredential": self.url,
        }


def status_list(url: str, issuer: str, revoked: Iterable[int], now: datetime) -> dict[str, Any]:
    """Return the list at *url*, unsigned, in which *issuer* takes back those at the positions *revoked*."""
    return {
        "@context": [V2],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": timestamp(now),
        "validUntil": timestamp(now + VALID_FOR),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": PURPOSE,
            "encodedList": encoded(revoked),
        },
    }


def encoded(revoked: Iterable[int]) -> str:
    """Return the bits of a list as multibase base64url of gzip; the first entry is the leftmost bit."""
    bits = bytearray(ENTRIES // 8)
    for position in revoked:
        bits[position // 8] |= 0x80 >> position % 8
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(bits), mtime=0)).decode().rstrip("=")


def is_revoked(entry: StatusEntry, data: bytes, issuer: str, now: datetime) -> bool:
    """Whether the list in *data*, which stood at the address of *entry*, says that *issuer* has taken the credential back.

    Raises `HornbookError` where it cannot be told: a list that is not the issuer's, is out of date, too short or broken says nothing.
    """
    credential = Credential.verified(data, now)
    document = credential.document
    subject = document.get("credentialSubject")
    if credential.issuer != issuer or credential.id != entry.url:
        raise HornbookError("the list there is another one than the issuer's")
    if "BitstringStatusListCredential" not in document["type"] or not isinstance(subject, dict) or subject.get("statusPurpose") != PURPOSE:
        raise HornbookError("what is there is no list of what was taken back")
    bits = _decoded(subject.get("encodedList"))
    if len(bits) * 8 < ENTRIES or entry.position >= len(bits) * 8:
        raise HornbookError("the list there is too short to be one")
    return bool(bits[entry.position // 8] & 0x80 >> entry.position % 8)


def _decoded(text: object) -> bytes:
    if not isinstance(text, str) or not text.startswith("u"):
        raise HornbookError("the list there cannot be read")
    try:
        packed = base64.b64decode(text[1:] + "=" * (-len(text[1:]) % 4), altchars=b"-_", validate=True)
        inflater = zlib.decompressobj(wbits=31)
        bits = inflater.decompress(packed, _MAX_BYTES)
    except (binascii.Error, zlib.error) as error:
        raise HornbookError(f"the list there cannot be read ({printable(str(error))})") from error
    if inflater.unconsumed_tail or not inflater.eof:
        raise HornbookError("the list there is too long, or not whole")
    return bits
