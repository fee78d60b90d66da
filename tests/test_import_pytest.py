"""`hornbook.exchange`: plain notebooks and their pytest tests become lessons, and honest work passes what pytest itself passes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ottering as ot
import pytest
import pytesting as pt
from typer.testing import CliRunner

from hornbook import Course, grade
from hornbook.cli import app
from hornbook.errors import HornbookError
from hornbook.exchange.bringing import import_nbgrader
from hornbook.exchange.otter_course import import_otter
from hornbook.exchange.plain import cut, import_pytest
from hornbook.lesson import read_solution
from hornbook.release.cutting import cut as cut_grader

if TYPE_CHECKING:
    from hornbook.exchange.bringing import Report
    from hornbook.model import Verdict

# pytest reads nothing of a file whose first lines fail, and gives for nothing what asks for nothing.
DIFFERENT: dict[str, set[str]] = {"blank": {"test_nothing"}}


def brought(root: Path, made: ot.Cell, tests: str = "", *, run: bool = False, name: str = "work") -> tuple[Course, Report]:
    """Return the course that a notebook and a file of tests become, and the report."""
    path = ot.write(root / f"{name}.ipynb", made)
    if tests:
        (root / f"test_{name}.py").write_text(tests, "utf-8")
    report = import_pytest(path, root / "here", run=run)
    return Course.open(root / "here"), report


def told(report: Report, kind: str) -> list[tuple[str, str]]:
    """Return the notes of *kind*: the file, and what."""
    return [(note.file, note.what) for note in report.notes if note.kind == kind]


def passed(verdict: Verdict) -> dict[str, bool]:
    """Return which checks passed."""
    return {outcome.check: outcome.passed for outcome in verdict.outcomes}


def square(body: str = "    # BEGIN SOLUTION\n    return n * n\n    # END SOLUTION") -> ot.Cell:
    """Return a notebook with one exercise, as its author has it."""
    return ot.notebook(ot.code(f"def square(n):\n{body}"))


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Report]:
    """Give the notebook and its test file, conftest.py and helpers, brought over."""
    folder = tmp_path_factory.mktemp("bank")
    report = import_pytest(pt.course(folder), folder / "here")
    return Course.open(folder / "here"), report


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Report]:
    """Give the notebook with cells of ipytest, brought over with its answers in it."""
    folder = tmp_path_factory.mktemp("sheet")
    answers = {name: f"{head}\n{pt.MARK.format(body)}" for name, (head, body) in pt.SHEET.items()}
    return brought(folder, pt.sheet(answers), run=True)


# --- What pytest gives ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["honest", "half", "blank"])
def test_tests_pass_where_pytest_passes_them(bank: tuple[Course, Report], who: str, tmp_path: Path) -> None:
    """Test by test our verdict is pytest's own: values, fixtures, classes, approx, raises, monkeypatch, capsys, mocks, skips."""
    theirs = pt.by_pytest(tmp_path / "pytest", pt.SUBMISSIONS[who])
    ours = passed(grade(ot.write(tmp_path / "bank.ipynb", pt.plain(pt.SUBMISSIONS[who])), bank[0]))

    assert {name for name, good in ours.items() if good} == {name for name, good in theirs.items() if good}
    assert (len(theirs) == 0) is (who == "blank")
    assert who == "blank" or ours.keys() == theirs.keys()


@pytest.mark.parametrize("who", ["honest", "half", "blank"])
def test_cells_pass_where_ipytest_passes_them(sheet: tuple[Course, Report], who: str, tmp_path: Path) -> None:
    """Cell by cell our verdict is what ipytest gives in a kernel, but for a test that asks for nothing."""
    theirs = pt.by_ipytest(tmp_path / "ipytest", pt.SHEETS[who])
    ours = passed(grade(ot.write(tmp_path / "work.ipynb", pt.sheet(pt.SHEETS[who])), sheet[0]))

    assert ours.keys() == theirs.keys()
    assert {name for name in ours if ours[name] != theirs[name]} == DIFFERENT.get(who, set())


def test_a_grader_has_the_tests_as_they_were_written(bank: tuple[Course, Report]) -> None:
    """Tests, fixtures and comments stand as their author wrote them; what got at the notebook is gone."""
    grader = bank[0].grader("bank").read_text("utf-8")

    assert '# How squares grow\n@pytest.mark.exercise("square")\n@pytest.mark.parametrize("n, expected", CASES)\ndef test_square(' in grader
    assert "@pytest.fixture\ndef account():\n    return Account(100)\n" in grader
    assert "    assert area(1) == pytest.approx(math.pi)\n    assert close(nb.area(2), 4 * math.pi)\n" in grader
    assert 'called={"sq": "square"}' in grader
    assert not [word for word in ("import bank", "from bank", "from helpers", "__main__", "sys.exit") if word in grader]


def test_points_are_one_each_or_what_the_author_says(bank: tuple[Course, Report]) -> None:
    """A test is worth 1 point, each of its values for itself, and one marked `points` what it says."""
    _, report = bank

    assert (report.lessons[0].points, report.lessons[0].checks, report.lessons[0].solution) == (15, 14, "passes")
    assert [what for _, what in told(report, "left out")] == []


def test_what_the_kernel_decides_is_labelled(bank: tuple[Course, Report], tmp_path: Path) -> None:
    """A test that reaches into the kernel runs there, and its outcome says that the learner's own kernel told it."""
    course, report = bank
    verdict = grade(ot.write(tmp_path / "bank.ipynb", pt.plain(pt.ANSWERS)), course)

    assert {outcome.check for outcome in verdict.outcomes if outcome.claimed} == {"test_greet_by_mock"}
    assert any("test_greet_by_mock is decided by the learner's own kernel" in what for _, what in told(report, "claimed"))


# --- What a learner may try -------------------------------------------------------------------------------------------

LIAR = "class Liar:\n    def __eq__(self, other):\n        return True\n    __hash__ = None\n"
CLAIM = "class Claim(float):\n    def __eq__(self, other):\n        return True\n    __hash__ = float.__hash__\n"
ATTACKS = {
    "an == that always holds": f"{LIAR}def square(n):\n    return Liar()\ndef area(r):\n    return Liar()",
    "a float that lies": f"{CLAIM}def square(n):\n    return Claim(-1)\ndef area(r):\n    return Claim(-1)",
    "a number that is near to everything": "class Near:\n    def __sub__(self, other):\n        return 0\n    __rsub__ = __sub__\n"
    "    def __abs__(self):\n        return 0\n    def __lt__(self, other):\n        return True\n    __le__ = __gt__ = __lt__\n"
    "def square(n):\n    return Near()\ndef area(r):\n    return Near()",
    "pytest.approx patched": "import pytest\npytest.approx = lambda *a, **k: type('A', (), {'__eq__': lambda s, o: True})()\n"
    "def square(n):\n    return None\ndef area(r):\n    return None",
    "pytest.raises patched": "import pytest, contextlib\npytest.raises = lambda *a, **k: contextlib.nullcontext()\n"
    "class BankError(Exception):\n    pass\nclass Account:\n    balance = property(lambda self: -1)\n"
    "    def __init__(self, b=0):\n        pass\n"
    "    def withdraw(self, n):\n        return -1",
    "pytest as a module of one's own": "import sys, types\nsys.modules['pytest'] = types.ModuleType('pytest')\nsquare = area = 1",
    "pytest.skip": "import pytest\ndef square(n):\n    pytest.skip('no')\ndef area(r):\n    pytest.exit('done', 0)",
    "the grader's names": "class _All(dict):\n    def __missing__(self, name):\n        return lambda *a, **k: True\n"
    "borrowed = notebook = pytest = nb = _All()\nCASES = []\nclose = lambda *a: True\nNINE = 9\n"
    "def square(n):\n    return 0\ndef area(r):\n    return 0",
    "what was given": "RATE = 0.5\nmath = type('M', (), {'pi': 0})\ndef close(*a):\n    return True\ndef square(n):\n    return 0\n"
    "def area(r):\n    return 0",
    "builtins patched": "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.isinstance = builtins.issubclass = lambda *a: True\n"
    "builtins.__import__ = lambda *a, **k: None\ndef square(n):\n    return 'x'\ndef area(r):\n    return 'x'",
    "numpy patched": "import numpy\nnumpy.isclose = numpy.allclose = lambda *a, **k: True\n"
    "def square(n):\n    return numpy.zeros(3)\ndef area(r):\n    return numpy.zeros(3)",
    "a transformer of asserts": "import ast\nclass Gone(ast.NodeTransformer):\n    def visit_Assert(self, node):\n"
    "        return ast.Pass()\n"
    "try:\n    get_ipython().ast_transformers.append(Gone())\nexcept Exception:\n    pass\n"
    "def square(n):\n    return 0\ndef area(r):\n    return 0",
    "an import hook": "import sys\nclass Hook:\n    def find_spec(self, name, path=None, target=None):\n        return None\n"
    "sys.meta_path.insert(0, Hook())\nsys.path.insert(0, '.')\nopen('pytest.py', 'w').write('x')\ndef square(n):\n    return 0\n"
    "def area(r):\n    return 0",
    "the frames above": "import sys\ndef square(n):\n    frame = sys._getframe()\n    while frame:\n"
    "        for name in ('expected', 'cases', 'CASES'):\n            if name in frame.f_locals:\n"
    "                return frame.f_locals[name]\n"
    "        frame = frame.f_back\ndef area(r):\n    return square(r)",
    "the garbage collector": "import gc\ndef square(n):\n    for one in gc.get_objects():\n"
    "        if type(one) is dict and 'expected' in one:\n            return one['expected']\ndef area(r):\n    return square(r)",
    "a conftest.py written": "for name in ('conftest.py', '../conftest.py', 'test_bank.py', 'pytest.ini', 'sitecustomize.py'):\n    try:\n"
    "        open(name, 'w').write('import pytest\\npytest.raises = None\\ndef test_square(): pass\\n')\n"
    "    except OSError:\n        pass\n"
    "def square(n):\n    return 0\ndef area(r):\n    return 0",
    "a test of one's own": "def test_square(n=1, expected=1):\n    assert True\nclass TestAccount:\n"
    "    def test_rich(self):\n        pass\n"
    "def square(n):\n    return 0\ndef area(r):\n    return 0",
    "an exit": "import os\ndef square(n):\n    os._exit(0)\ndef area(r):\n    os._exit(0)",
    "an assertion of one's own": "def square(n):\n    raise AssertionError('passed')\ndef area(r):\n    raise SystemExit(0)",
    "a name that is gone": "def square(n):\n    raise NameError('square')\ndef area(r):\n    raise KeyError('area')",
    "an exception that claims to be any": "class BankError(Exception):\n    pass\nclass Account:\n    def __init__(self, b=0):\n"
    "        raise KeyError('too much')",
    "a metaclass": "class Meta(type):\n    def __instancecheck__(cls, thing):\n        return True\n    def __eq__(cls, other):\n"
    "        return True\n    __hash__ = type.__hash__\nclass square(metaclass=Meta):\n    def __init__(self, n):\n"
    "        pass\narea = square",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_in_an_answer_earns_nothing(bank: tuple[Course, Report], attack: str, tmp_path: Path) -> None:
    """Nothing that a learner's code does to pytest, Python or itself is worth a point that it does not earn."""
    answers = dict.fromkeys(("square", "area", "account"), attack)
    verdict = grade(ot.write(tmp_path / "bank.ipynb", pt.plain(answers)), bank[0])
    good = {outcome.check for outcome in verdict.outcomes if outcome.passed}

    # To raise an error of one's own where the test waits for a KeyError is to do what it asks.
    assert good <= ({"TestAccount::test_is_an_error"} if "raise KeyError('too" in attack else set())


def _edited_tests(made: ot.Cell) -> None:
    for cell in made["cells"]:
        if "def test_" in cell["source"]:
            cell["source"] = "%%ipytest\ndef test_double():\n    pass"


def _tests_gone(made: ot.Cell) -> None:
    made["cells"] = [cell for cell in made["cells"] if "def test_" not in cell["source"]]


def _forged(made: ot.Cell) -> None:
    for cell in made["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ". [100%]\n7 passed in 0.01s\n"}]


def _own_ipytest(made: ot.Cell) -> None:
    made["cells"].insert(
        0, ot.code("import sys, types\nm = types.ModuleType('ipytest')\nm.run = m.autoconfig = print\nsys.modules['ipytest'] = m")
    )


def _more_metadata(made: ot.Cell) -> None:
    made["metadata"]["hornbook"] = {"points": 100, "slug": "work", "format": 1, "exercises": {"double": 100}}
    for cell in made["cells"]:
        cell["metadata"] = {"tags": ["skip-execution", "show"], "hornbook": {"exercise": "double"}, "nbgrader": {"points": 9}}


EDITS = {
    "edited test cells": _edited_tests,
    "no test cells": _tests_gone,
    "outputs of pytest's": _forged,
    "an ipytest of one's own": _own_ipytest,
    "points and tags": _more_metadata,
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_notebook_earns_nothing(sheet: tuple[Course, Report], edit: Any, tmp_path: Path) -> None:
    """What a submission has of tests, outputs, tags and points is not read."""
    made = pt.sheet({"double": "def double(x):\n    return None"})
    edit(made)

    # The author was told of the test that asks for nothing.
    assert {name for name, good in passed(grade(ot.write(tmp_path / "work.ipynb", made), sheet[0])).items() if good} <= {"test_nothing"}


@pytest.mark.parametrize("where", ["beside the submission", "above the course"])
def test_files_that_lie_around_are_not_read(where: str, tmp_path: Path) -> None:
    """A conftest.py, a pytest.ini and a math.py beside a submission, or in a folder above the course, are nobody's.

    A process of its own grades: in ours pytest has a module `conftest` already.
    """
    course, _ = brought(tmp_path / "up", square(), SQUARES.format("square(3)"))
    path = ot.write(tmp_path / "mine" / "work.ipynb", square("    return n + n"))
    folder = path.parent if where == "beside the submission" else course.root.parent
    (folder / "conftest.py").write_text("import pytest\npytest.Function.runtest = lambda self: None\nraise SystemExit(3)\n", "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n", "utf-8")
    (folder / "math.py").write_text("raise SystemExit(3)\n", "utf-8")
    command = [str(Path(sys.executable).with_name("hornbook")), "grade", str(path), "--course", str(course.root), "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - our own

    assert done.returncode == 1, done.stderr
    assert [outcome["status"] for outcome in json.loads(done.stdout)["outcomes"]] == ["failed"]


def test_what_the_kernel_says_earns_only_what_is_told_apart(bank: tuple[Course, Report], tmp_path: Path) -> None:
    """Where the kernel decides, a learner who patches it can pass: that outcome alone, which is marked as claimed."""
    answer = "import unittest.mock\ndef greet():\n    print('Bob')"
    verdict = grade(ot.write(tmp_path / "bank.ipynb", pt.plain({"greet": answer})), bank[0])

    assert {outcome.check for outcome in verdict.outcomes if outcome.passed} == {"test_greet_by_mock"}
    assert all(outcome.claimed for outcome in verdict.outcomes if outcome.passed)


# --- How tests get at a notebook --------------------------------------------------------------------------------------

SQUARES = "\n\ndef test_square():\n    assert {} == 9\n"
WAYS = {
    "by its name": "from work import square" + SQUARES.format("square(3)"),
    "as a module": "import work" + SQUARES.format("work.square(3)"),
    "as a module with another name": "import pytest, work as w" + SQUARES.format("w.square(3)"),
    "with another name": "from work import square as sq" + SQUARES.format("sq(3)"),
    "all of it": "from work import *" + SQUARES.format("square(3)"),
    "as the notebook": "from notebook import square" + SQUARES.format("square(3)"),
    "as the solution": "from solution import square" + SQUARES.format("square(3)"),
    "as a module that nobody has": "from hw3_final_v2 import square" + SQUARES.format("square(3)"),
    "within a package": "from .work import square" + SQUARES.format("square(3)"),
    "from a package": "from . import work" + SQUARES.format("work.square(3)"),
    "as __main__": "from __main__ import square" + SQUARES.format("square(3)"),
    "by import_ipynb": "import import_ipynb\nimport work" + SQUARES.format("work.square(3)"),
    "by ipynb": "from ipynb.fs.full.work import square" + SQUARES.format("square(3)"),
    "inside the test": "def test_square():\n    from work import square as sq, square\n    import work as w\n"
    "    assert sq(3) == square(-3) == w.square(3) == 9\n",
    "by no import": SQUARES.format("square(3)"),
    "by globals": SQUARES.format('globals()["square"](3)'),
    "by getattr": "import work" + SQUARES.format('getattr(work, "square")(3) == 9 and getattr(work, "cube", square(3))'),
    "by hasattr": "import work"
    + SQUARES.format('hasattr(work, "square") and not hasattr(work, "cube") and callable(square) and square(3)'),
    "by testbook's decorator": "from testbook import testbook\n\n@testbook('work.ipynb', execute=True)\ndef test_square(tb):\n"
    "    square = tb.ref('square')\n    assert square(3) == 9 == tb['square'](-3) == tb.get('square')(3)\n    tb.inject('x = square(2)')\n"
    "    assert tb.ref('x') == 4 == tb.value('y = x\\ny')\n",
    "by testbook's fixture": "import pytest\nfrom testbook import testbook\n\n@pytest.fixture(scope='module')\ndef tb():\n"
    "    with testbook('work.ipynb', execute=['square']) as tb:\n        yield tb\n\ndef test_square(tb):\n"
    "    assert tb.ref('square')(3) == 9\n",
    "by a fixture": "import pytest\n\n@pytest.fixture(params=[3, -3])\ndef side(request):\n    return request.param\n\n"
    "def test_square(side):\n    assert square(side) == 9\n",
    "by an autouse fixture": "import pytest\n\n@pytest.fixture(autouse=True)\ndef _made():\n    square(1)\n\ndef test_square(tmp_path):\n"
    "    assert tmp_path.is_dir() and square(3) == 9\n",
    "by hypothesis": "from hypothesis import given, strategies as st\n\n@given(st.integers(-9, 9))\ndef test_square(n):\n"
    "    assert square(n) == n * n\n",
    "by a helper with a default": "def nine(f=square):\n    return f(3)" + SQUARES.format("nine()"),
    "in a class that inherits": "class Base:\n    def test_base(self):\n        assert square(self.n) == 9\n\n"
    "class TestSquare(Base):\n    n = -3\n\n    def test_own(self):\n        assert square(self.n) == 9\n",
    "in a class": "class TestSquare:\n    @staticmethod\n    def nine():\n        return square(3)\n\n    def test_square(self):\n"
    "        assert self.nine() == 9\n",
}


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Course, Report]]:
    """Give what the tests of each way become."""
    return {name: brought(tmp_path_factory.mktemp("way"), square(), text) for name, text in WAYS.items()}


@pytest.mark.parametrize("way", WAYS)
def test_a_notebook_is_reached_in_any_of_the_usual_ways(ways: dict[str, tuple[Course, Report]], way: str, tmp_path: Path) -> None:
    """However a test gets at the notebook, it asks the learner's: a right answer passes, a blank one and a lie do not."""
    course, report = ways[way]
    right = grade(ot.write(tmp_path / "right" / "work.ipynb", square("    return n * n")), course)
    lie = ot.notebook(ot.code(f"{LIAR}def square(n):\n    return Liar()"))
    lying = grade(ot.write(tmp_path / "lie" / "work.ipynb", lie), course)

    assert not told(report, "left out")
    assert all(outcome.passed and not outcome.claimed for outcome in right.outcomes)
    assert not any(outcome.passed for outcome in lying.outcomes)


PATCHES = {
    "input": ("monkeypatch.setattr('builtins.input', lambda *a: '7')", "int(input()) + int(input('?'))", "14"),
    "input by module": ("import builtins\n    monkeypatch.setattr(builtins, 'input', lambda: '7')", "int(input())", "7"),
    "stdin": ("import io\n    monkeypatch.setattr('sys.stdin', io.StringIO('1\\n2\\n'))", "[input(), input()]", "['1', '2']"),
    "random": ("import random\n    monkeypatch.setattr(random, 'random', lambda: 0.5)", "__import__('random').random()", "0.5"),
    "a constant": ("import work\n    monkeypatch.setattr(work, 'BASE', 40)", "BASE + 2", "42"),
    "the environment": ("monkeypatch.setenv('X', 'b')\n    monkeypatch.setenv('X', 'a', ':')", "__import__('os').environ['X']", "'a:b'"),
    "no environment": ("monkeypatch.delenv('HOME')", "'HOME' in __import__('os').environ", "False"),
}


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Give a lesson whose tests change modules, the environment and the notebook by pytest's monkeypatch."""
    tests = "\n".join(
        f"def test_{number}(monkeypatch):\n    {patch}\n    assert f_{number}() == {value}\n"
        for number, (patch, _, value) in enumerate(PATCHES.values())
    )
    cells = [ot.code(f"def f_{number}():\n    # BEGIN SOLUTION\n    return {code}") for number, (_, code, _) in enumerate(PATCHES.values())]
    course, report = brought(
        tmp_path_factory.mktemp("patches"), ot.notebook(ot.code("BASE = 1"), *cells), f"import work\n{tests}", run=True
    )
    assert report.lessons[0].solution == "passes"
    assert (report.lessons[0].claimed, report.lessons[0].checks) == (0, len(PATCHES))
    return course


def test_what_a_test_patches_is_patched_for_the_learner_only(patches: Course, tmp_path: Path) -> None:
    """What monkeypatch changes is the learner's process, for one check: nothing of it is left here or in the next."""
    import builtins  # noqa: PLC0415 - what is looked at
    import random  # noqa: PLC0415

    before = (builtins.input, random.random)
    answers = [f"def f_{number}():\n    return {code}" for number, (_, code, _) in enumerate(PATCHES.values())]
    path = ot.write(tmp_path / "work.ipynb", ot.notebook(ot.code("BASE = 1"), *map(ot.code, answers)))

    assert all(passed(grade(path, patches)).values())
    assert (builtins.input, random.random) == before


# --- What cannot be brought over --------------------------------------------------------------------------------------

LEFT = {
    "asynchronous": ("async def test_a():\n    assert await square(3)", "line 1: test_a is left out: it is asynchronous"),
    "expected to fail": (
        "import pytest\n@pytest.mark.xfail\ndef test_a():\n    assert square(3) == 8",
        "line 2: test_a is left out: it is expected to fail",
    ),
    "unittest": ("import unittest\nclass TestA(unittest.TestCase):\n    def test_a(self):\n        pass", "TestA is a unittest.TestCase"),
    "an __init__": ("class TestA:\n    def __init__(self):\n        pass\n    def test_a(self):\n        pass", "TestA has an __init__"),
    "a class in a class": (
        "class TestA:\n    class TestB:\n        def test_b(self):\n            assert square(1)",
        "line 2: TestB stands in another class, so it is left out.",
    ),
    "a hook": ("def pytest_configure(config):\n    pass", "line 1: pytest_configure is a hook of pytest's"),
    "plugins": ("pytest_plugins = ['x']", "pytest_plugins is left out: a grade loads no plugins."),
    "values of the notebook's": (
        "import pytest\n@pytest.mark.parametrize('f', [square])\ndef test_a(f):\n    assert f(3) == 9",
        "line 2: it uses the notebook's `square` before any notebook is there, so it is left out. Use it inside a test.",
    ),
    "a question outside of tests": ("assert square(3) == 9", "line 1: it uses the notebook's `square` before any notebook is there"),
    "a notebook that is run": (
        "import nbformat\ndef load():\n    exec(open('work.py').read(), globals())",
        "line 3: `exec` runs or imports the notebook by itself, so this is left out. Take names with `from work import ...`",
    ),
    "a module that is not there": ("import gibtsnicht", "line 1: it imports gibtsnicht, which is not installed here"),
    "no Python": ("def test_a(:\n    pass", "line 1: it is not Python (invalid syntax), so its tests are left out."),
    "two on a line": ("a = 1; b = 2", "line 1: two statements stand on one line, and the second is left out."),
}


@pytest.mark.parametrize(("text", "what"), LEFT.values(), ids=LEFT)
def test_what_cannot_be_brought_over_is_said(tmp_path: Path, text: str, what: str) -> None:
    """With file, line and the way out; the rest of the tests comes over."""
    (tmp_path / "test_more.py").write_text(SQUARES.format("square(3)"), "utf-8")
    (tmp_path / "test_work.py").write_text(text, "utf-8")
    path = ot.write(tmp_path / "work.ipynb", square())
    report = import_pytest(path, tmp_path / "here", [tmp_path / "test_more.py", tmp_path / "test_work.py"], run=False)
    notes = told(report, "left out")

    assert report.lessons[0].checks == 1
    assert not report.complete
    assert [file for file, _ in notes] == ["test_work.py"]
    assert what in notes[0][1]


def test_a_name_with_two_meanings_is_said(tmp_path: Path) -> None:
    """Two files that define a helper in two ways: the second is left out, and a test of the same name gets a number."""
    for number in (1, 2):
        text = f"def nine():\n    return {8 + number}\n\n\ndef test_square():\n    assert square(3) == nine()\n"
        (tmp_path / f"test_{number}.py").write_text(text, "utf-8")
    path = ot.write(tmp_path / "work.ipynb", square())
    report = import_pytest(path, tmp_path / "here", sorted(tmp_path.glob("test_*.py")), run=False)
    grader = Course.open(tmp_path / "here").grader("work").read_text("utf-8")

    assert told(report, "left out")[0][1].startswith("line 1: `nine` is defined in another way than above")
    assert "def test_square_2():" in grader
    assert grader.count("def nine") == 1


def test_a_test_that_asks_for_nothing_is_said(tmp_path: Path) -> None:
    """A test that uses nothing that an answer defines passes whatever is written: the report says so."""
    _, report = brought(tmp_path, square(), "def test_a():\n    assert 1 + 1 == 2\n\n\ndef test_b():\n    assert square(3) == 9\n")

    assert told(report, "vacuous") == [
        ("test_work.py", "line 1: test_a uses nothing that an answer in the notebook defines, so it passes whatever a learner writes.")
    ]


# --- Notebooks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "magic", ["%%ipytest", "%%ipytest -qq -x {MODULE}", "%%run_pytest", "%%run_pytest[clean]", "%%run_pytest[clean] -v"]
)
def test_all_of_ipytests_magics_are_tests(tmp_path: Path, magic: str) -> None:
    """Today's magic and those of older releases: the cell becomes checks, and what set ipytest up is gone from the lesson."""
    made = square()
    setup = "import ipytest\nimport ipytest.magics\nipytest.config(rewrite_asserts=True, magics=True)\n__file__ = 'work.ipynb'\nimport math"
    made["cells"].insert(0, ot.code(setup))
    made["cells"].append(ot.code(f"{magic}\ndef test_square():\n    assert square(3) == 9"))
    made["cells"].append(ot.code("ipytest.run()"))
    course, report = brought(tmp_path, made)
    lesson = course.lesson("work")

    assert [cell.source for cell in lesson.cells] == ["import math", f"def square(n):\n{pt.STUB}"]
    assert report.lessons[0].checks == 1


def test_a_cell_with_its_function_and_its_tests_is_taken_apart(tmp_path: Path) -> None:
    """As in the examples of ipytest: the function is the exercise, the tests are its checks."""
    cell = "%%ipytest\n\ndef square(n):\n    return n * n\n\ndef test_square():\n    assert square(3) == 9"
    course, report = brought(tmp_path, ot.notebook(ot.code("import ipytest\nipytest.autoconfig()"), ot.code(cell)), run=True)

    assert course.lesson("work").exercises["square"].sources == ("def square(n):\n    ...",)
    assert read_solution(course.solution("work"))["square"] == ("def square(n):\n    return n * n",)
    assert report.lessons[0].solution == "passes"


def test_checks_are_asked_at_their_position(tmp_path: Path) -> None:
    """A name that is defined twice is asked as it stood where the tests stand."""
    cells = [f"def f():\n    # BEGIN SOLUTION\n    return {number}\n    # END SOLUTION" for number in (1, 2)]
    tests = [f"%%ipytest\ndef test_f():\n    assert f() == {number}" for number in (1, 2)]
    made = ot.notebook(ot.code("import ipytest"), *map(ot.code, (cells[0], tests[0], cells[1], tests[1])))
    course, report = brought(tmp_path, made, run=True)

    assert (report.lessons[0].solution, report.lessons[0].claimed, report.lessons[0].checks) == ("passes", 0, 2)
    assert 'exercise("f-4")\ndef test_f_2' in course.grader("work").read_text("utf-8")


BLANK = {
    "an ellipsis": "def square(n):\n    ...",
    "a pass": 'def square(n):\n    """Square."""\n    pass',
    "an error": "def square(n):\n    raise NotImplementedError",
    "a comment": "# Write your code here",
    "a task": "def square(n):\n    return None  # TODO",
}


@pytest.mark.parametrize("blank", BLANK.values(), ids=BLANK)
def test_without_a_solution_the_report_says_so(tmp_path: Path, blank: str) -> None:
    """A notebook as learners have it is the lesson as it is, and what is missing is said, with the way out."""
    course, report = brought(tmp_path, ot.notebook(ot.code(blank)), "def test_square():\n    assert square(3) == 9\n", run=True)
    cell = course.lesson("work").exercises

    assert [one.sources for one in cell.values()] == [(blank,)]
    assert report.lessons[0].solution == "is missing"
    assert ("work.ipynb", "it has no solutions, so nothing could be tried. Write them into the .solution.py.") in told(report, "changed")


def test_a_notebook_with_its_answers_is_blanked(tmp_path: Path) -> None:
    """Where nothing says which cells are a learner's, those are that define what tests ask for; a tag says it better."""
    tests = "from work import square, DATA\n\ndef test_square():\n    assert square(DATA[0]) == 9\n"
    made = ot.notebook(ot.code("DATA = [3]"), ot.code("def helper(n):\n    return n"), ot.code("def square(n):\n    return helper(n) * n"))
    course, report = brought(tmp_path / "one", made, tests, run=True)
    made["cells"][0]["metadata"]["tags"] = ["exercise"]
    tagged, _ = brought(tmp_path / "two", made, tests)

    assert course.lesson("work").exercises.keys() == {"square"}
    assert report.lessons[0].solution == "passes"
    assert "it came with its answer, which is the reference solution now; learners get a blank." in str(told(report, "changed"))
    assert "DATA = [3]" in course.grader("work").read_text("utf-8")
    assert tagged.lesson("work").exercises.keys() == {"data"}


def test_what_a_notebook_gives_is_not_taken_from_a_learner(tmp_path: Path) -> None:
    """A given constant that an answer changes, to make a test compare with itself, is the instructor's in the test."""
    tests = "from work import square, DATA\n\ndef test_square():\n    assert square(2) == DATA[2]\n"
    course, _ = brought(tmp_path, ot.notebook(ot.code("DATA = [0, 1, 4]"), *square()["cells"]), tests)
    attack = ot.notebook(ot.code("DATA = [0, 1, 4]"), ot.code("DATA = [5] * 9\ndef square(n):\n    return 5"))

    assert grade(ot.write(tmp_path / "mine" / "work.ipynb", attack), course).points.earned == 0


def test_a_name_that_is_missing_is_no_exception_that_a_test_waits_for(tmp_path: Path) -> None:
    """A test that takes any error for the right one does not take that the learner has no such name for it."""
    tests = "import pytest\n\ndef test_none():\n    with pytest.raises(Exception):\n        square(None)\n"
    course, _ = brought(tmp_path, square(), tests)
    missing = grade(ot.write(tmp_path / "a" / "work.ipynb", ot.notebook(ot.code("x = 1"))), course)
    honest = grade(ot.write(tmp_path / "b" / "work.ipynb", square("    return n * n")), course)

    assert passed(missing) == {"test_none": False}
    assert passed(honest) == {"test_none": True}


def test_a_release_without_hidden_tests_can_still_be_asked(tmp_path: Path) -> None:
    """What lends the notebook's names stays in the learners' grader, and what is given and used; a hidden test does not."""
    tests = (
        "import pytest\nfrom work import square, BASE\n\nSECRET = [(7717, 59552089)]\n\n"
        "def test_shown():\n    assert square(BASE) == 9\n\n"
        "@pytest.mark.hidden\n@pytest.mark.parametrize('n, e', SECRET)\ndef test_secret(n, e):\n    assert square(n) == e\n"
    )
    course, _ = brought(tmp_path, ot.notebook(ot.code("BASE = 3"), *square()["cells"]), tests)
    grader = course.grader("work")
    grader.write_text(cut_grader(grader.read_text("utf-8"), {"test_secret"}), "utf-8")
    made = ot.notebook(ot.code("BASE = 3"), *square("    return n * n")["cells"])

    assert "7717" not in grader.read_text("utf-8")
    assert passed(grade(ot.write(tmp_path / "mine" / "work.ipynb", made), course)) == {"test_shown": True}


def test_markers_of_solutions_are_cut() -> None:
    """What stands between the markers goes into the solution, and a stub into its place, however many # they have."""
    source = "def f():\n    ## begin solution\n    return 1\n    #### END SOLUTION\n\nx = 2"

    assert cut(source) == (f"def f():\n{pt.STUB}\n\nx = 2", "def f():\n    return 1\n\nx = 2")


def test_an_end_that_is_missing_is_said(tmp_path: Path) -> None:
    """END SOLUTION forgotten: the rest of the cell is the solution, and the report says so."""
    _, report = brought(tmp_path, square("    # BEGIN SOLUTION\n    return n * n"), SQUARES.format("square(3)"))

    assert told(report, "repaired") == [("work.ipynb", "END SOLUTION is missing; the rest of the cell is the solution.")]


def test_a_folder_has_its_notebooks_each_with_its_tests(tmp_path: Path) -> None:
    """Test files belong to the notebook that they are called after; data lies beside the lessons, programs do not."""
    for name in ("one", "two"):
        ot.write(tmp_path / "hw" / f"{name}.ipynb", square())
    (tmp_path / "hw" / "tests").mkdir()
    (tmp_path / "hw" / "test_one.py").write_text(SQUARES.format("square(3)"), "utf-8")
    (tmp_path / "hw" / "tests" / "two_test.py").write_text(SQUARES.format("square(-3)"), "utf-8")
    (tmp_path / "hw" / "data.csv").write_text("1\n", "utf-8")
    report = import_pytest(tmp_path / "hw", tmp_path / "here", run=False)

    assert [(made.slug, made.checks) for made in report.lessons] == [("one", 1), ("two", 1)]
    assert [file for file in report.files if "hw/" in file] == [
        "feedback/hw/one.toml", "feedback/hw/two.toml", "graders/hw/one.solution.py", "graders/hw/test_one.py", "graders/hw/test_two.py",
        "graders/hw/two.solution.py", "lessons/hw/data.csv", "lessons/hw/one.ipynb", "lessons/hw/two.ipynb",
    ]  # fmt: skip


NOTHING: dict[str, tuple[Any, str]] = {
    "nothing": (lambda root: [root / "gone.ipynb"], "is not there. Give a notebook, and the files of its tests."),
    "no notebook": (lambda root: [root], "has no notebook. Give a notebook, or a folder that has some."),
    "no tests": (
        lambda root: [ot.write(root / "a.ipynb", ot.notebook(ot.code("x = 1")))],
        "a.ipynb: has no tests: .* Give its test file, as `hornbook import pytest a.ipynb TESTFILE`.",
    ),
    "no test file": (lambda root: [ot.write(root / "a.ipynb", square()), root / "a.ipynb"], "is no file of tests."),
    "files for two": (
        lambda root: (
            [ot.write(root / "n" / f"{name}.ipynb", square()) for name in "ab"][0:0]
            or [
                (ot.write(root / "n" / "a.ipynb", square()), ot.write(root / "n" / "b.ipynb", square()))[0].parent,
                _file(root / "test_a.py"),
            ]
        ),
        "has 2 notebooks, and test files are of one.",
    ),
}


def _file(path: Path) -> Path:
    path.write_text(SQUARES.format("square(3)"), "utf-8")
    return path


@pytest.mark.parametrize(("make", "what"), NOTHING.values(), ids=NOTHING)
def test_nothing_to_bring_over_is_one_sentence(tmp_path: Path, make: Any, what: str) -> None:
    """Where there is nothing that could be read, one sentence says so and what to give."""
    path, *files = make(tmp_path)

    with pytest.raises(HornbookError, match=what):
        import_pytest(path, tmp_path / "here", files, run=False)


KAGGLES = ot.notebook(
    ot.code("from learntools.core import binder\nbinder.bind(globals())\nfrom learntools.python.ex1 import *"),
    ot.code("pi = 3.14159"),
    ot.code("q1.check()"),
)


@pytest.mark.parametrize("importing", [import_pytest, import_nbgrader, import_otter])
def test_a_notebook_of_kaggles_is_refused(tmp_path: Path, importing: Any) -> None:
    """`q1.check()` of learntools: its questions are in a package of Kaggle's, so one sentence says that, and the way out."""
    path = ot.write(tmp_path / "kaggle.ipynb", KAGGLES)

    with pytest.raises(
        HornbookError, match=r"is checked by Kaggle's learntools \(cell 1\), .* import both with `hornbook import pytest`\."
    ):
        importing(path, tmp_path / "here", run=False)

    assert not (tmp_path / "here").exists()


def test_the_command_tells_what_it_made(tmp_path: Path) -> None:
    """`hornbook import pytest` prints the report and leaves with 0 where everything came over; --points says what a test is worth."""
    path = ot.write(tmp_path / "work.ipynb", square())
    tests = _file(tmp_path / "mine.py")
    done = CliRunner().invoke(app, ["import", "pytest", str(path), str(tests), "--into", str(tmp_path / "one"), "--no-run"])
    options = ["--into", str(tmp_path / "two"), "--no-run", "--json", "--points", "2.5"]
    as_json = CliRunner().invoke(app, ["import", "pytest", str(path), str(tests), *options])

    none = CliRunner().invoke(app, ["import", "pytest", str(path), str(tests), "--into", str(tmp_path / "three"), "--points", "inf"])

    assert (none.exit_code, none.stderr) == (2, "--points inf: give a number from 0 up, and below 1,000,000.\n")
    assert done.exit_code == 0, done.output
    assert "1 points; 1 checks; the solution was not run" in done.output
    assert json.loads(as_json.stdout)["lessons"][0]["points"] == 2.5
    assert 'exercise("square", points=2.5)' in (tmp_path / "two" / "graders" / "test_work.py").read_text("utf-8")
