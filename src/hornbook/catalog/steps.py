"""What to do next: lessons that build on one, train the same skills, or are about something similar, each with its reason.

What a lesson requires and teaches is known, so it is asked of the database; vectors come second, since they do not tell what a lesson
needs (measured: they find the lesson that an exercise practises with nDCG .02, skills with .69). What is passed is left out, and so is what
requires lessons that are not passed yet, or is more than one level up. Of much the same the best is enough (maximal marginal relevance:
Carbonell and Goldstein 1998, doi 10.1145/290941.291025).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hornbook.catalog import search
from hornbook.catalog.passages import LEVELS, Document, storable
from hornbook.catalog.search import Hit, fused
from hornbook.catalog.store import Where
from hornbook.catalog.terms import error_in
from hornbook.errors import HornbookError, printable
from hornbook.words import say

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from hornbook.catalog.index import Ranked
    from hornbook.catalog.store import Store

CANDIDATES: Final = 60
"""How many lessons each way of looking gives."""
SIMILAR: Final = 0.3
"""From which cosine on a lesson is said to be about something similar."""
SHARED: Final = 0.1
"""What a skill that two documents share is worth beside their cosine."""
DIVERSITY: Final = 0.75
"""How much of a step's worth is its own; the rest is that it is unlike those before it."""
OF_ONE_COURSE: Final = 2
"""How many steps of one other course there are, as long as there are others."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A lesson that could be next: what it does for the learner."""

    ident: int
    document: Document
    builds: bool
    shared: tuple[str, ...]
    up: int


def steps(
    store: Store,
    connection: Connection,
    what: str | Document,
    passed: frozenset[str],
    trouble: str,
    limit: int,
    nearest: Callable[[str | int, int, Where], Ranked],
) -> list[Hit]:
    """Return at most *limit* steps after *what*, the best first. Raises `HornbookError` for a key that no document has."""
    # What is known has a vector: only a document from outside is embedded.
    ident, base = (None, what) if isinstance(what, Document) else _document(store, connection, what)
    lessons = Where(kind="lesson")
    similar = {other: score for other, score in nearest(base.card if ident is None else ident, CANDIDATES, lessons) if score >= SIMILAR}
    repairing = _repairing(store, connection, trouble, nearest) if trouble.strip() else []
    known = {*_connected(store, connection, base), *similar, *repairing}
    possible = [step for ident, one in store.documents(connection, sorted(known)).items() if (step := _step(ident, one, base, passed))]
    onward = sorted((step for step in possible if step.builds or step.shared), key=_nearness)
    rankings = [[step.ident for step in onward], [ident for ident in similar if any(step.ident == ident for step in possible)]]
    able = {step.ident: step for step in possible}
    repairs = [ident for ident in repairing if ident in able][:2]
    # What builds on it is worth more than anything that does not.
    worths = {ident: (score + able[ident].builds) / 2 for ident, score in fused(*rankings) if ident not in repairs}
    ordered = sorted(worths.items(), key=lambda entry: (-entry[1], entry[0]))
    best = _diverse(ordered, able, _vectors(store, connection, [ident for ident, _ in ordered]), base, limit - len(repairs))
    chosen = [(ident, 1.0) for ident in repairs] + best
    error = error_in(trouble)
    return [
        Hit.of(
            able[ident].document,
            score,
            _reasons(able[ident], base, similar=ident in similar, repairs=ident in repairs, error=error.name if error else None),
        )
        for ident, score in chosen[:limit]
    ]


def _repairing(store: Store, connection: Connection, trouble: str, nearest: Callable[[str | int, int, Where], Ranked]) -> list[int]:
    """Return the numbers of the lessons that teach what *trouble* is about, the best first."""
    lessons = Where(kind="lesson")
    query = search.understood(store, connection, trouble)
    by_words = store.ranked(connection, sorted(query.stems), lessons, CANDIDATES)
    by_meaning = [ident for ident, score in nearest(query.meaning, CANDIDATES, lessons) if score >= SIMILAR]
    return [ident for ident, _ in fused(by_words, by_meaning)][:CANDIDATES]


def alike(
    store: Store, connection: Connection, key: str, where: Where, limit: int, nearest: Callable[[str | int, int, Where], Ranked]
) -> list[Hit]:
    """Return the *limit* documents that are most like the one with *key*, of other lessons: each skill that they share counts."""
    ident, base = _document(store, connection, key)
    near = {other: score for other, score in nearest(ident, CANDIDATES, where) if score >= SIMILAR}
    mine = {skill.casefold() for skill in base.skills}
    worths: dict[str, tuple[float, Document, str | None]] = {}
    for other, one in store.documents(connection, list(near)).items():
        shared = [skill for skill in one.skills if skill.casefold() in mine]
        worth = near[other] + SHARED * len(shared)
        # Of one lesson that was passed twice, one is enough.
        name = f"{one.course}/{one.slug}" if one.slug else one.key
        if one.slug != base.slug and worth > worths.get(name, (0.0,))[0]:
            worths[name] = worth, one, shared[0] if shared else None
    best = sorted(worths.values(), key=lambda entry: (-entry[0], entry[1].key))[:limit]
    reasons = [say("lab.same-skill", skill=skill) if skill else say("find.similar", lesson=base.title) for _, _, skill in best]
    return [Hit.of(one, min(worth, 1.0), [reason]) for (worth, one, _), reason in zip(best, reasons, strict=True)]


def _document(store: Store, connection: Connection, key: str) -> tuple[int, Document]:
    from sqlalchemy import select  # noqa: PLC0415 - slow to import

    table = store.tables["document"]
    ident = connection.execute(select(table.c.id).where(table.c.key == storable(key))).scalar()
    if ident is None:
        raise HornbookError(f"{printable(key)}: is not in the catalog. `hornbook find` shows what there is.")
    return int(ident), store.documents(connection, [ident], passages=True)[ident]


def _connected(store: Store, connection: Connection, base: Document) -> list[int]:
    """Return the numbers of the lessons that require *base*, or teach one of its skills."""
    from sqlalchemy import and_, or_, select  # noqa: PLC0415 - slow to import

    document, name = store.tables["document"], store.tables["name"]
    requires = and_(name.c.role == "requires", name.c.folded == base.slug.casefold(), document.c.course == base.course)
    teaches = and_(name.c.role == "skill", name.c.folded.in_([skill.casefold() for skill in base.skills]))
    chosen = select(document.c.id).join(name, name.c.document == document.c.id).where(document.c.kind == "lesson", or_(requires, teaches))
    return list(connection.execute(chosen.distinct().order_by(document.c.id).limit(1_000)).scalars())


def _step(ident: int, one: Document, base: Document, passed: frozenset[str]) -> _Step | None:
    """Return what *one* does after *base*; None if it is not its turn."""
    done = {slug for slug in passed if not slug.startswith("lesson:")} | {base.slug}
    here = one.course == base.course

    def is_done(slug: str) -> bool:
        return (here and slug in done) or f"lesson:{one.course}/{slug}" in passed

    if is_done(one.slug) or one.key == base.key or not all(map(is_done, one.requires)):
        return None
    up = _height(one) - _height(base)
    if up > 1:
        return None
    mine = {skill.casefold() for skill in base.skills}
    shared = tuple(skill for skill in one.skills if skill.casefold() in mine)
    return _Step(ident, one, here and base.slug in one.requires, shared, up)


def _height(document: Document) -> int:
    return LEVELS.index(document.level) if document.level in LEVELS else 0


def _nearness(step: _Step) -> tuple[bool, bool, int, int, int]:
    """Return what onward steps are ordered by: what builds on it, then what is not below it, shares most, and is the smallest step."""
    return (not step.builds, step.up < 0, -len(step.shared), abs(step.up), step.ident)


def _vectors(store: Store, connection: Connection, idents: Sequence[int]) -> dict[int, NDArray[float32]]:
    import numpy as np  # noqa: PLC0415 - heavy
    from sqlalchemy import select  # noqa: PLC0415 - slow to import

    table = store.tables["vector"]
    rows = connection.execute(select(table.c.document, table.c.data).where(table.c.document.in_(idents)))
    return {ident: np.frombuffer(data, np.float32) for ident, data in rows}


def _diverse(
    ordered: Sequence[tuple[int, float]], able: Mapping[int, _Step], vectors: Mapping[int, NDArray[float32]], base: Document, limit: int
) -> list[tuple[int, float]]:
    """Return the *limit* best of *ordered* that are not all the same, and not all of one other course."""
    left, chosen = dict(ordered), list[tuple[int, float]]()
    while left and len(chosen) < limit:

        def worth(ident: int) -> float:
            likeness = max((_cosine(vectors, ident, other) for other, _ in chosen), default=0.0)
            return DIVERSITY * left[ident] - (1 - DIVERSITY) * likeness

        course_of = [able[ident].document.course for ident, _ in chosen]
        fresh = [
            ident
            for ident in left
            if able[ident].document.course == base.course or course_of.count(able[ident].document.course) < OF_ONE_COURSE
        ]
        best = max(fresh or left, key=lambda ident: (worth(ident), -ident))
        chosen.append((best, left.pop(best)))
    return chosen


def _cosine(vectors: Mapping[int, NDArray[float32]], one: int, other: int) -> float:
    if one not in vectors or other not in vectors or vectors[one].shape != vectors[other].shape:
        return 0.0
    return float(vectors[one] @ vectors[other])


def _reasons(step: _Step, base: Document, *, similar: bool, repairs: bool, error: str | None) -> list[str]:
    found = []
    if repairs:
        found.append(say("find.error", name=error) if error else say("find.repair"))
    if step.builds:
        found.append(say("lab.builds-on", lesson=base.title))
    if step.shared:
        found.append(say("lab.same-skill", skill=step.shared[0]))
    if not found and similar:
        found.append(say("find.similar", lesson=base.title))
    if step.up == 1:
        found.append(say("find.step-up"))
    return found
