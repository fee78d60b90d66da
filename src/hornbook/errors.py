"""What can go wrong that is not a learner's mistake.

A learner's mistake is data (an `Outcome`); only an author's, a caller's or the machine's fault is an exception.

    HornbookError                    every error of ours; `exit_code` 2
    ├── SubmissionError              this file cannot be read as a submission; the other submissions go on
    ├── CourseError                  the course's folders or settings contradict each other; `exit_code` 3
    │   ├── LessonError              a lesson's notebook breaks the format
    │   ├── GraderError              a grader cannot be collected, or asks for what the lesson lacks
    │   └── FeedbackError            a hint bank names what does not exist
    ├── LeakError                    a release would give away what learners must not get; `exit_code` 3
    ├── SandboxError                 the machine cannot run or confine learners' code; `exit_code` 3
    └── WireError                    bytes that are not one well-formed wire message (only `wire` raises it)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self


class HornbookError(Exception):
    """Something other than a learner's mistake; `str()` is one clear sentence with a way out."""

    exit_code: ClassVar[int] = 2


class _FileError(HornbookError):
    """An error about one file: *path*, then *problem*, as one sentence."""

    def __init__(self, path: Path | str, problem: str) -> None:
        super().__init__(f"{printable(path)}: {problem}")
        self.path = Path(path)
        self.problem = problem

    def __reduce__(self) -> tuple[type[Self], tuple[Path, str]]:
        """Let it be copied and pickled: an exception is made again from its arguments, which are not its message."""
        return type(self), (self.path, self.problem)


class SubmissionError(_FileError):
    """The file cannot be read as a submission."""


class CourseError(_FileError):
    """The course's folders or settings contradict each other."""

    exit_code: ClassVar[int] = 3


class LessonError(CourseError):
    """A lesson's notebook breaks the lesson format."""


class GraderError(CourseError):
    """A grader cannot be collected, or asks for what its lesson lacks."""


class FeedbackError(CourseError):
    """A hint bank cannot be read, or names what does not exist."""


class LeakError(HornbookError):
    """What would be released holds what learners must not get; `findings` says what and where, one sentence each."""

    exit_code: ClassVar[int] = 3

    def __init__(self, findings: Sequence[str]) -> None:
        things = "1 thing" if len(findings) == 1 else f"{len(findings)} things"
        super().__init__("\n".join([*findings, f"{things} that learners must not get, so nothing was released. Take them out there."]))
        self.findings = tuple(findings)

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[str, ...]]]:
        """Let it be copied and pickled, as a `_FileError`."""
        return type(self), (self.findings,)


class SandboxError(HornbookError):
    """This machine cannot run or confine a learner's code as asked."""

    exit_code: ClassVar[int] = 3


class WireError(HornbookError):
    """The bytes are not one well-formed wire message, or a value cannot cross the wire."""


def printable(text: Path | str) -> str:
    """Return *text* with everything that could disturb a terminal or mislead a reader written as an escape.

    File names come from learners: newlines, ANSI escapes, bidirectional overrides and lone surrogates are shown, not obeyed.
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode("ascii") for char in text)
