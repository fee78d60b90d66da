"""Where notebooks are checked: warm seats before their lessons' graders, in processes of their own, few at a time.

One examiner for each course, started when its first notebook is opened and replaced when the course has changed on the disk. A notebook
that is being worked on keeps a seat, and with it a sandbox that goes on from the first cell that has changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from hornbook.course import Course
from hornbook.grading.examiner import Examiner, Seat
from hornbook.lesson import Submission
from hornbook.model import Verdict

MOST_SEATS = 4
"""How many notebooks of one user keep a warm sandbox; the one that was left alone for longest gives its up."""

IDLE_SECONDS = 900.0
"""How long a notebook that nobody checks keeps it."""


@dataclass(eq=False)
class Desk:
    """One notebook of one user: its seat, and the lock that has its checks come one after the other."""

    user: str
    path: str
    slug: str
    examiner: Examiner
    seat: Seat | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    used: float = field(default_factory=time.monotonic)

    async def ask(self, submission: Submission, **how: Any) -> Verdict:
        """Return the verdict on *submission*; whoever stops waiting ends what was asked."""
        async with self.lock:
            self.used = time.monotonic()
            if self.seat is None:
                self.seat = await asyncio.to_thread(self.examiner.seat, self.slug)
            try:
                verdict = await conversation(self.seat, submission, **how)
            except BaseException:
                # What comes after this would be the answer to a question that nobody remembers.
                self.leave()
                raise
            self.used = time.monotonic()
            return verdict

    def leave(self) -> None:
        """Give the seat up, and with it the sandbox."""
        seat, self.seat = self.seat, None
        if seat is not None:
            seat.close()


async def conversation(seat: Seat, submission: Submission, tell: Callable[[int, int], None] | None = None, **how: Any) -> Verdict:
    """Return what *seat* has to say about *submission*, without holding up the event loop; *tell* hears how far it is."""
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(seat.send, submission, progress=tell is not None, **how)
    while True:
        readable = asyncio.Event()
        loop.add_reader(seat.fileno(), readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(seat.fileno())
        # It comes from a trusted process, in one piece.
        answer = seat.receive_next()
        if isinstance(answer, Verdict):
            return answer
        if tell is not None:
            tell(*answer)


class Desks:
    """All desks of a server, and the examiners behind them."""

    def __init__(self) -> None:
        self._examiners: dict[str, tuple[str, Examiner]] = {}
        self._desks: dict[tuple[str, str], Desk] = {}

    def examiner(self, course: Course) -> Examiner:
        """Return the examiner of *course*, a new one if the course has changed."""
        root, state = str(course.root), _state(course)
        known = self._examiners.get(root)
        if known is not None and known[0] == state:
            return known[1]
        if known is not None:
            for key, desk in list(self._desks.items()):
                if desk.examiner is known[1]:
                    self._close(key)
            known[1].close()
        examiner = Examiner(course)
        self._examiners[root] = state, examiner
        return examiner

    def desk(self, user: str, path: str, course: Course, slug: str) -> Desk:
        """Return the desk of the notebook at *path*, which *user* works on."""
        examiner = self.examiner(course)
        self.tidy()
        desk = self._desks.get((user, path))
        if desk is not None and (desk.slug != slug or desk.examiner is not examiner):
            self._close((user, path))
            desk = None
        if desk is None:
            desk = self._desks[user, path] = Desk(user, path, slug, examiner)
            mine = sorted((one for one in self._desks.values() if one.user == user and not one.lock.locked()), key=lambda one: one.used)
            for old in mine[: max(0, len(mine) - MOST_SEATS)]:
                self._close((old.user, old.path))
        desk.used = time.monotonic()
        return desk

    @contextlib.asynccontextmanager
    async def seat(self, course: Course, slug: str) -> AsyncIterator[Seat]:
        """Give a seat of its own for one grade: a clean run, which remembers nothing and leaves nothing."""
        seat = await asyncio.to_thread(self.examiner(course).seat, slug)
        try:
            yield seat
        finally:
            seat.close()

    def tidy(self) -> None:
        """Close the desks that were left alone."""
        before = time.monotonic() - IDLE_SECONDS
        for key, desk in list(self._desks.items()):
            if desk.used < before and not desk.lock.locked():
                self._close(key)

    def close(self) -> None:
        """End all processes."""
        for key in list(self._desks):
            self._close(key)
        for _, examiner in self._examiners.values():
            examiner.close()
        self._examiners.clear()

    def _close(self, key: tuple[str, str]) -> None:
        desk = self._desks.pop(key, None)
        if desk is not None:
            desk.leave()


def _state(course: Course) -> str:
    """Return what changes whenever one of the course's files does."""
    digest = hashlib.sha256(repr(course.settings).encode())
    for folder in ("lessons", "graders", "feedback"):
        for place, folders, files in os.walk(course.root / folder):
            folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
            for name in sorted(files):
                with contextlib.suppress(OSError):
                    status = os.stat(os.path.join(place, name))  # noqa: PTH116, PTH118 - for some hundred files at each check
                    digest.update(f"{place}/{name}\0{status.st_mtime_ns}\0{status.st_size}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
