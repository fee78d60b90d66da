"""`hornbook.server.jobs`: followed as they go on, cancelled when nobody wants them, and nobody else's business."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hornbook.errors import HornbookError
from hornbook.server.jobs import MOST_PER_USER, Job, Jobs, TooMany


async def forever(job: Job) -> dict[str, Any]:
    """Work until somebody cancels."""
    job.begin()
    await asyncio.Event().wait()
    return {}


def test_a_job_is_followed_to_its_end() -> None:
    """Whoever follows it sees it as it is, and at last its result."""

    async def work(job: Job) -> dict[str, Any]:
        job.begin()
        job.advance(1, 2, "half")
        return {"done": True}

    async def follow() -> list[dict[str, Any]]:
        return [change async for change in Jobs().start("ada", "check", work).changes()]

    seen = asyncio.run(follow())

    assert [change["state"] for change in seen] == ["waiting", "done"]
    assert (seen[-1]["progress"], seen[-1]["result"]) == ({"done": 1, "of": 2, "label": "half"}, {"done": True})


def test_who_follows_slowly_sees_the_latest_and_keeps_nothing_waiting() -> None:
    """A thousand changes while one is being sent are one more to send: nothing piles up, and the job is over when it is over."""

    async def scene() -> None:
        jobs = Jobs()
        jammed = asyncio.Event()

        async def work(job: Job) -> dict[str, object]:
            await jammed.wait()
            for number in range(1000):
                job.advance(number + 1, 1000, "x")
            return {}

        job = jobs.start("ada", "grade", work)
        changes = job.changes()
        first = await anext(changes)
        jammed.set()
        assert job.task is not None
        await job.task

        assert first["progress"] is None
        seen = [change async for change in changes]
        assert [(change["state"], change["progress"]["done"]) for change in seen] == [("done", 1000)]

    asyncio.run(scene())


def test_nobody_sees_another_users_job() -> None:
    """Its id alone is of no use."""

    async def look() -> tuple[object, object]:
        jobs = Jobs()
        job = jobs.start("ada", "check", forever)
        found = jobs.get("bob", job.id), jobs.get("ada", job.id)
        await jobs.close()
        return found[0], found[1] is job

    assert asyncio.run(look()) == (None, True)


def test_one_user_who_has_too_many_keeps_nobody_else_waiting() -> None:
    """The bound is each user's own, and what is over does not count."""

    async def fill() -> str:
        jobs = Jobs()
        mine = [jobs.start("ada", "check", forever) for _ in range(MOST_PER_USER)]
        with pytest.raises(TooMany, match=r"^8 checks are under way already\. Wait for one to end, or cancel it\.$"):
            jobs.start("ada", "check", forever)
        jobs.start("bob", "check", forever)
        jobs.cancel(mine[0])
        state = jobs.start("ada", "check", forever).state
        await jobs.close()
        return state

    assert asyncio.run(fill()) == "waiting"


def test_what_is_cancelled_is_told_at_once_and_stays_so() -> None:
    """Whoever follows it hears so, and what was going on is ended."""

    async def cancel() -> tuple[list[str], bool]:
        jobs = Jobs()
        job = jobs.start("ada", "check", forever)
        await asyncio.wait([asyncio.ensure_future(job.changed.wait())], timeout=10)
        jobs.cancel(job)
        states = [change["state"] async for change in job.changes()]
        assert job.task is not None
        await asyncio.wait([job.task], timeout=10)
        return states, job.task.done()

    assert asyncio.run(cancel()) == (["cancelled"], True)


def test_an_error_of_ours_or_an_authors_is_the_jobs_answer() -> None:
    """It fails with a code and the sentence."""

    async def work(_: Job) -> dict[str, Any]:
        raise HornbookError("The grader cannot be read.")

    async def fail() -> Job:
        job = Jobs().start("ada", "check", work)
        assert job.task is not None
        await job.task
        return job

    job = asyncio.run(fail())

    assert (job.state, job.error) == ("failed", {"code": "HornbookError", "message": "The grader cannot be read."})
