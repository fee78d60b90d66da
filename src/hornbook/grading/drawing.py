"""Says what is amiss with a figure, where the value that a check took out of it does not tell.

A check compares parts of a figure: a text, a list of heights. Where such a part is empty, the figure as a whole shows what was
drawn in its place: another kind of chart, or a label somewhere else. Only asked about a check that has failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from hornbook.grading.compare import difference, show

if TYPE_CHECKING:
    from hornbook.sandbox.probe import Figure

# --------------------------------------------------------------------------------------------------------------------
# Words: every sentence a learner can meet from this module stands between here and the next line like this one.
# --------------------------------------------------------------------------------------------------------------------

_WORDS: Final[Mapping[str, str]] = {
    "elsewhere": "The figure has the text {text}, but as {slot}, and there it was not expected.",
    "missing": "The figure lacks the text {text}. Still without a text: {slots}.",
    "empty": "A text of the figure is missing. Still without one: {slots}.",
    "kind": "These values were drawn as {kind}; another kind of chart was expected.",
    "nothing": "The figure has axes, but nothing that was asked for is drawn in them.",
}
_SLOTS: Final[Mapping[str, str]] = {
    "title": "the title (`set_title`)",
    "xlabel": "the label of the lower axis (`set_xlabel`)",
    "ylabel": "the label of the upright axis (`set_ylabel`)",
}
_KINDS: Final[Mapping[str, str]] = {"lines": "a line", "bars": "bars", "scatters": "points"}

# --------------------------------------------------------------------------------------------------------------------


def text_or_kind(figures: Sequence[Figure], operator: str, came: object, expected: object) -> str | None:
    """Return what the last of *figures* shows about an assert of `came <operator> expected`, or None if nothing."""
    if not figures:
        return None
    if isinstance(came, tuple) and isinstance(expected, tuple) and len(came) == len(expected):
        came, expected = next(
            ((one, other) for one, other in zip(came, expected, strict=True) if type(one) is str and one != other), (came, expected)
        )
    if operator == "!=" and came == expected == "":
        return next(_empty(figures[-1], "empty"), None)
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
                yield _WORDS["elsewhere"].format(text=show(expected, limit=60), slot=name)
    if not came:
        yield from _empty(figure, "missing", text=show(expected, limit=60))


def _empty(figure: Figure, words: str, **fields: str) -> Iterator[str]:
    slots = dict.fromkeys(name for axes in figure.axes for slot, name in _SLOTS.items() if not getattr(axes, slot).strip())
    if slots:
        yield _WORDS[words].format(slots=", ".join(slots), **fields)


def _kind(figure: Figure, expected: list[object]) -> Iterator[str]:
    for axes in figure.axes:
        drawn: Iterable[tuple[str, list[object]]] = (
            *(("lines", line.y.tolist()) for line in axes.lines),
            *(("scatters", points.y.tolist()) for points in axes.scatters),
            ("bars", [bar.height for bar in axes.bars]),
        )
        yield from (_WORDS["kind"].format(kind=_KINDS[kind]) for kind, values in drawn if difference(values, expected) is None)
    if not any(axes.lines or axes.bars or axes.scatters for axes in figure.axes):
        yield _WORDS["nothing"]
