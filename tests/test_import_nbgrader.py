"""`hornbook.exchange`: nbgrader's notebooks become lessons, and honest work gets the points that nbgrader itself gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nbgrading as nb
import pytest

from hornbook import Course, grade
from hornbook.exchange.bringing import Report, import_nbgrader
from hornbook.lesson import SubmissionFile

if TYPE_CHECKING:
    from pathlib import Path

    from hornbook.model import Verdict

STUB = "# YOUR CODE HERE\nraise NotImplementedError()"

RICH = nb.notebook(
    nb.text("# Numbers and stacks\n\nA little of everything."),
    nb.given("setup", "%matplotlib inline\nimport math\nimport numpy as np\nfrom collections import Counter\nunused = np.zeros(3)"),
    nb.code("def close(a, b):\n    return abs(a - b) < 1e-9\n\ndata = [1.0, 2.0, 3.0]\ndata.append(6.0)"),
    nb.text("## The mean"),
    nb.answer("mean", "    return sum(xs) / len(xs)", 'def mean(xs):\n    """Return the mean of *xs*."""\n'),
    nb.code("result = mean(data)\nresult"),
    nb.tests("mean_test", "assert result == 3, 'the mean of the data is 3'\nassert close(mean([1, 2]), 1.5)", 2),
    nb.tests("mean_numpy", "# numpy agrees\nnp.testing.assert_allclose(mean(data), np.mean(data))\nexpected = np.mean([5, 6])"),
    nb.tests("mean_hidden", "assert mean([4]) == 4", 3, hidden="assert mean([1, 1, 4]) == expected - 3.5\nassert mean([0.5]) == 0.5"),
    nb.tests("mean_all_hidden", "# More means", 1, hidden='text = """a\n  b"""\nassert len(text) == 5\nassert mean([-1, 1]) == 0'),
    nb.answer("MySum", "def sum(xs):\n    total = 0\n    for x in xs:\n        total = total + x\n    return total"),
    nb.tests("sum_test", 'assert sum([1, 2, 3]) == 6\nassert sum([]) == 0, "nothing sums to zero"'),
    nb.answer(
        "stack",
        "class Stack:\n    def __init__(self):\n        self.items = []\n    def push(self, x):\n        self.items.append(x)\n"
        "    def pop(self):\n        if not self.items:\n            raise IndexError('empty')\n        return self.items.pop()\n"
        "    def __len__(self):\n        return len(self.items)",
    ),
    nb.tests(
        "stack_test",
        "s = Stack()\ns.push(1)\ns.push('two')\nassert len(s) == 2\nassert s.pop() == 'two'\nassert isinstance(s, Stack)\n"
        "assert hasattr(s, 'push') and not hasattr(s, 'peek')\ntry:\n    Stack().pop()\nexcept IndexError as error:\n"
        "    assert str(error) == 'empty'\nelse:\n    raise AssertionError('no error')",
        4,
    ),
    nb.answer("in_place", "    xs.sort(reverse=True)", "def sort_down(xs):\n", ""),
    nb.tests("in_place_test", "numbers = [3, 1, 2]\nsort_down(numbers)\nassert numbers == [3, 2, 1]"),
    nb.answer("greet", '    print(f"Hello, {name}!")', "def greet(name):\n"),
    nb.tests(
        "greet_test",
        "import io\nfrom contextlib import redirect_stdout\nout = io.StringIO()\nwith redirect_stdout(out):\n    greet('Ada')\n"
        "assert out.getvalue() == 'Hello, Ada!\\n'",
    ),
    nb.answer("digits", "    return [int(c) for c in str(n)]", "def digits(n):\n"),
    nb.tests(
        "digits_part",
        "score = 0\nfor n, wanted in [(12, [1, 2]), (305, [3, 0, 5]), (0, [0]), (7, [7])]:\n"
        "    if digits(n) == wanted:\n        score += 0.5\nscore",
        2,
    ),
    nb.tests("digits_unittest", "import unittest\ncase = unittest.TestCase()\ncase.assertEqual(digits(41), [4, 1])\nwith case.assertRaises(ValueError):\n    digits('x')"),
    nb.answer("total", "total = sum(data)"),
    nb.tests("total_test", "assert 'total' in globals()\nassert total == 12\nassert type(total) is float"),
    nb.tests("total_kernel", "%time twice = 2 * total\nassert twice == 24"),
    nb.essay("why", "Because it is so.", 5),
    nb.program("draw", "picture = [total]", 3),
)

HONEST = {
    "mean": "def mean(xs):\n    total = 0\n    for x in xs:\n        total += x\n    return total / len(xs)",
    "MySum": "def sum(xs):\n    return xs[0] + sum(xs[1:]) if xs else 0",
    "stack": "class Stack(list):\n    push = list.append\n    def pop(self):\n        if not len(self):\n            raise IndexError('empty')\n"
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
