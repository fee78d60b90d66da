"""The demo shows the main job on real lessons, and notices if it does not end as it should."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hornbook.cli import app
from hornbook.course import Course
from hornbook.demo import examples
from hornbook.errors import HornbookError
from hornbook.lesson import write_lesson
from hornbook.scaffold import FIRST_LESSON, new_course, new_lesson

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """Give what the demo of this repository's lessons shows, and where it kept the notebooks."""
    folder = tmp_path_factory.mktemp("demo")
    return CliRunner().invoke(app, ["demo", "--course", str(REPOSITORY), "--keep", str(folder)]), folder


def part(shown: tuple[Result, Path], name: str) -> str:
    """Return what was shown of one example."""
    return re.split(r"^(?:\d of 5: |The files )", shown[0].stdout, flags=re.MULTILINE)[
        ["finished", "half done", "mistaken", "cheating", "endless", "files"].index(name) + 1
    ]


def test_all_ends_as_it_should(shown: tuple[Result, Path]) -> None:
    """Five submissions, each with the verdict that it deserves: otherwise the demo itself fails."""
    assert (shown[0].exit_code, shown[0].stderr) == (0, "")


def test_a_finished_lesson_passes(shown: tuple[Result, Path]) -> None:
    """Full points, and nothing that is not passed."""
    assert re.search(r"(\d+) of \1 points\n", part(shown, "finished"))
    assert "not yet" not in part(shown, "finished")


def test_half_a_lesson_gets_its_half(shown: tuple[Result, Path]) -> None:
    """What was done passes, what was not is not attempted, and there is a next step."""
    assert all(words in part(shown, "half done") for words in ("✓ passed", "· not attempted", "next step"))


def test_a_mistake_is_answered(shown: tuple[Result, Path]) -> None:
    """What was asked, what came, what was expected, and one next step."""
    labels = re.findall(r"^    (asked|came|expected|next step) ", part(shown, "mistaken"), flags=re.MULTILINE)

    assert labels == ["asked", "came", "expected", "next step"]


def test_the_cheat_gets_no_points(shown: tuple[Result, Path]) -> None:
    """Neither a transformer that removes asserts nor an answer that equals everything earns anything."""
    assert "get_ipython().ast_transformers.append(NoMoreQuestions())" in part(shown, "cheating")
    assert re.search(r" 0 of \d+ points\n", part(shown, "cheating"))
    assert "✓ passed" not in part(shown, "cheating")


def test_a_loop_costs_its_own_exercise_only(shown: tuple[Result, Path]) -> None:
    """Exercises 1, 3 and 4 have their points; 2 is seen never to end, which takes less than the 3 seconds that it has here."""
    worth = re.findall(r"^[a-z_]+ +(\d+) of (\d+) points?$", part(shown, "endless"), flags=re.MULTILINE)
    seconds = re.search(r"endless\.ipynb +([\d.]+) s", part(shown, "files"))

    assert [earned == possible for earned, possible in worth] == [True, False, True, True]
    assert "⏱ timed out" in part(shown, "endless")
    assert "line 6: while rounds > 0:" in part(shown, "endless")
    assert seconds is not None
    assert float(seconds[1]) < 3


def test_the_notebooks_are_kept_where_they_were_wanted(shown: tuple[Result, Path]) -> None:
    """Each is a notebook under its own name, and the last lines say where."""
    names = ["cheating.ipynb", "endless.ipynb", "finished.ipynb", "half_done.ipynb", "mistaken.ipynb"]

    assert sorted(path.name for path in shown[1].iterdir()) == names
    assert all(json.loads((shown[1] / name).read_text(encoding="utf-8"))["nbformat"] == 4 for name in names)
    assert part(shown, "files").endswith("They are still there.\n")


# --- Other courses -----------------------------------------------------------------------------------------------------


def test_a_course_with_one_exercise_shows_what_it_can(tmp_path: Path) -> None:
    """Half of one exercise, and the second of one, do not exist; a demo that keeps nothing leaves nothing."""
    new_course(tmp_path)
    shown = CliRunner().invoke(app, ["demo", "--course", str(tmp_path)])

    assert re.findall(r"^\d of \d: (\w+)", shown.stdout, flags=re.MULTILINE) == ["finished", "mistaken", "cheating"]
    assert shown.stdout.endswith("They lay in a temporary folder, which is gone; --keep DIR keeps them.\n")
    assert shown.exit_code == 0


def test_a_course_whose_solution_fails_is_at_fault(tmp_path: Path) -> None:
    """The demo sees that the finished notebook did not pass, and says who can tell why."""
    new_course(tmp_path)
    (tmp_path / "graders" / f"{FIRST_LESSON}.solution.py").write_text("# %% count_vowels\ncount_vowels = len\n", encoding="utf-8")
    (tmp_path / "feedback" / f"{FIRST_LESSON}.toml").unlink()
    shown = CliRunner().invoke(app, ["demo", "--course", str(tmp_path)])

    assert shown.exit_code == 3
    assert shown.stderr.startswith("One of these did not end as it should: `hornbook doctor`")
    assert "mistaken" not in shown.stdout


def test_a_course_without_lessons_has_nothing_to_show(tmp_path: Path) -> None:
    """The sentence says how to make one."""
    (tmp_path / "lessons").mkdir()
    with pytest.raises(HornbookError, match="has no lesson to show"):
        examples(Course.open(tmp_path))


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """A file where the folder should be, and a folder where a notebook should be, are one sentence each."""
    new_course(tmp_path / "course")
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "taken" / "finished.ipynb").mkdir(parents=True)
    ended = [
        CliRunner().invoke(app, ["demo", "--course", str(tmp_path / "course"), "--keep", str(tmp_path / name)])
        for name in ("file", "taken")
    ]

    assert [(one.exit_code, one.stderr.partition(": ")[2]) for one in ended] == [
        (2, "cannot be made (File exists). Choose another folder.\n"),
        (2, "cannot be written (Is a directory). Choose another folder.\n"),
    ]


def test_the_examples_are_the_same_each_time(tmp_path: Path) -> None:
    """Two demos can be compared; and a lesson whose mistakes none but hidden checks show gives no example of one."""
    new_course(tmp_path)
    grader = tmp_path / "graders" / f"test_{FIRST_LESSON}.py"
    grader.write_text(grader.read_text(encoding="utf-8").replace('("count_vowels")', '("count_vowels", hidden=True)'), encoding="utf-8")
    course = Course.open(tmp_path)

    assert [(one.name, one.sources) for one in examples(course)] == [(one.name, one.sources) for one in examples(Course.open(tmp_path))]
    assert [one.name for one in examples(course)] == ["finished", "cheating"]


def test_the_cheat_answers_for_classes_and_several_cells(tmp_path: Path) -> None:
    """Every function and method agrees with everything, and what is made of them is a program."""
    new_course(tmp_path)
    new_lesson(Course.open(tmp_path), "zoo")
    course = Course.open(tmp_path)
    lesson = course.lesson("zoo")
    kitty = "class Kitty:\n    def __init__(self, names):\n        ...\n\n    def pay(self, name):\n        ..."
    cells = tuple(replace(cell, source=kitty) if cell.exercise else cell for cell in lesson.cells)
    write_lesson(replace(lesson, cells=cells))
    cheat = next(one for one in examples(Course.open(tmp_path)) if one.name == "cheating")
    source = str(cheat.sources["count_vowels"])

    assert ast.parse(source)
    assert "def __init__(self, names):\n        pass" in source
    assert "def pay(self, name):\n        return Agreeable()" in source
