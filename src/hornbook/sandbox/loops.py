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

# fmt: off
_PLAIN: Final = (
    ast.Pass, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.If, ast.While, ast.For, ast.Continue, ast.Break, ast.Return,
    ast.Raise, ast.Constant, ast.Name, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Tuple, ast.List,
    ast.Set, ast.Dict, ast.Subscript, ast.Slice, ast.JoinedStr, ast.FormattedValue, ast.Call, ast.keyword, ast.Attribute,
    ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop,
)
_OF_SUMS: Final = (ast.Name, ast.BinOp, ast.UnaryOp, ast.Add, ast.Sub, ast.Mult, ast.USub, ast.UAdd, ast.expr_context)
_GATHERING: Final = (int, float, str, list, tuple)
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
    """What a loop only sums up or collects: nothing else in it asks for these names, but for `bounds` of those that go one way only.

    To those that are *gathered* something is added that the loop has from elsewhere, as in `total += prices[i]`, and nothing else is
    done. The others are made of *numbers*, of such names, and of *given* ones, which the loop does not change.
    """

    names: frozenset[str]
    gathered: frozenset[str]
    made: frozenset[str]
    given: frozenset[str]
    numbers: tuple[int | float, ...]
    bounds: tuple[Bound, ...]

    @classmethod
    def of(cls, nodes: list[ast.AST]) -> Sums:
        """Return the sums of a loop with these *nodes*."""
        sums = [one for node in nodes for one in _sums(node)]
        stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        while True:
            names = {one.target.id for one in sums}
            only_added = names - {one.target.id for one in sums if one.own is None}
            gathered = [one for one in sums if one.target.id in only_added and not one.asks(names)]
            made = [one for one in sums if one not in gathered and one.is_of_numbers and not one.asks(stored - names)]
            bounds = list(_bounds(nodes, sums, stored))
            known = {id(node) for one in sums for node in (one.target, one.own)} | {id(part) for one in made for part in one.parts}
            known |= {id(bound.asked) for bound in bounds}
            # A name that is asked for anywhere else, or gets its value in any other way, is none; nor then is what is made of it.
            others = {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in known} & names
            others = others or {one.target.id for one in sums if one not in gathered and one not in made}
            if not others:
                break
            sums = [one for one in sums if one.target.id not in others]
        parts = [part for one in made for part in one.parts]
        operands = {one.target.id for one in made} | {part.id for part in parts if isinstance(part, ast.Name)}
        return cls(
            names=frozenset(names),
            gathered=frozenset(one.target.id for one in gathered),
            made=frozenset(operands & names),
            given=frozenset(operands - names),
            numbers=tuple(part.value for part in parts if isinstance(part, ast.Constant)),  # type: ignore[misc] # as `_sums` says
            bounds=tuple(bounds),
        )

    def go_on(self, value: Callable[[str], Any]) -> bool:
        """Return whether this never raises anything but for want of memory, nor meets a bound, if each name has this *value* now.

        It holds as long as the gathered ones have, at the same place, the types that they have now.
        """
        made = {type(value(name)) for name in self.made}
        kinds = made | {type(value(name)) for name in self.given} | {type(number) for number in self.numbers}
        # A float that gets too large is infinite. But a whole number that gets too large for a float that it meets is an error.
        fit = kinds <= {int} or (made == {float} and kinds <= {int, float})
        return (
            fit and all(type(value(name)) in _GATHERING for name in self.gathered) and all(one.is_left_behind(value) for one in self.bounds)
        )


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


@dataclass(frozen=True, slots=True, eq=False)
class _Sum:
    """What is given to the name *target*, with all nodes of it. Where it is added to the name's *own* value, that is one of them.

    `step` is +1 or -1 where it is the own value and a whole number more, or less.
    """

    target: ast.Name
    parts: list[ast.AST]
    own: ast.Name | None = None
    step: int = 0

    def asks(self, names: set[str]) -> bool:
        """Return whether it is made of one of *names*, but for its own value."""
        return any(isinstance(part, ast.Name) and part.id in names and part is not self.own for part in self.parts)

    @property
    def is_of_numbers(self) -> bool:
        """Return whether it is made of names and numbers by nothing but addition, subtraction and multiplication."""
        return all(
            type(part.value) in (int, float) if isinstance(part, ast.Constant) else isinstance(part, _OF_SUMS) for part in self.parts
        )


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


def _sums(node: ast.AST) -> Iterator[_Sum]:
    """Yield what *node* gives to names, as far as it is a sum or is added to them."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    match node:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name() as name, "append"), [value], [])):
            yield _Sum(name, list(ast.walk(value)), own=name)
        case ast.AugAssign(changed, operator, value):
            pairs = [(changed, ast.BinOp(changed, operator, value))]
        case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)):
            pairs = list(zip(targets, values, strict=False))
        case ast.Assign(targets, value):
            pairs = [(target, value) for target in targets]
    for target, value in pairs:
        match target, value:
            case ast.Name() as name, ast.BinOp(ast.Name() as own, ast.Add() | ast.Sub()) if own.id == name.id:
                yield _Sum(name, list(ast.walk(value)), own, _step(value))
            case ast.Name() as name, _:
                yield _Sum(name, list(ast.walk(value)))


def _step(value: ast.BinOp) -> int:
    """Return +1 or -1 where a whole number is added by *value*, or taken away, or else 0."""
    match value:
        case ast.BinOp(_, operator, ast.Constant(int() as number)) if number > 0:
            return 1 if isinstance(operator, ast.Add) else -1
    return 0


def _bounds(nodes: list[ast.AST], sums: list[_Sum], stored: set[str]) -> Iterator[Bound]:
    """Yield all comparisons, in a loop with these *nodes*, of *sums* that go one way with what is not among the names *stored* there."""
    steps: dict[str, set[int]] = {}
    for one in sums:
        steps.setdefault(one.target.id, set()).add(one.step)
    for node in nodes:
        if not isinstance(node, ast.Compare) or len(node.ops) > 1 or not isinstance(node.ops[0], _ORDERS):
            continue
        for asked, other in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
            stays = isinstance(other, ast.Constant) or (isinstance(other, ast.Name) and other.id not in stored)
            if isinstance(asked, ast.Name) and stays and steps.get(asked.id) in ({1}, {-1}):
                yield Bound(asked, other, up=steps[asked.id] == {1})  # type: ignore[arg-type] # as `stays` says
