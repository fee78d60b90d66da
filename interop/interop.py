"""Asks implementations that others have written about what we sign: what is whole holds there, what was changed is refused, as by ours.

`make interop` runs it. Badges of learners and of courses, endorsements and transcripts are asked about; Digital Bazaar's suites and the
Digital Credentials Consortium's verifier-core answer in `verify.mjs`, and openbadgeslib here. No network is used.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3.ldp import OB3LdpVerifier

from hornbook import Course, HornbookError, grade
from hornbook.lesson import read_solution
from hornbook.model import Assurance
from hornbook.publish import Issuer, Keyring, Signer, Work, endorse, publish, transcript, verify
from hornbook.publish.artifact import read_files
from hornbook.publish.credential import JCS, LEARNER_RECORD, RDFC, Credential, sign
from hornbook.publish.keys import Key
from hornbook.publish.verifying import verify_data
from hornbook.scaffold import new_course

HERE = Path(__file__).parent
NODE = Path(sys.executable).with_name("node")
ADDRESS = "https://issuer.example/101"
TEXTS = (
    "plain",
    "\u4e16\u754c",
    "\U0001f600",
    "tab\tand\nline",
    '"quoted" \\ back',
    "\u2028",
    "</script>",
    "e\u0301",
    "\u202ebidi",
    "\u00a0",
)
UNSEEN = {RDFC: "proof.1", "verifier-core": "proof.1", "openbadgeslib": "proof.1", JCS: "proof.0"}
"""Which of the two proofs those do not look at that look at one alone. Ours wants both."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Signed:
    """Everything that can be signed, by its kind, and who has signed it; `web` is what would be on the web, by address."""

    documents: Mapping[str, Document]
    signers: Mapping[str, Key]
    revoked: Document
    web: Mapping[str, Document]


def signed(folder: Path) -> Signed:
    """Return one of each kind, of a lesson that was really graded."""
    new_course(folder / "course")
    course = Course.open(folder / "course")
    lesson = course.lesson("counting_vowels")
    path = folder / "work.ipynb"
    path.write_text(json.dumps(lesson.to_notebook(read_solution(folder / "course/graders/counting_vowels.solution.py"))), "utf-8")
    keys = Keyring.open(folder / "keys")
    own = publish(path.read_bytes(), grade(path, course), lesson, into=folder / "own", keys=keys)
    issuer = Issuer.create(folder / "issuer", "Statistics 101", address=ADDRESS)
    verdict = grade(path, course, assurance=Assurance.COURSE_CHECKED)
    work = Work(path.read_bytes(), verdict, lesson, keys.newest.did)
    issued = issuer.issue(work, into=folder / "issued")
    gone = issuer.issue(replace(work, learner="Somebody"), into=folder / "gone")
    issuer.revoke(_credential(gone.folder)["id"], "for the test")
    grace = Key(bytes([7] * 32))
    endorsement = endorse(read_files(issued.folder), "Clear names.", Signer(grace, grace.did, "Grace"))
    together = transcript(
        [(one.folder / "credential.json").read_bytes() for one in (own, issued)],
        Signer(keys.newest, keys.newest.did, "Ada"),
        endorsed=[endorsement],
    )
    contexts = Path(sys.modules[Credential.__module__].__file__ or "").with_name("contexts")
    web = {
        f"{ADDRESS}/did.json": json.loads((issuer.public / "did.json").read_bytes()),
        f"{ADDRESS}/status/1.json": json.loads((issuer.public / "status/1.json").read_bytes()),
        # The standard's own context, which none of the packages brings along.
        LEARNER_RECORD: json.loads((contexts / "clr-v2p0-context-2.0.1.json").read_bytes()),
    }
    documents = {
        "learner's badge": _credential(own.folder),
        "course's badge": _credential(issued.folder),
        "endorsement": json.loads(endorsement),
        "transcript": json.loads(together),
    }
    signers = {"learner's badge": keys.newest, "course's badge": issuer.keys.newest, "endorsement": grace, "transcript": keys.newest}
    verify(issued.folder, fetch=_fetching(web))
    return Signed(documents, signers, _credential(gone.folder), web)


def _credential(folder: Path) -> Document:
    content: Document = json.loads((folder / "credential.json").read_bytes())
    return content


def _fetching(web: Mapping[str, Document]) -> Callable[[str], bytes]:
    def fetch(url: str) -> bytes:
        if url not in web:
            raise HornbookError(f"{url} is not here.")
        return json.dumps(web[url]).encode()

    return fetch


def leaves(value: object, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of each text in *value*."""
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*place, name))
    elif isinstance(value, str):
        yield place


def changed(document: Document, signer: Key) -> Iterator[tuple[str, Document]]:
    """Yield copies of *document*, which *signer* has signed, with one change each, and what it was."""
    for place in leaves(document):
        made = copy.deepcopy(document)
        part: Any = made
        for name in place[:-1]:
            part = part[name]
        part[place[-1]] += "x"
        yield "text " + ".".join(map(str, place)), made
    other = Key(bytes([9] * 32))
    now, yesterday = datetime.now(UTC), datetime.now(UTC) - timedelta(days=1)
    first, second = document["proof"]
    yield "member added", document | {"undefined": "x"}
    yield "known member added", document | {"description": "x"}
    yield "no proof", document | {"proof": []}
    values = ({"proofValue": second["proofValue"]}, {"proofValue": first["proofValue"]})
    yield "proofs swapped", document | {"proof": [first | values[0], second | values[1]]}
    yield "issuer swapped", document | {"issuer": document["issuer"] | {"id": other.did}}
    yield "signed by another key", document | {"proof": sign(document | {"issuer": other.did}, other, now)["proof"]}
    yield "expired", sign(document | {"validUntil": "2020-01-01T00:00:00Z"}, signer, yesterday)


def answers(documents: Mapping[str, Document], web: Mapping[str, Document]) -> dict[str, dict[str, bool]]:
    """Return who says of which of *documents*, by name, that it holds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "documents").mkdir()
        (folder / "web.json").write_text(json.dumps(web), "utf-8")
        for each, document in documents.items():
            (folder / "documents" / each).write_text(json.dumps(document), "utf-8")
        command = [str(NODE), str(HERE / "verify.mjs"), str(folder)]
        subprocess.run(command, timeout=600, check=True)  # noqa: S603 - our own script
        found: dict[str, dict[str, bool]] = json.loads((folder / "answers.json").read_bytes())
    fetch = _fetching(web)
    for each, document in documents.items():
        if "OpenBadgeCredential" in document["type"]:
            found[each]["openbadgeslib"] = _openbadgeslib(document, fetch)
        found[each]["ours"] = _ours(document, fetch)
    return found


def _openbadgeslib(document: Document, fetch: Callable[[str], bytes]) -> bool:
    try:
        OB3LdpVerifier().verify(copy.deepcopy(document), download=fetch)
    except (LibOpenBadgesException, HornbookError, ValueError):
        return False
    return True


def _ours(document: Document, fetch: Callable[[str], bytes]) -> bool:
    try:
        found = verify_data(json.dumps(document).encode(), datetime.now(UTC) + timedelta(minutes=1), fetch)
    except HornbookError:
        return False
    return found.credential.suites == (RDFC, JCS)


def _expected(who: str, what: str | None) -> bool:
    """Whether *who* should say that a document holds of which *what* was changed; None is a whole one."""
    return what is None or (who in UNSEEN and what.startswith(f"text {UNSEEN[who]}."))


def main() -> int:
    """Ask, tell what was said, and return whether anything is not as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        made = signed(Path(folder))
    learner = made.signers["learner's badge"]
    badge = made.documents["learner's badge"]
    asked: list[tuple[str, str | None, Document]] = [(kind, None, document) for kind, document in made.documents.items()]
    asked += [("learner's badge", None, sign(badge | {"name": text}, learner, datetime.now(UTC))) for text in TEXTS]
    asked += [(kind, what, change) for kind, document in made.documents.items() for what, change in changed(document, made.signers[kind])]
    asked.append(("course's badge", "taken back", made.revoked))
    found = answers({f"{number:04}": document for number, (_, _, document) in enumerate(asked)}, made.web)
    surprises = 0
    counts: Counter[tuple[str, str, bool]] = Counter()
    for (kind, what, _), said in zip(asked, (found[name] for name in sorted(found)), strict=True):
        for who, holds in said.items():
            if who == "openbadgeslib" and what == "taken back":
                # It reads lists in another form only.
                continue
            counts[kind, who, holds] += 1
            if holds is not _expected(who, what):
                surprises += 1
                print(f"{kind}, {what or 'whole'}: {who} says that it {'holds' if holds else 'does not hold'}")  # noqa: T201
    for kind in made.documents:
        for who in dict.fromkeys(who for one, who, _ in counts if one == kind):
            print(f"{kind:<16} {who:<16} {counts[kind, who, True]:4} hold {counts[kind, who, False]:4} refused")  # noqa: T201
    print(f"{surprises} of {counts.total()} answers are not as they should be.")  # noqa: T201
    return min(surprises, 1)


if __name__ == "__main__":
    sys.exit(main())
