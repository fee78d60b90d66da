"""Every sentence that a learner can meet, in the language that was chosen.

    say("compare.value", came="3", expected="4")      the sentence of that id, its blanks filled in
    say("repair.also-run", 2)                         the same, in the plural form that two asks for
    written("1,234.5")                                a number with the marks of the language
    speaking("de")                                    a block in which all of this is German

The sentences stand in `locale/<language>.po`, one file for each language; the code has their ids. What fills a blank may be a
learner's: it is made printable, and never read as a template, a style or an id.

A learner's sentences are those of a verdict and of its drawing, of repairs, and of why a file cannot be read. What only authors
and the keepers of a machine meet stands in the code, in English: `CourseError` and its kind, `SandboxError`, doctor, scaffold,
the walls of a sandbox, `--help`. What Python itself says of an exception stays as Python says it.
"""

from __future__ import annotations

import contextlib
import functools
import io
import struct
import zlib
from contextvars import ContextVar
from datetime import UTC, datetime
from gettext import GNUTranslations
from pathlib import Path
from typing import TYPE_CHECKING

from hornbook.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).with_name("locale")
ENGLISH = "en"

_SOURCE = "source"
"""The id under which a compiled catalogue keeps the checksum of the .po file that it was made of."""

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


def say(key: str, count: int | None = None, /, **blanks: object) -> str:
    """Return the sentence *key*, its blanks filled with *blanks*; a *count* chooses the plural form, and fills the blank of that name.

    Raises KeyError for an id that no catalogue has.
    """
    catalogue = _catalogue(_language.get())
    template = catalogue.gettext(key) if count is None else catalogue.ngettext(key, key, count)
    if template == key:
        raise KeyError(key)
    filled = {name: printable(str(value)) for name, value in blanks.items()}
    return template.format(**filled) if count is None else template.format(**{"count": written(f"{count:,}"), **filled})


def written(text: str) -> str:
    """Return *text*, a number as Python writes it with `,` and `.`, with the marks of the language."""
    if text.isdecimal():
        return text
    return text.translate({ord(mark): say(key) for mark, key in ((",", "number.comma"), (".", "number.point"))})


@contextlib.contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Have everything in this block said in *language*, a BCP 47 tag; None leaves it as it is.

    It holds for this thread or task alone. In a generator, let no `yield` stand inside: whoever asks for the next value would
    speak that language, too.
    """
    if language is None:
        yield
        return
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


@functools.cache
def languages() -> tuple[str, ...]:
    """Return the languages that there are sentences in."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.po")))


def read_all() -> None:
    """Read the sentences of every language, so that forks of this process need not."""
    for language in languages():
        _catalogue(language)


def nearest(tag: str) -> str:
    """Return the language of ours that is nearest to *tag*: for pt-BR that, else pt, else English. A tag is never a path."""
    known = {language.lower(): language for language in languages()}
    parts = tag.lower().replace("_", "-").split("-")
    return next((found for end in range(len(parts), 0, -1) if (found := known.get("-".join(parts[:end])))), ENGLISH)


@functools.lru_cache(64)
def _catalogue(tag: str) -> GNUTranslations:
    """Return the sentences of the language nearest to *tag*; what it lacks, it says in English."""
    language = nearest(tag)
    catalogue = _read(FOLDER / f"{language}.po")
    if language != ENGLISH:
        catalogue.add_fallback(_catalogue(ENGLISH))
    return catalogue


def _read(path: Path) -> GNUTranslations:
    """Return the sentences in the file at *path*: from the compiled one beside it, a hundred times as fast, if that is of this text."""
    text = path.read_bytes()
    with contextlib.suppress(OSError, ValueError, struct.error):
        made = GNUTranslations(io.BytesIO(path.with_suffix(".mo").read_bytes()))
        if made.gettext(_SOURCE) == str(zlib.crc32(text)):
            return made
    return GNUTranslations(io.BytesIO(compiled(text)))


def compiled(text: bytes) -> bytes:
    """Return the .mo file of the .po file with that *text* (https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html)."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - heavy, and only where nobody has compiled before
    from babel.messages.pofile import read_po  # noqa: PLC0415

    catalogue = read_po(io.BytesIO(text), abort_invalid=True)
    catalogue.add(_SOURCE, str(zlib.crc32(text)))
    # Babel would write down when this was; the same text has to give the same bytes.
    catalogue.creation_date = datetime.fromtimestamp(0, UTC)
    made = io.BytesIO()
    write_mo(made, catalogue)
    return made.getvalue()


def compile_all() -> list[Path]:
    """Compile the catalogue of each language beside its source; return the files that were made."""
    made = []
    for language in languages():
        path = FOLDER / f"{language}.mo"
        path.write_bytes(compiled(path.with_suffix(".po").read_bytes()))
        made.append(path)
    return made
