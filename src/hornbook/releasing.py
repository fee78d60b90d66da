"""The commands of a course that others take: `hornbook release` makes it for learners, and looks for what they must not get."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hornbook.errors import HornbookError, LeakError, printable
from hornbook.released import Form
from hornbook.terminal import AT_FAULT, EXIT_CODES, PASSED, JsonOption, find_course, show, show_json, telling_errors, waiting

if TYPE_CHECKING:
    from hornbook.course import Course
    from hornbook.release.making import Made

app = typer.Typer()


@app.command(epilog=EXIT_CODES)
def release(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    course: Annotated[str | None, typer.Argument(metavar="COURSE", help="The course's folder. [default: the one you are in]")] = None,
    *,
    into: Annotated[Path | None, typer.Option("--into", metavar="PATH", help="Where it is written: a folder, a .zip or a .whl.")] = None,
    form: Annotated[Form | None, typer.Option("--as", help="What it becomes. [default: as the suffix of PATH says]")] = None,
    graders: Annotated[
        bool | None, typer.Option("--graders/--no-graders", help="Take the visible checks along. [default: as the course's settings say]")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--package-version", metavar="VERSION", help="The version of the package. [default: from what is in it]")
    ] = None,
    replacing: Annotated[bool, typer.Option("--replace", help="Put it in the place of a former release of this course.")] = False,
    scan: Annotated[
        Path | None, typer.Option("--scan", metavar="PATH", help="Make nothing: look for the course's secrets in what lies there.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Make nothing: list the versions of lessons that releases have kept.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make the course that learners get: no solutions, no hidden checks, and proven so."""
    with telling_errors(context, as_json=as_json):
        if sum((into is not None, scan is not None, listed)) != 1:
            raise HornbookError(
                "Say what to do, one thing: --into PATH makes a release, --scan PATH looks through one, --list lists versions."
            )
        found = find_course(course, ())
        if scan is not None:
            raise typer.Exit(_look_through(scan, found, as_json=as_json))
        if listed:
            _list(found, as_json=as_json)
        elif into is not None:
            from hornbook.release.making import make  # noqa: PLC0415 - heavy

            with waiting("reading the course") as tell, contextlib.redirect_stdout(sys.stderr):
                made = make(found, into, form=form, graders=graders, version=version, replacing=replacing, tell=tell)
            if as_json:
                show_json({"path": str(made.path), "form": made.form, "sought": made.sought, "release": made.released})
            else:
                typer.echo("\n".join(_told(made)))


def _told(made: Made) -> list[str]:
    released = made.released
    hidden = sum(lesson.hidden for lesson in released.lessons)
    lessons = len(released.lessons)
    return [
        f"Released   {printable(released.title)}, {lessons} {'lesson' if lessons == 1 else 'lessons'}, as a {made.form}",
        f"to         {printable(made.path)}",
        f"kept back  {hidden} hidden {'check' if hidden == 1 else 'checks'}, and all solutions",
        f"proven     {made.sought} secrets were looked for in it, and none was found",
    ]


def _look_through(path: Path, course: Course, *, as_json: bool) -> int:
    """Tell what of *course* is in what lies at *path*, and return the exit code."""
    from hornbook.release.making import look_through  # noqa: PLC0415 - heavy

    if not path.exists():
        raise HornbookError(f"{printable(path)}: is not there, so nothing can be said of it.")
    with waiting("looking"), contextlib.redirect_stdout(sys.stderr):
        findings = look_through(path, course)
    if as_json:
        show_json({"path": str(path), "findings": findings})
    elif findings:
        typer.echo(str(LeakError([str(one) for one in findings])))
    else:
        typer.echo(f"{printable(path)}: nothing in it that learners must not get.")
    return AT_FAULT if findings else PASSED


def _list(course: Course, *, as_json: bool) -> None:
    """Show the versions of the lessons of *course* that were kept, and which of them is the present one."""
    from hornbook.grading.material import version_of  # noqa: PLC0415 - heavy
    from hornbook.release.versions import SHOWN, kept  # noqa: PLC0415

    found = kept(course)
    if as_json:
        show_json(found)
        return
    if not found:
        typer.echo("No version was kept yet: a release does it.")
        return
    from hornbook.show import columns, safe  # noqa: PLC0415 - heavy

    present = {version_of(course, lesson) for lesson in course.lessons}
    table = columns()
    for one in found:
        word = "as it is now" if one.digest in present else ""
        table.add_row(safe(one.slug), safe(one.version), safe(one.digest[:SHOWN]), safe(word, "dim"))
    show(table)
