"""Writes into nbgrader's gradebook: the points of a verdict, cell by cell, where formgrader shows them.

    entries(lesson, verdict) -> tuple[Entry, ...]          what each graded cell earned, None where a person has to say
    write(where, place, entries)                           one submission's points, into a file or behind a database URL

nbgrader's own `Gradebook` does the writing, so its schema, its foreign keys and its migrations are its own. A score that a person gave is
never touched. Source: https://nbgrader.readthedocs.io/en/stable/api/gradebook.html
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hornbook.errors import HornbookError, printable
from hornbook.heavy import imported
from hornbook.lesson import check_name
from hornbook.model import Status

if TYPE_CHECKING:
    from hornbook.lesson import Lesson
    from hornbook.model import Verdict

COURSE: Final = "default_course"
"""What nbgrader calls a course that has no name."""

FOLDERS: Final = frozenset({"submitted", "autograded"})
"""Where nbgrader keeps what was handed in: below one of these, in a folder for each student and in it one for each assignment."""

NOT_COUNTED: Final = frozenset({Status.BROKEN, Status.SKIPPED})
TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Place:
    """Whose submission it is, in nbgrader's words: `submitted/<student>/<assignment>/<notebook>.ipynb`, handed in at `timestamp`."""

    student: str
    assignment: str
    notebook: str
    timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What one graded cell is worth, and what it earned: None where a person has to say."""

    cell: str
    points: float
    earned: float | None
    kind: str = "code"
    task: bool = False


def place_of(path: Path) -> Place:
    """Return whose submission the file at *path* is; raise HornbookError if it does not lie where nbgrader keeps them."""
    parts = path.absolute().parts
    if len(parts) < 4 or parts[-4] not in FOLDERS:  # noqa: PLR2004 - submitted, student, assignment, notebook
        raise HornbookError(f"{printable(path)}: does not lie in submitted/<student>/<assignment>/, so nobody knows whose it is.")
    said = path.parent / "timestamp.txt"
    try:
        timestamp = said.read_text("utf-8")[:64].strip() if said.is_file() and not said.is_symlink() else ""
    except (OSError, UnicodeDecodeError):
        timestamp = ""
    return Place(parts[-3], parts[-2], path.stem, timestamp or None)


def entries(lesson: Lesson, verdict: Verdict) -> tuple[Entry, ...]:
    """Return what each of nbgrader's graded cells earned by *verdict*.

    A test cell of the lesson's is found by the name of its check. A check without such a cell is an entry of its own, as `hornbook export
    nbgrader` makes one of it. What is broken or was skipped is a person's to look at, and so is what the lesson says is graded by hand.
    """
    named = {check_name(grade_id): (grade_id, points) for grade_id, points in lesson.test_cells.items()}
    found = []
    for outcome in verdict.outcomes:
        cell, points = named.get(outcome.check, (outcome.check, outcome.points))
        if not points and cell == outcome.check:
            continue
        found.append(Entry(cell, points, None if outcome.status in NOT_COUNTED else outcome.earned))
    tasks = {cell.metadata["nbgrader"]["grade_id"] for cell in lesson.cells if _is_task(cell.metadata)}
    blank = {one.exercise for one in verdict.outcomes if one.status is Status.NOT_ATTEMPTED}
    for answer in verdict.manual:
        kind = "code" if answer.exercise in lesson.exercises else "markdown"
        untouched = 0.0 if answer.exercise in blank else None
        found.append(Entry(answer.exercise, answer.points, untouched, kind, answer.exercise in tasks))
    return tuple(found)


def _is_task(metadata: Any) -> bool:
    said = metadata.get("nbgrader")
    return isinstance(said, dict) and said.get("task") is True and isinstance(said.get("grade_id"), str)


def write(where: str, place: Place, found: Sequence[Entry]) -> float:
    """Write *found*, what the submission at *place* earned, into the gradebook behind the URL *where*; return its automatic score there.

    Assignment, notebook, cells and student are made where nbgrader has not made them before. Raises HornbookError where the gradebook
    cannot be opened or written, and where it says other points for a cell than we do.
    """
    with _gradebook(where) as book:
        book.update_or_create_student(place.student)
        _make(book, place, found)
        more = {} if place.timestamp is None else {"timestamp": place.timestamp}
        book.update_or_create_submission(place.assignment, place.student, **more)
        names = _names(book, place)
        for entry in found:
            grade = _grade(book, place, names[check_name(entry.cell)])
            grade.auto_score = entry.earned
            # What a person gave stays; where there is no score yet, or a new one beside theirs, they should look.
            grade.needs_manual_grade = entry.earned is None or grade.manual_score is not None
        book.db.commit()
        return float(book.find_submission_notebook(place.notebook, place.assignment, place.student).score)


def _make(book: Any, place: Place, found: Sequence[Entry]) -> None:
    """Make what the gradebook lacks of the assignment; raise HornbookError where it has a cell with other points."""
    from nbgrader.api import MissingEntry  # noqa: PLC0415 - heavy

    book.update_or_create_assignment(place.assignment)
    try:
        notebook = book.find_notebook(place.notebook, place.assignment)
    except MissingEntry:
        notebook = book.update_or_create_notebook(place.notebook, place.assignment)
    theirs = {check_name(cell.name): cell for cell in (*notebook.grade_cells, *notebook.task_cells)}
    for entry in found:
        cell = theirs.get(check_name(entry.cell))
        if cell is None and entry.task:
            book.update_or_create_task_cell(entry.cell, place.notebook, place.assignment, max_score=entry.points, cell_type=entry.kind)
        elif cell is None:
            book.update_or_create_grade_cell(entry.cell, place.notebook, place.assignment, max_score=entry.points, cell_type=entry.kind)
        elif abs(cell.max_score - entry.points) > TOLERANCE:
            raise HornbookError(
                f"{printable(place.assignment)}/{printable(place.notebook)}: the gradebook has {cell.max_score:g} points for "
                f"{printable(cell.name)}, the grader {entry.points:g}. Make them the same, or take another gradebook."
            )


def _names(book: Any, place: Place) -> dict[str, str]:
    notebook = book.find_notebook(place.notebook, place.assignment)
    return {check_name(cell.name): cell.name for cell in (*notebook.grade_cells, *notebook.task_cells)}


def _grade(book: Any, place: Place, name: str) -> Any:
    """Return the row for the grade of the cell *name*; one of a cell that is younger than the submission is made."""
    from nbgrader.api import Grade, MissingEntry, SubmittedNotebook  # noqa: PLC0415 - heavy

    try:
        return book.find_grade(name, place.notebook, place.assignment, place.student)
    except MissingEntry:
        cell = book.find_graded_cell(name, place.notebook, place.assignment)
        try:
            submitted = book.find_submission_notebook(place.notebook, place.assignment, place.student)
        except MissingEntry:
            notebook = book.find_notebook(place.notebook, place.assignment)
            submitted = SubmittedNotebook(notebook=notebook, assignment=book.find_submission(place.assignment, place.student))
            book.db.add(submitted)
        grade = Grade(cell_id=cell.id, notebook=submitted)
        book.db.add(grade)
        book.db.commit()
        return grade


@contextlib.contextmanager
def _gradebook(where: str) -> Iterator[Any]:
    """Give nbgrader's gradebook behind the URL *where*, or in that file."""
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError  # noqa: PLC0415

    api = imported("nbgrader.api")
    url = where if "://" in where else f"sqlite:///{Path(where).absolute()}"
    name = printable(url.rpartition("@")[2])
    with _alembic_found(), warnings.catch_warnings():
        # nbgrader's models warn of relationships that overlap, each time that they are loaded.
        warnings.simplefilter("ignore")
        try:
            book = api.Gradebook(url, _course(url))
        except (ArgumentError, NoSuchModuleError, ImportError, SQLAlchemyError) as error:
            raise HornbookError(f"{name}: is no gradebook that can be opened: {_first_line(error)}.") from error
        except FileNotFoundError as error:
            raise HornbookError(
                f"{name}: nbgrader makes a new gradebook with the program `alembic`; install it beside this Python."
            ) from error
        try:
            yield book
        except (SQLAlchemyError, api.InvalidEntry) as error:
            book.db.rollback()
            raise HornbookError(f"{name}: cannot be written: {_first_line(error)}. Nothing of this submission was.") from error
        finally:
            book.close()
            book.engine.dispose()


def _course(url: str) -> str:
    """Return the id of the one course in the gradebook; nbgrader's own for a new one, and where there are several."""
    from sqlalchemy import create_engine, inspect, text  # noqa: PLC0415 - heavy

    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            known = inspect(connection).has_table("course")
            courses = [str(row[0]) for row in connection.execute(text("SELECT id FROM course"))] if known else []
    finally:
        engine.dispose()
    return courses[0] if len(courses) == 1 else COURSE


@contextlib.contextmanager
def _alembic_found() -> Iterator[None]:
    """Have the programs of this Python's environment found: nbgrader starts `alembic` by its bare name."""
    before = os.environ.get("PATH")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), *([before] if before else [])])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PATH"]
        else:
            os.environ["PATH"] = before


def _first_line(error: Exception) -> str:
    return printable((str(error).strip().split("\n") or [""])[0][:200]).rstrip(".")
