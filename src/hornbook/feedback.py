"""Hint banks: what to say next to a learner whose check did not pass.

    Bank.read(path) -> Bank                            `feedback/**/<slug>.toml`, or FeedbackError
    bank.validate(checks, exercises)                   FeedbackError for what the lesson does not have
    bank.hints(outcome, source, actual=...)            the hints that fit, best first
    bank.success(exercise) -> str | None               why it worked
    matches_source(pattern, source) -> bool            does this shape of code stand in that source?

A bank holds a ladder of one to four hints for each exercise, and misconceptions: known mistakes, each with the conditions
under which it is recognised, the program that shows it, and hints of its own. It also keeps what an author knows about the
mutants of the solution (`grading/mutants.py`) and no check can find out: which of them are right as well.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import functools
import math
import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from hornbook.errors import FeedbackError, printable
from hornbook.model import Hint, Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


class _Missing:
    """The type of `MISSING`."""

    def __repr__(self) -> str:
        """Return the name under which it is imported."""
        return "MISSING"


MISSING: Final = _Missing()
"""No value came, which is not the same as None."""

MOST_HINTS: Final = 4
"""How many hints a ladder holds at most."""

_TABLES: Final = ("exercise", "misconception", "equivalent")
_EXERCISE_KEYS: Final = ("hints", "success")
_MISCONCEPTION_KEYS: Final = ("name", "check", "when", "program", "hints")
_EQUIVALENT_KEYS: Final = ("exercise", "operator", "line", "becomes", "reason")
_CONDITIONS: Final = ("raises", "message", "actual", "actual_type", "source")

_LONGEST_SOURCE: Final = 20_000  # characters; an exercise has a few hundred
_LONGEST_MESSAGE: Final = 2_000  # characters of a learner's message that a pattern is searched in

_HELPED: Final = frozenset({Status.FAILED, Status.NOT_ATTEMPTED, Status.TIMED_OUT, Status.OUT_OF_MEMORY, Status.FORBIDDEN})
_RAISED_BY: Final[Mapping[Status, str]] = {
    Status.TIMED_OUT: "TimeoutError",
    Status.OUT_OF_MEMORY: "MemoryError",
    Status.FORBIDDEN: "PermissionError",
}


@dataclass(frozen=True, slots=True)
class When:
    """The conditions under which a misconception is recognised. Those that are not None must all hold."""

    raises: str | None = None
    message: str | None = None
    actual: str | None = None
    actual_type: str | None = None
    source: str | None = None

    def compiled(self) -> tuple[re.Pattern[str] | None, object, _Pattern | None]:
        """Return message, actual (MISSING if not given) and source ready for use; raise ValueError or re.error if they are not usable."""
        return (
            None if self.message is None else re.compile(self.message),
            MISSING if self.actual is None else _literal(self.actual),
            None if self.source is None else _Pattern.of(self.source),
        )

    def __len__(self) -> int:
        """Return how many conditions there are; the more, the more particular is the misconception."""
        return sum(getattr(self, name) is not None for name in _CONDITIONS)


@dataclass(frozen=True, slots=True)
class Misconception:
    """A known mistaken idea about what *check* asks, the *program* that shows it, and what to say to it.

    In a release there is no program: it is for authors.
    """

    name: str
    check: str
    when: When
    program: str
    hints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """What a bank says about one exercise: *hints* from nudge to worked step, and why a success worked."""

    hints: tuple[str, ...]
    success: str | None = None


@dataclass(frozen=True, slots=True)
class Equivalent:
    """What an author says about mutants: those that *operator* makes of *line* in *exercise* are right as well, for this *reason*.

    With *becomes* it is said only of the one that turns *line* into that. Lines are told by their text, not by their number, so
    that a marker stays with its line when the lines around it change.
    """

    exercise: str
    operator: str
    line: str
    reason: str
    becomes: str | None = None

    def means(self, exercise: str, operator: str, line: str, becomes: str) -> bool:
        """Whether this is said of the mutant that *operator* makes of *line* in *exercise* by turning it into *becomes*."""
        return (self.exercise, self.operator, self.line) == (exercise, operator, line) and self.becomes in {None, becomes}


@dataclass(frozen=True, slots=True)
class Bank:
    """The hints of one lesson. *path* is where they were read, None for the empty bank."""

    exercises: Mapping[str, Ladder] = field(default_factory=dict)
    misconceptions: tuple[Misconception, ...] = ()
    path: Path | None = None
    equivalents: tuple[Equivalent, ...] = ()

    @classmethod
    def empty(cls) -> Bank:
        """Return a bank that never has a hint."""
        return cls()

    @classmethod
    def read(cls, path: Path | str) -> Bank:
        """Return the bank in the TOML file at *path*.

        Raises FeedbackError, naming file, table, key and what is allowed, if the file breaks the format.
        """
        path = Path(path)
        try:
            stat = path.stat()
            return _read(path, (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns))
        except OSError as error:
            raise FeedbackError(path, f"cannot be read: {error.strerror or error}.") from error

    def problems(self, checks: Iterable[str], exercises: Iterable[str], *, grader: Path | str | None = None) -> tuple[str, ...]:
        """Return a sentence for each name in the bank that is none of the lesson's *checks* or *exercises*.

        *grader* is the file to name in the sentences; by default the one that belongs to the bank by its place.
        """
        checks, exercises = tuple(checks), tuple(exercises)
        where = str(grader or _grader_of(self.path))
        named = dict.fromkeys(misconception.check for misconception in self.misconceptions)
        problems = [f'no check named "{name}"; {where} has {_nearest(name, checks)}.' for name in named if name not in checks]
        problems += [
            f"[exercise.{name}] is no exercise of the lesson, which has {_nearest(name, exercises)}."
            for name in self.exercises
            if name not in exercises
        ]
        return tuple(problems)

    def validate(self, checks: Iterable[str], exercises: Iterable[str], *, grader: Path | str | None = None) -> None:
        """Raise FeedbackError with the first of `problems`, and how many more there are, if there is any."""
        problems = self.problems(checks, exercises, grader=grader)
        if problems:
            more = f" ({len(problems) - 1} more like this.)" if len(problems) > 1 else ""
            raise FeedbackError(self.path or "feedback", problems[0] + more)

    def success(self, exercise: str | None) -> str | None:
        """Return why solving *exercise* worked, if the bank says so."""
        ladder = self.exercises.get(exercise or "")
        return None if ladder is None else ladder.success

    def misconception(self, outcome: Outcome, source: str, *, actual: object = MISSING) -> Misconception | None:
        """Return the most particular misconception that *outcome* shows: most conditions first, then the bank's order.

        *source* is the learner's source of the exercise, *actual* the value that came, or MISSING.
        """
        check = outcome.check.partition("[")[0]  # A parametrised check is called `test_name[value]`.
        known = [misconception for misconception in self.misconceptions if misconception.check in {check, outcome.check}]
        if outcome.status not in _HELPED or not known:
            return None
        seen = _Evidence.of(outcome, source, actual)
        return max(
            (misconception for misconception in known if seen.shows(misconception.when)), key=lambda shown: len(shown.when), default=None
        )

    def hints(self, outcome: Outcome, source: str, *, actual: object = MISSING) -> tuple[Hint, ...]:
        """Return the hints for *outcome*: those of the misconception it shows, then the exercise's ladder.

        Each is numbered on its own ladder. A hint that stands in both is given once. An outcome that is no fault of the
        learner's code (passed, skipped, broken) gets none. *source* and *actual* are as in `misconception`.
        """
        if outcome.status not in _HELPED:
            return ()
        found = self.misconception(outcome, source, actual=actual)
        first = () if found is None else found.hints
        ladder = self.exercises.get(outcome.exercise or "", Ladder(()))
        return (
            *_numbered(first, None if found is None else found.name),
            *_numbered([hint for hint in ladder.hints if hint not in first], None),
        )


def _numbered(hints: Sequence[str], misconception: str | None) -> Iterator[Hint]:
    return (Hint(text, number, len(hints), misconception) for number, text in enumerate(hints, start=1))


def _grader_of(path: Path | None) -> Path | str:
    """Return the grader that belongs to the bank at *path*: the same sub-folder, under `graders` instead of `feedback`."""
    if path is None or "feedback" not in path.parts:
        return "the grader"
    top = len(path.parts) - 1 - path.parts[::-1].index("feedback")
    return Path(*path.parts[:top], "graders", *path.parts[top + 1 : -1], f"test_{path.stem}.py")


def _nearest(name: str, allowed: Sequence[str]) -> str:
    """Return the name in *allowed* that *name* was probably meant to be, or else all of them, as words."""
    # What all checks have in common tells nothing.
    bare = {one.removeprefix("test_"): one for one in allowed}
    close = difflib.get_close_matches(name.removeprefix("test_"), bare, n=1, cutoff=0.3)
    return ", ".join(f'"{one}"' for one in ([bare[one] for one in close] or allowed)) or "none"


# --------------------------------------------------------------------------------------------------------------------
# Reading a bank
# --------------------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=32)
def _read(path: Path, identity: tuple[int, ...]) -> Bank:
    """Return the bank in the file at *path* as long as its *identity* is the same: one bank is asked for again for each submission."""
    del identity
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FeedbackError(path, f"is not UTF-8 at byte {error.start}; save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise FeedbackError(path, f"is not TOML: {error}.") from error
    return _Reader(path).bank(document)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns a TOML document into a Bank, or says what is amiss and where. `place` is a table's name in its file."""

    path: Path

    def bank(self, document: Mapping[str, object]) -> Bank:
        # It is for no author to write, so no sentence offers it.
        released = document.get("released", False)
        self._only({name: table for name, table in document.items() if name != "released"}, _TABLES, "the file")
        if not isinstance(released, bool):
            raise self._error("released must be true or false; only `hornbook release` writes it.")
        exercises = self._table(document.get("exercise", {}), "[exercise]")
        ladders = {name: self._ladder(table, f"[exercise.{name}]") for name, table in exercises.items()}
        each = self._each(document, "misconception")
        misconceptions = tuple(self._misconception(table, place, released=released) for place, table in each)
        names = [misconception.name for misconception in misconceptions]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise self._error(f'two misconceptions are named "{twice}"; give each its own name.')
        equivalents = tuple(self._equivalent(table, place) for place, table in self._each(document, "equivalent"))
        return Bank(ladders, misconceptions, self.path, equivalents)

    def _each(self, document: Mapping[str, object], name: str) -> Iterator[tuple[str, object]]:
        """Yield each `[[name]]` of the document, and what to call it in a sentence."""
        tables = document.get(name, [])
        if not isinstance(tables, list):
            raise self._error(f"{name} must be written as [[{name}]], once for each.")
        yield from ((f"[[{name}]] {number}", table) for number, table in enumerate(tables, start=1))

    def _equivalent(self, value: object, place: str) -> Equivalent:
        table = self._table(value, place)
        self._only(table, _EQUIVALENT_KEYS, place)
        texts = {key: self._text(table, key, place).strip() for key in _EQUIVALENT_KEYS if key != "becomes" or key in table}
        return Equivalent(**texts)

    def _ladder(self, value: object, place: str) -> Ladder:
        table = self._table(value, place)
        self._only(table, _EXERCISE_KEYS, place)
        return Ladder(self._hints(table, place), self._text(table, "success", place) if "success" in table else None)

    def _misconception(self, value: object, place: str, *, released: bool) -> Misconception:
        table = self._table(value, place)
        name = self._text(table, "name", place)
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise self._error(f'{place}: name "{name}" must be in small letters, digits and single hyphens, such as "sum-not-mean".')
        place = f'{place} "{name}"'
        self._only(table, _MISCONCEPTION_KEYS, place)
        return Misconception(
            name=name,
            check=self._text(table, "check", place),
            when=self._when(table.get("when", {}), f"{place}: when"),
            program="" if released else self._text(table, "program", place),
            hints=self._hints(table, place),
        )

    def _when(self, value: object, place: str) -> When:
        table = self._table(value, place)
        self._only(table, _CONDITIONS, place)
        if not table:
            raise self._error(f"{place} needs at least one condition; allowed are {_listed(_CONDITIONS)}.")
        if "actual" in table and "actual_type" in table:
            raise self._error(f"{place} has both actual and actual_type; actual alone already fixes the type.")
        texts = {name: self._text(table, name, place) for name in table}
        when = When(**texts)
        try:
            when.compiled()
        except (ValueError, re.error) as error:
            raise self._error(f"{place} cannot be used: {error}.") from error
        for name in texts.keys() & {"raises", "actual_type"}:
            if not texts[name].isidentifier():
                raise self._error(f'{place}: {name} must be the bare name of a type, such as "ValueError", not {texts[name]!r}.')
        return when

    def _hints(self, table: Mapping[str, object], place: str) -> tuple[str, ...]:
        hints = table.get("hints")
        if not isinstance(hints, list) or not 1 <= len(hints) <= MOST_HINTS:
            raise self._error(f"{place}: hints must be a list of 1 to {MOST_HINTS} texts.")
        if not all(isinstance(hint, str) and hint.strip() for hint in hints):
            raise self._error(f"{place}: every hint must be a text with words in it.")
        return tuple(hint.strip() for hint in hints)

    def _text(self, table: Mapping[str, object], key: str, place: str) -> str:
        text = table.get(key)
        if not isinstance(text, str) or not text.strip():
            raise self._error(f"{place}: {key} {'must be a text with words in it' if key in table else 'is missing'}.")
        return text

    def _table(self, value: object, place: str) -> Mapping[str, object]:
        if not isinstance(value, dict):
            raise self._error(f"{place} must be a table, not {value!r}.")
        return value

    def _only(self, table: Mapping[str, object], allowed: Sequence[str], place: str) -> None:
        """Raise FeedbackError if *table* has a key that is not *allowed*."""
        for key in table:
            if key not in allowed:
                close = difflib.get_close_matches(key, allowed, n=1)
                meant = f' Did you mean "{close[0]}"?' if close else ""
                raise self._error(f'{place} has no key "{printable(key)}"; allowed are {_listed(allowed)}.{meant}')

    def _error(self, problem: str) -> FeedbackError:
        return FeedbackError(self.path, problem)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


# --------------------------------------------------------------------------------------------------------------------
# Does a misconception's condition hold?
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What is known of one failed check, read once for all misconceptions."""

    raised: str
    message: str
    actual: object
    source: ast.Module | None

    @classmethod
    def of(cls, outcome: Outcome, source: str, actual: object) -> _Evidence:
        """Return what *outcome* shows.

        The message of an exception is taken from wherever the outcome has it: `raised`, `came` or its last traceback line,
        each of the form `ValueError: message`.
        """
        raised, _, message = (outcome.raised or "").partition(":")
        name = raised.strip().rpartition(".")[2] or _RAISED_BY.get(outcome.status, "")
        if not message.strip():
            lines = (outcome.came or "", *reversed(outcome.traceback))
            message = next((line.partition(":")[2] for line in lines if name and line.partition(":")[0].rpartition(".")[2] == name), "")
        return cls(name, message.strip()[:_LONGEST_MESSAGE], actual, parsed(source))

    def shows(self, when: When) -> bool:
        """Return whether all conditions of *when* hold."""
        message, actual, source = when.compiled()
        came = self.actual is not MISSING
        return (
            (when.raises is None or _is_a(self.raised, when.raises))
            and (message is None or (bool(self.raised) and message.search(self.message) is not None))
            and (actual is MISSING or (came and _exactly(self.actual, actual)))
            and (when.actual_type is None or (came and type_name(self.actual) == when.actual_type))
            and (source is None or (self.source is not None and source.found_in(self.source)))
        )


def _is_a(raised: str, wanted: str) -> bool:
    """Return whether the exception called *raised* is a *wanted*, by name or as Python's own exceptions descend."""
    if raised == wanted:
        return True
    kind, base = getattr(builtins, raised, None), getattr(builtins, wanted, None)
    return isinstance(kind, type) and isinstance(base, type) and issubclass(kind, base) and issubclass(base, BaseException)


def claimed(value: object) -> tuple[str, str] | None:
    """Return the type name and kind that an object of the learner's is known by, or None if *value* is plain data.

    Such an object is `wire.Opaque`, or a handle around one. It is read past `__getattr__`, with which a handle would ask the
    learner's process. The name is the learner's claim, for display and for hints only.
    """
    if type(value).__module__.partition(".")[0] in {"builtins", "numpy", "pandas"}:
        return None
    inside = _attribute(value, "_inside")
    opaque = value if inside is None else _attribute(inside, "opaque")
    name = _attribute(opaque, "type_name")
    return (name, str(_attribute(opaque, "kind") or "object")) if isinstance(name, str) else None


def _attribute(value: object, name: str) -> object:
    try:
        return object.__getattribute__(value, name)
    except AttributeError:
        return None


def type_name(value: object) -> str:
    """Return the name of the type of *value*; of an object of the learner's, the name that its process claims."""
    claim = claimed(value)
    return type(value).__name__ if claim is None else claim[0]


@dataclass(frozen=True, slots=True)
class _ArrayLiteral:
    """A literal written `array(...)`: a numpy array of any element type with these items."""

    items: object


def _literal(text: str) -> object:
    """Return the value of a Python literal, in which `nan`, `inf` and `array(...)` may stand as well.

    Raises ValueError if *text* is none.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        if isinstance(tree, ast.Call) and ast.unparse(tree.func) in {"array", "np.array"} and len(tree.args) == 1 and not tree.keywords:
            return _ArrayLiteral(ast.literal_eval(_Floats().visit(tree.args[0])))
        return ast.literal_eval(_Floats().visit(tree))
    except (SyntaxError, ValueError, TypeError) as error:
        raise ValueError(f"actual = {text!r} is no Python literal (nan, inf and array([...]) are allowed)") from error


class _Floats(ast.NodeTransformer):
    """Turns the names `nan` and `inf` into the floats that no literal can write."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(float(node.id)) if node.id in {"nan", "inf"} else node


def _exactly(came: object, wanted: object) -> bool:
    """Return whether *came* is *wanted* in type and value, all the way down; NaN is NaN, and numpy's scalars are Python's."""
    module = type(came).__module__
    if isinstance(wanted, _ArrayLiteral):
        return module == "numpy" and type(came).__name__ == "ndarray" and _exactly(cast("Any", came).tolist(), wanted.items)
    if module == "numpy" and hasattr(came, "item") and type(came).__name__ != "ndarray":
        came = cast("Any", came).item()
    if type(came) is not type(wanted):
        return False
    if isinstance(wanted, float) and math.isnan(wanted):
        return math.isnan(cast("float", came))
    if isinstance(wanted, (list, tuple)):
        items = cast("Sequence[object]", came)
        return len(items) == len(wanted) and all(map(_exactly, items, wanted))
    if isinstance(wanted, dict):
        pairs = cast("Mapping[object, object]", came)
        return len(pairs) == len(wanted) and all(key in pairs and _exactly(pairs[key], value) for key, value in wanted.items())
    return came == wanted


# --------------------------------------------------------------------------------------------------------------------
# Patterns on the syntax tree
# --------------------------------------------------------------------------------------------------------------------


def matches_source(pattern: str, source: str) -> bool:
    """Return whether the shape of code that *pattern* shows stands anywhere in *source*.

    A pattern is a Python expression, or statements that follow each other in one block. `_` and names that start with `__`
    (but not names like `__init__`) match any expression, and in the place of a name any name; `...` as a statement matches
    any number of statements, and as a call's argument any further arguments. Keyword arguments may come in any order.
    Annotations, decorators and docstrings count only if the pattern has them. Source that is not Python matches nothing.
    Raises ValueError if *pattern* is not Python.
    """
    shape = _Pattern.of(pattern)
    tree = parsed(source)
    return tree is not None and shape.found_in(tree)


def parsed(source: str) -> ast.Module | None:
    """Return the syntax tree of a cell, without IPython's magics and shell lines, or None if it has none."""
    if len(source) > _LONGEST_SOURCE:
        return None
    plain = re.sub(r"(?m)^([ \t]*)[%!?].*$", r"\1pass", source)
    for text in dict.fromkeys((source, plain)):
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _is_wildcard(name: object) -> bool:
    return isinstance(name, str) and (name == "_" or (name.startswith("__") and not name.endswith("__")))


def _is_gap(node: object) -> bool:
    """Return whether *node* is `...`, as a statement or as an expression."""
    node = node.value if isinstance(node, ast.Expr) else node
    return isinstance(node, ast.Constant) and node.value is Ellipsis


_UNTOLD: Final = frozenset({"ctx", "type_comment", "kind", "type_ignores"})
_OPTIONAL: Final = frozenset({"annotation", "returns", "decorator_list"})
_BLOCKS: Final = ("body", "orelse", "finalbody", "handlers")


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern's syntax tree: the *statements* that follow each other, or one *expression*.

    Each node of the pattern is held against every node of its type in the source, the innermost first, so that the two
    trees are never walked down together: no recursion, and never more than (nodes of the one) x (nodes of the other) steps.
    """

    statements: tuple[ast.stmt, ...]
    expression: ast.expr | None

    @classmethod
    def of(cls, text: str) -> _Pattern:
        """Return the pattern that *text* writes; raise ValueError if it is not Python."""
        try:
            body = ast.parse(text.strip()).body
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise ValueError(f"the pattern {text!r} is not Python: {error}") from error
        if not body:
            raise ValueError(f"the pattern {text!r} holds no code")
        only = body[0] if len(body) == 1 else None
        return cls(tuple(body), only.value if isinstance(only, ast.Expr) and not _is_gap(only) else None)

    def found_in(self, tree: ast.Module) -> bool:
        """Return whether the pattern matches anywhere in *tree*."""
        nodes: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        for node in ast.walk(tree):
            nodes[type(node)].append(node)
        matches = _Matches()
        roots: Sequence[ast.AST] = self.statements if self.expression is None else (self.expression,)
        # Parents come before their children in `walk`, hence the reversal.
        # Whether a name is read or written nobody asks (`_UNTOLD`), and of no other node are there more.
        shapes = [node for root in roots for node in ast.walk(root) if not isinstance(node, ast.expr_context)]
        for shape in reversed(shapes):
            if _is_any_expression(shape):
                found = {id(node) for kind, group in nodes.items() if issubclass(kind, ast.expr) for node in group}
            else:
                found = {id(node) for node in nodes[type(shape)] if matches.fields(shape, node)}
            matches.known[id(shape)] = found
        if self.expression is not None:
            return bool(matches.known[id(self.expression)])
        blocks = (getattr(node, name, None) for group in nodes.values() for node in group for name in _BLOCKS)
        gap = ast.Expr(ast.Constant(...))
        return any(matches.items((gap, *self.statements, gap), block) for block in blocks if isinstance(block, list))


def _is_any_expression(shape: ast.AST) -> bool:
    return isinstance(shape, ast.Name) and _is_wildcard(shape.id)


class _Matches:
    """Which nodes of the source each node of a pattern is known to match, by identity."""

    def __init__(self) -> None:
        self.known: dict[int, set[int]] = {}

    def fields(self, shape: ast.AST, node: ast.AST) -> bool:
        """Return whether two nodes of one type match, given that it is known which of their children do."""
        if isinstance(shape, ast.Constant):
            # 1, 1.0 and True are equal, but not the same to read.
            value = cast("ast.Constant", node).value
            return type(shape.value) is type(value) and bool(shape.value == value)
        return all(
            self.field(shape, name, getattr(shape, name, None), getattr(node, name, None)) for name in shape._fields if name not in _UNTOLD
        )

    def field(self, shape: ast.AST, name: str, wanted: object, found: object) -> bool:
        """Return whether the values *wanted* and *found* of the field *name* match."""
        if name in _OPTIONAL and not wanted:
            return True
        if name == "keywords" and isinstance(shape, ast.Call):
            return self.keywords(shape, cast("list[ast.keyword]", found))
        if name == "body" and isinstance(shape, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not _has_docstring(shape.body):
            body = cast("list[ast.stmt]", found)
            found = body[1:] if _has_docstring(body) and len(body) > 1 else body
        if isinstance(wanted, list):
            return self.items(wanted, cast("list[object]", found), gaps=name in {*_BLOCKS, "args"})
        return self.value(wanted, found)

    def value(self, wanted: object, found: object) -> bool:
        """Return whether two nodes or names match."""
        if isinstance(wanted, ast.AST):
            return id(found) in self.known[id(wanted)]
        if isinstance(wanted, str):
            return isinstance(found, str) and (wanted == found or _is_wildcard(wanted))
        return wanted == found

    def items(self, wanted: Sequence[object], found: Sequence[object], *, gaps: bool = True) -> bool:
        """Return whether two lists of nodes match, where `...` in *wanted* stands for any number of items, if *gaps*."""
        ends = {0}  # How many items of *found* the items of *wanted* so far may take up.
        for shape in wanted:
            if gaps and _is_gap(shape):
                ends = set(range(min(ends), len(found) + 1))
            else:
                ends = {end + 1 for end in ends if end < len(found) and self.value(shape, found[end])}
            if not ends:
                return False
        return len(found) in ends

    def keywords(self, shape: ast.Call, found: list[ast.keyword]) -> bool:
        """Return whether each keyword argument of the call *shape* has its own in *found*, and none is left without a `...`."""
        left = list(found)
        for wanted in sorted(shape.keywords, key=lambda keyword: _is_wildcard(keyword.arg)):
            partner = next((keyword for keyword in left if self.value(wanted, keyword)), None)
            if partner is None:
                return False
            left.remove(partner)
        return not left or any(_is_gap(argument) for argument in shape.args)


def _has_docstring(body: Sequence[ast.stmt]) -> bool:
    first = body[0] if body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
