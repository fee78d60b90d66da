"""`hornbook report`: the class as a whole, for whoever teaches it: what needs work first."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hornbook.errors import HornbookError, printable
from hornbook.terminal import EXIT_CODES, CourseOption, JsonOption, RecordOption, find_course, show_json, telling_errors

if TYPE_CHECKING:
    from hornbook.course import Course
    from hornbook.reports.classview import LessonView

app = typer.Typer()


@app.command(epilog=EXIT_CODES)
def report(
    context: typer.Context,
    *,
    record: RecordOption = None,
    least: Annotated[int, typer.Option("--least", metavar="N", min=1, help="Tell nothing of fewer learners than this.")] = 5,
    into: Annotated[Path | None, typer.Option("--into", metavar="FILE", help="Write it as a page (.html) or a table (.csv).")] = None,
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how a class does, from all that a record remembers: passes, attempts, checks, hints, mistakes; what needs work comes first."""
    with telling_errors(context, as_json=as_json):
        from hornbook.record.store import Record, default_path, place_of  # noqa: PLC0415 - slow to import
        from hornbook.reports import classpages, write_whole  # noqa: PLC0415
        from hornbook.reports.classview import class_view, shares  # noqa: PLC0415

        if into is not None and into.suffix not in {".html", ".csv"}:
            raise HornbookError(f"{printable(into)}: a report of a class is a page, .html, or a table, .csv.")
        here = _course(course)
        with contextlib.closing(Record.open(default_path() if record is None else place_of(record))) as opened:
            only = here.name if course is not None and here is not None else None
            views = class_view(opened.verdicts(only), opened.hints(only), least=least)
            name = opened.name
        if not views:
            raise HornbookError(f"{name}: nothing was handed in that is remembered there. `hornbook grade --record` remembers.")
        authors = {} if here is None else {(here.name, lesson.slug): lesson.shares for lesson in here.lessons}
        parts = shares(views, authors)
        if into is not None:
            title = here.settings.title if here is not None else "The class"
            made = classpages.html(views, parts, title, least) if into.suffix == ".html" else classpages.csv(views, authors)
            write_whole(into, made, "--into")
            typer.echo(f"Written    {printable(into)}")
        elif as_json:
            show_json({"lessons": [_plain(view) for view in views], "passes": parts})
        else:
            _tell(views, parts, least)


def _course(given: str | None) -> Course | None:
    """Return the course that was *given*, or the one that we are in, if we are in one: it knows who wrote its lessons."""
    if given is not None:
        return find_course(given, ())
    with contextlib.suppress(HornbookError):
        return find_course(None, ())
    return None


def _plain(view: LessonView) -> dict[str, Any]:
    """Return *view* as data; of a small group nothing but that there is one."""
    return {"course": view.course, "slug": view.slug, "title": view.title, "small": True} if view.small else asdict(view)


def _tell(views: Sequence[LessonView], parts: dict[str, float], least: int) -> None:
    for view in views:
        name = f"{view.course}/{view.slug}"
        typer.echo(printable(f"{name}  {f'fewer than {least} learners' if view.small else _figures(view)}"))
        if view.why:
            typer.echo(printable(f"  {view.why}"))
        for check in _worst(view):
            tells = "" if check.discrimination is None else f", tells apart {check.discrimination:+.2f}"
            typer.echo(printable(f"  {check.at_first:>5.0%} at first, {check.in_the_end:>4.0%} in the end{tells}  {check.title}"))
            if check.hints_seen:
                typer.echo(printable(f"        hints seen by {', then '.join(map(str, check.hints_seen))}"))
            for mistake in check.mistakes:
                typer.echo(printable(f"        {mistake.learners} were told: {mistake.words}"))
    if parts:
        typer.echo(printable("Passes by author: " + ", ".join(f"{name} {number:.1f}" for name, number in parts.items())))


def _figures(view: LessonView) -> str:
    told = f"{view.passed} of {view.learners} passed, {view.attempts} attempts"
    if view.attempts_to_pass is not None:
        told += f", {view.attempts_to_pass:g} to a pass"
    return told + (f", {view.gone} gone" if view.gone else "")


def _worst(view: LessonView) -> Iterable[Any]:
    """Return the checks of *view* that most fail in the end, three at most."""
    return sorted((check for check in view.checks if check.in_the_end < 1), key=lambda check: (check.in_the_end, check.at_first))[:3]
