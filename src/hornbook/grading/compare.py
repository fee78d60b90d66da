"""Say in a learner's words how what came differs from what was expected.

    difference(came, expected) -> Difference | None     the first or most telling difference
    same(came, expected) -> Comparison                  the same, to be asserted in a grader
    explain(op, came, expected) -> Difference           for a plain `assert came == expected` that failed
    explain_exception(type_name, message) -> str        what an exception's message means
    not_ordered(came, error) -> (str, str) | None       what cannot be compared with what
    what_it_means(type_name, message) -> str | None     the same, where there are words for it
    nothing_returned(printed) -> str                    printed instead of returned
    show(value) -> str                                  any value, as one short line

Two questions are kept apart. `_alike` alone decides whether two values are equal; `_narrate` is only asked about two
that are not, looks for the most telling sentence, and always finds one. So no sentence can ever change a grade.

Everything here runs in the trusted process on values that `wire` has rebuilt as exact plain types. Their content is
still the learner's: texts may hold control characters, numbers may be huge, hashes may collide. Hence every value is
rendered within a bound and escaped, and nothing is sorted out by hashing what came.
"""

from __future__ import annotations

import cmath
import datetime as dt
import difflib
import keyword
import math
import re
import secrets
import sys
import unicodedata
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from heapq import nsmallest
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard, cast

from hornbook.errors import printable
from hornbook.feedback import MISSING, claimed
from hornbook.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import pandas as pd

    Array: TypeAlias = np.ndarray[Any, Any]
    Number: TypeAlias = int | float | complex | Decimal | Fraction
    Real: TypeAlias = float | Decimal | Fraction

# --------------------------------------------------------------------------------------------------------------------
# What an exception means
# --------------------------------------------------------------------------------------------------------------------

# (exception's names, pattern searched in its message, sentence: an id below `compare.exception`). The first row that fits is used,
# so the special stands before the general. Named groups of the pattern are the blanks of the sentence; a group `n` chooses its
# plural form, {message} is the whole message.
# What the sandbox refuses or limits. These are looked for first: they say what no word of Python's own says.
_LIMITS_MET: Final[tuple[tuple[str, str, str], ...]] = (
    ("MemoryError _ArrayMemoryError", r"", "memory"),
    ("OSError", r"Errno 12\b", "memory"),
    ("BlockingIOError", r"Errno 11\b", "processes"),
    ("RuntimeError", r"can't start new thread", "threads"),
    ("OSError", r"Errno 24\b", "open-files"),
    ("OSError", r"Errno 27\b", "file-size"),
    ("OSError", r"Errno 28\b", "disk"),
    ("OSError", r"Errno 30\b", "read-only"),
    ("WireError", r"more than (?P<n>\d+) bytes", "answer-size"),
    ("PermissionError", r"", "forbidden"),
    ("ConnectionError ConnectionRefusedError gaierror URLError", r"", "network"),
)

# What newcomers meet in particular.
_NEWCOMERS_MEET: Final[tuple[tuple[str, str, str], ...]] = (
    ("TypeError", r"(?P<it>\w+) expected (?:at least |exactly )?\d+ arguments?, got 0", "called-without"),
    ("TypeError", r"^(?P<it>\w+)\(\) takes no arguments", "class-takes-none"),
    ("TypeError", r"'Text' object is not callable", "axes-title"),
    ("AttributeError", r"'Axes\w*' object has no attribute '(?P<name>title|[xy](?:label|lim|ticks|scale))'", "axes-set"),
    (
        "AttributeError",
        r"ndarray' object has no attribute '(?P<name>abs|append|average|diff|exp|floor|isnan|log|median|roll|sqrt|unique|where)'",
        "array-function",
    ),
    ("AttributeError", r"'(?:numpy\.)?ndarray' object has no attribute '(?P<name>[^']*)'", "array-attribute"),
    ("AttributeError", r"'(?P<it>list|tuple)' object has no attribute '(?P<name>[^']*)'", "items-attribute"),
    (
        "AttributeError",
        r"'Series' object has no attribute '(?P<name>day|dayofweek|day_name|hour|month|month_name|weekday|year)'",
        "column-date",
    ),
    ("KeyError", r"Column not found: (?P<it>[^']+)", "no-column"),
)

_EXCEPTIONS: Final[tuple[tuple[str, str, str], ...]] = (
    *_LIMITS_MET,
    *_NEWCOMERS_MEET,
    ("UnboundLocalError", r"variable '(?P<it>[^']*)'", "unbound-local"),
    ("NameError", r"free variable '(?P<it>[^']*)'", "free-variable"),
    ("NameError", r"name '(?P<it>[^']*)'", "name"),
    (
        "TypeError",
        r"(?P<it>[^\s(]+)\(\) missing (?P<n>\d+) required (?:positional|keyword-only) arguments?: (?P<names>.+)",
        "argument-missing",
    ),
    (
        "TypeError",
        r"(?P<it>[^\s(]+)\(\) takes from (?P<least>\d+) to (?P<most>\d+) positional arguments but (?P<n>\d+) (?:was|were) given",
        "argument-range",
    ),
    ("TypeError", r"(?P<it>[^\s(]+)\(\) takes (?P<takes>.+?) positional arguments? but (?P<n>\d+) (?:was|were) given", "argument-count"),
    ("TypeError", r"(?P<it>[^\s(]+)\(\) got an unexpected keyword argument '(?P<name>[^']*)'", "parameter-unknown"),
    ("TypeError", r"(?P<it>[^\s(]+)\(\) got multiple values for argument '(?P<name>[^']*)'", "argument-twice"),
    ("TypeError", r"unsupported operand type\(s\) for .+?: (?:'NoneType' and|'[^']*' and 'NoneType')", "operand-none"),
    ("TypeError", r"ufunc 'bitwise_xor' not supported|unsupported operand type\(s\) for \^", "caret"),
    ("TypeError", r"unsupported operand type\(s\) for (?P<op>.+?): '(?P<left>[^']*)' and '(?P<right>[^']*)'", "operands"),
    ("TypeError", r"can only concatenate (?P<left>\w+) \(not \"(?P<right>[^\"]*)\"\)", "concatenate"),
    ("TypeError", r"must be str, not (?P<right>\w+)|expected str instance, (?P<right2>\w+) found", "text-needed"),
    ("TypeError", r"'NoneType' object is not (?P<what>subscriptable|iterable|callable)", "none-used"),
    ("TypeError", r"'(?:builtin_)?(?:function(?:_or_method)?|method)' object is not (?:subscriptable|iterable)", "function-used"),
    ("TypeError", r"'(?P<it>[^']*)' object is not subscriptable", "not-subscriptable"),
    ("TypeError", r"'(?P<it>[^']*)' object is not callable", "not-callable"),
    ("TypeError", r"'int' object is not iterable", "int-not-iterable"),
    ("TypeError", r"'(?P<it>[^']*)' object is not iterable|cannot unpack non-iterable (?P<it2>\S+) object", "not-iterable"),
    ("TypeError", r"'(?P<it>[^']*)' object does not support item (?:assignment|deletion)", "item-assignment"),
    ("TypeError", r"'(?P<op>[<>]=?)' not supported between instances of '(?P<left>[^']*)' and '(?P<right>[^']*)'", "ordering"),
    ("TypeError", r"(?P<it>list|tuple|str|string|range) ind(?:ices|ex) must be integers or slices, not '?(?P<got>\w+)", "index-type"),
    ("TypeError", r"unhashable type: '(?P<it>[^']*)'", "unhashable"),
    ("TypeError", r"object of type '(?P<it>[^']*)' has no len\(\)", "no-length"),
    ("TypeError", r"'(?P<it>[^']*)' object cannot be interpreted as an integer", "integer-needed"),
    ("TypeError", r"only (?:length-1|size-1|0-dimensional) arrays can be converted", "array-to-number"),
    ("TypeError", r"bad operand type for (?P<op>.+?): '(?P<it>[^']*)'", "unary"),
    ("IndexError", r"out of bounds for axis (?P<axis>\d+) with size (?P<size>\d+)", "array-index"),
    ("IndexError", r"too many indices for array", "array-indices"),
    ("IndexError", r"from empty|from an empty", "empty-list"),
    ("IndexError", r"", "index"),
    ("KeyError", r"are in the \[(?P<axis>columns|index)\]|not in index|not found in axis", "table-key"),
    ("KeyError", r"(?P<it>.+)", "key"),
    ("ZeroDivisionError", r"", "zero-division"),
    ("AttributeError", r"'NoneType' object has no attribute '(?P<name>[^']*)'", "none-attribute"),
    ("AttributeError", r"module '(?P<it>[^']*)' has no attribute '(?P<name>[^']*)'", "module-attribute"),
    ("AttributeError", r"'(?P<it>[^']*)' object has no attribute '(?P<name>[^']*)'", "attribute"),
    ("RecursionError", r"", "recursion"),
    ("ModuleNotFoundError", r"No module named '(?P<it>[^']*)'", "no-module"),
    ("ImportError", r"cannot import name '(?P<name>[^']*)' from '(?P<it>[^']*)'", "import-name"),
    ("IndentationError TabError", r"expected an indented block(?: after (?P<what>.+?) on line (?P<line>\d+))?", "indent-missing"),
    ("TabError", r"", "tabs"),
    ("IndentationError", r"", "indent"),
    ("SyntaxError", r"'(?P<it>[\(\[\{])' was never closed", "bracket-open"),
    # What IPython's kernel says of the same in a cell's last statement.
    ("SyntaxError", r"^incomplete input", "unfinished"),
    ("SyntaxError", r"unmatched '(?P<it>[\)\]\}])'", "bracket-closed"),
    ("SyntaxError", r"expected ':'", "colon"),
    ("SyntaxError", r"unterminated", "unterminated"),
    ("SyntaxError", r"Missing parentheses in call to 'print'", "print"),
    ("SyntaxError", r"[Mm]aybe you meant '=='|cannot assign to", "assign"),
    ("SyntaxError", r"forgot a comma", "comma"),
    ("SyntaxError", r"'return' outside function", "return-outside"),
    ("SyntaxError", r"", "syntax"),
    ("ValueError", r"invalid literal for int\(\) with base \d+: (?P<it>.+)", "int-literal"),
    ("ValueError", r"could not convert string to float: (?P<it>.+)", "float-literal"),
    ("ValueError", r"too many values to unpack \(expected (?P<n>\d+)", "unpack-many"),
    ("ValueError", r"not enough values to unpack \(expected (?:at least )?(?P<n>\d+), got (?P<got>\d+)\)", "unpack-few"),
    ("ValueError", r"operands could not be broadcast together with (?:remapped )?shapes (?P<shapes>.+)", "array-shapes"),
    ("ValueError", r"matmul: |not aligned", "matmul"),
    ("ValueError", r"truth value of (?:an|a) (?P<it>\w+)", "truth-value"),
    ("ValueError", r"cannot reshape array of size (?P<size>\d+) into shape (?P<shape>.+)", "array-reshape"),
    ("ValueError", r"inhomogeneous shape|setting an array element with a sequence", "ragged"),
    ("ValueError", r"must (?:all )?be (?:of )?the same length|Length of values \(\d+\) does not match length of index", "column-lengths"),
    ("ValueError", r"zero-size array|(?:arg|iterable argument) is (?:an )?empty|\(\) arg is an empty", "nothing-to-choose"),
    ("ValueError", r"is not in (?:list|deque)|x not in list|not in tuple|substring not found", "not-there"),
    ("ValueError", r"math domain error|expected a (?:non)?negative|positive input", "domain"),
    ("AxisError", r"axis (?P<axis>-?\d+) is out of bounds for array of dimension (?P<n>\d+)", "array-axis"),
    ("LinAlgError", r"[Ss]ingular", "singular"),
    ("NotImplementedError", r"", "to-do"),
    ("FileNotFoundError", r": (?P<it>'[^']*')", "no-file"),
    ("TimeoutError", r"", "time"),
    ("StopIteration", r"", "next"),
    ("OverflowError", r"", "overflow"),
    ("UnicodeDecodeError", r"", "file-encoding"),
    ("EOFError", r"", "input"),
    ("KeyboardInterrupt", r"", "interrupted"),
    ("SystemExit", r"", "exit"),
    ("AssertionError", r".", "assertion"),
    ("AssertionError", r"", "assertion-bare"),
)

_NOT_ORDERED: Final = r"'[<>]=?' not supported between instances of '(\w+)' and '(\w+)'"
_NO_METHOD: Final = r"^'(\w+)' object has no attribute '(\w+)'"

# (pattern searched in a line that Python calls invalid without saying why, the id of a sentence)
_ODD_LINES: Final[tuple[tuple[str, str], ...]] = (
    (r"^else\s+if\b", "compare.odd.else-if"),
    (r"=>|=<", "compare.odd.order-sign"),
    (r"\+\+|--$", "compare.odd.increment"),
    (r"&&", "compare.odd.and"),
    (r"\|\|", "compare.odd.or"),
)

# --------------------------------------------------------------------------------------------------------------------
# Names
# --------------------------------------------------------------------------------------------------------------------

__all__ = [
    "ABS",
    "MIRRORED",
    "MISSING",
    "REL",
    "Comparison",
    "Difference",
    "difference",
    "explain",
    "explain_exception",
    "last_comparison",
    "limit_met",
    "not_ordered",
    "nothing_returned",
    "same",
    "show",
    "take_last",
    "what_it_means",
]

REL: Final = 1e-9
ABS: Final = 1e-12

_BRIEF: Final = 80  # characters of a value inside a sentence
_LIMIT: Final = 200  # characters of a value shown beside it
_DEEPEST: Final = 100  # levels; `wire` allows fewer, and each costs several Python frames
_LISTED: Final = 6  # levels that `show` opens
_MANY_PAIRS: Final = 300  # leftovers compared each with each, at most
_MULTIPLIED: Final = 20_000  # characters of a text in which a repetition is looked for
_LONG_INT: Final = 1_000  # bits; printing a longer whole number costs more than it tells

_FUNCTIONS: Final = frozenset({"function", "method", "builtin_function_or_method", "type", "method-wrapper"})
_LAZY: Final = frozenset({"generator", "map", "filter", "zip", "enumerate", "reversed", "list_iterator", "coroutine"})
_VIEWS: Final = frozenset({"range", "dict_keys", "dict_values", "dict_items", "deque", "array"})

MIRRORED: Final[Mapping[str, str]] = {"==": "==", "!=": "!=", "is": "is", "is not": "is not", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
"""The operator that says the same with its two sides exchanged; `in` and `not in` have none."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How what came differs from what was expected.

    `message` is one sentence for the learner that names the first or most telling difference, and its `place` ("[2]",
    "['price']", "row 3, column 'total'") if it lies inside the value. `came` and `expected` are the two values there,
    bounded and escaped, to be shown side by side. `kind` is a kebab-case word for machines, such as "off-by-one".
    """

    message: str
    came: str
    expected: str
    kind: str
    place: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """The answer of `same`: true when there is no difference.

    A false one, asked for its truth, is remembered for `take_last`. Its `repr` stands in the message of the failed
    assert; the token in it is drawn at random, so that no text of a learner's can be taken for it.
    """

    difference: Difference | None
    token: str = field(default_factory=lambda: secrets.token_hex(4))

    def __bool__(self) -> bool:
        """Return whether there is no difference; remember this comparison if there is one."""
        if self.difference is not None:
            last_comparison.set(self)
        return self.difference is None

    def __repr__(self) -> str:
        """Return the token and the message, as pytest shows them for a failed assert."""
        return f"<same {self.token}: {'no difference' if self.difference is None else self.difference.message}>"


last_comparison: ContextVar[Comparison | None] = ContextVar("last_comparison", default=None)


@dataclass(frozen=True, slots=True)
class _Rules:
    """How strictly two values are compared. `whole_rel` is `rel` as it applies between two whole numbers."""

    rel: float = REL
    abs: float = ABS
    whole_rel: float = 0.0
    order: bool = True
    dtype: bool = True
    index: bool = True
    types: bool = False


@dataclass(frozen=True, slots=True)
class _Where:
    """The rules, and the place inside the two values that is being told of."""

    rules: _Rules
    place: str = ""
    depth: int = 0
    table: bool = False

    def inside(self, step: str) -> _Where:
        """Return the place one *step* further in."""
        return replace(self, place=self.place + step, depth=self.depth + 1)


class _Absent:
    """What a dictionary holds under a key that it lacks."""


_ABSENT: Final = _Absent()


# --------------------------------------------------------------------------------------------------------------------
# What graders and the pytest plugin call
# --------------------------------------------------------------------------------------------------------------------


def difference(
    came: object,
    expected: object,
    *,
    rel: float = REL,
    abs: float = ABS,  # noqa: A002 - the name that math.isclose lacks and pytest.approx has
    order: bool = True,
    dtype: bool = True,
    index: bool = True,
    types: bool = False,
) -> Difference | None:
    """Return how *came* differs from *expected*, or None if it does not.

    Two numbers are equal if they differ by at most `max(rel * |expected|, abs)`; between two whole numbers *rel* counts
    only when it is not the default, which forgives the rounding of floats. NaN equals NaN, and in tables every missing value
    every other.
    A truth value is not a number; a list is not a tuple and not an array; 2 is 2.0 and a set is a frozenset, unless
    *types* is true. *order* false: sequences, and the rows and columns of tables, may come in any order. *dtype* false:
    the element types of arrays and tables may differ. *index* false: the row labels of tables may differ; names of
    Series and Index never count. An object of a learner's type (`Opaque`, `Handle`) equals nothing.
    Raises ValueError for a tolerance that is negative or not finite.
    """
    for name, tolerance in (("rel", rel), ("abs", abs)):
        if not (math.isfinite(tolerance) and tolerance >= 0):
            raise ValueError(f"{name} must be a finite number of at least 0, not {tolerance!r}.")
    rules = _Rules(rel=rel, abs=abs, whole_rel=0.0 if rel == REL else rel, order=order, dtype=dtype, index=index, types=types)
    return None if _alike(came, expected, rules) else _narrate(came, expected, _Where(rules))


def same(
    came: object,
    expected: object,
    *,
    rel: float = REL,
    abs: float = ABS,  # noqa: A002 - as in `difference`
    order: bool = True,
    dtype: bool = True,
    index: bool = True,
    types: bool = False,
) -> Comparison:
    """Return a Comparison, true when there is no difference: graders assert it."""
    return Comparison(difference(came, expected, rel=rel, abs=abs, order=order, dtype=dtype, index=index, types=types))


def take_last() -> Comparison | None:
    """Return the last Comparison in this context that turned out false, and forget it."""
    last = last_comparison.get()
    last_comparison.set(None)
    return last


def explain(op: str, came: object, expected: object) -> Difference:
    """Return why `assert came <op> expected` failed, for pytest's `pytest_assertrepr_compare`.

    *op* is an operator as pytest writes it. When the grader wrote the expected side first (as in the second half of
    `low <= f(x) <= high`, where pytest hands over the first half as `low <= f(x)`), exchange the sides and pass
    `MIRRORED[op]`.
    """
    if _is_approx(came) and op in MIRRORED:
        op, came, expected = MIRRORED[op], expected, came
    where = _Where(_Rules(rel=0.0, abs=0.0))
    if op == "==":
        return _explain_equal(came, expected, where)
    if op in _ORDERINGS:
        wanted, kind = _ORDERINGS[op]
        unordered = any(_is_number(_plain(side)) and _is_nan(cast("Number", _plain(side))) for side in (came, expected))
        return _say("nan" if unordered else kind, came, expected, where, words="nan-order" if unordered else wanted)
    return _explain_other(op, came, expected, where)


def nothing_returned(printed: str) -> str:
    """Return the sentence for a function that gave None, having *printed* that text."""
    text = printed.strip()
    return say("compare.printed", printed=show(text, limit=_BRIEF)) if text else say("compare.not-printed")


def not_ordered(came: object, error: Exception) -> tuple[str, str] | None:
    """Return what to say, and what was expected, where a check could not order *came* beside a value of its own; None for another *error*.

    *error* was raised by the check, in this process.
    """
    found = re.search(_NOT_ORDERED, str(error))
    if found is None or not isinstance(error, TypeError):
        return None
    own = type(_plain(came)).__name__
    other = found[2] if found[1] == own else found[1]
    noun = say(f"compare.noun.{_PLAIN_NAMES.get(other, 'other')}", name=other)
    told = _say("type", came, None, _Where(_Rules()), words="not-ordered", noun=noun)
    return told.message, say("compare.noun.ordered", noun=noun)


_PLAIN_NAMES: Final[Mapping[str, str]] = {
    "str": "text", "NoneType": "nothing", **{name: name for name in ("int", "float", "complex", "bytes", "list", "tuple", "dict", "set")},
}  # fmt: skip
"""What the types that Python's own messages name are called in `compare.noun`."""


def explain_exception(type_name: str, message: str) -> str:
    """Return in plain words what an exception of that type with that *message* means, and one next step.

    Both texts may come from the learner's process: they are cut and escaped. An unknown type gets its own message.
    """
    if meant := what_it_means(type_name, message):
        return meant
    text, line = _without_line(message[:500])
    fields = {"message": _tell(text.strip().rstrip(".")), "name": _tell(type_name.rpartition(".")[2], 60)}
    sentence = say("compare.exception.stopped" if text.strip() else "compare.exception.stopped-silently", **fields)
    return say("compare.exception.line", line=line, sentence=sentence) if line else sentence


def what_it_means(type_name: str, message: str, *, source: str = "") -> str | None:
    """Return the same as `explain_exception`, but None for an exception that there are no plain words for.

    With the *source* that Python could not read, the line that it names is shown as well.
    """
    name = type_name.rpartition(".")[2]
    text, line = _without_line(message[:500])
    text, _, suggestion = text.partition("Did you mean:")
    text = text.strip()
    written = _line_of(source, line)
    fields = {"message": _tell(text.rstrip(".")), "name": _tell(name, 60)}
    for kinds, pattern, words in _EXCEPTIONS:
        if name in kinds.split() and (found := re.search(pattern, text)):
            claims = {key: _tell(value, 60) for key, value in found.groupdict().items() if value is not None}
            claims |= {"names": _listed(names)} if (names := claims.get("names")) else {}
            sentence = say(f"compare.exception.{words}", _plural(claims.get("n")), **(fields | claims))
            break
    else:
        return None
    if text == "invalid syntax":
        sentence = _odd_line(written) or sentence
    if wanted := suggestion.strip(" ?.") or _nearest_method(name, text):
        sentence = say("compare.exception.suggestion", sentence=sentence, suggestion=_tell(wanted, 60))
    if line and written and "`" not in written:
        shown = _tell(f"{written[:40]}…" if len(written) > 40 else written)  # noqa: PLR2004 - enough to find it
        return say("compare.exception.line-text", line=line, text=shown, sentence=sentence)
    return say("compare.exception.line", line=line, sentence=sentence) if line else sentence


def _nearest_method(name: str, text: str) -> str:
    """Return the method of a type of Python's own that a misspelt one was probably meant to be, or ""."""
    found = re.search(_NO_METHOD, text) if name == "AttributeError" else None
    kind = next((kind for kind in (str, list, dict, tuple, set, int, float) if found and kind.__name__ == found[1]), None)
    methods = [method for method in dir(kind) if not method.startswith("_")] if kind else []
    return next((f"`{method}`" for method in difflib.get_close_matches(found[2] if found else "", methods, n=1, cutoff=0.75)), "")


def _line_of(source: str, line: int | None) -> str:
    """Return that line of *source* without the spaces around it, or "" if there is none."""
    lines = source.split("\n")
    return lines[line - 1].strip() if line and line <= len(lines) else ""


def _odd_line(written: str) -> str | None:
    """Return what Python would have liked better than a line that it calls invalid syntax."""
    for pattern, words in _ODD_LINES:
        if re.search(pattern, written):
            return say(words)
    word = re.match(r"[A-Za-z]+", written)
    close = difflib.get_close_matches(word[0], keyword.kwlist, n=1, cutoff=0.7) if word else []
    return say("compare.odd.word", word=_tell(word[0], 20), meant=close[0]) if word and close and close[0] != word[0] else None


def _listed(names: str) -> str:
    """Return *names* as Python lists them, "'a', 'b', and 'c'", as they are listed in the learner's language."""
    *others, last = re.split(r",? and (?=')|, (?=')", names)
    return ", ".join(others) + say("word.and") + last if others else last


def _plural(number: str | None) -> int | None:
    """Return which plural form a *number* of a message asks for, if there is one; a learner's may be of any length."""
    return None if number is None else int(number[-9:])


def limit_met(type_name: str, message: str) -> str | None:
    """Return in plain words which limit or wall of the sandbox an exception tells of, and one next step, or None if it tells of none."""
    name = type_name.rpartition(".")[2]
    met = any(name in names.split() and re.search(pattern, message) for names, pattern, _ in _LIMITS_MET)
    return explain_exception(type_name, message) if met else None


def show(value: object, *, limit: int = _LIMIT) -> str:
    """Return *value* as one line of at most *limit* (but at least 16) characters, the same each time.

    It is like `repr`, but long values are cut in the middle and their full length is told, arrays and tables are shown
    compactly, sets are sorted, and everything unprintable is written as an escape. The cost is bounded by *limit*, not by
    the value; only an author's own objects are asked for their `repr`.
    """
    limit = max(limit, 16)
    return _cut(printable(_render(value, limit, 0)), limit)


# --------------------------------------------------------------------------------------------------------------------
# What kind of value is it?
# --------------------------------------------------------------------------------------------------------------------

_EXACT_FAMILIES: Final[Mapping[type, str]] = {
    type(None): "nothing",
    bool: "truth",
    int: "number",
    float: "number",
    complex: "number",
    Decimal: "number",
    Fraction: "number",
    str: "text",
    bytes: "bytes",
    list: "list",
    tuple: "tuple",
    dict: "dict",
    set: "set",
    frozenset: "set",
}


def _family(value: object) -> str:
    """Return the family of *value*, an id below `compare.noun`. Values of different families are never equal."""
    exact = _EXACT_FAMILIES.get(type(value))
    if exact is not None:
        return exact
    if _type_name(value) is not None:
        return "opaque"
    for family, holds in (("array", _is_array), ("series", _is_series), ("frame", _is_frame), ("index", _is_index)):
        if holds(value):
            return family
    # An author's expected value may be of a subclass, such as a namedtuple or a Counter.
    return next((family for kind, family in _EXACT_FAMILIES.items() if isinstance(value, kind)), "other")


def _type_name(value: object) -> str | None:
    """Return the type name that an object of the learner's is known by, or None if *value* is plain."""
    claim = claimed(value)
    return None if claim is None else claim[0]


def _is_array(value: object) -> TypeGuard[Array]:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def _is_series(value: object) -> TypeGuard[pd.Series[Any]]:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.Series)


def _is_frame(value: object) -> TypeGuard[pd.DataFrame]:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def _is_index(value: object) -> TypeGuard[pd.Index[Any]]:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.Index)


def _is_number(value: object) -> TypeGuard[Number]:
    return isinstance(value, int | float | complex | Decimal | Fraction) and not isinstance(value, bool)


def _is_approx(value: object) -> bool:
    """Return whether *value* was made by `pytest.approx`, without importing pytest's private modules."""
    return type(value).__name__.startswith("Approx") and type(value).__module__.startswith("_pytest.")


def _is_missing(value: object) -> bool:
    """Return whether *value* is one of the ways in which pandas writes that there is no value."""
    pandas = sys.modules.get("pandas")
    return (
        value is None
        or (type(value) is float and math.isnan(value))
        or (pandas is not None and (value is pandas.NA or value is pandas.NaT))
    )


def _is_nan(value: Number) -> bool:
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, complex):
        return cmath.isnan(value)
    return isinstance(value, float) and math.isnan(value)


def _plain(value: object) -> object:
    """Return numpy's scalars, and arrays without an axis, as the Python value they hold, where there is one."""
    numpy = sys.modules.get("numpy")
    if numpy is None or type(value) in _EXACT_FAMILIES:
        return value
    if isinstance(value, numpy.ndarray):
        return _plain(value[()]) if value.ndim == 0 else value
    # `item` would turn a date of nanoseconds into a bare whole number.
    held = isinstance(value, numpy.generic) and not isinstance(value, (numpy.datetime64, numpy.timedelta64))
    return cast("np.generic", value).item() if held else value


def _unwrap(expected: object, rules: _Rules) -> tuple[object, _Rules]:
    """Return what a `pytest.approx` object expects and the tolerance it allows; other values as they are."""
    if not _is_approx(expected):
        return expected, rules
    approx = cast("Any", expected)
    rel, absolute = approx.rel, approx.abs
    if rel is None:
        # As pytest does: an absolute tolerance alone switches the relative one off.
        rel = 1e-6 if absolute is None else 0.0
    absolute = 1e-12 if absolute is None else absolute
    if isinstance(absolute, dt.timedelta):
        return expected, rules
    return approx.expected, replace(rules, rel=float(rel), whole_rel=float(rel), abs=float(absolute))


# --------------------------------------------------------------------------------------------------------------------
# Are they alike? Nothing else decides it.
# --------------------------------------------------------------------------------------------------------------------


def _alike(came: object, expected: object, rules: _Rules, depth: int = 0) -> bool:
    """Return whether *came* equals *expected* under *rules*."""
    kind = type(came)
    if kind is type(expected):
        if kind in {str, bool, bytes, type(None)}:
            return came == expected
        # Equal is alike under any rules, and most items of long lists are.
        if kind in {int, float} and came == expected:
            return True
    if depth > _DEEPEST:
        return False
    expected, rules = _unwrap(expected, rules)
    came, expected = _plain(came), _plain(expected)
    family = _family(expected)
    if family == "other":
        # An author's own matcher may claim anything, except that it equals an object of the learner's type.
        return _type_name(came) is None and ((_is_missing(came) and _is_missing(expected)) or bool(expected == came))
    return family == _family(came) and _COMPARERS[family](came, expected, rules, depth)


def _numbers_alike(came: Number, expected: Number, rules: _Rules, _depth: int) -> bool:
    if rules.types and type(came) is not type(expected):
        return False
    if _is_nan(came) or _is_nan(expected):
        return _is_nan(came) and _is_nan(expected)
    if came == expected or not (rules.rel or rules.abs):
        return came == expected
    if isinstance(came, int) and isinstance(expected, int):
        gap = abs(came - expected)
        return gap <= rules.abs or (rules.whole_rel > 0 and gap <= Fraction(rules.whole_rel) * abs(expected))
    try:
        size, apart = abs(complex(expected)), abs(complex(came) - complex(expected))
    except OverflowError:
        return False
    return math.isfinite(size) and apart <= max(rules.rel * size, rules.abs)


def _sequences_alike(came: Sequence[object], expected: Sequence[object], rules: _Rules, depth: int) -> bool:
    if len(came) != len(expected):
        return False
    if not rules.order:
        return not any(_unpaired(came, expected, rules, depth))
    return all(_alike(one, other, rules, depth + 1) for one, other in zip(came, expected, strict=True))


def _mappings_alike(came: Mapping[object, object], expected: Mapping[object, object], rules: _Rules, depth: int) -> bool:
    return len(came) == len(expected) and all(_alike(_lookup(came, key), value, rules, depth + 1) for key, value in expected.items())


def _sets_alike(came: frozenset[object], expected: frozenset[object], rules: _Rules, depth: int) -> bool:
    if len(came) != len(expected) or (rules.types and type(came) is not type(expected)):
        return False
    return not any(_unpaired(list(came), list(expected), rules, depth))


def _arrays_alike(came: Array, expected: Array, rules: _Rules, depth: int) -> bool:
    if came.shape != expected.shape or (rules.dtype and _dtype_word(came.dtype) != _dtype_word(expected.dtype)):
        return False
    if not rules.order:
        return not any(_unpaired(came.tolist(), expected.tolist(), rules, depth))
    return bool(_equal_cells(came, expected, rules).all())


def _series_alike(came: pd.Series[Any], expected: pd.Series[Any], rules: _Rules, depth: int) -> bool:
    return _frames_alike(came.to_frame("value"), expected.to_frame("value"), rules, depth)


def _frames_alike(came: pd.DataFrame, expected: pd.DataFrame, rules: _Rules, depth: int) -> bool:
    columns = _matching_columns(came, expected, rules)
    if columns is None or len(came) != len(expected):
        return False
    came = came.iloc[:, columns]
    if rules.dtype and any(_dtype_word(one) != _dtype_word(other) for one, other in zip(came.dtypes, expected.dtypes, strict=True)):
        return False
    return _sequences_alike(_rows(came, labels=rules.index), _rows(expected, labels=rules.index), rules, depth)


def _indexes_alike(came: pd.Index[Any], expected: pd.Index[Any], rules: _Rules, depth: int) -> bool:
    if rules.dtype and _dtype_word(came.dtype) != _dtype_word(expected.dtype):
        return False
    return _sequences_alike(_cells(came), _cells(expected), rules, depth)


def _never_alike(_came: object, _expected: object, _rules: _Rules, _depth: int) -> bool:
    return False


def _plainly_alike(came: object, expected: object, _rules: _Rules, _depth: int) -> bool:
    return bool(came == expected)


_COMPARERS: Final[Mapping[str, Callable[[Any, Any, _Rules, int], bool]]] = {
    "nothing": _plainly_alike,
    "truth": _plainly_alike,
    "text": _plainly_alike,
    "bytes": _plainly_alike,
    "number": _numbers_alike,
    "list": _sequences_alike,
    "tuple": _sequences_alike,
    "dict": _mappings_alike,
    "set": _sets_alike,
    "array": _arrays_alike,
    "series": _series_alike,
    "frame": _frames_alike,
    "index": _indexes_alike,
    "opaque": _never_alike,
}


def _lookup(mapping: Mapping[object, object], key: object) -> object:
    """Return what *mapping* holds under *key*, where NaN is one key."""
    if key in mapping:
        return mapping[key]
    if isinstance(key, float) and math.isnan(key):
        return next((value for other, value in mapping.items() if isinstance(other, float) and math.isnan(other)), _ABSENT)
    return _ABSENT


def _unpaired(came: Iterable[object], expected: Iterable[object], rules: _Rules, depth: int = 0) -> tuple[list[object], list[object]]:
    """Return the items of either side that have no equal on the other, each paired at most once.

    Both sides are sorted rather than counted, because the hashes of what came may have been chosen to collide.
    What is equal only within the tolerance is then paired each with each, which is why few leftovers are tried.
    """
    left = sorted(((_sort_key(item, depth), item) for item in came), key=lambda pair: pair[0])
    right = sorted(((_sort_key(item, depth), item) for item in expected), key=lambda pair: pair[0])
    extra: list[object] = []
    missing: list[object] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if _alike(left[i][1], right[j][1], rules, depth + 1):
            i, j = i + 1, j + 1
        elif left[i][0] < right[j][0]:
            extra.append(left[i][1])
            i += 1
        else:
            missing.append(right[j][1])
            j += 1
    extra += [item for _, item in left[i:]]
    missing += [item for _, item in right[j:]]
    if len(extra) * len(missing) > _MANY_PAIRS**2:
        return extra, missing
    unpaired = []
    for item in extra:
        partner = next((place for place, other in enumerate(missing) if _alike(item, other, rules, depth + 1)), None)
        if partner is None:
            unpaired.append(item)
        else:
            missing.pop(partner)
    return unpaired, missing


def _sort_key(value: object, depth: int = 0) -> tuple[Any, ...]:
    """Return a key that orders any two values; equal values have equal keys, but not only they."""
    if depth > _DEEPEST:
        return ("~",)
    kind = type(value)
    if kind is int:
        return ("number", 0, value, 0)
    if kind is str:
        return ("text", value)
    value = _plain(value)
    family = _family(value)
    maker = _SORT_KEYS.get(family)
    return (family, show(value)) if maker is None else (family, *maker(value, depth + 1))


def _number_key(value: Number, _depth: int) -> tuple[Any, ...]:
    if _is_nan(value):
        return (1,)
    return (0, value.real, value.imag) if isinstance(value, complex) else (0, value, 0)


def _mapping_key(value: Mapping[object, object], depth: int) -> tuple[Any, ...]:
    return (sorted((_sort_key(key, depth), _sort_key(item, depth)) for key, item in value.items()),)


_SORT_KEYS: Final[Mapping[str, Callable[[Any, int], tuple[Any, ...]]]] = {
    "number": _number_key,
    "text": lambda value, _: (value,),
    "bytes": lambda value, _: (value,),
    "list": lambda value, depth: ([_sort_key(item, depth) for item in value],),
    "tuple": lambda value, depth: ([_sort_key(item, depth) for item in value],),
    "set": lambda value, depth: (sorted(_sort_key(item, depth) for item in value),),
    "dict": _mapping_key,
}


# --------------------------------------------------------------------------------------------------------------------
# Arrays and tables, cell by cell
# --------------------------------------------------------------------------------------------------------------------

_CELL_GROUPS: Final[Mapping[str, str]] = dict.fromkeys("biufc", "number") | dict.fromkeys("SU", "text") | dict.fromkeys("mM", "time")


def _equal_cells(came: Array, expected: Array, rules: _Rules) -> Array:
    """Return where two arrays of one shape are alike: bool, of that shape."""
    import numpy as np  # noqa: PLC0415 - only when arrays are at hand

    kinds = came.dtype.kind, expected.dtype.kind
    group = _CELL_GROUPS.get(kinds[0])
    if group is None or group != _CELL_GROUPS.get(kinds[1]) or (group != "number" and kinds[0] != kinds[1]):
        cells = [_alike(one, other, rules) for one, other in zip(came.ravel().tolist(), expected.ravel().tolist(), strict=True)]
        return np.array(cells, dtype=bool).reshape(came.shape)
    equal: Array = came == expected
    if group == "time":
        equal |= np.isnat(came) & np.isnat(expected)
    rel = rules.whole_rel if set(kinds) <= set("biu") else rules.rel
    # Whole numbers beyond 2**53 must not become floats unless a tolerance makes up for it.
    if group == "number" and (rel or rules.abs not in {0, ABS} or not set(kinds) <= set("biu")):
        with np.errstate(all="ignore"):
            one, other = (side.astype(np.result_type(side, np.float64)) for side in (came, expected))
            equal |= np.isnan(one) & np.isnan(other)
            if rel or rules.abs:
                size = np.abs(other)
                equal |= np.isfinite(size) & (np.abs(one - other) <= np.maximum(rel * size, rules.abs))
    return equal


def _dtype_word(dtype: object) -> str:
    """Return the name of a numpy or pandas element type, without what a learner need not care about.

    Byte order, the width of texts, the unit of dates, and in which of three ways pandas keeps texts do not count.
    """
    if getattr(dtype, "kind", "") in "SU" and not hasattr(dtype, "na_value"):
        return "text" if cast("Any", dtype).kind == "U" else "bytes"
    name = str(cast("np.dtype[Any]", dtype).newbyteorder("=")) if hasattr(dtype, "newbyteorder") else str(dtype)
    if name in {"object", "str", "string"}:
        return "text or object"
    return re.sub(
        r"^(datetime64|timedelta64)\[\w+(, )?([^\]]*)\]$", lambda found: f"{found[1]}[{found[3]}]" if found[3] else found[1], name
    )


def _cells(column: pd.Series[Any] | pd.Index[Any]) -> list[object]:
    """Return the values of *column* as Python values, with None for each that is missing."""
    return [None if _is_missing(value) else value for value in column.tolist()]


def _rows(frame: pd.DataFrame, *, labels: bool) -> list[tuple[object, ...]]:
    """Return the rows of *frame*, each led by its label if *labels* is true."""
    columns = [_cells(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return list(zip(_cells(frame.index), *columns, strict=True)) if labels else list(zip(*columns, strict=True))


def _matching_columns(came: pd.DataFrame, expected: pd.DataFrame, rules: _Rules) -> list[int] | None:
    """Return at which places of *came* the columns of *expected* stand, or None if any lacks or is left over."""
    names, wanted = _cells(came.columns), _cells(expected.columns)
    if len(names) != len(wanted):
        return None
    strict = replace(rules, rel=0.0, abs=0.0, whole_rel=0.0, order=True)
    if rules.order:
        return list(range(len(names))) if _alike(names, wanted, strict) else None
    free = list(range(len(names)))
    places = []
    for name in wanted:
        place = next((place for place in free if _alike(names[place], name, strict)), None)
        if place is None:
            return None
        free.remove(place)
        places.append(place)
    return places


# --------------------------------------------------------------------------------------------------------------------
# Telling the difference. Only asked about values that are not alike; always finds a sentence.
# --------------------------------------------------------------------------------------------------------------------


def _say(kind: str, came: object, expected: object, where: _Where, *, words: str | None = None, **fields: object) -> Difference:
    """Return the difference of that *kind*, told by the sentence called *words* (by default as the kind is)."""
    defaults = {
        "came": show(came, limit=_BRIEF),
        "expected": show(expected, limit=_BRIEF),
        "came_noun": _noun(came),
        "expected_noun": _noun(expected),
    }
    filled = defaults | fields
    sentence = say(f"compare.{words or kind}", **filled)
    # A noun that begins a sentence begins with a capital; a value is left as it is.
    begun = any(sentence.startswith(str(filled[noun])) for noun in ("came_noun", "noun") if noun in filled)
    sentence = sentence[0].upper() + sentence[1:] if begun else sentence
    return _place(sentence, kind, show(came), show(expected), where)


def _place(sentence: str, kind: str, came: str, expected: str, where: _Where) -> Difference:
    """Return the difference told by *sentence*, led by the place it is at."""
    place = _cut(where.place, _BRIEF)
    told = say("compare.at", place=place, sentence=sentence) if place else sentence
    return Difference(message=told, came=came, expected=expected, kind=kind, place=place or None)


def _narrate(came: object, expected: object, where: _Where) -> Difference:
    """Return the most telling difference between two values that are not alike."""
    expected, rules = _unwrap(expected, where.rules)
    where = replace(where, rules=rules)
    came, expected = _plain(came), _plain(expected)
    families = _family(came), _family(expected)
    if "opaque" in families:
        return _narrate_opaque(came, expected, where)
    if where.depth > _DEEPEST:
        return _say("too-deep", came, expected, where, levels=_DEEPEST)
    if families[0] != families[1]:
        return _narrate_types(came, expected, where)
    return _NARRATORS.get(families[0], _narrate_value)(came, expected, where)


def _narrate_value(came: object, expected: object, where: _Where) -> Difference:
    return _say("value", came, expected, where)


def _narrate_opaque(came: object, expected: object, where: _Where) -> Difference:
    claim, wanted = claimed(came), _type_name(expected)
    if claim is None:
        return _say("opaque", came, expected, where, words="opaque-expected", name=_tell(wanted or "", 60), noun=_noun(came))
    name, kind = claim
    if wanted is not None:
        return _say("opaque", came, expected, where, words="opaque-both", name=_tell(name, 60))
    if kind == "class":
        words = "class"
    elif kind == "function" or name in _FUNCTIONS:
        words = "uncalled"
    else:
        words = "lazy" if name in _LAZY else "view" if name in _VIEWS else "opaque"
    told = {"class": "uncalled"}.get(words, words)
    return _say(told, came, expected, where, words=words, name=_tell(name, 60), noun=_noun(expected))


def _narrate_types(came: object, expected: object, where: _Where) -> Difference:
    """Return the difference between two values of different families."""
    families = _family(came), _family(expected)
    if "nothing" in families:
        words = "unexpected" if expected is None else "none-inside" if where.place else "none"
        if words == "none-inside" and where.table:
            words = "missing-value"
        return _say("unexpected" if expected is None else "none", came, expected, where, words=words)
    if set(families) == {"list", "tuple"}:
        items, wanted = list(cast("Sequence[object]", came)), list(cast("Sequence[object]", expected))
        if not _alike(items, wanted, where.rules):
            return _narrate_sequence(items, wanted, where)
        return _say("type", came, expected, where, words="right-items")
    if _holds_only(came, expected, where.rules):
        return _say("wrapped", came, expected, where)
    if _holds_only(expected, came, where.rules):
        return _say("unwrapped", came, expected, where)
    return _narrate_part(came, expected, where) or _say("type", came, expected, where, words=_TYPE_WORDS.get(families, "type"))


def _narrate_part(came: object, expected: object, where: _Where) -> Difference | None:
    """Return the difference between one thing and the whole that it may be a part of, or None if it is no such thing."""
    families = _family(came), _family(expected)
    if families == ("series", "frame"):
        columns = _brief(_cells(cast("pd.DataFrame", expected).columns))
        return _say("type", came, expected, where, words="series-for-frame", columns=columns)
    if families == ("frame", "series"):
        return _say("type", came, expected, where, words="frame-for-series")
    if families == ("text", "number"):
        return _narrate_repeated(cast("str", came), expected, where)
    items = list(cast("Sequence[object]", expected)) if families[1] in {"list", "tuple"} or _has_axes(expected) else []
    for words, item in (("item-first", items[:1]), ("item-last", items[-1:])):
        if len(items) > 1 and _alike(came, item[0], where.rules, where.depth + 1):
            return _say("type", came, expected, where, words=words, total=_count(len(items), "item"))
    if families == ("number", "array"):
        return _say("type", came, expected, where, words="number-for-array", expected_shape=_shape(cast("Array", expected)))
    return None


def _has_axes(value: object) -> bool:
    return _is_array(value) and value.ndim > 0


def _narrate_repeated(came: str, expected: object, where: _Where) -> Difference | None:
    """Return the difference between a number and a text that was multiplied, or None if it was not."""
    # Of a text that repeats itself, the first place where it begins again in its double is the length of what is repeated.
    unit = (came[:_MULTIPLIED] * 2).find(came[:_MULTIPLIED], 1) if came else 0
    if 1 < unit <= _BRIEF and len(came) > unit and came == came[:unit] * (len(came) // unit):
        return _say("type", came, expected, where, words="text-repeated", item=_brief(came[:unit]), times=len(came) // unit)
    return None


_TYPE_WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("text", "number"): "text-for-number",
    ("number", "text"): "number-for-text",
    ("truth", "number"): "truth-for-number",
    ("number", "truth"): "number-for-truth",
    ("array", "list"): "array-for-list",
    ("array", "tuple"): "array-for-list",
    ("list", "array"): "list-for-array",
    ("tuple", "array"): "list-for-array",
}


def _holds_only(holder: object, value: object, rules: _Rules) -> bool:
    """Return whether *holder* is a list, tuple or set with *value* as its only item."""
    return isinstance(holder, (list, tuple, set, frozenset)) and len(holder) == 1 and _alike(next(iter(holder)), value, rules)


# Numbers


def _narrate_number(came: Number, expected: Number, where: _Where) -> Difference:
    if _alike(came, expected, replace(where.rules, types=False)):
        return _say("type", came, expected, where, words="number-type")
    if _is_nan(came) or _is_nan(expected) or isinstance(came, complex) or isinstance(expected, complex):
        return _say("nan" if _is_nan(came) else "value", came, expected, where)
    kind, words, fields = next(_number_relations(came, expected))
    return _say(kind, came, expected, where, words=words, **fields)


def _number_relations(came: Real, expected: Real) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield how *came* misses *expected*, the most particular first: kind, sentence, and what it needs to be told."""
    left, right = _real(came), _real(expected)
    larger, whole = bool(came > expected), isinstance(came, int) and isinstance(expected, int)
    if math.isinf(left) or math.isinf(right):
        yield ("infinite", "infinite", {}) if _is_infinite(came) else ("value", "value", {})
    if right and _near(left, -right):
        yield "sign", "sign", {}
    # Between two whole numbers the gap is exact, however large they are.
    gap: Real = abs(came - expected) if isinstance(came, int) and isinstance(expected, int) else abs(left - right)
    if gap == 1 and left.is_integer() and right.is_integer():
        yield "off-by-one", "one-too-large" if larger else "one-too-small", {}
    if not whole:
        yield from _roundings(left, right)
    for factor in (10, 100, 1000):
        if right and _near(left, right * factor):
            yield "factor", "times-too-large", {"factor": str(factor)}
        if left and _near(left * factor, right):
            yield "factor", "times-too-small", {"factor": str(factor)}
    if _near(left * right, 1.0):
        yield "reciprocal", "reciprocal", {}
    yield "value", "too-large" if larger else "too-small", {"gap": show(gap, limit=30) if whole else f"{float(gap):.6g}"}


def _roundings(came: float, expected: float) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield how the two numbers differ by rounding, if they do."""
    if abs(came - expected) <= 1e-6 * abs(expected):
        yield "rounding", "tiny", {"gap": f"{abs(came - expected):.1g}"}
    if came.is_integer() and came in {math.floor(expected), math.trunc(expected)}:
        yield "floor", "floor", {}
    if came.is_integer() and came == math.ceil(expected):
        yield "rounding", "rounded-up", {}
    if any(came == round(expected, places) for places in range(7)):
        yield "rounding", "rounded-early", {}
    for places in range(1, 7):
        if round(came, places) == expected:
            yield "rounding", "rounded-late", {"places": _count(places, "place")}


def _real(number: Real) -> float:
    """Return *number* as a float, infinite if it is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _is_infinite(number: Real) -> bool:
    return number.is_infinite() if isinstance(number, Decimal) else isinstance(number, float) and math.isinf(number)


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-12)


# Lists and tuples


def _narrate_sequence(came: Sequence[object], expected: Sequence[object], where: _Where) -> Difference:
    if not came or not expected:
        return _say("extra-item" if came else "empty", came, expected, where, words="expected-empty" if came else "empty")
    for holder, held, words in ((came, expected, "wrapped"), (expected, came, "unwrapped")):
        if _holds_only(holder, held, where.rules):
            return _say(words, came, expected, where)
    if not where.rules.order:
        return _narrate_unordered(came, expected, where)
    for words, flat, other in (("ungrouped", _flat(expected), came), ("grouped", _flat(came), expected)):
        if flat and _sequences_alike(flat, other, where.rules, where.depth):
            return _say("type", came, expected, where, words=words)
    if len(came) != len(expected):
        return _narrate_length(came, expected, where)
    return next(_whole_relations(came, expected, where), None) or _first_item(came, expected, where)


def _flat(items: Sequence[object]) -> list[object]:
    """Return the items of the lists and tuples that *items* are, or nothing if they are others."""
    grouped = all(_family(one) in {"list", "tuple"} for one in items)
    return [item for part in items for item in cast("Sequence[object]", part)] if grouped else []


def _factor(pairs: Iterable[tuple[object, object]]) -> float | None:
    """Return by which number but 0 and 1 each number of the second kind is multiplied to give the first, or None if there is none."""
    factors = set()
    for came, expected in pairs:
        if type(came) not in {int, float} or type(expected) not in {int, float}:
            return None
        left, right = _real(cast("float", came)), _real(cast("float", expected))
        if not (math.isfinite(left) and math.isfinite(right)) or not right:
            return None
        factors.add(float(f"{left / right:.10g}"))
        if len(factors) > 1:
            return None
    return next((factor for factor in factors if factor not in {0, 1}), None)


def _first_item(came: Sequence[object], expected: Sequence[object], where: _Where) -> Difference:
    """Return the first difference between two sequences of one length."""
    place = _first_unlike(came, expected, where)
    return _narrate(came[place], expected[place], where.inside(f"[{place}]"))


def _first_unlike(came: Sequence[object], expected: Sequence[object], where: _Where) -> int:
    """Return the first place at which the two differ, or the length of the shorter."""
    pairs = enumerate(zip(came, expected, strict=False))
    unlike = (place for place, (one, other) in pairs if not _alike(one, other, where.rules, where.depth + 1))
    return next(unlike, min(len(came), len(expected)))


def _whole_relations(came: Sequence[object], expected: Sequence[object], where: _Where) -> Iterator[Difference]:
    """Yield how all items of two sequences of one length are related, if they are."""
    steps = {_step(one, other) for one, other in zip(came, expected, strict=True)}
    if len(came) > 1 and len(steps) == 1 and (step := steps.pop()):
        yield _say("off-by-one", came, expected, where, words="each-too-large" if step == 1 else "each-too-small")
    if len(came) > 1 and (factor := _factor(zip(came, expected, strict=True))) is not None:
        yield _say("factor", came, expected, where, words="each-times", factor=f"{factor:g}")
    if len(came) > 1 and all(_is_number(_plain(one)) and _plain(one) == place for place, one in enumerate(came)):
        yield _say("value", came, expected, where, words="places")
    if len(came) == 2 and _sequences_alike(came[::-1], expected, where.rules, where.depth):  # noqa: PLR2004 - of two, it is the other
        yield _say("reversed", came, expected, where, words="exchanged")
    pairs = [("reversed", "reversed", came[::-1], expected)]
    if len(came) > 2:  # noqa: PLR2004 - of two items that moved, only one would be left to compare
        pairs += [("shift", "shifted-right", came[1:], expected[:-1]), ("shift", "shifted-left", came[:-1], expected[1:])]
    for kind, words, one, other in pairs:
        if _sequences_alike(one, other, where.rules, where.depth):
            yield _say(kind, came, expected, where, words=words)
    if not any(_unpaired(came, expected, where.rules, where.depth)):
        yield _say("order", came, expected, where, words="sorted" if _is_sorted(came) else "order")


def _is_sorted(items: Sequence[object]) -> bool:
    """Return whether *items* are all numbers or all texts, in ascending order."""
    plain = [_plain(item) for item in items]
    alike = all(isinstance(item, str) for item in plain) or all(isinstance(item, int | float) for item in plain)
    return len(plain) > 2 and alike and all(one <= other for one, other in pairwise(plain))  # type: ignore[operator] # noqa: PLR2004 - two items are in order by chance


def _step(came: object, expected: object) -> int:
    """Return 1 or -1 if *came* is one more or one less than *expected*, else 0."""
    came, expected = _plain(came), _plain(expected)
    if isinstance(came, bool) or isinstance(expected, bool) or not isinstance(came, int) or not isinstance(expected, int):
        return 0
    return came - expected if abs(came - expected) == 1 else 0


def _narrate_unordered(came: Sequence[object], expected: Sequence[object], where: _Where) -> Difference:
    extra, missing = _unpaired(came, expected, where.rules, where.depth)
    if extra and missing:
        return _say("value", came, expected, where, words="unpaired", item=_brief(extra[0]), wanted=_brief(missing[0]))
    if missing:
        return _say("missing-item", came, expected, where, words="item-missing", item=_brief(missing[0]))
    return _say("extra-item", came, expected, where, words="item-extra", item=_brief(extra[0]))


def _narrate_length(came: Sequence[object], expected: Sequence[object], where: _Where) -> Difference:
    """Return the difference between two sequences of different length, neither of them empty."""
    short, long, few = (came, expected, True) if len(came) < len(expected) else (expected, came, False)
    gap, first = len(long) - len(short), _first_unlike(came, expected, where)
    what = "missing" if few else "extra"
    ends = short[first:], long[first + 1 :]
    if gap == 1 and _sequences_alike(*(ends if few else ends[::-1]), where.rules, where.depth):
        item = _brief(long[first])
        if first == len(short):
            return _say("off-by-one", came, expected, where, words=f"last-{what}", item=item)
        if first == 0:
            return _say("off-by-one", came, expected, where, words=f"first-{what}", item=item)
        return _say(f"{what}-item", came, expected, where.inside(f"[{first}]"), words=f"item-{what}", item=item)
    if first == len(short):
        counts = {"came_count": _count(len(came), "item-right"), "gap_count": _count(gap, f"item-{what}")}
        return _say("length", came, expected, where, words=f"rest-{what}", item=_brief(long[first]), **counts)
    return _say(
        "length",
        came,
        expected,
        where,
        came_count=_count(len(came), "item-came"),
        expected_count=_count(len(expected), "item-expected"),
        spot=f"[{first}]",
        item=_brief(came[first]),
        wanted=_brief(expected[first]),
    )


# Texts


def _narrate_bytes(came: bytes, expected: bytes, where: _Where) -> Difference:
    if len(came) == len(expected):
        return _first_item(came, expected, where)
    return _say("value", came, expected, where)


def _narrate_text(came: str, expected: str, where: _Where) -> Difference:
    gap = next(
        (place for place, (one, other) in enumerate(zip(came, expected, strict=False)) if one != other), min(len(came), len(expected))
    )
    return next(_text_relations(came, expected, gap, where))


def _text_relations(came: str, expected: str, gap: int, where: _Where) -> Iterator[Difference]:
    """Yield how two texts that first differ at character *gap* are related, the most particular first."""
    spot = _spot(expected, gap)
    if not came:
        yield _say("empty", came, expected, where, words="text-empty")
    if came.lower() == expected.lower():
        yield _say_text("case", came, expected, gap, where, spot=spot)
    if "".join(came.split()) == "".join(expected.split()):
        yield _narrate_whitespace(came, expected, gap, where)
    if _look_alike(came, expected):
        chars = {"came_char": _character(came, gap), "expected_char": _character(expected, gap)}
        yield _say_text("lookalike", came, expected, gap, where, spot=spot, **chars)
    if came[::-1] == expected:
        yield _say_text("reversed", came, expected, 0, where, words="text-reversed")
    if came in {f"'{expected}'", f'"{expected}"'}:
        yield _say_text("quotes", came, expected, 0, where)
    yield from _end_missing(came, expected, gap, where)
    yield from _one_character(came, expected, gap, where)
    if _words_only(came) == _words_only(expected) != "":
        yield _say_text("punctuation", came, expected, gap, where)
    if gap == len(came):
        yield _say_text("length", came, expected, gap, where, words="text-stops", item=_brief(came[-20:]))
    if gap == len(expected):
        yield _say_text("length", came, expected, gap, where, words="text-goes-on", item=_brief(came[gap : gap + 20]))
    words = {"item": _word_at(came, gap), "wanted": _word_at(expected, gap)}
    yield _say_text("text", came, expected, gap, where, words="text-parts", spot=spot, **words)


def _end_missing(came: str, expected: str, gap: int, where: _Where) -> Iterator[Difference]:
    """Yield that only the first or the last character is missing, if so."""
    if came == expected[:-1]:
        yield _say_text("length", came, expected, gap, where, words="last-character", item=_brief(expected[-1]))
    if came == expected[1:]:
        yield _say_text("length", came, expected, gap, where, words="first-character", item=_brief(expected[0]))


def _one_character(came: str, expected: str, gap: int, where: _Where) -> Iterator[Difference]:
    """Yield that a single character is another, missing or too many at *gap*, or has changed places with its neighbour, if so."""
    if not (0 < gap < len(came) and gap < len(expected)):
        return
    fields = {"spot": _spot(expected, gap), "item": _brief(came[gap]), "wanted": _brief(expected[gap])}
    pairs = {
        "one-character": (came[gap + 1 :], expected[gap + 1 :]),
        "character-missing": (came[gap:], expected[gap + 1 :]),
        "character-extra": (came[gap + 1 :], expected[gap:]),
        "neighbours-exchanged": (came[gap + 1 : gap + 2] + came[gap : gap + 1] + came[gap + 2 :], expected[gap:]),
    }
    for words, (one, other) in pairs.items():
        if one == other:
            yield _say_text("text", came, expected, gap, where, words=words, **fields)


def _look_alike(came: str, expected: str) -> bool:
    """Return whether two texts differ only in how Unicode writes them, or in signs of which just one is ASCII."""
    if unicodedata.normalize("NFKC", came) == unicodedata.normalize("NFKC", expected):
        return True
    return len(came) == len(expected) and all(
        one == other or one.isascii() != other.isascii() for one, other in zip(came, expected, strict=True)
    )


def _narrate_whitespace(came: str, expected: str, gap: int, where: _Where) -> Difference:
    """Return the difference between two texts that differ only in whitespace, with that made visible."""
    if came.rstrip("\r\n") == expected.rstrip("\r\n"):
        words = "newline-missing" if len(came) < len(expected) else "newline-extra"
    else:
        words = "whitespace-ends" if came.strip() == expected.strip() else "whitespace"
    shown = [_visible(_around(text, gap)) for text in (came, expected)]
    kind = "newline" if words.startswith("newline") else "whitespace"
    sentence = say(f"compare.{words}", came=_cut(shown[0], _BRIEF), expected=_cut(shown[1], _BRIEF))
    return _place(sentence, kind, shown[0], shown[1], where)


def _say_text(
    kind: str, came: str, expected: str, gap: int, where: _Where, *, words: str | None = None, spot: str = "", **fields: str
) -> Difference:
    """Return the difference of two texts with both cut to the neighbourhood of their first difference, at *gap*."""
    shown = _around(came, gap), _around(expected, gap)
    told = _say(kind, *shown, where, words=words, spot=spot, **fields)
    return told if told.place or not spot else replace(told, place=spot)


def _around(text: str, gap: int) -> str:
    """Return *text*, or if it is long, the part of it around *gap*."""
    start, stop = max(gap - 30, 0), gap + 40
    if len(text) <= _BRIEF - 4:
        return text
    return ("…" if start else "") + text[start:stop] + ("…" if stop < len(text) else "")


def _spot(text: str, gap: int) -> str:
    """Return the place of character *gap* as learners count: from 1, with its line if there are several."""
    if gap >= len(text):
        return say("compare.place.end")
    line, start = text.count("\n", 0, gap) + 1, text.rfind("\n", 0, gap) + 1
    return say("compare.place.line" if "\n" in text else "compare.place.character", line=line, column=gap - start + 1)


def _word_at(text: str, gap: int) -> str:
    """Return the word around character *gap*, shown; a long one from there on."""
    before, after = re.search(r"\S{0,15}$", text[max(gap - 15, 0) : gap]), re.match(r"\S{0,15}", text[gap : gap + 15])
    word = (before[0] if before else "") + (after[0] if after else "")
    return _brief(word if word and not text[gap].isspace() else text[gap : gap + 10])


def _character(text: str, gap: int) -> str:
    """Return the character at *gap* with its code point and name, which is how lookalikes are told apart."""
    return f"U+{ord(text[gap]):04X} ({(unicodedata.name(text[gap], '') or say('compare.show.unnamed')).lower()})"


def _words_only(text: str) -> str:
    return "".join(char for char in text if char.isalnum() or char.isspace())


def _visible(text: str) -> str:
    """Return *text* in quotation marks with its whitespace written as signs."""
    signs = {" ": "·", "\t": "→", "\n": "↵"}
    return printable(f"'{''.join(signs.get(char, char) for char in text)}'")


# Dictionaries and sets


def _narrate_mapping(came: Mapping[object, object], expected: Mapping[object, object], where: _Where) -> Difference:
    missing = [key for key in expected if _lookup(came, key) is _ABSENT]
    extra = [key for key in came if _lookup(expected, key) is _ABSENT]
    if missing and extra:
        if not any(_unpaired(list(came.items()), [(value, key) for key, value in expected.items()], where.rules, where.depth)):
            return _say("order", came, expected, where, words="mapping-reversed")
        renamed = _renamed(extra, missing)
        if renamed is not None:
            key, wanted = renamed
            fields = {"key": _brief(key), "wanted": _brief(wanted), "came_noun": _noun(key), "expected_noun": _noun(wanted)}
            same_family = _family(key) == _family(wanted)
            return _say("renamed-key", came, expected, where, words="key-renamed" if same_family else "key-type", **fields)
    if missing:
        words = "key-missing" if len(missing) == 1 else "keys-missing"
        return _say(
            "missing-key", came, expected, where, words=words, key=_brief(missing[0]), gap_count=_count(len(missing), "key-missing")
        )
    if extra:
        words = "key-extra" if len(extra) == 1 else "keys-extra"
        return _say("extra-key", came, expected, where, words=words, key=_brief(extra[0]), gap_count=_count(len(extra), "key-extra"))
    if len(expected) > 1 and not any(_unpaired(came.values(), expected.values(), where.rules, where.depth)):
        return _say("order", came, expected, where, words="keys-exchanged")
    key = next(key for key, value in expected.items() if not _alike(_lookup(came, key), value, where.rules, where.depth + 1))
    return _narrate(_lookup(came, key), expected[key], where.inside(f"[{show(key, limit=40)}]"))


def _renamed(extra: Sequence[object], missing: Sequence[object]) -> tuple[object, object] | None:
    """Return a name too many and the missing name that it was most likely meant to be."""
    for wanted in missing[:20]:
        texts = {str(name)[:200].casefold().strip(): name for name in extra[:200] if isinstance(name, str | int)}
        if not isinstance(wanted, str | int):
            continue
        close = difflib.get_close_matches(str(wanted)[:200].casefold().strip(), texts, n=1, cutoff=0.75)
        if close:
            return texts[close[0]], wanted
    return None


def _narrate_set(came: frozenset[object], expected: frozenset[object], where: _Where) -> Difference:
    extra, missing = _unpaired(list(came), list(expected), where.rules, where.depth)
    if not extra and not missing:
        return _say("type", came, expected, where)
    if extra and missing:
        return _say("value", came, expected, where, words="member-both", item=_brief(extra[0]), wanted=_brief(missing[0]))
    if missing:
        return _say("missing-item", came, expected, where, words="member-missing", item=_brief(missing[0]))
    return _say("extra-item", came, expected, where, words="member-extra", item=_brief(extra[0]))


# Arrays


def _narrate_array(came: Array, expected: Array, where: _Where) -> Difference:
    if came.shape != expected.shape:
        return _narrate_shape(came, expected, where)
    if not where.rules.order:
        items, wanted = came.tolist(), expected.tolist()
        alike = not any(_unpaired(items, wanted, where.rules, where.depth))
        return _say_dtype(came, expected, where) if alike else _narrate_unordered(items, wanted, where)
    equal = _equal_cells(came, expected, where.rules)
    if equal.all():
        return _say_dtype(came, expected, where)
    return next(_array_relations(came, expected, where), None) or _first_cell(came, expected, equal, where)


def _array_relations(came: Array, expected: Array, where: _Where) -> Iterator[Difference]:
    """Yield how all values of two arrays of one shape are related, if they are."""
    rules = where.rules
    if came.ndim > 1 and came.T.shape == expected.shape and _equal_cells(came.T, expected, rules).all():
        yield _say("transposed", came, expected, where)
    if _equal_cells(came[::-1], expected, rules).all():
        yield _say("reversed", came, expected, where, words="array-reversed")
    yield from _same_step(came, expected, where)
    if not any(_unpaired(came.ravel().tolist(), expected.ravel().tolist(), rules, where.depth)):
        yield _say("order", came, expected, where, words="array-order")


def _same_step(came: Array, expected: Array, where: _Where) -> Iterator[Difference]:
    """Yield by how much or how many times all numbers of *came* are too large or too small, if it is the same for all."""
    import numpy as np  # noqa: PLC0415 - only when arrays are at hand

    if came.size < 2 or {came.dtype.kind, expected.dtype.kind} - set("iuf"):  # noqa: PLR2004 - of a single number nothing is the same
        return
    with np.errstate(all="ignore"):
        one, other = came.astype(np.float64), expected.astype(np.float64)
        gaps, factors = (one - other).ravel(), (one / other).ravel()
    gap, factor = gaps[0], factors[0]
    if gap and np.isfinite(gaps).all() and np.allclose(gaps, gap, rtol=1e-9, atol=0.0):
        step = f"{abs(gap):.6g}"
        words = "each-gap-large" if gap > 0 else "each-gap-small"
        told = _say("off-by-one" if step == "1" else "value", came.tolist(), expected.tolist(), where, words=words, gap=step)
        yield replace(told, came=show(came), expected=show(expected))
    if factor not in {0.0, 1.0} and np.isfinite(factors).all() and np.allclose(factors, factor, rtol=1e-9, atol=0.0):
        told = _say("factor", came.tolist(), expected.tolist(), where, words="each-times", factor=f"{factor:.6g}")
        yield replace(told, came=show(came), expected=show(expected))


def _first_cell(came: Array, expected: Array, equal: Array, where: _Where) -> Difference:
    """Return the first difference between two arrays of one shape, which are alike where *equal* is true."""
    import numpy as np  # noqa: PLC0415 - only when arrays are at hand

    place = tuple(int(step) for step in np.argwhere(~equal)[0])
    told = _narrate(came[place], expected[place], where.inside(str(list(place))))
    if came.size == 1:
        return told
    count = _count(int((~equal).sum()), "differ", total=came.size)
    return replace(told, message=say("compare.cells", sentence=told.message, gap_count=count))


def _say_dtype(came: Array, expected: Array, where: _Where) -> Difference:
    return _say("dtype", came, expected, where, came_dtype=str(came.dtype), expected_dtype=str(expected.dtype))


def _shapes(came: Array, expected: Array) -> dict[str, str]:
    return {"came_shape": _shape(came), "expected_shape": _shape(expected)}


def _shape(array: Array) -> str:
    return f"({', '.join(map(str, array.shape))}{',' if array.ndim == 1 else ''})"


def _narrate_shape(came: Array, expected: Array, where: _Where) -> Difference:
    """Return the difference between two arrays of different shapes."""
    shapes = _shapes(came, expected)
    if came.ndim > 1 and came.T.shape == expected.shape and _equal_cells(came.T, expected, where.rules).all():
        return _say("transposed", came, expected, where)
    if came.size == expected.size and _equal_cells(came.ravel(), expected.ravel(), where.rules).all():
        return _say("shape", came, expected, where, words="reshape", **shapes)
    if came.ndim == 1 and expected.ndim == 1:
        return _narrate_sequence(came.tolist(), expected.tolist(), where)
    if came.ndim == 2 and expected.ndim == 1 and came.shape == (expected.size, expected.size):  # noqa: PLR2004 - a table from rows
        return _say("shape", came, expected, where, words="broadcast", **shapes)
    if came.ndim != expected.ndim:
        axes = {"came_axes": _count(came.ndim, "axis"), "expected_axes": _count(expected.ndim, "axis-expected")}
        return _say("shape", came, expected, where, words="axes", **shapes, **axes)
    return _say("shape", came, expected, where, **shapes)


# Tables


def _narrate_index(came: pd.Index[Any], expected: pd.Index[Any], where: _Where) -> Difference:
    items, wanted = _cells(came), _cells(expected)
    if not _sequences_alike(items, wanted, where.rules, where.depth):
        return _narrate_sequence(items, wanted, where)
    return _say("dtype", came, expected, where, came_dtype=_tell(str(came.dtype), 40), expected_dtype=_tell(str(expected.dtype), 40))


def _narrate_series(came: pd.Series[Any], expected: pd.Series[Any], where: _Where) -> Difference:
    return _narrate_rows(came.to_frame("value"), expected.to_frame("value"), came, expected, where)


def _narrate_frame(came: pd.DataFrame, expected: pd.DataFrame, where: _Where) -> Difference:
    places = _matching_columns(came, expected, where.rules)
    if places is None:
        return _narrate_columns(came, expected, where)
    return _narrate_rows(came.iloc[:, places], expected, came, expected, where)


def _narrate_columns(came: pd.DataFrame, expected: pd.DataFrame, where: _Where) -> Difference:
    names, wanted = _cells(came.columns), _cells(expected.columns)
    extra, missing = _unpaired(names, wanted, replace(where.rules, rel=0.0, abs=0.0))
    columns = {"columns": _brief(wanted), "came_columns": _brief(names)}
    if came.shape == expected.shape[::-1] and _frames_alike(came.T, expected, replace(where.rules, dtype=False), where.depth):
        return _say("transposed", came, expected, where)
    if missing and extra:
        renamed = _renamed(extra, missing) or ((extra[0], missing[0]) if len(extra) == len(missing) == 1 else None)
        if renamed is not None:
            return _say("columns", came, expected, where, words="column-renamed", key=_brief(renamed[0]), wanted=_brief(renamed[1]))
    lost = next((name for name in missing if name is not None and name in came.index.names), None)
    if lost is not None:
        return _say("columns", came, expected, where, words="column-as-index", key=_brief(lost))
    if missing:
        return _say("columns", came, expected, where, words="column-missing", key=_brief(missing[0]), columns=_brief(names))
    if extra:
        return _say("columns", came, expected, where, words="column-extra", key=_brief(extra[0]), columns=_brief(wanted))
    return _say("columns-order", came, expected, where, **columns)


def _narrate_rows(came: pd.DataFrame, expected: pd.DataFrame, whole: object, target: object, where: _Where) -> Difference:
    """Return the difference between two tables with matching columns; *whole* and *target* are shown in their place."""
    rules = where.rules
    if len(came) != len(expected):
        return _narrate_row_count(came, expected, whole, target, where)
    rows, wanted = _rows(came, labels=False), _rows(expected, labels=False)
    row = _first_unlike(rows, wanted, where)
    if row == len(rows):
        return _narrate_labels(came, expected, whole, target, where)
    extra, missing = _unpaired(rows, wanted, rules, where.depth)
    if extra and missing and not rules.order:
        return _say("value", whole, target, where, words="row-unpaired", row=_brief_row(extra[0]), wanted=_brief_row(missing[0]))
    if not extra and not missing:
        return _narrate_row_order(came, expected, whole, target, where)
    column = _first_unlike(rows[row], wanted[row], where.inside(""))
    heading = _brief(_cells(expected.columns)[column])
    name = say("compare.place.column", column=heading) if _is_frame(whole) else ""
    told = _narrate_text_column(came.iloc[:, column], expected.iloc[:, column], where.inside(f", {name}" if where.place and name else name))
    if told is not None:
        return told
    label = expected.index[row] if rules.index else row
    spot = say("compare.place.cell" if _is_frame(whole) else "compare.place.row", row=_brief(_plain(label)), column=heading)
    there = replace(where.inside(f", {spot}" if where.place else spot), table=True)
    return _narrate(rows[row][column], wanted[row][column], there)


def _narrate_labels(came: pd.DataFrame, expected: pd.DataFrame, whole: object, target: object, where: _Where) -> Difference:
    """Return the difference between two tables in which all values are alike."""
    labels, wanted = _cells(came.index), _cells(expected.index)
    if where.rules.index and _first_unlike(labels, wanted, where) < len(labels):
        return _say_labels(labels, wanted, whole, target, where)
    return _narrate_column_type(came, expected, whole, target, where)


def _narrate_text_column(came: pd.Series[Any], expected: pd.Series[Any], where: _Where) -> Difference | None:
    """Return the difference between a column of numbers or dates and one that came as texts, or None if it is no such thing."""
    cells = [cell for cell in _cells(came) if cell is not None]
    if not cells or not all(isinstance(cell, str) for cell in cells):
        return None
    if expected.dtype.kind == "M":
        return _say("type", came, expected, where, words="column-not-dates")
    odd = next((cell for cell in cast("list[str]", cells) if not re.fullmatch(r"\s*[+-]?\d+(?:\.\d+)?\s*", cell[:_BRIEF])), None)
    if expected.dtype.kind not in "iuf" or odd is None:
        return None
    return _say("type", came, expected, where, words="column-of-text", item=_brief(odd))


def _narrate_row_order(came: pd.DataFrame, expected: pd.DataFrame, whole: object, target: object, where: _Where) -> Difference:
    """Return the difference between two tables that have the same rows in another order."""
    if where.rules.order:
        labels, wanted = _cells(came.index), _cells(expected.index)
        if _is_sorted(labels) and not _is_sorted(wanted):
            return _say("rows-order", whole, target, where, words="rows-sorted", item=_brief(labels[0]), wanted=_brief(wanted[0]))
        return _say("rows-order", whole, target, where)
    if where.rules.index and any(_unpaired(_rows(came, labels=True), _rows(expected, labels=True), where.rules)):
        return _say_labels(_cells(came.index), _cells(expected.index), whole, target, where)
    return _narrate_column_type(came, expected, whole, target, where)


def _say_labels(labels: list[object], wanted: list[object], whole: object, target: object, where: _Where) -> Difference:
    """Return the difference between two tables that differ in the labels of their rows only."""
    words = "index" if wanted == list(range(len(wanted))) else "labels"
    return _say("index", whole, target, where, words=words, came_labels=_brief(labels), labels=_brief(wanted))


def _narrate_row_count(came: pd.DataFrame, expected: pd.DataFrame, whole: object, target: object, where: _Where) -> Difference:
    counts = {"came_count": _count(len(came), "row-came"), "expected_count": _count(len(expected), "row-expected")}
    extra, missing = _unpaired(_rows(came, labels=False), _rows(expected, labels=False), where.rules)
    if missing and not extra:
        return _say("rows", whole, target, where, words="row-missing", row=_brief_row(missing[0]), **counts)
    if extra and not missing:
        return _say("rows", whole, target, where, words="row-extra", row=_brief_row(extra[0]), **counts)
    return _say("rows", whole, target, where, words="row-count", **counts)


def _narrate_column_type(came: pd.DataFrame, expected: pd.DataFrame, whole: object, target: object, where: _Where) -> Difference:
    """Return the first column of another element type, where all values are alike."""
    pairs = list(zip(_cells(expected.columns), came.dtypes, expected.dtypes, strict=True))
    name, dtype, wanted = next((pair for pair in pairs if _dtype_word(pair[1]) != _dtype_word(pair[2])), pairs[0])
    spot = say("compare.place.column", column=_brief(name)) if _is_frame(whole) else ""
    there = where.inside(f", {spot}" if where.place and spot else spot)
    types = {"came_dtype": _tell(str(dtype), 40), "expected_dtype": _tell(str(wanted), 40)}
    return _say("dtype", whole, target, there, words="column-dtype", **types)


_NARRATORS: Final[Mapping[str, Callable[[Any, Any, _Where], Difference]]] = {
    "number": _narrate_number,
    "text": _narrate_text,
    "bytes": _narrate_bytes,
    "list": _narrate_sequence,
    "tuple": _narrate_sequence,
    "dict": _narrate_mapping,
    "set": _narrate_set,
    "array": _narrate_array,
    "series": _narrate_series,
    "frame": _narrate_frame,
    "index": _narrate_index,
}


# --------------------------------------------------------------------------------------------------------------------
# Plain asserts
# --------------------------------------------------------------------------------------------------------------------

_ORDERINGS: Final[Mapping[str, tuple[str, str]]] = {
    "<=": ("at-most", "too-large"),
    "<": ("less", "too-large"),
    ">=": ("at-least", "too-small"),
    ">": ("more", "too-small"),
}


def _explain_equal(came: object, expected: object, where: _Where) -> Difference:
    """Return why two values are not `==`, even if `_alike` is more lenient than Python."""
    if not _alike(came, expected, where.rules):
        return _narrate(came, expected, where)
    number = _plain(came)
    if _is_number(number) and _is_nan(number):
        return _say("nan", came, expected, where, words="nan-equal")
    return _say("value", came, expected, where)


def _explain_other(op: str, came: object, expected: object, where: _Where) -> Difference:
    """Return why an `in`, `is`, `!=` or the like does not hold."""
    if op == "is":
        if came is None:
            return _say("none", came, expected, where)
        copy = _alike(came, expected, where.rules)
        return _say("identity", came, expected, where, words="identity-copy" if copy else "identity")
    if op == "is not" and expected is None:
        return _say("none", came, say("compare.show.something-else"), where, words="not-printed")
    kind, words = {
        "!=": ("equal", "not-equal"),
        "in": ("not-found", "not-found"),
        "not in": ("found", "found"),
        "is not": ("identity", "not-identity"),
    }.get(op, ("value", "value"))
    if op == "!=" and came == expected == "":
        words = "text-not-empty"
    return _say(kind, came, expected, where, words=words)


def _without_line(message: str) -> tuple[str, int | None]:
    """Return the message of a SyntaxError without the place Python adds in brackets, and the line it names."""
    found = re.search(r" ?\((?:[^()]*, )?line (\d{1,6})\)", message)
    return (message, None) if found is None else (message[: found.start()] + message[found.end() :], int(found[1]))


# --------------------------------------------------------------------------------------------------------------------
# Showing values
# --------------------------------------------------------------------------------------------------------------------


def _brief(value: object) -> str:
    """Return *value* short enough to stand as a part of a sentence."""
    return show(value, limit=50)


def _brief_row(row: object) -> str:
    """Return a row of a table as a part of a sentence; that of a single column as its value."""
    return _brief(row[0] if isinstance(row, tuple) and len(row) == 1 else row)


def _tell(text: str, limit: int = 160) -> str:
    """Return a text that is not a value (a name, a message) escaped and cut to *limit* characters."""
    return _cut(printable(text[: limit + 1]), limit)


def _cut(text: str, limit: int) -> str:
    """Return *text* with its middle left out if it has more than *limit* characters."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[len(text) - tail :]}"


def _count(number: int, noun: str, **fields: object) -> str:
    return say(f"compare.count.{noun}", number, n=number, **fields)


def _noun(value: object) -> str:
    """Return what kind of value this is, as a learner calls it."""
    plain = _plain(value)
    family = _family(plain)
    if family == "number":
        family = next((name for kind, name in ((int, "int"), (float, "float"), (complex, "complex")) if isinstance(plain, kind)), "number")
    return say(f"compare.noun.{family}", name=_tell(_type_name(plain) or type(plain).__name__, 60))


def _render(value: object, room: int, depth: int) -> str:
    """Return *value* as text of about *room* characters; the caller cuts what is too long."""
    if _is_approx(value):
        return say("compare.show.about", value=_render(cast("Any", value).expected, room, depth))
    value = _plain(value)
    return _RENDERERS.get(_family(value), _render_other)(value, room, depth)


def _render_other(value: object, _room: int, _depth: int) -> str:
    return repr(value)


def _render_number(value: Number, _room: int, _depth: int) -> str:
    if isinstance(value, int) and value.bit_length() > _LONG_INT:
        # Python refuses to print such a number, or takes long over it.
        digits = round(value.bit_length() * math.log10(2))
        return say("compare.show.negative-digits" if value < 0 else "compare.show.digits", digits=digits)
    if isinstance(value, Fraction) and max(value.numerator.bit_length(), value.denominator.bit_length()) > _LONG_INT:
        return say("compare.show.fraction")
    # A subclass of an author's, such as an enum's member, keeps its own repr.
    return repr(value)


def _render_text(value: str | bytes, room: int, _depth: int) -> str:
    if len(value) <= room and len(whole := repr(value)) <= room:
        return whole
    note = f" ({_count(len(value), 'character' if isinstance(value, str) else 'byte')})"
    keep = max(room - len(note) - 3, 6)
    while True:
        tail = keep // 3
        ends = (value[: keep - tail], value[len(value) - tail :])
        text = f"{repr(ends[0])[:-1]}…{repr(ends[1])[1 if isinstance(value, str) else 2 :]}"
        # Escapes take more room than the characters they stand for.
        if len(text) + len(note) <= room or keep <= 6:  # noqa: PLR2004 - fewer would show nothing
            return text + note
        keep = max(keep * 2 // 3, 6)


def _render_sequence(value: Sequence[object] | Array, room: int, depth: int) -> str:
    opening, closing = "()" if isinstance(value, tuple) else "[]"
    if isinstance(value, tuple) and len(value) == 1:
        closing = ",)"
    return _render_items(lambda place, left: _render(value[place], left, depth + 1), len(value), room, depth, opening + closing)


def _render_items(
    item: Callable[[int, int], str], count: int, room: int, depth: int, brackets: str, *, last: bool = True, told: bool = True
) -> str:
    """Return *count* items in *brackets*: as many of the first as there is room for, the last, and how many there are.

    *last* false leaves out the last, *told* false how many there are.
    """
    opening, closing = brackets[0], brackets[1:]
    if depth >= _LISTED and count:
        return f"{opening}…{closing}"
    parts: list[str] = []
    left = room - len(brackets)
    for place in range(count):
        part = item(place, max(left, 8))
        if len(part) > left and parts:
            break
        parts.append(part)
        left -= len(part) + 2
        if left <= 0 and place < count - 1:
            break
    if len(parts) == count:
        return f"{opening}{', '.join(parts)}{closing}"
    note = f" ({_count(count, 'item')})" if told else ""
    end = [item(count - 1, max(room // 4, 8))] if last else []
    budget = room - len(brackets) - len(note) - len("…") - sum(len(part) + 2 for part in end)
    while len(parts) > 1 and sum(len(part) + 2 for part in parts) > budget:
        parts.pop()
    return f"{opening}{', '.join([*parts, '…', *end])}{closing}{note}"


def _render_mapping(value: Mapping[object, object], room: int, depth: int) -> str:
    pairs = list(islice(value.items(), room))

    def item(place: int, left: int) -> str:
        key = _render(pairs[place][0], max(left // 2, 8), depth + 1)
        return f"{key}: {_render(pairs[place][1], max(left - len(key) - 2, 8), depth + 1)}"

    return _render_items(item, len(value), room, depth, "{}", last=len(pairs) == len(value))


def _render_set(value: frozenset[object], room: int, depth: int) -> str:
    name = "frozenset" if isinstance(value, frozenset) else "set"
    if not value:
        return f"{name}()"
    items = _first_sorted(value, room)
    text = _render_items(lambda place, left: _render(items[place], left, depth + 1), len(value), room, depth, "{}", last=False)
    return f"frozenset({text})" if name == "frozenset" else text


def _first_sorted(items: frozenset[object], count: int) -> list[object]:
    """Return the first *count* of *items* in order; their own order if they have none and are many."""
    try:
        return nsmallest(count, items)  # type: ignore[type-var] # what cannot be ordered raises TypeError
    except TypeError:
        return sorted(items, key=_sort_key)[:count] if len(items) <= count else list(islice(items, count))


def _render_array(value: Array, room: int, depth: int) -> str:
    return say("compare.show.array", shape=_shape(value), dtype=value.dtype, values=_render_nested(value, room - 30, depth))


def _render_nested(value: Array, room: int, depth: int) -> str:
    """Return the values of *value* in nested brackets, taking out only those that there is room for."""

    def item(place: int, left: int) -> str:
        part = value[place]
        return _render_nested(part, left, depth + 1) if _is_array(part) and part.ndim else _render(part, left, depth + 1)

    return _render_items(item, len(value), room, depth, "[]", told=False)


def _render_index(value: pd.Index[Any], room: int, depth: int) -> str:
    return f"Index, {value.dtype}: {_render_column(value, room - 20, depth)}"


def _render_column(value: pd.Series[Any] | pd.Index[Any], room: int, depth: int) -> str:
    pick = value.iloc if _is_series(value) else value
    return _render_items(lambda place, left: _render(cast("Any", pick)[place], left, depth + 1), len(value), room, depth, "[]")


def _render_series(value: pd.Series[Any], room: int, depth: int) -> str:
    numbered = value.index.equals(type(value)(range(len(value))).index)
    labels = "" if numbered else say("compare.show.labelled", labels=_render_column(value.index, room // 3, depth))
    return f"Series, {value.dtype}: {_render_column(value, room - len(labels) - 20, depth)}{labels}"


def _render_frame(value: pd.DataFrame, room: int, depth: int) -> str:
    head = say("compare.show.frame", rows=_count(len(value), "row"), columns=_count(value.shape[1], "column"))

    def item(place: int, left: int) -> str:
        column = value.iloc[:, place]
        name = _render(value.columns[place], max(left // 2, 8), depth + 1)
        each = max(min(left, (room - len(head)) // value.shape[1]) - len(name) - 2, 8)
        return f"{name}: {_render_column(column, each, depth + 1)}"

    return head + _render_items(item, value.shape[1], room - len(head), depth, "{}")


def _render_opaque(value: object, _room: int, _depth: int) -> str:
    return f"<{_tell(_type_name(value) or '', 60)} object>"


_RENDERERS: Final[Mapping[str, Callable[[Any, int, int], str]]] = {
    "number": _render_number,
    "text": _render_text,
    "bytes": _render_text,
    "list": _render_sequence,
    "tuple": _render_sequence,
    "dict": _render_mapping,
    "set": _render_set,
    "array": _render_array,
    "series": _render_series,
    "frame": _render_frame,
    "index": _render_index,
    "opaque": _render_opaque,
}
