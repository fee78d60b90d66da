"""Cohorts: who takes a course together, and by when each lesson is due.

Dates are the cohort's own: a lesson is due at the same time of its day in winter and in summer, wherever somebody reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

END_OF_DAY = time(23, 59)


@dataclass(frozen=True, slots=True)
class Cohort:
    """A group that begins together.

    The first lesson is due `every_days` days after `starts`, and each further one as many days after the last, at `due_at` by the clocks
    of `timezone` (an IANA name); a day that falls into one of the `breaks` (first and last day of each) is moved on, and all later ones
    with it. `lessons` names some of the course's lessons in their order, and is empty where all are taken in the course's. `due` sets the
    time of single lessons, by the cohort's clocks unless it says another zone, and leaves the others alone. `alarm_hours` before a lesson
    is due, a calendar reminds of it; at 0 it does not. `link` is where a lesson opens, with `{slug}` and `{path}`
    (`lessons/loops/means.ipynb`) filled in.
    """

    name: str
    title: str
    starts: date
    timezone: str
    every_days: int = 7
    due_at: time = END_OF_DAY
    breaks: tuple[tuple[date, date], ...] = ()
    lessons: tuple[str, ...] = ()
    due: Mapping[str, datetime] = field(default_factory=dict)
    alarm_hours: int = 24
    link: str = ""

    def deadlines(self, course: Sequence[str]) -> Mapping[str, datetime]:
        """Return when each lesson is due, in the order of the lessons; *course* names the course's own, in an order that can be learned.

        Each time is in the cohort's time zone.
        """
        found: dict[str, datetime] = {}
        day = self.starts
        for slug in self.lessons or tuple(course):
            day = self._next(day)
            found[slug] = self._moment(self.due.get(slug) or datetime.combine(day, self.due_at))
        return found

    def _next(self, day: date) -> date:
        """Return the day of the lesson after the one of *day*."""
        day += timedelta(days=self.every_days)
        while any(first <= day <= last for first, last in self.breaks):
            day += timedelta(days=self.every_days)
        return day

    def _moment(self, when: datetime) -> datetime:
        """Return *when* in the cohort's time zone; without a zone of its own it is by the cohort's clocks."""
        from zoneinfo import ZoneInfo  # noqa: PLC0415 - only a course with a cohort needs it

        zone = ZoneInfo(self.timezone)
        moment = when.replace(tzinfo=zone) if when.tzinfo is None else when
        # A time that the clocks leave out in spring is the one that they show instead.
        return moment.astimezone(UTC).astimezone(zone)


def learnable(requires: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the slugs of *requires* so that each comes after those that it requires, and else in their order.

    What requires itself, by whatever way round, comes in the order that it has; `Course.problems` tells of it.
    """
    order: dict[str, None] = {}
    waiting: set[str] = set()

    def visit(slug: str) -> None:
        if slug in order or slug in waiting or slug not in requires:
            return
        waiting.add(slug)
        for before in requires[slug]:
            visit(before)
        order[slug] = None

    for slug in requires:
        visit(slug)
    return tuple(order)
