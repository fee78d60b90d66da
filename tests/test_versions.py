"""Versions of lessons: addressed by their content, kept when they are released, and graded against when the lesson has changed."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from hornbook.cohorts import Cohort
from hornbook.config import Settings
from hornbook.course import Course
from hornbook.errors import CourseError, HornbookError
from hornbook.grading import grade
from hornbook.grading.material import version_of
from hornbook.lesson import fill, read_solution
from hornbook.release.versions import FOLDER, SHOWN, at, keep, kept, settings_text
from hornbook.scaffold import FIRST_LESSON, new_course

GRADER = "graders/test_counting_vowels.py"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Give a course with one lesson, limits of its own, and what graders share."""
    new_course(tmp_path / "singers")
    (tmp_path / "singers" / "graders" / "conftest.py").write_text("SHARED = 1\n", "utf-8")
    return Course.open(tmp_path / "singers")


def version(course: Course) -> str:
    """Return the version of the lesson of *course* as it is on the disk."""
    again = Course.open(course.root)
    return version_of(again, again.lesson(FIRST_LESSON))


def rewrite(course: Course, name: str, old: str, new: str) -> None:
    """Replace a text in one of the files of *course*."""
    path = course.root / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "other"),
    [
        pytest.param("lessons/counting_vowels.ipynb", "Some words are easier", "Few words are easier", True, id="the notebook"),
        pytest.param(GRADER, '("lesson") == 2', '("lessons") == 2', True, id="the grader"),
        pytest.param("graders/conftest.py", "1", "2", True, id="what graders share"),
        pytest.param("pyproject.toml", "# check_seconds = 10", "check_seconds = 3", True, id="a limit"),
        pytest.param("feedback/counting_vowels.toml", "The example counts spaces", "It counts spaces", False, id="a hint"),
        pytest.param("pyproject.toml", 'language = "en"', 'language = "de"', False, id="the language"),
        pytest.param("graders/counting_vowels.solution.py", "letter in", "(letter) in", False, id="a solution that nobody asks"),
    ],
)
def test_what_decides_the_points_makes_a_version(course: Course, name: str, old: str, new: str, other: bool) -> None:
    """A version is another one when something has changed that decides the points, and only then."""
    before = version(course)
    rewrite(course, name, old, new)

    assert (version(course) != before) is other


@pytest.mark.parametrize("fixture", ["reference", "follows"])
def test_a_solution_that_is_asked_makes_a_version(course: Course, fixture: str) -> None:
    """Where a check asks the reference, by whichever fixture, the reference solution decides the points, too."""
    rewrite(course, GRADER, "def test_a_word(submission)", f"def test_a_word(submission, {fixture})")
    before = version(course)
    rewrite(course, "graders/counting_vowels.solution.py", "letter in", "(letter) in")

    assert version(course) != before


def test_what_lies_beside_a_lesson_makes_a_version(course: Course) -> None:
    """A table that the lesson's cells read is a part of its version."""
    before = version(course)
    (course.root / "lessons" / "words.csv").write_text("a,b\n", "utf-8")

    assert version(course) != before


def test_a_version_is_the_same_elsewhere(course: Course, tmp_path: Path) -> None:
    """Neither the course's place nor its name decides a version."""
    before = version(course)
    course.root.rename(tmp_path / "dancers")

    assert version(Course.open(tmp_path / "dancers")) == before


def test_what_was_handed_in_is_graded_as_it_was(course: Course) -> None:
    """When the grader asks for more now, the version that was kept still gives the points of then, in a course of the same name."""
    lesson = course.lesson(FIRST_LESSON)
    digest = keep(course, lesson)
    solution = fill(lesson, read_solution(course.solution(FIRST_LESSON)))
    rewrite(course, GRADER, 'count_vowels("lesson") == 2', 'count_vowels("lesson") == 3')
    past, then = at(course, digest[:SHOWN])

    assert grade(solution, past, lesson=then).passed
    assert not grade(solution, Course.open(course.root)).passed
    assert past.name == course.name
    assert past.has_feedback(FIRST_LESSON)


def test_versions_are_listed(course: Course) -> None:
    """What was kept is listed by lesson, the latest last; what was kept already is kept once."""
    first = keep(course, course.lesson(FIRST_LESSON))
    again = keep(course, course.lesson(FIRST_LESSON))
    rewrite(course, GRADER, 'count_vowels("lesson") == 2', 'count_vowels("lessons") == 2')
    later = Course.open(course.root)
    second = keep(later, later.lesson(FIRST_LESSON))

    assert [one.digest for one in kept(course)] == [first, second]
    assert again == first
    assert {one.version for one in kept(course)} == {"1.0.0"}
    assert kept(Course.open(course.root / FOLDER / first)) == ()


def test_many_keep_the_same_at_once(course: Course) -> None:
    """Of several that keep a version at the same time none is refused, and nothing unfinished is left."""
    threads = [threading.Thread(target=keep, args=(course, course.lesson(FIRST_LESSON))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [path.name for path in (course.root / FOLDER).iterdir()] == [version(course)]


def test_a_version_that_was_changed_is_refused(course: Course) -> None:
    """What no longer has its digest is not graded against."""
    digest = keep(course, course.lesson(FIRST_LESSON))
    rewrite(course, f"{FOLDER}/{digest}/{GRADER}", "== 2", "== 3")
    with pytest.raises(CourseError, match="was changed since it was kept"):
        at(course, digest)


@pytest.mark.parametrize("digest", ["0123456789abcdef", "", "../..", "short"])
def test_a_version_that_was_not_kept_is_said(course: Course, digest: str) -> None:
    """A digest of which nothing was kept, or too few digits, names no version."""
    keep(course, course.lesson(FIRST_LESSON))
    with pytest.raises(CourseError, match="has no version"):
        at(course, digest)


def test_where_nothing_can_be_kept_is_said(course: Course) -> None:
    """Where a file is in the way, one sentence says so."""
    (course.root / ".hornbook").write_text("", "utf-8")
    with pytest.raises(HornbookError, match="cannot be written"):
        keep(course, course.lesson(FIRST_LESSON))


def test_settings_are_written_as_they_are_read(course: Course) -> None:
    """What learners and past versions get of them says the same: with cohorts and all that these say, but without what is its author's."""
    when = {"means": datetime(2026, 9, 20, 20), "count": datetime(2026, 9, 21, 12, tzinfo=UTC)}  # noqa: DTZ001 - by the cohort's clocks
    cohort = Cohort(
        "autumn", 'Autumn "evenings"', date(2026, 9, 7), "Europe/Berlin", 3, time(20), ((date(2026, 12, 21), date(2027, 1, 3)),),
        ("count", "means"), when, 0, "https://x.org/{path}",
    )  # fmt: skip
    plain = Cohort("winter", "winter", date(2027, 1, 4), "UTC")
    settings = replace(course.settings, title='ü "x" \\', preload=("numpy",), cohorts=(cohort, plain), mutation_score=50.0)
    (course.root / "pyproject.toml").write_text(settings_text(settings), "utf-8")

    assert Settings.read(course.root / "pyproject.toml") == replace(settings, mutation_score=Settings().mutation_score)


def test_a_version_is_nobodys_plan(course: Course) -> None:
    """It has one lesson only, so that a cohort would name lessons that are not there."""
    with (course.root / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[tool.hornbook.cohort]]\nname = "autumn"\nstarts = 2026-09-07\ntimezone = "UTC"\n')
    course = Course.open(course.root)
    past, _ = at(course, keep(course, course.lessons[0]))

    assert len(course.settings.cohorts) == 1
    assert past.settings.cohorts == ()
