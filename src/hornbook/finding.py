"""The commands that find: `hornbook find` by words and meaning, `related` what to do next, `index` how the catalog is."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hornbook.errors import CourseError, HornbookError, printable
from hornbook.terminal import (
    AT_FAULT,
    EXIT_CODES,
    PASSED,
    Commands,
    CourseOption,
    JsonOption,
    LanguageOption,
    find_course,
    find_lesson,
    show,
    show_json,
    telling_errors,
    waiting,
)
from hornbook.words import say, speaking

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hornbook.catalog import Catalog, Hit, Report
    from hornbook.course import Course

app = typer.Typer()
index = typer.Typer(help="Look after the index of what can be found.", no_args_is_help=True, rich_markup_mode=None, cls=Commands)
app.add_typer(index, name="index", epilog=EXIT_CODES)
LimitOption = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100, help="How many to show.")]


@app.command(epilog=EXIT_CODES)
def find(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    text: Annotated[list[str], typer.Argument(metavar="TEXT", help="A question, some words, or an error message.", show_default=False)],
    *,
    kind: Annotated[str | None, typer.Option("--kind", metavar="KIND", help='"lesson" or "artifact".')] = None,
    skill: Annotated[list[str] | None, typer.Option("--skill", metavar="NAME", help="It has this skill; all of several.")] = None,
    level: Annotated[list[str] | None, typer.Option("--level", metavar="LEVEL", help="It is of this level; one of several.")] = None,
    minutes: Annotated[int | None, typer.Option("--minutes", metavar="N", min=1, help="It takes at most so long.")] = None,
    author: Annotated[str | None, typer.Option("--author", metavar="NAME", help="Who has written it, or issued its credential.")] = None,
    written_in: Annotated[str | None, typer.Option("--written-in", metavar="TAG", help='The language of its course, such as "en".')] = None,
    assurance: Annotated[str | None, typer.Option("--assurance", metavar="WORD", help='"self-checked" or "course-checked".')] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="It was published on this day or later.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="It was published before this day.")] = None,
    limit: LimitOption = 5,
    course: CourseOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find lessons and artifacts by what they are about, and say why each was found."""
    with speaking(language), telling_errors(context, as_json=as_json):
        from hornbook.catalog import Catalog, Where  # noqa: PLC0415 - heavy

        where = Where.of(
            {
                "kind": kind, "skills": skill, "levels": level, "minutes": minutes, "author": author, "language": written_in,
                "assurance": assurance, "since": since, "until": until,
            }
        )  # fmt: skip
        here = _courses_here(course, ())
        with Catalog.from_environment(asking=True) as catalog:
            _keep(catalog, here)
            hits = catalog.find(" ".join(text), where, limit=limit)
        _tell_hits(hits, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def related(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="LESSON|NOTEBOOK", help="A lesson, or a copy of one.", show_default=False)],
    *,
    passed: Annotated[
        list[str] | None, typer.Option("--passed", metavar="SLUG", help="A lesson that is done, besides the recorded ones.")
    ] = None,
    trouble: Annotated[str, typer.Option("--trouble", metavar="TEXT", help="What does not work, such as an error message.")] = "",
    limit: LimitOption = 5,
    course: CourseOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what to do after a lesson: what builds on it, trains the same, or is similar, and can be begun now."""
    with speaking(language), telling_errors(context, as_json=as_json):
        from hornbook.catalog import Catalog, lesson_key  # noqa: PLC0415 - heavy
        from hornbook.lesson import match_lesson  # noqa: PLC0415

        notebook = Path(what) if what.endswith(".ipynb") or Path(what).is_file() else None
        at = find_course(course, [notebook] if notebook else ())
        lesson = match_lesson(notebook, at.lessons) if notebook else find_lesson(at, what)
        with Catalog.from_environment(asking=True) as catalog:
            _keep(catalog, [at])
            done = {*(passed or ()), *_passed(at)}
            hits = catalog.related(lesson_key(at.name, lesson.slug), passed=done, trouble=trouble, limit=limit)
        _tell_hits(hits, as_json=as_json)


@index.command("check", epilog=EXIT_CODES)
def index_check(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Compare the index with the catalog's database; an index that was lost or damaged is made again on the way."""
    with telling_errors(context, as_json=as_json):
        from hornbook.catalog import Catalog  # noqa: PLC0415 - heavy

        with waiting("comparing the index with the database"), Catalog.from_environment() as catalog:
            report = catalog.check()
            trouble = catalog.trouble
        _tell_report(report, trouble, as_json=as_json)


@index.command("rebuild", epilog=EXIT_CODES)
def index_rebuild(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Make everything again that can be made from the catalog's documents: words, vectors, index."""
    with telling_errors(context, as_json=as_json):
        from hornbook.catalog import Catalog  # noqa: PLC0415 - heavy

        with waiting("making the index again"), Catalog.from_environment() as catalog:
            report = catalog.rebuild()
            trouble = catalog.trouble
        _tell_report(report, trouble, as_json=as_json)


# --- What they share -------------------------------------------------------------------------------------------------


def _courses_here(given: str | None, files: Sequence[Path]) -> list[Course]:
    """Return the course that was *given* or that we are in, or else all that are installed and can be read; there may be none."""
    from hornbook.course import Course, installed_courses  # noqa: PLC0415 - heavy

    if given is not None:
        return [find_course(given, files)]
    with contextlib.suppress(HornbookError):
        return [Course.find(Path.cwd())]
    found = []
    for folder in installed_courses().values():
        with contextlib.suppress(CourseError):
            found.append(Course.open(folder))
    return found


def _keep(catalog: Catalog, courses: Iterable[Course]) -> None:
    """Have the lessons of *courses* in *catalog* as they are now."""
    with waiting("reading the lessons"):
        for course in courses:
            catalog.keep(course)


def _passed(course: Course) -> set[str]:
    """Return the lessons of *course* that the owner of this machine has passed, as far as is recorded."""
    from hornbook.record.store import OWNER, Record, default_path  # noqa: PLC0415 - heavy

    if not default_path().is_file():
        return set()
    with contextlib.closing(Record.open(default_path())) as record:
        return {slug for slug, standing in record.standings(OWNER, course.name).items() if standing.passed_at is not None}


def _tell_hits(hits: Sequence[Hit], *, as_json: bool) -> None:
    """Tell what was found, the best first: what it is, why, the passage, and where it lies."""
    if as_json:
        typer.echo(json.dumps([hit.plain() for hit in hits], ensure_ascii=False, indent=1))
        return
    if not hits:
        typer.echo(say("find.nothing"))
        return
    from rich.console import Group  # noqa: PLC0415 - heavy
    from rich.constrain import Constrain  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from hornbook.show import WIDTH, safe  # noqa: PLC0415

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right")
    grid.add_column(overflow="fold")
    for number, hit in enumerate(hits, 1):
        facts = [hit.level, say("find.minutes", hit.minutes) if hit.minutes else "", hit.assurance, ", ".join(hit.skills)]
        grid.add_row(Text(str(number)), safe(hit.title, "bold"))
        grid.add_row(Text(), safe(" · ".join(fact for fact in facts if fact), "dim"))
        if hit.reasons:
            grid.add_row(Text(), safe(" ".join(hit.reasons)))
        passage = Text("\n").join(safe(line) for line in hit.passage.splitlines())
        if hit.cell:
            passage = safe(f"{say('find.cell', number=hit.cell)} ", "dim").append_text(passage)
        grid.add_row(Text(), passage)
        grid.add_row(Text(), safe(_near(hit.place), "dim"))
        grid.add_row(Text(), Text())
    show(Constrain(Group(grid), WIDTH))


def _near(place: str) -> str:
    """Return *place*, a path or an address, as seen from here if it lies below."""
    path = Path(place)
    return str(path.relative_to(Path.cwd())) if place and path.is_relative_to(Path.cwd()) else place


def _tell_report(report: Report, trouble: str, *, as_json: bool) -> None:
    """Tell how the catalog is, and end with its exit code."""
    if as_json:
        show_json({"documents": report.documents, "indexed": report.indexed, "space": report.space,
                     "problems": report.problems, "trouble": trouble})  # fmt: skip
    else:
        typer.echo(f"documents  {report.documents}")
        typer.echo(f"indexed    {'not here' if report.indexed is None else report.indexed}")
        typer.echo(f"model      {printable(report.space)}")
        if trouble:
            typer.echo(printable(trouble))
        for problem in report.problems:
            typer.echo(f"  ✗ {problem}")
        if report.problems:
            typer.echo("\nNext: hornbook index rebuild")
    raise typer.Exit(AT_FAULT if report.problems else PASSED)
