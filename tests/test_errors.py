"""`hornbook.errors`: one tree, one clear sentence each, evidence as attributes."""

from __future__ import annotations

import copy
import inspect
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hornbook import errors
from hornbook.errors import (
    CourseError,
    FeedbackError,
    GraderError,
    HornbookError,
    LessonError,
    SandboxError,
    SubmissionError,
    WireError,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ABOUT_FILES = [SubmissionError, CourseError, LessonError, GraderError, FeedbackError]
KINDS = [HornbookError, *ABOUT_FILES, SandboxError, WireError]


def test_the_drawing_names_every_error_once() -> None:
    """The tree in the module's docstring is the tree of the module."""
    kinds = {name for name, thing in vars(errors).items() if inspect.isclass(thing) and issubclass(thing, Exception) and name[0] != "_"}
    drawn = [word for line in (errors.__doc__ or "").splitlines() for word in line.split()[:4] if word.endswith("Error")]

    assert sorted(drawn) == sorted(kinds)


@pytest.mark.parametrize("kind", KINDS)
def test_all_errors_are_caught_as_ours(kind: type[HornbookError]) -> None:
    """Whoever catches HornbookError catches every error of ours."""
    assert issubclass(kind, HornbookError)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (HornbookError, 2),
        (SubmissionError, 2),
        (WireError, 2),
        (CourseError, 3),
        (LessonError, 3),
        (GraderError, 3),
        (FeedbackError, 3),
        (SandboxError, 3),
    ],
)
def test_exit_codes_say_whose_fault_it_is(kind: type[HornbookError], code: int) -> None:
    """Bad input is 2; a fault of the course or the machine is 3."""
    assert kind.exit_code == code


@pytest.mark.parametrize("kind", ABOUT_FILES)
def test_an_error_about_a_file_is_one_sentence_with_its_evidence(kind: type[SubmissionError | CourseError]) -> None:
    """It reads "file: problem", and file and problem are at hand as attributes."""
    error = kind(Path("work") / "mean.ipynb", "is empty.")

    assert (str(error), error.path, error.problem) == ("work/mean.ipynb: is empty.", Path("work/mean.ipynb"), "is empty.")


def _pickled(error: HornbookError) -> object:
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes, of a moment ago


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, _pickled])
def test_an_error_about_a_file_survives_a_process_pool(again: Callable[[GraderError], GraderError]) -> None:
    """Copied or pickled, as concurrent.futures does with what a worker raises, it stays the same error."""
    twin = again(GraderError("graders/test_mean.py", "has no check."))

    assert (type(twin), str(twin), twin.path) == (GraderError, "graders/test_mean.py: has no check.", Path("graders/test_mean.py"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name ü.ipynb", "plain name ü.ipynb"),
        ("two\nlines", "two\\nlines"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("evil\u202etxt.exe", "evil\\u202etxt.exe"),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
        ("\u2028", "\\u2028"),
        ("", ""),
    ],
)
def test_what_could_mislead_is_shown_as_an_escape(text: str, shown: str) -> None:
    """Newlines, terminal escapes, bidirectional overrides and lone surrogates are shown, not obeyed."""
    assert printable(text) == shown


def test_a_files_name_cannot_forge_a_second_sentence() -> None:
    """A newline in a learner's file name stays within the one line of the error."""
    error = SubmissionError("a.ipynb\nAll checks passed.", "is empty.")

    assert str(error).splitlines() == ["a.ipynb\\nAll checks passed.: is empty."]
