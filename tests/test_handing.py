"""`hornbook hand-out`, and `hornbook grade` on what was handed out."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from test_following import drawing
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.handing import MAX_ROSTER
from hornbook.model import Parameters
from hornbook.record.store import Record
from hornbook.variants import Seed

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from hornbook.course import Course


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Return a course whose one lesson draws parameters."""
    return drawing(tmp_path / "course")


def hornbook(course: Course, *words: object) -> Result:
    """Return how the command ended, with a seed beside the course."""
    options = ["--course", str(course.root), "--seed-file", str(course.root.parent / "seed")]
    return CliRunner().invoke(app, [*map(str, words), *options])


def answer(path: Path) -> None:
    """Write a right answer into the notebook at *path*."""
    notebook = json.loads(path.read_bytes())
    for cell in notebook["cells"]:
        cell["source"] = {"one": "one = n * 10 + len(word)", "two": "two = 2"}.get(cell["id"], cell["source"])
    path.write_text(json.dumps(notebook), "utf-8")


def test_a_list_of_learners_is_handed_out_to_and_graded_by_their_folders(course: Course, tmp_path: Path) -> None:
    """Each gets values of their own, the grade draws them again, and a second hand-out leaves what was worked on, and says so."""
    roster, out = tmp_path / "roster.csv", tmp_path / "out"
    roster.write_text("\ufeffname,Learner\nAda,ada\nZoë,zoë\n\n", "utf-8")
    handed = hornbook(course, "hand-out", "steps", "--learners", roster, "--into", out)
    assert handed.exit_code == 0, handed.output

    paths = [out / learner / "steps.ipynb" for learner in ("ada", "zoë")]
    for path in paths:
        answer(path)
    verdicts = json.loads(hornbook(course, "grade", out, "--json", "--seed", 7).stdout)
    seed = Seed.open(course, tmp_path / "seed")

    assert [verdict["passed"] for verdict in verdicts] == [True, True]
    assert [verdict["parameters"] for verdict in verdicts] == [
        {"values": seed.variant(course.lesson("steps"), learner), "of": "learner"} for learner in ("ada", "zoë")
    ]

    before = [path.read_bytes() for path in paths]
    again = hornbook(course, "hand-out", "steps", "--learners", roster, "--learner", "new", "--into", out)

    assert again.exit_code == 2
    assert again.stderr.count("It was left as it is.") == 2
    assert [path.read_bytes() for path in paths] == before
    assert (out / "new" / "steps.ipynb").is_file()


def test_a_single_notebook_is_graded_with_the_values_of_whoever_is_named(course: Course, tmp_path: Path) -> None:
    """Without a name the lesson's own values hold; both are told."""
    hornbook(course, "hand-out", "steps", "--learner", "ada", "--into", tmp_path / "out")
    path = tmp_path / "out" / "ada" / "steps.ipynb"
    answer(path)
    own = Seed.open(course, tmp_path / "seed").variant(course.lesson("steps"), "ada")
    named, nobodys = hornbook(course, "grade", path, "--learner", "ada"), hornbook(course, "grade", path)

    assert f"With your values: n = {own['n']}, word = {own['word']!r}." in named.stdout
    assert "With the lesson's own values: n = 1, word = 'x'." in nobodys.stdout


def test_a_learner_is_not_graded_without_the_seed(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new seed would draw what nobody was handed out."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "empty"))
    ended = CliRunner().invoke(app, ["grade", str(course.lesson("steps").path), "--learner", "ada", "--course", str(course.root)])

    assert ended.exit_code == 2
    assert "There is no seed of the variants of course here" in ended.stderr


def test_what_lies_beside_a_lesson_is_handed_out_with_it(course: Course, tmp_path: Path) -> None:
    """Its cells read a table by its name; one that the learner has changed stays, and that is said."""
    (course.root / "lessons" / "bees.csv").write_text("a,b\n", "utf-8")
    first = hornbook(course, "hand-out", "steps", "--learner", "ada", "--into", tmp_path / "out")
    table = tmp_path / "out" / "ada" / "bees.csv"
    assert (first.exit_code, table.read_text("utf-8")) == (0, "a,b\n")
    table.write_text("mine\n", "utf-8")
    second = hornbook(course, "hand-out", "steps", "--learner", "ada", "--into", tmp_path / "out")

    assert second.exit_code == 2
    assert "bees.csv: is there already, and says something else. It was left as it is." in second.stderr
    assert table.read_text("utf-8") == "mine\n"


def test_a_lesson_without_parameters_is_handed_out_alike(tmp_path: Path) -> None:
    """It is the same for all, and that is said."""
    course = drawing(tmp_path / "course", drawn={})
    ended = hornbook(course, "hand-out", "steps", "--learner", "ada", "--into", tmp_path / "out")

    assert "All got the same" in ended.stdout
    assert (tmp_path / "out" / "ada" / "steps.ipynb").read_bytes() == course.lesson("steps").path.read_bytes()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe\x00", "is no CSV in UTF-8"),
        (b"name,learner\nAda\n", "row 2 names no learner"),
        (b"../ada\n", "is no id of a learner"),
        (b"", "For whom?"),
        (b"x" * (MAX_ROSTER + 1), "has more than 4 MB"),
        (b'"' + b"x" * 200_000 + b'"\n', "is no CSV in UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_a_list_that_cannot_be_read_hands_out_nothing(course: Course, tmp_path: Path, content: bytes | None, problem: str) -> None:
    """One sentence says what is the matter with it."""
    roster = tmp_path / "roster.csv"
    if content is not None:
        roster.write_bytes(content)
    ended = hornbook(course, "hand-out", "steps", "--learners", roster, "--into", tmp_path / "out")

    assert ended.exit_code == 2
    assert problem in ended.stderr
    assert not (tmp_path / "out").exists()


def test_what_was_handed_out_is_graded_again_with_the_values_that_it_had(course: Course, tmp_path: Path) -> None:
    """No seed is needed for it: the verdict has the values. A lesson that has other parameters now is refused for it, and nothing falls."""
    hornbook(course, "hand-out", "steps", "--learner", "ada", "--into", tmp_path / "out")
    path, record = tmp_path / "out" / "ada" / "steps.ipynb", tmp_path / "record.sqlite"
    answer(path)
    first = hornbook(course, "grade", tmp_path / "out", "--record", record, "--seed", 7, "--json")
    verdict = json.loads(first.stdout)[0]
    grader = course.grader("steps")
    grader.write_text(f"{grader.read_text('utf-8')}\n# Another version.\n", "utf-8")
    words = ["regrade", "--course", str(course.root), "--record", str(record), "--json"]
    again = CliRunner().invoke(app, words)
    with contextlib.closing(Record.open(record)) as opened:
        (kept,) = [kept for _, _, kept in opened.verdicts()]

    assert (first.exit_code, again.exit_code) == (0, 0), again.output
    assert verdict["passed"]
    assert verdict["parameters"]["of"] == "learner"
    assert json.loads(again.stdout)["changes"][0]["kind"] == "same"
    assert (kept.passed, kept.parameters) == (True, Parameters(verdict["parameters"]["values"], "learner"))

    grader.write_text(f"{grader.read_text('utf-8')}\n# And another one.\n", "utf-8")
    notebook = json.loads(course.lesson("steps").path.read_bytes())
    notebook["metadata"]["hornbook"]["parameters"].pop("word")
    course.lesson("steps").path.write_text(json.dumps(notebook), "utf-8")
    refused = CliRunner().invoke(app, words)

    assert refused.exit_code == 2
    assert "was graded with values of their own for parameters that the lesson no longer has so" in refused.output
