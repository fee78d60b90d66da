"""The credentials of one learner in one: a Comprehensive Learner Record 2.0, to be handed on as one file.

    data = transcript([folder, folder, ...], Signer(...))

Each credential stands in it as it was signed, with its own proofs, and so does what others have said of it; whoever puts them together
signs that they belong to one learner.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hornbook.errors import HornbookError
from hornbook.publish import endorsement
from hornbook.publish.credential import EXTENSIONS, LEARNER_RECORD, OPEN_BADGES, SCHEMAS, V2, Credential, sign, timestamp
from hornbook.publish.endorsement import Endorsement
from hornbook.publish.sealing import Signer

MOST: Final = 200
MOST_SAID: Final = 400
"""How many endorsements stand in one transcript: each is verified by whoever reads it."""


def transcript(
    credentials: Iterable[bytes],
    signer: Signer,
    *,
    endorsed: Iterable[bytes] = (),
    title: str = "Transcript",
    now: datetime | None = None,
) -> bytes:
    """Return the transcript of *credentials*, oldest first, with the endorsements of them in *endorsed*, signed by *signer*.

    Raises `HornbookError` where they are not of one learner, something does not hold, or an endorsement is about none of them.
    """
    now = now or datetime.now(UTC)
    found = sorted((Credential.verified(data, now) for data in credentials), key=lambda one: (one.issued, one.id))
    if not 0 < len(found) <= MOST:
        raise HornbookError(f"A transcript has at least one credential, and at most {MOST}.")
    subjects = {one.subject for one in found}
    if len(subjects) > 1:
        raise HornbookError(f"These credentials are those of {len(subjects)} learners; a transcript is that of one.")
    if len({one.id for one in found}) < len(found):
        raise HornbookError("The same credential was given twice.")
    said = [_json(data) for data in endorsed]
    _said(said, found, now)
    parts = [json.dumps(one, sort_keys=True) for one in (*(dict(one.document) for one in found), *said)]
    digest = hashlib.sha256("\n".join([signer.id, title, *parts]).encode())
    made: dict[str, Any] = {
        "@context": [V2, LEARNER_RECORD, OPEN_BADGES, EXTENSIONS],
        "id": f"urn:uuid:{uuid.UUID(bytes=digest.digest()[:16], version=4)}",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": title,
        "issuer": {"id": signer.id, "type": ["Profile"], "name": signer.name},
        "validFrom": timestamp(now),
        # There may be more than the learner chose to show.
        "partial": True,
        "credentialSubject": {
            "id": found[0].subject,
            "type": ["ClrSubject"],
            "verifiableCredential": [dict(one.document) for one in found],
        },
        **({"endorsement": said} if said else {}),
        "credentialSchema": [{"id": SCHEMAS["ClrCredential"], "type": "1EdTechJsonSchemaValidator2019"}],
    }
    return json.dumps(sign(made, signer.key, now), ensure_ascii=False, indent=1).encode() + b"\n"


def contained(credential: Credential, now: datetime) -> tuple[Credential, ...]:
    """Return the credentials in a transcript, each of which holds by itself; none if *credential* is no transcript."""
    if "ClrCredential" not in credential.document["type"]:
        return ()
    subject = credential.document.get("credentialSubject")
    inner = subject.get("verifiableCredential") if isinstance(subject, dict) else None
    if not isinstance(inner, list) or not 0 < len(inner) <= MOST:
        raise HornbookError("The transcript has no credentials.")
    found = tuple(Credential.verified(json.dumps(one).encode(), now) for one in inner)
    if any(one.subject != credential.subject for one in found):
        raise HornbookError("The transcript has a credential of another learner.")
    return found


def endorsed(credential: Credential, inner: Iterable[Credential], now: datetime) -> tuple[Endorsement, ...]:
    """Return what a transcript has others say of the credentials *inner* it, each of which holds; see `contained`."""
    said = credential.document.get("endorsement", [])
    if not isinstance(said, list):
        raise HornbookError("What others say cannot be read in the transcript.")
    return _said(said, inner, now)


def _said(said: list[Any], found: Iterable[Credential], now: datetime) -> tuple[Endorsement, ...]:
    """Return the endorsements *said*; raise `HornbookError` unless each holds and is about one of the credentials *found*."""
    if len(said) > MOST_SAID:
        raise HornbookError(f"A transcript has at most {MOST_SAID} endorsements; these are {len(said):,}. Put fewer works into one.")
    # An endorsement names the digest of the file that it is about. These are its bytes, as an artifact is written.
    files = {one.id: {"credential.json": written(one.document)} for one in found}
    made = []
    for one in said:
        subject = one.get("credentialSubject") if isinstance(one, dict) else None
        about = subject.get("id") if isinstance(subject, dict) else None
        if about not in files:
            raise HornbookError("The transcript has an endorsement of something that is not in it.")
        made.append(endorsement.read(json.dumps(one).encode(), files[about], now))
    if len({(one.about, one.by) for one in made}) < len(made):
        raise HornbookError("The transcript has two endorsements of one work by the same key.")
    return tuple(made)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise HornbookError("An endorsement for the transcript is not JSON.") from error


def written(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a credential's file, as artifacts have it."""
    return json.dumps(dict(document), ensure_ascii=False, indent=1).encode() + b"\n"
