"""Reports over a batch: JUnit, CSV, JSON, Markdown, a page, and annotations for GitHub, each chosen by the suffix of its file.

    report = Report.at(Path("results.xml"))     refused before anything is graded, where that would be in vain
    report.write(entries, title)                whole or not at all

A report is for whoever grades. What learners wrote in it is text: no markup, no formula, no command of a pipeline.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self, TypeAlias

from hornbook.errors import HornbookError, printable
from hornbook.grading.journal import Entry

Draw: TypeAlias = Callable[[Iterable[Entry], str], Iterator[str]]
"""From entries, which can be gone through again, and the course's title to the parts of a text."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report to be: its file, and how it is drawn."""

    path: Path
    draw: Draw

    @classmethod
    def at(cls, path: Path) -> Report:
        """Return the report whose kind the suffix of *path* tells; raise HornbookError where there is none, or no file can be made."""
        from hornbook.reports import junit, pages, tables  # noqa: PLC0415 - they need what stands here

        kinds: dict[str, Draw] = {
            ".csv": tables.csv,
            ".json": tables.json,
            ".xml": junit.junit,
            ".md": pages.markdown,
            ".html": pages.html,
        }
        if path.suffix.lower() not in kinds:
            ends = ", ".join(kinds)
            raise HornbookError(f"{printable(path)}: no report has this suffix. There are {ends}; --jsonl keeps the verdicts themselves.")
        with _saying(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Before an hour of grading is a better time to learn that nothing can be written here.
            with tempfile.TemporaryFile(dir=path.parent):
                pass
            if path.is_dir():
                raise IsADirectoryError(None, "Is a directory")
        return cls(path, kinds[path.suffix.lower()])

    def write(self, entries: Iterable[Entry], title: str) -> None:
        """Write what is to be said of *entries*, which can be gone through more than once; raise HornbookError where that is not possible.

        What stood there stays until the new report is whole.
        """
        write_whole(self.path, self.draw(entries, title), "--report")


def write_whole(path: Path, parts: Iterable[str], option: str) -> None:
    """Write the *parts* of a text to *path*, whole or not at all; raise HornbookError, with the *option*'s name, where it cannot be."""
    with _saying(path, option):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - it is renamed
            "w", encoding="utf-8", newline="", errors="backslashreplace", dir=path.parent, prefix=".hornbook-", delete=False
        )
        try:
            with file:
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).chmod(0o666 & ~_umask())
            Path(file.name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(file.name).unlink()
            raise


@contextlib.contextmanager
def _having_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = tempfile.tempdir or "The folder for temporary files"
        raise HornbookError(f"{printable(where)}: there is no room for the results ({error.strerror}).") from error


@contextlib.contextmanager
def _saying(path: Path, option: str = "--report") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be written ({error.strerror}). Choose another file for {option}.") from error


def _umask() -> int:
    """Return what a new file of ours is not allowed: a temporary one is more private than a report should be."""
    before = os.umask(0o077)
    os.umask(before)
    return before


@dataclass(slots=True)
class Spool:
    """The results of a run, kept on the disk until they are reported: a thousand verdicts need no memory. A context manager."""

    file: IO[bytes]
    end: int = 0

    @classmethod
    def open(cls) -> Self:
        """Return an empty one. Its file has no name, and ends with it. Raises HornbookError where none can be made."""
        with _having_room():
            return cls(tempfile.TemporaryFile())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def add(self, entry: Entry) -> None:
        """Keep *entry*; raise HornbookError where there is no room."""
        with _having_room():
            self.file.seek(self.end)
            self.end += self.file.write(entry.to_json())
            self.file.flush()

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries, in the order in which they came."""
        with os.fdopen(os.dup(self.file.fileno()), "rb") as file:
            file.seek(0)
            yield from map(Entry.from_json, file)


MAX_SAID: Final = 300
"""How long a sentence in a report is at most, in characters: a learner's value may be as long as its limits allow."""


def said(entry: Entry) -> str:
    """Return in one sentence what there is to say of *entry*, besides its points, to whoever reads a table."""
    if entry.verdict is None:
        return short(entry.refusal.error if entry.refusal else "")
    broken = entry.verdict.broken
    if broken:
        return short(f"{broken[0].title}: {broken[0].message}")
    visible = [outcome for outcome in entry.verdict.outcomes if not outcome.passed and not outcome.hidden and outcome.status != "skipped"]
    if visible:
        return short(f"{visible[0].title}: {visible[0].first_sentence}" if visible[0].first_sentence else visible[0].title)
    hidden = sum(not outcome.passed and outcome.status != "skipped" for outcome in entry.verdict.outcomes)
    if hidden:
        return f"{hidden} hidden {'check has' if hidden == 1 else 'checks have'} not passed."
    manual, claimed = len(entry.verdict.manual), sum(outcome.claimed for outcome in entry.verdict.outcomes)
    told = [f"{manual} {'answer is' if manual == 1 else 'answers are'} for a person to read."] if manual else []
    told += [f"{claimed} {'check was' if claimed == 1 else 'checks were'} told by the notebook's own kernel."] if claimed else []
    return " ".join(told)


def short(text: str) -> str:
    """Return *text* on one line, printable, and not longer than `MAX_SAID`."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= MAX_SAID else f"{line[: MAX_SAID - 1]}…"


def number(value: float) -> str:
    """Return points as people write them: 2, not 2.0."""
    return f"{value:.4f}".rstrip("0").rstrip(".")
