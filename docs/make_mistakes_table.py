"""Writes docs/mistakes.md from what learners who make the mistakes in tests/mistakes read first: `python docs/make_mistakes_table.py`."""  # noqa: INP001 - a script

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hornbook.course import Course
from hornbook.grading.batch import grade_all, in_order
from hornbook.lesson import Submission, fill, read_solution
from hornbook.model import Outcome, Verdict

ROOT = Path(__file__).resolve().parent.parent
HEAD = """\
# What learners read first

Written by `python docs/make_mistakes_table.py`; do not edit. Each mistake is a program in `tests/mistakes/<slug>.toml`, and here
stands the first sentence that a learner who hands it in is told: the first hint of a [known mistake](authoring.md#the-hint-bank), if
the lesson's bank has it, or else what the engine itself has to say, in every course.
"""
SECONDS = 4.0
"""How long a check may take here: a loop without an end is among the mistakes, and need not be waited for."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What a newcomer did in an exercise of a lesson: the *program*, and the words in which the first sentence *says* so.

    A *hidden* one passes the visible checks, and shows when it is handed in.
    """

    slug: str
    name: str
    exercise: str
    says: str
    program: str
    hidden: bool = False


def mistakes(slugs: Iterable[str]) -> list[Mistake]:
    """Return the mistakes of these lessons, in the order of their files."""
    return [Mistake(slug, **table) for slug in slugs for table in tomllib.loads(file_of(slug).read_text("utf-8"))["mistake"]]


def file_of(slug: str) -> Path:
    """Return where the mistakes of a lesson stand."""
    return ROOT / "tests" / "mistakes" / f"{slug}.toml"


def graded(course: Course, known: Iterable[Mistake]) -> Iterator[tuple[Mistake, Verdict]]:
    """Yield the verdict on each mistake: that of `hornbook check`, or of `hornbook grade` for one that only shows then."""
    limits = replace(course.settings.limits, check_seconds=SECONDS)
    course = replace(course, settings=replace(course.settings, limits=limits))
    for hidden in (False, True):
        tried = [mistake for mistake in known if mistake.hidden is hidden]
        handed_in = [submission(course, mistake) for mistake in tried]
        done = grade_all(handed_in, course, visible_only=not hidden, seed=1)
        for mistake, one in zip(tried, in_order((one.place, one) for one in done), strict=True):
            if one.verdict is None:
                raise SystemExit(f"{mistake.slug}, {mistake.name}: {one.error}")
            yield mistake, one.verdict


def first(mistake: Mistake, verdict: Verdict) -> Outcome:
    """Return what came of the first check of the exercise that is not passed."""
    return next(outcome for outcome in verdict.outcomes if outcome.exercise == mistake.exercise and not outcome.passed)


def submission(course: Course, mistake: Mistake) -> Submission:
    """Return the reference solution with this one mistake in it."""
    lesson = course.lesson(mistake.slug)
    return fill(lesson, {**read_solution(course.solution(mistake.slug)), mistake.exercise: mistake.program})


def page(course: Course, came: Mapping[Mistake, Verdict]) -> str:
    """Return the page, with a table for each lesson."""
    parts = [HEAD]
    for slug in course.slugs:
        rows = [(known, first(known, came[known])) for known in mistakes([slug])]
        parts.append(f"\n## {course.lesson(slug).title}\n\n| exercise | mistake | what is read first | told by |\n|---|---|---|---|\n")
        parts += [
            f"| `{known.exercise}` | {cell(known.name)} | {cell(outcome.first_sentence)} | {teller(outcome)} |\n" for known, outcome in rows
        ]
    return "".join(parts)


def teller(outcome: Outcome) -> str:
    """Return who has found the words: the lesson's hint bank, or the engine."""
    return "engine" if outcome.first_sentence == outcome.message else "bank"


def cell(text: str) -> str:
    """Return *text* so that it stays in its cell of a Markdown table."""
    return text.replace("|", "\\|")


def main() -> None:
    """Grade all mistakes, and write the page."""
    course = Course.open(ROOT)
    Path(__file__).with_name("mistakes.md").write_text(page(course, dict(graded(course, mistakes(course.slugs)))), encoding="utf-8")


if __name__ == "__main__":
    main()
