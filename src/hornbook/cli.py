"""The command line: `hornbook check` for learners, `grade` for courses, `doctor` and `new` for authors.

Nothing is decided here: each command asks another module and draws the answer. What is heavy is imported by the command
that needs it, so that `hornbook --help` answers at once.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.main import get_command_name

from hornbook import (
    comparing,
    exchanging,
    finding,
    handing,
    launching,
    pipelines,
    practising,
    publishing,
    releasing,
    remembering,
    reporting,
    scheduling,
    scoring,
)
from hornbook.errors import HornbookError, printable
from hornbook.keeping import Keeping, noting
from hornbook.terminal import (
    AT_FAULT,
    EXIT_CODES,
    INTERRUPTED,
    PASSED,
    Commands,
    CourseOption,
    Drawing,
    JobsOption,
    JsonOption,
    LanguageOption,
    LessonOption,
    LevelOption,
    Notebooks,
    RecordOption,
    Run,
    SeedFileOption,
    SeedOption,
    VariantsOption,
    find_course,
    find_lesson,
    going_on,
    line,
    need_learners,
    need_level,
    need_linux,
    need_one_learner,
    show,
    show_json,
    slug_of,
    tell_made,
    telling_errors,
    waiting,
)
from hornbook.words import say, speaking

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hornbook.model import SandboxReport, Verdict

app = typer.Typer(
    name="hornbook",
    help="Auto-graded micro-lessons for Jupyter: executed in a sandbox, judged by pytest in a trusted process.",
    epilog=EXIT_CODES,
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
new = typer.Typer(help="Make a course or a lesson to begin with.", no_args_is_help=True, rich_markup_mode=None, cls=Commands)
app.add_typer(new, name="new", epilog=EXIT_CODES)


def main() -> None:
    """Run the command line and end with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # Where the terminal cannot write a symbol, the word beside it still says the same.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        _with_only(sys.argv[1:2], app)(prog_name="hornbook")
    except SystemExit as ended:
        if ended.code != INTERRUPTED:
            raise
        # CPython remembers an interrupt that fell into executed text, as where a dataclass is made, long after it was dealt with,
        # and would have the signal end us instead of the exit code.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)


def _with_only(words: list[str], whole: typer.Typer) -> typer.Typer:
    """Return *whole* with the one command, or group of commands, that is the first of *words*; all of it where there is none of that name.

    All fifty of them take typer a tenth of a second at each start, which is half of what the shortest commands take.
    """
    todo = [whole]
    while todo:
        group = todo.pop()
        commands = [one for one in group.registered_commands if [one.name or get_command_name(one.callback.__name__)] == words]  # type: ignore[union-attr]
        groups = [one for one in group.registered_groups if [one.name] == words]
        if commands or groups:
            small = copy.copy(whole)
            small.registered_commands, small.registered_groups = commands, groups
            return small
        # Those that were added without a name of their own stand beside the others.
        todo += [one.typer_instance for one in group.registered_groups if one.typer_instance and not isinstance(one.name, str)]
    return whole


def _version(wanted: bool) -> None:
    if wanted:
        from hornbook import __version__  # noqa: PLC0415 - only here

        typer.echo(f"hornbook {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    debug: Annotated[bool, typer.Option("--debug", envvar="HORNBOOK_DEBUG", help="Show where in the code an error comes from.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    del debug, version  # telling_errors and _version read them


# --- The commands ----------------------------------------------------------------------------------------------------


@app.command(epilog=EXIT_CODES)
def check(
    context: typer.Context,
    notebooks: Notebooks,
    *,
    course: CourseOption = None,
    lesson: LessonOption = None,
    hints: Annotated[int, typer.Option("--hints", metavar="N", min=0, help="How many hints to show for each check.")] = 1,
    record: Annotated[
        str | None,
        typer.Option("--record", metavar="FILE|URL", help="Remember there where the exercises stand, and which hints were shown."),
    ] = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the visible checks about a notebook: what passes, and what to try next."""
    with speaking(language), telling_errors(context, as_json=as_json):
        from hornbook.show import render  # noqa: PLC0415 - heavy

        need_linux()
        draw = functools.partial(render, hints=hints)
        run = Run.of(notebooks, course, lesson, as_json=as_json, visible_only=True, language=language, draw=draw)
        if record is None:
            raise typer.Exit(run.to_its_end())
        need_learners(run.files)
        with noting(record, run, hints) as each:
            code = replace(run, each=each).to_its_end()
        raise typer.Exit(code)


@app.command(epilog=EXIT_CODES)
def grade(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    notebooks: Notebooks,
    *,
    course: CourseOption = None,
    lesson: LessonOption = None,
    language: LanguageOption = None,
    jobs: JobsOption = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="ADDRESS", help="Grade on a Dask cluster: tcp://HOST:PORT, tls://HOST:PORT, or local:N workers."),
    ] = None,
    as_json: JsonOption = False,
    verdicts: Annotated[Path | None, typer.Option("--verdicts", metavar="DIR", help="Write each verdict as a JSON file into DIR.")] = None,
    jsonl: Annotated[
        Path | None, typer.Option("--jsonl", metavar="FILE", help="Keep each result in FILE as soon as it is there, and go on from it.")
    ] = None,
    report: Annotated[
        list[Path] | None,
        typer.Option("--report", metavar="FILE", help="Write a report, of the kind of its suffix: .xml (JUnit) .csv .json .md .html"),
    ] = None,
    record: RecordOption = None,
    github: Annotated[
        bool, typer.Option("--github", envvar="GITHUB_ACTIONS", help="Annotate files, and summarise the step, in GitHub Actions.")
    ] = False,
    gradebook: Annotated[
        str | None,
        typer.Option(
            "--gradebook",
            metavar="URL",
            help="Write the points into nbgrader's gradebook; the notebooks lie in submitted/STUDENT/ASSIGNMENT/.",
        ),
    ] = None,
    learner: Annotated[
        str | None,
        typer.Option(
            "--learner",
            metavar="ID",
            help="Whose notebook it is, for the record and the variant. [default: its folder]",
        ),
    ] = None,
    seed_file: SeedFileOption = None,
    variants: VariantsOption = None,
    seed: SeedOption = None,
    require_level: LevelOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="One line for each notebook.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Each hidden check, times, tracebacks and digests, too.")] = False,
) -> None:
    """Grade notebooks with all checks, the hidden ones included."""
    with speaking(language), telling_errors(context, as_json=as_json):
        from hornbook.show import render  # noqa: PLC0415 - heavy

        need_linux()
        draw = line if quiet else functools.partial(render, verbose=verbose)
        options: dict[str, Any] = {"seed": seed, "verdicts": verdicts, "language": language, "jobs": jobs, "cluster": cluster}
        run = Run.of(notebooks, course, lesson, as_json=as_json, draw=draw, **options)
        run = replace(run, drawing=Drawing.of(run.course, seed_file, learner, variants))
        need_level(max(run.course.settings.require_level, require_level or 0))
        if run.drawing.learner is not None:
            need_one_learner(run.files, run.drawing.learner)
        elif record is not None and gradebook is None:
            need_learners(run.files)
        if gradebook is not None:
            run = _into(gradebook, run)
        kept = Keeping.open(jsonl=jsonl, record=record, reports=report or (), github=github)
        with run.begun() as run, kept as keeping, going_on(jsonl):
            code = replace(run, keeping=keeping).to_its_end()
        raise typer.Exit(code)


def _into(gradebook: str, run: Run) -> Run:
    """Return *run* with its verdicts handed back to nbgrader; raise HornbookError, before any is graded, for a file that is nobody's."""
    from hornbook.exchange.handing_back import hand_back  # noqa: PLC0415 - heavy
    from hornbook.record.gradebook import place_of  # noqa: PLC0415

    for path, _ in run.files:
        place_of(path)
    return replace(run, each=hand_back(run.course, gradebook), drawing=replace(run.drawing, nbgrader=True))


app.add_typer(publishing.app)
app.add_typer(finding.app)
app.add_typer(remembering.app)
app.add_typer(scoring.app)
app.add_typer(reporting.app)
app.add_typer(exchanging.app)
app.add_typer(releasing.app)
app.add_typer(practising.app)
app.add_typer(comparing.app)
app.add_typer(handing.app)
app.add_typer(scheduling.app)
app.add_typer(pipelines.app)
app.add_typer(launching.app)


@app.command(epilog=EXIT_CODES)
def doctor(
    context: typer.Context,
    what: Annotated[
        list[str] | None, typer.Argument(metavar="COURSE|SLUG", help="A course's folder, or some of its lessons.", show_default=False)
    ] = None,
    *,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Grade the graders, too: wrong programs must not pass them. Takes minutes.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Prove a course: each lesson can be passed, gives nothing away, and recognises the mistakes that it knows."""
    with telling_errors(context, as_json=as_json):
        from hornbook.doctor import diagnose, render  # noqa: PLC0415 - heavy

        need_linux()
        words = what or []
        folders = [word for word in words if Path(word).is_dir()]
        if len(folders) > 1:
            raise HornbookError(f"{printable(folders[1])}: one course at a time; run `hornbook doctor` again for it.")
        at = find_course(folders[0] if folders else None, ())
        slugs = [find_lesson(at, word).slug if slug_of(word) not in at.slugs else slug_of(word) for word in words if word not in folders]
        with waiting("reading the course") as tell, contextlib.redirect_stdout(sys.stderr):
            diagnosis = diagnose(at, slugs, mutants=mutants, tell=tell)
        if as_json:
            show_json(diagnosis)
        else:
            show(render(diagnosis))
        raise typer.Exit(PASSED if diagnosis.healthy else AT_FAULT)


@app.command(epilog=EXIT_CODES)
def demo(
    context: typer.Context,
    *,
    course: CourseOption = None,
    keep: Annotated[Path | None, typer.Option("--keep", metavar="DIR", help="Keep the notebooks, in this folder.")] = None,
) -> None:
    """Show the main job: five submissions to real lessons, one of them a cheat and one that never ends."""
    with telling_errors(context):
        from hornbook.demo import show_all  # noqa: PLC0415 - heavy

        need_linux()

        def graded(words: str, work: Callable[[], Verdict]) -> Verdict:
            with waiting(words), contextlib.redirect_stdout(sys.stderr):
                return work()

        found = find_course(course, ())
        with speaking(found.settings.language):
            as_it_should = show_all(found, graded=graded, show=show, keep=keep)
        if not as_it_should:
            typer.echo("One of these did not end as it should: `hornbook doctor` shows whether the course is at fault.", err=True)
            raise typer.Exit(AT_FAULT)


@app.command(epilog=EXIT_CODES)
def sandbox(
    context: typer.Context,
    *,
    require_level: LevelOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again, instead of once after each start of the machine.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how strong this machine's sandbox is, as measured by trying to get out of it."""
    with telling_errors(context, as_json=as_json):
        from hornbook.sandbox import canary  # noqa: PLC0415 - heavy

        with waiting("trying to get out of a sandbox"):
            report = canary.report(fresh=fresh)
        if as_json:
            show_json(report)
        else:
            show(_walls(report))
        if report.level < (require_level or 0):
            # The document on stdout is complete; what follows is only the reason for the exit code.
            typer.echo(f"Level {require_level} is required.", err=True)
            raise typer.Exit(AT_FAULT)


@new.command("course", epilog=EXIT_CODES)
def new_course(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; it is made if it is not there.", show_default=False)],
    *,
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help="The course's title. [default: from the folder's name]")
    ] = None,
) -> None:
    """Make a course with one lesson that works, to be replaced piece by piece."""
    with telling_errors(context):
        from hornbook import scaffold  # noqa: PLC0415 - only here

        made = scaffold.new_course(folder, title=title)
        tell_made(made, f"cd {shlex.quote(printable(folder))} && hornbook doctor")


@new.command("lesson", epilog=EXIT_CODES)
def new_lesson(
    context: typer.Context,
    slug: Annotated[
        str, typer.Argument(metavar="SLUG", help='The lesson\'s name, sub-folders first: "loops/fizz_buzz".', show_default=False)
    ],
    *,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="The lesson's title. [default: from its name]")] = None,
    course: CourseOption = None,
) -> None:
    """Make a lesson that works, with grader, solution and hints, to be replaced piece by piece."""
    with telling_errors(context):
        from hornbook import scaffold  # noqa: PLC0415 - only here

        made = scaffold.new_lesson(find_course(course, ()), slug, title=title)
        tell_made(made, f"hornbook doctor {slug_of(slug)}")


def _walls(report: SandboxReport) -> RenderableType:
    from rich.console import Group  # noqa: PLC0415 - heavy
    from rich.constrain import Constrain  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from hornbook.sandbox.canary import NOT_UP  # noqa: PLC0415
    from hornbook.show import LEVELS, WIDTH, columns, safe  # noqa: PLC0415

    meaning = say(LEVELS[report.level]) if report.level in LEVELS else report.name
    heading = safe(f"Sandbox level {report.level} of {max(LEVELS)}: {meaning}", "bold")
    if not report.facts:
        # Nothing came up that anything could be tried in.
        heading = safe(f"Sandbox level {report.level} of {max(LEVELS)}: not a sandbox", "bold")
        return Constrain(Group(heading, safe(f"It is made of {report.name}", "dim")), WIDTH)
    tried, not_up = columns(), columns()
    for fact in report.facts:
        if fact.name.startswith(NOT_UP):
            not_up.add_row(Text("  ✗ NO", style="yellow"), safe(f"{fact.name.removeprefix(NOT_UP)}: {fact.detail}"))
        else:
            words = safe(fact.name)
            words.append_text(safe(f" ({'it could' if fact.detail == 'done' else fact.detail})", "dim"))
            tried.add_row(Text("  ✓ held", style="green") if fact.held else Text("  ✗ NO", style="yellow"), words)
    made_of = safe(f"It is made of: {report.name}. A program inside it has tried to", "dim")
    why: list[RenderableType] = []
    if not_up.row_count:
        why = [Text(), safe("What would be stronger, or was tried first, did not come up:", "dim"), Text(), not_up]
    return Constrain(Group(heading, made_of, Text(), tried, *why), WIDTH)
