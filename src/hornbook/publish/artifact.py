"""The sealed, shareable form of a passed submission: a folder, the same as a zip, and how both are written whole or not at all.

    notebook.ipynb notebook.html report.html verdict.json transcript.md transcript.txt environment.lock card.png
    ro-crate-metadata.json      the files above, for archives
    manifest.json               the digest of each of them; its own digest is what the credential signs
    credential.json             Open Badges 3.0
    badge.png badge.svg         pictures with the credential inside
    index.html                  all of it in one page that checks itself

The same notebook, verdict, time and key give the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import sysconfig
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from hornbook.errors import HornbookError, printable
from hornbook.lesson import SLUG, Lesson
from hornbook.model import Assurance, Points, Status, Verdict
from hornbook.publish import exhibit, page, pictures
from hornbook.publish.credential import EXTENSIONS, OPEN_BADGES, SCHEMA, V2, Credential, sign, timestamp
from hornbook.publish.keys import Key, Keyring

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

_NAME = re.compile(r"([a-z][a-z0-9_]{0,79})-([0-9a-f]{8,32})")
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


def publish(
    notebook: bytes,
    verdict: Verdict,
    lesson: Lesson,
    *,
    into: Path,
    keys: Keyring | None = None,
    now: datetime | None = None,
    learner: str | None = None,
) -> Artifact:
    """Return the artifact that *notebook* becomes, which *verdict* says has passed *lesson*, in a folder below *into* and as a zip.

    It is signed with the newest of *keys*, by default the learner's own, at the time *now*. *learner* is a name to show, which
    nothing proves. What was published already is left as it is. Raises `HornbookError` where there is nothing to publish, or no
    place to write to.
    """
    _refuse_unfit(notebook, verdict, lesson)
    key = (keys or Keyring.open()).newest
    created = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    if created < verdict.started.replace(microsecond=0):
        raise HornbookError("The notebook cannot be published before it was graded. Set the clock of this machine.")
    files = sealed_files(notebook, verdict, lesson, key=key, learner=learner)
    manifest = _manifest(files)
    digest = hashlib.sha256(manifest + key.public).hexdigest()
    folder = into.absolute() / f"{lesson.slug}-{digest[:8]}"
    if _manifest_in(folder) not in {None, manifest}:
        # Two artifacts in four thousand million have the same eight digits.
        folder = folder.with_name(f"{lesson.slug}-{digest[:32]}")
    if not _whole(folder):
        document = sign(_statement(verdict, lesson, manifest, key, created, digest), key, created)
        credential = json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"
        files |= {
            "manifest.json": manifest,
            "credential.json": credential,
            "badge.png": pictures.baked(pictures.badge(lesson.title), credential),
            "badge.svg": pictures.badge_svg(lesson.title, credential),
        }
        files["index.html"] = page.index(files)
        _write(folder, files, created)
    return Artifact.open(folder)


def _refuse_unfit(notebook: bytes, verdict: Verdict, lesson: Lesson) -> None:
    """Raise `HornbookError` where there is nothing to publish."""
    if not verdict.passed:
        pending = " Hand it in first: hidden checks are still to come." if verdict.passed_so_far else ""
        raise HornbookError(f"Only a notebook that has passed all checks can be published.{pending}")
    if verdict.assurance is not Assurance.SELF_CHECKED:
        raise HornbookError("A course-checked verdict is published by its course, with the course's key.")
    if verdict.submission.digest != hashlib.sha256(notebook).hexdigest():
        raise HornbookError("The notebook has changed since it was graded. Grade it again, then publish it.")
    if verdict.lesson.slug != lesson.slug or (lesson.digest and verdict.lesson.digest != lesson.digest):
        raise HornbookError("The lesson has changed since the notebook was graded. Grade it again, then publish it.")


# --- What is in it ---------------------------------------------------------------------------------------------------


def sealed_files(notebook: bytes, verdict: Verdict, lesson: Lesson, *, key: Key, learner: str | None) -> dict[str, bytes]:
    """Return the files that the manifest names, by name."""
    shown = public(verdict)
    kept = exhibit.cleaned(notebook, lesson)
    transcript = page.transcript(shown, lesson, key.did, learner)
    facts = f"{page.number(shown.points.earned)} of {page.number(shown.points.possible)} points · {shown.assurance}"
    files = {
        "notebook.ipynb": _dumped(kept),
        "notebook.html": page.notebook_page(lesson.title, exhibit.as_html(kept)),
        "report.html": page.report(shown, lesson, learner).encode(),
        "verdict.json": shown.to_json(indent=1) + b"\n",
        "transcript.md": transcript.encode(),
        "transcript.txt": re.sub(r"[*`]|^#+ ", "", transcript, flags=re.MULTILINE).encode(),
        "environment.lock": _environment(verdict),
        "card.png": pictures.card(lesson.title, lesson.summary, facts, tuple(skill.name for skill in lesson.skills)),
    }
    return dict(sorted((files | {"ro-crate-metadata.json": _ro_crate(files, shown, lesson)}).items()))


def public(verdict: Verdict) -> Verdict:
    """Return *verdict* without what is nobody else's business: hidden checks' sentences and seed, names of files, the machine's traces."""
    hidden = 0
    outcomes = []
    for outcome in verdict.outcomes:
        kept = replace(outcome, printed="", traceback=(), hints=(), raised=None, seconds=0.0)
        if outcome.hidden:
            hidden += 1
            kept = replace(kept, check=f"hidden-{hidden}", title="A hidden check", message="", asked=None, came=None, expected=None)
        outcomes.append(kept)
    facts = tuple(replace(fact, detail="") for fact in verdict.sandbox.facts)
    return replace(
        verdict,
        submission=replace(verdict.submission, name="notebook.ipynb"),
        outcomes=tuple(outcomes),
        sandbox=replace(verdict.sandbox, facts=facts),
        seed=0,
        repairs=(),
        cells=(),
    )


def _statement(verdict: Verdict, lesson: Lesson, manifest: bytes, key: Key, created: datetime, digest: str) -> dict[str, Any]:
    """Return the credential before it is signed."""
    counted = [outcome for outcome in verdict.outcomes if outcome.status not in {Status.SKIPPED, Status.BROKEN}]
    score = f"urn:uuid:{_uuid(digest + 'score')}"
    sealed = hashlib.sha256(manifest).digest()
    alignment = [
        {"type": ["Alignment"], "targetName": skill.name, "targetUrl": skill.uri, "targetFramework": page.framework(skill.uri)}
        for skill in lesson.skills
        if skill.uri
    ]
    achievement = {
        "id": f"urn:sha256:{verdict.lesson.digest}",
        "type": ["Achievement"],
        "name": lesson.title,
        "description": lesson.summary,
        "version": lesson.version,
        "criteria": {"narrative": " ".join(f"- {objective}" for objective in lesson.objectives)},
        "tag": [skill.name for skill in lesson.skills],
        "resultDescription": [
            {"id": score, "type": ["ResultDescription"], "name": "Points", "resultType": "RawScore", "valueMin": "0",
             "valueMax": page.number(verdict.points.possible)},
        ],
    }  # fmt: skip
    if alignment:
        achievement["alignment"] = alignment
    if not achievement["tag"]:
        del achievement["tag"]
    return {
        "@context": [V2, OPEN_BADGES, EXTENSIONS],
        "id": f"urn:uuid:{_uuid(digest)}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": lesson.title,
        "issuer": {"id": key.did, "type": ["Profile"], "name": "A learner, on their own machine"},
        "validFrom": timestamp(created),
        "credentialSubject": {
            "id": key.did,
            "type": ["AchievementSubject"],
            "achievement": achievement,
            "result": [
                {"type": ["Result"], "resultDescription": score, "value": page.number(verdict.points.earned), "status": "Completed"},
            ],
        },
        "evidence": [
            {
                "type": ["Evidence"],
                "name": "Executed notebook, verdict and transcript",
                "genre": "Notebook",
                "narrative": f"{len(counted)} of {len(counted)} checks passed. Assurance: self-checked. {page.PROVES} {page.PROVES_NOT}",
            },
        ],
        "relatedResource": [
            {"id": f"urn:sha256:{sealed.hex()}", "digestSRI": page.sri(manifest), "mediaType": "application/json"},
        ],
        "credentialSchema": [{"id": SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
    }


def _uuid(text: str) -> uuid.UUID:
    """Return a UUID (version 8, RFC 9562) that the text alone decides."""
    data = bytearray(hashlib.sha256(text.encode()).digest()[:16])
    data[6] = data[6] & 0x0F | 0x80
    data[8] = data[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(data))


def _manifest(files: Mapping[str, bytes]) -> bytes:
    entries = [
        {"path": name, "digestSRI": page.sri(data), "size": len(data), "mediaType": MEDIA_TYPES[Path(name).suffix]}
        for name, data in sorted(files.items())
    ]
    return _dumped({"schema": MANIFEST_SCHEMA, "files": entries})


def _environment(verdict: Verdict) -> bytes:
    """Return the packages that the verdict's digest names, if they are still those of this environment."""
    folders = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    packages = sorted({entry.name.removesuffix(".dist-info") for folder in folders for entry in folder.glob("*.dist-info")})
    same = hashlib.sha256("\n".join(packages).encode()).hexdigest() == verdict.runtime.packages
    head = [f"# Python {verdict.runtime.python}, hornbook {verdict.runtime.hornbook}", f"# packages-sha256: {verdict.runtime.packages}"]
    if not same:
        return "\n".join([*head, "# It was graded in another environment than it was published in; only its digest is known.", ""]).encode()
    lines = [f"{name}=={version}" for name, _, version in (package.rpartition("-") for package in packages)]
    return "\n".join([*head, *lines, ""]).encode()


def _ro_crate(files: Mapping[str, bytes], verdict: Verdict, lesson: Lesson) -> bytes:
    """Return the RO-Crate 1.2 metadata of *files*."""
    parts = [{"@id": name} for name in sorted(files)]
    entities: list[dict[str, Any]] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": lesson.title,
            "description": lesson.summary,
            "datePublished": timestamp(verdict.started),
            "license": lesson.licence,
            "keywords": [skill.name for skill in lesson.skills],
            "hasPart": parts,
        },
    ]
    entities += [
        {
            "@id": name,
            "@type": "File",
            "name": name,
            "encodingFormat": MEDIA_TYPES[Path(name).suffix],
            "contentSize": str(len(data)),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        for name, data in sorted(files.items())
    ]
    return _dumped({"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": entities})


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


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_file(path))
    except (ValueError, RecursionError) as error:
        raise HornbookError(f"{printable(path)}: is not JSON.") from error
    if not isinstance(content, dict):
        raise HornbookError(f"{printable(path)}: is not what it should be.")
    return content


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _manifest_in(folder: Path) -> bytes | None:
    """Return the manifest of the artifact in *folder*, if there is one."""
    with contextlib.suppress(HornbookError):
        return read_file(folder / "manifest.json")
    return None


def _whole(folder: Path) -> bool:
    """Whether *folder* is an artifact, and its zip is there."""
    with contextlib.suppress(HornbookError):
        return Artifact.open(folder).zip.is_file()
    return False


def _write(folder: Path, files: Mapping[str, bytes], created: datetime) -> None:
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
    """Return a zip of *files* in a folder *name*, the same bytes whenever it is made."""
    packed = io.BytesIO()
    moment = created.astimezone(UTC)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path, data in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{name}/{path}", moment.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3
            archive.writestr(entry, data)
    return packed.getvalue()


def is_name(name: str) -> bool:
    """Whether *name* could be that of an artifact's folder."""
    found = _NAME.fullmatch(name)
    return bool(found and SLUG.fullmatch(found[1]))
