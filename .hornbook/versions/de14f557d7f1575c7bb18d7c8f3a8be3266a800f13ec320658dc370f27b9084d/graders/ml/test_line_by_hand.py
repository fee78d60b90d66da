"""A line by hand: residuals, their mean square, the least-squares formula, and the way downhill."""

from fractions import Fraction
from statistics import linear_regression

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

WEEKS, HEIGHTS = np.array([1.0, 2.0, 4.0]), np.array([3.0, 4.0, 9.0])
NUMBERS = st.integers(-30, 30).map(lambda tenths: tenths / 10)


@st.composite
def clouds(draw):
    """Draw two to eight dots, as a list of x and a list of y; not all x are the same."""
    pairs = draw(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=8))
    x, y = map(list, zip(*pairs, strict=True))
    assume(max(x) > min(x))
    return x, y


def above(x, y, slope, intercept):
    """Return by how much each dot lies above the line, dot by dot."""
    return [height - intercept - slope * across for across, height in zip(x, y, strict=True)]


def downhill(x, y, steps, rate):
    """Return slope and intercept after *steps* of gradient descent, exactly, with fractions."""
    x, y, rate = [Fraction(number) for number in x], [Fraction(number) for number in y], Fraction(rate)
    slope = intercept = Fraction(0)
    for _ in range(steps):
        off = above(x, y, slope, intercept)
        turn = sum(one * across for one, across in zip(off, x, strict=True)) / len(x)
        slope, intercept = slope + 2 * rate * turn, intercept + 2 * rate * sum(off) / len(x)
    return float(slope), float(intercept)


@pytest.mark.exercise("residuals")
def test_one_above_one_below(submission):
    """For the line 2 x + 0.5, the heights 3, 4 and 9 in weeks 1, 2 and 4 lie 0.5 above, 0.5 below and 0.5 above"""
    assert same(submission.residuals(WEEKS, HEIGHTS, 2, 0.5), np.array([0.5, -0.5, 0.5]), dtype=False)


@pytest.mark.exercise("residuals", hidden=True)
@settings(max_examples=20)
@given(cloud=clouds(), slope=NUMBERS, intercept=NUMBERS)
def test_any_residuals(submission, cloud, slope, intercept):
    """Any dots lie so far above or below any line"""
    x, y = cloud
    came = submission.residuals(np.array(x), np.array(y), slope, intercept)
    assert same(came, np.array(above(x, y, slope, intercept)), abs=1e-9, dtype=False)


@pytest.mark.exercise("error")
def test_a_mean_of_squares(submission):
    """Residuals of 1, -2 and 4 have the mean squared error 7"""
    assert same(submission.error(WEEKS, np.array([2.0, 0.0, 8.0]), 1, 0), 7.0, dtype=False)


@pytest.mark.exercise("error", hidden=True)
@settings(max_examples=20)
@given(cloud=clouds(), slope=NUMBERS, intercept=NUMBERS)
def test_any_error(submission, cloud, slope, intercept):
    """Any line has its mean squared error"""
    x, y = cloud
    squares = [off * off for off in above(x, y, slope, intercept)]
    assert same(submission.error(np.array(x), np.array(y), slope, intercept), sum(squares) / len(squares), abs=1e-9, dtype=False)


@pytest.mark.exercise("best_line")
def test_best_line_through_four(submission):
    """The best line through (0, 1), (1, 2), (2, 6) and (3, 7) has the slope 2.2 and the intercept 0.7"""
    came = submission.best_line(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 2.0, 6.0, 7.0]))
    assert same(came, (2.2, 0.7), dtype=False)


@pytest.mark.exercise("best_line", hidden=True)
@settings(max_examples=25)
@given(clouds())
def test_any_best_line(submission, cloud):
    """Any dots have their best line"""
    x, y = cloud
    expected = linear_regression(x, y)
    assert same(submission.best_line(np.array(x), np.array(y)), (expected.slope, expected.intercept), rel=1e-6, abs=1e-6, dtype=False)


@pytest.mark.exercise("descend")
def test_one_step(submission):
    """One step at the rate 0.5 from 0 and 0, for the dots (1, 2) and (3, 4), leads to the slope 7 and the intercept 3"""
    assert same(submission.descend(np.array([1.0, 3.0]), np.array([2.0, 4.0]), 1, 0.5), (7.0, 3.0), dtype=False)


@pytest.mark.exercise("descend")
def test_many_steps_reach_the_bottom(submission):
    """Five hundred steps at the rate 0.1 lead to the best line, with the slope 2 and the intercept 1"""
    x = np.array([-1.0, 0.0, 1.0, 2.0])
    assert same(submission.descend(x, 2 * x + 1, 500, 0.1), (2.0, 1.0), abs=1e-6, dtype=False)


@pytest.mark.exercise("descend", hidden=True)
@settings(max_examples=20)
@given(cloud=clouds(), steps=st.integers(0, 4), rate=st.sampled_from([0.01, 0.05, 0.125]))
def test_any_steps(submission, cloud, steps, rate):
    """Any number of steps, even none, leads where it should, and both numbers take each step together"""
    x, y = cloud
    expected = downhill(x, y, steps, rate)
    assert same(submission.descend(np.array(x), np.array(y), steps, rate), expected, rel=1e-6, abs=1e-9, dtype=False)
