"""`hornbook.model`: the Verdict's sum, its immutability, its JSON and the published schema."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook import model
from hornbook.errors import HornbookError
from hornbook.model import (
    Assurance,
    CellRun,
    Fact,
    Hint,
    LessonRef,
    Manual,
    Outcome,
    Parameters,
    Points,
    Repair,
    Runtime,
    SandboxReport,
    Status,
    SubmissionRef,
    Verdict,
    verdict_schema,
)

SCHEMA = Path(__file__).parents[1] / "docs" / "schemas" / "verdict-1.json"


def outcome(status: Status = Status.PASSED, points: float = 2.0, **fields: Any) -> Outcome:
    """Return an outcome of a check worth *points*, all of them earned if it passed."""
    return Outcome("test_mean", "mean", "The mean of 1 is 1", status, points, points if status is Status.PASSED else 0.0, **fields)


def verdict(*outcomes: Outcome, **fields: Any) -> Verdict:
    """Return a verdict over *outcomes*."""
    return Verdict.of(
        lesson=LessonRef("means", "Means", "1.0.0", "00" * 32, "11" * 32),
        submission=SubmissionRef("means.ipynb", "22" * 32),
        outcomes=outcomes,
        sandbox=SandboxReport(4, "own root", (Fact("open a network socket", held=True, detail="EPERM"),)),
        runtime=Runtime("3.11.7", "33" * 32, "0.1.0"),
        started=datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
        seconds=0.25,
        seed=7,
        **fields,
    )


@pytest.mark.parametrize("status", [status for status in Status if status not in {Status.PASSED, Status.BROKEN, Status.SKIPPED}])
def test_what_does_not_pass_costs_its_points(status: Status) -> None:
    """A check that ended in any way of the learner's own counts, earns nothing and keeps the verdict from passing."""
    result = verdict(outcome(), outcome(status, 3.0))

    assert (result.points, result.passed) == (Points(2.0, 5.0), False)


def test_all_passed_is_passed() -> None:
    """A verdict passes when every check that counts has passed."""
    result = verdict(outcome(), outcome(points=0.5))

    assert (result.points, result.passed, result.broken) == (Points(2.5, 2.5), True, ())


def test_what_waits_for_a_person_is_in_no_sum_and_nobody_passes_before() -> None:
    """Manual points are known and not counted; until a person has read the answer, the verdict has not passed."""
    result = verdict(outcome(), manual=(Manual("essay", 5),))

    assert (result.points, result.passed, result.passed_so_far) == (Points(2.0, 2.0), False, True)


def test_a_claim_is_worth_no_more_than_a_learners_word() -> None:
    """A verdict in which the learner's own process told an end is self-checked, whoever asked."""
    claimed = verdict(outcome(), outcome(claimed=True), assurance=Assurance.COURSE_CHECKED)
    found = verdict(outcome(), outcome(), assurance=Assurance.COURSE_CHECKED)

    assert (claimed.assurance, found.assurance) == (Assurance.SELF_CHECKED, Assurance.COURSE_CHECKED)


def test_a_broken_check_costs_no_points_but_nobody_passes_by_it() -> None:
    """The grader's own fault is in neither sum, and a verdict with one never passes."""
    broken = outcome(Status.BROKEN, 9.0)
    result = verdict(outcome(), broken)

    assert (result.points, result.passed, result.broken) == (Points(2.0, 2.0), False, (broken,))


def test_a_skipped_check_does_not_count() -> None:
    """What the grader skips is in neither sum, and the rest decides."""
    result = verdict(outcome(), outcome(Status.SKIPPED, 9.0))

    assert (result.points, result.passed) == (Points(2.0, 2.0), True)


@pytest.mark.parametrize("outcomes", [(), (outcome(Status.SKIPPED),)], ids=["no checks", "all skipped"])
def test_nothing_that_counts_is_not_passed(outcomes: tuple[Outcome, ...]) -> None:
    """Where no check counts, nothing was shown, so nothing is passed."""
    result = verdict(*outcomes)

    assert (result.points, result.passed) == (Points(0, 0), False)


VALUES = [
    verdict(outcome()),
    outcome(),
    Hint("Look again.", 1, 2),
    Repair("missing", "There is no cell for it.", "mean"),
    Manual("essay", 5),
    Parameters({"rate": 0.03}, "learner"),
    CellRun("mean", 1),
    Fact("signal another process", held=True),
    SandboxReport(0, "limits only"),
    Points(1, 2),
    LessonRef("means", "Means", "1.0.0", "", ""),
    SubmissionRef("means.ipynb", ""),
    Runtime("3.11.7", "", "0.1.0"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_cannot_be_changed(value: Any) -> None:
    """No field of any of our words can be set, deleted or added after it is made."""
    name = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        delattr(value, name)

    assert not hasattr(value, "__dict__")


def test_every_word_of_the_model_is_tested_for_that() -> None:
    """The list above has every dataclass of the module."""
    words = {thing for thing in vars(model).values() if dataclasses.is_dataclass(thing) and isinstance(thing, type)}

    assert {type(value) for value in VALUES} == words


def test_a_verdict_holds_nothing_that_can_be_changed() -> None:
    """Its collections are tuples, all the way down, so a hash of it can be taken."""
    result = verdict(outcome(hints=(Hint("Look again.", 1, 1),)), repairs=(Repair("moved", "It was moved."),), cells=(CellRun("mean", 1),))

    assert isinstance(hash(result), int)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
HINTS = st.builds(Hint, TEXT, st.integers(1, 9), st.integers(1, 9), st.none() | TEXT)
OUTCOMES = st.builds(
    Outcome,
    check=TEXT,
    exercise=st.none() | TEXT,
    title=TEXT,
    status=st.sampled_from(Status),
    points=st.floats(0, 1e6),
    earned=st.floats(0, 1e6),
    hidden=st.booleans(),
    message=TEXT,
    asked=st.none() | TEXT,
    came=st.none() | TEXT,
    expected=st.none() | TEXT,
    raised=st.none() | TEXT,
    traceback=st.lists(TEXT, max_size=3).map(tuple),
    printed=TEXT,
    hints=st.lists(HINTS, max_size=3).map(tuple),
    seconds=st.floats(0, 1e6),
    claimed=st.booleans(),
)
CELLS = st.builds(
    CellRun,
    st.none() | TEXT,
    st.integers(0, 999),
    st.none() | TEXT,
    st.lists(TEXT, max_size=2).map(tuple),
    st.sampled_from([None, "timed out", "died"]),
)
REPAIRS = st.builds(
    Repair,
    st.sampled_from(["missing", "duplicated", "split", "moved", "retyped", "unknown exercise", "added", "format", "encoding", "metadata"]),
    TEXT,
)
VERDICTS = st.builds(
    verdict,
    OUTCOMES,
    OUTCOMES,
    assurance=st.sampled_from(Assurance),
    hidden_pending=st.integers(0, 99),
    repairs=st.lists(REPAIRS, max_size=2).map(tuple),
    cells=st.lists(CELLS, max_size=2).map(tuple),
    manual=st.lists(st.builds(Manual, TEXT, st.floats(0, 1e6)), max_size=2).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(VERDICTS)
def test_json_brings_the_same_verdict_back(result: Verdict) -> None:
    """A verdict written and read is the same verdict, whatever its texts are."""
    assert Verdict.from_json(result.to_json()) == result


@settings(max_examples=60, deadline=None)
@given(VERDICTS)
def test_every_verdict_is_what_the_schema_describes(result: Verdict) -> None:
    """The JSON of any verdict validates against the published schema, which is itself a valid one."""
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    validator.check_schema(validator.schema)

    assert [error.message for error in validator.iter_errors(json.loads(result.to_json()))] == []


def test_the_schema_refuses_what_is_not_a_verdict() -> None:
    """A verdict with an unknown status, and one without its outcomes, do not validate."""
    validator = jsonschema.Draft202012Validator(verdict_schema())
    unknown = json.loads(verdict(outcome()).to_json())
    unknown["outcomes"][0]["status"] = "nearly passed"
    without = json.loads(verdict(outcome()).to_json())
    del without["outcomes"]

    assert [validator.is_valid(unknown), validator.is_valid(without)] == [False, False]


def test_the_published_schema_is_the_one_in_force() -> None:
    """`docs/schemas/verdict-1.json` is `verdict_schema()`; write it anew when the model has changed."""
    assert SCHEMA.read_text("utf-8") == json.dumps(verdict_schema(), indent=2) + "\n"


def test_json_can_be_written_for_people() -> None:
    """With an indent it has lines, and is the same JSON."""
    result = verdict(outcome())
    pretty = result.to_json(indent=2)

    assert pretty.count(b"\n") > 20
    assert json.loads(pretty) == json.loads(result.to_json())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        verdict(outcome()).to_json().replace(b'"format":1', b'"format":2'),
        verdict(outcome()).to_json().replace(b'"seed":7', b'"seed":"7"'),
        verdict(outcome()).to_json().replace(b'"status":"passed"', b'"status":"great"'),
    ],
    ids=["empty", "cut", "a list", "null", "not UTF-8", "too deep", "another format", "a text as seed", "an unknown status"],
)
def test_what_is_not_a_verdict_is_refused_in_one_sentence(data: bytes) -> None:
    """Bytes that are no verdict of format 1 raise our error, never another one."""
    with pytest.raises(HornbookError, match=r"^This is not a verdict of format 1: [^\n]*\.$"):
        Verdict.from_json(data)
