"""`hornbook.record.store`: what was acknowledged is remembered, whoever writes beside us and however we end."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hornbook.errors import HornbookError
from hornbook.model import LessonRef, Outcome, Runtime, SandboxReport, Status, SubmissionRef, Verdict
from hornbook.record.store import FORMAT, Record

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)

WRITER = """
import sys
from pathlib import Path
from hornbook.model import Verdict
from hornbook.record.store import Record

verdict = Verdict.from_json(Path(sys.argv[2]).read_bytes())
record = Record.open(Path(sys.argv[1]))
for number in range(int(sys.argv[4])):
    record.grade(sys.argv[3], "course", verdict)
    print(number + 1, flush=True)
"""


def verdict(**exercises: Status) -> Verdict:
    """Return a verdict in which each exercise has one check that ended so."""
    return Verdict.of(
        lesson=LessonRef("means", "Means", "1.0.0", "00" * 32, "11" * 32),
        submission=SubmissionRef("means.ipynb", "22" * 32),
        outcomes=tuple(
            Outcome(f"test_{name}", name, f"The {name}", status, 1.0, 1.0 if status is Status.PASSED else 0.0)
            for name, status in exercises.items()
        ),
        sandbox=SandboxReport(4, "own root", ()),
        runtime=Runtime("3.11.7", "33" * 32, "0.1.0"),
        started=NOW,
        seconds=0.25,
        seed=7,
    )


RIGHT = verdict(mean=Status.PASSED, mode=Status.PASSED)


def writing(folder: Path, learner: str, times: int) -> subprocess.Popen[str]:
    """Return a process that hands the lesson in *times*, and says each time that it was acknowledged."""
    (folder / "verdict.json").write_bytes(RIGHT.to_json())
    words = [str(folder / "record.sqlite"), str(folder / "verdict.json"), learner, str(times)]
    return subprocess.Popen([sys.executable, "-c", WRITER, *words], stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own


def test_what_was_handed_in_is_remembered(tmp_path: Path) -> None:
    """A standing tells of exercises, attempts, and when the lesson was passed."""
    record = Record.open(tmp_path / "record.sqlite")
    record.grade("ada", "course", verdict(mean=Status.PASSED, mode=Status.FAILED), at=NOW)
    record.grade("ada", "course", RIGHT, at=NOW + timedelta(days=1))
    standing = record.standing("ada", "course", "means")
    others = record.standings("bob", "course")
    record.close()

    assert (standing.exercises, standing.attempts, standing.passes) == ({"mean": True, "mode": True}, 2, 1)
    assert standing.passed_at == NOW + timedelta(days=1)
    assert standing.review_at == NOW + timedelta(days=8)
    assert others == {}


def test_practice_is_no_attempt_and_a_broken_check_says_nothing(tmp_path: Path) -> None:
    """Only what counts for the learner changes where they stand."""
    record = Record.open(tmp_path / "record.sqlite")
    record.practise("ada", "course", verdict(mean=Status.PASSED), at=NOW)
    record.practise("ada", "course", verdict(mean=Status.BROKEN, mode=Status.FAILED), at=NOW)
    standing = record.standing("ada", "course", "means")
    record.close()

    assert (standing.exercises, standing.attempts, standing.passed_at) == ({"mean": True, "mode": False}, 0, None)


def test_who_is_forgotten_is_gone(tmp_path: Path) -> None:
    """Nothing of them stays, and everything of others does."""
    record = Record.open(tmp_path / "record.sqlite")
    for learner in ("ada", "bob"):
        record.grade(learner, "course", RIGHT)
    record.forget("ada")
    left = {learner: record.standing(learner, "course", "means").attempts for learner in ("ada", "bob")}
    record.close()

    assert left == {"ada": 0, "bob": 1}


def test_a_writer_that_is_killed_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """What it has said to be written is there; at most the one that was on its way comes on top."""
    with writing(tmp_path, "ada", 10_000) as process:
        assert process.stdout is not None
        acknowledged = [next(process.stdout) for _ in range(20)]
        process.kill()
        acknowledged += list(process.stdout)
    record = Record.open(tmp_path / "record.sqlite")
    attempts = record.standing("ada", "course", "means").attempts
    record.close()

    assert attempts in {len(acknowledged), len(acknowledged) + 1}


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    """Both make the record at the same time, and write into it at the same time."""
    with writing(tmp_path, "ada", 30) as one, writing(tmp_path, "ada", 30) as two:
        codes = one.wait(60), two.wait(60)
    record = Record.open(tmp_path / "record.sqlite")
    attempts = record.standing("ada", "course", "means").attempts
    record.close()

    assert codes == (0, 0)
    assert attempts == 60


def test_whoever_opens_a_new_record_at_the_same_time_gets_it(tmp_path: Path) -> None:
    """The Lab's server and a command may be the first together: none is refused for the others."""
    refused: list[str] = []

    def open_together(path: Path, start: threading.Barrier) -> None:
        start.wait(30)
        try:
            Record.open(path).close()
        except HornbookError as error:
            refused.append(str(error))

    for number in range(60):
        start = threading.Barrier(4)
        threads = [threading.Thread(target=open_together, args=(tmp_path / f"{number}.sqlite", start)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    assert refused == []


def test_who_writes_has_the_record_from_the_beginning(tmp_path: Path) -> None:
    """A second writer waits, instead of coming between what the first has read and what it writes."""
    record = Record.open(tmp_path / "record.sqlite")
    with record._writing() as connection, contextlib.closing(sqlite3.connect(tmp_path / "record.sqlite", timeout=0)) as other:
        connection.exec_driver_sql("SELECT number FROM format")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    record.close()


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    """What a later hornbook has written is not guessed at."""
    Record.open(tmp_path / "record.sqlite").close()
    with sqlite3.connect(tmp_path / "record.sqlite") as connection:
        connection.execute("UPDATE format SET number = ?", (FORMAT + 1,))
    connection.close()

    with pytest.raises(HornbookError, match=r"this record has format 3, which a later hornbook has made; this one knows 2\."):
        Record.open(tmp_path / "record.sqlite")


@pytest.mark.parametrize("kind", ["a file in the way", "no database"])
def test_where_nothing_can_be_kept_is_said_in_one_sentence(tmp_path: Path, kind: str) -> None:
    """The sentence names the file, and quotes no statement of SQL."""
    if kind == "no database":
        at = tmp_path / "record.sqlite"
        at.write_bytes(b"this is no database" * 100)
    else:
        (tmp_path / "folder").write_text("in the way", "utf-8")
        at = tmp_path / "folder" / "record.sqlite"

    with pytest.raises(HornbookError, match=r"^\S*record\.sqlite: the record cannot be .*\.$"):
        Record.open(at)
