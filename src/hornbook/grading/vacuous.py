"""Finds, by reading a grader, the checks that cannot fail whatever the learner wrote.

    vacuous(source) -> tuple[Vacuous, ...]      each with the check, the line, what is the matter, and the way out

What is found here needs no program to prove it: the assertion is true by its form, or there is none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_ASSERTING: Final = ("assert", "check", "expect", "verify", "raises", "fail")
"""How the name of a helper from elsewhere begins or ends that asserts something itself, such as `np.testing.assert_allclose`."""

_LENT: Final = frozenset({"assert_cell", "in_kernel"})
"""The markers of checks whose own names are the notebook's."""

_SAME: Final = frozenset({"same", "equal", "approx", "allclose", "array_equal", "isclose"})


@dataclass(frozen=True, slots=True)
class Vacuous:
    """A check that cannot fail: its name, the line in the grader, what is the matter, and the way out."""

    check: str
    line: int
    what: str
    way_out: str


def vacuous(source: str) -> tuple[Vacuous, ...]:
    """Return what cannot fail in the checks of *source*, a grader that pytest has collected."""
    tree = ast.parse(source)
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    checks = [test for test in functions.values() if test.name.startswith("test_")]
    return tuple(found for test in checks for found in tuple(_of(test, functions)) or tuple(_asking_nothing(test)))


def _of(test: ast.FunctionDef, functions: Mapping[str, ast.FunctionDef]) -> Iterator[Vacuous]:
    if not _asserts(test, functions, set()):
        yield Vacuous(test.name, test.lineno, "it asserts nothing, so whatever comes is right.", "Write `assert` before what must hold.")
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            found = _always_true(node.test)
            if found is not None:
                yield Vacuous(test.name, node.lineno, *found)
        elif isinstance(node, ast.Expr) and (isinstance(node.value, ast.Compare) or _name_of(node.value) in _SAME):
            what = "it compares and throws the answer away."
            yield Vacuous(test.name, node.lineno, what, "Write `assert` before the comparison.")


def _asking_nothing(test: ast.FunctionDef) -> Iterator[Vacuous]:
    """Yield *test* where it takes a submission and does nothing with it. The code of a test cell asks without naming it."""
    marks = {node.attr for decorator in test.decorator_list for node in ast.walk(decorator) if isinstance(node, ast.Attribute)}
    fixtures = {argument.arg for argument in test.args.args}
    if "submission" in fixtures and not fixtures & {node.id for node in ast.walk(test) if isinstance(node, ast.Name)} and not marks & _LENT:
        what = "it never asks `submission`, so whoever has begun the exercise passes it."
        yield Vacuous(test.name, test.lineno, what, "Compare what the submission gives: `assert submission.mean([4, 6]) == 5`, say.")


def _always_true(test: ast.expr) -> tuple[str, str] | None:
    """Return what is the matter with an assertion that is true by its form, and the way out; None for any other."""
    if isinstance(test, ast.Tuple) and test.elts:
        return "a tuple is true whatever is in it.", "Take away the brackets: `assert came == expected, message`."
    if isinstance(test, ast.Constant) and test.value:
        return f"`assert {ast.unparse(test)}` always holds.", "Compare what came with what should come."
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) and any(map(_always_true, test.values)):
        return "one side of its `or` always holds.", "Write out both comparisons: `came == one or came == other`."
    if isinstance(test, ast.Compare) and any(_alike(test)):
        return "it compares something with itself.", "Write what should come on the other side, worked out in another way."
    if isinstance(test, ast.Call) and _name_of(test) in _SAME and len(test.args) > 1 and _dump(test.args[0]) == _dump(test.args[1]):
        return "it compares something with itself.", "Write what should come as the second argument, worked out in another way."
    return None


def _alike(test: ast.Compare) -> Iterator[bool]:
    """Yield for each pair of neighbours in *test* whether they are the same and compared by something that holds for equals."""
    operands = [test.left, *test.comparators]
    for left, operator, right in zip(operands, test.ops, test.comparators, strict=False):
        yield isinstance(operator, ast.Eq | ast.Is | ast.LtE | ast.GtE) and _dump(left) == _dump(right)


def _asserts(function: ast.FunctionDef, functions: Mapping[str, ast.FunctionDef], seen: set[str]) -> bool:
    """Whether *function* asserts something, itself or through what it calls: the grader's own helpers, or a fixture such as `follows`."""
    seen.add(function.name)
    fixtures = {argument.arg for argument in function.args.args}
    for node in ast.walk(function):
        if isinstance(node, ast.Assert | ast.Raise):
            return True
        name = _name_of(node)
        if name is None:
            continue
        if name.startswith(_ASSERTING) or name.endswith(_ASSERTING):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and name in fixtures and function.name.startswith("test_"):
            return True
        if name in functions and name not in seen and _asserts(functions[name], functions, seen):
            return True
    return False


def _name_of(node: ast.AST) -> str | None:
    """Return the name of the function that *node* calls, without what stands before its last point."""
    if not isinstance(node, ast.Call):
        return None
    return node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else None


def _dump(node: ast.AST) -> str:
    return ast.dump(node)
