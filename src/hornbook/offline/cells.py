"""Runs a learner's cells inside a page: this is the browser's side, where there is no IPython, no fork and no other process.

    shell = Shell(emit)                  names of its own; `emit` gets each output as a notebook holds it
    shell.run("1 + 1")                   the cell's text and error, as nbclient would tell them

What it shows, and how errors are named, is what a kernel shows: checks read it, and their sentences must be the same in both places.
"""

from __future__ import annotations

import ast
import base64
import builtins
import contextlib
import inspect
import io
import linecache
import sys
import time
import traceback
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from hornbook import wire
from hornbook.errors import printable
from hornbook.offline import IGNORED
from hornbook.sandbox.answers import Answers, Lines, ask
from hornbook.sandbox.figures import open_figures
from hornbook.sandbox.line import Gone
from hornbook.sandbox.tracebacks import own_lines
from hornbook.words import say

ERROR_CHARS: Final = 500
FLUSH_CHARS: Final = 8192
FLUSH_SECONDS: Final = 0.1

Emit = Callable[[dict[str, Any]], object]


class NoCommand(Exception):  # noqa: N818 - as a learner reads it
    """A line that begins with % or ! is for a kernel, and there is none."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a cell has shown: its text, and its error with the learner's own lines of the traceback."""

    text: str = ""
    error: str | None = None
    lines: tuple[str, ...] = ()


class Output(io.TextIOBase):
    """Standard output or error of a cell, sent in pieces."""

    def __init__(self, name: str, shell: Shell) -> None:
        self.name = name
        self.shell = shell
        self.pieces: list[str] = []
        self.size = 0
        self.sent = time.monotonic()

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Keep *text* until there is enough to send, or until it has waited long enough to be seen."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.pieces.append(text)
        self.size += len(text)
        if self.size >= FLUSH_CHARS or time.monotonic() - self.sent > FLUSH_SECONDS:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Send what was kept."""
        text, self.pieces, self.size, self.sent = "".join(self.pieces), [], 0, time.monotonic()
        if text:
            self.shell.show({"output_type": "stream", "name": self.name, "text": text}, text)


class Shell:
    """Runs cells one after the other with the same names, and gives *emit* what they show, at most *room* characters a cell.

    `user_ns` are those names, as IPython calls them.
    """

    def __init__(self, emit: Emit, *, room: int = 1 << 20) -> None:
        self.emit = emit
        self.room = room
        self.left = 0
        self.count = 0
        self.text: list[str] = []
        self.figures: list[Any] = []
        self.module = types.ModuleType("__main__")
        self.user_ns: dict[str, Any] = vars(self.module)
        self.user_ns |= {"__builtins__": builtins, "display": self.display}

    def run(self, source: str) -> Ran:
        """Run one cell to its end, whatever it raises."""
        self.count += 1
        self.left, self.text, self.figures = self.room, [], []
        name = f"<ipython-input-{self.count}-{id(self):x}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        error: BaseException | None = None
        with self.listening():
            try:
                self._execute(source, name)
            except BaseException as raised:  # noqa: BLE001 - a learner's code may raise anything; it is shown, not handled
                error = raised
            self._show_figures()
        if error is None:
            return Ran("".join(self.text))
        kind, words = type(error).__name__, _text_of(error)
        lines = tuple(own_lines(error))
        shown = [*lines, *(traceback.format_exception_only(error) if isinstance(error, SyntaxError) else [f"{kind}: {words}"])]
        self.emit({"output_type": "error", "ename": kind, "evalue": words, "traceback": [line.rstrip("\n") for line in shown]})
        return Ran("".join(self.text), printable(f"{kind}: {words}"[:ERROR_CHARS]), lines)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Let everything in this block that is printed, shown or asked for be this shell's, and `__main__` its module."""
        before = sys.stdout, sys.stderr, sys.stdin, sys.displayhook, sys.modules.get("__main__")
        outputs = Output("stdout", self), Output("stderr", self)
        sys.stdout, sys.stderr = outputs
        sys.stdin = Lines([])
        sys.modules["__main__"] = self.module
        own, builtins.input = builtins.input, ask
        try:
            yield
        finally:
            for output in outputs:
                output.flush()
            builtins.input = own
            sys.stdout, sys.stderr, sys.stdin, sys.displayhook, main = before
            if main is not None:
                sys.modules["__main__"] = main

    def show(self, output: dict[str, Any], text: str) -> None:
        """Give *output*, which says *text*, away while there is room for it, and say so once where there is no more."""
        if self.left <= 0:
            return
        self.left -= len(text)
        self.text.append(text)
        self.emit(output)
        if self.left <= 0:
            said = f"\n… {say('cell.too-much', size=self.room // 1024)}\n"
            self.text.append(said)
            self.emit({"output_type": "stream", "name": "stderr", "text": said})

    def display(self, *things: object) -> None:
        """Show *things* as a notebook shows the value of a cell's last line."""
        for thing in things:
            self._shown(thing, {"output_type": "display_data"})

    def _execute(self, source: str, name: str) -> None:
        tree = ast.parse(_without_commands(source), name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";") else None
        self._evaluate(compile(tree, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True))
        if isinstance(last, ast.Expr):
            value = self._evaluate(compile(ast.Expression(last.value), name, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True))
            if value is not None:
                self.user_ns["_"] = value
                self._shown(value, {"output_type": "execute_result", "execution_count": self.count})

    def _evaluate(self, code: types.CodeType) -> object:
        value = eval(code, self.user_ns)  # noqa: S307 - this is what a page for learning Python is for
        return _awaited(value) if code.co_flags & inspect.CO_COROUTINE and type(value) is types.CoroutineType else value

    def _shown(self, thing: object, output: dict[str, Any]) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        if any(thing is figure for figure in open_figures()):
            # It is shown where the cell ends, once.
            return
        data: dict[str, str] = {"text/plain": repr(thing)}
        for kind, method in (("image/png", "_repr_png_"), ("image/svg+xml", "_repr_svg_"), ("text/html", "_repr_html_")):
            made = getattr(type(thing), method, None)
            drawn = made(thing) if callable(made) else None
            if isinstance(drawn, bytes):
                data[kind] = base64.b64encode(drawn).decode()
            elif isinstance(drawn, str):
                data[kind] = drawn
        self.show({**output, "data": data, "metadata": {}}, f"{data['text/plain']}\n")

    def _show_figures(self) -> None:
        """Show what the cell has drawn with matplotlib, and keep it for checks."""
        for figure in open_figures():
            drawn = io.BytesIO()
            figure.savefig(drawn, format="png", bbox_inches="tight")
            self.figures.append(figure)
            data = {"text/plain": repr(figure), "image/png": base64.b64encode(drawn.getvalue()).decode()}
            self.show({"output_type": "display_data", "data": data, "metadata": {}}, f"{data['text/plain']}\n")
        if self.figures:
            sys.modules["matplotlib.pyplot"].close("all")


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - a __str__ of the learner's
        return ""


def _without_commands(source: str) -> str:
    """Return *source* with nothing in the place of commands that have nothing to do here; raise NoCommand for any other."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        lines = source.splitlines(keepends=True)
        for place, line in enumerate(lines):
            command = line.lstrip()
            if IGNORED.match(command):
                lines[place] = line.replace(command.rstrip("\n"), "pass", 1)
            elif command.startswith(("%", "!")):
                raise NoCommand(say("offline.no-command", command=command.strip())) from None
        return "".join(lines)
    return source


def _awaited(coroutine: Any) -> object:
    """Run *coroutine* to its end; nothing that it could wait for goes on meanwhile."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        return ended.value
    coroutine.close()
    raise RuntimeError(say("offline.no-waiting"))


class Asked(Answers):
    """The answers to one check's questions about a *shell*'s names, in the very process that asks.

    Its questions and answers are encoded and decoded as between two processes, so that a value is what it is everywhere else.
    """

    def __init__(self, shell: Shell) -> None:
        super().__init__(Loop(self), shell, shell.figures)  # type: ignore[arg-type] # it speaks as a line does, and has no socket

    def reply(self, message: object) -> None:
        """Answer one question, with what is printed and asked for kept from the page."""
        before = sys.stdout, sys.stderr, sys.stdin
        main, own = sys.modules["__main__"], builtins.input
        sys.stdout = sys.stderr = self.printed
        sys.stdin = self.input
        builtins.input = ask
        sys.modules["__main__"] = self.shell.module
        try:
            super().reply(message)
        finally:
            # What a check gave to read stays for its next question.
            self.input = sys.stdin
            sys.stdout, sys.stderr, sys.stdin = before
            builtins.input = own
            sys.modules["__main__"] = main

    input: Any = Lines([])


class Loop:
    """A line whose other end is here: what is sent is answered at once, and what is received is that answer."""

    def __init__(self, answers: Asked | None, ended: BaseException | None = None) -> None:
        self.answers = answers
        self.ended = ended
        self.answer: bytes | None = None
        self._answering = False

    def send(
        self,
        message: object,
        *,
        deadline: float | None = None,
        limits: wire.Limits | None = None,
        register: Callable[[object], int] | None = None,
    ) -> None:
        """Send a question and have it answered, or, while it is answered, that answer."""
        data = wire.encode(message, limits=limits or wire.Limits(), register=register)
        if self._answering:
            self.answer = data
            return
        if self.ended is not None:
            raise self.ended
        if self.answers is None:
            raise Gone
        self._answering = True
        try:
            self.answers.reply(wire.decode(data, limits=limits or wire.Limits(), resolve=self.answers.resolve))
        finally:
            self._answering = False
        if deadline is not None and time.monotonic() > deadline:
            # It has taken as long as it may: elsewhere nobody would have waited for it.
            raise TimeoutError

    def receive(
        self,
        *,
        deadline: float | None = None,  # noqa: ARG002 - a line's
        limits: wire.Limits | None = None,
        resolve: Callable[[wire.Opaque], object] | None = None,
    ) -> object:
        """Return the answer to what was sent."""
        if self.answer is None:
            raise Gone
        data, self.answer = self.answer, None
        return wire.decode(data, limits=limits or wire.Limits(), resolve=resolve)

    def close(self) -> None:
        """There is nothing to close."""
