"""Counting bikes: read a table, fill its gaps, pivot by weekday, and join the weather."""

from datetime import date, timedelta
from statistics import fmean, median

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

# Tables are slow to compare and hidden inputs are never shown: the first failing table will do, no need to shrink it.
QUICK = settings(max_examples=20, phases=[Phase.generate], report_multiple_bugs=False)
BIKES = st.integers(0, 1500)
WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
START = date(2023, 2, 27)  # a Monday


def table(rows):
    """Return (day, counter, bikes) rows as the data frame that the lesson works with."""
    days, counters, bikes = zip(*rows, strict=True)
    return pd.DataFrame({"date": pd.to_datetime(list(days)), "counter": list(counters), "bikes": pd.Series(bikes, dtype=float)})


@st.composite
def counted(draw, gaps):
    """Draw rows for one to three weeks at two counters, in any order, with some numbers missing if there may be *gaps*."""
    days = [START + timedelta(days=number) for number in range(7 * draw(st.integers(1, 3)))]
    rows = [(day, counter, draw(BIKES)) for day in days for counter in ("gate", "quay")]
    if gaps:
        lost = draw(st.sets(st.sampled_from(range(2, len(rows))), max_size=6))
        rows = [(day, counter, None if place in lost else bikes) for place, (day, counter, bikes) in enumerate(rows)]
    return draw(st.permutations(rows))


@pytest.mark.exercise("read_counts")
def test_two_days_are_read(submission):
    """Dates become dates, numbers become numbers, and "-" becomes a missing value"""
    text = "date,counter,bikes\n2024-05-06,bridge,1042\n2024-05-07,bridge,-\n"
    assert same(submission.read_counts(text), table([("2024-05-06", "bridge", 1042), ("2024-05-07", "bridge", None)]), dtype=False)


@pytest.mark.exercise("read_counts", hidden=True)
@QUICK
@given(counted(gaps=True))
def test_any_table_is_read(submission, rows):
    """Any table is read row by row, whatever its counters have counted"""
    lines = [f"{day},{counter},{'-' if bikes is None else bikes}\n" for day, counter, bikes in rows]
    assert same(submission.read_counts("date,counter,bikes\n" + "".join(lines)), table(rows), dtype=False)


@pytest.mark.exercise("fill_gaps")
def test_each_counter_has_its_own_median(submission):
    """A gap at the quay is filled with the median of the quay, not of everything"""
    rows = [("2023-03-01", "gate", 900), ("2023-03-01", "quay", 100), ("2023-03-02", "quay", None), ("2023-03-03", "quay", 140)]
    filled = [(*row[:2], 120) if row[2] is None else row for row in rows]
    assert same(submission.fill_gaps(table(rows)), table(filled), dtype=False)


@pytest.mark.exercise("fill_gaps", points=2, hidden=True)
@QUICK
@given(counted(gaps=True))
def test_any_gaps_are_filled(submission, rows):
    """All gaps are filled, and every other number stays where it was"""
    usual = {counter: median(bikes for _, where, bikes in rows if where == counter and bikes is not None) for counter in ("gate", "quay")}
    filled = [(day, counter, usual[counter] if bikes is None else bikes) for day, counter, bikes in rows]
    assert same(submission.fill_gaps(table(rows)), table(filled), dtype=False)


def by_weekday(rows):
    """Return the mean number of bikes for each weekday (rows) and counter (columns)."""
    means = {
        counter: [fmean(bikes for day, where, bikes in rows if where == counter and day.weekday() == number) for number in range(7)]
        for counter in ("gate", "quay")
    }
    return pd.DataFrame(means, index=pd.Index(WEEK, name="weekday")).rename_axis(columns="counter")


@pytest.mark.exercise("weekday_table")
def test_one_week(submission):
    """One week of 10, 20, 30 ... bikes gives a row for each day, from Monday to Sunday"""
    rows = [(START + timedelta(days=number), counter, 10 * number + 10) for number in range(7) for counter in ("gate", "quay")]
    assert same(submission.weekday_table(table(rows)), by_weekday(rows), dtype=False)


@pytest.mark.exercise("weekday_table", points=2, hidden=True)
@QUICK
@given(counted(gaps=False))
def test_any_weeks(submission, rows):
    """Any number of weeks is averaged by weekday and counter"""
    assert same(submission.weekday_table(table(rows)), by_weekday(rows), dtype=False)


@pytest.mark.exercise("rain_effect")
def test_weather_in_another_order(submission):
    """Each day meets its own weather, even if the weather comes in another order"""
    counts = table([("2023-03-01", "gate", 500), ("2023-03-02", "gate", 100), ("2023-03-03", "gate", 600)])
    weather = pd.DataFrame({"date": pd.to_datetime(["2023-03-02", "2023-03-03", "2023-03-01"]), "rain": [9.5, 0.0, 0.2]})
    assert same(submission.rain_effect(counts, weather), {"dry": 550.0, "wet": 100.0}, dtype=False)


@pytest.mark.exercise("rain_effect", hidden=True)
@QUICK
@given(rows=counted(gaps=False), data=st.data())
def test_any_weather(submission, rows, data):
    """Days with 1 mm or more are wet, days without a report are left out"""
    days = sorted({day for day, _, _ in rows})
    reports = st.sampled_from([0.0, 0.9, 1.0, 1.1, 20.0])
    rain = {days[0]: 1.0, days[1]: 0.9, **{day: data.draw(reports) for day in days[2:-1]}}
    weather = pd.DataFrame({"date": pd.to_datetime(list(rain)), "rain": list(rain.values())})
    wet = fmean(bikes for day, _, bikes in rows if day in rain and rain[day] >= 1)
    dry = fmean(bikes for day, _, bikes in rows if day in rain and rain[day] < 1)
    assert same(submission.rain_effect(table(rows), weather), {"dry": dry, "wet": wet}, dtype=False)
