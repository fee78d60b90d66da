"""The pytest plugin that grades: the `submission` fixture, the markers, and a Verdict from the reports.

    pytest graders                              proves every grader against its reference solution
    pytest graders --submission work.ipynb      grades the submission, with every pytest option at hand

Outside a course's graders it does nothing. Source: https://docs.pytest.org/en/stable/reference/reference.html#hooks
"""

from __future__ import annotations

import contextlib
import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hornbook.course import Course
    from hornbook.errors import HornbookError
    from hornbook.grading.outcomes import Check, Trace
    from hornbook.grading.sitting import Sitting
    from hornbook.sandbox.probe import Probe

MOST_POINTS = 1_000_000
MARKERS = (
    "exercise(id, points=1, hidden=False): the exercise that this check belongs to",
    "points(number): what the check is worth, where the exercise marker does not say",
    "hidden: the learner does not see what this check asks",
    "needs(exercise, ...): exercises that must be attempted before this check can be asked",
    "timeout(seconds): how long this check may take (10 by default)",
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


class Grading:
    """What one pytest session grades. `given` is a sitting that was prepared by `hornbook.grading`; else files decide."""

    def __init__(self, *, seed: int, given: Sitting | None = None) -> None:
        self.seed = seed
        self.given = given
        self.refusal: HornbookError | None = None
        self.sittings: dict[Path, Sitting] = {}
        self.checks: dict[pytest.Item, Check] = {}
        self.traces: dict[pytest.Item, Trace] = {}
        self.current: pytest.Item | None = None
        self.started: dict[pytest.Item, float] = {}
        self._courses: dict[Path, Course | None] = {}
        self._submitted: tuple[Path, str] | None = None

    # --- collection ---------------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Read each check's markers; leave out what does not belong to the submission or was not asked for."""
        from hornbook.errors import HornbookError  # noqa: PLC0415 - only where there are graders

        kept, left = [], []
        try:
            wanted = self._wanted_grader(config, items)
            for item in items:
                course = self.course_of(item.path)
                if course is None:
                    kept.append(item)
                elif (wanted is not None and item.path != wanted) or (self._visible_only(config) and _check_of(item, course).hidden):
                    left.append(item)
                else:
                    self.checks[item] = _check_of(item, course)
                    kept.append(item)
        except HornbookError as error:
            self.refusal = error
            raise pytest.UsageError(str(error)) from error
        self._tell_sitting(left)
        if left:
            config.hook.pytest_deselected(items=left)
        # Visible checks come first: what a learner's code has seen in a hidden one must not come back as its answer to one
        # whose answers are shown.
        items[:] = sorted(kept, key=lambda item: item in self.checks and self.checks[item].hidden)

    def _tell_sitting(self, left: list[pytest.Item]) -> None:
        """Tell a given sitting its checks, and how many hidden ones are left for later."""
        if self.given is not None:
            self.given.checks = tuple(self.checks.values())
            self.given.hidden_pending = len(left)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep why a given grader cannot be collected: nobody sees pytest's own report of it."""
        if self.given is not None and report.failed:
            from hornbook.errors import GraderError  # noqa: PLC0415 - only when grading

            lines = str(report.longrepr).strip().splitlines()
            self.refusal = GraderError(self.given.grader, f"pytest cannot collect it: {lines[-1] if lines else 'it says nothing'}")

    def _visible_only(self, config: pytest.Config) -> bool:
        return self.given.visible_only if self.given else bool(config.getoption("visible"))

    def _wanted_grader(self, config: pytest.Config, items: list[pytest.Item]) -> Path | None:
        """Return the one grader that the submission is for, or None where all are wanted."""
        if self.given is not None:
            return self.given.grader
        path: Path | None = config.getoption("submission")
        if path is None:
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

            course = self.given.course if self.given else None
            if course is None:
                with contextlib.suppress(HornbookError):
                    course = Course.find(folder)
            self._courses[folder] = course if course is not None and (course.root / "graders") in path.resolve().parents else None
        return self._courses[folder]

    # --- running ------------------------------------------------------------------------------------------------------

    def sitting_of(self, item: pytest.Item, config: pytest.Config) -> Sitting:
        """Return the executed submission that *item* asks: the given one, the --submission, or the reference solution."""
        if self.given is not None:
            return self.given
        from hornbook.grading.sitting import Sitting  # noqa: PLC0415 - only when grading

        grader = item.path
        if grader not in self.sittings:
            course = self.course_of(grader)
            if course is None:
                raise pytest.UsageError(f"{grader}: the submission fixture is for graders of a course.")
            slug = grader.stem.removeprefix("test_")
            path = self._submitted[0] if self._submitted else None
            sitting = Sitting.of(course, slug, path, visible_only=bool(config.getoption("visible")))
            sitting.checks = tuple(check for other, check in self.checks.items() if other.path == grader)
            self.sittings[grader] = sitting
        return self.sittings[grader]

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[None]:
        """Let a grader's `@given` and `@settings` be made under our hypothesis profile."""
        with _profile() if isinstance(collector, pytest.Module) and self.course_of(collector.path) else contextlib.nullcontext():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Remember which check is running, for what pytest tells without saying where."""
        from hornbook.grading.outcomes import Trace  # noqa: PLC0415 - only when grading

        if item not in self.checks:
            return (yield)
        self.current, self.traces[item], self.started[item] = item, Trace(), time.perf_counter()
        _clear_comparison()
        try:
            with _profile():
                return (yield)
        finally:
            self.current = None

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> None:
        """Keep what a failed comparison compared; pytest's own explanation is for authors."""
        if self.current is not None:
            self.traces[self.current].compared = (op, left, right)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        """Turn the end of a check into its Outcome."""
        report: Any = yield
        check = self.checks.get(item)
        if check is not None:
            error = call.excinfo.value if call.excinfo is not None else None
            ends_here = (
                call.when == "call" or (error is not None and call.when == "setup") or (error is not None and call.when == "teardown")
            )
            if ends_here:
                sitting = self.sitting_of(item, item.config)
                sitting.note(check, error, self.traces[item], seconds=time.perf_counter() - self.started[item])
        return report  # type: ignore[no-any-return]

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Say what the submission earned, and write the verdict where --verdict says."""
        target: Path | None = config.getoption("verdict")
        for sitting in self.sittings.values():
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


@contextlib.contextmanager
def _profile() -> Iterator[None]:
    """Have hypothesis ask as a grader asks: no deadlines (a sandbox answers), no files, one failure, without commentary."""
    from hypothesis import HealthCheck, Phase, settings  # noqa: PLC0415 - only where there are graders

    before = settings.get_current_profile_name()
    settings.register_profile(
        "hornbook",
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink),
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=tuple(HealthCheck),
    )
    settings.load_profile("hornbook")
    try:
        yield
    finally:
        settings.load_profile(before)


def _clear_comparison() -> None:
    from hornbook.grading.compare import take_last  # noqa: PLC0415 - only when grading

    take_last()


def _check_of(item: pytest.Item, course: Course) -> Check:
    """Return what the markers and the docstring of *item* say; raise GraderError where they do not say it."""
    from hornbook.errors import GraderError  # noqa: PLC0415 - only when grading
    from hornbook.grading.outcomes import Check  # noqa: PLC0415

    exercise = item.get_closest_marker("exercise")
    line = getattr(item, "location", ("", 0, ""))[1]
    where = f"{item.path.relative_to(course.root)}:{(line or 0) + 1}" if item.path.is_relative_to(course.root) else str(item.path)
    if exercise is None or not exercise.args:
        raise GraderError(where, f'{item.name} does not say its exercise; put @pytest.mark.exercise("<id>") above it.')
    points_marker = item.get_closest_marker("points")
    points = exercise.kwargs.get("points", points_marker.args[0] if points_marker else 1)
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points < MOST_POINTS:
        raise GraderError(where, f"{item.name} is worth {points!r} points; give a number from 0 up.")
    timeout = item.get_closest_marker("timeout")
    documentation = (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip()
    needs = item.get_closest_marker("needs")
    return Check(
        name=item.name,
        exercise=str(exercise.args[0]),
        title=documentation.split("\n")[0].strip() or item.name.removeprefix("test_").replace("_", " "),
        points=float(points),
        hidden=bool(exercise.kwargs.get("hidden", False)) or item.get_closest_marker("hidden") is not None,
        seconds=float(timeout.args[0]) if timeout else float(course.settings.limits.check_seconds),
        needs=tuple(map(str, needs.args)) if needs else (),
    )


GRADING = pytest.StashKey[Grading]()


@pytest.fixture
def submission(request: pytest.FixtureRequest) -> Iterator[Probe]:
    """Give the learner's work as it stood after this check's exercise: a `hornbook.sandbox.probe.Probe`."""
    grading: Grading = request.config.stash[GRADING]
    check = grading.checks[request.node]
    parameters = request.node.get_closest_marker("parameters")
    sitting = grading.sitting_of(request.node, request.config)
    with sitting.asked(check, grading.traces[request.node], dict(parameters.kwargs) if parameters else {}) as probe:
        yield probe


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Return a random number generator seeded for this run, for checks that draw their inputs."""
    grading: Grading = request.config.stash[GRADING]
    return random.Random(f"{grading.seed}:{request.node.name}")  # noqa: S311 - reproducible, not secret
