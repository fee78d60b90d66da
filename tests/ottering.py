"""Material for otter, rebuilt by hand after its documentation, which its sdist does not ship: a source, a notebook as it is handed out.

The scores are what otter-grader 7.0.0 gives (`otter.api.grade_submission` with the autograder's zip of `autograder()`), for
each of the submissions. Run as a program where otter is installed, it prints them: `python ottering.py`.
"""

from __future__ import annotations

import copy
import io
import json
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PYTHON = {"display_name": "Python 3", "language": "python", "name": "python3"}
Cell = dict[str, Any]


def raw(source: str) -> Cell:
    """Return a raw cell, which is where otter's blocks begin and end."""
    return {"cell_type": "raw", "metadata": {}, "source": source}


def text(source: str, *tags: str) -> Cell:
    """Return a Markdown cell."""
    return {"cell_type": "markdown", "metadata": {"tags": list(tags)} if tags else {}, "source": source}


def code(source: str, *tags: str, shows: str = "", prints: str = "") -> Cell:
    """Return a code cell that, when its author ran it, showed or printed something."""
    outputs: list[dict[str, Any]] = []
    outputs += [{"output_type": "stream", "name": "stdout", "text": prints}] if prints else []
    outputs += [{"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": shows}}] if shows else []
    metadata = {"tags": list(tags)} if tags else {}
    return {"cell_type": "code", "metadata": metadata, "source": source, "execution_count": None, "outputs": outputs}


def notebook(*cells: Cell, kernel: Mapping[str, str] = PYTHON, **metadata: Any) -> Cell:
    """Return a notebook of *cells*."""
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": {"kernelspec": dict(kernel), **metadata}, "cells": list(cells)}


def ok(name: str, *cases: tuple[str, dict[str, Any]], **said: Any) -> dict[str, Any]:
    """Return a test of the OK format."""
    made = [{"code": text, "hidden": False, "locked": False, **more} for text, more in cases]
    return {"name": name, "suites": [{"cases": made, "scored": True, "setup": "", "teardown": "", "type": "doctest"}], **said}


def question(config: str, *solution: Cell, tests: tuple[Cell, ...] = (), words: str = "Do it.") -> list[Cell]:
    """Return the cells of a question of a source notebook."""
    made = [raw(f"# BEGIN QUESTION\n{config}"), text(words)]
    made += [raw("# BEGIN SOLUTION"), *solution, raw("# END SOLUTION")] if solution else []
    made += [raw("# BEGIN TESTS"), *tests, raw("# END TESTS")] if tests else []
    return [*made, raw("# END QUESTION")]


def check(name: str) -> Cell:
    """Return the cell that checks a question."""
    return code(f'grader.check("{name}")')


TESTS: dict[str, dict[str, Any] | str] = {
    "square": ok(
        "square", (">>> square(3)\n9", {}), (">>> square(-2) == 4\nTrue", {"points": 2}), (">>> square(1.5)\n2.25", {"hidden": True})
    ),
    "greet": ok(
        "greet",
        (">>> greet('Ada')\nHello, Ada!", {"success_message": "Friendly."}),
        (">>> for name in ['B', 'C']:\n...     greet(name)\nHello, B!\nHello, C!", {"failure_message": "Greet everybody on a line."}),
        points=[1, 3],
    ),
    "parity": ok(
        "parity",
        (">>> parity(4)\n'even'", {}),
        (">>> parity(7)\n'odd'", {}),
        (">>> parity(0)\n'even'", {"hidden": True}),
        points=4,
        all_or_nothing=True,
    ),
    "root": ok(
        "root",
        (">>> # Roots of squares are whole\n>>> root(16)\n4.0\n>>> root(0)\n0.0", {}),
        (">>> root(-1)\nTraceback (most recent call last):\n    ...\nValueError: too small", {}),
        (">>> print(root(2)) # doctest: +ELLIPSIS\n1.414...", {"points": 0.5}),
        points=2,
    ),
    "x1": ok("x1", (">>> x\n1", {})),
    "x2": ok("x2", (">>> x\n'two'", {}), (">>> len(x)\n3", {})),
    "x3": ok("x3", (">>> x == [3]\nTrue", {}), (">>> x = 4\n>>> x\n4", {}), (">>> x\n[3]", {})),
    "stack": """\
from otter.test_files import test_case
import operator

OK_FORMAT = False
name = "stack"
points = 6


def same(one, other):
    return operator.eq(one, other)


@test_case(points=1, success_message="It grows.", failure_message="Look at push.")
def test_push(Stack):
    \"\"\"A stack gives back what was pushed last\"\"\"
    s = Stack()
    s.push(1)
    s.push(2)
    assert same(s.pop(), 2)


@test_case(hidden=True)
def test_empty(Stack):
    try:
        Stack().pop()
    except IndexError:
        return
    raise AssertionError("nothing was raised")


@test_case(name="by the environment", points=3)
def test_env(env):
    assert env["Stack"]().size() == 0
    assert "Queue" not in env
""",
}

ANSWERS = {
    "square": "def square(n):\n    return n * n",
    "greet": "def greet(name):\n    print(f'Hello, {name}!')",
    "parity": "def parity(n):\n    return 'odd' if n % 2 else 'even'",
    "root": "def root(n):\n    if n < 0:\n        raise ValueError('too small')\n    return n ** 0.5",
    "x1": "x = 1",
    "x2": "x = 'two'",
    "x3": "x = [3]",
    "stack": "class Stack:\n    def __init__(self):\n        self.items = []\n    def push(self, item):\n        self.items.append(item)\n"
    "    def pop(self):\n        return self.items.pop()\n    def size(self):\n        return len(self.items)",
}
BLANKS = {
    **{name: f"{source.splitlines()[0]}\n    ..." for name, source in ANSWERS.items() if source.startswith(("def", "class"))},
    **dict.fromkeys(("x1", "x2", "x3"), "x = ..."),
}
SUBMISSIONS = {
    "honest": ANSWERS,
    "blank": {},
    "half": {
        **ANSWERS,
        "square": "def square(n):\n    return abs(n) * 2 if n != 3 else 9",
        "greet": "def greet(name):\n    print('Hello, Ada!')",
        "parity": "def parity(n):\n    return 'odd' if n % 2 else 'even' if n else 'neither'",
        "root": "def root(n):\n    return max(n, 0) ** 0.5",
        "x2": "x = 'too'",
        "stack": "class Stack(list):\n    push = list.append\n    def pop(self):\n"
        "        return list.pop(self) if self else None\n    size = list.__len__",
    },
}
SCORES: dict[str, dict[str, float]] = {
    "honest": {"square": 2, "greet": 4, "parity": 4, "root": 2, "x1": 1, "x2": 1, "x3": 1, "stack": 6},
    "blank": {"square": 0, "greet": 0, "parity": 0, "root": 0, "x1": 0, "x2": 0, "x3": 1 / 3, "stack": 0},
    "half": {"square": 2, "greet": 1, "parity": 0, "root": 1.25, "x1": 1, "x2": 0.5, "x3": 1, "stack": 4},
}
"""By submission and question, as otter-grader 7.0.0 gave them."""


# In the form of the notebooks of otter's own tutorial, which are in its repository and not in its sdist: tests of its first format, with
# tabs, `scored` false and hidden questions that no cell checks; a function, a generator that never ends, a table and a series. There the
# files do not say OK_FORMAT; otter 7 cannot grade such any more.
def _first_format(name: str, points: float, *codes: str, hidden: bool = False) -> str:
    cases = ", ".join(
        f'{{"code": r"""\n\t\t{code}\n\t\t""", "hidden": False, "locked": False}}'.replace("\n>>>", "\n\t\t>>>") for code in codes
    )
    suite = f'{{"cases": [{cases}], "scored": False, "setup": "", "teardown": "", "type": "doctest"}}'
    return f'OK_FORMAT = True\n\ntest = {{\n\t"name": "{name}",\n\t"points": {points},\n\t"hidden": {hidden},\n\t"suites": [{suite}]\n}}'


TUTORIAL_TESTS: dict[str, str] = {
    "q1": _first_format("q1", 1, ">>> cube(1) == 1\n\t\tTrue", ">>> cube(0) == 0\n\t\tTrue"),
    "q1H": _first_format("q1H", 2, ">>> cube (1.5) == 3.375\n\t\tTrue", hidden=True),
    "q2": _first_format("q2", 1, '>>> t = triangles()\n>>> assert next(t) == 1, ""\n>>> assert next(t) == 3, ""'),
    "q2H": _first_format(
        "q2H", 1, "\n".join([">>> t = triangles()", *(f'>>> assert next(t) == {n * (n + 1) // 2}, ""' for n in range(1, 9))]), hidden=True
    ),
    "q3": _first_format(
        "q3",
        1,
        '>>> len(trips["by"].unique()) == 3\n\t\tTrue',
        '>>> for one in ["bus", "car", "foot"]:\n\t\t... \tassert one in trips["by"].unique()',
        ">>> assert type(mean_by) == pd.Series",
        ">>> assert len(mean_by) == 3",
    ),
    "q3H": _first_format(
        "q3H",
        2,
        '>>> np.isclose(mean_by["bus"], 5.33333333)\n\t\tTrue',
        '>>> np.isclose(mean_by["car"], 9.5)\n\t\tTrue',
        '>>> np.isclose(mean_by["foot"], 1)\n\t\tTrue',
        hidden=True,
    ),
}
_TRIPS = 'trips = pd.DataFrame({"by": ["bus", "car", "bus", "foot", "car", "bus"], "km": [5, 8, 4, 1, 11, 7]})\n'
TUTORIAL: dict[str, Mapping[str, str]] = {
    "passes all": {
        "q1": "def cube(x):\n    return x**3",
        "q2": "def triangles():\n    n = total = 0\n    while True:\n        n += 1\n        total += n\n        yield total",
        "q3": _TRIPS + 'mean_by = trips.groupby("by").mean()["km"]\nmean_by',
    },
}
TUTORIAL["fails 1"] = {**TUTORIAL["passes all"], "q1": "def cube(x):\n    return 3 * x"}
TUTORIAL["fails 2, hidden"] = {**TUTORIAL["passes all"], "q2": "def triangles():\n    yield from (1, 3, 6)"}
TUTORIAL["fails 3, hidden"] = {**TUTORIAL["passes all"], "q3": _TRIPS + 'mean_by = trips.groupby("by").max()["km"]'}
TUTORIAL_BLANKS = {"q1": "def cube(x):\n    ...", "q2": "def triangles():\n    ...", "q3": "trips = ...\nmean_by = ..."}
TUTORIAL_SCORES: dict[str, dict[str, float]] = {
    "passes all": {"q1": 1, "q1H": 2, "q2": 1, "q2H": 1, "q3": 1, "q3H": 0},
    "fails 1": {"q1": 0.5, "q1H": 0, "q2": 1, "q2H": 1, "q3": 1, "q3H": 0},
    "fails 2, hidden": {"q1": 1, "q1H": 2, "q2": 1, "q2H": 0, "q3": 1, "q3H": 0},
    "fails 3, hidden": {"q1": 1, "q1H": 2, "q2": 1, "q2H": 1, "q3": 1, "q3H": 0},
}
"""By submission and question, as otter-grader 7.0.0 gave them with numpy 2, of which doctest takes no `np.True_` for `True`."""


def tutorial(answers: Mapping[str, str]) -> Cell:
    """Return the notebook of the tutorial's form, with *answers* in it."""
    cells = [
        text("# A tutorial"),
        code("import pandas as pd\nimport numpy as np\n%matplotlib inline\nimport otter\ngrader = otter.Notebook()"),
    ]
    for name, blank in TUTORIAL_BLANKS.items():
        cells += [text(f"**Question {name[1]}:** Write it."), code(answers.get(name, blank)), code(f'grader.check("{name}")')]
    return notebook(*cells, code("grader.check_all()"))


def handed_out(answers: Mapping[str, str], tests: Mapping[str, Any] | None = TESTS) -> Cell:
    """Return the notebook as `otter assign` hands it out, with *answers* in it; its tests in its metadata, unless they are files."""
    cells = [code('# Initialize Otter\nimport otter\ngrader = otter.Notebook("work.ipynb")'), text("# A bit of everything")]
    for name in ANSWERS:
        cells += [text(f"**Question.** Write {name}."), code(answers.get(name, BLANKS[name]), "otter_answer_cell"), check(name)]
    cells += [
        text("---\n\nTo double-check your work, the cell below will rerun all of the autograder tests."),
        code("grader.check_all()"),
        text("## Submission\n\nMake sure you have run all cells in your notebook in order before running the cell below."),
        code("# Save your notebook first, then run this cell to export your submission.\ngrader.export(run_tests=True)"),
    ]
    metadata: dict[str, Any] = {} if tests is None else {"otter": {"OK_FORMAT": True, "tests": copy.deepcopy(dict(tests))}}
    return notebook(*cells, **metadata)


def autograder(tests: Mapping[str, Any] = TESTS, **config: Any) -> bytes:
    """Return the zip of an autograder."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("otter_config.json", json.dumps(config))
        for name, test in tests.items():
            archive.writestr(f"tests/{name}.py", test if isinstance(test, str) else f"OK_FORMAT = True\n\ntest = {test!r}\n")
    return made.getvalue()


def write(path: Path, made: Cell) -> Path:
    """Write a notebook, and return where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made), "utf-8")
    return path


def _main() -> None:
    from otter.api import grade_submission  # noqa: PLC0415 - where it is installed

    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "autograder.zip"
        archive.write_bytes(autograder())
        for who, answers in SUBMISSIONS.items():
            path = write(Path(folder) / who / "work.ipynb", handed_out(answers, None))
            results = grade_submission(str(path), str(archive), quiet=True).results
            sys.stdout.write(f"{who}: { ({name: results[name].score for name in ANSWERS}) }\n")
        archive.write_bytes(autograder(TUTORIAL_TESTS))
        for who, written in TUTORIAL.items():
            path = write(Path(folder) / who / "work.ipynb", tutorial(written))
            results = grade_submission(str(path), str(archive), quiet=True).results
            sys.stdout.write(f"{who}: { ({name: results[name].score for name in TUTORIAL_TESTS}) }\n")


if __name__ == "__main__":
    _main()
