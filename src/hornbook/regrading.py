"""Grades again what was handed in, against a lesson as it is now or as it was: what would change, and what is noted of it.

    for change in regrade(record, course, slugs, learners, against=None, keep=False): ...

The same draws as the first time are asked, so that what changes has changed in the lesson. Nothing is ever overwritten.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from hornbook.draws import can_be_drawn
from hornbook.errors import HornbookError, printable

if TYPE_CHECKING:
    from hornbook.course import Course
    from hornbook.lesson import Lesson, Submission
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


_Found: TypeAlias = "tuple[int, HandedIn, Change]"
"""What became of one that was handed in, with its place among them."""


def _rank(verdict: Verdict) -> tuple[bool, float]:
    """Return what verdicts are compared by: a lesson that is worth more now makes nobody worse."""
    points = verdict.points
    return verdict.passed, round(points.earned / points.possible, 9) if points.possible else 0.0


def regrade(  # noqa: PLR0913 - all but two by name
    record: Record,
    course: Course,
    *,
    slugs: Sequence[str] = (),
    learners: Sequence[str] = (),
    against: str | None = None,
    why: str = "",
    keep: bool = False,
    workers: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Change]:
    """Yield what becomes of what *learners* have handed in for the lessons *slugs*, all if none are named, when it is graded again.

    It is graded *against* the version of that digest, by default against each lesson as it is now; what was graded against that is left
    out. As many are graded at a time as *workers*, by default as `batch.room_for` says, and each is yielded in the order of their coming.
    With *keep* each new verdict is in the record as soon as it is there, beside the old one and with *why*: whoever is interrupted goes on
    with the same call. Raises `CourseError` for a version that was not kept.
    """
    from hornbook.grading.batch import in_order  # noqa: PLC0415 - brings the sandbox along

    at, targets = _targets(course, slugs, against)
    again = _Again(record, at, targets, tell)
    with contextlib.closing(again.changes(record.handed_in(course.name, list(targets), learners), workers)) as changes:
        yield from in_order(again.kept(changes, why) if keep else ((place, change) for place, _, change in changes))


@dataclass(slots=True)
class _Again:
    """One regrade: what is asked of the grader of *course*, and what is known without asking."""

    record: Record
    course: Course
    targets: Mapping[str, tuple[Lesson, str]]
    tell: Callable[[str], None]
    known: list[_Found] = field(default_factory=list)
    asked: list[tuple[int, HandedIn]] = field(default_factory=list)

    def changes(self, handed_in: Iterable[HandedIn], workers: int | None) -> Generator[_Found]:
        """Yield what becomes of each, with its place among them, as soon as it is known."""
        from hornbook.grading.batch import grade_all  # noqa: PLC0415 - brings the sandbox along

        questions = self._questions(handed_in)
        first = next(questions, None)
        if first is not None:
            # Only now, because to start a grader takes a second.
            with contextlib.closing(grade_all(chain([first], questions), self.course, workers=workers, how=self._how)) as graded:
                for one in graded:
                    place, before = self.asked[one.place]
                    self.tell(f"{before.lesson}: {before.learner}")
                    yield place, before, Change(before.learner, before.lesson, before.verdict, one.verdict, str(one.error or ""))
                    yield from self._what_is_known()
        yield from self._what_is_known()

    def kept(self, changes: Iterable[_Found], why: str) -> Iterator[tuple[int, Change]]:
        """Yield each of *changes* when it is in the record."""
        for place, before, change in changes:
            if change.now is not None and not change.known:
                bound = self.targets[before.lesson][1]
                self.record.regrade(before, change.now, bound=bound, why=why or f"graded again against version {bound[:12]}")
            yield place, change

    def _questions(self, handed_in: Iterable[HandedIn]) -> Iterator[Submission]:
        """Yield what has to be asked, and note what need not, or cannot."""
        place = 0
        for one in handed_in:
            lesson, bound = self.targets[one.lesson]
            if one.bound == bound:
                continue
            found = self.record.regraded(one, bound)
            if found is not None:
                self.known.append((place, one, Change(one.learner, one.lesson, one.verdict, found, known=True)))
            else:
                try:
                    submission = _submission(one, lesson)
                except HornbookError as error:
                    self.known.append((place, one, Change(one.learner, one.lesson, one.verdict, error=str(error))))
                else:
                    self.asked.append((place, one))
                    yield submission
            place += 1

    def _how(self, asked: int) -> dict[str, Any]:
        """Return how it was asked the first time: with which draws, and with whose word for the parameters."""
        before = self.asked[asked][1].verdict
        believing = before.parameters is not None and before.parameters.of == "notebook"
        return {"seed": before.seed, "assurance": before.assurance, "believing": believing}

    def _what_is_known(self) -> Iterator[_Found]:
        while self.known:
            yield self.known.pop(0)


def _targets(course: Course, slugs: Sequence[str], against: str | None) -> tuple[Course, dict[str, tuple[Lesson, str]]]:
    """Return the course that is graded against, and for each lesson what that is, and which version."""
    from hornbook.grading.material import version_of  # noqa: PLC0415 - brings the sandbox along
    from hornbook.release.versions import at  # noqa: PLC0415 - the same

    if against is not None:
        past, lesson = at(course, against)
        if slugs and lesson.slug not in slugs:
            raise HornbookError(f'The version {printable(against)} is one of "{lesson.slug}". Name that lesson, or none.')
        return past, {lesson.slug: (lesson, version_of(past, lesson))}
    return course, {slug: (course.lesson(slug), version_of(course, course.lesson(slug))) for slug in slugs or course.slugs}


def _submission(one: HandedIn, lesson: Lesson) -> Submission:
    """Return *one* as it is asked about again by *lesson*; raise `HornbookError` where it cannot be."""
    from hornbook.lesson import SubmissionFile  # noqa: PLC0415 - heavy

    before = one.verdict
    if one.source is None:
        raise HornbookError(
            f"{printable(one.learner)}, {one.lesson}: was handed in before the record kept what it grades. Grade the file again."
        )
    file = SubmissionFile.parse(one.source, Path(before.submission.name))
    submission = replace(file.submission(lesson), digest=before.submission.digest, name=before.submission.name)
    return replace(submission, variant=_own_values(one, lesson))


def _own_values(one: HandedIn, lesson: Lesson) -> dict[str, Any] | None:
    """Return the values of the learner's own that *one* was graded with, None where the lesson, or the notebook, says them.

    Raises `HornbookError` where *lesson* no longer takes them.
    """
    parameters = one.verdict.parameters
    if parameters is None or parameters.of == "lesson":
        return None
    values, of_notebook = parameters.values, parameters.of == "notebook"
    fit = values.keys() == {draw.name for draw in lesson.draws} and all(draw.fits(values[draw.name]) for draw in lesson.draws)
    if not fit or (of_notebook and not can_be_drawn(values, lesson.draws)):
        raise HornbookError(
            f"{printable(one.learner)}, {one.lesson}: was graded with values of their own for parameters that the lesson no longer has so. "
            "Hand it out again, and grade what comes back."
        )
    return None if of_notebook else dict(values)


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
