"""Turns a notebook's test cells into the checks of a grader: whose each name is, what is run where, and the text of the file.

    plan(cells, exercises) -> Plan          the checks and what they stand on, in the notebook's order, and what there is to tell
    grader(plan, title, origin) -> str      the grader as a file that an instructor keeps

A name that the reference answer of an exercise binds is the learner's: it is asked. A name that the instructor's own cells bind is
theirs, and what they bind it with runs on the trusted side, in functions `given_...`; unless it was worked out from learner's names
before the exercise was there, or read from a file: then it is asked for, too.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Final

from hornbook.errors import printable
from hornbook.exchange.material import Cell
from hornbook.lesson import check_name

WIDTH: Final = 100
SENTENCE: Final = 120

HARMLESS = re.compile(r"%\s*(?:matplotlib|pylab|config|load_ext|reload_ext|autoreload|precision)\b")
"""Magics without which a test asks the same."""

OUTSIDE: Final = frozenset(
    {"input", "display", "get_ipython", "open", "urlopen", "urlretrieve", "imread", "load", "loadtxt", "genfromtxt", "listdir", "glob"}
)
"""Calls whose answer depends on where they are made: files, the network, a front end."""

KERNELS: Final = frozenset({"get_ipython", "In", "Out", "_", "__", "_i", "_ih", "_oh"})
"""Names that only a kernel has."""

QUIET: Final = ("print", "display", "assert", "check", "test", "expect", "verify", "ok_", "eq_", "main", "run")
"""How the name of a function begins whose answer, as the last line of a test cell, is no score."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check to be written: the body of its function, and what its markers say.

    `reason` is why it must run in the kernel, `in_kernel` what is its body there, where that is not the same. `file` and `line` are
    where it comes from, if from no cell.
    """

    name: str
    cell: int
    exercise: str
    points: float
    hidden: bool
    title: str
    source: str
    asks: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    scored: bool = False
    reason: str = ""
    in_kernel: str = ""
    passed: str = ""
    failed: str = ""
    parameters: Mapping[str, int] = field(default_factory=dict)
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """Code of the notebook that checks below it stand on."""

    name: str
    cell: int
    source: str


@dataclass(frozen=True, slots=True)
class Runs:
    """A check for an answer that a person grades: whether its cell runs. It is worth nothing."""

    name: str
    exercise: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of a grader in the notebook's order, and what there is to tell of cells: (kind, cell, sentence)."""

    parts: tuple[Check | Given | Runs, ...]
    notes: tuple[tuple[str, int, str], ...] = ()

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks that were test cells."""
        return tuple(part for part in self.parts if isinstance(part, Check))

    def in_kernel(self, reasons: Mapping[str, str]) -> Plan:
        """Return the plan in which the checks named in *reasons* run in the learner's kernel, each for its reason."""
        parts = [
            replace(part, reason=reasons[part.name]) if isinstance(part, Check) and part.name in reasons else part for part in self.parts
        ]
        return replace(self, parts=tuple(parts))


# --- Names -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Code:
    """A piece of Python: a cell, or one of its statements. `loads` are the globals that it uses, `binds` those that it makes."""

    source: str
    tree: ast.Module = field(hash=False, compare=False)

    @classmethod
    def of(cls, source: str) -> Code:
        """Return *source* read; raise SyntaxError where it is not Python."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return cls(source, ast.parse(source))

    @cached_property
    def _names(self) -> tuple[frozenset[str], frozenset[str]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = symtable.symtable(self.source, "<cell>", "exec")
        loads: set[str] = set()
        binds: set[str] = set()
        todo = [(table, True)]
        while todo:
            scope, top = todo.pop()
            for symbol in scope.get_symbols():
                if top or symbol.is_global():
                    loads |= {symbol.get_name()} if symbol.is_referenced() else set()
                if (top and (symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace())) or symbol.is_declared_global():
                    binds.add(symbol.get_name())
            todo += [(child, False) for child in scope.get_children()]
        return frozenset(loads), frozenset(binds)

    @property
    def loads(self) -> frozenset[str]:
        """The globals that it uses, in functions that it defines, too."""
        return self._names[0]

    @property
    def binds(self) -> frozenset[str]:
        """The globals that it assigns, defines, imports or deletes."""
        return self._names[1]

    @cached_property
    def statements(self) -> tuple[Code, ...]:
        """Its statements, each with the lines that it stands on."""
        lines = self.source.split("\n")
        found = []
        for node in self.tree.body:
            first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
            source = "\n".join(lines[first - 1 : node.end_lineno])
            try:
                found.append(Code.of(source))
            except SyntaxError:  # two statements on a line, or on the last line of another
                found.append(Code.of(ast.unparse(node)))
        return tuple(found)

    @property
    def node(self) -> ast.stmt:
        """Its first statement."""
        return self.tree.body[0]


def python(source: str) -> tuple[str, str]:
    """Return *source*, a cell, as Python, and the first magic in it that matters, if one does. Raises SyntaxError if it is neither."""
    lines = source.split("\n")
    kept = "\n".join("" if HARMLESS.match(line.strip()) else line for line in lines)
    try:
        Code.of(kept)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager  # noqa: PLC0415 - heavy, and only where there is a magic

        transformed = TransformerManager().transform_cell(kept)
        Code.of(transformed)
        magic = next((line.strip() for line in lines if line.strip().startswith(("%", "!")) or line.strip().endswith("?")), "a magic")
        return transformed, printable(magic[:60])
    return kept.strip("\n"), ""


@dataclass(slots=True)
class _Owned:
    """Whose a name is at one place of the notebook: an exercise's, or an instructor's statement's; with that it may be both.

    `exercise` is the number of the cell that the learner's part comes from.
    """

    exercise: int | None = None
    statement: _Statement | None = None


@dataclass(eq=False, slots=True)
class _Statement:
    """A statement of the instructor's that others may stand on."""

    code: Code
    cell: int
    of_test: bool
    asked: bool = False
    learners: int | None = None
    wanted: bool = False
    outside: str = ""


class Ownership:
    """A notebook's cells in their order: who binds what, and which statements the tests stand on."""

    def __init__(self, exercises: Mapping[int, str]) -> None:
        self.exercises = exercises
        self.owners: dict[str, _Owned] = {}
        self.statements: list[_Statement] = []
        self.notes: list[tuple[str, int, str]] = []
        self.defined: set[str] = set()
        self.stars = False

    def answer(self, cell: Cell) -> None:
        """Take in an exercise: what its answer binds is the learner's, but what it imports can be had from here."""
        bound: set[str] = set()
        for source in dict.fromkeys((cell.source, cell.shown)):
            try:
                code = Code.of(python(source)[0])
            except SyntaxError:
                continue
            for statement in code.statements:
                if isinstance(statement.node, ast.Import | ast.ImportFrom):
                    if cell.source == source or not statement.binds <= self.owners.keys():
                        self.instructors(statement, cell.number, of_test=False)
                else:
                    bound |= statement.binds
                    self.defined |= statement.binds if _is_definition(statement) else set()
        for name in bound:
            self.owners[name] = _Owned(exercise=cell.number)

    def given(self, cell: Cell) -> None:
        """Take in code that the instructor gives."""
        try:
            code = Code.of(python(cell.source)[0])
        except SyntaxError:
            return
        for statement in code.statements:
            self.instructors(statement, cell.number, of_test=False)

    def instructors(self, code: Code, cell: int, *, of_test: bool) -> None:
        """Take in one statement of the instructor's."""
        statement = _Statement(code, cell, of_test)
        self.statements.append(statement)
        if isinstance(code.node, ast.ImportFrom) and code.node.names[0].name == "*":
            # Nobody can tell what it binds, so it always is there.
            statement.wanted = self.stars = True
        if not _is_definition(code):
            statement.outside = _outside(code)
            statement.learners = max((place for name in code.loads if (place := self.behind(name)) is not None), default=None)
        statement.asked = not of_test and (bool(statement.outside) or statement.learners is not None)
        for name in code.binds:
            self.owners[name] = _Owned(exercise=statement.learners, statement=statement)

    def behind(self, name: str, seen: frozenset[str] = frozenset()) -> int | None:
        """Return the last exercise that *name* depends on, itself or through the functions that the instructor defines."""
        owned = self.owners.get(name)
        if owned is None or name in seen:
            return None
        places = [owned.exercise] if owned.exercise is not None else []
        if owned.statement is not None and _is_definition(owned.statement.code):
            others = owned.statement.code.loads - owned.statement.code.binds
            places += [place for other in others if (place := self.behind(other, seen | {name})) is not None]
        return max(places, default=None)

    def place(self, code: Code, cell: int) -> int | None:
        """Return the exercise after which a test is asked: the last one whose names it uses, or else the last before it."""
        used = [place for name in code.loads if (place := self.behind(name)) is not None]
        before = [number for number in self.exercises if number < cell] or sorted(self.exercises)[:1]
        return max(used, default=max(before, default=None))

    def want(self, names: Iterable[str], place: int) -> tuple[frozenset[str], frozenset[str]]:
        """Mark what a test that uses *names*, asked after the exercise at *place*, stands on.

        Return which names are the learner's, and those that nobody is known to bind.
        """
        todo, seen, learners, unknown = list(names), set[str](), set[str](), set[str]()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            owned = self.owners.get(name)
            if owned is None:
                if not hasattr(builtins, name):
                    unknown.add(name)
                continue
            statement = owned.statement
            if statement is None or (statement.asked and (statement.outside or statement.cell < place)):
                learners.add(name)
                if statement is not None and statement.outside:
                    what = f"`{name}` is made with {statement.outside}, so checks take it as the learner's notebook has it."
                    self.tell("changed", statement.cell, what)
                continue
            for one in self.statements:
                if one is statement or (_changes(one.code, name) and not one.outside and not (one.asked and one.cell < place)):
                    one.wanted = True
                    todo += one.code.loads | one.code.binds
        return frozenset(learners), frozenset(unknown)

    def tell(self, kind: str, cell: int, what: str) -> None:
        """Note something once."""
        if (kind, cell, what) not in self.notes:
            self.notes.append((kind, cell, what))


def _is_definition(code: Code) -> bool:
    return isinstance(code.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _outside(code: Code) -> str:
    """Return what *code* calls that depends on where it is called, or ""."""
    for node in ast.walk(code.tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if name in OUTSIDE or name.startswith("read_"):
                return f"{name}()"
    return ""


def _changes(code: Code, name: str) -> bool:
    """Whether *code* binds *name*, or does something to it: a call of a method, an item or attribute set, a call that gets it."""
    if name in code.binds:
        return True
    node = code.node
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
        targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]
        return any(_root(target) == name for target in targets)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        quiet = isinstance(called, ast.Name) and called.id in {"print", "display", "len", "help", "repr"}
        got = any(isinstance(argument, ast.Name) and argument.id == name for argument in node.value.args)
        return (isinstance(called, ast.Attribute) and _root(called) == name) or (got and not quiet)
    return isinstance(node, ast.For | ast.While | ast.With | ast.If | ast.Try) and any(
        _changes(Code.of(ast.unparse(inner)), name) for inner in node.body
    )


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


# --- The plan --------------------------------------------------------------------------------------------------------


def plan(cells: Sequence[Cell], exercises: Mapping[int, str]) -> Plan:
    """Return how the tests among *cells* become checks; *exercises* are the ids of the exercises by the numbers of their cells."""
    notebook = Ownership(exercises)
    checks: dict[int, list[Check | Runs]] = {}
    taken: set[str] = set()
    for cell in cells:
        if cell.role in {"answer", "manual"} and cell.kind == "code":
            notebook.answer(cell)
            if cell.role == "manual":
                checks[cell.number] = [Runs(_name(f"{exercises[cell.number]}_runs", taken), exercises[cell.number])]
        elif cell.role == "given":
            notebook.given(cell)
        elif cell.role == "helpers":
            for statement in Code.of(cell.source).statements:
                notebook.instructors(statement, cell.number, of_test=True)
        elif cell.role == "tests" and not cell.to_fill:
            checks[cell.number] = list(_Cell(notebook, cell, cell.title or _title(cell, cells), taken).checks())
    places = {cell.number: cell.cell for cell in cells}
    return Plan(tuple(_asking(_parts(notebook, checks, places), stars=notebook.stars)), tuple(notebook.notes))


def _parts(notebook: Ownership, checks: Mapping[int, Sequence[Check | Runs]], places: Mapping[int, int]) -> list[Check | Given | Runs]:
    """Return the *checks* and the code that they stand on, in the notebook's order; *places* are the numbers of cells in the file."""
    parts: list[Check | Given | Runs] = []
    for number in sorted({*checks, *(one.cell for one in notebook.statements if one.wanted)}):
        for of_test in (False, True):
            wanted = [one for one in notebook.statements if one.cell == number and one.wanted and one.of_test is of_test]
            given = Given(f"given_{'with_' if of_test else ''}{number}", places[number], "\n".join(one.code.source for one in wanted))
            if not of_test:
                parts += [given] if wanted else []
                parts += checks.get(number, [])
            elif wanted:
                parts.append(given)
    return parts


def _asking(parts: Sequence[Check | Given | Runs], *, stars: bool) -> Iterator[Check | Given | Runs]:
    """Yield *parts*; a check says which of the names that it asks for Python, the grader or what is given above it has, too.

    With *stars*, an `import *` on the way, nobody knows.
    """
    has = {"pytest", *dir(builtins)}
    for part in parts:
        if isinstance(part, Given):
            has |= Code.of(part.source).binds
        yield replace(part, asks=tuple(name for name in part.asks if stars or name in has)) if isinstance(part, Check) else part


class _Cell:
    """One test cell on its way to its checks."""

    def __init__(self, notebook: Ownership, cell: Cell, title: str, taken: set[str]) -> None:
        self.notebook = notebook
        self.cell = cell
        self.title = title
        self.taken = taken

    def checks(self) -> Iterator[Check]:
        """Yield the check of what learners see, and of a cell with hidden tests the one of all of it, which has the points."""
        cell = self.cell
        try:
            source, magic = python(cell.source)
            code = Code.of(source)
        except SyntaxError as error:
            self.notebook.tell("left out", cell.number, f"it is not Python (line {error.lineno}: {error.msg}), so its tests are left out.")
            return
        whole = self.check(code, magic, cell.grade_id, cell.points, hidden=cell.hidden)
        if whole is None:
            return
        if cell.hidden and cell.kept:
            shown = self.shown()
            if shown is not None:
                yield shown
        yield whole
        # A test that stands in no cell has its names to itself.
        for statement in code.statements if cell.kept else ():
            if statement.binds and not isinstance(statement.node, ast.Assert):
                self.notebook.instructors(statement, cell.number, of_test=True)

    def shown(self) -> Check | None:
        """Return the check of the part of the cell that learners see, which is worth nothing; None where that asks nothing."""
        try:
            source, magic = python(self.cell.shown)
            code = Code.of(source)
        except SyntaxError:
            self.notebook.tell("changed", self.cell.number, "without its hidden tests it is not Python, so learners get no check of it.")
            return None
        if not any(isinstance(node, ast.Assert | ast.Raise) or _asserting(node) for node in ast.walk(code.tree)):
            return None
        shown = self.check(code, magic, f"{self.cell.grade_id}_shown", 0.0, hidden=False)
        return None if shown is None else replace(shown, scored=False)

    def check(self, code: Code, magic: str, name: str, points: float, *, hidden: bool) -> Check | None:
        """Return the check of *code*."""
        notebook = self.notebook
        place = self.cell.after or notebook.place(code, self.cell.number)
        if place is None:
            notebook.tell("left out", self.cell.number, "the notebook has no code that a learner writes, so there is nothing to ask.")
            return None
        learners, unknown = notebook.want(code.loads, place)
        made = Check(
            name=_name(name, self.taken),
            cell=self.cell.number,
            exercise=notebook.exercises[place],
            points=points,
            hidden=hidden,
            title=self.title,
            source=code.source,
            asks=tuple(sorted(learners)),
            changes=tuple(sorted(called_in_place(code) & (learners | (unknown - code.binds)))),
            scored=self.cell.kept and _scored(code, learners | (unknown - code.binds)),
            reason=f"`{magic}` is the kernel's" if magic else kernels(code, learners, notebook),
            in_kernel=self.cell.in_kernel,
            passed=self.cell.passed,
            failed=self.cell.failed,
            parameters=self.cell.parameters,
        )
        try:
            body(made)
        except SyntaxError as error:
            notebook.tell("left out", self.cell.number, f"it cannot stand in a function ({error.msg}), so its tests are left out.")
            return None
        return made


def kernels(code: Code, learners: frozenset[str], notebook: Ownership) -> str:
    """Return why *code* must run in the learner's kernel, or ""."""
    for name in sorted(code.loads & KERNELS):
        return f"it uses `{name}`, which only a kernel has"
    for node in ast.walk(code.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del) and node.id in learners | notebook.defined:
            return f"it deletes the learner's `{node.id}`"
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = {alias.name for alias in node.names} | {str(getattr(node, "module", ""))}
            for module in sorted(modules & {"__main__", "IPython", "IPython.display", "unittest.mock", "mock", "inspect", "dis"}):
                return f"it imports {module}, which reaches into the kernel"
        if isinstance(node, ast.Attribute) and _root(node) in {"builtins", "inspect", "dis"} and isinstance(node.value, ast.Name):
            return f"it uses {node.value.id}.{node.attr}, which looks at the learner's own objects"
    for name in sorted(code.binds & code.loads & learners & notebook.defined):
        return f"it puts something else in the place of the learner's `{name}`"
    return ""


def called_in_place(code: Code) -> frozenset[str]:
    """Return the functions that *code* calls for what they do to a variable: what they return is not looked at."""
    return frozenset(
        node.value.func.id
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and any(isinstance(argument, ast.Name) for argument in [*node.value.args, *(keyword.value for keyword in node.value.keywords)])
    )


def _asserting(node: ast.AST) -> bool:
    """Whether *node* calls something that may assert."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
    return name not in {"print", "display", "len", "range"}


def _scored(code: Code, learners: frozenset[str]) -> bool:
    """Whether the last line of *code* may give points: an expression of the instructor's own (nbgrader's partial credit)."""
    last = code.tree.body[-1] if code.tree.body else None
    if not isinstance(last, ast.Expr) or code.source.rstrip().endswith(";"):
        return False
    value = last.value
    if isinstance(value, ast.Constant):
        return isinstance(value.value, int | float) and not isinstance(value.value, bool)
    if isinstance(value, ast.Call):
        name = value.func.id if isinstance(value.func, ast.Name) else value.func.attr if isinstance(value.func, ast.Attribute) else ""
        if name.lower().startswith(QUIET):
            return False
    used = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    return bool(used) and not used & (learners - code.binds)


# --- Titles ----------------------------------------------------------------------------------------------------------


def _title(cell: Cell, cells: Sequence[Cell]) -> str:
    """Return the sentence that learners read: the cell's own, a message of its asserts, what stands above it, or its id in words.

    Only what learners see is looked at: a sentence of a hidden test may say what it asks.
    """
    try:
        tree = ast.parse(python(cell.shown)[0])
    except SyntaxError:
        tree = ast.Module([], [])
    own = ast.get_docstring(tree)
    comment = next((line.strip().lstrip("# ") for line in cell.shown.split("\n") if line.strip().startswith("#")), "")
    asserts = [node.msg for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    message = next((node.value for node in asserts if isinstance(node, ast.Constant) and isinstance(node.value, str)), "")
    above = next((one.shown for one in reversed(cells[: cell.number - 1]) if one.role in {"text", "answer"}), "")
    heading = re.match(r"\s*#+\s*(.+)", above)
    words = re.sub(r"[_-]+", " ", cell.grade_id).strip().capitalize()
    machine_made = re.fullmatch(r"cell-[0-9a-f]+(?:-\d+)?", cell.grade_id)
    found = own or comment or message or (heading[1] if heading and machine_made else "") or words
    return sentence(found) or "The tests pass"


def sentence(text: str) -> str:
    """Return the first line of *text* as one sentence that can stand in a docstring."""
    first = next((line.strip() for line in text.strip().split("\n") if line.strip()), "")
    first = printable(re.sub(r"\s+", " ", first.replace("\\", "").replace('"""', "'''"))).strip()
    shortened = first if len(first) <= SENTENCE else f"{first[: SENTENCE - 1].rsplit(' ', 1)[0]}…"
    return shortened.rstrip('"') if shortened.endswith('"') and shortened.count('"') % 2 else shortened


def _name(grade_id: str, taken: set[str]) -> str:
    """Return a name for the check of *grade_id* that no other has."""
    made = check_name(grade_id)
    found, times = made, 1
    while found in taken:
        times += 1
        found = f"{made}_{times}"
    taken.add(found)
    return found


# --- The file --------------------------------------------------------------------------------------------------------

_HEAD = '''\
"""{title}: the checks of {grader}'s {name}, brought over by `hornbook import {grader}`.

In a function marked `assert_cell` stands {what} as it was. Its names are the notebook's: what the learner's answers define is asked
of the learner's own process, everything else, and every comparison, is done here. The functions named `given_...` are the notebook's
given code: those above a check run before it. {more}
"""

# ruff: noqa
# mypy: ignore-errors
import pytest
'''


_OF: Final = {
    "nbgrader": (
        "a test cell",
        """Where a cell has hidden tests, one check shows what learners see of it and is worth
nothing, and another, hidden, has the whole cell and all of its points.""",
    ),
    "otter": (
        "a test case",
        """`doctests.expect` compares as a doctest does: by how what came is
written. Where a question gives all of its points or none, its cases are worth nothing, and one check has them all.""",
    ),
    "pytest": ("a test", "What the learner's notebook is called in the tests is asked for in the same way."),
}
"""What the head of a grader says of the tests of each kind of material."""


def grader(made: Plan, title: str, origin: str, name: str) -> str:
    """Return the text of the grader that *made* plans for the lesson *title*, which was *name* for the grader *origin*."""
    what, more = _OF[origin]
    head = _HEAD.format(title=sentence(title), grader=origin, name=sentence(name), what=what, more=more)
    stars = dict.fromkeys(line for part in made.parts if not isinstance(part, Runs) for line in _stars(part.source))
    # nose cannot be installed any more; what test cells use of it we have.
    tops = [re.sub(r"^from nose\.tools ", "from hornbook.grading.nose ", line) for line in stars]
    # How doctests compare is only imported where one does; a learner's kernel has its own way.
    tops += ["from hornbook.grading import doctests"] if any(isinstance(part, Check) and _expects(part) for part in made.parts) else []
    texts = [head.rstrip("\n") + "".join(f"\n{line}" for line in tops)]
    for part in made.parts:
        if isinstance(part, Runs):
            texts.append(
                f"# A person reads this answer and gives its points.\n@pytest.mark.exercise({part.exercise!r}, points=0)\n".replace(
                    "'", '"'
                )
                + f'def {part.name}(submission):\n    """The cell runs to its end without an error"""\n'
                + f'    assert submission.cell("{part.exercise}").error is None, "the cell stops with an error"'
            )
        elif isinstance(part, Given):
            texts.append(given_function(part.name, f"What cell {part.cell} of the notebook gives", part.source))
        else:
            texts.append(_markers(part) + body(replace(part, source=part.in_kernel) if part.reason and part.in_kernel else part))
    return "\n\n\n".join(texts) + "\n"


def _expects(check: Check) -> bool:
    return "doctests." in check.source and not (check.reason and check.in_kernel)


def _markers(check: Check) -> str:
    words = [f"{name}=({', '.join(map(quoted, names))},)" for name, names in (("asks", check.asks), ("changes", check.changes)) if names]
    lines = [f"@pytest.mark.assert_cell({', '.join(words)})" if words else "@pytest.mark.assert_cell"]
    lines += [f"@pytest.mark.in_kernel({quoted(check.reason)})"] if check.reason else []
    hidden = ", hidden=True" if check.hidden else ""
    messages = [f"{name}={quoted(text)}" for name, text in (("passed", check.passed), ("failed", check.failed)) if text]
    lines += [f"@pytest.mark.says({', '.join(messages)})"] if messages else []
    drawn = ", ".join(f"{name}={value}" for name, value in check.parameters.items())
    lines += [f"@pytest.mark.parameters({drawn})"] if drawn else []
    lines += [f"@pytest.mark.exercise({quoted(check.exercise)}, points={written_points(check.points)}{hidden})"]
    return "\n".join(lines) + "\n"


def written_points(points: float) -> str:
    """Return *points* as an author writes them: a third of a point is `1 / 3`."""
    if float(f"{points:g}") == points:
        return f"{points:g}"
    fraction = Fraction(points).limit_denominator(1000)
    return f"{fraction.numerator} / {fraction.denominator}" if float(fraction) == points else repr(points)


def quoted(text: str) -> str:
    """Return *text* as Python writes it, in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def body(check: Check) -> str:
    """Return the function of *check*; raise SyntaxError where its cell cannot stand in one, or would mean something else there."""
    return given_function(check.name, check.title, check.source, scored=check.scored)


def given_function(name: str, title: str, source: str, *, scored: bool = False) -> str:
    """Return a function of *name* whose body is *source*, unchanged but for how far it is indented."""
    stars = _stars(source)
    kept = "\n".join(f"# {line}  (it stands at the top)" if line.strip() in stars else line for line in source.strip("\n").split("\n"))
    code = Code.of(kept)
    lines = _indented(code, scored=scored)
    own = ast.get_docstring(code.tree, clean=False)
    first = code.tree.body[0] if code.tree.body else None
    head = [f"def {name}():"]
    if (
        own is not None
        and first is not None
        and own.strip().split("\n")[0].strip() == title
        and ";" not in lines[(first.end_lineno or 1) - 1]
    ):
        head += lines[first.lineno - 1 : first.end_lineno]
        lines = lines[: first.lineno - 1] + lines[first.end_lineno :]
    else:
        head.append(f'    """{title}"""')
    bound = sorted(code.binds)
    if bound:
        head += textwrap.wrap(
            ", ".join(bound), WIDTH, initial_indent="    global ", subsequent_indent="    global ", break_on_hyphens=False
        )
        head = [line.rstrip(",") for line in head]
    text = "\n".join([*head, *lines]).rstrip()
    _must_mean(text, code)
    return text


def _indented(code: Code, *, scored: bool) -> list[str]:
    """Return the lines of *code*, indented where no text would change by it; its last expression is returned where it is *scored*."""
    lines = code.source.split("\n")
    inside: set[int] = set()
    for node in ast.walk(code.tree):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)):
            inside.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
    if scored:
        last = code.tree.body[-1]
        many = last.end_lineno != last.lineno
        line = lines[last.lineno - 1].encode()
        lines[last.lineno - 1] = (line[: last.col_offset] + (b"return (" if many else b"return ") + line[last.col_offset :]).decode()
        if many:
            end = lines[(last.end_lineno or 1) - 1].encode()
            lines[(last.end_lineno or 1) - 1] = (end[: last.end_col_offset] + b")" + end[last.end_col_offset or 0 :]).decode()
    return [line if number in inside or not line.strip() else f"    {line}" for number, line in enumerate(lines, 1)]


def _must_mean(text: str, code: Code) -> None:
    """Raise SyntaxError unless the function *text* has the statements of *code*, and Python takes it."""
    _must_stand_alone(code.tree.body)
    function = Code.of(text).node
    symtable.symtable(text, "<check>", "exec")
    came = [node for node in getattr(function, "body", []) if not isinstance(node, ast.Global)]
    came = [ast.Expr(node.value) if isinstance(node, ast.Return) and node.value else node for node in came]
    wanted = [node for node in code.tree.body if not isinstance(node, ast.Global)]
    # The first is the sentence for the learner: the cell's own, or one before it.
    came_rest, wanted_rest = came[1:], wanted
    if len(came) == len(wanted) and wanted and isinstance(wanted[0], ast.Expr):
        wanted_rest = wanted[1:]
    if [ast.dump(node) for node in came_rest] != [ast.dump(node) for node in wanted_rest]:
        raise SyntaxError("indented, it would say something else")


def _must_stand_alone(statements: Iterable[ast.AST], *, loop: bool = False) -> None:
    """Raise SyntaxError for what means something else in a function than in a cell, or nothing in either."""
    for node in statements:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith | ast.Yield | ast.YieldFrom | ast.Return):
            found = type(node).__name__.lower().removeprefix("async")
            raise SyntaxError(f"`{found}` outside a function")  # noqa: TRY004 - it is the syntax that is not right
        if isinstance(node, ast.Break | ast.Continue) and not loop:
            raise SyntaxError(f"`{type(node).__name__.lower()}` outside a loop")
        _must_stand_alone(ast.iter_child_nodes(node), loop=loop or isinstance(node, ast.For | ast.While))


def _stars(source: str) -> list[str]:
    """Return the lines of *source* that are `from ... import *`, which no function may have."""
    found = re.findall(r"^(from\s+[\w.]+\s+import\s+\*)\s*$", source, re.MULTILINE)
    return [str(line) for line in found]
