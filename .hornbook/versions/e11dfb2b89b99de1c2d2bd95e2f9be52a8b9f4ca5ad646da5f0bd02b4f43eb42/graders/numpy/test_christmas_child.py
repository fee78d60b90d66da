"""The Christmas child: arithmetic with arrays, means along an axis, anomalies, and the warmest year."""

from statistics import fmean

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

DEGREES = st.integers(150, 300).map(lambda tenths: tenths / 10)


@st.composite
def tables(draw, least=1):
    """Draw a table as a list of rows: *least* to 6 years of 2 to 12 months."""
    months = draw(st.integers(2, 12))
    return draw(st.lists(st.lists(DEGREES, min_size=months, max_size=months), min_size=least, max_size=6))


def differences(table):
    """Return by how much each number of *table* is above the mean of its column."""
    usual = [fmean(column) for column in zip(*table, strict=True)]
    return [[number - mean for number, mean in zip(row, usual, strict=True)] for row in table]


@pytest.mark.exercise("fahrenheit")
def test_ice_and_steam(submission):
    """0, 10 and 100 °C are 32, 50 and 212 °F"""
    assert same(submission.fahrenheit(np.array([0, 10, 100])), np.array([32.0, 50.0, 212.0]), dtype=False)


@pytest.mark.exercise("fahrenheit", hidden=True)
@settings(max_examples=20)
@given(tables())
def test_any_table_is_converted(submission, table):
    """A table of any shape is converted, and keeps its shape"""
    expected = np.array([[number * 9 / 5 + 32 for number in row] for row in table])
    assert same(submission.fahrenheit(np.array(table)), expected, dtype=False)


@pytest.mark.exercise("usual_year")
def test_three_years_of_two_months(submission):
    """The mean of 15, 18 and 21 in one month and 20, 20 and 26 in the other is 18 and 22"""
    came = submission.usual_year(np.array([[15.0, 20.0], [18.0, 20.0], [21.0, 26.0]]))
    assert same(came, np.array([18.0, 22.0]), dtype=False)


@pytest.mark.exercise("usual_year", hidden=True)
@settings(max_examples=20)
@given(tables())
def test_any_months_have_a_mean(submission, table):
    """Any number of years and months gives one mean for each month"""
    expected = np.array([fmean(column) for column in zip(*table, strict=True)])
    assert same(submission.usual_year(np.array(table)), expected, dtype=False)


@pytest.mark.exercise("anomaly")
def test_a_year_colder_and_a_year_warmer(submission):
    """Of two years, one is as much colder than usual as the other is warmer"""
    came = submission.anomaly(np.array([[15.0, 20.0, 24.0], [17.0, 26.0, 24.0]]))
    assert same(came, np.array([[-1.0, -3.0, 0.0], [1.0, 3.0, 0.0]]), dtype=False)


@pytest.mark.exercise("anomaly", hidden=True)
@settings(max_examples=20)
@given(tables())
def test_any_table_has_anomalies(submission, table):
    """Each month of any table is compared with its own mean"""
    assert same(submission.anomaly(np.array(table)), np.array(differences(table)), abs=1e-9, dtype=False)


@pytest.mark.exercise("warmest_year")
def test_one_warm_year(submission):
    """Of 2001, 2002 and 2003, with 19, 23 and 20 °C in all months, the warmest is 2002"""
    sea = np.array([[19.0, 19.0], [23.0, 23.0], [20.0, 20.0]])
    assert same(submission.warmest_year(np.array([2001, 2002, 2003]), sea), 2002, dtype=False)


@pytest.mark.exercise("warmest_year", hidden=True)
@settings(max_examples=30)
@given(table=tables(least=3), first=st.integers(1800, 2000))
def test_the_year_and_not_the_month(submission, table, first):
    """The whole year counts, not a single month, and the years may begin anywhere"""
    means = [fmean(row) for row in table]
    highest = max(means)
    assume(sum(mean > highest - 0.05 for mean in means) == 1)
    years = [first + 2 * place for place in range(len(table))]
    expected = years[means.index(highest)]
    assert same(submission.warmest_year(np.array(years), np.array(table)), expected, dtype=False)
