"""The river at night: pages and waits, times with zones, gaps, and the highest level of each gauge."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

NIGHT = datetime(2024, 11, 3, 20, tzinfo=UTC)
GAUGES = st.sampled_from(["Mill", "Weir", "Bridge"])
LEVELS = st.integers(0, 300)
TIMES = st.integers(0, 600)
CLEANED = st.lists(st.tuples(GAUGES, LEVELS, TIMES), max_size=8)


def page(readings, following):
    """Return the body of a page."""
    return json.dumps({"readings": readings, "next": following})


def asked(submission, recording, path):
    """Let the learner's function read *recording*: `came` is what it returns, `service.waited` how long it has waited."""
    submission.run(f"service = Replay({recording!r})")
    submission.run(f"came = all_readings(service, {path!r})")


def time(minutes, hours_ahead=0):
    """Return the time so many minutes into the night, as a place that is so many hours ahead of UTC writes it."""
    return (NIGHT + timedelta(minutes=minutes)).astimezone(timezone(timedelta(hours=hours_ahead))).isoformat()


@pytest.mark.exercise("all_readings")
def test_two_pages(submission):
    """Two pages with one and two readings give a list of three, in order"""
    asked(submission, {"/a": [(200, page([{"n": 1}], "/b"))], "/b": [(200, page([{"n": 2}, {"n": 3}], None))]}, "/a")
    assert submission.came == [{"n": 1}, {"n": 2}, {"n": 3}]


@pytest.mark.exercise("all_readings")
def test_waits_when_told_to(submission):
    """When told to wait 5 seconds and then 7, it has waited 12, and then has the page"""
    busy = [(429, json.dumps({"error": "busy", "retry_after": seconds})) for seconds in (5, 7)]
    asked(submission, {"/a": [*busy, (200, page([{"n": 1}], None))]}, "/a")
    assert submission.came == [{"n": 1}]
    assert submission.service.waited == 12


@pytest.mark.exercise("all_readings")
def test_another_status(submission):
    """A page that is there is read; status 503 is a RuntimeError that says 503"""
    asked(submission, {"/a": [(200, page([{"n": 1}], None))]}, "/a")
    assert submission.came == [{"n": 1}]
    with submission.raises(RuntimeError, match="503"):
        asked(submission, {"/a": [(200, page([], "/b"))], "/b": [(503, "no service")]}, "/a")


@pytest.mark.exercise("all_readings", hidden=True)
@settings(max_examples=15)
@given(pages=st.lists(st.tuples(st.lists(LEVELS, max_size=3), st.lists(st.integers(1, 60), max_size=2)), min_size=1, max_size=5))
@example(pages=[([1], []), ([], [3]), ([2], [])])
def test_any_recording(submission, pages):
    """Any number of pages and waits gives all readings, and the waits add up"""
    paths = [f"/river/{number}" for number in range(len(pages))]
    recording = {}
    for path, following, (levels, waits) in zip(paths, [*paths[1:], None], pages, strict=True):
        busy = [(429, json.dumps({"retry_after": seconds})) for seconds in waits]
        recording[path] = [*busy, (200, page([{"level_cm": level} for level in levels], following))]
    asked(submission, recording, paths[0])
    assert submission.came == [{"level_cm": level} for levels, _ in pages for level in levels]
    assert submission.service.waited == sum(sum(waits) for _, waits in pages)


@pytest.mark.exercise("clean")
def test_a_time_one_hour_ahead(submission):
    """Half past three at +01:00 is half past two in UTC"""
    reading = {"gauge": "Weir", "level_cm": 90, "at": "2024-11-04T03:30:00+01:00"}
    assert submission.clean([reading]) == [("Weir", 90, datetime(2024, 11, 4, 2, 30, tzinfo=UTC))]


@pytest.mark.exercise("clean")
def test_no_level_is_left_out(submission):
    """A reading without a level is left out, one with the level null too; a level of 0 stays"""
    at = "2024-11-04T01:00:00+00:00"
    readings = [{"gauge": "Mill", "at": at}, {"gauge": "Weir", "level_cm": None, "at": at}, {"gauge": "Bridge", "level_cm": 0, "at": at}]
    assert submission.clean(readings) == [("Bridge", 0, datetime(2024, 11, 4, 1, tzinfo=UTC))]


@pytest.mark.exercise("clean")
def test_in_the_order_of_time(submission):
    """A quarter to two at +01:00 comes before one o'clock in UTC"""
    readings = [
        {"gauge": "Mill", "level_cm": 100, "at": "2024-11-04T01:00:00+00:00"},
        {"gauge": "Weir", "level_cm": 50, "at": "2024-11-04T01:45:00+01:00"},
    ]
    assert [gauge for gauge, _, _ in submission.clean(readings)] == ["Weir", "Mill"]


@pytest.mark.exercise("clean", hidden=True)
@settings(max_examples=30)
@given(rows=st.lists(st.tuples(GAUGES, st.none() | LEVELS, TIMES, st.integers(-11, 12)), max_size=6, unique_by=lambda row: row[2]))
def test_any_readings(submission, rows):
    """Any readings come in the order of their times, in UTC, and only those with a level"""
    readings = [{"gauge": gauge, "level_cm": level, "at": time(minutes, ahead)} for gauge, level, minutes, ahead in rows]
    came = submission.clean(readings)
    known = {minutes: (gauge, level) for gauge, level, minutes, _ in rows if level is not None}
    assert came == [(*known[minutes], NIGHT + timedelta(minutes=minutes)) for minutes in range(601) if minutes in known]
    assert all(at.utcoffset() == timedelta(0) for _, _, at in came)


@pytest.mark.exercise("crests")
def test_two_gauges(submission):
    """Of the levels 120 and 140 at the mill and 95 at the weir, 140 and 95 are the highest"""
    first, second, third = (NIGHT + timedelta(hours=hours) for hours in range(3))
    came = submission.crests([("Mill", 120, first), ("Weir", 95, second), ("Mill", 140, third)])
    assert came == {"Mill": (140, third), "Weir": (95, second)}


@pytest.mark.exercise("crests")
def test_the_first_of_two_highest(submission):
    """Where a gauge was at its highest twice, the first time is told"""
    first, second, third = (NIGHT + timedelta(hours=hours) for hours in range(3))
    assert submission.crests([("Mill", 150, first), ("Mill", 150, second), ("Mill", 90, third)]) == {"Mill": (150, first)}


@pytest.mark.exercise("crests", hidden=True)
@settings(max_examples=40)
@given(CLEANED)
@example([("Mill", 0, 5)])
def test_any_crests(submission, rows):
    """Any night has the right highest level and time for each gauge that was heard of"""
    cleaned = [(gauge, level, NIGHT + timedelta(minutes=minutes)) for gauge, level, minutes in sorted(rows, key=lambda row: row[2])]
    expected = {}
    for name in {gauge for gauge, _, _ in cleaned}:
        _, level, at = next(row for row in sorted(cleaned, key=lambda row: -row[1]) if row[0] == name)
        expected[name] = (level, at)
    assert submission.crests(cleaned) == expected
