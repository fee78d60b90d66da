"""The page of an artifact: one file that shows what was done, and checks in the reader's browser that nothing was changed.

The page carries the artifact's files as data. What a reader sees is drawn from those bytes after their digests and the signature
have been checked by `assets/verify.js`. The learner's notebook stands in a frame in which no script can run, under a policy that
lets nothing be loaded from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hornbook.lesson import Lesson
from hornbook.model import Outcome, Status, Verdict

PROVES: Final = "The signature proves that nothing was changed since it was issued."
PROVES_NOT: Final = (
    "It was graded and signed on the learner's own machine, so it proves neither that the grader was left alone nor who typed the code."
)


def sri(data: bytes) -> str:
    """Return the digest of *data* as Subresource Integrity writes it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()


def number(value: float) -> str:
    """Return *value* without a fraction that says nothing."""
    return f"{value:g}"


def framework(uri: str) -> str:
    """Return the name of the framework that a skill's *uri* belongs to."""
    return "ESCO" if "data.europa.eu/esco" in uri else uri.split("/")[2]


def asset(name: str) -> str:
    """Return one of the page's own files."""
    return Path(__file__).with_name("assets").joinpath(name).read_text("utf-8")


# --- What a reader reads ---------------------------------------------------------------------------------------------


def report(verdict: Verdict, lesson: Lesson, learner: str | None) -> str:
    """Return the report as HTML: what was asked, what was shown, what that is worth."""
    counted = [outcome for outcome in verdict.outcomes if outcome.status not in {Status.SKIPPED, Status.BROKEN}]
    hidden = [outcome for outcome in counted if outcome.hidden]
    name = f'<p class="by">by <strong>{html.escape(learner)}</strong>, as they call themselves</p>' if learner else ""
    objectives = "".join(f"<li>{html.escape(objective)}</li>" for objective in lesson.objectives)
    skills = "".join(f"<li>{_skill(skill.name, skill.uri)}</li>" for skill in lesson.skills)
    groups = "".join(_exercise(name, outcomes) for name, outcomes in by_exercise(counted).items())
    sandbox = f"sandbox level {verdict.sandbox.level} of 4, as measured" if verdict.sandbox.level else "no sandbox"
    unseen = f", {len(hidden)} of them hidden from the learner" if hidden else ""
    return f"""<header>
<p class="kicker">A micro-lesson, passed</p>
<h1>{html.escape(lesson.title)}</h1>
{name}<p class="lead">{html.escape(lesson.summary)}</p>
{f'<ul class="skills" aria-label="Skills">{skills}</ul>' if skills else ""}
</header>
<dl class="figures">
<div><dt>Points</dt><dd>{number(verdict.points.earned)} of {number(verdict.points.possible)}</dd></div>
<div><dt>Checks passed</dt><dd>{sum(outcome.passed for outcome in counted)} of {len(counted)}</dd></div>
<div><dt>Level</dt><dd>{html.escape(lesson.level)}</dd></div>
<div><dt>Assurance</dt><dd>{html.escape(str(verdict.assurance))}</dd></div>
</dl>
<div class="columns">
<section><h2>What was asked</h2><ul>{objectives}</ul></section>
<section><h2>What it is worth</h2><p>{PROVES}</p><p>{PROVES_NOT}</p></section>
</div>
<section><h2>What was checked</h2>
<p>The notebook was run from top to bottom ({sandbox}) and asked {len(counted)} {_plural("question", len(counted))}{unseen}.</p>
<ul class="checks">{groups}</ul></section>
"""


def by_exercise(outcomes: list[Outcome]) -> dict[str, list[Outcome]]:
    """Return *outcomes* by the exercise that they ask for, in their order."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.exercise or "", []).append(outcome)
    return groups


def _exercise(name: str, outcomes: list[Outcome]) -> str:
    seen = [outcome for outcome in outcomes if not outcome.hidden]
    hidden = [outcome for outcome in outcomes if outcome.hidden]
    lines = [f"<li>{_mark(outcome.passed)}{html.escape(outcome.title)}</li>" for outcome in seen]
    if hidden:
        lines.append(f"<li>{_mark(all(outcome.passed for outcome in hidden))}{len(hidden)} hidden {_plural('check', len(hidden))}</li>")
    heading = f"<h3><code>{html.escape(name)}</code></h3>" if name else ""
    return f"<li>{heading}<ul>{''.join(lines)}</ul></li>"


def _mark(passed: bool) -> str:
    return '<span class="tick"><span aria-hidden="true">✓</span> passed</span> ' if passed else '<span class="open">not passed</span> '


def _skill(name: str, uri: str | None) -> str:
    return f'<a href="{html.escape(uri)}" rel="noopener noreferrer nofollow">{html.escape(name)}</a>' if uri else html.escape(name)


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def transcript(verdict: Verdict, lesson: Lesson, did: str, learner: str | None) -> str:
    """Return the same in Markdown, to be pasted somewhere or read aloud."""
    counted = [outcome for outcome in verdict.outcomes if outcome.status not in {Status.SKIPPED, Status.BROKEN}]
    lines = [
        f"# {lesson.title}",
        "",
        lesson.summary,
        "",
        *([f"- Learner, as they call themselves: {learner}"] if learner else []),
        f"- Points: {number(verdict.points.earned)} of {number(verdict.points.possible)}",
        f"- Assurance: {verdict.assurance}. {PROVES} {PROVES_NOT}",
        (
            f"- Graded: {verdict.started.strftime('%Y-%m-%d')}, hornbook {verdict.runtime.hornbook}, Python {verdict.runtime.python}, "
            f"sandbox level {verdict.sandbox.level} of 4"
        ),
        f"- Lesson: {lesson.slug} {lesson.version}, level {lesson.level}, by {', '.join(lesson.authors)}",
        f"- Skills: {', '.join(skill.name for skill in lesson.skills) or 'none named'}",
        f"- Key: {did}",
        "",
        "## What was asked",
        "",
        *(f"- {objective}" for objective in lesson.objectives),
        "",
        "## What was checked",
        "",
    ]
    for name, outcomes in by_exercise(counted).items():
        lines += [f"- {outcome.title if not outcome.hidden else 'A hidden check'} ({name}): {outcome.status}" for outcome in outcomes]
    return "\n".join([*lines, ""])


# --- Pages -----------------------------------------------------------------------------------------------------------


def notebook_page(title: str, cells: str) -> bytes:
    """Return the notebook as a page of its own; *cells* is safe HTML."""
    style = asset("notebook.css")
    policy = f"default-src 'none'; img-src data:; style-src {quoted_hash(style)}; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{html.escape(title)}</title><style>{style}</style></head>\n<body><main>\n{cells}\n</main></body></html>\n"
    ).encode()


def index(files: Mapping[str, bytes]) -> bytes:
    """Return the page over *files*, the whole artifact by name, which it carries along."""
    credential = json.loads(files["credential.json"])
    achievement = credential["credentialSubject"]["achievement"]
    # The badges hold the credential once more; whoever wants them finds them beside the page.
    carried = {name: base64.b64encode(data).decode() for name, data in sorted(files.items()) if not name.startswith("badge.")}
    style, script = asset("page.css"), asset("verify.js")
    policy = (
        f"default-src 'none'; script-src {quoted_hash(script)}; style-src {quoted_hash(style)} {quoted_hash(asset('notebook.css'))}; "
        "img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'"
    )
    about = {
        "@context": "https://schema.org",
        "@type": "EducationalOccupationalCredential",
        "name": credential["name"],
        "description": achievement["description"],
        "credentialCategory": "badge",
        "identifier": credential["id"],
        "dateCreated": credential["validFrom"],
        "competencyRequired": achievement.get("tag", []),
        "about": {"@type": "LearningResource", "name": achievement["name"], "version": achievement["version"]},
    }
    blanks = {
        "policy": policy,
        "title": html.escape(credential["name"]),
        "summary": html.escape(achievement["description"]),
        "about": _inert(about),
        "style": style,
        "script": script,
        "data": _inert(carried),
        "report": files["report.html"].decode(),
    }
    # In one pass, so that nothing that a lesson or a learner wrote is taken for a blank.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: blanks[found[1]], asset("page.html")).encode()


def _inert(value: object) -> str:
    """Return *value* as JSON that no parser of HTML can be led out of."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def quoted_hash(text: str) -> str:
    """Return the digest of *text* as a Content-Security-Policy names a style or script."""
    return f"'{sri(text.encode())}'"
