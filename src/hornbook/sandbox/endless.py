"""Sees that a loop will never end while it is still running, so that nobody has to wait for its time to be over. Sent as text.

A `while` loop that comes back to one of its statements with all that it reads as it was the last time does the same again, for ever, if
nothing but its own statements can change that. That is so where

- it works on nothing but Python's own data, numbers, texts, lists and the like, by operators, methods and builtins that ask nobody;
- no other thread, timer or signal handler of the learner's can step in.

What is only added up or collected, and asked for nowhere else in the loop, may go on changing: the sum in a loop whose counter was
forgotten. Whatever is not seen to be so is left to its time. The learner's process says all this about itself: it is a claim, and
who makes it has failed.
"""

from __future__ import annotations

import builtins
import contextlib
import math
import signal
import sys
import time
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from hornbook.sandbox import footprint
from hornbook.sandbox.loops import Loop, loops_around
from hornbook.sandbox.tracebacks import is_own, own_line

FIRST_LOOK: Final = 0.1
"""After how many seconds of processor time the first look is taken; each further one after twice as many."""

LOOK_SECONDS: Final = 0.03
"""How long loops are watched each time; while they are, they are slower by far."""

TICK: Final = 0.05
"""How much later than it was told a timer may come, at most; the kernel counts in ticks of its own."""

MOST_ITEMS: Final = 2_000

Trace: TypeAlias = Callable[[types.FrameType, str, Any], Any]

# fmt: off
_ASK_NOBODY: Final = (
    "abs", "all", "any", "bin", "bool", "bytes", "chr", "complex", "dict", "divmod", "enumerate", "float", "format", "frozenset", "hex",
    "int", "isinstance", "len", "list", "max", "min", "oct", "ord", "pow", "print", "range", "repr", "reversed", "round", "set", "slice",
    "sorted", "str", "sum", "tuple", "type", "zip",
)
# fmt: on
_KNOWN: Final = {id(getattr(builtins, name)) for name in _ASK_NOBODY}
_MATH: Final = dict(vars(math))
_UNSET: Final = object()


class _Unknown(Exception):  # noqa: N818 - an answer, not an error
    """Of something that a loop reads it cannot be said whether it is as it was."""


@dataclass(slots=True)
class _Watched:
    """A loop that is watched: how many rounds were seen, and the state that was kept of one of them."""

    loop: Loop
    rounds: int = 0
    kept: object = None

    def is_back(self, frame: types.FrameType) -> bool:
        """Return whether the loop in *frame* is where it was when its state was kept."""
        state = frame.f_lasti, _state(frame, self.loop)
        if state == self.kept:
            return True
        # Brent's way to find a cycle: what is kept is replaced after twice as many rounds each time.
        if self.rounds & (self.rounds - 1) == 0:
            self.kept = state
        self.rounds += 1
        return False


class Lookout:
    """Calls *found* with the line of a loop that never ends, from within that loop, while the learner's code runs in a `with` of this.

    *seen* is that line, until the next `with`.
    """

    def __init__(self, found: Callable[[str], object]) -> None:
        self.found = found
        self.seen: str | None = None
        self.seconds = 0.0
        self.until = 0.0
        self.frame: types.FrameType | None = None
        self.watched: list[_Watched] = []
        # One object each, so that they can be told from what the learner's code puts in their place.
        self.handler, self.trace = self.look, self.pass_by
        signal.signal(signal.SIGVTALRM, self.handler)

    def __enter__(self) -> None:
        """Look after a while of processor time, unless the learner's code has plans of its own with that timer."""
        self.seen = None
        if signal.getsignal(signal.SIGVTALRM) is self.handler and not signal.getitimer(signal.ITIMER_VIRTUAL)[0]:
            self.seconds = FIRST_LOOK
            signal.setitimer(signal.ITIMER_VIRTUAL, FIRST_LOOK)

    def __exit__(self, *_: object) -> None:
        """Look no longer."""
        if self.seconds:
            left, again = signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            if left > self.seconds + TICK or again:
                # That is not ours.
                signal.setitimer(signal.ITIMER_VIRTUAL, left, again)
            self.seconds = 0.0
            self.stop()

    def look(self, _number: int, frame: types.FrameType | None) -> None:
        """Begin to watch the loops in which the learner's code is right now, if they can be seen through."""
        if not self.seconds:
            # A timer of the learner's own, or one of ours that has come too late.
            return
        with contextlib.suppress(Exception):  # whatever it is, the learner's code goes on
            self.stop()
            self.seconds *= 2
            signal.setitimer(signal.ITIMER_VIRTUAL, self.seconds)
            learners = _learners(frame)
            if learners is None or not _is_undisturbed(self.handler):
                return
            self.watched = [_Watched(loop) for loop in loops_around(learners.f_code, learners.f_lasti)]
            if not self.watched:
                return
            loop = self.watched[0].loop
            # Of a statement that jumps to itself Python tells nothing. What has no line may belong to another loop.
            if loop.empty and loop.first <= (learners.f_lineno or 0) <= loop.last:
                self.tell(learners, loop)
            else:
                self.until = time.monotonic() + LOOK_SECONDS
                self.frame, learners.f_trace = learners, self.follow
                sys.settrace(self.trace)

    def stop(self) -> None:
        """Watch no longer."""
        if self.frame is not None:
            if sys.gettrace() is self.trace:
                sys.settrace(None)
            self.frame.f_trace = None
        self.frame, self.watched = None, []

    def pass_by(self, _frame: types.FrameType, _event: str, _argument: Any) -> None:
        """Take no interest in what else is called."""

    def follow(self, frame: types.FrameType, event: str, _argument: Any) -> Trace | None:
        """See whether a loop is back where it was, until there is nothing more to be seen."""
        endless = None
        with contextlib.suppress(Exception):  # as in `look`
            endless = self.endless(frame) if event == "line" else None
            if event == "line" and endless is None and self.watched and time.monotonic() < self.until:
                return self.follow
        self.stop()
        if endless is not None:
            self.tell(frame, endless)
        return None

    def tell(self, frame: types.FrameType, loop: Loop) -> None:
        """Tell of *loop*, in *frame*, that it never ends."""
        self.seen = own_line(frame.f_code, loop.first)
        self.found(self.seen)

    def endless(self, frame: types.FrameType) -> Loop | None:
        """Return a loop that is back where it was; forget those that have been left, or of which that cannot be said."""
        for watched in tuple(self.watched):
            loop = watched.loop
            try:
                if frame.f_lineno == loop.line and watched.is_back(frame):
                    return loop
            except _Unknown:
                self.watched.remove(watched)
                continue
            if not loop.first <= frame.f_lineno <= loop.last:
                self.watched.remove(watched)
        return None


def _learners(frame: types.FrameType | None) -> types.FrameType | None:
    """Return the innermost frame of the learner's own cells."""
    while frame is not None and not is_own(frame.f_code):
        frame = frame.f_back
    return frame


def _is_undisturbed(ours: object) -> bool:
    """Return whether nothing but the statements that are being executed can change the learner's data, or end them."""
    if sys.gettrace() is not None or sys.getprofile() is not None or footprint.threads():
        return False
    handlers = (signal.getsignal(number) for number in signal.valid_signals())
    timers = (signal.getitimer(which)[0] for which in (signal.ITIMER_REAL, signal.ITIMER_PROF))
    return not any(timers) and all(handler in (ours, signal.default_int_handler) for handler in handlers if callable(handler))


# --- states -----------------------------------------------------------------------------------------------------------


def _state(frame: types.FrameType, loop: Loop) -> object:
    """Return all that *loop* reads, in a form that is equal only where it is the same; raise `_Unknown` where there is none."""
    if not loop.sums.go_on(lambda name: _value(frame, name)):
        raise _Unknown
    form = _Form()
    kinds = [type(_value(frame, name)) for name in sorted(loop.sums.gathered)]
    return kinds, [form.of(_value(frame, name)) for name in loop.names]


def _value(frame: types.FrameType, name: str) -> object:
    """Return what *name* means in *frame* right now."""
    code, local = frame.f_code, frame.f_locals
    if name in local:
        return local[name]
    if name in (*code.co_varnames, *code.co_cellvars, *code.co_freevars):
        return _UNSET
    return frame.f_globals.get(name, frame.f_builtins.get(name, _UNSET))


@dataclass(slots=True)
class _Form:
    """Gives values a form that is equal only for equal data of the same types, made of the same objects where these can change."""

    room: int = MOST_ITEMS
    seen: set[int] = field(default_factory=set)

    def of(self, value: Any) -> object:
        """Return the form of *value*."""
        kind = type(value)
        self.room -= 1 + (len(value) // 64 if kind in (str, bytes) else 0)
        if self.room < 0:
            raise _Unknown
        if kind in (int, bool, str, bytes, type(None), type(...)):
            return kind, value
        if kind in (float, complex, range):
            return kind, repr(value)
        if kind is tuple:
            return kind, [self.of(item) for item in value]
        # No set: in which order it gives what is in it depends on what was in it.
        if kind in (list, dict):
            return kind, id(value), self.inside(value)
        if value is _UNSET or _asks_nobody(value):
            return id(value)
        raise _Unknown

    def inside(self, value: Any) -> object:
        """Return the form of what is in a list or dictionary, in its order; once is enough."""
        if id(value) in self.seen:
            return None
        self.seen.add(id(value))
        return [self.of(item) for item in (value.items() if type(value) is dict else value)]


def _asks_nobody(value: object) -> bool:
    """Return whether *value* is a builtin, or the module math, that is as Python has it and runs none of the learner's code."""
    if value is math:
        return vars(math) == _MATH
    return id(value) in _KNOWN and (value is not print or type(sys.stdout).__module__.startswith("hornbook."))
