"""The credentials of one learner in one: a Comprehensive Learner Record 2.0, to be handed on as one file.

    data = transcript([folder, folder, ...], Signer(...))

Each credential stands in it as it was signed, with its own proofs; whoever puts them together signs that they belong to one learner.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from hornbook.errors import HornbookError
from hornbook.publish.credential import EXTENSIONS, LEARNER_RECORD, OPEN_BADGES, SCHEMAS, V2, Credential, sign, timestamp
from hornbook.publish.sealing import Signer

MOST: Final = 200


def transcript(credentials: Iterable[bytes], signer: Signer, *, title: str = "Transcript", now: datetime | None = None) -> bytes:
    """Return the transcript of *credentials*, oldest first, signed by *signer*; raise `HornbookError` where they are not of one learner."""
    now = now or datetime.now(UTC)
    found = sorted((Credential.verified(data, now) for data in credentials), key=lambda one: (one.issued, one.id))
    if not 0 < len(found) <= MOST:
        raise HornbookError(f"A transcript has at least one credential, and at most {MOST}.")
    subjects = {one.subject for one in found}
    if len(subjects) > 1:
        raise HornbookError(f"These credentials are those of {len(subjects)} learners; a transcript is that of one.")
    if len({one.id for one in found}) < len(found):
        raise HornbookError("The same credential was given twice.")
    digest = hashlib.sha256("\n".join([signer.id, title, *(json.dumps(dict(one.document), sort_keys=True) for one in found)]).encode())
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
