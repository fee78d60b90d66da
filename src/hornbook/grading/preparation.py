"""What a lesson wants of its sandbox: light enough to be known before anything heavy is imported."""

from __future__ import annotations

import ast
import contextlib
import functools
import sys
from collections.abc import Iterable

from hornbook.course import Course
from hornbook.lesson import Lesson
from hornbook.sandbox.policy import Mode, Policy


def policy_for(course: Course, lesson: Lesson, mode: Mode) -> Policy:
    """Return how a sandbox for *lesson* is to be built; what *course* names and its cells import is there before a submission is."""
    imported = imported_by(cell.source for cell in lesson.cells if cell.kind == "code")
    preload = tuple(dict.fromkeys((*course.settings.preload, *imported)))
    return Policy(mode=mode, limits=course.settings.limits, hidden=(course.root,), preload=preload)


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
