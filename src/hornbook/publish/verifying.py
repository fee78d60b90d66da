"""Says whether an artifact, a credential or a badge holds, and what nobody can tell from it.

    verify(Path("portfolio/mean-0123abcd"))     a folder, its zip, credential.json, badge.png or badge.svg

Nothing is fetched and nothing is believed: signatures first, then digests. A digest that a broken signature vouches for is not looked at.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hornbook.errors import HornbookError, printable
from hornbook.publish import page, pictures
from hornbook.publish.artifact import MANIFEST_SCHEMA, SEALED, is_name, read_file
from hornbook.publish.credential import JCS, RDFC, Credential

BESIDE: Final = {"manifest.json", "credential.json", "badge.png", "badge.svg", "index.html"}
"""The files of an artifact that its manifest does not name."""
_MAX_UNPACKED: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Verification:
    """What held, in sentences, and what cannot be told. Whoever has one has a credential whose proofs hold."""

    credential: Credential
    held: tuple[str, ...]
    limits: tuple[str, ...]


def verify(path: Path, *, now: datetime | None = None) -> Verification:
    """Return what holds of the artifact, credential or badge at *path*; raise `HornbookError` with the reason if it does not."""
    now = now or datetime.now(UTC)
    if path.is_dir():
        return verify_files(_folder(path), now)
    data = read_file(path)
    if data.startswith(b"PK\x03\x04"):
        return verify_files(_unzipped(data), now)
    if data.startswith(pictures.SIGNATURE) or data.lstrip()[:5] in {b"<svg ", b"<?xml"}:
        data = pictures.extracted(data)
    credential = Credential.verified(data, now)
    files = ("The files of the notebook, which do not stand with it.",) if credential.manifest_digest else ()
    return Verification(credential, _proofs(credential), (*_limits(credential), *files))


def verify_files(files: Mapping[str, bytes], now: datetime) -> Verification:
    """Return what holds of an artifact's *files*, by name."""
    for name in ("credential.json", "manifest.json"):
        if name not in files:
            raise HornbookError(f"The artifact has no {name}.")
    credential = Credential.verified(files["credential.json"], now)
    if credential.suites != (RDFC, JCS):
        raise HornbookError(f"An artifact's credential has two proofs, {RDFC} and {JCS}; this one has {', '.join(credential.suites)}.")
    _check_manifest(files, credential)
    for badge in ("badge.png", "badge.svg"):
        if badge in files and pictures.extracted(files[badge]) != files["credential.json"]:
            raise HornbookError(f"The picture {badge} holds another credential.")
    held = [*_proofs(credential), f"All {len(SEALED)} files are those that were signed."]
    limits = list(_limits(credential))
    if files.get("index.html") == page.index({name: data for name, data in files.items() if name != "index.html"}):
        held.append("The page is the one that these files make.")
    elif "index.html" in files:
        limits.append("The page index.html, which is not the one that this version of hornbook makes of these files.")
    return Verification(credential, tuple(held), tuple(limits))


def _check_manifest(files: Mapping[str, bytes], credential: Credential) -> None:
    """Raise `HornbookError` unless the credential signs the manifest, and the manifest every file there is."""
    if page.sri(files["manifest.json"]) != credential.manifest_digest:
        raise HornbookError("The list of files, manifest.json, is not the one that was signed.")
    # It is ours from here on: the key that signed it is the one that the credential names.
    try:
        manifest = json.loads(files["manifest.json"])
        digests = {str(entry["path"]): str(entry["digestSRI"]) for entry in manifest["files"]}
        known = manifest["schema"] == MANIFEST_SCHEMA
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise HornbookError("The list of files, manifest.json, cannot be read.") from error
    if not known or set(digests) != set(SEALED):
        raise HornbookError("The list of files, manifest.json, is of another format.")
    for name, digest in sorted(digests.items()):
        if name not in files:
            raise HornbookError(f"The file {name} is missing.")
        if page.sri(files[name]) != digest:
            raise HornbookError(f"The file {name} was changed after it was signed.")
    extra = sorted(set(files) - set(digests) - BESIDE)
    if extra:
        raise HornbookError(f"The file {printable(extra[0][:100])} is none that was signed.")


def _proofs(credential: Credential) -> tuple[str, ...]:
    return tuple(f"The signature ({suite}) fits the credential." for suite in credential.suites)


def _limits(credential: Credential) -> tuple[str, ...]:
    """Return what a reader might take for proven, and is not."""
    found = ["Who typed the code: a signature names a key, not a person."]
    if credential.issuer.startswith("did:key:"):
        found.append("Who the key belongs to: the credential was issued by whoever has it.")
    else:
        found.append(f"Whether {printable(credential.issuer[:200])} still lists this key: nothing was looked up.")
    if credential.document.get("credentialStatus") is not None:
        found.append("Whether it was revoked: the issuer's list was not looked up.")
    if RDFC not in credential.suites or JCS not in credential.suites:
        found.append("Whether every verifier accepts it: it has one kind of proof only.")
    return tuple(found)


def _folder(folder: Path) -> dict[str, bytes]:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise HornbookError(f"{printable(folder)}: cannot be read ({error.strerror}).") from error
    if len(names) > len(SEALED) + len(BESIDE) + 100:
        raise HornbookError(f"{printable(folder)}: is not the folder of an artifact.")
    return {name: read_file(folder / name) for name in names}


def _unzipped(data: bytes) -> dict[str, bytes]:
    """Return the files of an artifact's zip, which has one folder; nothing is written anywhere."""
    files: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_UNPACKED:
                raise HornbookError("The zip is too big to be an artifact.")
            for entry in archive.infolist():
                folder, _, name = entry.filename.partition("/")
                if not is_name(folder) or not name or "/" in name or name in files:
                    raise HornbookError("The zip is not that of an artifact.")
                files[name] = archive.read(entry)
    # zipfile's own ways to refuse: damage, a compression that it does not know, encryption, and an end that comes too early.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise HornbookError("The zip is broken.") from error
    return files
