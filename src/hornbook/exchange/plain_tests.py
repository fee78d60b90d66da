"""Reads tests that were written for pytest alone, in files or in cells of ipytest, and writes them as a grader.

    suite = Suite(stem, bound)                  the tests of one notebook, whose names are *bound*
    suite.read(text)                            takes in a file, or a cell
    plan(cells, exercises, suite) -> Plan       which exercise each test asks, what it stands on, and what there is to tell

A test stays as its author wrote it, with its fixtures, marks and values. What goes is how it got at the notebook: a test finds the
notebook's names because the grader borrows them (`hornbook.grading.borrowed`).
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib.util
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from hornbook.errors import printable
from hornbook.exchange.cells import (
    Check,
    Code,
    Ownership,
    called_in_place,
    given_function,
    kernels,
    python,
    quoted,
    sentence,
    written_points,
)
from hornbook.exchange.material import Cell, Note
from hornbook.lesson import MAX_BYTES

FILE: Final = 1 << 30
"""The place of a test file: below all of the notebook's cells."""

USUAL: Final = frozenset(
    {"notebook", "solution", "solutions", "submission", "student", "assignment", "answer", "answers", "homework", "exercise", "exercises"}
    | {"main", "__main__"}
)
"""What a notebook is called by tests that are written for every learner's."""

BRIDGES: Final = frozenset({"import_ipynb", "nbimporter", "ipytest", "testbook", "pytest", "ipynb", "nbval"})
"""Modules that tests import to get at a notebook, or to be run in one. Here nothing of them is needed."""

RUNNERS: Final = frozenset(
    {"exec", "run_path", "run_module", "execute_notebook", "NotebookClient", "ExecutePreprocessor", "import_module", "run_line_magic"}
)
"""Calls of tests that run a notebook by themselves."""

TAKING_TESTBOOK: Final = "testbook"
_HERE: Final = "\0notebook\0"
"""What stands for the notebook until its name in the grader is known."""

Kind = Literal["test", "class", "fixture", "helper"]


@dataclass(frozen=True, slots=True)
class Text:
    """A file of tests, or a cell: what it is called in notes, its source, and its place in the notebook.

    `tests` is false for what only lies beside tests, a conftest.py; `folder` is where modules of the author's lie.
    """

    file: str
    source: str
    number: int = FILE
    cell: int = 0
    tests: bool = True
    folder: Path | None = None


def text_of(file: Path) -> str:
    """Return the text of *file*; raise OSError where it is larger than a notebook may be, UnicodeDecodeError where it is no text."""
    if file.stat().st_size > MAX_BYTES:
        raise OSError(0, f"larger than {MAX_BYTES >> 20} MiB")
    return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")


class _Lines:
    """The lines of a text, in which places can be exchanged, lines put in, and lines taken out."""

    def __init__(self, source: str) -> None:
        self.lines = source.split("\n")
        self.gone: set[int] = set()
        self.before: dict[int, list[str]] = defaultdict(list)
        self.changes: list[tuple[int, int, int, int, str]] = []

    def exchange(self, node: ast.expr | ast.stmt, text: str) -> None:
        """Write *text* in the place of *node*."""
        self.changes.append((node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0, text))

    def remove(self, first: int, last: int) -> None:
        """Take out the lines from *first* to *last*."""
        self.gone.update(range(first, last + 1))

    def text(self, first: int, last: int) -> str:
        """Return the lines from *first* to *last* as they are by now."""
        lines = {number: self.lines[number - 1] for number in range(first, last + 1)}
        gone = set(self.gone)
        for start, column, end, end_column, new in sorted(self.changes, reverse=True):
            if first <= start <= end <= last:
                head, tail = lines[start].encode()[:column].decode(), lines[end].encode()[end_column:].decode()
                lines[start] = head + new + tail
                gone.update(range(start + 1, end + 1))
        found: list[str] = []
        for number, line in lines.items():
            found += self.before.get(number, ())
            found += [] if number in gone else [line]
        return "\n".join(found).strip("\n")


@dataclass(eq=False)
class Piece:
    """A statement of a text: the lines that it has with the comments above it, and what it is."""

    text: Text
    lines: _Lines
    node: ast.stmt
    first: int
    last: int
    kind: Kind
    name: str = ""
    more: frozenset[str] = frozenset()

    @property
    def gap(self) -> int:
        """How many blank lines its author has left above it."""
        lines = self.lines.lines[self.first - 1 : self.last]
        return next((number for number, line in enumerate(lines) if line.strip()), 0)

    @property
    def line(self) -> int:
        """Where it begins, its decorators included."""
        return _first_line(self.node)

    @cached_property
    def code(self) -> Code:
        """Its names. Parameters of tests and fixtures are the names of fixtures."""
        return Code.of(ast.unparse(self.node))

    @property
    def loads(self) -> frozenset[str]:
        """The names that it uses when it is asked."""
        return self.code.loads | self.more

    @cached_property
    def at_once(self) -> frozenset[str]:
        """The names that it uses as soon as it is read: decorators, defaults, bases, and statements that are no definitions."""
        return frozenset(name for node in _at_once(self.node) for name in Code.of(ast.unparse(node)).loads)

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The names of all parameters, its methods' included."""
        functions = [node for node in ast.walk(self.node) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return frozenset(one.arg for node in functions for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))

    def note(self, kind: Literal["changed", "left out", "vacuous"], what: str, line: int = 0) -> Note:
        """Return a note on it."""
        return _note(self.text, kind, line or self.line, what)


def _note(text: Text, kind: Literal["changed", "left out", "vacuous", "repaired"], line: int, what: str) -> Note:
    return Note(kind, text.file, text.cell, f"line {line}: {what}")


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _at_once(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield the parts of *node* that Python works out when it reads it."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from (*node.decorator_list, *node.args.defaults, *(one for one in node.args.kw_defaults if one is not None))
    elif isinstance(node, ast.ClassDef):
        yield from (*node.decorator_list, *node.bases, *(word.value for word in node.keywords))
        for inner in node.body:
            yield from _at_once(inner)
    else:
        yield node


# --- Reading ---------------------------------------------------------------------------------------------------------


class Suite:
    """The tests of one notebook. *stem* is its file's name without the ending, *bound* are the names that its cells bind."""

    def __init__(self, stem: str, bound: frozenset[str], points: float | None = None) -> None:
        self.stem = stem
        self.bound = bound
        self.points = points
        self.pieces: list[Piece] = []
        self.notes: list[Note] = []
        self.called: dict[str, str] = {}
        self.modules: list[str] = []
        self.testbooks: list[str] = []
        self._texts: list[Text] = []

    def read(self, text: Text) -> None:
        """Take in *text*: what it imports from the notebook becomes the notebook's names, the rest is kept."""
        self._texts.append(text)
        try:
            source, magic = python(text.source)
            body = Code.of(source).tree.body
        except (SyntaxError, ValueError) as error:
            line, what = getattr(error, "lineno", None) or 1, getattr(error, "msg", str(error))
            self.notes.append(_note(text, "left out", line, f"it is not Python ({printable(str(what))}), so its tests are left out."))
            return
        if magic:
            self.notes.append(_note(text, "left out", 1, f"`{magic}` is the kernel's, so its tests are left out. Write them without it."))
            return
        if source.strip("\n") == text.source.strip("\n"):
            # Lines are counted as the author counts them.
            source, body = text.source, Code.of(text.source).tree.body
        lines = _Lines(source)
        last = 0
        for node in body:
            first, end = last + 1, node.end_lineno or node.lineno
            if _first_line(node) <= last:
                what = "two statements stand on one line, and the second is left out. Give it a line of its own."
                self.notes.append(_note(text, "left out", node.lineno, what))
                continue
            last = end
            self._take(Piece(text, lines, node, first, end, "helper"))

    def _take(self, piece: Piece) -> None:
        """Take in one statement."""
        node = piece.node
        if isinstance(node, ast.Import):
            self._import(piece, node)
        elif isinstance(node, ast.ImportFrom):
            self._import_from(piece, node)
        elif _of_a_runner(node):
            return
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._function(piece, node)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test") and piece.text.tests:
            self._class(piece, node)
        else:
            paths = ast.unparse(node)
            if re.match(r"(sys\.path\.|os\.chdir|sys\.path\s*[\[=+])", paths):
                self.notes.append(piece.note("changed", f"`{paths[:60]}` is left out: a grader finds the notebook without it."))
                return
            if paths.startswith("pytest_plugins"):
                self.notes.append(piece.note("left out", "pytest_plugins is left out: a grade loads no plugins. Use fixtures instead."))
                return
            self._keep(piece, "helper")

    def _keep(self, piece: Piece, kind: Kind, name: str = "") -> None:
        """Keep *piece*, with what is to be written another way in it."""
        piece.kind, piece.name = kind, name or piece.name
        more: set[str] = set()
        modules = {*self.modules, *self._inside(piece, more)}
        for node in ast.walk(piece.node):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                more.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier() and self._by_testbook():
                more |= {node.value} & self.bound
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("usefixtures"):
                more |= {one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)}
        piece.more = frozenset(more)
        runs = next((node for node in ast.walk(piece.node) if isinstance(node, ast.Call) and _name(node.func) in RUNNERS), None)
        if runs is not None:
            what = (
                f"`{ast.unparse(runs.func)}` runs or imports the notebook by itself, so this is left out. "
                f"Take names with `from {_identifier(self.stem)} import ...`, or use them as they are."
            )
            self.notes.append(piece.note("left out", what, runs.lineno))
            return
        self.pieces.append(piece)

    def _inside(self, piece: Piece, names: set[str]) -> Iterator[str]:
        """Take in imports of the notebook within *piece*: yield what it is called there, and add to *names* what is taken from it."""
        for node in ast.walk(piece.node):
            if node is piece.node or not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            imported = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom) and self._is_notebook(node.module or "", imported, piece.text):
                names.update(imported)
                taken = [f"{alias.asname or alias.name} = {_HERE}.{alias.name}" for alias in node.names if alias.name != "*"]
                piece.lines.exchange(node, "; ".join(taken) or "pass")
            elif isinstance(node, ast.Import) and all(self._is_notebook(name, (), piece.text) or name in BRIDGES for name in imported):
                called = [alias.asname or alias.name for alias in node.names if alias.name not in BRIDGES - {"pytest"}]
                if "pytest" not in imported:
                    yield from called
                    piece.lines.exchange(node, "; ".join(f"{one} = {_HERE}" for one in called) or "pass")

    def _by_testbook(self) -> bool:
        return any("testbook" in text.source for text in self._texts)

    def _import(self, piece: Piece, node: ast.Import) -> None:
        """Take in `import ...`: of the notebook, of what leads to it, or of any other module."""
        kept = []
        for alias in node.names:
            if self._is_notebook(alias.name, (), piece.text):
                self.modules.append(alias.asname or alias.name.partition(".")[0])
            elif alias.name.partition(".")[0] not in BRIDGES:
                self._must_be_there(piece, alias.name)
                kept.append(alias)
        if len(kept) == len(node.names):
            self._keep(piece, "helper")
        elif kept:
            source = ast.unparse(ast.Import(kept))
            self._keep(Piece(piece.text, _Lines(source), Code.of(source).node, 1, 1, "helper"), "helper")

    def _import_from(self, piece: Piece, node: ast.ImportFrom) -> None:
        """Take in `from ... import ...`: of the notebook, of a module of the author's, or of any other."""
        module = node.module or ""
        imported = [alias.name for alias in node.names]
        file = self._beside(module, piece.text)
        if module == "__future__":
            return
        if self._is_notebook(module, imported, piece.text) or (node.level and file is None):
            self.called |= {alias.asname: alias.name for alias in node.names if alias.asname and alias.asname != alias.name}
            if not module:
                self.modules += [alias.asname or alias.name for alias in node.names if _same(alias.name, self.stem)]
        elif file is not None:
            self._inline(piece, node, file)
        elif module == "pytest" or module.partition(".")[0] not in BRIDGES:
            self._must_be_there(piece, module)
            self._keep(piece, "helper")

    def _must_be_there(self, piece: Piece, module: str) -> None:
        """Note an import that nothing here can do: the grader would not even be read."""
        top = module.partition(".")[0]
        if top not in sys.stdlib_module_names and not _installed(top):
            what = f"it imports {printable(module)}, which is not installed here, and is neither the notebook nor a file beside the tests."
            self.notes.append(piece.note("left out", f"{what} Install it, or take the import out."))

    def _is_notebook(self, module: str, imported: Sequence[str], text: Text) -> bool:
        """Whether *module* is the notebook: by its name, or because *imported* are its names and nothing else has the module's."""
        top, last = module.partition(".")[0], module.rpartition(".")[2]
        if module.startswith("ipynb.fs.") or _same(last, self.stem):
            return True
        known = bool(imported) and set(imported) <= self.bound | {"*"}
        if last in USUAL and (known or not imported or self._beside(module, text) is None):
            return True
        return known and top not in sys.stdlib_module_names and imported != ["*"] and not _installed(top)

    def _beside(self, module: str, text: Text) -> Path | None:
        """Return the file of *module* beside the tests, or None."""
        if text.folder is None or not module:
            return None
        file = text.folder / f"{module.replace('.', '/')}.py"
        return file if file.is_file() and not file.is_symlink() else None

    def _inline(self, piece: Piece, node: ast.ImportFrom, file: Path) -> None:
        """Take in a module of the author's, from which *node* imports."""
        name = printable(file.name)
        if any(alias.asname for alias in node.names):
            what = f"{name} is the author's own, and is imported under other names. Import it as `from {node.module} import name`."
            self.notes.append(piece.note("left out", what))
        elif not any(text.file == name for text in self._texts):
            try:
                source = text_of(file)
            except (OSError, UnicodeDecodeError):
                self.notes.append(piece.note("left out", f"{name} cannot be read as UTF-8 text. Save it again."))
                return
            self.read(Text(name, source, piece.text.number, piece.text.cell, tests=False, folder=piece.text.folder))

    def _function(self, piece: Piece, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Take in a function: a test, a fixture, a hook of pytest's, or a helper."""
        fixture = next((one for one in node.decorator_list if _name(one) == "fixture"), None)
        if fixture is not None:
            self._scope(piece, fixture)
            self._keep(piece, "fixture", node.name)
        elif node.name.startswith("pytest_"):
            self.notes.append(piece.note("left out", f"{node.name} is a hook of pytest's, which a grade does not call. Use a fixture."))
        elif node.name.startswith("test") and piece.text.tests:
            if self._can_be(piece, node):
                self._without_testbook(piece, node)
                self._keep(piece, "test", node.name)
        else:
            self._keep(piece, "helper", node.name)

    def _class(self, piece: Piece, node: ast.ClassDef) -> None:
        """Take in a class of tests."""
        if any("TestCase" in ast.unparse(base) for base in node.bases):
            what = f"{node.name} is a unittest.TestCase, which cannot be asked here. Make it a plain class, and write `assert`."
            self.notes.append(piece.note("left out", what))
            return
        if any(isinstance(one, ast.FunctionDef) and one.name == "__init__" for one in node.body):
            what = f"{node.name} has an __init__, so pytest does not collect it, and neither is it here. Use setup_method."
            self.notes.append(piece.note("left out", what))
            return
        for method in _methods(node):
            if not self._can_be(piece, method):
                piece.lines.remove(_first_line(method), method.end_lineno or method.lineno)
        for inner in node.body:
            if isinstance(inner, ast.ClassDef) and inner.name.startswith("Test"):
                what = f"{inner.name} stands in another class, so it is left out. Write it beside that."
                self.notes.append(piece.note("left out", what, _first_line(inner)))
                piece.lines.remove(_first_line(inner), inner.end_lineno or inner.lineno)
            for decorator in getattr(inner, "decorator_list", ()):
                if _name(decorator) == "fixture":
                    self._scope(piece, decorator)
        if any(_first_line(one) not in piece.lines.gone for one in node.body):
            self._keep(piece, "class", node.name)

    def _can_be(self, piece: Piece, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Whether a test can be asked; note why not."""
        why = ""
        if isinstance(node, ast.AsyncFunctionDef):
            why = "it is asynchronous, which pytest alone does not run either. Call `asyncio.run` in it."
        elif any(_name(one) == "xfail" for one in node.decorator_list):
            why = "it is expected to fail, so there is nothing to ask of a learner. Write what must hold."
        if why:
            self.notes.append(piece.note("left out", f"{node.name} is left out: {why}", _first_line(node)))
        return not why

    def _scope(self, piece: Piece, fixture: ast.expr) -> None:
        """Let a fixture be made anew for each test: each has a state of its own."""
        if not isinstance(fixture, ast.Call) or not any(word.arg == "scope" for word in fixture.keywords):
            return
        kept = [word for word in fixture.keywords if word.arg != "scope"]
        call = ast.Call(fixture.func, fixture.args, kept) if kept or fixture.args else fixture.func
        piece.lines.exchange(fixture, ast.unparse(call))
        what = "a fixture's scope is left out: it is made anew for each test, which has a state of its own."
        self.notes.append(piece.note("changed", what, fixture.lineno))

    def _without_testbook(self, piece: Piece, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Take testbook's decorator from a test; its first parameter is given by a fixture."""
        for decorator in list(node.decorator_list):
            if _name(decorator) == TAKING_TESTBOOK:
                node.decorator_list.remove(decorator)
                piece.lines.remove(decorator.lineno, decorator.end_lineno or decorator.lineno)
                if node.args.args and node.args.args[0].arg not in self.testbooks:
                    self.testbooks.append(node.args.args[0].arg)

    def uses(self, name: str) -> int:
        """Return how many pieces of the tests use *name* of the notebook's."""
        return sum(name in {self.called.get(one, one) for one in piece.loads} for piece in self.pieces)

    @property
    def wanted(self) -> frozenset[str]:
        """The names that the tests use and do not define, as the notebook has them."""
        made = {name for piece in self.pieces for name in piece.code.binds}
        used = {name for piece in self.pieces for name in piece.loads}
        return frozenset(self.called.get(name, name) for name in used - made - set(self.modules) - {"pytest"})


def _methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for one in node.body:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test"):
            yield one


def _tests(piece: Piece) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the tests in *piece*."""
    if piece.kind == "test" and isinstance(piece.node, ast.FunctionDef):
        yield piece.node
    elif piece.kind == "class" and isinstance(piece.node, ast.ClassDef):
        yield from _methods(piece.node)


def _of_a_runner(node: ast.stmt) -> bool:
    """Whether *node* runs tests, tells what it is for, or only sets up a notebook that runs tests."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
        return True
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in {"__file__", "pytestmark.__file__"}:
        return True
    called = node.value if isinstance(node, ast.Expr | ast.Assign) else None
    return isinstance(called, ast.Call) and bool(re.match(r"(ipytest\.|pytest\.main|unittest\.main|get_ipython\(\))", ast.unparse(called)))


def _name(node: ast.expr) -> str:
    """Return the last name of what *node* calls, or is."""
    called = node.func if isinstance(node, ast.Call) else node
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _installed(top: str) -> bool:
    with contextlib.suppress(ImportError, ValueError):
        found = importlib.util.find_spec(top)
        # What lies where we happen to be is no installed module.
        return found is not None and not (found.origin and Path(found.origin).parent in {Path.cwd(), Path.cwd() / top})
    return False


def _identifier(stem: str) -> str:
    return re.sub(r"\W+", "_", stem).strip("_") or "notebook"


def _same(module: str, stem: str) -> bool:
    return re.sub(r"[\W_]+", "", module).lower() == re.sub(r"[\W_]+", "", stem).lower() != ""


# --- The plan --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Given:
    """Code of the notebook, or of its tests where that uses the learner's names, which runs anew for each check."""

    name: str
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of a grader in order, and what there is to tell."""

    parts: tuple[Piece | Given, ...]
    checks: tuple[Check, ...]
    suite: Suite
    asks: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    told: tuple[Note, ...] = ()
    notes: tuple[tuple[str, int, str], ...] = ()
    inheriting: Mapping[int, str] = field(default_factory=dict)

    def in_kernel(self, reasons: Mapping[str, str]) -> Plan:
        """Return the plan in which the checks named in *reasons* run in the learner's kernel, each for its reason."""
        checks = tuple(replace(check, reason=reasons[check.name]) if check.name in reasons else check for check in self.checks)
        return replace(self, checks=checks)

    def grader(self, title: str, name: str) -> str:
        """Return the text of the grader for the lesson *title*, which was *name*."""
        suite = self.suite
        taken = {word for piece in suite.pieces for word in piece.code.binds | piece.parameters} | set(suite.modules)
        here = "notebook" if "notebook" not in taken - set(suite.modules) else "the_notebook"
        words = [f"{word}=({', '.join(map(quoted, names))},)" for word, names in (("asks", self.asks), ("changes", self.changes)) if names]
        called = ", ".join(f"{quoted(new)}: {quoted(old)}" for new, old in sorted(suite.called.items()) if new not in self._bound)
        words += [f"called={{{called}}}"] if called else []
        texts = [
            _HEAD.format(title=sentence(title), name=sentence(name), here=here, words="".join(f", {word}" for word in words)).rstrip("\n")
        ]
        modules = [module for module in dict.fromkeys(suite.modules) if module != here]
        texts[0] += "".join(f"\n{module} = {here}" for module in modules)
        fixtures = {piece.name for piece in suite.pieces if piece.kind == "fixture"}
        texts += [
            f'@pytest.fixture\ndef {fixture}():\n    """The notebook, as testbook gives it"""\n    return {here}.testbook()'
            for fixture in suite.testbooks
            if fixture not in fixtures
        ]
        if any("monkeypatch" in piece.parameters for piece in suite.pieces):
            texts.append(
                "@pytest.fixture\ndef monkeypatch(monkeypatch):\n"
                f'    """What is changed in a module is changed in the learner\'s process"""\n    return {here}.patching(monkeypatch)'
            )
        # A piece is written where it stands; its markers are put into its lines first.
        marked = {(check.file, check.line, check.cell): check for check in self.checks}
        before: Piece | None = None
        for part in self.parts:
            if isinstance(part, Given):
                texts.append(given_function(part.name, part.title, part.source))
                before = None
                continue
            written = self._written(part, marked, here)
            if before is not None and before.lines is part.lines and part.gap < _APART and part.first == before.last + 1:
                texts[-1] += "\n" * (part.gap + 1) + written
            elif before is not None and _are_imports(before, part):
                texts[-1] += f"\n{written}"
            else:
                texts.append(written)
            before = part
        return "\n\n\n".join(filter(None, texts)) + "\n"

    @property
    def _bound(self) -> set[str]:
        return {name for piece in self.suite.pieces for name in piece.code.binds}

    def _written(self, piece: Piece, marked: Mapping[tuple[str, int, int], Check], here: str) -> str:
        """Return *piece* with the markers of its checks, and the learner's exceptions waited for as ours can."""
        lines = piece.lines
        lines.before.clear()
        changes = len(lines.changes)
        if id(piece) in self.inheriting:
            # Its own tests say theirs; this is for those that it inherits.
            lines.before[piece.line].append(f"@pytest.mark.exercise({quoted(self.inheriting[id(piece)])})")
        for node in _tests(piece):
            check = marked.get((piece.text.file, _first_line(node), piece.text.cell))
            if check is not None:
                indent = " " * node.col_offset
                inside = node.body[0]
                if ast.get_docstring(node) is None and inside.lineno > node.lineno:
                    words = re.sub(r"_+", " ", node.name.removeprefix("test")).strip().capitalize()
                    sentences = f'{" " * inside.col_offset}"""{sentence(words) or "The test passes"}"""'
                    lines.before[_first_line(inside)].append(sentences)
                lines.before[_first_line(node)].extend(indent + line for line in _markers(check, self.suite.points))
                wanted = check.name.rpartition("::")[2]
                if isinstance(node, ast.FunctionDef) and wanted != node.name:
                    lines.changes.append(_renamed(lines, node, wanted))
        for call in ast.walk(piece.node):
            if isinstance(call, ast.Call) and _name(call) == "raises" and call.args and self._is_learners(call.args[0]):
                lines.exchange(call.func, f"{here}.raises")
        text = lines.text(piece.first, piece.last).replace(_HERE, here)
        del lines.changes[changes:]
        lines.before.clear()
        return text

    def _is_learners(self, kind: ast.expr) -> bool:
        """Whether *kind*, what a test waits for, has a class of the learner's in it."""
        for node in ast.walk(kind):
            if isinstance(node, ast.Name) and not hasattr(builtins, node.id) and node.id not in self._bound | set(self.suite.modules):
                return True
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self.suite.modules:
                return True
        return False


_APART: Final = 2
"""How many blank lines stand between what is apart."""


def _are_imports(one: Piece, other: Piece) -> bool:
    return all(isinstance(piece.node, ast.Import | ast.ImportFrom) for piece in (one, other))


def _renamed(lines: _Lines, node: ast.FunctionDef, wanted: str) -> tuple[int, int, int, int, str]:
    line = lines.lines[node.lineno - 1]
    start = len(line[: line.index(node.name, node.col_offset + len("def"))].encode())
    return (node.lineno, start, node.lineno, start + len(node.name.encode()), wanted)


def _markers(check: Check, points: float | None) -> list[str]:
    worth = "" if points is None else f", points={written_points(points)}"
    reason = [f"@pytest.mark.in_kernel({quoted(check.reason)})"] if check.reason else []
    return [*reason, f"@pytest.mark.exercise({quoted(check.exercise)}{worth})"]


_HEAD: Final = '''\
"""{title}: the tests of {name}, brought over by `hornbook import pytest`.

They stand here as they were written. What they use and do not define is the notebook's: what the learner's answers define is asked of the
learner's own process, everything else, and every comparison, is done here. What the notebook itself gives is in functions `given_...`,
which run before each test below them. A test is worth 1 point, each of its values for itself, unless `points=` says otherwise.
"""

# ruff: noqa
# mypy: ignore-errors
import pytest

from hornbook.grading import borrowed

{here} = borrowed.names(globals(){words})'''


def plan(cells: Sequence[Cell], exercises: Mapping[int, str], suite: Suite) -> Plan:
    """Return how the tests of *suite* become checks; *exercises* are the ids of the exercises by the numbers of their cells."""
    owners = Ownership(exercises)
    planning = _Planning(owners, suite)
    for number in sorted({*(cell.number for cell in cells), *(piece.text.number for piece in suite.pieces)}):
        for cell in cells:
            if cell.number == number and cell.role == "answer":
                owners.answer(cell)
            elif cell.number == number and cell.role == "given":
                owners.given(cell)
        planning.take([piece for piece in suite.pieces if piece.text.number == number])
    places = {cell.number: cell.cell for cell in cells}
    parts: list[Piece | Given] = []
    wanted = defaultdict(list)
    for statement in owners.statements:
        if statement.wanted:
            wanted[statement.cell].append(statement.code.source)
    todo = list(planning.parts)
    for number, sources in sorted(wanted.items()):
        while todo and todo[0][0] < number:
            parts.append(todo.pop(0)[1])
        parts.append(Given(f"given_{places[number]}", f"What cell {places[number]} of the notebook gives", "\n".join(sources)))
    parts += [part for _, part in todo]
    return Plan(
        tuple(parts),
        tuple(planning.checks),
        suite,
        tuple(sorted(planning.asks)),
        tuple(sorted(planning.changes)),
        tuple(dict.fromkeys((*suite.notes, *planning.notes))),
        tuple(owners.notes),
        planning.inheriting,
    )


class _Planning:
    """The tests on their way to checks, one text after the other."""

    def __init__(self, owners: Ownership, suite: Suite) -> None:
        self.owners = owners
        self.suite = suite
        self.made: dict[str, list[Piece]] = {}
        self.late: set[str] = set()
        self.autouse: list[Piece] = []
        self.parts: list[tuple[int, Piece | Given]] = []
        self.checks: list[Check] = []
        self.notes: list[Note] = []
        self.asks: set[str] = set()
        self.changes: set[str] = set()
        self.taken: set[str] = set()
        self.lates = 0
        self.inheriting: dict[int, str] = {}

    def take(self, pieces: Sequence[Piece]) -> None:
        """Take in the pieces of what stands at one place."""
        kept, late = self._sorted(pieces)
        number = pieces[0].text.number if pieces else 0
        first = next((index for index, piece in enumerate(kept) if piece.kind in {"test", "class"}), len(kept))
        self.parts += [(number, piece) for piece in kept[:first]]
        for piece in late:
            self.lates += 1
            source = piece.lines.text(piece.first, piece.last).replace(_HERE, "notebook")
            self.parts.append((number, Given(f"given_with_{self.lates}", "What the tests work out with the notebook's names", source)))
            self._stand_on(self._closure(piece.loads), number)
        self.parts += [(number, piece) for piece in kept[first:]]
        for piece in kept:
            self.changes |= called_in_place(piece.code) & self._foreign(piece.loads)
        for piece in kept:
            self._checks(piece)

    def _sorted(self, pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
        """Return those of *pieces* that are kept, and those that are worked out when the notebook is there."""
        kept: list[Piece] = []
        late: list[Piece] = []
        for piece in pieces:
            if self._is_there(piece):
                continue
            for name in piece.code.binds:
                self.made.setdefault(name, []).append(piece)
            if not any(self._is_notebooks(name) for name in piece.at_once):
                kept.append(piece)
            elif piece.kind == "helper" and piece.code.binds:
                self.late |= piece.code.binds
                late.append(piece)
            else:
                names = ", ".join(f"`{name}`" for name in sorted(piece.at_once) if self._is_notebooks(name))
                what = f"it uses the notebook's {names} before any notebook is there, so it is left out. Use it inside a test."
                self.notes.append(piece.note("left out", what))
            if piece.kind == "fixture" and "autouse=True" in ast.unparse(piece.node):
                self.autouse.append(piece)
        return kept, late

    def _is_there(self, piece: Piece) -> bool:
        """Whether a text above has what *piece* makes: the same, or, which is noted, something else."""
        if piece.kind in {"test", "class"} or isinstance(piece.node, ast.Import | ast.ImportFrom):
            return False
        before = [one for name in piece.code.binds for one in self.made.get(name, ()) if one.text is not piece.text]
        if before and not any(ast.dump(one.node) == ast.dump(piece.node) for one in before):
            names = ", ".join(f"`{name}`" for name in sorted(piece.code.binds & self.made.keys()))
            what = f"{names} is defined in another way than above, and a grader has one, so this is left out. Give it another name."
            self.notes.append(piece.note("left out", what))
        return bool(before)

    def _checks(self, piece: Piece) -> None:
        """Make the checks of *piece*, if it is a test or a class of tests."""
        if piece.kind == "test":
            self._test(piece, piece.node, piece.name, piece.loads | piece.parameters)
        elif piece.kind == "class" and isinstance(piece.node, ast.ClassDef):
            methods = list(_methods(piece.node))
            if piece.node.bases:
                self._inherits(piece)
            shared = {name for one in piece.node.body if one not in methods for name in Code.of(ast.unparse(one)).loads}
            for method in methods:
                if _first_line(method) not in piece.lines.gone:
                    loads = Code.of(ast.unparse(method)).loads | shared | piece.more | piece.parameters
                    self._test(piece, method, f"{piece.name}::{method.name}", loads)

    def _inherits(self, piece: Piece) -> None:
        """Note for a class that may have tests of another's which exercise they ask."""
        used = [place for name in self._closure(piece.loads) if (place := self.owners.behind(name)) is not None]
        place = max(used, default=max(self.owners.exercises, default=None))
        if place is not None:
            self.inheriting[id(piece)] = self.owners.exercises[place]

    def _is_notebooks(self, name: str) -> bool:
        """Whether *name* is the notebook's, as far as anybody knows."""
        if name in self.late or name in self.suite.called or name in self.suite.modules:
            return True
        return name not in self.made and name != "pytest" and not hasattr(builtins, name)

    def _closure(self, names: Iterable[str]) -> set[str]:
        """Return which names *names* come down to that no text defines: the notebook's."""
        todo, seen, found = [*names, *(name for piece in self.autouse for name in piece.loads)], set[str](), set[str]()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self.made:
                for piece in self.made[name]:
                    todo += piece.loads | (piece.parameters if piece.kind == "fixture" else frozenset())
            else:
                found.add(self.suite.called.get(name, name))
        return found - set(self.suite.modules) - {"pytest"}

    def _foreign(self, names: Iterable[str]) -> set[str]:
        return {name for name in names if name not in self.made}

    def _stand_on(self, names: set[str], place: int) -> tuple[frozenset[str], frozenset[str]]:
        learners, unknown = self.owners.want(names, place)
        self.asks |= {name for name in learners if hasattr(builtins, name)}
        return learners, unknown

    def _test(self, piece: Piece, node: ast.stmt, name: str, loads: Iterable[str]) -> None:
        """Make the check of one test."""
        owners = self.owners
        # A parameter that no fixture of the author's gives is pytest's, or a value.
        loads = {one for one in loads if one in self.made or one not in piece.parameters}
        names = self._closure(loads)
        used = [place for one in names if (place := owners.behind(one)) is not None]
        before = [number for number in owners.exercises if number < piece.text.number] or sorted(owners.exercises)[:1]
        place = max(used, default=max(before, default=None))
        line = _first_line(node)
        if place is None:
            what = "the notebook has no code that a learner writes, so there is nothing to ask."
            self.notes.append(piece.note("left out", what, line))
            return
        learners, unknown = self._stand_on(names, place)
        if not used and not unknown:
            what = f"{name} uses nothing that an answer in the notebook defines, so it passes whatever a learner writes."
            self.notes.append(piece.note("vacuous", what, line))
        code = Code.of(ast.unparse(node))
        self.changes |= called_in_place(code) & (learners | self._foreign(code.loads))
        found, times = name, 1
        while found in self.taken:
            times += 1
            found = f"{name}_{times}"
        self.taken.add(found)
        self.checks.append(
            Check(
                name=found,
                cell=piece.text.cell,
                exercise=owners.exercises[place],
                points=(1.0 if self.suite.points is None else self.suite.points) * _times(node),
                hidden="pytest.mark.hidden" in ast.unparse(node),
                title=sentence(name),
                source=code.source,
                reason=self._reason(piece, code, learners, names),
                file=piece.text.file,
                line=line,
            )
        )

    def _reason(self, piece: Piece, code: Code, learners: frozenset[str], names: set[str]) -> str:
        """Return why the test must run in the learner's kernel, or ""."""
        todo, seen = list(code.loads), set[str]()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            for one in self.made.get(name, ()):
                if isinstance(one.node, ast.Import | ast.ImportFrom):
                    module = one.node.names[0].name if isinstance(one.node, ast.Import) else one.node.module or ""
                    module = "unittest.mock" if module == "unittest" and name == "mock" else module
                    if module in {"mock", "unittest.mock", "inspect", "dis"}:
                        return f"it uses {module}, which reaches into the learner's own objects"
                elif one is not piece:
                    todo += one.loads
        return kernels(code, learners, self.owners) if names else ""


def _times(node: ast.stmt) -> int:
    """Return how many values a test is asked with, as far as they are written out."""
    times = 1
    for decorator in getattr(node, "decorator_list", ()):
        if _name(decorator) == "parametrize" and isinstance(decorator, ast.Call):
            values = decorator.args[1] if len(decorator.args) > 1 else None
            times *= max(1, len(values.elts)) if isinstance(values, ast.List | ast.Tuple | ast.Set) else 1
    return times
