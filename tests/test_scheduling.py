"""`hornbook calendar` and `hornbook review`: what is due, told, written, and brought up to date."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar
from typer.testing import CliRunner

from hornbook.cli import app
from hornbook.model import LessonRef, Outcome, Runtime, SandboxReport, Status, SubmissionRef, Verdict
from hornbook.record.store import OWNER, Record
from hornbook.scaffold import new_course

COHORT = """
[[tool.hornbook.cohort]]
name = "autumn"
title = "Autumn evenings"
starts = 2099-09-07
timezone = "Europe/Berlin"
due_at = 20:00:00
"""
NOW = datetime.now(UTC)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a course with one lesson and one cohort, and stand in it; nobody has handed anything in."""
    root = tmp_path / "course"
    new_course(root, title="Loops")
    with (root / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(COHORT)
    monkeypatch.chdir(root)
    monkeypatch.setenv("HORNBOOK_RECORD", str(tmp_path / "record.sqlite"))
    return root


def passed(learner: str, at: datetime) -> None:
    """Remember that *learner* passed the course's lesson."""
    verdict = Verdict.of(
        lesson=LessonRef("counting_vowels", "Counting vowels", "1.0.0", "00" * 32, "11" * 32),
        submission=SubmissionRef("counting_vowels.ipynb", "22" * 32),
        outcomes=(Outcome("test_it", "count_vowels", "It", Status.PASSED, 1.0, 1.0),),
        sandbox=SandboxReport(4, "own root", ()),
        runtime=Runtime("3.11.7", "33" * 32, "0.1.0"),
        started=at,
        seconds=0.25,
        seed=7,
    )
    with contextlib.closing(Record.open(Path.cwd().parent / "record.sqlite")) as record:
        record.grade(learner, "course", verdict, at=at)


def run(*words: str, code: int = 0) -> str:
    """Return what a command says, without the breaks of its lines; it ends with *code*."""
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


@pytest.mark.usefixtures("course")
def test_what_is_due_is_told() -> None:
    """By the cohort's clocks, for people and as JSON."""
    assert run("calendar") == "Mon 14 Sep 2099, 20:00 Counting vowels (counting_vowels)"
    assert json.loads(run("calendar", "--json")) == [
        {"slug": "counting_vowels", "title": "Counting vowels", "due": "2099-09-14T20:00:00+02:00"}
    ]


def test_calendar_is_written_and_brought_up_to_date(course: Path) -> None:
    """Written twice it is the same; when a date has moved, its event has, and there are not two."""
    file = course / "autumn.ics"
    words = run("calendar", "--into", "autumn.ics")
    first = file.read_bytes()
    run("calendar", "--into", "autumn.ics")
    again = file.read_bytes()
    settings = course / "pyproject.toml"
    settings.write_text(settings.read_text("utf-8").replace("20:00:00", "21:30:00"), "utf-8")
    run("calendar", "--into", "autumn.ics")
    (event,) = Calendar.from_ical(file.read_bytes()).events

    assert words == "Written 1 event to autumn.ics"
    assert again == first
    assert (f"{event.decoded('DTEND'):%H:%M}", str(event["SEQUENCE"])) == ("21:30", "1")
    assert b"X-WR-CALNAME:Loops\\, Autumn evenings\r\n" in first


def test_calendar_speaks_the_language_of_the_course(course: Path) -> None:
    """A German course has German words in its calendar."""
    settings = course / "pyproject.toml"
    settings.write_text(settings.read_text("utf-8").replace('language = "en"', 'language = "de"'), "utf-8")
    run("calendar", "--into", "autumn.ics")

    assert "SUMMARY:Fällig: Counting vowels" in (course / "autumn.ics").read_text("utf-8")


def test_reviews_stand_in_the_calendar(course: Path) -> None:
    """A learner has a calendar of their own, with what the cohort has to do and what they are to repeat."""
    passed("ada", NOW - timedelta(days=400))
    run("calendar", "--into", "ada.ics", "--reviews", "--learner", "ada")
    found = sorted(str(event["SUMMARY"]) for event in Calendar.from_ical((course / "ada.ics").read_bytes()).events)

    assert found == ["Due: Counting vowels", "Review: Counting vowels"]


@pytest.mark.usefixtures("course")
def test_what_is_worth_repeating_is_told() -> None:
    """What is overdue is for today; what was passed just now is for later; of nobody's else is told."""
    assert run("review") == "Nothing was passed yet, so there is nothing to repeat."
    passed(OWNER, NOW - timedelta(days=400))
    passed("ada", NOW)
    (mine,) = json.loads(run("review", "--json"))

    assert run("review") == f"{NOW.astimezone():%a %d %b %Y} Counting vowels (counting_vowels) now"
    assert run("review", "--learner", "ada").endswith("Counting vowels (counting_vowels) later")
    assert (mine["slug"], mine["due"]) == ("counting_vowels", True)


@pytest.mark.usefixtures("course")
def test_only_a_calendar_is_written() -> None:
    """A file that is none by its name is refused."""
    assert run("calendar", "--into", "autumn.txt", code=2) == "autumn.txt: a calendar is a file .ics."


def test_other_files_are_not_overwritten(course: Path) -> None:
    """A calendar that somebody else has written stays as it is, and a folder is no calendar."""
    theirs = b"BEGIN:VCALENDAR\r\nPRODID:-//Somebody//EN\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
    (course / "theirs.ics").write_bytes(theirs)
    (course / "folder.ics").mkdir()

    assert run("calendar", "--into", "theirs.ics", code=2) == "theirs.ics: was not written by hornbook. Choose another file."
    assert run("calendar", "--into", "folder.ics", code=2) == "folder.ics: cannot be read (Is a directory). Choose another file."
    assert (course / "theirs.ics").read_bytes() == theirs


def test_cohort_is_named_where_there_is_more_than_one(course: Path) -> None:
    """Which there are is said."""
    with (course / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(COHORT.replace("autumn", "spring").replace("2099-09", "2099-03"))

    assert run("calendar", code=2) == "There is more than one cohort: autumn, spring. Choose with --cohort."
    assert run("calendar", "--cohort", "winter", code=2) == 'There is no cohort "winter"; there is autumn, spring.'
    assert run("calendar", "--cohort", "spring").startswith("Sat 14 Mar 2099, 20:00")


def test_course_without_a_cohort_says_what_to_add(course: Path) -> None:
    """Nothing is due there for anybody, though reviews may be."""
    settings = course / "pyproject.toml"
    settings.write_text(settings.read_text("utf-8").replace(COHORT, ""), "utf-8")

    assert run("calendar", code=2).endswith("pyproject.toml: there is no cohort. Add a table [[tool.hornbook.cohort]].")
    assert run("calendar", "--reviews", "--into", "mine.ics") == "Written 0 events to mine.ics"
