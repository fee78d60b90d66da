"""Puts a lesson's grader on trial: programs that are wrong, each in its own way, must not pass it.

    Trial(course, lesson, solution, bank, warm, tell).held()       its proofs, and the mutation score with its survivors
    table(reports, digests)                                        what came of it for several lessons, as Markdown
    digest(course, slug)                                           what a lesson's score depends on, to see whether a table is out of date

`hornbook doctor --mutants` does this after its other proofs. Whatever is graded here is graded as a learner's work is, in warm
sandboxes; only the time limits are shorter, because programs that never end are many here.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hornbook.doctor import Problem, Proof, count
from hornbook.errors import HornbookError, printable
from hornbook.grading import grade, run_checks
from hornbook.grading.batch import grade_all, in_order
from hornbook.grading.mutants import MOST, Mutant, mutants
from hornbook.grading.vacuous import vacuous
from hornbook.grading.wrong import Listening, Wrong, asked, defined, touched, wrong_programs
from hornbook.lesson import fill, read_solution
from hornbook.model import Status

if TYPE_CHECKING:
    from hornbook.course import Course
    from hornbook.doctor import LessonReport
    from hornbook.feedback import Bank, Equivalent
    from hornbook.lesson import Lesson
    from hornbook.model import Verdict
    from hornbook.sandbox.forkserver import ForkServers

    Sources = Mapping[str, str | tuple[str, ...]]

SEED: Final = 1
"""What hidden checks draw from when they are asked about wrong programs: always the same, so that a score is the same each time."""

RUNS: Final = 5
"""How often the reference solution is graded, each time with another seed, to find checks that do not always end the same way."""

SHORTEST: Final = 3.0
"""Seconds that a check of a wrong program gets at least; no more than `SLOWER` times what all checks of the solution take together."""

SLOWER: Final = 10

_NOTICED: Final = frozenset({Status.FAILED, Status.TIMED_OUT, Status.OUT_OF_MEMORY, Status.FORBIDDEN, Status.NOT_ATTEMPTED})
"""How a check ends that tells a wrong program from a right one. One that is skipped or broken costs no points, so it tells nothing."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no check notices: where it is in the solution, which mistake it makes, and the difference it makes as a diff."""

    exercise: str
    operator: str
    file: str
    line: int
    diff: str
    question: str


@dataclass(frozen=True, slots=True)
class Mutation:
    """How a lesson's checks did against wrong programs.

    *score* is the percentage of *mutants* that were *killed*. Those that the author has marked as *equivalent* are in neither number.
    *wrong_programs* is how many programs were tried that solve nothing.
    """

    score: float
    mutants: int
    killed: int
    equivalent: int
    wrong_programs: int
    misconceptions: int
    survivors: tuple[Survivor, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A program to put before the grader: the exercise that it is wrong in, and its sources for that."""

    exercise: str
    name: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Noticed:
    """The checks that notice that a program is wrong, none if it passes; *raised* says whether it raises where a visible check asks."""

    checks: tuple[str, ...] = ()
    raised: bool = False


@dataclass(frozen=True)
class Trial:
    """One lesson's grader, and all that is needed to try it. *solution* passes every check; `hornbook doctor` has seen to that."""

    course: Course
    lesson: Lesson
    solution: Mapping[str, tuple[str, ...]]
    bank: Bank
    warm: ForkServers
    tell: Callable[[str], None]

    def held(self) -> tuple[tuple[Proof, ...], Mutation]:
        """Return the proofs, and the mutation score."""
        slug = self.lesson.slug
        least = self.course.settings.mutation_score
        self.tell(f"{slug}: reading the grader")
        tried = _mutants(self.course, self.lesson, self.solution)
        reading = Proof("no check is written so that it cannot fail", tuple(self._vacuous()))
        self.tell(f"{slug}: grading the solution {RUNS} times")
        flaky = Proof(f"the solution is graded {RUNS} times alike", tuple(self._flaky()))
        self.tell(f"{slug}: an exercise that was touched, but not done")
        unfilled = Proof("an exercise that was touched, but not done, passes no check", tuple(self._unfilled()))
        wrong = list(self._wrong())
        noticed_wrong = self._noticed(wrong, "program that solves nothing")
        passing = tuple(self._passing(one) for one, noticed in zip(wrong, noticed_wrong, strict=True) if not noticed.checks)
        known = Proof("a program that solves nothing does not pass", passing, count(len(wrong), "program"))
        noticed = self._noticed([Program(one.exercise, one.operator, one.sources) for one in tried], "mutant")
        mutation, markers = self._sum_up(tried, noticed, len(wrong))
        score = Proof(f"{least:g} % of the solution's mutants are noticed", tuple(self._low(mutation)), _score(mutation))
        idle = Proof("every check fails for a program that is wrong without an error", tuple(self._idle([*noticed, *noticed_wrong])))
        marked = Proof("what is marked as equivalent is there, and no check fails it", tuple(markers), count(mutation.equivalent, "mutant"))
        mistakes = Proof(f"{count(self.course.settings.misconceptions, 'known mistake')} or more", tuple(self._few()), "")
        return (reading, flaky, unfilled, known, score, marked, idle, mistakes), mutation

    # --- what is tried ------------------------------------------------------------------------------------------------

    def _wrong(self) -> Iterator[Wrong]:
        submission = fill(self.lesson, dict(self.solution))
        sitting = Listening(self.course, self.lesson, submission, self._grader, self.bank, warm=self.warm)
        try:
            with _without_warnings():
                run_checks(self.course, self.lesson, [(sitting, SEED)])
            if sitting.fault is not None:
                raise sitting.fault
        finally:
            sitting.close()
        for exercise in self.lesson.exercises:
            if exercise in self.solution:
                sources = self.solution[exercise]
                yield from wrong_programs(exercise, sources, asked(sitting.heard, exercise, sources))

    # --- grading ------------------------------------------------------------------------------------------------------

    def _verdicts(self, programs: Iterable[Sources], course: Course, *, seed: int = SEED) -> Iterator[Verdict]:
        """Yield the verdict on each of *programs*, in their order: the one place where anything here is graded."""
        submissions = [fill(self.lesson, dict(sources)) for sources in programs]
        if len(submissions) == 1:
            with _without_warnings():
                yield grade(submissions[0], course, lesson=self.lesson, seed=seed, warm=self.warm)
            return
        with contextlib.closing(grade_all(submissions, course, lesson=self.lesson, seed=seed)) as graded:
            for one in in_order((one.place, one) for one in graded):
                if one.verdict is None:
                    raise one.error or HornbookError("Nothing came of it.")
                yield one.verdict

    @cached_property
    def _runs(self) -> tuple[Verdict, ...]:
        """The reference solution, graded with one seed after the other."""
        return tuple(verdict for seed in range(1, RUNS + 1) for verdict in self._verdicts([self.solution], self.course, seed=seed))

    @cached_property
    def _hasty(self) -> Course:
        """The course with time limits that a right program keeps easily, however slow the machine is for a moment."""
        limits = self.course.settings.limits
        # A check has never more than the course gives it, and so neither have all of them.
        seconds = min(limits.check_seconds, max(SHORTEST, SLOWER * max(verdict.seconds for verdict in self._runs)))
        shorter = replace(
            limits,
            cell_seconds=min(limits.cell_seconds, seconds),
            check_seconds=seconds,
            total_seconds=min(limits.total_seconds, 2 * seconds),
        )
        return replace(self.course, settings=replace(self.course.settings, limits=shorter))

    def _noticed(self, programs: Sequence[Program | Wrong], noun: str) -> list[Noticed]:
        """Return for each of *programs* which checks notice that it is wrong.

        First only what its exercise stands on is solved: the checks of the others take no time then. A program that passes is graded
        once more with all exercises solved, because a later one may depend on it.
        """
        order = list(self.lesson.exercises)
        found: list[Noticed] = []
        alone = [{**self._grounds[one.exercise], one.exercise: one.sources} for one in programs]
        for number, (one, verdict) in enumerate(zip(programs, self._verdicts(alone, self._hasty), strict=True), 1):
            self.tell(f"{self.lesson.slug}: {noun} {number} of {len(programs)}")
            found.append(_noticed(verdict, [one.exercise]))
        left = [place for place, one in enumerate(programs) if not found[place].checks and one.exercise != order[-1]]
        complete = [{**self.solution, programs[place].exercise: programs[place].sources} for place in left]
        for place, verdict in zip(left, self._verdicts(complete, self._hasty), strict=True):
            found[place] = _noticed(verdict, order)
        return found

    @cached_property
    def _grounds(self) -> Mapping[str, Sources]:
        """What must be solved before each exercise: what its solution names, if that will do, else everything that stands before it."""
        named = {exercise: self._stands_on(exercise) for exercise in self.solution if exercise in self.lesson.exercises}
        tried = [{**sources, exercise: self.solution[exercise]} for exercise, sources in named.items()]
        grounds: dict[str, Sources] = {}
        for (exercise, sources), verdict in zip(named.items(), self._verdicts(tried, self.course), strict=True):
            enough = all(outcome.passed for outcome in verdict.outcomes if outcome.exercise == exercise)
            grounds[exercise] = sources if enough else self._before(exercise)
        return grounds

    def _stands_on(self, exercise: str) -> dict[str, tuple[str, ...]]:
        """Return the solutions before *exercise* that define a name which stands in its own, or in that of one of these."""
        words = set(re.findall(r"\w+", "\n".join(self.solution[exercise])))
        found: dict[str, tuple[str, ...]] = {}
        for other, sources in reversed(self._before(exercise).items()):
            if words & defined(sources).keys():
                found[other] = sources
                words |= set(re.findall(r"\w+", "\n".join(sources)))
        return found

    def _before(self, exercise: str) -> dict[str, tuple[str, ...]]:
        order = list(self.lesson.exercises)
        return {one: self.solution[one] for one in order[: order.index(exercise)] if one in self.solution}

    # --- the proofs ---------------------------------------------------------------------------------------------------

    def _vacuous(self) -> Iterator[Problem]:
        for found in vacuous(self._grader.read_text("utf-8")):
            yield Problem(self._at(self._grader), f"line {found.line}, {found.check}", found.what, found.way_out)

    def _flaky(self) -> Iterator[Problem]:
        ends: dict[str, Counter[str]] = {}
        for verdict in self._runs:
            for outcome in verdict.outcomes:
                ends.setdefault(outcome.check, Counter())[str(outcome.status)] += 1
        for check, found in ends.items():
            if len(found) > 1 or found.total() < RUNS:
                told = ", ".join(f'{count(number, "time")} "{status}"' for status, number in found.most_common())
                what = f"in {RUNS} runs of the solution it ends {told}."
                yield self._of_check(check, what, "Let it depend on nothing but what it draws from hypothesis or `rng`.")

    def _unfilled(self) -> Iterator[Problem]:
        programs = {exercise.id: tuple(map(touched, exercise.sources)) for exercise in self.lesson.exercises.values()}
        for verdict in self._verdicts([programs], self._hasty):
            for outcome in verdict.outcomes:
                if outcome.passed:
                    what = "it passes although nothing was done yet: the exercise as shipped, with a line that does nothing."
                    yield self._of_check(outcome.check, what, "Ask for something that the exercise as shipped does not give.")

    def _passing(self, one: Wrong) -> Problem:
        what = f'a program passes every check of it that knows one trick only: "{one.name}".'
        way_out = "Add a check, hidden where the trick is to know the examples, with inputs that call for another answer."
        return Problem(self._at(self._grader), f"exercise {one.exercise}", what, way_out)

    def _low(self, mutation: Mutation) -> Iterator[Problem]:
        least = self.course.settings.mutation_score
        if mutation.score < least:
            what = f"of the solution's {count(mutation.mutants, 'mutant')} {mutation.killed} are noticed, {mutation.score:g} %."
            way_out = f"Bring it to {least:g} %: for each one that is shown below add a check, or mark it as equivalent."
            yield Problem(self._at(self._grader), "", what, way_out)

    def _idle(self, noticed: Iterable[Noticed]) -> Iterator[Problem]:
        # Whatever a check asks, it fails where the answer is an error; that says nothing about what it compares.
        failing = {check for one in noticed if not one.raised for check in one.checks}
        known = {misconception.check for misconception in self.bank.misconceptions}
        for outcome in self._runs[0].outcomes:
            if outcome.check not in failing and not {outcome.check, outcome.check.partition("[")[0]} & known:
                what = "no mutant, no known mistake and no program that solves nothing fails it but by an error."
                yield self._of_check(outcome.check, what, "Ask for something that a mistake would change, or take it out.")

    def _few(self) -> Iterator[Problem]:
        least, has = self.course.settings.misconceptions, len(self.bank.misconceptions)
        if has < least:
            what = f"it has {count(has, 'known mistake')}; {least} are asked for."
            path = self.course.feedback(self.lesson.slug)
            yield Problem(self._at(path), "", what, "Add those that you have seen learners make, each with its program.")

    # --- the score ----------------------------------------------------------------------------------------------------

    def _sum_up(self, tried: Sequence[Mutant], noticed: Sequence[Noticed], wrong: int) -> tuple[Mutation, list[Problem]]:
        """Return the score, and what is the matter with the markers of equivalent mutants."""
        markers = {marker: [place for place, one in enumerate(tried) if _means(marker, one)] for marker in self.bank.equivalents}
        marked = {place for places in markers.values() for place in places if not noticed[place].checks}
        killed = sum(bool(one.checks) for one in noticed)
        total = len(tried) - len(marked)
        survivors = [one for place, one in enumerate(tried) if not noticed[place].checks and place not in marked]
        mutation = Mutation(
            score=percentage(killed, total),
            mutants=total,
            killed=killed,
            equivalent=len(marked),
            wrong_programs=wrong,
            misconceptions=len(self.bank.misconceptions),
            survivors=tuple(map(self._survivor, survivors)),
        )
        return mutation, [problem for marker, places in markers.items() for problem in self._misplaced(marker, places, tried, noticed)]

    def _misplaced(self, marker: Equivalent, places: list[int], tried: Sequence[Mutant], noticed: Sequence[Noticed]) -> Iterator[Problem]:
        path = self._at(self.course.feedback(self.lesson.slug))
        place = f"[[equivalent]] {marker.exercise}, {marker.operator}: {marker.line}"
        # Of many mutants some are left out, and which they are may change with any line of the solution.
        if not places and not any(_means(marker, mutant) for mutant in _mutants(self.course, self.lesson, self.solution, most=sys.maxsize)):
            yield Problem(path, place, "there is no such mutant.", "Take the marker out, or write the line as it stands in the solution.")
        for number in places:
            if noticed[number].checks:
                what = f"it is not equivalent: {noticed[number].checks[0]} fails `{tried[number].becomes}`."
                yield Problem(path, place, what, "Take the marker out, or say with `becomes` which mutant is meant.")

    def _survivor(self, mutant: Mutant) -> Survivor:
        path = self.course.solution(self.lesson.slug)
        before = path.read_text("utf-8-sig").splitlines()
        first = _first_line(before, mutant.exercise, mutant.cell)
        source = self.solution[mutant.exercise][mutant.cell]
        own = source.split("\n")
        after = [*before[:first], *mutant.sources[mutant.cell].split("\n"), *before[first + len(own) :]]
        name = self._at(path)
        diff = difflib.unified_diff(before, after, name, f"{name} ({mutant.operator})", lineterm="", n=1)
        question = f"Which input would tell the two apart? Add a check of {mutant.exercise} that asks for it"
        bank = self._at(self.course.feedback(self.lesson.slug))
        return Survivor(
            mutant.exercise,
            mutant.operator,
            name,
            first + mutant.number,
            "\n".join(diff),
            f"{question}; if there is none, mark it as equivalent in {bank}.",
        )

    # --- names --------------------------------------------------------------------------------------------------------

    @property
    def _grader(self) -> Path:
        return self.course.grader(self.lesson.slug)

    def _of_check(self, check: str, what: str, way_out: str) -> Problem:
        return Problem(self._at(self._grader), check, what, way_out)

    def _at(self, path: Path) -> str:
        return printable(path.relative_to(self.course.root).as_posix())


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep pytest from warning of an assertion that always holds each time it reads the grader: it is told once, as a problem."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def percentage(part: int, whole: int) -> float:
    """Return how many of a hundred *part* is of *whole*, all if there is nothing, to one decimal and never more than it is."""
    return 1000 * part // whole / 10 if whole else 100.0


def _mutants(course: Course, lesson: Lesson, solution: Mapping[str, tuple[str, ...]], *, most: int = MOST) -> tuple[Mutant, ...]:
    """Return the mutants of *solution*, exercise by exercise, without those that are an alternative solution or the stub."""
    alternatives = [read_solution(path) for path in course.alternatives(lesson.slug).values()]
    return tuple(
        mutant
        for exercise in lesson.exercises.values()
        if exercise.id in solution
        for mutant in mutants(
            exercise.id,
            solution[exercise.id],
            [exercise.sources, *(other[exercise.id] for other in alternatives if exercise.id in other)],
            most=most,
        )
    )


def _means(marker: Equivalent, mutant: Mutant) -> bool:
    return marker.means(mutant.exercise, mutant.operator, mutant.line, mutant.becomes)


def _noticed(verdict: Verdict, exercises: Sequence[str]) -> Noticed:
    ended = [outcome for outcome in verdict.outcomes if outcome.exercise in exercises and outcome.status in _NOTICED]
    return Noticed(tuple(outcome.check for outcome in ended), any(outcome.raised for outcome in ended))


def _score(mutation: Mutation) -> str:
    return f"{mutation.killed} of {mutation.mutants}, {mutation.score:g} %"


def _first_line(lines: Sequence[str], exercise: str, cell: int) -> int:
    """Return how many of the *lines* of a solution file stand before the source of the *cell*th cell of *exercise*."""
    marks = [number for number, line in enumerate(lines, 1) if re.fullmatch(rf"# ?%%\s*{re.escape(exercise)}\s*", line)]
    start = marks[cell]
    return start + next(place for place, line in enumerate(lines[start:]) if line.strip())


# --- A table ---------------------------------------------------------------------------------------------------------


def table(reports: Iterable[LessonReport], digests: Mapping[str, str]) -> str:
    """Return how the lessons of *reports* did as a table in Markdown, a row for each that was tried."""
    rows = [
        f"| `{report.slug}` | {mutation.score:g} % | {mutation.mutants} | {mutation.killed} | {mutation.wrong_programs} "
        f"| {mutation.misconceptions} | `{digests[report.slug]}` |\n"
        for report in reports
        if (mutation := report.mutation) is not None
    ]
    heads = ("lesson", "score", "mutants", "killed", "solving nothing", "known mistakes", "digest")
    return f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n{''.join(rows)}"


def digest(course: Course, slug: str) -> str:
    """Return the beginning of the SHA-256 of what the score of the lesson *slug* depends on: its files, and the mutants made of them."""
    solution = course.solution(slug)
    files = (course.lesson(slug).path, course.grader(slug), solution, *course.alternatives(slug).values(), course.feedback(slug))
    found = hashlib.sha256()
    for path in files:
        found.update(path.read_bytes())
    for mutant in _mutants(course, course.lesson(slug), read_solution(solution)):
        found.update(f"{mutant.operator}: {mutant.line} -> {mutant.becomes}\n".encode())
    return found.hexdigest()[:12]
