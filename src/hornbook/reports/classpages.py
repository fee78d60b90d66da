"""The class as a whole, as a page and as a table."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hornbook.reports.classview import CheckView, LessonView, Parts, passes_of
from hornbook.reports.pages import head, safe
from hornbook.reports.tables import rows

COLUMNS = (
    "course", "lesson", "title", "learners", "passed", "attempts", "attempts to pass", "hours to pass", "gone",
    "check", "check title", "hidden", "at first", "in the end", "discrimination",
    "hints seen", "passes by author",
)  # fmt: skip


def csv(views: Sequence[LessonView], parts: Parts | None = None) -> Iterator[str]:
    """Yield a table by RFC 4180, one row for each check; a lesson of a small group has no figures.

    *parts* says what part of each lesson its authors have.
    """
    yield from rows([COLUMNS])
    for view in views:
        lesson = (view.course, view.slug, view.title)
        if view.small:
            yield from rows([(*lesson, *[""] * (len(COLUMNS) - 3))])
            continue
        figures = (view.learners, view.passed, view.attempts, view.attempts_to_pass, view.hours_to_pass, view.gone)
        authors = "; ".join(f"{name} {passes:.2f}" for name, passes in passes_of(view, parts or {}).items())
        for check in view.checks:
            about = (check.name, check.title, "yes" if check.hidden else "no", round(check.at_first, 4), round(check.in_the_end, 4))
            values = (*lesson, *figures, *about, check.discrimination, "; ".join(map(str, check.hints_seen)), authors)
            yield from rows([tuple("" if value is None else value for value in values)])


def html(views: Sequence[LessonView], parts: Mapping[str, float], title: str, least: int) -> Iterator[str]:
    """Yield the page over *views*: light or dark as its reader likes it, without scripts, with nothing from elsewhere, and no name."""
    style = Path(__file__).with_name("report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{safe(title)}: how the class does</title><style>{style}</style></head>\n<body><main>\n<h1>{safe(title)}</h1>\n"
        f"<p class=lead>What needs work comes first. Of fewer than {least} learners nothing is told.</p>\n"
    )
    for view in views:
        yield from _lesson(view, least)
    if parts:
        yield "<section><h2>Passes by author</h2>\n"
        yield from head("Passes by author; those who wrote a lesson together share its passes, as it says", ("Author", "Passes"))
        yield from (f"<tr><th scope=row>{safe(name)}</th><td class=n>{number:.1f}</td></tr>\n" for name, number in parts.items())
        yield "</tbody></table></div></section>\n"
    yield "</main></body></html>\n"


def _lesson(view: LessonView, least: int) -> Iterator[str]:
    yield f"<section><h2>{safe(view.title)}</h2>\n"
    if view.small:
        yield f"<p>Fewer than {least} learners have handed it in. <code>{safe(view.slug)}</code></p></section>\n"
        return
    told = [f"{view.attempts} attempts; {view.passed} of {view.learners} have passed"]
    if view.attempts_to_pass is not None:
        told.append(f"half of these within {view.attempts_to_pass:g} attempts and {view.hours_to_pass:g} hours")
    if view.gone:
        told.append(f"{view.gone} have not passed and have not come back")
    yield f"<p>{'; '.join(told)}. <code>{safe(view.slug)}</code></p>\n"
    if view.why:
        yield f"<p><strong>{safe(view.why)}</strong></p>\n"
    yield from head(
        f"The checks of {view.title}", ("Check", "Exercise", "At first", "In the end", "Tells apart", "Hints seen", "Often told")
    )
    for check in view.checks:
        yield from _check(check)
    yield "</tbody></table></div></section>\n"


def _check(check: CheckView) -> Iterator[str]:
    hidden = " <small>hidden</small>" if check.hidden else ""
    told = "".join(f"<li>{safe(one.words)} <small>{one.learners} learners</small></li>" for one in check.mistakes)
    tells = "" if check.discrimination is None else f"{check.discrimination:+.2f}"
    yield f"<tr><th scope=row>{safe(check.title)}{hidden}</th><td>{safe(check.exercise)}</td>"
    yield f"<td class=n>{_bar(check.at_first)}</td><td class=n>{_bar(check.in_the_end)}</td><td class=n>{tells}</td>"
    yield f"<td class=n>{', '.join(map(str, check.hints_seen))}</td>"
    yield f"<td>{f'<ul>{told}</ul>' if told else ''}</td></tr>\n"


def _bar(share: float) -> str:
    """Return a share as a bar; the number beside it says the same."""
    filled = f'<rect width="{60 * share:.1f}" height="8" fill="currentColor"/>'
    bar = f'<svg width="60" height="8" aria-hidden="true"><rect width="60" height="8" fill="currentColor" opacity=".15"/>{filled}</svg>'
    return f"{share:.0%} {bar}"
