"""The pytest plugin that grades: the `submission` fixture, the markers, and a Verdict from the reports.

    pytest graders                              proves every grader against its reference solution
    pytest graders --submission work.ipynb      grades the submission, with every pytest option at hand

Outside a course's graders it does nothing. Source: https://docs.pytest.org/en/stable/reference/reference.html#hooks
"""

from __future__ import annotations

import contextlib
import difflib
import random
import re
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from hornbook.course import Course
    from hornbook.errors import HornbookError
    from hornbook.grading.following import Follows
    from hornbook.grading.outcomes import Check, Trace
    from hornbook.grading.sitting import Sitting
    from hornbook.lesson import Lesson
    from hornbook.sandbox.probe import CheckEnded, Probe

MOST_POINTS = 1_000_000
MOST_SECONDS = 3600
MARKERS = (
    "exercise(id, points=1, hidden=False): the exercise that this check belongs to",
    "points(number): what the check is worth, where the exercise marker does not say",
    "hidden: the learner does not see what this check asks",
    "needs(exercise, ...): exercises that must be attempted before this check can be asked",
    "timeout(seconds): how long this check may take (10 by default)",
    "assert_cell(asks=(), changes=()): the names in this check are the notebook's, as in a test cell that stands there",
    "in_kernel(reason): send this check's code to the learner's own kernel, whose word for how it ended is a claim",
    "says(passed='', failed=''): what the learner reads first where this check passed, and where it did not",
    "parameters(**values): run the notebook with these values in its parameters cell before this check",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --submission, --verdict, --visible and --seed to the command line."""
    group = parser.getgroup("hornbook", "grading notebook lessons")
    group.addoption("--submission", metavar="NOTEBOOK", type=Path, help="the notebook to grade; without it the reference solutions are")
    group.addoption("--verdict", metavar="FILE", type=Path, help="write the verdict as JSON to FILE")
    group.addoption("--visible", action="store_true", help="ask the visible checks only")
    group.addoption("--lesson", metavar="SLUG", help="the lesson that the submission belongs to, where it does not say so itself")
    group.addoption("--draw-seed", metavar="N", type=int, help="the seed of what hidden checks draw (otherwise new for each run)")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and the session's grading unless `hornbook.grading` has brought its own."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    grading = next((plugin for plugin in config.pluginmanager.get_plugins() if isinstance(plugin, Grading)), None)
    if grading is None:
        seed = config.getoption("draw_seed")
        grading = Grading(seed=secrets.randbits(32) if seed is None else seed)
        config.pluginmanager.register(grading)
    config.stash[GRADING] = grading


class NothingToAsk(Exception):  # noqa: N818 - an ending, not an error
    """The check ended while its submission was made ready.

    pytest leaves a fixture half made, and with it every later check broken, if anything but an Exception ends it.
    """

    def __init__(self, ended: CheckEnded) -> None:
        super().__init__(ended.message)
        self.ended = ended


@dataclass(frozen=True, slots=True)
class Panel:
    """One lesson's grader, asked by `hornbook.grading` and not by files and options."""

    course: Course
    lesson: Lesson
    grader: Path


class Grading:
    """What one pytest session grades.

    With a *panel* it is collected once, and asked about each of its *rounds*: a sitting, and the seed of what hidden checks draw.
    A round is over when the next one is asked for. Without one, files and options decide.
    """

    def __init__(self, *, seed: int = 0, panel: Panel | None = None, rounds: Iterable[tuple[Sitting, int]] = ()) -> None:
        self.seed = seed
        self.panel = panel
        self.rounds = rounds
        self.sitting: Sitting | None = None
        self.refusal: HornbookError | None = None
        self.interrupted = False
        self.pending = 0
        self.sittings: dict[Path, Sitting] = {}
        self.checks: dict[pytest.Item, Check] = {}
        self.traces: dict[pytest.Item, Trace] = {}
        self.current: pytest.Item | None = None
        self.started: dict[pytest.Item, float] = {}
        self._courses: dict[Path, Course | None] = {}
        self._submitted: tuple[Path, str] | None = None
        self._graded: dict[Path, Course] = {}
        self._numbers: Counter[tuple[Path, str]] = Counter()

    # --- collection ---------------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
        """Read each check's markers; leave out what does not belong to the submission or was not asked for."""
        self._read(config, items)
        # Here hypothesis looks for constants to draw; where there are others' tests, it does so again before the first of them draws.
        with _nobodys_constants() if self.checks and "hypothesis" in sys.modules else contextlib.nullcontext():
            return (yield)

    def _read(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        from hornbook.errors import HornbookError  # noqa: PLC0415 - only where there are graders

        kept, left = [], []
        try:
            wanted = self._wanted_grader(config, items)
            for item in items:
                course = self.course_of(item.path)
                if course is None:
                    kept.append(item)
                elif wanted is not None and item.path != wanted:
                    left.append(item)
                else:
                    check = self._unnamed(item, _check_of(item, course, self._lesson(item, course)))
                    if check.hidden and self._visible_only(config):
                        left.append(item)
                        self.pending += 1
                    else:
                        self.checks[item] = check
                        _let_ask(item)
                        self._graded[item.path] = course
                        kept.append(item)
        except HornbookError as error:
            self.refusal = error
            # A usage error is written to the terminal; who brought the panel hears of the refusal itself.
            raise (pytest.exit.Exception("refused") if self.panel else pytest.UsageError(str(error))) from error
        if left:
            config.hook.pytest_deselected(items=left)
        # Visible checks come first: what a learner's code has seen in a hidden one must not come back as its answer to one
        # whose answers are shown.
        items[:] = sorted(kept, key=lambda item: item in self.checks and self.checks[item].hidden)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep why a given grader cannot be collected: nobody sees pytest's own report of it."""
        if self.panel is not None and report.failed:
            from hornbook.errors import GraderError  # noqa: PLC0415 - only when grading

            self.refusal = GraderError(self.panel.grader, f"pytest cannot collect it: {_why(report, self.panel.grader)}")

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember that somebody wants to stop: pytest only tells it by its exit code."""
        self.interrupted = isinstance(excinfo.value, KeyboardInterrupt)

    def _unnamed(self, item: pytest.Item, check: Check) -> Check:
        """Return *check* with a number for the values of a hidden parametrised check, which pytest writes into its name."""
        callspec = getattr(item, "callspec", None)
        if callspec is None or not check.hidden:
            return check
        name = check.name.removesuffix(f"[{callspec.id}]")
        self._numbers[item.path, name] += 1
        return replace(check, name=f"{name}[{self._numbers[item.path, name]}]")

    def _lesson(self, item: pytest.Item, course: Course) -> Lesson:
        return self.panel.lesson if self.panel else course.lesson(item.path.stem.removeprefix("test_"))

    def _visible_only(self, config: pytest.Config) -> bool:
        """Whether no round asks a hidden check; with a panel, each round says for itself."""
        return self.panel is None and bool(config.getoption("visible"))

    def _wanted_grader(self, config: pytest.Config, items: list[pytest.Item]) -> Path | None:
        """Return the one grader that the submission is for, or None where all are wanted."""
        if self.panel is not None:
            return self.panel.grader
        path: Path | None = config.getoption("submission")
        if path is None:
            if config.getoption("verdict"):
                raise pytest.UsageError("--verdict needs the submission that it is about: --submission work.ipynb.")
            return None
        from hornbook.lesson import SubmissionFile  # noqa: PLC0415 - only when grading

        course = next((course for item in items if (course := self.course_of(item.path)) is not None), None)
        if course is None:
            raise pytest.UsageError("--submission needs the graders of a course: `pytest graders --submission work.ipynb`.")
        slug = config.getoption("lesson")
        lesson = course.lesson(slug) if slug else SubmissionFile.open(path).match(course.lessons)
        self._submitted = (path, lesson.slug)
        return course.grader(lesson.slug)

    def course_of(self, path: Path) -> Course | None:
        """Return the course whose graders *path* is one of, or None for any other test file."""
        folder = path.parent
        if folder not in self._courses:
            from hornbook.course import Course  # noqa: PLC0415 - only where there are tests
            from hornbook.errors import HornbookError  # noqa: PLC0415

            course = self.panel.course if self.panel else None
            if course is None:
                with contextlib.suppress(HornbookError):
                    course = Course.find(folder)
            self._courses[folder] = course if course is not None and (course.root / "graders") in path.resolve().parents else None
        return self._courses[folder]

    # --- running ------------------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Ask a panel's checks about one sitting after the other."""
        if self.panel is None:
            return None
        if self.refusal is None and session.items:
            for sitting, seed in self.rounds:
                self._ask(session.items, sitting, seed)
        return True

    def _ask(self, items: list[pytest.Item], sitting: Sitting, seed: int) -> None:
        """Ask those of *items* that *sitting* is about; note with it which, and how many hidden ones are still to come."""
        asked = [item for item in items if sitting.wants(self.checks[item])]
        self.sitting, self.seed = sitting, seed
        # In the grader's order; the items have been sorted since.
        sitting.checks = tuple(check for check in self.checks.values() if sitting.wants(check))
        hidden = sum(self.checks[item].hidden for item in items) - sum(check.hidden for check in sitting.checks)
        sitting.hidden_pending = hidden + sitting.course.withheld(sitting.lesson.slug)
        sitting.partial = len(asked) < len(items)
        for place, item in enumerate(asked, start=1):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=asked[place] if place < len(asked) else None)

    def sitting_of(self, item: pytest.Item, config: pytest.Config) -> Sitting:
        """Return the executed submission that *item* asks: the round's, the --submission, or the reference solution."""
        if self.sitting is not None:
            return self.sitting
        from hornbook.grading.sitting import Sitting  # noqa: PLC0415 - only when grading

        grader = item.path
        if grader not in self.sittings:
            slug = grader.stem.removeprefix("test_")
            path = self._submitted[0] if self._submitted else None
            sitting = Sitting.of(self._graded[grader], slug, path, visible_only=bool(config.getoption("visible")))
            sitting.checks = tuple(check for other, check in self.checks.items() if other.path == grader)
            sitting.hidden_pending = self.pending + sitting.course.withheld(slug) if self._submitted else 0
            self.sittings[grader] = sitting
        return self.sittings[grader]

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[None]:
        """Let a grader's `@given` and `@settings` be made under our hypothesis profile."""
        course = self.course_of(collector.path) if isinstance(collector, pytest.Module) else None
        with _profile() if course is not None and _speaks_of_hypothesis(course) else contextlib.nullcontext():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Remember which check is running, for what pytest tells without saying where."""
        if item not in self.checks:
            return (yield)
        from hornbook.grading.outcomes import Trace  # noqa: PLC0415 - only when grading
        from hornbook.words import speaking  # noqa: PLC0415

        language = (self.sitting.language if self.sitting else None) or self._graded[item.path].settings.language
        examples = bool(getattr(getattr(item, "obj", None), "is_hypothesis_test", False))
        self.current, self.traces[item], self.started[item] = item, Trace(examples=examples), time.perf_counter()
        _clear_comparison()
        try:
            drawn = "hypothesis" in sys.modules
            with speaking(language), _profile(self.seed, hidden=self.checks[item].hidden) if drawn else contextlib.nullcontext():
                return (yield)
        finally:
            self.current = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run a check that stands in a notebook with the notebook's names."""
        marker = pyfuncitem.get_closest_marker("assert_cell")
        if pyfuncitem not in self.checks:
            return None
        if _borrows(pyfuncitem):
            return self._borrowed(pyfuncitem)
        if marker is None and not self.checks[pyfuncitem].claimed:
            return None
        from hornbook.grading import assert_cells  # noqa: PLC0415 - only where there are such checks

        trace = self.traces[pyfuncitem]
        probe: Any = pyfuncitem.funcargs["submission"]
        if trace.conversation is not None and self.checks[pyfuncitem].claimed:
            trace.score = assert_cells.run_in_kernel(pyfuncitem.obj, trace.conversation)
        elif trace.conversation is not None and marker is not None:
            trace.score = assert_cells.run(pyfuncitem.obj, probe, trace.conversation, **marker.kwargs)
        return True

    def _borrowed(self, item: pytest.Function) -> bool:
        """Run a test that was written for pytest alone: here, or where its author has it so, in the learner's kernel."""
        from hornbook.grading import borrowed  # noqa: PLC0415 - only where there are such checks

        # The arguments that the test itself has, as pytest's own hook takes them.
        arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}  # noqa: SLF001
        if self.checks[item].claimed:
            probe: Any = item.funcargs["submission"]
            borrowed.run_in_kernel(item.obj, arguments, probe)
        else:
            item.obj(**arguments)
        lookup = borrowed.lookup_of(item.module)
        if lookup is not None:
            borrowed.ended(lookup)
        return True

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> None:
        """Keep what a failed comparison compared; pytest's own explanation is for authors."""
        if self.current is not None:
            self.traces[self.current].compared = (op, left, right)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport | None:
        """Turn the end of a check into its Outcome."""
        check = self.checks.get(item)
        if check is not None:
            error = call.excinfo.value if call.excinfo is not None else None
            error = error.ended if isinstance(error, NothingToAsk) else error
            if call.when == "call" or error is not None:
                sitting = self.sitting_of(item, item.config)
                sitting.note(check, error, self.traces[item], seconds=time.perf_counter() - self.started[item])
        # For its own report pytest reads and parses the grader's source again at each failure; of a panel's nobody sees it.
        return None if self.panel is None else _brief(item, call)

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Say what the submission earned, and write the verdict where --verdict says."""
        target: Path | None = config.getoption("verdict")
        for sitting in self.sittings.values():
            unasked = len(sitting.checks) - len(sitting.outcomes)
            if unasked:
                # A part of a grade must not pass for a grade.
                terminalreporter.write_line(f"{sitting.lesson.slug}: {unasked} of {len(sitting.checks)} checks were not asked: no verdict")
                continue
            verdict = sitting.verdict(seed=self.seed)
            earned = f"{verdict.points.earned:g} of {verdict.points.possible:g} points"
            terminalreporter.write_line(
                f"{verdict.lesson.slug}: {earned} ({verdict.submission.name}; sandbox level {verdict.sandbox.level})"
            )
            if target is not None and self._submitted is not None:
                target.write_bytes(verdict.to_json(indent=1) + b"\n")

    def pytest_unconfigure(self) -> None:
        """End every sandbox that this session opened."""
        for sitting in self.sittings.values():
            sitting.close()


def _brief(item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
    """Return pytest's report of how *call* ended, without its words."""
    error = call.excinfo.value if call.excinfo is not None else None
    outcome: Literal["passed", "skipped", "failed"] = "failed"
    if error is None:
        outcome = "passed"
    elif isinstance(error, pytest.skip.Exception):
        outcome = "skipped"
    where = (str(item.path), item.location[1] or 0, str(error))
    longrepr = where if outcome == "skipped" else None if error is None else type(error).__name__
    return pytest.TestReport(item.nodeid, item.location, {}, outcome, longrepr, call.when, duration=call.duration)  # type: ignore[arg-type]


def _let_ask(item: pytest.Item) -> None:
    """Give a check that stands in a notebook its submission, which it has no argument for."""
    marked = item.get_closest_marker("assert_cell") or item.get_closest_marker("in_kernel")
    if isinstance(item, pytest.Function) and (marked or _borrows(item)) and "submission" not in item.fixturenames:
        # It comes first: fixtures may ask, too.
        item.fixturenames.insert(0, "submission")


def _borrows(item: pytest.Function) -> bool:
    """Whether the grader of *item* has the notebook's names. Most have not, and need nothing imported for it."""
    if "hornbook.grading.borrowed" not in sys.modules:
        return False
    from hornbook.grading import borrowed  # noqa: PLC0415 - only where there are such checks

    return borrowed.lookup_of(item.module) is not None


def _speaks_of_hypothesis(course: Course) -> bool:
    """Return whether any of the course's graders, or what lies beside them, names hypothesis: importing it takes a while."""
    if "hypothesis" in sys.modules:
        return True
    return any(b"hypothesis" in path.read_bytes() for path in (course.root / "graders").rglob("*.py") if path.is_file())


_PARENTS: dict[str, object] = {}
"""What our hypothesis profiles were made of, by their names."""


@contextlib.contextmanager
def _profile(seed: int | None = None, *, hidden: bool = False) -> Iterator[None]:
    """Have hypothesis ask as a grader asks: no deadlines (a sandbox answers), no files, one failure, without commentary.

    What it draws depends on *seed* alone, not on the profile that is loaded (in CI hypothesis' own draws the same each time).
    """
    from hypothesis import HealthCheck, Phase, core, settings  # noqa: PLC0415 - only where there are graders

    forced: int | None = core.global_force_seed
    before, default = settings.get_current_profile_name(), settings.get_profile("default")
    ours = "hornbook, hidden" if hidden else "hornbook"
    if _PARENTS.get(ours) is not default:
        _PARENTS[ours] = default
        settings.register_profile(
            ours,
            parent=default,
            database=None,
            deadline=None,
            # Nobody sees the example of a hidden check, so no time is spent on making it smaller.
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target, *(() if hidden else (Phase.shrink,))),
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=tuple(HealthCheck),
        )
    settings.load_profile(ours)
    core.global_force_seed = forced if seed is None else seed  # type: ignore[assignment] # it is declared as None
    try:
        with _nobodys_constants():
            yield
    finally:
        core.global_force_seed = forced  # type: ignore[assignment]
        settings.load_profile(before)


@contextlib.contextmanager
def _nobodys_constants() -> Iterator[None]:
    """Keep hypothesis from drawing constants that it finds in the source of every module that is not an installed package.

    What a seed gives would depend on what else this process has imported. Besides, hypothesis reads all those modules, and keeps what
    it has found in a folder of its own in the working directory: where hornbook is installed from its repository, that takes longer
    than most graders.
    """
    from hypothesis.internal.conjecture import providers  # noqa: PLC0415 - only where there are graders

    theirs = getattr(providers, "_get_local_constants", None)
    if theirs is None or not hasattr(providers, "Constants"):  # an earlier hypothesis, which does not look, or in another way
        yield
        return
    none = providers.Constants()
    # What fits a strategy is remembered with the constants that were found elsewhere meanwhile, by somebody's own tests.
    if len(providers._local_constants):  # noqa: SLF001 - hypothesis has no setting for this
        providers.CONSTANTS_CACHE.cache.clear()
    providers._get_local_constants = lambda: none  # noqa: SLF001
    try:
        yield
    finally:
        providers._get_local_constants = theirs  # noqa: SLF001
        if len(providers._local_constants):  # noqa: SLF001
            providers.CONSTANTS_CACHE.cache.clear()


def _clear_comparison() -> None:
    from hornbook.grading.compare import take_last  # noqa: PLC0415 - only when grading

    take_last()


def _why(report: pytest.CollectReport, grader: Path) -> str:
    """Return the line of *grader* at which pytest stopped, and what it says last: the error itself."""
    told = str(report.longrepr).strip()
    places = re.findall(rf'{re.escape(grader.name)}(?::|", line )(\d+)', told)
    line = f"line {places[-1]}: " if places else ""
    return line + (told.splitlines() or ["it says nothing."])[-1].removeprefix("E").strip()


def _one(item: pytest.Item, marker: str, where: str, most: int, otherwise: float) -> float:
    """Return the one number that the *marker* of *item* gives, or *otherwise* where there is none."""
    from hornbook.errors import GraderError  # noqa: PLC0415 - only when grading

    found = item.get_closest_marker(marker)
    if found is None:
        return otherwise
    number = found.args[0] if len(found.args) == 1 else None
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= most:
        raise GraderError(where, f"{item.name}: @pytest.mark.{marker} takes one number from 0 to {most:,}.")
    return float(number)


def _says(item: pytest.Item, where: str) -> dict[str, str]:
    """Return what the author has to say of how a check ended."""
    from hornbook.errors import GraderError  # noqa: PLC0415 - only when grading

    found = item.get_closest_marker("says")
    said = dict(found.kwargs) if found else {}
    if (found is not None and found.args) or not said.keys() <= {"passed", "failed"} or not all(type(one) is str for one in said.values()):
        raise GraderError(where, f'{item.name}: @pytest.mark.says takes texts, as in says(failed="Look at the units.").')
    return said


def _refuse_slips(item: pytest.Item, exercise: pytest.Mark, where: str) -> None:
    """Raise GraderError for a word that no marker of ours knows: a check that was to be hidden would be shown without one."""
    from hornbook.config import nearest  # noqa: PLC0415 - only when grading
    from hornbook.errors import GraderError  # noqa: PLC0415

    words = {"points", "hidden"}
    for word in exercise.kwargs:
        if word not in words:
            raise GraderError(where, f'{item.name}: @pytest.mark.exercise has no "{word}"; {nearest(word, words)}.')
    if len(exercise.args) > 1:
        raise GraderError(where, f'{item.name}: @pytest.mark.exercise takes one exercise, and words, as in exercise("mean", hidden=True).')
    if not isinstance(exercise.kwargs.get("hidden", False), bool):
        raise GraderError(where, f"{item.name}: hidden is {exercise.kwargs['hidden']!r}; it is True or False.")
    known = {re.split(r"\W", line)[0] for line in item.config.getini("markers")}
    for marker in item.iter_markers():
        if marker.name not in known:
            meant = difflib.get_close_matches(marker.name, (re.split(r"\W", line)[0] for line in MARKERS), n=1, cutoff=0.75)
            if meant:
                raise GraderError(where, f'{item.name}: there is no marker "{marker.name}"; did you mean "{meant[0]}".')


def _check_of(item: pytest.Item, course: Course, lesson: Lesson) -> Check:
    """Return what the markers and the docstring of *item* say; raise GraderError where they do not say it."""
    from hornbook.errors import GraderError  # noqa: PLC0415 - only when grading
    from hornbook.grading.outcomes import Check  # noqa: PLC0415

    exercise = item.get_closest_marker("exercise")
    line = getattr(item, "location", ("", 0, ""))[1]
    where = f"{item.path.relative_to(course.root)}:{(line or 0) + 1}" if item.path.is_relative_to(course.root) else str(item.path)
    if exercise is None or not exercise.args:
        raise GraderError(where, f'{item.name} does not say its exercise; put @pytest.mark.exercise("<id>") above it.')
    needs = tuple(str(name) for marker in item.iter_markers("needs") for name in marker.args)
    for name in (exercise.args[0], *needs):
        if name not in lesson.exercises:
            raise GraderError(where, f'{item.name}: the lesson has no exercise "{name}"; it has {", ".join(lesson.exercises)}.')
    _refuse_slips(item, exercise, where)
    points = exercise.kwargs.get("points", _one(item, "points", where, MOST_POINTS, 1))
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points < MOST_POINTS:
        raise GraderError(where, f"{item.name} is worth {points!r} points; give a number from 0 up.")
    documentation = (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip()
    return Check(
        name=item.nodeid.split("::", 1)[-1],
        exercise=str(exercise.args[0]),
        title=documentation.split("\n")[0].strip() or item.name.partition("[")[0].removeprefix("test_").replace("_", " "),
        points=float(points),
        hidden=exercise.kwargs.get("hidden", False) or item.get_closest_marker("hidden") is not None,
        seconds=_one(item, "timeout", where, MOST_SECONDS, course.settings.limits.check_seconds),
        needs=needs,
        claimed=item.get_closest_marker("in_kernel") is not None,
        compares="reference" in getattr(item, "fixturenames", ()),
        **_says(item, where),
    )


GRADING = pytest.StashKey[Grading]()


@pytest.fixture
def submission(request: pytest.FixtureRequest) -> Iterator[Probe]:
    """Give the learner's work as it stood after this check's exercise: a `hornbook.sandbox.probe.Probe`."""
    from hornbook.sandbox.probe import CheckEnded  # noqa: PLC0415 - only when grading

    grading: Grading = request.config.stash[GRADING]
    check, parameters = _asking(request, "submission")
    sitting = grading.sitting_of(request.node, request.config)
    with contextlib.ExitStack() as stack:
        try:
            probe = stack.enter_context(sitting.asked(check, grading.traces[request.node], parameters))
            if _borrows(request.node):
                stack.enter_context(_lending(request.node, probe, grading.traces[request.node]))
        except CheckEnded as ended:
            raise NothingToAsk(ended) from ended
        yield probe


def _lending(item: pytest.Function, probe: Probe, trace: Trace) -> contextlib.AbstractContextManager[None]:
    """Return a context in which the grader of *item* has the names that *probe* asks for."""
    from hornbook.grading import borrowed  # noqa: PLC0415 - only where there are such checks

    lookup = borrowed.lookup_of(item.module)
    if lookup is None or trace.conversation is None:
        return contextlib.nullcontext()
    line = (item.location[1] or 0) + 1
    return lookup.speaking(vars(item.module), line, probe, trace.conversation)


@pytest.fixture
def reference(request: pytest.FixtureRequest, submission: Probe) -> Iterator[Probe]:  # noqa: ARG001 - where there is none, nothing is asked
    """Give the reference solution as it stands after this check's exercise, for checks that compare with it."""
    grading: Grading = request.config.stash[GRADING]
    check, parameters = _asking(request, "reference")
    with grading.sitting_of(request.node, request.config).reference(check, parameters) as probe:
        yield probe


@pytest.fixture
def follows(request: pytest.FixtureRequest, submission: Probe, reference: Probe, rng: random.Random) -> Follows:
    """Return what compares names of the submission with the reference's, under parameters that nobody has seen."""
    from hornbook.grading.following import Follows  # noqa: PLC0415 - only when grading

    sitting = request.config.stash[GRADING].sitting_of(request.node, request.config)
    return Follows(str(request.node.name), sitting.lesson, sitting.parameters, submission, reference, rng)


def _asking(request: pytest.FixtureRequest, fixture: str) -> tuple[Check, dict[str, Any]]:
    """Return the check that *request* is for, and the parameters that its marker gives."""
    check = request.config.stash[GRADING].checks.get(request.node)
    if check is None:
        raise pytest.UsageError(f"{request.node.path}: the {fixture} fixture is for graders of a course.")
    parameters = request.node.get_closest_marker("parameters")
    return check, dict(parameters.kwargs) if parameters else {}


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Return a random number generator seeded for this run, for checks that draw their inputs."""
    grading: Grading = request.config.stash[GRADING]
    return random.Random(f"{grading.seed}:{request.node.name}")  # noqa: S311 - reproducible, not secret
