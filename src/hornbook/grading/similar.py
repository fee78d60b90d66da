"""Submissions that are more alike than chance makes them: a flag for a person to look at, never a verdict.

What is compared is how a program is built, not how it is written: names are numbered in the order in which they come, comments, layout and
docstrings are nothing. Of that every run of `RUN` tokens is hashed, and of every `WINDOW` neighbouring hashes the least is kept (winnowing:
Schleimer, Wilkerson, Aiken 2003, doi 10.1145/872757.872770). What the lesson gives, what its known solutions have, and what many have, says
nothing about who wrote it, and is left out. So two right answers to a small exercise are not alike; the same detour is.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

RUN: Final = 9
"""How many tokens make a fingerprint: shorter runs are in every program."""
WINDOW: Final = 4
"""Of so many neighbouring fingerprints one is kept: whatever has RUN + WINDOW - 1 tokens in common is noticed."""
LEAST: Final = 8
"""From how many fingerprints in common on two works are told of."""
COMMON: Final = 0.1
"""What more than this part of all works have is how it is done, and at least `FEW` of them."""
FEW: Final = 3
MOST_TOKENS: Final = 20_000
"""How much of a work is compared."""

Sources = Mapping[str, Sequence[str]]
"""The sources of a work, by exercise."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two works that are alike.

    `share`, from 0 to 1, is what part of the smaller one's own fingerprints the other one has, and `common` how many these are;
    `exercises` are those in which they lie.
    """

    one: str
    other: str
    share: float
    common: int
    exercises: tuple[str, ...]


def alike(works: Mapping[str, Sources], known: Iterable[Sources] = (), *, least: float = 0.6) -> list[Likeness]:
    """Return the pairs of *works*, by their names, that have at least the share *least* in common, the most alike first.

    *known* are sources that everybody may have: the lesson as it is given, its solutions.
    """
    given = {mark for sources in known for mark, _ in _marks(sources)}
    prints = {name: {mark: exercise for mark, exercise in _marks(sources) if mark not in given} for name, sources in works.items()}
    spread = Counter(mark for marks in prints.values() for mark in marks)
    most = max(FEW, int(len(works) * COMMON))
    own = {name: {mark: exercise for mark, exercise in marks.items() if spread[mark] <= most} for name, marks in prints.items()}
    holders: defaultdict[int, list[str]] = defaultdict(list)
    for name in sorted(own):
        for mark in own[name]:
            holders[mark].append(name)
    shared: Counter[tuple[str, str]] = Counter()
    for names in holders.values():
        shared.update((one, other) for place, one in enumerate(names) for other in names[place + 1 :])
    found = []
    for (one, other), common in shared.items():
        share = common / min(len(own[one]), len(own[other]))
        if common >= LEAST and share >= least:
            exercises = sorted({own[one][mark] for mark in own[one].keys() & own[other].keys()})
            found.append(Likeness(one, other, round(share, 4), common, tuple(exercises)))
    return sorted(found, key=lambda pair: (-pair.share, -pair.common, pair.one, pair.other))


def _marks(sources: Sources) -> Iterator[tuple[int, str]]:
    """Yield the fingerprints of *sources*, each with its exercise."""
    for exercise, cells in sources.items():
        tokens = [token for source in cells for token in _tokens(source)][:MOST_TOKENS]
        runs = [_hashed(tokens[start : start + RUN]) for start in range(len(tokens) - RUN + 1)]
        for start in range(max(len(runs) - WINDOW + 1, min(len(runs), 1))):
            yield min(runs[start : start + WINDOW]), exercise


def _hashed(tokens: Sequence[str]) -> int:
    return int.from_bytes(hashlib.blake2b("\0".join(tokens).encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _tokens(source: str) -> list[str]:
    """Return how *source* is built, in the order of its text; nothing where it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names: dict[str, str] = {}
    tokens: list[str] = []
    left: list[ast.AST] = [tree]
    while left:
        node = left.pop()
        tokens.append(type(node).__name__)
        match node:
            case ast.Name(id=name) | ast.arg(arg=name):
                tokens.append(_named(name, names))
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
                tokens.append(_named(name, names))
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)) | ast.alias(name=name):
                tokens.append(name)
            case ast.Constant(value=value):
                tokens.append(repr(value)[:80])
        left.extend(reversed(list(_parts(node))))
    return tokens


def _named(name: str, names: dict[str, str]) -> str:
    """Return what stands for *name*: Python's own are themselves, all others are numbered as they come."""
    return name if hasattr(builtins, name) else names.setdefault(name, f"#{len(names)}")


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of *node* that are not only for readers."""
    for part in ast.iter_child_nodes(node):
        words = isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str)
        note = part in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if not (words or note or isinstance(part, ast.expr_context)):
            yield part
