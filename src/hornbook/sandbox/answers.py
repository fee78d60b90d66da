"""The answers to one check's questions about a learner's state. Sent as text; runs in a fork made for that check.

It holds a table of live objects, so that what is not data can be asked about by number. All of it is the learner's
process: whatever is answered here is a claim.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import importlib
import io
import os
import sys
import types
from collections.abc import Callable
from typing import Any, NoReturn

from hornbook import wire
from hornbook.sandbox.endless import Lookout
from hornbook.sandbox.figures import describe_figure, open_figures
from hornbook.sandbox.line import Gone, Line
from hornbook.sandbox.tracebacks import own_lines

MESSAGE_CHARS = 2000
# What is printed shares a message with a value: it is at most twelve bytes a character on the wire.
PRINTED_CHARS = 40_000
DEEPEST = 100_000


class Printed(io.TextIOBase):
    """Standard output of a check, bounded; `take` returns what has come since the last time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.room = limit
        self.pieces: list[str] = []

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Keep as much of *text* as there is room for."""
        kept = text[: self.room]
        self.room -= len(kept)
        if kept:
            self.pieces.append(kept)
        return len(text)

    def take(self) -> str:
        """Return what was kept since the last time."""
        text = "".join(self.pieces)
        self.pieces.clear()
        self.room = self.limit
        return text


class Lines(io.TextIOBase):
    """Standard input of a check: the lines that the check gave, then the end."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def readable(self) -> bool:
        """Say that it can be read from."""
        return True

    def readline(self, _size: int | None = -1, /) -> str:  # type: ignore[override]
        """Return the next line, or nothing at the end."""
        return f"{self.lines.pop(0)}\n" if self.lines else ""


class Unshown:
    """Takes what a check lets the learner's code display: nobody sees it. IPython's own would take longer to make than most checks take."""

    def publish(self, *_arguments: object, **_keywords: object) -> None:
        """Let it go."""

    def clear_output(self, *_arguments: object, **_keywords: object) -> None:
        """There is nothing to clear."""


def ask(prompt: object = "", /) -> str:
    """Do what `input` does: show *prompt*, and return the next line."""
    sys.stdout.write(str(prompt))
    line = sys.stdin.readline()
    if not line:
        raise EOFError("EOF when reading a line")
    return line.removesuffix("\n")


class Answers:
    """The table of live objects of one check, and the answers to questions about them."""

    def __init__(self, line: Line, shell: Any, figures: list[Any]) -> None:
        self.line = line
        self.shell = shell
        self.names = shell.user_ns
        self.figures = figures
        self.objects: list[object] = []
        self.numbers: dict[int, int] = {}
        self.limits = wire.Limits()
        self.printed = Printed(PRINTED_CHARS)
        self.lookout: contextlib.AbstractContextManager[object] = contextlib.nullcontext()

    def serve(self) -> NoReturn:
        """Answer until the other side closes; then end without any clean-up of the learner's."""
        try:
            self.settle()
            while True:
                self.reply(self.line.receive(limits=self.limits, resolve=self.resolve))
        except Gone:
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the trusted side sees the socket close
            os._exit(3)

    def settle(self) -> None:
        """Point printing, showing and asking at this check instead of at the learner's notebook."""
        sys.stdout = sys.stderr = self.printed
        sys.stdin = Lines([])
        # A kernel's own would ask the learner's front end.
        builtins.input = ask
        sys.displayhook = lambda _value: None
        self.shell.display_pub = Unshown()
        self.lookout = Lookout(self.give_up)
        # The fork came out of the kernel's running loop; a coroutine of the learner's needs a fresh one.
        asyncio._set_running_loop(None)  # noqa: SLF001 - the only way to leave a loop without its thread

    def register(self, thing: object) -> int:
        """Return the number of *thing*, which stays the same for the same object."""
        number = self.numbers.get(id(thing))
        if number is None:
            if len(self.objects) >= self.limits.items:
                raise wire.WireError(f"more than {self.limits.items} objects in one check")
            number = self.numbers[id(thing)] = len(self.objects)
            self.objects.append(thing)
        return number

    def resolve(self, opaque: wire.Opaque) -> object:
        """Return the object behind a number that this check has given out."""
        return self.objects[opaque.number]

    def reply(self, message: object) -> None:
        """Answer one question: ("value", value, printed) or ("raised", kinds, message, traceback, printed).

        What never ends is answered as well, by ("endless", line, printed), and is the end of this process.
        """
        try:
            match message:
                case (str() as question, *arguments) if question in QUESTIONS:
                    with self.lookout:
                        answer = QUESTIONS[question](self, *arguments)
                case _:
                    os._exit(2)  # not a question: whoever speaks on this line is not the trusted side
        except BaseException as error:  # noqa: BLE001 - the learner's code may raise anything; it is told, not handled
            self.send_raised(error)
            return
        try:
            self.line.send(("value", answer, self.printed.take()), limits=self.limits, register=self.register)
        except wire.WireError as error:
            self.send_raised(error)

    def send_raised(self, error: BaseException) -> None:
        """Tell what the learner's code raised: its builtin kinds, its words, and its own lines."""
        try:
            text = str(error)
        except BaseException:  # noqa: BLE001 - a __str__ of the learner's
            text = ""
        kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
        message = ("raised", type(error).__name__, kinds, text[:MESSAGE_CHARS], own_lines(error), self.printed.take())
        self.line.send(message, limits=self.limits)

    def give_up(self, line: str) -> NoReturn:
        """Tell that the learner's code is in a loop that never ends, in this *line*."""
        self.line.send(("endless", line, self.printed.take()), limits=self.limits)
        os._exit(0)

    # Questions. Each takes decoded values, in which numbers of objects have become the objects themselves.

    def get(self, name: str) -> object:
        """Return the learner's global, or the builtin, of this name."""
        if name in self.names:
            return self.names[name]
        if hasattr(builtins, name):
            return getattr(builtins, name)
        raise NameError(f"name '{name}' is not defined")

    def call(self, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> object:
        """Return what a call gives; a coroutine is run to its end."""
        result = function(*arguments, **keywords)
        return asyncio.run(result) if type(result) is types.CoroutineType else result

    def attribute(self, thing: object, name: str) -> object:
        """Return an attribute."""
        return getattr(thing, name)

    def set_attribute(self, thing: object, name: str, value: object) -> None:
        """Set an attribute."""
        setattr(thing, name, value)

    def item(self, thing: Any, key: object) -> object:
        """Return the item at *key*."""
        return thing[key]

    def set_item(self, thing: Any, key: object, value: object) -> None:
        """Set the item at *key*."""
        thing[key] = value

    def delete_item(self, thing: Any, key: object) -> None:
        """Delete the item at *key*."""
        del thing[key]

    def length(self, thing: Any) -> int:
        """Return len()."""
        return len(thing)

    def contains(self, thing: Any, value: object) -> bool:
        """Return whether *value* is in *thing*."""
        return bool(value in thing)

    def truth(self, thing: object) -> bool:
        """Return bool()."""
        return bool(thing)

    def text(self, thing: object, how: str) -> str:
        """Return repr() or str()."""
        return repr(thing) if how == "repr" else str(thing)

    def iterator(self, thing: Any) -> object:
        """Return an iterator, for `following`."""
        return Held(iter(thing))

    def following(self, held: Held, count: int) -> list[object]:
        """Return at most *count* further elements; fewer mean the end."""
        return held.some(count)

    def operate(self, operation: str, *operands: object) -> object:
        """Return what an operator, by its name in the module operator, gives."""
        return getattr(importlib.import_module("operator"), operation)(*operands)

    def equal(self, one: object, other: object) -> bool:
        """Return what the learner's own == says."""
        return bool(one == other)

    def stdin(self, lines: list[str]) -> None:
        """Let input() read *lines*."""
        sys.stdin = Lines(list(lines))

    def run(self, source: str) -> None:
        """Run *source* in the learner's namespace."""
        exec(compile(source, "<check>", "exec"), self.names)  # noqa: S102 - this is the sandbox

    def evaluate(self, expression: str) -> object:
        """Return the value of *expression* in the learner's namespace."""
        return eval(compile(expression, "<check>", "eval"), self.names)  # noqa: S307 - this is the sandbox

    def draw(self) -> list[dict[str, Any]]:
        """Describe the cell's figures, then those that this check has drawn."""
        figures = [*self.figures, *(figure for figure in open_figures() if not any(figure is kept for kept in self.figures))]
        return [describe_figure(figure) for figure in figures[-20:]]

    def draw_one(self, thing: Any) -> dict[str, Any]:
        """Describe the figure that *thing* is, or belongs to."""
        figure = thing if hasattr(thing, "axes") and hasattr(thing, "savefig") else thing.get_figure()
        return describe_figure(figure)


class Held:
    """An iterator of the learner's, with nothing of the learner's in its own interface."""

    def __init__(self, iterator: Any) -> None:
        self.iterator = iterator

    def some(self, count: int) -> list[object]:
        """Return the next *count* elements, or all that are left."""
        elements: list[object] = []
        while len(elements) < count:
            try:
                elements.append(next(self.iterator))
            except StopIteration:
                break
        return elements


QUESTIONS: dict[str, Callable[..., object]] = {
    name: getattr(Answers, name)
    for name in (
        "get", "call", "attribute", "set_attribute", "item", "set_item", "delete_item", "length", "contains", "truth", "text",
        "iterator", "following", "operate", "equal", "stdin", "run", "evaluate", "draw", "draw_one",
    )
}  # fmt: skip
