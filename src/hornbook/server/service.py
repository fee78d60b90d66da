"""What the server does for one user: finds lessons, makes their copies, has them checked and graded, and remembers what came of it.

Nothing here speaks HTTP. A `Refused` is what a client did, in one sentence and with a code for programs; every other error is ours, an
author's or the machine's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec

from hornbook.card import Card, Progress, shown_for
from hornbook.course import Course
from hornbook.draws import INJECTED
from hornbook.errors import CourseError, HornbookError, SubmissionError, printable
from hornbook.lesson import MAX_BYTES, Lesson, SubmissionFile
from hornbook.model import Verdict
from hornbook.publish.artifact import Artifact, artifacts, is_name, read_file
from hornbook.publish.portfolio import remove
from hornbook.publish.sealing import publish
from hornbook.record.store import Record, Standing, default_path
from hornbook.server.desks import Desks, conversation
from hornbook.server.finder import Finder
from hornbook.server.jobs import Job, Jobs
from hornbook.server.lessons import PORTFOLIO, WORK, Shelf, following, lesson_info, related
from hornbook.server.takeaway import pack
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
    injected: bool = False


class SentNotebook(msgspec.Struct, frozen=True):
    """Body of `POST notebooks` and `POST checks`: where a notebook is saved, and its cells as they stand now."""

    path: str
    cells: list[SentCell]
    exercise: str | None = None


class SeenHint(msgspec.Struct, frozen=True):
    """Body of `POST hints`: where a notebook is saved, a check on its card, and how many of that one's hints are to be seen there."""

    path: str
    check: str
    shown: int


class LessonName(msgspec.Struct, frozen=True):
    """Body of `POST doctor`: the names of a lesson."""

    course: str
    slug: str


class Example(msgspec.Struct, frozen=True):
    """Body of `POST examples`: an exercise, and one expression that a check is to be made of."""

    course: str
    slug: str
    exercise: str
    example: str


MOST_ASKED = 4_000
"""How many characters of a search are read: the last ones, where an error message says what it is."""

MOST_PLACES = 256
"""How many notebooks are remembered with the lesson that they belong to."""

MOST_SAID = 16 << 20
"""How long one line of what an author is told may be, in bytes."""

EXAMPLE_SECONDS = 120.0
"""How long making a check of an example may take in all."""


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
    finder: Finder = field(init=False)
    _record: Record | None = None
    _places: dict[str, tuple[object, Place]] = field(default_factory=dict)
    _ladders: dict[tuple[str, str, str], dict[str, tuple[str, int]]] = field(default_factory=dict)
    """Of each user, course and lesson: the check behind each row of their cards, and how many hints that one has."""
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _background: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.finder = Finder(self.shelf)

    @property
    def shelf(self) -> Shelf:
        """The courses that can be seen from the root."""
        return Shelf(self.root)

    @property
    def record(self) -> Record:
        """The learner's own record."""
        with self._opening:
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
            lessons += [lesson_info(self.shelf, course, one, standings.get(one.slug, Standing())) for one in course.in_order]
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
        """Return what fits after *lesson*: what the catalog says, or else what the course itself does."""
        standings = self.record.standings(user, course.name)
        try:
            return self.finder.related(course, lesson, _passed(standings))
        except HornbookError:
            return [{"course": course.name, **one} for one in related(lesson, course.in_order, standings)]

    def teaching(self, user: str, course: Course, lesson: Lesson, trouble: str) -> list[dict[str, str]]:
        """Return the lesson that teaches what *trouble*, an error message, is about; none where there is none, or no catalog."""
        with contextlib.suppress(HornbookError):
            return self.finder.teaching(course, lesson, _passed(self.record.standings(user, course.name)), trouble)
        return []

    def find(self, text: str, wanted: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
        """Return what fits *text* among what is *wanted*."""
        try:
            return self.finder.find(text[-MOST_ASKED:], wanted, limit)
        except HornbookError as error:
            raise Refused(422, "not-found-so", str(error)) from error

    def start(self, user: str, course: Course, lesson: Lesson) -> dict[str, Any]:
        """Make the learner's copy of *lesson* and of the texts beside it, where there is none, and return what the list shows."""
        from hornbook.grading.preparation import files_for  # noqa: PLC0415 - brings the sandbox along

        copy = self.shelf.copy_of(course, lesson.slug)
        if not copy.exists():
            self._copy(copy, lesson.path.read_bytes())
        # Its cells read them by their names. What is there already may be the learner's, so it stays.
        for name, text in files_for(lesson).items():
            if not os.path.lexists(copy.parent / name):
                self._copy(copy.parent / name, text.encode())
        return self.info(user, course, lesson)

    def _copy(self, path: Path, data: bytes) -> None:
        """Write a file into the learner's folder; refuse where that leads elsewhere or has no room."""
        if self.shelf.inside(path) is None:
            raise Refused(403, "outside", f"{printable(path.name)}: its folder is a link that leads out of this server's folder.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_new(path, data)
        except OSError as error:
            raise Refused(507, "no-room", f"{printable(path.name)}: it cannot be written: {error.strerror}.") from error

    # --- notebooks ---

    def confined(self, path: str) -> Path:
        """Return the file that Jupyter's *path* names; refuse what leads out of the root."""
        root = Path(os.path.realpath(self.root))
        # A path with a zero byte is none; asking the machine for it raises ValueError.
        real = None if "\0" in path else Path(os.path.realpath(self.root / path.lstrip("/")))
        if real is None or not real.is_relative_to(root):
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
                while len(self._places) >= MOST_PLACES:
                    self._places.pop(next(iter(self._places)), None)
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
        """Have the grader of a notebook's lesson collected while the learner still reads; nobody waits for it."""

        async def work() -> None:
            # Whoever asks for a check is told what is the matter.
            with contextlib.suppress(HornbookError):
                place = await asyncio.to_thread(self.place, sent.path)
                await (await self.desks.desk(user, sent.path, place.course, place.lesson.slug)).warm()
                await asyncio.to_thread(self.finder.warm, place.course)

        task = asyncio.ensure_future(work())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # --- what takes its time ---

    async def check(self, user: str, sent: SentNotebook, language: str) -> Job:
        """Begin to check one exercise of the cells as they stand, or all: practice, without hidden checks."""
        place = await asyncio.to_thread(self.place, sent.path)
        if sent.exercise is not None and sent.exercise not in place.lesson.exercises:
            raise Refused(404, "no-exercise", f'{place.lesson.title} has no exercise "{printable(sent.exercise)}".')
        submission = (await asyncio.to_thread(_submitted, sent, place)).submission(place.lesson)

        async def work(job: Job) -> dict[str, Any]:
            job.begin()
            desk = await self.desks.desk(user, sent.path, place.course, place.lesson.slug)
            verdict = await desk.ask(submission, practice=True, exercise=sent.exercise, language=language)
            await asyncio.to_thread(self.record.practise, user, place.course.name, verdict)
            return await asyncio.to_thread(self._checked, user, place, verdict, sent.exercise, language)

        return self.jobs.start(user, "check", work)

    async def grade(self, user: str, path: str, language: str, *, listed: bool = True) -> Job:
        """Begin to grade the saved notebook: a clean run from top to bottom, with the hidden checks; what comes of it is recorded.

        What is made of a notebook that has passed can be found from then on, if it is *listed*.
        """
        place = await asyncio.to_thread(self.place, path)
        try:
            data = await asyncio.to_thread(_content, place.path)
            submission = SubmissionFile.parse(data, place.path).submission(place.lesson)
        except SubmissionError as error:
            raise Refused(422, "unreadable", str(error)) from error

        async def work(job: Job) -> dict[str, Any]:
            job.begin()
            with speaking(language):
                label = say("lab.grading")
            job.advance(0, 0, label)
            async with self.desks.seat(place.course, place.lesson.slug) as seat:
                verdict = await conversation(
                    seat,
                    submission,
                    lambda done, of: job.advance(done, of, label),
                    language=language,
                    # Nobody here has the course's seed. What comes of it is self-checked, and says that these are the notebook's values.
                    believing=True,
                )
            await asyncio.to_thread(self.record.grade, user, place.course.name, verdict)
            checked = await asyncio.to_thread(self._checked, user, place, verdict, None, language)
            if verdict.passed:
                checked |= await asyncio.to_thread(self._published, place, data, verdict, listed=listed)
            return checked

        return self.jobs.start(user, "grade", work)

    # --- artifacts ---

    @property
    def portfolio(self) -> Path:
        """The folder of the learner's artifacts; refused where a link leads out of the root with it."""
        return self.confined(PORTFOLIO)

    def artifacts(self) -> list[dict[str, Any]]:
        """Return what was published here, newest first."""
        courses = self.shelf.courses()
        return [_artifact_info(one, _course_of(one, courses)) for one in artifacts(self.portfolio)]

    def artifact_file(self, name: str, *, packed: bool) -> bytes:
        """Return the page of an artifact, or its zip."""
        folder = self.portfolio / name if is_name(name) else None
        if folder is None or folder.is_symlink() or not folder.is_dir():
            raise Refused(404, "no-artifact", "There is no such artifact in the portfolio.")
        return read_file(folder.with_name(f"{name}.zip") if packed else folder / "index.html")

    def pack_work(self, into: IO[bytes]) -> None:
        """Write the learner's copies and portfolio to *into*, as a zip."""
        try:
            pack(self.root, (WORK, PORTFOLIO), into)
        except HornbookError as error:
            raise Refused(413, "too-big", str(error)) from error
        except OSError as error:
            raise Refused(507, "no-room", f"There is no room here to pack your work ({error.strerror}).") from error

    def remove_artifact(self, name: str) -> None:
        """Delete an artifact: its folder, its zip, what the catalog knows of it, and its place in the site over the portfolio."""
        folder = self.portfolio / name if is_name(name) else None
        if folder is None or folder.is_symlink() or not folder.is_dir():
            raise Refused(404, "no-artifact", "There is no such artifact in the portfolio.")
        # First, so that nothing is found that is not there.
        self.finder.withdraw(folder / "index.html")
        remove(folder)

    def _published(self, place: Place, data: bytes, verdict: Verdict, *, listed: bool) -> dict[str, Any]:
        """Return the artifact that a passed notebook becomes, or a note on why there is none: the verdict stands all the same."""
        try:
            made = publish(data, verdict, place.lesson, into=self.portfolio)
        except HornbookError as error:
            return {"artifact": None, "note": str(error)}
        except OSError as error:
            return {"artifact": None, "note": f"The artifact cannot be written into {PORTFOLIO}: {error.strerror}."}
        note = None
        if listed:
            try:
                self.finder.enter(made, place.course, place.lesson)
            except HornbookError as error:
                note = f"It cannot be found by a search yet: {error}"
        return {"artifact": _artifact_info(made, place.course.name), "note": note}

    # --- what authors ask for ---

    def _editable(self, course: str, slug: str) -> tuple[Course, Lesson]:
        found, lesson = self.lesson(course, slug)
        if not self.shelf.editable(found):
            raise Refused(403, "not-editable", f'The course "{found.name}" is installed here to be learned from, not to be edited.')
        return found, lesson

    async def doctor(self, user: str, asked: LessonName) -> Job:
        """Begin to prove a lesson, and to look for mistakes that its checks do not notice."""
        course, lesson = await asyncio.to_thread(self._editable, asked.course, asked.slug)

        async def work(job: Job) -> dict[str, Any]:
            job.begin()
            return await _author(job, "doctor", str(course.root), lesson.slug)

        return self.jobs.start(user, "doctor", work)

    async def example(self, user: str, asked: Example) -> dict[str, Any]:
        """Return the text of a check made of an example."""
        course, lesson = await asyncio.to_thread(self._editable, asked.course, asked.slug)
        if asked.exercise not in lesson.exercises:
            raise Refused(404, "no-exercise", f'{lesson.title} has no exercise "{printable(asked.exercise)}".')
        if "\0" in asked.example:
            raise Refused(422, "no-example", "An example is one Python expression; this has a zero byte in it.")

        async def work(job: Job) -> dict[str, Any]:
            job.begin()
            arguments = (str(course.root), lesson.slug, asked.exercise, asked.example)
            try:
                return await asyncio.wait_for(_author(job, "example", *arguments), EXAMPLE_SECONDS)
            except TimeoutError as error:
                raise Refused(422, "no-example", f"No check of this could be made within {EXAMPLE_SECONDS:.0f} seconds.") from error

        # As a job it counts among what one user may have under way, and ends when the server does.
        job = self.jobs.start(user, "example", work)
        if job.task is not None:
            await asyncio.wait([job.task])
        if job.result is None:
            told = job.error or {"code": "cancelled", "message": "It was cancelled."}
            raise Refused(422, "no-example" if told["code"] == "NoExample" else told["code"], told["message"])
        return job.result

    def _checked(self, user: str, place: Place, verdict: Verdict, exercise: str | None, language: str) -> dict[str, Any]:
        """Return what a client is told of a verdict."""
        with speaking(language):
            standings = self.record.standings(user, place.course.name)
            info = lesson_info(self.shelf, place.course, place.lesson, standings.get(place.lesson.slug, Standing()))
            done = info["progress"]["exercises"]
            left = next((one for one in place.lesson.exercises if not done.get(one)), None)
            progress = Progress(sum(done.values()), len(place.lesson.exercises), left)
            fitting = self._following(place, standings) if verdict.passed else []
            card = Card.of(verdict, exercise=exercise, progress=progress, language=language)
            self._note_hints(user, place, verdict, card)
            return {
                "exercise": exercise,
                "card": card.to_json(),
                "verdict": json.loads(verdict.to_json()),
                "lesson": info,
                "artifact": None,
                "note": None,
                "next": fitting,
            }

    def _note_hints(self, user: str, place: Place, verdict: Verdict, card: Card) -> None:
        """Remember which hints *card* gives, and record those that it shows at once."""
        key = (user, place.course.name, place.lesson.slug)
        ladder = dict(self._ladders.pop(key, {}))
        shown: dict[str, int] = {}
        for row in card.rows():
            if row.hints:
                check = shown_for(row, verdict)
                ladder[row.id] = check, len(row.hints)
                shown |= {check: row.open} if row.open else {}
        while len(self._ladders) >= MOST_PLACES:
            self._ladders.pop(next(iter(self._ladders)), None)
        self._ladders[key] = ladder
        if shown:
            self.record.hinted(*key, shown)

    def hinted(self, user: str, sent: SeenHint) -> dict[str, Any]:
        """Record that so many hints of a check are to be seen; refuse what was on no card of this server."""
        place = self.place(sent.path)
        key = (user, place.course.name, place.lesson.slug)
        found = self._ladders.get(key, {}).get(sent.check)
        if found is None or not 1 <= sent.shown <= found[1]:
            raise Refused(404, "no-hint", f'{place.lesson.title} has shown no such hint of "{printable(sent.check)}".')
        self.record.hinted(*key, {found[0]: sent.shown})
        return {"check": sent.check, "shown": sent.shown}

    def _following(self, place: Place, standings: Mapping[str, Standing]) -> list[dict[str, str]]:
        """Return what to do after *place*'s lesson was passed; whoever has just passed does not wait for a catalog to be opened."""
        if self.finder.ready:
            with contextlib.suppress(HornbookError):
                fitting = self.finder.related(place.course, place.lesson, _passed(standings))
                if fitting:
                    return fitting
        return [{"course": place.course.name, **one} for one in following(place.lesson, place.course.in_order, standings)]

    async def close(self) -> None:
        """End everything that is under way."""
        for task in self._background:
            task.cancel()
        await self.jobs.close()
        await asyncio.to_thread(self.desks.close)
        await asyncio.to_thread(self.finder.close)
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
            "metadata": ({} if cell.exercise is None else {"hornbook": {"exercise": cell.exercise}})
            | ({"tags": [INJECTED]} if cell.injected else {}),
        }
        for cell in sent.cells
    ]
    claims = {"slug": place.lesson.slug, "version": place.lesson.version}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"hornbook": claims}, "cells": cells}
    try:
        return SubmissionFile.parse(json.dumps(notebook).encode(), place.path)
    except SubmissionError as error:
        raise Refused(422, "unreadable", str(error)) from error


def _content(path: Path) -> bytes:
    """Return what stands in the notebook at *path*, a plain file of a size that is read."""
    data = read_file(path)
    if len(data) > MAX_BYTES:
        raise SubmissionError(path, f"is larger than {MAX_BYTES >> 20} MB, the most that is read.")
    return data


def _artifact_info(artifact: Artifact, course: str) -> dict[str, Any]:
    """Return what a client sees of an artifact."""
    return {
        "id": artifact.id,
        "course": course,
        "slug": artifact.slug,
        "title": artifact.title,
        "created": artifact.created.isoformat(timespec="seconds"),
        "points": {"earned": artifact.points.earned, "possible": artifact.points.possible},
        "assurance": str(artifact.assurance),
        "skills": list(artifact.skills),
        "page": f"hornbook/api/artifacts/{artifact.id}/page",
        "zip": f"hornbook/api/artifacts/{artifact.id}/zip",
    }


def _passed(standings: Mapping[str, Standing]) -> set[str]:
    return {slug for slug, standing in standings.items() if standing.passed_at is not None}


def _course_of(artifact: Artifact, courses: Sequence[Course]) -> str:
    """Return the course that has the artifact's lesson; none where it is not here any more."""
    return next((course.name for course in courses if artifact.slug in course.slugs), "")


async def _author(job: Job, *arguments: str) -> dict[str, Any]:
    """Return what `author.py` finds in a process of its own; with *job* it ends, and all that it has started."""
    # -P: a file in the working directory must not be imported for a library of that name.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "hornbook.server.author",
        *arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        limit=MOST_SAID,
    )
    try:
        if process.stdout is not None:
            async for line in process.stdout:
                match json.loads(line):
                    case {"label": str() as label}:
                        job.advance(0, 0, label)
                    case {"result": dict() as result}:
                        return result
                    case {"refused": str() as sentence, "kind": str() as kind}:
                        raise Refused(422, kind, sentence)
        raise HornbookError("The process that did this has ended before it was done.")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


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


__all__ = ["Example", "LessonName", "Place", "Refused", "SeenHint", "SentCell", "SentNotebook", "Service"]
