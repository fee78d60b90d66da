"""`hornbook.schedule.calendar`: a file that calendars read, and read again without showing anything twice."""

from __future__ import annotations

import ctypes
import os
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from hornbook import Course
from hornbook.errors import HornbookError
from hornbook.scaffold import new_course, new_lesson
from hornbook.schedule.calendar import Entry, due, reviews, write

if TYPE_CHECKING:
    from pathlib import Path

    from icalendar import Event

NOW = datetime(2026, 9, 7, 18, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
MEANS = Entry(
    "due.means@c.hornbook", "Due: Means", "The mean.", datetime(2026, 10, 5, 20, 0, tzinfo=BERLIN), 10, "https://example.org/means", 24
)
MODES = Entry("due.modes@c.hornbook", "Due: Modes", "The mode.", datetime(2026, 10, 12, 20, 0, tzinfo=BERLIN), 15)
AGAIN = Entry("review.means@c.hornbook", "Review: Means", "The mean.", date(2026, 9, 20), 10)


def events(made: bytes) -> dict[str, Event]:
    """Return the events of a calendar by their UIDs, none of which is there twice."""
    found = Calendar.from_ical(made).events
    assert len({str(event["UID"]) for event in found}) == len(found)
    return {str(event["UID"]): event for event in found}


def number(event: Event) -> int:
    """Return which version of itself *event* is."""
    return int(str(event["SEQUENCE"]))


def moved(entry: Entry, **by: int) -> Entry:
    """Return *entry* at another time."""
    return Entry(entry.uid, entry.summary, entry.description, entry.when + timedelta(**by), entry.minutes, entry.link, entry.alarm_hours)


def errors(made: bytes) -> list[str]:
    """Return what libical, which many calendars are built on, finds wrong with a calendar.

    It knows how often each property may stand only for calendars that are sent, so that one is asked about, too.
    """
    try:
        lib = ctypes.CDLL("libical.so.3")
    except OSError:
        if os.environ.get("CI") == "true" and os.geteuid() == 0:
            raise
        pytest.skip("needs libical: apt install libical3")
    lib.icalparser_parse_string.restype = ctypes.c_void_p
    lib.icalparser_parse_string.argtypes = [ctypes.c_char_p]
    lib.icalrestriction_check.argtypes = lib.icalcomponent_as_ical_string.argtypes = [ctypes.c_void_p]
    lib.icalcomponent_as_ical_string.restype = ctypes.c_char_p
    sent = made.replace(b"VERSION:2.0", b"VERSION:2.0\r\nMETHOD:PUBLISH", 1)
    sent = sent.replace(b"BEGIN:VEVENT", b"BEGIN:VEVENT\r\nORGANIZER:mailto:ada@example.org")
    calendar = lib.icalparser_parse_string(sent)
    assert calendar is not None
    lib.icalrestriction_check(calendar)
    told = lib.icalcomponent_as_ical_string(calendar).decode().replace("\r\n ", "")
    return re.findall(r"^X-LIC-ERROR.*?:(.*?)\r$", told, re.MULTILINE)


def test_calendar_is_valid() -> None:
    """Libical finds nothing to say, and would: without a time stamp, and with a date that is none."""
    made = write([MEANS, MODES, AGAIN], "A course; with, marks\\", now=NOW)

    assert errors(made) == []
    assert errors(re.sub(rb"DTSTAMP.*\r\n", b"", made))
    assert errors(re.sub(rb"DTSTART;.*\r\n", b"DTSTART:2026\r\n", made))
    assert max(map(len, made.split(b"\r\n"))) <= 75
    assert b"METHOD" not in made


def test_lesson_ends_when_it_is_due() -> None:
    """It stands in the calendar for the minutes that it takes, by the cohort's clocks, with link and alarm, and blocks nothing."""
    event = events(write([MEANS], "C", now=NOW))[MEANS.uid]
    (alarm,) = event.walk("VALARM")

    assert event.decoded("DTSTART") == datetime(2026, 10, 5, 19, 50, tzinfo=BERLIN)
    assert event.decoded("DTEND") == MEANS.when
    assert "DTEND;TZID=Europe/Berlin:20261005T200000" in event.to_ical().decode()
    assert (event["URL"], event["TRANSP"], event["STATUS"]) == (MEANS.link, "TRANSPARENT", "CONFIRMED")
    assert alarm.decoded("TRIGGER") == timedelta(hours=-24)
    assert alarm["ACTION"] == "DISPLAY"


def test_review_takes_a_day_and_reminds_nobody() -> None:
    """What is worth repeating is on a day, whole."""
    event = events(write([AGAIN], "C", now=NOW))[AGAIN.uid]

    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (date(2026, 9, 20), date(2026, 9, 21))
    assert event.walk("VALARM") == []


def test_what_has_not_changed_is_written_as_it_was() -> None:
    """Writing the same again, later, changes not one byte."""
    made = write([MEANS, MODES, AGAIN], "C", now=NOW)

    assert write([MEANS, MODES, AGAIN], "C", now=LATER, before=made) == made


def test_what_has_moved_keeps_its_uid_and_gets_the_next_number() -> None:
    """A calendar moves it instead of showing it twice; what stands beside it is left alone."""
    first = write([MEANS, MODES], "C", now=NOW)
    second = write([moved(MEANS, days=2), MODES], "C", now=LATER, before=first)
    third = write([moved(MEANS, days=4), MODES], "C", now=LATER, before=second)
    found = events(third)

    assert [number(events(made)[MEANS.uid]) for made in (first, second, third)] == [0, 1, 2]
    assert found[MEANS.uid].decoded("DTEND") == moved(MEANS, days=4).when
    assert found[MEANS.uid].decoded("DTSTAMP") == LATER
    assert (number(found[MODES.uid]), found[MODES.uid].decoded("DTSTAMP")) == (0, NOW)
    assert errors(third) == []


def test_what_is_no_longer_due_is_cancelled_and_can_come_back() -> None:
    """It is taken out of calendars, reminds of nothing, and has its UID again if it is due once more."""
    first = write([MEANS, MODES], "C", now=NOW)
    second = write([MODES], "C", now=LATER, before=first)
    still = write([MODES], "C", now=LATER + timedelta(days=1), before=second)
    back = write([MEANS, MODES], "C", now=LATER + timedelta(days=2), before=still)
    gone = events(second)[MEANS.uid]

    assert (gone["STATUS"], number(gone), gone.walk("VALARM")) == ("CANCELLED", 1, [])
    assert still == second
    assert (events(back)[MEANS.uid]["STATUS"], number(events(back)[MEANS.uid])) == ("CONFIRMED", 2)
    assert errors(second) == []


def test_what_was_cancelled_goes_when_its_time_is_over() -> None:
    """A file does not grow for ever."""
    first = write([MEANS, MODES], "C", now=NOW)

    assert list(events(write([MODES], "C", now=MEANS.when + timedelta(days=1), before=first))) == [MODES.uid]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (b"", "is no calendar that can be read"),
        (b"\xff\xfe\x00", "is no calendar that can be read"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "is no calendar that can be read"),
        (b"BEGIN:VCALENDAR\r\nPRODID:-//Somebody//EN\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "was not written by hornbook"),
        (
            b"BEGIN:VCALENDAR\r\nPRODID:-//hornbook//calendar//EN\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            "was not written by hornbook",
        ),
    ],
)
def test_calendar_of_somebody_else_is_not_overwritten(before: bytes, sentence: str) -> None:
    """What is not ours, or can't be read, is left as it is."""
    with pytest.raises(HornbookError, match=sentence):
        write([MEANS], "C", now=NOW, before=before)


@given(st.text(max_size=200), st.text(max_size=2000))
def test_any_words_stay_words(summary: str, description: str) -> None:
    """Whatever a lesson is called, it is one event whose fields are its own."""
    made = write([Entry("due.x@c.hornbook", summary, description, MEANS.when, 10)], summary, now=NOW)
    (event,) = Calendar.from_ical(made).events

    assert {str(name) for name in event} == {
        "UID", "SUMMARY", "DESCRIPTION", "TRANSP", "DTSTART", "DTEND", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "STATUS",
    }  # fmt: skip
    assert write([Entry("due.x@c.hornbook", summary, description, MEANS.when, 10)], summary, now=LATER, before=made) == made


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Give a course of two lessons with a cohort."""
    root = tmp_path / "course"
    new_course(root)
    new_lesson(Course.open(root), "loops/pocket_money")
    with (root / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[tool.hornbook.cohort]]\nname = "autumn"\nstarts = 2026-09-07\ntimezone = "Europe/Berlin"\n')
        file.write('link = "https://hub.example.org/lab/tree/{path}?lesson={slug}"\n')
    return Course.open(root)


def test_each_lesson_of_a_cohort_is_due(course: Course) -> None:
    """Title, what is learned, how long it takes and where it opens are told."""
    (cohort,) = course.settings.cohorts
    first, second = due(course, cohort)

    assert (first.uid, second.uid) == ("due.counting_vowels.autumn@course.hornbook", "due.pocket_money.autumn@course.hornbook")
    assert first.summary == "Due: Counting vowels"
    assert "About 5 minutes" in first.description
    assert second.link == "https://hub.example.org/lab/tree/lessons/loops/pocket_money.ipynb?lesson=pocket_money"
    assert f"{first.when:%Y-%m-%d} {second.when:%Y-%m-%d}" == "2026-09-14 2026-09-21"


def test_what_is_overdue_is_for_today(course: Course) -> None:
    """A review that was missed stands on the day on which the calendar is written, not in the past."""
    today = NOW.astimezone().date()
    found = {entry.uid: entry.when for entry in reviews(course, {"counting_vowels": NOW - timedelta(days=9)}, today)}

    assert found == {"review.counting_vowels@course.hornbook": today}
