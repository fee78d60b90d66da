"""`hornbook.grading.examiner`: a process that grades for others, with nothing carried from one seat to the next."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest

from hornbook import Course, grade
from hornbook.errors import CourseError, GraderError, LessonError, SandboxError, SubmissionError
from hornbook.grading import examiner as examiners
from hornbook.grading.examiner import Examiner, Seat
from hornbook.lesson import AddedCell, Submission, fill
from hornbook.model import Repair, Status
from hornbook.sandbox.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import StepsCourse

    from hornbook.model import Verdict

GRADER = """
import os
import signal
import time
import pytest

seen = []

@pytest.mark.exercise("one", points=2)
def test_one(submission):
    '''One is one'''
    seen.append(submission.one)
    assert seen == [1]

@pytest.mark.exercise("two")
def test_two(submission):
    '''Two is twice one'''
    assert submission.two == 2 * submission.one

@pytest.mark.exercise("two", hidden=True)
def test_hidden(submission, rng):
    '''Two is a number'''
    if submission.two == "hang":
        time.sleep(3600)
    if submission.two == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    assert submission.evaluate(f"two + {rng.randint(1, 9)}") > 2
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, steps_course: StepsCourse) -> Course:
    """Give the course of these tests."""
    return steps_course(tmp_path_factory.mktemp("course"), GRADER)


@pytest.fixture(scope="module")
def examiner(course: Course) -> Iterator[Examiner]:
    """Give one examiner for all tests of this module."""
    with Examiner(course) as examiner:
        yield examiner


@pytest.fixture
def seat(examiner: Examiner) -> Iterator[Seat]:
    """Give a seat before the lesson."""
    with examiner.seat("steps") as seat:
        yield seat


def answers(course: Course, one: str, two: str) -> Submission:
    """Return a submission."""
    return fill(course.lesson("steps"), {"one": one, "two": two})


def statuses(verdict: Verdict) -> list[Status]:
    """Return how the checks ended."""
    return [outcome.status for outcome in verdict.outcomes]


RIGHT = ("one = 1", "two = 2")


def test_a_seat_gives_the_verdict_that_grade_gives(course: Course, seat: Seat) -> None:
    """The verdict of a seat is that of `grade`, but for times."""
    submission = answers(course, "one = 1", "two = 3")

    def timeless(verdict: Verdict) -> Verdict:
        cells = tuple(replace(cell, seconds=0.0) for cell in verdict.cells)
        outcomes = tuple(replace(outcome, seconds=0.0) for outcome in verdict.outcomes)
        return replace(verdict, seconds=0.0, started=verdict.started.min, cells=cells, outcomes=outcomes)

    seated, alone = timeless(seat.ask(submission, seed=7)), timeless(grade(submission, course, seed=7))

    assert seated == alone
    assert statuses(seated) == [Status.PASSED, Status.FAILED, Status.PASSED]


def test_what_a_grader_remembers_does_not_reach_the_next_seat(course: Course, examiner: Examiner) -> None:
    """A grader's own state is made anew for each seat: whoever comes later is asked as the first one was."""
    verdicts = []
    for _ in range(3):
        with examiner.seat("steps") as seat:
            verdicts.append(seat.ask(answers(course, *RIGHT)))

    assert [verdict.passed for verdict in verdicts] == [True] * 3


def test_a_part_does_not_pass_for_the_whole(course: Course, seat: Seat) -> None:
    """One exercise's checks alone are asked, nothing behind its cells is run, and the verdict is not a pass."""
    verdict = seat.ask(answers(course, "one = 1", "import os; os._exit(1)"), exercise="one")

    assert (statuses(verdict), verdict.passed, verdict.passed_so_far) == ([Status.PASSED], False, True)
    assert [cell.index for cell in verdict.cells] == [0, 1]


def test_practice_asks_no_hidden_check_and_runs_only_what_changed(course: Course, examiner: Examiner) -> None:
    """Over one seat a notebook is gone on with from the first changed cell, and hidden checks stay for the grade."""
    with examiner.seat("steps") as seat:
        first = seat.ask(answers(course, "one = 1", "two = 3"), practice=True)
        second = seat.ask(answers(course, "one = 1", "two = 2; assert stamp == between and time.time_ns() - stamp > 0"), practice=True)
    run_again = [new.seconds != old.seconds for new, old in zip(second.cells, first.cells, strict=True)]

    assert (first.hidden_pending, second.hidden_pending, second.passed) == (1, 1, False)
    assert run_again == [False, False, False, True]


def test_who_wants_to_know_is_told_of_each_check_that_was_asked(course: Course, seat: Seat) -> None:
    """Before the verdict come the numbers, one after the other, up to all."""
    seat.send(answers(course, *RIGHT), progress=True)
    told = []
    while isinstance(answer := seat.receive_next(), tuple):
        told.append(answer)

    assert told == [(number, len(answer.outcomes)) for number in range(1, len(answer.outcomes) + 1)]


@pytest.mark.parametrize("two", ["two = 'crash'", "two = 'hang'"])
def test_a_grader_that_crashes_or_hangs_costs_one_answer(course: Course, monkeypatch: pytest.MonkeyPatch, two: str) -> None:
    """A grader that ends its process, or does not come to an end, is an error of that one; the next seat is answered."""
    impatient = "import sys; from hornbook.grading import examiner; examiner.PATIENCE = 1.0; examiner.main(int(sys.argv[1]))"
    monkeypatch.setattr(examiners, "BOOT", impatient)
    limits = replace(course.settings.limits, total_seconds=1.0, check_seconds=1.0, cell_seconds=1.0)
    quick = replace(course, settings=replace(course.settings, limits=limits))
    with Examiner(quick) as own:
        with own.seat("steps") as seat, pytest.raises(GraderError, match=r"test_steps\.py: did not come to an end, or ended"):
            seat.ask(answers(course, "one = 1", two))
        with own.seat("steps") as seat:
            assert seat.ask(answers(course, *RIGHT)).passed


def test_who_hangs_up_ends_what_was_asked(course: Course, examiner: Examiner) -> None:
    """When a client closes its seat the process there is ended at once, and with it the sandbox."""
    with examiner.seat("steps") as seat:
        seat.ask(answers(course, *RIGHT))
    assert examiner._process is not None
    process = psutil.Process(examiner._process.pid)
    before = process.children(recursive=True)
    with examiner.seat("steps") as seat:
        seat.send(answers(course, "import time; time.sleep(60)", "two = 2"))
        # The cell sleeps once there is a shell.
        new = _waited_for(lambda: [one for one in process.children(recursive=True) if one not in before], "hb-shell")
    _, alive = psutil.wait_procs(new, timeout=10)

    assert alive == []


def _waited_for(listed: Callable[[], list[psutil.Process]], name: str) -> list[psutil.Process]:
    """Return what is *listed* once there is one of this *name* among it."""
    deadline = time.monotonic() + 30
    while True:
        found = listed()
        with contextlib.suppress(psutil.NoSuchProcess):
            if any(one.name() == name for one in found):
                return found
        assert time.monotonic() < deadline, f"there is no {name}"


def is_python(process: psutil.Process) -> bool:
    """Return whether *process* is an examiner's own; one of a sandbox that is being ended may be gone before it is asked."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.name() == "python"
    return False


def test_an_examiner_that_was_killed_is_started_again(course: Course) -> None:
    """An examiner may be killed at any time: what was being asked is an error, and the next seat has a new one."""
    with Examiner(course) as own:
        with own.seat("steps") as seat:
            assert seat.ask(answers(course, *RIGHT)).passed
            assert own._process is not None
            below = [child for child in psutil.Process(own._process.pid).children(recursive=True) if is_python(child)]
            os.kill(own._process.pid, signal.SIGKILL)
            own._process.wait()
            _, alive = psutil.wait_procs(below, timeout=10)
            with pytest.raises(GraderError, match="did not come to an end"):
                seat.ask(answers(course, *RIGHT))
        with own.seat("steps") as seat:
            verdict = seat.ask(answers(course, *RIGHT))

    assert (verdict.passed, alive) == (True, [])


def test_a_lesson_that_is_not_there_is_refused_in_words(examiner: Examiner, course: Course) -> None:
    """Errors of the course arrive as what they are."""
    with examiner.seat("stairs") as seat, pytest.raises(CourseError, match='has no lesson "stairs"; it has steps'):
        seat.ask(answers(course, *RIGHT))


def test_a_grader_that_cannot_be_collected_is_refused_in_words(tmp_path: Path, steps_course: StepsCourse) -> None:
    """Each client of a broken grader is told where it breaks."""
    course = steps_course(tmp_path, "import pytest\n1 / 0\n")
    with Examiner(course) as own:
        for _ in range(2):
            with own.seat("steps") as seat, pytest.raises(GraderError, match=r"test_steps\.py: .*line 2: ZeroDivisionError"):
                seat.ask(answers(course, *RIGHT))


def test_an_examiner_that_nobody_has_asked_is_not_waited_for(course: Course) -> None:
    """Where all has been graded already, what was begun for nothing ends at once, in the middle of its imports."""
    with Examiner(course) as examiner:
        examiner.start()
        process = examiner._process
    assert process is not None
    assert process.returncode == -signal.SIGKILL


def test_an_examiner_that_cannot_start_says_so(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be had the error is one of the machine."""
    ours, theirs = socket.socketpair()
    theirs.close()
    monkeypatch.setattr(Examiner, "_started", lambda _self: Line(ours))
    with Examiner(course) as own, pytest.raises(SandboxError, match="The examiner does not start: "):
        own.seat("steps")
    ours.close()


def test_where_there_is_no_room_for_a_process_it_says_so(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """A learner's kernel may have used up all processes: a sentence is shown in its notebook, and the next check tries again."""

    def full(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with Examiner(course) as own:
        with monkeypatch.context() as patched:
            patched.setattr("hornbook.grading.examiner.subprocess.Popen", full)
            with pytest.raises(SandboxError, match="The examiner does not start: "):
                own.seat("steps")
        with own.seat("steps") as seat:
            assert seat.ask(answers(course, *RIGHT)).passed


def test_where_there_is_no_room_for_a_line_it_says_so(course: Course) -> None:
    """Too many open files are the machine's fault, and cost this seat only."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Examiner(course) as examiner:
        examiner.start()
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        try:
            with pytest.raises(SandboxError, match=r"The examiner cannot be spoken to: .*Too many open files"):
                examiner.seat("steps")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        examiner.seat("steps").close()


def test_submissions_cross_unchanged(course: Course) -> None:
    """Whatever a submission holds arrives as it was: line ends, surrogates, added cells, repairs."""
    odd = "x = '\ud800\u202e\x00'\r\n"
    submission = Submission(
        "näme", "0" * 64, "steps", {"one": (odd,), "two": ("",)}, (AddedCell(-1, odd),), (Repair("split", "…", "one"), Repair("added", odd))
    )

    assert examiners._unpacked(examiners._packed(submission)) == submission
    assert course.name


@pytest.mark.parametrize(
    "error", [SubmissionError("a.ipynb", "is empty."), LessonError("l.ipynb", "is no lesson."), SandboxError("No."), GraderError("g", "b")]
)
def test_errors_cross_unchanged(error: Exception, course: Course) -> None:
    """What kept a verdict from being had is raised on the other side as what it was."""
    ours, theirs = socket.socketpair()
    Line(theirs).send(examiners._refusal(error))  # type: ignore[arg-type] # all of them are ours
    theirs.close()
    with pytest.raises(type(error)) as caught, Seat(Line(ours), course, "steps") as seat:
        seat.receive()

    assert str(caught.value) == str(error)


CROWDED = """
import os, resource, sys
from hornbook.grading import examiner
_, hard = resource.getrlimit(resource.RLIMIT_NPROC)
os.setuid(int(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_NPROC, (0, hard))
examiner.time.sleep = lambda seconds: None
try:
    examiner.fork_with_patience(0.1)
except BlockingIOError:
    print("full", flush=True)
# While it waits, somebody makes room.
examiner.time.sleep = lambda seconds: resource.setrlimit(resource.RLIMIT_NPROC, (hard, hard))
child = examiner.fork_with_patience(60)
if child == 0:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody whose processes are counted")
def test_a_crowded_machine_is_waited_for() -> None:
    """Where there is room for no process more, one is tried again for a while, and then it is said."""
    nobody = 65_000 + os.getpid() % 500
    done = subprocess.run([sys.executable, "-c", CROWDED, str(nobody)], capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - ours

    assert (done.stdout.split(), done.stderr) == (["full", "7"], "")
