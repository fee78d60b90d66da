"""`hornbook scores`: what was graded, handed over to another system in its own form."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hornbook.errors import HornbookError, printable
from hornbook.terminal import BAD_INPUT, EXIT_CODES, PASSED, safe_stem, telling_errors

if TYPE_CHECKING:
    from hornbook.grading.journal import Entry
    from hornbook.reports.scores import Roster

app = typer.Typer()

NAMED = 5
"""How many learners are named whom a roster has not."""


class Form(StrEnum):
    """What another system takes."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    LTI = "lti"
    GRADESCOPE = "gradescope"
    EXERCISM = "exercism"


@app.command(epilog=EXIT_CODES)
def scores(
    context: typer.Context,
    results: Annotated[list[Path], typer.Argument(metavar="RESULTS", help="What `hornbook grade --jsonl` has kept.", show_default=False)],
    *,
    form: Annotated[Form, typer.Option("--format", help="What it is for.")],
    into: Annotated[Path, typer.Option("--into", metavar="FILE|DIR", help="Where it is written; a folder for a file for each notebook.")],
    roster: Annotated[
        Path | None, typer.Option("--roster", metavar="CSV", help="Who there is, as Canvas or Moodle has exported it.")
    ] = None,
) -> None:
    """Hand scores over: a table for Canvas or Moodle, line items for LTI, results.json for Gradescope or exercism."""
    with telling_errors(context):
        from hornbook.grading.journal import entries  # noqa: PLC0415 - brings grading along
        from hornbook.reports import write_whole  # noqa: PLC0415
        from hornbook.reports.scores import Roster  # noqa: PLC0415

        if roster is not None and form not in {Form.CANVAS, Form.MOODLE}:
            raise HornbookError("--roster is for tables: --format canvas or --format moodle.")
        people = None if roster is None else Roster.read(roster)
        found = itertools.chain.from_iterable(map(entries, results))
        missing: list[str] = []
        for path, text in _documents(found, form, into, people, missing):
            write_whole(path, [text], "--into")
            typer.echo(f"Written    {printable(path)}")
        if missing:
            names = ", ".join(printable(name) for name in missing[:NAMED]) + (", ..." if len(missing) > NAMED else "")
            typer.echo(f"{people.name if people else ''} has no row for {len(missing)} who handed something in: {names}.", err=True)
        raise typer.Exit(BAD_INPUT if missing else PASSED)


def _documents(found: Iterable[Entry], form: Form, into: Path, people: Roster | None, missing: list[str]) -> Iterator[tuple[Path, str]]:
    """Yield each file to write, with its text."""
    import msgspec  # noqa: PLC0415 - kept out of `import hornbook`

    from hornbook.reports import scores as made  # noqa: PLC0415 - brings grading along

    def document(value: object) -> str:
        return msgspec.json.format(msgspec.json.encode(value), indent=1).decode() + "\n"

    if form in {Form.GRADESCOPE, Form.EXERCISM}:
        one = made.gradescope if form is Form.GRADESCOPE else made.exercism
        if into.suffix == ".json":
            only = list(itertools.islice(found, 2))
            if len(only) != 1:
                many = "are several" if only else "is none"
                raise HornbookError(f"{printable(into)}: is a file for one result, and there {many}. Name a folder with --into.")
            yield into, document(one(only[0]))
            return
        for entry in found:
            # Two names that differ in nothing but what a file may not be called are still two.
            yield into / f"{safe_stem(entry.name)}-{hashlib.sha256(entry.name.encode()).hexdigest()[:12]}.json", document(one(entry))
        return
    everybody = made.Scores.of(found)
    if form is Form.LTI:
        yield into, document(made.lti(everybody))
    else:
        table = made.canvas if form is Form.CANVAS else made.moodle
        yield into, "".join(table(everybody, people, missing))
