"""The house as DESIGN.md draws it, held by reading the source: who imports whom, what is sent inside, what nobody does."""

from __future__ import annotations

import ast
import functools
import re
import sys
from pathlib import Path

import pytest

import hornbook
from hornbook.sandbox.forkserver import MODULES

ROOT = Path(hornbook.__file__).parent
SOURCES = {
    ".".join(["hornbook", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
    if not path.is_symlink() and not any(parent.is_symlink() for parent in path.parents)
}

LAYERS = (
    {"errors", "words", "model", "wire", "config", "database", "files", "cohorts", "draws", "heavy"},
    {"lesson", "released", "course", "feedback", "variants"},
    {"sandbox"},
    {"grading"},
    {"record", "publish", "catalog"},
    {
        "card",
        "widgets",
        "live",
        "notebook",
        "server",
        "scaffold",
        "doctor",
        "trial",
        "show",
        "demo",
        "terminal",
        "publishing",
        "finding",
        "remembering",
        "scoring",
        "keeping",
        "reports",
        "exchange",
        "exchanging",
        "comparing",
        "handing",
        "reporting",
        "schedule",
        "scheduling",
        "release",
        "releasing",
        "regrading",
        "pipelines",
        "launching",
        "offline",
        "practising",
        "cli",
        "__main__",
    },
)
"""From the floor to the roof. A part may import its own layer and those below; on the layer of three nobody imports a neighbour."""
STRANGERS = {"record", "publish", "catalog"}

LIGHT = {"hornbook"}
"""What any module may import at its top besides the standard library."""
HEAVY: dict[str, set[str]] = {
    # A pytest plugin and what it reports to are only ever imported by pytest, or by grading, which runs it.
    "hornbook.grading.pytest_plugin": {"pytest"},
    "hornbook.grading.outcomes": {"pytest"},
    # They are sent into sandboxes, where they are wanted at once; nothing on this side imports them.
    "hornbook.sandbox.linux": {"landlockpy"},
    "hornbook.sandbox.shell": {"IPython"},
    # Only jupyter_client imports this one, by its entry point; `execute` imports it when something is to be run.
    "hornbook.sandbox.provisioner": {"jupyter_client", "traitlets"},
    "hornbook.sandbox.engine": {"papermill", "nbclient", "nbformat", "zmq", "jupyter_core"},
    # The terminal's and the notebook's faces are imported when they are shown.
    "hornbook.cli": {"typer", "rich"},
    "hornbook.publishing": {"typer"},
    "hornbook.finding": {"typer"},
    "hornbook.remembering": {"typer"},
    "hornbook.scoring": {"typer"},
    "hornbook.exchanging": {"typer"},
    "hornbook.releasing": {"typer"},
    "hornbook.comparing": {"typer"},
    "hornbook.handing": {"typer"},
    "hornbook.reporting": {"typer"},
    "hornbook.scheduling": {"typer"},
    "hornbook.pipelines": {"typer"},
    "hornbook.launching": {"typer"},
    "hornbook.practising": {"typer"},
    "hornbook.terminal": {"typer"},
    "hornbook.show": {"rich"},
    "hornbook.demo": {"rich"},
    "hornbook.widgets": {"anywidget", "traitlets", "ipywidgets"},
    "hornbook.notebook": {"IPython", "traitlets"},
    "hornbook.offline.kernel": {"IPython", "traitlets"},
    # jupyter_server imports the package, which imports this one when it is told to.
    "hornbook.server.handlers": {"jupyter_server", "tornado", "msgspec"},
    "hornbook.server.service": {"msgspec"},
}
"""The third-party packages that a module may import at its top; any other is imported by the function that needs it."""

IN_THE_KERNEL = {
    "hornbook.live": {"hornbook.sandbox.live"},
    "hornbook.notebook": {"hornbook.sandbox.live"},
    "hornbook.offline.cells": {"hornbook.sandbox.answers", "hornbook.sandbox.figures", "hornbook.sandbox.tracebacks"},
}
"""What stands in a learner's own kernel or browser, beside the learner's code, and judges nothing."""

MAY_EXECUTE = {"hornbook.sandbox.agent", "hornbook.sandbox.answers", "hornbook.offline.cells"}
"""Where `exec`, `eval` and `compile` stand: in the text that is sent inside or into a browser, and in nothing that runs on this side."""


@functools.cache
def tree(module: str) -> ast.Module:
    """Return the syntax tree of one of our modules."""
    return ast.parse(SOURCES[module].read_text("utf-8"), filename=str(SOURCES[module]))


def imports(module: str, *, top_only: bool = False) -> list[tuple[str, int]]:
    """Return (name, line) of everything that *module* imports, inside functions and for types too, unless *top_only*."""
    found: list[tuple[str, int]] = []
    todo: list[ast.AST] = [tree(module)]
    while todo:
        node = todo.pop()
        if top_only and (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _for_types_only(node)):
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [(name if name in SOURCES else str(node.module), node.lineno) for name in names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"importlib.import_module", "import_module", "__import__"}:
            found += [
                (argument.value, node.lineno)
                for argument in node.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            ]
        todo += ast.iter_child_nodes(node)
    return found


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def part(module: str) -> str:
    """Return the part of the house that a module is in: the name after `hornbook.`."""
    return module.split(".")[1] if "." in module else ""


def layer(module: str) -> int:
    """Return how high a module stands; the package itself, which names everything, stands above all."""
    return next((height for height, parts in enumerate(LAYERS) if part(module) in parts), len(LAYERS))


def test_every_module_has_its_place_on_the_map() -> None:
    """A new module belongs to a part that the map knows; move a wall in the map and here together."""
    unknown = [module for module in SOURCES if module != "hornbook" and layer(module) == len(LAYERS)]

    assert unknown == []


@pytest.mark.parametrize("module", SOURCES)
def test_imports_point_down(module: str) -> None:
    """Nothing imports what stands above it, in a function or at its top; record, publish and catalog leave each other alone."""
    ours = [(name, line) for name, line in imports(module) if name.split(".")[0] == "hornbook" and name != "hornbook"]
    upwards = [f"{module}:{line} imports {name}" for name, line in ours if layer(name) > layer(module)]
    across = [
        f"{module}:{line} imports {name}"
        for name, line in ours
        if part(module) in STRANGERS and part(name) in STRANGERS and part(name) != part(module)
    ]

    assert upwards + across == []


@pytest.mark.parametrize("module", SOURCES)
def test_heavy_packages_are_imported_where_they_are_needed(module: str) -> None:
    """At its top a module imports the standard library, our own, and what the table above allows it."""
    allowed = sys.stdlib_module_names | LIGHT | HEAVY.get(module, set())
    heavy = [f"{module}:{line} imports {name}" for name, line in imports(module, top_only=True) if name.split(".")[0] not in allowed]

    assert heavy == []


@pytest.mark.parametrize("module", SOURCES)
def test_every_module_says_what_it_is(module: str) -> None:
    """Each module begins with a docstring whose first line is a sentence, or a heading that ends in a colon."""
    said = ast.get_docstring(tree(module)) or ""

    assert re.match(r"[A-Z`].*[.:]$", said.partition("\n")[0])


@pytest.mark.parametrize("name", MODULES)
def test_what_is_sent_inside_stands_alone(name: str) -> None:
    """The modules that are sent into a sandbox import, at their top, the standard library and each other only."""
    allowed = {f"hornbook.{other}" for other in MODULES}
    other = [
        (imported, line)
        for imported, line in imports(f"hornbook.{name}", top_only=True)
        if imported.split(".")[0] not in sys.stdlib_module_names | HEAVY.get(f"hornbook.{name}", set()) and imported not in allowed
    ]

    assert other == []


def test_what_is_sent_inside_is_executed_in_an_order_that_works() -> None:
    """Each of these modules comes after those that it imports at its top."""
    order = {f"hornbook.{name}": place for place, name in enumerate(MODULES)}
    early = [(name, imported) for name in order for imported, _ in imports(name, top_only=True) if order.get(imported, -1) >= order[name]]

    assert early == []


@pytest.mark.parametrize("module", [module for module in SOURCES if layer(module) >= layer("hornbook.grading")])
def test_the_judging_side_knows_nothing_of_the_agent(module: str) -> None:
    """Nothing from grading upwards imports what runs beside a learner's code: it would run with the judge's rights."""
    parts = (
        "agent", "answers", "calls", "endless", "figures", "footprint", "linux", "live", "loops", "namespaces", "preload", "shell",
        "tracebacks", "warden", "watch", "zygote",
    )  # fmt: skip
    inside = {f"hornbook.sandbox.{part}" for part in parts} - IN_THE_KERNEL.get(module, set())

    assert [(name, line) for name, line in imports(module) if name in inside] == []


@pytest.mark.parametrize("module", [module for module in SOURCES if module != "hornbook.grading.unopened"])
def test_nobody_unpickles(module: str) -> None:
    """No module of ours imports a format that runs code when it is read, but the one that keeps Dask from running it."""
    risky = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}

    assert [(name, line) for name, line in imports(module) if name.split(".")[0] in risky] == []


@pytest.mark.parametrize("module", [module for module in SOURCES if module not in MAY_EXECUTE])
def test_nobody_executes_text(module: str) -> None:
    """No module on this side calls exec, eval or compile, or numpy's and pandas' ways to the same."""
    calls = [node for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]
    named = [
        (node.func.id, node.lineno) for node in calls if isinstance(node.func, ast.Name) and node.func.id in {"exec", "eval", "compile"}
    ]
    unpickling = [
        (ast.unparse(node), node.lineno)
        for node in calls
        for word in node.keywords
        if word.arg == "allow_pickle" and not (isinstance(word.value, ast.Constant) and word.value.value is False)
    ]
    methods = [
        (node.func.attr, node.lineno)
        for node in calls
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"read_pickle", "literal_eval_unsafe", "eval"}
    ]

    assert named + unpickling + methods == []
