"""Writes docs/mutation.md from what `hornbook doctor --mutants` finds: `python docs/make_mutation_table.py [SLUG]...`, which takes minutes.

A lesson whose digest is that of its row is not tried again; each row is written as soon as it is known.
"""  # noqa: INP001 - a script

import re
import sys
from pathlib import Path

from hornbook.course import Course
from hornbook.doctor import diagnose, summary
from hornbook.trial import digest, table

PAGE = Path(__file__).with_name("mutation.md")
HEAD = """\
# How the graders do against wrong programs

Written by `python docs/make_mutation_table.py`; do not edit. [authoring.md](authoring.md#the-grader-is-graded) says what is measured.

"""
FOOT = """
Mutants that a hint bank marks as equivalent, each with its reason, are not counted. *Solving nothing* is how many programs were tried that
only know a trick, none of which passes. The digest is that of a lesson's notebook, grader, solutions, hint bank and mutants: a test sees to
it that a row is made anew when one of them changes.
"""


def main() -> None:
    """Put the graders that are named, or all, on trial where they have changed, and write a row for each that is healthy."""
    course = Course.open(PAGE.parent.parent)
    digests = {slug: digest(course, slug) for slug in course.slugs}
    for slug in sys.argv[1:] or course.slugs:
        if f"`{digests[slug]}`" in rows().get(slug, ""):
            continue
        diagnosis = diagnose(course, [slug], mutants=True, tell=lambda words: print(words, file=sys.stderr))  # noqa: T201 - somebody waits
        if not diagnosis.healthy:
            raise SystemExit(f"{slug}: {summary(diagnosis)} `hornbook doctor --mutants` shows them.")
        *head, row = table(diagnosis.lessons, digests).splitlines()
        known = {**rows(), slug: row}
        PAGE.write_text(HEAD + "\n".join([*head, *(known[one] for one in course.slugs if one in known), FOOT]), encoding="utf-8")


def rows() -> dict[str, str]:
    """Return the rows that the page has, by their lessons."""
    return {found[1]: found[0] for found in re.finditer(r"^\| `(\w+)` \|.*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)}


if __name__ == "__main__":
    main()
