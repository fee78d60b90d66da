"""The pages of a site for practice: an index of the lessons in the order in which they can be learned, and one page for each.

A lesson's prose is drawn here, by what draws artifacts, and passes the same allow-list. Its cells are fields of a form that work without
any library. What the pages do is in `assets/page.js`; they load nothing but their own files, which their policy holds them to.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hornbook.course import Course
from hornbook.lesson import Cell, Lesson
from hornbook.offline import IGNORED
from hornbook.publish.exhibit import markdown
from hornbook.words import say

POLICY: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
"""What a page may load: its own site, and pictures that its cells have drawn. Python runs in a worker, which has a policy of its own."""


def script_words() -> dict[str, str]:
    """Return the words that `page.js` says, with their blanks left open for it."""
    return {
        "run": say("offline.run"),
        "stop": say("offline.stop"),
        "checking": say("offline.checking"),
        "starting": say("offline.starting"),
        "getting": say("offline.getting", percent="{percent}"),
        "ready": say("offline.ready"),
        "unkept": say("offline.unkept"),
        "update": say("offline.update"),
        "unsaved": say("offline.unsaved"),
        "stopped": say("offline.stopped"),
        "ended": say("offline.ended"),
        "cannot-begin": say("offline.cannot-begin", problem="{problem}"),
        "sure": say("offline.sure"),
        "no-notebook": say("offline.no-notebook"),
        "opened": say("offline.opened", title="{title}"),
        "other-lesson": say("offline.other-lesson"),
        "picture": say("offline.picture"),
        "done": say("offline.done", done="{done}", total="{total}"),
    }


@dataclass(frozen=True, slots=True)
class Listed:
    """A lesson as the index lists it: with a page, or with the names of what it *needs* and a browser does not have."""

    lesson: Lesson
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assets:
    """Where the site's own files are, from its root: scripts, styles and what Python is made of."""

    scripts: Mapping[str, str]
    runtime: str
    engine: str
    course: str
    wheels: Sequence[str]

    def as_data(self, up: str, lesson: Lesson | None, course: Course, language: str) -> dict[str, Any]:
        """Return what `page.js` has to know on a page from which *up* leads to the root of the site."""
        data = {
            "root": up or "./",
            "course": course.name,
            "language": language,
            "worker": f"{up}{self.scripts['worker.js']}",
            "card": f"{up}{self.scripts['card.js']}",
            "asking": f"{up}{self.scripts['asking.js']}",
            "runtime": f"{up}{self.runtime}",
            "engine": f"{up}{self.engine}",
            "packed": f"{up}{self.course}",
            "wheels": [f"{up}{wheel}" for wheel in self.wheels],
            "words": script_words(),
        }
        if lesson is not None:
            data["lesson"] = {
                "slug": lesson.slug,
                "digest": lesson.digest,
                "exercises": list(lesson.exercises),
                "notebook": lesson.to_notebook(),
            }
        return data


def index(course: Course, listed: Sequence[Listed], assets: Assets, language: str, *, lab: str | None = None) -> str:
    """Return the page that lists the lessons, and leads to the *lab*, an address, if there is one."""
    rows = "\n".join(_row(one) for one in listed)
    title = html.escape(course.settings.title)
    body = f"""<header><h1>{title}</h1><p class="lead">{_said(say("offline.lead"))}</p></header>
{_standing()}
<ol class="lessons">
{rows}
</ol>
<section class="about"><h2>{_said(say("offline.about"))}</h2>
<p>{_said(say("offline.practice"))}</p>
<p>{_said(say("offline.carry"))}</p>
<p>{_said(say("offline.install"))}</p>
{_to_lab(lab, say("offline.lab-all"))}</section>"""
    return _page(course.settings.title, body, "", assets, assets.as_data("", None, course, language), language)


def _row(one: Listed) -> str:
    lesson = one.lesson
    title, summary = html.escape(lesson.title), html.escape(lesson.summary)
    facts = f'<span class="facts">{html.escape(say("offline.minutes", lesson.minutes))} · {html.escape(lesson.level)}</span>'
    if one.needs:
        needs = html.escape(say("offline.needs", names=", ".join(one.needs)))
        return f'<li class="elsewhere"><h2>{title}</h2><p>{summary}</p><p class="needs">{needs}</p>{facts}</li>'
    return (
        f'<li><h2><a href="lessons/{lesson.slug}.html">{title}</a></h2><p>{summary}</p>{facts}'
        f'<span class="progress" data-slug="{lesson.slug}" data-total="{len(lesson.exercises)}"></span></li>'
    )


def _to_lab(lab: str | None, name: str) -> str:
    """Return a link called *name* to the *lab*, if there is one, and what it costs to follow it."""
    return "" if lab is None else f'<p><a href="{html.escape(lab)}">{_said(name)}</a> {_said(say("offline.lab-first"))}</p>'


def lesson_page(course: Course, lesson: Lesson, assets: Assets, language: str, *, lab: str | None = None) -> str:
    """Return the page of *lesson*, which leads to its notebook in the *lab* if there is one."""
    cells = "\n".join(_cell(number, cell) for number, cell in enumerate(lesson.cells))
    body = f"""<nav><a href="../index.html">{_said(say("offline.all-lessons"))}</a></nav>
{_standing()}
<div class="note" id="note" role="status" hidden></div>
{cells}
<section class="about"><h2>{_said(say("offline.your-work"))}</h2>
<p>{_said(say("offline.practice"))} {_said(say("offline.carry"))}</p>
<div class="bar"><button type="button" id="download">{_said(say("offline.download"))}</button>
<label class="button" for="open">{_said(say("offline.open"))}</label><input type="file" id="open" accept=".ipynb" class="out-of-sight">
<button type="button" id="over">{_said(say("offline.start-over"))}</button></div>
<p class="keys">{_said(say("offline.keys"))}</p>
{_to_lab(lab, say("offline.lab-notebook"))}</section>
<div class="keyboard" id="keyboard" role="toolbar" aria-label="{_said(say("offline.keyboard"))}" hidden></div>"""
    return _page(lesson.title, body, "../", assets, assets.as_data("../", lesson, course, language), language)


def _cell(number: int, cell: Cell) -> str:
    if cell.kind == "raw" or (cell.kind == "code" and is_commands(cell.source)):
        return ""
    if cell.kind == "markdown" and cell.exercise is None:
        return f'<section class="text">{markdown(cell.source, cell.attachments)}</section>'
    exercise = html.escape(cell.exercise or "")
    label = html.escape(say("offline.exercise", exercise=cell.exercise) if cell.exercise else say("offline.example"))
    label = f'<label for="cell-{number}">{label}</label>'
    # Exercises are what somebody looks for who goes from heading to heading.
    label = f'<h2 class="label">{label}</h2>' if cell.exercise else label
    rows = max(2, cell.source.count("\n") + 1)
    if cell.kind == "markdown":
        # A person reads what is written here; nothing runs, and nothing is checked.
        return (
            f'<section class="answer" data-cell="{number}" data-exercise="{exercise}" data-prose="1">'
            f"{label}"
            f'<textarea id="cell-{number}" rows="{rows + 3}">\n{html.escape(cell.source)}</textarea></section>'
        )
    check = (
        f'<button type="button" class="check" data-exercise="{exercise}">{_said(say("offline.check"))}</button>' if cell.exercise else ""
    )
    # A first line break of a textarea is none of its text.
    field = (
        f'<textarea id="cell-{number}" rows="{rows}" spellcheck="false" autocomplete="off" autocapitalize="off" autocorrect="off" '
        f'wrap="off" dir="ltr" lang="">\n{html.escape(cell.source)}</textarea>'
    )
    kind, verdict = ("answer", '<div class="verdict"></div>') if cell.exercise else ("code", "")
    return (
        f'<section class="{kind}" data-cell="{number}" data-exercise="{exercise}">{label}{field}'
        f'<div class="bar"><button type="button" class="run" aria-describedby="cell-{number}">{_said(say("offline.run"))}</button>'
        f"{check}</div>"
        f'<div class="output" role="log" aria-label="{_said(say("offline.output"))}" hidden></div>'
        f"{verdict}</section>"
    )


def is_commands(source: str) -> bool:
    """Return whether a cell has nothing but comments and commands that have nothing to do on a page."""
    lines = [line.strip() for line in source.splitlines() if line.strip() and not line.strip().startswith("#")]
    return bool(lines) and all(IGNORED.match(line) for line in lines)


def _standing() -> str:
    """Return where a page says whether it can do without a network, and that there is a newer one."""
    return (
        f'<div class="standing"><p id="standing" role="status">{_said(say("offline.starting"))}</p>'
        f'<button type="button" id="update" hidden>{_said(say("offline.reload"))}</button></div>'
        f"<noscript><p>{_said(say('offline.no-script'))}</p></noscript>"
    )


def _said(sentence: str) -> str:
    return html.escape(sentence)


def _page(title: str, body: str, up: str, assets: Assets, data: Mapping[str, Any], language: str) -> str:
    styles = "".join(f'<link rel="stylesheet" href="{up}{assets.scripts[name]}">' for name in ("page.css", "card.css"))
    # In a script's data, "</" and "<!--" would end or change what a browser reads.
    packed = json.dumps(data, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="{html.escape(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" media="(prefers-color-scheme: light)" content="#fbf8f1">
<meta name="theme-color" media="(prefers-color-scheme: dark)" content="#141816">
<title>{html.escape(title)}</title>
<link rel="manifest" href="{up}manifest.webmanifest">
<link rel="icon" href="{up}{assets.scripts["icon-192.png"]}">
<link rel="apple-touch-icon" href="{up}{assets.scripts["icon-192.png"]}">
{styles}
<script type="application/json" id="site">{packed}</script>
<script type="module" src="{up}{assets.scripts["page.js"]}"></script>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def manifest(course: Course, icons: Mapping[str, str], language: str) -> bytes:
    """Return the web app manifest (https://www.w3.org/TR/appmanifest/), by which a phone installs the site."""
    title = course.settings.title
    told = {
        "name": title,
        "short_name": title if len(title) <= 12 else re.sub(r"\s.*", "", title)[:12],  # noqa: PLR2004 - what fits under an icon
        "lang": language,
        "start_url": "./index.html",
        "scope": "./",
        "display": "standalone",
        "background_color": "#fbf8f1",
        "theme_color": "#fbf8f1",
        "icons": [
            {"src": icons["icon-192.png"], "sizes": "192x192", "type": "image/png"},
            {"src": icons["icon-512.png"], "sizes": "512x512", "type": "image/png"},
            {"src": icons["icon-512.png"], "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True).encode()


def asset(name: str) -> bytes:
    """Return one of the site's own files; a card is drawn by what draws it in a notebook."""
    folder = Path(__file__).parent
    return (folder.parent / "static" / name if name.startswith("card.") else folder / "assets" / name).read_bytes()
