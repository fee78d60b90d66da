"""Jobs: what takes longer than a request, followed as it goes on, and cancelled when nobody wants it any more.

All of this lives in the server's one event loop. A job belongs to the user who asked for it, and nobody else can see it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from hornbook.errors import HornbookError

State = Literal["waiting", "running", "done", "failed", "cancelled"]
OVER: frozenset[State] = frozenset({"done", "failed", "cancelled"})

MOST_PER_USER = 8
"""How many jobs of one user may be under way at a time."""

KEPT_SECONDS = 600.0
"""How long one that is over can still be asked about."""


class TooMany(HornbookError):  # noqa: N818 - what there is, not what went wrong
    """A user has as many jobs under way as may be."""


@dataclass(eq=False)
class Job:
    """One thing that is under way for *user*. `changed` is set and replaced with every change."""

    id: str
    user: str
    kind: str
    state: State = "waiting"
    progress: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    ended: float | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in OVER

    def begin(self) -> None:
        """Say that it is being worked on."""
        self.state = "running"
        self.tell()

    def advance(self, done: int, of: int, label: str) -> None:
        """Say how far it is."""
        self.progress = {"done": done, "of": of, "label": label}
        self.tell()

    def tell(self) -> None:
        """Wake whoever follows it."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def to_json(self) -> dict[str, Any]:
        """Return what a client sees of it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "progress": self.progress,
            "result": self.result,
            "error": self.error,
        }

    async def changes(self) -> AsyncIterator[dict[str, Any]]:
        """Yield it as it is, and then whenever it has changed, until it is over."""
        while True:
            # Noted before it is handed on: what happens while a slow reader has it is still to be told.
            changed, over = self.changed, self.over
            yield self.to_json()
            if over:
                return
            await changed.wait()


class Jobs:
    """All jobs of a server."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def start(self, user: str, kind: str, work: Callable[[Job], Awaitable[dict[str, Any]]]) -> Job:
        """Begin *work* for *user*; raise TooMany if that user has too much under way already."""
        self._forget()
        if sum(job.user == user and not job.over for job in self._jobs.values()) >= MOST_PER_USER:
            raise TooMany(f"{MOST_PER_USER} checks are under way already. Wait for one to end, or cancel it.")
        job = Job(secrets.token_urlsafe(12), user, kind)
        self._jobs[job.id] = job
        job.task = asyncio.ensure_future(self._run(job, work))
        return job

    def get(self, user: str, job_id: str) -> Job | None:
        """Return the job of *user* with that id, if there is one."""
        job = self._jobs.get(job_id)
        return job if job is not None and job.user == user else None

    def cancel(self, job: Job) -> None:
        """End *job*, if it is not over."""
        if not job.over and job.task is not None:
            job.task.cancel()
            self._end(job, "cancelled")

    def counts(self, user: str) -> dict[str, int]:
        """Return how many jobs of *user* run and wait."""
        states = [job.state for job in self._jobs.values() if job.user == user]
        return {"running": states.count("running"), "waiting": states.count("waiting")}

    async def close(self) -> None:
        """End all of them."""
        tasks = [job.task for job in self._jobs.values() if job.task is not None and not job.over]
        for job in list(self._jobs.values()):
            self.cancel(job)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, job: Job, work: Callable[[Job], Awaitable[dict[str, Any]]]) -> None:
        try:
            result = await work(job)
        except asyncio.CancelledError:
            self._end(job, "cancelled")
        except HornbookError as error:
            job.error = {"code": getattr(error, "code", type(error).__name__), "message": str(error)}
            self._end(job, "failed")
        except Exception as error:
            job.error = {"code": "internal", "message": f"This is a mistake of hornbook's own: {type(error).__name__}: {error}"}
            self._end(job, "failed")
            raise
        else:
            if not job.over:
                job.result = result
                self._end(job, "done")

    def _end(self, job: Job, state: State) -> None:
        if not job.over:
            job.state, job.ended = state, time.monotonic()
            job.tell()

    def _forget(self) -> None:
        before = time.monotonic() - KEPT_SECONDS
        self._jobs = {name: job for name, job in self._jobs.items() if job.ended is None or job.ended > before}
