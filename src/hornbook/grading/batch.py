"""Many submissions, graded side by side: as many at a time as there are processors and memory for, each in a process of its own.

What is slow to start was started once (`examiner`); what comes does not depend on the order or on how many run at a time.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hornbook.course import Course
from hornbook.errors import GraderError, HornbookError
from hornbook.grading.examiner import PATIENCE, START_SECONDS, Examiner, Seat
from hornbook.lesson import Lesson, Submission, SubmissionFile
from hornbook.model import Assurance, Verdict
from hornbook.words import speaking

if TYPE_CHECKING:
    from hornbook.sandbox.canary import Strength


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Graded:
    """What came of one submission, the *place*-th of those given: a verdict, or what kept it from being had."""

    place: int
    submission: Path | Submission
    verdict: Verdict | None = None
    error: HornbookError | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A submission whose verdict is waited for, until a time of the monotonic clock."""

    seat: Seat
    place: int
    submission: Path | Submission
    until: float


@dataclass(slots=True)
class _Room:
    """The submissions that are being graded."""

    asked: dict[int, _Asked] = field(default_factory=dict)
    poll: select.poll = field(default_factory=select.poll)
    silent: dict[str, GraderError] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    def enter(self, asked: _Asked) -> None:
        """Wait for one more."""
        self.asked[asked.seat.fileno()] = asked
        self.poll.register(asked.seat, select.POLLIN)

    def done(self) -> Iterator[Graded]:
        """Wait for answers, or until one is too late; yield what came."""
        first = min(one.until for one in self.asked.values())
        ready = [fd for fd, _ in self.poll.poll(max(0.0, first - time.monotonic()) * 1000)]
        late = [fd for fd, one in self.asked.items() if fd not in ready and one.until <= time.monotonic()]
        for fd in ready:
            one = self._leave(fd)
            self.answered.add(one.seat.slug)
            with one.seat:
                try:
                    graded = Graded(one.place, one.submission, one.seat.receive())
                except HornbookError as error:
                    graded = Graded(one.place, one.submission, error=error)
            yield graded
        for fd in late:
            one = self._leave(fd)
            one.seat.close()
            hangs = GraderError(one.seat.course.grader(one.seat.slug), "did not come to an end, or does not even begin.")
            if one.seat.slug not in self.answered:
                # It hangs where it is imported, most likely, and would do so for each of a thousand.
                self.silent[one.seat.slug] = hangs
            yield Graded(one.place, one.submission, error=hangs)

    def _leave(self, fd: int) -> _Asked:
        self.poll.unregister(fd)
        return self.asked.pop(fd)

    def close(self) -> None:
        """Wait for nobody any more."""
        for one in self.asked.values():
            one.seat.close()


def grade_all(  # noqa: PLR0913 - all but two by name
    submissions: Iterable[Path | Submission],
    course: Course,
    *,
    lesson: Lesson | None = None,
    visible_only: bool = False,
    seed: int | None = None,
    assurance: Assurance = Assurance.SELF_CHECKED,
    strength: Strength | None = None,
    examiner: Examiner | None = None,
    workers: int | None = None,
    language: str | None = None,
    variant: Callable[[int, Lesson], Mapping[str, Any] | None] | None = None,
    how: Callable[[int], Mapping[str, Any]] | None = None,
) -> Generator[Graded]:
    """Yield what *course* has to say about each of *submissions*, as `grade` would, in the order in which they are done.

    With an *examiner* of the course, which the caller may have started long before, that is asked. At most *workers* are graded at a
    time, by default as many as `room_for` says; further ones are read when there is room. One that cannot be graded, or of which nothing
    is heard, has an error in the place of its verdict, and the others go on. *variant* gives the values that the learner of the submission
    in a place got for its lesson's parameters, and *how* what is asked otherwise about it: its `seed`, `assurance`, or that it is to be
    believed (`Seat.send`).
    """
    most = workers or room_for(course.settings.limits.memory_mb)
    patience = START_SECONDS + 2 * PATIENCE + 4 * course.settings.limits.total_seconds
    room = _Room()
    with Examiner(course, strength) if examiner is None else contextlib.nullcontext(examiner) as office:
        office.start()
        # What has come is handed on when others are being graded in its place: to write it down takes a while.
        came: list[Graded] = []
        try:
            for place, submission in enumerate(submissions):
                while len(room.asked) >= most:
                    came.extend(room.done())
                try:
                    with speaking(language or course.settings.language):
                        asked = submission if isinstance(submission, Submission) else _read(submission, course, lesson)
                    if asked.slug in room.silent:
                        raise room.silent[asked.slug]
                    if variant is not None:
                        asked = replace(asked, variant=variant(place, course.lesson(asked.slug)))
                    seat = office.seat(asked.slug)
                except HornbookError as error:
                    yield from (*came, Graded(place, submission, error=error))
                    came.clear()
                    continue
                same: dict[str, Any] = {"visible_only": visible_only, "seed": seed, "assurance": assurance, "language": language}
                seat.send(asked, **(same | dict(how(place)) if how is not None else same))
                room.enter(_Asked(seat, place, submission, time.monotonic() + patience))
                if len(room.asked) >= most:
                    yield from came
                    came.clear()
            yield from came
            while room.asked:
                yield from room.done()
        finally:
            room.close()


def in_order(done: Iterable[tuple[int, T]]) -> Iterator[T]:
    """Yield what comes with its place in the order of the places, each as soon as all before it are there."""
    early: dict[int, T] = {}
    place = 0
    for where, one in done:
        early[where] = one
        while place in early:
            yield early.pop(place)
            place += 1


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def room_for(megabytes: int) -> int:
    """Return how many submissions may be graded at a time: one for each processor, and not more than have *megabytes* of memory each."""
    import psutil  # noqa: PLC0415 - only here

    free = min([psutil.virtual_memory().available, *_left_of_group()])
    return max(1, min(processors(), (free >> 20) // megabytes))


def _left_of_group(folder: Path = Path("/sys/fs/cgroup")) -> Iterator[int]:
    """Yield how much memory our container has left, if it has a limit (https://docs.kernel.org/admin-guide/cgroup-v2.html)."""
    with contextlib.suppress(OSError, ValueError):
        yield int((folder / "memory.max").read_text("ascii")) - int((folder / "memory.current").read_text("ascii"))


def _read(path: Path, course: Course, lesson: Lesson | None) -> Submission:
    file = SubmissionFile.open(path)
    return file.submission(lesson or file.match(course.lessons))
