"""An honest chart: the lie factor, bars from zero, labelled lines, panels on one scale."""

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

# Figures are slow to draw and hidden inputs are never shown: the first failing figure will do, no need to shrink it.
QUICK = settings(max_examples=6, phases=[Phase.generate], report_multiple_bugs=False)
MONTHS = ["May", "Jun", "Jul"]
HOURS = [0, 6, 12, 18]
CITIES = {"Quito": [11, 10, 18, 14], "Perth": [19, 17, 26, 24]}
TEMPERATURES = st.lists(st.integers(-30, 45), min_size=len(HOURS), max_size=len(HOURS))


def only(figure):
    """Return the one pair of axes in *figure*."""
    assert len(figure.axes) == 1
    return figure.axes[0]


def curves(axes):
    """Return the lines of *axes* as plain lists of x and y."""
    return [(line.x.tolist(), line.y.tolist()) for line in axes.lines]


@pytest.mark.exercise("lie_factor")
def test_a_picture_four_times_too_steep(submission):
    """From 80 to 100 on a base of 60, the growth looks 4 times too large"""
    assert same(submission.lie_factor(80, 100, 60), 4.0, dtype=False)


@pytest.mark.exercise("lie_factor", hidden=True)
@settings(max_examples=30)
@given(first=st.integers(10, 999), last=st.integers(10, 999), base=st.integers(0, 990))
def test_any_cut_axis(submission, first, last, base):
    """Any growth or decline on any base is measured, and a base of 0 is honest"""
    assume(first not in (last, base))
    assert same(submission.lie_factor(first, last, base), first / (first - base), rel=1e-6, dtype=False)


@pytest.mark.exercise("draw_visits")
def test_one_bar_for_each_month(submission):
    """Three months make three bars of the right height, above their names"""
    submission.draw_visits(MONTHS, [310, 290, 305])
    axes = only(submission.figure())
    assert [bar.height for bar in axes.bars] == [310, 290, 305]
    assert [name for name in axes.xticklabels if name] == MONTHS


@pytest.mark.exercise("draw_visits")
def test_the_chart_says_what_it_shows(submission):
    """The chart has a title, and the upright axis is labelled "visits per month\""""
    submission.draw_visits(MONTHS, [310, 290, 305])
    axes = only(submission.figure())
    assert axes.title.strip() != ""
    assert axes.ylabel == "visits per month"


@pytest.mark.exercise("draw_visits", hidden=True)
@QUICK
@given(st.lists(st.integers(9000, 9900), min_size=3, max_size=3))
def test_bars_stand_on_zero(submission, visits):
    """Whatever was counted, the bars stand on zero, the axis begins there, and every bar fits in"""
    submission.draw_visits(MONTHS, visits)
    axes = only(submission.figure())
    lowest, highest = axes.ylim
    assert [(bar.bottom, bar.height) for bar in axes.bars] == [(0, number) for number in visits]
    assert lowest == 0
    assert highest >= max(visits)


@pytest.mark.exercise("draw_lines")
def test_one_line_for_each_city(submission):
    """Two cities make two lines in one pair of axes"""
    submission.draw_lines(HOURS, CITIES)
    assert curves(only(submission.figure())) == [(HOURS, numbers) for numbers in CITIES.values()]


@pytest.mark.exercise("draw_lines", hidden=True)
@QUICK
@given(st.dictionaries(st.sampled_from(["Lima", "Bern", "Riga", "Suva"]), TEMPERATURES, min_size=1, max_size=4))
def test_lines_can_be_told_apart(submission, cities):
    """Any cities are named in the legend beside the right line, and both axes have their labels"""
    submission.draw_lines(HOURS, cities)
    axes = only(submission.figure())
    assert {line.label: line.y.tolist() for line in axes.lines} == cities
    assert sorted(axes.legend) == sorted(cities)
    assert (axes.xlabel, axes.ylabel) == ("hour", "temperature in °C")


@pytest.mark.exercise("draw_panels")
def test_one_panel_for_each_city(submission):
    """Two cities make two panels with their names and lines"""
    submission.draw_panels(HOURS, CITIES)
    panels = submission.figure().axes
    assert [panel.title for panel in panels] == ["Quito", "Perth"]
    assert [curves(panel) for panel in panels] == [[(HOURS, numbers)] for numbers in CITIES.values()]


@pytest.mark.exercise("draw_panels", hidden=True)
def test_panels_share_one_scale(submission):
    """A cold city and a hot one are shown on the same scale, and nothing is cut off"""
    submission.draw_panels(HOURS, {"Yakutsk": [-41, -44, -38, -40], "Doha": [30, 29, 41, 37]})
    limits = [panel.ylim for panel in submission.figure().axes]
    assert len(limits) == 2
    assert limits[0] == limits[1]
    assert limits[0][0] <= -44
    assert limits[0][1] >= 41


@pytest.mark.exercise("draw_panels", hidden=True)
def test_one_city_alone(submission):
    """A single city gets a single panel"""
    submission.draw_panels(HOURS, {"Nuuk": [-8, -9, -4, -6]})
    panel = only(submission.figure())
    assert (panel.title, curves(panel)) == ("Nuuk", [(HOURS, [-8, -9, -4, -6])])
