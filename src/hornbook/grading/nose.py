"""What test cells use of `nose.tools`, which no newer Python can install: unittest's assertions, `eq_`, `ok_` and `raises`.

`from nose.tools import assert_equal` in a test cell finds it here, and an imported grader may say `from hornbook.grading.nose import *`.
"""

from __future__ import annotations

import functools
import re
import unittest
from collections.abc import Callable
from typing import Any

_case = unittest.TestCase()
_case.maxDiff = None

TOOLS: dict[str, Any] = {
    re.sub("([A-Z])", lambda letter: f"_{letter[1].lower()}", name): getattr(_case, name)
    for name in dir(_case)
    if name.startswith("assert")
}
TOOLS.update(assert_equals=_case.assertEqual, assert_almost_equals=_case.assertAlmostEqual, assert_raises_regexp=_case.assertRaisesRegex)


def ok_(condition: object, message: object = None) -> None:
    """Demand that *condition* holds."""
    TOOLS["assert_true"](condition, message)


def eq_(one: object, other: object, message: object = None) -> None:
    """Demand that both are equal."""
    TOOLS["assert_equal"](one, other, message)


def raises(*kinds: type[Exception]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a function that has to raise one of *kinds*."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def checked(*arguments: Any, **keywords: Any) -> None:
            TOOLS["assert_raises"](kinds, function, *arguments, **keywords)

        return checked

    return decorate


TOOLS.update(ok_=ok_, eq_=eq_, raises=raises)
globals().update(TOOLS)
__all__ = list(TOOLS)
