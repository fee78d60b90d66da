"""Pancakes for eleven: sums with names, a function that scales, rounding, and text with gaps."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hornbook.grading import same

WORDS = st.text("abcdefgh", min_size=1, max_size=8)


@pytest.mark.exercise("portions")
def test_flour_for_one(submission):
    """250 grams for six are a little under 42 grams for each"""
    assert same(submission.flour_each, 41.666666666666664)


@pytest.mark.exercise("portions")
def test_flour_for_eleven(submission):
    """Eleven people need a little over 458 grams of flour"""
    assert same(submission.flour_for_eleven, 458.3333333333333)


@pytest.mark.exercise("portions", hidden=True)
def test_another_recipe(submission, rng):
    """Both numbers follow when the recipe changes"""
    people = rng.randrange(2, 6)
    each = rng.randrange(30, 60)
    changed = submission.with_parameters(flour=people * each, people=people)
    assert same([changed.flour_each, changed.flour_for_eleven], [each, sum([each] * 11)])


@pytest.mark.exercise("scale")
def test_milk_for_nine(submission):
    """500 millilitres for six are 750 for nine"""
    assert same(submission.scale(500, 6, 9), 750)


@pytest.mark.exercise("scale", hidden=True)
@settings(max_examples=30)
@given(each=st.integers(1, 300), people=st.integers(1, 12), guests=st.integers(0, 60))
def test_any_number_of_guests(submission, each, people, guests):
    """Whatever one person gets, all guests get as often as there are guests"""
    assert same(submission.scale(sum([each] * people), people, guests), sum([each] * guests))


@pytest.mark.exercise("kitchen")
def test_up_to_460(submission):
    """The multiple of 5 that is nearest to 458.3 is 460"""
    assert same(submission.kitchen(458.3), 460)


@pytest.mark.exercise("kitchen")
def test_down_to_915(submission):
    """The multiple of 5 that is nearest to 916.7 is 915"""
    assert same(submission.kitchen(916.7), 915)


@pytest.mark.exercise("kitchen", hidden=True)
@settings(max_examples=40)
@given(fives=st.integers(0, 400), tenths=st.integers(-24, 24))
@example(fives=1, tenths=-24)
@example(fives=1, tenths=24)
def test_any_amount(submission, fives, tenths):
    """From up to 2.4 below to 2.4 above, every amount goes to the multiple of 5 in the middle"""
    amount = fives * 5 + tenths / 10
    if amount >= 0:
        assert same(submission.kitchen(amount), fives * 5)


@pytest.mark.exercise("card_line")
def test_a_line_with_flour(submission):
    """460 grams of flour are "460 g flour" on the card"""
    assert submission.card_line(460, "g", "flour") == "460 g flour"


@pytest.mark.exercise("card_line", hidden=True)
@settings(max_examples=30)
@given(amount=st.integers(1, 5000), unit=WORDS, item=WORDS)
def test_any_line(submission, amount, unit, item):
    """Any amount, unit and item stand in their order with one space between them"""
    assert submission.card_line(amount, unit, item) == " ".join([str(amount), unit, item])
