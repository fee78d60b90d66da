"""What several learners have learnt, on one page: the works that they have handed over for it, by lesson, in no order of merit.

    wall = put_up([Path("spring"), Path("autumn")], Path("wall.html"))

The page is one file that asks nobody for anything: without scripts, pictures or links to anything but the pages that learners have put on
the web themselves. Only works that hold are on it; a folder of them is a cohort. Of a work neither points nor dates are told, and within
a lesson they stand in an order that says nothing, by the digests of their keys, so that it is no ranking of who was better or quicker.
"""

from __future__ import annotations

import functools
import hashlib
import html
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hornbook.errors import HornbookError, printable
from hornbook.model import Assurance, Verdict
from hornbook.publish import page
from hornbook.publish.artifact import is_name, read_file, replace_file
from hornbook.publish.endorsement import MAX_NAME, Endorsement
from hornbook.publish.lookup import Fetch
from hornbook.publish.portfolio import MAX_SKILLS, MAX_TITLE, counted, endorsed, shown_text, worth
from hornbook.publish.verifying import files_of, verify_files

MARK: Final = "hornbook portfolio wall"
"""Stands in each wall, so that no file of somebody else's is ever replaced."""

# What `hornbook.publish.page.report` writes, in which texts are escaped, so that no title or summary can be taken for it.
_BY = re.compile(r'<p class="by">by <strong>([^<>]*)</strong>, (as they call themselves|as the course calls them)</p>')


@dataclass(frozen=True, slots=True)
class Work:
    """One learner's passed lesson as it is shown. All of it is signed, but `address`, where its page says that it is on the web.

    `learner` and `signer` are identifiers; `issuer` is what the signer calls itself, and `called` says who calls the learner by `name`.
    """

    slug: str
    title: str
    skills: tuple[str, ...]
    learner: str
    name: str
    called: str
    assurance: Assurance
    signer: str
    issuer: str
    endorsements: tuple[Endorsement, ...]
    address: str | None
    issued: datetime


@dataclass(frozen=True, slots=True)
class Wall:
    """What `put_up` has made: how many `works` of how many `learners` are on the `page`, and why others are left out.

    `replaced` are those that hold, and in whose place a newer work of the same learner on the same lesson is shown.
    """

    page: Path
    works: int
    learners: int
    left_out: Mapping[Path, str]
    replaced: Sequence[Path]


def put_up(
    works: Sequence[Path],
    into: Path,
    *,
    title: str | None = None,
    names: bool = True,
    nameless: Collection[Path] = (),
    now: datetime | None = None,
    fetch: Fetch | None = None,
) -> Wall:
    """Return the wall that is written to the file *into*, of *works*: artifacts, or folders of them, each of which is a cohort.

    With *names* the name that stands on each work is shown, but for those of whoever has made one of *nameless*. With *fetch* each
    issuer is asked whether they have taken something back. Raises `HornbookError` where there is nothing that holds, where one of
    *nameless* is none of the works, where a file stands that somebody else has made, or where nothing can be written.
    """
    now, asking = now or datetime.now(UTC), functools.cache(fetch) if fetch else None
    if into.is_symlink() or (into.exists() and not (into.is_file() and MARK.encode() in read_file(into)[:4096])):
        raise HornbookError(f"{printable(into)}: was not made by `{MARK}`, so it is not replaced. Choose another file for --into.")
    handed = [(cohort, path) for place in works for cohort, path in _handed_over(place, into)]
    silent = {os.path.realpath(path) for path in nameless}
    there = {os.path.realpath(path) for _, path in handed}
    for path in nameless:
        # A slip of the pen must not show a name that somebody wanted to be left out.
        if os.path.realpath(path) not in there:
            raise HornbookError(f"{printable(path)}: is none of the works on the wall, so its name cannot be left out.")
    groups, left_out, replaced = _gathered(handed, silent, now, asking, names=names)
    if not groups:
        reasons = "".join(f" {printable(path)}: {reason}" for path, reason in list(left_out.items())[:1])
        raise HornbookError(f"There is nothing to put on the wall.{reasons} Name artifacts that hold, or folders of them.")
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        replace_file(into, render(groups, shown_text(title or "")[:MAX_TITLE] or "What we have learnt"), into.parent)
    except OSError as error:
        raise HornbookError(f"{printable(into)}: cannot be written ({error.strerror}). Choose another file for --into.") from error
    every = [work for some in groups.values() for work in some]
    return Wall(into, len(every), len({work.learner for work in every}), left_out, replaced)


def _gathered(
    handed: Iterable[tuple[str, Path]], silent: Collection[str], now: datetime, fetch: Fetch | None, *, names: bool
) -> tuple[dict[str, list[Work]], dict[Path, str], list[Path]]:
    """Return the works that hold, by cohort, why others are left out, and those that a newer one replaces.

    Those of whoever has made one of *silent* are without a name.
    """
    shown: dict[str, dict[tuple[str, str, str], tuple[Work, Path]]] = defaultdict(dict)
    left_out, replaced, unnamed = {}, [], set()
    for cohort, path in handed:
        try:
            work = _work_of(path, now, fetch)
        except HornbookError as error:
            if os.path.realpath(path) in silent:
                # Whose name it is that should not be shown is not known then, and it may stand on another of their works.
                raise HornbookError(f"{printable(path)}: does not hold, so it cannot be told whose name to leave out: {error}") from error
            left_out[path] = str(error)
            continue
        if not names or os.path.realpath(path) in silent:
            unnamed.add(work.learner)
        # Of one lesson that somebody has passed twice, the newer. Whoever else signs about them, though, must not push theirs out.
        one = (work.slug, work.learner, work.signer)
        before = shown[cohort].get(one)
        if before is None or before[0].issued < work.issued:
            shown[cohort][one] = work, path
        if before is not None and before[1] != path:
            replaced.append(before[1] if shown[cohort][one][1] == path else path)
    # Whoever wants no name wants none on their other works, either, and no way to a page that has it.
    groups = {
        cohort: [replace(work, name="", address=None) if work.learner in unnamed else work for work, _ in some.values()]
        for cohort, some in shown.items()
    }
    return groups, left_out, replaced


def _handed_over(place: Path, into: Path) -> Iterable[tuple[str, Path]]:
    """Yield the works at *place*, each with the cohort it belongs to: the folder that they lie in, or none."""
    if not place.is_dir() or is_name(place.name) or (place / "credential.json").exists():
        yield "", place
        return
    try:
        inside = sorted(place.iterdir())
    except OSError as error:
        raise HornbookError(f"{printable(place)}: cannot be read ({error.strerror}).") from error
    folders = {path.name for path in inside if path.is_dir()}
    for path in inside:
        if path.is_dir():
            wanted = not path.is_symlink() and (is_name(path.name) or (path / "credential.json").exists())
        else:
            # Beside a folder lies its zip, as a rule: the same work.
            wanted = path.suffix in {".zip", ".html"} and path.stem not in folders and path.absolute() != into.absolute()
        if wanted:
            yield place.absolute().name, path


def _work_of(path: Path, now: datetime, fetch: Fetch | None) -> Work:
    """Return the work at *path*; raise `HornbookError` if it does not hold."""
    files = files_of(path)
    held = verify_files(files, now, fetch)
    credential, verdict = held.credential, Verdict.from_json(files["verdict.json"])
    if verdict.assurance is Assurance.SELF_CHECKED and credential.issuer != credential.subject:
        raise HornbookError("It is self-checked, and was not signed by the learner whose it is said to be.")
    found = _BY.search(files["report.html"].decode("utf-8", "replace"))
    return Work(
        slug=verdict.lesson.slug,
        title=shown_text(credential.name)[:MAX_TITLE] or verdict.lesson.slug,
        skills=tuple(dict.fromkeys(shown_text(skill)[:MAX_TITLE] for skill in credential.skills if skill))[:MAX_SKILLS],
        learner=credential.subject,
        name=shown_text(html.unescape(found[1]))[:MAX_NAME] if found else "",
        called=found[2] if found else "",
        assurance=verdict.assurance,
        signer=credential.issuer,
        issuer=shown_text(credential.issuer_name or credential.issuer)[:MAX_TITLE],
        endorsements=held.endorsements,
        # Only where the page is ours byte for byte: otherwise the address is whatever somebody wrote into it.
        address=_address(files),
        issued=credential.issued,
    )


def _address(files: Mapping[str, bytes]) -> str | None:
    index = files.get("index.html", b"")
    address = page.address_of(index)
    beside = {name: data for name, data in files.items() if name != "index.html"}
    return address if address and index == page.index(beside, address) else None


# --- The page --------------------------------------------------------------------------------------------------------


def render(groups: Mapping[str, Sequence[Work]], title: str) -> bytes:
    """Return the page that shows the works in *groups*, by cohort."""
    every = [work for some in groups.values() for work in some]
    style = page.asset("page.css") + page.asset("portfolio.css") + page.asset("wall.css")
    learners = counted(len({work.learner for work in every}), "learner")
    lessons = counted(len({work.slug for work in every}), "lesson")
    many = len(groups) > 1
    blanks = {
        "policy": f"default-src 'none'; style-src {page.quoted_hash(style)}; base-uri 'none'; form-action 'none'",
        "title": html.escape(title),
        "lead": f"{lessons} passed by {learners}, who handed their work over to be shown here.",
        "style": style,
        "groups": "".join(_group(number, cohort, groups[cohort], many=many) for number, cohort in enumerate(sorted(groups))),
        "worth": worth(work.assurance for work in every),
    }
    # In one pass, so that nothing that a lesson or a learner wrote is taken for a blank.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: blanks[found[1]], page.asset("wall.html")).encode()


def _group(number: int, cohort: str, works: Sequence[Work], *, many: bool) -> str:
    # By all that stands above them: whoever signs may call their lesson what they like, but not that of the others.
    lessons: dict[tuple[str, str, tuple[str, ...]], list[Work]] = defaultdict(list)
    for work in works:
        lessons[work.slug, work.title, work.skills].append(work)
    titled = [lessons[one] for one in sorted(lessons, key=lambda one: (one[1].casefold(), one))]
    inner = "".join(_lesson(f"g{number}-{place}", some, level=3 if many else 2) for place, some in enumerate(titled))
    if not many:
        return inner
    name = f"<bdi>{html.escape(shown_text(cohort)[:MAX_TITLE])}</bdi>" if cohort else "Handed over one by one"
    return f'<section class="cohort" aria-labelledby="g{number}"><h2 id="g{number}">{name}</h2>\n{inner}</section>\n'


def _lesson(anchor: str, works: Sequence[Work], *, level: int) -> str:
    learners = counted(len({work.learner for work in works}), "learner")
    skills = "".join(f'<li dir="auto">{html.escape(skill)}</li>' for skill in works[0].skills)
    listed = f'<ul class="skills" aria-label="Skills">{skills}</ul>' if skills else ""
    cards = "\n".join(_card(work) for work in sorted(works, key=_nowhere))
    return (
        f'<section class="lesson" aria-labelledby="{anchor}"><h{level} id="{anchor}"><bdi>{html.escape(works[0].title)}</bdi> '
        f'<small>{learners}</small></h{level}>\n{listed}<ul class="works">\n{cards}\n</ul></section>\n'
    )


def _nowhere(work: Work) -> str:
    """Return what works are sorted by: the same each time, and nothing that anybody could be proud of."""
    return hashlib.sha256(f"{work.slug}\n{work.learner}\n{work.signer}".encode("utf-8", "surrogatepass")).hexdigest()


def _card(work: Work) -> str:
    name = f"<bdi>{html.escape(work.name)}</bdi>" if work.name.strip() else "A learner"
    by = f" by <bdi>{html.escape(work.issuer)}</bdi>" if work.assurance is Assurance.COURSE_CHECKED else ""
    called = f" · {work.called}" if work.name.strip() else ""
    title = html.escape(work.title)
    link = (
        f' · <a href="{html.escape(work.address)}" rel="noopener noreferrer nofollow">their page'
        f'<span class="unseen">: {title}, {name}</span></a>'
        if work.address
        else ""
    )
    return f'<li><p class="who">{name}</p><p class="facts">{work.assurance}{by}{called}{link}</p>{endorsed(work.endorsements)}</li>'
