"""`hornbook find`, `related` and `index`: what a terminal and a program see of the catalog."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hornbook.cli import app

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def own_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a catalog of its own."""
    path = tmp_path / "catalog.sqlite"
    monkeypatch.setenv("HORNBOOK_CATALOG", str(path))
    monkeypatch.setenv("HORNBOOK_INDEX", "exact")
    monkeypatch.chdir(tmp_path)
    return path


def asked(*words: str) -> Result:
    """Return what came of a command about the repository's own course."""
    return CliRunner().invoke(app, [*words, "--course", str(REPOSITORY)])


def test_an_error_finds_the_lesson_that_teaches_it() -> None:
    """With the reason, and what to read."""
    told = asked("find", "KeyError: 'price'", "--limit", "1")

    assert told.exit_code == 0, told.stderr
    assert "It is about what KeyError tells." in told.stdout
    assert "dictionaries" in told.stdout


def test_a_program_gets_data() -> None:
    """The best first, each with its reasons."""
    told = asked("find", "moving average", "--json")
    hits = json.loads(told.stdout)

    assert hits[0]["slug"] == "steady_pulse"
    assert hits[0]["reasons"]


def test_conditions_hold() -> None:
    """What does not fit them is not shown, and nothing at all is said kindly."""
    told = asked("find", "dictionary", "--level", "beginner", "--minutes", "15", "--json")
    assert told.exit_code == 0, told.stderr
    assert {hit["level"] for hit in json.loads(told.stdout)} == {"beginner"}
    told = asked("find", "average", "--skill", "no such skill")

    assert told.stdout == "Nothing fits. Try other words, or fewer conditions.\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [(["find", "x", "--since", "yesterday"], '"since" must be a date'), (["related", "no_such_lesson"], "is not in the catalog")],
)
def test_what_makes_no_sense_is_said(words: list[str], reason: str) -> None:
    """With the way out, and the exit code for bad input."""
    told = asked(*words)

    assert told.exit_code == 2
    assert reason in told.stderr


def test_what_is_next_has_its_reason() -> None:
    """For a lesson, or for a notebook that is a copy of one."""
    told = asked("related", "secret_messages")
    notebook = next((REPOSITORY / "lessons").rglob("secret_messages.ipynb"))

    assert "It builds on Secret messages." in told.stdout
    assert asked("related", str(notebook)).stdout == told.stdout


def test_outside_of_a_course_there_is_what_was_found_before() -> None:
    """A course that is named must be there."""
    asked("find", "average")
    told = CliRunner().invoke(app, ["find", "average", "--limit", "1"])
    assert told.exit_code == 0, told.stderr
    assert "A steady pulse" in told.stdout
    told = CliRunner().invoke(app, ["find", "average", "--course", "nowhere"])

    assert told.exit_code == 2
    assert "is not a course" in told.stderr


def test_how_the_catalog_is_can_be_seen(own_catalog: Path) -> None:
    """Whole, it says so; with a vector missing it says what to do, and that mends it."""
    asked("find", "average")
    told = CliRunner().invoke(app, ["index", "check", "--json"])
    assert told.exit_code == 0, told.stderr
    assert json.loads(told.stdout)["documents"] == 6
    with sqlite3.connect(own_catalog) as database:
        database.execute("DELETE FROM vector WHERE document = 1")
    database.close()
    told = CliRunner().invoke(app, ["index", "check"])
    assert told.exit_code == 3
    assert "`hornbook index rebuild` makes it again." in told.stderr
    assert CliRunner().invoke(app, ["index", "rebuild"]).exit_code == 0

    assert CliRunner().invoke(app, ["index", "check"]).exit_code == 0
