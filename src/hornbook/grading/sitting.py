"""One submission before one grader: executed once, asked by each check in a fork of its own, summed up in one Verdict."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from hornbook.course import Course
from hornbook.draws import can_be_drawn, default_values
from hornbook.errors import GraderError, HornbookError, SandboxError
from hornbook.feedback import Bank
from hornbook.grading import compare, outcomes, preparation
from hornbook.grading.live import LIVE
from hornbook.grading.outcomes import Check, Interview, Trace
from hornbook.heavy import imported
from hornbook.lesson import Lesson, ProgramCell, Submission, SubmissionFile, fill, program, read_solution
from hornbook.model import Assurance, LessonRef, Manual, Outcome, Parameters, Repair, SandboxReport, Status, SubmissionRef, Verdict
from hornbook.sandbox.canary import Strength, strongest
from hornbook.sandbox.execute import Executor, Finished, Job, State
from hornbook.sandbox.forkserver import ForkServers
from hornbook.sandbox.probe import Cell, CheckEnded, LearnerError, NeverEnds, Probe
from hornbook.wire import Limits as WireLimits
from hornbook.words import say

AFTER_TIMEOUT = 0.5


@dataclass(slots=True)
class Sitting:
    """A submission, the grader it sits before, and what was found so far.

    Nothing runs before the first check asks; `close` ends the sandbox. `strength` is the sandbox to use, by default the
    strongest of this machine. With an `exercise` only its checks are asked, and nothing behind its cells is run; `partial` says
    that some of the grader's checks were left out, for this or another reason. An `executor` that is given is ended with the
    sitting. A `practice` is an executor that the caller keeps from sitting to sitting: only what has changed is run again. With a
    `live` state the checks ask that, and nothing is run. A grade has neither. `language` is that of the sentences, the course's where
    none is given. `tell` is told how many checks were asked, and of how many. `believing` says that for its parameters the notebook's own
    word is taken, where it says what can be drawn: nobody else has any, on the machine of whoever was handed it.
    """

    course: Course
    lesson: Lesson
    submission: Submission
    grader: Path
    bank: Bank
    visible_only: bool = False
    strength: Strength | None = None
    warm: ForkServers | None = None
    exercise: str | None = None
    executor: Executor | None = None
    practice: Executor | None = None
    live: Finished | None = None
    hidden_pending: int = 0
    partial: bool = False
    language: str | None = None
    tell: Callable[[int, int], None] | None = None
    believing: bool = False
    checks: tuple[Check, ...] = ()
    outcomes: list[Outcome] = field(default_factory=list)
    fault: HornbookError | None = None
    report: SandboxReport | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    _clock: float = field(default_factory=time.perf_counter)
    _finished: dict[str, Finished] = field(default_factory=dict)
    _attempted: dict[str, bool] = field(default_factory=dict)
    _hanging: set[str] = field(default_factory=set)
    _hidden_asked: bool = False
    _late: bool = False
    _reference: Sitting | None = None
    _interview: ClassVar[type[Interview]] = Interview

    @classmethod
    def of(cls, course: Course, slug: str, path: Path | None, *, visible_only: bool = False) -> Sitting:
        """Return the sitting of the submission at *path*, or with None that of the lesson's reference solution."""
        lesson = course.lesson(slug)
        submission = fill(lesson, read_solution(course.solution(slug))) if path is None else SubmissionFile.open(path).submission(lesson)
        return cls.before(course, lesson, submission, visible_only=visible_only)

    @classmethod
    def before(  # noqa: PLR0913 - all by name
        cls,
        course: Course,
        lesson: Lesson,
        submission: Submission,
        *,
        visible_only: bool = False,
        strength: Strength | None = None,
        warm: ForkServers | None = None,
        exercise: str | None = None,
        executor: Executor | None = None,
        practice: Executor | None = None,
        live: Finished | None = None,
        language: str | None = None,
        tell: Callable[[int, int], None] | None = None,
        believing: bool = False,
    ) -> Sitting:
        """Return the sitting of *submission* before the grader of *lesson*.

        Raises ValueError for a *practice*, or a *live* state, in which hidden checks would be asked: a grade is a run from top to
        bottom.
        """
        if not (practice is None and live is None) and not visible_only:
            raise ValueError("a grade is a clean run from top to bottom; only the visible checks are for practice")
        bank = Bank.read(course.feedback(lesson.slug)) if course.has_feedback(lesson.slug) else Bank.empty()
        return cls(
            course,
            lesson,
            submission,
            course.grader(lesson.slug),
            bank,
            visible_only=visible_only,
            strength=strength,
            warm=warm,
            exercise=exercise,
            executor=executor,
            practice=practice,
            live=live,
            report=None if live is None else LIVE,
            language=language,
            tell=tell,
            believing=believing,
        )

    @contextlib.contextmanager
    def asked(self, check: Check, trace: Trace, parameters: dict[str, Any]) -> Iterator[Probe]:
        """Give the probe through which *check* asks; raise CheckEnded where there is nothing to ask."""
        for exercise in (check.exercise, *check.needs):
            if self.live is not None and exercise not in self.live.snapshots:
                words = say("sitting.not-run") if exercise == check.exercise else say("sitting.run-first", exercise=exercise)
                raise CheckEnded(Status.NOT_ATTEMPTED, words)
            if not self.attempted(exercise):
                words = say("sitting.untouched") if exercise == check.exercise else say("sitting.needs", exercise=exercise)
                raise CheckEnded(Status.NOT_ATTEMPTED, words)
        if self.fault is not None:
            raise self.fault
        try:
            finished = self.finished(parameters)
        except HornbookError as error:
            self.fault = error
            raise
        self._hidden_asked = self._hidden_asked or check.hidden
        with contextlib.ExitStack() as children:
            yield self._probe(check, trace, finished, children)

    @contextlib.contextmanager
    def reference(self, check: Check, parameters: dict[str, Any]) -> Iterator[Probe]:
        """Give the probe through which *check* asks the reference solution: in a sandbox of its own, that no learner's code ever enters.

        What goes wrong there is the grader's fault, and costs no points.
        """
        if self._reference is None:
            solution = fill(self.lesson, read_solution(self.course.solution(self.lesson.slug)))
            # It is asked what the learner was asked, whoever says so.
            solution = replace(solution, variant=self._own())
            self._reference = _Reference.before(self.course, self.lesson, solution, strength=self.strength, warm=self.warm)
            self._reference.checks = self.checks
        with contextlib.ExitStack() as children:
            try:
                # Another of this class, so no stranger's privacy.
                probe = self._reference._probe(check, Trace(), self._reference.finished(parameters), children)  # noqa: SLF001
            except CheckEnded as ended:
                raise GraderError("The reference solution", f"cannot be asked: {ended.message}") from ended
            yield probe

    def _probe(self, check: Check, trace: Trace, finished: Finished, children: contextlib.ExitStack) -> Probe:
        # Where one check of an exercise has waited in vain, the others get a moment only: they most likely hang as well. One that was
        # seen never to end has not waited.
        seconds = min(check.seconds, AFTER_TIMEOUT) if check.exercise in self._hanging else check.seconds
        child = _state_after(check.exercise, finished).check(math.ceil(seconds))
        if child is None:
            raise CheckEnded(Status.FAILED, say("sitting.no-state"))
        children.callback(child.end)
        trace.conversation = self._interview(
            child.line,
            limits=WireLimits(bytes=self.course.settings.limits.wire_kb * 1024),
            deadline=time.monotonic() + seconds,
            how_it_ended=child.end,
            show=functools.partial(compare.show, limit=80),
        )
        shown = _Noted(finished.shown, trace)
        return Probe(trace.conversation, shown, lambda values: self._probe(check, trace, self.finished(values), children))

    def wants(self, check: Check) -> bool:
        """Return whether *check* is to be asked."""
        return not (self.visible_only and check.hidden) and self.exercise in {None, check.exercise}

    def attempted(self, exercise: str) -> bool:
        """Return whether the learner has changed the exercise."""
        if exercise not in self._attempted:
            self._attempted[exercise] = self.submission.attempted(self.lesson, exercise)
        return self._attempted[exercise]

    def finished(self, parameters: dict[str, Any], *, show: bool = False) -> Finished:
        """Return the submission run to its end, with *parameters*, and else its own variant, in the cell after its parameters cell.

        Cells that only show what an exercise does, and all behind the last exercise, are left out unless *show* says otherwise: no
        check needs them, and they would hang with the exercise, once for each time it is shown.
        """
        if self.live is not None and not parameters:
            return self.live
        key = repr((sorted(parameters.items()), show))
        if key not in self._finished:
            if self.practice is not None and parameters:
                # It may end the states of other runs, so it comes before them.
                self.finished({})
            values = {**(self._own() or {}), **parameters}
            job = Job(_parametrised(self._cells(show=show), values), self.course.settings.limits, self._cell_seconds())
            # What a hidden check has asked can lie in the home by now, and an error of a cell could tell it.
            self._late = self._late or (self._hidden_asked and not parameters)
            self._finished[key] = self._executor().run(job, resume=self.practice is not None and not parameters)
        return self._finished[key]

    @property
    def parameters(self) -> Parameters | None:
        """The values that the lesson's parameters have here, and whose these are; None where nothing is drawn."""
        own = self._own()
        if not self.lesson.draws:
            return None
        values = {**default_values(self.lesson.draws), **(own or {})}
        return Parameters(values, "lesson" if own is None else "notebook" if self.submission.variant is None else "learner")

    def _own(self) -> Mapping[str, Any] | None:
        """Return the variant of this submission: what the course has drawn, or where nobody else is told, what the notebook says."""
        if self.submission.variant is not None:
            return self.submission.variant
        if self.visible_only or (self.believing and can_be_drawn(self.submission.claimed or {}, self.lesson.draws)):
            return self.submission.claimed or None
        return None

    def _of_parameters(self) -> Iterator[Repair]:
        """Yield what the file says about its parameters, and nobody has listened to."""
        claimed, own = self.submission.claimed, self._own()
        if claimed is None or self.visible_only:
            return
        if own is None:
            yield Repair("metadata", say("repair.not-drawn" if self.believing else "repair.no-learner"))
        elif claimed != own:
            yield Repair("metadata", say("repair.other-values"))

    def _executor(self) -> Executor:
        """Return what runs this submission: the practice's, or one of its own."""
        strength = self.strength or strongest()
        if self.live is None:
            self.report = strength.report
        self._require(strength.report.level)
        if self.practice is not None:
            return self.practice
        if self.executor is None:
            policy = preparation.policy_for(self.course, self.lesson, strength.mode)
            self.executor = Executor(policy, files=preparation.files_for(self.lesson), warm=self.warm)
        return self.executor

    def _cells(self, *, show: bool) -> tuple[ProgramCell, ...]:
        """Return the cells to run: down to the one exercise that is asked about, or to the last one, or all to *show* all."""
        cells = tuple(cell for cell in program(self.lesson, self.submission) if show or not cell.show)
        if show and self.exercise is None:
            return cells
        wanted = [number for number, cell in enumerate(cells) if cell.exercise is not None and self.exercise in {None, cell.exercise}]
        return cells[: max(wanted, default=-1) + 1]

    def _require(self, level: int) -> None:
        """Refuse to grade in a weaker sandbox than the course asks for. Practice, without the hidden checks, is for everywhere."""
        required = self.course.settings.require_level
        if level < required and not self.visible_only:
            raise SandboxError(
                f"This machine's sandbox has level {level}, and the course requires {required}; `hornbook sandbox` shows what is missing."
            )

    def _cell_seconds(self) -> dict[str, float]:
        """Return how long each exercise's cell may take: as long as the longest of its checks."""
        seconds: dict[str, float] = {}
        for check in self.checks:
            seconds[check.exercise] = max(seconds.get(check.exercise, 0.0), check.seconds)
        return seconds

    def note(self, check: Check, error: BaseException | None, trace: Trace, *, seconds: float) -> None:
        """Add the Outcome of *check*, which ended with *error*; a later end of the same check replaces an earlier one."""
        source = "\n".join(self.submission.sources.get(check.exercise, ()))
        others = () if error is None or check.hidden else self._others(check.exercise)
        found = outcomes.outcome(check, error, trace, source=source, bank=self.bank, seconds=seconds, others=others)
        if found.status is Status.TIMED_OUT and not (trace.conversation and isinstance(trace.conversation.ended, NeverEnds)):
            self._hanging.add(check.exercise)
        self.outcomes = [*(outcome for outcome in self.outcomes if outcome.check != check.name), self._explained(found)]
        if self.tell is not None:
            self.tell(len(self.outcomes), len(self.checks))

    def _explained(self, found: Outcome) -> Outcome:
        """Add why a name is missing: the cell that should have made it stopped before."""
        if found.raised != "NameError" or found.hidden:
            return found
        runs = [*self._finished.values(), *([] if self.live is None else [self.live])]
        cell = next((shown for run in runs if (shown := run.shown.get(found.exercise or ""))), None)
        if cell is None or cell.error is None:
            return found
        status, message = _stopped_with(cell.error, "\n".join(self.submission.sources.get(found.exercise or "", ())))
        # It is the cell's own error that is told of now, not that a name is missing because of it.
        came = re.sub(r" \([^()]*, line \d+\)$", "", cell.error)
        return replace(found, status=status, message=message, came=came, raised=cell.error.partition(":")[0], traceback=())

    def _others(self, exercise: str) -> tuple[str, ...]:
        """Return the sources of the notebook's other cells, in which names may be defined that *exercise* uses."""
        return tuple(cell.source for cell in self._cells(show=True) if cell.exercise != exercise)

    def verdict(self, *, seed: int, assurance: Assurance = Assurance.SELF_CHECKED) -> Verdict:
        """Return what the outcomes so far add up to; raise what kept them from being had, if anything did."""
        if self.fault is not None:
            raise self.fault
        if self.report is None:
            self.report = (self.strength or strongest()).report
        base = self.live or self._finished.get(repr(([], False)))
        return Verdict.of(
            lesson=LessonRef(
                self.lesson.slug,
                self.lesson.title,
                self.lesson.version,
                self.lesson.digest,
                hashlib.sha256(self.grader.read_bytes()).hexdigest(),
            ),
            submission=SubmissionRef(self.submission.name, self.submission.digest),
            outcomes=self._with_success(sorted(self.outcomes, key=self._place_in_grader)),
            # What the canary met on its way names files of this machine; a verdict travels.
            sandbox=replace(self.report, facts=tuple(replace(fact, detail="") for fact in self.report.facts)),
            runtime=preparation.runtime(),
            started=self.started,
            seconds=round(time.perf_counter() - self._clock, 4),
            seed=seed,
            assurance=assurance,
            hidden_pending=self.hidden_pending,
            partial=self.partial,
            repairs=(*self.submission.repairs, *self._of_parameters()),
            cells=base.cells if base and not self._late else (),
            manual=tuple(Manual(exercise, points) for exercise, points in self.lesson.manual.items()),
            parameters=self.parameters,
        )

    def _with_success(self, found: list[Outcome]) -> tuple[Outcome, ...]:
        """Say why it worked, where all of an exercise's checks pass: one that passes by luck proves nothing yet."""
        complete = {outcome.exercise for outcome in found} - {outcome.exercise for outcome in found if not outcome.passed}
        return tuple(
            replace(outcome, message=self.bank.success(outcome.exercise) or "")
            if outcome.exercise in complete and not outcome.hidden
            else outcome
            for outcome in found
        )

    def _place_in_grader(self, outcome: Outcome) -> int:
        """Return where the check stands in the grader; it may have been asked in another order."""
        return next((place for place, check in enumerate(self.checks) if check.name == outcome.check), len(self.checks))

    def close(self) -> None:
        """End the sandbox, or let the live state go."""
        for state in self.live.snapshots.values() if self.live else ():
            state.close()
        if self.executor is not None:
            self.executor.close()
        if self._reference is not None:
            self._reference.close()


class _OfReference(Interview):
    """A conversation with the reference solution: it has nothing to raise, and nothing to hang on."""

    def ask(self, *question: object, asked: str | None = None) -> Any:
        """Return the answer to *question*; raise `GraderError` where there is none."""
        try:
            return super().ask(*question, asked=asked)
        except (LearnerError, CheckEnded) as error:
            told = f"{error.type_name}: {error.message}" if isinstance(error, LearnerError) else error.message
            raise GraderError("The reference solution", f"cannot be asked for {asked or question[0]}: {told}") from error


class _Reference(Sitting):
    """The reference solution before the grader of its own lesson."""

    __slots__ = ()
    _interview = _OfReference


class _Noted(dict[str, Cell]):
    """The cells of a submission; what a check reads of them is as good as an answer of the learner's code."""

    def __init__(self, cells: Mapping[str, Cell], trace: Trace) -> None:
        super().__init__(cells)
        self.trace = trace

    def __getitem__(self, exercise: str) -> Cell:
        """Return the cell, and note that it was read."""
        cell = super().__getitem__(exercise)
        self.trace.read = True
        return cell


def _state_after(exercise: str, finished: Finished) -> State:
    """Return the state after *exercise*; raise CheckEnded, saying why, where there is none or its cell did not end."""
    # A cell for which no time was left has taken none.
    stopped = [run for run in finished.cells if run.stopped is not None and run.seconds > 0]
    of_exercise = next((run for run in stopped if run.exercise == exercise), None)
    if of_exercise is not None and of_exercise.stopped == "timed out":
        # As a shell tells its own `NeverEnds`.
        kind, _, line = (of_exercise.error or "").partition(": ")
        if kind == "NeverEnds":
            raise NeverEnds(say("sitting.cell-endless"), line)
        raise CheckEnded(Status.TIMED_OUT, say("sitting.cell-time"))
    if of_exercise is not None and of_exercise.error is not None and _limit_met(of_exercise.error):
        raise CheckEnded(*_stopped_with(of_exercise.error))
    if of_exercise is not None:
        raise CheckEnded(Status.FAILED, say("sitting.cell-ended"))
    snapshot = finished.snapshots.get(exercise)
    if snapshot is None:
        raise CheckEnded(Status.TIMED_OUT, say("sitting.notebook-time"))
    return snapshot


def _stopped_with(error: str, source: str = "") -> tuple[Status, str]:
    """Return what an exercise's checks come to whose cell stopped with *error*, and what to say: with the limit that it met, if it did.

    With the *source* of the cell, the line that Python could not read is shown.
    """
    kind, _, words = error.partition(":")
    status = {"MemoryError": Status.OUT_OF_MEMORY, "PermissionError": Status.FORBIDDEN}.get(kind, Status.FAILED)
    met = _limit_met(error)
    if met:
        return status, say("sitting.cell-limit", why=met)
    meant = compare.what_it_means(kind, words, source=source)
    return status, say("sitting.cell-unread", why=meant) if meant else say("sitting.cell-stopped", error=error)


def _limit_met(error: str) -> str | None:
    kind, _, words = error.partition(":")
    return compare.limit_met(kind, words)


def _parametrised(cells: tuple[ProgramCell, ...], parameters: Mapping[str, Any]) -> tuple[ProgramCell, ...]:
    """Return *cells* with papermill's injected-parameters cell after the parameters cell, or first where there is none."""
    if not parameters:
        return cells
    source = imported("papermill.translators").PythonTranslator.codify(parameters, "Parameters")
    place = next((number + 1 for number, cell in enumerate(cells) if cell.parameters), 0)
    injected = ProgramCell(source=source, exercise=None, index=-1, last_of_exercise=False, parameters=True, added=False)
    return (*cells[:place], injected, *cells[place:])
