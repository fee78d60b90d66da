"""`hornbook.publish.status`: a list says what was taken back, and a list that cannot be believed says nothing."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hornbook.errors import HornbookError
from hornbook.publish.credential import sign
from hornbook.publish.keys import Key
from hornbook.publish.status import ENTRIES, VALID_FOR, StatusEntry, encoded, is_revoked, status_list

NOW = datetime(2026, 11, 1, tzinfo=UTC)
KEY = Key(bytes(range(32)))
URL = "https://example.org/101/status/1.json"


def listed(*revoked: int, **other: Any) -> bytes:
    """Return the signed list of these positions, changed by *other* members before it was signed."""
    document = status_list(URL, KEY.did, revoked, NOW) | other
    return json.dumps(sign(document, KEY, NOW)).encode()


def subject(**other: Any) -> dict[str, Any]:
    """Return what a list is about, changed."""
    return {"credentialSubject": status_list(URL, KEY.did, [], NOW)["credentialSubject"] | other}


def test_the_example_of_the_recommendation_is_read() -> None:
    """The encoded list that the Recommendation prints is that of a list without a bit set (section 2.2, example 3)."""
    printed = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"
    packed = base64.urlsafe_b64decode(printed[1:] + "=" * (-len(printed[1:]) % 4))

    assert gzip.decompress(packed) == gzip.decompress(base64.urlsafe_b64decode(encoded([])[1:] + "==")) == bytes(ENTRIES // 8)


@pytest.mark.parametrize("position", [0, 1, 7, 8, 4242, ENTRIES - 1])
def test_one_bit_is_one_credential(position: int) -> None:
    """The bit of a credential that was taken back is set, and that of its neighbours is not."""
    data = listed(position)

    assert is_revoked(StatusEntry(URL, position), data, KEY.did, NOW)
    for neighbour in {max(position - 1, 0), min(position + 1, ENTRIES - 1)} - {position}:
        assert not is_revoked(StatusEntry(URL, neighbour), data, KEY.did, NOW)


def test_the_first_entry_is_the_leftmost_bit() -> None:
    """As the Recommendation says (section 3.3)."""
    packed = base64.urlsafe_b64decode(encoded([0])[1:] + "==")

    assert gzip.decompress(packed)[0] == 0b1000_0000


def test_the_same_list_is_the_same_bytes() -> None:
    """No time of day gets into it."""
    assert encoded([1, 2]) == encoded([2, 1])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (listed(id="https://example.org/other"), "another one than the issuer's"),
        (listed(validUntil="2026-10-31T00:00:00Z"), "expired"),
        (listed(**subject(statusPurpose="suspension")), "no list of what was taken back"),
        (listed(type=["VerifiableCredential"]), "no list of what was taken back"),
        (listed(credentialSubject=[]), "no list of what was taken back"),
        (listed(**subject(encodedList="u" + base64.urlsafe_b64encode(gzip.compress(b"\0" * 100)).decode().rstrip("="))), "too short"),
        (listed(**subject(encodedList="u" + base64.urlsafe_b64encode(gzip.compress(bytes(9 << 20))).decode().rstrip("="))), "too long"),
        (listed(**subject(encodedList=encoded([])[:-8])), "cannot be read|not whole"),
        (listed(**subject(encodedList="zabc")), "cannot be read"),
        (listed(**subject(encodedList="u###")), "cannot be read"),
        (listed(**subject(encodedList=5)), "cannot be read"),
        (listed().replace(b"2026-11-01", b"2026-10-01"), "signature"),
        (b"<html>", "not JSON"),
    ],
)
def test_a_list_that_cannot_be_believed_says_nothing(data: bytes, reason: str) -> None:
    """Another issuer's, an old one, one that was changed, cut or blown up: never taken for a list in which nothing stands."""
    with pytest.raises(HornbookError, match=reason):
        is_revoked(StatusEntry(URL, 5), data, KEY.did, NOW)


def test_a_list_of_somebody_else_says_nothing() -> None:
    """Whoever signed the credential signs its list."""
    with pytest.raises(HornbookError, match="another one than the issuer's"):
        is_revoked(StatusEntry(URL, 5), listed(5), Key(bytes(32)).did, NOW)


def test_a_list_is_believed_for_a_while() -> None:
    """An old copy cannot bring back what was taken back after it."""
    assert is_revoked(StatusEntry(URL, 5), listed(5), KEY.did, NOW + VALID_FOR - timedelta(seconds=1))
    with pytest.raises(HornbookError, match="expired"):
        is_revoked(StatusEntry(URL, 5), listed(5), KEY.did, NOW + VALID_FOR + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ([], "cannot be read"),
        ("https://example.org", "cannot be read"),
        ({"type": "BitstringStatusListEntry"}, "cannot be read"),
        (StatusEntry(URL, 5).to_json() | {"statusListIndex": "x"}, "cannot be read"),
        (StatusEntry(URL, 5).to_json() | {"statusListIndex": "-1"}, "cannot be looked up"),
        (StatusEntry(URL, 5).to_json() | {"type": "Other"}, "cannot be looked up"),
        (StatusEntry(URL, 5).to_json() | {"statusPurpose": "message"}, "cannot be looked up"),
    ],
)
def test_a_status_of_another_kind_is_said(status: object, reason: str) -> None:
    """What cannot be looked up is never taken for a credential that cannot be taken back."""
    with pytest.raises(HornbookError, match=reason):
        StatusEntry.of({"credentialStatus": status})


def test_an_entry_is_read_as_it_was_written() -> None:
    """And a credential without one has none."""
    assert StatusEntry.of({"credentialStatus": StatusEntry(URL, 5).to_json()}) == StatusEntry(URL, 5)
    assert StatusEntry.of({}) is None
