"""Ask the neighbours: distances, standardised columns, a vote of the nearest, and how often it is right."""

from fractions import Fraction
from math import dist, sqrt
from statistics import fmean, pstdev

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

WHOLE = st.integers(-20, 20)


@st.composite
def places(draw, least=1, columns=None):
    """Draw two to seven different points of so many columns, with whole numbers."""
    width = draw(st.integers(1, 3)) if columns is None else columns
    return draw(st.lists(st.tuples(*[WHOLE] * width), min_size=least, max_size=7, unique=True))


def squared(one, other):
    """Return the square of the distance, which is exact."""
    return sum((left - right) ** 2 for left, right in zip(one, other, strict=True))


def told_apart(points, point):
    """Tell whether no two of the points are equally far, so that there is one order of them."""
    return len({squared(other, point) for other in points}) == len(points)


def vote(points, labels, point, k):
    """Return the most frequent label of the *k* nearest; of equally frequent ones, the nearer."""
    nearest = [label for _, label in sorted(zip([squared(other, point) for other in points], labels, strict=True))[:k]]
    return max(nearest, key=lambda label: (nearest.count(label), -nearest.index(label)))


def shares(points, labels, k):
    """Return the expected share of right answers, exactly."""
    hits = 0
    for place, point in enumerate(points):
        others = points[:place] + points[place + 1 :]
        hits += vote(others, labels[:place] + labels[place + 1 :], point, k) == labels[place]
    return Fraction(hits, len(points))


@pytest.mark.exercise("distances")
def test_three_places(submission):
    """From (1, 1), the points (1, 1), (4, 5) and (1, 3) are 0, 5 and 2 away"""
    came = submission.distances(np.array([[1.0, 1.0], [4.0, 5.0], [1.0, 3.0]]), np.array([1.0, 1.0]))
    assert same(came, np.array([0.0, 5.0, 2.0]), dtype=False)


@pytest.mark.exercise("distances", hidden=True)
@settings(max_examples=25)
@given(st.data())
def test_any_distances(submission, data):
    """Points with any number of columns have their distances"""
    points = data.draw(places())
    point = data.draw(st.tuples(*[WHOLE] * len(points[0])))
    came = submission.distances(np.array(points, dtype=float), np.array(point, dtype=float))
    assert same(came, np.array([dist(other, point) for other in points]), abs=1e-9, dtype=False)


@pytest.mark.exercise("standardise")
def test_two_columns(submission):
    """Columns of 1, 3, 5 and of 200, 200, 500: each by its own mean and its own standard deviation"""
    step = sqrt(8 / 3)
    expected = np.column_stack([np.array([-2.0, 0.0, 2.0]) / step, np.array([-1.0, -1.0, 2.0]) / sqrt(2)])
    assert same(submission.standardise(np.array([[1.0, 200.0], [3.0, 200.0], [5.0, 500.0]])), expected, abs=1e-9, dtype=False)


@pytest.mark.exercise("standardise", hidden=True)
@settings(max_examples=25)
@given(places(least=2))
def test_any_columns(submission, points):
    """Any number of columns has the mean 0 and the standard deviation 1 afterwards"""
    columns = list(zip(*points, strict=True))
    assume(all(len(set(column)) > 1 for column in columns))
    expected = [[(value - fmean(column)) / pstdev(column) for value in column] for column in columns]
    assert same(submission.standardise(np.array(points, dtype=float)), np.array(expected).T, abs=1e-9, dtype=False)


TOWN = np.array([[9.0, 0.0], [0.0, 0.0], [8.0, 0.0], [1.0, 0.0], [7.0, 0.0]])
DRINKS = np.array(["milk", "tea", "milk", "tea", "milk"])


@pytest.mark.exercise("classify")
def test_the_nearest_three_are_asked(submission):
    """Of the three nearest to (2, 0), two say tea, although milk is more frequent in town"""
    assert same(submission.classify(TOWN, DRINKS, np.array([2.0, 0.0]), 3), "tea", dtype=False)


@pytest.mark.exercise("classify")
def test_all_of_town_is_asked(submission):
    """With k = 5 all of town votes, and milk has three of five"""
    assert same(submission.classify(TOWN, DRINKS, np.array([2.0, 0.0]), 5), "milk", dtype=False)


@pytest.mark.exercise("classify", points=2, hidden=True)
@settings(max_examples=30)
@given(st.data())
def test_any_vote(submission, data):
    """Any number of neighbours votes; where labels are equally frequent the nearer one wins"""
    points = data.draw(places(least=3))
    point = data.draw(st.tuples(*[WHOLE] * len(points[0])))
    assume(told_apart(points, point))
    labels = data.draw(st.lists(st.sampled_from(["ash", "elm", "oak"]), min_size=len(points), max_size=len(points)))
    k = data.draw(st.integers(1, len(points)))
    came = submission.classify(np.array(points, dtype=float), np.array(labels), np.array(point, dtype=float), k)
    assert same(came, vote(points, labels, point, k), dtype=False)


@pytest.mark.exercise("share_right")
def test_two_of_four_are_right(submission):
    """With oaks at 0, 1 and 3.1 and an elm at 4, the nearest other tree is right about the first two only"""
    points = np.array([[0.0], [1.0], [3.1], [4.0]])
    assert same(submission.share_right(points, np.array(["oak", "oak", "oak", "elm"]), 1), 0.5, dtype=False)


@pytest.mark.exercise("share_right", points=2, hidden=True)
@settings(max_examples=15)
@given(st.data())
def test_any_share(submission, data):
    """Any points are asked about while they are left out"""
    points = data.draw(places(least=3, columns=2))
    assume(all(told_apart(points[:place] + points[place + 1 :], point) for place, point in enumerate(points)))
    labels = data.draw(st.lists(st.sampled_from(["ash", "elm"]), min_size=len(points), max_size=len(points)))
    k = data.draw(st.integers(1, len(points) - 1))
    came = submission.share_right(np.array(points, dtype=float), np.array(labels), k)
    assert same(came, float(shares(points, labels, k)), abs=1e-9, dtype=False)
