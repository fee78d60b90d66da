"""Says what is amiss with a figure, where the value that a check took out of it does not tell.

A check compares parts of a figure: a text, a list of heights. Where such a part is empty, the figure as a whole shows what was
drawn in its place: another kind of chart, or a label somewhere else. Only asked about a check that has failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from hornbook.grading.compare import difference, show
from hornbook.words import say

if TYPE_CHECKING:
    from hornbook.sandbox.probe import Figure

_SLOTS: Final[Mapping[str, str]] = {"title": "drawing.title", "xlabel": "drawing.xlabel", "ylabel": "drawing.ylabel"}
_KINDS: Final[Mapping[str, str]] = {"lines": "drawing.lines", "bars": "drawing.bars", "scatters": "drawing.scatters"}


def text_or_kind(figures: Sequence[Figure], operator: str, came: object, expected: object) -> str | None:
    """Return what the last of *figures* shows about an assert of `came <operator> expected`, or None if nothing."""
    if not figures:
        return None
    if isinstance(came, tuple) and isinstance(expected, tuple) and len(came) == len(expected):
        came, expected = next(
            ((one, other) for one, other in zip(came, expected, strict=True) if type(one) is str and one != other), (came, expected)
        )
    if operator == "!=" and came == expected == "":
        return next(_empty(figures[-1], "drawing.empty"), None)
    if operator != "==":
        return None
    if isinstance(came, str) and isinstance(expected, str) and expected:
        return next(_text(figures[-1], came, expected), None)
    if came == [] and isinstance(expected, list) and expected:
        return next(_kind(figures[-1], expected), None)
    return None


def _text(figure: Figure, came: str, expected: str) -> Iterator[str]:
    for axes in figure.axes:
        for slot, name in _SLOTS.items():
            if getattr(axes, slot) == expected:
                yield say("drawing.elsewhere", text=show(expected, limit=60), slot=say(name))
    if not came:
        yield from _empty(figure, "drawing.missing", text=show(expected, limit=60))


def _empty(figure: Figure, words: str, **fields: str) -> Iterator[str]:
    slots = dict.fromkeys(say(name) for axes in figure.axes for slot, name in _SLOTS.items() if not getattr(axes, slot).strip())
    if slots:
        yield say(words, slots=", ".join(slots), **fields)


def _kind(figure: Figure, expected: list[object]) -> Iterator[str]:
    for axes in figure.axes:
        drawn: Iterable[tuple[str, list[object]]] = (
            *(("lines", line.y.tolist()) for line in axes.lines),
            *(("scatters", points.y.tolist()) for points in axes.scatters),
            ("bars", [bar.height for bar in axes.bars]),
        )
        yield from (say("drawing.kind", kind=say(_KINDS[kind])) for kind, values in drawn if difference(values, expected) is None)
    if not any(axes.lines or axes.bars or axes.scatters for axes in figure.axes):
        yield say("drawing.nothing")
