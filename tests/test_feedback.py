"""feedback.py finds the hint that fits the mistake."""

from __future__ import annotations

import ast
import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook import feedback, wire
from hornbook.errors import FeedbackError
from hornbook.feedback import MISSING, Bank, Ladder, Misconception, When, matches_source
from hornbook.model import Hint, Outcome, Status
from hornbook.sandbox.probe import Handle

if TYPE_CHECKING:
    from pathlib import Path

UNHURRIED = settings(deadline=None)  # A busy machine is no failure.

BANK = '''
[exercise.mean]
hints = ["How many numbers are there?", "Divide the sum by that.", " `sum(xs) / len(xs)` "]
success = "A sum shared out evenly is a mean."

[exercise.median]
hints = ["Sort first."]

[[misconception]]
name = "sum-not-mean"
check = "test_mean_of_three"
when = { actual = "6" }
program = """def mean(xs): return sum(xs)"""
hints = ["You have added the numbers. How many are there?", "Divide the sum by that."]

[[misconception]]
name = "adds-by-hand"
check = "test_mean_of_three"
when = { actual_type = "int", source = "for _ in _: ..." }
program = """
def mean(xs):
    total = 0
    for x in xs:
        total += x
    return total
"""
hints = ["The loop adds; what is left to do?"]

[[misconception]]
name = "empty-list"
check = "test_mean_of_none"
when = { raises = "ZeroDivisionError", message = "division by zero" }
program = "def mean(xs): return sum(xs) / len(xs)"
hints = ["An empty list has no length to divide by."]
'''


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """Return a bank as an author writes it."""
    path = tmp_path / "mean.toml"
    path.write_text(BANK, encoding="utf-8")
    return Bank.read(path)


def failed(check: str = "test_mean_of_three", status: Status = Status.FAILED, **fields: Any) -> Outcome:
    """Return the outcome of a check of exercise `mean`."""
    return Outcome(check, "mean", "The mean of 1, 2 and 3 is 2", status, 1.0, 0.0, **fields)


def one(when: When, check: str = "test_it") -> Bank:
    """Return a bank with one misconception."""
    return Bank({}, (Misconception("the-one", check, when, "x = 1", ("A hint.",)),))


def shows(when: When, outcome: Outcome, source: str = "", actual: object = MISSING) -> bool:
    """Return whether *outcome* shows the misconception recognised by *when*."""
    return one(when, outcome.check).misconception(outcome, source, actual=actual) is not None


# Reading


def test_a_bank_is_read_as_it_is_written(bank: Bank) -> None:
    """Ladders, successes and misconceptions arrive in order, with hints free of stray spaces."""
    first = bank.misconceptions[0]

    assert bank.exercises["mean"] == Ladder(
        ("How many numbers are there?", "Divide the sum by that.", "`sum(xs) / len(xs)`"), "A sum shared out evenly is a mean."
    )
    assert [misconception.name for misconception in bank.misconceptions] == ["sum-not-mean", "adds-by-hand", "empty-list"]
    assert first == Misconception("sum-not-mean", "test_mean_of_three", When(actual="6"), "def mean(xs): return sum(xs)", first.hints)


def test_a_marker_of_equivalent_mutants_says_which_it_means(tmp_path: Path) -> None:
    """It means all mutants of its line and operator, or with `becomes` a single one; it does not ask on which line they stand."""
    path = tmp_path / "mean.toml"
    marker = "[[equivalent]]\nexercise = 'mean'\noperator = 'number'\nline = '  x = 1'\nreason = 'x is not used'\n"
    path.write_text(f"{marker}{marker}becomes = 'x = 2'", encoding="utf-8")
    every, one = Bank.read(path).equivalents

    assert (every.reason, every.becomes, one.becomes) == ("x is not used", None, "x = 2")
    assert [every.means("mean", "number", "x = 1", becomes) for becomes in ("x = 2", "x = 0")] == [True, True]
    assert [one.means("mean", "number", "x = 1", becomes) for becomes in ("x = 2", "x = 0")] == [True, False]
    assert not every.means("median", "number", "x = 1", "x = 2")
    assert not every.means("mean", "sign", "x = 1", "x = 2")
    assert not every.means("mean", "number", "x = 11", "x = 2")


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    """A bank saved by a Windows editor is read all the same."""
    path = tmp_path / "mean.toml"
    path.write_bytes(b"\xef\xbb\xbf" + BANK.replace("\n", "\r\n").encode())

    assert len(Bank.read(path).misconceptions) == 3


def test_a_bank_that_was_changed_is_read_anew(tmp_path: Path) -> None:
    """An author's next words are told as soon as they are written, though a bank that is as it was is read once."""
    path = tmp_path / "sums.toml"
    path.write_text('[exercise.one]\nhints = ["Look."]\n', "utf-8")
    first, again = Bank.read(path), Bank.read(path)
    path.write_text('[exercise.one]\nhints = ["Look again."]\n', "utf-8")

    assert first is again
    assert Bank.read(path) != first


def test_an_empty_file_is_a_bank_without_hints(tmp_path: Path) -> None:
    """A bank may still be empty, and the empty bank has nothing to say."""
    path = tmp_path / "mean.toml"
    path.touch()

    assert Bank.read(path) == Bank(path=path)
    assert Bank.empty().hints(failed(), "") == ()
    assert Bank.empty().success("mean") is None
    assert Bank.empty().problems([], []) == ()


GOOD = 'name = "a"\ncheck = "test_a"\nprogram = "x"\nhints = ["h"]\n'
BROKEN = [
    ("hints = [", "is not TOML"),
    (
        "[exercises.mean]\nhints = ['x']",
        'no key "exercises"; allowed are exercise, misconception, equivalent. Did you mean "exercise"?',
    ),
    ("[exercise.mean]\nhint = ['x']", '[exercise.mean] has no key "hint"; allowed are hints, success. Did you mean "hints"?'),
    ("exercise = 3", "[exercise] must be a table, not 3."),
    ("[exercise]\nmean = 3", "[exercise.mean] must be a table, not 3."),
    ("[exercise.mean]", "[exercise.mean]: hints must be a list of 1 to 4 texts."),
    ("[exercise.mean]\nhints = []", "hints must be a list of 1 to 4 texts."),
    ("[exercise.mean]\nhints = ['a', 'b', 'c', 'd', 'e']", "hints must be a list of 1 to 4 texts."),
    ("[exercise.mean]\nhints = 'a'", "hints must be a list of 1 to 4 texts."),
    ("[exercise.mean]\nhints = ['a', ' ']", "every hint must be a text with words in it."),
    ("[exercise.mean]\nhints = ['a', 3]", "every hint must be a text with words in it."),
    ("[exercise.mean]\nhints = ['a']\nsuccess = ''", "success must be a text with words in it."),
    ("[equivalent]\nreason = 'a'", "equivalent must be written as [[equivalent]], once for each."),
    ("equivalent = [3]", "[[equivalent]] 1 must be a table, not 3."),
    ("[[equivalent]]\nexercise = 'a'\noperator = 'sign'\nline = 'x = -1'", "[[equivalent]] 1: reason is missing."),
    ("[[equivalent]]\nbecome = 'x = 1'", '[[equivalent]] 1 has no key "become"; allowed are exercise, operator, line, becomes, reason.'),
    ("[[equivalent]]\nexercise = 'a'\nbecomes = ''", "[[equivalent]] 1: operator is missing."),
    ("[misconception]\nname = 'a'", "misconception must be written as [[misconception]], once for each."),
    ("misconception = [3]", "[[misconception]] 1 must be a table, not 3."),
    ("[[misconception]]\ncheck = 'test_a'", "[[misconception]] 1: name is missing."),
    ("[[misconception]]\nname = 'Sum Not Mean'", 'name "Sum Not Mean" must be in small letters'),
    (f"[[misconception]]\n{GOOD}hnits = 3", '[[misconception]] 1 "a" has no key "hnits"'),
    (f"[[misconception]]\n{GOOD}", '[[misconception]] 1 "a": when needs at least one condition; allowed are raises, message, actual'),
    (f"[[misconception]]\n{GOOD}when = 3", '"a": when must be a table, not 3.'),
    (f"[[misconception]]\n{GOOD}when = {{ raise = 'ValueError' }}", 'when has no key "raise"; allowed are raises'),
    (f"[[misconception]]\n{GOOD}when = {{ raises = 'a ValueError' }}", "raises must be the bare name of a type"),
    (f"[[misconception]]\n{GOOD}when = {{ actual_type = 'list[int]' }}", "actual_type must be the bare name of a type"),
    (f"[[misconception]]\n{GOOD}when = {{ actual = 6 }}", "when: actual must be a text with words in it."),
    (f"[[misconception]]\n{GOOD}when = {{ actual = 'six' }}", "actual = 'six' is no Python literal"),
    (f"[[misconception]]\n{GOOD}when = {{ actual = '[1' }}", "actual = '[1' is no Python literal"),
    (f"[[misconception]]\n{GOOD}when = {{ actual = '{{[]: 1}}' }}", "is no Python literal"),
    (f"[[misconception]]\n{GOOD}when = {{ actual = '1', actual_type = 'int' }}", "has both actual and actual_type"),
    (f"[[misconception]]\n{GOOD}when = {{ message = '(' }}", "when cannot be used: missing )"),
    (f"[[misconception]]\n{GOOD}when = {{ source = 'for _ in' }}", "the pattern 'for _ in' is not Python"),
    (f"[[misconception]]\n{GOOD}when = {{ source = '# nothing' }}", "the pattern '# nothing' holds no code"),
    ("released = 1", "released must be true or false"),
    ("[[misconception]]\nname = 'a'\nwhen = { actual = '1' }\nprogram = 'x'\nhints = ['h']", '"a": check is missing.'),
    ("[[misconception]]\nname = 'a'\nwhen = { actual = '1' }\ncheck = 'test_a'\nhints = ['h']", '"a": program is missing.'),
    ("[[misconception]]\nname = 'a'\nwhen = { actual = '1' }\ncheck = 'test_a'\nprogram = 'x'", '"a": hints must be a list'),
    (f"[[misconception]]\n{GOOD}when = {{ actual = '1' }}\n" * 2, 'two misconceptions are named "a"; give each its own name.'),
]


@pytest.mark.parametrize(("text", "problem"), BROKEN)
def test_a_broken_bank_is_refused_in_one_sentence(tmp_path: Path, text: str, problem: str) -> None:
    """The error names the file, the table, the key, and what is allowed."""
    path = tmp_path / "mean.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FeedbackError) as refusal:
        Bank.read(path)

    assert str(refusal.value).startswith(f"{path}: ")
    assert problem in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_bank_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder and a file that is not text each get their own sentence."""
    (tmp_path / "binary.toml").write_bytes(b"a\xff")

    with pytest.raises(FeedbackError, match=r"none\.toml: cannot be read: No such file or directory"):
        Bank.read(tmp_path / "none.toml")
    with pytest.raises(FeedbackError, match="cannot be read: Is a directory"):
        Bank.read(str(tmp_path))
    with pytest.raises(FeedbackError, match=r"binary\.toml: is not UTF-8 at byte 1"):
        Bank.read(tmp_path / "binary.toml")


# Naming what exists


def test_a_check_that_does_not_exist_is_named_with_its_nearest(tmp_path: Path) -> None:
    """The sentence names the grader that belongs to the bank, and the check that was probably meant."""
    path = tmp_path / "feedback" / "loops" / "fizz_buzz.toml"
    path.parent.mkdir(parents=True)
    path.write_text(f"[[misconception]]\n{GOOD.replace('test_a', 'test_fives')}when = {{ actual = '1' }}", encoding="utf-8")
    with pytest.raises(FeedbackError) as refusal:
        Bank.read(path).validate(["test_multiples_of_five", "test_start"], [])

    grader = tmp_path / "graders" / "loops" / "test_fizz_buzz.py"
    assert str(refusal.value) == f'{path}: no check named "test_fives"; {grader} has "test_multiples_of_five".'
    assert refusal.value.exit_code == 3


def test_a_bank_that_names_only_what_exists_is_valid(bank: Bank) -> None:
    """Nothing is raised for a bank that fits its lesson."""
    bank.validate(["test_mean_of_three", "test_mean_of_none"], ["mean", "median"])

    assert bank.problems(["test_mean_of_three", "test_mean_of_none"], ["mean", "median"]) == ()


def test_every_name_that_does_not_exist_is_told(bank: Bank) -> None:
    """Doctor gets one sentence for each; validate raises the first and counts the rest."""
    told = bank.problems(["test_mean_of_three"], ["mode"], grader="test_mean.py")

    assert told == (
        'no check named "test_mean_of_none"; test_mean.py has "test_mean_of_three".',
        '[exercise.mean] is no exercise of the lesson, which has "mode".',
        '[exercise.median] is no exercise of the lesson, which has "mode".',
    )
    with pytest.raises(FeedbackError, match=r"no check named .* \(2 more like this\.\)"):
        bank.validate(["test_mean_of_three"], ["mode"])
    with pytest.raises(FeedbackError, match="the grader has none"):
        one(When(actual="1")).validate([], [])


# Choosing hints


def test_a_misconceptions_hints_come_before_the_ladder(bank: Bank) -> None:
    """Each ladder is numbered for itself, and a hint that stands in both is given once."""
    hints = bank.hints(failed(), "def mean(xs): return sum(xs)", actual=6)

    assert hints == (
        Hint("You have added the numbers. How many are there?", 1, 2, "sum-not-mean"),
        Hint("Divide the sum by that.", 2, 2, "sum-not-mean"),
        Hint("How many numbers are there?", 1, 2),
        Hint("`sum(xs) / len(xs)`", 2, 2),
    )


def test_the_misconception_with_most_conditions_wins(bank: Bank) -> None:
    """Of two that fit, the more particular one speaks, whatever their order."""
    source = "def mean(xs):\n    t = 0\n    for x in xs:\n        t += x\n    return t"
    found = bank.misconception(failed(), source, actual=6)

    assert found is not None
    assert found.name == "adds-by-hand"


def test_of_two_equally_particular_the_first_wins() -> None:
    """The order in the bank decides between equals."""
    same = [Misconception(name, "test_it", When(actual="6"), "x", ("h",)) for name in ("first", "second")]
    found = Bank({}, tuple(same)).misconception(failed("test_it"), "", actual=6)

    assert found is same[0]


def test_without_a_misconception_the_ladder_stands_alone(bank: Bank) -> None:
    """An answer that no misconception knows gets the exercise's hints."""
    hints = bank.hints(failed(), "", actual=7)

    assert [hint.number for hint in hints] == [1, 2, 3]
    assert {(hint.total, hint.misconception) for hint in hints} == {(3, None)}


@pytest.mark.parametrize("status", [Status.PASSED, Status.SKIPPED, Status.BROKEN])
def test_what_is_no_fault_of_the_learners_gets_no_hint(bank: Bank, status: Status) -> None:
    """A check that passed, or could not be asked, is not answered with advice."""
    outcome = failed(status=status)

    assert bank.hints(outcome, "", actual=6) == ()
    assert bank.misconception(outcome, "", actual=6) is None


@pytest.mark.parametrize("status", [Status.NOT_ATTEMPTED, Status.TIMED_OUT, Status.OUT_OF_MEMORY, Status.FORBIDDEN])
def test_other_ends_get_the_ladder(bank: Bank, status: Status) -> None:
    """A check that did not pass is answered, however it ended."""
    assert len(bank.hints(failed(status=status), "")) == 3


def test_an_outcome_of_another_exercise_gets_no_hint_of_this_one(bank: Bank) -> None:
    """Hints belong to an exercise, and a check may belong to none."""
    assert bank.hints(Outcome("test_other", None, "", Status.FAILED, 1.0, 0.0), "") == ()


def test_success_says_why_it_worked(bank: Bank) -> None:
    """The success sentence belongs to the exercise, and is optional."""
    assert bank.success("mean") == "A sum shared out evenly is a mean."
    assert bank.success("median") is None
    assert bank.success(None) is None


def test_a_parametrised_check_shows_the_misconception_of_its_function() -> None:
    """Pytest calls a parametrised check `test_name[value]`; the bank names the function."""
    found = one(When(actual="6")).misconception(failed("test_it[3]"), "", actual=6)

    assert found is not None


# Conditions


@pytest.mark.parametrize(
    ("fields", "when", "holds"),
    [
        ({"raised": "ZeroDivisionError"}, When(raises="ZeroDivisionError"), True),
        ({"raised": "ZeroDivisionError: division by zero"}, When(raises="ArithmeticError"), True),
        ({"raised": "numpy.exceptions.AxisError"}, When(raises="AxisError"), True),
        ({"raised": "KeyError"}, When(raises="ZeroDivisionError"), False),
        ({"raised": "KeyError"}, When(raises="object"), False),
        ({"raised": "Bang"}, When(raises="Exception"), False),
        ({}, When(raises="KeyError"), False),
        ({"raised": "KeyError: 'price'"}, When(message="^'price'$"), True),
        ({"raised": "KeyError", "came": "KeyError: 'price'"}, When(message="price"), True),
        ({"raised": "KeyError", "traceback": ("x['price']", "KeyError: 'price'")}, When(message="price"), True),
        ({"raised": "KeyError", "came": "KeyError: 'cost'"}, When(message="price"), False),
        ({"raised": "KeyError"}, When(message=".*"), True),
        ({"came": "a price"}, When(message="price"), False),
        ({"status": Status.TIMED_OUT}, When(raises="TimeoutError"), True),
        ({"status": Status.OUT_OF_MEMORY}, When(raises="MemoryError"), True),
        ({"status": Status.FORBIDDEN}, When(raises="PermissionError"), True),
        ({"raised": "KeyError: 'price'"}, When(raises="KeyError", message="cost"), False),
    ],
)
def test_an_exception_is_recognised_by_name_and_message(fields: dict[str, Any], when: When, holds: bool) -> None:
    """Raises knows how Python's exceptions descend; message is searched wherever the outcome has it."""
    found = shows(when, failed(**fields))

    assert found is holds


@pytest.mark.parametrize(
    ("actual", "literal", "holds"),
    [
        (6, "6", True),
        (6.0, "6", False),
        (True, "1", False),
        (None, "None", True),
        (MISSING, "None", False),
        (math.nan, "nan", True),
        (1.0, "nan", False),
        (-math.inf, "-inf", True),
        ([1, [2.0]], "[1, [2.0]]", True),
        ([1, [2]], "[1, [2.0]]", False),
        ([1], "[1, 2]", False),
        ((1, 2), "(1, 2)", True),
        ((1, 2), "[1, 2]", False),
        ({"b": 1, "a": [math.nan]}, "{'a': [nan], 'b': 1}", True),
        ({"a": 1.0}, "{'a': 1}", False),
        ({"a": 1}, "{'b': 1}", False),
        ({1, 2}, "{2, 1}", True),
        ("6", "'6'", True),
        (np.float64(6), "6.0", True),
        (np.int64(6), "6.0", False),
        (np.array([1, 2]), "array([1, 2])", True),
        (np.array([1, 2]), "np.array([1, 2])", True),
        (np.array([1.0, 2]), "array([1, 2])", False),
        (np.array([1, 2]), "[1, 2]", False),
        ([1, 2], "array([1, 2])", False),
        (np.array([1.0, math.nan]), "array([1.0, nan])", True),
    ],
)
def test_a_value_is_recognised_by_its_literal(actual: object, literal: str, holds: bool) -> None:
    """Actual holds for the same value of the same type, all the way down."""
    found = shows(When(actual=literal), failed(), actual=actual)

    assert found is holds


def test_a_value_is_recognised_by_its_type() -> None:
    """actual_type is the type's own name; of an object of the learner's, the name its process claims."""
    stranger = wire.Opaque(1, "Account", "object")
    handle = Handle(None, stranger, "submission.it")  # type: ignore[arg-type] # without a conversation, asking would fail

    assert shows(When(actual_type="NoneType"), failed(), actual=None)
    assert shows(When(actual_type="ndarray"), failed(), actual=np.ones(2))
    assert shows(When(actual_type="Account"), failed(), actual=stranger)
    assert shows(When(actual_type="Account"), failed(), actual=handle)
    assert not shows(When(actual_type="int"), failed(), actual=True)
    assert not shows(When(actual_type="_Missing"), failed())


def test_the_source_is_recognised_by_a_pattern() -> None:
    """Source holds if its shape of code stands in the exercise, and never in what is not Python."""
    assert shows(When(source="sum(_)"), failed(), "def mean(xs):\n    return sum(xs)")
    assert not shows(When(source="len(_)"), failed(), "def mean(xs):\n    return sum(xs)")
    assert not shows(When(source="sum(_)"), failed(), "def mean(xs:\n    return sum(xs)")


# Patterns


@pytest.mark.parametrize(
    ("pattern", "source"),
    [
        ("sum(_)", "print(sum([1, 2]))"),
        ("_ / len(__xs)", "m = sum(a) / len(a)"),
        ("return _", "def f(x):\n    if x:\n        return x + 1"),
        ("return", "def f():\n    return"),
        ("for _ in range(len(_)): ...", "for i in range(len(xs)):\n    print(i)\n    print(xs[i])"),
        ("for _ in _: ...", "for a, b in pairs: pass"),
        ("for _ in _:\n    ...\n    return _", "def f(xs):\n    for x in xs:\n        y = x\n        z = y\n        return z"),
        ("for _ in _:\n    ...\n    return _", "def f(xs):\n    for x in xs:\n        return x"),
        ("def _(_): ...", "def double(x: int) -> int:\n    '''Double it.'''\n    return 2 * x"),
        ("def f(x): return x", "@cache\ndef f(x: int) -> int:\n    '''Itself.'''\n    return x"),
        ("class _: ...", "class A:\n    x = 1"),
        ("_ = 0\n...\nreturn _", "def f():\n    t = 0\n    t += 1\n    return t"),
        ("_ = 0\nfor _ in _: ...", "def f(xs):\n    a = 1\n    t = 0\n    for x in xs: t += x\n    return t"),
        ("...", "x = 1"),
        ("_._", "a.b.c"),
        ("_.sort()", "xs = xs.sort()"),
        ("_ = _.sort()", "xs = xs.sort()"),
        ("np.mean(_, axis=0)", "np.mean(a, axis=0)"),
        ("f(b=1, a=_)", "f(a=2, b=1)"),
        ("f(_=2, a=_)", "f(a=1, b=2)"),
        ("np.mean(..., axis=0)", "np.mean(a, keepdims=True, axis=0)"),
        ("print(...)", "print('a', b, sep='')"),
        ("print(..., _)", "print(a, b)"),
        ("_[_]", "x[1:2]"),
        ("_[...]", "x[...]"),
        ("f(*_)", "f(*args)"),
        ("f(_)", "f(*args)"),
        ("f(**_)", "f(**kw)"),
        ("[_ for _ in _]", "y = [x * 2 for x in xs]"),
        ("lambda _: _", "key=lambda p: p[0]".partition("=")[2]),
        ("try: ...\nexcept _: pass", "try:\n    a()\n    b()\nexcept Exception: pass"),
        ("import _", "import math"),
        ("from math import _", "from math import sqrt"),
        ("global _", "def f():\n    global total\n    total = 1"),
        ("def __init__(self): ...", "class A:\n    def __init__(self): pass"),
        ("__x == True", "if done == True: pass"),
        ("1.0", "x = 1.0"),
        ("f'{_}'", "print(f'{name}')"),
        ("if _: _", "if x:\n    print(x)"),
        ("match _:\n    case 1: ...", "match x:\n    case 1:\n        pass"),
        ("async def _(): ...", "async def f():\n    return 1"),
        ("sum(_)", "%matplotlib inline\n!ls\n  \nx = sum(y)"),
        ("sum(_)", "%%time\nsum(y)"),
        ("sum(_)", "if 1:\n    %time x = 1\nsum(y)"),
    ],
)
def test_a_pattern_matches_its_shape_anywhere(pattern: str, source: str) -> None:
    """Wildcards stand for any expression, name, statements or arguments; what a pattern leaves out does not count."""
    assert matches_source(pattern, source)


@pytest.mark.parametrize(
    ("pattern", "source"),
    [
        ("sum(_)", "sum(a, b)"),
        ("sum(_)", "sum(a, start=1)"),
        ("sum(_)", "total(a)"),
        ("return", "def f():\n    return 1"),
        ("return _", "def f():\n    return"),
        ("f(a=1)", "f(b=1)"),
        ("f(a=1, b=2)", "f(a=1)"),
        ("f(_)", "f()"),
        ("print(..., _)", "print()"),
        ("_[...]", "x[1]"),
        ("1", "x = 1.0"),
        ("1", "x = True"),
        ("x = 1\ny = 2", "x = 1\nz = 0\ny = 2"),
        ("x = 1\ny = 2", "y = 2\nx = 1"),
        ("for _ in _: pass", "for x in y:\n    pass\n    pass"),
        ("def f(_): ...", "def f(a, b): pass"),
        ("def f(x: int): ...", "def f(x): pass"),
        ("def f(x):\n    'Doc.'\n    ...", "def f(x): pass"),
        ("def __init__(self): ...", "class A:\n    def __str__(self): pass"),
        ("_", "pass"),
        ("x < y", "x > y"),
        ("while _: ...", "for x in y: pass"),
        ("[1, ...]", "[1, 2, 3]"),
        ("sum(_)", "def mean(:"),
        ("sum(_)", "sum(x)\x00"),
        ("_", ""),
    ],
)
def test_a_pattern_matches_nothing_else(pattern: str, source: str) -> None:
    """Another shape of code, or none, is not matched."""
    assert not matches_source(pattern, source)


names = st.sampled_from(["x", "total", "_", "__a", "__init__"])
leaves = names | st.integers(0, 3).map(str) | st.sampled_from(["1.5", "'t'", "True", "None", "...", "b'x'", "1j"])
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "//", "<", "and", "in"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(inner, inner, inner).map(lambda parts: f"f({parts[0]}, *{parts[1]}, __k=1, k={parts[2]}, _=2)"),
        st.tuples(names, inner, inner).map(lambda parts: f"[{parts[1]} for {parts[0]} in {parts[2]}]"),
        st.tuples(inner, inner).map(lambda parts: f"x[{parts[0]}:{parts[1]}].a"),
        st.tuples(names, inner).map(lambda parts: f"(lambda {parts[0]}: {parts[1]})"),
    ),
    max_leaves=8,
)


def indented(lines: list[str]) -> str:
    """Return statements as an indented block."""
    return "\n".join(f"    {line}" for text in lines for line in text.split("\n"))


statements = st.recursive(
    st.one_of(
        expressions,
        st.tuples(names, expressions).map(lambda parts: f"{parts[0]} = {parts[1]}"),
        expressions.map(lambda text: f"return {text}"),
        st.sampled_from(["pass", "...", "import math as m", "global x", "'''Doc.'''"]),
    ),
    lambda inner: st.one_of(
        st.tuples(expressions, st.lists(inner, min_size=1, max_size=3)).map(lambda parts: f"if {parts[0]}:\n{indented(parts[1])}"),
        st.tuples(names, st.lists(inner, min_size=1, max_size=3)).map(lambda parts: f"def f({parts[0]}: int = 1):\n{indented(parts[1])}"),
        st.lists(inner, min_size=1, max_size=2).map(lambda body: f"try:\n{indented(body)}\nexcept E as e:\n{indented(body)}"),
    ),
    max_leaves=5,
)
sources = st.lists(statements, min_size=1, max_size=4).map("\n".join)


@UNHURRIED
@given(sources)
def test_every_source_matches_itself(source: str) -> None:
    """A program, taken as a pattern, matches itself, whatever wildcards stand in it."""
    assert matches_source(source, source)


@settings(UNHURRIED, max_examples=40)
@given(sources, sources, sources)
def test_a_program_is_found_between_others(before: str, source: str, after: str) -> None:
    """Statements are found wherever they follow each other."""
    assert matches_source(source, f"{before}\n{source}\n{after}")


@UNHURRIED
@given(expressions)
def test_an_underscore_matches_any_expression(expression: str) -> None:
    """`_` stands for every expression, alone and as a part."""
    assert matches_source("_", expression)
    assert matches_source("g(_)", f"x = g({expression})")


@UNHURRIED
@given(sources)
def test_three_dots_match_any_statements(source: str) -> None:
    """`...` stands for every block."""
    assert matches_source("def outer(): ...", f"def outer():\n{indented([source])}")


@UNHURRIED
@given(st.text(), st.sampled_from(["_", "sum(_)", "for _ in _: ...", "...", "x = 1\ny = 2"]))
def test_no_source_is_too_strange(source: str, pattern: str) -> None:
    """Whatever a learner's cell holds, the answer is yes or no."""
    assert matches_source(pattern, source) in {True, False}


@UNHURRIED
@given(expressions)
def test_a_pattern_agrees_with_the_syntax_tree(expression: str) -> None:
    """A pattern without wildcards matches an expression exactly if the trees are the same."""
    plain = not any(wildcard in expression for wildcard in ("_", "..."))
    found = matches_source(expression, "f(x, *x, k=1)")
    trees = {ast.dump(node) for node in ast.walk(ast.parse("f(x, *x, k=1)")) if isinstance(node, ast.expr)}

    assert not plain or found == (ast.dump(ast.parse(expression, mode="eval").body) in trees)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("(" * 199 + "1" + ")" * 199, id="199 brackets"),
        pytest.param("x = " + "not " * 200 + "1", id="200 times not"),
        pytest.param("x" + ".a" * 300, id="300 attributes"),
        pytest.param("f(" * 90 + "1" + ")" * 90, id="90 calls"),
        pytest.param("[" * 199 + "]" * 199, id="199 lists"),
        pytest.param("\n".join("    " * n + "if x:" for n in range(90)) + "\n" + "    " * 90 + "pass", id="90 blocks"),
    ],
)
def test_deep_nesting_is_matched_like_any_other(source: str) -> None:
    """A source as deep as Python itself reads matches itself."""
    assert matches_source(source, source)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("(" * 5_000 + "1" + ")" * 5_000, id="brackets"),
        pytest.param("-" * 19_000 + "1", id="signs"),
        pytest.param("1" + " + 1" * 4_900, id="sums"),
        pytest.param("x" + ".a" * 9_900, id="attributes"),
        pytest.param("x = sum(y)\n" * 1_800, id="many lines"),
        pytest.param("x = 0x" + "f" * 19_000, id="a huge number"),
        pytest.param("x = sum(sum(y))\n" * 100_000, id="too long to be an exercise"),
        pytest.param("f(" + "a, " * 6_600 + ")", id="many arguments"),
    ],
)
def test_a_source_made_to_be_slow_is_answered_quickly(source: str) -> None:
    """No source holds up the matcher, however deep or long."""
    start = time.process_time()
    for pattern in ("sum(sum(_))", "0xff", "f(..., z, ...)", "x = 1\n...\ny = 2\n...\nz = 3"):
        assert not matches_source(pattern, source)

    assert time.process_time() - start < 2


@pytest.mark.parametrize("pattern", ["for _ in", "", "# only a comment", "x = (", "-" * 100_000 + "1"])
def test_a_pattern_that_is_no_code_is_the_authors_mistake(pattern: str) -> None:
    """A pattern must be Python, and not empty."""
    with pytest.raises(ValueError, match=r"the pattern .* (is not Python|holds no code)"):
        matches_source(pattern, "x = 1")


def test_the_sentinel_names_itself() -> None:
    """MISSING is told from None wherever it is shown."""
    assert repr(feedback.MISSING) == "MISSING"
