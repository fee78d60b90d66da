"""Search: what a query means, two rankings of documents made one, and why each document was found.

Words find what is named, vectors what is meant. A document is worth its cosine, and what its rank by words adds to that: a learner's
question often has no word of the page that answers it, and then a ranking by words must not count as much as one by meaning. Every
reason is data of the document and of the query; no model words it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from hornbook.catalog.passages import Document, Passage, shown
from hornbook.catalog.terms import MAX_QUERY, ErrorMessage, error_in, near, stem, telling, terms, words
from hornbook.words import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hornbook.catalog.index import Ranked
    from hornbook.catalog.store import Store, Where

DEPTH: Final = 100
"""How many documents each ranking gives."""
FUSION: Final = 20.0
"""The constant of reciprocal rank fusion (Cormack, Clarke, Büttcher 2009, doi 10.1145/1571941.1572114), for rankings of equal right."""
NAMED: Final = 0.1
"""What the first document by words gains beside its cosine, and `STEEP` how soon the next ones gain less.

Chosen on half of the queries of `benchmarks/search`; its README has the figures of the other half."""
STEEP: Final = 20.0
RARE: Final = 3
"""A word that so few documents have is asked for on purpose, and counts four times as much."""
MOST_WORDS: Final = 16
"""How many terms are looked up, the rarest: what many documents have tells little, and costs much."""
EVERYWHERE: Final = 0.4
"""What part of all documents has a term that says nothing, where there are more than `FEW`."""
FEW: Final = 50
ALIKE: Final = 0.2
"""From which cosine on two texts have anything to do with each other (all-MiniLM-L6-v2)."""
SHORT: Final = 4
"""From how many letters on a word may be misspelt: shorter ones are one slip away from too many."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One document that was found, as plain data.

    `score` is from 0 to 1 and orders the hits of one answer, no more. `reasons` are sentences; `passage` is the part to read, in the cell
    `cell` (from 1; 0 is its summary); `matched` are its words that were asked for. `place` is where it lies.
    """

    key: str
    kind: str
    title: str
    score: float
    reasons: tuple[str, ...]
    passage: str
    cell: int
    matched: tuple[str, ...]
    skills: tuple[str, ...]
    level: str
    minutes: int | None
    course: str
    slug: str
    authors: tuple[str, ...]
    assurance: str
    created: datetime | None
    place: str

    @classmethod
    def of(
        cls, document: Document, score: float, reasons: Sequence[str], *, passage: str = "", cell: int = 0, matched: Sequence[str] = ()
    ) -> Hit:
        """Return the hit on *document*."""
        taken = ("key", "kind", "title", "skills", "level", "minutes", "course", "slug", "authors", "assurance", "created", "place")
        values: dict[str, Any] = {name: getattr(document, name) for name in taken}
        passage = passage or document.summary
        return cls(**values, score=round(score, 4), reasons=tuple(reasons), passage=passage, cell=cell, matched=tuple(matched))

    def plain(self) -> dict[str, Any]:
        """Return it as data for JSON."""
        return asdict(self) | {"created": None if self.created is None else self.created.isoformat()}


@dataclass(frozen=True, slots=True)
class Query:
    """What a text asks for: `stems` to look up with what each is worth, the text whose `meaning` is looked for, and what was misspelt.

    `topics` are the stems that its `error` stands for.
    """

    stems: Mapping[str, float]
    meaning: str
    meant: Mapping[str, str] = field(default_factory=dict)
    error: ErrorMessage | None = None
    topics: frozenset[str] = frozenset()


def understood(store: Store, connection: Connection, text: str) -> Query:
    """Return what *text* asks for: a question, some words, an error message or a whole traceback, with slips of the pen."""
    error = error_in(text)
    meaning = text[-MAX_QUERY:]
    wanted = telling(meaning)
    if error is not None:
        # As a whole: its parts, such as "error", stand in every lesson.
        wanted = list(dict.fromkeys([error.name.casefold(), *telling(f"{error.message} {error.topics}")]))
        meaning = f"{error.topics}. {error.name} {error.message}"
    known = store.frequencies(connection, wanted)
    meant: dict[str, str] = {}
    for term in wanted:
        if term not in known and len(term) >= SHORT and error is None:
            better = near(term, store.neighbours(connection, term))
            if better is not None:
                meant[term] = better
    if meant:
        known |= store.frequencies(connection, meant.values())
        meaning = " ".join(meant.get(stem(word), word) for word in words(meaning))
    total = store.count(connection)
    stems = {term: math.log(1 + total / known[term]) for term in (meant.get(one, one) for one in wanted) if term in known}
    if total > FEW:
        telling_ones = {term: worth for term, worth in stems.items() if known[term] <= EVERYWHERE * total}
        stems = telling_ones or stems
    rarest = dict(sorted(stems.items(), key=lambda entry: -entry[1])[:MOST_WORDS])
    topics = frozenset(telling(error.topics)) if error is not None else frozenset()
    return Query(rarest, meaning, meant, error, topics)


def fused(*rankings: Sequence[int]) -> list[tuple[int, float]]:
    """Return the documents of *rankings*, the best first, with scores from 0 to 1: the first of every ranking has 1."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, ident in enumerate(ranking, 1):
            scores[ident] = scores.get(ident, 0.0) + 1.0 / (FUSION + rank)
    most = len(rankings) / (FUSION + 1)
    return [(ident, score / most) for ident, score in sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))]


def blended(lexical: Sequence[int], similar: Mapping[int, float]) -> list[tuple[int, float]]:
    """Return the documents of both rankings, the best first, with scores from 0 to 1: by cosine, and their rank by words.

    What is not among the *similar* ones is as near as the last of them.
    """
    floor = min(similar.values(), default=0.0)
    scores = {ident: similar.get(ident, floor) for ident in (*similar, *lexical)}
    named = NAMED * 4 if len(lexical) <= RARE else NAMED
    for rank, ident in enumerate(lexical, 1):
        scores[ident] += named * STEEP / (STEEP + rank)
    most = 1 + named
    return [(ident, max(score, 0.0) / most) for ident, score in sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))]


def found(
    store: Store, connection: Connection, query: Query, where: Where, limit: int, nearest: Callable[[str | int, int, Where], Ranked]
) -> list[Hit]:
    """Return the *limit* best documents for *query* for which *where* holds; *nearest* finds them by meaning."""
    lexical = store.ranked(connection, sorted(query.stems), where, DEPTH)
    similar = dict(nearest(_spelt(store, connection, query, lexical), DEPTH, where))
    named = set(lexical)
    ranked = blended(lexical, similar)
    best = [(ident, score) for ident, score in ranked if ident in named or similar[ident] >= ALIKE][:limit]
    idents = [ident for ident, _ in best]
    documents = store.documents(connection, idents)
    passages = store.passages(connection, idents)
    return [
        explained(query, documents[ident], passages.get(ident, []), score, alike=similar.get(ident, 0.0) >= ALIKE) for ident, score in best
    ]


def _spelt(store: Store, connection: Connection, query: Query, lexical: Sequence[int]) -> str:
    """Return what *query* means, with what was misspelt as the first documents by words write it: a model reads words, no stems."""
    if not query.meant:
        return query.meaning
    first = list(lexical[:5])
    documents, passages = store.documents(connection, first), store.passages(connection, first)
    texts = [text for ident in first for text in (documents[ident].title, *(one.text for one, _ in passages.get(ident, [])))]
    written = as_written(query.meant.values(), texts)
    return " ".join(written.get(word, word) for word in query.meaning.split())


def explained(query: Query, document: Document, passages: Sequence[tuple[Passage, frozenset[str]]], score: float, *, alike: bool) -> Hit:
    """Return the hit on *document*: where it says what was asked for, and why it was found."""
    wanted = set(query.stems)
    taught = [skill for skill in document.skills if wanted.intersection(terms(skill))]
    told = wanted.intersection(terms(f"{document.title} {document.summary}"))
    passage, best = None, 0.0
    for one, stems in passages:
        told |= wanted & stems
        worth = sum(query.stems[term] for term in wanted & stems)
        # Of two that say the same the cell is better than the summary: a reader can go there.
        if worth > best or (worth == best > 0 and passage is not None and passage.cell == 0):
            passage, best = one, worth
    texts = [*(one.text for one, stems in passages if stems & told), document.title, document.summary, *document.skills]
    texts = [*([passage.text] if passage else []), *texts]
    surface = as_written(told, texts)
    ordered = [surface[term] for term in sorted(told, key=lambda term: -query.stems[term]) if term in surface]
    reasons = []
    if query.error is not None and told & query.topics:
        reasons.append(say("find.error", name=query.error.name))
    if taught:
        reasons.append(say("find.skill", skill=taught[0]))
    if ordered:
        reasons.append(say("find.words", words=", ".join(ordered[:5])))
    if alike and (not reasons or not ordered):
        reasons.append(say("find.meaning"))
    text = shown(passage, ordered) if passage is not None else document.summary
    return Hit.of(document, score, reasons, passage=text, cell=passage.cell if passage else 0, matched=ordered)


def teaches(hit: Hit, error: ErrorMessage) -> bool:
    """Whether *hit* is about what *error* tells: its title or a skill is, or it names the exception."""
    about = {stem for text in (hit.title, *hit.skills) for stem in terms(text)}
    return error.name.casefold() in hit.matched or not about.isdisjoint(telling(error.topics))


def as_written(stems: Iterable[str], texts: Iterable[str]) -> dict[str, str]:
    """Return for each of *stems* the word of *texts* that it stands for there."""
    left, written = set(stems), {}
    for text in texts:
        for word in words(text) if left else ():
            if stem(word) in left:
                left.discard(stem(word))
                written[stem(word)] = word
    # Of an exception's name only the whole is a term of its own.
    return {**{term: term for term in left}, **written}


def listed(store: Store, connection: Connection, where: Where, limit: int) -> list[Hit]:
    """Return the first *limit* documents for which *where* holds, by number: what is there when nothing particular is asked for."""
    idents = [int(ident) for ident in store.idents(connection, where)[:limit]]
    documents = store.documents(connection, idents)
    return [Hit.of(documents[ident], 0.0, ()) for ident in idents]
