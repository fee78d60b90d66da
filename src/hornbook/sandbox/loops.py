"""Which `while` loops a piece of code is in, as far as its source shows all that they do. Sent as text.

Such a loop works on data by operators, methods and builtins, and on nothing else; whether the data is Python's own only a run can say.
"""

from __future__ import annotations

import ast
import linecache
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

MOST_CHARS: Final = 100_000

SAFE: Final = 10**300
"""A whole number up to this becomes a float without an error."""

# fmt: off
_PLAIN: Final = (
    ast.Pass, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.If, ast.While, ast.For, ast.Continue, ast.Break, ast.Return,
    ast.Raise, ast.Constant, ast.Name, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Tuple, ast.List,
    ast.Set, ast.Dict, ast.Subscript, ast.Slice, ast.JoinedStr, ast.FormattedValue, ast.Call, ast.keyword, ast.Attribute,
    ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop,
)
_OF_SUMS: Final = (ast.Name, ast.BinOp, ast.UnaryOp, ast.Add, ast.Sub, ast.Mult, ast.USub, ast.UAdd, ast.expr_context)
_ORDERS: Final = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
# fmt: on


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop from its *first* line to its *last*. In each round Python tells of *line* exactly when the statement there is to begin.

    `names` are all that the loop reads, but for those that it only sums up. An *empty* one has nothing to do, and no round.
    """

    first: int
    last: int
    line: int
    names: tuple[str, ...]
    sums: Sums
    empty: bool


@dataclass(frozen=True, slots=True)
class Sums:
    """What a loop only sums up: *operands* are the names of all that stands in such sums, their own included.

    Nothing else in the loop asks for them, but for its *bounds*, to which one that always goes the same way is compared.
    """

    names: frozenset[str]
    operands: frozenset[str]
    multiplied: bool
    bounds: tuple[Bound, ...]

    @classmethod
    def of(cls, nodes: list[ast.AST]) -> Sums:
        """Return the sums of a loop with these *nodes*."""
        given = [one for node in nodes if isinstance(node, ast.Assign | ast.AugAssign) for one in _given(node)]
        while True:
            bounds = list(_bounds(nodes, given))
            known = {id(node) for one in given for node in (one.target, *one.parts)} | {id(bound.asked) for bound in bounds}
            # A name that is asked for anywhere else, or gets its value in any other way, is none; nor then is what is summed up of it.
            others = {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in known}
            left = [one for one in given if one.target.id not in others]
            if len(left) == len(given):
                break
            given = left
        parts = [part for one in given for part in one.parts]
        names = frozenset(one.target.id for one in given)
        operands = names | {part.id for part in parts if isinstance(part, ast.Name)}
        return cls(names, operands, any(isinstance(part, ast.Mult) for part in parts), tuple(bounds))

    def go_on(self, value: Callable[[str], Any]) -> bool:
        """Return whether summing up never raises anything, nor meets a bound, from where each name has this *value* on."""
        values = [value(name) for name in self.operands]
        whole = [one for one in values if type(one) is int]
        # A float that gets too large is infinite. A whole number that gets too large for a float is an error.
        mixed = all(type(one) in (int, float) for one in values) and not self.multiplied and all(abs(one) <= SAFE for one in whole)
        return (len(whole) == len(values) or mixed) and all(bound.is_left_behind(value) for bound in self.bounds)


@dataclass(frozen=True, slots=True)
class Bound:
    """A comparison of a sum, the name that is *asked*, with what stays as it is in the loop. The sum only goes *up*, or only down."""

    asked: ast.Name
    other: ast.Constant | ast.Name
    up: bool

    def is_left_behind(self, value: Callable[[str], Any]) -> bool:
        """Return whether the comparison comes to the same from now on, if each name has this *value*."""
        number = value(self.asked.id)
        other: Any = self.other.value if isinstance(self.other, ast.Constant) else value(self.other.id)
        if type(number) is not int or type(other) not in (int, float):
            return False
        return bool(number > other if self.up else number < other)


@dataclass(frozen=True, slots=True)
class _Given:
    """A sum that is given to a name: all nodes of the sum, and +1 or -1 where it is the name's own value and a bit more, or less."""

    target: ast.Name
    parts: list[ast.AST]
    step: int


def loops_around(code: types.CodeType, place: int) -> Iterator[Loop]:
    """Yield the loops in which the instruction at *place* of *code* stands, the innermost first, up to one that cannot be seen through."""
    source = "".join(linecache.getlines(code.co_filename))
    scope = _scope(ast.parse(source), code) if len(source) <= MOST_CHARS else None
    if scope is None:
        return
    line = _line(code, place)
    around = [node for node in _repeated(scope) if isinstance(node, ast.While) and node.lineno <= line <= _last(node)]
    for loop in sorted(around, key=lambda node: node.lineno, reverse=True):
        nodes = list(_repeated(loop))
        told = _told(loop, nodes)
        if told is None or not _is_plain(nodes):
            return
        sums = Sums.of(nodes)
        names = {node.id for node in nodes if isinstance(node, ast.Name)} - sums.names
        yield Loop(loop.lineno, _last(loop), told, tuple(sorted(names)), sums, _is_empty(loop))


def _scope(tree: ast.Module, code: types.CodeType) -> ast.AST | None:
    """Return the function or module that *code* was made of, if only one can be meant."""
    if code.co_name == "<module>":
        return tree
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name == code.co_name
        and min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) == code.co_firstlineno
    ]
    return found[0] if len(found) == 1 else None


def _line(code: types.CodeType, place: int) -> int:
    """Return the line of the instruction at *place*; the way back to the top of a loop has none, and belongs to what stands before it."""
    return next((line for start, _, line in reversed(list(code.co_lines())) if start <= place and line is not None), 0)


def _last(loop: ast.While) -> int:
    """Return the last line of what is repeated; an `else` is not."""
    return loop.body[-1].end_lineno or loop.lineno


def _repeated(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes in *node* that may be executed again and again: not what stands in functions, nor what it is left with."""
    todo = list(ast.iter_child_nodes(node))
    while todo:
        child = todo.pop()
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda | ast.Return | ast.Raise):
            todo += ast.iter_child_nodes(child)


def _is_plain(nodes: list[ast.AST]) -> bool:
    """Return whether *nodes* do nothing but work on data."""
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    return all(
        isinstance(node, _PLAIN)
        and not (isinstance(node, ast.Attribute) and (id(node) not in called or node.attr.startswith("_")))
        and not (isinstance(node, ast.Compare) and _asks_for_identity(node))
        for node in nodes
    )


def _asks_for_identity(node: ast.Compare) -> bool:
    """Return whether anything but None is compared by `is`: whether two equal numbers are one object, no value says."""
    sides = [node.left, *node.comparators]
    pairs = zip(node.ops, sides, sides[1:], strict=False)
    return any(
        isinstance(operator, ast.Is | ast.IsNot) and not any(isinstance(side, ast.Constant) and side.value is None for side in both)
        for operator, *both in pairs
    )


def _told(loop: ast.While, nodes: list[ast.AST]) -> int | None:
    """Return a line of which Python tells once in a round of *loop*, before its statement has done anything."""
    if loop.lineno == loop.end_lineno:
        return loop.lineno
    starts = [node.lineno for node in nodes if isinstance(node, ast.stmt)]
    for statement in loop.body:
        end = statement.test.end_lineno if isinstance(statement, ast.If) else statement.end_lineno
        alone = starts.count(statement.lineno) == 1 and statement.lineno != loop.lineno
        if alone and end == statement.lineno and not isinstance(statement, ast.While | ast.For):
            return statement.lineno
    return None


def _is_empty(loop: ast.While) -> bool:
    """Return whether nothing is done in *loop*, not even asked."""
    idle = (
        isinstance(part, ast.Pass | ast.Continue) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
        for part in loop.body
    )
    return isinstance(loop.test, ast.Constant) and all(idle)


def _given(node: ast.Assign | ast.AugAssign) -> Iterator[_Given]:
    """Yield each name to which *node* gives a sum."""
    pairs: list[tuple[ast.expr, ast.expr]]
    if isinstance(node, ast.AugAssign):
        pairs = [(node.target, ast.BinOp(node.target, node.op, node.value))]
    elif len(node.targets) == 1 and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = list(zip(node.targets[0].elts, node.value.elts, strict=False))
    else:
        pairs = [(target, node.value) for target in node.targets]
    for target, value in pairs:
        parts = list(ast.walk(value))
        numbers = (type(part.value) in (int, float) if isinstance(part, ast.Constant) else isinstance(part, _OF_SUMS) for part in parts)
        if isinstance(target, ast.Name) and all(numbers):
            yield _Given(target, parts, _step(target, value))


def _step(target: ast.Name, value: ast.expr) -> int:
    """Return +1 or -1 where *value* is the name and a whole number more, or less, or else 0."""
    match value:
        case ast.BinOp(ast.Name(name), ast.Add() | ast.Sub() as operator, ast.Constant(int() as number)) if (
            name == target.id and number > 0
        ):
            return 1 if isinstance(operator, ast.Add) else -1
    return 0


def _bounds(nodes: list[ast.AST], given: list[_Given]) -> Iterator[Bound]:
    """Yield all comparisons, in a loop with these *nodes*, of what is *given* with what stays as it is there."""
    steps: dict[str, set[int]] = {}
    for one in given:
        steps.setdefault(one.target.id, set()).add(one.step)
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in nodes:
        if not isinstance(node, ast.Compare) or len(node.ops) > 1 or not isinstance(node.ops[0], _ORDERS):
            continue
        for asked, other in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
            stays = isinstance(other, ast.Constant) or (isinstance(other, ast.Name) and other.id not in stored)
            if isinstance(asked, ast.Name) and stays and steps.get(asked.id) in ({1}, {-1}):
                yield Bound(asked, other, up=steps[asked.id] == {1})  # type: ignore[arg-type] # as `stays` says
