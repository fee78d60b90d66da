"""What a lesson wants of its sandbox, and what it is graded with: light enough to be known before anything heavy is imported."""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import os
import platform
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from hornbook.course import Course
from hornbook.lesson import Lesson
from hornbook.model import Runtime
from hornbook.sandbox.policy import Mode, Policy


def policy_for(course: Course, lesson: Lesson, mode: Mode) -> Policy:
    """Return how a sandbox for *lesson* is to be built; what *course* names and its cells import is there before a submission is."""
    imported = imported_by(cell.source for cell in lesson.cells if cell.kind == "code")
    preload = tuple(dict.fromkeys((*course.settings.preload, *imported)))
    return Policy(mode=mode, limits=course.settings.limits, hidden=(course.root,), preload=preload)


FILES_BYTES = 768 << 10
"""How many bytes of files a sandbox is given: they go in with the message that starts it, which has room for little more."""


def files_for(lesson: Lesson) -> dict[str, str]:
    """Return the texts that lie beside *lesson*, by their paths from there: its cells find them in the learner's home.

    What is no text is left out, and so is what would be more than `FILES_BYTES` together, the larger files first.
    """
    texts: dict[str, str] = {}
    room = FILES_BYTES
    for path in sorted(files_beside(lesson.path.parent), key=lambda path: (path.stat().st_size, path)):
        room -= path.stat().st_size
        if room < 0:
            break
        with contextlib.suppress(UnicodeDecodeError, OSError):
            texts[path.relative_to(lesson.path.parent).as_posix()] = path.read_bytes().decode()
    return texts


def files_beside(folder: Path) -> Iterator[Path]:
    """Yield the plain files in *folder* that are no notebooks, and those in its sub-folders.

    A sub-folder with a notebook is another lesson's; hidden files and links are nobody's.
    """
    for place, folders, files in os.walk(folder):
        lessons = place != str(folder) and any(name.endswith(".ipynb") for name in files)
        folders[:] = [] if lessons else sorted(name for name in folders if not name.startswith((".", "__")))
        for name in [] if lessons else sorted(files):
            path = Path(place, name)
            if not name.startswith(".") and not name.endswith(".ipynb") and not path.is_symlink() and path.is_file():
                yield path


def imported_by(sources: Iterable[str]) -> list[str]:
    """Return the installed modules that a lesson's own cells import: they are imported before any learner's time runs."""
    names = dict.fromkeys(name for source in sources for name in _imports(source))
    return [name for name in names if name.split(".")[0] not in sys.stdlib_module_names]


@functools.cache
def _imports(source: str) -> tuple[str, ...]:
    """Return the names that *source* imports, in order; none where it is not Python. A lesson's cells are the same each time."""
    names: list[str] = []
    with contextlib.suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.append(node.module)
    return tuple(names)


@functools.cache
def runtime() -> Runtime:
    """Return what this is: Python, the digest of the installed packages, and our own version."""
    from hornbook import __version__  # noqa: PLC0415 - the package is still being imported when this module is

    folders = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    # The names of the dist-info folders say it all; reading each one's metadata would take ten times as long.
    packages = sorted({entry.name.removesuffix(".dist-info") for folder in folders for entry in folder.glob("*.dist-info")})
    return Runtime(platform.python_version(), hashlib.sha256("\n".join(packages).encode()).hexdigest(), __version__)
