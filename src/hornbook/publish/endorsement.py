"""What somebody else says of an artifact: a signed sentence, made where they are, that the learner may put beside the work.

    made = endorse(read_files(folder), "Clear names, and a plot that says it all.", keys=Keyring.open(), name="Grace")
    accept(made, folder)

An EndorsementCredential of Open Badges 3.0, about the credential's id and the digest of its bytes.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hornbook.errors import HornbookError
from hornbook.publish import artifact, page
from hornbook.publish.credential import EXTENSIONS, OPEN_BADGES, SCHEMAS, V2, Credential, sign, timestamp
from hornbook.publish.sealing import Signer

MAX_COMMENT: Final = 1_000  # characters


@dataclass(frozen=True, slots=True)
class Endorsement:
    """What `by`, an identifier, says of a credential: `comment`. `name` is what they call themselves, which nothing proves."""

    id: str
    by: str
    name: str
    comment: str
    issued: datetime


def endorse(files: Mapping[str, bytes], comment: str, signer: Signer, *, now: datetime | None = None) -> bytes:
    """Return the endorsement in which *signer* says *comment* of the artifact with these *files*, which the caller has verified."""
    about = Credential(json.loads(files["credential.json"]), ())
    comment = comment.strip()
    if not 0 < len(comment) <= MAX_COMMENT:
        raise HornbookError(f"An endorsement says something, in at most {MAX_COMMENT:,} characters; this one has {len(comment):,}.")
    if about.subject in {signer.key.did, signer.id}:
        raise HornbookError("Nobody can endorse their own work. Send it to somebody who has seen it.")
    created = now or datetime.now(UTC)
    made: dict[str, Any] = {
        "@context": [V2, OPEN_BADGES, EXTENSIONS],
        "id": f"urn:uuid:{uuid.uuid4()}",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": f"Endorsement of {about.name}",
        "issuer": {"id": signer.id, "type": ["Profile"], "name": signer.name},
        "validFrom": timestamp(created),
        "credentialSubject": {"id": about.id, "type": ["EndorsementSubject"], "endorsementComment": comment},
        "relatedResource": [{"id": _address_of(files), "digestSRI": page.sri(files["credential.json"]), "mediaType": "application/json"}],
        "credentialSchema": [{"id": SCHEMAS["EndorsementCredential"], "type": "1EdTechJsonSchemaValidator2019"}],
    }
    return json.dumps(sign(made, signer.key, created), ensure_ascii=False, indent=1).encode() + b"\n"


def accept(data: bytes, folder: Path, *, now: datetime | None = None) -> Endorsement:
    """Put the endorsement in *data* beside the work in *folder*, into its page and its zip, and return it.

    Raises `HornbookError` if it or the work does not hold, or it is about something else.
    """
    now = now or datetime.now(UTC)
    files = artifact.read_files(folder)
    # What does not hold would be put into a page and a zip as if it did.
    artifact.check_sealed(files, Credential.verified(files["credential.json"], now))
    endorsement = read(data, files, now)
    name = f"{artifact.ENDORSEMENTS}/{endorsement.id.removeprefix('urn:uuid:')}.json"
    if not artifact.is_endorsement(name):
        raise HornbookError("The endorsement has no name that it could be kept under.")
    if name not in files and sum(map(artifact.is_endorsement, files)) >= artifact.MAX_ENDORSEMENTS:
        raise HornbookError(f"An artifact has at most {artifact.MAX_ENDORSEMENTS} endorsements.")
    artifact.amend(folder, {name: data})
    return endorsement


def read(data: bytes, files: Mapping[str, bytes], now: datetime) -> Endorsement:
    """Return the endorsement in *data* of the artifact with these *files*; raise `HornbookError` if it is none."""
    credential = Credential.verified(data, now)
    document = credential.document
    subject = document.get("credentialSubject")
    about = Credential(json.loads(files["credential.json"]), ())
    comment = subject.get("endorsementComment") if isinstance(subject, dict) else None
    if "EndorsementCredential" not in document["type"] or not isinstance(comment, str) or len(comment) > MAX_COMMENT:
        raise HornbookError("This is not an endorsement.")
    if credential.subject != about.id or credential.manifest_digest != page.sri(files["credential.json"]):
        raise HornbookError("The endorsement is about another piece of work.")
    if credential.issuer == about.subject:
        raise HornbookError("The endorsement was made by whoever made the work.")
    return Endorsement(credential.id, credential.issuer, credential.issuer_name, comment, credential.issued)


def endorsements(folder: Path, now: datetime) -> tuple[Endorsement, ...]:
    """Return the endorsements beside the work in *folder*, oldest first; what does not hold is left out."""
    return of(artifact.read_files(folder), now)


def of(files: Mapping[str, bytes], now: datetime, *, strict: bool = False) -> tuple[Endorsement, ...]:
    """Return the endorsements among *files*, oldest first; what does not hold is left out, or raises where it is *strict*."""
    found = []
    for name, data in files.items():
        if artifact.is_endorsement(name):
            try:
                found.append(read(data, files, now))
            except HornbookError as error:
                if strict:
                    raise HornbookError(f"The endorsement {name} does not hold: {error}") from error
    return tuple(sorted(found, key=lambda one: (one.issued, one.id)))


def _address_of(files: Mapping[str, bytes]) -> str:
    return f"urn:sha256:{hashlib.sha256(files['credential.json']).hexdigest()}"
