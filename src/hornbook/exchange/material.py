"""What courses of others are read into: a notebook's cells, each with what it is for, and what there is to tell of them.

load(path, name, grader) -> cells, metadata        a notebook's file, of which nothing is known yet but that it is Python's
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from hornbook.errors import HornbookError, printable
from hornbook.heavy import imported
from hornbook.lesson import MAX_BYTES

Role = Literal["text", "given", "answer", "tests", "helpers", "manual", "task"]
"""What a cell is for: to be read, given code, an answer that tests look at, tests, what tests share, an answer or a task for a person."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that whoever imports should know: the file, the cell in it (from 1; 0 for all of it), and what.

    `kind` says which sort of thing: something was put right on the way, is decided by the learner's kernel, can never fail, or was
    left out.
    """

    kind: Literal["upgraded", "repaired", "changed", "claimed", "vacuous", "for a person", "left out"]
    file: str
    cell: int
    what: str

    def __str__(self) -> str:
        """Return the note as it is told."""
        return f"{self.file}{f', cell {self.cell}' if self.cell else ''}: {self.what}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a notebook, or what it stands for. `shown` is its source as learners get it, `source` all of it, without its markers.

    `hidden` says that a part of the tests is not shown, `to_fill` that nbgrader writes them only when it makes a release, `scheme` is
    what a mark scheme says to whoever grades by hand.

    `number` is its place in order, `place` that of the cell in the file which it came from, where that is another. Answers of one
    `grade_id` are one exercise. A test that is not `kept` stands in no cell of the lesson; `after` is the number of the answer that it
    is asked after, where its names do not say; `title` is what learners read of it, `passed` and `failed` are its author's messages;
    `in_kernel` is what is run in its stead in a learner's kernel, and `parameters` are the values that it is asked with. A given cell
    with `tag` has that tag; one that is `more` of a manual answer has its points in the first cell of that.
    """

    number: int
    role: Role
    kind: Literal["code", "markdown", "raw"]
    shown: str
    source: str
    grade_id: str = ""
    points: float = 0.0
    hidden: bool = False
    to_fill: bool = False
    scheme: str = ""
    solved: bool = False
    id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, Any] = field(default_factory=dict)
    place: int = 0
    kept: bool = True
    after: int = 0
    title: str = ""
    passed: str = ""
    failed: str = ""
    in_kernel: str = ""
    parameters: Mapping[str, int] = field(default_factory=dict)
    tag: str = ""
    more: bool = False

    @property
    def cell(self) -> int:
        """The number of the cell in the file."""
        return self.place or self.number


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook, read, and whose it is: the grader that it was made for.

    `suite` are tests that stand in none of its cells, as whoever read them has them.
    """

    path: Path
    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any]
    notes: tuple[Note, ...]
    grader: str = "nbgrader"
    suite: object = None

    def place(self, number: int) -> int:
        """Return the number in the file of the cell *number*."""
        return next((cell.cell for cell in self.cells if cell.number == number), number)


def load(path: Path, name: str, grader: str) -> tuple[Sequence[Mapping[str, Any]], dict[str, Any]]:
    """Return the cells and the metadata of the notebook at *path*, called *name*, that was made for *grader*.

    Raises HornbookError where it is no notebook, or none of Python's.
    """
    nbformat = imported("nbformat")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HornbookError(f"{name}: cannot be read ({error.strerror}).") from error
    if len(data) > MAX_BYTES:
        raise HornbookError(f"{name}: is larger than {MAX_BYTES >> 20} MiB. Clear its outputs and save it again.")
    try:
        notebook: Any = nbformat.reads(data.decode("utf-8-sig"), as_version=4)
        raw_cells = list(notebook["cells"])
    except Exception as error:
        # nbformat raises whatever json, jsonschema and its own conversions raise.
        first = printable(str(error).strip().split("\n")[0][:200])
        raise HornbookError(f"{name}: is no notebook ({first}). Open it in Jupyter and save it again.") from error
    metadata = dict(notebook.get("metadata") or {})
    language = _language(metadata)
    if language != "python":
        raise HornbookError(f"{name}: is written for {printable(language)}; only Python can be asked from here. It stays with {grader}.")
    kaggles = next((number for number, raw in enumerate(raw_cells, 1) if _LEARNTOOLS.search(_code(raw))), None)
    if kaggles is not None:
        raise HornbookError(
            f"{name}: is checked by Kaggle's learntools (cell {kaggles}), whose questions and answers are in that package and not in the "
            "notebook, so there is nothing to bring over. Write its tests in a pytest file, take the cells of learntools out, and import "
            "both with `hornbook import pytest`."
        )
    return raw_cells, metadata


_LEARNTOOLS: Final = re.compile(r"^\s*(?:from\s+learntools\b|import\s+learntools\b)|\bbinder\.bind\(globals\(\)\)", re.MULTILINE)
"""How a notebook begins whose `q1.check()` is Kaggle's."""


def _code(raw: Mapping[str, Any]) -> str:
    return str(raw.get("source", "")) if raw.get("cell_type") == "code" else ""


def _language(metadata: Mapping[str, Any]) -> str:
    for key, word in (("kernelspec", "language"), ("language_info", "name")):
        said = metadata.get(key)
        if isinstance(said, dict) and isinstance(said.get(word), str):
            return str(said[word]).lower()
    return "python"
