"""`hornbook.grading.drawing`: what a figure as a whole tells about one of its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hornbook.grading.drawing import text_or_kind
from hornbook.sandbox.figures import Axes, Bar, Figure, PlottedLine, Scatter


def figure(**parts: Any) -> tuple[Figure]:
    """Return one figure with one pair of axes, empty but for *parts*."""
    empty: dict[str, Any] = {
        "title": "", "xlabel": "", "ylabel": "", "xlim": (0.0, 1.0), "ylim": (0.0, 1.0), "xscale": "linear", "yscale": "linear",
        "legend": (), "lines": (), "bars": (), "scatters": (), "texts": (), "images": 0, "patches": 0, "xticklabels": (), "yticklabels": (),
    }  # fmt: skip
    return (Figure("", (Axes(**(empty | parts)),)),)


NUMBERS = np.array([3.0, 1.0])
LINE = PlottedLine(NUMBERS, NUMBERS, "", "k", "-", "")
POINTS = Scatter(NUMBERS, NUMBERS, "")
BARS = (Bar(0.0, 3.0, 0.8, 0.0, "", "k"), Bar(1.0, 1.0, 0.8, 0.0, "", "k"))


@pytest.mark.parametrize(
    ("parts", "operator", "came", "expected", "words"),
    [
        ({"xlabel": "visits"}, "==", "", "visits", "has the text 'visits', but as the label of the lower axis (`set_xlabel`)"),
        ({"title": "visits"}, "==", ("a", ""), ("a", "visits"), "but as the title"),
        ({"title": "t", "xlabel": "x"}, "==", "", "visits", "lacks the text 'visits'. Still without a text: the label of the upright axis"),
        ({"xlabel": "x", "ylabel": "y"}, "!=", "", "", "Still without one: the title (`set_title`)."),
        ({"lines": (LINE,)}, "==", [], [3, 1], "drawn as a line; another kind of chart"),
        ({"scatters": (POINTS,)}, "==", [], [3, 1], "drawn as points; another kind of chart"),
        ({"bars": BARS}, "==", [], [3, 1], "drawn as bars; another kind of chart"),
        ({}, "==", [], [3, 1], "nothing that was asked for is drawn in them"),
        ({"lines": (LINE,)}, "==", [], [9, 9], None),
        ({"title": "a", "xlabel": "a", "ylabel": "a"}, "==", "", "visits", None),
        ({}, "==", "other", "visits", None),
        ({}, "==", 3, 4, None),
        ({}, "<", 3, 4, None),
    ],
)
def test_a_figure_tells_what_its_part_does_not(
    parts: dict[str, Any], operator: str, came: object, expected: object, words: str | None
) -> None:
    """Where a label or the data of a chart are missing, what stands in their place is named."""
    said = text_or_kind(figure(**parts), operator, came, expected)

    assert (said is None) if words is None else (words in (said or ""))


def test_without_a_figure_nothing_is_said() -> None:
    """A check that asked for no figure is about something else."""
    assert text_or_kind((), "==", "", "visits") is None
