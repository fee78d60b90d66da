"""What the server does for one user: finds lessons, makes their copies, has them checked and graded, and remembers what came of it.

Nothing here speaks HTTP. A `Refused` is what a client did, in one sentence and with a code for programs; every other error is ours, an
author's or the machine's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from hornbook.card import Card, Progress
from hornbook.course import Course
from hornbook.errors import CourseError, HornbookError, SubmissionError, printable
from hornbook.lesson import Lesson, Submission, SubmissionFile
from hornbook.model import Verdict
from hornbook.record.store import Record, Standing, default_path
from hornbook.server.desks import Desks, conversation
from hornbook.server.jobs import Job, Jobs
from hornbook.server.lessons import Shelf, following, lesson_info, related
from hornbook.words import say, speaking

MOST_CELLS = 2_000
MOST_SOURCE = 1 << 20
"""How many characters all cells of a notebook may have together."""


class Refused(HornbookError):  # noqa: N818 - an answer, not an accident
    """The client asked for what cannot be: a *status* of HTTP, a *code* for programs, and a sentence."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code


class SentCell(msgspec.Struct, frozen=True):
    """A cell as it stands in a learner's browser."""

    id: str
    kind: str
    source: str
    exercise: str | None = None


class SentNotebook(msgspec.Struct, frozen=True):
    """Body of `POST notebooks` and `POST checks`: where a notebook is saved, and its cells as they stand now."""

    path: str
    cells: list[SentCell]
    exercise: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A notebook that belongs to a lesson."""

    path: Path
    course: Course
    lesson: Lesson


@dataclass(eq=False)
class Service:
    """Everything below one server's *root*."""

    root: Path
    record_path: Path = field(default_factory=default_path)
    jobs: Jobs = field(default_factory=Jobs)
    desks: Desks = field(default_factory=Desks)
    _record: Record | None = None
    _places: dict[str, tuple[object, Place]] = field(default_factory=dict)

    @property
    def shelf(self) -> Shelf:
        """The courses that can be seen from the root."""
        return Shelf(self.root)

    @property
    def record(self) -> Record:
        """The learner's own record."""
        if self._record is None:
            self._record = Record.open(self.record_path)
        return self._record

    # --- lessons ---

    def lessons(self, user: str) -> dict[str, Any]:
        """Return every lesson of every course, with how far *user* is."""
        courses, lessons = [], []
        for course in self.shelf.courses():
            standings = self.record.standings(user, course.name)
            editable = self.shelf.editable(course)
            problems = [str(problem) for problem in course.problems()] if editable else []
            courses.append({"name": course.name, "title": course.settings.title, "problems": problems})
            lessons += [lesson_info(self.shelf, course, one, standings.get(one.slug, Standing())) for one in course.lessons]
        return {"courses": courses, "lessons": lessons}

    def info(self, user: str, course: Course, lesson: Lesson) -> dict[str, Any]:
        """Return what the list shows of one lesson."""
        return lesson_info(self.shelf, course, lesson, self.record.standing(user, course.name, lesson.slug))

    def lesson(self, course: str, slug: str) -> tuple[Course, Lesson]:
        """Return a lesson by its names."""
        found = self.shelf.course(course)
        if found is None:
            raise Refused(404, "no-course", f'There is no course "{printable(course)}" here.')
        if slug not in found.slugs:
            raise Refused(404, "no-lesson", f'The course "{found.name}" has no lesson "{printable(slug)}".')
        return found, found.lesson(slug)

    def related(self, user: str, course: Course, lesson: Lesson) -> list[dict[str, str]]:
        """Return what fits after *lesson*."""
        standings = self.record.standings(user, course.name)
        return [{"course": course.name, **one} for one in related(lesson, course.lessons, standings)]

    def start(self, user: str, course: Course, lesson: Lesson) -> dict[str, Any]:
        """Make the learner's copy of *lesson*, if there is none, and return what the list shows."""
        copy = self.shelf.copy_of(course, lesson.slug)
        if not copy.exists():
            if self.shelf.inside(copy) is None:
                raise Refused(403, "outside", f"{printable(copy.name)}: its folder is a link that leads out of this server's folder.")
            try:
                copy.parent.mkdir(parents=True, exist_ok=True)
                _write_new(copy, lesson.path.read_bytes())
            except OSError as error:
                raise Refused(507, "no-room", f"{printable(copy.name)}: it cannot be written: {error.strerror}.") from error
        return self.info(user, course, lesson)

    # --- notebooks ---

    def confined(self, path: str) -> Path:
        """Return the file that Jupyter's *path* names; refuse what leads out of the root."""
        real, root = Path(os.path.realpath(self.root / path.lstrip("/"))), Path(os.path.realpath(self.root))
        if "\0" in path or not real.is_relative_to(root):
            raise Refused(403, "outside", f"{printable(path)}: this lies outside of this server's folder.")
        return real

    def place(self, path: str) -> Place:
        """Return the lesson that the saved notebook at *path* belongs to."""
        file = self.confined(path)
        try:
            status = file.stat()
        except (OSError, ValueError) as error:
            raise Refused(404, "no-notebook", f"{printable(path)}: there is no such notebook. Save it first.") from error
        state = (status.st_mtime_ns, status.st_size)
        known = self._places.get(path)
        if known is not None and known[0] == state:
            place = known[1]
            with contextlib.suppress(CourseError):
                return Place(file, place.course, Course.open(place.course.root).lesson(place.lesson.slug))
        try:
            submitted = SubmissionFile.open(file)
        except SubmissionError as error:
            raise Refused(422, "unreadable", str(error)) from error
        for course in self._courses_for(file):
            with contextlib.suppress(SubmissionError):
                place = Place(file, course, submitted.match(course.lessons))
                self._places[path] = state, place
                return place
        raise Refused(404, "no-lesson", f"{printable(path)}: this notebook belongs to no lesson of the courses here.")

    def _courses_for(self, file: Path) -> Sequence[Course]:
        """Return the courses that a notebook may belong to: the one it lies in comes first, or the one whose folder of copies it is in."""
        courses = list(self.shelf.courses())
        with contextlib.suppress(CourseError):
            courses.insert(0, Course.find(file))
        return sorted(courses, key=lambda course: not file.is_relative_to(self.shelf.copy_of(course, "-").parent))

    def notebook(self, user: str, sent: SentNotebook) -> dict[str, Any]:
        """Return which lesson a notebook is, which of its cells are taken for which exercise, and the lesson's own cells."""
        place = self.place(sent.path)
        file = _submitted(sent, place)
        found = file.submission(place.lesson)
        ids = {cell.index: cell.id for cell in file.cells}
        return {
            "lesson": self.info(user, place.course, place.lesson),
            "role": "original" if place.path == Path(os.path.realpath(place.lesson.path)) else "work",
            "cells": [
                {"id": cell.id or "", "kind": cell.kind, "source": cell.source, "exercise": cell.exercise} for cell in place.lesson.cells
            ],
            "exercises": {str(ids[index]): exercise for exercise, places in found.cells.items() for index in places if ids.get(index)},
        }

    def warm(self, user: str, sent: SentNotebook) -> None:
        """Have the grader of a notebook's lesson collected while the learner still reads."""
        place = self.place(sent.path)
        desk = self.desks.desk(user, sent.path, place.course, place.lesson.slug)
        if desk.seat is None and not desk.lock.locked():
            desk.seat = desk.examiner.seat(place.lesson.slug)

    # --- what takes its time ---

    def check(self, user: str, sent: SentNotebook, language: str) -> Job:
        """Begin to check one exercise of the cells as they stand, or all: practice, without hidden checks."""
        place = self.place(sent.path)
        if sent.exercise is not None and sent.exercise not in place.lesson.exercises:
            raise Refused(404, "no-exercise", f'{place.lesson.title} has no exercise "{printable(sent.exercise)}".')
        submission = _submitted(sent, place).submission(place.lesson)
        desk = self.desks.desk(user, sent.path, place.course, place.lesson.slug)

        async def work(job: Job) -> dict[str, Any]:
            job.begin()
            verdict = await desk.ask(submission, practice=True, exercise=sent.exercise, language=language)
            await asyncio.to_thread(self.record.practise, user, place.course.name, verdict)
            return await asyncio.to_thread(self._checked, user, place, verdict, sent.exercise, language)

        return self.jobs.start(user, "check", work)

    def grade(self, user: str, path: str, language: str) -> Job:
        """Begin to grade the saved notebook: a clean run from top to bottom, with the hidden checks; what comes of it is recorded."""
        place = self.place(path)
        try:
            submission = SubmissionFile.open(place.path).submission(place.lesson)
        except SubmissionError as error:
            raise Refused(422, "unreadable", str(error)) from error

        async def work(job: Job) -> dict[str, Any]:
            job.begin()
            with speaking(language):
                label = say("lab.grading")
            job.advance(0, 0, label)
            async with self.desks.seat(place.course, place.lesson.slug) as seat:
                verdict = await conversation(seat, submission, lambda done, of: job.advance(done, of, label), language=language)
            await asyncio.to_thread(self.record.grade, user, place.course.name, verdict)
            return await asyncio.to_thread(self._checked, user, place, verdict, None, language)

        return self.jobs.start(user, "grade", work)

    def _checked(self, user: str, place: Place, verdict: Verdict, exercise: str | None, language: str) -> dict[str, Any]:
        """Return what a client is told of a verdict."""
        with speaking(language):
            standings = self.record.standings(user, place.course.name)
            info = lesson_info(self.shelf, place.course, place.lesson, standings.get(place.lesson.slug, Standing()))
            done = info["progress"]["exercises"]
            left = next((one for one in place.lesson.exercises if not done.get(one)), None)
            progress = Progress(sum(done.values()), len(place.lesson.exercises), left)
            fitting = following(place.lesson, place.course.lessons, standings) if verdict.passed else []
            return {
                "exercise": exercise,
                "card": Card.of(verdict, exercise=exercise, progress=progress, language=language).to_json(),
                "verdict": json.loads(verdict.to_json()),
                "lesson": info,
                "artifact": None,
                "next": [{"course": place.course.name, **one} for one in fitting],
            }

    async def close(self) -> None:
        """End everything that is under way."""
        await self.jobs.close()
        await asyncio.to_thread(self.desks.close)
        if self._record is not None:
            self._record.close()


def _submitted(sent: SentNotebook, place: Place) -> SubmissionFile:
    """Return the cells that were sent as the submitted file that they would be: read with the same care, and by the same code."""
    if len(sent.cells) > MOST_CELLS or sum(len(cell.source) for cell in sent.cells) > MOST_SOURCE:
        raise Refused(413, "too-large", f"{printable(sent.path)}: this notebook is too large to be checked.")
    cells: list[Mapping[str, Any]] = [
        {
            "cell_type": cell.kind if cell.kind in {"code", "markdown", "raw"} else "raw",
            "id": cell.id,
            "source": cell.source,
            "metadata": {} if cell.exercise is None else {"hornbook": {"exercise": cell.exercise}},
        }
        for cell in sent.cells
    ]
    claims = {"slug": place.lesson.slug, "version": place.lesson.version}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"hornbook": claims}, "cells": cells}
    return SubmissionFile.parse(json.dumps(notebook).encode(), place.path)


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that was not there, whole or not at all; one that somebody has just made is left alone."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()


__all__ = ["Place", "Refused", "SentCell", "SentNotebook", "Service", "Submission"]
