"""A batch where GitHub Actions shows it: annotations beside the files, and a summary of the step.

What a learner wrote and we print is stopped from being read as a command of the runner's: `::set-output` in the first line of an answer
would set an output of the course's own step. Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from hornbook.errors import HornbookError, printable
from hornbook.grading.journal import Entry
from hornbook.reports import pages, said

SHOWN: Final = 10
"""How many errors of a step GitHub shows; more would hide each other."""

SUMMARY_BYTES: Final = 1 << 20
"""How large a step's summary may be."""


def on_github(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether this is a step of GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


@contextlib.contextmanager
def commands_stopped(tell: Callable[[str], None]) -> Iterator[None]:
    """Have the runner read no line in this block as a command; *tell* prints one."""
    word = secrets.token_hex(16)
    tell(f"::stop-commands::{word}")
    try:
        yield
    finally:
        tell(f"::{word}::")


def annotate(entries: Iterable[Entry], paths: Mapping[str, Path]) -> Iterator[str]:
    """Yield a line for each of the first notebooks that have not passed, by name in *paths*, and one for how many more there are."""
    left = 0
    for number, entry in enumerate(entry for entry in entries if entry.exit_code):
        if number >= SHOWN - 1:
            left += 1
            continue
        file = _property(printable(paths.get(entry.name, Path(entry.name))))
        title = _property(f"{printable(entry.name)}: {entry.word}")
        yield f"::error file={file},title={title}::{_message(said(entry) or entry.word)}"
    if left:
        yield f"::error title=More::{left} more {'notebook has' if left == 1 else 'notebooks have'} not passed."


def summarise(entries: Iterable[Entry], title: str, environment: Mapping[str, str] = os.environ) -> None:
    """Append the report in Markdown to the step's summary, if it has one, as much of it as there is room for."""
    path = environment.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    left = SUMMARY_BYTES - 100
    try:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            for part in pages.markdown(entries, title):
                left -= len(part.encode(errors="backslashreplace"))
                if left < 0:
                    file.write("\nThere are more than a summary has room for.\n")
                    break
                file.write(part)
    except OSError as error:
        raise HornbookError(f"{printable(path)}: the step's summary cannot be written ({error.strerror}).") from error


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
