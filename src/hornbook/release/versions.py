"""What a lesson was graded with, kept when it is released: each version in a folder named by its content, for what is handed in later.

    keep(course, lesson) -> str              the version's digest; its material is on the disk when this returns
    at(course, digest) -> (Course, Lesson)   the course as it was for that lesson then
    kept(course) -> tuple[Kept, ...]         all of them, by lesson, the latest last

A kept version is a small course of one lesson, so everything that grades can grade against it. It lies in the course, not in git's history:
a course need not be a repository, and a history can be cut short, rewritten, or not be there where it is graded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hornbook.course import Course
from hornbook.errors import CourseError, HornbookError, printable
from hornbook.grading.material import files_of, version_of
from hornbook.release import packing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hornbook.cohorts import Cohort
    from hornbook.config import Settings
    from hornbook.lesson import Lesson

FOLDER: Final = ".hornbook/versions"
"""Where versions are kept in a course."""
SHOWN: Final = 12
"""How many digits of a version are shown; so many, or more, name it."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Kept:
    """A version that was kept: of which lesson, what its author calls it, and its digest."""

    slug: str
    version: str
    digest: str


def keep(course: Course, lesson: Lesson) -> str:
    """Keep what *lesson* is graded with now, unless it is kept already; return the version's digest.

    Raises `HornbookError` where it cannot be written.
    """
    digest = version_of(course, lesson)
    folder = course.root / FOLDER / digest
    if not folder.is_dir():
        files = {path.relative_to(course.root).as_posix(): path.read_bytes() for path in files_of(course, lesson.slug)}
        try:
            # A version is one lesson, and nobody's plan.
            settings = settings_text(replace(course.settings, cohorts=()))
            packing.write(folder, {**files, "pyproject.toml": settings.encode()}, replace=False)
        except HornbookError:
            # Somebody else has kept the same at the same time.
            if not folder.is_dir():
                raise
    return digest


def at(course: Course, digest: str) -> tuple[Course, Lesson]:
    """Return the course of the version that *digest*, or so many of its digits as name no other, was kept under, and its lesson.

    Raises `CourseError` where there is none, or what was kept is not what it was.
    """
    folder = course.root / FOLDER
    found = [path for path in _folders(course) if path.name.startswith(digest)] if len(digest) >= SHOWN else []
    if len(found) != 1:
        raise CourseError(
            folder, f'has no version "{printable(digest)}". A release keeps those of its lessons; `hornbook release` lists them.'
        )
    past = Course.open(found[0])
    for lesson in past.lessons:
        if version_of(past, lesson) == found[0].name:
            return past, lesson
    raise CourseError(found[0], "was changed since it was kept, so nothing is graded against it. Put back what was there.")


def kept(course: Course) -> tuple[Kept, ...]:
    """Return the versions that were kept, by lesson, the latest last; one that cannot be read is left out."""
    found = []
    for path in sorted(_folders(course), key=lambda path: path.stat().st_mtime_ns):
        lessons = Course.open(path).lessons
        found += [Kept(lesson.slug, lesson.version, path.name) for lesson in lessons[:1]]
    return tuple(sorted(found, key=lambda one: one.slug))


def settings_text(settings: Settings) -> str:
    """Return the `pyproject.toml` of a course with these *settings*, without what is for its author alone."""
    from dataclasses import fields  # noqa: PLC0415 - only here

    lines = [
        "[tool.hornbook]",
        *(f"{name} = {packing.quoted(getattr(settings, name))}" for name in ("name", "title", "language")),
        "",
        "[tool.hornbook.limits]",
        *(f"{limit.name} = {getattr(settings.limits, limit.name)}" for limit in fields(settings.limits)),
        "",
        "[tool.hornbook.sandbox]",
        f"require_level = {settings.require_level}",
        f"preload = [{', '.join(map(packing.quoted, settings.preload))}]",
        "",
        *(line for cohort in settings.cohorts for line in _cohort(cohort)),
    ]
    return "\n".join(lines)


def _cohort(cohort: Cohort) -> Iterator[str]:
    """Yield the lines of a cohort's table: its learners see by when they have to do what."""
    yield "[[tool.hornbook.cohort]]"
    yield from (f"{name} = {packing.quoted(getattr(cohort, name))}" for name in ("name", "title", "timezone"))
    yield from (f"{name} = {getattr(cohort, name).isoformat()}" for name in ("starts", "due_at"))
    yield from (f"{name} = {getattr(cohort, name)}" for name in ("every_days", "alarm_hours"))
    yield f"breaks = [{', '.join(f'[{first.isoformat()}, {last.isoformat()}]' for first, last in cohort.breaks)}]"
    yield f"lessons = [{', '.join(map(packing.quoted, cohort.lessons))}]"
    if cohort.link:
        yield f"link = {packing.quoted(cohort.link)}"
    yield f"due = {{{', '.join(f'{packing.quoted(slug)} = {when.isoformat()}' for slug, when in cohort.due.items())}}}"
    yield ""


def _folders(course: Course) -> list[Path]:
    folder = course.root / FOLDER
    return [path for path in folder.iterdir() if _DIGEST.fullmatch(path.name) and path.is_dir()] if folder.is_dir() else []
