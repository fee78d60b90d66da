"""`hornbook.grading.sitting`: one submission before one grader, executed once for each set of parameters."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

import pytest

from hornbook import Course, grade
from hornbook.errors import GraderError, SandboxError
from hornbook.grading.outcomes import Check, Trace
from hornbook.grading.preparation import imported_by, policy_for, runtime
from hornbook.grading.sitting import Sitting
from hornbook.lesson import Cell, Lesson, fill, write_lesson
from hornbook.model import Status
from hornbook.sandbox.canary import strongest
from hornbook.sandbox.execute import Executor
from hornbook.sandbox.probe import CheckEnded

if TYPE_CHECKING:
    from pathlib import Path

    from hornbook.model import Outcome, Verdict

ONE = Check("test_one", "one", "One", 1.0, hidden=False, seconds=5.0)


def course_of(root: Path, grader: str, *cells: Cell, settings: str = "") -> Course:
    """Return a course with one lesson, `steps`, of *cells*."""
    for folder in ("lessons", "graders", "feedback"):
        (root / folder).mkdir()
    (root / "pyproject.toml").write_text(f"[tool.hornbook]\n{settings}\n", "utf-8")
    (root / "graders" / "test_steps.py").write_text("import pytest\n" + grader, "utf-8")
    (root / "graders" / "steps.solution.py").write_text("# %% one\none = 1\n# %% two\ntwo = 2\n", "utf-8")
    lesson = Lesson(
        path=root / "lessons" / "steps.ipynb",
        slug="steps",
        title="Steps",
        version="1.0.0",
        summary="One step after the other.",
        objectives=("Walk",),
        level="beginner",
        minutes=5,
        authors=("hornbook maintainers",),
        licence="CC-BY-4.0",
        cells=cells,
    )
    write_lesson(lesson)
    return Course.open(root)


def exercises(*names: str) -> list[Cell]:
    """Return an exercise cell for each name, as shipped."""
    return [Cell("code", f"{name} = ...\n", exercise=name, id=name) for name in names]


def judged(course: Course, **answers: str) -> dict[str, Outcome]:
    """Return the outcomes of the lesson's checks on *answers*, by name."""
    return {outcome.check: outcome for outcome in verdict_of(course, **answers).outcomes}


def verdict_of(course: Course, **answers: str) -> Verdict:
    """Return the verdict on *answers*."""
    return grade(fill(course.lesson("steps"), answers), course, seed=1)


STATES = """
@pytest.mark.exercise("one")
def test_one(submission):
    assert submission.shared == [1]

@pytest.mark.exercise("two")
def test_two(submission):
    assert submission.shared == [1, 2]

@pytest.mark.exercise("one")
def test_nothing_leaks_between_checks(submission):
    submission.run("shared.append(99)")
    assert submission.shared == [1, 99]

@pytest.mark.exercise("one")
def test_one_again(submission):
    assert submission.shared == [1]
"""


def test_each_check_sees_the_state_after_its_exercise(tmp_path: Path) -> None:
    """A later cell does not change what an earlier exercise is asked about, nor does a check what the next one sees."""
    course = course_of(tmp_path, STATES, *exercises("one", "two"))
    found = judged(course, one="shared = [1]", two="shared.append(2)")

    assert {name: outcome.status for name, outcome in found.items()} == dict.fromkeys(found, Status.PASSED)


PARAMETERS = """
@pytest.mark.exercise("one")
def test_as_given(submission):
    assert submission.one == 10

@pytest.mark.exercise("one")
@pytest.mark.parameters(n=7)
def test_marker(submission):
    assert submission.one == 70

@pytest.mark.exercise("one")
def test_anew(submission):
    three, four = submission.with_parameters(n=3), submission.with_parameters(n=4, word="x")
    assert [submission.one, three.one, four.one, submission.one] == [10, 30, 40, 10]
"""


@pytest.mark.parametrize("tagged", [True, False], ids=["with a parameters cell", "without"])
def test_a_notebook_can_be_run_with_other_parameters(tmp_path: Path, tagged: bool) -> None:
    """The marker and `with_parameters` run it anew with values behind its parameters cell, or before all where there is none."""
    given = Cell("code", "n = 1", tags=("parameters",), id="given") if tagged else Cell("code", "n = globals().get('n', 1)", id="given")
    found = judged(course_of(tmp_path, PARAMETERS, given, *exercises("one")), one="one = n * 10")

    assert {name: outcome.status for name, outcome in found.items()} == dict.fromkeys(found, Status.PASSED)


REFERENCE = """
@pytest.mark.exercise("one")
@pytest.mark.parameters(n=7)
def test_marker(submission, reference):
    assert submission.one == reference.one

@pytest.mark.exercise("one", hidden=True)
def test_drawn(submission, reference, rng):
    for n in rng.sample(range(2, 1_000), 3):
        assert submission.with_parameters(n=n).one == reference.with_parameters(n=n).one

@pytest.mark.exercise("two")
def test_as_a_function(submission, reference):
    assert [submission.two(number) for number in range(5)] == [reference.two(number) for number in range(5)]
"""
SOLVED = "# %% one\none = n * 10\n# %% two\ndef two(number):\n    return number * 2\n"


def with_reference(root: Path, grader: str, solution: str) -> Course:
    """Return a course whose lesson has a parameters cell and this *solution*."""
    course = course_of(root, grader, Cell("code", "n = 1", tags=("parameters",), id="given"), *exercises("one", "two"))
    (root / "graders" / "steps.solution.py").write_text(solution, "utf-8")
    return course


def test_a_notebook_of_literals_does_not_follow_its_parameters(tmp_path: Path) -> None:
    """A check can compare with the reference solution, run with the same hidden values; what is right in another way is right."""
    course = with_reference(tmp_path, REFERENCE, SOLVED)
    right = judged(course, one="one = sum([n] * 10)", two="two = lambda number: number + number")
    literal = judged(course, one="one = 10", two="two = {0: 0, 1: 2, 2: 4, 3: 6, 4: 8}.get")

    assert {name: outcome.status for name, outcome in right.items()} == dict.fromkeys(right, Status.PASSED)
    assert {name: outcome.status for name, outcome in literal.items()} == {
        "test_marker": Status.FAILED, "test_drawn": Status.FAILED, "test_as_a_function": Status.PASSED,
    }  # fmt: skip
    assert literal["test_marker"].expected == "70"


@pytest.mark.parametrize(
    ("solution", "told"),
    [
        (SOLVED.replace("n * 10", "1 / 0"), "The reference solution"),
        (SOLVED.replace("return number * 2", "raise ValueError(number)"), "cannot be asked for two(0): ValueError: 0"),
        (SOLVED.replace("number * 2", "nothing"), "cannot be asked for two(0): NameError"),
    ],
)
def test_a_reference_that_fails_is_the_graders_fault(tmp_path: Path, solution: str, told: str) -> None:
    """The check is broken, which costs nobody a point, and says why."""
    found = judged(with_reference(tmp_path, REFERENCE, solution), one="one = n * 10", two="def two(number):\n    return number * 2")
    broken = [outcome for outcome in found.values() if outcome.status is Status.BROKEN]

    assert broken
    assert any(told in outcome.message for outcome in broken)
    assert {outcome.status for outcome in found.values()} == {Status.BROKEN, Status.PASSED}


def test_the_reference_is_in_a_sandbox_of_its_own(tmp_path: Path) -> None:
    """What a learner's cell leaves behind, in a file or a process, is not there when the solution runs, and the other way round."""
    grader = """
@pytest.mark.exercise("one")
def test_apart(submission, reference):
    reference.run("open('answer', 'w').write('42')")
    assert submission.one == "mine"
    assert submission.with_parameters(n=2).one == "mine"
    assert reference.with_parameters(n=2).one == "clean"
"""
    solution = "import os\none = 'found something' if os.path.exists('left') else 'clean'"
    answer = "import os\none = 'found something' if os.path.exists('answer') else 'mine'\nopen('left', 'w').close()"
    course = with_reference(tmp_path, grader, f"# %% one\n{solution}\n# %% two\ntwo = 2\n")

    assert judged(course, one=answer)["test_apart"].status is Status.PASSED


def test_cells_that_no_check_needs_are_left_out(tmp_path: Path) -> None:
    """What only shows an exercise, by its tag or because none comes after it, does not hang with it once more; the rest is run."""
    grader = """
@pytest.mark.exercise("one")
def test_one(submission):
    assert submission.one == 1

@pytest.mark.exercise("two")
def test_two(submission):
    assert submission.two == 2
"""
    one, two = exercises("one", "two")
    shown, needed, behind = (
        Cell("code", "while True: pass", tags=("show",), id="shown"),
        Cell("code", "known = 2", id="needed"),
        Cell("code", "while True: pass", id="behind"),
    )
    course = course_of(tmp_path, grader, one, shown, needed, two, behind)
    verdict = verdict_of(course, one="one = 1", two="two = known")

    assert [(cell.index, cell.stopped) for cell in verdict.cells] == [(0, None), (2, None), (3, None)]
    assert verdict.passed


def test_hidden_parameters_do_not_show_in_visible_outcomes(tmp_path: Path) -> None:
    """What a cell says when it is run with hidden parameters stands nowhere in the verdict."""
    grader = """
@pytest.mark.exercise("one", hidden=True)
@pytest.mark.parameters(n=815_4711)
def test_hidden(submission):
    assert submission.one == 1

@pytest.mark.exercise("one")
def test_visible(submission):
    assert submission.one == 1
"""
    course = course_of(tmp_path, grader, Cell("code", "n = 1", tags=("parameters",), id="given"), *exercises("one"))
    verdict = verdict_of(course, one="print(n)\nraise ValueError(f'{n} is bad')")

    assert b"8154711" not in verdict.to_json()
    assert [outcome.message for outcome in verdict.outcomes][1] == "The cell of this exercise stopped with ValueError: 1 is bad"


def test_a_hidden_check_cannot_hand_its_question_to_a_cell_that_is_shown(tmp_path: Path) -> None:
    """Where nothing but hidden checks asks, with and without parameters, no cell's words are told: it may have found a question."""
    grader = """
@pytest.mark.exercise("one", hidden=True)
@pytest.mark.parameters(n=1)
def test_with_parameters(submission):
    assert submission.one(815_4711) == 1

@pytest.mark.exercise("one", hidden=True)
def test_without(submission):
    assert submission.one(2) == 1
"""
    course = course_of(tmp_path, grader, Cell("code", "n = 1", tags=("parameters",), id="given"), *exercises("one"))
    verdict = verdict_of(
        course, one="import os\ndef one(n): open('told', 'a').write(str(n))\nif os.path.exists('told'): open(open('told').read())"
    )

    assert b"8154711" not in verdict.to_json()


MEETS = {
    "memory": ("keep = []\nwhile True: keep.append(bytearray(16 << 20))", Status.OUT_OF_MEMORY, "memory"),
    "memory in small pieces": ("keep = []\nwhile True: keep.append(bytearray(1 << 12))", Status.OUT_OF_MEMORY, "memory"),
    "processes": (
        "import os, time\nfor _ in range(200):\n  if os.fork() == 0: time.sleep(60); os._exit(0)",
        Status.FAILED,
        "More processes were running at once than the sandbox allows.",
    ),
    "programs": (
        "import subprocess\nkeep = [subprocess.Popen(['sleep', '60']) for _ in range(200)]",
        Status.FAILED,
        "More processes were running at once than the sandbox allows.",
    ),
    "threads": (
        "import threading, time\nfor _ in range(200): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        Status.FAILED,
        "More threads were running at once than the sandbox allows.",
    ),
    "a file": ("with open('big', 'wb') as file: file.write(bytes(20 << 20))", Status.FAILED, "A file grew larger than the sandbox allows."),
    "the disk": (
        "for n in range(9):\n  with open(f'part-{n}', 'wb') as file: file.write(bytes(8 << 20))",
        Status.FAILED,
        "There was no room left for files in the sandbox.",
    ),
    "names on the disk": (
        "for n in range(9000): open(f'empty-{n}', 'w').close()",
        Status.FAILED,
        "There was no room left for files in the sandbox.",
    ),
    "open files": ("keep = [open('/dev/null') for _ in range(1000)]", Status.FAILED, "More files were open at once than"),
    "processor time": ("while True: hash('on')", Status.TIMED_OUT, "has no `break` and no `return`, so it never ends"),
    "wall clock": ("import time\ntime.sleep(60)", Status.TIMED_OUT, "still running when"),
    "the network": ("import socket\nsocket.create_connection(('example.org', 80))", Status.FAILED, "does not allow connections"),
    "another process": ("import os\nos.kill(1, 9)", Status.FORBIDDEN, "The sandbox does not allow this"),
    "the system": ("open('/usr/mine', 'w')", Status.FAILED, "Nothing can be written in that place."),
}  # fmt: skip


@pytest.mark.parametrize("limit", MEETS)
def test_a_limit_that_is_met_is_named(tmp_path: Path, limit: str) -> None:
    """Whether a check meets it or the exercise's own cell, its outcome says which limit it was; the other exercises are graded."""
    source, status, words = MEETS[limit]
    grader = """
@pytest.mark.exercise("one")
@pytest.mark.timeout(2)
def test_one(submission):
    assert submission.one() == 1

@pytest.mark.exercise("two")
@pytest.mark.timeout(2)
def test_two(submission):
    assert submission.two() == 2

@pytest.mark.exercise("three")
def test_three(submission):
    assert submission.three == 3
"""
    limits = "[tool.hornbook.limits]\nmemory_mb = 256\nfile_mb = 16\ndisk_mb = 32"
    course = course_of(tmp_path, grader, *exercises("one", "two", "three"), settings=limits)
    in_check = "def one():\n" + "".join(f"    {line}\n" for line in source.split("\n"))
    found = judged(course, one=in_check, two=f"{source}\ndef two(): return 2", three="three = 3")

    assert [found[name].status for name in ("test_one", "test_two", "test_three")] == [status, status, Status.PASSED]
    assert words in found["test_one"].message
    assert words in found["test_two"].message


NEEDS = """
@pytest.mark.exercise("one")
def test_one(submission):
    assert submission.one == 1

@pytest.mark.exercise("two")
@pytest.mark.needs("one")
def test_two(submission):
    assert submission.two == 2
"""


@pytest.mark.parametrize(
    ("answers", "statuses", "message"),
    [
        ({}, [Status.NOT_ATTEMPTED] * 2, "This exercise is still as it was given."),
        ({"one": "one = 1"}, [Status.PASSED, Status.NOT_ATTEMPTED], "This exercise is still as it was given."),
        ({"two": "two = 2"}, [Status.NOT_ATTEMPTED] * 2, 'Do the exercise "one" first.'),
        ({"one": "one = 0", "two": "two = 2"}, [Status.FAILED, Status.PASSED], ""),
        ({"one": "# one = 1\n", "two": "two = 2"}, [Status.NOT_ATTEMPTED] * 2, 'Do the exercise "one" first.'),
    ],
    ids=["nothing", "half", "the other half", "needs an attempt, not a success", "a comment is no attempt"],
)
def test_what_is_not_attempted_is_said_to(tmp_path: Path, answers: dict[str, str], statuses: list[Status], message: str) -> None:
    """An exercise left as it was given, and one that needs such an exercise, is not attempted; the rest is graded."""
    verdict = verdict_of(course_of(tmp_path, NEEDS, *exercises("one", "two")), **answers)

    assert [outcome.status for outcome in verdict.outcomes] == statuses
    assert verdict.outcomes[-1].message == message


@pytest.mark.parametrize(
    ("source", "status", "words"),
    [
        ("import os\nos._exit(0)", Status.FAILED, "ended Python itself"),
        ("while True: pass", Status.TIMED_OUT, "has no `break` and no `return`, so it never ends"),
        ("n = 4\nwhile n != 1: n = -n", Status.TIMED_OUT, "is in a loop that never ends: nothing that happens in it can end it"),
        ("import time\ntime.sleep(9)", Status.TIMED_OUT, "still running"),
        ("def one(:", Status.FAILED, "Line 1, `def one(:`: Python cannot read this line: invalid syntax. The cell stopped there."),
        ("raise ValueError('no')", Status.FAILED, "The cell of this exercise stopped with ValueError: no"),
        ("other = 1", Status.FAILED, "one"),
    ],
    ids=["exits", "loops", "goes round", "sleeps", "is not Python", "raises", "forgets the name"],
)
def test_a_cell_that_does_not_end_well_costs_its_own_exercise(tmp_path: Path, source: str, status: Status, words: str) -> None:
    """The checks of its exercise say what happened to the cell; those of the other exercise are answered."""
    grader = '@pytest.mark.exercise("one")\n@pytest.mark.timeout(2)\n' + NEEDS.partition('@pytest.mark.exercise("one")\n')[2]
    grader = grader.replace('@pytest.mark.needs("one")\n', "")
    found = judged(course_of(tmp_path, grader, *exercises("one", "two")), one=source, two="two = 2")

    assert (found["test_one"].status, found["test_two"].status) == (status, Status.PASSED)
    assert bool(found["test_one"].traceback) == ("while" in source)
    assert words in found["test_one"].message


def test_an_earlier_cell_that_takes_all_the_time_is_named(tmp_path: Path) -> None:
    """An exercise that was never reached, because a cell before it took the notebook's time, says so."""
    course = course_of(
        tmp_path,
        NEEDS.replace('@pytest.mark.needs("one")\n', ""),
        *exercises("one", "two"),
        settings="[tool.hornbook.limits]\ntotal_seconds = 1\ncell_seconds = 1\ncheck_seconds = 1",
    )
    found = judged(course, one="import time\ntime.sleep(30)", two="two = 2")

    assert (found["test_one"].status, found["test_two"].status) == (Status.TIMED_OUT, Status.TIMED_OUT)
    assert "an earlier cell takes too long" in found["test_two"].message


def test_a_cell_may_take_as_long_as_its_longest_check(tmp_path: Path) -> None:
    """The timeout marker of a check is also the time of its exercise's cell."""
    grader = NEEDS.replace('@pytest.mark.exercise("one")\n', '@pytest.mark.exercise("one")\n@pytest.mark.timeout(30)\n', 1)
    course = course_of(
        tmp_path, grader, *exercises("one", "two"), settings="[tool.hornbook.limits]\ncheck_seconds = 0.5\ncell_seconds = 0.5"
    )
    found = judged(course, one="import time\ntime.sleep(1.5)\none = 1")

    assert found["test_one"].status is Status.PASSED


def test_the_reference_solution_can_sit(tmp_path: Path) -> None:
    """Without a path, the sitting is that of the lesson's solution; with one, of that file."""
    course = course_of(tmp_path, NEEDS, *exercises("one", "two"))
    reference = Sitting.of(course, "steps", None)
    blank = Sitting.of(course, "steps", course.root / "lessons" / "steps.ipynb", visible_only=True)

    assert (reference.attempted("one"), blank.attempted("one")) == (True, False)
    assert (reference.visible_only, blank.visible_only) == (False, True)


def test_nothing_runs_before_a_check_asks(tmp_path: Path) -> None:
    """A verdict without outcomes can be had, and says the strength of the sandbox that would have been used."""
    course = course_of(tmp_path, NEEDS, *exercises("one", "two"))
    verdict = Sitting.of(course, "steps", None).verdict(seed=3)

    assert (verdict.outcomes, verdict.cells, verdict.passed, verdict.seed) == ((), (), False, 3)
    assert (verdict.sandbox.level, verdict.sandbox.name) == (strongest().report.level, strongest().report.name)


def test_a_machine_that_cannot_is_asked_once(tmp_path: Path) -> None:
    """The first check that meets a fault of the machine keeps it, and the next ones raise the same without trying again."""
    course = course_of(tmp_path, NEEDS, *exercises("one", "two"))
    strength = dataclasses.replace(strongest(), mode="namespaces")
    sitting = dataclasses.replace(Sitting.of(course, "steps", None), strength=strength)
    sitting.course = dataclasses.replace(
        course, settings=dataclasses.replace(course.settings, limits=dataclasses.replace(course.settings.limits, memory_mb=1))
    )
    faults = []
    for _ in range(2):
        with pytest.raises(SandboxError) as caught, sitting.asked(ONE, Trace(), {}):
            pass
        faults.append(caught.value)
    sitting.close()

    assert faults[0] is faults[1] is sitting.fault


def test_a_state_that_is_gone_costs_the_check_only(tmp_path: Path) -> None:
    """Where the frozen state of an exercise no longer answers, the check says so; it is not the grader's fault."""
    sitting = Sitting.of(course_of(tmp_path, NEEDS, *exercises("one", "two")), "steps", None)
    try:
        sitting.finished({}).snapshots["one"].close()
        with pytest.raises(CheckEnded, match="could not be used") as caught, sitting.asked(ONE, Trace(), {}):
            pass
    finally:
        sitting.close()

    assert caught.value.status is Status.FAILED


def test_a_later_end_replaces_an_earlier_one(tmp_path: Path) -> None:
    """A check that fails while it is cleaned up did not pass."""
    sitting = Sitting.of(course_of(tmp_path, NEEDS, *exercises("one", "two")), "steps", None)
    sitting.note(ONE, None, Trace(), seconds=0.1)
    sitting.note(ONE, GraderError("graders/test_steps.py", "cannot clean up"), Trace(), seconds=0.2)

    assert [outcome.status for outcome in sitting.outcomes] == [Status.BROKEN]


def test_outcomes_stand_in_the_graders_order(tmp_path: Path) -> None:
    """Visible checks are asked first, but the verdict has the order in which the author wrote them."""
    grader = NEEDS.replace('exercise("one")', 'exercise("one", hidden=True)')
    found = judged(course_of(tmp_path, grader, *exercises("one", "two")), one="one = 1", two="two = 2")

    assert list(found) == ["test_one", "test_two"]


def test_what_a_lesson_imports_is_imported_beforehand() -> None:
    """Installed packages that the lesson's cells import, each once, in order; not the standard library, nor what is no Python."""
    found = imported_by(["import numpy as np, os\nfrom matplotlib import pyplot", "%magic", "from . import x", "import numpy", "a\0"])

    assert found == ["numpy", "matplotlib"]


def test_the_runtime_says_what_it_is() -> None:
    """Python's version, a digest of the installed packages, and our own version; measured once."""
    first = runtime()

    assert (first.python, len(first.packages), first) == (sys.version.split()[0], 64, runtime())


# --- what never ends --------------------------------------------------------------------------------------------------

HANGS = """
@pytest.mark.exercise("one")
@pytest.mark.timeout(1.5)
def test_none(submission):
    \"""Nothing gives nothing\"""
    assert submission.one(0) == 0

@pytest.mark.exercise("one", hidden=True)
@pytest.mark.timeout(1.5)
def test_hidden(submission):
    \"""Nothing gives nothing in other words\"""
    assert submission.one(0.0) == 0

@pytest.mark.exercise("one")
@pytest.mark.timeout(1.5)
def test_some(submission):
    \"""Something gives something\"""
    assert submission.one(1) == 1
"""


@pytest.mark.parametrize(
    ("hang", "last", "lines"),
    [("n = -n", Status.PASSED, ("line 3, in one: while not n:",)), ("hash(n)", Status.TIMED_OUT, ())],
    ids=["seen", "waited for"],
)
def test_only_who_has_waited_in_vain_gives_the_others_less_time(tmp_path: Path, hang: str, last: Status, lines: tuple[str, ...]) -> None:
    """Where a check was seen never to end, the line is shown, unless it is hidden, and the others of its exercise have all their time."""
    source = f"import time\ndef one(n):\n    while not n:\n        {hang}\n    time.sleep(0.8)\n    return n"
    found = judged(course_of(tmp_path, HANGS, *exercises("one")), one=source)

    assert [found[name].status for name in ("test_none", "test_hidden", "test_some")] == [Status.TIMED_OUT, Status.TIMED_OUT, last]
    assert (found["test_none"].traceback, found["test_hidden"].traceback) == (lines, ())
    assert (found["test_none"].asked, found["test_hidden"].asked) == ("one(0)", None)


# --- states with threads ----------------------------------------------------------------------------------------------

WORKER = """
import queue, threading
asked, answers, count = queue.Queue(), queue.Queue(), 0
def work():
    while True:
        answers.put(asked.get() * 2)
threading.Thread(target=work, daemon=True).start()
def one(n):
    global count
    count += 1
    asked.put(n)
    return answers.get(timeout=5)
"""
ASK_THE_WORKER = """
@pytest.mark.exercise("one")
def test_a(submission):
    assert [submission.one(2), submission.one(3), submission.count] == [4, 6, 2]

@pytest.mark.exercise("one")
def test_b(submission):
    assert [submission.one(5), submission.count] == [10, 1]

@pytest.mark.exercise("two")
def test_c(submission):
    assert submission.two == 14
"""


def test_a_state_with_threads_is_made_again_for_each_check(tmp_path: Path) -> None:
    """A fork would lose the thread that answers: the cells are run again for each check, and the verdict says so."""
    verdict = verdict_of(course_of(tmp_path, ASK_THE_WORKER, *exercises("one", "two")), one=WORKER, two="two = one(7)")

    assert [(outcome.check, outcome.status) for outcome in verdict.outcomes] == [(f"test_{name}", Status.PASSED) for name in "abc"]
    assert [cell.threads for cell in verdict.cells] == [1, 1]


def test_a_lesson_without_threads_takes_the_fast_path(tmp_path: Path) -> None:
    """Threads that have ended by the end of the cell, as most do, are no threads."""
    done = "import threading; thread = threading.Thread(target=print); thread.start(); thread.join(); one = 1"
    verdict = verdict_of(course_of(tmp_path, NEEDS, *exercises("one", "two")), one=done, two="two = 2")

    assert (verdict.passed, [cell.threads for cell in verdict.cells]) == (True, [0, 0])


def test_making_states_again_has_its_time(tmp_path: Path) -> None:
    """All the runs for checks together take no longer than the notebook may; what is left then is not asked."""
    slow = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\ntime.sleep(1.2)\none = 1"
    grader = "".join(f'@pytest.mark.exercise("one")\ndef test_{n}(submission):\n    assert submission.one == 1\n\n' for n in range(4))
    settings = "[tool.hornbook.limits]\ntotal_seconds = 3\ncell_seconds = 2\ncheck_seconds = 2"
    found = judged(course_of(tmp_path, grader, *exercises("one"), settings=settings), one=slow)
    statuses = [outcome.status for outcome in found.values()]

    assert statuses[:2] == [Status.PASSED] * 2
    assert statuses[2:] == [Status.FAILED] * 2
    assert "could not be used" in found["test_3"].message


def test_a_state_with_threads_that_does_not_come_again_costs_its_checks(tmp_path: Path) -> None:
    """A cell that ends Python when it is run once more has a state that cannot be used; the other exercises are graded."""
    once = "import os, threading, time\nif os.path.exists('been'): os._exit(1)\nopen('been', 'w').close()\none = 1\n"
    once += "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    course = course_of(tmp_path, NEEDS.replace('@pytest.mark.needs("one")', ""), *exercises("two", "one"))
    found = judged(course, one=once, two="two = 2")

    assert {name: outcome.status for name, outcome in found.items()} == {"test_one": Status.FAILED, "test_two": Status.PASSED}


def test_a_grade_has_no_practice(tmp_path: Path) -> None:
    """What goes on from where a notebook was changed never asks a hidden check."""
    course = course_of(tmp_path, NEEDS, *exercises("one", "two"))
    lesson = course.lesson("steps")
    practice = Executor(policy_for(course, lesson, strongest().mode))
    with pytest.raises(ValueError, match="a grade is a clean run"):
        Sitting.before(course, lesson, fill(lesson, {}), practice=practice)

    assert Sitting.before(course, lesson, fill(lesson, {}), practice=practice, visible_only=True).practice is practice
