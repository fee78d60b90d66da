"""Where notebooks are checked: warm seats before their lessons' graders, in processes of their own, few at a time.

One examiner for each course, started when its first notebook is opened and replaced when the course has changed on the disk. A notebook
that is being worked on keeps a seat, and with it a sandbox that goes on from the first cell that has changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import threading
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
class Office:
    """An examiner for a course in one *state* of its files. When others take its place it ends with the last who use it."""

    examiner: Examiner
    state: str
    users: int = 0
    retired: bool = False

    @contextlib.asynccontextmanager
    async def used(self) -> AsyncIterator[Examiner]:
        """Give the examiner, which is there until the block ends."""
        self.users += 1
        try:
            yield self.examiner
        finally:
            self.users -= 1
            self.end_if_done()

    def end_if_done(self) -> None:
        """End the examiner's process if nobody will ask it anything more; that is waited for elsewhere."""
        if self.retired and not self.users:
            threading.Thread(target=self.examiner.close, name="hornbook-closes-an-examiner", daemon=True).start()


@dataclass(eq=False)
class Desk:
    """One notebook of one user: its seat, and the lock that has its checks come one after the other.

    One that is `closed` while it is used gives its seat up when the last who waits for it has had an answer.
    """

    user: str
    path: str
    slug: str
    office: Office
    seat: Seat | None = None
    closed: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    used: float = field(default_factory=time.monotonic)

    async def ask(self, submission: Submission, **how: Any) -> Verdict:
        """Return the verdict on *submission*; whoever stops waiting ends what was asked."""
        async with self.office.used() as examiner, self.lock:
            self.used = time.monotonic()
            try:
                if self.seat is None:
                    self.seat = await new_seat(examiner, self.slug)
                verdict = await conversation(self.seat, submission, **how)
            except BaseException:
                # What comes after this would be the answer to a question that nobody remembers.
                self.leave()
                raise
            if self.closed:
                self.leave()
            self.used = time.monotonic()
            return verdict

    async def warm(self) -> None:
        """Have the grader collected, if it is not yet."""
        async with self.office.used() as examiner, self.lock:
            if self.seat is None and not self.closed:
                self.seat = await new_seat(examiner, self.slug)
            if self.closed:
                self.leave()

    def close(self) -> None:
        """Give the seat up, now or when it is not used any more: a socket must not be closed under whoever waits for it."""
        self.closed = True
        if not self.lock.locked():
            self.leave()

    def leave(self) -> None:
        """Give the seat up, and with it the sandbox."""
        seat, self.seat = self.seat, None
        if seat is not None:
            seat.close()


async def new_seat(examiner: Examiner, slug: str) -> Seat:
    """Return a seat before the grader of *slug*; one that comes when nobody waits for it any more is given up."""
    coming = asyncio.ensure_future(asyncio.to_thread(examiner.seat, slug))
    try:
        return await asyncio.shield(coming)
    except asyncio.CancelledError:
        coming.add_done_callback(lambda done: None if done.cancelled() or done.exception() else done.result().close())
        raise


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
        self._offices: dict[str, Office] = {}
        self._desks: dict[tuple[str, str], Desk] = {}

    async def office(self, course: Course) -> Office:
        """Return the office of *course*, a new one if the course has changed."""
        state = await asyncio.to_thread(_state, course)
        # From here on nobody comes between: whatever is looked up is still so when it is changed.
        root = str(course.root)
        known = self._offices.get(root)
        if known is not None and known.state == state:
            return known
        if known is not None:
            for key, desk in list(self._desks.items()):
                if desk.office is known:
                    self._close(key)
            known.retired = True
            known.end_if_done()
        office = self._offices[root] = Office(Examiner(course), state)
        return office

    async def desk(self, user: str, path: str, course: Course, slug: str) -> Desk:
        """Return the desk of the notebook at *path*, which *user* works on."""
        office = await self.office(course)
        self.tidy()
        desk = self._desks.get((user, path))
        if desk is not None and (desk.slug != slug or desk.office is not office):
            self._close((user, path))
            desk = None
        if desk is None:
            desk = self._desks[user, path] = Desk(user, path, slug, office)
            mine = sorted((one for one in self._desks.values() if one.user == user and not one.lock.locked()), key=lambda one: one.used)
            for old in mine[: max(0, len(mine) - MOST_SEATS)]:
                self._close((old.user, old.path))
        desk.used = time.monotonic()
        return desk

    @contextlib.asynccontextmanager
    async def seat(self, course: Course, slug: str) -> AsyncIterator[Seat]:
        """Give a seat of its own for one grade: a clean run, which remembers nothing and leaves nothing."""
        office = await self.office(course)
        async with office.used() as examiner:
            seat = await new_seat(examiner, slug)
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
        for office in self._offices.values():
            office.examiner.close()
        self._offices.clear()

    def _close(self, key: tuple[str, str]) -> None:
        desk = self._desks.pop(key, None)
        if desk is not None:
            desk.close()


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
