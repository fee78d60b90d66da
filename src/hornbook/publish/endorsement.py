"""What somebody else says of an artifact: a signed sentence, made where they are, that the learner may put beside the work.

    made = endorse(read_files(folder), "Clear names, and a plot that says it all.", Signer(key, key.did, "Grace"))
    accept(made, folder)
    decline(endorsement.id, folder)

An EndorsementCredential of Open Badges 3.0, about the credential's id and the digest of its bytes. Whoever would rather write it on the
artifact's page saves a `Draft` there, which holds no signature, and signs that.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from hornbook.errors import HornbookError, printable
from hornbook.publish import artifact, page
from hornbook.publish.credential import EXTENSIONS, OPEN_BADGES, SCHEMAS, V2, Credential, sign, timestamp
from hornbook.publish.sealing import Signer

MAX_COMMENT: Final = 1_000  # characters
MAX_NAME: Final = 200  # characters
DRAFT: Final = "urn:hornbook:schema:endorsement-draft:1"
"""Stands in a draft, so that no other file is taken for one."""
_MAX_DRAFT: Final = 8 << 20  # bytes: a credential of the most bytes in base64, and some words


@dataclass(frozen=True, slots=True)
class Endorsement:
    """What `by`, an identifier, says of the credential `about`: `comment`. `name` is what they call themselves, which nothing proves."""

    id: str
    by: str
    name: str
    comment: str
    issued: datetime
    about: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say, as an artifact's page has saved it: not signed, and so nobody's word yet.

    `credential` are the bytes of the credential that it is about, whose proofs hold; the artifact's files do not stand with it.
    """

    credential: bytes
    comment: str
    name: str

    @classmethod
    def read(cls, data: bytes, now: datetime) -> Self:
        """Return the draft in *data*; raise `HornbookError` if it is none, or its credential does not hold at the time *now*."""
        try:
            content = json.loads(data[: _MAX_DRAFT + 1])
            credential = base64.b64decode(content["credential"], validate=True)
            known = content["format"] == DRAFT
            comment, name = content["comment"], content["name"]
        except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
            raise HornbookError("This is no draft of an endorsement. The page of an artifact saves one.") from error
        if not known or len(data) > _MAX_DRAFT or not isinstance(comment, str) or not isinstance(name, str):
            raise HornbookError("This draft of an endorsement is of another format.")
        about = Credential.verified(credential, now)
        if "OpenBadgeCredential" not in about.document["type"]:
            raise HornbookError("The draft is about something that is no credential of a lesson.")
        return cls(credential, comment, name)

    @staticmethod
    def is_one(data: bytes) -> bool:
        """Whether *data* looks like a draft, and like no artifact."""
        return data.lstrip()[:1] == b"{"


def endorse(
    files: Mapping[str, bytes],
    comment: str,
    signer: Signer,
    *,
    now: datetime | None = None,
    status: Callable[[str], Mapping[str, Any]] | None = None,
) -> bytes:
    """Return the endorsement in which *signer* says *comment* of the artifact with these *files*, which the caller has verified.

    Only its credential is needed. *status* gives, for the endorsement's id, where it can be looked up whether it was taken back.
    """
    about = Credential(json.loads(files["credential.json"]), ())
    comment = comment.strip()
    if not 0 < len(comment) <= MAX_COMMENT:
        raise HornbookError(f"An endorsement says something, in at most {MAX_COMMENT:,} characters; this one has {len(comment):,}.")
    if not 0 < len(signer.name) <= MAX_NAME:
        raise HornbookError(f"Whoever endorses calls themselves something, in at most {MAX_NAME} characters.")
    if about.subject in {signer.key.did, signer.id}:
        raise HornbookError("Nobody can endorse their own work. Send it to somebody who has seen it.")
    created = now or datetime.now(UTC)
    name = f"urn:uuid:{uuid.uuid4()}"
    made: dict[str, Any] = {
        "@context": [V2, OPEN_BADGES, EXTENSIONS],
        "id": name,
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": f"Endorsement of {about.name}",
        "issuer": {"id": signer.id, "type": ["Profile"], "name": signer.name},
        "validFrom": timestamp(created),
        "credentialSubject": {"id": about.id, "type": ["EndorsementSubject"], "endorsementComment": comment},
        "relatedResource": [{"id": _address_of(files), "digestSRI": page.sri(files["credential.json"]), "mediaType": "application/json"}],
        "credentialSchema": [{"id": SCHEMAS["EndorsementCredential"], "type": "1EdTechJsonSchemaValidator2019"}],
        **({"credentialStatus": status(name)} if status else {}),
    }
    return json.dumps(sign(made, signer.key, created), ensure_ascii=False, indent=1).encode() + b"\n"


def accept(data: bytes, folder: Path, *, now: datetime | None = None) -> Endorsement:
    """Put the endorsement in *data* beside the work in *folder*, into its page and its zip, and return it.

    Raises `HornbookError` if it or the work does not hold, it is about something else, or whoever made it has endorsed the work already.
    """
    now = now or datetime.now(UTC)
    files = artifact.read_files(folder)
    # What does not hold would be put into a page and a zip as if it did.
    artifact.check_sealed(files, Credential.verified(files["credential.json"], now))
    endorsement = read(data, files, now)
    name = _place_of(endorsement.id)
    if files.get(name, data) != data:
        # An id is chosen by whoever signs: theirs must not push out somebody else's.
        raise HornbookError("Another endorsement of this id stands there already. `hornbook decline` takes one away.")
    if name not in files and sum(map(artifact.is_endorsement, files)) >= artifact.MAX_ENDORSEMENTS:
        raise HornbookError(f"An artifact has at most {artifact.MAX_ENDORSEMENTS} endorsements.")
    for one in of(files, now):
        if one.by == endorsement.by and one.id != endorsement.id:
            raise HornbookError(
                f"They have endorsed this work already, on {one.issued:%Y-%m-%d}. To have the other one instead, "
                f"`hornbook decline {printable(one.id)}` the first."
            )
    artifact.amend(folder, {name: data})
    return endorsement


def decline(which: str, folder: Path) -> str:
    """Take the endorsement *which*, an id, from the work in *folder*, its page and its zip, whether it holds or not; return the id.

    Raises `HornbookError` if there is none of this id, or the work itself does not hold.
    """
    files = artifact.read_files(folder)
    name = _place_of(which)
    if name not in files:
        raise HornbookError(f"{printable(folder)}: has no endorsement of the id {printable(which[:60])}. `hornbook verify` names them.")
    artifact.check_sealed(files, Credential.verified(files["credential.json"], datetime.now(UTC)))
    artifact.amend(folder, {}, removed=[name])
    return which


def read(data: bytes, files: Mapping[str, bytes], now: datetime) -> Endorsement:
    """Return the endorsement in *data* of the artifact with these *files*; raise `HornbookError` if it is none."""
    credential = Credential.verified(data, now)
    document = credential.document
    subject = document.get("credentialSubject")
    about = Credential(json.loads(files["credential.json"]), ())
    comment = subject.get("endorsementComment") if isinstance(subject, dict) else None
    if "EndorsementCredential" not in document["type"] or not isinstance(comment, str) or not 0 < len(comment.strip()) <= MAX_COMMENT:
        raise HornbookError("This is not an endorsement.")
    if len(credential.issuer_name) > MAX_NAME:
        raise HornbookError("Whoever made this endorsement has a longer name than anybody reads.")
    if credential.subject != about.id or credential.manifest_digest != page.sri(files["credential.json"]):
        raise HornbookError("The endorsement is about another piece of work.")
    if credential.issuer == about.subject:
        raise HornbookError("The endorsement was made by whoever made the work.")
    return Endorsement(credential.id, credential.issuer, credential.issuer_name, comment, credential.issued, about.id)


def endorsements(folder: Path, now: datetime) -> tuple[Endorsement, ...]:
    """Return the endorsements beside the work in *folder*, oldest first; what does not hold is left out."""
    return of(artifact.read_files(folder), now)


def of(files: Mapping[str, bytes], now: datetime, *, strict: bool = False) -> tuple[Endorsement, ...]:
    """Return the endorsements among *files*; see `standing`."""
    return tuple(one for one, _ in standing(files, now, strict=strict))


def standing(files: Mapping[str, bytes], now: datetime, *, strict: bool = False) -> tuple[tuple[Endorsement, bytes], ...]:
    """Return the endorsements among *files*, oldest first, each with its bytes, and the last word only of whoever has made two.

    What does not hold is left out, or raises `HornbookError` where it is *strict*, unless it has only expired.
    """
    found: dict[str, tuple[Endorsement, bytes]] = {}
    for name, data in files.items():
        if artifact.is_endorsement(name):
            try:
                one = read(data, files, now)
            except HornbookError as error:
                if strict and not _has_expired(data, files, now):
                    raise HornbookError(
                        f"The endorsement {name} does not hold: {error} `hornbook decline` takes it away from its folder."
                    ) from error
                continue
            before = found.get(one.by)
            if before is None or (before[0].issued, before[0].id) < (one.issued, one.id):
                found[one.by] = (one, data)
    return tuple(sorted(found.values(), key=lambda pair: (pair[0].issued, pair[0].id)))


def _has_expired(data: bytes, files: Mapping[str, bytes], now: datetime) -> bool:
    """Whether *data* held until its time ran out: a page must not fall because somebody's praise was meant for a year."""
    with contextlib.suppress(HornbookError, ValueError, KeyError, TypeError, RecursionError):
        until = datetime.fromisoformat(json.loads(data)["validUntil"])
        return until < now and bool(read(data, files, until))
    return False


def _place_of(name: str) -> str:
    """Return the file that the endorsement of the id *name* is kept in; raise `HornbookError` if it is no id of one."""
    place = f"{artifact.ENDORSEMENTS}/{name.removeprefix('urn:uuid:')}.json"
    if not artifact.is_endorsement(place):
        raise HornbookError("The endorsement has no name that it could be kept under.")
    return place


def _address_of(files: Mapping[str, bytes]) -> str:
    return f"urn:sha256:{hashlib.sha256(files['credential.json']).hexdigest()}"
