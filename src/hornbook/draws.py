"""How the parameters of a lesson are drawn: `metadata.hornbook.parameters`, read strictly, as data.

    "parameters": {"rate": {"from": 0.01, "to": 0.09, "step": 0.01}, "city": {"among": ["Basel", "Köln"]}}

Each name is one of the lesson's parameters cell, whose default says the type. What can be drawn is numbered, so that a number is a draw,
whoever has drawn it: a seed for a learner's variant, or a check for values that nobody has seen.
"""

from __future__ import annotations

import ast
import builtins
import json
import math
import warnings
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from hornbook.errors import LessonError, printable

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

INJECTED = "injected-parameters"
"""papermill's tag of the cell that has a learner's values; where we hand one out, it is the cell's id as well."""
MAX_INTEGER = 1 << 53
"""Beyond this a number is another one to whoever reads JSON as JavaScript does."""
MAX_SOURCE = 1 << 16
"""How many characters of a cell are read for its values."""
MAX_VALUES = 1_000_000_000
"""How many values one parameter may have."""
MOST_TRIES = 64
"""How often other values are looked for where those that were drawn have been drawn before."""

Value = Any
"""None, bool, int, float or str, or a list or an object (keys are texts) of these: what JSON and a Python literal both can say."""


@dataclass(frozen=True, slots=True)
class Draw:
    """How one parameter is drawn: from the values *among*, or from `start`, `start + step`, ...; `count` of them.

    `default` is what the lesson's own cell gives it, and `said` what the metadata say.
    """

    name: str
    default: Value = field(hash=False)
    count: int
    among: tuple[Value, ...] = field(default=(), hash=False)
    start: Decimal = Decimal(0)
    step: Decimal = Decimal(1)
    said: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def at(self, number: int) -> Value:
        """Return the value with that *number*, from 0 to `count` - 1."""
        if self.among:
            return self.among[number]
        value = self.start + number * self.step
        return int(value) if type(self.default) is int else float(value)

    def can_give(self, value: Value) -> bool:
        """Whether *value* is one of those that can be drawn."""
        if not self.fits(value):
            return False
        if self.among:
            return any(_equal(value, one) for one in self.among)
        number = (Decimal(str(value)) - self.start) / self.step
        return number == int(number) and 0 <= number < self.count

    def fits(self, value: Value) -> bool:
        """Whether *value* is of the default's type; where that is None anything is."""
        return _plain(value) and (self.default is None or type(value) is type(self.default))


def can_be_drawn(values: Mapping[str, Value], draws: Sequence[Draw]) -> bool:
    """Whether *values* has for each of *draws* one that it can give, and nothing else."""
    return values.keys() == {draw.name for draw in draws} and all(draw.can_give(values[draw.name]) for draw in draws)


def default_values(draws: Sequence[Draw]) -> dict[str, Value]:
    """Return what the lesson itself gives its parameters."""
    return {draw.name: draw.default for draw in draws}


def other_values(draws: Sequence[Draw], most: int, rng: random.Random, own: Mapping[str, Value]) -> list[dict[str, Value]]:
    """Return up to *most* different draws, fewer only where there are no more; no parameter has the value that it has in *own*."""
    found: list[dict[str, Value]] = []
    for _ in range(most * MOST_TRIES if draws else 0):
        drawn = {draw.name: _other_than(own.get(draw.name, draw.default), draw, rng) for draw in draws}
        if len(found) < most and not any(_equal(drawn, one) for one in found):
            found.append(drawn)
    return found


def _other_than(taken: Value, draw: Draw, rng: random.Random) -> Value:
    """Return a value of *draw* that is not *taken*; there are at least two, so that one is found."""
    while True:
        value = draw.at(rng.randrange(draw.count))
        if not _equal(value, taken):
            return value


def read_draws(path: Path, raw: object, sources: Sequence[tuple[str, bool]]) -> tuple[Draw, ...]:
    """Return the draws that *raw*, `metadata.hornbook.parameters` of the lesson at *path*, declares.

    *sources* has its code cells in order, each with whether it is the parameters cell. Raises `LessonError` where the two do not fit.
    """
    if not isinstance(raw, dict):
        raise LessonError(
            path, 'metadata.hornbook.parameters must be an object such as {"rate": {"from": 0.01, "to": 0.09, "step": 0.01}}.'
        )
    if not raw:
        return ()
    place = next((place for place, (_, tagged) in enumerate(sources) if tagged), None)
    if place is None:
        raise LessonError(path, 'metadata.hornbook.parameters needs a code cell with the tag "parameters" that gives each its default.')
    try:
        defaults = literals(sources[place][0])
    except ValueError as error:
        raise LessonError(path, f"the parameters cell, {error}") from error
    early = {name: number for number, (source, _) in reversed(list(enumerate(sources[:place], 1))) for name in _names(source)}
    for name in raw:
        if name not in defaults:
            from hornbook.config import nearest  # noqa: PLC0415 - only an error needs it

            known = nearest(name, defaults) if defaults else "it gives none"
            raise LessonError(
                path, f'metadata.hornbook.parameters has "{printable(name)}", which the parameters cell does not give; {known}.'
            )
        if name in early:
            raise LessonError(
                path, f'uses the parameter "{name}" in code cell {early[name]}, before the parameters cell. Move that cell up.'
            )
    return tuple(_draw(path, name, said, defaults[name]) for name, said in raw.items())


def literals(source: str) -> dict[str, Value]:
    """Return what *source*, a parameters cell, gives its names; raise ValueError, with the line, where it does anything else."""
    if len(source) > MAX_SOURCE:
        raise ValueError(f"line 1: has more than {MAX_SOURCE:,} characters.")
    try:
        with warnings.catch_warnings():
            # Python warns of an invalid "\d" on the terminal of whoever reads.
            warnings.simplefilter("ignore")
            body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"line {getattr(error, 'lineno', None) or 1}: is not Python.") from error
    found: dict[str, Value] = {}
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                where = f"line {statement.lineno}: "
                if hasattr(builtins, name) or name.startswith("_"):
                    raise ValueError(f'{where}"{name}" is Python\'s own name. Choose another.')
                if name in found:
                    raise ValueError(f'{where}gives "{name}" twice. Take one out.')
                found[name] = _literal(name, value, where)
            case ast.Expr(value=ast.Constant(value=str())):
                continue
            case _:
                raise ValueError(f"line {statement.lineno}: is more than `name = value`. Nothing else may stand in it.")
    return found


def claimed(sources: Iterable[str], draws: Sequence[Draw]) -> dict[str, Value]:
    """Return those values for *draws* that *sources*, cells of a learner's file, claim: of the right type, and nothing that runs."""
    found: dict[str, Value] = {}
    for source in sources:
        try:
            said = literals(source)
        except ValueError:
            continue
        found |= {draw.name: said[draw.name] for draw in draws if draw.name in said and draw.fits(said[draw.name])}
    return found


def reads_as_injected(source: str, draws: Sequence[Draw]) -> bool:
    """Whether *source* is what papermill writes for *draws*: its comment, and a value for each, and for nothing else.

    Some editors lose a cell's tags and its id, and what is left then must not be run as the learner's own.
    """
    if not draws or not source.lstrip().lower().startswith("# parameters"):
        return False
    try:
        return literals(source).keys() == {draw.name for draw in draws}
    except ValueError:
        return False


def _literal(name: str, node: ast.expr, where: str) -> Value:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        value = ...
    if not _plain(value):
        raise ValueError(f'{where}"{name}" is no plain value: text, a finite number, True, False, None, or a list or dict of these.')
    return value


def _plain(value: object, depth: int = 20) -> bool:
    """Whether *value* can be written as JSON and as a literal of Python, and is the same in both."""
    match value:
        case None | bool() | str():
            return not isinstance(value, str) or _writable(value)
        case int():
            return abs(value) <= MAX_INTEGER
        case float():
            return math.isfinite(value)
        case list():
            return depth > 0 and all(_plain(one, depth - 1) for one in value)
        case dict():
            return depth > 0 and all(isinstance(key, str) and _writable(key) and _plain(one, depth - 1) for key, one in value.items())
    return False


def _writable(text: str) -> bool:
    """Whether *text* has a form in UTF-8: a lone surrogate has none."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _equal(one: Value, other: Value) -> bool:
    """Whether two values are one: to Python, True is 1 as well."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _draw(path: Path, name: str, said: object, default: Value) -> Draw:  # noqa: C901 - one sentence for each way not to fit
    """Return the draw that *said* declares for the parameter *name*."""

    def refuse(problem: str) -> NoReturn:
        raise LessonError(path, f"metadata.hornbook.parameters.{name} {problem}")

    if not isinstance(said, dict) or said.keys() not in ({"among"}, {"from", "to"}, {"from", "to", "step"}):
        refuse('must be {"among": [...]}, or {"from": 1, "to": 9} with a "step", which fractions need.')
    if "among" in said:
        among = said["among"]
        if not isinstance(among, list) or len({json.dumps(value, sort_keys=True) for value in among}) < max(2, len(among)):
            refuse('needs at least two values in "among", each once.')
        values = tuple(_as(default, value) for value in among)
        if not all(_plain(value) for value in values):
            refuse("draws what is no plain value, such as a number of more than 16 digits.")
        wrong = [json.dumps(value, ensure_ascii=False) for value in values if not Draw(name, default, 1).fits(value)]
        if wrong:
            refuse(f"draws {wrong[0]}; its default in the parameters cell is {_kind(default)}, so must each be.")
        return Draw(name, default, len(values), values, said=said)
    if type(default) not in {int, float}:
        refuse(f'draws a number, and its default in the parameters cell is {_kind(default)}. Name its values: {{"among": [...]}}.')
    numbers = [said["from"], said["to"], said.get("step", 1)]
    if not all(type(number) in {int, float} and _plain(number) for number in numbers):
        refuse("needs finite numbers.")
    if type(default) is int and not all(type(number) is int for number in numbers):
        refuse("draws fractions; its default in the parameters cell is a whole number, so must each be.")
    if type(default) is float and "step" not in said:
        refuse('draws fractions, so it needs a "step", such as 0.01.')
    # Decimal, so that 0.1 + 2 * 0.1 is what an author would write: 0.3.
    start, end, step = (Decimal(str(number)) for number in numbers)
    count = int((end - start) / step) + 1 if step > 0 else 0
    if not 2 <= count <= MAX_VALUES:  # noqa: PLR2004 - with one there is nothing to draw
        refuse(f'must have from 2 to {MAX_VALUES:,} values between "from" and "to".')
    return Draw(name, default, count, start=start, step=step, said=said)


def _as(default: Value, value: Value) -> Value:
    """Return *value* as a float where that is what is asked for: JSON's writers make 1 of 1.0."""
    return float(value) if type(default) is float and type(value) is int else value


def _kind(value: Value) -> str:
    kinds = {bool: "True or False", int: "a whole number", float: "a fraction", str: "a text", list: "a list", dict: "a dict"}
    return kinds.get(type(value), "None")


def _names(source: str) -> set[str]:
    """Return the names that *source* uses; none where it is no Python, such as a magic."""
    try:
        return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
