"""The trusted side of a check: the `submission` fixture that graders speak to.

A `Probe` asks the learner's state for names; what is data arrives as a plain value (`wire`), anything else as a `Handle`
that can be called, read and compared only by asking again. Errors of the learner's code arrive as the builtin exception
that they are (`LearnerError` beside it). What the learner's process says is a claim: nothing here is ever a verdict.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from hornbook import wire
from hornbook.errors import GraderError, WireError
from hornbook.model import Status
from hornbook.sandbox.figures import Figure as Figure  # noqa: PLC0414 - handed on to the judging side, which does not know where figures are made
from hornbook.sandbox.figures import claimed_figure
from hornbook.sandbox.line import Gone, Line
from hornbook.words import say

T = TypeVar("T")

PRINTED_CHARS = 100_000
# A real StopIteration would end a grader's `all(map(submission.f, xs))` early and in silence; a group wants its members.
NOT_AS_THEMSELVES = (StopIteration, StopAsyncIteration, BaseExceptionGroup)
NAME_CHARS = 200
LINE_CHARS = 300
LINES = 20
ITERATION_STEP = 256


class CheckEnded(BaseException):
    """The learner's side cannot answer this check any more: *status* says how it ended, *message* tells the learner.

    It derives from BaseException so that neither a grader's `except Exception` nor hypothesis' search for a smaller
    example goes on asking a process that is gone.
    """

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class NeverEnds(CheckEnded):
    """The learner's process has seen that it is in a loop which never ends, on this *line* of its own; nobody had to wait for that."""

    def __init__(self, message: str, line: str) -> None:
        super().__init__(Status.TIMED_OUT, message)
        self.line = line


class Mismatch(AssertionError):  # noqa: N818 - a finding, not an error of ours
    """What came is not what was asked for, in the learner's words."""

    def __init__(
        self, message: str, *, came: str | None = None, expected: str | None = None, raised: str | None = None, discreet: str | None = None
    ) -> None:
        """Say *message*; where that would give a hidden check away, *discreet* is said, and without it nothing but that it failed."""
        super().__init__(message)
        self.raised = raised
        self.discreet = discreet
        self.message = message
        self.came = came
        self.expected = expected


class LearnerError(Exception):
    """The learner's code raised this. Its class also is the matching builtin exception, so `pytest.raises` works."""

    def __init__(self, type_name: str, message: str, traceback: tuple[str, ...]) -> None:
        Exception.__init__(self, message)
        self.type_name = type_name
        self.message = message
        self.traceback = traceback

    def __str__(self) -> str:
        return self.message


@functools.cache
def _error_class(name: str) -> type[LearnerError]:
    """Return the LearnerError that is also the builtin exception *name*; only ordinary ones are ever instantiated."""
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)) or issubclass(kind, NOT_AS_THEMSELVES) or kind is Exception:
        return LearnerError
    return type(name, (LearnerError, kind), {})


@dataclass(frozen=True, slots=True)
class Call:
    """The last thing that a check asked: as text, the value that came, the question itself, and what was printed meanwhile.

    Where no value came it is what was raised, or how the conversation ended.
    """

    asked: str
    value: object
    question: tuple[object, ...] = ()
    printed: str = ""


class Conversation:
    """Questions and answers between one check and its child process, until *deadline* (of `time.monotonic`)."""

    def __init__(
        self,
        line: Line,
        *,
        limits: wire.Limits,
        deadline: float,
        how_it_ended: Callable[[], int | None],
        show: Callable[[object], str] = repr,
    ) -> None:
        self.line = line
        self.limits = limits
        self.deadline = deadline
        self.show = show
        self.answered = False
        self.last: Call | None = None
        self.drawn: tuple[Figure, ...] = ()
        self.echo: Callable[[str], object] | None = None
        self.lend: Callable[[object], Handle | None] | None = None
        self._how_it_ended = how_it_ended
        self._printed: list[str] = []
        self._ended: CheckEnded | None = None

    @property
    def printed(self) -> str:
        """All that the learner's code has printed in this check, bounded."""
        return "".join(self._printed)

    @property
    def ended(self) -> CheckEnded | None:
        """How the conversation ended, if it did: nothing was heard of the learner's code since."""
        return self._ended

    def ask(self, *question: object, asked: str | None = None) -> Any:
        """Return the answer to *question*; raise LearnerError or CheckEnded."""
        asked = asked or str(question[0])
        if self._ended is not None:
            raise self._ended
        try:
            return self._heard(self._answer(question), question, asked)
        except CheckEnded as ended:
            self.last = Call(asked, ended, question)
            raise

    def _heard(self, answer: object, question: tuple[object, ...], asked: str) -> Any:
        """Return the value that *answer* has, or raise what it tells."""
        self.answered = True
        match answer:
            case ("value", value, str() as printed):
                self._note(printed)
                self.last = Call(asked, value, question, printed)
                return value
            case ("raised", str() as type_name, list() as kinds, str() as message, list() as lines, str() as printed):
                self._note(printed)
                builtin = next((kind for kind in kinds if type(kind) is str and _error_class(kind) is not LearnerError), "Exception")
                raised = _error_class(builtin)(
                    type_name[:NAME_CHARS], message, tuple(line[:LINE_CHARS] for line in lines[:LINES] if type(line) is str)
                )
                self.last = Call(asked, raised, question, printed)
                raise raised
            case ("endless", str() as line, str() as printed):
                self._note(printed)
                self._end(NeverEnds(say("probe.endless"), line[:LINE_CHARS]))
        return self.end_malformed()

    def _answer(self, question: tuple[object, ...]) -> object:
        """Send *question* and return what comes back, before any of it is believed."""
        try:
            self.line.send(question, deadline=self.deadline, limits=self.limits, register=self._number)
        except WireError as error:
            reason = error.__cause__ if isinstance(error.__cause__, WireError) else error
            raise GraderError("This check", f"sends a value that cannot cross to the learner's code: {reason}") from error
        except (TimeoutError, ConnectionError) as error:
            return self._lost(error)
        try:
            return self.line.receive(deadline=self.deadline, limits=self.limits, resolve=self._resolve)
        except WireError as error:
            return self._end(CheckEnded(Status.FAILED, say("probe.unreadable-because", error=error)))
        except (Gone, TimeoutError, ConnectionError) as error:
            return self._lost(error)

    def _lost(self, error: Exception) -> NoReturn:
        if isinstance(error, TimeoutError):
            self._end(CheckEnded(Status.TIMED_OUT, say("probe.time")))
        self._end(self._died())

    def _note(self, printed: str) -> None:
        room = PRINTED_CHARS - sum(map(len, self._printed))
        if printed and room > 0:
            self._printed.append(printed[:room])
            if self.echo is not None:
                self.echo(printed[:room])

    def _end(self, ended: CheckEnded) -> NoReturn:
        self._ended = ended
        raise ended from None

    def end_malformed(self) -> NoReturn:
        """End this check: the answer was well-formed on the wire, but is no answer to the question."""
        self._end(CheckEnded(Status.FAILED, say("probe.unreadable")))

    def _died(self) -> CheckEnded:
        code = self._how_it_ended()
        if code == -9:  # noqa: PLR2004 - SIGKILL: nobody but the kernel and our warden sends it
            return CheckEnded(Status.OUT_OF_MEMORY, say("probe.memory"))
        if code == -24:  # noqa: PLR2004 - SIGXCPU
            return CheckEnded(Status.TIMED_OUT, say("probe.processor"))
        if code is not None and code < 0:
            return CheckEnded(Status.FAILED, say("probe.crashed", signal=-code))
        return CheckEnded(Status.FAILED, say("probe.exited"))

    def _number(self, thing: object) -> int:
        """Return the number under which the learner's side knows *thing*, or what was lent to it for *thing*."""
        handle = thing if type(thing) is Handle or self.lend is None else self.lend(thing)
        if type(handle) is Handle:
            return inside(handle).opaque.number
        raise WireError(f"a {type(thing).__name__} is not data; make it on the learner's side with submission.evaluate(...)")

    def _resolve(self, opaque: wire.Opaque) -> Handle:
        return Handle(self, opaque, opaque.type_name)


@dataclass(frozen=True, slots=True)
class Inside:
    """What is behind a handle: whom to ask, the wire's word for it, and the name that the grader knows it by.

    `mixed` says that an operation with data of the grader's has given it.
    """

    conversation: Conversation
    opaque: wire.Opaque
    label: str
    mixed: bool = False


def inside(handle: Handle) -> Inside:
    """Return what is behind *handle*, whose every other attribute is the learner's."""
    found: Inside = object.__getattribute__(handle, "_inside")
    return found


class Handle:
    """Something of the learner's that is not data: a function, a class, an instance. Using it asks the learner's code.

    It equals nothing but itself: an `==` of the learner's own is a claim, for which `submission.equal` asks by name. For the
    same reason it cannot be ordered beside data, and no operation with data gives data: an object could say that it lies between
    any two numbers, or that its distance from the expected one is zero.
    """

    __slots__ = ("_inside",)

    def __init__(self, conversation: Conversation, opaque: wire.Opaque, label: str, *, mixed: bool = False) -> None:
        object.__setattr__(self, "_inside", Inside(conversation, opaque, label, mixed))

    def __call__(self, *arguments: object, **keywords: object) -> Any:
        """Call it with data and handles; return what comes, as data or a handle."""
        show = inside(self).conversation.show
        shown = ", ".join([*map(show, arguments), *(f"{name}={show(value)}" for name, value in keywords.items())])
        return _ask(self, "call", arguments, keywords, asked=f"{inside(self).label}({shown})")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in {"__name__", "__doc__", "__dict__"}:
            raise AttributeError(name)
        asked = f"{inside(self).label}.{name}"
        return relabelled(_ask(self, "attribute", name, asked=asked), asked)

    def __setattr__(self, name: str, value: object) -> None:
        _ask(self, "set_attribute", name, value, asked=f"{inside(self).label}.{name} = {_show(self, value)}")

    def __getitem__(self, key: object) -> Any:
        asked = f"{inside(self).label}[{_show(self, key)}]"
        return relabelled(_ask(self, "item", key, asked=asked), asked)

    def __setitem__(self, key: object, value: object) -> None:
        _ask(self, "set_item", key, value, asked=f"{inside(self).label}[{_show(self, key)}] = {_show(self, value)}")

    def __delitem__(self, key: object) -> None:
        _ask(self, "delete_item", key, asked=f"del {inside(self).label}[{_show(self, key)}]")

    def __len__(self) -> int:
        _refuse_mixed(self)
        return _typed(self, _ask(self, "length", asked=f"len({inside(self).label})"), int)

    def __contains__(self, value: object) -> bool:
        # A `__contains__` of the learner's own would be told what is looked for, and could say yes to everything.
        return any(element is value or element == value for element in self)

    def __bool__(self) -> bool:
        _refuse_mixed(self)
        return _typed(self, _ask(self, "truth", asked=f"bool({inside(self).label})"), bool)

    def __iter__(self) -> Iterator[Any]:
        held = _ask(self, "iterator", asked=f"iter({inside(self).label})")
        step = 1
        while True:
            # Few elements first: a generator may be endless, or show what it does on the way.
            elements = _typed(self, _ask(_typed(self, held, Handle), "following", step, asked=f"next({inside(self).label})"), list)
            yield from elements
            if len(elements) < step:
                return
            step = min(step * 2, ITERATION_STEP)

    def __str__(self) -> str:
        return _typed(self, _ask(self, "text", "str", asked=f"str({inside(self).label})"), str)

    def __repr__(self) -> str:
        return _typed(self, _ask(self, "text", "repr", asked=f"repr({inside(self).label})"), str)

    def __eq__(self, other: object) -> bool:
        return type(other) is Handle and inside(self).opaque.number == inside(other).opaque.number

    def __hash__(self) -> int:
        return hash(inside(self).opaque.number)

    def __instancecheck__(self, thing: object) -> bool:
        return _of_class(self, thing, "isinstance")

    def __subclasscheck__(self, thing: object) -> bool:
        return _of_class(self, thing, "issubclass")


# A class's own docstring would be found before `__getattr__` is asked for the learner's.
setattr(Handle, "__doc__", property(lambda self: Handle.__getattr__(self, "__doc__")))  # noqa: B010 - mypy knows it as a str


def _operation(name: str, *, swapped: bool = False) -> Callable[..., Any]:
    def operate(self: Handle, *others: object) -> Any:
        operands = (*others, self) if swapped else (self, *others)
        shown = ", ".join(_show(self, operand) for operand in operands)
        asked = f"{name.strip('_')}({shown})"
        mixed = any(type(operand) is not Handle or inside(operand).mixed for operand in operands)
        if mixed and name in ORDERS:
            _refuse_mixed(self, asked)
        result = inside(self).conversation.ask("operate", name, *operands, asked=asked)
        if mixed and type(result) is not Handle:
            _refuse_mixed(self, asked)
        return Handle(inside(result).conversation, inside(result).opaque, inside(result).label, mixed=True) if mixed else result

    return operate


ORDERS = ("lt", "le", "gt", "ge")


def _refuse_mixed(handle: Handle, asked: str | None = None) -> None:
    """Raise Mismatch if *handle* came from an operation with data, or if there is one, *asked*, that it is asked for now."""
    if asked is not None or inside(handle).mixed:
        kind = inside(handle).opaque.type_name
        raise Mismatch(say("probe.not-plain"), came=say("probe.object", type=kind), expected=say("probe.plain"))


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor", "lshift", "rshift"):
    setattr(Handle, f"__{_name.strip('_')}__", _operation(_name))
    setattr(Handle, f"__r{_name.strip('_')}__", _operation(_name, swapped=True))
for _name in (*ORDERS, "neg", "pos", "abs", "invert"):
    setattr(Handle, f"__{_name}__", _operation(_name))


def relabelled(value: Any, label: str) -> Any:
    """Return a handle under the name by which the grader came to it; any other value as it is."""
    if type(value) is not Handle:
        return value
    return Handle(inside(value).conversation, inside(value).opaque, label, mixed=inside(value).mixed)


def _ask(handle: Handle, question: str, *arguments: object, asked: str) -> Any:
    return inside(handle).conversation.ask(question, handle, *arguments, asked=asked)


def _of_class(kind: Handle, thing: object, question: str) -> bool:
    """Return what the learner's side says of *thing* and *kind*, a class of the learner's: what is data is no instance of one."""
    if type(thing) is not Handle:
        return False
    conversation = inside(kind).conversation
    asked = conversation.ask("evaluate", f"__import__('builtins').{question}", asked=question)
    return _ask(asked, "call", (thing, kind), {}, asked=f"{question}({inside(thing).label}, {inside(kind).label})") is True


def _show(handle: Handle, value: object) -> str:
    return inside(value).label if type(value) is Handle else inside(handle).conversation.show(value)


def _typed(handle: Handle, value: object, kind: type[T]) -> T:
    """Return *value* if it is exactly of *kind*; anything else is a malformed answer."""
    if type(value) is not kind:
        inside(handle).conversation.end_malformed()
    return value


@dataclass(frozen=True, slots=True)
class Cell:
    """An exercise's cell in this submission. `output` and `error` are what the learner's process showed when it ran."""

    source: str
    output: str
    error: str | None

    @property
    def tree(self) -> ast.Module:
        """The syntax tree of the source; raises Mismatch where it is not Python."""
        try:
            return ast.parse(self.source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Mismatch(say("probe.incomplete", error=error)) from error


class Probe:
    """The `submission` of a grader. Its attributes are the learner's names; its methods are listed here.

    A learner's name that is also a method's is reached as `submission["name"]`.
    """

    def __init__(self, conversation: Conversation, cells: Mapping[str, Cell], reexecute: Callable[[dict[str, Any]], Probe]) -> None:
        self._conversation = conversation
        self._cells = cells
        self._reexecute = reexecute

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except LearnerError as error:
            if error.type_name != "NameError":
                raise
            # Whoever looks whether there is such an attribute (hypothesis does) must be told in Python's own way.
            raise _error_class("AttributeError")("NameError", error.message, error.traceback) from None

    def __getitem__(self, name: str) -> Any:
        return relabelled(self._conversation.ask("get", name, asked=name), name)

    @property
    def stdout(self) -> str:
        """All that the learner's code has printed in this check."""
        return self._conversation.printed

    def stdin(self, lines: list[str]) -> None:
        """Let `input()` read *lines*, one after the other, from now on."""
        self._conversation.ask("stdin", list(lines), asked=say("probe.input", lines=f"{lines!r:.120}"))

    @contextlib.contextmanager
    def raises(self, kind: type[BaseException] | tuple[type[BaseException], ...], match: str | None = None) -> Iterator[Raised]:
        """Expect the learner's code to raise *kind*, with a message in which the regular expression *match* is found."""
        caught = Raised()
        kinds = [one.__name__ for one in (kind if isinstance(kind, tuple) else (kind,))]
        names = say("word.or").join(kinds)
        try:
            yield caught
        except LearnerError as error:
            caught.error = error
            if not isinstance(error, kind) and error.type_name not in kinds:
                raise
            if match is not None and not re.search(match, error.message):
                raise Mismatch(
                    say("probe.other-message", error=names),
                    came=error.message,
                    expected=say("probe.message", pattern=match),
                    raised=error.type_name,
                ) from None
        else:
            last = self._conversation.last
            came = say("probe.no-error") if last is None else self._conversation.show(last.value)
            raise Mismatch(say("probe.error-expected", error=names), came=came, expected=names)

    def equal(self, one: object, other: object) -> bool:
        """Return what the learner's own `==` says: a claim, for exercises that are about `__eq__`."""
        answer = self._conversation.ask("equal", one, other, asked="one == other")
        return answer is True

    def evaluate(self, expression: str) -> Any:
        """Return the value of *expression* in the learner's namespace, e.g. a function to hand to the learner's code."""
        return self._conversation.ask("evaluate", expression, asked=expression)

    def run(self, source: str) -> None:
        """Run *source* in the learner's namespace."""
        self._conversation.ask("run", source, asked=source)

    def cell(self, exercise: str) -> Cell:
        """Return the learner's cell of *exercise*."""
        try:
            return self._cells[exercise]
        except KeyError:
            raise GraderError("grader", f'no exercise named "{exercise}"; the lesson has {", ".join(map(repr, self._cells))}') from None

    def figures(self) -> tuple[Figure, ...]:
        """Return the figures that the exercise's cell has drawn, then those that calls in this check have drawn."""
        claims = self._conversation.ask("draw", asked=say("probe.the-figure"))
        try:
            self._conversation.drawn = tuple(claimed_figure(claim) for claim in claims)
        except (TypeError, KeyError, ValueError, AttributeError):
            self._conversation.end_malformed()
            raise
        return self._conversation.drawn

    def figure(self, thing: object = None) -> Figure:
        """Return the last figure, or that of *thing* (a Figure or Axes that the learner's code returned)."""
        if thing is not None:
            if type(thing) is not Handle:
                raise Mismatch(say("probe.figure-expected"), came=self._conversation.show(thing), expected=say("probe.figure"))
            try:
                self._conversation.drawn = (claimed_figure(self._conversation.ask("draw_one", thing, asked=say("probe.the-figure"))),)
                return self._conversation.drawn[-1]
            except (TypeError, KeyError, ValueError, AttributeError) as error:
                if isinstance(error, LearnerError):
                    returned = inside(thing).opaque.type_name
                    raise Mismatch(say("probe.figure-expected"), came=returned, expected=say("probe.figure")) from None
                self._conversation.end_malformed()
        drawn = self.figures()
        if not drawn:
            raise Mismatch(say("probe.not-drawn"), came=say("probe.no-figure"), expected=say("probe.figure"))
        return drawn[-1]

    def with_parameters(self, **parameters: object) -> Probe:
        """Return this submission executed anew with other values in the notebook's parameters cell."""
        return self._reexecute(parameters)


@dataclass(slots=True)
class Raised:
    """What `Probe.raises` caught, once its block is over."""

    error: LearnerError | None = None

    @property
    def message(self) -> str:
        """The message of the error."""
        return "" if self.error is None else self.error.message

    @property
    def type_name(self) -> str:
        """The name of the error's class, which may be the learner's own."""
        return "" if self.error is None else self.error.type_name
