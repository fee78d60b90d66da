"""Seals: what a passed notebook's artifact consists of, and what its credential says.

    publish(notebook, verdict, lesson, into=...)      by the learner, with the learner's own key: self-checked
    seal(work, signer, into=...)                      by anybody: the course's `Issuer` calls it

The same work, signer and time give the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sysconfig
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hornbook.errors import HornbookError, printable
from hornbook.lesson import Lesson
from hornbook.model import Assurance, Status, Verdict
from hornbook.publish import exhibit, page, pictures
from hornbook.publish.artifact import MANIFEST_SCHEMA, MEDIA_TYPES, Artifact, amend, is_whole, read_file, write
from hornbook.publish.credential import EXTENSIONS, OPEN_BADGES, SCHEMAS, V2, sign, timestamp
from hornbook.publish.keys import Key, Keyring


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: `key` makes the proofs, `id` is the identifier (a DID) that has it, `name` what they call themselves."""

    key: Key
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Work:
    """What is sealed: a *notebook*, the *verdict* that it passed with, its *lesson*, and whose it is.

    `subject` is the learner's identifier, a URI. `learner` is a name to show, which nothing proves. Where it is `redacted`, the
    learner's answers are left out, so that the next ones may find their own.
    """

    notebook: bytes
    verdict: Verdict
    lesson: Lesson
    subject: str
    learner: str | None = None
    redacted: bool = False

    def __post_init__(self) -> None:
        """Raise `HornbookError` where there is nothing to seal."""
        check_subject(self.subject)
        verdict, lesson = self.verdict, self.lesson
        if not verdict.passed:
            pending = " Hand it in first: hidden checks are still to come." if verdict.passed_so_far else ""
            raise HornbookError(f"Only a notebook that has passed all checks can be published.{pending}")
        if verdict.submission.digest != hashlib.sha256(self.notebook).hexdigest():
            raise HornbookError("The notebook has changed since it was graded. Grade it again, then publish it.")
        if verdict.lesson.slug != lesson.slug or (lesson.digest and verdict.lesson.digest != lesson.digest):
            raise HornbookError("The lesson has changed since the notebook was graded. Grade it again, then publish it.")


def check_subject(subject: str) -> None:
    """Raise `HornbookError` if *subject* is no identifier that a learner could have."""
    if not re.fullmatch(r"(did|urn):[a-z0-9]+:[!-~]{1,400}", subject):
        raise HornbookError(
            f"{printable(subject[:100])}: is no identifier of a learner, such as did:key:z6Mk...; `hornbook keys` shows theirs."
        )


def publish(  # noqa: PLR0913 - all but three by name
    notebook: bytes,
    verdict: Verdict,
    lesson: Lesson,
    *,
    into: Path,
    keys: Keyring | None = None,
    now: datetime | None = None,
    learner: str | None = None,
    redact: bool = False,
    address: str | None = None,
) -> Artifact:
    """Return the artifact that *notebook* becomes, which *verdict* says has passed *lesson*, in a folder below *into* and as a zip.

    It is signed with the newest of *keys*, by default the learner's own, at the time *now*. *learner* is a name to show, which
    nothing proves. *redact* leaves the answers out. *address* is where *into* can be seen on the web, for what is shown beside a
    shared link. What was published already is left as it is. Raises `HornbookError` where there is nothing to publish, or no place
    to write to.
    """
    if verdict.assurance is not Assurance.SELF_CHECKED:
        raise HornbookError("A course-checked verdict is published by its course, with the course's key.")
    key = (keys or Keyring.open()).newest
    work = Work(notebook, verdict, lesson, key.did, learner, redact)
    return seal(work, Signer(key, key.did, "A learner, on their own machine"), into=into, now=now, address=address)


def seal(
    work: Work,
    signer: Signer,
    *,
    into: Path,
    now: datetime | None = None,
    address: str | None = None,
    status: Callable[[str], Mapping[str, Any]] | None = None,
) -> Artifact:
    """Return the artifact of *work* that *signer* has signed at *now*; see `publish`.

    *status* gives the `credentialStatus` of the credential with that id. It is asked before anything is signed.
    """
    created = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    if created < work.verdict.started.replace(microsecond=0):
        raise HornbookError("The notebook cannot be published before it was graded. Set the clock of this machine.")
    page.check_address(address)
    files = sealed_files(work, signer)
    manifest = _manifest(files)
    digest = hashlib.sha256(manifest + signer.key.public).hexdigest()
    folder = into.absolute() / f"{work.lesson.slug}-{digest[:8]}"
    if _manifest_in(folder) not in {None, manifest}:
        # Two artifacts in four thousand million have the same eight digits.
        folder = folder.with_name(f"{work.lesson.slug}-{digest[:32]}")
    if not is_whole(folder):
        statement = _statement(work, signer, manifest, created, digest)
        if status:
            statement["credentialStatus"] = status(statement["id"])
        credential = json.dumps(sign(statement, signer.key, created), ensure_ascii=False, indent=1).encode() + b"\n"
        files |= {
            "manifest.json": manifest,
            "credential.json": credential,
            "badge.png": pictures.baked(pictures.badge(work.lesson.title), credential),
            "badge.svg": pictures.badge_svg(work.lesson.title, credential),
        }
        files["index.html"] = page.index(files, page.below(address, folder.name))
        write(folder, files, created)
    elif address:
        amend(folder, {}, address=page.below(address, folder.name))
    return Artifact.open(folder)


# --- What is in it ---------------------------------------------------------------------------------------------------


def sealed_files(work: Work, signer: Signer) -> dict[str, bytes]:
    """Return the files that the manifest names, by name."""
    verdict, lesson = work.verdict, work.lesson
    shown = public(verdict)
    kept = exhibit.cleaned(work.notebook, lesson)
    if work.redacted:
        kept = exhibit.redacted(kept, lesson)
    transcript = page.transcript(shown, lesson, work.subject, work.learner, issuer=None if signer.id == work.subject else signer.name)
    facts = f"{page.number(shown.points.earned)} of {page.number(shown.points.possible)} points · {shown.assurance}"
    files = {
        "notebook.ipynb": dumped(kept),
        "notebook.html": page.notebook_page(lesson.title, exhibit.as_html(kept)),
        "report.html": page.report(shown, lesson, work.learner, issuer=None if signer.id == work.subject else signer.name).encode(),
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


def _statement(work: Work, signer: Signer, manifest: bytes, created: datetime, digest: str) -> dict[str, Any]:
    """Return the credential before it is signed."""
    verdict, lesson = work.verdict, work.lesson
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
        "issuer": {"id": signer.id, "type": ["Profile"], "name": signer.name},
        "validFrom": timestamp(created),
        "credentialSubject": {
            "id": work.subject,
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
                "narrative": " ".join(
                    [f"{len(counted)} of {len(counted)} checks passed. Assurance: {verdict.assurance}.", *page.worth(verdict)]
                ),
            },
        ],
        "relatedResource": [
            {"id": f"urn:sha256:{sealed.hex()}", "digestSRI": page.sri(manifest), "mediaType": "application/json"},
        ],
        "credentialSchema": [{"id": SCHEMAS["OpenBadgeCredential"], "type": "1EdTechJsonSchemaValidator2019"}],
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
    return dumped({"schema": MANIFEST_SCHEMA, "files": entries})


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
    return dumped({"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": entities})


def dumped(value: object) -> bytes:
    """Return *value* as JSON in one way only."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _manifest_in(folder: Path) -> bytes | None:
    """Return the manifest of the artifact in *folder*, if there is one."""
    with contextlib.suppress(HornbookError):
        return read_file(folder / "manifest.json")
    return None
