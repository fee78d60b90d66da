"""`hornbook grade` for many: nothing that was told is lost, nothing is graded twice, and nobody's notebook stops the others."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from typer.testing import CliRunner

from hornbook import Course, terminal
from hornbook.cli import app
from hornbook.errors import HornbookError
from hornbook.grading import batch
from hornbook.grading.batch import Graded, grade_all, processors, room_for
from hornbook.grading.journal import Entry, Journal, entries
from hornbook.lesson import fill
from hornbook.model import Verdict
from hornbook.record.store import Record
from hornbook.terminal import Progress

if TYPE_CHECKING:
    from conftest import StepsCourse

GRADER = """
import pytest

@pytest.mark.exercise("one", points=2)
def test_one(submission):
    '''One is one'''
    assert submission.one == 1

@pytest.mark.exercise("two", points=3, hidden=True)
def test_two(submission, rng):
    '''Two doubles'''
    n = rng.randint(1, 10**9)
    assert submission.two(n) == 2 * n
"""
RIGHT = ("one = 1", "def two(n): return n + n")
KINDS = {
    "right": RIGHT,
    "half": ("one = 1", "def two(n): return n"),
    "blank": ("one = ...\n", "two = ...\n"),
    "exits": ("one = 1", "import os; os._exit(0)"),
    "lies": ("class One(int):\n  __eq__ = lambda *_: True\n  __hash__ = None\none = One(2)", "two = lambda n: one"),
}
KILLS = int(os.environ.get("HORNBOOK_KILLS", "5"))


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, steps_course: StepsCourse) -> Course:
    """Give the course of these tests."""
    root = tmp_path_factory.mktemp("course")
    (root / "pyproject.toml").write_text(
        "[tool.hornbook]\nname = 'c'\n[tool.hornbook.limits]\ncheck_seconds = 4\nmemory_mb = 256\n", "utf-8"
    )
    return steps_course(root, GRADER)


def hand_in(course: Course, folder: Path, names: dict[str, str]) -> Path:
    """Return *folder* with a notebook of each name, of that kind."""
    for name, kind in names.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        one, two = KINDS[kind]
        path.write_text(json.dumps(course.lesson("steps").to_notebook({"one": one, "two": two})), "utf-8")
    return folder


@pytest.fixture
def handed_in(course: Course, tmp_path: Path) -> Path:
    """Give a folder of five notebooks, two of them of one learner, and a torn one."""
    names = {"ada/steps.ipynb": "right", "ben/steps.ipynb": "half", "cyd.ipynb": "blank", "dan.ipynb": "lies", "eve.ipynb": "exits"}
    (hand_in(course, tmp_path / "in", names) / "torn.ipynb").write_text("{", "utf-8")
    return tmp_path / "in"


def grade(course: Course, *words: str | Path) -> tuple[int, str, str]:
    """Grade in this process; return the exit code, what was printed, and what was said beside it."""
    ended = CliRunner().invoke(app, ["grade", *map(str, words), "--course", str(course.root)])
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, ended.stdout, ended.stderr


def command(course: Course, *words: str | Path) -> subprocess.Popen[str]:
    """Start the same in a process of its own."""
    given = [sys.executable, "-m", "hornbook", "grade", *map(str, words), "--course", str(course.root)]
    # Tests that were started in the background ignore interrupts, and so would all that they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603 - our own
    finally:
        signal.signal(signal.SIGINT, before)


def timeless(verdict: Verdict) -> dict[str, Any]:
    """Return *verdict* without its times."""
    document: dict[str, Any] = json.loads(verdict.to_json())
    for part in (document, *document["outcomes"], *document["cells"]):
        part.pop("seconds")
    document.pop("started")
    return document


def found_in(jsonl: Path) -> dict[str, Any]:
    """Return what a file of results holds, by name, without times."""
    return {one.name: timeless(one.verdict) if one.verdict else one.refusal for one in entries(jsonl)}


# --- Kept and taken up again -------------------------------------------------------------------------------------------


def test_what_is_done_is_not_graded_again(course: Course, handed_in: Path, tmp_path: Path) -> None:
    """A second run tells the very verdicts of the first; only what has changed, or was refused, is looked at again."""
    jsonl = tmp_path / "results.jsonl"
    first = grade(course, handed_in, "--jsonl", jsonl, "--json")
    lines = jsonl.read_bytes().count(b"\n")
    second = grade(course, handed_in, "--jsonl", jsonl, "--json")
    hand_in(course, handed_in, {"ben/steps.ipynb": "right"})
    third = grade(course, handed_in, "--jsonl", jsonl, "--json")

    assert (first[0], lines) == (2, 6)
    assert (second[0], second[1]) == (first[0], first[1])
    assert jsonl.read_bytes().count(b"\n") == lines + 3
    assert [one.get("passed") for one in json.loads(third[1])] == [False, False, False, None, True, True]
    assert sorted(one.learner for one in entries(jsonl)) == ["ada", "ben", "cyd", "dan", "eve", "torn"]


def test_a_changed_grader_grades_all_again(handed_in: Path, tmp_path: Path, steps_course: StepsCourse) -> None:
    """And another option does: a seed, a language."""
    (tmp_path / "own").mkdir()
    own = steps_course(tmp_path / "own", GRADER)
    jsonl, one = tmp_path / "results.jsonl", handed_in / "cyd.ipynb"
    counts = []
    for words in ((), (), ("--seed", "3"), ("--language", "de"), ("--lesson", "steps", "--language", "de")):
        grade(own, one, "--jsonl", jsonl, *words)
        counts.append(jsonl.read_bytes().count(b"\n"))
    (own.root / "graders" / "test_steps.py").write_text(GRADER.replace("== 1", "== 1.0"), "utf-8")
    grade(own, one, "--jsonl", jsonl)

    assert counts == [1, 1, 2, 3, 3]
    assert jsonl.read_bytes().count(b"\n") == 4


def test_a_run_that_is_killed_goes_on_where_it_was(course: Course, tmp_path: Path) -> None:
    """Killed at any moment and started again, it comes to what an undisturbed run comes to: in the file, and in the record.

    `HORNBOOK_KILLS` kills as many times.
    """
    kinds = list(KINDS)
    folder = hand_in(course, tmp_path / "in", {f"l{number:02}.ipynb": kinds[number % len(kinds)] for number in range(24)})
    chance = random.Random(9)  # noqa: S311 - any moments
    outcome = []
    for name in ("undisturbed", "killed"):
        jsonl, record = tmp_path / f"{name}.jsonl", tmp_path / f"{name}.sqlite"
        words = (folder, "--jsonl", jsonl, "--record", record, "--seed", "5", "-q")
        kills = KILLS if name == "killed" else 0
        while kills:
            process = command(course, *words)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.3, 5))
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
            told, _ = process.communicate()
            kills -= 1
            acknowledged = [
                line.partition(":")[0] for line in told.splitlines(keepends=True) if line.startswith("l") and line.endswith("\n")
            ]
            kept = {one.name for one in entries(jsonl)} if jsonl.exists() else set()
            with contextlib.closing(Record.open(record)) as opened:
                recorded = {f"{one.learner}.ipynb" for one in opened.learners()}

            assert set(acknowledged) <= recorded <= kept
        code, _, _ = grade(course, *words)
        with contextlib.closing(Record.open(record)) as opened:
            rows = [row for row in map(json.loads, opened.export()) if row.get("table") == "verdict"]
        remembered = {row["learner"]: timeless(Verdict.from_json(row["verdict"].encode())) for row in rows}
        outcome.append((code, found_in(jsonl), remembered, len(rows)))

    assert outcome[0] == outcome[1]
    assert outcome[0][3] == 24


def test_a_second_run_on_the_same_file_is_refused(course: Course, handed_in: Path, tmp_path: Path) -> None:
    """In one sentence, and nothing of the first is touched."""
    with Journal.open(tmp_path / "results.jsonl"):
        code, out, err = grade(course, handed_in, "--jsonl", tmp_path / "results.jsonl")

    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "another run is writing its results there" in err


def test_an_interrupted_run_says_how_to_go_on(course: Course, tmp_path: Path) -> None:
    """Exit code 130; what was done stays."""
    folder = hand_in(course, tmp_path / "in", {f"{number}.ipynb": "right" for number in range(60)})
    jsonl = tmp_path / "results.jsonl"
    with command(course, folder, "--jsonl", jsonl, "-q") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told = [next(process.stdout) for _ in range(3)]
        os.killpg(process.pid, signal.SIGINT)
        told += list(process.stdout)
        said = process.stderr.read()
    names = {one.name for one in entries(jsonl)}

    assert process.returncode == 130
    assert f"What was done is in {jsonl}: run the same command again to go on.\n" in said
    assert {line.partition(":")[0] for line in told} <= names
    assert len(names) < 60


def test_a_full_disk_ends_a_run_in_one_sentence(course: Course, handed_in: Path, tmp_path: Path) -> None:
    """What was done before stays in the file."""
    jsonl = tmp_path / "results.jsonl"
    grade(course, handed_in / "cyd.ipynb", "--jsonl", jsonl)
    before = jsonl.stat().st_size
    limit = f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({before + 10}, -1)); sys.argv[0] = 'hornbook'; "
    limit += "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from hornbook.cli import main; main()"
    words = ["grade", str(handed_in / "cyd.ipynb"), "--jsonl", str(jsonl), "--seed", "1", "-q", "--course", str(course.root)]
    ended = subprocess.run([sys.executable, "-c", limit, *words], capture_output=True, text=True, check=False)  # noqa: S603 - our own

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "cannot be written (File too large). The 1 verdicts in it stay: make room" in ended.stderr
    assert jsonl.stat().st_size == before


# --- The record --------------------------------------------------------------------------------------------------------


def test_what_is_graded_is_recorded_once(course: Course, handed_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is graded, with or without a file of results; an earlier file's verdicts come into a record that is new."""
    jsonl, record = tmp_path / "results.jsonl", tmp_path / "record.sqlite"
    grade(course, handed_in, "--jsonl", jsonl)
    for _ in range(2):
        grade(course, handed_in, "--jsonl", jsonl, "--record", record)
    monkeypatch.setenv("HORNBOOK_RECORD", str(record))
    grade(course, handed_in)
    opened = Record.open(record)
    with contextlib.closing(opened):
        found = [(one.learner, one.attempts, one.passed) for one in opened.learners()]

    assert found == [("ada", 1, True), ("ben", 1, False), ("cyd", 1, False), ("dan", 1, False), ("eve", 1, False)]


def test_a_course_can_share_its_record(course: Course, handed_in: Path, empty_postgresql: str) -> None:
    """In PostgreSQL, by its URL."""
    code, _, _ = grade(course, handed_in, "--record", empty_postgresql)
    with contextlib.closing(Record.open(empty_postgresql)) as opened:
        found = [(one.learner, one.passed) for one in opened.learners()]

    assert code == 2
    assert found == [("ada", True), ("ben", False), ("cyd", False), ("dan", False), ("eve", False)]


def test_two_notebooks_are_never_recorded_as_one_learner(course: Course, handed_in: Path, tmp_path: Path) -> None:
    """Where only the files' names could tell whose they are, and do not."""
    two = [handed_in / name / "steps.ipynb" for name in ("ada", "ben")]
    code, out, err = grade(course, *two, "--record", tmp_path / "record.sqlite")

    assert (code, out) == (2, "")
    assert "would both be recorded as steps's. Give the folder that has a folder for each learner" in err
    assert not (tmp_path / "record.sqlite").exists()


# --- Many at a time ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 7])
def test_the_verdicts_are_the_same_whatever_runs_beside_them(course: Course, handed_in: Path, tmp_path: Path, jobs: int) -> None:
    """One at a time or many, in this order or another: apart from times they are the same, byte for byte."""
    whole, apart = tmp_path / "whole.jsonl", tmp_path / "apart.jsonl"
    grade(course, handed_in, "--jsonl", whole, "--seed", "5", "--jobs", str(jobs))
    names = sorted((path.relative_to(handed_in) for path in handed_in.rglob("*.ipynb")), reverse=True)
    shutil.copytree(handed_in, tmp_path / "one" / "in")
    for name in names:
        for path in (tmp_path / "one" / "in").rglob("*.ipynb"):
            path.unlink()
        shutil.copy(handed_in / name, tmp_path / "one" / "in" / name)
        grade(course, tmp_path / "one" / "in", "--jsonl", apart, "--seed", "5", "-j", "1")

    def verdicts(jsonl: Path) -> dict[str, Any]:
        return {name: one for name, one in found_in(jsonl).items() if isinstance(one, dict)}

    assert verdicts(whole) == verdicts(apart)
    assert len(verdicts(whole)) == 5


def test_a_grader_that_does_not_even_begin_holds_up_nobody_else(
    tmp_path: Path, steps_course: StepsCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up after its time, once for all of its submissions."""
    (tmp_path / "course").mkdir()
    course = steps_course(tmp_path / "course", "while True:\n    pass\n")
    monkeypatch.setattr(batch, "PATIENCE", 0.5)
    monkeypatch.setattr(batch, "START_SECONDS", 0.5)
    limits = type(course.settings.limits)(total_seconds=1)
    hanging = Course(course.root, type(course.settings)(limits=limits))
    submission = fill(course.lesson("steps"), {"one": "one = 1", "two": "two = 2"})
    found = list(grade_all([submission] * 9, hanging, workers=2))

    assert sorted(one.place for one in found) == list(range(9))
    assert {str(one.error).partition(": ")[2] for one in found} == {"did not come to an end, or does not even begin."}


def test_whoever_kills_the_examiner_costs_what_was_being_asked(course: Course) -> None:
    """When memory runs out the system ends whom it likes: another examiner takes over, and the others get their verdicts."""
    submission = fill(course.lesson("steps"), {"one": RIGHT[0], "two": RIGHT[1]})
    found: list[Graded] = []
    others = psutil.Process().children()
    for one in grade_all([submission] * 12, course, workers=2):
        if len(found) in {1, 5}:
            for process in set(psutil.Process().children()) - set(others):
                process.kill()
        found.append(one)
    failed = [one for one in found if one.verdict is None]

    assert sorted(one.place for one in found) == list(range(12))
    assert len(failed) <= 4
    assert {one.error.exit_code for one in failed if one.error} <= {3}
    assert all(one.verdict.passed for one in found if one.verdict)


def test_whatever_lies_there_the_others_are_graded(course: Course, handed_in: Path) -> None:
    """Pipes, links, folders, files that are too large, too deep or too odd: each is refused, and that is all."""
    os.mkfifo(handed_in / "pipe.ipynb")
    (handed_in / "link.ipynb").symlink_to(handed_in / "cyd.ipynb")
    (handed_in / "nowhere.ipynb").symlink_to(handed_in / "nowhere")
    (handed_in / "folder.ipynb").mkdir()
    (handed_in / "empty.ipynb").write_bytes(b"")
    (handed_in / "deep.ipynb").write_text("[" * 100_000, "utf-8")
    with (handed_in / "large.ipynb").open("wb") as large:
        large.truncate(1 << 40)
    (handed_in / "another.ipynb").write_text(json.dumps({"cells": [], "nbformat": 4, "metadata": {}}), "utf-8")
    os.link(handed_in / "cyd.ipynb", os.fsencode(handed_in) + b"/\xff\n.ipynb")
    code, out, err = grade(course, handed_in, "--json")
    found = json.loads(out)

    assert code == 2
    assert sum("error" in one for one in found) == 8
    assert [one["points"]["earned"] for one in found if "error" not in one] == [0.0, 0.0, 2.0, 0.0, 5.0, 2.0]
    assert len(err.splitlines()) == 8


def test_no_more_at_a_time_than_memory_allows(tmp_path: Path) -> None:
    """Nor than there are processors, and at least one; a container's limit counts where it has one."""
    (tmp_path / "memory.max").write_text("3000000000\n", "ascii")
    (tmp_path / "memory.current").write_text("1000000000\n", "ascii")
    limited = list(batch._left_of_group(tmp_path))
    (tmp_path / "memory.max").write_text("max\n", "ascii")

    assert (room_for(1), room_for(1 << 40)) == (processors(), 1)
    assert limited == [2_000_000_000]
    assert list(batch._left_of_group(tmp_path)) == []


def test_a_terminal_shows_how_far_it_is(course: Course, tmp_path: Path) -> None:
    """All the time: how many are done, how fast that goes, and how long it will take; and nothing of it is left."""
    folder = hand_in(course, tmp_path / "in", {f"{number:02}.ipynb": "right" for number in range(30)})
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "hornbook", "grade", str(folder), "-q", "--course", str(course.root)]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=theirs, env=environment) as process:  # noqa: S603 - our own
        os.close(theirs)
        shown = b""
        # The terminal's end is an error, as Linux has it.
        with contextlib.suppress(OSError):
            while part := os.read(ours, 1 << 16):
                shown += part
    os.close(ours)
    text = shown.decode()

    assert process.returncode == 0
    assert re.search(r"grading: [1-9]\d? of 30 done, [\d.]+ a second, 0:00:\d\d to go", text)
    assert "\n" not in text.replace("\r\n", "").strip("\n")


def test_a_log_is_told_now_and_then_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a line of its own: how many are done, how fast that goes, and how long it will take."""
    monkeypatch.setattr(terminal, "LINE_SECONDS", 0.0)
    progress = Progress(100, 20, time.monotonic() - 4)
    begins = progress.words
    for _ in range(20):
        progress.step()
    last = capsys.readouterr().err.splitlines()[-1]

    assert begins == "grading: 20 of 100 done"
    assert last == "grading: 40 of 100 done, 5.0 a second, 0:00:12 to go"


def test_a_log_is_not_filled(capsys: pytest.CaptureFixture[str]) -> None:
    """What takes seconds needs no line."""
    progress = Progress(3, 0, time.monotonic())
    for _ in range(3):
        progress.step()

    assert capsys.readouterr().err == ""


def test_what_was_never_found_is_no_answer(tmp_path: Path) -> None:
    """A journal has no entry for a notebook that it does not know."""
    with Journal.open(tmp_path / "results.jsonl") as journal, pytest.raises(KeyError):
        journal.entry("ada.ipynb", "0")


def test_an_entry_without_a_verdict_has_a_code() -> None:
    """That of what was in the way, or that of bad input."""
    assert Entry("x", "x").exit_code == HornbookError.exit_code
