"""Begins inside a page: what `assets/worker.js` calls, with texts in and texts out.

desk(course, tell)                   what checks; `tell` is given JSON
room(course, slug, language, emit)   what runs a lesson's cells; `emit` is given JSON
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

# A browser has no clock of a thread, and Python does without it there. The wire wants one by name, before anything else runs.
if not hasattr(time, "thread_time"):
    time.thread_time = time.perf_counter

HOME = Path("/home/learner")


class Room:
    """Where a lesson's cells are run one after the other."""

    def __init__(self, course: str, slug: str, language: str, emit: Callable[[str], object]) -> None:
        from hornbook.course import Course  # noqa: PLC0415 - after the clock
        from hornbook.offline.cells import Shell  # noqa: PLC0415
        from hornbook.offline.desk import Files  # noqa: PLC0415

        opened = Course.open(Path(course))
        self.language = language
        Files(opened.lesson(slug), HOME / "work").lay()
        self.shell = Shell(lambda output: emit(json.dumps(output)), room=opened.settings.limits.output_kb << 10)

    def run(self, source: str) -> bool:
        """Run one cell; return whether it came to its end without an error."""
        from hornbook.words import speaking  # noqa: PLC0415 - after the clock

        with speaking(self.language):
            return self.shell.run(source).error is None


def room(course: str, slug: str, language: str, emit: Callable[[str], object]) -> Room:
    """Return where the cells of the lesson *slug* are run."""
    return Room(course, slug, language, emit)


def desk(course: str, tell: Callable[[str], object]) -> object:
    """Return what checks, with everything imported that it will need."""
    import pytest  # noqa: F401, PLC0415 - so that the first check does not wait for it

    from hornbook.course import Course  # noqa: PLC0415 - after the clock
    from hornbook.grading import pytest_plugin  # noqa: F401, PLC0415 - the same as pytest
    from hornbook.offline.desk import Desk  # noqa: PLC0415

    # Nobody sees what pytest writes to a terminal.
    sys.dont_write_bytecode = True
    return Desk(Course.open(Path(course)), HOME / "check", lambda told: tell(json.dumps(told)))
