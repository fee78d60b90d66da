"""The commands of a course that others take: `hornbook release` makes it for learners, `regrade` grades again when it has changed."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hornbook.errors import HornbookError, printable
from hornbook.released import Form
from hornbook.terminal import (
    AT_FAULT,
    BAD_INPUT,
    EXIT_CODES,
    NOT_PASSED,
    PASSED,
    CourseOption,
    JobsOption,
    JsonOption,
    RecordOption,
    find_course,
    find_lesson,
    need_level,
    need_linux,
    show,
    show_json,
    telling_errors,
    waiting,
)

if TYPE_CHECKING:
    from hornbook.course import Course
    from hornbook.regrading import Change
    from hornbook.release.making import Made

app = typer.Typer()

KINDS: dict[Literal["rises", "falls", "same", "refused"], str] = {
    "rises": "rise",
    "falls": "fall",
    "same": "stay the same",
    "refused": "cannot be graded",
}
"""What a change is called when there are several."""


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
        typer.echo(
            "\n".join([*map(str, findings), f"{len(findings)} {'thing' if len(findings) == 1 else 'things'} that learners must not get."])
        )
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


@app.command(epilog=EXIT_CODES)
def regrade(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="LESSON", help="The lessons; all if none is named.", show_default=False)
    ] = None,
    *,
    learner: Annotated[
        list[str] | None, typer.Option("--learner", metavar="LEARNER", help="Only this learner's; may be given again.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="VERSION", help="A version that a release has kept. [default: the lesson as it is now]"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="What stands beside the new verdicts.")] = "",
    jobs: JobsOption = None,
    artifacts: Annotated[
        Path | None, typer.Option("--artifacts", metavar="DIR", help="Tell which of the artifacts there would no longer be earned.")
    ] = None,
    record: RecordOption = None,
    course: CourseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grade again what was handed in, when a lesson has changed; what came of it first stays, and nobody's marks fall unseen."""
    with telling_errors(context, as_json=as_json):
        from hornbook.record.store import Record, default_path, place_of  # noqa: PLC0415 - slow to import
        from hornbook.regrading import regrade as again  # noqa: PLC0415
        from hornbook.regrading import unearned  # noqa: PLC0415

        need_linux()
        found = find_course(course, ())
        need_level(found.settings.require_level)
        slugs = [find_lesson(found, word).slug for word in lessons or ()]
        where = default_path() if record is None else place_of(record)
        chosen: dict[str, Any] = {"slugs": slugs, "learners": learner or (), "against": against}
        with (
            contextlib.closing(Record.open(where)) as opened,
            _can_go_on(kept=not dry_run),
            waiting("reading the record") as tell,
            contextlib.redirect_stdout(sys.stderr),
        ):
            changes = list(again(opened, found, **chosen, why=why, keep=not dry_run, workers=jobs, tell=tell))
        lost = list(unearned(changes, artifacts)) if artifacts is not None else []
        if as_json:
            show_json({"kept": not dry_run, "changes": [_change(one) for one in changes], "unearned": [str(path) for _, path in lost]})
        else:
            _tell_changes(changes, kept=not dry_run)
            for change, path in lost:
                typer.echo(f"{printable(path)}: {printable(change.learner)} would no longer earn it. It was left as it is.")
        kinds = {change.kind for change in changes}
        raise typer.Exit(BAD_INPUT if "refused" in kinds else NOT_PASSED if "falls" in kinds else PASSED)


@contextlib.contextmanager
def _can_go_on(*, kept: bool) -> Iterator[None]:
    """Where this block is interrupted, say that what was done is *kept*."""
    try:
        yield
    except KeyboardInterrupt:
        if kept:
            typer.echo("What was graded is in the record: run the same command again to go on.", err=True)
        raise


def _change(one: Change) -> dict[str, object]:
    now = None if one.now is None else {"points": one.now.points, "passed": one.now.passed}
    before = {"points": one.before.points, "passed": one.before.passed}
    return {
        "learner": one.learner,
        "lesson": one.lesson,
        "kind": one.kind,
        "before": before,
        "now": now,
        "error": one.error,
        "known": one.known,
    }


def _tell_changes(changes: Sequence[Change], *, kept: bool) -> None:
    """Show what rises and falls, one in a line, and what it all comes to."""
    from hornbook.show import columns, points, safe  # noqa: PLC0415 - heavy

    table = columns()
    for one in changes:
        if one.now is not None and one.kind != "same":
            before, now = (points(verdict.points.earned, verdict.points.possible) for verdict in (one.before, one.now))
            words = {(True, False): "passed before, not now", (False, True): "passes now"}.get((one.before.passed, one.now.passed), "")
            table.add_row(safe(one.kind), safe(one.learner), safe(one.lesson), safe(f"{before} -> {now}"), safe(words))
        elif one.now is None:
            table.add_row(safe(one.kind), safe(one.learner), safe(one.lesson), safe(one.error), safe(""))
    if table.row_count:
        show(table)
        typer.echo()
    counted = Counter(one.kind for one in changes)
    words = ", ".join(f"{counted[kind]} {word}" for kind, word in KINDS.items() if counted[kind])
    heading = "Regraded" if kept else "Would be regraded"
    typer.echo(f"{heading}: {len(changes)} handed in{f'; {words}' if words else ''}.")
    if counted["falls"] and kept:
        typer.echo("What came of it first stays beside it in the record; tell those whose marks fall.")
