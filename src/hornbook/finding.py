"""The commands that find: `hornbook find` by words and meaning, `related` what to do next, `index` how the catalog is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hornbook.errors import HornbookError, printable
from hornbook.terminal import AT_FAULT, EXIT_CODES, CourseOption, JsonOption, find_course, show_json, slug_of, telling_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hornbook.catalog import Catalog, Hit, Report
    from hornbook.course import Course

app = typer.Typer()
index = typer.Typer(help="Look at the index of what can be found, or make it again.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(index, name="index", epilog=EXIT_CODES)

LimitOption = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100, help="How many to show at most.")]


@app.command(epilog=EXIT_CODES)
def find(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    text: Annotated[list[str], typer.Argument(metavar="TEXT", help="A question, some words, or an error message.", show_default=False)],
    *,
    skill: Annotated[list[str] | None, typer.Option("--skill", metavar="NAME", help="It teaches this; may be given again.")] = None,
    level: Annotated[list[str] | None, typer.Option("--level", metavar="LEVEL", help="It is of this level, or of another given.")] = None,
    minutes: Annotated[int | None, typer.Option("--minutes", metavar="N", min=1, help="It takes at most so long.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", metavar="KIND", help='"lesson" or "artifact".')] = None,
    author: Annotated[str | None, typer.Option("--author", metavar="NAME", help="It is by this author.")] = None,
    assurance: Annotated[str | None, typer.Option("--assurance", metavar="WORD", help='"self-checked" or "course-checked".')] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="It was published on that day or later.")] = None,
    limit: LimitOption = 5,
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find lessons, and what others have published, by words and by meaning; an error message finds the lesson that teaches it."""
    with telling_errors(context, as_json=as_json):
        from hornbook.catalog import Catalog, Where  # noqa: PLC0415 - heavy

        where = Where.of(
            {
                "skills": skill,
                "levels": level,
                "minutes": minutes,
                "kind": kind,
                "author": author,
                "assurance": assurance,
                "since": since,
            }
        )
        with Catalog.from_environment() as catalog:
            _keep(catalog, course)
            hits = catalog.find(" ".join(text), where, limit=limit)
        _tell(hits, as_json=as_json, nothing="Nothing fits. Try other words, or fewer conditions.")


@app.command(epilog=EXIT_CODES)
def related(
    context: typer.Context,
    lesson: Annotated[str, typer.Argument(metavar="LESSON|NOTEBOOK", help="A lesson's slug, or a notebook that is a copy of one.")],
    *,
    passed: Annotated[list[str] | None, typer.Option("--passed", metavar="SLUG", help="A lesson that is done; may be given again.")] = None,
    trouble: Annotated[str, typer.Option("--trouble", metavar="TEXT", help="An error message: what teaches it comes first.")] = "",
    limit: LimitOption = 5,
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what to do after a lesson, each with its reason: nothing that is done, and nothing that needs what is not done yet."""
    with telling_errors(context, as_json=as_json):
        from hornbook.catalog import Catalog, lesson_key  # noqa: PLC0415 - heavy

        found = find_course(course, [Path(lesson)])
        slug = _slug(found, lesson)
        with Catalog.from_environment() as catalog:
            catalog.keep(found)
            hits = catalog.related(lesson_key(found.name, slug), passed=passed or (), trouble=trouble, limit=limit)
        _tell(hits, as_json=as_json, nothing="Nothing that is left builds on it or is like it.")


@index.command("check", epilog=EXIT_CODES)
def check_index(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Compare the index with what it should hold."""
    with telling_errors(context, as_json=as_json):
        from hornbook.catalog import Catalog  # noqa: PLC0415 - heavy

        with Catalog.from_environment() as catalog:
            report = catalog.check()
        _tell_report(report, as_json=as_json)


@index.command("rebuild", epilog=EXIT_CODES)
def rebuild_index(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Make everything again that can be made from the database: words, vectors, and the index."""
    with telling_errors(context, as_json=as_json):
        from hornbook.catalog import Catalog  # noqa: PLC0415 - heavy

        with Catalog.from_environment() as catalog:
            report = catalog.rebuild()
        _tell_report(report, as_json=as_json)


def _keep(catalog: Catalog, course: str | None) -> None:
    """Bring the course that was given, or that we are in, into the catalog as it is now; without any there is what was there before."""
    try:
        found = find_course(course, ())
    except HornbookError:
        if course is not None:
            raise
    else:
        catalog.keep(found)


def _slug(course: Course, word: str) -> str:
    if not word.endswith(".ipynb"):
        return slug_of(word)
    from hornbook.lesson import match_lesson  # noqa: PLC0415 - heavy

    return match_lesson(Path(word), course.lessons).slug


def _tell(hits: Sequence[Hit], *, as_json: bool, nothing: str) -> None:
    if as_json:
        show_json([hit.plain() for hit in hits])
        return
    if not hits:
        typer.echo(nothing)
    for hit in hits:
        facts = [hit.slug, hit.level, f"{hit.minutes} minutes" if hit.minutes else "", hit.assurance]
        typer.echo(f"{printable(hit.title)}  ({', '.join(printable(fact) for fact in facts if fact)})")
        for reason in hit.reasons:
            typer.echo(f"  {printable(reason)}")
        if hit.passage:
            typer.echo(f"  {printable(' '.join(hit.passage.split()))[:300]}")


def _tell_report(report: Report, *, as_json: bool) -> None:
    if as_json:
        facts: dict[str, Any] = {"documents": report.documents, "indexed": report.indexed, "space": report.space}
        show_json(facts | {"problems": report.problems})
    else:
        indexed = "another process owns the index" if report.indexed is None else f"{report.indexed} indexed"
        typer.echo(f"{report.documents} documents, {indexed}, vectors by {printable(report.space)}")
    for problem in report.problems:
        typer.echo(problem, err=True)
    if report.problems:
        typer.echo("`hornbook index rebuild` makes it again.", err=True)
        raise typer.Exit(AT_FAULT)
