"""`hornbook.live`, and what it stands on: the submission that the cells of a running kernel come to, and the fork that is asked."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hornbook
from hornbook.errors import CourseError, SubmissionError
from hornbook.grading import live as claims
from hornbook.grading.live import Shown
from hornbook.grading.sitting import Sitting
from hornbook.lesson import Cell, Lesson, SubmissionFile, fill
from hornbook.live import LiveSubmission, find_lesson
from hornbook.sandbox.live import Ran

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import StepsCourse

    from hornbook import Course

GRADER = "import pytest\n@pytest.mark.exercise('one')\ndef test_one(submission):\n  '''One'''\n  assert submission.one == 1\n"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, steps_course: StepsCourse) -> Course:
    """Give a course of one lesson."""
    return steps_course(tmp_path_factory.mktemp("course"), GRADER)


@pytest.fixture
def lesson(course: Course) -> Lesson:
    """Give its lesson, with the exercises `one` and `two`."""
    return course.lesson("steps")


@pytest.fixture
def file(lesson: Lesson, tmp_path: Path) -> SubmissionFile:
    """Give a learner's copy of it, in which `one` was answered and saved."""
    path = tmp_path / "steps.ipynb"
    path.write_text(json.dumps(lesson.to_notebook({"one": "one = 1", "two": "two = ...\n"})), "utf-8")
    return SubmissionFile.open(path)


class TestLiveSubmission:
    """What the cells that were run come to."""

    def test_what_was_run_counts_not_what_was_saved(self, lesson: Lesson, file: SubmissionFile) -> None:
        """The kernel knows nothing of a cell that was saved and not run, nor of a change that was not run."""
        work = LiveSubmission.of(lesson, file, [Ran("two", "two = 2")])

        assert (work.submission.sources["two"], list(work.ran)) == (("two = 2",), ["two"])

    def test_the_last_run_of_a_cell_counts(self, lesson: Lesson, file: SubmissionFile) -> None:
        """The cells come in the order in which they were run."""
        first, last = Ran("one", "one = 0"), Ran("one", "one = 1")
        work = LiveSubmission.of(lesson, file, [first, last])

        assert (work.submission.sources["one"], work.ran["one"], work.exercises_of(first)) == (("one = 1",), (last,), [])

    @pytest.mark.parametrize("source", ["one = 1", "one = 5", "x = 2\none: int = x", "one = (\n"])
    def test_a_cell_without_an_id_is_known_by_what_it_says_or_defines(self, lesson: Lesson, file: SubmissionFile, source: str) -> None:
        """Some front ends send no ids."""
        ran = Ran(None, source)

        assert LiveSubmission.of(lesson, file, [ran]).exercises_of(ran) == ["one"]

    def test_without_a_file_what_a_cell_defines_tells(self, lesson: Lesson) -> None:
        """In a terminal nobody knows of a file."""
        ran = [Ran(None, "import os, time\nstamp = time.time_ns()"), Ran(None, "x = 1"), Ran(None, "def two(): pass")]
        work = LiveSubmission.of(lesson, None, ran)

        assert [work.exercises_of(cell) for cell in ran] == [[], [], ["two"]]
        assert work.submission.sources["one"] == ("",)

    def test_a_cell_of_the_learners_own_is_no_exercise(self, lesson: Lesson, file: SubmissionFile) -> None:
        """Scratch cells, with an id that the file does not have yet."""
        ran = Ran("scratch", "one + 1")

        assert LiveSubmission.of(lesson, file, [ran]).exercises_of(ran) == []

    def test_an_exercise_of_two_cells_is_one(self, tmp_path: Path) -> None:
        """What both have shown is told, with the error of the one that had one."""
        cells = (Cell("code", "a = ...", exercise="both", id="a"), Cell("code", "b = ...", exercise="both", id="b"))
        lesson = Lesson(tmp_path / "l.ipynb", "l", "L", "1.0.0", "s", ("o",), "beginner", 5, ("me",), "CC0-1.0", cells)
        first, second = (
            Ran("a", "a = 1", "one\n"),
            Ran("b", "b = 1 / 0", "two\n", "ZeroDivisionError: division by zero", ("line 1: b = 1 / 0",)),
        )
        work = LiveSubmission.of(lesson, None, [first])
        both = LiveSubmission.of(lesson, None, [first, second])

        assert work.ran == {"both": (first,)}
        assert both.shown() == {"both": Shown("one\ntwo\n", second.error, second.lines)}

    def test_two_exercises_in_one_cell_are_both_found(self, lesson: Lesson) -> None:
        """Cells that were merged answer both."""
        ran = Ran(None, "def one(): pass\n\ndef two(): pass")

        assert set(LiveSubmission.of(lesson, None, [ran]).exercises_of(ran)) == {"one", "two"}

    def test_what_is_only_in_the_session_is_no_fault_of_the_file(self, lesson: Lesson, file: SubmissionFile) -> None:
        """A cell that was not run yet is not missing, and there is nothing to repair."""
        assert LiveSubmission.of(lesson, file, []).submission.repairs == ()


class TestFindLesson:
    """To which lesson a notebook belongs."""

    def test_the_file_tells(self, course: Course, file: SubmissionFile) -> None:
        """A copy names its lesson; the course is where the kernel works."""
        assert find_lesson(file, course.root)[1].slug == "steps"

    def test_the_settings_tell(self, course: Course, tmp_path: Path) -> None:
        """A folder and a slug are enough, wherever the notebook lies."""
        assert find_lesson(None, tmp_path, str(course.root), "steps")[1].slug == "steps"

    def test_an_installed_course_is_found(
        self, course: Course, file: SubmissionFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A course on Jupyter's data path needs not be named."""
        place = tmp_path / "data" / "hornbook" / "courses" / "steps"
        place.parent.mkdir(parents=True)
        os.rename(_copy(course, tmp_path), place)  # noqa: PTH104 - a folder
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))

        assert find_lesson(file, tmp_path)[0].root == place.resolve()

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            (("", ""), "is in no course, and none is installed. Say where yours is: %config Hornbook.course"),
            (("COURSE", ""), "does not tell which lesson this is. Name it: %config Hornbook.lesson"),
            (("COURSE", "stairs"), "stairs"),
        ],
    )
    def test_what_is_missing_is_said(
        self, course: Course, tmp_path: Path, settings: tuple[str, str], words: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One sentence, with the way out."""
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "none"))
        place, slug = settings

        with pytest.raises(CourseError) as refused:
            find_lesson(None, tmp_path, place.replace("COURSE", str(course.root)), slug)
        assert words in str(refused.value)

    def test_a_notebook_of_nobodys_is_said_to_be_so(self, course: Course, tmp_path: Path) -> None:
        """One that tells no lesson, in a folder that is in a course."""
        path = tmp_path / "notes.ipynb"
        path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}), "utf-8")

        with pytest.raises(SubmissionError, match=r"%config Hornbook\.lesson"):
            find_lesson(SubmissionFile.open(path), course.root)


def _copy(course: Course, folder: Path) -> Path:
    import shutil  # noqa: PLC0415 - only here

    return Path(shutil.copytree(course.root, folder / "copy"))


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give the two ends of a socket."""
    ours, theirs = socket.socketpair()
    with ours:
        yield ours, theirs


@pytest.mark.parametrize(
    "claim",
    [None, 3, "one", [3], [("one",)], [("three", "", None, [])], [("one", b"", None, [])], [("one", "", 3, [])], [("one", "", None, "x")]],
)
def test_a_malformed_account_of_a_kernel_is_refused(lesson: Lesson, pair: tuple[socket.socket, socket.socket], claim: object) -> None:
    """What the other side says its cells have shown is data of one form, and its socket is closed with it."""
    ours, theirs = pair
    with pytest.raises(SubmissionError, match="no account of a kernel's cells"):
        claims.finished(lesson, fill(lesson, {}), claim, theirs.detach())

    assert ours.recv(1) == b""


def test_what_an_account_says_is_bounded_and_printable(lesson: Lesson, pair: tuple[socket.socket, socket.socket]) -> None:
    """An error's words are the learner's: they obey nothing, and are no novel."""
    shown = {"one": Shown("out", "Error: \x1b[31m" + "x" * 9999, tuple(f"line {n} \x07" for n in range(99)))}
    finished = claims.finished(lesson, fill(lesson, {"one": "one = 1"}), claims.packed(shown), pair[1].detach())
    run = finished.cells[0]
    finished.snapshots["one"].close()

    assert (run.exercise, run.index, len(run.error or ""), "\x1b" in (run.error or "")) == ("one", 1, 503, False)
    assert (len(run.traceback), run.traceback[-1], list(finished.snapshots)) == (20, "line 98 \\x07", ["one"])


def test_no_hidden_check_is_asked_of_a_live_state(course: Course, lesson: Lesson, pair: tuple[socket.socket, socket.socket]) -> None:
    """What has been said in a learner's own kernel is no grade."""
    state = claims.finished(lesson, fill(lesson, {}), [], pair[1].detach())

    with pytest.raises(ValueError, match="only the visible checks are for practice"):
        Sitting.before(course, lesson, fill(lesson, {}), live=state)


def test_elsewhere_than_on_linux_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """There are no such forks, and a notebook that loads it goes on all the same."""
    monkeypatch.setattr(sys, "platform", "darwin")
    hornbook.load_ipython_extension(monkeypatch)
    hornbook.unload_ipython_extension(monkeypatch)

    assert "Checks in a notebook need Linux" in capsys.readouterr().out
