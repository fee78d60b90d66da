"""Dots for everybody: the lightness of a colour, a scatter plot by species, and rules for a choice of styles."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

# Figures are slow to draw and hidden inputs are never shown: the first failing figure will do, no need to shrink it.
QUICK = settings(max_examples=6, phases=[Phase.generate], report_multiple_bugs=False)
KINDS = ("Adelie", "Chinstrap", "Gentoo")
STYLES = {"Adelie": ("o", "#ffd700"), "Gentoo": ("^", "#000080")}


def frame(rows):
    """Return (species, length, depth) rows as the data frame that the lesson works with."""
    species, lengths, depths = zip(*rows, strict=True)
    bills = {"bill_length_mm": pd.Series(lengths, dtype=float), "bill_depth_mm": pd.Series(depths, dtype=float)}
    return pd.DataFrame({"species": list(species), **bills})


FLOCK = [
    ("Gentoo", 47.5, 15.0),
    ("Adelie", 38.8, 18.5),
    ("Adelie", None, None),
    ("Chinstrap", 49.0, 18.0),
    ("Adelie", 39.5, 17.0),
    ("Gentoo", 46.0, 14.0),
]


def only(figure):
    """Return the one pair of axes in *figure*."""
    assert len(figure.axes) == 1
    return figure.axes[0]


def dots(line):
    """Return the points of *line* that can be seen, as pairs."""
    return [(x, y) for x, y in zip(line.x.tolist(), line.y.tolist(), strict=True) if not np.isnan(x) and not np.isnan(y)]


def light(color):
    """Return the lightness of a colour, a text #rrggbb, some name or three numbers, as the lesson measures it."""
    from matplotlib.colors import to_hex  # noqa: PLC0415 - heavy, and needed by two checks only

    code = int(to_hex(color)[1:], 16)
    return (2126 * (code >> 16) + 7152 * (code >> 8 & 255) + 722 * (code & 255)) / 2_550_000


@pytest.mark.exercise("lightness")
def test_white_and_an_orange(submission):
    """White has the lightness 1, and the orange #ff8000 about 0.572"""
    assert same(submission.lightness("white"), 1.0, abs=1e-9, dtype=False)
    assert same(submission.lightness("#ff8000"), 0.2126 + 0.7152 * 128 / 255, abs=1e-9, dtype=False)


@pytest.mark.exercise("lightness", hidden=True)
@settings(max_examples=30)
@given(st.integers(0, 0xFFFFFF).map("#{:06x}".format))
def test_any_colour(submission, color):
    """Any colour has its lightness"""
    assert same(submission.lightness(color), light(color), abs=1e-9, dtype=False)


@pytest.mark.exercise("draw_kinds")
def test_each_kind_has_its_dots(submission):
    """Two species make two sets of dots, length from left to right and depth upwards, and no lines between them"""
    submission.draw_kinds(frame(FLOCK), STYLES)
    drawn = only(submission.figure()).lines
    assert [dots(line) for line in drawn] == [[(38.8, 18.5), (39.5, 17.0)], [(47.5, 15.0), (46.0, 14.0)]]
    assert [line.linestyle for line in drawn] == ["None", "None"]


@pytest.mark.exercise("draw_kinds")
def test_each_kind_has_its_style(submission):
    """Each species has the marker and the colour that were asked for, and its name in the legend"""
    submission.draw_kinds(frame(FLOCK), STYLES)
    axes = only(submission.figure())
    assert [(line.label, line.marker, line.color) for line in axes.lines] == [("Adelie", "o", "#ffd700"), ("Gentoo", "^", "#000080")]
    assert axes.legend == ("Adelie", "Gentoo")


@pytest.mark.exercise("draw_kinds")
def test_dots_shine_through(submission):
    """The dots are a little transparent"""
    submission.draw_kinds(frame(FLOCK), STYLES)
    alphas = submission.evaluate("lambda: [line.get_alpha() for line in plt.gca().lines]")()
    assert len(alphas) == 2
    assert all(alpha is not None and 0 < alpha < 1 for alpha in alphas), f"Their alpha is {alphas}."


@pytest.mark.exercise("draw_kinds")
def test_the_axes_have_units(submission):
    """The axes say "bill length in mm" and "bill depth in mm\""""
    submission.draw_kinds(frame(FLOCK), STYLES)
    axes = only(submission.figure())
    assert (axes.xlabel, axes.ylabel) == ("bill length in mm", "bill depth in mm")


@pytest.mark.exercise("draw_kinds", hidden=True)
@QUICK
@given(kinds=st.permutations(KINDS), count=st.integers(1, 3), markers=st.permutations("sDv*P"), seed=st.integers(0, 999))
def test_any_styles(submission, kinds, count, markers, seed):
    """Any species, in any order and any style, are drawn as asked, and no others"""
    rng = np.random.default_rng(seed)
    rows = [(KINDS[place % 3], length, depth) for place, (length, depth) in enumerate(rng.integers(130, 600, (12, 2)) / 10)]
    styles = {kind: (markers[place], f"#{rng.integers(0, 1 << 24):06x}") for place, kind in enumerate(kinds[:count])}
    submission.draw_kinds(frame(rows), styles)
    axes = only(submission.figure())
    assert {line.label: (line.marker, line.color) for line in axes.lines} == styles
    assert [dots(line) for line in axes.lines] == [[(x, y) for name, x, y in rows if name == kind] for kind in styles]
    assert axes.legend == tuple(styles)


@pytest.mark.exercise("well_chosen")
def test_three_that_can_be_told_apart(submission):
    """Orange circles, teal squares and navy triangles are well chosen"""
    assert submission.well_chosen({"Adelie": ("o", "orange"), "Chinstrap": ("s", "teal"), "Gentoo": ("^", "navy")}) is True


@pytest.mark.exercise("well_chosen")
@pytest.mark.parametrize(
    "styles",
    [
        {"Adelie": ("o", "orange"), "Chinstrap": ("s", "teal"), "Gentoo": ("o", "navy")},
        {"Adelie": ("o", "tab:red"), "Chinstrap": ("s", "black"), "Gentoo": ("^", "tab:brown")},
        {"Adelie": ("o", "yellow"), "Chinstrap": ("s", "teal"), "Gentoo": ("^", "navy")},
    ],
    ids=["one marker twice", "red and brown", "too pale"],
)
def test_one_rule_is_broken(submission, styles):
    """A marker that occurs twice, two colours of nearly the same lightness, or a colour too pale for white paper will not do"""
    assert submission.well_chosen(styles) is False
    assert submission.well_chosen({"Gentoo": ("^", "navy")}) is True


@pytest.mark.exercise("well_chosen", hidden=True)
@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("os^D"), st.sampled_from([5, 15, 30, 40, 55, 65, 77, 90])), min_size=1, max_size=4))
def test_any_choice(submission, chosen):
    """Any choice of markers and greys is judged by the three rules"""
    styles = {f"kind {place}": (marker, f"{percent / 100}") for place, (marker, percent) in enumerate(chosen)}
    markers, greys = zip(*chosen, strict=True)
    alike = any(one == other for one, other in combinations(markers, 2)) or any(
        abs(one - other) < 20 for one, other in combinations(greys, 2)
    )
    assert submission.well_chosen(styles) is (not alike and max(greys) <= 80)
