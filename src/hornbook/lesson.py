"""Lessons and submissions: what an author ships, and what a learner's file is taken to say.

A lesson is read strictly: every breach of the format is a `LessonError`, because its author can correct it. A submission is
read leniently: whatever editors, converters and learners do to a notebook is put right or reported as a `Repair`, because
its learner often cannot. From a submission only the source of the lesson's own exercise cells is taken, and of the code
cells that the learner added, where the lesson allows them. Everything else in the file is ignored.

The format is nbformat 4.5 (https://nbformat.readthedocs.io) with `metadata.hornbook`, and nbgrader's metadata, schema 3, in step.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import os
import re
import stat
import warnings
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from hornbook.draws import INJECTED, Draw, claimed, read_draws, reads_as_injected
from hornbook.errors import GraderError, LessonError, SubmissionError, printable
from hornbook.model import Repair
from hornbook.words import ENGLISH, say, speaking, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    _FileError = type[LessonError | GraderError | SubmissionError]

MAX_BYTES = 20 << 20
"""How many bytes a notebook may have, outputs included."""
MAX_CELLS = 10_000
"""How many cells a submission may have."""
MAX_DEPTH = 200
"""How deeply the JSON of a notebook may be nested."""
MAX_CONTAINERS = 500_000
"""How many lists and objects the JSON of a notebook may have: each costs Python many times its two bytes."""
MAX_SHARE = 1_000_000
"""How large an author's part of a lesson may be said to be."""
SLUG = re.compile(r"[a-z][a-z0-9_]{0,79}")
"""What a slug looks like, to be matched in full."""
EXERCISE_ID = re.compile(r"[a-z][a-z0-9_-]{0,79}")
"""What an exercise's id looks like, to be matched in full."""

_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_VERSION = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,6}", re.ASCII)
_URI = re.compile(r"https?://\S+")
_LEVELS = ("beginner", "intermediate", "advanced")
_REQUIRED = ("format", "slug", "title", "version", "summary", "objectives", "level", "minutes", "authors", "licence")
_FIELDS = {*_REQUIRED, "skills", "requires", "added_cells", "parameters"}
_KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

Kind = Literal["code", "markdown", "raw"]


# --- What an author ships --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a lesson. `exercise` is the id of the exercise that a learner fills in here, if it is one.

    `manual` is how many points a person may give for it, where a person grades it. `metadata` and `attachments` are what else the file
    says about the cell; they are kept as they are.
    """

    kind: Kind
    source: str
    exercise: str | None = None
    tags: tuple[str, ...] = ()
    id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    attachments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    manual: float | None = None


@dataclass(frozen=True, slots=True)
class Exercise:
    """What a learner fills in: the positions of its cells in the lesson, and their sources as shipped."""

    id: str
    cells: tuple[int, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill that the lesson teaches, by name, and by URI where a public framework such as ESCO has one."""

    name: str
    uri: str | None = None


@dataclass(frozen=True)
class Lesson:
    """One notebook teaching one thing. `digest` is the SHA-256 of the file it was read from, in hexadecimal.

    `parts` says how much of it each of the `authors` has made, where the lesson says it: numbers that need no sum. `metadata` is what else
    the notebook's metadata says (kernelspec, language_info, ...), kept as it is.
    """

    path: Path
    slug: str
    title: str
    version: str
    summary: str
    objectives: tuple[str, ...]
    level: str
    minutes: int
    authors: tuple[str, ...]
    licence: str
    cells: tuple[Cell, ...]
    skills: tuple[Skill, ...] = ()
    requires: tuple[str, ...] = ()
    added_cells: bool = True
    parts: tuple[float, ...] = ()
    draws: tuple[Draw, ...] = ()
    digest: str = ""
    metadata: Mapping[str, Any] = field(default_factory=lambda: copy.deepcopy(_KERNEL), hash=False)

    @property
    def shares(self) -> Mapping[str, float]:
        """What part of the lesson, from 0 to 1, each author has; all have the same where it does not say."""
        parts = self.parts or (1.0,) * len(self.authors)
        found: dict[str, float] = {}
        for name, part in zip(self.authors, parts, strict=True):
            found[name] = found.get(name, 0.0) + part / sum(parts)
        return found

    @cached_property
    def exercises(self) -> Mapping[str, Exercise]:
        """The exercises by id, in the order of their first cells."""
        places: dict[str, list[int]] = {}
        for position, cell in enumerate(self.cells):
            if cell.exercise is not None:
                places.setdefault(cell.exercise, []).append(position)
        return {
            exercise: Exercise(exercise, tuple(cells), tuple(self.cells[position].source for position in cells))
            for exercise, cells in places.items()
        }

    def exercise(self, exercise_id: str) -> Exercise:
        """Return the exercise *exercise_id*; raise `LessonError` naming the ones there are."""
        try:
            return self.exercises[exercise_id]
        except KeyError:
            raise LessonError(self.path, f"has no exercise {_quoted(exercise_id)}; it has {', '.join(self.exercises)}.") from None

    @cached_property
    def grade_ids(self) -> Mapping[int, str]:
        """What nbgrader calls each exercise cell (its grade_id), by position: the exercise's id, then `<id>-2` for its second cell, ..."""
        return {
            position: exercise.id if number == 1 else f"{exercise.id}-{number}"
            for exercise in self.exercises.values()
            for number, position in enumerate(exercise.cells, 1)
        }

    @cached_property
    def manual(self) -> Mapping[str, float]:
        """How many points a person may give, by exercise; and by nbgrader's id for its manual answers and tasks that are no code."""
        points: dict[str, float] = {}
        for cell in self.cells:
            said = _dict(cell.metadata.get("nbgrader"))
            by_hand = said.get("task") is True or (said.get("grade") is True and said.get("solution") is True)
            if cell.exercise is not None and cell.manual is not None:
                points[cell.exercise] = points.get(cell.exercise, 0.0) + cell.manual
            elif by_hand and isinstance(said.get("grade_id"), str) and _is_points(said.get("points")):
                points[said["grade_id"]] = float(said["points"])
        return points

    @property
    def test_cells(self) -> Mapping[str, float]:
        """The points of nbgrader's test cells that the lesson shows, by nbgrader's id."""
        said = [_dict(cell.metadata.get("nbgrader")) for cell in self.cells if cell.exercise is None]
        return {
            one["grade_id"]: float(one["points"])
            for one in said
            if one.get("grade") is True
            and one.get("solution") is not True
            and isinstance(one.get("grade_id"), str)
            and _is_points(one.get("points"))
        }

    @property
    def parameters(self) -> int | None:
        """The position of the cell tagged `parameters`, papermill's, if there is one."""
        return next((position for position, cell in enumerate(self.cells) if "parameters" in cell.tags), None)

    def reads_as_injected(self, kind: str, source: str) -> bool:
        """Whether a cell with this *source* is papermill's, with values for the parameters, and not the lesson's cell of their defaults."""
        given = "" if self.parameters is None else self.cells[self.parameters].source
        return kind == "code" and bool(self.draws) and source.strip() != given.strip() and reads_as_injected(source, self.draws)

    def to_notebook(self, sources: Mapping[str, str | tuple[str, ...]] | None = None) -> dict[str, Any]:
        """Return the lesson as a notebook of nbformat 4.5, with *sources* (see `fill`) in its exercise cells."""
        filled = _by_position(self, fill(self, sources or {}).sources)
        cells = [self._cell(position, cell, filled.get(position, cell.source)) for position, cell in enumerate(self.cells)]
        hornbook = {
            "format": 1,
            "slug": self.slug,
            "title": self.title,
            "version": self.version,
            "summary": self.summary,
            "objectives": list(self.objectives),
            "skills": [{"name": skill.name} if skill.uri is None else {"name": skill.name, "uri": skill.uri} for skill in self.skills],
            "level": self.level,
            "minutes": self.minutes,
            "requires": list(self.requires),
            "authors": self._authors(),
            "licence": self.licence,
        }
        if not self.added_cells:
            hornbook["added_cells"] = False
        if self.draws:
            hornbook["parameters"] = {draw.name: dict(draw.said) for draw in self.draws}
        return {"cells": cells, "metadata": copy.deepcopy({**self.metadata, "hornbook": hornbook}), "nbformat": 4, "nbformat_minor": 5}

    def _authors(self) -> list[Any]:
        if not self.parts:
            return list(self.authors)
        # Whole numbers are what an author has written.
        parts = [int(part) if part.is_integer() else part for part in self.parts]
        return [{"name": name, "share": part} for name, part in zip(self.authors, parts, strict=True)]

    def _cell(self, position: int, cell: Cell, source: str) -> dict[str, Any]:
        metadata = copy.deepcopy(dict(cell.metadata))
        if cell.tags:
            metadata["tags"] = list(cell.tags)
        if cell.exercise is not None:
            metadata["hornbook"] = {"exercise": cell.exercise} | ({} if cell.manual is None else {"manual": cell.manual})
            metadata["nbgrader"] = _nbgrader(self.grade_ids[position], cell.manual)
        notebook_cell = {"cell_type": cell.kind, "id": cell.id or f"cell-{position}", "metadata": metadata, "source": source}
        if cell.attachments:
            notebook_cell["attachments"] = copy.deepcopy(dict(cell.attachments))
        return notebook_cell | ({"execution_count": None, "outputs": []} if cell.kind == "code" else {})


def check_name(grade_id: str) -> str:
    """Return the name of the check that the test cell with nbgrader's id *grade_id* is; of a check, its own."""
    made = re.sub("[^a-z0-9]+", "_", grade_id.lower()).strip("_") or "cell"
    return made if made.startswith("test_") else f"test_{made}"


def read_lesson(path: Path) -> Lesson:
    """Return the lesson in the notebook at *path*; raise `LessonError` if it breaks the format anywhere."""
    return parse_lesson(_read(path, MAX_BYTES, LessonError), path)


def parse_lesson(data: bytes, path: Path) -> Lesson:
    """Return the lesson in *data*, the content of the file at *path*; raise `LessonError` if it breaks the format anywhere."""
    try:
        text = data.decode()
        if text.startswith("\ufeff"):
            raise LessonError(path, "begins with a byte-order mark. Save it as plain UTF-8.")
        notebook = _json(text, path, LessonError, parse_constant=_no_constant)
        if "\\ud" in text.lower():
            json.dumps(notebook, ensure_ascii=False).encode()
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise LessonError(path, f"is not UTF-8 text ({error.reason}). Save it as plain UTF-8.") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list) or not isinstance(notebook.get("metadata"), dict):
        raise LessonError(path, "is not a notebook of nbformat 4.5: it needs cells and metadata.")
    if notebook.get("nbformat") != 4 or notebook.get("nbformat_minor", 0) not in range(5, 10):  # noqa: PLR2004 - the format's number
        raise LessonError(path, "is not of nbformat 4.5. Upgrade it with `nbformat.convert(notebook, 4)` and save it again.")
    metadata = dict(notebook["metadata"])
    if _dict(metadata.get("kernelspec")).get("name") != "python3":
        raise LessonError(path, 'must name the kernel "python3" in metadata.kernelspec. Choose Python 3 in Jupyter and save it again.')
    said = _Metadata(path, metadata.pop("hornbook", None))
    lesson = said.lesson(
        tuple(_lesson_cell(path, number, cell) for number, cell in enumerate(notebook["cells"], 1)),
        hashlib.sha256(data).hexdigest(),
        metadata,
    )
    _check_cells(lesson, notebook["cells"])
    return lesson


def write_lesson(lesson: Lesson, path: Path | None = None) -> None:
    """Write *lesson* to *path*, by default to where it came from, byte for byte as Jupyter would, and all of it or nothing.

    Raises `LessonError` if what would be written is not a lesson, or cannot be written there.
    """
    target = lesson.path if path is None else path
    notebook = lesson.to_notebook()
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    try:
        data = (json.dumps(notebook, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise LessonError(target, f"cannot be written as JSON ({error}). Keep to text, numbers, lists and objects.") from error
    parse_lesson(data, target)
    # The process id keeps two writers apart; whoever renames last wins, and nobody ever reads half a lesson.
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise LessonError(target, f"cannot be written ({error.strerror}). Choose a folder that you may write to.") from error


class _Metadata:
    """`metadata.hornbook` of a lesson, and the sentences for what is not allowed in it."""

    def __init__(self, path: Path, raw: object) -> None:
        self.path = path
        if not isinstance(raw, dict):
            raise LessonError(path, "has no metadata.hornbook, so it is not a lesson. `hornbook new lesson` makes one.")
        self.raw: dict[str, Any] = raw
        for key in sorted(raw.keys() - _FIELDS):
            from hornbook.config import nearest  # noqa: PLC0415 - only an error needs it

            raise LessonError(path, f"metadata.hornbook has no key {_quoted(key)}; {nearest(key, _FIELDS)}.")
        if raw.get("format") != 1:
            self.refuse("format", "1; a later one needs a later hornbook")

    def lesson(self, cells: tuple[Cell, ...], digest: str, metadata: dict[str, Any]) -> Lesson:
        slug = self.text("slug", SLUG, "snake_case: lower-case letters, digits and _, a letter first")
        if slug != self.path.stem:
            self.refuse("slug", f"the file's name, {_quoted(self.path.stem)}; rename one of them")
        return Lesson(
            path=self.path,
            slug=slug,
            title=self.text("title"),
            version=self.text("version", _VERSION, 'three numbers such as "1.0.0"'),
            summary=self.text("summary"),
            objectives=self.texts("objectives", least=1),
            level=self.text("level", re.compile("|".join(_LEVELS)), " or ".join(_LEVELS)),
            minutes=self.minutes(),
            authors=tuple(name for name, _ in self.authors()),
            licence=self.text("licence"),
            cells=cells,
            skills=self.skills(),
            requires=self.requires(slug),
            added_cells=self.added_cells(),
            parts=tuple(part for _, part in self.authors() if part is not None),
            draws=read_draws(
                self.path,
                self.raw.get("parameters", {}),
                [(cell.source, "parameters" in cell.tags) for cell in cells if cell.kind == "code"],
            ),
            digest=digest,
            metadata=metadata,
        )

    def text(self, key: str, pattern: re.Pattern[str] = re.compile(r".*\S.*", re.DOTALL), allowed: str = "text") -> str:
        value = self.raw.get(key)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self.refuse(key, allowed)
        return value

    def texts(self, key: str, least: int) -> tuple[str, ...]:
        value = self.raw.get(key, [])
        if not isinstance(value, list) or len(value) < least or not all(isinstance(item, str) and item.strip() for item in value):
            self.refuse(key, f"a list of at least {least} texts" if least else "a list of texts")
        return tuple(value)

    def authors(self) -> list[tuple[str, float | None]]:
        """Return the authors, each with the part that is theirs; where nobody's is said it is None."""
        value = self.raw.get("authors")
        said = [one if isinstance(one, dict) else {"name": one} for one in value] if isinstance(value, list) else []
        if not said or not all(_is_author(one) for one in said):
            self.refuse("authors", 'a list of names, or of objects such as {"name": "Ada Example", "share": 2}, the share a number above 0')
        shared = any("share" in one for one in said)
        return [(one["name"], float(one.get("share", 1)) if shared else None) for one in said]

    def skills(self) -> tuple[Skill, ...]:
        value = self.raw.get("skills", [])
        if not isinstance(value, list) or not all(_is_skill(item) for item in value):
            self.refuse("skills", 'a list such as [{"name": "Python", "uri": "https://..."}], the uri optional')
        return tuple(Skill(item["name"], item.get("uri")) for item in value)

    def requires(self, slug: str) -> tuple[str, ...]:
        value = self.texts("requires", least=0)
        if not all(SLUG.fullmatch(item) for item in value) or slug in value or len(set(value)) < len(value):
            self.refuse("requires", "a list of the slugs of other lessons, each once")
        return value

    def minutes(self) -> int:
        value = self.raw.get("minutes")
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 120:  # noqa: PLR2004 - two hours
            self.refuse("minutes", "a whole number from 1 to 120")
        return value

    def added_cells(self) -> bool:
        value = self.raw.get("added_cells", True)
        if not isinstance(value, bool):
            self.refuse("added_cells", "true or false")
        return value

    def refuse(self, key: str, allowed: str) -> NoReturn:
        was = f"is {_quoted(self.raw[key])}" if key in self.raw else "is missing"
        raise LessonError(self.path, f"metadata.hornbook.{key} {was}; it must be {allowed}.")


def _is_author(item: Mapping[str, Any]) -> bool:
    """Whether *item* is the JSON of one author."""
    name, share = item.get("name"), item.get("share", 1)
    is_part = isinstance(share, int | float) and not isinstance(share, bool) and 0 < share <= MAX_SHARE
    return item.keys() <= {"name", "share"} and isinstance(name, str) and bool(name.strip()) and is_part


def _is_skill(item: object) -> bool:
    """Whether *item* is the JSON of one `Skill`."""
    return (
        isinstance(item, dict)
        and item.keys() <= {"name", "uri"}
        and isinstance(item.get("name"), str)
        and bool(item["name"].strip())
        and ("uri" not in item or (isinstance(item["uri"], str) and bool(_URI.fullmatch(item["uri"]))))
    )


def _lesson_cell(path: Path, number: int, raw: object) -> Cell:
    """Return the cell that *raw* is, the *number*th of the lesson at *path*."""

    def demand(holds: object, problem: str) -> None:
        if not holds:
            raise LessonError(path, f"cell {number} {problem}")

    cell = _dict(raw)
    kind: Any = cell.get("cell_type")
    source: Any = cell.get("source")
    cell_id = cell.get("id")
    known = isinstance(kind, str) and kind in {"code", "markdown", "raw"}
    demand(
        known and isinstance(cell.get("metadata"), dict), "is not a code, markdown or raw cell with metadata. Save it again from Jupyter."
    )
    lines = source if isinstance(source, list) else [source]
    demand(all(isinstance(line, str) for line in lines), "has a source that is not text. Save it again from Jupyter.")
    demand(_matching(_CELL_ID, cell_id), "has no valid id: nbformat 4.5 asks for 1 to 64 letters, digits, - and _.")
    demand(
        not cell.get("outputs") and cell.get("execution_count") is None,
        "has been run. A lesson ships no outputs: `jupyter nbconvert --clear-output --inplace` takes them out.",
    )
    metadata = dict(cell["metadata"])
    tags = metadata.pop("tags", [])
    demand(isinstance(tags, list) and all(isinstance(tag, str) for tag in tags), "has tags that are not a list of texts.")
    mark = metadata.pop("hornbook", None)
    exercise = manual = None
    if mark is not None:
        exercise = _matching(EXERCISE_ID, _dict(mark).get("exercise"))
        rule = 'has metadata.hornbook that is not {"exercise": "<id>"}, the id in lower-case letters, digits, _ and -.'
        demand(exercise and mark.keys() <= {"exercise", "manual"}, rule)
        manual = mark.get("manual")
        demand(manual is None or _is_points(manual), "has metadata.hornbook.manual that is no number of points from 0 to 1,000,000.")
        demand(kind == "code", f'is the exercise "{exercise}" but no code cell. Make it one.')
        metadata.pop("nbgrader", None)
    attachments = cell.get("attachments", {})
    demand(isinstance(attachments, dict), "has attachments that are not an object. Save it again from Jupyter.")
    return Cell(kind, "".join(lines), exercise, tuple(tags), cell_id, metadata, attachments, manual)


def _nbgrader(grade_id: str, manual: float | None = None) -> dict[str, Any]:
    """Return nbgrader's metadata (schema 3) for a cell that learners fill in and pytest grades, or a person for *manual* points."""
    said = {"schema_version": 3, "grade": False, "grade_id": grade_id, "locked": False, "solution": True, "task": False}
    return said if manual is None else {**said, "grade": True, "points": manual}


def _is_points(value: object) -> bool:
    """Whether *value* is a number of points."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1_000_000  # noqa: PLR2004 - more than any course


def _check_cells(lesson: Lesson, raw_cells: Sequence[Mapping[str, Any]]) -> None:
    """Raise `LessonError` if the cells of *lesson*, each fine by itself, contradict each other or nbgrader's metadata."""
    if not lesson.exercises:
        raise LessonError(lesson.path, 'has no exercise. Mark a code cell with metadata.hornbook = {"exercise": "<id>"}.')
    ids = [cell.id for cell in lesson.cells]
    if len(set(ids)) < len(ids):
        twice = next(cell_id for cell_id in ids if ids.count(cell_id) > 1)
        raise LessonError(lesson.path, f'has two cells with the id "{twice}". Delete one, or its id, and save the notebook again.')
    for position, grade_id in lesson.grade_ids.items():
        wanted = _nbgrader(grade_id, lesson.cells[position].manual)
        if raw_cells[position]["metadata"].get("nbgrader") != wanted:
            raise LessonError(
                lesson.path,
                f'cell {position + 1} is the exercise "{lesson.cells[position].exercise}", so its metadata.nbgrader must be '
                f"{json.dumps(wanted)}.",
            )
    if len(set(lesson.grade_ids.values())) < len(lesson.grade_ids):
        raise LessonError(lesson.path, "has an exercise whose id is another's with a number behind it, as nbgrader would call its cell.")
    tagged = [position for position, cell in enumerate(lesson.cells) if "parameters" in cell.tags]
    if len(tagged) > 1 or any(lesson.cells[position].kind != "code" or lesson.cells[position].exercise for position in tagged):
        raise LessonError(lesson.path, 'may tag one cell "parameters", and that a code cell that is no exercise.')


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and the infinities: Python reads them, though JSON has none."""
    raise ValueError(f"{name} is not JSON")


# --- What a learner hands in -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddedCell:
    """A code cell that the learner added, behind the lesson's cell at position `after` (-1: before the first)."""

    after: int
    source: str


@dataclass(frozen=True)
class Submission:
    """A learner's filled-in copy of a lesson: sources, and nothing else of what the file held.

    `sources` has, for each exercise of the lesson, the source of each of its cells, empty where the file has none. `name` is
    the name of the file, safe to show; `digest` the SHA-256 of its bytes in hexadecimal. `cells` has, for each exercise that was
    found, the numbers of the file's cells (from 0) that hold the answer. `claimed` are the values that the file says its parameters have,
    if it says any, and `variant` those that the course has drawn for its learner, which is not said by any file.
    """

    name: str
    digest: str
    slug: str
    sources: Mapping[str, tuple[str, ...]] = field(hash=False)
    added: tuple[AddedCell, ...] = ()
    repairs: tuple[Repair, ...] = ()
    cells: Mapping[str, tuple[int, ...]] = field(default_factory=dict, hash=False, compare=False)
    claimed: Mapping[str, Any] | None = field(default=None, hash=False)
    variant: Mapping[str, Any] | None = field(default=None, hash=False)

    def attempted(self, lesson: Lesson, exercise_id: str) -> bool:
        """Whether the learner wrote anything into the exercise that Python would notice: comments and blank lines are not."""
        shipped = lesson.exercise(exercise_id).sources
        return any(not _blank(ours) and not _same(ours, theirs) for ours, theirs in zip(self.sources[exercise_id], shipped, strict=True))


@dataclass(frozen=True, slots=True)
class ProgramCell:
    """A code cell to execute: the lesson's own, the learner's for an exercise, or one that the learner added.

    `index` is the position of the cell in the lesson; for an added cell, of the cell that it stands behind. `show` marks one that
    the lesson has tagged "show": it lets the learner look at what an exercise does, and no check needs it.
    """

    source: str
    exercise: str | None
    index: int
    last_of_exercise: bool = False
    parameters: bool = False
    added: bool = False
    show: bool = False


def program(lesson: Lesson, submission: Submission) -> tuple[ProgramCell, ...]:
    """Return the code cells to execute, in the lesson's order: its own code, the learner's answers, and what they added."""
    answers = _by_position(lesson, submission.sources)
    added: dict[int, list[ProgramCell]] = {}
    for cell in submission.added:
        added.setdefault(cell.after, []).append(ProgramCell(cell.source, None, cell.after, added=True))
    cells = added.get(-1, [])
    for position, lesson_cell in enumerate(lesson.cells):
        if lesson_cell.kind == "code":
            exercise = lesson_cell.exercise
            cells.append(
                ProgramCell(
                    answers.get(position, lesson_cell.source),
                    exercise,
                    position,
                    last_of_exercise=exercise is not None and lesson.exercises[exercise].cells[-1] == position,
                    parameters="parameters" in lesson_cell.tags,
                    show="show" in lesson_cell.tags,
                )
            )
        cells += added.get(position, [])
    return tuple(cells)


def fill(lesson: Lesson, sources: Mapping[str, str | tuple[str, ...]], name: str = "solution") -> Submission:
    """Return the submission of somebody who wrote *sources* into the exercises and left the others as shipped.

    A plain text goes into the first cell of its exercise and leaves its other cells empty; a tuple has one for each cell.
    Raises `LessonError` for an exercise that the lesson lacks, and for a tuple of another length than the exercise has cells.
    """
    filled = {exercise.id: exercise.sources for exercise in lesson.exercises.values()}
    for exercise_id, given in sources.items():
        cells = len(lesson.exercise(exercise_id).cells)
        answer = (given, *[""] * (cells - 1)) if isinstance(given, str) else tuple(given)
        if len(answer) != cells:
            has = f"{cells} cell{'' if cells == 1 else 's'}"
            raise LessonError(lesson.path, f'exercise "{exercise_id}" has {has}, not {len(answer)}: one source each.')
        filled[exercise_id] = answer
    digest = hashlib.sha256(json.dumps(filled, sort_keys=True).encode()).hexdigest()
    return Submission(printable(name), digest, lesson.slug, filled)


def read_submission(path: Path, lesson: Lesson, *, max_bytes: int = MAX_BYTES) -> Submission:
    """Return what the file at *path* answers to *lesson*; raise `SubmissionError` if it cannot be read at all."""
    return SubmissionFile.open(path, max_bytes=max_bytes).submission(lesson)


def digest_of(path: Path, *, max_bytes: int = MAX_BYTES) -> str:
    """Return the SHA-256 of the submitted file at *path*, as its verdict has it; raise `SubmissionError` if it cannot be read."""
    return hashlib.sha256(_read(path, max_bytes, SubmissionError)).hexdigest()


def claimed_slug(path: Path) -> str | None:
    """Return the slug of the lesson that the file at *path* claims to belong to, if it claims a possible one."""
    return SubmissionFile.open(path).slug


def match_lesson(path: Path, lessons: Iterable[Lesson]) -> Lesson:
    """Return the one of *lessons* that the file at *path* is a copy of; raise `SubmissionError` if none can be told."""
    return SubmissionFile.open(path).match(lessons)


@dataclass(frozen=True, slots=True)
class FoundCell:
    """A cell of a submitted file. `id`, `exercise`, `grade_id` and `injected` are what the file claims about it, never trusted.

    `injected` says that it is papermill's, with values for the parameters.
    """

    index: int
    kind: Kind
    source: str
    id: str | None = None
    exercise: str | None = None
    grade_id: str | None = None
    injected: bool = False


@dataclass(frozen=True, slots=True)
class SubmissionFile:
    """A submitted file, read once: its cells, and what it claims about itself. No lesson is needed yet.

    `slug` and `version` are those of the lesson that it claims to belong to, if they could be such.
    """

    path: Path
    digest: str
    cells: tuple[FoundCell, ...]
    slug: str | None = None
    version: str | None = None
    repairs: tuple[Repair, ...] = ()

    @classmethod
    def open(cls, path: Path, *, max_bytes: int = MAX_BYTES) -> SubmissionFile:
        """Return the file at *path*; raise `SubmissionError` if it is no plain file, too big, or no notebook.

        Never blocks on a FIFO or a device, never follows a symbolic link, never reads more than *max_bytes*.
        """
        return cls.parse(_read(path, max_bytes, SubmissionError), path)

    @classmethod
    def parse(cls, data: bytes, path: Path) -> SubmissionFile:
        """Return what *data*, the content of the file at *path*, holds; raise `SubmissionError` if that is no notebook."""
        repairs: list[Repair] = []
        notebook = _submitted_json(_decoded(data, path, repairs), path, repairs)
        cells = _found_cells(_raw_cells(notebook, path, repairs), repairs)
        claims = _dict(_dict(notebook.get("metadata")).get("hornbook"))
        return cls(
            path=path,
            digest=hashlib.sha256(data).hexdigest(),
            cells=cells,
            slug=_matching(SLUG, claims.get("slug")),
            version=_matching(_VERSION, claims.get("version")),
            repairs=tuple(repairs),
        )

    def to_json(self) -> bytes:
        """Return a notebook that says of itself all that is read of this one, and nothing else: no outputs, and nobody's metadata."""
        cells = [
            {
                "cell_type": cell.kind,
                "id": cell.id,
                "metadata": {
                    "hornbook": {"exercise": cell.exercise},
                    "nbgrader": {"grade_id": cell.grade_id},
                    "tags": [INJECTED] if cell.injected else [],
                },
                "source": cell.source,
            }
            for cell in self.cells
        ]
        metadata = {"hornbook": {"slug": self.slug, "version": self.version}}
        return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, ensure_ascii=False).encode()

    def match(self, lessons: Iterable[Lesson]) -> Lesson:
        """Return the one of *lessons* that this is a copy of: by its claim, by the cells they share, by the file's name.

        Raises `SubmissionError` if none of these tells exactly one.
        """
        by_slug = {lesson.slug: lesson for lesson in lessons}
        if self.slug in by_slug:
            return by_slug[self.slug]
        shared = {slug: self._shared(lesson) for slug, lesson in by_slug.items()}
        best = max(shared.values(), default=(0, 0))
        if best[0] and list(shared.values()).count(best) == 1:
            return next(by_slug[slug] for slug, count in shared.items() if count == best)
        # "moving_average (1).ipynb" and "Copy of moving_average.ipynb" are moving_average; the longest name that fits is meant.
        name = f"_{re.sub('[^a-z0-9]+', '_', self.path.stem.lower())}_"
        named = sorted((slug for slug in by_slug if f"_{slug}_" in name), key=len)
        if named:
            return by_slug[named[-1]]
        raise SubmissionError(self.path, say("file.no-lesson"))

    def _shared(self, lesson: Lesson) -> tuple[int, int]:
        """Return how many exercises, and how many cells in all, this file has in common with *lesson*."""
        ids = {cell.id for cell in self.cells if cell.id}
        marks = {cell.exercise for cell in self.cells} | {cell.grade_id for cell in self.cells}
        exercises = sum(
            exercise.id in marks or any(lesson.cells[position].id in ids for position in exercise.cells)
            for exercise in lesson.exercises.values()
        )
        return exercises, len(ids & {cell.id for cell in lesson.cells})

    def submission(self, lesson: Lesson) -> Submission:
        """Return what this file answers to *lesson*. Never fails: what is not there is empty, and every repair is reported."""
        reading = _Reading(lesson, self.cells)
        reading.recognise()
        reading.choose()
        reading.recover()
        reading.unmerge()
        reading.report_order()
        added = reading.added()
        values = reading.claimed()
        return Submission(
            name=printable(self.path.name),
            digest=self.digest,
            slug=lesson.slug,
            sources={
                exercise.id: tuple(reading.answers.get(position, "") for position in exercise.cells)
                for exercise in lesson.exercises.values()
            },
            added=added,
            repairs=(*self.repairs, *self._mismatches(lesson), *reading.repairs),
            cells=reading.found(),
            claimed=values,
        )

    def _mismatches(self, lesson: Lesson) -> Iterator[Repair]:
        """Yield what the file claims about its lesson and *lesson* denies."""
        if self.slug is not None and self.slug != lesson.slug:
            yield Repair("metadata", say("repair.lesson", claimed=self.slug, lesson=lesson.slug))
        elif self.version is not None and self.version != lesson.version:
            yield Repair("metadata", say("repair.version", claimed=self.version, version=lesson.version))


# --- Finding the exercises in a submitted notebook -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Names:
    """The names that a source binds at its top level; `defined` are the functions and classes among them."""

    bound: set[str]
    defined: set[str]

    def clash(self, other: _Names, shipped: AbstractSet[str]) -> bool:
        """Whether both give meaning to the same name.

        Two pieces of one cell may both assign a helper variable, but only one of two answers defines what the exercise asks
        for: *shipped*, if the lesson's own source names it.
        """
        common = self.bound & other.bound
        return bool(common & shipped or common & self.defined or common & other.defined) if shipped else bool(common)


# A regular expression, because half of a split function and a source with a syntax error have no syntax tree. Possessive
# quantifiers keep it linear.
_BINDING = re.compile(
    r"^(?:(?:async[ \t]++)?(?:def|class)[ \t]++(\w++)|(\w++(?:[ \t]*+,[ \t]*+\w++)*+)[ \t]*+(?::[^=\n]*+)?=(?!=))", re.MULTILINE
)


# Nobody writes an answer of this length; whoever pastes a novel is still read, but not searched to the end.
_MAX_NAMED = 1 << 18


def _names(source: str) -> _Names:
    """Return the names that *source* binds at its top level, as far as a look at the beginnings of its lines can tell."""
    found = [match.groups() for match in _BINDING.finditer(source, 0, _MAX_NAMED)]
    defined = {name for name, _ in found if name}
    return _Names(defined | {name.strip() for _, names in found if names for name in names.split(",")}, defined)


def bound_names(source: str) -> AbstractSet[str]:
    """Return the names that *source* binds at its top level, complete Python or not."""
    return _names(source).bound


class _Reading:
    """One submitted notebook being read as one lesson, step by step; each step sees what the ones before left over.

    `home` maps a cell of the file to the position in the lesson that it was recognised as; `answers` maps the position of an
    exercise cell to the learner's source.
    """

    def __init__(self, lesson: Lesson, cells: Sequence[FoundCell]) -> None:
        self.lesson = lesson
        own = {cell.id for cell in lesson.cells} - {None}
        self.cells = [
            replace(cell, injected=True) if cell.id not in own and lesson.reads_as_injected(cell.kind, cell.source) else cell
            for cell in cells
        ]
        self.home: dict[int, int] = {}
        self.answers: dict[int, str] = {}
        self.repairs: list[Repair] = []
        self._claims: dict[int, list[int]] = {}
        self._hosts: dict[int, int] = {}
        self._dropped: set[int] = set()
        self._known_names: dict[int, _Names] = {}
        self._shipped = {position: _names(lesson.cells[position].source).bound for position in lesson.grade_ids}

    # Step 1

    def recognise(self) -> None:
        """Find the lesson's own cells and the cells that claim to be an exercise: by cell id, by mark, by nbgrader's id, by source."""
        rest = self._recognise_ids()
        grade_ids = {grade_id: position for position, grade_id in self.lesson.grade_ids.items()}
        unsure: list[int] = []
        for cell in rest:
            position = grade_ids.get(cell.grade_id or "")
            exercise = self.lesson.exercises.get(cell.exercise or "")
            if exercise is not None and position not in exercise.cells:
                position = exercise.cells[0] if len(exercise.cells) == 1 else None
                if position is None:
                    unsure.append(cell.index)
            if position is not None:
                self._claims.setdefault(position, []).append(cell.index)
        self._settle(unsure)
        self._recognise_sources()
        self._report_marks()

    def _recognise_ids(self) -> list[FoundCell]:
        """Recognise the cells that still have the lesson's ids; return the others. The id is stronger than a mark, which is copied."""
        ids = {cell.id: position for position, cell in enumerate(self.lesson.cells) if cell.id}
        rest: list[FoundCell] = []
        seen: set[int] = set()
        for cell in self.cells:
            position = ids.get(cell.id) if cell.id else None
            own = self.lesson.cells[position] if position is not None else None
            if position is None or own is None:
                rest.append(cell)
            elif own.exercise is not None:
                self._claims.setdefault(position, []).append(cell.index)
            elif position not in seen or _trimmed(cell.source) == _trimmed(own.source):
                seen.add(position)
                self.home[cell.index] = position
        return rest

    def _settle(self, unsure: Sequence[int]) -> None:
        """Give each of the *unsure* cells, which say their exercise but not which of its cells they are, the next free place."""
        latest: dict[str, int] = {}
        for index in unsure:
            exercise = self.lesson.exercises[self.cells[index].exercise or ""]
            free = next((position for position in exercise.cells if position not in self._claims), None)
            position = free if free is not None else latest.get(exercise.id, exercise.cells[-1])
            latest[exercise.id] = position
            self._claims.setdefault(position, []).append(index)

    def _recognise_sources(self) -> None:
        """Recognise the lesson's own cells by what they say where the file has no ids (nbformat before 4.5, Colab)."""
        known = set(self.home.values())
        taken = self._claimed() | self.home.keys()
        waiting: dict[tuple[Kind, str], list[int]] = {}
        for position, cell in reversed(list(enumerate(self.lesson.cells))):
            if position not in known and cell.exercise is None:
                waiting.setdefault((cell.kind, _trimmed(cell.source)), []).append(position)
        for found in self.cells if waiting else ():
            places = waiting.get((found.kind, _trimmed(found.source)))
            if places and found.index not in taken:
                self.home[found.index] = places.pop()

    def _claimed(self) -> set[int]:
        return {index for claims in self._claims.values() for index in claims}

    def _report_marks(self) -> None:
        """Report the marks that were not followed: of exercises that the lesson lacks, and those that another cell's id denies."""
        unknown = [cell for cell in self.cells if cell.exercise and cell.exercise not in self.lesson.exercises]
        if unknown:
            names = list(dict.fromkeys(_quoted(cell.exercise) for cell in unknown))
            listed = say("word.or").join([*names[:_FEW], *(["..."] if len(names) > _FEW else [])])
            self._report("unknown exercise", say("repair.unknown", len(unknown), exercises=listed))
        followed = {index: self.lesson.cells[position].exercise for position, claims in self._claims.items() for index in claims}
        copied = [cell for cell in self.cells if cell.exercise in self.lesson.exercises and followed.get(cell.index) != cell.exercise]
        if copied:
            numbers = ", ".join(str(cell.index + 1) for cell in copied[:_FEW]) + (", ..." if len(copied) > _FEW else "")
            self._report("metadata", say("repair.copied", cells=numbers), copied[0].exercise)

    # Step 2

    def choose(self) -> None:
        """Decide, for each exercise cell, which of the cells that claim to be it is the answer."""
        for position in self.lesson.grade_ids:
            claims = sorted(self._claims.get(position, ()))
            if claims:
                self._choose(position, claims)

    def _choose(self, position: int, claims: Sequence[int]) -> None:
        cell = self.lesson.cells[position]
        claims = [index for index in claims if self.cells[index].source.strip()] or claims[:1]
        versions = [self._without_notes(pieces) for pieces in self._versions(position, claims)]
        best = max(versions, key=lambda pieces: self._merit(position, pieces))
        pieces, source = self._joined(position, best)
        self._answer(position, pieces, source)
        taken = _names(source)
        shipped = self._shipped[position]
        left = sorted(set(claims) - set(pieces))
        whole = {_trimmed(source), _trimmed(cell.source)}
        for index in left:
            if _trimmed(self.cells[index].source) in whole or taken.clash(self._names(index), shipped):
                self._dropped.add(index)
        exercise = cell.exercise
        if self.cells[pieces[0]].kind != "code":
            self._report("retyped", say("repair.retyped", exercise=exercise), exercise)
        if len(pieces) > 1:
            self._report("split", say("repair.split", exercise=exercise, cells=len(pieces)), exercise)
        if left:
            words = say("repair.duplicated", cells=len(claims), exercise=exercise, taken=pieces[0] + 1)
            self._report("duplicated", words, exercise)
        # A notebook that nbgrader has handed out has no mark of ours, and nothing is wrong with it.
        known = self.lesson.grade_ids[position]
        if all(self.cells[index].exercise != exercise and self.cells[index].grade_id != known for index in pieces):
            self._report("metadata", say("repair.lost-mark-id", exercise=exercise), exercise)

    def _versions(self, position: int, claims: Sequence[int]) -> list[list[int]]:
        """Return *claims* as whole answers: what was split stands together, what was copied stands apart."""
        shipped = self._shipped[position]
        untouched = _trimmed(self.lesson.cells[position].source)
        versions: list[list[int]] = []
        seen: set[str] = set()
        so_far = _Names(set(), set())
        for index in claims:
            text = _trimmed(self.cells[index].source)
            names = self._names(index)
            copied = text in seen or text == untouched or untouched in seen
            if versions and self._adjacent(versions[-1][-1], index) and not copied and not so_far.clash(names, shipped):
                versions[-1].append(index)
            else:
                versions.append([index])
                so_far, seen = _Names(set(), set()), set()
            so_far.bound.update(names.bound)
            so_far.defined.update(names.defined)
            seen.add(text)
        return versions

    def _adjacent(self, first: int, second: int) -> bool:
        """Whether nothing but the learner's own notes and empty cells stands between the two cells."""
        return all(
            index not in self.home and (self.cells[index].kind != "code" or not self.cells[index].source.strip())
            for index in range(first + 1, second)
        )

    def _without_notes(self, pieces: list[int]) -> list[int]:
        """Return the code cells of *pieces*, or all of them if there is none: a cell retyped as Markdown still has the answer."""
        return [index for index in pieces if self.cells[index].kind == "code"] or pieces

    def _merit(self, position: int, pieces: Sequence[int]) -> tuple[bool, bool, bool, bool, int]:
        """Return what makes *pieces* the learner's answer: attempted, code, defines what was asked for, the original cell, the last."""
        source = self._text(pieces)
        return (
            not _blank(source) and _trimmed(source) != _trimmed(self.lesson.cells[position].source),
            self.cells[pieces[0]].kind == "code",
            set[str]().union(*(self._names(index).bound for index in pieces)) >= self._shipped[position],
            any(self.cells[index].id == self.lesson.cells[position].id for index in pieces),
            pieces[0],
        )

    def _joined(self, position: int, pieces: list[int]) -> tuple[list[int], str]:
        """Return *pieces* and their source; only the one that answers, if they make no sense together and it does alone."""
        source = self._text(pieces)
        if len(pieces) > 1 and len(source) <= _MAX_PARSED and _tree(source) is None:
            alone = [
                index
                for index in pieces
                if self._names(index).bound >= self._shipped[position] and _tree(self.cells[index].source) is not None
            ]
            if alone:
                return alone[-1:], self.cells[alone[-1]].source
        return pieces, source

    def _text(self, pieces: Sequence[int]) -> str:
        return "\n".join(self.cells[index].source for index in pieces)

    def _answer(self, position: int, pieces: Sequence[int], source: str) -> None:
        self.answers[position] = source
        self.home.update(dict.fromkeys(pieces, position))

    def _names(self, index: int) -> _Names:
        """Return the names that the cell at *index* of the file binds; looked up once, since a file may be large."""
        if index not in self._known_names:
            self._known_names[index] = _names(self.cells[index].source)
        return self._known_names[index]

    def _report(
        self,
        kind: Literal["missing", "duplicated", "split", "moved", "retyped", "unknown exercise", "added", "metadata"],
        message: str,
        exercise: str | None = None,
    ) -> None:
        self.repairs.append(Repair(kind, message, exercise))

    # Step 3

    def recover(self) -> None:
        """Find the exercise cells that lost every mark: by what they define, by what they kept of the shipped text, by their place."""
        for position in self._missing():
            gap = self._gap(position)
            ranked = [(self._likeness(position, index, near=index in gap), index) for index in self._strays()]
            (defines, _, near, kept), index = max(ranked, default=((False, False, False, 0.0), -1))
            if defines or (near and kept >= _ALIKE):
                self._recovered(position, index, "repair.lost-mark-names" if defines else "repair.lost-mark-text")
        # Where other cells have their marks, a cell without one is the learner's own rather than an exercise's.
        if not any(cell.exercise in self.lesson.exercises for cell in self.cells):
            for position in self._missing():
                gap = self._gap(position)
                near_by = [index for index in self._strays() if index in gap]
                if near_by and len(near_by) == sum(self._gap(other) == gap for other in self._missing()):
                    self._recovered(position, near_by[0], "repair.lost-mark-place")

    def _missing(self) -> list[int]:
        return [position for position in sorted(self.lesson.grade_ids) if position not in self.answers]

    def _strays(self) -> list[int]:
        """Return the code cells of the file that nothing is known about."""
        known = self._claimed() | self.home.keys()
        return [cell.index for cell in self._code() if cell.index not in known and cell.source.strip()]

    def _code(self) -> Iterator[FoundCell]:
        """Yield the file's code cells; one with values for the parameters is neither an answer nor something that the learner added."""
        return (cell for cell in self.cells if cell.kind == "code" and not cell.injected)

    def _recovered(self, position: int, index: int, words: str) -> None:
        self._answer(position, [index], self.cells[index].source)
        exercise = self.lesson.cells[position].exercise
        self._report("metadata", say(words, exercise=exercise), exercise)

    def _gap(self, position: int) -> range:
        """Return the cells of the file between the neighbours of the lesson's cell at *position*, as far as they are still there."""
        before = max(((home, index) for index, home in self.home.items() if home < position), default=(-1, -1))
        after = min(((home, index) for index, home in self.home.items() if home > position), default=(-1, len(self.cells)))
        return range(before[1] + 1, after[1])

    def _likeness(self, position: int, index: int, *, near: bool) -> tuple[bool, bool, bool, float]:
        """Return how much a cell looks like the answer at *position*.

        It defines what was asked for, and not as it was shipped; it is *near*; it keeps a share of the shipped lines.
        """
        shipped, source = self.lesson.cells[position].source, self.cells[index].source
        wanted = self._shipped[position]
        defines = bool(wanted) and self._names(index).bound >= wanted
        return defines, defines and _trimmed(source) != _trimmed(shipped), near, _kept(shipped, source) if near else 0.0

    # Step 4

    def unmerge(self) -> None:
        """Find the missing exercises inside the cells of others ("merge cells" keeps one mark), and report those that stay missing."""
        for position in self._missing():
            exercise = self.lesson.cells[position].exercise
            host = self._unmerge(position)
            if host is None:
                self._report("missing", say("repair.missing", exercise=exercise), exercise)
            else:
                other = self.lesson.cells[host].exercise
                self._report("moved", say("repair.merged", exercise=exercise, other=other), exercise)

    def _unmerge(self, position: int) -> int | None:
        """Cut the answer at *position* out of another exercise's that holds both; return where that was."""
        wanted = self._shipped[position]
        for host, source in self.answers.items():
            theirs = self._shipped[host] - wanted
            if wanted - self._shipped[host] and _names(source).bound >= wanted and (cut := _cut(source, wanted, theirs)):
                self.answers[position], self.answers[host] = cut
                self._hosts[position] = host
                return host
        return None

    def found(self) -> Mapping[str, tuple[int, ...]]:
        """Return the cells of the file that hold the answer to each exercise, as far as there are any."""
        found: dict[str, tuple[int, ...]] = {}
        for exercise in self.lesson.exercises.values():
            homes = {self._hosts.get(position, position) for position in exercise.cells if position in self.answers}
            cells = tuple(sorted(index for index, home in self.home.items() if home in homes))
            if cells:
                found[exercise.id] = cells
        return found

    # Step 5

    def report_order(self) -> None:
        """Report the exercise cells that stand elsewhere than in the lesson; they are executed in the lesson's order."""
        first: dict[int, int] = {}
        for index in sorted(self.home):
            first.setdefault(self.home[index], index)
        places = [(position, first[position]) for position in self.lesson.grade_ids if position in first]
        places.sort()
        in_order = _longest_rising([index for _, index in places])
        for position, index in places:
            if index not in in_order:
                exercise = self.lesson.cells[position].exercise
                self._report("moved", say("repair.moved", exercise=exercise), exercise)

    # Step 6

    def added(self) -> tuple[AddedCell, ...]:
        """Return the code cells that the learner added, each behind the lesson's cell that it follows."""
        self._recognise_changed()
        cells: list[AddedCell] = []
        after = -1
        own: dict[int, str] = {}
        for cell in self.cells:
            if cell.index in self.home:
                after = self.home[cell.index]
                own.setdefault(after, cell.source)
            elif cell.kind == "code" and not cell.injected and cell.source.strip() and cell.index not in self._dropped:
                cells.append(AddedCell(after, cell.source))
        # What only shows an exercise at work may be changed: it is not run.
        lesson_code = {at: cell for at, cell in enumerate(self.lesson.cells) if cell.kind == "code" and cell.exercise is None}
        changed = sum(at in own and "show" not in cell.tags and not _same(own[at], cell.source) for at, cell in lesson_code.items())
        if changed:
            self._report("added", say("repair.changed", changed))
        if cells:
            self._report("added", say("repair.also-run" if self.lesson.added_cells else "repair.left-out", len(cells)))
        return tuple(cells) if self.lesson.added_cells else ()

    def claimed(self) -> dict[str, Any] | None:
        """Return the values that the file claims for the lesson's parameters, None where it claims none at all."""
        injected = [cell for cell in self.cells if cell.kind == "code" and cell.injected and cell.index not in self.home]
        if injected and not self.lesson.draws:
            self._report("added", say("repair.injected", len(injected)))
        return claimed((cell.source for cell in injected), self.lesson.draws) if injected and self.lesson.draws else None

    def _recognise_changed(self) -> None:
        """Recognise the lesson's own code cells that were changed in a file without ids, so that they do not run twice."""
        known = set(self.home.values())
        strays = self._strays()
        for position, own in enumerate(self.lesson.cells):
            if strays and position not in known and own.kind == "code" and own.exercise is None:
                gap = self._gap(position)
                near = [index for index in strays if index in gap and index not in self.home]
                kept, index = max(((_kept(own.source, self.cells[index].source), -index) for index in near), default=(0.0, 0))
                if kept >= _ALIKE:
                    self.home[-index] = position


_ALIKE = 0.5
_FEW = 3


def _kept(shipped: str, source: str) -> float:
    """Return the share of the *shipped* lines that *source* still has, from 0 to 1."""
    lines = {line.strip() for line in shipped.splitlines()} - {""}
    return len(lines & {line.strip() for line in source[:_MAX_PARSED].splitlines()}) / len(lines) if lines else 0.0


def _cut(source: str, wanted: AbstractSet[str], others: AbstractSet[str]) -> tuple[str, str] | None:
    """Return *source*, two answers merged into one cell, as the part that binds *wanted* and the part that binds the *others*.

    The second part begins with the comments and decorators right above its first name. None if there is no telling them apart.
    """
    lines = source.split("\n")

    def start(names: AbstractSet[str]) -> int:
        number = next((number for number, line in enumerate(lines) if _names(line).bound & names), 0)
        while number and lines[number - 1].startswith(("@", "#")):
            number -= 1
        return number

    mine, theirs = start(wanted), start(others)
    at = max(mine, theirs)
    upper, lower = "\n".join(lines[:at]), "\n".join(lines[at:])
    if not at:
        return None
    return (lower, upper) if mine > theirs else (upper, lower)


def _longest_rising(numbers: Sequence[int]) -> AbstractSet[int]:
    """Return the members of a longest rising subsequence of *numbers*, which are all different (patience sorting)."""
    tops: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        pile = bisect_left(tops, number)
        before[number] = tops[pile - 1] if pile else None
        tops[pile : pile + 1] = [number]
    rising: set[int] = set()
    last = tops[-1] if tops else None
    while last is not None:
        rising.add(last)
        last = before[last]
    return rising


# --- What Python would notice ----------------------------------------------------------------------------------------

# A syntax tree takes some hundred times the memory of its source, and this is the trusted process.
_MAX_PARSED = 1 << 16
_MAGIC = re.compile(r"^([ \t]*)[%!].*|^([ \t]*)[^#\n]*\?{1,2}[ \t]*$", re.MULTILINE)


def _tree(source: str) -> ast.Module | None:
    """Return the syntax tree of *source*, IPython's magics left out; None if it has none, or is too long to look."""
    if len(source) > _MAX_PARSED:
        return None
    for text in (source, _MAGIC.sub(r"\1\2pass", source)):
        try:
            with warnings.catch_warnings():
                # Python warns of an invalid "\d" on the terminal of whoever grades.
                warnings.simplefilter("ignore")
                return ast.parse(text)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            continue
    return None


def _same(ours: str, theirs: str) -> bool:
    """Whether the two sources differ in comments and white space only."""
    if _trimmed(ours) == _trimmed(theirs):
        return True
    one, other = _tree(ours), _tree(theirs)
    if one is None or other is None:
        return _without_comments(ours) == _without_comments(theirs)
    try:
        return _alike(one, other)
    except RecursionError:
        return False


def _alike(one: object, other: object) -> bool:
    """Whether two syntax trees, or parts of them, are the same but for their places."""
    if type(one) is not type(other):
        return False
    if isinstance(one, ast.AST):
        return all(_alike(getattr(one, name, None), getattr(other, name, None)) for name in one._fields)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    # As it is written: 0.0 is equal to -0.0, and what is not a number to nothing.
    return repr(one) == repr(other)


_CODE = re.compile(r"^[ \t\f]*+[^\s#]", re.MULTILINE)


def _blank(source: str) -> bool:
    """Whether *source* has nothing but comments and white space."""
    return _CODE.search(source) is None


def _trimmed(source: str) -> str:
    """Return *source* without white space at the ends of its lines, at its beginning and at its end."""
    return "\n".join([line.rstrip() for line in source.split("\n")]).strip("\n")


def _without_comments(source: str) -> list[str]:
    """Return the lines of *source* that are neither blank nor a comment."""
    return [line.rstrip() for line in source.split("\n") if line.strip() and not line.lstrip().startswith("#")]


# --- Reading a submitted file ----------------------------------------------------------------------------------------


def _read(path: Path, limit: int, error: _FileError) -> bytes:
    """Return the content of the plain file at *path*, at most *limit* bytes; raise *error* for anything else.

    Opening a FIFO that nobody writes to would block, hence O_NONBLOCK. What a learner's link points to is another's file or
    the machine's, hence O_NOFOLLOW (Windows has neither). A course looks after its own links.
    """
    flags = os.O_RDONLY
    for flag in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY", *(["O_NOFOLLOW"] if error is SubmissionError else [])):
        flags |= getattr(os, flag, 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as problem:
        if error is SubmissionError and os.path.islink(path):  # noqa: PTH114 - unlike pathlib's, it never raises
            raise _refusal(error, path, "file.link") from problem
        raise _refusal(error, path, "file.unopened", reason=problem.strerror) from problem
    except ValueError as problem:  # a NUL or a lone surrogate
        raise _refusal(error, path, "file.name") from problem
    try:
        kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
        if kind != stat.S_IFREG:
            raise _refusal(error, path, _KINDS.get(kind, "file.other"))
        data = b"".join(_parts(descriptor, limit))
    except OSError as problem:
        raise _refusal(error, path, "file.unread", reason=problem.strerror) from problem
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise _refusal(error, path, "file.large", size=f"{limit / (1 << 20):g}")
    if not data.strip():
        raise _refusal(error, path, "file.empty")
    return data


def _parts(descriptor: int, limit: int) -> Iterator[bytes]:
    """Yield what the file holds, at most one byte more than *limit*: that byte tells that it is too big, however it grows meanwhile."""
    left = limit + 1
    while left and (part := os.read(descriptor, min(left, 1 << 20))):
        left -= len(part)
        yield part


_KINDS = {stat.S_IFDIR: "file.folder", stat.S_IFIFO: "file.pipe", stat.S_IFCHR: "file.device", stat.S_IFBLK: "file.device"}


def _refusal(
    error: _FileError, path: Path, key: str, count: int | None = None, /, **blanks: object
) -> LessonError | GraderError | SubmissionError:
    """Return the *error* that says *key* of the file at *path*: to a learner in their language, to an author in English."""
    with speaking(None if error is SubmissionError else ENGLISH):
        return error(path, say(key, count, **blanks))


def _decoded(data: bytes, path: Path, repairs: list[Repair]) -> str:
    """Return *data* as text. What is not UTF-8 is replaced, not guessed: a wrong guess would garble what was right."""
    encoding = json.detect_encoding(data)
    if encoding == "utf-8-sig":
        repairs.append(Repair("encoding", say("repair.byte-order")))
    elif encoding != "utf-8":
        repairs.append(Repair("encoding", say("repair.encoding", encoding=encoding.upper())))
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding not in {"utf-8", "utf-8-sig"}:
            raise SubmissionError(path, say("file.not-text")) from error
        line = data.count(b"\n", 0, error.start) + 1
        repairs.append(Repair("encoding", say("repair.not-utf8", line=line)))
        return data.decode(encoding, "replace")


def _submitted_json(text: str, path: Path, repairs: list[Repair]) -> dict[str, Any]:
    """Return the object that the JSON *text* holds."""
    twice = False

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        made = dict(pairs)
        twice = twice or len(made) < len(pairs)
        return made

    # The only number that matters is nbformat's. Every other becomes None, so that one of a million digits costs nothing.
    small: Callable[[str], int | None] = {str(number): number for number in range(100)}.get
    nothing: Callable[[str], None] = dict[str, None]().get
    notebook = _json(text, path, SubmissionError, object_pairs_hook=object_of, parse_int=small, parse_float=nothing, parse_constant=nothing)
    if not isinstance(notebook, dict):
        raise SubmissionError(path, say("file.not-notebook"))
    if twice:
        repairs.append(Repair("format", say("repair.key-twice")))
    return notebook


_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS = re.compile(r"[^][{}]+")
_NESTING = {"[": 1, "{": 1, "]": -1, "}": -1}


def _json(text: str, path: Path, error: _FileError, **hooks: Any) -> Any:
    """Return what the JSON *text* holds; raise *error* if it is not JSON, or too big or deep for a notebook.

    How deep Python's own parser gets before its RecursionError, or before the C stack ends, depends on who calls it and on
    `sys.setrecursionlimit`. So nesting is measured first.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH:
        outside = _STRING.sub("", text)
        if outside.count("[") + outside.count("{") > MAX_CONTAINERS:
            raise _refusal(error, path, "file.containers", MAX_CONTAINERS)
        if max(accumulate(map(_NESTING.__getitem__, _NOT_BRACKETS.sub("", outside)))) > MAX_DEPTH:
            raise _refusal(error, path, "file.deep", levels=MAX_DEPTH)
    try:
        return json.loads(text, **hooks)
    except json.JSONDecodeError as problem:
        if path.suffix not in {"", ".ipynb"}:
            raise _refusal(error, path, "file.other-kind", suffix=printable(path.suffix)) from problem
        raise _refusal(error, path, "file.not-json", line=problem.lineno, reason=problem.msg) from problem
    except ValueError as problem:
        raise _refusal(error, path, "file.odd-json", reason=problem) from problem


def _raw_cells(notebook: Mapping[str, Any], path: Path, repairs: list[Repair]) -> list[Any]:
    """Return the cells of *notebook*, whatever version of nbformat it is of."""
    version = notebook.get("nbformat")
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        worksheets = notebook.get("worksheets")
        if not isinstance(worksheets, list):
            raise SubmissionError(path, say("file.no-cells"))
        pages = [_dict(worksheet).get("cells") for worksheet in worksheets]
        cells = [cell for page in pages if isinstance(page, list) for cell in page]
        repairs.append(Repair("format", say("repair.nbformat3")))
    elif version != 4 or version is True:  # noqa: PLR2004 - the format's number
        repairs.append(Repair("format", say("repair.nbformat", version=_quoted(version))))
    if len(cells) > MAX_CELLS:
        raise SubmissionError(path, say("file.many-cells", len(cells), most=written(f"{MAX_CELLS:,}")))
    if cells and not any(isinstance(cell, dict) for cell in cells):
        raise SubmissionError(path, say("file.odd-cells"))
    return cells


_CELL_TYPES: dict[str, Kind] = {"code": "code", "markdown": "markdown", "heading": "markdown", "html": "markdown"}


def _found_cells(raw_cells: Sequence[object], repairs: list[Repair]) -> tuple[FoundCell, ...]:
    """Return the cells that *raw_cells* hold: text for source, text or nothing for what they claim."""
    cells: list[FoundCell] = []
    broken: list[int] = []
    replaced: list[int] = []
    for index, raw in enumerate(raw_cells):
        cell = _dict(raw)
        metadata = _dict(cell.get("metadata"))
        source = cell.get("source", cell.get("input"))  # `input` is nbformat 3's name for the source of a code cell
        lines = source if isinstance(source, list) else [source]
        text = "".join([line for line in lines if isinstance(line, str)])
        if not all(isinstance(line, str) for line in lines):
            broken.append(index)
        if _UNWRITABLE.search(text):
            replaced.append(index)
        kind = cell.get("cell_type")
        cells.append(
            FoundCell(
                index=index,
                kind=_CELL_TYPES.get(kind, "raw") if isinstance(kind, str) else "raw",
                source=_UNWRITABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n")),
                id=_text(cell.get("id", metadata.get("id"))),  # Colab keeps it in the metadata
                exercise=_text(_dict(metadata.get("hornbook")).get("exercise")),
                grade_id=_text(_dict(metadata.get("nbgrader")).get("grade_id")),
                injected=(isinstance(tags := metadata.get("tags"), list) and INJECTED in tags) or cell.get("id") == INJECTED,
            )
        )
    if broken:
        repairs.append(Repair("format", say("repair.no-text", len(broken), first=broken[0] + 1)))
    if replaced:
        repairs.append(Repair("encoding", say("repair.odd-characters", len(replaced), first=replaced[0] + 1)))
    return tuple(cells)


# NUL ends a C string, and a lone surrogate, which JSON can write, has no UTF-8.
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")


def _dict(value: object) -> dict[str, Any]:
    """Return *value* if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    """Return *value* if it is a text with something in it."""
    return value if isinstance(value, str) and value else None


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    """Return *value* if it is a text that *pattern* matches in full."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


# --- Reference solutions ---------------------------------------------------------------------------------------------

_MARKER = re.compile(r"# ?%%(.*)")


def read_solution(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the sources in the solution file at *path* by exercise: what follows `# %% <exercise>`, once for each of its cells.

    Before the first marker there may be a docstring and comments. Raises `GraderError` with the line.
    """
    try:
        text = _read(path, MAX_BYTES, GraderError).decode("utf-8-sig")
        preamble = ast.parse(text).body
    except UnicodeDecodeError as error:
        raise GraderError(path, "is not UTF-8 text. Save it as UTF-8.") from error
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise GraderError(path, f"line {line}: is not Python ({getattr(error, 'msg', error)}). Correct it.") from error
    lines = text.splitlines()
    marks = [(number, _MARKER.fullmatch(line)) for number, line in enumerate(lines, 1)]
    sections = [(number, mark[1].strip()) for number, mark in marks if mark]
    first = sections[0][0] if sections else len(lines) + 1
    for statement in preamble:
        if statement.lineno < first and not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            raise GraderError(path, f"line {statement.lineno}: code must stand behind a marker such as `# %% mean`, the exercise's id.")
    if not sections:
        raise GraderError(path, "has no solution. Begin each with a line such as `# %% mean`, the exercise's id.")
    sources: dict[str, tuple[str, ...]] = {}
    for (number, exercise), (end, _) in zip(sections, [*sections[1:], (len(lines) + 1, "")], strict=True):
        if not EXERCISE_ID.fullmatch(exercise):
            raise GraderError(path, f"line {number}: {_quoted(exercise)} is not the id of an exercise. Write `# %% mean`, say.")
        source = "\n".join(lines[number : end - 1]).strip("\n")
        if _blank(source):
            raise GraderError(path, f'line {number}: the solution of "{exercise}" is empty. Write it below the marker.')
        sources[exercise] = (*sources.get(exercise, ()), source)
    return sources


# --- Sentences -------------------------------------------------------------------------------------------------------


def _by_position(lesson: Lesson, sources: Mapping[str, tuple[str, ...]]) -> dict[int, str]:
    """Return the *sources* of the exercises of *lesson* by the positions of their cells."""
    return {
        position: source
        for exercise in lesson.exercises.values()
        for position, source in zip(exercise.cells, sources[exercise.id], strict=True)
    }


def _quoted(value: object) -> str:
    """Return *value*, whoever wrote it, as it may stand in a sentence: printable and short."""
    whole = value if isinstance(value, str) else json.dumps(value)
    text = printable(whole if len(whole) <= 60 else f"{whole[:57]}...")  # noqa: PLR2004 - a length that is easy to read
    return f'"{text}"' if isinstance(value, str) else text
