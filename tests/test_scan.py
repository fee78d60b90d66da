"""Whatever learners must not get is found, however it was left behind; an honest release raises no alarm."""

from __future__ import annotations

import base64
import bz2
import functools
import gzip
import io
import json
import lzma
import py_compile
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hornbook.course import Course
from hornbook.errors import HornbookError
from hornbook.feedback import Bank
from hornbook.publish import Keyring
from hornbook.release import making, scan
from hornbook.release.scan import find, read
from hornbook.release.withheld import Withheld, shapes_of

ROOT = Path(__file__).parent.parent
NOTEBOOK = "lessons/python/tidy_expenses.ipynb"
LINE = "cents = round(float(price) * 100)"
SOLUTION = (ROOT / "graders/python/tidy_expenses.solution.py").read_text("utf-8")
WRONG = next(
    one.program
    for path in sorted((ROOT / "feedback").rglob("*.toml"))
    for one in Bank.read(path).misconceptions
    if set(shapes_of(one.program)) and "items" in one.program
)
TOTALS = """\
def totals(things):
    # another way to write it
    tally = {}
    for _unused, sort, money in (things):
        tally[sort] = (tally.get(sort, 0) + money)
    return tally
"""


@pytest.fixture(scope="module")
def course() -> Course:
    """Give the course of this repository."""
    return Course.open(ROOT)


@pytest.fixture(scope="module")
def honest(course: Course) -> dict[str, bytes]:
    """Give what learners get of it."""
    return dict(making.gather(course, making.checks_of(course), graders=True))


@pytest.fixture(scope="module")
def withheld(course: Course) -> Withheld:
    """Give what they must not get."""
    return making.withheld_of(course, making.checks_of(course))


def in_notebook(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Return what puts the *change* of a notebook into a release."""

    def smuggle(files: dict[str, bytes]) -> dict[str, bytes]:
        notebook = json.loads(files[NOTEBOOK])
        change(notebook)
        return {NOTEBOOK: json.dumps(notebook).encode()}

    return smuggle


def added(name: str, data: bytes | str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Return what puts a file into a release."""
    return lambda _: {name: data.encode() if isinstance(data, str) else data}


def packed(name: str, data: bytes | str = SOLUTION) -> bytes:
    """Return a zip with one member."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return whole.getvalue()


def taped(name: str) -> bytes:
    """Return a tar with the solution."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(SOLUTION.encode())
        archive.addfile(entry, io.BytesIO(SOLUTION.encode()))
    return whole.getvalue()


def picture() -> bytes:
    """Return a PNG in whose compressed comment a line of the solution stands."""
    comment = b"zTXt" + b"Comment\0\0" + zlib.compress(LINE.encode())
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(comment) - 4) + comment + struct.pack(">I", zlib.crc32(comment))


CODE: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
OUTPUT = {"output_type": "stream", "name": "stdout", "text": ["1999\n", f"    {LINE}\n"]}
WAYS = {
    "a cell": in_notebook(lambda notebook: notebook["cells"].append({**CODE, "source": SOLUTION})),
    "a cell in lines": in_notebook(lambda notebook: notebook["cells"].append({**CODE, "source": [f"x = 1;  {LINE}\n", "x"]})),
    "a cell of another layout": in_notebook(
        lambda notebook: notebook["cells"].append({**CODE, "source": "cents = round(\n    float(  # the\n        price) * 100)"})
    ),
    "other names": in_notebook(lambda notebook: notebook["cells"].append({**CODE, "source": TOTALS})),
    "an output": in_notebook(lambda notebook: notebook["cells"].append({**CODE, "source": "", "outputs": [OUTPUT]})),
    "an HTML output": in_notebook(
        lambda notebook: notebook["cells"].append(
            {
                **CODE,
                "source": "",
                "outputs": [{"output_type": "display_data", "data": {"text/html": f"<pre>{LINE.replace('(', '&#40;')}"}}],
            }
        )
    ),
    "the metadata": in_notebook(lambda notebook: notebook["metadata"].update({"author": {"note": LINE}})),
    "a cell's metadata": in_notebook(lambda notebook: notebook["cells"][0]["metadata"].update({"source": LINE})),
    "a cell's name of something": in_notebook(lambda notebook: notebook["cells"][0]["metadata"].update({LINE: 1})),
    "an attachment": in_notebook(
        lambda notebook: notebook["cells"][0].update(attachments={"a.png": {"image/png": base64.b64encode(SOLUTION.encode()).decode()}})
    ),
    "a text": added("lessons/notes.md", f"# Notes\n\nFor myself: `{LINE}`\n"),
    "another encoding": added("lessons/notes.txt", SOLUTION.encode("utf-16")),
    "another encoding without a mark": added("lessons/notes.txt", SOLUTION.encode("utf-16-le")),
    "base64": added("lessons/notes.txt", f"see {base64.b64encode(SOLUTION.encode()).decode()}"),
    "base64 in lines": added("lessons/notes.txt", base64.encodebytes(SOLUTION.encode())),
    "base64 of a zip": added("lessons/notes.txt", base64.b64encode(packed("a.txt"))),
    "base64 of base64": added("lessons/notes.txt", base64.b64encode(base64.b64encode(SOLUTION.encode()))),
    "hex": added("lessons/data.txt", SOLUTION.encode().hex()),
    "escapes": added("lessons/data.txt", LINE.replace("(", "\\u0028").replace("c", "\\x63")),
    "octal escapes": added("lessons/data.txt", LINE.replace("(", "\\050")),
    "a link": added("lessons/data.txt", "https://example.org/?q=" + LINE.replace(" ", "%20").replace("(", "%28")),
    "JSON": added("lessons/data.json", json.dumps({"a": [{"b": LINE}]})),
    "a zip": added("lessons/data.zip", packed("a.txt")),
    "a zip in a zip": added("lessons/data.zip", packed("b.zip", packed("a.txt"))),
    "the name of a member": added("lessons/data.zip", packed("tidy_expenses.solution.py", "")),
    "a tar": added("lessons/data.tar", taped("a.txt")),
    "a compressed tar": added("lessons/data.tgz", gzip.compress(taped("a.txt"))),
    "gzip": added("lessons/data.gz", gzip.compress(SOLUTION.encode())),
    "bzip2": added("lessons/data.bz2", bz2.compress(SOLUTION.encode())),
    "xz": added("lessons/data.xz", lzma.compress(SOLUTION.encode())),
    "zlib": added("lessons/data.bin", b"\xff\0" + zlib.compress(SOLUTION.encode())),
    "a picture": added("lessons/picture.png", picture()),
    "raw bytes": added("lessons/data.bin", b"\xff\xfe\0\0\xff" + LINE.encode() + b"\xff"),
    "the name of a solution": added("graders/python/tidy_expenses.solution.py", ""),
    "an alternative": added("lessons/data.txt", (ROOT / "graders/python/tidy_expenses.alt-ledger.py").read_text("utf-8")),
    "a hidden check": added("graders/python/test_more.py", (ROOT / "graders/python/test_tidy_expenses.py").read_text("utf-8")),
    "a hidden check's name": added("README.md", "Fails at test_a_bad_slip_does_not_end_it, why?"),
    "a hidden check's sentence": added(
        "README.md", "A payment by a *stranger* raises".replace("*", "") + " a ValueError with the name, and changes nothing"
    ),
    "a hidden check's text": added("README.md", "asks for 'ball, fun, 8' last"),
    "a wrong program": added("lessons/data.py", WRONG.replace("items", "things")),
    "a path": added("lessons/data.txt", f"made in {ROOT}/lessons"),
    "a path in the home": added("lessons/data.txt", f"see {Path.home()}/notes"),
    "a history": added(".git/config", "[core]"),
    "a record": added(".hornbook/versions/x/y", "1"),
    "a checkpoint": added("lessons/.ipynb_checkpoints/a.ipynb", "{}"),
    "a PEM key": added("lessons/key.pem", "-----BEGIN PRIVATE KEY-----\nMC4\n"),
    "an enciphered member": added(
        "lessons/data.zip",
        packed("a.txt", "secret")
        .replace(b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\1\0")
        .replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0"),
    ),
    "a damaged zip": added("lessons/data.zip", packed("a.txt")[:200]),
    "too deep": added("lessons/data.txt", functools.reduce(lambda data, _: base64.b64encode(data), range(8), b"x" * 40)),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_smuggled_is_found(way: str, honest: dict[str, bytes], withheld: Withheld) -> None:
    """Wherever a secret is left behind, in whatever form, the file that has it is named."""
    changed = WAYS[way](dict(honest))
    findings = find(changed, withheld)

    assert {finding.file.partition("!")[0] for finding in findings} == set(changed)


def test_an_honest_release_raises_no_alarm(honest: dict[str, bytes], withheld: Withheld) -> None:
    """The lessons of this repository give nothing away, though hundreds of things are looked for, of each of them some."""
    assert find(honest, withheld) == ()
    assert len(withheld) > 300
    for slug in Course.open(ROOT).slugs:
        assert any(slug in what for what in withheld.lines.values())


def test_a_finding_has_its_place(honest: dict[str, bytes], withheld: Withheld) -> None:
    """A finding says the file, the cell, the line, and what it is."""
    number = len(json.loads(honest[NOTEBOOK])["cells"]) + 1
    files = WAYS["a cell"](dict(honest))
    told = [str(finding) for finding in find(files, withheld)]

    assert f"{NOTEBOOK}, cell {number}, line 9: the solution of tidy_expenses: {LINE}" in told


def test_a_key_of_hornbooks_is_found(tmp_path: Path, withheld: Withheld) -> None:
    """The file that a learner's or a course's own key is in is found, open or sealed with a passphrase."""
    Keyring.open(tmp_path / "open")
    Keyring.open(tmp_path / "sealed", passphrase="rhubarb and custard")
    found = find(read(tmp_path), withheld)

    assert [(finding.file, finding.what) for finding in found] == [
        ("open/key-0001.json", "the private part of a key"),
        ("sealed/key-0001.json", "the private part of a key"),
    ]


def test_compiled_python_is_found(tmp_path: Path, withheld: Withheld) -> None:
    """A compiled file is a finding: its code cannot be read, and its texts are."""
    (tmp_path / "a.py").write_text('def test_any_good_line():\n    """Nothing"""\n', "utf-8")
    py_compile.compile(str(tmp_path / "a.py"), str(tmp_path / "b.pyc"))
    (tmp_path / "a.py").unlink()
    found = {finding.what for finding in find(read(tmp_path), withheld)}

    assert any("compiled" in what for what in found)
    assert any("name of a hidden check" in what for what in found)


def test_a_bomb_is_not_opened(monkeypatch: pytest.MonkeyPatch, withheld: Withheld) -> None:
    """What would be too much when it is unpacked is a finding, whatever it is packed with."""
    monkeypatch.setattr(scan, "MOST_BYTES", 1 << 20)
    zeros = b"\0" * (1 << 22)
    for data in (gzip.compress(zeros), packed("a.txt", zeros), zeros):
        (finding,) = find({"bomb": data}, withheld)

        assert finding.what == "holds more than can be looked through"


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """Where there is no file, one sentence says so."""
    with pytest.raises(HornbookError, match="cannot be read"):
        read(tmp_path / "nothing")


def test_a_shape_knows_no_names() -> None:
    """Functions that differ in the names of their variables, comments and docstrings have one shape; others have another."""
    one = "def total(numbers):\n    '''Doc'''\n    result = 0\n    for number in numbers:\n        result += number\n    return result\n"
    same = "def add(xs):\n    r = 0\n    for x in xs:\n        # more\n        r += x\n    return r\n"
    other = same.replace("+=", "-=")

    assert set(shapes_of(one)) & set(shapes_of(same))
    assert not set(shapes_of(one)) & set(shapes_of(other))
