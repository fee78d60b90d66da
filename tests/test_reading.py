"""`hornbook.grading.reading`: which mistake stands in a learner's source, and which sources are left in peace."""

from __future__ import annotations

import pytest

from hornbook.grading.reading import Reading

FAILURES = {
    "returns in the loop": ("def f(x):\n    for n in x:\n        return n", "The `return` in line 3 stands inside the loop"),
    "returns either way in the loop": (
        "def f(x):\n    for n in x:\n        if n:\n            return n\n        else:\n            return 0",
        "The `return` in line 6 stands inside the loop",
    ),
    "strips for nothing": ("def f(s):\n    s.strip()\n    return s", "`.strip()` in line 2 makes something new"),
    "sorts for nothing": ("def f(s):\n    sorted(s)\n    return s", "`sorted(...)` in line 2 makes something new"),
    "rolls for nothing": ("def f(s):\n    np.roll(s, 1)\n    return s", "`np.roll(...)` in line 2 makes something new"),
    "keeps what append gives": ("def f(s):\n    t = s.append(1)\n    return t", "line 2 uses that None"),
    "returns what sort gives": ("def f(s):\n    return s.sort()", "`.sort()` changes what stands before the point"),
    "compares instead of giving a name": ("def f(s):\n    s == 1\n    return s", "Line 2 compares with `==`"),
    "gives a method away": ("ax.set_title = 'Visits'", "in the place of the method `set_title`"),
    "forgets brackets": ("mask = a > 1 & b < 2", "In line 1, `&` is worked out before"),
    "returns an error": ("def f(s):\n    return ValueError(s)", "Line 2 returns the ValueError; an error is raised"),
    "begins anew": ("def f(s):\n    for n in s:\n        t = 0\n        t += n\n    return t", "Line 3 begins `t` anew"),
    "begins a list anew": ("def f(s):\n    for n in s:\n        t = []\n        t.append(n)\n    return t", "Line 3 begins `t` anew"),
    "takes the function itself": ("def f(s):\n    n = helper\n    return n + s", "Line 2 makes `n` the function `helper` itself"),
    "uses a global": ("def f(s):\n    return sum(data)", "`f` never uses what it is given as `s`"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_mistake_is_read_in_the_source(name: str) -> None:
    """What the source shows is said with its line, in one sentence or two."""
    source, words = FAILURES[name]

    assert words in (Reading.of(source, ["def helper(x): return x"]).of_a_failure() or "")


INNOCENT = {
    "looks for the first": "def f(x):\n    for n in x:\n        if n > 1:\n            return n\n    return 0",
    "skips some": "def f(x):\n    for n in x:\n        if n < 0:\n            continue\n        return n",
    "prints": "def f(x):\n    print(x)\n    plt.title('x')\n    x.append(1)\n    return x",
    "changes in place": "def f(x):\n    x.dropna(inplace=True)\n    np.copyto(x, x)\n    return x",
    "waits for a thread": "def f(thread):\n    thread.join()\n    return thread",
    "shows at the end of a cell": "text = 'a '\ntext.strip()",
    "has a list of its own": "class Basket:\n    def append(self, item):\n        return item\ndef f(basket):\n    return basket.append(1)",
    "counts for each": "def f(x):\n    for row in x:\n        t = 0\n        for n in row:\n            t += n\n        print(t)",
    "asks for a mark": "def f(x):\n    for n in x:\n        found = False\n        if n:\n            found = True\n    return found",
    "does without": "def f(x, _):\n    return x\nclass C:\n    def __exit__(self, *rest): return None\n    def __len__(self): return 1",
    "calls what it was given": "def f(x):\n    g = helper\n    return g(x)",
    "masks bits": "def f(x):\n    return x & 1 == 0",
    "sets a setting of its own": "class C:\n    def __init__(self, x):\n        self.set_x = x",
    "is not finished": "def f(x):\n    ...",
    "is not Python": "def f(:",
    "is nothing": "",
}


@pytest.mark.parametrize("name", INNOCENT)
def test_what_may_be_right_is_left_in_peace(name: str) -> None:
    """A shape that also stands in right answers says nothing, even where the answer was not right."""
    assert Reading.of(INNOCENT[name], ["def helper(x): return x"]).of_a_failure() is None


def test_only_what_was_asked_about_is_read() -> None:
    """Of several functions in a cell, those that the check has called are read, and what these call in turn."""
    source = "def f(x):\n    return g(x)\ndef g(x):\n    return 1\ndef h(y):\n    return 2"

    assert Reading.of(source, asked=["h(3)"]).of_a_failure() == "`h` never uses what it is given as `y`. The answer should depend on it."
    assert "`g` never uses" in (Reading.of(source, asked=["f(3)", "the figure"]).of_a_failure() or "")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f(x):\n    x + 1", "`f` has no line with `return`"),
        ("def f(x):\n    return", "The `return` in line 2 does not say what to return"),
        ("def f(x):\n    if x:\n        return 1", "`f` ended without a `return`"),
        ("def f(x):\n    '''Say.'''\n    ...", "`f` is still empty"),
        ("class C:\n    def f(self):\n        pass", "`f` is still empty"),
        ("def f(x):\n    yield x", None),
        ("f = print", None),
        ("def f(:", None),
    ],
)
def test_why_nothing_came_back(source: str, words: str | None) -> None:
    """A function that gave None has no `return`, an empty one, or a way round it."""
    said = Reading.of(source).of_nothing("C.f")

    assert (said is None) if words is None else (words in (said or ""))


@pytest.mark.parametrize(
    ("source", "type_name", "message", "words"),
    [
        ("def f(total):\n    return totl", "NameError", "name 'totl' is not defined", "Did you mean `total`?"),
        ("def f(x):\n    return helpr(x)", "NameError", "name 'helpr' is not defined", "Did you mean `helper`?"),
        ("def f(x):\n    return pritn(x)", "NameError", "name 'pritn' is not defined", "Did you mean `print`?"),
        ("def f(x):\n    return xyzzy", "NameError", "name 'xyzzy' is not defined", None),
        ("def mein(x):\n    return x", "NameError", "name 'mean' is not defined", "the cell defines `mein`"),
        ("maen = 3", "NameError", "name 'mean' is not defined", "the cell defines `maen`"),
        ("class C:\n    def f(self):\n        self.paid = paid", "NameError", "name 'paid' is not defined", "`self.paid`"),
        ("class C:\n    def f(x):\n        pass", "TypeError", "C.f() takes 1 positional argument but 2 were given", "`def f(self, x)`"),
        ("class C:\n    def f(self, x):\n        pass", "TypeError", "C.f() takes 2 positional arguments but 3 were given", None),
        ("class C:\n    def _init_(self, x):\n        pass", "TypeError", "C() takes no arguments", "two underscores on each side"),
        ("class C:\n    pass", "TypeError", "C() takes no arguments", None),
        ("sum = 0\nx = sum([1])", "TypeError", "'int' object is not callable", "Line 1 gives the name `sum` to something else"),
        ("def f(list):\n    return list(1)", "TypeError", "'int' object is not callable", "Line 1 gives the name `list` to something else"),
        ("x = 1\nx()", "TypeError", "'int' object is not callable", None),
        (
            "def f(x):\n    max = max(x)",
            "UnboundLocalError",
            "cannot access local variable 'max' where it is not associated with a value",
            "Line 2 gives the name `max`",
        ),
        ("x = []\nx = x.append(1)\nx.append(2)", "AttributeError", "'NoneType' object has no attribute 'append'", "line 2 uses that None"),
        ("x = sorted\n", "TypeError", "'NoneType' object is not iterable", None),
        ("d = {}\nd['a'] += 1", "KeyError", "'a'", "Line 2 adds to `d['a']` before anything is there"),
        ("d = {}\nd['a']", "KeyError", "'a'", None),
        ("for a, b in d:\n    pass", "ValueError", "too many values to unpack (expected 2)", "Line 1 takes `a` and `b` apart"),
        ("for a, b in d.items():\n    pass", "ValueError", "too many values to unpack (expected 2)", None),
        ("if x > 1:\n    pass", "ValueError", "The truth value of an array with more than one element is ambiguous", "The `if` in line 1"),
        ("m = x > 1 & x < 2", "ValueError", "The truth value of an array is ambiguous", "`&` is worked out before"),
        ("m = x > 1 and x < 2", "ValueError", "The truth value of an array with more than one element is ambiguous", None),
        ("def f(:", "NameError", "name 'f' is not defined", None),
        ("x = 1", "OSError", "anything", None),
    ],
)  # fmt: skip
def test_an_exception_is_traced_to_its_mistake(source: str, type_name: str, message: str, words: str | None) -> None:
    """What Python's message cannot know, the source shows: the name that was meant, the line that hides one, the missing `self`."""
    said = Reading.of(source, ["def helper(x): return x", "not Python ("]).of_an_exception(type_name, message)

    assert (said is None) if words is None else (words in (said or ""))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("while True:\n    pass", "The loop in line 1 has no `break`"),
        ("n = 3\nwhile n > 0 and m:\n    print(n)", "Nothing in the loop in line 2 changes `m` and `n`"),
        ("while n > 0:\n    n -= 1", None),
        ("while n:\n    n.pop()", None),
        ("while n.rest:\n    n.rest = n.rest[1:]", None),
        ("while ask():\n    pass", None),
        ("while True:\n    if x:\n        break", None),
        ("while (line := ask()):\n    pass", None),
        ("while todo:\n    work(todo)", None),
        ("while line != '':\n    work(line)", "changes `line`, so"),
        ("for n in x:\n    pass", None),
        ("while :", None),
    ],
)
def test_a_loop_without_an_end_is_pointed_out(source: str, words: str | None) -> None:
    """A `while` that nothing can end is named by its line; one that might end is not."""
    said = Reading.of(source).of_an_endless_run()

    assert (said is None) if words is None else (words in (said or ""))


def test_a_source_made_to_be_a_burden_is_only_read() -> None:
    """Deep nesting and odd names end in a sentence or in none, escaped and cut, and never in an error."""
    deep = "d[" * 80 + "0" + "]" * 80 + " += 1"
    odd = "def f(a" + "b" * 5000 + "):\n    return 1"

    assert len(Reading.of(deep).of_an_exception("KeyError", "0") or "") < 200
    assert len(Reading.of(odd).of_a_failure() or "") < 200
    for source in ("x = " + "-" * 3000 + "1", "x = " + "+".join("1" * 4000), "(" * 5000, "\0", "x = '" + "a" * 100_000 + "'"):
        reading = Reading.of(source, [source])
        assert reading.of_a_failure() is None
        assert reading.of_an_exception("KeyError", "'a'") is None
