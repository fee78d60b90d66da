"""The mistakes that newcomers really make in the lessons, and the first sentence that each of them is told.

The mistakes are data, in `tests/mistakes/<slug>.toml`: what was done, where, the program, and words that the sentence must have.

The *first sentence* is `Outcome.first_sentence` of the first check of that exercise that does not pass. A drawn verdict shows it
before any other sentence about that check: as `next step`, where the hint bank knows the mistake, because its first hint names it
("You printed the letter instead of returning it."); and otherwise as `because`, in the engine's own words, which every course has.
What was asked, what came and what was expected stand above it.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hornbook.course import Course
from hornbook.show import plain

if TYPE_CHECKING:
    from hornbook.model import Verdict

ROOT = Path(__file__).parent.parent
COURSE = Course.open(ROOT)

GENERIC = ("The answer is not what this check asks for", "This check cannot work with", "The code stopped with", "A hidden check of this")
INSIDE = re.compile(r"assert |pytest|hypothesis|Traceback|<ipython-input|File \"|AssertionError|\bwrong\b|!")
QUOTED = re.compile(r"`[^`]*`|'[^']*'")
LONGEST = 200


def _table() -> Any:
    """Return docs/make_mistakes_table.py as a module: the page and these tests come from one grading."""
    spec = importlib.util.spec_from_file_location("make_mistakes_table", ROOT / "docs" / "make_mistakes_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TABLE = _table()
MISTAKES = TABLE.mistakes(COURSE.slugs)


@pytest.fixture(scope="module")
def came() -> dict[Any, Verdict]:
    """Give the verdict on each mistake, all of them handed in once."""
    return dict(TABLE.graded(COURSE, MISTAKES))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.slug}: {mistake.name}")
def test_the_first_sentence_names_the_mistake(mistake: Any, came: dict[Any, Verdict]) -> None:
    """Who makes this mistake reads first what it is, in words of the newcomer's own world."""
    first = TABLE.first(mistake, came[mistake]).first_sentence
    words = QUOTED.sub("", first)

    assert mistake.says in first
    assert not first.startswith(GENERIC)
    assert INSIDE.search(words) is None
    assert len(first) <= LONGEST


@pytest.mark.parametrize("slug", COURSE.slugs)
def test_ten_mistakes_of_each_lesson_are_told_apart(slug: str, came: dict[Any, Verdict]) -> None:
    """There are at least ten for each lesson, some for each exercise, and no two that are told the same."""
    here = [mistake for mistake in MISTAKES if mistake.slug == slug]
    told = Counter(TABLE.first(mistake, came[mistake]).first_sentence for mistake in here)

    assert len(here) >= 10
    assert {mistake.exercise for mistake in here} == set(COURSE.lesson(slug).exercises)
    assert [sentence for sentence, times in told.items() if times > 1] == []


def test_the_first_sentence_is_drawn_before_any_other(came: dict[Any, Verdict]) -> None:
    """A drawn verdict labels one sentence as `because` or `next step` before all others, and that is it."""
    for mistake, verdict in came.items():
        first = TABLE.first(mistake, verdict).first_sentence
        said = re.split(r"^ {4}(?:because|next step) ", plain(verdict), maxsplit=1, flags=re.MULTILINE)[1]

        assert " ".join(said.split()).startswith(" ".join(first.split())), mistake


def test_the_page_of_mistakes_is_up_to_date(came: dict[Any, Verdict]) -> None:
    """docs/mistakes.md says what learners are told now; `python docs/make_mistakes_table.py` writes it anew."""
    assert (ROOT / "docs" / "mistakes.md").read_text("utf-8") == TABLE.page(COURSE, came)
