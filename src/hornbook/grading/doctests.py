"""What imported doctests are compared with: how a value, rebuilt on this side, is written, and what was printed.

    doctests.expect(square(3), "9")                 >>> square(3)
    with doctests.expect_printed("Hello"):          >>> print(greeting)
    with doctests.raises("ValueError: too small"):  >>> square(-1), and a Traceback

A doctest compares texts. Here the text is that of a value that has been rebuilt in this process: no `__repr__` of the learner's has a
say in how a number or a list is written. What the learner's code prints is the learner's own word, as what it returns is.

Source: https://docs.python.org/3/library/doctest.html, whose checker and options are used.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import re
import sys
from collections.abc import Iterator
from typing import Any

from hornbook.grading import compare
from hornbook.sandbox.probe import Handle, LearnerError, Mismatch, inside
from hornbook.words import say

_SCALAR = re.compile(r"\bnp\.(?:float|int|uint|complex|longdouble|str|bool)\w*\(([^()]*)\)")
_TRUTH = re.compile(r"\bnp\.(True|False)_")


def expect(value: Any, text: str, *options: str) -> None:
    """Demand that *value* is written *text*, or that the call that gave it printed *text*; *options* are doctest's, by name.

    With "" nothing may have come: doctest shows every value but None.
    """
    printed = _printed()
    written = "" if value is None else f"{_written(value, text)}\n"
    # What is printed on the way to the right value costs nothing.
    for came in (written, printed + written):
        if _agrees(came, text, options) and (came or not text):
            return
    raise _mismatch(value, printed if value is None else written, text)


@contextlib.contextmanager
def expect_printed(text: str, *options: str) -> Iterator[None]:
    """Demand that *text* is printed within the block."""
    _printed()
    yield
    came = _printed()
    if not _agrees(came, text, options):
        raise Mismatch(say("outcome.not-it"), came=_shown(came), expected=_shown(text))


def show(value: Any) -> None:
    """Print *value* as an interactive session shows what an expression gives: not at all if it is None."""
    if value is not None:
        print(repr(value))  # noqa: T201 - within `expect_printed`, which is what reads it


@contextlib.contextmanager
def raises(text: str, *options: str) -> Iterator[None]:
    """Demand that an exception of the kind and with the message in *text* is raised within the block, as `ValueError: too small`."""
    wanted = text.partition(":")[0].strip().rpartition(".")[2]
    try:
        yield
    except LearnerError as error:
        name, message = error.type_name.rpartition(".")[2], error.message
    except Mismatch:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the test's own code raises is what a doctest sees
        name, message = type(error).__name__, str(error)
    else:
        raise Mismatch(say("probe.error-expected", error=wanted), came=say("probe.no-error"), expected=wanted)
    came = f"{name}: {message}" if message else name
    # A doctest is told the exception's module, or not, as Python happens to write it.
    told = re.sub(r"^[\w.]+", wanted, text, count=1)
    if not _agrees(f"{came}\n", told, options) and not ("IGNORE_EXCEPTION_DETAIL" in options and name == wanted):
        raise Mismatch(say("outcome.not-it"), came=_shown(came), expected=_shown(text), raised=name)


def _agrees(came: str, text: str, options: tuple[str, ...]) -> bool:
    """Whether doctest takes *came* for *text*. A number of numpy's may be written as numpy 1 does or as numpy 2."""
    flags = 0
    for option in options:
        flags |= doctest.OPTIONFLAGS_BY_NAME.get(option, 0)
    want = f"{text}\n" if text else ""
    plain = [_TRUTH.sub(r"\1", _SCALAR.sub(r"\1", one)) for one in (want, came)]
    checker = doctest.OutputChecker()
    return checker.check_output(want, came, flags) or checker.check_output(plain[0], plain[1], flags)


def _written(value: Any, text: str) -> str:
    """Return how *value* is written. An object of the learner's is asked, but never where *text* is how plain data is written."""
    if type(value) is Handle and _is_data(text):
        raise Mismatch(say("probe.not-plain"), came=say("probe.object", type=inside(value).opaque.type_name), expected=_shown(text))
    return repr(value)


def _is_data(text: str) -> bool:
    """Whether *text* is how a number, a text or a collection of such is written."""
    try:
        ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text.strip() in {"nan", "inf", "-inf"}
    return True


def _printed() -> str:
    """Return what was printed since the last time, by the test or by the learner's code in it."""
    out = sys.stdout
    if not isinstance(out, io.StringIO):
        return ""
    printed = out.getvalue()
    out.seek(0)
    out.truncate()
    return printed


def _mismatch(value: Any, came: str, text: str) -> Mismatch:
    """Return what there is to say: of two values where *text* is how one is written, or else of two texts."""
    if value is not None and _is_data(text) and text.strip() not in {"nan", "inf", "-inf"}:
        found = compare.explain("==", value, ast.literal_eval(text.strip()))
        return Mismatch(found.message, came=found.came, expected=found.expected)
    return Mismatch(say("outcome.not-it"), came=_shown(came), expected=_shown(text))


def _shown(text: str) -> str:
    return text.rstrip("\n")
