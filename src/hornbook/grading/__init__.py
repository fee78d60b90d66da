"""Judges what learners write: pytest checks in this trusted process ask a sandbox, and a Verdict sums them up.

`grade` and `check` are one path: same grader, same matchers, same Verdict. A check leaves the hidden checks out.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hornbook.course import Course
from hornbook.errors import GraderError
from hornbook.grading.compare import same
from hornbook.lesson import Lesson, Submission, SubmissionFile
from hornbook.model import Assurance, Verdict
from hornbook.words import speaking

__all__ = ["check", "grade", "run_checks", "same"]

if TYPE_CHECKING:
    from hornbook.grading.outcomes import Check
    from hornbook.grading.sitting import Sitting
    from hornbook.sandbox.canary import Strength
    from hornbook.sandbox.forkserver import ForkServers


def grade(  # noqa: PLR0913 - all but two by name
    submission: Path | Submission,
    course: Course,
    *,
    lesson: Lesson | None = None,
    visible_only: bool = False,
    seed: int | None = None,
    assurance: Assurance = Assurance.SELF_CHECKED,
    strength: Strength | None = None,
    warm: ForkServers | None = None,
    language: str | None = None,
    variant: Callable[[Lesson], Mapping[str, Any] | None] | None = None,
    believing: bool = False,
) -> Verdict:
    """Return what *course* has to say about *submission*, the path of a notebook or an already read one.

    *lesson* is found from the submission where it is not given. *seed* decides what hidden checks draw; a new one is made
    for each run. *strength* is the sandbox to use, by default the strongest of this machine. With *warm* fork
    servers, which the caller keeps for many gradings, it is forked in milliseconds. *language* is that of the sentences, by default
    the course's. *variant* gives the values that its learner got for the lesson's parameters; without, those of the lesson itself hold,
    whatever the file says, unless *believing*, as on a learner's own machine, takes its word for values that can be drawn. Raises
    SubmissionError for a file that cannot be read, GraderError for a grader that cannot be asked, and SandboxError where this machine
    cannot run learners' code.
    """
    from hornbook.grading import preparation  # noqa: PLC0415 - brings the sandbox along
    from hornbook.sandbox.canary import strongest  # noqa: PLC0415
    from hornbook.sandbox.execute import Executor  # noqa: PLC0415

    if isinstance(submission, Path):
        with speaking(language or course.settings.language):
            file = SubmissionFile.open(submission)
            lesson = lesson or file.match(course.lessons)
            submission = file.submission(lesson)
    lesson = lesson or course.lesson(submission.slug)
    if variant is not None:
        submission = replace(submission, variant=variant(lesson))
    strength = strength or strongest()
    seed = secrets.randbits(32) if seed is None else seed
    policy = preparation.policy_for(course, lesson, strength.mode)
    with Executor(policy, files=preparation.files_for(lesson), warm=warm) as executor:
        if any(submission.attempted(lesson, exercise) for exercise in lesson.exercises):
            # Starting a sandbox is waiting, importing pytest is work: one is done while the other is.
            executor.begin()
        with _undisturbed():
            from hornbook.grading import pytest_plugin  # noqa: F401, PLC0415 - so that pytest is here
            from hornbook.grading.sitting import Sitting  # noqa: PLC0415 - brings pytest along
        sitting = Sitting.before(
            course,
            lesson,
            submission,
            visible_only=visible_only,
            strength=strength,
            executor=executor,
            language=language,
            warm=warm,
            believing=believing,
        )
        with contextlib.closing(sitting):
            run_checks(course, lesson, [(sitting, seed)])
            return sitting.verdict(seed=seed, assurance=assurance)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let an interrupt wait to the end: in the middle of an import it can be lost, where a library catches everything."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)


def check(
    submission: Path | Submission,
    course: Course,
    *,
    lesson: Lesson | None = None,
    seed: int | None = None,
    warm: ForkServers | None = None,
    language: str | None = None,
) -> Verdict:
    """Return what the visible checks say about *submission*: practice, with the number of hidden checks still to come."""
    return grade(submission, course, lesson=lesson, visible_only=True, seed=seed, warm=warm, language=language)


def run_checks(course: Course, lesson: Lesson, rounds: Iterable[tuple[Sitting, int]]) -> tuple[Check, ...]:
    """Collect the grader of *lesson* under pytest, in this process, and ask its checks in one round after the other.

    A round is a sitting, in which the outcomes are noted, and the seed of what its hidden checks draw; it is over when the next
    one is asked for. Returns the checks, in the grader's order. Raises GraderError where there is nothing that can be asked; then no
    round was.
    """
    import pytest  # noqa: PLC0415 - only when grading

    from hornbook.grading import pytest_plugin  # noqa: PLC0415

    panel = pytest_plugin.Panel(course, lesson, course.grader(lesson.slug))
    grading = pytest_plugin.Grading(panel=panel, rounds=rounds)
    arguments = [
        str(panel.grader),
        f"--rootdir={course.root}",
        f"--config-file={os.devnull}",
        # With a configuration that lies elsewhere, pytest would load every conftest.py above the course, too.
        f"--confcutdir={course.root}",
        "--import-mode=importlib",
        "--disable-plugin-autoload",
        "--capture=no",
        # Plugins that write to the terminal, to the disk, or into this process's own logging and warnings.
        *(
            f"-pno:{name}"
            for name in ("terminal", "cacheprovider", "warnings", "logging", "faulthandler", "unraisableexception", "threadexception")
        ),
        "-p_hypothesis_pytestplugin",
    ]
    before = set(sys.modules)
    # Somebody's own options for pytest must not decide what a grade asks; nor is theirs the test that is running now.
    own = {name: os.environ.pop(name) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_CURRENT_TEST") if name in os.environ}
    try:
        code = pytest.main(arguments, plugins=[grading, pytest_plugin])
    finally:
        os.environ.update(own)
        # Graders of another course may have the same names; and this one may have been edited by its next run.
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file is not None and Path(file).is_relative_to(course.root / "graders"):
                del sys.modules[name]
    if grading.refusal is not None:
        raise grading.refusal
    if grading.interrupted:
        raise KeyboardInterrupt
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise GraderError(panel.grader, "has no check: no function whose name begins with test_.")
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        raise GraderError(panel.grader, f"pytest could not run it ({pytest.ExitCode(code).name}); `pytest {panel.grader.name}` shows why.")
    return tuple(grading.checks.values())
