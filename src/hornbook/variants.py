"""The values of a lesson's parameters that one learner gets: drawn from a course's seed, and handed out in a notebook by papermill.

    seed = Seed.open(course)                    made at the first use, in a file that only its owner may read
    seed.variant(lesson, "ada")                 {"rate": 0.03, "city": "Köln"}, whenever it is asked
    hand_out(lesson, "ada", seed, Path("out"))  out/ada/<slug>.ipynb

Each value is an HMAC (RFC 2104, with SHA-256) of the seed over the lesson, the parameter and the learner: who lacks the seed can guess
none, from however many others. The seed is never part of a course, so that no release of one can have it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hornbook.draws import INJECTED, can_be_drawn
from hornbook.errors import HornbookError, printable
from hornbook.files import write_beside, write_secret
from hornbook.heavy import imported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hornbook.course import Course
    from hornbook.lesson import Lesson

SEED_BYTES = 32
MAX_TABLE = 64 << 20
"""How many bytes a table of values may have."""
MAX_LEARNER = 120
"""How many bytes the name of a learner has at most."""


@dataclass(frozen=True, slots=True)
class Seed:
    """What a course's variants are drawn from. `secret` is in no text that is made of it."""

    secret: bytes = field(repr=False)

    @classmethod
    def open(cls, course: Course, path: Path | None = None) -> Self:
        """Return the seed in the file *path*, by default that of *course*; where there is none, one is made.

        Raises `HornbookError` where others could read it, it is no seed, or it would lie within the course.
        """
        at = _outside(course, path or default_path(course))
        if not at.exists():
            _create(at)
        return cls(_read(at))

    @classmethod
    def find(cls, course: Course, path: Path | None = None) -> Self | None:
        """Return the seed of *course*, or None where nothing was handed out yet; one that is named must be there."""
        at = _outside(course, path or default_path(course))
        return cls(_read(at)) if path is not None or at.exists() else None

    @property
    def fingerprint(self) -> str:
        """What tells one seed from another, and nothing else about it."""
        return hmac.new(self.secret, b"fingerprint", hashlib.sha256).hexdigest()[:16]

    def variant(self, lesson: Lesson, learner: str) -> dict[str, Any]:
        """Return the values that *learner* gets in *lesson*; a further parameter leaves the others as they are."""
        return {draw.name: draw.at(self._number(lesson.slug, draw.name, learner) % draw.count) for draw in lesson.draws}

    def _number(self, *words: str) -> int:
        said = json.dumps(words).encode()
        return int.from_bytes(hmac.new(self.secret, said, hashlib.sha256).digest())


@dataclass(frozen=True, slots=True)
class Table:
    """Values that were drawn before, elsewhere: by learner, then by lesson. Whoever has it can draw nothing else, so that it is no secret.

    A job of a pipeline that runs what learners wrote gets this, and not the seed.
    """

    path: Path
    values: Mapping[str, Mapping[str, Mapping[str, Any]]]

    @classmethod
    def read(cls, course: Course, path: Path) -> Self:
        """Return what `hornbook variants` has written to *path*; raise `HornbookError` where it is none, or another course's."""
        try:
            with path.open("rb") as file:
                data = file.read(MAX_TABLE + 1)
            document = json.loads(data) if len(data) <= MAX_TABLE else None
        except OSError as error:
            raise HornbookError(f"{printable(path)}: cannot be read ({error.strerror}).") from error
        except (ValueError, RecursionError):
            document = None
        match document:
            case {"format": 1, "course": str() as name, "learners": dict() as learners} if _is_table(learners):
                if name != course.name:
                    raise HornbookError(f'{printable(path)}: has values for the course "{printable(name)}", and this is "{course.name}".')
                return cls(path, learners)
        raise HornbookError(f"{printable(path)}: is nothing that `hornbook variants` has written. Write it again.")

    @property
    def fingerprint(self) -> str:
        """What tells one table from another."""
        return hashlib.sha256(json.dumps(self.values, sort_keys=True).encode()).hexdigest()[:16]

    def variant(self, lesson: Lesson, learner: str) -> dict[str, Any]:
        """Return the values that *learner* gets in *lesson*; raise `HornbookError` where there are none, or it draws others by now."""
        if learner not in self.values:
            raise HornbookError(f"{printable(self.path)}: has no values for {printable(learner)}. `hornbook variants` draws them.")
        found = self.values[learner].get(lesson.slug, {})
        if not can_be_drawn(found, lesson.draws):
            raise HornbookError(
                f'{printable(self.path)}: what it has for {printable(learner)} is not what "{lesson.slug}" draws. '
                "Draw again: `hornbook variants`."
            )
        return {draw.name: found[draw.name] for draw in lesson.draws}


def _is_table(learners: Mapping[str, object]) -> bool:
    return all(isinstance(lessons, dict) and all(isinstance(one, dict) for one in lessons.values()) for lessons in learners.values())


def table(course: Course, learners: Iterable[str], seed: Seed) -> dict[str, Any]:
    """Return what each of *learners* gets in the lessons of *course* that draw, as `Table.read` takes it."""
    drawing = [lesson for lesson in course.lessons if lesson.draws]
    drawn = {learner: {lesson.slug: seed.variant(lesson, learner) for lesson in drawing} for learner in learners}
    return {"format": 1, "course": course.name, "learners": drawn}


def learner_id(said: str) -> str:
    """Return *said* as the name of a learner, which is that of a folder as well; raise `HornbookError` where it can be none."""
    learner = unicodedata.normalize("NFC", said.strip())
    hidden_or_path = learner.startswith(".") or re.search(r"[/\\]", learner) is not None
    if not learner or hidden_or_path or len(learner.encode("utf-8", "replace")) > MAX_LEARNER or printable(learner) != learner:
        raise HornbookError(f'"{printable(said[:80])}" is no id of a learner: it names a folder, of at most {MAX_LEARNER} bytes.')
    return learner


def default_path(course: Course) -> Path:
    """Return where the seed of *course* is kept: in Jupyter's data folder, beside the keys."""
    from jupyter_core.paths import jupyter_data_dir  # noqa: PLC0415 - kept out of `import hornbook`

    return Path(jupyter_data_dir()) / "hornbook" / "seeds" / f"{course.name}.seed"


def hand_out(lesson: Lesson, learner: str, seed: Seed, into: Path) -> Path:
    """Write *learner*'s copy of *lesson* into *into*, and return where; one that is there already stays as it is.

    Raises `HornbookError` where that is no longer what was handed out, or nothing can be written.
    """
    text = notebook_for(lesson, seed.variant(lesson, learner))
    return write_beside(into / learner / f"{lesson.slug}.ipynb", text, "It was left as it is.")


def notebook_for(lesson: Lesson, values: dict[str, Any]) -> str:
    """Return the notebook of *lesson* with papermill's cell of *values* behind the parameters cell, and else as it is."""
    notebook = json.loads(lesson.path.read_bytes())
    if values and lesson.parameters is not None:
        notebook["cells"].insert(lesson.parameters + 1, _injected(notebook, values))
    return json.dumps(notebook, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _injected(notebook: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return the cell that papermill puts into *notebook* for *values*, and that nobody is meant to edit."""
    nbformat, papermill = imported("nbformat"), imported("papermill.parameterize")
    node = nbformat.reads(json.dumps(notebook), as_version=4)
    # papermill adds these as it loads a notebook from its file.
    node.metadata.setdefault("papermill", {})
    for cell in node.cells:
        cell.metadata.setdefault("tags", [])
    made = papermill.parameterize_notebook(node, values, kernel_name="python3", language="python")
    cell = next(cell for cell in made.cells if INJECTED in cell.metadata.tags)
    metadata = {"deletable": False, "editable": False, "tags": [INJECTED]}
    lines = str(cell.source).splitlines(keepends=True)
    return {"cell_type": "code", "execution_count": None, "id": INJECTED, "metadata": metadata, "outputs": [], "source": lines}


def _outside(course: Course, path: Path) -> Path:
    """Return *path*; raise HornbookError where it lies in the course, unless in a hidden folder, which no release takes along.

    Somebody's home may be the course, as on Binder, and Jupyter's data folder a hidden one in it.
    """
    root, real = course.root.resolve(), path.resolve()
    if real.is_relative_to(root) and not any(part.startswith(".") for part in real.relative_to(root).parts):
        raise HornbookError(f"{printable(path)}: lies in the course, where a release could take it along. Keep the seed elsewhere.")
    return path


def _create(path: Path) -> None:
    """Write a new seed to *path*; whoever comes second uses the first one's: half a seed would draw others for everybody."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_secret(path, secrets.token_hex(SEED_BYTES) + "\n")
    except OSError as error:
        raise HornbookError(f"{printable(path)}: the seed cannot be written ({error.strerror}).") from error


def _read(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(4 * SEED_BYTES) if stat.S_ISREG(mode) else b""
    except OSError as error:
        raise HornbookError(f"{printable(path)}: the seed cannot be read ({error.strerror}).") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise HornbookError(f"{printable(path)}: others may read the seed of the variants. `chmod 600` closes it.")
    try:
        seed = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise HornbookError(f"{printable(path)}: is no seed: {2 * SEED_BYTES} hexadecimal digits. Put the one back that was used before.")
    return seed
