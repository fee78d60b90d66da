"""Writes docs/mutation.md from what `hornbook doctor --mutants` finds: `python docs/make_mutation_table.py`, which takes minutes."""  # noqa: INP001 - a script

import sys
from pathlib import Path

from hornbook.course import Course
from hornbook.doctor import diagnose, summary
from hornbook.trial import digest, table

HEAD = """\
# How the graders do against wrong programs

Written by `python docs/make_mutation_table.py`; do not edit. [authoring.md](authoring.md#the-grader-is-graded) says what is measured.

"""
FOOT = """
*Mutants* are those that count: {equivalent} more are marked in the hint banks as equivalent, each with its reason. *Solving nothing* is how
many programs were tried that only know a trick, none of which passes. The digest is that of a lesson's notebook, grader, solutions, hint
bank and mutants: a test sees to it that this page is made anew when one of them changes.
"""


def main() -> None:
    """Put every grader of this course on trial, and write the page if it is healthy."""
    root = Path(__file__).resolve().parent.parent
    course = Course.open(root)
    diagnosis = diagnose(course, mutants=True, tell=lambda words: print(words, file=sys.stderr))  # noqa: T201 - somebody waits
    if not diagnosis.healthy:
        raise SystemExit(f"{summary(diagnosis)} `hornbook doctor --mutants` shows them.")
    equivalent = sum(lesson.mutation.equivalent for lesson in diagnosis.lessons if lesson.mutation)
    digests = {slug: digest(course, slug) for slug in course.slugs}
    page = HEAD + table(diagnosis.lessons, digests) + FOOT.format(equivalent=equivalent)
    Path(__file__).with_name("mutation.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
