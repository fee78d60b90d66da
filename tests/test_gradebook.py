"""`hornbook.record.gradebook` and what hands verdicts back: nbgrader's own gradebook shows our points. Real nbgrader, real SQLite."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbgrading as nb
import pytest
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from hornbook import Course, grade
from hornbook.cli import app
from hornbook.errors import HornbookError
from hornbook.exchange.bringing import import_nbgrader
from hornbook.exchange.handing_back import autograded, hand_back
from hornbook.lesson import check_name, fill, read_solution
from hornbook.model import Outcome, Status
from hornbook.record.gradebook import Entry, Place, entries, place_of, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hornbook.model import Verdict

MADE = nb.notebook(
    nb.answer("f", "    return 2 * x", "def f(x):\n"),
    nb.asserts("f_test", "assert f(1) == 2", 2),
    nb.asserts("f_hidden", "# more", 3, hidden="assert f(3) == 6"),
    nb.asserts("f_part", "score = 0.5 * (f(1) == 2) + (f(5) == 10)\nscore", 1.5),
    nb.essay("why", "Because.", 4),
    nb.program("Draw", "picture = 1", 2),
)
DOUBLE = "def f(x):\n    return x + x"
PLACE = Place("ada", nb.ASSIGNMENT, nb.NOTEBOOK)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Give nbgrader's own gradebook in the file at *path*."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = Gradebook(f"sqlite:///{path}", "course")
        yield book
        book.close()
        book.engine.dispose()


def scores(path: Path, student: str = "ada") -> dict[str, tuple[float | None, bool]]:
    """Return the automatic score of each cell, and whether a person has to look, as nbgrader reads them."""
    with opened(path) as book:
        found = book.find_submission_notebook(nb.NOTEBOOK, nb.ASSIGNMENT, student).grades
        return {one.cell.name: (one.auto_score, one.needs_manual_grade) for one in found}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a gradebook with nothing in it: making one takes nbgrader seconds."""
    path = tmp_path_factory.mktemp("template") / "gradebook.db"
    write(str(path), replace(PLACE, assignment="none"), ())
    return path


@pytest.fixture
def book(template: Path, tmp_path: Path) -> Path:
    """Give the file of a gradebook of nbgrader's."""
    return Path(shutil.copy(template, tmp_path / "gradebook.db"))


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Give the course that a notebook of nbgrader's has become."""
    root = tmp_path_factory.mktemp("gradebook")
    nb.write_course(root, MADE)
    import_nbgrader(root, root / "here")
    return Course.open(root / "here")


@pytest.fixture(scope="module")
def verdict(course: Course) -> Verdict:
    """Give the verdict on a submission that is right but for its last third."""
    answers = {"f": "def f(x):\n    return 2 if x == 1 else 6 if x == 3 else 0", "draw": "picture = 2"}
    lesson = course.lesson("work")
    return grade(fill(lesson, answers), course, lesson=lesson)


EARNED = {
    "f_test": (2.0, False),
    "f_hidden": (3.0, False),
    "f_part": (0.5, False),
    "why": (None, True),
    "draw": (None, True),
}


def test_a_new_gradebook_is_made(course: Course, verdict: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Students, assignment and cells are made, with points and what waits for a person, although `alembic` is on nobody's PATH."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    total = write(str(tmp_path / "gradebook.db"), PLACE, entries(course.lesson("work"), verdict))

    assert (total, scores(tmp_path / "gradebook.db")) == (5.5, EARNED)
    assert os.environ["PATH"] == "/usr/bin:/bin"
    with opened(tmp_path / "gradebook.db") as book:
        assert book.find_assignment(nb.ASSIGNMENT).max_score == 12.5


def test_no_path_at_all_is_no_hindrance(course: Course, verdict: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no PATH there is none afterwards."""
    monkeypatch.delenv("PATH")
    write(str(tmp_path / "gradebook.db"), PLACE, entries(course.lesson("work"), verdict))

    assert "PATH" not in os.environ


def test_nbgraders_own_gradebook_is_written_to(course: Course, verdict: Verdict, tmp_path: Path) -> None:
    """In a gradebook that nbgrader has made and filled, its own scores are replaced by ours, under its own names for the cells."""
    nb.write_course(tmp_path, MADE)
    before = nb.scores(tmp_path, {"ada": {"f": "def f(x):\n    return 2"}})["ada"]
    write(f"sqlite:///{tmp_path}/gradebook.db", PLACE, entries(course.lesson("work"), verdict))

    assert before == {"f_test": 2, "f_hidden": 0, "f_part": 0.5, "why": 0, "Draw": 0}
    assert scores(tmp_path / "gradebook.db") == {check: EARNED[check.lower()] for check in before}


def test_postgresql_is_as_good(course: Course, verdict: Verdict, postgresql: str) -> None:
    """A gradebook that many share, behind PostgreSQL's address, takes the same points."""
    engine = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE grades"))
    engine.dispose()
    where = postgresql.replace("/postgres?", "/grades?")

    assert write(where, PLACE, entries(course.lesson("work"), verdict)) == 5.5
    assert write(where, replace(PLACE, student="ben"), entries(course.lesson("work"), verdict)) == 5.5


def test_what_a_person_gave_stays(course: Course, verdict: Verdict, book: Path) -> None:
    """A manual score is not touched by a new verdict; the cell asks to be looked at again."""
    found = entries(course.lesson("work"), verdict)
    write(str(book), PLACE, found)
    with opened(book) as gradebook:
        one = gradebook.find_grade("f_test", nb.NOTEBOOK, nb.ASSIGNMENT, "ada")
        one.manual_score = 1
        gradebook.db.commit()
    total = write(str(book), PLACE, found)

    assert total == 4.5
    assert scores(book)["f_test"] == (2.0, True)


def test_an_untouched_manual_answer_is_worth_nothing(course: Course, book: Path) -> None:
    """As with nbgrader, whoever has written nothing gets 0 without anybody reading it; words alone a person has to see."""
    lesson = course.lesson("work")
    blank = grade(fill(lesson, {}), course, lesson=lesson)
    write(str(book), PLACE, entries(lesson, blank))

    assert scores(book) == {**dict.fromkeys(("f_test", "f_hidden", "f_part", "draw"), (0.0, False)), "why": (None, True)}


def test_what_is_broken_is_a_persons_to_look_at(course: Course, verdict: Verdict) -> None:
    """A check that could not be asked gives no score, and is not 0 either."""
    broken = replace(verdict, outcomes=tuple(replace(one, status=Status.BROKEN) for one in verdict.outcomes))

    assert {one.earned for one in entries(course.lesson("work"), broken)} == {None}


def test_checks_of_our_own_are_cells_of_their_own(course: Course, verdict: Verdict) -> None:
    """A check that no test cell of nbgrader's is has an entry by its name; one that is worth nothing has none."""
    more = (Outcome("test_extra", "f", "More", Status.PASSED, 2, 2), Outcome("test_free", "f", "Free", Status.PASSED, 0, 0))
    found = entries(course.lesson("work"), replace(verdict, outcomes=(*verdict.outcomes, *more)))

    assert Entry("test_extra", 2, 2) in found
    assert not any(one.cell in {"test_free", "test_f_hidden_shown", "test_draw_runs"} for one in found)


def test_other_points_are_refused(course: Course, verdict: Verdict, book: Path) -> None:
    """Where the gradebook knows other points for a cell, nobody's score is changed, and the error names the cell."""
    found = entries(course.lesson("work"), verdict)
    write(str(book), PLACE, found)
    with pytest.raises(HornbookError, match="has 2 points for f_test, the grader 9"):
        write(str(book), PLACE, (replace(found[0], points=9), *found[1:]))

    assert scores(book) == EARNED


def test_a_cell_that_is_younger_than_the_submission_gets_its_score(book: Path) -> None:
    """An entry that was added later, or a notebook that was, is written for a submission that was there before, tasks included."""
    write(str(book), PLACE, (Entry("a", 1, 1),))
    write(str(book), PLACE, (Entry("a", 1, 0), Entry("b", 2, 2), Entry("t", 3, None, "markdown", task=True)))
    write(str(book), replace(PLACE, notebook="other"), (Entry("c", 1, 1),))

    assert scores(book) == {"a": (0.0, False), "b": (2.0, False), "t": (None, True)}
    with opened(book) as gradebook:
        assert gradebook.find_submission(nb.ASSIGNMENT, "ada").score == 3


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("nonsense://x", "is no gradebook that can be opened"),
        ("postgresql+nothing://x", "is no gradebook that can be opened"),
        ("sqlite:////nowhere/at/all.db", "is no gradebook that can be opened"),
    ],
)
def test_what_is_no_gradebook_is_told(where: str, sentence: str) -> None:
    """A URL that nobody here speaks, or a place where nothing can be made, is one sentence."""
    with pytest.raises(HornbookError, match=sentence):
        write(where, PLACE, (Entry("a", 1, 1),))


def test_a_password_is_not_told() -> None:
    """What stands before the @ of a URL is in no error."""
    with pytest.raises(HornbookError) as caught:
        write("nonsense://me:secret@host/db", PLACE, ())

    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """A file that is something else is not overwritten."""
    (tmp_path / "gradebook.db").write_text("no database at all, but long enough to be looked at" * 50, "utf-8")
    with pytest.raises(HornbookError, match="is no gradebook that can be opened"):
        write(str(tmp_path / "gradebook.db"), PLACE, ())


def test_without_alembic_a_new_gradebook_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nbgrader's helper is installed nowhere the error says what to install."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(HornbookError, match="install it beside this Python"):
        write(str(tmp_path / "gradebook.db"), PLACE, ())


def test_a_gradebook_that_somebody_holds_is_told(book: Path) -> None:
    """While another process writes for good, nothing is written, and one sentence says so."""
    write(str(book), PLACE, (Entry("a", 1, 1),))
    with contextlib.closing(sqlite3.connect(book, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HornbookError, match="locked"):
            write(f"sqlite:///{book}?timeout=0.1", PLACE, (Entry("a", 1, 0),))

    assert scores(book) == {"a": (1.0, False)}


# --- Where submissions lie --------------------------------------------------------------------------------------------


def test_whose_it_is_stands_in_the_path(tmp_path: Path) -> None:
    """Student, assignment, notebook and time come from where the file lies."""
    folder = tmp_path / "submitted" / "ada" / "ps"
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text("2026-01-30 20:30:10.000000 UTC\n", "utf-8")

    assert place_of(folder / "work.ipynb") == Place("ada", "ps", "work", "2026-01-30 20:30:10.000000 UTC")
    assert place_of(tmp_path / "autograded" / "ben" / "ps" / "work.ipynb") == Place("ben", "ps", "work")


def test_a_time_that_is_no_text_is_none(tmp_path: Path) -> None:
    """A timestamp that cannot be read costs nobody the submission."""
    folder = tmp_path / "submitted" / "ada" / "ps"
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_bytes(b"\xff\xfe\xff")

    assert place_of(folder / "work.ipynb").timestamp is None


def test_a_file_that_is_nobodys_is_refused(tmp_path: Path) -> None:
    """A notebook that lies elsewhere has no student."""
    with pytest.raises(HornbookError, match="does not lie in submitted/<student>/<assignment>/"):
        place_of(tmp_path / "work.ipynb")


def _hand_in(root: Path, course: Course, student: str, answers: dict[str, str], words: str = "I think so.") -> Path:
    notebook = course.lesson("work").to_notebook(answers)
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "why":
            cell["source"] = words
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "display_data", "data": {"text/html": "<script>alert(1)</script>"}, "metadata": {}}]
    path = root / "submitted" / student / nb.ASSIGNMENT / f"{nb.NOTEBOOK}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook), "utf-8")
    return path


def test_formgrader_gets_the_learners_words_and_nothing_that_acts(course: Course, tmp_path: Path) -> None:
    """The copy that formgrader shows has the lesson's cells, the learner's answers in code and in words, and no output."""
    path = _hand_in(tmp_path, course, "ada", {"f": DOUBLE})
    shown = autograded(course.lesson("work"), path)
    sources = [cell["source"] for cell in shown["cells"]]

    assert {DOUBLE, "I think so.", "assert f(1) == 2"} <= set(sources)
    assert "script" not in json.dumps(shown)


def test_the_command_fills_the_gradebook(course: Course, tmp_path: Path, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of submissions is graded into the gradebook, each student under their own name, with a copy for formgrader."""
    monkeypatch.chdir(tmp_path)
    _hand_in(tmp_path, course, "ada", {"f": DOUBLE, "draw": "picture = 7"})
    _hand_in(tmp_path, course, "ben", {})
    result = CliRunner().invoke(app, ["grade", "submitted", "--course", str(course.root), "-q", "--gradebook", "gradebook.db"])

    assert result.exit_code == 1
    assert scores(book)["f_part"] == (1.5, False)
    assert scores(book, "ben")["f_test"] == (0.0, False)
    assert (tmp_path / "autograded" / "ben" / nb.ASSIGNMENT / f"{nb.NOTEBOOK}.ipynb").is_file()


def test_the_command_refuses_what_is_nobodys_before_it_grades(course: Course, tmp_path: Path) -> None:
    """One file in the wrong place stops the command with exit code 2 before anything is graded or written."""
    (tmp_path / "work.ipynb").write_text("{}", "utf-8")
    where = tmp_path / "gradebook.db"
    result = CliRunner().invoke(app, ["grade", str(tmp_path / "work.ipynb"), "--course", str(course.root), "--gradebook", str(where)])

    assert result.exit_code == 2
    assert "does not lie in submitted/" in result.stderr
    assert not where.exists()


def test_what_cannot_be_handed_back_costs_one_submission(course: Course, tmp_path: Path, book: Path) -> None:
    """A gradebook with other points refuses that submission in a sentence; the command goes on."""
    path = _hand_in(tmp_path, course, "ada", {"f": DOUBLE})
    where = book
    write(str(where), replace(PLACE, student="ben"), (Entry("f_test", 9, 1),))
    result = CliRunner().invoke(app, ["grade", str(path), "--course", str(course.root), "--gradebook", str(where)])

    assert result.exit_code == 2
    assert "the gradebook has 9 points for f_test, the grader 2" in result.stderr


def test_a_copy_that_cannot_be_written_is_told(course: Course, tmp_path: Path, book: Path, verdict: Verdict) -> None:
    """Where `autograded/` is a file, the points are in the gradebook, and the error says so."""
    path = _hand_in(tmp_path, course, "ada", {"f": DOUBLE})
    (tmp_path / "autograded").write_text("", "utf-8")
    with pytest.raises(HornbookError, match="The points are in the gradebook"):
        hand_back(course, str(book))(path, verdict)

    assert scores(book) == EARNED


def test_a_copy_is_not_copied_again(course: Course, tmp_path: Path, book: Path, verdict: Verdict) -> None:
    """Whoever grades what lies in `autograded/` changes scores, and no notebook."""
    path = _hand_in(tmp_path, course, "ada", {"f": DOUBLE})
    moved = tmp_path / "autograded"
    (tmp_path / "submitted").rename(moved)
    copy = moved / path.relative_to(tmp_path / "submitted")
    before = copy.read_bytes()
    hand_back(course, str(book))(copy, verdict)

    assert copy.read_bytes() == before


@pytest.mark.parametrize(("grade_id", "name"), [("Correct-Squares", "test_correct_squares"), ("test_x", "test_x"), ("é", "test_cell")])
def test_a_cell_and_its_check_have_one_name(grade_id: str, name: str) -> None:
    """The name of a check is made from nbgrader's id, and a check's own stays."""
    assert check_name(grade_id) == check_name(check_name(grade_id)) == name


def test_a_solution_earns_everything_there(course: Course, book: Path) -> None:
    """The reference solution's verdict gives all automatic points, as nbgrader's autograde would."""
    lesson = course.lesson("work")
    solved = grade(fill(lesson, read_solution(course.solution("work"))), course, lesson=lesson)

    assert write(str(book), PLACE, entries(lesson, solved)) == 6.5
