"""Imports for all forks of a process, made before the first one. Sent as text.

Source: https://docs.python.org/3/library/gc.html#gc.freeze (what is frozen stays shared between forks).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys

KERNEL = ("ipykernel.ipkernel", "ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.completerlib", "IPython.extensions.storemagic")


def preload(names: list[str]) -> str | None:
    """Import *names* for all forks; return the first that started a thread, after which nothing may be forked."""
    # pydevd costs 60 ms and threads, and nothing here is debugged.
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
        if len(os.listdir("/proc/self/task")) > 1:
            return name
    del sys.modules["debugpy"]
    gc.collect()
    gc.freeze()
    return None


def warm() -> None:
    """Do once what is slow the first time, so that every fork finds it done."""
    for name, exercise in (("IPython", warm_traceback), ("pandas", warm_frames), ("matplotlib.figure", warm_figures)):
        if name in sys.modules:
            exercise()
    gc.collect()
    gc.freeze()


def warm_traceback() -> None:
    """Render a traceback once: the first costs some 50 ms, and a mistake is what a learner waits for most often."""
    ultratb = importlib.import_module("IPython.core.ultratb")
    try:
        int("warm")
    except ValueError:
        ultratb.VerboseTB(include_vars=False).structured_traceback(*sys.exc_info())


def warm_frames() -> None:
    """Do what nearly every lesson with a table does once."""
    pandas = importlib.import_module("pandas")
    frame = pandas.DataFrame({"key": ["a", "b", "a"], "value": [1.0, 2.0, 3.0]})
    frame.groupby("key")["value"].mean()
    frame.merge(frame, on="key").describe()
    frame._repr_html_()
    repr(frame)


def warm_figures() -> None:
    """Draw once: fonts are found and loaded."""
    figure = importlib.import_module("matplotlib.figure").Figure()
    canvas = importlib.import_module("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot([0, 1], label="warm")
    axes.set_title("warm")
    axes.legend()
    canvas.print_png(importlib.import_module("io").BytesIO())
