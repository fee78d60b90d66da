"""`hornbook.exchange.exporting`: lessons become source notebooks that nbgrader itself releases, validates and grades as we do."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import nbgrading as nb
import pytest
from test_import_nbgrader import HALF, HONEST, RICH
from typer.testing import CliRunner

from hornbook import Course, grade
from hornbook.cli import app
from hornbook.errors import HornbookError
from hornbook.exchange.bringing import import_nbgrader
from hornbook.exchange.exporting import export_nbgrader
from hornbook.lesson import fill, read_solution
from hornbook.scaffold import FIRST_LESSON, new_course

if TYPE_CHECKING:
    from pathlib import Path

SMALL_VOWELS = "def count_vowels(word):\n    return sum(word.count(vowel) for vowel in 'aeiou')"
CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "course"\n'


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Path]:
    """Give a new course of ours, and nbgrader's course that it was exported to."""
    root = tmp_path_factory.mktemp("export")
    new_course(root / "ours")
    course = Course.open(root / "ours")
    export = export_nbgrader(course, [], root)
    (root / "nbgrader_config.py").write_text(CONFIG, "utf-8")

    assert export.notes == ()
    return course, root


def test_nbgrader_grades_our_lesson_as_we_do(exported: tuple[Course, Path]) -> None:
    """Check by check, hidden ones and those that hypothesis draws included, nbgrader's autograde and our verdict agree."""
    course, root = exported
    lesson = course.lesson(FIRST_LESSON)
    answers = {"solved": read_solution(course.solution(FIRST_LESSON))["count_vowels"][0], "half": SMALL_VOWELS}
    theirs = nb.scores(root, {who: {"count_vowels": source} for who, source in answers.items()} | {"blank": {}}, FIRST_LESSON, FIRST_LESSON)
    ours = {who: grade(fill(lesson, {"count_vowels": source}), course, lesson=lesson) for who, source in answers.items()}
    ours["blank"] = grade(fill(lesson, {}), course, lesson=lesson)

    assert theirs == {who: {one.check: one.earned for one in verdict.outcomes} for who, verdict in ours.items()}
    assert sum(filter(None, theirs["half"].values())) == 2


def test_nbgrader_finds_nothing_wrong_with_it(exported: tuple[Course, Path]) -> None:
    """`nbgrader validate` runs the source notebook, solutions and all, and says that it passes."""
    _, root = exported
    said = nb.run(root, "nbgrader", "validate", f"source/{FIRST_LESSON}/{FIRST_LESSON}.ipynb")

    assert "Success! Your notebook passes all the tests." in said.stdout + said.stderr


def test_what_comes_in_goes_out(tmp_path: Path) -> None:
    """A notebook of nbgrader's that came in and went out again gets the same points from nbgrader; the file that was read is as it was."""
    original = nb.write_course(tmp_path / "in", RICH)
    digest = hashlib.sha256(original.read_bytes()).hexdigest()
    import_nbgrader(tmp_path / "in", tmp_path / "ours", run=False)
    export = export_nbgrader(Course.open(tmp_path / "ours"), [], tmp_path / "out")
    (tmp_path / "out" / "nbgrader_config.py").write_text(CONFIG, "utf-8")
    answers = {"honest": HONEST, "half": HALF}
    before = nb.scores(tmp_path / "in", answers)
    renamed = {who: {("mysum" if name == "MySum" else name): source for name, source in one.items()} for who, one in answers.items()}
    after = nb.scores(tmp_path / "out", renamed)

    assert export.notes == ()
    assert hashlib.sha256(original.read_bytes()).hexdigest() == digest
    assert after == before


def test_test_cells_come_out_as_they_were(tmp_path: Path) -> None:
    """Source, hidden part, points and id of a test cell are those that came in, but for the sentence that it begins with."""
    nb.write_course(tmp_path, RICH)
    import_nbgrader(tmp_path, tmp_path / "ours", run=False)
    export = export_nbgrader(Course.open(tmp_path / "ours"), ["work"], tmp_path / "out")
    made = json.loads((tmp_path / "out" / "source" / "ps" / "work.ipynb").read_text("utf-8"))
    found = {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in made["cells"] if "nbgrader" in cell["metadata"]}
    for cell in RICH["cells"]:
        said = cell["metadata"].get("nbgrader", {})
        if said.get("grade") and not said["solution"] and "%" not in cell["source"]:
            assert found[said["grade_id"]]["source"].endswith(cell["source"])
            assert found[said["grade_id"]]["metadata"]["nbgrader"]["points"] == said["points"]

    assert len(export.files) == 1


def _course(root: Path, checks: str, solution: str = "") -> Course:
    new_course(root)
    grader = root / "graders" / f"test_{FIRST_LESSON}.py"
    grader.write_text(f"import pytest\nimport random\n\nLIMIT = 3\nexercise = pytest.mark.exercise\n\n{checks}", "utf-8")
    if solution:
        grader.with_name(f"{FIRST_LESSON}.solution.py").write_text(solution, "utf-8")
    return Course.open(root)


def _notebook(course: Course, to: Path) -> tuple[list[dict[str, str]], list[str]]:
    export = export_nbgrader(course, [], to)
    made = json.loads((to / "source" / FIRST_LESSON / f"{FIRST_LESSON}.ipynb").read_text("utf-8"))
    return made["cells"], [note.what for note in export.notes]


CANNOT = {
    "submission.cell": "    assert submission.cell('count_vowels').source",
    "submission.stdin": "    submission.stdin(['a'])",
}


@pytest.mark.parametrize("asked", CANNOT)
def test_what_a_notebook_cannot_answer_is_left_out_and_told(tmp_path: Path, asked: str) -> None:
    """A check that asks what only our engine can give becomes no cell, and the export names it."""
    checks = f'@pytest.mark.exercise("count_vowels")\ndef test_odd(submission):\n    """Odd"""\n{CANNOT[asked]}\n'
    cells, notes = _notebook(_course(tmp_path / "ours", checks), tmp_path)

    assert not any("test_odd" in cell["source"] for cell in cells)
    assert notes == [f"test_odd: asks for {asked}, which a notebook cannot answer, so it was left out."]


def test_what_only_pytest_gives_is_left_out_and_told(tmp_path: Path) -> None:
    """Fixtures and parameters stay behind, each with its check's name."""
    checks = (
        '@pytest.mark.exercise("count_vowels")\n@pytest.mark.parametrize("word", ["a"])\n'
        'def test_many(submission, word):\n    """Many"""\n\n'
        '@pytest.mark.exercise("count_vowels")\ndef test_place(submission, tmp_path):\n    """Place"""\n\n'
        '@pytest.mark.exercise("count_vowels")\ndef test_alone():\n    """Alone"""\n'
    )
    _, notes = _notebook(_course(tmp_path / "ours", checks), tmp_path)

    assert [note.split(" ")[0] for note in notes] == ["test_many:", "test_place:", "test_alone:"]
    assert "takes tmp_path, which only pytest can give it" in notes[1]


def test_a_cell_brings_what_its_check_needs(tmp_path: Path) -> None:
    """Constants, helpers, imports and `rng` come along; markers stay, and what is worth nothing becomes no cell."""
    checks = (
        "def longest(word):\n    return len(word) <= LIMIT\n\n"
        '@pytest.mark.points(4)\n@pytest.mark.hidden\n@pytest.mark.exercise("count_vowels")\n'
        'def test_needs(submission, rng):\n    """Needs"""\n'
        '    assert longest("abc") and submission.count_vowels(rng.choice(["a"])) == 1\n\n'
        '@pytest.mark.exercise("count_vowels", points=0)\ndef test_free(submission):\n    """Free"""\n'
    )
    cells, notes = _notebook(_course(tmp_path / "ours", checks), tmp_path)
    source = next(cell["source"] for cell in cells if "test_needs" in cell["source"])

    assert notes == []
    assert "LIMIT = 3" in source
    assert "def longest(word):" in source
    assert "pytest.mark" not in source
    assert source.startswith("### BEGIN HIDDEN TESTS")
    assert not any("test_free" in cell["source"] for cell in cells)


def test_a_solution_that_is_missing_is_told(tmp_path: Path) -> None:
    """Where an exercise has no solution its cell is as learners get it; one that is wholly other is marked as a whole."""
    nb.write_course(tmp_path, nb.notebook(nb.answer("f", "x = 1\ny = 2"), nb.answer("g", "z = 3"), nb.asserts("t", "assert x + z")))
    import_nbgrader(tmp_path, tmp_path / "ours", run=False)
    course = Course.open(tmp_path / "ours")
    course.solution("work").write_text("# %% f\nx = 1\ny = 2\n", "utf-8")
    export = export_nbgrader(course, [], tmp_path / "out")
    made = json.loads((tmp_path / "out" / "source" / "ps" / "work.ipynb").read_text("utf-8"))

    assert [note.what for note in export.notes] == ["g: has no solution, so its cell is as learners get it."]
    assert made["cells"][0]["source"] == "### BEGIN SOLUTION\nx = 1\ny = 2\n### END SOLUTION"


def test_a_solution_like_the_stub_is_marked_as_a_whole(tmp_path: Path) -> None:
    """A solution that is what learners get is marked all the same: nbgrader wants a region in every answer."""
    new_course(tmp_path / "ours")
    course = Course.open(tmp_path / "ours")
    stub = course.lesson(FIRST_LESSON).exercises["count_vowels"].sources[0]
    course.solution(FIRST_LESSON).write_text(f"# %% count_vowels\n{stub}\n", "utf-8")
    cells, _ = _notebook(course, tmp_path)

    assert any(cell["source"] == f"### BEGIN SOLUTION\n{stub}\n### END SOLUTION" for cell in cells)


def test_nothing_is_overwritten(exported: tuple[Course, Path]) -> None:
    """A notebook that is there already stops the export before anything is written."""
    course, root = exported
    with pytest.raises(HornbookError, match="is there already, and nothing is ever overwritten"):
        export_nbgrader(course, [], root)


def test_a_folder_that_cannot_be_made_is_told(exported: tuple[Course, Path], tmp_path: Path) -> None:
    """Where a folder cannot be made the export says which, in one sentence."""
    (tmp_path / "source").write_text("a file", "utf-8")
    with pytest.raises(HornbookError, match="cannot be made"):
        export_nbgrader(exported[0], [], tmp_path)


def test_the_command_tells_what_it_made(tmp_path: Path) -> None:
    """The command names files and what was left out, in words or as a document; what was left out makes exit code 1."""
    checks = '@pytest.mark.exercise("count_vowels")\ndef test_alone():\n    """Alone"""\n'
    _course(tmp_path / "odd", checks)
    new_course(tmp_path / "whole")
    odd = CliRunner().invoke(app, ["export", "nbgrader", "--course", str(tmp_path / "odd"), "--to", str(tmp_path / "a")])
    whole = CliRunner().invoke(
        app, ["export", "nbgrader", FIRST_LESSON, "--course", str(tmp_path / "whole"), "--to", str(tmp_path / "b"), "--json"]
    )

    assert (odd.exit_code, whole.exit_code) == (1, 0)
    assert "test_alone: takes no submission" in odd.stdout
    assert odd.stdout.startswith(f"made  {tmp_path / 'a' / 'source'}")
    assert len(json.loads(whole.stdout)["files"]) == 1
