"""Makes a course or a lesson to begin with: a small, finished example that doctor passes, to be replaced piece by piece.

    new_course(folder)             a course with one lesson, its settings, a README and a folder for Binder
    new_lesson(course, slug)       a lesson with grader, reference solution and hint bank

Nothing is ever overwritten: all files of a skeleton are written, or none.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hornbook.errors import HornbookError, printable
from hornbook.lesson import SLUG, Cell, Lesson, Skill, write_lesson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hornbook.course import Course

FIRST_LESSON = "counting_vowels"
"""The slug of the lesson that a new course begins with."""

_EXERCISE = "count_vowels"

_CELLS = (
    (
        "intro",
        """\
# <title>

Some words are easier to sing than others. A singer can hold an `a` or an `o` for as long as her breath lasts, but nobody \
ever held a `t`. So whoever writes songs looks at the vowels first. Today we let the computer count them.

*(This lesson is a finished example. Replace its story, its exercise and its checks by yours, and run `hornbook doctor <slug>` \
after each step.)*""",
    ),
    (
        "checks",
        """\
# From here on, each exercise is checked as soon as you run its cell.
%load_ext hornbook""",
    ),
    (
        "letter-by-letter",
        """\
## Letter by letter

A `for` loop visits the characters of a text one after the other. This function looks for one thing: spaces.""",
    ),
    (
        "example",
        '''\
def count_spaces(text):
    """Return how many spaces there are in *text*."""
    count = 0
    for character in text:
        if character == " ":
            count = count + 1
    return count


print(count_spaces("to be or not to be"))''',
    ),
    (
        "task",
        """\
**Exercise.** Write `count_vowels(word)`, which returns how many letters of a word are vowels: `a`, `e`, `i`, `o` or `u`.

- `count_vowels("lesson")` is `2`.
- A capital is as good as a small letter.""",
    ),
    (
        "exercise",
        '''\
def count_vowels(word):
    """Return how many vowels there are in *word*."""
    ...  # your lines go here''',
    ),
    ("try", 'print(count_vowels("lesson"))'),
    (
        "stretch",
        """\
## If you want more

- Which word that you know has the most vowels? And which has the most without a single consonant between them?
- In some languages `y` is a vowel too. Let the caller say which letters count.""",
    ),
)
_CODE_CELLS = {"checks", "example", "exercise", "try"}

_GRADER = '''\
"""<title>: how many letters of a word are vowels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

VOWELS = "aeiou"
WORDS = st.text("abcdeiouxyzABEIOUXYZ'-", max_size=20)


@pytest.mark.exercise("count_vowels")
def test_a_word(submission):
    """The word "lesson" has two vowels"""
    assert submission.count_vowels("lesson") == 2


@pytest.mark.exercise("count_vowels")
def test_capitals_count_too(submission):
    """The name "Anna" has two vowels: the capital counts too"""
    assert submission.count_vowels("Anna") == 2


# A hidden check runs only when the learner hands in. It asks what the visible ones promise, with other values.
@pytest.mark.exercise("count_vowels", hidden=True)
def test_no_vowel_at_all(submission):
    """A word can do without any vowel"""
    assert submission.count_vowels("rhythm") == 0


# hypothesis makes up the words, new ones for each run, so that nobody can learn the answers by heart.
@pytest.mark.exercise("count_vowels", points=2, hidden=True)
@given(WORDS)
def test_any_word(submission, word):
    """Whatever the word, each of the five vowels is counted"""
    assert submission.count_vowels(word) == sum(map(word.lower().count, VOWELS))
'''

_SOLUTION = '''\
"""<title>: reference solution. Each part replaces the exercise's cell."""

# %% count_vowels
def count_vowels(word):
    """Return how many vowels there are in *word*."""
    return sum(letter in "aeiou" for letter in word.lower())
'''

_FEEDBACK = '''\
# <title>: what to say when somebody is stuck, and which mistake looks like what.

# One to four hints for each exercise, from a nudge to nearly the answer. The learner gets the next one each time.
[exercise.count_vowels]
hints = [
  "The example counts spaces. Which line decides what is counted?",
  "`letter in \\"aeiou\\"` is true for a small vowel.",
  "`word.lower()` turns capitals into small letters, so that you need to look only at those.",
]
success = "You looked at each letter once and asked one question about it; most counting works like that."

# A mistake that you have seen before: how it shows, a program that makes it, and what to say to whoever made it.
# `hornbook doctor` runs the program and sees to it that the mistake is recognised.
[[misconception]]
name = "capitals-forgotten"
check = "test_capitals_count_too"
when = { actual = "1" }
program = """
def count_vowels(word):
    count = 0
    for letter in word:
        if letter in "aeiou":
            count = count + 1
    return count
"""
hints = [
  "You looked for small vowels only, and the A of Anna is a capital.",
  "Go through `word.lower()` instead of `word`.",
]

[[misconception]]
name = "returned-inside-the-loop"
check = "test_a_word"
when = { actual = "0" }
program = """
def count_vowels(word):
    count = 0
    for letter in word.lower():
        if letter in "aeiou":
            count = count + 1
        return count
"""
hints = [
  "You returned inside the loop, so the function ended after the first letter.",
  "The `return` stands as far left as the `for`.",
]

[[misconception]]
name = "printed-not-returned"
check = "test_a_word"
when = { actual_type = "NoneType", source = "print(...)" }
program = """
def count_vowels(word):
    print(sum(letter in "aeiou" for letter in word.lower()))
"""
hints = [
  "You showed the number to whoever reads the screen; `return` hands it back to whoever called.",
]
'''

_README = """\
# <title>

A course of auto-graded lessons for Jupyter, made with [hornbook](https://pypi.org/project/hornbook/).

| folder | holds | learners get it |
|---|---|---|
| `lessons/` | notebooks exactly as learners get them: no solutions, nothing hidden | yes |
| `graders/` | `test_<slug>.py`, the checks (pytest), and `<slug>.solution.py`, the reference solution | no |
| `feedback/` | `<slug>.toml`: hints, and known mistakes with the program that shows each | hint by hint |
| `binder/` | what [Binder](https://mybinder.org) installs to open the lessons in a browser | yes |

A lesson has the same name, and the same sub-folder, in the first three.

| to | run |
|---|---|
| prove that every lesson works | `hornbook doctor` |
| begin another lesson | `hornbook new lesson loops/fizz_buzz` |
| ask the visible checks, as a learner | `hornbook check work.ipynb` |
| grade what was handed in | `hornbook grade handed_in/` |
| make what learners get | `hornbook release --into out/course` |

Give out what `hornbook release` makes, and nothing else: `graders/` and `feedback/` hold the solutions.
"""

_SETTINGS = """\
# The course's settings. `hornbook doctor` tells you about a key that it does not know.
[tool.hornbook]
title = <title>
language = "en"

# What one submission may use. These are the defaults; take away the # to change one.
[tool.hornbook.limits]
# cell_seconds = 10
# check_seconds = 10
# total_seconds = 120
# memory_mb = 1024

[tool.hornbook.sandbox]
# Refuse to grade where the sandbox is weaker than this level, 0 to 4; `hornbook sandbox` shows what a machine has.
require_level = 0

# `pytest` proves the graders against the reference solutions.
[tool.pytest.ini_options]
testpaths = ["graders"]
"""

_GITIGNORE = """\
.hypothesis/
.ipynb_checkpoints/
.pytest_cache/
/portfolio/
/my-work/
__pycache__/
"""

_BINDER = """\
# What Binder installs. Add here what your lessons import.
hornbook
"""


def new_course(folder: Path, *, title: str | None = None) -> tuple[Path, ...]:
    """Make a course with one lesson in *folder*, which may exist, and return the files made, in the order to read them.

    *title* is by default the name of the folder. Raises HornbookError if one of the files is there already.
    """
    files = course_files(title_of(folder.absolute().name, title))
    return _write(folder, files, PurePosixPath(FIRST_LESSON), title_of(FIRST_LESSON))


def course_files(title: str) -> dict[str, str]:
    """Return the texts of the files that a course called *title* has beside its lessons, by their paths in it."""
    return {
        "README.md": _README.replace("<title>", title),
        "pyproject.toml": _SETTINGS.replace("<title>", json.dumps(title, ensure_ascii=False)),
        ".gitignore": _GITIGNORE,
        "binder/requirements.txt": _BINDER,
        "binder/runtime.txt": "python-3.12\n",
    }


def new_lesson(course: Course, slug: str, *, title: str | None = None) -> tuple[Path, ...]:
    """Make the lesson *slug* in *course* and return the files made, in the order to read them.

    *slug* may begin with sub-folders, such as `loops/fizz_buzz`; *title* is by default made from it. Raises HornbookError
    for a name that cannot be one, and if a lesson of that name or one of the files is there already.
    """
    place = PurePosixPath(slug)
    if not all(SLUG.fullmatch(part) for part in slug.split("/")):
        raise HornbookError(
            f'"{printable(slug)}" cannot name a lesson: use small letters, digits and _, a letter first, as in "loops/fizz_buzz".'
        )
    if place.name in course.slugs:
        raise HornbookError(f'The course has a lesson "{place.name}" already. Names are unique, whatever the folder; choose another.')
    return _write(course.root, {}, place, title_of(place.name, title))


def title_of(name: str, given: str | None = None) -> str:
    """Return the title *given*, or one made from *name*; raise HornbookError for one that would break the files it stands in."""
    title = re.sub("[_-]+", " ", printable(name)).strip().capitalize() if given is None else given.strip()
    if title and title.isprintable() and not re.search(r'["\\]', title):
        return title
    if given is None:
        return "A course"
    raise HornbookError(f"The title {given!r} cannot be used: give one line of text without quotation marks and backslashes.")


def _write(root: Path, files: Mapping[str, str], place: PurePosixPath, title: str) -> tuple[Path, ...]:
    """Write *files* and the lesson at *place* below *root*, or nothing if any of them exists, and return their paths."""
    slug, within = place.name, place.parent
    lesson = _lesson(root / "lessons" / f"{place}.ipynb", slug, title)
    texts = {
        root / name: text
        for name, text in {
            **files,
            str("graders" / within / f"test_{slug}.py"): _GRADER.replace("<title>", title),
            str("graders" / within / f"{slug}.solution.py"): _SOLUTION.replace("<title>", title),
            str("feedback" / within / f"{slug}.toml"): _FEEDBACK.replace("<title>", title),
        }.items()
    }
    taken = next((path for path in (lesson.path, *texts) if os.path.lexists(path)), None)
    if taken is not None:
        raise HornbookError(f"{printable(taken)}: is there already, and nothing is ever overwritten. Move it away or choose another name.")
    try:
        for path in (lesson.path, *texts):
            path.parent.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        where = printable(error.filename or root)
        raise HornbookError(f"{where}: cannot be made ({error.strerror}). Choose a folder that you may write to.") from error
    write_lesson(lesson)
    # A new course is read from its README, a lesson from its notebook.
    return (*(root / name for name in files), lesson.path, *(path for path in texts if path.relative_to(root).as_posix() not in files))


def _lesson(path: Path, slug: str, title: str) -> Lesson:
    cells = tuple(
        Cell(
            kind="code" if name in _CODE_CELLS else "markdown",
            source=source.replace("<title>", title).replace("<slug>", slug),
            exercise=_EXERCISE if name == "exercise" else None,
            id=name,
        )
        for name, source in _CELLS
    )
    return Lesson(
        path=path,
        slug=slug,
        title=title,
        version="1.0.0",
        summary="Count the vowels of a word, letter by letter.",
        objectives=("visit the letters of a text with a for loop", "count those that have something in common"),
        skills=(Skill("loops"), Skill("strings in Python")),
        level="beginner",
        minutes=5,
        authors=("your name",),
        licence="CC-BY-4.0",
        cells=cells,
    )
