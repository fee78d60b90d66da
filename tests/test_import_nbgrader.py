"""`hornbook.exchange`: nbgrader's notebooks become lessons, and honest work gets the points that nbgrader itself gives."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import nbgrader
import nbgrading as nb
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import determine_grade, is_grade
from typer.testing import CliRunner

from hornbook import Course, grade
from hornbook.cli import app
from hornbook.doctor import diagnose
from hornbook.errors import HornbookError
from hornbook.exchange.bringing import Report, import_nbgrader
from hornbook.lesson import fill
from hornbook.model import Status

if TYPE_CHECKING:
    from hornbook.model import Verdict

# What nbgrader leaves for learners where a solution stood.
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"

RICH = nb.notebook(
    nb.text("# Numbers and stacks\n\nA little of everything."),
    nb.given("setup", "%matplotlib inline\nimport math\nimport numpy as np\nfrom collections import Counter\nunused = np.zeros(3)"),
    nb.code("def close(a, b):\n    return abs(a - b) < 1e-9\n\ndata = [1.0, 2.0, 3.0]\ndata.append(6.0)"),
    nb.text("## The mean"),
    nb.answer("mean", "    return sum(xs) / len(xs)", 'def mean(xs):\n    """Return the mean of *xs*."""\n'),
    nb.code("result = mean(data)\nresult"),
    nb.asserts("mean_test", "assert result == 3, 'the mean of the data is 3'\nassert close(mean([1, 2]), 1.5)", 2),
    nb.asserts("mean_numpy", "# numpy agrees\nnp.testing.assert_allclose(mean(data), np.mean(data))\nexpected = np.mean([5, 6])"),
    nb.asserts("mean_hidden", "assert mean([4]) == 4", 3, hidden="assert mean([1, 1, 4]) == expected - 3.5\nassert mean([0.5]) == 0.5"),
    nb.asserts("mean_all_hidden", "# More means", 1, hidden='text = """a\n  b"""\nassert len(text) == 5\nassert mean([-1, 1]) == 0'),
    nb.answer("MySum", "def sum(xs):\n    total = 0\n    for x in xs:\n        total = total + x\n    return total"),
    nb.asserts("sum_test", 'assert sum([1, 2, 3]) == 6\nassert sum([]) == 0, "nothing sums to zero"'),
    nb.answer(
        "stack",
        "class Stack:\n    def __init__(self):\n        self.items = []\n    def push(self, x):\n        self.items.append(x)\n"
        "    def pop(self):\n        if not self.items:\n            raise IndexError('empty')\n        return self.items.pop()\n"
        "    def __len__(self):\n        return len(self.items)",
    ),
    nb.asserts(
        "stack_test",
        "s = Stack()\ns.push(1)\ns.push('two')\nassert len(s) == 2\nassert s.pop() == 'two'\nassert isinstance(s, Stack)\n"
        "assert hasattr(s, 'push') and not hasattr(s, 'peek')\ntry:\n    Stack().pop()\nexcept IndexError as error:\n"
        "    assert str(error) == 'empty'\nelse:\n    raise AssertionError('no error')",
        4,
    ),
    nb.answer("in_place", "    xs.sort(reverse=True)", "def sort_down(xs):\n"),
    nb.asserts("in_place_test", "numbers = [3, 1, 2]\nsort_down(numbers)\nassert numbers == [3, 2, 1]"),
    nb.answer("greet", '    print(f"Hello, {name}!")', "def greet(name):\n"),
    nb.asserts(
        "greet_test",
        "import io\nfrom contextlib import redirect_stdout\nout = io.StringIO()\nwith redirect_stdout(out):\n    greet('Ada')\n"
        "assert out.getvalue() == 'Hello, Ada!\\n'",
    ),
    nb.answer("digits", "    return [int(c) for c in str(n)]", "def digits(n):\n"),
    nb.asserts(
        "digits_part",
        "score = 0\nfor n, wanted in [(12, [1, 2]), (305, [3, 0, 5]), (0, [0]), (7, [7])]:\n"
        "    if digits(n) == wanted:\n        score += 0.5\nscore",
        2,
    ),
    nb.asserts(
        "digits_unittest",
        "import unittest\ncase = unittest.TestCase()\ncase.assertEqual(digits(41), [4, 1])\n"
        "with case.assertRaises(ValueError):\n    digits('x')",
    ),
    nb.answer("total", "total = sum(data)"),
    nb.asserts("total_test", "assert 'total' in globals()\nassert total == 12\nassert type(total) is float"),
    nb.asserts("total_kernel", "%time twice = 2 * total\nassert twice == 24"),
    nb.essay("why", "Because it is so.", 5),
    nb.program("draw", "picture = [total]", 3),
)

HONEST = {
    "mean": "def mean(xs):\n    total = 0\n    for x in xs:\n        total += x\n    return total / len(xs)",
    "MySum": "def sum(xs):\n    return xs[0] + sum(xs[1:]) if xs else 0",
    "stack": "class Stack(list):\n    push = list.append\n    def pop(self):\n        if not len(self):\n"
    "            raise IndexError('empty')\n"
    "        return list.pop(self)",
    "in_place": "def sort_down(xs):\n    xs[:] = sorted(xs)[::-1]",
    "greet": 'def greet(name):\n    print("Hello,", name + "!")',
    "digits": "def digits(n):\n    return [int(c) for c in str(n)]",
    "total": "total = data[0] + data[1] + data[2] + data[3]",
    "draw": "picture = 1",
}
HALF = HONEST | {
    "mean": "def mean(xs):\n    return 3 if len(xs) == 4 else sum(xs) / 2",
    "MySum": "def sum(xs):\n    return 6",
    "digits": "def digits(n):\n    return [n] if n < 10 else []",
    "in_place": "def sort_down(xs):\n    return sorted(xs)[::-1]",
}


DIFFERENT = {"blank": {"sum_test": (0.0, 1.0)}}
"""Where we give other points than nbgrader, and which: whoever leaves `sum` unwritten passes its tests with Python's own."""


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Report, nb.Scores]:
    """Give the notebook with a little of everything: imported, and what nbgrader gives to four submissions."""
    root = tmp_path_factory.mktemp("nbgrader")
    nb.write_course(root, RICH)
    report = import_nbgrader(root, root / "here")
    said = nb.scores(root, {"honest": HONEST, "half": HALF, "blank": {}})
    return Course.open(root / "here"), report, said


def graded(course: Course, answers: dict[str, str], folder: Path) -> Verdict:
    """Return our verdict on nbgrader's own released notebook with *answers* in it."""
    released = json.loads((course.root.parent / "release" / nb.ASSIGNMENT / f"{nb.NOTEBOOK}.ipynb").read_text("utf-8"))
    path = folder / f"{nb.NOTEBOOK}.ipynb"
    path.write_text(json.dumps(nb.submitted(released, answers)), "utf-8")
    return grade(path, course)


def by_cell(verdict: Verdict) -> dict[str, float]:
    """Return the points earned, by the names of the checks that have any."""
    return {outcome.check.removeprefix("test_"): outcome.earned for outcome in verdict.outcomes if outcome.points}


@pytest.mark.parametrize("who", ["honest", "half", "blank"])
def test_points_are_those_that_nbgrader_gives(rich: tuple[Course, Report, nb.Scores], who: str, tmp_path: Path) -> None:
    """Cell by cell, nbgrader's autograde and our verdict come to the same points; hidden, partial and in-place tests included."""
    course, _, said = rich
    verdict = graded(course, {"honest": HONEST, "half": HALF, "blank": {}}[who], tmp_path)
    theirs = {name: score for name, score in said[who].items() if name not in {"why", "draw"}}
    differing = {name: (earned, theirs[name]) for name, earned in by_cell(verdict).items() if earned != theirs[name]}

    assert by_cell(verdict).keys() == theirs.keys()
    assert differing == DIFFERENT.get(who, {})


# --- What comes out ---------------------------------------------------------------------------------------------------


def test_a_grader_has_the_instructors_own_code(rich: tuple[Course, Report, nb.Scores]) -> None:
    """Each test cell stands in the grader as real code, the same statements as in the notebook, comments and all."""
    course, _, _ = rich
    grader = course.grader("work").read_text("utf-8")
    functions = {node.name: node for node in ast.parse(grader).body if isinstance(node, ast.FunctionDef)}
    for cell in RICH["cells"]:
        said = cell["metadata"].get("nbgrader", {})
        if said.get("grade") and not said.get("solution") and "%time" not in cell["source"]:
            statements = [ast.dump(one) for one in ast.parse(cell["source"]).body]
            found = [
                ast.dump(ast.Expr(one.value) if isinstance(one, ast.Return) and one.value else one)
                for one in functions[f"test_{said['grade_id']}"].body
            ]

            assert found[-len(statements) :] == statements

    assert "    # numpy agrees\n" in grader
    assert '    text = """a\n  b"""\n' in grader


def test_a_cell_with_hidden_tests_becomes_two_checks(rich: tuple[Course, Report, nb.Scores], tmp_path: Path) -> None:
    """Learners see the check of what they see, worth nothing; all of the points are the whole cell's, as with nbgrader."""
    course, _, _ = rich
    checks = {one.check: one for one in graded(course, HONEST, tmp_path).outcomes}

    assert (checks["test_mean_hidden_shown"].points, checks["test_mean_hidden_shown"].hidden) == (0, False)
    assert (checks["test_mean_hidden"].points, checks["test_mean_hidden"].hidden) == (3, True)
    assert "test_mean_all_hidden_shown" not in checks


def test_hidden_tests_and_solutions_are_not_in_the_lesson(rich: tuple[Course, Report, nb.Scores]) -> None:
    """Learners get what nbgrader would give them: stubs for solutions, and no hidden test."""
    lesson = rich[0].lesson("work")
    text = lesson.path.read_text("utf-8")

    assert lesson.exercises["mean"].sources == (
        f'def mean(xs):\n    """Return the mean of *xs*."""\n    {STUB.replace(chr(10), chr(10) + "    ")}',
    )
    assert "mean([0.5])" not in text
    assert "sum(xs) / len(xs)" not in text
    assert "BEGIN" not in text
    assert lesson.exercises["draw"].sources == (STUB,)


def test_a_lesson_keeps_nbgraders_own_metadata(rich: tuple[Course, Report, nb.Scores]) -> None:
    """Test cells and manual answers are still nbgrader's, with their points, so nbgrader can read the same file."""
    notebook = nbformat.read(rich[0].path("work"), as_version=4)
    MetadataValidator().validate_nb(notebook)
    said = {cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata}

    assert (said["mean_hidden"].points, said["why"].points, said["draw"].points) == (3, 5, 3)
    assert said["setup"].locked


def test_manual_answers_wait_for_a_person(rich: tuple[Course, Report, nb.Scores], tmp_path: Path) -> None:
    """What a person grades is told with its points, is in no sum, and nobody passes before."""
    course, report, _ = rich
    verdict = graded(course, HONEST, tmp_path)

    assert [(one.exercise, one.points) for one in verdict.manual] == [("why", 5), ("draw", 3)]
    assert (verdict.points.earned, verdict.points.possible, verdict.passed) == (19, 19, False)
    assert (report.lessons[0].points, report.lessons[0].manual) == (19, 8)


def test_only_the_magic_is_left_to_the_kernel(rich: tuple[Course, Report, nb.Scores], tmp_path: Path) -> None:
    """Of fourteen checks one cannot run on the trusted side; report, grader and verdict name it."""
    course, report, _ = rich
    notes = [(note.cell, note.what) for note in report.notes if note.kind == "claimed"]

    assert notes == [
        (24, "test_total_kernel is decided by the learner's own kernel, and says so: `%time twice = 2 * total` is the kernel's.")
    ]
    assert [one.check for one in graded(course, HONEST, tmp_path).outcomes if one.claimed] == ["test_total_kernel"]
    assert course.grader("work").read_text("utf-8").count("in_kernel(") == 1


def test_what_doctor_finds_is_what_an_import_cannot_know(rich: tuple[Course, Report, nb.Scores]) -> None:
    """An imported lesson is proven but for the hints, which nbgrader has none of, and the check that runs in the kernel."""
    diagnosis = diagnose(rich[0])
    failing = [proof for proof in diagnosis.all_proofs if not proof.held]

    assert [proof.what for proof in failing] == [
        "hints lead on from every exercise",
        "every test cell can fail, and is decided on the trusted side",
    ]
    assert [problem.place for problem in failing[1].problems] == ["test_total_kernel"]


# --- One thing at a time ----------------------------------------------------------------------------------------------


def brought(root: Path, *cells: dict[str, Any], run: bool = False, **more: Any) -> tuple[Course, Report]:
    """Return the course that a notebook of *cells* becomes, and the report."""
    made = nb.notebook(*cells, **more)
    nb.write_course(root, made)
    report = import_nbgrader(root, root / "here", run=run)
    return Course.open(root / "here"), report


def told(report: Report, kind: str) -> list[tuple[int, str]]:
    """Return the notes of *kind*: cell, and what."""
    return [(note.cell, note.what) for note in report.notes if note.kind == kind]


F = nb.answer("f", "    return 2 * x", "def f(x):\n")
T = nb.asserts("t", "assert f(1) == 2")


@pytest.mark.parametrize("version", ["v0", "v1", "v2", ""])
def test_every_version_of_the_metadata_is_read(tmp_path: Path, version: str) -> None:
    """Nbgrader's own notebooks of each schema are brought over, and what was upgraded is said in words."""
    source = Path(nbgrader.__file__).parent / "tests" / "apps" / "files" / f"test{'-' if version else ''}{version}.ipynb"
    report = import_nbgrader(source, tmp_path / "here", run=False)
    upgraded = [note.what for note in report.notes if note.kind == "upgraded"]

    assert report.lessons[0].checks > 0
    assert bool(upgraded) == bool(version)
    assert all("schema version" in what and what.endswith("now 3.") for what in upgraded)


def test_every_notebook_of_nbgraders_own_tests_is_read_or_refused(tmp_path: Path) -> None:
    """None of the notebooks that nbgrader tests itself with breaks the import: it becomes a lesson, or one sentence says why not."""
    refused, made = [], 0
    for number, path in enumerate(sorted((Path(nbgrader.__file__).parent / "tests").rglob("*.ipynb"))):
        try:
            made += len(import_nbgrader(path, tmp_path / str(number), run=False).lessons)
        except HornbookError as error:
            refused.append(str(error))

    assert made > 30
    assert all("nothing could be brought over" in sentence for sentence in refused)


IDS = {
    "twice": (
        [F, T, {**T, "source": "assert f(2) == 4"}],
        [(3, 'its grade_id "t" is another cell\'s, too: a copied cell keeps it. It is "t-2" now.')],
    ),
    "odd": ([F, nb.asserts("a b!", "assert f(1) == 2")], [(2, 'its grade_id "a b!" cannot be one; it is "a-b" now.')]),
    "none": ([F, nb.asserts("", "assert f(1) == 2")], [(2, 'its grade_id "" cannot be one; it is "cell-2" now.')]),
    "no points": (
        [F, nb.asserts("t", "assert f(1) == 2", points="many")],
        [(2, "its points are 'many', which is no number from 0 up; 0 is taken.")],
    ),
    "less than none": (
        [F, nb.asserts("t", "assert f(1) == 2", points=-1)],
        [(2, "its points are -1, which is no number from 0 up; 0 is taken.")],
    ),
    "a marker too many": (
        [F, nb.asserts("t", "assert f(1) == 2\n### END HIDDEN TESTS")],
        [(2, "a marker END HIDDEN TESTS too many was left out.")],
    ),
    "a marker too few": (
        [F, nb.asserts("t", "assert f(1) == 2\n### BEGIN HIDDEN TESTS\nassert f(2) == 4")],
        [(2, "END HIDDEN TESTS is missing; the rest of the cell is taken to lie before it.")],
    ),
}


@pytest.mark.parametrize(("cells", "repaired"), IDS.values(), ids=IDS)
def test_what_is_malformed_is_repaired_and_reported(tmp_path: Path, cells: list[dict[str, Any]], repaired: list[tuple[int, str]]) -> None:
    """Duplicate and impossible ids, odd points and lone markers are put right, and the report says where and how."""
    course, report = brought(tmp_path, *cells)

    assert told(report, "repaired") == repaired
    assert len({cell.id for cell in course.lesson("work").cells}) == len(cells)


def _md(cell: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": cell["metadata"], "source": cell["source"]}


LEFT = {
    "graded text": (_md(nb.asserts("x", "How?")), "it is graded, but no code and no answer"),
    "a task in code": (
        {**T, "metadata": {"nbgrader": {"task": True, "grade_id": "x", "points": 1, "schema_version": 3}}},
        "it is a manual task, and no Markdown",
    ),
    "an ungraded answer in words": (_md(nb.answer("x", "How?")), "it is an answer in words that nothing grades"),
    "tests that are no Python": (nb.asserts("x", "assert f(1) = 2"), "it is not Python (line 1"),
    "tests that yield": (nb.asserts("x", "yield f(1)"), "it cannot stand in a function (`yield` outside a function)"),
    "tests that break": (nb.asserts("x", "if f(1):\n    break"), "it cannot stand in a function (`break` outside a loop)"),
    "tests that await": (nb.asserts("x", "await f(1)\nassert f(1)"), "it cannot stand in a function"),
    "tests to be filled in": (nb.asserts("x", "### AUTOTEST f(1)"), "its `### AUTOTEST` lines are filled in by"),
    "hashed ones": (nb.asserts("x", "### HASHED AUTOTEST f(1)"), "its `### AUTOTEST` lines are filled in by"),
}


@pytest.mark.parametrize(("cell", "sentence"), LEFT.values(), ids=LEFT)
def test_what_cannot_come_is_said_and_the_rest_goes_on(tmp_path: Path, cell: dict[str, Any], sentence: str) -> None:
    """A cell that cannot be brought over is named with its number, and the other checks are made."""
    course, report = brought(tmp_path, F, cell, T)
    (number, what) = next(note for note in told(report, "left out"))

    assert number == 2
    assert what.startswith(sentence)
    assert not report.complete
    assert [one.checks for one in report.lessons] == [1]
    assert "def test_t():" in course.grader("work").read_text("utf-8")


NOTHING = {
    "another language": (
        [F, T],
        {"kernel": {"name": "ir", "language": "R", "display_name": "R"}},
        "is written for r; only Python can be asked",
    ),
    "no code to write": ([nb.essay("why", "So.", 1)], {}, "no cell has code for a learner to write"),
    "no tests": ([F], {}, "no cell tests what the learner writes"),
    "tests of nothing": ([T], {}, "there is nothing to ask"),
}


@pytest.mark.parametrize(("cells", "more", "sentence"), NOTHING.values(), ids=NOTHING)
def test_a_notebook_without_anything_to_grade_stays_where_it_is(
    tmp_path: Path, cells: list[dict[str, Any]], more: dict[str, Any], sentence: str
) -> None:
    """Where nothing can become a check the import says why, in one error, and makes nothing."""
    with pytest.raises(HornbookError, match="nothing could be brought over") as caught:
        brought(tmp_path, *cells, **more)

    assert sentence in str(caught.value)
    assert not (tmp_path / "here").exists()


STANDS_ON = {
    "an answer's own import": (
        [nb.answer("f", "import numpy as np\ndef f(x):\n    return np.zeros(x)"), nb.asserts("t", "assert np.array_equal(f(2), [0, 0])")],
        'def given_1():\n    """What cell 1 of the notebook gives"""\n    global np\n    import numpy as np\n',
    ),
    "an import of everything": (
        [
            nb.code("from math import *"),
            nb.answer("factorial", "    return 1 if n < 2 else n * factorial(n - 1)", "def factorial(n):\n"),
            nb.asserts("t", "assert factorial(3) == 6\nassert floor(1.5) == 1"),
        ],
        "import pytest\nfrom math import *\n",
    ),
    "tests that define a helper": (
        [F, nb.asserts("a", "def twice(x):\n    return f(x) == 2 * x\nassert twice(1)"), nb.asserts("b", "assert twice(3)")],
        "def given_with_2():\n",
    ),
    "what is worked out from the answer": (
        [F, nb.code("y = f(4)\nz = y + 1"), nb.asserts("t", "assert z == 9")],
        "    global y, z\n    y = f(4)\n    z = y + 1\n",
    ),
}


@pytest.mark.parametrize(("cells", "part"), STANDS_ON.values(), ids=STANDS_ON)
def test_checks_stand_on_the_instructors_code(tmp_path: Path, cells: list[dict[str, Any]], part: str) -> None:
    """Imports, helpers and given values run on the trusted side; the solution passes that way, and an empty answer does not."""
    course, report = brought(tmp_path, *cells, run=True)

    assert part in course.grader("work").read_text("utf-8")
    assert (report.lessons[0].solution, report.lessons[0].claimed) == ("passes", 0)


def test_a_name_that_an_import_of_everything_brings_is_asked_where_it_is_the_learners(tmp_path: Path) -> None:
    """An exercise that is called like something of `from math import *` is not answered by that."""
    course, _ = brought(tmp_path, *STANDS_ON["an import of everything"][0])
    lesson = course.lesson("work")
    verdict = grade(fill(lesson, {"factorial": "def factorial(n):\n    return 7"}), course, lesson=lesson)

    assert [one.status for one in verdict.outcomes] == [Status.FAILED]


def test_what_is_read_from_a_file_is_the_learners(tmp_path: Path) -> None:
    """A given value that comes out of a file is asked for: the trusted side has no such file, and the report says so."""
    cells = [nb.code("lines = open('data.txt').readlines()"), F, nb.asserts("t", "assert f(len(lines)) == 2 * len(lines)")]
    course, report = brought(tmp_path, *cells)

    assert told(report, "changed") == [(1, "`lines` is made with open(), so checks take it as the learner's notebook has it.")]
    assert "given_" not in course.grader("work").read_text("utf-8").split("import pytest")[1]


KERNELS = {
    "a name taken away": ("del f", "it deletes the learner's `f`"),
    "a name replaced": ("keep = f\nf = lambda x: 5", "it puts something else in the place of the learner's `f`"),
    "the shell": ("assert get_ipython() and f(1)", "it uses `get_ipython`"),
    "source code": ("import inspect\nassert 'return' in inspect.getsource(f)", "it imports inspect"),
    "mocks": ("from unittest.mock import patch\nassert f(1)", "it imports unittest.mock"),
    "a type by its name": ("assert f(1) == 2\nassert type(f).__name__ == 'function'", "on the trusted side the solution does not pass"),
}


@pytest.mark.parametrize(("source", "reason"), KERNELS.values(), ids=KERNELS)
def test_what_only_the_kernel_can_do_runs_there_and_says_why(tmp_path: Path, source: str, reason: str) -> None:
    """A cell that needs the learner's interpreter, by its form or because the solution passes only there, is marked with the reason."""
    course, report = brought(tmp_path, F, nb.asserts("t", source), run=True)
    ((cell, what),) = told(report, "claimed")

    assert cell == 2
    assert reason in what
    assert f'in_kernel("{reason}' in course.grader("work").read_text("utf-8")


def test_a_grader_that_cannot_be_collected_is_told(tmp_path: Path) -> None:
    """Where the trusted side lacks a module that everything is imported from, the lesson is made, and the report says what is missing."""
    _, report = brought(tmp_path, nb.code("from nowhere_at_all import *"), F, T, run=True)
    ((_, what),) = told(report, "left out")

    assert "ModuleNotFoundError: No module named 'nowhere_at_all'" in what
    assert report.lessons[0].solution == "was not run"


def test_everything_of_nose_is_ours(tmp_path: Path) -> None:
    """`from nose.tools import *` in a test cell brings the functions that we have of it."""
    source = "from nose.tools import *\nassert_equal(f(1), 2)\nok_(f(1))\neq_(f(2), 4)"
    course, report = brought(tmp_path, F, nb.asserts("t", source), run=True)

    assert (report.lessons[0].solution, report.lessons[0].claimed) == ("passes", 0)
    assert "from hornbook.grading.nose import *" in course.grader("work").read_text("utf-8")


def test_a_solution_that_passes_nowhere_is_told(tmp_path: Path) -> None:
    """Tests that the instructor's own solution does not pass stay on the trusted side, and the report says that they need a look."""
    course, report = brought(tmp_path, F, nb.asserts("t", "assert f(1) == 3"), T, run=True)
    ((cell, what),) = told(report, "left out")

    assert (cell, what.split(":")[0]) == (2, "test_t does not pass with the solution, here or in the kernel")
    assert report.lessons[0].solution == "does not pass"
    assert "in_kernel" not in course.grader("work").read_text("utf-8").split("import pytest")[1]


def test_a_vacuous_test_is_told_to_the_author_only(tmp_path: Path) -> None:
    """A test that asserts nothing costs no points; the report names it, and so does doctor."""
    course, report = brought(tmp_path, F, nb.asserts("t", "f(1)\nprint('fine')"), run=True)
    problems = [problem.what for proof in diagnose(course).all_proofs for problem in proof.problems]

    assert [cell for cell, _ in told(report, "vacuous")] == [2]
    assert report.lessons[0].solution == "passes"
    assert any("asserts nothing" in what for what in problems)


def test_a_release_has_no_solutions_and_says_so(tmp_path: Path) -> None:
    """From release/ come lessons and visible checks; that there is no solution to try them with is told."""
    stub = nb.answer("f", "", f"def f(x):\n    {STUB.replace(chr(10), chr(10) + '    ')}")
    stub["source"] = stub["source"].split("###")[0].rstrip()
    path = nb.write_course(tmp_path, nb.notebook(stub, T))
    path.parent.parent.rename(tmp_path / "release")
    report = import_nbgrader(tmp_path, tmp_path / "here")

    assert report.lessons[0].solution == "is missing"
    assert any("it has no solutions" in what for _, what in told(report, "changed"))


def test_a_courses_own_markers_are_read(tmp_path: Path) -> None:
    """Delimiters and stubs of nbgrader_config.py are taken where they are plain values; what is not is told, and nothing is run."""
    made = nb.notebook(
        {**F, "source": "def f(x):\n    # <<<\n    return 2 * x\n    # >>>"},
        {**T, "source": "assert f(1) == 2\n# secret:\nassert f(2) == 4\n# :secret"},
    )
    nb.write_course(tmp_path, made)
    (tmp_path / "nbgrader_config.py").write_text(
        'c = get_config()\nc.ClearSolutions.begin_solution_delimeter = "<<<"\nc.ClearSolutions.end_solution_delimeter = ">>>"\n'
        'c.ClearHiddenTests.begin_test_delimeter = "secret:"\nc.ClearHiddenTests.end_test_delimeter = ":secret"\n'
        'c.ClearSolutions.code_stub = {"python": "pass  # you"}\nc.ClearSolutions.text_stub = "Words."\n'
        'c.ClearMarkScheme.begin_mark_scheme_delimeter = open("x").read()\nc.Exchange.root = "/x"\nimport os\n',
        "utf-8",
    )
    report = import_nbgrader(tmp_path, tmp_path / "here", run=False)
    course = Course.open(tmp_path / "here")

    assert course.lesson("work").exercises["f"].sources == ("def f(x):\n    pass  # you",)
    assert "assert f(2)" not in course.lesson("work").path.read_text("utf-8")
    assert told(report, "changed") == [
        (0, "ClearMarkScheme.begin_mark_scheme_delimeter in nbgrader_config.py is not a plain value: nbgrader's own is assumed.")
    ]


def test_settings_that_are_no_python_are_told(tmp_path: Path) -> None:
    """A configuration that cannot be read leaves nbgrader's own markers in force, and the report says so."""
    nb.write_course(tmp_path, nb.notebook(F, T))
    (tmp_path / "nbgrader_config.py").write_text("c = (", "utf-8")
    report = import_nbgrader(tmp_path, tmp_path / "here", run=False)

    assert ["is not Python" in what for _, what in told(report, "changed")] == [True]


def test_mark_schemes_are_kept_for_whoever_grades(tmp_path: Path) -> None:
    """A mark scheme and the reference answer of a manual cell go beside the grader, and learners get neither."""
    scheme = "\n\n=== BEGIN MARK SCHEME ===\nOne point for the word because.\n=== END MARK SCHEME ==="
    course, _ = brought(tmp_path, F, T, nb.essay("why", f"Because.{scheme}", 1))
    kept = course.grader("work").with_name("work.manual.md").read_text("utf-8")

    assert "## why (1 points)" in kept
    assert "Because." in kept
    assert "One point for the word because." in kept
    assert "because" not in course.lesson("work").path.read_text("utf-8").lower()
    assert course.lesson("work").cells[2].source == "YOUR ANSWER HERE"


def test_notebooks_of_one_name_get_names_of_their_own(tmp_path: Path) -> None:
    """A slug is unique in its course: where two assignments have a notebook of one name, the assignment's stands before it."""
    path = nb.write_course(tmp_path, nb.notebook(F, T))
    for other in ("2nd set", "ps3"):
        (tmp_path / "source" / other).mkdir()
        (tmp_path / "source" / other / "work.ipynb").write_bytes(path.read_bytes())
    (tmp_path / "source" / "ps3" / "Extra + Work.ipynb").write_bytes(path.read_bytes())
    first = import_nbgrader(tmp_path, tmp_path / "here", run=False)
    again = import_nbgrader(tmp_path / "source" / "ps3", tmp_path / "here", run=False)

    assert [one.slug for one in first.lessons] == ["n_2nd_set_work", "ps_work", "extra_work", "ps3_work"]
    assert [one.slug for one in again.lessons] == ["ps3_extra_work", "work"]


def test_files_beside_a_notebook_come_along(tmp_path: Path) -> None:
    """Pictures and data lie beside the lesson; that the sandbox does not see data is told. Links and hidden files stay."""
    folder = nb.write_course(tmp_path, nb.notebook(F, T)).parent
    (folder / "data").mkdir()
    (folder / "data" / "sea.csv").write_text("1,2\n", "utf-8")
    (folder / "horn.png").write_bytes(b"png")
    (folder / "help.py").write_text("x = 1\n", "utf-8")
    (folder / "odd.npy").write_bytes(b"\x93NUMPY")
    (folder / "long.csv").write_text("1" * (769 << 10), "utf-8")
    (folder / ".secret").write_text("x", "utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "nbgrader_config.py")
    with (folder / "large.bin").open("wb") as file:
        file.truncate((20 << 20) + 1)
    report = import_nbgrader(tmp_path, tmp_path / "here", run=False)

    assert [name for name in report.files if name.startswith("lessons/") and name.endswith((".csv", ".png", ".ipynb"))] == [
        "lessons/ps/data/sea.csv",
        "lessons/ps/horn.png",
        "lessons/ps/long.csv",
        "lessons/ps/work.ipynb",
    ]
    assert {str(note).split(":")[0]: note.what.split(",")[1].strip()[:12] for note in report.notes} == {
        "ps/help.py": "and a sandbo",
        "ps/large.bin": "so it was no",
        "ps/long.csv": "and is more ",
        "ps/odd.npy": "and is no te",
    }


def test_cells_read_the_texts_beside_their_lesson(tmp_path: Path) -> None:
    """A data file of the assignment's is there when the notebook is graded, and what is read from it can be compared with."""
    cells = [
        nb.code("import csv\nrows = list(csv.reader(open('data/sea.csv')))"),
        nb.answer("total", "    return sum(int(cell) for row in rows for cell in row)", "def total(rows):\n"),
        nb.asserts("t", "assert total(rows) == 6 and total([]) == 0"),
    ]
    folder = nb.write_course(tmp_path, nb.notebook(*cells)).parent
    (folder / "data").mkdir()
    (folder / "data" / "sea.csv").write_text("1,2\n3\n", "utf-8")
    report = import_nbgrader(tmp_path, tmp_path / "here")

    assert (report.lessons[0].solution, report.lessons[0].claimed) == ("passes", 0)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A file that is there already stops the import before anything is written."""
    nb.write_course(tmp_path, nb.notebook(F, T))
    taken = tmp_path / "here" / "graders" / "ps" / "test_work.py"
    taken.parent.mkdir(parents=True)
    taken.write_text("mine", "utf-8")
    with pytest.raises(HornbookError, match="is there already, and nothing is ever overwritten"):
        import_nbgrader(tmp_path, tmp_path / "here", run=False)

    assert taken.read_text("utf-8") == "mine"
    assert not (tmp_path / "here" / "lessons").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Where a folder cannot be made the import says which, in one sentence."""
    nb.write_course(tmp_path, nb.notebook(F, T))
    (tmp_path / "here").write_text("a file", "utf-8")
    with pytest.raises(HornbookError, match="cannot be made"):
        import_nbgrader(tmp_path, tmp_path / "here", run=False)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"{", "is no notebook"),
        (b"[]", "is no notebook"),
        (b"\xff\xfe", "is no notebook"),
        (b" " * ((20 << 20) + 1), "is larger than 20 MiB"),
    ],
)
def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path, data: bytes, sentence: str) -> None:
    """What cannot be read is refused in one sentence with its name."""
    (tmp_path / "work.ipynb").write_bytes(data)
    with pytest.raises(HornbookError, match=sentence):
        import_nbgrader(tmp_path / "work.ipynb", tmp_path / "here", run=False)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """A folder that is called like a notebook is no notebook."""
    (tmp_path / "source" / "ps" / "work.ipynb").mkdir(parents=True)
    with pytest.raises(HornbookError, match=r"ps/work.ipynb: cannot be read"):
        import_nbgrader(tmp_path, tmp_path / "here", run=False)


def test_a_place_without_notebooks_is_refused(tmp_path: Path) -> None:
    """Where there is nothing of nbgrader's, the error says what is looked for."""
    with pytest.raises(HornbookError, match="has no notebook of nbgrader's"):
        import_nbgrader(tmp_path, tmp_path / "here")


# --- nbgrader's own course --------------------------------------------------------------------------------------------

GUIDE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Report]:
    """Give the course of nbgrader's user guide, imported."""
    into = tmp_path_factory.mktemp("guide") / "here"
    report = import_nbgrader(GUIDE / "source" / "ps1", into)
    return Course.open(into), report


def test_nbgraders_own_course_comes_over(guide: tuple[Course, Report]) -> None:
    """Its first problem set is a lesson whose solution passes; the second, answers in words only, stays with nbgrader."""
    _, report = guide

    assert [(one.slug, one.points, one.manual, one.checks, one.claimed, one.solution) for one in report.lessons] == [
        ("problem1", 3, 7, 4, 1, "passes")
    ]
    assert [note.file for note in report.notes if note.kind == "left out"] == ["ps1/problem2.ipynb"]


@pytest.mark.parametrize("student", ["bitdiddle", "hacker"])
def test_its_students_get_the_points_that_nbgrader_gave_them(guide: tuple[Course, Report], student: str) -> None:
    """What the user guide's two students handed in earns, cell by cell, what their autograded notebooks in the guide earned."""
    autograded = nbformat.read(GUIDE / "autograded" / student / "ps1" / "problem1.ipynb", as_version=4)
    cells = [cell for cell in autograded.cells if is_grade(cell) and not cell.metadata.nbgrader.solution]
    theirs = {cell.metadata.nbgrader.grade_id: determine_grade(cell)[0] for cell in cells}
    verdict = grade(GUIDE / "submitted" / student / "ps1" / "problem1.ipynb", guide[0])

    assert by_cell(verdict) == theirs


# --- The command ------------------------------------------------------------------------------------------------------


def test_the_command_tells_what_it_made(tmp_path: Path) -> None:
    """The command names each lesson, what is left to a person, and the next step; what is left out makes exit code 1."""
    nb.write_course(tmp_path, nb.notebook(F, T, nb.essay("why", "So.", 1)))
    arguments = ["import", "nbgrader", str(tmp_path), "--into", str(tmp_path / "here"), "--author", "Ada", "--licence", "CC0-1.0"]
    result = CliRunner().invoke(app, arguments)
    lesson = Course.open(tmp_path / "here").lesson("work")

    assert result.exit_code == 0
    assert "made  work, from ps/work.ipynb\n      1 points, 1 more by hand; 1 checks; the solution passes\n" in result.stdout
    assert "ps/work.ipynb, cell 3: 1 point is a person's to give" in result.stdout
    assert result.stdout.endswith(f"Next: cd {tmp_path / 'here'} && hornbook doctor\n")
    assert (lesson.authors, lesson.licence) == (("Ada",), "CC0-1.0")


def test_the_command_gives_a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --json the report is one document; where nobody says where to, a new folder is made, or the course that we are in added to."""
    path = nb.write_course(tmp_path, nb.notebook(F, T, nb.asserts("x", "### AUTOTEST f(1)")))
    monkeypatch.chdir(tmp_path)
    first = CliRunner().invoke(app, ["import", "nbgrader", "--no-run", "--json", str(path)])
    monkeypatch.chdir(tmp_path / "work_hornbook" / "lessons")
    both = CliRunner().invoke(app, ["import", "nbgrader", "--no-run", "--json", str(path), str(path)])

    assert (first.exit_code, json.loads(first.stdout)["course"]) == (1, "work_hornbook")
    assert [report["lessons"][0]["slug"] for report in json.loads(both.stdout)] == ["work_2", "work_3"]


# --- Tests that nbgrader writes ---------------------------------------------------------------------------------------

AUTOTESTS = '''\
python3:
  setup: "from hashlib import sha1"
  hash: 'sha1({{snippet}}.encode("utf-8")+b"{{salt}}").hexdigest()'
  dispatch: "type({{snippet}})"
  normalize: "str({{snippet}})"
  check: 'assert {{snippet}} == """{{value}}""", """{{message}}"""'
  success: "print('Success!')"
  templates:
    default:
      - test: "type({{snippet}})"
        fail: "type of {{snippet}} is not correct"
      - test: "{{snippet}}"
        fail: "value of {{snippet}} is not correct"
'''
WRITTEN = nb.notebook(
    nb.answer("f", "    return 2 * x", "def f(x):\n"),
    nb.asserts("plain", "# Doubles\n### AUTOTEST f(2); f(0.5)\nassert f(3) == 6"),
    nb.asserts("hashed", "### HASHED AUTOTEST f(21)\n", hidden="assert f(-1) == -2"),
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, nb.Scores]:
    """Give a course whose tests nbgrader has written, and what it gives three submissions."""
    root = tmp_path_factory.mktemp("autotest")
    nb.write_course(root, WRITTEN)
    (root / "source" / nb.ASSIGNMENT / "autotests.yml").write_text(AUTOTESTS, "utf-8")
    return root, nb.scores(root, AUTOTESTED)


AUTOTESTED = {
    "honest": {"f": "def f(x):\n    return x + x"},
    "half": {"f": "def f(x):\n    return 2.0 * x if x == 21 else 2 * x"},
    "lying": {"f": "class L(str):\n    def __eq__(self, other):\n        return True\n    __hash__ = None\ndef f(x):\n    return L('4')"},
}


@pytest.mark.parametrize("who", ["honest", "half"])
def test_tests_that_nbgrader_writes_are_taken_from_its_release(written: tuple[Path, nb.Scores], who: str, tmp_path: Path) -> None:
    """`### AUTOTEST` lines become the asserts of the release, hidden tests and solutions come from the source, points are nbgrader's."""
    root, theirs = written
    report = import_nbgrader(root, tmp_path / "here")
    course = Course.open(tmp_path / "here")
    path = tmp_path / "work.ipynb"
    released = json.loads((root / "release" / nb.ASSIGNMENT / "work.ipynb").read_text("utf-8"))
    path.write_text(json.dumps(nb.submitted(released, AUTOTESTED[who])), "utf-8")
    verdict = grade(path, course)

    assert (report.lessons[0].solution, report.lessons[0].claimed) == ("passes", 0)
    assert len([what for _, what in told(report, "changed") if "the asserts that nbgrader has filled in" in what]) == 2
    assert {name: sum(one.earned for one in verdict.outcomes if one.check.startswith(f"test_{name}")) for name in theirs[who]} == theirs[
        who
    ]


def test_a_lie_passes_nothing_that_nbgrader_has_written(written: tuple[Path, nb.Scores], tmp_path: Path) -> None:
    """An `==` that always holds earns nothing here, hash or not."""
    import_nbgrader(written[0], tmp_path / "here", run=False)
    released = json.loads((written[0] / "release" / nb.ASSIGNMENT / "work.ipynb").read_text())
    path = tmp_path / "work.ipynb"
    path.write_text(json.dumps(nb.submitted(released, AUTOTESTED["lying"])))

    assert grade(path, Course.open(tmp_path / "here")).points.earned == 0


def test_an_old_release_is_not_taken(written: tuple[Path, nb.Scores], tmp_path: Path) -> None:
    """Where the source has lines that the release has not, its asserts are of something else: both sentences are there."""
    root = tmp_path / "course"
    shutil.copytree(written[0] / "release", root / "release")
    changed = json.loads(json.dumps(WRITTEN))
    changed["cells"][1]["source"] = changed["cells"][1]["source"].replace("f(3) == 6", "f(4) == 8")
    nb.write_course(root, changed)
    report = import_nbgrader(root, tmp_path / "here", run=False)

    assert any("it is not what release/ was made of" in what for _, what in told(report, "changed"))
    assert any("lines are filled in by `nbgrader generate_assignment`" in what for _, what in told(report, "left out"))
