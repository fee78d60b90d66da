"""The commands that bring courses in and out: `hornbook import nbgrader`, `otter` and `pytest`, and `hornbook export nbgrader`."""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hornbook.errors import printable
from hornbook.terminal import (
    EXIT_CODES,
    NOT_PASSED,
    PASSED,
    Commands,
    CourseOption,
    JsonOption,
    find_course,
    find_lesson,
    need_linux,
    show_json,
    telling_errors,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hornbook.exchange.bringing import Report

app = typer.Typer()
bring = typer.Typer(help="Bring over what was made for another grader.", no_args_is_help=True, rich_markup_mode=None, cls=Commands)
app.add_typer(bring, name="import", epilog=EXIT_CODES)

send = typer.Typer(help="Write lessons for another grader.", no_args_is_help=True, rich_markup_mode=None, cls=Commands)
app.add_typer(send, name="export", epilog=EXIT_CODES)

KINDS = {
    "left out": "Left out, or to be put right by you:",
    "claimed": "Decided by the learner's own kernel, and marked so in every verdict:",
    "vacuous": "Can never fail:",
    "for a person": "For a person to read:",
    "repaired": "Repaired:",
    "changed": "Different here:",
    "upgraded": "Upgraded:",
}
"""The headings of a report, in the order of what needs attention."""


IntoOption = Annotated[Path | None, typer.Option("--into", metavar="DIR", help="The course to add to; it is made if it is not there.")]
AuthorOption = Annotated[list[str] | None, typer.Option("--author", metavar="NAME", help="Who wrote it; may be given several times.")]
LicenceOption = Annotated[str, typer.Option("--licence", metavar="NAME", help='Its licence, such as "CC-BY-4.0".')]
RunOption = Annotated[bool, typer.Option("--run/--no-run", help="Grade the solutions, to see which checks need the kernel.")]


@bring.command("nbgrader", epilog=EXIT_CODES, short_help="Courses, assignments and notebooks of nbgrader's.")
def nbgrader(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="A course with source/ or release/, an assignment's folder, or a notebook.")
    ],
    *,
    into: IntoOption = None,
    author: AuthorOption = None,
    licence: LicenceOption = "",
    run: RunOption = True,
    as_json: JsonOption = False,
) -> None:
    """Make lessons and graders of nbgrader's notebooks; test cells run on the trusted side from now on."""
    with telling_errors(context, as_json=as_json):
        from hornbook.exchange.bringing import import_nbgrader  # noqa: PLC0415 - heavy

        _bring(paths, into, import_nbgrader, as_json=as_json, authors=author or (), licence=licence, run=run)


@bring.command("otter", epilog=EXIT_CODES, short_help="Notebooks, tests and autograder zips of otter's.")
def otter(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="A notebook, a folder with tests/, an autograder's zip, or a folder of such.")
    ],
    *,
    into: IntoOption = None,
    author: AuthorOption = None,
    licence: LicenceOption = "",
    run: RunOption = True,
    as_json: JsonOption = False,
) -> None:
    """Make lessons and graders of otter's notebooks and tests; doctests and test functions run on the trusted side from now on."""
    with telling_errors(context, as_json=as_json):
        from hornbook.exchange.otter_course import import_otter  # noqa: PLC0415 - heavy

        _bring(paths, into, import_otter, as_json=as_json, authors=author or (), licence=licence, run=run)


@bring.command("pytest", epilog=EXIT_CODES, short_help="Plain notebooks with pytest files, or cells of ipytest.")
def plain(  # noqa: PLR0913 - one for each option
    context: typer.Context,
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="A notebook, or a folder of notebooks.")],
    tests: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="TESTFILE", show_default=False, help="Its test files; else those beside it that are called after it, and its own cells."
        ),
    ] = None,
    *,
    points: Annotated[
        float | None, typer.Option("--points", metavar="N", min=0, help="What each test is worth, whatever its own marker says.")
    ] = None,
    into: IntoOption = None,
    author: AuthorOption = None,
    licence: LicenceOption = "",
    run: RunOption = True,
    as_json: JsonOption = False,
) -> None:
    """Make lessons and graders of plain notebooks with pytest files, or with cells of ipytest; tests run on the trusted side."""
    with telling_errors(context, as_json=as_json):
        from hornbook.exchange.plain import import_pytest  # noqa: PLC0415 - heavy

        options = {"files": tests or (), "points": points}
        _bring([notebook], into, import_pytest, as_json=as_json, authors=author or (), licence=licence, run=run, **options)


def _bring(paths: Sequence[Path], into: Path | None, importing: Callable[..., Report], *, as_json: bool, **options: object) -> None:
    """Bring over what lies at each of *paths*, as *importing* does, and tell it; leave with the exit code that it comes to."""
    if options["run"]:
        need_linux()
    reports = []
    for path in paths:
        where = into or _beside(path)
        with waiting("reading") as tell, contextlib.redirect_stdout(sys.stderr):
            report = importing(path, where, tell=tell, **options)
        reports.append(report)
        if not as_json:
            typer.echo("\n".join(told(report)))
            typer.echo(f"\nNext: cd {shlex.quote(printable(where))} && hornbook doctor")
    if as_json:
        show_json(reports[0] if len(reports) == 1 else reports)
    raise typer.Exit(PASSED if all(report.complete for report in reports) else NOT_PASSED)


@send.command("nbgrader", epilog=EXIT_CODES)
def to_nbgrader(
    context: typer.Context,
    slugs: Annotated[
        list[str] | None, typer.Argument(metavar="SLUG", help="The lessons; all if none is named.", show_default=False)
    ] = None,
    *,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="nbgrader's course: the notebooks go into DIR/source/.")] = Path(),
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write lessons as source notebooks of nbgrader's, with solutions, tests and hidden tests between its markers."""
    with telling_errors(context, as_json=as_json):
        from hornbook.exchange.exporting import export_nbgrader  # noqa: PLC0415 - heavy

        found = find_course(course, ())
        export = export_nbgrader(found, [find_lesson(found, word).slug for word in slugs or ()], to)
        if as_json:
            show_json(export)
        else:
            for file in export.files:
                typer.echo(f"made  {file}")
            for note in export.notes:
                typer.echo(f"  - {note}")
        raise typer.Exit(NOT_PASSED if export.notes else PASSED)


def _beside(path: Path) -> Path:
    """Return where a course of what lies at *path* goes if nobody says: the course that we are in, or a new folder here."""
    here = Path.cwd()
    inside = next((folder for folder in (here, *here.parents) if (folder / "lessons").is_dir()), None)
    name = path.absolute().name.removesuffix(".ipynb").removesuffix(".zip")
    return inside or here / f"{name}_hornbook"


def told(report: Report) -> Iterator[str]:
    """Yield the lines that tell *report*: its lessons, then what is to be known of them, most urgent first."""
    for lesson in report.lessons:
        by_hand = f", {lesson.manual:g} more by hand" if lesson.manual else ""
        claimed = f", {lesson.claimed} of them told by the kernel" if lesson.claimed else ""
        yield f"made  {lesson.slug}, from {lesson.origin}"
        yield f"      {lesson.points:g} points{by_hand}; {lesson.checks} checks{claimed}; the solution {lesson.solution}"
    for kind, heading in KINDS.items():
        notes = [note for note in report.notes if note.kind == kind]
        if notes:
            yield ""
            yield heading
            yield from (f"  - {note}" for note in notes)
