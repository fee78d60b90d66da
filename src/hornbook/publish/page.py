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
from typing import Any, Final

from hornbook.errors import HornbookError, printable
from hornbook.lesson import Lesson
from hornbook.model import Assurance, Outcome, Status, Verdict
from hornbook.publish import lookup

WORTH: Final[Mapping[Assurance, tuple[str, str]]] = {
    Assurance.SELF_CHECKED: (
        "The signature proves that nothing was changed since it was issued.",
        (
            "It was graded and signed on the learner's own machine, so it proves neither that the grader was left alone nor who typed "
            "the code."
        ),
    ),
    Assurance.COURSE_CHECKED: (
        (
            "The course has run this notebook again in a sandbox of its own, asked its own checks, and signed what came of it. "
            "The signature proves that nothing was changed since then."
        ),
        "It does not prove who typed the code.",
    ),
}
"""What an artifact proves, and what it does not."""

_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~%-]+)*/?")


WHOSE: Final = {
    "learner": "the values that the course has drawn for this learner",
    "lesson": "the lesson's own values",
    "notebook": "the values that the notebook itself names",
}
"""Whose the values of a lesson's parameters are, by what the verdict says."""
MOST_SAID: Final = 400
"""How many characters of them a page shows; the verdict beside it has them all."""


def worth(verdict: Verdict) -> tuple[str, str]:
    """Return what an artifact with this *verdict* proves, and what it does not, in sentences."""
    return WORTH[verdict.assurance]


def check_address(address: str | None) -> None:
    """Raise `HornbookError` if *address* is none that a page could have on the web."""
    if address is not None and (len(address) > 500 or not _ADDRESS.fullmatch(address)):  # noqa: PLR2004 - as long as any browser takes
        raise HornbookError(f"{printable(address[:100])}: is no address of a web page. One begins with https:// and has no ? or #.")


def below(address: str | None, name: str) -> str | None:
    """Return the address of the folder *name* below *address*."""
    return f"{address.rstrip('/')}/{name}/" if address else None


def address_of(index: bytes) -> str | None:
    """Return the address that the page *index* says it has."""
    found = re.search(rb'<meta property="og:url" content="([^"]{1,500})">', index)
    address = found[1].decode("ascii", "replace") if found else ""
    return address if _ADDRESS.fullmatch(address) else None


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


def values_of(verdict: Verdict) -> str:
    """Return the sentence that names the values that the lesson's parameters had, and whose they are; empty where nothing is drawn."""
    if verdict.parameters is None:
        return ""
    said = ", ".join(f"{name} = {value!r}" for name, value in verdict.parameters.values.items())
    shown = said if len(said) <= MOST_SAID else f"{said[:MOST_SAID]}..."
    return f"With {shown}: {WHOSE[verdict.parameters.of]}."


def report(verdict: Verdict, lesson: Lesson, learner: str | None, *, issuer: str | None = None) -> str:
    """Return the report as HTML: what was asked, what was shown, what that is worth. *issuer* is the course's name, if one signs."""
    counted = [outcome for outcome in verdict.outcomes if outcome.status not in {Status.SKIPPED, Status.BROKEN}]
    hidden = [outcome for outcome in counted if outcome.hidden]
    called = "as the course calls them" if issuer else "as they call themselves"
    name = f'<p class="by">by <strong>{html.escape(learner)}</strong>, {called}</p>' if learner else ""
    proves, proves_not = worth(verdict)
    by_whom = f" by {html.escape(issuer)}" if issuer else ""
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
<div><dt>Assurance</dt><dd>{html.escape(str(verdict.assurance))}{by_whom}</dd></div>
</dl>
<div class="columns">
<section><h2>What was asked</h2><ul>{objectives}</ul></section>
<section><h2>What it is worth</h2><p>{proves}</p><p>{proves_not}</p></section>
</div>
<section><h2>What was checked</h2>
<p>The notebook was run from top to bottom ({sandbox}) and asked {len(counted)} {_plural("question", len(counted))}{unseen}.</p>
{f"<p>{html.escape(values)}</p>{chr(10)}" if (values := values_of(verdict)) else ""}<ul class="checks">{groups}</ul></section>
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


def transcript(verdict: Verdict, lesson: Lesson, subject: str, learner: str | None, *, issuer: str | None = None) -> str:
    """Return the same in Markdown, to be pasted somewhere or read aloud; *subject* is the learner's identifier."""
    called = "as the course calls them" if issuer else "as they call themselves"
    counted = [outcome for outcome in verdict.outcomes if outcome.status not in {Status.SKIPPED, Status.BROKEN}]
    lines = [
        f"# {lesson.title}",
        "",
        lesson.summary,
        "",
        *([f"- Learner, {called}: {learner}"] if learner else []),
        *([f"- Issued by: {issuer}"] if issuer else []),
        f"- Points: {number(verdict.points.earned)} of {number(verdict.points.possible)}",
        f"- Assurance: {verdict.assurance}. {' '.join(worth(verdict))}",
        (
            f"- Graded: {verdict.started.strftime('%Y-%m-%d')}, hornbook {verdict.runtime.hornbook}, Python {verdict.runtime.python}, "
            f"sandbox level {verdict.sandbox.level} of 4"
        ),
        *([f"- Values: {' '.join(values.split())}"] if (values := values_of(verdict)) else []),
        f"- Lesson: {lesson.slug} {lesson.version}, level {lesson.level}, by {', '.join(lesson.authors)}",
        f"- Skills: {', '.join(skill.name for skill in lesson.skills) or 'none named'}",
        f"- {'Learner' if issuer else 'Key'}: {subject}",
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


def index(files: Mapping[str, bytes], address: str | None = None) -> bytes:
    """Return the page over *files*, the whole artifact by name, which it carries along; *address* is where it is on the web."""
    credential = json.loads(files["credential.json"])
    achievement = credential["credentialSubject"]["achievement"]
    # The badges hold the credential once more; whoever wants them finds them beside the page.
    carried = {name: base64.b64encode(data).decode() for name, data in sorted(files.items()) if not name.startswith("badge.")}
    style, script = asset("page.css"), asset("verify.js")
    policy = (
        f"default-src 'none'; script-src {quoted_hash(script)}; style-src {quoted_hash(style)} {quoted_hash(asset('notebook.css'))}; "
        f"img-src data:; frame-src 'self'; connect-src {_asked(credential)}; base-uri 'none'; form-action 'none'"
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
        # Whoever shows a picture beside a link wants its whole address.
        "address": f'<meta property="og:url" content="{address}">\n<link rel="canonical" href="{address}">\n' if address else "",
        "card": f"{address or ''}card.png",
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


def _asked(credential: Mapping[str, Any]) -> str:
    """Return the two addresses at which the page of a course's credential may ask, as a policy names them."""
    issuer, status = str(credential["issuer"]["id"]), credential.get("credentialStatus")
    wanted = [lookup.did_address(issuer)] if issuer.startswith("did:web:") else []
    wanted += [str(status["statusListCredential"])] if isinstance(status, dict) and "statusListCredential" in status else []
    return " ".join(url for url in wanted if _ADDRESS.fullmatch(url)) or "'none'"


def _inert(value: object) -> str:
    """Return *value* as JSON that no parser of HTML can be led out of."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def quoted_hash(text: str) -> str:
    """Return the digest of *text* as a Content-Security-Policy names a style or script."""
    return f"'{sri(text.encode())}'"
