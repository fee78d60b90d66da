"""The class as a whole: which lessons and checks need work first, from every attempt that a record remembers.

    views = class_view(record.verdicts(), record.hints(), least=5)

No learner is named, and of a group smaller than *least* nothing is told but that it is there: a mean over two people is about each of
them.
How well a check tells apart is the point-biserial correlation between passing it and the points of all other checks, over each learner's
first attempt (Lord, Novick 1968): from some .2 on it does; below 0 those who know more fail it, and its question is worth a look.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from hornbook.model import Outcome, Status, Verdict
from hornbook.reports import short

LEAST: Final = 5
"""How many learners a group must have, by default, before anything is told of it."""
AWAY: Final = timedelta(days=7)
VALUE: Final = re.compile(r"'[^']*'|\"[^\"]*\"|-?\d[\d.,]*")
"""What stands in a sentence about one learner's work, and is another in that of another."""
MISTAKES: Final = 3
"""How many mistakes are told of each check."""
COUNTED: Final = {Status.PASSED, Status.FAILED, Status.NOT_ATTEMPTED, Status.TIMED_OUT, Status.OUT_OF_MEMORY, Status.FORBIDDEN}
"""What says something of the learner; a broken or skipped check does not."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What many are told of one check: the words, and how many learners have read them."""

    words: str
    learners: int


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check: what part of the learners passes it at first, and in the end, and how well it tells apart, from -1 to 1.

    `hints_seen` is to how many of the learners its first hint was shown, its second, and so on, as far as they are enough to tell of.
    """

    name: str
    exercise: str
    title: str
    hidden: bool
    learners: int
    at_first: float
    in_the_end: float
    discrimination: float | None
    mistakes: tuple[Mistake, ...]
    hints_seen: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LessonView:
    """One lesson: how many learners have handed it in, and have passed; with the median number of attempts and hours to a pass.

    `gone` is how many have not passed, and have been away from it for `AWAY` when somebody else handed it in last. Where fewer than the
    least number of learners have handed it in, `small` is true, and nothing else is told.
    """

    course: str
    slug: str
    title: str
    learners: int
    small: bool = False
    attempts: int = 0
    passed: int = 0
    gone: int = 0
    attempts_to_pass: float | None = None
    hours_to_pass: float | None = None
    checks: tuple[CheckView, ...] = ()
    why: str = ""

    @property
    def share(self) -> float:
        """What part of the learners has passed."""
        return self.passed / self.learners if self.learners else 0.0


def class_view(
    rows: Iterable[tuple[str, str, Verdict]], hints: Iterable[tuple[str, str, str, str, int]] = (), *, least: int = LEAST
) -> list[LessonView]:
    """Return what *rows* (learner, course, verdict) come to, the lesson that needs work first at the beginning.

    *hints* are those that were shown (learner, course, lesson, check, which one from 1); of whoever has handed nothing in none counts.
    """
    seen: defaultdict[tuple[str, str], defaultdict[str, set[tuple[str, int]]]] = defaultdict(lambda: defaultdict(set))
    for learner, course, slug, check, level in hints:
        seen[course, slug][check].add((learner, level))
    lessons: defaultdict[tuple[str, str], defaultdict[str, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    for learner, course, verdict in rows:
        lessons[course, verdict.lesson.slug][learner].append(verdict)
    views = []
    for (course, slug), learners in lessons.items():
        for attempts in learners.values():
            attempts.sort(key=lambda verdict: verdict.started)
        title = _latest(learners).lesson.title
        if len(learners) < least:
            views.append(LessonView(course, slug, title, 0, small=True))
        else:
            views.append(_lesson(course, slug, title, learners, seen[course, slug], least))
    return sorted(views, key=lambda view: (view.small, -(view.learners - view.passed), view.share, view.course, view.slug))


Parts = Mapping[tuple[str, str], Mapping[str, float]]
"""What part of a lesson, by its course and slug, each author has, from 0 to 1."""


def shares(views: Iterable[LessonView], parts: Parts) -> dict[str, float]:
    """Return how many passes each author has: a learner who has passed a lesson counts once, and is split as its authors have shared it."""
    found: defaultdict[str, float] = defaultdict(float)
    for view in views:
        for name, passes in passes_of(view, parts).items():
            found[name] += passes
    return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0])))


def passes_of(view: LessonView, parts: Parts) -> dict[str, float]:
    """Return how many passes of one lesson each of its authors has; of a small group nothing."""
    return {} if view.small else {name: view.passed * part for name, part in parts.get((view.course, view.slug), {}).items()}


Seen = Mapping[str, Iterable[tuple[str, int]]]
"""Who has seen which hint of each check."""


def _lesson(course: str, slug: str, title: str, learners: Mapping[str, Sequence[Verdict]], seen: Seen, least: int) -> LessonView:
    passes = {learner: place for learner, attempts in learners.items() if (place := _first_pass(attempts)) is not None}
    hours = [(learners[one][place].started - learners[one][0].started).total_seconds() / 3600 for one, place in passes.items()]
    last = max(attempts[-1].started for attempts in learners.values())
    gone = sum(one not in passes and last - attempts[-1].started > AWAY for one, attempts in learners.items())
    checks = tuple(_checks(learners, seen, least))
    view = LessonView(
        course,
        slug,
        title,
        len(learners),
        attempts=sum(map(len, learners.values())),
        passed=len(passes),
        gone=gone,
        attempts_to_pass=statistics.median(place + 1 for place in passes.values()) if passes else None,
        hours_to_pass=round(statistics.median(hours), 2) if hours else None,
        checks=checks,
    )
    return replace(view, why=_why(view))


def _latest(learners: Mapping[str, Sequence[Verdict]]) -> Verdict:
    return max((attempts[-1] for attempts in learners.values()), key=lambda verdict: verdict.started)


def _first_pass(attempts: Sequence[Verdict]) -> int | None:
    return next((place for place, verdict in enumerate(attempts) if verdict.passed), None)


def _checks(learners: Mapping[str, Sequence[Verdict]], seen: Seen, least: int) -> Iterator[CheckView]:
    """Yield each check of the latest version that was asked, in its order."""
    latest = _latest(learners)
    firsts = [_by_name(attempts[0]) for attempts in learners.values()]
    lasts = [_by_name(attempts[-1]) for attempts in learners.values()]
    for check in latest.outcomes:
        first = [outcomes for outcomes in firsts if check.check in outcomes]
        in_the_end = [outcomes[check.check].passed for outcomes in lasts if check.check in outcomes]
        if len(first) < least or len(in_the_end) < least:
            continue
        yield CheckView(
            check.check,
            check.exercise or "",
            check.title,
            check.hidden,
            len(first),
            sum(outcomes[check.check].passed for outcomes in first) / len(first),
            sum(in_the_end) / len(in_the_end),
            _discrimination(check.check, first),
            _mistakes(check.check, learners, least),
            _hints_seen(seen.get(check.check, ()), learners, least),
        )


def _by_name(verdict: Verdict) -> dict[str, Outcome]:
    return {outcome.check: outcome for outcome in verdict.outcomes if outcome.status in COUNTED}


def _discrimination(name: str, attempts: Sequence[Mapping[str, Outcome]]) -> float | None:
    """Return the correlation between passing the check and the share of all other points; None where there is none to be had."""
    passed, others = [], []
    for outcomes in attempts:
        rest = [outcome for outcome in outcomes.values() if outcome.check != name]
        possible = sum(outcome.points for outcome in rest)
        if possible:
            passed.append(float(outcomes[name].passed))
            others.append(sum(outcome.earned for outcome in rest) / possible)
    try:
        return round(statistics.correlation(passed, others), 2)
    except statistics.StatisticsError:
        return None


def _mistakes(name: str, learners: Mapping[str, Sequence[Verdict]], least: int) -> tuple[Mistake, ...]:
    """Return what most were told of the check when it did not pass; what only a few were told is theirs."""
    told: defaultdict[str, set[str]] = defaultdict(set)
    words: dict[str, str] = {}
    for learner, attempts in learners.items():
        for verdict in attempts:
            for outcome in verdict.outcomes:
                if outcome.check == name and outcome.status in COUNTED and not outcome.passed:
                    kind = _kind(outcome)
                    told[kind].add(learner)
                    words.setdefault(kind, short(_words(outcome, verdict)))
    many = sorted(((len(who), kind) for kind, who in told.items() if len(who) >= least), key=lambda entry: (-entry[0], entry[1]))
    return tuple(Mistake(words[kind], number) for number, kind in many[:MISTAKES])


def _hints_seen(seen: Iterable[tuple[str, int]], learners: Mapping[str, Sequence[Verdict]], least: int) -> tuple[int, ...]:
    """Return how many of *learners* have *seen* the first hint, the second, and so on; what only a few have seen is theirs."""
    levels = Counter(level for learner, level in set(seen) if learner in learners)
    return tuple(levels[level] for level in itertools.takewhile(lambda level: levels[level] >= least, itertools.count(1)))


def _words(outcome: Outcome, verdict: Verdict) -> str:
    """Return what was told; without values where each learner has their own, because they would tell whose these are."""
    said = outcome.first_sentence or outcome.status.value
    own = verdict.parameters is not None and verdict.parameters.of != "lesson"
    return VALUE.sub("…", said) if own else said


def _kind(outcome: Outcome) -> str:
    """Return what makes two outcomes the same mistake: a known one's name, or the words without what each learner's own values are."""
    if outcome.hints and outcome.hints[0].misconception:
        return f"known {outcome.hints[0].misconception}"
    return f"{outcome.status} {outcome.raised or ''} " + VALUE.sub("…", outcome.message)


def _why(view: LessonView) -> str:
    """Return in one sentence what to look at first."""
    stops = [check for check in view.checks if check.in_the_end < 1]
    against = [check for check in view.checks if check.discrimination is not None and check.discrimination < 0]
    if view.passed == view.learners and not against:
        return ""
    told = [f"{view.learners - view.passed} of {view.learners} have not passed."] if view.passed < view.learners else []
    if stops:
        worst = min(stops, key=lambda check: (check.in_the_end, check.at_first))
        told.append(f"Most are stopped by: {worst.title}.")
    if against:
        told.append(f"Those who know more fail: {against[0].title}.")
    return " ".join(told)
