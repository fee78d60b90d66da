"""The sealed, shareable form of a passed submission: a folder, the same as a zip, and how both are written whole or not at all.

    notebook.ipynb notebook.html report.html verdict.json transcript.md transcript.txt environment.lock card.png
    ro-crate-metadata.json      the files above, for archives
    manifest.json               the digest of each of them; its own digest is what the credential signs
    credential.json             Open Badges 3.0
    badge.png badge.svg         pictures with the credential inside
    index.html                  all of it in one page that checks itself
    endorsements/<uuid>.json    what others have said about it since, each signed by who said it

`hornbook.publish.sealing` makes one.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from hornbook.errors import HornbookError, printable
from hornbook.lesson import SLUG
from hornbook.model import Assurance, Points, Verdict
from hornbook.publish import exhibit, page
from hornbook.publish.credential import Credential

MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".ipynb": "application/x-ipynb+json",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".lock": "text/plain",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
MANIFEST_SCHEMA: Final = "urn:hornbook:schema:manifest:1"
SEALED: Final = (
    "card.png",
    "environment.lock",
    "notebook.html",
    "notebook.ipynb",
    "report.html",
    "ro-crate-metadata.json",
    "transcript.md",
    "transcript.txt",
    "verdict.json",
)
"""The files that a manifest names: all of them, and no other."""
BESIDE: Final = frozenset({"manifest.json", "credential.json", "badge.png", "badge.svg", "index.html"})
"""The files of an artifact that its manifest does not name."""
ENDORSEMENTS: Final = "endorsements"
MAX_ENDORSEMENTS: Final = 100

_NAME = re.compile(r"([a-z][a-z0-9_]{0,79})-([0-9a-f]{8,32})")
_ENDORSEMENT = re.compile(ENDORSEMENTS + r"/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json")
_MAX_FILE = 64 << 20


@dataclass(frozen=True, slots=True)
class Artifact:
    """A published submission in its `folder`.

    `id` is the folder's name, `issuer` who has signed it, a URI; `assurance` is what it is worth, in one word.
    """

    id: str
    slug: str
    title: str
    created: datetime
    points: Points
    assurance: Assurance
    skills: tuple[str, ...]
    issuer: str
    folder: Path
    page: Path
    zip: Path

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Return the artifact in *folder*; raise `HornbookError` if there is none. `verify` says whether it is intact."""
        folder = folder.absolute()
        found = _NAME.fullmatch(folder.name)
        if not found:
            raise HornbookError(f"{printable(folder)}: is not the folder of an artifact.")
        verdict = Verdict.from_json(read_file(folder / "verdict.json"))
        credential = Credential(_json(folder / "credential.json"), ())
        if not (folder / "index.html").is_file():
            raise HornbookError(f"{printable(folder)}: has no page. Publish the notebook again.")
        return cls(
            id=folder.name,
            slug=found[1],
            title=credential.name or verdict.lesson.title,
            created=credential.issued,
            points=verdict.points,
            assurance=verdict.assurance,
            skills=credential.skills,
            issuer=credential.issuer,
            folder=folder,
            page=folder / "index.html",
            zip=folder.with_name(f"{folder.name}.zip"),
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """The email addresses and home folders that everybody can read in the published notebook."""
        return exhibit.private_traces(_json(self.folder / "notebook.ipynb"))


def artifacts(into: Path) -> tuple[Artifact, ...]:
    """Return the artifacts in the folder *into*, newest first; what cannot be read as one is left out."""
    found = []
    with contextlib.suppress(OSError):
        for folder in sorted(into.iterdir()):
            if _NAME.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
                with contextlib.suppress(HornbookError):
                    found.append(Artifact.open(folder))
    return tuple(sorted(found, key=lambda artifact: (artifact.created, artifact.id), reverse=True))


# --- Reading and writing ---------------------------------------------------------------------------------------------


def read_file(path: Path) -> bytes:
    """Return the content of the plain file at *path*; raise `HornbookError` if there is none, or it is bigger than any of ours."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            data = file.read(_MAX_FILE + 1)
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be read ({error.strerror}).") from error
    if len(data) > _MAX_FILE:
        raise HornbookError(f"{printable(path)}: is too big to be part of an artifact.")
    return data


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the files in an artifact's *folder* by name, its endorsements included."""
    try:
        names = [entry.name for entry in folder.iterdir() if entry.name != ENDORSEMENTS]
        if (folder / ENDORSEMENTS).is_dir():
            names += [f"{ENDORSEMENTS}/{entry.name}" for entry in (folder / ENDORSEMENTS).iterdir()]
    except OSError as error:
        raise HornbookError(f"{printable(folder)}: cannot be read ({error.strerror}).") from error
    if not BESIDE.intersection(names) or len(names) > len(SEALED) + len(BESIDE) + MAX_ENDORSEMENTS:
        raise HornbookError(f"{printable(folder)}: is not the folder of an artifact.")
    return {name: read_file(folder / name) for name in sorted(names)}


def check_sealed(files: Mapping[str, bytes], credential: Credential) -> None:
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
    extra = sorted(name for name in set(files) - set(digests) - BESIDE if not is_endorsement(name))
    if extra:
        raise HornbookError(f"The file {printable(extra[0][:100])} is none that was signed.")


def is_endorsement(name: str) -> bool:
    """Whether a file of this *name* in an artifact is an endorsement of it."""
    return bool(_ENDORSEMENT.fullmatch(name))


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_file(path))
    except (ValueError, RecursionError) as error:
        raise HornbookError(f"{printable(path)}: is not JSON.") from error
    if not isinstance(content, dict):
        raise HornbookError(f"{printable(path)}: is not what it should be.")
    return content


def is_whole(folder: Path) -> bool:
    """Whether *folder* is an artifact, and its zip is there."""
    with contextlib.suppress(HornbookError):
        return Artifact.open(folder).zip.is_file()
    return False


def write(folder: Path, files: Mapping[str, bytes], created: datetime) -> None:
    """Write *files* into *folder* and as a zip beside it: a reader sees all of it or nothing, whenever we are interrupted."""
    unfinished = folder.with_name(f".unfinished-{os.getpid()}-{secrets.token_hex(4)}")
    packed = unfinished.with_suffix(".zip")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clear(folder.parent)
        unfinished.mkdir()
        for name, data in sorted(files.items()):
            _flushed(unfinished / name, data)
        _flushed(packed, zipped(folder.name, files, created))
        # The zip first: whoever finds the folder finds its zip, too.
        packed.replace(folder.with_name(f"{folder.name}.zip"))
        if folder.is_dir():
            # Broken, or without its zip: what stands there is put aside before the whole one takes its place.
            folder.rename(unfinished.with_suffix(".old"))
        unfinished.rename(folder)
    except OSError as error:
        raise HornbookError(f"{printable(folder.parent)}: the artifact cannot be written there ({error.strerror}).") from error
    finally:
        with contextlib.suppress(OSError):
            packed.unlink()
        for rest in (unfinished, unfinished.with_suffix(".old")):
            shutil.rmtree(rest, ignore_errors=True)


def delete(folder: Path) -> None:
    """Delete the artifact in *folder*, whole or broken, and its zip: a reader sees all of the folder or nothing."""
    if not is_name(folder.name) or folder.is_symlink() or not folder.is_dir():
        raise HornbookError(f"{printable(folder)}: is not the folder of an artifact.")
    unfinished = folder.with_name(f".unfinished-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        folder.with_name(f"{folder.name}.zip").unlink(missing_ok=True)
        folder.rename(unfinished)
        shutil.rmtree(unfinished)
    except OSError as error:
        raise HornbookError(f"{printable(folder)}: cannot be deleted ({error.strerror}).") from error


def amend(folder: Path, added: Mapping[str, bytes], *, removed: Collection[str] = (), address: str | None = None) -> None:
    """Put *added* beside the sealed files in *folder*, take *removed* away, and make its page and its zip anew.

    *address* is the page's on the web.

    Each file is written whole or not at all, the sealed ones are not touched, and whatever state is left behind by an interruption
    holds, and is completed by the next time.
    """
    old = read_files(folder)
    files = {name: data for name, data in {**old, **added}.items() if name != "index.html" and name not in removed}
    files["index.html"] = page.index(files, address or page.address_of(old.get("index.html", b"")))
    created = Credential(_json(folder / "credential.json"), ()).issued
    try:
        for name in (*sorted(added), "index.html"):
            (folder / name).parent.mkdir(exist_ok=True)
            if old.get(name) != files[name]:
                replace_file(folder / name, files[name], folder.parent)
        replace_file(folder.with_name(f"{folder.name}.zip"), zipped(folder.name, files, created), folder.parent)
        # Last: as long as they are there, whoever was interrupted can ask for it again.
        for name in removed:
            (folder / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                # Only where it was the last one.
                (folder / name).parent.rmdir()
    except OSError as error:
        raise HornbookError(f"{printable(folder)}: cannot be written to ({error.strerror}).") from error


def replace_file(path: Path, data: bytes, beside: Path) -> None:
    """Put *data* in the place of *path*; what is not whole yet stands in the folder *beside*."""
    _clear(beside)
    unfinished = beside / f".unfinished-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        _flushed(unfinished, data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _clear(into: Path) -> None:
    """Remove what processes have left that ended in the middle of their work."""
    for rest in into.glob(".unfinished-*"):
        pid = rest.name.split("-")[1]
        if pid.isdigit() and not Path("/proc", pid).exists() and Path("/proc/self").exists():
            if rest.is_dir():
                shutil.rmtree(rest, ignore_errors=True)
            else:
                rest.unlink(missing_ok=True)


def _flushed(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def zipped(name: str, files: Mapping[str, bytes], created: datetime) -> bytes:
    """Return a zip of *files* in a folder *name*, or in none, the same bytes whenever it is made."""
    packed = io.BytesIO()
    moment = created.astimezone(UTC)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path, data in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{name}/{path}" if name else path, moment.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3
            archive.writestr(entry, data)
    return packed.getvalue()


def is_name(name: str) -> bool:
    """Whether *name* could be that of an artifact's folder."""
    found = _NAME.fullmatch(name)
    return bool(found and SLUG.fullmatch(found[1]))
