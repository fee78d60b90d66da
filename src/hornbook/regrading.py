"""Grades again what was handed in, against a lesson as it is now or as it was: what would change, and what is noted of it.

    for change in regrade(record, course, slugs, learners, against=None, keep=False): ...

The same draws as the first time are asked, so that what changes has changed in the lesson. Nothing is ever overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hornbook.errors import HornbookError, printable

if TYPE_CHECKING:
    from hornbook.course import Course
    from hornbook.lesson import Lesson
    from hornbook.model import Verdict
    from hornbook.record.store import HandedIn, Record


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one submission when it was graded again: the verdict before, and the one now, or why there is none.

    `known` says that an earlier regrade has found it.
    """

    learner: str
    lesson: str
    before: Verdict
    now: Verdict | None = None
    error: str = ""
    known: bool = False

    @property
    def kind(self) -> Literal["rises", "falls", "same", "refused"]:
        """In which direction the points went, and with the same points, whether it passes."""
        if self.now is None:
            return "refused"
        before, now = (_rank(verdict) for verdict in (self.before, self.now))
        return "rises" if now > before else "falls" if now < before else "same"


def _rank(verdict: Verdict) -> tuple[bool, float]:
    """Return what verdicts are compared by: a lesson that is worth more now makes nobody worse."""
    points = verdict.points
    return verdict.passed, round(points.earned / points.possible, 9) if points.possible else 0.0


def regrade(
    record: Record,
    course: Course,
    *,
    slugs: Sequence[str] = (),
    learners: Sequence[str] = (),
    against: str | None = None,
    why: str = "",
    keep: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Change]:
    """Yield what becomes of what *learners* have handed in for the lessons *slugs*, all if none are named, when it is graded again.

    It is graded *against* the version of that digest, by default against each lesson as it is now; what was graded against that is left
    out. With *keep* each new verdict is in the record before it is yielded, beside the old one and with *why*: whoever is interrupted
    goes on with the same call. Raises `CourseError` for a version that was not kept.
    """
    from hornbook.sandbox.forkserver import ForkServers  # noqa: PLC0415 - brings the sandbox along

    targets = _targets(course, slugs, against)
    with ForkServers() as warm:
        for one in record.handed_in(course.name, list(targets), learners):
            at, lesson, bound = targets[one.lesson]
            if one.bound == bound:
                continue
            tell(f"{one.lesson}: {one.learner}")
            found = record.regraded(one, bound)
            if found is not None:
                yield Change(one.learner, one.lesson, one.verdict, found, known=True)
                continue
            try:
                now = _again(one, at, lesson, warm)
            except HornbookError as error:
                yield Change(one.learner, one.lesson, one.verdict, error=str(error))
                continue
            if keep:
                record.regrade(one, now, bound=bound, why=why or f"graded again against version {bound[:12]}")
            yield Change(one.learner, one.lesson, one.verdict, now)


def _targets(course: Course, slugs: Sequence[str], against: str | None) -> dict[str, tuple[Course, Lesson, str]]:
    """Return for each lesson the course, the lesson and the version that it is graded against."""
    from hornbook.grading.material import version_of  # noqa: PLC0415 - brings the sandbox along
    from hornbook.release.versions import at  # noqa: PLC0415 - the same

    if against is not None:
        past, lesson = at(course, against)
        if slugs and lesson.slug not in slugs:
            raise HornbookError(f'The version {printable(against)} is one of "{lesson.slug}". Name that lesson, or none.')
        return {lesson.slug: (past, lesson, version_of(past, lesson))}
    return {slug: (course, course.lesson(slug), version_of(course, course.lesson(slug))) for slug in slugs or course.slugs}


def _again(one: HandedIn, course: Course, lesson: Lesson, warm: object) -> Verdict:
    """Return the verdict on *one* by *lesson* of *course*, asked with the same draws; raise `HornbookError` where there can be none."""
    from hornbook.grading import grade  # noqa: PLC0415 - heavy
    from hornbook.lesson import SubmissionFile  # noqa: PLC0415

    before = one.verdict
    if one.source is None:
        raise HornbookError(
            f"{printable(one.learner)}, {one.lesson}: was handed in before the record kept what it grades. Grade the file again."
        )
    file = SubmissionFile.parse(one.source, Path(before.submission.name))
    submission = replace(file.submission(lesson), digest=before.submission.digest, name=before.submission.name)
    submission = replace(submission, variant=_own_values(one, lesson))
    return grade(submission, course, lesson=lesson, seed=before.seed, assurance=before.assurance, warm=warm)  # type: ignore[arg-type]


def _own_values(one: HandedIn, lesson: Lesson) -> dict[str, Any] | None:
    """Return the values of the learner's own that *one* was graded with; raise `HornbookError` where *lesson* no longer takes them."""
    parameters = one.verdict.parameters
    if parameters is None or parameters.of != "learner":
        return None
    values = parameters.values
    if set(values) != {draw.name for draw in lesson.draws} or not all(draw.fits(values[draw.name]) for draw in lesson.draws):
        raise HornbookError(
            f"{printable(one.learner)}, {one.lesson}: was graded with values of their own for parameters that the lesson no longer has so. "
            "Hand it out again, and grade what comes back."
        )
    return dict(values)


def unearned(changes: Sequence[Change], artifacts: Path) -> Iterator[tuple[Change, Path]]:
    """Yield each of *changes* that no longer passes with the artifact, below *artifacts*, that was issued for it; none is touched."""
    from hornbook.model import Verdict  # noqa: PLC0415 - heavy

    fallen = {
        (change.lesson, change.before.submission.digest): change
        for change in changes
        if change.now is not None and change.before.passed and not change.now.passed
    }
    for path in sorted(artifacts.glob("*/verdict.json")):
        try:
            verdict = Verdict.from_json(path.read_bytes())
        except (HornbookError, OSError):
            continue
        change = fallen.get((verdict.lesson.slug, verdict.submission.digest))
        if change is not None:
            yield change, path.parent
