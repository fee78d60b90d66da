"""Hands verdicts back to nbgrader: points into its gradebook, and beside them the notebook that formgrader shows.

    hand_back(course, where) -> (path, verdict) -> None        what `hornbook grade --gradebook` does with each notebook

A submission lies in `submitted/<student>/<assignment>/`. Its copy in `autograded/` has the lesson's own cells and the learner's answers;
outputs, which are the learner's to make, are not taken over: formgrader shows notebooks with everything that is in them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hornbook.errors import HornbookError, printable
from hornbook.lesson import SubmissionFile
from hornbook.record.gradebook import entries, place_of, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from hornbook.course import Course
    from hornbook.lesson import Lesson
    from hornbook.model import Verdict


def hand_back(course: Course, where: str) -> Callable[[Path, Verdict], None]:
    """Return what writes a verdict on the notebook at a path into the gradebook behind the URL, or in the file, *where*."""

    def handed(path: Path, verdict: Verdict) -> None:
        lesson = course.lesson(verdict.lesson.slug)
        place = place_of(path)
        write(where, place, entries(lesson, verdict))
        parts = path.absolute().parts
        if parts[-4] == "submitted":
            _write(Path(*parts[:-4], "autograded", *parts[-3:]), autograded(lesson, path))

    return handed


def autograded(lesson: Lesson, path: Path) -> dict[str, Any]:
    """Return the notebook that formgrader shows of the submission at *path*: the lesson's cells with the learner's answers, no outputs."""
    file = SubmissionFile.open(path)
    notebook = lesson.to_notebook(file.submission(lesson).sources)
    words = {cell.grade_id: cell.source for cell in file.cells if cell.grade_id and cell.kind == "markdown"}
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if cell["cell_type"] == "markdown" and grade_id in lesson.manual and grade_id in words:
            cell["source"] = words[grade_id]
    return notebook


def _write(path: Path, notebook: dict[str, Any]) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", "utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be written ({error.strerror}). The points are in the gradebook.") from error
