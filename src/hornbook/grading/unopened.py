"""What Dask reads with `pickle`, read without running any of it: whoever reaches a scheduler may have written it.

    doubting(connect)     run *connect*, and all that comes of it on whatever thread, so that a pickle is read and never obeyed

A pickle is a program: it names functions of ours and calls them. Dask opens pickles in many places, and which of them a message reaches
is the sender's to choose: an exception, the type of a result, a warning, a message's own fields. So all of them are closed at the one
door through which they go. Plain data comes through as it is; each class or function that a pickle names is replaced by an exception of
that name, which does nothing; so "KilledWorker" can still be told from others.

Only what a doubting context began is treated so (PEP 567): other users of Dask in the same process have their pickles opened as ever.
"""

from __future__ import annotations

import contextvars
import io
import pickle
from collections.abc import Callable
from typing import Any, Final, TypeVar

Given = TypeVar("Given")

_DOUBTED: Final[contextvars.ContextVar[bool]] = contextvars.ContextVar("hornbook_doubted", default=False)

PLAIN: Final = {("builtins", "bytes"): bytes}
"""What may be named: Dask says so that a message is bytes, which is what our answers are."""

MOST_SHOWN: Final = 300


class Unopened(Exception):  # noqa: N818 - stands for anything
    """What a pickle has named; it takes what it is given and does nothing with it."""

    def __new__(cls, *given: object, **_named: object) -> Unopened:  # noqa: PYI034 - of subclasses made at run time
        """Return one, whatever it is called with."""
        return super().__new__(cls, *given)

    def __init__(self, *given: object, **_named: object) -> None:
        super().__init__(*given)

    def __setstate__(self, _state: object) -> None:
        """Have no state."""

    def __str__(self) -> str:
        """Return its first words; what else it holds may be endlessly deep."""
        return next((one[:MOST_SHOWN] for one in self.args if isinstance(one, str)), "")


class _Reader(pickle.Unpickler):
    """Reads plain data, and runs nothing."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for that name."""
        if name == "unpickle_traceback":
            return _no_traceback
        if name.startswith("unpickle_exception"):
            return _exception
        return PLAIN.get((module, name)) or type(name.rpartition(".")[2][:100], (Unopened,), {})


def _no_traceback(*_: object) -> None:
    """Return nothing: a traceback that a worker sends names files and lines that are not here."""


def _exception(kind: object = None, given: object = (), *_: object) -> Unopened:
    """Return what stands for an exception, as `tblib` takes one apart: its class, and its arguments or its attributes."""
    words = given.get("args") if isinstance(given, dict) else given
    made = kind if isinstance(kind, type) and issubclass(kind, Unopened) else Unopened
    return made(*words) if isinstance(words, tuple) else made()


class _Door:
    """The module `pickle` as `distributed` is to see it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(pickle, name)

    @staticmethod
    def loads(data: Any, /, **how: Any) -> Any:
        """Return what *data* holds: opened, or in a doubting context only read."""
        if not _DOUBTED.get():
            return pickle.loads(data, **how)  # noqa: S301 - what Dask would do without us
        try:
            return _Reader(io.BytesIO(data), **how).load()
        except Exception as error:
            # Of all that an ill-made pickle may raise, this is what Dask expects everywhere.
            raise TypeError("A pickle that was sent here cannot be read.") from error


def doubting(run: Callable[..., Given], *given: Any, **named: Any) -> Given:
    """Return what *run* returns, run so that nothing pickled is obeyed that Dask reads for it, now or later."""
    _close_the_door()
    context = contextvars.copy_context()
    context.run(_DOUBTED.set, True)  # noqa: FBT003 - a value
    return context.run(run, *given, **named)


def _close_the_door() -> None:
    import distributed.client  # noqa: PLC0415 - the extra, and heavy
    import distributed.protocol.pickle  # noqa: PLC0415

    for module in (distributed.protocol.pickle, distributed.client):
        if not isinstance(module.pickle, _Door):
            module.pickle = _Door()  # type: ignore[attr-defined]
