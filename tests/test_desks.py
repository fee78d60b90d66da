"""`hornbook.server.desks`: warm seats, few at a time, that nobody closes under whoever uses them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hornbook import Course
from hornbook.lesson import fill
from hornbook.server.desks import MOST_SEATS, Desks

if TYPE_CHECKING:
    from conftest import StepsCourse

GRADER = '''\
import pytest


@pytest.mark.exercise("one")
def test_one(submission):
    """One is one"""
    assert submission.one == 1
'''


@pytest.fixture
def course(tmp_path: Path, steps_course: StepsCourse) -> Course:
    """Give a course of its own, which a test may change."""
    return steps_course(tmp_path, GRADER)


def test_a_course_that_is_edited_while_a_check_runs_costs_nobody_an_answer(course: Course) -> None:
    """Who has begun is answered by the grader as it was, and who comes later by the one that it is."""

    async def edit() -> tuple[bool, bool, bool]:
        desks = Desks()
        slow = fill(course.lesson("steps"), {"one": "time.sleep(1)\none = 1"})
        before = await desks.desk("ada", "a.ipynb", course, "steps")
        # With the first answer the grader has been collected; what stands in the file later does not change it.
        await before.ask(fill(course.lesson("steps"), {"one": "one = 1"}), practice=True)
        asking = asyncio.ensure_future(before.ask(slow, practice=True))
        await asyncio.sleep(0)
        (course.root / "graders" / "test_steps.py").write_text(GRADER.replace("== 1", "== 7"), "utf-8")
        after = await desks.desk("ada", "a.ipynb", course, "steps")
        late = await after.ask(slow, practice=True)
        early = await asking
        await asyncio.to_thread(desks.close)
        return early.outcomes[0].passed, late.outcomes[0].passed, before.seat is None

    assert asyncio.run(asyncio.wait_for(edit(), 120)) == (True, False, True)


def test_the_notebook_that_was_left_alone_for_longest_gives_its_seat_up(course: Course) -> None:
    """One user keeps a few warm, and another's are not counted."""

    async def work() -> list[bool]:
        desks = Desks()
        mine = [await desks.desk("ada", f"{number}.ipynb", course, "steps") for number in range(MOST_SEATS)]
        await mine[0].warm()
        other = await desks.desk("bob", "0.ipynb", course, "steps")
        await desks.desk("ada", "one-more.ipynb", course, "steps")
        found = [mine[0].closed, mine[0].seat is None, mine[1].closed, other.closed]
        await asyncio.to_thread(desks.close)
        return found

    assert asyncio.run(asyncio.wait_for(work(), 120)) == [True, True, False, False]


def test_a_desk_that_was_closed_is_of_use_once_more_and_keeps_nothing(course: Course) -> None:
    """Whoever had it before is answered, and its seat is given up."""

    async def work() -> tuple[bool, bool]:
        desks = Desks()
        desk = await desks.desk("ada", "a.ipynb", course, "steps")
        desk.close()
        verdict = await desk.ask(fill(course.lesson("steps"), {"one": "one = 1"}), practice=True)
        kept = desk.seat is None
        await asyncio.to_thread(desks.close)
        return verdict.outcomes[0].passed, kept

    assert asyncio.run(asyncio.wait_for(work(), 120)) == (True, True)
