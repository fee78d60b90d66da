"""`hornbook.schedule.review`: what was passed comes back, later each time, and sooner where it was hard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hornbook.record.store import Day
from hornbook.schedule.review import LONGEST, review_at

NOW = datetime(2026, 9, 7, 18, 0, tzinfo=UTC)


def waits(*days: tuple[int, int, bool]) -> int | None:
    """Return how many days after the last of *days* (how long after the first, how many missed, whether passed) a lesson comes back."""
    history = [Day(NOW + timedelta(days=after), missed, passed) for after, missed, passed in days]
    at = review_at(history)
    return None if at is None else (at - history[-1].at).days


def test_nothing_comes_back_before_it_was_passed() -> None:
    """Who is still learning has nothing to repeat."""
    assert review_at([]) is None
    assert waits((0, 3, False), (1, 1, False)) is None


def test_each_repetition_lasts_longer() -> None:
    """What is passed again when it comes back is not asked for as soon as the time before."""
    days: list[tuple[int, int, bool]] = [(0, 0, True)]
    found = []
    for _ in range(4):
        wait = waits(*days)
        assert wait is not None
        found.append(wait)
        days.append((days[-1][0] + wait, 0, True))

    assert found == sorted(set(found))
    assert found[0] <= 7 < found[-1]


def test_what_was_hard_comes_back_sooner() -> None:
    """Many tries before the first pass, on one day or on several, bring it back before what came easily."""
    easy, hard, over_days = waits((0, 0, True)), waits((0, 3, True)), waits((-2, 2, False), (0, 0, True))

    assert easy is not None
    assert hard is not None
    assert hard < easy
    assert over_days == hard


def test_what_was_forgotten_comes_back_soon() -> None:
    """A day without a pass, after it had been passed before, begins nearly anew."""
    kept, forgotten = waits((0, 0, True), (10, 0, True)), waits((0, 0, True), (10, 2, False))

    assert kept is not None
    assert forgotten is not None
    assert forgotten < kept


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 5), st.booleans()), max_size=30))
def test_any_history_has_one_answer(steps: list[tuple[int, int, bool]]) -> None:
    """Whatever somebody did, it comes back once, after the last day and within a year, and the same each time it is asked."""
    days, at = [], NOW
    for after, missed, passed in steps:
        at += timedelta(days=after)
        days.append(Day(at, missed, passed))
    found = review_at(days)

    assert found == review_at(days)
    assert (found is None) == (not any(day.passed for day in days))
    assert found is None or days[-1].at < found <= days[-1].at + LONGEST
