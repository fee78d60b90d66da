"""A learner's artifacts as a static site: an index page that finds and filters them, and the same list for other programs.

    index.html      the list by month, with search and filters in the page; whole without scripts, from a disk and in any sub-path
    atom.xml        Atom (RFC 4287): the newest
    feed.json       JSON Feed 1.1: the same
    resume.json     certificates, projects and skills as JSON Resume has them
    sitemap.xml     the pages' addresses, where it is known what they begin with

They are written beside the artifacts, which stay as they are. What is listed has been verified, and what is shown of it comes from the
bytes that were; titles and summaries are a course's, so they are text and nothing else. The same artifacts give the same bytes.
"""

from __future__ import annotations

import contextlib
import functools
import html
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from hornbook.errors import HornbookError, printable
from hornbook.files import write_beside
from hornbook.model import Assurance, Status, Verdict
from hornbook.publish import page, pictures
from hornbook.publish.artifact import Artifact, delete, is_name, read_file, read_files, replace_file
from hornbook.publish.credential import Credential, timestamp
from hornbook.publish.endorsement import Endorsement
from hornbook.publish.lookup import Fetch
from hornbook.publish.verifying import Verification, verify_files

MADE: Final = ("atom.xml", "feed.json", "resume.json", "sitemap.xml", "index.html")
"""The files of a site. The page comes last: what it leads to is there before it."""
MARK: Final = "hornbook portfolio build"
"""Stands in each of them, so that no file of somebody else's is ever replaced."""

EXPECTED: Final = {".gitattributes", ".gitignore", ".nojekyll", "CNAME", "LICENSE", "LICENSE.md", "README.md", "robots.txt"}
"""What else may lie in a folder that is published, without being told."""
IN_FEEDS: Final = 50
"""How many of the newest stand in a feed."""
MAX_TITLE, MAX_SUMMARY, MAX_SKILLS = 300, 2000, 40
"""How many characters, and how many skills, are shown of one artifact: whoever signs may write as much as they like."""
RELATED: Final = 3
SHOWN_SKILLS: Final = 12
FEW: Final = 3
"""Up to how many lessons stand in a list that needs neither search nor timeline."""
_MONTHS_IN_A_ROW: Final = 36
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SCRIPTS: Final = ("minisearch.js", "portfolio.js")


Related = Callable[[Artifact], Sequence[Path] | None]
"""Gives the folders of what is related to an artifact, the nearest first, or None where that is not known."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One artifact as it is listed. All of it is signed, but what is related: others of the list."""

    artifact: Artifact
    credential: Credential
    summary: str
    checks: int
    endorsements: tuple[Endorsement, ...] = ()
    related: tuple[Artifact, ...] = ()

    @property
    def created(self) -> datetime:
        """When it was issued, in UTC."""
        try:
            return self.artifact.created.astimezone(UTC)
        except OverflowError:
            # On the first or last day of the calendar there is no other time zone.
            return self.artifact.created.replace(tzinfo=UTC)

    @property
    def updated(self) -> datetime:
        """When something was last said about it."""
        return max(self.created, *(endorsement.issued for endorsement in self.endorsements)) if self.endorsements else self.created


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What has the name of an artifact and is not listed, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Site:
    """What `build` has made. `beside` are other files in the folder, which are published along with it."""

    page: Path
    listed: tuple[Artifact, ...]
    left_out: tuple[LeftOut, ...]
    beside: tuple[str, ...]


def build(
    folder: Path,
    *,
    title: str | None = None,
    learner: str | None = None,
    address: str | None = None,
    now: datetime | None = None,
    fetch: Fetch | None = None,
    related: Related | None = None,
) -> Site:
    """Return the site that is written over the artifacts in *folder*; what does not hold is left out.

    *title* and *learner*, a name that nothing proves, are shown; *address* is where the site will be on the web. With *fetch* each issuer
    is asked whether they have taken something back. *related* says which others are related to an artifact, by default those that
    share most skills with it. Raises `HornbookError` where there is nothing to list, where a file
    stands that somebody else has made, or where nothing can be written.
    """
    folder = folder.absolute()
    page.check_address(address)
    now = now or datetime.now(UTC)
    names = _names(folder)
    _refuse_others(folder, names)
    entries, left_out = _entries(folder, [name for name in names if is_name(name)], now, functools.cache(fetch) if fetch else None)
    if not entries and not left_out and "index.html" not in names:
        raise HornbookError(f"{printable(folder)}: has no artifacts in it. `hornbook publish NOTEBOOK --into DIR` puts one there.")
    entries = _with_related(entries, related)
    about = _About(
        title=shown_text(title or "")[:MAX_TITLE] or "Lessons passed",
        learner=shown_text(learner or "")[:MAX_TITLE],
        base=f"{address.rstrip('/')}/" if address else "",
        online=fetch is not None,
    )
    files = {
        "atom.xml": atom(entries, about),
        "feed.json": json_feed(entries, about),
        "resume.json": resume(entries, about),
        "index.html": index(entries, about),
    }
    if about.base:
        files["sitemap.xml"] = sitemap(entries, about.base)
    _write(folder, files)
    listed = tuple(entry.artifact for entry in entries)
    return Site(folder / "index.html", listed, tuple(left_out), tuple(_beside(names)))


def remove(place: Path) -> Site | None:
    """Delete the artifact in the folder *place*; return the site over the artifacts beside it, made again without it, if there is one.

    It is made as it was asked for. Raises `HornbookError` where there is no artifact, or it cannot be deleted.
    """
    folder = place.parent
    about = _described(folder)
    delete(place)
    if about is None:
        return None
    from hornbook.publish.lookup import fetch  # noqa: PLC0415 - only for a site whose issuers are asked

    return build(
        folder, title=about.title, learner=about.learner, address=about.base.rstrip("/") or None, fetch=fetch if about.online else None
    )


def _described(folder: Path) -> _About | None:
    """Return what the site over *folder* was made with; None where there is none of ours."""
    if not all(_ours(folder / name) for name in ("index.html", "feed.json")):
        return None
    try:
        feed = json.loads(read_file(folder / "feed.json"))
        learner = feed["authors"][0]["name"] if "authors" in feed else ""
        return _About(str(feed["title"]), str(learner), str(feed.get("home_page_url", "")), online=bool(feed["_hornbook"].get("online")))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise HornbookError(f"{printable(folder / 'feed.json')}: was changed by hand. `hornbook portfolio build` makes it anew.") from error


@dataclass(frozen=True, slots=True)
class _About:
    """What is said of all of it: the title, the learner's name or the empty text, and what addresses begin with or the empty text.

    `online` is whether the issuers were asked.
    """

    title: str
    learner: str
    base: str
    online: bool = False

    def address(self, entry: Entry) -> str:
        return f"{self.base}{entry.artifact.id}/index.html"


# --- What is listed --------------------------------------------------------------------------------------------------


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise HornbookError(
            f"{printable(folder)}: cannot be read ({error.strerror}). `hornbook publish NOTEBOOK --into DIR` makes such a folder."
        ) from error


def _entries(folder: Path, names: Iterable[str], now: datetime, fetch: Fetch | None) -> tuple[list[Entry], list[LeftOut]]:
    """Return what holds of *names* in *folder*, newest first, and what does not."""
    found, left_out = [], []
    for name in names:
        place = folder / name
        if place.is_symlink() or not place.is_dir():
            left_out.append(LeftOut(name, "It is not a folder."))
            continue
        try:
            files = read_files(place)
            found.append(entry_of(place, files, verify_files(files, now, fetch)))
        except HornbookError as error:
            left_out.append(LeftOut(name, str(error)))
    return sorted(found, key=lambda entry: (entry.created, entry.artifact.id), reverse=True), left_out


def entry_of(folder: Path, files: Mapping[str, bytes], held: Verification) -> Entry:
    """Return the artifact in *folder* as it is listed, from its *files*, of which *held* says that they hold."""
    credential, verdict = held.credential, Verdict.from_json(files["verdict.json"])
    artifact = replace(
        Artifact.open(folder),
        title=shown_text(credential.name)[:MAX_TITLE],
        created=credential.issued,
        points=verdict.points,
        assurance=verdict.assurance,
        skills=tuple(dict.fromkeys(shown_text(skill)[:MAX_TITLE] for skill in credential.skills if skill))[:MAX_SKILLS],
    )
    asked = [outcome for outcome in verdict.outcomes if outcome.status not in {Status.SKIPPED, Status.BROKEN}]
    summary = _part(_part(credential.document, "credentialSubject"), "achievement").get("description")
    shown = shown_text(summary)[:MAX_SUMMARY] if isinstance(summary, str) else ""
    return Entry(artifact, credential, shown, len(asked), held.endorsements)


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object *name* of *document*; a signature does not say that there is one."""
    part = document.get(name)
    return part if isinstance(part, dict) else {}


def _with_related(entries: Sequence[Entry], related: Related | None) -> list[Entry]:
    """Return *entries* with what of them is related to each: what *related* says, or else those that share most skills with it."""
    at = {os.path.realpath(entry.artifact.folder): entry.artifact for entry in entries}
    by_skill: dict[str, list[int]] = defaultdict(list)
    for number, entry in enumerate(entries):
        for skill in _skill_keys(entry):
            by_skill[skill].append(number)

    def near(entry: Entry) -> Iterable[Artifact]:
        told = related(entry.artifact) if related is not None else None
        if told is not None:
            return (at[place] for folder in told if (place := os.path.realpath(folder)) in at)
        shared = Counter(number for skill in _skill_keys(entry) for number in by_skill[skill])
        # Newer ones first among those that share as many.
        return (entries[number].artifact for number in sorted(shared, key=lambda number: (-shared[number], number)))

    def best(entry: Entry) -> tuple[Artifact, ...]:
        nearest: dict[str, Artifact] = {}
        for other in near(entry):
            # Of one lesson that was passed twice, the first.
            if other.slug != entry.artifact.slug:
                nearest.setdefault(other.slug, other)
        return tuple(nearest.values())[:RELATED]

    return [replace(entry, related=best(entry)) for entry in entries]


def _skill_keys(entry: Entry) -> set[str]:
    return {skill.casefold() for skill in entry.artifact.skills}


def shown_text(text: str) -> str:
    """Return *text* without the characters that neither XML nor UTF-8 can carry."""
    return _NOT_IN_XML.sub("", text)


# --- The page --------------------------------------------------------------------------------------------------------


def index(entries: Sequence[Entry], about: _About) -> bytes:
    """Return the page that lists *entries*."""
    many = len(entries) > FEW
    style = page.asset("page.css") + page.asset("portfolio.css")
    scripts = [page.asset(name) for name in _SCRIPTS] if many else []
    # Some browsers take a page from a disk for nobody's, so that 'self' is not where its pictures are.
    run = " ".join(page.quoted_hash(script) for script in scripts) or "'none'"
    policy = (
        f"default-src 'none'; script-src {run}; style-src {page.quoted_hash(style)}; "
        "img-src 'self' file:; base-uri 'none'; form-action 'none'"
    )
    name = f'<p class="by">by <strong dir="auto">{html.escape(about.learner)}</strong>, as they call themselves</p>\n'
    blanks = {
        "policy": policy,
        "title": html.escape(about.title),
        "lead": html.escape(_lead(entries)),
        "absolute": _absolute(entries, about),
        "style": style,
        "size": "many" if many else "few",
        "by": name if about.learner else "",
        "figures": _figures(entries),
        "controls": _controls(entries) if many else "",
        "months": "".join(_month(month, some) for month, some in _by_month(entries).items()),
        "worth": worth(entry.artifact.assurance for entry in entries),
        "keys": _keys(entries),
        "scripts": "".join(f"<script>{script}</script>\n" for script in scripts),
    }
    # In one pass, so that nothing that a lesson or a learner wrote is taken for a blank.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: blanks[found[1]], page.asset("portfolio.html")).encode()


def _lead(entries: Sequence[Entry]) -> str:
    if not entries:
        return "Nothing is listed here yet."
    first, last = _month_name(entries[-1].created), _month_name(entries[0].created)
    when = f"in {last}" if first == last else f"from {first} to {last}"
    checked = "on a page that checks itself" if len(entries) == 1 else "each with a page that checks itself"
    return f"{counted(len(entries), 'lesson')} passed {when}, {checked}."


def _absolute(entries: Sequence[Entry], about: _About) -> str:
    """Return what may only be said where the address is known."""
    if not about.base or not entries:
        return ""
    address, picture = html.escape(about.base), html.escape(f"{about.base}{entries[0].artifact.id}/card.png")
    return (
        f'<link rel="canonical" href="{address}">\n<meta property="og:url" content="{address}">\n'
        f'<meta property="og:image" content="{picture}">\n<meta name="twitter:card" content="summary_large_image">\n'
    )


def _figures(entries: Sequence[Entry]) -> str:
    if not entries:
        return ""
    figures = {
        "Lessons passed": len(entries),
        "Skills": len({skill for entry in entries for skill in _skill_keys(entry)}),
        "Checks passed": sum(entry.checks for entry in entries),
        "Endorsements": sum(len(entry.endorsements) for entry in entries),
    }
    shown = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>\n" for name, value in figures.items() if value)
    return f'<dl class="figures">\n{shown}</dl>\n'


def _controls(entries: Sequence[Entry]) -> str:
    """Return search, filters and timeline. They are shown by the script that makes them work; the timeline works without it."""
    facets = _facet("skill", "Skills", _skills(entries))
    assurances = Counter(str(entry.artifact.assurance) for entry in entries)
    kinds = [("assurance", value, value, count) for value, count in sorted(assurances.items())] if len(assurances) > 1 else []
    praised = sum(bool(entry.endorsements) for entry in entries)
    kinds += [("endorsed", "yes", "endorsed", praised)] if praised else []
    if kinds:
        facets += f'<fieldset class="facets"><legend>Assurance</legend><div>{"".join(_button(*one) for one in kinds)}</div></fieldset>\n'
    return f"""<form id="find" class="find" role="search" hidden>
<label for="query">Find a lesson</label>
<input id="query" type="search" autocomplete="off" spellcheck="false" placeholder="A title, a skill, a word of a summary">
{facets}<div class="told"><p id="count" role="status"></p><button type="button" id="reset" hidden>Clear</button></div>
</form>
{_strip(entries)}<section id="ranked" hidden><h2 class="kicker">Best matches first</h2><ol class="cards" id="hits"></ol>
<button type="button" id="rest" hidden></button></section>
"""


def _facet(kind: str, name: str, values: Sequence[tuple[str, str, int]]) -> str:
    if not values:
        return ""
    buttons = [_button(kind, *value) for value in values]
    rest = "".join(buttons[SHOWN_SKILLS:])
    more = f"<details><summary>{counted(len(buttons) - SHOWN_SKILLS, 'more skill')}</summary><div>{rest}</div></details>" if rest else ""
    return f'<fieldset class="facets"><legend>{name}</legend><div>{"".join(buttons[:SHOWN_SKILLS])}</div>{more}</fieldset>\n'


def _button(kind: str, value: str, words: str, count: int) -> str:
    data = f'data-kind="{kind}" data-value="{html.escape(value)}"'
    return f'<button type="button" aria-pressed="false" {data}><bdi>{html.escape(words)}</bdi> <span>{count}</span></button>'


def _skills(entries: Sequence[Entry]) -> list[tuple[str, str, int]]:
    """Return each skill, however it is spelled: what it is compared by, what it is called, and how often it was shown."""
    spelled: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        for skill in entry.artifact.skills:
            spelled[skill.casefold()][skill] += 1
    found = [(key, min(names, key=lambda name: (-names[name], name)), names.total()) for key, names in spelled.items()]
    return sorted(found, key=lambda skill: (-skill[2], skill[0]))


def _strip(entries: Sequence[Entry]) -> str:
    """Return the timeline: a bar for each month, which leads there."""
    counts = {month: len(some) for month, some in _by_month(entries).items()}
    first, last = (year * 12 + month - 1 for year, month in (min(counts), max(counts)))
    # Months in which nothing was passed have their place, too, where there is room.
    every = range(first, last + 1) if last - first < _MONTHS_IN_A_ROW else ()
    months = [(number // 12, number % 12 + 1) for number in every] or sorted(counts)
    bars, before = [], 0
    for one in months:
        count = counts.get(one, 0)
        name = _MONTHS[one[1] - 1]
        year = "" if one[0] == before else f"<b>{one[0]}</b>"
        before = one[0]
        bar = f'{count or ""}<i class="h{-(-count * 10 // max(counts.values()))}"></i><small>{name[:3]}{year}</small>'
        says = f'href="#{_anchor(one)}" aria-label="{name} {one[0]}: {counted(count, "lesson")}"' if count else 'class="nothing"'
        bars.append(f"<li><a {says}>{bar}</a></li>")
    return f'<nav id="strip" class="strip" aria-labelledby="when"><h2 id="when">When</h2><ol>{"".join(bars)}</ol></nav>\n'


def _by_month(entries: Sequence[Entry]) -> dict[tuple[int, int], list[Entry]]:
    months: dict[tuple[int, int], list[Entry]] = defaultdict(list)
    for entry in entries:
        months[entry.created.year, entry.created.month].append(entry)
    return dict(months)


def _anchor(month: tuple[int, int]) -> str:
    return f"m-{month[0]:04}-{month[1]:02}"


def _month_name(moment: datetime) -> str:
    return f"{_MONTHS[moment.month - 1]} {moment.year}"


def _month(month: tuple[int, int], entries: Sequence[Entry]) -> str:
    anchor = _anchor(month)
    cards = "\n".join(_card(entry) for entry in entries)
    return f"""<section class="month" id="{anchor}" aria-labelledby="{anchor}-name">
<h2 id="{anchor}-name">{_month_name(entries[0].created)}<small>{counted(len(entries), "lesson")}</small></h2>
<ol class="cards">
{cards}
</ol></section>
"""


def _card(entry: Entry) -> str:
    artifact = entry.artifact
    skills = "".join(f'<li dir="auto" data-skill="{html.escape(skill.casefold())}">{html.escape(skill)}</li>' for skill in artifact.skills)
    day = entry.created.date()
    shown_day = f"{day.day} {_month_name(entry.created)}"
    points = f"{page.number(artifact.points.earned)} of {page.number(artifact.points.possible)} points"
    by = f" by {html.escape(_issuer(entry))}" if artifact.assurance is Assurance.COURSE_CHECKED else ""
    listed = f'<ul class="skills" aria-label="Skills">{skills}</ul>' if skills else ""
    more = f'<div class="more">{said}</div>' if (said := endorsed(entry.endorsements) + _related(entry)) else ""
    width, height = pictures.CARD
    return (
        f'<li class="card" data-assurance="{artifact.assurance}">'
        f'<img src="{artifact.id}/card.png" alt="" width="{width}" height="{height}" loading="lazy" decoding="async"><div class="text">'
        f'<h3><a href="{artifact.id}/index.html" dir="auto">{html.escape(artifact.title)}</a></h3>'
        f'<p class="facts"><time datetime="{day.isoformat()}">{shown_day}</time> · {points} · {artifact.assurance}{by}</p>'
        f'<p class="summary" dir="auto">{html.escape(entry.summary)}</p>'
        f"{listed}{more}</div></li>"
    )


def endorsed(endorsements: Sequence[Endorsement]) -> str:
    """Return who has endorsed a work, and what they say of it, as HTML; nothing where nobody has."""
    if not endorsements:
        return ""
    said = "".join(
        f'<blockquote><p dir="auto">{html.escape(shown_text(one.comment))}</p><footer><bdi>{html.escape(shown_text(one.name))}</bdi>, '
        f"as they call themselves, {one.issued.date().isoformat()}; {signed_as(one.by)}</footer></blockquote>"
        for one in endorsements
    )
    names = list(dict.fromkeys(shown_text(one.name).strip() or shown_text(one.by) for one in endorsements))
    words = f"<bdi>{html.escape(names[0])}</bdi>" + (f" and {counted(len(names) - 1, 'other')}" if len(names) > 1 else "")
    return f'<details class="endorsed"><summary><span aria-hidden="true">✓</span> Endorsed by {words}</summary>{said}</details>'


def signed_as(by: str) -> str:
    """Return how *by*, an identifier, has signed, as HTML: a did:key is the key itself, any other is only claimed."""
    shown = html.escape(shown_text(by)[:MAX_TITLE])
    return f"signed by {shown}" if by.startswith("did:key:") else f"signed in the name of <bdi>{shown}</bdi>"


def _related(entry: Entry) -> str:
    if not entry.related:
        return ""
    lines = [f'<li><a href="{one.id}/index.html"><bdi>{html.escape(one.title)}</bdi></a></li>' for one in entry.related]
    return f'<details class="related-to"><summary>Related</summary><ul class="related">{"".join(lines)}</ul></details>'


def worth(assurances: Iterable[Assurance]) -> str:
    """Return what the artifacts prove, and what they do not: the same that their own pages say."""
    return "".join(
        f"<p><strong>{str(one).capitalize()}.</strong> {html.escape(' '.join(page.WORTH[one]))}</p>\n" for one in sorted(set(assurances))
    )


def _keys(entries: Sequence[Entry]) -> str:
    issuers = list(dict.fromkeys(shown_text(entry.credential.issuer) for entry in entries))
    if not issuers:
        return ""
    lines = "".join(f"<li><code>{html.escape(issuer)}</code></li>" for issuer in issuers)
    words = "one key" if len(issuers) == 1 else f"{len(issuers)} keys"
    return f"<details><summary>All of it was signed with {words}</summary><ul>{lines}</ul></details>\n"


def _issuer(entry: Entry) -> str:
    """Return what the issuer is called in the credential, or else its identifier."""
    return shown_text(entry.credential.issuer_name or entry.credential.issuer)[:MAX_TITLE]


def counted(count: int, word: str) -> str:
    """Return *count* with its *word*, which is in the plural where there is another number of it than one."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


# --- The same for other programs -------------------------------------------------------------------------------------


def atom(entries: Sequence[Entry], about: _About) -> bytes:
    """Return the Atom feed of the newest of *entries*; without a base, its links are relative to where it lies."""
    feed = ET.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": "en"})

    def add(parent: ET.Element, name: str, words: str = "", **attributes: str) -> None:
        ET.SubElement(parent, name, attributes).text = words or None

    add(feed, "generator", MARK)
    add(feed, "id", about.base or _feed_id(entries))
    add(feed, "title", about.title)
    add(feed, "updated", _moment(max((entry.updated for entry in entries), default=datetime.fromtimestamp(0, UTC))))
    author = ET.SubElement(feed, "author")
    add(author, "name", about.learner or "A learner")
    add(feed, "link", rel="alternate", type="text/html", href=about.base or "index.html")
    add(feed, "link", rel="self", type="application/atom+xml", href=f"{about.base}atom.xml")
    for entry in entries[:IN_FEEDS]:
        item = ET.SubElement(feed, "entry")
        add(item, "id", entry.credential.id)
        add(item, "title", entry.artifact.title)
        add(item, "published", _moment(entry.created))
        add(item, "updated", _moment(entry.updated))
        add(item, "link", rel="alternate", type="text/html", href=about.address(entry))
        add(item, "summary", entry.summary)
        for skill in entry.artifact.skills:
            add(item, "category", term=skill)
    return _xml(feed)


def json_feed(entries: Sequence[Entry], about: _About) -> bytes:
    """Return the JSON Feed 1.1 of the newest of *entries*, whose addresses must be whole ones, so that without a base there are none."""
    items = [
        {
            "id": entry.credential.id,
            "title": entry.artifact.title,
            "content_text": entry.summary or entry.artifact.title,
            "date_published": _moment(entry.created),
            "date_modified": _moment(entry.updated),
            "tags": list(entry.artifact.skills),
            **({"url": about.address(entry), "image": f"{about.base}{entry.artifact.id}/card.png"} if about.base else {}),
        }
        for entry in entries[:IN_FEEDS]
    ]
    return _dumped(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "_hornbook": {
                "about": "https://www.jsonfeed.org/version/1.1/#extensions-a-name-extensions-a",
                "made_by": MARK,
                "online": about.online,
            },
            "title": about.title,
            "language": "en",
            **({"home_page_url": about.base, "feed_url": f"{about.base}feed.json"} if about.base else {}),
            **({"authors": [{"name": about.learner}]} if about.learner else {}),
            "items": items,
        }
    )


def resume(entries: Sequence[Entry], about: _About) -> bytes:
    """Return *entries* as the certificates, projects and skills of a JSON Resume, to be put into somebody's own."""
    lessons: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        for skill in entry.artifact.skills:
            lessons[skill].append(entry.artifact.title)
    pages = [{"url": about.address(entry)} if about.base else {} for entry in entries]
    return _dumped(
        {
            "$schema": "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json",
            "meta": {"version": "v1.0.0", "generator": MARK},
            **({"basics": {"name": about.learner}} if about.learner else {}),
            "certificates": [
                {"name": entry.artifact.title, "date": entry.created.date().isoformat(), "issuer": _issuer(entry), **url}
                for entry, url in zip(entries, pages, strict=True)
            ],
            "projects": [
                {
                    "name": entry.artifact.title,
                    "description": entry.summary,
                    "highlights": [f"{counted(entry.checks, 'check')} passed, {entry.artifact.assurance}"],
                    "keywords": list(entry.artifact.skills),
                    "endDate": entry.created.date().isoformat(),
                    **url,
                }
                for entry, url in zip(entries, pages, strict=True)
            ],
            "skills": [{"name": skill, "keywords": list(dict.fromkeys(titles))} for skill, titles in sorted(lessons.items())],
        }
    )


def sitemap(entries: Sequence[Entry], base: str) -> bytes:
    """Return the addresses of the index and of all artifacts' pages, as sitemaps.org has them."""
    found = ET.Element("urlset", {"xmlns": "http://www.sitemaps.org/schemas/sitemap/0.9"})
    found.append(ET.Comment(f" {MARK} "))
    changed = max((entry.updated for entry in entries), default=None)
    for address, moment in [(base, changed), *((f"{base}{entry.artifact.id}/index.html", entry.created) for entry in entries)]:
        url = ET.SubElement(found, "url")
        ET.SubElement(url, "loc").text = address
        if moment is not None:
            ET.SubElement(url, "lastmod").text = _moment(moment)
    return _xml(found)


def _feed_id(entries: Sequence[Entry]) -> str:
    """Return a name for the feed of a site whose address nobody knows: that of the first credential in it, which stays the first."""
    return entries[-1].credential.id if entries else "urn:uuid:00000000-0000-0000-0000-000000000000"


def _moment(moment: datetime) -> str:
    return timestamp(moment).rjust(len("2000-01-01T00:00:00Z"), "0")


def _xml(element: ET.Element) -> bytes:
    ET.indent(element, " ")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(element, "unicode").encode() + b"\n"


def _dumped(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


# --- Reading and writing ---------------------------------------------------------------------------------------------


def _refuse_others(folder: Path, names: Iterable[str]) -> None:
    """Raise `HornbookError` for a file that stands where one of ours would, and is not ours, before anything is written."""
    for name in MADE:
        if name in names and not _ours(folder / name):
            raise HornbookError(
                f"{printable(folder / name)}: was not made by `hornbook portfolio build`, so it is not replaced. "
                "Move it away, or choose another folder."
            )


def _ours(path: Path) -> bool:
    with contextlib.suppress(HornbookError):
        return MARK.encode() in read_file(path)[:4096]
    return False


def _beside(names: Iterable[str]) -> Iterable[str]:
    """Yield those of *names* that are neither ours nor artifacts, but would be published with them."""
    there = set(names)
    for name in sorted(there - set(MADE) - EXPECTED):
        if not name.startswith(".unfinished-") and not is_name(name) and not (name.endswith(".zip") and name.removesuffix(".zip") in there):
            yield name


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write *files* into *folder*, each whole or not at all; what has not changed is left as it is."""
    try:
        for name in MADE:
            if name not in files:
                (folder / name).unlink(missing_ok=True)
            elif not _same(folder / name, files[name]):
                replace_file(folder / name, files[name], folder)
    except OSError as error:
        raise HornbookError(f"{printable(folder)}: the site cannot be written there ({error.strerror}).") from error


def _same(path: Path, data: bytes) -> bool:
    with contextlib.suppress(HornbookError):
        return read_file(path) == data
    return False


# --- Where it is put -------------------------------------------------------------------------------------------------

PAGES: Final[Mapping[str, str]] = {"github": ".github/workflows/portfolio.yml", "gitlab": ".gitlab-ci.yml"}
"""The hosts for which there is a template, and where its file belongs."""


def pages(host: str) -> str:
    """Return the file that makes *host*, one of `PAGES`, publish a repository's folder portfolio/ as it is."""
    if host not in PAGES:
        raise HornbookError(f"{printable(host[:40])}: there is no template for it. There is one for {' and '.join(PAGES)}.")
    return page.asset(f"pages.{host}.yml")


def write_pages(host: str, into: Path) -> Path:
    """Write that file into the repository *into* and return where; one that differs is never replaced."""
    return write_beside(into / PAGES[host], pages(host), f"Add what `hornbook portfolio pages {host}` prints.")
