"""`hornbook.grading.assert_cells`: test cells of a notebook ask on the trusted side, and whoever attacks them earns nothing."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import nbgrading as nb
import pytest

from hornbook import Course, grade
from hornbook.exchange.bringing import import_nbgrader
from hornbook.lesson import Cell, Lesson, fill, write_lesson
from hornbook.model import Assurance, Status
from hornbook.sandbox.forkserver import ForkServers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hornbook.model import Outcome, Verdict

# --- What a test cell may do ------------------------------------------------------------------------------------------

ANSWER = """
import numpy as np
number = 5
words = ["a", "b"]

def double(x):
    return 2 * x

def refuse(x):
    raise ValueError(f"not {x}")

def talk():
    print("hello")

def reverse(xs):
    xs.reverse()

def sum(xs):
    return 42

def leave():
    import os
    os._exit(0)

def steps():
    yield 1
    yield 2

def apply(function, xs):
    return [function(x) for x in xs]

class Thing:
    def method(self):
        return "done"

class Part(Thing):
    pass

thing = Thing()
part = Part()
"""

HEAD = """
import pytest

def given_1():
    "What cell 1 gives"
    global data, agrees, number
    data = [1, 2, 3]
    number = 1
    def agrees(x):
        return double(x) == 2 * x

def twice_as_much(x):
    return double(x) == x + x

cell = pytest.mark.assert_cell
one = pytest.mark.exercise("work", points=1)
"""


def ask(root: Path, body: str, marks: str = "@cell\n@one", answer: str = ANSWER, after: str = "") -> Verdict:
    """Return the verdict of the one check whose function has *body*, on *answer*, in a course made at *root*."""
    for folder in ("lessons", "graders"):
        (root / folder).mkdir(parents=True)
    lesson = Lesson(
        path=root / "lessons" / "works.ipynb",
        slug="works",
        title="Works",
        version="1.0.0",
        summary="Work.",
        objectives=("Work",),
        level="beginner",
        minutes=5,
        authors=("hornbook maintainers",),
        licence="CC-BY-4.0",
        cells=(Cell("code", "...", exercise="work", id="work"),),
    )
    write_lesson(lesson)
    function = f'{marks}\ndef test_it():\n    """It works"""\n{textwrap.indent(textwrap.dedent(body).strip(chr(10)), "    ")}\n'
    (root / "graders" / "test_works.py").write_text(f"{HEAD}\n{function}\n{after}", "utf-8")
    course = Course.open(root)
    return grade(fill(course.lesson("works"), {"work": answer}), course, seed=1)


def outcome(root: Path, body: str, **more: str) -> Outcome:
    """Return the outcome of that one check."""
    return ask(root, body, **more).outcomes[0]


HOLDS = {
    "a comparison": """
assert double(4) == 8
""",
    "what is given": """
assert all(agrees(x) for x in data)
""",
    "a helper of the grader's": """
assert twice_as_much(3)
""",
    "a name of its own": """
global x
x = double(2)
assert [x + i for i in range(2)] == [4, 5]
""",
    "a nested function": """
def inner(y):
    return double(y) + 1
assert inner(1) == 3
""",
    "a method of a class of its own": """
class Own:
    def m(self):
        return double(3)
assert Own().m() == 6
""",
    "numpy": """
import numpy as np
np.testing.assert_array_equal(double(np.array([1, 2])), [2, 4])
""",
    "nose": """
from nose.tools import assert_equal, assert_raises, eq_, ok_
assert_equal(double(1), 2)
assert_raises(ValueError, refuse, 1)
eq_(double(2), 4)
ok_(double(1))
""",
    "nose as a module": """
import nose.tools
nose.tools.assert_in(double(1), [2])
""",
    "a decorator of nose": """
from nose.tools import raises
@raises(ValueError)
def inner():
    refuse(1)
inner()
""",
    "unittest": """
import unittest
case = unittest.TestCase()
case.assertEqual(double(1), 2)
with case.assertRaises(ValueError):
    refuse(2)
case.assertIsInstance(part, Thing)
""",
    "pytest": """
with pytest.raises(ValueError, match='not 3'):
    refuse(3)
""",
    "an exception as what it is": """
try:
    refuse(1)
except ValueError as error:
    assert str(error) == 'not 1'
else:
    raise AssertionError
""",
    "what is printed": r"""
import io
from contextlib import redirect_stdout
out = io.StringIO()
with redirect_stdout(out):
    talk()
assert out.getvalue() == 'hello\n'
""",
    "types": """
assert isinstance(double(1), int) and isinstance(thing, Thing) and not isinstance(3, Thing)
assert issubclass(Part, Thing)
""",
    "what there is": """
assert callable(double) and not callable(thing) and hasattr(thing, 'method') and not hasattr(thing, '__len__')
""",
    "special methods": """
assert hasattr(thing, '__init__') and hasattr([], '__len__')
""",
    "names": """
assert 'double' in globals() and 'nothing' not in globals() and 'data' in locals() and 'thing' in dir() and 'double' in vars()
""",
    "a value by name": """
assert globals()['words'] == ['a', 'b'] and globals().get('nothing', 7) == 7 and 3 not in globals()
""",
    "all trusted names": """
assert 'data' in list(globals()) and len(globals()) > 1 and dir([]) and not vars(type('E', (), {})())
""",
    "a generator": r"""
g = steps()
assert (next(g), next(g), next(g, 7)) == (1, 2, 7)
with pytest.raises(StopIteration):
    next(g)
assert next(iter([5])) == 5
""",
    "functions that it hands over": r"""
def triple(x):
    return 3 * x
assert apply(lambda x: x + 1, [1]) == [2]
assert apply(triple, [2]) == [6] and apply(str, [1]) == ["1"] and apply(len, ["ab"]) == [2]
""",
    "noise on stderr": """
import sys, warnings
print('careful', file=sys.stderr)
assert double(1) == 2
""",
}


@pytest.mark.parametrize("body", HOLDS.values(), ids=HOLDS)
def test_a_test_cell_works_as_it_stood(tmp_path: Path, body: str) -> None:
    """What nbgrader's test cells do works unchanged, and what they compare is compared here."""
    came = outcome(tmp_path, body)

    assert (came.status, came.message) == (Status.PASSED, "")
    assert not came.claimed


FAILS = {
    "another value": ("assert double(4) == 9", "9"),
    "an exception": ("refuse(1)", None),
    "no name": ("assert missing == 1", None),
    "what is given wins": ("assert number == 5", None),
    "a part of a class": ("assert isinstance(thing, Part)", None),
}


@pytest.mark.parametrize(("body", "expected"), FAILS.values(), ids=FAILS)
def test_a_test_cell_can_fail(tmp_path: Path, body: str, expected: str | None) -> None:
    """A comparison that does not hold costs the check, and says what came and what was expected."""
    came = outcome(tmp_path, body)

    assert came.status in {Status.FAILED, Status.BROKEN}
    assert expected is None or (came.came, came.expected) == ("8", expected)


ALONE = {
    "what it closes over": "def outer():\n    n = 2\n    return lambda x: x + n\nassert double(1) == 2\nassert apply(outer(), [1]) == [3]",
    "what stands around it": "global n\nn = 2\nassert apply(lambda x: x + n, [1]) == [3]",
    "two on one line": "assert apply(lambda x: x, [1]) == apply(lambda x: x + 0, [1])",
    "a method": "assert apply([1].append, [1]) == [None]",
}


@pytest.mark.parametrize("body", ALONE.values(), ids=ALONE)
def test_a_function_that_cannot_stand_alone_is_not_handed_over(tmp_path: Path, body: str) -> None:
    """A function that needs its surroundings cannot be copied to the learner's side, and nothing is passed by that."""
    came = outcome(tmp_path, body)

    assert not came.passed
    assert came.status in {Status.BROKEN, Status.FAILED}


def test_a_learners_iterator_may_raise(tmp_path: Path) -> None:
    """What goes wrong on the way to the next element is told as it is."""
    came = outcome(tmp_path, "next(thing)")

    assert (came.status, came.raised) == (Status.FAILED, "TypeError")


def test_names_that_python_has_too_are_asked_where_the_check_says_so(tmp_path: Path) -> None:
    """A learner's own `sum`, and a name that is given, are the learner's where the marker names them, and Python's elsewhere."""
    asking = outcome(tmp_path / "a", "assert (sum([1]), number) == (42, 5)", marks='@pytest.mark.assert_cell(asks=("sum", "number"))\n@one')
    own = outcome(tmp_path / "b", "assert sum([double(1)]) == 2")

    assert (asking.status, own.status) == (Status.PASSED, Status.PASSED)


MUTATED = {
    "a list": ("xs = [3, 1, 2]\nsort(xs)\nassert xs == [1, 2, 3]", "def sort(xs):\n    xs.sort()"),
    "by keyword": ("xs = [3, 1]\nsort(xs=xs)\nassert xs == [1, 3]", "def sort(xs):\n    xs.sort()"),
    "a dict": ("d = {}\nsort(d)\nassert d == {'a': 1}", "def sort(d):\n    d['a'] = 1"),
    "a set": ("d = {1}\nsort(d)\nassert d == {2}", "def sort(d):\n    d.clear()\n    d.add(2)"),
    "an array": ("import numpy as np\nd = np.array([2., 1.])\nsort(d)\nassert d.tolist() == [1., 2.]", "def sort(d):\n    d.sort()"),
}


@pytest.mark.parametrize(("body", "answer"), MUTATED.values(), ids=MUTATED)
def test_what_a_function_does_to_its_arguments_is_seen(tmp_path: Path, body: str, answer: str) -> None:
    """Where the marker names a function that changes its arguments, ours are as the learner's came to be."""
    marks = '@pytest.mark.assert_cell(changes=("sort",))\n@one'

    assert outcome(tmp_path, body, marks=marks, answer=answer).status is Status.PASSED


def test_arguments_stay_as_they_are_elsewhere(tmp_path: Path) -> None:
    """A learner's function cannot change what the check goes on to compare with."""
    came = outcome(tmp_path, "assert mean(data) == sum(data) / len(data)", answer="def mean(xs):\n    xs[:] = [0]\n    return 0")

    assert came.status is Status.FAILED


def test_a_forged_change_of_arguments_is_no_answer(tmp_path: Path) -> None:
    """A kernel that answers a call in place with something else fails the check, in one sentence."""
    answer = (
        "import sys\ndef sort(xs):\n    frame = sys._getframe()\n    while frame:\n        found = frame.f_locals.get('self')\n"
        "        if hasattr(found, 'evaluate'):\n            found.reply = lambda message: "
        "found.line.send(('value', 5, ''), limits=found.limits)\n"
        "        frame = frame.f_back\n"
    )
    came = outcome(
        tmp_path, "xs = [2, 1]\nsort(xs)\nsort(xs)\nassert xs", marks='@pytest.mark.assert_cell(changes=("sort",))\n@one', answer=answer
    )

    assert came.status is Status.FAILED


SCORES = {
    "a part": ("score = 0\nscore += 1.5 * (double(1) == 2)\nreturn score", 4, Status.FAILED, 1.5),
    "all": ("return 4 if double(1) == 2 else 0", 4, Status.PASSED, 4),
    "nothing": ("return 0", 4, Status.FAILED, 0),
    "less than nothing": ("return -3.0", 4, Status.FAILED, 0),
    "no number": ("return 'fine'", 4, Status.PASSED, 4),
    "a truth": ("return double(1) == 2", 4, Status.PASSED, 4),
    "nan": ("return float('nan')", 4, Status.FAILED, 0),
    "numpy's": ("import numpy as np\nreturn np.float64(1.0)", 4, Status.FAILED, 1),
    "a handle": ("return thing", 4, Status.FAILED, 0),
    "too much": ("return 5", 4, Status.BROKEN, 0),
    "no end": ("return 10 ** 400", 4, Status.PASSED, 4),
}


@pytest.mark.parametrize(("body", "points", "status", "earned"), SCORES.values(), ids=SCORES)
def test_a_check_may_give_a_part_of_its_points(tmp_path: Path, body: str, points: float, status: Status, earned: float) -> None:
    """A number in the last line is what the check gives, as with nbgrader, but never below 0, nor what the learner's object says."""
    came = outcome(tmp_path, body, marks=f'@cell\n@pytest.mark.exercise("work", points={points})')

    assert (came.status, came.earned) == (status, earned)


def test_a_part_is_told(tmp_path: Path) -> None:
    """A learner reads how much it gives; of a hidden check no more than that it did not pass."""
    shown = outcome(tmp_path / "a", "double(1)\nreturn 1.5", marks='@cell\n@pytest.mark.exercise("work", points=2)')
    hidden = outcome(tmp_path / "b", "double(1)\nreturn 1.5", marks='@cell\n@pytest.mark.exercise("work", points=2, hidden=True)')

    assert shown.message == "This gives 1.5 of 2 points."
    assert (hidden.earned, hidden.asked) == (1.5, None)
    assert "1.5" not in hidden.message


def test_whoever_ends_python_does_not_pass_by_a_bare_except(tmp_path: Path) -> None:
    """A test that takes any exception for the right one does not take the end of the learner's process for one."""
    came = outcome(tmp_path, "try:\n    leave()\nexcept:\n    pass\nelse:\n    raise AssertionError")

    assert (came.status, came.earned) == (Status.FAILED, 0)


def test_a_missing_name_does_not_pass_by_a_bare_except(tmp_path: Path) -> None:
    """Whoever never defines the function has not raised what the test waits for."""
    came = outcome(tmp_path, "assert double(1) == 2\ntry:\n    missing(1)\nexcept:\n    pass")

    assert (came.status, came.raised) == (Status.FAILED, "NameError")


def test_a_learners_module_is_not_believed(tmp_path: Path) -> None:
    """What a module of the learner's says, such as their numpy, is no evidence: the check is broken and says what to do."""
    came = outcome(tmp_path, "assert np.allclose(double(1), 2)")

    assert came.status is Status.BROKEN
    assert "Import it in the check" in came.message


@pytest.mark.parametrize(
    "function", ["def test_it(submission):\n    pass", "class TestIt:\n    @cell\n    @one\n    def test_it(self):\n        pass"]
)
def test_only_a_plain_function_can_be_a_test_cell(tmp_path: Path, function: str) -> None:
    """A marked method, or a function with arguments, is the author's mistake, and says so."""
    marks = "@cell\n@one\n" if function.startswith("def") else ""
    verdict = ask(tmp_path, "pass", after=f"\n\n{marks}{function.replace('test_it', 'test_odd')}\n")
    odd = next(one for one in verdict.outcomes if "test_odd" in one.check)

    assert odd.status is Status.BROKEN
    assert "plain function without arguments" in odd.message


def test_given_code_below_a_check_is_not_its(tmp_path: Path) -> None:
    """Only what is given above a check runs before it, anew each time."""
    later = "\n\ndef given_9():\n    global data\n    data = [9]\n"
    later += "\n\n@cell\n@one\ndef test_later():\n    'later'\n    assert data == [9]\n    data.append(1)\n"
    again = "\n\n@cell\n@one\ndef test_again():\n    'again'\n    assert data == [9]\n"
    verdict = ask(tmp_path, "assert data == [1, 2, 3] and double(1) == 2", after=later + again)

    assert [one.status for one in verdict.outcomes] == [Status.PASSED] * 3


# --- In the kernel ----------------------------------------------------------------------------------------------------

KERNEL = '@cell\n@pytest.mark.in_kernel("it does")\n@one'


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("global double\nkeep = double\ndel double\nassert 'double' not in globals()", Status.PASSED),
        ("get_ipython().run_line_magic('time', 'y = double(3)')\nassert y == 6", Status.PASSED),
        ("assert double(1) == 3, 'no'", Status.FAILED),
    ],
)
def test_a_check_in_the_kernel_is_a_claim(tmp_path: Path, body: str, status: Status) -> None:
    """What only the learner's interpreter can do runs there, and outcome and verdict say that nothing was compared here."""
    verdict = ask(tmp_path, body, marks=KERNEL)

    assert (verdict.outcomes[0].status, verdict.outcomes[0].claimed) == (status, True)


def test_a_mark_for_the_kernel_alone_is_enough(tmp_path: Path) -> None:
    """A check that is marked `in_kernel` only is a claim as well, and never quietly asked on this side."""
    came = outcome(tmp_path, "assert double(1) == 2", marks='@pytest.mark.in_kernel("it does")\n@one')

    assert (came.passed, came.claimed) == (True, True)


def test_a_claim_is_never_course_checked(tmp_path: Path) -> None:
    """A verdict with a claim in it is self-checked, whoever grades."""
    verdict = ask(tmp_path, "assert double(1) == 2", marks=KERNEL)
    course = Course.open(tmp_path)
    again = grade(fill(course.lesson("works"), {"work": ANSWER}), course, assurance=Assurance.COURSE_CHECKED)

    assert verdict.outcomes[0].passed
    assert again.assurance is Assurance.SELF_CHECKED


def test_a_claim_may_be_a_part(tmp_path: Path) -> None:
    """In the kernel, too, the last line may give a part of the points; and what is given with tests above is there."""
    body = "assert helper(1) == 2\nreturn 0.5"
    given = "def given_with_3():\n    global helper\n    def helper(x):\n        return double(x)\n\n\n"
    came = outcome(tmp_path, body, marks=given + KERNEL)

    assert (came.status, came.earned, came.claimed) == (Status.FAILED, 0.5, True)


# --- Attacks ----------------------------------------------------------------------------------------------------------

SECRET = secrets.token_hex(8)
STUDIED = nb.notebook(
    nb.text("# Squares"),
    nb.given(
        "setup",
        "import numpy as np\nfrom nose.tools import assert_equal\ndef agree(f, n):\n    return f(n) == [i * i for i in range(1, n + 1)]",
    ),
    nb.answer(
        "squares", "    if n < 1:\n        raise ValueError('too small')\n    return [i * i for i in range(1, n + 1)]", "def squares(n):\n"
    ),
    nb.asserts("plain", "assert squares(3) == [1, 4, 9]\nassert isinstance(squares(2), list) and len(squares(2)) == 2"),
    nb.asserts(
        "numpy", "np.testing.assert_array_equal(np.array(squares(4)), np.array([1, 4, 9, 16]))\nassert np.allclose(squares(2), [1, 4])"
    ),
    nb.asserts("nose", "assert_equal(squares(2), [1, 4])\nassert agree(squares, 5)"),
    nb.asserts(
        "unit", "import unittest\ncase = unittest.TestCase()\ncase.assertEqual(squares(1), [1])\ncase.assertListEqual(squares(2), [1, 4])"
    ),
    nb.asserts(
        "error",
        "try:\n    squares(0)\nexcept ValueError as error:\n    assert str(error) == 'too small'\n"
        "else:\n    raise AssertionError('no error')",
    ),
    nb.asserts("any_error", "try:\n    squares(-1)\nexcept:\n    pass\nelse:\n    assert False"),
    nb.asserts(
        "part", "score = 0\nfor n in (1, 2, 3, 6):\n    if squares(n) == [i * i for i in range(1, n + 1)]:\n        score += 0.5\nscore", 2
    ),
    nb.asserts("hidden", "# More squares", 3, hidden=f"assert squares(7)[-1] == 49, {SECRET!r}\nassert sum(squares(2)) == 5"),
)
"""The notebook under attack. Whoever answers it wrongly earns nothing: no test is content with a list of zeros."""

WRONG = "def squares(n):\n    return [0] * max(n, 1)\n"
LIAR = """
class Liar:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    def __len__(self): return 2
    def __iter__(self): return iter([1, 4])
    def __getitem__(self, place): return self
    def __contains__(self, x): return True
    def __call__(self, *a, **k): return self
    def __getattr__(self, name): return self
    def __radd__(self, other): return 0.5
    def __float__(self): return 2.0
    def __lt__(self, o): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __hash__(self): return 0
"""

IN_THE_ANSWER = {
    "an object that equals everything": LIAR
    + """
def squares(n): return Liar()
""",
    "a list that equals everything": """
class L(list):
    def __eq__(self, o): return True
    def __ne__(self, o): return False
def squares(n): return L([0])
""",
    "elements that equal everything": LIAR
    + """
def squares(n): return [Liar() for _ in range(max(n, 1))]
""",
    "a number that equals everything": """
class N(int):
    def __eq__(self, o): return True
    __hash__ = int.__hash__
def squares(n): return [N(0) for _ in range(max(n, 1))]
""",
    "a class that lies about itself": """
class L:
    @property
    def __class__(self): return list
    def __eq__(self, o): return True
    def __len__(self): return 2
def squares(n): return L()
""",
    "a metaclass": """
class M(type):
    def __instancecheck__(c, o): return True
    def __eq__(c, o): return True
    __hash__ = type.__hash__
class list(metaclass=M): pass
def squares(n): return list
""",
    "an array that takes over numpy": """
import numpy as np
class A(np.ndarray):
    def __array_ufunc__(self, *a, **k): return True
    def __array_function__(self, *a, **k): return True
    def __eq__(self, o): return np.True_
def squares(n): return np.zeros(4).view(A)
""",
    "numpy patched": """
import numpy as np, numpy.testing
np.testing.assert_array_equal = lambda *a, **k: None
np.allclose = lambda *a, **k: True
np.array = lambda *a, **k: 0
""",
    "unittest patched": """
import unittest
for name in dir(unittest.TestCase):
    if name.startswith('assert'): setattr(unittest.TestCase, name, lambda *a, **k: None)
""",
    "a syntax transformer": """
import ast
class T(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(T())
""",
    "an input transformer": r"""
get_ipython().input_transformers_post.append(lambda lines: ['pass\n'])
""",
    "a cell runner": """
shell = get_ipython()
shell.run_cell = lambda *a, **k: None
shell.run_code = lambda *a, **k: False
""",
    "a display hook": """
import sys
class H:
    def __call__(self, value): print(2.0)
sys.displayhook = H()
get_ipython().displayhook = H()
""",
    "the score itself": """
score = 2
n = 3
case = None
error = 'too small'
""",
    "helpers of the same names": """
def agree(*a): return True
def assert_equal(*a): pass
np = None
""",
    "builtins redefined": """
def len(x): return 2
def isinstance(*a): return True
def sum(x): return 5
def str(x): return 'too small'
def range(*a): return [0]
""",
    "builtins patched": """
import builtins
builtins.len = lambda x: 2
builtins.isinstance = lambda *a: True
builtins.sum = lambda x: 5
""",
    "AssertionError replaced": """
import builtins
class Never(Exception): pass
builtins.AssertionError = Never
AssertionError = Never
""",
    "modules replaced": """
import sys, types
for name in ('numpy', 'unittest', 'nose', 'nose.tools', 'pytest', 'hornbook'):
    sys.modules[name] = types.ModuleType(name)
""",
    "an import hook": """
import sys
class F:
    def find_spec(self, *a): raise SystemExit(0)
sys.meta_path.insert(0, F())
""",
    "files that shadow modules": """
for name in ('numpy', 'unittest', 'nose', 'pytest', 'hornbook', 'sitecustomize'):
    open(name + '.py', 'w').write('def __getattr__(n): return lambda *a, **k: True')
""",
    "frames searched for the answer": """
import sys
def squares(n):
    frame = sys._getframe()
    while frame:
        for thing in [*frame.f_locals.values(), *frame.f_code.co_consts]:
            if type(thing) is list and len(thing) == n and thing[:1] == [1]: return thing
        frame = frame.f_back
    return [0] * max(n, 1)
""",
    "memory searched for the answer": """
import gc
def squares(n):
    for thing in gc.get_objects():
        if type(thing) is list and len(thing) == n and thing[:2] == [1, 4][:n]: return thing
    return [0] * max(n, 1)
""",
    "the end of Python": """
import os
def squares(n): os._exit(0)
""",
    "an exit": """
import sys
def squares(n): sys.exit(0)
""",
    "an exit that is kept": """
def squares(n): raise KeyboardInterrupt('too small')
""",
    "an exception that claims to be another": """
class ValueErr(Exception): pass
ValueErr.__name__ = 'ValueError'
class M(type):
    def __subclasscheck__(c, o): return True
def squares(n):
    if n == 0: raise ValueErr('too small')
    return [0] * max(n, 1)
""",
    "tracing": """
import sys
def t(frame, event, arg): return None
sys.settrace(t)
sys.setprofile(lambda *a: None)
""",
    "hooks for exceptions": """
import sys
sys.excepthook = lambda *a: None
get_ipython().set_custom_exc((BaseException,), lambda *a, **k: None)
""",
    "at the end": """
import atexit, json
atexit.register(lambda: open('gradebook.db', 'w').write('100'))
print(json.dumps({'score': 13, 'max_score': 13}))
""",
    "a display of points": """
from IPython.display import display
def squares(n):
    display(2.0)
    print('2.0')
    return [0] * max(n, 1)
""",
    "a coroutine": """
async def squares(n): return True
""",
    "a generator": """
def squares(n): yield True
""",
    "answers to what is asked of an object": LIAR
    + """
class Meta(type):
    def __call__(c, *a): return Liar()
class squares(metaclass=Meta): pass
""",
    "a globals that lies": """
import builtins
builtins.globals = lambda: {'squares': 1}
builtins.callable = lambda x: True
""",
    "a patched compile": """
import builtins
real = builtins.compile
builtins.compile = lambda *a, **k: real('pass', '<x>', 'exec')
builtins.exec = lambda *a, **k: None
""",
}


def _tests_in(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in made["cells"] if cell["metadata"].get("nbgrader", {}).get("grade")]


def _all_pass(made: dict[str, Any]) -> None:
    for cell in _tests_in(made):
        cell["source"] = "2.0"


def _deleted(made: dict[str, Any]) -> None:
    made["cells"] = [cell for cell in made["cells"] if cell not in _tests_in(made)]


def _twice(made: dict[str, Any]) -> None:
    for cell in _tests_in(made):
        made["cells"].append({**cell, "id": f"again-{cell['id']}", "source": "pass"})


def _skipped(made: dict[str, Any]) -> None:
    for cell in made["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "show", "raises-exception", "remove-cell"]


def _forged(made: dict[str, Any]) -> None:
    for cell in _tests_in(made):
        cell["execution_count"] = 7
        cell["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "100.0"}, "metadata": {}, "execution_count": 7}]


def _solutions(made: dict[str, Any]) -> None:
    for cell in _tests_in(made):
        cell["metadata"]["nbgrader"].update(solution=True, grade=False, locked=False)
        cell["source"] = "pass"


def _worth(made: dict[str, Any]) -> None:
    for cell in _tests_in(made):
        cell["metadata"]["nbgrader"]["points"] = 1e9
        cell["metadata"]["nbgrader"]["checksum"] = "0" * 32


def _other_kernel(made: dict[str, Any]) -> None:
    made["metadata"]["kernelspec"] = {"name": "bash", "display_name": "bash", "language": "bash"}


def _answers_as_tests(made: dict[str, Any]) -> None:
    answer = next(cell for cell in made["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == "squares")
    answer["metadata"]["nbgrader"].update(grade=True, points=50, grade_id="plain")


def _no_code(made: dict[str, Any]) -> None:
    for cell in _tests_in(made):
        cell["cell_type"] = "raw"
        del cell["outputs"], cell["execution_count"]


def _added(made: dict[str, Any]) -> None:
    lies = "import numpy as np\nnp.allclose = lambda *a: True\ndef agree(*a): return True\nassert_equal = print\n"
    lies += "squares = lambda n: True\nscore = 2.0\n"
    made["cells"].append({**nb.code(lies + "score"), "id": "added"})
    made["cells"].insert(0, {**nb.code(lies), "id": "before"})


def _given_changed(made: dict[str, Any]) -> None:
    for cell in made["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "setup":
            cell["source"] = "def agree(*a): return True\ndef assert_equal(*a): pass\nclass np: allclose = agree"


def _claims(made: dict[str, Any]) -> None:
    made["metadata"]["hornbook"] = {"format": 1, "slug": "work", "points": 99, "verdict": {"passed": True}}
    made["metadata"]["nbgrader"] = {"score": 99}
    for cell in made["cells"]:
        cell["metadata"]["hornbook"] = {"exercise": "squares", "manual": 50}


IN_THE_FILE: dict[str, Callable[[dict[str, Any]], None]] = {
    "test cells edited": _all_pass,
    "test cells deleted": _deleted,
    "test cells twice": _twice,
    "tags that skip": _skipped,
    "forged outputs": _forged,
    "tests marked as solutions": _solutions,
    "points edited": _worth,
    "another kernel": _other_kernel,
    "the answer marked as tests": _answers_as_tests,
    "test cells that are no code": _no_code,
    "cells added": _added,
    "given cells edited": _given_changed,
    "claims in the metadata": _claims,
}


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Give the notebook under attack, imported."""
    root = tmp_path_factory.mktemp("studied")
    nb.write_course(root, STUDIED)
    report = import_nbgrader(root, root / "here")
    assert [note for note in report.notes if note.kind == "claimed"] == []
    assert report.lessons[0].solution == "passes"
    return Course.open(root / "here")


@pytest.fixture(scope="module")
def warm() -> Iterator[ForkServers]:
    """Give fork servers that all attacks are run from."""
    with ForkServers() as servers:
        yield servers


def handed_in(studied: Course, answer: str, change: Callable[[dict[str, Any]], None] = lambda _: None) -> dict[str, Any]:
    """Return the lesson's notebook with *answer* in it, and *change* made to it."""
    made: dict[str, Any] = studied.lesson("work").to_notebook({"squares": answer})
    change(made)
    return made


def earned(studied: Course, made: dict[str, Any], warm: ForkServers, folder: Path) -> Verdict:
    """Return the verdict on the notebook *made*, handed in as a file."""
    path = folder / "work.ipynb"
    path.write_text(json.dumps(made), "utf-8")
    return grade(path, studied, lesson=studied.lesson("work"), warm=warm)


def test_the_honest_answer_earns_everything(studied: Course, warm: ForkServers, tmp_path: Path) -> None:
    """The notebook under attack can be passed, so that attacks fail for what they are."""
    honest = "def squares(n):\n    if n < 1:\n        raise ValueError('too small')\n    return [k ** 2 for k in range(1, n + 1)]"
    verdict = earned(studied, handed_in(studied, honest), warm, tmp_path)

    assert (verdict.points.earned, verdict.points.possible) == (11, 11)
    assert verdict.passed


RAISING = {"an exit", "an exit that is kept", "an exception that claims to be another"}
"""Attacks whose function raises: a test that takes any exception for the right one is content with that."""


@pytest.mark.parametrize("name", IN_THE_ANSWER)
def test_an_attack_in_the_answer_earns_nothing(studied: Course, warm: ForkServers, tmp_path: Path, name: str) -> None:
    """Whatever a wrong answer does to its own process, it earns what a wrong answer earns, and reads nothing hidden."""
    attack = IN_THE_ANSWER[name]
    answer = attack if "squares" in attack else attack + WRONG
    verdict = earned(studied, handed_in(studied, answer), warm, tmp_path)
    gained = {one.check: one.earned for one in verdict.outcomes if one.earned}

    assert gained.keys() <= ({"test_any_error"} if name in RAISING else set())
    assert SECRET not in verdict.to_json().decode()


@pytest.mark.parametrize("change", IN_THE_FILE.values(), ids=IN_THE_FILE)
def test_an_attack_in_the_file_earns_nothing(
    studied: Course, warm: ForkServers, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    """Whatever the file says about tests, points, outputs and kernels, only the answer is taken from it."""
    verdict = earned(studied, handed_in(studied, WRONG, change), warm, tmp_path)

    assert (verdict.points.earned, verdict.points.possible) == (0, 11)


def test_a_module_beside_the_submission_is_not_imported(studied: Course, tmp_path: Path) -> None:
    """Whoever grades in a folder with somebody's numpy.py and unittest.py does not run them."""
    (tmp_path / "work.ipynb").write_text(json.dumps(handed_in(studied, WRONG)), "utf-8")
    for name in ("numpy", "unittest", "nose", "msgspec"):
        (tmp_path / f"{name}.py").write_text("import pathlib\npathlib.Path('run.txt').write_text('run')\n", "utf-8")
    hornbook = [os.path.join(os.path.dirname(sys.executable), "hornbook"), "grade", "work.ipynb", "--json", "--course", str(studied.root)]  # noqa: PTH118, PTH120
    ended = subprocess.run(hornbook, cwd=tmp_path, text=True, capture_output=True, timeout=120, check=False)  # noqa: S603

    assert json.loads(ended.stdout)["points"]["earned"] == 0
    assert not (tmp_path / "run.txt").exists()


def test_nothing_is_imported_from_where_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a test cell runs, the folder that we are in is no place to import from, even where `python -m` has made it one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "somebodys.py").write_text("x = 1\n", "utf-8")
    course = tmp_path / "course"
    came = outcome(course, "import somebodys")

    assert came.status is Status.BROKEN
    assert "somebodys" in came.message
