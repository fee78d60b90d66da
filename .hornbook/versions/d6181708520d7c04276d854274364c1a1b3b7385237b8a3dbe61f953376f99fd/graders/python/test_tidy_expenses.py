"""Tidy expenses: read receipt lines, refuse bad ones, add up, and share the cost."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.grading import same

WORDS = st.text("abcdefgh", min_size=1, max_size=6)
CENTS = st.integers(1, 99_999)
ITEMS = st.lists(st.tuples(WORDS, st.sampled_from(["food", "home", "fun"]), CENTS), max_size=8)
FLAT = ["Ana", "Ben", "Chidi"]
PAYMENTS = st.lists(st.tuples(st.sampled_from(FLAT), CENTS), max_size=8)


@pytest.mark.exercise("parse_line")
def test_a_good_line(submission):
    """The line "lamp, home, 19.99" is a lamp, for the home, at 1999 cents"""
    assert submission.parse_line("lamp, home, 19.99") == ("lamp", "home", 1999)


@pytest.mark.exercise("parse_line")
def test_a_line_without_its_price(submission):
    """A line with its price is read; without the price it raises a ValueError that shows the line"""
    assert submission.parse_line("cheese, food, 4") == ("cheese", "food", 400)
    with submission.raises(ValueError, match="cheese, food"):
        submission.parse_line("cheese, food")


@pytest.mark.exercise("parse_line", hidden=True)
@settings(max_examples=30)
@given(item=WORDS, category=WORDS, cents=CENTS, space=st.sampled_from(["", " ", "   "]))
def test_any_good_line(submission, item, category, cents, space):
    """Any item, category and price are read to the cent, with or without spaces"""
    line = f"{space}{item}{space},{space}{category}{space},{space}{cents / 100:.2f}{space}"
    assert submission.parse_line(line) == (item, category, cents)


@pytest.mark.exercise("parse_line", hidden=True)
def test_other_bad_lines(submission):
    """Other lines that cannot be read are refused in the same way, and a good line after them is read"""
    for line in ["tea, food, cheap", "tea, food, 1.20, 3", "tea", "tea, food,"]:
        with submission.raises(ValueError, match=re.escape(line)):
            submission.parse_line(line)
    assert submission.parse_line("tea, food, 1.20") == ("tea", "food", 120)


@pytest.mark.exercise("totals")
def test_two_categories(submission):
    """Two things to eat are added up, and the soap is kept apart"""
    items = [("rice", "food", 250), ("soap", "home", 180), ("figs", "food", 395)]
    assert submission.totals(items) == {"food": 645, "home": 180}


@pytest.mark.exercise("totals", hidden=True)
@settings(max_examples=30)
@given(ITEMS)
def test_any_week(submission, items):
    """Any week is added up, one without receipts too"""
    expected = Counter()
    for _, category, cents in items:
        expected[category] += cents
    assert submission.totals(items) == dict(expected)


@pytest.mark.exercise("kitty")
def test_balance_after_one_payment(submission):
    """Ana pays 700 for two people: she gets 350 back, and Ben owes 350"""
    kitty = submission.Kitty(["Ana", "Ben"])
    kitty.pay("Ana", 700)
    assert kitty.balance("Ana") == 350
    assert kitty.balance("Ben") == -350


@pytest.mark.exercise("kitty")
def test_each_kitty_keeps_its_own_book(submission):
    """What is paid into one kitty does not show up in another"""
    holiday = submission.Kitty(["Ana", "Ben"])
    kitchen = submission.Kitty(["Ana", "Ben"])
    holiday.pay("Ben", 500)
    assert holiday.paid == {"Ana": 0, "Ben": 500}
    assert kitchen.paid == {"Ana": 0, "Ben": 0}


@pytest.mark.exercise("kitty", hidden=True)
def test_strangers_are_refused(submission):
    """A payment by a stranger raises a ValueError with the name, and changes nothing"""
    kitty = submission.Kitty(["Ana", "Ben"])
    kitty.pay("Ana", 20)
    with submission.raises(ValueError, match="Dora"):
        kitty.pay("Dora", 100)
    assert kitty.paid == {"Ana": 20, "Ben": 0}


@pytest.mark.exercise("kitty", hidden=True)
@settings(max_examples=30)
@given(PAYMENTS)
def test_any_payments(submission, payments):
    """After any payments, everybody's balance is right to a fraction of a cent"""
    kitty = submission.Kitty(FLAT)
    for name, cents in payments:
        kitty.pay(name, cents)
    share = sum(cents for _, cents in payments) / len(FLAT)
    expected = [sum(cents for payer, cents in payments if payer == name) - share for name in FLAT]
    assert same([kitty.balance(name) for name in FLAT], expected, abs=1e-6, dtype=False)


@pytest.mark.exercise("read_slips")
@pytest.mark.needs("parse_line")
def test_two_slips(submission):
    """Two good lines and an empty one give a list of two"""
    submission.stdin(["rice, food, 2.50", "soap, home, 1.80", ""])
    assert submission.read_slips() == [("rice", "food", 250), ("soap", "home", 180)]


@pytest.mark.exercise("read_slips", hidden=True)
@pytest.mark.needs("parse_line")
def test_a_bad_slip_does_not_end_it(submission):
    """A line that cannot be read is reported, and the next one is asked for"""
    submission.stdin(["figs, food, 3.95", "scribble", "ball, fun, 8", ""])
    came = submission.read_slips()
    assert came == [("figs", "food", 395), ("ball", "fun", 800)]
    assert "scribble" in submission.stdout
