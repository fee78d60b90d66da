"""Going on from a snapshot: only the cells from the first changed one are run, and what comes is what a clean run gives."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hornbook.config import Limits
from hornbook.lesson import ProgramCell
from hornbook.sandbox import footprint
from hornbook.sandbox.execute import Executor, Finished, Job
from hornbook.sandbox.forkserver import ForkServers
from hornbook.sandbox.policy import Mode, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = Limits(cell_seconds=2, total_seconds=20, memory_mb=512, disk_mb=32)


@pytest.fixture(scope="module")
def servers() -> Iterator[ForkServers]:
    """Give fork servers to share."""
    with ForkServers() as servers:
        yield servers


@pytest.fixture
def practice(servers: ForkServers) -> Iterator[Executor]:
    """Give an executor that is kept from run to run."""
    with Executor(Policy(limits=LIMITS), warm=servers) as executor:
        yield executor


def job(*sources: str, seconds: float = 2.0) -> Job:
    """Return a job whose cells are the exercises e1, e2 and so on."""
    cells = tuple(ProgramCell(source, f"e{number}", number, last_of_exercise=True) for number, source in enumerate(sources, start=1))
    return Job(cells, LIMITS, {f"e{number}": seconds for number, _ in enumerate(sources, start=1)})


def value(finished: Finished, exercise: str, expression: str) -> Any:
    """Return the value of *expression* in the state after *exercise*."""
    child = finished.snapshots[exercise].check(5)
    assert child is not None
    child.line.send(("evaluate", expression))
    answer = child.line.receive(deadline=time.monotonic() + 10)
    child.end()
    assert isinstance(answer, tuple), answer
    assert answer[0] == "value", answer
    return answer[1]


WORLD = """{
    "names": {name: repr(value) for name, value in globals().items() if not name.startswith("_") and type(value) in (int, list, dict, str)},
    "count": get_ipython().execution_count,
    "history": list(In),
    "results": {number: repr(value) for number, value in Out.items()},
    "files": {name: open(name).read() for name in __import__("os").listdir() if __import__("os").path.isfile(name)},
    "modules": sorted(name for name in ("fractions", "colorsys", "wave") if name in __import__("sys").modules),
    "depth": len(__import__("inspect").stack()),
    "recursion": __import__("sys").getrecursionlimit(),
    "figures": __import__("sys").modules["matplotlib.pyplot"].get_fignums() if "matplotlib.pyplot" in __import__("sys").modules else [],
}"""
"""What a learner's process can see of its own past."""


def told(finished: Finished) -> dict[str, Any]:
    """Return all that a run tells, but for times: what cells showed, how they ended, and the world after each exercise."""
    return {
        "cells": [(run.exercise, run.index, run.error, run.traceback, run.stopped, run.threads) for run in finished.cells],
        "shown": {name: (cell.source, cell.output, cell.error) for name, cell in finished.shown.items()},
        "worlds": {exercise: value(finished, exercise, WORLD) for exercise in finished.snapshots},
    }


SNIPPETS = (
    "x = 1",
    "x = [1, 2]",
    "x += x",
    "x.append(3)",
    "del x",
    "print(x)",
    "y = {'x': str(globals().get('x'))}",
    "x",
    "_",
    "raise ValueError(x)",
    "def (",
    "import fractions",
    "import colorsys; colorsys.mark = globals().get('x')",
    "x = getattr(__import__('colorsys'), 'mark', None)",
    "open('note.txt', 'a').write('more')",
    "print(open('note.txt').read())",
    "import os; os.remove('note.txt')",
    "f = open('held.txt', 'w+'); f.write('one two'); f.flush(); f.seek(0)",
    "print(f.read(3))",
    "import random; random.seed(4); x = random.random()",
    "x = random.random(); print(x)",
    "import sys; sys.setrecursionlimit(500)",
    "import os; os.environ['MOOD'] = 'good'",
    "print(__import__('os').environ.get('MOOD'))",
    "import builtins; builtins.shout = str.upper",
    "print(shout('x'))",
    "import os; os.chdir('/tmp')",
    "%precision 3\n1 / 3",
    "import sys; sys.setprofile(lambda *_: None); print(sys.getprofile() is not None)",
    "print(sys.getprofile() is not None)",
    "",
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate))
@given(data=st.data())
def test_what_comes_is_what_a_clean_run_gives(servers: ForkServers, data: st.DataObject) -> None:
    """However cells are edited, added and taken away, the result is that of a run from top to bottom in a new sandbox."""
    snippet = st.sampled_from(SNIPPETS)
    sources = data.draw(st.lists(snippet, min_size=2, max_size=5))
    with Executor(Policy(limits=LIMITS), warm=servers) as practice:
        for _ in range(data.draw(st.integers(1, 3))):
            resumed = told(practice.run(job(*sources), resume=True))
            with Executor(Policy(limits=LIMITS), warm=servers) as clean:
                assert resumed == told(clean.run(job(*sources)))
            place = data.draw(st.integers(0, len(sources) - 1))
            edit = data.draw(st.sampled_from(("change", "add", "take away")))
            sources[place : place + (edit != "add")] = [] if edit == "take away" and len(sources) > 1 else [data.draw(snippet)]


def test_only_what_follows_a_change_is_run_again(practice: Executor) -> None:
    """Cells before the change are not run: what they did once, they did once."""
    stamp = "import os, time; stamp = (os.urandom(8).hex(), time.time_ns())"
    first = practice.run(job(stamp, "x = 1", "y = x + 1"), resume=True)
    stamps = [value(first, "e1", "stamp")]
    second = practice.run(job(stamp, "x = 10", "y = x + 1"), resume=True)
    stamps += [value(second, exercise, "stamp") for exercise in ("e1", "e2", "e3")]

    assert len(set(stamps)) == 1
    assert value(second, "e3", "y") == 11


@pytest.mark.parametrize(
    "hindrance",
    [
        "open('note.txt', 'w').write('later')",
        "import os; os.makedirs('/tmp/later')",
    ],
    ids=["a file", "a folder elsewhere"],
)
def test_files_that_were_changed_since_stand_in_the_way(practice: Executor, hindrance: str) -> None:
    """A cell that left something on the disk is followed by a clean run, in which nothing of it is there."""
    stamp, look = "import os; stamp = os.urandom(8).hex()", "left = [os.path.exists('note.txt'), os.path.exists('/tmp/later')]"
    first = value(practice.run(job(stamp, hindrance, "pass"), resume=True), "e1", "stamp")
    second = practice.run(job(stamp, look, "pass"), resume=True)

    assert value(second, "e1", "stamp") != first
    assert value(second, "e3", "left") == [False, False]


def test_what_is_mounted_in_a_place_is_not_compared() -> None:
    """An environment below /tmp is thousands of files that nobody in a sandbox can change."""
    found = footprint.files(("/dev",))

    assert found
    assert [line for line in found if line.startswith("/dev/shm")] == []  # noqa: S108 - mounted there on every Linux


HINDRANCES = {
    "a thread": "import threading; event = threading.Event(); threading.Thread(target=event.wait, daemon=True).start()",
    "an open file": "held = open('/dev/null')",
    "a child": "import subprocess; child = subprocess.Popen(['sleep', '60'])",
    "shared memory": "import mmap; shared = mmap.mmap(-1, 4096)",
    "a timer": "import signal; signal.setitimer(signal.ITIMER_VIRTUAL, 3600)",
}


@pytest.mark.parametrize("hindrance", HINDRANCES)
def test_what_a_fork_would_not_have_for_itself_stands_in_the_way(practice: Executor, hindrance: str) -> None:
    """A state that a fork would share, or have only in part, is not gone on from; the states before it are."""
    stamp, late = "import os; early = os.urandom(8).hex()", "late = os.urandom(8).hex()"
    cells = (stamp, f"{HINDRANCES[hindrance]}\n{late}")
    stamps = []
    for x in (1, 2):
        finished = practice.run(job(*cells, f"x = {x}"), resume=True)
        stamps.append((value(finished, "e1", "early"), value(finished, "e2", "late")))

    assert stamps[0][0] == stamps[1][0]
    assert stamps[0][1] != stamps[1][1]
    assert value(finished, "e3", "x") == 2


def test_a_cell_that_was_stopped_is_run_again(practice: Executor) -> None:
    """After a loop that never ended nothing is gone on from, and the corrected notebook is as good as any."""
    stamp = "import os; stamp = os.urandom(8).hex()"
    first = practice.run(job(stamp, "while True: pass", "z = 1", seconds=0.3), resume=True)
    second = practice.run(job(stamp, "y = 2", "z = y"), resume=True)
    third = practice.run(job(stamp, "import os; os._exit(1)", "z = 3"), resume=True)
    fourth = practice.run(job(stamp, "y = 4", "z = y"), resume=True)

    assert [run.stopped for run in first.cells] == [None, "timed out", None]
    assert [run.stopped for run in third.cells] == [None, "died", None]
    assert (value(fourth, "e3", "z"), [run.stopped for run in second.cells]) == (4, [None] * 3)


def test_a_sandbox_that_fell_meanwhile_is_replaced(practice: Executor) -> None:
    """Where the sandbox with the states is gone, a clean run is made in another one."""
    practice.run(job("x = 1", "y = 2"), resume=True)
    practice.sandbox().close()
    finished = practice.run(job("x = 1", "y = x + 2"), resume=True)

    assert value(finished, "e2", "y") == 3


@pytest.mark.parametrize("mode", ["landlock"], indirect=True, scope="session")
def test_without_an_own_root_a_clean_run_is_made(mode: Mode, servers: ForkServers) -> None:
    """Where a process may not look at itself nothing is gone on from, and all is right all the same."""
    stamp = "import os; stamp = os.urandom(8).hex()"
    with Executor(Policy(mode=mode, limits=LIMITS), warm=servers) as executor:
        first = value(executor.run(job(stamp, "x = 1"), resume=True), "e1", "stamp")
        second = executor.run(job(stamp, "x = 2"), resume=True)

        assert value(second, "e1", "stamp") != first
        assert value(second, "e2", "x") == 2


def test_a_hundred_edits_leave_no_more_than_one(practice: Executor) -> None:
    """However often a notebook is edited, its sandbox holds the states of the last run only, at the same depth of calls."""
    me = psutil.Process()
    practice.run(job("x = 0", "y = x", "z = y"), resume=True)
    practice.run(job("x = 0", "y = 'once'", "z = y"), resume=True)
    before = (me.num_fds(), len(practice._states), len(practice._points))
    for turn in range(100):
        finished = practice.run(job("x = 0", f"y = {turn}", "z = y; depth = len(__import__('inspect').stack())"), resume=True)
    depths = {value(finished, "e3", "depth")}
    with Executor(practice.policy, warm=practice.warm) as clean:
        depths.add(value(clean.run(job("depth = len(__import__('inspect').stack())")), "e1", "depth"))

    assert (me.num_fds(), len(practice._states), len(practice._points)) == before
    assert (value(finished, "e3", "z"), len(depths)) == (99, 1)


def test_a_seed_of_the_learners_holds_in_every_fork(practice: Executor) -> None:
    """What is drawn after a seed is what Python draws after it: in a check, in each of two, and after going on."""
    drawn = random.Random(4)  # noqa: S311 - as the learner's
    expected = [drawn.random(), drawn.random()]
    seed, draw = "import random; random.seed(4); first = random.random()", "second = random.random()"
    practice.run(job(seed, "x = 1", draw), resume=True)
    finished = practice.run(job(seed, "x = 2", draw), resume=True)
    asked = [value(finished, "e1", "random.random()") for _ in range(2)]

    assert [value(finished, "e3", "first"), value(finished, "e3", "second")] == expected
    assert asked == [expected[1]] * 2
