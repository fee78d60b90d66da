"""compare.py tells a learner how what came differs from what was expected."""

from __future__ import annotations

import datetime as dt
import gc
import math
import re
import string
import sys
import time
from collections import Counter, namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook import wire
from hornbook.grading import compare
from hornbook.grading.compare import MISSING, difference, explain, explain_exception, nothing_returned, same, show, take_last, what_it_means
from hornbook.sandbox.probe import Handle

NAN = float("nan")
UNHURRIED = settings(deadline=None)  # A busy machine is no failure.


def opaque(type_name: str, kind: Any = "object") -> wire.Opaque:
    """Return the wire's word for an object of the learner's."""
    return wire.Opaque(1, type_name, kind)


def handle(type_name: str, kind: Any = "object") -> Handle:
    """Return a handle without a conversation: whatever asked the learner's process through it would fail at once."""
    return Handle(None, opaque(type_name, kind), "submission.it")  # type: ignore[arg-type]


def nested(depth: int, core: object = 1) -> Any:
    """Return *core* within *depth* lists."""
    for _ in range(depth):
        core = [core]
    return core


Point = namedtuple("Point", "x y")  # noqa: PYI024 - what an author without type hints writes

EQUAL = [
    pytest.param(None, None, id="nothing"),
    pytest.param(2, 2.0, id="whole number and float"),
    pytest.param(0.1 + 0.2, 0.3, id="rounding of floats"),
    pytest.param(Fraction(1, 3), 1 / 3, id="fraction and float"),
    pytest.param(Decimal("0.5"), 0.5, id="decimal and float"),
    pytest.param(1 + 1e-13j, 1, id="complex and whole number"),
    pytest.param(NAN, NAN, id="nan"),
    pytest.param(Decimal("sNaN"), NAN, id="signalling nan"),
    pytest.param(complex(NAN, 1), complex(NAN, 2), id="complex nan"),
    pytest.param(math.inf, math.inf, id="infinity"),
    pytest.param(10**400, 10**400, id="whole number beyond float"),
    pytest.param([1, [2.0, "x"]], [1, [2, "x"]], id="nested list"),
    pytest.param((1, 2), Point(1, 2), id="tuple and an author's namedtuple"),
    pytest.param({"a": 2}, Counter("aa"), id="dict and an author's Counter"),
    pytest.param({"b": 1, "a": 2}, {"a": 2, "b": 1}, id="keys in another order"),
    pytest.param({NAN: 1}, {float("nan"): 1}, id="nan as a key"),
    pytest.param({1, 2}, frozenset({1, 2}), id="set and frozenset"),
    pytest.param({0.1 + 0.2}, {0.3}, id="set of floats"),
    pytest.param(b"ab", b"ab", id="bytes"),
    pytest.param(np.str_("ab"), "ab", id="numpy text"),
    pytest.param(dt.date(2024, 1, 2), dt.date(2024, 1, 2), id="dates"),
    pytest.param(np.float64(2), 2, id="numpy scalar"),
    pytest.param(np.array(3.0), 3, id="array without an axis"),
    pytest.param(np.datetime64("2024-01-02"), np.datetime64("2024-01-02"), id="numpy date"),
    pytest.param(pd.NaT, pd.NaT, id="missing date"),
    pytest.param(np.array([1.0, NAN, 0.1 + 0.2]), np.array([1.0, NAN, 0.3]), id="array of floats with nan"),
    pytest.param(np.array([1, 2], dtype=">i8"), np.array([1, 2], dtype="<i8"), id="byte order"),
    pytest.param(np.array(["a", "bc"]), np.array(["a", "bc"], dtype="U9"), id="width of texts"),
    pytest.param(np.array([b"a"]), np.array([b"a"], dtype="S9"), id="width of bytes"),
    pytest.param(np.array(["2024-01-01", "NaT"], "M8[D]"), np.array(["2024-01-01", "NaT"], "M8[s]"), id="unit of dates"),
    pytest.param(np.array([1, "a"], dtype=object), np.array([1, "a"], dtype=object), id="array of objects"),
    pytest.param(np.zeros((0, 3)), np.zeros((0, 3)), id="empty array"),
    pytest.param(pd.Series([1.0, None]), pd.Series([1.0, NAN]), id="missing values of a Series"),
    pytest.param(pd.Series(["a", None], dtype=object), pd.Series(["a", NAN], dtype="str"), id="ways of keeping texts"),
    pytest.param(pd.Series([1], name="x"), pd.Series([1], name="y"), id="names of a Series"),
    pytest.param(pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2]}), id="table"),
    pytest.param(pd.DataFrame(), pd.DataFrame(), id="empty table"),
    pytest.param(pd.MultiIndex.from_tuples([(1, "a")]), pd.MultiIndex.from_tuples([(1, "a")]), id="MultiIndex"),
    pytest.param(2.0000001, pytest.approx(2), id="approx number"),
    pytest.param([1, 2.0000001], pytest.approx([1, 2]), id="approx list"),
    pytest.param({"a": [1.0]}, {"a": pytest.approx([1])}, id="approx inside"),
    pytest.param(2.1, pytest.approx(2, rel=0.1), id="approx with a relative tolerance"),
    pytest.param(1003, pytest.approx(1000, abs=5), id="approx with an absolute tolerance"),
    pytest.param(np.array([1.0000001]), pytest.approx(np.array([1.0])), id="approx array"),
    pytest.param(Decimal("2.0000001"), pytest.approx(Decimal(2)), id="approx decimal"),
]


@pytest.mark.parametrize(("came", "expected"), EQUAL)
def test_what_is_alike_has_no_difference(came: object, expected: object) -> None:
    """Values that mean the same to a learner do not differ."""
    found = difference(came, expected)

    assert found is None


DIFFERENT = [
    # What newcomers do
    ([1, 2, 3, 4], [[1, 2], [3, 4]], "type", None, "The items are right, but all in one list; a list that holds lists was expected"),
    ([(1, 2), (3, 4)], [1, 2, 3, 4], "type", None, "The items are right, but in lists inside the list"),
    ([2, 4.0, 6], [1, 2, 3], "factor", None, "Each item is 2 times what was expected"),
    ([2, 4, 7], [1, 2, 3], "off-by-one", "[0]", "one too large"),
    ([2, "b"], [1, "c"], "off-by-one", "[0]", "one too large"),
    ([2, 4], [0, 2], "value", "[0]", "it is 2 too large"),
    ([2, math.inf], [1, math.inf], "off-by-one", "[0]", "one too large"),
    (np.array([2, 3, 4]), np.array([1, 2, 3]), "off-by-one", None, "Each item is 1 too large: [2, 3, 4] came, [1, 2, 3] was expected."),
    (np.array([0.5, 1.0]), np.array([1.0, 2.0]), "factor", None, "Each item is 0.5 times what was expected"),
    (np.array([1.0, 1.5]), np.array([1.5, 2.0]), "value", None, "Each item is 0.5 too small"),
    ("hallo", "hello", "text", "character 2", "At character 2 stands 'a', where 'e' was expected"),
    ("helo world", "hello world", "text", "character 4", "At character 4, 'l' is missing"),
    ("helllo", "hello", "text", "character 5", "At character 5, 'l' is one too many"),
    ({1: "a", 2: "b"}, {"a": 1, "b": 2}, "order", None, "Keys and values are exchanged"),
    (3, 2.5, "rounding", None, "it has been rounded up"),
    (
        pd.DataFrame({"a": [1, 2], "b": [3, 4]}).T,
        pd.DataFrame({"a": [1, 2], "b": [3, 4]}),
        "transposed",
        None,
        "rows and columns are exchanged",
    ),
    (11, [11, 12, 13], "type", None, "Only the first item came, on its own: 11; a list with all 3 items was expected."),
    (13, (11, 12, 13), "type", None, "Only the last item came, on its own: 13; a tuple with all 3 items was expected."),
    (13, np.array([11, 12, 13]), "type", None, "Only the last item came, on its own: 13; an array with all 3 items"),
    (36, np.array([11, 12, 13]), "type", None, "One number came, 36, where an array of shape (3,) was expected: all was put into one."),
    ([0, 1, 2], [7, 3, 8], "value", None, "The places 0, 1, 2 and so on came, and not the values that belong there"),
    ([2, 1], [1, 2], "reversed", None, "The two are exchanged: [2, 1] came, [1, 2] was expected."),
    ([1, 2, 3, 4], [2, 4, 3, 1], "order", None, "but in the order of the alphabet or of size"),
    ({"a": 1, "b": 2}, {"a": 2, "b": 1}, "order", None, "The values are right, but under other keys"),
    (" 3 3 3", 300, "type", None, "The text ' 3' came 3 times over, the number 300 was expected."),
    ("9" * 4, 36, "type", None, "The text '9999' came, the number 36"),
    ("Hello", "Hello!", "length", None, "The last character, '!', is missing"),
    ("ello!", "Hello!", "length", None, "The first character, 'H', is missing"),
    (pd.DataFrame({"a": [1.0, None]}), pd.DataFrame({"a": [1.0, 2.0]}), "none", "row 1, column 'a'", "The value is missing there, 2.0"),
    (
        pd.DataFrame({"a": ["1", "-"]}),
        pd.DataFrame({"a": [1.0, None]}),
        "type",
        "column 'a'",
        "text, because '-' is no number; numbers were",
    ),
    (pd.Series(["1", "-"]), pd.Series([1.0, None]), "type", None, "The whole column is text, because '-' is no number"),
    (
        pd.DataFrame({"a": ["2024-05-06"]}),
        pd.DataFrame({"a": pd.to_datetime(["2024-05-06"])}),
        "type",
        "column 'a'",
        "The whole column is text, dates were expected. `pd.to_datetime(...)`",
    ),
    (
        pd.DataFrame({"b": [2]}, index=pd.Index([1], name="a")),
        pd.DataFrame({"a": [1], "b": [2]}),
        "columns",
        None,
        "'a' came as the labels of the rows, a column was expected.",
    ),
    (pd.DataFrame({"a": [1]}), pd.Series([1]), "type", None, "a whole table; a Series was expected"),
    (
        pd.DataFrame({"a": [1, 2, 3]}, index=["Fri", "Mon", "Tue"]),
        pd.DataFrame({"a": [2, 3, 1]}, index=["Mon", "Tue", "Fri"]),
        "rows-order",
        None,
        "in the order of their labels, from 'Fri' on; 'Mon' comes first.",
    ),
    (
        pd.DataFrame({"a": [1]}, index=[0]),
        pd.DataFrame({"a": [1]}, index=["Mon"]),
        "index",
        None,
        "the row labels are [0]; ['Mon'] were expected.",
    ),
    # Types
    (None, 3, "none", None, "printed instead of returned"),
    ([None], [3], "none", "[0]", "Nothing (None) stands here"),
    (3, None, "unexpected", None, "3 came, nothing"),
    ("3", 3, "type", None, "The text '3' came, the number 3 was expected"),
    (3, "3", "type", None, "`str(...)`"),
    (True, 1, "type", None, "True came, the number 1"),
    (1, True, "type", None, "The number 1 came, True was expected"),
    ({1: 2}, [1, 2], "type", None, "A dictionary came ({1: 2}), a list was expected: [1, 2]"),
    ((1, 2), [1, 2], "type", None, "The items are right, but they came as a tuple; a list was expected."),
    ((1, 9), [1, 2], "value", "[1]", "7 too large"),
    ([3], 3, "wrapped", None, "inside a list"),
    (3, [3], "unwrapped", None, "on its own, a list that holds it"),
    ([[1, 2]], [1, 2], "wrapped", None, "inside a list"),
    ([1, 2], [[1, 2]], "unwrapped", None, "a list that holds it"),
    (np.array([1, 2]), [1, 2], "type", None, "`.tolist()`"),
    ((1, 2), np.array([1, 2]), "type", None, "A tuple came, an array was expected"),
    (dt.date(2024, 1, 2), dt.date(2024, 1, 3), "value", None, "datetime.date(2024, 1, 2) came"),
    (dt.date(2024, 1, 2), "2024-01-02", "type", None, "A value of type `date` came"),
    # Objects of the learner's
    (opaque("Account"), 3, "opaque", None, "An object of type `Account` came, a whole number was expected: 3."),
    (handle("Account"), 3, "opaque", None, "An object of type `Account` came"),
    ([1, handle("Account")], [1, 2], "opaque", "[1]", "An object of type `Account` came"),
    (3, handle("Account"), "opaque", None, "A whole number came (3), an object of type `Account` was expected."),
    (handle("Account"), handle("Account"), "opaque", None, "cannot be seen from outside"),
    (handle("function", "function"), 3, "uncalled", None, "The function itself came, not its result"),
    (handle("Account", "class"), 3, "uncalled", None, "The class `Account` itself came"),
    (handle("map"), [1], "lazy", None, "`list(...)` works it out"),
    (handle("range"), [1], "view", None, "A `range` came, a list was expected"),
    # Numbers
    (4, 3, "off-by-one", None, "it is one too large"),
    (2, 3, "off-by-one", None, "it is one too small"),
    (-4, 4, "sign", None, "the sign is the opposite"),
    (2.5, 3.5, "value", None, "it is 1 too small"),
    (3, 3.5, "floor", None, "the part after the point is lost"),
    (4, 3.7, "rounding", None, "it has been rounded"),
    (3.14, 3.14159, "rounding", None, "it has been rounded"),
    (3.14159, 3.14, "rounding", None, "round it to 2 places after the point"),
    (2.46, 2.5, "rounding", None, "round it to 1 place after the point"),
    (3.00000001, 3, "rounding", None, "differ only by rounding, by about 1e-08"),
    (50, 5, "factor", None, "10 times too large"),
    (0.05, 5, "factor", None, "100 times too small"),
    (0.25, 4, "reciprocal", None, "1 divided by it"),
    (7, 3.2, "value", None, "3.8 too large"),
    (0, 7, "value", None, "7 too small"),
    (NAN, 2, "nan", None, "a division of 0 by 0"),
    (Decimal("sNaN"), 2, "nan", None, "not a number"),
    (2, NAN, "value", None, "2 came, nan was expected"),
    (math.inf, 2, "infinite", None, "infinity"),
    (Decimal("inf"), 2, "infinite", None, "infinity"),
    (2, math.inf, "value", None, "2 came, inf was expected"),
    (1 + 2j, 1 + 3j, "value", None, "(1+2j) came, (1+3j) was expected."),
    (10**12 + 1, 10**12, "off-by-one", None, "one too large"),
    (10**400 + 1, 10**400, "value", None, "a whole number of about 400 digits"),
    (10**400, 1.5, "value", None, "about 400 digits"),
    (-(10**400), 1.5, "value", None, "-(a whole number of about 400 digits)"),
    (Decimal("1E+999999999"), 1, "value", None, "Decimal('1E+999999999') came"),
    (2.5, pytest.approx(2), "value", None, "2.5 came, 2 was expected"),
    ("2", pytest.approx(2), "type", None, "the number 2"),
    ([1, 2], pytest.approx([1, 3]), "off-by-one", "[1]", "At [1]: 2 came, 3 was expected"),
    # Lists
    ([], [1], "empty", None, "A list without any item came"),
    ([1], [], "extra-item", None, "a list without any item was expected"),
    ([1, 2], [1, 2, 3], "off-by-one", None, "The last item, 3, is missing: what came stops one too early."),
    ([2, 3], [1, 2, 3], "off-by-one", None, "The first item, 1, is missing"),
    ([1, 2, 3], [1, 2], "off-by-one", None, "The last item, 3, is one too many"),
    ([0, 1, 2], [1, 2], "off-by-one", None, "The first item, 0, is one too many"),
    ([1, 3], [1, 2, 3], "missing-item", "[1]", "The item 2 is missing here"),
    ([1, 9, 3], [1, 3], "extra-item", "[1]", "The item 9 is one too many here"),
    ([1], [1, 2, 3], "length", None, "1 item is right, but 2 items are missing after that, from 2 on."),
    ([1, 2, 3], [1], "length", None, "All that was expected came, but 2 items are too many after it, from 2 on."),
    ([1, 5], [1, 2, 3], "length", None, "2 items came, 3 items were expected; the first difference is at [1]: 5 came, 2 was"),
    ([1, 2, 9], [1, 2, 5], "value", "[2]", "At [2]: 9 came, 5 was expected: it is 4 too large."),
    ([3, 2, 1], [1, 2, 3], "reversed", None, "in reverse order"),
    ([2, 1, 3], [1, 2, 3], "order", None, "in another order"),
    ([0, 1, 2], [1, 2, 3], "off-by-one", None, "Each item is one too small"),
    ([2, 3, 4], [1, 2, 3], "off-by-one", None, "Each item is one too large"),
    ([9, 1, 4, 2], [1, 4, 2, 7], "shift", None, "moved one place towards the end"),
    ([4, 2, 7, 8], [1, 4, 2, 7], "shift", None, "moved one place towards the start"),
    ([[1, 2], [3, 9]], [[1, 2], [3, 4]], "value", "[1][1]", "At [1][1]: 9 came"),
    ([True, 5], [1, 2], "type", "[0]", "True came"),
    # Texts
    ("", "a", "empty", None, "An empty text came, 'a' was expected."),
    ("fizz", "Fizz", "case", "character 1", "capital and small letters, first at character 1"),
    ("Fizz\n", "Fizz", "newline", None, "a line break too many at the end: 'Fizz↵' came"),
    ("Fizz", "Fizz\n", "newline", None, "The line break at the end is missing"),
    ("Fizz ", "Fizz", "whitespace", None, "The spaces around the text differ: 'Fizz·' came"),
    ("a\tb", "a b", "whitespace", None, "The texts differ in spaces: 'a→b' came, 'a·b' was expected"),
    ("Hello wrold", "Hello world", "text", "character 8", "two characters are exchanged: 'Hello wrold' came"),
    ("a\nbcd", "a\nbcx", "text", "line 2, character 3", "At line 2, character 3 stands 'd', where 'x' was expected"),
    ("a b", "a, c", "text", "character 2", "' b' came"),
    ("Fizz", "FizzBuzz", "length", None, "stops too early, after 'Fizz'"),
    ("FizzBuzz", "Fizz", "length", None, "goes on too long, with 'Buzz'"),
    ("olleh", "hello", "reversed", None, "The text came backwards"),
    ("'a'", "a", "quotes", None, "quotation marks inside it"),
    ("Hello world", "Hello, world!", "punctuation", None, "the punctuation differs"),
    ("e\u0301", "\u00e9", "lookalike", "character 1", "stands U+0065 (latin small letter e), where U+00E9"),
    ("caf\u0435", "cafe", "lookalike", "character 4", "stands U+0435 (cyrillic small letter ie)"),
    (["ab"], ["ac"], "text", "[0]", "At [0]: At character 2 stands 'b', where 'c' was expected: 'ab' came, 'ac' was expected."),
    ("x" * 500 + "a", "x" * 500 + "b", "text", "character 501", "character 501"),
    (b"ab", b"ac", "off-by-one", "[1]", "98 came, 99 was expected"),
    (b"ab", b"abc", "value", None, "b'ab' came, b'abc' was expected."),
    # Dictionaries and sets
    ({"a": 9}, {"a": 2}, "value", "['a']", "At ['a']: 9 came, 2 was expected"),
    ({}, {"a": 1}, "missing-key", None, "The key 'a' is missing."),
    ({}, {"a": 1, "b": 1}, "missing-key", None, "2 keys are missing, the first is 'a'."),
    ({"a": 1, "b": 1}, {"a": 1}, "extra-key", None, "The key 'b' is one too many."),
    ({"a": 1, "b": 1}, {}, "extra-key", None, "2 keys are too many, the first is 'a'."),
    ({"Price ": 1}, {"price": 1}, "renamed-key", None, "The key 'Price ' came, the key 'price' was expected."),
    ({1: "x"}, {"1": "x"}, "renamed-key", None, "The key 1 came as a whole number, a text was expected: '1'."),
    ({(1,): "x"}, {(2,): "x"}, "missing-key", None, "The key (2,) is missing."),
    ({"p": [{"x": 3}]}, {"p": [{"x": 9}]}, "value", "['p'][0]['x']", "At ['p'][0]['x']: 3 came"),
    ({1}, {1, 2}, "missing-item", None, "2 is missing from the set."),
    ({1, 2}, {1}, "extra-item", None, "2 is in the set and does not belong there."),
    ({1, 2}, {1, 3}, "value", None, "2 is in the set and does not belong there, and 3 is missing."),
    # Arrays
    (np.array([1, 2]), np.array([1.0, 2.0]), "dtype", None, "their type is int64; float64 was expected"),
    (np.array([[1, 2], [3, 4]]), np.array([[1, 3], [2, 4]]), "transposed", None, "rows and columns are exchanged"),
    (np.arange(6).reshape(2, 3), np.arange(6).reshape(2, 3).T, "transposed", None, "rows and columns are exchanged"),
    (np.arange(6), np.arange(6).reshape(2, 3), "shape", None, "their shape is (6,); (2, 3) was expected"),
    (np.ones((3, 3)), np.ones(3), "shape", None, "Every pair was combined"),
    (np.ones((2, 3)), np.ones(3), "shape", None, "2 axes came (shape (2, 3)), 1 axis was expected (shape (3,)). Look at `axis`."),
    (np.ones((2, 3)), np.ones((2, 4)), "shape", None, "An array of shape (2, 3) came, shape (2, 4) was expected."),
    (np.array([1, 2, 3]), np.array([1, 2]), "off-by-one", None, "The last item, 3, is one too many"),
    (np.array([3, 2, 1]), np.array([1, 2, 3]), "reversed", None, "in reverse order"),
    (np.array([2, 1, 3]), np.array([1, 2, 3]), "order", None, "in another order"),
    (np.array([[1, 9], [3, 4]]), np.array([[1, 2], [3, 4]]), "value", "[0, 1]", "it is 7 too large. 1 of 4 values differs."),
    (np.array([1.0, NAN]), np.array([5.0, 9.0]), "value", "[0]", "2 of 2 values differ."),
    (np.array([5]), np.array([1]), "value", "[0]", "4 too large."),
    (np.array([1, 2**62]), np.array([1, 2**62 + 1]), "off-by-one", "[1]", "one too small"),
    (np.array([1.0]), np.array([math.inf]), "value", "[0]", "1.0 came, inf was expected"),
    (np.array(["a", "b"]), np.array(["a", "x"]), "text", "[1]", "'b' came, 'x' was expected"),
    (np.array([1, "a"], dtype=object), np.array([1, "b"], dtype=object), "text", "[1]", "'a' came"),
    (np.array(["2024-01-01"], "M8[D]"), np.array(["2024-01-02"], "M8[D]"), "value", "[0]", "2024-01-01"),
    # Tables
    (pd.Series([1, 2]), pd.Series([1, 9]), "value", "row 1", "At row 1: 2 came, 9 was expected"),
    (pd.Series([2, 1]), pd.Series([1, 2]), "rows-order", None, "The rows are right, but in another order."),
    (pd.Series([1, 2]), pd.Series([1.0, 2.0]), "dtype", None, "their type is int64; float64 was expected"),
    (pd.Series([1, 2], [5, 6]), pd.Series([1, 2]), "index", None, "the row labels are [5, 6]; [0, 1] were expected"),
    (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1], "b": [1]}), "columns", None, "The column 'b' is missing"),
    (pd.DataFrame({"a": [1], "b": [1]}), pd.DataFrame({"a": [1]}), "columns", None, "The column 'b' is one too many"),
    (pd.DataFrame({"totl": [1]}), pd.DataFrame({"total": [1]}), "columns", None, "called 'totl', the name 'total'"),
    (pd.DataFrame({"x": [1]}), pd.DataFrame({"total": [1]}), "columns", None, "called 'x', the name 'total'"),
    (pd.DataFrame({"x": [1], "y": [1]}), pd.DataFrame({"kind": [1], "total": [1]}), "columns", None, "The column 'kind' is missing"),
    (pd.DataFrame({"b": [1], "a": [1]}), pd.DataFrame({"a": [1], "b": [1]}), "columns-order", None, "['b', 'a'] came"),
    (
        pd.DataFrame({"a": [1, 2, 3]}),
        pd.DataFrame({"a": [1, 2]}),
        "rows",
        None,
        "3 rows came, 2 rows were expected; the row 3 is too many.",
    ),
    (pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"a": [1, 1], "b": [2, 3]}), "rows", None, "the row (1, 3) is missing."),
    (pd.DataFrame({"a": [1, 5]}), pd.DataFrame({"a": [2]}), "rows", None, "2 rows came, 1 row was expected."),
    (pd.DataFrame({"a": [2, 1]}), pd.DataFrame({"a": [1, 2]}), "rows-order", None, "in another order"),
    (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1.0]}), "dtype", "column 'a'", "At column 'a': The values are right"),
    (
        pd.DataFrame({"a": [1, 2], "b": [1.0, 2.0]}, ["x", "y"]),
        pd.DataFrame({"a": [1, 2], "b": [1.0, 9.0]}, ["x", "y"]),
        "value",
        "row 'y', column 'b'",
        "2.0 came, 9.0 was expected",
    ),
    ({"t": pd.DataFrame({"a": [1]})}, {"t": pd.DataFrame({"a": [9]})}, "value", "['t'], row 0, column 'a'", "1 came, 9"),
    (pd.Index([1, 2]), pd.Index([1, 9]), "value", "[1]", "At [1]: 2 came"),
    (pd.Index([1]), pd.Index([1.0]), "dtype", None, "int64"),
    (pd.Series([1]), pd.DataFrame({"a": [1]}), "type", None, "A Series came"),
    # Depth
    (nested(150), nested(150), "too-deep", "…", "more than 100 levels deep"),
]


@pytest.mark.parametrize(("came", "expected", "kind", "place", "words"), DIFFERENT)
def test_the_most_telling_difference_is_named(came: object, expected: object, kind: str, place: str | None, words: str) -> None:
    """The first sentence names the mistake, its kind is a word for machines, and its place is inside the value."""
    found = difference(came, expected)

    assert found is not None
    assert (found.kind, words in found.message) == (kind, True), found
    assert found.place == place or (place == "…" and place in str(found.place))


@pytest.mark.parametrize(
    ("came", "expected", "options"),
    [
        ([3, 1, 2], [1, 2, 3], {"order": False}),
        ([0.3, 1.0], [1.0, 0.1 + 0.2], {"order": False}),
        ([[0.3, 2], [0.1, 1]], [[0.1, 1], [0.1 + 0.2, 2]], {"order": False}),
        ([[0.3, 2], [0.1 + 0.2, 1]], [[0.3, 1], [0.1 + 0.2, 2]], {"order": False}),
        ([10.0, 10.4], [10.3, 10.1], {"order": False, "abs": 0.15}),
        (
            [None, "a", 1, 1j, b"x", {"k": {2}}, dt.date(2024, 1, 1)],
            [{"k": {2}}, 1j, b"x", dt.date(2024, 1, 1), "a", None, 1],
            {"order": False},
        ),
        (1003, 1000, {"abs": 5}),
        (1003, 1000, {"rel": 0.01}),
        (np.array([1003]), np.array([1000]), {"abs": 5}),
        (np.array([3, 1]), np.array([1, 3]), {"order": False}),
        (np.array([1, 2]), np.array([1.0, 2.0]), {"dtype": False}),
        (pd.Series([1], [7]), pd.Series([1]), {"index": False}),
        (pd.Series([1]), pd.Series([1.0]), {"dtype": False}),
        (pd.DataFrame({"b": [2, 1], "a": [1, 1]}, [1, 0]), pd.DataFrame({"a": [1, 1], "b": [1, 2]}), {"order": False}),
        (pd.DataFrame({"a": [2, 1]}), pd.DataFrame({"a": [1, 2]}), {"order": False, "index": False}),
    ],
)
def test_an_option_forgives_what_it_names(came: object, expected: object, options: dict[str, Any]) -> None:
    """order, rel, abs, dtype and index each make one difference not count, which counts without them."""
    forgiven = difference(came, expected, **options)

    assert forgiven is None
    assert difference(came, expected) is not None


@pytest.mark.parametrize(
    ("came", "expected", "options", "kind"),
    [
        (2.0, 2, {"types": True}, "type"),
        ({1}, frozenset({1}), {"types": True}, "type"),
        (np.array([0.1 + 0.2]), np.array([0.3]), {"rel": 0, "abs": 0}, "rounding"),
        ([1, 2], [1, 3], {"order": False}, "value"),
        ([1, 1], [1], {"order": False}, "extra-item"),
        ([1], [1, 2], {"order": False}, "missing-item"),
        (np.array([1, 2]), np.array([3, 1]), {"order": False}, "value"),
        (np.array([2, 1]), np.array([1.0, 2.0]), {"order": False}, "dtype"),
        (pd.Series([1, 2]), pd.Series([3, 1]), {"order": False}, "value"),
        (pd.Series([2, 1]), pd.Series([1, 2]), {"order": False}, "index"),
        (pd.Series([2, 1], [1, 0]), pd.Series([1.0, 2.0]), {"order": False}, "dtype"),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}), {"order": False}, "columns"),
        (pd.Series([1, 2], [5, 6]), pd.Series([1, 9]), {"index": False}, "value"),
        (list(range(1000)), [item + 0.5 for item in range(1000)], {"order": False}, "value"),
    ],
)
def test_an_option_forgives_nothing_else(came: object, expected: object, options: dict[str, Any], kind: str) -> None:
    """What an option does not name still counts."""
    found = difference(came, expected, **options)

    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize("options", [{"rel": -1}, {"abs": NAN}, {"abs": math.inf}])
def test_a_tolerance_must_be_a_finite_number(options: dict[str, Any]) -> None:
    """A tolerance that would make everything equal, or nothing, is the grader's mistake."""
    with pytest.raises(ValueError, match="must be a finite number of at least 0"):
        difference(1, 1, **options)


def test_an_approx_date_is_left_to_pytest() -> None:
    """pytest.approx of a date has a tolerance in time, which pytest itself knows."""
    noon = dt.datetime(2024, 1, 1, 12)  # noqa: DTZ001 - a plain date and time, as a learner's

    near = difference(noon + dt.timedelta(seconds=1), pytest.approx(noon, abs=dt.timedelta(seconds=2)))

    assert near is None
    assert difference(noon + dt.timedelta(seconds=9), pytest.approx(noon, abs=dt.timedelta(seconds=2))) is not None


def test_an_authors_matcher_may_accept_any_value_but_no_object() -> None:
    """An expected value with an __eq__ of its own is asked, except about what cannot be seen."""

    class Anything:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    accepted = difference([1], [Anything()])

    assert accepted is None
    assert difference(handle("Liar"), Anything()) is not None


def test_a_handle_is_never_asked() -> None:
    """Comparing, explaining and showing a learner's object sends nothing to the learner's process."""
    stranger = handle("Account")

    texts = [show([stranger]), str(same(stranger, 1).difference), explain("==", stranger, 3).message, explain("in", 3, stranger).message]

    assert all("Account" in text for text in texts)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.decimals(allow_nan=False) | st.complex_numbers(),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
arrays = st.lists(st.integers(0, 3), min_size=6, max_size=6).map(lambda items: np.array(items).reshape(2, 3))
frames = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("ab")), max_size=4).map(lambda rows: pd.DataFrame(rows, columns=["n", "t"]))
values = plain | arrays | arrays.map(np.transpose) | frames | frames.map(lambda frame: frame["n"])


@UNHURRIED
@given(values)
def test_every_value_is_the_same_as_itself(value: object) -> None:
    """No value differs from itself, in order or not, and with the strictest options."""
    found = [difference(value, value, order=order, types=True, rel=0, abs=0) for order in (True, False)]

    assert found == [None, None]


@UNHURRIED
@given(values, values, st.booleans())
def test_a_difference_always_has_a_sentence(came: object, expected: object, order: bool) -> None:
    """Whatever came and whatever was expected, the difference is one bounded, printable line of text, or there is none."""
    found = difference(came, expected, order=order)

    assert found is None or found.message.strip()
    assert found is None or all(text.isprintable() and len(text) <= 200 for text in (found.came, found.expected))
    assert found is None or (found.message.isprintable() and len(found.message) < 500)


@UNHURRIED
@given(st.lists(st.integers(0, 5), max_size=6), st.lists(st.integers(0, 5), max_size=6))
def test_without_order_lists_are_compared_as_counted_items(came: list[int], expected: list[int]) -> None:
    """order=False means: each item as often as expected."""
    found = difference(came, expected, order=False)

    assert (found is None) == (Counter(came) == Counter(expected))


@UNHURRIED
@given(st.lists(st.integers(-3, 3), max_size=6), st.lists(st.integers(-3, 3), max_size=6))
def test_lists_and_arrays_are_judged_alike(came: list[int], expected: list[int]) -> None:
    """The vectorised comparison agrees with the one item by item."""
    arrays_differ = difference(np.array(came, dtype=int), np.array(expected, dtype=int)) is not None

    assert arrays_differ == (difference(came, expected) is not None)


HOSTILE = [
    pytest.param([i * (2**61 - 1) for i in range(20_000)], list(range(20_000)), {"order": False}, id="whole numbers whose hashes collide"),
    pytest.param(list(range(60_000))[::-1], [*range(59_999), 0.5], {}, id="long lists"),
    pytest.param("ab " * 100_000, "ba " * 100_000, {}, id="long texts"),
    pytest.param({str(i): i for i in range(20_000)}, {f"{i}x": i for i in range(20_000)}, {}, id="many keys"),
    pytest.param(nested(5_000), nested(5_000), {}, id="deep nesting"),
    pytest.param(nested(5_000), 3, {}, id="deep nesting for a number"),
    pytest.param({"k": Decimal("1E+999999999")}, {"k": Fraction(1, 3)}, {}, id="a decimal with a huge exponent"),
    pytest.param([10**50_000], ["x"], {}, id="a number with 50,000 digits"),
]


@pytest.mark.parametrize(("came", "expected", "options"), HOSTILE)
def test_a_value_made_to_be_slow_is_told_quickly(came: object, expected: object, options: dict[str, Any]) -> None:
    """What the wire lets through cannot hold up the trusted process."""
    # As where a check is asked: what was there before, here all that earlier tests have left, is not looked through for garbage.
    gc.collect()
    gc.freeze()
    try:
        start = time.process_time()
        found = difference(came, expected, **options)
        took = time.process_time() - start
    finally:
        gc.unfreeze()

    assert found is not None
    assert took < 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (np.float64(3), "3.0"),
        ("a'b", '"a\'b"'),
        ((1,), "(1,)"),
        (set(), "set()"),
        ({"b", "a"}, "{'a', 'b'}"),
        ({"b", 1}, "{1, 'b'}"),
        (frozenset({1}), "frozenset({1})"),
        ({"a": [1]}, "{'a': [1]}"),
        (b"a\x00", "b'a\\x00'"),
        (dt.date(2024, 1, 2), "datetime.date(2024, 1, 2)"),
        (Fraction(1, 2), "Fraction(1, 2)"),
        (Fraction(10**4000, 3), "(a Fraction of very large numbers)"),
        (10**4000, "(a whole number of about 4000 digits)"),
        (np.array([[1, 2], [3, 4]]), "array of shape (2, 2), int64: [[1, 2], [3, 4]]"),
        (pd.Series([1, 2]), "Series, int64: [1, 2]"),
        (pd.Series([1, 2], ["a", "b"]), "Series, int64: [1, 2], labelled ['a', 'b']"),
        (pd.Index([1]), "Index, int64: [1]"),
        (pd.DataFrame({"a": [1], "b": ["x"]}), "DataFrame, 1 row, 2 columns: {'a': [1], 'b': ['x']}"),
        (pytest.approx(2), "about 2"),
        (handle("Account"), "<Account object>"),
        (nested(9), "[[[[[[[…]]]]]]]"),
        ("\x1b[31mred\u202e", "'\\x1b[31mred\\u202e'"),
        ("\ud800", "'\\ud800'"),
        (opaque("\x1b[31m"), "<\\x1b[31m object>"),
    ],
)
def test_a_short_value_is_shown_whole(value: object, text: str) -> None:
    """A value is shown as Python writes it, tables compactly, and nothing in it reaches a terminal as a command."""
    shown = show(value)

    assert shown == text


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (list(range(1000)), ["[0, 1, ", ", …, 999] (1000 items)"]),
        (set(range(1000)), ["{0, 1, ", ", …} (1000 items)"]),
        ({i: i for i in range(100)}, ["{0: 0, ", "…", "(100 items)"]),
        ("a" * 1000, ["'aaa", "…", "' (1000 characters)"]),
        ("\x00" * 190, ["'\\x00", "…", "(190 characters)"]),
        (b"\x00" * 1000, ["b'\\x00", "…", "' (1000 bytes)"]),
        (np.arange(1000.0), ["shape (1000,), float64: [0.0, 1.0", "…, 999.0]"]),
        (np.zeros((50, 60, 70)), ["shape (50, 60, 70), float64: [[[0.0, "]),
        (pd.DataFrame({f"c{i}": range(1000) for i in range(40)}), ["DataFrame, 1000 rows, 40 columns: {'c0': [0, "]),
        ({(i, frozenset({i})) for i in range(500)}, ["(500 items)"]),
        ({frozenset({i}) if i % 2 else str(i) for i in range(500)}, ["(500 items)"]),
    ],
)
def test_a_long_value_is_cut_and_its_length_told(value: object, parts: list[str]) -> None:
    """What does not fit is left out of the middle, and how much there is stands at the end."""
    shown = show(value)

    assert all(part in shown for part in parts), shown
    assert len(shown) <= 200


def test_only_whole_items_are_left_out_of_a_list() -> None:
    """A long list is cut between two of its items."""
    shown = show(list(range(1000)))

    assert re.fullmatch(r"\[0, 1, 2, (\d+, )+…, 999\] \(1000 items\)", shown)


def test_an_authors_own_repr_is_escaped() -> None:
    """What an expected object says of itself reaches no terminal as a command either."""

    class Red:
        def __repr__(self) -> str:
            return "\x1b[31mred"

    assert show([Red()]) == "[\\x1b[31mred]"


@UNHURRIED
@given(values, st.integers(0, 120))
def test_a_shown_value_keeps_to_its_limit(value: object, limit: int) -> None:
    """`show` gives one printable line of at most the limit, the same each time."""
    shown = show(value, limit=limit)

    assert len(shown) <= max(limit, 16)
    assert shown.isprintable()
    assert shown == show(value, limit=limit)


def test_a_huge_value_is_not_rendered_whole() -> None:
    """Showing a value of many megabytes costs as little as showing its first items."""
    huge = [["x" * 1_000_000] * 1_000] * 1_000_000

    start = time.process_time()
    shown = show({"huge": huge})

    assert time.process_time() - start < 0.5
    assert "(1000000 items)" in shown


def test_a_comparison_is_true_when_there_is_no_difference() -> None:
    """`assert same(...)` passes on equal values and leaves nothing behind."""
    comparison = same(2.0, 2)

    assert comparison
    assert take_last() is None
    assert "no difference" in repr(comparison)


def test_a_failed_assert_carries_the_token_and_leaves_the_comparison() -> None:
    """The message of a failed assert shows the comparison's token, and the comparison itself can be taken once."""
    comparison = same([1, 2], [1, 9])
    with pytest.raises(AssertionError) as failure:
        assert comparison

    taken = take_last()
    assert taken is comparison
    assert taken.token in repr(comparison)
    assert str(failure.value).startswith(f"assert <same {taken.token}: At [1]: 2 came")
    assert take_last() is None


def test_no_two_comparisons_share_a_token() -> None:
    """A token cannot be guessed from another, so a learner's text cannot pass for a comparison."""
    tokens = {same(1, 1).token for _ in range(100)}

    assert len(tokens) == 100


@pytest.mark.parametrize(
    ("op", "came", "expected", "kind", "words"),
    [
        ("==", 2, 3, "off-by-one", "2 came, 3 was expected"),
        ("==", 0.1 + 0.2, 0.3, "rounding", "differ only by rounding"),
        ("==", NAN, NAN, "nan", "nan is never equal to anything"),
        ("==", [NAN], [float("nan")], "value", "[nan] came"),
        ("==", pytest.approx(2), 3, "off-by-one", "3 came, 2 was expected"),
        ("==", None, 3, "none", "printed instead of returned"),
        ("<=", 7, 5, "too-large", "At most 5 was expected, but 7 came."),
        ("<", 7, 7, "too-large", "Less than 7 was expected, but 7 came."),
        (">=", 1, 5, "too-small", "At least 5 was expected, but 1 came."),
        (">", 1, 1, "too-small", "More than 1 was expected, but 1 came."),
        (">", NAN, 1, "nan", "never smaller or larger"),
        ("in", 3, [1, 2], "not-found", "3 was looked for in [1, 2], and is not there."),
        ("not in", "a", "abc", "found", "'a' was not expected in 'abc', and is there."),
        ("!=", 3, 3, "equal", "anything but 3 was expected"),
        ("is", 3, None, "identity", "3 came, exactly None was expected."),
        ("is", None, True, "none", "Nothing (None) came back"),
        ("is", [1], [1], "identity", "the very same object was expected"),
        ("is not", None, None, "none", "Nothing (None) was returned"),
        ("is not", True, True, "identity", "another one was expected"),
        ("@", 1, 2, "value", "1 came, 2 was expected."),
    ],
)
def test_a_plain_assert_is_explained(op: str, came: object, expected: object, kind: str, words: str) -> None:
    """What pytest knows of a failed plain assert becomes the same kind of sentence."""
    found = explain(op, came, expected)

    assert found.kind == kind
    assert words in found.message


@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">="])
@UNHURRIED
@given(st.integers(), st.integers())
def test_a_mirrored_operator_says_the_same(op: str, left: int, right: int) -> None:
    """Exchanging the sides and the operator changes nothing."""
    asked = {"==": int.__eq__, "!=": int.__ne__, "<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__}

    assert asked[op](left, right) == asked[compare.MIRRORED[op]](right, left)


def test_printed_instead_of_returned_is_told() -> None:
    """A function that printed its answer hears so, with what it printed, escaped."""
    told = nothing_returned("6\n")

    assert told == "Nothing was returned, but '6' was printed. `return` hands a value back, `print` only shows it."
    assert "every way through the function" in nothing_returned(" \n")
    assert "\\x1b" in nothing_returned("\x1b[2J")


CODE = [
    ("{}.get()", "`get` was called without an argument"),
    ("class Kitty: pass\nKitty(1)", "The class `Kitty` takes no arguments"),
    ("import numpy\nnumpy.array([1]).median()", "NumPy has it as a function: `np.median(...)`"),
    ("import numpy\nnumpy.array([1]).plot()", "An array has no `plot`. If what it holds has one"),
    ("[' a '].strip()", "If its items have one, go through them"),
    ("import pandas\npandas.Series([1]).day_name()", "`.dt.day_name`"),
    ("import pandas\npandas.DataFrame({'a': [1]}).groupby('a')['b']", "The table has no column `b`."),
    ("''.uper()", "Did you mean `upper`?"),
    ("class Text: pass\nText()('Visits')", "`set_title(...)` writes it"),
    ("class Axes: pass\nAxes().ylabel('Visits')", "axes have `set_ylabel(...)`"),
    ("nam", "`nam` is not known here"),
    ("def f():\n    x += 1\nf()", "`x` is used in the function before it has a value"),
    ("def f():\n    def g():\n        return y\n    g()\n    y = 1\nf()", "`y` is used before it has a value"),
    ("def f(a, b): ...\nf(1)", "`f` was called without its argument 'b'"),
    ("def f(a): ...\nf(1, 2)", "`f` was called with 2 arguments, but takes 1"),
    ("def f(a): ...\nf(1, b=2)", "`f` has no parameter called `b`"),
    ("def f(a): ...\nf(1, a=2)", "its argument `a` twice"),
    ("None + 1", "One side of a calculation is None"),
    ("1 + None", "One side of a calculation is None"),
    ("1 + '2'", "`+` does not work between a value of type `int` and one of type `str`"),
    ("'2' + 1", "A value of type `str` and one of type `int` cannot be joined"),
    ("', '.join([1])", "`str(...)` turns a value into a text"),
    ("x = None\nx[0]", "None is not subscriptable"),
    ("for x in None: ...", "None is not iterable"),
    ("len[0]", "Put round brackets after its name"),
    ("x = 3\nx[0]", "A value of type `int` has no items"),
    ("x = 3\nx(4)", "A value of type `int` cannot be called"),
    ("for x in 3: ...", "`range(n)` gives the numbers from 0"),
    ("a, b = 3", "gone through item by item"),
    ("for x in 3.5: ...", "gone through item by item"),
    ("(1,)[0] = 2", "The items of a value of type `tuple` cannot be changed"),
    ("3 < 'a'", "`<` cannot order a value of type `int` and one of type `str`"),
    ("x = [1]\nx['a']", "a value of type `str` came"),
    ("{[]: 1}", "A value of type `list` can change"),
    ("len(3)", "A value of type `int` has no length"),
    ("range(2.5)", "A whole number was needed, but a value of type `float` came"),
    ("-'a'", "does not work on a value of type `str`"),
    ("[][0]", "A place past the end was asked for"),
    ("[].pop()", "taken out of an empty list"),
    ("{}['price']", "There is no key 'price'"),
    ("1 / 0", "Something is divided by 0"),
    ("None.append(1)", "None has no `append`"),
    ("[].push(1)", "A value of type `list` has no `push`"),
    ("import math; math.sqr", "The module `math` has no `sqr`"),
    ("def f(n): return f(n)\nf(1)", "calls itself without end"),
    ("import pandsa", "There is no module `pandsa` here"),
    ("from math import sqr", "The module `math` has no `sqr` to import"),
    ("if 1:\nx = 1", "must be indented, by four spaces"),
    ("  x = 1\n y = 1", "spaces at the start of a line"),
    ("if 1:\n\tx = 1\n        y = 1", "Tabs and spaces are mixed"),
    ("f(1", "A bracket `(` is opened and never closed"),
    ("f(1))", "A bracket `)` is closed that was never opened"),
    ("if x\n    y", "A colon `:` is missing"),
    ("x = 'abc", "starts with a quotation mark"),
    ("print 3", "`print` needs round brackets"),
    ("if x = 3: pass", "use `==`"),
    ("3 = x", "use `==`"),
    ("[1 2]", "perhaps a comma is missing"),
    ("return 3", "`return` stands outside a function"),
    ("x = = 3", "Python cannot read this line: invalid syntax."),
    ("int('x')", "`int(...)` cannot read 'x' as a whole number"),
    ("float('x')", "'x' cannot be read as a number"),
    ("a, b = 1, 2, 3", "more values on the right of `=` than the 2 names"),
    ("a, b = [1]", "There are 2 names on the left of `=`, but only 1 on the right"),
    ("max([])", "it is empty"),
    ("[1].remove(2)", "Ask with `in` first"),
    ("[1].index(2)", "Ask with `in` first"),
    ("'a'.index('b')", "Ask with `in` first"),
    ("import math; math.sqrt(-1)", "not defined for that number"),
    ("import math, numpy as np; math.sqrt(np.ones(3))", "has functions of its own, such as `np.sqrt`"),
    ("import numpy as np; np.ones(3) ^ 2", "`x ** 2`"),
    ("1.5 ^ 2", "`x ** 2`"),
    ("import numpy as np; np.ones(3) + np.ones(4)", "shapes (3,) (4,) do not fit together"),
    ("import numpy as np; np.ones((2, 3)) @ np.ones((2, 3))", "cannot be multiplied"),
    ("import numpy as np; np.ones((2, 3)).dot(np.ones((2, 3)))", "cannot be multiplied"),
    ("import numpy as np\nif np.ones(3): ...", "Use `.any()` or `.all()`"),
    ("import pandas as pd\nif pd.Series([1, 2]): ...", "Use `.any()` or `.all()`"),
    ("import numpy as np; np.ones(6).reshape(4, 2)", "6 values cannot be put into the shape (4,2)"),
    ("import numpy as np; np.array([[1], [1, 2]])", "The rows have different lengths"),
    ("import numpy as np; np.ones(3).sum(axis=2)", "There is no axis 2: the array has 1"),
    ("import numpy as np; np.ones(3)[5]", "axis 0 has 3 places"),
    ("import numpy as np; np.ones(3)[1, 2]", "Look at its `.shape`"),
    ("import numpy as np; np.array([]).max()", "it is empty"),
    ("import numpy as np; np.linalg.inv(np.ones((2, 2)))", "The matrix has no inverse"),
    ("import pandas as pd; pd.DataFrame({'a': [1]})['b']", "There is no key 'b'"),
    ("import pandas as pd; pd.DataFrame({'a': [1]})[['b']]", "`.columns` lists the names"),
    ("import pandas as pd; pd.DataFrame({'a': [1]}).drop(columns=['b'])", "`.columns` lists the names"),
    ("import pandas as pd; pd.DataFrame({'a': [1], 'b': [1, 2]})", "The columns have different lengths"),
    ("import pandas as pd\nd = pd.DataFrame({'a': [1]})\nd['b'] = [1, 2]", "The columns have different lengths"),
    ("raise NotImplementedError", "still to be written"),
    ("open('no-such-file')", "There is no file 'no-such-file' here"),
    ("raise PermissionError(1, 'Operation not permitted')", "The sandbox does not allow this"),
    ("raise ConnectionRefusedError(111, 'refused')", "does not allow connections to the network"),
    ("raise MemoryError", "more memory than it may use"),
    ("raise TimeoutError", "a loop that does not end"),
    ("next(iter([]))", "one item more than there are"),
    ("2.0 ** 10000", "too large for its type"),
    ("b'\\xff'.decode()", "another encoding"),
    ("raise EOFError", "`input()` was asked for more lines"),
    ("raise KeyboardInterrupt", "interrupted"),
    ("exit()", "ended itself"),
    ("assert False, 'no'", "An `assert` in the code did not hold: no."),
    ("assert False", "An `assert` in the code did not hold."),
    ("class Bang(Exception): ...\nraise Bang('the\\nbattery')", "The code stopped with Bang: the\\nbattery"),
    ("class Bang(Exception): ...\nraise Bang", "The code stopped with Bang."),
]


@pytest.mark.parametrize(("code", "words"), CODE)
def test_an_exception_of_pythons_own_making_is_explained(code: str, words: str) -> None:
    """What this Python really raises for a newcomer's mistake is said in plain words."""
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - SystemExit and KeyboardInterrupt are among them
        exec(compile(code, "<cell>", "exec"), {"exit": sys.exit})  # noqa: S102 - the tests' own snippets

    told = explain_exception(type(raised.value).__name__, str(raised.value))
    assert words in told


def test_a_cell_that_ends_too_early_is_explained() -> None:
    """What a kernel says of a bracket in a cell's last statement does not name it: the sentence says what to look for."""
    assert "opened and never closed" in explain_exception("SyntaxError", "incomplete input (<cell>, line 2)")


def test_a_syntax_error_names_its_line() -> None:
    """The line that Python names in brackets leads the sentence."""
    told = explain_exception("SyntaxError", "invalid syntax (<cell>, line 3)")

    assert told == "Line 3: Python cannot read this line: invalid syntax."


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("else if x:", "`else if` is written `elif` in Python."),
        ("if x => 3:", "Python writes `>=` and `<=`"),
        ("count++", "`+= 1` adds one"),
        ("if x && y:", "Python writes `and`"),
        ("if x || y:", "Python writes `or`"),
        ("retrun x", "`retrun` is no word that Python knows here. Did you mean `return`?"),
        ("3 = x", "Python cannot read this line: invalid syntax."),
        ("", "Line 2: Python cannot read this line: invalid syntax."),
    ],
)
def test_a_line_that_python_cannot_read_is_shown(line: str, words: str) -> None:
    """Where the source is at hand the line stands in the sentence, and what it lacks is guessed where Python does not say it."""
    told = what_it_means("SyntaxError", "invalid syntax (<cell>, line 2)", source=f"x = 1\n    {line}  ") or ""

    assert words in told
    assert told.startswith(f"Line 2, `{line}`: " if line else "Line 2: ")


def test_a_long_line_is_cut_and_one_with_backticks_is_left_out() -> None:
    """The line of a learner's source that is shown is bounded, and cannot end its own quotation."""
    long = what_it_means("SyntaxError", "invalid syntax (<cell>, line 1)", source="x" * 500) or ""
    quoted = what_it_means("SyntaxError", "invalid syntax (<cell>, line 1)", source="`x`") or ""

    assert len(long) < 120
    assert quoted.startswith("Line 1: ")
    assert what_it_means("Bang", "no") is None


def test_the_name_that_was_probably_meant_is_kept() -> None:
    """Python's own suggestion stays at the end of the sentence."""
    told = explain_exception("NameError", "name 'pritn' is not defined. Did you mean: 'print'?")

    assert told.startswith("The name `pritn` is not known here.")
    assert told.endswith("Did you mean 'print'?")


@UNHURRIED
@given(st.sampled_from(["TypeError", "KeyError", "ValueError", "SyntaxError", "x.Y", ""]), st.text())
def test_any_message_is_explained_in_one_printable_line(name: str, message: str) -> None:
    """Message and name come from the learner's process: nothing in them breaks the sentence."""
    told = explain_exception(name, message)

    assert told.isprintable()
    assert len(told) < 500


def test_a_message_made_to_be_slow_is_explained_quickly() -> None:
    """No pattern that a message is searched for takes long on any message."""
    start = time.process_time()
    for bait in ("a" * 10**6, "f() missing " * 10**5, "'" * 10**6, "unsupported operand type(s) for " * 10**5):
        explain_exception("TypeError", bait)

    assert time.process_time() - start < 1


def test_what_did_not_come_is_not_none() -> None:
    """MISSING can be told from every value, None included, and has a name."""
    assert MISSING is not None
    assert repr(MISSING) == "MISSING"


def test_the_alphabet_is_shown_as_it_is() -> None:
    """Printable characters are never escaped."""
    shown = show(string.ascii_letters)

    assert shown == f"'{string.ascii_letters}'"


def test_an_error_of_another_kind_is_no_comparison() -> None:
    """Only what Python cannot order is said to be that; a type of the author's own is called by its name."""
    assert compare.not_ordered("a", ValueError("'<' not supported between instances of 'str' and 'int'")) is None
    assert compare.not_ordered("a", TypeError("no")) is None
    assert compare.not_ordered(3, TypeError("'<' not supported between instances of 'Money' and 'int'")) == (
        "A whole number came (3), which cannot be compared with a value of type `Money`.",
        "something that can be compared with a value of type `Money`",
    )
