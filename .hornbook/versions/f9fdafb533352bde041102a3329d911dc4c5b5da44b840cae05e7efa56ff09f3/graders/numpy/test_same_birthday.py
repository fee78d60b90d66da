"""The same birthday: draw classes, count pairs, and read a chance off many trials."""

from collections import Counter
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.grading import same


def drawn(submission, seed, classes, people):
    """Return the table that the learner's function draws from a generator with *seed*, which is made over there."""
    draw = submission.evaluate("lambda seed, classes, people: birthdays(np.random.default_rng(seed), classes, people)")
    return draw(seed, classes, people)


def estimated(submission, seed, classes, people):
    """Return the chance that the learner's function finds with a generator with *seed*."""
    estimate = submission.evaluate("lambda seed, classes, people: chance(np.random.default_rng(seed), classes, people)")
    return estimate(seed, classes, people)


def exactly(people):
    """Return the chance that at least two of *people* share a birthday, by the formula."""
    return 1 - prod((365 - place) / 365 for place in range(people))


@pytest.mark.exercise("birthdays")
def test_a_row_for_each_class(submission):
    """Four classes of nine people make a table of 4 rows and 9 columns, of whole numbers from 0 to 364"""
    table = drawn(submission, 3, 4, 9)
    assert table.shape == (4, 9)
    assert table.dtype.kind in "iu"
    assert 0 <= table.min() <= table.max() <= 364


@pytest.mark.exercise("birthdays")
def test_the_same_seed_again(submission):
    """The same seed gives the same classes, another seed gives others"""
    first, again, other = (drawn(submission, seed, 5, 20).tolist() for seed in (8, 8, 9))
    assert len(first) == 5
    assert first == again
    assert first != other


@pytest.mark.exercise("birthdays", hidden=True)
def test_every_day_is_possible(submission, rng):
    """All days of the year occur, about equally often, and none besides"""
    table = drawn(submission, rng.randrange(10**6), 1000, 73)
    times = Counter(table.ravel().tolist())
    assert table.shape == (1000, 73)
    assert sorted(times) == list(range(365))
    assert 100 <= min(times.values()) <= max(times.values()) <= 310


@pytest.mark.exercise("pairs")
def test_two_and_two(submission):
    """2, 9, 2, 9 count 2, four different days count 0, and three alike count 2"""
    came = submission.pairs(np.array([[2, 9, 2, 9], [4, 3, 2, 1], [7, 5, 7, 7]]))
    assert same(came, np.array([2, 0, 2]), dtype=False)


@pytest.mark.exercise("pairs", hidden=True)
@settings(max_examples=30)
@given(st.data())
def test_any_classes(submission, data):
    """In any class the count is the number of people less the number of different birthdays"""
    people = data.draw(st.integers(1, 12))
    table = data.draw(st.lists(st.lists(st.integers(0, 20), min_size=people, max_size=people), min_size=1, max_size=6))
    expected = np.array([people - len(set(row)) for row in table])
    assert same(submission.pairs(np.array(table)), expected, dtype=False)


@pytest.mark.exercise("chance")
def test_one_person_alone(submission):
    """One person never shares a birthday, and of 366 people two always do"""
    assert same(estimated(submission, 1, 50, 1), 0.0, dtype=False)
    assert same(estimated(submission, 1, 50, 366), 1.0, dtype=False)


@pytest.mark.exercise("chance", hidden=True)
def test_any_number_of_people(submission, rng):
    """For any number of people the simulation comes close to the formula"""
    for people in rng.sample(range(5, 50), 4):
        came = estimated(submission, rng.randrange(10**6), 6000, people)
        assert same(came, exactly(people), abs=0.045, dtype=False)


@pytest.mark.exercise("shares")
def test_five_matches(submission):
    """Among 1, 1, 0, 3 and 1 the shares of 0, 1, 2 and 3 are 0.2, 0.6, 0 and 0.2"""
    assert same(submission.shares(np.array([1, 1, 0, 3, 1])), np.array([0.2, 0.6, 0.0, 0.2]), dtype=False)


@pytest.mark.exercise("shares", hidden=True)
@settings(max_examples=30)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=40))
def test_any_counts(submission, counts):
    """Any counts have shares, up to the largest of them"""
    times = Counter(counts)
    expected = np.array([times[number] / len(counts) for number in range(max(counts) + 1)])
    assert same(submission.shares(np.array(counts)), expected, dtype=False)
