"""Proves a course: that every lesson can be passed, says nothing it should keep to itself, and recognises what it claims to.

    diagnose(course) -> Diagnosis      all proofs, for the whole course and for each lesson; with mutants=True the grader's trial, too
    render(diagnosis)                  something that rich can print

Each proof either holds or comes with its problems: file, place, what is the matter, and the way out. Nothing is proven by
reading alone that can be proven by doing: lessons, solutions and known mistakes are executed and graded for real.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import json
import random
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hornbook.config import nearest
from hornbook.errors import CourseError, GraderError, printable
from hornbook.heavy import imported
from hornbook.lesson import fill, read_solution
from hornbook.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from hornbook.course import Course
    from hornbook.feedback import Bank, Misconception
    from hornbook.grading.outcomes import Check, Trace
    from hornbook.model import CellRun, Outcome, Verdict
    from hornbook.sandbox.forkserver import ForkServers
    from hornbook.trial import Mutation

MINUTES = (5, 15)
"""How long a micro-lesson takes, at least and at most."""

MIN_TELLING = 20
"""How many characters, squeezed, a statement needs to give a solution away: a shorter one stands in any worked example."""

MIN_ASKED = 15
"""How many characters, squeezed, the sentence or an assert of a hidden check needs to give it away."""

MAX_FILE_BYTES = 1 << 20
"""Up to which size the files beside the lessons are searched for what should not be there."""


DRAWS = 4
"""With how many draws of a lesson's parameters its solution is tried."""


# --- What is found ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that an author should put right: the file, the place in it ("" for all of it), and one or two sentences."""

    file: str
    place: str
    what: str
    way_out: str = ""

    def __str__(self) -> str:
        """Return the problem as it is told: `file, place: what way_out`."""
        where = f"{self.file}, {self.place}" if self.place else self.file
        return f"{where}: {self.what} {self.way_out}".strip()


@dataclass(frozen=True, slots=True)
class Proof:
    """What was to be proven, as a sentence, and what stands against it. A proof that could not be tried does not hold."""

    what: str
    problems: tuple[Problem, ...] = ()
    detail: str = ""
    tried: bool = True

    @property
    def held(self) -> bool:
        """Whether it was proven."""
        return self.tried and not self.problems


@dataclass(frozen=True, slots=True)
class Total:
    """What one exercise is worth: its checks, how many of them are hidden, and their points together."""

    exercise: str
    checks: int
    hidden: int
    points: float


@dataclass(frozen=True, slots=True)
class LessonReport:
    """The proofs of one lesson, what its exercises are worth, and, where it was asked for, how its checks did against mutants."""

    slug: str
    title: str
    minutes: int
    proofs: tuple[Proof, ...]
    totals: tuple[Total, ...] = ()
    mutation: Mutation | None = None

    @property
    def points(self) -> float:
        """What the lesson is worth."""
        return sum(total.points for total in self.totals)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found about a course."""

    course: str
    title: str
    proofs: tuple[Proof, ...]
    lessons: tuple[LessonReport, ...]
    format: Literal[1] = field(default=1)

    @property
    def all_proofs(self) -> tuple[Proof, ...]:
        """The proofs of the course, then those of its lessons."""
        return (*self.proofs, *(proof for lesson in self.lessons for proof in lesson.proofs))

    @property
    def healthy(self) -> bool:
        """Whether every proof holds."""
        return all(proof.held for proof in self.all_proofs)


def diagnose(
    course: Course, slugs: Iterable[str] = (), *, mutants: bool = False, tell: Callable[[str], None] = lambda _: None
) -> Diagnosis:
    """Return what is proven about *course*, of its lessons only those named by *slugs*, if any are.

    With *mutants* the graders are graded, too (`trial.py`): that takes minutes. *tell* is told what is being looked at. Raises
    CourseError for a slug that the course lacks, and SandboxError where this machine cannot run a lesson at all.
    """
    from hornbook.sandbox.forkserver import ForkServers  # noqa: PLC0415 - brings the sandbox along

    chosen = tuple(slugs) or course.slugs
    for slug in chosen:
        if slug not in course.slugs:
            course.lesson(slug)  # says which lessons there are
    problems = [Problem(_relative(course, problem.path), "", problem.message) for problem in course.problems()]
    if not course.slugs:
        problems.append(Problem("lessons", "", "holds no lesson.", "`hornbook new lesson <slug>` makes one."))
    what = "every lesson has its grader, solution and hints, and every name is unique"
    paired = Proof(what, tuple(problems), count(len(course.slugs), "lesson"))
    # Some twenty gradings of each lesson: they are forked from one warm process.
    with ForkServers() as warm:
        reports = tuple(_Examination(course, slug, tell, warm, mutants=mutants).report() for slug in chosen)
    return Diagnosis(course.name, course.settings.title, (paired,), reports)


# --- One lesson ------------------------------------------------------------------------------------------------------


class _Examination:
    """One lesson on its way through the proofs. What one proof found out, later ones build on."""

    def __init__(self, course: Course, slug: str, tell: Callable[[str], None], warm: ForkServers, *, mutants: bool) -> None:
        self.course = course
        self.mutants = mutants
        self.warm = warm
        self.slug = slug
        self.tell = tell
        self.solution: Mapping[str, tuple[str, ...]] = {}
        self.solved: Verdict | None = None

    def report(self) -> LessonReport:
        """Return all proofs of the lesson, those that could not be tried included."""
        self.tell(f"{self.slug}: reading")
        try:
            self.lesson = self.course.lesson(self.slug)
        except CourseError as error:
            return LessonReport(self.slug, self.slug, 0, (Proof("the notebook is a lesson", (self._problem(error),)),))
        proofs = [
            self._prove("the notebook opens in Jupyter as it is: valid, without outputs, 5 to 15 minutes", self._notebook),
            self._prove("as shipped, it runs from top to bottom without an error", self._shipped),
            self._prove('as shipped, every check says "not attempted"', self._untouched),
            self._prove("the reference solution passes every check", self._solved),
        ]
        if self.solved is None:
            late = ("exercises, checks and points add up", "hints lead on from every exercise", "lessons/ gives nothing away")
            proofs += [Proof(what, tried=False, detail="needs a reference solution that can be graded") for what in late]
            return LessonReport(self.slug, self.lesson.title, self.lesson.minutes, tuple(proofs))
        proofs += [self._prove("exercises, checks and points add up", self._points)]
        proofs += [
            self._prove(f"the alternative {word!r} passes every check", functools.partial(self._alternative, path))
            for word, path in sorted(self.course.alternatives(self.slug).items())
        ]
        proofs += [
            self._prove("hints lead on from every exercise", self._hints),
            self._prove("every known mistake is recognised from its program", self._misconceptions),
            self._prove("lessons/ gives nothing away", self._secrets),
        ]
        if self.lesson.draws:
            proofs += [self._prove("the solution stands whatever is drawn, and each parameter changes what is asked", self._parameters)]
        if "assert_cell" in self.course.grader(self.slug).read_text("utf-8"):
            proofs += [self._prove("every test cell can fail, and is decided on the trusted side", self._cells)]
        tried, mutation = self._trial() if self.mutants else ((), None)
        return LessonReport(self.slug, self.lesson.title, self.lesson.minutes, (*proofs, *tried), self._totals(), mutation)

    def _trial(self) -> tuple[tuple[Proof, ...], Mutation | None]:
        """Return what is proven by grading the grader: only one that the solution passes can tell right from wrong."""
        from hornbook.trial import Trial  # noqa: PLC0415 - it needs what is defined here

        what = "the grader tells the solution from wrong programs"
        if self.solved is None or not self.solved.passed_so_far:
            return (Proof(what, tried=False, detail="needs a reference solution that passes every check"),), None
        try:
            return Trial(self.course, self.lesson, self.solution, self._bank()[0], self.warm, self.tell).held()
        except CourseError as error:
            return (Proof(what, (self._problem(error),)),), None

    def _prove(self, what: str, proof: Callable[[], tuple[Sequence[Problem], str]]) -> Proof:
        """Return *what* with the problems and the detail that *proof* gives; an error of an author's is a problem, too."""
        self.tell(f"{self.slug}: {what}")
        try:
            problems, detail = proof()
        except CourseError as error:
            return Proof(what, (self._problem(error),))
        return Proof(what, tuple(problems), detail)

    # --- the proofs ---------------------------------------------------------------------------------------------------

    def _parameters(self) -> tuple[Sequence[Problem], str]:
        from hornbook.draws import default_values, other_values  # noqa: PLC0415 - only lessons that draw
        from hornbook.grading import grade  # noqa: PLC0415 - brings the sandbox along

        rng = random.Random(self.slug)  # noqa: S311 - the same each time, not secret
        grader, notebook = self._at(self.course.grader(self.slug)), self._at(self.lesson.path)
        drawn = other_values(self.lesson.draws, DRAWS, rng, default_values(self.lesson.draws))
        solution = fill(self.lesson, self.solution)
        problems: list[Problem] = []
        for values in drawn:
            verdict = grade(replace(solution, variant=values), self.course, lesson=self.lesson, seed=1, warm=self.warm)
            failed = next((outcome for outcome in verdict.outcomes if not outcome.passed and outcome.status is not Status.SKIPPED), None)
            if failed is not None:
                said = ", ".join(f"{name} = {value!r}" for name, value in values.items())
                problems.append(Problem(grader, failed.check, f"the solution does not pass with {said}: {failed.message}"))
        names = _followed(self.course.grader(self.slug).read_text("utf-8"))
        if not names:
            way_out = 'Ask for what depends on them: follows("savings").'
            problems.append(Problem(grader, "", "no check asks for values under other parameters, so literals would pass.", way_out))
            return problems, count(len(drawn), "draw")
        for name in self._without_effect(names, rng):
            what = f'the parameter "{name}" changes nothing that is asked: not {" or ".join(names)}.'
            problems.append(Problem(notebook, "metadata.hornbook.parameters", what, "Take it out, or ask for what depends on it."))
        return problems, count(len(drawn), "draw")

    def _without_effect(self, names: Sequence[str], rng: random.Random) -> Iterator[str]:
        """Yield the parameters that may be what they like, and *names* are the same in the reference solution."""
        from hornbook.draws import default_values, other_values  # noqa: PLC0415 - only lessons that draw
        from hornbook.grading.compare import difference  # noqa: PLC0415 - brings the sandbox along
        from hornbook.grading.outcomes import Check  # noqa: PLC0415
        from hornbook.grading.sitting import Sitting  # noqa: PLC0415

        check = Check("parameters", list(self.lesson.exercises)[-1], "", 0, hidden=True, seconds=self.course.settings.limits.check_seconds)
        sitting = Sitting.before(self.course, self.lesson, fill(self.lesson, self.solution), warm=self.warm)

        def asked(values: dict[str, Any]) -> list[Any]:
            with sitting.reference(check, values) as probe:
                return [probe[name] for name in names]

        with contextlib.closing(sitting):
            base = asked({})
            for draw in self.lesson.draws:
                others = other_values([draw], DRAWS, rng, default_values([draw]))
                if all(difference(asked(values), base) is None for values in others):
                    yield draw.name

    def _notebook(self) -> tuple[Sequence[Problem], str]:
        # `read_lesson` has refused outputs and ids that occur twice; nbformat knows the rest of the format.
        nbformat = imported("nbformat")
        notebook = self._at(self.lesson.path)
        problems = []
        try:
            nbformat.validate(json.loads(self.lesson.path.read_bytes()))
        except nbformat.ValidationError as error:
            problems.append(
                Problem(notebook, "", f"nbformat does not accept it: {printable(error.message)}.", "Save it again from Jupyter.")
            )
        least, most = MINUTES
        if not least <= self.lesson.minutes <= most:
            what = f"{count(self.lesson.minutes, 'minute')}; a micro-lesson takes {least} to {most}."
            way_out = "Split it in two." if self.lesson.minutes > most else "Add to it, or say how long it really takes."
            problems.append(Problem(notebook, "metadata.hornbook.minutes", what, way_out))
        return problems, f"{self.lesson.minutes} minutes"

    def _shipped(self) -> tuple[Sequence[Problem], str]:
        from hornbook.grading.sitting import Sitting  # noqa: PLC0415 - brings the sandbox along

        sitting = Sitting.before(self.course, self.lesson, fill(self.lesson, {}, "as shipped"), warm=self.warm)
        try:
            cells = sitting.finished({}, show=True).cells
        finally:
            sitting.close()
        notebook = self._at(self.lesson.path)
        # Where an exercise as shipped says that it is not there yet, so do the cells that use it.
        unwritten = any("raise NotImplementedError" in source for one in self.lesson.exercises.values() for source in one.sources)
        met = [cell for cell in cells if not self._tests(cell) and not (unwritten and (cell.error or "").startswith("NotImplementedError"))]
        return [
            Problem(
                notebook,
                f"cell {cell.index + 1}",
                f"as shipped, it {'stops with ' + cell.error if cell.error else cell.stopped}.",
                "A learner who runs all cells first must not meet an error: let it work with what the empty exercise gives.",
            )
            for cell in met
            if cell.error is not None or cell.stopped is not None
        ], count(len(cells), "code cell")

    def _tests(self, cell: CellRun) -> bool:
        """Return whether *cell* is one of nbgrader's test cells: as shipped, it has to fail."""
        said = self.lesson.cells[cell.index].metadata.get("nbgrader")
        return isinstance(said, dict) and said.get("grade") is True and not said.get("solution")

    def _untouched(self) -> tuple[Sequence[Problem], str]:
        verdict = self._graded({}, "as shipped")
        return [
            self._of_check(
                outcome,
                f'as shipped it is "{outcome.status}", not "{Status.NOT_ATTEMPTED}". {outcome.message}',
                "A check asks its exercise only through the `submission` fixture.",
            )
            for outcome in verdict.outcomes
            if outcome.status is not Status.NOT_ATTEMPTED
        ], count(len(verdict.outcomes), "check")

    def _solved(self) -> tuple[Sequence[Problem], str]:
        path = self.course.solution(self.slug)
        sources = self._answers(path)
        verdict = self._graded(sources, path.name)
        missing = [
            Problem(self._at(path), f"exercise {exercise}", "it has no solution.", f"Write it below a line `# %% {exercise}`.")
            for exercise in self.lesson.exercises
            if exercise not in sources
        ]
        self.solution, self.solved = sources, verdict
        return [*missing, *self._not_passed(verdict, path, sources)], count(len(verdict.outcomes), "check")

    def _alternative(self, path: Path) -> tuple[Sequence[Problem], str]:
        sources = {**self.solution, **self._answers(path)}
        return self._not_passed(self._graded(sources, path.name), path, sources), ""

    def _answers(self, path: Path) -> Mapping[str, tuple[str, ...]]:
        """Return the sources in the solution file at *path*; raise GraderError where it answers an exercise that the lesson lacks."""
        sources = read_solution(path)
        for exercise in sources:
            if exercise not in self.lesson.exercises:
                raise GraderError(path, f'answers "{exercise}", no exercise of the lesson; {nearest(exercise, self.lesson.exercises)}.')
        return sources

    def _points(self) -> tuple[Sequence[Problem], str]:
        # That each check's exercise exists is proven by its having been graded at all: the engine refuses any other.
        grader, notebook = self._at(self.course.grader(self.slug)), self._at(self.lesson.path)
        totals = {total.exercise: total for total in self._totals()}
        problems = [
            Problem(notebook, f"exercise {exercise}", "no check asks for it, so nobody can earn anything.", f"Add one in {grader}.")
            for exercise in self.lesson.exercises
            if exercise not in totals
        ]
        problems += [
            Problem(grader, f"exercise {total.exercise}", "its checks are worth no points at all.", "Give one of them points above 0.")
            for total in totals.values()
            if not total.points and total.exercise not in self.lesson.manual
        ]
        tests = _tests(self.course.grader(self.slug))
        problems += [
            Problem(grader, name, f"{number} checks have this name, and pytest sees only the last.", "Give each a name of its own.")
            for name, number in Counter(test.name for test in tests).items()
            if number > 1
        ]
        problems += [
            Problem(grader, test.name, "it has no sentence for the learner.", "Begin it with a docstring that says what should come.")
            for test in tests
            if not ast.get_docstring(test)
        ]
        source = self.course.grader(self.slug).read_text("utf-8")
        if "assert_cell" not in source:  # those have a proof of their own
            problems += self._vacuous(source)
        detail = f"{sum(total.points for total in totals.values()):g} points in {count(len(totals), 'exercise')}"
        return problems, detail

    def _hints(self) -> tuple[Sequence[Problem], str]:
        bank, path = self._bank()
        checks = dict.fromkeys(name for outcome in self._outcomes() for name in (outcome.check, _base(outcome.check)))
        grader = self._at(self.course.grader(self.slug))
        problems = [Problem(path, "", problem) for problem in bank.problems(checks, self.lesson.exercises, grader=grader)]
        problems += [
            Problem(path, f"[exercise.{exercise}]", "is missing: whoever is stuck there gets no next step.", "Give it one to four hints.")
            for exercise in self.lesson.exercises
            if exercise not in bank.exercises
        ]
        return problems, count(sum(len(ladder.hints) for ladder in bank.exercises.values()), "hint")

    def _misconceptions(self) -> tuple[Sequence[Problem], str]:
        bank, path = self._bank()
        problems = []
        for number, misconception in enumerate(bank.misconceptions, 1):
            self.tell(f"{self.slug}: known mistake {number} of {len(bank.misconceptions)}, {misconception.name}")
            what = self._unrecognised(misconception)
            if what:
                place = f'misconception "{misconception.name}"'
                problems.append(Problem(path, place, what, "Correct its `when`, its `check` or its program."))
        return problems, count(len(bank.misconceptions), "mistake")

    def _unrecognised(self, misconception: Misconception) -> str:
        """Return why the program of *misconception* does not get its hints, or ""."""
        check = next((outcome for outcome in self._outcomes() if misconception.check in {outcome.check, _base(outcome.check)}), None)
        if check is None or check.exercise is None:
            return f"the grader has no check {misconception.check}."
        # What comes after the exercise cannot change it, nor can hidden checks change a visible one: they would only take time.
        before = list(self.lesson.exercises)[: list(self.lesson.exercises).index(check.exercise)]
        sources = {one: self.solution[one] for one in before if one in self.solution}
        answers: dict[str, str | tuple[str, ...]] = {**sources, check.exercise: misconception.program}
        verdict = self._graded(answers, misconception.name, visible_only=not check.hidden)
        asked = [outcome for outcome in verdict.outcomes if misconception.check in {outcome.check, _base(outcome.check)}]
        if any(outcome.hints and outcome.hints[0].misconception == misconception.name for outcome in asked):
            return ""
        ended = next((outcome for outcome in asked if not outcome.passed), None)
        if ended is None:
            return f"its program passes {misconception.check}."
        taken = ended.hints[0].misconception if ended.hints else None
        if taken is not None:
            return f'its program is taken for "{taken}".'
        came = f"{ended.came} came" if ended.came is not None else ended.message
        return f'its program is not recognised: {misconception.check} ends it as "{ended.status}" ({came.rstrip(".")}).'

    def _cells(self) -> tuple[Sequence[Problem], str]:
        claimed = [outcome for outcome in self._outcomes() if outcome.claimed]
        what = "it runs in the learner's own kernel, whose word for it is all there is: verdicts say so, and are `self-checked`."
        problems = [
            self._of_check(outcome, what, "Rewrite it so that it only calls and compares, and take `in_kernel` away.")
            for outcome in claimed
        ]
        problems += self._vacuous(self.course.grader(self.slug).read_text("utf-8"))
        return problems, count(len(claimed), "claim")

    def _vacuous(self, source: str) -> list[Problem]:
        """Return a problem for each check in the grader's *source* that passes whatever the learner wrote."""
        from hornbook.grading.vacuous import vacuous  # noqa: PLC0415 - only here

        grader = self.course.grader(self.slug)
        scored = _returning(grader)
        return [
            Problem(self._at(grader), f"line {found.line}, {found.check}", found.what, found.way_out)
            for found in vacuous(source)
            if found.check not in scored
        ]

    def _secrets(self) -> tuple[Sequence[Problem], str]:
        stub = [source for exercise in self.lesson.exercises.values() for source in exercise.sources]
        given = {squeezed for source in stub for squeezed in telling(source)}
        solved = [source for sources in self.solution.values() for source in sources]
        secrets = {
            squeezed: f"the solution: {shown}" for source in solved for squeezed, shown in telling(source).items() if squeezed not in given
        }
        hidden = {_base(outcome.check) for outcome in self._outcomes() if outcome.hidden}
        tests = _tests(self.course.grader(self.slug))
        # What a visible check asks as well is no secret.
        open_to_all = {squeezed for test in tests if test.name not in hidden for squeezed in asked_by(test)}
        for test in tests:
            if test.name in hidden:
                asked = {squeezed: shown for squeezed, shown in asked_by(test).items() if squeezed not in open_to_all}
                secrets.update({squeezed: f"the hidden check {test.name}: {shown}" for squeezed, shown in asked.items()})
        problems = []
        for file, place, text in self._published():
            problems += [
                Problem(file, place, f"it shows a part of {printable(shown)}", "Learners get this file: say it in another way there.")
                for squeezed, shown in secrets.items()
                if squeezed in text
            ]
        return problems, count(len(secrets), "secret")

    # --- what the proofs stand on -------------------------------------------------------------------------------------

    def _published(self) -> Iterator[tuple[str, str, str]]:
        """Yield file, place and squeezed text of what learners get: this lesson's cells, and the files beside the lessons."""
        for number, cell in enumerate(self.lesson.cells, 1):
            text = squeeze(cell.source)
            if cell.kind == "code":
                text += "\n" + squeeze(_unparsed(cell.source))
            yield self._at(self.lesson.path), f"cell {number}", text
        for path in sorted((self.course.root / "lessons").rglob("*")):
            if path.suffix != ".ipynb" and path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_FILE_BYTES:
                yield self._at(path), "", squeeze(path.read_bytes().decode("utf-8", "replace"))

    def _graded(self, sources: Mapping[str, str | tuple[str, ...]], name: str, *, visible_only: bool = False) -> Verdict:
        from hornbook.grading import grade  # noqa: PLC0415 - brings pytest along

        return grade(fill(self.lesson, sources, name), self.course, lesson=self.lesson, visible_only=visible_only, warm=self.warm)

    def _bank(self) -> tuple[Bank, str]:
        from hornbook.feedback import Bank  # noqa: PLC0415 - only here

        path = self.course.feedback(self.slug)
        return Bank.read(path), self._at(path)

    def _outcomes(self) -> tuple[Outcome, ...]:
        return () if self.solved is None else self.solved.outcomes

    def _totals(self) -> tuple[Total, ...]:
        found: dict[str, list[Outcome]] = {}
        for outcome in self._outcomes():
            found.setdefault(outcome.exercise or "", []).append(outcome)
        order = list(self.lesson.exercises)
        return tuple(
            Total(exercise, len(checks), sum(check.hidden for check in checks), sum(check.points for check in checks))
            for exercise, checks in sorted(found.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))
        )

    def _not_passed(self, verdict: Verdict, path: Path, sources: Mapping[str, tuple[str, ...]]) -> list[Problem]:
        """Return a problem for each check that *verdict*, on the *sources* in *path*, does not pass."""
        failed = [outcome for outcome in verdict.outcomes if not outcome.passed]
        if any(outcome.hidden for outcome in failed):
            # What a hidden check was asked is kept from learners. These answers are the author's.
            open_to_all = {outcome.check: outcome for outcome in self._unhidden(sources, verdict.seed)}
            told = [open_to_all.get(outcome.check, outcome) for outcome in failed]
            failed = [kept if found.passed else found for kept, found in zip(failed, told, strict=True)]
        return [
            self._of_check(outcome, f'{path.name} ends it as "{outcome.status}", not "passed". {outcome.message}{_evidence(outcome)}')
            for outcome in failed
        ]

    def _unhidden(self, sources: Mapping[str, tuple[str, ...]], seed: int) -> Sequence[Outcome]:
        """Return the outcomes of all checks on *sources*, each told as if it were visible."""
        from hornbook.grading import run_checks  # noqa: PLC0415 - brings pytest along
        from hornbook.grading.sitting import Sitting  # noqa: PLC0415

        class Unhidden(Sitting):
            def note(self, check: Check, error: BaseException | None, trace: Trace, *, seconds: float) -> None:
                super().note(replace(check, hidden=False), error, trace, seconds=seconds)

        sitting = Unhidden.before(self.course, self.lesson, fill(self.lesson, sources), warm=self.warm)
        with contextlib.closing(sitting):
            run_checks(self.course, self.lesson, [(sitting, seed)])
            return tuple(sitting.outcomes)

    def _of_check(self, outcome: Outcome, what: str, way_out: str = "") -> Problem:
        return Problem(self._at(self.course.grader(self.slug)), outcome.check, what, way_out)

    def _problem(self, error: CourseError) -> Problem:
        return Problem(self._at(error.path), "", error.problem)

    def _at(self, path: Path) -> str:
        return _relative(self.course, path)


def _evidence(outcome: Outcome) -> str:
    """Return what was asked and what came, where the outcome says it: a hidden check's does not."""
    evidence = {"asked": outcome.asked, "came": outcome.came, "expected": outcome.expected}
    said = [f"{label}: {value}" for label, value in evidence.items() if value]
    return f" ({'; '.join(said)})" if said else ""


def _base(check: str) -> str:
    """Return the name of the function of *check*: pytest calls a parametrised one `test_name[value]`."""
    return check.partition("[")[0]


def _relative(course: Course, path: Path) -> str:
    return printable(path.relative_to(course.root).as_posix() if path.is_relative_to(course.root) else path)


def count(number: int, noun: str) -> str:
    """Return *number* with *noun*, in the plural where it is not one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# --- Giving away -----------------------------------------------------------------------------------------------------


def squeeze(text: str) -> str:
    """Return *text* as it is compared: without white space and brackets, with one kind of quotation marks, in small letters."""
    return re.sub(r"[\s()`]+", "", text.replace("'", '"')).casefold()


def telling(source: str) -> dict[str, str]:
    """Return the statements in *source* that would give away a solution: squeezed, and as they are shown.

    Of a loop, a condition or the like only the first line counts; names of functions and classes, docstrings and what is too
    short to tell anything (`MIN_TELLING`) do not. Source that is not Python has none.
    """
    untold = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    found = {}
    for node in ast.walk(_tree(source)):
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.stmt) and not isinstance(node, untold) and not docstring:
            shown = ast.unparse(node).split("\n", 1)[0]
            found[squeeze(shown)] = shown
    return {squeezed: shown for squeezed, shown in found.items() if len(squeezed) >= MIN_TELLING}


def asked_by(test: ast.FunctionDef) -> dict[str, str]:
    """Return what would give away the check *test*: its sentence, and its asserts with a text or a number in them."""
    asserted = [node.test for node in ast.walk(test) if isinstance(node, ast.Assert) and any(map(_is_value, ast.walk(node.test)))]
    sentence = (ast.get_docstring(test) or "").split("\n")[0]
    found = [sentence, *(ast.unparse(expression).replace(f"{_fixture(test)}.", "") for expression in asserted)]
    return {squeeze(shown): shown for shown in found if len(squeeze(shown)) >= MIN_ASKED}


def _is_value(node: ast.AST) -> bool:
    """Whether *node* is a text or a number: what a check asks with, or expects."""
    return (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes | int | float | complex) and not isinstance(node.value, bool)
    )


def _fixture(test: ast.FunctionDef) -> str:
    return next((argument.arg for argument in test.args.args if argument.arg != "self"), "submission")


def _tests(grader: Path) -> list[ast.FunctionDef]:
    """Return the checks that stand in the file *grader*, which pytest has collected before."""
    nodes = ast.walk(_tree(grader.read_text("utf-8")))
    return [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def _returning(grader: Path) -> set[str]:
    """Return the checks in the file *grader* that give their points themselves."""
    return {test.name for test in _tests(grader) if isinstance(test.body[-1], ast.Return)}


def _tree(source: str) -> ast.Module:
    """Return the syntax tree of *source*, an empty one where it is not Python (a cell with a magic, say)."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _unparsed(source: str) -> str:
    return ast.unparse(_tree(source))


# --- Drawing ---------------------------------------------------------------------------------------------------------


def render(diagnosis: Diagnosis) -> RenderableType:
    """Return *diagnosis* drawn for rich: for each lesson its proofs in words, each problem, and what the exercises are worth."""
    from rich.console import Group  # noqa: PLC0415 - only on the way to a terminal
    from rich.constrain import Constrain  # noqa: PLC0415
    from rich.rule import Rule  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from hornbook.show import WIDTH, ends, safe  # noqa: PLC0415

    told: set[str] = set()
    parts: list[RenderableType] = [
        ends(safe(diagnosis.title, "bold"), safe(diagnosis.course, "dim")),
        Rule(style="dim"),
        _proofs(diagnosis.proofs, told),
    ]
    for lesson in diagnosis.lessons:
        worth = f"{lesson.points:g} points" if lesson.totals else ""
        heading = safe(lesson.title, "bold")
        heading.append_text(safe(f"  {lesson.slug}", "dim"))
        parts += [Text(), ends(heading, Text(worth, style="dim")), _proofs(lesson.proofs, told)]
        if lesson.totals:
            parts += [_worth(lesson.totals)]
        if lesson.mutation is not None and lesson.mutation.survivors:
            parts += [_survivors(lesson.mutation)]
    parts += [Text(), safe(summary(diagnosis), "bold")]
    return Constrain(Group(*parts), WIDTH)


def summary(diagnosis: Diagnosis) -> str:
    """Return what *diagnosis* comes to in one sentence."""
    proofs = diagnosis.all_proofs
    failing = sum(not proof.held for proof in proofs)
    lessons = count(len(diagnosis.lessons), "lesson")
    if not failing:
        return f"{lessons}: all {len(proofs)} proofs hold."
    # One slip can stand in the way of several proofs.
    problems = count(len({str(problem) for proof in proofs for problem in proof.problems}), "problem")
    return f"{lessons}: {failing} of {len(proofs)} proofs {'does' if failing == 1 else 'do'} not hold; {problems} to put right."


def _proofs(proofs: Sequence[Proof], told: set[str]) -> RenderableType:
    """Return *proofs* as rows; a problem that is among those *told* is not told again."""
    from rich.text import Text  # noqa: PLC0415 - only on the way to a terminal

    from hornbook.show import columns, safe  # noqa: PLC0415

    grid = columns()
    for proof in proofs:
        mark, style = ("✓ holds", "green") if proof.held else ("✗ fails", "yellow") if proof.tried else ("- not tried", "dim")
        words = safe(proof.what)
        if proof.detail:
            words.append_text(safe(f" ({proof.detail})", "dim"))
        grid.add_row(Text(f"  {mark}", style=style), words)
        for problem in proof.problems:
            where = f"{problem.file}, {problem.place}" if problem.place else problem.file
            if str(problem) in told:
                grid.add_row(Text(), safe(f"as above: {where}", "dim"))
                continue
            told.add(str(problem))
            grid.add_row(Text(), safe(where, "bold"))
            grid.add_row(Text(), safe(problem.what))
            if problem.way_out:
                grid.add_row(Text(), safe(problem.way_out, "cyan"))
    return grid


def _worth(totals: Sequence[Total]) -> RenderableType:
    from rich.text import Text  # noqa: PLC0415 - only on the way to a terminal

    from hornbook.show import columns, safe  # noqa: PLC0415

    grid = columns()
    for total in totals:
        hidden = f", {total.hidden} of them hidden" if total.hidden else ""
        words = safe(f"{total.exercise}: ")
        words.append(f"{count(total.checks, 'check')}{hidden}, {total.points:g} {'point' if total.points == 1 else 'points'}")
        grid.add_row(Text("    worth", style="dim") if total is totals[0] else Text(), words)
    return grid


def _survivors(mutation: Mutation) -> RenderableType:
    from rich.text import Text  # noqa: PLC0415 - only on the way to a terminal

    from hornbook.show import columns, safe  # noqa: PLC0415

    grid = columns()
    for survivor in mutation.survivors:
        grid.add_row(Text("  ! survives", style="yellow"), safe(f"{survivor.file}, line {survivor.line}: {survivor.operator}", "bold"))
        for line in survivor.diff.split("\n"):
            grid.add_row(Text(), safe(line, {"+": "green", "-": "red"}.get(line[:1], "dim")))
        grid.add_row(Text(), safe(survivor.question, "cyan"))
    return grid


def _followed(grader: str) -> tuple[str, ...]:
    """Return the names that the checks in *grader* compare under other parameters."""
    try:
        tree = ast.parse(grader)
    except (SyntaxError, ValueError):
        return ()
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "follows"
    ]
    said = [one.value for call in calls for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return tuple(dict.fromkeys(said))
