"""`hornbook.grading.journal`: a result is on the disk before it counts as done, and is taken up only where it would be found again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hornbook import Course
from hornbook.errors import HornbookError, SubmissionError
from hornbook.grading.journal import NAME_LENGTH, Entry, Journal, Refusal, entries, learner_of, questions
from hornbook.model import LessonRef, Outcome, Runtime, SandboxReport, Status, SubmissionRef, Verdict
from hornbook.scaffold import FIRST_LESSON, new_course

QUESTIONS = {"means": "q"}

WRITER = """
import sys
from pathlib import Path
from hornbook.grading.journal import Entry, Journal

entry = Entry.from_json(Path(sys.argv[2]).read_bytes())
with Journal.open(Path(sys.argv[1])) as journal:
    print("open", flush=True)
    for number in range(int(sys.argv[3])):
        journal.append(Entry(f"{number}.ipynb", str(number), entry.question, entry.verdict))
        print(number, flush=True)
    sys.stdin.read()
"""


def entry(name: str = "ada.ipynb", digest: str = "22", status: Status = Status.PASSED) -> Entry:
    """Return what came of a notebook: a verdict with one check."""
    verdict = Verdict.of(
        lesson=LessonRef("means", "Means", "1.0.0", "00" * 32, "11" * 32),
        submission=SubmissionRef(name, digest * 32),
        outcomes=(Outcome("test_mean", "mean", "The mean", status, 1.0, float(status is Status.PASSED)),),
        sandbox=SandboxReport(4, "own root", ()),
        runtime=Runtime("3.11.7", "33" * 32, "0.1.0"),
        started=datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
        seconds=0.25,
        seed=7,
    )
    return Entry(name, learner_of(name), "q", verdict)


def writer(path: Path, times: int) -> subprocess.Popen[str]:
    """Return a process that has the journal at *path* open, and writes that many entries into it."""
    given = path.with_name("entry.json")
    given.write_bytes(entry().to_json())
    return subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", WRITER, str(path), str(given), str(times)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_what_was_appended_is_found_again(tmp_path: Path) -> None:
    """By name and digest, in a folder that is made; a refusal is kept, and is not an answer."""
    path = tmp_path / "new" / "results.jsonl"
    refused = Entry("torn.ipynb", "torn", refusal=Refusal.of(SubmissionError("torn.ipynb", "is not JSON.")))
    with Journal.open(path) as journal:
        journal.append(entry())
        journal.append(refused)
    with Journal.open(path) as again:
        found = again.entry("ada.ipynb", "22" * 32)
        known = [again.knows("ada.ipynb"), again.knows("torn.ipynb"), again.has("ada.ipynb", "22" * 32, QUESTIONS)]

    assert found == entry()
    assert known == [True, False, True]
    assert list(entries(path)) == [entry(), refused]
    assert (entry().word, entry(status=Status.BROKEN).word, entry(status=Status.FAILED).word, refused.word) == (
        "passed",
        "held up",
        "not yet",
        "refused",
    )


@pytest.mark.parametrize(
    ("name", "digest", "asked"),
    [("ada.ipynb", "23", "q"), ("ben.ipynb", "22", "q"), ("ada.ipynb", "22", "another")],
    ids=["another submission", "another name", "asked otherwise"],
)
def test_what_would_be_asked_otherwise_is_not_taken_up(tmp_path: Path, name: str, digest: str, asked: str) -> None:
    """Another file, or another lesson, grader, hint or environment: it is graded again."""
    with Journal.open(tmp_path / "results.jsonl") as journal:
        journal.append(entry())

        assert not journal.has(name, digest * 32, {"means": asked})
        assert not journal.has("ada.ipynb", "22" * 32, {})


def test_the_last_line_of_a_notebook_counts(tmp_path: Path) -> None:
    """What was graded again stands behind what it replaces."""
    path = tmp_path / "results.jsonl"
    with Journal.open(path) as journal:
        journal.append(entry(status=Status.FAILED))
        journal.append(entry("ben.ipynb"))
        journal.append(entry())

    assert [(one.name, one.word) for one in entries(path)] == [("ada.ipynb", "passed"), ("ben.ipynb", "passed")]


@pytest.mark.parametrize("left", [1, 2, 19, 30, 400, -1], ids=lambda left: f"{left} bytes")
def test_a_torn_last_line_is_cut_off(tmp_path: Path, left: int) -> None:
    """Wherever it was torn; what stands before it stays, and what is appended stands on a line of its own."""
    path = tmp_path / "results.jsonl"
    path.write_bytes(entry().to_json() + entry("ben.ipynb").to_json()[:left])
    before = [one.name for one in entries(path)]
    with Journal.open(path) as journal:
        known = journal.knows("ada.ipynb"), journal.knows("ben.ipynb")
        journal.append(entry("cyd.ipynb"))

    assert (before, known) == (["ada.ipynb"], (True, False))
    assert [one.name for one in entries(path)] == ["ada.ipynb", "cyd.ipynb"]


@pytest.mark.parametrize("tail", [b"\0" * 100, b'{"format":1,"name":"ben' + b"\0" * 100], ids=["zeros", "zeros behind a beginning"])
def test_what_a_lost_power_leaves_is_cut_off(tmp_path: Path, tail: bytes) -> None:
    """A file can have its new length before it has its new content."""
    path = tmp_path / "results.jsonl"
    path.write_bytes(entry().to_json() + tail)
    with Journal.open(path):
        pass

    assert path.read_bytes() == entry().to_json()


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b"my own notes\n", 1),
        (b"my own notes", 1),
        (b'{"format":2,"name":"x","question":""}\n', 1),
        (entry().to_json() + b"a note\n", 2),
        (entry().to_json()[:40] + b"\n" + entry().to_json(), 1),
    ],
    ids=["text", "text without an end", "a later format", "a note at the end", "torn in the middle"],
)
def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path, content: bytes, number: int) -> None:
    """Whatever stands in it, none of it is cut off or written to."""
    path = tmp_path / "notes.jsonl"
    path.write_bytes(content)
    with pytest.raises(HornbookError, match=rf"notes\.jsonl: line {number} is no result of hornbook's, so the file was left alone"):
        Journal.open(path)
    with pytest.raises(HornbookError, match=rf"line {number} is no result"):
        list(entries(path))

    assert path.read_bytes() == content


def test_a_second_run_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    """However it ends: the lock goes with its process."""
    path = tmp_path / "results.jsonl"
    with writer(path, 1) as process:
        assert process.stdout is not None
        assert [next(process.stdout), next(process.stdout)] == ["open\n", "0\n"]
        with pytest.raises(HornbookError, match=r"results\.jsonl: another run is writing its results there\. Wait for its end"):
            Journal.open(path)
        process.kill()
    with Journal.open(path) as journal:
        assert journal.has("0.ipynb", "22" * 32, QUESTIONS)


def test_a_run_that_is_killed_loses_nothing_that_it_has_told(tmp_path: Path) -> None:
    """Each entry that was acknowledged is there when the next run opens the file; `HORNBOOK_KILLS` kills as many."""
    path = tmp_path / "results.jsonl"
    for kill in range(int(os.environ.get("HORNBOOK_KILLS", "5"))):
        path.unlink(missing_ok=True)
        with writer(path, 100_000) as process:
            assert process.stdout is not None
            told = [next(process.stdout) for _ in range(2 + 7 * kill % 40)]
            process.kill()
            told += list(process.stdout)
        numbers = [int(line) for line in told[1:] if line.endswith("\n")]
        with Journal.open(path) as journal:
            assert all(journal.has(f"{number}.ipynb", "22" * 32, QUESTIONS) for number in numbers)
            assert len(journal) in {len(numbers), len(numbers) + 1}


def test_a_full_disk_is_one_sentence_and_what_was_done_stays(tmp_path: Path) -> None:
    """The line that had no room is taken back, so that the next run finds the file whole."""
    path = tmp_path / "results.jsonl"
    with Journal.open(path) as journal:
        journal.append(entry())
        with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123 - the device is what matters
            real, journal.file = journal.file, full
            with pytest.raises(
                HornbookError, match=r"cannot be written \(No space left on device\)\. The 1 verdicts in it stay: make room"
            ):
                journal.append(entry("ben.ipynb"))
            journal.file = real
        journal.append(entry("cyd.ipynb"))

    assert [one.name for one in entries(path)] == ["ada.ipynb", "cyd.ipynb"]


def test_where_no_file_can_be_made_is_said(tmp_path: Path) -> None:
    """And where there is none to read."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HornbookError, match=r"cannot be written \(File exists\)\. Choose another file for --jsonl"):
        Journal.open(tmp_path / "file" / "results.jsonl")
    with pytest.raises(HornbookError, match="cannot be read"):
        list(entries(tmp_path / "none.jsonl"))
    for other in (Path("/dev/null"), tmp_path):
        with pytest.raises(HornbookError, match=r"is no plain file\. Choose another file for --jsonl"):
            Journal.open(other)


@pytest.mark.parametrize("line", [b"", b"{", b'{"format":3}', b"\xff", b"[" * 100_000])
def test_what_is_no_entry_is_refused(line: bytes) -> None:
    """As one sentence."""
    with pytest.raises(HornbookError, match="not a result of format 1"):
        Entry.from_json(line)


@pytest.mark.parametrize(
    ("name", "learner"),
    [
        ("ada.ipynb", "ada"),
        ("ada/loops.ipynb", "ada"),
        ("ada/week 1/loops (1).ipynb", "ada"),
        ("no suffix", "no suffix"),
        ("José.ipynb", "José"),
        ("李雷.ipynb", "李雷"),
        ("a\nb.ipynb", "a\\nb"),
        ("x\udcff.ipynb", "x\\udcff"),
    ],
)
def test_whose_a_notebook_is(name: str, learner: str) -> None:
    """The first folder below the one that was given, or else the file's own name: in one form, and on one line."""
    assert learner_of(name) == learner


def test_a_very_long_name_has_room_in_a_record() -> None:
    """Two that begin alike stay two."""
    one, other = (learner_of("x" * 240 + end) for end in "ab")

    assert one != other
    assert len(one) == len(other) == NAME_LENGTH


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Give a course with one lesson."""
    new_course(tmp_path / "course")
    return Course.open(tmp_path / "course")


CHANGES = [
    (f"graders/test_{FIRST_LESSON}.py", "\n# a comment\n"),
    (f"feedback/{FIRST_LESSON}.toml", "\n# a comment\n"),
    (f"lessons/{FIRST_LESSON}.ipynb", "\n"),
    ("graders/helpers.py", "x = 1\n"),
]


@pytest.mark.parametrize(("file", "more"), CHANGES)
def test_whatever_decides_a_verdict_changes_the_question(course: Course, file: str, more: str) -> None:
    """The lesson, its grader, its hints, and what graders share."""
    before = questions(course)
    with (course.root / file).open("a", encoding="utf-8") as changed:
        changed.write(more)
    (course.root / "graders" / "test_other.py").write_text("", "utf-8")

    assert set(before) == {FIRST_LESSON}
    assert questions(Course.open(course.root)) != before


def test_the_same_course_asks_the_same(course: Course, tmp_path: Path) -> None:
    """Elsewhere and with another lesson beside it, too. Another option or limit is another question; without a grader nothing is asked."""
    shutil.copytree(course.root, tmp_path / "copy")
    (tmp_path / "copy" / "graders" / "test_other.py").write_text("", "utf-8")
    before = questions(course, seed=1)

    assert questions(Course.open(tmp_path / "copy"), seed=1) == before
    assert questions(course, seed=2) != before
    assert questions(Course(course.root, replace(course.settings, preload=("json",))), seed=1) != before
    (course.root / "graders" / f"test_{FIRST_LESSON}.py").unlink()
    assert questions(Course.open(course.root)) == {}


def test_another_environment_asks_another_question(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another Python, another package, another hornbook."""
    before = questions(course)
    found = []
    for other in (Runtime("3.99", "", ""), Runtime("", "44" * 32, ""), Runtime("", "", "9.9")):
        monkeypatch.setattr("hornbook.grading.preparation.runtime", lambda other=other: other)
        found.append(questions(course)[FIRST_LESSON])

    assert len({before[FIRST_LESSON], *found}) == 4


def test_an_entry_is_one_line_that_programs_can_read() -> None:
    """Whatever its names hold."""
    line = entry('a"\n.ipynb').to_json()

    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert json.loads(line)["verdict"]["passed"] is True
