"""The planet breathes: months from weeks, a rolling mean, a typical year, and the rise per year."""

from datetime import date, timedelta
from statistics import fmean

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

# Series are slow to compare and hidden inputs are never shown: the first failing one will do, no need to shrink it.
QUICK = settings(max_examples=15, phases=[Phase.generate], report_multiple_bugs=False)
PARTS = st.integers(3000, 3800).map(lambda tenths: tenths / 10)


def dated(values):
    """Return a dictionary of dates and values as the series that the lesson works with."""
    return pd.Series(list(values.values()), index=pd.DatetimeIndex(list(values)), dtype=float)


def month_starts(year, count):
    """Return the first days of *count* months from January of *year*."""
    return [date(year + place // 12, place % 12 + 1, 1) for place in range(count)]


@st.composite
def weekly(draw):
    """Draw a value for each week of half a year or more, some of them missing, and one stretch of months that is missing as a whole."""
    start = date(draw(st.integers(1960, 1990)), draw(st.integers(1, 12)), draw(st.integers(1, 7)))
    weeks = [start + timedelta(days=7 * place) for place in range(draw(st.integers(30, 60)))]
    gap = draw(st.integers(9, 12))
    lost = range(8, 8 + gap)
    values = draw(st.lists(st.one_of(PARTS, st.none()), min_size=len(weeks), max_size=len(weeks)))
    edges = {0: 310.5, len(weeks) - 1: 321.0}
    return {day: edges.get(place, None if place in lost else value) for place, (day, value) in enumerate(zip(weeks, values, strict=True))}


@st.composite
def monthly(draw):
    """Draw three to five years of months from any January."""
    days = month_starts(draw(st.integers(1950, 1990)), 12 * draw(st.integers(3, 5)))
    return dict(zip(days, draw(st.lists(PARTS, min_size=len(days), max_size=len(days))), strict=True))


def means(weeks):
    """Return the mean of each month, with empty months in even steps between their neighbours."""
    first, last = min(weeks), max(weeks)
    count = 12 * (last.year - first.year) + last.month - first.month + 1
    days = month_starts(first.year, first.month - 1 + count)[first.month - 1 :]
    found = [[value for day, value in weeks.items() if day.replace(day=1) == start and value is not None] for start in days]
    known = {place: fmean(values) for place, values in enumerate(found) if values}
    filled = {}
    for place, start in enumerate(days):
        before, after = max(other for other in known if other <= place), min(other for other in known if other >= place)
        share = (place - before) / (after - before) if after > before else 0
        filled[start] = known[before] + share * (known[after] - known[before])
    return filled


def rolled(values):
    """Return the mean of the six values before each, itself and the five after it, where they all exist."""
    return [fmean(values[place - 6 : place + 6]) if 6 <= place <= len(values) - 6 else None for place in range(len(values))]


@pytest.mark.exercise("monthly")
def test_three_weeks_of_two_months(submission):
    """Two weeks of May with 316 and 318 ppm and one of June with 320 make 317 for May and 320 for June"""
    air = dated({date(1958, 5, 10): 316, date(1958, 5, 17): 318, date(1958, 6, 14): 320})
    assert same(submission.monthly(air), dated({date(1958, 5, 1): 317, date(1958, 6, 1): 320}), dtype=False)


@pytest.mark.exercise("monthly")
def test_an_empty_month(submission):
    """Between a March of 310 and a May of 314 ppm an April without a value gets 312"""
    air = dated({date(1964, 3, 7): 310, date(1964, 4, 4): None, date(1964, 5, 2): 314})
    expected = dated({date(1964, 3, 1): 310, date(1964, 4, 1): 312, date(1964, 5, 1): 314})
    assert same(submission.monthly(air), expected, dtype=False)


@pytest.mark.exercise("monthly", hidden=True)
@QUICK
@given(weekly())
def test_any_weeks(submission, weeks):
    """Any weeks make months, and any empty months lie on a straight line"""
    assert same(submission.monthly(dated(weeks)), dated(means(weeks)), dtype=False)


@pytest.mark.exercise("trend")
def test_a_straight_line(submission):
    """Fifteen months that rise by 2 ppm each have a trend in four places, one ppm below the month itself"""
    days = month_starts(1970, 15)
    months = dated({day: 320 + 2 * place for place, day in enumerate(days)})
    expected = dated({day: 319 + 2 * place if 6 <= place <= 9 else None for place, day in enumerate(days)})
    assert same(submission.trend(months), expected, dtype=False)


@pytest.mark.exercise("trend", hidden=True)
@QUICK
@given(monthly())
def test_any_trend(submission, months):
    """Any months are smoothed, and where a window would not be full there is no value"""
    expected = dated(dict(zip(months, rolled(list(months.values())), strict=True)))
    assert same(submission.trend(dated(months)), expected, dtype=False)


@pytest.mark.exercise("season")
def test_one_high_month(submission):
    """If every May lies 12 ppm above all other months, it is 11 above the trend, and the others are 1 below"""
    months = dated({day: 332 if day.month == 5 else 320 for day in month_starts(1980, 48)})
    expected = pd.Series({month: 11.0 if month == 5 else -1.0 for month in range(1, 13)})
    assert same(submission.season(months), expected, dtype=False)


@pytest.mark.exercise("season", hidden=True)
@QUICK
@given(monthly())
def test_any_season(submission, months):
    """Any years give a typical year, from January to December"""
    apart = [(day.month, value - mean) for (day, value), mean in zip(months.items(), rolled(list(months.values())), strict=True) if mean]
    expected = pd.Series({month: fmean(value for place, value in apart if place == month) for month in range(1, 13)})
    assert same(submission.season(dated(months)), expected, abs=1e-9, dtype=False)


@pytest.mark.exercise("rise")
def test_five_in_two_years(submission):
    """From 320 ppm in 1970 to 325 in 1972 the air changed by 2.5 ppm per year"""
    months = dated({day: {1970: 320, 1971: 321, 1972: 325}[day.year] for day in month_starts(1970, 36)})
    assert same(submission.rise(months, 1970, 1972), 2.5, dtype=False)


@pytest.mark.exercise("rise", hidden=True)
@QUICK
@given(months=monthly(), data=st.data())
def test_any_years(submission, months, data):
    """The whole of each year counts, whichever two years are compared"""
    years = sorted({day.year for day in months})
    first, last = data.draw(st.sampled_from([(one, other) for one in years for other in years if one < other]))
    low, high = (fmean(value for day, value in months.items() if day.year == year) for year in (first, last))
    assert same(submission.rise(dated(months), first, last), (high - low) / (last - first), abs=1e-9, dtype=False)
