"""Asks implementations that others have written about our credentials: whole ones hold there, changed ones are refused, as by ours.

`make interop` runs it. The verifier is `verify.mjs`, which goes over no network.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hornbook import Course, HornbookError, grade
from hornbook.lesson import read_solution
from hornbook.publish import Credential, Keyring, publish
from hornbook.publish.credential import JCS, RDFC, sign
from hornbook.scaffold import new_course

HERE = Path(__file__).parent
NODE = Path(sys.executable).with_name("node")
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


def credential(folder: Path) -> tuple[dict[str, Any], Keyring]:
    """Return the credential of a lesson that was really graded and published in *folder*, and the keys that signed it."""
    new_course(folder / "course")
    course = Course.open(folder / "course")
    lesson = course.lesson("counting_vowels")
    path = folder / "work.ipynb"
    path.write_text(json.dumps(lesson.to_notebook(read_solution(folder / "course/graders/counting_vowels.solution.py"))), "utf-8")
    verdict = grade(path, course)
    keys = Keyring.open(folder / "keys")
    artifact = publish(path.read_bytes(), verdict, lesson, into=folder / "portfolio", keys=keys, now=datetime.now(UTC))
    return json.loads((artifact.folder / "credential.json").read_bytes()), keys


def leaves(value: object, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of each text in *value*."""
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*place, name))
    else:
        yield place


def changed(document: dict[str, Any], keys: Keyring) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield copies of *document* with one change each, and what it was."""
    for place in leaves(document):
        made = copy.deepcopy(document)
        part: Any = made
        for name in place[:-1]:
            part = part[name]
        part[place[-1]] += "x"
        yield "text " + ".".join(map(str, place)), made
    other = keys.rotate().newest
    proofs = document["proof"]
    past = sign(document | {"validUntil": "2020-01-01T00:00:00Z"}, keys.newest, datetime.now(UTC) - timedelta(days=1))
    yield "member added", document | {"undefined": "x"}
    yield "known member added", document | {"description": "x"}
    yield "no proof", document | {"proof": []}
    yield (
        "proofs swapped",
        document | {"proof": [one | {"proofValue": two["proofValue"]} for one, two in zip(proofs, proofs[::-1], strict=True)]},
    )
    yield "issuer swapped", document | {"issuer": document["issuer"] | {"id": other.did}}
    yield "signed by another key", document | {"proof": sign(document, other, datetime.now(UTC))["proof"]}
    yield "expired", past


def answers(documents: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what the others say of each of *documents*, by name."""
    with tempfile.TemporaryDirectory() as folder:
        for name, document in documents.items():
            (Path(folder) / name).write_text(json.dumps(document), "utf-8")
        command = [str(NODE), str(HERE / "verify.mjs"), folder]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)  # noqa: S603 - our own script
    found: dict[str, dict[str, Any]] = json.loads(ended.stdout)
    return found


def ours(document: dict[str, Any]) -> bool:
    """Whether our own verifier takes *document* with both proofs."""
    try:
        return Credential.verified(json.dumps(document).encode(), datetime.now(UTC) + timedelta(minutes=1)).suites == (RDFC, JCS)
    except HornbookError:
        return False


def main() -> int:
    """Ask, and return how many answers are not as they should be."""
    with tempfile.TemporaryDirectory() as folder:
        document, keys = credential(Path(folder))
        whole = {f"whole-{number:02}": sign(document | {"name": text}, keys.newest, datetime.now(UTC)) for number, text in enumerate(TEXTS)}
        whole["whole"] = document
        changes = list(changed(document, keys))
    names = {f"changed-{number:03}": what for number, (what, _) in enumerate(changes)}
    documents = whole | {f"changed-{number:03}": made for number, (_, made) in enumerate(changes)}
    surprises = 0
    for name, answer in answers(documents).items():
        theirs = all(answer[suite]["verified"] for suite in (RDFC, JCS))
        expected = name in whole
        if theirs is not expected or ours(documents[name]) is not expected:
            surprises += 1
            print(f"{names.get(name, name)}: {'held' if expected else 'refused'} was expected; ours says {ours(documents[name])}, {answer}")  # noqa: T201
    print(f"{len(whole)} whole credentials hold and {len(changes)} changed ones are refused, by ours and by others', but for {surprises}.")  # noqa: T201
    return min(surprises, 1)


if __name__ == "__main__":
    sys.exit(main())
