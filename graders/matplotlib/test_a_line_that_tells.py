"""A line that tells: a year of temperatures, a calm line before a restless one, and a mark on the hottest day."""

from statistics import fmean

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

# Figures are slow to draw and hidden inputs are never shown: the first failing figure will do, no need to shrink it.
QUICK = settings(max_examples=6, phases=[Phase.generate], report_multiple_bugs=False)
HIGHS = st.lists(st.integers(-99, 399).filter(lambda tenths: tenths % 10 != 5).map(lambda tenths: tenths / 10), min_size=9, max_size=20)

PLACE = """lambda: [
    (float(axes.convert_xunits(across)), float(axes.convert_yunits(up)))
    for axes in plt.gcf().axes for text in axes.texts for across, up in [getattr(text, "xy", text.get_position())]
][0]"""


def dates(count, first="2015-06-01"):
    """Return *count* days in a row as the array of dates that the lesson works with."""
    return np.datetime64(first, "D") + np.arange(count)


def only(figure):
    """Return the one pair of axes in *figure*."""
    assert len(figure.axes) == 1
    return figure.axes[0]


def as_days(values):
    """Return what is drawn along the axis as days: an array of dates, or of texts that stand for dates."""
    return np.asarray(values).astype("datetime64[D]")


def dots(axes):
    """Return where there is a single point, as (day, degrees), whether it was drawn as a line or as a scatter."""
    lines = [(as_days(line.x)[0], float(line.y[0])) for line in axes.lines if len(line.x) == 1 and line.marker not in ("None", "", " ")]
    return lines + [(np.datetime64(round(points.x[0]), "D"), float(points.y[0])) for points in axes.scatters if len(points.x) == 1]


def lightness(color):
    """Return how light a colour #rrggbb looks, from 0 to 255, by the weights of Rec. 601; another lesson asks for newer ones."""
    parts = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return sum(weight * part for weight, part in zip((0.299, 0.587, 0.114), parts, strict=True))


@pytest.mark.exercise("draw_year")
def test_one_line_over_the_days(submission):
    """Four days make one line, with each temperature above its date"""
    submission.draw_year(dates(4), np.array([21.5, 24.0, 30.5, 19.0]))
    axes = only(submission.figure())
    assert len(axes.lines) == 1
    assert as_days(axes.lines[0].x).tolist() == dates(4).tolist()
    assert same(axes.lines[0].y, np.array([21.5, 24.0, 30.5, 19.0]))


@pytest.mark.exercise("draw_year")
def test_the_picture_says_what_it_shows(submission):
    """There is a title, and the upright axis has the label "highest of the day in °C\""""
    submission.draw_year(dates(4), np.array([21.5, 24.0, 30.5, 19.0]))
    axes = only(submission.figure())
    assert axes.ylabel == "highest of the day in °C"
    assert axes.title.strip() != ""


@pytest.mark.exercise("draw_year", hidden=True)
@QUICK
@given(HIGHS)
def test_no_idle_space(submission, highs):
    """The axis begins with the first day and ends with the last, and the whole line fits in"""
    days = dates(len(highs), "1999-12-28")
    submission.draw_year(days, np.array(highs))
    axes = only(submission.figure())
    assert same(axes.xlim, tuple(float(day) for day in days[[0, -1]].astype(int)), types=False)
    assert axes.ylim[0] <= min(highs)
    assert axes.ylim[1] >= max(highs)
    assert same(axes.lines[0].y, np.array(highs))


@pytest.mark.exercise("draw_calm")
def test_two_lines_with_names(submission):
    """Both lines are drawn over the days, and named in the legend"""
    submission.draw_calm(dates(9), np.arange(9.0))
    axes = only(submission.figure())
    assert sorted(line.label for line in axes.lines) == ["each day", "mean over a week"]
    assert sorted(axes.legend) == ["each day", "mean over a week"]
    assert [as_days(line.x).tolist() for line in axes.lines] == [dates(9).tolist()] * 2


@pytest.mark.exercise("draw_calm")
def test_the_calm_line_is_darker(submission):
    """The mean over a week lies on top, and has the darker colour of the two, the line of each day a pale one"""
    submission.draw_calm(dates(9), np.arange(9.0))
    restless, calm = only(submission.figure()).lines
    assert (restless.label, calm.label) == ("each day", "mean over a week")
    assert lightness(calm.color) + 40 < lightness(restless.color), f"Their colours are {restless.color} and {calm.color}."
    assert lightness(restless.color) > 160, f"The line of each day has the colour {restless.color}, which is no pale one."


@pytest.mark.exercise("draw_calm")
def test_the_calm_line_is_thicker(submission):
    """The mean over a week has the thicker stroke of the two"""
    submission.draw_calm(dates(9), np.arange(9.0))
    thin, thick = submission.evaluate("lambda: [float(line.get_linewidth()) for line in plt.gca().lines]")()
    assert thick > thin


@pytest.mark.exercise("draw_calm", hidden=True)
@QUICK
@given(HIGHS)
def test_any_year_is_calmed(submission, highs):
    """Whatever was measured, the one line shows it and the other its mean over seven days"""
    submission.draw_calm(dates(len(highs)), np.array(highs))
    lines = {line.label: line.y for line in only(submission.figure()).lines}
    means = [fmean(highs[place - 3 : place + 4]) if 3 <= place < len(highs) - 3 else float("nan") for place in range(len(highs))]
    assert same(lines["each day"], np.array(highs))
    assert same(lines["mean over a week"], np.array(means), abs=1e-9)


@pytest.mark.exercise("mark_hottest")
def test_a_dot_on_the_third_day(submission):
    """Of four days the third was the hottest, with 30.6 degrees: the dot is there, and the text says 31 °C"""
    submission.mark_hottest(dates(4), np.array([21.5, 24.0, 30.6, 19.0]))
    axes = only(submission.figure())
    assert dots(axes) == [(dates(4)[2], 30.6)]
    assert axes.texts == ("31 °C",)


@pytest.mark.exercise("mark_hottest")
def test_the_text_stands_near_the_dot(submission):
    """The text belongs to the point that the dot marks"""
    submission.mark_hottest(dates(4), np.array([21.5, 24.0, 30.6, 19.0]))
    across, up = submission.evaluate(PLACE)()
    assert abs(across - dates(4)[2].astype(int)) <= 5
    assert abs(up - 30.6) <= 10


@pytest.mark.exercise("mark_hottest", hidden=True)
@QUICK
@given(HIGHS)
def test_any_hottest_day(submission, highs):
    """Whichever day was the hottest, the first of its kind has the dot and the text, and the line is there"""
    days = dates(len(highs))
    submission.mark_hottest(days, np.array(highs))
    axes = only(submission.figure())
    assert dots(axes) == [(days[highs.index(max(highs))], max(highs))]
    assert axes.texts == (f"{max(highs):.0f} °C",)
    assert [line.y.tolist() for line in axes.lines if len(line.y) > 1] == [highs]
    assert [as_days(line.x).tolist() for line in axes.lines if len(line.x) > 1] == [days.tolist()]


@pytest.mark.exercise("mark_hottest", hidden=True)
def test_two_days_equally_hot(submission):
    """Of two days that are equally hot the earlier one is marked"""
    submission.mark_hottest(dates(5), np.array([11.0, 28.2, 12.0, 28.2, 9.0]))
    assert dots(only(submission.figure())) == [(dates(5)[1], 28.2)]
