"""`hornbook.grading.preparation`: what a lesson wants of its sandbox, and the files that it brings along."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hornbook import Course
from hornbook.grading.preparation import FILES_BYTES, files_for, imported_by
from hornbook.scaffold import FIRST_LESSON, new_course

if TYPE_CHECKING:
    from pathlib import Path


def beside(root: Path, **files: bytes) -> dict[str, str]:
    """Return what the sandbox is given of *files* beside the lesson of a new course; `__` in a name stands for `/`, `_` for a point."""
    new_course(root)
    for name, data in files.items():
        path = root / "lessons" / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return files_for(Course.open(root).lesson(FIRST_LESSON))


def test_texts_beside_a_lesson_are_brought_along(tmp_path: Path) -> None:
    """Text files and those in sub-folders are there; what is no text, hidden, or another lesson's folder is not."""
    files = beside(tmp_path, sea_csv=b"1,2", data__more_csv="é".encode(), odd_npy=b"\x93NUMPY", other__x_ipynb=b"{}", other__y_csv=b"3")
    (tmp_path / "lessons" / ".secret").write_text("x", "utf-8")

    assert files == {"sea.csv": "1,2", "data/more.csv": "é"}


def test_links_and_pipes_are_not_opened(tmp_path: Path) -> None:
    """A link out of the course brings nothing along, and a pipe does not keep anybody waiting."""
    new_course(tmp_path)
    (tmp_path / "lessons" / "link.txt").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "lessons" / "pipe.txt")

    assert files_for(Course.open(tmp_path).lesson(FIRST_LESSON)) == {}


def test_more_than_fits_is_left_out(tmp_path: Path) -> None:
    """Of files that are too much together the small ones come along."""
    files = beside(tmp_path, small_csv=b"1", large_csv=b"1" * FILES_BYTES)

    assert files == {"small.csv": "1"}


def test_only_installed_modules_are_imported_before() -> None:
    """What a lesson's cells import is known, the standard library left out, and a cell that is no Python is no hindrance."""
    assert imported_by(["import numpy as np, os", "from pandas.core import frame", "%magic", "import numpy"]) == ["numpy", "pandas.core"]
