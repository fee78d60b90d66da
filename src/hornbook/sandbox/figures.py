"""Figures as data: what the sandbox says of a matplotlib figure, and what the trusted side makes of that claim.

Both ends of one format stand here. The first half runs inside (this file is sent as text) and only ever returns plain
values; the second half checks every part of a claim before a grader sees it.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

POINTS = 20_000

# --- inside -----------------------------------------------------------------------------------------------------------


def open_figures() -> list[Any]:
    """Return matplotlib's open figures, the oldest first, if it is imported at all."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    if helpers is None:
        return []
    return [manager.canvas.figure for manager in helpers.Gcf.get_all_fig_managers()]


def describe_figure(figure: Any) -> dict[str, Any]:
    """Return a figure as plain data; `Axes` names the keys."""
    title = figure._suptitle  # noqa: SLF001 - matplotlib has no public way to ask before 3.8
    return {
        "suptitle": "" if title is None else str(title.get_text()),
        "axes": [describe_axes(axes) for axes in list(figure.axes)[:50] if axes.get_label() != "<colorbar>"],
    }


def describe_axes(axes: Any) -> dict[str, Any]:
    """Return one set of axes as plain data: labels, limits, lines, bars, scatters, texts."""
    legend = axes.get_legend()
    bars = [describe_bar(patch, str(container.get_label())) for container in axes.containers for patch in getattr(container, "patches", ())]
    scatters = [path for path in list(axes.collections)[:200] if hasattr(path, "get_offsets") and len(path.get_offsets())]
    return {
        "title": str(axes.get_title()) or str(axes.get_title(loc="left")) or str(axes.get_title(loc="right")),
        "xlabel": str(axes.get_xlabel()),
        "ylabel": str(axes.get_ylabel()),
        "xlim": tuple(map(float, axes.get_xlim())),
        "ylim": tuple(map(float, axes.get_ylim())),
        "xscale": str(axes.get_xscale()),
        "yscale": str(axes.get_yscale()),
        "legend": () if legend is None else tuple(str(text.get_text()) for text in legend.get_texts()),
        "lines": [describe_line(line) for line in list(axes.lines)[:200]],
        "bars": bars[:1000],
        "scatters": [describe_scatter(path) for path in scatters],
        "texts": tuple(str(text.get_text()) for text in list(axes.texts)[:200]),
        "images": len(axes.images),
        "patches": len(axes.patches),
        "xticklabels": tuple(str(label.get_text()) for label in list(axes.get_xticklabels())[:200]),
        "yticklabels": tuple(str(label.get_text()) for label in list(axes.get_yticklabels())[:200]),
    }


def describe_line(line: Any) -> dict[str, Any]:
    """Return a Line2D as plain data."""
    return {
        "x": plain_array(line.get_xdata()),
        "y": plain_array(line.get_ydata()),
        "label": str(line.get_label()),
        "color": color_name(line.get_color()),
        "linestyle": str(line.get_linestyle()),
        "marker": str(line.get_marker()),
    }


def describe_bar(patch: Any, label: str) -> dict[str, Any]:
    """Return the Rectangle of a bar as plain data; *label* is its container's."""
    width = float(patch.get_width())
    return {
        "x": float(patch.get_x()) + width / 2,
        "height": float(patch.get_height()),
        "width": width,
        "bottom": float(patch.get_y()),
        "label": label,
        "color": color_name(patch.get_facecolor()),
    }


def describe_scatter(path: Any) -> dict[str, Any]:
    """Return a PathCollection as plain data."""
    offsets = importlib.import_module("numpy").ma.filled(path.get_offsets(), float("nan"))
    return {"x": plain_array(offsets[:, 0]), "y": plain_array(offsets[:, 1]), "label": str(path.get_label())}


def plain_array(values: Any) -> object:
    """Return *values* as a plain ndarray: numbers or dates as they are, anything else as text."""
    numpy = importlib.import_module("numpy")
    array = numpy.array(values)[:POINTS]
    return array if array.dtype.kind in "biufM" else array.astype(str)


def color_name(color: object) -> str:
    """Return a colour as #rrggbb, or as the text it has."""
    try:
        return str(importlib.import_module("matplotlib.colors").to_hex(color))
    except (ValueError, TypeError):
        return str(color)


# --- on the trusted side -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlottedLine:
    """A line of a figure: `x` and `y` are 1-d arrays of numbers, dates or texts."""

    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    label: str
    color: str
    linestyle: str
    marker: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a figure: `x` is its centre, in data units like `height`, `width` and `bottom`."""

    x: float
    height: float
    width: float
    bottom: float
    label: str
    color: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """A cloud of points: `x` and `y` are 1-d arrays."""

    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    label: str


@dataclass(frozen=True, slots=True)
class Axes:
    """One set of axes of a figure, as data."""

    title: str
    xlabel: str
    ylabel: str
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    xscale: str
    yscale: str
    legend: tuple[str, ...]
    lines: tuple[PlottedLine, ...]
    bars: tuple[Bar, ...]
    scatters: tuple[Scatter, ...]
    texts: tuple[str, ...]
    images: int
    patches: int
    xticklabels: tuple[str, ...]
    yticklabels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A matplotlib figure as data."""

    suptitle: str
    axes: tuple[Axes, ...]


def claimed_figure(claim: Any) -> Figure:
    """Return the figure that *claim* describes; raise TypeError, KeyError or ValueError where it is malformed."""
    axes = tuple(
        Axes(
            lines=tuple(PlottedLine(**line) for line in one.pop("lines")),
            bars=tuple(Bar(**bar) for bar in one.pop("bars")),
            scatters=tuple(Scatter(**scatter) for scatter in one.pop("scatters")),
            **one,
        )
        for one in claim["axes"]
    )
    for one in axes:
        _demand(tuple, one.xlim, one.ylim, one.legend, one.texts, one.xticklabels, one.yticklabels)
        _demand(str, one.title, one.xlabel, one.ylabel, one.xscale, one.yscale, *one.legend, *one.texts, *one.xticklabels, *one.yticklabels)
        _demand(int, one.images, one.patches)
        _demand(float, *one.xlim, *one.ylim)
        if len(one.xlim) != 2 or len(one.ylim) != 2:  # noqa: PLR2004 - from and to
            raise ValueError("limits that are no pair")
        for bar in one.bars:
            _demand(float, bar.x, bar.height, bar.width, bar.bottom)
            _demand(str, bar.label, bar.color)
        for line in one.lines:
            _demand(str, line.color, line.linestyle, line.marker)
        drawn: tuple[PlottedLine | Scatter, ...] = (*one.lines, *one.scatters)
        for points in drawn:
            _demand(str, points.label)
            if getattr(points.x, "ndim", None) != 1 or getattr(points.y, "ndim", None) != 1:
                raise ValueError("points that are not one-dimensional")
    _demand(str, claim["suptitle"])
    return Figure(suptitle=claim["suptitle"], axes=axes)


def _demand(kind: type, *values: object) -> None:
    """Raise TypeError unless all *values* are exactly of *kind*."""
    if any(type(value) is not kind for value in values):
        raise TypeError(f"a figure with parts that are no {kind.__name__}")
