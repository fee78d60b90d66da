"""Says whether an artifact, a credential or a badge holds, and what nobody can tell from it.

    verify(Path("portfolio/mean-0123abcd"))     a folder, its zip or page, credential.json, a transcript, an endorsement, a badge
    verify("https://...", fetch=fetch)          the same behind a link, and what its issuer says of it today

Nothing is believed, and nothing is fetched unless somebody hands on what fetches: signatures first, then digests, then the issuer's
own list. A digest that a broken signature vouches for is not looked at.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hornbook.errors import HornbookError, printable
from hornbook.model import Assurance
from hornbook.publish import endorsement, lookup, page, pictures
from hornbook.publish.artifact import SEALED, check_sealed, is_endorsement, is_name, read_file, read_files
from hornbook.publish.credential import JCS, RDFC, Credential
from hornbook.publish.endorsement import Endorsement
from hornbook.publish.lookup import Fetch
from hornbook.publish.status import StatusEntry, is_revoked
from hornbook.publish.transcripts import contained, endorsed

_MAX_UNPACKED: Final = 256 << 20
_DATA: Final = re.compile(rb'<script type="application/json" id="data">([^<]*)</script>')


@dataclass(frozen=True, slots=True)
class Verification:
    """What held, in sentences, and what cannot be told. Whoever has one has a credential whose proofs hold.

    `assurance` is that of the artifact, where its files stand with it; `endorsements` are what others say of it; `contained` are the
    credentials in a transcript.
    """

    credential: Credential
    held: tuple[str, ...]
    limits: tuple[str, ...]
    assurance: Assurance | None = None
    endorsements: tuple[Endorsement, ...] = ()
    contained: tuple[Credential, ...] = ()


def verify(where: Path | str, *, now: datetime | None = None, fetch: Fetch | None = None) -> Verification:
    """Return what holds of the artifact, credential or badge at *where*, a path or an address; raise `HornbookError` if it does not.

    With *fetch*, such as `hornbook.publish.lookup.fetch`, its issuer is asked whether the key is theirs and whether they have taken
    the credential back. An address needs one.
    """
    now = now or datetime.now(UTC)
    if isinstance(where, str) and not where.startswith(("https://", "http://")):
        where = Path(where)
    if isinstance(where, str):
        if fetch is None:
            raise HornbookError(f"{printable(where[:200])}: nothing is fetched without being asked to.")
        return verify_data(fetch(where), now, fetch)
    if where.is_dir():
        return verify_files(read_files(where), now, fetch)
    return verify_data(read_file(where), now, fetch)


def verify_data(data: bytes, now: datetime, fetch: Fetch | None = None) -> Verification:
    """Return what holds of *data*: a zip, a page, a credential, or a picture with one inside."""
    if data.startswith(b"PK\x03\x04"):
        return verify_files(_unzipped(data), now, fetch)
    if _is_page(data):
        return verify_files(_carried(data), now, fetch)
    if data.startswith(pictures.SIGNATURE) or data.lstrip()[:5] in {b"<svg ", b"<?xml"}:
        data = pictures.extracted(data)
    credential = Credential.verified(data, now)
    held, limits = _issuer(credential, now, fetch)
    if credential.manifest_digest:
        limits = (*limits, "The files that it is about, which do not stand with it.")
    inner = contained(credential, now)
    said: tuple[Endorsement, ...] = ()
    if inner:
        said = endorsed(credential, inner, now)
        held = (*held, f"All {len(inner)} credentials in it hold by themselves, and are those of one learner.")
        if fetch:
            for one in inner:
                _issuer(one, now, fetch)
    if said:
        held, limits = (*held, _about_these(len(said), "one of these credentials")), (*limits, _WHO_SAYS)
    return Verification(credential, held, limits, endorsements=said, contained=inner)


def files_of(path: Path) -> dict[str, bytes]:
    """Return the files of the artifact at *path*, a folder, a zip or a page, by name; nothing of them has been checked."""
    if path.is_dir():
        return read_files(path)
    data = read_file(path)
    if data.startswith(b"PK\x03\x04"):
        return _unzipped(data)
    if _is_page(data):
        return _carried(data)
    raise HornbookError(f"{printable(path)}: is no artifact. That is a folder, a zip or a page.")


def verify_files(files: Mapping[str, bytes], now: datetime | None = None, fetch: Fetch | None = None) -> Verification:
    """Return what holds of an artifact's *files*, by name."""
    now = now or datetime.now(UTC)
    for name in ("credential.json", "manifest.json"):
        if name not in files:
            raise HornbookError(f"The artifact has no {name}.")
    credential = Credential.verified(files["credential.json"], now)
    if credential.suites != (RDFC, JCS):
        raise HornbookError(f"An artifact's credential has two proofs, {RDFC} and {JCS}; this one has {', '.join(credential.suites)}.")
    check_sealed(files, credential)
    for badge in ("badge.png", "badge.svg"):
        if badge in files and pictures.extracted(files[badge]) != files["credential.json"]:
            raise HornbookError(f"The picture {badge} holds another credential.")
    assurance = _assurance(files, credential)
    said, gone = _standing_by(endorsement.standing(files, now, strict=True), now, fetch)
    held, limits = _issuer(credential, now, fetch)
    held = (*held, f"All {len(SEALED)} files are those that were signed.")
    index = files.get("index.html", b"")
    if index == page.index({name: data for name, data in files.items() if name != "index.html"}, page.address_of(index)):
        held = (*held, "The page is the one that these files make.")
    elif index:
        limits = (*limits, "The page index.html, which is not the one that this version of hornbook makes of these files.")
    if said:
        held, limits = (*held, _about_these(len(said), "this very credential")), (*limits, _WHO_SAYS)
    return Verification(credential, held, (*limits, *gone), assurance, said)


_WHO_SAYS: Final = "Who those are that endorsed it: their signatures name keys, and their names are their own words."


def _about_these(count: int, which: str) -> str:
    return f"{count} {'endorsement is' if count == 1 else 'endorsements are'} about {which}."


def _standing_by(
    said: Iterable[tuple[Endorsement, bytes]], now: datetime, fetch: Fetch | None
) -> tuple[tuple[Endorsement, ...], tuple[str, ...]]:
    """Return who of those that endorsed still stand by it, as far as they can be asked, and a sentence for each who does not.

    The work does not fall with them: it is not theirs.
    """
    standing, gone = [], []
    for one, data in said:
        try:
            _issuer(Credential.verified(data, now), now, fetch)
        except HornbookError as error:
            gone.append(f"Why {printable(one.name or one.by)} has endorsed it, which is not counted: {error}")
        else:
            standing.append(one)
    return tuple(standing), tuple(gone)


def _assurance(files: Mapping[str, bytes], credential: Credential) -> Assurance:
    """Return what the signed verdict says it is worth; nobody can make more of their own word than that."""
    try:
        assurance = Assurance(json.loads(files["verdict.json"])["assurance"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise HornbookError("The verdict does not say what it is worth.") from error
    if assurance is Assurance.COURSE_CHECKED and credential.issuer == credential.subject:
        raise HornbookError("It says that a course has checked it, and was signed by the learner alone.")
    return assurance


def _issuer(credential: Credential, now: datetime, fetch: Fetch | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what holds of who signed *credential*, and what cannot be told; raise `HornbookError` if they say that it does not."""
    held = [f"The signature ({suite}) fits the credential." for suite in credential.suites]
    limits = ["Who typed the code: a signature names a key, not a person."]
    who = printable(credential.issuer[:200])
    if credential.issuer.startswith("did:key:"):
        limits.append("Who the key belongs to: the credential was issued by whoever has it.")
    elif fetch and credential.issuer.startswith("did:web:"):
        listed = _lists_keys(credential, fetch)
        held += [f"{who} lists this key as its own today."] if listed is None else []
        limits += [f"Whether {who} still lists this key: {listed}"] if listed else []
    else:
        limits.append(f"Whether {who} still lists this key: nothing was looked up.")
    entry = StatusEntry.of(credential.document)
    if entry and fetch:
        try:
            revoked = is_revoked(entry, fetch(entry.url), credential.issuer, now)
        except HornbookError as error:
            limits.append(f"Whether it was revoked: {error}")
        else:
            if revoked:
                raise HornbookError(f"{who} has revoked this credential.")
            held.append(f"{who} has not revoked it: its list says so.")
    elif entry:
        limits.append("Whether it was revoked: the issuer's list was not looked up.")
    if RDFC not in credential.suites or JCS not in credential.suites:
        limits.append("Whether every verifier accepts it: it has one kind of proof only.")
    return tuple(held), tuple(limits)


def _lists_keys(credential: Credential, fetch: Fetch) -> str | None:
    """Return why it cannot be told that the issuer's document lists the keys of all proofs; raise `HornbookError` if it does not."""
    try:
        document = fetch(lookup.did_address(credential.issuer))
    except HornbookError as error:
        return str(error)
    if not all(lookup.lists_key(credential.issuer, method, document) for method in credential.methods):
        raise HornbookError(f"{printable(credential.issuer[:200])} does not list the key that signed this credential.")
    return None


def _is_page(data: bytes) -> bool:
    return data.lstrip()[:15].lower() == b"<!doctype html>"


def _carried(index: bytes) -> dict[str, bytes]:
    """Return the files that an artifact's page carries, and the page."""
    found = _DATA.search(index)
    try:
        carried = json.loads(found[1]) if found else {}
        files = {str(name): base64.b64decode(data, validate=True) for name, data in carried.items()}
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise HornbookError("What the page carries cannot be read.") from error
    if not files:
        raise HornbookError("This page carries no artifact.")
    return files | {"index.html": index}


def _unzipped(data: bytes) -> dict[str, bytes]:
    """Return the files of an artifact's zip, which has one folder; nothing is written anywhere."""
    files: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_UNPACKED:
                raise HornbookError("The zip is too big to be an artifact.")
            for entry in archive.infolist():
                folder, _, name = entry.filename.partition("/")
                if not is_name(folder) or not name or ("/" in name and not is_endorsement(name)) or name in files:
                    raise HornbookError("The zip is not that of an artifact.")
                files[name] = archive.read(entry)
    # zipfile's own ways to refuse: damage, a compression that it does not know, encryption, and an end that comes too early.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise HornbookError("The zip is broken.") from error
    return files
