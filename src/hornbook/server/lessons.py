"""The lessons as one learner sees them: what there is, where the learner's own copy is, how far it is, and what fits next."""

from __future__ import annotations

import ast
import contextlib
import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hornbook.course import Course, installed_courses
from hornbook.errors import CourseError, GraderError
from hornbook.lesson import Lesson
from hornbook.record.store import Standing
from hornbook.schedule.review import review_at
from hornbook.words import say

WORK = "my-work"
"""The folder, in the server's root, in which learners' copies lie: `my-work/<course>/<slug>.ipynb`."""

PORTFOLIO = "portfolio"
"""The folder, in the server's root, in which what was passed lies, sealed and signed."""

MOST_RELATED = 3


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """One check as the grader's text tells of it."""

    name: str
    exercise: str
    title: str
    points: float
    hidden: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """The courses that can be seen from *root*, the folder that the server serves."""

    root: Path

    def courses(self) -> tuple[Course, ...]:
        """Return the course that the root lies in, those that lie in the root, and those that are installed, each once by its name."""
        found: dict[str, Course] = {}
        for course in self._found():
            found.setdefault(course.name, course)
        return tuple(found.values())

    def _found(self) -> Iterator[Course]:
        with contextlib.suppress(CourseError):
            yield Course.find(self.root)
        for folder in self._folders():
            with contextlib.suppress(CourseError):
                yield Course.open(folder)

    def _folders(self) -> Iterator[Path]:
        with os.scandir(self.root) as entries:
            inside = sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."))
        yield from map(Path, inside)
        yield from installed_courses().values()

    def course(self, name: str) -> Course | None:
        """Return the course of that *name*, or None if it cannot be seen from here."""
        return next((course for course in self.courses() if course.name == name), None)

    def copy_of(self, course: Course, slug: str) -> Path:
        """Return where the learner's copy of a lesson is, or would be."""
        return self.root / WORK / course.name / f"{slug}.ipynb"

    def inside(self, path: Path) -> str | None:
        """Return *path* as Jupyter names it, from the root; None where it lies outside."""
        real, root = Path(os.path.realpath(path)), Path(os.path.realpath(self.root))
        return real.relative_to(root).as_posix() if real.is_relative_to(root) else None

    def editable(self, course: Course) -> bool:
        """Whether whoever works here has the course before them to edit, and not as something installed."""
        return (
            course.released is None
            and course.root not in {Path(os.path.realpath(folder)) for folder in installed_courses().values()}
            and os.access(course.root / "graders", os.W_OK)
        )


def lesson_info(shelf: Shelf, course: Course, lesson: Lesson, standing: Standing) -> dict[str, Any]:
    """Return what the list shows of *lesson*; hidden checks are told to whoever may edit them, and only counted for others."""
    copy, editable = shelf.copy_of(course, lesson.slug), shelf.editable(course)
    done = {exercise: passed for exercise, passed in standing.exercises.items() if exercise in lesson.exercises}
    started = copy.exists() or bool(done) or bool(standing.attempts)
    return {
        "course": course.name,
        "slug": lesson.slug,
        "title": lesson.title,
        "version": lesson.version,
        "summary": lesson.summary,
        "objectives": list(lesson.objectives),
        "skills": [{"name": skill.name, "uri": skill.uri} for skill in lesson.skills],
        "level": lesson.level,
        "minutes": lesson.minutes,
        "requires": list(lesson.requires),
        "authors": list(lesson.authors),
        "licence": lesson.licence,
        "exercises": list(_exercises(course, lesson, editable=editable)),
        "path": copy.relative_to(shelf.root).as_posix(),
        "original": shelf.inside(lesson.path),
        "started": started,
        "editable": editable,
        "due": [{"cohort": cohort.name, "title": cohort.title, "at": _iso(when)} for cohort, when in course.deadlines.get(lesson.slug, ())],
        "progress": {
            "status": "passed" if standing.passed_at else "started" if started else "new",
            "exercises": done,
            "done": len(lesson.exercises) if standing.passed_at and not done else sum(done.values()),
            "of": len(lesson.exercises),
            "attempts": standing.attempts,
            "passedAt": _iso(standing.passed_at),
            "reviewAt": _iso(review_at(standing.days)),
        },
    }


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat(timespec="seconds")


def _exercises(course: Course, lesson: Lesson, *, editable: bool) -> Iterator[dict[str, Any]]:
    checks = checks_of(course, lesson.slug)
    kept_back = course.released.lesson(lesson.slug).exercises if course.released else {}
    for exercise in lesson.exercises:
        mine = [check for check in checks if check.exercise == exercise]
        shown = [check for check in mine if editable or not check.hidden]
        yield {
            "id": exercise,
            "points": kept_back[exercise].points if exercise in kept_back else sum(check.points for check in mine),
            "checks": [{"name": one.name, "title": one.title, "points": one.points, "hidden": one.hidden} for one in shown],
            "hidden": kept_back[exercise].hidden if exercise in kept_back else sum(check.hidden for check in mine),
        }


def checks_of(course: Course, slug: str) -> tuple[CheckInfo, ...]:
    """Return the checks of a lesson by reading its grader, not by running it; none where it cannot be read."""
    try:
        path = course.grader(slug)
        status = path.stat()
        return _read_checks(path, status.st_mtime_ns, status.st_size)
    except (GraderError, OSError):
        return ()


@functools.lru_cache(512)
def _read_checks(path: Path, _changed: int, _size: int) -> tuple[CheckInfo, ...]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return ()
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    return tuple(found for test in tests if (found := _check(test)) is not None)


def _check(test: ast.FunctionDef) -> CheckInfo | None:
    marks = {
        mark.func.attr: mark
        for mark in test.decorator_list
        if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and ast.unparse(mark.func).startswith("pytest.mark.")
    }
    exercise = marks.get("exercise")
    if exercise is None or not exercise.args:
        return None
    given = {keyword.arg: _literal(keyword.value) for keyword in exercise.keywords if keyword.arg}
    own = marks.get("points")
    points = given.get("points", _literal(own.args[0]) if own is not None and own.args else 1)
    title = (ast.get_docstring(test) or test.name.removeprefix("test_").replace("_", " ")).split("\n")[0].strip()
    bare = {ast.unparse(mark).removesuffix("()") for mark in test.decorator_list}
    hidden = bool(given.get("hidden")) or "pytest.mark.hidden" in bare
    worth = float(points) if isinstance(points, int | float) else 1.0
    return CheckInfo(test.name, str(_literal(exercise.args[0])), title, worth, hidden)


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def related(lesson: Lesson, lessons: Sequence[Lesson], standings: Mapping[str, Standing]) -> list[dict[str, str]]:
    """Return what fits after *lesson*, the best first, each with its reason: what builds on it, then what shares a skill.

    What was passed is left out, and what builds on lessons that were not passed yet comes after what can be begun at once.
    """
    found: list[tuple[tuple[bool, bool, int, int], Lesson, str]] = []
    passed = {slug for slug, standing in standings.items() if standing.passed_at is not None} | {lesson.slug}
    mine = {skill.name.casefold(): skill.name for skill in lesson.skills}
    for place, one in enumerate(lessons):
        if one.slug in passed:
            continue
        shared = [mine[skill.name.casefold()] for skill in one.skills if skill.name.casefold() in mine]
        builds = lesson.slug in one.requires
        if not builds and not shared:
            continue
        reason = say("lab.builds-on", lesson=lesson.title) if builds else say("lab.same-skill", skill=shared[0])
        found.append(((not set(one.requires) <= passed, not builds, -len(shared), place), one, reason))
    best = sorted(found, key=lambda entry: entry[0])[:MOST_RELATED]
    return [{"slug": one.slug, "title": one.title, "reason": reason} for _, one, reason in best]


def following(lesson: Lesson, lessons: Sequence[Lesson], standings: Mapping[str, Standing]) -> list[dict[str, str]]:
    """Return what to do after *lesson* was passed: what is related, or else the next one of the course that was not passed yet."""
    fitting = related(lesson, lessons, standings)
    if fitting:
        return fitting
    later = _after(lesson.slug, lessons)
    one = next((one for one in later if one.slug != lesson.slug and not standings.get(one.slug, Standing()).passed_at), None)
    return [] if one is None else [{"slug": one.slug, "title": one.title, "reason": say("lab.next-in-course")}]


def _after(slug: str, lessons: Sequence[Lesson]) -> Iterable[Lesson]:
    place = next((place for place, one in enumerate(lessons) if one.slug == slug), -1)
    return (*lessons[place + 1 :], *lessons[: place + 1])
