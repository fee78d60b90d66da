"""Tests that were written for pytest alone: what they use and do not define is the learner's notebook's.

    notebook = borrowed.names(globals())

stands at the top of a grader that `hornbook import pytest` has made. From there on, in every test, fixture and helper of that file, a name
that neither the file nor Python has is asked of the learner's process, each time: `square(3)` in a test is `submission.square(3)`, and
the comparison is made here. What the notebook itself gives lies in functions `given_...`, which run on this side, anew for each check.

Python looks names up in a module, and then in that module's `__builtins__`; the latter is what is exchanged. So a test may be a function
with fixtures, a method, or what hypothesis calls, and be unchanged. Source: https://docs.python.org/3/reference/executionmodel.html
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import dis
import functools
import inspect
import io
import sys
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, cast

from hornbook.errors import GraderError
from hornbook.grading import assert_cells
from hornbook.sandbox.probe import Conversation, Handle, LearnerError, Mismatch, Probe, inside
from hornbook.words import say

MOST_LINES: Final = 1000
"""Up to how many lines are taken from a function that stands for `input`."""


def names(
    module: dict[str, Any], *, asks: Sequence[str] = (), changes: Sequence[str] = (), called: Mapping[str, str] | None = None
) -> Notebook:
    """Let the grader whose globals are *module* borrow names of the learner's notebook; return what stands for the notebook.

    *asks* are names that are the learner's although Python has them, too, *changes* functions of the learner's that change what they are
    called with, and *called* are other names for the learner's: `from notebook import square as sq` is `{"sq": "square"}`.
    """
    lookup = Lookup(frozenset(asks), frozenset(changes), dict(called or {}))
    # The functions that the grader defines below take this along.
    module["__builtins__"] = lookup
    return Notebook(lookup)


class Lookup(dict[str, Any]):
    """The builtins of a grader that borrows: Python's, and while a check is asked, the notebook's names."""

    def __init__(self, asks: frozenset[str], changes: frozenset[str], called: Mapping[str, str]) -> None:
        super().__init__(vars(builtins))
        self.asks = asks
        self.changes = changes
        self.called = called
        self.own: _Names | None = None
        self.instead: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return what *name* stands for; KeyError, which Python tells as a NameError, where nothing does."""
        if self.own is None or name.startswith("__"):
            return super().__getitem__(name)
        try:
            return self.own[name]
        except KeyError:
            return self.instead[name]

    @contextlib.contextmanager
    def speaking(self, module: Mapping[str, Any], line: int, probe: Probe, conversation: Conversation) -> Iterator[None]:
        """Ask *probe* for names until the block ends. *module* are the grader's globals, *line* is where the check begins in it."""
        own = _Names(assert_cells.trusted(module), probe, self.asks, self.changes)
        own.called = self.called
        own["__builtins__"] = self.instead = {
            **assert_cells.builtins_for(own),
            "hasattr": functools.partial(_has, own),
            "getattr": functools.partial(_get, own),
            "issubclass": functools.partial(_of_class, own),
        }
        own["testbook"] = lambda *_path, **_options: contextlib.nullcontext(Testbook(own))
        self.own = own
        conversation.echo = assert_cells.echo
        conversation.lend = functools.partial(assert_cells.lent, probe)
        try:
            # What tests and learners print is for nobody, unless a test captures it.
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(sys.stdout), assert_cells.own_path():
                for given in assert_cells.above(module, line):
                    if given.__name__.startswith(assert_cells.WITH_TESTS):
                        own.late |= dict.fromkeys(_made_by(given), given)
                    else:
                        assert_cells.within(own, given)()
                for name in self.asks:
                    own.pop(name, None)
                yield
        finally:
            self.own, self.instead = None, {}
            conversation.echo = conversation.lend = None


class _Names(assert_cells.Names):
    """The names of one check. `late` are those that the tests work out with the learner's: when they are first used.

    So what one answer breaks there costs the tests that need it, and no others.
    """

    called: Mapping[str, str] = MappingProxyType({})

    def __init__(self, trusted: Mapping[str, Any], probe: Probe, asks: frozenset[str], changes: frozenset[str]) -> None:
        super().__init__(trusted, probe, asks, changes)
        self.late: dict[str, types.FunctionType] = {}

    def __missing__(self, name: str) -> Any:
        """Return what the tests make of this name, or the learner's thing of the name that it stands for."""
        given = self.late.pop(name, None)
        if given is None:
            return super().__missing__(self.called.get(name, name))
        assert_cells.within(self, given)()
        return self[name]


def _made_by(given: types.FunctionType) -> Iterator[str]:
    """Yield the names that *given* gives."""
    for step in dis.get_instructions(given):
        if step.opname == "STORE_GLOBAL":
            yield str(step.argval)


def lookup_of(module: types.ModuleType | None) -> Lookup | None:
    """Return what *module*, a grader, borrows names with, or None where it borrows none."""
    found = vars(module).get("__builtins__") if module is not None else None
    return found if type(found) is Lookup else None


def ended(lookup: Lookup) -> None:
    """Raise what a test may have taken for the exception that it waits for: that the learner has no such name."""
    if lookup.own is not None and lookup.own.lacking is not None:
        raise lookup.own.lacking


class Notebook:
    """The learner's notebook, as `import notebook` gives it to a test: its attributes are its names."""

    __test__ = False

    def __init__(self, lookup: Lookup) -> None:
        object.__setattr__(self, "_lookup", lookup)

    def __getattr__(self, name: str) -> Any:
        own = _own(self, name)
        try:
            return own[name]
        except KeyError:
            # The notebook does not define `print`; what it has of that name is Python's.
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: object) -> None:
        _own(self, name).probe.evaluate("lambda name, value: __import__('builtins').globals().__setitem__(name, value)")(name, value)

    @contextlib.contextmanager
    def raises(self, kind: Any, match: str | None = None) -> Iterator[Any]:
        """Do what `pytest.raises` does where *kind* is, or has in it, a class of the learner's.

        Which class is raised is the learner's word, as what is returned is.
        """
        import pytest  # noqa: PLC0415 - only when grading

        kinds = kind if isinstance(kind, tuple) else (kind,)
        ours = tuple(one for one in kinds if type(one) is not Handle)
        theirs = [one for one in kinds if type(one) is Handle]
        names = [*(inside(one).label for one in theirs), *(one.__name__ for one in ours)]
        try:
            with pytest.raises((LearnerError, *ours), match=match) as caught:
                yield caught
        except pytest.fail.Exception:
            expected = say("word.or").join(names)
            raise Mismatch(say("probe.error-expected", error=expected), came=say("probe.no-error"), expected=expected) from None
        error = caught.value
        if (ours and isinstance(error, ours)) or not isinstance(error, LearnerError) or error.type_name in names:
            return
        came: Any = _quietly(_own(self, "raises"), lambda: getattr(self, error.type_name), None)
        classes: Any = theirs
        if type(came) is not Handle or not any(issubclass(cast("Any", came), one) for one in classes):
            raise error

    def testbook(self) -> Testbook:
        """Return the notebook as testbook gives it to a test."""
        return Testbook(_own(self, "testbook"))

    def patching(self, real: Any) -> Patching:
        """Return pytest's `monkeypatch`, *real*, whose changes to modules are made in the learner's process."""
        return Patching(self, real)


def _own(notebook: Notebook, name: str) -> assert_cells.Names:
    lookup: Lookup = object.__getattribute__(notebook, "_lookup")
    if name.startswith("__"):
        raise AttributeError(name)
    if lookup.own is None:
        raise AttributeError(f"{name} is the notebook's, which can only be asked within a check")
    return lookup.own


def _quietly(own: assert_cells.Names, question: Callable[[], Any], otherwise: Any) -> Any:
    """Return the answer to *question*, or *otherwise* where there is no such name: whoever asks this way wants to know."""
    before = own.lacking
    try:
        return question()
    except (LearnerError, AttributeError):
        own.lacking = before
        return otherwise


def _has(own: assert_cells.Names, thing: object, name: str) -> bool:
    if type(thing) is not Notebook:
        return assert_cells.has(thing, name)
    return bool(_quietly(own, lambda: (getattr(thing, name), True)[1], otherwise=False))


def _get(own: assert_cells.Names, thing: object, name: str, *default: object) -> Any:
    if type(thing) is not Notebook or not default:
        return getattr(thing, name, *default)
    return _quietly(own, lambda: getattr(thing, name), default[0])


def _of_class(own: assert_cells.Names, thing: Any, kinds: Any) -> bool:
    """Return what `issubclass` does: which classes a class of the learner's has is the learner's word, as its methods are."""
    if type(thing) is not Handle:
        return issubclass(thing, kinds)
    asked = own.probe.evaluate("__import__('builtins').issubclass")
    return any(asked(thing, one) is True for one in (kinds if isinstance(kinds, tuple) else (kinds,)))


class Testbook:
    """What testbook's tests speak to: the learner's names, and code that runs among them.

    Source: https://testbook.readthedocs.io/en/latest/usage/index.html
    """

    __test__ = False

    def __init__(self, own: assert_cells.Names) -> None:
        self.own = own

    def ref(self, name: str) -> Any:
        """Return what *name*, or an expression of names, stands for."""
        return self.own[name] if name.isidentifier() else self.own.probe.evaluate(name)

    get = ref
    __getitem__ = ref

    def value(self, code: str) -> Any:
        """Return the value of the last line of *code*, which runs in the learner's process."""
        *before, last = ast.parse(textwrap.dedent(code).strip()).body
        if before:
            self.own.probe.run(ast.unparse(ast.Module(before, [])))
        return self.own.probe.evaluate(ast.unparse(last))

    def inject(self, code: str, **_options: object) -> None:
        """Run *code* in the learner's process."""
        self.own.probe.run(textwrap.dedent(code))


_READING: Final = """lambda lines, least, most: setattr(__import__('builtins'), 'input', (
    lambda lines: lambda *prompt: next(lines) if least <= len(prompt) <= most else len(prompt, 'takes another number of arguments')
)(iter(lines)))"""
"""What lets `input` give one line after the other in the learner's process. `len` of two things is a TypeError."""


class Patching:
    """`monkeypatch` as tests of a notebook use it: what it does to a module is done to the learner's, and ends with the check."""

    def __init__(self, notebook: Notebook, real: Any) -> None:
        self.notebook = notebook
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def setattr(self, target: Any, name: Any, *value: Any, **options: Any) -> None:
        """Set an attribute, as `setattr("builtins.input", replacement)` or `setattr(builtins, "input", replacement)`."""
        if isinstance(target, str) and not value:
            where, _, attribute = target.rpartition(".")
            self._set(where, attribute, name)
        elif isinstance(target, types.ModuleType) and len(value) == 1:
            self._set(target.__name__, name, value[0])
        elif type(target) in {Notebook, Handle} and len(value) == 1:
            setattr(target, name, self._lent(value[0]))
        else:
            self.real.setattr(target, name, *value, **options)

    def setenv(self, name: str, value: str, prepend: str | None = None) -> None:
        """Set a variable of the environment, the learner's."""
        environment = self._probe.evaluate("__import__('os').environ")
        before = environment.get(name, "") if prepend is not None else ""
        environment[name] = str(value) + (f"{prepend}{before}" if before else "")

    def delenv(self, name: str, raising: bool = True) -> None:
        """Remove a variable of the environment, the learner's."""
        if self._probe.evaluate("lambda name: __import__('os').environ.pop(name, None)")(name) is None and raising:
            raise KeyError(name)

    @property
    def _probe(self) -> Probe:
        return _own(self.notebook, "monkeypatch").probe

    def _set(self, module: str, name: str, value: Any) -> None:
        """Set *name* of *module* in the learner's process."""
        if module.partition(".")[0] not in sys.modules and module not in {"builtins", "sys"}:
            raise GraderError("This check", f"changes {module}.{name}, and there is no module {module}. Name a module that is imported.")
        if (module, name) == ("sys", "stdin"):
            self._probe.evaluate("lambda text: setattr(__import__('sys'), 'stdin', __import__('io').StringIO(text))")(value.read())
            return
        given = self._lines(value) if (module, name) == ("builtins", "input") and isinstance(value, types.FunctionType) else None
        if given is not None:
            # It takes as many arguments as the function that it stands for.
            least = value.__code__.co_argcount - len(value.__defaults__ or ())
            most = MOST_LINES if value.__code__.co_flags & inspect.CO_VARARGS else value.__code__.co_argcount
            self._probe.evaluate(_READING)(given, least, most)
            return
        change = "lambda module, name, value: setattr(__import__('importlib').import_module(module), name, value)"
        self._probe.evaluate(change)(module, name, self._lent(value))

    def _lines(self, function: types.FunctionType) -> list[str] | None:
        """Return what *function*, which stands for `input`, gives one time after the other; None where it can be copied as it is."""
        if assert_cells.lent(self._probe, function) is not None:
            return None
        lines: list[str] = []
        with contextlib.suppress(StopIteration, IndexError):
            while len(lines) < MOST_LINES:
                lines.append(str(function("")))
        return lines

    def _lent(self, value: Any) -> Any:
        if callable(value) and type(value) is not Handle:
            copy = assert_cells.lent(self._probe, value)
            if copy is None:
                what = f"puts {getattr(value, '__name__', 'a function')} in the place of something, and that needs names around it."
                raise GraderError("This check", f"{what} Give it what it needs as defaults of its arguments.")
            return copy
        return value


# --- In the learner's kernel ------------------------------------------------------------------------------------------

_CAPTURING = """
class _Captured:
    def __init__(self):
        import io, sys
        self.sys, self.io = sys, io
        self.begin()
    def begin(self):
        self.sys.stdout, self.sys.stderr = self.io.StringIO(), self.io.StringIO()
    def readouterr(self):
        import collections
        found = collections.namedtuple("CaptureResult", "out err")(self.sys.stdout.getvalue(), self.sys.stderr.getvalue())
        self.begin()
        return found
"""


def run_in_kernel(test: Any, arguments: Mapping[str, Any], probe: Probe) -> None:
    """Run *test*, a function of a grader that borrows, or a method, in the learner's own kernel: how it ends there is a claim.

    *arguments* are what its fixtures gave on this side, and the values that it is parametrised with.
    """
    function = getattr(test, "__func__", test)
    tree = ast.parse(_source(function))
    owner = getattr(test, "__self__", None)
    holder = type(owner).__name__ if owner is not None else function.__name__
    lookup = function.__globals__["__builtins__"]
    with contextlib.suppress(LearnerError):
        for new, old in lookup.called.items():
            probe.run(f"{new} = {old}")
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("borrowed.names("):
            probe.run(f"{ast.unparse(node.targets[0])} = __import__('types').SimpleNamespace(**globals())")
        elif _is_sent(node, holder):
            sent = _Undone().visit(node)
            probe.run(ast.unparse(ast.fix_missing_locations(sent)))
            name = getattr(node, "name", "")
            if name.startswith(assert_cells.WITH_TESTS):
                # A test that does not need what it gives does not mind.
                with contextlib.suppress(LearnerError):
                    probe.run(f"{name}()")
    asked = probe.evaluate(holder)
    if owner is not None:
        made = asked()
        for name in ("setup_method", "setup"):
            if hasattr(type(owner), name):
                getattr(made, name)(*([None] if getattr(type(owner), name).__code__.co_argcount > 1 else []))
        asked = getattr(made, function.__name__)
    asked(**{name: _argument(name, value, probe) for name, value in arguments.items()})


def _source(function: Any) -> str:
    with open(function.__code__.co_filename, encoding="utf-8") as file:  # noqa: PTH123 - as pytest has it
        return file.read()


def _is_sent(node: ast.stmt, holder: str) -> bool:
    """Whether *node*, a statement of the grader, is for the kernel: no other test, no fixture, nothing that is there already or ours."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        fixture = any("fixture" in ast.unparse(one) for one in node.decorator_list)
        other = node.name.lower().startswith("test") and node.name != holder
        return not (other or fixture or (node.name.startswith(assert_cells.GIVEN) and not node.name.startswith(assert_cells.WITH_TESTS)))
    text = ast.unparse(node)
    return not (text.startswith(('"', "'")) or "borrowed" in text or "from __future__" in text or "pytestmark" in text)


class _Undone(ast.NodeTransformer):
    """Takes away what the grader has of ours and of pytest's markers."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        """Return the function without pytest's markers."""
        node.decorator_list = [one for one in node.decorator_list if "pytest" not in ast.unparse(one)]
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        """Return the class without pytest's markers."""
        node.decorator_list = [one for one in node.decorator_list if "pytest" not in ast.unparse(one)]
        self.generic_visit(node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Return pytest's `raises` for ours."""
        self.generic_visit(node)
        if node.attr == "raises" and isinstance(node.value, ast.Name) and "notebook" in node.value.id:
            return ast.parse("__import__('pytest').raises", mode="eval").body
        return node


def _argument(name: str, value: Any, probe: Probe) -> Any:
    """Return *value* as the kernel gets it: what is pytest's own is made there."""
    if type(value) is Patching or name == "monkeypatch":
        return probe.evaluate("__import__('pytest').MonkeyPatch()")
    if name in {"capsys", "capfd"}:
        probe.run(_CAPTURING)
        return probe.evaluate("_Captured()")
    if name == "tmp_path":
        return probe.evaluate("__import__('pathlib').Path(__import__('tempfile').mkdtemp())")
    return value
