"""A learner's notebook while its kernel runs: the submission that its cells come to, and the desk at which it is checked.

desk = Desk.at(*find_lesson(notebook, ran))
desk.check(shell, LiveSubmission.of(desk.lesson, file, ran), "mean")       a Verdict of the visible checks
"""

from __future__ import annotations

import contextlib
import hashlib
import select
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hornbook.course import Course, installed_courses
from hornbook.errors import CourseError, HornbookError, SubmissionError
from hornbook.grading.examiner import Examiner, Seat
from hornbook.grading.live import Shown
from hornbook.lesson import FoundCell, Lesson, Submission, SubmissionFile, bound_names
from hornbook.sandbox.live import Ran, state_of
from hornbook.words import say

if TYPE_CHECKING:
    from hornbook.model import Verdict


BLINK = 0.3
"""How long an answer may take, in seconds, before somebody is told that it is being looked for."""


@dataclass(frozen=True, slots=True)
class LiveSubmission:
    """What stands in a running kernel: a submission, and for each of its exercises that was run the cells that were."""

    submission: Submission
    ran: Mapping[str, tuple[Ran, ...]]

    @classmethod
    def of(cls, lesson: Lesson, file: SubmissionFile | None, ran: Iterable[Ran]) -> LiveSubmission:
        """Return what *ran*, the cells that were run, in order, come to as answers to *lesson*.

        Where it is known, *file*, the notebook as it lies on the disk, tells in what order cells stand and which exercise they are;
        what they say is what was run.
        """
        base = file or _as_shipped(lesson)
        cells = list(base.cells)
        which: dict[int, Ran] = {}
        for cell in ran:
            place = _place(cell, cells, lesson)
            if place is None:
                place = len(cells)
                cells.append(FoundCell(place, "code", cell.source, cell.id))
            cells[place] = replace(cells[place], source=cell.source)
            which[place] = cell
        digest = hashlib.sha256("\0".join(cell.source for cell in cells).encode("utf-8", "surrogatepass")).hexdigest()
        read = replace(base, cells=tuple(cells), digest=digest).submission(lesson)
        found = {exercise: tuple(which[place] for place in places if place in which) for exercise, places in read.cells.items()}
        # It is the file that would be put right, and what is in the session may never have been in it.
        return cls(replace(read, repairs=()), {exercise: ran for exercise, ran in found.items() if ran})

    def shown(self) -> dict[str, Shown]:
        """Return, for each exercise that was run, what its cells have shown."""
        shown = {}
        for exercise, cells in self.ran.items():
            failed = next((cell for cell in cells if cell.error is not None), None)
            error, lines = (None, ()) if failed is None else (failed.error, failed.lines)
            shown[exercise] = Shown("".join(cell.output for cell in cells), error, lines)
        return shown

    def figures(self) -> dict[str, list[Any]]:
        """Return, for each exercise that was run, the figures that its cells have drawn."""
        return {exercise: [figure for cell in cells for figure in cell.figures] for exercise, cells in self.ran.items()}

    def exercises_of(self, cell: Ran) -> list[str]:
        """Return the exercises to which *cell* belongs."""
        return [exercise for exercise, cells in self.ran.items() if any(one is cell for one in cells)]


def _as_shipped(lesson: Lesson) -> SubmissionFile:
    """Return the file that a learner got, for where nobody knows which file it is: without its exercises, which were not run yet."""
    kept = [cell for cell in lesson.cells if cell.exercise is None]
    cells = tuple(FoundCell(index, cell.kind, cell.source, cell.id) for index, cell in enumerate(kept))
    return SubmissionFile(Path(f"{lesson.slug}.ipynb"), "", cells, lesson.slug, lesson.version)


def _place(ran: Ran, cells: Sequence[FoundCell], lesson: Lesson) -> int | None:
    """Return where among *cells* the cell stands that was run: by its id, by what it says, by what it defines for an exercise."""
    if ran.id is not None:
        by_id = next((cell.index for cell in cells if cell.id == ran.id), None)
        if by_id is not None:
            return by_id
    code = [cell for cell in cells if cell.kind == "code" and (cell.id is None or ran.id is None)]
    same = next((cell.index for cell in code if cell.source.strip() == ran.source.strip()), None)
    if same is not None:
        return same
    names = bound_names(ran.source)
    shipped = {exercise.id: set().union(*map(bound_names, exercise.sources)) for exercise in lesson.exercises.values()}
    return next((cell.index for cell in code if cell.exercise in shipped and names & shipped[cell.exercise]), None)


def find_lesson(file: SubmissionFile | None, start: Path, course: str = "", lesson: str = "") -> tuple[Course, Lesson]:
    """Return the lesson that a notebook belongs to, with its course.

    They are the named ones, if *course* (a folder) or *lesson* (a slug) is given; else the course that *file*, or the folder *start*,
    lies in, or an installed one, and the lesson that *file* tells. Raises HornbookError, with the way out, where that is none.
    """
    courses = [Course.open(Path(course).expanduser())] if course else list(_courses([*([] if file is None else [file.path]), start]))
    if not courses:
        raise CourseError(start, say("live.no-course"))
    problem: HornbookError = CourseError(start, say("live.which-lesson"))
    for one in courses:
        try:
            if lesson:
                return one, one.lesson(lesson)
            if file is not None:
                return one, file.match(one.lessons)
        except SubmissionError as error:
            problem = SubmissionError(error.path, say("live.whose-lesson"))
        except HornbookError as error:
            problem = error
    raise problem


def _courses(starts: Iterable[Path]) -> Iterator[Course]:
    """Yield the courses that *starts* lie in, then those that are installed, as far as they can be opened."""
    for start in starts:
        with contextlib.suppress(CourseError):
            yield Course.find(start)
    for folder in installed_courses().values():
        with contextlib.suppress(CourseError):
            yield Course.open(folder)


class Desk:
    """Where one notebook is checked: its lesson, and a seat before that lesson's grader, in a process of its own."""

    def __init__(self, course: Course, lesson: Lesson) -> None:
        self.course = course
        self.lesson = lesson
        self._examiner = Examiner(course, live=True)
        self._seat: Seat | None = None

    @classmethod
    def at(cls, course: Course, lesson: Lesson) -> Desk:
        """Return the desk for *lesson*, whose grader is collected while the learner still reads."""
        desk = cls(course, lesson)
        desk.seat()
        return desk

    def seat(self) -> Seat:
        """Return the seat, a new one where the last has been left."""
        if self._seat is None:
            self._seat = self._examiner.seat(self.lesson.slug)
        return self._seat

    def check(self, shell: Any, work: LiveSubmission, exercise: str | None, language: str | None = None) -> Iterator[Verdict | None]:
        """Ask the visible checks of *exercise*, or of all, about a fork of this very kernel; yield the verdict once it is there.

        Its sentences are in *language*, the course's by default. Before it, None is yielded if it takes longer than a blink. Raises
        HornbookError if there is no verdict to be had.
        """
        seat = self.seat()
        try:
            with state_of(shell, work.figures(), self.course.settings.limits) as state:
                seat.send(work.submission, exercise=exercise, language=language, live=(state, work.shown()))
                if not select.select([seat], [], [], BLINK)[0]:
                    yield None
                yield seat.receive()
        except BaseException:
            # What comes after this would be the answer to a question that nobody remembers.
            self.leave()
            raise

    def leave(self) -> None:
        """Give the seat up: whatever is still being asked there is ended."""
        if self._seat is not None:
            self._seat.close()
            self._seat = None

    def close(self) -> None:
        """End the process."""
        self.leave()
        self._examiner.close()

    def drop(self) -> None:
        """Let go of what belongs to another process: this one is a fork of the one that has the desk."""
        self._examiner.drop()
        self.leave()
