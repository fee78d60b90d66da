"""Makes mutants of a reference solution: copies with one mistake each, such as a learner makes.

    mutants(exercise, sources) -> tuple[Mutant, ...]       in the order of their places, bounded, each another program
    OPERATORS                                              the kinds of mistakes, each with the sentence that describes it

A mutant differs from the solution in as few characters as possible, so that its diff shows the mistake and nothing else. Nothing is
executed here: a mutant is text, and is run where a learner's work is.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import io
import re
import tokenize
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final

MOST: Final = 80
"""How many mutants an exercise has at most. Where there are more, the operators take turns, each in the order of its mutants' digests."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """The sources of an exercise's cells with one mistake in them.

    *operator* is the kind of mistake; *line* and *becomes* are the line of the solution that it is in, before and after, without
    indentation; *cell* and *number* tell where that line stands: in which of the cells, and in which of its lines, from 0 and from 1.
    """

    exercise: str
    operator: str
    line: str
    becomes: str
    cell: int
    number: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operator:
    """A kind of mistake: its name, what it does to a solution, and the function that finds where it can be made."""

    name: str
    what: str
    find: Callable[[ast.AST, Solution], Iterator[Change]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """Write *text* in the place of the bytes from *start* to *end*."""

    start: int
    end: int
    text: str


def mutants(exercise: str, sources: tuple[str, ...], others: Iterable[tuple[str, ...]] = (), *, most: int = MOST) -> tuple[Mutant, ...]:
    """Return the mutants of *sources*, the reference solution of *exercise*, one source for each of its cells.

    What is the same program as the solution, as another mutant, or as one of the *others* (the exercise as shipped, or alternative
    solutions) is left out. At most *most* are returned.
    """
    seen = {tuple(map(shape, one)) for one in (sources, *others)}
    found: list[tuple[tuple[int, int], Mutant]] = []
    for cell, source in enumerate(sources):
        solution = Solution(source)
        for operator in OPERATORS:
            for node in solution.nodes:
                for change in operator.find(node, solution):
                    mutated = (*sources[:cell], solution.changed(change), *sources[cell + 1 :])
                    key = tuple(map(shape, mutated))
                    if key not in seen and None not in key:
                        seen.add(key)
                        number, line, becomes = _difference(source, mutated[cell])
                        found.append(((cell, change.start), Mutant(exercise, operator.name, line, becomes, cell, number, mutated)))
    places = {id(mutant): place for place, mutant in found}
    chosen = _by_turns([mutant for _, mutant in found], most)
    return tuple(sorted(chosen, key=lambda mutant: places[id(mutant)]))


def _by_turns(found: list[Mutant], most: int) -> list[Mutant]:
    """Return at most *most* of the mutants *found*: one of each operator, then a second one, and so on.

    Within an operator a digest decides, so that the choice is the same each time and no line of the solution comes off worst.
    """
    if len(found) <= most:
        return found
    waiting: dict[str, deque[Mutant]] = {}
    for mutant in sorted(found, key=lambda one: hashlib.sha256("\0".join(one.sources).encode()).digest()):
        waiting.setdefault(mutant.operator, deque()).append(mutant)
    chosen: list[Mutant] = []
    while len(chosen) < most:
        chosen += [waiting[operator.name].popleft() for operator in OPERATORS if waiting.get(operator.name)]
    return chosen[:most]


def shape(source: str) -> str | None:
    """Return what Python makes of *source*, without docstrings: two sources of one shape are one program. None if it is not Python."""
    tree = _parsed(source)
    if tree is None:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def _parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            # A mutant may well be a call of a number; Python would say so on the author's terminal.
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError):
        return None


def _difference(before: str, after: str) -> tuple[int, str, str]:
    """Return the number of the first line in which the two sources differ, from 1, and that line before and after."""
    ours, theirs = before.split("\n"), after.split("\n")
    number = next((place for place, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other), len(ours))
    # What was added behind a line is told by that line.
    if number < len(ours) and len(theirs) > len(ours) and ours[number:] == theirs[number + len(theirs) - len(ours) :]:
        return number, ours[number - 1].strip(), theirs[number].strip()
    return number + 1, ours[number].strip(), theirs[number].strip()


# --- The text of a solution ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Solution:
    """The source of one cell, its syntax tree, and the places of its nodes in the text."""

    source: str

    @cached_property
    def tree(self) -> ast.Module:
        """What Python makes of the source; nothing where it is not Python."""
        return _parsed(self.source) or ast.Module([], [])

    @cached_property
    def bytes(self) -> bytes:
        """The source in UTF-8: the columns of a syntax tree count bytes."""
        return self.source.encode()

    @cached_property
    def _lines(self) -> list[int]:
        starts = [0]
        for line in self.bytes.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    @cached_property
    def parents(self) -> Mapping[ast.AST, ast.AST]:
        """The node in which each node stands."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """The nodes in which a mistake can be made: neither docstrings nor annotations, nor what stands within an f-string.

        Before Python 3.12 the parts of an f-string have no places of their own.
        """
        found: list[ast.AST] = []
        todo: list[ast.AST] = [self.tree]
        while todo:
            node = todo.pop()
            found.append(node)
            if not isinstance(node, ast.JoinedStr):
                todo += [child for child in ast.iter_child_nodes(node) if not self._is_no_code(child, node)]
        return tuple(sorted(found, key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))))

    def _is_no_code(self, child: ast.AST, parent: ast.AST) -> bool:
        text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        return text or child is getattr(parent, "annotation", None) or child is getattr(parent, "returns", None)

    @cached_property
    def bound(self) -> frozenset[str]:
        """The names that the source itself gives a value: variables, parameters, functions and classes, but no imports."""
        names = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        names |= {node.arg for node in ast.walk(self.tree) if isinstance(node, ast.arg)}
        return frozenset(names)

    def start(self, node: ast.AST) -> int:
        """Return where *node* begins, in bytes."""
        return self._lines[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined, no-any-return] # only nodes with a place are asked

    def end(self, node: ast.AST) -> int:
        """Return where *node* ends, in bytes."""
        return self._lines[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined, no-any-return]

    def changed(self, change: Change) -> str:
        """Return the source with *change*."""
        return (self.bytes[: change.start] + change.text.encode() + self.bytes[change.end :]).decode()

    def between(self, left: ast.AST, right: ast.AST, pattern: str, text: str) -> Iterator[Change]:
        """Write *text* in the place of what *pattern* matches between two neighbouring operands."""
        start = self.end(left)
        gap = self.bytes[start : self.start(right)].decode()
        found = re.search(pattern, re.sub(r"#[^\n]*", lambda comment: " " * len(comment[0].encode()), gap))
        if found is not None:
            offset = start + len(gap[: found.start()].encode())
            yield Change(offset, offset + len(found[0].encode()), text)

    def replaced(self, node: ast.AST, by: ast.AST | str) -> Iterator[Change]:
        """Write *by* in the place of *node*, in brackets only where it would mean something else without."""
        text = by if isinstance(by, str) else _unparsed(by)
        plain = Change(self.start(node), self.end(node), text)
        if isinstance(node, ast.stmt) or isinstance(by, str):
            yield plain
        else:
            bracketed = Change(plain.start, plain.end, f"({text})")
            yield plain if shape(self.changed(plain)) == shape(self.changed(bracketed)) else bracketed

    def neighbours_swapped(self, nodes: list[ast.expr]) -> Iterator[Change]:
        """Write each two neighbours of *nodes* in the other's place; what stands between them stays."""
        for left, right in pairwise(nodes):
            (begin, middle), (onward, end) = (self.start(left), self.end(left)), (self.start(right), self.end(right))
            parts = (self.bytes[onward:end], self.bytes[middle:onward], self.bytes[begin:middle])
            yield Change(begin, end, b"".join(parts).decode())

    def without(self, statements: list[ast.stmt]) -> Iterator[Change]:
        """Write `pass` in the place of *statements*."""
        yield Change(self.start(statements[0]), self.end(statements[-1]), "pass")

    def function_of(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """Return the function that *node* stands in."""
        around = self.parents.get(node)
        while around is not None and not isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef):
            around = self.parents.get(around)
        return around


def _unparsed(node: ast.AST) -> str:
    """Return *node* as Python, texts in the quotation marks that most people type: a diff shows the mistake and nothing else."""
    text = ast.unparse(node)
    lines = text.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        (row, start), (last, end) = token.start, token.end
        # An f-string is one token or several, depending on the version of Python, so it is left as it is.
        if token.type == tokenize.STRING and row == last and token.string[0] == "'" and not {'"', "\\"} & set(token.string):
            lines[row - 1] = f'{lines[row - 1][:start]}"{token.string[1:-1]}"{lines[row - 1][end:]}'
    return "".join(lines)


# --- The mistakes ----------------------------------------------------------------------------------------------------

_ARITHMETIC: Final[Mapping[type[ast.operator], tuple[str, tuple[str, ...]]]] = {
    ast.Add: (r"\+", ("-",)),
    ast.Sub: (r"-", ("+",)),
    ast.Mult: (r"\*", ("/",)),
    ast.Div: (r"/", ("*", "//")),
    ast.FloorDiv: (r"//", ("/",)),
    ast.Mod: (r"%", ("//",)),
    ast.Pow: (r"\*\*", ("*",)),
    ast.MatMult: (r"@", ("*",)),
    ast.BitAnd: (r"&", ("|",)),
    ast.BitOr: (r"\|", ("&",)),
}
_COMPARISON: Final[Mapping[type[ast.cmpop], tuple[str, tuple[str, ...]]]] = {
    ast.Lt: (r"<", ("<=", ">")),
    ast.LtE: (r"<=", ("<", ">=")),
    ast.Gt: (r">", (">=", "<")),
    ast.GtE: (r">=", (">", "<=")),
    ast.Eq: (r"==", ("!=",)),
    ast.NotEq: (r"!=", ("==",)),
    ast.Is: (r"\bis\b", ("is not",)),
    ast.IsNot: (r"\bis\s+not\b", ("is",)),
    ast.In: (r"\bin\b", ("not in",)),
    ast.NotIn: (r"\bnot\s+in\b", ("in",)),
}
_PAIRS: Final = tuple(
    tuple(pair.split("/"))
    for pair in (  # noqa: SIM905 - as a list they would fill a page
        "sum/mean mean/median fmean/median min/max argmin/argmax idxmin/idxmax std/var any/all head/tail first/last append/extend "
        "upper/lower lstrip/rstrip startswith/endswith find/rfind ord/chr floor/ceil keys/values union/intersection zeros/ones "
        "zeros_like/ones_like rows/columns index/columns ffill/bfill isna/notna iloc/loc xlabel/ylabel set_xlabel/set_ylabel "
        "xlim/ylim set_xlim/set_ylim bar/barh plot/scatter"
    ).split()
)
_NAMESAKES: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(other for pair in _PAIRS if name in pair for other in pair if other != name) for pair in _PAIRS for name in pair
} | {"strip": ("lstrip", "rstrip"), "round": ("int",), "int": ("round",), "rint": ("trunc",), "sorted": ("list",), "count": ("sum",)}
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "mean": ("sum", "median"),
    "median": ("mean",),
    "sum": ("mean",),
    "min": ("max",),
    "max": ("min",),
    "count": ("sum",),
    "valid": ("same", "full"),
    "same": ("valid",),
    "full": ("valid",),
    "left": ("right", "inner"),
    "right": ("left", "inner"),
    "inner": ("outer",),
    "outer": ("inner",),
    "wrap": ("edge",),
    "index": ("columns",),
    "columns": ("index",),
}
_KEYWORDS: Final[Mapping[str, str]] = {"sharex": "sharey", "sharey": "sharex", "index": "columns", "columns": "index"}
_WRONG_ERRORS: Final[Mapping[str, str]] = {"ValueError": "TypeError"}
_SPEAKING: Final = frozenset({"input", "print"})


def _arithmetic(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        pattern, others = _ARITHMETIC[type(node.op)]
        for other in others:
            yield from solution.between(node.left, node.right, pattern, other)


def _comparison(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.Compare):
        operands = [node.left, *node.comparators]
        for place, operator in enumerate(node.ops):
            pattern, others = _COMPARISON[type(operator)]
            for other in others:
                yield from solution.between(operands[place], operands[place + 1], pattern, other)


def _and_or(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.BoolOp):
        word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in pairwise(node.values):
            yield from solution.between(left, right, rf"\b{word}\b", other)


def _operand(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            rest = [other for other in node.values if other is not value]
            yield from solution.replaced(node, rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
        yield from solution.replaced(node, node.left)
        yield from solution.replaced(node, node.right)
    elif isinstance(node, ast.Compare) and len(node.ops) > 1:
        yield from solution.replaced(node, ast.Compare(node.left, node.ops[:-1], node.comparators[:-1]))
        yield from solution.replaced(node, ast.Compare(node.comparators[0], node.ops[1:], node.comparators[1:]))


def _condition(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.If):
        yield from solution.replaced(node.test, ast.Constant(True))  # noqa: FBT003 - the truth value itself
        yield from solution.replaced(node.test, ast.Constant(False))  # noqa: FBT003
    elif isinstance(node, ast.IfExp):
        yield from solution.replaced(node, node.body)
        yield from solution.replaced(node, node.orelse)
    elif isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield from solution.replaced(test, ast.Constant(True))  # noqa: FBT003
    tests = [node.test] if isinstance(node, ast.If | ast.While | ast.IfExp) else node.ifs if isinstance(node, ast.comprehension) else []
    for test in tests:
        # Of a comparison the other operator does the same, and `not` before another `not` is the operator "sign".
        if not isinstance(test, ast.Compare | ast.UnaryOp):
            yield from solution.replaced(test, ast.UnaryOp(ast.Not(), test))


def _sign(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.UnaryOp):
        yield from solution.replaced(node, node.operand)


def _number(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        yield from solution.replaced(node, ast.Constant(node.value + 1))
        yield from solution.replaced(node, ast.UnaryOp(ast.USub(), ast.Constant(1)) if node.value == 0 else ast.Constant(node.value - 1))


def _truth(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield from solution.replaced(node, ast.Constant(not node.value))


def _text(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and not _is_spoken(node, solution):
        yield from solution.replaced(node, ast.Constant("" if node.value else "x"))
        yield from solution.replaced(node, ast.Constant(node.value.swapcase()))
    elif isinstance(node, ast.JoinedStr) and not _is_spoken(node, solution):
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                yield from solution.replaced(node, ast.JoinedStr([other for other in node.values if other is not value]))


def _is_spoken(node: ast.AST, solution: Solution) -> bool:
    """Whether *node* is what `input` asks or `print` says: every learner may say that in words of their own."""
    call = solution.parents.get(node)
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _SPEAKING


def _choice(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        for other in _CHOICES.get(node.value, ()):
            yield from solution.replaced(node, ast.Constant(other))


def _elements(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.List | ast.Set) and node.elts and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        yield from solution.replaced(node, "[]" if isinstance(node, ast.List) else "set()")
        if len(node.elts) > 1:
            yield from solution.replaced(node, type(node)(node.elts[:-1]))
    elif isinstance(node, ast.Tuple) and len(node.elts) > 1 and isinstance(node.ctx, ast.Load):
        yield from solution.replaced(node, ast.Tuple(node.elts[:-1], ast.Load()))
    elif isinstance(node, ast.Dict) and node.keys:
        yield from solution.replaced(node, ast.Dict(node.keys[:-1], node.values[:-1]))


def _slice(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.Slice):
        for bound in ("lower", "upper", "step"):
            value = getattr(node, bound)
            if value is not None:
                for other in (None,) if bound == "step" else (None, _plus(value, 1)):
                    changed = ast.Slice(node.lower, node.upper, node.step)
                    setattr(changed, bound, other)
                    yield from solution.replaced(node, ast.unparse(changed))


def _range(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _called(node) in {"range", "arange"} and not node.keywords and 1 <= len(node.args) <= 2:  # noqa: PLR2004 - start and stop
        *begin, stop = node.args
        for other in (_plus(stop, 1), _plus(stop, -1)):
            yield from solution.replaced(stop, other)
        yield from solution.replaced(node, ast.Call(node.func, [_plus(begin[0], 1) if begin else ast.Constant(1), stop], []))


def _plus(value: ast.expr, number: int) -> ast.expr:
    if isinstance(value, ast.Constant) and isinstance(value.value, int):
        return ast.Constant(value.value + number)
    return ast.BinOp(value, ast.Add() if number > 0 else ast.Sub(), ast.Constant(abs(number)))


def _nothing_returned(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.Return) and node.value is not None:
        yield from solution.replaced(node, "return None")


def _early_return(node: ast.AST, solution: Solution) -> Iterator[Change]:
    for body in _bodies(node):
        for loop, following in pairwise(body):
            if isinstance(loop, ast.For | ast.While) and isinstance(following, ast.Return):
                last = loop.body[-1]
                end = solution.end(last)
                yield Change(end, end, f"\n{' ' * last.col_offset}{ast.unparse(following)}")


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, None)
        if isinstance(body, list):
            yield body


def _statement(node: ast.AST, solution: Solution) -> Iterator[Change]:
    plain = isinstance(node, ast.Expr | ast.AugAssign | ast.Raise | ast.For | ast.While | ast.Delete | ast.Assert)
    # Without the only place that makes a variable nothing works: no learner would hand that in, and any check would see it.
    stored = isinstance(node, ast.Assign) and (
        not all(isinstance(target, ast.Name) for target in node.targets) or _bound_before(node, solution)
    )
    if isinstance(node, ast.stmt) and (plain or stored) and not _is_docstring(node):
        yield from solution.without([node])
    elif isinstance(node, ast.ExceptHandler):
        yield from solution.without(node.body)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _bound_before(node: ast.Assign, solution: Solution) -> bool:
    """Whether the names that *node* gives a value have one already: as a parameter, or from a line above it."""
    function = solution.function_of(node)
    known = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)} if function is not None else set()
    for other in ast.walk(function or solution.tree):
        if isinstance(other, ast.Name) and isinstance(other.ctx, ast.Store) and other.lineno < node.lineno:
            known.add(other.id)
    names = {one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return names <= known


def _loop_exit(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.Break | ast.Continue):
        yield from solution.replaced(node, "continue" if isinstance(node, ast.Break) else "break")
        yield from solution.replaced(node, "pass")


def _swapped(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv | ast.Mod | ast.Pow):
        yield from solution.replaced(node, ast.BinOp(node.right, node.op, node.left))
    elif isinstance(node, ast.Call):
        yield from solution.neighbours_swapped(node.args)
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and not _is_gone_through(node, solution):
        yield from solution.neighbours_swapped(node.elts)


def _is_gone_through(node: ast.AST, solution: Solution) -> bool:
    """Whether *node* is what a loop goes through: its order is seldom what the loop is about."""
    around = solution.parents.get(node)
    return isinstance(around, ast.For | ast.comprehension) and around.iter is node


def _keyword(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            rest = [other for other in node.keywords if other is not keyword]
            yield from solution.replaced(node, ast.Call(node.func, node.args, rest))
            other = _KEYWORDS.get(keyword.arg or "")
            if other is not None and other not in {one.arg for one in rest}:
                renamed = [ast.keyword(other, one.value) if one is keyword else one for one in node.keywords]
                yield from solution.replaced(node, ast.Call(node.func, node.args, renamed))


def _namesake(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        end = solution.end(node)
        for other in _NAMESAKES.get(node.attr, ()):
            yield Change(end - len(node.attr.encode()), end, other)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in solution.bound:
        for other in _NAMESAKES.get(node.id, ()):
            if hasattr(builtins, other):
                yield from solution.replaced(node, other)


def _unwrapped(node: ast.AST, solution: Solution) -> Iterator[Change]:
    around = solution.parents.get(node)
    if not isinstance(node, ast.Call) or isinstance(around, ast.Expr | ast.Raise) or _called(node) in _SPEAKING:
        return
    if isinstance(node.func, ast.Attribute):
        receiver = node.func.value
        # The name of a module is no value that a learner could have taken for the result.
        if not isinstance(receiver, ast.Name) or receiver.id in solution.bound:
            yield from solution.replaced(node, receiver)
        elif len(node.args) == 1 and not node.keywords:
            yield from solution.replaced(node, node.args[0])
    elif len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.GeneratorExp | ast.Starred):
        yield from solution.replaced(node, node.args[0])


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _augmented(node: ast.AST, solution: Solution) -> Iterator[Change]:
    if isinstance(node, ast.AugAssign):
        yield from solution.between(node.target, node.value, r"[^\s(]{1,2}=", "=")
        if type(node.op) in _ARITHMETIC:
            pattern, others = _ARITHMETIC[type(node.op)]
            for other in others:
                yield from solution.between(node.target, node.value, pattern, other)


def _error(node: ast.AST, solution: Solution) -> Iterator[Change]:
    kind = node.exc if isinstance(node, ast.Raise) else node.type if isinstance(node, ast.ExceptHandler) else None
    kind = kind.func if isinstance(kind, ast.Call) else kind
    if isinstance(kind, ast.Name) and kind.id[:1].isupper():
        yield from solution.replaced(kind, _WRONG_ERRORS.get(kind.id, "ValueError"))


def _variable(node: ast.AST, solution: Solution) -> Iterator[Change]:
    function = solution.function_of(node)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and function is not None:
        names = [argument.arg for argument in function.args.args if argument.arg not in {"self", "cls"}]
        if node.id in names and len(names) > 1:
            yield from solution.replaced(node, names[(names.index(node.id) + 1) % len(names)])


OPERATORS: Final = (
    Operator(
        "arithmetic",
        "another arithmetic sign: `-` for `+`, `*` for `/`, `//` for `%`, or for and between masks",
        _arithmetic,
    ),
    Operator("comparison", "another comparison: with or without the boundary, the other way round, the opposite", _comparison),
    Operator("and-or", "`and` for `or`, and the reverse", _and_or),
    Operator("operand", "one part of `a and b`, of `a & b` or of `a < b < c` forgotten", _operand),
    Operator("condition", "an `if` that always holds, never holds, or asks the opposite; a filter forgotten", _condition),
    Operator("sign", "a `-`, `not` or `~` forgotten", _sign),
    Operator("number", "a number that is one more or one less", _number),
    Operator("truth", "`True` for `False`, and the reverse", _truth),
    Operator("text", "a text that is empty, has capitals for small letters, or lacks a value", _text),
    Operator("choice", "another of the words that an argument may be: `mean` for `sum`, `valid` for `same`", _choice),
    Operator("elements", "a list, set, tuple or dictionary that is empty, or lacks its last element", _elements),
    Operator("slice", "a bound of a slice forgotten, or off by one", _slice),
    Operator("range", "a range that begins or ends one too early or too late", _range),
    Operator("nothing-returned", "`return None` for `return something`", _nothing_returned),
    Operator("early-return", "the `return` behind a loop inside it, too", _early_return),
    Operator("statement", "a statement, a whole loop, or what an `except` does, forgotten", _statement),
    Operator("loop-exit", "`break` for `continue`, the reverse, or neither", _loop_exit),
    Operator("swapped", "two neighbouring arguments, elements of a tuple, or operands swapped", _swapped),
    Operator("keyword", "a keyword argument forgotten, or given to its neighbour (`sharex` for `sharey`)", _keyword),
    Operator("namesake", "another method or function of the same family: `min` for `max`, `head` for `tail`", _namesake),
    Operator("unwrapped", "a call forgotten: `text` for `text.lower()`, `x` for `round(x)`", _unwrapped),
    Operator("augmented", "`=` or `-=` for `+=`, and the like", _augmented),
    Operator("error", "another exception raised, or caught", _error),
    Operator("variable", "another parameter of the function", _variable),
)
"""All kinds of mistakes, in the order in which they take turns."""
