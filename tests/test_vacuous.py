"""Checks that cannot fail are found by their form, and no others."""

from __future__ import annotations

import textwrap

import pytest

from hornbook.grading.vacuous import vacuous


def found(body: str, before: str = "") -> list[tuple[str, int, str]]:
    """Return what is found in a grader with one check, whose lines are *body*."""
    source = f'{before}\ndef test_it(submission):\n    """It works"""\n{textwrap.indent(body, "    ")}\n'
    return [(one.check, one.line - source[: source.index('"""')].count("\n") - 1, one.what) for one in vacuous(source)]


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ('assert (submission.f(1) == 2, "not two")', 1, "a tuple is true whatever is in it."),
        ("came = submission.f(1)\nassert came == came", 2, "it compares something with itself."),
        ("assert submission.f(1) == submission.f(1)", 1, "it compares something with itself."),
        ("assert 1 <= submission.f(1) <= submission.f( 1 )", 1, "it compares something with itself."),
        ("assert same(submission.x, submission.x)", 1, "it compares something with itself."),
        ('assert "a text"', 1, "`assert 'a text'` always holds."),
        ("assert submission.f(1) == 1 or True", 1, "one side of its `or` always holds."),
        ('assert submission.f(1) == 1 or "two"', 1, "one side of its `or` always holds."),
    ],
)
def test_an_assertion_that_always_holds(body: str, line: int, what: str) -> None:
    """An assertion that is true by its form is told with its check and its line."""
    assert found(body) == [("test_it", line, what)]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("submission.f(1)", ["it asserts nothing, so whatever comes is right."]),
        (
            "submission.f(1) == 2",
            ["it asserts nothing, so whatever comes is right.", "it compares and throws the answer away."],
        ),
        (
            "same(submission.f(1), 2)",
            ["it asserts nothing, so whatever comes is right.", "it compares and throws the answer away."],
        ),
        ("helper(submission)", ["it asserts nothing, so whatever comes is right."]),
    ],
)
def test_no_assertion_at_all(body: str, what: list[str]) -> None:
    """A check that compares nothing, or throws the comparison away, is told; a helper that asserts nothing does not help."""
    assert [one[2] for one in found(body, "def helper(submission):\n    return helper(submission.f(1))")] == what


def test_a_check_that_never_asks_is_told() -> None:
    """It would give its points to whoever has begun; one that stands in a notebook asks without saying `submission`."""
    asked = "it never asks `submission`, so whoever has begun the exercise passes it."
    cell = '@pytest.mark.assert_cell\ndef test_cell(submission):\n    """It works"""\n    assert f(1) == 2'

    assert found("assert 1 + 1 == 2") == [("test_it", -1, asked)]
    assert found("assert 1 + 1 == 2", "import pytest\n@pytest.mark.usefixtures('tmp_path')\n")[0][2] == asked
    assert found("assert submission.f(1) == 2", f"import pytest\n{cell}\n") == []


@pytest.mark.parametrize(
    "body",
    [
        "assert submission.f(1) == 2",
        "assert submission.f(1) != submission.f(1)",
        "assert submission.f(1) == submission.f(2)",
        "assert submission.is_even(2)",
        "assert submission.f(1) == 1 or submission.f(1) == 2",
        "submission.f(1)\nassert ()",
        "with submission.raises(ValueError):\n    submission.f(1)",
        "np.testing.assert_allclose(submission.f(1), 2)",
        "if submission.f(1) != 2:\n    pytest.fail('not two')",
        "if submission.f(1) != 2:\n    raise AssertionError",
        "helper(submission.f(1))",
    ],
)
def test_what_can_fail_is_left_alone(body: str) -> None:
    """A check that can fail is none of its business, whether it asserts itself or a helper of the grader's does."""
    assert found(body, "def helper(value):\n    assert value == 2") == []


def test_a_fixture_that_is_called_may_assert() -> None:
    """`follows` compares by itself, and so may a fixture of the author's own; a learner's work does not."""
    source = 'def test_it({0}):\n    """It follows"""\n    {0}("savings", draws=3)\n'

    assert [vacuous(source.format(name)) for name in ("follows", "agrees")] == [(), ()]
