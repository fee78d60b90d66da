"""A learner's own kernel, which goes on living: what its cells have shown, and its state as it stands, for checks to ask.

Runs in that kernel, beside the learner's code. Nothing confines it: it is the learner's own machine, and what is found there
proves nothing to others. A check asks a fork of the state, so that the learner's variables are never touched by it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from hornbook.config import Limits
from hornbook.sandbox import linux
from hornbook.sandbox.agent import Figures, become_snapshot
from hornbook.sandbox.line import Line
from hornbook.sandbox.watch import Watch

ERROR_CHARS = 500


@dataclass(slots=True)
class Ran:
    """A cell that was run in this session: its id, if the front end has told it, its source, and what it showed the last time."""

    id: str | None
    source: str
    output: str = ""
    error: str | None = None
    lines: tuple[str, ...] = ()
    figures: list[Any] = field(default_factory=list)


class Session(Watch):
    """Looks on while a learner's own kernel runs cells, and keeps of each what a check may want to know."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.limits = Limits()
        self.pieces: list[str] = []
        self.room = 0
        self.running: Ran | None = None

    def begin(self, info: Any) -> None:
        """Listen to what the cell prints from now on."""
        self.running = Ran(info.cell_id, info.raw_cell or "")
        self.pieces, self.room = [], self.limits.output_kb * 1024
        if not isinstance(sys.stdout, _Heard):
            sys.stdout = _Heard(sys.stdout, self.hear)

    def hear(self, text: str) -> None:
        """Keep as much of *text* as there is room for."""
        kept = text[: self.room]
        self.room -= len(kept)
        self.pieces.append(kept)

    def format_and_keep(self, thing: Any, *arguments: Any, **keywords: Any) -> Any:
        """Do what IPython does for what is displayed, and remember how it looks as text."""
        shown = super().format_and_keep(thing, *arguments, **keywords)
        with contextlib.suppress(KeyError, TypeError, IndexError):
            self.hear(f"{shown[0]['text/plain']}\n")
        return shown

    def finish(self, result: Any) -> Ran:
        """Return the cell that has just ended."""
        if isinstance(sys.stdout, _Heard):
            sys.stdout = sys.stdout.stream
        info = result.info
        ran = self.running if self.running is not None else Ran(info.cell_id, info.raw_cell or "")
        self.running = None
        error = result.error_before_exec or result.error_in_exec
        ran.output, ran.figures, ran.lines = "".join(self.pieces), self.figures, tuple(self.error_lines)
        if error is not None:
            ran.error = f"{type(error).__name__}: {_message(error)}"[:ERROR_CHARS]
        return ran

    def begin_watching(self) -> None:
        """Look on from the next cell on."""
        super().begin_watching()
        self.shell.events.register("pre_run_cell", self.begin)

    def end_watching(self) -> None:
        """Look on no longer."""
        super().end_watching()
        with contextlib.suppress(ValueError):
            self.shell.events.unregister("pre_run_cell", self.begin)
        if isinstance(sys.stdout, _Heard):
            sys.stdout = sys.stdout.stream


class _Heard:
    """A stream that somebody listens to. It is the stream in every other way: what a front end sets on it reaches it."""

    def __init__(self, stream: Any, hear: Any) -> None:
        vars(self)["stream"] = stream
        vars(self)["hear"] = hear

    def write(self, text: str) -> Any:
        """Write, and let it be heard."""
        if type(text) is str:
            self.hear(text)
        return self.stream.write(text)

    def writelines(self, lines: Any) -> None:
        """Write one after the other."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["stream"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(vars(self)["stream"], name, value)

    def __iter__(self) -> Iterator[str]:
        return iter(self.stream)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - a __str__ of the learner's
        return ""


@contextlib.contextmanager
def state_of(shell: Any, figures: Figures, limits: Limits) -> Iterator[socket.socket]:
    """Give the socket of a fork of this very process, which forks a child for each check; it ends, with all of them, with the block.

    Raises OSError where there is no room for a fork.
    """
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    with ours, theirs:
        with warnings.catch_warnings():
            # A kernel has threads, which a fork lacks. Nothing here needs them, and a check that does runs into its deadline.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            ours.close()
            _be_state(theirs, parent, shell, figures, limits)
        theirs.close()
        try:
            yield ours
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):  # a learner's own `os.wait()` may have had it
                os.waitpid(pid, 0)


def _be_state(line: socket.socket, parent: int, shell: Any, figures: Figures, limits: Limits) -> NoReturn:
    """Be the state that checks ask; every child of it ends when it does."""
    try:
        linux.end_with(parent)
        # What is written past Python's own streams would otherwise stand in the learner's notebook.
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        us = os.getpid()

        def limit(cpu_seconds: int) -> None:
            linux.end_with(us)
            linux.limit_cpu(cpu_seconds)
            linux.limit_memory(limits.memory_mb << 20)

        become_snapshot(Line(line), shell, figures, lambda: False, limit)
    finally:
        os._exit(1)
