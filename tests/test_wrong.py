"""Programs that solve nothing are made of what the checks ask for, and of nothing else."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hornbook.course import Course
from hornbook.grading import run_checks
from hornbook.grading.wrong import Asked, Listening, _literal, asked, touched, wrong_programs
from hornbook.lesson import Cell, fill, read_lesson, read_solution, write_lesson
from hornbook.sandbox.forkserver import ForkServers
from hornbook.scaffold import FIRST_LESSON, new_course

if TYPE_CHECKING:
    from pathlib import Path

SOLUTION = '''
# %% count_vowels
def count_vowels(word):
    """Return how many vowels there are in *word*."""
    return sum(letter in VOWELS for letter in word)

VOWELS = list("aeiou")

# %% shelf
class Shelf:
    """What lies on it, in order."""

    def __init__(self, things):
        self.things = list(things)

    def put(self, thing, times):
        self.things += [thing] * times
        return self

    def count(self, thing):
        return self.things.count(thing)

    def _unused(self):
        return None

# %% total
total = 3 + 4

# %% ask
def ask():
    return input()
'''
GRADER = '''"""Everything that a check can ask for."""

import pytest


@pytest.mark.exercise("count_vowels")
def test_words(submission):
    """A list of letters, and a keyword"""
    assert submission.count_vowels("lesson") == 2
    assert submission.count_vowels("lesson") == 2
    assert submission.count_vowels(word=["a", ("b",)]) == 1


@pytest.mark.exercise("count_vowels", hidden=True)
def test_hidden(submission):
    """Another word"""
    assert submission.count_vowels("secret") == 2


@pytest.mark.exercise("shelf")
def test_shelf(submission):
    """Two cups on a shelf, counted over there as well"""
    shelf = submission.Shelf(["cup"]).put("cup", times=1)
    assert shelf.count("cup") == 2
    assert submission.Shelf([shelf]).things != []
    submission.run("Shelf([])")


@pytest.mark.exercise("total")
def test_total(submission):
    """Seven"""
    assert submission.total == 7


@pytest.mark.exercise("ask")
def test_ask(submission):
    """What was typed comes back"""
    submission.stdin(["Ada"])
    assert submission.evaluate("ask()") == "Ada"
'''


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Asked, ...]]:
    """Give what the checks of a course with every kind of exercise ask for, by exercise."""
    root: Path = tmp_path_factory.mktemp("course")
    new_course(root)
    course = Course.open(root)
    lesson = course.lesson(FIRST_LESSON)
    more = [Cell("code", "...", exercise=exercise, id=exercise) for exercise in ("shelf", "total", "ask")]
    write_lesson(replace(lesson, cells=(*lesson.cells, *more)))
    course.solution(FIRST_LESSON).write_text(SOLUTION, encoding="utf-8")
    course.grader(FIRST_LESSON).write_text(GRADER, encoding="utf-8")
    lesson, solution = read_lesson(lesson.path), read_solution(course.solution(FIRST_LESSON))
    with ForkServers() as warm:
        course = Course.open(root)
        sitting = Listening.before(course, lesson, fill(lesson, dict(solution)), warm=warm)
        run_checks(course, lesson, [(sitting, 1)])
        sitting.close()

    assert [outcome.status for outcome in sitting.outcomes] == ["passed"] * 5
    assert isinstance(sitting, Listening)
    return {exercise: asked(sitting.heard, exercise, sources) for exercise, sources in solution.items()}


def test_a_function_is_asked_with_its_examples(names: dict[str, tuple[Asked, ...]]) -> None:
    """Each call of a visible check is kept once, as the sandbox writes its arguments; what only the solution uses is not asked for."""
    examples = ("(('lesson',), {})", "((), {'word': ['a', ('b',)]})")

    assert names["count_vowels"] == (Asked("count_vowels", "function", 1, {"": examples}, "2"),)


def test_a_class_is_asked_with_the_examples_of_its_methods(names: dict[str, tuple[Asked, ...]]) -> None:
    """A handle cannot be learned by heart, so a call with one in it is left out; so are methods that are nobody's business."""
    examples = {"": ("((['cup'],), {})",), "count": ("(('cup',), {})",), "put": ("(('cup',), {'times': 1})",)}
    (shelf,) = names["shelf"]

    assert (shelf.name, shelf.kind, {name: given for name, given in shelf.examples.items() if name != "_unused"}) == (
        "Shelf",
        "class",
        examples,
    )


def test_a_variable_is_asked_with_its_value(names: dict[str, tuple[Asked, ...]]) -> None:
    """What a visible check got is what a cheat would copy."""
    assert names["total"] == (Asked("total", "variable", answer="7"),)


def test_a_name_in_an_expression_is_asked_for(names: dict[str, tuple[Asked, ...]]) -> None:
    """What a check has evaluated over there counts, too."""
    assert [one.name for one in names["ask"]] == ["ask"]


def test_programs_for_a_function(names: dict[str, tuple[Asked, ...]]) -> None:
    """Constants, what came in, an error, the first answer, and the examples by heart, each of them Python that defines the name."""
    programs = {
        one.name: one.sources for one in wrong_programs("count_vowels", ("first = 1", "def count_vowels(word): ..."), names["count_vowels"])
    }

    assert list(programs) == [
        *(f"always {constant}" for constant in ("None", "0", "1", "True", "False", '""', "[]", "{}")),
        "what came in first",
        "always an error",
        "always the answer of the first example",
        "the visible examples by heart",
    ]
    assert programs["always 0"] == ("def count_vowels(*arguments, **keywords):\n    return 0", "")
    assert programs["always the answer of the first example"][0].endswith("return 2")
    assert programs["the visible examples by heart"][0] == "first = 1"
    assert all(ast.parse("\n".join(sources)) for sources in programs.values())


def test_programs_for_a_class(names: dict[str, tuple[Asked, ...]]) -> None:
    """Every method gives the same; by heart each method has its own examples."""
    programs = {one.name: one.sources[0] for one in wrong_programs("shelf", ("class Shelf: ...",), names["shelf"])}

    assert "what came in last" in programs
    assert "always the answer of the first example" not in programs
    assert "Shelf.put = _by_heart(Shelf.put, " in programs["the visible examples by heart"]
    assert "Shelf.__init__ = _by_heart(Shelf.__init__, " in programs["the visible examples by heart"]
    assert all(map(ast.parse, programs.values()))


def test_programs_for_a_variable(names: dict[str, tuple[Asked, ...]]) -> None:
    """A variable has no arguments to give back and nothing to learn but its value."""
    programs = {one.name: one.sources for one in wrong_programs("total", ("total = 3 + 4",), names["total"])}

    assert programs["always None"] == ("total = None",)
    assert programs["always the answer of the first example"] == ("total = 7",)
    assert not {"what came in first", "always an error", "the visible examples by heart"} & set(programs)


def test_no_program_for_what_nobody_asks() -> None:
    """An exercise of which no name is asked for, a drawing in its cell say, has no such programs."""
    assert list(wrong_programs("chart", ("plt.bar([1], [2])",), ())) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(2.5), "2.5"),
        ([1, (2,), ()], "[1, (2,), ()]"),
        ({"a": [None, b"b"]}, "{'a': [None, b'b']}"),
        (float("nan"), None),
        (np.array([1, 2]), None),
        ({1, 2}, None),
        ({"a": [object()]}, None),
        ("x" * 3000, None),
    ],
)
def test_only_plain_values_are_copied(value: object, text: str | None) -> None:
    """A value becomes part of a program only if Python writes it as it is."""
    assert _literal(value) == text


def test_a_touched_exercise_still_does_nothing() -> None:
    """It is the same with a line more."""
    assert touched("def f():\n    ...  # here") == "def f():\n    ...  # here\npass\n"
