"""`hornbook record`: what is remembered can be seen, copied, read in again and deleted."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.model import LessonRef, Outcome, Runtime, SandboxReport, Status, SubmissionRef, Verdict
from hornbook.record.store import Record, default_path


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """Give a record of two learners, one of whom has a name that is hard on a terminal."""
    path = tmp_path / "record.sqlite"
    opened = Record.open(path)
    with contextlib.closing(opened):
        for learner in ("ada", "b\x1b[31men"):
            opened.grade(learner, "course", verdict(), at=datetime(2026, 11, 23, 3, 0, tzinfo=UTC))
        opened.practise("cyd", "course", verdict(), at=datetime(2026, 11, 24, 3, 0, tzinfo=UTC))
    return path


def verdict() -> Verdict:
    """Return one that has passed."""
    return Verdict.of(
        lesson=LessonRef("means", "Means", "1.0.0", "00" * 32, "11" * 32),
        submission=SubmissionRef("means.ipynb", "22" * 32),
        outcomes=(Outcome("test_mean", "mean", "The mean", Status.PASSED, 1.0, 1.0),),
        sandbox=SandboxReport(4, "own root", ()),
        runtime=Runtime("3.11.7", "33" * 32, "0.1.0"),
        started=datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
        seconds=0.25,
        seed=7,
    )


def hornbook(*words: str | Path) -> tuple[int, str, str]:
    """Run a command of the record; return its exit code, what was printed, and what was said beside it."""
    ended = CliRunner().invoke(app, ["record", *map(str, words)])
    return ended.exit_code, ended.stdout, ended.stderr


def test_the_list_says_who_stands_where(record: Path) -> None:
    """One line for each lesson of each learner; names are shown, not obeyed."""
    code, out, err = hornbook("list", "--record", record)
    documents = json.loads(hornbook("list", "--record", record, "--json")[1])

    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["ada", "course/means", "1", "handed", "in", "passed", "2026-11-23"],
        ["b\\x1b[31men", "course/means", "1", "handed", "in", "passed", "2026-11-23"],
        ["cyd", "course/means", "begun", "not", "yet", "2026-11-24"],
    ]
    assert documents[0] == {
        "learner": "ada",
        "course": "course",
        "lesson": "means",
        "attempts": 1,
        "passed": True,
        "last": "2026-11-23T03:00:00",
    }


def test_a_record_of_nobody_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an option it is the one among Jupyter's data; the environment names another."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    default = hornbook("list")[1]
    monkeypatch.setenv("HORNBOOK_RECORD", str(tmp_path / "named.sqlite"))
    named = hornbook("list")[1]

    assert default == f"Nobody is remembered in {default_path()}.\n"
    assert named == f"Nobody is remembered in {tmp_path / 'named.sqlite'}.\n"


def test_a_copy_and_an_export_are_made_and_read(record: Path, tmp_path: Path) -> None:
    """Each says what it did, and where it is."""
    backup = hornbook("backup", tmp_path / "copy.sqlite", "--record", record)
    export = hornbook("export", tmp_path / "all.jsonl", "--record", record)
    of_ada = hornbook("export", tmp_path / "ada.jsonl", "--learner", "ada", "--record", record)
    restored = [hornbook("restore", tmp_path / "all.jsonl", "--record", tmp_path / "new.sqlite")[1] for _ in range(2)]

    assert backup == (0, f"Copied     {record}\nto         {tmp_path / 'copy.sqlite'}\n", "")
    assert export == (0, f"Written    5 rows\nto         {tmp_path / 'all.jsonl'}\n", "")
    assert of_ada[1].startswith("Written    2 rows\n")
    assert restored == ["Read       5 rows that are new\n", "Read       0 rows that are new\n"]
    assert hornbook("list", "--record", tmp_path / "copy.sqlite") == hornbook("list", "--record", record)


def test_what_cannot_be_read_or_written_is_said(record: Path, tmp_path: Path) -> None:
    """In one sentence, with exit code 2."""
    (tmp_path / "notes").write_text("notes\n", "utf-8")
    found = [
        hornbook("backup", tmp_path / "notes", "--record", record),
        hornbook("export", tmp_path / "notes", "--record", record),
        hornbook("restore", tmp_path / "none", "--record", record),
        hornbook("restore", tmp_path / "notes", "--record", record),
        hornbook("list", "--record", "nothing://x"),
    ]

    assert [(code, out) for code, out, _ in found] == [(2, "")] * 5
    assert found[0][2] == found[1][2] == f"{tmp_path / 'notes'}: cannot be written (it is there already). Choose another file.\n"
    assert found[2][2] == f"{tmp_path / 'none'}: cannot be read (No such file or directory).\n"
    assert found[3][2] == "Line 1 does not belong to the export of a record, so nothing was read.\n"


def test_who_is_forgotten_is_gone(record: Path) -> None:
    """What is left elsewhere is named; a name that nobody has is no failure."""
    first = hornbook("forget", "ada", "--record", record)
    second = hornbook("forget", "ada", "--record", record)

    assert first == (0, "Forgotten  ada, 2 rows\nNext: delete what else there is of them: backups, exports, results and reports.\n", "")
    assert second == (0, "Nothing is remembered of ada.\n", "")
    assert b"ada" not in record.read_bytes()
    assert "ada" not in hornbook("list", "--record", record)[1]
