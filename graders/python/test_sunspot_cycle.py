"""Every eleven years: a mean, the highest of two lists, peaks by slices, and gaps between neighbours."""

from itertools import accumulate

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

VALUES = st.lists(st.integers(0, 12), max_size=14)
SOME = st.lists(st.integers(-50, 50), min_size=1, max_size=12)


@pytest.mark.exercise("mean_of")
def test_mean_of_three(submission):
    """The mean of 1, 2 and 6 is 3"""
    assert same(submission.mean_of([1, 2, 6]), 3)


@pytest.mark.exercise("mean_of", hidden=True)
@settings(max_examples=30)
@given(SOME)
@example([5])
def test_any_mean(submission, values):
    """Any mean, taken as often as there are values, is their sum"""
    came = submission.mean_of(values)
    assert same(came * len(values), list(accumulate(values))[-1], abs=1e-9)


@pytest.mark.exercise("top_year")
def test_second_of_three(submission):
    """Of 1961, 1962 and 1963 with 5, 8 and 2 spots, 1962 has most"""
    assert submission.top_year([1961, 1962, 1963], [5, 8, 2]) == 1962


@pytest.mark.exercise("top_year")
def test_first_of_two_equal_years(submission):
    """If 1970 and 1972 have equally many spots and no year has more, the answer is 1970"""
    assert submission.top_year([1970, 1971, 1972], [7, 1, 7]) == 1970


@pytest.mark.exercise("top_year", hidden=True)
@settings(max_examples=30)
@given(values=SOME, first=st.integers(1700, 2000))
@example(values=[-5, -3, -9], first=1800)
@example(values=[1, 4, 9], first=1800)
def test_any_top_year(submission, values, first):
    """Any list has its highest value in the first year that no other year tops"""
    years = list(range(first, first + len(values)))
    assert submission.top_year(years, values) == first + min(range(len(values)), key=lambda place: (-values[place], place))


@pytest.mark.exercise("peaks")
def test_one_peak(submission):
    """In 0, 3, 5, 9, 6, 4, 1, 2 only the fourth year is a peak"""
    assert submission.peaks([1, 2, 3, 4, 5, 6, 7, 8], [0, 3, 5, 9, 6, 4, 1, 2]) == [4]


@pytest.mark.exercise("peaks")
def test_no_peak_near_the_ends(submission):
    """A year with fewer than three neighbours on a side is no peak, however high"""
    assert submission.peaks([1, 2, 3, 4, 5, 6, 7, 8, 9], [8, 1, 2, 3, 5, 4, 3, 1, 9]) == [5]


@pytest.mark.exercise("peaks", hidden=True)
@settings(max_examples=60)
@given(values=VALUES, first=st.integers(1700, 2000))
@example(values=[0, 0, 0, 5, 5, 0, 0, 0], first=1800)
@example(values=[0, 0, 0, 5, 1, 1, 6], first=1800)
@example(values=[6, 1, 1, 5, 0, 0, 0], first=1800)
@example(values=[9, 0, 0, 0, 5, 0, 0, 0, 9], first=1800)
@example(values=[2, 2, 2, 2, 2, 2, 2], first=1900)
def test_any_peaks(submission, values, first):
    """In any list, exactly the years that no neighbour within three tops are peaks"""
    years = list(range(first, first + len(values)))
    topped = {one for one in range(len(values)) for other in range(len(values)) if abs(one - other) <= 3 and values[other] > values[one]}
    expected = [years[place] for place in range(len(values)) if place >= 3 and place + 3 < len(values) and place not in topped]
    assert submission.peaks(years, values) == expected


@pytest.mark.exercise("gaps")
def test_two_gaps(submission):
    """From 1905 to 1917 to 1928 it is 12 and 11 years"""
    assert submission.gaps([1905, 1917, 1928]) == [12, 11]


@pytest.mark.exercise("gaps", hidden=True)
@settings(max_examples=30)
@given(steps=st.lists(st.integers(1, 30), max_size=8), first=st.integers(1700, 1900))
def test_any_gaps(submission, steps, first):
    """The gaps between any numbers are the steps that led from each to the next"""
    assert submission.gaps(list(accumulate(steps, initial=first))) == steps


@pytest.mark.exercise("gaps", hidden=True)
def test_nothing_to_compare(submission):
    """Without a pair of numbers there is no gap, and with one pair there is one"""
    assert submission.gaps([]) == []
    assert submission.gaps([44]) == []
    assert submission.gaps([44, 50]) == [6]
