"""`hornbook.cohorts`: when a lesson is due for those who take a course together."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.cohorts import Cohort, learnable


def cohort(**parts: Any) -> Cohort:
    """Return one that begins on the first Monday of autumn in Berlin, with other *parts*."""
    usual: dict[str, Any] = {"name": "autumn", "title": "Autumn", "starts": date(2026, 9, 28), "timezone": "Europe/Berlin"}
    return Cohort(**(usual | {"due_at": time(20)} | parts))


def test_lessons_are_due_one_after_the_other() -> None:
    """The first is due a week after the beginning, and the time of day stays when the clocks are set back."""
    due = cohort().deadlines(["a", "b", "c", "d"])

    assert [f"{slug} {when:%Y-%m-%d %H:%M %z}" for slug, when in due.items()] == [
        "a 2026-10-05 20:00 +0200",
        "b 2026-10-12 20:00 +0200",
        "c 2026-10-19 20:00 +0200",
        "d 2026-10-26 20:00 +0100",
    ]


def test_break_moves_what_comes_after_it() -> None:
    """No lesson is due in a break, its first and last day included, and later ones keep their distance."""
    due = cohort(breaks=((date(2026, 10, 12), date(2026, 10, 19)),)).deadlines(["a", "b", "c"])

    assert [when.date() for when in due.values()] == [date(2026, 10, 5), date(2026, 10, 26), date(2026, 11, 2)]


def test_one_lesson_may_be_due_at_another_time() -> None:
    """By the cohort's clocks, or by those of anywhere on earth; the other lessons stay where they are."""
    moment = datetime(2026, 10, 20, 12, tzinfo=UTC)
    due = cohort(due={"b": datetime(2026, 10, 13, 9, 30), "c": moment}).deadlines(["a", "b", "c", "d"])  # noqa: DTZ001 - by the cohort's clocks

    assert [f"{when:%d %H:%M}" for when in due.values()] == ["05 20:00", "13 09:30", "20 14:00", "26 20:00"]


def test_only_chosen_lessons_are_due_in_the_order_that_was_chosen() -> None:
    """A cohort may take a part of a course, in an order of its own."""
    assert list(cohort(lessons=("c", "a")).deadlines(["a", "b", "c"])) == ["c", "a"]


def test_time_that_the_clocks_leave_out_is_the_one_that_they_show_instead() -> None:
    """In the night in which 02:30 is left out, what is due then is due at 03:30."""
    due = cohort(due={"a": datetime(2027, 3, 28, 2, 30)}).deadlines(["a"])  # noqa: DTZ001 - by the cohort's clocks

    assert f"{due['a']:%H:%M %z}" == "03:30 +0200"


@given(st.integers(1, 366), st.integers(1, 30), st.dates(date(2020, 1, 1), date(2060, 1, 1)))
def test_deadlines_only_go_forward(every: int, many: int, starts: date) -> None:
    """Whatever the beat, each lesson is due that many days after the last, by the clocks on the wall."""
    due = list(cohort(every_days=every, starts=starts).deadlines([f"l{number}" for number in range(many)]).values())
    walls = [when.replace(tzinfo=None) for when in due]

    assert walls[0].date() == starts + timedelta(days=every)
    assert {later - earlier for earlier, later in itertools.pairwise(walls)} <= {timedelta(days=every)}
    assert {when.tzinfo for when in due} == {ZoneInfo("Europe/Berlin")}


@pytest.mark.parametrize(
    ("requires", "order"),
    [
        ({"a": ["c"], "b": [], "c": ["b"]}, ("b", "c", "a")),
        ({"a": [], "b": [], "c": []}, ("a", "b", "c")),
        ({"a": ["gone"], "b": ["a"]}, ("a", "b")),
        ({"a": ["b"], "b": ["a"], "c": []}, ("b", "a", "c")),
        ({"a": ["a"]}, ("a",)),
    ],
)
def test_lessons_come_after_what_they_require(requires: dict[str, list[str]], order: tuple[str, ...]) -> None:
    """What can be learned first comes first, what is missing is passed over, and a circle ends."""
    assert learnable(requires) == order
