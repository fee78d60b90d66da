"""A batch as a table for programs: CSV that no spreadsheet takes for formulas, and JSON."""

from __future__ import annotations

import csv as rfc4180
import io
from collections.abc import Iterable, Iterator
from typing import Final

from hornbook.errors import printable
from hornbook.grading.journal import Entry
from hornbook.reports import number, said

COLUMNS: Final = (
    "learner",
    "notebook",
    "lesson",
    "title",
    "version",
    "result",
    "earned",
    "possible",
    "percent",
    "passed",
    "assurance",
    "level",
    "graded",
    "seconds",
    "seed",
    "digest",
    "remark",
)

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""


def csv(entries: Iterable[Entry], title: str) -> Iterator[str]:
    """Yield a table by RFC 4180, one row for each of *entries*; the *title* has no place in it."""
    del title
    yield from rows([COLUMNS])
    for entry in entries:
        yield from rows([_row(entry)])


def json(entries: Iterable[Entry], title: str) -> Iterator[str]:
    """Yield one JSON document: the course's *title*, and all of *entries*, verdicts and refusals."""
    import msgspec  # noqa: PLC0415 - kept out of `import hornbook`

    yield f'{{"format":1,"course":{msgspec.json.encode(printable(title)).decode()},"results":['
    comma = "\n"
    for entry in entries:
        yield comma + entry.to_json().decode().rstrip("\n")
        comma = ",\n"
    yield "\n]}\n"


def rows(table: Iterable[Iterable[str | float]]) -> Iterator[str]:
    """Yield *table* as CSV; texts are quoted and safe for a spreadsheet, numbers are neither."""
    for row in table:
        line = io.StringIO()
        rfc4180.writer(line, quoting=rfc4180.QUOTE_NONNUMERIC, lineterminator="\r\n").writerow(safe(cell) for cell in row)
        yield line.getvalue()


def safe(cell: str | float) -> str | float:
    """Return *cell*, made a text for a spreadsheet where it would be read as a formula."""
    if not isinstance(cell, str):
        return cell
    text = printable(cell)
    return f"'{text}" if cell.startswith(FORMULA) or text.startswith(FORMULA) else text


def _row(entry: Entry) -> tuple[str | float, ...]:
    verdict = entry.verdict
    if verdict is None:
        return entry.learner, entry.name, "", "", "", entry.word, *[""] * 10, said(entry)
    points = verdict.points
    return (
        entry.learner,
        entry.name,
        verdict.lesson.slug,
        verdict.lesson.title,
        verdict.lesson.version,
        entry.word,
        _number(points.earned),
        _number(points.possible),
        _number(round(100 * points.earned / points.possible, 2)) if points.possible else "",
        "yes" if verdict.passed else "no",
        str(verdict.assurance),
        verdict.sandbox.level,
        verdict.started.isoformat(timespec="seconds"),
        verdict.seconds,
        verdict.seed,
        verdict.submission.digest,
        said(entry),
    )


def _number(value: float) -> float:
    text = number(value)
    return float(text) if "." in text else int(text)
