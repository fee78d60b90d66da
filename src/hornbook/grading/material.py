"""A lesson's version, addressed by its content: one digest of all that a grade depends on, the same wherever it is worked out.

    version_of(course, lesson)      a release states it, a record binds to it, a batch goes on by it
    files_of(course, slug)          the files of the course that it needs to be graded as it is now

Hints and the course's language change what is said, never what is earned, so they make no other version.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.errors import printable
from hornbook.grading.preparation import files_beside, files_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hornbook.course import Course
    from hornbook.lesson import Lesson

_REFERENCE = re.compile(rb"\b(reference|follows)\b")
"""The fixtures through which a check asks the reference solution."""


def version_of(course: Course, lesson: Lesson) -> str:
    """Return the SHA-256 of what decides the points for *lesson*: its notebook and what lies beside it, its grader, what is shared, limits.

    The solution counts where a check asks the reference. Raises `GraderError` where there is no grader.
    """
    import msgspec  # noqa: PLC0415 - kept out of `import hornbook`

    parts = {
        "lesson": lesson.digest,
        "graders": digests(course, judges_of(course, lesson.slug)),
        # What lies beside a lesson is read by its cells.
        "beside": sorted(files_for(lesson).items()),
        "settings": (course.settings.limits, course.settings.preload),
    }
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def digests(course: Course, paths: Iterable[Path]) -> list[tuple[str, str]]:
    """Return the SHA-256 of each of *paths* by its place in *course*, in order."""
    return sorted(
        (printable(path.relative_to(course.root).as_posix()), hashlib.sha256(path.read_bytes()).hexdigest()) for path in set(paths)
    )


def files_of(course: Course, slug: str) -> Iterator[Path]:
    """Yield the files that the lesson *slug* needs to be graded as it is now, with its hints: what a past version consists of."""
    yield from dict.fromkeys((course.path(slug), *files_beside(course.path(slug).parent), *course.judges(slug)))
    yield from (path for path in (_solution(course, slug),) if path is not None)


def judges_of(course: Course, slug: str) -> list[Path]:
    """Return the files that decide the points for the lesson *slug*; its solution is one of them where a check asks the reference.

    Raises `GraderError` where there is no grader.
    """
    judging = [course.grader(slug), *course.shared()]
    solution = _solution(course, slug)
    if solution is not None and any(_REFERENCE.search(path.read_bytes()) for path in judging if path.suffix == ".py"):
        judging.append(solution)
    return judging


def _solution(course: Course, slug: str) -> Path | None:
    return course.solution(slug) if course.has_solution(slug) else None
