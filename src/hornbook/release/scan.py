"""Looks for what was withheld in whatever learners would get: in every file, member, cell, output and attachment, packed or encoded.

    find(files, withheld) -> tuple[Finding, ...]        `files` are bytes by name
    read(path) -> dict[str, bytes]                      those of a folder, or the one file

It opens what people pack things into by habit or by accident: zips and wheels, tars, gzip and its like, notebooks, base64 and hex, escapes
of Python, JSON, HTML and links. It does not undo what somebody has enciphered: such a file is a finding itself.
"""

from __future__ import annotations

import ast
import base64
import binascii
import bz2
import gzip
import html
import io
import json
import lzma
import re
import tarfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hornbook.doctor import squeeze
from hornbook.errors import HornbookError, printable
from hornbook.release.withheld import Withheld, shapes_of, tree_of

MOST_BYTES: Final = 256 << 20
"""How much is looked through, all that is unpacked together: more is a bomb, or no course."""
DEEPEST: Final = 6
"""How often something may be packed into something else."""

_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{24,}(?:[\r\n]+[ \t]*[A-Za-z0-9+/_-]{4,})*={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){16,}")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-7]{3})|(n|t))")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_FORBIDDEN_FOLDERS = {".git", ".hg", ".svn", ".hornbook", "__pycache__", ".ipynb_checkpoints", ".hypothesis", ".pytest_cache"}
_MARKS = (b"\xff\xfe", b"\xfe\xff")
_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\"seed\"\s*:\s*\"[A-Za-z0-9+/]{43}=\"|\"kdf\"\s*:\s*\"scrypt\"|\"kty\"[^}]*\"d\"\s*:"
)
_SOLUTION = re.compile(r"[^/]+\.(solution|alt-[^./]+)\.py")
_CELL_WORDS = {"source": "", "input": "", "outputs": ", output", "metadata": ", metadata", "attachments": ", attachment"}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that learners must not get: the file, the place in it ("" for all of it), and what it is."""

    file: str
    place: str
    what: str

    def __str__(self) -> str:
        """Return it as it is told: `file, place: what`."""
        return f"{printable(self.file)}{f', {self.place}' if self.place else ''}: {printable(self.what)}"


@dataclass(frozen=True, slots=True)
class _Text:
    """A piece of what was found inside a file, and where. In a *raw* one, bytes of any kind, words have no ends."""

    file: str
    place: str
    text: str
    raw: bool = False


class _TooMuch(Exception):  # noqa: N818 - an ending, not an error
    """There is more than is looked through."""


def find(files: Mapping[str, bytes], withheld: Withheld) -> tuple[Finding, ...]:
    """Return everything in *files* that is *withheld*, or that cannot be looked into, in the order of the files."""
    findings: set[Finding] = set()
    seen: set[tuple[str, ...]] = set()
    look = _Look(findings)
    for name, data in sorted(files.items()):
        try:
            for text in look.into(name, "", data):
                # What is there once is found again where the same is read in another way.
                new = [one for one in _found(text, withheld) if not seen & {(one.file, text.place, one.what), _again(one, text)}]
                findings.update(new)
                seen |= {known for one in new for known in ((one.file, text.place, one.what), (one.file, one.what))}
        except _TooMuch:
            findings.add(Finding(name, "", "holds more than can be looked through"))
    return tuple(sorted(findings))


def _again(one: Finding, text: _Text) -> tuple[str, ...]:
    """Return what a document as a whole has told already, where its parts were looked at before."""
    return () if text.place else (one.file, one.what)


def read(path: Path) -> dict[str, bytes]:
    """Return the files of the folder at *path* by their places in it, or the one file there; a link counts as what it leads to.

    Raises `HornbookError` where there is nothing that can be read.
    """
    if path.is_dir():
        found = {one.relative_to(path).as_posix(): one for one in sorted(path.rglob("*")) if one.is_file()}
    else:
        found = {path.name: path}
    try:
        return {name: one.read_bytes() for name, one in found.items()}
    except OSError as error:
        raise HornbookError(
            f"{printable(error.filename or path)}: cannot be read ({error.strerror}), so nothing can be said of it."
        ) from error


def _found(piece: _Text, withheld: Withheld) -> Iterator[Finding]:
    squeezed = squeeze(piece.text)
    for needle, what in withheld.lines.items():
        if needle in squeezed:
            yield Finding(piece.file, _place(piece, squeeze, needle), what)
    for word, what in withheld.words.items():
        if word in piece.text and (piece.raw or _as_a_word(word, piece.text)):
            yield Finding(piece.file, _place(piece, str, word), what)
    if key := _KEY.search(piece.text):
        yield Finding(piece.file, _place(piece, str, key[0]), "the private part of a key")
    tree = tree_of(piece.text) if len(piece.text) < 1 << 20 else ast.Module([], [])
    if not tree.body:
        return
    plain = squeeze(ast.unparse(tree))
    for needle, what in withheld.lines.items():
        if needle in plain and needle not in squeezed:
            yield Finding(piece.file, piece.place, what)
    for shape in {*shapes_of(piece.text)} & withheld.shapes.keys():
        yield Finding(piece.file, piece.place, withheld.shapes[shape])


def _as_a_word(word: str, text: str) -> bool:
    """Whether *word* stands in *text* and is no part of a longer one; what ends in a slash goes on."""
    end = r"(?!\w)" if re.match(r"\w", word[-1]) else ""
    return re.search(rf"(?<!\w){re.escape(word)}{end}", text, re.ASCII) is not None


def _place(piece: _Text, form: Callable[[str], str], needle: str) -> str:
    """Return the place of *needle* in *piece*, with the line that has it in that *form*; of one that takes several, the last of them."""
    lines = piece.text.splitlines()
    number = next((number for number, line in enumerate(lines, 1) if needle in form(line)), 0)
    if not number:
        number = next((number for number in range(1, min(len(lines), 5000) + 1) if needle in form("\n".join(lines[:number]))), 0)
    line = f"line {number}" if number and len(lines) > 1 else ""
    return ", ".join(part for part in (piece.place, line) if part)


class _Look:
    """A look into files, as deep as they go. What cannot be looked into is a finding."""

    def __init__(self, findings: set[Finding]) -> None:
        self.findings = findings
        self.left = MOST_BYTES

    def into(self, file: str, place: str, data: bytes, depth: int = 0) -> Iterator[_Text]:
        """Yield the texts in *data*, the content of *file* at *place*, and in what is packed in it."""
        self.left -= len(data)
        if self.left < 0:
            raise _TooMuch
        if not place:
            self._by_name(file)
            yield _Text(file, "its name", Path(file).name)
        if depth > DEEPEST:
            self.findings.add(Finding(file, place, "is packed too often to be looked into"))
            return
        members = self._members(file, place, data)
        if members is not None:
            for name, content in members:
                inside = f"{file}!{name}" if name else file
                yield from self.into(inside, place if name else place or "unpacked", content, depth + 1)
            return
        text = _decoded(data)
        if text is not None:
            yield from self._texts(file, place, text, depth)
        # What has zeros in it may be in another encoding, and may be none at all.
        if text is None or b"\0" in data or data.startswith(_MARKS):
            yield _Text(file, place, data.decode("latin-1"), raw=True)
            # Without a copy for each place at which a stream may begin.
            view = memoryview(data)
            for found in _ZLIB.finditer(data):
                yield from self._stream(file, place, view[found.start() :])

    def _by_name(self, file: str) -> None:
        parts = file.replace("!", "/").split("/")
        for part in parts:
            if part in _FORBIDDEN_FOLDERS:
                self.findings.add(Finding(file, "", f"lies in {part}, which is nobody's but yours"))
        if _SOLUTION.fullmatch(parts[-1]):
            self.findings.add(Finding(file, "", "has the name of a solution"))
        if parts[-1].endswith((".pyc", ".pyo")):
            self.findings.add(Finding(file, "", "is compiled, so that nobody can tell what is in it"))

    def _members(self, file: str, place: str, data: bytes) -> Iterator[tuple[str, bytes]] | None:
        """Return what is packed in *data*, by name, or None if nothing is."""
        try:
            if data.startswith((b"PK\x03\x04", b"PK\x05\x06")) or (data[-22:-18] == b"PK\x05\x06"):
                return self._zip(data)
            if data.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")):
                return iter([("", self._expanded(data))])
            if data[257:262] == b"ustar":
                return self._tar(data)
        # The ways in which Python's own unpackers refuse, a method or a cipher that they do not know included.
        except (OSError, EOFError, ValueError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, RuntimeError, NotImplementedError):
            self.findings.add(Finding(file, place, "is packed or enciphered so that it cannot be looked into"))
        return None

    def _zip(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        members = []
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if archive.comment:
                members.append(("", archive.comment))
            for entry in archive.infolist():
                if entry.file_size > self.left:
                    raise _TooMuch
                members += [(entry.filename, archive.read(entry)), (f"{entry.filename}", entry.comment + entry.extra)]
        return iter(members)

    def _tar(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        members = []
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for entry in archive:
                content = archive.extractfile(entry) if entry.isfile() else None
                if entry.size > self.left:
                    raise _TooMuch
                members.append((entry.name, content.read() if content else entry.linkname.encode()))
        return iter(members)

    def _expanded(self, data: bytes) -> bytes:
        """Return what is compressed in *data*."""
        module: Any = gzip if data.startswith(b"\x1f\x8b") else bz2 if data.startswith(b"BZh") else lzma
        with module.open(io.BytesIO(data)) as file:
            content: bytes = file.read(self.left + 1)
        if len(content) > self.left:
            raise _TooMuch
        return content

    def _stream(self, file: str, place: str, data: memoryview) -> Iterator[_Text]:
        """Yield what is compressed at the beginning of *data*, if anything is: a part of a picture, a PDF, or of a file of one's own."""
        expander = zlib.decompressobj()
        try:
            content = expander.decompress(data, self.left)
        except zlib.error:
            return
        self.left -= len(content)
        if content:
            text = _decoded(content)
            yield _Text(file, place or "unpacked", content.decode("latin-1") if text is None else text)

    def _texts(self, file: str, place: str, text: str, depth: int) -> Iterator[_Text]:
        """Yield *text* and what is written in it in other ways."""
        if text.lstrip()[:1] in {"{", "["}:
            try:
                document = json.loads(text)
            except (ValueError, RecursionError):
                document = None
            if isinstance(document, dict | list):
                yield from self._document(file, place, document, depth)
                # What stands in it twice, or is no JSON to everybody.
                yield _Text(file, place, text)
                return
        yield _Text(file, place, text)
        for other in {_unescaped(text), html.unescape(text), urllib.parse.unquote(text)} - {text}:
            yield _Text(file, place, other)
        for found in _ENCODED.finditer(text):
            for data in _from_base64(found[0]):
                yield from self.into(file, place or "encoded", data, depth + 1)
        for found in _HEX.finditer(text):
            yield from self.into(file, place or "encoded", bytes.fromhex(found[0]), depth + 1)

    def _document(self, file: str, place: str, document: Any, depth: int) -> Iterator[_Text]:
        """Yield every text in the JSON *document*; those of a notebook with their cell."""
        cells = document.get("cells") if isinstance(document, dict) else None
        if not isinstance(cells, list):
            for text in _strings(document):
                yield from self._texts(file, place, text, depth + 1) if depth < DEEPEST else ()
            return
        for number, cell in enumerate(cells, 1):
            parts = cell.items() if isinstance(cell, dict) else [("source", cell)]
            for name, part in parts:
                where = f"cell {number}{_CELL_WORDS.get(name, f', {name}')}"
                for text in _strings(part):
                    yield from self._texts(file, where, text, depth + 1) if depth < DEEPEST else ()
        rest = {name: part for name, part in document.items() if name != "cells"}
        for text in _strings(rest):
            yield from self._texts(file, "metadata", text, depth + 1) if depth < DEEPEST else ()


def _strings(value: Any) -> Iterator[str]:
    """Yield every text in *value*, names of things too; a list of texts is one text, as notebooks have it."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            if one and all(isinstance(line, str) for line in one):
                yield "".join(one)
            else:
                todo += one
        elif isinstance(one, dict):
            todo += [*one.values(), *(name for name in one if len(name) > 2)]  # noqa: PLR2004 - a name that could tell something


def _decoded(data: bytes) -> str | None:
    """Return *data* as text, in whichever encoding it is; None where it is none."""
    if data.startswith(_MARKS):
        return data.decode("utf-16", "replace")
    sample = data[:4096]
    if sample.count(0) * 3 > len(sample):
        return data.decode("utf-16-be" if sample[::2].count(0) > sample[1::2].count(0) else "utf-16-le", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _unescaped(text: str) -> str:
    """Return *text* with the escapes of Python and JSON as the characters that they stand for."""
    ends = {"n": "\n", "t": "\t"}
    return _ESCAPE.sub(lambda found: ends.get(found[4]) or chr(int(found[1] or found[2] or "0", 16) or int(found[3] or "0", 8)), text)


def _from_base64(text: str) -> Iterator[bytes]:
    """Yield what *text* says in base64, if it says something: in either alphabet, and whatever stands before it on its line."""
    plain = re.sub(r"[\s=]", "", text).replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(plain[: len(plain) - (len(plain) % 4 == 1)] + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return
    # A long word of a text is no base64: it gives bytes that nobody would write.
    if data.startswith((b"PK", b"\x1f\x8b", b"BZh", b"\xfd7z", b"\x78", b"\x89PNG")) or _decoded(data) is not None:
        yield data
