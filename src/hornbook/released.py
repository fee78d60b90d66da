"""What a release says of itself, in `hornbook-release.json`: which lessons, in which versions, and what was kept back of each.

A release is the learners' course. The hidden checks are not in it, so it says how many there are and what the whole is worth: a learner
then sees honest points, and is never told that all is passed while a part was not asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal

from hornbook.errors import CourseError

MANIFEST: Final = "hornbook-release.json"
"""The file's name, at the top of a release."""

_MOST_BYTES: Final = 16 << 20


class Form(StrEnum):
    """What a release becomes."""

    FOLDER = "folder"
    ZIP = "zip"
    WHEEL = "wheel"
    BINDER = "binder"


@dataclass(frozen=True, slots=True)
class Worth:
    """What one exercise is worth with all of its checks, and how many of them are hidden, and so not in the release."""

    points: float
    hidden: int


@dataclass(frozen=True, slots=True)
class ReleasedLesson:
    """One lesson of a release. `digest` is that of all that a grade depends on, see `grading/material.py`."""

    slug: str
    version: str
    digest: str
    exercises: Mapping[str, Worth] = field(default_factory=dict)

    @property
    def hidden(self) -> int:
        """How many hidden checks were kept back."""
        return sum(worth.hidden for worth in self.exercises.values())


@dataclass(frozen=True, slots=True)
class Released:
    """The manifest of a release: the course, what made it, its lessons, and the SHA-256 of each of its other files by their paths.

    `released` is when, in seconds since 1970, where SOURCE_DATE_EPOCH has said so: the same course gives the same bytes.
    """

    course: str
    title: str
    hornbook: str
    lessons: tuple[ReleasedLesson, ...]
    files: Mapping[str, str]
    released: int | None = None
    format: Literal[1] = 1

    def lesson(self, slug: str) -> ReleasedLesson:
        """Return what is said of the lesson *slug*; nothing was kept back of one that came later."""
        return next((one for one in self.lessons if one.slug == slug), ReleasedLesson(slug, "", ""))

    def to_json(self) -> bytes:
        """Return the file's content."""
        content = {name: value for name, value in asdict(self).items() if value is not None}
        return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def read(cls, path: Path) -> Released:
        """Return the manifest in the file at *path*; raise `CourseError` if it is none."""
        try:
            with path.open("rb") as file:
                return cls.from_json(file.read(_MOST_BYTES))
        except OSError as error:
            raise CourseError(path, f"cannot be read ({error.strerror}). Take the release anew.") from error
        except (ValueError, RecursionError) as error:
            raise CourseError(path, f"is not what `hornbook release` writes ({error}). Take the release anew.") from error

    @classmethod
    def from_json(cls, data: bytes) -> Released:
        """Return the manifest in *data*; raise ValueError if it is none."""
        content = json.loads(data)
        try:
            if content["format"] != 1:
                raise ValueError("a later hornbook has made it")
            lessons = tuple(_lesson(lesson) for lesson in content["lessons"])
            files = {_text(name): _text(digest) for name, digest in content["files"].items()}
            released = content.get("released")
            course, title, hornbook = (_text(content[name]) for name in ("course", "title", "hornbook"))
            return cls(course, title, hornbook, lessons, files, None if released is None else int(released))
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError("something is missing in it") from error


def _lesson(content: Mapping[str, Any]) -> ReleasedLesson:
    exercises = {_text(name): Worth(_number(one["points"]), int(_number(one["hidden"]))) for name, one in content["exercises"].items()}
    return ReleasedLesson(_text(content["slug"]), _text(content["version"]), _text(content["digest"]), exercises)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is wanted")
    return value


def _number(value: object) -> float:
    """Return *value* if it is a number that can be counted with; no sum of points is less than nothing, or endless."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e9:  # noqa: PLR2004 - more than anybody gives
        raise TypeError("a number is wanted")
    return value
