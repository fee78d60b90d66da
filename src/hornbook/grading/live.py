"""A state that lives on in a learner's own kernel, as the trusted side takes it: what its cells have shown, and whom to ask.

All of it is claimed. What comes of it is practice on the learner's own machine, and its verdict says so: `LIVE`.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hornbook.errors import SubmissionError, printable
from hornbook.model import CellRun, SandboxReport

if TYPE_CHECKING:
    from hornbook.lesson import Lesson, Submission
    from hornbook.sandbox.execute import Finished

LIVE = SandboxReport(0, "live kernel")
"""The sandbox of a check in a learner's own kernel: none."""

ERROR_CHARS = 500
LINES = 20
LINE_CHARS = 300


@dataclass(frozen=True, slots=True)
class Shown:
    """What the cells of an exercise have shown when they were run: what they printed, and the error of the last, if it had one."""

    output: str = ""
    error: str | None = None
    lines: tuple[str, ...] = ()


def packed(shown: Mapping[str, Shown]) -> list[tuple[object, ...]]:
    """Return *shown*, which has the exercises that were run, as data of the wire."""
    return [(exercise, one.output, one.error, list(one.lines)) for exercise, one in shown.items()]


def finished(lesson: Lesson, submission: Submission, claims: object, fd: int) -> Finished:
    """Return what *claims*, made by `packed`, say of the state behind the socket *fd*, which then belongs to it.

    Raises SubmissionError for anything that `packed` does not make.
    """
    from hornbook.sandbox import Snapshot  # noqa: PLC0415 - the learner's kernel imports this module, and runs nothing itself
    from hornbook.sandbox.execute import Finished  # noqa: PLC0415 - the same
    from hornbook.sandbox.line import Line  # noqa: PLC0415 - the same
    from hornbook.sandbox.probe import Cell  # noqa: PLC0415 - the same

    state = Snapshot(Line(socket.socket(fileno=fd)))
    shown: dict[str, Cell] = {}
    runs: list[CellRun] = []
    for claim in claims if isinstance(claims, list) else [claims]:
        match claim:
            case (str() as exercise, str() as output, (str() | None) as error, list() as lines) if exercise in lesson.exercises:
                error = None if error is None else printable(error[:ERROR_CHARS])
                traceback = tuple(printable(line[:LINE_CHARS]) for line in lines[-LINES:] if isinstance(line, str))
                shown[exercise] = Cell("\n".join(submission.sources[exercise]), output, error)
                runs.append(CellRun(exercise, lesson.exercises[exercise].cells[-1], error, traceback))
            case _:
                state.close()
                raise SubmissionError(submission.name, "comes with what is no account of a kernel's cells.")
    if not shown:
        state.close()
    return Finished(tuple(runs), shown, {exercise: replace(state, exercise=exercise) for exercise in shown})
