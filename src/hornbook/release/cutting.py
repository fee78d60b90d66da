"""Cuts the hidden checks out of a grader, with whatever only they use, and leaves the rest as it was written.

    cut(source, hidden) -> str            the grader without the checks of those names
    trimmed(source, wanted) -> str        a module that graders share, with what is wanted of it

What stays is found from the checks that stay: a helper, a constant or an import that none of them needs goes, and the comment above it goes
along. pytest has said which checks are hidden, and is asked again about what comes of it (`release/making.py`): nothing here guesses.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

_HOOK = re.compile(r"pytest_\w+|pytestmark|__\w+__|(setup|teardown)_(module|function)")


class CannotCut(Exception):  # noqa: N818 - what is in the way, not a fault of its own
    """A check that no line can be drawn around; *line* is where, *problem* half a sentence."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem


def cut(source: str, hidden: Collection[str], mixed: Collection[str] = ()) -> str:
    """Return the grader *source* without the checks in *hidden*, by their names as in `test_name` or `TestClass::test_name`.

    Those in *mixed* are hidden for some of their values: these go, and the others stay. Returns "" where no check is left. Raises
    `CannotCut`.
    """
    page = _Page.of(source)
    kept = [part for part in (_without(part, hidden, mixed) for part in page.parts) if part is not None]
    checks = {part.name for part in kept if part.is_check}
    return page.text(_needed(kept, checks)) if checks else ""


def trimmed(source: str, wanted: Collection[str] | None) -> str:
    """Return the module *source* with those of its names that are in *wanted*, and what they need; all of it where that is None."""
    if wanted is None:
        return source
    page = _Page.of(source)
    return page.text(_needed(list(page.parts), wanted))


@dataclass(frozen=True, slots=True)
class Uses:
    """What a module asks of others: `fixtures` by their names, `texts` that may name files, and names by module; None is all of one."""

    fixtures: frozenset[str]
    texts: frozenset[str]
    modules: Mapping[str, frozenset[str] | None]


def uses_of(source: str) -> Uses:
    """Return what the module *source* asks of others."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    attributes = frozenset(node.attr for node in nodes if isinstance(node, ast.Attribute))
    modules: dict[str, frozenset[str] | None] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            modules |= {alias.name: attributes for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = frozenset(alias.name for alias in node.names)
            # A name that is imported may be a module.
            modules |= dict.fromkeys(names, attributes)
            if node.module:
                before = modules.get(node.module, frozenset())
                modules[node.module] = None if "*" in names or before is None else before | names
    texts = frozenset(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return Uses(frozenset(_asked(tree.body)), texts, modules)


@dataclass(frozen=True, slots=True)
class _Part:
    """A statement of the module's top level with the lines that it takes, the comment above it included.

    It is the *place*-th of the page. `binds` are the names that it makes, `uses` those of the module that it needs, `asks` those of its
    arguments: fixtures, perhaps.
    """

    place: int
    nodes: tuple[ast.stmt, ...]
    lines: str
    binds: frozenset[str]
    uses: frozenset[str]
    asks: frozenset[str]

    @classmethod
    def of(cls, place: int, nodes: tuple[ast.stmt, ...], lines: str) -> _Part:
        binds, uses = _names("\n".join(ast.unparse(node) for node in nodes))
        return cls(place, nodes, lines, binds, uses, frozenset(_asked(nodes)))

    @property
    def name(self) -> str:
        """What it defines, if it is a function or a class."""
        node = self.nodes[0]
        return node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else ""

    @property
    def is_check(self) -> bool:
        """Whether pytest takes it for a check, or for a class of checks."""
        node = self.nodes[0]
        if isinstance(node, ast.ClassDef):
            return node.name.startswith("Test") and any(_is_test(inner) for inner in node.body)
        return _is_test(node)

    @property
    def is_fixture(self) -> bool:
        """Whether checks get it by the name of an argument."""
        node = self.nodes[0]
        return isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(one) for one in node.decorator_list)

    @property
    def always(self) -> bool:
        """Whether it works without being named: a hook of pytest's, a fixture of all, the future, the docstring, what lends names."""
        node = self.nodes[0]
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        everybodys = isinstance(node, ast.FunctionDef) and any("autouse=True" in ast.unparse(one) for one in node.decorator_list)
        lends = isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("borrowed.names(")
        return future or docstring or everybodys or lends or any(_HOOK.fullmatch(name) for name in self.binds)


@dataclass(frozen=True, slots=True)
class _Page:
    """A module as it is written: its statements, one after the other."""

    parts: tuple[_Part, ...]

    @classmethod
    def of(cls, source: str) -> _Page:
        lines = source.splitlines(keepends=True)
        groups: list[list[ast.stmt]] = []
        for node in ast.parse(source).body:
            if groups and _first(node) <= (groups[-1][-1].end_lineno or 0):
                groups[-1].append(node)  # two statements with ; between them
            else:
                groups.append([node])
        ends = [group[-1].end_lineno or 0 for group in groups]
        starts = [0, *ends[:-1]]
        pieces = zip(groups, starts, ends, strict=True)
        return cls(tuple(_Part.of(place, tuple(group), "".join(lines[s:e])) for place, (group, s, e) in enumerate(pieces)))

    def text(self, kept: Iterable[_Part]) -> str:
        """Return the *kept* parts as they were written, as far from each other as they were where there is something gone between them."""
        text, last = "", -1
        for part in kept:
            space = max(_blank_lines(one.lines) for one in self.parts[last + 1 : part.place + 1])
            text += "\n" * space + part.lines.lstrip("\n").rstrip("\n") + "\n"
            last = part.place
        return text.lstrip("\n")


def _blank_lines(text: str) -> int:
    return len(text) - len(text.lstrip("\n"))


def _needed(parts: list[_Part], wanted: Collection[str]) -> Iterator[_Part]:
    """Yield those of *parts* that what is *wanted* needs, in their order, imports without the names that nobody uses any more."""
    kept = _closure(parts, [part for part in parts if part.binds & set(wanted) or part.always])
    ours = frozenset[str]().union(*(part.binds for part in parts))
    known = frozenset[str]().union(
        *(part.binds for part in parts if part in kept or isinstance(part.nodes[0], ast.Import | ast.ImportFrom))
    )
    # What makes no name works by itself, as a setting of a library does: with what is there, or not at all.
    kept += _closure(parts, [part for part in parts if not part.binds and not (part.uses & ours) - known])
    names = frozenset[str](wanted).union(*(part.uses | part.asks for part in kept))
    yield from (_slimmed(part, names) for part in parts if part in kept)


def _closure(parts: list[_Part], roots: list[_Part]) -> list[_Part]:
    """Return *roots* and those of *parts* that they need, directly or not."""
    kept: list[_Part] = []
    todo = list(roots)
    while todo:
        part = todo.pop()
        if part not in kept:
            kept.append(part)
            todo += [other for other in parts if other.binds & part.uses or (other.is_fixture and other.name in part.asks)]
    return kept


def _slimmed(part: _Part, names: Collection[str]) -> _Part:
    """Return the import *part* without what is not in *names*; anything else as it is."""
    node = part.nodes[0]
    if len(part.nodes) > 1 or not isinstance(node, ast.ImportFrom) or node.module == "__future__":
        return part
    wanted = [alias for alias in node.names if alias.name == "*" or (alias.asname or alias.name) in names]
    if len(wanted) == len(node.names) or not wanted:
        return part
    head = "".join(part.lines.splitlines(keepends=True)[: -(node.end_lineno or 0) + node.lineno - 1])
    return _Part.of(part.place, (node,), f"{head}{ast.unparse(ast.ImportFrom(node.module, wanted, node.level))}\n")


def _without(part: _Part, hidden: Collection[str], mixed: Collection[str]) -> _Part | None:
    """Return *part* without its hidden checks; None where nothing is left of it."""
    node = part.nodes[0]
    if any(inner.name in hidden or inner.name in mixed for inner in _buried(part.nodes)):
        raise CannotCut(node.lineno, "a hidden check stands inside another statement. Put it at the top level, or into a class there")
    if part.name in hidden:
        return None
    if part.name in mixed and isinstance(node, ast.FunctionDef):
        return _with_lines(part, _without_values(part.lines, node, node))
    return _class_without(part, node, hidden, mixed) if isinstance(node, ast.ClassDef) else part


def _class_without(part: _Part, node: ast.ClassDef, hidden: Collection[str], mixed: Collection[str]) -> _Part | None:
    tests = [inner for inner in node.body if isinstance(inner, ast.FunctionDef) and _is_test(inner)]
    gone = [inner for inner in tests if f"{node.name}::{inner.name}" in hidden]
    lines = part.lines
    for inner in reversed([one for one in tests if f"{node.name}::{one.name}" in mixed]):
        lines = _without_values(lines, inner, node)
    if len(gone) == len(tests) and gone:
        return None
    if gone and lines != part.lines:
        return _without(_with_lines(part, lines), hidden, ())
    return _with_lines(part, _without_methods(part, node, gone) if gone else lines)


def _without_methods(part: _Part, node: ast.ClassDef, gone: list[ast.FunctionDef]) -> str:
    """Return the lines of the class *node* without the methods in *gone*, and without what only they have used of it."""
    stays = [inner for inner in node.body if inner not in gone]
    words = {word for inner in stays for word in _words(inner)}
    lost = {word for inner in gone for word in _words(inner)}
    out: list[ast.stmt] = [*gone, *(inner for inner in stays if (made := _made(inner)) and made <= lost - (words - made))]
    lines = part.lines.splitlines(keepends=True)
    offset = (part.nodes[-1].end_lineno or 0) - len(lines)
    ends = [node.lineno, *(inner.end_lineno or 0 for inner in node.body)]
    for inner, before in reversed(list(zip(node.body, ends, strict=False))):
        if inner in out:
            del lines[max(before, node.body[0].lineno - 1) - offset : (inner.end_lineno or 0) - offset]
    return "".join(lines)


def _made(node: ast.stmt) -> set[str]:
    """Return the names that the statement *node* of a class makes: of a method that pytest does not call by itself, or a plain value."""
    if isinstance(node, ast.FunctionDef):
        called = _is_test(node) or node.name.startswith(("__", "setup", "teardown")) or node.decorator_list
        return set() if called else {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _words(node: ast.stmt) -> Iterator[str]:
    """Yield every name and attribute that *node* uses."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute):
            yield inner.attr
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            yield inner.id


def _without_values(lines: str, node: ast.FunctionDef, top: ast.stmt) -> str:
    """Return *lines*, in which *node* stands, without the values of its `parametrize` that are marked as hidden."""
    offset = (top.end_lineno or 0) - len(lines.splitlines())
    text = lines.splitlines(keepends=True)
    for decorator in reversed(node.decorator_list):
        for values in [one for one in ast.walk(decorator) if isinstance(one, ast.List | ast.Tuple)]:
            marked = [value for value in values.elts if isinstance(value, ast.Call) and _marks_hidden(value)]
            if marked:
                stays = [ast.unparse(value) for value in values.elts if value not in marked]
                first, last = values.lineno - offset - 1, (values.end_lineno or 0) - offset - 1
                # Columns are counted in bytes.
                head, tail = text[first].encode()[: values.col_offset].decode(), text[last].encode()[values.end_col_offset :].decode()
                text[first : last + 1] = [f"{head}[{', '.join(stays)}]{tail}"]
                return "".join(text)
    raise CannotCut(node.lineno, "some of its values are hidden, and not by `pytest.param(..., marks=pytest.mark.hidden)` in its own list")


def _marks_hidden(value: ast.Call) -> bool:
    return any(word.arg == "marks" and "hidden" in ast.unparse(word.value) for word in value.keywords)


def _with_lines(part: _Part, lines: str) -> _Part:
    return part if lines == part.lines else _Part.of(part.place, tuple(ast.parse(lines).body), lines)


def _buried(nodes: Iterable[ast.stmt]) -> Iterator[ast.FunctionDef]:
    """Yield the functions inside *nodes* that are not at the top level, nor methods of a class there."""
    for node in nodes:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        for inner in inside:
            if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from (deep for deep in ast.walk(inner) if isinstance(deep, ast.FunctionDef) and deep is not node)


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


def _first(node: ast.stmt) -> int:
    """Return the line that *node* begins on, its decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _asked(nodes: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield the arguments of the functions in *nodes*, and the texts in `usefixtures`: where pytest looks for fixtures."""
    for inner in (inner for node in nodes for inner in ast.walk(node)):
        if isinstance(inner, ast.arg):
            yield inner.arg
        elif isinstance(inner, ast.Call) and re.search(r"\b(usefixtures|getfixturevalue)$", ast.unparse(inner.func)):
            yield from (one.value for one in inner.args if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _names(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that *source* makes at its top level, and those that it needs from there, by Python's own rules."""
    top = symtable.symtable(source, "grader", "exec")
    made = {name.get_name() for name in top.get_symbols() if name.is_assigned() or name.is_imported() or name.is_namespace()}
    needed = {name.get_name() for name in top.get_symbols() if name.is_referenced()}
    todo = list(top.get_children())
    while todo:
        table = todo.pop()
        todo += table.get_children()
        needed |= {name.get_name() for name in table.get_symbols() if name.is_global()}
        made |= {name.get_name() for name in table.get_symbols() if name.is_declared_global() and name.is_assigned()}
    return frozenset(made), frozenset(needed)
