"""`hornbook.sandbox.probe`: what a grader can ask a submission, and what a hostile submission can answer."""

from __future__ import annotations

import builtins
import socket
import time
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hornbook import wire
from hornbook.config import Limits
from hornbook.errors import GraderError
from hornbook.lesson import ProgramCell
from hornbook.model import Status
from hornbook.sandbox.canary import strongest
from hornbook.sandbox.execute import Executor, Finished, Job
from hornbook.sandbox.line import LENGTH, Line
from hornbook.sandbox.policy import Policy
from hornbook.sandbox.probe import Cell, CheckEnded, Conversation, Handle, LearnerError, Mismatch, Probe, inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OBJECTS = '''
import enum
from fractions import Fraction

class Vector:
    """Two numbers."""
    unit = "m"
    def __init__(self, x, y=0): self.x, self.y = x, y
    def __repr__(self): return f"Vector({self.x}, {self.y})"
    def __str__(self): return f"<{self.x}|{self.y}>"
    def __len__(self): return 2
    def __iter__(self): return iter((self.x, self.y))
    def __getitem__(self, key): return (self.x, self.y)[key]
    def __setitem__(self, key, value): setattr(self, "xy"[key], value)
    def __delitem__(self, key): self[key] = None
    def __contains__(self, value): return value in (self.x, self.y)
    def __bool__(self): return bool(self.x or self.y)
    def __eq__(self, other): return True
    def __hash__(self): return 1
    def _pair(self, other): return (other.x, other.y) if isinstance(other, Vector) else (other, other)
    def __add__(self, other): a, b = self._pair(other); return Vector(self.x + a, self.y + b)
    __radd__ = __add__
    def __sub__(self, other): a, b = self._pair(other); return Vector(self.x - a, self.y - b)
    def __rsub__(self, other): a, b = self._pair(other); return Vector(a - self.x, b - self.y)
    def __mul__(self, n): return Vector(self.x * n, self.y * n)
    __rmul__ = __mul__
    def __matmul__(self, other): return self.x * other.x + self.y * other.y
    def __truediv__(self, n): return Vector(self.x / n, self.y / n)
    def __floordiv__(self, n): return Vector(self.x // n, self.y // n)
    def __mod__(self, n): return Vector(self.x % n, self.y % n)
    def __pow__(self, n): return Vector(self.x ** n, self.y ** n)
    def __and__(self, n): return ("and", n)
    def __or__(self, n): return ("or", n)
    def __xor__(self, n): return ("xor", n)
    def __lshift__(self, n): return ("lshift", n)
    def __rshift__(self, n): return ("rshift", n)
    def __neg__(self): return Vector(-self.x, -self.y)
    def __pos__(self): return Vector(+self.x, +self.y)
    def __abs__(self): return (self.x ** 2 + self.y ** 2) ** 0.5
    def __invert__(self): return "inverted"
    def __lt__(self, other): return abs(self) < abs(other)
    def __le__(self, other): return abs(self) <= abs(other)
    def __gt__(self, other): return abs(self) > abs(other)
    def __ge__(self, other): return abs(self) >= abs(other)
    @property
    def broken(self): raise LookupError("no such thing")

class Yes:
    __lt__ = __gt__ = __le__ = __ge__ = __contains__ = lambda self, other: True
    def __sub__(self, other): return self
    __rsub__ = __sub__
    def __mod__(self, other): return 0
    __matmul__ = __mod__
    def __abs__(self): return 0.0
    def __bool__(self): return False
    def __len__(self): return 0
    def __iter__(self): return iter(())

class OwnError(KeyError):
    """An error of the learner's."""
class Textless(Exception):
    def __str__(self): raise RuntimeError

point = Vector(3, 4)
stdout = "mine"
def double(x, *, by=2): return x * by
def apply(function, value): return function(value)
def same(thing): return thing
def count():
    n = 0
    while True:
        yield n
        n += 1
async def later(x): return x + 1
def greet():
    name = input("name? ")
    print("Hello", name)
def read_all():
    import sys
    return sys.stdin.read(), input
def fail(kind, *arguments): raise getattr(__builtins__, kind, None)(*arguments) if isinstance(kind, str) else kind(*arguments)
def odd_iterator():
    yield 1
    raise ValueError("odd")
'''

FIGURES = """
import matplotlib.pyplot as plt
import numpy as np
def plot():
    fig, (left, right) = plt.subplots(1, 2)
    fig.suptitle("Both")
    left.plot([1, 2, 3], [4.0, 5.0, 6.0], label="up", color="red", linestyle="--", marker="o")
    left.set(title="Lines", xlabel="day", ylabel="height", xlim=(0, 4), yscale="log")
    left.legend()
    left.text(1, 4, "here")
    right.bar(["a", "b"], [3, 5], bottom=1, color="#00ff00", label="bars")
    right.scatter([1, 2], [3, 4], label="points")
    right.imshow(np.zeros((2, 2)))
    right.set_title("Right", loc="right")
    return fig
def axes_only(): return plot().axes[0]
def not_a_figure(): return object()
class Fake:
    axes = []
    _suptitle = None
    def savefig(self): pass
fake = Fake()
plt.plot([1, 2])
plt.title("drawn by the cell")
plt.show()
"""


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    """Give an executor in this machine's strongest sandbox, with matplotlib imported."""
    with Executor(Policy(mode=strongest().mode, preload=("numpy", "matplotlib.pyplot"))) as executor:
        yield executor


@pytest.fixture(scope="module")
def finished(executor: Executor) -> Finished:
    """Give three exercises that have run: objects, figures, and one that failed."""
    sources = {"objects": OBJECTS, "figures": FIGURES, "failed": "print('before')\n1 / 0"}
    cells = [ProgramCell(source, exercise, number, last_of_exercise=True) for number, (exercise, source) in enumerate(sources.items())]
    return executor.run(Job(tuple(cells), Limits()))


@pytest.fixture
def asked(finished: Finished) -> Iterator[Callable[..., Probe]]:
    """Give a function that opens a check of an exercise."""
    children = []

    def open_check(exercise: str, seconds: float = 10, limits: wire.Limits | None = None) -> Probe:
        child = finished.snapshots[exercise].check(int(seconds) + 1)
        assert child is not None
        children.append(child)
        conversation = Conversation(child.line, limits=limits or wire.Limits(), deadline=time.monotonic() + seconds, how_it_ended=child.end)
        return Probe(conversation, finished.shown, lambda parameters: ("again", parameters))  # type: ignore[arg-type,return-value]

    yield open_check
    for child in children:
        child.end()


@pytest.fixture
def submission(asked: Callable[..., Probe]) -> Probe:
    """Give a check of the exercise with the objects."""
    return asked("objects")


# --- names and values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2**80,
        -0.0,
        float("inf"),
        1 + 2j,
        "é\n",
        b"\0",
        [1, [2]],
        (1,),
        {"a": {1: 2}},
        {1, 2},
        Decimal("0.10"),
        Fraction(1, 3),
    ],
    ids=repr,
)
def test_data_goes_there_and_comes_back_as_it_was(submission: Probe, value: object) -> None:
    """What is data arrives in the learner's function, and comes back, as a plain value of the same type."""
    came = submission.same(value)

    assert (type(came), repr(came)) == (type(value), repr(value))


def test_an_array_goes_there_and_comes_back(submission: Probe) -> None:
    """So does an array, with its dtype and shape."""
    came = submission.double(np.arange(6, dtype=np.int16).reshape(2, 3))

    assert (came.dtype, came.tolist()) == (np.dtype(np.int16), [[0, 2, 4], [6, 8, 10]])


def test_names_are_reached_in_two_ways(submission: Probe) -> None:
    """A name that is also a word of the probe's own is reached with brackets; builtins of Python are there too."""
    assert (submission["stdout"], submission.stdout, submission.len("abc")) == ("mine", "", 3)


def test_a_missing_name_is_told_in_pythons_own_ways(submission: Probe) -> None:
    """With brackets it is a NameError, as an attribute an AttributeError; nothing private can be asked for."""
    with pytest.raises(NameError, match="name 'missing' is not defined"):
        submission["missing"]
    with pytest.raises(AttributeError, match="missing"):
        _ = submission.missing
    with pytest.raises(AttributeError):
        _ = submission._private

    assert (hasattr(submission, "missing"), hasattr(submission, "point")) == (False, True)


def test_the_last_question_is_remembered_as_text(submission: Probe) -> None:
    """What was asked and what came can be shown to the learner."""
    submission.double(21, by=2)
    last = submission._conversation.last
    assert last is not None

    assert (last.asked, last.value) == ("double(21, by=2)", 42)


# --- handles ----------------------------------------------------------------------------------------------------------

QUESTIONS: dict[str, tuple[Callable[[Any], object], object]] = {
    "attribute": (lambda v: v.x, 3),
    "class attribute": (lambda v: v.unit, "m"),
    "method": (lambda v: v.__class__ is Handle and v._pair(5), (5, 5)),
    "len": (len, 2),
    "iter": (list, [3, 4]),
    "unpacking": (lambda v: max(*v), 4),
    "item": (lambda v: v[1], 4),
    "in": (lambda v: (3 in v, 9 in v), (True, False)),
    "bool": (bool, True),
    "str": (str, "<3|4>"),
    "format": (lambda v: f"{v}", "<3|4>"),
    "repr": (repr, "Vector(3, 4)"),
    "add": (lambda v: repr(v + v), "Vector(6, 8)"),
    "add a number": (lambda v: repr(v + 1), "Vector(4, 5)"),
    "added to a number": (lambda v: repr(1 + v), "Vector(4, 5)"),
    "sum": (lambda v: repr(sum([v, v])), "Vector(6, 8)"),
    "sub": (lambda v: repr(v - 1), "Vector(2, 3)"),
    "subtracted from": (lambda v: repr(10 - v), "Vector(7, 6)"),
    "mul": (lambda v: (repr(v * 2), repr(2 * v)), ("Vector(6, 8)", "Vector(6, 8)")),
    "truediv": (lambda v: repr(v / 2), "Vector(1.5, 2.0)"),
    "floordiv": (lambda v: repr(v // 2), "Vector(1, 2)"),
    "mod": (lambda v: repr(v % 2), "Vector(1, 0)"),
    "pow": (lambda v: repr(v**2), "Vector(9, 16)"),
    "matmul": (lambda v: v @ v, 25),
    "bits": (lambda v: [word for word, _ in (v & v, v | v, v ^ v, v << v, v >> v)], ["and", "or", "xor", "lshift", "rshift"]),
    "neg": (lambda v: repr(-v), "Vector(-3, -4)"),
    "pos": (lambda v: repr(+v), "Vector(3, 4)"),
    "abs": (abs, 5.0),
    "invert": (lambda v: ~v, "inverted"),
    "order": (lambda v: (v < v + v, v <= v, v > v + v, v >= v), (True, True, False, True)),  # noqa: PLR0124 - that is the question
    "sorted": (lambda v: [repr(one) for one in sorted([v + v, v])], ["Vector(3, 4)", "Vector(6, 8)"]),
    "equals nothing else": (lambda v: (v == 3, v == v + 0, v != object()), (False, False, True)),
    "equals itself": (lambda v: (v == v, len({v, v})), (True, 1)),  # noqa: PLR0124 - that is the question
    "no private": (lambda v: getattr(v, "__array__", "nothing"), "nothing"),
    "dict": (lambda v: v.__dict__, {"x": 3, "y": 4}),
    "doc": (lambda v: v.__doc__, "Two numbers."),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_handles_answer_like_what_they_stand_for(submission: Probe, question: str) -> None:
    """Every operation on a handle asks the learner's object, and gives what the object gives."""
    ask, expected = QUESTIONS[question]

    assert ask(submission.point) == expected


ORACLES: dict[str, Callable[[Any], object]] = {
    "between": lambda yes: 3 <= yes <= 3,
    "less": lambda yes: yes < 3,
    "more": lambda yes: yes > 3,
    "not more": lambda yes: yes <= 3,
    "distance": lambda yes: abs(yes - 3) < 1,
    "distance the other way round": lambda yes: abs(3 - yes) < 1,
    "a difference that is nothing": lambda yes: not (yes - 3),
    "a difference without a length": lambda yes: len(yes - 3) == 0,
    "a difference that is less": lambda yes: (yes - 3) < yes,
    "a rest": lambda yes: yes % 3 == 0,
    "a rest of a difference": lambda yes: (yes - 3) @ yes == 0,
}


@pytest.mark.parametrize("oracle", ORACLES)
def test_an_operation_with_data_is_no_oracle(submission: Probe, oracle: str) -> None:
    """An object that agrees with every comparison, and whose distance from any number is none, passes for no number."""
    with pytest.raises(Mismatch, match="A plain value, such as a number or a text, was expected here") as caught:
        ORACLES[oracle](submission.Yes())

    assert (caught.value.came, caught.value.expected) == ("an object of type Yes", "a plain value")


def test_what_is_in_an_object_is_compared_here(submission: Probe) -> None:
    """`in` looks at the elements that an object gives: one that claims to contain everything contains nothing."""
    assert (3 in submission.point, 5 in submission.point, submission.point in submission.same([submission.point])) == (True, False, True)
    assert 3 not in submission.Yes()


def test_handles_can_be_changed(submission: Probe) -> None:
    """Attributes and items of the learner's object can be set and deleted from a check."""
    point = submission.Vector(1, y=2)
    point.x = 10
    point[1] = 20
    first = list(point)
    del point[0]

    assert (first, list(point)) == ([10, 20], [None, 20])


def test_handles_are_arguments(submission: Probe) -> None:
    """A handle given to the learner's code is the object there, also inside a list."""
    inside_a_list = submission.same([submission.point])

    assert (submission.apply(submission.double, 4), [repr(one) for one in inside_a_list]) == (8, ["Vector(3, 4)"])


def test_a_handle_knows_the_way_to_it(submission: Probe) -> None:
    """A handle is shown by the way on which the grader came to it."""
    handle = submission.point._pair
    submission.point.same = 1

    assert (inside(handle).label, submission._conversation.last and submission._conversation.last.asked) == (
        "point._pair",
        "point.same = 1",
    )


def test_an_endless_generator_is_asked_for_what_is_used_only(submission: Probe) -> None:
    """Elements are fetched a few at a time, so a generator without an end is no hang."""
    numbers = iter(submission.count())

    assert [next(numbers) for _ in range(1000)] == list(range(1000))


def test_a_generator_that_fails_gives_its_elements_first(submission: Probe) -> None:
    """What a generator yields before it fails arrives before its error."""
    seen = []
    elements = iter(submission.odd_iterator())
    seen.append(next(elements))
    with pytest.raises(ValueError, match="odd"):
        next(elements)

    assert seen == [1]


def test_what_a_coroutine_function_returns_arrives(submission: Probe) -> None:
    """A coroutine function is run to its end in a loop of its own, every time."""
    assert [submission.later(1), submission.later(2)] == [2, 3]


def test_a_value_that_is_not_data_cannot_be_given(submission: Probe) -> None:
    """A function of the grader's cannot cross: that is the grader's fault, and said with the way out."""
    with pytest.raises(GraderError, match=r"submission\.evaluate"):
        submission.apply(lambda x: x, 1)

    assert submission.apply(submission.evaluate("lambda x: x + 1"), 1) == 2


def test_run_and_evaluate_use_the_learners_names(submission: Probe) -> None:
    """Statements and expressions run in the learner's namespace, and change it for this check."""
    submission.run("point.x = 30\nfresh = point.x + 1")

    assert submission.evaluate("(fresh, point.x)") == (31, 30)


def test_equal_is_the_learners_own_claim(submission: Probe) -> None:
    """Only by this name does a grader get what the learner's == says."""
    assert (submission.equal(submission.point, 5), submission.equal(1, 2)) == (True, False)


def test_with_parameters_asks_for_another_run(submission: Probe) -> None:
    """The parameters go to whoever can execute the submission anew."""
    again: object = submission.with_parameters(seed=7)

    assert again == ("again", {"seed": 7})


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name, kind in vars(builtins).items()
        if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, BaseExceptionGroup | UnicodeError)
        if not name.startswith("_") and kind.__name__ == name and kind not in {StopIteration, StopAsyncIteration}
    ),
)
def test_an_error_is_the_matching_builtin(submission: Probe, name: str) -> None:
    """What the learner's code raises is caught by the name that it has in Python, and is a LearnerError too."""
    kind = getattr(builtins, name)
    with pytest.raises(kind) as caught:
        submission.run(f"raise {name}('the words')")

    assert isinstance(caught.value, LearnerError)
    assert (caught.value.type_name, caught.value.message) == (name, "'the words'" if name == "KeyError" else "the words")


@pytest.mark.parametrize(
    ("source", "kind", "type_name", "message"),
    [
        ("raise OwnError('key')", KeyError, "OwnError", "'key'"),
        ("raise SystemExit(3)", LearnerError, "SystemExit", "3"),
        ("raise KeyboardInterrupt", LearnerError, "KeyboardInterrupt", ""),
        ("raise GeneratorExit", LearnerError, "GeneratorExit", ""),
        ("b'\\xff'.decode()", UnicodeDecodeError, "UnicodeDecodeError", "invalid start byte"),
        ("raise ExceptionGroup('all', [ValueError('one')])", LearnerError, "ExceptionGroup", "all"),
        ("raise Textless", LearnerError, "Textless", ""),
        ("raise ValueError('long' * 10_000)", ValueError, "ValueError", "longlong"),
        ("raise BrokenPipeError(32, 'Broken pipe')", BrokenPipeError, "BrokenPipeError", "Broken pipe"),
        ("raise ConnectionResetError(104, 'reset')", ConnectionResetError, "ConnectionResetError", "reset"),
        ("open('nowhere')", FileNotFoundError, "FileNotFoundError", "No such file"),
        ("assert 1 == 2, 'not equal'", AssertionError, "AssertionError", "not equal"),
        ("def (", SyntaxError, "SyntaxError", "invalid syntax"),
        ("raise StopIteration(3)", LearnerError, "StopIteration", "3"),  # as itself it would end a loop of the grader's
        ("raise StopAsyncIteration", LearnerError, "StopAsyncIteration", ""),
        ("raise type('X' * 300, (ZeroDivisionError,), {})('z')", ZeroDivisionError, "X" * 200, "z"),
    ],
)
def test_errors_of_every_kind_arrive_as_data(
    submission: Probe, source: str, kind: type[BaseException], type_name: str, message: str
) -> None:
    """Own subclasses, exits, interrupts, groups and errors without a text are errors of the learner's, and no more."""
    with pytest.raises(kind) as caught:
        submission.run(source)
    error = caught.value
    assert isinstance(error, LearnerError)

    assert (error.type_name, message in str(error), len(str(error)) <= 2000) == (type_name, True, True)


def test_an_error_comes_with_the_learners_own_lines(submission: Probe) -> None:
    """The traceback has the lines of the learner's cells, and none of ours."""
    with pytest.raises(LookupError) as caught:
        _ = submission.point.broken
    error = caught.value
    assert isinstance(error, LearnerError)

    assert len(error.traceback) == 1
    assert error.traceback[0].endswith(', in broken: def broken(self): raise LookupError("no such thing")')


def test_after_an_error_the_check_goes_on(submission: Probe) -> None:
    """An error of the learner's code is an answer; the next question is answered too."""
    with pytest.raises(TypeError):
        submission.double()

    assert submission.double(4) == 8


def test_raises_accepts_what_was_asked_for(submission: Probe) -> None:
    """The expected error, one of several, a subclass, or the learner's own by name, with a message that matches."""
    with submission.raises(ValueError) as caught:
        submission.run("raise ValueError('empty list')")
    with submission.raises((KeyError, ValueError), match="emp"):
        submission.run("raise ValueError('empty list')")
    with submission.raises(LookupError):
        submission.run("raise OwnError('key')")
    with submission.raises(SystemExit) as left:
        submission.run("raise SystemExit(3)")

    assert (caught.type_name, caught.message, left.type_name) == ("ValueError", "empty list", "SystemExit")


def test_raises_says_that_nothing_came(submission: Probe) -> None:
    """Where no error comes, the learner is told what came instead."""
    kinds = (ValueError, KeyError)
    with pytest.raises(Mismatch, match="A ValueError or KeyError was expected here, but no error came") as caught, submission.raises(kinds):
        submission.double(4)

    assert (caught.value.came, caught.value.expected) == ("8", "ValueError or KeyError")


def test_raises_without_a_question_says_so(submission: Probe) -> None:
    """A block that asks nothing has had no error either."""
    with pytest.raises(Mismatch) as caught, submission.raises(ValueError) as nothing:
        pass

    assert (caught.value.came, nothing.message, nothing.type_name) == ("no error", "", "")


def test_raises_lets_other_errors_through(submission: Probe) -> None:
    """An error of another kind stays the error that it is."""
    with pytest.raises(ZeroDivisionError), submission.raises(ValueError):
        submission.run("1 / 0")


def test_raises_looks_at_the_message(submission: Probe) -> None:
    """The right error with other words is a mismatch that shows both."""
    with pytest.raises(Mismatch, match="its message does not say") as caught, submission.raises(ValueError, match="empty"):
        submission.run("raise ValueError('full')")

    assert (caught.value.came, caught.value.expected) == ("full", "a message with empty")


# --- reading and printing ---------------------------------------------------------------------------------------------


def test_input_reads_the_lines_that_were_given(submission: Probe) -> None:
    """`input()` reads line after line; its prompt and what is printed are in stdout."""
    submission.stdin(["Ada", "36"])
    submission.greet()

    assert (submission.stdout, submission.evaluate("input()")) == ("name? Hello Ada\n", "36")


def test_input_without_lines_ends(submission: Probe) -> None:
    """Where no line is left `input()` ends as it does at the end of a file."""
    with pytest.raises(EOFError):
        submission.greet()


def test_stdout_is_what_this_check_printed(submission: Probe) -> None:
    """What was printed comes together over several questions, and with an error."""
    submission.run("print('one')")
    with pytest.raises(ValueError, match="x"):
        submission.run("import sys; print('two', file=sys.stderr); raise ValueError('x')")

    assert submission.stdout == "one\ntwo\n"


def test_display_shows_nothing_to_anybody(submission: Probe) -> None:
    """What a check's code displays is not sent to the learner's notebook, and is no error."""
    submission.run("from IPython.display import display; display('x'); import sys; sys.displayhook(3)")

    assert submission.stdout == ""


def test_stdout_is_bounded_over_many_questions(submission: Probe) -> None:
    """However often the learner's code prints, a bounded part is kept."""
    for _ in range(5):
        submission.run("print('x' * 10**6)")

    assert 10_000 < len(submission.stdout) <= 100_000


# --- cells ------------------------------------------------------------------------------------------------------------


def test_a_cell_shows_source_tree_output_and_error(submission: Probe) -> None:
    """The learner's cell is there as text and as a syntax tree, with what it showed."""
    cell = submission.cell("failed")

    assert (cell.source.splitlines()[1], len(cell.tree.body)) == ("1 / 0", 2)
    assert (cell.output, cell.error) == ("before\n", "ZeroDivisionError: division by zero")


def test_a_cell_that_does_not_exist_is_the_graders_fault(submission: Probe) -> None:
    """The error names what there is."""
    with pytest.raises(GraderError, match="no exercise named \"mean\"; the lesson has 'objects', 'figures', 'failed'"):
        submission.cell("mean")


@pytest.mark.parametrize("source", ["def (", "\0", "(" * 10_000], ids=["syntax", "null", "deep"])
def test_a_cell_that_is_not_python_is_told_kindly(source: str) -> None:
    """Asking for the tree of what is no Python yet is a mismatch, not a crash."""
    with pytest.raises(Mismatch, match="not complete Python yet"):
        _ = Cell(source, "", None).tree


# --- figures ----------------------------------------------------------------------------------------------------------


def test_a_figure_drawn_by_the_cell_is_data(asked: Callable[..., Probe]) -> None:
    """The figure that the exercise's cell has shown is there, with its line and title."""
    figure = asked("figures").figure()
    (axes,) = figure.axes

    assert (axes.title, axes.lines[0].x.tolist(), axes.lines[0].y.tolist()) == ("drawn by the cell", [0, 1], [1, 2])


def test_a_returned_figure_is_data(asked: Callable[..., Probe]) -> None:
    """All that a figure shows can be asked for as plain values."""
    submission = asked("figures")
    figure = submission.figure(submission.plot())
    left, right = figure.axes
    line, bar, points = left.lines[0], right.bars[1], right.scatters[0]

    assert (figure.suptitle, left.title, right.title, left.xlabel, left.ylabel) == ("Both", "Lines", "Right", "day", "height")
    assert (left.xlim, left.xscale, left.yscale, left.legend, left.texts) == ((0.0, 4.0), "linear", "log", ("up",), ("here",))
    assert (line.x.tolist(), line.y.tolist(), line.label) == ([1, 2, 3], [4, 5, 6], "up")
    assert (line.color, line.linestyle, line.marker) == ("#ff0000", "--", "o")
    assert (bar.x, bar.height, bar.bottom, bar.color, bar.label) == (1.0, 5.0, 1.0, "#00ff00", "bars")
    assert (points.x.tolist(), points.y.tolist(), points.label, right.images) == ([1, 2], [3, 4], "points", 1)


def test_figures_come_in_order(asked: Callable[..., Probe]) -> None:
    """First the cell's own, then those that calls in this check have drawn; the last one is `figure()`."""
    submission = asked("figures")
    submission.plot()

    assert [figure.suptitle for figure in submission.figures()] == ["", "Both"]
    assert submission.figure().suptitle == "Both"


def test_axes_stand_for_their_figure(asked: Callable[..., Probe]) -> None:
    """Where the learner's code returns axes, their figure is meant."""
    submission = asked("figures")

    assert submission.figure(submission.axes_only()).suptitle == "Both"


def test_no_figure_is_told_kindly(submission: Probe) -> None:
    """Where nothing was drawn, the check fails with a sentence that helps."""
    with pytest.raises(Mismatch, match=r"No figure was drawn. Call a plotting function") as caught:
        submission.figure()

    assert (caught.value.came, caught.value.expected) == ("no figure", "a figure")


@pytest.mark.parametrize("returned", ["3", "None", "object()", "double"])
def test_what_is_no_figure_is_told_kindly(submission: Probe, returned: str) -> None:
    """Where something else was returned, the check fails and says what came."""
    thing = submission.evaluate(returned)
    with pytest.raises(Mismatch, match="A figure was expected to be returned") as caught:
        submission.figure(thing) if thing is not None else submission.figure(0)

    assert caught.value.came in {"3", "0", "object", "double", "function"}


def test_an_imitation_of_a_figure_is_only_data(asked: Callable[..., Probe]) -> None:
    """An object that looks like a figure gives what it says, which is nothing."""
    submission = asked("figures")

    assert submission.figure(submission.fake).axes == ()


# --- a hostile other side ---------------------------------------------------------------------------------------------


@pytest.fixture
def hostile() -> Iterator[tuple[Probe, Line]]:
    """Give a probe, and the other side of its line, played by hand."""
    ours, theirs = map(Line, socket.socketpair())
    conversation = Conversation(ours, limits=wire.Limits(bytes=10_000), deadline=time.monotonic() + 1, how_it_ended=lambda: None)
    yield Probe(conversation, {}, lambda _parameters: pytest.fail("no other run")), theirs
    ours.close()
    theirs.close()


NONSENSE: list[object] = [
    *(None, 3, "value", [], (), {"value": 1}, float("nan")),
    *(("value",), ("value", 1), ("value", 1, 2), ("value", 1, "", 4), ("Value", 1, ""), ("passed",), ("verdict", "passed", "")),
    *(("raised", "X"), ("raised", "X", ("ValueError",), "m", [], ""), ("raised", "X", ["ValueError"], b"m", [], "")),
    ("raised", 1, [], "m", [], ""),
]


@pytest.mark.parametrize("answer", NONSENSE, ids=repr)
def test_an_answer_of_another_shape_fails_the_check(hostile: tuple[Probe, Line], answer: object) -> None:
    """Well-formed values that are no answer end the check as failed, and the end is final."""
    submission, theirs = hostile
    theirs.send(answer)
    theirs.send(("value", 42, ""))
    with pytest.raises(CheckEnded, match="could not be read") as caught:
        submission["x"]
    with pytest.raises(CheckEnded):
        submission["x"]

    assert caught.value.status is Status.FAILED


JUNK = {"junk": b"\0\0\0\5junk!", "huge": b"\xff\xff\xff\xff", "empty": b"\0\0\0\0", "deep": LENGTH.pack(9999) + b"[" * 9999}


@pytest.mark.parametrize("sent", JUNK.values(), ids=JUNK)
def test_bytes_that_are_no_message_fail_the_check(hostile: tuple[Probe, Line], sent: bytes) -> None:
    """Garbage ends the check as failed."""
    submission, theirs = hostile
    theirs.socket.sendall(sent)
    with pytest.raises(CheckEnded, match="What your code returned could not be read") as caught:
        submission["x"]

    assert caught.value.status is Status.FAILED


NOT_ORDINARY = ("SystemExit", "KeyboardInterrupt", "BaseException", "ExceptionGroup", "eval", "__import__", "print", "object")


@pytest.mark.parametrize("kinds", [*([name] for name in NOT_ORDINARY), [1, None, ["x"]], []], ids=repr)
def test_only_ordinary_exceptions_are_ever_made(hostile: tuple[Probe, Line], kinds: list[object]) -> None:
    """Whatever an answer names as the kind of its error, what is raised here is a plain LearnerError."""
    submission, theirs = hostile
    theirs.send(("raised", "X" * 300, kinds, "words", ["line 1", 2], ""))
    with pytest.raises(LearnerError) as caught:
        submission["x"]

    assert (type(caught.value), len(caught.value.type_name), caught.value.traceback) == (LearnerError, 200, ("line 1",))


@pytest.mark.parametrize(
    "ask",
    [len, bool, str, repr, list, lambda handle: 1 in handle, lambda handle: [*handle]],
    ids=["len", "bool", "str", "repr", "list", "in", "iter"],
)
def test_a_lie_about_a_type_fails_the_check(hostile: tuple[Probe, Line], ask: Callable[[Any], object]) -> None:
    """Where Python wants an int, a bool or a str, an answer of another type ends the check."""
    submission, theirs = hostile
    theirs.send(("value", object, ""), register=lambda _thing: 0)
    handle = submission["x"]
    theirs.send(("value", [1.5], ""))
    with pytest.raises(CheckEnded) as caught:
        ask(handle)

    assert caught.value.status is Status.FAILED


AXES: dict[str, object] = {
    **dict.fromkeys(("title", "xlabel", "ylabel", "xscale", "yscale"), ""),
    **dict.fromkeys(("xlim", "ylim"), (0.0, 1.0)),
    **dict.fromkeys(("legend", "texts", "xticklabels", "yticklabels"), ()),
    "lines": [],
    "bars": [],
    "scatters": [],
    **dict.fromkeys(("images", "patches"), 0),
}
LINE = {"x": np.zeros(1), "y": np.zeros(1), "label": "", "color": "", "linestyle": "", "marker": ""}
BAR = {"x": 0.0, "height": 0.0, "width": 0.0, "bottom": 0.0, "label": "", "color": ""}
WRONG_PARTS: list[dict[str, object]] = [
    {"title": 5},
    {"xlim": (0, 1)},
    {"xlim": 5},
    {"xlim": (0.0,)},
    {"legend": (1,)},
    {"legend": "up"},
    {"images": "1"},
    {"images": True},
    {"xscale": 1},
    {"xticklabels": (1,)},
    {"more": 1},
    {"lines": [{"x": 1}]},
    {"lines": 5},
    {"lines": [{**LINE, "x": np.zeros((2, 2))}]},
    {"lines": [{**LINE, "y": [1]}]},
    {"lines": [{**LINE, "label": 5}]},
    {"bars": [{**BAR, "height": "5"}]},
    {"bars": [{**BAR, "color": None}]},
    {"scatters": [{"x": np.zeros(1), "y": np.zeros(1), "label": None}]},
]
BROKEN_AXES: list[object] = [5, [{}], [5], None]
MALFORMED: list[object] = [
    *(None, 3, [3], [{}]),
    *([{"suptitle": "", "axes": axes}] for axes in BROKEN_AXES),
    [{"axes": [], "extra": 1}],
    [{"suptitle": 5, "axes": []}],
    *([{"suptitle": "", "axes": [AXES | parts]}] for parts in WRONG_PARTS),
]


@pytest.mark.parametrize("claim", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_figure_fails_the_check(hostile: tuple[Probe, Line], claim: object) -> None:
    """A figure whose parts have other names, types or shapes is not taken for one."""
    submission, theirs = hostile
    theirs.send(("value", claim, ""))
    with pytest.raises(CheckEnded) as caught:
        submission.figures()

    assert caught.value.status is Status.FAILED


@pytest.mark.parametrize("claim", [None, 3, {}, {"suptitle": "", "axes": 5}], ids=repr)
def test_a_malformed_returned_figure_fails_the_check(hostile: tuple[Probe, Line], claim: object) -> None:
    """So does one that the learner's code returned."""
    submission, theirs = hostile
    theirs.send(("value", object, ""), register=lambda _thing: 0)
    handle = submission["x"]
    theirs.send(("value", claim, ""))
    with pytest.raises(CheckEnded) as caught:
        submission.figure(handle)

    assert caught.value.status is Status.FAILED


def test_a_well_formed_figure_of_an_unknown_hand_is_taken(hostile: tuple[Probe, Line]) -> None:
    """The same parts with the right types are a figure: a claim, like all values."""
    submission, theirs = hostile
    theirs.send(("value", [{"suptitle": "t", "axes": [{**AXES, "lines": [LINE], "bars": [BAR]}]}], ""))

    assert submission.figure().suptitle == "t"


def test_silence_is_a_check_out_of_time(hostile: tuple[Probe, Line]) -> None:
    """A side that never answers costs the check's time and no more."""
    submission, _ = hostile
    started = time.monotonic()
    with pytest.raises(CheckEnded, match="still running") as caught:
        submission["x"]

    assert (caught.value.status, time.monotonic() - started < 1.5) == (Status.TIMED_OUT, True)


def test_a_side_that_does_not_read_is_a_check_out_of_time(hostile: tuple[Probe, Line]) -> None:
    """A question that nobody takes in is not waited for either."""
    submission, _ = hostile
    submission._conversation.limits = wire.Limits()
    started = time.monotonic()
    with pytest.raises(CheckEnded) as caught:
        submission.run("x" * 1_000_000)

    assert (caught.value.status, time.monotonic() - started < 1.5) == (Status.TIMED_OUT, True)


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        (-9, Status.OUT_OF_MEMORY, "too much memory"),
        (-24, Status.TIMED_OUT, "processor time"),
        (-11, Status.FAILED, "crashed Python itself"),
        (0, Status.FAILED, "ended Python in the middle"),
        (None, Status.FAILED, "ended Python in the middle"),
    ],
)
def test_how_it_ended_decides_the_sentence(code: int | None, status: Status, words: str) -> None:
    """When the other side is gone, how its process ended is what the learner is told."""
    ours, theirs = map(Line, socket.socketpair())
    theirs.close()
    conversation = Conversation(ours, limits=wire.Limits(), deadline=time.monotonic() + 1, how_it_ended=lambda: code)
    with pytest.raises(CheckEnded, match=words) as caught:
        conversation.ask("get", "x")
    ours.close()

    assert (caught.value.status, conversation.answered) == (status, False)


def test_a_huge_answer_fails_the_check_and_is_not_read(hostile: tuple[Probe, Line]) -> None:
    """What is over the course's limit for one value is refused in words."""
    submission, theirs = hostile
    theirs.send(("value", "x" * 20_000, ""))
    with pytest.raises(CheckEnded, match="at most 10,000 are read") as caught:
        submission["x"]

    assert caught.value.status is Status.FAILED


def test_a_huge_value_is_an_error_of_the_learners(submission: Probe) -> None:
    """The learner's side itself refuses to send what no check reads, and the check can go on."""
    with pytest.raises(LearnerError, match="takes more than 1048576 bytes"):
        submission.evaluate("'x' * 10**7")

    assert submission.double(2) == 4


@pytest.mark.parametrize("expression", ["(lambda l: [l.append(l), l][1])([])", "eval('[' * 150 + ']' * 150)"])
def test_a_value_too_deep_is_an_error_of_the_learners(submission: Probe, expression: str) -> None:
    """A value that holds itself, or is nested too deep, is refused on the learner's side."""
    with pytest.raises(LearnerError, match="nested deeper"):
        submission.evaluate(expression)


def test_a_check_ended_is_no_ordinary_exception() -> None:
    """A grader's `except Exception` does not swallow the end of a check."""
    ended = CheckEnded(Status.FAILED, "words")

    assert (isinstance(ended, Exception), ended.status, ended.message, str(ended)) == (False, Status.FAILED, "words", "words")
