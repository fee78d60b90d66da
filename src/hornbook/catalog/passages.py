"""Documents: what of a lesson or an artifact can be found, as plain data, and the passages that a reader is led to.

    lesson_document(lesson, course="hornbook")
    artifact_document(artifact, lesson, course="hornbook", author="did:key:z6Mk...")
    Document.of({"id": "42", "title": "Means", "text": "...", "skills": ["NumPy arrays"], "level": "beginner"})

Outputs are left out: they are long, and say little. Nothing of a learner's is trusted: texts are cut to size, and what no database can
hold is taken out of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from hornbook.catalog.terms import words
from hornbook.errors import HornbookError, printable

if TYPE_CHECKING:
    from hornbook.lesson import Lesson

RECIPE: Final = "card-1"
"""Which text of a document is embedded (see `card`). Another recipe makes other vectors, so it is a part of their name."""
LEVELS: Final = ("beginner", "intermediate", "advanced")
MAX_PASSAGES: Final = 2_000
MAX_PASSAGE: Final = 20_000
"""How many characters of one cell are kept."""
MAX_TEXT: Final = 400_000
"""How many characters of all cells together are kept."""
MAX_NAME: Final = 300
MAX_NAMES: Final = 60

Kind = Literal["prose", "code"]


@dataclass(frozen=True, slots=True)
class Passage:
    """One cell, as it can be read. `cell` is its number in the notebook, from 1, or 0 where there is no notebook."""

    text: str
    kind: Kind = "prose"
    cell: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """What can be found: a lesson, an artifact, or anything else that has a `key` of its own.

    `kind` is "lesson", "artifact" or another word; `created` is in UTC; `requires` are slugs of lessons of the same course; `place` is
    where it lies, a path or an address; `stamp` is whatever tells cheaply that the file has not changed.
    """

    key: str
    title: str
    kind: str = "lesson"
    course: str = ""
    slug: str = ""
    summary: str = ""
    passages: tuple[Passage, ...] = ()
    skills: tuple[str, ...] = ()
    level: str = ""
    minutes: int | None = None
    requires: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    language: str = "en"
    assurance: str = ""
    created: datetime | None = None
    version: str = ""
    place: str = ""
    stamp: str = ""

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Document:
        """Return the document that *record* tells of, plain data as from a JSON file.

        It needs `id` and `title`. `text` (Markdown), `code` and `headings` become its passages; all else is named as the fields are.
        """
        known = {one.name for one in fields(cls)} - {"key", "passages"}
        try:
            headings = "\n\n".join(f"# {heading}" for heading in record.get("headings", ()))
            passages = [
                *(Passage(_text(part, MAX_PASSAGE)) for part in (headings, *re.split(r"\n(?=#)", record.get("text", ""))) if part.strip()),
                *(Passage(_text(part, MAX_PASSAGE), "code") for part in (record.get("code", ""),) if part.strip()),
            ]
            given = {name: value for name, value in record.items() if name in known}
            for name in ("skills", "requires", "authors"):
                given[name] = _names(given.get(name, ()))
            for name in ("title", "summary", "course", "slug", "level", "kind", "language", "assurance", "version", "place"):
                if name in given:
                    given[name] = _text(given[name], MAX_PASSAGE if name == "summary" else MAX_NAME)
            return cls(key=_text(record["id"], MAX_NAME), passages=_fitting(passages), **given)
        except (KeyError, TypeError, AttributeError) as error:
            raise HornbookError(f"{printable(str(record)[:80])}: is no document: it needs an id, a title and texts.") from error

    @property
    def digest(self) -> str:
        """The SHA-256 of all that can be found of it, in hexadecimal; where it lies is no part of that."""
        content = {name: value for name, value in asdict(self).items() if name not in {"place", "stamp"}}
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings of its Markdown."""
        prose = "\n".join(passage.text for passage in self.passages if passage.kind == "prose")
        return tuple(plain(heading) for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", prose, re.MULTILINE))

    @property
    def prose(self) -> str:
        """What it says, without Markdown's marks."""
        return "\n".join(plain(passage.text) for passage in self.passages if passage.kind == "prose")

    @property
    def code(self) -> str:
        """What its code cells hold."""
        return "\n".join(passage.text for passage in self.passages if passage.kind == "code")

    @property
    def card(self) -> str:
        """The text that is embedded: title, headings, how it begins, and the names that its code uses.

        Measured against whole texts, chunks and titles: fused with the words, one vector of this finds as much as several of everything.
        """
        paragraphs = [line for line in self.prose.splitlines() if line.strip() and line not in self.headings and line != self.title]
        names = dict.fromkeys(word for word in re.findall(r"[^\W\d]\w{2,}", self.code) if len(word) < MAX_NAMES)
        parts = (
            self.title,
            ". ".join(self.headings[:12]),
            " ".join((self.summary, *paragraphs))[:700],
            ", ".join(self.skills),
            " ".join(names)[:300],
        )
        return ". ".join(part.strip() for part in parts if part.strip())


# --- Of lessons and artifacts ----------------------------------------------------------------------------------------


class Published(Protocol):
    """What there is to know of an artifact; `hornbook.Artifact` is one."""

    @property
    def slug(self) -> str:
        """Its lesson's slug."""

    @property
    def title(self) -> str:
        """Its lesson's title."""

    @property
    def created(self) -> datetime:
        """When it was published."""

    @property
    def assurance(self) -> str:
        """What it is worth, in one word."""

    @property
    def skills(self) -> tuple[str, ...]:
        """What it shows that its author can do."""

    @property
    def page(self) -> Path:
        """The page to open; the notebook lies beside it."""


def lesson_document(lesson: Lesson, *, course: str, language: str = "en", stamp: str = "") -> Document:
    """Return what can be found of *lesson*, as it is given to learners."""
    told = [Passage(_text("\n".join((lesson.summary, *(f"- {one}" for one in lesson.objectives))), MAX_PASSAGE))]
    cells = (
        Passage(_text(cell.source, MAX_PASSAGE), "code" if cell.kind == "code" else "prose", number)
        for number, cell in enumerate(lesson.cells, 1)
        if cell.source.strip()
    )
    return Document(
        key=lesson_key(course, lesson.slug),
        title=_text(lesson.title, MAX_NAME),
        course=course,
        slug=lesson.slug,
        summary=_text(lesson.summary, MAX_PASSAGE),
        passages=_fitting([*told, *cells]),
        skills=_names(skill.name for skill in lesson.skills),
        level=lesson.level,
        minutes=lesson.minutes,
        requires=lesson.requires,
        authors=_names(lesson.authors),
        language=language,
        version=lesson.version,
        place=storable(str(lesson.path)),
        stamp=stamp,
    )


def lesson_key(course: str, slug: str) -> str:
    """Return the key of the lesson *slug* of *course*."""
    return f"lesson:{course}/{slug}"


def artifact_key(course: str, slug: str, author: str, learner: str | None = None) -> str:
    """Return the key of what *author* has issued of the lesson *slug*, to *learner* if that is another: the latest takes its place."""
    return f"artifact:{course}/{slug}@{author}" + (f"/{learner}" if learner not in {None, author} else "")


def artifact_document(
    artifact: Published, lesson: Lesson, *, course: str, author: str, learner: str | None = None, language: str = "en"
) -> Document:
    """Return what can be found of *artifact*, which came of *lesson*: the learner's own notebook, as everybody may read it.

    *author* is who issued its credential, and *learner* whose it is, if that is another. Nobody's name is taken from it.
    """
    return Document(
        key=artifact_key(course, artifact.slug, author, learner),
        kind="artifact",
        title=_text(artifact.title, MAX_NAME),
        course=course,
        slug=artifact.slug,
        summary=_text(lesson.summary, MAX_PASSAGE),
        passages=_fitting(notebook_passages(artifact.page.with_name("notebook.ipynb"))),
        skills=_names(artifact.skills),
        level=lesson.level,
        minutes=lesson.minutes,
        authors=_names(dict.fromkeys((author, learner or author))),
        language=language,
        assurance=str(artifact.assurance),
        created=artifact.created.astimezone(UTC),
        version=lesson.version,
        place=place_of(artifact.page),
    )


def place_of(page: Path) -> str:
    """Return where the *page* of an artifact lies, the same by whichever links one has come there."""
    return storable(os.path.realpath(page))


def notebook_passages(path: Path) -> list[Passage]:
    """Return the passages of the notebook at *path*; raise `HornbookError` if it is none."""
    try:
        notebook = json.loads(path.read_bytes())
        cells = [(cell["cell_type"], cell["source"]) for cell in notebook["cells"]]
    except OSError as error:
        raise HornbookError(f"{printable(path)}: cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise HornbookError(f"{printable(path)}: is not a notebook.") from error
    sources = [(kind, "".join(map(str, source)) if isinstance(source, list) else str(source)) for kind, source in cells]
    return [
        Passage(_text(source, MAX_PASSAGE), "code" if kind == "code" else "prose", number)
        for number, (kind, source) in enumerate(sources, 1)
        if source.strip()
    ]


# --- Texts -----------------------------------------------------------------------------------------------------------


def plain(markdown: str) -> str:
    """Return *markdown* without its marks, pictures and tags: what a reader would read aloud."""
    text = re.sub(r"!\[([^\]\n]{0,300})\]\([^)\n]*\)", r"\1", markdown)
    text = re.sub(r"\[([^\]\n]{0,300})\]\([^)\n]*\)", r"\1", text)
    text = re.sub(r"<[^<>\n]{0,300}>", " ", text)
    text = re.sub(r"^[ \t]*(?:#{1,6}|>|[-*+]|\d+\.)[ \t]+", "", text, flags=re.MULTILINE)
    return re.sub(r"[*`$]|(?<!\w)_|_(?!\w)", "", text.replace("|", " "))


def shown(passage: Passage, wanted: Iterable[str], *, width: int = 240) -> str:
    """Return the part of *passage* in which most of *wanted*, folded words, stand, at most *width* characters."""
    text = plain(passage.text) if passage.kind == "prose" else passage.text
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    look = set(wanted)
    hits = [len(look.intersection(words(line))) for line in lines]
    start = max(range(len(lines)), key=lambda place: (sum(hits[place : place + 3]), -place), default=0)
    joined = ("\n" if passage.kind == "code" else " ").join(lines[start : start + 6] if passage.kind == "code" else lines[start:])
    found = joined if passage.kind == "code" else " ".join(joined.split())
    if len(found) <= width:
        return found
    places = [place.start() for place in re.finditer(r"[^\W_]+", found) if look.intersection(words(place[0]))]
    begin = max(0, places[0] - width // 3) if places and places[0] > width // 2 else 0
    begin = found.rfind(" ", 0, begin) + 1 if begin else 0
    return f"{'…' if begin else ''}{found[begin : begin + width].rstrip()}…"


def _fitting(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """Return the first of *passages*, as many as are kept of one document."""
    return tuple(_cut(passages))


def _cut(passages: Sequence[Passage]) -> Iterator[Passage]:
    left = MAX_TEXT
    for passage in passages[:MAX_PASSAGES]:
        left -= len(passage.text)
        if left < 0:
            return
        yield passage


def _text(value: object, most: int) -> str:
    """Return *value*, which must be a text, in what every database can hold."""
    if not isinstance(value, str):
        raise TypeError(value)
    return storable(value[:most])


def storable(text: str) -> str:
    """Return *text* in what every database can hold: file names, too, may have pieces that are no text."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _names(values: Iterable[object]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise TypeError(values)
    found = (" ".join(_text(value, MAX_NAME).split()) for value in values)
    return tuple(dict.fromkeys(name for name in found if name))[:MAX_NAMES]
