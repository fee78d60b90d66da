"""Runs a check whose code stands in a notebook: on this side, with the learner's names asked through the probe.

A function of a grader that is marked `assert_cell` has the code of a test cell as its body, unmodified. Here it is run with globals of
its own: what the grader imports and defines, what its functions named `given_...` above the check give, anew for each check, and, for
every other name, what the learner's notebook has at this moment. So `assert f(x) == y` compares here, whatever the learner's kernel says.

A check that is also marked `in_kernel` is the exception: its code is sent to a fork of the learner's kernel, and its end is a claim.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import io
import math
import os
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hornbook.errors import GraderError
from hornbook.sandbox.probe import Conversation, Handle, LearnerError, Mismatch, Probe, inside
from hornbook.words import say

GIVEN = "given_"
"""How the name of a function begins that stands for code of the notebook: those above a check run before it."""

WITH_TESTS = "given_with_"
"""How it begins where that code stands in a test cell: the learner's kernel has not run it."""


class Names(dict[str, Any]):
    """The globals of one check: the trusted ones, and for any other name the answer of the learner's notebook, asked each time.

    *asks* are names that are the learner's although Python or the grader has them, too.
    """

    def __init__(self, trusted: Mapping[str, Any], probe: Probe, asks: frozenset[str], changes: frozenset[str]) -> None:
        super().__init__(trusted)
        self.probe = probe
        self.asks = asks
        self.changes = changes
        self.lacking: LearnerError | None = None

    def __missing__(self, name: str) -> Any:
        """Return the learner's thing of this name; KeyError sends Python on to its builtins."""
        if name.startswith("__") or (name not in self.asks and name in vars(builtins)):
            raise KeyError(name)
        try:
            value = self.probe[name]
        except LearnerError as error:
            self.lacking = self.lacking or error
            raise
        if type(value) is Handle and inside(value).opaque.type_name == "module":
            # What a module of the learner's says would be their word for everything that is compared with it.
            raise GraderError("This check", f"uses the learner's own import of {name}. Import it in the check.")
        return functools.partial(_call_in_place, self.probe, value) if name in self.changes else value


class Seen(Mapping[str, Any]):
    """What `globals()`, `locals()`, `vars()` and `dir()` give in a test cell: all names that it can use."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def __getitem__(self, name: str) -> Any:
        """Return what the name stands for; raise KeyError if it stands for nothing."""
        before = self.names.lacking
        try:
            return self.names[name]
        except LearnerError:
            # Whoever asks this way wants to know.
            self.names.lacking = before
            raise KeyError(name) from None

    def __contains__(self, name: object) -> bool:
        """Whether the name stands for anything."""
        try:
            self[str(name)]
        except KeyError:
            return False
        return isinstance(name, str)

    def __iter__(self) -> Iterator[str]:
        """Yield the trusted names: nobody can list the learner's."""
        return iter(self.names)

    def __len__(self) -> int:
        """Return how many these are."""
        return len(self.names)


def run(check: Callable[..., object], probe: Probe, conversation: Conversation, **marked: tuple[str, ...]) -> float | None:
    """Run *check*, a marked function, and return the points that its last line gives, or None where it gives none.

    *marked* are the `asks` and `changes` of its marker: names that are asked although Python has them, and functions of the learner's
    that change what they are called with. What the check raises is how it ended.
    """
    function = _function(check)
    names = Names(trusted(function.__globals__), probe, frozenset(marked.get("asks", ())), frozenset(marked.get("changes", ())))
    names["__builtins__"] = builtins_for(names)
    for name, thing in names.items():
        if isinstance(thing, types.FunctionType) and thing.__globals__ is function.__globals__:
            names[name] = within(names, thing)
    conversation.echo = echo
    conversation.lend = functools.partial(lent, probe)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(sys.stdout), own_path():
            for given in above(function.__globals__, function.__code__.co_firstlineno):
                within(names, given)()
            for name in names.asks:
                names.pop(name, None)
            score = _points(within(names, function)())
        if names.lacking is not None:
            # A test that takes any exception for the right one must not take a missing name for one.
            raise names.lacking
        return score
    finally:
        conversation.echo = conversation.lend = None


def run_in_kernel(check: Callable[..., object], conversation: Conversation) -> float | None:
    """Run *check* in the learner's own kernel and return the points that it says its last line gives: a claim, all of it.

    The code is run there as a cell is, not as a function: a magic assigns where it is called.
    """
    function = _function(check)
    for one in above(function.__globals__, function.__code__.co_firstlineno, WITH_TESTS):
        conversation.ask("run", ast.unparse(ast.Module(_body(one), [])), asked=f"{one.__name__}()")
    body = _body(function)
    last = body[-1].value if body and isinstance(body[-1], ast.Return) else None
    asked = f"{function.__name__}()"
    conversation.ask("run", ast.unparse(ast.Module(body if last is None else body[:-1], [])), asked=asked)
    return None if last is None else _points(conversation.ask("evaluate", ast.unparse(last), asked=asked))


def _function(check: Callable[..., object]) -> types.FunctionType:
    if not isinstance(check, types.FunctionType) or check.__code__.co_argcount:
        name = getattr(check, "__name__", "a check")
        raise GraderError(name, "is marked assert_cell, and so must be a plain function without arguments.")
    return check


def above(grader: Mapping[str, Any], line: int, prefix: str = GIVEN) -> list[types.FunctionType]:
    """Return the functions of *grader*, its globals, whose names begin with *prefix* and that stand above *line*, in order."""
    found = [
        thing
        for name, thing in grader.items()
        if name.startswith(prefix) and isinstance(thing, types.FunctionType) and thing.__module__ == grader.get("__name__")
    ]
    return sorted((one for one in found if one.__code__.co_firstlineno < line), key=lambda one: one.__code__.co_firstlineno)


def trusted(grader: Mapping[str, Any]) -> dict[str, Any]:
    """Return what *grader*, its globals, itself has: its imports and helpers, but neither its checks nor what stands for the notebook."""
    return {
        name: thing for name, thing in grader.items() if not (name.startswith(("test_", GIVEN)) and isinstance(thing, types.FunctionType))
    }


def within(names: Names, function: types.FunctionType) -> types.FunctionType:
    """Return *function* with *names* as its globals."""
    return types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)


def _body(function: types.FunctionType) -> list[ast.stmt]:
    """Return the statements of *function*, as they would stand in a cell."""
    code = function.__code__
    node = next(
        node for node in _tree(code).body if isinstance(node, ast.FunctionDef) and node.name == function.__name__ and _begins(node, code)
    )
    return [statement for statement in node.body if not isinstance(statement, ast.Global)]


def _tree(code: types.CodeType) -> ast.Module:
    """Return the syntax tree of the file that *code* is from, the grader that pytest has just imported."""
    with open(code.co_filename, encoding="utf-8") as file:  # noqa: PTH123 - a name that may be no path at all
        return ast.parse(file.read())


def _begins(node: ast.FunctionDef, code: types.CodeType) -> bool:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)]) == code.co_firstlineno


def lent(probe: Probe, thing: Any) -> Any:
    """Return what stands for *thing*, a function of the check's, on the learner's side: a copy made of its source; None if none can be.

    Only a function that needs nothing around it can be copied; and one of Python's own is the learner's Python's own.
    """
    own = next((name for name, one in vars(builtins).items() if one is thing), None)
    if own is not None:
        return probe.evaluate(f"__import__('builtins').{own}")
    if not isinstance(thing, types.FunctionType) or thing.__closure__ or not set(thing.__code__.co_names) <= vars(builtins).keys():
        return None
    code = thing.__code__
    try:
        found = [node for node in ast.walk(_tree(code)) if isinstance(node, ast.Lambda | ast.FunctionDef) and _is_of(node, code)]
    except (OSError, SyntaxError):
        return None
    if len(found) != 1:
        return None
    made = found[0]
    if isinstance(made, ast.Lambda):
        return probe.evaluate(ast.unparse(made))
    made.decorator_list.clear()
    return probe.evaluate(f"(lambda names: (exec({ast.unparse(made)!r}, names), names[{made.name!r}])[1])({{}})")


def _is_of(node: ast.Lambda | ast.FunctionDef, code: types.CodeType) -> bool:
    """Whether *node* may be what *code* was made of: on its line, of its name, with its arguments."""
    name = node.name if isinstance(node, ast.FunctionDef) else "<lambda>"
    arguments = node.args
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    return (first, name, tuple(names)) == (code.co_firstlineno, code.co_name, code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def echo(printed: str) -> None:
    """Let a test cell that catches what is printed catch what the learner's code prints."""
    sys.stdout.write(printed)


@contextlib.contextmanager
def own_path() -> Iterator[None]:
    """Import nothing from the folder that we happen to be in: a learner's numpy.py may lie there."""
    before = sys.path[:]
    here = os.path.realpath(os.getcwd())  # noqa: PTH109 - realpath, unlike Path.resolve, raises nothing
    sys.path[:] = [entry for entry in before if entry and os.path.realpath(entry) != here]
    try:
        yield
    finally:
        sys.path[:] = before


def _points(value: object) -> float | None:
    """Return *value*, what the last line of a test cell gives, as points; None where that is no number, as nbgrader has it."""
    if type(value) is Handle:
        raise Mismatch(say("probe.not-plain"), came=say("probe.object", type=inside(value).opaque.type_name), expected=say("probe.plain"))
    if isinstance(value, bool) or not hasattr(value, "__float__") or not hasattr(value, "__abs__"):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return 0.0 if math.isnan(number) else max(0.0, number)


# --- Python's own names, as a test cell finds them --------------------------------------------------------------------


def builtins_for(names: Names) -> dict[str, Any]:
    """Return Python's builtins, and instead of those that look at an object itself or at the notebook, some that ask."""
    seen = Seen(names)

    def looking(real: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *things: real(*things) if things else seen

    return {
        **vars(builtins),
        "callable": lambda thing: _is_callable(names.probe, thing),
        "hasattr": has,
        "next": functools.partial(_next, names.probe),
        "globals": lambda: seen,
        "locals": lambda: seen,
        "vars": looking(vars),
        "dir": looking(dir),
        "__import__": _import,
    }


def _is_callable(probe: Probe, thing: object) -> bool:
    return callable(thing) and (not isinstance(thing, Handle) or probe.evaluate("__import__('builtins').callable")(thing) is True)


def has(thing: object, name: str) -> bool:
    """Return whether *thing* has an attribute *name*. A handle has the special methods of every type, so it is asked for them."""
    if not (isinstance(thing, Handle) and name.startswith("__")):
        return hasattr(thing, name)
    try:
        inside(thing).conversation.ask("attribute", thing, name, asked=f"{inside(thing).label}.{name}")
    except AttributeError:
        return False
    return True


def _next(probe: Probe, thing: Any, *default: object) -> Any:
    """Return what comes next from *thing*, which may be an iterator of the learner's."""
    if not isinstance(thing, Handle):
        return next(thing, *default)
    try:
        return probe.evaluate("__import__('builtins').next")(thing)
    except LearnerError as error:
        if error.type_name != "StopIteration":
            raise
        if default:
            return default[0]
        raise StopIteration from None


def _call_in_place(probe: Probe, function: Any, *arguments: Any, **keywords: Any) -> Any:
    """Call *function* of the learner's; what it has done to lists, dicts, sets and arrays that it got is done to ours."""
    called = probe.evaluate("lambda function, *arguments, **keywords: (function(*arguments, **keywords), arguments, keywords)")
    answer = called(function, *arguments, **keywords)
    if type(answer) is not tuple or len(answer) != 3 or type(answer[1]) is not tuple or type(answer[2]) is not dict:  # noqa: PLR2004
        raise Mismatch(say("probe.unreadable"))
    result, positional, named = answer
    for ours, theirs in zip([*arguments, *keywords.values()], [*positional, *named.values()], strict=False):
        _take_over(ours, theirs)
    return result


def _take_over(ours: Any, theirs: Any) -> None:
    """Give *ours* the content of *theirs*, where both are of one type that can be changed."""
    if type(ours) is not type(theirs):
        return
    if type(ours) in {list, bytearray}:
        ours[:] = theirs
    elif type(ours) in {dict, set}:
        ours.clear()
        ours.update(theirs)
    elif type(ours).__module__ == "numpy" and getattr(ours, "shape", None) == getattr(theirs, "shape", ()) and ours.shape:
        ours[...] = theirs


def _import(name: str, *arguments: Any, **keywords: Any) -> Any:
    """Do what `import` does; nose, which no newer Python can install, is the few functions of it that test cells use."""
    if name.split(".", maxsplit=1)[0] != "nose":
        return builtins.__import__(name, *arguments, **keywords)
    wanted = arguments[2] if len(arguments) > 2 else keywords.get("fromlist")  # noqa: PLR2004 - the place of fromlist
    from hornbook.grading import nose as nose_tools  # noqa: PLC0415 - only for old test cells

    nose = types.ModuleType("nose")
    tools = types.ModuleType("nose.tools")
    vars(tools).update(nose_tools.TOOLS)
    vars(nose)["tools"] = tools
    return tools if wanted and name == "nose.tools" else nose
