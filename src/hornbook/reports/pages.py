"""A batch for people: Markdown, as for a pull request, and a page of its own in HTML, which needs nothing else and runs nothing."""

from __future__ import annotations

import base64
import hashlib
import html as markup
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hornbook.errors import printable
from hornbook.grading.journal import Entry
from hornbook.model import Status
from hornbook.reports import number, said

NUMBERS = ("Asked", "Passed", "Points", "At first", "In the end", "Tells apart", "Passes")
"""The columns that stand under each other to the last digit."""

SYMBOLS = {"passed": "✓", "to read": "✎", "not yet": "✗", "refused": "⊘", "held up": "?"}


@dataclass(slots=True)
class _Check:
    """One check over all of a lesson's submissions."""

    title: str
    exercise: str
    hidden: bool
    asked: int = 0
    passed: int = 0


@dataclass(slots=True)
class _Lesson:
    """One lesson over all of its submissions."""

    title: str
    results: dict[str, int] = field(default_factory=dict)
    earned: float = 0.0
    possible: float = 0.0
    checks: dict[str, _Check] = field(default_factory=dict)

    @property
    def submissions(self) -> int:
        """How many there are."""
        return sum(self.results.values())

    @property
    def mean(self) -> str:
        """The mean of the points, of those possible."""
        return f"{_percent(self.earned, self.possible)}"


@dataclass(slots=True)
class _Sum:
    """What all entries come to."""

    results: dict[str, int] = field(default_factory=dict)
    lessons: dict[str, _Lesson] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> _Sum:
        """Return the sum of *entries*."""
        found = cls()
        for entry in entries:
            found.results[entry.word] = found.results.get(entry.word, 0) + 1
            if entry.verdict is not None:
                found.add(entry)
        return found

    def add(self, entry: Entry) -> None:
        """Count one that has a verdict."""
        assert entry.verdict is not None  # noqa: S101 - for mypy
        verdict = entry.verdict
        lesson = self.lessons.setdefault(verdict.lesson.slug, _Lesson(verdict.lesson.title))
        lesson.results[entry.word] = lesson.results.get(entry.word, 0) + 1
        lesson.earned += verdict.points.earned
        lesson.possible += verdict.points.possible
        for outcome in verdict.outcomes:
            check = lesson.checks.setdefault(outcome.check, _Check(outcome.title, outcome.exercise or "", outcome.hidden))
            if outcome.status not in {Status.BROKEN, Status.SKIPPED}:
                check.asked += 1
                check.passed += outcome.passed

    @property
    def line(self) -> str:
        """All of it in one sentence."""
        total = sum(self.results.values())
        words = ", ".join(f"{self.results[word]} {word}" for word in SYMBOLS if word in self.results)
        return f"{total} {'notebook' if total == 1 else 'notebooks'}: {words}." if total else "No notebooks."


# --- Markdown ----------------------------------------------------------------------------------------------------------


def markdown(entries: Iterable[Entry], title: str) -> Iterator[str]:
    """Yield a report in Markdown as GitHub and GitLab read it; what learners wrote is shown as it is, and marks nothing up."""
    found = _Sum.of(entries)
    yield f"# {plain(title)}\n\n{found.line}\n"
    if found.lessons:
        yield "\n| lesson | notebooks | passed | points |\n|---|---:|---:|---:|\n"
    for slug, lesson in found.lessons.items():
        passed = lesson.results.get("passed", 0)
        yield f"| {plain(lesson.title)} ({plain(slug)}) | {lesson.submissions} | {passed} | {lesson.mean} |\n"
    if found.results:
        yield "\n| notebook | result | points | remark |\n|---|---|---:|---|\n"
    for entry in entries:
        yield f"| {plain(entry.name)} | {SYMBOLS[entry.word]} {entry.word} | {_points(entry)} | {plain(said(entry))} |\n"


def plain(text: str) -> str:
    r"""Return *text* for a line of Markdown in which it is nothing but text.

    >>> print(plain("<b> | [x](y) @ada"))
    \<b\> \| \[x\]\(y\) \@ada
    """
    escaped = re.sub(r"([\\`*_{}\[\]()<>#|~&@!$:])", r"\\\1", printable(text))
    # A name that looks like an address is no link.
    return re.sub(r"(?i)\bwww\.", r"www\\.", escaped)


def _points(entry: Entry) -> str:
    if entry.verdict is None:
        return ""
    return f"{number(entry.verdict.points.earned)} of {number(entry.verdict.points.possible)}"


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


# --- HTML --------------------------------------------------------------------------------------------------------------


def html(entries: Iterable[Entry], title: str) -> Iterator[str]:
    """Yield the page over *entries*: light or dark as its reader likes it, without scripts, with nothing from elsewhere."""
    found = _Sum.of(entries)
    style = Path(__file__).with_name("report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{safe(title)}: what was handed in</title><style>{style}</style></head>\n<body><main>\n"
        f"<h1>{safe(title)}</h1>\n<p class=lead>{safe(found.line)}</p>\n"
    )
    for slug, lesson in found.lessons.items():
        yield from _lesson(slug, lesson)
    yield from _submissions(entries)
    yield "</main></body></html>\n"


def _lesson(slug: str, lesson: _Lesson) -> Iterator[str]:
    yield (
        f"<section><h2>{safe(lesson.title)}</h2>\n<p>{lesson.submissions} handed in, {lesson.results.get('passed', 0)} passed, "
        f"{lesson.mean} of all points. <code>{safe(slug)}</code></p>\n"
    )
    names = ("Check", "Exercise", "Asked", "Passed")
    yield from head(f"The checks of {lesson.title}", names)
    for check in lesson.checks.values():
        hidden = " <small>hidden</small>" if check.hidden else ""
        yield f"<tr><th scope=row>{safe(check.title)}{hidden}</th><td>{safe(check.exercise)}</td><td class=n>{check.asked}</td>"
        yield f"<td class=n>{_percent(check.passed, check.asked)}</td></tr>\n"
    yield "</tbody></table></div></section>\n"


def _submissions(entries: Iterable[Entry]) -> Iterator[str]:
    yield "<section><h2>Notebooks</h2>\n"
    yield from head("What was handed in", ("Learner", "Notebook", "Lesson", "Result", "Points", "Remark"))
    for entry in entries:
        lesson = entry.verdict.lesson.title if entry.verdict else ""
        kind = entry.word.replace(" ", "-")
        cells = f"<td>{safe(entry.name)}</td><td>{safe(lesson)}</td><td class={kind}>{SYMBOLS[entry.word]} {entry.word}</td>"
        yield f"<tr><th scope=row>{safe(entry.learner)}</th>{cells}<td class=n>{_points(entry)}</td><td>{safe(said(entry))}</td></tr>\n"
    yield "</tbody></table></div></section>\n"


def head(caption: str, names: Iterable[str]) -> Iterator[str]:
    """Yield the beginning of a table. What may be wider than the window can be scrolled, by keys as well."""
    yield f'<div class=scroll tabindex=0 role=region aria-label="{safe(caption)}"><table><caption>{safe(caption)}</caption>\n<thead><tr>'
    yield from (f"<th scope=col{' class=n' if name in NUMBERS else ''}>{name}</th>" for name in names)
    yield "</tr></thead><tbody>\n"


def safe(text: str) -> str:
    """Return *text* as it stands in HTML, whatever it says."""
    return markup.escape(printable(text))
