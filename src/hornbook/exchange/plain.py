"""Reads plain notebooks, and the pytest files or cells of ipytest that test them, and brings them over.

    import_pytest(path, into) -> Report              of a notebook and its test files, or of a folder of such
    read(path, files, name) -> Notebook              its cells by role, in order, with the tests that there are

Source: https://docs.pytest.org/en/stable/how-to/index.html and https://github.com/chmp/ipytest
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from hornbook.errors import HornbookError, printable
from hornbook.exchange.bringing import Findings, Found, Report, beside, bring
from hornbook.exchange.cells import Code, python
from hornbook.exchange.material import Cell, Note, Notebook, load
from hornbook.exchange.otter import stub
from hornbook.exchange.plain_tests import Suite, Text, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC: Final = re.compile(r"\s*%%\s*(?:ipytest|run_pytest)\b.*")
"""The magics of ipytest: the one that it has, and those of its older releases, `%%run_pytest` and `%%run_pytest[clean]`."""

MOST_POINTS: Final = 1_000_000
"""More than any test is worth."""

CODE_STUB: Final = "# YOUR CODE HERE\nraise NotImplementedError()"
"""What a learner finds where a solution was: nbgrader's own stub, which their tools and habits know."""

TAGS: Final = frozenset({"exercise", "solution", "answer"})
"""Tags of cells that say that a learner writes them."""

_BEGIN: Final = re.compile(r"\s*#+\s*BEGIN SOLUTION\b", re.IGNORECASE)
_END: Final = re.compile(r"\s*#+\s*END SOLUTION\b", re.IGNORECASE)
_TO_WRITE: Final = re.compile(r"#.*\b(?:(?:your|write|insert|put|add)\b.*\b(?:code|answer|solution)|TODO)\b", re.IGNORECASE)
_SETUP: Final = re.compile(r"\s*[%!]\s*(?:(?:pip|conda|mamba|uv)\b.*\bi?pytest\b|(?:re)?load_ext\s+ipytest\b).*")
_NOT_KEPT: Final = frozenset({"hornbook", "tags", "nbgrader", "deletable", "editable", "collapsed", "scrolled", "execution"})


def import_pytest(
    path: Path,
    into: Path,
    files: Sequence[Path] = (),
    *,
    points: float | None = None,
    authors: Sequence[str] = (),
    licence: str = "",
    run: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Make lessons of the notebook at *path* and the test *files*, in the course at *into*; return what came of it.

    Without *files* those are taken that lie beside the notebook and are called after it. *path* may be a folder of notebooks. A test is
    worth *points*, or else what its own marker says, or else 1. Nothing is ever overwritten. Raises HornbookError where nothing can be
    brought over at all, and SandboxError where solutions cannot be run.
    """
    if points is not None and not 0 <= points < MOST_POINTS:
        raise HornbookError(f"--points {points:g}: give a number from 0 up, and below {MOST_POINTS:,}.")
    missing = next((one for one in (path, *files) if not one.exists()), None)
    if missing is not None:
        raise HornbookError(f"{printable(missing)}: is not there. Give a notebook, and the files of its tests.")
    wrong = next((one for one in files if one.is_dir() or one.suffix != ".py"), None)
    if wrong is not None:
        raise HornbookError(f"{printable(wrong)}: is no file of tests. Give the notebook first, then files that end in .py.")
    notebooks = [path] if path.is_file() else sorted(one for one in path.glob("*.ipynb") if not one.name.startswith("."))
    if not notebooks:
        raise HornbookError(f"{printable(path)}: has no notebook. Give a notebook, or a folder that has some.")
    if files and len(notebooks) > 1:
        raise HornbookError(f"{printable(path)}: has {len(notebooks)} notebooks, and test files are of one. Give that notebook.")
    found = []
    taken: set[Path] = set()
    for notebook in notebooks:
        own = tuple(files) or tuple(tests_of(notebook, alone=len(notebooks) == 1))
        taken |= {one.resolve() for one in own}
        found.append(Found(notebook, path.absolute().name if path.is_dir() else "", functools.partial(read, notebook, own, points=points)))
    # Test files are the grader now, and modules beside them are theirs; what is no program lies beside the lesson.
    along = [one for one in beside([(found[0].assignment, path)]) if one[1].suffix != ".py"] if path.is_dir() else []
    return bring(path, Findings(found, along), into, authors=authors, licence=licence, run=run, tell=tell)


def tests_of(notebook: Path, *, alone: bool) -> Iterator[Path]:
    """Yield the test files that are called after *notebook*; where it is *alone*, and none is, all that lie beside it."""
    stem = re.sub(r"\W+", "_", notebook.stem).strip("_").lower()
    folders = [folder for folder in (notebook.parent, notebook.parent / "tests", notebook.parent / "test") if folder.is_dir()]
    files = [file for folder in folders for file in sorted(folder.glob("*.py")) if re.match(r"test_|.*_test\.py$", file.name)]
    named = [file for file in files if file.stem.lower() in {f"test_{stem}", f"{stem}_test"}]
    yield from named or (files if alone else [])


def read(path: Path, files: Sequence[Path], name: str, *, points: float | None = None) -> Notebook:
    """Return the notebook at *path*, called *name* in notes, with the tests in it and in *files*; nothing of any is run.

    Raises HornbookError where it is no notebook of Python's, or where nothing tests it.
    """
    raw_cells, metadata = load(path, name, "pytest")
    of_ipytest = any(MAGIC.match(str(raw.get("source", ""))) or "ipytest" in str(raw.get("source", "")) for raw in raw_cells)
    parts = [_part(number, raw, of_ipytest=of_ipytest) for number, raw in enumerate(raw_cells, 1)]
    bound = frozenset(name for part in parts for name in _binds(part.code))
    if of_ipytest and not any(_defines(part.code) for part in parts):
        # The examples of ipytest have what is tested and its tests in one cell.
        parts = [_apart(part) for part in parts]
        bound = frozenset(name for part in parts for name in _binds(part.code))
    suite = Suite(path.stem, bound, points)
    for text in _texts(files, suite):
        suite.read(text)
    reading = _Reading(name, suite)
    for part in parts:
        if part.tests.strip():
            suite.read(Text(name, part.tests, part.number * 2, part.number, folder=path.parent))
    if not any(piece.kind in {"test", "class"} for piece in suite.pieces):
        said = " ".join(str(note) for note in suite.notes)
        what = "has no tests: no cell of ipytest's, no function whose name begins with test_, and no test file that is called after it."
        raise HornbookError(f"{name}: {what} Give its test file, as `hornbook import pytest {path.name} TESTFILE`. {said}".rstrip())
    cells = reading.cells(parts)
    return Notebook(path, tuple(cells), metadata, tuple(reading.notes), "pytest", suite)


def _texts(files: Sequence[Path], suite: Suite) -> Iterator[Text]:
    """Yield the texts of *files*, each folder's conftest.py before its first."""
    seen: set[Path] = set()
    for file in files:
        conftest = file.parent / "conftest.py"
        for one in (conftest, file):
            if one in seen or (one is conftest and not one.is_file()):
                continue
            seen.add(one)
            try:
                text = text_of(one)
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "it is no UTF-8 text"
                suite.notes.append(Note("left out", printable(one.name), 0, f"cannot be read ({why}). Save it again."))
                continue
            yield Text(printable(one.name), text, tests=one is not conftest, folder=one.parent)


# --- Cells -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """A cell of the file: its code without tests, and its tests."""

    number: int
    kind: Literal["code", "markdown", "raw"]
    raw: Mapping[str, Any]
    code: str
    tests: str = ""

    @property
    def tags(self) -> frozenset[str]:
        """Its tags."""
        tags = (self.raw.get("metadata") or {}).get("tags")
        return frozenset(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else frozenset()


def _part(number: int, raw: Mapping[str, Any], *, of_ipytest: bool) -> _Part:
    """Return the cell *raw* of the file, its tests apart."""
    kind = raw["cell_type"]
    source = str(raw.get("source", ""))
    if kind != "code":
        return _Part(number, "markdown" if kind == "markdown" else "raw", raw, source)
    lines = source.split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    magic = MAGIC.fullmatch(lines[first]) is not None
    lines = [line for index, line in enumerate(lines) if not (magic and index == first)]
    kept = [line for line in lines if not (of_ipytest and _SETUP.fullmatch(line))]
    changed = magic or len(kept) < len(lines)
    body = "\n".join(kept)
    try:
        tree = ast.parse(body)
    except (SyntaxError, ValueError):
        # Where it is not Python, whoever reads the tests says so.
        return _Part(number, "code", raw, "" if magic else body, body if magic else "")
    segments = _segments(body, tree)
    tested = magic or any(_is_test(node) for node, _ in segments)
    code: list[str] = []
    tests: list[str] = []
    for node, segment in segments:
        if of_ipytest and _sets_up(node):
            changed = True
        elif tested and not (_is_marked(segment) or _is_blank(segment)):
            tests.append(segment)
        else:
            code.append(segment)
    if not tested and not changed:
        return _Part(number, "code", raw, source)
    if not tested and not segments:
        return _Part(number, "code", raw, "" if changed else source)
    return _Part(number, "code", raw, "\n".join(code).strip("\n"), "\n".join(tests).strip("\n"))


def _segments(source: str, tree: ast.Module) -> list[tuple[ast.stmt, str]]:
    """Return the statements of *source*, each with its lines and the comments above it; an END SOLUTION belongs to what it ends."""
    lines = source.split("\n")
    found: list[tuple[ast.stmt, str]] = []
    last = 0
    for node in tree.body:
        end = max(node.end_lineno or node.lineno, last)
        if node.lineno <= last:
            continue
        while end < len(lines) and _END.match(lines[end]):
            end += 1
        found.append((node, "\n".join(lines[last:end])))
        last = end
    if found and last < len(lines) and "\n".join(lines[last:]).strip():
        node, segment = found[-1]
        found[-1] = (node, "\n".join([segment, *lines[last:]]))
    return found


def _apart(part: _Part) -> _Part:
    """Return *part* with what is no test in its code: what its tests ask for, where no other cell has it."""
    try:
        segments = _segments(part.tests, ast.parse(part.tests))
    except (SyntaxError, ValueError):
        return part
    code = [segment for node, segment in segments if not _is_test(node)]
    tests = [segment for node, segment in segments if _is_test(node) or isinstance(node, ast.Import | ast.ImportFrom)]
    joined = "\n".join(filter(None, [part.code, *code])).strip("\n")
    return _Part(part.number, part.kind, part.raw, joined, "\n".join(tests).strip("\n")) if part.kind == "code" else part


def _is_test(node: ast.stmt) -> bool:
    """Whether *node* is a test, a class of tests, a fixture, or the call of a test."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name.startswith("test") or any("fixture" in ast.unparse(one) for one in node.decorator_list)
    if isinstance(node, ast.ClassDef):
        return node.name.startswith("Test") and any(getattr(one, "name", "").startswith("test") for one in node.body)
    return isinstance(node, ast.Expr) and bool(re.match(r"test_\w+\(", ast.unparse(node)))


def _sets_up(node: ast.stmt) -> bool:
    """Whether *node* only makes a notebook ready for ipytest, or runs its tests."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        return bool({name.split(".")[0] for name in names} <= {"ipytest", "pytest"})
    text = ast.unparse(node)
    return bool(re.match(r"(?:\w+ = )?(?:ipytest\.|run_pytest\(|clean_tests\()|__file__ = |test_\w+\(\)$", text))


def _is_marked(source: str) -> bool:
    return any(_BEGIN.match(line) for line in source.split("\n"))


def _is_blank(source: str) -> bool:
    """Whether *source* waits for a learner: `...`, `pass` for a body, NotImplementedError, or a comment that says so."""
    if any(_TO_WRITE.search(line) for line in source.split("\n")):
        return True
    try:
        tree = ast.parse(python(source)[0])
    except (SyntaxError, ValueError):
        return False
    return any(_waits(node) for node in ast.walk(tree))


def _waits(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return):
        return isinstance(node.value, ast.Constant) and node.value.value is ...
    if isinstance(node, ast.Raise):
        return node.exc is not None and "NotImplementedError" in ast.unparse(node.exc)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        return all(isinstance(one, ast.Pass) for one in body)
    return False


def _code(source: str) -> Code | None:
    try:
        return Code.of(python(source)[0])
    except (SyntaxError, ValueError):
        return None


def _binds(source: str) -> frozenset[str]:
    code = _code(source)
    return code.binds if code is not None else frozenset()


def _defines(source: str) -> frozenset[str]:
    """Return the names that *source* makes, and does not only import."""
    code = _code(source)
    made = [one.binds for one in code.statements if not isinstance(one.node, ast.Import | ast.ImportFrom)] if code is not None else []
    return frozenset(name for names in made for name in names)


def _functions(source: str) -> frozenset[str]:
    """Return the functions and classes that *source* defines."""
    code = _code(source)
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return frozenset(one.node.name for one in code.statements if isinstance(one.node, kinds)) if code is not None else frozenset()


def cut(source: str) -> tuple[str, str]:
    """Return *source* as learners get it, with a stub for what stands between its markers, and as it is without markers."""
    shown: list[str] = []
    full: list[str] = []
    inside = False
    for line in source.split("\n"):
        if _BEGIN.match(line) and not inside:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            shown += [indent + part for part in CODE_STUB.split("\n")]
        elif _END.match(line):
            inside = False
        else:
            full.append(line)
            if not inside:
                shown.append(line)
    return "\n".join(shown), "\n".join(full)


class _Reading:
    """A notebook's cells on their way to roles."""

    def __init__(self, name: str, suite: Suite) -> None:
        self.name = name
        self.suite = suite
        self.notes: list[Note] = []
        self.taken: set[str] = set()

    def cells(self, parts: Sequence[_Part]) -> list[Cell]:
        """Return the cells; a cell has twice its place as its number, so that tests have one between two."""
        answers = {part.number for part in self.answers([part for part in parts if part.kind == "code"])}
        return [self.cell(part, answer=part.number in answers) for part in parts if part.kind != "code" or part.code.strip()]

    def answers(self, parts: Sequence[_Part]) -> list[_Part]:
        """Return which cells are a learner's: those that say so, or have a blank, or else those that define what the tests ask for."""
        said = [part for part in parts if _is_marked(part.code) or part.tags & TAGS or (part.code.strip() and _is_blank(part.code))]
        if said:
            return said
        wanted = self.suite.wanted
        return [part for part in parts if _functions(part.code) & wanted] or [part for part in parts if _defines(part.code) & wanted]

    def cell(self, part: _Part, *, answer: bool) -> Cell:
        """Return the cell that *part* makes."""
        shown = full = part.code
        solved = False
        if answer and _is_marked(part.code):
            shown, full = cut(part.code)
            if not any(_END.match(line) for line in part.code.split("\n")):
                self.notes.append(
                    Note("repaired", self.name, part.number, "END SOLUTION is missing; the rest of the cell is the solution.")
                )
            solved = True
        elif answer and not _is_blank(part.code):
            shown, solved = stub(part.code), True
            what = "it came with its answer, which is the reference solution now; learners get a blank."
            self.notes.append(Note("changed", self.name, part.number, what))
        role: Literal["answer", "given", "text"] = "answer" if answer else "given" if part.kind == "code" else "text"
        named = next((name.lower() for name in sorted(_order(full), key=self.suite.uses, reverse=True)), f"exercise-{part.number}")
        # What is defined twice is two exercises: tests are asked where they stand.
        grade_id = f"{named}-{part.number}" if named in self.taken else named
        self.taken |= {named} if answer else set()
        cell_id = part.raw.get("id")
        tags = sorted(part.tags - TAGS)
        return Cell(
            number=part.number * 2 - 1,
            role=role,
            kind=part.kind,
            shown=shown,
            source=full,
            grade_id=grade_id if answer else "",
            solved=solved,
            id=cell_id if isinstance(cell_id, str) else None,
            metadata={
                **{key: value for key, value in dict(part.raw.get("metadata") or {}).items() if key not in _NOT_KEPT},
                **({"tags": tags} if tags else {}),
            },
            attachments=dict(part.raw.get("attachments") or {}),
            place=part.number,
        )


def _order(source: str) -> list[str]:
    """Return the names that *source* makes, in its order."""
    code = _code(source)
    found = (
        [sorted(one.binds) for one in code.statements if not isinstance(one.node, ast.Import | ast.ImportFrom)] if code is not None else []
    )
    return [name for names in found for name in names]
