"""What a lesson wants of its sandbox: light enough to be known before anything heavy is imported."""

from __future__ import annotations

import ast
import contextlib
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
    names: list[str] = []
    for source in sources:
        with contextlib.suppress(SyntaxError, ValueError):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Import):
                    names += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.append(node.module)
    return [name for name in dict.fromkeys(names) if name.split(".")[0] not in sys.stdlib_module_names]
