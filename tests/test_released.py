"""What a release says of itself is read strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hornbook.course import Course
from hornbook.errors import CourseError
from hornbook.released import MANIFEST, Released, ReleasedLesson, Worth
from hornbook.scaffold import new_course

SAID = Released(
    "singers", "Singers", "0.1.0", (ReleasedLesson("means", "1.0.0", "00" * 32, {"mean": Worth(5, 2)}),), {"README.md": "1" * 64}
)


def test_it_reads_what_it_writes() -> None:
    """A manifest reads back as itself; of a lesson that it does not know nothing was kept back."""
    assert Released.from_json(SAID.to_json()) == SAID
    assert SAID.lesson("means").hidden == 2
    assert SAID.lesson("modes").hidden == 0


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"lessons": 3},
        {"lessons": [{"slug": "a"}]},
        {"lessons": [{"slug": "a", "version": "1", "digest": "0", "exercises": {"b": {"points": "5", "hidden": 1}}}]},
        {"lessons": [{"slug": "a", "version": "1", "digest": "0", "exercises": {"b": {"points": 5, "hidden": -1}}}]},
        {"lessons": [{"slug": "a", "version": "1", "digest": "0", "exercises": {"b": {"points": True, "hidden": 1}}}]},
        {"lessons": [{"slug": "a", "version": 1, "digest": "0", "exercises": {}}]},
        {"files": ["README.md"]},
        {"title": None},
        {"released": "now"},
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """What `hornbook release` would not write is refused with the file, wherever the course is used."""
    new_course(tmp_path)
    (tmp_path / MANIFEST).write_text(json.dumps({**json.loads(SAID.to_json()), **change}), "utf-8")
    with pytest.raises(CourseError, match="is not what `hornbook release` writes"):
        Course.open(tmp_path).withheld("counting_vowels")


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"format": 1}'])
def test_what_is_damaged_is_refused(data: bytes) -> None:
    """Whatever else is in the file, a ValueError says that it is none."""
    with pytest.raises((ValueError, RecursionError)):
        Released.from_json(data)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A manifest that is a folder is told in one sentence."""
    new_course(tmp_path)
    (tmp_path / MANIFEST).mkdir()
    with pytest.raises(CourseError, match=r"cannot be read \(Is a directory\)"):
        _ = Course.open(tmp_path).released
