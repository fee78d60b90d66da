"""Whose work was lost: melt a wide table, compare by percentages, find each group's lowest row, and pivot back."""

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

# Tables are slow to compare and hidden inputs are never shown: the first failing table will do, no need to shrink it.
QUICK = settings(max_examples=20, phases=[Phase.generate], report_multiple_bugs=False)
MONTHS = pd.date_range("2001-01-01", periods=6, freq="MS")
NAMES = ["farming", "fishing", "mining", "music", "baking and milling"]


def long(rows, *columns):
    """Return rows that begin with a month as a long table with these further columns."""
    return pd.DataFrame(rows, columns=["month", *columns]).assign(month=lambda table: pd.to_datetime(table["month"]))


@st.composite
def counted(draw, least=1):
    """Draw (month, industry, jobs) rows, industry by industry; no two numbers of jobs are the same."""
    industries = draw(st.lists(st.sampled_from(NAMES), min_size=least, max_size=4, unique=True))
    months = MONTHS[: draw(st.integers(2, len(MONTHS)))]
    size = len(industries) * len(months)
    jobs = draw(st.lists(st.integers(50, 5000), min_size=size, max_size=size, unique=True))
    pairs = [(month, industry) for industry in industries for month in months]
    return [(*pair, float(number)) for pair, number in zip(pairs, jobs, strict=True)]


@pytest.mark.exercise("to_long")
def test_two_industries_become_rows(submission):
    """Two months and two industries give four rows, with the columns month, industry and jobs"""
    wide = pd.DataFrame({"month": pd.to_datetime(["2001-01-01", "2001-02-01"]), "mining": [40, 44], "music": [9, 8]})
    rows = [("2001-01-01", "mining", 40), ("2001-02-01", "mining", 44), ("2001-01-01", "music", 9), ("2001-02-01", "music", 8)]
    assert same(submission.to_long(wide), long(rows, "industry", "jobs"), order=False, index=False, dtype=False)


@pytest.mark.exercise("to_long", hidden=True)
@QUICK
@given(counted())
def test_any_industries_become_rows(submission, rows):
    """Any industries, whatever their names, give a row for each month"""
    table = {"month": sorted({month for month, _, _ in rows})}
    for _, industry, jobs in rows:
        table.setdefault(industry, []).append(jobs)
    assert same(submission.to_long(pd.DataFrame(table)), long(rows, "industry", "jobs"), order=False, index=False, dtype=False)


@pytest.mark.exercise("add_percent")
def test_each_industry_has_its_own_start(submission):
    """With 50 and 200 jobs at the start, 60 and 150 jobs are 120 and 75 percent"""
    rows = [("2001-01-01", "mining", 50), ("2001-02-01", "mining", 60), ("2001-01-01", "music", 200), ("2001-02-01", "music", 150)]
    expected = [(*row, percent) for row, percent in zip(rows, [100.0, 120.0, 100.0, 75.0], strict=True)]
    came = submission.add_percent(long(rows, "industry", "jobs"), "2001-01-01")
    assert same(came, long(expected, "industry", "jobs", "percent"), index=False, dtype=False)


@pytest.mark.exercise("add_percent", points=2, hidden=True)
@QUICK
@given(rows=counted(least=2), data=st.data())
def test_any_start(submission, rows, data):
    """Any month can be the start, and the rows may come in any order"""
    rows = data.draw(st.permutations(rows))
    start = data.draw(st.sampled_from(sorted({month for month, _, _ in rows})))
    base = {industry: jobs for month, industry, jobs in rows if month == start}
    expected = [(month, industry, jobs, 100 * jobs / base[industry]) for month, industry, jobs in rows]
    came = submission.add_percent(long(rows, "industry", "jobs"), str(start.date()))
    assert same(came, long(expected, "industry", "jobs", "percent"), index=False, dtype=False)


def lowest(rows):
    """Return the expected table of lowest months, for (month, industry, percent) rows."""
    worst = {}
    for month, industry, percent in rows:
        if industry not in worst or percent < worst[industry][2]:
            worst[industry] = (industry, month, percent)
    table = pd.DataFrame(sorted(worst.values(), key=lambda row: row[2]), columns=["industry", "month", "percent"])
    return table.assign(month=pd.to_datetime(table["month"]))


@pytest.mark.exercise("worst_months")
def test_the_deepest_fall_comes_first(submission):
    """Music fell to 60 in February and mining to 90 in January: music comes first"""
    rows = [("2001-01-01", "mining", 90.0), ("2001-02-01", "mining", 95.0), ("2001-01-01", "music", 70.0), ("2001-02-01", "music", 60.0)]
    table = long(rows, "industry", "percent").assign(jobs=[9, 8, 1000, 2000])[["month", "industry", "jobs", "percent"]]
    assert same(submission.worst_months(table), lowest(rows), index=False, dtype=False)


@pytest.mark.exercise("worst_months", points=2, hidden=True)
@QUICK
@given(rows=counted(least=2), data=st.data())
def test_any_lowest_months(submission, rows, data):
    """Each of any industries has its lowest month, whatever the order and the labels of the rows"""
    rows = data.draw(st.permutations(rows))
    table = long(rows, "industry", "percent").assign(jobs=range(len(rows), 0, -1))[["month", "industry", "jobs", "percent"]]
    table.index = range(100, 100 + len(rows))
    assert same(submission.worst_months(table), lowest(rows), index=False, dtype=False)


def across(rows):
    """Return the expected wide table for (month, industry, percent) rows."""
    months = sorted({month for month, _, _ in rows})
    names = sorted({industry for _, industry, _ in rows})
    found = {(month, industry): percent for month, industry, percent in rows}
    table = pd.DataFrame({name: [found[month, name] for month in months] for name in names}, index=pd.DatetimeIndex(months, name="month"))
    return table.rename_axis(columns="industry")


@pytest.mark.exercise("to_wide")
def test_rows_become_columns(submission):
    """Four rows of percentages give two rows, with a column for mining and one for music"""
    rows = [(MONTHS[0], "mining", 100.0), (MONTHS[1], "mining", 90.0), (MONTHS[0], "music", 100.0), (MONTHS[1], "music", 110.0)]
    table = long(rows, "industry", "percent").assign(jobs=[50, 45, 10, 11])[["month", "industry", "jobs", "percent"]]
    assert same(submission.to_wide(table), across(rows), dtype=False)


@pytest.mark.exercise("to_wide", hidden=True)
@QUICK
@given(rows=counted(), data=st.data())
def test_any_rows_become_columns(submission, rows, data):
    """Any industries become columns, and any months rows, in their order"""
    rows = data.draw(st.permutations(rows))
    table = long(rows, "industry", "percent").assign(jobs=range(len(rows)))[["month", "industry", "jobs", "percent"]]
    assert same(submission.to_wide(table), across(rows), dtype=False)
