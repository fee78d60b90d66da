"""What `hornbook new` makes: files that work at once, and nothing that was there before is touched."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import nbformat
import pytest

from hornbook.course import Course
from hornbook.errors import HornbookError
from hornbook.lesson import fill, read_solution
from hornbook.scaffold import FIRST_LESSON, new_course, new_lesson

if TYPE_CHECKING:
    from pathlib import Path


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the files below *folder* by name, with their content."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Give a new course."""
    new_course(tmp_path / "evening_class")
    return Course.open(tmp_path / "evening_class")


def test_a_new_course_is_whole(course: Course) -> None:
    """It has a lesson with everything that belongs to it, settings, a README and a folder for Binder."""
    assert set(files_below(course.root)) == {
        ".gitignore",
        "README.md",
        "binder/requirements.txt",
        "binder/runtime.txt",
        "feedback/counting_vowels.toml",
        "graders/counting_vowels.solution.py",
        "graders/test_counting_vowels.py",
        "lessons/counting_vowels.ipynb",
        "pyproject.toml",
    }
    assert course.problems() == ()
    assert (course.settings.title, course.name, course.slugs) == ("Evening class", "evening_class", (FIRST_LESSON,))


def test_the_files_made_are_told_in_the_order_to_read_them(tmp_path: Path) -> None:
    """A course is read from its README, then from its lesson to the hints."""
    made = new_course(tmp_path)

    assert made[0].name == "README.md"
    assert [path.name for path in made][-4:] == [
        "counting_vowels.ipynb",
        "test_counting_vowels.py",
        "counting_vowels.solution.py",
        "counting_vowels.toml",
    ]
    assert all(path.is_file() for path in made)


def test_a_course_may_be_made_in_a_folder_that_holds_other_things(tmp_path: Path) -> None:
    """A file of another name stays as it is."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    new_course(tmp_path)

    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert Course.open(tmp_path).problems() == ()


def test_a_new_lesson_lies_in_the_same_sub_folder_three_times(course: Course) -> None:
    """Sub-folders of the name become sub-folders of lessons/, graders/ and feedback/."""
    made = new_lesson(course, "loops/for/fizz_buzz", title="Fizz, Buzz")
    after = Course.open(course.root)

    assert [path.relative_to(course.root).as_posix() for path in made] == [
        "lessons/loops/for/fizz_buzz.ipynb",
        "graders/loops/for/test_fizz_buzz.py",
        "graders/loops/for/fizz_buzz.solution.py",
        "feedback/loops/for/fizz_buzz.toml",
    ]
    assert after.problems() == ()
    assert after.lesson("fizz_buzz").title == "Fizz, Buzz"
    assert "# Fizz, Buzz" in after.lesson("fizz_buzz").cells[0].source


def test_the_notebook_is_as_jupyter_would_write_it(course: Course) -> None:
    """Jupyter's own library accepts it, and the solution fits its exercise."""
    lesson = course.lesson(FIRST_LESSON)
    nbformat.validate(nbformat.read(lesson.path, as_version=nbformat.NO_CONVERT))  # type: ignore[no-untyped-call]
    filled = fill(lesson, read_solution(course.solution(FIRST_LESSON)))

    assert filled.attempted(lesson, "count_vowels")


def test_what_instructors_copy_is_tidy(course: Course) -> None:
    """Grader and solution pass a linter with its usual rules, and its formatter has nothing to change in the grader."""
    new_lesson(course, "loops/fizz_buzz")
    ruff = [sys.executable, "-m", "ruff"]
    check = subprocess.run([*ruff, "check", "--isolated", course.root / "graders"], capture_output=True, text=True, check=False)  # noqa: S603
    form = subprocess.run(  # noqa: S603
        [*ruff, "format", "--isolated", "--check", course.grader(FIRST_LESSON)], capture_output=True, text=True, check=False
    )

    assert check.returncode == 0, check.stdout
    assert form.returncode == 0, form.stdout


@pytest.mark.parametrize(
    "slug", ["", "Fizz", "fizz-buzz", "../fizz", "/fizz", "loops/", "loops//fizz", "1st", "fizz.buzz", "fizz\nbuzz", "loops\\fizz", "é"]
)
def test_a_name_that_cannot_be_one_is_refused(course: Course, slug: str) -> None:
    """The sentence says what a name looks like, and nothing is made."""
    before = files_below(course.root.parent)
    with pytest.raises(HornbookError, match=r"cannot name a lesson: use small letters, .* as in \"loops/fizz_buzz\""):
        new_lesson(course, slug)

    assert files_below(course.root.parent) == before


def test_a_name_is_unique_whatever_its_folder(course: Course) -> None:
    """The same slug in another sub-folder is refused."""
    with pytest.raises(HornbookError, match='has a lesson "counting_vowels" already') as caught:
        new_lesson(course, f"words/{FIRST_LESSON}")

    assert caught.value.exit_code == 2


@pytest.mark.parametrize("taken", ["feedback/fizz_buzz.toml", "graders/test_fizz_buzz.py", "graders/fizz_buzz.solution.py"])
def test_nothing_is_overwritten(course: Course, taken: str) -> None:
    """One file in the way is enough: it stays as it is, and none of the others is made."""
    (course.root / taken).write_text("mine", encoding="utf-8")
    before = files_below(course.root)
    with pytest.raises(HornbookError, match=re.escape(f"{taken}: is there already")) as caught:
        new_lesson(course, "fizz_buzz")

    assert caught.value.exit_code == 2
    assert files_below(course.root) == before


def test_a_course_is_not_made_over_another(course: Course) -> None:
    """Making the same course twice changes nothing the second time."""
    before = files_below(course.root)
    with pytest.raises(HornbookError, match="is there already, and nothing is ever overwritten"):
        new_course(course.root)

    assert files_below(course.root) == before


def test_a_link_that_leads_nowhere_is_in_the_way_too(course: Course, tmp_path: Path) -> None:
    """A dangling symbolic link is not written through."""
    (course.root / "feedback" / "fizz_buzz.toml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HornbookError, match="is there already"):
        new_lesson(course, "fizz_buzz")

    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file where a folder should be is one clear sentence."""
    (tmp_path / "course").write_text("a file", encoding="utf-8")
    with pytest.raises(HornbookError, match=r"cannot be made .* Choose a folder that you may write to"):
        new_course(tmp_path / "course")

    assert (tmp_path / "course").read_text(encoding="utf-8") == "a file"


@pytest.mark.parametrize("title", ["", "  ", 'He said "no"', "back\\slash", "two\nlines", "\x1b[31m", "left\u202eright"])
def test_a_title_that_would_break_the_files_is_refused(tmp_path: Path, title: str) -> None:
    """A title stands in docstrings, comments and TOML, so it is one line without quotation marks."""
    with pytest.raises(HornbookError, match="cannot be used: give one line of text"):
        new_course(tmp_path / "course", title=title)

    assert not (tmp_path / "course").exists()


@pytest.mark.parametrize("title", ["Küche & Köche", "50 % [bold]", "<slug> {name}", "日本語", "it's"])
def test_any_other_title_works(tmp_path: Path, title: str) -> None:
    """Letters, brackets and signs of every kind reach the settings and the lesson unchanged."""
    new_course(tmp_path, title=title)
    course = Course.open(tmp_path)
    new_lesson(course, "another", title=title)

    assert course.settings.title == Course.open(tmp_path).lesson("another").title == title


@pytest.mark.parametrize(("folder", "title"), [("night-school", "Night school"), ('odd "name"', "A course"), ("_", "A course")])
def test_a_course_is_called_after_its_folder(tmp_path: Path, folder: str, title: str) -> None:
    """Where the folder's name cannot be a title, there is one that always works."""
    new_course(tmp_path / folder)

    assert Course.open(tmp_path / folder).settings.title == title
