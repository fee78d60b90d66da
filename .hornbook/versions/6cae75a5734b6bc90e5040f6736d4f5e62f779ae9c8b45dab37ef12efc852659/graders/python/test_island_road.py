"""The island road: comparisons, one way out of several, and conditions joined."""

from bisect import bisect

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

DEPTHS = st.integers(-200, 200)
WORDS = ["open", "slow", "tractors", "closed"]
MAY = {("bike", "open"), ("car", "open"), ("car", "slow"), ("tractor", "open"), ("tractor", "slow"), ("tractor", "tractors")}


@pytest.mark.exercise("is_dry")
def test_below_the_road_is_dry(submission):
    """At -30 the road is dry, at 30 it is not"""
    assert submission.is_dry(-30) is True
    assert submission.is_dry(30) is False


@pytest.mark.exercise("is_dry")
def test_at_the_edge(submission):
    """At -1 the road is dry, at 0 it is not"""
    assert submission.is_dry(-1) is True
    assert submission.is_dry(0) is False


@pytest.mark.exercise("is_dry", hidden=True)
@settings(max_examples=30)
@given(DEPTHS)
@example(1)
def test_any_depth_is_dry_or_not(submission, depth):
    """Every depth is dry or not, and the answer is True or False"""
    assert submission.is_dry(depth) is (depth in range(-200, 0))


@pytest.mark.exercise("sign")
def test_four_words(submission):
    """At -20, 10, 30 and 90 the sign says open, slow, tractors and closed"""
    assert submission.sign(-20) == "open"
    assert submission.sign(10) == "slow"
    assert submission.sign(30) == "tractors"
    assert submission.sign(90) == "closed"


@pytest.mark.exercise("sign")
def test_where_one_word_ends(submission):
    """At 0, 15 and 40 the next word begins: slow, tractors, closed"""
    assert submission.sign(0) == "slow"
    assert submission.sign(15) == "tractors"
    assert submission.sign(40) == "closed"


@pytest.mark.exercise("sign", hidden=True)
@settings(max_examples=40)
@given(DEPTHS)
@example(-1)
@example(14)
@example(39)
def test_any_depth_has_its_word(submission, depth):
    """Every depth has the word that the table gives it"""
    assert submission.sign(depth) == WORDS[bisect([0, 15, 40], depth)]


@pytest.mark.exercise("may_cross")
@pytest.mark.needs("sign")
def test_bike_on_a_dry_road(submission):
    """On a dry road a bike may cross at noon, and not at 23 o'clock"""
    assert submission.may_cross("bike", -30, 12) is True
    assert submission.may_cross("bike", -30, 23) is False


@pytest.mark.exercise("may_cross")
@pytest.mark.needs("sign")
def test_who_goes_through_10_cm(submission):
    """At noon and a depth of 10, a bike may not cross; a car and a tractor may"""
    assert submission.may_cross("bike", 10, 12) is False
    assert submission.may_cross("car", 10, 12) is True
    assert submission.may_cross("tractor", 10, 12) is True


@pytest.mark.exercise("may_cross")
@pytest.mark.needs("sign")
def test_only_tractors_through_30_cm(submission):
    """At noon and a depth of 30, only a tractor may cross"""
    assert submission.may_cross("tractor", 30, 12) is True
    assert submission.may_cross("car", 30, 12) is False


@pytest.mark.exercise("may_cross", hidden=True)
@pytest.mark.needs("sign")
def test_every_hour(submission):
    """Every hour of the day is rightly day or night"""
    assert [submission.may_cross("car", -80, hour) for hour in range(24)] == [False] * 6 + [True] * 16 + [False] * 2


@pytest.mark.exercise("may_cross", hidden=True)
@pytest.mark.needs("sign")
@settings(max_examples=60)
@given(vehicle=st.sampled_from(["bike", "car", "tractor"]), depth=DEPTHS, hour=st.integers(0, 23))
@example(vehicle="tractor", depth=60, hour=12)
@example(vehicle="tractor", depth=20, hour=2)
@example(vehicle="car", depth=-5, hour=22)
def test_any_crossing(submission, vehicle, depth, hour):
    """Every vehicle at every depth and hour gets the answer of the rules"""
    word = WORDS[bisect([0, 15, 40], depth)]
    assert submission.may_cross(vehicle, depth, hour) is (hour in range(6, 22) and (vehicle, word) in MAY)
