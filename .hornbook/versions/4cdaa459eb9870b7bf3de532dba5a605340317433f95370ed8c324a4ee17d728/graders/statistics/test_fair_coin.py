"""Is the coin fair? Tosses from a seeded generator, a p-value by counting, and signs flipped by chance.

What chance gives is held within five standard deviations: a right answer is outside of that less than once in a million.
"""

from collections import Counter
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

RESULTS = st.lists(st.integers(-20, 20), min_size=1, max_size=12)


def over_seeds(submission, call, first, seeds):
    """Return what *call* gives for so many seeds from *first* on; it calls the generator `rng`."""
    submission.run(
        f"import random\ncame = []\nfor seed in range({first}, {first + seeds}):\n    rng = random.Random(seed)\n    came.append({call})"
    )
    return submission.came


@pytest.mark.exercise("heads")
def test_about_half(submission):
    """In 400 times 100 tosses about half are heads: 48 to 52 on average"""
    came = over_seeds(submission, "heads(rng, 100)", 0, 400)
    assert all(type(number) is int and 0 <= number <= 100 for number in came), f"A number of heads was {came[0]!r}."
    assert 48 < sum(came) / 400 < 52


@pytest.mark.exercise("heads")
def test_same_seed_same_tosses(submission):
    """The same seed gives the same number of heads, and 20 different seeds do not all give one number"""
    once = over_seeds(submission, "heads(rng, 100)", 5, 20)
    again = over_seeds(submission, "heads(rng, 100)", 5, 20)
    assert once == again
    assert len(set(once)) > 1


@pytest.mark.exercise("heads", hidden=True)
def test_spread_of_a_fair_coin(submission, rng):
    """Numbers of heads lie as far apart as those of a fair coin"""
    came = over_seeds(submission, "heads(rng, 4)", rng.randrange(10**6), 1600)
    counted = Counter(came)
    for number, ways in enumerate((1, 4, 6, 4, 1)):
        share = ways / 16
        assert abs(counted[number] / 1600 - share) < 5 * (share * (1 - share) / 1600) ** 0.5
    assert set(over_seeds(submission, "(heads(rng, 0), heads(rng, 1))", rng.randrange(10**6), 60)) == {(0, 0), (0, 1)}


@pytest.mark.exercise("p_value")
def test_two_of_four(submission):
    """Of 50, 61, 39 and 55, half are at least as far from 50 as 60 is"""
    assert same(submission.p_value([50, 61, 39, 55], 60, 50), 0.5)


@pytest.mark.exercise("p_value")
def test_as_far_counts(submission):
    """A result exactly as far out counts, on either side: of 60, 40, 59 and 41 it is half"""
    assert same(submission.p_value([60, 40, 59, 41], 60, 50), 0.5)


@pytest.mark.exercise("p_value", hidden=True)
@settings(max_examples=50)
@given(simulated=RESULTS, observed=st.integers(-20, 20), expected=st.integers(-5, 5))
@example(simulated=[-9, -3, 4], observed=-4, expected=0)
def test_any_share(submission, simulated, observed, expected):
    """Any results have the right share, whichever side the observed one lies on"""
    near = range(expected - abs(observed - expected) + 1, expected + abs(observed - expected))
    share = 1 - Fraction(sum(result in near for result in simulated), len(simulated))
    assert same(submission.p_value(simulated, observed, expected), float(share))


@pytest.mark.exercise("flip_signs")
def test_only_signs_change(submission):
    """Of 3, -1 and 2.5, only signs change, and the list that came in stays as it is"""
    submission.run("import random\nmine = [3, -1, 2.5]\ncame = flip_signs(random.Random(1), mine)")
    assert [abs(number) for number in submission.came] == [3, 1, 2.5]
    assert submission.mine == [3, -1, 2.5]


@pytest.mark.exercise("flip_signs")
def test_each_has_its_own_coin(submission):
    """With many seeds, 1 and 2 come with all four pairs of signs"""
    came = over_seeds(submission, "flip_signs(rng, [1, 2])", 0, 60)
    assert {tuple(pair) for pair in came} == {(1, 2), (1, -2), (-1, 2), (-1, -2)}


@pytest.mark.exercise("flip_signs", hidden=True)
def test_any_signs(submission, rng):
    """Each of the ways to set the signs is as likely as the others, and the same seed gives the same"""
    numbers = rng.sample([-7, -3, 2, 5, 8.5], 3)
    first = rng.randrange(10**6)
    came = over_seeds(submission, f"flip_signs(rng, {numbers!r})", first, 800)
    counted = Counter(tuple(one) for one in came)
    ways = {tuple(sign * number for sign, number in zip(signs, numbers, strict=True)) for signs in product((1, -1), repeat=3)}
    assert set(counted) == ways
    assert all(abs(counted[way] - 100) < 5 * (800 * 1 / 8 * 7 / 8) ** 0.5 for way in ways)
    assert over_seeds(submission, f"flip_signs(rng, {numbers!r})", first, 800) == came


@pytest.mark.exercise("chance_sums")
@pytest.mark.needs("flip_signs")
def test_sums_of_two(submission):
    """The differences 1 and 3 give sums of 4, 2, -2 and -4, one for each of 100 rounds"""
    submission.run("import random\ncame = chance_sums(random.Random(3), [1, 3], 100)")
    assert len(submission.came) == 100
    assert set(submission.came) == {4, 2, -2, -4}


@pytest.mark.exercise("chance_sums", hidden=True)
@pytest.mark.needs("flip_signs")
def test_shares_of_sums(submission, rng):
    """Sums come as often as the ways that lead to them"""
    numbers = [rng.randrange(1, 9) for _ in range(5)]
    exact = Counter(sum(sign * number for sign, number in zip(signs, numbers, strict=True)) for signs in product((1, -1), repeat=5))
    submission.run(f"import random\ncame = chance_sums(random.Random({rng.randrange(10**6)}), {numbers!r}, 2000)")
    counted = Counter(submission.came)
    assert counted.total() == 2000
    for value, ways in exact.items():
        share = ways / 32
        assert abs(counted[value] / 2000 - share) < 5 * (share * (1 - share) / 2000) ** 0.5
