"""`hornbook.draws`: how a lesson's parameters are drawn, read strictly."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from hornbook.draws import can_be_drawn, claimed, default_values, literals, other_values, read_draws, reads_as_injected
from hornbook.errors import LessonError

AT = Path("lessons/money.ipynb")
CELL = 'rate: float = 0.02  # a year\nyears = 10\ncity = "Köln"\nsteps = [1, [2.5, None]]\nnothing = None\nyes = True\n'


def read(raw: object, cell: str = CELL, before: str = "import math") -> tuple[Any, ...]:
    """Return the draws that *raw* declares for a lesson with this parameters *cell*."""
    return read_draws(AT, raw, [(before, False), (cell, True)])


def test_a_parameter_is_drawn_from_numbers_or_from_values_of_its_own_type() -> None:
    """Fractions are what an author would write, whole numbers stay whole, and values may be of any plain kind, Unicode included."""
    rate, years, city, steps, nothing = read(
        {
            "rate": {"from": 0.1, "to": 0.5, "step": 0.1},
            "years": {"from": 3, "to": 9, "step": 3},
            "city": {"among": ["Zürich", "München", "東京"]},
            "steps": {"among": [[1], [[2.5, None], "x"]]},
            "nothing": {"among": [None, 3, "x"]},
        }
    )

    assert [rate.at(number) for number in range(rate.count)] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert [years.at(number) for number in range(years.count)] == [3, 6, 9]
    assert (city.at(2), steps.at(1), nothing.at(0), nothing.at(1)) == ("東京", [[2.5, None], "x"], None, 3)


def test_a_whole_number_stands_for_a_fraction_where_the_default_is_one() -> None:
    """Writers of JSON make 1 of 1.0; a learner's variant is a fraction all the same."""
    draw = read({"rate": {"among": [1, 0.5]}})[0]

    assert [type(draw.at(number)) for number in range(2)] == [float, float]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ([], "must be an object"),
        ({"rat": {"among": [0.1, 0.2]}}, 'has "rat", which the parameters cell does not give; did you mean "rate".'),
        ({"rate": {"of": [1]}}, 'rate must be {"among": [...]}'),
        ({"rate": {"among": [0.1]}}, 'needs at least two values in "among"'),
        ({"rate": {"among": [0.1, 0.1]}}, 'needs at least two values in "among"'),
        ({"rate": {"among": [0.1, "0.2"]}}, 'draws "0.2"; its default in the parameters cell is a fraction'),
        ({"years": {"among": [1, None]}}, "draws null; its default in the parameters cell is a whole number"),
        ({"yes": {"among": [True, 1]}}, "draws 1; its default in the parameters cell is True or False"),
        ({"years": {"among": [1, 1 << 60]}}, "draws what is no plain value"),
        ({"city": {"from": 1, "to": 2}}, "draws a number, and its default in the parameters cell is a text"),
        ({"years": {"from": 1, "to": "2"}}, "needs finite numbers"),
        ({"years": {"from": 1, "to": 2.5}}, "draws fractions; its default"),
        ({"rate": {"from": 0.1, "to": 0.2}}, 'needs a "step"'),
        ({"rate": {"from": 0.1, "to": 0.2, "step": 0}}, "must have from 2 to"),
        ({"years": {"from": 5, "to": 5}}, "must have from 2 to"),
        ({"years": {"from": 1, "to": 1 << 50}}, "must have from 2 to"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(raw: object, problem: str) -> None:
    """The sentence names the file and the parameter."""
    with pytest.raises(LessonError) as caught:
        read(raw)

    assert problem in str(caught.value)
    assert str(caught.value).startswith("lessons/money.ipynb: ")


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("rate = np.float64(0.02)", '"rate" is no plain value'),
        ("import numpy as np\nrate = 0.02", "line 1: is more than `name = value`"),
        ('rate = float("nan")', '"rate" is no plain value'),
        ("rate = 1e999", '"rate" is no plain value'),
        ("rate = [1, [1e999]]", '"rate" is no plain value'),
        ("rate = (1, 2)", '"rate" is no plain value'),
        ("rate = {1: 2}", '"rate" is no plain value'),
        (r'rate = "\ud800"', '"rate" is no plain value'),
        ("rate = " + "[" * 60 + "]" * 60, '"rate" is no plain value'),
        ("rate = 1\nrate = 2", 'line 2: gives "rate" twice'),
        ("rate = 1\nsum = 2", '"sum" is Python\'s own name'),
        ("rate = 1\n_ = 2", '"_" is Python\'s own name'),
        ("rate: float", "is more than `name = value`"),
        ("a = rate = 1", "is more than `name = value`"),
        ("rate = ", "line 1: is not Python"),
        ("#" * 70_000, "has more than 65,536 characters"),
    ],
)
def test_a_parameters_cell_says_plain_values_and_nothing_else(cell: str, problem: str) -> None:
    """Whatever papermill, JSON and Python could take for different things is refused with its line."""
    with pytest.raises(LessonError) as caught:
        read({"rate": {"among": [1, 2]}}, cell)

    assert problem in str(caught.value)
    assert "the parameters cell, line " in str(caught.value)


def test_a_lesson_that_draws_has_a_parameters_cell() -> None:
    """Without one there is no default, and so no type."""
    with pytest.raises(LessonError) as caught:
        read_draws(AT, {"rate": {"among": [1, 2]}}, [("rate = 1", False)])

    assert 'needs a code cell with the tag "parameters"' in str(caught.value)


def test_a_parameter_is_not_used_before_its_cell() -> None:
    """What runs before would be the same for everybody."""
    with pytest.raises(LessonError) as caught:
        read({"rate": {"among": [0.1, 0.2]}}, before="print(rate)")

    assert 'uses the parameter "rate" in code cell 1, before the parameters cell' in str(caught.value)


def test_docstrings_comments_and_type_hints_may_stand_in_the_cell() -> None:
    """They say nothing that papermill would change."""
    assert literals('"""What you may change."""\n# ten\nyears: int = -10\nword = "a" "b"\n') == {"years": -10, "word": "ab"}


def test_other_values_are_different_from_what_is_known_and_from_each_other() -> None:
    """No parameter keeps its value, so that no literal is right; where there are fewer draws than wanted, there are fewer."""
    draws = read({"years": {"from": 1, "to": 4}, "yes": {"among": [True, False]}})
    rng = random.Random(1)  # noqa: S311 - reproducible, not secret
    found = other_values(draws, 10, rng, {"years": 2, "yes": False})

    assert sorted((one["years"], one["yes"]) for one in found) == [(1, True), (3, True), (4, True)]
    assert default_values(draws) == {"years": 10, "yes": True}
    assert other_values((), 3, rng, {}) == []


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["# Parameters\nrate = 0.05\n"], {"rate": 0.05}),
        (["rate = 0.05", "rate = 0.06\nother = 3"], {"rate": 0.06}),
        (['rate = "0.05"'], {}),
        (["rate = 5"], {}),
        (['rate = __import__("os").getpid()'], {}),
        (["rate = 0.05; import os"], {}),
        (["rate = 1e999"], {}),
        (["rate = ("], {}),
    ],
)
def test_what_a_file_claims_is_a_value_of_the_right_type_or_nothing(sources: list[str], expected: dict[str, Any]) -> None:
    """Nothing of a learner's file is run to find out what it says."""
    assert claimed(sources, read({"rate": {"among": [0.1, 0.2]}})) == expected


@pytest.mark.parametrize(
    ("default", "said", "can", "cannot"),
    [
        (1, {"from": 2, "to": 9, "step": 3}, [2, 5, 8], [1, 3, 9, 11, True, 5.0, "5", None]),
        (0.1, {"from": 0.1, "to": 0.9, "step": 0.1}, [0.1, 0.3, 0.7, 0.9], [0.0, 0.15, 1.0, 1, float("nan"), float("inf")]),
        ("x", {"among": ["Basel", "Köln"]}, ["Basel", "Köln"], ["x", "", "basel", 1, "\ud800"]),
        (True, {"among": [True, False]}, [True, False], [1, 0, None]),
        ([1], {"among": [[1], [1, 2]]}, [[1], [1, 2]], [[2], [True], [1.0], (1,)]),
    ],
)
def test_a_value_that_can_be_drawn_is_told_from_one_that_cannot(
    tmp_path: Path, default: Any, said: dict[str, Any], can: list[Any], cannot: list[Any]
) -> None:
    """Whatever is drawn can be, and nothing beside, between or beyond it, nor of another type."""
    draws = read_draws(tmp_path / "lesson.ipynb", {"p": said}, [(f"p = {default!r}", True)])

    assert all(draws[0].can_give(draws[0].at(number)) for number in range(draws[0].count))
    assert [can_be_drawn({"p": value}, draws) for value in can] == [True] * len(can)
    assert [can_be_drawn({"p": value}, draws) for value in cannot] == [False] * len(cannot)
    assert not can_be_drawn({}, draws)
    assert not can_be_drawn({"p": can[0], "q": 1}, draws)


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("# Parameters\nn = 3\nword = 'y'\n", True),
        ("  # PARAMETERS\nword = 'y'\nn = 3", True),
        ("# Parameters\nn = 3", False),
        ("# Parameters\nn = 3\nword = 'y'\nmore = 1", False),
        ("# Parameters\nn = 3\nword = str(n)", False),
        ("n = 3\nword = 'y'", False),
        ("# Parameters\n" + "(" * 9999, False),
        ("", False),
    ],
)
def test_papermills_cell_is_known_by_what_it_says(tmp_path: Path, source: str, reads: bool) -> None:
    """Its comment, and a plain value for each parameter and for nothing else; what a learner may have written is theirs."""
    said = {"n": {"from": 1, "to": 9}, "word": {"among": ["x", "y"]}}
    draws = read_draws(tmp_path / "lesson.ipynb", said, [("n = 1\nword = 'x'", True)])

    assert reads_as_injected(source, draws) is reads
    assert not reads_as_injected(source, ())
