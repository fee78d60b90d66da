"""Courses: folders of lessons with their graders and feedback, paired by slug and sub-folder.

    lessons/numpy/moving_average.ipynb              what learners get
    graders/numpy/test_moving_average.py            its checks
    graders/numpy/moving_average.solution.py        its reference solution
    graders/numpy/moving_average.alt-loop.py        another right answer
    feedback/numpy/moving_average.toml              its hints

Whatever does not pair is a `Problem`, and one broken lesson leaves the others within reach. Nothing outside the course's own
folder is ever opened on behalf of a symbolic link inside it.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.cohorts import learnable
from hornbook.config import Settings, nearest
from hornbook.errors import CourseError, FeedbackError, GraderError, LessonError, printable
from hornbook.lesson import read_lesson
from hornbook.released import MANIFEST, Released

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from hornbook.cohorts import Cohort
    from hornbook.lesson import Lesson


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about the course that its author should put right: where (from the course's root), and what, in one sentence."""

    path: Path
    message: str

    def __str__(self) -> str:
        """Return the problem as one sentence with its file."""
        return f"{printable(self.path)}: {self.message}"


@dataclass(frozen=True, slots=True)
class _Role:
    """What a file of a course is for, told by its folder and name."""

    name: str
    folder: str
    pattern: re.Pattern[str]
    file: str

    def place(self, slug: str, within: Path) -> str:
        """Return where the file for *slug*, a lesson in the sub-folder *within*, belongs, as it may stand in a sentence."""
        return printable((self.folder / within / self.file.format(slug=slug)).as_posix())


_LESSON = _Role("lesson", "lessons", re.compile(r"(?P<slug>.+)\.ipynb", re.DOTALL), "{slug}.ipynb")
_GRADER = _Role("grader", "graders", re.compile(r"test_(?P<slug>[^.]+)\.py"), "test_{slug}.py")
_SOLUTION = _Role("solution", "graders", re.compile(r"(?P<slug>[^.]+)\.solution\.py"), "{slug}.solution.py")
_ALTERNATIVE = _Role("alternative", "graders", re.compile(r"(?P<slug>[^.]+)\.alt-(?P<word>[^.]+)\.py"), "{slug}.alt-<word>.py")
_FEEDBACK = _Role("feedback", "feedback", re.compile(r"(?P<slug>.+)\.toml", re.DOTALL), "{slug}.toml")
_ROLES = (_LESSON, _GRADER, _SOLUTION, _ALTERNATIVE, _FEEDBACK)


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the course: its role, the slug in its name, and the sub-folder it is in."""

    role: _Role
    slug: str
    path: Path
    within: Path


@dataclass(frozen=True)
class Course:
    """A folder of lessons with their graders and feedback.

    It lists its files and reads its lessons when first asked and keeps to that; open it again to see what changed since.
    """

    root: Path
    settings: Settings

    @classmethod
    def open(cls, path: Path) -> Course:
        """Return the course in the folder *path*; raise `CourseError` if it has no lessons/, or settings that cannot be read."""
        root = _real(path)
        if not _is_course(root):
            raise CourseError(path, "is not a course: it has no folder lessons/. `hornbook new course` makes one.")
        settings = root / "pyproject.toml"
        if not _real(settings).is_relative_to(root):
            raise CourseError(settings, "is a symbolic link out of the course. Put the file itself there.")
        return cls(root, Settings.read(settings))

    @classmethod
    def find(cls, start: Path) -> Course:
        """Return the course that the file or folder *start* is in; raise `CourseError` if it is in none."""
        found = cls.around(start)
        if found is not None:
            return found
        raise CourseError(start, "is not in a course: no folder above it has lessons/. `hornbook new course` makes one.")

    @classmethod
    def around(cls, start: Path) -> Course | None:
        """Return the course that the file or folder *start* is in, or None; raise `CourseError` for one that cannot be read."""
        place = _real(start)
        return next((cls.open(folder) for folder in (place, *place.parents) if _is_course(folder)), None)

    @property
    def name(self) -> str:
        """The course's name, as its settings give it."""
        return self.settings.name

    @cached_property
    def slugs(self) -> tuple[str, ...]:
        """The slugs of all lessons, broken ones too, in the order of their paths."""
        return tuple(self._places)

    def judges(self, slug: str) -> tuple[Path, ...]:
        """Return the files that decide what comes of a submission to the lesson *slug*: its grader and hints, and what all graders share.

        Raises GraderError if it has no grader.
        """
        own = [self.grader(slug), *([self.feedback(slug)] if self.has_feedback(slug) else [])]
        return (*own, *self.shared())

    @cached_property
    def released(self) -> Released | None:
        """What a release says that it has kept back, or None for the course itself; raises `CourseError` if it cannot be read."""
        path = self.root / MANIFEST
        return Released.read(path) if os.path.lexists(path) else None

    def withheld(self, slug: str) -> int:
        """Return how many hidden checks of the lesson *slug* are with whoever has released it: they run where it is graded."""
        return 0 if self.released is None else self.released.lesson(slug).hidden

    @cached_property
    def lessons(self) -> tuple[Lesson, ...]:
        """The lessons that can be read, in the order of their paths; `problems` names the others."""
        lessons = []
        for slug in self.slugs:
            with suppress(CourseError):
                lessons.append(self.lesson(slug))
        return tuple(lessons)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The slugs of the lessons so that each comes after those that it requires, and else by their paths."""
        return learnable({lesson.slug: lesson.requires for lesson in self.lessons})

    @property
    def in_order(self) -> tuple[Lesson, ...]:
        """The lessons that can be read, in an order in which they can be learned."""
        return tuple(self.lesson(slug) for slug in self.order)

    @cached_property
    def deadlines(self) -> Mapping[str, tuple[tuple[Cohort, datetime], ...]]:
        """When each lesson is due for which cohort, by slug, in the order of the settings."""
        due: dict[str, list[tuple[Cohort, datetime]]] = {}
        for cohort in self.settings.cohorts:
            for slug, when in cohort.deadlines(self.order).items():
                due.setdefault(slug, []).append((cohort, when))
        return {slug: tuple(found) for slug, found in due.items()}

    def lesson(self, slug: str) -> Lesson:
        """Return the lesson *slug*; raise `CourseError` if there is none or more than one, `LessonError` if it cannot be read."""
        if slug not in self._read:
            self._read[slug] = read_lesson(self._place(slug).path)
        return self._read[slug]

    def path(self, slug: str) -> Path:
        """Return the notebook of the lesson *slug*, readable or not; raise `CourseError` if there is none or more than one."""
        return self._place(slug).path

    def grader(self, slug: str) -> Path:
        """Return the grader of the lesson *slug*; raise `GraderError` if it is missing."""
        return self._companion(_GRADER, slug, GraderError)

    def solution(self, slug: str) -> Path:
        """Return the reference solution of the lesson *slug*; raise `GraderError` if it is missing."""
        return self._companion(_SOLUTION, slug, GraderError)

    def feedback(self, slug: str) -> Path:
        """Return the hint bank of the lesson *slug*; raise `FeedbackError` if it is missing."""
        return self._companion(_FEEDBACK, slug, FeedbackError)

    def has_feedback(self, slug: str) -> bool:
        """Whether the lesson *slug* has a hint bank: it can be graded without one."""
        try:
            return self.feedback(slug).is_file()
        except FeedbackError:
            return False

    def has_solution(self, slug: str) -> bool:
        """Whether the lesson *slug* has a reference solution: a release has none."""
        try:
            return self.solution(slug).is_file()
        except GraderError:
            return False

    def beside(self) -> tuple[Path, ...]:
        """Return the plain files in lessons/ that are no notebooks, in the order of their paths; links and hidden files are nobody's."""
        within = [path for path in self._entries if path.is_relative_to(self.root / "lessons")]
        return tuple(path for path in within if path.suffix != ".ipynb" and not path.is_symlink() and path.is_file())

    def shared(self) -> tuple[Path, ...]:
        """Return the files in graders/ that belong to no lesson of their own: what its graders share."""
        lessons = {file.path for file in self._files}
        return tuple(
            path for path in self._entries if path.is_relative_to(self.root / "graders") and path not in lessons and path.is_file()
        )

    def alternatives(self, slug: str) -> Mapping[str, Path]:
        """Return the other right answers to the lesson *slug* by the word that tells them apart; there may be none."""
        place = self._place(slug)
        found = [file for file in self._files if file.role is _ALTERNATIVE and (file.slug, file.within) == (slug, place.within)]
        return {file.path.name.removeprefix(f"{slug}.alt-").removesuffix(".py"): file.path for file in found}

    def problems(self) -> tuple[Problem, ...]:
        """Return everything about the course's files that does not fit together; none of it keeps the rest from working."""
        files = (*self._links(), *self._unreadable(), *self._orphans(), *self._incomplete())
        found = (*files, *self._unknown(), *self._cycles(), *self._strangers(), *self._twins())
        return tuple(Problem(path.relative_to(self.root), message) for path, message in found)

    @cached_property
    def _places(self) -> Mapping[str, list[_File]]:
        """The files that are lessons, by slug, in the order of their paths."""
        places: dict[str, list[_File]] = {}
        for file in self._files:
            if file.role is _LESSON:
                places.setdefault(file.slug, []).append(file)
        return places

    @cached_property
    def _read(self) -> dict[str, Lesson]:
        """The lessons that have been read so far."""
        return {}

    @cached_property
    def _entries(self) -> tuple[Path, ...]:
        """Every file and every link in the course's three folders, in the order of their paths, hidden ones left out."""
        entries: list[Path] = []
        for name in ("lessons", "graders", "feedback"):
            top = self.root / name
            if top.is_symlink():
                entries.append(top)
                continue
            for folder, folders, files in os.walk(top):
                folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
                links = [name for name in folders if (Path(folder) / name).is_symlink()]
                entries += [Path(folder) / name for name in sorted([*files, *links]) if not name.startswith(".")]
        return tuple(entries)

    @cached_property
    def _files(self) -> tuple[_File, ...]:
        """The files of the course that have a role in it."""
        links = {path for path, _ in self._links()}
        return tuple(
            _File(role, match["slug"], path, path.relative_to(self.root / role.folder).parent)
            for path in self._entries
            if path not in links
            for role in _ROLES
            if path.is_relative_to(self.root / role.folder) and (match := role.pattern.fullmatch(path.name))
        )

    def _place(self, slug: str) -> _File:
        """Return the one file that is the lesson *slug*."""
        places = self._places.get(slug, [])
        if not places:
            way_out = nearest(slug, self.slugs) if self.slugs else "it has none yet"
            raise CourseError(self.root, f'has no lesson "{printable(slug)}"; {way_out}.')
        if len(places) > 1:
            both = " and ".join(self._shown(file.path) for file in places)
            raise CourseError(self.root, f'has the lesson "{printable(slug)}" twice, {both}. Rename one.')
        return places[0]

    def _companion(self, role: _Role, slug: str, error: type[GraderError | FeedbackError]) -> Path:
        """Return the file that plays *role* for the lesson *slug*."""
        place = self._place(slug)
        for file in self._files:
            if file.role is role and (file.slug, file.within) == (slug, place.within):
                return file.path
        if self.released is not None:
            raise error(place.path, f"has no {role.name} in this release: it is with the course. Hand your notebook in there.")
        raise error(place.path, f"has no {role.name}; it belongs at {role.place(slug, place.within)}.")

    def _shown(self, path: Path) -> str:
        return printable(path.relative_to(self.root).as_posix())

    def _links(self) -> Iterator[tuple[Path, str]]:
        for path in self._entries:
            if path.is_symlink() and not _real(path).is_relative_to(self.root):
                yield path, "is a symbolic link out of the course, so it is not read. Put the file itself there."
            elif path.is_symlink() and path.is_dir():
                yield path, "is a symbolic link to a folder, so it is not read. Put the folder itself there."

    def _unreadable(self) -> Iterator[tuple[Path, str]]:
        for slug in self.slugs:
            places = [file.path for file in self._files if file.role is _LESSON and file.slug == slug]
            for other in places[1:]:
                yield other, f"has the slug of {self._shown(places[0])}; a slug is unique in its course. Rename one."
            try:
                self.lesson(slug)
            except LessonError as error:
                yield error.path, error.problem
            except CourseError:
                continue  # a slug that is there twice, as has just been said

    def _orphans(self) -> Iterator[tuple[Path, str]]:
        homes: dict[str, list[Path]] = {}
        for file in self._files:
            if file.role is _LESSON:
                homes.setdefault(file.slug, []).append(file.within)
        for file in self._files:
            places = homes.get(file.slug, [])
            if not places:
                way_out = nearest(file.slug, self.slugs) if self.slugs else "there is none at all"
                yield file.path, f'belongs to no lesson: there is no "{printable(file.slug)}"; {way_out}.'
            elif file.within not in places:
                at = (Path(file.role.folder) / places[0] / file.path.name).as_posix()
                yield file.path, f"is not in the same sub-folder as its lesson. Move it to {printable(at)}."

    def _incomplete(self) -> Iterator[tuple[Path, str]]:
        if self.released is not None:
            return
        present = {(file.role.name, file.slug) for file in self._files}
        for lesson in self._files:
            for role in (_GRADER, _SOLUTION, _FEEDBACK) if lesson.role is _LESSON else ():
                if (role.name, lesson.slug) not in present:
                    yield lesson.path, f"has no {role.name}; it belongs at {role.place(lesson.slug, lesson.within)}."

    def _unknown(self) -> Iterator[tuple[Path, str]]:
        for lesson in self.lessons:
            for required in lesson.requires:
                if required not in self.slugs:
                    yield lesson.path, f'requires the lesson "{required}", which is not there; {nearest(required, self.slugs)}.'

    def _strangers(self) -> Iterator[tuple[Path, str]]:
        for cohort in self.settings.cohorts:
            for slug in dict.fromkeys((*cohort.lessons, *cohort.due)):
                if slug not in self.slugs:
                    stranger = f'the cohort "{cohort.name}" has the lesson "{printable(slug)}", which is not there'
                    yield self.root / "pyproject.toml", f"{stranger}; {nearest(slug, self.slugs)}."

    def _twins(self) -> Iterator[tuple[Path, str]]:
        """Give files of one name that say different things: a learner's copies of all lessons lie in one folder."""
        first: dict[str, Path] = {}
        for path in self.beside():
            other = first.setdefault(path.relative_to(self.root / "lessons").name, path)
            with suppress(OSError):
                if path.read_bytes() != other.read_bytes() and path.suffix != ".md":
                    place = printable(other.relative_to(self.root).as_posix())
                    yield path, f"says something else than {place}, and a learner has both in one folder. Give it another name."

    def _cycles(self) -> Iterator[tuple[Path, str]]:
        from graphlib import CycleError, TopologicalSorter  # noqa: PLC0415 - only `problems` needs it

        requires = {lesson.slug: [slug for slug in lesson.requires if slug in self.slugs] for lesson in self.lessons}
        while True:
            try:
                TopologicalSorter(requires).prepare()
            except CycleError as error:
                circle: list[str] = error.args[1][::-1]
                lesson = self.lesson(circle[0])
                yield lesson.path, f"requires itself: {' requires '.join(circle)}. Take one of these out of metadata.hornbook.requires."
                requires[circle[0]].remove(circle[1])
            else:
                return


def installed_courses() -> Mapping[str, Path]:
    """Return the folders of the installed courses by name: `share/jupyter/hornbook/courses/<name>` on Jupyter's data path.

    Nothing of a course is read or imported. Where two have the same name, the one that Jupyter finds first is meant.
    """
    from jupyter_core.paths import jupyter_path  # noqa: PLC0415 - kept out of `import hornbook`

    courses: dict[str, Path] = {}
    for folder in map(Path, jupyter_path("hornbook", "courses")):
        for course in sorted(folder.iterdir()) if folder.is_dir() else ():
            if _is_course(course):
                courses.setdefault(course.name, course)
    return courses


def _real(path: Path) -> Path:
    """Return *path* without symbolic links; unlike `Path.resolve`, a loop of links raises nothing."""
    return Path(os.path.realpath(path))


def _is_course(folder: Path) -> bool:
    """Whether *folder* has a folder lessons/ of its own."""
    lessons = folder / "lessons"
    return os.path.isdir(lessons) and not os.path.islink(lessons)  # noqa: PTH112, PTH114 - unlike pathlib's, these never raise
