"""Reads otter's tests, in the OK format and in the exception format, and writes their cases as what stands in a check.

    of_spec(spec) -> Question                 a dictionary of the OK format, from a file or from a notebook's metadata
    of_source(text) -> Question               a file of the exception format, or of the OK format, as text; it is never run
    of_cell(source, output) -> Case           a cell of a TESTS block of a source notebook
    resolved(points, cases) -> points         otter's four rules of what each case is worth

Source: https://otter-grader.readthedocs.io/en/latest/test_files/python_format.html
"""

from __future__ import annotations

import ast
import doctest
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hornbook.errors import HornbookError
from hornbook.exchange.cells import SENTENCE, sentence

_MATCHING: Final = frozenset(
    {"isinstance", "issubclass", "callable", "hasattr", "all", "any", "isclose", "allclose", "array_equal", "bool"}
)
"""Functions whose answer is True or False and nothing else."""

_SILENT: Final = ("assert", "plt.", "np.testing.", "np.random.seed", "random.seed")
"""How a call begins that gives nothing, so that there is nothing to compare."""

_TEST_CASE: Final = ("name", "points", "hidden", "success_message", "failure_message")


class NotOtters(HornbookError):  # noqa: N818 - what there is to say of a test that cannot be read
    """A test that is in none of otter's formats, or cannot be read without running it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case: its code in a check, what is run in its stead in a kernel, and what it says of itself."""

    source: str
    in_kernel: str = ""
    hidden: bool = False
    points: float | None = None
    title: str = ""
    passed: str = ""
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """The tests of one question. `helpers` is the code that its cases share."""

    name: str
    cases: tuple[Case, ...]
    points: object = None
    all_or_nothing: bool = False
    helpers: str = ""
    remarks: tuple[str, ...] = field(default=())


def resolved(points: object, cases: Sequence[Case]) -> tuple[float, ...]:
    """Return what each of *cases* is worth where the question is worth *points*; raise NotOtters where that cannot be."""
    if isinstance(points, dict):
        points = points.get("each", 1) * len(cases)
    worth = [case.points for case in cases]
    if isinstance(points, list):
        if len(points) != len(cases):
            raise NotOtters(f"its points are a list of {len(points)}, and it has {len(cases)} cases. Give one number for each case.")
        worth, points = list(points), None
    if points is not None and not _is_number(points):
        raise NotOtters(f"its points are {points!r}, which is no number and no list of numbers. Write a number.")
    if not all(one is None or _is_number(one) for one in worth):
        raise NotOtters(f"the points of its cases are {worth!r}, which are not all numbers from 0 up. Write numbers.")
    said = sum(one for one in worth if one is not None)
    unsaid = worth.count(None)
    total: Any = points
    if total is not None and said > total:
        raise NotOtters(f"its cases are worth {said:g} points together, and the question only {total:g}. Let them agree.")
    share = 0.0 if total is None and said else ((1 if total is None else total) - said) / unsaid if unsaid else 0.0
    return tuple(float(share if one is None else one) for one in worth)


def _is_number(thing: object) -> bool:
    return isinstance(thing, int | float) and not isinstance(thing, bool) and 0 <= thing < 1_000_000  # noqa: PLR2004 - more than any course


# --- The OK format ---------------------------------------------------------------------------------------------------


def of_spec(spec: object) -> Question:
    """Return the question that *spec*, a dictionary of the OK format, describes; raise NotOtters where it does not."""
    suites = spec.get("suites") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(suites, list) or not all(isinstance(one, dict) for one in suites):
        raise NotOtters("it is no test of the OK format: it has no suites.")
    remarks = []
    if len(suites) != 1:
        remarks.append(f"it has {len(suites)} suites, and otter takes one only; the cases of all of them are taken")
    cases: list[Case] = []
    for suite in suites:
        if suite.get("type", "doctest") != "doctest":
            raise NotOtters(f'it has a suite of type "{suite.get("type")}", and only doctests can be brought over.')
        if str(suite.get("teardown") or "").strip():
            remarks.append("its teardown is left out: each check has a state of its own, and nothing to clear away")
        given = suite.get("cases")
        cases += [_of_case(case, str(suite.get("setup") or "")) for case in (given if isinstance(given, list) else [])]
    if not cases:
        raise NotOtters("it has no cases, so there is nothing to ask.")
    every = spec.get("all_or_nothing") is True
    return Question(str(spec.get("name", "")), tuple(cases), spec.get("points"), every, remarks=tuple(remarks))


def _of_case(case: object, setup: str) -> Case:
    """Return the case that *case* describes, *setup* before it."""
    if not isinstance(case, dict) or not isinstance(case.get("code"), str):
        raise NotOtters("it has a case without code. Write it as a text of `>>>` lines.")
    try:
        made = _of_doctest("\n".join(filter(str.strip, (textwrap.dedent(setup), textwrap.dedent(case["code"])))))
    except ValueError as error:
        raise NotOtters(f"it has a case that is no doctest ({error}).") from error
    except SyntaxError as error:
        raise NotOtters(f"it has a case that is not Python ({error.msg}).") from error
    messages = _messages(case.get("success_message"), case.get("failure_message"))
    return replace(made, hidden=bool(case.get("hidden", True)), points=case.get("points"), **messages)


def _messages(passed: object, failed: object) -> dict[str, Any]:
    """Return what the author has to say of a case, each on one line."""
    return {key: " ".join(text.split()) for key, text in (("passed", passed), ("failed", failed)) if isinstance(text, str)}


@dataclass(frozen=True, slots=True)
class _Example:
    """One example: its source, what should be shown, the exception that should end it, and the names of its options."""

    line: int
    source: str
    want: str = ""
    raises: str = ""
    options: tuple[str, ...] = ()


def _of_doctest(text: str) -> Case:
    """Return the case of the doctest *text*; raise ValueError where it is none, SyntaxError where it is not Python."""
    examples = [
        _Example(
            example.lineno,
            example.source.rstrip("\n"),
            example.want.removesuffix("\n"),
            (example.exc_msg or "").strip(),
            tuple(name for name, flag in doctest.OPTIONFLAGS_BY_NAME.items() if example.options.get(flag)),
        )
        for example in doctest.DocTestParser().get_examples(text)
    ]
    # doctest leaves comments out; whoever reads the grader may want them.
    comments = [_Example(number, found[1]) for number, line in enumerate(text.split("\n")) if (found := re.match(r"\s*>>>\s?(#.*)", line))]
    lines = [_code(one) for one in sorted([*examples, *comments], key=lambda one: one.line) if "SKIP" not in one.options]
    return Case("\n".join(lines), _in_kernel(text), title=_title_of([one.source for one in comments], examples))


def _in_kernel(text: str) -> str:
    """Return what runs the doctest *text* where nothing of ours is."""
    quoted = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return (
        f'import doctest\ncase = doctest.DocTestParser().get_doctest("""\n{quoted}\n""", dict(globals()), "case", None, 0)\n'
        "assert not doctest.DocTestRunner(verbose=False).run(case, out=lambda text: None).failed"
    )


def of_cell(source: str, output: str) -> Case:
    """Return the case of a test cell of a source notebook, which showed *output* when it was run; raise SyntaxError if it is not Python."""
    tree = ast.parse(source)
    if not tree.body:
        raise SyntaxError("it is empty")
    last = tree.body[-1]
    lines = source.split("\n")
    first = min([last.lineno, *(one.lineno for one in getattr(last, "decorator_list", ()))])
    if last.lineno == (tree.body[-2].end_lineno if len(tree.body) > 1 else 0):  # two statements on one line
        before, shown = ast.unparse(ast.Module(tree.body[:-1], [])), ast.unparse(last)
    else:
        before, shown = "\n".join(lines[: first - 1]).rstrip(), "\n".join(lines[first - 1 :])
    if output.strip() and any(_is_print(node) for node in tree.body[:-1]):
        # All of what the cell showed was printed by all of it.
        before, shown = "", ast.unparse(_Showing().visit(ast.parse(source)))
        code = f"with doctests.expect_printed({_text(output.rstrip(chr(10)))}):\n{_block(shown)}"
        return Case(code, source)
    example = _Example(0, shown, output.rstrip("\n"))
    comments = [line.strip() for line in lines if line.strip().startswith("#")]
    code = _code(example) if output.strip() or isinstance(last, ast.Expr) else shown
    examples = [">>> " + ast.unparse(node).replace("\n", "\n... ") for node in tree.body]
    in_kernel = _in_kernel("\n".join([*examples, output.rstrip("\n")]))
    return Case("\n".join(filter(None, (before, code))), in_kernel, title=_title_of(comments, [example] if not before else []))


def _title_of(comments: Sequence[str], examples: Sequence[_Example]) -> str:
    """Return what a case asks: its first comment, or its code where that is one short line."""
    said = next((text for one in comments if (text := one.lstrip("# ").strip())), "")
    if said or len(examples) != 1:
        return sentence(said)
    source = re.sub(r"\s*#.*", "", examples[0].source)
    want = examples[0].want
    shown = source if want in {"", "True"} else f"{source} is {want}"
    if _is_print(ast.parse(source).body[0]):
        return ""
    return sentence(shown) if "\n" not in shown and len(shown) <= SENTENCE // 2 and not examples[0].raises else ""


def _code(example: _Example) -> str:
    """Return what *example* is as code of a check."""
    tree = ast.parse(example.source)
    options = "".join(f', "{one}"' for one in example.options)
    if example.raises:
        return f"with doctests.raises({_text(example.raises)}{options}):\n{_block(example.source)}"
    if not tree.body:
        return example.source
    *before, last = tree.body
    if before and isinstance(last, ast.Expr):
        return "\n".join([*map(ast.unparse, before), _code(replace(example, source=ast.unparse(last)))])
    if not isinstance(last, ast.Expr):
        if not example.want:
            return example.source
        shown = ast.unparse(_Showing().visit(tree)) if _shows_on_the_way(last) else example.source
        return f"with doctests.expect_printed({_text(example.want)}{options}):\n{_block(shown)}"
    return _expression(example, last.value, options)


def _expression(example: _Example, value: ast.expr, options: str) -> str:
    """Return what the one expression of *example* is as code of a check."""
    source = example.source.strip()
    plain = source if "#" not in source and "\n" not in source else ast.unparse(value)
    called = ast.unparse(value.func) if isinstance(value, ast.Call) else ""
    if example.want in {"True", "False"} and _is_truth(value):
        # Brackets where `not` would take hold of a part only, or a line would end.
        bracketed = f"({source})" if "\n" in source and "#" not in source else plain
        return f"assert {bracketed}" if example.want == "True" else f"assert not ({plain})"
    if called == "print" and example.want:
        return f"with doctests.expect_printed({_text(example.want)}{options}):\n{_block(example.source)}"
    if not example.want and (called.startswith(_SILENT) or called == "print" or ".assert" in called):
        return source
    return f"doctests.expect({plain}, {_text(example.want)}{options})"


def _is_truth(value: ast.expr) -> bool:
    """Whether *value* can be nothing but True or False, whatever is compared."""
    if isinstance(value, ast.BoolOp):
        return all(map(_is_truth, value.values))
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.op, ast.Not)
    if isinstance(value, ast.Call):
        name = value.func.attr if isinstance(value.func, ast.Attribute) else value.func.id if isinstance(value.func, ast.Name) else ""
        return name in _MATCHING
    return isinstance(value, ast.Compare)


class _Showing(ast.NodeTransformer):
    """Makes every expression within a block shown, as an interactive session shows it; functions and classes keep theirs."""

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """Return the expression in a call that prints what is shown."""
        if _is_print(node):
            return node
        return ast.copy_location(ast.Expr(ast.Call(ast.parse("doctests.show", mode="eval").body, [node.value], [])), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        """Return the function as it is."""
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        """Return the class as it is."""
        return node


def _shows_on_the_way(node: ast.stmt) -> bool:
    """Whether *node* is a block in which an expression stands for itself."""
    return isinstance(node, ast.For | ast.While | ast.If | ast.With | ast.Try) and any(
        isinstance(one, ast.Expr) and not _is_print(one) for one in ast.walk(node)
    )


def _is_print(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "print"


def _block(source: str) -> str:
    """Return *source* as the body of a block."""
    if '"""' in source or "'''" in source:
        source = ast.unparse(ast.parse(source))
    return textwrap.indent(source.strip("\n"), "    ")


def _text(text: str) -> str:
    """Return *text* as Python writes it, on as many lines as it has."""
    escaped = text.replace("\\", "\\\\")
    if "\n" not in text:
        return '"' + escaped.replace('"', '\\"') + '"'
    if '"""' in text or text.endswith('"') or any(len(line) != len(line.rstrip()) for line in text.split("\n")):
        return repr(text)
    return f'"""{escaped}"""'


# --- The exception format --------------------------------------------------------------------------------------------


def of_source(text: str) -> Question:
    """Return the question of a test file, whichever format it has; raise NotOtters where it has none that can be read."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        what = f"it is not Python (line {getattr(error, 'lineno', 1)}: {getattr(error, 'msg', error)})"
        raise NotOtters(f"{what}. What older releases of otter stored there was compiled code, which is never loaded.") from error
    named: dict[str, object] = {}
    rest: list[ast.stmt] = []
    cases: list[tuple[ast.FunctionDef, Mapping[str, Any]]] = []
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and target.id in {"OK_FORMAT", "name", "points", "all_or_nothing", "test"}:
            named[target.id] = _literal(getattr(node, "value", None), target.id)
        elif isinstance(node, ast.FunctionDef) and (said := _said(node)) is not None:
            cases.append((node, said))
        elif not (isinstance(node, ast.Import | ast.ImportFrom) and _is_otters(node)):
            rest.append(node)
    if "test" in named and named.get("OK_FORMAT", True) is not False:
        return of_spec(named["test"])
    if not cases:
        raise NotOtters("it is in none of otter's formats: it has neither `test = {...}` nor a function with @test_case(...).")
    lines = text.split("\n")
    name = str(named.get("name", ""))
    made = tuple(_of_function(node, said, lines) for node, said in cases)
    helpers = "\n".join(_lines(node, lines) for node in rest if not _is_docstring(node))
    return Question(name, made, named.get("points"), named.get("all_or_nothing") is True, helpers)


def _literal(node: ast.expr | None, what: str) -> Any:
    try:
        return ast.literal_eval(node) if node is not None else None
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise NotOtters(f"its `{what}` is worked out by code, which is not run here. Write it out.") from error


def _said(node: ast.FunctionDef) -> Mapping[str, Any] | None:
    """Return what the `@test_case(...)` above a function says, or None where there is none."""
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        if name == "test_case":
            given = decorator if isinstance(decorator, ast.Call) else ast.Call(called, [], [])
            values = {**dict(zip(_TEST_CASE, given.args, strict=False)), **{one.arg or "": one.value for one in given.keywords}}
            return {key: _literal(value, f"test_case({key}=...)") for key, value in values.items()}
    return None


def _is_otters(node: ast.Import | ast.ImportFrom) -> bool:
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    return any(name.split(".")[0] == "otter" for name in names)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _lines(node: ast.stmt, lines: Sequence[str]) -> str:
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    return "\n".join(lines[first - 1 : node.end_lineno])


def of_function(source: str, **said: Any) -> Case:
    """Return the case of a function as it stands in a test cell of a source notebook, a call of it below it left out."""
    tree = ast.parse(source)
    if not tree.body or not isinstance(tree.body[0], ast.FunctionDef) or len(tree.body) > 2:  # noqa: PLR2004 - it and its call
        raise NotOtters("a test cell without doctests may have one function and a call of it. Write it so.")
    return _of_function(tree.body[0], said, source.split("\n"))


def _of_function(node: ast.FunctionDef, said: Mapping[str, Any], lines: Sequence[str]) -> Case:
    """Return the case that the function *node* is: its body, in which its arguments are the notebook's names."""
    arguments = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    docstring = ast.get_docstring(node)
    statements = node.body[1:] if docstring is not None else node.body
    body = _body(statements, lines)
    code = body
    if _needs_function(statements, arguments):
        inner = f"def case({', '.join(arguments)}):\n{textwrap.indent(body, '    ')}"
        if [ast.dump(one) for one in ast.parse(inner).body[0].body] != [ast.dump(one) for one in statements]:  # type: ignore[attr-defined]
            inner = ast.unparse(ast.parse(inner))
        given = ", ".join("globals()" if one == "env" else one for one in arguments)
        code = f"{inner}\ncase({given})"
    elif "env" in arguments:
        code = f"env = globals()\n{body}"
    messages = _messages(said.get("success_message"), said.get("failure_message"))
    named = said.get("name") if isinstance(said.get("name"), str) else ""
    words = re.sub(r"_+", " ", node.name.removeprefix("test_")).strip().capitalize() if node.name not in {"_", "test", "f"} else ""
    title = sentence(docstring or named or words)
    return Case(code, hidden=said.get("hidden") is True, points=said.get("points"), title=title, **messages)


def _body(statements: Sequence[ast.stmt], lines: Sequence[str]) -> str:
    """Return *statements* as they were written, moved to the left; written anew where moving would change a text in them."""
    if not statements:
        return "pass"
    first = min([statements[0].lineno, *(one.lineno for one in getattr(statements[0], "decorator_list", ()))])
    found = textwrap.dedent("\n".join(lines[first - 1 : statements[-1].end_lineno]))
    try:
        same = [ast.dump(one) for one in ast.parse(found).body] == [ast.dump(one) for one in statements]
    except SyntaxError:
        same = False
    return found if same else "\n".join(map(ast.unparse, statements))


def _needs_function(statements: Sequence[ast.stmt], arguments: Sequence[str]) -> bool:
    """Whether *statements* mean something else outside of a function: they return, or give an argument another value."""
    todo: list[ast.AST] = list(statements)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom | ast.Await | ast.Global | ast.Nonlocal):
            return True
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and node.id in arguments:
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            if getattr(node, "name", None) in arguments:
                return True
            continue
        todo += ast.iter_child_nodes(node)
    return False
