"""The command line: `hornbook check` for learners, `grade` for courses, `find` for both, `doctor` and `new` for authors.

Nothing is decided here: each command asks another module and draws the answer. What is heavy is imported by the command
that needs it, so that `hornbook --help` answers at once.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import shlex
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hornbook.errors import CourseError, HornbookError, SandboxError, SubmissionError, printable
from hornbook.words import say, speaking

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hornbook.catalog import Catalog, Hit, Report
    from hornbook.course import Course
    from hornbook.lesson import Lesson
    from hornbook.model import SandboxReport, Verdict
    from hornbook.publish import Artifact

PASSED, NOT_PASSED, BAD_INPUT, AT_FAULT, INTERRUPTED = 0, 1, 2, 3, 130

EXIT_CODES = (
    "Exit codes: 0 all passed; 1 some checks failed; 2 bad input or usage; 3 the course or this machine is at fault; "
    "130 interrupted. Of several submissions the highest counts."
)

PATIENCE = 0.5
"""After how many seconds a terminal is told what takes so long."""

app = typer.Typer(
    name="hornbook",
    help="Auto-graded micro-lessons for Jupyter: executed in a sandbox, judged by pytest in a trusted process.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
new = typer.Typer(help="Make a course or a lesson to begin with.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(new, name="new", epilog=EXIT_CODES)
index = typer.Typer(help="Look after the index of what can be found.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(index, name="index", epilog=EXIT_CODES)

CourseOption = Annotated[
    str | None,
    typer.Option("--course", metavar="DIR", help="The course: its folder, or the name of an installed one. [default: the one you are in]"),
]
LessonOption = Annotated[str | None, typer.Option("--lesson", metavar="SLUG", help="The lesson, where the notebook does not say it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
SeedOption = Annotated[
    int | None, typer.Option("--seed", metavar="N", min=0, help="Draw the same hidden inputs as the run with this seed.")
]
LevelOption = Annotated[
    int | None, typer.Option("--require-level", metavar="N", min=0, max=4, help="Refuse a weaker sandbox than this level.")
]
LanguageOption = Annotated[
    str | None,
    typer.Option("--language", metavar="TAG", help='The language of what is said, such as "de". [default: the course\'s]'),
]
Notebooks = Annotated[list[str], typer.Argument(metavar="NOTEBOOK", help="Notebooks, or folders of notebooks.", show_default=False)]


def main() -> None:
    """Run the command line and end with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # Where the terminal cannot write a symbol, the word beside it still says the same.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="hornbook")
    except SystemExit as ended:
        if ended.code != INTERRUPTED:
            raise
        # CPython remembers an interrupt that fell into executed text, as where a dataclass is made, long after it was dealt with,
        # and would have the signal end us instead of the exit code.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)


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
    del debug, version  # _errors and _version read them


# --- The commands ----------------------------------------------------------------------------------------------------


@app.command(epilog=EXIT_CODES)
def check(
    context: typer.Context,
    notebooks: Notebooks,
    *,
    course: CourseOption = None,
    lesson: LessonOption = None,
    hints: Annotated[int, typer.Option("--hints", metavar="N", min=0, help="How many hints to show for each check.")] = 1,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the visible checks about a notebook: what passes, and what to try next."""
    with speaking(language), _errors(context, as_json=as_json):
        from hornbook.show import render  # noqa: PLC0415 - heavy

        _need_linux()
        draw = functools.partial(render, hints=hints)
        run = _Run.of(notebooks, course, lesson, as_json=as_json, visible_only=True, language=language, draw=draw)
        raise typer.Exit(run.to_its_end())


@app.command(epilog=EXIT_CODES)
def grade(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    notebooks: Notebooks,
    *,
    course: CourseOption = None,
    lesson: LessonOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
    verdicts: Annotated[Path | None, typer.Option("--verdicts", metavar="DIR", help="Write each verdict as a JSON file into DIR.")] = None,
    seed: SeedOption = None,
    require_level: LevelOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="One line for each notebook.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Each hidden check, times, tracebacks and digests, too.")] = False,
) -> None:
    """Grade notebooks with all checks, the hidden ones included."""
    with speaking(language), _errors(context, as_json=as_json):
        from hornbook.show import render  # noqa: PLC0415 - heavy

        _need_linux()
        draw = _line if quiet else functools.partial(render, verbose=verbose)
        run = _Run.of(notebooks, course, lesson, as_json=as_json, seed=seed, verdicts=verdicts, language=language, draw=draw)
        _require(max(run.course.settings.require_level, require_level or 0))
        raise typer.Exit(run.to_its_end())


@app.command(epilog=EXIT_CODES)
def publish(
    context: typer.Context,
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="The notebook, finished.", show_default=False)],
    *,
    into: Annotated[Path, typer.Option("--into", metavar="DIR", help="Where the artifact is written.")] = Path("portfolio"),
    learner: Annotated[str | None, typer.Option("--learner", metavar="NAME", help="A name to show, which nothing proves.")] = None,
    unlisted: Annotated[bool, typer.Option("--unlisted", help="Do not let it be found by `hornbook find`.")] = False,
    course: CourseOption = None,
    lesson: LessonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grade a notebook and, when it has passed, make a page of it that proves itself, signed with your own key."""
    with _errors(context, as_json=as_json):
        from hornbook.publish import publish as published  # noqa: PLC0415 - heavy

        _need_linux()
        run = _Run.of([str(notebook)], course, lesson, as_json=as_json, draw=_line)
        found = run.lesson or run.matched(notebook)
        data = _content(notebook)
        verdict = run.one(notebook, found)
        if not verdict.passed:
            typer.echo(verdict.to_json(indent=1)) if as_json else _print(_line(verdict))
            typer.echo("Nothing was published: only a notebook that has passed all checks can be.", err=True)
            raise typer.Exit(AT_FAULT if verdict.broken else NOT_PASSED)
        artifact = published(data, verdict, found, into=into, learner=learner)
        if not unlisted:
            _enter(artifact, found, run.course)
        for trace in artifact.warnings[:10]:
            typer.echo(
                f"Everybody can read {trace} in it. Take it out of the notebook, and publish again, if that should not be.", err=True
            )
        if as_json:
            _print_json(
                {
                    "id": artifact.id,
                    "title": artifact.title,
                    "folder": str(artifact.folder),
                    "page": str(artifact.page),
                    "zip": str(artifact.zip),
                }
            )
        else:
            typer.echo(f"Published  {printable(artifact.title)}, {artifact.assurance}")
            typer.echo(f"page       {printable(into / artifact.id / artifact.page.name)}")
            typer.echo(f"zip        {printable(into / artifact.zip.name)}")


@app.command(epilog=EXIT_CODES)
def verify(
    context: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="An artifact's folder or zip, a credential.json, or a badge.", show_default=False)
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Say whether an artifact, a credential or a badge holds, and what nobody can tell from it."""
    with _errors(context, as_json=as_json):
        from hornbook.publish import verify as verified  # noqa: PLC0415 - heavy

        found = verified(path)
        if as_json:
            _print_json({"id": found.credential.id, "name": found.credential.name, "issuer": found.credential.issuer,
                         "held": found.held, "limits": found.limits})  # fmt: skip
            return
        typer.echo(f"It holds: {printable(found.credential.name)}, issued {found.credential.issued:%Y-%m-%d}")
        typer.echo(f"by {printable(found.credential.issuer)}")
        for sentence in found.held:
            typer.echo(f"  ✓ held         {sentence}")
        for sentence in found.limits:
            typer.echo(f"  · cannot tell  {sentence}")


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
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100, help="How many to show.")] = 5,
    course: CourseOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find lessons and artifacts by what they are about, and say why each was found."""
    with speaking(language), _errors(context, as_json=as_json):
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
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100, help="How many to show.")] = 5,
    course: CourseOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what to do after a lesson: what builds on it, trains the same, or is similar, and can be begun now."""
    with speaking(language), _errors(context, as_json=as_json):
        from hornbook.catalog import Catalog, lesson_key  # noqa: PLC0415 - heavy
        from hornbook.lesson import match_lesson  # noqa: PLC0415

        notebook = Path(what) if what.endswith(".ipynb") or Path(what).is_file() else None
        at = _course(course, [notebook] if notebook else ())
        lesson = match_lesson(notebook, at.lessons) if notebook else _lesson(at, what)
        with Catalog.from_environment(asking=True) as catalog:
            _keep(catalog, [at])
            done = {*(passed or ()), *_passed(at)}
            hits = catalog.related(lesson_key(at.name, lesson.slug), passed=done, trouble=trouble, limit=limit)
        _tell_hits(hits, as_json=as_json)


@index.command("check", epilog=EXIT_CODES)
def index_check(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Compare the index with the catalog's database; an index that was lost or damaged is made again on the way."""
    with _errors(context, as_json=as_json):
        from hornbook.catalog import Catalog  # noqa: PLC0415 - heavy

        with _waiting("comparing the index with the database"), Catalog.from_environment() as catalog:
            report = catalog.check()
            trouble = catalog.trouble
        _tell_report(report, trouble, as_json=as_json)


@index.command("rebuild", epilog=EXIT_CODES)
def index_rebuild(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """Make everything again that can be made from the catalog's documents: words, vectors, index."""
    with _errors(context, as_json=as_json):
        from hornbook.catalog import Catalog  # noqa: PLC0415 - heavy

        with _waiting("making the index again"), Catalog.from_environment() as catalog:
            report = catalog.rebuild()
            trouble = catalog.trouble
        _tell_report(report, trouble, as_json=as_json)


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
    with _errors(context, as_json=as_json):
        from hornbook.doctor import diagnose, render  # noqa: PLC0415 - heavy

        _need_linux()
        words = what or []
        folders = [word for word in words if Path(word).is_dir()]
        if len(folders) > 1:
            raise HornbookError(f"{printable(folders[1])}: one course at a time; run `hornbook doctor` again for it.")
        at = _course(folders[0] if folders else None, ())
        slugs = [_lesson(at, word).slug if _slug(word) not in at.slugs else _slug(word) for word in words if word not in folders]
        with _waiting("reading the course") as tell, contextlib.redirect_stdout(sys.stderr):
            diagnosis = diagnose(at, slugs, mutants=mutants, tell=tell)
        if as_json:
            _print_json(diagnosis)
        else:
            _print(render(diagnosis))
        raise typer.Exit(PASSED if diagnosis.healthy else AT_FAULT)


@app.command(epilog=EXIT_CODES)
def demo(
    context: typer.Context,
    *,
    course: CourseOption = None,
    keep: Annotated[Path | None, typer.Option("--keep", metavar="DIR", help="Keep the notebooks, in this folder.")] = None,
) -> None:
    """Show the main job: five submissions to real lessons, one of them a cheat and one that never ends."""
    with _errors(context):
        from hornbook.demo import show_all  # noqa: PLC0415 - heavy

        _need_linux()

        def graded(words: str, work: Callable[[], Verdict]) -> Verdict:
            with _waiting(words), contextlib.redirect_stdout(sys.stderr):
                return work()

        found = _course(course, ())
        with speaking(found.settings.language):
            as_it_should = show_all(found, graded=graded, show=_print, keep=keep)
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
    with _errors(context, as_json=as_json):
        from hornbook.sandbox import canary  # noqa: PLC0415 - heavy

        with _waiting("trying to get out of a sandbox"):
            report = canary.report(fresh=fresh)
        if as_json:
            _print_json(report)
        else:
            _print(_walls(report))
        if report.level < (require_level or 0):
            # The document on stdout is complete; what follows is only the reason for the exit code.
            typer.echo(f"Level {require_level} is required.", err=True)
            raise typer.Exit(AT_FAULT)


@new.command("course", epilog=EXIT_CODES)
def new_course(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; it is made if it is not there.", show_default=False)],
    *,
    title: Annotated[str | None, typer.Option("--title", help="The course's title. [default: from the folder's name]")] = None,
) -> None:
    """Make a course with one lesson that works, to be replaced piece by piece."""
    with _errors(context):
        from hornbook import scaffold  # noqa: PLC0415 - only here

        made = scaffold.new_course(folder, title=title)
        _tell_made(made, f"cd {shlex.quote(printable(folder))} && hornbook doctor")


@new.command("lesson", epilog=EXIT_CODES)
def new_lesson(
    context: typer.Context,
    slug: Annotated[
        str, typer.Argument(metavar="SLUG", help='The lesson\'s name, sub-folders first: "loops/fizz_buzz".', show_default=False)
    ],
    *,
    title: Annotated[str | None, typer.Option("--title", help="The lesson's title. [default: from its name]")] = None,
    course: CourseOption = None,
) -> None:
    """Make a lesson that works, with grader, solution and hints, to be replaced piece by piece."""
    with _errors(context):
        from hornbook import scaffold  # noqa: PLC0415 - only here

        made = scaffold.new_lesson(_course(course, ()), slug, title=title)
        _tell_made(made, f"hornbook doctor {_slug(slug)}")


# --- Grading one notebook after the other ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    """Notebooks on their way through a course's checks. `draw` says how a verdict is shown."""

    course: Course
    lesson: Lesson | None
    files: tuple[tuple[Path, str], ...]
    draw: Callable[[Verdict], RenderableType]
    as_json: bool
    as_array: bool
    visible_only: bool = False
    seed: int | None = None
    verdicts: Path | None = None
    language: str | None = None
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, notebooks: Sequence[str], course: str | None, lesson: str | None, **options: Any) -> _Run:
        """Return the run over *notebooks*, files or folders, that the command line asks for."""
        files = tuple(_notebooks(notebooks))
        found = _course(course, [path for path, _ in files])
        several = len(notebooks) > 1 or Path(notebooks[0]).is_dir()
        return cls(found, _lesson(found, lesson) if lesson is not None else None, files, as_array=several, **options)

    def to_its_end(self) -> int:
        """Grade every file, tell what came of it, and return the exit code; a refused file never stops the rest."""
        if self.verdicts is not None:
            _make_folder(self.verdicts)
        with speaking(self.language or self.course.settings.language), contextlib.closing(self._results()) as results:
            return self._told(results)

    def _told(self, results: Iterable[Verdict | HornbookError]) -> int:
        """Tell each of *results*, which come in the order of the files, as soon as it is there; return the exit code."""
        codes: list[int] = []
        documents: list[bytes] = []
        for (_, name), result in zip(self.files, results, strict=True):
            if isinstance(result, HornbookError):
                codes.append(result.exit_code)
                typer.echo(str(result), err=True)
                documents.append(_error_document(result, submission=printable(name)))
                continue
            codes.append(AT_FAULT if result.broken else PASSED if result.passed_so_far else NOT_PASSED)
            documents.append(result.to_json(indent=1))
            if self.verdicts is not None:
                _write_verdict(self.verdicts, name, result)
            if not self.as_json:
                if len(codes) > 1 and self.draw is not _line:
                    typer.echo("\n")
                _print(self.draw(result))
        if self.as_json:
            typer.echo(b"[" + b",\n".join(documents) + b"]" if self.as_array else documents[0])
        elif self.as_array:
            typer.echo(("" if self.draw is _line else "\n\n") + _summary(codes))
        return max(codes)

    def _results(self) -> Generator[Verdict | HornbookError]:
        """Yield what comes of each file, in their order."""
        if len(self.files) > 1:
            yield from self._side_by_side()
            return
        try:
            yield self.graded(*self.files[0])
        except HornbookError as error:
            yield error

    def matched(self, path: Path) -> Lesson:
        """Return the lesson that the notebook at *path* is a copy of."""
        from hornbook.lesson import match_lesson  # noqa: PLC0415 - heavy

        return match_lesson(path, self.course.lessons)

    def one(self, path: Path, lesson: Lesson) -> Verdict:
        """Return the verdict on the one notebook at *path*."""
        return replace(self, lesson=lesson).graded(path, path.name)

    def graded(self, path: Path, name: str) -> Verdict:
        from hornbook.grading import grade as graded  # noqa: PLC0415 - heavy

        # A grader may print; nothing but our own answer belongs on stdout.
        with _waiting(say("cli.grading", name=name), since=self.started), contextlib.redirect_stdout(sys.stderr):
            return graded(path, self.course, lesson=self.lesson, visible_only=self.visible_only, seed=self.seed, language=self.language)

    def _side_by_side(self) -> Iterator[Verdict | HornbookError]:
        """Yield the results of several files, which are graded at the same time, in the files' order."""
        from hornbook.grading.batch import grade_all, in_order  # noqa: PLC0415 - heavy

        paths = [path for path, _ in self.files]
        graded = grade_all(paths, self.course, lesson=self.lesson, visible_only=self.visible_only, seed=self.seed, language=self.language)
        with contextlib.closing(graded):
            results = in_order(graded)
            for number in range(1, len(paths) + 1):
                words = say("cli.grading-one-of", number=number, total=len(paths), name=self.files[number - 1][1])
                with _waiting(words, since=self.started):
                    result = next(results)
                yield result.verdict or result.error or HornbookError(say("cli.nothing"))


def _notebooks(words: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Yield each notebook once: its path, and its name below the folder that was given."""
    seen: set[Path] = set()
    for word in words:
        path = Path(word)
        found = list(_below(path)) if path.is_dir() else [(path, path.name)]
        if not found:
            raise SubmissionError(path, say("file.no-notebook"))
        for notebook, name in found:
            if notebook not in seen:
                seen.add(notebook)
                yield notebook, name


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the notebooks below *folder* by name, without Jupyter's checkpoints and other hidden folders, following no links."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(".ipynb") and not name.startswith("."):
                path = Path(place, name)
                yield path, str(path.relative_to(folder))


def _content(path: Path) -> bytes:
    """Return the bytes of the notebook at *path*."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SubmissionError(path, f"cannot be read ({error.strerror}).") from error


def _write_verdict(folder: Path, name: str, verdict: Verdict) -> None:
    """Write *verdict* into *folder* under the *name* of its notebook, from which nothing but letters and digits is taken over."""
    stem = "".join(char if char.isalnum() or char in "-_." else "_" for char in name.removesuffix(".ipynb")).lstrip(".") or "_"
    path = folder / f"{stem[:120]}-{verdict.submission.digest[:12]}.json"
    try:
        path.write_bytes(verdict.to_json(indent=1) + b"\n")
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be written ({error.strerror}). Choose another folder for --verdicts.") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HornbookError(f"{printable(folder)}: cannot be made ({error.strerror}). Choose another folder for --verdicts.") from error


def _line(verdict: Verdict) -> RenderableType:
    from hornbook.show import points, safe  # noqa: PLC0415 - heavy

    earned = points(verdict.points.earned, verdict.points.possible)
    word = say("status.broken" if verdict.broken else "status.passed" if verdict.passed_so_far else "status.failed")
    return safe(say("cli.line", name=verdict.submission.name, lesson=verdict.lesson.slug, points=earned, word=word))


def _summary(codes: Sequence[int]) -> str:
    named = {PASSED: "status.passed", NOT_PASSED: "status.failed", BAD_INPUT: "cli.refused", AT_FAULT: "cli.held-up"}
    counts = [f"{codes.count(code)} {say(words)}" for code, words in named.items() if code in codes]
    return say("cli.summary", len(codes), words=", ".join(counts))


# --- Finding things --------------------------------------------------------------------------------------------------


def _course(given: str | None, files: Sequence[Path]) -> Course:
    """Return the course that was *given*, or else the one we are in, or the one that the first of *files* is in."""
    from hornbook.course import Course, installed_courses  # noqa: PLC0415 - heavy

    if given is not None:
        folder = Path(given)
        if not folder.is_dir():
            folder = installed_courses().get(given, folder)
        if not (folder / "lessons").is_dir():
            raise HornbookError(f"{printable(folder)}: is not a course: it has no folder lessons/. `hornbook new course DIR` makes one.")
        return Course.open(folder)
    for start in (Path.cwd(), *files[:1]):
        if any((folder / "lessons").is_dir() for folder in (start.absolute(), *start.absolute().parents)):
            return Course.find(start)
    installed = installed_courses()
    if len(installed) == 1:
        return Course.open(*installed.values())
    known = say("cli.installed", courses=", ".join(installed)) if installed else ""
    raise HornbookError(say("cli.no-course") + known)


def _courses_here(given: str | None, files: Sequence[Path]) -> list[Course]:
    """Return the course that was *given* or that we are in, or else all that are installed and can be read; there may be none."""
    from hornbook.course import Course, installed_courses  # noqa: PLC0415 - heavy

    if given is not None:
        return [_course(given, files)]
    with contextlib.suppress(HornbookError):
        return [Course.find(Path.cwd())]
    found = []
    for folder in installed_courses().values():
        with contextlib.suppress(CourseError):
            found.append(Course.open(folder))
    return found


def _keep(catalog: Catalog, courses: Iterable[Course]) -> None:
    """Have the lessons of *courses* in *catalog* as they are now."""
    with _waiting("reading the lessons"):
        for course in courses:
            catalog.keep(course)


def _enter(artifact: Artifact, lesson: Lesson, course: Course) -> None:
    """Enter *artifact* in the catalog. It is published all the same where that cannot be done."""
    from hornbook.catalog import Catalog, artifact_document  # noqa: PLC0415 - heavy

    try:
        with Catalog.from_environment() as catalog:
            language = course.settings.language
            catalog.add(artifact_document(artifact, lesson, course=course.name, author=artifact.issuer, language=language))
    except HornbookError as error:
        typer.echo(f"It is not found by `hornbook find` yet: {error}", err=True)


def _passed(course: Course) -> set[str]:
    """Return the lessons of *course* that the owner of this machine has passed, as far as is recorded."""
    from hornbook.record.store import OWNER, Record, default_path  # noqa: PLC0415 - heavy

    if not default_path().is_file():
        return set()
    with contextlib.closing(Record.open(default_path())) as record:
        return {slug for slug, standing in record.standings(OWNER, course.name).items() if standing.passed_at is not None}


def _lesson(course: Course, word: str) -> Lesson:
    """Return the lesson that *word* names, with or without its sub-folders; that there is none is the caller's mistake."""
    slug = _slug(word)
    if slug not in course.slugs:
        try:
            return course.lesson(slug)
        except CourseError as error:
            raise HornbookError(str(error)) from error
    return course.lesson(slug)


def _slug(word: str) -> str:
    return word.rstrip("/").rpartition("/")[2]


def _need_linux() -> None:
    """Say in one sentence, before anything is read, that nothing can be graded on another system."""
    from hornbook.sandbox.canary import need_linux  # noqa: PLC0415 - heavy

    need_linux()


def _require(level: int) -> None:
    """Raise SandboxError if this machine's sandbox is weaker than *level*."""
    if level:
        from hornbook.sandbox.canary import strongest  # noqa: PLC0415 - heavy

        report = strongest().report
        if report.level < level:
            raise SandboxError(
                f"This machine's sandbox reaches level {report.level} ({report.name}), and level {level} is required. "
                "`hornbook sandbox` shows what is missing; nothing was graded."
            )


# --- Telling ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _errors(context: typer.Context, *, as_json: bool = False) -> Iterator[None]:
    """Tell an error in one sentence on stderr, as a JSON document on stdout too where one was promised, and end with its code."""
    debug = bool(context.find_root().params.get("debug"))
    if not debug:
        # What asyncio says about a loop that was interrupted is no news to whoever pressed Ctrl-C.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        yield
    except HornbookError as error:
        if debug:
            import traceback  # noqa: PLC0415 - only here

            traceback.print_exc()
        if as_json:
            typer.echo(_error_document(error))
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        typer.echo(say("cli.interrupted"), err=True)
        raise typer.Exit(INTERRUPTED) from error


@contextlib.contextmanager
def _waiting(words: str, *, since: float | None = None) -> Iterator[Callable[[str], None]]:
    """Say on a terminal what takes so long, once it has taken `PATIENCE` since *since*; give what changes the words."""
    from rich.console import Console, Group  # noqa: PLC0415 - heavy
    from rich.live import Live  # noqa: PLC0415
    from rich.spinner import Spinner  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    begun = time.monotonic() if since is None else since
    spinner = Spinner("dots", Text(words, style="dim"))
    console = Console(stderr=True)

    def tell(news: str) -> None:
        spinner.update(text=Text(news, style="dim"))

    if not console.is_terminal:
        yield tell
        return
    # The streams stay as they are: what is printed meanwhile is none of the spinner's business.
    with Live(
        get_renderable=lambda: spinner if time.monotonic() - begun >= PATIENCE else Group(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield tell


def _print(drawn: RenderableType) -> None:
    """Print *drawn*: in colour on a terminal, as plain text of a fixed width anywhere else."""
    from rich.console import Console  # noqa: PLC0415 - heavy

    from hornbook.show import as_text  # noqa: PLC0415

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(drawn)
    else:
        typer.echo(as_text(drawn), nl=False)


def _print_json(value: object) -> None:
    import msgspec  # noqa: PLC0415 - heavy

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=1))


def _error_document(error: HornbookError, **more: Any) -> bytes:
    document = {**more, "error": str(error), "kind": type(error).__name__, "exit_code": error.exit_code}
    return json.dumps(document, ensure_ascii=False).encode()


def _tell_made(files: Sequence[Path], next_step: str) -> None:
    for path in files:
        typer.echo(f"made  {printable(path)}")
    typer.echo(f"\nNext: {next_step}")


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
    _print(Constrain(Group(grid), WIDTH))


def _near(place: str) -> str:
    """Return *place*, a path or an address, as seen from here if it lies below."""
    path = Path(place)
    return str(path.relative_to(Path.cwd())) if place and path.is_relative_to(Path.cwd()) else place


def _tell_report(report: Report, trouble: str, *, as_json: bool) -> None:
    """Tell how the catalog is, and end with its exit code."""
    if as_json:
        _print_json({"documents": report.documents, "indexed": report.indexed, "space": report.space,
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
