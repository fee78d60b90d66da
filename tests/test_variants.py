"""`hornbook.variants`: each learner's values, drawn from a seed that stays at home, and handed out by papermill."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from test_sitting import course_of, exercises

from hornbook.draws import INJECTED, read_draws
from hornbook.errors import HornbookError
from hornbook.lesson import Cell, SubmissionFile, write_lesson
from hornbook.variants import Seed, default_path, hand_out, learner_id, notebook_for

if TYPE_CHECKING:
    from pathlib import Path

    from hornbook.course import Course

GRADER = """
@pytest.mark.exercise("one")
def test_one(submission):
    assert submission.one == 1
"""
CELL = 'n = 1\nword = "ä"\n'
DRAWN: dict[str, Any] = {"n": {"from": 2, "to": 1000}, "word": {"among": ["ü", "東", 'q"\n']}}


def drawing(root: Path, grader: str = GRADER) -> Course:
    """Return a course whose one lesson draws two parameters."""
    course = course_of(root, grader, Cell("code", CELL, tags=("parameters",), id="given"), *exercises("one", "two"))
    lesson = course.lesson("steps")
    write_lesson(replace(lesson, draws=read_draws(lesson.path, DRAWN, [(CELL, True)])))
    return type(course).open(root)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Return such a course in a folder of its own."""
    root = tmp_path / "course"
    root.mkdir()
    return drawing(root)


def test_a_learner_always_gets_the_same_values_and_another_gets_others(course: Course, tmp_path: Path) -> None:
    """They depend on the seed, the lesson and the learner; a further parameter changes none of them."""
    seed, lesson = Seed.open(course, tmp_path / "seed"), course.lesson("steps")
    everybody = [seed.variant(lesson, f"learner {number}")["n"] for number in range(50)]

    assert seed.variant(lesson, "ada") == Seed.open(course, tmp_path / "seed").variant(lesson, "ada")
    assert len(set(everybody)) > 40
    assert seed.variant(lesson, "ada")["n"] == seed.variant(replace(lesson, draws=lesson.draws[:1]), "ada")["n"]
    assert Seed.open(course, tmp_path / "another").variant(lesson, "ada") != seed.variant(lesson, "ada")


def test_a_lesson_keeps_what_it_draws_when_it_is_written(course: Course) -> None:
    """What `metadata.hornbook.parameters` says is read and written alike."""
    assert course.lesson("steps").to_notebook()["metadata"]["hornbook"]["parameters"] == DRAWN


def test_the_seed_is_the_owners_alone_and_in_no_text(course: Course, tmp_path: Path) -> None:
    """Its file has mode 0600, and neither its name nor its fingerprint tells it."""
    seed = Seed.open(course, tmp_path / "private" / "seed")

    assert stat.S_IMODE((tmp_path / "private" / "seed").stat().st_mode) == 0o600
    assert seed.secret.hex() not in repr(seed) + seed.fingerprint
    assert not default_path(course).is_relative_to(course.root)
    assert Seed.find(course, tmp_path / "private" / "seed") == seed


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [
        ("ab" * 32 + "\n", 0o644, "others may read the seed"),
        ("ab" * 31 + "\n", 0o600, "is no seed"),
        ("xy" * 32 + "\n", 0o600, "is no seed"),
        ("ä" * 32, 0o600, "is no seed"),
    ],
)
def test_a_seed_that_is_none_or_is_read_by_others_is_refused(course: Course, tmp_path: Path, content: str, mode: int, problem: str) -> None:
    """Drawing anew would give everybody other values, and what others can read they can draw."""
    path = tmp_path / "seed"
    path.write_text(content, "utf-8")
    path.chmod(mode)

    with pytest.raises(HornbookError, match=problem):
        Seed.open(course, path)


def test_a_seed_within_the_course_is_refused(course: Course) -> None:
    """A release, or a commit, could take it along."""
    with pytest.raises(HornbookError, match="lies in the course"):
        Seed.open(course, course.root / "seed")


def test_a_seed_in_a_hidden_folder_of_the_course_is_kept(course: Course) -> None:
    """Where somebody's home is the course, as on Binder, Jupyter's data folder lies in it; no release takes along what is hidden."""
    path = course.root / ".local" / "share" / "jupyter" / "hornbook" / "seeds" / "course.seed"

    made = Seed.open(course, path)

    assert Seed.find(course, path) == made


def test_a_seed_that_is_named_must_be_there_to_grade_with(course: Course, tmp_path: Path) -> None:
    """A new one would draw what nobody was handed out; where a course has none, nothing was."""
    with pytest.raises(HornbookError, match="the seed cannot be read"):
        Seed.find(course, tmp_path / "lost")


def test_a_seed_that_cannot_be_written_is_said(course: Course, tmp_path: Path) -> None:
    """A file in the way of its folder is named."""
    (tmp_path / "file").write_text("", "utf-8")

    with pytest.raises(HornbookError, match="the seed cannot be written"):
        Seed.open(course, tmp_path / "file" / "seed")


def test_papermill_puts_the_values_behind_the_parameters_cell_and_nothing_else_changes(course: Course, tmp_path: Path) -> None:
    """Take the cell out and it is the lesson, byte for byte; the cell cannot be edited, and says what was drawn."""
    seed, lesson = Seed.open(course, tmp_path / "seed"), course.lesson("steps")
    path = hand_out(lesson, "ada", seed, tmp_path / "out")
    notebook = json.loads(path.read_bytes())
    injected = notebook["cells"].pop(1)

    assert json.dumps(notebook, ensure_ascii=False, indent=1) + "\n" == lesson.path.read_text("utf-8")
    assert injected["metadata"] == {"deletable": False, "editable": False, "tags": [INJECTED]}
    assert SubmissionFile.open(path).submission(lesson).claimed == seed.variant(lesson, "ada")


def test_handing_out_again_changes_nothing_and_never_a_learners_work(course: Course, tmp_path: Path) -> None:
    """The bytes are the same; a notebook that somebody has worked on is left, and that is said."""
    seed, lesson = Seed.open(course, tmp_path / "seed"), course.lesson("steps")
    path = hand_out(lesson, "ada", seed, tmp_path)
    before = path.read_bytes()
    assert hand_out(lesson, "ada", seed, tmp_path).read_bytes() == before

    path.write_bytes(before.replace(b"one = ...", b"one = 1"))
    with pytest.raises(HornbookError, match="is there already, and says something else"):
        hand_out(lesson, "ada", seed, tmp_path)

    assert b"one = 1" in path.read_bytes()


def test_a_lesson_that_draws_nothing_is_handed_out_as_it_is(course: Course) -> None:
    """Without values papermill has nothing to inject."""
    lesson = course.lesson("steps")

    assert notebook_for(lesson, {}) == lesson.path.read_text("utf-8")


@pytest.mark.parametrize("said", ["", " ", "..", ".ada", "a/b", "../ada", "a\\b", "a\0b", "a\nb", "\u202eada", "\ud800", "x" * 121])
def test_who_is_no_folder_is_no_learner(said: str) -> None:
    """A list of learners comes from elsewhere, and its words become paths."""
    with pytest.raises(HornbookError, match="is no id of a learner"):
        learner_id(said)


def test_a_name_is_the_same_however_its_accents_are_written() -> None:
    """What a Mac takes apart is put together."""
    assert learner_id(" Zoe\u0308 ") == "Zo\u00eb"
