"""What the commands share: options that mean the same everywhere, finding a course, grading notebooks one by one, and telling.

Nothing is decided here: each command asks another module and draws the answer. What is heavy is imported by the function that needs it.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from hornbook.errors import CourseError, HornbookError, SandboxError, SubmissionError, printable
from hornbook.keeping import Keeping
from hornbook.words import say, speaking, written

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hornbook.course import Course
    from hornbook.grading.examiner import Examiner
    from hornbook.grading.journal import Entry
    from hornbook.lesson import Lesson
    from hornbook.model import Assurance, Verdict
    from hornbook.variants import Seed, Table

PASSED, NOT_PASSED, BAD_INPUT, AT_FAULT, INTERRUPTED = 0, 1, 2, 3, 130

EXIT_CODES = (
    "Exit codes: 0 all passed; 1 some checks failed; 2 bad input or usage; 3 the course or this machine is at fault; "
    "130 interrupted. Of several submissions the highest counts."
)

PATIENCE = 0.5
"""After how many seconds a terminal is told what takes so long."""

LINE_SECONDS = 30.0
"""How often whoever reads a log, and no terminal, is told how far a batch is."""

CourseOption = Annotated[
    str | None,
    typer.Option("--course", metavar="DIR", help="The course: its folder, or the name of an installed one. [default: the one you are in]"),
]
LessonOption = Annotated[str | None, typer.Option("--lesson", metavar="SLUG", help="The lesson, where the notebook does not say it.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
SeedOption = Annotated[
    int | None, typer.Option("--seed", metavar="N", min=0, help="Draw the same hidden inputs as the run with this seed.")
]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", "-j", metavar="N", min=1, help="How many at a time. [default: as processors and memory allow]")
]
LevelOption = Annotated[
    int | None, typer.Option("--require-level", metavar="N", min=0, max=4, help="Refuse a weaker sandbox than this level.")
]
LanguageOption = Annotated[
    str | None,
    typer.Option("--language", metavar="TAG", help='The language of what is said, such as "de". [default: the course\'s]'),
]
RecordOption = Annotated[
    str | None,
    typer.Option(
        "--record", metavar="FILE|URL", envvar="HORNBOOK_RECORD", help="The record: a file, or a database's URL.", show_envvar=True
    ),
]
SeedFileOption = Annotated[
    Path | None,
    typer.Option(
        "--seed-file",
        metavar="FILE",
        envvar="HORNBOOK_SEED_FILE",
        help="What the learners' variants are drawn from. [default: the course's own, in Jupyter's data folder]",
    ),
]
VariantsOption = Annotated[
    Path | None,
    typer.Option("--variants", metavar="FILE", help="Values that `hornbook variants` has drawn, where the seed must not be."),
]
Notebooks = Annotated[list[str], typer.Argument(metavar="NOTEBOOK", help="Notebooks, or folders of notebooks.", show_default=False)]


# --- What there is ---------------------------------------------------------------------------------------------------

SECTIONS = {
    "For learners": "check publish verify portfolio find related review endorse accept decline transcript keys",
    "For authors": "new doctor import export release offline launch",
    "For courses": "grade regrade hand-out variants calendar record report scores similar ci issuer issue revoke",
    "This machine": "demo sandbox index",
}
"""Who needs which command first. They stand so in `hornbook --help`."""


class Commands(TyperGroup):
    """Commands that `--help` lists by who needs them, each with its whole sentence: one that is cut off says too little to choose by."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list."""
        sentences = {name: command.get_short_help_str(limit=10_000) for name, command in self.commands.items() if not command.hidden}
        sections = {} if ctx.parent else {heading: names.split() for heading, names in SECTIONS.items()}
        placed = [name for names in sections.values() for name in names]
        sections["Commands"] = [name for name in self.list_commands(ctx) if name not in placed]
        for heading, names in sections.items():
            if rows := [(name, sentences[name]) for name in names if name in sentences]:
                with formatter.section(heading):
                    formatter.write_dl(rows)


# --- Grading one notebook after the other ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drawing:
    """Whose variant a notebook has: that of *learner*, if one is named, or of the folder that it lies in, drawn from *seed*.

    Where nobody is known, and the notebook is to be `believed`, as on the machine of whoever was handed it, its own values hold. With
    `nbgrader` every notebook lies in nbgrader's layout, also one that is named itself.
    """

    seed: Seed | Table | None = None
    learner: str | None = None
    believed: bool = False
    nbgrader: bool = False

    @classmethod
    def of(cls, course: Course, path: Path | None, learner: str | None, table: Path | None = None) -> Drawing:
        """Return how the variants of *course* are drawn: from the seed at *path*, or as *table* says. A learner who is named needs one."""
        from hornbook.variants import Seed, Table, learner_id  # noqa: PLC0415 - only where something is drawn

        seed = Seed.find(course, path) if table is None else Table.read(course, table)
        if seed is None and learner is not None and any(lesson.draws for lesson in course.lessons):
            raise HornbookError(
                f"There is no seed of the variants of {printable(course.name)} here, so nobody can draw {printable(learner)}'s. "
                "Name the file that `hornbook hand-out` has told, with --seed-file."
            )
        return cls(seed, None if learner is None else learner_id(learner))

    def variant(self, path: Path, name: str, lesson: Lesson) -> dict[str, Any] | None:
        """Return the values that the learner of the notebook at *path*, called *name*, got in *lesson*; None where that is nobody.

        Raises `HornbookError` where what is drawn from has none for that learner.
        """
        whose = self.whose(path, name)
        return None if self.seed is None or whose is None or not lesson.draws else self.seed.variant(lesson, whose)

    def whose(self, path: Path, name: str) -> str | None:
        """Return the learner whose notebook that is, as far as anybody has said."""
        if self.learner is None and self.nbgrader:
            from hornbook.record.gradebook import place_of  # noqa: PLC0415 - heavy

            return place_of(path).student
        return self.learner or folder_of(path, name)

    @property
    def told(self) -> str:
        """What tells that values are drawn otherwise, without saying what from."""
        return f"{self.seed.fingerprint if self.seed else ''} {self.learner or ''}".strip()


@dataclass(frozen=True, slots=True)
class Run:
    """Notebooks on their way through a course's checks. `draw` says how a verdict is shown, `each` what else is done with it."""

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
    assurance: Assurance | None = None
    jobs: int | None = None
    cluster: str | None = None
    keeping: Keeping = field(default_factory=Keeping)
    each: Callable[[Path, Verdict], None] | None = None
    drawing: Drawing = field(default_factory=Drawing)
    examiner: Examiner | None = None
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, notebooks: Sequence[str], course: str | None, lesson: str | None, **options: Any) -> Run:
        """Return the run over *notebooks*, files or folders, that the command line asks for."""
        files = tuple(_notebooks(notebooks))
        found = find_course(course, [path for path, _ in files])
        several = len(notebooks) > 1 or Path(notebooks[0]).is_dir()
        return cls(found, find_lesson(found, lesson) if lesson is not None else None, files, as_array=several, **options)

    @contextlib.contextmanager
    def begun(self) -> Iterator[Run]:
        """Give this run while what grades several notebooks starts already: here, much is to be imported before the first is read."""
        if len(self.files) == 1 or self.cluster is not None:
            yield self
            return
        from hornbook.grading.examiner import Examiner  # noqa: PLC0415 - brings the sandbox along

        with Examiner(self.course) as examiner:
            examiner.start()
            yield replace(self, examiner=examiner)

    def to_its_end(self) -> int:
        """Grade every file, tell what came of it, and return the exit code; a refused file never stops the rest."""
        if self.verdicts is not None:
            _make_folder(self.verdicts)
        with speaking(self.language or self.course.settings.language), contextlib.closing(self._results()) as results:
            return self._told(results)

    def _told(self, results: Iterable[Entry]) -> int:
        """Tell each of *results*, which come in the order of the files, as soon as it is there; return the exit code."""
        from hornbook.reports import Spool  # noqa: PLC0415 - only here

        codes: list[int] = []
        with Spool.open() as spool, contextlib.ExitStack() as reporting:
            reporting.enter_context(self.keeping.telling(tell=self._tell_runner))
            for (path, name), came in zip(self.files, results, strict=True):
                result = self._handed_on(path, came)
                codes.append(result.exit_code)
                if self.as_json or self.keeping.reported:
                    spool.add(result)
                if result.verdict is None:
                    typer.echo(result.refusal.error if result.refusal else say("cli.nothing"), err=True)
                    continue
                if self.verdicts is not None:
                    _write_verdict(self.verdicts, name, result.verdict)
                if not self.as_json:
                    if len(codes) > 1 and self.draw is not line:
                        typer.echo("\n")
                    # In a folder for each learner every notebook has the same name; its place tells them apart.
                    show(self.draw(replace(result.verdict, submission=replace(result.verdict.submission, name=result.name))))
            if self.as_json:
                self._tell_json(spool)
            elif self.as_array:
                typer.echo(("" if self.draw is line else "\n\n") + _summary(codes))
            paths = {printable(name): path for path, name in self.files}
            reporting.close()
            self.keeping.report(spool, self.course.settings.title, paths, tell=self._tell_runner)
        return max(codes)

    def _handed_on(self, path: Path, entry: Entry) -> Entry:
        """Return *entry* when `each` has had its verdict, or with why that could not take it."""
        try:
            if self.each is not None and entry.verdict is not None:
                self.each(path, entry.verdict)
        except HornbookError as error:
            from hornbook.grading.journal import Refusal  # noqa: PLC0415 - brings grading along

            return replace(entry, verdict=None, refusal=Refusal.of(error))
        return entry

    def _tell_json(self, spool: Iterable[Entry]) -> None:
        """Print what was found as one document: an array where several were asked for."""
        opening, closing = (b"[", b"]\n") if self.as_array else (b"", b"\n")
        typer.echo(opening, nl=False)
        for number, entry in enumerate(spool):
            typer.echo((b",\n" if number else b"") + _document(entry), nl=False)
        typer.echo(closing, nl=False)

    def _tell_runner(self, words: str) -> None:
        """Tell the runner of a pipeline something, where no document is in its way."""
        typer.echo(words, err=self.as_json)

    def _results(self) -> Generator[Entry]:
        """Yield what comes of each file, in their order: what an earlier run has found, or what this one finds."""
        done = self.keeping.begin(self)
        todo = [place for place in range(len(self.files)) if place not in done]
        with contextlib.closing(self._fresh(todo)) as fresh:
            for place in range(len(self.files)):
                yield self.keeping.again(done[place]) if place in done else next(fresh)

    def _fresh(self, todo: Sequence[int]) -> Generator[Entry]:
        """Yield what comes of the files in those places, in their order."""
        if len(self.files) > 1 or self.cluster is not None:
            yield from self._side_by_side(todo)
            return
        for path, name in (self.files[place] for place in todo):
            try:
                entry = self.entry(path, name, self.graded(path, name))
            except HornbookError as error:
                entry = self.entry(path, name, error)
            yield self.keeping.keep(entry)

    def entry(self, path: Path, name: str, result: Verdict | HornbookError) -> Entry:
        """Return what is kept of *result*, which came of the notebook at *path*, called *name*."""
        from hornbook.grading.journal import Entry, Refusal, learner_of  # noqa: PLC0415 - heavy

        whose = printable(name), self.drawing.whose(path, name) or learner_of(name)
        if isinstance(result, HornbookError):
            return Entry(*whose, refusal=Refusal.of(result))
        return Entry(*whose, self.keeping.questions.get(result.lesson.slug, ""), result)

    def matched(self, path: Path) -> Lesson:
        """Return the lesson that the notebook at *path* is a copy of."""
        from hornbook.lesson import match_lesson  # noqa: PLC0415 - heavy

        return match_lesson(path, self.course.lessons)

    def one(self, path: Path, lesson: Lesson) -> Verdict:
        """Return the verdict on the one notebook at *path*."""
        return replace(self, lesson=lesson).graded(path, path.name)

    def graded(self, path: Path, name: str) -> Verdict:
        """Return the verdict on the notebook at *path*, which is called *name* meanwhile."""
        from hornbook.grading import grade as graded  # noqa: PLC0415 - heavy
        from hornbook.model import Assurance  # noqa: PLC0415

        options: dict[str, Any] = {"visible_only": self.visible_only, "assurance": self.assurance or Assurance.SELF_CHECKED}
        options |= {"variant": functools.partial(self.drawing.variant, path, name), "believing": self.drawing.believed}
        # A grader may print; nothing but our own answer belongs on stdout.
        with waiting(say("cli.grading", name=name), since=self.started), contextlib.redirect_stdout(sys.stderr):
            return graded(path, self.course, lesson=self.lesson, seed=self.seed, language=self.language, **options)

    def _side_by_side(self, todo: Sequence[int]) -> Iterator[Entry]:
        """Yield the results of several files, graded at the same time, in the files' order; each is kept as soon as it is there."""
        from hornbook.grading.batch import Graded, grade_all, in_order  # noqa: PLC0415 - heavy

        progress = Progress(len(self.files), len(self.files) - len(todo), self.started)

        def kept(graded: Iterable[Graded]) -> Iterator[tuple[int, Entry]]:
            for one in graded:
                result = one.verdict or one.error or HornbookError(say("cli.nothing"))
                yield one.place, self.keeping.keep(self.entry(*self.files[todo[one.place]], result))
                progress.step()

        paths = [self.files[place][0] for place in todo]
        options: dict[str, Any] = {"visible_only": self.visible_only, "seed": self.seed, "workers": self.jobs, "language": self.language}
        options["variant"] = lambda place, lesson: self.drawing.variant(*self.files[todo[place]], lesson)
        grade_them = functools.partial(grade_all, examiner=self.examiner)
        if self.cluster is not None:
            from hornbook.grading.cluster import grade_on  # noqa: PLC0415 - heavy

            grade_them = functools.partial(grade_on, self.cluster)
            options["tell"] = functools.partial(typer.echo, err=True)
        with contextlib.closing(grade_them(paths, self.course, lesson=self.lesson, **options)) as graded:
            results = in_order(kept(graded))
            for _ in paths:
                with waiting(progress.words, since=self.started) as progress.tell:
                    result = next(results)
                yield result


@dataclass(slots=True)
class Progress:
    """How far a batch is: of *total* notebooks *done* before, and what was done since *started* on the monotonic clock."""

    total: int
    done: int
    started: float
    fresh: int = 0
    told: float = 0.0
    tell: Callable[[str], None] = lambda _: None

    def step(self) -> None:
        """Count one more; tell it, in a line of its own every `LINE_SECONDS` where no terminal shows it all the time."""
        self.fresh += 1
        self.tell(self.words)
        now = time.monotonic()
        if now - max(self.started, self.told) >= LINE_SECONDS and not sys.stderr.isatty():
            self.told = now
            typer.echo(self.words, err=True)

    @property
    def words(self) -> str:
        """How many are done, how fast that goes, and how long it will take."""
        done = self.done + self.fresh
        seconds = time.monotonic() - self.started
        if not self.fresh or not seconds:
            return say("cli.progress-begins", done=f"{done}", total=f"{self.total}")
        left = timedelta(seconds=round((self.total - done) * seconds / self.fresh))
        return say("cli.progress", done=f"{done}", total=f"{self.total}", rate=written(f"{self.fresh / seconds:.1f}"), left=f"{left}")


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


def content_of(path: Path) -> bytes:
    """Return the bytes of the notebook at *path*."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SubmissionError(path, f"cannot be read ({error.strerror}).") from error


def _write_verdict(folder: Path, name: str, verdict: Verdict) -> None:
    """Write *verdict* into *folder* under the *name* of its notebook, from which nothing but letters and digits is taken over."""
    path = folder / f"{safe_stem(name)}-{verdict.submission.digest[:12]}.json"
    try:
        path.write_bytes(verdict.to_json(indent=1) + b"\n")
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be written ({error.strerror}). Choose another folder for --verdicts.") from error


def safe_stem(name: str) -> str:
    """Return how a file begins that is about the notebook called *name*."""
    return ("".join(char if char.isalnum() or char in "-_." else "_" for char in name.removesuffix(".ipynb")).lstrip(".") or "_")[:120]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HornbookError(f"{printable(folder)}: cannot be made ({error.strerror}). Choose another folder for --verdicts.") from error


def line(verdict: Verdict) -> RenderableType:
    """Return *verdict* in one line."""
    from hornbook.show import points, safe  # noqa: PLC0415 - heavy

    earned = points(verdict.points.earned, verdict.points.possible)
    word = say("status.broken" if verdict.broken else "status.passed" if verdict.passed_so_far else "status.failed")
    return safe(say("cli.line", name=verdict.submission.name, lesson=verdict.lesson.slug, points=earned, word=word))


def _summary(codes: Sequence[int]) -> str:
    named = {PASSED: "status.passed", NOT_PASSED: "status.failed", BAD_INPUT: "cli.refused", AT_FAULT: "cli.held-up"}
    counts = [f"{codes.count(code)} {say(words)}" for code, words in named.items() if code in codes]
    return say("cli.summary", len(codes), words=", ".join(counts))


# --- Finding things --------------------------------------------------------------------------------------------------


def find_course(given: str | None, files: Sequence[Path]) -> Course:
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


def find_lesson(course: Course, word: str) -> Lesson:
    """Return the lesson that *word* names, with or without its sub-folders; that there is none is the caller's mistake."""
    slug = slug_of(word)
    if slug not in course.slugs:
        try:
            return course.lesson(slug)
        except CourseError as error:
            raise HornbookError(str(error)) from error
    return course.lesson(slug)


def slug_of(word: str) -> str:
    """Return the slug in *word*, which may have its sub-folders before it."""
    return word.rstrip("/").rpartition("/")[2]


def folder_of(path: Path, name: str) -> str | None:
    """Return the learner in whose folder the notebook at *path* lies, None where it was named itself, and no folder.

    *name* is its name below the folder that was given. In nbgrader's own layout, submitted/LEARNER/ASSIGNMENT/, the folder may be any of
    these, or the one around them: the assignment is nobody. A folder of that name deeper down is the learner's own making.
    """
    from hornbook.grading.journal import learner_of  # noqa: PLC0415 - heavy
    from hornbook.record.gradebook import FOLDERS  # noqa: PLC0415 - the same

    if "/" not in name:
        return None
    parts = path.absolute().parts
    given, place = len(parts) - len(PurePath(name).parts), len(parts) - 4
    if place >= 0 and parts[place] in FOLDERS and (place < given or (place == given and not FOLDERS & set(parts[:given]))):
        return learner_of("/".join(parts[place + 1 :]))
    return learner_of(name)


def need_learners(files: Sequence[tuple[Path, str]]) -> None:
    """Raise HornbookError where two of *files*, by their names alone, would be recorded as the same learner's."""
    from hornbook.grading.journal import learner_of  # noqa: PLC0415 - heavy

    alone: dict[str, Path] = {}
    for path, name in files:
        if "/" not in name and (other := alone.setdefault(learner_of(name), path)) is not path:
            raise HornbookError(
                f"{printable(other)} and {printable(path)} would both be recorded as {printable(learner_of(name))}'s. "
                "Give the folder that has a folder for each learner, not the notebooks in it."
            )


def need_one_learner(files: Sequence[tuple[Path, str]], learner: str) -> None:
    """Raise HornbookError where *files* lie in a folder for each learner, and would all be graded as those of *learner*."""
    folders = {whose: path for path, name in files if (whose := folder_of(path, name)) is not None}
    other = next((path for whose, path in folders.items() if whose != learner), None)
    if learner in folders and other is not None:
        raise HornbookError(
            f"{printable(other)} lies in another learner's folder, and with --learner {printable(learner)} all would be graded as theirs. "
            "Leave --learner out, or give that learner's folder alone."
        )


def need_linux() -> None:
    """Say in one sentence, before anything is read, that nothing can be graded on another system."""
    from hornbook.sandbox.canary import need_linux  # noqa: PLC0415 - heavy

    need_linux()


def need_level(level: int) -> None:
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
def telling_errors(context: typer.Context, *, as_json: bool = False) -> Iterator[None]:
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
def going_on(journal: Path | None) -> Iterator[None]:
    """Where this block is interrupted and there is a *journal*, say how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        if journal is not None:
            typer.echo(f"What was done is in {printable(journal)}: run the same command again to go on.", err=True)
        raise


@contextlib.contextmanager
def waiting(words: str, *, since: float | None = None) -> Iterator[Callable[[str], None]]:
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


def show(drawn: RenderableType) -> None:
    """Print *drawn*: in colour on a terminal, as plain text of a fixed width anywhere else."""
    from rich.console import Console  # noqa: PLC0415 - heavy

    from hornbook.show import as_text  # noqa: PLC0415

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(drawn)
    else:
        typer.echo(as_text(drawn), nl=False)


def show_json(value: object) -> None:
    """Print *value* as one JSON document."""
    import msgspec  # noqa: PLC0415 - heavy

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=1))


def _error_document(error: HornbookError, **more: Any) -> bytes:
    document = {**more, "error": str(error), "kind": type(error).__name__, "exit_code": error.exit_code}
    return json.dumps(document, ensure_ascii=False).encode()


def _document(entry: Entry) -> bytes:
    """Return what `--json` prints of *entry*: its verdict, or why there is none."""
    if entry.verdict is not None:
        return entry.verdict.to_json(indent=1)
    refusal = {} if entry.refusal is None else asdict(entry.refusal)
    return json.dumps({"submission": entry.name, **refusal}, ensure_ascii=False).encode()


def tell_made(files: Sequence[Path], next_step: str) -> None:
    """Tell which *files* were made, and what to do next."""
    for path in files:
        # As somebody who stands here would type it.
        near = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        typer.echo(f"made  {printable(near)}")
    typer.echo(f"\nNext: {next_step}")
