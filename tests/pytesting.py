"""Plain notebooks, pytest files and cells of ipytest, and what pytest and ipytest themselves give for them.

`by_pytest` runs pytest on the code of a notebook, written out as a module; `by_ipytest` runs a notebook in a kernel of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ottering as ot

RECORDER = """\
import json, os

def pytest_runtest_logreport(report):
    with open(os.environ["RECORDED"], "a", encoding="utf-8") as file:
        file.write(json.dumps([report.nodeid.split("::", 1)[1], report.outcome]) + "\\n")
"""

CONFTEST = """\
import pytest

from bank import Account


@pytest.fixture(scope="module")
def account():
    return Account(100)


@pytest.fixture
def rich(account):
    account.balance = 1000
    yield account
    assert account.balance == 1000
"""

HELPERS = '''\
def close(one, other):
    """Whether both are nearly the same."""
    return abs(one - other) < 1e-9
'''

TESTS = '''\
"""Tests of the bank."""

import sys
import math
from unittest import mock

import pytest

import bank as nb
from bank import *
from bank import RATE, square as sq
from helpers import close

CASES = [(1, 1), (2, 4), (-3, 9)]
NINE = sq(3)


# How squares grow
@pytest.mark.parametrize("n, expected", CASES)
def test_square(n, expected):
    """Squares of whole numbers"""
    assert sq(n) == expected


def test_nine():
    assert NINE == 9 and nb.square(2) == 4


@pytest.mark.points(3)
def test_area():
    assert area(1) == pytest.approx(math.pi)
    assert close(nb.area(2), 4 * math.pi)
    assert nb.RATE == RATE == 0.5


class TestAccount:
    """What an account does."""

    start = 50

    def setup_method(self):
        self.own = Account(self.start)

    def test_withdraw(self, account):
        assert account.withdraw(30) == 70
        assert self.own.balance == 50

    @pytest.mark.parametrize("much", [101, 1e9])
    def test_too_much(self, account, much):
        with pytest.raises(nb.BankError, match="too") as caught:
            account.withdraw(much)
        assert "much" in str(caught.value)

    def test_is_an_error(self):
        with pytest.raises((BankError, KeyError)):
            Account(0).withdraw(1)
        assert issubclass(BankError, Exception)

    def test_rich(self, rich):
        assert rich.balance == 1000

    @pytest.mark.skip(reason="not yet")
    def test_later(self):
        assert Account(1).later()


def test_greet(monkeypatch, capsys):
    names = iter(["Ada"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(names))
    greet()
    assert capsys.readouterr().out == "Hello, Ada!\\n"


def test_greet_by_mock(capsys):
    with mock.patch("builtins.input", return_value="Bob"):
        greet()
    assert "Bob" in capsys.readouterr().out


def test_sort():
    numbers = [3, 1, 2]
    sort(numbers)
    assert numbers == [1, 2, 3]


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
'''

MARK = "    # BEGIN SOLUTION\n{}\n    # END SOLUTION"
HEADS = {
    "square": "def square(n):",
    "area": "def area(r):",
    "account": "class BankError(Exception):\n    pass\n\n\nclass Account:",
    "greet": "def greet():",
    "sort": "def sort(numbers):",
}
BODIES = {
    "square": "    return n * n",
    "area": "    return math.pi * r * r",
    "account": "    def __init__(self, balance=0):\n        self.balance = balance\n    def withdraw(self, n):\n"
    "        if n > self.balance:\n            raise TooMuch('too much')\n        self.balance -= n\n        return self.balance\n\n\n"
    "class TooMuch(BankError):\n    pass",
    "greet": "    name = input('Name? ')\n    print(f'Hello, {name}!')",
    "sort": "    numbers.sort()",
}
ANSWERS = {name: f"{HEADS[name]}\n{BODIES[name]}" for name in HEADS}
STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
BLANKS = {name: f"{head}\n{STUB}" for name, head in HEADS.items()}
SUBMISSIONS: dict[str, Mapping[str, str]] = {
    "honest": ANSWERS,
    "blank": {},
    "half": {
        "square": "def square(n):\n    return n + n",
        "area": "def area(r):\n    return 3.14 * r ** 2",
        "account": ANSWERS["account"].replace("raise TooMuch('too much')", "return -1"),
        "greet": "def greet():\n    print('Hello, ' + input() + '!')",
        "sort": "def sort(numbers):\n    return sorted(numbers)",
    },
}
GIVEN = "import math\nimport random\nRATE = 0.5"


def plain(answers: Mapping[str, str]) -> ot.Cell:
    """Return the notebook with *answers* in it, blank where there is none."""
    cells = [ot.text("# A bank"), ot.code(GIVEN)]
    for name in HEADS:
        cells += [ot.text(f"Write {name}."), ot.code(answers.get(name, BLANKS[name]))]
    return ot.notebook(*cells)


SOURCE = {name: f"{head}\n{MARK.format(BODIES[name])}" for name, head in HEADS.items()}
"""The answers as their author has them, between markers."""


def course(folder: Path) -> Path:
    """Write the author's notebook and its tests into *folder*, and return the notebook."""
    for name, text in {"conftest.py": CONFTEST, "test_bank.py": TESTS, "helpers.py": HELPERS}.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return ot.write(folder / "bank.ipynb", plain(SOURCE))


WITHOUT = tuple(f"-pno:{name}" for name in ("hornbook", "schemathesis", "xdist", "xdist.looponfail", "pytest_cov", "anyio"))
"""Plugins of this environment: whoever has pytest alone has none of them, and importing them takes longer than the tests."""


def by_pytest(folder: Path, answers: Mapping[str, str]) -> dict[str, bool]:
    """Return which tests pytest passes on the notebook with *answers*; none where it cannot even read them."""
    course(folder)
    cells = plain(answers)["cells"]
    (folder / "bank.py").write_text("\n\n\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code"), "utf-8")
    (folder / "recorder.py").write_text(RECORDER, "utf-8")
    environment = {**os.environ, "RECORDED": str(folder / "recorded"), "PYTHONPATH": str(folder)}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-q", *WITHOUT, "-p", "recorder", "-c", os.devnull, "--rootdir=.", "."]
    subprocess.run(  # noqa: S603 - our own command
        command, cwd=folder, env=environment, check=False, capture_output=True, timeout=300
    )
    return recorded(folder / "recorded")


def recorded(file: Path) -> dict[str, bool]:
    """Return which tests passed, of what was written into *file*."""
    passed: dict[str, bool] = {}
    for line in file.read_text("utf-8").splitlines() if file.is_file() else ():
        name, outcome = json.loads(line)
        passed[name] = passed.get(name, True) and outcome == "passed"
    return passed


# --- ipytest ----------------------------------------------------------------------------------------------------------

SETUP = "%pip install -q ipytest\nimport pytest\nimport ipytest\nipytest.autoconfig()"
SHEET = {
    "double": ("def double(x):", "    return 2 * x"),
    "stack": (
        "class Stack:",
        (
            "    def __init__(self):\n        self.items = []\n    def push(self, x):\n        self.items.append(x)\n"
            "    def pop(self):\n        if not self.items:\n            raise IndexError('empty')\n        return self.items.pop()"
        ),
    ),
    "mean": ("def mean(xs):", "    return sum(xs) / len(xs)"),
}
CHECKING = {
    "double": "%%ipytest -qq\n\n@pytest.mark.parametrize('x', [0, 1, 2.5])\ndef test_double(x):\n    assert double(x) == x + x\n\n\n"
    "def test_nothing():\n    assert DATA == [1, 2, 3]",
    "stack": "%%ipytest\n# ipytest: raise_on_error=False\n@pytest.fixture\ndef stack():\n    s = Stack()\n    s.push(1)\n    return s\n\n\n"
    "class TestStack:\n    def test_pop(self, stack):\n        assert stack.pop() == 1\n\n    def test_empty(self):\n"
    "        with pytest.raises(IndexError, match='empty'):\n            Stack().pop()",
    "mean": "ipytest.clean()\n\ndef test_mean():\n    assert mean(DATA) == pytest.approx(2)\n\n\ndef test_double():\n"
    "    assert double(mean([4])) == 8\n\nipytest.run('-q')",
}
SHEETS: dict[str, Mapping[str, str]] = {
    "honest": {name: f"{head}\n{body}" for name, (head, body) in SHEET.items()},
    "blank": {},
    "half": {
        "double": "def double(x):\n    return 2 * int(x)",
        "stack": "class Stack(list):\n    push = list.append",
        "mean": "def mean(xs):\n    return xs[1] if len(xs) > 1 else 0",
    },
}


def sheet(answers: Mapping[str, str], setup: str = SETUP) -> ot.Cell:
    """Return the notebook with cells of ipytest, with *answers* in it."""
    cells = [ot.text("# A sheet"), ot.code(setup), ot.code("DATA = [1, 2, 3]")]
    for name, (head, _) in SHEET.items():
        cells += [ot.text(f"Write {name}."), ot.code(answers.get(name, f"{head}\n{STUB}")), ot.code(CHECKING[name])]
    return ot.notebook(*cells)


def by_ipytest(folder: Path, answers: Mapping[str, str]) -> dict[str, bool]:
    """Return which tests ipytest passes, cell by cell, in a kernel of its own; of a name that two cells have the second is `name_2`."""
    import nbformat  # noqa: PLC0415 - heavy
    from nbclient import NotebookClient  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recorder.py").write_text(RECORDER, "utf-8")
    options = ["-p", "recorder", *WITHOUT, "-c", "/dev/null"]
    setup = f"import sys, os, pytest, ipytest\nsys.path.insert(0, {str(folder)!r})\nipytest.autoconfig(addopts={options})"
    made = sheet(answers, setup)
    passed: dict[str, bool] = {}
    cells: list[ot.Cell] = []
    for number, cell in enumerate(made["cells"]):
        place = f"import os\nos.environ['RECORDED'] = {str(folder / f'recorded-{number}')!r}"
        cells += [ot.code(place), cell] if "test_" in cell["source"] else [cell]
    made["cells"] = cells
    notebook: Any = nbformat
    NotebookClient(notebook.from_dict(made), timeout=300, kernel_name="python3", allow_errors=True).execute(cwd=str(folder))
    for file in sorted(folder.glob("recorded-*"), key=lambda file: int(file.name.partition("-")[2])):
        for name, good in recorded(file).items():
            passed[name if name not in passed and f"{name}[0]" not in passed else f"{name}_2"] = good
    return passed
