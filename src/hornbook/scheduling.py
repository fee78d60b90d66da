"""The commands of time: `hornbook calendar`, by when a cohort has to do what, and `hornbook review`, what is worth doing once more."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hornbook.errors import HornbookError, printable
from hornbook.terminal import EXIT_CODES, CourseOption, JsonOption, RecordOption, find_course, show_json, telling_errors
from hornbook.words import speaking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hornbook.cohorts import Cohort
    from hornbook.course import Course
    from hornbook.lesson import Lesson

app = typer.Typer()

LearnerOption = Annotated[
    str | None, typer.Option("--learner", metavar="NAME", help="Whose reviews. [default: those of whoever this machine belongs to]")
]


@app.command(epilog=EXIT_CODES)
def calendar(
    context: typer.Context,
    *,
    cohort: Annotated[str | None, typer.Option("--cohort", metavar="NAME", help="Which cohort, where there is more than one.")] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FILE.ics", help="Write it for calendars; a file of ours is updated.")
    ] = None,
    reviews: Annotated[bool, typer.Option("--reviews", help="Add what a learner is to repeat, and when.")] = False,
    learner: LearnerOption = None,
    record: RecordOption = None,
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show by when a cohort has to do which lesson, or write it as a calendar that Google, Outlook and Apple read."""
    with telling_errors(context, as_json=as_json):
        from hornbook.schedule import calendar as schedule  # noqa: PLC0415 - only here

        here = find_course(course, ())
        if into is not None and into.suffix != ".ics":
            raise HornbookError(f"{printable(into)}: a calendar is a file .ics.")
        group = None if reviews and cohort is None and not here.settings.cohorts else _cohort(here, cohort)
        now = datetime.now(UTC)
        if into is None:
            _tell(list(schedule.deadlines(here, group)) if group is not None else [], now, as_json=as_json)
            return
        with speaking(here.settings.language):
            entries = list(schedule.due(here, group)) if group is not None else []
            if reviews:
                entries += schedule.reviews(here, _review_at(here, learner, record), now.astimezone().date())
        title = here.settings.title if group is None or group.title == group.name else f"{here.settings.title}, {group.title}"
        number = _write(into, entries, title, now)
        if as_json:
            show_json({"file": str(into), "events": number})
        else:
            typer.echo(f"Written    {number} {'event' if number == 1 else 'events'}")
            typer.echo(f"to         {printable(into)}")


@app.command(epilog=EXIT_CODES)
def review(
    context: typer.Context,
    *,
    learner: LearnerOption = None,
    record: RecordOption = None,
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which lessons that were passed are worth doing once more today, and when the others will be."""
    with telling_errors(context, as_json=as_json):
        here = find_course(course, ())
        now = datetime.now(UTC)
        review_at = sorted(_review_at(here, learner, record).items(), key=lambda one: one[1])
        if as_json:
            show_json([{"slug": slug, "reviewAt": at, "due": at <= now} for slug, at in review_at])
        elif not review_at:
            typer.echo("Nothing was passed yet, so there is nothing to repeat.")
        else:
            rows = [(_day(at, now), here.lesson(slug), "now" if at <= now else "later") for slug, at in review_at]
            _table(rows)


def _cohort(course: Course, name: str | None) -> Cohort:
    """Return the cohort of *course* by its *name*, which may be left out where there is one."""
    cohorts = {cohort.name: cohort for cohort in course.settings.cohorts}
    names = ", ".join(cohorts)
    if not cohorts:
        raise HornbookError(f"{printable(course.root / 'pyproject.toml')}: there is no cohort. Add a table [[tool.hornbook.cohort]].")
    if name is None:
        if len(cohorts) > 1:
            raise HornbookError(f"There is more than one cohort: {names}. Choose with --cohort.")
        return course.settings.cohorts[0]
    if name not in cohorts:
        raise HornbookError(f'There is no cohort "{printable(name)}"; there is {names}.')
    return cohorts[name]


def _review_at(course: Course, learner: str | None, record: str | None) -> Mapping[str, datetime]:
    """Return from when each lesson of *course* that *learner* has passed is worth repeating."""
    from hornbook.record.store import OWNER, Record, default_path, place_of  # noqa: PLC0415 - slow to import
    from hornbook.schedule.review import review_at  # noqa: PLC0415

    with contextlib.closing(Record.open(default_path() if record is None else place_of(record))) as opened:
        standings = opened.standings(learner or OWNER, course.name)
    found = {slug: review_at(standings[slug].days) for slug in course.slugs if slug in standings}
    return {slug: at for slug, at in found.items() if at is not None}


def _write(into: Path, entries: Sequence[Any], title: str, now: datetime) -> int:
    """Write the calendar of *entries* to *into*, following on what it holds; return how many events it has."""
    from hornbook.reports import write_whole  # noqa: PLC0415 - slow to import
    from hornbook.schedule import calendar as schedule  # noqa: PLC0415

    try:
        before = into.read_bytes() if into.exists() else None
        made = schedule.write(entries, title, now=now, before=before)
    except OSError as error:
        raise HornbookError(f"{printable(into)}: cannot be read ({error.strerror}). Choose another file.") from error
    except HornbookError as error:
        raise HornbookError(f"{printable(into)}: {error}. Choose another file.") from error
    write_whole(into, [made.decode()], "--into")
    return made.count(b"BEGIN:VEVENT")


def _tell(found: Sequence[tuple[Lesson, datetime]], now: datetime, *, as_json: bool) -> None:
    if as_json:
        show_json([{"slug": lesson.slug, "title": lesson.title, "due": when} for lesson, when in found])
    else:
        _table([(f"{when:%a %d %b %Y, %H:%M}", lesson, "over" if when <= now else "") for lesson, when in found])


def _table(rows: Sequence[tuple[str, Lesson, str]]) -> None:
    for when, lesson, word in rows:
        typer.echo(printable(f"{when}  {lesson.title} ({lesson.slug}){f'  {word}' if word else ''}"))


def _day(at: datetime, now: datetime) -> str:
    """Return the day of *at* as people here write it, and today for what is overdue."""
    return f"{max(at, now).astimezone():%a %d %b %Y}"
