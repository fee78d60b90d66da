"""What learners hand in: hostile files, and notebooks that editors, converters and learners have changed in every way we know."""

from __future__ import annotations

import copy
import json
import os
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.errors import SubmissionError
from hornbook.lesson import (
    MAX_CELLS,
    AddedCell,
    Cell,
    Lesson,
    SubmissionFile,
    claimed_slug,
    match_lesson,
    program,
    read_submission,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hornbook.lesson import Submission

Notebook = dict[str, Any]

MEAN = 'def mean(xs):\n    """The mean."""\n    ...'
SPREAD = "def spread(xs):\n    ..."
MY_MEAN = 'def mean(xs):\n    """The mean."""\n    total = sum(xs)\n    return total / len(xs)'
MY_SPREAD = "def spread(xs):\n    return max(xs) - min(xs)"
MY_PLOT = "import matplotlib.pyplot as plt\nplt.plot(numbers)"

LESSON = Lesson(
    path=Path("statistics.ipynb"),
    slug="statistics",
    title="Statistics",
    version="1.0.0",
    summary="Three exercises.",
    objectives=("Know a mean",),
    level="beginner",
    minutes=5,
    authors=("hornbook maintainers",),
    licence="CC-BY-4.0",
    cells=(
        Cell("markdown", "# Statistics", id="intro"),
        Cell("code", "import math\nnumbers = [1, 2, 3]\nseed = 1", tags=("parameters",), id="setup"),
        Cell("markdown", "## Mean", id="mean-text"),
        Cell("code", MEAN, exercise="mean", id="mean-cell"),
        Cell("markdown", "## Spread", id="spread-text"),
        Cell("code", SPREAD, exercise="spread", id="spread-cell"),
        Cell("code", "print(mean(numbers))\nprint(spread(numbers))\nprint('done')", id="example"),
        Cell("code", "# Draw the numbers here.", exercise="plot", id="plot-cell"),
    ),
)
ANSWERS = {"mean": (MY_MEAN,), "spread": (MY_SPREAD,), "plot": (MY_PLOT,)}


@pytest.fixture
def work() -> Notebook:
    """Return a learner's notebook with every exercise answered, as Jupyter saves it after a run."""
    notebook = copy.deepcopy(LESSON.to_notebook(ANSWERS))
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            cell["execution_count"] = number
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "passed"}]
    return notebook


def read(notebook: object, lesson: Lesson = LESSON) -> Submission:
    """Return what *notebook*, or the text or bytes of one, answers to *lesson*."""
    data = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
    return SubmissionFile.parse(data, Path("work.ipynb")).submission(lesson)


def kinds(submission: Submission) -> list[str]:
    """Return the kinds of repair that *submission* reports."""
    return [repair.kind for repair in submission.repairs]


def code(source: str, cell_id: str, metadata: object = None) -> Notebook:
    """Return a code cell as Jupyter makes one."""
    return {"cell_type": "code", "id": cell_id, "metadata": metadata or {}, "source": source, "outputs": [], "execution_count": None}


def copied(cell: Notebook, source: str, cell_id: str = "copy") -> Notebook:
    """Return what "copy cell, paste cell" makes of *cell*: the metadata and another id."""
    return copy.deepcopy(cell) | {"id": cell_id, "source": source}


# --- the ordinary case -----------------------------------------------------------------------------------------------


def test_only_the_sources_of_exercises_are_taken(work: Notebook) -> None:
    """Outputs, tags, points, kernelspec and every other claim in the file leave no trace in the submission."""
    honest = read(work)
    for cell in work["cells"]:
        cell["metadata"] |= {"tags": ["skip-execution", "parameters"], "points": 1000, "collapsed": True}
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"] |= {"grade": True, "points": 1000, "locked": True}
    work["metadata"] |= {"kernelspec": {"name": "evil", "language": "bash"}, "otter": {"tests": {"q1": "assert True"}}}
    claimed = read(work)

    assert honest.sources == ANSWERS
    assert not honest.repairs
    assert not honest.added
    assert replace(claimed, digest=honest.digest) == honest


def test_program_of_an_honest_submission(work: Notebook) -> None:
    """The lesson's own code and the learner's answers are executed in the lesson's order."""
    cells = program(LESSON, read(work))

    assert [cell.source for cell in cells] == [LESSON.cells[1].source, MY_MEAN, MY_SPREAD, LESSON.cells[6].source, MY_PLOT]


def test_source_may_be_a_list_of_lines(work: Notebook) -> None:
    """Jupyter saves sources as lists of lines, other tools as one text; both are the same."""
    for cell in work["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)

    assert read(work).sources == ANSWERS


def test_windows_line_ends_are_line_ends(work: Notebook) -> None:
    r"""A file whose lines end in \r\n or \r says the same."""
    work["cells"][3]["source"] = MY_MEAN.replace("\n", "\r\n")
    work["cells"][5]["source"] = MY_SPREAD.replace("\n", "\r")

    assert read(work).sources == ANSWERS


@pytest.mark.parametrize("minor", range(5))
def test_nbformat_before_4_5_has_no_cell_ids(work: Notebook, minor: int) -> None:
    """Notebooks of nbformat 4.0 to 4.4 are read like those of 4.5, without a word."""
    work["nbformat_minor"] = minor
    for cell in work["cells"]:
        del cell["id"]
    submission = read(work)

    assert submission.sources == ANSWERS
    assert not submission.repairs
    assert not submission.added


def test_nbformat_3_has_worksheets(work: Notebook) -> None:
    """A notebook that nbformat itself converts to version 3 is read, and its age reported."""
    for cell in work["cells"]:
        cell["outputs"] = []
    old = nbformat.convert(nbformat.from_dict(work), 3)  # type: ignore[no-untyped-call]
    submission = read(json.loads(nbformat.v3.writes_json(old)))  # type: ignore[no-untyped-call]

    assert "worksheets" in old
    assert submission.sources == ANSWERS
    assert kinds(submission) == ["format"]
    assert not submission.added


def test_digest_and_name_are_the_files(work: Notebook, tmp_path: Path) -> None:
    """A submission knows the SHA-256 of the file's bytes, and the file's name in a form that is safe to show."""
    path = tmp_path / "my\n\x1b[31mwork '\".ipynb"
    path.write_text(json.dumps(work), "utf-8")
    submission = read_submission(path, LESSON)

    assert submission.name == "my\\n\\x1b[31mwork '\".ipynb"
    assert submission.digest == read(work).digest
    assert len(submission.digest) == 64


@pytest.mark.parametrize(
    "name", ["a b.ipynb", "it's.ipynb", 'say "x".ipynb', "new\nline.ipynb", "\x1b[2J.ipynb", "-rf.ipynb", "\udcff.ipynb", "\u202e.ipynb"]
)
def test_strange_names_are_read_and_shown_safely(work: Notebook, tmp_path: Path, name: str) -> None:
    """Whatever a file is called, it is read, and its name can be printed on a terminal."""
    path = tmp_path / name
    path.write_text(json.dumps(work), "utf-8")

    assert read_submission(path, LESSON).sources == ANSWERS
    assert read_submission(path, LESSON).name.isprintable()


def test_dots_in_the_path_are_no_part_of_the_name(work: Notebook, tmp_path: Path) -> None:
    """A path through `..` is read as any other, and only the last part is the submission's name."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "work.ipynb").write_text(json.dumps(work), "utf-8")

    assert read_submission(tmp_path / "folder" / ".." / "work.ipynb", LESSON).name == "work.ipynb"


# --- files that cannot be read ---------------------------------------------------------------------------------------


def make_fifo(path: Path) -> None:
    """Put a named pipe that nobody writes to at *path*."""
    os.mkfifo(path)


def make_loop(path: Path) -> None:
    """Put a link to itself at *path*."""
    path.symlink_to(path.name)


def make_link(path: Path) -> None:
    """Put a link to another learner's good submission at *path*."""
    other = path.with_name("other.ipynb")
    other.write_text(json.dumps(LESSON.to_notebook(ANSWERS)), "utf-8")
    path.symlink_to(other)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (make_fifo, "is a named pipe"),
        (Path.mkdir, "is a folder"),
        (make_link, "is a symbolic link. Hand in the notebook itself."),
        (make_loop, "is a symbolic link"),
        (lambda path: path.symlink_to("/dev/zero"), "is a symbolic link"),
        (lambda path: path.symlink_to("gone"), "is a symbolic link"),
        (Path.exists, "cannot be opened (No such file or directory)"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b" \n"), "is empty"),
    ],
)
def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], object], sentence: str) -> None:
    """Links, pipes, folders and files that are not there are refused in a sentence with the file, and nothing ever blocks."""
    path = tmp_path / "work.ipynb"
    make(path)

    with pytest.raises(SubmissionError) as caught:
        SubmissionFile.open(path)

    assert str(caught.value).startswith(f"{path}: {sentence}")
    assert caught.value.path == path


def test_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket cannot be opened, and is refused with its name."""
    monkeypatch.chdir(tmp_path)  # the path of a socket may have 107 bytes only
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("work.ipynb")

        with pytest.raises(SubmissionError, match=r"work\.ipynb: cannot be opened"):
            SubmissionFile.open(Path("work.ipynb"))


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/dev/zero", "is a device"),
        ("/dev/null", "is a device"),
        ("/proc/self/mem", "cannot be read (Input/output error)"),
        ("work\0.ipynb", "is not a possible file name"),
        ("\ud800.ipynb", "is not a possible file name"),
        ("a" * 5000, "cannot be opened (File name too long)"),
        ("/etc/passwd/work.ipynb", "cannot be opened (Not a directory)"),
    ],
)
def test_paths_that_are_no_files_of_a_learner(path: str, sentence: str) -> None:
    """Devices, files of the kernel and impossible names are refused in one printable sentence."""
    with pytest.raises(SubmissionError) as caught:
        SubmissionFile.open(Path(path))

    assert sentence in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_refused(tmp_path: Path) -> None:
    """A file that we may not read is refused in one sentence."""
    path = tmp_path / "work.ipynb"
    path.write_text("{}", "utf-8")
    path.chmod(0)

    with pytest.raises(SubmissionError, match="cannot be opened"):
        SubmissionFile.open(path)


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """Neither a refusal nor a good file keeps a descriptor."""
    good = tmp_path / "work.ipynb"
    good.write_text(json.dumps(LESSON.to_notebook()), "utf-8")
    (tmp_path / "folder").mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in (good, tmp_path / "folder", Path("/proc/self/mem"), Path("/dev/zero")):
        try:
            SubmissionFile.open(path)
        except SubmissionError:
            continue

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_forty_megabytes_are_refused_without_being_read(tmp_path: Path) -> None:
    """A file beyond the limit, here a sparse one of 40 GB, is refused after the limit's bytes; the limit may be lower."""
    path = tmp_path / "work.ipynb"
    with path.open("wb") as file:
        file.truncate(40 << 30)
    started = time.monotonic()

    with pytest.raises(SubmissionError, match=r"is larger than 20 MiB\. Clear the outputs and save it again\."):
        SubmissionFile.open(path)
    with pytest.raises(SubmissionError, match=r"is larger than 0\.5 MiB"):
        read_submission(path, LESSON, max_bytes=1 << 19)

    assert time.monotonic() - started < 5


def test_file_of_exactly_the_limit_is_read(work: Notebook, tmp_path: Path) -> None:
    """The limit is what may be read, not one byte less."""
    path = tmp_path / "work.ipynb"
    path.write_text(json.dumps(work), "utf-8")
    size = path.stat().st_size

    assert read_submission(path, LESSON, max_bytes=size).sources == ANSWERS
    with pytest.raises(SubmissionError, match="is larger than"):
        read_submission(path, LESSON, max_bytes=size - 1)


def test_another_kind_of_file_is_told_so(tmp_path: Path) -> None:
    """To save it again from Jupyter, as one does with a notebook that was cut off, would not help."""
    path = tmp_path / "work.py"
    path.write_text("print(1)\n", "utf-8")
    with pytest.raises(SubmissionError, match=r"is not a notebook: its name ends in \.py\. Hand in the \.ipynb file"):
        read_submission(path, LESSON)


WHOLE = json.dumps(LESSON.to_notebook(ANSWERS)).encode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (WHOLE[: len(WHOLE) // 2], "is not JSON (line 1: "),
        (b"not json at all", "it may be cut off. Save it again from Jupyter."),
        (b"[1, 2, 3]", "is JSON, but not a notebook"),
        (b"1", "is JSON, but not a notebook"),
        (b"null", "is JSON, but not a notebook"),
        (b'"text"', "is JSON, but not a notebook"),
        (b"1" * 10**6, "is JSON, but not a notebook"),
        (b"NaN", "is JSON, but not a notebook"),
        (b"{}", "it has no list of cells"),
        (b'{"cells": null}', "it has no list of cells"),
        (b'{"cells": {"a": 1}}', "it has no list of cells"),
        (b'{"worksheets": 3}', "it has no list of cells"),
        (b'{"cells": ["a", "b"]}', "its cells are no cells"),
        (b'{"cells": [null, 1]}', "its cells are no cells"),
        (b'{"worksheets": [{"cells": ["a"]}]}', "its cells are no cells"),
        (b"[" * 200_000, "is nested deeper than 200 levels"),
        (b"[" * 200_000 + b"]" * 200_000, "is nested deeper than 200 levels"),
        (b'{"cells":' * 200_000, "is nested deeper than 200 levels"),
        (b'{"cells": [' + b"[" * 900 + b"]" * 900 + b"]}", "is nested deeper than 200 levels"),
        (b'{"cells": [' + b"{}," * 600_000 + b"{}]}", "has more than 500,000 lists and objects"),
        (b'{"cells": [' + b"{}," * MAX_CELLS + b"{}]}", "has 10,001 cells; at most 10,000 are read"),
        (b"\xff\xfe{\x00}\xd8", "is not text"),
        (b'\xef\xbb\xbf\xef\xbb\xbf{"cells": []}', "is not JSON"),
        (b"\x00\x01\x02\x03", "is not JSON"),
        (b"PK\x03\x04", "is not JSON"),
        (b'"\\' * 1_000_000, "is not JSON"),
    ],
)
def test_content_that_is_no_notebook_is_refused(data: bytes, sentence: str) -> None:
    """Whatever the bytes are, the answer is one printable sentence with the file, soon."""
    started = time.monotonic()

    with pytest.raises(SubmissionError) as caught:
        read(data)

    assert sentence in str(caught.value)
    assert str(caught.value).startswith("work.ipynb: ")
    assert str(caught.value).isprintable()
    assert time.monotonic() - started < 5


def test_nesting_is_refused_whatever_the_recursion_limit_is() -> None:
    """Where somebody has raised Python's recursion limit, deep JSON would end the C stack, and the process with it."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        with pytest.raises(SubmissionError, match="is nested deeper than 200 levels"):
            read(b"[" * 499_000)
    finally:
        sys.setrecursionlimit(limit)


def test_brackets_in_texts_are_no_nesting(work: Notebook) -> None:
    r"""A source may hold any number of brackets, quotes and backslashes."""
    work["cells"][3]["source"] = source = "x = '" + '[{\\"' * 5000 + "'"

    assert read(work).sources["mean"] == (source,)


# --- encodings and values --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_other_encodings_are_read_and_reported(work: Notebook, encoding: str) -> None:
    """A byte-order mark and UTF-16, as Windows tools write them, are read and reported."""
    work["cells"][3]["source"] = "s = 'ä€'"
    submission = read(json.dumps(work, ensure_ascii=False).encode(encoding))

    assert submission.sources["mean"] == ("s = 'ä€'",)
    assert kinds(submission) == ["encoding"]


def test_bytes_that_are_not_utf_8_are_replaced(work: Notebook) -> None:
    """One Latin-1 letter costs that letter, not the submission, and the line is named."""
    work["cells"][3]["source"] = "s = 'ä€'  # caf@"
    data = json.dumps(work, ensure_ascii=False, indent=1).encode()
    line = data[: data.index(b"@")].count(b"\n") + 1
    submission = read(data.replace(b"@", b"\xe9"))

    assert submission.sources["mean"] == ("s = 'ä€'  # caf\N{REPLACEMENT CHARACTER}",)
    assert [repair.message for repair in submission.repairs] == [
        f'Line {line} of the file is not UTF-8; what could not be read became "\N{REPLACEMENT CHARACTER}". Save it as UTF-8.'
    ]


@pytest.mark.parametrize("character", ["\0", chr(0xD800), chr(0xDFFF)])
def test_characters_that_no_source_can_have_are_replaced(work: Notebook, character: str) -> None:
    """NUL and half a surrogate pair are replaced and reported, so that every source can be written as UTF-8."""
    work["cells"][3]["source"] = f"s = '{character}'"
    submission = read(work)

    assert submission.sources["mean"] == ("s = '\N{REPLACEMENT CHARACTER}'",)
    assert kinds(submission) == ["encoding"]


@pytest.mark.parametrize("number", ["1" * 10**6, "-" + "9" * 10**6, "1e999999", "NaN", "-Infinity", "1." + "1" * 10**5])
def test_numbers_of_any_size_cost_nothing(work: Notebook, number: str) -> None:
    """Numbers in outputs and metadata matter to nobody, so a huge one is no reason to refuse a submission."""
    work["cells"][3]["execution_count"] = work["metadata"]["more"] = "NUMBER"

    assert read(json.dumps(work).replace('"NUMBER"', number).encode()).sources == ANSWERS


def test_duplicate_keys_are_reported(work: Notebook) -> None:
    """Of a key given twice the last counts, as in Jupyter; a reader who saw the first one hears of it."""
    data = json.dumps(work).replace('"cells": [', '"cells": [], "cells": [').encode()
    submission = read(data)

    assert submission.sources == ANSWERS
    assert kinds(submission) == ["format"]


@pytest.mark.parametrize("version", [None, 3, 5, "4", True, [4], 10**50])
def test_unknown_nbformat_is_read_as_4(work: Notebook, version: object) -> None:
    """A notebook that claims another version but has cells is read, and the claim reported."""
    work["nbformat"] = version
    submission = read(work)

    assert submission.sources == ANSWERS
    assert kinds(submission) == ["format"]


@pytest.mark.parametrize(
    "bad", ["text", None, 1, [], {}, {"cell_type": "code"}, {"cell_type": [], "source": 1}, {"source": [1, None], "metadata": []}]
)
def test_things_that_are_no_cells_are_passed_over(work: Notebook, bad: object) -> None:
    """One thing among the cells that is none does not cost the others."""
    work["cells"].insert(3, bad)
    submission = read(work)

    assert submission.sources == ANSWERS
    assert kinds(submission) == ["format"]


@pytest.mark.parametrize("key", ["metadata", "source", "cell_type", "id", "outputs"])
@pytest.mark.parametrize("value", [None, 1, "text", [], {}, {"hornbook": 3, "nbgrader": []}, {"hornbook": {"exercise": ["mean"]}}])
def test_claims_of_any_type_are_survived(work: Notebook, key: str, value: object) -> None:
    """Whatever stands where the format asks for something else, the other exercises are read."""
    work["cells"][3][key] = value
    submission = read(work)

    assert submission.sources["spread"] == (MY_SPREAD,)
    assert key == "source" or submission.sources["mean"] == (MY_MEAN,)


# --- cells that were changed -----------------------------------------------------------------------------------------


def test_missing_cell_is_reported(work: Notebook) -> None:
    """A deleted exercise is empty, not attempted and reported; the others are read."""
    del work["cells"][5]
    submission = read(work)

    assert submission.sources == ANSWERS | {"spread": ("",)}
    assert not submission.attempted(LESSON, "spread")
    assert [(repair.kind, repair.exercise) for repair in submission.repairs] == [("missing", "spread")]


def test_notebook_without_cells_has_nothing(work: Notebook) -> None:
    """A notebook with no cells at all is a submission in which everything is missing."""
    work["cells"] = []

    assert kinds(read(work)) == ["missing"] * 3


def test_copy_beside_the_original_is_a_duplicate(work: Notebook) -> None:
    """Of two answers to one exercise, the one in the lesson's own cell counts, wherever the copy stands."""
    for place in (3, 4, 8):
        notebook = copy.deepcopy(work)
        notebook["cells"].insert(place, copied(work["cells"][3], "def mean(xs):\n    return 0"))
        submission = read(notebook)

        assert submission.sources == ANSWERS
        assert [(repair.kind, repair.exercise) for repair in submission.repairs] == [("duplicated", "mean")]
        assert not submission.added


def test_of_copies_without_ids_the_last_that_was_changed_counts(work: Notebook) -> None:
    """Where no id tells, the last answer counts, as it did in the learner's own kernel; an untouched copy never does."""
    original = work["cells"][3]
    work["cells"][3:4] = [copied(original, source, "") for source in ("def mean(xs): return 1", "def mean(xs): return 2", MEAN)]

    assert read(work).sources["mean"] == ("def mean(xs): return 2",)


def test_answer_in_the_copy_counts_if_the_original_is_untouched(work: Notebook) -> None:
    """Who keeps the lesson's cell as it was and answers in a copy has answered."""
    work["cells"].insert(4, copied(work["cells"][3], MY_MEAN))
    work["cells"][3]["source"] = MEAN
    submission = read(work)

    assert submission.sources["mean"] == (MY_MEAN,)
    assert kinds(submission) == ["duplicated"]
    assert not submission.added


def test_untouched_cell_is_no_piece_of_the_answer_beside_it(work: Notebook) -> None:
    """Where no name tells, a cell that still reads as it was shipped is whole, and so is the answer below it."""
    work["cells"].insert(7, copied(work["cells"][7], LESSON.cells[7].source))
    submission = read(work)

    assert submission.sources == ANSWERS
    assert kinds(submission) == ["duplicated"]


@pytest.mark.parametrize("cut", range(1, MY_MEAN.count("\n") + 1))
@pytest.mark.parametrize("original", [0, 1, None])
def test_split_cell_is_joined(work: Notebook, cut: int, original: int | None) -> None:
    """JupyterLab's "split cell" copies the metadata; wherever the cut is and whichever piece keeps the id, the pieces are joined."""
    lines = MY_MEAN.split("\n")
    pieces = [copied(work["cells"][3], "\n".join(part), f"piece-{number}") for number, part in enumerate((lines[:cut], lines[cut:]))]
    if original is not None:
        pieces[original]["id"] = "mean-cell"
    work["cells"][3:4] = [*pieces[:1], {"cell_type": "markdown", "id": "note", "metadata": {}, "source": "my note"}, *pieces[1:]]
    submission = read(work)

    assert submission.sources == ANSWERS
    assert kinds(submission) == ["split"]
    assert not submission.added


def test_split_script_may_assign_a_helper_twice(work: Notebook) -> None:
    """Two pieces that both assign a variable of the learner's own are still pieces; only what the exercise asks for tells a copy."""
    work["cells"][3:4] = [
        copied(work["cells"][3], "total = 0\ndef mean(xs): return total"),
        copied(work["cells"][3], "total = total + 1", "copy-2"),
    ]

    assert read(work).sources["mean"] == ("total = 0\ndef mean(xs): return total\ntotal = total + 1",)


def test_without_a_name_to_go_by_copies_are_told_by_what_they_assign(work: Notebook) -> None:
    """The exercise that asks for a drawing names nothing, so two cells that assign the same are two answers."""
    work["cells"][7]["source"] = "ax = first()"
    work["cells"].append(copied(work["cells"][7], "ax = second()"))

    assert read(work).sources["plot"] == ("ax = first()",)


def test_split_cell_beside_its_copy(work: Notebook) -> None:
    """Pieces are joined among themselves even if a copy of the whole stands beside them."""
    head, tail = "def mean(xs):\n    total = sum(xs)", "    return total"
    cell = work["cells"][3]
    work["cells"][3:4] = [cell | {"source": head}, copied(cell, tail, "copy-1"), copied(cell, MY_MEAN, "copy-2")]
    submission = read(work)

    assert submission.sources["mean"] == (f"{head}\n{tail}",)
    assert kinds(submission) == ["split", "duplicated"]


def test_broken_scratch_copy_does_not_spoil_the_answer(work: Notebook) -> None:
    """A copy used for scratch that is no Python is not joined to an answer that is."""
    work["cells"].insert(4, copied(work["cells"][3], "mean([1, 2"))
    submission = read(work)

    assert submission.sources["mean"] == (MY_MEAN,)
    assert submission.added == (AddedCell(3, "mean([1, 2"),)


def test_split_answer_with_a_syntax_error_is_joined(work: Notebook) -> None:
    """Pieces that are no Python in any way are still the learner's answer, mistake and all."""
    work["cells"][3:4] = [copied(work["cells"][3], "def mean(xs:", "one"), copied(work["cells"][3], "    return (0", "two")]

    assert read(work).sources["mean"] == ("def mean(xs:\n    return (0",)


def test_helper_in_a_copied_cell_is_run_too(work: Notebook) -> None:
    """A cell elsewhere that merely carries an exercise's mark, and answers nothing, is run as a cell that the learner added."""
    work["cells"].insert(2, copied(work["cells"][3], "def clean(xs): return xs"))
    submission = read(work)

    assert submission.sources == ANSWERS
    assert submission.added == (AddedCell(1, "def clean(xs): return xs"),)
    assert kinds(submission) == ["duplicated", "added"]


def test_empty_copies_are_no_news(work: Notebook) -> None:
    """An empty cell with a copied mark is nothing to report."""
    work["cells"].insert(4, copied(work["cells"][3], " \n"))

    assert read(work).sources == ANSWERS
    assert not read(work).repairs


def test_emptied_exercise_is_empty(work: Notebook) -> None:
    """A learner who deletes all text of an exercise has not attempted it, which is no repair."""
    work["cells"][3]["source"] = ""
    submission = read(work)

    assert submission.sources["mean"] == ("",)
    assert not submission.attempted(LESSON, "mean")
    assert not submission.repairs


def test_note_in_a_copied_cell_is_no_code(work: Notebook) -> None:
    """A Markdown cell with a copied mark is a note, and no part of the answer beside it."""
    work["cells"].insert(4, copied(work["cells"][3], "I think so.") | {"cell_type": "markdown"})
    submission = read(work)

    assert submission.sources == ANSWERS
    assert kinds(submission) == ["duplicated"]


@pytest.mark.parametrize("kind", ["markdown", "raw", "html", "heading", "unheard of", None, 3])
def test_retyped_cell_is_code_all_the_same(work: Notebook, kind: object) -> None:
    """An answer in a cell that became Markdown or raw by accident is taken, and reported."""
    work["cells"][3]["cell_type"] = kind
    submission = read(work)

    assert submission.sources == ANSWERS
    assert kinds(submission) == ["retyped"]


def test_moved_cells_are_run_in_the_lessons_order(work: Notebook) -> None:
    """Reordered exercises are put back in their places; as few as possible are called moved."""
    work["cells"].insert(2, work["cells"].pop(7))
    submission = read(work)

    assert submission.sources == ANSWERS
    assert [(repair.kind, repair.exercise) for repair in submission.repairs] == [("moved", "plot")]


def test_reversed_notebook_is_read(work: Notebook) -> None:
    """Even with every cell in the wrong place every exercise is found."""
    work["cells"].reverse()

    assert read(work).sources == ANSWERS
    assert kinds(read(work)) == ["moved", "moved"]


@pytest.mark.parametrize("first", ["mean", "spread"])
@pytest.mark.parametrize("mark", ["mean", "spread"])
def test_merged_cells_are_taken_apart(work: Notebook, first: str, mark: str) -> None:
    """JupyterLab's "merge cells" keeps one mark; both answers are found, whichever stands first and whichever mark is left."""
    decorated = {"mean": f"# my mean\n@cache\n{MY_MEAN}", "spread": f"# my spread\n{MY_SPREAD}"}
    second = "spread" if first == "mean" else "mean"
    merged = next(cell for cell in work["cells"] if cell["id"] == f"{mark}-cell")
    work["cells"] = [cell for cell in work["cells"] if cell["id"] not in {"mean-cell", "spread-cell"} or cell is merged]
    merged["source"] = f"{decorated[first]}\n\n{decorated[second]}"
    submission = read(work)

    assert {name: source[0].strip("\n") for name, source in submission.sources.items() if name != "plot"} == decorated
    assert kinds(submission) == ["moved"]


def test_answer_merged_below_one_without_names(work: Notebook) -> None:
    """An exercise that names nothing keeps what stands above the other's function; if nothing does, there is no telling."""
    plot = work["cells"][7]
    del work["cells"][3]
    plot["source"] = f"{MY_PLOT}\n{MY_MEAN}"
    below = read(work)
    plot["source"] = f"{MY_MEAN}\n{MY_PLOT}"
    above = read(work)

    assert below.sources == ANSWERS
    assert above.sources == ANSWERS | {"mean": ("",), "plot": (f"{MY_MEAN}\n{MY_PLOT}",)}
    assert kinds(above) == ["missing"]


def test_mark_copied_onto_the_lessons_own_cell_is_ignored(work: Notebook) -> None:
    """A cell whose id says that it is the lesson's own is not an answer, whatever mark it carries."""
    work["cells"][6]["metadata"] = copy.deepcopy(work["cells"][3]["metadata"])
    submission = read(work)

    assert submission.sources == ANSWERS
    assert kinds(submission) == ["metadata"]


def test_swapped_marks_do_not_swap_answers(work: Notebook) -> None:
    """Where id and mark disagree the id, which is never copied, is right."""
    work["cells"][3]["metadata"], work["cells"][5]["metadata"] = work["cells"][5]["metadata"], work["cells"][3]["metadata"]

    assert read(work).sources == ANSWERS
    assert set(kinds(read(work))) == {"metadata"}


@pytest.mark.parametrize("mark", ["median", "\x1b[31m", "a" * 10_000, "../../etc/passwd"])
def test_unknown_exercise_is_reported_safely(work: Notebook, mark: str) -> None:
    """A mark that the lesson does not know is ignored and reported in a short, printable sentence."""
    work["cells"].append(code("x = 1", "new", {"hornbook": {"exercise": mark}}))
    submission = read(work)

    assert kinds(submission) == ["unknown exercise", "added"]
    assert submission.repairs[0].message.isprintable()
    assert len(submission.repairs[0].message) < 200


def test_thousands_of_repairs_of_one_kind_are_one_sentence(work: Notebook) -> None:
    """However many cells are strange in the same way, the report stays short."""
    for number in range(1000):
        work["cells"].append(code("x", f"new-{number}", {"hornbook": {"exercise": f"unknown_{number}"}}))
        work["cells"].append(copied(work["cells"][3], MY_MEAN, f"copy-{number}"))
        work["cells"].append(work["cells"][6] | {"metadata": work["cells"][3]["metadata"]})

    assert len(read(work).repairs) < 6


# --- metadata that was lost ------------------------------------------------------------------------------------------


def strip(work: Notebook, *what: str) -> Notebook:
    """Take *what* ("id", or a key of the metadata) from every cell."""
    for cell in work["cells"]:
        for key in what:
            cell.pop(key, None)
            cell["metadata"].pop(key, None)
    return work


def test_marks_lost_ids_kept(work: Notebook) -> None:
    """Tools that strip metadata keep cell ids; these are enough."""
    submission = read(strip(work, "hornbook", "nbgrader"))

    assert submission.sources == ANSWERS
    assert kinds(submission) == ["metadata"] * 3


def test_ids_in_the_metadata_are_ids(work: Notebook) -> None:
    """Colab keeps the ids of cells in their metadata, in notebooks of nbformat 4.0."""
    strip(work, "hornbook", "nbgrader")
    for cell in work["cells"]:
        cell["metadata"]["id"] = cell.pop("id")
    submission = read(work)

    assert submission.sources == ANSWERS
    assert [repair.message.split("recognised ")[1] for repair in submission.repairs] == ["by its id."] * 3


def test_marks_and_ids_lost_grade_ids_kept(work: Notebook) -> None:
    """Nbgrader's own metadata is enough to recognise an exercise."""
    assert read(strip(work, "hornbook", "id")).sources == ANSWERS


def test_marks_alone_are_enough(work: Notebook) -> None:
    """Without ids and without nbgrader's metadata a mark says all that is needed, and there is nothing to report."""
    submission = read(strip(work, "id", "nbgrader"))

    assert submission.sources == ANSWERS
    assert not submission.repairs


def test_everything_lost_but_the_text(work: Notebook) -> None:
    """With no metadata at all, exercises are recognised by what they define, and by their places between the lesson's cells."""
    submission = read(strip(work, "hornbook", "nbgrader", "id"))

    assert submission.sources == ANSWERS
    assert [repair.message.split("recognised ")[1] for repair in submission.repairs] == [
        "by what it defines.",
        "by what it defines.",
        "by its place.",
    ]
    assert not submission.added


def test_everything_lost_and_moved(work: Notebook) -> None:
    """What an exercise defines is found even at the end of the notebook; the last attempt counts."""
    strip(work, "hornbook", "nbgrader", "id")
    moved = work["cells"].pop(3)
    work["cells"] += [code(MEAN, ""), moved]
    submission = read(work)

    assert submission.sources["mean"] == (MY_MEAN,)


def test_text_that_was_kept_tells_an_exercise(work: Notebook) -> None:
    """An exercise that defines nothing is recognised by the shipped lines that it still has, among cells that the learner added."""
    strip(work, "hornbook", "nbgrader", "id")
    work["cells"][7]["source"] = f"# Draw the numbers here.\n{MY_PLOT}"
    work["cells"] += [code("1 + 1", ""), code("2 + 2", "")]
    submission = read(work)

    assert submission.sources["plot"] == (f"# Draw the numbers here.\n{MY_PLOT}",)
    assert [cell.source for cell in submission.added] == ["1 + 1", "2 + 2"]


def test_a_guess_is_not_made_among_strangers(work: Notebook) -> None:
    """Where several cells might be the exercise and none resembles it, it is missing, and they are what the learner added."""
    strip(work, "hornbook", "nbgrader", "id")
    work["cells"].append(code("1 + 1", ""))
    submission = read(work)

    assert submission.sources["plot"] == ("",)
    assert len(submission.added) == 2


def test_place_alone_is_not_enough_where_other_marks_are_left(work: Notebook) -> None:
    """A new cell where a deleted exercise stood is the learner's own, not the exercise."""
    work["cells"][7] = code("1 + 1", "new")
    submission = read(work)

    assert submission.sources["plot"] == ("",)
    assert submission.added == (AddedCell(6, "1 + 1"),)


TWO_PARTS = replace(
    LESSON,
    cells=(
        Cell("code", "a = ...", exercise="both", id="first"),
        Cell("markdown", "then", id="then"),
        Cell("code", "b = ...", exercise="both", id="second"),
    ),
)


@pytest.mark.parametrize(
    "lost", [(), ("id",), ("nbgrader",), ("id", "nbgrader"), ("hornbook",), ("hornbook", "id"), ("hornbook", "nbgrader", "id")]
)
def test_exercise_of_several_cells(lost: tuple[str, ...]) -> None:
    """Each cell of an exercise is found by id, by grade_id, by its order among its like, or by what it defines."""
    notebook = strip(TWO_PARTS.to_notebook({"both": ("a = 1", "b = 2")}), *lost)

    assert read(notebook, TWO_PARTS).sources == {"both": ("a = 1", "b = 2")}


def test_too_many_cells_of_one_exercise() -> None:
    """More cells than the exercise has are pieces or copies of the one that they follow."""
    notebook = strip(TWO_PARTS.to_notebook({"both": ("a = 1", "b = 2")}), "id", "nbgrader")
    notebook["cells"].append(copied(notebook["cells"][2], "c = 3"))

    assert read(notebook, TWO_PARTS).sources == {"both": ("a = 1", "b = 2\nc = 3")}


# --- cells that learners add -----------------------------------------------------------------------------------------


def test_added_cells_are_run_where_they_stand(work: Notebook) -> None:
    """New code cells are executed behind the lesson's cell that they follow; new Markdown and empty cells are not."""
    note = {"cell_type": "markdown", "id": "note", "metadata": {}, "source": "note"}
    cells = work["cells"]
    work["cells"] = [
        code("first = 1", "n1"),
        *cells[:3],
        note,
        code("helper = 2", "n2"),
        code("  ", "n3"),
        *cells[3:],
        code("last = 3", "n4"),
    ]
    submission = read(work)

    assert submission.added == (AddedCell(-1, "first = 1"), AddedCell(2, "helper = 2"), AddedCell(7, "last = 3"))
    assert [cell.source for cell in program(LESSON, submission)][:4] == ["first = 1", LESSON.cells[1].source, "helper = 2", MY_MEAN]
    assert [repair.message for repair in submission.repairs] == ["Also run: 3 cells that you added."]


def test_added_cells_are_left_out_where_the_lesson_says_so(work: Notebook) -> None:
    """A lesson may ask for its exercises only; what was left out is reported."""
    work["cells"].append(code("last = 3", "n4"))
    submission = read(work, replace(LESSON, added_cells=False))

    assert not submission.added
    assert [repair.message for repair in submission.repairs] == ["Left out, as this lesson asks for: 1 cell that you added."]


@pytest.mark.parametrize("lost", [(), ("id",)])
def test_changes_to_the_lessons_own_code_are_not_run(work: Notebook, lost: tuple[str, ...]) -> None:
    """The lesson's own cells run as the lesson has them, and the learner hears of it; ids or not, nothing runs twice."""
    work["cells"][1]["source"] += "\nseed = 99"
    submission = read(strip(work, *lost))

    assert program(LESSON, submission)[0].source == LESSON.cells[1].source
    assert not submission.added
    assert [repair.message for repair in submission.repairs] == [
        "You changed 1 code cell of the lesson itself; the lesson's own text was run. Write what you need into an exercise or a new cell."
    ]


def test_what_only_shows_an_exercise_at_work_may_be_changed(work: Notebook) -> None:
    """It is not run, and lessons ask for it: there is nothing to report."""
    cells = [replace(cell, tags=("show",)) if at == 1 else cell for at, cell in enumerate(LESSON.cells)]
    work["cells"][1]["source"] += "\nseed = 99"
    submission = read(work, replace(LESSON, cells=tuple(cells)))

    assert (submission.added, submission.repairs) == ((), ())


def test_new_code_where_the_lessons_own_was_deleted_is_added(work: Notebook) -> None:
    """Without ids, only code that still resembles the lesson's own is taken for it."""
    work["cells"][6]["source"] = "print('something else')"
    submission = read(strip(work, "id"))

    assert submission.added == (AddedCell(5, "print('something else')"),)


def test_comments_in_the_lessons_own_code_are_no_change(work: Notebook) -> None:
    """Notes that a learner makes in an example are nothing to report, nor is a copy of the example as it was."""
    work["cells"].append(copy.deepcopy(work["cells"][6]))
    work["cells"][6]["source"] += "  # ah"

    assert not read(work).repairs
    assert not read(work).added


def test_second_cell_with_an_id_of_the_lesson_is_the_learners(work: Notebook) -> None:
    """A text editor's copy of a cell keeps its id; if it says something else it is a cell that the learner added."""
    work["cells"].append(work["cells"][6] | {"source": "print('mine')"})

    assert read(work).added == (AddedCell(7, "print('mine')"),)


# --- which lesson ----------------------------------------------------------------------------------------------------

OTHER = replace(
    LESSON, slug="nested_statistics", path=Path("nested_statistics.ipynb"), cells=(Cell("code", "x", exercise="other", id="other-cell"),)
)


def handed_in(tmp_path: Path, notebook: object, name: str = "work.ipynb") -> Path:
    """Return the path of a file with *notebook* in it."""
    path = tmp_path / name
    path.write_text(json.dumps(notebook), "utf-8")
    return path


def test_lesson_by_claim(work: Notebook, tmp_path: Path) -> None:
    """A copy of a lesson says which one it is."""
    path = handed_in(tmp_path, work, "nested_statistics.ipynb")

    assert claimed_slug(path) == "statistics"
    assert match_lesson(path, [OTHER, LESSON]) is LESSON


@pytest.mark.parametrize("slug", [None, 3, "", "../../etc", "Statistics", "a\n", "a" * 100, "\x1b[31m", ["statistics"]])
def test_impossible_claim_is_no_claim(work: Notebook, tmp_path: Path, slug: object) -> None:
    """A claimed slug that could be none is none; the lesson is told by the cells that the file shares with it."""
    work["metadata"]["hornbook"]["slug"] = slug
    path = handed_in(tmp_path, work)

    assert claimed_slug(path) is None
    assert match_lesson(path, [OTHER, LESSON]) is LESSON


@pytest.mark.parametrize("lost", [("id", "nbgrader"), ("hornbook", "id"), ("hornbook", "nbgrader")])
def test_lesson_by_its_exercises(work: Notebook, tmp_path: Path, lost: tuple[str, ...]) -> None:
    """Marks, nbgrader's ids and cell ids each tell the lesson where the claim is lost."""
    del work["metadata"]["hornbook"]

    assert match_lesson(handed_in(tmp_path, strip(work, *lost)), [OTHER, LESSON]) is LESSON


@pytest.mark.parametrize("name", ["statistics.ipynb", "Copy of Statistics (1).ipynb", "ada-statistics.ipynb", "statistics-Copy1.ipynb"])
def test_lesson_by_file_name(tmp_path: Path, name: str) -> None:
    """With nothing else to go by, the name of the file tells the lesson."""
    assert match_lesson(handed_in(tmp_path, {"cells": []}, name), [OTHER, LESSON]) is LESSON


def test_longest_name_that_fits_is_meant(tmp_path: Path) -> None:
    """`nested_statistics.ipynb` contains `statistics` too."""
    assert match_lesson(handed_in(tmp_path, {"cells": []}, "my nested-statistics.ipynb"), [OTHER, LESSON]) is OTHER


@pytest.mark.parametrize("lessons", [[], [LESSON, OTHER], [LESSON, replace(LESSON, slug="twin")]])
def test_lesson_that_cannot_be_told(work: Notebook, tmp_path: Path, lessons: list[Lesson]) -> None:
    """No lesson, or two that fit equally well: the way out is to name it."""
    del work["metadata"]["hornbook"]
    notebook = work if len({len(lesson.cells) for lesson in lessons}) < 2 else {"cells": []}

    with pytest.raises(SubmissionError, match=r"does not say which lesson it belongs to\. Name it with --lesson SLUG\."):
        match_lesson(handed_in(tmp_path, notebook), lessons)


def test_other_claims_than_the_lessons_are_reported(work: Notebook) -> None:
    """A file read as another lesson than it says, or made from another version, says so in the verdict."""
    work["metadata"]["hornbook"]["version"] = "0.9.0"
    older = read(work)
    work["metadata"]["hornbook"]["slug"] = "other"
    other = read(work)

    assert [repair.message.split(";")[0] for repair in older.repairs] == ["The file was made from version 0.9.0 of the lesson"]
    assert [repair.message.split(";")[0] for repair in other.repairs] == ['The file says that it belongs to the lesson "other"']


# --- size, speed, and anything at all --------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [(), ("id",), ("hornbook", "nbgrader", "id")])
def test_four_times_the_cells_take_about_four_times_as_long(work: Notebook, lost: tuple[str, ...]) -> None:
    """What reading a notebook costs grows with its cells and not with their square, which would be sixteen times, on any machine."""
    given = list(work["cells"])

    def seconds(cells: int) -> float:
        """Return the processor time of reading that many cells, the least of three; what is read is whole each time."""
        work["cells"] = [*given, *(code(f"x_{number} = {number}", f"new-{number}") for number in range(cells))]
        data = json.dumps(strip(work, *lost)).encode()
        times = []
        for _ in range(3):
            started = time.process_time()
            submission = read(data)
            times.append(time.process_time() - started)
            assert submission.sources["mean"] == (MY_MEAN,)
            assert len(submission.added) >= cells
        return min(times)

    assert seconds(4000) < 8 * seconds(1000)


@pytest.mark.parametrize(
    "hostile",
    [
        lambda cell: [copied(cell, f"x_{number} = 1\n" * 20, f"c{number}") for number in range(3000)],
        lambda cell: [copied(cell, MY_MEAN + f"\nx = {number}" * 100, f"c{number}") for number in range(3000)],
        lambda _: [code("mean = " + "(" * 1000, f"c{number}") for number in range(3000)],
        lambda cell: [copied(cell, "mean, " * 500_000, "c")],
        lambda cell: [copied(cell, "m" * 4_000_000 + " " * 2_000_000, "c")],
        lambda cell: [copied(cell, "x = 1\n" * 500_000, "c")],
        lambda cell: [copied(cell, "[" * 4_000_000, "c")],
    ],
)
@pytest.mark.parametrize("lost", [(), ("hornbook", "nbgrader", "id")])
def test_files_made_to_be_slow_are_not(work: Notebook, lost: tuple[str, ...], hostile: Callable[[Notebook], list[Notebook]]) -> None:
    """No file within the limits costs more than a few seconds, or more than one sentence for each exercise and kind."""
    work["cells"] += hostile(work["cells"][3])
    data = json.dumps(strip(work, *lost)).encode()
    started = time.perf_counter()
    submission = read(data)
    for exercise in LESSON.exercises:
        submission.attempted(LESSON, exercise)

    assert time.perf_counter() - started < 4
    assert len(submission.repairs) < 12


def test_reading_is_deterministic(work: Notebook) -> None:
    """The same bytes give the same submission, every time."""
    work["cells"] = [cell for cell in work["cells"] for _ in range(3)]
    data = json.dumps(strip(work, "id")).encode()

    assert len({repr(read(data)) for _ in range(5)}) == 1


@settings(deadline=None)  # the machine may be busy
@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_else(data: bytes) -> None:
    """Bytes are a submission or a `SubmissionError` with a printable sentence, never another exception."""
    sentence = ""
    try:
        read(data)
    except SubmissionError as error:
        sentence = str(error)

    assert sentence.isprintable()


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["code", "markdown", "mean", "spread-cell", "plot"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["hornbook", "nbgrader", "exercise", "id", "cells"]), inner)
    ),
    max_leaves=9,
)
SOURCES = st.sampled_from(
    [MEAN, SPREAD, MY_MEAN, MY_SPREAD, MY_PLOT, "", "x = 1", "def f(", "# note", *(cell.source for cell in LESSON.cells)]
)
MARKS = st.sampled_from(["mean", "spread", "plot", "other"])
CELLS = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw"]) | ANYTHING,
        "source": SOURCES | ANYTHING,
        "input": SOURCES,
        "id": st.sampled_from([cell.id for cell in LESSON.cells]) | ANYTHING,
        "metadata": st.fixed_dictionaries(
            {}, optional={"hornbook": st.fixed_dictionaries({"exercise": MARKS}), "nbgrader": st.fixed_dictionaries({"grade_id": MARKS})}
        )
        | ANYTHING,
    },
)


@settings(deadline=None)  # the machine may be busy
@given(
    st.fixed_dictionaries(
        {}, optional={"cells": st.lists(CELLS | ANYTHING, max_size=12), "worksheets": ANYTHING, "metadata": ANYTHING, "nbformat": ANYTHING}
    )
)
def test_arbitrary_notebooks_keep_the_promises(notebook: Notebook) -> None:
    """Whatever the notebook says, each exercise has one text for each of its cells, each text is UTF-8, and a program comes of it."""
    try:
        submission = read(notebook)
    except SubmissionError:
        return

    assert {name: len(sources) for name, sources in submission.sources.items()} == {"mean": 1, "spread": 1, "plot": 1}
    assert "".join(cell.source for cell in program(LESSON, submission)).encode().count(b"\0") == 0
    assert all(isinstance(submission.attempted(LESSON, exercise), bool) for exercise in LESSON.exercises)
    assert all(repair.message.isprintable() for repair in submission.repairs)
