"""`hornbook offline`: a site in which a course's lessons run without a network, and what such a site is made of."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hornbook.errors import HornbookError, printable
from hornbook.terminal import (
    EXIT_CODES,
    Commands,
    CourseOption,
    JsonOption,
    LanguageOption,
    find_course,
    show_json,
    telling_errors,
    waiting,
)

if TYPE_CHECKING:
    from hornbook.offline.building import Built

app = typer.Typer()
offline = typer.Typer(
    help="Make a site in which lessons run without a network: practice on a phone.",
    no_args_is_help=True,
    rich_markup_mode=None,
    cls=Commands,
)
app.add_typer(offline, name="offline", epilog=EXIT_CODES)


@offline.command(epilog=EXIT_CODES)
def build(
    context: typer.Context,
    *,
    into: Annotated[Path, typer.Option("--into", metavar="DIR", help="The folder that the site is written to.", show_default=False)],
    wheels: Annotated[
        Path | None,
        typer.Option("--wheels", metavar="DIR", help="Fetch nothing: take Pyodide and all wheels from there. [default: npm and PyPI]"),
    ] = None,
    lab: Annotated[bool, typer.Option("--lab", help="Add JupyterLite, in which the same lessons are notebooks.")] = False,
    replacing: Annotated[bool, typer.Option("--replace", help="Put it in the place of a former site of this course.")] = False,
    language: LanguageOption = None,
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a static site of a course: a page for each lesson that runs in a browser, with its visible checks and hints."""
    with telling_errors(context, as_json=as_json):
        found = find_course(course, ())
        from hornbook.offline.building import build as make  # noqa: PLC0415 - heavy
        from hornbook.offline.packages import Lock, fetch  # noqa: PLC0415

        with _folder(wheels) as folder, waiting("reading the course") as tell, contextlib.redirect_stdout(sys.stderr):
            if wheels is None:
                fetch(Lock.read(lab=lab), folder, tell)
            made = make(found, into, folder, language=language, lab=lab, replacing=replacing, tell=tell)
        if as_json:
            show_json(
                {
                    "path": str(made.path),
                    "bytes": made.size,
                    "sought": made.sought,
                    "wheels": made.wheels,
                    "lab": made.lab and {"jupyterlite": made.lab.version, "bytes": made.lab_size},
                    "lessons": [{"slug": one.lesson.slug, "runs": not one.needs, "needs": list(one.needs)} for one in made.lessons],
                }
            )
        else:
            typer.echo("\n".join(_told(made)))


@offline.command(epilog=EXIT_CODES)
def fetch(
    context: typer.Context,
    into: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that it is put into.", show_default=False)],
    *,
    lab: Annotated[bool, typer.Option("--lab", help="With JupyterLite, for `build --lab`.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch what sites are made of, Pyodide from npm and wheels from PyPI, for `build --wheels DIR` without a network."""
    with telling_errors(context, as_json=as_json):
        from hornbook.offline.packages import Lock  # noqa: PLC0415 - heavy
        from hornbook.offline.packages import fetch as get  # noqa: PLC0415

        with waiting("looking what is there") as tell:
            paths = get(Lock.read(lab=lab), into, tell)
        if as_json:
            show_json([str(path) for path in paths])
        else:
            typer.echo("\n".join(printable(str(path)) for path in paths))


@contextlib.contextmanager
def _folder(wheels: Path | None) -> Iterator[Path]:
    """Give the folder *wheels*, or one for as long as it is wanted."""
    if wheels is not None:
        if not wheels.is_dir():
            raise HornbookError(f"{printable(wheels)}: is no folder. `hornbook offline fetch {printable(wheels)}` makes one.")
        yield wheels
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _told(made: Built) -> Iterator[str]:
    here = [one for one in made.lessons if not one.needs]
    yield f"Built      {len(here)} of {len(made.lessons)} lessons as pages, {made.size / 1e6:.1f} MB to be fetched once"
    yield f"to         {printable(str(made.path))}"
    for one in made.lessons:
        if one.needs:
            yield f"left out   {one.lesson.slug}: needs {printable(', '.join(one.needs))}, which cannot be had for a browser"
    if made.lab is not None:
        size = f"{made.lab_size / 1e6:.1f} MB more where it is opened"
        yield f"lab        {len(made.lessons)} lessons as notebooks in JupyterLite {made.lab.version}, {size}"
    yield f"proven     {made.sought} secrets were looked for in it, and none was found"
    yield "It is for practice: nothing is signed there. Any web server shows it, in any folder; `python -m http.server` does, too."
