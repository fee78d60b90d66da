"""Mutants of a solution: each operator makes the mistake that it is named for, in as few characters as it takes."""

from __future__ import annotations

import ast

import pytest

from hornbook.grading.mutants import MOST, OPERATORS, Mutant, mutants, shape

BY_OPERATOR: dict[str, dict[str, list[str]]] = {
    "arithmetic": {
        "x = a + b": ["x = a - b"],
        "x = a - b": ["x = a + b"],
        "x = a / b": ["x = a * b", "x = a // b"],
        "x = (a) // (b)": ["x = (a) / (b)"],
        "x = a ** b": ["x = a * b"],
        "x = a & b": ["x = a | b"],
        "x = a @ b": ["x = a * b"],
        "x = a % b  # 5 % 2": ["x = a // b  # 5 % 2"],
    },
    "comparison": {
        "x = a < b <= c": ["x = a <= b <= c", "x = a > b <= c", "x = a < b < c", "x = a < b >= c"],
        "x = a == b": ["x = a != b"],
        "x = a not  in b": ["x = a in b"],
        "x = a is not b": ["x = a is b"],
        "x = a != b": ["x = a == b"],
    },
    "and-or": {
        "x = a and b and c": ["x = a or b and c", "x = a and b or c"],
        "x = a or b": ["x = a and b"],
    },
    "operand": {
        "x = a and b": ["x = b", "x = a"],
        "x = a or b or c": ["x = b or c", "x = a or c", "x = a or b"],
        "x = a | b": ["x = a", "x = b"],
        "x = 0 <= a < 9": ["x = 0 <= a", "x = a < 9"],
    },
    "condition": {
        "if a:\n    b()": ["if True:", "if False:", "if not a:"],
        "if a > 1:\n    b()": ["if True:", "if False:"],
        "x = a if b else c": ["x = a", "x = c", "x = a if not b else c"],
        "x = [a for a in b if a > 1]": ["x = [a for a in b if True]"],
        "while a:\n    b()": ["while not a:"],
    },
    "sign": {
        "x = -a": ["x = a"],
        "x = not a": ["x = a"],
        "x = b[~a]": ["x = b[a]"],
        "x = c * -(a + b)": ["x = c * (a + b)"],
    },
    "number": {
        "x = 3": ["x = 4", "x = 2"],
        "x = a[0]": ["x = a[1]", "x = a[-1]"],
        "x = 0.5": ["x = 1.5", "x = -0.5"],
    },
    "truth": {"x = True": ["x = False"], "f(a, sharey=False)": ["f(a, sharey=True)"]},
    "text": {
        'x = "Ab"': ['x = ""', 'x = "aB"'],
        'x = ""': ['x = "x"'],
        'x = f"{a} and {b}"': ["x = f' and {b}'", "x = f'{a} and '"],
        'input("Name? ")': [],
        'print("Hello", a)': [],
        'def f():\n    """Say."""\n    return a': [],
    },
    "choice": {
        'f(a, aggfunc="mean")': ['f(a, aggfunc="sum")', 'f(a, aggfunc="median")'],
        'f(a, mode="valid")': ['f(a, mode="same")', 'f(a, mode="full")'],
    },
    "elements": {
        "x = [a]": ["x = []"],
        "x = [a, b]": ["x = []", "x = [a]"],
        "x = (a, b)": ["x = (a,)"],
        "x = {a}": ["x = set()"],
        "x = {a: b, c: d}": ["x = {a: b}"],
        "a, b = c": [],
    },
    "slice": {
        "x = a[n:]": ["x = a[:]", "x = a[n + 1:]"],
        "x = a[:n]": ["x = a[:]", "x = a[:n + 1]"],
        "x = a[::2]": ["x = a[:]"],
    },
    "range": {
        "x = range(n)": ["x = range(1, n)", "x = range(n + 1)", "x = range(n - 1)"],
        "x = range(m, n)": ["x = range(m + 1, n)", "x = range(m, n + 1)", "x = range(m, n - 1)"],
        "x = np.arange(n)": ["x = np.arange(1, n)", "x = np.arange(n + 1)", "x = np.arange(n - 1)"],
        "x = range(1, n)": ["x = range(1, n + 1)", "x = range(1, n - 1)"],
        "x = range(m, n, 2)": [],
    },
    "nothing-returned": {"def f(a):\n    return a": ["return None"], "def f(a):\n    return": []},
    "early-return": {
        "def f(a):\n    for b in a:\n        c(b)\n    return a": ["return a"],
        "def f(a):\n    c(a)\n    return a": [],
    },
    "statement": {
        'def f(a):\n    """Say."""\n    a.append(1)\n    b = 1\n    a = 2\n    return a': ["pass", "pass"],
        "try:\n    a()\nexcept ValueError:\n    b()\n    c()": ["pass", "pass", "pass", "pass"],
        "raise ValueError": ["pass"],
        "a += b": ["pass"],
        "a[0] = b": ["pass"],
        "x = a": [],
    },
    "loop-exit": {"while a:\n    break": ["continue", "pass"], "while a:\n    continue": ["break", "pass"]},
    "swapped": {
        "x = a - b": ["x = b - a"],
        "f(a, b, c)": ["f(b, a, c)", "f(a, c, b)"],
        "x = a, b": ["x = b, a"],
        "f((a), b * c)": ["f((b * c), a)"],
        "for x in (a, b):\n    pass": [],
        "x = a + b": [],
    },
    "keyword": {
        "f(a, axis=0)": ["f(a)"],
        'f("a", b=\'c"d\', e=0)': ['f("a", e=0)', 'f("a", b=\'c"d\')'],
        "f(sharey=True, squeeze=False)": ["f(squeeze=False)", "f(sharex=True, squeeze=False)", "f(sharey=True)"],
    },
    "namesake": {
        "x = a.mean()": ["x = a.sum()", "x = a.median()"],
        "x = min(a)": ["x = max(a)"],
        "x = a.strip()": ["x = a.lstrip()", "x = a.rstrip()"],
        "x = max(a, key=a.get)": ["x = min(a, key=a.get)"],
        "def f(max):\n    return max(1)": [],
        "x = sum(a)": [],
    },
    "unwrapped": {
        "a = b\nx = a.strip()": ["x = a"],
        "x = round(a)": ["x = a"],
        "x = np.rint(a)": ["x = a"],
        "x = np.where(a, b, c)": [],
        "def f(a):\n    return a.fillna(b).mean()": ["return a.fillna(b)", "return a.mean()"],
        "a.sort()": [],
        "print(a)": [],
        "x = input(a)": [],
        "raise ValueError(a)": [],
    },
    "augmented": {"a += b": ["a = b", "a -= b"], "a *= b": ["a = b", "a /= b"], "a **= b": ["a = b", "a *= b"]},
    "error": {
        "raise ValueError(a)": ["raise TypeError(a)"],
        "try:\n    a()\nexcept KeyError:\n    pass": ["except ValueError:"],
        "def f():\n    raise": [],
    },
    "variable": {
        "def f(a, b):\n    return a": ["return b"],
        "def f(self, a, b):\n    return self.c(b)": ["return self.c(a)"],
        "def f(a):\n    return a": [],
    },
}


def made(source: str, operator: str | None = None) -> list[Mutant]:
    """Return the mutants of the one-cell solution *source*, of one *operator* if it is named."""
    return [mutant for mutant in mutants("e", (source,)) if operator in {None, mutant.operator}]


def test_every_operator_has_its_examples() -> None:
    """The table above has a row for each operator, in their order."""
    assert list(BY_OPERATOR) == [operator.name for operator in OPERATORS]
    assert all(operator.what for operator in OPERATORS)


@pytest.mark.parametrize(
    ("operator", "source", "becomes"),
    [(operator, source, becomes) for operator, examples in BY_OPERATOR.items() for source, becomes in examples.items()],
)
def test_an_operator_makes_its_mistake(operator: str, source: str, becomes: list[str]) -> None:
    """An operator changes what it is named for, everywhere it stands, and nothing else."""
    assert [mutant.becomes for mutant in made(source, operator)] == becomes


@pytest.mark.parametrize("source", sorted({source for examples in BY_OPERATOR.values() for source in examples}))
def test_a_mutant_is_another_program(source: str) -> None:
    """Each mutant is Python, differs from the solution in one line, or in the lines of one statement, and from all other mutants."""
    shapes = [shape(mutant.sources[0]) for mutant in made(source)]

    assert None not in shapes
    assert len(set(shapes)) == len(shapes)
    assert shape(source) not in shapes


def test_a_mutant_tells_its_place() -> None:
    """It names the cell, the line in it, and that line before and after; the other cells stay as they are."""
    cells = ("import math", "def f(a):\n    # Twice.\n    return a * 2  # é")
    mutant = next(one for one in mutants("twice", cells) if one.operator == "arithmetic")

    assert (mutant.exercise, mutant.cell, mutant.number) == ("twice", 1, 3)
    assert (mutant.line, mutant.becomes) == ("return a * 2  # é", "return a / 2  # é")
    assert mutant.sources == ("import math", "def f(a):\n    # Twice.\n    return a / 2  # é")


def test_columns_are_counted_in_bytes() -> None:
    """Letters beyond ASCII before the place of a mistake do not move it."""
    assert [one.becomes for one in made('x = "é", a + b', "arithmetic")] == ['x = "é", a - b']


def test_a_line_that_was_added_is_told_by_the_line_before() -> None:
    """A return inside the loop is a line more; the marker of an equivalent mutant names the line that it stands behind."""
    (mutant,) = made("def f(a):\n    for b in a:\n        c(b)\n    return a", "early-return")

    assert (mutant.number, mutant.line, mutant.becomes) == (3, "c(b)", "return a")
    assert mutant.sources[0] == "def f(a):\n    for b in a:\n        c(b)\n        return a\n    return a"


def test_mutants_come_in_the_order_of_their_places() -> None:
    """Two runs give the same mutants, from the first line to the last."""
    source = "def f(a, b):\n    if a < b:\n        return a + 1\n    return b - 1"

    assert made(source) == made(source)
    assert [one.number for one in made(source)] == sorted(one.number for one in made(source))


def test_what_is_right_is_no_mutant() -> None:
    """A mutant that is an alternative solution, or the exercise as shipped, is left out; comments and docstrings make no difference."""
    source = "def f(a):\n    return a + 1"
    alternative = 'def f(a):\n    """Return it."""\n    return 1 + a - 0  # or so'
    same = 'def f(a):\n    """One more."""\n    return a - 1  # of course not'
    everything = {one.becomes for one in mutants("e", (source,), [(alternative,)])}
    without = {one.becomes for one in mutants("e", (source,), [(alternative,), (same,)])}

    assert everything - without == {"return a - 1"}


def test_there_are_not_too_many() -> None:
    """Of a long solution some are chosen, the same each time: every operator has its turn before one comes twice as often."""
    source = "\n".join(f"x{number} = a{number} + {number}" for number in range(12)) + "\nx = not a"
    chosen = mutants("e", (source,), most=15)
    operators = [one.operator for one in chosen]

    assert len(chosen) == 15 < len(made(source)) <= MOST
    assert chosen == mutants("e", (source,), most=15)
    assert operators.count("sign") == 1
    assert abs(operators.count("number") - operators.count("arithmetic")) <= 1


def test_what_stands_in_an_f_string_is_left_alone() -> None:
    """Only whole values are taken out of one: before Python 3.12 its parts have no places."""
    assert {one.operator for one in made('x = f"{a + 1}: {b[0]}"')} == {"text"}


def test_annotations_are_no_code() -> None:
    """What a learner may leave out makes no mutant."""
    assert {one.becomes for one in made("def f(a: List[3]) -> int | None:\n    return 1")} == {"return None", "return 2", "return 0"}


def test_a_solution_with_a_magic_has_no_mutants() -> None:
    """What Python cannot read is not changed."""
    assert made("%matplotlib inline\nx = 1 + 1") == []
    assert shape("%matplotlib inline") is None


def test_every_bracket_that_is_needed_is_there() -> None:
    """What is put in the place of an expression means the same there as by itself."""
    by_hand = {
        "x = (a - b) / c": "x = c / (a - b)",
        "x = a ** (b - c)": "x = (b - c) ** a",
    }
    for source, becomes in by_hand.items():
        assert becomes in {one.becomes for one in made(source, "swapped")}
        assert ast.dump(ast.parse(becomes)) in {ast.dump(ast.parse(one.sources[0])) for one in made(source)}
