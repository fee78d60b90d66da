"""`hornbook.grading.batch`: many submissions at a time, each with the verdict that it would have had alone."""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from hornbook import Course
from hornbook.grading.batch import Graded, grade_all, in_order, processors
from hornbook.lesson import Submission, fill
from hornbook.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import StepsCourse

GRADER = """
import pytest

@pytest.mark.exercise("one")
def test_one(submission):
    '''One is one'''
    assert submission.one == 1

@pytest.mark.exercise("two", hidden=True)
def test_two(submission, rng):
    '''Two doubles'''
    n = rng.randint(1, 10**9)
    assert submission.two(n) == 2 * n
"""
DAEMON = "import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: time.sleep(600)\n  os._exit(0)\n"
KINDS: dict[str, tuple[str, str, list[str]]] = {
    "right": ("one = 1", "def two(n): return n + n", ["passed", "passed"]),
    "half": ("one = 1", "def two(n): return n", ["passed", "failed"]),
    "wrong": ("one = 2", "def two(n): return n * n", ["failed", "failed"]),
    "broken": ("one = (", "def two(n): raise ValueError(n)", ["failed", "failed"]),
    "blank": ("one = ...\n", "two = ...\n", ["not attempted", "not attempted"]),
    "loops": ("one = 1", "def two(n):\n  while True: pass", ["passed", "timed out"]),
    "exits": ("one = 1", "import os; os._exit(0)", ["passed", "failed"]),
    "leaves a daemon": (DAEMON + "one = 1", "def two(n): return n + n", ["passed", "passed"]),
    "eats memory": ("one = 1", "def two(n): return bytearray(1 << 40)", ["passed", "out of memory"]),
    "lies": ("class One(int):\n  __eq__ = lambda *_: True\n  __hash__ = None\none = One(2)", "two = lambda n: one", ["failed", "failed"]),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, steps_course: StepsCourse) -> Course:
    """Give the course of these tests."""
    root = tmp_path_factory.mktemp("course")
    (root / "pyproject.toml").write_text(
        "[tool.hornbook.limits]\ntotal_seconds = 60\ncell_seconds = 8\ncheck_seconds = 4\nmemory_mb = 256\n", "utf-8"
    )
    return steps_course(root, GRADER)


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder in which sandboxes have their own; its path is short, as a socket's must be."""
    folder = Path(tempfile.mkdtemp(prefix="ht-", dir="/tmp"))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def statuses(graded: Graded) -> list[str]:
    """Return how the checks ended."""
    assert graded.verdict is not None, graded.error
    return [str(outcome.status) for outcome in graded.verdict.outcomes]


def test_two_hundred_at_a_time_all_end_right(course: Course, places: Path, tmp_path: Path) -> None:
    """Two hundred submissions, hostile ones among them, many at a time: each verdict is right, and nothing is left over."""
    order = [list(KINDS)[number % len(KINDS)] for number in range(200)]
    # What takes its check's whole time is a part of it, not most of it.
    order = [kind if kind not in {"loops", "eats memory"} or number % 3 == 0 else "right" for number, kind in enumerate(order)]
    random.Random(4).shuffle(order)  # noqa: S311 - any order
    paths = []
    for number, kind in enumerate(order):
        one, two, _ = KINDS[kind]
        notebook = course.lesson("steps").to_notebook({"one": one, "two": two})
        paths.append(tmp_path / f"{number}.ipynb")
        paths[-1].write_text(json.dumps(notebook), "utf-8")
    me = psutil.Process()
    before = (me.num_fds(), me.num_threads(), len(me.children(recursive=True)), len(me.net_connections("unix")))
    found = {graded.place: graded for graded in grade_all(paths, course, workers=50)}
    after = (me.num_fds(), me.num_threads(), len(me.children(recursive=True)), len(me.net_connections("unix")))

    assert [(kind, statuses(found[number])) for number, kind in enumerate(order)] == [(kind, KINDS[kind][2]) for kind in order]
    assert (after, list(places.iterdir())) == (before, [])


def test_what_comes_does_not_depend_on_how_many_run_at_a_time(course: Course) -> None:
    """One by one or many at a time, in this order or the other: the verdicts are the same."""
    submissions = [fill(course.lesson("steps"), {"one": one, "two": two}, kind) for kind, (one, two, _) in KINDS.items() if kind != "loops"]

    def told(number: int, *, backwards: bool) -> dict[str, object]:
        given = submissions[::-1] if backwards else submissions
        verdicts = [graded.verdict for graded in grade_all(given, course, workers=number, seed=5)]
        return {
            verdict.submission.name: (verdict.points, [(outcome.status, outcome.message, outcome.asked) for outcome in verdict.outcomes])
            for verdict in verdicts
            if verdict is not None
        }

    assert told(1, backwards=False) == told(6, backwards=True)


def test_one_that_cannot_be_read_does_not_stop_the_rest(course: Course, tmp_path: Path) -> None:
    """A file that is no notebook has an error in its place; a grading that is given up midway leaves nothing."""
    bad = tmp_path / "bad.ipynb"
    bad.write_text("{", "utf-8")
    good = fill(course.lesson("steps"), {"one": "one = 1", "two": "def two(n): return n + n"})
    found = sorted(grade_all([good, bad, good], course), key=lambda graded: graded.place)
    children = psutil.Process().children()
    for _ in grade_all([good] * 50, course):
        break

    assert [graded.verdict is not None for graded in found] == [True, False, True]
    assert "is not JSON" in str(found[1].error)
    assert psutil.Process().children() == children


def test_others_are_graded_while_a_result_is_written_down(course: Course) -> None:
    """A result is handed on when there is another submission in its place; all of them come, also with an unreadable one at the end."""
    taken: list[Path] = []

    def handed_in() -> Iterator[Path | Submission]:
        """Yield as many as are taken, and one that is not there."""
        for _ in range(4):
            taken.append(Path("one"))
            yield fill(course.lesson("steps"), {"one": "one = 1"})
        yield Path("nowhere.ipynb")

    graded = grade_all(handed_in(), course, workers=2)
    first = next(graded)

    assert len(taken) == 3
    assert sorted(one.place for one in (first, *graded) if one.verdict is not None) == [0, 1, 2, 3]


def test_practice_asks_the_visible_checks_only(course: Course) -> None:
    """Without the hidden checks no verdict is a pass."""
    good = fill(course.lesson("steps"), {"one": "one = 1", "two": "def two(n): return n + n"})
    (graded,) = grade_all([good], course, visible_only=True)

    assert graded.verdict is not None
    assert [outcome.status for outcome in graded.verdict.outcomes] == [Status.PASSED]
    assert (graded.verdict.hidden_pending, graded.verdict.passed) == (1, False)


def test_as_many_at_a_time_as_there_are_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of processors that this process may use, or of the machine's where that cannot be told."""
    ours = processors()
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)

    assert (ours >= 1, processors()) == (True, 1)


def test_results_can_be_had_in_the_order_of_what_was_given() -> None:
    """Each comes as soon as all before it are there, whatever the order in which they were done."""
    done = iter([(1, "b"), (0, "a"), (3, "d"), (2, "c")])
    ordered = in_order(done)
    first = next(ordered)
    left = next(done)[0]

    assert (first, left, list(ordered)) == ("a", 3, ["b", "c"])
