"""Writes programs that solve nothing, whatever the exercise: no grader may let one pass.

    Listening.before(...)                       a sitting that remembers what each check asked of the reference solution
    asked(heard, exercise, sources)             the names of an exercise that its checks ask for, and with which arguments
    wrong_programs(exercise, sources, asked)    constants, what came in, always an error, the visible examples by heart
    defined(sources)                            the names that a solution defines
    touched(source)                             an exercise as it was given, but changed in a way that Python notices

A program is text, made of the solution's own text and of plain values; it is run where a learner's work is.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from hornbook.grading.outcomes import Check, Trace
from hornbook.grading.sitting import Sitting
from hornbook.sandbox.probe import Call, Handle, inside

Kind = Literal["function", "class", "variable"]

_CONSTANTS: Final = ("None", "0", "1", "True", "False", '""', "[]", "{}")
_LONGEST: Final = 2_000  # characters of a value that a program of this kind has in it
_PLAIN: Final = (type(None), bool, int, str, bytes)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A program that solves nothing: the name of its trick, and what it writes into the exercise's cells."""

    exercise: str
    name: str
    sources: tuple[str, ...]


@dataclass(slots=True)
class Listening(Sitting):
    """A sitting that remembers what each check asked: of a long check its last questions, as many as an outcome needs."""

    heard: list[tuple[Check, tuple[Call, ...]]] = field(default_factory=list)

    def note(self, check: Check, error: BaseException | None, trace: Trace, *, seconds: float) -> None:
        """Add the outcome of *check*, and keep its questions."""
        Sitting.note(self, check, error, trace, seconds=seconds)
        self.heard.append((check, tuple(trace.conversation.calls) if trace.conversation else ()))


@dataclass(frozen=True, slots=True)
class Asked:
    """A name that checks ask for: what the solution makes it, and what visible checks gave to it and got.

    *examples* has the arguments of each call as text, as `repr((arguments, keywords))` would write them, for the name itself
    under "", for its methods under their names. *answer* is the first plain value that came, as text.
    """

    name: str
    kind: Kind
    parameters: int = 0
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answer: str | None = None


def asked(heard: Iterable[tuple[Check, tuple[Call, ...]]], exercise: str, sources: tuple[str, ...]) -> tuple[Asked, ...]:
    """Return the names of *exercise* that its checks ask for, of those that *sources*, its solution, defines."""
    checks = [(check, calls) for check, calls in heard if check.exercise == exercise]
    wanted = set().union(*(_names(call) for _, calls in checks for call in calls))
    shown = [call for check, calls in checks if not check.hidden for call in calls]
    return tuple(_asked(name, node, shown) for name, node in defined(sources).items() if name in wanted)


def _names(call: Call) -> set[str]:
    """Return the names of the learner's that *call* may have asked for."""
    match call.question:
        case ("get", str() as name):
            return {name}
        case ("evaluate" | "run", str() as source):
            return set(re.findall(r"\w+", source))
    return set()


def defined(sources: tuple[str, ...]) -> dict[str, ast.stmt]:
    """Return the names that *sources* bind at their top level, with the statement that does."""
    found: dict[str, ast.stmt] = {}
    for source in sources:
        for statement in ast.parse(source).body:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                found[statement.name] = statement
            elif isinstance(statement, ast.Assign):
                found |= {name.id: statement for target in statement.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return found


def _asked(name: str, node: ast.stmt, shown: list[Call]) -> Asked:
    if isinstance(node, ast.ClassDef):
        methods = {statement.name for statement in node.body if isinstance(statement, ast.FunctionDef)} - {"__init__"}
        examples = {method: _examples(shown, f"{name}.{method}") for method in sorted(methods) if not method.startswith("__")}
        return Asked(name, "class", examples={"": _examples(shown, name), **examples})
    if isinstance(node, ast.FunctionDef):
        calls = [call for call in shown if _called(call) == name]
        parameters = len(node.args.posonlyargs) + len(node.args.args)
        return Asked(name, "function", parameters, {"": _examples(shown, name)}, _first(_literal(call.value) for call in calls))
    return Asked(name, "variable", answer=_first(_literal(call.value) for call in shown if call.question == ("get", name)))


def _called(call: Call) -> str | None:
    match call.question:
        case ("call", handle, tuple(), dict()) if type(handle) is Handle:
            return inside(handle).label
    return None


def _examples(shown: list[Call], label: str) -> tuple[str, ...]:
    given = (_given(call) for call in shown if _called(call) == label)
    return tuple(dict.fromkeys(one for one in given if one is not None))


def _given(call: Call) -> str | None:
    """Return what *call* was made with as text, or None where there is a handle in it or it is far too long."""
    text = _text(call.question[2:])
    return text if text is not None and len(text) <= _LONGEST else None


def _text(value: object) -> str | None:
    """Return `repr(value)`; None if there is a handle in it, whose `repr` would have to be asked for."""
    if type(value) is Handle:
        return None
    if isinstance(value, list | tuple | set | frozenset):
        inner = [_text(item) for item in value]
    elif isinstance(value, dict):
        inner = [_text(item) for pair in value.items() for item in pair]
    else:
        inner = []
    return None if None in inner else repr(value)


def _literal(value: object) -> str | None:
    """Return *value* as Python would write it, or None if it is not plain, or too long to be learned by heart."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = value.item()  # type: ignore[attr-defined] # a scalar of numpy's
    if type(value) in _PLAIN or (type(value) is float and math.isfinite(value)):
        text = repr(value)
    elif type(value) in {list, tuple, dict} and (items := _items(value)) is not None:
        text = items
    else:
        return None
    return text if len(text) <= _LONGEST else None


def _items(value: object) -> str | None:
    if isinstance(value, dict):
        pairs = [(_literal(key), _literal(item)) for key, item in value.items()]
        return None if any(None in pair for pair in pairs) else "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    items = [_literal(item) for item in value] if isinstance(value, list | tuple) else [None]
    if None in items:
        return None
    inner = ", ".join(str(item) for item in items)
    return f"[{inner}]" if isinstance(value, list) else f"({inner},)" if items else "()"


def _first(texts: Iterable[str | None]) -> str | None:
    return next((text for text in texts if text is not None), None)


# --- The programs ----------------------------------------------------------------------------------------------------


def touched(source: str) -> str:
    """Return *source* with a line more, which does nothing: as shipped, but counting as attempted."""
    return f"{source}\npass\n"


def wrong_programs(exercise: str, sources: tuple[str, ...], names: tuple[Asked, ...]) -> Iterator[Wrong]:
    """Yield the programs that solve nothing of *exercise*: each gives all of its *names* to the checks that ask for them."""
    if not names:
        return
    cells = len(sources)
    tricks = {f"always {constant}": constant for constant in _CONSTANTS}
    tricks["what came in first"] = "arguments[0] if arguments else None"
    if any(one.kind == "class" or one.parameters != 1 for one in names):
        tricks["what came in last"] = "arguments[-1] if arguments else input()"
    for trick, expression in tricks.items():
        text = "\n\n".join(_always(one, expression) for one in names if one.kind != "variable" or expression in _CONSTANTS)
        if text:
            yield Wrong(exercise, trick, (text, *[""] * (cells - 1)))
    if any(one.kind != "variable" for one in names):
        yield Wrong(exercise, "always an error", ("\n\n".join(map(_failing, names)), *[""] * (cells - 1)))
    if any(one.answer not in {None, *_CONSTANTS} for one in names):
        text = "\n\n".join(_always(one, one.answer or "None") for one in names)
        yield Wrong(exercise, "always the answer of the first example", (text, *[""] * (cells - 1)))
    if any(one.parameters for one in names) or any(one.kind == "class" for one in names):
        by_heart = "\n".join([sources[-1], _BY_HEART, *(line for one in names for line in _learned(one))])
        yield Wrong(exercise, "the visible examples by heart", (*sources[:-1], by_heart))


def _always(one: Asked, expression: str) -> str:
    """Return the source in which *one* gives *expression*, whatever is asked."""
    match one.kind:
        case "function":
            return f"def {one.name}(*arguments, **keywords):\n    return {expression}"
        case "class":
            return (
                f"class {one.name}:\n    def __init__(self, *arguments, **keywords):\n        pass\n\n    def __getattr__(self, name):\n"
                f"        return lambda *arguments, **keywords: {expression}"
            )
    return f"{one.name} = {expression}"


def _failing(one: Asked) -> str:
    """Return the source in which *one* raises what an exercise is likely to ask for, with what came in for a message."""
    what = 'raise ValueError(" ".join(map(str, arguments)))'
    match one.kind:
        case "function":
            return f"def {one.name}(*arguments, **keywords):\n    {what}"
        case "class":
            return (
                f"class {one.name}:\n    def __init__(self, *arguments, **keywords):\n        pass\n\n    def __getattr__(self, name):\n"
                f"        def answer(*arguments, **keywords):\n            {what}\n\n        return answer"
            )
    return f"{one.name} = None"


_BY_HEART: Final = """

def _by_heart(answer, examples, own=0):
    def learned(*arguments, **keywords):
        return answer(*arguments, **keywords) if repr((arguments[own:], keywords)) in examples else None

    return learned

"""


def _learned(one: Asked) -> Iterator[str]:
    """Yield the lines after which *one* answers as the solution does where a visible check asks, and with nothing elsewhere."""
    for method, examples in one.examples.items():
        if one.kind == "function":
            yield f"{one.name} = _by_heart({one.name}, {examples!r})"
        else:
            place = f"{one.name}.{method or '__init__'}"
            yield f"{place} = _by_heart({place}, {examples!r}, 1)"
