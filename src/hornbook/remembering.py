"""The commands of the record: `hornbook record list`, `backup`, `export`, `restore`, and `forget`, which leaves nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hornbook.errors import HornbookError, printable
from hornbook.terminal import EXIT_CODES, Commands, JsonOption, RecordOption, show, show_json, telling_errors

if TYPE_CHECKING:
    from hornbook.record.store import Record

app = typer.Typer()
record = typer.Typer(
    help="What is remembered of learners: see it, copy it, delete it.", no_args_is_help=True, rich_markup_mode=None, cls=Commands
)
app.add_typer(record, name="record", epilog=EXIT_CODES)


@record.command("list", epilog=EXIT_CODES)
def listed(context: typer.Context, *, record: RecordOption = None, as_json: JsonOption = False) -> None:
    """Show who is remembered, and where they stand in which lesson."""
    with telling_errors(context, as_json=as_json), _opened(record) as opened:
        found = list(opened.learners())
        if as_json:
            show_json(found)
        elif not found:
            typer.echo(f"Nobody is remembered in {opened.name}.")
        else:
            from hornbook.show import columns, safe  # noqa: PLC0415 - heavy

            table = columns()
            for one in found:
                times = f"{one.attempts} handed in" if one.attempts else "begun"
                word = "passed" if one.passed else "not yet"
                table.add_row(safe(one.learner), safe(f"{one.course}/{one.lesson}"), safe(times), safe(word), safe(f"{one.last:%Y-%m-%d}"))
            show(table)


@record.command(epilog=EXIT_CODES)
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy is written; there must be no file.", show_default=False)],
    *,
    record: RecordOption = None,
) -> None:
    """Copy the record as it is at this moment, while others go on writing; of a record that is not SQLite, make an export."""
    with telling_errors(context), _opened(record) as opened:
        opened.backup(file)
        typer.echo(f"Copied     {opened.name}")
        typer.echo(f"to         {printable(file)}")


@record.command(epilog=EXIT_CODES)
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where it is written; there must be no file.", show_default=False)],
    *,
    learner: Annotated[str | None, typer.Option("--learner", metavar="LEARNER", help="Only what is remembered of this learner.")] = None,
    record: RecordOption = None,
) -> None:
    """Write what is remembered as lines of JSON, which `hornbook record restore` reads, or whoever asks what is known of them."""
    with telling_errors(context), _opened(record) as opened:
        rows = opened.write_export(file, learner)
        typer.echo(f"Written    {rows} {'row' if rows == 1 else 'rows'}")
        typer.echo(f"to         {printable(file)}")


@record.command(epilog=EXIT_CODES)
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `hornbook record export` has written.", show_default=False)],
    *,
    record: RecordOption = None,
) -> None:
    """Read an export, all of it or nothing; what is remembered already stays as it is."""
    with telling_errors(context), _opened(record) as opened:
        try:
            with file.open("rb") as lines:
                new = opened.restore(lines)
        except OSError as error:
            raise HornbookError(f"{printable(file)}: cannot be read ({error.strerror}).") from error
        typer.echo(f"Read       {new} {'row that is' if new == 1 else 'rows that are'} new")


@record.command(epilog=EXIT_CODES)
def forget(
    context: typer.Context,
    learner: Annotated[str, typer.Argument(metavar="LEARNER", help="Who, as `hornbook record list` calls them.", show_default=False)],
    *,
    record: RecordOption = None,
) -> None:
    """Delete everything that is remembered of a learner, so that no byte of it is left in the record's files."""
    with telling_errors(context), _opened(record) as opened:
        rows = opened.forget(learner)
        if rows:
            typer.echo(f"Forgotten  {printable(learner)}, {rows} {'row' if rows == 1 else 'rows'}")
            typer.echo("Next: delete what else there is of them: backups, exports, results and reports.")
        else:
            typer.echo(f"Nothing is remembered of {printable(learner)}.")


@contextlib.contextmanager
def _opened(where: str | None) -> Iterator[Record]:
    from hornbook.record.store import Record, default_path, place_of  # noqa: PLC0415 - slow to import

    with contextlib.closing(Record.open(default_path() if where is None else place_of(where))) as opened:
        yield opened
