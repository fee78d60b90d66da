"""`hornbook.sandbox.loops`: what the source of a loop shows."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING

import pytest

from hornbook.sandbox.loops import Loop, loops_around

if TYPE_CHECKING:
    import types
    from pathlib import Path


def loops(tmp_path: Path, source: str, at: str) -> list[Loop]:
    """Return the loops around the line *at* of the function that *source* defines, or of all of it where it defines none."""
    path = tmp_path / "cell.py"
    path.write_text(source, "utf-8")
    linecache.checkcache(str(path))
    code = compile(source, path, "exec")
    inner = next((constant for constant in code.co_consts if hasattr(constant, "co_code")), code)
    return list(loops_around(inner, instruction(inner, source.splitlines().index(at) + 1)))


def instruction(code: types.CodeType, line: int) -> int:
    """Return the place of the first instruction on *line*."""
    return next(start for start, _, of_line in code.co_lines() if of_line == line)


BUBBLES = """
def f(xs):
    turns = 0
    changed = True
    while changed:
        changed = False
        place = 0
        while place < 9:
            if xs[place] > xs[place + 1]:
                changed = True
            place += 1
        turns += 1
    return turns
"""


def test_loops_are_told_from_the_inside_out(tmp_path: Path) -> None:
    """Each with its lines, with all that it reads, and with what it only counts."""
    inner, outer = loops(tmp_path, BUBBLES, "                changed = True")

    assert (inner.first, inner.last, inner.line, inner.names, inner.sums.names) == (8, 11, 9, ("changed", "place", "xs"), frozenset())
    assert (outer.first, outer.last, outer.line, outer.names) == (5, 12, 6, ("changed", "place", "xs"))
    assert outer.sums.names == {"turns"}


def test_a_place_behind_a_loop_is_in_none(tmp_path: Path) -> None:
    """Nor is what stands in its `else`."""
    other = "n = 1\nwhile n:\n    n = 0\nelse:\n    m = 1\nk = 2"

    assert [len(loops(tmp_path, other, line)) for line in ("    n = 0", "    m = 1", "k = 2")] == [1, 0, 0]
    assert loops(tmp_path, BUBBLES, "    return turns") == []


THROUGH = {
    "a call of a method": "xs.append(n)",
    "a call of anything by its name": "g(n)",
    "a condition": "n = 1 if n else 2",
    "a text with a value": "print(f'{n:>3}')",
    "parts of a list": "xs[1:n] = xs[::-1]",
    "what leaves the loop": "if n > 3: raise g.ValueError(n.m)",
    "what leaves the function": "if n > 3: return [m.n for m in xs]",
    "None": "n = n is not None",
}
NOT_THROUGH = {
    "an attribute": "n = xs.n",
    "a method as a value": "n = sorted(xs, key=n.bit_count)",
    "a method of Python's own": "xs.__init__(n)",
    "what a function yields": "yield n",
    "what a function waits for": "await n",
    "a comprehension": "xs = [n for n in xs]",
    "a function of its own": "g = lambda: n",
    "an error that is handled": "try:\n            n += 1\n        except ValueError:\n            n = 0",
    "a file": "with n:\n            n += 1",
    "an import": "import n",
    "whether two are one": "n = n is xs",
    "what is deleted": "del xs[0]",
}


@pytest.mark.parametrize("statement", [*THROUGH.values(), *NOT_THROUGH.values()], ids=[*THROUGH, *NOT_THROUGH])
def test_only_what_works_on_data_is_seen_through(tmp_path: Path, statement: str) -> None:
    """What asks anything else, or could, is not."""
    source = f"async def f(n, xs, g):\n    while n:\n        m = 1\n        {statement}"

    assert len(loops(tmp_path, source, "        m = 1")) == (statement in THROUGH.values())


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("total += n", {"total"}),
        ("total = n * total + 2", {"total"}),
        ("total, last = total + n, total", {"total", "last"}),
        ("total += 1\n    other = 2 * total", {"total", "other"}),
        ("total += 1\n    print(total)", set()),
        ("total += 1\n    n = total", set()),
        ("total += 1\n    other = total\n    n = other", set()),
        ("total += n / 2", {"total"}),
        ("total += xs[n]", {"total"}),
        ("total -= len(xs[:n])", {"total"}),
        ("xs.append(n)", {"xs"}),
        ("xs.append(len(xs))", set()),
        ("xs.append(n)\n    total += xs[n]", {"total"}),
        ("xs.insert(0, n)", set()),
        ("total += xs[n]\n    other = total", {"total", "other"}),
        ("total += xs[n]\n    total = total * 2", set()),
        ("total += n\n    total = total * 2", {"total"}),
        ("total *= xs[n]", set()),
        ("total += other\n    other += xs[n]", {"total", "other"}),
        ("total += str(other)\n    other += 1", {"total"}),
        ("total += 1\n    total = xs[0]", set()),
        ("total += xs", {"total"}),
        ("total = total + 1\n    if total > n: k = 0", {"total", "k"}),
        ("total -= 3\n    if n > total: k = 0", {"total", "k"}),
        ("total += 1\n    total -= 2\n    if n > total: k = 0", {"k"}),
        ("total += 1\n    if total > k: k = k * 2", set()),
        ("total += n\n    if total > 9: k = 0", {"k"}),
        ("total += 1\n    if 0 < total < 9: k = 0", {"k"}),
        ("total += 1\n    if total % 2 > 9: k = 0", {"k"}),
    ],
)
def test_what_is_only_summed_up_is_told(tmp_path: Path, body: str, names: set[str]) -> None:
    """Or only collected. It may be compared with what stays as it is, if it always goes one way; nothing else may ask for it."""
    (loop,) = loops(tmp_path, f"while n:\n    pass\n    {body}", "    pass")

    assert loop.sums.names == names
    assert not set(loop.names) & names


@pytest.mark.parametrize(
    ("body", "values", "goes_on"),
    [
        ("total += n", {"total": 1, "n": 2}, True),
        ("total += n", {"total": "text", "n": "text"}, True),
        ("total = total + n", {"total": (), "n": ()}, True),
        ("total += n", {"total": True, "n": 2}, False),
        ("total += n", {"total": b"", "n": b""}, False),
        ("total += n", {"total": None, "n": 2}, False),
        ("total = total * n", {"total": 1, "n": 2}, True),
        ("total = total * n", {"total": 1.5, "n": 2}, True),
        ("total = total * n", {"total": 1, "n": 2.5}, False),
        ("total *= 2.5", {"total": 1}, False),
        ("total *= n", {"total": "text", "n": 2}, False),
        ("total *= n", {"total": True, "n": 2}, False),
        ("total += other\n    other += n", {"total": 1, "other": 2, "n": 2}, True),
        ("total += other\n    other += n", {"total": 1.5, "other": 2.5, "n": 2}, True),
        ("total += other\n    other += n", {"total": 1.5, "other": 2, "n": 2}, False),
        ("total += other\n    other += n", {"total": "text", "other": "text", "n": "text"}, False),
        ("total = total + 0.5\n    other = other * 3\n    total = other", {"total": 1, "other": 1}, False),
        ("total += 1\n    if total > n: k = 0", {"total": 3, "n": 2, "k": 0}, True),
        ("total += 1\n    if total != n: k = 0", {"total": 2, "n": 2, "k": 0}, False),
        ("total += 1\n    if n <= total: k = 0", {"total": 1, "n": 2, "k": 0}, False),
        ("total -= 1\n    if total == 2: k = 0", {"total": 1, "k": 0}, True),
        ("total -= 1\n    if total >= 2: k = 0", {"total": 3, "k": 0}, False),
        ("total += 1\n    if total > n: k = 0", {"total": 3, "n": float("nan"), "k": 0}, False),
        ("total += 1\n    if total > n: k = 0", {"total": 3.0, "n": 2, "k": 0}, False),
        ("total += 1\n    if total > n: k = 0", {"total": 3, "n": "text", "k": 0}, False),
    ],
)
def test_sums_go_on_where_nothing_stops_them(tmp_path: Path, body: str, values: dict[str, object], goes_on: bool) -> None:
    """With numbers that fit together, away from what they are compared with."""
    (loop,) = loops(tmp_path, f"while m:\n    pass\n    {body}", "    pass")

    assert loop.sums.go_on(values.get) is goes_on


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("a = 1", 3),
        ("a = (\n    1)\n    b = 2", 5),
        ("for a in xs:\n        b = 1", None),
        ("for a in xs:\n        b = 1\n    c = 2", 5),
        ("a = 1; b = 2\n    c = 3", 4),
        ("if a:\n        b = 1", 3),
        ("if (a and\n        b):\n        c = 1", None),
        ("while a:\n        b = 1", None),
    ],
)
def test_where_python_tells_of_a_round(tmp_path: Path, body: str, line: int | None) -> None:
    """At a statement of the loop that has a line for itself, and is no loop: nothing of it has been done there."""
    found = loops(tmp_path, f"while n:  # each\n    # round\n    {body}", f"    {body.splitlines()[0]}")

    assert [loop.line for loop in found if loop.first == 1] == ([] if line is None else [line])
