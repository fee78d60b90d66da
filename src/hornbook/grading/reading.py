"""Reads in a learner's source which mistake it makes, where the value that came or the exception does not tell.

    Reading.of(source, others, asked)         what can be read in an exercise's source, beside the notebook's other cells
      reading.of_a_failure()                  for an answer that is not the expected one
      reading.of_nothing(function)            for a function that gave None
      reading.of_an_exception(name, message)  for code that raised
      reading.of_an_endless_run()             for code that had to be stopped

Each gives one sentence for the learner, or None. They are only asked about a check that has failed, so no sentence here can
ever change a grade; and each looks for a shape that hardly ever stands in code that is right. The source is the learner's:
it is parsed and walked through, nothing in it is run.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from hornbook.errors import printable
from hornbook.feedback import parsed
from hornbook.words import say

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

# --------------------------------------------------------------------------------------------------------------------
# What gives back something new, and what changes its object and gives back nothing. `pop` and the like do both.
# --------------------------------------------------------------------------------------------------------------------

# fmt: off
_MAKES_ANEW: Final = frozenset({
    "astype", "capitalize", "casefold", "copy", "dropna", "fillna", "join", "ljust", "lower", "lstrip", "mean", "median", "merge",
    "pivot_table", "reindex", "rename", "replace", "reset_index", "round", "rjust", "rstrip", "set_index", "sort_values", "split",
    "strip", "sum", "swapcase", "tolist", "transpose", "upper", "zfill",
})
# fmt: on
_FUNCTIONS_MAKE_ANEW: Final = frozenset({"abs", "float", "int", "list", "reversed", "round", "set", "sorted", "str", "tuple"})
_LIBRARIES: Final = frozenset({"np", "numpy", "pd", "pandas", "math"})
_LIBRARIES_CHANGE: Final = frozenset(
    {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask", "set_option", "set_printoptions"}
)
_GIVE_NOTHING: Final = frozenset({"append", "extend", "insert", "remove", "reverse", "sort"})
_CHANGE: Final = _GIVE_NOTHING | {"add", "appendleft", "clear", "discard", "pop", "popitem", "popleft", "setdefault", "update"}

_LONGEST_LINE: Final = 60  # characters of a learner's line inside a sentence


@dataclass(frozen=True, slots=True)
class Reading:
    """What can be read in one exercise: its *tree*, if Python can read it, and the *names* and *functions* that other cells define.

    *part* is what of the tree the check was about: a cell may define more functions than are to blame.
    """

    tree: ast.Module | None
    part: ast.Module | None
    names: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()

    @classmethod
    def of(cls, source: str, others: Iterable[str] = (), asked: Iterable[str] = ()) -> Reading:
        """Return what can be read in *source*, beside the cells *others*, for a check that has *asked* these questions."""
        trees = [tree for other in others if (tree := _parsed(other)) is not None]
        names = frozenset(name for tree in trees for name in _given(tree))
        functions = frozenset(node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef))
        tree = _parsed(source)
        return cls(
            tree,
            None if tree is None else _part(tree, {word for question in asked for word in re.findall(r"\w+", question)}),
            names,
            functions,
        )

    def of_a_failure(self, *, surest: bool = False) -> str | None:
        """Return the mistake for which the answer is not the expected one, if the source shows it; *surest* leaves the vaguer ones out."""
        looks = _SURE_LOOKS if surest else (*_SURE_LOOKS, _never_used)
        return None if self.part is None else next((sentence for look in looks for sentence in look(self, self.part)), None)

    def of_nothing(self, function: str) -> str | None:
        """Return why *function* gave None, if the source shows it."""
        made = [] if self.tree is None else _functions(self.tree)
        found = next((node for node in made if node.name == function.rpartition(".")[2]), None)
        if found is None or any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own(found)):
            return None
        returns = [node for node in _own(found) if isinstance(node, ast.Return)]
        bare = next((node for node in returns if node.value is None), None)
        if _is_empty(found):
            return _say("reading.still-empty", function=found.name)
        if not returns:
            return _say("reading.no-return", function=found.name)
        return _say("reading.some-returns", function=found.name) if bare is None else _say("reading.bare-return", line=bare.lineno)

    def of_an_exception(self, type_name: str, message: str) -> str | None:
        """Return the mistake for which an exception of that type came with that *message*, if the source shows it."""
        if self.tree is None:
            return None
        return next(
            (
                sentence
                for kind, pattern, look in _EXCEPTIONS
                if kind == type_name and (found := re.search(pattern, message))
                for sentence in look(self, self.tree, found)
            ),
            None,
        )

    def of_an_endless_run(self) -> str | None:
        """Return the loop that cannot end, if the source shows it."""
        loops = [] if self.part is None else [node for node in ast.walk(self.part) if isinstance(node, ast.While)]
        return next((sentence for loop in loops for sentence in _endless(loop)), None)


def _part(tree: ast.Module, names: set[str]) -> ast.Module:
    """Return those of the definitions in *tree* that have one of *names*, or that such a one makes use of; all, if there is none."""
    made = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    found: set[str] = set()
    todo = made.keys() & names
    while todo:
        found |= todo
        todo = (made.keys() & _used(*(made[name] for name in todo))) - found
    return ast.Module(body=[node for name, node in made.items() if name in found], type_ignores=[]) if found else tree


@functools.lru_cache(maxsize=64)
def _parsed(source: str) -> ast.Module | None:
    """Return the tree of *source*; the cells that a lesson gives are read once, and not at each failure."""
    return parsed(source)


def _say(words: str, **fields: object) -> str:
    """Return the sentence called *words*; what it names of the learner's source is escaped, and cut where it is long."""
    told = {name: _cut(printable(str(value))) for name, value in fields.items()}
    return say(words, **told)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_LINE else f"{text[: _LONGEST_LINE - 1]}…"


def _listed(names: Iterable[str]) -> str:
    *first, last = [f"`{name}`" for name in names]
    return ", ".join(first) + say("word.and") + last if first else last


# --------------------------------------------------------------------------------------------------------------------
# Walking through a tree
# --------------------------------------------------------------------------------------------------------------------


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in *node*, in order, without what stands in a function or class inside it."""
    # A stack of our own: an expression can be nested more deeply than Python may call.
    todo = list(ast.iter_child_nodes(node))[::-1]
    while todo:
        child = todo.pop()
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            todo += list(ast.iter_child_nodes(child))[::-1]


def _is_empty(function: Function) -> bool:
    """Return whether *function* holds nothing but its docstring, `...` or `pass`."""
    return all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in function.body
    )


def _unparsed(node: ast.AST) -> str:
    """Return *node* as it would be written, or "…" where that is too deep a matter."""
    try:
        return ast.unparse(node)
    except RecursionError:
        return "…"


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _loops(tree: ast.AST) -> Iterator[ast.For]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.For))


def _given(tree: ast.AST) -> set[str]:
    """Return the names that are given to something anywhere in *tree*."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
    return names


def _used(*nodes: ast.AST) -> set[str]:
    return {node.id for tree in nodes for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _called(node: ast.AST) -> str:
    """Return how the call *node* is written, without its arguments: "np.roll" or ".strip"; "" if it is no such call."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Name):
        return node.func.id
    if isinstance(node.func, ast.Attribute):
        owner = node.func.value
        return f"{owner.id if isinstance(owner, ast.Name) and owner.id in _LIBRARIES else ''}.{node.func.attr}"
    return ""


def _written(node: ast.AST) -> str:
    """Return the call *node* as a learner recognises it, its arguments left out."""
    return f"{_called(node)}({'...' if isinstance(node, ast.Call) and (node.args or node.keywords) else ''})"


# --------------------------------------------------------------------------------------------------------------------
# An answer that is not the expected one
# --------------------------------------------------------------------------------------------------------------------


def _early_return(_: Reading, tree: ast.Module) -> Iterator[str]:
    for loop in _loops(tree):
        skips = any(isinstance(node, ast.Continue) for node in _own(loop))
        if not skips and (returning := _always_returns(loop.body)) is not None:
            yield _say("reading.early-return", line=returning.lineno)


def _always_returns(block: list[ast.stmt]) -> ast.Return | None:
    """Return the `return` with which *block* ends, whichever way is taken through it."""
    last = block[-1]
    if isinstance(last, ast.Return):
        return last
    if isinstance(last, ast.If) and last.orelse and _always_returns(last.body) is not None:
        return _always_returns(last.orelse)
    return None


def _thrown_away(_: Reading, tree: ast.Module) -> Iterator[str]:
    # A cell shows what its last line gives, so there an expression on its own is no mistake.
    for node in (node for function in _functions(tree) for node in _own(function) if isinstance(node, ast.Expr)):
        owner, dot, name = _called(node.value).rpartition(".")
        known = _MAKES_ANEW if dot else _FUNCTIONS_MAKE_ANEW
        makes_anew = name not in _LIBRARIES_CHANGE if owner else name in known
        call = node.value
        # Without an argument `join` is not that of a text: threads have one. And some are told to change things after all.
        told = isinstance(call, ast.Call) and any(word.arg in {"inplace", "out"} for word in call.keywords)
        bare = isinstance(call, ast.Call) and name == "join" and not call.args
        if makes_anew and not told and not bare:
            yield _say("reading.thrown-away", line=node.lineno, call=_written(call))


def _gives_nothing(_: Reading, tree: ast.Module) -> Iterator[str]:
    own = {function.name for function in _functions(tree)}
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Assign | ast.Return) else None
        if value is not None and (name := _called(value)).startswith(".") and name[1:] in _GIVE_NOTHING - own:
            yield _say("reading.gives-nothing", line=value.lineno, call=_written(value))


def _compared_only(_: Reading, tree: ast.Module) -> Iterator[str]:
    for function in _functions(tree):
        for node in _own(function):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Compare) and isinstance(node.value.ops[0], ast.Eq):
                yield _say("reading.compared-only", line=node.lineno)


def _method_replaced(_: Reading, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and node.attr.startswith("set_")
            and "self" not in _used(node.value)
        ):
            yield _say("reading.method-replaced", line=node.lineno, name=node.attr)


def _binds_tightly(_: Reading, tree: ast.Module) -> Iterator[str]:
    # `(a & b) == c` may be meant so, and without its brackets it is the same tree. In a chain it never is.
    chains = [node for node in ast.walk(tree) if isinstance(node, ast.Compare) and len(node.comparators) > 1]
    for node in chains:
        for side in (node.left, *node.comparators):
            if isinstance(side, ast.BinOp) and isinstance(side.op, ast.BitAnd | ast.BitOr):
                yield _say("reading.binds-tightly", line=node.lineno, sign="&" if isinstance(side.op, ast.BitAnd) else "|")


def _error_returned(_: Reading, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and node.value is not None and re.fullmatch(r"[A-Z]\w*(?:Error|Exception)", _called(node.value)):
            yield _say("reading.error-returned", line=node.lineno, name=_called(node.value))


def _begun_anew(_: Reading, tree: ast.Module) -> Iterator[str]:
    for function in _functions(tree):
        for place, loop in enumerate(function.body):
            if isinstance(loop, ast.For):
                after = _used(*function.body[place + 1 :])
                yield from (
                    _say("reading.begun-anew", line=node.lineno, name=name)
                    for node in loop.body
                    if (name := _begun(node)) in after and name in _changed(*(other for other in loop.body if other is not node))
                )


def _begun(node: ast.AST) -> str:
    """Return the name that *node* gives to an empty list, dictionary or text, or to 0; "" if it does no such thing."""
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
        return ""
    value = node.value
    empty = (
        (isinstance(value, ast.List) and not value.elts)
        or (isinstance(value, ast.Dict) and not value.keys)
        # False is no 0 here: a mark that is set anew in each round may be meant so.
        or (isinstance(value, ast.Constant) and type(value.value) in {int, float, str} and not value.value)
        or (isinstance(value, ast.Call) and _called(value) in {"dict", "list", "set"} and not value.args)
    )
    return node.targets[0].id if empty else ""


def _changed(*nodes: ast.AST) -> set[str]:
    """Return the names whose value is changed somewhere in *nodes*: given anew, or changed through an item, attribute or method."""
    names = set()
    for tree in nodes:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
                names.add(node.id)
            elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
                names |= _used(node.value)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGE:
                names |= _used(node.func.value)
    return names


def _function_itself(reading: Reading, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and isinstance(node.targets[0], ast.Name):
            called = {_called(call) for call in ast.walk(tree)}
            if node.value.id in reading.functions and node.targets[0].id not in called:
                yield _say("reading.function-itself", line=node.lineno, name=node.targets[0].id, function=node.value.id)


def _never_used(_: Reading, tree: ast.Module) -> Iterator[str]:
    for function in _functions(tree):
        # What Python itself calls is given what it is given.
        given_by_python = function.name.startswith("__") and function.name != "__init__"
        names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
        used = _used(*function.body)
        unused = [name for name in names if name not in used and name not in {"self", "cls"} and not name.startswith("_")]
        if not given_by_python and not _is_empty(function):
            yield from (_say("reading.never-used", function=function.name, name=name) for name in unused)


_SURE_LOOKS: Final[tuple[Callable[[Reading, ast.Module], Iterator[str]], ...]] = (
    _early_return,
    _thrown_away,
    _gives_nothing,
    _begun_anew,
    _error_returned,
    _method_replaced,
    _binds_tightly,
    _function_itself,
    _compared_only,
)
"""What is looked for, the surest first. Last of all comes a parameter that is never used, which need not be the whole mistake."""


# --------------------------------------------------------------------------------------------------------------------
# Exceptions
# --------------------------------------------------------------------------------------------------------------------


def _name_unknown(reading: Reading, tree: ast.Module, found: re.Match[str]) -> Iterator[str]:
    name = found["name"]
    given = _given(tree) | reading.names
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _used(node.value) == {"self"}}
    if name in attributes:
        yield _say("reading.of-the-object", name=name)
    used = name in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if not used:
        # The check has asked for it: the learner's own definitions are what it can have been meant to be.
        defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        defined += [
            target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)
        ]
        close = difflib.get_close_matches(name, defined, n=1, cutoff=0.6) or (defined if len(defined) == 1 else [])
        yield from (_say("reading.another-name", wanted=name, found=other) for other in close)
    close = difflib.get_close_matches(name, sorted((given | set(dir(builtins))) - {name}), n=1, cutoff=0.75)
    yield from (_say("reading.spelling", name=name, meant=meant) for meant in close)


def _too_many_arguments(_: Reading, tree: ast.Module, found: re.Match[str]) -> Iterator[str]:
    for made in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for method in (node for node in made.body if isinstance(node, ast.FunctionDef) and not node.decorator_list):
            names = [argument.arg for argument in method.args.args]
            if found["name"] in {method.name, f"{made.name}.{method.name}"} and "self" not in names[:1]:
                rest = "".join(f", {name}" for name in names if name != "self")
                yield _say("reading.self-missing", name=method.name, line=method.lineno, rest=rest)


def _no_arguments(_: Reading, tree: ast.Module, found: re.Match[str]) -> Iterator[str]:
    for made in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == found["name"]):
        names = [node.name for node in made.body if isinstance(node, ast.FunctionDef)]
        yield from (_say("reading.two-underscores", name=name) for name in names if name.strip("_") == "init")


def _name_hidden(_: Reading, tree: ast.Module, found: re.Match[str]) -> Iterator[str]:
    """Yield where a name of Python's own was given to something else, which then was called."""
    wanted = found.groupdict().get("name")
    called = {_called(node) for node in ast.walk(tree)}
    for node in ast.walk(tree):
        name = node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else node.arg if isinstance(node, ast.arg) else ""
        if name in called and hasattr(builtins, name) and wanted in {None, name}:
            yield _say("reading.hidden-name", line=getattr(node, "lineno", 1), name=name)


def _sum_not_begun(_: Reading, tree: ast.Module, _found: re.Match[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript):
            yield _say("reading.sum-not-begun", line=node.lineno, place=_unparsed(node.target))


def _keys_only(_: Reading, tree: ast.Module, _found: re.Match[str]) -> Iterator[str]:
    for loop in _loops(tree):
        if isinstance(loop.target, ast.Tuple) and isinstance(loop.iter, ast.Name | ast.Attribute):
            names = [_unparsed(name) for name in loop.target.elts]
            yield _say("reading.keys-only", line=loop.lineno, names=_listed(names))


def _truth_of_an_array(reading: Reading, tree: ast.Module, _found: re.Match[str]) -> Iterator[str]:
    yield from _binds_tightly(reading, tree)
    if not any(isinstance(node, ast.BoolOp) for node in ast.walk(tree)):
        chained = any(isinstance(node, ast.Compare) and len(node.ops) > 1 for node in ast.walk(tree))
        asking = [node for node in ast.walk(tree) if isinstance(node, ast.If | ast.IfExp)]
        yield from (_say("reading.if-an-array", line=node.lineno) for node in asking if not chained)


def _nothing_used(reading: Reading, tree: ast.Module, _found: re.Match[str]) -> Iterator[str]:
    yield from _gives_nothing(reading, tree)


_EXCEPTIONS: Final[tuple[tuple[str, str, Callable[[Reading, ast.Module, re.Match[str]], Iterator[str]]], ...]] = (
    ("NameError", r"name '(?P<name>\w+)'", _name_unknown),
    ("UnboundLocalError", r"variable '(?P<name>\w+)'", _name_hidden),
    ("TypeError", r"^(?P<name>[\w.]+)\(\) takes .* positional arguments? but", _too_many_arguments),
    ("TypeError", r"^(?P<name>\w+)\(\) takes no arguments", _no_arguments),
    ("TypeError", r"object is not callable", _name_hidden),
    ("TypeError", r"'NoneType'", _nothing_used),
    ("AttributeError", r"'NoneType'", _nothing_used),
    ("KeyError", r"", _sum_not_begun),
    ("ValueError", r"values to unpack", _keys_only),
    ("ValueError", r"truth value of an? ", _truth_of_an_array),
)


# --------------------------------------------------------------------------------------------------------------------
# A run that had to be stopped
# --------------------------------------------------------------------------------------------------------------------


def _endless(loop: ast.While) -> Iterator[str]:
    inside = [node for statement in loop.body for node in (statement, *_own(statement))]
    leaves = any(isinstance(node, ast.Break | ast.Return | ast.Raise) for node in inside)
    # What is called may change anything, and so decide about the end.
    asks = any(isinstance(node, ast.Call) for node in ast.walk(loop.test))
    if leaves or asks:
        return
    names = sorted(_used(loop.test))
    if not names:
        yield _say("reading.never-leaves", line=loop.lineno)
    elif not (_changed(loop.test, *loop.body) | _handed_on(loop)) & set(names):
        yield say("reading.never-changes", line=loop.lineno, names=_listed(names))


def _handed_on(loop: ast.While) -> set[str]:
    """Return the names whose value a function that *loop* calls may have changed: not those that are compared with a number or a text."""
    compared = [node for node in ast.walk(loop.test) if isinstance(node, ast.Compare)]
    fixed = {name for node in compared if any(isinstance(side, ast.Constant) for side in node.comparators) for name in _used(node.left)}
    calls = [node for statement in loop.body for node in ast.walk(statement) if isinstance(node, ast.Call)]
    return _used(*(argument for call in calls for argument in call.args)) - fixed
