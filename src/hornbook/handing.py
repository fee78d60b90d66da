"""`hornbook hand-out`: each learner's copy of a lesson, with values of their own; `hornbook variants`: those values alone."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hornbook.errors import HornbookError, printable
from hornbook.files import write_beside
from hornbook.terminal import EXIT_CODES, CourseOption, SeedFileOption, find_course, find_lesson, telling_errors

if TYPE_CHECKING:
    from hornbook.course import Course

MAX_ROSTER = 4 << 20
"""How many bytes a list of learners may have."""
COLUMNS = ("learner", "id", "student_id", "username")
"""What the column with the learners may be called; without a heading of these it is the first one."""

LearnerOption = Annotated[list[str] | None, typer.Option("--learner", metavar="ID", help="For whom; may be given more than once.")]
LearnersOption = Annotated[
    Path | None, typer.Option("--learners", metavar="FILE", help='For whom: a CSV with a column "learner", or with one alone.')
]

app = typer.Typer()


@app.command("hand-out", epilog=EXIT_CODES)
def hand_out(
    context: typer.Context,
    lesson: Annotated[str, typer.Argument(metavar="LESSON", help="The lesson's slug.", show_default=False)],
    *,
    into: Annotated[Path, typer.Option("--into", metavar="DIR", help="Where the learners' folders are.")],
    learner: LearnerOption = None,
    learners: LearnersOption = None,
    seed_file: SeedFileOption = None,
    course: CourseOption = None,
) -> None:
    """Write each learner's copy of a lesson, with values drawn for them, to DIR/ID/LESSON.ipynb; what is there already stays."""
    with telling_errors(context):
        from hornbook.grading.preparation import files_for  # noqa: PLC0415 - brings the sandbox along
        from hornbook.variants import Seed, default_path  # noqa: PLC0415 - only here
        from hornbook.variants import hand_out as hand_to  # noqa: PLC0415

        found = find_course(course, ())
        chosen = find_lesson(found, lesson)
        everybody = _everybody(learner or (), learners)
        _check_place(into, found)
        seed = Seed.open(found, seed_file)
        kept: list[HornbookError] = []
        for one in everybody:
            try:
                path = hand_to(chosen, one, seed, into)
                # Its cells read them by their names.
                for name, text in files_for(chosen).items():
                    write_beside(path.parent / name, text, "It was left as it is.")
                typer.echo(f"handed out  {printable(path)}")
            except HornbookError as error:
                kept.append(error)
                typer.echo(str(error), err=True)
        if not chosen.draws:
            typer.echo("All got the same: the lesson's metadata draw no parameters.")
        else:
            typer.echo(f"Drawn from  {printable(seed_file or default_path(found))}; without it nobody can grade these variants.")
        if kept:
            raise typer.Exit(HornbookError.exit_code)


@app.command(epilog=EXIT_CODES)
def variants(
    context: typer.Context,
    *,
    learner: LearnerOption = None,
    learners: LearnersOption = None,
    seed_file: SeedFileOption = None,
    course: CourseOption = None,
) -> None:
    """Print the values that learners get in all lessons, for `hornbook grade --variants` where the seed must not be."""
    with telling_errors(context):
        from hornbook.variants import Seed, table  # noqa: PLC0415 - only here

        found = find_course(course, ())
        everybody = _everybody(learner or (), learners)
        seed = Seed.find(found, seed_file)
        if seed is None:
            raise HornbookError(
                f"There is no seed of the variants of {printable(found.name)} here, so nothing was handed out. "
                "Name the file that `hornbook hand-out` has told, with --seed-file."
            )
        # In one line, so that a pipeline can pass it on as it is.
        typer.echo(json.dumps(table(found, everybody, seed), allow_nan=False))


def _check_place(into: Path, course: Course) -> None:
    """Raise HornbookError where copies in *into* would be taken for lessons of *course*."""
    if into.resolve().is_relative_to((course.root / "lessons").resolve()):
        raise HornbookError(f"{printable(into)}: lies among the lessons, and copies would be more of them. Choose another --into.")


def _everybody(said: Sequence[str], roster: Path | None) -> list[str]:
    """Return the ids of the learners who were named, one by one and in a list, each once; raise HornbookError where that is nobody."""
    from hornbook.variants import learner_id  # noqa: PLC0415 - only here

    everybody = list(dict.fromkeys(learner_id(one) for one in [*said, *(() if roster is None else _roster(roster))]))
    if not everybody:
        raise HornbookError("For whom? Name a learner with --learner ID, or a list of them with --learners FILE.")
    return everybody


def _roster(path: Path) -> Iterator[str]:
    """Yield the learners in the CSV at *path*; raise HornbookError where there is none to be read."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_ROSTER + 1)
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be read ({error.strerror}).") from error
    if len(data) > MAX_ROSTER:
        raise HornbookError(f"{printable(path)}: has more than {MAX_ROSTER >> 20} MB, which is no list of learners.")
    try:
        rows = [row for row in csv.reader(data.decode("utf-8-sig").splitlines()) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise HornbookError(f"{printable(path)}: is no CSV in UTF-8 ({error}).") from error
    heading = [cell.strip().lower() for cell in rows[0]] if rows else []
    column = next((heading.index(name) for name in COLUMNS if name in heading), None)
    for number, row in enumerate(rows if column is None else rows[1:], 1 if column is None else 2):
        cell = row[column or 0] if len(row) > (column or 0) else ""
        if not cell.strip():
            raise HornbookError(f"{printable(path)}: row {number} names no learner.")
        yield cell
