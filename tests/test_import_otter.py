"""`hornbook.exchange`: otter's notebooks and tests become lessons, and honest work gets the points that otter itself gives."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from typing import TYPE_CHECKING, Any

import ottering as ot
import pytest
from typer.testing import CliRunner

from hornbook import Course, grade
from hornbook.cli import app
from hornbook.errors import HornbookError
from hornbook.exchange.otter import blanked, solved
from hornbook.exchange.otter_course import MOST_FILES, import_otter, unpack
from hornbook.exchange.otter_tests import Case, NotOtters, of_cell, of_source, of_spec, resolved
from hornbook.lesson import fill, read_solution

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hornbook.exchange.bringing import Report
    from hornbook.model import Verdict

# What otter gives for nothing: a case that asks for a name of its own holds whatever the learner wrote.
DIFFERENT = {"blank": {"x3": (0.0, 1 / 3)}}


def brought(root: Path, made: ot.Cell, *, run: bool = False) -> tuple[Course, Report]:
    """Return the course that a notebook becomes, and the report."""
    report = import_otter(ot.write(root / "work.ipynb", made), root / "here", run=run)
    return Course.open(root / "here"), report


def source(root: Path, *cells: ot.Cell, run: bool = False, config: str = "") -> tuple[Course, Report]:
    """Return the course that the source notebook of an assignment becomes, and the report."""
    return brought(root, ot.notebook(ot.raw(f"# ASSIGNMENT CONFIG\n{config}"), *cells), run=run)


def told(report: Report, kind: str) -> list[tuple[int, str]]:
    """Return the notes of *kind*: cell, and what."""
    return [(note.cell, note.what) for note in report.notes if note.kind == kind]


def by_exercise(verdict: Verdict) -> dict[str, float]:
    """Return the points earned in each exercise."""
    earned: dict[str, float] = {}
    for outcome in verdict.outcomes:
        earned[str(outcome.exercise)] = earned.get(str(outcome.exercise), 0) + outcome.earned
    return earned


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Report]:
    """Give the notebook with a bit of everything, brought over with its answers in it."""
    return brought(tmp_path_factory.mktemp("otter"), ot.handed_out(ot.ANSWERS), run=True)


@pytest.mark.parametrize("who", ["honest", "half", "blank"])
def test_points_are_those_that_otter_gives(rich: tuple[Course, Report], who: str, tmp_path: Path) -> None:
    """Question by question our verdict comes to otter's points: lists, shares, all or nothing, hidden cases, and names used again."""
    course, _ = rich
    earned = by_exercise(grade(ot.write(tmp_path / "work.ipynb", ot.handed_out(ot.SUBMISSIONS[who])), course))
    differing = {name: (earned[name], theirs) for name, theirs in ot.SCORES[who].items() if earned[name] != pytest.approx(theirs)}

    assert earned.keys() == ot.SCORES[who].keys()
    assert differing == DIFFERENT.get(who, {})


# With numpy 2, what `np.isclose` gives is not `True` to otter's doctest, so nobody has these points.
OF_NUMPY = {"passes all": 2.0, "fails 1": 2.0, "fails 2, hidden": 2.0, "fails 3, hidden": 2 / 3}


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Report]:
    """Give a notebook in the form of otter's tutorial, with its test files, brought over with its answers in it."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "tests").mkdir()
    for name, text in ot.TUTORIAL_TESTS.items():
        (folder / "tests" / f"{name}.py").write_text(text.removeprefix("OK_FORMAT = True\n\n"), "utf-8")
    return brought(folder, ot.tutorial(ot.TUTORIAL["passes all"]), run=True)


@pytest.mark.parametrize("who", ot.TUTORIAL)
def test_notebooks_of_the_tutorials_form_get_otters_points(tutorial: tuple[Course, Report], who: str, tmp_path: Path) -> None:
    """Question by question, hidden ones too, points are otter's; but what numpy says is true is true."""
    course, report = tutorial
    earned = dict.fromkeys(ot.TUTORIAL_TESTS, 0.0)
    for outcome in grade(ot.write(tmp_path / "work.ipynb", ot.tutorial(ot.TUTORIAL[who])), course).outcomes:
        asked = outcome.check.removeprefix("test_").rpartition("_")[0]
        earned[next(name for name in earned if name.lower() == asked.lower())] += outcome.earned

    assert (report.lessons[0].solution, report.lessons[0].claimed) == ("passes", 0)
    assert earned == pytest.approx({**ot.TUTORIAL_SCORES[who], "q3H": OF_NUMPY[who]})


def test_a_lesson_has_nothing_of_otters(rich: tuple[Course, Report]) -> None:
    """Cells that set otter up, check, or export are not in the lesson, and neither are tests, answers, or words about handing in."""
    text = "\n".join(cell.source for cell in rich[0].lesson("work").cells)

    assert not [word for word in ("grader", "otter", "OK_FORMAT", "Submission", "double-check", "2.25", "n ** 0.5") if word in text]
    assert list(rich[0].lesson("work").exercises) == list(ot.ANSWERS)
    assert rich[0].lesson("work").exercises["x1"].sources == ("x = ...",)


def test_everything_is_asked_on_the_trusted_side(rich: tuple[Course, Report]) -> None:
    """Of the cases of all kinds none needs the learner's kernel, and the solution passes."""
    _, report = rich

    assert (report.lessons[0].claimed, report.lessons[0].solution, report.lessons[0].points) == (0, "passes", 21)
    assert not told(report, "left out")


def test_a_grader_has_the_instructors_own_code(rich: tuple[Course, Report]) -> None:
    """Doctests stand in the grader as statements, and test functions as their bodies, with what they share above them."""
    grader = rich[0].grader("work").read_text("utf-8")

    assert '    # Roots of squares are whole\n    doctests.expect(root(16), "4.0")\n' in grader
    assert "    s = Stack()\n    s.push(1)\n    s.push(2)\n    assert same(s.pop(), 2)\n" in grader
    assert "    def same(one, other):\n        return operator.eq(one, other)\n" in grader
    assert '    with doctests.raises("ValueError: too small"):\n        root(-1)\n' in grader
    assert "points=1 / 3)" in grader


def test_an_instructors_message_is_what_is_read_first(rich: tuple[Course, Report], tmp_path: Path) -> None:
    """The message for a failure comes before what was found, and the message for success is there where it passed."""
    verdict = grade(ot.write(tmp_path / "work.ipynb", ot.handed_out(ot.SUBMISSIONS["half"])), rich[0])
    said = {outcome.check: outcome.message for outcome in verdict.outcomes}

    assert said["test_greet_2"].startswith("Greet everybody on a line. ")
    assert (said["test_greet_1"], said["test_stack_1"]) == ("Friendly.", "It grows.")


def test_what_a_check_says_must_be_texts(tmp_path: Path) -> None:
    """A marker `says` without a text, or with another word, is refused with the line and an example."""
    course, _ = brought(tmp_path, ot.handed_out(ot.ANSWERS))
    grader = course.grader("work")
    grader.write_text(grader.read_text("utf-8").replace('says(passed="Friendly.")', "says(3)"), "utf-8")

    with pytest.raises(HornbookError, match=r'says takes texts, as in says\(failed="Look at the units."\)'):
        grade(ot.write(tmp_path / "mine" / "work.ipynb", ot.handed_out({})), course)


# --- What a learner may try -------------------------------------------------------------------------------------------

LIAR = "class Liar:\n    def __eq__(self, other):\n        return True\n    __hash__ = None\n"
ATTACKS = {
    "a grader of one's own": "class G:\n    def check(self, *a):\n        return 'passed'\ngrader = G()\ndef square(n):\n    return 0",
    "otter patched": "import sys, types\nsys.modules['otter'] = types.ModuleType('otter')\ndef square(n):\n    return None",
    "otter's checker patched": "try:\n    import otter.test_files.abstract_test as t\n    t.TestFile.grade = 1\n"
    "except Exception:\n    pass\nsquare = 1",
    "an == that always holds": f"{LIAR}def square(n):\n    return Liar()",
    "a repr that is asked for": "class Nine:\n    def __repr__(self):\n        return '9'\ndef square(n):\n    return Nine()",
    "a repr of whatever doctest wants": "class Any(str):\n    def __eq__(self, other):\n        return True\n    def __repr__(self):\n"
    "        return '4'\n    __hash__ = str.__hash__\ndef square(n):\n    return Any()",
    "an int that lies": "class I(int):\n    def __eq__(self, other):\n        return True\n    def __repr__(self):\n        return '9'\n"
    "    __hash__ = int.__hash__\ndef square(n):\n    return I(1)",
    "doctest patched": "import doctest\ndoctest.OutputChecker.check_output = lambda *a: True\n"
    "doctest.DocTestRunner.run = lambda *a, **k: doctest.TestResults(0, 1)\ndef square(n):\n    return None",
    "doctest's output forged": "def square(n):\n    print('1 items passed all tests\\n9\\nTrue\\n2.25')",
    "the display hook": "import sys\nsys.displayhook = lambda value: print('9')\ndef square(n):\n    return None",
    "a True printed": "def square(n):\n    print(True)\n    return None",
    "builtins patched": "import builtins\nbuiltins.repr = lambda x: '9'\nbuiltins.isinstance = lambda *a: True\n"
    "def square(n):\n    return 'x'",
    "numpy patched": "import numpy\nnumpy.isclose = numpy.allclose = lambda *a, **k: True\ndef square(n):\n    return numpy.zeros(3)",
    "an array that compares": "import numpy\nclass A(numpy.ndarray):\n    def __eq__(self, other):\n        return True\n"
    "def square(n):\n    return numpy.zeros(1).view(A)",
    "the frames above": "import sys\ndef square(n):\n    frame = sys._getframe()\n    while frame:\n"
    "        for value in list(frame.f_locals.values()):\n"
    "            if isinstance(value, str) and value.strip().isdigit():\n                return int(value)\n        frame = frame.f_back",
    "the caller's globals": "def square(n):\n    import sys\n    frame = sys._getframe(1)\n"
    "    frame.f_globals['square'] = None\n    frame.f_globals['name'] = 1",
    "the environment lies": "class E(dict):\n    def __contains__(self, key):\n        return True\n"
    "    def __getitem__(self, key):\n        return 9\n"
    "globals = locals = lambda: E()\nsquare = 9",
    "a name that is gone": "def square(n):\n    raise NameError('square')",
    "an exit": "def square(n):\n    import os\n    os._exit(0)",
    "an assertion of one's own": "def square(n):\n    raise AssertionError('passed')",
    "a test of one's own": "def test_square_1(submission):\n    assert True\ndef square(n):\n    return -1",
    "the seed": "import random\nrandom.seed = lambda *a: None\nrandom.random = lambda: 9\ndef square(n):\n    return random.random() * 0",
    "a skip": "import pytest\ndef square(n):\n    pytest.skip('no')",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_in_an_answer_earns_nothing(rich: tuple[Course, Report], attack: str, tmp_path: Path) -> None:
    """Nothing that a learner's code does to otter, doctest, Python or itself is worth a point that it does not earn."""
    verdict = grade(ot.write(tmp_path / "work.ipynb", ot.handed_out({"square": attack})), rich[0])

    assert verdict.points.earned == 0
    assert not any(outcome.passed for outcome in verdict.outcomes)


def _emptied(made: ot.Cell) -> None:
    made["metadata"]["otter"]["tests"] = {name: ot.ok(name, (">>> 1\n1", {})) for name in ot.TESTS}


def _skipping(made: ot.Cell) -> None:
    for cell in made["cells"]:
        cell["metadata"]["tags"] = ["otter_ignore", "skip-execution"]
        cell["metadata"]["otter"] = {"ignore": True, "tests": list(ot.TESTS)}


def _worth_more(made: ot.Cell) -> None:
    for test in made["metadata"]["otter"]["tests"].values():
        if isinstance(test, dict):
            test["points"] = 1000


def _forged(made: ot.Cell) -> None:
    for cell in made["cells"]:
        if "grader.check" in cell["source"]:
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "square results: All test cases passed!"}]


def _checking_other_things(made: ot.Cell) -> None:
    made["cells"] += [ot.code("class grader:\n    check = staticmethod(print)"), *map(ot.check, ot.TESTS)]


EDITS = {
    "tests in the metadata": _emptied,
    "cells to be ignored": _skipping,
    "points in the metadata": _worth_more,
    "outputs of checks": _forged,
    "checks below": _checking_other_things,
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_notebook_earns_nothing(rich: tuple[Course, Report], edit: Any, tmp_path: Path) -> None:
    """What a submission says of its own tests, points, tags and outputs is not read."""
    made = ot.handed_out({"square": "def square(n):\n    return None"})
    edit(made)

    assert grade(ot.write(tmp_path / "work.ipynb", made), rich[0]).points.earned == 0


def test_tests_beside_a_submission_are_not_read(rich: tuple[Course, Report], tmp_path: Path) -> None:
    """A folder tests/ and a numpy.py beside a submission are the learner's, and nobody looks at them."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "square.py").write_text(f"OK_FORMAT = True\ntest = {ot.ok('square', ('>>> 1', {}))!r}\n")
    (tmp_path / "doctests.py").write_text("expect = lambda *a: None\n")

    assert grade(ot.write(tmp_path / "work.ipynb", ot.handed_out({"square": "square = None"})), rich[0]).points.earned == 0


# --- What only the learner's kernel can run ---------------------------------------------------------------------------

POINT = "class Point:\n    def __init__(self, x):\n        self.x = x\n"
EQUAL = "    def __eq__(self, other):\n        return self.x == other.x\n    def __hash__(self):\n        return hash(self.x)\n"
KERNELS = {
    "point": ot.ok("point", (">>> Point(1) == Point(1)\nTrue", {}), (">>> Point(2).x\n2", {}), (">>> len({Point(1), Point(1)})\n1", {})),
}
IN_KERNEL = {
    "honest": (POINT + EQUAL, {"test_point_1": True, "test_point_2": True, "test_point_3": True}),
    "half": (POINT, {"test_point_1": False, "test_point_2": True, "test_point_3": False}),
    "one that stops": (
        POINT + EQUAL.replace("self.x ==", "1 / 0 =="),
        {"test_point_1": False, "test_point_2": True, "test_point_3": False},
    ),
}


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Report]:
    """Give a notebook with doctests that ask for an `==` of the learner's own."""
    made = ot.notebook(ot.code(POINT + EQUAL, "otter_answer_cell"), ot.check("point"), otter={"tests": KERNELS})
    return brought(tmp_path_factory.mktemp("kernels"), made, run=True)


@pytest.mark.parametrize("who", IN_KERNEL)
def test_a_doctest_that_only_the_kernel_can_run_runs_there_and_says_so(kernels: tuple[Course, Report], who: str, tmp_path: Path) -> None:
    """It is the doctest that it was, in a real kernel, with doctest's own answer; its outcome is marked as claimed, and no other is."""
    course, report = kernels
    source, expected = IN_KERNEL[who]
    verdict = grade(ot.write(tmp_path / "work.ipynb", ot.notebook(ot.code(source, "otter_answer_cell"))), course)

    assert {outcome.check: outcome.passed for outcome in verdict.outcomes} == expected
    assert {outcome.check for outcome in verdict.outcomes if outcome.claimed} == {"test_point_1", "test_point_3"}
    assert [outcome["claimed"] for outcome in json.loads(verdict.to_json())["outcomes"]] == [True, False, True]
    assert (report.lessons[0].claimed, report.lessons[0].solution) == (2, "passes")
    assert "doctest.DocTestParser()" in course.grader("work").read_text("utf-8")


def test_a_doctest_patched_in_the_kernel_earns_only_what_is_told_apart(kernels: tuple[Course, Report], tmp_path: Path) -> None:
    """A learner who patches doctest passes what the kernel decides, which says so, and nothing else."""
    source = "import doctest\ndoctest.DocTestRunner.run = lambda *a, **k: doctest.TestResults(0, 1)\nclass Point:\n    pass"
    verdict = grade(ot.write(tmp_path / "work.ipynb", ot.notebook(ot.code(source, "otter_answer_cell"))), kernels[0])

    assert all(outcome.claimed for outcome in verdict.outcomes if outcome.passed)
    assert not next(outcome for outcome in verdict.outcomes if outcome.check == "test_point_2").passed


# --- Sources of otter assign ------------------------------------------------------------------------------------------

MASTER = (
    ot.text("# Numbers"),
    ot.code("import numpy as np\nimport random"),
    *ot.question(
        "name: q1\npoints: 3",
        ot.code("def square(x):\n    y = x * x # SOLUTION NO PROMPT\n    return y # SOLUTION\n\nnine = square(3) # SOLUTION"),
        tests=(
            ot.code("square(1) == 1", shows="True"),
            ot.code("square(0)", shows="0"),
            ot.code(
                '""" # BEGIN TEST CONFIG\npoints: 2\nhidden: true\nfailure_message: Think of halves.\n""" # END TEST CONFIG\nsquare(2.5)',
                shows="6.25",
            ),
        ),
    ),
    *ot.question(
        "name: q2\nall_or_nothing: true\npoints: 2",
        ot.code('def negate(p):\n    """Negate."""\n    # BEGIN SOLUTION\n    return not p\n    # END SOLUTION'),
        tests=(ot.code("negate(True)", shows="False"), ot.code("# HIDDEN\nnegate(False)", shows="True")),
    ),
    *ot.question("name: q3\nmanual: true\npoints: 4", ot.text("Because.")),
    *ot.question(
        "name: q4",
        ot.code('""" # BEGIN PROMPT\ntotal = ...\n""" # END PROMPT\n# BEGIN SOLUTION NO PROMPT\ntotal = sum([1, 2, 3])\n# END SOLUTION'),
        ot.code("twice = 2 * total # SOLUTION"),
        tests=(
            ot.code("import math\nmath.isclose(total, 6)", shows="True"),
            ot.code("print(total)\nprint(twice)", prints="6\n12\n"),
        ),
    ),
    ot.code("# Ignore\nprint('for the author')"),
    ot.code("a = 1\nb = 2 # IGNORE"),
)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Report]:
    """Give the source notebook of an assignment, brought over."""
    return source(tmp_path_factory.mktemp("master"), *MASTER, run=True)


def test_a_source_gives_learners_what_otter_gives_them(master: tuple[Course, Report]) -> None:
    """Solutions become otter's prompts; what its author keeps, blocks, tests and outputs are not in the lesson."""
    course, _ = master
    lesson = course.lesson("work")
    text = course.path("work").read_text("utf-8")

    assert lesson.exercises["q1"].sources == ("def square(x):\n    ...\n\nnine = ...",)
    assert lesson.exercises["q2"].sources == ('def negate(p):\n    """Negate."""\n    ...',)
    assert lesson.exercises["q4"].sources == ("total = ...", "twice = ...")
    assert not [word for word in ("SOLUTION", "QUESTION", "PROMPT", "6.25", "IGNORE", "for the author", "Because") if word in text]
    assert read_solution(course.solution("work"))["q4"] == ("total = sum([1, 2, 3])", "twice = 2 * total")


def test_a_sources_points_are_otters(master: tuple[Course, Report]) -> None:
    """The honest solution has all of the 6 points that otter's rules give, the untouched notebook none."""
    course, report = master
    lesson = course.lesson("work")
    solution = grade(fill(lesson, read_solution(course.solution("work"))), course, lesson=lesson)

    assert by_exercise(solution) == pytest.approx({"q1": 3, "q2": 2, "q4": 1})
    assert grade(fill(lesson, {}), course, lesson=lesson).points.earned == 0
    assert (report.lessons[0].points, report.lessons[0].manual, report.lessons[0].solution) == (6, 4, "passes")
    assert [(one.exercise, one.points) for one in solution.manual] == [("q3", 4)]


def test_hidden_cases_are_told_by_number_only(master: tuple[Course, Report]) -> None:
    """Of a hidden case learners read no code: its title is its number."""
    grader = master[0].grader("work").read_text("utf-8")

    assert '"""q1, hidden case 3"""\n    doctests.expect(square(2.5), "6.25")' in grader
    assert 'says(failed="Think of halves.")' in grader


F = ot.code("def f(x):\n    return 2 * x # SOLUTION")
T = ot.code("f(1) == 2", shows="True")

LEFT = {
    "a test that is not Python": (ot.question("name: q", F, tests=(T, ot.code("f(1 ==")), words="x"), "it is not Python"),
    "text among tests": (ot.question("name: q", F, tests=(T, ot.text("look"))), "it stands among tests and is no code"),
    "points that do not fit": (ot.question("name: q\npoints: [1, 2]", F, tests=(T,)), "its points are a list of 2, and it has 1 cases"),
    "points that are words": (ot.question("name: q\npoints: many", F, tests=(T,)), "which is no number and no list of numbers"),
    "a configuration that is no YAML": (ot.question("name: [q", F, tests=(T,)), "its configuration is no YAML"),
    "a configuration that is a list": (ot.question("- name", F, tests=(T,)), "its configuration is no list of `name: value`"),
    "the format of v0": (
        [*ot.question("name: q", F, tests=(T,)), ot.text("```\nBEGIN QUESTION\nname: old\n```")],
        "the format of otter v0",
    ),
    "a configuration elsewhere": (
        [ot.raw("# ASSIGNMENT CONFIG\nconfig_file: more.yml"), *ot.question("name: q", F, tests=(T,))],
        "the rest of its configuration is in a file",
    ),
}


@pytest.mark.parametrize(("cells", "what"), LEFT.values(), ids=LEFT)
def test_what_cannot_come_over_is_told_and_the_rest_goes_on(tmp_path: Path, cells: list[ot.Cell], what: str) -> None:
    """The report names the cell and what is the matter, and the lesson is made all the same."""
    _, report = source(tmp_path, *cells)
    notes = told(report, "left out")

    assert any(what in sentence and cell for cell, sentence in notes)
    assert report.lessons[0].slug == "work"


REPAIRED = {
    "no end": (ot.question("name: q", F, tests=(T,))[:-1], "END QUESTION is missing; q is taken to end here."),
    "an end too many": ([*ot.question("name: q", F, tests=(T,)), ot.raw("# END QUESTION")], "an END QUESTION too many was left out."),
    "two beginnings": (
        [*ot.question("name: q", F, tests=(T,))[:-1], *ot.question("name: r", F, tests=(T,))],
        "END QUESTION of q is missing; it is taken to end here.",
    ),
    "no name": (ot.question("points: 1", F, tests=(T,)), 'its question has no name; it is "question-2" here.'),
    "a block outside": (
        [ot.raw("# BEGIN TESTS"), *ot.question("name: q", F, tests=(T,))],
        "a block TESTS outside of a question was left out.",
    ),
}


@pytest.mark.parametrize(("cells", "what"), REPAIRED.values(), ids=REPAIRED)
def test_blocks_that_do_not_match_are_repaired(tmp_path: Path, cells: list[ot.Cell], what: str) -> None:
    """Where a block does not begin or end, the report says what was taken for granted, and its tests are asked."""
    _, report = source(tmp_path, *cells)

    assert what in [sentence for _, sentence in told(report, "repaired")]
    assert report.lessons[0].checks > 0


def test_a_seed_is_set_for_honest_and_grader_alike(tmp_path: Path) -> None:
    """Where the autograder has a seed, an answer that draws is right here, too; whoever patches the seed has only their own value."""
    drawn = ot.question("name: q", ot.code("x = random.randint(1, 10**6) # SOLUTION"), tests=(ot.code("x", shows="456479"),))
    course, report = source(tmp_path, ot.code("import random"), *drawn, config="generate:\n  seed: 7", run=True)
    lesson = course.lesson("work")

    expected = __import__("random").Random(7).randint(1, 10**6)
    course.grader("work").write_text(course.grader("work").read_text("utf-8").replace("456479", str(expected)), "utf-8")

    assert grade(fill(lesson, read_solution(course.solution("work"))), course, lesson=lesson).points.earned == 1
    assert grade(fill(lesson, {"q": "random.seed = lambda *a: 0\nx = 0"}), course, lesson=lesson).points.earned == 0
    assert "the autograder's seed, 7, is set before each answer" in told(report, "changed")[-1][1]


def test_a_seeds_variable_is_the_learners_here_and_the_graders_there(tmp_path: Path) -> None:
    """Learners work with one value in a cell `parameters`, and hidden cases are asked of a run with the autograder's."""
    config = "seed:\n  variable: rng_seed\n  autograder_value: 90\n  student_value: 4"
    hidden = ot.question(
        "name: q", ot.code("x = rng_seed + 1 # SOLUTION"), tests=(ot.code("# HIDDEN\nx", shows="91"), ot.code("x > 1", shows="True"))
    )
    course, report = source(tmp_path, ot.code("rng_seed = 90"), *hidden, config=config, run=True)
    lesson = course.lesson("work")

    assert ("rng_seed = 4", ("parameters",)) in [(cell.source, cell.tags) for cell in lesson.cells]
    assert "@pytest.mark.parameters(rng_seed=90)" in course.grader("work").read_text("utf-8")
    assert report.lessons[0].solution == "passes"
    assert grade(fill(lesson, {"q": "x = 5"}), course, lesson=lesson).points.earned == 0.5


def test_a_source_of_test_functions_is_read(tmp_path: Path) -> None:
    """With `ok_format: false` a test cell is a function, whose arguments are the notebook's names."""
    cell = ot.code(
        '""" # BEGIN TEST CONFIG\npoints: 3\n""" # END TEST CONFIG\ndef doubles(f):\n    x = 4\n    assert f(x) == 8\ndoubles(f)'
    )
    bad = ot.code("x = 1\ny = 2\nz = 3")
    course, report = source(tmp_path, *ot.question("name: q", F, tests=(cell, bad)), config="tests:\n  ok_format: false", run=True)

    assert report.lessons[0].points == 3
    assert '"""Doubles"""' in course.grader("work").read_text("utf-8")
    assert told(report, "left out") == [(9, "a test cell without doctests may have one function and a call of it. Write it so.")]


def test_fenced_blocks_are_blocks(tmp_path: Path) -> None:
    """Blocks in Markdown, fenced as ```otter, are read as raw cells are."""
    cells = [
        ot.text(f"```otter\n{cell['source']}\n```\n") if cell["cell_type"] == "raw" else cell
        for cell in ot.question("name: q", F, tests=(T,))
    ]
    course, report = source(tmp_path, *cells)

    assert report.lessons[0].checks == 1
    assert not [cell for cell in course.lesson("work").cells if "otter" in cell.source]


# --- Other ways that it lies ------------------------------------------------------------------------------------------


def test_a_folder_of_tests_beside_a_notebook_is_read(tmp_path: Path, rich: tuple[Course, Report]) -> None:
    """Tests in files give the same grader as tests in the metadata; the folder itself is not taken along, data is."""
    folder = tmp_path / "lab1"
    ot.write(folder / "work.ipynb", ot.handed_out(ot.ANSWERS, None))
    with zipfile.ZipFile(io.BytesIO(ot.autograder())) as archive:
        archive.extractall(folder)
    (folder / "data.csv").write_text("a,b\n1,2\n")
    (folder / "tests" / "old.R").write_text("x")
    report = import_otter(folder, tmp_path / "here", run=False)
    made = (tmp_path / "here" / "graders" / "lab1" / "test_work.py").read_text("utf-8")

    assert made.replace("lab1/work", "work") == rich[0].grader("work").read_text("utf-8")
    assert (tmp_path / "here" / "lessons" / "lab1" / "data.csv").is_file()
    assert not list((tmp_path / "here" / "lessons").rglob("*.py"))
    assert [str(note) for note in report.notes if note.kind == "left out"] == [
        "tests/old.R: is a test in R; only Python can be asked from here."
    ]


def test_an_autograders_zip_is_read_with_the_notebook_beside_it(tmp_path: Path) -> None:
    """The zip's tests are asked of the notebook that learners get, and its seed is kept."""
    ot.write(tmp_path / "hw" / "work.ipynb", ot.handed_out({}, None))
    (tmp_path / "hw" / "hw-autograder.zip").write_bytes(ot.autograder(seed=3, points_possible=10, plugins=["a"]))
    report = import_otter(tmp_path / "hw" / "hw-autograder.zip", tmp_path / "here", run=False)
    notes = " ".join(what for _, what in told(report, "changed"))

    assert (report.lessons[0].checks, report.lessons[0].points) == (20, 21)
    assert "points_possible, 10, is not kept" in notes
    assert "its plugins are left out" in notes


def test_what_otter_assign_made_is_taken_from_its_autograder(tmp_path: Path) -> None:
    """Of dist/ the autograder's notebook is taken, which has the solutions; a folder of folders is a course."""
    ot.write(tmp_path / "course" / "hw1" / "dist" / "autograder" / "hw1.ipynb", ot.handed_out(ot.ANSWERS))
    ot.write(tmp_path / "course" / "hw1" / "dist" / "student" / "hw1.ipynb", ot.handed_out({}))
    ot.write(tmp_path / "course" / "hw2" / "hw2.ipynb", ot.handed_out({}))
    (tmp_path / "course" / "hw3").mkdir()
    (tmp_path / "course" / "hw3" / "hw3.Rmd").write_text("# R")
    report = import_otter(tmp_path / "course", tmp_path / "here", run=False)

    assert [(made.slug, made.solution) for made in report.lessons] == [("hw1", "was not run"), ("hw2", "is missing")]
    assert [str(note) for note in report.notes if note.kind == "left out"] == [
        "hw3.Rmd: is written for R; only Python can be asked from here. It stays with otter."
    ]


def _zip(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return made.getvalue()


def _link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("tests/q1.py")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


ZIPS = {
    "up": (lambda: _zip(("../q1.py", b"x")), 'its entry "../q1.py" leads out of it'),
    "up from below": (lambda: _zip(("tests/../../q1.py", b"x")), "leads out of it"),
    "from the root": (lambda: _zip(("/etc/q1.py", b"x")), "leads out of it"),
    "backslashes": (lambda: _zip(("..\\q1.py", b"x")), "leads out of it"),
    "a drive": (lambda: _zip(("C:q1.py", b"x")), "leads out of it"),
    "a link": (lambda: _zip((_link(), b"/etc/passwd")), "leads out of it"),
    "a bomb": (lambda: _zip(*((f"{number}", bytes(60 << 20)) for number in range(4))), "unpacks to more than 200 MiB"),
    "too many": (lambda: _zip(*((f"{number}", b"") for number in range(MOST_FILES + 1))), "has 2,001 files, more than 2,000"),
    "no zip": (lambda: b"PK\x03\x04nothing", "cannot be unpacked"),
}


@pytest.mark.parametrize(("made", "what"), ZIPS.values(), ids=ZIPS)
def test_a_zip_that_leads_out_or_never_ends_is_refused(tmp_path: Path, made: Callable[[], bytes], what: str) -> None:
    """Names that leave the folder, links, bombs and damage are one sentence, and nothing is written."""
    (tmp_path / "in.zip").write_bytes(made())

    with pytest.raises(HornbookError, match=what):
        unpack(tmp_path / "in.zip", tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """What an entry says of its size is not believed: a damaged count ends in one sentence."""
    data = bytearray(_zip(("a", b"x" * 100_000)))
    place = data.rfind(b"PK\x01\x02") + 24
    data[place : place + 4] = (5).to_bytes(4, "little")
    (tmp_path / "in.zip").write_bytes(bytes(data))

    with pytest.raises(HornbookError, match="cannot be unpacked"):
        unpack(tmp_path / "in.zip", tmp_path / "out")


NOTHING = {
    "an empty folder": (lambda root: (root / "x").mkdir() or root / "x", "has no notebook for otter"),
    "nothing": (lambda root: root / "gone", "is not there"),
    "R": (
        lambda root: ot.write(
            root / "r.ipynb", ot.notebook(ot.code("x <- 1"), kernel={"name": "ir", "language": "R", "display_name": "R"})
        ),
        "is written for r; only Python can be asked from here. It stays with otter.",
    ),
}


@pytest.mark.parametrize(("make", "what"), NOTHING.values(), ids=NOTHING)
def test_nothing_to_bring_over_is_one_sentence(tmp_path: Path, make: Any, what: str) -> None:
    """Where there is nothing that could be read, one sentence says so and what to give."""
    with pytest.raises(HornbookError, match=what):
        import_otter(make(tmp_path), tmp_path / "here", run=False)


def test_a_zip_without_a_notebook_says_where_to_put_it(tmp_path: Path) -> None:
    """Tests alone are no lesson: the sentence says that the notebook belongs beside them."""
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "hw.zip").write_bytes(ot.autograder())

    with pytest.raises(HornbookError, match="Put the notebook that learners get beside it"):
        import_otter(tmp_path / "alone" / "hw.zip", tmp_path / "here", run=False)


@pytest.mark.parametrize("data", ["{", "[1]"])
def test_a_configuration_that_is_none_is_left_out(tmp_path: Path, data: str) -> None:
    """An otter_config.json that says nothing costs nothing but what it would have said."""
    ot.write(tmp_path / "hw" / "work.ipynb", ot.handed_out({}))
    (tmp_path / "hw" / "otter_config.json").write_text(data)

    assert import_otter(tmp_path / "hw", tmp_path / "here", run=False).lessons[0].checks == 20


def test_answers_without_tests_are_for_a_person(tmp_path: Path) -> None:
    """A tagged answer that nothing checks is read by a person; the report says that its points are not in the notebook."""
    made = ot.handed_out({})
    made["cells"] += [
        ot.text("<!-- BEGIN QUESTION -->\n\nWhy?"),
        ot.text(ot.notebook.__name__, "otter_answer_cell"),
        ot.code("plot = ...", "otter_answer_cell"),
    ]
    course, report = brought(tmp_path, made)

    assert "BEGIN QUESTION" not in course.path("work").read_text("utf-8")
    assert "what it is worth is not in the notebook" in str(told(report, "for a person"))
    assert "answer-33" in course.lesson("work").exercises


def test_a_notebook_without_tags_is_read_by_its_checks(tmp_path: Path) -> None:
    """Between two checks, what has blanks or makes what is asked is the learner's; the rest is given. okpy's is read, too."""
    tests = {name: ot.TESTS[name] for name in ("square", "x1")}
    made = ot.notebook(
        ot.code("from client.api.notebook import Notebook\nok = Notebook('hw.ok')"),
        ot.code("base = 2"),
        ot.code("def square(n):\n    return n ** base"),
        ot.code("_ = ok.grade('square')"),
        ot.code("x = 1\nok.grade('x1')"),
        otter={"tests": tests},
    )
    course, report = brought(tmp_path, made, run=True)
    lesson = course.lesson("work")

    assert {name: one.sources for name, one in lesson.exercises.items()} == {"square": ("def square(n):\n    ...",), "x1": ("x = ...",)}
    assert [cell.source for cell in lesson.cells if cell.kind == "code" and not cell.exercise] == ["base = 2"]
    assert report.lessons[0].solution == "passes"
    assert "it uses okpy, which came before otter" in str(told(report, "changed"))


def test_tests_that_no_cell_checks_are_asked_by_their_names(tmp_path: Path) -> None:
    """A test without a check in the notebook is asked after the answers that it needs, and a check without tests is named."""
    made = ot.handed_out({})
    made["cells"] = [cell for cell in made["cells"] if cell["source"] != 'grader.check("x1")'] + [ot.check("gone")]
    _, report = brought(tmp_path, made)

    assert any("no cell checks x1" in what for _, what in told(report, "changed"))
    assert any('it checks "gone", and there are no tests of it.' in what for _, what in told(report, "left out"))


# --- Tests, one at a time ---------------------------------------------------------------------------------------------

RULES = {
    "nothing said": (None, [None, None], (0.5, 0.5)),
    "a number": (3, [None, None, None], (1, 1, 1)),
    "a list": ([1, 2], [None, None], (1, 2)),
    "each": ({"each": 2}, [None, None], (2, 2)),
    "some said": (5, [3, None, None], (3, 1, 1)),
    "all said": (5, [3, 1], (3, 1)),
    "only cases": (None, [2, None], (2, 0)),
    "zeros": (None, [0, None, None], (0, 0.5, 0.5)),
    "all zeros": (None, [0, 0], (0, 0)),
}


@pytest.mark.parametrize(("points", "cases", "worth"), RULES.values(), ids=RULES)
def test_points_are_shared_by_otters_rules(points: object, cases: list[float | None], worth: tuple[float, ...]) -> None:
    """What each case is worth follows otter's four rules; the values are those of its `resolve_test_file_points`."""
    assert resolved(points, [Case("pass", points=one) for one in cases]) == worth


@pytest.mark.parametrize(
    ("points", "cases", "what"), [(1, [2], "worth 2 points together"), (None, ["x"], "not all numbers"), (True, [None], "no number")]
)
def test_points_that_cannot_be_are_told(points: object, cases: list[Any], what: str) -> None:
    """Where otter raises, the sentence says which numbers do not go together."""
    with pytest.raises(NotOtters, match=what):
        resolved(points, [Case("pass", points=one) for one in cases])


DOCTESTS = {
    "a truth": (">>> f(1) == 2\nTrue", "assert f(1) == 2"),
    "a falsehood": (">>> f(1) in [2]\nFalse", "assert not (f(1) in [2])"),
    "a call that is true": (">>> isinstance(f(1), int)\nTrue", "assert isinstance(f(1), int)"),
    "both": (">>> f(1) and g(1)\nTrue", 'doctests.expect(f(1) and g(1), "True")'),
    "not": (">>> not f(1)\nTrue", "assert not f(1)"),
    "a value": (">>> f(1)\n2", 'doctests.expect(f(1), "2")'),
    "nothing": (">>> f(1)", 'doctests.expect(f(1), "")'),
    "an assertion": (">>> np.testing.assert_allclose(f(1), 2)", "np.testing.assert_allclose(f(1), 2)"),
    "statements": (">>> x = f(1)\n>>> x += 1", "x = f(1)\nx += 1"),
    "two on a line": (">>> x = 1; f(x)\n2", 'x = 1\ndoctests.expect(f(x), "2")'),
    "a print": (">>> print(f(1))\n2", 'with doctests.expect_printed("2"):\n    print(f(1))'),
    "a block": (">>> if f(1):\n...     f(2)\n4", 'with doctests.expect_printed("4"):\n    if f(1):\n        doctests.show(f(2))'),
    "a function": (
        ">>> def g():\n...     f(1)\n...     print(3)\n>>> g()\n3",
        'def g():\n    f(1)\n    print(3)\ndoctests.expect(g(), "3")',
    ),
    "an exception": (
        ">>> f(1)\nTraceback (most recent call last):\n    ...\nValueError: no",
        'with doctests.raises("ValueError: no"):\n    f(1)',
    ),
    "skipped": (">>> f(1) # doctest: +SKIP\n3\n>>> f(1)\n2", 'doctests.expect(f(1), "2")'),
    "a comment": (">>> # Why\n>>> f(1)\n2", '# Why\ndoctests.expect(f(1), "2")'),
    "quotes": (">>> f('\"')\n'\"'", "doctests.expect(f('\"'), \"'\\\"'\")"),
}


@pytest.mark.parametrize(("text", "expected"), DOCTESTS.values(), ids=DOCTESTS)
def test_a_doctest_becomes_code(text: str, expected: str) -> None:
    """Each example is a statement that says what it asks."""
    assert of_spec(ot.ok("q", (text, {}))).cases[0].source == expected


NO_TESTS = {
    "no test": ("x = 1", "in none of otter's formats"),
    "compiled code": ("gASVvQ==", "compiled code, which is never loaded"),
    "bytes": ("\x80abc(", "compiled code, which is never loaded"),
    "worked out": ("test = dict(name='q')", "is worked out by code, which is not run here"),
    "points worked out": ("OK_FORMAT = False\npoints = sum([1])\n@test_case()\ndef t(): pass", "its `points` is worked out by code"),
    "no suites": ("test = {'name': 'q'}", "it has no suites"),
    "another type": ("test = {'suites': [{'type': 'scheme', 'cases': []}]}", 'a suite of type "scheme"'),
    "no cases": ("test = {'suites': [{'cases': []}]}", "it has no cases"),
    "a case without code": ("test = {'suites': [{'cases': [{}]}]}", "a case without code"),
    "no doctest": ("test = {'suites': [{'cases': [{'code': '>>>f(1)'}]}]}", "a case that is no doctest"),
    "no Python": ("test = {'suites': [{'cases': [{'code': '>>> f(1'}]}]}", "a case that is not Python"),
}


@pytest.mark.parametrize(("text", "what"), NO_TESTS.values(), ids=NO_TESTS)
def test_a_test_that_cannot_be_read_is_told(text: str, what: str) -> None:
    """A file of tests is never run; what would have to be run, or is no test, is one sentence."""
    with pytest.raises(NotOtters, match=what):
        of_source(text)


def test_an_old_test_is_read_as_far_as_it_goes() -> None:
    """Set-up stands before each case, a teardown and a second suite are remarked on, an undeclared case is hidden, as in otter."""
    text = (
        "test = {'name': 'q', 'suites': [{'setup': '>>> a = 1', 'teardown': '>>> b', 'cases': [{'code': '>>> f(a)\\n2'}]}, {'cases': []}]}"
    )
    question = of_source(text)

    assert question.cases[0].source == 'a = 1\ndoctests.expect(f(a), "2")'
    assert question.cases[0].hidden
    assert len(question.remarks) == 2


def test_a_test_function_keeps_its_meaning() -> None:
    """A body that returns, or binds an argument anew, stays a function; positional settings of a case are read."""
    text = (
        "@test_case('named', 2, True)\ndef t(env, f):\n    f = f(1)\n    assert f\n@otter.test_files.test_case()\n"
        "def g(f):\n    s = '''a\n  b'''\n    assert f"
    )
    first, second = of_source(text).cases

    assert first.source == "def case(env, f):\n    f = f(1)\n    assert f\ncase(globals(), f)"
    assert (first.points, first.hidden, first.title) == (2, True, "named")
    assert second.source.endswith("assert f")


def test_an_empty_test_cell_is_no_case() -> None:
    """A test cell with nothing in it cannot be a case."""
    with pytest.raises(SyntaxError, match="it is empty"):
        of_cell("# nothing", "")


def test_solutions_are_taken_out_as_otter_does() -> None:
    """The prompts are those that otter's own `replace_solutions` leaves; the answer keeps nothing of the markers."""
    source = (
        "a, b = f(1) # SOLUTION\nx[0] = 3 # SOLUTION\nif a: # SOLUTION\n    b = 1\ny = 1 # SEED\n"
        "# BEGIN SOLUTION NO PROMPT\nz = 2\n# END SOLUTION"
    )

    assert blanked(source) == "a, b = ...\nx[0] = ...\n...\n    b = 1"
    assert solved(source) == "a, b = f(1)\nx[0] = 3\nif a:\n    b = 1\ny = 1\nz = 2"


def test_the_command_tells_what_it_made(tmp_path: Path) -> None:
    """`hornbook import otter` prints the report, leaves with 0 where everything came over, and prints it as a document with --json."""
    path = ot.write(tmp_path / "work.ipynb", ot.handed_out(ot.ANSWERS))
    done = CliRunner().invoke(app, ["import", "otter", str(path), "--into", str(tmp_path / "one"), "--no-run"])
    as_json = CliRunner().invoke(app, ["import", "otter", str(path), "--into", str(tmp_path / "two"), "--no-run", "--json"])

    assert done.exit_code == 0, done.output
    assert "21 points; 20 checks; the solution was not run" in done.output
    assert json.loads(as_json.stdout)["lessons"][0]["slug"] == "work"
