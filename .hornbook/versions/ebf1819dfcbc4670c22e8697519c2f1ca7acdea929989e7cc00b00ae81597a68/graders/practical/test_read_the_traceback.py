"""Read it from the bottom: the last line of a traceback, and three programs to mend."""

from itertools import accumulate

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

NAMES = st.text("abcdefgh", min_size=1, max_size=5)
KINDS = st.sampled_from(["KeyError", "ValueError", "ZeroDivisionError", "json.decoder.JSONDecodeError"])
DETAILS = st.text("abc: '5", min_size=1, max_size=12).map(str.strip).filter(bool)


def report(last):
    """Return a traceback of a program that ends with the line *last*."""
    return f'Traceback (most recent call last):\n  File "tea.py", line 4, in <module>\n    brew(tea: int)\n{last}\n'


@pytest.mark.exercise("what_happened")
def test_a_key_error(submission):
    """A report that ends with "KeyError: 'tea'" has the type KeyError and the details 'tea'"""
    assert submission.what_happened(report("KeyError: 'tea'")) == ("KeyError", "'tea'")


@pytest.mark.exercise("what_happened")
def test_details_with_a_colon(submission):
    """The details may have a colon of their own, as in "bad time: 25:00", and stay whole"""
    assert submission.what_happened(report("ValueError: bad time: 25:00")) == ("ValueError", "bad time: 25:00")


@pytest.mark.exercise("what_happened", hidden=True)
@settings(max_examples=30)
@given(kind=KINDS, details=DETAILS)
@example(kind="ValueError", details="a:b: c")
def test_any_report(submission, kind, details):
    """Type and details of any report are found"""
    assert submission.what_happened(report(f"{kind}: {details}")) == (kind, details)


@pytest.mark.exercise("what_happened", hidden=True)
@settings(max_examples=5)
@given(KINDS)
def test_no_details(submission, kind):
    """A report without details gives its type and an empty text"""
    assert submission.what_happened(report(kind)) == (kind, "")


@pytest.mark.exercise("lend")
def test_a_new_reader(submission):
    """Ben borrows his first book: he has 1, and Ada still has 2"""
    submission.run("loans = {'Ada': 2}; came = lend(loans, 'Ben')")
    assert submission.came == 1
    assert submission.loans == {"Ada": 2, "Ben": 1}


@pytest.mark.exercise("lend", hidden=True)
@settings(max_examples=15)
@given(st.lists(NAMES, min_size=1, max_size=8))
def test_any_week_of_loans(submission, names):
    """After any loans, everybody has as many books as they have borrowed"""
    submission.run("loans = {}; numbers = []")
    for name in names:
        submission.run(f"numbers.append(lend(loans, {name!r}))")
    assert submission.loans == {name: names.count(name) for name in names}
    assert submission.numbers == [names[: place + 1].count(name) for place, name in enumerate(names)]


@pytest.mark.exercise("label")
def test_label_of_emma(submission):
    """The label of "Emma" from 1815 says "Emma, 1815" and nothing else"""
    assert submission.label("Emma", 1815) == "Emma, 1815"


@pytest.mark.exercise("label", hidden=True)
@settings(max_examples=20)
@given(title=NAMES, year=st.integers(1450, 2030))
def test_any_label(submission, title, year):
    """Any title and year stand on their label, with a comma and a space between them"""
    assert submission.label(title, year) == ", ".join([title, str(year)])


@pytest.mark.exercise("changes")
def test_two_changes(submission):
    """From 31 to 40 to 28 visitors, the changes are 9 and -12"""
    assert submission.changes([31, 40, 28]) == [9, -12]


@pytest.mark.exercise("changes", hidden=True)
@settings(max_examples=30)
@given(steps=st.lists(st.integers(-20, 20), max_size=8), first=st.integers(0, 90))
def test_any_changes(submission, steps, first):
    """Any number of days has one change less, and each is right"""
    assert submission.changes(list(accumulate(steps, initial=first))) == steps
