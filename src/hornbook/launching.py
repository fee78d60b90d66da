"""`hornbook launch`: the links by which Binder opens each lesson of a course."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlencode

import typer

from hornbook.errors import HornbookError, printable
from hornbook.terminal import EXIT_CODES, CourseOption, JsonOption, find_course, show_json, telling_errors

if TYPE_CHECKING:
    from hornbook.course import Course
    from hornbook.lesson import Lesson

HUB = "https://mybinder.org"
BADGE = "badge_logo.svg"

app = typer.Typer()


@app.command(epilog=EXIT_CODES)
def launch(
    context: typer.Context,
    repository: Annotated[
        str, typer.Argument(metavar="REPOSITORY", help="Where the course is published: gh/OWNER/NAME, or a link.", show_default=False)
    ],
    *,
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="Which branch, tag or commit.")] = "HEAD",
    hub: Annotated[str, typer.Option("--hub", metavar="URL", help="Which Binder.")] = HUB,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a table for a README, with Binder's badge.")] = False,
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the links by which Binder opens the lessons of a course, each in JupyterLab."""
    with telling_errors(context, as_json=as_json):
        here = find_course(course, ())
        links = [(lesson, link(here, lesson, repository, ref=ref, hub=hub)) for lesson in here.in_order]
        if as_json:
            show_json([{"slug": lesson.slug, "title": lesson.title, "link": url} for lesson, url in links])
        elif markdown:
            typer.echo("| lesson | minutes | |\n|---|---|---|")
            for lesson, url in links:
                title = re.sub(r"([\\`*_\[\]<>|])", r"\\\1", printable(lesson.title))
                typer.echo(f"| {title} | {lesson.minutes} | [![Open it on Binder]({hub.rstrip('/')}/{BADGE})]({url}) |")
        else:
            for lesson, url in links:
                typer.echo(printable(f"{lesson.slug}  {url}"))


def link(course: Course, lesson: Lesson, repository: str, *, ref: str = "HEAD", hub: str = HUB) -> str:
    """Return the link by which the BinderHub at *hub* opens *lesson*; raise HornbookError for what is no repository or no hub.

    *repository* is `gh/OWNER/NAME` or `gl/GROUP/NAME`, or a link to a git repository. Source: https://mybinder.readthedocs.io, "Create a
    mybinder.org URL".
    """
    if not re.fullmatch(r"https?://[^\s?#]+", hub):
        raise HornbookError(f"{printable(hub)}: is no address of a Binder, such as {HUB}.")
    if not ref.strip():
        raise HornbookError("--ref names a branch, a tag or a commit; without it the newest commit is opened.")
    path = lesson.path.relative_to(course.root).as_posix()
    return f"{hub.rstrip('/')}/v2/{_place(repository)}/{quote(ref, safe='')}?{urlencode({'urlpath': f'lab/tree/{path}'}, quote_via=quote)}"


def _place(repository: str) -> str:
    """Return *repository* as Binder names it."""
    name = r"(?!\.+(?:/|$))[\w.-]+"
    if found := re.fullmatch(rf"(?:gh/|https://github\.com/)({name}/{name}?)(?:\.git)?/?", repository):
        return f"gh/{found[1]}"
    if found := re.fullmatch(rf"(?:gl/|https://gitlab\.com/)({name}(?:/{name})*?/{name}?)(?:\.git)?/?", repository):
        return f"gl/{quote(found[1], safe='')}"
    if re.fullmatch(r"https://[^\s?#]+", repository):
        return f"git/{quote(repository, safe='')}"
    raise HornbookError(f"{printable(repository)}: is no repository that Binder can read. Write gh/OWNER/NAME, or a link.")
