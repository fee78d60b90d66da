"""`hornbook scores`: what other systems read is what was graded, of the right person, and of nobody else."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.errors import HornbookError, SubmissionError
from hornbook.grading.journal import Entry, Journal, Refusal, learner_of
from hornbook.model import LessonRef, Outcome, Runtime, SandboxReport, Status, SubmissionRef, Verdict
from hornbook.reports.scores import Roster, Scores, exercism, gradescope, lti

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Means (4711),Old quiz (12)
    Points Possible,,,,,3,5
"Lovelace, Ada",101,S1,ada,A,,4
"=Ben",102,S2,ben,A,1,2
"Curie, Marie",103,S3,cyd,B,,
"""
MOODLE = "Username,Email address,Full name\nada,ada@example.org,Ada Lovelace\nben,ben@example.org,Ben\n"


def check(exercise: str, status: Status, points: float, *, hidden: bool = False) -> Outcome:
    """Return how one check ended."""
    return Outcome(
        f"test_{exercise}_{hidden}",
        exercise,
        f"The {exercise} is right",
        status,
        points,
        points if status is Status.PASSED else 0.0,
        hidden=hidden,
        message="" if status is Status.PASSED else "2 came,\x1b 3 was expected.",
        asked=None if hidden else f"{exercise}([1, 2])",
        came=None if hidden else "2",
        expected=None if hidden else "3",
        printed="x" * 9999,
    )


def entry(name: str, *outcomes: Outcome, slug: str = "means") -> Entry:
    """Return what came of a notebook: a verdict, or without outcomes a refusal."""
    if not outcomes:
        return Entry(name, learner_of(name), refusal=Refusal.of(SubmissionError(name, "is not JSON.")))
    verdict = Verdict.of(
        lesson=LessonRef(slug, slug.title(), "1.0.0", "00" * 32, "11" * 32),
        submission=SubmissionRef("x.ipynb", "22" * 32),
        outcomes=outcomes,
        sandbox=SandboxReport(4, "own root", ()),
        runtime=Runtime("3.11.7", "33" * 32, "0.1.0"),
        started=datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
        seconds=0.25,
        seed=7,
    )
    return Entry(name, learner_of(name), "q", verdict)


PASSED = (check("mean", Status.PASSED, 1), check("mode", Status.PASSED, 2, hidden=True))
HALF = (check("mean", Status.PASSED, 1), check("mode", Status.FAILED, 2, hidden=True))
NONE = (check("mean", Status.FAILED, 1), check("mode", Status.NOT_ATTEMPTED, 2, hidden=True))
BROKEN = (check("mean", Status.PASSED, 1), check("mode", Status.BROKEN, 2, hidden=True))
ALL = [
    entry("ada/a.ipynb", *HALF),
    entry("ada/b.ipynb", *PASSED),
    entry("ada/c.ipynb", *NONE),
    entry("ben/a.ipynb", *NONE),
    entry("cyd/a.ipynb", *BROKEN),
    entry("ben/l.ipynb", *PASSED, slug="loops"),
    entry("torn.ipynb"),
]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Give a file of results."""
    with Journal.open(tmp_path / "results.jsonl") as journal:
        for one in ALL:
            journal.append(one)
    return tmp_path / "results.jsonl"


def scores(*words: str | Path) -> tuple[int, str, str]:
    """Run the command; return its exit code, what was printed, and what was said beside it."""
    ended = CliRunner().invoke(app, ["scores", *map(str, words)])
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, ended.stdout, ended.stderr


def table(path: Path) -> list[list[str]]:
    """Return the cells of a table, which is one by RFC 4180."""
    return list(csv.reader(io.StringIO(path.read_text("utf-8"), newline=""), strict=True))


def test_canvas_takes_the_column_that_it_has(results: Path, tmp_path: Path) -> None:
    """By its number; a lesson that is new is a new column, and what was held up stays empty. The best result of each learner counts."""
    (tmp_path / "canvas.csv").write_text(CANVAS, "utf-8-sig")
    ended = scores(results, "--format", "canvas", "--roster", tmp_path / "canvas.csv", "--into", tmp_path / "out.csv")

    assert ended == (0, f"Written    {tmp_path / 'out.csv'}\n", "")
    assert table(tmp_path / "out.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Means (4711)", "Loops"],
        ["    Points Possible", "", "", "", "", "3", "3"],
        ["Lovelace, Ada", "101", "S1", "ada", "A", "3", ""],
        ["'=Ben", "102", "S2", "ben", "A", "0", "3"],
        ["Curie, Marie", "103", "S3", "cyd", "B", "", ""],
    ]


def test_moodle_gets_points_and_remarks(results: Path, tmp_path: Path) -> None:
    """For those whom it knows; the others are named, and the exit code says so."""
    (tmp_path / "moodle.csv").write_text(MOODLE, "utf-8")
    known = scores(results, "--format", "moodle", "--roster", tmp_path / "moodle.csv", "--into", tmp_path / "out.csv")
    everybody = scores(results, "--format", "moodle", "--into", tmp_path / "all.csv")

    assert (known[0], known[2]) == (2, f"{tmp_path / 'moodle.csv'} has no row for 1 who handed something in: cyd.\n")
    assert table(tmp_path / "out.csv")[1:] == [
        ["ada", "ada@example.org", "Ada Lovelace", "3", "", "", ""],
        ["ben", "ben@example.org", "Ben", "0", "The mean is right: 2 came,\\x1b 3 was expected.", "3", ""],
    ]
    assert table(tmp_path / "out.csv")[0][3:] == ["Means", "Means (feedback)", "Loops", "Loops (feedback)"]
    assert everybody[0] == 0
    assert [row[0] for row in table(tmp_path / "all.csv")] == ["Username", "ada", "ben", "cyd"]


@pytest.mark.parametrize(
    ("learner", "found"),
    [
        ("ada", "101"),
        ("ADA ", "101"),
        ("S1", "101"),
        ("101", "101"),
        ("lovelaceada_101_99999_loops", "101"),
        ("lovelaceada_LATE_101_99999_loops", "101"),
        ("adal", None),
        ("", None),
    ],
)
def test_a_learner_is_who_one_of_the_columns_says(tmp_path: Path, learner: str, found: str | None) -> None:
    """In small letters or capitals, and as Canvas packs what was handed in."""
    (tmp_path / "canvas.csv").write_text(CANVAS, "utf-8")
    person = Roster.read(tmp_path / "canvas.csv").find(learner, ("Student", "ID", "SIS User ID", "SIS Login ID"))

    assert (person or {}).get("ID") == found


def test_a_folder_of_moodles_is_its_learners(tmp_path: Path) -> None:
    """By the name in it, or by its number; two of one name are never confused."""
    (tmp_path / "moodle.csv").write_text(
        "Identifier,Full name\nParticipant 12,Jose\u0301 Li\nParticipant 13,Ada\nParticipant 14,Ada\n", "utf-8"
    )
    roster = Roster.read(tmp_path / "moodle.csv")
    found = [roster.find(name, ("Full name", "Identifier")) for name in ("José Li_99_assignsubmission_file_", "X_12_assignsubmission_file")]

    assert [person and person["Identifier"] for person in found] == ["Participant 12", "Participant 12"]
    with pytest.raises(HornbookError, match=r"moodle\.csv: 2 rows may be Ada\. Leave those out that are not\."):
        roster.find("Ada", ("Full name",))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a,b\n1,2\n", "has no column that tells people apart"),
        (b"", "has no column that tells people apart"),
        (b"Username\n\xff\n", "is no CSV in UTF-8"),
        (b'Username\n"a"b\n', "is no CSV in UTF-8"),
        (None, r"cannot be read \(No such file or directory\)"),
    ],
)
def test_what_is_no_roster_is_said(tmp_path: Path, content: bytes | None, problem: str) -> None:
    """By the name of the file."""
    if content is not None:
        (tmp_path / "roster.csv").write_bytes(content)
    with pytest.raises(HornbookError, match=rf"roster\.csv: {problem}"):
        Roster.read(tmp_path / "roster.csv")


def test_lti_has_a_line_item_for_each_lesson(results: Path, tmp_path: Path) -> None:
    """Each score has what the specification asks for; what was held up waits for a person."""
    scores(results, "--format", "lti", "--into", tmp_path / "lti.json")
    items = json.loads((tmp_path / "lti.json").read_text("utf-8"))

    assert items == lti(Scores.of(ALL))
    assert [item["lineItem"] for item in items] == [
        {"label": "Means", "resourceId": "means", "scoreMaximum": 3.0},
        {"label": "Loops", "resourceId": "loops", "scoreMaximum": 3.0},
    ]
    assert items[0]["scores"][0] == {
        "userId": "ada",
        "timestamp": "2026-11-23T03:00:00.000+00:00",
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "comment": "",
        "scoreGiven": 3.0,
        "scoreMaximum": 3.0,
    }
    assert (items[0]["scores"][2]["gradingProgress"], "scoreGiven" in items[0]["scores"][2]) == ("PendingManual", False)


def test_gradescope_is_told_each_check(tmp_path: Path) -> None:
    """In one file for one notebook, where Gradescope looks for it; what is hidden is shown with the grades, and says nothing."""
    with Journal.open(tmp_path / "one.jsonl") as journal:
        journal.append(entry("a.ipynb", *HALF, check("skip", Status.SKIPPED, 5)))
    scores(tmp_path / "one.jsonl", "--format", "gradescope", "--into", tmp_path / "results.json")
    found = json.loads((tmp_path / "results.json").read_text("utf-8"))

    assert (found["score"], sum(test["max_score"] for test in found["tests"])) == (1.0, 3.0)
    assert [(test["status"], test["visibility"], test["output"]) for test in found["tests"]] == [
        ("passed", "visible", "asked: mean([1, 2])\ncame: 2\nexpected: 3"),
        ("failed", "after_published", ""),
    ]
    assert gradescope(entry("torn.ipynb")) == {"score": 0, "output": "torn.ipynb: is not JSON.", "output_format": "text", "tests": []}
    assert "2 came" in gradescope(entry("x", *BROKEN))["output"]


def test_exercism_is_told_in_its_third_version() -> None:
    """A task for each exercise; hidden checks only say whether they pass, and what was held up is an error."""

    def form(found: dict[str, Any]) -> list[tuple[str, str, int]]:
        return [(test["name"], test["status"], test["task_id"]) for test in found["tests"]]

    half, none = exercism(entry("x", *HALF)), exercism(entry("x", *NONE))

    assert (half["version"], half["status"], exercism(entry("x", *PASSED))["status"]) == (3, "fail", "pass")
    assert form(half) == [("The mean is right", "pass", 1), ("Hidden checks", "fail", 2)]
    assert form(none) == [("The mean is right", "fail", 1), ("Hidden checks", "fail", 2)]
    assert none["tests"][0]["message"].startswith("2 came,\\x1b 3 was expected.\nasked: ")
    assert all(test["test_code"] for test in none["tests"])
    assert len(none["tests"][0]["output"]) <= 500
    assert exercism(entry("torn.ipynb")) == {"version": 3, "status": "error", "message": "torn.ipynb: is not JSON."}
    assert exercism(entry("x", *BROKEN))["status"] == "error"


def test_many_notebooks_are_as_many_files(results: Path, tmp_path: Path) -> None:
    """Whose names hold nothing that a folder could be."""
    code, out, _ = scores(results, "--format", "exercism", "--into", tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())

    assert (code, out.count("Written")) == (0, len(ALL))
    assert [re.sub(r"-[0-9a-f]{12}\.json$", "", name) for name in names] == ["ada_a", "ada_b", "ada_c", "ben_a", "ben_l", "cyd_a", "torn"]


def test_what_does_not_fit_together_is_said(results: Path, tmp_path: Path) -> None:
    """In one sentence, with exit code 2, before anything is written."""
    (tmp_path / "empty.jsonl").write_bytes(b"")
    (tmp_path / "canvas.csv").write_text(CANVAS, "utf-8")
    ends = [
        scores(results, "--format", "gradescope", "--into", tmp_path / "x.json"),
        scores(tmp_path / "empty.jsonl", "--format", "exercism", "--into", tmp_path / "x.json"),
        scores(results, "--format", "lti", "--into", tmp_path / "x.json", "--roster", tmp_path / "canvas.csv"),
        scores(tmp_path / "canvas.csv", "--format", "lti", "--into", tmp_path / "x.json"),
        scores(results, "--format", "lti", "--into", tmp_path),
    ]

    assert [(code, out) for code, out, _ in ends] == [(2, "")] * 5
    assert "is a file for one result, and there are several. Name a folder with --into." in ends[0][2]
    assert "and there is none" in ends[1][2]
    assert ends[2][2] == "--roster is for tables: --format canvas or --format moodle.\n"
    assert "canvas.csv: line 1 is no result of hornbook's" in ends[3][2]
    assert "cannot be written (Is a directory). Choose another file for --into." in ends[4][2]
    assert not (tmp_path / "x.json").exists()
