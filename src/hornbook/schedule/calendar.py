"""A calendar file (RFC 5545) of what is due, which a calendar can read again and again without showing anything twice.

An event keeps its UID for as long as there is its lesson. When the file is written anew, an event that has changed gets the next SEQUENCE
and a new DTSTAMP, one that has not stays as it was, and one that is no longer due is CANCELLED until its time is over (RFC 5545, 3.8.7.4
and 3.8.1.11). So the file itself is all there is to remember; there is no METHOD, because it is nobody's invitation (RFC 5546, 3.2.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from hornbook.errors import HornbookError, printable
from hornbook.words import say

if TYPE_CHECKING:
    from icalendar import Calendar, Event

    from hornbook.cohorts import Cohort
    from hornbook.course import Course
    from hornbook.lesson import Lesson

PRODID = "-//hornbook//calendar//EN"
_OF_A_VERSION = ("SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "STATUS")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to do: at the end of a time, or on a day."""

    uid: str
    summary: str
    description: str
    when: datetime | date
    minutes: int
    link: str = ""
    alarm_hours: int = 0


def deadlines(course: Course, cohort: Cohort) -> Iterator[tuple[Lesson, datetime]]:
    """Give the lessons of *course* that *cohort* has, each with when it is due; those that cannot be read are left out."""
    readable = {lesson.slug: lesson for lesson in course.lessons}
    for slug, when in cohort.deadlines(course.order).items():
        if slug in readable:
            yield readable[slug], when


def due(course: Course, cohort: Cohort) -> Iterator[Entry]:
    """Give the entries for the lessons that *cohort* has."""
    for lesson, when in deadlines(course, cohort):
        link = cohort.link.format(slug=lesson.slug, path=lesson.path.relative_to(course.root).as_posix())
        yield Entry(
            f"due.{lesson.slug}.{cohort.name}@{course.name}.hornbook",
            say("calendar.due", lesson=lesson.title),
            _about(lesson, link),
            when,
            lesson.minutes,
            link,
            cohort.alarm_hours,
        )


def reviews(course: Course, review_at: Mapping[str, datetime], today: date) -> Iterator[Entry]:
    """Give the entries for what is worth repeating, by slug in *review_at*; what is overdue is for *today*."""
    for lesson in course.lessons:
        if lesson.slug in review_at:
            when = max(review_at[lesson.slug].astimezone().date(), today)
            uid = f"review.{lesson.slug}@{course.name}.hornbook"
            yield Entry(uid, say("calendar.review", lesson=lesson.title), _about(lesson, ""), when, lesson.minutes)


def write(entries: Iterable[Entry], title: str, *, now: datetime, before: bytes | None = None) -> bytes:
    """Return the calendar of *entries*, following on *before*, what the file has held so far.

    Raises HornbookError if that is no calendar of ours: nobody's else is overwritten.
    """
    from icalendar import Calendar, vText  # noqa: PLC0415 - kept out of `import hornbook`

    name = vText(printable(title))
    calendar = Calendar()
    calendar.add("PRODID", PRODID)
    calendar.add("VERSION", "2.0")
    calendar.add("NAME", name)
    calendar.add("X-WR-CALNAME", name)
    calendar.add("REFRESH-INTERVAL", timedelta(days=1), {"VALUE": "DURATION"})
    former = {} if before is None else {str(event["UID"]): event for event in _read(before).events}
    wanted = {entry.uid: _event(entry) for entry in entries}
    for uid, event in wanted.items():
        calendar.add_component(_following(event, former.get(uid), now))
    for uid, event in former.items():
        if uid not in wanted and _moment(event.decoded("DTEND")) > now:
            calendar.add_component(_cancelled(event, now))
    moments = [_moment(event.decoded(name)).date() for event in calendar.events for name in ("DTSTART", "DTEND")] or [now.date()]
    # A time zone's whole past is long; what is told of it begins in the year before the first event and ends in that after the last.
    calendar.add_missing_timezones(date(min(moments).year - 1, 1, 1), date(max(moments).year + 1, 12, 31))
    made: bytes = calendar.to_ical()
    return made


def _about(lesson: Lesson, link: str) -> str:
    told = [lesson.summary, *(f"- {objective}" for objective in lesson.objectives), say("calendar.minutes", minutes=lesson.minutes), link]
    return "\n".join(line for line in told if line)


def _event(entry: Entry) -> Event:
    """Return *entry* as an event that takes nobody's time: it ends when it is due, or is all of its day."""
    from icalendar import Alarm, Event  # noqa: PLC0415 - kept out of `import hornbook`

    event = Event()
    event.add("UID", entry.uid)
    summary = printable(entry.summary)
    event.add("SUMMARY", summary)
    event.add("DESCRIPTION", "\n".join(map(printable, entry.description.splitlines())))
    event.add("TRANSP", "TRANSPARENT")
    if isinstance(entry.when, datetime):
        event.add("DTSTART", entry.when - timedelta(minutes=entry.minutes))
        event.add("DTEND", entry.when)
    else:
        event.add("DTSTART", entry.when)
        event.add("DTEND", entry.when + timedelta(days=1))
    if entry.link:
        event.add("URL", entry.link)
    if entry.alarm_hours:
        alarm = Alarm()
        alarm.add("ACTION", "DISPLAY")
        alarm.add("DESCRIPTION", summary)
        alarm.add("TRIGGER", -timedelta(hours=entry.alarm_hours))
        event.add_component(alarm)
    return event


def _following(event: Event, former: Event | None, now: datetime) -> Event:
    """Return *event* as the version after *former*: the same one where nothing has changed."""
    same = former is not None and former.get("STATUS") != "CANCELLED" and _content(former) == _content(event)
    if former is not None and same:
        return former
    return _stamped(event, former, now, "CONFIRMED")


def _cancelled(former: Event, now: datetime) -> Event:
    if former.get("STATUS") == "CANCELLED":
        return former
    event = former.copy(recursive=True)
    for name in _OF_A_VERSION:
        event.pop(name, None)
    # Nobody is to be reminded of what is no longer due.
    event.subcomponents = []
    return _stamped(event, former, now, "CANCELLED")


def _stamped(event: Event, former: Event | None, now: datetime, status: str) -> Event:
    event.add("SEQUENCE", 0 if former is None else int(former.get("SEQUENCE", 0)) + 1)
    event.add("DTSTAMP", now.astimezone(UTC).replace(microsecond=0))
    event.add("LAST-MODIFIED", now.astimezone(UTC).replace(microsecond=0))
    event.add("STATUS", status)
    return event


def _content(event: Event) -> bytes:
    """Return what *event* says, whichever version of it says so."""
    plain = event.copy(recursive=True)
    for name in _OF_A_VERSION:
        plain.pop(name, None)
    said: bytes = plain.to_ical()
    return said


def _read(content: bytes) -> Calendar:
    from icalendar import Calendar  # noqa: PLC0415 - kept out of `import hornbook`

    try:
        calendar = Calendar.from_ical(content)
        if str(calendar["PRODID"]) != PRODID or any("UID" not in event or "DTEND" not in event for event in calendar.events):
            raise HornbookError("was not written by hornbook")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise HornbookError("is no calendar that can be read") from error
    return calendar


def _moment(when: datetime | date) -> datetime:
    """Return *when* as a moment; a day begins at midnight UTC."""
    moment = when if isinstance(when, datetime) else datetime(when.year, when.month, when.day, tzinfo=UTC)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
