"""The commands of a course that others take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hornbook.cli import app
from hornbook.course import Course
from hornbook.released import MANIFEST
from hornbook.scaffold import new_course


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Give a course with one lesson."""
    new_course(tmp_path / "singers")
    return Course.open(tmp_path / "singers")


def release(*words: str | Path) -> Result:
    """Run `hornbook release`."""
    return CliRunner().invoke(app, ["release", *map(str, words)])


def test_it_tells_what_was_made(course: Course, tmp_path: Path) -> None:
    """A release is told in four lines, or as one JSON document; the form is an option or the suffix."""
    told = release(course.root, "--into", tmp_path / "out.zip")
    document = release(course.root, "--into", tmp_path / "out", "--as", "binder", "--json")

    assert told.exit_code == 0, told.output
    assert "Released   Singers, 1 lesson, as a zip" in told.stdout
    assert "kept back  2 hidden checks, and all solutions" in told.stdout
    assert json.loads(document.stdout)["release"]["lessons"][0]["slug"] == "counting_vowels"
    assert (tmp_path / "out" / MANIFEST).is_file()


def test_a_leak_ends_it(course: Course, tmp_path: Path) -> None:
    """Findings are told one in a line, with exit code 3; `--scan` tells the same of what is there already."""
    solution = (course.root / "graders" / "counting_vowels.solution.py").read_text("utf-8")
    (course.root / "lessons" / "a.txt").write_text(solution, "utf-8")
    stopped = release(course.root, "--into", tmp_path / "out")
    scanned = release(course.root, "--scan", course.root / "lessons")
    document = json.loads(release(course.root, "--scan", course.root / "lessons", "--json").stdout)

    assert (stopped.exit_code, scanned.exit_code) == (3, 3)
    assert "lessons/a.txt, line 6: the solution of counting_vowels" in stopped.stderr
    assert "a.txt, line 6: the solution of counting_vowels" in scanned.stdout
    assert ("a.txt", "line 6") in [(finding["file"], finding["place"]) for finding in document["findings"]]


def test_what_is_clean_is_said(course: Course, tmp_path: Path) -> None:
    """A release of one's own has nothing in it that learners must not get."""
    release(course.root, "--into", tmp_path / "out.zip")
    scanned = release(course.root, "--scan", tmp_path / "out.zip")

    assert (scanned.exit_code, "nothing in it" in scanned.stdout) == (0, True)


def test_versions_are_listed(course: Course, tmp_path: Path) -> None:
    """Before a release no version was kept; after it the one that is there now is."""
    before = release(course.root, "--list")
    release(course.root, "--into", tmp_path / "out")
    after = release(course.root, "--list")
    (document,) = json.loads(release(course.root, "--list", "--json").stdout)

    assert "No version was kept yet" in before.stdout
    assert "as it is now" in after.stdout
    assert document["digest"][:12] in after.stdout


@pytest.mark.parametrize("words", [[], ["--list", "--into", "x"], ["--scan", "x", "--into", "y"]])
def test_it_does_one_thing(course: Course, words: list[str]) -> None:
    """Without anything to do, or with two things, it says which there are."""
    ended = release(course.root, *words)

    assert ended.exit_code == 2
    assert "--into PATH makes a release, --scan PATH looks through one" in ended.stderr


def test_a_place_that_is_not_there_cannot_be_scanned(course: Course, tmp_path: Path) -> None:
    """What is to be looked through must be there."""
    ended = release(course.root, "--scan", tmp_path / "nothing")

    assert ended.exit_code == 2
    assert "is not there" in ended.stderr
