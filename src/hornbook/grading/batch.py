"""Many submissions, graded side by side: as many at a time as there are processors, each in a process of its own.

What is slow to start was started once (`examiner`); what comes does not depend on the order or on how many run at a time.
"""

from __future__ import annotations

import os
import select
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.course import Course
from hornbook.errors import HornbookError
from hornbook.grading.examiner import Examiner, Seat
from hornbook.lesson import Lesson, Submission, SubmissionFile
from hornbook.model import Assurance, Verdict
from hornbook.words import speaking

if TYPE_CHECKING:
    from hornbook.sandbox.canary import Strength


@dataclass(frozen=True, slots=True)
class Graded:
    """What came of one submission, the *place*-th of those given: a verdict, or what kept it from being had."""

    place: int
    submission: Path | Submission
    verdict: Verdict | None = None
    error: HornbookError | None = None


def grade_all(  # noqa: PLR0913 - all but two by name
    submissions: Iterable[Path | Submission],
    course: Course,
    *,
    lesson: Lesson | None = None,
    visible_only: bool = False,
    seed: int | None = None,
    assurance: Assurance = Assurance.SELF_CHECKED,
    strength: Strength | None = None,
    workers: int | None = None,
    language: str | None = None,
) -> Generator[Graded]:
    """Yield what *course* has to say about each of *submissions*, as `grade` would, in the order in which they are done.

    At most *workers* are graded at a time, by default as many as there are processors for us; further ones are read
    when there is room. One that cannot be graded has an error in the place of its verdict, and the others go on.
    """
    room = workers or processors()
    waiting: dict[int, tuple[Seat, int, Path | Submission]] = {}
    poll = select.poll()
    with Examiner(course, strength) as examiner:
        examiner.start()
        try:
            for place, submission in enumerate(submissions):
                try:
                    with speaking(language or course.settings.language):
                        asked = submission if isinstance(submission, Submission) else _read(submission, course, lesson)
                    seat = examiner.seat(asked.slug)
                except HornbookError as error:
                    yield Graded(place, submission, error=error)
                    continue
                seat.send(asked, visible_only=visible_only, seed=seed, assurance=assurance, language=language)
                waiting[seat.fileno()] = seat, place, submission
                poll.register(seat, select.POLLIN)
                while len(waiting) >= room:
                    yield from _done(poll, waiting)
            while waiting:
                yield from _done(poll, waiting)
        finally:
            for seat, _, _ in waiting.values():
                seat.close()


def in_order(graded: Iterable[Graded]) -> Iterator[Graded]:
    """Yield *graded* in the order in which the submissions were given, each as soon as all before it are there."""
    early: dict[int, Graded] = {}
    place = 0
    for one in graded:
        early[one.place] = one
        while place in early:
            yield early.pop(place)
            place += 1


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read(path: Path, course: Course, lesson: Lesson | None) -> Submission:
    file = SubmissionFile.open(path)
    return file.submission(lesson or file.match(course.lessons))


def _done(poll: select.poll, waiting: dict[int, tuple[Seat, int, Path | Submission]]) -> Iterator[Graded]:
    """Wait for answers; yield them."""
    for fd, _ in poll.poll():
        seat, place, submission = waiting.pop(fd)
        poll.unregister(fd)
        with seat:
            try:
                graded = Graded(place, submission, seat.receive())
            except HornbookError as error:
                graded = Graded(place, submission, error=error)
        yield graded
